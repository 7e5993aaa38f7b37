//! The sockets of a node: how it listens, dies at once, and falls silent without dying.
//! Always: a killed node has closed its listener and reset its connections.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::ServerTlsConfig;
use tonic::transport::{Error, Server};

use super::cluster::Node;
use super::proto::gossip::gossip_server::GossipServer;
use super::proto::server_features::server_features_server::ServerFeaturesServer;
use super::proto::streams::streams_server::StreamsServer;

/// Kestrel's default, which the server keeps: further calls on a connection wait for their turn.
const CALLS_PER_CONNECTION_MAX: u32 = 100;

/// The server's largest message on streams, about; tonic's own limit would be lower.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a pump carries at once, and what may lie between socket and server.
const PUMP_BYTES: usize = 64 * 1024;

/// A second in all: a port just left is free at once, or is somebody else's.
const BIND_TRIES_MAX: usize = 50;
const BIND_WAIT: Duration = Duration::from_millis(20);

/// A node that listens.
#[derive(Debug)]
pub(crate) struct Listening {
    stop: Option<oneshot::Sender<()>>,
    accepting: JoinHandle<()>,
    frozen: watch::Sender<bool>,
}

impl Listening {
    pub(crate) fn start(listener: TcpListener, node: Node, tls: Option<&ServerTlsConfig>) -> Self {
        let (incoming, connections) = mpsc::channel(16);
        let mut server = server(tls).expect("the certificate and key of the test are good");
        let routes = server
            .add_service(GossipServer::new(node.clone()))
            .add_service(ServerFeaturesServer::new(node.clone()))
            .add_service(StreamsServer::new(node).max_decoding_message_size(MESSAGE_BYTES_MAX));
        // Ends by itself once the accepting task is gone, which holds the other end.
        tokio::spawn(routes.serve_with_incoming(ReceiverStream::new(connections)));
        let (stop, stopped) = oneshot::channel();
        let frozen = watch::Sender::new(false);
        let accepting = tokio::spawn(accept(listener, incoming, frozen.subscribe(), stopped));
        Self { stop: Some(stop), accepting, frozen }
    }

    pub(crate) fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }

    /// Returns when the listener and all connections are closed.
    pub(crate) async fn kill(mut self) {
        if let Some(stop) = self.stop.take() {
            // The task can only have ended before us by a panic, and then it is as dead.
            _ = stop.send(());
        }
        _ = (&mut self.accepting).await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn server(tls: Option<&ServerTlsConfig>) -> Result<Server, Error> {
    let server = Server::builder().max_concurrent_streams(CALLS_PER_CONNECTION_MAX);
    match tls {
        Some(tls) => server.tls_config(tls.clone()),
        None => Ok(server),
    }
}

/// Binds to an address that a node may just have left.
pub(crate) async fn bind(address: SocketAddr) -> TcpListener {
    for _ in 0..BIND_TRIES_MAX {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(BIND_WAIT).await,
        }
    }
    TcpListener::bind(address).await.expect("the port of a stand-in is free")
}

async fn accept(
    listener: TcpListener,
    incoming: mpsc::Sender<io::Result<DuplexStream>>,
    frozen: watch::Receiver<bool>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut pumps = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = pumps.join_next() => {}
            accepted = listener.accept() => {
                let Ok((socket, _)) = accepted else { continue };
                let (near, far) = tokio::io::duplex(PUMP_BYTES);
                if incoming.send(Ok(far)).await.is_err() {
                    break;
                }
                pumps.spawn(pump(socket, near, frozen.clone()));
            }
        }
    }
    drop(listener);
    pumps.shutdown().await;
}

/// Carries bytes both ways until either side ends, or the task is aborted.
async fn pump(socket: TcpStream, near: DuplexStream, frozen: watch::Receiver<bool>) {
    // Without linger a dropped socket is reset, as that of a process that died.
    let prepared = socket.set_zero_linger();
    if prepared.and(socket.set_nodelay(true)).is_err() {
        return;
    }
    let (from_client, to_client) = socket.into_split();
    let (from_server, to_server) = tokio::io::split(near);
    // A broken connection is what this ends with; there is nobody to tell.
    tokio::select! {
        _ = carry(from_client, to_server, frozen.clone(), acknowledge) => {}
        _ = carry(from_server, to_client, frozen, |_| {}) => {}
    }
}

/// Acknowledges at once. The client leaves Nagle's algorithm on and sends an append in pieces, so
/// that each append would wait 40 ms for a delayed acknowledgement, as with the real server.
fn acknowledge(socket: &OwnedReadHalf) {
    #[cfg(target_os = "linux")]
    // Only a matter of speed.
    let _ = rustix::net::sockopt::set_tcp_quickack(socket.as_ref(), true);
}

async fn carry<From: AsyncRead + Unpin>(
    mut from: From,
    mut to: impl AsyncWrite + Unpin,
    mut frozen: watch::Receiver<bool>,
    before_each: impl Fn(&From),
) -> io::Result<()> {
    let mut bytes = vec![0; PUMP_BYTES];
    loop {
        before_each(&from);
        let count = from.read(&mut bytes).await?;
        if frozen.wait_for(|frozen| !frozen).await.is_err() || count == 0 {
            return Ok(());
        }
        to.write_all(&bytes[..count]).await?;
    }
}

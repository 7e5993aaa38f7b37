//! The sockets of a node: how it listens, is killed, and freezes without ending its connections.
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

/// Kestrel's default, which the server keeps. Further calls on a connection wait.
const CALLS_PER_CONNECTION_MAX: u32 = 100;

/// About the server's largest message on streams; tonic's own default is lower.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How many bytes are copied at once, and how many may wait between the socket and the server.
const PUMP_BYTES: usize = 64 * 1024;

/// Binding is tried for one second in all: a port that was just left is free soon, or another
/// process has it.
const BIND_TRIES_MAX: usize = 50;
const BIND_WAIT: Duration = Duration::from_millis(20);

/// Whether a node answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answering {
    Running,
    /// Takes connections and bytes, and answers nothing.
    Frozen,
}

/// A node that listens.
#[derive(Debug)]
pub(crate) struct Listening {
    stop: Option<oneshot::Sender<()>>,
    accepting: JoinHandle<()>,
    answering: watch::Sender<Answering>,
}

impl Listening {
    pub(crate) fn start(listener: TcpListener, node: Node, tls: Option<&ServerTlsConfig>) -> Self {
        let (incoming, connections) = mpsc::channel(16);
        let mut server = server(tls).expect("the certificate and key of the test are good");
        let routes = server
            .add_service(GossipServer::new(node.clone()))
            .add_service(ServerFeaturesServer::new(node.clone()))
            .add_service(StreamsServer::new(node).max_decoding_message_size(MESSAGE_BYTES_MAX));
        // The server ends by itself once the accepting task, which holds the other end, is gone.
        tokio::spawn(routes.serve_with_incoming(ReceiverStream::new(connections)));
        let (stop, stopped) = oneshot::channel();
        let answering = watch::Sender::new(Answering::Running);
        let accepting = tokio::spawn(accept(listener, incoming, answering.subscribe(), stopped));
        Self { stop: Some(stop), accepting, answering }
    }

    pub(crate) fn set_answering(&self, answering: Answering) {
        self.answering.send_replace(answering);
    }

    /// Returns when the listener and all connections are closed.
    pub(crate) async fn kill(mut self) {
        if let Some(stop) = self.stop.take() {
            // A send fails only where the task has panicked, and is gone as well.
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
    // The server answers HTTP/1.1 as well. The stand-in has no page, but each answer has a date.
    let server = server.accept_http1(true);
    match tls {
        Some(tls) => server.tls_config(tls.clone()),
        None => Ok(server),
    }
}

/// Binds to an address, which a node may have left a moment ago.
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
    answering: watch::Receiver<Answering>,
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
                pumps.spawn(pump(socket, near, answering.clone()));
            }
        }
    }
    drop(listener);
    pumps.shutdown().await;
}

/// Copies bytes in both directions until either side ends, or the task is aborted.
async fn pump(socket: TcpStream, near: DuplexStream, answering: watch::Receiver<Answering>) {
    // Without linger a dropped socket is reset, like the socket of a process that was killed.
    let prepared = socket.set_zero_linger();
    if prepared.and(socket.set_nodelay(true)).is_err() {
        return;
    }
    let (from_client, to_client) = socket.into_split();
    let (from_server, to_server) = tokio::io::split(near);
    // An error here means that the connection broke, which is the normal end.
    tokio::select! {
        _ = copy_bytes(from_client, to_server, answering.clone(), delay_acknowledgements) => {}
        _ = copy_bytes(from_server, to_client, answering, |_| {}) => {}
    }
}

/// Delays acknowledgements, as the kernel of a real server does (Linux: 40 ms). The client leaves
/// Nagle's algorithm on, so the second frame of a call waits for the acknowledgement of the first.
/// A new connection acknowledges at once, and the kernel returns to that by itself: this is
/// therefore asked for before each read.
fn delay_acknowledgements(socket: &OwnedReadHalf) {
    #[cfg(target_os = "linux")]
    // A failure only makes the stand-in faster than a server.
    let _ = rustix::net::sockopt::set_tcp_quickack(socket.as_ref(), false);
}

async fn copy_bytes<From: AsyncRead + Unpin>(
    mut from: From,
    mut to: impl AsyncWrite + Unpin,
    mut answering: watch::Receiver<Answering>,
    before_each: impl Fn(&From),
) -> io::Result<()> {
    let mut bytes = vec![0; PUMP_BYTES];
    loop {
        before_each(&from);
        let count = from.read(&mut bytes).await?;
        let is_running = |answering: &Answering| *answering == Answering::Running;
        let is_stopped = answering.wait_for(is_running).await.is_err();
        if is_stopped || count == 0 {
            return Ok(());
        }
        to.write_all(&bytes[..count]).await?;
    }
}

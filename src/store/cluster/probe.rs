//! A probe of the cluster's nodes: connect, do the TLS handshake, read the first frame of HTTP/2.
//! Always: no call is made, no credentials are sent and nothing is written. A probe of all nodes
//! ends within four seconds, so that a start says within five what it waits for.
//!
//! ```text
//! name ─> connection ─> handshake (unless tls=false) ─> preface of HTTP/2 ─> frame SETTINGS: well
//!                                   └── closed, or something else: look once more, the other way
//!                                       (in clear, or by TLS), to tell which of the two is meant
//! ```

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::address::ClusterAddress;
use super::call_error::{CallError, CallFailure};
use super::node_fault::NodeFault;
use super::tls::{any_certificate, client_config, handshake_fault};

/// The first look at a node, from its name to its first frame, takes at most this long.
const FIRST_LOOK_WITHIN: Duration = Duration::from_millis(2_500);

/// The second look takes at most this long.
const SECOND_LOOK_WITHIN: Duration = Duration::from_secs(1);

/// The preface of a client and an empty frame SETTINGS (RFC 9113, 3.4 and 6.5).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The length of a frame's head, and the place and value of its type SETTINGS (RFC 9113, 4.1).
const FRAME_HEAD_BYTES: usize = 9;
const FRAME_TYPE: usize = 3;
const SETTINGS: u8 = 4;

/// The first byte of an alert of TLS (RFC 8446, 5.1).
const TLS_ALERT: u8 = 21;

/// A node of the address, and how the probe of it came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbedNode {
    /// The host, as the address has it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How far the probe came.
    pub outcome: Result<(), NodeFault>,
}

impl fmt::Display for ProbedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Probes all nodes of an address at once.
pub async fn probe(address: &ClusterAddress) -> Vec<ProbedNode> {
    let nodes = address.nodes().map(async |(host, port)| {
        let outcome = probe_node(address, host, port).await;
        ProbedNode { host: host.to_owned(), port, outcome }
    });
    join_all(nodes).await
}

/// Fails where no node of the address can be talked to. The error is final where waiting mends none
/// of the faults.
///
/// # Errors
/// No node can be talked to.
pub async fn check_reachable(address: &ClusterAddress) -> Result<(), CallError> {
    let nodes = probe(address).await;
    if nodes.iter().any(|node| node.outcome.is_ok()) {
        return Ok(());
    }
    let faults: Vec<NodeFault> = nodes.iter().filter_map(|node| node.outcome.err()).collect();
    // A final fault tells more than that another node is away.
    let telling = faults.iter().find(|fault| fault.is_final()).or(faults.first());
    match telling {
        None => Ok(()),
        Some(fault) if faults.iter().all(|fault| fault.is_final()) => {
            Err(CallError::Final(CallFailure::Node(*fault)))
        }
        Some(fault) => Err(CallError::NotDone(CallFailure::Node(*fault))),
    }
}

/// The reason of a failed call, told more exactly where a probe finds why no connection was made.
pub async fn explain(address: &ClusterAddress, reason: CallFailure) -> CallFailure {
    if reason != CallFailure::Connection {
        return reason;
    }
    let fault = probe(address).await.into_iter().find_map(|node| node.outcome.err());
    fault.map_or(reason, CallFailure::Node)
}

/// Probes one node.
pub async fn probe_node(address: &ClusterAddress, host: &str, port: u16) -> Result<(), NodeFault> {
    // The client crate reads the authorities even for a connection in clear.
    let config = client_config(&address.settings)?;
    let config = (!address.is_in_clear()).then(|| Arc::new(config));
    let first_look = look(host, port, config.as_ref());
    let seen = timeout(FIRST_LOOK_WITHIN, first_look).await.unwrap_or(Seen::Silence);
    let fault = match seen {
        Seen::Http2 => return Ok(()),
        Seen::Fault(fault) => return Err(fault),
        Seen::Silence => NodeFault::NoAnswer,
        Seen::Closed => NodeFault::ConnectionClosed,
        Seen::Other => NodeFault::OtherService,
    };
    let is_secure = config.is_some();
    let other_way = if is_secure { None } else { Some(Arc::new(any_certificate())) };
    let second_look = look(host, port, other_way.as_ref());
    let second = timeout(SECOND_LOOK_WITHIN, second_look).await.unwrap_or(Seen::Silence);
    let speaks_tls = matches!(second, Seen::Http2 | Seen::Other)
        || matches!(second, Seen::Fault(fault) if fault.is_final() && fault != NodeFault::NoTls);
    match (is_secure, second) {
        (true, Seen::Http2 | Seen::Other) => Err(NodeFault::NoTls),
        (false, _) if speaks_tls => Err(NodeFault::TlsExpected),
        _ => Err(fault),
    }
}

/// The sign that a look at a node has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// A frame of HTTP/2.
    Http2,
    /// A fault that needs no second look.
    Fault(NodeFault),
    /// Nothing in time.
    Silence,
    /// The end of the connection.
    Closed,
    /// Bytes of another protocol.
    Other,
}

/// Looks at a node once: by TLS where a configuration is given, or else in clear.
async fn look(host: &str, port: u16, config: Option<&Arc<ClientConfig>>) -> Seen {
    let socket = match connect(host, port).await {
        Ok(socket) => socket,
        Err(fault) => return Seen::Fault(fault),
    };
    let Some(config) = config else { return greet(socket).await };
    let bare = host.trim_matches(['[', ']']).to_owned();
    let Ok(name) = ServerName::try_from(bare) else {
        return Seen::Fault(NodeFault::NameNotInCertificate);
    };
    match TlsConnector::from(config.clone()).connect(name, socket).await {
        Ok(stream) => greet(stream).await,
        Err(error) => seen_in(&error),
    }
}

/// Connects to the first address of a name that takes a connection, as the client crate does.
pub async fn connect(host: &str, port: u16) -> Result<TcpStream, NodeFault> {
    let bare = host.trim_matches(['[', ']']);
    // A search that lasts longer than the look ends with it, as no answer.
    let found = lookup_host((bare, port)).await.map_err(|_| NodeFault::NameNotFound)?;
    let mut fault = NodeFault::NameNotFound;
    for address in found {
        match TcpStream::connect(address).await {
            Ok(socket) => return Ok(socket),
            Err(error) => fault = connection_fault(error.kind()),
        }
    }
    Err(fault)
}

fn connection_fault(kind: ErrorKind) -> NodeFault {
    match kind {
        ErrorKind::ConnectionRefused => NodeFault::NobodyListens,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => NodeFault::NoRoute,
        ErrorKind::AddrNotAvailable | ErrorKind::PermissionDenied => NodeFault::NoRoute,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => NodeFault::ConnectionClosed,
        _ => NodeFault::NoAnswer,
    }
}

/// Greets a server, and reads how its answer begins. A server of TLS 1.3 refuses the certificate of
/// a client only now.
async fn greet(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Seen {
    let mut answer = [0; FRAME_HEAD_BYTES];
    if let Err(error) = stream.write_all(PREFACE).await {
        return seen_in(&error);
    }
    // A stream of TLS keeps what is written until it is flushed.
    if let Err(error) = stream.flush().await {
        return seen_in(&error);
    }
    let mut count = 0;
    while count < FRAME_HEAD_BYTES {
        match stream.read(&mut answer[count..]).await {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if count == 0 => return seen_in(&error),
            Err(_) => break,
        }
    }
    match answer {
        _ if count == 0 => Seen::Closed,
        [TLS_ALERT, 3, ..] => Seen::Fault(NodeFault::TlsExpected),
        _ if count == FRAME_HEAD_BYTES && answer[FRAME_TYPE] == SETTINGS => Seen::Http2,
        _ => Seen::Other,
    }
}

fn seen_in(error: &io::Error) -> Seen {
    handshake_fault(error).map_or(Seen::Closed, Seen::Fault)
}

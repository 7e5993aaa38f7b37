//! A stand-in for an EventStoreDB or KurrentDB cluster, for tests only: gRPC servers in this
//! process over one log in memory, with faults that a test asks for.
//!
//! The stand-in is modelled on the protos of the public client crate `eventstore` 4.0.0 and on the
//! public source of the server, KurrentDB 44996ed of 24 July 2026. Only behaviour is taken over.
//!
//! The stand-in serves Streams.Read (one stream and `$all`, in both directions, and subscriptions
//! to `$all`), Streams.Append, Streams.BatchAppend, Gossip.Read and
//! ServerFeatures.GetSupportedMethods. All other calls are UNIMPLEMENTED. It follows the server's
//! rules for expected revisions and repeated ids, its statuses and trailers, and its order of
//! messages.
//!
//! The stand-in does not model replication (the nodes share the log), real elections (a test
//! elects), access lists, scavenging, soft deletes, link events, projections, or persistence.
//!
//! The server is surprising in some places, and the stand-in does the same (`session` lists those
//! of BatchAppend). A subscription from a position past the end is accepted, and skips events that
//! are then written before that position. A read forwards from past the end is empty. Without a
//! leader every call gets "Server Is Not Ready". A connection carries at most 100 calls at a time,
//! subscriptions and sessions included; further calls wait.
//!
//! The stand-in is stricter in two places. A subscription that requires a leader ends at once on
//! another node, and it ends at an election, where the server lets a live subscription go on.

// Each test binary uses a part of the stand-in. tonic's own traits return a large status.
#![allow(dead_code, clippy::result_large_err)]

mod append;
mod cluster;
mod faults;
mod log;
#[path = "../generated/eventstore/mod.rs"]
pub mod proto;
mod read;
mod services;
mod session;
mod session_request;
mod session_status;
mod session_writer;
mod status;
mod subscribe;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tonic::transport::{Identity, ServerTlsConfig};
use uuid::Uuid;

use self::cluster::{Cluster, Node};
pub use self::faults::{Call, Fault};
use self::log::{Expected, Proposed, Record};
use self::wire::{Answering, Listening};

/// The server version that the nodes report, unless a test sets another.
pub const VERSION: &str = "24.10.0";

/// The server's limit for one append: 1 MiB, the default of most versions.
pub const APPEND_BYTES_MAX: usize = 1024 * 1024;

/// An event of the log, for a test to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The stream's name.
    pub stream: String,
    /// The event's place in its stream.
    pub revision: u64,
    /// The event's type.
    pub event_type: String,
    /// The event's id.
    pub id: Uuid,
    /// The event's content.
    pub data: Bytes,
    /// The event's own metadata.
    pub metadata: Bytes,
    /// The event's commit position, which equals its prepare position.
    pub position: u64,
}

impl Logged {
    fn new(record: &Record) -> Self {
        Self {
            stream: record.stream.to_string(),
            revision: record.revision,
            event_type: record.event.event_type.clone(),
            id: record.event.id,
            data: record.event.data.clone(),
            metadata: record.event.metadata.clone(),
            position: record.position,
        }
    }
}

/// The cluster. Clones are handles of the same cluster, which stops when the last is dropped.
#[derive(Clone, Debug)]
pub struct Standin {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    cluster: Arc<Cluster>,
    nodes: Mutex<Vec<Option<Listening>>>,
    tls: Option<ServerTlsConfig>,
    /// `user:password@`, or empty.
    login: String,
}

/// What an election does to live subscriptions that require a leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LiveSubscriptions {
    End,
    GoOn,
}

impl Standin {
    /// Starts this many nodes on free ports of 127.0.0.1; node 0 leads.
    pub async fn start(nodes: usize) -> Self {
        Self::start_at(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); nodes]).await
    }

    /// Starts a node at each of these addresses; node 0 leads. Port 0 is any free port.
    ///
    /// # Panics
    /// When an address is taken.
    pub async fn start_at(addresses: Vec<SocketAddr>) -> Self {
        Self::launch(addresses, None, None).await
    }

    /// Starts nodes that speak TLS and require these credentials on each call on streams.
    ///
    /// # Panics
    /// When the certificate or key is invalid.
    pub async fn start_tls(
        nodes: usize,
        cert_pem: &str,
        key_pem: &str,
        user: &str,
        password: &str,
    ) -> Self {
        choose_crypto_provider().await;
        let addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); nodes];
        let tls = ServerTlsConfig::new().identity(Identity::from_pem(cert_pem, key_pem));
        Self::launch(addresses, Some(tls), Some((user, password))).await
    }

    async fn launch(
        wanted: Vec<SocketAddr>,
        tls: Option<ServerTlsConfig>,
        login: Option<(&str, &str)>,
    ) -> Self {
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        for address in wanted {
            let listener = wire::bind(address).await;
            addresses.push(listener.local_addr().expect("a bound listener has an address"));
            listeners.push(listener);
        }
        let authorization = login
            .map(|(user, password)| format!("Basic {}", base64(&format!("{user}:{password}"))));
        let cluster = Arc::new(Cluster::new(addresses, authorization));
        let nodes = listeners.into_iter().enumerate().map(|(index, listener)| {
            let node = Node { index, cluster: Arc::clone(&cluster) };
            Some(Listening::start(listener, node, tls.as_ref()))
        });
        let nodes = Mutex::new(nodes.collect());
        let login = login.map_or(String::new(), |(user, password)| format!("{user}:{password}@"));
        Self { inner: Arc::new(Inner { cluster, nodes, tls, login }) }
    }

    /// Stops all nodes. Their log stays, and `revive` starts a node again.
    pub async fn stop_all(&self) {
        for node in 0..self.inner.cluster.addresses.len() {
            self.kill(node).await;
        }
    }

    /// Where a node listens, or listened before it was killed.
    pub fn address(&self, node: usize) -> SocketAddr {
        self.inner.cluster.addresses[node]
    }

    /// The connection string for the client. With TLS it contains the credentials, and the test
    /// adds `&tlsCaFile=…` or `&tlsVerifyCert=false`.
    pub fn connection_string(&self) -> String {
        let Inner { cluster, tls, login, .. } = &*self.inner;
        let hosts: Vec<_> = cluster.addresses.iter().map(ToString::to_string).collect();
        format!("esdb://{login}{}?tls={}", hosts.join(","), tls.is_some())
    }

    /// Makes a node the leader. Subscriptions on another node that require a leader end.
    pub fn elect(&self, node: usize) {
        self.lead(Some(node), LiveSubscriptions::End);
    }

    /// Makes a node the leader and keeps live subscriptions open, as the server does when the old
    /// leader goes on as a follower.
    pub fn elect_quietly(&self, node: usize) {
        self.lead(Some(node), LiveSubscriptions::GoOn);
    }

    /// Leaves the cluster without a leader: nothing is written, and calls that require a leader
    /// get "Server Is Not Ready".
    pub fn elect_none(&self) {
        self.lead(None, LiveSubscriptions::End);
    }

    fn lead(&self, leader: Option<usize>, subscriptions: LiveSubscriptions) {
        self.inner.cluster.leadership.send_modify(|leadership| {
            leadership.leader = leader;
            leadership.evictions += u64::from(subscriptions == LiveSubscriptions::End);
        });
    }

    /// Closes a node's listener and resets its connections. A leader stays the leader until the
    /// test elects another node.
    pub async fn kill(&self, node: usize) {
        let listening = self.nodes()[node].take();
        self.inner.cluster.alive()[node] = false;
        if let Some(listening) = listening {
            listening.kill().await;
        }
    }

    /// Starts a killed node again, at its old address.
    pub async fn revive(&self, node: usize) {
        let Inner { cluster, tls, .. } = &*self.inner;
        let listener = wire::bind(self.address(node)).await;
        let listening = Listening::start(
            listener,
            Node { index: node, cluster: Arc::clone(cluster) },
            tls.as_ref(),
        );
        self.nodes()[node] = Some(listening);
        cluster.alive()[node] = true;
    }

    /// Freezes a node: it takes connections and bytes, and answers nothing.
    pub fn freeze(&self, node: usize) {
        if let Some(listening) = &self.nodes()[node] {
            listening.set_answering(Answering::Frozen);
        }
    }

    /// Thaws a frozen node, which then handles what arrived meanwhile.
    pub fn thaw(&self, node: usize) {
        if let Some(listening) = &self.nodes()[node] {
            listening.set_answering(Answering::Running);
        }
    }

    fn nodes(&self) -> std::sync::MutexGuard<'_, Vec<Option<Listening>>> {
        self.inner.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next `times` calls of this kind, on any node, meet the fault. Faults queue.
    pub fn fault(&self, fault: Fault, call: Call, times: usize) {
        self.inner.cluster.faults().add(fault, call, times);
    }

    /// Removes the faults that no call has met yet.
    pub fn clear_faults(&self) {
        self.inner.cluster.faults().clear();
    }

    /// Sets the limit for one append.
    pub fn set_append_bytes_max(&self, bytes: usize) {
        self.inner.cluster.append_bytes_max.store(bytes, Ordering::SeqCst);
    }

    /// Sets the server version that the nodes report.
    pub fn set_version(&self, version: &str) {
        *self.inner.cluster.version() = version.to_owned();
    }

    /// The log, first event first.
    pub fn log(&self) -> Vec<Logged> {
        self.inner.cluster.log().forwards(0).map(|record| Logged::new(record)).collect()
    }

    /// How many appends wrote something.
    pub fn appends(&self) -> usize {
        self.inner.cluster.appends.load(Ordering::SeqCst)
    }

    /// How many calls of a kind arrived, answered or not.
    pub fn calls(&self, call: Call) -> usize {
        self.inner.cluster.faults().calls(call)
    }

    /// How many subscriptions are open now.
    pub fn subscribers(&self) -> usize {
        self.inner.cluster.subscribers.load(Ordering::SeqCst)
    }

    /// Writes an event as another client would, without faults and limits; returns its position.
    pub fn write(&self, stream: &str, event_type: &str, data: impl Into<Bytes>) -> u64 {
        self.write_with(stream, event_type, data, Bytes::new())
    }

    /// [`Self::write`] with metadata.
    pub fn write_with(
        &self,
        stream: &str,
        event_type: &str,
        data: impl Into<Bytes>,
        metadata: impl Into<Bytes>,
    ) -> u64 {
        let event = Proposed {
            id: Uuid::new_v4(),
            event_type: event_type.to_owned(),
            content_type: "application/json".to_owned(),
            data: data.into(),
            metadata: metadata.into(),
        };
        self.inner.cluster.write(|log| {
            let position = log.end();
            log.append(stream, Expected::Any, vec![event], append::now_ticks());
            position
        })
    }

    /// Writes this many events that are not the ledger's: the server's own statistics and another
    /// application's events, in turn.
    pub fn write_system(&self, count: usize) {
        let stats = format!("$stats-{}", self.address(0));
        for index in 0..count {
            if index % 2 == 0 {
                self.write(&stats, "$statsCollected", "{\"sys-loadavg-1m\":0.5}");
            } else {
                self.write(&format!("parking-{index}"), "parking.barrierOpened", "{}");
            }
        }
    }

    /// Truncates the log before the event of this index, as a restore from an older backup does.
    /// Open subscriptions do not notice, so a test kills the nodes first.
    pub fn forget_from(&self, index: usize) {
        self.inner.cluster.write(|log| log.forget_from(index));
    }

    /// Removes one event from the log, as a scavenge or a damaged chunk does; returns whether it
    /// was there. The stream keeps its last revision.
    pub fn remove(&self, stream: &str, revision: u64) -> bool {
        self.inner.cluster.write(|log| log.remove(stream, revision))
    }
}

/// Serves one node at this address until the process ends.
pub async fn serve_forever(address: SocketAddr) {
    let _standin = Standin::start_at(vec![address]).await;
    std::future::pending::<()>().await;
}

/// Makes the client crate choose the crypto provider of the process. A TLS server needs a provider,
/// and the client crate panics where another one was chosen before it.
async fn choose_crypto_provider() {
    let settings = "esdb://127.0.0.1:1?tls=false&maxDiscoverAttempts=1&discoveryInterval=1";
    let settings = settings.parse().expect("a connection string that the client knows");
    let client = eventstore::Client::new(settings).expect("a client for no server");
    // The call fails, because nobody listens on that port. By then the provider is chosen.
    _ = client.read_stream("none", &eventstore::ReadStreamOptions::default()).await;
}

/// Base64 (RFC 4648, 4), as the credentials of RFC 7617 need it.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut coded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * index) & 63) as usize];
            coded.push(if index <= chunk.len() { digit.into() } else { '=' });
        }
    }
    coded
}

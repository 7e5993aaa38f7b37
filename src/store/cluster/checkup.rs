//! Questions to a cluster, one after the other, for a person who sets it up or looks for a fault.
//! Always: nothing is written. The appends expect a revision that no stream can have, so the server
//! must refuse them. It looks at the user's rights first, then at the size, and at the revision
//! last (server: Streams.Append, IndexWriter.CheckCommit), so its answer tells which of the three
//! it was.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use eventstore::{Client, Error, EventData, ReadStreamOptions, StreamPosition};

use super::address::ClusterAddress;
use super::call_error::{CallError, CallFailure};
use super::connection::Connection;
use super::event::EVENT_TYPE;
use super::follow_error::FollowError;
use super::identity::{CLAIM_STREAM, LedgerClaim, has_records, read_claim};
use super::node_clock::date_of;
use super::node_fault::NodeFault;
use super::probe::{ProbedNode, probe, probe_node};
use super::subscription::RecordSubscription;
use crate::domain::id::Revision;

/// The stream of the appends that the server must refuse: that of a person who cannot exist. The
/// rights to it are those to every person's stream.
const STREAM: &str = "person-00000000-0000-0000-0000-000000000000";

/// A revision that no stream can have. The highest number of all marks a deleted stream (server:
/// EventNumber), and an append that expects it would be answered otherwise.
const NO_REVISION: Revision = Revision(i64::MAX.cast_unsigned() - 1);

/// No event of an append that is refused holds more bytes: the ledger's own are no larger, and a
/// server may limit each event by itself (KurrentDB, MaxAppendEventSize).
const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// A call that takes longer is given up.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The longest name of a host (RFC 1035, 2.3.4).
const HOST_BYTES_MAX: usize = 255;

/// The leader of a cluster, as a node names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaderSeen {
    /// The node that was asked leads.
    Itself,
    /// Another node of the address leads.
    Node(String),
    /// The leader has a name that the address does not have; whether it can be talked to.
    Elsewhere(String, Result<(), NodeFault>),
}

/// A cluster under examination.
pub struct Checkup {
    address: ClusterAddress,
    /// The connection of the ledger, made when it is first needed.
    connection: Option<Connection>,
}

impl Checkup {
    /// Begins an examination; nothing is asked yet.
    pub fn new(address: ClusterAddress) -> Self {
        Self { address, connection: None }
    }

    /// Whether each node of the address can be talked to.
    pub async fn nodes(&self) -> Vec<ProbedNode> {
        probe(&self.address).await
    }

    /// The version of a node: its first two numbers, which count, and the whole.
    ///
    /// # Errors
    /// The call failed.
    pub async fn version(
        &self,
        node: &ProbedNode,
    ) -> Result<((usize, usize), String), CallFailure> {
        let connection = Connection::new(self.at(node)?).map_err(CallError::reason)?;
        let version = connection.version().await.map_err(CallError::reason)?;
        Ok(((version.major(), version.minor()), version.to_string()))
    }

    /// Which node leads, as a node of the address says.
    ///
    /// # Errors
    /// The call failed, or no node leads.
    pub async fn leader(&self, node: &ProbedNode) -> Result<LeaderSeen, CallFailure> {
        let address = self.at(node)?;
        let options = ReadStreamOptions::default().position(StreamPosition::End).backwards();
        let mut options = options.max_count(1).requires_leader(true).deadline(ANSWER_WITHIN);
        if let Some(login) = &address.credentials {
            options = options.authenticated(login.clone());
        }
        let read = async {
            let client = Client::new(address.settings.clone())?;
            client.read_stream(CLAIM_STREAM, &options).await?.next().await
        };
        match tokio::time::timeout(ANSWER_WITHIN, read).await {
            Err(_) => Err(CallFailure::Deadline),
            // A cluster without a ledger has no such stream.
            Ok(Ok(_) | Err(Error::ResourceNotFound)) => Ok(LeaderSeen::Itself),
            Ok(Err(Error::NotLeaderException(leader))) => {
                let port = u16::try_from(leader.port).unwrap_or_default();
                Ok(self.leader_at(&leader.host, port).await)
            }
            Ok(Err(error)) => Err(CallError::from(&error).reason()),
        }
    }

    async fn leader_at(&self, host: &str, port: u16) -> LeaderSeen {
        let name = format!("{host}:{port}");
        if self.address.nodes().any(|node| node == (host, port)) {
            return LeaderSeen::Node(name);
        }
        // The name is text of the server: only what can be the name of a host is repeated.
        let is_host = |sign: char| sign.is_ascii_alphanumeric() || "-.:[]".contains(sign);
        if host.len() > HOST_BYTES_MAX || !host.chars().all(is_host) {
            return LeaderSeen::Elsewhere("?".to_owned(), Err(NodeFault::NameNotFound));
        }
        LeaderSeen::Elsewhere(name, probe_node(&self.address, host, port).await)
    }

    /// Reads the end of the cluster's log, and follows the log from there, as a replica does.
    ///
    /// # Errors
    /// A call failed.
    pub async fn read(&mut self) -> Result<(), CallFailure> {
        let connection = self.connection()?;
        read_claim(connection).await.map_err(CallError::reason)?;
        let end = connection.last_position().await.map_err(CallError::reason)?;
        let reason = |error| match error {
            FollowError::Call(error) => CallError::reason(error),
            FollowError::Stop(_) => CallFailure::Unsupported,
        };
        let end = end.map(Into::into);
        let subscription = RecordSubscription::open(connection, end, HashSet::new());
        let mut subscription = subscription.await.map_err(reason)?;
        while !subscription.next_within(ANSWER_WITHIN).await.map_err(reason)?.is_caught_up {}
        Ok(())
    }

    /// Whether the user may append this many bytes at once. Nothing is written.
    ///
    /// # Errors
    /// The user may not append, the append is too large, or the call failed.
    pub async fn append(&mut self, bytes: usize) -> Result<(), CallFailure> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while rest > 0 {
            let part = rest.min(EVENT_BYTES_MAX);
            events.push(EventData::binary(EVENT_TYPE, Bytes::from(vec![0; part])));
            rest -= part;
        }
        let connection = self.connection()?;
        match connection.append(STREAM, Some(NO_REVISION), events).await {
            Err(CallError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.reason()),
            Ok(()) => Err(CallFailure::Unsupported),
        }
    }

    /// The instant that a node's clock shows, in whole seconds; `None`: the node does not say.
    pub async fn date(&self, node: &ProbedNode) -> Option<DateTime<Utc>> {
        date_of(&self.address, &node.host, node.port).await
    }

    /// The ledger that the cluster holds; `None`: the cluster has no record.
    ///
    /// # Errors
    /// A call failed, or the cluster has records and does not say of which ledger.
    pub async fn claim(&mut self) -> Result<Option<LedgerClaim>, CallFailure> {
        let connection = self.connection()?;
        let claim = read_claim(connection).await.map_err(CallError::reason)?;
        if claim.is_none() && has_records(connection).await.map_err(CallError::reason)? {
            return Err(CallFailure::Unclaimed);
        }
        Ok(claim)
    }

    /// The address of one node alone.
    fn at(&self, node: &ProbedNode) -> Result<ClusterAddress, CallFailure> {
        self.address.of_node(&node.host, node.port).ok_or(CallFailure::Client)
    }

    fn connection(&mut self) -> Result<&Connection, CallFailure> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => {
                let made = Connection::new(self.address.clone()).map_err(CallError::reason)?;
                Ok(none.insert(made))
            }
        }
    }
}

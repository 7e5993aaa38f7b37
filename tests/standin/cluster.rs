//! The state that the nodes of the stand-in share, and the checks before every call.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::faults::{Call, Fault, Faults, Moment};
use super::log::Log;
use super::status;

/// The leader, by node index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leadership {
    pub(crate) leader: Option<usize>,
    /// How many elections have ended the subscriptions on the leader before.
    pub(crate) evictions: u64,
}

/// The state that all nodes share.
#[derive(Debug)]
pub(crate) struct Cluster {
    log: Mutex<Log>,
    faults: Mutex<Faults>,
    alive: Mutex<Vec<bool>>,
    version: Mutex<String>,
    pub(crate) addresses: Vec<SocketAddr>,
    /// Notifies the subscriptions after each change of the log.
    pub(crate) changed: watch::Sender<()>,
    pub(crate) leadership: watch::Sender<Leadership>,
    pub(crate) append_bytes_max: AtomicUsize,
    pub(crate) appends: AtomicUsize,
    pub(crate) subscribers: AtomicUsize,
    /// The `authorization` header that calls on streams must carry, if any.
    authorization: Option<String>,
}

/// Takes a lock even after a panic: the test that panicked has failed already, and others go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cluster {
    pub(crate) fn new(addresses: Vec<SocketAddr>, authorization: Option<String>) -> Self {
        Self {
            log: Mutex::default(),
            faults: Mutex::default(),
            alive: Mutex::new(vec![true; addresses.len()]),
            version: Mutex::new(super::VERSION.to_owned()),
            addresses,
            changed: watch::Sender::new(()),
            leadership: watch::Sender::new(Leadership { leader: Some(0), evictions: 0 }),
            append_bytes_max: AtomicUsize::new(super::APPEND_BYTES_MAX),
            appends: AtomicUsize::new(0),
            subscribers: AtomicUsize::new(0),
            authorization,
        }
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    /// Changes the log and notifies the subscriptions.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut Log) -> T) -> T {
        let outcome = change(&mut self.log());
        self.changed.send_replace(());
        outcome
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn alive(&self) -> MutexGuard<'_, Vec<bool>> {
        lock(&self.alive)
    }

    pub(crate) fn version(&self) -> MutexGuard<'_, String> {
        lock(&self.version)
    }

    pub(crate) fn append_bytes_max(&self) -> usize {
        self.append_bytes_max.load(Ordering::SeqCst)
    }
}

/// One node, as its services see it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) index: usize,
    pub(crate) cluster: Arc<Cluster>,
}

impl Node {
    /// Counts a call, and fails it here where its fault comes before the work. A fault after the
    /// work is left to an append, because other calls have no work that stays.
    pub(crate) async fn meet(&self, call: Call, stream: &str) -> Result<Option<Fault>, Status> {
        let fault = self.cluster.faults().next(call);
        let Some(met) = fault else { return Ok(None) };
        if let Fault::Late(wait) = met {
            tokio::time::sleep(wait).await;
        }
        match met.moment() {
            Some(Moment::After) if call == Call::Append => Ok(fault),
            Some(_) => Err(met.answer(stream, self.cluster.append_bytes_max()).await),
            None => Ok(fault),
        }
    }

    /// Refuses a call on streams without the credentials.
    pub(crate) fn authenticate(&self, metadata: &MetadataMap) -> Result<(), Status> {
        let Some(wanted) = &self.cluster.authorization else { return Ok(()) };
        let given = metadata.get("authorization").and_then(|value| value.to_str().ok());
        if given == Some(wanted) { Ok(()) } else { Err(status::unauthenticated()) }
    }

    /// Refuses what only a leader answers, as the server's node controller does.
    pub(crate) fn lead(&self, needs: Needs) -> Result<(), Status> {
        let leader = self.cluster.leadership.borrow().leader;
        match (needs, leader) {
            (Needs::Nothing, _) | (Needs::SomeLeader, Some(_)) => Ok(()),
            (_, None) => Err(status::not_ready()),
            (Needs::ThisLeader, Some(leader)) if leader == self.index => Ok(()),
            (Needs::ThisLeader, Some(leader)) => {
                Err(status::not_leader(self.cluster.addresses[leader]))
            }
        }
    }
}

/// Which leadership a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// A read that any node may answer.
    Nothing,
    /// A write that a follower may forward.
    SomeLeader,
    /// A call that carries `requires-leader`.
    ThisLeader,
}

/// The leadership that a call needs by its metadata, or else `otherwise`.
pub(crate) fn needs(metadata: &MetadataMap, otherwise: Needs) -> Needs {
    let asked = metadata.get("requires-leader").and_then(|value| value.to_str().ok());
    if asked.is_some_and(|asked| asked.eq_ignore_ascii_case("true")) {
        Needs::ThisLeader
    } else {
        otherwise
    }
}

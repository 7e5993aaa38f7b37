//! This process as one replica of a cluster: the copy, the loop that follows, the writer.
//! Always: reads are answered from the copy only; a store that opened holds the cluster's records,
//! or, while the cluster is away, every record that it once had.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::watch;

use super::address::ClusterAddress;
use super::append::ClusterWriter;
use super::call_error::{CallError, CallFailure};
use super::connection::Connection;
use super::follow_error::{FollowError, FollowStopReason};
use super::follower::{FollowState, FollowerSignals, LogFollower};
use super::identity::{LedgerClaim, claim_cluster, read_claim};
use super::log_copy::LogCopy;
use super::probe::{check_reachable, explain};
use super::replica_status::ReplicaStatus;
use crate::domain::id::{DedupKey, Position, Revision};
use crate::domain::stream::Stream;
use crate::store::embedded::{Embedded, FolderOpenError, FolderRole, LockedFolder};
use crate::store::harm::HarmedStreams;
use crate::store::{
    AppendError, Outcome, ReadError, StampClock, Store, StoreStatus, Stored, StreamSlice, Write,
};
use crate::work::{HealthProbe, Worker};

/// The folder of the copy, in the data folder.
pub const COPY_FOLDER: &str = "mirror";

/// A start waits this long for the cluster.
const CONNECTED_WITHIN: Duration = Duration::from_secs(30);

/// A start waits only this long where the copy once had all records: it can answer without the
/// cluster.
const CONNECTED_WITHIN_WITH_COPY: Duration = Duration::from_secs(5);

/// Between two tries to reach the cluster at a start.
const PAUSE: Duration = Duration::from_millis(500);

/// A store that is dropped waits this long for the thread of the follower to end.
const FOLLOWER_ENDS_WITHIN: Duration = Duration::from_secs(2);

/// Why a cluster could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ClusterOpenError {
    /// The folder of the copy could not be opened.
    #[error(transparent)]
    Folder(#[from] FolderOpenError),
    /// The cluster does not answer, or refuses the calls of this process: act on the reason.
    #[error("the cluster could not be opened: {0}")]
    NotOpened(CallFailure),
    /// The cluster must not be followed: a person has to look.
    #[error(transparent)]
    Stopped(#[from] FollowStopReason),
}

impl From<CallError> for ClusterOpenError {
    fn from(error: CallError) -> Self {
        Self::NotOpened(error.reason())
    }
}

impl From<FollowError> for ClusterOpenError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Call(error) => error.into(),
            FollowError::Stop(reason) => reason.into(),
        }
    }
}

/// What to do with a cluster that no ledger has claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclaimed {
    /// Leave it.
    Leave,
    /// Claim it for the ledger whose keys have this check value.
    Claim([u8; 32]),
}

/// The outcome of a start without the cluster, once the time to reach it has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IfUnreachable {
    /// The copy once had every record: answer from it.
    AnswerFromCopy,
    /// The copy never had every record.
    Fail,
}

/// The ledger that a cluster holds, as the check value of its keys; `None`: the cluster is empty.
///
/// # Errors
/// The cluster does not answer, or refuses the call.
pub async fn ledger_in(
    address: &ClusterAddress,
    unclaimed: Unclaimed,
) -> Result<Option<[u8; 32]>, ClusterOpenError> {
    let started = Instant::now();
    let mut connection = None;
    let mut said = None;
    loop {
        let error = match claim_in(address, &mut connection, unclaimed).await {
            Ok(claim) => return Ok(claim.map(LedgerClaim::keys_check)),
            Err(error @ CallError::Final(_)) => return Err(error.into()),
            Err(error) => error,
        };
        let reason = explain(address, error.reason()).await;
        if started.elapsed() > CONNECTED_WITHIN {
            return Err(ClusterOpenError::NotOpened(reason));
        }
        if said.replace(reason) != Some(reason) {
            tracing::warn!(cluster = %address, reason = %reason, "waiting for the cluster");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The claim on a cluster after one try. The connection is made once a node can be talked to,
/// because the client crate does not say why it makes none.
async fn claim_in(
    address: &ClusterAddress,
    connection: &mut Option<Connection>,
    unclaimed: Unclaimed,
) -> Result<Option<LedgerClaim>, CallError> {
    check_reachable(address).await?;
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(Connection::new(address.clone())?),
    };
    match (read_claim(connection).await?, unclaimed) {
        (None, Unclaimed::Claim(keys_check)) => {
            claim_cluster(connection, LedgerClaim::Complete(keys_check)).await.map(Some)
        }
        (claim, _) => Ok(claim),
    }
}

/// The store on an EventStoreDB or KurrentDB cluster.
pub struct EventStoreDb {
    copy: Arc<Embedded>,
    writer: Arc<ClusterWriter>,
    signals: Arc<FollowerSignals>,
    status: Arc<ReplicaStatus>,
    harmed: watch::Receiver<Arc<HarmedStreams>>,
    /// `None` only while the store is dropped.
    follower: Option<Worker>,
}

impl EventStoreDb {
    /// Opens a cluster that whose ledger's keys have this check value, with the copy in the data
    /// folder, and waits until the copy has every record. A cluster that cannot be reached, or that
    /// refuses every call, is waited for; less long where the copy once had every record.
    ///
    /// `progress` hears how far the copy has come, and how far it has to come.
    ///
    /// # Errors
    /// See [`ClusterOpenError`].
    pub async fn open(
        address: ClusterAddress,
        folder: &Path,
        keys_check: [u8; 32],
        clock: StampClock,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, ClusterOpenError> {
        let folder = folder.join(COPY_FOLDER);
        let locked = LockedFolder::lock(&folder)?;
        let log = locked.open(FolderRole::Copy, keys_check, clock.clone(), progress)?;
        // A copy stays: it says how far the cluster was read, and holds records soon.
        log.first_start().succeed();
        let log = Arc::new(log);
        let connection = Connection::new(address.clone())?;
        let signals = Arc::new(FollowerSignals::default());
        let copy = LogCopy::open(&folder, log.clone()).await?;
        let unreachable = match copy.was_complete() {
            true => IfUnreachable::AnswerFromCopy,
            false => IfUnreachable::Fail,
        };
        let harmed = copy.harmed();
        let writer =
            ClusterWriter::new(log.clone(), connection, signals.clone(), clock, harmed.clone());
        let writer = Arc::new(writer);
        let status = Arc::new(ReplicaStatus::new(log.clone(), writer.clone(), signals.clone()));
        let follower =
            LogFollower { address: address.clone(), keys_check, copy, signals: signals.clone() };
        let follower = follower.start(status.clone().publish_changes());
        let follower = Some(follower.map_err(FolderOpenError::from)?);
        let store = Self { copy: log, writer, signals, status, harmed, follower };
        store.wait_until_live(&address, unreachable, progress).await?;
        Ok(store)
    }

    /// The health of the follower, and of the copy's workers.
    pub fn workers(&self) -> Vec<HealthProbe> {
        let follower = self.follower.iter().map(Worker::probe);
        follower.chain(self.copy.workers()).collect()
    }

    async fn wait_until_live(
        &self,
        address: &ClusterAddress,
        unreachable: IfUnreachable,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), ClusterOpenError> {
        let patience = match unreachable {
            IfUnreachable::AnswerFromCopy => CONNECTED_WITHIN_WITH_COPY,
            IfUnreachable::Fail => CONNECTED_WITHIN,
        };
        let mut until = tokio::time::Instant::now() + patience;
        let mut states = self.signals.state.subscribe();
        // The follower's own first call may need longer than a start may stay silent.
        if let Err(error) = check_reachable(address).await {
            let reason = error.reason();
            match (error, unreachable) {
                (CallError::Final(_), IfUnreachable::Fail) => {
                    return Err(ClusterOpenError::NotOpened(reason));
                }
                (CallError::Final(_), IfUnreachable::AnswerFromCopy) => {
                    until = tokio::time::Instant::now()
                }
                _ => {}
            }
            tracing::warn!(cluster = %address, reason = %reason, "waiting for the cluster");
        }
        loop {
            let state = *states.borrow_and_update();
            let reason = match state {
                FollowState::Live => return Ok(()),
                FollowState::Stopped(reason) => return Err(reason.into()),
                FollowState::CatchingUp { read_up_to, end } => {
                    progress(read_up_to, end);
                    // However long catching up takes: it does not stand still.
                    let _ = states.changed().await;
                    until = tokio::time::Instant::now() + patience;
                    continue;
                }
                FollowState::Disconnected(reason) => reason,
            };
            if tokio::time::timeout_at(until, states.changed()).await.is_ok() {
                continue;
            }
            if unreachable == IfUnreachable::Fail {
                let reason = explain(address, reason.unwrap_or(CallFailure::Connection)).await;
                return Err(ClusterOpenError::NotOpened(reason));
            }
            tracing::warn!("the cluster cannot be reached; reads are answered from the copy");
            return Ok(());
        }
    }
}

impl Drop for EventStoreDb {
    /// Waits a moment until the follower's thread has ended, so that the folder is free. A thread
    /// that is stuck is left behind.
    fn drop(&mut self) {
        if let Some(follower) = self.follower.take() {
            follower.stop_within(FOLLOWER_ENDS_WITHIN);
        }
    }
}

#[async_trait]
impl Store for EventStoreDb {
    async fn append(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError> {
        self.writer.append(writes).await
    }

    async fn read_stream(
        &self,
        stream: &Stream,
        from: Revision,
        limit: usize,
    ) -> Result<StreamSlice, ReadError> {
        self.copy.read_stream(stream, from, limit).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError> {
        self.copy.read_all(after, limit).await
    }

    async fn find(&self, dedup_keys: Vec<DedupKey>) -> Result<Vec<Vec<Stored>>, ReadError> {
        self.copy.find(dedup_keys).await
    }

    fn status(&self) -> watch::Receiver<StoreStatus> {
        self.status.subscribe()
    }

    fn harmed_streams(&self) -> Arc<HarmedStreams> {
        self.harmed.borrow().clone()
    }
}

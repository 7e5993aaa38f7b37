//! The store on an EventStoreDB or KurrentDB cluster: for an organisation that outgrew one machine.
//! Always: the cluster is the truth; beside this process lies a copy of its log, which can be
//! deleted at any time and from which everything is read; a write is acknowledged once the cluster
//! has it and the copy shows it, so that a receipt says where it lies.
//!
//! ```text
//! DIR/mirror/ledger.db      the copy, as the embedded store keeps a log
//! DIR/mirror/cursor.json    how far the cluster was read
//! ```
//! A position is the place in the order of the cluster's log among the records of all persons, from
//! 1: the same on every replica, in a folder that moved into a cluster, and in one that moved out.
//! Streams of the cluster are read in no other way: what they give carries no position.

mod address;
mod append;
mod connection;
mod copy;
mod event;
mod feed;
mod follow;
mod identity;
pub mod migrate;
mod trouble;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::{Mutex, watch};

use self::connection::Connection;
use self::copy::{Copy, CopyError};
use self::follow::{Follower, Following, Shared};
use super::embedded::{self, Clock, Embedded, Keeping};
use super::{
    AppendError, Condition, CrossStreamDuplicate, Outcome, ReadError, Slice, Store, Stored, Write,
    Writers,
};
use crate::domain::id::{DedupKey, PersonId, Position, RecordedTime, Revision};

pub use self::address::{Address, AddressError};
pub use self::copy::Lost;
pub use self::identity::Held;
pub use self::trouble::{Reason, Trouble};

/// The folder of the copy, in the data folder.
pub const COPY: &str = "mirror";

/// A start waits so long for the cluster.
const REACHED_WITHIN: Duration = Duration::from_secs(30);

/// But only so long where the copy has had all that there was, and so lacks what is new at most.
const COPY_WAITS: Duration = Duration::from_secs(5);

/// Between two tries at a start.
const PAUSE: Duration = Duration::from_millis(500);

/// The loop that follows ends so soon after it was told to.
const DROPPED_WITHIN: Duration = Duration::from_secs(2);

/// Writers to one stream wait for each other; streams share so many lanes.
const LANES: usize = 1_024;

/// Why a cluster could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder beside it.
    #[error(transparent)]
    Folder(#[from] embedded::OpenError),
    /// It does not answer: look at its nodes and at the way to them.
    #[error("the cluster cannot be reached: {0}")]
    Unreachable(Reason),
    /// A person has to look.
    #[error(transparent)]
    Lost(#[from] Lost),
}

impl From<CopyError> for OpenError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Trouble(trouble) => Self::Unreachable(trouble.reason()),
            CopyError::Lost(lost) => Self::Lost(lost),
        }
    }
}

/// Which ledger a cluster holds, by a hash of that ledger's key; an empty one is claimed for
/// `check`, where that is given.
///
/// # Errors
/// It cannot be reached.
pub async fn holder(
    address: &Address,
    check: Option<[u8; 32]>,
) -> Result<Option<[u8; 32]>, OpenError> {
    let unreachable = |trouble: Trouble| OpenError::Unreachable(trouble.reason());
    let connection = Connection::new(address.clone()).map_err(unreachable)?;
    let begun = Instant::now();
    loop {
        let held = match (identity::read(&connection).await, check) {
            (Ok(None), Some(check)) => {
                identity::claim(&connection, Held::Whole(check)).await.map(Some)
            }
            (held, _) => held,
        };
        match held {
            Ok(held) => return Ok(held.map(Held::check)),
            Err(trouble @ Trouble::Final(_)) => return Err(unreachable(trouble)),
            Err(trouble) if begun.elapsed() > REACHED_WITHIN => return Err(unreachable(trouble)),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// See the module.
pub struct EventStoreDb {
    copy: Arc<Embedded>,
    connection: Connection,
    shared: Arc<Shared>,
    clock: Clock,
    lanes: Vec<Mutex<()>>,
    /// Dropped first, it ends the loop that follows.
    stop: Option<watch::Sender<bool>>,
    follower: JoinHandle<()>,
}

impl EventStoreDb {
    /// Opens a cluster that holds the ledger of `check`, with its copy in the data folder, and
    /// waits until that shows all that is there. A cluster that cannot be reached is waited for;
    /// not for long where the copy once had all that there was.
    ///
    /// `progress` hears how far the copy has come, of how much.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(
        address: Address,
        folder: &Path,
        check: [u8; 32],
        clock: Clock,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, OpenError> {
        let folder = folder.join(COPY);
        let log = Embedded::open_as(&folder, Keeping::Copy, clock.clone(), progress)?;
        let log = Arc::new(log);
        let connection = Connection::new(address.clone());
        let connection = connection.map_err(|trouble| OpenError::Unreachable(trouble.reason()))?;
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = watch::channel(false);
        let copy = Copy::open(&folder, log.clone()).await?;
        let was_whole = copy.was_whole();
        let follower = Follower { address, check, copy, shared: shared.clone(), stopped };
        let follower = follower.spawn().map_err(embedded::OpenError::from)?;
        let lanes = (0..LANES).map(|_| Mutex::new(())).collect();
        let store =
            Self { copy: log, connection, shared, clock, lanes, stop: Some(stop), follower };
        store.caught_up(was_whole, progress).await?;
        Ok(store)
    }

    /// The first record of the log, if there is one.
    ///
    /// # Errors
    /// The copy could not be read.
    pub async fn first(&self) -> Result<Option<Stored>, ReadError> {
        Ok(self.copy.read_all(Position::START, 1).await?.into_iter().next())
    }

    async fn caught_up(
        &self,
        was_whole: bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), OpenError> {
        let patience = if was_whole { COPY_WAITS } else { REACHED_WITHIN };
        let mut until = tokio::time::Instant::now() + patience;
        let mut following = self.shared.following.subscribe();
        loop {
            let now = *following.borrow_and_update();
            let reason = match now {
                Following::Live => return Ok(()),
                Following::Lost(lost) => return Err(lost.into()),
                Following::CatchingUp(at, end) => {
                    progress(at, end);
                    // However long it takes: it goes on.
                    let _ = following.changed().await;
                    until = tokio::time::Instant::now() + patience;
                    continue;
                }
                Following::Apart(reason) => reason,
            };
            if tokio::time::timeout_at(until, following.changed()).await.is_ok() {
                continue;
            }
            if !was_whole {
                return Err(OpenError::Unreachable(reason.unwrap_or(Reason::Connection)));
            }
            tracing::warn!("the cluster cannot be reached; what was read of it is answered from");
            return Ok(());
        }
    }

    fn lane(&self, stream: PersonId) -> &Mutex<()> {
        let [first, second, ..] = stream.as_bytes();
        &self.lanes[usize::from(u16::from_be_bytes([*first, *second])) % LANES]
    }
}

impl Drop for EventStoreDb {
    /// Waits a moment for the loop that follows, so that the folder is free; one that turns in a
    /// circle is left.
    fn drop(&mut self) {
        self.stop = None;
        let until = Instant::now() + DROPPED_WITHIN;
        while !self.follower.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[async_trait]
impl Store for EventStoreDb {
    async fn append(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError> {
        self.write(writes).await
    }

    async fn read_stream(
        &self,
        stream: PersonId,
        from: Revision,
        limit: usize,
    ) -> Result<Slice, ReadError> {
        self.copy.read_stream(stream, from, limit).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError> {
        self.copy.read_all(after, limit).await
    }

    async fn find(&self, dedup_keys: Vec<DedupKey>) -> Result<Vec<Option<Stored>>, ReadError> {
        self.copy.find(dedup_keys).await
    }

    async fn known(&self, position: Position) -> Result<Option<RecordedTime>, ReadError> {
        self.copy.known(position).await
    }

    async fn cross_stream_duplicates(
        &self,
        streams: &[PersonId],
    ) -> Result<Vec<CrossStreamDuplicate>, ReadError> {
        self.copy.cross_stream_duplicates(streams).await
    }

    fn subscribe(&self) -> watch::Receiver<Position> {
        self.copy.subscribe()
    }

    fn condition(&self) -> Condition {
        if self.shared.is_stuck() {
            return Condition::Ended;
        }
        match *self.shared.following.borrow() {
            Following::Live => self.copy.condition(),
            Following::CatchingUp(..) | Following::Apart(_) => Condition::Unreachable,
            Following::Lost(_) => Condition::Failed,
        }
    }

    fn writers(&self) -> Writers {
        Writers::Several
    }

    fn reconnects(&self) -> Option<u64> {
        let first = 1;
        let of_feed = self.shared.renewals.load(Ordering::Relaxed).saturating_sub(first);
        Some(of_feed + self.connection.renewals())
    }
}

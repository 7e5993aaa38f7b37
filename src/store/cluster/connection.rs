//! Calls to the cluster, each with a deadline.
//! Always: after a broken connection the next call looks for the cluster again. The client crate
//! does not do so: its task ends at the first search that fails, and the client stays with a node
//! that died. Nothing else ends the task, so each client has its own runtime, and dropping the
//! runtime ends the task.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use eventstore::{
    AppendToStreamOptions, Client, Credentials, EventData, ExpectedRevision, Position,
    ReadAllOptions, ReadStreamOptions, RecordedEvent, StreamPosition, SubscribeToAllOptions,
    Subscription, SubscriptionFilter,
};
use tokio::runtime::Runtime;

use super::address::ClusterAddress;
use super::call_error::{CallError, CallFailure};
use crate::domain::id::Revision;
use crate::domain::stream::StreamName;

/// A call that takes longer is given up. The server allows a write 2 s to be prepared and 2 s to be
/// committed (its PrepareTimeoutMs and CommitTimeoutMs).
const CALL_DEADLINE: Duration = Duration::from_secs(5);

/// At least this time lies between two new clients: when a connection breaks, many calls fail at
/// once and each asks for a new client.
const CLIENT_AGE_MIN: Duration = Duration::from_millis(250);

/// A call is repeated this often at the node that the last answer named as the leader.
const LEADER_RETRIES: usize = 2;

/// The server sends a checkpoint after it has filtered out this many events of other applications.
const CHECKPOINT_EVENTS: u32 = 1_000;

/// The oldest server version that reports to a subscription when it has caught up.
const VERSION_MIN: (usize, usize) = (23, 10);

/// A connection to the cluster.
pub struct Connection {
    address: ClusterAddress,
    /// A lock, because any call may replace the client. It is held to clone or replace the client,
    /// never during a call.
    current: Mutex<CurrentClient>,
    reconnects: AtomicU64,
}

/// The client in use. The first call that finds the client broken replaces it.
struct CurrentClient {
    client: Client,
    /// Runs the client crate's task on one thread. `None` only while it is dropped.
    runtime: Option<Runtime>,
    made_at: Instant,
    /// The number of clients made before this client. A call compares the number to see whether its
    /// client was replaced meanwhile.
    number: u64,
}

impl CurrentClient {
    fn new(address: &ClusterAddress, number: u64) -> Result<Self, CallError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("ledger-cluster")
            .enable_all()
            .build()
            .map_err(|_| CallError::NotDone(CallFailure::Client))?;
        let settings = address.settings.clone();
        let client = Client::with_runtime_handle(runtime.handle().clone(), settings)
            .map_err(|error| CallError::from(&error))?;
        Ok(Self { client, runtime: Some(runtime), made_at: Instant::now(), number })
    }
}

impl Drop for CurrentClient {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Connection {
    /// Makes a client; no call is made yet.
    ///
    /// # Errors
    /// The client cannot be made, for instance without certificates to trust.
    pub fn new(address: ClusterAddress) -> Result<Self, CallError> {
        let current = Mutex::new(CurrentClient::new(&address, 0)?);
        Ok(Self { address, current, reconnects: AtomicU64::new(0) })
    }

    /// How often a new client replaced a broken one.
    pub fn reconnects(&self) -> u64 {
        self.reconnects.load(Ordering::Relaxed)
    }

    /// Checks that the server is recent enough to be followed.
    ///
    /// # Errors
    /// The server is too old, or the call failed.
    pub async fn check_version(&self) -> Result<(), CallError> {
        let info = self.call(|client, _| async move { client.server_info().await }).await?;
        let version = info.version();
        let found = (version.major(), version.minor());
        // A server that gives no version is older than 21.6, or a development build.
        if found >= VERSION_MIN { Ok(()) } else { Err(CallError::Final(CallFailure::Unsupported)) }
    }

    /// Appends to a stream whose last revision is `expected`; `None`: to a stream that does not
    /// exist yet.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn append(
        &self,
        stream: String,
        expected: Option<Revision>,
        events: Vec<EventData>,
    ) -> Result<(), CallError> {
        let expected = match expected {
            Some(revision) => ExpectedRevision::Exact(revision.0),
            None => ExpectedRevision::NoStream,
        };
        let events = &events;
        let stream = &stream;
        self.call(|client, login| async move {
            let options = AppendToStreamOptions::default().expected_revision(expected);
            let mut options = options.requires_leader(true).deadline(CALL_DEADLINE);
            if let Some(login) = login {
                options = options.authenticated(login);
            }
            client.append_to_stream(stream.clone(), &options, events.clone()).await.map(|_| ())
        })
        .await
    }

    /// The last event of a stream; `None`: there is no such stream.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn last_event(&self, stream: &str) -> Result<Option<RecordedEvent>, CallError> {
        let read = self.call(|client, login| async move {
            let options = ReadStreamOptions::default().position(StreamPosition::End).backwards();
            let mut options = options.max_count(1).requires_leader(true).deadline(CALL_DEADLINE);
            if let Some(login) = login {
                options = options.authenticated(login);
            }
            let mut events = client.read_stream(stream, &options).await?;
            events.next().await
        });
        match read.await {
            Ok(event) => Ok(event.and_then(|event| event.event)),
            Err(CallError::NotDone(CallFailure::Missing)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The event at a position of the cluster's log, or the next one; `None`: there is none.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn event_at(&self, position: Position) -> Result<Option<RecordedEvent>, CallError> {
        let options = ReadAllOptions::default().position(StreamPosition::Position(position));
        match self.read_all(options.forwards()).await {
            Err(CallError::NotDone(CallFailure::Missing)) => Ok(None),
            read => read,
        }
    }

    /// Checks that the connected node still leads.
    ///
    /// # Errors
    /// The node does not lead, or gives no answer.
    pub async fn check_leader(&self) -> Result<(), CallError> {
        let login = self.address.credentials.clone();
        let read = self.call_once(|client, _| read_one(client, login.clone(), log_end()));
        read.await.map(|_| ())
    }

    /// The position of the last event of the cluster's log; `None`: the log is empty.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn last_position(&self) -> Result<Option<Position>, CallError> {
        Ok(self.read_all(log_end()).await?.map(|event| event.position))
    }

    async fn read_all(&self, options: ReadAllOptions) -> Result<Option<RecordedEvent>, CallError> {
        self.call(|client, login| read_one(client, login, options.clone())).await
    }

    /// Subscribes to the events of all streams of the ledger behind a position, and then to each
    /// event as it is written.
    pub async fn subscribe(&self, after: Option<Position>) -> Subscription {
        let from = after.map_or(StreamPosition::Start, StreamPosition::Position);
        let filter = SubscriptionFilter::on_stream_name().max(CHECKPOINT_EVENTS);
        let filter = StreamName::PREFIXES.into_iter().fold(filter, SubscriptionFilter::add_prefix);
        // A node that does not lead may lack records that were read from the leader before.
        let options = SubscribeToAllOptions::default().position(from).filter(filter);
        let mut options = options.requires_leader(true);
        if let Some(login) = &self.address.credentials {
            options = options.authenticated(login.clone());
        }
        let client = self.current().client.clone();
        client.subscribe_to_all(&options).await
    }

    /// Makes a call. If the node does not lead, its answer names the leader to the client, and the
    /// call is made again.
    async fn call<T, F>(
        &self,
        call: impl Fn(Client, Option<Credentials>) -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = eventstore::Result<T>>,
    {
        let mut answer = self.call_once(&call).await;
        for _ in 0..LEADER_RETRIES {
            match answer {
                Err(CallError::NotDone(CallFailure::NotLeader)) => {
                    answer = self.call_once(&call).await
                }
                _ => break,
            }
        }
        answer
    }

    async fn call_once<T, F>(
        &self,
        call: impl Fn(Client, Option<Credentials>) -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = eventstore::Result<T>>,
    {
        let (client, number) = {
            let current = self.current();
            (current.client.clone(), current.number)
        };
        // The client crate sends the deadline, but only the server enforces it.
        let answer =
            tokio::time::timeout(CALL_DEADLINE, call(client, self.address.credentials.clone()));
        let call_error = match answer.await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => CallError::from(&error),
            Err(_) => CallError::Unsure(CallFailure::Deadline),
        };
        let is_broken = matches!(
            call_error.reason(),
            CallFailure::Connection | CallFailure::NotNow | CallFailure::Deadline
        );
        if is_broken && !matches!(call_error, CallError::Conflict(_)) {
            self.replace_client(number);
        }
        Err(call_error)
    }

    /// Replaces the client of this number, unless another call has done so already.
    fn replace_client(&self, number: u64) {
        let mut current = self.current();
        if current.number != number || current.made_at.elapsed() < CLIENT_AGE_MIN {
            return;
        }
        match CurrentClient::new(&self.address, number + 1) {
            Ok(client) => {
                *current = client;
                self.reconnects.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                tracing::error!(reason = %error.reason(), "no new client of the cluster");
            }
        }
    }

    /// The client in use. A poisoned lock is taken all the same: the client is replaced in one
    /// step, so a panic leaves no half-made client.
    fn current(&self) -> MutexGuard<'_, CurrentClient> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Options that read from the end of the log.
fn log_end() -> ReadAllOptions {
    ReadAllOptions::default().position(StreamPosition::End)
}

/// Reads one event of the cluster's log.
async fn read_one(
    client: Client,
    login: Option<Credentials>,
    options: ReadAllOptions,
) -> eventstore::Result<Option<RecordedEvent>> {
    let mut options = options.max_count(1).requires_leader(true).deadline(CALL_DEADLINE);
    if let Some(login) = login {
        options = options.authenticated(login);
    }
    let mut events = client.read_all(&options).await?;
    Ok(events.next().await?.and_then(|event| event.event))
}

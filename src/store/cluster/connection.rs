//! Calls to the cluster, each with a deadline.
//! Always: after a broken connection the next call looks for the cluster again. The client crate
//! does not do so: its task ends at the first search that fails, and the client stays with a node
//! that died. Nothing else ends the task, so each client has its own runtime, and dropping the
//! runtime ends the task.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::address::ClusterAddress;
use super::call_error::{CallError, CallFailure, SessionError};
use super::current_client::CurrentClient;
use super::event::METADATA_PREFIX;
use super::session::AppendSession;
use crate::domain::id::Revision;
use crate::domain::stream::StreamName;
use eventstore::operations::ServerVersion;
use eventstore::{
    Client, Credentials, EventData, Position, ReadAllOptions, ReadStreamOptions, RecordedEvent,
    StreamPosition, SubscribeToAllOptions, Subscription, SubscriptionFilter,
};

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
pub const VERSION_MIN: (usize, usize) = (23, 10);

/// A connection to the cluster.
pub struct Connection {
    address: ClusterAddress,
    /// A lock, because any call may replace the client. It is held to clone or replace the client,
    /// never during a call.
    current: Mutex<CurrentClient>,
    /// The append that opens a session holds this lock; other appends wait for that session.
    opening: tokio::sync::Mutex<()>,
    reconnects: AtomicU64,
}

impl Connection {
    /// Makes a client; no call is made yet.
    ///
    /// # Errors
    /// The client cannot be made, for instance without certificates to trust.
    pub fn new(address: ClusterAddress) -> Result<Self, CallError> {
        let current = Mutex::new(CurrentClient::new(&address, 0)?);
        let opening = tokio::sync::Mutex::new(());
        Ok(Self { address, current, opening, reconnects: AtomicU64::new(0) })
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
        let version = self.version().await?;
        let found = (version.major(), version.minor());
        // A server that gives no version is older than 21.6, or a development build.
        if found >= VERSION_MIN { Ok(()) } else { Err(CallError::Final(CallFailure::Unsupported)) }
    }

    /// The version of the server.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn version(&self) -> Result<ServerVersion, CallError> {
        let info = self.call(|client, _| async move { client.server_info().await }).await?;
        Ok(info.version())
    }

    /// Appends to a stream whose last revision is `expected`; `None`: to a stream that does not
    /// exist yet. All appends of a connection share a session.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn append(
        &self,
        stream: &str,
        expected: Option<Revision>,
        events: Vec<EventData>,
    ) -> Result<(), CallError> {
        let number = self.current().number;
        let late = CallError::NotDone(CallFailure::Deadline);
        let session = tokio::time::timeout(CALL_DEADLINE, self.session()).await;
        let session = session.unwrap_or_else(|_| Err(self.failed(late, number)));
        let session = session.map_err(|error| match error {
            // Nothing was sent.
            CallError::Unsure(reason) => CallError::NotDone(reason),
            error => error,
        })?;
        self.append_over(&session, stream, expected, events).await
    }

    /// [`Self::append`] over one session, for appends that must not overtake each other.
    ///
    /// # Errors
    /// See [`CallError`]; the session has ended.
    pub async fn append_over(
        &self,
        session: &Arc<AppendSession>,
        stream: &str,
        expected: Option<Revision>,
        events: Vec<EventData>,
    ) -> Result<(), CallError> {
        // The server's own deadlines do not end a write of a session that hangs.
        let answer = tokio::time::timeout(CALL_DEADLINE, session.append(stream, expected, events));
        let error = match answer.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => SessionError::Call(CallError::Unsure(CallFailure::Deadline)),
        };
        self.end_session(session, error);
        match error {
            SessionError::Call(error) => Err(self.failed(error, session.client_number)),
            SessionError::WrongRevision => {
                let last = self.last_event(stream).await?;
                Err(CallError::Conflict(last.map(|event| Revision(event.revision))))
            }
        }
    }

    /// The session of all appends, opened at the leader if there is none.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn session(&self) -> Result<Arc<AppendSession>, CallError> {
        if let Some(session) = self.current().session.clone() {
            return Ok(session);
        }
        let _opening = self.opening.lock().await;
        if let Some(session) = self.current().session.clone() {
            return Ok(session);
        }
        // The client crate follows the leader whom the answer to a call names, but not the answer
        // to the opening of a session.
        let is_at_leader = self.current().is_at_leader;
        if !is_at_leader {
            match self.last_position().await {
                // A user without the right to read may have the right to append.
                Ok(_) | Err(CallError::Final(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let login = self.address.credentials.clone();
        let (client, number, runtime) = {
            let current = self.current();
            (current.client.clone(), current.number, current.runtime())
        };
        let session = AppendSession::open(client, number, login, runtime).await;
        let session = Arc::new(session.map_err(|error| self.failed(error, number))?);
        self.current().session_opened(&session);
        Ok(session)
    }

    /// The next append opens a new session.
    fn end_session(&self, ended: &Arc<AppendSession>, error: SessionError) {
        let is_used_up = self.current().session_ended(ended, error);
        if is_used_up {
            self.renew_client(ended.client_number);
        }
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

    /// Subscribes to the events of all streams of the ledger and of their metadata behind a
    /// position, and then to each event as it is written.
    pub async fn subscribe(&self, after: Option<Position>) -> Subscription {
        let from = after.map_or(StreamPosition::Start, StreamPosition::Position);
        let filter = SubscriptionFilter::on_stream_name().max(CHECKPOINT_EVENTS);
        let of_metadata = StreamName::PREFIXES.map(|prefix| format!("{METADATA_PREFIX}{prefix}"));
        let filter = StreamName::PREFIXES.into_iter().fold(filter, SubscriptionFilter::add_prefix);
        let filter = of_metadata.into_iter().fold(filter, SubscriptionFilter::add_prefix);
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
        Err(self.failed(call_error, number))
    }

    /// Replaces the client of this number where its call shows that it is broken.
    fn failed(&self, error: CallError, number: u64) -> CallError {
        let is_broken = matches!(
            error.reason(),
            CallFailure::Connection
                | CallFailure::NoLeader
                | CallFailure::NotNow
                | CallFailure::Deadline
        );
        if is_broken && !matches!(error, CallError::Conflict(_)) {
            self.replace_client(number);
        }
        error
    }

    /// Replaces a broken client of this number.
    fn replace_client(&self, number: u64) {
        if self.renew_client(number) {
            self.reconnects.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Replaces the client of this number, unless another call has done so already. False: the
    /// client stays.
    fn renew_client(&self, number: u64) -> bool {
        let mut current = self.current();
        if current.number != number || current.made_at.elapsed() < CLIENT_AGE_MIN {
            return false;
        }
        match CurrentClient::new(&self.address, number + 1) {
            Ok(client) => {
                *current = client;
                true
            }
            Err(error) => {
                tracing::error!(reason = %error.reason(), "no new client of the cluster");
                false
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

//! Calls to the cluster: each with a deadline, each answered or told what its failure means.
//! Always: after a broken connection the next call looks for the cluster anew. The client crate
//! does not: its task ends with the first search that fails, and it stays with a node that died.
//! Nor does that task end by itself otherwise, so each client has a runtime that ends it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use eventstore::{
    AppendToStreamOptions, Client, Credentials, EventData, ExpectedRevision, Position,
    ReadAllOptions, ReadStreamOptions, RecordedEvent, StreamPosition, SubscribeToAllOptions,
    Subscription, SubscriptionFilter,
};

use tokio::runtime::Runtime;

use super::address::Address;
use super::event::STREAMS;
use super::trouble::{Reason, Trouble};
use crate::domain::id::Revision;

/// A call that takes longer is given up. The server gives a write 2 s each to be prepared and
/// committed (its PrepareTimeoutMs and CommitTimeoutMs).
const CALL: Duration = Duration::from_secs(5);

/// A new client no sooner than this after the last: many calls fail at once.
const RENEWED_EVERY: Duration = Duration::from_millis(250);

/// A call is repeated so often at the node that is said to lead.
const NOT_LEADER_TRIES: usize = 2;

/// So many events of others are passed over between two checkpoints of the subscription.
const WINDOW_EVENTS: u32 = 1_000;

/// The oldest server that tells a subscription when it has caught up.
const VERSION_MIN: (usize, usize) = (23, 10);

/// A way to the cluster; it belongs to the runtime it was made on.
pub struct Connection {
    address: Address,
    current: Mutex<Current>,
    renewals: AtomicU64,
}

struct Current {
    client: Client,
    /// Runs the client's own task, and ends it.
    runtime: Option<Runtime>,
    made: Instant,
    number: u64,
}

impl Current {
    fn new(address: &Address, number: u64) -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("ledger-cluster")
            .enable_all()
            .build()
            .map_err(|_| Trouble::NotDone(Reason::Client))?;
        let settings = address.settings.clone();
        let client = Client::with_runtime_handle(runtime.handle().clone(), settings)
            .map_err(|error| Trouble::from(&error))?;
        Ok(Self { client, runtime: Some(runtime), made: Instant::now(), number })
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Connection {
    /// Makes one; nothing is asked yet.
    ///
    /// # Errors
    /// The client cannot be made, for instance without certificates to trust.
    pub fn new(address: Address) -> Result<Self, Trouble> {
        let current = Mutex::new(Current::new(&address, 0)?);
        Ok(Self { address, current, renewals: AtomicU64::new(0) })
    }

    /// How often the cluster was looked for anew.
    pub fn renewals(&self) -> u64 {
        self.renewals.load(Ordering::Relaxed)
    }

    /// Whether the server is one that this version can follow.
    ///
    /// # Errors
    /// It is too old, or the call failed.
    pub async fn check_version(&self) -> Result<(), Trouble> {
        let info = self.call(|client, _| async move { client.server_info().await }).await?;
        let version = info.version();
        let found = (version.major(), version.minor());
        // One that does not say is of before 21.6, or a development build.
        if found >= VERSION_MIN { Ok(()) } else { Err(Trouble::Final(Reason::Unsupported)) }
    }

    /// Appends to a stream that is at a revision, or new.
    pub async fn append(
        &self,
        stream: String,
        expected: Option<Revision>,
        events: Vec<EventData>,
    ) -> Result<(), Trouble> {
        let expected = match expected {
            Some(revision) => ExpectedRevision::Exact(revision.0),
            None => ExpectedRevision::NoStream,
        };
        let events = &events;
        let stream = &stream;
        self.call(|client, login| async move {
            let options = AppendToStreamOptions::default().expected_revision(expected);
            let mut options = options.requires_leader(true).deadline(CALL);
            if let Some(login) = login {
                options = options.authenticated(login);
            }
            client.append_to_stream(stream.clone(), &options, events.clone()).await.map(|_| ())
        })
        .await
    }

    /// The last event of a stream; `None`: there is no such stream.
    pub async fn last(&self, stream: &str) -> Result<Option<RecordedEvent>, Trouble> {
        let read = self.call(|client, login| async move {
            let options = ReadStreamOptions::default().position(StreamPosition::End).backwards();
            let mut options = options.max_count(1).requires_leader(true).deadline(CALL);
            if let Some(login) = login {
                options = options.authenticated(login);
            }
            let mut events = client.read_stream(stream, &options).await?;
            events.next().await
        });
        match read.await {
            Ok(event) => Ok(event.and_then(|event| event.event)),
            Err(Trouble::NotDone(Reason::Missing)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// The event at a position of the cluster's log, or the next one; `None`: there is none.
    pub async fn at(&self, position: Position) -> Result<Option<RecordedEvent>, Trouble> {
        let options = ReadAllOptions::default().position(StreamPosition::Position(position));
        match self.read_all(options.forwards()).await {
            Err(Trouble::NotDone(Reason::Missing)) => Ok(None),
            read => read,
        }
    }

    /// Whether the node that this is connected to still leads.
    ///
    /// # Errors
    /// It does not, or gives no answer.
    pub async fn is_led(&self) -> Result<(), Trouble> {
        let login = self.address.credentials.clone();
        let read = self.call_once(|client, _| read_all(client, login.clone(), end()));
        read.await.map(|_| ())
    }

    /// Where the cluster's log ends.
    pub async fn end(&self) -> Result<Option<Position>, Trouble> {
        Ok(self.read_all(end()).await?.map(|event| event.position))
    }

    async fn read_all(&self, options: ReadAllOptions) -> Result<Option<RecordedEvent>, Trouble> {
        self.call(|client, login| read_all(client, login, options.clone())).await
    }

    /// The events of all persons' streams behind a position, and then each as it is written.
    pub async fn subscribe(&self, after: Option<Position>) -> Subscription {
        let from = after.map_or(StreamPosition::Start, StreamPosition::Position);
        let filter = SubscriptionFilter::on_stream_name().add_prefix(STREAMS).max(WINDOW_EVENTS);
        // A follower may lack what was read before from the leader.
        let options = SubscribeToAllOptions::default().position(from).filter(filter);
        let mut options = options.requires_leader(true);
        if let Some(login) = &self.address.credentials {
            options = options.authenticated(login.clone());
        }
        let client = self.current().client.clone();
        client.subscribe_to_all(&options).await
    }

    /// Asks; where the node asked does not lead, the client has been told who does, and is asked
    /// again.
    async fn call<T, F>(
        &self,
        call: impl Fn(Client, Option<Credentials>) -> F,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = eventstore::Result<T>>,
    {
        let mut answer = self.call_once(&call).await;
        for _ in 0..NOT_LEADER_TRIES {
            match answer {
                Err(Trouble::NotDone(Reason::NotLeader)) => answer = self.call_once(&call).await,
                _ => break,
            }
        }
        answer
    }

    async fn call_once<T, F>(
        &self,
        call: impl Fn(Client, Option<Credentials>) -> F,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = eventstore::Result<T>>,
    {
        let (client, number) = {
            let current = self.current();
            (current.client.clone(), current.number)
        };
        // The crate sends the deadline, and leaves it to the server to keep it.
        let answer = tokio::time::timeout(CALL, call(client, self.address.credentials.clone()));
        let trouble = match answer.await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Trouble::from(&error),
            Err(_) => Trouble::Unsure(Reason::Deadline),
        };
        let is_broken = |trouble: Trouble| {
            matches!(trouble.reason(), Reason::Connection | Reason::NotNow | Reason::Deadline)
        };
        if !matches!(trouble, Trouble::Conflict(_)) && is_broken(trouble) {
            self.renew_from(number);
        }
        Err(trouble)
    }

    /// Makes a new client, unless another call has done so since.
    fn renew_from(&self, number: u64) {
        let mut current = self.current();
        if current.number != number || current.made.elapsed() < RENEWED_EVERY {
            return;
        }
        match Current::new(&self.address, number + 1) {
            Ok(renewed) => {
                *current = renewed;
                self.renewals.fetch_add(1, Ordering::Relaxed);
            }
            Err(trouble) => {
                tracing::error!(reason = %trouble.reason(), "no new client of the cluster");
            }
        }
    }

    // Each change is one step: a panic cannot leave it half-made.
    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn end() -> ReadAllOptions {
    ReadAllOptions::default().position(StreamPosition::End)
}

/// One event of the cluster's log.
async fn read_all(
    client: Client,
    login: Option<Credentials>,
    options: ReadAllOptions,
) -> eventstore::Result<Option<RecordedEvent>> {
    let mut options = options.max_count(1).requires_leader(true).deadline(CALL);
    if let Some(login) = login {
        options = options.authenticated(login);
    }
    let mut events = client.read_all(&options).await?;
    Ok(events.next().await?.and_then(|event| event.event))
}

//! A backend to try, and records to try it with.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use care_ledger::domain::id::{PersonId, Position, RecordedTime};
use care_ledger::domain::record::{Stamped, View, pair};
use care_ledger::store::embedded::{Clock, Embedded};
use care_ledger::store::eventstoredb::{self, Address, EventStoreDb};
use care_ledger::store::{Expected, Outcome, Store, Stored, Write};
use tempfile::TempDir;
use uuid::Uuid;

use super::standin::Standin;
use super::support::draft_of;

pub const PAIR_KEY: [u8; 32] = [7; 32];

/// What tells the suite's ledger in a cluster.
pub const CHECK: [u8; 32] = [8; 32];

/// Names a server to try instead of the stand-in.
const SERVER: &str = "CARE_LEDGER_TEST_ESDB";

/// A backend, and where it keeps its things.
pub struct Bench {
    pub folder: TempDir,
    pub cluster: Option<Cluster>,
}

/// A server that somebody runs, or the stand-in.
pub enum Cluster {
    Server(String),
    Standin(Standin),
}

impl Bench {
    pub fn embedded() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), cluster: None }
    }

    /// The server that is named, or a stand-in with what others write in its log.
    pub async fn cluster() -> Self {
        let cluster = match std::env::var(SERVER) {
            Ok(address) => Cluster::Server(address),
            Err(_) => {
                let standin = Standin::start(3).await;
                standin.write_system(50);
                Cluster::Standin(standin)
            }
        };
        Self { folder: tempfile::tempdir().unwrap(), cluster: Some(cluster) }
    }

    /// Opens the backend, as after a start.
    pub async fn open(&self, clock: Clock) -> Arc<dyn Store> {
        match &self.cluster {
            None => Arc::new(Embedded::open(self.folder.path(), clock, &mut |_, _| ()).unwrap()),
            Some(Cluster::Server(address)) => {
                Arc::new(replica(address, self.folder.path(), clock).await)
            }
            Some(Cluster::Standin(standin)) => {
                let address = standin.connection_string();
                Arc::new(replica(&address, self.folder.path(), clock).await)
            }
        }
    }

    /// A backend with a fresh person to write to.
    pub async fn fresh(&self) -> Arc<dyn Store> {
        self.open(clock()).await
    }
}

/// A replica of the suite's ledger in a cluster.
pub async fn replica(address: &str, folder: &std::path::Path, clock: Clock) -> EventStoreDb {
    let address = Address::new(address, None).unwrap();
    let held = eventstoredb::holder(&address, Some(CHECK)).await.unwrap();
    assert_eq!(held, Some(CHECK), "the server holds another ledger than the suite's");
    EventStoreDb::open(address, folder, CHECK, clock, &mut |_, _| ()).await.unwrap()
}

/// A clock that moves by a microsecond a look, later than any run before.
pub fn clock() -> Clock {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = AtomicI64::new(i64::try_from(now.as_micros()).unwrap());
    Arc::new(move || RecordedTime::from_micros(now.fetch_add(1, Ordering::Relaxed)))
}

/// Somebody whom no run before has written to.
pub fn anyone() -> PersonId {
    PersonId::new(Uuid::new_v4())
}

/// An id that no run before has used.
pub fn id() -> String {
    Uuid::new_v4().to_string()
}

pub fn stamped(person: PersonId, id: &str) -> Stamped {
    let draft = draft_of(person, "urn:test", id, "2026-03-01T10:00:00+01:00");
    Stamped::new(&draft, person, pair(&PAIR_KEY, &draft.key), &[9; 32])
}

pub fn write(person: PersonId, expected: Expected, ids: &[&str]) -> Write {
    let records = ids.iter().map(|id| stamped(person, id)).collect();
    Write { stream: person, expected, records }
}

/// The records of an outcome that is to be an append.
pub fn appended(outcome: &Outcome) -> &[Stored] {
    match outcome {
        Outcome::Appended(stored) => stored,
        other => panic!("not appended: {other:?}"),
    }
}

pub fn end(store: &dyn Store) -> Position {
    *store.subscribe().borrow()
}

/// All behind a position.
pub async fn behind(store: &dyn Store, after: Position) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let from = all.last().map_or(after, |last| last.position);
        let page = store.read_all(from, 1_000).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

pub fn recorded(stored: &Stored) -> RecordedTime {
    View::new(&stored.record).unwrap().recorded()
}

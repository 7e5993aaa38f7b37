//! The backends under test, and records to test them with.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use care_ledger::domain::id::{PersonId, Position, RecordedTime};
use care_ledger::domain::record::{UnstampedRecord, View, dedup_key};
use care_ledger::domain::stream::Stream;
use care_ledger::ledger::read::open::Reader;
use care_ledger::store::StampClock;
use care_ledger::store::cluster::{self, ClusterAddress, EventStoreDb, Unclaimed};
use care_ledger::store::embedded::Embedded;
use care_ledger::store::{AppendGroup, Expected, Outcome, Store, Stored, Write};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::standin::{Call, Fault, Standin};
use super::support::dice::Dice;
use super::support::draft_of;

pub use super::support::HASH_KEYS;

/// In what capacity the suite reads.
pub const READER: Reader = Reader::system("test");

/// The check value of the keys of the suite's ledger.
pub const CHECK: [u8; 32] = [8; 32];

/// The variable that names a server to test instead of the stand-in.
const SERVER: &str = "CARE_LEDGER_TEST_ESDB";

/// Faults of writes and of subscriptions that pass by themselves. A caller that appends must not
/// notice them.
const TROUBLES: [(Fault, Call); 14] = [
    (Fault::NotReady, Call::Append),
    (Fault::TooBusy, Call::Append),
    (Fault::NoLeaderInfo, Call::Append),
    (Fault::Timeout, Call::Append),
    (Fault::TimeoutAfterCommit, Call::Append),
    (Fault::CutBefore, Call::Append),
    (Fault::CutAfter, Call::Append),
    (Fault::CutHalfway, Call::Append),
    (Fault::WrongExpectedVersion, Call::Append),
    (Fault::Late(Duration::from_millis(120)), Call::Append),
    (Fault::DropAfter(1), Call::Subscribe),
    (Fault::DropAfter(5), Call::Subscribe),
    (Fault::Repeat, Call::Subscribe),
    (Fault::NotReady, Call::ReadAll),
];

/// A backend, and the folder and cluster that it uses.
pub struct Bench {
    pub folder: TempDir,
    pub cluster: Option<Cluster>,
    _troubles: Option<Troubles>,
}

/// The task that causes faults. It ends with the bench.
struct Troubles(JoinHandle<()>);

impl Drop for Troubles {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A running server, or the stand-in.
pub enum Cluster {
    Server(String),
    Standin(Standin),
}

impl Bench {
    pub fn embedded() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), cluster: None, _troubles: None }
    }

    /// The named server, or a stand-in whose log holds events of other applications too.
    pub async fn cluster() -> Self {
        let cluster = match std::env::var(SERVER) {
            Ok(address) => Cluster::Server(address),
            Err(_) => {
                let standin = Standin::start(3).await;
                standin.write_system(50);
                Cluster::Standin(standin)
            }
        };
        let folder = tempfile::tempdir().unwrap();
        Self { folder, cluster: Some(cluster), _troubles: None }
    }

    /// A stand-in with a new fault or a new leader every few hundred milliseconds.
    pub async fn troubled() -> Self {
        let standin = Standin::start(3).await;
        let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
        println!("SEED={seed}");
        let troubles = tokio::spawn(trouble(standin.clone(), Dice::new(seed)));
        let folder = tempfile::tempdir().unwrap();
        let cluster = Some(Cluster::Standin(standin));
        Self { folder, cluster, _troubles: Some(Troubles(troubles)) }
    }

    /// Opens the backend, as after a start.
    pub async fn open(&self, clock: StampClock) -> Arc<dyn Store> {
        match &self.cluster {
            None => {
                Arc::new(Embedded::open(self.folder.path(), CHECK, clock, &mut |_, _| ()).unwrap())
            }
            Some(Cluster::Server(address)) => {
                Arc::new(replica(address, self.folder.path(), clock).await)
            }
            Some(Cluster::Standin(standin)) => {
                let address = standin.connection_string();
                Arc::new(replica(&address, self.folder.path(), clock).await)
            }
        }
    }

    /// Opens the backend with a new clock.
    pub async fn fresh(&self) -> Arc<dyn Store> {
        self.open(clock()).await
    }
}

async fn trouble(standin: Standin, mut dice: Dice) {
    loop {
        tokio::time::sleep(Duration::from_millis(dice.within(50..350))).await;
        let place = usize::try_from(dice.below(TROUBLES.len() as u64 + 2)).unwrap();
        match TROUBLES.get(place) {
            Some((fault, call)) => {
                // One fault at a time: if faults piled up, each call would fail.
                standin.clear_faults();
                standin.fault(*fault, *call, 1);
            }
            None => standin.elect(usize::try_from(dice.below(3)).unwrap()),
        }
    }
}

/// A replica of the suite's ledger in a cluster.
pub async fn replica(address: &str, folder: &std::path::Path, clock: StampClock) -> EventStoreDb {
    let address = ClusterAddress::new(address, None).unwrap();
    let held = cluster::ledger_in(&address, Unclaimed::Claim(CHECK)).await.unwrap();
    assert_eq!(held, Some(CHECK), "the server holds another ledger than the suite's");
    EventStoreDb::open(address, folder, CHECK, clock, &mut |_, _| ()).await.unwrap()
}

/// A clock that starts at the present time and moves by a microsecond at each reading.
pub fn clock() -> StampClock {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = AtomicI64::new(i64::try_from(now.as_micros()).unwrap());
    Arc::new(move || RecordedTime::from_micros(now.fetch_add(1, Ordering::Relaxed)))
}

/// A person to whom no earlier run has written.
pub fn anyone() -> PersonId {
    PersonId::new(Uuid::new_v4())
}

/// An id that no earlier run has used.
pub fn id() -> String {
    Uuid::new_v4().to_string()
}

pub fn stamped(person: PersonId, id: &str) -> UnstampedRecord {
    salted(person, id, 9)
}

/// A record with its own salt, as each request has: two records of one event differ.
pub fn salted(person: PersonId, id: &str, salt: u8) -> UnstampedRecord {
    let draft = draft_of(person, "urn:test", id, "2026-03-01T10:00:00+01:00");
    UnstampedRecord::new(
        &draft,
        person.into(),
        dedup_key(&HASH_KEYS.dedup, &draft.key),
        &[salt; 32],
    )
}

pub fn write(person: PersonId, expected: Expected, ids: &[&str]) -> Write {
    let records = ids.iter().map(|id| stamped(person, id)).collect();
    Write { stream: Stream::person(person), expected, group: AppendGroup::WithStream, records }
}

/// The records of an outcome, which must be an append.
pub fn appended(outcome: &Outcome) -> &[Stored] {
    match outcome {
        Outcome::Appended(stored) => stored,
        other => panic!("not appended: {other:?}"),
    }
}

pub fn end(store: &dyn Store) -> Position {
    store.status().borrow().tail
}

/// All records behind a position.
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
    View::new(&stored.record).unwrap().recorded_at()
}

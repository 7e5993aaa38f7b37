//! The promises that only a cluster makes: replicas agree, and a copy is derived from the cluster.
//! All tests run on the stand-in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use care_ledger::domain::finding::FindingCode;
use care_ledger::domain::id::{PersonId, Position, Revision};
use care_ledger::domain::record::{View, commitment};
use care_ledger::domain::stream::{Stream, StreamName};
use care_ledger::ledger::Ledger;
use care_ledger::ledger::record::{ReceiptStatus, WriteMode};
use care_ledger::store::StampClock;
use care_ledger::store::cluster::EventStoreDb;
use care_ledger::store::{Condition, Expected, Outcome, Store, Stored, Write};

use super::bench::{
    HASH_KEYS, READER, anyone, appended, behind, clock, end, id, recorded, replica, salted,
    stamped, write,
};
use super::standin::{Call, Fault, Standin};
use super::support::draft_of;

pub async fn open(standin: &Standin, folder: &std::path::Path) -> Arc<EventStoreDb> {
    Arc::new(replica(&standin.connection_string(), folder, clock()).await)
}

pub async fn all(store: &EventStoreDb) -> Vec<Stored> {
    behind(store, Position::START).await
}

/// The streams that share a dedup key with a stream, this stream included.
async fn cross_stream_duplicates(store: &EventStoreDb, stream: PersonId) -> BTreeSet<PersonId> {
    let slice = store.read_stream(&Stream::person(stream), Revision(0), 100).await.unwrap();
    let duplicates = slice.records.iter().filter(|stored| stored.is_cross_stream_duplicate);
    let keys = duplicates.map(|stored| View::new(&stored.record).unwrap().dedup_key()).collect();
    let found = store.find(keys).await.unwrap();
    found
        .iter()
        .flatten()
        .map(|stored| View::new(&stored.record).unwrap().person().unwrap())
        .collect()
}

/// Waits until a replica shows this many records.
async fn shows(store: &EventStoreDb, count: u64) {
    let mut status = store.status();
    let shown = status.wait_for(|now| now.tail.number() >= count);
    tokio::time::timeout(Duration::from_secs(20), shown).await.unwrap().unwrap();
}

/// Waits until the store is in a condition.
pub async fn becomes(store: &EventStoreDb, condition: Condition) {
    for _ in 0..2_000 {
        if store.status().borrow().condition == condition {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still {:?}", store.status().borrow().condition);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_race_and_agree() {
    let standin = Standin::start(3).await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = open(&standin, folders[0].path()).await;
    let two = open(&standin, folders[1].path()).await;
    let people = [anyone(), anyone(), anyone()];
    let tasks: Vec<_> = (0..8_u8)
        .map(|task| {
            let store = if task % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move {
                let mut written = 0;
                for n in 0..15 {
                    // Both replicas try each dedup key, always for the same person.
                    let id = format!("{}-{n}", task / 2);
                    let to = people[usize::from(task / 2 % 3)];
                    let sent = salted(to, &id, task);
                    let head = sent.head.clone();
                    let write = Write { records: vec![sent], ..write(to, Expected::Any, &[]) };
                    match &store.append(vec![write]).await.unwrap()[0] {
                        Outcome::Appended(stored) => {
                            assert!(stored[0].record.starts_with(&head), "another's record");
                            written += 1;
                        }
                        outcome => assert_eq!(*outcome, Outcome::AlreadyStored(vec![0])),
                    }
                }
                written
            })
        })
        .collect();
    let mut written = 0;
    for task in tasks {
        written += task.await.unwrap();
    }
    assert_eq!(written, 60, "each dedup key is written by one of the two that try");
    shows(&one, 60).await;
    shows(&two, 60).await;
    assert_eq!(all(&one).await, all(&two).await, "the same records at the same positions");
    let records = all(&one).await;
    let positions: Vec<u64> = records.iter().map(|stored| stored.position.number()).collect();
    assert_eq!(positions, (1..=60).collect::<Vec<_>>());
    for person in people {
        let slice = one.read_stream(&Stream::person(person), Revision(0), 100).await.unwrap();
        let times: Vec<_> = slice.records.iter().map(recorded).collect();
        assert!(times.windows(2).all(|two| two[0] < two[1]), "exact for each person");
    }
    // A third replica, which begins without a copy, reads the same records.
    let folder = tempfile::tempdir().unwrap();
    let three = open(&standin, folder.path()).await;
    assert_eq!(all(&three).await, records);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dedup_key_taken_for_two_persons_at_once_is_a_finding_of_every_replica() {
    let standin = Standin::start(1).await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = open(&standin, folders[0].path()).await;
    let two = open(&standin, folders[1].path()).await;
    let (a, b) = (anyone(), anyone());
    let id = id();
    // Each replica decides before it sees the record of the other.
    standin.fault(Fault::Late(Duration::from_secs(1)), Call::Append, 2);
    let writes = [write(a, Expected::Any, &[&id]), write(b, Expected::Any, &[&id])];
    let [first, second] = writes;
    let (first, second) = tokio::join!(one.append(vec![first]), two.append(vec![second]));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((appended(&first[0]).len(), appended(&second[0]).len()), (1, 1));
    let dedup_key = stamped(a, &id).dedup_key;
    for store in [&one, &two] {
        shows(store, 2).await;
        assert_eq!(cross_stream_duplicates(store, a).await, BTreeSet::from([a, b]));
        assert_eq!(cross_stream_duplicates(store, b).await, BTreeSet::from([a, b]));
        assert!(cross_stream_duplicates(store, anyone()).await.is_empty());
        let found = store.find(vec![dedup_key]).await.unwrap().remove(0);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].position, Position::new(1), "the first of them answers");
        let slice = store.read_stream(&Stream::person(b), Revision(0), 9).await.unwrap();
        assert_eq!(slice.records.len(), 1, "the other is in its stream");
    }
    // The answer about each person has the finding, but not as known before the second record.
    let ledger = Ledger::with_store(one.clone(), HASH_KEYS);
    for person in [a, b] {
        let known = ledger.person(&READER, person, None).await.unwrap().unwrap();
        let codes: Vec<_> = known.history.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [FindingCode::IdReusedAcrossPersons]);
    }
    let first = all(&one).await.iter().map(recorded).min().unwrap();
    for person in [a, b] {
        let before = ledger.person(&READER, person, Some(first)).await.unwrap().unwrap();
        assert!(before.history.findings.is_empty(), "of two, one is known");
    }
    // A retry gets the receipt of its own record, although the other record is found first.
    for person in [a, b] {
        let draft = draft_of(person, "urn:test", &id, "2026-03-01T10:00:00+01:00");
        let again =
            ledger.record(&[draft], Expected::Any, WriteMode::Write).await.unwrap().remove(0);
        assert_eq!((again.status, again.stream), (ReceiptStatus::Duplicate, person.into()));
        assert_eq!(again.revision, Revision(0));
    }
    drop(ledger);
    // The same holds after a start, with the old copy and without a copy.
    drop((one, two));
    for folder in &folders {
        let index = folder.path().join("mirror/index");
        std::fs::remove_dir_all(index).unwrap();
        let store = open(&standin, folder.path()).await;
        assert_eq!(cross_stream_duplicates(&store, a).await.len(), 2);
        drop(store);
        std::fs::remove_dir_all(folder.path().join("mirror")).unwrap();
        let store = open(&standin, folder.path()).await;
        assert_eq!(cross_stream_duplicates(&store, a).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_known_never_steps_back_where_the_clocks_of_replicas_differ() {
    let standin = Standin::start(1).await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = open(&standin, folders[0].path()).await;
    let hour = 3_600_000_000;
    let ahead = clock();
    let ahead: StampClock = Arc::new(move || {
        care_ledger::domain::id::RecordedTime::from_micros(ahead().micros() + hour)
    });
    let two = replica(&standin.connection_string(), folders[1].path(), ahead).await;
    // Both decide before either record is visible, and the record with the later time is written
    // first.
    standin.fault(Fault::Late(Duration::from_millis(800)), Call::Append, 1);
    standin.fault(Fault::Late(Duration::from_millis(1_500)), Call::Append, 1);
    let late = two.append(vec![write(anyone(), Expected::Any, &[&id()])]);
    let early = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        one.append(vec![write(anyone(), Expected::Any, &[&id()])]).await
    };
    let (late, early) = tokio::join!(late, early);
    let (late, early) = (late.unwrap(), early.unwrap());
    let (late, early) = (&appended(&late[0])[0], &appended(&early[0])[0]);
    assert!(recorded(late) > recorded(early) && late.position < early.position);
    shows(&one, 2).await;
    let latest = recorded(late);
    let second = one.read_at(Position::new(2)).await.unwrap().unwrap();
    assert_eq!(second.latest_recorded_time, latest, "of both");
    assert_eq!(one.status().borrow().latest_recorded_time, latest);
    assert_eq!(one.read_at(Position::new(3)).await.unwrap(), None);
    // The next record gets a time after both.
    let next = one.append(vec![write(anyone(), Expected::Any, &[&id()])]).await.unwrap();
    assert!(recorded(&appended(&next[0])[0]) > latest);
    drop(one);
    let one = open(&standin, folders[0].path()).await;
    let second = one.read_at(Position::new(2)).await.unwrap().unwrap();
    assert_eq!(second.latest_recorded_time, latest, "after a start");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_is_made_anew_from_the_cluster_whatever_happens_to_it() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&standin, folder.path()).await;
    for n in 0..20 {
        standin.write_system(3);
        let to = anyone();
        store.append(vec![write(to, Expected::Any, &[&format!("a{n}"), &id()])]).await.unwrap();
    }
    let before = all(&store).await;
    drop(store);
    let copy = folder.path().join("mirror");
    type Harm<'a> = (&'a str, Box<dyn Fn()>);
    let (whole, cursor, index) = (copy.clone(), copy.join("cursor.json"), copy.join("index"));
    let torn = cursor.clone();
    let rows: [Harm<'_>; 4] = [
        ("the cursor is gone", Box::new(move || std::fs::remove_file(&cursor).unwrap())),
        ("the cursor is torn", Box::new(move || std::fs::write(&torn, b"{\"cur").unwrap())),
        ("the index is gone", Box::new(move || std::fs::remove_dir_all(&index).unwrap())),
        ("all is gone", Box::new(move || std::fs::remove_dir_all(&whole).unwrap())),
    ];
    for (why, harm) in rows {
        harm();
        let store = open(&standin, folder.path()).await;
        assert_eq!(all(&store).await, before, "{why}");
        let known = store.append(vec![write(anyone(), Expected::Any, &["a7"])]).await.unwrap();
        assert_eq!(known, [Outcome::AlreadyStored(vec![0])], "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_feed_goes_on_behind_every_record() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let mut stages = Vec::new();
    for n in 0..8 {
        let store = open(&standin, folder.path()).await;
        standin.write_system(n);
        let (a, b) = (anyone(), anyone());
        let writes = [a, b].map(|person| write(person, Expected::Any, &[&id()]));
        store.append(writes[..1 + n % 2].to_vec()).await.unwrap();
        drop(store);
        let stage = tempfile::tempdir().unwrap();
        super::support::folder::copy(folder.path(), stage.path());
        stages.push(stage);
    }
    let store = open(&standin, folder.path()).await;
    let records = all(&store).await;
    assert_eq!(records.len(), 12);
    for (n, stage) in stages.iter().enumerate() {
        let store = open(&standin, stage.path()).await;
        assert_eq!(all(&store).await, records, "as it was after append {n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_others_write_is_passed_over() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    standin.write_system(10);
    // Another application has a category of the same name.
    standin.write("person-42", "somethingElse", "x");
    let store = open(&standin, folder.path()).await;
    let person = anyone();
    for _ in 0..5 {
        standin.write_system(7);
        store.append(vec![write(person, Expected::Any, &[&id()])]).await.unwrap();
    }
    let positions: Vec<u64> = all(&store).await.iter().map(|s| s.position.number()).collect();
    assert_eq!(positions, [1, 2, 3, 4, 5]);
    let logged = standin.log();
    let ours: Vec<_> = logged
        .iter()
        .filter(|event| event.stream == StreamName::Person(person).to_string())
        .collect();
    for (event, stored) in ours.iter().zip(all(&store).await) {
        assert_eq!(event.event_type, "careRecord");
        assert_eq!(event.metadata.len(), 54, "the clear part and nothing more");
        let mut record = event.metadata.to_vec();
        record.extend_from_slice(&event.data);
        assert_eq!(commitment(&record), commitment(&stored.record));
    }
    assert_eq!(end(&*store), Position::new(5));
}

//! What every backend promises, as one suite; the embedded store's own promises after it.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use care_ledger::domain::id::{PersonId, Position, RecordedTime, Revision};
use care_ledger::domain::record::{Stamped, View};
use care_ledger::store::embedded::{Clock, Embedded, OpenError};
use care_ledger::store::{Expected, Outcome, Store, Stored, Write};
use support::{draft_of, person};

const PAIR_KEY: [u8; 32] = [7; 32];

fn clock() -> Clock {
    let now = AtomicI64::new(1_790_000_000_000_000);
    Arc::new(move || RecordedTime::from_micros(now.fetch_add(1, Ordering::Relaxed)))
}

fn open(folder: &std::path::Path) -> Embedded {
    Embedded::open(folder, clock(), &mut |_, _| ()).unwrap()
}

fn stamped(person: PersonId, id: &str) -> Stamped {
    let draft = draft_of(person, "urn:test", id, "2026-03-01T10:00:00+01:00");
    let pair = care_ledger::domain::record::pair(&PAIR_KEY, &draft.key);
    Stamped::new(&draft, person, pair, &[9; 32])
}

fn write(person: PersonId, expected: Expected, ids: &[&str]) -> Write {
    let records = ids.iter().map(|id| stamped(person, id)).collect();
    Write { stream: person, expected, records }
}

fn placed(outcome: &Outcome) -> Vec<(u64, u64)> {
    match outcome {
        Outcome::Appended(stored) => {
            stored.iter().map(|s| (s.position.number(), s.revision.0)).collect()
        }
        other => panic!("not appended: {other:?}"),
    }
}

async fn all(store: &dyn Store) -> Vec<Stored> {
    store.read_all(Position::START, 1_000_000).await.unwrap()
}

#[tokio::test]
async fn an_append_gives_places_in_order_and_reads_see_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (a, b) = (person(1), person(2));
    let outcomes = store
        .append(vec![
            write(a, Expected::New, &["1", "2"]),
            write(b, Expected::Any, &["3"]),
            write(a, Expected::Any, &["4"]),
        ])
        .await
        .unwrap();
    let places: Vec<_> = outcomes.iter().map(placed).collect();
    assert_eq!(places, [vec![(1, 0), (2, 1)], vec![(3, 0)], vec![(4, 2)]]);
    let slice = store.read_stream(a, Revision(1), 10).await.unwrap();
    let read: Vec<u64> = slice.records.iter().map(|s| s.position.number()).collect();
    assert_eq!((read, slice.last), (vec![2, 4], Some(Revision(2))));
    assert_eq!(store.read_stream(person(9), Revision(0), 10).await.unwrap().last, None);
    assert_eq!(*store.subscribe().borrow(), Position::new(4));
}

#[tokio::test]
async fn one_refused_write_leaves_the_whole_append_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (a, b) = (person(1), person(2));
    store.append(vec![write(a, Expected::New, &["1"])]).await.unwrap();
    let conflict = Outcome::Conflict { actual: Some(Revision(0)) };
    let rows = [
        ("new but exists", write(a, Expected::New, &["2"]), conflict.clone()),
        ("other revision", write(a, Expected::At(Revision(3)), &["2"]), conflict.clone()),
        ("pair known", write(a, Expected::Any, &["2", "1"]), Outcome::Known(vec![1])),
        ("known before expected", write(a, Expected::New, &["1"]), Outcome::Known(vec![0])),
        ("known elsewhere", write(b, Expected::Any, &["1"]), Outcome::Known(vec![0])),
    ];
    for (why, refused, outcome) in rows {
        let outcomes = store.append(vec![write(b, Expected::Any, &["5"]), refused]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Withheld, outcome], "{why}");
    }
    assert_eq!(all(&store).await.len(), 1);
}

#[tokio::test]
async fn recorded_time_rises_with_position_also_when_the_clock_steps_back() {
    let folder = tempfile::tempdir().unwrap();
    let step = AtomicI64::new(1_790_000_000_000_000);
    let back: Clock =
        Arc::new(move || RecordedTime::from_micros(step.fetch_sub(1_000_000, Ordering::Relaxed)));
    let store = Embedded::open(folder.path(), back, &mut |_, _| ()).unwrap();
    for id in 0..20 {
        let ids = [format!("{id}a"), format!("{id}b")];
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        store.append(vec![write(person(1), Expected::Any, &ids)]).await.unwrap();
    }
    let times: Vec<_> = all(&store).await.iter().map(recorded).collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    drop(store);
    let store = open(folder.path());
    store.append(vec![write(person(1), Expected::Any, &["after"])]).await.unwrap();
    let last = all(&store).await.iter().map(recorded).next_back().unwrap();
    assert!(last > *times.last().unwrap(), "a restart goes on after the last record");
}

fn recorded(stored: &Stored) -> RecordedTime {
    View::new(&stored.record).unwrap().recorded()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_writers_leave_no_gap_and_no_pair_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for id in 0..50_u32 {
                    // Every pair is tried by four tasks, in one of three streams.
                    let id = format!("{}-{id}", task % 4);
                    let to = person(task % 4 % 3);
                    store.append(vec![write(to, Expected::Any, &[&id])]).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let records = all(&*store).await;
    assert_eq!(records.len(), 200);
    for (place, stored) in records.iter().enumerate() {
        assert_eq!(stored.position.number(), place as u64 + 1);
    }
    for n in 0..3 {
        let slice = store.read_stream(person(n), Revision(0), 1_000).await.unwrap();
        for (place, stored) in slice.records.iter().enumerate() {
            assert_eq!(stored.revision.0, place as u64);
        }
    }
}

#[tokio::test]
async fn a_second_process_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let refused = Embedded::open(folder.path(), clock(), &mut |_, _| ()).err().unwrap();
    assert!(matches!(refused, OpenError::InUse));
    assert!(refused.to_string().contains("--url"));
    drop(store);
    open(folder.path());
}

#[tokio::test]
async fn a_newer_format_and_a_foreign_file_are_refused() {
    for (application, version) in [(0x4361_7265, 2), (1, 1), (0, 3)] {
        let folder = tempfile::tempdir().unwrap();
        let database = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
        database
            .execute_batch(&format!(
                "CREATE TABLE t (x); PRAGMA application_id = {application};
                 PRAGMA user_version = {version};"
            ))
            .unwrap();
        drop(database);
        let refused = Embedded::open(folder.path(), clock(), &mut |_, _| ()).err().unwrap();
        assert!(matches!(refused, OpenError::Format { .. }), "{application} {version}");
    }
}

#[tokio::test]
async fn the_index_is_rebuilt_from_the_log_whatever_happens_to_it() {
    type Harm = fn(&std::path::Path);
    let rows: [(&str, Harm); 4] = [
        ("deleted", |index| std::fs::remove_dir_all(index).unwrap()),
        ("one bit flipped", |index| {
            each_segment(index, |path| {
                let mut bytes = std::fs::read(path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                std::fs::write(path, bytes).unwrap();
            });
        }),
        ("cut short", |index| {
            each_segment(index, |path| {
                let bytes = std::fs::read(path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() - 40]).unwrap();
            });
        }),
        ("a draft left behind", |index| std::fs::write(index.join("x.draft"), b"half").unwrap()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    // More than one stretch, so that segments are written.
    let count = 300_000_u32;
    for chunk in (0..count).collect::<Vec<_>>().chunks(10_000) {
        let writes = chunk
            .iter()
            .map(|n| write(person(n % 1_000), Expected::Any, &[&n.to_string()]))
            .collect();
        store.append(writes).await.unwrap();
    }
    drop(store);
    for (why, harm) in rows {
        harm(&folder.path().join("index"));
        let store = open(folder.path());
        let slice = store.read_stream(person(7), Revision(0), 1_000).await.unwrap();
        assert_eq!(slice.records.len(), 300, "{why}");
        assert_eq!(slice.last, Some(Revision(299)), "{why}");
        for n in [0_u32, 7, 262_143, 262_144, count - 1] {
            let known = store
                .append(vec![write(person(1), Expected::Any, &[&n.to_string()])])
                .await
                .unwrap();
            assert_eq!(known, [Outcome::Known(vec![0])], "{why}: {n}");
        }
    }
}

fn each_segment(index: &std::path::Path, harm: impl Fn(&std::path::Path)) {
    let mut seen = 0;
    for file in std::fs::read_dir(index).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "segment") {
            harm(&path);
            seen += 1;
        }
    }
    assert!(seen > 0, "no segment was written");
}

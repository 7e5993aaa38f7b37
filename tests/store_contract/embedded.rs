//! The promises that only the embedded store makes: one process for each folder, one format, and an
//! index that is derived from the log.

use std::path::Path;

use care_ledger::domain::id::{Position, Revision};
use care_ledger::domain::stream::Stream;
use care_ledger::ledger::Ledger;
use care_ledger::ledger::record::WriteMode;
use care_ledger::store::embedded::{Embedded, FolderOpenError, LockedFolder};
use care_ledger::store::migrate::{KeysError, Location, MoveMode, MovingKeys, migrate};
use care_ledger::store::open::{ClusterAddress, StoreConfig};
use care_ledger::store::{Expected, Outcome, Store as _};

use super::bench::{CHECK, clock, write};
use super::support::{draft_of, person};

fn open(folder: &Path) -> Embedded {
    Embedded::open(folder, CHECK, clock(), &mut |_, _| ()).unwrap()
}

#[tokio::test]
async fn a_second_process_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let refused = Embedded::open(folder.path(), CHECK, clock(), &mut |_, _| ()).err().unwrap();
    assert!(matches!(refused, FolderOpenError::InUse));
    assert!(refused.to_string().contains("--url"));
    drop(store);
    open(folder.path());
}

#[tokio::test]
async fn another_format_and_a_foreign_file_are_refused_with_what_to_do() {
    let rows = [
        (0x4361_7265, 4, "the log has format 4"),
        (1, 1, "the log has format 1"),
        (0, 3, "the log has format 3"),
        (0x4361_7265, 1, "name another --data folder"),
        (0x4361_7265, 2, "name another --data folder"),
    ];
    for (application, version, said) in rows {
        let folder = tempfile::tempdir().unwrap();
        let database = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
        database
            .execute_batch(&format!(
                "CREATE TABLE t (x); PRAGMA application_id = {application};
                 PRAGMA user_version = {version};"
            ))
            .unwrap();
        drop(database);
        let refused = Embedded::open(folder.path(), CHECK, clock(), &mut |_, _| ()).err().unwrap();
        assert!(refused.to_string().contains(said), "{application} {version}: {refused}");
    }
}

/// Keys that are not there.
struct NoKeys;

impl MovingKeys for NoKeys {
    fn files(&self) -> &[&str] {
        &[]
    }

    fn check(&self) -> Result<[u8; 32], KeysError> {
        Err("no keys".into())
    }

    fn put_into(&self, _: &Path) -> Result<(), KeysError> {
        Err("no keys".into())
    }
}

/// A folder of an older format has no `ledger.keys`, so the keys must be asked for later.
#[tokio::test]
async fn a_folder_of_an_older_format_is_refused_for_its_format_and_not_for_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let copy = data.join("replica/mirror");
    std::fs::create_dir_all(&copy).unwrap();
    for file in [data.join("ledger.db"), copy.join("ledger.db")] {
        let database = rusqlite::Connection::open(file).unwrap();
        let sql = "CREATE TABLE t (x); PRAGMA application_id = 0x43617265; PRAGMA user_version = 2";
        database.execute_batch(sql).unwrap();
    }
    let address = Box::new(ClusterAddress::new("esdb://127.0.0.1:1?tls=false", None).unwrap());
    let replica = data.join("replica");
    let configs = [
        StoreConfig::Folder(data.to_owned()),
        StoreConfig::Cluster { address: address.clone(), folder: replica },
    ];
    for config in configs {
        let refused = Ledger::open(&config, &mut |_, _| ()).await.err().unwrap();
        assert!(refused.to_string().contains("name another --data folder"), "{refused}");
    }
    let (from, to) = (Location::Folder(data.to_owned()), Location::Cluster(address));
    let moved = migrate(from, to, &NoKeys, MoveMode::Move, &mut |_, _, _| ()).await;
    assert!(moved.unwrap_err().to_string().contains("name another --data folder"));
}

#[tokio::test]
async fn a_first_start_that_did_not_succeed_is_taken_back_unless_its_log_has_a_record() {
    for has_record in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let config = StoreConfig::Folder(data.clone());
        let ledger = Ledger::open(&config, &mut |_, _| ()).await.unwrap();
        ledger.first_start().note_missing(&["later"]);
        std::fs::write(data.join("later"), "").unwrap();
        let first_start = ledger.first_start().clone();
        if has_record {
            let draft = draft_of(person(1), "urn:test", "1", "2026-03-01T10:00:00+01:00");
            ledger.record(&[draft], Expected::Any, WriteMode::Write).await.unwrap();
        }
        drop(ledger);
        drop(first_start);
        assert_eq!(data.exists(), has_record);
        if has_record {
            let again = Ledger::open(&config, &mut |_, _| ()).await.unwrap();
            assert_eq!(again.tail(), Position::new(1));
        }
    }
}

#[tokio::test]
async fn two_processes_that_start_one_new_replica_draw_one_ledgers_keys() {
    let folder = tempfile::tempdir().unwrap();
    let _other_start = LockedFolder::lock(folder.path()).unwrap();
    let address = Box::new(ClusterAddress::new("esdb://127.0.0.1:1?tls=false", None).unwrap());
    let config = StoreConfig::Cluster { address, folder: folder.path().to_owned() };
    let refused = Ledger::open(&config, &mut |_, _| ()).await.err().unwrap();
    assert!(refused.to_string().contains("in use by another process"), "{refused}");
    assert!(!folder.path().join("ledger.keys").exists());
}

#[tokio::test]
async fn the_index_is_rebuilt_from_the_log_whatever_happens_to_it() {
    type Harm = fn(&Path);
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
    // More records than one table of the index takes, so that a segment is written.
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
        let slice =
            store.read_stream(&Stream::person(person(7)), Revision(0), 1_000).await.unwrap();
        assert_eq!(slice.records.len(), 300, "{why}");
        assert_eq!(slice.last, Some(Revision(299)), "{why}");
        for n in [0_u32, 7, 262_143, 262_144, count - 1] {
            let known = store
                .append(vec![write(person(1), Expected::Any, &[&n.to_string()])])
                .await
                .unwrap();
            assert_eq!(known, [Outcome::AlreadyStored(vec![0])], "{why}: {n}");
        }
    }
}

fn each_segment(index: &Path, harm: impl Fn(&Path)) {
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

//! A replica checks the log that it follows. It stops with a reason if the cluster lost, changed or
//! deleted something or holds another ledger, and gives no answers from a copy that never had every
//! record. All tests run on the stand-in.

use std::collections::BTreeSet;

use care_ledger::store::cluster::{
    self, ClusterAddress, ClusterOpenError, EventStoreDb, FollowStopReason, Unclaimed,
};
use care_ledger::store::{Condition, Expected, Store as _};

use super::bench::{CHECK, anyone, clock, id, write};
use super::cluster_only::{all, becomes, open};
use super::standin::Standin;
use care_ledger::domain::stream::StreamName;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_that_lost_something_is_not_followed_and_the_reason_is_given() {
    type Harm = fn(&Standin, &str);
    let rows: [(&str, FollowStopReason, Harm); 3] = [
        ("restored, and written on", FollowStopReason::LastRecordMissing, |standin, _| {
            standin.forget_from(standin.log().len() - 2);
            (0..9).for_each(|n| {
                standin.write("another-1", "somethingElse", vec![n; 77]);
            });
        }),
        ("restored from an older backup", FollowStopReason::LastRecordMissing, |standin, _| {
            standin.forget_from(standin.log().len() - 2);
        }),
        (
            "a record is missing in the middle",
            FollowStopReason::RecordMissing,
            |standin, stream| {
                assert!(standin.remove(stream, 2));
            },
        ),
    ];
    for (why, expected, harm) in rows {
        let standin = Standin::start(1).await;
        let folder = tempfile::tempdir().unwrap();
        let store = open(&standin, folder.path()).await;
        let person = anyone();
        for _ in 0..5 {
            store.append(vec![write(person, Expected::Any, &[&id()])]).await.unwrap();
        }
        drop(store);
        harm(&standin, &StreamName::Person(person).to_string());
        if expected == FollowStopReason::RecordMissing {
            std::fs::remove_dir_all(folder.path().join("mirror")).unwrap();
        }
        let address = ClusterAddress::new(&standin.connection_string(), None).unwrap();
        let opened =
            EventStoreDb::open(address, folder.path(), CHECK, clock(), &mut |_, _| ()).await;
        let error = opened.err().expect(why);
        assert!(
            matches!(error, ClusterOpenError::Stopped(lost) if lost == expected),
            "{why}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_read_last_and_not_written_down_is_missed_too() {
    type Harm = fn(&Standin);
    let rows: [(&str, Option<FollowStopReason>, Harm); 3] = [
        ("the cluster has it", None, |_| ()),
        ("it has less", Some(FollowStopReason::LastRecordMissing), |standin| {
            standin.forget_from(standin.log().len() - 1);
        }),
        ("it has something else", Some(FollowStopReason::RecordChanged), |standin| {
            let last = standin.log().pop().unwrap();
            standin.forget_from(standin.log().len() - 1);
            let other = anyone();
            let mut metadata = last.metadata.to_vec();
            metadata[6..22].copy_from_slice(other.as_bytes());
            standin.write_with(
                &StreamName::Person(other).to_string(),
                "careRecord",
                last.data,
                metadata,
            );
        }),
    ];
    for (why, expected, harm) in rows {
        let standin = Standin::start(1).await;
        let folder = tempfile::tempdir().unwrap();
        let cursor = folder.path().join("mirror/cursor.json");
        let store = open(&standin, folder.path()).await;
        store.append(vec![write(anyone(), Expected::Any, &[&id(), &id()])]).await.unwrap();
        drop(store);
        drop(open(&standin, folder.path()).await);
        let early = std::fs::read(&cursor).unwrap();
        let store = open(&standin, folder.path()).await;
        store.append(vec![write(anyone(), Expected::Any, &[&id(), &id()])]).await.unwrap();
        drop(store);
        // A killed process leaves an early cursor behind.
        std::fs::write(&cursor, early).unwrap();
        harm(&standin);
        let address = ClusterAddress::new(&standin.connection_string(), None).unwrap();
        let opened =
            EventStoreDb::open(address, folder.path(), CHECK, clock(), &mut |_, _| ()).await;
        let lost = match opened {
            Ok(_) => None,
            Err(ClusterOpenError::Stopped(lost)) => Some(lost),
            Err(other) => panic!("{why}: {other}"),
        };
        assert_eq!(lost, expected, "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_running_replica_stops_at_another_cluster_and_reads_go_on() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&standin, folder.path()).await;
    let person = anyone();
    store.append(vec![write(person, Expected::Any, &[&id(), &id()])]).await.unwrap();
    let before = all(&store).await;
    standin.kill(0).await;
    becomes(&store, Condition::Unreachable).await;
    standin.forget_from(0);
    standin.revive(0).await;
    becomes(&store, Condition::Failed).await;
    assert_eq!(all(&store).await, before, "what was read stays to be read");
    let refused = store.append(vec![write(person, Expected::Any, &[&id()])]).await;
    assert!(refused.is_err());
    assert!(standin.log().is_empty(), "nothing is written to it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_that_never_had_all_answers_nothing_by_itself() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&standin, folder.path()).await;
    store.append(vec![write(anyone(), Expected::Any, &[&id()])]).await.unwrap();
    drop(store);
    // A store that has read every record has also saved how far it has read.
    drop(open(&standin, folder.path()).await);
    let cursor = folder.path().join("mirror/cursor.json");
    let whole = std::fs::read_to_string(&cursor).unwrap();
    let torn = whole.replace("\"was_complete\":true", "\"was_complete\":false");
    assert_ne!(torn, whole);
    std::fs::write(&cursor, torn).unwrap();
    standin.kill(0).await;
    let address = ClusterAddress::new(&standin.connection_string(), None).unwrap();
    let opened =
        EventStoreDb::open(address.clone(), folder.path(), CHECK, clock(), &mut |_, _| ()).await;
    assert!(
        matches!(opened.err().unwrap(), ClusterOpenError::NotOpened(_)),
        "most of it may be missing"
    );
    std::fs::write(&cursor, whole).unwrap();
    let opened = EventStoreDb::open(address, folder.path(), CHECK, clock(), &mut |_, _| ()).await;
    assert_eq!(opened.unwrap().status().borrow().condition, Condition::Unreachable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_with_records_and_no_name_is_not_claimed() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&standin, folder.path()).await;
    store.append(vec![write(anyone(), Expected::Any, &[&id()])]).await.unwrap();
    assert!(standin.remove("careLedger", 0));
    let address = ClusterAddress::new(&standin.connection_string(), None).unwrap();
    let claimed = cluster::ledger_in(&address, Unclaimed::Claim([9; 32])).await;
    assert!(claimed.unwrap_err().to_string().contains("careLedger"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_empty_cluster_is_claimed_once() {
    let standin = Standin::start(3).await;
    let address = ClusterAddress::new(&standin.connection_string(), None).unwrap();
    let claims = (0..4_u8).map(|n| {
        let address = address.clone();
        async move { cluster::ledger_in(&address, Unclaimed::Claim([n; 32])).await.unwrap() }
    });
    let held: BTreeSet<_> = futures::future::join_all(claims).await.into_iter().collect();
    assert_eq!(held.len(), 1, "all are told the same");
    let held = held.into_iter().next().unwrap();
    assert_eq!(cluster::ledger_in(&address, Unclaimed::Leave).await.unwrap(), held);
    let other = [9; 32];
    let folder = tempfile::tempdir().unwrap();
    let opened = EventStoreDb::open(address, folder.path(), other, clock(), &mut |_, _| ()).await;
    assert!(matches!(
        opened.err().unwrap(),
        ClusterOpenError::Stopped(FollowStopReason::OtherLedger)
    ));
}

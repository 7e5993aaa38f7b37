//! Faults of a cluster as named rows: whatever happens to a call, no acknowledged record is lost
//! and no record is stored twice. Each fault of a write has two rows: the write lost, and the write
//! kept but its reply lost. All tests run on the stand-in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use care_ledger::domain::event::Draft;
use care_ledger::domain::id::{PersonId, Position};
use care_ledger::domain::stream::StreamName;
use care_ledger::ledger::Ledger;
use care_ledger::ledger::record::{Receipt, RecordError, WriteMode};
use care_ledger::store::cluster::EventStoreDb;
use care_ledger::store::{AppendError, Condition, Expected, Outcome, Store as _};

use super::bench::{HASH_KEYS, READER, anyone, behind, clock, end, id, replica, write};
use super::standin::{Call, Fault, Standin};
use super::suite::merge as merge_of;
use super::support::draft_of;

fn draft_for(person: PersonId, id: &str) -> Draft {
    draft_of(person, "urn:test", id, "2026-03-01T10:00:00+01:00")
}

/// Sends an event again and again until there is a receipt, as a sender does. Returns the receipt
/// and the number of refusals before it.
async fn settled(ledger: &Ledger, draft: &Draft) -> (Receipt, usize) {
    let mut refused = 0;
    loop {
        match ledger.record(std::slice::from_ref(draft), Expected::Any, WriteMode::Write).await {
            Ok(mut receipts) => return (receipts.remove(0), refused),
            Err(unrecorded) => {
                let why = unrecorded.why;
                let passes = matches!(
                    why,
                    RecordError::Append(
                        AppendError::Busy | AppendError::Unreachable | AppendError::Unsure
                    )
                );
                assert!(passes, "{why}");
                refused += 1;
                assert!(refused < 20, "{why}");
            }
        }
    }
}

async fn open(standin: &Standin, folder: &std::path::Path) -> (Arc<EventStoreDb>, Ledger) {
    let store = Arc::new(replica(&standin.connection_string(), folder, clock()).await);
    let ledger = Ledger::with_store(store.clone(), HASH_KEYS);
    (store, ledger)
}

/// Checks that each receipt's record is in the log where the receipt says, that each event is there
/// once, that streams have no gap, and that a new replica reads the same records.
async fn audit(standin: &Standin, receipts: &[Receipt], why: &str) {
    let mut revisions: BTreeMap<String, u64> = BTreeMap::new();
    let logged = standin.log();
    let ours = logged.iter().filter(|event| event.stream.starts_with("person-"));
    let mut count = 0;
    for event in ours {
        let next = revisions.entry(event.stream.clone()).or_default();
        assert_eq!(event.revision, *next, "{why}");
        *next += 1;
        count += 1;
    }
    assert_eq!(count, receipts.len(), "{why}: each event once");
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(standin, folder.path()).await;
    let records = behind(&*store, Position::START).await;
    for receipt in receipts {
        let entry = receipt.log_entry.unwrap();
        let at = usize::try_from(entry.position.number()).unwrap() - 1;
        let stored = &records[at];
        assert_eq!(stored.revision, receipt.revision, "{why}");
        let commitment = care_ledger::domain::record::commitment(&stored.record);
        assert_eq!(commitment, entry.commitment, "{why}: the receipt tells the record");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_fault_of_a_write_loses_or_doubles_anything() {
    let rows: [(&str, Fault, usize); 14] = [
        ("node not ready", Fault::NotReady, 2),
        ("node too busy", Fault::TooBusy, 2),
        ("no leader", Fault::NoLeaderInfo, 3),
        ("prepare timed out, write lost", Fault::Timeout, 2),
        ("commit timed out, write kept", Fault::TimeoutAfterCommit, 1),
        ("kept and kept again", Fault::TimeoutAfterCommit, 3),
        ("connection cut, write lost", Fault::CutBefore, 2),
        ("connection cut, write kept", Fault::CutAfter, 1),
        ("cut again on the retry", Fault::CutAfter, 3),
        ("session cut with half of what is on its way", Fault::CutHalfway, 2),
        ("no answer, write lost", Fault::HangBeforeCommit, 1),
        ("no answer, write kept", Fault::HangAfterCommit, 1),
        ("wrong expected version for nothing", Fault::WrongExpectedVersion, 2),
        ("late", Fault::Late(Duration::from_millis(700)), 2),
    ];
    let rows = rows.map(|(why, fault, times)| async move {
        let standin = Standin::start(1).await;
        let folder = tempfile::tempdir().unwrap();
        let (_store, ledger) = open(&standin, folder.path()).await;
        let person = anyone();
        let mut receipts = Vec::new();
        for n in 0..4 {
            if n == 1 {
                standin.fault(fault, Call::Append, times);
            }
            let draft = draft_for(person, &id());
            let (receipt, _) = settled(&ledger, &draft).await;
            // The answer to the sender was lost too, so the sender sends the event again.
            let (again, _) = settled(&ledger, &draft).await;
            assert_eq!(again.log_entry, receipt.log_entry, "{why}");
            receipts.push(receipt);
        }
        audit(&standin, &receipts, why).await;
    });
    futures::future::join_all(rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_error_that_no_retry_mends_is_returned_at_once_and_nothing_is_written() {
    let rows = [
        ("rights", Fault::AccessDenied, AppendError::Failed),
        ("credentials", Fault::Unauthenticated, AppendError::Failed),
        ("deleted", Fault::StreamDeleted, AppendError::Failed),
        ("size", Fault::TooLarge, AppendError::TooLarge),
    ];
    for (why, fault, expected) in rows {
        let standin = Standin::start(1).await;
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(&standin, folder.path()).await;
        let before = standin.log().len();
        standin.fault(fault, Call::Append, 1);
        let refused = store.append(vec![write(anyone(), Expected::Any, &[&id()])]).await;
        assert_eq!(refused.unwrap_err(), expected, "{why}");
        assert_eq!(standin.log().len(), before, "{why}");
        store.append(vec![write(anyone(), Expected::Any, &[&id()])]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_batch_of_which_part_was_written_gets_the_receipts_of_that_part() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let (store, ledger) = open(&standin, folder.path()).await;
    let (a, b) = (anyone(), anyone());
    let outcomes = {
        standin.fault(Fault::StreamDeleted, Call::Append, 1);
        let writes = [a, b].map(|person| write(person, Expected::Any, &[&id()]));
        store.append(writes.to_vec()).await.unwrap()
    };
    let failed = |outcome: &&Outcome| **outcome == Outcome::Failed(AppendError::Failed);
    let appended = |outcome: &&Outcome| matches!(outcome, Outcome::Appended(_));
    assert_eq!(outcomes.iter().filter(failed).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(appended).count(), 1, "{outcomes:?}");
    // A sender gets the error, with the receipts of the events that were recorded.
    standin.fault(Fault::StreamDeleted, Call::Append, 1);
    let batch = [draft_for(anyone(), &id()), draft_for(anyone(), &id())];
    let unrecorded = ledger.record(&batch, Expected::Any, WriteMode::Write).await.unwrap_err();
    assert!(matches!(unrecorded.why, RecordError::Append(AppendError::Failed)));
    assert_eq!(unrecorded.recorded.len(), 1);
    let receipts = ledger.record(&batch, Expected::Any, WriteMode::Write).await.unwrap();
    assert!(receipts.contains(&Receipt {
        status: care_ledger::ledger::record::ReceiptStatus::Duplicate,
        ..unrecorded.recorded[0].clone()
    }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn half_a_merge_has_no_effect_until_it_is_whole() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let (_store, ledger) = open(&standin, folder.path()).await;
    let (one, other) = (anyone(), anyone());
    for person in [one, other] {
        settled(&ledger, &draft_for(person, &id())).await;
    }
    // The copy of the merge in the other stream is written, but the merge itself is not.
    standin.fault(Fault::Late(Duration::ZERO), Call::Append, 1);
    standin.fault(Fault::StreamDeleted, Call::Append, 1);
    let merge = [merge_of(one, other)];
    let unrecorded = ledger.record(&merge, Expected::Any, WriteMode::Write).await.unwrap_err();
    assert!(unrecorded.recorded.is_empty());
    let log = standin.log();
    let last = log.last().unwrap();
    assert_eq!(
        (last.stream.clone(), last.revision),
        (StreamName::Person(other).to_string(), 1),
        "half is there"
    );
    for person in [one, other] {
        let known = ledger.person(&READER, person, None).await.unwrap().unwrap();
        assert_eq!(known.history.items.len(), 1, "as if it were not");
    }
    ledger.record(&merge, Expected::Any, WriteMode::Write).await.unwrap();
    for person in [one, other] {
        let known = ledger.person(&READER, person, None).await.unwrap().unwrap();
        assert_eq!(known.history.items.len(), 3);
    }
    // If the copy of a merge is refused, the merge itself is not tried.
    let before = standin.log().len();
    standin.fault(Fault::StreamDeleted, Call::Append, 1);
    let another = [merge_of(one, anyone())];
    ledger.record(&another, Expected::Any, WriteMode::Write).await.unwrap_err();
    assert_eq!(standin.log().len(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_fault_of_the_feed_loses_or_doubles_anything() {
    let rows: [(&str, Fault, usize); 6] = [
        ("dropped at once", Fault::DropAfter(0), 3),
        ("dropped in the middle", Fault::DropAfter(9), 3),
        ("the last one again", Fault::Repeat, 2),
        ("confirmed and then silent", Fault::Silent, 1),
        ("not ready", Fault::NotReady, 3),
        ("no leader", Fault::NoLeaderInfo, 3),
    ];
    let rows = rows.map(|(why, fault, times)| async move {
        let standin = Standin::start(1).await;
        let folder = tempfile::tempdir().unwrap();
        let (store, ledger) = open(&standin, folder.path()).await;
        let person = anyone();
        let mut receipts = Vec::new();
        for n in 0..10 {
            if n == 3 {
                // The open subscription breaks, and the next ones meet the fault.
                standin.fault(fault, Call::Subscribe, times);
                standin.kill(0).await;
                standin.revive(0).await;
            }
            let (receipt, _) = settled(&ledger, &draft_for(person, &id())).await;
            receipts.push(receipt);
        }
        audit(&standin, &receipts, why).await;
        assert_eq!(behind(&*store, Position::START).await.len(), 10, "{why}");
    });
    futures::future::join_all(rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_feed_that_falls_silent_is_given_up_by_who_knows_better() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    // The first subscription only checks whether the cluster is empty.
    standin.fault(Fault::MuteAfter(1), Call::Subscribe, 2);
    let (store, ledger) = open(&standin, folder.path()).await;
    let begun = std::time::Instant::now();
    for _ in 0..3 {
        let (_, refused) = settled(&ledger, &draft_for(anyone(), &id())).await;
        assert_eq!(refused, 0);
    }
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    assert_eq!(store.status().borrow().reconnects, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_start_goes_on_past_a_feed_that_says_nothing() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let (store, ledger) = open(&standin, folder.path()).await;
    let (receipt, _) = settled(&ledger, &draft_for(anyone(), &id())).await;
    drop((store, ledger));
    standin.fault(Fault::Silent, Call::Subscribe, 1);
    let (store, _ledger) = open(&standin, folder.path()).await;
    for _ in 0..200 {
        if store.status().borrow().condition == Condition::Writable {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(store.status().borrow().condition, Condition::Writable);
    assert_eq!(end(&*store), receipt.log_entry.unwrap().position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_of_leader_is_survived_by_writers_and_the_feed() {
    type Change = fn(Standin) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
    let rows: [(&str, Change); 4] = [
        ("another leads", |standin| Box::pin(async move { standin.elect(1) })),
        ("nobody leads for a while", |standin| {
            Box::pin(async move {
                standin.elect_none();
                tokio::time::sleep(Duration::from_millis(1_500)).await;
                standin.elect(2);
            })
        }),
        ("the leader dies", |standin| {
            Box::pin(async move {
                standin.kill(0).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
                standin.elect(1);
            })
        }),
        ("the leader dies and leads again", |standin| {
            Box::pin(async move {
                standin.kill(0).await;
                standin.elect(1);
                tokio::time::sleep(Duration::from_millis(800)).await;
                standin.revive(0).await;
                standin.elect(0);
            })
        }),
    ];
    let rows = rows.map(|(why, change)| async move {
        let standin = Standin::start(3).await;
        let folder = tempfile::tempdir().unwrap();
        let (store, ledger) = open(&standin, folder.path()).await;
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let ledger = ledger.clone();
                tokio::spawn(async move {
                    let person = anyone();
                    let mut receipts = Vec::new();
                    for _ in 0..15 {
                        receipts.push(settled(&ledger, &draft_for(person, &id())).await.0);
                        tokio::time::sleep(Duration::from_millis(40)).await;
                    }
                    receipts
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        change(standin.clone()).await;
        let mut receipts = Vec::new();
        for writer in writers {
            receipts.extend(writer.await.unwrap());
        }
        audit(&standin, &receipts, why).await;
        assert_eq!(behind(&*store, Position::START).await.len(), 60, "{why}");
        assert!(store.status().borrow().reconnects.unwrap() > 0, "{why}");
    });
    futures::future::join_all(rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cut_off_a_replica_reads_on_says_so_and_comes_back() {
    let standin = Standin::start(3).await;
    let folder = tempfile::tempdir().unwrap();
    let (store, ledger) = open(&standin, folder.path()).await;
    let person = anyone();
    let (first, _) = settled(&ledger, &draft_for(person, &id())).await;
    for node in 0..3 {
        standin.kill(node).await;
    }
    let draft = draft_for(person, &id());
    let begun = std::time::Instant::now();
    let refused =
        ledger.record(std::slice::from_ref(&draft), Expected::Any, WriteMode::Write).await;
    let why = refused.unwrap_err().why;
    let unreached =
        matches!(why, RecordError::Append(AppendError::Unreachable | AppendError::Unsure));
    assert!(unreached && begun.elapsed() < Duration::from_secs(20), "{why}");
    assert_eq!(store.status().borrow().condition, Condition::Unreachable);
    assert!(ledger.person(&READER, person, None).await.unwrap().is_some(), "reads go on");
    for node in 0..3 {
        standin.revive(node).await;
    }
    let (second, _) = settled(&ledger, &draft).await;
    assert_eq!(store.status().borrow().condition, Condition::Writable);
    audit(&standin, &[first, second], "cut off").await;
}

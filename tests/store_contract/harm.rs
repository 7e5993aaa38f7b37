//! What others do to one stream of the cluster: marks that announce a loss, and events in a stream
//! that must be the ledger's alone. One stream is harmed, every other goes on, and each replica
//! knows the same. All tests run on the stand-in.

use std::path::Path;
use std::time::Duration;

use care_ledger::domain::id::PersonId;
use care_ledger::domain::stream::{Stream, StreamName};
use care_ledger::store::cluster::{
    ClusterAddress, ClusterOpenError, EventStoreDb, FollowStopReason,
};
use care_ledger::store::harm::{HarmedStreams, LossMark, StreamHarm};
use care_ledger::store::{AppendGroup, Expected, Outcome, Store as _, Write};

use serde_json::Value;

use super::bench::{CHECK, anyone, appended, clock, id, write};
use super::cluster_only::{all, open};
use super::standin::Standin;

const TAMPERED: StreamHarm = StreamHarm { mark: None, is_tampered: true };

fn name(person: PersonId) -> String {
    StreamName::Person(person).to_string()
}

fn harmed<const N: usize>(streams: [(PersonId, StreamHarm); N]) -> HarmedStreams {
    streams.into_iter().map(|(person, harm)| (StreamName::Person(person), harm)).collect()
}

/// Waits until this is so.
async fn becomes(is_so: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not become so");
}

async fn seen(store: &EventStoreDb, expected: &HarmedStreams) {
    becomes(|| *store.harmed_streams() == *expected).await;
}

/// Opens a replica that must not start.
async fn stopped(standin: &Standin, folder: &Path) -> FollowStopReason {
    let address = ClusterAddress::new(&standin.connection_string(), None).unwrap();
    match EventStoreDb::open(address, folder, CHECK, clock(), &mut |_, _| ()).await.err() {
        Some(ClusterOpenError::Stopped(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_spoiled_stream_stops_one_person_on_every_replica() {
    type Spoil = fn(&Standin, &str);
    let rows: [(&str, Spoil); 3] = [
        ("an event of somebody else", |standin, stream| {
            standin.write(stream, "somethingElse", "x");
        }),
        ("a tombstone", |standin, stream| {
            standin.write(stream, "$streamDeleted", "");
        }),
        ("an event of somebody else, and what looks like a record", |standin, stream| {
            standin.write(stream, "somethingElse", "x");
            standin.write(stream, "careRecord", "x");
        }),
    ];
    for (why, spoil) in rows {
        let standin = Standin::start(1).await;
        let [first, later] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let running = open(&standin, first.path()).await;
        let (spoiled, other, known) = (anyone(), anyone(), id());
        running.append(vec![write(spoiled, Expected::Any, &[&known])]).await.unwrap();
        spoil(&standin, &name(spoiled));
        let expected = harmed([(spoiled, TAMPERED)]);
        seen(&running, &expected).await;
        let late = open(&standin, later.path()).await;
        seen(&late, &expected).await;
        for store in [&*running, &*late] {
            let refused = store.append(vec![write(spoiled, Expected::Any, &[&id()])]).await;
            assert_eq!(refused.unwrap(), [Outcome::Tampered], "{why}");
            let again = store.append(vec![write(spoiled, Expected::Any, &[&known])]).await;
            assert_eq!(again.unwrap(), [Outcome::AlreadyStored(vec![0])], "{why}");
            let others = store.append(vec![write(other, Expected::Any, &[&id()])]).await.unwrap();
            appended(&others[0]);
            // A merge with the person writes to both streams: neither is written.
            let both = [(spoiled, AppendGroup::WithStreamFirst), (other, AppendGroup::WithStream)];
            let both = both
                .map(|(person, group)| Write { group, ..write(person, Expected::Any, &[&id()]) });
            let refused = store.append(both.to_vec()).await.unwrap();
            assert_eq!(refused, [Outcome::Tampered, Outcome::Withheld], "{why}");
        }
        becomes(|| running.status().borrow().tail == late.status().borrow().tail).await;
        assert_eq!(all(&running).await, all(&late).await, "{why}");
        // A restart knows it too, also where it reads the cluster from its start again.
        let records = all(&running).await;
        drop(running);
        let cursor = first.path().join("mirror/cursor.json");
        for lost in ["nothing", "the file", "what an earlier version did not write"] {
            match lost {
                "nothing" => {}
                "the file" => std::fs::remove_file(&cursor).unwrap(),
                _ => {
                    let mut saved: Value =
                        serde_json::from_slice(&std::fs::read(&cursor).unwrap()).unwrap();
                    assert!(saved.as_object_mut().unwrap().remove("harm").is_some());
                    std::fs::write(&cursor, saved.to_string()).unwrap();
                }
            }
            let again = open(&standin, first.path()).await;
            seen(&again, &expected).await;
            assert_eq!(all(&again).await, records, "{why}, {lost}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_person_without_records_can_be_spoiled_too() {
    let standin = Standin::start(1).await;
    let [first, later] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let running = open(&standin, first.path()).await;
    let person = anyone();
    standin.write(&name(person), "somethingElse", "x");
    let expected = harmed([(person, TAMPERED)]);
    seen(&running, &expected).await;
    let refused = running.append(vec![write(person, Expected::New, &[&id()])]).await.unwrap();
    assert_eq!(refused, [Outcome::Tampered]);
    seen(&*open(&standin, later.path()).await, &expected).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn marks_that_announce_a_loss_are_seen_and_clear_when_they_are_taken_off() {
    let rows = [
        (r#"{"$tb": 1}"#, LossMark::TruncateBefore),
        (r#"{"$maxCount": 1, "owner": "somebody"}"#, LossMark::MaxCount),
        (r#"{"$maxAge": 60}"#, LossMark::MaxAge),
        (r#"{"$tb": 9223372036854775807}"#, LossMark::Deleted),
    ];
    let standin = Standin::start(1).await;
    let [first, later] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let running = open(&standin, first.path()).await;
    let person = anyone();
    running.append(vec![write(person, Expected::Any, &[&id(), &id()])]).await.unwrap();
    let metadata = format!("$${}", name(person));
    for (text, mark) in rows {
        let expected = harmed([(person, StreamHarm { mark: Some(mark), is_tampered: false })]);
        standin.write(&metadata, "$metadata", text);
        seen(&running, &expected).await;
        // The person can still be written to: nothing is lost yet.
        let written = running.append(vec![write(person, Expected::Any, &[&id()])]).await.unwrap();
        appended(&written[0]);
        let late = open(&standin, later.path()).await;
        seen(&late, &expected).await;
        drop(late);
        standin.write(&metadata, "$metadata", r#"{"owner": "somebody"}"#);
        seen(&running, &HarmedStreams::new()).await;
        seen(&*open(&standin, later.path()).await, &HarmedStreams::new()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_facility_stream_of_another_program_is_passed_over_and_takes_no_record() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let running = open(&standin, folder.path()).await;
    for (stream, event) in [("facility-gent", "somethingElse"), ("project-x", "$streamDeleted")] {
        standin.write(stream, event, "x");
        let stream = Stream::named(stream.parse().unwrap(), &[8; 32]);
        becomes(|| running.harmed_streams().contains_key(stream.name())).await;
        let to = Write { stream, ..write(anyone(), Expected::Any, &[&id()]) };
        assert_eq!(running.append(vec![to]).await.unwrap(), [Outcome::Tampered]);
    }
    let other = running.append(vec![write(anyone(), Expected::Any, &[&id()])]).await.unwrap();
    appended(&other[0]);
}

/// What a scavenge has removed shifts the positions of all later records, so that a replica which
/// starts later must not start, whatever was left in the stream.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_scavenge_has_removed_stops_a_later_replica() {
    type Spoil = fn(&Standin, &str);
    let rows: [(&str, Spoil); 3] = [
        ("truncated", |standin, stream| {
            assert!(standin.remove(stream, 0));
        }),
        ("only an event of somebody else is left", |standin, stream| {
            standin.write(stream, "somethingElse", "x");
            (0..3).for_each(|revision| assert!(standin.remove(stream, revision)));
        }),
        ("only the tombstone is left", |standin, stream| {
            standin.write(stream, "$streamDeleted", "");
            (0..3).for_each(|revision| assert!(standin.remove(stream, revision)));
        }),
    ];
    for (why, spoil) in rows {
        let standin = Standin::start(1).await;
        let [first, later] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let running = open(&standin, first.path()).await;
        let person = anyone();
        running.append(vec![write(person, Expected::Any, &[&id(), &id(), &id()])]).await.unwrap();
        running.append(vec![write(anyone(), Expected::Any, &[&id()])]).await.unwrap();
        spoil(&standin, &name(person));
        for start in ["the first", "the second, by the supervisor"] {
            let reason = stopped(&standin, later.path()).await;
            assert_eq!(reason, FollowStopReason::RecordMissing, "{why}, {start} start");
        }
        // The replica that has the records goes on.
        let written = running.append(vec![write(anyone(), Expected::Any, &[&id()])]).await.unwrap();
        appended(&written[0]);
    }
}

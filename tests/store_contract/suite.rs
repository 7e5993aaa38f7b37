//! The promises of every backend. Each test runs on a log that may hold other records already, and
//! writes to new persons.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use care_ledger::domain::event::Draft;
use care_ledger::domain::id::{PersonId, Position, RecordedTime, Revision};
use care_ledger::domain::record::View;
use care_ledger::domain::stream::Stream;
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::ledger::Ledger;
use care_ledger::ledger::record::{DraftRefusal, ReceiptStatus, RecordError, WriteMode};
use care_ledger::store::StampClock;
use care_ledger::store::{AppendGroup, Expected, Outcome, Write};

use serde_json::json;

use super::bench::{
    Bench, HASH_KEYS, READER, anyone, appended, behind, end, id, recorded, stamped, write,
};
pub use super::streams::{
    a_tail_never_steps_back_behind_a_receipt_or_a_tail,
    events_about_organisations_lie_in_streams_of_their_own,
    two_categories_with_one_code_are_two_streams,
};
use super::support::draft_of;

fn draft_on(person: PersonId, id: &str, day: u32) -> Draft {
    draft_of(person, "urn:test", id, &format!("2026-03-{day:02}T10:00:00+01:00"))
}

/// An event that merges two pseudonyms of one person.
pub fn merge(one: PersonId, other: PersonId) -> Draft {
    let merge = json!({
        "specversion": "1.0", "id": id(), "source": "urn:test", "type": "person.merged",
        "subject": one, "time": "2026-03-01T10:00:00+01:00",
        "data": {"into": other, "reason": "samePerson"}
    });
    validate(&JsonValue::from(&merge), "2030-01-01T00:00:00Z".parse().unwrap()).unwrap()
}

pub async fn an_append_gives_places_in_order_and_reads_see_it(bench: &Bench) {
    let store = bench.fresh().await;
    let before = end(&*store);
    let (a, b) = (anyone(), anyone());
    let ids = [id(), id(), id(), id()];
    let outcomes = store
        .append(vec![
            write(a, Expected::New, &[&ids[0], &ids[1]]),
            write(b, Expected::Any, &[&ids[2]]),
            write(a, Expected::Any, &[&ids[3]]),
        ])
        .await
        .unwrap();
    let revisions: Vec<Vec<u64>> = outcomes
        .iter()
        .map(|outcome| appended(outcome).iter().map(|stored| stored.revision.0).collect())
        .collect();
    assert_eq!(revisions, [vec![0, 1], vec![0], vec![2]]);
    for (outcome, n) in outcomes.iter().zip([0, 2, 3]) {
        for (stored, id) in appended(outcome).iter().zip(&ids[n..]) {
            assert!(stored.position > before && stored.position <= end(&*store));
            let head = stamped(View::new(&stored.record).unwrap().person().unwrap(), id).head;
            assert!(stored.record.starts_with(&head), "the record is what was appended");
        }
    }
    let slice = store.read_stream(&Stream::person(a), Revision(1), 10).await.unwrap();
    let read: Vec<u64> = slice.records.iter().map(|stored| stored.revision.0).collect();
    assert_eq!((read, slice.last), (vec![1, 2], Some(Revision(2))));
    let all = behind(&*store, before).await;
    let ours = |stored: &&_| outcomes.iter().any(|outcome| appended(outcome).contains(stored));
    assert_eq!(all.iter().filter(ours).count(), 4);
    assert!(all.windows(2).all(|two| two[0].position < two[1].position));
}

pub async fn one_refused_write_leaves_the_whole_append_out(bench: &Bench) {
    let store = bench.fresh().await;
    let (a, b) = (anyone(), anyone());
    let (first, other, free) = (id(), id(), id());
    store.append(vec![write(a, Expected::New, &[&first])]).await.unwrap();
    let conflict = Outcome::Conflict { actual: Some(Revision(0)) };
    let rows = [
        ("new but exists", write(a, Expected::New, &[&other]), conflict.clone()),
        ("other revision", write(a, Expected::At(Revision(3)), &[&other]), conflict.clone()),
        ("key known", write(a, Expected::Any, &[&other, &first]), Outcome::AlreadyStored(vec![1])),
        (
            "known before expected",
            write(a, Expected::New, &[&first]),
            Outcome::AlreadyStored(vec![0]),
        ),
        ("known elsewhere", write(b, Expected::Any, &[&first]), Outcome::AlreadyStored(vec![0])),
    ];
    let before = end(&*store);
    for (why, refused, outcome) in rows {
        let free = write(anyone(), Expected::Any, &[&free]);
        let outcomes = store.append(vec![free, refused]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Withheld, outcome], "{why}");
    }
    let after = behind(&*store, before).await;
    let ours = after.iter().filter(|stored| stored.record.starts_with(&stamped(b, &free).head));
    assert_eq!(ours.count(), 0);
}

pub async fn a_stream_nobody_wrote_is_not_there(bench: &Bench) {
    let store = bench.fresh().await;
    let nobody = anyone();
    let slice = store.read_stream(&Stream::person(nobody), Revision(0), 10).await.unwrap();
    assert_eq!((slice.records.len(), slice.last), (0, None));
    let dedup_key = stamped(nobody, &id()).dedup_key;
    assert_eq!(store.find(vec![dedup_key]).await.unwrap(), [Vec::new()]);
    assert!(store.read_all(end(&*store), 10).await.unwrap().is_empty());
    assert!(store.read_all(Position::new(u64::MAX / 2), 10).await.unwrap().is_empty());
    let outcomes = store.append(vec![write(nobody, Expected::At(Revision(0)), &[&id()])]).await;
    assert_eq!(outcomes.unwrap(), [Outcome::Conflict { actual: None }]);
}

pub async fn the_same_again_is_known_for_it_also_at_a_newer_revision(bench: &Bench) {
    let ledger = Ledger::with_store(bench.fresh().await, HASH_KEYS);
    let person = anyone();
    let first = [draft_on(person, &id(), 1)];
    let receipt = ledger.record(&first, Expected::New, WriteMode::Write).await.unwrap();
    assert_eq!(receipt[0].status, ReceiptStatus::Recorded);
    for expected in [Expected::New, Expected::Any, Expected::At(Revision(9))] {
        let again = ledger.record(&first, expected, WriteMode::Write).await.unwrap();
        assert_eq!(again[0].status, ReceiptStatus::Duplicate);
        assert_eq!(again[0].log_entry, receipt[0].log_entry, "the first receipt again");
        // The stream gets another record before the next retry.
        let next = [draft_on(person, &id(), 2)];
        ledger.record(&next, Expected::Any, WriteMode::Write).await.unwrap();
    }
}

pub async fn the_same_id_with_other_content_is_refused(bench: &Bench) {
    let ledger = Ledger::with_store(bench.fresh().await, HASH_KEYS);
    let (person, other) = (anyone(), anyone());
    let id = id();
    ledger.record(&[draft_on(person, &id, 1)], Expected::Any, WriteMode::Write).await.unwrap();
    for draft in [draft_on(person, &id, 2), draft_on(other, &id, 1)] {
        let refused = ledger.record(&[draft], Expected::Any, WriteMode::Write).await.unwrap_err();
        assert!(matches!(&refused.why, RecordError::Reused(places) if *places == [0]));
        assert!(refused.recorded.is_empty());
    }
    let known = ledger.person(&READER, person, None).await.unwrap().unwrap();
    assert_eq!(known.revision, Some(Revision(0)));
    assert!(ledger.person(&READER, other, None).await.unwrap().is_none());
}

pub async fn a_batch_over_several_persons_is_refused_whole(bench: &Bench) {
    let ledger = Ledger::with_store(bench.fresh().await, HASH_KEYS);
    let (a, b, c) = (anyone(), anyone(), anyone());
    let taken = id();
    ledger.record(&[draft_on(b, &taken, 1)], Expected::Any, WriteMode::Write).await.unwrap();
    let batch = [draft_on(a, &id(), 1), draft_on(b, &taken, 2), draft_on(c, &id(), 1)];
    let refused = ledger.record(&batch, Expected::Any, WriteMode::Write).await.unwrap_err();
    assert!(matches!(&refused.why, RecordError::Reused(places) if *places == [1]));
    for person in [a, c] {
        assert!(
            ledger.person(&READER, person, None).await.unwrap().is_none(),
            "nothing was written"
        );
    }
    // If each event stands alone, the other two are recorded.
    let each = ledger.record_each(&batch, WriteMode::Write).await.unwrap();
    let statuses = each.iter().map(|answer| answer.as_ref().map(|receipt| receipt.status));
    let recorded = Ok(ReceiptStatus::Recorded);
    let reused = Err(&DraftRefusal::Reused);
    assert_eq!(statuses.collect::<Vec<_>>(), [recorded, reused, recorded]);
}

pub async fn writers_of_one_stream_lose_no_update_and_leave_no_gap(bench: &Bench) {
    let store = bench.fresh().await;
    let person = anyone();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut conflicts = 0;
                for _ in 0..5 {
                    let id = id();
                    loop {
                        let last = store
                            .read_stream(&Stream::person(person), Revision(0), 0)
                            .await
                            .unwrap()
                            .last;
                        let expected = last.map_or(Expected::New, Expected::At);
                        let outcome = store.append(vec![write(person, expected, &[&id])]).await;
                        match &outcome.unwrap()[0] {
                            Outcome::Appended(stored) => {
                                let next = last.map_or(0, |last| last.0 + 1);
                                assert_eq!(stored[0].revision.0, next, "where it was decided");
                                break;
                            }
                            Outcome::Conflict { actual } => {
                                assert!(*actual > last);
                                conflicts += 1;
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                }
                conflicts
            })
        })
        .collect();
    let mut conflicts = 0;
    for task in tasks {
        conflicts += task.await.unwrap();
    }
    let slice = store.read_stream(&Stream::person(person), Revision(0), 100).await.unwrap();
    let revisions: Vec<u64> = slice.records.iter().map(|stored| stored.revision.0).collect();
    assert_eq!(revisions, (0..40).collect::<Vec<_>>(), "{conflicts} conflicts");
}

pub async fn racing_writers_leave_no_gap_and_no_dedup_key_twice(bench: &Bench) {
    let store = bench.fresh().await;
    let before = end(&*store);
    let people = [anyone(), anyone(), anyone()];
    let run = id();
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let (store, run) = (store.clone(), run.clone());
            tokio::spawn(async move {
                for n in 0..10 {
                    // Four tasks try each dedup key, in one of three streams.
                    let id = format!("{run}-{}-{n}", task % 4);
                    let to = people[task % 4 % 3];
                    store.append(vec![write(to, Expected::Any, &[&id])]).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let all = behind(&*store, before).await;
    assert!(all.windows(2).all(|two| two[1].position.number() == two[0].position.number() + 1));
    let mut ours = 0;
    for person in people {
        let slice = store.read_stream(&Stream::person(person), Revision(0), 1_000).await.unwrap();
        for (place, stored) in slice.records.iter().enumerate() {
            assert_eq!(stored.revision.0, place as u64);
        }
        ours += slice.records.len();
    }
    assert_eq!(ours, 40);
}

pub async fn a_reader_beside_a_writer_sees_all_in_order(bench: &Bench) {
    const RECORDS: usize = 200;
    let store = bench.fresh().await;
    let before = end(&*store);
    let person = anyone();
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..RECORDS {
                store.append(vec![write(person, Expected::Any, &[&id()])]).await.unwrap();
            }
        })
    };
    let mut seen = Vec::new();
    let (mut after, mut status) = (before, store.status());
    while seen.len() < RECORDS {
        for stored in store.read_all(after, 7).await.unwrap() {
            assert!(stored.position > after);
            after = stored.position;
            let view = View::new(&stored.record).unwrap();
            seen.extend((view.person() == Some(person)).then_some(stored.revision.0));
        }
        status.wait_for(|now| now.tail > after || seen.len() >= RECORDS).await.unwrap();
    }
    writer.await.unwrap();
    assert_eq!(seen, (0..RECORDS as u64).collect::<Vec<_>>());
}

pub async fn reading_goes_on_behind_every_position(bench: &Bench) {
    let store = bench.fresh().await;
    let before = end(&*store);
    for _ in 0..5 {
        let (a, b) = (anyone(), anyone());
        let writes = [a, b, a].map(|person| write(person, Expected::Any, &[&id(), &id()]));
        store.append(writes.to_vec()).await.unwrap();
    }
    let all = behind(&*store, before).await;
    assert!(all.len() >= 30);
    for place in 0..all.len() {
        for limit in [1, 4, 1_000] {
            let page = store.read_all(all[place].position, limit).await.unwrap();
            let rest = &all[place + 1..];
            assert_eq!(page, rest[..limit.min(rest.len())], "behind {place}, at most {limit}");
        }
    }
}

pub async fn a_store_opened_anew_goes_on_where_it_was(bench: &Bench) {
    let person = anyone();
    let mut before = Vec::new();
    for revision in 0..6 {
        let store = bench.fresh().await;
        let slice = store.read_stream(&Stream::person(person), Revision(0), 100).await.unwrap();
        assert_eq!(slice.records, before, "as it was left");
        let outcomes = store.append(vec![write(person, Expected::Any, &[&id()])]).await.unwrap();
        assert_eq!(appended(&outcomes[0])[0].revision, Revision(revision));
        before.extend_from_slice(appended(&outcomes[0]));
    }
}

pub async fn large_records_and_many_at_once_come_back_whole(bench: &Bench) {
    let store = bench.fresh().await;
    let person = anyone();
    // The size of a record that holds one of the largest events.
    let mut large = stamped(person, &id());
    large.head.resize(1024 * 1024 - 4096, b' ');
    let head = large.head.clone();
    let write_large = Write {
        stream: Stream::person(person),
        expected: Expected::Any,
        group: AppendGroup::WithStream,
        records: vec![large],
    };
    let outcomes = store.append(vec![write_large]).await.unwrap();
    let stored = &appended(&outcomes[0])[0];
    assert!(stored.record.starts_with(&head));
    assert_eq!(
        &store.read_stream(&Stream::person(person), Revision(0), 1).await.unwrap().records[0],
        stored
    );
    let ids: Vec<String> = (0..500).map(|_| id()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let outcomes = store.append(vec![write(person, Expected::Any, &ids)]).await.unwrap();
    assert_eq!(appended(&outcomes[0]).len(), 500);
    assert_eq!(
        store.read_stream(&Stream::person(person), Revision(0), 0).await.unwrap().last,
        Some(Revision(500))
    );
}

pub async fn lines_of_one_person_are_taken_however_many(bench: &Bench) {
    let ledger = Ledger::with_store(bench.fresh().await, HASH_KEYS);
    let person = anyone();
    // More records than a server takes at once by default.
    let drafts: Vec<Draft> = (0..4_000).map(|_| draft_on(person, &id(), 1)).collect();
    let receipts = ledger.record_each(&drafts, WriteMode::Write).await.unwrap();
    let revisions = receipts.iter().map(|receipt| receipt.as_ref().unwrap().revision.0);
    assert!(revisions.eq(0..4_000));
}

pub async fn a_merge_links_both_streams(bench: &Bench) {
    let ledger = Ledger::with_store(bench.fresh().await, HASH_KEYS);
    let (one, other) = (anyone(), anyone());
    let facts = [draft_on(one, &id(), 1), draft_on(other, &id(), 2)];
    ledger.record(&facts, Expected::Any, WriteMode::Write).await.unwrap();
    let merge = [merge(one, other)];
    let receipt = ledger.record(&merge, Expected::Any, WriteMode::Write).await.unwrap().remove(0);
    assert_eq!((receipt.stream.person(), receipt.revision), (Some(one), Revision(1)));
    for person in [one, other] {
        let known = ledger.person(&READER, person, None).await.unwrap().unwrap();
        // Two facts, and the merge, which is in both streams.
        assert_eq!(known.history.items.len(), 3);
        let then = Some(receipt.log_entry.unwrap().recorded_at);
        let then = ledger.person(&READER, person, then).await.unwrap().unwrap();
        assert_eq!(then.history.items.len(), 3, "by the time of the receipt it is in both");
        let again = ledger.person(&READER, person, Some(known.known_at)).await.unwrap().unwrap();
        assert_eq!(again.history.items.len(), 3);
    }
    let again = ledger.record(&merge, Expected::Any, WriteMode::Write).await.unwrap().remove(0);
    assert_eq!((again.log_entry, again.status), (receipt.log_entry, ReceiptStatus::Duplicate));
}

pub async fn recorded_time_rises_also_when_the_clock_steps_back(bench: &Bench) {
    let person = anyone();
    let now = (super::bench::clock())().micros();
    let step = AtomicI64::new(now + 3_600_000_000);
    let back: StampClock =
        Arc::new(move || RecordedTime::from_micros(step.fetch_sub(1_000_000, Ordering::Relaxed)));
    let store = bench.open(back).await;
    let before = end(&*store);
    for _ in 0..10 {
        store.append(vec![write(person, Expected::Any, &[&id(), &id()])]).await.unwrap();
    }
    let times: Vec<_> = behind(&*store, before)
        .await
        .iter()
        .filter(|stored| View::new(&stored.record).unwrap().person().unwrap() == person)
        .map(recorded)
        .collect();
    assert!(times.len() == 20 && times.windows(2).all(|two| two[0] < two[1]), "{times:?}");
    drop(store);
    let store = bench.fresh().await;
    let last = behind(&*store, before).await.iter().map(recorded).max().unwrap();
    let outcomes = store.append(vec![write(person, Expected::Any, &[&id()])]).await.unwrap();
    let next = recorded(&appended(&outcomes[0])[0]);
    assert!(next > last, "a restart goes on after the last record");
    assert_eq!(store.status().borrow().latest_recorded_time, next);
    let at_tail = store.read_at(end(&*store)).await.unwrap().unwrap();
    assert_eq!(at_tail.latest_recorded_time, next);
}

//! More promises of every backend: the streams of facilities and projects, and the tail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use care_ledger::domain::event::Draft;
use care_ledger::domain::id::{PersonId, Revision};
use care_ledger::domain::record::{UnstampedRecord, dedup_key};
use care_ledger::domain::stream::Stream;
use care_ledger::domain::vocabulary::kind::Class;
use care_ledger::ledger::Ledger;
use care_ledger::store::{AppendGroup, Expected, Write};
use serde_json::json;

use super::bench::{Bench, HASH_KEYS, anyone, appended, end, id, write};
use super::support::draft_of;

const TIME: &str = "2026-03-01T10:00:00+01:00";

pub async fn two_categories_with_one_code_are_two_streams(bench: &Bench) {
    let store = bench.fresh().await;
    let before = end(&*store);
    // A code holds letters and digits only.
    let code = format!("hulp{}", anyone().to_string().replace('-', ""));
    let streams = ["facility", "project"].map(|category| {
        let name = format!("{category}-{code}").parse().unwrap();
        Stream::named(name, &HASH_KEYS.stream)
    });
    let write = |stream: &Stream, expected| {
        let subject = stream.name().to_string().replacen('-', ":", 1);
        let canonical = json!({ "subject": subject }).to_string().into_bytes();
        let class = Class::Organisational;
        let draft = Draft { class, canonical, ..draft_of(anyone(), "urn:test", &id(), TIME) };
        let dedup_key = dedup_key(&HASH_KEYS.dedup, &draft.key);
        let records = vec![UnstampedRecord::new(&draft, stream.id(), dedup_key, &[9; 32])];
        let stream = stream.clone();
        Write { stream, expected, group: AppendGroup::WithStream, records }
    };
    let [facility, project] = &streams;
    let writes = vec![
        write(facility, Expected::New),
        write(project, Expected::New),
        write(facility, Expected::Any),
    ];
    let outcomes = store.append(writes).await.unwrap();
    let again = store.append(vec![write(project, Expected::At(Revision(0)))]).await.unwrap();
    let [first, second, third] = &outcomes[..] else { panic!("{outcomes:?}") };
    let of_each = [[first, third], [second, &again[0]]];
    for (stream, outcomes) in streams.iter().zip(of_each) {
        let slice = store.read_stream(stream, Revision(0), 10).await.unwrap();
        let stored: Vec<_> = outcomes.into_iter().flat_map(appended).cloned().collect();
        assert_eq!((slice.records, slice.last), (stored, Some(Revision(1))), "{}", stream.name());
    }
    let as_person = PersonId::from_bytes(*facility.id().as_bytes());
    let ledger = Ledger::with_store(store, HASH_KEYS);
    let headers = ledger.record_headers(before, 1_000).await.unwrap();
    assert!(headers.iter().all(|header| header.person != Some(as_person)));
}

/// Many callers ask for the status while records are written: none gets a tail that is older than
/// a receipt, or than a tail that was given before.
pub async fn a_tail_never_steps_back_behind_a_receipt_or_a_tail(bench: &Bench) {
    let store = bench.fresh().await;
    let (reached, has_ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let (store, reached, has_ended) = (store.clone(), reached.clone(), has_ended.clone());
            tokio::spawn(async move {
                while !has_ended.load(Ordering::SeqCst) {
                    let before = reached.load(Ordering::SeqCst);
                    let tail = end(&*store).number();
                    assert!(tail >= before, "{tail} after {before}");
                    reached.fetch_max(tail, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let person = anyone();
    for _ in 0..60 {
        let outcomes = store.append(vec![write(person, Expected::Any, &[&id()])]).await.unwrap();
        let position = appended(&outcomes[0])[0].position;
        reached.fetch_max(position.number(), Ordering::SeqCst);
        assert!(
            store.read_at(position).await.unwrap().is_some(),
            "reads show what is acknowledged"
        );
    }
    has_ended.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
}

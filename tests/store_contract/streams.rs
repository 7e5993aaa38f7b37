//! More promises of every backend: the streams of facilities and projects, and the tail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use care_ledger::domain::event::Draft;
use care_ledger::domain::id::{PersonId, Revision};
use care_ledger::domain::record::{UnstampedRecord, View, dedup_key};
use care_ledger::domain::stream::Stream;
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::kind::Class;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::ledger::Ledger;
use care_ledger::ledger::record::{ReceiptStatus, RecordError, WriteMode};
use care_ledger::store::{AppendGroup, Expected, Write};
use serde_json::{Value, json};

use super::bench::{Bench, HASH_KEYS, READER, anyone, appended, end, id, write};
use super::support::{TIME, draft_of};

/// A code to whose streams no earlier run has written: letters and digits only.
fn code() -> String {
    format!("hulp{}", anyone().to_string().replace('-', ""))
}

pub async fn two_categories_with_one_code_are_two_streams(bench: &Bench) {
    let store = bench.fresh().await;
    let before = end(&*store);
    let code = code();
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

fn organisational(code: &str, category: &str, kind: &str, mut data: Value) -> Draft {
    if kind.starts_with(category) {
        data[category] = code.into();
    }
    let event = json!({
        "specversion": "1.0", "id": id(), "source": "urn:test", "type": kind,
        "subject": format!("{category}:{code}"), "time": TIME, "data": data
    });
    validate(&JsonValue::from(&event), "2030-01-01T00:00:00Z".parse().unwrap()).unwrap()
}

pub async fn events_about_organisations_lie_in_streams_of_their_own(bench: &Bench) {
    let store = bench.fresh().await;
    let ledger = Ledger::with_store(store.clone(), HASH_KEYS);
    let (code, someone) = (code(), anyone());
    let counted =
        organisational(&code, "facility", "facility.counted", json!({"present": 1, "places": 2}));
    let target = json!({"source": "urn:test", "id": &*counted.key.id, "type": "facility.counted"});
    let annulled = organisational(
        &code,
        "facility",
        "record.annulled",
        json!({"annuls": target, "reason": "duplicate"}),
    );
    let started = organisational(&code, "project", "project.started", json!({}));
    let screened = draft_of(someone, "urn:test", &id(), TIME);
    let drafts = [counted, screened, started, annulled];
    let receipts = ledger.record(&drafts, Expected::Any, WriteMode::Write).await.unwrap();
    let places: Vec<_> = receipts.iter().map(|r| (r.stream.to_string(), r.revision.0)).collect();
    let facility = format!("facility-{code}");
    let person = format!("person-{someone}");
    let expected = [(&facility, 0), (&person, 0), (&format!("project-{code}"), 0), (&facility, 1)];
    assert!(places.iter().map(|(stream, revision)| (stream, *revision)).eq(expected), "{places:?}");
    for (draft, receipt) in drafts.iter().zip(&receipts) {
        let found = ledger.record_with_key(&READER, &draft.key).await.unwrap().unwrap();
        assert_eq!((&found.stream, found.revision), (&draft.stream, receipt.revision));
        assert_eq!(found.event().unwrap().subject, draft.stream);
        let at = receipt.log_entry.unwrap().position;
        let stored = store.read_at(at).await.unwrap().unwrap();
        let view = View::new(&stored.record).unwrap();
        assert_eq!((view.class(), view.person()), (draft.class, draft.stream.person()));
        assert_eq!(ledger.record_at(&READER, at).await.unwrap(), Some(found));
    }
    let again = ledger.record(&drafts, Expected::Any, WriteMode::Write).await.unwrap();
    assert!(again.iter().all(|receipt| receipt.status == ReceiptStatus::Duplicate));
    assert!(again.iter().zip(&receipts).all(|(one, other)| one.log_entry == other.log_entry));
    let more =
        [organisational(&code, "facility", "facility.counted", json!({"present": 2, "places": 2}))];
    let stale = ledger.record(&more, Expected::At(Revision(0)), WriteMode::Write).await;
    let actual = Some(Revision(1));
    let is_stale = matches!(&stale.unwrap_err().why,
        RecordError::WrongRevision { actual: found } if *found == actual);
    assert!(is_stale, "the stream has two records");
    let next = ledger.record(&more, Expected::At(Revision(1)), WriteMode::Write).await.unwrap();
    assert_eq!(next[0].revision, Revision(2));
    // Nobody is the person whose stream would have the id of the facility's.
    let stream = Stream::named(facility.parse().unwrap(), &HASH_KEYS.stream);
    let nobody = PersonId::from_bytes(*stream.id().as_bytes());
    assert!(ledger.person(&READER, nobody, None).await.unwrap().is_none());
    assert!(ledger.person(&READER, someone, None).await.unwrap().is_some());
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

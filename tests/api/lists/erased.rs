//! A life with records of every class, of which one class was erased: what history, trajectory,
//! credit, lists, feed and receipts say then.

use std::collections::BTreeSet;
use std::path::Path;

use care_ledger::domain::credit;
use care_ledger::domain::event::{Draft, Erasure};
use care_ledger::domain::id::{EventKey, KeyGeneration, PersonId, Position};
use care_ledger::domain::stream::StreamName;
use care_ledger::domain::time::calendar::At;
use care_ledger::domain::trajectory::AlertCode;
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::kind::{Class, Kind};
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::ledger::answer::{self, HistoryPage, Question, RecordAnswer};
use care_ledger::ledger::read::feed::FeedFilter;
use care_ledger::ledger::read::open::Reader;
use care_ledger::ledger::read::person::PersonHistory;
use care_ledger::ledger::record::{ReceiptStatus, RecordError, WriteMode};
use care_ledger::ledger::{Expected, Ledger};
use care_ledger::projection::TrajectoryFilter;
use care_ledger::store::open::StoreConfig;
use serde_json::{Value, json};

use super::country::{Country, event, instant};
use crate::support;

const READER: Reader = Reader::system("test");
const NOW: &str = "2026-03-20T12:00:00Z";
const ERASED_AT: &str = "2026-04-01T09:00:00Z";

fn person() -> PersonId {
    support::person(1)
}

/// The events of a person who is admitted under a modality, on methadone, and whose referral is not
/// answered.
fn life() -> Vec<Value> {
    let rows = [
        (
            "detention.arrived",
            "2025-06-01",
            json!({"detention": "d", "facility": "gent",
            "legalStatus": "convicted", "reason": "new"}),
        ),
        (
            "modality.granted",
            "2025-11-20",
            json!({"modality": "m", "kind": "conditionalRelease",
            "judgment": "j", "startsOn": "2025-12-01", "remainderDays": 251}),
        ),
        (
            "detention.released",
            "2025-12-01",
            json!({"detention": "d", "final": false,
            "reason": "conditionalRelease"}),
        ),
        (
            "residential.admitted",
            "2025-12-02",
            json!({"stay": "s", "facility": "deKiem",
            "programme": "therapeuticCommunity"}),
        ),
        (
            "substitution.doseContinued",
            "2026-03-20",
            json!({"product": "methadone",
            "doseMicrograms": 60000, "setting": "community", "facility": "msoc"}),
        ),
        (
            "cap.referred",
            "2026-02-20",
            json!({"referral": "r", "project": "tandem",
            "toProvider": "deKiem"}),
        ),
        (
            "consent.given",
            "2025-12-03",
            json!({"consent": "c", "scope": "clinicalToLegal",
            "recipients": ["court"]}),
        ),
    ];
    let told = |(kind, date, data): (&str, &str, Value)| {
        event(person(), kind, kind, &format!("{date}T08:00:00+01:00"), data)
    };
    rows.into_iter().map(told).collect()
}

fn kind_of(event: &Value) -> Kind {
    event["type"].as_str().unwrap().parse().unwrap()
}

fn draft(event: &Value) -> Draft {
    validate(&JsonValue::from(event), instant("2030-01-01T00:00:00Z"))
        .unwrap_or_else(|why| panic!("{event}: {why:?}"))
}

/// The ledger of that life; the content key of a class was destroyed.
async fn without(folder: &Path, class: Option<Class>) -> Country {
    ledger_of(folder, &life(), class).await
}

async fn ledger_of(folder: &Path, life: &[Value], class: Option<Class>) -> Country {
    let store = StoreConfig::Folder(folder.to_owned());
    let ledger = Ledger::open(&store, &mut |_, _| ()).await.unwrap();
    let drafts: Vec<Draft> = life.iter().map(draft).collect();
    ledger.record(&drafts, Expected::New, WriteMode::Write).await.unwrap();
    let erasure = Erasure { at: instant(ERASED_AT), basis: "dataSubject".into() };
    let destroyed = class.map(|class| ((person().into(), class, KeyGeneration(0)), erasure));
    let ledger = ledger.with_erasures(destroyed.into_iter().collect());
    let country = Country::over(ledger, folder, NOW).await;
    assert!(country.caught_up().await);
    country
}

async fn known(ledger: &Ledger) -> (Question, PersonHistory) {
    // A moment after all records: an erased record has its place by its recorded time.
    let question = Question { person: person(), at: At::Instant(instant(NOW)), known_at: None };
    (question, ledger.person(&READER, person(), None).await.unwrap().unwrap())
}

fn is_of(kind: Kind, class: Class) -> bool {
    kind.class() == Some(class)
}

/// The members of an erased item, whose recorded time and position the log gives.
fn assert_is_erased(item: &Value, class: Class) {
    let names: BTreeSet<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["class", "erased", "position", "recordedtime", "revision", "stream"];
    assert_eq!(names, BTreeSet::from(expected));
    assert_eq!(item["class"], class.code());
    assert_eq!(item["erased"], json!({"at": ERASED_AT, "basis": "dataSubject"}));
    assert_eq!(item["stream"], StreamName::Person(person()).to_string());
}

fn history_of(question: &Question, person: &PersonHistory, kind: Option<Kind>) -> Vec<Value> {
    let at = At::Instant(instant("2100-01-01T00:00:00Z"));
    let page = HistoryPage { kind, skip: 0, limit: 100 };
    let answer =
        answer::history(&Question { at, ..*question }, person, &page, String::new).unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    answer["items"].as_array().unwrap().clone()
}

/// The parts of each answer that are left when one class is erased.
struct Left {
    class: Class,
    custody: &'static str,
    substitution: &'static str,
    residential: &'static str,
    alerts: &'static [&'static str],
    /// Credited days of the proposal by modality, or what is missing for them.
    credits: &'static [Result<i64, &'static str>],
}

const LEFT: [Left; 4] = [
    Left {
        class: Class::Judicial,
        custody: "unknown",
        substitution: "maintained",
        residential: "inTreatment",
        alerts: &["referralUnanswered"],
        credits: &[],
    },
    Left {
        class: Class::Clinical,
        custody: "underModality",
        substitution: "unknown",
        residential: "inTreatment",
        alerts: &[],
        credits: &[Ok(109)],
    },
    Left {
        class: Class::Attested,
        custody: "underModality",
        substitution: "maintained",
        residential: "unknown",
        alerts: &["referralUnanswered"],
        credits: &[Err("recordsErased")],
    },
    Left {
        class: Class::System,
        custody: "underModality",
        substitution: "maintained",
        residential: "inTreatment",
        alerts: &["referralUnanswered"],
        credits: &[Ok(109)],
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn each_erased_class_leaves_its_place_in_history_and_feed() {
    for Left { class, .. } in LEFT {
        let folder = tempfile::tempdir().unwrap();
        let country = without(folder.path(), Some(class)).await;
        let (question, person) = known(&country.ledger).await;

        let kinds: Vec<Kind> = life().iter().map(kind_of).collect();
        let (erased, open): (Vec<Kind>, Vec<Kind>) =
            kinds.iter().partition(|kind| is_of(**kind, class));
        let items = history_of(&question, &person, None);
        assert_eq!(items.len(), kinds.len(), "{class:?}");
        // An erased record has its place by its recorded time, after all earlier events.
        let (told, places) = items.split_at(open.len());
        assert!(told.iter().all(|item| item["type"].is_string()), "{class:?}");
        places.iter().for_each(|item| assert_is_erased(item, class));
        for kind in &erased {
            assert!(history_of(&question, &person, Some(*kind)).is_empty(), "{kind}");
        }

        let log = country.ledger.feed_events(&READER, Position::START, 100).await.unwrap();
        assert_eq!(log.len(), kinds.len());
        for (kind, event) in kinds.iter().zip(&log) {
            let json = serde_json::to_value(event.answer()).unwrap();
            let filter = FeedFilter { kind: Some(*kind), source: Some("urn:test".into()) };
            let is_erased = is_of(*kind, class);
            assert_eq!(filter.matches(event), !is_erased, "{kind}");
            assert_eq!(event.matching_filters().count(), if is_erased { 1 } else { 4 }, "{kind}");
            assert!(FeedFilter::default().matches(event));
            let one = country
                .ledger
                .record_with_key(&READER, &EventKey::new("urn:test", kind.code()))
                .await;
            let one = one.unwrap().unwrap();
            assert_eq!(serde_json::to_value(RecordAnswer::from(&*one)).unwrap(), json);
            if is_erased {
                assert_is_erased(&json, class);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_erased_class_is_unknown_to_every_fold_and_never_none() {
    for Left { class, custody, substitution, residential, alerts, credits } in LEFT {
        let folder = tempfile::tempdir().unwrap();
        let country = without(folder.path(), Some(class)).await;
        let (question, person) = known(&country.ledger).await;

        let trajectory = serde_json::to_value(answer::trajectory(&question, &person)).unwrap();
        assert_eq!(trajectory["custody"]["state"], custody, "{class:?}");
        assert_eq!(trajectory["substitution"]["state"], substitution, "{class:?}");
        assert_eq!(trajectory["residential"]["state"], residential, "{class:?}");
        let raised: Vec<&Value> =
            trajectory["alerts"].as_array().unwrap().iter().map(|alert| &alert["code"]).collect();
        assert_eq!(raised, *alerts, "{class:?}");

        let query = credit::CreditQuery::new(question.at, "2026-03-20".parse().unwrap());
        let credit = serde_json::to_value(answer::credit(&question, &person, &query)).unwrap();
        let modalities = credit["modalities"].as_array().unwrap();
        assert_eq!(modalities.len(), credits.len(), "{class:?}");
        for (modality, expected) in modalities.iter().zip(credits) {
            let reading = &modality["readings"]["fullResidential"];
            match expected {
                Ok(days) => assert_eq!(reading["creditedDays"], *days, "{class:?}"),
                Err(missing) => {
                    assert_eq!(reading["cannotCompute"], json!([missing]), "{class:?}");
                    let figures = ["creditedDays", "remainingDays", "unusedDays", "sentenceEnd"];
                    assert!(figures.iter().all(|name| reading.get(name).is_none()), "{class:?}");
                    assert!(reading["counted"].is_array(), "the runs stay");
                }
            }
        }
        for answer in [&trajectory, &credit] {
            let findings = answer["findings"].as_array().unwrap();
            let erased = findings.iter().filter(|finding| finding["code"] == "recordsErased");
            let messages: Vec<&str> =
                erased.map(|finding| finding["message"].as_str().unwrap()).collect();
            assert_eq!(messages.len(), 1, "{class:?}");
            let letter = format!("of class {}", class.code());
            assert!(messages[0].contains(&letter) && messages[0].contains("dataSubject"));
            let count = life().iter().filter(|event| kind_of(event).class() == Some(class)).count();
            let finding = findings.iter().find(|finding| finding["code"] == "recordsErased");
            let members = json!({
                "code": "recordsErased", "message": messages[0], "records": [],
                "values": {"class": class.code(), "count": count,
                    "erasedAt": ERASED_AT, "basis": "dataSubject"}
            });
            assert_eq!(finding, Some(&members));
        }
        assert_eq!(country.differences().await, Vec::<String>::new(), "the lists say the same");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_death_raises_no_alarm_and_a_sign_of_life_after_it_does() {
    let died = event(person(), "d", "death.recorded", "2026-03-10T08:00:00+01:00", json!({}));
    let died_last = [life(), vec![died.clone()]].concat();
    let died_first = [vec![died], life()].concat();
    type Row<'a> = (&'a str, &'a [Value], Option<Class>, &'a [&'a str]);
    let rows: [Row<'_>; 3] = [
        ("the death can be read", &died_last, None, &[]),
        ("an erased record came last", &died_last, Some(Class::Judicial), &[]),
        ("care came later", &died_first, Some(Class::Judicial), &["referralUnanswered"]),
    ];
    for (why, life, class, expected) in rows {
        let folder = tempfile::tempdir().unwrap();
        let country = ledger_of(folder.path(), life, class).await;
        let (question, person) = known(&country.ledger).await;
        let trajectory = serde_json::to_value(answer::trajectory(&question, &person)).unwrap();
        let alerts = trajectory["alerts"].as_array().unwrap();
        let codes: Vec<&Value> = alerts.iter().map(|alert| &alert["code"]).collect();
        assert_eq!(codes, expected, "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_filtered_by_what_is_left() {
    let unanswered = || TrajectoryFilter {
        alert: Some(AlertCode::ReferralUnanswered),
        ..TrajectoryFilter::default()
    };
    for (class, expected) in [(None, 1), (Some(Class::Clinical), 0)] {
        let folder = tempfile::tempdir().unwrap();
        let country = without(folder.path(), class).await;
        let listed = country.trajectories(&unanswered(), 10).await;
        assert_eq!(listed.items.len(), expected, "{class:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_event_sent_again_gets_its_first_receipt_which_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = without(folder.path(), Some(Class::Clinical)).await.ledger;
    let mut again = life().remove(4);
    again["data"]["doseMicrograms"] = 1_000.into();
    let receipts = ledger.record(&[draft(&again)], Expected::Any, WriteMode::Write).await.unwrap();
    assert_eq!((receipts[0].status, receipts[0].is_erased), (ReceiptStatus::Duplicate, true));
    assert_eq!(serde_json::to_value(&receipts[0]).unwrap()["erased"], true);

    again["subject"] = support::person(2).to_string().into();
    let refused =
        ledger.record(&[draft(&again)], Expected::Any, WriteMode::Write).await.unwrap_err();
    assert!(matches!(refused.why, RecordError::Reused(places) if places == [0]));

    let readable = life().remove(0);
    let receipts =
        ledger.record(&[draft(&readable)], Expected::Any, WriteMode::Write).await.unwrap();
    assert!(serde_json::to_value(&receipts[0]).unwrap().get("erased").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_annulment_of_an_erased_record_has_no_effect_and_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = without(folder.path(), Some(Class::Clinical)).await.ledger;
    // The annulment has another class than the erased one, so that it can be read.
    let annuls = json!({"source": "urn:test", "id": "cap.referred", "type": "detention.arrived"});
    let data = json!({"annuls": annuls, "reason": "duplicate"});
    let annulment = event(person(), "a", "record.annulled", "2026-03-01T08:00:00+01:00", data);
    ledger.record(&[draft(&annulment)], Expected::Any, WriteMode::Write).await.unwrap();
    let (_, person) = known(&ledger).await;
    let found = person.history.findings.iter().find(|f| f.code.code() == "targetErased").unwrap();
    let names: Vec<&str> = found.records.iter().map(|record| &*record.id).collect();
    assert_eq!(names, ["a"]);
}

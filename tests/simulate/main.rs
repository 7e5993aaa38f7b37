//! The simulator: deterministic, messy, and never outside the vocabulary.
//! A failure prints its rerun, `SEED=<seed> cargo test --test simulate`.

#![allow(missing_docs, clippy::unwrap_used)]

mod coverage;
mod figures;
mod occurrence;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::kind::Kind;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::simulate::{Plan, UNLISTED, events, protagonist};
use chrono::{DateTime, NaiveDate, NaiveTime, Offset as _, Utc};
use chrono_tz::Europe::Brussels;
use serde_json::Value;

const BYTES: &str = "8477af12dd81e496bf82d9c061201fc7e0ef8efcb71852076bd7e0804578a83b";

fn seed() -> u64 {
    std::env::var("SEED").map_or(7341, |seed| seed.parse().unwrap())
}

fn rerun() -> String {
    format!("SEED={} cargo test --test simulate", seed())
}

fn plan(persons: u64, from: &str, to: &str, seed: u64) -> Plan {
    Plan { persons, detained: 0, from: from.parse().unwrap(), to: to.parse().unwrap(), seed }
}

fn year(persons: u64) -> Plan {
    plan(persons, "2025-01-01", "2025-12-31", seed())
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn time(event: &Value) -> DateTime<chrono::FixedOffset> {
    DateTime::parse_from_rfc3339(text(event, "/time")).unwrap()
}

fn date(event: &Value) -> NaiveDate {
    time(event).date_naive()
}

fn key(event: &Value) -> (String, String) {
    (text(event, "/source").to_owned(), text(event, "/id").to_owned())
}

fn end_of(plan: &Plan) -> DateTime<Utc> {
    (plan.to.succ_opt().unwrap()).and_time(NaiveTime::MIN).and_utc()
}

#[test]
fn the_same_plan_gives_the_same_bytes_and_another_seed_others() {
    let bytes = |seed| -> Vec<String> {
        let plan = Plan { seed, detained: 10, ..year(40) };
        events(plan).map(|event| event.to_string()).collect()
    };
    assert_eq!(bytes(seed()), bytes(seed()), "{}", rerun());
    assert_ne!(bytes(seed()), bytes(seed() + 1), "{}", rerun());
}

/// The hash changes with every change of the simulator, and only then.
#[test]
fn the_bytes_are_those_of_every_other_machine() {
    let plan = plan(30, "2024-01-01", "2025-06-30", 2026);
    let mut hasher = blake3::Hasher::new();
    events(plan).for_each(|event| _ = hasher.update(event.to_string().as_bytes()));
    assert_eq!(hasher.finalize().to_hex().as_str(), BYTES);
}

#[test]
fn every_event_passes_the_door() {
    for plan in [
        year(300),
        year(1000),
        Plan { detained: 100, ..plan(30, "2025-11-01", "2025-11-30", seed()) },
        plan(60, "2014-06-01", "2018-02-28", seed()),
        plan(60, "2024-01-01", "2026-11-20", seed()),
        plan(20, "2026-03-01", "2026-03-01", seed()),
    ] {
        for event in events(plan) {
            let checked = validate(&JsonValue::from(&event), end_of(&plan));
            assert!(checked.is_ok(), "{}: {event} {checked:?}", rerun());
        }
    }
}

#[test]
fn every_type_that_a_sender_may_send_occurs_in_a_year_of_300_persons() {
    for seed in [seed(), seed() + 1, seed() + 2] {
        let told: BTreeSet<String> = events(Plan { seed, ..year(300) })
            .map(|event| text(&event, "/type").to_owned())
            .collect();
        let missing: Vec<&str> = Kind::ALL
            .iter()
            .filter(|kind| **kind != Kind::RecordErased && !told.contains(kind.code()))
            .map(|kind| kind.code())
            .collect();
        assert!(missing.is_empty(), "SEED={seed}: {missing:?}");
    }
}

#[test]
fn ids_are_unique_but_for_exact_repetitions() {
    let mut seen: HashMap<(String, String), Value> = HashMap::new();
    let mut repeated = 0;
    for event in events(year(300)) {
        if let Some(first) = seen.get(&key(&event)) {
            assert_eq!(*first, event, "{}", rerun());
            repeated += 1;
        }
        seen.insert(key(&event), event);
    }
    assert!(repeated > 15, "{repeated} repetitions; {}", rerun());
}

#[test]
fn corrections_come_from_the_sender_and_some_come_first() {
    let mut seen = HashSet::new();
    let (mut corrected, mut before, mut of_corrections) = (0, 0, 0);
    let mut reasons: BTreeMap<String, u32> = BTreeMap::new();
    for event in events(year(1500)) {
        for member in ["corrects", "annuls"] {
            let target = |name: &str| text(&event, &format!("/data/{member}/{name}")).to_owned();
            if event.pointer(&format!("/data/{member}")).is_none() {
                continue;
            }
            assert_eq!(target("source"), text(&event, "/source"), "{}", rerun());
            corrected += 1;
            before += u32::from(!seen.contains(&(target("source"), target("id"))));
            of_corrections += u32::from(target("type") == "record.corrected");
            *reasons.entry(text(&event, "/data/reason").to_owned()).or_default() += 1;
        }
        seen.insert(key(&event));
    }
    assert!(corrected > 200 && before > 10 && of_corrections > 5, "{reasons:?}; {}", rerun());
    for reason in ["wrongPerson", "duplicate", "notOccurred", "typingError", "dateMisread"] {
        assert!(reasons.contains_key(reason), "{reason} in {reasons:?}; {}", rerun());
    }
}

#[test]
fn the_order_is_that_of_sending_so_some_records_come_days_late() {
    let mut latest = DateTime::<Utc>::MIN_UTC;
    let (mut late, mut all) = (0, 0);
    for event in events(year(300)) {
        let time = time(&event).to_utc();
        late += u32::from((latest - time).num_days() >= 2);
        all += 1;
        latest = latest.max(time);
    }
    assert!(late * 1000 > all * 5 && late * 5 < all, "{late} of {all}; {}", rerun());
}

#[test]
fn times_carry_the_brussels_offset_and_lie_in_the_plan() {
    let plan = plan(60, "2025-02-01", "2026-11-15", seed());
    let mut offsets = BTreeSet::new();
    for event in events(plan) {
        let told = time(&event);
        let offset = told.with_timezone(&Brussels).offset().fix();
        assert_eq!(*told.offset(), offset, "{event}; {}", rerun());
        // Lasting facts of a project are older than the plan.
        let lasting = text(&event, "/subject").starts_with("project:");
        let within = (plan.from..=plan.to).contains(&told.date_naive());
        assert!(within || lasting && told.date_naive() < plan.from, "{event}; {}", rerun());
        offsets.insert(offset.local_minus_utc());
    }
    assert_eq!(offsets, BTreeSet::from([3600, 7200]), "{}", rerun());
}

#[test]
fn a_strike_is_a_day_for_the_whole_prison() {
    let mut causes: BTreeMap<(String, NaiveDate), Vec<String>> = BTreeMap::new();
    for event in events(year(1500)) {
        if text(&event, "/type") == "care.notDelivered" {
            let place = (text(&event, "/data/facility").to_owned(), date(&event));
            causes.entry(place).or_default().push(text(&event, "/data/cause").to_owned());
        }
    }
    let struck: Vec<_> =
        causes.values().filter(|causes| causes.iter().any(|cause| cause == "strike")).collect();
    let all: usize = struck.iter().map(|causes| causes.len()).sum();
    let strikes = struck.iter().flat_map(|causes| *causes).filter(|cause| *cause == "strike");
    let strikes = strikes.count();
    // A record with a wrong date, corrected later, may fall on a strike day.
    assert!(struck.iter().any(|causes| causes.len() > 2), "{struck:?}; {}", rerun());
    assert!(strikes * 10 >= all * 9, "{strikes} of {all}; {}", rerun());
}

/// The protagonist is released to a house, leaves too early, and is back in prison.
#[test]
fn the_protagonist_has_the_striking_life() {
    for (seed, persons) in (0..12).map(|step| (seed() + step, 50 + step)) {
        let plan = Plan { seed, persons, ..year(50) };
        let person = protagonist(&plan).to_string();
        let own: Vec<Value> =
            events(plan).filter(|event| text(event, "/subject") == person).collect();
        let of = |kind: &str| own.iter().filter(|e| text(e, "/type") == kind).collect::<Vec<_>>();
        let granted = of("modality.granted")[0];
        assert_eq!(text(granted, "/data/kind"), "conditionalRelease", "SEED={seed}");
        assert_eq!(text(granted, "/data/conditions/0"), "residentialTreatment", "SEED={seed}");
        assert!(granted.pointer("/data/remainderDays").is_some(), "SEED={seed}");
        let arrived: Vec<NaiveDate> = of("detention.arrived").into_iter().map(date).collect();
        let admitted = date(of("residential.admitted")[0]);
        let correction = own
            .iter()
            .find(|e| text(e, "/data/corrects/type") == "residential.droppedOut")
            .unwrap();
        let dropped_out = DateTime::parse_from_rfc3339(text(correction, "/data/time")).unwrap();
        let days = (dropped_out.date_naive() - admitted).num_days();
        assert!((60..=200).contains(&days), "{days} days, SEED={seed}");
        assert!(arrived[0] < admitted && arrived[1] > dropped_out.date_naive(), "SEED={seed}");
        for kind in [
            "care.screened",
            "substitution.doseContinued",
            "referral.answered",
            "programme.completed",
            "modality.suspended",
            "modality.revoked",
        ] {
            assert!(!of(kind).is_empty(), "{kind}, SEED={seed}");
        }
    }
}

#[test]
fn no_dose_is_given_in_a_prison_before_the_arrival() {
    let plan = Plan { persons: 1, ..year(1) };
    let own: Vec<Value> = events(plan).collect();
    let first = |kind: &str, setting: &str| {
        let of = |event: &&Value| {
            text(event, "/type") == kind && text(event, "/data/setting") == setting
        };
        own.iter().filter(of).map(time).min().unwrap()
    };
    let arrived = first("detention.arrived", "");
    assert!(first("substitution.doseContinued", "prison") > arrived, "{}", rerun());
    assert!(first("substitution.prescribed", "prison") > arrived, "{}", rerun());
}

#[test]
fn codes_of_places_and_projects_are_in_the_registries() {
    let mut known: HashSet<String> = UNLISTED.iter().map(|code| (*code).to_owned()).collect();
    for registry in ["facilities", "providers", "projects"] {
        let path = format!("{}/schemas/registry/{registry}.json", env!("CARGO_MANIFEST_DIR"));
        let registry: Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let items = registry["items"].as_array().unwrap();
        known.extend(items.iter().map(|item| item["code"].as_str().unwrap().to_owned()));
    }
    for plan in [year(300), plan(80, "2015-01-01", "2017-12-31", seed())] {
        for event in events(plan) {
            for member in ["facility", "prison", "provider", "toProvider", "project", "toFacility"]
            {
                let code = text(&event, &format!("/data/{member}"));
                assert!(code.is_empty() || known.contains(code), "{code}; {}", rerun());
            }
        }
    }
}

#[test]
fn an_empty_plan_is_an_empty_stream() {
    assert_eq!(events(plan(0, "2025-01-01", "2025-12-31", 1)).count(), 0);
    assert_eq!(events(plan(20, "2025-01-02", "2025-01-01", 1)).count(), 0);
}

/// Not a test: `cargo test --release --test simulate figures -- --ignored --nocapture`, with
/// PERSONS and TO from the environment.
#[test]
#[ignore = "prints figures"]
fn figures() {
    let asked = |name: &str, otherwise: &str| std::env::var(name).unwrap_or(otherwise.to_owned());
    let persons = asked("PERSONS", "5000").parse().unwrap();
    let plan = plan(persons, "2025-01-01", &asked("TO", "2025-12-31"), seed());
    let mut shares: BTreeMap<String, u64> = BTreeMap::new();
    let start = std::time::Instant::now();
    for event in events(plan) {
        *shares.entry(text(&event, "/type").to_owned()).or_default() += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    let all: u64 = shares.values().sum();
    let days = u64::try_from((plan.to - plan.from).num_days() + 1).unwrap();
    println!("{all} events, {} a person-year", all * 365 / (days * persons));
    println!("{seconds:.2} s, {:.0} events/s", all as f64 / seconds);
    for (kind, count) in shares {
        println!("{kind:32} {count:9} {:6.2} %", count as f64 * 100.0 / all as f64);
    }
}

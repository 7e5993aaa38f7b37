//! The exact figures of a simulated plan: the figures of 2025, ranges of doses, who refers when,
//! and a stock that is in prison. Records are read as the ledger reads them, after corrections. A
//! failure prints its rerun, `SEED=<seed> cargo test --test simulate`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use care_ledger::domain::event::{Content, Event, Recorded};
use care_ledger::domain::history::{History, Item, OutsideTargets, fold};
use care_ledger::domain::id::{Position, RecordedTime, Revision};
use care_ledger::domain::vocabulary::choice::ReleaseReason;
use care_ledger::domain::vocabulary::kind::Kind;
use care_ledger::simulate::{Plan, events};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde_json::Value;

fn seed() -> u64 {
    std::env::var("SEED").map_or(7341, |seed| seed.parse().unwrap())
}

fn rerun() -> String {
    format!("SEED={} cargo test --test simulate", seed())
}

fn plan(persons: u64, from: &str, to: &str) -> Plan {
    Plan {
        persons,
        detained: 0,
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        seed: seed(),
    }
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Which records make one history: the records of a stream, as the ledger folds them, or the
/// records of a life under all pseudonyms.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Stream,
    Life,
}

/// Histories of the records of some types, with their corrections and annulments.
fn histories(plan: Plan, by: By, kinds: &[&str]) -> BTreeMap<String, History> {
    let mut streams: BTreeMap<String, Vec<Arc<Recorded>>> = BTreeMap::new();
    for (place, event) in (0..).zip(events(plan)) {
        let kind = text(&event, "/type");
        let own = kinds.contains(&kind);
        let touches = ["corrects", "annuls"].iter().any(|member| {
            let kind = text(&event, &format!("/data/{member}/type"));
            kinds.contains(&kind) || kind.starts_with("record.")
        });
        if !own && !touches {
            continue;
        }
        let event = Event::from_canonical(event.to_string().as_bytes()).unwrap();
        let life = event.key.id.rsplit_once('-').unwrap().0.to_owned();
        let name = if by == By::Life { life } else { event.subject.subject().to_string() };
        let stream = streams.entry(name).or_default();
        stream.push(Arc::new(Recorded {
            stream: event.subject.clone(),
            revision: Revision(stream.len() as u64),
            position: Position::new(place),
            recorded_at: RecordedTime::from_micros(place as i64),
            content: Content::Open(event),
        }));
    }
    let fold = |records| fold(records, &OutsideTargets::default(), None);
    streams.into_iter().map(|(name, records)| (name, fold(records))).collect()
}

/// The records of one type that are in force, each with the name of its history.
fn standing<'a>(
    histories: &'a BTreeMap<String, History>,
    kind: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Item)> {
    histories.iter().flat_map(move |(name, history)| {
        let of = move |(item, _): &(&Item, _)| item.kind().code() == kind;
        history.facts().filter(of).map(move |(item, _)| (name.as_str(), item))
    })
}

fn member(item: &Item, name: &str) -> String {
    item.data().get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(item: &Item, name: &str) -> u64 {
    item.data().get(name).and_then(Value::as_u64).unwrap_or_default()
}

const COUNTED: &[&str] = &["cap.referred", "programme.enrolled"];

/// The referrals in force in 2025 for each project, and the participants of B.Leave.
fn figures(plan: Plan) -> BTreeMap<String, usize> {
    let histories = histories(plan, By::Stream, COUNTED);
    let in_2025 = |item: &Item| item.date.year() == 2025;
    let mut counts = BTreeMap::new();
    for (_, item) in standing(&histories, "cap.referred").filter(|(_, item)| in_2025(item)) {
        *counts.entry(member(item, "project")).or_default() += 1;
    }
    let participants: BTreeSet<&str> = standing(&histories, "programme.enrolled")
        .filter(|(_, item)| in_2025(item) && member(item, "project") == "bLeave")
        .map(|(person, _)| person)
        .collect();
    counts.insert("bLeave".to_owned(), participants.len());
    let asked = asked();
    counts.retain(|project, _| asked.contains_key(project));
    counts
}

/// The figures as the registry of projects gives them.
fn asked() -> BTreeMap<String, usize> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/registry/projects.json");
    let registry: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let counted = |item: &Value| {
        let count = item.pointer("/participantsOrReferrals2025/count")?.as_u64()?;
        Some((text(item, "/code").to_owned(), usize::try_from(count).unwrap()))
    };
    registry["items"].as_array().unwrap().iter().filter_map(counted).collect()
}

#[test]
fn a_plan_over_2025_gives_the_figures_of_that_year_exactly() {
    assert_eq!(asked().values().sum::<usize>(), 199 + 176 + 76 + 85 + 66 + 28);
    let year = ("2025-01-01", "2025-12-31");
    let rows = [
        (1_000, 0, year),
        (1_000, 300, year),
        (1_000, 0, ("2024-12-20", "2026-01-05")),
        (1_200, 100, ("2023-06-01", "2026-03-31")),
        (2_000, 0, year),
        (5_000, 0, year),
    ];
    for (place, (persons, detained, (from, to))) in (0..).zip(rows) {
        for seed in [1, seed() + place, seed() * 1_000_003 + place] {
            let plan = Plan { seed, detained, ..plan(persons, from, to) };
            assert_eq!(figures(plan), asked(), "{plan:?}");
        }
    }
    // With this many persons somebody is enrolled and referred on every day around the new year.
    for seed in [99, seed()] {
        let plan = Plan { seed, ..plan(12_000, "2024-10-01", "2026-01-31") };
        assert_eq!(figures(plan), asked(), "{plan:?}");
    }
}

/// `cargo test --release --test simulate large -- --ignored`, with PERSONS from the
/// environment: minutes and gigabytes for a million, since the test keeps what is counted.
#[test]
#[ignore = "takes minutes"]
fn a_large_plan_gives_the_figures_as_well() {
    let persons = std::env::var("PERSONS").map_or(20_000, |persons| persons.parse().unwrap());
    let plan = plan(persons, "2025-01-01", "2025-12-31");
    assert_eq!(figures(plan), asked(), "{plan:?}");
}

#[test]
fn no_figures_are_forced_on_a_plan_that_is_too_small_or_too_short() {
    for (persons, from, to) in
        [(999, "2025-01-01", "2025-12-31"), (4_000, "2025-01-02", "2025-12-31")]
    {
        let plan = plan(persons, from, to);
        assert_ne!(figures(plan), asked(), "{plan:?}");
    }
}

const CUSTODY: &[&str] = &["detention.arrived", "detention.transferred", "detention.released"];

/// Whether a record ends a detention: a release by day does not.
fn ends_detention(item: &Item) -> bool {
    let reason: Option<ReleaseReason> = member(item, "reason").parse().ok();
    item.kind() == Kind::DetentionReleased && !reason.is_some_and(ReleaseReason::is_by_day)
}

/// The prison of a life's person just before an instant, by the records in force.
fn held_at(history: &History, instant: DateTime<Utc>) -> Option<String> {
    let before = history.facts().filter(|(item, _)| item.instant() < instant);
    let moves = |item: &Item| {
        CUSTODY.contains(&item.kind().code())
            && (item.kind() != Kind::DetentionReleased || ends_detention(item))
    };
    let last = before.filter(|(item, _)| moves(item)).last()?.0;
    match last.kind() {
        Kind::DetentionArrived => Some(member(last, "facility")),
        Kind::DetentionTransferred => Some(member(last, "to")),
        _ => None,
    }
}

#[test]
fn who_is_counted_is_held_at_the_prison_of_the_project() {
    let plan = plan(1_000, "2025-01-01", "2025-12-31");
    let histories = histories(plan, By::Life, &[COUNTED, CUSTODY].concat());
    let mut seen = 0;
    for (life, item) in standing(&histories, "cap.referred") {
        if asked().contains_key(member(item, "project").as_str()) {
            let held = held_at(&histories[life], item.instant());
            assert_eq!(held, Some(member(item, "prison")), "{life}; {}", rerun());
            seen += 1;
        }
    }
    for (life, item) in standing(&histories, "programme.enrolled") {
        if member(item, "project") == "bLeave" {
            let held = held_at(&histories[life], item.instant());
            assert_eq!(held.as_deref(), Some("ruiselede"), "{life}; {}", rerun());
            seen += 1;
        }
    }
    assert_eq!(seen, asked().values().sum::<usize>());
}

#[test]
fn a_person_may_be_referred_more_than_once_and_most_are_not_in_a_large_plan() {
    for (persons, mean_max) in [(1_000, 3.2), (2_000, 2.3), (6_000, 1.3)] {
        let histories = histories(plan(persons, "2025-01-01", "2025-12-31"), By::Life, COUNTED);
        let mut a_life: BTreeMap<&str, u32> = BTreeMap::new();
        for (life, item) in standing(&histories, "cap.referred") {
            if asked().contains_key(member(item, "project").as_str()) {
                *a_life.entry(life).or_default() += 1;
            }
        }
        let mean = 602.0 / a_life.len() as f64;
        assert!(mean < mean_max && a_life.values().any(|count| *count > 1), "{mean}; {}", rerun());
    }
}

const SUBSTITUTION: &[&str] =
    &["substitution.verified", "substitution.prescribed", "substitution.doseContinued"];

#[test]
fn doses_lie_in_the_range_of_their_form() {
    // Milligrams. The least dose of the daily forms is the last dose of a taper, and the first dose
    // of a person who comes from a prison that tapers. Prescribed for maintenance outside:
    // methadone from 5, buprenorphine from 8.
    let ranges: BTreeMap<&str, (&[&str], u64, u64, u64)> = BTreeMap::from([
        ("oralSolution", (&["methadone"][..], 1, 120, 1)),
        ("sublingual", (&["buprenorphine", "buprenorphineNaloxone"][..], 2, 24, 1)),
        ("depotWeekly", (&["buprenorphine"][..], 8, 32, 7)),
        ("depotMonthly", (&["buprenorphine"][..], 64, 160, 28)),
    ]);
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let histories = histories(plan(2_500, "2025-01-01", "2025-12-31"), By::Life, SUBSTITUTION);
    for kind in SUBSTITUTION {
        for (life, item) in standing(&histories, kind) {
            let (form, product) = (member(item, "formulation"), member(item, "product"));
            let (form, product) = (form.as_str(), product.as_str());
            let (products, least, most, interval) = ranges[form];
            let dose = number(item, "doseMicrograms");
            let fits = (least * 1000..=most * 1000).contains(&dose)
                && products.contains(&product)
                && number(item, "intervalDays") == interval;
            assert!(fits, "{kind} {product} {form} {dose} of {life}; {}", rerun());
            assert!(
                !form.starts_with("depot") || dose.is_multiple_of(8_000),
                "{dose}; {}",
                rerun()
            );
            let verified = *kind == "substitution.verified" && member(item, "provider") == "msoc";
            let first = verified && item.date.month() == 1;
            assert!(!first || dose >= if form == "sublingual" { 8_000 } else { 5_000 });
            seen.insert((form.to_owned(), product.to_owned()));
        }
    }
    assert_eq!(seen.len(), 5, "{seen:?}; {}", rerun());
}

#[test]
fn methadone_starts_low_and_five_prisons_at_most_only_taper() {
    let mut goals: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut started = 0;
    let histories = histories(plan(3_000, "2025-01-01", "2025-12-31"), By::Life, SUBSTITUTION);
    for history in histories.values() {
        let mut before = false;
        for (item, _) in history.facts() {
            if item.kind() == Kind::SubstitutionPrescribed && member(item, "setting") == "prison" {
                let goal = member(item, "goal");
                goals.entry(member(item, "facility")).or_default().insert(goal);
                if !before && member(item, "product") == "methadone" {
                    // At most 20 mg, 30 at the very most (WHO 2009).
                    assert!(number(item, "doseMicrograms") <= 20_000, "{}", rerun());
                    started += 1;
                }
            }
            before = true;
        }
    }
    assert!(started > 10, "{started}; {}", rerun());
    let mixed: Vec<&String> = goals.iter().filter(|(_, g)| g.len() > 1).map(|(p, _)| p).collect();
    assert!(mixed.is_empty(), "{mixed:?}; {}", rerun());
    let tapering = goals.values().filter(|goals| goals.contains("detoxification")).count();
    assert!((3..=5).contains(&tapering) && goals.len() > 15, "{goals:?}; {}", rerun());
}

const REFERRING: &[&str] = &["cap.referred", "cap.oriented"];
const WALLOON_OR_BRUSSELS: &[&str] = &["haren", "lantin", "ittre"];

#[test]
fn each_referral_point_works_in_its_years_and_prisons() {
    let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
    let plans = [
        plan(700, "2015-06-01", "2018-06-30"),
        plan(700, "2023-04-01", "2024-04-30"),
        plan(1_000, "2025-01-01", "2025-12-31"),
    ];
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for plan in plans {
        let histories = histories(plan, By::Stream, REFERRING);
        for (_, item) in REFERRING.iter().flat_map(|kind| standing(&histories, kind)) {
            let (project, prison) = (member(item, "project"), member(item, "prison"));
            let (project, prison) = (project.as_str(), prison.as_str());
            let on = item.date;
            let fits = match project {
                "cap" => on < day("2016-05-01"),
                "tandem" => on >= day("2017-10-01") && !WALLOON_OR_BRUSSELS.contains(&prison),
                "ddGent" => on >= day("2023-10-01") && prison == "gent",
                "ddDendermonde" => on >= day("2023-10-01") && prison == "dendermonde",
                "drugsDeBaasBeveren" => on >= day("2022-01-01") && prison == "beveren",
                "drugsDeBaasKortrijk" => on >= day("2025-11-01") && prison == "kortrijk",
                "drugsDeBaasBrugge" => prison == "brugge",
                "drugsDeBaasOudenaarde" => prison == "oudenaarde",
                _ => false,
            };
            assert!(fits, "{project} at {prison} on {on}; {}", rerun());
            seen.insert(format!("{project} {}", on.year()));
        }
    }
    for expected in ["cap 2015", "tandem 2018", "ddGent 2024", "drugsDeBaasBrugge 2024"] {
        assert!(seen.contains(expected), "{expected} in {seen:?}; {}", rerun());
    }
}

#[test]
fn sentences_and_short_interventions_are_as_long_as_they_may_be() {
    let kinds = ["sentence.pronounced", "programme.enrolled"];
    let histories = histories(plan(2_000, "2025-01-01", "2025-12-31"), By::Stream, &kinds);
    for (_, item) in standing(&histories, "sentence.pronounced") {
        let months = number(item, "years") * 12 + number(item, "months");
        assert!((6..=48).contains(&months), "{months}; {}", rerun());
    }
    for (_, item) in standing(&histories, "programme.enrolled") {
        let begun = item.data().get("continues").is_none();
        let short = begun && member(item, "programme") == "shortIntervention";
        assert!(!short || number(item, "plannedSessions") == 20, "{}", rerun());
    }
}

#[test]
fn a_stock_is_inside_from_the_first_day_with_its_past_and_its_daily_doses() {
    let month = plan(180, "2025-11-01", "2025-11-30");
    let stock = 1_500;
    let plan = Plan { detained: stock, ..month };
    let kinds = [CUSTODY, &["substitution.doseContinued", "sentence.pronounced"]].concat();
    let histories = histories(plan, By::Life, &kinds);
    let inside = |date: &str| -> u64 {
        let instant = DateTime::parse_from_rfc3339(date).unwrap().to_utc();
        histories.values().filter(|history| held_at(history, instant).is_some()).count() as u64
    };
    // Some arrivals are lost, as in life.
    let first = inside("2025-11-01T06:00:00+01:00");
    assert!(first * 100 > stock * 98 && first <= stock, "{first}; {}", rerun());
    let last = inside("2025-11-30T23:00:00+01:00");
    assert!(last * 100 > stock * 85 && last * 100 < stock * 115, "{last}; {}", rerun());
    let mut doses: BTreeMap<NaiveDate, u64> = BTreeMap::new();
    for (_, item) in standing(&histories, "substitution.doseContinued") {
        let prison = u64::from(member(item, "setting") == "prison");
        *doses.entry(item.date).or_default() += prison;
    }
    assert_eq!(doses.len(), 30, "{}", rerun());
    assert!(doses.values().all(|doses| doses * 100 > stock * 2), "{doses:?}; {}", rerun());
    let before =
        |kind: &str| standing(&histories, kind).filter(|(_, item)| item.date < plan.from).count();
    assert_eq!(before("substitution.doseContinued"), 0, "{}", rerun());
    assert!(before("sentence.pronounced") > 500, "{}", rerun());
}

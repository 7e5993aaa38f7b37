//! The lists give the same facts about each person as the answers about that person.

use care_ledger::domain::credit::CreditOutcome;
use care_ledger::domain::id::PersonId;
use care_ledger::projection::{CreditFilter, TrajectoryFilter};
use serde_json::{Value, from_value, json};

use super::country::{Country, event, lives};
use crate::support::person;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_everybody_at_three_instants_of_which_one_only_moved_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let lives = lives(120);
    let (first, rest) = lives.split_at(lives.len() * 2 / 3);
    let country = Country::open(folder.path(), "2025-11-08T12:00:00Z").await;
    country.record(first).await;
    assert_eq!(country.differences().await, [""; 0], "while much is told ahead of this clock");
    // Doses fall due, terms run out, civil days of stays and windows pass.
    country.set_clock("2025-11-21T23:30:00Z");
    assert_eq!(country.differences().await, [""; 0], "only the clock moved");
    country.record(rest).await;
    country.set_clock("2025-12-01T06:00:00Z");
    assert_eq!(country.differences().await, [""; 0], "more is recorded");
    country.set_clock("2025-11-10T06:00:00Z");
    assert_eq!(country.differences().await, [""; 0], "the clock was set back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_records_change_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let country = Country::open(folder.path(), "2026-03-05T12:00:00Z").await;
    let (ann, bea, cis) = (person(1), person(2), person(3));
    let screened = |who, id: &str| {
        let data = json!({"instrument": "assist", "needIdentified": true});
        event(who, id, "care.screened", "2026-03-01T10:00:00+01:00", data)
    };
    let arrived = |who, id: &str, time: &str| {
        let data = json!({"detention": id, "facility": "gent", "legalStatus": "pretrial"});
        event(who, id, "detention.arrived", time, data)
    };
    let annulled = |who, id: &str, target: &str| {
        let annuls = json!({"source": "urn:test", "id": target, "type": "care.screened"});
        let data = json!({"annuls": annuls, "reason": "wrongPerson"});
        event(who, id, "record.annulled", "2026-03-02T10:00:00+01:00", data)
    };
    let linked = |kind: &str, member: &str, who, id: &str, other: PersonId| {
        let data = json!({member: other, "reason": "samePerson"});
        event(who, id, kind, "2026-03-03T10:00:00+01:00", data)
    };
    let steps: Vec<(&str, Value)> = vec![
        ("one person", screened(ann, "a")),
        ("another", screened(bea, "b")),
        ("a third", screened(cis, "c")),
        ("an annulment that names what nobody has told", annulled(ann, "x", "later")),
        ("and what it names, of another person", screened(bea, "later")),
        ("two are one", linked("person.merged", "into", ann, "m1", bea)),
        ("what is told of one is of both", arrived(bea, "d1", "2026-03-03T08:00:00+01:00")),
        ("and a third", linked("person.merged", "into", cis, "m2", bea)),
        ("what is told of the third is of all", arrived(cis, "d2", "2026-03-04T08:00:00+01:00")),
        ("they are apart again", linked("person.unmerged", "from", ann, "u1", bea)),
        ("what is told of one is of two", screened(cis, "c2")),
        ("and of the first alone", screened(ann, "a2")),
    ];
    for (claim, step) in steps {
        country.record_one(&step).await;
        assert!(country.caught_up().await);
        assert_eq!(country.differences().await, [""; 0], "{claim}");
    }
}

/// Whether a filter must pick an item, by the answer about the person.
type Picks = fn(&Value) -> bool;

fn has_alert(item: &Value, code: &str) -> bool {
    item["alerts"].as_array().unwrap().iter().any(|alert| alert["code"] == code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_picks_whom_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let country = Country::open(folder.path(), "2025-11-24T12:00:00Z").await;
    country.record(&lives(150)).await;
    let rows: Vec<(&str, Value, Picks)> = vec![
        ("custody", json!("detained"), |item| item["custody"]["state"] == "detained"),
        ("custody", json!("underModality"), |item| item["custody"]["state"] == "underModality"),
        ("facility", json!("gent"), |item| item["custody"]["facility"] == "gent"),
        ("substitution", json!("maintained"), |item| item["substitution"]["state"] == "maintained"),
        ("substitution", json!("none"), |item| item["substitution"]["state"] == "none"),
        ("alert", json!("referralUnanswered"), |item| has_alert(item, "referralUnanswered")),
        ("alert", json!("substitutionOverdue"), |item| has_alert(item, "substitutionOverdue")),
    ];
    for now in ["2025-11-24T12:00:00Z", "2025-11-29T01:00:00Z"] {
        country.set_clock(now);
        let all = country.trajectories(&TrajectoryFilter::default(), 1_000).await.items;
        for (name, value, picks) in &rows {
            let filter = TrajectoryFilter {
                custody: (*name == "custody").then(|| from_value(value.clone()).unwrap()),
                facility: (*name == "facility").then(|| from_value(value.clone()).unwrap()),
                substitution: (*name == "substitution").then(|| from_value(value.clone()).unwrap()),
                alert: (*name == "alert").then(|| from_value(value.clone()).unwrap()),
            };
            let picked = country.trajectories(&filter, 9).await.items;
            let expected: Vec<&Value> = all.iter().filter(|item| picks(item)).collect();
            assert!(
                !expected.is_empty() && expected.len() < all.len(),
                "{name}={value}: says little"
            );
            assert_eq!(picked.iter().collect::<Vec<_>>(), expected, "{name}={value} at {now}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_are_picked_by_days_house_and_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let country = Country::open(folder.path(), "2026-11-24T12:00:00Z").await;
    let plan = care_ledger::simulate::Plan {
        persons: 60,
        detained: 0,
        from: "2025-01-01".parse().unwrap(),
        to: "2025-12-31".parse().unwrap(),
        seed: 2,
    };
    let lives: Vec<Value> = care_ledger::simulate::events(plan).collect();
    country.record(&lives).await;
    let all = country.credits(&CreditFilter::default(), 1_000).await.items;
    let days = |item: &Value| item["treatmentDays"].as_i64().unwrap();
    let in_house = |item: &Value, house: &str| {
        item["facilities"].as_array().unwrap().iter().any(|facility| facility == house)
    };
    let running = Some(CreditOutcome::Running);
    let rows = [
        (Some(1), None, None),
        (Some(60), None, None),
        (None, Some("deKiem"), None),
        (None, None, running),
    ];
    for (min_days, house, outcome) in rows {
        let filter = CreditFilter { min_days, facility: house.map(str::to_owned), outcome };
        let picked = country.credits(&filter, 2).await.items;
        let expected: Vec<&Value> = all
            .iter()
            .filter(|item| min_days.is_none_or(|least| days(item) >= i64::from(least)))
            .filter(|item| house.is_none_or(|house| in_house(item, house)))
            .filter(|item| outcome.is_none_or(|outcome| item["outcome"] == outcome.code()))
            .collect();
        assert!(!expected.is_empty() && expected.len() < all.len(), "{filter:?}: says little");
        assert_eq!(picked.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

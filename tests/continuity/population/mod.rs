//! Every state that someone must act on has an alert: a population is walked, and each state is
//! counted with the alerts that answer it.
//! Always: states that the rules leave without an alert are counted too, and named.

mod states;

use std::collections::BTreeMap;

use care_ledger::domain::time::calendar::At;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use self::states::{STATES, Situation, time};
use crate::builder::{engine, history};
use crate::random::{self, Rng};

/// The histories that are walked: random ones, and simulated lives.
fn population() -> Vec<Vec<Value>> {
    let number = std::env::var("LAW_CASES").ok().and_then(|text| text.parse().ok());
    let number: u64 = number.unwrap_or(300);
    let mut histories: Vec<Vec<Value>> = (0..number).map(|seed| random::history(seed).0).collect();
    let (from, to) = ("2025-01-01".parse().unwrap(), "2025-12-31".parse().unwrap());
    let plan =
        care_ledger::simulate::Plan { persons: number / 4 + 1, detained: 20, from, to, seed: 3 };
    let mut lives: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in care_ledger::simulate::events(plan) {
        lives.entry(event["subject"].to_string()).or_default().push(event);
    }
    histories.extend(lives.into_values());
    let is_plain = |event: &Value| {
        let kind = event["type"].as_str().unwrap();
        !kind.starts_with("record.")
            && !["person.merged", "person.unmerged", "death.recorded"].contains(&kind)
            && event["data"]["reason"] != "death"
            && !kind.starts_with("facility.")
            && !kind.starts_with("project.")
            && time(event).timestamp() > 0
            && !event.to_string().contains("1899-")
    };
    for history in &mut histories {
        history.retain(is_plain);
        history.sort_by_key(time);
    }
    histories.retain(|history| {
        !history.is_empty() && history.iter().all(|e| e["subject"] == history[0]["subject"])
    });
    histories
}

/// Some instants of a life: after records, and days and weeks after them.
fn instants(events: &[Value], rng: &mut Rng) -> Vec<DateTime<Utc>> {
    let hours = [1, 30, 80, 24 * 8, 24 * 16, 24 * 25, 24 * 40];
    let mut instant = || {
        let event = &events[rng.below(events.len() as u64) as usize];
        time(event) + TimeDelta::hours(rng.one(&hours))
    };
    (0..4).map(|_| instant()).collect()
}

#[test]
fn every_state_that_someone_must_act_on_has_an_alert() {
    let mut table: Vec<(usize, usize, BTreeMap<String, usize>)> =
        vec![Default::default(); STATES.len()];
    let mut sections: BTreeMap<[String; 3], [usize; 2]> = BTreeMap::new();
    let mut unanswered: BTreeMap<&str, String> = BTreeMap::new();
    for (number, events) in population().into_iter().enumerate() {
        let history = history(&events, None);
        for at in instants(&events, &mut Rng::new(number as u64)) {
            let (answer, _) = engine(&history, At::Instant(at));
            let told = events.iter().filter(|event| time(event) <= at).collect();
            let on = Situation { events: told, at, answer };
            let alerts = on.answer["alerts"].as_array().unwrap();
            let state = |section: &str| on.answer[section]["state"].as_str().unwrap().to_owned();
            let states = ["custody", "substitution", "residential"].map(state);
            let counts = sections.entry(states).or_default();
            (counts[0], counts[1]) = (counts[0] + 1, counts[1] + usize::from(!alerts.is_empty()));
            for (row, (name, holds, expected)) in table.iter_mut().zip(&STATES) {
                if !holds(&on) {
                    continue;
                }
                row.0 += 1;
                let mut codes = alerts.iter().map(|alert| alert["code"].as_str().unwrap());
                match codes.find(|code| expected.contains(code)) {
                    Some(code) => *row.2.entry(code.to_owned()).or_default() += 1,
                    None => {
                        row.1 += 1;
                        if !expected.is_empty() {
                            let told = || format!("at {at}: {}", lines(&on.events));
                            unanswered.entry(name).or_insert_with(told);
                        }
                    }
                }
            }
        }
    }
    println!("{:>7} {:>10}  state: alerts", "times", "unanswered");
    for ((name, _, _), (times, without, alerts)) in STATES.iter().zip(&table) {
        println!("{times:>7} {without:>10}  {name}: {alerts:?}");
    }
    println!("{:>7} {:>10}  custody, substitution, residential", "times", "alert");
    for (states, [times, alerted]) in &sections {
        println!("{times:>7} {alerted:>10}  {}", states.join(", "));
    }
    assert!(unanswered.is_empty(), "without an alert: {unanswered:#?}");
    let reached = STATES.iter().zip(&table).filter(|((_, _, alerts), _)| !alerts.is_empty());
    let missing: Vec<&str> =
        reached.filter(|(_, row)| row.0 == 0).map(|((name, ..), _)| *name).collect();
    assert!(missing.is_empty(), "the population never reaches {missing:?}");
}

fn lines(events: &[&Value]) -> String {
    let lines: Vec<String> = events.iter().map(|event| event.to_string()).collect();
    format!("[{}]", lines.join(",\n"))
}

//! The laws of `credit.md` as properties of any engine, tried on random histories.
//! Always: a law that breaks prints the shrunken history and how to run the same again.
//! More: `LAW_CASES=20000 cargo test --test credit law`.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::random::shrink;
use super::reference::Asked;
use crate::cases::{READING, pick};

pub mod compare;
mod days;
mod order;
mod rests;
mod stays;

pub use compare::{law_9, law_9_crowded};
pub use days::{law_2, law_3, law_7};
pub use order::{law_1, law_5, law_8};
pub use rests::law_10;
pub use stays::{law_4, law_6};

/// Answers a question about a history, in the shape of the API.
pub type Engine = fn(&[Value], &Asked) -> Value;

/// One law, tried on the history that a seed gives.
pub type Law = fn(Engine, u64) -> Outcome;

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Held,
    /// What the law asks for did not arise.
    NotApplicable,
    Broken(String),
}

/// A number of the environment, or the default.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Tries a law on so many seeds, and tells how often it applied and held.
pub fn try_law(name: &str, law: Law, engine: Engine) {
    let cases = number("LAW_CASES", 300);
    let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_nanos() as u64;
    let first = number("SEED", now >> 8);
    let mut applied = 0;
    for seed in first..first + cases {
        match law(engine, seed) {
            Outcome::NotApplicable => {}
            Outcome::Held => applied += 1,
            Outcome::Broken(message) => {
                panic!("{name}: {message}\nSEED={seed} LAW_CASES=1 cargo test --test credit {name}")
            }
        }
    }
    println!("{name}: {cases} seeds from {first}, applied and held in {applied}");
    assert!(cases < 100 || applied * 20 > cases, "{name} applied in {applied} of {cases} only");
}

/// Runs a check on a list of items, and shrinks the list if the check says what is wrong. A check
/// says nothing where the law does not apply, and an empty text where it holds.
fn settle<T: Clone>(
    items: &[T],
    asked: &Asked,
    shown: impl Fn(&[T]) -> Value,
    check: impl Fn(&[T]) -> Option<String>,
) -> Outcome {
    let is_broken = |items: &[T]| check(items).is_some_and(|message| !message.is_empty());
    match check(items) {
        None => Outcome::NotApplicable,
        Some(message) if message.is_empty() => Outcome::Held,
        Some(_) => {
            let fewest = shrink(items, is_broken);
            let message = check(&fewest).unwrap_or_default();
            let history = serde_json::to_string_pretty(&shown(&fewest)).expect("JSON");
            Outcome::Broken(format!("{message}\n{asked:?}\n{history}"))
        }
    }
}

fn as_is(events: &[Value]) -> Value {
    json!(events)
}

/// Nothing if two values are equal, else both.
fn equal(what: &str, one: &Value, other: &Value) -> String {
    if one == other { String::new() } else { format!("{what}\n  {one}\n  {other}") }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn day(value: &Value) -> Option<NaiveDate> {
    value.as_str()?.parse().ok()
}

/// The dates of the runs that a word marks; every run where the word is empty.
fn dates_of(runs: &Value, name: &str, word: &str) -> Vec<NaiveDate> {
    let marked = list(runs).iter().filter(|run| word.is_empty() || run[name] == word);
    let mut dates = Vec::new();
    for run in marked {
        let (from, to) = (day(&run["from"]).expect("from"), day(&run["to"]).expect("to"));
        dates.extend(from.iter_days().take_while(|date| *date <= to));
    }
    dates
}

/// A reading without what says where its days lie.
fn figures(reading: &Value) -> Value {
    pick(reading, &READING)
}

//! Laws 2, 3 and 7: how the sets of dates and the figures hang together.
//! Always: laws 2 and 3 read the answer alone, and law 7 compares two answers.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::super::random::calendar::{clock, written};
use super::super::random::dice::Dice;
use super::super::random::draw::{Draw, PERSON};
use super::super::random::{beginning, history, untouched};
use super::super::reference::Asked;
use super::super::reference::records::{date_of, instant_of};
use super::{Engine, Outcome, as_is, dates_of, day, equal, figures, list, settle};

/// Law 2: T ⊆ K ⊆ W; except for a decided `courtDecision`, 0 ≤ credited ≤ |K|. The day book
/// partitions the dates from `startsOn` to its last.
pub fn law_2(engine: Engine, seed: u64) -> Outcome {
    let (events, asked) = history(seed);
    settle(&events, &asked, as_is, |events| {
        let answer = engine(events, &asked);
        let modalities = list(&answer["modalities"]);
        if modalities.is_empty() {
            return None;
        }
        let told = |m: &Value| sets(m).or_else(|| start(m, events)).unwrap_or_default();
        Some(modalities.iter().map(told).collect())
    })
}

fn sets(told: &Value) -> Option<String> {
    let window = dates_of(&told["windows"], "", "");
    let lived = dates_of(&told["dayBook"], "state", "underModality");
    let all = dates_of(&told["dayBook"], "state", "");
    let broken = |what: &str| Some(format!("{what} of {}: {told}", told["modality"]));
    if lived.len() as i64 != told["modalityDays"].as_i64()? {
        return broken("modalityDays");
    }
    if lived.iter().any(|date| !window.contains(date)) {
        return broken("K beyond W");
    }
    if all.windows(2).any(|pair| pair[0] + Days::new(1) != pair[1]) {
        return broken("gap or overlap in the day book");
    }
    for (name, reading) in told["readings"].as_object()? {
        let counted = dates_of(&reading["counted"], "", "");
        if counted.iter().any(|date| !lived.contains(date)) {
            return broken(&format!("{name}: counted beyond K"));
        }
        let is_treated = name == "fullResidential";
        if is_treated && counted.len() as i64 != told["treatmentDays"].as_i64()? {
            return broken("treatmentDays");
        }
        let credited = reading["creditedDays"].as_i64().unwrap_or(0);
        let within = 0 <= credited && credited <= lived.len() as i64;
        if name != "courtDecision" && !within {
            return broken(&format!("{name}: credited"));
        }
        let sums = ["deduction", "fullResidential"].contains(&name.as_str());
        if sums && counted.len() as i64 != credited {
            return broken(&format!("{name}: sum of counted"));
        }
    }
    None
}

/// The day book begins on `startsOn`, where one grant alone says what that is.
fn start(told: &Value, events: &[Value]) -> Option<String> {
    let touched = |e: &Value| e["type"].as_str().unwrap().starts_with("record.");
    let mut grants = events
        .iter()
        .filter(|e| e["type"] == "modality.granted" && e["data"]["modality"] == told["modality"]);
    let (grant, first) = (grants.next()?, list(&told["dayBook"]).first()?);
    if grants.next().is_some() || events.iter().any(touched) {
        return None;
    }
    let local = date_of(instant_of(grant["time"].as_str()?));
    let starts = day(&grant["data"]["startsOn"]).unwrap_or(local);
    (day(&first["from"])? != starts).then(|| format!("the day book of {told} begins elsewhere"))
}

/// A history in which someone comes back to prison under the sentence, with some noise.
fn returning(seed: u64) -> (Vec<Value>, Asked) {
    let mut dice = Dice::new(seed);
    let mut draw = Draw::new(&mut dice);
    let (_, mut asked) = untouched(&mut draw);
    let mut events = beginning(&mut draw);
    let time = draw.time();
    let data = json!({"detention": "d1", "facility": "gent", "legalStatus": "convicted"});
    events.push(draw.event("detention.arrived", time, data));
    for _ in 0..draw.dice.below(5) {
        events.push(draw.any_event());
    }
    if draw.dice.percent(70) {
        asked.at = draw.calendar.plus(draw.calendar.days + draw.dice.below(20));
        asked.project = true;
    }
    (events, asked)
}

/// Law 3: With W not empty, B, every date from B to `sentenceEnd` served, credited < toServe and
/// |V| ≤ effective: `sentenceEnd` = `startsOn` + toServe − 1 + (n − credited) + g.
pub fn law_3(engine: Engine, seed: u64) -> Outcome {
    let (events, asked) = returning(seed);
    settle(&events, &asked, as_is, |events| {
        let answer = engine(events, &asked);
        let told = list(&answer["modalities"]).iter().flat_map(|m| {
            let readings = m["readings"].as_object().into_iter().flatten();
            readings.filter_map(|(_, reading)| end_by_figures(m, reading)).collect::<Vec<_>>()
        });
        told.reduce(|all, one| all + &one)
    })
}

fn end_by_figures(told: &Value, reading: &Value) -> Option<String> {
    let back = day(&told["backOn"])?;
    let end = day(&reading["sentenceEnd"])?;
    let last = day(&told["window"]["to"])?;
    let starts = day(&list(&told["dayBook"]).first()?["from"])?;
    let credited = reading["creditedDays"].as_i64()?;
    let effective = told["remainder"]["effectiveDays"].as_i64()?;
    let inside = told["servedInsideDays"].as_i64()?;
    let to_serve = (effective - inside).max(0);
    let served = dates_of(&told["dayBook"], "state", "served");
    let book_end = *dates_of(&told["dayBook"], "", "").last()?;
    let mut needed = back.iter_days().take_while(|date| *date <= end.min(book_end));
    if credited >= to_serve || inside > effective || !needed.all(|date| served.contains(&date)) {
        return None;
    }
    let (n, g) = ((last - starts).num_days() + 1, (back - last).num_days() - 1);
    let expected = starts + chrono::TimeDelta::days(to_serve - 1 + (n - credited) + g);
    Some(match expected == end {
        true => String::new(),
        false => format!("sentenceEnd {end}, not {expected}: {told}"),
    })
}

/// Law 7: Under `deduction`, for a modality lived outside, a return with title `convicted` on dates
/// that are all `underModality`, and the release from it, change no `sentenceEnd` of that modality
/// and no `calculatedDays` of a later one. The return begins a detention, and no other record of
/// custody lies between.
pub fn law_7(engine: Engine, seed: u64) -> Outcome {
    let mut dice = Dice::new(seed);
    let mut draw = Draw::new(&mut dice);
    let (_, mut asked) = untouched(&mut draw);
    let mut events = monitored(&mut draw);
    for _ in 0..draw.dice.below(7) {
        events.push(draw.any_event());
    }
    asked.at = draw.calendar.plus(draw.calendar.days + draw.dice.below(20));
    asked.project = true;
    let from = draw.calendar.date(draw.dice);
    let to = from + Days::new(draw.dice.below(6) as u64);
    let stay = short_return(&mut draw, from, to);
    settle(&events, &asked, as_is, |events| {
        let without = engine(events, &asked);
        if !is_at_liberty(events, &stay, &asked) {
            return None;
        }
        let within = |m: &Value| {
            let lived = dates_of(&m["dayBook"], "state", "underModality");
            m["kind"] == "electronicMonitoring"
                && from.iter_days().take_while(|date| *date <= to).all(|d| lived.contains(&d))
        };
        let place = list(&without["modalities"]).iter().position(within)?;
        let more: Vec<Value> = events.iter().chain(&stay).cloned().collect();
        let with = engine(&more, &asked);
        let of = |answer: &Value| {
            let modalities = list(&answer["modalities"]);
            let later = modalities[place + 1..].iter();
            let end = figures(&modalities[place]["readings"]["deduction"])["sentenceEnd"].clone();
            let calculated = later.map(|m| m["remainder"]["calculatedDays"].clone());
            json!([end, calculated.collect::<Vec<_>>()])
        };
        Some(equal(&format!("a return from {from} to {to}"), &of(&without), &of(&with)))
    })
}

/// A sentence, an electronic monitoring and, more often than not, a later modality.
fn monitored(draw: &mut Draw) -> Vec<Value> {
    let mut events = beginning(draw);
    for event in &mut events {
        match event["type"].as_str().unwrap() {
            "modality.granted" => event["data"]["kind"] = "electronicMonitoring".into(),
            "detention.released" => event["data"]["reason"] = "electronicMonitoring".into(),
            _ => {}
        }
    }
    if draw.dice.percent(60) {
        let (time, mut data) = (draw.time(), draw.data("modality.granted"));
        data["modality"] = "m2".into();
        events.push(draw.event("modality.granted", time, data));
    }
    events
}

fn short_return(draw: &mut Draw, from: NaiveDate, to: NaiveDate) -> [Value; 2] {
    let (begins, ends) = (clock(from, 11 * 60), clock(to, 13 * 60));
    let arrived = json!({"detention": "d7", "facility": "gent", "legalStatus": "convicted"});
    let reason = draw.dice.one_of(&["other", "electronicMonitoring", "pretrialLifted"]);
    let released = json!({"detention": "d7", "reason": reason, "final": false});
    let (begins, ends) = (written(begins, draw.dice), written(ends, draw.dice));
    let mut both = [
        draw.event("detention.arrived", begins, arrived),
        draw.event("detention.released", ends, released),
    ];
    for event in &mut both {
        event["subject"] = PERSON.into();
    }
    both
}

/// Whether the person is not detained as the return begins, and no detention record stands in it.
fn is_at_liberty(events: &[Value], stay: &[Value; 2], asked: &Asked) -> bool {
    let instant = |event: &Value| instant_of(event["time"].as_str().unwrap());
    let (begins, ends) = (instant(&stay[0]), instant(&stay[1]));
    let is_detention = |e: &&Value| e["type"].as_str().unwrap().starts_with("detention.");
    let between = |e: &Value| begins <= instant(e) && instant(e) <= ends;
    let seen = super::super::reference::detained_at(events, asked, begins);
    date_of(ends) <= asked.at && !seen && !events.iter().filter(is_detention).any(between)
}

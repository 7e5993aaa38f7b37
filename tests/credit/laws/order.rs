//! Laws 1, 5 and 8: what the order of receipt, corrections and names may change.
//! Always: in law 5 the right history is built beside the corrected one, never worked out from it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::random::calendar::written;
use super::super::random::dice::Dice;
use super::super::random::draw::Draw;
use super::super::random::{history, untouched};
use super::super::reference::Asked;
use super::super::reference::records::instant_of;
use super::compare::same;
use super::{Engine, Outcome, as_is, equal, settle};

/// Law 1: The order in which records arrive, and repeated delivery, change nothing.
pub fn law_1(engine: Engine, seed: u64) -> Outcome {
    let (events, asked) = history(seed);
    settle(&events, &asked, as_is, |events| {
        let mut dice = Dice::new(!seed);
        let mut other: Vec<Value> = events.to_vec();
        for place in (1..other.len()).rev() {
            let with = dice.below(place as i64 + 1) as usize;
            other.swap(place, with);
        }
        for _ in 0..events.len() / 2 {
            let place = dice.below(other.len() as i64 + 1) as usize;
            let again = dice.one_of(events);
            other.insert(place, again);
        }
        (events.len() > 1).then(|| {
            equal("arrival", &same(&engine(events, &asked)), &same(&engine(&other, &asked)))
        })
    })
}

/// A record, what touches it, and the record as it should have been; none if it should not be.
#[derive(Debug, Clone)]
struct Story {
    original: Value,
    touches: Vec<Value>,
    right: Option<Value>,
}

/// When everything was first recorded, and when the ledger learned better.
const FIRST: &str = "2026-10-01T00:00:00Z";
const BETTER: &str = "2026-10-20T00:00:00Z";

fn told(mut event: Value, recorded: &str) -> Value {
    event["recordedtime"] = recorded.into();
    event
}

/// Corrections and annulments of one record, and what they make of it.
struct Teller<'a, 'b> {
    draw: &'a mut Draw<'b>,
    story: Story,
    /// Own times that order the corrections.
    clock: DateTime<Utc>,
}

impl Teller<'_, '_> {
    fn say(&mut self, target: &Value, kind: &str, mut data: Value) -> Value {
        let name = if kind == "record.annulled" { "annuls" } else { "corrects" };
        data[name] = json!({
            "source": target["source"], "id": target["id"], "type": target["type"]
        });
        data["reason"] = "duplicate".into();
        self.clock += TimeDelta::minutes(1 + self.draw.dice.below(2000));
        let time = written(self.clock, self.draw.dice);
        let mut event = self.draw.event(kind, time, data);
        event["source"] = target["source"].clone();
        event["subject"] = target["subject"].clone();
        self.story.touches.push(told(event.clone(), BETTER));
        event
    }

    /// Other content for the original: `data`, `time` or both.
    fn replacement(&mut self) -> Value {
        let kind = self.story.original["type"].as_str().unwrap().to_owned();
        let parts = self.draw.dice.below(3);
        let mut said = json!({});
        if parts != 0 {
            said["data"] = self.draw.data(&kind);
        }
        if parts != 1 {
            said["time"] = self.draw.time().into();
        }
        said
    }

    fn correct(&mut self) {
        let original = self.story.original.clone();
        let mut said = self.replacement();
        let correction = self.say(&original, "record.corrected", said.clone());
        match self.draw.dice.below(5) {
            0 => {
                self.say(&correction, "record.annulled", json!({}));
                return;
            }
            1 => {
                said = self.replacement();
                let mut inner = said.clone();
                inner["corrects"] = correction["data"]["corrects"].clone();
                inner["reason"] = "duplicate".into();
                self.say(&correction, "record.corrected", json!({"data": inner}));
            }
            _ => {}
        }
        let right = self.story.right.as_mut().expect("it is annulled last");
        for name in ["data", "time"] {
            if let Some(value) = said.get(name) {
                right[name] = value.clone();
            }
        }
    }

    fn annul(&mut self) {
        let original = self.story.original.clone();
        let annulment = self.say(&original, "record.annulled", json!({}));
        match self.draw.dice.percent(40) {
            true => {
                self.say(&annulment, "record.annulled", json!({}));
            }
            false => self.story.right = None,
        }
    }
}

fn stories(draw: &mut Draw, events: Vec<Value>) -> Vec<Story> {
    let mut stories = Vec::new();
    for event in events {
        let original = told(event, FIRST);
        let story = Story { right: Some(original.clone()), touches: Vec::new(), original };
        let clock = instant_of("2025-12-01T00:00:00Z");
        let mut teller = Teller { draw: &mut *draw, story, clock };
        if teller.draw.dice.percent(30) {
            for _ in 0..1 + teller.draw.dice.below(2) {
                teller.correct();
            }
        }
        if teller.draw.dice.percent(12) {
            teller.annul();
        }
        stories.push(teller.story);
    }
    stories
}

/// Law 5: Corrections and annulments yield the same result as a history in which the records had
/// been right from the start; the result `known` before them stays what it was.
pub fn law_5(engine: Engine, seed: u64) -> Outcome {
    let mut dice = Dice::new(seed);
    let mut draw = Draw::new(&mut dice);
    let (events, asked) = untouched(&mut draw);
    let stories = stories(&mut draw, events);
    let shown = |stories: &[Story]| {
        let told =
            |s: &Story| json!({"original": s.original, "touches": s.touches, "right": s.right});
        stories.iter().map(told).collect()
    };
    settle(&stories, &asked, shown, |stories| {
        let originals = || stories.iter().map(|s| s.original.clone());
        let touches = stories.iter().flat_map(|s| s.touches.clone());
        let all: Vec<Value> = originals().chain(touches).collect();
        if all.len() == stories.len() {
            return None;
        }
        let right: Vec<Value> = stories.iter().filter_map(|s| s.right.clone()).collect();
        let before: Vec<Value> = originals().collect();
        let mut asked_before = asked.clone();
        asked_before.known = Some(instant_of(FIRST) + TimeDelta::days(1));
        let answer = |events: &[Value], asked: &Asked| same(&engine(events, asked));
        let better = equal("corrected", &answer(&all, &asked), &answer(&right, &asked));
        let as_it_was =
            equal("known before", &answer(&all, &asked_before), &answer(&before, &asked));
        Some(better + &as_it_was)
    })
}

/// Members of `data` whose codes the text does not name; ids of `data` among them.
const NAMES: [&str; 5] = ["stay", "modality", "detention", "sentence", "judgment"];
const CODES: [&str; 5] = ["facility", "programme", "toFacility", "from", "to"];

fn renamed(value: &Value, kind: &str) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let new = |name: &String, value: &Value| match value {
        Value::String(text) => {
            let is_code = CODES.contains(&name.as_str()) && kind == "detention.transferred"
                || ["facility", "programme", "toFacility"].contains(&name.as_str())
                || (name == "reason" && kind == "modality.ended");
            if NAMES.contains(&name.as_str()) {
                format!("k-{text}").into()
            } else if is_code {
                format!("k{}{}", text[..1].to_uppercase(), &text[1..]).into()
            } else {
                value.clone()
            }
        }
        Value::Object(_) if name == "corrects" || name == "annuls" => {
            let mut target = value.clone();
            target["id"] = format!("k-{}", target["id"].as_str().unwrap_or_default()).into();
            target
        }
        Value::Object(_) => {
            let inner = members.get("corrects").unwrap_or(&Value::Null);
            renamed(value, inner["type"].as_str().unwrap_or(kind))
        }
        _ => value.clone(),
    };
    members.iter().map(|(name, value)| (name.clone(), new(name, value))).collect()
}

/// Takes the new names out of an answer again.
fn named_back(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let text = text.replace("earlier modality k-", "earlier modality ");
            text.strip_prefix("k-").unwrap_or(&text).into()
        }
        Value::Array(items) => items.iter().map(named_back).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), named_back(value))).collect()
        }
        other => other.clone(),
    }
}

/// Law 8: Other ids that keep the order, and another name for any code that the text does not name,
/// change nothing but those names.
pub fn law_8(engine: Engine, seed: u64) -> Outcome {
    let (events, asked) = history(seed);
    settle(&events, &asked, as_is, |events| {
        let rename = |event: &Value| {
            let mut other = event.clone();
            other["id"] = format!("k-{}", event["id"].as_str().unwrap()).into();
            other["data"] = renamed(&event["data"], event["type"].as_str().unwrap());
            other
        };
        let others: Vec<Value> = events.iter().map(rename).collect();
        let (one, other) = (engine(events, &asked), engine(&others, &asked));
        // Findings that need a register say which codes it does not know.
        let (one, other) = (same(&one), same(&other));
        let back = |findings: &Value| findings.to_string().replace("\\\"k-", "\\\"");
        let findings = match back(&one["findings"]) == back(&other["findings"]) {
            true => String::new(),
            false => format!("findings\n  {}\n  {}", one["findings"], other["findings"]),
        };
        let modalities = equal("names", &one["modalities"], &named_back(&other["modalities"]));
        Some(modalities + &findings)
    })
}

//! Renders answers as text for a terminal.

use serde_json::Value;

use crate::text::clock::{date_of_text, minute_of_text};
use crate::text::escape::escaped;
use crate::text::page::TextPage;
use crate::text::value::{member, members};

/// The column in which the changes of an event begin, below its type.
const CHANGES_COLUMN: usize = 20;

/// The width of the names of a trajectory's parts.
const PART_COLUMNS: usize = 14;

/// The parts of a trajectory that come first. Any other part follows by its name.
const PARTS: [&str; 12] = [
    "custody",
    "substitution",
    "residential",
    "housing",
    "programmes",
    "referrals",
    "treatments",
    "plans",
    "release",
    "transitions",
    "alerts",
    "findings",
];

/// The members with which an answer about a person begins; they are no part of a trajectory.
const HEAD: [&str; 4] = ["person", "at", "known", "revision"];

/// A history: a line for each event, with its corrections and annulments below that line.
pub fn history(answer: &Value) -> TextPage {
    let mut page = TextPage::default();
    page.clock_note();
    let events = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
    if events.is_empty() {
        page.row("no event up to this moment");
    }
    for event in events {
        match event["erased"].as_object() {
            Some(erased) => {
                let recorded = clock(event, "recordedtime");
                page.row(&format!("  {recorded:<16}  {:<32} {}", "(erased)", members(erased)));
            }
            None => event_lines(&mut page, event),
        }
    }
    page
}

fn event_lines(page: &mut TextPage, event: &Value) {
    let mark = if event.get("annulledBy").is_some() { "x" } else { " " };
    let data = event["data"].as_object().map(members).unwrap_or_default();
    let kind = text(event, "/type");
    page.row(&format!("{mark} {:<16}  {kind:<32} {data}", clock(event, "time")));
    for (name, word) in [("correctedBy", "corrected"), ("annulledBy", "annulled")] {
        for change in event[name].as_array().into_iter().flatten() {
            let on = change["recordedtime"].as_str().and_then(date_of_text).unwrap_or_default();
            let why = change["reason"].as_str().unwrap_or_default();
            page.row(&format!("{:CHANGES_COLUMN$}{word} on {on}: {why}", ""));
        }
    }
}

/// The instant of a member, by the clock in Belgium; what is no instant, as it is.
fn clock(event: &Value, name: &str) -> String {
    let text = event[name].as_str().unwrap_or_default();
    minute_of_text(text).unwrap_or_else(|| escaped(text).into_owned())
}

/// The text at a pointer, or a hyphen.
fn text(item: &Value, pointer: &str) -> String {
    escaped(item.pointer(pointer).and_then(Value::as_str).unwrap_or("-")).into_owned()
}

/// One person of the list of trajectories, on one line.
pub fn trajectory_line(item: &Value) -> String {
    let person = text(item, "/person");
    if item["unanswered"].is_string() {
        return format!("{person}  {}", text(item, "/unanswered"));
    }
    let alerts = item["alerts"].as_array().into_iter().flatten();
    let alerts: Vec<String> = alerts.map(|alert| text(alert, "/code")).collect();
    format!(
        "{person}  {:<14} {:<16} {:<12} {}",
        text(item, "/custody/state"),
        text(item, "/custody/facility"),
        text(item, "/substitution/state"),
        alerts.join(" ")
    )
}

/// One modality of the list of credits, on one line: the days left by the reading that is law.
pub fn credit_line(item: &Value) -> String {
    let person = text(item, "/person");
    if item["unanswered"].is_string() {
        return format!("{person}  {}", text(item, "/unanswered"));
    }
    let number = |days: &Value| days.as_i64().map(|days| days.to_string());
    let lawful = &item["lawful"];
    let left = match &lawful["remainingDays"] {
        _ if lawful["notApplicable"].is_string() => Some("-".to_owned()),
        Value::Object(range) => number(&range["min"])
            .zip(number(&range["max"]))
            .map(|(min, max)| format!("{min} to {max}")),
        days => number(days),
    };
    format!(
        "{person}  {:<20} from {}  {:<10} treatment {:>4} days  left {} ({})",
        text(item, "/kind"),
        text(item, "/startsOn"),
        text(item, "/outcome"),
        number(&item["treatmentDays"]).unwrap_or_default(),
        left.unwrap_or_else(|| "unknown".to_owned()),
        text(item, "/lawful/reading"),
    )
}

/// A trajectory: one section for each part that is not empty.
pub fn trajectory(answer: &Value) -> TextPage {
    let mut page = TextPage::default();
    page.clock_note();
    page.row(&format!("at {}", member("at", &answer["at"])));
    let names = answer.as_object().into_iter().flat_map(|parts| parts.keys().map(String::as_str));
    let others = names.filter(|name| !PARTS.contains(name) && !HEAD.contains(name));
    for name in PARTS.into_iter().chain(others) {
        part(&mut page, name, &answer[name]);
    }
    page
}

fn part(page: &mut TextPage, name: &str, value: &Value) {
    let line = |value: &Value| value.as_object().map_or_else(|| member(name, value), members);
    let lines: Vec<String> = match value {
        Value::Null => return,
        Value::Array(items) => items.iter().map(line).collect(),
        one => vec![line(one)],
    };
    for (number, text) in lines.iter().enumerate() {
        let label = if number == 0 { name } else { "" };
        // A long name still stands apart from its text.
        page.row(&format!("{label:<width$} {text}", width = PART_COLUMNS - 1));
    }
}

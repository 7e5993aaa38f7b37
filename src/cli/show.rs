//! Answers as a person reads them in a terminal.

use serde_json::Value;

/// A history: one line an event, what touched it below it.
pub fn history(answer: &Value) -> String {
    let mut out = String::new();
    for event in answer["items"].as_array().into_iter().flatten() {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let mark = if event.get("annulledBy").is_some() { "x" } else { " " };
        let time = text("time");
        let minutes = time.get(..16).unwrap_or(time).replace('T', " ");
        out.push_str(&format!(
            "{mark} {minutes}  {:<32} {}\n",
            text("type"),
            members(&event["data"])
        ));
        for (name, word) in [("correctedBy", "corrected"), ("annulledBy", "annulled")] {
            for touch in event[name].as_array().into_iter().flatten() {
                let part = |name: &str| touch[name].as_str().unwrap_or_default();
                let when = part("recordedtime").get(..10).unwrap_or_default().to_owned();
                out.push_str(&format!("{:20}{word} on {when}: {}\n", "", part("reason")));
            }
        }
    }
    out
}

/// The members of a payload, on one line.
fn members(data: &Value) -> String {
    let members = data.as_object().into_iter().flatten();
    members.map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(" ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Object(_) => format!("({})", members(value)),
        other => other.to_string(),
    }
}

/// A trajectory: a section for each part that says something.
pub fn trajectory(answer: &Value) -> String {
    let mut out = format!("at {}\n", plain(&answer["at"]));
    for part in ["custody", "substitution", "residential", "housing"] {
        if answer[part].is_object() {
            out.push_str(&format!("{part:<14}{}\n", members(&answer[part])));
        }
    }
    for part in ["programmes", "referrals", "treatments", "transitions", "alerts", "findings"] {
        for (number, item) in answer[part].as_array().into_iter().flatten().enumerate() {
            let label = if number == 0 { part } else { "" };
            out.push_str(&format!("{label:<14}{}\n", members(item)));
        }
    }
    out
}

//! Renders answers as text for a terminal.

use serde_json::Value;

/// A history: a line for each event, with its corrections and annulments below that line.
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
            for change in event[name].as_array().into_iter().flatten() {
                let part = |name: &str| change[name].as_str().unwrap_or_default();
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

/// One person of the list of trajectories, on one line.
pub fn trajectory_line(item: &Value) -> String {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    if let Some(code) = item["unanswered"].as_str() {
        return format!("{}  {code}\n", text("/person"));
    }
    let alerts = item["alerts"].as_array().into_iter().flatten();
    let alerts: Vec<&str> = alerts.filter_map(|alert| alert["code"].as_str()).collect();
    let line = format!(
        "{}  {:<14} {:<16} {:<12} {}",
        text("/person"),
        text("/custody/state"),
        text("/custody/facility"),
        text("/substitution/state"),
        alerts.join(" ")
    );
    format!("{}\n", line.trim_end())
}

/// One modality of the list of credits, on one line: the days left when nothing is credited, and
/// under the proposal.
pub fn credit_line(item: &Value) -> String {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    if let Some(code) = item["unanswered"].as_str() {
        return format!("{}  {code}\n", text("/person"));
    }
    let days = |pointer: &str| {
        let days = item.pointer(pointer).and_then(Value::as_i64);
        days.map_or_else(|| "unknown".to_owned(), |days| days.to_string())
    };
    format!(
        "{}  {:<20} from {}  treatment {:>4} days  left {} (nothing credited), {} (in full: a \
         proposal, not the law)\n",
        text("/person"),
        text("/kind"),
        text("/startsOn"),
        days("/treatmentDays"),
        days("/none/remainingDays"),
        days("/fullResidential/remainingDays"),
    )
}

/// A trajectory: one section for each part that is not empty.
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

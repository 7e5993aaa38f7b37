//! The checks of the ledger itself: whether it is a care ledger, is healthy and would record
//! events, and which events of this sender it refused.

use std::collections::BTreeSet;

use chrono::DateTime;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use super::report::{Check, RefusalReason};
use crate::cli::ask::encode;
use crate::cli::client::{Client, HttpAnswer};
use crate::cli::emit::EVENTS_DRY;
use crate::domain::vocabulary::kind::Kind;
use crate::text::clock::{CLOCK_NOTE, minute_of_text};

/// Refused events that are looked up, the newest first, to see whether they were recorded since.
const LOOKED_UP_MAX: usize = 200;

/// The `source` of the example event, unless the caller names one. The example is never recorded.
const SOURCE: &str = "urn:care-ledger:doctor";

/// The check whether a care ledger answers, and whether anything at all answered.
pub fn is_care_ledger(client: &Client) -> (Check, bool) {
    let name = "ledger";
    let (answer, headers) = match client.exchange("/", &[("accept", "application/json")], None) {
        Ok(answer) => answer,
        Err(error) => {
            let next = "look at the port: something else may listen there, or a proxy hangs";
            return (Check::failed(name, format!("no answer in HTTP: {error}"), next), false);
        }
    };
    let answer_json = json_of(&answer);
    let own = env!("CARGO_PKG_VERSION");
    let check = match answer_json["version"].as_str() {
        _ if answer_json["name"] != "care-ledger" => {
            let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok());
            let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or("no content type");
            let detail = format!("something else answers: {}, {kind}", answer.status.as_u16());
            let next = "look at the port and the path of --url; a proxy in front may answer itself";
            Check::failed(name, detail, next)
        }
        Some(version) if version == own => Check::ok(name, format!("care-ledger {version}")),
        version => {
            let version = version.unwrap_or("of no version");
            let detail = format!("care-ledger {version}; this command is {own}");
            Check::warning(name, detail, "use the command of the ledger's version")
        }
    };
    (check, true)
}

/// The check of the ledger's own health answer.
pub fn health(client: &Client) -> Check {
    let name = "health";
    let Ok((answer, _)) = client.exchange("/health", &[], None) else {
        return Check::failed(name, "no answer", "look at the ledger's log");
    };
    let answer_json = json_of(&answer);
    let components = answer_json["components"].as_object().into_iter().flatten();
    let unwell = components.filter(|(_, component)| component["status"] != "UP");
    let unwell = unwell.map(|(name, component)| {
        format!("; {name}: {}", component["detail"].as_str().unwrap_or("not UP"))
    });
    let unwell: String = unwell.collect();
    match answer_json["status"].as_str() {
        Some("UP") => Check::ok(name, "UP"),
        Some("DEGRADED") => {
            let next = "inform the operator of the ledger: the parts named above work less, and a \
                        full disk takes no events (503); keep your events and send them again";
            Check::warning(name, format!("DEGRADED{unwell}"), next)
        }
        Some("DOWN") => {
            let next = "inform the operator of the ledger; keep your events and send them again";
            Check::failed(name, format!("DOWN{unwell}"), next)
        }
        _ => {
            let detail = format!("the answer is not a health answer: {}", answer.status.as_u16());
            Check::failed(name, detail, "a proxy in front may answer instead of the ledger")
        }
    }
}

/// The check whether the contract and the vocabulary can be read, and whether the vocabulary has
/// the types that this command knows.
pub fn contract(client: &Client) -> Check {
    let name = "contract";
    let read = |path: &str| {
        let answer = client.exchange(path, &[], None).ok().map(|(answer, _)| answer);
        answer.filter(|answer| answer.status.is_success()).map(|answer| json_of(&answer))
    };
    let schema = format!("/v1/schemas/{}", Kind::CareScreened);
    let (Some(contract), Some(list), Some(_)) =
        (read("/openapi.json"), read("/v1/schemas"), read(&schema))
    else {
        let next = "let /openapi.json and /v1/schemas through the proxy in front of the ledger";
        return Check::failed(name, "the contract or the schemas cannot be read", next);
    };
    if !contract["paths"]["/v1/events"]["post"].is_object() {
        let next = "look at the path of --url: another service's contract is there";
        return Check::failed(name, "the contract has no POST /v1/events", next);
    }
    let items = list["items"].as_array();
    let types: BTreeSet<&str> =
        items.into_iter().flatten().filter_map(|item| item["type"].as_str()).collect();
    let known: BTreeSet<&str> = Kind::CODES.iter().copied().collect();
    let detail = format!("the contract and {} event types are readable", types.len());
    if types == known {
        return Check::ok(name, detail);
    }
    let detail = format!("{detail}; this command knows {} types", known.len());
    Check::warning(name, detail, "use the command of the ledger's version")
}

/// The check whether an example event would be recorded in each mode. Content types, headers and
/// the query must arrive as they were sent.
pub fn dry_run(client: &Client, source: Option<&str>) -> Check {
    let name = "dryRun";
    // A proxy that drops the query would turn the dry run into a real one. So first see that a
    // query arrives: the ledger refuses an unknown parameter.
    match client.exchange("/health/live?doctor=true", &[], None) {
        Ok((answer, _)) if answer.status.as_u16() == 400 => {}
        _ => {
            let next = "the proxy in front must pass queries on; no example was sent, since it \
                        would have been recorded";
            return Check::failed(name, "the query of a request does not arrive", next);
        }
    }
    let mut event: Value = serde_json::from_str(Kind::CareScreened.newest().example)
        .expect("a shipped example is JSON");
    event["source"] = source.unwrap_or(SOURCE).into();
    event["id"] = format!("doctor-{}", uuid::Uuid::new_v4()).into();
    event["subject"] = uuid::Uuid::new_v4().to_string().into();
    let data = event["data"].to_string();
    let members = event.as_object().into_iter().flatten();
    let attributes = members.filter_map(|(name, value)| Some((name, value.as_str()?)));
    // The attributes of the example are ASCII; a source of the user's may not be.
    let attributes = attributes.map(|(name, value)| (format!("ce-{name}"), header_value(value)));
    let attributes: Vec<(String, String)> = attributes.collect();
    let binary = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let kind = |kind| ("content-type", kind);
    let modes = [
        ("structured", vec![kind("application/cloudevents+json")], event.to_string()),
        ("binary", binary.chain([kind("application/json")]).collect(), data),
        ("NDJSON", vec![kind("application/x-ndjson")], event.to_string() + "\n"),
    ];
    for (mode, headers, body) in modes {
        match client.exchange(EVENTS_DRY, &headers, Some(body.as_bytes())) {
            Ok((answer, _)) if would_record(&answer) => {}
            Ok((answer, _)) => return refused_example(mode, &answer),
            Err(error) => {
                let next = "a proxy may cut requests with a body off";
                return Check::failed(name, format!("{mode}: no answer: {error}"), next);
            }
        }
    }
    Check::ok(name, "an example event would be recorded: structured, binary, NDJSON")
}

/// The characters that a header value must encode (CloudEvents 1.0, HTTP binding, 3.1.3.1).
const ENCODED_IN_HEADERS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

fn header_value(value: &str) -> String {
    utf8_percent_encode(value, ENCODED_IN_HEADERS).to_string()
}

fn would_record(answer: &HttpAnswer) -> bool {
    let answer_json = json_of(answer);
    let receipt = answer_json["receipts"].get(0).unwrap_or(&answer_json);
    answer.status.is_success() && receipt["status"] == "recorded" && receipt["position"].is_null()
}

fn refused_example(mode: &str, answer: &HttpAnswer) -> Check {
    let answer_json = json_of(answer);
    let problem = answer_json.get("problem").unwrap_or(&answer_json);
    let is_ours = problem["type"].as_str().is_some_and(|t| t.starts_with("urn:problem-type:"));
    let status = answer.status.as_u16();
    let next = match status {
        _ if answer.status.is_redirection() => "send to the address that it redirects to",
        401 | 403 | 407 => "a proxy in front keeps you out: ask who runs it",
        413 => "a proxy in front, or the ledger, takes only smaller bodies",
        415 => "the content type or the ce- headers must pass the proxy in front unchanged",
        500.. => "look at health above, and at the ledger's log",
        _ => "the source may be wrong: it is a URI of 1 to 300 characters",
    };
    let check = Check::failed("dryRun", format!("{mode}: the example is refused: {status}"), next);
    if is_ours { check.refused(RefusalReason::of(problem, None)) } else { check }
}

/// The check of a sender's refusals: how many, why, and how many were recorded since.
pub fn refusals(client: &Client, source: &str) -> Check {
    let name = "refusals";
    let path = format!("/v1/refusals?limit=1000&source={}", encode(source));
    let page = match client.exchange(&path, &[], None) {
        Ok((answer, _)) if answer.status.is_success() => json_of(&answer),
        _ => {
            let next = "let /v1/refusals through the proxy; older ledgers do not have it";
            return Check::warning(name, "the refusals cannot be read", next);
        }
    };
    let Some(items) = page["items"].as_array() else {
        let next = "something in front of /v1/refusals answers itself: let it through";
        return Check::warning(name, "the answer is not a list of refusals", next);
    };
    let minute = |text: &Value| minute_of_text(text.as_str()?);
    let since = minute(&page["completeSince"]).unwrap_or_else(|| "an unknown time".to_owned());
    let dropped = page["dropped"].as_u64().unwrap_or_default();
    let dropped =
        if dropped > 0 { format!(", {dropped} older ones dropped") } else { String::new() };
    if items.is_empty() {
        return Check::ok(
            name,
            format!("none of this source since {since}{dropped}. {CLOCK_NOTE}"),
        );
    }
    let mut groups = Vec::new();
    // The newest refusal of each id: the list comes newest first.
    let mut refused: Vec<(&str, &Value)> = Vec::new();
    let mut ids = BTreeSet::new();
    for item in items {
        for group in RefusalReason::of(&item["problem"], None) {
            group.count_in(&mut groups);
        }
        let id = item["id"].as_str().unwrap_or_default();
        if ids.insert(id) {
            refused.push((id, item));
        }
    }
    let events = refused.len();
    let looked_up = refused.iter().take(LOOKED_UP_MAX);
    let recorded =
        looked_up.filter(|(id, item)| is_recorded_since(client, source, id, item)).count();
    let of_newest = match events {
        0..=LOOKED_UP_MAX => String::new(),
        _ => format!(" (of the newest {LOOKED_UP_MAX}, which were looked up)"),
    };
    let newest = minute(&items[0]["at"]).unwrap_or_else(|| "an unknown time".to_owned());
    let detail = format!(
        "{events} refused, the newest at {newest}; {recorded} of them recorded since\
         {of_newest}{dropped}. {CLOCK_NOTE}"
    );
    if recorded == events {
        return Check::ok(name, detail).refused(groups);
    }
    let next = "read the page of each code, correct the events and send them again; GET \
                /v1/refusals?source=... names them by id";
    Check::warning(name, detail, next).refused(groups)
}

/// Whether the ledger recorded the event after it had refused it. A record from before the refusal
/// has other content, so the refusal of the change still stands.
fn is_recorded_since(client: &Client, source: &str, id: &str, refusal: &Value) -> bool {
    let path = format!("/v1/events?source={}&id={}", encode(source), encode(id));
    let Ok((answer, _)) = client.exchange(&path, &[], None) else { return false };
    let instant = |text: &Value| DateTime::parse_from_rfc3339(text.as_str()?).ok();
    let recorded = instant(&json_of(&answer)["recordedtime"]);
    answer.status.is_success() && recorded > instant(&refusal["at"])
}

fn json_of(answer: &HttpAnswer) -> Value {
    serde_json::from_str(&answer.text).unwrap_or_default()
}

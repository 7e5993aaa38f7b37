//! Law 9, ours: an engine gives what the reference gives.
//! Always: members that the reference does not know are ignored, wherever they stand.

use serde_json::{Value, json};

use super::super::random::{crowded, history};
use super::super::reference::{Asked, RECORDS_DEFINED, credit};
use super::{Engine, Outcome, as_is, list, settle};
use crate::cases::{MODALITY, READING, pick};

/// Findings that the reference leaves out.
const LEFT_OUT: [&str; 6] = [
    "unknownCode",
    "facilityClosed",
    "recordsErased",
    "targetErased",
    "idReusedAcrossPersons",
    "replacementInvalid",
];

fn runs(value: &Value, word: &str) -> Value {
    list(value).iter().map(|run| pick(run, &["from", "to", "days", word])).collect()
}

fn modality(told: &Value) -> Value {
    let mut plain = pick(told, &MODALITY);
    let figures = ["enteredDays", "calculatedDays", "effectiveDays"];
    plain["remainder"] = pick(&told["remainder"], &figures);
    plain["window"] = match &told["window"] {
        Value::Null => Value::Null,
        window => pick(window, &["from", "to"]),
    };
    plain["windows"] =
        list(&told["windows"]).iter().map(|run| pick(run, &["from", "to"])).collect();
    plain["dayBook"] = runs(&told["dayBook"], "state");
    let readings = told["readings"].as_object().into_iter().flatten();
    let plainly = readings.filter(|(_, reading)| !reading.is_null()).map(|(name, reading)| {
        let mut figures = pick(reading, &READING);
        if let Some(pending) = reading.get("pending") {
            let names = ["judgment", "remainingDays", "creditedDays"];
            figures["pending"] = list(pending).iter().map(|p| pick(p, &names)).collect();
        }
        figures["counted"] = runs(&reading["counted"], "why");
        figures["excluded"] = runs(&reading["excluded"], "why");
        (name.clone(), figures)
    });
    plain["readings"] = plainly.collect();
    plain
}

/// What of an answer is compared with the reference: records of a finding count only where the
/// text names them.
pub fn plain(answer: &Value) -> Value {
    plain_with(answer, |code| RECORDS_DEFINED.contains(&code))
}

/// What of two answers of one engine is compared.
pub fn same(answer: &Value) -> Value {
    plain_with(answer, |_| true)
}

fn plain_with(answer: &Value, names_records: impl Fn(&str) -> bool) -> Value {
    let mut findings: Vec<(String, String)> = Vec::new();
    for finding in list(&answer["findings"]) {
        let code = finding["code"].as_str().unwrap_or_default();
        if LEFT_OUT.contains(&code) {
            continue;
        }
        let records: Value =
            list(&finding["records"]).iter().map(|r| pick(r, &["source", "id"])).collect();
        let records = if names_records(code) { records } else { json!([]) };
        findings.push((code.to_owned(), records.to_string()));
    }
    findings.sort();
    findings.dedup();
    let modalities: Vec<Value> = list(&answer["modalities"]).iter().map(modality).collect();
    json!({"modalities": modalities, "findings": findings})
}

/// The first place at which two plain answers differ, with both values.
fn difference(path: &str, one: &Value, other: &Value) -> Option<String> {
    if one == other {
        return None;
    }
    if let (Value::Object(a), Value::Object(b)) = (one, other) {
        let names = a.keys().chain(b.keys());
        return names
            .filter_map(|name| difference(&format!("{path}/{name}"), &one[name], &other[name]))
            .next();
    }
    if let (Value::Array(a), Value::Array(b)) = (one, other)
        && a.len() == b.len()
    {
        let places = 0..a.len();
        return places
            .filter_map(|place| difference(&format!("{path}/{place}"), &a[place], &b[place]))
            .next();
    }
    Some(format!("at {path} the engine says\n  {one}\nand the reference\n  {other}"))
}

/// The engine equals the reference on a random history.
pub fn law_9(engine: Engine, seed: u64) -> Outcome {
    equals_reference(engine, history(seed))
}

/// The engine equals the reference on a random history in which many records share an instant.
pub fn law_9_crowded(engine: Engine, seed: u64) -> Outcome {
    equals_reference(engine, crowded(seed))
}

fn equals_reference(engine: Engine, (events, asked): (Vec<Value>, Asked)) -> Outcome {
    settle(&events, &asked, as_is, |events| {
        let told = engine(events, &asked);
        // The reference does not check a replacement against the schema of its type.
        if list(&told["findings"]).iter().any(|f| f["code"] == "replacementInvalid") {
            return None;
        }
        let (one, other) = (plain(&told), plain(&credit(events, &asked)));
        Some(match one == other {
            true => String::new(),
            false => difference("", &one, &other)
                .unwrap_or_else(|| "one has a null where the other has nothing".to_owned()),
        })
    })
}

//! Cases of the dialect: a program, its events, and what must come of them.
//! Form: `projection-conformance.json`; the same form without `source` are the fixtures of a
//! projection.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::engine::{Emitted, Engine, Limits, Notice};
use super::event::ScriptEvent;
use super::fault::ScriptFault;
use super::fold::{Fold, FoldError, States};

/// When a case's event was recorded, if the case does not say.
const CREATED: &str = "2026-01-02T03:04:05.6780000Z";
/// The id of a case's event, if the case does not say.
const EVENT_ID: &str = "11111111-2222-4333-8444-555555555555";
/// The first lines of a stream's metadata that tell of its deletion have this value.
const DELETED_BEFORE: u64 = 9_223_372_036_854_775_807;

/// One case.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DialectCase {
    /// The claim.
    pub name: String,
    /// The program; absent in fixtures, which stand beside theirs.
    #[serde(default)]
    pub source: String,
    /// The events, in order.
    pub events: Vec<CaseEvent>,
    /// What must come of them.
    #[serde(flatten)]
    pub expected: CaseOutcome,
    /// Why we decided otherwise, if we did.
    #[serde(default)]
    pub differs: Option<String>,
    /// What must come of the events in place of all else, if we decided otherwise.
    #[serde(default)]
    pub ours: Option<CaseOutcome>,
    /// `result`: the case is about results.
    #[serde(default, rename = "for")]
    pub about: Option<String>,
    /// The time limit of an event, in milliseconds.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
}

/// What comes of the events of a case. What is absent must be empty.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseOutcome {
    /// The states, by partition.
    #[serde(default)]
    pub expected: Map<String, Value>,
    /// The shared state.
    #[serde(default)]
    pub shared_state: Option<Value>,
    /// The results, by partition.
    #[serde(default)]
    pub results: Option<Map<String, Value>>,
    /// Why events were passed over, by their index.
    #[serde(default)]
    pub skipped: BTreeMap<String, String>,
    /// What was emitted.
    #[serde(default)]
    pub emitted: Vec<Value>,
    /// What was logged.
    #[serde(default)]
    pub logs: Vec<String>,
    /// The fault.
    #[serde(default)]
    pub error: Option<CaseError>,
}

/// The fault that a case expects. Only the place is compared.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CaseError {
    /// The index of the event, or `compile`.
    pub at: Value,
    /// What was thrown.
    #[serde(default)]
    pub message: String,
}

/// An event of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseEvent {
    event_type: String,
    stream_id: String,
    sequence_number: u64,
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    metadata: Option<Value>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    event_id: Option<String>,
    #[serde(default)]
    is_json: Option<bool>,
}

/// An event of a case as a program sees it.
struct Told {
    event: CaseEvent,
    body: Option<String>,
}

impl ScriptEvent for Told {
    fn stream(&self) -> &str {
        &self.event.stream_id
    }
    fn event_type(&self) -> &str {
        &self.event.event_type
    }
    fn sequence_number(&self) -> u64 {
        self.event.sequence_number
    }
    fn created(&self) -> String {
        self.event.created().to_owned()
    }
    fn event_id(&self) -> String {
        self.event.event_id.as_deref().unwrap_or(EVENT_ID).to_owned()
    }
    fn is_json(&self) -> bool {
        self.event.is_json.unwrap_or(true)
    }
    fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
    fn data(&self) -> Option<&str> {
        self.body()
    }
    fn metadata(&self) -> Option<String> {
        self.event.metadata.as_ref().map(raw_text)
    }
}

/// A text is raw; any other value is written as JSON.
fn raw_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl CaseEvent {
    fn told(&self) -> Rc<dyn ScriptEvent> {
        let body = self.data.as_ref().map(raw_text);
        Rc::new(Told { event: self.clone(), body })
    }

    /// When the event was recorded: RFC 3339.
    pub fn created(&self) -> &str {
        self.created.as_deref().unwrap_or(CREATED)
    }

    fn notice(&self) -> Notice<'_> {
        match self.event_type.as_str() {
            "$streamDeleted" => Notice::Deleted(&self.stream_id),
            "$>" => Notice::Link,
            "$metadata" => match self.stream_id.strip_prefix("$$") {
                Some(stream) if self.says_deleted() => Notice::Deleted(stream),
                _ => Notice::Fact,
            },
            _ => Notice::Fact,
        }
    }

    fn says_deleted(&self) -> bool {
        let text = self.data.as_ref().map(raw_text).unwrap_or_default();
        let metadata: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
        metadata.get("$tb").and_then(Value::as_u64) == Some(DELETED_BEFORE)
    }
}

impl DialectCase {
    /// Runs the case on an engine of its own. Returns each difference in words; none: it passes.
    pub fn differences(&self) -> Vec<String> {
        self.differences_from(&self.run())
    }

    /// Each difference between what must come of the events and what came, in words.
    pub fn differences_from(&self, found: &CaseOutcome) -> Vec<String> {
        let expected = self.ours.as_ref().unwrap_or(&self.expected);
        let mut differences = Vec::new();
        let mut compare = |what: &str, expected: Value, found: Value| {
            if !equal(&expected, &found) {
                differences.push(format!("{what}: expected {expected}, found {found}"));
            }
        };
        let at = |error: &Option<CaseError>| json!(error.as_ref().map(|error| &error.at));
        let message = found.error.as_ref().map_or("", |error| &error.message);
        compare(&format!("error {message:?} at"), at(&expected.error), at(&found.error));
        compare("states", json!(expected.expected), json!(found.expected));
        compare("shared state", json!(expected.shared_state), json!(found.shared_state));
        compare("skipped", json!(expected.skipped), json!(found.skipped));
        compare("emitted", json!(expected.emitted), json!(found.emitted));
        compare("logs", json!(expected.logs), json!(found.logs));
        if self.about.as_deref() == Some("result") {
            let results = expected.results.as_ref().unwrap_or(&expected.expected);
            compare("results", json!(results), json!(found.results));
        }
        differences
    }

    /// The fault that an engine meets in the events of this case, if it meets one.
    pub fn fault_of(&self, engine: Engine) -> Option<ScriptFault> {
        let mut fold = Fold::new(engine, States::default());
        let faulted = self.events.iter().find_map(|e| fold.push(&e.told(), e.notice()).err());
        faulted.map(in_memory)
    }

    /// Runs the case on an engine of its own.
    pub fn run(&self) -> CaseOutcome {
        let mut limits = Limits::default();
        if let Some(milliseconds) = self.timeout_ms {
            limits.event_time = Duration::from_millis(milliseconds);
        }
        let failed =
            |at: Value, fault: ScriptFault| Some(CaseError { at, message: fault.to_string() });
        let engine = match Engine::new(&self.source, limits) {
            Ok(engine) => engine,
            Err(fault) => {
                let error = failed(json!("compile"), fault);
                return CaseOutcome { error, ..CaseOutcome::default() };
            }
        };
        let mut fold = Fold::new(engine, States::default());
        let mut outcome = CaseOutcome::default();
        for (index, event) in self.events.iter().enumerate() {
            match fold.push(&event.told(), event.notice()) {
                Ok(folded) => {
                    if let Some(reason) = folded.skipped {
                        outcome.skipped.insert(index.to_string(), reason.code().to_owned());
                    }
                    let emitted = folded.output.emitted.iter();
                    outcome.emitted.extend(emitted.map(|emitted| emitted_json(index, emitted)));
                    outcome.logs.extend(folded.output.logs);
                }
                Err(fault) => {
                    outcome.error = failed(json!(index), in_memory(fault));
                    break;
                }
            }
        }
        outcome.expected = states_of(&fold);
        outcome.shared_state = fold.states().shared.text().map(parsed);
        outcome.results = Some(results_of(&fold));
        outcome
    }
}

/// The fault of a program whose states are in memory, where each can be read.
fn in_memory(error: FoldError) -> ScriptFault {
    match error {
        FoldError::Program(fault) => fault,
        FoldError::State => unreachable!("states in memory can be read"),
    }
}

fn states_of(fold: &Fold) -> Map<String, Value> {
    let states = fold.states().partitions.iter();
    states.map(|(partition, state)| (partition.to_string(), parsed(state))).collect()
}

fn results_of(fold: &Fold) -> Map<String, Value> {
    let result = |state: &str| match fold.result(state) {
        Ok(result) => result.map_or(Value::Null, |text| parsed(&text)),
        Err(fault) => json!(format!("fault: {fault}")),
    };
    let states = fold.states().partitions.iter();
    states.map(|(partition, state)| (partition.to_string(), result(state))).collect()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("an engine writes JSON")
}

/// An emitted event as cases write it.
pub fn emitted_json(at: usize, emitted: &Emitted) -> Value {
    let mut object = json!({
        "at": at,
        "streamId": emitted.stream,
        "eventType": emitted.event_type,
        "data": parsed(&emitted.body),
    });
    if let Some(pairs) = &emitted.metadata {
        let pairs = pairs.chunks_exact(2);
        object["metadata"] = pairs.map(|pair| (pair[0].clone(), json!(pair[1]))).collect();
    }
    if emitted.is_link {
        object["isLink"] = json!(true);
    }
    object
}

/// Whether two JSON values are equal in a case: −0 equals 0, and the order of members does not
/// matter.
pub fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| equal(value, other)))
        }
        _ => one == other,
    }
}

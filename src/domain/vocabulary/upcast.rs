//! Payloads of older versions become payloads of the newest version.
//! Always: each step is a pure function from one version to the next; what is stored and shown is
//! the payload as sent, and only the folds read the newest form.
//! Rule: a payload without `dataschema` has the newest version whose schema it holds (decision
//! 0001).

use serde_json::{Map, Value};

use super::fact::{Fact, Undecodable};
use super::json::{self, JsonValue};
use super::kind::{Kind, SchemaVersion};
use super::schemas;

/// A payload in, the same payload in the next version out.
type Step = fn(Map<String, Value>) -> Map<String, Value>;

/// The steps of a type: the first leads from version 1 to version 2, and so on.
const fn steps(_: Kind) -> &'static [Step] {
    &[]
}

/// What a payload states, in the newest form of its type. `version` is the one that `dataschema`
/// names.
///
/// # Errors
/// [`Undecodable`] when the payload holds no schema of the type.
pub fn fact(kind: Kind, version: Option<&SchemaVersion>, data: &str) -> Result<Fact, Undecodable> {
    let newest = kind.newest();
    let is_newest = |version: &SchemaVersion| version.number == newest.number;
    if newest.number == 1 || version.is_some_and(is_newest) {
        return Fact::read(kind, data);
    }
    let undecodable = Undecodable(kind);
    let read = json::read(data.as_bytes()).map_err(|_| undecodable)?;
    let version = match version {
        Some(version) => version,
        None => schemas::newest_held(kind, &read).ok_or(undecodable)?,
    };
    match (is_newest(version), JsonValue::to_value(&read)) {
        (false, Value::Object(members)) => {
            let members = through(&steps(kind)[version.number - 1..], members);
            Fact::read(kind, &Value::Object(members).to_string())
        }
        _ => Fact::read(kind, data),
    }
}

fn through(steps: &[Step], data: Map<String, Value>) -> Map<String, Value> {
    steps.iter().fold(data, |data, step| step(data))
}

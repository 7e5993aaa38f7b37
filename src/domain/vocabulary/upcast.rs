//! Turns payloads of older versions into payloads of the newest version.
//! Always: each step is a pure function from one version to the next; the payload is stored and
//! shown as sent, and only the folds read the newest form.
//! Rule: a payload without `dataschema` has the newest version whose schema it satisfies (decision
//! 0001).

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::fact::{Fact, Undecodable};
use super::json::{self, JsonValue};
use super::kind::{Kind, SchemaVersion};
use super::schemas;

/// A step: how a payload of one version becomes a payload of the next.
#[derive(Debug, Clone, Copy)]
enum Upcast {
    /// Every payload is also a payload of the next version, which only adds optional members or
    /// codes, or lets a member be absent.
    Unchanged,
    /// The function returns the payload in the next version.
    Changed(fn(Map<String, Value>) -> Map<String, Value>),
}

/// The steps of a type: the first leads from version 1 to version 2, and so on.
const fn upcasts(kind: Kind) -> &'static [Upcast] {
    match kind {
        Kind::ResidentialDroppedOut => &[Upcast::Changed(without_reason_code)],
        Kind::CapReferred
        | Kind::CareScreened
        | Kind::ConsultationHeld
        | Kind::DetentionAbsenceStarted
        | Kind::DetentionReleased
        | Kind::DrugFreeUnitPlaced
        | Kind::ModalityGranted
        | Kind::ModalityRevoked
        | Kind::PlanAgreed
        | Kind::ProgrammeEnrolled
        | Kind::ProgrammeSessionHeld
        | Kind::SentencePronounced
        | Kind::SubstitutionPrescribed
        | Kind::TreatmentStarted => &[Upcast::Unchanged],
        _ => &[],
    }
}

/// Version 2 of `residential.droppedOut` has no `reasonCode`: the clinical reason is stated by
/// `treatment.ended`.
fn without_reason_code(mut data: Map<String, Value>) -> Map<String, Value> {
    data.remove("reasonCode");
    data
}

/// Reads the fact that a payload states, in the newest version of its type. `version` is the
/// version that `dataschema` names.
///
/// # Errors
/// [`Undecodable`] when the payload is not one of its type.
pub fn fact(kind: Kind, version: Option<&SchemaVersion>, data: &str) -> Result<Fact, Undecodable> {
    Fact::read(kind, &newest_form(kind, version, data)?)
}

/// The text of a payload in the newest version of its type.
///
/// # Errors
/// [`Undecodable`] when the payload satisfies no version.
pub fn newest_form<'d>(
    kind: Kind,
    version: Option<&SchemaVersion>,
    data: &'d str,
) -> Result<Cow<'d, str>, Undecodable> {
    let steps = upcasts(kind);
    let is_newest = |version: &SchemaVersion| version.number == kind.newest().number;
    let all_unchanged = steps.iter().all(|step| matches!(step, Upcast::Unchanged));
    if all_unchanged || version.is_some_and(is_newest) {
        return Ok(Cow::Borrowed(data));
    }
    let undecodable = Undecodable(kind);
    let read = json::read(data.as_bytes()).map_err(|_| undecodable)?;
    let version = match version {
        Some(version) => version,
        None => schemas::newest_held(kind, &read).ok_or(undecodable)?,
    };
    if is_newest(version) {
        return Ok(Cow::Borrowed(data));
    }
    let Value::Object(members) = JsonValue::to_value(&read) else { return Err(undecodable) };
    let members = through(&steps[version.number - 1..], members);
    Ok(Cow::Owned(Value::Object(members).to_string()))
}

fn through(steps: &[Upcast], data: Map<String, Value>) -> Map<String, Value> {
    steps.iter().fold(data, |data, step| match step {
        Upcast::Unchanged => data,
        Upcast::Changed(change) => change(data),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_version_but_the_newest_has_a_step_to_the_next() {
        for kind in Kind::ALL {
            assert_eq!(upcasts(*kind).len(), kind.versions().len() - 1, "{kind}");
        }
    }

    #[test]
    fn an_upcast_payload_holds_the_newest_schema() {
        for kind in Kind::ALL {
            for version in kind.versions() {
                let example: Value = serde_json::from_str(version.example).unwrap();
                let Value::Object(data) = example["data"].clone() else { continue };
                let data = Value::Object(through(&upcasts(*kind)[version.number - 1..], data));
                let held = schemas::newest_held(*kind, &JsonValue::from(&data));
                assert_eq!(held.map(|held| held.number), Some(kind.newest().number), "{kind}");
                let read = fact(*kind, Some(version), &example["data"].to_string());
                assert_eq!(read, Fact::read(*kind, &data.to_string()), "{kind}");
            }
        }
    }

    #[test]
    fn steps_are_taken_in_order_from_the_version_sent() {
        let step = [
            Upcast::Changed(|mut data| {
                data.insert("second".to_owned(), data.len().into());
                data
            }),
            Upcast::Unchanged,
            Upcast::Changed(|mut data| {
                data.insert("fourth".to_owned(), data.len().into());
                data
            }),
        ];
        let upcast = |from: usize| Value::Object(through(&step[from - 1..], Map::new()));
        assert_eq!(upcast(1), json!({"second": 0, "fourth": 1}));
        assert_eq!(upcast(2), json!({"fourth": 0}));
        assert_eq!(upcast(4), json!({}));
    }
}

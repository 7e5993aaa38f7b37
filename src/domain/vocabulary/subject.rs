//! Checks whether `subject` names what the event is about: a person, a facility or a project.
//! Always: an event about an organisation names the same organisation in `subject` and in `data`; a
//! correction or an annulment has a subject of the same category as the record that it changes.
//! Rules: the vocabulary's page on envelopes, attribute `subject`.

use super::json::JsonValue;
use super::kind::Kind;
use super::violation::{Violation, ViolationCode};
use crate::domain::stream::{StreamCategory, StreamName};

/// Adds the violations of `subject`, and of a code in the payload that differs from `subject`.
/// `target` is the type that a correction or an annulment names. If that type is a `record.*` too,
/// the record that is changed in the end is not known, so any category may be right.
pub(super) fn check_subject(
    kind: Kind,
    target: Option<Kind>,
    event: &JsonValue,
    violations: &mut Vec<Violation>,
) {
    // The schema of the envelope refuses a subject that names nothing.
    let Some(Ok(stream)) = event.text("subject").map(StreamName::of_subject) else { return };
    let decisive = if kind.is_about_record() { target } else { Some(kind) };
    let Some((decisive, category)) =
        decisive.and_then(|kind| Some((kind, kind.stream_category()?)))
    else {
        return;
    };
    if stream.category() != category {
        let detail = wrong_category(kind, decisive, category);
        violations.push(Violation::new("/subject", ViolationCode::BadForm, detail));
        return;
    }
    let (StreamName::Facility(code) | StreamName::Project(code)) = &stream else { return };
    let (payload, place) = match kind {
        Kind::RecordCorrected => {
            (event.get("data").and_then(|data| data.get("data")), "/data/data")
        }
        _ => (event.get("data"), "/data"),
    };
    let member = category.code();
    let named = payload.and_then(|payload| payload.text(member));
    if named.is_some_and(|named| *named != *code.0) {
        let detail = format!("Names another {category} than `subject`.");
        violations.push(Violation::new(
            format!("{place}/{member}"),
            ViolationCode::BadForm,
            detail,
        ));
    }
}

fn wrong_category(kind: Kind, decisive: Kind, category: StreamCategory) -> String {
    let form = match category {
        StreamCategory::Person => "the person's pseudonym, a UUID",
        StreamCategory::Facility => "facility:<code>, with the code in `data.facility`",
        StreamCategory::Project => "project:<code>, with the code in `data.project`",
    };
    if kind.is_about_record() {
        format!("The {decisive} that this event changes is about a {category}: send {form}.")
    } else {
        format!("An event of type {kind} is about a {category}: send {form}.")
    }
}

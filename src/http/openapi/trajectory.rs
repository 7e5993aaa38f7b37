//! The schema of a trajectory: its sections, alerts and findings.
//! Always: codes come from the lists of the domain; a member that may be absent is not required.
//! Form: the section "One person" of the HTTP contract.

use serde_json::{Value, json};

use crate::domain::finding::FindingCode;
use crate::domain::trajectory::{
    AlertCode, CustodyState, ProgrammeState, ReferralState, ResidentialState, Review, Severity,
    SubstitutionState, TransitionKind,
};
use crate::domain::vocabulary::choice::{
    AbsenceKind, Eligibility, Goal, HousingKind, LegalStatus, LifeDomain, ModalityKind, Product,
    ProgrammeKind, Setting, UnitKind,
};

/// The schemas of a trajectory and its parts.
pub fn trajectory() -> Value {
    let sections = json!({
        "custody": {"$ref": "#/components/schemas/Custody"},
        "substitution": {"$ref": "#/components/schemas/Substitution"},
        "residential": residential(),
        "programmes": list(programme()),
        "referrals": list(referral()),
        "treatments": list(treatment()),
        "housing": object(&["placement", "kind", "provider", "since"], json!({
            "placement": text(), "kind": code(HousingKind::CODES), "provider": text(),
            "since": instant()})),
        "plans": list(plan()),
        "release": object(&[], json!({
            "preparedAt": instant(), "expectedOn": date(), "prescriptionDays": count(),
            "appointment": {"type": ["boolean", "string"]}, "naloxone": flag(),
            "insured": flag()})),
        "transitions": list(transition()),
        "alerts": list(json!({"$ref": "#/components/schemas/Alert"})),
        "findings": list(json!({"$ref": "#/components/schemas/Finding"})),
        "person": person(), "mergedFrom": list(person()), "mergedInto": person(),
        "at": text(), "known": instant(), "revision": count(), "unanswered": text()
    });
    let required = [
        "person",
        "at",
        "known",
        "custody",
        "substitution",
        "residential",
        "programmes",
        "referrals",
        "treatments",
        "plans",
        "transitions",
        "alerts",
        "findings",
    ];
    json!({
        "Trajectory": {"type": "object", "required": required, "properties": sections.clone()},
        "ListedTrajectory": {"type": "object", "required": ["person"], "properties": sections,
            "description": "A trajectory without `at` and `known`, which the list states, or a \
                person without an answer"},
        "Custody": custody(),
        "Substitution": substitution(),
        "Alert": object(&["code", "since", "severity", "records", "detail", "source"], json!({
            "code": code(AlertCode::CODES), "since": instant(),
            "severity": code(Severity::CODES), "records": records(), "detail": text(),
            "source": text(), "values": {"type": "object"}})),
        "Finding": object(&["code", "message", "values", "records"], json!({
            "code": code(FindingCode::CODES), "message": text(), "values": {"type": "object"},
            "records": records()})),
        "RecordName": object(&["position", "source", "id"], json!({
            "position": {"$ref": "#/components/schemas/Position"}, "source": text(),
            "id": text()}))
    })
}

fn custody() -> Value {
    let unit = object(
        &["placement", "facility", "since"],
        json!({
        "placement": text(), "kind": code(UnitKind::CODES), "facility": text(),
        "since": instant()}),
    );
    object(
        &["state"],
        json!({
        "state": code(CustodyState::CODES), "kind": code(AbsenceKind::CODES), "unit": unit,
        "facility": text(), "legalStatus": code(LegalStatus::CODES), "modality": text(),
        "modalityKind": code(ModalityKind::CODES), "since": instant()}),
    )
}

fn substitution() -> Value {
    object(
        &["state"],
        json!({
        "state": code(SubstitutionState::CODES), "product": code(Product::CODES),
        "goal": code(Goal::CODES), "doseMicrograms": count(), "dosesPerDay": count(),
        "dayMicrograms": count(), "lastDoseAt": instant(), "nextDueBy": instant(),
        "missedDays": count(), "notOfferedDays": count(), "review": code(Review::CODES)}),
    )
}

fn residential() -> Value {
    object(
        &["state"],
        json!({
        "state": code(ResidentialState::CODES), "stay": text(), "facility": text(),
        "programme": text(), "since": instant(), "days": count()}),
    )
}

fn programme() -> Value {
    let required = [
        "enrolment",
        "enrolments",
        "project",
        "programme",
        "plannedSessions",
        "sessionsHeld",
        "state",
        "since",
    ];
    object(
        &required,
        json!({
        "enrolment": text(), "enrolments": list(text()), "project": text(),
        "programme": code(ProgrammeKind::CODES), "eligibility": code(Eligibility::CODES),
        "plannedSessions": count(), "sessionsHeld": count(),
        "state": code(ProgrammeState::CODES), "since": instant(), "until": instant()}),
    )
}

fn referral() -> Value {
    object(
        &["referral", "project", "at", "state"],
        json!({
        "referral": text(), "project": text(), "toProvider": text(), "by": text(),
        "prison": text(), "at": instant(), "state": code(ReferralState::CODES),
        "waitingDays": count(), "answeredAt": instant(), "daysToAnswer": count(),
        "startedAt": instant(), "daysToStart": count()}),
    )
}

fn treatment() -> Value {
    object(
        &["episode", "provider", "setting", "structured", "since"],
        json!({
        "episode": text(), "provider": text(), "setting": code(Setting::CODES),
        "structured": flag(), "since": instant(), "until": instant()}),
    )
}

fn plan() -> Value {
    object(
        &["plan", "version", "domains", "agreedByClient", "at"],
        json!({
        "plan": text(), "version": count(), "domains": list(code(LifeDomain::CODES)),
        "agreedByClient": flag(), "at": instant(), "reviewedAt": instant(),
        "reviewedVersion": count(), "domainsReached": list(code(LifeDomain::CODES))}),
    )
}

fn transition() -> Value {
    object(
        &["kind", "at", "continuous"],
        json!({
        "kind": code(TransitionKind::CODES), "at": instant(), "from": text(), "to": text(),
        "lastDoseBefore": instant(), "firstDoseAfter": instant(),
        "gapHours": {"type": "integer"}, "continuous": {"type": ["boolean", "null"],
            "description": "Null: the records do not say"}}),
    )
}

fn object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn records() -> Value {
    list(json!({"$ref": "#/components/schemas/RecordName"}))
}

fn code(codes: &[&str]) -> Value {
    json!({"type": "string", "enum": codes})
}

fn person() -> Value {
    json!({"$ref": "#/components/schemas/Uuid"})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn date() -> Value {
    json!({"type": "string", "format": "date"})
}

fn instant() -> Value {
    json!({"type": "string", "format": "date-time"})
}

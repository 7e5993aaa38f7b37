//! What the days of a modality are worth under each reading.
//! Always: a figure that cannot be computed is named as such, never zero.
//! Text: `credit.md`, "Readings".

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value, json};

use super::Told;
use super::modality::UNDER;
use super::records::Record;
use super::runs;
use super::sets::{Dates, previous};

const NO_REMAINDER: &str = "needs modality.granted.remainderDays or a sentence";
const NO_RULE: &str = "no rule was found for this kind";

fn has_deduction(kind: &str) -> bool {
    ["limitedDetention", "electronicMonitoring", "transitionHouse"].contains(&kind)
}

fn has_no_rule(kind: &str) -> bool {
    ["earlyRelease", "trialRelease"].contains(&kind)
}

/// The figures of the court that decided, of which `remaining` prevails.
#[derive(Debug, Clone, Copy)]
struct Decided {
    remaining: Option<i64>,
    credited: Option<i64>,
}

impl Told {
    fn to_serve(&self) -> Option<i64> {
        let inside = self.served_inside().len() as i64;
        self.effective().map(|effective| (effective - inside).max(0))
    }

    fn is_over(&self) -> bool {
        ["notStarted", "ended", "replaced", "deceased"].contains(&self.outcome)
    }

    /// Whether the dates after the date asked for count as served.
    fn goes_on(&self) -> bool {
        self.served().contains(&self.at) && !self.is_dead && self.outcome != "running"
    }

    /// The last deciding revocation, as its place among the revocations in force.
    fn deciding(&self, records: &[Record]) -> Option<usize> {
        self.modality.revocations.iter().rposition(|revocation| {
            let record = &records[revocation.place];
            record.truth("final") && revocation.effect <= self.at && has_figures(record)
        })
    }

    fn decided(&self, records: &[Record]) -> Option<Decided> {
        let record = &records[self.modality.revocations[self.deciding(records)?].place];
        let remaining = record.number("remainingDays");
        Some(Decided { remaining, credited: record.number("creditedDays") })
    }

    /// The decisions after the last deciding one.
    fn pending(&self, records: &[Record]) -> Vec<Value> {
        let after = self.deciding(records).map_or(0, |place| place + 1);
        let rest = self.modality.revocations[after..].iter().map(|r| &records[r.place]);
        let shown = |record: &Record| {
            let mut said = Map::new();
            for name in ["judgment", "remainingDays", "creditedDays"] {
                if let Some(value) = record.data.get(name) {
                    said.insert(name.to_owned(), value.clone());
                }
            }
            Value::Object(said)
        };
        rest.filter(|record| has_figures(record)).map(shown).collect()
    }

    /// The n-th date of a set, or of the dates after it if they count as served.
    fn reached(&self, dates: &Dates, days: i64) -> Option<NaiveDate> {
        let place = usize::try_from(days - 1).expect("at least one day");
        if let Some(date) = dates.iter().nth(place) {
            return Some(*date);
        }
        let beyond = (place + 1 - dates.len()) as u64;
        self.goes_on().then(|| self.at + Days::new(beyond))
    }

    fn sentence_end(&self, counted: &Dates, effective: i64) -> Option<NaiveDate> {
        if effective == 0 {
            return Some(previous(self.modality.starts));
        }
        self.reached(&(counted | &self.served()), effective)
    }

    fn sentence_end_decided(&self, remaining: i64) -> Option<NaiveDate> {
        let back = self.back_on()?;
        if remaining == 0 {
            return Some(previous(back));
        }
        let since = self.served().into_iter().filter(|date| *date >= back).collect();
        self.reached(&since, remaining)
    }

    fn why_not(&self) -> String {
        match &self.base.asks_for {
            Some(code) => format!("needs remainderDays: earlier modality {code}"),
            None => NO_REMAINDER.to_owned(),
        }
    }

    pub fn lawful(&self, records: &[Record]) -> Option<&'static str> {
        if self.decided(records).is_some() {
            return Some("courtDecision");
        }
        match self.modality.kind.as_str() {
            kind if has_deduction(kind) => Some("deduction"),
            kind if has_no_rule(kind) => None,
            _ => Some("courtDecision"),
        }
    }

    /// Every reading that applies to the kind.
    pub fn readings(&self, records: &[Record]) -> Value {
        let kind = self.modality.kind.as_str();
        let decided = self.decided(records);
        let mut readings = Map::new();
        let lived = self.lived();
        if !has_deduction(kind) && !has_no_rule(kind) {
            let mut none = self.figures(&Dates::new());
            (none["counted"], none["excluded"]) = (json!([]), json!([]));
            readings.insert("none".to_owned(), none);
        }
        if has_deduction(kind) {
            let reading = self.with_lived(self.figures(&lived));
            readings.insert("deduction".to_owned(), reading);
        }
        if let Some(decided) = decided {
            let reading = self.with_lived(self.figures_decided(decided));
            readings.insert("courtDecision".to_owned(), reading);
        } else if !has_deduction(kind) && !has_no_rule(kind) {
            let reading = self.with_lived(self.figures_undecided(&lived));
            readings.insert("courtDecision".to_owned(), reading);
        }
        if !has_deduction(kind) {
            readings.insert("fullResidential".to_owned(), self.full_residential());
        }
        let pending = self.pending(records);
        let names = ["courtDecision", "deduction", "fullResidential"];
        let name = names.into_iter().find(|name| readings.contains_key(*name));
        if let (Some(name), false) = (name, pending.is_empty()) {
            readings[name]["pending"] = pending.into();
        }
        Value::Object(readings)
    }

    fn figures(&self, counted: &Dates) -> Value {
        let mut said = json!({"creditedDays": counted.len()});
        self.add_figures(&mut said, counted.len() as i64, |effective, _| {
            shown(self.sentence_end(counted, effective))
        });
        said
    }

    /// Adds what follows from the days credited, or says why it does not.
    fn add_figures(&self, said: &mut Value, credited: i64, end: impl Fn(i64, i64) -> Value) {
        if self.is_over() {
            said["notApplicable"] = self.outcome.into();
            return;
        }
        let (Some(effective), Some(to_serve)) = (self.effective(), self.to_serve()) else {
            said["cannotCompute"] = json!([self.why_not()]);
            return;
        };
        let remaining = (to_serve - credited).max(0);
        said["remainingDays"] = remaining.into();
        said["unusedDays"] = (credited - to_serve).max(0).into();
        said["sentenceEnd"] = end(effective, remaining);
    }

    fn figures_undecided(&self, lived: &Dates) -> Value {
        let (most, least) = (self.figures(lived), self.figures(&Dates::new()));
        let mut said = json!({"range": [0, lived.len()]});
        for name in ["notApplicable", "cannotCompute"] {
            if let Some(value) = most.get(name) {
                said[name] = value.clone();
            }
        }
        if most.get("remainingDays").is_some() {
            for name in ["remainingDays", "sentenceEnd"] {
                said[name] = json!({"min": most[name], "max": least[name]});
            }
            if most["sentenceEnd"].is_null() && least["sentenceEnd"].is_null() {
                said["sentenceEnd"] = Value::Null;
            }
        }
        said
    }

    fn figures_decided(&self, decided: Decided) -> Value {
        let end = |remaining: i64| shown(self.sentence_end_decided(remaining));
        let Some(remaining) = decided.remaining else {
            let credited = decided.credited.expect("a decision carries a figure");
            let mut said = json!({"creditedDays": credited});
            self.add_figures(&mut said, credited, |_, remaining| end(remaining));
            return said;
        };
        let mut said = json!({});
        if let Some(to_serve) = self.to_serve() {
            said["creditedDays"] = (to_serve - remaining).into();
        }
        if self.is_over() {
            said["notApplicable"] = self.outcome.into();
            return said;
        }
        said["remainingDays"] = remaining.into();
        said["unusedDays"] = 0.into();
        said["sentenceEnd"] = end(remaining);
        if self.effective().is_none() {
            said["cannotCompute"] = json!(["creditedDays"]);
        }
        said
    }

    /// Adds K as counted, and all other dates to the last of W as excluded.
    fn with_lived(&self, mut said: Value) -> Value {
        let last = self.modality.last_of_window();
        let within = |date: &NaiveDate| last.is_some_and(|last| *date <= last);
        let days = self.book.iter().filter(|(date, _)| within(date));
        let (lived, other): (Vec<_>, Vec<_>) =
            days.map(|(date, state)| (*date, *state)).partition(|(_, state)| *state == UNDER);
        said["counted"] = runs(&lived, "why");
        said["excluded"] = runs(&other, "why");
        said
    }

    fn full_residential(&self) -> Value {
        let treated = self.treated();
        let mut said = self.figures(&treated);
        if has_no_rule(&self.modality.kind) && !self.is_over() {
            said = json!({"creditedDays": treated.len(), "cannotCompute": [NO_RULE]});
        }
        let counted: Vec<_> = treated.iter().map(|date| (*date, "inTreatment")).collect();
        let present: Dates = self.presences.iter().flat_map(|p| p.all_dates()).collect();
        let other = &present - &treated;
        let excluded: Vec<_> = other.iter().map(|date| (*date, self.why_excluded(*date))).collect();
        said["counted"] = runs(&counted, "why");
        said["excluded"] = runs(&excluded, "why");
        said
    }

    fn why_excluded(&self, date: NaiveDate) -> &'static str {
        let last = self.modality.last_of_window();
        if date < self.modality.starts || last.is_none_or(|last| last < date) {
            return "outsideWindow";
        }
        match self.book.get(&date) {
            Some(state) if *state != UNDER => state,
            _ if self.presences.iter().any(|p| p.taken().contains(&date)) => "unauthorisedAbsence",
            _ => "closingDate",
        }
    }
}

fn shown(date: Option<NaiveDate>) -> Value {
    date.map_or(Value::Null, |date| date.to_string().into())
}

fn has_figures(record: &Record) -> bool {
    record.number("remainingDays").is_some() || record.number("creditedDays").is_some()
}

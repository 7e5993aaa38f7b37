//! The alerts on substitution, and the list of all alerts (`continuity.md`, "Alerts").
//! Always: the list goes by code, then since, then records; after a death it is empty.

use serde_json::{Map, Value, json};

use super::alerts_care;
use super::clock::{self, Instant};
use super::course::{List, Substitution};
use super::custody::Place;
use super::elements;
use super::handover::Handovers;
use super::modality::Standing;
use super::products;
use super::record::Rec;
use super::silence::{Now, Why};
use super::substitution;
use super::world::World;

/// The codes in order, with their severities.
const CODES: [(&str, &str); 13] = [
    ("substitutionInterrupted", "high"),
    ("substitutionOverdue", "high"),
    ("doubleDose", "high"),
    ("handoverUnconfirmed", "high"),
    ("detoxOnly", "medium"),
    ("overdoseUnanswered", "high"),
    ("conditionAtRisk", "high"),
    ("dropoutUnanswered", "medium"),
    ("releaseUnprepared", "high"),
    ("releaseWithoutFollowUp", "high"),
    ("referralUnanswered", "low"),
    ("programmeStalled", "low"),
    ("planOverdue", "low"),
];

pub struct Alert {
    pub code: &'static str,
    pub since: Instant,
    pub records: Vec<usize>,
    pub values: Map<String, Value>,
    /// In place of the severity of the code.
    pub severity: Option<&'static str>,
}

impl Alert {
    pub fn new(code: &'static str, since: Instant, records: Vec<usize>) -> Alert {
        Alert { code, since, records, values: Map::new(), severity: None }
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Alert {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    pub fn with_some<T: Into<Value>>(self, name: &str, value: Option<T>) -> Alert {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// The section `alerts`.
pub fn section(s: &Substitution, now: &Now, standing: &Standing) -> Value {
    if s.w.death.is_some() {
        return json!([]);
    }
    let handovers = Handovers::new(s);
    let mut alerts = Vec::new();
    alerts.extend(interrupted(s, now));
    alerts.extend(overdue(s, now));
    alerts.extend(double_doses(s));
    alerts.extend(handovers.unconfirmed(now).map(|found| {
        Alert::new("handoverUnconfirmed", found.since, found.records)
            .with_some("toProvider", found.to_provider)
    }));
    alerts.extend(detox_only(s));
    alerts.extend(alerts_care::alerts(s, standing, &handovers));
    let rank = |alert: &Alert| CODES.iter().position(|(code, _)| *code == alert.code);
    for alert in &mut alerts {
        alert.records.sort_unstable();
        alert.records.dedup();
    }
    alerts.sort_by_key(|alert| (rank(alert), alert.since, alert.records.clone()));
    alerts.iter().map(|alert| written(s.w, alert, CODES[rank(alert).expect("a code")].1)).collect()
}

fn written(w: &World, alert: &Alert, severity: &str) -> Value {
    let mut row = json!({
        "code": alert.code,
        "since": clock::text(alert.since),
        "severity": alert.severity.unwrap_or(severity),
        "records": w.names(&alert.records),
    });
    if !alert.values.is_empty() {
        row["values"] = Value::Object(alert.values.clone());
    }
    row
}

fn interrupted(s: &Substitution, now: &Now) -> Option<Alert> {
    let found = now.interruption().filter(|_| now.state == "interrupted")?;
    let last = match found.why {
        Why::Depot => s.last_dose(&s.until(found.begin)),
        _ => s.last_dose(&(0..found.by).collect::<List>()),
    };
    let records = last.into_iter().chain([found.by]).map(|place| s.all[place].rec).collect();
    let alert = Alert::new("substitutionInterrupted", found.begin, records);
    Some(alert.with_some("review", substitution::review(s, now)).with("daysWithoutDose", now.g))
}

fn overdue(s: &Substitution, now: &Now) -> Option<Alert> {
    if now.state != "unknown" {
        return None;
    }
    let faded = now.interruption().and_then(|found| found.faded);
    let since = faded.or(now.u.filter(|u| *u <= s.w.now))?;
    let last_dose = s.last_dose(&now.list).map(|dose| s.all[dose].rec);
    let substitution = s.w.folded().rfind(|(_, rec)| elements::is_substitution(rec));
    let records = last_dose.into_iter().chain(substitution.map(|(place, _)| place)).collect();
    let due = now.due.map(|due| clock::text(due.at));
    let alert = Alert::new("substitutionOverdue", since, records).with_some("dueBy", due);
    if faded.is_none() {
        return Some(alert);
    }
    Some(alert.with_some("review", substitution::review(s, now)).with("daysWithoutDose", now.g))
}

fn double_doses(s: &Substitution) -> Vec<Alert> {
    let doses: List = (0..s.all.len()).filter(|place| s.dose(*place).is_some()).collect();
    let is_double: Vec<bool> =
        (0..doses.len()).map(|at| at > 0 && doubles(s, doses[at - 1], doses[at])).collect();
    let mut found = Vec::new();
    for at in (0..doses.len()).filter(|at| is_double[*at]) {
        let since = s.at(doses[at]);
        let next = (at + 1..doses.len()).find(|next| !is_double[*next]);
        let limit = clock::plus_hours(since, 48);
        let until = next.map_or(limit, |next| s.at(doses[next]).min(limit));
        if s.w.now < until {
            let records = vec![s.all[doses[at - 1]].rec, s.all[doses[at]].rec];
            found.push(Alert::new("doubleDose", since, records));
        }
    }
    found
}

/// Whether a dose comes too soon after the one before, from elsewhere.
fn doubles(s: &Substitution, before: usize, place: usize) -> bool {
    let (earlier, dose) = (s.dose(before).expect("a dose"), s.dose(place).expect("a dose"));
    let n = s.n(before);
    let hours = if n > 1 { 24 / n } else { 24 * earlier.interval };
    let passed = (s.at(place) - s.at(before)).num_seconds();
    let is_elsewhere = earlier.place != dose.place && !earlier.from_handover_alone;
    let source = |dose: &elements::Dose| dose.given.map(|given| &s.w.recs[given].source);
    let is_of_another = earlier.is_given() && source(earlier) != source(dose);
    dose.is_given()
        && dose.interval == 1
        && passed * 2 < hours * 3600
        && (is_elsewhere || is_of_another)
}

fn detox_only(s: &Substitution) -> Option<Alert> {
    let w = s.w;
    let snap = w.custody.last().filter(|snap| snap.place == Place::Inside)?;
    let facility = snap.facility.as_deref()?;
    let enters = |rec: &Rec| rec.is("detention.arrived") || rec.is("detention.transferred");
    let entered = w.folded().rfind(|(_, rec)| enters(rec))?.1.time;
    let prescriptions: List = (0..s.all.len()).filter(|place| s.is_prescription(*place)).collect();
    let is_here = |place: &usize| {
        let rec = s.rec(*place);
        let named = rec.text("facility");
        let ahead = clock::plus_hours(entered, -24) <= rec.time && named == Some(facility);
        rec.text("setting") == Some("prison")
            && named.is_none_or(|named| named == facility)
            && (rec.day() >= clock::date(entered) || ahead)
    };
    let here: List = prescriptions.iter().copied().filter(is_here).collect();
    let first = *here.first()?;
    let goal = |place: usize| s.rec(place).text("goal");
    let maintains = |place: &usize| goal(*place) == Some("maintenance");
    let later = prescriptions.iter().any(|other| s.at(*other) >= s.at(first) && maintains(other));
    let is_stopped = (first..s.all.len()).any(|place| s.ends_course(place));
    if goal(first) != Some("detoxification") || here.iter().any(maintains) || later || is_stopped {
        return None;
    }
    let evidence = evidence(s, first)?;
    let since = s.at(first).max(entered);
    let records = vec![evidence, s.all[first].rec];
    Some(Alert::new("detoxOnly", since, records).with("facility", facility))
}

/// The last evidence that a person was maintained before a prescription.
fn evidence(s: &Substitution, first: usize) -> Option<usize> {
    let w = s.w;
    let on_taper = |rec: &Rec| {
        let named = products::named_prescription(w, rec).map(|place| &w.recs[place]);
        named.is_some_and(|named| named.text("goal") == Some("detoxification"))
    };
    let mut found: Vec<(Instant, usize)> = Vec::new();
    let last_stop = (0..first).rfind(|place| s.ends_course(*place));
    let is_after =
        |place: &usize| last_stop.is_none_or(|stop| *place > stop || s.starts_at(*place, stop));
    for element in (0..s.all.len()).filter(is_after).map(|place| &s.all[place]) {
        let rec = &w.recs[element.rec];
        let is_evidence = match element.dose() {
            Some(dose) => {
                dose.is_given() && dose.setting.as_deref() != Some("prison") && !on_taper(rec)
            }
            None => rec.is("substitution.prescribed") && rec.text("goal") == Some("maintenance"),
        };
        if is_evidence {
            found.push((element.at, element.rec));
        }
    }
    for (place, rec) in w.of("substitution.verified") {
        let is_after_stop = |at| last_stop.is_none_or(|stop| at > s.at(stop));
        if let Some((at, false)) = elements::reported_at(rec).filter(|told| is_after_stop(told.0)) {
            found.push((at, place));
        }
    }
    let prescribed = s.at(first);
    found.retain(|(at, _)| {
        *at <= prescribed && clock::plus_days(*at, elements::MAINTAINED_BEFORE_DAYS) >= prescribed
    });
    found.into_iter().max().map(|(_, place)| place)
}

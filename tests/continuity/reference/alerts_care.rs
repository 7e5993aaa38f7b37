//! The alerts on care, release and programmes (`continuity.md`, "Alerts").
//! Always: each alert is judged from the records up to now, and from the clock.

use super::alerts::Alert;
use super::care;
use super::clock::{self, Instant};
use super::course::Substitution;
use super::custody::Place;
use super::elements;
use super::handover::Handovers;
use super::modality::Standing;
use super::order::is_closing;
use super::record::Rec;
use super::release;
use super::stays::{self, Presence};
use super::world::World;

pub fn alerts(s: &Substitution, standing: &Standing, handovers: &Handovers) -> Vec<Alert> {
    let w = s.w;
    let mut alerts = overdoses(w);
    let at_risk = condition_at_risk(w, standing);
    if at_risk.is_none() {
        alerts.extend(dropout(s));
    }
    alerts.extend(at_risk);
    alerts.extend(unprepared(s, handovers));
    alerts.extend(no_follow_up(w, standing));
    alerts.extend(referrals(w));
    alerts.extend(programmes(w));
    alerts.extend(plan(w));
    alerts
}

fn overdoses(w: &World) -> Vec<Alert> {
    const ANSWERS: [&str; 9] = [
        "consultation.held",
        "substitution.prescribed",
        "substitution.doseContinued",
        "substitution.doseChanged",
        "cap.referred",
        "treatment.started",
        "plan.agreed",
        "plan.reviewed",
        "residential.admitted",
    ];
    let answers = |rec: &Rec| ANSWERS.contains(&rec.kind.as_str());
    let alert = |(place, rec): (usize, &Rec)| {
        let since = clock::plus_days(rec.time, 2);
        let is_answered = w.folded().any(|(_, other)| answers(other) && other.time >= rec.time);
        (since <= w.now && !is_answered)
            .then(|| Alert::new("overdoseUnanswered", since, vec![place]))
    };
    w.of("overdose.recorded").filter_map(alert).collect()
}

fn last_departure_at(w: &World) -> Option<Instant> {
    w.custody.last_departure().map(|departure| departure.at)
}

fn condition_at_risk(w: &World, standing: &Standing) -> Option<Alert> {
    let m = standing.modality().filter(|m| !m.lived_inside())?;
    let conditions = w.recs[m.grant].data.get("conditions")?.as_array()?;
    if !conditions.iter().any(|condition| condition == "residentialTreatment") {
        return None;
    }
    let all = stays::presences(w);
    let ran = |presence: &&Presence| {
        presence.from >= m.start || presence.end_at(w).is_none_or(|end| end > m.start)
    };
    let (from, records) = match all.iter().rev().find(ran) {
        Some(last) => {
            let cause = cause_of_risk(w, last)?;
            (w.time(cause), vec![m.grant, cause])
        }
        None => (clock::plus_days(m.start, 7), vec![m.grant]),
    };
    let since = last_departure_at(w).map_or(from, |left| from.max(left));
    (since <= w.now).then(|| Alert::new("conditionAtRisk", since, records))
}

/// The record by which the last presence puts a condition at risk.
fn cause_of_risk(w: &World, last: &Presence) -> Option<usize> {
    match last.end {
        Some(end) => {
            let kind = w.recs[end].kind.as_str();
            let is_bad = ["residential.droppedOut", "residential.transferred", "detention.arrived"]
                .contains(&kind);
            is_bad.then_some(end)
        }
        None => last.away(true).map(|away| away.rec),
    }
}

fn dropout(s: &Substitution) -> Option<Alert> {
    let w = s.w;
    if w.custody.place(w.now) == Place::Inside {
        return None;
    }
    let end = stays::presences(w).pop()?.end?;
    let rec = &w.recs[end];
    if !rec.is("residential.droppedOut") || !is_closing(rec) {
        return None;
    }
    let answers = |other: &Rec| match other.kind.as_str() {
        "residential.admitted" | "cap.referred" | "detention.arrived" => true,
        "treatment.started" => {
            matches!(other.text("setting"), Some("community" | "residential"))
        }
        _ => false,
    };
    let is_answered = w.folded().any(|(place, other)| place > end && answers(other));
    let is_dosed = s.all.iter().any(|element| {
        let is_outside = element
            .dose()
            .is_some_and(|dose| dose.is_given() && dose.setting.as_deref() != Some("prison"));
        // What closes a stay stands last at its instant, so no dose there is after it.
        is_outside && element.at > rec.time
    });
    let since = clock::plus_days(rec.time, 7);
    (since <= w.now && !is_answered && !is_dosed)
        .then(|| Alert::new("dropoutUnanswered", since, vec![end]))
}

fn unprepared(s: &Substitution, handovers: &Handovers) -> Option<Alert> {
    let needs = |t: Instant| s.now(t).is_needed();
    let handed_over = |departure: &_| handovers.is_confirmed_for(departure);
    let found = release::unprepared(s.w, &needs, &handed_over)?;
    Some(Alert::new("releaseUnprepared", found.since, found.records).with("missing", found.missing))
}

fn no_follow_up(w: &World, standing: &Standing) -> Option<Alert> {
    let is_free = w.custody.place(w.now) == Place::Outside
        && !standing.modality().is_some_and(|m| m.lived_inside());
    let departure = w.custody.last_departure().filter(|found| found.reason != "removal")?;
    let calls = |rec: &Rec| match rec.kind.as_str() {
        "care.screened" => rec.flag("needIdentified") == Some(true),
        "cap.referred" | "treatment.started" | "programme.enrolled" | "residential.admitted" => {
            true
        }
        _ => elements::is_substitution(rec),
    };
    let since = clock::after_day(departure.at, 21);
    let stands = is_free
        && since <= w.now
        && w.folded().any(|(_, rec)| calls(rec))
        && !release::is_followed_up(w, departure);
    let mut alert = Alert::new("releaseWithoutFollowUp", since, vec![departure.rec]);
    if w.now >= clock::after_day(departure.at, 28) {
        alert.severity = Some("medium");
    }
    stands.then_some(alert)
}

fn referrals(w: &World) -> Vec<Alert> {
    let open = care::referrals(w).into_iter().filter(|found| found.state == "open");
    let alert = |found: care::Referral| {
        let since = clock::after_day(w.time(found.rec), 14);
        (since <= w.now).then(|| Alert::new("referralUnanswered", since, vec![found.rec]))
    };
    open.filter_map(alert).collect()
}

fn programmes(w: &World) -> Vec<Alert> {
    let mut found = Vec::new();
    for course in care::courses(w).iter().filter(|course| course.state == "open") {
        let held = course.sessions.len() as i64;
        let last = course.sessions.last().copied().unwrap_or(course.last());
        let silent = clock::after_day(w.time(last), 14);
        let is_short = w.recs[course.last()].text("programme") == Some("shortIntervention");
        let slow = (is_short && held < course.planned)
            .then(|| clock::after_day(w.time(course.first()), 28));
        let since = slow.map_or(silent, |slow| slow.min(silent));
        if since <= w.now {
            let alert = Alert::new("programmeStalled", since, vec![last]);
            let alert = alert.with("sessionsHeld", held).with("plannedSessions", course.planned);
            found.push(alert);
        }
    }
    found
}

fn plan(w: &World) -> Option<Alert> {
    if w.custody.place(w.now) != Place::Inside {
        return None;
    }
    let begin = w.custody.last_detention()?.begin;
    let (place, rec) = release::prepared(w)?;
    let expected = rec.date("expectedOn")?;
    let since = clock::start(clock::shift(expected, -30)).max(rec.time);
    let is_agreed = w.of("plan.agreed").any(|(_, rec)| rec.time >= begin);
    (since <= w.now && !is_agreed).then(|| Alert::new("planOverdue", since, vec![place]))
}

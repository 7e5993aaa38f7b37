//! Laws that hold for every history that passes the door.

use care_ledger::domain::history::History;
use care_ledger::domain::time::calendar::At;
use care_ledger::domain::trajectory::AlertCode;
use care_ledger::domain::trajectory::SubstitutionState;
use care_ledger::domain::trajectory::{self, ContinuityRules, Trajectory};
use care_ledger::domain::vocabulary::registry::Registry;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::builder::{SOURCE, SUBJECT, history, instant};
use crate::random::{events, extreme, far_events, hour, touched};

fn at() -> impl Strategy<Value = At> {
    prop_oneof![hour().prop_map(At::Instant), hour().prop_map(|time| At::Date(time.date_naive())),]
}

fn any_at() -> impl Strategy<Value = At> {
    let date = |text: &str| At::Date(text.parse::<NaiveDate>().unwrap());
    prop_oneof![
        at(),
        extreme().prop_map(|time| At::Instant(instant(time))),
        prop::sample::select(vec!["0000-01-01", "0001-01-01", "9999-12-31"]).prop_map(date),
    ]
}

fn answer(history: &History, at: At) -> Trajectory {
    trajectory::answer(history, at, ContinuityRules::shipped(), Registry::shipped())
}

fn answer_until(history: &History, at: At) -> (Trajectory, Option<DateTime<Utc>>) {
    trajectory::answer_until(history, at, ContinuityRules::shipped(), Registry::shipped())
}

fn told_by(events: &[Value], at: At) -> Vec<Value> {
    let time = |event: &Value| instant(event["time"].as_str().unwrap());
    events.iter().filter(|event| at.includes(time(event))).cloned().collect()
}

proptest! {
    #[test]
    fn the_order_of_receipt_and_repetition_change_nothing(
        (events, other) in touched().prop_flat_map(|events| {
            let twice = [events.clone(), events.clone()].concat();
            (Just(events), Just(twice).prop_shuffle())
        }),
        at in at(),
    ) {
        prop_assert_eq!(answer(&history(&events, None), at), answer(&history(&other, None), at));
    }

    #[test]
    fn what_was_not_offered_is_never_missed(events in touched(), at in at()) {
        let missed = ["refused", "noShow", "client"];
        let blameless: Vec<Value> = events
            .into_iter()
            .filter(|event| {
                let said = [&event["data"]["reason"], &event["data"]["cause"]];
                !said.iter().any(|said| missed.iter().any(|missed| *said == missed))
            })
            .collect();
        let substitution = answer(&history(&blameless, None), at).substitution;
        prop_assert_eq!(substitution.missed_days.unwrap_or(0), 0);
        prop_assert!(substitution.missed_days.is_some() == substitution.not_offered_days.is_some());
    }

    /// The handover names a dose of long ago, so that the handover changes nothing else.
    #[test]
    fn a_handover_that_nobody_confirms_takes_no_alert_away(
        events in events(),
        sent in hour(),
        at in at(),
    ) {
        let data = json!({"handover": "another", "toProvider": "nobody", "product": "methadone",
            "doseMicrograms": 1000, "lastDoseAt": "2026-01-01T08:00:00Z", "bridgingDays": 0});
        let another = json!({"specversion": "1.0", "source": SOURCE, "subject": SUBJECT,
            "type": "substitution.handoverSent", "time": sent.to_rfc3339(), "data": data,
            "id": "another"});
        let alerted = |events: &[Value]| {
            let alerts = answer(&history(events, None), at).alerts;
            alerts.iter().any(|alert| alert.code == AlertCode::HandoverUnconfirmed)
        };
        let more = [events.clone(), vec![another]].concat();
        prop_assert!(!alerted(&events) || alerted(&more));
    }

    #[test]
    fn interrupted_rests_on_a_record_that_says_so(events in events(), at in at()) {
        let state = answer(&history(&events, None), at).substitution.state;
        let state = serde_json::to_value(state).unwrap();
        let count = |kind: &str| {
            told_by(&events, at).iter().filter(|event| event["type"] == kind).count()
        };
        let says_so = count("substitution.doseWithheld") > 0
            || count("care.notDelivered") > 0
            || count("substitution.stopped") > 0
            || count("substitution.doseContinued") > 1
            || count("substitution.doseContinued") > 0
                && count("substitution.verified") + count("substitution.handoverSent") > 0;
        prop_assert!(state != "interrupted" || says_so);
        let silent: Vec<Value> = events
            .iter()
            .filter(|event| {
                let positive = ["substitution.doseWithheld", "care.notDelivered",
                    "substitution.stopped", "substitution.doseContinued"];
                !positive.iter().any(|kind| event["type"] == *kind)
            })
            .cloned()
            .collect();
        let state = answer(&history(&silent, None), at).substitution.state;
        prop_assert_ne!(serde_json::to_value(state).unwrap(), "interrupted");
    }

    #[test]
    fn overdue_is_what_silence_leaves_unknown(events in events(), at in at()) {
        let Trajectory { alerts, substitution, .. } = answer(&history(&events, None), at);
        let overdue = alerts.iter().find(|alert| alert.code == AlertCode::SubstitutionOverdue);
        let unknown = substitution.state == SubstitutionState::Unknown;
        prop_assert!(overdue.is_none_or(|alert| unknown && alert.since <= at.instant()));
        prop_assert!(overdue.is_some() || !unknown || substitution.last_dose_at.is_none());
    }

    #[test]
    fn what_happens_later_changes_nothing(events in events(), at in at()) {
        let told = told_by(&events, at);
        prop_assert_eq!(answer(&history(&events, None), at), answer(&history(&told, None), at));
    }

    #[test]
    fn nothing_that_passes_the_door_breaks_it(
        events in far_events(),
        at in any_at(),
    ) {
        let history = history(&events, None);
        let text = serde_json::to_string(&answer(&history, at)).unwrap();
        prop_assert!(!text.replace("\"continuous\":null", "").contains("null"));
        answer_until(&history, at);
    }

    #[test]
    fn it_changes_by_itself_when_said_and_not_before(
        events in events(),
        at in at(),
        part in 0.0..1.0_f64,
        told_ahead in any::<bool>(),
    ) {
        let events = if told_ahead { events } else { told_by(&events, at) };
        let history = history(&events, None);
        let (present, change) = answer_until(&history, at);
        prop_assert_eq!(&answer(&history, at), &present);
        let Some(change) = change else {
            let later = At::Instant(at.instant() + TimeDelta::days(4000));
            prop_assert_eq!(answer(&history, later), present);
            return Ok(());
        };
        prop_assert!(change > at.instant());
        let moment = TimeDelta::microseconds(1);
        let span = (change - moment - at.instant()).num_microseconds().unwrap() as f64;
        let between = at.instant() + TimeDelta::microseconds((span * part) as i64);
        prop_assert_eq!(&answer(&history, At::Instant(between)), &present);
        prop_assert_eq!(&answer(&history, At::Instant(change - moment)), &present);
        prop_assert_ne!(&answer(&history, At::Instant(change)), &present);
    }
}

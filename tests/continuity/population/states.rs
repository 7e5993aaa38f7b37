//! The states that someone must act on, each with the test that recognises it.
//! Always: a state is recognised by the records and by what the answer says, not by how the fold
//! comes to it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::law_histories::may_have_an_empty_course;

/// One person at one instant.
pub struct Situation<'e> {
    /// The records up to the instant, in order of time.
    pub events: Vec<&'e Value>,
    pub at: DateTime<Utc>,
    pub answer: Value,
}

pub fn time(event: &Value) -> DateTime<Utc> {
    event["time"].as_str().unwrap().parse().unwrap()
}

impl<'e> Situation<'e> {
    fn is(&self, pointer: &str, value: &str) -> bool {
        self.answer.pointer(pointer).and_then(Value::as_str) == Some(value)
    }

    /// The records of these types, in order of time.
    fn of(&self, kinds: &[&str]) -> std::vec::IntoIter<&'e Value> {
        let is_of = |event: &&Value| kinds.iter().any(|kind| event["type"] == *kind);
        self.events.iter().copied().filter(is_of).collect::<Vec<_>>().into_iter()
    }

    fn has(&self, kinds: &[&str]) -> bool {
        self.of(kinds).next().is_some()
    }

    fn last(&self, kinds: &[&str]) -> Option<&'e Value> {
        self.of(kinds).next_back()
    }

    /// Whether a record of these types is later than another record.
    fn has_since(&self, kinds: &[&str], since: &Value) -> bool {
        self.of(kinds).any(|event| time(event) >= time(since))
    }

    fn days_since(&self, instant: DateTime<Utc>) -> i64 {
        (self.at - instant).num_days()
    }

    fn instant(&self, pointer: &str) -> Option<DateTime<Utc>> {
        self.answer.pointer(pointer)?.as_str()?.parse().ok()
    }

    fn is_outside(&self) -> bool {
        self.is("/custody/state", "released")
            || self.is("/custody/state", "underModality") && !self.sleeps_inside()
    }

    fn sleeps_inside(&self) -> bool {
        self.is("/custody/modalityKind", "limitedDetention")
            || self.is("/custody/modalityKind", "transitionHouse")
    }

    fn is_inside(&self) -> bool {
        self.is("/custody/state", "detained") || self.is("/custody/state", "absent")
    }

    fn goes_on(&self) -> bool {
        self.is("/substitution/state", "maintained") || self.is("/substitution/state", "tapering")
    }

    fn has_need(&self) -> bool {
        let is_open = |list: &str, states: &[&str]| {
            let rows = self.answer[list].as_array().unwrap().iter();
            rows.into_iter().any(|row| states.iter().any(|state| row["state"] == *state))
        };
        !self.is("/substitution/state", "none") && !self.is("/substitution/state", "stopped")
            || is_open("referrals", &["open", "accepted"])
            || is_open("programmes", &["open"])
    }

    fn is_treated(&self) -> bool {
        self.has(&["residential.admitted"])
            || self.of(&["treatment.started"]).any(|event| event["data"]["setting"] != "prison")
    }

    /// Days to the expected release, if it is to come.
    fn days_to_release(&self) -> Option<i64> {
        let expected: chrono::NaiveDate =
            self.answer.pointer("/release/expectedOn")?.as_str()?.parse().ok()?;
        Some((expected - self.at.date_naive()).num_days()).filter(|days| *days >= 0)
    }

    fn has_appointment(&self) -> bool {
        let appointment = self.answer.pointer("/release/appointment");
        appointment.is_some_and(|appointment| *appointment != Value::Bool(false))
    }

    /// Whether a transfer or a release finds the person inside: a release by day and a second
    /// release do not.
    fn leaves_a_place(&self, moved: &Value) -> bool {
        let is_by_day = |event: &Value| {
            let reason = event["data"]["reason"].as_str().unwrap_or_default();
            ["limitedDetention", "transitionHouse"].contains(&reason)
        };
        let places = self.of(&[
            "detention.arrived",
            "detention.transferred",
            "detention.absenceStarted",
            "detention.released",
        ]);
        let mut before = places.filter(|place| time(place) < time(moved) && !is_by_day(place));
        let is_release = |event: &Value| event["type"] == "detention.released";
        !(is_by_day(moved) || is_release(moved) && before.next_back().is_some_and(is_release))
    }

    /// The last move that needs a hand, if it is the last event about custody.
    fn departed(&self) -> Option<&'e Value> {
        let last = self.last(&[
            "detention.arrived",
            "detention.transferred",
            "detention.released",
            "detention.absenceStarted",
        ])?;
        let reason = last["data"]["reason"].as_str().unwrap_or_default();
        // After a removal from the territory a release at home is no departure.
        let mut releases = self.of(&["detention.released"]);
        let leaves = !["limitedDetention", "transitionHouse"].contains(&reason)
            && releases.all(|release| release["data"]["reason"] != "removal");
        (last["type"] == "detention.released" && leaves && self.is_outside()).then_some(last)
    }
}

/// A state that someone must act on, the test for it, and the alerts of which one answers it. No
/// alerts: the rules leave the state without one.
pub type StateRow = (&'static str, fn(&Situation) -> bool, &'static [&'static str]);

const DOSE: &str = "substitution.doseContinued";
const CARE: [&str; 6] = [
    "cap.referred",
    "treatment.started",
    "residential.admitted",
    "detention.arrived",
    "plan.agreed",
    "consultation.held",
];

pub const STATES: [StateRow; 16] = [
    (
        "substitution broke off",
        |on| on.is("/substitution/state", "interrupted"),
        &["substitutionInterrupted"],
    ),
    (
        "nobody knows how substitution stands",
        |on| {
            let events: Vec<Value> = on.events.iter().map(|event| (*event).clone()).collect();
            on.is("/substitution/state", "unknown") && !may_have_an_empty_course(&events, on.at)
        },
        &["substitutionOverdue"],
    ),
    (
        "a dose was due ten days ago, and nothing is recorded since",
        |on| {
            let last = on.last(&[DOSE, "substitution.prescribed"]);
            let is_last =
                last.is_some_and(|last| on.events.iter().all(|event| time(event) <= time(last)));
            is_last && on.instant("/substitution/nextDueBy").is_some_and(|d| on.days_since(d) > 9)
        },
        &["substitutionOverdue", "substitutionInterrupted"],
    ),
    (
        "moved within substitution, and no dose for five days",
        |on| {
            let moved = on.last(&["detention.transferred", "detention.released"]);
            let is_open = |moved: &Value| {
                on.leaves_a_place(moved)
                    && on.days_since(time(moved)) >= 5
                    && !on.has_since(&[DOSE, "substitution.handoverSent"], moved)
                    && !on.has_since(&["substitution.verified"], moved)
                    && !on.has(&["substitution.handoverConfirmed", "substitution.stopped"])
                    && on.has(&[DOSE])
            };
            on.has_need_of_substitution() && moved.is_some_and(is_open)
        },
        &["handoverUnconfirmed", "substitutionOverdue", "substitutionInterrupted"],
    ),
    (
        "an overdose three days ago, and no care since",
        |on| {
            let last = on.last(&["overdose.recorded"]);
            let is_open = |overdose: &Value| {
                on.days_since(time(overdose)) >= 3
                    && !on.has_since(&CARE, overdose)
                    && !on.has_since(&[DOSE, "substitution.prescribed"], overdose)
                    && !on.has_since(&["substitution.doseChanged", "plan.reviewed"], overdose)
            };
            last.is_some_and(is_open)
        },
        &["overdoseUnanswered"],
    ),
    (
        "under a condition of treatment for nine days, in no treatment",
        |on| {
            let grants = on.of(&["modality.granted"]);
            let mut granted =
                grants.filter(|g| g["data"]["modality"] == on.answer["custody"]["modality"]);
            // Of a modality that is granted twice, the earliest grant counts.
            let is_condition = granted.next().is_some_and(|grant| {
                grant["data"]["conditions"].to_string().contains("residentialTreatment")
            });
            on.is("/custody/state", "underModality")
                && !on.sleeps_inside()
                && is_condition
                && on.is("/residential/state", "none")
                && !on.has(&["residential.completed"])
                && on.instant("/custody/since").is_some_and(|since| on.days_since(since) >= 9)
        },
        &["conditionAtRisk"],
    ),
    (
        "dropped out eight days ago, and nobody has acted",
        |on| {
            let admitted = on.last(&["residential.admitted"]);
            let last = on.last(&["residential.droppedOut"]);
            let is_open = |admitted: &Value, dropout: &Value| {
                dropout["data"]["stay"] == admitted["data"]["stay"]
                    && time(admitted) < time(dropout)
                    && on.days_since(time(dropout)) >= 8
                    && !on.has_since(&CARE, dropout)
                    && !on.has_since(&[DOSE], dropout)
            };
            !on.is_inside()
                && !on.sleeps_inside()
                && !on.has(&["residential.completed", "residential.transferred"])
                && on.of(&["residential.droppedOut"]).count() == 1
                && admitted.zip(last).is_some_and(|(a, d)| is_open(a, d))
        },
        &["dropoutUnanswered", "conditionAtRisk"],
    ),
    (
        "a release within six days, a need, no appointment",
        |on| {
            on.is_inside()
                && on.days_to_release().is_some_and(|days| days < 6)
                && on.has_need()
                && !on.has_appointment()
                && !on.is_treated()
                && !on.has(&["substitution.handoverConfirmed"])
        },
        &["releaseUnprepared"],
    ),
    (
        "released less than three weeks ago with a need, nothing arranged",
        |on| {
            on.departed().is_some_and(|out| on.days_since(time(out)) < 21)
                && on.has_need()
                && !on.has_appointment()
                && !on.is_treated()
                && !on.has(&["substitution.handoverConfirmed"])
        },
        &["releaseUnprepared", "releaseWithoutFollowUp"],
    ),
    (
        "released more than three weeks ago with a need, no follow-up",
        |on| {
            on.departed().is_some_and(|out| on.days_since(time(out)) > 22)
                && (on.has_need() || on.has(&["cap.referred", DOSE]))
                && !on.is_treated()
        },
        &["releaseWithoutFollowUp"],
    ),
    (
        "a referral without an answer for sixteen days",
        |on| {
            let rows = on.answer["referrals"].as_array().unwrap().iter();
            let mut open = rows.filter(|row| row["state"] == "open");
            open.any(|row| on.days_since(row["at"].as_str().unwrap().parse().unwrap()) >= 16)
        },
        &["referralUnanswered"],
    ),
    (
        "a programme without a session for a month",
        |on| {
            let rows = on.answer["programmes"].as_array().unwrap().iter();
            let is_open = rows.into_iter().any(|row| row["state"] == "open");
            let last = on.last(&["programme.sessionHeld", "programme.enrolled"]);
            is_open && last.is_some_and(|last| on.days_since(time(last)) >= 30)
        },
        &["programmeStalled"],
    ),
    (
        "a release within a month, and no plan",
        |on| {
            on.is_inside()
                && on.days_to_release().is_some_and(|days| days < 29)
                && !on.has(&["plan.agreed"])
        },
        &["planOverdue"],
    ),
    (
        "a need found by a screening, and nothing since",
        |on| {
            let last = on.of(&["care.screened"]).rfind(|e| e["data"]["needIdentified"] == true);
            last.is_some_and(|found| on.days_since(time(found)) >= 30)
                && on.is_inside()
                && !on.has(&CARE[..3])
                && !on.has(&[DOSE, "programme.enrolled", "substitution.prescribed"])
        },
        &[],
    ),
    (
        "a referral accepted for a month, and no treatment",
        |on| {
            let rows = on.answer["referrals"].as_array().unwrap().iter();
            let mut open = rows.filter(|row| row["state"] == "accepted");
            let long = |row: &Value| {
                row["answeredAt"].as_str().is_some_and(|at| on.days_since(at.parse().unwrap()) > 30)
            };
            on.is_inside() && open.any(long)
        },
        &[],
    ),
    (
        "an overdose in the last two days, and no care since",
        |on| {
            let last = on.last(&["overdose.recorded"]);
            let is_open = |overdose: &Value| {
                on.at < time(overdose) + TimeDelta::days(2) && !on.has_since(&CARE, overdose)
            };
            last.is_some_and(is_open)
        },
        &[],
    ),
];

impl Situation<'_> {
    fn has_need_of_substitution(&self) -> bool {
        self.goes_on() || self.is("/substitution/state", "unknown")
    }
}

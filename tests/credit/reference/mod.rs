//! A second implementation of the credit of days, written from `credit.md` alone.
//! Always: slow and plain on purpose; it walks over sets of dates, day by day.
//! It leaves out findings that need a register, erased records, and `source`s of readings.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

mod base;
mod custody;
mod findings;
mod modality;
mod readings;
pub mod records;
mod sets;
mod stays;

pub use findings::RECORDS_DEFINED;

use base::Base;
use modality::{Ground, Modality, SERVED, State, UNDER};
use records::Record;
use sets::{Dates, Detention, Presence, next};

/// One question of the credit.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub at: NaiveDate,
    pub today: NaiveDate,
    pub known: Option<DateTime<Utc>>,
    pub project: bool,
    /// `anyPart` or `excludeLast`.
    pub boundary: String,
    /// `wholeDates` or `nights`.
    pub absence: String,
    pub month_days: u32,
}

/// What is told of one modality.
struct Told {
    modality: Modality,
    base: Base,
    book: BTreeMap<NaiveDate, State>,
    outcome: &'static str,
    entered: Option<i64>,
    presences: Vec<Presence>,
    exclude_last: bool,
    at: NaiveDate,
    is_dead: bool,
}

impl Told {
    fn days_in(&self, state: State) -> Dates {
        self.book.iter().filter(|(_, s)| **s == state).map(|(date, _)| *date).collect()
    }

    /// K.
    fn lived(&self) -> Dates {
        self.days_in(UNDER)
    }

    fn served(&self) -> Dates {
        self.days_in(SERVED)
    }

    /// T.
    fn treated(&self) -> Dates {
        let present: Dates =
            self.presences.iter().flat_map(|p| p.counted(self.exclude_last)).collect();
        &present & &self.lived()
    }

    /// V.
    fn served_inside(&self) -> Dates {
        let last = self.modality.last_of_window();
        let within = |date: &NaiveDate| last.is_some_and(|last| *date <= last);
        self.served().into_iter().filter(within).collect()
    }

    /// B.
    fn back_on(&self) -> Option<NaiveDate> {
        let last = self.modality.last_of_window();
        self.served().into_iter().find(|date| last.is_none_or(|last| last < *date))
    }

    fn effective(&self) -> Option<i64> {
        self.entered.or(self.base.calculated)
    }
}

/// The history up to the date asked for, and what it shows of the person.
struct Scene {
    records: Vec<Record>,
    /// Records dated after the death, up to the date asked for.
    after_death: Vec<Record>,
    /// Each `record.*` whose target stands in another stream.
    elsewhere: Vec<Record>,
    at: NaiveDate,
    is_dead: bool,
    detentions: Vec<Detention>,
    detained: Dates,
    away: Dates,
    presences: Vec<Presence>,
    exclude_last: bool,
    month_days: u32,
}

/// The answer to a question about the history that these events make.
pub fn credit(events: &[Value], asked: &Asked) -> Value {
    let mut scene = scene(events, asked);
    let modalities = modality::modalities(&scene.records, &scene.detentions, scene.at);
    settle_detention(&mut scene, &modalities);
    let mut told: Vec<Told> = Vec::new();
    for modality in modalities {
        let one = tell(&scene, modality, &told);
        told.push(one);
    }
    let shown: Vec<Value> = told.iter().map(|one| answer(&scene, one)).collect();
    json!({"modalities": shown, "findings": findings::findings(&scene, &told)})
}

fn scene(events: &[Value], asked: &Asked) -> Scene {
    let (records, elsewhere) = records::in_force(events, asked.known);
    let asked_at = if asked.project { asked.at } else { asked.at.min(asked.today) };
    let death = records.iter().filter(|r| r.is_death()).map(|r| r.date).min();
    let death = death.filter(|date| *date <= asked_at);
    let at = death.unwrap_or(asked_at);
    let asked_for: Vec<Record> = records.iter().filter(|r| r.date <= asked_at).cloned().collect();
    let (records, after_death): (Vec<Record>, Vec<Record>) =
        records::in_order(&asked_for).into_iter().partition(|r| r.date <= at);
    let detentions = sets::detentions(&records, at);
    let presences = sets::presences(&records, asked.absence == "nights", at);
    Scene {
        after_death,
        elsewhere,
        at,
        is_dead: death.is_some(),
        detentions,
        detained: Dates::new(),
        away: Dates::new(),
        presences,
        exclude_last: asked.boundary == "excludeLast",
        month_days: asked.month_days,
        records,
    }
}

/// Fills in A, which needs the windows lived inside, and D, which leaves A out.
fn settle_detention(scene: &mut Scene, modalities: &[Modality]) {
    let inside = modalities.iter().filter(|m| modality::is_lived_inside(&m.kind));
    let inside: Dates = inside.flat_map(|m| m.window()).collect();
    scene.away = sets::away(&scene.records, &inside, scene.at);
    let all = scene.detentions.iter().flat_map(|d| sets::dates(d.first, d.last));
    scene.detained = all.filter(|date| !scene.away.contains(date)).collect();
}

fn tell(scene: &Scene, modality: Modality, earlier: &[Told]) -> Told {
    let served = base::Scene { detained: &scene.detained, month_days: scene.month_days };
    let base = base::base(&scene.records, &modality, earlier, &served);
    let ground = Ground {
        records: &scene.records,
        detentions: &scene.detentions,
        detained: &scene.detained,
        away: &scene.away,
        imputed: &base.imputed,
        at: scene.at,
    };
    let outcome = ground.outcome(&modality, scene.is_dead);
    Told {
        book: ground.day_book(&modality, outcome),
        outcome,
        entered: scene.records[modality.grant].number("remainderDays"),
        presences: scene.presences.clone(),
        exclude_last: scene.exclude_last,
        at: scene.at,
        is_dead: scene.is_dead,
        base,
        modality,
    }
}

/// Maximal runs of consecutive dates with one word, which stands under the name given.
fn runs(days: &[(NaiveDate, State)], name: &str) -> Value {
    let mut runs: Vec<(NaiveDate, NaiveDate, State)> = Vec::new();
    for (date, word) in days {
        match runs.last_mut() {
            Some((_, to, same)) if same == word && next(*to) == *date => *to = *date,
            _ => runs.push((*date, *date, word)),
        }
    }
    let shown = runs.into_iter().map(|(from, to, word)| {
        let days = (to - from).num_days() + 1;
        json!({"from": from.to_string(), "to": to.to_string(), "days": days, name: word})
    });
    shown.collect()
}

fn answer(scene: &Scene, told: &Told) -> Value {
    let modality = &told.modality;
    let run =
        |from: NaiveDate, to: NaiveDate| json!({"from": from.to_string(), "to": to.to_string()});
    let windows: Vec<Value> = modality.runs.iter().map(|(from, to)| run(*from, *to)).collect();
    let window = modality.runs.first().zip(modality.last_of_window());
    let book: Vec<_> = told.book.iter().map(|(date, state)| (*date, *state)).collect();
    let mut answer = json!({
        "modality": modality.key.1,
        "kind": modality.kind,
        "judgment": scene.records[modality.grant].text("judgment"),
        "outcome": told.outcome,
        "lawful": told.lawful(&scene.records),
        "window": window.map(|((from, _), to)| run(*from, to)),
        "windows": windows,
        "remainder": {
            "enteredDays": told.entered,
            "calculatedDays": told.base.calculated,
            "effectiveDays": told.effective(),
        },
        "modalityDays": told.lived().len(),
        "treatmentDays": told.treated().len(),
        "servedInsideDays": told.served_inside().len(),
        "backOn": told.back_on().map(|date| date.to_string()),
        "dayBook": runs(&book, "state"),
        "readings": told.readings(&scene.records),
    });
    if told.outcome == "running" {
        answer["ifRevokedOn"] = next(told.at).to_string().into();
    }
    answer
}

/// A presence in treatment, for the laws that aim at one.
#[derive(Debug, Clone)]
pub struct SeenStay {
    pub key: records::Key,
    pub from: DateTime<Utc>,
    /// Its end; none while it is open.
    pub until: Option<DateTime<Utc>>,
    pub is_closed: bool,
    /// The id of the closing.
    pub closing: Option<String>,
    pub absences: Vec<SeenAbsence>,
}

#[derive(Debug, Clone)]
pub struct SeenAbsence {
    pub from: DateTime<Utc>,
    pub to: Option<DateTime<Utc>>,
    pub authorised: bool,
}

/// The presences of a history.
pub fn stays_seen(events: &[Value], asked: &Asked) -> Vec<SeenStay> {
    let scene = scene(events, asked);
    let seen = |presence: &Presence| {
        let closing = match presence.ended {
            sets::Ended::Closed(place) => Some(scene.records[place].id.clone()),
            _ => None,
        };
        let absences = presence.absences.iter().map(|absence| SeenAbsence {
            from: absence.from,
            to: absence.to,
            authorised: scene.records[absence.start].truth("authorised"),
        });
        SeenStay {
            key: presence.stay.clone(),
            from: scene.records[presence.admission].instant,
            until: presence.until,
            is_closed: closing.is_some(),
            closing,
            absences: absences.collect(),
        }
    };
    scene.presences.iter().map(seen).collect()
}

/// Whether the person is detained by the records up to an instant.
pub fn detained_at(events: &[Value], asked: &Asked, instant: DateTime<Utc>) -> bool {
    let scene = scene(events, asked);
    let until: Vec<Record> =
        scene.records.iter().filter(|r| r.instant <= instant).cloned().collect();
    records::is_detained_after(&until)
}

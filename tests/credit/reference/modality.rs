//! One modality: its end, its window, its suspensions and the state of each of its dates.
//! Always: nothing here depends on a later modality but its start.
//! Text: `credit.md`, "Sets" (E, W, S), "Day book" and "Outcome".

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::records::{Key, Record};
use super::sets::{Dates, Detention, dates, next, previous};

/// The states of a date, by their names in the answer.
pub type State = &'static str;
pub const UNDER: State = "underModality";
pub const SERVED: State = "served";
pub const OTHER_TITLE: State = "otherTitle";

/// What an end of a modality comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndFrom {
    Revocation,
    Ended(usize),
    FinalRelease(usize),
    LaterModality,
}

/// A revocation that no restoration follows.
#[derive(Debug, Clone)]
pub struct Revocation {
    pub place: usize,
    pub effect: NaiveDate,
}

#[derive(Debug, Clone)]
pub struct Modality {
    pub grant: usize,
    pub key: Key,
    pub kind: String,
    pub starts: NaiveDate,
    /// Revocations in force, their effect come or not, in order.
    pub revocations: Vec<Revocation>,
    pub ended: Option<usize>,
    pub final_release: Option<usize>,
    /// E and what it comes from; nothing if E is the date asked for.
    pub end: NaiveDate,
    pub end_from: Vec<EndFrom>,
    /// `startsOn` of the next modality, as in E.
    pub next_starts: Option<NaiveDate>,
    pub runs: Vec<(NaiveDate, NaiveDate)>,
    pub suspended: Dates,
}

pub fn is_lived_inside(kind: &str) -> bool {
    ["limitedDetention", "transitionHouse"].contains(&kind)
}

impl Modality {
    pub fn window(&self) -> Dates {
        self.runs.iter().flat_map(|(from, to)| dates(*from, *to)).collect()
    }

    /// Whether a date is in W.
    pub fn covers(&self, date: NaiveDate) -> bool {
        self.runs.iter().any(|(from, to)| *from <= date && date <= *to)
    }

    pub fn last_of_window(&self) -> Option<NaiveDate> {
        self.runs.last().map(|(_, to)| *to)
    }

    /// The earliest effect of a revocation that has come.
    pub fn revoked_from(&self, at: NaiveDate) -> Option<NaiveDate> {
        self.revocations.iter().map(|r| r.effect).filter(|effect| *effect <= at).min()
    }

    /// Whether a later modality starts although this one, by its own records, never ran.
    fn never_ran(&self, records: &[Record]) -> bool {
        self.revocations.iter().any(|r| r.effect <= self.starts)
            || self.ended.is_some_and(|place| records[place].date < self.starts)
    }
}

/// The modalities in order, with their ends and suspensions; windows follow from detentions.
pub fn modalities(records: &[Record], detentions: &[Detention], at: NaiveDate) -> Vec<Modality> {
    let mut found: Vec<Modality> = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let is_first = !found.iter().any(|m| m.key == record.key("modality"));
        if record.is("modality.granted") && is_first {
            found.push(granted(records, place, at));
        }
    }
    found.sort_by_key(|m| (m.starts, m.grant));
    for place in 0..found.len() {
        let later = found[place + 1..].iter().find(|m| !m.never_ran(records));
        found[place].next_starts = later.map(|m| m.starts).filter(|starts| *starts <= at);
    }
    for modality in &mut found {
        settle_end(modality, records, at);
        modality.suspended = suspensions(records, modality).into_iter().flat_map(|s| s.1).collect();
        modality.runs = match is_lived_inside(&modality.kind) {
            true => vec![(modality.starts, modality.end)],
            false => runs_outside(modality, records, detentions),
        };
        modality.runs.retain(|(from, to)| from <= to);
    }
    found
}

fn granted(records: &[Record], grant: usize, at: NaiveDate) -> Modality {
    let record = &records[grant];
    let key = record.key("modality");
    let starts = record.day("startsOn").unwrap_or(record.date);
    let own = |r: &Record, kind: &str| r.is(kind) && r.key("modality") == key;
    let is_restored = |place: usize| records[place..].iter().any(|r| own(r, "modality.restored"));
    let revocations = (0..records.len())
        .filter(|place| own(&records[*place], "modality.revoked") && !is_restored(*place))
        .map(|place| {
            let revoked = &records[place];
            Revocation { place, effect: revoked.day("effectiveOn").unwrap_or(revoked.date) }
        })
        .collect();
    let ended = records.iter().position(|r| own(r, "modality.ended"));
    let final_release = records.iter().position(|r| r.is_final_release() && r.date > starts);
    Modality {
        grant,
        kind: record.text("kind").to_owned(),
        starts,
        revocations,
        ended,
        final_release,
        end: at,
        end_from: Vec::new(),
        next_starts: None,
        runs: Vec::new(),
        suspended: Dates::new(),
        key,
    }
}

/// E: the earliest of the ends that have come, and of `at`.
fn settle_end(modality: &mut Modality, records: &[Record], at: NaiveDate) {
    let mut ends: Vec<(NaiveDate, EndFrom)> = Vec::new();
    let effect = modality.revocations.iter().map(|r| r.effect).min();
    ends.extend(effect.map(|effect| (previous(effect), EndFrom::Revocation)));
    ends.extend(modality.ended.map(|place| (records[place].date, EndFrom::Ended(place))));
    let released = modality.final_release;
    ends.extend(released.map(|place| (records[place].date, EndFrom::FinalRelease(place))));
    let later = modality.next_starts;
    ends.extend(later.map(|starts| (previous(starts), EndFrom::LaterModality)));
    ends.retain(|(end, _)| next(*end) <= at);
    modality.end = ends.iter().map(|(end, _)| *end).min().unwrap_or(at);
    let from = ends.iter().filter(|(end, _)| *end == modality.end);
    modality.end_from = from.map(|(_, from)| *from).collect();
}

/// Each suspension with its dates: the record, and the dates to the next lift, never beyond E.
pub fn suspensions(records: &[Record], modality: &Modality) -> Vec<(usize, Dates)> {
    let own = |r: &Record, kind: &str| r.is(kind) && r.key("modality") == modality.key;
    let started = (0..records.len()).filter(|place| own(&records[*place], "modality.suspended"));
    started
        .map(|place| {
            let lift = records[place..].iter().find(|r| own(r, "modality.suspensionLifted"));
            let last = lift.map_or(modality.end, |r| previous(r.date).min(modality.end));
            (place, dates(records[place].date, last))
        })
        .collect()
}

/// W of a modality lived outside: closed by each detention that begins, reopened by its release.
fn runs_outside(
    modality: &Modality,
    records: &[Record],
    detentions: &[Detention],
) -> Vec<(NaiveDate, NaiveDate)> {
    let mut runs = Vec::new();
    let mut first = Some(modality.starts);
    for detention in detentions {
        let Some(opened) = first else { break };
        if detention.first < opened {
            continue;
        }
        runs.push((opened, previous(detention.first).min(modality.end)));
        first = detention
            .release
            .filter(|place| reopens(&records[*place], &modality.kind))
            .map(|place| records[place].date);
    }
    runs.extend(first.map(|opened| (opened, modality.end)));
    runs
}

fn reopens(release: &Record, kind: &str) -> bool {
    let kinds = [
        "limitedDetention",
        "electronicMonitoring",
        "conditionalRelease",
        "provisionalRelease",
        "transitionHouse",
        "earlyRelease",
        "trialRelease",
    ];
    let reason = release.text("reason");
    let is_another_kind = kinds.contains(&reason) && reason != kind;
    !["sentenceEnd", "removal", "death"].contains(&reason) && !is_another_kind
}

/// What the state of a date rests on, besides the modality.
pub struct Ground<'a> {
    pub records: &'a [Record],
    pub detentions: &'a [Detention],
    pub detained: &'a Dates,
    pub away: &'a Dates,
    /// I of the modality's base.
    pub imputed: &'a Dates,
    pub at: NaiveDate,
}

impl Ground<'_> {
    /// The state of a date under the modality, the first that applies.
    pub fn state(&self, modality: &Modality, date: NaiveDate) -> State {
        let is_in_window = modality.covers(date)
            && !modality.suspended.contains(&date)
            && !self.away.contains(&date);
        let is_in = self.detained.contains(&date);
        let title = self.state_in_prison(modality, date);
        let is_lived = match is_lived_inside(&modality.kind) {
            true => title != Some(OTHER_TITLE),
            false => !is_in || self.is_release_date(date),
        };
        if is_in_window && is_lived {
            return UNDER;
        }
        if let Some(state) = title {
            return state;
        }
        if self.away.contains(&date) {
            return "unlawfullyAway";
        }
        if modality.suspended.contains(&date) { "suspended" } else { "atLarge" }
    }

    pub fn is_release_date(&self, date: NaiveDate) -> bool {
        self.detentions.iter().any(|d| d.release.is_some() && d.last == date)
    }

    /// Rule 2: served or under another title, of a date in D.
    fn state_in_prison(&self, modality: &Modality, date: NaiveDate) -> Option<State> {
        if !self.detained.contains(&date) {
            return None;
        }
        let detention = self.detentions.iter().rfind(|d| d.first <= date && date <= d.last)?;
        let arrival = &self.records[detention.arrival];
        let changed = self.records.iter().rfind(|r| {
            r.is("detention.statusChanged") && r.date <= date && r.instant >= arrival.instant
        });
        let title = changed.map_or(arrival.text("legalStatus"), |r| r.text("to"));
        let is_new =
            detention.first >= modality.starts && arrival.text("legalStatus") != "convicted";
        let turns = || {
            let effect = modality.revoked_from(self.at);
            dates(detention.first, date).into_iter().any(|earlier| {
                modality.suspended.contains(&earlier)
                    || effect.is_some_and(|effect| effect <= earlier)
            })
        };
        let is_served =
            (title == "convicted" && (!is_new || turns())) || self.imputed.contains(&date);
        Some(if is_served { SERVED } else { OTHER_TITLE })
    }

    /// Why the modality stands as it does, the first that applies.
    pub fn outcome(&self, modality: &Modality, is_dead: bool) -> &'static str {
        let (at, end, from) = (self.at, modality.end, &modality.end_from);
        if modality.starts > at {
            return "notStarted";
        }
        if from.contains(&EndFrom::Revocation) {
            return "revoked";
        }
        if is_dead && from.is_empty() {
            return "deceased";
        }
        if self.is_ended(modality) {
            return "ended";
        }
        let reaches = modality.covers(end) || modality.runs.is_empty();
        if from.contains(&EndFrom::LaterModality) && reaches {
            return "replaced";
        }
        if modality.covers(at) { "running" } else { "returned" }
    }

    fn is_ended(&self, modality: &Modality) -> bool {
        let end = modality.end;
        let closes = |from: &EndFrom| matches!(from, EndFrom::Ended(_) | EndFrom::FinalRelease(_));
        if !modality.end_from.iter().any(closes) || modality.next_starts == Some(next(end)) {
            return false;
        }
        let is_let_go = self
            .records
            .iter()
            .any(|r| r.is_final_release() && (r.date == end || r.date == next(end)));
        let is_free = || !["served", "unlawfullyAway"].contains(&self.state(modality, next(end)));
        end < modality.starts || (modality.covers(end) && (is_let_go || is_free()))
    }

    /// The day book: each date from `startsOn` on with its state.
    pub fn day_book(&self, modality: &Modality, outcome: &str) -> BTreeMap<NaiveDate, State> {
        let released = modality.final_release.map(|place| self.records[place].date);
        let ends = [
            Some(self.at),
            modality.next_starts.map(previous),
            released,
            (outcome == "ended").then_some(modality.end),
        ];
        let last = ends.into_iter().flatten().min().expect("at is one of them");
        let days = dates(modality.starts, last).into_iter();
        days.map(|date| (date, self.state(modality, date))).collect()
    }
}

//! Withheld doses, interruptions and silence (`continuity.md`, "Silence and interruption").
//! Always: the past is replayed instant by instant, each step from what came before it.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::clock::{self, Instant};
use super::course::{Due, List, Substitution};
use super::elements::{self, What};

const MISSED_REVIEW_DAYS: i64 = 3;
const BRIDGED_SILENT_DAYS: i64 = 1;
const INTERRUPTION_STALE_DAYS: i64 = 28;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    /// (a): doses withheld on too many dates.
    Withheld,
    /// (b): a depot refused.
    Depot,
    /// (c): a forced stop.
    Forced,
    /// (d): a gap shown by a later dose.
    Gap,
}

#[derive(Clone, Debug)]
pub struct Interruption {
    pub begin: Instant,
    /// The element that began it; of (b) the first dose withheld in the window.
    pub by: usize,
    pub why: Why,
    pub faded: Option<Instant>,
}

/// What was replayed up to an instant.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    pub interruption: Option<Interruption>,
    /// Whether one ever began, ended or not.
    pub was_interrupted: bool,
    /// The elements that ended an interruption.
    pub enders: List,
    /// Of each element: due seen at it, of what came before (of a withheld dose: with itself).
    pub due_at: Vec<Option<Due>>,
    pub in_time: Vec<bool>,
    /// R of each withheld dose.
    pub r: Vec<i64>,
}

#[derive(Clone, Debug)]
pub struct Now {
    pub state: &'static str,
    pub list: List,
    pub due: Option<Due>,
    /// When silence sets in.
    pub u: Option<Instant>,
    pub replay: Replay,
    /// The days without a dose.
    pub g: i64,
}

impl Now {
    pub fn interruption(&self) -> Option<&Interruption> {
        self.replay.interruption.as_ref()
    }

    pub fn is_needed(&self) -> bool {
        self.state != "none" && self.state != "stopped"
    }
}

impl Substitution<'_> {
    /// What holds at an instant.
    pub fn now(&self, t: Instant) -> Now {
        let list = self.until(t);
        let replay = self.replay(t);
        let due = self.due(&list, t, &replay.enders);
        let u = due.map(|due| self.silence(&list, due, t));
        let mut now = Now { state: "", list, due, u, replay, g: 0 };
        now.g = self.days_without_dose(&now, t);
        now.state = self.state(&now, t);
        now
    }

    fn state(&self, now: &Now, t: Instant) -> &'static str {
        let mut records = self.w.folded();
        let any = records.any(|(_, rec)| rec.time <= t && elements::is_substitution(rec));
        if !any && now.list.is_empty() {
            return "none";
        }
        if self.is_stopped(&now.list) {
            return "stopped";
        }
        match now.interruption() {
            Some(Interruption { faded: None, .. }) => return "interrupted",
            Some(_) => return "unknown",
            None => {}
        }
        let course = self.course(&now.list);
        let has_begun =
            course.iter().any(|place| self.dose(*place).is_some() || self.is_prescription(*place));
        if now.u.is_some_and(|u| u <= t) || !has_begun {
            return "unknown";
        }
        let goal = self.in_force(&now.list, t).and_then(|place| self.rec(place).text("goal"));
        if goal == Some("detoxification") { "tapering" } else { "maintained" }
    }

    fn is_withheld(&self, place: usize) -> bool {
        matches!(self.all[place].what, What::Withheld)
    }

    /// The doses withheld since the last dose of the course.
    pub fn withheld_since(&self, list: &[usize]) -> List {
        let course = self.course(list);
        let last = self.last_dose(&course);
        let is_since = |place: &usize| {
            self.is_withheld(*place)
                && last.is_none_or(|last| {
                    if self.n(last) > 1 {
                        self.at(*place) > self.at(last)
                    } else {
                        clock::date(self.at(*place)) > clock::date(self.at(last))
                    }
                })
        };
        course.iter().copied().filter(is_since).collect()
    }

    /// When silence sets in: u.
    fn silence(&self, list: &[usize], due: Due, t: Instant) -> Instant {
        let in_prison = self.w.custody.in_prison(due.at.min(t));
        let hours = if in_prison { 12 } else { 24 };
        let mut u = match self.window(due) {
            Some(days) => clock::plus_days(due.at, days),
            None => clock::plus_hours(due.at, hours),
        };
        for place in self.withheld_since(list) {
            if self.at(place) >= u {
                break;
            }
            u = u.max(clock::plus_hours(clock::plus_days(self.at(place), 1), hours));
        }
        u
    }

    /// Replays the elements, the moves and the clock up to an instant.
    pub fn replay(&self, t: Instant) -> Replay {
        let count = self.all.len();
        let mut replay = Replay {
            due_at: vec![None; count],
            in_time: vec![false; count],
            r: vec![0; count],
            ..Replay::default()
        };
        let mut instants: BTreeSet<Instant> = self.all.iter().map(|element| element.at).collect();
        instants.extend(self.w.folded().map(|(_, rec)| rec.time));
        let mut before: Option<Instant> = None;
        for &at in instants.iter().filter(|at| **at <= t) {
            if let Some(before) = before {
                self.clock(&mut replay, before, clock::just_before(at));
            }
            self.fade(&mut replay, at);
            for place in (0..count).filter(|place| self.at(*place) == at) {
                self.step(&mut replay, place);
            }
            before = Some(at);
        }
        if let Some(before) = before {
            self.clock(&mut replay, before, t);
        }
        replay
    }

    /// What the clock alone does after all that stands at `from`, up to and with `to`.
    fn clock(&self, replay: &mut Replay, from: Instant, to: Instant) {
        let is_running =
            replay.interruption.as_ref().is_some_and(|running| running.faded.is_none());
        if !is_running && let Some((begin, by)) = self.refused_depot(replay, from) {
            let faded = replay.interruption.as_ref().and_then(|old| old.faded);
            if begin <= to && faded.is_none_or(|faded| faded <= begin) {
                let why = Why::Depot;
                replay.interruption = Some(Interruption { begin, by, why, faded: None });
                replay.was_interrupted = true;
            }
        }
        self.fade(replay, to);
    }

    /// (b): the later of the end of the window and the first dose withheld in it.
    fn refused_depot(&self, replay: &Replay, t: Instant) -> Option<(Instant, usize)> {
        let list = self.until(t);
        let due = self.due(&list, t, &replay.enders)?;
        let window = self.window(due)?;
        let opens = clock::shift(clock::date(due.at), -window);
        let withheld = self.withheld_since(&list);
        let first = withheld.into_iter().find(|place| clock::date(self.at(*place)) >= opens)?;
        Some((clock::plus_days(due.at, window).max(self.at(first)), first))
    }

    /// Fades an interruption that runs, if it fades at or before an instant.
    fn fade(&self, replay: &mut Replay, to: Instant) {
        let Some(running) = replay.interruption.as_mut().filter(|found| found.faded.is_none())
        else {
            return;
        };
        let moves = self.w.folded().filter(|(place, rec)| {
            rec.is("detention.arrived")
                || rec.is("detention.transferred")
                || self.w.custody.departures.iter().any(|departure| departure.rec == *place)
        });
        let moved = moves.map(|(_, rec)| rec.time).find(|time| *time > running.begin);
        let records =
            self.w.folded().filter(|(_, rec)| elements::is_substitution(rec) && rec.time <= to);
        let last = records.map(|(_, rec)| rec.time).max();
        let stale =
            last.map(|last| clock::plus_days(last, INTERRUPTION_STALE_DAYS).max(running.begin));
        running.faded = [moved, stale].into_iter().flatten().filter(|at| *at <= to).min();
    }

    fn step(&self, replay: &mut Replay, place: usize) {
        let t = self.at(place);
        let before: List = (0..place).collect();
        let with: List = (0..=place).collect();
        match self.all[place].what {
            What::Dose(_) => self.step_dose(replay, place, &before),
            What::Prescription => self.end(replay, place),
            What::Withheld => {
                replay.due_at[place] = self.due(&with, t, &replay.enders);
                replay.r[place] = self.r(replay, place, &with);
                let covered = replay.due_at[place].and_then(|due| self.window(due)).is_some();
                if replay.r[place] >= MISSED_REVIEW_DAYS && !covered {
                    self.begin(replay, place, Why::Withheld);
                }
            }
            What::Stop if self.ends_course(place) => replay.interruption = None,
            What::Stop => {
                replay.due_at[place] = self.due(&with, t, &replay.enders);
                if self.is_stop(place, "forced") && !self.names_another(place) {
                    self.begin(replay, place, Why::Forced);
                    // A prescription of its instant that another stop names stands before it.
                    let is_its = replay.interruption.as_ref().is_some_and(|it| it.by == place);
                    let other = before.into_iter().rfind(|at| self.starts_at(*at, place));
                    if let Some(other) = other.filter(|_| is_its) {
                        self.end(replay, other);
                    }
                }
            }
            What::Change => {}
        }
    }

    fn step_dose(&self, replay: &mut Replay, place: usize, before: &[usize]) {
        let t = self.at(place);
        let is_first = self.last_dose(&self.course(before)).is_none();
        let due = self.due(before, t, &replay.enders);
        replay.due_at[place] = due;
        replay.in_time[place] = is_first || due.is_none_or(|due| t <= self.in_time_until(due));
        let has_faded = replay.interruption.as_ref().is_some_and(|found| found.faded.is_some());
        if replay.in_time[place] || has_faded {
            self.end(replay, place);
        }
        let is_given = self.dose(place).is_some_and(|dose| dose.is_given());
        let Some(due) = due.filter(|_| is_given && !is_first) else { return };
        let is_gap = match self.window(due) {
            Some(days) => t > clock::plus_days(due.at, days),
            None => clock::dates_between(due.at, t) >= MISSED_REVIEW_DAYS,
        };
        let prescribed = (0..self.all.len()).any(|other| {
            self.is_prescription(other) && due.at < self.at(other) && self.at(other) <= t
        });
        if is_gap && !prescribed {
            self.begin(replay, place, Why::Gap);
        }
    }

    /// Ends the interruption that runs or faded.
    fn end(&self, replay: &mut Replay, place: usize) {
        if replay.interruption.take().is_some() {
            replay.enders.push(place);
        }
    }

    /// Begins an interruption, unless one runs.
    fn begin(&self, replay: &mut Replay, by: usize, why: Why) {
        let is_running =
            replay.interruption.as_ref().is_some_and(|running| running.faded.is_none());
        if !is_running {
            let begin = self.at(by);
            replay.interruption = Some(Interruption { begin, by, why, faded: None });
            replay.was_interrupted = true;
        }
    }

    /// R: the dates from the first of the stretch to that of the withheld dose.
    fn r(&self, replay: &Replay, place: usize, list: &[usize]) -> i64 {
        let course = self.course(list);
        let last = self.last_dose(&course);
        let restart = replay.enders.iter().copied().rfind(|at| self.is_prescription(*at));
        let is_without = |found: &usize| {
            let day = clock::date(self.at(*found));
            let after_dose = last.is_none_or(|last| day > clock::date(self.at(last)));
            let after_due = replay.due_at[*found].is_none_or(|due| day >= clock::date(due.at));
            after_dose && after_due && restart.is_none_or(|restart| *found > restart)
        };
        let withheld = self.withheld_since(list).into_iter().filter(is_without);
        let days: BTreeSet<NaiveDate> = withheld.map(|found| clock::date(self.at(found))).collect();
        let own = clock::date(self.at(place));
        if !days.contains(&own) {
            return 0;
        }
        let mut first = own;
        for &day in days.iter().rev() {
            if (first - day).num_days() - 1 > BRIDGED_SILENT_DAYS {
                break;
            }
            first = day;
        }
        (own - first).num_days() + 1
    }

    /// G: the days without a dose.
    fn days_without_dose(&self, now: &Now, t: Instant) -> i64 {
        let course = self.course(&now.list);
        let in_time = course.iter().copied().rfind(|place| now.replay.in_time[*place]);
        let from = in_time.max(now.replay.enders.last().copied());
        let since = course.iter().copied().filter(|place| from.is_none_or(|from| *place >= from));
        let days = since.map(|place| {
            let due = now.replay.due_at[place];
            let to_due = |at| due.map_or(0, |due| clock::dates_between(due.at, at));
            let is_late =
                self.dose(place).is_some_and(|dose| dose.is_given()) && !now.replay.in_time[place];
            if is_late { to_due(self.at(place)) } else { now.replay.r[place] }
        });
        let forced = now.interruption().filter(|found| found.why == Why::Forced).map(|found| {
            let after =
                course.iter().find(|place| **place > found.by && self.dose(**place).is_some());
            let end = after.map_or(t, |dose| self.at(*dose));
            now.replay.due_at[found.by].map_or(0, |due| clock::dates_between(due.at, end))
        });
        days.chain(forced).max().unwrap_or(0).max(0)
    }
}

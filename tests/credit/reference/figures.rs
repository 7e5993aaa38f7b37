//! The sets and figures, each computed as its sentence in the rules says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};
use serde_json::Value;

use super::{Asked, Day, Stands, epoch, number, optional_day, standing, text};

type Set = BTreeSet<Day>;

/// The figures of one modality.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    pub modality: String,
    pub kind: String,
    pub starts_on: Day,
    pub window: Option<(Day, Day)>,
    pub entered: Option<i64>,
    pub calculated: Option<i64>,
    pub earlier_releases: Vec<String>,
    pub k: Set,
    pub t: Set,
    /// B: the first date in prison after the window.
    pub back: Option<Day>,
    /// `(remainingDays, creditedDays)` of the deciding revocation.
    pub decided: Option<(Option<i64>, Option<i64>)>,
    /// The reason for each date of W that is not in K.
    pub not_k: BTreeMap<Day, &'static str>,
    /// The reason for each date of a presence that is not in T.
    pub not_t: BTreeMap<Day, &'static str>,
}

/// The whole answer.
pub fn figures(events: &[Value], asked: Asked) -> Vec<Figures> {
    let mut all = standing(events);
    let mut at = asked.at;
    all.retain(|r| r.day <= at);
    if let Some(death) = all.iter().find(|r| r.kind == "death.recorded") {
        at = death.day;
    }
    all.retain(|r| r.day <= at);
    let starts = grants(&all);
    let windows: Vec<Option<(Day, Day)>> = starts
        .iter()
        .map(|(grant, start)| window(&all, at, &all[*grant], *start, &starts))
        .collect();
    let mut d = detained(&all, at);
    for window in windows.iter().flatten() {
        d.remove(&window.0);
    }
    let (presences, p) = presences(&all, at, asked.exclude_last);
    let mut done: Vec<Figures> = Vec::new();
    for ((grant, start), window) in starts.iter().zip(windows) {
        let figures = one(&all, &done, &all[*grant], *start, window, &d, &presences, &p, asked);
        done.push(figures);
    }
    done
}

/// The earliest grant of each modality, by `startsOn`.
fn grants(all: &[Stands]) -> Vec<(usize, Day)> {
    let mut seen = BTreeSet::new();
    let mut grants: Vec<(usize, Day)> = Vec::new();
    for (i, r) in all.iter().enumerate() {
        if r.kind == "modality.granted" && seen.insert(text(r, "modality").to_owned()) {
            grants.push((i, optional_day(r, "startsOn").unwrap_or(r.day)));
        }
    }
    grants.sort_by_key(|(i, start)| (*start, *i));
    grants
}

fn window(
    all: &[Stands],
    at: Day,
    grant: &Stands,
    start: Day,
    starts: &[(usize, Day)],
) -> Option<(Day, Day)> {
    let own = |r: &&Stands| text(r, "modality") == text(grant, "modality");
    let mut end = at;
    for (i, r) in all.iter().enumerate() {
        if r.kind != "detention.arrived" || r.day < start {
            continue;
        }
        let released_after =
            all[i + 1..].iter().any(|x| x.kind == "detention.released" && x.day == r.day);
        if !(r.day == start && released_after) {
            end = end.min(r.day - 1);
            break;
        }
    }
    for r in all.iter().filter(own).filter(|r| r.kind == "modality.revoked") {
        end = end.min(optional_day(r, "effectiveOn").unwrap_or(r.day) - 1);
    }
    for r in all.iter().filter(own).filter(|r| r.kind == "modality.ended") {
        end = end.min(r.day);
    }
    for (_, other) in starts.iter().filter(|(_, other)| *other > start) {
        end = end.min(other - 1);
    }
    (end >= start).then_some((start, end))
}

fn detained(all: &[Stands], at: Day) -> Set {
    let mut d = Set::new();
    let mut inside = Set::new();
    let mut held_until = None;
    for (i, r) in all.iter().enumerate() {
        let later = &all[i + 1..];
        match r.kind.as_str() {
            "detention.arrived" if held_until.is_none_or(|until| i > until) => {
                let release = later.iter().position(|x| x.kind == "detention.released");
                let last = release.map_or(at, |x| later[x].day);
                held_until = Some(release.map_or(usize::MAX, |x| i + 1 + x));
                d.extend(r.day..=last);
            }
            "detention.absenceStarted"
                if ["escape", "failureToReturn"].contains(&text(r, "kind")) =>
            {
                let ends = later.iter().find(|x| match x.kind.as_str() {
                    "detention.arrived" | "detention.released" => true,
                    "detention.absenceEnded" => text(x, "detention") == text(r, "detention"),
                    _ => false,
                });
                let last = ends.map_or(at, |x| x.day - 1);
                inside.extend(r.day + 1..=last);
            }
            _ => {}
        }
    }
    &d - &inside
}

pub struct Presence {
    all: Set,
    absent: Set,
}

/// Each presence, and P.
fn presences(all: &[Stands], at: Day, exclude_last: bool) -> (Vec<Presence>, Set) {
    let closes = |r: &Stands| {
        ["residential.completed", "residential.droppedOut", "residential.transferred"]
            .contains(&r.kind.as_str())
    };
    let mut presences = Vec::new();
    let mut p = Set::new();
    for (i, admitted) in all.iter().enumerate() {
        if admitted.kind != "residential.admitted" {
            continue;
        }
        let stay = text(admitted, "stay");
        let closing = all
            .iter()
            .find(|r| closes(r) && text(r, "stay") == stay && r.instant >= admitted.instant);
        let displaced = all[i + 1..]
            .iter()
            .find(|r| r.kind == "residential.admitted" || r.kind == "detention.arrived");
        let end = closing.or(displaced);
        let mut dates: Set = (admitted.day..=end.map_or(at, |r| r.day)).collect();
        let covered = dates.clone();
        let mut absent = Set::new();
        for (j, start) in all.iter().enumerate() {
            let of_stay = start.kind == "residential.absenceStarted" && text(start, "stay") == stay;
            let running = admitted.instant <= start.instant
                && end.is_none_or(|end| start.instant <= end.instant);
            if !of_stay || !running || start.data["authorised"] == true {
                continue;
            }
            let back = all[j + 1..]
                .iter()
                .find(|r| r.kind == "residential.absenceEnded" && text(r, "stay") == stay);
            let back = back.filter(|b| end.is_none_or(|end| b.instant <= end.instant));
            for day in &covered {
                let before_last = match (back, closing, displaced) {
                    (Some(back), _, _) => *day < back.day,
                    (None, Some(_), _) | (None, None, None) => true,
                    (None, None, Some(displaced)) => *day < displaced.day,
                };
                if *day > start.day && before_last {
                    absent.insert(*day);
                }
            }
        }
        dates = &dates - &absent;
        if let (true, Some(closing)) = (exclude_last, closing) {
            dates.remove(&closing.day);
        }
        p.extend(dates);
        presences.push(Presence { all: covered, absent });
    }
    (presences, p)
}

fn suspended(all: &[Stands], modality: &str, window: (Day, Day)) -> Set {
    let mut s = Set::new();
    let own = |r: &&Stands| text(r, "modality") == modality;
    for (i, r) in all.iter().enumerate() {
        if r.kind == "modality.suspended" && text(r, "modality") == modality {
            let lifted =
                all[i + 1..].iter().filter(own).find(|x| x.kind == "modality.suspensionLifted");
            s.extend(r.day..=lifted.map_or(window.1, |x| x.day - 1));
        }
    }
    s
}

#[allow(clippy::too_many_arguments)]
fn one(
    all: &[Stands],
    earlier: &[Figures],
    grant: &Stands,
    start: Day,
    window: Option<(Day, Day)>,
    d: &Set,
    presences: &[Presence],
    p: &Set,
    asked: Asked,
) -> Figures {
    let kind = text(grant, "kind").to_owned();
    let inside = kind == "limitedDetention" || kind == "transitionHouse";
    let w: Set = window.map_or(Set::new(), |(from, to)| (from..=to).collect());
    let s = window.map_or(Set::new(), |w| suspended(all, text(grant, "modality"), w));
    let is_detained = |day: &Day| !inside && d.contains(day);
    let k: Set = w.iter().copied().filter(|day| !s.contains(day) && !is_detained(day)).collect();
    let t = p & &k;
    let why_not_k = |day: &Day| if is_detained(day) { "detained" } else { "suspended" };
    let not_k = (&w - &k).iter().map(|day| (*day, why_not_k(day))).collect();
    let why_not_t = |day: &Day| {
        if !w.contains(day) {
            "outsideWindow"
        } else if is_detained(day) {
            "detained"
        } else if s.contains(day) {
            "suspended"
        } else if presences.iter().any(|presence| presence.absent.contains(day)) {
            "unauthorisedAbsence"
        } else {
            "closingDate"
        }
    };
    let stayed = presences.iter().flat_map(|presence| &presence.all);
    let not_t = stayed.filter(|day| !t.contains(day)).map(|day| (*day, why_not_t(day))).collect();
    let from = window.map_or(start, |(_, to)| to + 1).max(start);
    let before: Vec<&Figures> = earlier.iter().filter(|f| f.starts_on < start).collect();
    let releases = before.iter().filter(|f| {
        ["conditionalRelease", "provisionalRelease"].contains(&f.kind.as_str()) && !f.k.is_empty()
    });
    let earlier_releases: Vec<String> = releases.map(|f| f.modality.clone()).collect();
    let calculated =
        if earlier_releases.is_empty() { calculated(all, &before, start, d, asked) } else { None };
    Figures {
        modality: text(grant, "modality").to_owned(),
        kind,
        starts_on: start,
        window,
        entered: number(grant, "remainderDays"),
        calculated,
        earlier_releases,
        k,
        t,
        back: d.range(from..).next().copied(),
        decided: decided(all, text(grant, "modality")),
        not_k,
        not_t,
    }
}

/// The figures of the last revocation of a modality that gives any.
fn decided(all: &[Stands], modality: &str) -> Option<(Option<i64>, Option<i64>)> {
    let of_modality = |r: &&Stands| r.kind == "modality.revoked" && text(r, "modality") == modality;
    let figures = |r: &Stands| (number(r, "remainingDays"), number(r, "creditedDays"));
    let given =
        |(left, credited): &(Option<i64>, Option<i64>)| left.is_some() || credited.is_some();
    all.iter().rev().filter(of_modality).map(figures).find(given)
}

fn calculated(
    all: &[Stands],
    before: &[&Figures],
    start: Day,
    d: &Set,
    asked: Asked,
) -> Option<i64> {
    let mut codes = BTreeSet::new();
    let sentences: Vec<&Stands> = all
        .iter()
        .filter(|r| r.kind == "sentence.pronounced")
        .filter(|r| codes.insert(text(r, "sentence").to_owned()))
        .filter(|r| r.day <= start)
        .collect();
    let first = sentences.first()?;
    let first_detained = d.range(first.day..).next().copied();
    let begins = optional_day(first, "startsOn").or(first_detained).unwrap_or(first.day);
    let mut end = begins;
    for sentence in &sentences {
        end = years_on(end, number(sentence, "years").unwrap());
        end += number(sentence, "months").unwrap() * asked.month_days;
        end += number(sentence, "days").unwrap();
    }
    let imputed: i64 = all
        .iter()
        .filter(|r| r.kind == "sentence.detentionImputed")
        .map(|r| number(r, "days").unwrap())
        .sum();
    let mut served = d.clone();
    for figures in before {
        if figures.kind != "conditionalRelease" && figures.kind != "provisionalRelease" {
            served.extend(&figures.k);
        }
    }
    let served = served.iter().filter(|day| begins <= **day && **day < start).count();
    Some((end - begins - imputed - i64::try_from(served).unwrap()).max(0))
}

fn years_on(day: Day, years: i64) -> Day {
    let date = epoch() + chrono::TimeDelta::days(day);
    let year = date.year() + i32::try_from(years).unwrap();
    let moved = NaiveDate::from_ymd_opt(year, date.month(), date.day())
        .unwrap_or_else(|| NaiveDate::from_ymd_opt(year, 3, 1).unwrap());
    (moved - epoch()).num_days()
}

//! The alert `handoverUnconfirmed`: duties, sendings, and who took a person over.
//! Always: a duty is judged by what held at its instant without its own record.

use std::cmp::max;

use super::clock::{self, Instant};
use super::course::Substitution;
use super::custody::Departure;
use super::release::{self, Sending};
use super::silence::{Now, Why};
use super::world::World;

const HANDOVER_AHEAD_DAYS: i64 = 14;

/// A move over which substitution has to be handed over.
struct Duty {
    rec: usize,
    at: Instant,
}

pub struct Handovers<'a> {
    s: &'a Substitution<'a>,
    w: &'a World,
    duties: Vec<Duty>,
    sendings: Vec<Sending>,
}

/// The alert, if it stands.
pub struct Unconfirmed {
    pub since: Instant,
    pub records: Vec<usize>,
    pub to_provider: Option<String>,
}

impl<'a> Handovers<'a> {
    pub fn new(s: &'a Substitution<'a>) -> Handovers<'a> {
        let w = s.w;
        let departs =
            |place: usize| w.custody.departures.iter().any(|departure| departure.rec == place);
        let moves = w
            .folded()
            .filter(|(place, rec)| rec.is("detention.transferred") || departs(*place))
            .filter(|(place, _)| is_duty(w, *place));
        let duties = moves.map(|(rec, found)| Duty { rec, at: found.time }).collect();
        Handovers { s, w, duties, sendings: release::sendings(w) }
    }

    pub fn unconfirmed(&self, now: &Now) -> Option<Unconfirmed> {
        if !now.is_needed() {
            return None;
        }
        let taken_over = match self.duties.len().checked_sub(1) {
            None => None,
            Some(last) => match self.taken_over(last) {
                None => return self.by_duty(last),
                found => found,
            },
        };
        self.by_sending(taken_over)
    }

    /// Whether a handover for a departure is confirmed.
    pub fn is_confirmed_for(&self, departure: &Departure) -> bool {
        let own = self.duties.iter().position(|duty| duty.rec == departure.rec);
        let before = match own {
            Some(own) => own.checked_sub(1),
            None => self.duties.iter().rposition(|duty| duty.rec < departure.rec),
        };
        let after = match own {
            Some(own) => own + 1,
            None => before.map_or(0, |before| before + 1),
        };
        self.sent_for(departure.at, before, after).any(|sending| sending.confirmed.is_some())
    }

    /// The handovers for a move, between the duty before and the duty after.
    fn sent_for(
        &self,
        at: Instant,
        before: Option<usize>,
        after: usize,
    ) -> impl Iterator<Item = &Sending> {
        let from = before.map(|before| self.duties[before].at);
        let to = self.duties.get(after).map(|duty| duty.at);
        self.sendings.iter().filter(move |sending| {
            from.is_none_or(|from| sending.at > from)
                && to.is_none_or(|to| sending.at < to)
                && clock::plus_days(sending.at, HANDOVER_AHEAD_DAYS) >= at
        })
    }

    fn for_duty(&self, duty: usize) -> impl Iterator<Item = &Sending> {
        self.sent_for(self.duties[duty].at, duty.checked_sub(1), duty + 1)
    }

    /// When a duty was taken over.
    fn taken_over(&self, place: usize) -> Option<Instant> {
        let duty = &self.duties[place];
        let confirmed = self.for_duty(place).filter_map(|sending| sending.confirmed);
        let confirmed = confirmed.map(|at| max(at, duty.at)).min();
        let next = self.duties.get(place + 1).map(|next| next.at);
        let mut given = (0..self.s.all.len()).filter(|dose| {
            let at = self.s.at(*dose);
            self.s.dose(*dose).is_some_and(|found| found.is_given())
                && at > duty.at
                && next.is_none_or(|next| at <= next)
        });
        let dose = given.find(|dose| self.takes_over(place, *dose));
        [confirmed, dose.map(|dose| self.s.at(dose))].into_iter().flatten().min()
    }

    fn takes_over(&self, place: usize, dose: usize) -> bool {
        let duty = &self.duties[place];
        let found = self.s.dose(dose).expect("a dose");
        let site = found.place.as_deref();
        let rec = &self.w.recs[duty.rec];
        let is_in_prison = found.setting.as_deref() == Some("prison");
        let is_elsewhere =
            if rec.is("detention.transferred") { site != rec.text("from") } else { !is_in_prison };
        let mut arrivals = self.w.of("detention.arrived").filter(|(at, _)| *at > duty.rec);
        let follows_arrival = arrivals.any(|(_, rec)| rec.time <= self.s.at(dose));
        is_elsewhere
            || is_in_prison && follows_arrival
            || self.for_duty(place).any(|sending| Some(sending.to.as_str()) == site)
    }

    /// The deadline of a duty or of a sending.
    fn deadline(&self, at: Instant) -> Instant {
        let last = self.last_dose(at).map(|dose| self.s.dose(dose).expect("a dose").interval);
        clock::plus_days(at, last.unwrap_or(1)).min(clock::working_days_end(at, 1))
    }

    fn last_dose(&self, at: Instant) -> Option<usize> {
        self.s.last_dose(&self.s.until(at))
    }

    /// (1): the last duty is not taken over.
    fn by_duty(&self, last: usize) -> Option<Unconfirmed> {
        let mut first = last;
        while first > 0 && self.taken_over(first - 1).is_none() {
            first -= 1;
        }
        let duty = &self.duties[first];
        let own = self.for_duty(first).map(|sending| self.deadline(sending.at));
        let since = own.filter(|own| *own <= duty.at).min().unwrap_or(self.deadline(duty.at));
        let sent =
            (first..=last).flat_map(|place| self.for_duty(place)).max_by_key(|sent| sent.rec);
        let dose = self.last_dose(duty.at).map(|dose| self.s.all[dose].rec);
        let other = sent.map(|sent| sent.rec).or(dose);
        (since <= self.w.now).then(|| Unconfirmed {
            since,
            records: [duty.rec].into_iter().chain(other).collect(),
            to_provider: sent.map(|sent| sent.to.clone()),
        })
    }

    /// (2): handovers that stand for themselves.
    fn by_sending(&self, taken_over: Option<Instant>) -> Option<Unconfirmed> {
        let now = self.w.now;
        let confirmed = self.sendings.iter().filter(|sent| sent.confirmed.is_some());
        let last_confirmed = confirmed.map(|sent| sent.at).max();
        let standing = self.sendings.iter().filter(|sent| {
            sent.confirmed.is_none()
                && taken_over.is_none_or(|taken_over| sent.at > taken_over)
                && last_confirmed.is_none_or(|last| sent.at > last)
                && now < clock::plus_days(sent.at, HANDOVER_AHEAD_DAYS)
                && self.deadline(sent.at) <= now
                && !self.is_answered(sent)
        });
        let standing: Vec<&Sending> = standing.collect();
        let (first, last) = (standing.first()?, standing.last()?);
        let since = standing.iter().map(|sent| self.deadline(sent.at)).min()?;
        let records = vec![first.rec, last.rec];
        Some(Unconfirmed { since, records, to_provider: Some(last.to.clone()) })
    }

    /// Whether the receiver gave a dose, or a prison did after an arrival.
    fn is_answered(&self, sent: &Sending) -> bool {
        let arrival = self.w.of("detention.arrived").find(|(at, _)| *at > sent.rec);
        let arrival = arrival.map(|(_, rec)| rec.time);
        (0..self.s.all.len()).any(|place| {
            let at = self.s.at(place);
            let Some(dose) = self.s.dose(place).filter(|dose| dose.is_given()) else {
                return false;
            };
            let at_receiver = dose.place.as_deref() == Some(sent.to.as_str()) && at > sent.at;
            let in_prison = dose.setting.as_deref() == Some("prison");
            at_receiver || in_prison && arrival.is_some_and(|arrival| arrival <= at)
        })
    }
}

/// Whether substitution went on at the instant of a move, its record left out.
fn is_duty(w: &World, place: usize) -> bool {
    let without = w.without(place);
    let s = Substitution::new(&without);
    let now = s.now(w.time(place));
    match now.state {
        "maintained" | "tapering" => true,
        "interrupted" => now.interruption().is_none_or(|found| found.why != Why::Forced),
        _ => false,
    }
}

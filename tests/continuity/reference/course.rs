//! Courses of substitution, the prescription in force, cover and due.
//! Always: everything is said of a list of elements, the part that came before some instant.

use super::clock::{self, Instant};
use super::elements::{self, Dose, Element, What};
use super::products;
use super::record::Rec;
use super::world::World;

const FIRST_DOSE_DAYS: i64 = 1;

/// The elements of a person, and what each dose says for good.
pub struct Substitution<'a> {
    pub w: &'a World,
    pub all: Vec<Element>,
    /// Of each element that is a dose: the doses a day and its own end.
    own: Vec<Option<(i64, Instant)>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due {
    pub at: Instant,
    /// The covering dose, by its place among the elements.
    pub covering: Option<usize>,
}

/// Places of elements, in order.
pub type List = Vec<usize>;

impl<'a> Substitution<'a> {
    pub fn new(w: &'a World) -> Substitution<'a> {
        let mut s = Substitution { w, all: elements::elements(w), own: Vec::new() };
        for place in 0..s.all.len() {
            let own = s.all[place].dose().map(|dose| {
                let n = s.doses_a_day(place, dose);
                (n, s.own_end_with(place, dose, n))
            });
            s.own.push(own);
        }
        s
    }

    pub fn rec(&self, place: usize) -> &Rec {
        &self.w.recs[self.all[place].rec]
    }

    pub fn at(&self, place: usize) -> Instant {
        self.all[place].at
    }

    pub fn dose(&self, place: usize) -> Option<&Dose> {
        self.all[place].dose()
    }

    pub fn is_prescription(&self, place: usize) -> bool {
        matches!(self.all[place].what, What::Prescription)
    }

    pub fn is_stop(&self, place: usize, reason: &str) -> bool {
        matches!(self.all[place].what, What::Stop) && self.rec(place).text("reason") == Some(reason)
    }

    /// The elements at or before an instant.
    pub fn until(&self, t: Instant) -> List {
        (0..self.all.len()).filter(|place| self.at(*place) <= t).collect()
    }

    pub fn n(&self, dose: usize) -> i64 {
        self.own[dose].expect("a dose").0
    }

    pub fn own_end(&self, dose: usize) -> Instant {
        self.own[dose].expect("a dose").1
    }

    /// Whether a stop names a known prescription other than the last one at or before it, or a
    /// product other than that of the last element before it that names one.
    pub fn names_another(&self, stop: usize) -> bool {
        let rec = self.rec(stop);
        let last = (0..stop).rev().find(|place| self.is_prescription(*place));
        let last_key = last.and_then(|place| self.rec(place).key("prescription"));
        let key = rec.key("prescription");
        let is_known =
            key.as_ref().is_some_and(|key| products::known_prescription(self.w, key).is_some());
        if is_known && key != last_key {
            return true;
        }
        let product = (0..stop).rev().find_map(|place| self.rec(place).text("product"));
        let named = rec.text("product");
        named.is_some_and(|named| product.is_some_and(|product| product != named))
    }

    pub fn ends_course(&self, place: usize) -> bool {
        let is_end = ["planned", "client", "death"].iter().any(|why| self.is_stop(place, why));
        is_end && !self.names_another(place)
    }

    fn last_end(&self, list: &[usize]) -> Option<usize> {
        list.iter().copied().rfind(|place| self.ends_course(*place))
    }

    /// The elements of the course that runs after a list.
    pub fn course(&self, list: &[usize]) -> List {
        let Some(end) = self.last_end(list) else { return list.to_vec() };
        list.iter().copied().filter(|place| *place > end || self.starts_at(*place, end)).collect()
    }

    /// Whether this is a prescription at the very instant of a stop that does not name it.
    pub fn starts_at(&self, place: usize, end: usize) -> bool {
        self.is_prescription(place)
            && self.at(place) == self.at(end)
            && self.rec(place).key("prescription") != self.rec(end).key("prescription")
    }

    /// Whether the course was ended, and nothing began since.
    pub fn is_stopped(&self, list: &[usize]) -> bool {
        let begins = |place: &usize| {
            self.dose(*place).is_some()
                || self.is_prescription(*place)
                || self.is_stop(*place, "forced")
        };
        self.last_end(list).is_some() && !self.course(list).iter().any(begins)
    }

    /// The course, or while stopped the course that ended.
    pub fn told_course(&self, list: &[usize]) -> List {
        if !self.is_stopped(list) {
            return self.course(list);
        }
        let end = self.last_end(list).expect("stopped");
        let before: List = list.iter().copied().filter(|place| *place < end).collect();
        self.course(&before)
    }

    pub fn last_dose(&self, list: &[usize]) -> Option<usize> {
        list.iter().copied().rfind(|place| self.dose(*place).is_some())
    }

    pub fn product(&self, list: &[usize]) -> Option<String> {
        let course = self.told_course(list);
        if let Some(last) = self.last_dose(&course) {
            return self.dose(last).map(|dose| dose.product.clone());
        }
        let prescribed = course.iter().rev().find(|place| self.is_prescription(**place));
        let named = prescribed.and_then(|place| self.rec(*place).text("product"));
        let any = || list.iter().rev().find_map(|place| self.rec(*place).text("product"));
        named.or_else(any).map(str::to_owned)
    }

    /// The prescription in force after a list, at an instant.
    pub fn in_force(&self, list: &[usize], t: Instant) -> Option<usize> {
        let course = self.told_course(list);
        let key = |place: usize| self.rec(place).key("prescription");
        let is_last_of_id = |place: &usize| {
            !list.iter().any(|other| {
                other > place && self.is_prescription(*other) && key(*other) == key(*place)
            })
        };
        let prescribed: List =
            course.iter().copied().filter(|place| self.is_prescription(*place)).collect();
        let standing: List = prescribed
            .iter()
            .copied()
            .filter(is_last_of_id)
            .filter(|place| !self.is_closed(*place, list) && !self.is_left_behind(*place, t))
            .collect();
        let last = self.last_dose(&course);
        let named = last.and_then(|last| {
            let key_named = self.dose(last)?.prescription.clone()?;
            let is_renewed = prescribed.iter().any(|place| self.at(*place) > self.at(last));
            let found = standing.iter().find(|place| key(**place).as_ref() == Some(&key_named));
            found.copied().filter(|_| !is_renewed)
        });
        named.or(standing.last().copied())
    }

    fn is_closed(&self, prescription: usize, list: &[usize]) -> bool {
        let key = self.rec(prescription).key("prescription");
        list.iter().filter(|stop| **stop > prescription).any(|stop| {
            let closes = self.is_stop(*stop, "transfer") || self.is_stop(*stop, "release");
            let named = self.rec(*stop).key("prescription");
            closes && (named.is_none() || named == key)
        })
    }

    /// Whether a prescription of a prison was followed by a departure.
    fn is_left_behind(&self, place: usize, t: Instant) -> bool {
        let left = self
            .w
            .custody
            .departures
            .iter()
            .any(|departure| departure.at > self.at(place) && departure.at <= t);
        left && self.rec(place).text("setting") == Some("prison")
    }

    /// The elements up to one, with the prescriptions of its very instant.
    pub fn up_to_with_prescriptions(&self, place: usize, inclusive: bool) -> List {
        let counts = |other: &usize| {
            *other < place
                || inclusive && *other == place
                || self.is_prescription(*other) && self.at(*other) == self.at(place)
        };
        (0..self.all.len()).filter(counts).collect()
    }

    fn doses_a_day(&self, place: usize, dose: &Dose) -> i64 {
        let named = dose.prescription.as_ref();
        let named = named.and_then(|key| products::known_prescription(self.w, key));
        let in_force = || {
            let list = self.up_to_with_prescriptions(place, true);
            self.in_force(&list, self.at(place)).map(|place| self.all[place].rec)
        };
        let Some(rec) = named.or_else(in_force).map(|rec| &self.w.recs[rec]) else { return 1 };
        if dose.interval > 1 || rec.text("product") != Some(dose.product.as_str()) {
            return 1;
        }
        rec.number("dosesPerDay").unwrap_or(1)
    }

    fn own_end_with(&self, place: usize, dose: &Dose, n: i64) -> Instant {
        if n == 1 {
            return clock::plus_days(dose.counted_from, dose.interval);
        }
        let day = clock::date(self.at(place));
        let of_day: List = (0..=place)
            .filter(|other| {
                let is_of = |found: &Dose| found.product == dose.product;
                self.dose(*other).is_some_and(is_of) && clock::date(self.at(*other)) == day
            })
            .collect();
        // An earlier dose has the instant of its first telling; a first dose counts from the
        // telling whose cover it has.
        let first = if of_day[0] == place { dose.counted_from } else { self.at(of_day[0]) };
        let k = of_day.len() as i64;
        if k < n { clock::plus_hours(first, k * 24 / n) } else { clock::plus_days(first, 1) }
    }

    /// The end of cover of a dose, seen at an instant.
    pub fn cover_end(&self, place: usize, seen: Instant) -> Instant {
        let dose = self.dose(place).expect("a dose");
        let own_end = self.own_end(place);
        let with_days = clock::plus_days(own_end, dose.days_along);
        let Some(entry) = self.w.custody.entry(seen).filter(|_| self.w.custody.in_prison(seen))
        else {
            return with_days;
        };
        if self.at(place) < entry {
            return with_days.min(clock::plus_days(entry, dose.interval));
        }
        if dose.is_given() { clock::plus_days(own_end, dose.take_home) } else { own_end }
    }

    /// Due after a list, seen at an instant; `enders` are the prescriptions and doses that ended
    /// an interruption.
    pub fn due(&self, list: &[usize], seen: Instant, enders: &[usize]) -> Option<Due> {
        let course = self.course(list);
        let base = self.due_by_cover(list, &course, seen);
        let last = self.last_dose(&course);
        let restart = course.iter().copied().rfind(|place| {
            self.is_prescription(*place)
                && enders.contains(place)
                && last.is_none_or(|last| last < *place)
        });
        let Some(restart) = restart else { return base };
        let restarted = clock::plus_days(self.at(restart), FIRST_DOSE_DAYS);
        match base {
            Some(base) if base.at >= restarted => Some(base),
            _ => Some(Due { at: restarted, covering: None }),
        }
    }

    fn due_by_cover(&self, list: &[usize], course: &[usize], seen: Instant) -> Option<Due> {
        if self.last_dose(course).is_some() {
            let product = self.product(list);
            let of_product = |place: &usize| {
                self.dose(*place).is_some_and(|dose| Some(&dose.product) == product.as_ref())
            };
            let covering = course.iter().copied().filter(of_product).max_by_key(|place| {
                let dose = self.dose(*place).expect("a dose");
                (self.cover_end(*place, seen), dose.interval)
            });
            return covering
                .map(|place| Due { at: self.cover_end(place, seen), covering: Some(place) });
        }
        let prescribed = course.iter().find(|place| self.is_prescription(**place));
        let from = match prescribed {
            Some(place) => self.at(*place),
            None => self.first_of_course(list, course, seen)?,
        };
        Some(Due { at: clock::plus_days(from, FIRST_DOSE_DAYS), covering: None })
    }

    /// The first substitution record of the course, at or before an instant.
    fn first_of_course(&self, list: &[usize], course: &[usize], t: Instant) -> Option<Instant> {
        let end = self.last_end(list);
        let is_of = |place: usize, rec: &Rec| {
            let Some(end) = end else { return true };
            if rec.time != self.at(end) {
                return rec.time > self.at(end);
            }
            // A record that is no element belongs to no course that begins at its instant.
            let element = self.all.iter().position(|element| element.rec == place);
            element.is_some_and(|found| self.at(found) == rec.time && course.contains(&found))
        };
        let mut records = self.w.folded().filter(|(_, rec)| elements::is_substitution(rec));
        records.find(|(place, rec)| is_of(*place, rec) && rec.time <= t).map(|(_, rec)| rec.time)
    }

    /// The window of a covering depot, in days.
    pub fn window(&self, due: Due) -> Option<i64> {
        match self.dose(due.covering?).expect("a dose").interval {
            7 => Some(2),
            28 => Some(7),
            _ => None,
        }
    }

    /// Until when a dose that comes after a due is in time.
    pub fn in_time_until(&self, due: Due) -> Instant {
        match self.window(due) {
            Some(days) => clock::plus_days(due.at, days),
            None => clock::plus_hours(due.at, 12),
        }
    }
}

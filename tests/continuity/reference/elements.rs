//! The elements of substitution: doses, prescriptions, changes, withheld doses and stops, in order.
//! Always: two tellings of one dose are one element (`continuity.md`, "What counts").

use super::clock::{self, Instant};
use super::products;
use super::record::{Key, Rec};
use super::world::World;

const SAME_DOSE_MINUTES: i64 = 30;
pub const MAINTAINED_BEFORE_DAYS: i64 = 28;

#[derive(Clone, Debug)]
pub struct Dose {
    /// The record of the telling whose cover ends last.
    pub rec: usize,
    pub product: String,
    pub amount: i64,
    pub interval: i64,
    /// The instant from which the cover is counted.
    pub counted_from: Instant,
    /// The record of whoever gave the dose.
    pub given: Option<usize>,
    pub from_handover_alone: bool,
    pub prescription: Option<Key>,
    pub setting: Option<String>,
    pub place: Option<String>,
    /// Days taken home, or bridged by a handover.
    pub days_along: i64,
    /// Days taken home alone.
    pub take_home: i64,
    /// The records of all tellings, each with the interval it is read with.
    pub tellings: Vec<(usize, i64)>,
}

impl Dose {
    pub fn is_given(&self) -> bool {
        self.given.is_some()
    }
}

#[derive(Clone, Debug)]
pub enum What {
    Dose(Box<Dose>),
    Prescription,
    Withheld,
    Stop,
    Change,
}

#[derive(Clone, Debug)]
pub struct Element {
    pub at: Instant,
    pub rec: usize,
    pub what: What,
}

impl Element {
    pub fn dose(&self) -> Option<&Dose> {
        match &self.what {
            What::Dose(dose) => Some(dose),
            _ => None,
        }
    }
}

pub fn is_substitution(rec: &Rec) -> bool {
    rec.kind.starts_with("substitution.") || is_not_delivered(rec)
}

fn is_not_delivered(rec: &Rec) -> bool {
    rec.is("care.notDelivered") && rec.text("service") == Some("substitution")
}

/// The instant of the dose that a report tells; the flag says that the dose is only shown.
pub fn reported_at(rec: &Rec) -> Option<(Instant, bool)> {
    if !rec.is("substitution.verified") && !rec.is("substitution.handoverSent") {
        return None;
    }
    let at = rec.instant("lastDoseAt")?.min(rec.time);
    Some((at, clock::plus_days(at, MAINTAINED_BEFORE_DAYS) < rec.time))
}

/// The doses that are only shown: too old when they were reported.
pub fn shown_only(w: &World) -> impl Iterator<Item = Instant> {
    let reported = w.folded().filter_map(|(_, rec)| reported_at(rec));
    reported.filter(|(_, is_old)| *is_old).map(|(at, _)| at)
}

/// All elements, in order.
pub fn elements(w: &World) -> Vec<Element> {
    let mut all: Vec<Element> = doses(w);
    for (place, rec) in w.folded() {
        let what = match rec.kind.as_str() {
            "substitution.prescribed" => What::Prescription,
            "substitution.doseWithheld" => What::Withheld,
            "substitution.stopped" => What::Stop,
            "substitution.doseChanged" => What::Change,
            _ if is_not_delivered(rec) => What::Withheld,
            _ => continue,
        };
        all.push(Element { at: rec.time, rec: place, what });
    }
    all.sort_by_key(|element| (element.at, turn(w, element), element.rec));
    all
}

fn turn(w: &World, element: &Element) -> u8 {
    match element.what {
        What::Prescription => {
            let key = w.recs[element.rec].key("prescription");
            let names = |stop: &Rec| stop.time == element.at && stop.key("prescription") == key;
            if w.of("substitution.stopped").any(|(_, stop)| names(stop)) { 0 } else { 4 }
        }
        What::Dose(_) => 1,
        What::Withheld => 2,
        What::Stop => 3,
        What::Change => 5,
    }
}

/// One telling of a dose.
struct Telling<'a> {
    at: Instant,
    place: usize,
    rec: &'a Rec,
}

impl Telling<'_> {
    fn is_given(&self) -> bool {
        self.rec.is("substitution.doseContinued")
    }

    fn is_handover(&self) -> bool {
        self.rec.is("substitution.handoverSent")
    }

    fn product(&self) -> &str {
        self.rec.text("product").expect("a product")
    }

    fn site(&self) -> Option<&str> {
        match self.rec.kind.as_str() {
            "substitution.doseContinued" => self.rec.text("facility"),
            "substitution.verified" => self.rec.text("provider"),
            _ => None,
        }
    }

    fn days_along(&self) -> i64 {
        let member = if self.is_given() { "takeHomeDays" } else { "bridgingDays" };
        if self.rec.is("substitution.verified") { 0 } else { self.rec.number(member).unwrap_or(0) }
    }

    fn repeats(&self, earlier: &Telling) -> bool {
        let has_place =
            self.is_handover() || earlier.is_handover() || self.site() == earlier.site();
        self.product() == earlier.product()
            && (self.at - earlier.at).num_seconds() <= SAME_DOSE_MINUTES * 60
            && (has_place || self.rec.source != earlier.rec.source)
    }
}

fn doses(w: &World) -> Vec<Element> {
    let mut tellings: Vec<Telling> = Vec::new();
    for (place, rec) in w.folded() {
        let at = match reported_at(rec) {
            Some((_, true)) => continue,
            Some((at, false)) => at,
            None if rec.is("substitution.doseContinued") => rec.time,
            None => continue,
        };
        tellings.push(Telling { at, place, rec });
    }
    tellings.sort_by_key(|telling| (telling.at, !telling.is_given(), telling.place));
    let mut groups: Vec<Vec<Telling>> = Vec::new();
    for telling in tellings {
        match groups.iter_mut().rev().find(|group| telling.repeats(&group[0])) {
            Some(group) => group.push(telling),
            None => groups.push(vec![telling]),
        }
    }
    groups.iter().map(|group| dose(w, group)).collect()
}

/// The one dose that several tellings tell.
fn dose(w: &World, group: &[Telling]) -> Element {
    let given_first = || {
        let given = group.iter().filter(|telling| telling.is_given());
        given.chain(group.iter().filter(|telling| !telling.is_given()))
    };
    let stated = |member: &str| given_first().find_map(|telling| telling.rec.text(member));
    let form = stated("formulation");
    let days = |own: &Telling| {
        let own = own.rec.number("intervalDays");
        own.or_else(|| given_first().find_map(|telling| telling.rec.number("intervalDays")))
    };
    let guesser = given_first().next().expect("a telling");
    let interval = |own: &Telling| {
        let form = own.rec.text("formulation").or(form);
        let told = products::told_interval(own.product(), form, days(own));
        told.unwrap_or_else(|| products::guessed_interval(w, guesser.place))
    };
    let cover = |telling: &Telling| {
        clock::plus_days(clock::plus_days(telling.at, interval(telling)), telling.days_along())
    };
    // Of equal covers the given telling counts, then the first: `min_by_key` keeps the first.
    let chosen = group
        .iter()
        .min_by_key(|telling| (std::cmp::Reverse(cover(telling)), !telling.is_given()))
        .expect("a telling");
    let site = chosen.site().or_else(|| given_first().find_map(Telling::site));
    let dose = Dose {
        rec: chosen.place,
        product: chosen.product().to_owned(),
        amount: chosen.rec.number("doseMicrograms").expect("an amount"),
        interval: interval(chosen),
        counted_from: chosen.at,
        given: [chosen].into_iter().chain(group).find(|t| t.is_given()).map(|t| t.place),
        from_handover_alone: group.iter().all(Telling::is_handover),
        prescription: chosen.rec.key("prescription"),
        setting: chosen.rec.text("setting").or_else(|| stated("setting")).map(str::to_owned),
        place: site.map(str::to_owned),
        days_along: chosen.days_along(),
        take_home: if chosen.is_given() { chosen.days_along() } else { 0 },
        tellings: group.iter().map(|telling| (telling.place, interval(telling))).collect(),
    };
    Element { at: group[0].at, rec: chosen.place, what: What::Dose(Box::new(dose)) }
}

//! The places and projects that the shipped registers know.
//! Always: an unknown code, or a place named outside the dates on which it was open, becomes a
//! finding; no record is refused because of it.
//! Source: `schemas/registry/`, compiled in; each entry there says where it comes from.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::fact::{Code, Fact};
use super::place::{PartialDate, Place, PlaceClosure};

/// The known places and projects.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    places: BTreeMap<Code, Place>,
    projects: BTreeMap<Code, Project>,
}

/// A project of the register.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// The code that records name.
    pub code: Code,
    /// The name for human readers.
    pub name: String,
    /// The prison in which the project works; `None`: no single prison.
    pub site: Option<Code>,
    /// When the project started; `None`: not known.
    pub started_on: Option<PartialDate>,
    /// When the project ended; `None`: it runs, or not known.
    pub ended_on: Option<PartialDate>,
    /// When the trial of a project that is new under the five-year proposal ends.
    pub trial_ends_on: Option<PartialDate>,
}

const FACILITIES: &str = include_str!("../../../schemas/registry/facilities.json");
const PROVIDERS: &str = include_str!("../../../schemas/registry/providers.json");
const PROJECTS: &str = include_str!("../../../schemas/registry/projects.json");

static SHIPPED: LazyLock<Registry> = LazyLock::new(|| {
    let places = items::<Place>(FACILITIES).into_iter().chain(items(PROVIDERS));
    Registry {
        places: places.map(|place| (place.code.clone(), place)).collect(),
        projects: items(PROJECTS)
            .into_iter()
            .map(|item: Project| (item.code.clone(), item))
            .collect(),
    }
});

impl Registry {
    /// The registers that this version ships.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// The place with a code: its name, kind and dates.
    pub fn place(&self, code: &Code) -> Option<&Place> {
        self.places.get(code)
    }

    /// The project with a code.
    pub fn project(&self, code: &Code) -> Option<&Project> {
        self.projects.get(code)
    }

    /// All places, by code.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.values()
    }

    /// All projects, by code.
    pub fn projects(&self) -> impl Iterator<Item = &Project> {
        self.projects.values()
    }
}

/// The kind of place or project that a code in a payload names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    /// A place where care is given: any place.
    House,
    /// A place that holds detained or interned persons.
    Prison,
    Project,
}

impl Registry {
    /// For each code that no registry knows: a message, and the places of all records that name
    /// the code.
    pub fn unknown<'a, P: Clone + PartialEq>(
        &self,
        records: impl IntoIterator<Item = (P, &'a Fact)>,
    ) -> Vec<(String, Vec<P>)> {
        let mut unknown: BTreeMap<(Named, &Code), Vec<P>> = BTreeMap::new();
        // Most records name a code that a record before them named.
        let mut known: Vec<(Named, &Code)> = Vec::new();
        for (place, fact) in records {
            for named in codes_in(fact) {
                if known.contains(&named) {
                    continue;
                }
                if self.knows(named.0, named.1) {
                    known.push(named);
                    continue;
                }
                let places = unknown.entry(named).or_default();
                if places.last() != Some(&place) {
                    places.push(place.clone());
                }
            }
        }
        let message = |named| {
            let word = match named {
                Named::House => "house",
                Named::Prison => "prison",
                Named::Project => "project",
            };
            format!("The code of a {word} that no registry knows.")
        };
        unknown.into_iter().map(|((named, _), places)| (message(named), places)).collect()
    }

    /// For each record that names a place on a civil date on which the place was not open: the
    /// closure, and the record. A record that names two such places counts once, with the first.
    pub fn closed<'a, P>(
        &self,
        records: impl IntoIterator<Item = (P, NaiveDate, &'a Fact)>,
    ) -> Vec<(PlaceClosure, P)> {
        let mut found: Vec<(Named, &Code, Option<&Place>)> = Vec::new();
        let mut place_of = |named, code| {
            let known = found.iter().find(|(other, of, _)| (*other, *of) == (named, code));
            known.map(|(.., place)| *place).unwrap_or_else(|| {
                let place = self.place_named(named, code);
                found.push((named, code, place));
                place
            })
        };
        let closed = |(record, date, fact)| {
            let closure =
                codes_in(fact).find_map(|(named, code)| place_of(named, code)?.closure_on(date));
            closure.map(|closure| (closure, record))
        };
        records.into_iter().filter_map(closed).collect()
    }

    fn knows(&self, named: Named, code: &Code) -> bool {
        match named {
            Named::Project => self.projects.contains_key(code),
            Named::House | Named::Prison => self.place_named(named, code).is_some(),
        }
    }

    /// The place that a record may name with a code.
    fn place_named(&self, named: Named, code: &Code) -> Option<&Place> {
        let place = self.place(code);
        match named {
            Named::House => place,
            Named::Prison => place.filter(|place| place.kind.holds_detained()),
            Named::Project => None,
        }
    }
}

/// The codes of places and projects in a payload.
fn codes_in(fact: &Fact) -> impl Iterator<Item = (Named, &Code)> {
    let (mut prisons, mut house, mut project): ([Option<&Code>; 2], Option<&Code>, Option<&Code>) =
        ([None; 2], None, None);
    match fact {
        Fact::Arrived(fact) => prisons[0] = Some(&fact.facility),
        Fact::Transferred(fact) => prisons = [Some(&fact.from), Some(&fact.to)],
        Fact::UnitPlaced(fact) => prisons[0] = Some(&fact.facility),
        Fact::Admitted(fact) => house = Some(&fact.facility),
        Fact::StayTransferred(fact) => house = Some(&fact.to_facility),
        Fact::Verified(fact) => house = Some(&fact.provider),
        Fact::Prescribed(fact) => house = fact.facility.as_ref(),
        Fact::DoseContinued(fact) => house = Some(&fact.facility),
        Fact::DoseWithheld(fact) => house = fact.facility.as_ref(),
        Fact::HandoverSent(fact) => house = Some(&fact.to_provider),
        Fact::HousingPlaced(fact) => house = Some(&fact.provider),
        Fact::Screened(fact) => project = fact.project.as_ref(),
        Fact::Enrolled(fact) => project = Some(&fact.project),
        Fact::Referred(fact) => {
            house = fact.to_provider.as_ref();
            prisons[0] = fact.prison.as_ref();
            project = Some(&fact.project);
        }
        Fact::Oriented(fact) => {
            prisons[0] = fact.prison.as_ref();
            project = Some(&fact.project);
        }
        Fact::TreatmentStarted(fact) => {
            house = Some(&fact.provider);
            project = fact.project.as_ref();
        }
        Fact::NotDelivered(fact) => {
            house = fact.facility.as_ref();
            project = fact.project.as_ref();
        }
        Fact::CareVerified(fact) => house = Some(&fact.provider),
        Fact::OutcomeMeasured(fact) => project = fact.project.as_ref(),
        _ => {}
    }
    let prisons = prisons.into_iter().flatten().map(|code| (Named::Prison, code));
    let house = house.map(|code| (Named::House, code));
    prisons.chain(house).chain(project.map(|code| (Named::Project, code)))
}

/// A register file, without its description.
#[derive(Deserialize)]
struct Register<T> {
    items: Vec<T>,
}

/// The entries of a shipped register.
fn items<T: DeserializeOwned>(text: &str) -> Vec<T> {
    let register: Register<T> = serde_json::from_str(text).expect("checked by the tests below");
    register.items
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{DateTime, Utc};
    use serde_json::{Value, json};

    use super::super::kind::Kind;
    use super::*;
    use crate::domain::time::calendar::date_of;

    fn code(text: &str) -> Code {
        Code(text.into())
    }

    fn fact(kind: Kind, data: &Value) -> Fact {
        Fact::read(kind, &data.to_string()).unwrap()
    }

    #[test]
    fn a_prison_is_a_place_of_care_and_a_house_is_no_prison() {
        let registry = Registry::shipped();
        let rows = [
            ("gent", true, true),
            ("kortrijk", true, true),
            ("deKiem", false, true),
            ("bLeave", false, false),
            ("nowhere", false, false),
        ];
        for (name, prison, house) in rows {
            assert_eq!(registry.knows(Named::Prison, &code(name)), prison, "{name}");
            assert_eq!(registry.knows(Named::House, &code(name)), house, "{name}");
        }
        assert!(registry.knows(Named::Project, &code("bLeave")));
        assert!(!registry.knows(Named::Project, &code("gent")));
    }

    #[test]
    fn each_entry_says_what_it_is_and_where_it_was_read() {
        let mut codes = BTreeSet::new();
        let members = [
            "code",
            "name",
            "kind",
            "region",
            "municipality",
            "regime",
            "capacity",
            "periods",
            "drugFreeUnits",
            "source",
            "mark",
        ];
        for (text, custody) in [(FACILITIES, true), (PROVIDERS, false)] {
            for item in items::<Value>(text) {
                let place: Place = serde_json::from_value(item.clone()).unwrap();
                assert_eq!(place.kind.holds_detained(), custody, "{item}");
                assert!(codes.insert(place.code.clone()), "{item} stands twice");
                assert!(!place.name.is_empty(), "{item}");
                let names = item.as_object().unwrap().keys();
                for name in names {
                    assert!(members.contains(&&**name), "{name} of {item}");
                }
            }
        }
        for text in [FACILITIES, PROVIDERS, PROJECTS] {
            for item in items::<Value>(text) {
                assert!(item["source"].as_str().is_some_and(|text| text.len() > 10), "{item}");
                assert!(["S", "K"].contains(&item["mark"].as_str().unwrap_or("")), "{item}");
                let name = item["code"].as_str().unwrap();
                let camel = name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.chars().all(|c| c.is_ascii_alphanumeric());
                assert!(camel, "{name}");
            }
        }
    }

    #[test]
    fn periods_stand_in_order_and_do_not_meet() {
        for place in Registry::shipped().places() {
            for period in &place.periods {
                let ends = (period.opened_on, period.closed_on);
                assert_ne!(ends, (None, None), "{}", place.name);
                assert!(ends.1.is_none_or(|to| ends.0.is_none_or(|from| from < to)));
            }
            for pair in place.periods.windows(2) {
                let (closed, opened) = (pair[0].closed_on.unwrap(), pair[1].opened_on.unwrap());
                assert!(closed.last < opened.first, "{}", place.name);
            }
        }
    }

    #[test]
    fn projects_are_at_known_places_and_a_trial_lasts_five_years() {
        let registry = Registry::shipped();
        for project in registry.projects() {
            let known = |site| registry.knows(Named::Prison, site);
            assert!(project.site.as_ref().is_none_or(known), "{}", project.name);
            let from = project.started_on.map(|date| date.first);
            let trial = project.trial_ends_on.map(|date| date.first);
            let years = chrono::Months::new(60);
            assert!(trial.is_none() || trial == from.map(|from| from + years), "{}", project.name);
        }
        for item in items::<Value>(PROJECTS) {
            for partner in item["partners"].as_array().unwrap() {
                let partner = code(partner.as_str().unwrap());
                assert!(registry.knows(Named::House, &partner), "{partner}");
            }
        }
    }

    #[test]
    fn the_examples_name_known_places_while_they_are_open() {
        let registry = Registry::shipped();
        for kind in Kind::ALL.iter().copied().filter(|kind| *kind != Kind::RecordErased) {
            let event: Value = serde_json::from_str(kind.newest().example).unwrap();
            let fact = fact(kind, &event["data"]);
            let time: DateTime<Utc> = event["time"].as_str().unwrap().parse().unwrap();
            assert_eq!(registry.unknown([(kind, &fact)]), [], "{kind}");
            assert_eq!(registry.closed([(kind, date_of(time), &fact)]), [], "{kind}");
        }
    }

    #[test]
    fn a_record_that_names_a_closed_place_is_told_once() {
        let arrived = |at: &str| {
            let data = json!({"detention": "d1", "facility": at, "legalStatus": "convicted"});
            fact(Kind::DetentionArrived, &data)
        };
        let moved = |from: &str, to: &str| {
            let data = json!({"detention": "d1", "from": from, "to": to});
            fact(Kind::DetentionTransferred, &data)
        };
        let treated = |at: &str| {
            let data =
                json!({"episode": "e1", "provider": at, "setting": "prison", "structured": true});
            fact(Kind::TreatmentStarted, &data)
        };
        let values = |code: &str, date: &str, closed: Option<&str>, opened: Option<&str>| {
            let mut values = json!({"code": code, "date": date});
            for (name, date) in [("closedOn", closed), ("openedOn", opened)] {
                if let Some(date) = date {
                    values[name] = date.into();
                }
            }
            Some(values)
        };
        let between = values("ieper", "2023-01-01", Some("2022-03-01"), Some("2024-01-08"));
        let after = values("verviers", "2020-05-01", Some("2013-11"), None);
        let before = values("kortrijk", "2022-01-01", None, Some("2022-09-12"));
        let rows = [
            ("open all the time", "2023-01-01", arrived("gent"), None),
            ("closed for a while", "2023-01-01", arrived("ieper"), between.clone()),
            ("open again", "2024-01-08", arrived("ieper"), None),
            ("named as a place of care", "2023-01-01", treated("ieper"), between.clone()),
            ("closed for good", "2020-05-01", arrived("verviers"), after),
            ("not open yet", "2022-01-01", arrived("kortrijk"), before.clone()),
            ("two closed places", "2022-01-01", moved("kortrijk", "haren"), before),
            ("the second is closed", "2023-01-01", moved("gent", "ieper"), between),
            ("unknown: another finding", "2022-01-01", arrived("nowhere"), None),
        ];
        for (claim, date, fact, expected) in rows {
            let found = Registry::shipped().closed([("r1", date.parse().unwrap(), &fact)]);
            let expected: Vec<_> = expected.into_iter().map(|values| (values, "r1")).collect();
            let found =
                found.into_iter().map(|(closure, record)| (closure.values().into(), record));
            assert_eq!(found.collect::<Vec<(Value, _)>>(), expected, "{claim}");
        }
    }
}

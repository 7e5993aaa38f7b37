//! The codes of places, houses and projects that the shipped registries know.
//! Always: an unknown code becomes a finding; no record is refused because of it.
//! Source: `schemas/registry/`, compiled in; each entry there says where it comes from.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use serde_json::Value;

use super::fact::{Code, Fact};

/// The known codes.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    facilities: HashSet<String>,
    providers: HashSet<String>,
    projects: HashSet<String>,
}

static SHIPPED: LazyLock<Registry> = LazyLock::new(|| Registry {
    facilities: codes(include_str!("../../../schemas/registry/facilities.json")),
    providers: codes(include_str!("../../../schemas/registry/providers.json")),
    projects: codes(include_str!("../../../schemas/registry/projects.json")),
});

impl Registry {
    /// The registries that this version ships.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Whether the code is the code of a prison.
    pub fn knows_facility(&self, code: &str) -> bool {
        self.facilities.contains(code)
    }

    /// Whether the code is the code of a treatment or referral provider.
    pub fn knows_provider(&self, code: &str) -> bool {
        self.providers.contains(code)
    }

    /// Whether the code is the code of a project.
    pub fn knows_project(&self, code: &str) -> bool {
        self.projects.contains(code)
    }
}

/// The kind of place or project that a code in a payload names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    /// A place where care is given: a provider or a prison.
    House,
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
        for (place, fact) in records {
            let codes = codes_in(fact).into_iter();
            for named in codes.filter(|(named, code)| !self.knows(*named, code)) {
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

    fn knows(&self, named: Named, code: &Code) -> bool {
        match named {
            Named::House => self.knows_provider(&code.0) || self.knows_facility(&code.0),
            Named::Prison => self.knows_facility(&code.0),
            Named::Project => self.knows_project(&code.0),
        }
    }
}

/// The codes of places and projects in a payload.
fn codes_in(fact: &Fact) -> Vec<(Named, &Code)> {
    let (mut prisons, mut houses, mut project): (Vec<&Code>, Vec<&Code>, Option<&Code>) =
        (Vec::new(), Vec::new(), None);
    match fact {
        Fact::Arrived(fact) => prisons.push(&fact.facility),
        Fact::Transferred(fact) => prisons.extend([&fact.from, &fact.to]),
        Fact::UnitPlaced(fact) => prisons.push(&fact.facility),
        Fact::Admitted(fact) => houses.push(&fact.facility),
        Fact::StayTransferred(fact) => houses.push(&fact.to_facility),
        Fact::Verified(fact) => houses.push(&fact.provider),
        Fact::Prescribed(fact) => houses.extend(&fact.facility),
        Fact::DoseContinued(fact) => houses.push(&fact.facility),
        Fact::DoseWithheld(fact) => houses.extend(&fact.facility),
        Fact::HandoverSent(fact) => houses.push(&fact.to_provider),
        Fact::HousingPlaced(fact) => houses.push(&fact.provider),
        Fact::Screened(fact) => project = fact.project.as_ref(),
        Fact::Enrolled(fact) => project = Some(&fact.project),
        Fact::Referred(fact) => {
            houses.extend(&fact.to_provider);
            prisons.extend(&fact.prison);
            project = Some(&fact.project);
        }
        Fact::Oriented(fact) => {
            prisons.extend(&fact.prison);
            project = Some(&fact.project);
        }
        Fact::TreatmentStarted(fact) => {
            houses.push(&fact.provider);
            project = fact.project.as_ref();
        }
        Fact::NotDelivered(fact) => {
            houses.extend(&fact.facility);
            project = fact.project.as_ref();
        }
        _ => {}
    }
    let prisons = prisons.into_iter().map(|code| (Named::Prison, code));
    let houses = houses.into_iter().map(|code| (Named::House, code));
    prisons.chain(houses).chain(project.map(|code| (Named::Project, code))).collect()
}

/// The codes of a shipped registry.
fn codes(text: &str) -> HashSet<String> {
    let registry: Value = serde_json::from_str(text).expect("a shipped registry is JSON");
    let items = registry["items"].as_array().expect("a shipped registry has items");
    items.iter().filter_map(|item| item["code"].as_str()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_registry_knows_its_own_codes() {
        let registry = Registry::shipped();
        assert!(registry.knows_facility("gent") && !registry.knows_facility("deKiem"));
        assert!(registry.knows_provider("deKiem") && !registry.knows_provider("gent"));
        assert!(registry.knows_project("bLeave") && !registry.knows_project("gent"));
    }
}

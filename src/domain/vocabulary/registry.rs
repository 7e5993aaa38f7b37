//! The codes of places, houses and projects that the shipped registries know.
//! Always: an unknown code is only ever a finding; no record is refused for it.
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
    /// The registries this version ships.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Whether the code is a prison's.
    pub fn knows_facility(&self, code: &str) -> bool {
        self.facilities.contains(code)
    }

    /// Whether the code is a treatment or referral provider's.
    pub fn knows_provider(&self, code: &str) -> bool {
        self.providers.contains(code)
    }

    /// Whether the code is a project's.
    pub fn knows_project(&self, code: &str) -> bool {
        self.projects.contains(code)
    }
}

/// What a record's code is the code of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    /// Where care is given: by a provider, or in a prison.
    House,
    Prison,
    Project,
}

impl Registry {
    /// What to say of each code that no registry knows, once a code, with the places of all records
    /// that name it.
    pub fn unknown<'a, P: Copy + PartialEq>(
        &self,
        records: impl IntoIterator<Item = (P, &'a Fact)>,
    ) -> Vec<(String, Vec<P>)> {
        let mut unknown: BTreeMap<(Of, &Code), Vec<P>> = BTreeMap::new();
        for (place, fact) in records {
            for (of, code) in named(fact).into_iter().filter(|(of, code)| !self.knows(*of, code)) {
                let places = unknown.entry((of, code)).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        let message = |of| {
            let of = match of {
                Of::House => "house",
                Of::Prison => "prison",
                Of::Project => "project",
            };
            format!("The code of a {of} that no registry knows.")
        };
        unknown.into_iter().map(|((of, _), places)| (message(of), places)).collect()
    }

    fn knows(&self, of: Of, code: &Code) -> bool {
        match of {
            Of::House => self.knows_provider(&code.0) || self.knows_facility(&code.0),
            Of::Prison => self.knows_facility(&code.0),
            Of::Project => self.knows_project(&code.0),
        }
    }
}

/// The codes of places and projects in a record.
fn named(fact: &Fact) -> Vec<(Of, &Code)> {
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
    let prisons = prisons.into_iter().map(|code| (Of::Prison, code));
    let houses = houses.into_iter().map(|code| (Of::House, code));
    prisons.chain(houses).chain(project.map(|code| (Of::Project, code))).collect()
}

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

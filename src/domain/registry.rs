//! The codes of places, houses and projects that the shipped registries know.
//! Always: an unknown code is only ever a finding; no record is refused for it.
//! Source: `schemas/registry/`, compiled in; each entry there says where it comes from.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde_json::Value;

/// The known codes.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    facilities: HashSet<String>,
    providers: HashSet<String>,
    projects: HashSet<String>,
}

static SHIPPED: LazyLock<Registry> = LazyLock::new(|| Registry {
    facilities: codes(include_str!("../../schemas/registry/facilities.json")),
    providers: codes(include_str!("../../schemas/registry/providers.json")),
    projects: codes(include_str!("../../schemas/registry/projects.json")),
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

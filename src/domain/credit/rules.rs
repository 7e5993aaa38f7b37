//! The rule file: parameters and readings of the law as data, with source and who verified them.
//! Always: compiled in, unknown keys refused, and nobody is named who did not verify.
//! Source: `projections/rules/credit.toml`.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::answer::Status;
use super::query::Boundary;

/// The rule file as text.
pub const TEXT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/projections/rules/credit.toml"));

static SHIPPED: LazyLock<Rules> =
    LazyLock::new(|| parse(TEXT).expect("the shipped rule file parses, by its own tests"));

/// Everything the rule file says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Which rules.
    pub id: String,
    /// Which version of them: changes with every change of the file.
    pub version: String,
    /// What the law leaves open and a reader may set.
    pub parameters: Parameters,
    /// What each reading rests on.
    pub readings: ReadingRules,
}

/// The parameters, with their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// Which dates of a stay count.
    pub boundary: Parameter<Boundary>,
    /// How many days a month of a sentence has.
    pub month_days: Parameter<u32>,
}

/// One parameter: its default and where that comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameter<T> {
    /// In the file the default; in an answer the value used.
    pub value: T,
    /// What it means.
    pub text: String,
    /// Where it comes from.
    pub source: String,
    /// How sure that is.
    pub mark: Mark,
    /// Who checked it against the source.
    pub verified_by: String,
    /// When; `never` while nobody has.
    pub verified_on: String,
}

impl<T> Parameter<T> {
    /// The same parameter with the value an answer was computed with. A value that whoever asked
    /// has given is not the one that the source of the default speaks of.
    pub fn used(&self, value: T) -> Self
    where
        T: Clone + PartialEq,
    {
        if value == self.value {
            return self.clone();
        }
        let source = "given by whoever asked, in place of the default of these rules".to_owned();
        Self { value, source, mark: Mark::Nf, ..self.clone() }
    }
}

/// How sure an entry of the rule file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Read in the source named.
    S,
    /// General knowledge, confirmed nowhere.
    K,
    /// Searched for and not found.
    #[serde(rename = "NF")]
    Nf,
}

impl Mark {
    /// What the mark says, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::S => "read in the source named",
            Self::K => "general knowledge, confirmed nowhere",
            Self::Nf => "no source found",
        }
    }
}

/// One rule a reading.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ReadingRules {
    pub none: ReadingRule,
    pub deduction: ReadingRule,
    pub court_decision: ReadingRule,
    pub full_residential: ReadingRule,
}

/// What a reading rests on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadingRule {
    /// Lower bound, law, court or proposal.
    pub status: Status,
    /// What it does, in a few words.
    pub title: String,
    /// The Dutch term.
    pub dutch: String,
    /// The article.
    pub article: String,
    /// What the article says, in our own words.
    pub text: String,
    /// Where that was read.
    pub source: String,
    /// How sure that is.
    pub mark: Mark,
    /// Who checked it against the statute.
    pub verified_by: String,
    /// When; `never` while nobody has.
    pub verified_on: String,
}

/// The rule file is malformed, or has a key that no rule reads.
#[derive(Debug, thiserror::Error)]
#[error("the rule file of the credit does not parse")]
pub struct BadRules(#[source] toml::de::Error);

/// Reads a rule file.
///
/// # Errors
/// [`BadRules`]: the file is at fault, and no answer may be computed with it.
pub fn parse(text: &str) -> Result<Rules, BadRules> {
    toml::from_str(text).map_err(BadRules)
}

/// The rules this version ships.
pub fn shipped() -> &'static Rules {
    &SHIPPED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_parse_and_name_nobody_who_did_not_verify() {
        let rules = shipped();
        let readings = &rules.readings;
        let all = [
            &readings.none,
            &readings.deduction,
            &readings.court_decision,
            &readings.full_residential,
        ];
        for rule in all {
            assert_eq!(rule.verified_by == "nobody yet", rule.verified_on == "never");
            assert!(rule.text.len() > 40 && !rule.source.is_empty(), "{}", rule.title);
        }
        assert_eq!(
            all.map(|rule| rule.status),
            [Status::LowerBound, Status::Law, Status::Court, Status::Proposal]
        );
        assert_eq!(rules.parameters.month_days.value, 30);
        assert_eq!(rules.parameters.boundary.value, Boundary::AnyPart);
    }

    #[test]
    fn unknown_keys_are_refused_everywhere() {
        for key in ["extra = 1\n", "[parameters.extra]\nvalue = 1\n", "[readings.extra]\n"] {
            let text = if key.starts_with('[') {
                format!("{TEXT}\n{key}")
            } else {
                format!("{key}{TEXT}")
            };
            assert!(parse(&text).is_err(), "{key}");
        }
        assert!(parse(&format!("{TEXT}\nreviewer = \"x\"\n")).is_err(), "inside a reading");
    }
}

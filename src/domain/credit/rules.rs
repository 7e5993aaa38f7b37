//! The rule file of the credit: the parameters and readings of the law as data, each with its
//! source and with who verified the entry.
//! Always: the file is compiled in, an unknown key is refused, and an entry that nobody verified
//! says so.
//! Source: `projections/rules/credit.toml`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::choices::choices;
use crate::domain::source_mark::SourceMark;
use crate::domain::stays::{AbsenceRule, Boundary};

/// The shipped rule file as text.
pub const SHIPPED: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/projections/rules/credit.toml"));

/// The content of the rule file of the credit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreditRules {
    /// The name of the rule set.
    pub id: String,
    /// The version of the rule set: a new one with every change of the file.
    pub version: String,
    /// The date of the law that the file describes.
    pub as_of: String,
    /// The parameters that the law leaves open and that a caller may choose.
    pub parameters: Parameters,
    /// The rules of the readings, each with its legal text.
    pub readings: ReadingRules,
    /// The rules of ours, in the order of their names.
    #[serde(rename = "rules", deserialize_with = "named")]
    pub own_rules: Vec<Rule>,
}

/// The parameters with their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// The rule for the last date of a closed stay.
    pub boundary: Parameter<Boundary>,
    /// The rule for the dates that an unauthorised absence takes.
    pub absence: Parameter<AbsenceRule>,
    /// How many days a month of a sentence has.
    pub month_days: Parameter<u32>,
}

/// One parameter with its source: in the rule file the default, in an answer the value used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameter<T> {
    /// The value.
    pub value: T,
    /// The meaning of the parameter.
    pub text: String,
    /// Where the value comes from.
    pub source: String,
    /// How sure the source is.
    pub mark: SourceMark,
    /// The text that the entry was compared with.
    pub checked_against: String,
    /// The date of the law that the entry describes.
    pub as_of: String,
    /// The person who checked the value against the source; `nobody yet` before that.
    pub verified_by: String,
    /// The date of that check; `never` while nobody has checked.
    pub verified_on: String,
}

impl<T: Clone + PartialEq> Parameter<T> {
    /// This parameter with the value that an answer used. The rule file gives the source of the
    /// default only, so any other value has the caller as its source. The mark is then `NotFound`,
    /// because no text of the law was found for that value.
    pub fn used(&self, value: T) -> Cow<'_, Self> {
        if value == self.value {
            return Cow::Borrowed(self);
        }
        let source = "given by whoever asked, in place of the default of these rules".to_owned();
        Cow::Owned(Self { value, source, mark: SourceMark::NotFound, ..self.clone() })
    }
}

choices! {
    /// The legal status of a reading.
    ReadingStatus:
        /// The worst case: a court may order the whole remainder to be served.
        WorstCase = "worstCase",
        /// Arithmetic that the law lays down.
        Law = "law",
        /// The court decides the figure; until then the ledger gives a range.
        Court = "court",
        /// Asked for by a working group; not the law.
        Proposal = "proposal",
}

choices! {
    /// The name of a reading of the law.
    ReadingName:
        /// Nothing is credited.
        NoCredit = "none",
        /// The days under the modality are deducted: art. 68 par. 5 al. 1.
        Deduction = "deduction",
        /// The court determines what is left to serve: art. 68 par. 5 al. 2.
        CourtDecision = "courtDecision",
        /// The days in treatment are deducted in full: a proposal.
        FullResidential = "fullResidential",
}

/// The rule of each reading, by the name of the reading.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ReadingRules {
    pub none: ReadingRule,
    pub deduction: ReadingRule,
    pub court_decision: ReadingRule,
    pub full_residential: ReadingRule,
}

impl ReadingRules {
    /// The rule of a reading.
    pub const fn of(&self, reading: ReadingName) -> &ReadingRule {
        match reading {
            ReadingName::NoCredit => &self.none,
            ReadingName::Deduction => &self.deduction,
            ReadingName::CourtDecision => &self.court_decision,
            ReadingName::FullResidential => &self.full_residential,
        }
    }
}

/// The rule of one reading, with its legal text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadingRule {
    /// The legal status of the reading.
    pub status: ReadingStatus,
    /// The effect of the reading, in a few words.
    pub title: String,
    /// The Dutch term for the reading.
    pub dutch: String,
    /// The article of the law.
    pub article: String,
    /// The content of the article, in our own words.
    pub text: String,
    /// Where the text of the article was read.
    pub source: String,
    /// How sure the source is.
    pub mark: SourceMark,
    /// The text that the entry was compared with.
    pub checked_against: String,
    /// The date of the law that the entry describes.
    pub as_of: String,
    /// The person who checked the entry against the statute; `nobody yet` before that.
    pub verified_by: String,
    /// The date of that check; `never` while nobody has checked.
    pub verified_on: String,
}

/// A rule of ours, as the rule file states it and the answer prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// The name of the rule: its key in the rule file.
    #[serde(skip_deserializing)]
    pub name: String,
    /// The rule, in our own words.
    pub text: String,
    /// Where the rule comes from.
    pub source: String,
    /// How sure the source is.
    pub mark: SourceMark,
    /// The text that the rule was compared with.
    pub checked_against: String,
    /// The date of the law that the rule describes.
    pub as_of: String,
    /// The person who checked the rule; `nobody yet` before that.
    pub verified_by: String,
    /// The date of that check; `never` while nobody has checked.
    pub verified_on: String,
}

/// Reads the rules of ours, which a rule file has by name.
fn named<'de, D: Deserializer<'de>>(rules: D) -> Result<Vec<Rule>, D::Error> {
    let by_name: BTreeMap<String, Rule> = BTreeMap::deserialize(rules)?;
    Ok(by_name.into_iter().map(|(name, rule)| Rule { name, ..rule }).collect())
}

/// The rule file is malformed or has an unknown key: the author of the file corrects it.
#[derive(Debug, thiserror::Error)]
#[error("the rule file of the credit does not parse")]
pub struct CreditRulesError(#[source] toml::de::Error);

impl CreditRules {
    /// The rules that this version ships.
    pub fn shipped() -> &'static Self {
        static RULES: LazyLock<CreditRules> = LazyLock::new(|| {
            CreditRules::parse(SHIPPED)
                .expect("the shipped rule file parses: a unit test proves it")
        });
        &RULES
    }

    /// Reads a rule file.
    ///
    /// # Errors
    /// [`CreditRulesError`]: no answer may be computed with this file.
    pub fn parse(text: &str) -> Result<Self, CreditRulesError> {
        toml::from_str(text).map_err(CreditRulesError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_parse_and_verified_by_agrees_with_verified_on() {
        let rules = CreditRules::shipped();
        let all = [0, 1, 2, 3].map(|place| rules.readings.of(ReadingName::ALL[place]));
        for rule in all {
            assert_eq!(rule.verified_by == "nobody yet", rule.verified_on == "never");
            assert!(rule.text.len() > 40 && !rule.source.is_empty(), "{}", rule.title);
        }
        assert_eq!(all.map(|rule| rule.status), ReadingStatus::ALL);
        assert_eq!(rules.own_rules.len(), 13);
        assert_eq!(rules.parameters.month_days.value, 30);
        assert_eq!(rules.parameters.boundary.value, Boundary::AnyPart);
    }

    #[test]
    fn unknown_keys_are_refused_everywhere() {
        for key in ["extra = 1\n", "[parameters.extra]\nvalue = 1\n", "[rules.x]\ny = 1\n"] {
            let text = if key.starts_with('[') {
                format!("{SHIPPED}\n{key}")
            } else {
                format!("{key}{SHIPPED}")
            };
            assert!(CreditRules::parse(&text).is_err(), "{key}");
        }
        let inside_a_reading = format!("{SHIPPED}\nreviewer = \"x\"\n");
        assert!(CreditRules::parse(&inside_a_reading).is_err());
    }
}

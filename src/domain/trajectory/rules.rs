//! The thresholds of continuity, each with its source.
//! Always: a rule file with an unknown or a missing key is refused; no threshold has a default.
//! Values: `projections/rules/continuity.toml`, compiled in.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::choices::choices;
use crate::domain::source_mark::SourceMark;

/// The shipped rule file, as text.
pub const SHIPPED: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/projections/rules/continuity.toml"));

/// The largest threshold that a rule file may name, ten years in days: a typing error is refused,
/// and no date arithmetic overflows.
pub const VALUE_MAX: u32 = 3_660;

choices! {
    /// How urgent an alert is.
    Severity:
        /// Someone should follow up.
        Low = "low",
        /// Care is about to be lost.
        Medium = "medium",
        /// Someone may come to harm today.
        High = "high",
}

/// One threshold; the last word of its name is the unit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The number.
    pub value: u32,
    /// Where the number comes from.
    pub source: Box<str>,
    /// How sure the source is.
    pub mark: SourceMark,
}

macro_rules! thresholds {
    ($($name:ident,)*) => {
        /// Every threshold; the rule file says what each one is for.
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[allow(missing_docs)]
        pub struct Thresholds { $(pub $name: Threshold,)* }

        impl Thresholds {
            /// All thresholds with their names in Rust.
            pub fn all(&self) -> impl Iterator<Item = (&'static str, &Threshold)> {
                [$((stringify!($name), &self.$name),)*].into_iter()
            }
        }
    };
}

thresholds! {
    missed_review_days,
    missed_prescriber_days,
    missed_induction_days,
    depot_weekly_window_days,
    depot_monthly_window_days,
    interval_tolerance_hours,
    overdue_limit_hours,
    first_dose_days,
    unstated_interval_days,
    follow_up_days,
    high_risk_days,
    handover_intervals,
    handover_working_days,
    referral_unanswered_days,
    programme_stalled_days,
    short_programme_sessions,
    short_programme_days,
}

/// How urgent each alert is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Severities {
    pub substitution_overdue: Severity,
    pub handover_unconfirmed: Severity,
    pub referral_unanswered: Severity,
    pub release_without_follow_up: Severity,
    pub release_without_follow_up_at_high_risk: Severity,
    pub detox_only: Severity,
    pub programme_stalled: Severity,
}

/// The rules by which a trajectory is judged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContinuityRules {
    /// The limits from which a dose, an answer or a follow-up counts as missed or late.
    pub thresholds: Thresholds,
    /// How urgent each alert is.
    pub severities: Severities,
}

/// Why a rule file cannot be used: correct the file.
#[derive(Debug, thiserror::Error)]
pub enum ContinuityRulesError {
    /// The text is not TOML, or a key is unknown, missing or of another type.
    #[error("the rule file of continuity does not parse")]
    Unreadable(#[source] toml::de::Error),
    /// A threshold is out of range: zero would find a gap everywhere.
    #[error("{name} is {value}, not within 1 to {VALUE_MAX}")]
    OutOfRange {
        /// The threshold.
        name: &'static str,
        /// Its value.
        value: u32,
    },
    /// A threshold does not say where it comes from.
    #[error("{0} has no source")]
    Unsourced(&'static str),
}

impl ContinuityRules {
    /// The rules that this version ships.
    pub fn shipped() -> &'static Self {
        static RULES: LazyLock<ContinuityRules> = LazyLock::new(|| {
            ContinuityRules::parse(SHIPPED).expect("the shipped rules are tested")
        });
        &RULES
    }

    /// Reads a rule file.
    ///
    /// # Errors
    /// [`ContinuityRulesError`]: the author of the file corrects it.
    pub fn parse(text: &str) -> Result<Self, ContinuityRulesError> {
        let rules: Self = toml::from_str(text).map_err(ContinuityRulesError::Unreadable)?;
        for (name, threshold) in rules.thresholds.all() {
            if !(1..=VALUE_MAX).contains(&threshold.value) {
                return Err(ContinuityRulesError::OutOfRange { name, value: threshold.value });
            }
            if threshold.source.trim().is_empty() {
                return Err(ContinuityRulesError::Unsourced(name));
            }
        }
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_read_and_name_their_sources() {
        let rules = ContinuityRules::parse(SHIPPED).unwrap();
        for (name, threshold) in rules.thresholds.all() {
            let unit = name.rsplit('_').next().unwrap();
            assert!(["days", "hours", "intervals", "sessions"].contains(&unit), "{name}");
            let unconfirmed = threshold.source.contains("ours, unconfirmed");
            assert!(threshold.mark != SourceMark::Ours || unconfirmed, "{name}");
        }
    }

    #[test]
    fn a_wrong_rule_file_is_refused() {
        let first = "[thresholds.missedReviewDays]\nvalue = 3";
        let rows = [
            ("an unknown key", SHIPPED.replace("[severities]", "[severities]\nnew = \"low\"")),
            ("an unknown threshold", format!("{SHIPPED}\n[thresholds.newDays]\nvalue = 1\n")),
            ("a missing key", SHIPPED.replace("detoxOnly = \"medium\"\n", "")),
            ("a fraction", SHIPPED.replace(first, &first.replace('3', "3.5"))),
            ("a negative", SHIPPED.replace(first, &first.replace('3', "-3"))),
            ("nought", SHIPPED.replace(first, &first.replace('3', "0"))),
            ("too much", SHIPPED.replace(first, &first.replace('3', "4000"))),
            ("no source", SHIPPED.replace("\"ours, unconfirmed\"", "\" \"")),
            ("another mark", SHIPPED.replace("\"ours\"", "\"mine\"")),
        ];
        for (why, text) in rows {
            assert_ne!(text, SHIPPED, "{why}");
            assert!(ContinuityRules::parse(&text).is_err(), "{why}");
        }
    }
}

//! The thresholds of continuity, each with its source.
//! Always: a rule file with an unknown or a missing key is refused; no threshold has a default.
//! Values: `projections/rules/continuity.toml`, compiled in.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::choices::choices;
use crate::domain::source_mark::SourceMark;
use crate::domain::vocabulary::choice::{Formulation, Product};

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
    bridged_silent_days,
    depot_weekly_window_days,
    depot_monthly_window_days,
    interval_tolerance_hours,
    overdue_limit_prison_hours,
    overdue_limit_hours,
    first_dose_days,
    unstated_interval_days,
    same_dose_minutes,
    interruption_stale_days,
    double_dose_hours,
    implausible_factor,
    handover_intervals,
    handover_working_days,
    handover_ahead_days,
    maintained_before_days,
    prescription_ahead_hours,
    referral_unanswered_days,
    programme_stalled_days,
    short_programme_sessions,
    short_programme_days,
    follow_up_days,
    high_risk_days,
    release_prepared_days,
    overdose_answer_days,
    plan_before_release_days,
    dropout_answer_days,
}

/// One form of a product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductForm {
    /// The form.
    pub form: Formulation,
    /// Days until the next dose.
    pub interval_days: u32,
    /// The smallest dose.
    pub micrograms_min: u32,
    /// The largest dose.
    pub micrograms_max: u32,
    /// Where the interval and the range come from.
    pub source: Box<str>,
    /// How sure the source is.
    pub mark: SourceMark,
}

impl ProductForm {
    /// Whether one dose may have this amount.
    pub const fn allows(&self, micrograms: u32) -> bool {
        self.micrograms_min <= micrograms && micrograms <= self.micrograms_max
    }
}

/// The forms of each product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ProductForms {
    pub methadone: Vec<ProductForm>,
    pub buprenorphine: Vec<ProductForm>,
    pub buprenorphine_naloxone: Vec<ProductForm>,
}

impl ProductForms {
    /// The forms of a product.
    pub fn of(&self, product: Product) -> &[ProductForm] {
        match product {
            Product::Methadone => &self.methadone,
            Product::Buprenorphine => &self.buprenorphine,
            Product::BuprenorphineNaloxone => &self.buprenorphine_naloxone,
        }
    }

    /// The form of a product; `None`: the product does not have it.
    pub fn form(&self, product: Product, form: Formulation) -> Option<&ProductForm> {
        self.of(product).iter().find(|known| known.form == form)
    }

    /// Days until the next dose in a form; a form that the product lacks lasts a day.
    pub fn days_of_form(&self, product: Product, form: Formulation) -> u32 {
        self.form(product, form).map_or(1, |form| form.interval_days)
    }

    /// The form of a product that lasts this long; `None`: the product has no such form.
    pub fn lasting(&self, product: Product, interval_days: u32) -> Option<&ProductForm> {
        self.of(product).iter().find(|known| known.interval_days == interval_days)
    }
}

/// How urgent each alert is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Severities {
    pub substitution_interrupted: Severity,
    pub substitution_overdue: Severity,
    pub double_dose: Severity,
    pub handover_unconfirmed: Severity,
    pub detox_only: Severity,
    pub overdose_unanswered: Severity,
    pub condition_at_risk: Severity,
    pub dropout_unanswered: Severity,
    pub release_unprepared: Severity,
    pub release_without_follow_up: Severity,
    pub release_without_follow_up_at_high_risk: Severity,
    pub referral_unanswered: Severity,
    pub programme_stalled: Severity,
    pub plan_overdue: Severity,
}

/// The rules by which a trajectory is judged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContinuityRules {
    /// The limits from which a dose, an answer or a follow-up counts as missed or late.
    pub thresholds: Thresholds,
    /// The forms in which each product is given.
    pub products: ProductForms,
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

    const UNITS: [&str; 6] = ["days", "hours", "minutes", "intervals", "sessions", "factor"];

    #[test]
    fn the_shipped_rules_read_and_name_their_sources() {
        let rules = ContinuityRules::parse(SHIPPED).unwrap();
        for (name, threshold) in rules.thresholds.all() {
            let unit = name.rsplit('_').next().unwrap();
            assert!(UNITS.contains(&unit), "{name}");
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

//! The decisions on a modality, and the sum by which a reading comes to its figure.
//! Always: every decision stands here, earlier and pending ones too.

use super::Table;
use crate::domain::credit::rules::CreditRules;
use crate::domain::credit::{
    DayCount, Decision, DecisionEffect, Missing, ModalityCredit, Reading, ReadingName,
};
use crate::text::value::quoted;

impl Table {
    /// Every decision on a modality, in order.
    pub(super) fn decisions(&mut self, modality: &ModalityCredit) {
        let title = self.word("part-decisions");
        self.heading("-", &title);
        for decision in &modality.decisions {
            let words = self.decision(decision);
            self.page.wrapped(16, &format!("    {}  ", decision.on), &words);
            let name = self.name(&decision.record);
            let name = self.say("records-named", &[("names", &name)]);
            self.page.wrapped(super::RECORDS_COLUMN, "", &name);
        }
    }

    /// A decision in words: what, since when, by which judgment and paragraph, with what effect.
    fn decision(&self, decision: &Decision) -> String {
        let mut parts = vec![self.event_type(decision.kind)];
        if decision.effective_on != decision.on {
            let date = decision.effective_on.to_string();
            parts.push(self.say("decision-effective", &[("date", &date)]));
        }
        if let Some(judgment) = &decision.judgment {
            parts.push(self.say("decision-judgment", &[("judgment", &quoted(&judgment.0))]));
        }
        if let Some(basis) = decision.basis {
            parts.push(self.code("basis", basis.code()));
        }
        if let Some(reason) = &decision.reason {
            parts.push(self.say("decision-reason", &[("reason", &quoted(&reason.0))]));
        }
        if let Some(is_final) = decision.is_final {
            parts.push(self.word(if is_final { "decision-final" } else { "decision-not-final" }));
        }
        if let Some(days) = decision.credited_days {
            parts.push(self.count("decision-credits", days));
        }
        if let Some(days) = decision.remaining_days {
            parts.push(self.count("decision-leaves", days));
        }
        if decision.effect != DecisionEffect::InForce {
            parts.push(self.code("effect", decision.effect.code()));
        }
        parts.join("; ")
    }

    /// The sums from which the figures of a reading follow; none while the figures are not asked
    /// for or cannot be computed.
    pub(super) fn sums(&self, modality: &ModalityCredit, reading: &Reading) -> Vec<String> {
        let (Some(effective), Some(remaining)) =
            (modality.remainder.effective_days, reading.remaining_days)
        else {
            return Vec::new();
        };
        let served = modality.served_inside_days;
        let credits: Vec<(i64, i64)> = match (reading.credited_days, reading.range, remaining) {
            (Some(credited), _, DayCount::Exactly(left)) => vec![(credited, left)],
            (None, Some([min, max]), DayCount::Between { min: least, max: most }) => {
                vec![(max, least), (min, most)]
            }
            _ => return Vec::new(),
        };
        let sum = |(credited, left): &(i64, i64)| {
            let unused = left - (effective - served - credited);
            let figures = [effective, served, *credited, *left].map(|days| days.to_string());
            let [effective, served, credited, left] = &figures;
            let values = [
                ("effective", effective),
                ("served", served),
                ("credited", credited),
                ("left", left),
            ];
            let values = values.map(|(name, value)| (name, &**value));
            let sum = self.say("sum-left", &values);
            match unused {
                0 => sum,
                _ => format!("{sum} {}", self.word("sum-never-below-zero")),
            }
        };
        credits.iter().map(sum).collect()
    }

    /// The law behind a reading, and what gives its figure.
    pub(super) fn legal_source(&mut self, name: ReadingName, reading: &Reading) {
        let rule = CreditRules::shipped().readings.of(name);
        let text = self.rule_text(name.code(), &rule.text);
        self.page.line(2, &text);
        let article = self.words.known(&format!("rule-article-{}", name.code()));
        self.field(2, "reading-article", &article.unwrap_or_else(|| rule.article.clone()));
        let source = self.source_line(name.code(), &rule.source, rule.mark);
        self.field(2, "reading-source", &source);
        let verified = self.verified(&rule.verified_by, &rule.verified_on);
        self.page.field(2, "", &verified);
        if let Some(decided) = &reading.decided_by {
            let judgment =
                self.say("decision-judgment", &[("judgment", &quoted(&decided.judgment.0))]);
            let record = self.name(&decided.record);
            self.field(2, "reading-decided-by", &format!("{judgment}: {record}"));
        }
        for pending in &reading.pending {
            let mut words =
                vec![self.say("decision-judgment", &[("judgment", &quoted(&pending.judgment.0))])];
            words.extend(pending.credited_days.map(|days| self.count("decision-credits", days)));
            words.extend(pending.remaining_days.map(|days| self.count("decision-leaves", days)));
            self.field(2, "reading-pending", &words.join("; "));
        }
    }

    /// Why a figure is absent, in words.
    pub(super) fn missing(&self, missing: &Missing) -> String {
        match missing {
            Missing::WorthOfEarlier(code) => {
                self.say("missing-earlier", &[("code", &quoted(&code.0))])
            }
            Missing::Remainder => self.word("missing-remainder"),
            Missing::ErasedRecords => self.word("missing-erased"),
            Missing::CreditedDays => self.word("missing-credited"),
            Missing::Rule => self.word("status-no-rule"),
        }
    }
}

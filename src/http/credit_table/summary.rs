//! The first page: whom and when it is about, a line a reading, and lines to fill in by hand.
//! Always: the reading that is law for a modality stands first, and a proposal is labelled as one.

use super::{Printing, Table, lawful_first};
use crate::domain::credit::{
    Credit, DayCount, ModalityCredit, Reading, ReadingName, SentenceEnd, is_internment_recorded,
};
use crate::domain::history::History;
use crate::text::clock;
use crate::text::page::COLUMNS_MAX;

/// The line on which a reader writes.
const WRITING_LINE: &str = "__________________________________________";

impl Table {
    /// The first page.
    pub(super) fn summary(&mut self, credit: &Credit, history: &History, printing: &Printing) {
        let title = self.word("credit-title");
        self.page.line(0, &title);
        self.page.blank();
        self.head(credit, printing);
        if credit.modalities.is_empty() {
            self.page.blank();
            if is_internment_recorded(history, credit.at) {
                let words = self.word("credit-interned");
                self.page.line(0, &words);
            }
            let none = self.word("credit-none");
            self.page.line(0, &none);
        }
        for modality in &credit.modalities {
            self.standing(modality);
        }
        self.page.blank();
        let findings = self.count("credit-findings-count", credit.findings.len() as i64);
        self.page.line(0, &findings);
        self.lines_to_fill_in();
    }

    fn head(&mut self, credit: &Credit, printing: &Printing) {
        self.field(0, "credit-person", &printing.person);
        self.field(0, "credit-at", &credit.at.to_string());
        if credit.counted_to != credit.at {
            let date = credit.counted_to.to_string();
            let words = self.say("credit-counted-to-why", &[("date", &date)]);
            self.field(0, "credit-counted-to", &words);
        }
        if credit.projected {
            let words = self.word("credit-projection");
            self.page.line(0, &words);
        }
        let known_at = printing.known_at.clone().unwrap_or_else(|| self.word("credit-known-all"));
        self.field(0, "credit-known", &known_at);
        let (instant, position) =
            (clock::minute(printing.printed_at), printing.position.to_string());
        let words =
            self.say("credit-printed-at", &[("instant", &instant), ("position", &position)]);
        self.field(0, "credit-printed", &words);
        let rules = &credit.ruleset;
        let named = [("id", rules.id), ("version", rules.version), ("asOf", rules.as_of)];
        let words = self.say("credit-rules-version", &named);
        self.field(0, "credit-rules", &words);
        for key in ["credit-clock", "credit-decides-nothing"] {
            let words = self.word(key);
            self.page.line(0, &words);
        }
    }

    /// Where a modality stands: its outcome, its days, and a line a reading.
    fn standing(&mut self, modality: &ModalityCredit) {
        let title = self.modality_title(modality);
        self.heading("=", &title);
        let outcome = self.code("outcome", modality.outcome.code());
        self.field(2, "modality-outcome", &outcome);
        let window = match modality.window {
            Some(window) => {
                let (from, to) = (window.from.to_string(), window.to.to_string());
                self.say("modality-window-dates", &[("from", &from), ("to", &to)])
            }
            None => {
                let starts_on = modality.starts_on.to_string();
                self.say("modality-window-empty", &[("date", &starts_on)])
            }
        };
        self.field(2, "modality-window", &window);
        for (key, days) in [
            ("modality-days-under", modality.modality_days),
            ("modality-days-treatment", modality.treatment_days),
            ("modality-days-served", modality.served_inside_days),
        ] {
            let days = self.count("days", days);
            self.field(2, key, &days);
        }
        let left = match modality.remainder.effective_days {
            Some(days) => self.count("days", days),
            None => self.word("unknown"),
        };
        self.field(2, "modality-remainder", &left);
        let back = match modality.back_on {
            Some(date) => date.to_string(),
            None => self.word("modality-back-none"),
        };
        self.field(2, "modality-back", &back);
        if let Some(date) = modality.if_revoked_on {
            let words = self.say("modality-if-revoked-on", &[("date", &date.to_string())]);
            self.field(2, "modality-if-revoked", &words);
        }
        self.reading_lines(modality);
    }

    fn reading_lines(&mut self, modality: &ModalityCredit) {
        self.page.blank();
        let names = ["column-reading", "column-credited", "column-remaining", "column-end"];
        let [reading, credited, remaining, end] = names.map(|key| self.word(key));
        self.page.row(&format!("  {reading:<45}{credited:>13}{remaining:>15}  {end}"));
        for (name, reading) in lawful_first(modality) {
            self.reading_line(modality, name, reading);
        }
        let words = match modality.lawful {
            Some(_) => format!("> {}", self.word("status-lawful")),
            None => self.word("status-no-rule"),
        };
        self.page.line(2, &words);
    }

    fn reading_line(&mut self, modality: &ModalityCredit, name: ReadingName, reading: &Reading) {
        let mark = if modality.lawful == Some(name) { ">" } else { " " };
        let status = self.code("status", reading.status.code());
        let label = format!("{mark} {status:<20}{}", self.code("reading-short", name.code()));
        let between = |min: String, max: String| format!("{min} - {max}");
        let credited = match (reading.credited_days, reading.range) {
            (Some(days), _) => days.to_string(),
            (None, Some([min, max])) => between(min.to_string(), max.to_string()),
            (None, None) => self.word("unknown"),
        };
        let remaining = match reading.remaining_days {
            Some(DayCount::Exactly(days)) => days.to_string(),
            Some(DayCount::Between { min, max }) => between(min.to_string(), max.to_string()),
            None if reading.not_applicable.is_some() => "-".to_owned(),
            None => self.word("unknown"),
        };
        let end = match reading.sentence_end {
            Some(SentenceEnd::On(date)) => date.to_string(),
            Some(SentenceEnd::Between { min, max }) => {
                let date = |date: Option<chrono::NaiveDate>| {
                    date.map_or_else(|| "…".to_owned(), |date| date.to_string())
                };
                between(date(min), date(max))
            }
            Some(SentenceEnd::Open) | None => "-".to_owned(),
        };
        self.page.row(&format!("  {label:<45}{credited:>13}{remaining:>15}  {end}"));
    }

    fn lines_to_fill_in(&mut self) {
        self.page.blank();
        let title = self.word("credit-fill-in");
        self.page.line(0, &title);
        for key in ["credit-case-number", "credit-second-check"] {
            self.field(2, key, WRITING_LINE);
        }
        let boxes = self.word("credit-same-figures-boxes");
        self.field(2, "credit-same-figures", &format!("{boxes} {}", &WRITING_LINE[..20]));
        self.field(2, "credit-signature", WRITING_LINE);
        debug_assert!(WRITING_LINE.len() < COLUMNS_MAX);
    }
}

//! The remainder of the sentence, worked out so that a reader can do the sum again.

use super::{Shown, Table};
use crate::domain::credit::{Calculation, Missing, ModalityCredit};
use crate::text::value::quoted;

impl Table {
    /// The three counts of the remainder, and how the calculated one comes about.
    pub(super) fn remainder(&mut self, modality: &ModalityCredit) {
        let title = self.say("part-remainder", &[("date", &modality.starts_on.to_string())]);
        self.heading("-", &title);
        let remainder = &modality.remainder;
        if let Some(calculation) = &remainder.calculation {
            self.calculation(calculation);
        }
        for (key, days) in [
            ("remainder-calculated", remainder.calculated_days),
            ("remainder-entered", remainder.entered_days),
            ("remainder-effective", remainder.effective_days),
        ] {
            let days = match days {
                Some(days) => self.count("days", days),
                None => self.word("unknown"),
            };
            self.field(2, key, &days);
        }
    }

    fn calculation(&mut self, calculation: &Calculation) {
        self.sentences(calculation);
        self.runs("remainder-imputed", calculation.imputed.iter().map(Shown::from));
        self.runs("remainder-detained", calculation.detained.iter().map(Shown::from));
        self.runs("remainder-under-earlier", calculation.under_earlier.iter().map(Shown::from));
        for imputation in &calculation.undated {
            let days = self.count("days", imputation.days);
            let sentence =
                self.say("remainder-of-sentence", &[("code", &quoted(&imputation.sentence.0))]);
            self.field(2, "remainder-undated", &format!("{days}, {sentence}"));
            let records = self.names(&imputation.records);
            self.page.wrapped(super::RECORDS_COLUMN, "", &records);
        }
        let figures = [calculation.length_days, calculation.served_days, calculation.undated_days];
        let [length, served, undated] = figures.map(|days| days.to_string());
        let left = figures[0] - figures[1] - figures[2];
        let values = [
            ("length", &*length),
            ("served", &served),
            ("undated", &undated),
            ("left", &left.max(0).to_string()),
        ];
        let sum = self.say("sum-remainder", &values);
        self.field(2, "reading-sum", &sum);
        if let Some(code) = &calculation.asks_for {
            let words = self.missing(&Missing::WorthOfEarlier(code.clone()));
            self.field(2, "reading-cannot", &words);
        }
    }

    fn sentences(&mut self, calculation: &Calculation) {
        let title = self.word("remainder-sentences");
        self.page.line(2, &title);
        let mut from = Some(calculation.from);
        for sentence in &calculation.sentences {
            let days = u64::try_from(sentence.length_days).unwrap_or_default();
            let next = from.and_then(|from| from.checked_add_days(chrono::Days::new(days)));
            let to = next.and_then(|next| next.pred_opt());
            let date = |date: Option<chrono::NaiveDate>| {
                date.map_or_else(|| self.word("unknown"), |date| date.to_string())
            };
            let length = [sentence.years, sentence.months, sentence.days].map(|n| n.to_string());
            let [years, months, days] = &length;
            let values = [
                ("code", &*quoted(&sentence.sentence.0)),
                ("judgment", &quoted(&sentence.judgment.0)),
                ("years", years),
                ("months", months),
                ("days", days),
                ("length", &sentence.length_days.to_string()),
                ("from", &date(from)),
                ("to", &date(to)),
            ];
            let mut words = self.say("remainder-sentence", &values);
            if let Some(ends_on) = sentence.ends_on {
                let date = ends_on.to_string();
                words =
                    format!("{words}; {}", self.say("remainder-registry-end", &[("date", &date)]));
            }
            self.page.line(4, &words);
            let records = self.names(&sentence.records);
            self.page.wrapped(super::RECORDS_COLUMN, "", &records);
            from = next;
        }
    }
}

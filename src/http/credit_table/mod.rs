//! The credit of days as a text with which a lawyer checks every figure by hand.
//! Always: one page of summary comes first; after it stands all that is needed to recompute the
//! figures without another source. At most 100 columns; every value is escaped by the page; no
//! sentence is in another language than the one asked for, and codes of senders stand as sent.
//! Form: `GET /v1/persons/{person}/credit` with `Accept: text/plain`.

mod remainder;
mod sources;
mod standing;
mod summary;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::credit::{
    Credit, DayCount, DayReason, ModalityCredit, Reading, ReadingName, ReasonRun, RecordedRun,
    SentenceEnd, StateRun,
};
use crate::domain::finding::RecordName;
use crate::domain::history::History;
use crate::domain::id::Position;
use crate::text::page::{COLUMNS_MAX, TextPage};
use crate::text::value::quoted;
use crate::text::words::{Language, Value, Words};

/// The column at which the records of a run are listed.
const RECORDS_COLUMN: usize = 34;

/// What the head of a page says beside the answer.
#[derive(Debug, Clone)]
pub struct Printing {
    /// The pseudonym of the person.
    pub person: String,
    /// The moment up to which records were known; `None`: the question names none.
    pub known_at: Option<String>,
    /// The position up to which the log was read.
    pub position: Position,
    /// When the page is made.
    pub printed_at: DateTime<Utc>,
    /// The language of the page.
    pub language: Language,
}

/// The credit of a person as plain text. `history` is the history from which the credit was
/// counted: the page shows what each record says.
pub fn credit_table(credit: &Credit, history: &History, printing: &Printing) -> String {
    let mut table = Table { page: TextPage::default(), words: Words::of(printing.language) };
    table.summary(credit, history, printing);
    for modality in &credit.modalities {
        table.modality(modality, credit);
    }
    if !credit.modalities.is_empty() || !credit.findings.is_empty() {
        table.findings(credit);
        table.records(credit, history);
        table.conventions(credit);
    }
    table.page.text().to_owned()
}

/// A page that is being written, in one language.
struct Table {
    page: TextPage,
    words: &'static Words,
}

impl Table {
    fn word(&self, key: &str) -> String {
        self.words.word(key)
    }

    fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        let values: Vec<(&str, Value)> =
            values.iter().map(|(name, value)| (*name, Value::from(*value))).collect();
        self.words.say(key, &values)
    }

    /// The words of a key whose only variable is the number `count`.
    fn count(&self, key: &str, count: i64) -> String {
        self.words.say(key, &[("count", Value::from(count))])
    }

    /// The words for a code of a closed list.
    fn code(&self, list: &str, code: &str) -> String {
        self.word(&format!("{list}-{code}"))
    }

    fn field(&mut self, indent: usize, key: &str, text: &str) {
        let name = self.word(key);
        self.page.field(indent, &name, text);
    }

    /// A heading after a line across the page.
    fn heading(&mut self, sign: &str, text: &str) {
        self.page.blank();
        self.page.line(0, &sign.repeat(COLUMNS_MAX));
        // Further lines of a long heading are indented, so that none begins where a heading begins.
        let (lead, rest) =
            text.split_at(text.char_indices().nth(4).map_or(text.len(), |(at, _)| at));
        self.page.wrapped(4, lead, rest);
    }

    /// One modality: everything from which its figures follow.
    fn modality(&mut self, modality: &ModalityCredit, credit: &Credit) {
        let title = self.modality_title(modality);
        self.heading("=", &title);
        self.decisions(modality);
        self.remainder(modality);
        self.day_book(modality);
        for (name, reading) in lawful_first(modality) {
            self.reading(modality, name, reading, credit);
        }
    }

    fn modality_title(&self, modality: &ModalityCredit) -> String {
        let kind = self.code("kind", modality.kind.code());
        self.say("modality-title", &[("code", &quoted(&modality.modality.0)), ("kind", &kind)])
    }

    /// The day book, with a running total for each state.
    fn day_book(&mut self, modality: &ModalityCredit) {
        let title = self.word("part-day-book");
        self.heading("-", &title);
        self.run_head();
        let mut totals: BTreeMap<DayReason, i64> = BTreeMap::new();
        for run in &modality.day_book {
            let StateRun { from, to, days, state, records } = run;
            let why = DayReason::from(*state);
            let total = totals.entry(why).or_default();
            *total += days;
            let shown = Shown { from: *from, to: *to, days: *days, why: Some(why), records };
            self.run(&shown, *total);
        }
        let total = |(state, days): (&DayReason, &i64)| {
            format!("{} {days}", self.code("day", state.code()))
        };
        let totals: Vec<String> = totals.iter().map(total).collect();
        self.field(2, "day-book-totals", &totals.join("; "));
    }

    /// One reading: the sum that gives its figure, and the dates that it counts or leaves out.
    fn reading(
        &mut self,
        modality: &ModalityCredit,
        name: ReadingName,
        reading: &Reading,
        credit: &Credit,
    ) {
        let status = self.code("status", reading.status.code());
        let title = self.code("reading", name.code());
        let mut title = format!("{}: {title}", self.say("part-reading", &[("status", &status)]));
        if modality.lawful == Some(name) {
            title = format!("{title} ({})", self.word("status-lawful"));
        }
        self.heading("-", &title);
        self.legal_source(name, reading);
        for sum in self.sums(modality, reading) {
            self.field(2, "reading-sum", &sum);
        }
        self.figures(modality, reading);
        for missing in &reading.cannot_compute {
            let words = self.missing(missing);
            self.field(2, "reading-cannot", &words);
        }
        if let Some(outcome) = reading.not_applicable {
            let outcome = self.code("outcome", outcome.code());
            let words = self.say("reading-not-applicable", &[("outcome", &outcome)]);
            self.field(2, "reading-remaining", &words);
        }
        // The court chooses its own figure: the list only names the dates that it may credit.
        let is_undecided = reading.range.is_some();
        let counted = if is_undecided { "reading-for-the-court" } else { "reading-counted" };
        self.runs(counted, reading.counted.iter().map(Shown::from));
        self.runs("reading-excluded", reading.excluded.iter().map(Shown::from));
        if credit.projected {
            let words = self.word("credit-projection");
            self.page.line(2, &words);
        }
    }

    /// The figures of a reading, one a line.
    fn figures(&mut self, modality: &ModalityCredit, reading: &Reading) {
        let figures = [
            ("reading-credited", self.credited(reading)),
            ("reading-remaining", reading.remaining_days.map(|days| self.days(days))),
            ("reading-from", modality.back_on.map(|date| date.to_string())),
            ("reading-unused", reading.unused_days.map(|days| self.count("days", days))),
            ("reading-end", reading.sentence_end.map(|end| self.end(end))),
        ];
        for (key, figure) in figures {
            if let Some(figure) = figure {
                self.field(2, key, &figure);
            }
        }
    }

    fn credited(&self, reading: &Reading) -> Option<String> {
        let range = reading.range.map(|[min, max]| self.days(DayCount::Between { min, max }));
        reading.credited_days.map(|days| self.count("days", days)).or(range)
    }

    fn days(&self, days: DayCount) -> String {
        match days {
            DayCount::Exactly(days) => self.count("days", days),
            DayCount::Between { min, max } => {
                let (min, max) = (min.to_string(), max.to_string());
                self.say("days-between", &[("min", &min), ("max", &max)])
            }
        }
    }

    fn end(&self, end: SentenceEnd) -> String {
        match end {
            SentenceEnd::Open => self.word("end-open"),
            SentenceEnd::On(date) => date.to_string(),
            SentenceEnd::Between { min, max } => {
                let date = |date: Option<_>| match date {
                    Some(date) => format!("{date}"),
                    None => self.word("end-not-reached"),
                };
                self.say("end-between", &[("min", &date(min)), ("max", &date(max))])
            }
        }
    }

    /// A list of runs with their running total.
    fn runs<'r>(&mut self, key: &str, runs: impl IntoIterator<Item = Shown<'r>>) {
        let mut runs = runs.into_iter().peekable();
        if runs.peek().is_none() {
            let none = self.word("runs-none");
            self.field(2, key, &none);
            return;
        }
        let title = self.word(key);
        self.page.line(2, &title);
        self.run_head();
        let mut total = 0;
        for run in runs {
            total += run.days;
            self.run(&run, total);
        }
    }

    fn run_head(&mut self) {
        let [from, to, days, total] =
            ["run-from", "run-to", "run-days", "run-total"].map(|key| self.word(key));
        let reason = self.word("run-reason");
        self.page.row(&format!("    {from:<10}  {to:<10}  {days:>6}  {total:>6}  {reason}"));
    }

    /// A run of dates. `total` is the running total of the list, or of the state.
    fn run(&mut self, run: &Shown<'_>, total: i64) {
        let (from, to, days) = (run.from.to_string(), run.to.to_string(), run.days);
        let lead = format!("    {from:<10}  {to:<10}  {days:>6}  {total:>6}  ");
        let reason = run.why.map(|why| self.code("day", why.code())).unwrap_or_default();
        self.page.wrapped(lead.chars().count(), &lead, &reason);
        let records = self.names(run.records);
        self.page.wrapped(RECORDS_COLUMN, "", &records);
    }

    /// The records by which something is known, each so that it can be found.
    fn names(&self, records: &[RecordName]) -> String {
        let names: Vec<String> = records.iter().map(|record| self.name(record)).collect();
        self.say("records-named", &[("names", &names.join(", "))])
    }

    fn name(&self, record: &RecordName) -> String {
        self.say("record-name", &[("id", &quoted(&record.id)), ("source", &quoted(&record.source))])
    }
}

/// A run of dates as a row shows it.
struct Shown<'r> {
    from: NaiveDate,
    to: NaiveDate,
    days: i64,
    /// `None`: the list says the reason of all its runs.
    why: Option<DayReason>,
    records: &'r [RecordName],
}

impl<'r> From<&'r ReasonRun> for Shown<'r> {
    fn from(run: &'r ReasonRun) -> Self {
        let ReasonRun { from, to, days, why, records } = run;
        Self { from: *from, to: *to, days: *days, why: Some(*why), records }
    }
}

impl<'r> From<&'r RecordedRun> for Shown<'r> {
    fn from(run: &'r RecordedRun) -> Self {
        let RecordedRun { from, to, days, records } = run;
        Self { from: *from, to: *to, days: *days, why: None, records }
    }
}

/// The readings of a modality, the one that is law for it on top.
fn lawful_first(modality: &ModalityCredit) -> Vec<(ReadingName, &Reading)> {
    let mut readings: Vec<(ReadingName, &Reading)> = modality.readings.iter().collect();
    readings.sort_by_key(|(name, _)| Some(*name) != modality.lawful);
    readings
}

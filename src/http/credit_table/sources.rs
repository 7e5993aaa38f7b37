//! What the figures rest on: the findings, the records, and the rules of counting.
//! Always: a corrected record says what it was before and since when it is corrected; an annulled
//! record is shown as annulled.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value as Json};

use super::Table;
use crate::domain::credit::{ActingChange, Credit, RecordChange, StatedContent};
use crate::domain::finding::RecordName;
use crate::domain::history::{History, Item};
use crate::domain::id::Position;
use crate::domain::source_mark::SourceMark;
use crate::text::{clock, value};

impl Table {
    /// The contradictions and gaps in the records.
    pub(super) fn findings(&mut self, credit: &Credit) {
        let title = self.word("part-findings");
        self.heading("=", &title);
        if credit.findings.is_empty() {
            let none = self.count("credit-findings-count", 0);
            self.page.line(2, &none);
        }
        for finding in &credit.findings {
            let words = self.code("finding", finding.code.code());
            self.page.field(2, finding.code.code(), &words);
            if !finding.values.is_empty() {
                let values = self.values(&finding.values);
                self.page.field(2, "", &values);
            }
            let records = self.names(&finding.records);
            self.page.field(2, "", &records);
        }
    }

    /// The numbers, dates and codes of a finding.
    fn values(&self, values: &Map<String, Json>) -> String {
        let value = |(name, value): (&String, &Json)| {
            let label = self.words.known(&format!("value-{name}"));
            format!("{}: {}", label.as_deref().unwrap_or(name), value::member(name, value))
        };
        values.iter().map(value).collect::<Vec<_>>().join("; ")
    }

    /// The records that the count read, with their corrections; then the annulled ones.
    pub(super) fn records(&mut self, credit: &Credit, history: &History) {
        let title = self.word("part-records");
        self.heading("=", &title);
        let changes: BTreeMap<u64, &RecordChange> =
            credit.changes.iter().map(|change| (change.name.position.number(), change)).collect();
        let items: HashMap<Position, &Item> =
            history.items.iter().map(|item| (item.recorded.position, item)).collect();
        for record in &credit.records {
            let words = self.event_type(record.kind);
            let lead = format!("  {}  ", clock::minute(record.time.to_utc()));
            self.page.wrapped(20, &lead, &words);
            self.placed_name(&record.name);
            if let Some(item) = items.get(&record.name.position) {
                self.page.wrapped(20, "", &value::members(&item.data()));
            }
            if let Some(change) = changes.get(&record.name.position.number()) {
                self.change(change);
            }
        }
        for change in credit.changes.iter().filter(|change| change.after.is_none()) {
            let words = self.event_type(change.kind);
            let lead = format!("  {}  ", clock::minute(change.before.time.to_utc()));
            self.page.wrapped(20, &lead, &words);
            self.placed_name(&change.name);
            self.page.wrapped(20, "", &value::members(&change.before.data));
            self.change(change);
        }
    }

    fn placed_name(&mut self, name: &RecordName) {
        let position = name.position.to_string();
        let name = self.name(name);
        let words = self.say("record-place", &[("name", &name), ("position", &position)]);
        self.page.wrapped(20, "", &words);
    }

    /// What became of a record: "corrected on …, was …", or "annulled on …".
    fn change(&mut self, change: &RecordChange) {
        for (key, by) in
            [("record-corrected", &change.corrected_by), ("record-annulled", &change.annulled_by)]
        {
            for by in by {
                let words = self.changed_by(key, by);
                self.page.wrapped(20, "", &words);
            }
        }
        if let Some(after) = &change.after {
            let was = differences(&change.before, after);
            let words = self.say("record-was", &[("members", &value::members(&was))]);
            self.page.wrapped(20, "", &words);
        }
    }

    fn changed_by(&self, key: &str, by: &ActingChange) -> String {
        let (on, name) = (clock::minute(by.recordedtime.instant()), self.name(&by.name));
        self.say(key, &[("on", &on), ("name", &name)])
    }

    /// The parameters and the rules of ours by which was counted.
    pub(super) fn conventions(&mut self, credit: &Credit) {
        let title = self.word("part-conventions");
        self.heading("=", &title);
        let parameters = &credit.parameters;
        let (boundary, absence) = (&parameters.boundary, &parameters.absence);
        let month_days = self.count("month-days", parameters.month_days.value.into());
        let texts = [
            (
                "boundary",
                self.code("boundary", boundary.value.code()),
                &boundary.source,
                boundary.mark,
            ),
            ("absence", self.code("absence", absence.value.code()), &absence.source, absence.mark),
            ("monthDays", month_days, &parameters.month_days.source, parameters.month_days.mark),
        ];
        for (name, text, source, mark) in texts {
            self.page.field(2, name, &text);
            let source = self.source_line(name, source, mark);
            self.page.field(2, "", &source);
        }
        for rule in credit.rules {
            let text = self.rule_text(&rule.name, &rule.text);
            self.page.field(2, &rule.name, &text);
            let source = self.source_line(&rule.name, &rule.source, rule.mark);
            self.page.field(2, "", &source);
            let verified = self.verified(&rule.verified_by, &rule.verified_on);
            self.page.field(2, "", &verified);
        }
    }

    /// The text of a rule: the rule file has it in English, the words have it in other languages.
    pub(super) fn rule_text(&self, name: &str, english: &str) -> String {
        self.words.known(&format!("rule-{name}")).unwrap_or_else(|| english.to_owned())
    }

    /// Where a rule comes from, and how sure that is.
    pub(super) fn source_line(&self, name: &str, english: &str, mark: SourceMark) -> String {
        let source = self.words.known(&format!("rule-source-{name}"));
        let source = source.unwrap_or_else(|| english.to_owned());
        format!("{source} ({})", self.code("mark", mark.code()))
    }

    /// Who compared a rule with its source.
    pub(super) fn verified(&self, who: &str, when: &str) -> String {
        match who {
            "nobody yet" => self.word("verified-nobody"),
            who => self.say("verified-by", &[("who", who), ("when", when)]),
        }
    }

    /// The type of an event in words.
    pub(super) fn event_type(&self, name: &str) -> String {
        self.word(&format!("type-{}", name.replace('.', "-")))
    }
}

/// The members of the first content that the second has not, or has otherwise.
fn differences(before: &StatedContent, after: &StatedContent) -> Map<String, Json> {
    let changed = |(name, value): &(&String, &Json)| after.data.get(*name) != Some(*value);
    let members = before.data.iter().filter(changed);
    let mut was: Map<String, Json> =
        members.map(|(name, value)| (name.clone(), value.clone())).collect();
    if before.time != after.time {
        was.insert("time".to_owned(), before.time.to_rfc3339().into());
    }
    was
}

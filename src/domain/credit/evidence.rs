//! The records that each run of dates rests on.
//! Always: a run names the records that begin or end whatever holds on its dates or beside them,
//! and the records that keep something else from holding there.
//! Rules: "Readings" of the credit rules (`records`).

use chrono::NaiveDate;

use super::custody::one_date;
use super::modality::EndCause;
use super::outcome::CreditOutcome;
use super::work::{CreditInput, WorkedModality};
use crate::domain::finding::RecordName;
use crate::domain::history::DatedFact;
use crate::domain::time::dates::{DateRun, DateSet, day_after, day_before};
use crate::domain::vocabulary::choice::LegalStatus;

/// Records that matter for the dates of a run.
struct Span {
    run: DateRun,
    records: Vec<usize>,
}

/// Which spans a run rests on, besides those of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// Custody and suspensions: the state of a date.
    State,
    /// Presences and their absences.
    Stays,
}

/// The spans of one modality.
pub(super) struct Evidence<'i, 'a> {
    input: &'i CreditInput<'a>,
    grant: usize,
    window: Vec<Span>,
    state: Vec<Span>,
    stays: &'i StaySpans,
}

/// The spans of all presences, prepared once for all modalities.
pub(super) struct StaySpans(Vec<Span>);

impl StaySpans {
    pub fn new(input: &CreditInput<'_>) -> Self {
        let (at, rule) = (input.counted.at, input.query.absence);
        let mut spans = Vec::new();
        for presence in &input.stays.presences {
            let run = presence.run(at);
            let end = presence.end.record();
            spans.push(span(run, [Some(presence.admitted), end]));
            for absence in presence.unauthorised() {
                let taken = presence.dates_taken(absence, at, rule);
                spans.push(span(taken, [Some(absence.start), absence.end]));
                let after = absence.end.map(|end| DateRun { first: end.date, last: run.last });
                spans.extend(after.map(|after| span(after, [absence.end])));
            }
        }
        Self(spans)
    }
}

fn span<'a>(run: DateRun, records: impl IntoIterator<Item = Option<DatedFact<'a>>>) -> Span {
    Span { run, records: records.into_iter().flatten().map(|record| record.place).collect() }
}

impl<'i, 'a> Evidence<'i, 'a> {
    pub fn new(
        input: &'i CreditInput<'a>,
        worked: &WorkedModality<'i, 'a>,
        stays: &'i StaySpans,
    ) -> Self {
        let mut evidence = Self {
            input,
            grant: worked.modality.grant.place,
            window: Vec::new(),
            state: Vec::new(),
            stays,
        };
        evidence.add_window(worked);
        evidence.add_going_on(worked);
        evidence.add_closing(worked);
        evidence.add_custody(worked);
        evidence.add_imputations(worked);
        evidence
    }

    /// What opens, closes and bounds the window and the day book.
    fn add_window(&mut self, worked: &WorkedModality<'_, 'a>) {
        let (modality, end) = (worked.modality, worked.end);
        let grant_of = |next: usize| self.input.modalities[next].grant;
        let mut from = |first: NaiveDate, record: DatedFact| {
            self.window.push(span(DateRun { first, last: NaiveDate::MAX }, [Some(record)]));
        };
        let last = worked.window.last().unwrap_or(day_before(modality.starts_on));
        for cause in &end.causes {
            // Without the end the window could open again.
            from(
                day_after(last.min(end.on)),
                match cause {
                    EndCause::Replaced(next) => grant_of(*next),
                    EndCause::Revoked(r) | EndCause::Ended(r) | EndCause::FinalRelease(r) => *r,
                },
            );
        }
        if let Some(next) = end.next {
            from(self.input.modalities[next].starts_on, grant_of(next));
        }
        if let Some(release) = end.final_release {
            from(day_after(release.date), release);
        }
        for (first, record) in &end.never_began {
            from(*first, *record);
        }
        for revocation in &modality.all_revocations {
            if let Some(restored) = revocation.restored_by {
                from(revocation.effective_on, restored);
            }
        }
        if let Some(death) = self.input.counted.death {
            from(day_after(death.date), death);
        }
    }

    /// What the person is the day after a recorded end, if that keeps the modality from being over.
    fn add_going_on(&mut self, worked: &WorkedModality<'_, 'a>) {
        if !worked.end.is_from_end() || worked.outcome == CreditOutcome::Ended {
            return;
        }
        let next = one_date(day_after(worked.end.on));
        let from_then_on = DateRun { first: next.first, last: NaiveDate::MAX };
        let custody = &self.input.custody;
        for title in custody.titles.iter().filter(|title| title.run.meets(next)) {
            let arrival = custody.detentions[title.detention].arrival;
            self.window.push(span(from_then_on, [Some(arrival), title.changed_by]));
        }
        for escape in self.input.escapes.iter().filter(|escape| escape.run.meets(next)) {
            self.window.push(span(from_then_on, [Some(escape.start), escape.detained_by]));
        }
    }

    /// The detentions after the last date of a window, which keep it closed to the end.
    fn add_closing(&mut self, worked: &WorkedModality<'_, 'a>) {
        let (modality, end) = (worked.modality, worked.end);
        if modality.kind().is_lived_inside() {
            return;
        }
        let detentions = &self.input.custody.detentions;
        let last = worked.window.last().unwrap_or(day_before(modality.starts_on));
        let first = detentions.partition_point(|d| d.run.first <= last);
        let past = detentions.partition_point(|d| d.run.first <= end.on);
        let past = worked.window.closed_by.map_or(past, |closed_by| past.min(closed_by + 1));
        let closing = detentions.get(first..past).unwrap_or_default();
        if closing.is_empty() {
            return;
        }
        // The release before them lets the first of them begin a detention.
        let before = first.checked_sub(1).and_then(|before| detentions[before].release);
        let releases = closing.iter().filter_map(|detention| detention.release);
        let releases = releases.chain(before).map(|(release, _)| release);
        let arrivals = closing.iter().map(|detention| detention.arrival);
        let run = DateRun { first: day_after(last), last: NaiveDate::MAX };
        self.window.push(span(run, arrivals.chain(releases).map(Some)));
    }

    /// Detentions, titles, escapes and suspensions.
    fn add_custody(&mut self, worked: &WorkedModality<'_, 'a>) {
        let (custody, at) = (&self.input.custody, self.input.counted.at);
        for (index, detention) in custody.detentions.iter().enumerate() {
            let release = detention.release.map(|(release, _)| release);
            self.state.push(span(detention.run, [Some(detention.arrival), release]));
            // Without the release the detention would go on to the next release.
            let next = custody.detentions.get(index + 1).map_or(at, |next| next.run.last);
            let after = release.map(|release| DateRun { first: release.date, last: next });
            self.state.extend(after.map(|after| span(after, [release])));
        }
        for title in custody.titles.iter().filter(|title| title.changed_by.is_some()) {
            self.state.push(span(title.run, [title.changed_by]));
        }
        for escape in &self.input.escapes {
            let run = DateRun { first: escape.start.date, ..escape.run };
            self.state.push(span(run, [Some(escape.start), escape.end, escape.detained_by]));
            if escape.detained_by.is_none() {
                // Such an escape counts because of a modality that is lived inside.
                let on = one_date(escape.start.date);
                let inside = self.input.lived_inside().filter(|(dates, _)| dates.meets(on));
                self.state.extend(inside.map(|(_, grant)| span(run, [Some(grant)])));
            }
            if let Some(end) = escape.end {
                let on = one_date(end.date);
                let inside = custody.detentions.iter().rev().find(|d| d.run.meets(on));
                let last = inside.map_or(at, |detention| detention.run.last);
                self.state.push(span(DateRun { first: end.date, last }, [Some(end)]));
            }
        }
        for suspension in &worked.suspensions {
            self.state.push(span(suspension.run, [Some(suspension.record), suspension.lifted_by]));
            let after = suspension.lifted_by.map(|lift| DateRun { first: lift.date, last: at });
            self.state.extend(after.map(|after| span(after, [suspension.lifted_by])));
        }
        self.add_served_from(worked);
    }

    /// The suspension or revocation from which a detention for new facts is served by its title.
    fn add_served_from(&mut self, worked: &WorkedModality<'_, 'a>) {
        let (modality, at) = (worked.modality, self.input.counted.at);
        for detention in &self.input.custody.detentions {
            let is_convicted = detention.status == LegalStatus::Convicted;
            if is_convicted || detention.run.first < modality.starts_on {
                continue;
            }
            let until = |first: NaiveDate| DateRun {
                first: first.max(detention.run.first),
                last: detention.run.last,
            };
            let revoked = modality.revocations().filter(|r| r.effective_on <= at);
            let revoked = revoked.map(|r| span(until(r.effective_on), [Some(r.record)]));
            let suspended = worked.suspensions.iter().filter(|s| s.run.meets(detention.run));
            let suspended = suspended.map(|s| span(until(s.run.first), [Some(s.record)]));
            self.state.extend(revoked.chain(suspended));
        }
    }

    /// The imputations, for dates in prison that they make served.
    fn add_imputations(&mut self, worked: &WorkedModality<'_, 'a>) {
        let sentences = &worked.counting.sentences;
        for imputation in &worked.counting.dated {
            let Some(run) = imputation.agreeing_dates() else { continue };
            let sentence = sentences.iter().find(|sentence| sentence.id == imputation.sentence);
            let records =
                [Some(imputation.record), sentence.map(|s| s.first), sentence.map(|s| s.last)];
            for run in self.input.detained.intersect(&DateSet::new([run])).runs() {
                self.state.push(span(run, records));
            }
        }
    }

    /// For each run, in the order of dates, the names of the records that it rests on.
    pub fn names(&self, runs: &[DateRun], layers: &[Layer]) -> Vec<Vec<RecordName>> {
        let mut records: Vec<Vec<usize>> = vec![vec![self.grant]; runs.len()];
        let state = layers.contains(&Layer::State).then_some(&self.state);
        let stays = layers.contains(&Layer::Stays).then_some(&self.stays.0);
        let spans = [Some(&self.window), state, stays];
        for span in spans.into_iter().flatten().flatten() {
            // A span beside a run matters too: it bounds the run.
            let (before, after) = (day_before(span.run.first), day_after(span.run.last));
            let first = runs.partition_point(|run| run.last < before);
            let meeting = runs[first..].iter().take_while(|run| run.first <= after);
            for (_, records) in meeting.zip(&mut records[first..]) {
                records.extend(&span.records);
            }
        }
        records.into_iter().map(|places| self.input.counted.names(places)).collect()
    }
}

//! The credit of days as a text table with which a lawyer checks every figure by hand.
//! Always: at most 100 columns. Every counted and excluded run is printed with its records, and a
//! Dutch legal term is printed beside the English one.

use chrono::NaiveDate;

use crate::domain::credit::rules::{CreditRules, Parameter, ReadingName, ReadingStatus};
use crate::domain::credit::{
    Calculation, Credit, DayCount, DayReason, DayState, DecidedBy, ModalityCredit, Reading,
    ReasonRun, SentenceEnd,
};
use crate::domain::finding::RecordName;
use crate::domain::source_mark::SourceMark;
use crate::domain::vocabulary::choice::ModalityKind;
use crate::text::clock;
use crate::text::page::{COLUMNS_MAX, TextPage};

/// The credit of a person as plain text. `known_at`: the moment in the parameter `known`.
pub fn credit_table(credit: &Credit, person: &str, known_at: Option<&str>) -> String {
    let mut page = TextPage::default();
    page.line(0, "CREDIT OF DAYS (aftrek van dagen op het strafrestant)");
    page.blank();
    head(&mut page, credit, person, known_at);
    if credit.modalities.is_empty() {
        page.blank();
        page.line(0, "No modality is recorded up to this date: there is nothing to credit.");
    }
    for modality in &credit.modalities {
        page.blank();
        modality_part(&mut page, modality);
    }
    page.blank();
    findings(&mut page, credit);
    page.blank();
    records(&mut page, credit);
    page.text().to_owned()
}

fn head(page: &mut TextPage, credit: &Credit, person: &str, known_at: Option<&str>) {
    page.field(0, "Person", person);
    page.field(0, "On", &credit.at.to_string());
    if credit.counted_to != credit.at {
        page.field(0, "Counted to", &format!("{}: today, or the death", credit.counted_to));
    }
    if credit.projected {
        let label = "PROJECTION: dates after today are counted as if nothing changes";
        page.field(0, "Label", label);
    }
    page.field(0, "Known", known_at.unwrap_or("all that is recorded"));
    page.field(0, "Rules", &format!("{} {}", credit.ruleset.id, credit.ruleset.version));
    page.field(0, "Unit", "a day is a civil date in Belgium; a date counts once");
    let parameters = &credit.parameters;
    parameter(page, "boundary", parameters.boundary.value.code(), &parameters.boundary);
    parameter(page, "absence", parameters.absence.value.code(), &parameters.absence);
    let month_days = parameters.month_days.value.to_string();
    parameter(page, "monthDays", &month_days, &parameters.month_days);
}

fn parameter<T>(page: &mut TextPage, name: &str, value: &str, parameter: &Parameter<T>) {
    let Parameter { text, source, mark, verified_by, verified_on, .. } = parameter;
    page.field(0, &format!("Parameter {name}"), &format!("{value}. {text}"));
    page.field(0, "", &format!("Source: {source} ({}).", mark_words(*mark)));
    page.field(0, "", &format!("Verified by: {verified_by}; on: {verified_on}."));
}

fn modality_part(page: &mut TextPage, modality: &ModalityCredit) {
    let kind = kind_words(modality.kind);
    page.line(0, &"=".repeat(COLUMNS_MAX));
    page.line(0, &format!("MODALITY {}: {kind}", modality.modality));
    page.field(2, "Judgment (vonnis)", &modality.judgment.0);
    page.field(2, "Outcome", modality.outcome.code());
    if let Some(on) = modality.if_revoked_on {
        let words = format!("the figures are those of a revocation that takes effect on {on}");
        page.field(2, "", &words);
    }
    let lawful = modality.lawful.map_or("no rule was found", ReadingName::code);
    page.field(2, "Law (wet)", lawful);
    for window in &modality.windows {
        let days = (window.to - window.from).num_days() + 1;
        let words = format!("{} to {}, {days} days", window.from, window.to);
        page.field(2, "Window (periode)", &words);
    }
    if modality.windows.is_empty() {
        let words = format!("empty; it starts on {}", modality.starts_on);
        page.field(2, "Window (periode)", &words);
    }
    let remainder = &modality.remainder;
    let count = |days: Option<i64>| days.map_or("unknown".to_owned(), |d| format!("{d} days"));
    let entered = format!("{} (strafrestant)", count(remainder.entered_days));
    page.field(2, "Remainder entered", &entered);
    page.field(2, "Remainder calculated", &count(remainder.calculated_days));
    if let Some(calculation) = &remainder.calculation {
        working(page, calculation);
    }
    page.field(2, "Remainder effective", &count(remainder.effective_days));
    let back = modality.back_on.map_or("not up to this date".to_owned(), |on| on.to_string());
    page.field(2, "Back in prison", &format!("{back} (wederopsluiting)"));
    page.field(2, "Under the modality", &format!("{} days", modality.modality_days));
    page.field(2, "In treatment", &format!("{} days", modality.treatment_days));
    page.field(2, "Served inside", &format!("{} days", modality.served_inside_days));
    page.line(2, "Day book (dagboek)");
    for run in &modality.day_book {
        let state = state_words(run.state);
        page.line(4, &format!("{}  {}  {:>7}  {state}", run.from, run.to, run.days));
        page.wrapped(34, "", &format!("records: {}", names(&run.records)));
    }
    for (name, reading) in modality.readings.iter() {
        page.blank();
        reading_part(page, name, reading);
    }
}

/// The parts of the calculated remainder.
fn working(page: &mut TextPage, calculation: &Calculation) {
    let Calculation { from, length_days, served_days, undated_days, .. } = calculation;
    page.field(2, "", &format!("{length_days} days of sentence (straf) from {from}"));
    page.field(2, "", &format!("- {served_days} dates imputed or served before this modality"));
    page.field(2, "", &format!("- {undated_days} days imputed without dates (toerekening)"));
    for sentence in &calculation.sentences {
        page.field(
            2,
            "",
            &format!("sentence {} records: {}", sentence.sentence, names(&sentence.records)),
        );
    }
    let served = [&calculation.imputed, &calculation.detained, &calculation.under_earlier];
    for run in served.into_iter().flatten() {
        let words = format!("{} to {} records: {}", run.from, run.to, names(&run.records));
        page.field(2, "", &words);
    }
    for imputation in &calculation.undated {
        let words = format!("{} days records: {}", imputation.days, names(&imputation.records));
        page.field(2, "", &words);
    }
}

fn reading_part(page: &mut TextPage, name: ReadingName, reading: &Reading) {
    let rule = CreditRules::shipped().readings.of(name);
    page.line(2, &"-".repeat(COLUMNS_MAX - 2));
    page.line(2, &format!("READING {}: {} ({})", name.code(), rule.title, rule.dutch));
    page.field(4, "Status", status_words(reading.status));
    page.field(4, "Article (artikel)", &reading.source.article);
    page.field(4, "Text", &reading.source.text);
    page.field(4, "Source", &format!("{} ({})", rule.source, mark_words(rule.mark)));
    let verified = format!("by {}; on: {}", reading.source.verified_by, reading.source.verified_on);
    page.field(4, "Verified", &verified);
    // The court chooses its own figure; the table only lists the days that the court may credit.
    let decides = name == ReadingName::CourtDecision;
    let counted = if decides { "For the court (voor de rechter)" } else { "Counted (meegeteld)" };
    runs(page, counted, &reading.counted);
    runs(page, "Not counted (niet meegeteld)", &reading.excluded);
    figures(page, reading);
}

fn figures(page: &mut TextPage, reading: &Reading) {
    let days = |days: DayCount| match days {
        DayCount::Exactly(days) => format!("{days} days"),
        DayCount::Between { min, max } => format!("{min} to {max} days, as the court decides"),
    };
    if let Some(DecidedBy { judgment, record }) = &reading.decided_by {
        let words = format!("judgment (vonnis) {judgment}; record: {}", record.id);
        page.field(4, "Decided by (beslist door)", &words);
    }
    match (reading.credited_days, reading.range) {
        (Some(credited), _) => page.field(4, "Credited (aftrek)", &format!("{credited} days")),
        (None, Some([min, max])) => {
            let range = format!("{min} to {max} days, as the court decides");
            page.field(4, "Credited (aftrek)", &range);
        }
        (None, None) => page.field(4, "Credited (aftrek)", "unknown"),
    }
    if let Some(remaining) = reading.remaining_days {
        page.field(4, "Remaining (te ondergaan)", &days(remaining));
    }
    if let Some(unused) = reading.unused_days.filter(|unused| *unused != 0) {
        page.field(4, "Unused (niet benut)", &format!("{unused} days"));
    }
    if let Some(end) = reading.sentence_end {
        page.field(4, "End (strafeinde)", &end_words(end));
    }
    for pending in &reading.pending {
        let words = |name: &str, days: Option<i64>| {
            days.map_or(String::new(), |days| format!("; {days} days {name}"))
        };
        let (left, credited) = (pending.remaining_days, pending.credited_days);
        let words = format!(
            "judgment (vonnis) {}{}{}",
            pending.judgment,
            words("left", left),
            words("credited", credited)
        );
        page.field(4, "Not decided yet", &words);
    }
    if let Some(outcome) = reading.not_applicable {
        page.field(4, "Not applicable", outcome.code());
    }
    for missing in &reading.cannot_compute {
        page.field(4, "CANNOT COMPUTE", missing);
    }
}

fn end_words(end: SentenceEnd) -> String {
    match end {
        SentenceEnd::Open => "no end can be told".to_owned(),
        SentenceEnd::On(date) => date.to_string(),
        SentenceEnd::Between { min, max } => {
            let end = |date: Option<NaiveDate>| date.map_or("open".to_owned(), |d| d.to_string());
            format!("{} to {}, as the court decides", end(min), end(max))
        }
    }
}

fn runs(page: &mut TextPage, title: &str, runs: &[ReasonRun]) {
    if runs.is_empty() {
        page.field(4, title, "no date");
        return;
    }
    page.line(4, title);
    page.line(6, &format!("{:<10}  {:<10}  {:>7}  {:>7}  reason", "from", "to", "days", "total"));
    let mut total = 0;
    for run in runs {
        total += run.days;
        let (from, to, days) = (run.from.to_string(), run.to.to_string(), run.days);
        let why = why_words(run.why);
        page.line(6, &format!("{from:<10}  {to:<10}  {days:>7}  {total:>7}  {why}"));
        let records = format!("records: {}", names(&run.records));
        page.wrapped(48, "", &records);
    }
}

fn findings(page: &mut TextPage, credit: &Credit) {
    page.line(0, &"=".repeat(COLUMNS_MAX));
    if credit.findings.is_empty() {
        page.line(0, "FINDINGS: none.");
        return;
    }
    page.line(0, "FINDINGS (they never change a figure)");
    for finding in &credit.findings {
        page.field(2, finding.code.code(), &finding.message);
        page.field(2, "", &format!("records: {}", names(&finding.records)));
    }
}

fn names(records: &[RecordName]) -> String {
    let names: Vec<String> =
        records.iter().map(|record| format!("{} of {}", record.id, record.source)).collect();
    names.join(", ")
}

/// The records whose ids the table names.
fn records(page: &mut TextPage, credit: &Credit) {
    page.line(0, &"=".repeat(COLUMNS_MAX));
    page.line(0, "RECORDS read (gelezen stukken), as they stand, by the clock in Belgium");
    for record in &credit.records {
        let time = clock::minute(record.time.to_utc());
        page.line(2, &format!("{time}  {}", record.kind));
        page.wrapped(20, "", &format!("{} of {}", record.name.id, record.name.source));
    }
}

fn mark_words(mark: SourceMark) -> &'static str {
    match mark {
        SourceMark::S => "read in the source named",
        SourceMark::C => "read in a public repository",
        SourceMark::K => "general knowledge, confirmed nowhere",
        SourceMark::NotFound => "no source found",
        SourceMark::Ours => "a choice of this project, confirmed nowhere",
    }
}

fn kind_words(kind: ModalityKind) -> &'static str {
    match kind {
        ModalityKind::LimitedDetention => "limited detention (beperkte detentie)",
        ModalityKind::ElectronicMonitoring => "electronic monitoring (elektronisch toezicht)",
        ModalityKind::ConditionalRelease => {
            "conditional release (voorwaardelijke invrijheidstelling)"
        }
        ModalityKind::ProvisionalRelease => "provisional release (voorlopige invrijheidstelling)",
        ModalityKind::TransitionHouse => "transition house (transitiehuis)",
        ModalityKind::EarlyRelease => "early release (vervroegde invrijheidstelling)",
        ModalityKind::TrialRelease => "trial release (invrijheidstelling op proef)",
    }
}

fn status_words(status: ReadingStatus) -> &'static str {
    match status {
        ReadingStatus::WorstCase => "worstCase: a court may order the whole remainder",
        ReadingStatus::Law => "law: plain deduction, nothing to decide",
        ReadingStatus::Court => "court: the judge decides, not this table",
        ReadingStatus::Proposal => "proposal: asked for, NOT THE LAW",
    }
}

fn state_words(state: DayState) -> &'static str {
    match state {
        DayState::UnderModality => "under the modality (onder de modaliteit)",
        DayState::Served => "served in prison (ondergaan)",
        DayState::OtherTitle => "in prison under another title (andere titel)",
        DayState::UnlawfullyAway => "away without right (ontvlucht)",
        DayState::Suspended => "suspended (geschorst)",
        DayState::AtLarge => "at large (in vrijheid)",
    }
}

fn why_words(why: DayReason) -> &'static str {
    match why {
        DayReason::InTreatment => "in treatment (in behandeling)",
        DayReason::UnderModality => state_words(DayState::UnderModality),
        DayReason::OutsideWindow => "outside the modality (buiten de modaliteit)",
        DayReason::Served => state_words(DayState::Served),
        DayReason::OtherTitle => state_words(DayState::OtherTitle),
        DayReason::UnlawfullyAway => state_words(DayState::UnlawfullyAway),
        DayReason::Suspended => state_words(DayState::Suspended),
        DayReason::AtLarge => state_words(DayState::AtLarge),
        DayReason::UnauthorisedAbsence => "absent without leave (ongeoorloofd afwezig)",
        DayReason::ClosingDate => "closing date (laatste dag van het verblijf)",
    }
}

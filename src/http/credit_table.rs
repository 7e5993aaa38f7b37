//! The credit of days as a text table with which a lawyer checks every figure by hand.
//! Always: at most 100 columns. Every counted and excluded run is printed with its records, and a
//! Dutch legal term is printed beside the English one.

use crate::domain::credit::rules::{CreditRules, Parameter, ReadingName, ReadingStatus};
use crate::domain::credit::{
    Calculation, Credit, DayCount, DayReason, DayRun, DecidedBy, ModalityCredit, Reading,
    Remainder, SentenceEnd,
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
    parameter(page, "boundary", credit.boundary.code(), &credit.parameters.boundary);
    let month_days = credit.month_days.number().to_string();
    parameter(page, "monthDays", &month_days, &credit.parameters.month_days);
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
    let window = match modality.window {
        Some(w) => {
            format!("{} to {}, {} days", w.from, w.to, (w.to - w.from).num_days() + 1)
        }
        None => format!("empty: it should have started on {}", modality.starts_on),
    };
    page.field(2, "Window (periode)", &window);
    let Remainder { entered_days, calculated_days, effective_days } = modality.remainder;
    let count = |days: Option<i64>| days.map_or("unknown".to_owned(), |d| format!("{d} days"));
    page.field(2, "Remainder entered", &format!("{} (strafrestant)", count(entered_days)));
    page.field(2, "Remainder calculated", &count(calculated_days));
    if let Some(calculation) = &modality.calculation {
        working(page, calculation);
    }
    page.field(2, "Remainder effective", &count(effective_days));
    let back = modality.back_on.map_or("not up to this date".to_owned(), |on| on.to_string());
    page.field(2, "Back in prison", &format!("{back} (wederopsluiting)"));
    page.field(2, "Compliant", &format!("{} days", modality.compliant_days));
    page.field(2, "In treatment", &format!("{} days", modality.treatment_days));
    for (name, reading) in modality.readings.iter() {
        page.blank();
        reading_part(page, name, reading);
    }
    page.blank();
    differences(page, modality);
}

/// The parts of the calculated remainder.
fn working(page: &mut TextPage, calculation: &Calculation) {
    let Calculation { from, length_days, imputed_days, served_days, events } = calculation;
    let sentence = format!("{length_days} days of sentence (straf) from {from}");
    page.field(2, "", &sentence);
    page.field(2, "", &format!("- {imputed_days} days imputed (toerekening)"));
    page.field(2, "", &format!("- {served_days} dates served before this modality (ondergaan)"));
    page.field(2, "", &format!("records: {}", events.join(", ")));
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
    if let Some(DecidedBy { judgment, event }) = &reading.decision {
        let words = format!("judgment (vonnis) {judgment}; record: {event}");
        page.field(4, "Decided by (beslist door)", &words);
    }
    match (reading.credited_days, reading.range) {
        (Some(credited), _) => page.field(4, "Credited (aftrek)", &format!("{credited} days")),
        (None, Some([min, max])) => {
            let range = format!("{min} to {max} days, as the court decides");
            page.field(4, "Credited (aftrek)", &range);
        }
        (None, None) => page.field(4, "Credited (aftrek)", "unknown: the remainder is not known"),
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
    for missing in &reading.cannot_compute {
        page.field(4, "CANNOT COMPUTE", missing);
    }
}

fn end_words(end: SentenceEnd) -> String {
    match end {
        SentenceEnd::NoReturn => "no date: not back in prison up to this date".to_owned(),
        SentenceEnd::On(date) => date.to_string(),
        SentenceEnd::Between { min, max } => format!("{min} to {max}, as the court decides"),
    }
}

fn runs(page: &mut TextPage, title: &str, runs: &[DayRun]) {
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
        let records = format!("records: {}", run.events.join(", "));
        page.wrapped(48, "", &records);
    }
}

/// The difference between each reading and the floor, in days still to serve.
fn differences(page: &mut TextPage, modality: &ModalityCredit) {
    page.line(2, &"-".repeat(COLUMNS_MAX - 2));
    page.line(2, "DIFFERENCE between readings, in days still to serve");
    let floor = modality.readings.none.remaining_days;
    for (name, reading) in modality.readings.iter().skip(1) {
        let words = match (floor, reading.remaining_days) {
            (Some(DayCount::Exactly(floor)), Some(DayCount::Exactly(days))) => fewer(floor - days),
            (Some(DayCount::Exactly(floor)), Some(DayCount::Between { min, max })) => {
                format!("{} to {} fewer than none, as the court decides", floor - max, floor - min)
            }
            _ => "cannot compute".to_owned(),
        };
        page.field(4, name.code(), &words);
    }
}

fn fewer(days: i64) -> String {
    if days < 0 { format!("{} more than none", -days) } else { format!("{days} fewer than none") }
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
        page.wrapped(20, "", &format!("{} of {}", record.id, record.source));
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
        ReadingStatus::LowerBound => "lowerBound: the floor under the other readings",
        ReadingStatus::Law => "law: plain deduction, nothing to decide",
        ReadingStatus::Court => "court: the judge decides, not this table",
        ReadingStatus::Proposal => "proposal: asked for, NOT THE LAW",
    }
}

fn why_words(why: DayReason) -> &'static str {
    match why {
        DayReason::InTreatment => "in treatment (in behandeling)",
        DayReason::UnderModality => "under the modality (onder de modaliteit)",
        DayReason::OutsideWindow => "outside the modality (buiten de modaliteit)",
        DayReason::Detained => "detained (opgesloten)",
        DayReason::Suspended => "suspended (geschorst)",
        DayReason::UnauthorisedAbsence => "absent without leave (ongeoorloofd afwezig)",
        DayReason::ClosingDate => "closing date (laatste dag van het verblijf)",
    }
}

//! What was left to serve as a modality starts: the sentences, what was served and imputed.
//! Always: only records and earlier modalities count, never a later modality.
//! Text: `credit.md`, "Base".

use std::collections::BTreeSet;

use chrono::{Datelike as _, Days, NaiveDate};

use super::Told;
use super::modality::{EndFrom, Modality, OTHER_TITLE};
use super::records::{Key, Record};
use super::sets::{Dates, dates, previous};

/// A counting sentence at its place in the chain, with the date after its last.
#[derive(Debug, Clone)]
pub struct Sentence {
    pub key: Key,
    pub content: usize,
    pub until: NaiveDate,
}

#[derive(Debug, Clone, Default)]
pub struct Base {
    pub sentences: Vec<Sentence>,
    /// I: the imputed dates.
    pub imputed: Dates,
    /// The imputations by date, and those counted by their figure.
    pub dated: Vec<usize>,
    pub undated: Vec<usize>,
    /// U: the days imputed by figure.
    pub undated_days: i64,
    pub calculated: Option<i64>,
    /// The earlier release whose worth is the court's to say.
    pub asks_for: Option<String>,
}

/// The base of a modality, from the earlier ones.
pub fn base(records: &[Record], modality: &Modality, earlier: &[Told], scene: &Scene) -> Base {
    let mut base = Base::default();
    let counting = counting(records, modality, earlier);
    impute(records, &counting, &mut base);
    let Some(first) = counting.first() else { return base };
    let served = served_before(modality, earlier, scene);
    let content = |key: &Key| {
        let told = |r: &Record| is_sentence(r, key) && r.date <= modality.starts;
        records.iter().rposition(told).expect("a counting sentence was pronounced by then")
    };
    let first_said = records
        .iter()
        .position(|r| is_sentence(r, first))
        .expect("a counting sentence was pronounced");
    let said = records[content(first)].day("startsOn");
    let from_first = dates(records[first_said].date, previous(modality.starts));
    let chain_start = said
        .or_else(|| served.intersection(&from_first).next().copied())
        .unwrap_or(modality.starts);
    let mut from = chain_start;
    for key in &counting {
        let content = content(key);
        let until = after(from, &records[content], scene.month_days);
        base.sentences.push(Sentence { key: key.clone(), content, until });
        from = until;
    }
    let length = (from - chain_start).num_days();
    let before = |date: &&NaiveDate| **date < modality.starts;
    let imputed: Dates = base.imputed.iter().filter(before).copied().collect();
    let within = dates(chain_start, previous(modality.starts));
    let covered = &imputed | &(&served & &within);
    let left = length - covered.len() as i64 - base.undated_days;
    let is_releases = |told: &&Told| {
        let kinds = ["conditionalRelease", "provisionalRelease", "earlyRelease", "trialRelease"];
        kinds.contains(&told.modality.kind.as_str())
            && told.lived().iter().any(|date| *date >= chain_start)
            && told.outcome != "ended"
    };
    base.asks_for = earlier.iter().find(is_releases).map(|told| told.modality.key.1.clone());
    base.calculated = base.asks_for.is_none().then_some(left.max(0));
    base
}

/// What of the question a base depends on.
pub struct Scene<'a> {
    pub detained: &'a Dates,
    pub month_days: u32,
}

/// D' ∪ X: detention that is not under another title, and dates lived under modalities that serve.
fn served_before(modality: &Modality, earlier: &[Told], scene: &Scene) -> Dates {
    let mut served = scene.detained.clone();
    for told in earlier {
        served.retain(|date| told.book.get(date) != Some(&OTHER_TITLE));
    }
    for told in earlier {
        let kinds = ["limitedDetention", "electronicMonitoring", "transitionHouse"];
        if kinds.contains(&told.modality.kind.as_str()) {
            served.extend(told.lived());
        }
    }
    served.retain(|date| *date < modality.starts);
    served
}

fn is_sentence(record: &Record, key: &Key) -> bool {
    record.is("sentence.pronounced") && record.key("sentence") == *key
}

/// The sentences that count, in the order of their first records.
fn counting(records: &[Record], modality: &Modality, earlier: &[Told]) -> Vec<Key> {
    let mut seen = BTreeSet::new();
    let mut counting = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let key = record.key("sentence");
        if !record.is("sentence.pronounced") || !seen.insert(key.clone()) {
            continue;
        }
        let closes = |other: &usize| {
            let closing = &records[*other];
            *other > place
                && closing.date < modality.starts
                && (closing.is_final_release() || ended_by(earlier, *other))
        };
        if record.date <= modality.starts && !(0..records.len()).any(|other| closes(&other)) {
            counting.push(key);
        }
    }
    counting
}

/// Whether E of an earlier modality that ended is from this record.
fn ended_by(earlier: &[Told], place: usize) -> bool {
    earlier.iter().any(|told| {
        let from = &told.modality.end_from;
        told.outcome == "ended"
            && told.modality.end >= told.modality.starts
            && (from.contains(&EndFrom::Ended(place))
                || from.contains(&EndFrom::FinalRelease(place)))
    })
}

/// Fills in I and U from the imputations of counting sentences.
fn impute(records: &[Record], counting: &[Key], base: &mut Base) {
    let own =
        |r: &&Record| r.is("sentence.detentionImputed") && counting.contains(&r.key("sentence"));
    let places = || (0..records.len()).filter(|place| own(&&records[*place]));
    base.dated = places().filter(|place| imputes_by_date(&records[*place])).collect();
    for place in &base.dated {
        base.imputed.extend(imputed_dates(&records[*place]).expect("it is dated"));
    }
    let named = |place: usize| (records[place].key("sentence"), records[place].number("days"));
    let by_date: BTreeSet<_> = base.dated.iter().map(|place| named(*place)).collect();
    base.undated =
        places().filter(|p| !base.dated.contains(p) && !by_date.contains(&named(*p))).collect();
    let each: BTreeSet<_> = base.undated.iter().map(|place| named(*place)).collect();
    base.undated_days = each.iter().filter_map(|(_, days)| *days).sum();
}

/// The dates of an imputation that names both ends.
pub fn imputed_dates(record: &Record) -> Option<Dates> {
    Some(dates(record.day("from")?, record.day("to")?))
}

/// Whether `days` is the number of the dates.
pub fn imputes_by_date(record: &Record) -> bool {
    let days = record.number("days").unwrap_or(0);
    imputed_dates(record).is_some_and(|dates| dates.len() as i64 == days)
}

/// The date after the last of a sentence that starts on a date: years date to date, then months
/// of so many days, then days.
fn after(from: NaiveDate, sentence: &Record, month_days: u32) -> NaiveDate {
    let figure = |name: &str| u64::try_from(sentence.number(name).unwrap_or(0)).expect("no debt");
    let year = from.year() + i32::try_from(figure("years")).expect("a length");
    let same_day = NaiveDate::from_ymd_opt(year, from.month(), from.day());
    // Only 29 February has no counterpart in a common year.
    let years_on =
        same_day.unwrap_or_else(|| NaiveDate::from_ymd_opt(year, 3, 1).expect("every year has it"));
    years_on + Days::new(figure("months") * u64::from(month_days) + figure("days"))
}

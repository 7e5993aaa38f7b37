//! Rates of detention, sentences and modalities.

use crate::domain::vocabulary::choice::DisruptionCause;
use crate::simulate::rate::Rate;

// Detention.

/// Status on arrival, pretrial : convicted : interned : other; invented.
pub const ARRIVAL_STATUS: [u32; 4] = [62, 32, 4, 2];
/// Pretrial detention ends in internment: invented.
pub const INTERNED_INSTEAD: Rate = Rate::percent(2);
/// An interned person is convicted for other facts, and serves the sentence: invented.
pub const CONVICTED_TOO: Rate = Rate::percent(5);
/// A person whose sentence is over is held on under another title: invented.
pub const HELD_ON: Rate = Rate::percent(2);
/// Pretrial detention ends without a sentence to serve: invented.
pub const PRETRIAL_LIFTED: Rate = Rate::percent(22);
/// Of these, ended by acquittal: invented.
pub const ACQUITTED: Rate = Rate::percent(15);
/// Months of sentence with weights; invented, so that the mean stay is near the 8.2 months of SPACE
/// 2014 (sources B4) once pretrial detention and modalities are taken off.
pub const SENTENCE_MONTHS: &[(u32, u32)] =
    &[(6, 14), (8, 14), (10, 12), (12, 16), (15, 8), (18, 14), (24, 12), (30, 8), (36, 6), (48, 4)];
/// Earlier detention is imputed as well: invented.
pub const IMPUTED_EARLIER: Rate = Rate::percent(30);
/// The registry gives its own end date: invented.
pub const END_DATE_GIVEN: Rate = Rate::percent(60);
/// That date is wrong by some days: invented.
pub const END_DATE_WRONG: Rate = Rate::percent(3);
/// Moved to another prison, a month: invented.
pub const TRANSFER_MONTHLY: Rate = Rate::percent(9);
/// Days in court, a month of pretrial detention: the monthly review by the chambers; invented.
pub const COURT_MONTHLY: Rate = Rate::percent(90);
/// Leave, a month in the second half of a sentence: invented.
pub const LEAVE_MONTHLY: Rate = Rate::percent(45);
/// Leave is the extended one (since March 2024 in law, sources A3.8): share invented.
pub const LEAVE_EXTENDED: Rate = Rate::percent(15);
/// A leave from which someone does not return in time: invented.
pub const FAILURE_TO_RETURN: Rate = Rate::percent(3);
/// Taken to hospital, a month: invented.
pub const HOSPITAL_MONTHLY: Rate = Rate::percent(2);
/// Escape, a month: invented.
pub const ESCAPE_MONTHLY: Rate = Rate::per_mille(1);
/// Back in prison ever after a final release: 44.1 % within about 8.5 years (NICC 2012).
pub const BACK_IN_PRISON: Rate = Rate(44_100);
/// Of these, within two years: "over half" (NICC 2012).
pub const BACK_WITHIN_TWO_YEARS: Rate = Rate::percent(55);
/// Disruptions of a prison in 1000 fortnights: strikes and lack of staff and of rooms are named
/// (slides, 2026), the counts are invented. With the next list, 16 days in 1000 are strike days.
pub const DISRUPTIONS_PER_1000_FORTNIGHTS: [(DisruptionCause, u64); 4] = [
    (DisruptionCause::Strike, 134),
    (DisruptionCause::StaffShortage, 60),
    (DisruptionCause::RoomShortage, 30),
    (DisruptionCause::Lockdown, 25),
];
/// Days that a disruption lasts, each entry as likely as the others: invented.
pub const DISRUPTION_LENGTHS: [i32; 6] = [1, 1, 1, 2, 2, 3];
/// A sentence is pronounced again on appeal: invented.
pub const APPEALED: Rate = Rate::percent(8);
/// The length on appeal in hundredths of the first length, with weights: invented.
pub const APPEAL_LENGTHS: &[(u32, u32)] = &[(67, 35), (100, 40), (133, 25)];
/// The judgment names the offence and the dates of the facts: invented.
pub const OFFENCE_TOLD: Rate = Rate::percent(60);
/// Offences with weights. Theft and other acquisitive crime come before the drug law among problem
/// users in prison (the working group's note, 1); the weights are invented.
pub const OFFENCES: &[(&&str, u32)] =
    &[(&"acquisitive", 45), (&"drugLaw", 30), (&"violent", 17), (&"other", 8)];
/// An imputation without dates: invented.
pub const IMPUTATION_UNDATED: Rate = Rate::percent(20);
/// The sentence is interrupted, a month in its second half: invented; at most three months (sources
/// A3.9).
pub const INTERRUPTED_MONTHLY: Rate = Rate::per_mille(8);
/// The share of unlawful absences that end with an arrest: the registry then records an arrival,
/// and no end of the absence. Invented.
pub const RETURNED_BY_ARREST: Rate = Rate::percent(50);

// Modalities.

/// Electronic monitoring : conditional release : limited detention : provisional release :
/// transition house : early release : none, the sentence is served whole. Invented. Early release
/// exists since the emergency act of 2025, for sentences of up to three years (sources A3.10).
pub const MODALITIES: [u32; 7] = [42, 24, 6, 5, 4, 8, 19];
/// Months of the longest sentence from which early release is possible (sources A3.10).
pub const EARLY_RELEASE_MONTHS_MAX: u32 = 36;
/// The registry records the release by day into limited detention or a transition house: invented.
pub const RELEASE_BY_DAY_TOLD: Rate = Rate::percent(70);
/// An interned person leaves on trial and not for good: invented.
pub const TRIAL_RELEASE: Rate = Rate::percent(80);
/// Days of internment before a first release, at least and at most: invented.
pub const INTERNED_DAYS: (i32, i32) = (90, 700);
/// The title of a person who is called back from a modality, convicted : provisional arrest : new
/// facts. Invented.
pub const CALLED_BACK_AS: [u32; 3] = [60, 25, 15];
/// Arrested for other facts during a modality that goes on afterwards: invented.
pub const ARRESTED_MEANWHILE: Rate = Rate::percent(5);
/// A revocation is quashed, and the modality goes on: invented.
pub const REVOCATION_QUASHED: Rate = Rate::percent(6);
/// Goes back to a residential house once the suspension is lifted: invented.
pub const READMITTED: Rate = Rate::percent(60);
/// Treatment is an alternative to pretrial detention, of those whose detention is lifted: invented.
pub const PRETRIAL_ALTERNATIVE: Rate = Rate::percent(35);
/// Residential treatment as a condition, of problem users conditionally released: invented.
pub const RESIDENTIAL_CONDITION: Rate = Rate::percent(50);
/// Residential treatment under another modality, of problem users: invented.
pub const RESIDENTIAL_OTHERWISE: Rate = Rate::percent(12);
/// A modality goes wrong: invented.
pub const MODALITY_FAILS: Rate = Rate::percent(32);
/// A suspension is lifted instead of followed by a revocation: invented.
pub const SUSPENSION_LIFTED: Rate = Rate::percent(25);
/// A person who broke off a residential condition is called back to prison: share invented.
pub const DROPOUT_CALLED_BACK: Rate = Rate::percent(70);
/// The grant says what is left to serve: invented.
pub const REMAINDER_ENTERED: Rate = Rate::percent(85);
/// And says it wrong: invented.
pub const REMAINDER_WRONG: Rate = Rate::percent(3);
/// A revocation under al. 2 carries the days the court leaves (sources A1.2): share invented.
pub const COURT_GIVES_REMAINING: Rate = Rate::percent(75);
/// The court lets the entire remainder be served (possible: sources A1.5): share invented.
pub const COURT_GIVES_WHOLE: Rate = Rate::percent(35);

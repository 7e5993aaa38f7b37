//! How often things happen, each with its source or marked invented.
//! Weights and spans of days in other files that name no source are invented too.
//! Always: a [`Rate`] is a count in [`Rate::SCALE`]; a weight has a meaning only beside the other
//! weights of its list.
//! Nothing here is a finding about any prison, house or person.

/// A probability as a count in [`Rate::SCALE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(pub u32);

impl Rate {
    /// The count that stands for certainty.
    pub const SCALE: u32 = 100_000;

    const fn percent(percent: u32) -> Self {
        Self(percent * Self::SCALE / 100)
    }

    const fn per_mille(per_mille: u32) -> Self {
        Self(per_mille * Self::SCALE / 1000)
    }
}

// Who.

/// Problem users among the detained: 34.8 % used in detention (Favril and Vander Laenen), about
/// one third (sources B4).
pub const PROBLEM_USE: Rate = Rate::percent(34);
/// Arrivals in the first weeks of a plan without a stock, the rest over the period: invented.
pub const IN_FIRST_WEEKS: Rate = Rate::percent(40);
/// The number of these first weeks: invented.
pub const FIRST_WEEKS: i32 = 6;
/// Days before the plan on which a person of the stock may have arrived, at most: invented. With a
/// mean imprisonment of 8.2 months (SPACE 2014, sources B4) few persons are held for longer.
pub const STOCK_DAYS_MAX: i32 = 540;

// The figures of 2025 that a plan over that whole year gives exactly.

/// The fewest persons with which a plan gives these figures.
pub const PERSONS_FOR_2025_MIN: u64 = 1_000;
/// Referrals (aanmeldingen) to a project in 2025, with its prison: slides, 2026. A referral is
/// neither a person nor a start of treatment.
pub const REFERRALS_2025: &[(&str, &str, u32)] = &[
    ("ddGent", "gent", 199),
    ("ddDendermonde", "dendermonde", 176),
    ("drugsDeBaasBrugge", "brugge", 76),
    ("drugsDeBaasBeveren", "beveren", 85),
    ("drugsDeBaasOudenaarde", "oudenaarde", 66),
];
/// Participants (deelnemers) of B.Leave in 2025: slides, 2026.
pub const B_LEAVE_2025: u32 = 28;
/// Persons referred to a project with one referral : with two; invented. Plans with few persons
/// need more referrals per person.
pub const REFERRALS_A_PERSON: [u32; 2] = [85, 15];
/// Referred persons who serve a short sentence and are not in pretrial detention: invented.
pub const REFERRED_ON_SENTENCE: Rate = Rate::percent(30);
/// Referred persons among all persons of a plan, at most: four fifths of problem users, invented.
pub const REFERRED_PERSONS_MAX: Rate = Rate::percent(27);

// Detention.

/// Status on arrival, pretrial : convicted : interned : other; invented.
pub const ARRIVAL_STATUS: [u32; 4] = [62, 32, 4, 2];
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
/// Strike days of a prison in 1000 days: strikes are named (slides, 2026), the count is invented.
pub const STRIKE_DAYS_PER_1000: u64 = 16;

// Modalities.

/// Electronic monitoring : conditional release : limited detention : provisional release :
/// transition house : none, the sentence is served whole. Invented.
pub const MODALITIES: [u32; 6] = [42, 24, 6, 5, 4, 19];
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

// Residential stays.

/// Dropout : completion : transfer to another house. Invented.
pub const STAY_ENDINGS: [u32; 3] = [52, 38, 10];
/// The short residential programme rather than the therapeutic community: invented.
pub const SHORT_STAY: Rate = Rate::percent(35);
/// The resident breaks off, not the house: invented.
pub const BY_RESIDENT: Rate = Rate::percent(75);
/// Authorised absence, a month: invented.
pub const WEEKEND_MONTHLY: Rate = Rate::percent(60);
/// Unauthorised absence, a month: invented.
pub const UNAUTHORISED_MONTHLY: Rate = Rate::percent(5);
/// The house attests a stay: invented.
pub const ATTESTED: Rate = Rate::percent(80);
/// An attest whose days do not match: invented.
pub const ATTEST_WRONG: Rate = Rate::percent(5);
/// Supported housing after completion: invented.
pub const HOUSED_AFTER_STAY: Rate = Rate::percent(50);
/// Sheltered living after another release of a problem user; few places are open to them (the
/// working group's note, 2.2): share invented.
pub const SHELTERED_AFTER_RELEASE: Rate = Rate::percent(4);

// Substitution.

/// Problem users in substitution treatment on arrival. Senate question 7-1534 (2022): Antwerpen 26
/// for 439 places, Brugge 71 for 612, so 6 to 12 % of the detained; with the next rate that is 8 %.
pub const SUBSTITUTION_ON_ARRIVAL: Rate = Rate::percent(19);
/// Problem users who start substitution treatment in prison: as above.
pub const SUBSTITUTION_STARTED: Rate = Rate::percent(6);
/// Prisons with substitution on a detoxification basis only: 5 of the 15 that the source speaks of
/// (Vander Laenen 2013b, quoted in the working group's note); of all others nothing is known.
pub const DETOX_ONLY_PRISONS: usize = 5;
/// Methadone : buprenorphineNaloxone : buprenorphine : depot. The rows read of Senate question
/// 7-1534 (2022) sum to 73 methadone, 85 Suboxone, 6 Buvidal; buprenorphine alone is invented.
pub const PRODUCTS: [u32; 4] = [73, 75, 10, 6];
/// The same weights before depot was counted; invented.
pub const PRODUCTS_BEFORE_DEPOT: [u32; 4] = [73, 75, 10, 0];
/// The same weights in the years of Senate question 4-5695 (2010), which counts methadone:
/// invented.
pub const PRODUCTS_EARLY: [u32; 4] = [88, 8, 4, 0];
/// Methadone, milligrams a day with weights: 5 to 120, mean 37.65 (Senate question 4-5695).
pub const METHADONE_MG: &[(u32, u32)] = &[
    (5, 30),
    (10, 40),
    (15, 90),
    (20, 120),
    (25, 90),
    (30, 130),
    (35, 80),
    (40, 100),
    (45, 40),
    (50, 70),
    (60, 100),
    (70, 50),
    (80, 30),
    (100, 20),
    (120, 10),
];
/// Methadone at the start, milligrams: at most 20, or 10 to 15 when tolerance is unsure (WHO 2009).
pub const METHADONE_START_MG: &[(u32, u32)] = &[(10, 2), (15, 3), (20, 5)];
/// Buprenorphine under the tongue, milligrams: 8 to 24 (sources B2); weights invented.
pub const BUPRENORPHINE_MG: &[(u32, u32)] =
    &[(8, 25), (10, 10), (12, 20), (14, 6), (16, 24), (18, 3), (20, 4), (24, 8)];
/// Weekly depot, milligrams: 8, 16, 24, 32 (product information); weights invented.
pub const DEPOT_WEEKLY_MG: &[(u32, u32)] = &[(8, 5), (16, 30), (24, 40), (32, 25)];
/// Monthly depot, milligrams: 64, 96, 128, 160 (product information); weights invented.
pub const DEPOT_MONTHLY_MG: &[(u32, u32)] = &[(64, 25), (96, 40), (128, 25), (160, 10)];
/// A due dose is not given, by reason: refused, noShow, courtTransfer, intoxicated, stock,
/// staffShortage, lockdown, clinicalHold. The reasons are in sources B2, the weights invented.
pub const WITHHELD_REASONS: [u32; 8] = [40, 22, 6, 6, 3, 14, 5, 4];
/// A due dose is not given: invented.
pub const WITHHELD: Rate = Rate::per_mille(30);
/// A due dose without any record, which is unknown and not missed (sources B2): invented.
pub const DOSE_UNTOLD: Rate = Rate::per_mille(6);
/// A dose on a strike day is not given: invented.
pub const WITHHELD_ON_STRIKE: Rate = Rate::percent(25);
/// A dose on a day in court is not given: invented.
pub const WITHHELD_FOR_COURT: Rate = Rate::percent(15);
/// A break of several days begins: invented; 3 to 6 days, so that the rules on missed methadone
/// (Australian guideline, sources B2) have something to find.
pub const BREAK_BEGINS: Rate = Rate::per_mille(2);
/// The dose is changed, a dose: invented.
pub const DOSE_CHANGED: Rate = Rate::per_mille(8);
/// The change is the client's wish: invented.
pub const CHANGED_BY_CLIENT: Rate = Rate::percent(45);
/// The client stops, a dose: invented.
pub const STOPPED_BY_CLIENT: Rate = Rate::per_mille(1);
/// The course goes on after arrival in a residential house: invented.
pub const CONTINUED_IN_HOUSE: Rate = Rate::percent(50);
/// A handover is sent on release: invented; it ought to be always (sources B2).
pub const HANDOVER_SENT: Rate = Rate::percent(75);
/// And confirmed by the receiver: invented.
pub const HANDOVER_CONFIRMED: Rate = Rate::percent(70);
/// A course goes on outside when the handover was confirmed, else: invented.
pub const CONTINUED_OUTSIDE: (Rate, Rate) = (Rate::percent(90), Rate::percent(45));

// Other care.

/// Screened on arrival: invented.
pub const SCREENED: Rate = Rate::percent(82);
/// A problem user is spoken to by the referral point: invented.
pub const ORIENTED: Rate = Rate::percent(60);
/// And referred: invented.
pub const REFERRED: Rate = Rate::percent(65);
/// A referral is answered: invented.
pub const ANSWERED: Rate = Rate::percent(88);
/// An answer is yes: invented.
pub const ACCEPTED: Rate = Rate::percent(78);
/// Treatment inside starts after a yes: invented.
pub const TREATED_INSIDE: Rate = Rate::percent(45);
/// Takes part in a short intervention where there is one, after the referral: invented.
pub const SHORT_INTERVENTION: Rate = Rate::percent(40);
/// Sessions of the short intervention, over 4 weeks (the working group's note, 2.1).
pub const SHORT_SESSIONS: u32 = 20;
/// Sessions attended that make it completed; the seed leaves the count open: invented.
pub const SHORT_SESSIONS_MIN: u32 = 12;
/// Days of B.Leave: 8 months (sources B1).
pub const LONG_PROGRAMME_DAYS: i32 = 240;
/// Planned sessions of B.Leave, two a week: invented.
pub const LONG_SESSIONS: u32 = 68;
/// Goes to Ruiselede for the long programme, of problem users with time enough: invented. For
/// 2025 see [`B_LEAVE_2025`].
pub const LONG_PROGRAMME: Rate = Rate::percent(12);
/// Leaves a programme before its end, a session: invented.
pub const PROGRAMME_LEFT: Rate = Rate::per_mille(9);
/// A session does not take place, by cause: staffShortage, roomShortage, lockdown, client. Named as
/// challenges (slides, 2026), weights invented.
pub const SESSION_CAUSES: [u32; 4] = [30, 25, 8, 37];
/// A session does not take place though there is no strike: invented. A given life loses at most
/// five.
pub const SESSION_LOST: Rate = Rate::percent(9);
/// Placed on the drug-free unit where there is one: invented; about 130 places at Hasselt.
pub const DRUG_FREE_UNIT: Rate = Rate::percent(30);
/// A consultation is held about a problem user, a detention: invented.
pub const CONSULTED: Rate = Rate::percent(45);
/// A release is prepared, of problem users: invented.
pub const RELEASE_PREPARED: Rate = Rate::percent(65);
/// With an insurance certificate (sources C2: yes in Belgium); share invented.
pub const INSURED: Rate = Rate::percent(85);
/// With naloxone: England 17 %, Belgium none in 2021 (sources C2), later unknown: invented.
pub const NALOXONE: Rate = Rate::percent(6);
/// Starts structured treatment within 21 days of release: England 34.5 % (2019/20, Public Health
/// Outcomes Framework C20).
pub const ENGAGED_21_DAYS: Rate = Rate(34_500);
/// Starts later: invented.
pub const ENGAGED_LATER: Rate = Rate::percent(20);
/// Gives consent to share attested days with legal readers, or for research: invented.
pub const CONSENTS: Rate = Rate::percent(40);
/// Withdraws it: invented.
pub const CONSENT_WITHDRAWN: Rate = Rate::percent(12);

// Overdose and death.

/// Overdose of a problem user in the first two weeks after release: invented.
pub const OVERDOSE_FIRST_WEEKS: Rate = Rate::per_mille(12);
/// Overdose in weeks 3 to 12: invented so that the risk a week falls to a fifth; pooled ratio of
/// drug deaths 3 to 8 (Merrall 2010).
pub const OVERDOSE_WEEKS_3_TO_12: Rate = Rate::per_mille(12);
/// With substitution the risk is a quarter: hazard ratio 0.25 in four weeks (Marsden 2017).
pub const OVERDOSE_DIVISOR_SUBSTITUTION: u32 = 4;
/// Overdose in prison, a stretch of detention: invented.
pub const OVERDOSE_IN_PRISON: Rate = Rate::per_mille(6);
/// An overdose is fatal: invented.
pub const OVERDOSE_FATAL: Rate = Rate::percent(12);
/// Death of another cause, a stretch of detention: invented.
pub const DEATH_IN_PRISON: Rate = Rate::per_mille(2);

// Data errors: how records go wrong. All invented.

/// A record is sent days or weeks late.
pub const LATE: Rate = Rate::per_mille(25);
/// A record is sent again, the same content under the same id.
pub const REPEATED: Rate = Rate::per_mille(8);
/// A record is first told wrong and then corrected.
pub const CORRECTED: Rate = Rate::per_mille(12);
/// A correction reaches the ledger before what it corrects.
pub const CORRECTION_FIRST: Rate = Rate::percent(12);
/// A correction is itself wrong and corrected.
pub const CORRECTION_CORRECTED: Rate = Rate::percent(10);
/// A record that does not belong is told and annulled.
pub const ANNULLED: Rate = Rate::per_mille(6);
/// Why: duplicate : notOccurred : wrongPerson.
pub const ANNULMENT_REASONS: [u32; 3] = [40, 35, 25];
/// An arrival is never told.
pub const ARRIVAL_LOST: Rate = Rate::per_mille(5);
/// A stay is closed a second time.
pub const CLOSED_TWICE: Rate = Rate::percent(2);
/// A stay elsewhere begins before the running one is closed.
pub const STAY_OVERLAP: Rate = Rate::percent(2);
/// Something is told of someone after their death.
pub const TOLD_AFTER_DEATH: Rate = Rate::percent(15);
/// A person is known under two pseudonyms until they are merged.
pub const MERGED: Rate = Rate::per_mille(8);
/// A merge is undone.
pub const UNMERGED: Rate = Rate::percent(20);
/// An event names its schema.
pub const SCHEMA_NAMED: Rate = Rate::percent(12);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_methadone_dose_is_that_of_the_source() {
        let weighed: u32 =
            METHADONE_MG.iter().map(|(milligrams, weight)| milligrams * weight).sum();
        let weights: u32 = METHADONE_MG.iter().map(|(_, weight)| weight).sum();
        assert_eq!(weighed * 100 / weights, 3765);
    }
}

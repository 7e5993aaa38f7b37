//! Rates of substitution treatment.

use crate::simulate::rate::Rate;

/// Problem users in substitution treatment on arrival. Senate question 7-1534 (2022): Antwerpen 26
/// for 439 places, Brugge 71 for 612, so 6 to 12 % of the detained; with the next rate that is 8 %.
pub const SUBSTITUTION_ON_ARRIVAL: Rate = Rate::percent(19);
/// Problem users who start substitution treatment in prison: as above.
pub const SUBSTITUTION_STARTED: Rate = Rate::percent(6);
/// Prisons with substitution on a detoxification basis only: 5 of the 15 that the source speaks of
/// (Vander Laenen 2013b, quoted in the working group's note); of all others nothing is known.
pub const DETOX_ONLY_PRISONS: usize = 5;
/// Methadone : buprenorphineNaloxone : buprenorphine : weekly depot : monthly depot. The rows read
/// of Senate question 7-1534 (2022) sum to 73 methadone, 85 Suboxone, 6 Buvidal; buprenorphine
/// alone and the share of the monthly depot are invented.
pub const PRODUCTS: [u32; 5] = [73, 75, 10, 3, 3];
/// The same weights before depot was counted; invented.
pub const PRODUCTS_BEFORE_DEPOT: [u32; 5] = [73, 75, 10, 0, 0];
/// The same weights in the years of Senate question 4-5695 (2010), which counts methadone:
/// invented.
pub const PRODUCTS_EARLY: [u32; 5] = [88, 8, 4, 0, 0];
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
/// A dose on a day of strike, lack of staff or lockdown is not given: invented.
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

/// The house outside hands the course over to the prison on arrival: invented.
pub const HANDOVER_ON_ARRIVAL: Rate = Rate::percent(20);
/// A handover is sent on a transfer: invented.
pub const HANDOVER_ON_TRANSFER: Rate = Rate::percent(55);
/// Methadone is prescribed in two doses a day: invented; from 40 mg a day on.
pub const SPLIT: Rate = Rate::percent(15);
/// The least daily dose that is split, in milligrams: invented.
pub const SPLIT_FROM_MG: u32 = 40;
/// The new prison gives a dose on the day of a transfer though the old prison gave one: invented.
pub const DOUBLE_ON_TRANSFER: Rate = Rate::percent(20);
/// A dose outside prison is recorded by the pharmacy as well: invented.
pub const TOLD_BY_TWO: Rate = Rate::per_mille(8);
/// A dose that a strike prevents is recorded as care that was not delivered: invented.
pub const STRIKE_AS_CARE: Rate = Rate::percent(30);
/// The prison stops a course against the person's will, a dose: invented.
pub const STOPPED_BY_FORCE: Rate = Rate(40);
/// The end of a course is recorded after a death: invented.
pub const STOPPED_AT_DEATH: Rate = Rate::percent(60);

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

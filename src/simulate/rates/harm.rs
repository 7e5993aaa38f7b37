//! Rates of overdose and death.

use crate::simulate::rate::Rate;

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
/// An overdose that is not fatal is followed by a consultation within two days: invented.
pub const OVERDOSE_ANSWERED: Rate = Rate::percent(55);
/// The cause of a death is recorded: invented.
pub const CAUSE_TOLD: Rate = Rate::percent(85);
/// The cause of a death in prison that is no overdose, suicide : natural : accident : other :
/// unknown. Invented.
pub const CAUSES_IN_PRISON: [u32; 5] = [35, 40, 3, 7, 15];
/// Death of another cause, a stretch of detention: invented.
pub const DEATH_IN_PRISON: Rate = Rate::per_mille(2);

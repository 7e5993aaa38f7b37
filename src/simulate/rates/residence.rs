//! Rates of residential stays.

use crate::simulate::rate::Rate;

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
/// The house still sends the first version of a drop-out, with its reason: invented.
pub const REASON_TOLD: Rate = Rate::percent(20);
/// The house attests a stay: invented.
pub const ATTESTED: Rate = Rate::percent(80);
/// An attest whose days do not match: invented.
pub const ATTEST_WRONG: Rate = Rate::percent(5);
/// Supported housing after completion: invented.
pub const HOUSED_AFTER_STAY: Rate = Rate::percent(50);
/// Sheltered living after another release of a problem user; few places are open to them (the
/// working group's note, 2.2): share invented.
pub const SHELTERED_AFTER_RELEASE: Rate = Rate::percent(4);

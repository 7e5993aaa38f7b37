//! Rates of data errors: how records go wrong. All invented.

use crate::simulate::rate::Rate;

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

//! The sections of the answer about care other than substitution.
//! Always: an id is read within its stream; lists stand in the order of their first records.
//! Rules: the section "Care" of the continuity rules.

mod plans;
mod programmes;
mod referrals;
mod release;
mod residential;

pub use self::plans::{AgreedPlan, Housing};
pub(super) use self::plans::{housing, plans};
pub use self::programmes::{Programme, ProgrammeState};
pub(super) use self::programmes::{ProgrammeCourse, programmes};
pub use self::referrals::{Referral, ReferralState, Treatment};
pub(super) use self::referrals::{SentReferral, referrals, treatments};
pub use self::release::Release;
pub(super) use self::release::{PreparedRelease, release};
pub(super) use self::residential::residential;
pub use self::residential::{Residential, ResidentialState};

//! Several engines for one program: its streams are dealt to them by the hash of their names.
//! Always: what several engines gave is what one engine gives, as far as a trial and a running
//! sample can tell; at the first difference the work starts over on one engine.
//!
//! ```text
//! records -> own engine, until the trial -> trial -> passed: records are dealt to the pool
//!                                                 -> failed: records stay on the own engine
//! ```

mod course;
mod deal;
mod pool;
mod reason;
mod trial;

pub use self::course::{CoreCourse, CoreError, Share};
pub use self::deal::{Dealer, target};
pub use self::reason::{Cores, CoresReason, processors};
pub use self::trial::{Trial, TrialEnd};

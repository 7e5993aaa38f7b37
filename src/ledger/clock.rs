//! The one place where the ledger looks at the clock.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::id::RecordedTime;

/// The instant now.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The clock that stamps `recordedtime`.
pub(super) fn recorded() -> crate::store::StampClock {
    Arc::new(|| RecordedTime::from_micros(Utc::now().timestamp_micros()))
}

/// A new id for one request, to find its refusal in the log.
pub fn request_id() -> uuid::Uuid {
    uuid::Uuid::new_v4()
}

//! The inputs from outside the log: the time now, and random ids of requests.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::id::RecordedTime;

/// The instant now.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The clock from which the store makes each `recordedtime`.
pub(super) fn recorded_time_clock() -> crate::store::StampClock {
    Arc::new(|| RecordedTime::from_micros(Utc::now().timestamp_micros()))
}

/// A new random id for the refusal of one request, by which the refusal is found in the log files.
pub fn request_id() -> uuid::Uuid {
    uuid::Uuid::new_v4()
}

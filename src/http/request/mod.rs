//! What a request says, read into types: extractors for handlers, and the CloudEvents modes.

pub mod cloudevents;
pub mod params;
pub mod wait_for;

//! What a request says, read into types: extractors for handlers, and the CloudEvents modes.

pub mod accept;
pub mod cloudevents;
pub mod known_position;
pub mod params;
pub mod prefer;
pub mod principal;
pub mod served_hosts;
pub mod wait_for;

//! Programs in KurrentDB's projection dialect.
pub mod care_event;
pub mod case;
pub mod definition;
pub mod difference;
pub mod engine;
pub mod event;
pub mod fault;
pub mod fold;
pub mod lint;
pub mod live;
pub mod number;
pub mod sample;
pub mod types;

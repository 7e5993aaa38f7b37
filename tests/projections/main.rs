//! Projections: the dialect, the engine and its limits, replays.

#![allow(missing_docs, clippy::unwrap_used)]

mod cases;
mod dates;
mod kept;
mod limits;
mod replay;
#[path = "../support/mod.rs"]
mod support;
mod tools;

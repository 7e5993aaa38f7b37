//! Projections: the dialect, the engine and its limits, replays.

#![allow(missing_docs, clippy::unwrap_used)]

mod cases;
mod dates;
mod effective;
mod erased;
mod kept;
mod limits;
mod readers;
mod replay;
#[path = "../support/mod.rs"]
mod support;
mod tools;

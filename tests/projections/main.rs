//! Projections: the dialect, the engine and its limits, replays.

#![allow(missing_docs, clippy::unwrap_used)]

mod cases;
mod cores;
mod dates;
mod effective;
mod erased;
mod folded;
mod kept;
mod kept_cores;
mod limits;
mod live;
mod long;
mod readers;
mod replay;
#[path = "../support/mod.rs"]
mod support;
mod tools;

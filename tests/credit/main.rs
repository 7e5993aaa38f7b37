//! The credit of days: worked cases, laws on random histories, an independent reference to compare
//! with, and the history of a person on which all of it rests.

#![allow(missing_docs, clippy::unwrap_used)]

mod answer;
mod cases;
mod engine;
mod findings;
mod history;
mod laws;
mod order;
mod outcomes;
mod properties;
mod random;
mod reference;
mod script;
mod served;
mod table;

#[path = "../support/mod.rs"]
mod support;

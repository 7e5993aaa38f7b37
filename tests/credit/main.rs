//! The credit of days in treatment: worked cases, laws on random histories, a second opinion
//! worked out naively, and the history of a person on which all of it rests.

#![allow(missing_docs, clippy::unwrap_used)]

mod cases;
mod figures;
mod findings;
mod history;
mod laws;
mod order;
mod random;
mod reference;
mod script;
mod second_opinion;
mod sets;
mod table;

#[path = "../support/mod.rs"]
mod support;

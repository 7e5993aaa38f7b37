//! The trajectory of one person: rules as tables, input beside answer, and the laws they obey.

#![allow(missing_docs, clippy::unwrap_used)]

mod alerts;
mod at_once;
mod builder;
mod care;
mod cases;
mod changes;
mod codes;
mod contradictions;
mod custody;
mod erased;
mod fold_laws;
mod handover;
mod instant;
mod interruption;
mod law_histories;
mod laws;
mod lives;
mod outside;
mod population;
mod random;
mod reference;
mod referrals;
mod sections;
mod served;
mod substitution;

#[path = "../support/mod.rs"]
mod support;

//! The trajectory of one person: rules as tables, input beside answer, and the laws they obey.

#![allow(missing_docs, clippy::unwrap_used)]

mod alerts;
mod builder;
mod care;
mod changes;
mod codes;
mod custody;
mod erased;
mod handover;
mod instant;
mod interruption;
mod laws;
mod outside;
mod random;
mod referrals;
mod substitution;

//! The trajectory of one person: rules as tables, input beside answer, and the laws they obey.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "trajectory/alerts.rs"]
mod alerts;
#[path = "trajectory/builder.rs"]
mod builder;
#[path = "trajectory/care.rs"]
mod care;
#[path = "trajectory/changes.rs"]
mod changes;
#[path = "trajectory/codes.rs"]
mod codes;
#[path = "trajectory/custody.rs"]
mod custody;
#[path = "trajectory/handover.rs"]
mod handover;
#[path = "trajectory/instant.rs"]
mod instant;
#[path = "trajectory/interruption.rs"]
mod interruption;
#[path = "trajectory/laws.rs"]
mod laws;
#[path = "trajectory/outside.rs"]
mod outside;
#[path = "trajectory/random.rs"]
mod random;
#[path = "trajectory/referrals.rs"]
mod referrals;
#[path = "trajectory/substitution.rs"]
mod substitution;

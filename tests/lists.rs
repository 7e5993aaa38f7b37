//! The lists over all persons: an item is what the answer about that one person says, at the same
//! instant and as known at the same record, whatever is recorded, deleted or killed meanwhile.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "lists/country.rs"]
mod country;
#[path = "lists/damage.rs"]
mod damage;
#[path = "lists/equal.rs"]
mod equal;
#[path = "lists/killed.rs"]
mod killed;
#[path = "lists/pages.rs"]
mod pages;
#[path = "lists/served.rs"]
mod served;
mod support;

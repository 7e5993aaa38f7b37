//! The trajectory of one person: rules as tables, input beside answer, and the laws they obey.

#![allow(missing_docs, clippy::unwrap_used)]

#[allow(dead_code)]
mod builder;
mod cases;
mod fold_laws;
mod law_histories;
mod laws;
mod random;
mod reference;

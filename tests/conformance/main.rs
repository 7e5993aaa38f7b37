//! What is published and what is taken: every schema against its fixtures and its example, and the
//! contract at /openapi.json against the service that it describes.

#![allow(missing_docs, clippy::unwrap_used)]

mod contract;
mod schemas;
mod verdict;

#[path = "../support/mod.rs"]
mod support;

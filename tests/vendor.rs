//! What a vendor needs to connect and to stay connected: the refusals of its own source, a dry run
//! in every mode, and `doctor` on set-ups that are well and on set-ups that are not.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "vendor/doctor.rs"]
mod doctor;
#[path = "vendor/proxy.rs"]
mod proxy;
#[path = "vendor/refusals.rs"]
mod refusals;
mod support;

use serde_json::Value;
use support::server::Server;
use support::{person, screening};

const TIME: &str = "2026-03-01T10:00:00+01:00";

fn event(source: &str, id: &str) -> Value {
    screening(person(1), source, id, TIME)
}

fn fixture() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    (folder, server)
}

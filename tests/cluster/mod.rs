//! A ledger on a cluster, with each replica as a process: replicas that are killed, a ledger that
//! moves in and out, a network that is cut, TLS and passwords. The cluster is the stand-in.

mod certificates;
mod cut;
mod doctor;
mod harm;
mod migrate;
mod pace;
mod projections;
mod replicas;
mod secrets;
mod served;
mod start;

use std::path::Path;

use tempfile::TempDir;

use crate::standin::Standin;
use crate::{standin, support};

/// The runtime of the stand-in, beside the thread of the test.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The variable that says where the stand-in listens when it runs as a separate process.
const LISTEN: &str = "CARE_LEDGER_STANDIN";

/// The name of the test that runs the stand-in as a process.
const PROCESS: &str = "cluster::the_standin_as_a_process";

/// Not a test: runs the stand-in, to try a replica without a server, and as the other host of a
/// test. `CARE_LEDGER_STANDIN=127.0.0.1:2113 cargo test --test faults the_standin --
/// --ignored`, then `care-ledger serve --store 'esdb://127.0.0.1:2113?tls=false'`.
#[test]
#[ignore = "runs until it is stopped"]
fn the_standin_as_a_process() {
    let address = std::env::var(LISTEN).unwrap_or_else(|_| "127.0.0.1:2113".to_owned());
    runtime().block_on(standin::serve_forever(address.parse().unwrap()));
}

/// A cluster and its runtime.
struct Cluster {
    standin: Standin,
    runtime: tokio::runtime::Runtime,
}

impl Cluster {
    fn start(nodes: usize) -> Self {
        let runtime = runtime();
        let standin = runtime.block_on(Standin::start(nodes));
        Self { standin, runtime }
    }

    fn address(&self) -> String {
        self.standin.connection_string()
    }
}

/// Folders that hold the key of one replica.
fn folders<const N: usize>(key_of: &Path) -> [TempDir; N] {
    std::array::from_fn(|_| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(key_of.join("ledger.keys"), folder.path().join("ledger.keys")).unwrap();
        folder
    })
}

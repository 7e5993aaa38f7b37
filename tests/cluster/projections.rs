//! A projection has the same states on a cluster and in a folder.

use care_ledger::simulate::{Plan, events};
use serde_json::Value;

use super::Cluster;
use super::support::client::Client;
use super::support::server::{ANY_PORT, Server};
use crate::projections::{SCRIPT, States, caught_up, kept, replayed};

/// A program that reads neither `created`, `position` nor `recordedtime`, which are each ledger's
/// own.
const PROGRAM: &str = "fromAll().foreachStream().when({
    $init: () => ({ n: 0, at: null, types: {} }),
    'detention.arrived': (s, e) => { s.n++; s.at = [e.data.facility, e.metadata.civil.time]; },
    $any: (s, e) => {
        s.n++;
        s.types[e.eventType] = [e.sequenceNumber, e.eventId, e.bodyRaw, e.metadata.id];
    },
})";

fn states(server: &Client, source: &str, lives: &[Value]) -> States {
    for half in lives.chunks(lives.len().div_ceil(2)) {
        server.send_lines(half);
        let put = server.put("/v1/projections/counted", SCRIPT, source.as_bytes());
        assert!([200, 201].contains(&put.status), "{}", put.text);
    }
    caught_up(server);
    let kept = kept(server);
    assert_eq!(kept, replayed(server, source));
    kept
}

#[test]
fn a_projection_has_the_same_states_on_both_stores() {
    let (from, to) = ("2025-01-01".parse().unwrap(), "2025-01-31".parse().unwrap());
    let lives: Vec<Value> = events(Plan { persons: 20, detained: 3, from, to, seed: 3 }).collect();
    for view in ["recorded", "effective"] {
        let source = format!("// view: {view}\n{PROGRAM}");
        let folder = tempfile::tempdir().unwrap();
        let of_folder = states(&Server::start(folder.path()), &source, &lives);
        let cluster = Cluster::start(1);
        let data = tempfile::tempdir().unwrap();
        let replica = Server::replica(data.path(), ANY_PORT, &cluster.address());
        assert!(of_folder.len() > 20, "{}", of_folder.len());
        assert_eq!(states(&replica, &source, &lives), of_folder, "{view}");
    }
}

//! kill -9 while the lists are being built: in the end the lists are the same as after a clean
//! start.
//!
//! `ROUNDS=50 SEED=7 cargo test --test faults lists` is the long run.

use std::path::Path;
use std::time::Duration;

use care_ledger::simulate::{Plan, events};
use serde_json::Value;

use crate::support::dice::{Dice, number, seed};
use crate::support::folder::remove_lists;
use crate::support::server::Server;

#[test]
fn killed_while_they_catch_up_the_lists_are_those_of_a_clean_rebuild() {
    let rounds = number("ROUNDS", 4);
    let seed = seed();
    println!("{rounds} rounds, SEED={seed}");
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = ("2025-01-01".parse().unwrap(), "2025-06-30".parse().unwrap());
    let lives: Vec<Value> = events(Plan { persons: 900, detained: 0, from, to, seed }).collect();
    let batches: Vec<&[Value]> = lives.chunks(lives.len() / rounds as usize + 1).collect();
    let mut midway = 0;
    for (round, batch) in batches.iter().enumerate() {
        let server = Server::start(folder.path());
        let answer = server.send_lines(batch);
        assert_eq!(answer.status, 200, "SEED={seed}: {}", answer.text);
        // In every third round the lists are built from nothing.
        if round % 3 == 0 {
            server.kill();
            remove_lists(folder.path());
            let server = Server::spawn(folder.path());
            std::thread::sleep(Duration::from_millis(dice.within(20..900)));
            server.kill();
        } else {
            std::thread::sleep(Duration::from_millis(dice.within(0..150)));
            server.kill();
        }
        midway += u32::from(is_midway(folder.path()));
    }
    let server = Server::start(folder.path());
    let after_kills = listed(&server);
    server.kill();
    remove_lists(folder.path());
    let server = Server::start(folder.path());
    let clean = listed(&server);
    println!("killed {midway} times midway; {} rows", clean.len());
    assert!(midway > 0, "no kill met its moment: this test says nothing; SEED={seed}");
    let again = format!("again: ROUNDS={rounds} SEED={seed} cargo test --test faults lists");
    assert_eq!(after_kills.len(), clean.len(), "{again}");
    for (one, other) in after_kills.iter().zip(&clean) {
        assert_eq!(one, other, "{again}");
    }
}

/// Whether the file of the lists is behind the log.
fn is_midway(folder: &Path) -> bool {
    let position = |file: &str, query: &str| -> Option<i64> {
        let database = rusqlite::Connection::open(folder.join(file)).ok()?;
        database.query_row(query, [], |row| row.get(0)).ok()
    };
    let read = position("lists.db", "SELECT position FROM progress");
    read < position("ledger.db", "SELECT max(position) FROM log")
}

/// Both lists, once they have read the whole log, without their `at`.
fn listed(server: &Server) -> Vec<Value> {
    let health = server.get("/health").json();
    let last = health["components"]["store"]["position"].as_str().unwrap().to_owned();
    let mut found = Vec::new();
    for list in ["trajectories", "credits"] {
        let mut path = format!("/v1/{list}?limit=5000");
        loop {
            let wait = [("prefer", "wait=60"), ("ledger-position", last.as_str())];
            let answer = server.get_with(&path, &wait);
            assert_eq!(answer.status, 200, "{}", answer.text);
            let page = answer.json();
            found.extend(page["items"].as_array().unwrap().iter().map(|item| {
                let mut item = item.clone();
                let members = item.as_object_mut().unwrap();
                members.remove("at");
                item
            }));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/{list}?limit=5000&cursor={next}");
        }
    }
    found
}

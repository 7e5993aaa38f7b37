//! `care-ledger events --follow`: the command goes on over a restart of the ledger.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::command::{binary, ends, text};
use crate::support::server::Server;
use crate::support::{TIME, person, screening};

fn event(source: &str, n: u32) -> Value {
    screening(person(n), source, &n.to_string(), TIME)
}

#[test]
fn a_command_follows_the_feed_over_a_restart_of_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let (address, url) = (server.address.clone(), server.url.clone());
    let command = |more: &[&str]| {
        let mut command = Command::new(binary());
        command.args(["events", "--follow", "--url", &url]).args(more);
        command.stdout(Stdio::piped());
        command.spawn().unwrap()
    };
    let (mut all, mut some) = (command(&["--limit", "5"]), command(&["--source", "urn:b"]));
    let mut lines = BufReader::new(all.stdout.take().unwrap()).lines();
    let mut next = || lines.next().map(|line| serde_json::from_str::<Value>(&line.unwrap()));
    for n in 0..3 {
        server.send(&event("urn:a", n));
        assert_eq!(next().unwrap().unwrap()["id"], n.to_string());
    }
    assert!(server.stop());
    let server = Server::start_at(folder.path(), &address);
    server.send_batch(&[event("urn:a", 3), event("urn:b", 4), event("urn:a", 5)]);
    assert_eq!(next().unwrap().unwrap()["id"], "3");
    assert_eq!(next().unwrap().unwrap()["id"], "4");
    assert!(next().is_none(), "five were asked for");
    assert!(all.wait().unwrap().success());
    let mut first = String::new();
    BufReader::new(some.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&first).unwrap()["id"], "4");
    some.kill().unwrap();
    some.wait().unwrap();
    let folder = ["events", "--follow", "--data", "x"];
    let told = text(&ends(2, &folder).stderr);
    assert!(told.contains("--url"), "{told}");
}

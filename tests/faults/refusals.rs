//! The refusals of a sender outlive a stop and a kill; a damaged file is made anew.

use serde_json::Value;

use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::{TIME, person, screening};

fn refusals(server: &Client) -> Vec<Value> {
    let answer = server.get("/v1/refusals?source=urn:v");
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.items()
}

fn wrong(id: &str) -> Value {
    let mut event = screening(person(1), "urn:v", id, TIME);
    event["data"]["instrument"] = "Not a code".into();
    event
}

#[test]
fn refusals_outlive_a_stop_and_a_kill_and_a_damaged_file_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let address = server.address.clone();
    server.send(&wrong("stopped"));
    assert!(server.stop());
    let server = Server::start_at(folder.path(), &address);
    server.send(&wrong("killed"));
    let file = folder.path().join("refusals.db");
    let written = || -> i64 {
        let table = rusqlite::Connection::open(&file).unwrap();
        let query = "SELECT count(*) FROM refusal WHERE id = 'killed'";
        table.query_row(query, [], |row| row.get(0)).unwrap()
    };
    let started = std::time::Instant::now();
    while written() == 0 {
        assert!(started.elapsed().as_secs() < 30, "the refusal is not saved");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    server.kill();
    let server = Server::start_at(folder.path(), &address);
    server.send(&wrong("now"));
    let ids: Vec<Value> = refusals(&server).iter().map(|refusal| refusal["id"].clone()).collect();
    assert_eq!(ids, ["now", "killed", "stopped"]);
    assert!(server.stop());
    std::fs::write(&file, "no database").unwrap();
    let server = Server::start_at(folder.path(), &address);
    assert_eq!(refusals(&server).len(), 0);
    server.send(&wrong("after the damage"));
    assert!(server.stop());
    let server = Server::start_at(folder.path(), &address);
    assert_eq!(refusals(&server).len(), 1, "the file was not made anew");
    drop(server);
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("refusals.db{ending}")));
    }
    std::fs::create_dir(&file).unwrap();
    let server = Server::start_at(folder.path(), &address);
    assert_eq!(
        server.send(&screening(person(1), "urn:v", "b", TIME)).status,
        201,
        "no file, no refusals, but a ledger"
    );
    assert_eq!(refusals(&server).len(), 0);
}

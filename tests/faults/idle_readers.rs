//! Thousands of readers of the live feed that wait for a silent sender. The memory of a reader is
//! measured, so the ledger runs in a separate process.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::{TIME, person, screening};

fn event(source: &str, n: u64) -> Value {
    screening(person(u32::try_from(n % 7).unwrap()), source, &n.to_string(), TIME)
}

/// Idle readers: 2,000, or as many as the variable says.
fn idle_readers() -> usize {
    let told = std::env::var("CARE_LEDGER_IDLE_READERS").ok();
    told.and_then(|told| told.parse().ok()).unwrap_or(2_000)
}

fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Opens a feed that waits for one sender, and reads its head.
fn idle(server: &Client, source: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let request = format!("GET /v1/events?source={source} HTTP/1.1\r\nhost: localhost\r\n");
    let request = request + "accept: text/event-stream\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"retry: 2000\n\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    stream
}

#[test]
fn idle_readers_cost_little_hold_nothing_up_and_wake_when_their_event_comes() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let count = idle_readers();
    // The first connections and the first events take memory that is not counted as the readers'.
    server.send_batch(&(0..1_000).map(|n| event("urn:before", n)).collect::<Vec<_>>());
    let first: Vec<TcpStream> = (0..100).map(|_| idle(&server, "urn:idle")).collect();
    let before = resident_kib(server.child.id());
    let mut readers: Vec<TcpStream> =
        (100..count).map(|n| idle(&server, &format!("urn:idle:{}", n % 1_000))).collect();
    let a_reader = (resident_kib(server.child.id()) - before) as f64 / readers.len() as f64;
    eprintln!("{count} idle readers: {a_reader:.1} KiB each (debug build)");
    assert!(a_reader < 48.0, "{a_reader} KiB a reader");
    let metrics = server.get("/metrics").text;
    assert!(metrics.contains(&format!("care_ledger_live_readers {count}\n")), "{metrics}");
    for chunk in (0..5_000).collect::<Vec<_>>().chunks(1_000) {
        let events: Vec<Value> = chunk.iter().map(|n| event("urn:busy", *n)).collect();
        assert_eq!(server.send_batch(&events).status, 201);
    }
    let mut last = readers.pop().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let source = format!("urn:idle:{}", (count - 1) % 1_000);
    server.send(&event(&source, 7));
    // Signs of life may come before the event.
    let mut told = String::new();
    while !told.contains(&format!("\"source\":\"{source}\"")) {
        let mut some = [0; 4_096];
        let read = last.read(&mut some).unwrap();
        assert!(read > 0, "the feed ended: {told}");
        told.push_str(std::str::from_utf8(&some[..read]).unwrap());
    }
    drop((first, readers));
}

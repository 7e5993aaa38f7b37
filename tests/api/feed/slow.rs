//! Readers that do not read are cut off and lose nothing; and the end of a service.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use care_ledger::http::Timeouts;

use super::*;
use crate::support::feed::unchunked;
use crate::support::folder::fill;
use crate::support::service::Service;
use crate::support::until;

/// More than the buffers of a connection take: 30 MiB, of about 750 bytes as text.
const RECORDS: u32 = 40_000;

fn timeouts(stall_ms: u64, keep_alive_ms: u64) -> Timeouts {
    let (stall, keep_alive) =
        (Duration::from_millis(stall_ms), Duration::from_millis(keep_alive_ms));
    Timeouts { stall, keep_alive }
}

/// Sends a request and reads nothing.
fn asked(address: &str, path: &str, accept: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// All bytes that came before the connection ended or broke.
fn rest(mut stream: TcpStream) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    while let Ok(read) = stream.read(&mut buffer) {
        if read == 0 {
            break;
        }
        all.extend_from_slice(&buffer[..read]);
    }
    all
}

#[test]
fn a_reader_that_stalls_is_cut_off_and_resumes_without_loss_while_the_ledger_records() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), RECORDS);
    let service = Service::start_with(folder.path(), timeouts(300, 15_000));
    let stalled = asked(&service.address, "/v1/events", "text/event-stream");
    service.send_batch(&(0..100).map(|n| event("urn:a", n)).collect::<Vec<_>>());
    until("cut off", || service.metric("care_ledger_live_readers_cut_off_total") > 0);
    assert_eq!(service.metric("care_ledger_live_readers"), 0);
    let mut positions: Vec<u64> =
        Feed::over(unchunked(&rest(stalled))).events().iter().map(position).collect();
    let all = u64::from(RECORDS) + 100;
    let last = *positions.last().unwrap();
    assert!(last < all, "the buffers took everything: nothing stalled");
    service.stop();
    // Not cut off, however long other tests keep this one from a processor.
    let service = Service::start(folder.path());
    let left = format!("{}/v1/events?limit={}", service.url, all - last);
    positions.extend(Feed::open(&left, Some(last)).events().iter().map(position));
    assert_eq!(positions, (1..=all).collect::<Vec<_>>());
    service.stop();
}

#[test]
fn a_page_that_nobody_takes_is_cut_off_too() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), RECORDS);
    let service = Service::start_with(folder.path(), timeouts(300, 15_000));
    // Pages are asked for all at once, until the buffers are full.
    let mut stream = asked(&service.address, "/v1/events?limit=10000", "*/*");
    for _ in 0..4 {
        let request = "GET /v1/events?limit=10000 HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
    }
    // Only the cut ends the connection: the client has not asked for an end.
    let mut end = stream.try_clone().unwrap();
    until("cut off", || end.write_all(b"x").is_err());
    assert!(!rest(stream).ends_with(b"}"));
    service.stop();
}

#[test]
fn a_reader_of_rare_events_learns_how_far_it_has_come_and_a_quiet_feed_shows_it_lives() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start_with(folder.path(), timeouts(30_000, 50));
    service.send_batch(&[event("urn:a", 0)]);
    let mut all = Feed::open(&format!("{}/v1/events", service.url), None);
    let mut rare = Feed::open(&format!("{}/v1/events?source=urn:rare", service.url), None);
    assert_eq!(position(&all.event().unwrap().unwrap()), 1);
    assert_eq!(all.block().unwrap(), Some(Block { id: None, data: None }), "a comment");
    let known = |feed: &mut Feed, position: u64| {
        let wanted = Some(position.to_string());
        until("told how far", || feed.block().unwrap().unwrap().id == wanted);
    };
    known(&mut rare, 1);
    service.send_batch(&(1..60).map(|n| event("urn:a", n)).collect::<Vec<_>>());
    known(&mut rare, 60);
    let mut resumed = Feed::open(&format!("{}/v1/events?source=urn:rare", service.url), Some(60));
    service.send_batch(&[event("urn:rare", 60), event("urn:a", 61), event("urn:rare", 62)]);
    for feed in [&mut rare, &mut resumed] {
        for expected in [61, 63] {
            assert_eq!(position(&feed.event().unwrap().unwrap()), expected);
        }
    }
    drop((all, rare, resumed));
    service.stop();
}

#[test]
fn a_stop_ends_every_feed_cleanly_and_waits_for_no_reader_that_stalls() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), RECORDS);
    let service = Service::start_with(folder.path(), timeouts(600_000, 600_000));
    let end = u64::from(RECORDS);
    let stalled = asked(&service.address, "/v1/events", "text/event-stream");
    let feeds: Vec<Feed> =
        (0..50).map(|_| Feed::open(&format!("{}/v1/events", service.url), Some(end - 1))).collect();
    let mut waiting = Vec::new();
    for mut feed in feeds {
        assert_eq!(position(&feed.event().unwrap().unwrap()), end);
        waiting.push(feed);
    }
    service.stop();
    for mut feed in waiting {
        assert_eq!(feed.block().unwrap(), None, "an end, and not a broken connection");
    }
    let positions: Vec<u64> =
        Feed::over(unchunked(&rest(stalled))).events().iter().map(position).collect();
    assert!(positions.len() < RECORDS as usize);
    assert_eq!(positions, (1..=positions.len() as u64).collect::<Vec<_>>());
}

//! Many readers beside many writers, and many readers beside one.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use care_ledger::http;
use care_ledger::ledger::Ledger;
use tower::ServiceExt as _;

use super::*;

const WRITERS: u64 = 4;
const EVENTS_A_WRITER: u64 = 120;

fn seed() -> u64 {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let now = || std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos().into();
    given.unwrap_or_else(now)
}

/// Sends its events one by one, in batches and in lines.
fn write(server: &Server, writer: u64, mut dice: Dice, sent: &AtomicU64) {
    let source = format!("urn:writer:{writer}");
    let mut n = 0;
    while n < EVENTS_A_WRITER {
        let count = (1 + dice.below(3) * dice.below(6)).min(EVENTS_A_WRITER - n);
        let events: Vec<Value> = (n..n + count).map(|n| event(&source, n)).collect();
        assert_eq!(server.send_batch(&events).status, 201);
        n += count;
        sent.fetch_add(count, Ordering::Relaxed);
    }
}

/// Reads until it has so many events, losing its connection now and then; what it saw, in order.
fn read(server: &Server, query: &str, wanted: usize, mut dice: Dice) -> Vec<Value> {
    let (mut seen, mut last) = (Vec::new(), None);
    while seen.len() < wanted {
        let mut feed = live(server, query, last);
        for _ in 0..1 + dice.below(80) {
            let Some(Block { id, data }) = feed.block().unwrap() else { break };
            last = id.map(|id| id.parse().unwrap()).or(last);
            seen.extend(data);
            if seen.len() >= wanted {
                break;
            }
        }
    }
    seen
}

#[test]
fn readers_before_during_and_after_the_writing_see_each_event_once_and_in_order() {
    let seed = seed();
    eprintln!("SEED={seed} cargo test --test feed readers_before");
    let (_folder, server) = fixture();
    let (server, sent) = (Arc::new(server), Arc::new(AtomicU64::new(0)));
    let total = WRITERS * EVENTS_A_WRITER;
    let seen: Vec<(String, Vec<Value>)> = std::thread::scope(|scope| {
        let mut readers = Vec::new();
        for reader in 0..24_u64 {
            let (server, sent) = (server.clone(), sent.clone());
            readers.push(scope.spawn(move || {
                let mut dice = Dice::new(seed ^ (reader << 8));
                // A third comes first, a third meanwhile, a third last.
                let begins = [0, dice.below(total), total][reader as usize % 3];
                while sent.load(Ordering::Relaxed) < begins {
                    std::thread::yield_now();
                }
                let (query, wanted) = match reader % 4 {
                    0 | 1 => (String::new(), total),
                    2 => ("type=care.screened".to_owned(), total),
                    _ => (format!("source=urn:writer:{}", reader % WRITERS), EVENTS_A_WRITER),
                };
                let seen = read(&server, &query, wanted as usize, dice);
                (query, seen)
            }));
        }
        for writer in 0..WRITERS {
            let (server, sent) = (server.clone(), sent.clone());
            scope.spawn(move || write(&server, writer, Dice::new(seed + writer), &sent));
        }
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    for (query, seen) in seen {
        assert_eq!(seen, paged(&server, &query), "SEED={seed}: {query}");
    }
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
fn idle(server: &Server, source: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let request = format!("GET /v1/events?source={source} HTTP/1.1\r\nhost: ledger\r\n");
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
    let (_folder, server) = fixture();
    let count = idle_readers();
    // What the first connections and the first events bring with them is not theirs.
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
    // Signs of life may come before it.
    let mut told = String::new();
    while !told.contains(&format!("\"source\":\"{source}\"")) {
        let mut some = [0; 4_096];
        let read = last.read(&mut some).unwrap();
        assert!(read > 0, "the feed ended: {told}");
        told.push_str(std::str::from_utf8(&some[..read]).unwrap());
    }
    drop((first, readers));
}

/// Asks for a live feed without a network; what is not dropped goes on.
async fn asked(router: &http::Router) -> axum::response::Response {
    let request = Request::get("/v1/events").header("accept", "text/event-stream");
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[test]
fn live_readers_leave_connections_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &mut |_, _| ()).unwrap();
    let router = http::router(ledger);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut feeds = Vec::with_capacity(http::LIVE_MAX);
        for _ in 0..http::LIVE_MAX {
            feeds.push(asked(&router).await);
        }
        assert!(feeds.iter().all(|feed| feed.status() == 200));
        let refused = asked(&router).await;
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"));
        let page = Request::get("/v1/events").body(Body::empty()).unwrap();
        assert_eq!(router.clone().oneshot(page).await.unwrap().status(), 200);
        feeds.pop();
        assert_eq!(asked(&router).await.status(), 200);
    });
}

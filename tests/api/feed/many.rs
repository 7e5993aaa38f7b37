//! Many readers beside many writers, and many readers beside one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::Request;
use care_ledger::http;
use care_ledger::ledger::Ledger;
use care_ledger::store::open::StoreConfig;
use tower::ServiceExt as _;

use super::*;
use crate::support::dice::seed;
use crate::support::until;

const WRITERS: u64 = 4;
const EVENTS_A_WRITER: u64 = 120;

/// Sends the events of one writer, in batches of different sizes.
fn write(server: &Client, writer: u64, mut dice: Dice, sent: &AtomicU64) {
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

/// Reads `wanted` events, losing its connection now and then; returns the events in order.
fn read(server: &Client, query: &str, wanted: usize, mut dice: Dice) -> Vec<Value> {
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
    eprintln!("SEED={seed} cargo test --test api readers_before");
    let (_folder, server) = fixture();
    let (server, sent) = (Arc::new(server), Arc::new(AtomicU64::new(0)));
    let total = WRITERS * EVENTS_A_WRITER;
    let seen: Vec<(String, Vec<Value>)> = std::thread::scope(|scope| {
        let mut readers = Vec::new();
        for reader in 0..24_u64 {
            let (server, sent) = (server.clone(), sent.clone());
            readers.push(scope.spawn(move || {
                let mut dice = Dice::new(seed ^ (reader << 8));
                // A third of the readers come first, a third meanwhile, a third last.
                let begins = [0, dice.below(total), total][reader as usize % 3];
                until("sent", || sent.load(Ordering::Relaxed) >= begins);
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

/// Asks for a live feed without a network; the feed is open until the response is dropped.
async fn asked(router: &http::Router) -> axum::response::Response {
    let request = Request::get("/v1/events").header("accept", "text/event-stream");
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[test]
fn live_readers_leave_connections_to_others() {
    let folder = tempfile::tempdir().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = StoreConfig::Folder(folder.path().to_owned());
        let router = http::router(Ledger::open(&store, &mut |_, _| ()).await.unwrap());
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

//! The feed from outside: pages and live readers see every event once and in order, whatever they
//! choose, whenever they come, and however often they lose their connection.

mod many;
mod slow;

use care_ledger::domain::vocabulary::kind::Kind;
use serde_json::{Value, json};

use crate::fixture;
use crate::support::client::Client;
use crate::support::dice::Dice;
use crate::support::feed::{Block, Feed, position};
use crate::support::{TIME, person, screening};

fn event(source: &str, n: u64) -> Value {
    screening(person(u32::try_from(n % 7).unwrap()), source, &n.to_string(), TIME)
}

/// Every example of the vocabulary, and more events of one type by two senders.
fn mixed() -> Vec<Value> {
    let examples = Kind::ALL.iter().filter(|kind| **kind != Kind::RecordErased);
    let examples = examples.map(|kind| serde_json::from_str(kind.newest().example).unwrap());
    let more = (0..20).map(|n| event(if n % 3 == 0 { "urn:a" } else { "urn:b" }, n));
    examples.chain(more).collect()
}

/// All events of a query, read page by page.
fn paged(server: &Client, query: &str) -> Vec<Value> {
    let (mut items, mut next) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v1/events?{query}{next}")).json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page.get("next") {
            Some(after) => next = format!("&after={}", after.as_str().unwrap()),
            None => return items,
        }
    }
}

fn live(server: &Client, query: &str, last: Option<u64>) -> Feed {
    Feed::open(&format!("{}/v1/events?{query}", server.url), last)
}

#[test]
fn pages_of_any_size_and_the_live_feed_give_the_same_events_in_the_same_order() {
    let (_folder, server) = fixture();
    for event in mixed() {
        assert!(server.send(&event).status < 300);
    }
    let all = paged(&server, "limit=10000");
    let positions: Vec<u64> = all.iter().map(position).collect();
    // A merge is written to both streams.
    assert_eq!(positions, (1..=all.len() as u64).collect::<Vec<_>>());
    for query in ["limit=1", "limit=7", ""] {
        assert_eq!(paged(&server, query), all, "{query}");
    }
    let last = server.get(&format!("/v1/events?limit=2&after={}", all.len() - 2)).json();
    assert_eq!(last, json!({"items": all[all.len() - 2..]}), "the last page leads nowhere");
    let header = [("last-event-id", "none")];
    assert_eq!(
        server.get_with("/v1/events?limit=1", &header).status,
        200,
        "a word of live readers"
    );
    for one in &all {
        let path = format!("/v1/events/{}", position(one));
        assert_eq!(server.get(&path).json(), *one);
    }
    let feed = live(&server, &format!("limit={}", all.len()), None);
    assert_eq!(feed.events(), all);
}

#[test]
fn a_reader_resumes_after_any_position_and_the_last_id_seen_wins() {
    let (_folder, server) = fixture();
    server.send_batch(&(0..25).map(|n| event("urn:a", n)).collect::<Vec<_>>());
    for last in 0..25 {
        let expected: Vec<u64> = (last + 1..=25).collect();
        let limit = format!("limit={}", expected.len());
        let query = format!("after={last}&{limit}");
        for feed in [
            live(&server, &query, None),
            live(&server, &limit, Some(last)),
            live(&server, &format!("after=3&{limit}"), Some(last)),
        ] {
            assert_eq!(feed.events().iter().map(position).collect::<Vec<_>>(), expected);
        }
        let page = server.get(&format!("/v1/events?{query}")).json();
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.iter().map(position).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_place_beyond_the_end_is_of_another_log_and_never_nothing_new() {
    let (_folder, server) = fixture();
    server.send_batch(&(0..12).map(|n| event("urn:a", n)).collect::<Vec<_>>());
    let moment = chrono::DateTime::from_timestamp_micros(2_000_000_000_000_000).unwrap();
    let one = person(1);
    type Row<'a> = (&'a str, Vec<(&'a str, &'a str)>, Value);
    let rows: [Row; 10] = [
        ("/v1/events?after=13", vec![], json!(["query", "after"])),
        ("/v1/events?after=9999&limit=1&type=care.screened", vec![], json!(["query", "after"])),
        ("/v1/events?after=18446744073709551615", vec![], json!(["query", "after"])),
        ("/v1/events?after=99999999999999999999999", vec![], json!(["query", "after"])),
        (
            "/v1/events",
            vec![("accept", "text/event-stream"), ("last-event-id", "99999999999999999999999")],
            json!(["header", "Last-Event-ID"]),
        ),
        ("/v1/events?after=13&source=urn:a&id=1", vec![], json!(["query", "after"])),
        ("/v1/events?after=13", vec![("accept", "text/event-stream")], json!(["query", "after"])),
        (
            "/v1/events?after=1",
            vec![("accept", "text/event-stream"), ("last-event-id", "15")],
            json!(["header", "Last-Event-ID"]),
        ),
        (
            &format!("/v1/trajectories?cursor=t.13.1.{}.{one}.0", moment.timestamp_micros()),
            vec![],
            json!(["query", "cursor"]),
        ),
        (
            &format!("/v1/persons/{one}/history?cursor={0}.{0}.0", moment.timestamp_micros()),
            vec![],
            json!(["query", "cursor"]),
        ),
    ];
    for (path, headers, place) in rows {
        let answer = server.get_with(path, &headers);
        assert_eq!(answer.status, 409, "{path}: {}", answer.text);
        assert_eq!(answer.header("ledger-position"), Some("12"), "{path}");
        let problem = answer.json();
        assert_eq!(problem["type"], "urn:problem-type:careLedger:positionUnknown", "{path}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("position 12"), "{path}: {detail}");
        let issue = &problem["issues"][0];
        assert_eq!(json!([issue["in"], issue["name"]]), place, "{path}");
    }
    assert_eq!(server.get("/v1/events?after=12").json(), json!({"items": []}));
    let waited = [("prefer", "wait=0"), ("ledger-position", "13")];
    let late = server.get_with("/v1/events?after=13", &waited).json();
    assert!(late["detail"].as_str().unwrap().contains("Position 12"), "{late}");
}

#[test]
fn a_reader_who_chooses_gets_what_was_chosen() {
    let (_folder, server) = fixture();
    for event in mixed() {
        server.send(&event);
    }
    let all = paged(&server, "limit=10000");
    let rows = [
        ("type=care.screened", Some("care.screened"), None),
        ("source=urn:b", None, Some("urn:b")),
        ("type=care.screened&source=urn:a", Some("care.screened"), Some("urn:a")),
        ("type=detention.arrived&source=urn:a", Some("detention.arrived"), Some("urn:a")),
        ("type=detention.arrived", Some("detention.arrived"), None),
    ];
    for (query, kind, source) in rows {
        let is = |event: &Value, name: &str, value: Option<&str>| {
            value.is_none_or(|value| event[name] == value)
        };
        let wanted = all.iter().filter(|e| is(e, "type", kind) && is(e, "source", source));
        let wanted: Vec<Value> = wanted.cloned().collect();
        assert_eq!(paged(&server, query), wanted, "{query}");
        if !wanted.is_empty() {
            let feed = live(&server, &format!("{query}&limit={}", wanted.len()), None);
            assert_eq!(feed.events(), wanted, "{query}");
        }
    }
}

#[test]
fn events_far_larger_than_a_page_of_the_feed_arrive_whole_and_in_order() {
    let (_folder, server) = fixture();
    let large = |n: u64| {
        let mut event = event("urn:a", n);
        for name in 0..2_000 {
            event[format!("x{name}")] = "y".repeat(2_000).into();
        }
        event
    };
    let batch: Vec<Value> =
        (0..6).map(|n| if n % 3 == 0 { event("urn:a", n) } else { large(n) }).collect();
    assert_eq!(server.send_batch(&batch[..3]).status, 201);
    assert_eq!(server.send_batch(&batch[3..]).status, 201);
    let all = paged(&server, "");
    assert_eq!(live(&server, "limit=6", None).events(), all);
    let ids: Vec<&Value> = all.iter().map(|event| &event["id"]).collect();
    assert_eq!(ids, ["0", "1", "2", "3", "4", "5"]);
}

#[test]
fn what_a_feed_does_not_take_is_told_by_name() {
    let (_folder, server) = fixture();
    let live = ("accept", "text/event-stream");
    let rows = [
        ("", vec![live, ("last-event-id", "soon")], json!([["header", "Last-Event-ID"]])),
        ("", vec![live, ("last-event-id", "-1")], json!([["header", "Last-Event-ID"]])),
        (
            "?after=x&limit=0&type=y",
            vec![live],
            json!([["query", "after"], ["query", "limit"], ["query", "type"]]),
        ),
        ("?source=urn:a&id=1", vec![live], json!([["query", "id"]])),
    ];
    for (query, headers, expected) in rows {
        let answer = server.get_with(&format!("/v1/events{query}"), &headers);
        let problem = answer.json();
        let issues = problem["issues"].as_array().unwrap().iter();
        let issues: Vec<Value> = issues.map(|issue| json!([issue["in"], issue["name"]])).collect();
        assert_eq!((answer.status, Value::from(issues)), (400, expected), "{query} {headers:?}");
    }
    for accept in ["*/*", "application/json", "text/event-stream;q=0.1, application/json"] {
        let answer = server.get_with("/v1/events", &[("accept", accept)]);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{accept}");
    }
}

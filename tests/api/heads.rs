//! The heads of requests and answers: which hosts are served, and what caches may keep.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::fixture;
use crate::support::client::Client;
use crate::support::{TIME, person, screening};

/// Sends a request as it stands, and gives the whole answer.
fn raw(server: &Client, request: &str) -> String {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_request_for_another_host_is_refused_before_anything_is_read_or_written() {
    let (_folder, server) = fixture();
    server.send(&screening(person(1), "urn:test", "a", TIME));
    let get = |path: &str, host: &str| {
        raw(&server, &format!("GET {path} HTTP/1.1\r\n{host}connection: close\r\n\r\n"))
    };
    let port = server.address.split_once(':').unwrap().1;
    let history = format!("/v1/persons/{}/history", person(1));
    for host in ["localhost", "127.0.0.1", "127.1.2.3:80", "[::1]", &format!("localhost:{port}")] {
        let answer = get(&history, &format!("host: {host}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
    }
    let foreign = ["evil.example", "localhost.evil.example:8080", "192.0.2.1", "0.0.0.0", ""];
    for host in foreign {
        for path in [&*history, "/v1/events", "/health", "/metrics", "/docs", "/", "/nope"] {
            let answer = get(path, &format!("host: {host}\r\n"));
            assert!(answer.starts_with("HTTP/1.1 421"), "{host} {path}: {answer}");
            assert!(answer.contains("urn:problem-type:careLedger:misdirectedRequest"), "{answer}");
            assert!(host.is_empty() || !answer.contains(host), "never what was sent: {answer}");
        }
        let probe = get("/health/live", &format!("host: {host}\r\n"));
        assert!(probe.starts_with("HTTP/1.1 200"), "a probe: {probe}");
    }
    let two = get(&history, "host: localhost\r\nhost: evil.example\r\n");
    assert!(two.starts_with("HTTP/1.1 421"), "{two}");
    let absolute = get(&format!("http://evil.example{history}"), "host: localhost\r\n");
    assert!(absolute.starts_with("HTTP/1.1 421"), "{absolute}");
    let event = screening(person(1), "urn:test", "b", TIME).to_string();
    let post = format!(
        "POST /v1/events HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\
         content-type: application/cloudevents+json\r\ncontent-length: {}\r\n\r\n{event}",
        event.len()
    );
    let answer = raw(&server, &post);
    assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
    assert_eq!(server.get("/v1/events").items().len(), 1, "nothing was written");
}

#[test]
fn no_answer_about_persons_or_events_is_kept_by_a_cache() {
    let (_folder, server) = fixture();
    server.send(&screening(person(1), "urn:test", "a", TIME));
    let (one, none) = (person(1), person(9));
    let long = format!("/v1/events?source={}", "x".repeat(20_000));
    let paths = [
        format!("/v1/persons/{one}/history"),
        format!("/v1/persons/{one}/trajectory"),
        format!("/v1/persons/{one}/credit"),
        format!("/v1/persons/{none}/credit"),
        format!("/v1/persons/{one}/credit?at=soon"),
        format!("/v1/persons/{one}/nothing"),
        "/v1/persons/jan/credit".to_owned(),
        "/v1/events".to_owned(),
        "/v1/events?after=99".to_owned(),
        "/v1/events?limit=0".to_owned(),
        "/v1/events/1".to_owned(),
        "/v1/events/99".to_owned(),
        "/v1/events?source=urn:test&id=a".to_owned(),
        "/v1/trajectories".to_owned(),
        "/v1/credits?minDays=x".to_owned(),
        "/v1/refusals?source=urn:test".to_owned(),
        "/v1/nothing".to_owned(),
        long,
    ];
    for path in &paths {
        for accept in ["application/json", "text/plain", "*/*"] {
            let answer = server.get_with(path, &[("accept", accept)]);
            let place = (&path[..path.len().min(60)], accept, answer.status);
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{place:?}");
            let is_route = !path.contains("/events/") && !path.contains("nothing");
            let has_forms = is_route && (path.contains("/credit?") || path.ends_with("/credit"))
                || path.starts_with("/v1/events?")
                || path == "/v1/events";
            let vary = answer.header("vary").map(str::to_ascii_lowercase);
            assert_eq!(vary.is_some_and(|vary| vary.contains("accept")), has_forms, "{place:?}");
        }
    }
    for answer in [
        server.send(&screening(one, "urn:test", "b", TIME)),
        server.post("/v1/events", &[("content-type", "text/plain")], b"x"),
        server.post("/v1/events?dryRun=true", &[("content-type", "application/x-ndjson")], b"{}"),
        server.delete("/v1/events"),
    ] {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.text);
        assert!(answer.header("vary").is_some(), "{}", answer.text);
    }
    assert_eq!(server.get("/v1/schemas").header("cache-control"), None);
}

#[test]
fn the_table_of_a_credit_is_in_the_language_that_the_reader_wants_most() {
    let (_folder, server) = fixture();
    server.send(&screening(person(1), "urn:test", "a", TIME));
    let path = format!("/v1/persons/{}/credit", person(1));
    let ask = |language: &str| {
        server.get_with(&path, &[("accept", "text/plain"), ("accept-language", language)])
    };
    for (wanted, language, title) in [
        ("nl-BE, en;q=0.5", "nl", "AFTREK VAN DAGEN"),
        ("fr, en;q=0.2", "en", "CREDIT OF DAYS"),
        ("", "en", "CREDIT OF DAYS"),
    ] {
        let table = ask(wanted);
        assert_eq!(table.header("content-language"), Some(language), "{wanted}");
        assert_eq!(table.header("vary"), Some("accept, accept-language"));
        assert!(table.text.starts_with(title), "{wanted}: {}", table.text);
    }
    let json = server.get(&path);
    assert_eq!(json.header("content-language"), None, "codes have no language");
    assert_eq!(json.json()["position"], "1");
}

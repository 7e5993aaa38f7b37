//! NDJSON: one answer a line, however the client reads and writes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::{event, fixture};
use crate::support::client::Client;

#[test]
fn each_line_has_its_answer_and_a_bad_one_does_not_stop_the_rest() {
    let (_folder, server) = fixture();
    server.send(&event(1, "a"));
    let mut reused = event(1, "a");
    reused["data"]["needIdentified"] = false.into();
    let body = [
        event(1, "b").to_string(),
        "{broken".to_owned(),
        String::new(),
        event(1, "a").to_string(),
        reused.to_string(),
        event(1, "c").to_string(),
    ]
    .join("\n");
    let kind = ("content-type", "application/x-ndjson");
    for prefer in ["none", "receipts=stream"] {
        let answer = server.post("/v1/events", &[kind, ("prefer", prefer)], body.as_bytes());
        assert_eq!(answer.status, 200);
        let lines: Vec<Value> =
            answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let first = if prefer == "none" { "recorded" } else { "duplicate" };
        let told: Vec<&str> = lines.iter().map(|l| l["status"].as_str().unwrap()).collect();
        assert_eq!(told, [first, "refused", "refused", "duplicate", "refused", first]);
        let statuses: Vec<Option<u64>> =
            lines.iter().map(|line| line["problem"]["status"].as_u64()).collect();
        assert_eq!(statuses, [None, Some(400), Some(400), None, Some(409), None]);
        assert_eq!(lines[4]["line"], 5);
    }
}

/// A request of lines that is still being written.
fn begun(server: &Client, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = "POST /v1/events HTTP/1.1\r\nhost: localhost\r\n\
                content-type: application/x-ndjson\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n";
    stream.write_all(format!("{head}{headers}\r\n").as_bytes()).unwrap();
    stream
}

fn write_chunk(stream: &mut TcpStream, text: &str) {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).unwrap();
}

#[test]
fn a_sender_that_asks_for_it_has_each_receipt_before_it_sends_the_next_line() {
    let (_folder, server) = fixture();
    let mut stream = begun(&server, "prefer: receipts=stream\r\n");
    let mut answer = BufReader::new(stream.try_clone().unwrap());
    for n in 0..3 {
        let line = format!("{}\n", event(1, &format!("e{n}")));
        // Lines do not end where the network's packets do.
        let (one, other) = line.split_at(40);
        write_chunk(&mut stream, one);
        std::thread::sleep(Duration::from_millis(50));
        write_chunk(&mut stream, other);
        let receipt = answer.by_ref().lines().map(Result::unwrap).find(|l| l.starts_with('{'));
        let receipt: Value = serde_json::from_str(&receipt.unwrap()).unwrap();
        assert_eq!((&receipt["status"], &receipt["revision"]), (&"recorded".into(), &n.into()));
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut rest = String::new();
    answer.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "{rest:?}");
}

#[test]
fn an_answer_that_is_given_as_it_comes_breaks_off_where_the_lines_did() {
    let (_folder, server) = fixture();
    let mut stream = begun(&server, "prefer: receipts=stream\r\n");
    write_chunk(&mut stream, &format!("{}\n", event(1, "a")));
    stream.write_all(b"no chunk\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn senders_that_only_hold_their_connection_keep_nobody_out() {
    let (_folder, server) = fixture();
    let mut held: Vec<TcpStream> = (0..200).map(|_| begun(&server, "")).collect();
    held.iter_mut().for_each(|stream| write_chunk(stream, "{\"id\":"));
    let line = format!("{}\n", event(1, "a"));
    let kind = [("content-type", "application/x-ndjson")];
    let answer = server.post("/v1/events", &kind, line.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[test]
fn a_line_of_any_length_is_refused_and_the_next_one_recorded() {
    let (_folder, server) = fixture();
    let mut stream = begun(&server, "");
    let part = "x".repeat(1 << 20);
    (0..300).for_each(|_| write_chunk(&mut stream, &part));
    write_chunk(&mut stream, &format!("\n{}\n", event(1, "a")));
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let body = joined(answer.split_once("\r\n\r\n").unwrap().1);
    let lines: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["problem"]["status"]), (2, &413.into()));
    assert_eq!(lines[1]["status"], "recorded");
}

#[test]
fn a_hundred_thousand_lines_from_a_client_that_reads_only_after_it_has_written() {
    let (_folder, server) = fixture();
    let mut stream = begun(&server, "");
    for chunk in 0..100 {
        let lines: Vec<String> =
            (0..1_000).map(|n| format!("{}\n", event(n % 50, &format!("{chunk}-{n}")))).collect();
        write_chunk(&mut stream, &lines.concat());
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"));
    let body = joined(answer.split_once("\r\n\r\n").unwrap().1);
    assert_eq!(body.lines().count(), 100_000);
    assert!(body.lines().all(|line| line.ends_with("\"status\":\"recorded\"}")));
}

/// A chunked body, joined (RFC 9112, 7.1).
fn joined(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        body.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    body
}

//! NDJSON: one answer a line, however the client reads and writes.

use std::io::{Read as _, Write as _};

use serde_json::Value;

use super::{event, fixture};

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

#[test]
fn a_hundred_thousand_lines_from_a_client_that_reads_only_after_it_has_written() {
    let (_folder, server) = fixture();
    let mut stream = std::net::TcpStream::connect(&server.address).unwrap();
    let head = "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    for chunk in 0..100 {
        let lines: Vec<String> =
            (0..1_000).map(|n| format!("{}\n", event(n % 50, &format!("{chunk}-{n}")))).collect();
        let lines = lines.concat();
        stream.write_all(format!("{:x}\r\n{lines}\r\n", lines.len()).as_bytes()).unwrap();
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

//! `care-ledger emit`: every line gets its answer, through kills, refusals and a full queue, and no
//! line is lost or sent changed.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::command::{binary, care_ledger, ends, text, with_input, written};
use crate::support::server::Server;
use crate::support::service::Service;
use crate::support::{TIME, person, screening};

#[test]
fn a_simulated_stream_is_sent_and_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let simulate = ["simulate", "--persons", "8", "--seed", "3"];
    let stream = ends(0, &simulate).stdout;
    assert_eq!(stream, ends(0, &simulate).stdout, "the same seed, the same stream");
    let lines = text(&stream).lines().count() as u64;
    let emit = ["emit", "-", "--json", "--url", &server.url];
    let told: Vec<Value> = (0..2)
        .map(|_| {
            let output = with_input(&emit, &stream);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            serde_json::from_slice(&output.stdout).unwrap()
        })
        .collect();
    let recorded = told[0]["recorded"].as_u64().unwrap();
    assert!(recorded > 100);
    assert_eq!(
        told[0]["recorded"].as_u64().unwrap() + told[0]["repeated"].as_u64().unwrap(),
        lines
    );
    assert_eq!(told[1], json!({"recorded": 0, "repeated": lines, "refused": 0}));
}

#[test]
fn sending_goes_on_through_a_kill_and_records_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    let address = server.address.clone();
    let stream = text(&ends(0, &["simulate", "--persons", "300", "--seed", "5"]).stdout);
    let (_kept, file) = written("year.ndjson", &stream);
    let emit = Command::new(binary())
        .args(["emit", &file, "--json", "--url", &server.url])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = stream.lines().count() as u64;
    for kill in 1..=2 {
        let position = |server: &Server| {
            let health = server.get("/health").json();
            let position = health["components"]["store"]["position"].as_str().unwrap();
            position.parse::<u64>().unwrap()
        };
        let started = Instant::now();
        while position(&server) < kill * lines / 4 {
            assert!(started.elapsed() < Duration::from_secs(120), "the sending stands still");
            std::thread::sleep(Duration::from_millis(5));
        }
        server.kill();
        std::thread::sleep(Duration::from_millis(300));
        server = Server::start_at(folder.path(), &address);
    }
    let output = emit.wait_with_output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("trying again"), "the kills went unnoticed: {told}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let answered = summary["recorded"].as_u64().unwrap() + summary["repeated"].as_u64().unwrap();
    assert_eq!(answered, lines);
    let log = text(&ends(0, &["events", "--url", &server.url]).stdout);
    let mut sent = counts(stream.lines(), 2);
    // The simulated stream repeats some events.
    let once: HashMap<String, usize> = counts(log.lines(), 1);
    let merges = counts(stream.lines(), 0);
    sent.iter_mut().for_each(|(key, times)| *times = if merges[key] == 0 { 2 } else { 1 });
    assert_eq!(once, sent);
}

/// How often each source and id occurs; a merge counts `merged` times, because a merge is written
/// to two streams.
fn counts<'a>(events: impl Iterator<Item = &'a str>, merged: usize) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for line in events {
        let event: Value = serde_json::from_str(line).unwrap();
        let is_merge = matches!(event["type"].as_str(), Some("person.merged" | "person.unmerged"));
        let times = if is_merge { merged } else { 1 };
        *counts.entry(format!("{} {}", event["source"], event["id"])).or_insert(0) += times;
    }
    counts
}

#[test]
fn refused_lines_are_named_and_the_others_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let event = |id: &str| screening(person(1), "urn:test", id, TIME);
    let mut wrong = event("b");
    wrong["data"]["colour"] = "red".into();
    let mut reused = event("a");
    reused["data"]["needIdentified"] = false.into();
    let lines = [
        event("a").to_string(),
        wrong.to_string(),
        String::new(),
        "{\"id\":".to_owned(),
        reused.to_string(),
        event("c").to_string(),
    ];
    let (_kept, file) = written("lines.ndjson", &lines.join("\n"));
    let output = ends(1, &["emit", &file, "--json", "--url", &server.url]);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary, json!({"recorded": 2, "repeated": 0, "refused": 3}));
    let told = text(&output.stderr);
    for words in ["line 2: Invalid event", "/data/colour", "line 4: ", "line 5: "] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("line 3") && !told.contains("red"), "{told}");
    let rest = ends(0, &["emit", &file, "--json", "--from-line", "6", "--url", &server.url]);
    let summary: Value = serde_json::from_slice(&rest.stdout).unwrap();
    assert_eq!(summary, json!({"recorded": 0, "repeated": 1, "refused": 0}));
}

/// Answers each request with the result of `answer`; returns the lines of each request.
fn stand_in(
    requests: usize,
    answer: impl Fn(&str) -> Value + Send + 'static,
) -> (String, std::thread::JoinHandle<Vec<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let serve = |_| {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = lines_of_request(&stream);
            let answers: String = lines.iter().map(|line| format!("{}\n", answer(line))).collect();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\
                        connection: close\r\ncontent-length: ";
            write!(stream, "{head}{}\r\n\r\n{answers}", answers.len()).unwrap();
            lines
        };
        (0..requests).map(serve).collect()
    });
    (url, served)
}

fn lines_of_request(stream: &TcpStream) -> Vec<String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    text(&body).lines().map(str::to_owned).collect()
}

#[test]
fn lines_without_room_are_sent_again_alone_and_given_up_in_the_end() {
    let no_room = json!({"status": "refused", "problem": {"status": 503, "title": "No room"}});
    let (url, served) = stand_in(3, move |line| {
        if line.contains("\"a\"") { json!({"status": "recorded"}) } else { no_room.clone() }
    });
    let event = |id: &str| screening(person(1), "urn:test", id, TIME).to_string();
    let (_kept, file) = written("lines.ndjson", &["a", "b", "c"].map(event).join("\n"));
    let output = ends(3, &["emit", &file, "--retries", "2", "--url", &url]);
    let told = text(&output.stderr);
    assert!(told.contains("gave up at line 2") && told.contains("--from-line 2"), "{told}");
    let counts: Vec<usize> = served.join().unwrap().iter().map(Vec::len).collect();
    assert_eq!(counts, [3, 2, 2], "what was recorded is not sent again");
}

#[test]
fn a_broken_first_line_loses_none_of_the_lines_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let event = |id: &str| screening(person(1), "urn:test", id, TIME).to_string();
    // Text that begins like one JSON value is read ahead up to 64 MiB; an event lies across this
    // border.
    let mut contents = String::from("{\"id\":\n");
    let blank = " ".repeat((1 << 20) - 1) + "\n";
    let border = contents.len() + (64 << 20);
    while contents.len() + blank.len() < border {
        contents.push_str(&blank);
    }
    contents.push_str(&" ".repeat(border - contents.len() - 50));
    contents.push('\n');
    contents.push_str(&["a", "b"].map(event).join("\n"));
    let (_kept, file) = written("long.ndjson", &contents);
    let output = ends(1, &["emit", &file, "--json", "--url", &server.url]);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary, json!({"recorded": 2, "repeated": 0, "refused": 1}));
}

#[test]
fn a_file_that_is_one_json_value_is_sent_as_it_says_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let event = |id: &str| screening(person(1), "urn:test", id, TIME);
    let twice = event("c").to_string().replacen('{', "{\"subject\":\"x\",", 1);
    let rows = [
        ("an array", json!([event("a"), event("b")]).to_string(), (2, 0)),
        ("an array over lines", serde_json::to_string_pretty(&[event("a")]).unwrap(), (0, 0)),
        ("one over lines", serde_json::to_string_pretty(&event("b")).unwrap(), (0, 0)),
        ("a member named twice", format!("[{twice}]"), (0, 1)),
    ];
    for (why, contents, (recorded, refused)) in rows {
        let (_kept, file) = written("events.json", &contents);
        let output = care_ledger(&["emit", &file, "--json", "--url", &server.url]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(refused), "{why}: {told}");
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["recorded"], recorded, "{why}: {told}");
        assert_eq!(summary["refused"], refused, "{why}: {told}");
    }
    let log = text(&ends(0, &["events", "--url", &server.url]).stdout);
    assert_eq!(log.lines().count(), 2);
}

//! `care-ledger doctor` where all is well, and on each thing that can be wrong: the check that
//! reports it, the exit status, and that the command writes nothing and shows no content.

use serde_json::{Value, json};

use crate::proxy::{canned, clock_moved, instead, says, without_attributes, without_query};
use crate::support::command::{care_ledger, ends, text, written};
use crate::support::service::fixture;
use crate::support::{TIME, person, screening};
use care_ledger::text::clock::{CLOCK_NOTE, minute_of_text};

fn event(source: &str, id: &str) -> Value {
    screening(person(1), source, id, TIME)
}

/// The report of a run that must end with this status.
fn doctor(status: i32, arguments: &[&str]) -> Value {
    let arguments = [&["doctor", "--json"], arguments].concat();
    serde_json::from_slice(&ends(status, &arguments).stdout).unwrap()
}

fn check(report: &Value, name: &str) -> Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap().clone()
}

fn statuses(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .map(|check| {
            format!("{} {}", check["name"].as_str().unwrap(), check["status"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_healthy_set_up_is_well_and_nothing_is_written() {
    let (_folder, server) = fixture();
    let report = doctor(0, &["--url", &server.url, "--source", "urn:v"]);
    assert_eq!(report["status"], "ok");
    assert_eq!(
        statuses(&report),
        [
            "address ok",
            "ledger ok",
            "health ok",
            "clock ok",
            "contract ok",
            "dryRun ok",
            "duplicateKeys skipped",
            "file skipped",
            "refusals ok"
        ]
    );
    assert_eq!(server.get("/v1/events").json()["items"], json!([]));
    let told = text(&ends(0, &["doctor", "--url", &server.url]).stdout);
    assert!(told.contains("ok       dryRun"), "{told}");
    // A source that headers cannot carry without encoding.
    doctor(0, &["--url", &server.url, "--source", "urn:v:%25:h%C3%B4pital"]);
}

/// A wrong set-up: why, its address, the exit status; the name, result and words of one check.
type Wrong = (&'static str, String, i32, &'static str, &'static str, &'static str);

fn what_is_wrong(ledger: &str) -> Vec<Wrong> {
    const DEGRADED: &str = r#"{"status": "DEGRADED", "components": {"store":
        {"status": "DEGRADED", "detail": "the disk is full; reads go on"}}}"#;
    const DOWN: &str = r#"{"status": "DOWN"}"#;
    let health = |status, body| instead(ledger, "GET /health ", status, "application/json", body);
    let nobody = "http://127.0.0.1:1".to_owned();
    let nowhere = "http://no-such-host.invalid".to_owned();
    let ssh = says("SSH-2.0-OpenSSH_9.2\r\n");
    let web = says(canned("404 Not Found", "text/html", "<p>hello"));
    let no_docs = instead(ledger, "/openapi.json", "403 Forbidden", "text/html", "no");
    let (down, none) = (health("503 Service Unavailable", DOWN), health("200 OK", "hello"));
    let (no_query, no_ce) = (without_query(ledger), without_attributes(ledger));
    let (ahead, somewhat, behind) =
        (clock_moved(ledger, -7), clock_moved(ledger, -2), clock_moved(ledger, 9));
    vec![
        ("nothing listens", nobody, 3, "address", "failed", "refused"),
        ("no such name", nowhere, 3, "address", "failed", "does not resolve"),
        ("no HTTP", ssh, 3, "ledger", "failed", "no answer in HTTP"),
        ("another service", web, 1, "ledger", "failed", "404, text/html"),
        ("a full disk", health("200 OK", DEGRADED), 0, "health", "warning", "the disk is full"),
        ("down", down, 1, "health", "failed", "DOWN"),
        ("health is none", none, 1, "health", "failed", "200"),
        ("far ahead", ahead, 1, "clock", "failed", "ahead of the ledger"),
        ("somewhat ahead", somewhat, 0, "clock", "warning", "ahead of the ledger"),
        ("behind", behind, 0, "clock", "warning", "behind the ledger"),
        ("no contract", no_docs, 1, "contract", "failed", "cannot be read"),
        ("queries are lost", no_query, 1, "dryRun", "failed", "does not arrive"),
        ("ce- headers are lost", no_ce, 1, "dryRun", "failed", "binary: the example"),
    ]
}

#[test]
fn each_thing_that_is_wrong_is_found_and_says_what_to_do() {
    let (_folder, server) = fixture();
    for (why, url, status, name, expected, words) in what_is_wrong(&server.address) {
        let report = doctor(status, &["--url", &url]);
        let check = check(&report, name);
        assert_eq!(check["status"], expected, "{why}: {report:#}");
        let detail = check["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{why}: {detail}");
        assert!(check["next"].as_str().unwrap().len() > 10, "{why}: does not say what to do");
        let others = statuses(&report);
        let failed = others.iter().filter(|other| other.ends_with("failed")).count();
        assert_eq!(failed, usize::from(expected == "failed"), "{why}: {others:?}");
        assert_eq!(others.len(), 9, "{why}");
    }
    assert_eq!(server.get("/v1/events").json()["items"], json!([]), "something was recorded");
}

#[test]
fn a_file_is_held_against_itself_and_the_ledger_and_no_content_is_told() {
    let (_folder, server) = fixture();
    let said_otherwise = |source: &str, id: &str| {
        let mut event = event(source, id);
        event["data"]["needIdentified"] = false.into();
        event
    };
    server.send_batch(&[event("urn:v", "there"), event("urn:v", "reused")]);
    let mut wrong = event("urn:v", "wrong");
    wrong["subject"] = "Jan Janssens".into();
    wrong["data"]["instrument"] = "Heroin use".into();
    let lines = [
        event("urn:v", "new"),
        event("urn:v", "there"),
        event("urn:v", "new"),
        said_otherwise("urn:v", "new"),
        said_otherwise("urn:v", "reused"),
        wrong,
    ];
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let (_kept, path) = written("tonight.ndjson", &(lines.join("\n") + "\n{\"id\":"));
    let report = doctor(1, &["--url", &server.url, "--file", &path]);
    let keys = check(&report, "duplicateKeys");
    let detail = keys["detail"].as_str().unwrap();
    for words in [
        "7 events: 1 repeated with the same content",
        "two things in the file (line 4)",
        "1 recorded already",
        "with other content (line 5)",
    ] {
        assert!(detail.contains(words), "{words}: {detail}");
    }
    let outcome = check(&report, "file");
    let detail = outcome["detail"].as_str().unwrap();
    assert!(detail.contains("1 would be recorded, 1 are, 3 refused"), "{detail}");
    let groups = outcome["refused"].as_array().unwrap();
    let groups: Vec<String> = groups
        .iter()
        .map(|group| format!("{} {} {}", group["code"], group["name"], group["line"]))
        .collect();
    for group in [
        "\"idReused\" \"/id\" 5",
        "\"badForm\" \"/subject\" 6",
        "\"badForm\" \"/data/instrument\" 6",
        "\"badRequest\" \"\" 7",
    ] {
        assert!(groups.iter().any(|found| found == group), "{group}: {groups:?}");
    }
    assert_eq!(check(&report, "refusals")["status"], "ok", "dry runs are no refusals");
    let told = text(&care_ledger(&["doctor", "--url", &server.url, "--file", &path]).stdout);
    for told in [told, report.to_string()] {
        for content in ["Janssens", "Heroin", "reused\"", "00000000-0000-4000"] {
            assert!(!told.contains(content), "{content}: {told}");
        }
    }
    assert_eq!(server.get("/v1/events").json()["items"].as_array().unwrap().len(), 2);
    let good = event("urn:v", "good").to_string();
    let (_kept, path) = written("good.json", &format!("[{good},{good}]"));
    let report = doctor(0, &["--url", &server.url, "--file", &path]);
    assert_eq!(report["status"], "ok", "{report:#}");
    ends(3, &["doctor", "--url", &server.url, "--file", "/no/such/file"]);
}

#[test]
fn refusals_are_summed_up_until_they_are_sent_again_well() {
    let (_folder, server) = fixture();
    for id in ["a", "b"] {
        let mut wrong = event("urn:v", id);
        wrong["data"]["instrument"] = "Not a code".into();
        server.send(&wrong);
        server.send(&wrong);
    }
    let report = doctor(0, &["--url", &server.url, "--source", "urn:v"]);
    let refusals = check(&report, "refusals");
    assert_eq!(refusals["status"], "warning");
    assert!(refusals["detail"].as_str().unwrap().starts_with("2 refused"), "{refusals}");
    let newest = server.get("/v1/refusals?source=urn:v").json()["items"][0]["at"].clone();
    let newest = minute_of_text(newest.as_str().unwrap()).unwrap();
    let page = text(&ends(0, &["doctor", "--url", &server.url, "--source", "urn:v"]).stdout);
    let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(&format!("the newest at {newest};")), "{page}");
    assert_eq!(flat.matches(CLOCK_NOTE).count(), 1, "{page}");
    let group = &refusals["refused"][0];
    assert_eq!(
        (&group["count"], &group["code"], &group["name"], &group["href"]),
        (&json!(4), &json!("badForm"), &json!("/data/instrument"), &json!("/errors/invalidEvent"))
    );
    server.send_batch(&[event("urn:v", "a"), event("urn:v", "b")]);
    let refusals = check(&doctor(0, &["--url", &server.url, "--source", "urn:v"]), "refusals");
    assert_eq!(refusals["status"], "ok", "{refusals}");
    assert!(refusals["detail"].as_str().unwrap().contains("2 of them recorded since"));
    // The recorded event is older than the refused change.
    let mut change = event("urn:v", "a");
    change["data"]["instrument"] = "Not a code".into();
    server.send(&change);
    let refusals = check(&doctor(0, &["--url", &server.url, "--source", "urn:v"]), "refusals");
    assert_eq!(refusals["status"], "warning", "{refusals}");
    assert!(refusals["detail"].as_str().unwrap().contains("1 of them recorded since"));
}

#[test]
fn a_redirection_is_told_and_not_followed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut ignored = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut ignored);
            let answer = b"HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\n\
                content-length: 0\r\nconnection: close\r\n\r\n";
            let _ = std::io::Write::write_all(&mut stream, answer);
        }
    });
    let report = doctor(1, &["--url", &url]);
    let ledger = check(&report, "ledger");
    assert_eq!(ledger["status"], "failed", "{report:#}");
    assert!(ledger["detail"].as_str().unwrap().contains("301"), "{ledger}");
}

#[test]
fn an_address_with_a_password_or_an_impossible_port_is_wrong_usage() {
    for url in ["http://user:secret@127.0.0.1:8080", "http://127.0.0.1:99999", "http://"] {
        let told = ends(2, &["doctor", "--url", url]);
        assert!(!text(&told.stderr).contains("secret"), "{url}");
        assert!(text(&told.stderr).contains("a port up to 65535"), "{url}");
    }
}

#[test]
fn emit_says_what_would_happen_and_writes_nothing() {
    let (_folder, server) = fixture();
    server.send(&event("urn:v", "there"));
    let mut wrong = event("urn:v", "wrong");
    wrong["time"] = "soon".into();
    let lines = [event("urn:v", "new"), event("urn:v", "there"), wrong];
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let (_kept, path) = written("tonight.ndjson", &lines.join("\n"));
    let dry = ends(1, &["emit", "--dry-run", "--json", "--url", &server.url, &path]);
    let dry_summary: Value = serde_json::from_slice(&dry.stdout).unwrap();
    let expected = json!({"dryRun": true, "recorded": 1, "repeated": 1, "refused": 1});
    assert_eq!(dry_summary, expected);
    assert!(text(&dry.stderr).contains("line 3: Invalid event"), "{}", text(&dry.stderr));
    assert_eq!(server.get("/v1/events").json()["items"].as_array().unwrap().len(), 1);
    let told = text(&ends(1, &["emit", "--dry-run", "--url", &server.url, &path]).stderr);
    assert!(told.contains("nothing was written: 1 recorded, 1 repeated, 1 refused"), "{told}");
    let real = ends(1, &["emit", "--json", "--url", &server.url, &path]);
    let summary: Value = serde_json::from_slice(&real.stdout).unwrap();
    assert_eq!(summary, json!({"recorded": 1, "repeated": 1, "refused": 1}));
}

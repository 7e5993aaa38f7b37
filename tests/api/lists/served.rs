//! The lists over HTTP, by the real clock.

use std::io::Write as _;
use std::time::{Duration, Instant};

use care_ledger::domain::time::calendar::days_after;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use super::country::event;
use crate::support::client::Client;
use crate::support::folder::SmallDisk;
use crate::support::person;
use crate::support::screening;
use crate::support::service::Service;

#[test]
fn an_alert_appears_in_the_list_with_the_clock_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    // Due a civil day after the dose, unknown a day after that: ten seconds from now. Before that,
    // the lists are asked twice, on processors that other tests use too.
    let wanted = Utc::now() + TimeDelta::seconds(10);
    let mut given = wanted - TimeDelta::hours(48);
    given -= days_after(given, 1) + TimeDelta::hours(24) - wanted;
    let data = json!({"product": "methadone", "doseMicrograms": 30_000, "setting": "prison",
        "facility": "gent", "intervalDays": 1});
    let dose = event(person(1), "dose", "substitution.doseContinued", &given.to_rfc3339(), data);
    let receipt = server.send(&dose).json()["receipts"][0].clone();
    let position = receipt["position"].as_str().unwrap().to_owned();
    let ask = |path: &str| {
        let wait = [("prefer", "wait=30"), ("ledger-position", position.as_str())];
        let answer = server.get_with(path, &wait);
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("ledger-position"), Some(position.as_str()));
        assert_eq!(answer.header("preference-applied"), Some("wait=30"));
        answer.json()
    };
    let alerted = "/v1/trajectories?alert=substitutionOverdue";
    assert_eq!(ask(alerted)["items"], json!([]));
    assert_eq!(
        ask("/v1/trajectories?substitution=maintained")["items"].as_array().unwrap().len(),
        1
    );
    let started = Instant::now();
    let item = loop {
        assert!(started.elapsed() < Duration::from_secs(30), "it never came");
        if let Some(item) = ask(alerted)["items"].get(0) {
            break item.clone();
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let (at, known) = (item["at"].as_str().unwrap(), item["known"].as_str().unwrap());
    let path = format!("/v1/persons/{}/trajectory?at={at}&known={known}", person(1));
    assert_eq!(server.get(&path).json(), item, "the same as about the one person");
}

#[test]
fn what_cannot_be_asked_is_refused_with_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let rows: [Row<'_>; 6] = [
        (
            "/v1/trajectories?custody=inside&alert=none&person=x",
            &[],
            &["person", "custody", "alert"],
        ),
        ("/v1/trajectories?facility=a%20b&limit=0", &[], &["facility", "limit"]),
        ("/v1/trajectories?cursor=1.2.3", &[], &["cursor"]),
        ("/v1/credits?minDays=-1&custody=detained", &[], &["custody", "minDays"]),
        ("/v1/credits?minDays=x", &[("ledger-position", "first")], &["Ledger-Position", "minDays"]),
        ("/v1/events/1", &[("ledger-position", "")], &["Ledger-Position"]),
    ];
    let many = server.get("/v1/credits?minDays=99999999999");
    assert_eq!((many.status, &many.json()["items"]), (200, &json!([])), "no one has so many days");
    // A read that no position of the log concerns does not look at the header.
    for path in ["/v1/schemas", "/health", "/metrics"] {
        assert_eq!(server.get_with(path, &[("ledger-position", "first")]).status, 200, "{path}");
    }
    for (path, headers, names) in rows {
        let answer = server.get_with(path, headers);
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        let told = answer.json();
        let told: Vec<&str> = told["issues"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["name"].as_str().unwrap())
            .collect();
        assert_eq!(told, names, "{path}");
    }
}

#[test]
fn a_read_waits_for_what_was_written_and_no_longer_than_asked() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let time = "2026-03-01T10:00:00+01:00";
    let screened = |n: u32| screening(person(n), "urn:test", &n.to_string(), time);
    let receipt = server.send(&screened(1)).json()["receipts"][0].clone();
    let position = receipt["position"].as_str().unwrap();
    let reads = [
        "/v1/trajectories".to_owned(),
        "/v1/credits".to_owned(),
        "/v1/events".to_owned(),
        format!("/v1/persons/{}/trajectory", person(1)),
    ];
    for read in &reads {
        let there = [("prefer", "wait=20"), ("ledger-position", position)];
        assert_eq!(server.get_with(read, &there).status, 200, "{read}");
        let never = [("prefer", "wait=0"), ("ledger-position", "99")];
        let answer = server.get_with(read, &never);
        assert_eq!(answer.status, 504, "{read}");
        assert_eq!(answer.json()["type"], "urn:problem-type:careLedger:notYetRead");
        // A wait too large for a number counts as the longest wait.
        let long = "wait=99999999999999999999999999";
        let answer = server.get_with(read, &[("prefer", long), ("ledger-position", position)]);
        assert_eq!(answer.header("preference-applied"), Some("wait=60"), "{read}");
        // Without the preference the position has no effect.
        assert_eq!(server.get_with(read, &[("ledger-position", "99")]).status, 200, "{read}");
    }
    // A request that cannot be answered in any case does not wait.
    let never = [("prefer", "wait=60"), ("ledger-position", "99")];
    for (wrong, status) in
        [("/v1/trajectories?foo=1", 400), ("/v1/events?limit=0", 400), ("/nope", 404)]
    {
        assert_eq!(server.get_with(wrong, &never).status, status, "{wrong}");
    }
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let wait = [("prefer", "wait=30"), ("ledger-position", "2")];
            server.get_with("/v1/trajectories", &wait)
        });
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(server.send(&screened(2)).status, 201);
        waiting.join().unwrap()
    });
    assert_eq!(waiting.status, 200);
    let items: Vec<Value> = waiting.json()["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 2);
}

#[test]
fn a_cursor_that_no_page_of_this_list_gave_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    for n in 1..=2 {
        let time = "2026-03-01T10:00:00+01:00";
        assert_eq!(
            server.send(&screening(person(n), "urn:test", &n.to_string(), time)).status,
            201
        );
    }
    let wait = [("prefer", "wait=30"), ("ledger-position", "2")];
    let page = server.get_with("/v1/trajectories?limit=1", &wait).json();
    let given = page["next"].as_str().unwrap();
    let status = |list: &str, cursor: &str| {
        server.get(&format!("/v1/{list}?limit=1&cursor={cursor}")).status
    };
    assert_eq!(status("trajectories", given), 200);
    let earlier = given.replacen("t.2.", "t.1.", 1);
    assert_ne!(earlier, given);
    for (why, list, cursor) in [
        ("of the other list", "credits", given),
        ("another record", "trajectories", &earlier),
        ("another letter", "credits", &given.replacen('t', "c", 1).replacen("c.2.", "c.1.", 1)),
    ] {
        assert_eq!(status(list, cursor), 400, "{why}");
    }
    let beyond = given.replacen("t.2.", "t.3.", 1);
    assert_eq!(status("trajectories", &beyond), 409, "of a log that went further");
}

#[test]
fn health_and_metrics_say_how_far_the_lists_are() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let time = "2026-03-01T10:00:00+01:00";
    let event = screening(person(1), "urn:test", "1", time);
    assert_eq!(server.send(&event).status, 201);
    let wait = [("prefer", "wait=30"), ("ledger-position", "1")];
    assert_eq!(server.get_with("/v1/trajectories", &wait).status, 200);
    let known = &server.get("/v1/events/1").json()["recordedtime"];
    let asked = chrono::Utc::now();
    let lists = &server.get("/health").json()["components"]["lists"];
    let as_of = lists["asOf"].as_str().unwrap();
    let expected = json!({"status": "UP", "state": "running", "position": "1", "lag": 0,
        "known": known, "asOf": as_of});
    assert_eq!(*lists, expected);
    assert!(chrono::DateTime::parse_from_rfc3339(as_of).unwrap() >= asked, "{as_of}");
    assert!(server.get("/metrics").text.contains("\ncare_ledger_lists_position 1\n"));
}

#[test]
fn lists_that_a_full_disk_has_stopped_go_on_by_themselves() {
    let Some(disk) = SmallDisk::new("40m") else {
        println!("skipped: only root can mount a small disk");
        return;
    };
    let (data, ballast) = (disk.0.path().join("data"), disk.0.path().join("ballast"));
    let server = Service::start(&data);
    let mut full = std::fs::File::create(&ballast).unwrap();
    while full.write_all(&[1; 4_096]).is_ok() {}
    // There is room for some records, but not for the lists as well.
    full.set_len(full.metadata().unwrap().len() - 300_000).unwrap();
    let time = "2026-03-01T10:00:00+01:00";
    let mut last = 0;
    let lists = |server: &Client| server.get("/health").json()["components"]["lists"].clone();
    while lists(&server)["state"] != "faulted" {
        let event = screening(person(last), "urn:test", &last.to_string(), time);
        if server.send(&event).status == 201 {
            last += 1;
        } else {
            // The log filled the disk first: make room for some more records.
            full.set_len(full.metadata().unwrap().len() - 8_192).unwrap();
        }
        assert!(last < 10_000, "the disk never was full for the lists");
    }
    assert_eq!(server.get("/health").status, 200);
    assert_eq!(server.get("/health").json()["status"], "DEGRADED");
    drop(full);
    std::fs::remove_file(ballast).unwrap();
    let wait = [("prefer", "wait=60"), ("ledger-position", &*last.to_string())];
    let answer = server.get_with("/v1/trajectories?limit=10000", &wait);
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["items"].as_array().unwrap().len(), last as usize);
    assert_eq!(lists(&server)["state"], "running");
}

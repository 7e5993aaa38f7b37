//! The refusals of a source: every mode of sending adds to them, dry runs do not, and of an event
//! they hold only its key and its type.

use serde_json::{Value, json};

use super::fixture;
use crate::support::client::{BATCH, Client, LINES, STRUCTURED};
use crate::support::service::Service;
use crate::support::{TIME, person, screening};

fn refusals(server: &Client, source: &str) -> Vec<Value> {
    let answer = server.get(&format!("/v1/refusals?source={source}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

/// Each refusal as its id, status, and the places and codes of its issues.
fn short(refusals: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let one = |refusal: &Value| {
        let issues = refusal["problem"]["issues"].as_array().unwrap().iter().map(|issue| {
            format!("{}:{}:{}", text(&issue["in"]), text(&issue["name"]), text(&issue["code"]))
        });
        let issues: Vec<String> = issues.collect();
        let (id, kind) = (text(&refusal["id"]), text(&refusal["type"]));
        format!("{id} {kind} {} {}", refusal["problem"]["status"], issues.join(" "))
    };
    refusals.iter().map(one).collect()
}

fn event(source: &str, id: &str) -> Value {
    screening(person(1), source, id, TIME)
}

fn wrong(source: &str, id: &str) -> Value {
    let mut event = event(source, id);
    event["data"]["instrument"] = "Not a code".into();
    event
}

#[test]
fn every_way_in_keeps_what_it_refuses_and_a_dry_run_keeps_nothing() {
    let (_folder, server) = fixture();
    let s = "urn:v";
    assert_eq!(server.send(&event(s, "known")).status, 201);
    let mut reused = event(s, "known");
    reused["data"]["needIdentified"] = false.into();
    let mut annulled = event(s, "annulled");
    annulled["type"] = "record.annulled".into();
    annulled["data"] = json!({"annuls": {"source": "urn:other", "id": "x",
        "type": "care.screened"}, "reason": "notOccurred"});
    let mut own = event(s, "own type");
    own["type"] = "Jan Janssens".into();
    let mut ahead = event(s, "ahead");
    ahead["time"] = "2199-01-01T00:00:00Z".into();
    let batch = json!([event(s, "good"), wrong(s, "bad"), event(s, "fine"), wrong("urn:w", "bad")]);
    let mut other = event(s, "twice");
    other["data"]["needIdentified"] = false.into();
    let twice = json!([event(s, "twice"), other]);
    let lines = [
        event(s, "line good").to_string(),
        wrong(s, "line bad").to_string(),
        reused.to_string(),
        "{\"id\":".to_owned(),
    ];
    let ce = |name: &'static str, value: &'static str| (name, value);
    let binary = [
        ce("ce-specversion", "1.0"),
        ce("ce-id", "in headers"),
        ce("ce-source", "urn:v"),
        ce("ce-type", "care.screened"),
        ce("ce-subject", "00000000-0000-4000-8000-000000000001"),
        ce("ce-time", "yesterday"),
    ];
    let instrument = "body:/data/instrument:badForm";
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], String, u16, Vec<String>);
    let told = |told: &[&str]| told.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let rows: Vec<Row<'_>> = vec![
        (
            "structured",
            STRUCTURED,
            &[],
            wrong(s, "one").to_string(),
            422,
            vec![format!("one care.screened 422 {instrument}")],
        ),
        (
            "reused",
            STRUCTURED,
            &[],
            reused.to_string(),
            409,
            told(&["known care.screened 409 body:/id:-"]),
        ),
        (
            "another's record",
            STRUCTURED,
            &[],
            annulled.to_string(),
            422,
            told(&["annulled record.annulled 422 body:/data/annuls/source:otherSource"]),
        ),
        (
            "a type of its own",
            STRUCTURED,
            &[],
            own.to_string(),
            422,
            told(&["own type - 422 body:/type:unknownType"]),
        ),
        (
            "in the future",
            STRUCTURED,
            &[],
            ahead.to_string(),
            422,
            told(&["ahead care.screened 422 body:/time:inFuture"]),
        ),
        (
            "binary",
            "application/json",
            &binary,
            json!({"instrument": "Not a code"}).to_string(),
            422,
            told(&["in headers care.screened 422 body:/instrument:badForm \
                body:/needIdentified:missing header:ce-time:badForm"]),
        ),
        (
            "a batch, without the innocent",
            BATCH,
            &[],
            batch.to_string(),
            422,
            vec![format!("bad care.screened 422 {instrument}")],
        ),
        (
            "a batch that says two things",
            BATCH,
            &[],
            twice.to_string(),
            409,
            told(&["twice care.screened 409 body:/id:-"]),
        ),
        (
            "lines, newest first",
            LINES,
            &[],
            lines.join("\n"),
            200,
            vec![
                "known care.screened 409 body:/id:-".to_owned(),
                format!("line bad care.screened 422 {instrument}"),
            ],
        ),
        ("broken JSON has no sender", STRUCTURED, &[], "{\"id\":".to_owned(), 400, vec![]),
        ("no event at all", STRUCTURED, &[], "[]".to_owned(), 422, vec![]),
        (
            "an id too long to keep",
            STRUCTURED,
            &[],
            event(s, &"x".repeat(301)).to_string(),
            422,
            vec![],
        ),
        ("what is taken", STRUCTURED, &[], event(s, "taken").to_string(), 201, vec![]),
    ];
    let mut before = 0;
    for (why, kind, headers, body, status, expected) in rows {
        let headers = [&[("content-type", kind)], headers].concat();
        let dry = server.post("/v1/events?dryRun=true", &headers, body.as_bytes());
        let dry_status = if status == 201 { 200 } else { status };
        assert_eq!(dry.status, dry_status, "{why}, dry: {}", dry.text);
        assert_eq!(refusals(&server, s).len(), before, "{why}: a dry run was kept");
        let answer = server.post("/v1/events", &headers, body.as_bytes());
        assert_eq!(answer.status, status, "{why}: {}", answer.text);
        let all = refusals(&server, s);
        assert_eq!(short(&all[..all.len() - before]), expected, "{why}");
        before = all.len();
    }
    assert_eq!(short(&refusals(&server, "urn:w")), [format!("bad care.screened 422 {instrument}")]);
    let metrics = server.get("/metrics").text;
    for line in [
        "care_ledger_refusals_total{outcome=\"kept\"} 11",
        "care_ledger_refusals_total{outcome=\"unattributed\"} 4",
        "care_ledger_events_total{outcome=\"refused\"} 15",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[test]
fn nothing_of_an_event_but_its_key_and_type_is_kept() {
    let (folder, server) = fixture();
    let mut event = event("urn:v", "a");
    event["subject"] = "Jan Janssens".into();
    event["time"] = "half past nine".into();
    event["note"] = "sleeps badly".into();
    event["dataschema"] = "urn:secret".into();
    event["data"] = json!({"instrument": "heroin use", "needIdentified": "perhaps",
        "85073003328": 1, "Jan Janssens": 2, "doseMicrograms": 85_000});
    let refused = server.send(&event);
    assert_eq!(refused.status, 422);
    let told = server.get("/v1/refusals?source=urn:v").text;
    let kept = refusals(&server, "urn:v");
    let problem = &kept[0]["problem"];
    assert_eq!(problem["instance"], refused.json()["instance"], "found again by its id");
    assert_eq!(problem["href"], "/errors/invalidEvent");
    assert!(problem["issues"].as_array().unwrap().len() >= 7, "{told}");
    server.stop();
    let file = std::fs::read(folder.path().join("refusals.db")).unwrap();
    let file = String::from_utf8_lossy(&file);
    assert!(file.contains("urn:v"), "{file}");
    for content in
        ["Jan", "half past", "sleeps", "secret", "heroin", "perhaps", "85073003328", "85000"]
    {
        assert!(!told.contains(content), "{content}: {told}");
        assert!(!file.contains(content), "{content}: {file}");
    }
    let members: Vec<&String> = kept[0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["at", "id", "problem", "source", "type"]);
}

#[test]
fn a_first_start_keeps_refusals_in_its_new_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/ledger");
    let server = Service::start(&data);
    server.send(&wrong("urn:v", "first"));
    server.stop();
    assert_eq!(refusals(&Service::start(&data), "urn:v").len(), 1);
}

#[test]
fn a_flood_is_bounded_told_and_does_not_touch_what_another_source_may_read() {
    let (folder, server) = fixture();
    server.send(&wrong("urn:quiet", "a"));
    let bad = |n: usize| wrong("urn:loud", &format!("e{n}")).to_string();
    for round in 0..3 {
        let lines: Vec<String> = (0..1_000).map(|n| bad(round * 1_000 + n)).collect();
        let kind = [("content-type", LINES)];
        server.post("/v1/events", &kind, lines.join("\n").as_bytes());
    }
    let page = server.get("/v1/refusals?source=urn:loud&limit=5000").json();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["dropped"]), (1_000, &json!(2_000)));
    assert_eq!(page["items"][0]["id"], "e2999");
    assert!(page["completeSince"].as_str() < page["items"][999]["at"].as_str());
    let quiet = server.get("/v1/refusals?source=urn:quiet").json();
    assert_eq!(
        (short(quiet["items"].as_array().unwrap()).len(), &quiet["dropped"]),
        (1, &json!(0))
    );
    let mut server = server;
    for start in 1..=2 {
        server.stop();
        server = Service::start(folder.path());
        let again = server.get("/v1/refusals?source=urn:loud&limit=5000").json();
        assert_eq!(again, page, "start {start}: not the same, or not what was dropped");
    }
}

#[test]
fn pages_follow_each_other_and_wrong_parameters_are_named() {
    let (_folder, server) = fixture();
    for n in 0..7 {
        server.send(&wrong("urn:v", &format!("e{n}")));
    }
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server.get(&format!("/v1/refusals?source=urn:v&limit=3{cursor}")).json();
        ids.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(ids, ["e6", "e5", "e4", "e3", "e2", "e1", "e0"]);
    let none = server.get("/v1/refusals?source=urn:nobody").json();
    assert_eq!((&none["items"], &none["dropped"]), (&json!([]), &json!(0)));
    for (query, name) in [
        ("", "source"),
        ("?source=urn:v&limit=0", "limit"),
        ("?source=urn:v&cursor=x", "cursor"),
        ("?source=urn:v&subject=x", "subject"),
        ("?source=urn:v&source=urn:w", "source"),
    ] {
        let refused = server.get(&format!("/v1/refusals{query}"));
        assert_eq!(refused.status, 400, "{query}");
        assert_eq!(refused.json()["issues"][0]["name"], name, "{query}");
    }
}

#[test]
fn a_dry_run_says_in_each_mode_what_the_real_run_then_does_and_writes_nothing() {
    let (_folder, server) = fixture();
    let one = event("urn:v", "a");
    let ce: Vec<(&str, String)> = [("specversion", "1.0"), ("id", "b"), ("source", "urn:v")]
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .chain([("type", "care.screened".to_owned()), ("subject", person(1).to_string())])
        .chain([("time", TIME.to_owned())])
        .collect();
    let names: Vec<String> = ce.iter().map(|(name, _)| format!("ce-{name}")).collect();
    let mut binary: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(ce.iter().map(|(_, value)| value.as_str())).collect();
    binary.push(("content-type", "application/json"));
    let batch = json!([event("urn:v", "c"), event("urn:v", "a"), event("urn:v", "c")]).to_string();
    let lines = [event("urn:v", "d"), event("urn:v", "d"), wrong("urn:v", "e")];
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    type Row<'a> = (&'a str, Vec<(&'a str, &'a str)>, String);
    let rows: [Row<'_>; 4] = [
        ("structured", vec![("content-type", STRUCTURED)], one.to_string()),
        ("binary", binary, one["data"].to_string()),
        ("batch", vec![("content-type", BATCH)], batch),
        ("lines", vec![("content-type", LINES)], lines.join("\n")),
    ];
    let statuses = |text: &str| -> Vec<String> {
        text.split("\"status\":\"").skip(1).map(|s| s[..s.find('"').unwrap()].to_owned()).collect()
    };
    for (mode, headers, body) in rows {
        let before = server.get("/v1/events").text;
        let dry = server.post("/v1/events?dryRun=true", &headers, body.as_bytes());
        assert_eq!(dry.status, 200, "{mode}: {}", dry.text);
        assert_eq!(server.get("/v1/events").text, before, "{mode}: something was written");
        let real = server.post("/v1/events", &headers, body.as_bytes());
        assert_eq!(statuses(&dry.text), statuses(&real.text), "{mode}: {}", dry.text);
        assert_ne!(server.get("/v1/events").text, before, "{mode}: nothing was written");
    }
}

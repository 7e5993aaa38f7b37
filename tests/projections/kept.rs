//! Projections that the service keeps: sources, states, faults, over HTTP.

use care_ledger::simulate::{Plan, events};
use serde_json::{Value, json};

use crate::support::client::{Answer, Client};
use crate::support::command::{ends, path, text, written};
use crate::support::service::{Service, fixture};
use crate::support::{TIME, person, screening, until};

pub const SCRIPT: &[(&str, &str)] = &[("content-type", "text/javascript")];

/// A state machine with a state of its own for each person.
pub const STAYS: &str = "fromCategory('person').foreachStream().when({
    $init: () => ({ at: null, since: null, moves: 0, doses: 0 }),
    'detention.arrived': (s, e) => { s.at = e.data.facility; s.since = e.metadata.civil.time; },
    'detention.transferred': (s, e) => { s.at = e.data.facility; s.moves++; },
    'detention.released': (s) => { s.at = null; },
    'substitution.doseContinued': (s) => { s.doses++; },
    $any: (s, e) => { s.last = e.sequenceNumber; },
})";

/// The same, and one member more.
pub const STAYS_TOO: &str = "fromCategory('person').foreachStream().when({
    $init: () => ({ n: 0 }), $any: (s, e) => { s.n++; s.type = e.eventType; },
})";

pub fn lives(persons: u64) -> Vec<Value> {
    let (from, to) = ("2025-01-01".parse().unwrap(), "2025-03-31".parse().unwrap());
    events(Plan { persons, detained: 0, from, to, seed: 11 }).collect()
}

pub fn put(client: &Client, name: &str, source: &str) -> Answer {
    client.put(&format!("/v1/projections/{name}"), SCRIPT, source.as_bytes())
}

pub fn status(client: &Client, name: &str) -> Value {
    client.get(&format!("/v1/projections/{name}")).json()
}

/// Waits until a projection has caught up and nothing is built beside it.
pub fn caught_up(client: &Client, name: &str) {
    until("caught up", || {
        let status = status(client, name);
        status["lag"] == 0 && status.get("rebuild").is_none()
    });
}

/// All states, by partition.
pub fn states(client: &Client, name: &str) -> Value {
    let mut all = serde_json::Map::new();
    let mut path = format!("/v1/projections/{name}/partitions?limit=500");
    loop {
        let page = client.get(&path).json();
        for item in page["items"].as_array().unwrap() {
            all.insert(item["partition"].as_str().unwrap().to_owned(), item["result"].clone());
        }
        let Some(next) = page["next"].as_str() else { return all.into() };
        path = format!("/v1/projections/{name}/partitions?limit=500&cursor={next}");
    }
}

#[test]
fn kept_states_are_those_of_a_replay_of_the_folder_the_file_and_the_service() {
    let (folder, service) = fixture();
    let lives = lives(60);
    service.send_lines(&lives[..lives.len() / 2]);
    assert_eq!(put(&service, "stays", STAYS).status, 201);
    service.send_lines(&lives[lives.len() / 2..]);
    caught_up(&service, "stays");
    let kept = states(&service, "stays");
    let replayed = service.post("/v1/replays", SCRIPT, STAYS.as_bytes()).text;
    let lines = replayed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let rows = lines.filter(|line| line["partition"].is_string());
    let served: Value = rows
        .map(|row| (row["partition"].as_str().unwrap().to_owned(), row["state"].clone()))
        .collect();
    service.stop();
    let (_source, file) = written("stays.js", STAYS);
    let replay = |from: &[&str]| -> Value {
        let output = ends(0, &[&["replay", &file, "--json"], from].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let of_folder = replay(&["--data", path(folder.path())]);
    let ndjson: String = lives.iter().map(|event| format!("{event}\n")).collect();
    let (_lines, ndjson) = written("lives.ndjson", &ndjson);
    assert!(kept.as_object().unwrap().len() > 50, "{}", kept.as_object().unwrap().len());
    assert_eq!(kept, of_folder);
    assert_eq!(kept, served);
    assert_eq!(kept, replay(&["--events", &ndjson]));
}

#[test]
fn a_new_source_is_built_beside_the_old_and_takes_its_place() {
    let (folder, service) = fixture();
    service.send_lines(&lives(40));
    let first = put(&service, "stays", STAYS);
    assert_eq!(first.status, 201);
    caught_up(&service, "stays");
    let again = put(&service, "stays", STAYS);
    assert_eq!((again.status, &again.json()["sourceHash"]), (200, &first.json()["sourceHash"]));
    let other = put(&service, "stays", STAYS_TOO);
    assert_eq!(other.status, 202);
    caught_up(&service, "stays");
    assert_ne!(status(&service, "stays")["sourceHash"], first.json()["sourceHash"]);
    let source = service.get("/v1/projections/stays/source").json();
    assert_eq!(source["projection"], STAYS_TOO);
    let kept = states(&service, "stays");
    service.stop();
    // A restart goes on from the checkpoint.
    let service = Service::start(folder.path());
    caught_up(&service, "stays");
    assert_eq!(states(&service, "stays"), kept);
    let files = std::fs::read_dir(folder.path().join("projections")).unwrap();
    let databases =
        files.flatten().filter(|file| file.path().extension().is_some_and(|e| e == "db"));
    assert_eq!(databases.count(), 2, "the registry and one version");
}

#[test]
fn a_faulted_program_stands_still_and_disturbs_no_other() {
    let (_folder, service) = fixture();
    let faulting = "fromAll().when({\n  $any: (s, e) => { s.n = (s.n || 0) + 1; \
        if (s.n === 3) throw new Error('third'); } })";
    put(&service, "stays", STAYS);
    put(&service, "bad", faulting);
    let events: Vec<Value> =
        (0..5).map(|n| screening(person(n), "urn:example:a", &n.to_string(), TIME)).collect();
    service.send_lines(&events);
    caught_up(&service, "stays");
    until("faulted", || status(&service, "bad")["state"] == "faulted");
    let found = status(&service, "bad");
    let fault = &found["fault"];
    assert_eq!((&fault["message"], &fault["position"]), (&json!("third"), &json!("3")));
    assert_eq!(fault["event"], json!({"source": "urn:example:a", "id": "2"}));
    assert_eq!((&fault["line"], &fault["partition"]), (&json!(2), &json!("")));
    assert_eq!((&found["position"], &found["lag"]), (&json!("2"), &json!(3)));
    assert_eq!(service.get("/v1/projections/bad/state").json(), json!({"n": 2}));
    let health = service.get("/health").json();
    assert_eq!(health["status"], "UP");
    assert_eq!(health["components"]["programs"]["faulted"], json!(["bad"]));
    assert!(!health.to_string().contains("third"));
    let metrics = service.get("/metrics").text;
    assert!(
        metrics.contains("care_ledger_projection_faulted{projection=\"other\"} 1"),
        "{metrics}"
    );
    // A new source mends it; a reset alone meets the same event.
    service.post("/v1/projections/bad/reset", &[], &[]);
    until("faulted again", || status(&service, "bad")["state"] == "faulted");
    assert_eq!(put(&service, "bad", STAYS_TOO).status, 202);
    caught_up(&service, "bad");
    assert_eq!(status(&service, "bad")["state"], "running");
}

#[test]
fn states_results_and_shared_states_are_bare_json() {
    let (_folder, service) = fixture();
    service.send_lines(&[screening(person(1), "urn:example:a", "1", TIME)]);
    let source = "fromAll().partitionBy(e => e.data.instrument).when({ \
        $init: () => null, $initShared: () => ({ all: 0 }), \
        $any: (s) => { s[1].all++; } }).transformBy(s => s[1].all > 0 ? { all: s[1].all } : s.x.y)";
    put(&service, "sums", source);
    caught_up(&service, "sums");
    let get = |path: &str| service.get(&format!("/v1/projections/sums/{path}"));
    let state = get("state?partition=assist");
    assert_eq!((state.status, state.text.as_str()), (200, "null"));
    assert_eq!(state.header("ledger-position"), Some("1"));
    assert_eq!(get("result?partition=assist").json(), json!({"all": 1}));
    assert_eq!(get("shared").json(), json!({"all": 1}));
    assert_eq!(get("state").status, 404, "there is no partition ''");
    assert_eq!(get("state?partition=other").status, 404);
    put(
        &service,
        "faulting",
        "fromAll().when({ $any: s => { s.n = 1; } }).transformBy(s => s.x.y)",
    );
    caught_up(&service, "faulting");
    let faulted = service.get("/v1/projections/faulting/result");
    assert_eq!(faulted.status, 409);
    assert_eq!(faulted.json()["type"], "urn:problem-type:careLedger:resultFaulted");
    assert_eq!(service.get("/v1/projections/faulting/state").json(), json!({"n": 1}));
    assert_eq!(service.get("/v1/projections/faulting/shared").status, 404);
}

#[test]
fn what_is_no_projection_is_refused_with_its_place() {
    let (_folder, service) = fixture();
    let refused = put(&service, "bad", "fromAll()\n  .when(1)");
    assert_eq!(refused.status, 422, "{}", refused.text);
    let issue = &refused.json()["issues"][0];
    assert_eq!((&issue["part"], &issue["line"]), (&json!("projection"), &json!(2)));
    assert_eq!(status(&service, "bad")["status"], 404);
    for name in ["Bad", "1a", "a-b", &"a".repeat(65)] {
        assert_eq!(put(&service, name, STAYS).status, 400, "{name}");
    }
    let other = service.put("/v1/projections/bad", &[("content-type", "text/plain")], b"");
    assert_eq!(other.status, 415);
    let large = put(&service, "bad", &"/".repeat((1 << 20) + 1));
    assert_eq!(large.status, 413);
    let boundary = [("content-type", "multipart/form-data; boundary=b")];
    let part = |name: &str, text: &str| {
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let form = |parts: &[(&str, &str)]| -> String {
        parts.iter().map(|(name, text)| part(name, text)).collect::<String>() + "--b--\r\n"
    };
    let send = |parts: &[(&str, &str)]| {
        service.put("/v1/projections/formed", &boundary, form(parts).as_bytes())
    };
    assert_eq!(send(&[("summary", "")]).status, 400);
    assert_eq!(send(&[("projection", STAYS), ("projection", STAYS)]).status, 400);
    assert_eq!(send(&[("projection", STAYS), ("other", "")]).status, 400);
    assert_eq!(send(&[("projection", STAYS), ("chart", "{")]).status, 422);
    let failing = json!([{"name": "none", "events": [], "expected": {"a": 1}}]).to_string();
    let refused = send(&[("projection", STAYS), ("fixtures", &failing)]);
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["issues"][0]["part"], "fixtures");
    let passing = json!([{"name": "none", "events": [], "expected": {}}]).to_string();
    assert_eq!(send(&[("projection", STAYS), ("fixtures", &passing)]).status, 201);
}

#[test]
fn what_is_deleted_is_gone_from_the_disk() {
    let (folder, service) = fixture();
    let canary = "cafe0000-0000-4000-8000-00000000beef";
    let mut event = screening(person(1), "urn:example:a", "1", TIME);
    event["subject"] = json!(canary);
    service.send_lines(&[event]);
    put(&service, "stays", STAYS);
    caught_up(&service, "stays");
    let projections = folder.path().join("projections");
    assert!(holds(&projections, canary), "the state names the person");
    assert_eq!(service.delete("/v1/projections/stays").status, 204);
    assert_eq!(service.delete("/v1/projections/stays").status, 404);
    assert!(!holds(&projections, canary));
    assert_eq!(service.get("/v1/projections").json(), json!({"items": []}));
}

/// Whether a file of a folder holds a text.
fn holds(folder: &std::path::Path, wanted: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    files.into_iter().any(|file| {
        let bytes = std::fs::read(file.path()).unwrap();
        bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
    })
}

#[test]
fn a_replay_tells_its_progress_and_each_change() {
    let (_folder, service) = fixture();
    let events: Vec<Value> =
        (0..3).map(|n| screening(person(n % 2), "urn:example:a", &n.to_string(), TIME)).collect();
    service.send_lines(&events);
    let wanted = format!("person-{}", person(0));
    let path = format!("/v1/replays?trace=true&partition={wanted}");
    let answer = service.post(&path, SCRIPT, STAYS_TOO.as_bytes());
    let lines: Vec<Value> =
        answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["trace"]["position"], "1");
    assert_eq!(lines[1]["trace"]["changes"], json!(["/n: 1 -> 2"]));
    assert_eq!(lines[2]["progress"], json!({"position": "3", "events": 2, "of": 3}));
    assert_eq!(lines[3]["state"], json!({"n": 2, "type": "care.screened"}));
    assert_eq!(lines[4], json!({"done": {"position": "3", "events": 2, "mode": "exact"}}));
    let faulted = service.post("/v1/replays", SCRIPT, b"fromAll().when({ $any: s => s.x.y })");
    let done: Value = serde_json::from_str(faulted.text.lines().last().unwrap()).unwrap();
    assert_eq!(done["done"]["fault"]["position"], "1");
    assert_eq!(service.post("/v1/replays", SCRIPT, b"fromAll(").status, 422);
    assert!(text(faulted.text.as_bytes()).contains("progress"));
}

#[test]
fn all_partitions_come_as_csv() {
    let (_folder, service) = fixture();
    service.send_lines(&lives(60));
    let source = format!("{STAYS}.transformBy(s => s.at === null ? null : [s.at, -s.moves])");
    put(&service, "stays", &source);
    caught_up(&service, "stays");
    let path = "/v1/projections/stays/partitions?limit=10";
    let found = service.get_with(path, &[("accept", "text/csv")]);
    assert_eq!(found.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(found.header("ledger-position").is_some());
    let mut lines = found.text.lines();
    assert_eq!(lines.next(), Some("partition,result"));
    let of_csv: serde_json::Map<String, Value> = lines
        .map(|line| {
            let (partition, result) = line.split_once(',').unwrap();
            let result = result.trim_matches('"').replace("\"\"", "\"");
            let result = serde_json::from_str(&result).unwrap_or_default();
            (partition.to_owned(), result)
        })
        .collect();
    assert!(of_csv.values().any(Value::is_null) && of_csv.values().any(Value::is_array));
    assert_eq!(Value::from(of_csv), states(&service, "stays"));
    let faulting = format!("{STAYS}.transformBy(s => s.x.y)");
    put(&service, "faulting", &faulting);
    caught_up(&service, "faulting");
    let csv = [("accept", "text/csv")];
    assert_eq!(service.get_with("/v1/projections/faulting/partitions", &csv).status, 409);
    assert_eq!(service.get_with("/v1/projections/none/partitions", &csv).status, 404);
}

/// A table of persons by prison.
pub const TABLE: &str = "function summary(rows, about) {
  const prisons = new Map();
  for (const { result } of rows) prisons.set(result.at, (prisons.get(result.at) || 0) + 1);
  return {
    columns: [
      { name: 'prison', type: 'text', role: 'group' },
      { name: 'persons', type: 'integer', role: 'persons' },
    ],
    rows: [...prisons].sort(),
    notes: [`known on ${about.knownDate}; ${rows.length} persons; ${Object.keys(about.rules)}`],
  };
}";

/// A form of parts.
fn form(parts: &[(&str, &str)]) -> String {
    let part = |(name, text): &(&str, &str)| {
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--b--\r\n"
}

#[test]
fn a_summary_is_a_table_over_all_partitions() {
    let (folder, service) = fixture();
    let source = "fromCategory('person').foreachStream().when({ \
        'detention.arrived': (s, e) => ({ at: e.data.facility }) }).filterBy(s => s.at !== 'x')";
    let arrival = |number: u32, facility: &str| {
        json!({"specversion": "1.0", "id": number.to_string(), "source": "urn:example:a",
            "type": "detention.arrived", "subject": person(number), "time": TIME,
            "data": {"detention": "d", "facility": facility, "legalStatus": "convicted"}})
    };
    service.send_lines(&[arrival(1, "gent"), arrival(2, "gent"), arrival(3, "antwerpen")]);
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let put = |summary: &str| {
        let body = form(&[("projection", source), ("summary", summary)]);
        service.put("/v1/projections/places", &headers, body.as_bytes())
    };
    assert_eq!(put(TABLE).status, 201);
    caught_up(&service, "places");
    until("summarised", || service.get("/v1/projections/places/summary").status == 200);
    let table = service.get("/v1/projections/places/summary").json();
    assert_eq!(table["rows"], json!([["antwerpen", 1], ["gent", 2]]));
    assert_eq!(table["position"], "3");
    let note = table["notes"][0].as_str().unwrap();
    assert!(note.contains("; 3 persons; continuity,credit"), "{note}");
    assert_eq!(table["sourceHash"], status(&service, "places")["sourceHash"]);
    let csv = service.get_with("/v1/projections/places/summary", &[("accept", "text/csv")]);
    assert_eq!(csv.text, "prison,persons\r\nantwerpen,1\r\ngent,2\r\n");
    for (why, summary) in [
        ("throws", "function summary() { throw new Error('no'); }"),
        ("is no table", "const summary = () => ({ rows: [] });"),
        ("has the functions of the dialect", "function summary() { return fromAll(); }"),
    ] {
        assert_eq!(put(summary).status, 202, "{why}");
        caught_up(&service, "places");
        until("faulted", || service.get("/v1/projections/places/summary").status == 409);
        let status = status(&service, "places");
        assert!(status["summaryFault"]["message"].is_string(), "{why}: {status}");
        assert_eq!(status["state"], "running", "{why}");
    }
    for (why, summary) in [("no function", "const x = 1;"), ("no script", "function (")] {
        let refused = put(summary);
        assert_eq!(refused.status, 422, "{why}");
        assert_eq!(refused.json()["issues"][0]["part"], "summary", "{why}");
    }
    assert_eq!(service.put("/v1/projections/places", SCRIPT, source.as_bytes()).status, 202);
    caught_up(&service, "places");
    assert_eq!(service.get("/v1/projections/places/summary").status, 404);
    drop(folder);
}

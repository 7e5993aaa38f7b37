//! Events about facilities and projects on the command line: sent from a file, read from a running
//! ledger and from a folder, and followed live.

use serde_json::{Value, json};

use crate::support::command::{ends, path, text, written};
use crate::support::service::Service;
use crate::support::{TIME, person, screening};

fn about(category: &str, code: &str, kind: &str, mut data: Value) -> Value {
    data[category] = code.into();
    json!({
        "specversion": "1.0", "id": kind, "source": "urn:test", "type": kind,
        "subject": format!("{category}:{code}"), "time": TIME, "data": data
    })
}

fn lines(output: &[u8]) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn events_about_organisations_are_sent_read_and_followed_like_all_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let sent = [
        about("facility", "gent", "facility.counted", json!({"present": 430, "places": 299})),
        screening(person(1), "urn:test", "a", TIME),
        about("project", "cap", "project.ended", json!({"reason": "replaced"})),
    ];
    let file: String = sent.iter().map(|event| format!("{event}\n")).collect();
    let (_kept, file) = written("events.ndjson", &file);
    let url = server.url.clone();
    ends(0, &["emit", &file, "--url", &url]);
    ends(0, &["doctor", "--file", &file, "--url", &url]);
    let all = lines(&ends(0, &["events", "--url", &url]).stdout);
    let streams: Vec<_> = all.iter().map(|event| event["stream"].as_str().unwrap()).collect();
    assert_eq!(streams, ["facility-gent", &*format!("person-{}", person(1)), "project-cap"]);
    let followed = ends(0, &["events", "--follow", "--limit", "3", "--url", &url]);
    assert_eq!(lines(&followed.stdout), all);
    let some = ends(0, &["events", "--type", "project.ended", "--url", &url]);
    assert_eq!(lines(&some.stdout), all[2..]);
    server.stop();
    assert_eq!(lines(&ends(0, &["events", "--data", path(folder.path())]).stdout), all);
}

//! Two versions of one schema: both are recorded and folded, a third one is refused.

use serde_json::{Value, json};

use super::{event, fixture, history};
use crate::support::person;

fn urn(version: u32) -> String {
    format!("urn:care-ledger:schema:cap.referred:{version}")
}

fn referral(id: &str, dataschema: Option<u32>, data: Value) -> Value {
    let mut event = event(1, id);
    event["type"] = "cap.referred".into();
    event["data"] = data;
    event["data"]["referral"] = id.into();
    event["data"]["project"] = "tandem".into();
    if let Some(version) = dataschema {
        event["dataschema"] = urn(version).into();
    }
    event
}

#[test]
fn both_versions_are_recorded_shown_as_sent_and_folded_alike() {
    let (_folder, server) = fixture();
    let to = json!({"toProvider": "msoc"});
    let by = json!({"by": "court"});
    let sent = [
        referral("a", Some(1), to.clone()),
        referral("b", Some(2), by.clone()),
        referral("c", None, to),
        referral("d", None, by),
    ];
    for event in &sent {
        assert_eq!(server.send(event).status, 201, "{event}");
    }
    for (shown, sent) in history(&server, 1).iter().zip(&sent) {
        assert_eq!(
            (&shown["data"], shown.get("dataschema")),
            (&sent["data"], sent.get("dataschema"))
        );
    }
    let path = format!("/v1/persons/{}/trajectory", person(1));
    let trajectory = server.get(&path).json();
    let referrals = trajectory["referrals"].as_array().unwrap().iter();
    let told: Vec<Value> =
        referrals.map(|r| json!([r["referral"], r.get("toProvider"), r.get("by")])).collect();
    let expected = json!([
        ["a", "msoc", null],
        ["b", null, "court"],
        ["c", "msoc", null],
        ["d", null, "court"],
    ]);
    assert_eq!(Value::from(told), expected);
}

#[test]
fn a_corrected_payload_is_shown_under_the_version_that_it_has() {
    let (_folder, server) = fixture();
    let sent = referral("a", Some(1), json!({"toProvider": "msoc"}));
    assert_eq!(server.send(&sent).status, 201);
    let mut correction = event(1, "c");
    correction["type"] = "record.corrected".into();
    let target = json!({"source": sent["source"], "id": "a", "type": "cap.referred"});
    let data = json!({"referral": "a", "project": "tandem", "by": "court"});
    correction["data"] = json!({"corrects": target, "reason": "wrongData", "data": data});
    assert_eq!(server.send(&correction).status, 201);
    let shown = history(&server, 1);
    assert_eq!((&shown[0]["dataschema"], &shown[0]["data"]), (&json!(urn(2)), &data));
    assert_eq!(shown[0]["original"], json!({"dataschema": urn(1), "data": sent["data"]}));
}

#[test]
fn a_version_that_there_is_not_is_refused_with_those_there_are() {
    let (_folder, server) = fixture();
    let answer = server.send(&referral("a", Some(3), json!({"later": true})));
    let problem = answer.json();
    assert_eq!(answer.status, 422);
    let issues = problem["issues"].as_array().unwrap();
    assert_eq!(issues.len(), 1, "{problem}");
    assert_eq!(
        (&issues[0]["name"], &issues[0]["code"]),
        (&json!("/dataschema"), &json!("unknownSchema"))
    );
    let detail = issues[0]["detail"].as_str().unwrap();
    assert!(detail.contains(&urn(1)) && detail.contains(&urn(2)), "{detail}");
}

#[test]
fn the_versions_of_a_schema_are_listed_and_served() {
    let (_folder, server) = fixture();
    let items = server.get("/v1/schemas").items();
    let item = items.iter().find(|item| item["type"] == "cap.referred").unwrap();
    assert_eq!(item["dataschema"], urn(2));
    let version = |number: u32| {
        json!({"version": number, "dataschema": urn(number),
            "href": format!("/v1/schemas/cap.referred?version={number}")})
    };
    assert_eq!(item["versions"], json!([version(1), version(2)]));
    for (query, id) in [("", 2), ("?version=1", 1), ("?version=2", 2)] {
        let schema = server.get(&format!("/v1/schemas/cap.referred{query}")).json();
        assert_eq!(schema["$id"], urn(id), "{query}");
    }
    for (query, status) in [("?version=3", 404), ("?version=0", 400), ("?version=x", 400)] {
        assert_eq!(
            server.get(&format!("/v1/schemas/cap.referred{query}")).status,
            status,
            "{query}"
        );
    }
    assert_eq!(server.get("/v1/schemas/envelope?version=1").status, 200);
    assert_eq!(server.get("/v1/schemas/envelope?version=2").status, 404);
}

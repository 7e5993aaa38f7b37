//! The contract at /openapi.json against the service that it describes.

use care_ledger::domain::vocabulary::kind::Kind;
use serde_json::{Value, json};

use crate::support::service::Service;

fn contract() -> (tempfile::TempDir, Service, Value) {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let contract = server.get("/openapi.json").json();
    (folder, server, contract)
}

#[test]
fn a_method_that_a_path_lacks_is_told_with_those_it_has() {
    let (_folder, server, contract) = contract();
    for (path, item) in contract["paths"].as_object().unwrap() {
        let path = path.replace("{person}", "00000000-0000-4000-8000-000000000001");
        let url = format!("{}{}", server.url, path.replace(['{', '}'], ""));
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let answer = ureq::Agent::from(config).patch(url).send_empty().unwrap();
        let allow = answer.headers()["allow"].to_str().unwrap();
        let mut told: Vec<String> = allow.split(',').map(str::to_lowercase).collect();
        told.retain(|method| method != "head");
        let documented: Vec<&String> = item.as_object().unwrap().keys().collect();
        told.sort();
        assert_eq!(answer.status(), 405, "{path}");
        assert_eq!(told.iter().collect::<Vec<_>>(), documented, "{path}: Allow: {allow}");
    }
}

#[test]
fn the_contract_is_a_resource_like_any_other_and_the_page_shows_it() {
    let (_folder, server, contract) = contract();
    assert!(contract["paths"]["/openapi.json"]["get"].is_object());
    let refused = server.get("/openapi.json?x=1");
    assert_eq!((refused.status, &refused.json()["issues"][0]["name"]), (400, &json!("x")));
    assert_eq!(server.get("/openapi.json").header("content-type"), Some("application/json"));
    assert_eq!(server.get("/docs/").status, 200);
    let unknown = server.get("/docs/no-such-file.js");
    assert_eq!((unknown.status, &unknown.json()["title"]), (404, &json!("Resource not found")));
    assert!(server.get("/docs/swagger-initializer.js").text.contains("\"/openapi.json\""));
}

#[test]
fn a_handler_takes_the_query_parameters_of_its_description_and_no_others() {
    let (_folder, server, contract) = contract();
    for (path, item) in contract["paths"].as_object().unwrap() {
        let address = path
            .replace("{person}", "00000000-0000-4000-8000-000000000001")
            .replace("{position}", "1")
            .replace("{type}", "envelope")
            .replace("{code}", "badRequest");
        for (method, operation) in item.as_object().unwrap() {
            let address = format!("{address}?nobodyAsksForThis=1");
            let refused = match method.as_str() {
                "post" => server.post(&address, &[], b""),
                _ => server.get(&address),
            };
            let issues = refused.json()["issues"].as_array().unwrap().clone();
            let issue = issues.iter().find(|issue| issue["name"] == "nobodyAsksForThis");
            let detail = issue.unwrap()["detail"].as_str().unwrap().to_owned();
            let mut taken: Vec<&str> = match detail.strip_prefix("This resource takes: ") {
                Some(taken) => taken.trim_end_matches('.').split(", ").collect(),
                None if detail == "This resource takes no parameters." => Vec::new(),
                None => panic!("{method} {path}: another sentence than this test reads: {detail}"),
            };
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
            let mut described: Vec<&str> = in_query.map(|p| p["name"].as_str().unwrap()).collect();
            taken.sort_unstable();
            described.sort_unstable();
            assert_eq!(taken, described, "{method} {path}");
        }
    }
}

#[test]
fn answers_are_described_with_their_media_types_and_headers() {
    let (_folder, _server, contract) = contract();
    let names = |path: &str, status: &str, what: &str| {
        let pointer = format!("/paths/{path}/responses/{status}/{what}");
        let members = contract.pointer(&pointer).and_then(Value::as_object);
        members.map(|members| members.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    let post = "~1v1~1events/post";
    assert_eq!(names(post, "200", "content"), ["application/json", "application/x-ndjson"]);
    assert_eq!(names(post, "201", "content"), ["application/json"], "lines are answered with 200");
    assert_eq!(names(post, "200", "headers"), [""; 0]);
    for status in ["201", "412"] {
        assert_eq!(names(post, status, "headers"), ["ETag"], "{status}");
    }
    for answer in ["history", "trajectory", "credit"] {
        let path = format!("~1v1~1persons~1{{person}}~1{answer}/get");
        assert_eq!(names(&path, "200", "headers"), ["ETag"], "{answer}");
        assert_eq!(names(&path, "503", "headers"), ["Retry-After"], "{answer}");
    }
    for operation in [post, "~1v1~1refusals/get"] {
        assert_eq!(names(operation, "503", "headers"), ["Retry-After"], "{operation}");
    }
    assert_eq!(names("~1health/get", "503", "headers"), [""; 0], "DOWN is no matter of seconds");
}

#[test]
fn every_example_holds_the_contract_of_an_event_and_nothing_may_be_added_to_it() {
    let (_folder, _server, mut contract) = contract();
    contract["$ref"] = "#/components/schemas/CareEvent".into();
    let contract = jsonschema::validator_for(&contract).unwrap();
    for kind in Kind::ALL {
        let mut example: Value = serde_json::from_str(kind.newest().example).unwrap();
        let may_be_sent = *kind != Kind::RecordErased;
        assert_eq!(contract.is_valid(&example), may_be_sent, "{kind}");
        example["data"]["colour"] = json!("red");
        assert!(!contract.is_valid(&example), "{kind} with a member too many");
    }
}

//! The contract at /openapi.json against the service that it describes.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use care_ledger::domain::kind::Kind;
use serde_json::{Value, json};
use support::server::Server;

fn contract() -> (tempfile::TempDir, Server, Value) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
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
        let answer = ureq::Agent::from(config).delete(url).call().unwrap();
        let allow = answer.headers()["allow"].to_str().unwrap();
        let mut told: Vec<String> = allow.split(", ").map(str::to_lowercase).collect();
        told.retain(|method| method != "head");
        let documented: Vec<&String> = item.as_object().unwrap().keys().collect();
        told.sort();
        assert_eq!(answer.status(), 405, "{path}");
        assert_eq!(told.iter().collect::<Vec<_>>(), documented, "{path}: Allow: {allow}");
    }
}

#[test]
fn every_example_holds_the_contract_of_an_event_and_nothing_may_be_added_to_it() {
    let (_folder, _server, mut contract) = contract();
    contract["$ref"] = "#/components/schemas/CareEvent".into();
    let contract = jsonschema::validator_for(&contract).unwrap();
    for kind in Kind::ALL {
        let mut example: Value = serde_json::from_str(kind.example()).unwrap();
        let may_be_sent = *kind != Kind::RecordErased;
        assert_eq!(contract.is_valid(&example), may_be_sent, "{kind}");
        example["data"]["colour"] = json!("red");
        assert!(!contract.is_valid(&example), "{kind} with a member too many");
    }
}

//! Three replicas under load, of which one after the other is killed, while the cluster's leader
//! changes: nothing acknowledged is lost, nothing is there twice, and all give equal answers.
//! `ROUNDS=20 cargo test --test faults replicas` kills more of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::client::{Answer, free_address};
use super::support::server::Server;
use super::support::{person, screening};
use super::{Cluster, folders};

const SENDERS: u32 = 8;
const PERSONS: u32 = 40;
const ROUNDS: usize = 4;

/// What senders have been told: each event's id, and its receipt.
type Told = Mutex<HashMap<String, Value>>;

fn rounds() -> usize {
    std::env::var("ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

/// Sends until told to stop, each event until it has a receipt, at whichever replica answers.
fn send(number: u32, addresses: &[String; 3], stop: &AtomicBool, told: &Told) -> usize {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build();
    let agent: ureq::Agent = config.into();
    let (mut retries, mut next) = (0, number as usize);
    for count in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let id = format!("{number}-{count}");
        let about = person((number * 7 + count) % PERSONS);
        let event = screening(about, "urn:test", &id, "2026-03-01T10:00:00+01:00").to_string();
        let begun = Instant::now();
        let receipt = loop {
            assert!(begun.elapsed() < Duration::from_secs(60), "{id} finds no replica");
            let url = format!("http://{}/v1/events", addresses[next % 3]);
            let post = agent.post(url).header("content-type", "application/cloudevents+json");
            match post.send(event.as_bytes()) {
                Ok(mut answer) if answer.status().is_success() => {
                    let text = answer.body_mut().read_to_string();
                    let Ok(text) = text else { continue };
                    break serde_json::from_str::<Value>(&text).unwrap()["receipts"][0].clone();
                }
                Ok(answer) => {
                    assert_eq!(answer.status(), 503);
                    assert!(answer.headers().contains_key("retry-after"));
                }
                Err(_) => {}
            }
            retries += 1;
            next += 1;
            std::thread::sleep(Duration::from_millis(30));
        };
        told.lock().unwrap().insert(id, receipt);
    }
    retries
}

fn all(server: &Server) -> Vec<Value> {
    let (mut items, mut path) = (Vec::new(), "/v1/events?limit=10000".to_owned());
    loop {
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let answer = answer.json();
        items.extend(answer["items"].as_array().unwrap().iter().cloned());
        match answer["next"].as_str() {
            Some(next) => path = format!("/v1/events?limit=10000&after={next}"),
            None => return items,
        }
    }
}

fn at(server: &Server, path: &str, position: &str) -> Answer {
    let headers = [("prefer", "wait=30"), ("ledger-position", position)];
    let answer = server.get_with(path, &headers);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

#[test]
fn three_replicas_lose_nothing_while_one_after_the_other_is_killed() {
    let cluster = Cluster::start(3);
    let addresses: [String; 3] = std::array::from_fn(|_| free_address());
    let first = tempfile::tempdir().unwrap();
    let mut servers = vec![Some(Server::replica(first.path(), &addresses[0], &cluster.address()))];
    let others: [_; 2] = folders(first.path());
    let homes = [first.path(), others[0].path(), others[1].path()];
    for n in [1, 2] {
        servers.push(Some(Server::replica(homes[n], &addresses[n], &cluster.address())));
    }
    let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(Told::default()));
    let senders: Vec<_> = (0..SENDERS)
        .map(|number| {
            let (addresses, stop, told) = (addresses.clone(), stop.clone(), told.clone());
            std::thread::spawn(move || send(number, &addresses, &stop, &told))
        })
        .collect();
    for round in 0..rounds() {
        std::thread::sleep(Duration::from_millis(1_200));
        let n = round % 3;
        servers[n].take().unwrap().kill();
        cluster.standin.elect((round + 1) % 3);
        std::thread::sleep(Duration::from_millis(400));
        servers[n] = Some(Server::replica(homes[n], &addresses[n], &cluster.address()));
    }
    stop.store(true, Ordering::Relaxed);
    let retries: usize = senders.into_iter().map(|sender| sender.join().unwrap()).sum();
    let servers: Vec<Server> = servers.into_iter().flatten().collect();
    let told = told.lock().unwrap();
    eprintln!("{} events acknowledged, {retries} retries, {} kills", told.len(), rounds());

    // The cluster has each once, and what was acknowledged is there as it was acknowledged.
    let log = cluster.standin.log();
    let ours = log.iter().filter(|event| event.event_type == "careRecord").count();
    assert_eq!(ours, told.len(), "each acknowledged event once, and nothing else");
    let last = ours.to_string();
    let items = {
        at(&servers[0], "/v1/events?limit=1", &last);
        all(&servers[0])
    };
    for item in &items {
        let receipt = &told[item["id"].as_str().unwrap()];
        for name in ["position", "revision", "recordedtime", "stream"] {
            assert_eq!(item[name], receipt[name], "{name}");
        }
    }
    // All give equal answers.
    for server in &servers[1..] {
        at(server, "/v1/events?limit=1", &last);
        assert!(all(server) == items, "one page of the log after the other");
    }
    let paths = (0..PERSONS).flat_map(|n| {
        let person = person(n);
        ["history?at=2026-11-01", "trajectory?at=2026-11-01", "credit?at=2026-11-01"]
            .map(|of| format!("/v1/persons/{person}/{of}"))
    });
    for path in paths {
        let answers: Vec<Value> =
            servers.iter().map(|server| at(server, &path, &last).json()).collect();
        assert!(answers[1..].iter().all(|answer| *answer == answers[0]), "{path}");
    }
    let lists: Vec<Value> = servers
        .iter()
        .map(|server| at(server, "/v1/trajectories?limit=1000", &last).json())
        .collect();
    assert_eq!(lists[0]["items"].as_array().unwrap().len(), PERSONS as usize);
    let people = |list: &Value| -> Vec<Value> {
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|item| item["trajectory"].get("person").unwrap_or(&item["person"]).clone())
            .collect()
    };
    assert_eq!(people(&lists[0]), people(&lists[1]));
    assert_eq!(people(&lists[0]), people(&lists[2]));

    // Who writes at one reads at another what was written.
    let event = screening(person(1), "urn:test", "last", "2026-03-02T10:00:00+01:00");
    let receipt = servers[0].send(&event).json()["receipts"][0].clone();
    let position = receipt["position"].as_str().unwrap();
    let history = format!("/v1/persons/{}/history", person(1));
    for server in &servers {
        let read = at(server, &history, position);
        assert_eq!(read.header("preference-applied"), Some("wait=30"));
        assert!(read.text.contains("\"last\""));
    }
    drop(told);
    drop(cluster.runtime);
}

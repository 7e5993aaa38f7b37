//! Three replicas under load are killed one after the other while the cluster's leader changes:
//! nothing acknowledged is lost, nothing is recorded twice, and all replicas give equal answers.
//! `KILLS=20 cargo test --test faults replicas` kills more often.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::support::client::Answer;
use super::support::server::{ANY_PORT, Server};
use super::support::{person, screening};
use super::{Cluster, folders};

const SENDERS: u32 = 8;
const PERSONS: u32 = 40;
const KILLS: usize = 4;

/// The receipts that senders got, by the event's id.
type Receipts = Mutex<HashMap<String, Value>>;

fn kills() -> usize {
    std::env::var("KILLS").map_or(KILLS, |kills| kills.parse().unwrap())
}

/// Sends events until `stop`, each one until a replica gives a receipt; returns how often it had to
/// send again.
fn send(number: u32, addresses: &[String; 3], stop: &AtomicBool, receipts: &Receipts) -> usize {
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
        receipts.lock().unwrap().insert(id, receipt);
    }
    retries
}

/// The whole feed of a replica.
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

/// The answer of a replica once it has the record at a position.
fn at(server: &Server, path: &str, position: &str) -> Answer {
    let headers = [("prefer", "wait=30"), ("ledger-position", position)];
    let answer = server.get_with(path, &headers);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

/// Three replicas of one cluster, each with a separate folder and address. `None`: the replica was
/// killed.
struct Replicas {
    cluster: Cluster,
    folders: [TempDir; 3],
    addresses: [String; 3],
    servers: [Option<Server>; 3],
}

impl Replicas {
    fn start() -> Self {
        let cluster = Cluster::start(3);
        let first = tempfile::tempdir().unwrap();
        let server = Server::replica(first.path(), ANY_PORT, &cluster.address());
        let addresses = [server.address.clone(), ANY_PORT.to_owned(), ANY_PORT.to_owned()];
        // The first replica has claimed the cluster; the others need its key.
        let [second, third] = folders(first.path());
        let folders = [first, second, third];
        let mut replicas =
            Self { cluster, folders, addresses, servers: [Some(server), None, None] };
        replicas.start_one(1);
        replicas.start_one(2);
        replicas
    }

    fn start_one(&mut self, n: usize) {
        let (folder, store) = (self.folders[n].path(), self.cluster.address());
        let server = Server::replica(folder, &self.addresses[n], &store);
        // Senders expect a replica that starts again at its address.
        self.addresses[n].clone_from(&server.address);
        self.servers[n] = Some(server);
    }

    /// Kills one replica after the other and starts it again; each time another node leads.
    fn kill_one_after_the_other(&mut self, kills: usize) {
        for kill in 0..kills {
            std::thread::sleep(Duration::from_millis(1_200));
            let n = kill % 3;
            self.servers[n].take().unwrap().kill();
            self.cluster.standin.elect((kill + 1) % 3);
            std::thread::sleep(Duration::from_millis(400));
            self.start_one(n);
        }
    }

    fn servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().map(|server| server.as_ref().unwrap())
    }

    /// The answer of each replica to one question at one position.
    fn answers(&self, path: &str, position: &str) -> Vec<Value> {
        self.servers().map(|server| at(server, path, position).json()).collect()
    }
}

/// The cluster has each acknowledged event once; returns the position of the last one.
fn check_log(replicas: &Replicas, receipts: &HashMap<String, Value>) -> String {
    let log = replicas.cluster.standin.log();
    let records = log.iter().filter(|event| event.event_type == "careRecord").count();
    assert_eq!(records, receipts.len(), "each acknowledged event once, and nothing else");
    records.to_string()
}

/// Every replica shows the same feed, in which each event is as its receipt says.
fn check_feed(replicas: &Replicas, receipts: &HashMap<String, Value>, last: &str) {
    let feeds: Vec<Vec<Value>> = replicas
        .servers()
        .map(|server| {
            at(server, "/v1/events?limit=1", last);
            all(server)
        })
        .collect();
    for item in &feeds[0] {
        let receipt = &receipts[item["id"].as_str().unwrap()];
        for name in ["position", "revision", "recordedtime", "stream"] {
            assert_eq!(item[name], receipt[name], "{name}");
        }
    }
    assert!(feeds[0] == feeds[1] && feeds[0] == feeds[2], "one page after the other");
}

/// Every replica gives equal answers about each person, and equal lists of persons.
fn check_answers(replicas: &Replicas, last: &str) {
    for n in 0..PERSONS {
        for of in ["history?at=2026-11-01", "trajectory?at=2026-11-01", "credit?at=2026-11-01"] {
            let path = format!("/v1/persons/{}/{of}", person(n));
            let answers = replicas.answers(&path, last);
            assert!(answers[1..].iter().all(|answer| *answer == answers[0]), "{path}");
        }
    }
    let lists = replicas.answers("/v1/trajectories?limit=1000", last);
    assert_eq!(lists[0]["items"].as_array().unwrap().len(), PERSONS as usize);
    let people = |list: &Value| -> Vec<Value> {
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|item| item["trajectory"].get("person").unwrap_or(&item["person"]).clone())
            .collect()
    };
    assert_eq!(people(&lists[0]), people(&lists[1]));
    assert_eq!(people(&lists[0]), people(&lists[2]));
}

/// An event that was written at one replica is read at each one, with the position of its receipt.
fn check_read_after_write(replicas: &Replicas) {
    let event = screening(person(1), "urn:test", "last", "2026-03-02T10:00:00+01:00");
    let answer = replicas.servers().next().unwrap().send(&event);
    let receipt = answer.json()["receipts"][0].clone();
    let position = receipt["position"].as_str().unwrap();
    let history = format!("/v1/persons/{}/history", person(1));
    for server in replicas.servers() {
        let read = at(server, &history, position);
        assert_eq!(read.header("preference-applied"), Some("wait=30"));
        assert!(read.text.contains("\"last\""));
    }
}

#[test]
fn three_replicas_lose_nothing_while_one_after_the_other_is_killed() {
    let mut replicas = Replicas::start();
    let (stop, receipts) = (Arc::new(AtomicBool::new(false)), Arc::new(Receipts::default()));
    let senders: Vec<_> = (0..SENDERS)
        .map(|number| {
            let addresses = replicas.addresses.clone();
            let (stop, receipts) = (stop.clone(), receipts.clone());
            std::thread::spawn(move || send(number, &addresses, &stop, &receipts))
        })
        .collect();
    replicas.kill_one_after_the_other(kills());
    stop.store(true, Ordering::Relaxed);
    let retries: usize = senders.into_iter().map(|sender| sender.join().unwrap()).sum();
    let receipts = receipts.lock().unwrap();
    eprintln!("{} events acknowledged, {retries} retries, {} kills", receipts.len(), kills());
    let last = check_log(&replicas, &receipts);
    check_feed(&replicas, &receipts, &last);
    check_answers(&replicas, &last);
    check_read_after_write(&replicas);
}

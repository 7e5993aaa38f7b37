//! One replica and its operator: TLS and passwords, folders that are mixed up, the answers of
//! `/health` and `/metrics`, a subscription that the server ends.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::certificates::{Authority, Valid};
use super::standin::{Call, Fault, Standin};
use super::support::command::binary;
use super::support::server::{ANY_PORT, Server};
use super::support::{person, screening, until};
use super::{Cluster, runtime};

/// The password of the cluster with TLS: each of its signs means something in a URL.
const PASSWORD: &str = "p@ss:w%rd/?";

/// Starts a replica that must refuse to run; returns its exit status and what it wrote to stderr.
pub fn refused(data: &Path, more: &[&str]) -> (i32, String) {
    let output = Command::new(binary())
        .args(["serve", "--listen", ANY_PORT, "--data"])
        .arg(data)
        .args(more)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A cluster with TLS and the password of the user `ops`, and its address without credentials.
fn cluster_with_tls(runtime: &Runtime, authority: &Authority) -> (Standin, String) {
    let (cert, key) = authority.sign("IP:127.0.0.1", Valid::Now);
    let standin = runtime.block_on(Standin::start_tls(2, &cert, &key, "ops", PASSWORD));
    let (first, second) = (standin.address(0), standin.address(1));
    let ca = authority.certificate();
    (standin, format!("esdb://{first},{second}?tls=true&tlsCaFile={ca}"))
}

#[test]
fn a_cluster_with_tls_and_a_password_is_served_and_nothing_secret_is_said() {
    let authority = Authority::new();
    let runtime = runtime();
    let (_standin, store) = cluster_with_tls(&runtime, &authority);

    // The credentials are in a file, where each character stands for itself.
    let login = authority.file("login");
    std::fs::write(&login, format!("ops:{PASSWORD}\n")).unwrap();
    std::fs::set_permissions(&login, std::fs::Permissions::from_mode(0o600)).unwrap();
    let data = tempfile::tempdir().unwrap();
    let credentials = ["--store-credentials", login.to_str().unwrap()];
    let more = [&["--store", &store], &credentials[..]].concat();
    let replica = Command::new(binary());
    let server = Server::spawn_with(replica, data.path(), ANY_PORT, &more).up();
    let event = screening(person(1), "urn:test", "a", "2026-03-01T10:00:00+01:00");
    assert_eq!(server.send(&event).status, 201);
    drop(server);

    // The credentials are in the address, where a password is written as in a URL.
    let inside = store.replace("esdb://", "esdb://ops:p%40ss%3Aw%25rd%2F%3F@");
    let server = Server::replica(data.path(), ANY_PORT, &inside);
    assert_eq!(server.send(&event).status, 200, "recorded already");
    drop(server);

    let fresh = tempfile::tempdir().unwrap();
    let wrong = store.replace("esdb://", "esdb://ops:hidden@");
    let rows = [
        ("a wrong password", wrong.clone(), 3, "refuses this user"),
        ("no such file", wrong.replace("ca.crt", "nowhere.crt"), 2, "tlsCaFile"),
        ("no such parameter", wrong.replace("tls=", "tsl="), 2, "tsl"),
    ];
    for (why, address, status, expected) in rows {
        let (exit, said) = refused(fresh.path(), &["--store", &address]);
        assert!(exit == status && said.contains(expected), "{why}: {said}");
        assert!(!said.contains("hidden"), "{why}: {said}");
    }
}

#[test]
fn folders_that_are_mixed_up_are_told_apart() {
    let cluster = Cluster::start(1);
    let store = cluster.address();
    let (own, replica, keyless) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(Server::start(own.path()));
    drop(Server::replica(replica.path(), ANY_PORT, &store));
    let (exit, said) = refused(replica.path(), &[]);
    assert!(exit == 3 && said.contains("--store"), "{said}");
    let (exit, said) = refused(own.path(), &["--store", &store]);
    assert!(exit == 3 && said.contains("migrate"), "{said}");
    let (exit, said) = refused(keyless.path(), &["--store", &store]);
    assert!(exit == 3 && said.contains("ledger.keys is missing"), "{said}");
    std::fs::copy(own.path().join("ledger.keys"), keyless.path().join("ledger.keys")).unwrap();
    let (exit, said) = refused(keyless.path(), &["--store", &store]);
    assert!(exit == 3 && said.contains("another ledger"), "{said}");
}

/// Every metric that an alert or the dashboard reads exists. An alert on a missing metric is silent
/// for ever.
fn watched_metrics_exist(metrics: &str) {
    for file in ["alerts.yml", "dashboard.json"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ops/observe").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        let names = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let names = names.filter(|name| name.starts_with("care_ledger_"));
        let mut count = 0;
        for name in names {
            let suffixes = ["_total", "_bucket", "_count", "_sum"];
            let base = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
            let base = base.unwrap_or(name);
            assert!(metrics.contains(&format!("# TYPE {base} ")), "{file}: {name}");
            count += 1;
        }
        assert!(count > 10, "{file}");
    }
}

#[test]
fn health_and_metrics_say_how_the_cluster_is_followed() {
    let cluster = Cluster::start(1);
    let data = tempfile::tempdir().unwrap();
    let server = Server::replica(data.path(), ANY_PORT, &cluster.address());
    let event = |id: &str| screening(person(1), "urn:test", id, "2026-03-01T10:00:00+01:00");
    assert_eq!(server.send(&event("a")).status, 201);
    let mut bad = event("bad");
    bad["data"]["needIdentified"] = "perhaps".into();
    assert_eq!(server.send(&bad).status, 422);
    let metrics = server.get("/metrics").text;
    assert!(metrics.contains("care_ledger_following 1"), "{metrics}");
    watched_metrics_exist(&metrics);
    let up = |worker: &str, value: u8| format!("work_up{{worker=\"{worker}\"}} {value}\n");
    for worker in ["index", "follower", "lists", "refusals"] {
        assert!(metrics.contains(&up(worker, 1)), "{worker}: {metrics}");
    }
    cluster.runtime.block_on(cluster.standin.kill(0));
    let refused = server.send(&event("b"));
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(refused.header("retry-after").is_some());
    assert!(refused.json()["detail"].as_str().unwrap().contains("again"), "{}", refused.text);
    let health = server.get("/health");
    assert_eq!((health.status, &health.json()["status"]), (200, &"DEGRADED".into()));
    let history = format!("/v1/persons/{}/history", person(1));
    assert_eq!(server.get(&history).status, 200, "reads go on");
    let metrics = server.get("/metrics").text;
    assert!(metrics.contains("care_ledger_following 0") && metrics.contains(&up("follower", 0)));
    assert_eq!(server.get("/health").json()["components"]["follower"]["state"], "faulted");
    cluster.runtime.block_on(cluster.standin.revive(0));
    let begun = Instant::now();
    while server.send(&event("b")).status == 503 {
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
    assert_eq!(server.get("/health").json()["status"], "UP");
    assert_eq!(server.get(&history).json()["items"].as_array().unwrap().len(), 2);
    drop(server);
    // A replica that starts while the cluster is away answers from its copy.
    cluster.runtime.block_on(cluster.standin.kill(0));
    let server = Server::spawn_with(
        Command::new(binary()),
        data.path(),
        ANY_PORT,
        &["--store", &cluster.address()],
    )
    .listening();
    until("answering without the cluster", || server.answers());
    assert_eq!(server.get(&history).json()["items"].as_array().unwrap().len(), 2);
    assert_eq!(server.get("/health").json()["status"], "DEGRADED");
}

#[test]
fn a_subscription_that_ends_with_ok_ends_the_process_for_its_supervisor() {
    let cluster = Cluster::start(1);
    let data = tempfile::tempdir().unwrap();
    // The first subscription looks whether the cluster is empty.
    cluster.standin.fault(Fault::EndAfter(2), Call::Subscribe, 2);
    let mut server = Server::replica(data.path(), ANY_PORT, &cluster.address());
    let event = |id: &str| screening(person(1), "urn:test", id, "2026-03-01T10:00:00+01:00");
    assert_eq!(server.send(&event("a")).status, 201);
    // The answer may be lost with the process.
    let url = format!("{}/v1/events", server.url);
    let _ = ureq::post(url)
        .header("content-type", "application/cloudevents+json")
        .send(event("b").to_string().as_bytes());
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = server.child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(40), "the process does not end");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(status.code(), Some(3), "a supervisor starts it again");
    let server = Server::replica(data.path(), ANY_PORT, &cluster.address());
    assert_eq!(server.send(&event("b")).status, 200, "recorded already");
}

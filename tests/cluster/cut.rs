//! Two hosts in network namespaces, and a cut between the replica and the store: packets vanish,
//! nobody is told. Needs root and iproute2, as CI has.

use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;

use super::support::command::binary;
use super::support::server::Server;
use super::support::{person, screening};

const STORE: &str = "10.77.0.2:2113";
const REPLICA: &str = "127.0.0.1:8080";

/// Two hosts on one cable; gone when dropped.
struct Hosts {
    replica: String,
    store: String,
}

fn ip(args: &str) -> bool {
    let ran = Command::new("ip").args(args.split_whitespace()).stderr(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}

impl Hosts {
    /// `None`: this process may not make any.
    fn new() -> Option<Self> {
        let run = std::process::id();
        let hosts = Self { replica: format!("clr{run}"), store: format!("cls{run}") };
        let (replica, store) = (&hosts.replica, &hosts.store);
        if !ip(&format!("netns add {replica}")) || !ip(&format!("netns add {store}")) {
            return None;
        }
        for args in [
            format!("-n {replica} link add cable type veth peer name cable netns {store}"),
            format!("-n {replica} addr add 10.77.0.1/24 dev cable"),
            format!("-n {store} addr add 10.77.0.2/24 dev cable"),
            format!("-n {replica} link set lo up"),
            format!("-n {store} link set lo up"),
            format!("-n {replica} link set cable up"),
            format!("-n {store} link set cable up"),
        ] {
            assert!(ip(&args), "ip {args}");
        }
        Some(hosts)
    }

    /// Pulls the cable out at the store, or puts it back.
    fn cable(&self, state: &str) {
        assert!(ip(&format!("-n {} link set cable {state}", self.store)));
    }

    fn on(host: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", host]);
        command
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in [&self.replica, &self.store] {
            ip(&format!("netns del {host}"));
        }
    }
}

/// A process of the stand-in on the store's host.
struct Store(Child);

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_cut_between_replica_and_store_is_told_and_nothing_is_lost() {
    let Some(hosts) = Hosts::new() else {
        eprintln!("NOT RUN: network namespaces need root and iproute2");
        return;
    };
    // This thread, and what it starts and asks, is on the replica's host.
    let host = std::fs::File::open(format!("/run/netns/{}", hosts.replica)).unwrap();
    move_into_link_name_space(host.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
    let store = Hosts::on(&hosts.store)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", super::PROCESS, "--ignored", "--nocapture"])
        .env(super::LISTEN, STORE)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _store = Store(store);
    let data = tempfile::tempdir().unwrap();
    let address = format!("esdb://{STORE}?tls=false");
    let server =
        Server::spawn_with(Command::new(binary()), data.path(), REPLICA, &["--store", &address]);
    let server = server.up();
    let event =
        |n: usize| screening(person(1), "urn:test", &n.to_string(), "2026-03-01T10:00:00+01:00");
    let status = || server.get("/health").json()["status"].as_str().unwrap().to_owned();
    let history = format!("/v1/persons/{}/history?limit=10000", person(1));
    let mut acknowledged: Vec<(usize, Value)> = Vec::new();
    let mut send = |expected: &[u16]| {
        let n = acknowledged.len();
        let answer = server.send(&event(n));
        assert!(expected.contains(&answer.status), "{} {}", answer.status, answer.text);
        if answer.status != 503 {
            acknowledged.push((n, answer.json()["receipts"][0].clone()));
        }
        answer
    };
    (0..20).for_each(|_| drop(send(&[201])));

    // A short cut is not seen by who sends meanwhile, but for the time it takes.
    hosts.cable("down");
    let sent = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(3));
            hosts.cable("up");
        });
        send(&[201]);
    });
    eprintln!("cut for 3 s: acknowledged after {:.1} s", sent.elapsed().as_secs_f64());

    // A long one is told, again and again, and reads go on.
    hosts.cable("down");
    let begun = Instant::now();
    let (mut refused, mut slowest) = (0, Duration::ZERO);
    while begun.elapsed() < Duration::from_secs(30) {
        let sent = Instant::now();
        let answer = send(&[503]);
        slowest = slowest.max(sent.elapsed());
        assert!(answer.header("retry-after").is_some());
        let problem = answer.json();
        assert_eq!(problem["type"], "urn:problem-type:belgif:serviceUnavailable");
        assert!(problem["detail"].as_str().unwrap().contains("again"), "{problem}");
        refused += 1;
        assert_eq!(server.get(&history).status, 200, "reads go on");
    }
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");
    assert_eq!(status(), "DEGRADED");
    let cut = begun.elapsed();
    hosts.cable("up");
    let begun = Instant::now();
    while send(&[200, 201, 503]).status == 503 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not come back");
        std::thread::sleep(Duration::from_millis(100));
    }
    eprintln!(
        "cut for {:.0} s: {refused} answers of 503, the first after {:.1} s; acknowledged {:.1} s \
         after the cable was back",
        cut.as_secs_f64(),
        slowest.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(status(), "UP");
    (0..20).for_each(|_| drop(send(&[201])));
    let items = server.get(&history).json()["items"].clone();
    let items = items.as_array().unwrap();
    assert_eq!(items.len(), acknowledged.len(), "each once");
    for (n, receipt) in &acknowledged {
        let id = Value::from(n.to_string());
        let item = items.iter().find(|item| item["id"] == id).unwrap();
        for name in ["position", "revision", "recordedtime"] {
            assert_eq!(item[name], receipt[name], "{n}: {name}");
        }
    }
}

//! Two hosts in network namespaces, and a cut between the replica and the store: packets vanish,
//! and neither side gets an error. The test needs root and iproute2, as CI has them.

use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;

use super::support::client::Answer;
use super::support::command::binary;
use super::support::server::Server;
use super::support::{person, screening};

const STORE: &str = "10.77.0.2:2113";
const REPLICA: &str = "127.0.0.1:8080";

/// Two hosts on one cable. They are removed when dropped.
struct Hosts {
    replica: String,
    store: String,
}

fn ip(args: &str) -> bool {
    let ran = Command::new("ip").args(args.split_whitespace()).stderr(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}

impl Hosts {
    /// Makes the hosts; `None`: this process may not make any.
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

/// The process of the stand-in on the store's host. It is killed when dropped.
struct Store(Child);

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A replica that is sent one event after the other, and the receipts of those it acknowledged.
struct Sender {
    server: Server,
    receipts: Vec<Value>,
}

impl Sender {
    /// Sends the next event, or after a 503 the same event again; the status must be one of these.
    fn send(&mut self, expected: &[u16]) -> Answer {
        let id = self.receipts.len().to_string();
        let event = screening(person(1), "urn:test", &id, "2026-03-01T10:00:00+01:00");
        let answer = self.server.send(&event);
        assert!(expected.contains(&answer.status), "{} {}", answer.status, answer.text);
        if answer.status != 503 {
            self.receipts.push(answer.json()["receipts"][0].clone());
        }
        answer
    }

    fn send_many(&mut self) {
        for _ in 0..20 {
            self.send(&[201]);
        }
    }

    fn status(&self) -> String {
        self.server.get("/health").json()["status"].as_str().unwrap().to_owned()
    }

    fn history(&self) -> Answer {
        self.server.get(&format!("/v1/persons/{}/history?limit=10000", person(1)))
    }
}

/// A sender does not notice a short cut, except by the time that the answer takes.
fn short_cut(hosts: &Hosts, sender: &mut Sender) {
    hosts.cable("down");
    let sent = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(3));
            hosts.cable("up");
        });
        sender.send(&[201]);
    });
    eprintln!("cut for 3 s: acknowledged after {:.1} s", sent.elapsed().as_secs_f64());
}

/// During a long cut every write is refused with a 503, and reads go on.
fn long_cut(hosts: &Hosts, sender: &mut Sender) {
    hosts.cable("down");
    let cut_at = Instant::now();
    let (mut refused, mut slowest) = (0, Duration::ZERO);
    while cut_at.elapsed() < Duration::from_secs(30) {
        let sent = Instant::now();
        let answer = sender.send(&[503]);
        slowest = slowest.max(sent.elapsed());
        assert!(answer.header("retry-after").is_some());
        let problem = answer.json();
        assert_eq!(problem["type"], "urn:problem-type:belgif:serviceUnavailable");
        assert!(problem["detail"].as_str().unwrap().contains("again"), "{problem}");
        refused += 1;
        assert_eq!(sender.history().status, 200, "reads go on");
    }
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");
    assert_eq!(sender.status(), "DEGRADED");
    let cut = cut_at.elapsed();
    hosts.cable("up");
    let back_at = Instant::now();
    while sender.send(&[200, 201, 503]).status == 503 {
        assert!(back_at.elapsed() < Duration::from_secs(60), "the replica does not come back");
        std::thread::sleep(Duration::from_millis(100));
    }
    eprintln!(
        "cut for {:.0} s: {refused} answers of 503, the slowest after {:.1} s; acknowledged {:.1} \
         s after the cable was back",
        cut.as_secs_f64(),
        slowest.as_secs_f64(),
        back_at.elapsed().as_secs_f64()
    );
    assert_eq!(sender.status(), "UP");
}

/// The history has each acknowledged event once, as its receipt says.
fn check_receipts(sender: &Sender) {
    let items = sender.history().json()["items"].clone();
    let items = items.as_array().unwrap();
    assert_eq!(items.len(), sender.receipts.len(), "each once");
    for (n, receipt) in sender.receipts.iter().enumerate() {
        let id = Value::from(n.to_string());
        let item = items.iter().find(|item| item["id"] == id).unwrap();
        for name in ["position", "revision", "recordedtime"] {
            assert_eq!(item[name], receipt[name], "{n}: {name}");
        }
    }
}

#[test]
fn a_cut_between_replica_and_store_is_told_and_nothing_is_lost() {
    let Some(hosts) = Hosts::new() else {
        eprintln!("NOT RUN: network namespaces need root and iproute2");
        return;
    };
    // From here on this thread, and every process that it starts, is on the replica's host.
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
    let mut sender = Sender { server: server.up(), receipts: Vec::new() };
    sender.send_many();
    short_cut(&hosts, &mut sender);
    long_cut(&hosts, &mut sender);
    sender.send_many();
    check_receipts(&sender);
}

//! Starts that cannot reach the cluster: each says why within five seconds, and what to do next. A
//! reason that a person must act on ends the start; a cluster that may be starting is waited for.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::certificates::{Authority, Valid};
use super::standin::Standin;
use super::support::command::{binary, ends, text};
use super::support::server::{ANY_PORT, Server};
use super::support::{person, screening, until};
use super::{Cluster, runtime};

/// A start must say why it cannot reach the cluster within this time.
const SAID_WITHIN: Duration = Duration::from_secs(5);

/// The password in each address, which no output may show.
const PASSWORD: &str = "hidden";

/// How a start goes on after it has said why it cannot reach the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Ends,
    Waits,
}

/// A start: why it fails, the hosts and parameters of the address, the sentence, and the end.
type Row = (&'static str, String, &'static str, Then);

/// The servers of the rows, which run until they are dropped.
struct Servers {
    standins: Vec<Standin>,
    processes: Vec<Child>,
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Servers {
    /// Starts a node with TLS; returns its address.
    fn with_tls(&mut self, runtime: &Runtime, (cert, key): (String, String)) -> SocketAddr {
        let standin = runtime.block_on(Standin::start_tls(1, &cert, &key, "ops", PASSWORD));
        let address = standin.address(0);
        self.standins.push(standin);
        address
    }

    /// Starts a node without TLS; returns its address.
    fn in_clear(&mut self, runtime: &Runtime) -> SocketAddr {
        let standin = runtime.block_on(Standin::start(1));
        let address = standin.address(0);
        self.standins.push(standin);
        address
    }

    /// Starts a server that takes only clients with a certificate.
    fn asking_for_a_certificate(&mut self, authority: &Authority) -> SocketAddr {
        authority.sign("IP:127.0.0.1", Valid::Now);
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = Command::new("openssl")
            .args(["s_server", "-accept", &address.to_string(), "-alpn", "h2", "-quiet"])
            .arg("-cert")
            .arg(authority.file("node.crt"))
            .arg("-key")
            .arg(authority.file("node.key"))
            .args(["-CAfile", &authority.certificate()])
            .args(["-Verify", "1", "-verify_return_error"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.processes.push(server.unwrap());
        address
    }
}

/// A listener that answers each connection with these bytes; without bytes it never answers.
fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if !answer.is_empty() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer);
            }
            kept.push(stream);
        }
    });
    address
}

/// The starts that TLS fails.
fn mistakes_in_tls(runtime: &Runtime, servers: &mut Servers, own: &Authority) -> Vec<Row> {
    let other = Authority::new();
    let ca = own.certificate();
    let (this, name) = ("IP:127.0.0.1", "DNS:node1.example");
    let good = servers.with_tls(runtime, own.sign(this, Valid::Now));
    let others = servers.with_tls(runtime, other.sign(this, Valid::Now));
    let named = servers.with_tls(runtime, own.sign(name, Valid::Now));
    let expired = servers.with_tls(runtime, own.sign(this, Valid::InThePast));
    let early = servers.with_tls(runtime, own.sign(this, Valid::InTheFuture));
    let strict = servers.asking_for_a_certificate(own);
    let clear = servers.in_clear(runtime);
    let broken = own.file("broken.crt");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nnone\n").unwrap();
    let broken = broken.to_str().unwrap();
    let row = |why, hosts: String, sentence| (why, hosts, sentence, Then::Ends);
    vec![
        row("no authority named", format!("{good}?tls=true"), "is not trusted: name the file"),
        row("another authority", format!("{others}?tlsCaFile={ca}"), "is not trusted: name the"),
        row("another name", format!("{named}?tlsCaFile={ca}"), "not in the certificate: use a"),
        row("expired", format!("{expired}?tlsCaFile={ca}"), "has expired: renew it on the server"),
        row("not valid yet", format!("{early}?tlsCaFile={ca}"), "not valid yet: set the clocks"),
        row("no TLS spoken", format!("{clear}?tlsCaFile={ca}"), "speaks no TLS, but the address"),
        row("TLS expected", format!("{good}?tls=false"), "expects TLS, but the address says"),
        row("no certificate of ours", format!("{strict}?tlsCaFile={ca}"), "misses one: name a"),
        row("a broken file", format!("{good}?tlsCaFile={broken}"), "cannot be read: look at"),
        row("two nodes, both wrong", format!("{good},{expired}?tls=true"), "is not trusted"),
    ]
}

/// The starts whose cluster may be starting.
fn clusters_that_may_be_starting(runtime: &Runtime, servers: &mut Servers) -> Vec<Row> {
    let leaderless = servers.in_clear(runtime);
    servers.standins.last().unwrap().elect_none();
    let (silent, web) = (answering(b""), answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let row = |why, hosts: String, sentence| (why, hosts, sentence, Then::Waits);
    vec![
        row("nobody listens", "127.0.0.1:1?tls=false".into(), "nobody listens at the address"),
        row("nobody listens, TLS", "127.0.0.1:1?tls=true".into(), "start the server, or look at"),
        row("no route", "224.0.0.1:2113?tls=false".into(), "has no route to the address: look"),
        row("no such name", "none.invalid:2113?tls=false".into(), "does not resolve: look at"),
        row("no answer", format!("{silent}?tls=false"), "gives no answer: look at the server"),
        row("no answer, TLS", format!("{silent}?tls=true"), "gives no answer: look at the server"),
        row("another service", format!("{web}?tls=false"), "something else than the database"),
        row("no leader", format!("{leaderless}?tls=false"), "has no leader yet: start more than"),
        row("two nodes, none up", "127.0.0.1:1,127.0.0.1:2?tls=false".into(), "nobody listens"),
    ]
}

/// Starts a replica, and waits for the sentence in its log; returns the time that this took, the
/// line, and how the start went on.
fn said(store: &str, sentence: &str) -> (Duration, String, Then) {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let mut replica = Command::new(binary())
        .args(["serve", "--listen", ANY_PORT, "--store", store, "--data"])
        .arg(folder.path().join("new"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(replica.stderr.take().unwrap()).lines();
    let mut lines = lines.map(|line| line.unwrap());
    let mut before = String::new();
    let found = lines.find(|line| {
        before = format!("{before}{line}\n");
        line.contains(sentence)
    });
    let took = begun.elapsed();
    let line = found.unwrap_or_else(|| panic!("{sentence:?} is missing in:\n{before}"));
    assert!(!before.contains(PASSWORD), "{before}");
    if line.contains("waiting for the cluster") {
        assert_eq!(replica.try_wait().unwrap(), None, "{line}");
        replica.kill().unwrap();
        replica.wait().unwrap();
        return (took, line, Then::Waits);
    }
    assert_eq!(replica.wait().unwrap().code(), Some(3), "{line}");
    assert!(!folder.path().join("new").exists(), "a start that failed leaves no folder");
    (took, line, Then::Ends)
}

#[test]
fn each_start_that_fails_says_why_within_five_seconds() {
    let (runtime, own) = (runtime(), Authority::new());
    let mut servers = Servers { standins: Vec::new(), processes: Vec::new() };
    let mut rows = mistakes_in_tls(&runtime, &mut servers, &own);
    rows.extend(clusters_that_may_be_starting(&runtime, &mut servers));
    for (why, hosts, sentence, expected) in rows {
        let (took, line, then) = said(&format!("esdb://ops:{PASSWORD}@{hosts}"), sentence);
        println!("{:.2} s {why}: {line}", took.as_secs_f64());
        assert_eq!(then, expected, "{why}: {line}");
        assert!(took < SAID_WITHIN, "{why} took {took:?}: {line}");
    }
}

#[test]
fn a_replica_with_a_copy_says_the_mistake_and_answers_reads() {
    let cluster = Cluster::start(1);
    let data = tempfile::tempdir().unwrap();
    let server = Server::replica(data.path(), ANY_PORT, &cluster.address());
    let event = screening(person(1), "urn:test", "a", "2026-03-01T10:00:00+01:00");
    assert_eq!(server.send(&event).status, 201);
    drop(server);
    let begun = Instant::now();
    let with_tls = cluster.address().replace("tls=false", "tls=true");
    let more = ["--store", &with_tls, "--log", "info"];
    let mut replica = Command::new(binary());
    replica.args(["serve", "--listen", ANY_PORT, "--data"]).arg(data.path()).args(more);
    let mut replica = replica.env("NO_COLOR", "1").stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(replica.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut before = String::new();
    for line in lines {
        before = format!("{before}{line}\n");
        if let Some((_, address)) = line.split_once("listening address=") {
            let client = super::support::client::Client::new(address);
            let history = format!("/v1/persons/{}/history", person(1));
            until("answering from the copy", || client.answers());
            assert_eq!(client.get(&history).json()["items"].as_array().unwrap().len(), 1);
            assert_eq!(client.get("/health").json()["status"], "DEGRADED");
            break;
        }
    }
    replica.kill().unwrap();
    replica.wait().unwrap();
    assert!(begun.elapsed() < SAID_WITHIN, "{before}");
    assert!(before.contains("speaks no TLS, but the address asks for TLS"), "{before}");
}

#[test]
fn a_move_says_why_it_cannot_reach_the_cluster() {
    let (runtime, own) = (runtime(), Authority::new());
    let mut servers = Servers { standins: Vec::new(), processes: Vec::new() };
    let expired = servers.with_tls(&runtime, own.sign("IP:127.0.0.1", Valid::InThePast));
    let folder = tempfile::tempdir().unwrap();
    drop(Server::start(folder.path()));
    let rows = [
        (format!("{expired}?tlsCaFile={}", own.certificate()), "the server's certificate has ex"),
        ("127.0.0.1:1?tls=false".to_owned(), "nobody listens at the address"),
    ];
    for (hosts, sentence) in rows {
        let begun = Instant::now();
        let store = format!("esdb://ops:{PASSWORD}@{hosts}");
        let told = ends(3, &["migrate", folder.path().to_str().unwrap(), &store, "--dry-run"]);
        let told = text(&told.stderr);
        assert!(told.contains(sentence) && !told.contains(PASSWORD), "{told}");
        assert!(begun.elapsed() < SAID_WITHIN, "{told}");
    }
}

//! `care-ledger doctor --store`, where all is well and on each thing that can be wrong: the check
//! that reports it, the exit status, and that nothing is written to the cluster.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use chrono::{TimeDelta, Utc};
use serde_json::Value;

use super::certificates::{Authority, Valid};
use super::standin::{Call, Fault, Standin};
use super::support::command::{ends, text};
use super::support::server::{ANY_PORT, Server};
use super::support::{person, screening};
use super::{Cluster, runtime};

/// The report of a run that must end with this status.
fn doctor(status: i32, store: &str, more: &[&str]) -> Value {
    let told = ends(status, &[&["doctor", "--json", "--store", store], more].concat());
    assert!(!text(&told.stdout).contains("hidden"), "{}", text(&told.stdout));
    serde_json::from_slice(&told.stdout).unwrap()
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()
}

fn statuses(report: &Value) -> Vec<String> {
    let one = |check: &Value| {
        format!("{} {}", check["name"].as_str().unwrap(), check["status"].as_str().unwrap())
    };
    report["checks"].as_array().unwrap().iter().map(one).collect()
}

/// What the cluster holds: the stream, revision and type of each event.
fn log(standin: &Standin) -> Vec<(String, u64, String)> {
    let log = standin.log().into_iter();
    log.map(|event| (event.stream, event.revision, event.event_type)).collect()
}

#[test]
fn a_healthy_cluster_is_well_and_its_log_is_unchanged() {
    let (runtime, own) = (runtime(), Authority::new());
    let (cert, key) = own.sign("IP:127.0.0.1", Valid::Now);
    let standin = runtime.block_on(Standin::start_tls(2, &cert, &key, "ops", "hidden"));
    standin.set_append_bytes_max(16 * 1024 * 1024);
    let store = format!("{}&tlsCaFile={}", standin.connection_string(), own.certificate());
    let report = doctor(0, &store, &[]);
    let expected = [
        "address ok",
        "tls ok",
        "version ok",
        "leader ok",
        "read ok",
        "write ok",
        "appendSize ok",
        "clock ok",
        "claim ok",
    ];
    assert_eq!(statuses(&report), expected, "{report:#}");
    assert!(check(&report, "claim")["detail"].as_str().unwrap().starts_with("no ledger yet"));
    assert_eq!(log(&standin), [], "the cluster is still empty");

    let data = tempfile::tempdir().unwrap();
    let server = Server::replica(data.path(), ANY_PORT, &store);
    assert_eq!(
        server.send(&screening(person(1), "urn:a", "a", "2026-03-01T10:00:00Z")).status,
        201
    );
    drop(server);
    let before = log(&standin);
    assert_eq!(before.len(), 2, "a claim and a record: {before:?}");
    let data = data.path().to_str().unwrap();
    let told = ends(0, &["doctor", "--store", &store, "--data", data]);
    let told = text(&told.stdout);
    println!("{told}");
    assert!(told.contains("ok       claim          the ledger of ledger.keys in --data"), "{told}");
    assert_eq!(log(&standin), before);
}

/// A cluster that is wrong: why, what makes it so, the exit status; the check, its result, a part
/// of its words.
type Wrong = (&'static str, fn(&Standin), i32, &'static str, &'static str, &'static str);

const WRONG: &[Wrong] = &[
    ("too old", |s| s.set_version("22.10.1"), 1, "version", "failed", "22.10.1"),
    ("no leader", |s| s.elect_none(), 1, "leader", "failed", "no leader yet"),
    (
        "the leader is away",
        |s| {
            s.elect(1);
            runtime().block_on(s.kill(1));
        },
        1,
        "leader",
        "failed",
        "as the leader: nobody listens",
    ),
    (
        "no right to read the log",
        |s| s.fault(Fault::AccessDenied, Call::ReadAll, 9),
        1,
        "read",
        "failed",
        "refuses this user",
    ),
    (
        "no right to follow the log",
        |s| s.fault(Fault::AccessDenied, Call::Subscribe, 9),
        1,
        "read",
        "failed",
        "refuses this user",
    ),
    (
        "no right to write",
        |s| s.fault(Fault::AccessDenied, Call::Append, 9),
        1,
        "write",
        "failed",
        "refuses this user",
    ),
    (
        "small appends",
        |s| s.set_append_bytes_max(1024 * 1024),
        0,
        "appendSize",
        "warning",
        "taken: 262144 bytes; refused: 1052672 bytes, the largest event",
    ),
    (
        "tiny appends",
        |s| s.set_append_bytes_max(100_000),
        1,
        "appendSize",
        "failed",
        "refused: 262144 bytes",
    ),
    (
        "records of an unknown ledger",
        |s| {
            s.write(&format!("person-{}", person(1)), "careRecord", "{}");
        },
        1,
        "claim",
        "failed",
        "does not say of which ledger",
    ),
];

#[test]
fn each_thing_that_is_wrong_with_a_cluster_is_found() {
    for (why, make, status, name, expected, words) in WRONG {
        let cluster = Cluster::start(2);
        cluster.standin.set_append_bytes_max(17 * 1024 * 1024);
        make(&cluster.standin);
        let before = log(&cluster.standin);
        // The first node alone: the leader may be another.
        let store = format!("esdb://{}?tls=false", cluster.standin.address(0));
        let report = doctor(*status, &store, &[]);
        is_found(why, &report, (name, expected, words));
        assert_eq!(log(&cluster.standin), before, "{why}");
    }
}

/// The check has this result and words and says what to do, and no other check failed.
fn is_found(why: &str, report: &Value, (name, expected, words): (&str, &str, &str)) {
    let check = check(report, name);
    assert_eq!(check["status"], expected, "{why}: {report:#}");
    assert!(check["detail"].as_str().unwrap().contains(words), "{why}: {check}");
    assert!(check["next"].as_str().unwrap().len() > 10, "{why}: does not say what to do");
    let failed = statuses(report).iter().filter(|check| check.ends_with("failed")).count();
    assert_eq!(failed, usize::from(expected == "failed"), "{why}: {report:#}");
    assert_eq!(report["checks"].as_array().unwrap().len(), 9, "{why}");
}

#[test]
fn what_lies_between_a_replica_and_its_nodes_is_found() {
    let (runtime, own) = (runtime(), Authority::new());
    let (cert, key) = own.sign("IP:127.0.0.1", Valid::Now);
    let secure = runtime.block_on(Standin::start_tls(1, &cert, &key, "ops", "hidden"));
    let expired = own.sign("IP:127.0.0.1", Valid::InThePast);
    let expired = runtime.block_on(Standin::start_tls(1, &expired.0, &expired.1, "ops", "hidden"));
    let clear = runtime.block_on(Standin::start(1));
    let (well, late) = (secure.address(0), expired.address(0));
    let ca = own.certificate();
    let shifted = |minutes| format!("{}?tls=false", clock_moved(clear.address(0), minutes));
    let rows = [
        ("nobody listens", "127.0.0.1:1?tls=false".into(), 3, "address", "failed", "nobody"),
        ("no such name", "none.invalid:1?tls=false".into(), 3, "address", "failed", "resolve"),
        (
            "one of two",
            format!("{well},127.0.0.1:1?tlsCaFile={ca}"),
            0,
            "address",
            "warning",
            "127",
        ),
        ("in clear", format!("{}?tls=false", clear.address(0)), 0, "tls", "warning", "in clear"),
        ("not trusted", format!("{well}?tls=true"), 1, "tls", "failed", "is not trusted"),
        ("expired", format!("{late}?tlsCaFile={ca}"), 1, "tls", "failed", "has expired"),
        ("one expired", format!("{well},{late}?tlsCaFile={ca}"), 1, "tls", "failed", "has expired"),
        ("no TLS", format!("{}?tls=true", clear.address(0)), 1, "tls", "failed", "speaks no TLS"),
        ("far ahead", shifted(-7), 1, "clock", "failed", "ahead of 127"),
        ("somewhat ahead", shifted(-2), 0, "clock", "warning", "ahead of 127"),
        ("far behind", shifted(9), 1, "clock", "failed", "behind 127"),
    ];
    for (why, hosts, status, name, expected, words) in rows {
        let report = doctor(status, &format!("esdb://ops:hidden@{hosts}"), &[]);
        is_found(why, &report, (name, expected, words));
    }
    let wrong = format!("esdb://ops:wrong@{well}?tlsCaFile={ca}");
    let report = doctor(1, &wrong, &[]);
    assert_eq!(check(&report, "read")["status"], "failed", "{report:#}");
    assert_eq!(check(&report, "write")["status"], "failed", "{report:#}");
    for wrong in ["esdb://ops:hidden@127.0.0.1:1?tlsverifycrt=false", "http://127.0.0.1:1"] {
        ends(2, &["doctor", "--store", wrong]);
    }
}

#[test]
fn whose_ledger_a_cluster_holds_is_told() {
    let cluster = Cluster::start(1);
    let store = cluster.address();
    let folder = || tempfile::tempdir().unwrap();
    let (own, replica, keyless) = (folder(), folder(), folder());
    drop(Server::start(own.path()));
    drop(Server::replica(replica.path(), ANY_PORT, &store));
    let claim = |status, data: &Path| {
        let report = doctor(status, &store, &["--data", data.to_str().unwrap()]);
        check(&report, "claim")["detail"].as_str().unwrap().to_owned()
    };
    assert!(claim(0, replica.path()).starts_with("the ledger of ledger.keys"));
    assert!(claim(1, own.path()).starts_with("another ledger"));
    assert!(claim(1, keyless.path()).contains("no ledger.keys in --data"));
    assert_eq!(std::fs::read_dir(keyless.path()).unwrap().count(), 0);

    let moving = Cluster::start(1);
    let mut claim_of_move = vec![1];
    claim_of_move.extend([7; 32]);
    moving.standin.write("careLedger", "careLedgerMoving", claim_of_move);
    let report = doctor(1, &moving.address(), &[]);
    is_found("being moved", &report, ("claim", "failed", "is being moved"));
}

/// A node that passes the calls of a cluster on, and whose clock is moved by `minutes`.
fn clock_moved(node: SocketAddr, minutes: i64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || pass_on(stream.unwrap(), node, minutes));
        }
    });
    address
}

fn pass_on(mut client: TcpStream, node: SocketAddr, minutes: i64) {
    let mut first = [0; 4];
    if client.read_exact(&mut first).is_err() {
        return;
    }
    if &first == b"GET " {
        let date = (Utc::now() + TimeDelta::minutes(minutes)).format("%a, %d %b %Y %H:%M:%S GMT");
        let _ = client.read(&mut [0; 4096]);
        let _ = write!(client, "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    let mut server = TcpStream::connect(node).unwrap();
    server.write_all(&first).unwrap();
    let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut up, &mut server));
    let _ = std::io::copy(&mut down, &mut client);
}

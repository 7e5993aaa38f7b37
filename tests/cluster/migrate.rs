//! A ledger moves into a cluster and out again: the demo's year there and back, a move that is cut
//! off, moves that must be refused.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use care_ledger::domain::event::Draft;
use care_ledger::domain::id::{Position, RecordedTime};
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::kind::{Class, Kind};
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::ledger::record::WriteMode;
use care_ledger::ledger::{Expected, Ledger, clock};
use care_ledger::store::embedded::Embedded;
use care_ledger::store::open::StoreConfig;
use care_ledger::store::{Store as _, Stored};
use care_ledger::vault::LedgerKeys;
use serde_json::Value;

use super::served::refused;
use super::standin::{Call, Fault, Logged};
use super::support::command::binary;
use super::support::folder::{SmallDisk, copy};
use super::support::server::{ANY_PORT, Server};
use super::support::{person, screening};
use super::{Cluster, folders, runtime};

fn run(args: &[&str]) -> Output {
    Command::new(binary()).args(args).output().unwrap()
}

/// Moves a ledger; returns the exit status, the result as JSON, and what was written to stderr.
pub fn migrate(from: &str, to: &str, more: &[&str]) -> (i32, Value, String) {
    let output = run(&[&["migrate", from, to, "--json"], more].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    let result = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap(), result, said)
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// All records of a folder that no process has open.
fn records(folder: &Path) -> Vec<Stored> {
    let check = LedgerKeys::open(folder).unwrap().check();
    let clock = Arc::new(|| RecordedTime::from_micros(0));
    runtime().block_on(async {
        let log = Embedded::open(folder, check, clock, &mut |_, _| ()).unwrap();
        log.read_all(Position::START, usize::MAX).await.unwrap()
    })
}

/// A folder with the demo's year of this many persons.
pub fn year(persons: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let args = ["demo", "--once", "--persons", persons, "--listen", ANY_PORT, "--data"];
    let made = run(&[&args[..], &[text(folder.path())]].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    record_about_organisations(folder.path());
    folder
}

/// Records the examples about facilities and projects in a folder that no process has open.
fn record_about_organisations(folder: &Path) {
    let kinds = Kind::ALL.iter().filter(|kind| kind.class() == Some(Class::Organisational));
    let drafts: Vec<Draft> = kinds
        .map(|kind| {
            let example: Value = serde_json::from_str(kind.newest().example).unwrap();
            validate(&JsonValue::from(&example), clock::now()).unwrap()
        })
        .collect();
    runtime().block_on(async {
        let store = StoreConfig::Folder(folder.to_owned());
        let ledger = Ledger::open(&store, &mut |_, _| ()).await.unwrap();
        ledger.record(&drafts, Expected::Any, WriteMode::Write).await.unwrap();
    });
}

#[test]
fn the_demo_year_moves_in_and_out_with_equal_commitments_in_equal_order() {
    let cluster = Cluster::start(3);
    cluster.standin.write_system(20);
    let address = cluster.address();
    let home = year("300");
    let before = records(home.path());

    let (exit, rehearsed, said) = migrate(text(home.path()), &address, &["--dry-run"]);
    assert_eq!(exit, 0, "{said}");
    let counts = (&rehearsed["records"], &rehearsed["before"]);
    assert_eq!(counts, (&before.len().into(), &0.into()));
    assert!(cluster.standin.log().iter().all(|event| event.event_type != "careRecord"));

    let (exit, into, said) = migrate(text(home.path()), &address, &[]);
    assert_eq!(exit, 0, "{said}");
    let (exit, again, said) = migrate(text(home.path()), &address, &[]);
    assert_eq!(exit, 0, "{said}");
    assert_eq!((&again["before"], &again["digest"]), (&before.len().into(), &into["digest"]));

    let back = tempfile::tempdir().unwrap();
    let key = home.path().join("ledger.keys");
    let (exit, refused, said) = migrate(&address, text(back.path()), &[]);
    assert!(exit == 2 && refused.is_null() && said.contains("--key"), "{said}");
    let (exit, out, said) = migrate(&address, text(back.path()), &["--key", text(&key)]);
    assert_eq!(exit, 0, "{said}");
    assert_eq!(out["digest"], into["digest"]);
    eprintln!("{} records there and back, {} on both sides", out["records"], out["digest"]);

    // Byte for byte, at the same positions.
    assert_eq!(records(back.path()), before);
    // A replica over the cluster, the source folder and the target folder give the same answers.
    let [replica] = folders(home.path());
    let servers = [
        Server::start(home.path()),
        Server::start(back.path()),
        Server::replica(replica.path(), ANY_PORT, &address),
    ];
    let page = servers[0].get("/v1/events?limit=2000").json();
    let mut subjects: Vec<String> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["subject"].as_str().unwrap().to_owned())
        .collect();
    subjects.sort();
    subjects.dedup();
    for subject in subjects.iter().take(25) {
        for of in ["history?at=2025-12-31", "trajectory?at=2025-12-31", "credit?at=2025-12-31"] {
            let path = format!("/v1/persons/{subject}/{of}");
            // `known` is the end of the log in a folder, and the person's last record in a cluster.
            let [one, two, three] = [0, 1, 2].map(|n| {
                let mut answer = servers[n].get(&path).json();
                assert!(answer.as_object_mut().unwrap().remove("known").is_some());
                answer
            });
            assert!(one == two && one == three, "{path}");
        }
    }
}

#[test]
fn a_move_that_is_cut_off_goes_on_where_it_was() {
    let cluster = Cluster::start(1);
    let address = cluster.address();
    let home = year("40");
    let before = records(home.path());
    let key = home.path().join("ledger.keys");
    let back = tempfile::tempdir().unwrap();
    // Starts a move, and kills its process once the move is under way.
    let cut = |args: &[&str], is_under_way: &dyn Fn() -> bool| {
        let mut child = Command::new(binary()).args(args).spawn().unwrap();
        let begun = Instant::now();
        while !is_under_way() && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    };
    cut(&["migrate", text(home.path()), &address], &|| cluster.standin.appends() > 20);
    assert!(cluster.standin.appends() > 20, "nothing was moved before the kill");
    // No replica serves half a ledger.
    let [half] = folders(home.path());
    let (exit, said) = refused(half.path(), &["--store", &address]);
    assert!(exit == 3 && said.contains("being moved into the cluster"), "{said}");
    let (exit, into, said) = migrate(text(home.path()), &address, &[]);
    assert_eq!(exit, 0, "{said}");
    assert!(into["before"].as_u64().unwrap() > 0);
    let marker = back.path().join("cursor.json");
    cut(&["migrate", &address, text(back.path()), "--key", text(&key)], &|| marker.exists());
    assert!(marker.exists(), "the move had ended before the kill");
    let (exit, said) = refused(back.path(), &[]);
    assert!(exit == 3 && said.contains("being moved into the folder"), "{said}");
    let (exit, out, said) = migrate(&address, text(back.path()), &["--key", text(&key)]);
    assert_eq!(exit, 0, "{said}");
    assert_eq!(out["digest"], into["digest"]);
    assert_eq!(records(back.path()), before);
}

#[test]
fn a_move_into_a_full_folder_leaves_nothing_behind_or_goes_on_where_it_was() {
    let cluster = Cluster::start(1);
    let address = cluster.address();
    let home = year("10");
    assert_eq!(migrate(text(home.path()), &address, &[]).0, 0);
    let key = home.path().join("ledger.keys");
    for size in ["16k", "48k", "128k", "384k"] {
        let Some(disk) = SmallDisk::new(size) else {
            println!("skipped: only root can mount a small disk");
            return;
        };
        let to = disk.0.path().join("around/data");
        let again = || migrate(&address, text(&to), &["--key", text(&key)]);
        let (exit, _, said) = again();
        assert_eq!(exit, 3, "{size}: {said}");
        if std::fs::read_dir(disk.0.path()).unwrap().next().is_none() {
            assert_ne!(size, "384k", "some records have room: {said}");
            continue;
        }
        // How many records had room depends on the pieces in which they came.
        assert!(!matches!(size, "16k" | "48k"), "{size}: {said}");
        disk.grow("64m");
        let (exit, moved, said) = again();
        assert_eq!(exit, 0, "{size}: {said}");
        assert!(moved["before"].as_u64().unwrap() > 0, "{size}: {moved}");
    }
}

/// A try that broke off may have written a part whose records the next try cuts into other parts.
#[test]
fn a_move_goes_on_where_the_parts_of_the_broken_try_were_others() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let events: Vec<Value> = (0..1_500)
        .map(|n| screening(person(1), "urn:test", &n.to_string(), "2026-03-01T10:00:00+01:00"))
        .collect();
    server.send_lines(&events);
    assert!(server.stop());
    // The first write is the claim; three parts follow.
    for written_before_the_cut in 1..4 {
        let cluster = Cluster::start(1);
        let standin = &cluster.standin;
        standin.fault(Fault::Late(Duration::ZERO), Call::Append, written_before_the_cut);
        standin.fault(Fault::CutAfter, Call::Append, 1);
        let (exit, moved, said) = migrate(text(home.path()), &cluster.address(), &[]);
        assert_eq!(exit, 0, "{written_before_the_cut}: {said}");
        assert_eq!(moved["records"], 1_500);
    }
}

#[test]
fn a_move_that_is_asked_to_stop_says_how_far_it_came_and_goes_on_from_there() {
    let home = year("40");
    let (before, key) = (records(home.path()), home.path().join("ledger.keys"));
    for signal in ["-INT", "-TERM"] {
        let cluster = Cluster::start(1);
        let address = cluster.address();
        let back = tempfile::tempdir().unwrap();
        // Starts a move, and asks its process to stop once the move is under way.
        let stopped = |args: &[&str], is_under_way: &dyn Fn() -> bool| {
            let mut child = Command::new(binary());
            let mut child = child.args(args).stderr(Stdio::piped()).spawn().unwrap();
            while !is_under_way() {
                assert!(child.try_wait().unwrap().is_none(), "the move ended");
                std::thread::sleep(Duration::from_millis(2));
            }
            let id = child.id().to_string();
            assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(130), "{said}");
            assert!(said.contains("the same command"), "{said}");
            said
        };
        let into = ["migrate", text(home.path()), &address];
        // Some hundred are on their way at once.
        let said = stopped(&into, &|| cluster.standin.appends() > 600);
        let at = said.split("stopped while moving, at ").nth(1).expect(&said);
        let at: u64 = at.split(' ').next().unwrap().parse().unwrap();
        let (exit, into, said) = migrate(text(home.path()), &address, &[]);
        assert_eq!(exit, 0, "{said}");
        // The last append may have been written and not been counted.
        let moved_before = into["before"].as_u64().unwrap();
        assert!(at > 0 && at <= moved_before && moved_before < before.len() as u64, "{at}");

        let out = ["migrate", &address, text(back.path()), "--key", text(&key)];
        stopped(&out, &|| back.path().join("cursor.json").exists());
        let (exit, out, said) = migrate(&address, text(back.path()), &["--key", text(&key)]);
        assert_eq!(exit, 0, "{said}");
        assert_eq!(out["digest"], into["digest"]);
        assert!(records(back.path()) == before, "the records are the same in the same order");
    }
}

#[test]
fn what_a_restored_cluster_lacks_is_moved_in_again_from_the_copy_of_a_replica() {
    let cluster = Cluster::start(1);
    let address = cluster.address();
    let home = year("12");
    assert_eq!(migrate(text(home.path()), &address, &[]).0, 0);
    let [replica, folder] = folders(home.path());
    let server = Server::replica(replica.path(), ANY_PORT, &address);
    let event = |n: u32| {
        let (about, id) = (person(n % 5), n.to_string());
        screening(about, "urn:test", &id, "2026-03-01T10:00:00+01:00")
    };
    assert_eq!(server.send_batch(&(0..45).map(event).collect::<Vec<_>>()).status, 201);
    drop(server);
    let before = cluster.standin.log();
    cluster.standin.forget_from(before.len() - 40);
    let (exit, said) = refused(replica.path(), &["--store", &address]);
    assert!(exit == 3 && said.contains("restored from an older backup"), "{said}");
    // The steps of the runbook.
    copy(&replica.path().join("mirror"), folder.path());
    std::fs::remove_file(folder.path().join("cursor.json")).unwrap();
    let (exit, moved, said) = migrate(text(folder.path()), &address, &[]);
    assert_eq!(exit, 0, "{said}");
    assert_eq!(moved["records"].as_u64().unwrap() - moved["before"].as_u64().unwrap(), 40);
    let same =
        |one: &Logged, other: &Logged| (&one.stream, &one.data) == (&other.stream, &other.data);
    let after = cluster.standin.log();
    assert!(before.len() == after.len() && before.iter().zip(&after).all(|(a, b)| same(a, b)));
    drop(Server::replica(replica.path(), ANY_PORT, &address));
}

#[test]
fn a_folder_that_was_written_to_after_its_move_is_refused_and_still_opens() {
    let cluster = Cluster::start(1);
    let address = cluster.address();
    let home = year("10");
    assert_eq!(migrate(text(home.path()), &address, &[]).0, 0);
    let event = screening(person(1), "urn:test", "later", "2026-03-01T10:00:00+01:00");
    let server = Server::start(home.path());
    assert_eq!(server.send(&event).status, 201);
    drop(server);
    let key = home.path().join("ledger.keys");
    let out = || migrate(&address, text(home.path()), &["--key", text(&key)]);
    let (exit, _, said) = out();
    assert!(exit == 1 && said.contains("the cluster has"), "{said}");
    drop(Server::start(home.path()));

    // The same number of records, but other ones.
    let [replica] = folders(home.path());
    let server = Server::replica(replica.path(), ANY_PORT, &address);
    let other = screening(person(2), "urn:test", "other", "2026-03-01T10:00:00+01:00");
    assert_eq!(server.send(&other).status, 201);
    drop(server);
    let (exit, _, said) = out();
    assert!(exit == 1 && said.contains("different records at position"), "{said}");
    drop(Server::start(home.path()));
}

#[test]
fn what_must_not_be_mixed_is_refused() {
    let cluster = Cluster::start(1);
    let address = cluster.address();
    let (one, other) = (year("10"), year("12"));
    assert_eq!(migrate(text(one.path()), &address, &[]).0, 0);
    let log = cluster.standin.log();

    let (exit, _, said) = migrate(text(other.path()), &address, &[]);
    assert!(exit == 3 && said.contains("another ledger"), "{said}");
    let key = one.path().join("ledger.keys");
    let (exit, _, said) = migrate(&address, text(other.path()), &["--key", text(&key)]);
    assert!(exit == 3 && said.contains("ledger.keys"), "{said}");
    let replica = tempfile::tempdir().unwrap();
    std::fs::create_dir(replica.path().join("mirror")).unwrap();
    let (exit, _, said) = migrate(text(replica.path()), &address, &[]);
    assert!(exit == 2 && said.contains("replica"), "{said}");
    let (exit, _, said) = migrate(text(one.path()), text(other.path()), &[]);
    assert!(exit == 2 && said.contains("esdb://"), "{said}");

    // After the move a replica wrote to the cluster, so the cluster has more than the folder.
    let [home] = folders(one.path());
    let server = Server::replica(home.path(), ANY_PORT, &address);
    let event = screening(person(1), "urn:test", "later", "2026-03-01T10:00:00+01:00");
    assert_eq!(server.send(&event).status, 201);
    drop(server);
    let (exit, _, said) = migrate(text(one.path()), &address, &[]);
    assert!(exit == 1 && said.contains("more records"), "{said}");
    assert_eq!(cluster.standin.log().len(), log.len() + 1, "nothing was written by any of these");
}

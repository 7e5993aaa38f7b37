//! Faults from outside, each on a real process: kill -9 under load, a full disk, a folder in use,
//! a lost key, another format.
//! Always, after each fault: every acknowledged event is there unchanged, no request is there by
//! half, and the ledger goes on without manual repair.
//!
//! `ROUNDS=100 SEED=7 cargo test --test faults kill` is the long run.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../cluster/mod.rs"]
mod cluster;
mod idle_readers;
mod lists;
mod projections;
mod refusals;
#[path = "../standin/mod.rs"]
mod standin;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use care_ledger::vault::LedgerKeys;
use serde_json::{Value, json};
use support::audit::{Depth, audit};
use support::command::{care_ledger, path};
use support::dice::{Dice, number, seed};
use support::folder::{PIECE, SmallDisk, copy, database, fill, piece};
use support::found::{Found, send_again};
use support::known::{Known, Mode, Request, key};
use support::load::{CONNECTIONS, Sender, Shared, Told};
use support::server::Server;
use support::{TIME, person, screening};

/// Fails with every finding and how to run this again.
fn hold(findings: &[String], seed: u64, test: &str) {
    let rerun = format!("SEED={seed} cargo test --test faults {test}");
    assert!(findings.is_empty(), "again: {rerun}\n{}", findings.join("\n"));
}

#[test]
fn killed_under_load_it_loses_nothing_acknowledged_and_keeps_nothing_by_half() {
    let (rounds, seed) = (number("ROUNDS", 3), seed());
    println!("{rounds} rounds of {CONNECTIONS} connections, SEED={seed}");
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(seed);
    let mut known = Known::default();
    let mut records = 0;
    for round in 1..=rounds {
        let lasts = Duration::from_millis(dice.within(50..1_200));
        let until = || std::thread::sleep(lasts);
        let told = load_and_kill(folder.path(), &mut dice, round, &mut known, until);
        let mut findings = told.faults.clone();
        interrupt_starts(folder.path(), &mut dice);
        let server = Server::start(folder.path());
        let found = Found::read(&server, records, &mut findings);
        let line = found.check(&told, &known, &mut findings);
        send_again(&server, told, &mut known, &mut findings);
        // Half of the rounds end with a clean stop, which checkpoints the write-ahead log.
        if dice.below(2) == 0 {
            server.kill()
        } else {
            assert!(server.stop())
        }
        let depth = if rounds <= 10 || round % 10 == 0 { Depth::All } else { Depth::Sample };
        let (wrong, count) = audit(folder.path(), Some(&known), depth);
        findings.extend(wrong);
        println!("round {round}: {line}; {count} records in all");
        hold(&findings, seed, "killed_under_load");
        records = count as u64;
    }
}

fn load_and_kill(
    folder: &Path,
    dice: &mut Dice,
    round: u64,
    known: &mut Known,
    until: impl FnOnce(),
) -> Told {
    let mut server = Server::start(folder);
    known.unlock(folder);
    let shared = Shared::default();
    let told: Vec<Told> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|n| {
                let dice = Dice::new(dice.throw());
                let sender = Sender::new(&shared, &server.url, dice, format!("r{round}-c{n}"));
                scope.spawn(|| sender.run())
            })
            .collect();
        until();
        shared.killed.store(true, Ordering::SeqCst);
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });
    let mut all = Told::default();
    for told in told {
        for (event, receipt) in &told.answered {
            all.faults.extend(known.acknowledge(event, receipt));
        }
        for event in told.unanswered.iter().flat_map(|request| &request.events) {
            known.send(event);
        }
        all.answered.extend(told.answered);
        all.unanswered.extend(told.unanswered);
        all.faults.extend(told.faults);
    }
    all
}

/// In some rounds the next start is killed too, before or after it is ready.
fn interrupt_starts(folder: &Path, dice: &mut Dice) {
    while dice.below(3) == 0 {
        let server = Server::spawn(folder);
        std::thread::sleep(Duration::from_millis(dice.below(60)));
        server.kill();
    }
}

#[test]
fn the_checks_themselves_notice_each_kind_of_loss() {
    type Harm = (&'static str, &'static str);
    let rows: [Harm; 6] = [
        ("the last record", "DELETE FROM log WHERE position = (SELECT max(position) FROM log)"),
        ("one in the middle", "DELETE FROM log WHERE position = 5"),
        ("a revision", "UPDATE log SET revision = revision + 1 WHERE position = 5"),
        (
            "a byte",
            "UPDATE log SET record = CAST(substr(record, 1, 150) || '!' || \
          substr(record, 152) AS BLOB) WHERE position = 5",
        ),
        (
            "recorded twice",
            "INSERT INTO log SELECT position + 1, 10, NULL, record FROM log \
          WHERE position = (SELECT max(position) FROM log)",
        ),
        (
            "the wrong order",
            "UPDATE log SET position = -position WHERE position IN (5, 6); \
          UPDATE log SET position = 11 + position WHERE position < 0",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut known = Known::default();
    known.unlock(folder.path());
    let event = |n: u32| screening(person(1), "urn:test", &n.to_string(), TIME);
    for n in 0..10 {
        let receipt = server.send(&event(n)).json()["receipts"][0].clone();
        assert_eq!(known.acknowledge(&event(n), &receipt), None);
    }
    // Half of a batch that got no answer, and an event that no sender is known to have sent.
    let half: Vec<_> = [9, 10].map(|n| Arc::new(event(n))).to_vec();
    for event in &half {
        known.send(event);
    }
    let fresh = half.iter().map(|event| key(event)).collect();
    let told = Told {
        unanswered: vec![Request { mode: Mode::Batch, events: half, fresh }],
        ..Told::default()
    };
    let mut findings = Vec::new();
    Found::read(&server, 0, &mut findings).check(&told, &known, &mut findings);
    assert!(findings.iter().any(|finding| finding.contains("half")), "{findings:?}");
    assert!(server.stop());
    assert_eq!(audit(folder.path(), Some(&known), Depth::All).0, [""; 0]);
    for (why, sql) in rows {
        let harmed = tempfile::tempdir().unwrap();
        for name in ["ledger.db", "ledger.keys"] {
            std::fs::copy(folder.path().join(name), harmed.path().join(name)).unwrap();
        }
        database(harmed.path()).execute_batch(sql).unwrap();
        let (findings, _) = audit(harmed.path(), Some(&known), Depth::All);
        assert!(!findings.is_empty(), "{why} was not noticed");
    }
}

/// Records in one part of the index on disk.
const SEGMENT: u32 = 1 << 18;

#[test]
fn killed_while_a_part_of_the_index_is_written_it_starts_and_the_index_is_right() {
    let seed = seed();
    let mut dice = Dice::new(seed);
    // In the long run parts are merged as well: four of one size become one.
    let is_long = number("ROUNDS", 3) >= 100;
    let folder = tempfile::tempdir().unwrap();
    drop(Server::start(folder.path()));
    fill(folder.path(), if is_long { 4 * SEGMENT } else { SEGMENT } - 500);
    let index = folder.path().join("index");
    let drafts = || {
        let names = std::fs::read_dir(&index).into_iter().flatten().flatten();
        names.filter(|file| file.file_name().to_string_lossy().ends_with(".draft")).count()
    };
    let seen = |within: Duration| {
        let started = Instant::now();
        while drafts() == 0 && started.elapsed() < within {
            std::thread::sleep(Duration::from_micros(200));
        }
        drafts() > 0
    };
    let mut known = Known::default();
    let mut caught = 0;
    let until = || caught += u32::from(seen(Duration::from_secs(60)));
    let told = load_and_kill(folder.path(), &mut dice, 1, &mut known, until);
    let mut findings = told.faults.clone();
    send_again(&Server::start(folder.path()), told, &mut known, &mut findings);
    findings.extend(audit(folder.path(), None, Depth::Sample).0);
    for _ in 0..if is_long { 12 } else { 2 } {
        std::fs::remove_dir_all(&index).unwrap();
        let server = Server::spawn(folder.path());
        caught += u32::from(seen(Duration::from_secs(60)));
        std::thread::sleep(Duration::from_micros(dice.below(40_000)));
        server.kill();
        drop(Server::start(folder.path()));
    }
    findings.extend(audit(folder.path(), None, Depth::Sample).0);
    println!("killed {caught} times while a part of the index was written");
    hold(&findings, seed, "killed_while");
    assert!(caught > 0, "no kill met its moment: this test says nothing");
}

#[test]
fn killed_in_its_very_first_start_it_starts_again() {
    let seed = seed();
    let mut dice = Dice::new(seed);
    for _ in 0..number("ROUNDS", 3) * 5 {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let server = Server::spawn(folder.path());
            std::thread::sleep(Duration::from_micros(dice.below(60_000)));
            server.kill();
        }
        let server = Server::start(folder.path());
        let answer = server.send(&screening(person(1), "urn:test", "a", TIME));
        assert_eq!(answer.status, 201, "SEED={seed}: {}", answer.text);
    }
}

#[test]
fn a_full_disk_is_told_with_when_to_come_back_and_ends_without_a_restart() {
    let Some(disk) = SmallDisk::new("40m") else {
        println!("skipped: only root can mount a small disk");
        return;
    };
    let (data, ballast) = (disk.0.path().join("data"), disk.0.path().join("ballast"));
    let server = Server::start(&data);
    let mut known = Known::default();
    known.unlock(&data);
    let mut ballast = std::fs::File::create(ballast).unwrap();
    while ballast.write_all(&[1; PIECE as usize]).is_ok() {}
    let mut left = ballast.metadata().unwrap().len();
    let mut findings = Vec::new();
    let (mut refused, mut sent) = (0, 0);
    while left > PIECE {
        let batch: Vec<Value> = (0..50)
            .map(|n| screening(person(n % 7), "urn:test", &format!("{sent}-{n}"), TIME))
            .collect();
        let answer = server.send_batch(&batch);
        if answer.status == 503 {
            refused += 1;
            assert!(answer.header("retry-after").is_some(), "{}", answer.text);
            let path = format!("/v1/events?source=urn:test&id={sent}-0");
            assert_eq!(server.get(&path).status, 404, "nothing half-written");
            let health = server.get("/health");
            assert_eq!(health.status, 200, "after {refused}: {}", answer.text);
            assert_eq!(health.json()["status"], "DEGRADED", "after {refused}");
            left -= piece(&data);
            ballast.set_len(left).unwrap();
            continue;
        }
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(server.get("/health").json()["components"]["store"]["status"], "UP");
        for (event, receipt) in batch.iter().zip(answer.json()["receipts"].as_array().unwrap()) {
            findings.extend(known.acknowledge(event, receipt));
        }
        sent += 1;
    }
    println!("{refused} batches refused by a full disk, {sent} recorded");
    assert!(refused > 100 && sent > 100);
    // Each line of NDJSON has its own answer.
    while server.send(&screening(person(1), "urn:test", &format!("x{sent}"), TIME)).status == 201 {
        known.send(&screening(person(1), "urn:test", &format!("x{sent}"), TIME));
        sent += 1;
    }
    let line = screening(person(1), "urn:test", "line", TIME).to_string();
    let kind = [("content-type", "application/x-ndjson")];
    let answer = server.post("/v1/events", &kind, line.as_bytes());
    assert_eq!((answer.status, &answer.json()["problem"]["status"]), (200, &json!(503)));
    server.kill();
    let big = tempfile::tempdir().unwrap();
    copy(&data, big.path());
    findings.extend(audit(big.path(), Some(&known), Depth::All).0);
    assert_eq!(findings, [""; 0]);
}

#[test]
fn a_folder_that_cannot_be_opened_is_left_with_exit_3_and_what_to_do() {
    type Harm = fn(&Path);
    let rows: [(&str, Harm, &str); 7] = [
        ("key gone", |data| std::fs::remove_file(data.join("ledger.keys")).unwrap(), "backup"),
        ("key cut", |data| std::fs::write(data.join("ledger.keys"), "12").unwrap(), "backup"),
        (
            "another's key",
            |data| {
                let other = tempfile::tempdir().unwrap();
                LedgerKeys::open_or_make(other.path()).unwrap();
                let name = "ledger.keys";
                std::fs::copy(other.path().join(name), data.join(name)).unwrap();
            },
            "not that of this ledger",
        ),
        (
            "newer format",
            |data| database(data).execute_batch("PRAGMA user_version = 4").unwrap(),
            "format 3",
        ),
        (
            "another's database",
            |data| database(data).execute_batch("PRAGMA application_id = 7").unwrap(),
            "format",
        ),
        (
            "no database",
            |data| std::fs::write(data.join("ledger.db"), "x".repeat(9_000)).unwrap(),
            "the log could not be opened",
        ),
        (
            "a record cut",
            |data| {
                let harm = "UPDATE log SET record = x'00' WHERE position = 1";
                database(data).execute_batch(harm).unwrap();
            },
            "position 1",
        ),
    ];
    let whole = tempfile::tempdir().unwrap();
    let server = Server::start(whole.path());
    assert_eq!(server.send(&screening(person(1), "urn:test", "a", TIME)).status, 201);
    let refused = care_ledger(&["serve", "--listen", "127.0.0.1:0", "--data", path(whole.path())]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--url"), "{refused:?}");
    assert!(server.stop());
    for (why, harm, words) in rows {
        let harmed = tempfile::tempdir().unwrap();
        copy(whole.path(), harmed.path());
        harm(harmed.path());
        let before = std::fs::read(harmed.path().join("ledger.db")).unwrap();
        let refused =
            care_ledger(&["serve", "--listen", "127.0.0.1:0", "--data", path(harmed.path())]);
        assert_eq!(refused.status.code(), Some(3), "{why}: {refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(words), "{why}: {refused:?}");
        assert!(refused.stdout.is_empty(), "{why}");
        let after = std::fs::read(harmed.path().join("ledger.db")).unwrap();
        assert!(before == after, "{why}: the log was touched");
    }
}

#[test]
fn what_the_ledger_makes_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (made, found) = (folder.path().join("made"), folder.path().join("found"));
    std::fs::create_dir(&found).unwrap();
    std::fs::set_permissions(&found, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for data in [&made, &found] {
        let server = Server::start(data);
        assert_eq!(server.send(&screening(person(1), "urn:test", "a", TIME)).status, 201);
        for name in ["ledger.keys", "master.key", "ledger.db", "ledger.db-wal", "ledger.db-shm"] {
            assert_eq!(mode(&data.join(name)), 0o600, "{name}");
        }
        assert_eq!(mode(&data.join("index")), 0o700);
    }
    assert_eq!((mode(&made), mode(&found)), (0o700, 0o755));
}

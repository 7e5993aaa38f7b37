//! What a command leaves behind: a start that fails leaves nothing, and a question about a folder
//! changes nothing in it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;

use crate::support::command::{binary, care_ledger, ends, path, text, written};
use crate::support::folder::{SmallDisk, copy, remove_lists};
use crate::support::server::{ANY_PORT, Server};
use crate::support::{TIME, person, screening, until};

/// Every file and folder below a folder: its bytes, and when it was last changed.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let changed = std::fs::metadata(&next).unwrap().modified().unwrap();
        found.push((next.clone(), std::fs::read(&next).unwrap_or_default(), changed));
        if next.is_dir() {
            let inside = std::fs::read_dir(&next).unwrap();
            waiting.extend(inside.map(|entry| entry.unwrap().path()));
        }
    }
    found.sort();
    found
}

/// The paths of every file and folder below a folder.
fn names(folder: &Path) -> Vec<PathBuf> {
    contents(folder).into_iter().map(|(path, ..)| path).collect()
}

/// A folder that is mounted to be read only; it is unmounted when dropped.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn mount(folder: &Path) -> Option<Self> {
        let mount = |arguments: &[&str]| {
            Command::new("mount").args(arguments).output().is_ok_and(|o| o.status.success())
        };
        let place = path(folder);
        if !mount(&["--bind", place, place]) {
            return None;
        }
        let mounted = Self(folder.to_owned());
        mount(&["-o", "remount,ro,bind", place]).then_some(mounted)
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn ask(data: &Path) -> Vec<String> {
    let one = person(1).to_string();
    let questions: [&[&str]; 7] = [
        &["history", &one],
        &["history", &one, "--at", "2026-08-01", "--json"],
        &["trajectory", &one, "--at", "2026-08-01"],
        &["credit", &one, "--at", "2026-08-01"],
        &["trajectories", "--json"],
        &["credits", "--json"],
        &["events"],
    ];
    let ask = |question: &&[&str]| ends(0, &[*question, &["--data", path(data)]].concat()).stdout;
    questions.iter().map(ask).map(|answer| text(&answer)).collect()
}

#[test]
fn a_question_changes_nothing_in_a_folder_and_reads_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let [served, stopped, killed, bare] =
        ["served", "stopped 100%?#", "killed", "bare"].map(|name| folder.path().join(name));
    let server = Server::start(&served);
    for n in 1..=3 {
        server.send(&screening(person(n), "urn:test", &n.to_string(), TIME));
    }
    server.kill();
    copy(&served, &killed);
    assert!(std::fs::metadata(killed.join("ledger.db-wal")).unwrap().len() > 0, "a crash");
    assert!(Server::start(&served).stop());
    copy(&served, &stopped);
    // A backup may lack all that is derived.
    std::fs::create_dir(&bare).unwrap();
    for file in ["ledger.db", "ledger.keys"] {
        std::fs::copy(stopped.join(file), bare.join(file)).unwrap();
    }
    let mut answers = Vec::new();
    for data in [&killed, &stopped, &bare] {
        let before = contents(data);
        answers.push(ask(data));
        assert!(contents(data) == before, "{}: changed", data.display());
        let mounted = ReadOnly::mount(data);
        if mounted.is_none() {
            eprintln!("not tried on a read-only mount: this machine mounts none");
        } else {
            assert!(std::fs::write(data.join("x"), "").is_err(), "it can be written");
            answers.push(ask(data));
        }
    }
    let lines = |answer: &str| answer.lines().count();
    assert_eq!(lines(&answers[0][6]), 3, "{}", answers[0][6]);
    for other in &answers {
        // The lists name the moment at which they were asked.
        for (number, (one, other)) in answers[0].iter().zip(other).enumerate() {
            let is_list = number == 4 || number == 5;
            // A table says when it was printed, to the minute.
            let lasting = |page: &str| -> Vec<String> {
                let is_lasting = |line: &&str| !line.starts_with("Printed ");
                page.lines().filter(is_lasting).map(str::to_owned).collect()
            };
            let is_same =
                if is_list { lines(one) == lines(other) } else { lasting(one) == lasting(other) };
            assert!(is_same, "{other}");
        }
    }
    let in_use = Server::start(&served);
    let told = text(&ends(3, &["events", "--data", path(&served)]).stderr);
    assert!(told.contains("use --url"), "{told}");
    drop(in_use);
}

#[test]
fn a_start_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("around/data");
    let (data, nobody) = (path(&data), "127.0.0.1:1");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let (_kept, config) = written("ledger.toml", "publicHost = [\"http://x\"]\n");
    let (_kept, file) = written("file", "no folder");
    let inside = format!("{file}/data");
    let cluster = format!("esdb://{nobody}?tls=false");
    let key = path(&folder.path().join("no.keys")).to_owned();
    let rows: Vec<(&str, i32, Vec<&str>)> = vec![
        ("a taken port", 3, vec!["serve", "--data", data, "--listen", &taken]),
        ("a bad filter", 2, vec!["serve", "--data", data, "--log", "x=loud"]),
        ("a bad host", 2, vec!["serve", "--data", data, "--config", &config]),
        ("a host with a port", 2, vec!["serve", "--data", data, "--public-host", "x:80"]),
        (
            "no cluster",
            3,
            vec!["serve", "--data", data, "--listen=127.0.0.1:0", "--store", &cluster],
        ),
        (
            "no credentials",
            3,
            vec!["serve", "--data", data, "--store", &cluster, "--store-credentials", &key],
        ),
        ("a file around", 3, vec!["serve", "--data", &inside, "--listen", "127.0.0.1:0"]),
        ("a demo for all", 2, vec!["demo", "--data", data, "--listen", "0.0.0.0:0"]),
        ("a demo of nobody", 2, vec!["demo", "--data", data, "--persons", "0"]),
        ("no source", 3, vec!["migrate", data, &cluster]),
        ("no keys", 3, vec!["migrate", &cluster, data, "--key", &key]),
        ("no ledger", 3, vec!["events", "--data", data]),
        ("no ledger for lists", 3, vec!["credits", "--data", data]),
    ];
    for (why, status, arguments) in rows {
        let output = care_ledger(&arguments);
        assert_eq!(output.status.code(), Some(status), "{why}: {}", text(&output.stderr));
        assert!(!folder.path().join("around").exists(), "{why}: {:?}", contents(folder.path()));
    }
    // A folder that is there keeps what it has.
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    let keys = own.join("ledger.keys");
    std::fs::write(&keys, "something else").unwrap();
    std::fs::set_permissions(&keys, Permissions::from_mode(0o600)).unwrap();
    let serve = ["serve", "--data", path(&own), "--listen", "127.0.0.1:0"];
    let told = text(&ends(3, &serve).stderr);
    assert!(told.contains("ledger.keys is not a file"), "{told}");
    assert_eq!(std::fs::read_dir(&own).unwrap().count(), 1);
    std::fs::write(own.join("ledger.db"), "x".repeat(9_000)).unwrap();
    let told = text(&ends(3, &serve).stderr);
    assert!(told.contains("the log could not be opened"), "{told}");
    assert_eq!(std::fs::read_dir(&own).unwrap().count(), 2);
}

#[test]
fn a_start_on_a_disk_that_is_too_small_takes_back_what_it_made() {
    let mut failed = 0;
    for kib in (16..=240).step_by(16) {
        let Some(disk) = SmallDisk::new(&format!("{kib}k")) else {
            println!("skipped: only root can mount a small disk");
            return;
        };
        let data = disk.0.path().join("around/data");
        let mut server = Server::spawn(&data);
        let mut is_up = false;
        until("up or ended", || {
            is_up = server.has_listened();
            is_up || server.child.try_wait().unwrap().is_some()
        });
        if !is_up {
            assert_eq!(server.child.wait().unwrap().code(), Some(3));
            assert_eq!(names(disk.0.path()), [disk.0.path()], "serve, {kib} KiB");
            failed += 1;
        }
        drop(server);
    }
    assert!(failed > 8, "{failed} disks were too small");
}

#[test]
fn a_demo_on_a_disk_that_is_too_small_takes_back_what_it_made() {
    let rows = [
        (48, "the log could not be opened"),
        (96, "lists.db could not be opened"),
        (160, "lists.db could not be opened"),
        (320, "gave up at line 1: the ledger has no room"),
    ];
    for (kib, why) in rows {
        let Some(disk) = SmallDisk::new(&format!("{kib}k")) else {
            println!("skipped: only root can mount a small disk");
            return;
        };
        let data = disk.0.path().join("around/data");
        let demo = ["demo", "--once", "--persons", "1", "--listen", ANY_PORT, "--data"];
        let told = text(&ends(3, &[&demo[..], &[path(&data)]].concat()).stderr);
        assert!(told.contains(why), "{kib} KiB: {told}");
        assert_eq!(names(disk.0.path()), [disk.0.path()], "{kib} KiB: {told}");
    }
}

#[test]
fn a_demo_that_fails_after_its_first_record_keeps_its_records() {
    let Some(disk) = SmallDisk::new("3m") else {
        println!("skipped: only root can mount a small disk");
        return;
    };
    let data = disk.0.path().join("data");
    let demo = ["demo", "--once", "--persons", "300", "--listen", ANY_PORT, "--data"];
    let told = text(&ends(3, &[&demo[..], &[path(&data)]].concat()).stderr);
    assert!(told.contains("the ledger has no room now"), "{told}");
    let page = Server::start(&data).get("/v1/events?limit=1").json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
}

/// Fills a disk up to this many KiB.
fn leave_room(disk: &SmallDisk, kib: u64) -> PathBuf {
    let filler = disk.0.path().join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    let _ = std::io::copy(&mut std::io::repeat(0), &mut file);
    file.set_len(file.metadata().unwrap().len() - kib * 1024).unwrap();
    filler
}

#[test]
fn a_start_that_fails_touches_neither_a_ledger_nor_other_files_of_its_folder() {
    // Room for the log but not for the lists: a ledger with a record has a log already.
    for (events, kib) in [(0, 128), (1, 40)] {
        let Some(disk) = SmallDisk::new("1m") else {
            println!("skipped: only root can mount a small disk");
            return;
        };
        let data = disk.0.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("own.txt"), "not the ledger's").unwrap();
        if events > 0 {
            let server = Server::start(&data);
            server.send(&screening(person(1), "urn:test", "1", TIME));
            assert!(server.stop());
            remove_lists(&data);
        }
        let before = names(&data);
        let filler = leave_room(&disk, kib);
        let told = text(&ends(3, &["serve", "--data", path(&data), "--listen", ANY_PORT]).stderr);
        assert!(told.contains("lists.db could not be opened"), "{told}");
        let after = names(&data);
        assert!(before.iter().all(|path| after.contains(path)), "{before:?}, then {after:?}");
        assert!(events > 0 || after == before, "{after:?}");
        std::fs::remove_file(filler).unwrap();
        let page = Server::start(&data).get("/v1/events").json();
        assert_eq!(page["items"].as_array().unwrap().len(), events);
    }
}

#[test]
fn a_start_that_is_stopped_while_it_waits_leaves_nothing_behind() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("around/data");
        let store = ["--store", "esdb://127.0.0.1:1?tls=false"];
        let mut server = Server::spawn_with(Command::new(binary()), &data, ANY_PORT, &store);
        until("the folder is made", || data.join("ledger.lock").exists());
        let id = server.child.id().to_string();
        Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(server.child.wait().unwrap().success());
        assert!(!folder.path().join("around").exists(), "{:?}", names(folder.path()));
    }
}

#[test]
fn of_two_starts_at_one_address_the_loser_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let datas = [0, 1].map(|n| folder.path().join(format!("{round}-{n}")));
        let mut both = datas
            .each_ref()
            .map(|data| Server::spawn_with(Command::new(binary()), data, &address, &[]));
        let mut loser = None;
        until("one start has failed", || {
            loser = (0..2).find(|n| both[*n].child.try_wait().unwrap().is_some());
            loser.is_some()
        });
        let loser = loser.unwrap();
        assert_eq!(both[loser].child.wait().unwrap().code(), Some(3));
        assert!(!datas[loser].exists(), "{:?}", contents(folder.path()));
        // Whoever asks early waits until the ledger is open.
        assert!(both[1 - loser].is_up());
    }
}

#[test]
fn a_command_that_has_read_lists_leaves_none_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (data, own) = (folder.path().join("data"), folder.path().join("tmp"));
    std::fs::create_dir(&own).unwrap();
    let server = Server::start(&data);
    server.send(&screening(person(1), "urn:test", "1", TIME));
    assert!(server.stop());
    let mut command = Command::new(binary());
    command.args(["trajectories", "--json", "--data", path(&data)]).env("TMPDIR", &own);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let row: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(row["person"], person(1).to_string());
    assert_eq!(std::fs::read_dir(&own).unwrap().count(), 0, "nothing is left");
}

//! The state file is never the truth: deleted, damaged or of another log, it is made anew.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use care_ledger::http::{Services, ask, router_with};

use super::country::{Country, lives};
use crate::support::folder::{copy, remove_lists};
use crate::support::{person, screening};

const NOW: &str = "2025-12-01T12:00:00Z";

fn state(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("lists.db")).unwrap()
}

type Harm = fn(&Path);

fn one_more() -> serde_json::Value {
    screening(person(1), "urn:test", "one more", "2025-11-30T10:00:00+01:00")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_lies_there_the_lists_are_those_of_the_log() {
    let whole = tempfile::tempdir().unwrap();
    let lives = lives(40);
    let country = Country::open(whole.path(), NOW).await;
    country.record(&lives).await;
    drop(country);
    let rows: Vec<(&str, Harm)> = vec![
        ("nothing", |folder| std::fs::remove_file(folder.join("lists.db")).unwrap()),
        ("something else", |folder| std::fs::write(folder.join("lists.db"), "no").unwrap()),
        ("a page of zeros", |folder| {
            let mut bytes = std::fs::read(folder.join("lists.db")).unwrap();
            bytes[..4096].fill(0);
            std::fs::write(folder.join("lists.db"), bytes).unwrap();
        }),
        ("what another build folded", |folder| {
            let harm = "UPDATE progress SET build = x'00'; UPDATE trajectory SET body = x'7b7d'";
            state(folder).execute_batch(harm).unwrap();
        }),
        ("what was folded from another log", |folder| {
            let harm = "UPDATE progress SET commitment = zeroblob(32);
                UPDATE trajectory SET body = CAST('{\"person\":\"x\"}' AS BLOB)";
            state(folder).execute_batch(harm).unwrap();
        }),
        ("what was folded from a longer log", |folder| {
            let harm = "UPDATE progress SET position = position + 1000; DELETE FROM credit";
            state(folder).execute_batch(harm).unwrap();
        }),
        ("a round of another log", |folder| {
            let harm = "UPDATE progress SET position = 5, commitment = NULL, stretch_end = 50,
                stretch_commitment = zeroblob(32), stretch_done = zeroblob(16); DELETE FROM person";
            state(folder).execute_batch(harm).unwrap();
        }),
        ("a damaged page of one table", |folder| {
            let page: u64 = state(folder)
                .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'person'", [], |row| {
                    row.get::<_, i64>(0).map(i64::unsigned_abs)
                })
                .unwrap();
            let mut file =
                std::fs::File::options().write(true).open(folder.join("lists.db")).unwrap();
            file.seek(SeekFrom::Start((page - 1) * 4096)).unwrap();
            file.write_all(&[0xff; 4096]).unwrap();
        }),
        ("no tables", |folder| {
            let harm = "DROP TABLE progress; CREATE TABLE progress (x INTEGER)";
            state(folder).execute_batch(harm).unwrap();
        }),
    ];
    for (what, harm) in rows {
        let folder = tempfile::tempdir().unwrap();
        copy(whole.path(), folder.path());
        harm(folder.path());
        let country = Country::open(folder.path(), NOW).await;
        // Some damage shows only when the lists are written.
        country.record_one(&one_more()).await;
        assert!(country.caught_up().await, "{what}");
        assert_eq!(country.differences().await, [""; 0], "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_while_they_run_they_are_made_anew_with_the_next_record() {
    let folder = tempfile::tempdir().unwrap();
    let lives = lives(40);
    let (last, first) = lives.split_last().unwrap();
    let country = Country::open(folder.path(), NOW).await;
    country.record(first).await;
    remove_lists(folder.path());
    country.record(std::slice::from_ref(last)).await;
    assert_eq!(country.differences().await, [""; 0]);
    assert!(folder.path().join("lists.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_file_in_their_place_is_noticed_with_the_next_record() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let older = Country::open(other.path(), NOW).await;
    older.record(&lives(5)).await;
    drop(older);
    let country = Country::open(folder.path(), NOW).await;
    country.record(&lives(40)).await;
    std::fs::rename(other.path().join("lists.db"), folder.path().join("lists.db")).unwrap();
    country.record_one(&one_more()).await;
    assert!(country.caught_up().await);
    assert_eq!(country.differences().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_log_put_back_from_a_backup_they_follow_that_log() {
    let folder = tempfile::tempdir().unwrap();
    let backup = tempfile::tempdir().unwrap();
    let lives = lives(40);
    let (first, rest) = lives.split_at(lives.len() / 2);
    let country = Country::open(folder.path(), NOW).await;
    country.record(first).await;
    drop(country);
    copy(folder.path(), backup.path());
    let country = Country::open(folder.path(), NOW).await;
    country.record(rest).await;
    drop(country);
    // The older log, and the newer lists.
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    std::fs::copy(backup.path().join("ledger.db"), folder.path().join("ledger.db")).unwrap();
    let country = Country::open(folder.path(), NOW).await;
    country.record(&rest[rest.len() / 2..]).await;
    assert_eq!(country.differences().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_a_person_unanswerable_keeps_nobody_else_out() {
    let folder = tempfile::tempdir().unwrap();
    // Many modalities of one person: the answer about them is refused.
    let country = Country::open(folder.path(), NOW).await;
    country.record(&lives(5)).await;
    let many: Vec<_> = (0..500)
        .map(|n| {
            let data = serde_json::json!({
                "modality": format!("m{n}"), "kind": "electronicMonitoring", "judgment": "j"
            });
            let time = "2025-03-01T10:00:00+01:00";
            let who = crate::support::person(9);
            super::country::event(who, &n.to_string(), "modality.granted", time, data)
        })
        .collect();
    country.record(&many).await;
    let credits = country.credits(&Default::default(), 100).await;
    let told = &credits.by_person()[&crate::support::person(9)];
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["unanswered"], "streamTooLong");
    assert_eq!(
        country.trajectories(&Default::default(), 100).await.persons(),
        country.everybody().await
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_of_their_worker_shows_in_health_and_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let country = Country::open(folder.path(), NOW).await;
    let router = router_with(country.ledger.clone(), Services::with_lists(country.lists.clone()));
    let ask = async |path: &str| ask(router.clone(), path, [("accept", "*/*")].into_iter()).await.1;
    let up = |value: u8| format!("care_ledger_work_up{{worker=\"lists\"}} {value}\n");
    assert!(ask("/metrics").await.contains(&up(1)));
    country.break_clock();
    country.record_one(&one_more()).await;
    crate::support::until("faulted", || country.lists.probe().is_faulted());
    let health: serde_json::Value = serde_json::from_str(&ask("/health").await).unwrap();
    assert_eq!(health["status"], "DEGRADED");
    assert_eq!(health["components"]["lists"]["state"], "faulted");
    assert!(ask("/metrics").await.contains(&up(0)));
}

//! How fast appends to the cluster are, alone and side by side, and how long a ledger takes to move
//! into it. The stand-in answers at once and never syncs, so the figures show what the way to a
//! server costs: delayed acknowledgements, round trips, and our own work.

use std::time::{Duration, Instant};

use care_ledger::domain::id::PersonId;
use care_ledger::ledger::record::WriteMode;
use care_ledger::ledger::{Expected, Ledger};
use care_ledger::store::open::{ClusterAddress, StoreConfig};
use futures::future::join_all;
use uuid::Uuid;

use super::Cluster;
use super::migrate::{migrate, text, year};
use super::support::dice::number;
use super::support::{TIME, draft_of};

/// Not a test: `cargo test --release --test faults pace -- --ignored --nocapture` prints the rate,
/// the median and the 99th percentile of 1, 4 and 64 senders on the stand-in, and the time a move
/// of the demo's year takes. SECONDS
/// says how long each number of senders sends, PERSONS how many persons the year has.
#[test]
#[ignore = "prints figures"]
fn pace() {
    let lasts = Duration::from_secs(number("SECONDS", 5));
    let cluster = Cluster::start(1);
    let folder = tempfile::tempdir().unwrap();
    let address = Box::new(ClusterAddress::new(&cluster.address(), None).unwrap());
    let store = StoreConfig::Cluster { address, folder: folder.path().to_owned() };
    let ledger = cluster.runtime.block_on(Ledger::open(&store, &mut |_, _| ())).unwrap();
    for senders in [1, 4, 64] {
        let begun = Instant::now();
        let sending = (0..senders).map(|sender| send(ledger.clone(), senders, sender, lasts));
        let sending = sending.map(|sending| cluster.runtime.spawn(sending));
        let all = cluster.runtime.block_on(join_all(sending.collect::<Vec<_>>()));
        let took = begun.elapsed().as_secs_f64();
        let mut waits: Vec<Duration> = all.into_iter().flat_map(Result::unwrap).collect();
        waits.sort();
        let at = |share: usize| waits[waits.len() * share / 100].as_secs_f64() * 1_000.0;
        let rate = waits.len() as f64 / took;
        println!("{senders:2} senders {rate:6.0}/s  p50 {:6.1} ms  p99 {:6.1} ms", at(50), at(99));
    }
    drop(ledger);
    drop(cluster);

    let cluster = Cluster::start(1);
    let home = year(&number("PERSONS", 300).to_string());
    let begun = Instant::now();
    let (exit, moved, said) = migrate(text(home.path()), &cluster.address(), &[]);
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(exit, 0, "{said}");
    let records = moved["records"].as_u64().unwrap();
    println!("{records} records move in {took:.1} s, {:.0}/s", records as f64 / took);
}

/// Records events one after the other, each for another person; returns how long each took.
async fn send(ledger: Ledger, senders: u32, sender: u32, lasts: Duration) -> Vec<Duration> {
    let mut waits = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < lasts {
        let id = format!("{senders}-{sender}-{}", waits.len());
        let draft = [draft_of(PersonId::new(Uuid::new_v4()), "urn:pace", &id, TIME)];
        let sent = Instant::now();
        ledger.record(&draft, Expected::Any, WriteMode::Write).await.unwrap();
        waits.push(sent.elapsed());
    }
    waits
}

//! An audit of a data folder that no server has open: the log is compared with the guarantees of a
//! log and with the receipts of senders, the index with the log and with a rebuilt index.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use care_ledger::domain::id::{DedupKey, Position, RecordedTime, Revision};
use care_ledger::domain::record::{self, View, commitment};
use care_ledger::domain::stream::{Stream, StreamId};
use care_ledger::store::Store;
use care_ledger::store::embedded::Embedded;
use care_ledger::vault::LedgerKeys;

use super::known::Known;

/// Records read at once.
const PAGE: usize = 10_000;

/// The most findings that are reported; one fault may cause thousands.
const FINDINGS_MAX: usize = 20;

/// How many records are looked up in the index.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every record by its dedup key and by its stream.
    All,
    /// The length and the end of each stream, and the dedup keys of the newest records and of some
    /// others.
    Sample,
}

/// In a sample: the last records of each stream, the newest dedup keys, and the number of older
/// ones.
const STREAM_TAIL: u64 = 3;
const NEWEST: usize = 10_000;
const OLDER: usize = 5_000;

/// A record as it lies in the log.
struct Row {
    position: u64,
    revision: u64,
    recorded: RecordedTime,
    stream: StreamId,
    /// The stream by the name in the event, with the id that follows from that name.
    named: Stream,
    dedup_key: DedupKey,
    content: [u8; 32],
    commitment: String,
}

/// The faults of a folder, as sentences, and the number of its records.
pub fn audit(folder: &Path, known: Option<&Known>, depth: Depth) -> (Vec<String>, usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let mut findings = Vec::new();
    let rows = runtime.block_on(async {
        let store = open(folder);
        let rows = read(&store, &LedgerKeys::open(folder).unwrap().hash_keys().stream).await;
        check_log(&rows, &mut findings);
        if let Some(known) = known {
            check_known(&rows, known, &mut findings);
        }
        check_index("as it was found", &store, &rows, depth, &mut findings).await;
        rows
    });
    // The index that has lived through every kill is put back afterwards.
    let (index, put_aside) = (folder.join("index"), folder.join("index-aside"));
    std::fs::rename(&index, &put_aside).unwrap();
    runtime.block_on(async {
        check_index("rebuilt", &open(folder), &rows, depth, &mut findings).await;
    });
    std::fs::remove_dir_all(&index).unwrap();
    std::fs::rename(&put_aside, &index).unwrap();
    findings.truncate(FINDINGS_MAX);
    (findings, rows.len())
}

fn open(folder: &Path) -> Embedded {
    let check = LedgerKeys::open(folder).unwrap().check();
    let clock = Arc::new(|| RecordedTime::from_micros(0));
    Embedded::open(folder, check, clock, &mut |_, _| ()).unwrap()
}

async fn read(store: &Embedded, stream_hash_key: &[u8; 32]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row| row.position);
        let page = store.read_all(Position::new(after), PAGE).await.unwrap();
        if page.is_empty() {
            return rows;
        }
        rows.extend(page.iter().map(|stored| {
            let view = View::new(&stored.record).unwrap();
            Row {
                position: stored.position.number(),
                revision: stored.revision.0,
                recorded: view.recorded_at(),
                stream: view.stream_id(),
                named: Stream::named(record::stream_name(view).unwrap(), stream_hash_key),
                dedup_key: view.dedup_key(),
                content: *blake3::hash(view.canonical()).as_bytes(),
                commitment: commitment(&stored.record).to_hex().to_string(),
            }
        }));
    }
}

/// Positions and revisions have no gaps, recorded times rise, no dedup key occurs twice.
fn check_log(rows: &[Row], findings: &mut Vec<String>) {
    let mut next: BTreeMap<StreamId, u64> = BTreeMap::new();
    let mut dedup_keys = HashSet::new();
    let mut last = RecordedTime::from_micros(i64::MIN);
    for (place, row) in (1..).zip(rows) {
        let at = row.position;
        if at != place {
            findings.push(format!("position {at} stands where {place} should"));
            return;
        }
        if row.stream != row.named.id() {
            findings.push(format!("position {at}: the event names {}", row.named.name()));
        }
        let revision = next.entry(row.stream).or_default();
        if row.revision != *revision {
            findings.push(format!("position {at}: revision {}, not {revision}", row.revision));
        }
        *revision += 1;
        if row.recorded <= last {
            findings.push(format!("position {at}: recorded no later than the one before"));
        }
        last = row.recorded;
        if !dedup_keys.insert(row.dedup_key) {
            findings.push(format!("position {at}: its source and id were recorded before"));
        }
    }
}

/// No acknowledged record is lost or changed, and each record was sent by a sender.
fn check_known(rows: &[Row], known: &Known, findings: &mut Vec<String>) {
    let mut copies = vec![Vec::new(); known.sent.len()];
    for row in rows {
        let Some(place) = known.dedup_keys.get(&row.dedup_key) else {
            findings.push(format!("position {}: nobody sent this", row.position));
            continue;
        };
        let sent = &known.sent[*place];
        if row.content != sent.content {
            findings.push(format!("position {}: not what {:?} said", row.position, sent.key));
        }
        if !sent.copies.contains(&(row.dedup_key, row.stream)) {
            findings.push(format!("position {}: in another's stream", row.position));
        }
        copies[*place].push(row);
    }
    for (sent, copies) in known.sent.iter().zip(copies) {
        if !copies.is_empty() && copies.len() != sent.copies.len() {
            findings.push(format!("{:?}: half of a merge", sent.key));
        }
        let Some(receipt) = &sent.receipt else { continue };
        let same = copies.iter().any(|row| {
            row.stream == sent.stream
                && row.position == receipt.position
                && row.revision == receipt.revision
                && row.recorded.to_string() == receipt.recordedtime
                && row.commitment == receipt.commitment
        });
        if !same {
            findings.push(format!("{:?}: acknowledged as {receipt:?}, not there", sent.key));
        }
    }
}

/// The index gives the same records for each stream and each dedup key as the log.
async fn check_index(
    which: &str,
    store: &Embedded,
    rows: &[Row],
    depth: Depth,
    findings: &mut Vec<String>,
) {
    let mut streams: BTreeMap<StreamId, (&Stream, Vec<u64>)> = BTreeMap::new();
    for row in rows {
        let (_, positions) = streams.entry(row.stream).or_insert_with(|| (&row.named, Vec::new()));
        positions.push(row.position);
    }
    for (stream, positions) in streams.into_values() {
        let count = positions.len() as u64;
        let from = if depth == Depth::All { 0 } else { count.saturating_sub(STREAM_TAIL) };
        let slice = store.read_stream(stream, Revision(from), usize::MAX).await.unwrap();
        let in_index = slice.records.iter().map(|stored| stored.position.number());
        let in_log = positions[usize::try_from(from).unwrap()..].iter().copied();
        if !in_index.eq(in_log) || slice.last != Some(Revision(count - 1)) {
            let (name, last) = (stream.name(), slice.last);
            findings.push(format!(
                "the index {which}: {name} ends at {last:?}, in the log at {}, or its records lie \
                 elsewhere",
                count - 1
            ));
        }
    }
    let newest = rows.len().saturating_sub(if depth == Depth::All { rows.len() } else { NEWEST });
    let older = rows[..newest].iter().step_by(newest / OLDER + 1);
    let asked: Vec<&Row> = older.chain(&rows[newest..]).collect();
    for rows in asked.chunks(PAGE) {
        let found = store.find(rows.iter().map(|row| row.dedup_key).collect()).await.unwrap();
        for (row, found) in rows.iter().zip(found) {
            let place = found.first().map(|stored| stored.position.number());
            if place != Some(row.position) {
                let at = row.position;
                findings.push(format!("the index {which}: the key of {at} lies at {place:?}"));
            }
        }
    }
}

//! Data folders that are prepared for a fault.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use care_ledger::domain::id::{EventKey, RecordedTime};
use care_ledger::domain::record::{UnstampedRecord, dedup_key};
use care_ledger::domain::stream::Stream;
use care_ledger::store::embedded::Embedded;
use care_ledger::store::{AppendGroup, Expected, Store as _, Write};
use care_ledger::vault::LedgerKeys;

use super::{draft_of, person};

/// A small disk; it is unmounted when dropped.
pub struct SmallDisk(pub tempfile::TempDir);

impl SmallDisk {
    pub fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder.path());
        let done = mount.output().is_ok_and(|output| output.status.success());
        done.then_some(Self(folder))
    }

    /// Makes the disk larger.
    pub fn grow(&self, size: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,size={size}")]).arg(self.0.path());
        assert!(mount.status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// The size of the pieces in which space is freed: small, so that the disk is full at many
/// different moments.
pub const PIECE: u64 = 64 * 1024;

/// The smallest piece where SQLite's index of the write-ahead log is about to grow: after 4,062
/// frames, and then every 4,096 (walformat, 2.2), so that there is room for the frames but not for
/// their index.
pub fn piece(data: &Path) -> u64 {
    let frames = std::fs::metadata(data.join("ledger.db-wal")).unwrap().len() / 4_120;
    let to_growth = 4_096 - (frames + 34) % 4_096;
    if to_growth < 40 { 4_096 } else { PIECE }
}

/// Deletes the file of the lists, with what SQLite writes beside it.
pub fn remove_lists(folder: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.join(format!("lists.db{ending}")));
    }
}

pub fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").arg(from.join(".")).arg(to).status();
    assert!(status.unwrap().success());
}

pub fn database(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("ledger.db")).unwrap()
}

/// Fills a log without a server, faster than events can be checked.
pub fn fill(folder: &Path, count: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let clock = Arc::new(|| RecordedTime::from_micros(0));
    let keys = LedgerKeys::open_or_make(folder).unwrap();
    let store = Embedded::open(folder, keys.check(), clock, &mut |_, _| ()).unwrap();
    let dedup_hash_key = keys.dedup_hash_key();
    // All records have one content, because no test reads it.
    let draft = draft_of(person(1), "urn:fill", "0", "2026-03-01T10:00:00+01:00");
    let of = |n: u32| person(1_000 + n % 500);
    let stamped = |n: u32| {
        let dedup_key = dedup_key(&dedup_hash_key, &EventKey::new("urn:fill", &n.to_string()));
        UnstampedRecord::new(&draft, of(n).into(), dedup_key, &[9; 32])
    };
    for chunk in (0..count).collect::<Vec<_>>().chunks(10_000) {
        let write = |n: &u32| {
            let record = stamped(*n);
            Write {
                stream: Stream::person(of(*n)),
                expected: Expected::Any,
                group: AppendGroup::WithStream,
                records: vec![record],
            }
        };
        runtime.block_on(store.append(chunk.iter().map(write).collect())).unwrap();
    }
}

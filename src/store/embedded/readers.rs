//! The pool of connections that read the log.
//! Always: two reads never share a connection; at most [`WARM_MAX`] idle connections hold memory.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::log::LogReader;
use super::log_access::LogAccess;
use crate::domain::id::Position;
use crate::domain::record::commitment;

/// At most this many idle connections keep their page cache, together 64 MiB. With 16, the process
/// grew by more than a MiB a minute, because now and then many reads run at once (ops/bench, soak
/// of ten minutes, 25 November 2026).
const WARM_MAX: usize = 4;

/// At most this many more idle connections stay open, without a page cache.
const COLD_MAX: usize = 12;

/// The pool of connections: see the module.
pub struct ReaderPool {
    path: PathBuf,
    access: LogAccess,
    /// Locked only while a connection is taken or put back, never during a read.
    idle: Mutex<IdleReaders>,
}

/// The connections that no read uses now.
#[derive(Default)]
struct IdleReaders {
    /// Connections with a page cache, which are taken first.
    warm: Vec<LogReader>,
    /// Connections without a page cache.
    cold: Vec<LogReader>,
}

impl ReaderPool {
    /// Makes an empty pool for the log at this path.
    pub fn new(path: PathBuf, access: LogAccess) -> Self {
        Self { path, access, idle: Mutex::default() }
    }

    /// Runs a read with a connection that no other read uses.
    pub fn with_reader<T>(&self, read: impl FnOnce(&LogReader) -> T) -> Result<T, rusqlite::Error> {
        let reader = match self.take() {
            Some(reader) => reader,
            None => LogReader::open(&self.path, self.access)?,
        };
        let answer = read(&reader);
        self.put(reader);
        Ok(answer)
    }

    fn take(&self) -> Option<LogReader> {
        let mut idle = self.idle();
        idle.warm.pop().or_else(|| idle.cold.pop())
    }

    fn put(&self, reader: LogReader) {
        let mut idle = self.idle();
        if idle.warm.len() < WARM_MAX {
            idle.warm.push(reader);
            return;
        }
        drop(idle);
        if reader.shrink_memory().is_ok() {
            let mut idle = self.idle();
            if idle.cold.len() < COLD_MAX {
                idle.cold.push(reader);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, IdleReaders> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The commitment of the record at a position; `None`: the log has no record there.
    pub fn commitment_at(&self, position: Position) -> io::Result<Option<[u8; 32]>> {
        let stored = self.with_reader(|reader| reader.record_at(position)).flatten();
        let stored = stored.map_err(io::Error::other)?;
        Ok(stored.map(|stored| commitment(&stored.record).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::embedded::log::{FolderRole, LogWriter};

    #[test]
    fn a_burst_of_reads_leaves_few_connections_and_the_warm_ones_are_taken_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let _writer = LogWriter::open(&path, FolderRole::Ledger, [8; 32]).unwrap();
        let readers = ReaderPool::new(path, LogAccess::BesideWriter);
        let burst = WARM_MAX + COLD_MAX + 5;
        let open = || LogReader::open(&readers.path, LogAccess::BesideWriter).unwrap();
        for reader in (0..burst).map(|_| open()).collect::<Vec<_>>() {
            readers.put(reader);
        }
        let counts = || {
            let idle = readers.idle();
            (idle.warm.len(), idle.cold.len())
        };
        assert_eq!(counts(), (WARM_MAX, COLD_MAX));
        let during = readers.with_reader(|_| counts()).unwrap();
        assert_eq!(during, (WARM_MAX - 1, COLD_MAX));
        assert_eq!(counts(), (WARM_MAX, COLD_MAX));
    }
}

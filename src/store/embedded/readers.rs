//! The connections that read the log.
//! Always: as many as are in use at once; of those that nobody uses few keep memory.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::log::LogReader;
use crate::domain::id::Position;
use crate::domain::record::commitment;

/// So many are kept open with what they have read of the table, 64 MiB together. With 16 of them
/// that grew by more than a MiB a minute, as now and then many read at once (ops/bench, soak of ten
/// minutes, 25 November 2026).
const WARM_MAX: usize = 4;

/// So many more are kept open, and keep nothing.
const COLD_MAX: usize = 12;

/// Connections that read, as many as are in use at once.
pub struct Readers {
    path: PathBuf,
    idle: Mutex<Idle>,
}

/// Connections that nobody reads with. Those that keep what they read are taken first.
#[derive(Default)]
struct Idle {
    warm: Vec<LogReader>,
    cold: Vec<LogReader>,
}

impl Readers {
    /// To the log at this path, which a writer has opened.
    pub fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default() }
    }

    /// Reads with a connection of its own.
    pub fn with<T>(&self, read: impl FnOnce(&LogReader) -> T) -> Result<T, rusqlite::Error> {
        let reader = match self.take() {
            Some(reader) => reader,
            None => LogReader::open(&self.path)?,
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
        if reader.let_go().is_ok() {
            let mut idle = self.idle();
            if idle.cold.len() < COLD_MAX {
                idle.cold.push(reader);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The commitment of the record at a position.
    pub fn commitment(&self, position: Position) -> io::Result<Option<[u8; 32]>> {
        let stored = self.with(|reader| reader.at(position)).flatten();
        let stored = stored.map_err(io::Error::other)?;
        Ok(stored.map(|stored| commitment(&stored.record).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::embedded::log::{Keeping, LogWriter};

    #[test]
    fn a_burst_of_reads_leaves_few_connections_and_the_warm_ones_are_taken_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let _writer = LogWriter::open(&path, Keeping::Truth, [8; 32]).unwrap();
        let readers = Readers::new(path);
        let burst = WARM_MAX + COLD_MAX + 5;
        let open = || LogReader::open(&readers.path).unwrap();
        for reader in (0..burst).map(|_| open()).collect::<Vec<_>>() {
            readers.put(reader);
        }
        let counts = || {
            let idle = readers.idle();
            (idle.warm.len(), idle.cold.len())
        };
        assert_eq!(counts(), (WARM_MAX, COLD_MAX));
        let during = readers.with(|_| counts()).unwrap();
        assert_eq!(during, (WARM_MAX - 1, COLD_MAX));
        assert_eq!(counts(), (WARM_MAX, COLD_MAX));
    }
}

//! Refused events, kept for a while, so that a vendor can read what was refused and why.
//! Always: ids, codes and pointers, never content; bounded in items, sources, bytes and days, and
//! what was dropped is told; who records never waits for the disk.

mod shelves;
mod spool;

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::refusals::shelves::{Shelves, moment, oldest};
use crate::refusals::spool::Spool;

/// Refusals kept of one source: a night's batch, each event of it wrong in its own way.
pub const ITEMS_MAX: usize = 1_000;

/// Sources of which refusals are kept: every prison, house and registry of the country, several
/// times over; few enough to look through for each refusal.
const SOURCES_MAX: usize = 1_024;

/// Bytes kept in memory, about 30,000 refusals of the common size; the file takes up to three
/// times as much.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Days that a refusal is kept: a vendor on holiday reads it after. It holds the sender's own id
/// of an event, which is a reason to let go of it.
const DAYS_MAX: i64 = 30;

/// What says the instant now.
pub type Clock = fn() -> DateTime<Utc>;

/// One refused event: whose it is, and why it was refused.
#[derive(Debug, Serialize)]
pub struct Refusal<P> {
    /// The system that sent it.
    pub source: Box<str>,
    /// That system's id for it.
    pub id: Box<str>,
    /// Its type, if it is one of the vocabulary.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// The problem, without content.
    pub problem: P,
}

/// Part of the refusals of a source.
#[derive(Debug, PartialEq)]
pub struct Page {
    /// Newest first, each with the moment `at` which it was refused.
    pub items: Vec<Value>,
    /// Where the next page begins, if there is more.
    pub next: Option<String>,
    /// So many of this source were dropped to make room.
    pub dropped: u64,
    /// All that was refused after this moment is here.
    pub complete_since: String,
}

/// The refusals of all sources; cheap to clone, all clones are one.
#[derive(Clone)]
pub struct Refusals {
    shared: Arc<Shared>,
    clock: Clock,
    /// Ends its thread, with everything saved, when the last clone goes.
    _spool: Option<Arc<Spool>>,
}

/// What those who keep and the one who saves share.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    shelves: Shelves,
    is_stopping: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The shelves hold after each statement, so a panic elsewhere does not spoil them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refusals {
    /// Refusals that end with the process.
    pub fn in_memory(clock: Clock) -> Self {
        let shared: Arc<Shared> = Arc::default();
        shared.lock().shelves.forgotten(clock().timestamp_micros());
        Self { shared, clock, _spool: None }
    }

    /// The refusals of a data folder, kept in `DIR/refusals.ndjson`. The caller holds the folder.
    ///
    /// # Errors
    /// The file cannot be read or written: look at the folder's rights, or go on in memory.
    pub fn open(folder: &Path, clock: Clock) -> io::Result<Self> {
        let shared: Arc<Shared> = Arc::default();
        let spool = Spool::open(folder, shared.clone(), clock)?;
        Ok(Self { shared, clock, _spool: Some(Arc::new(spool)) })
    }

    /// Keeps refusals, in order; says how many others were dropped to make room. It waits for no
    /// disk: a crash of the machine may take the last ones.
    pub fn keep<P: Serialize>(&self, refusals: &[Refusal<P>]) -> u64 {
        if refusals.is_empty() {
            return 0;
        }
        let texts: Vec<String> = refusals
            .iter()
            .map(|refusal| serde_json::to_string(refusal).expect("serialises into memory"))
            .collect();
        let now = (self.clock)();
        let mut state = self.shared.lock();
        let dropped = state.shelves.dropped();
        state.shelves.expire(now);
        for (refusal, text) in refusals.iter().zip(&texts) {
            let at = state.shelves.next_at(now);
            let line = format!("{{\"at\":\"{}\",{}", moment(at), &text[1..]);
            state.shelves.put(&refusal.source, at, line.into());
        }
        let dropped = state.shelves.dropped() - dropped;
        drop(state);
        self.shared.changed.notify_all();
        dropped
    }

    /// The refusals of a source before a place, newest first; `before` is the `next` of a page.
    pub fn page(&self, source: &str, before: Option<i64>, limit: usize) -> Page {
        let now = (self.clock)();
        let mut state = self.shared.lock();
        state.shelves.expire(now);
        let (items, next) = state.shelves.read(source, before, limit);
        let (dropped, until) = state.shelves.losses(source);
        drop(state);
        let since = until.max(oldest(now));
        let items = items.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let next = next.map(|at| at.to_string());
        Page { items, next, dropped, complete_since: moment(since) }
    }
}

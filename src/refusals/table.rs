//! The table of refusals: SQLite, in `DIR/refusals.db` or in memory.
//! Always: `at` rises strictly over all sources, so `at` is also the place of a refusal; every
//! bound holds after each change.

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

use super::bounds::{expire, make_room, oldest, say_missing};
use super::file::{self, is_damage};

/// The bytes that a refusal takes in the table beside its texts.
const REFUSAL_BYTES: usize = 64;

/// The format of these tables. A file of another format is replaced by an empty one.
const FORMAT: i64 = 1;

/// Deleted content is overwritten (`secure_delete`): an id must not outlive its days in the file by
/// more than the time between two calls of [`RefusalTable::expire`], which empties the WAL.
/// NORMAL syncs at checkpoints only: a crash may lose the last refusals.
const PRAGMAS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;";

/// Triggers keep the counts of each source and of the whole table, so that the counts agree with
/// the rows.
const TABLES: &str = "
CREATE TABLE refusal (
    at INTEGER PRIMARY KEY, source TEXT NOT NULL, id TEXT NOT NULL, kind TEXT,
    problem BLOB NOT NULL, bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX refusal_of_source ON refusal (source, at);
CREATE TABLE source (
    source TEXT PRIMARY KEY, items INTEGER NOT NULL, bytes INTEGER NOT NULL,
    newest INTEGER NOT NULL, dropped INTEGER NOT NULL, dropped_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE total (bytes INTEGER NOT NULL, missing_until INTEGER NOT NULL) STRICT;
CREATE TRIGGER refusal_in AFTER INSERT ON refusal BEGIN
    INSERT INTO source VALUES (new.source, 1, new.bytes, new.at, 0, 0) ON CONFLICT (source)
    DO UPDATE SET items = items + 1, bytes = bytes + new.bytes, newest = new.at;
    UPDATE total SET bytes = bytes + new.bytes;
END;
CREATE TRIGGER refusal_out AFTER DELETE ON refusal BEGIN
    UPDATE source SET items = items - 1, bytes = bytes - old.bytes WHERE source = old.source;
    UPDATE total SET bytes = bytes - old.bytes;
END;
";

/// The table could not be opened, read or written.
pub use rusqlite::Error as TableError;

/// A refused event on its way into the table.
pub struct NewRefusal {
    pub source: Box<str>,
    pub id: Box<str>,
    /// The event's type, if the vocabulary has the type.
    pub kind: Option<&'static str>,
    /// The problem as JSON, without content.
    pub problem: Vec<u8>,
}

impl NewRefusal {
    pub fn bytes(&self) -> usize {
        self.source.len() + self.id.len() + self.problem.len() + REFUSAL_BYTES
    }
}

/// A refused event, as its sender reads it.
#[derive(Debug, PartialEq, Serialize)]
pub struct RefusedEvent {
    /// The moment of the refusal.
    pub at: String,
    /// The id that the sender gave the event.
    pub id: String,
    /// The problem, without content.
    pub problem: serde_json::Value,
    /// The system that sent the event.
    pub source: String,
    /// The event's type, if the vocabulary has the type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// Part of the refusals of a source.
#[derive(Debug, PartialEq)]
pub struct RefusalPage {
    /// The refused events, newest first.
    pub items: Vec<RefusedEvent>,
    /// The place where the next page begins, if there is more.
    pub next: Option<String>,
    /// The number of refusals of this source that were dropped to make room.
    pub dropped: u64,
    /// Every refusal after this moment is here, except refusals that a crash has lost.
    pub complete_since: String,
}

/// See the module.
pub struct RefusalTable {
    connection: Connection,
    /// `None`: the table is in memory.
    path: Option<PathBuf>,
    /// The last `at` that was given, in microseconds.
    last: i64,
}

impl RefusalTable {
    /// A table that ends with the process.
    pub fn in_memory(now: DateTime<Utc>) -> Result<Self, TableError> {
        Self::over(Connection::open_in_memory()?, None, now)
    }

    /// The table of a data folder. A damaged file, or a file of another format, is replaced by an
    /// empty one: refusals may be lost.
    pub fn open(path: &Path, now: DateTime<Utc>) -> Result<Self, TableError> {
        match Self::connect(path, now) {
            Err(error) if is_damage(&error) => Self::make_anew(path, &error, now),
            other => other,
        }
    }

    /// Replaces the file by an empty one if this error means that the file is damaged.
    pub fn replace_if_damaged(
        &mut self,
        error: &TableError,
        now: DateTime<Utc>,
    ) -> Result<(), TableError> {
        if let Some(path) = self.path.as_ref().filter(|_| is_damage(error)) {
            *self = Self::make_anew(path, error, now)?;
        }
        Ok(())
    }

    fn make_anew(path: &Path, why: &TableError, now: DateTime<Utc>) -> Result<Self, TableError> {
        tracing::warn!(error = %why, "refusals.db was damaged and is made anew");
        file::delete(path)?;
        Self::connect(path, now)
    }

    fn connect(path: &Path, now: DateTime<Utc>) -> Result<Self, TableError> {
        Self::over(file::connect(path)?, Some(path.to_owned()), now)
    }

    fn over(
        mut connection: Connection,
        path: Option<PathBuf>,
        now: DateTime<Utc>,
    ) -> Result<Self, TableError> {
        connection.execute_batch(PRAGMAS)?;
        let format: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if format != FORMAT {
            let transaction = connection.transaction()?;
            transaction.execute_batch(TABLES)?;
            // Refusals from before this table was made are missing.
            transaction.execute("INSERT INTO total VALUES (0, ?1)", [now.timestamp_micros()])?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
            transaction.commit()?;
        }
        let query = "SELECT coalesce(max(newest), 0) FROM source";
        let last = connection.query_row(query, [], |row| row.get(0))?;
        Ok(Self { connection, path, last })
    }

    /// Puts refusals into the table, in order, and makes room. Returns the number of refusals that
    /// were dropped to make room. Refusals up to `missing_until` may never have reached the table.
    pub fn put(
        &mut self,
        refusals: &[NewRefusal],
        missing_until: i64,
        now: DateTime<Utc>,
    ) -> Result<u64, TableError> {
        let transaction = self.connection.transaction()?;
        expire(&transaction, now)?;
        say_missing(&transaction, missing_until)?;
        let (mut dropped, mut last) = (0, self.last);
        for refusal in refusals {
            // The refusal comes after all others, even if the clock steps back.
            last = now.timestamp_micros().max(last + 1);
            let NewRefusal { source, id, kind, problem } = refusal;
            let bytes = i64::try_from(refusal.bytes()).unwrap_or(i64::MAX);
            transaction
                .prepare_cached("INSERT INTO refusal VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![last, source, id, kind, problem, bytes])?;
            dropped += make_room(&transaction, source)?;
        }
        transaction.commit()?;
        self.last = last;
        Ok(dropped)
    }

    /// Deletes the refusals that have been kept long enough, also from SQLite's own log (the WAL),
    /// and notes that refusals up to `missing_until` may be missing.
    pub fn expire(&mut self, missing_until: i64, now: DateTime<Utc>) -> Result<(), TableError> {
        expire(&self.connection, now)?;
        say_missing(&self.connection, missing_until)?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }

    /// The refusals of a source before a place, newest first.
    pub fn page(
        &mut self,
        source: &str,
        before: Option<i64>,
        limit: usize,
        missing_until: i64,
        now: DateTime<Utc>,
    ) -> Result<RefusalPage, TableError> {
        let transaction = self.connection.transaction()?;
        expire(&transaction, now)?;
        say_missing(&transaction, missing_until)?;
        let query = "SELECT at, id, kind, problem FROM refusal
            WHERE source = ?1 AND at < ?2 ORDER BY at DESC LIMIT ?3";
        // One more than asked shows that there is a next page.
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut items = Vec::new();
        let mut places: Vec<i64> = Vec::new();
        {
            let mut found = transaction.prepare_cached(query)?;
            let mut rows = found.query(params![source, before.unwrap_or(i64::MAX), most])?;
            while let Some(row) = rows.next()? {
                let (at, id, kind, problem) =
                    (row.get(0)?, row.get(1)?, row.get(2)?, row.get_ref(3)?.as_blob()?);
                let problem = serde_json::from_slice(problem).unwrap_or_default();
                places.push(at);
                let (at, source) = (moment(at), source.to_owned());
                items.push(RefusedEvent { at, id, problem, source, kind });
            }
        }
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = places.get(limit.saturating_sub(1)).filter(|_| has_more);
        let query = "SELECT dropped, dropped_until FROM source WHERE source = ?1";
        let loss = transaction.query_row(query, [source], |row| Ok((row.get(0)?, row.get(1)?)));
        let (dropped, dropped_until): (i64, i64) = loss.optional()?.unwrap_or_default();
        let missing_until: i64 =
            transaction.query_row("SELECT missing_until FROM total", [], |row| row.get(0))?;
        transaction.commit()?;
        let since = dropped_until.max(missing_until).max(oldest(now));
        Ok(RefusalPage {
            items,
            next: next.map(i64::to_string),
            dropped: dropped.unsigned_abs(),
            complete_since: moment(since),
        })
    }
}

/// A place as a moment.
fn moment(at: i64) -> String {
    let time = DateTime::from_timestamp_micros(at).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
impl RefusalTable {
    /// Lets the table grow no more, as on a full disk.
    pub fn allow_no_more_pages(&self) {
        self.connection.pragma_update(None, "max_page_count", 1).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::bounds::{BYTES_MAX, DAYS_MAX, ITEMS_MAX, SOURCES_MAX};
    use super::*;

    const NOW: &str = "2026-03-01T10:00:00Z";

    fn now() -> DateTime<Utc> {
        NOW.parse().unwrap()
    }

    fn refusal(source: &str, bytes: usize) -> NewRefusal {
        let problem = serde_json::to_vec(&"x".repeat(bytes)).unwrap();
        NewRefusal { source: source.into(), id: "i".into(), kind: None, problem }
    }

    fn put(table: &mut RefusalTable, source: &str, bytes: usize, count: usize) -> u64 {
        let refusals: Vec<NewRefusal> = (0..count).map(|_| refusal(source, bytes)).collect();
        table.put(&refusals, 0, now()).unwrap()
    }

    fn page(table: &mut RefusalTable, source: &str, now: DateTime<Utc>) -> RefusalPage {
        table.page(source, None, 2 * ITEMS_MAX, 0, now).unwrap()
    }

    fn number(table: &RefusalTable, query: &str) -> usize {
        let number: i64 = table.connection.query_row(query, [], |row| row.get(0)).unwrap();
        usize::try_from(number).unwrap()
    }

    #[test]
    fn each_bound_holds_and_what_it_cost_is_counted() {
        let mut table = RefusalTable::in_memory(now()).unwrap();
        assert_eq!(put(&mut table, "loud", 100, ITEMS_MAX + 5), 5);
        let loud = page(&mut table, "loud", now());
        assert_eq!((loud.items.len(), loud.dropped), (ITEMS_MAX, 5));
        assert!(loud.complete_since < loud.items[ITEMS_MAX - 1].at);
        // A flood in bytes costs the flooder, not the quiet.
        put(&mut table, "quiet", 100, 1);
        for turn in 0..3 {
            put(&mut table, &format!("flood-{turn}"), 8_000, 900);
        }
        assert!(number(&table, "SELECT bytes FROM total") <= BYTES_MAX);
        assert_eq!(page(&mut table, "quiet", now()).dropped, 0);
        assert!(page(&mut table, "flood-0", now()).dropped > 0);
        // A new source takes the place of the quietest.
        let before = page(&mut table, "quiet", now());
        for n in 0..SOURCES_MAX {
            put(&mut table, &format!("urn:{n}"), 100, 1);
        }
        assert_eq!(number(&table, "SELECT count(*) FROM source"), SOURCES_MAX);
        let quiet = page(&mut table, "quiet", now());
        assert_eq!((quiet.items.len(), quiet.dropped), (0, 0));
        assert!(quiet.complete_since >= before.items[0].at, "{quiet:?}");
        for (counted, rows) in [
            ("SELECT bytes FROM total", "SELECT sum(bytes) FROM refusal"),
            ("SELECT sum(bytes) FROM source", "SELECT sum(bytes) FROM refusal"),
            ("SELECT sum(items) FROM source", "SELECT count(*) FROM refusal"),
        ] {
            assert_eq!(number(&table, counted), number(&table, rows), "{counted}");
        }
    }

    #[test]
    fn places_rise_when_the_clock_steps_back_and_old_ones_go() {
        let mut table = RefusalTable::in_memory(now()).unwrap();
        for seconds in [0, 5, -60, -60] {
            table.put(&[refusal("a", 10)], 0, now() + TimeDelta::seconds(seconds)).unwrap();
        }
        let later = |seconds| now() + TimeDelta::days(DAYS_MAX) + TimeDelta::seconds(seconds);
        assert!(page(&mut table, "a", now()).items.is_sorted_by(|a, b| a.at > b.at));
        assert_eq!(page(&mut table, "a", later(1)).items.len(), 3);
        assert_eq!(page(&mut table, "a", later(60)).dropped, 0, "kept to the end is not dropped");
        assert_eq!(number(&table, "SELECT count(*) FROM source"), 0);
        assert_eq!(number(&table, "SELECT bytes FROM total"), 0);
    }

    #[test]
    fn pages_meet_without_a_gap_or_a_repeat() {
        let mut table = RefusalTable::in_memory(now()).unwrap();
        put(&mut table, "a", 10, 7);
        let all: Vec<String> =
            page(&mut table, "a", now()).items.into_iter().map(|item| item.at).collect();
        let (mut read, mut before): (Vec<String>, _) = (Vec::new(), None);
        loop {
            let page = table.page("a", before, 3, 0, now()).unwrap();
            read.extend(page.items.into_iter().map(|item| item.at));
            // A refusal that arrives meanwhile is newer, and not on a later page.
            put(&mut table, "a", 1, 1);
            let Some(next) = page.next else { break };
            before = Some(next.parse().unwrap());
        }
        assert_eq!(read, all);
    }

    #[test]
    fn what_never_reached_the_table_moves_the_moment_since_which_all_is_there() {
        let mut table = RefusalTable::in_memory(now()).unwrap();
        let missing = now() + TimeDelta::seconds(9);
        let page = table.page("a", None, 9, missing.timestamp_micros(), missing).unwrap();
        assert_eq!(page.complete_since, moment(missing.timestamp_micros()));
    }

    #[test]
    fn an_id_that_has_expired_is_in_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut table = RefusalTable::open(&folder.path().join("refusals.db"), now()).unwrap();
        table
            .put(&[NewRefusal { id: "to-be-forgotten".into(), ..refusal("a", 9) }], 0, now())
            .unwrap();
        let holders = || {
            let files = std::fs::read_dir(folder.path()).unwrap();
            let contents = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
            contents.filter(|bytes| bytes.windows(9).any(|found| found == b"forgotten")).count()
        };
        assert!(holders() > 0);
        table.expire(0, now() + TimeDelta::days(DAYS_MAX + 1)).unwrap();
        assert_eq!(holders(), 0);
    }

    #[test]
    fn a_file_that_is_damaged_while_it_is_open_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refusals.db");
        let mut table = RefusalTable::open(&path, now()).unwrap();
        put(&mut table, "a", 10, 1);
        table.expire(0, now()).unwrap();
        table.connection.execute_batch("PRAGMA shrink_memory").unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        std::fs::write(&path, vec![0xa5; usize::try_from(length).unwrap()]).unwrap();
        let error = table.put(&[refusal("a", 10)], 0, now()).unwrap_err();
        table.replace_if_damaged(&error, now()).unwrap();
        put(&mut table, "a", 10, 1);
        assert_eq!(page(&mut table, "a", now()).items.len(), 1);
    }
}

//! Reading a whole log again: its records as they are, by one reader.
//! Always: what is read is what B2 wrote, from a ledger whose process was killed.

use std::path::Path;
use std::sync::Arc;

use care_ledger::domain::id::{Position, RecordedTime};
use care_ledger::store::Store as _;
use care_ledger::store::embedded::Embedded;
use care_ledger::vault::LedgerKeys;

use crate::Failure;
use crate::measure::{Reading, Report};

/// Records read at once.
const PAGE_RECORDS: usize = 10_000;

/// Reads the ledger's log through its store, over and over for a while.
pub fn ledger(data: &Path, seconds: f64) -> Result<Report, Failure> {
    let check = LedgerKeys::open(data)?.check();
    let store = Embedded::open(data, check, Arc::new(never), &mut |_, _| ())?;
    let has = store.status().borrow().tail.number();
    crate::alone(async {
        let reading = Reading::start(0.0)?;
        let mut read = 0;
        while reading.seconds() < seconds || read == 0 {
            read += round(&store, has).await?;
        }
        reading.report(read, has, 0.0)
    })
}

/// Once from the start to the end.
async fn round(store: &Embedded, has: u64) -> Result<u64, Failure> {
    let mut read = 0;
    while read < has {
        let page = store.read_all(Position::new(read), PAGE_RECORDS).await?;
        let last = page.last().map_or(read, |stored| stored.position.number());
        if page.is_empty() || last != read + page.len() as u64 {
            return Err(format!("the log has no record at {}", read + 1).into());
        }
        read = last;
    }
    Ok(read)
}

/// The clock of a store to which nothing is written.
fn never() -> RecordedTime {
    RecordedTime::from_micros(0)
}

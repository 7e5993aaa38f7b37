//! Which ledger a cluster holds: the last event of a stream of its own, from a key that only this
//! ledger has.
//! Always: of two that claim an empty cluster at once, one gets it and the other is told; a cluster
//! that a ledger is being moved into is held by it and served by nobody until all of it is there.

use std::time::Duration;

use bytes::Bytes;
use eventstore::EventData;

use super::connection::Connection;
use super::feed::{Feed, FeedError};
use super::trouble::{Reason, Trouble};
use crate::domain::id::Revision;

/// Not in the category `person`.
const STREAM: &str = "careLedger";

/// The ledger is here.
const WHOLE: &str = "careLedger";

/// The ledger is on its way.
const MOVING: &str = "careLedgerMoving";

/// Whether there is anything is known within so long.
const LOOKED_WITHIN: Duration = Duration::from_secs(10);

/// The ledger that a cluster holds, by a hash of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// All of it.
    Whole([u8; 32]),
    /// It is being moved into it.
    Moving([u8; 32]),
}

impl Held {
    /// The hash of its key.
    pub fn check(self) -> [u8; 32] {
        let (Self::Whole(check) | Self::Moving(check)) = self;
        check
    }

    fn event(self) -> EventData {
        let kind = match self {
            Self::Whole(_) => WHOLE,
            Self::Moving(_) => MOVING,
        };
        EventData::binary(kind, Bytes::copy_from_slice(&self.check()))
    }
}

/// What the cluster says of the ledger in it; `None`: it holds none yet.
///
/// # Errors
/// It could not be asked, or the stream holds something else.
pub async fn read(connection: &Connection) -> Result<Option<Held>, Trouble> {
    let Some(event) = connection.last(STREAM).await? else { return Ok(None) };
    let check = <[u8; 32]>::try_from(&*event.data).ok();
    let held = match (event.event_type.as_str(), check) {
        (WHOLE, Some(check)) => Held::Whole(check),
        (MOVING, Some(check)) => Held::Moving(check),
        _ => return Err(Trouble::Final(Reason::Unsupported)),
    };
    Ok(Some(held))
}

/// Claims an empty cluster; says who has it then.
///
/// # Errors
/// It could not be asked or written, or has records and does not say whose.
pub async fn claim(connection: &Connection, held: Held) -> Result<Held, Trouble> {
    if has_records(connection).await? {
        return Err(Trouble::Final(Reason::Nameless));
    }
    write(connection, None, held).await
}

/// Says that all of a ledger that was moved into the cluster is there.
///
/// # Errors
/// It could not be written.
pub async fn finish(connection: &Connection, check: [u8; 32]) -> Result<(), Trouble> {
    write(connection, Some(Revision(0)), Held::Whole(check)).await.map(|_| ())
}

async fn write(
    connection: &Connection,
    after: Option<Revision>,
    held: Held,
) -> Result<Held, Trouble> {
    match connection.append(STREAM.to_owned(), after, vec![held.event()]).await {
        Ok(()) | Err(Trouble::Conflict(_)) => {}
        Err(trouble) => return Err(trouble),
    }
    read(connection).await?.ok_or(Trouble::NotDone(Reason::Missing))
}

async fn has_records(connection: &Connection) -> Result<bool, Trouble> {
    let trouble = |error| match error {
        FeedError::Trouble(trouble) => trouble,
        FeedError::Lost(_) => Trouble::Final(Reason::Nameless),
    };
    let mut feed = Feed::open(connection, None).await.map_err(trouble)?;
    loop {
        let batch = feed.next_within(LOOKED_WITHIN).await.map_err(trouble)?;
        if !batch.records.is_empty() {
            return Ok(true);
        }
        if batch.is_caught_up {
            return Ok(false);
        }
    }
}

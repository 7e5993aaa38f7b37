//! Which ledger a cluster holds: the one event of a stream of its own, from a key that only this
//! ledger has.
//! Always: of two that claim an empty cluster at once, one gets it and the other is told.

use bytes::Bytes;
use eventstore::EventData;

use super::connection::Connection;
use super::trouble::{Reason, Trouble};

/// Not in the category `person`.
const STREAM: &str = "careLedger";

const TYPE: &str = "careLedger";

/// What the cluster says of the ledger in it; `None`: it holds none yet.
///
/// # Errors
/// It could not be asked, or the stream holds something else.
pub async fn read(connection: &Connection) -> Result<Option<[u8; 32]>, Trouble> {
    let Some(event) = connection.first(STREAM).await? else { return Ok(None) };
    let check = <[u8; 32]>::try_from(&*event.data).ok();
    let check = check.filter(|_| event.event_type == TYPE);
    check.map(Some).ok_or(Trouble::Final(Reason::Unsupported))
}

/// Claims an empty cluster; says who has it then.
///
/// # Errors
/// It could not be asked or written.
pub async fn claim(connection: &Connection, check: [u8; 32]) -> Result<[u8; 32], Trouble> {
    let event = EventData::binary(TYPE, Bytes::copy_from_slice(&check));
    match connection.append(STREAM.to_owned(), None, vec![event]).await {
        Ok(()) | Err(Trouble::Conflict(_)) => {}
        Err(trouble) => return Err(trouble),
    }
    read(connection).await?.ok_or(Trouble::NotDone(Reason::Missing))
}

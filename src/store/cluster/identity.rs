//! The claim on a cluster: which ledger the cluster holds. The last event of the stream
//! `careLedger` names the ledger by the check value of the ledger's keys.
//! Always: if two ledgers claim an empty cluster at once, one gets the cluster and the other is
//! refused. While a ledger is being moved into a cluster, the cluster is claimed by that ledger
//! and no replica serves it.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use eventstore::EventData;

use super::call_error::{CallError, CallFailure};
use super::connection::Connection;
use super::follow_error::FollowError;
use super::subscription::{HarmNews, RecordSubscription};
use crate::domain::id::Revision;

/// The stream of the claim. Its name has no prefix of the streams of records, so that no
/// subscription takes a claim for a record.
pub(super) const CLAIM_STREAM: &str = "careLedger";

/// Event type: all records of the ledger are in the cluster.
const COMPLETE: &str = "careLedger";

/// Event type: a move into the cluster has begun and has not ended.
const MOVING: &str = "careLedgerMoving";

/// The first byte of a claim: a number for the format of the records in the cluster. Earlier
/// builds, never released, wrote another format of records and a claim without this byte.
const CLAIM_FORMAT: u8 = 1;

/// The subscription that looks for records must deliver something within this time.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The ledger that a cluster holds, by the check value of its keys, and whether all of it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerClaim {
    /// The cluster has all records of the ledger.
    Complete([u8; 32]),
    /// The ledger is being moved into the cluster.
    Moving([u8; 32]),
}

impl LedgerClaim {
    /// The check value of the ledger's keys.
    pub fn keys_check(self) -> [u8; 32] {
        let (Self::Complete(keys_check) | Self::Moving(keys_check)) = self;
        keys_check
    }

    fn to_event(self) -> EventData {
        let event_type = match self {
            Self::Complete(_) => COMPLETE,
            Self::Moving(_) => MOVING,
        };
        let claim = [&[CLAIM_FORMAT][..], &self.keys_check()].concat();
        EventData::binary(event_type, Bytes::from(claim))
    }
}

/// The claim on a cluster; `None`: no ledger has claimed it yet.
///
/// # Errors
/// The call failed, or the stream of the claim holds something else.
pub async fn read_claim(connection: &Connection) -> Result<Option<LedgerClaim>, CallError> {
    let Some(event) = connection.last_event(CLAIM_STREAM).await? else { return Ok(None) };
    if event.data.len() == 32 {
        return Err(CallError::Final(CallFailure::OlderFormat));
    }
    let keys_check = event.data.strip_prefix(&[CLAIM_FORMAT]);
    let keys_check = keys_check.and_then(|keys_check| <[u8; 32]>::try_from(keys_check).ok());
    let claim = match (event.event_type.as_str(), keys_check) {
        (COMPLETE, Some(keys_check)) => LedgerClaim::Complete(keys_check),
        (MOVING, Some(keys_check)) => LedgerClaim::Moving(keys_check),
        _ => return Err(CallError::Final(CallFailure::Unsupported)),
    };
    Ok(Some(claim))
}

/// Claims a cluster that no ledger has claimed. Returns the claim that the cluster then has:
/// another ledger's, if that ledger was faster.
///
/// # Errors
/// A call failed, or the cluster has records although no ledger has claimed the cluster.
pub async fn claim_cluster(
    connection: &Connection,
    claim: LedgerClaim,
) -> Result<LedgerClaim, CallError> {
    if has_records(connection).await? {
        return Err(CallError::Final(CallFailure::Unclaimed));
    }
    write_claim(connection, None, claim).await
}

/// Turns the claim of a ledger that was being moved into the claim of a complete ledger.
///
/// # Errors
/// The write failed.
pub async fn complete_claim(
    connection: &Connection,
    keys_check: [u8; 32],
) -> Result<(), CallError> {
    // The claim of the move is the first event of the stream.
    let claim = LedgerClaim::Complete(keys_check);
    write_claim(connection, Some(Revision(0)), claim).await.map(|_| ())
}

async fn write_claim(
    connection: &Connection,
    after: Option<Revision>,
    claim: LedgerClaim,
) -> Result<LedgerClaim, CallError> {
    match connection.append(CLAIM_STREAM, after, vec![claim.to_event()]).await {
        Ok(()) | Err(CallError::Conflict(_)) => {}
        Err(error) => return Err(error),
    }
    read_claim(connection).await?.ok_or(CallError::NotDone(CallFailure::Missing))
}

/// Whether the cluster has a record of any ledger.
///
/// # Errors
/// The call failed, or a stream with a name of the ledger's has something else.
pub(super) async fn has_records(connection: &Connection) -> Result<bool, CallError> {
    let call_error = |error| match error {
        FollowError::Call(error) => error,
        FollowError::Stop(_) => CallError::Final(CallFailure::Unclaimed),
    };
    let subscription = RecordSubscription::open(connection, None, HashSet::new());
    let mut subscription = subscription.await.map_err(call_error)?;
    loop {
        let delivery = subscription.next_within(ANSWER_WITHIN).await.map_err(call_error)?;
        let is_of_person = |news: &HarmNews| match news {
            HarmNews::Foreign(event) => event.stream.person().is_some(),
            HarmNews::Mark(..) => false,
        };
        if !delivery.records.is_empty() || delivery.harm.iter().any(is_of_person) {
            return Ok(true);
        }
        if delivery.is_caught_up {
            return Ok(false);
        }
    }
}

//! A position from which a reader wants to go on must be a position of this log: a reader that has
//! read further than the log goes has read another log, such as one from before a restore.
//! Always: such a reader is refused, and never told that nothing is new. Otherwise it would miss
//! the records that are written next, at positions that it takes for read.

use std::time::Duration;

use axum::http::HeaderValue;

use super::wait_for::LEDGER_POSITION;
use crate::domain::id::Position;
use crate::http::problem::Problem;
use crate::http::problem::issue::{Issue, RequestPart};
use crate::http::problem::kind::ProblemType;
use crate::ledger::{Condition, Ledger};

/// How long a replica waits for a position that another replica may have shown already. A replica
/// that follows its cluster is milliseconds behind (our choice).
const REPLICA_WAIT_MAX: Duration = Duration::from_secs(2);

/// Refuses a position beyond the end of the log; `name` is the parameter or header with the
/// position.
///
/// # Errors
/// A 409 that names the last position. A 503: this replica is cut off from its cluster, so that it
/// cannot know.
pub async fn require_known(
    ledger: &Ledger,
    position: Position,
    place: RequestPart,
    name: &str,
) -> Result<(), Problem> {
    let mut status = ledger.status();
    if status.borrow().tail >= position {
        return Ok(());
    }
    if status.borrow().reconnects.is_some() {
        let reached = status.wait_for(|status| status.tail >= position);
        if tokio::time::timeout(REPLICA_WAIT_MAX, reached).await.is_ok_and(|end| end.is_ok()) {
            return Ok(());
        }
        if ledger.status().borrow().condition == Condition::Unreachable {
            return Err(Problem::unavailable()
                .detail("This replica is cut off from its cluster and has not read so far."));
        }
    }
    let rule = "Must be a position of this log.";
    Err(position_unknown(ledger.tail(), Issue::invalid(place, name, rule)))
}

/// A 409: the reader has read further than the log goes, to `last`.
pub fn position_unknown(last: Position, issue: Issue) -> Problem {
    let detail = format!(
        "The log ends at position {last}, so it is not the log that was read; it may have been \
         restored. A person decides from where to read on."
    );
    let problem = Problem::new(ProblemType::PositionUnknown).detail(detail).issues(vec![issue]);
    problem.header(LEDGER_POSITION, HeaderValue::from(last.number()))
}

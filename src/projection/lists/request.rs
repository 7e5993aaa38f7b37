//! The requests to the lists, and the page that answers a request.
//! Always: all pages that one cursor leads to speak of one moment, their [`Pin`].

use chrono::{DateTime, Utc};

use super::item::ItemBody;
use super::state::StateError;
use crate::domain::credit::CreditOutcome;
use crate::domain::id::{PersonId, Position, RecordedTime};
use crate::domain::trajectory::AlertCode;
use crate::domain::trajectory::CustodyState;
use crate::domain::trajectory::SubstitutionState;
use crate::ledger::ReadError;

/// A filter of trajectories: a trajectory must match every field that is set.
#[derive(Debug, Clone, Default)]
pub struct TrajectoryFilter {
    /// Custody is in this state.
    pub custody: Option<CustodyState>,
    /// Custody is in this facility.
    pub facility: Option<String>,
    /// Substitution is in this state.
    pub substitution: Option<SubstitutionState>,
    /// This alert is among the alerts.
    pub alert: Option<AlertCode>,
}

/// A filter of credits: a credit must match every field that is set.
#[derive(Debug, Clone, Default)]
pub struct CreditFilter {
    /// There are at least this many treatment days.
    pub min_days: Option<u32>,
    /// A stay in this house shares a date with the window.
    pub facility: Option<String>,
    /// The modality has this outcome.
    pub outcome: Option<CreditOutcome>,
}

/// The moment that all pages of one listing speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Records up to here are known.
    pub position: Position,
    /// The latest recorded time among these records.
    pub known_at: RecordedTime,
    /// The instant of the answers.
    pub at: DateTime<Utc>,
}

/// The place of an item in a list: items are in the order of persons, then of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ItemKey {
    /// The person.
    pub person: PersonId,
    /// The number of the item among that person's items.
    pub number: i64,
}

/// A request for one page.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// The moment of an earlier page; `None`: now.
    pub pin: Option<Pin>,
    /// The page begins after this item.
    pub after: Option<ItemKey>,
    /// The page has at most this many items.
    pub limit: usize,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct ListPage {
    /// The items, without `at` and `known`, which are the pin's.
    pub items: Vec<ItemBody>,
    /// The next page begins after this item; `None`: this is the last page.
    pub next: Option<ItemKey>,
    /// The moment that the page speaks of.
    pub pin: Pin,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The lists are being made, and have not come to the cursor's record, or to any record yet:
    /// ask again later.
    #[error("the lists have read up to {0} only")]
    Behind(Position),
    /// The state file could not be read: ask again. The follower replaces a damaged file.
    #[error("the state of the lists could not be read")]
    State(#[from] StateError),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
}

//! A page of a list, as of one instant and one record of the log.
//! Always: an item is what the answer about that one person says then. A row that was folded later
//! than the page speaks of, or that the clock has passed, is folded anew from the log; so all pages
//! that one cursor leads to speak of one moment, whatever is recorded meanwhile.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Lists;
use super::row;
use super::state::scan::{Found, List, scan};
use super::state::{self, StateError};
use crate::domain::id::{PersonId, Position, RecordedTime};
use crate::domain::trajectory::alerts::AlertCode;
use crate::domain::trajectory::custody::CustodyState;
use crate::domain::trajectory::substitution::SubstitutionState;
use crate::ledger::ReadError;

/// So long a question waits for lists that are being made for the first time, or anew.
const FIRST_ROUND_MAX: Duration = Duration::from_secs(5);

/// Which trajectories.
#[derive(Debug, Clone, Default)]
pub struct TrajectoryFilter {
    /// Custody in this state.
    pub custody: Option<CustodyState>,
    /// Custody in this facility.
    pub facility: Option<String>,
    /// Substitution in this state.
    pub substitution: Option<SubstitutionState>,
    /// With this alert.
    pub alert: Option<AlertCode>,
}

/// Which credits.
#[derive(Debug, Clone, Default)]
pub struct CreditFilter {
    /// At least so many treatment days.
    pub min_days: Option<u32>,
    /// With a stay in this house that shares a date with the window.
    pub facility: Option<String>,
}

/// The moment that all pages of one listing speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Records up to here are known.
    pub position: Position,
    /// When the last of them was recorded.
    pub known: RecordedTime,
    /// The instant of the answers.
    pub at: DateTime<Utc>,
}

/// Which page.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The moment of an earlier page; `None`: now.
    pub pin: Option<Pin>,
    /// After this item: a person, and the number of the item among that person's.
    pub after: Option<(PersonId, i64)>,
    /// At most so many items.
    pub limit: usize,
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The items as JSON, without `at` and `known`, which are the pin's.
    pub items: Vec<String>,
    /// Where the next page begins; `None`: this is the last.
    pub next: Option<(PersonId, i64)>,
    /// The moment it speaks of.
    pub pin: Pin,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The lists are being made, and have not come to the cursor's record or to any yet: ask again
    /// later.
    #[error("the lists have read up to {0} only")]
    Behind(Position),
    /// The state file is not to be read: ask again; it is made anew by itself.
    #[error("the state of the lists could not be read")]
    State(#[from] StateError),
    /// The log is not to be read.
    #[error(transparent)]
    Log(#[from] ReadError),
}

impl Lists {
    /// A page of the trajectories.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn trajectories(
        &self,
        filter: &TrajectoryFilter,
        asked: Asked,
    ) -> Result<Page, AskError> {
        self.page(filter, asked).await
    }

    /// A page of the credits.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn credits(&self, filter: &CreditFilter, asked: Asked) -> Result<Page, AskError> {
        self.page(filter, asked).await
    }

    async fn page<L: List>(&self, list: &L, asked: Asked) -> Result<Page, AskError> {
        let pin = match asked.pin {
            Some(pin) => pin,
            None => self.pin().await?,
        };
        if pin.position == Position::START {
            return Ok(Page { items: Vec::new(), next: None, pin });
        }
        let (path, of) = (self.path().to_owned(), list.clone());
        let scan = move || scan(&path, &of, pin, asked);
        let scan = tokio::task::spawn_blocking(scan).await.map_err(ReadError::failed)??;
        let is_stale = |found: &Found| matches!(found, Found::Stale(_));
        let _place = match scan.found.iter().any(is_stale) {
            true => self.place_to_fold().await,
            false => None,
        };
        let mut items = Vec::new();
        let mut last = asked.after;
        for found in scan.found {
            let (person, told) = match found {
                Found::Stored(person, told) => (person, told),
                Found::Stale(person) => {
                    let row = row::row(self.ledger(), person, pin.known, pin.at).await?;
                    (person, row.map(|row| list.folded(row)).unwrap_or_default())
                }
            };
            let after = |number: i64| asked.after.is_none_or(|after| (person, number) > after);
            for (number, body) in told.into_iter().filter(|(number, _)| after(*number)) {
                if items.len() == asked.limit {
                    return Ok(Page { items, next: last, pin });
                }
                last = Some((person, number));
                items.push(body);
            }
            // A person without items is passed as well.
            last = last.max(Some((person, i64::MAX)).filter(|_| items.len() < asked.limit));
        }
        Ok(Page { items, next: last.filter(|_| !scan.ended), pin })
    }

    /// The present, and how far the lists have read. Lists that hold nobody yet of a log that
    /// does are waited for: an empty list would say that all is well.
    async fn pin(&self) -> Result<Pin, AskError> {
        let is_empty = *self.ledger().subscribe().borrow() == Position::START;
        let first = Position::new(1);
        if !is_empty && !self.reached(first, FIRST_ROUND_MAX).await {
            return Err(AskError::Behind(Position::START));
        }
        let path = self.path().to_owned();
        let read = move || state::reader(&path).and_then(|reader| state::read(&reader));
        let read = tokio::task::spawn_blocking(read).await.map_err(ReadError::failed)??;
        let known = self.ledger().anchor(read.position).await?;
        let known = known.map_or(RecordedTime::from_micros(0), |anchor| anchor.recorded);
        Ok(Pin { position: read.position, known, at: self.now() })
    }
}

//! Asking for a page of a list, as of one instant and one record of the log.
//! Always: an item equals the answer about its person as of that instant and record. A row that was
//! folded for a later record or instant, or that no longer holds at the instant, is folded again
//! from the log. So all pages of one listing speak of one moment, whatever is recorded meanwhile.

use std::time::Duration;

use super::Lists;
use super::request::{
    CreditFilter, ItemKey, ListError, ListPage, PageRequest, Pin, TrajectoryFilter,
};
use super::row;
use super::state;
use super::state::scan::{List, Scanned, scan};
use crate::domain::id::{Position, RecordedTime};
use crate::ledger::ReadError;

/// The longest wait for lists that are being built for the first time, or rebuilt.
const FIRST_ROWS_WAIT_MAX: Duration = Duration::from_secs(5);

impl Lists {
    /// A page of the trajectories.
    ///
    /// # Errors
    /// See [`ListError`].
    pub async fn trajectories(
        &self,
        filter: &TrajectoryFilter,
        asked: PageRequest,
    ) -> Result<ListPage, ListError> {
        self.page(filter, asked).await
    }

    /// A page of the credits.
    ///
    /// # Errors
    /// See [`ListError`].
    pub async fn credits(
        &self,
        filter: &CreditFilter,
        asked: PageRequest,
    ) -> Result<ListPage, ListError> {
        self.page(filter, asked).await
    }

    async fn page<L: List>(&self, list: &L, asked: PageRequest) -> Result<ListPage, ListError> {
        let pin = match asked.pin {
            Some(pin) => pin,
            None => self.pin().await?,
        };
        if pin.position == Position::START {
            return Ok(ListPage { items: Vec::new(), next: None, pin });
        }
        let (path, filter) = (self.path.clone(), list.clone());
        let scan = move || scan(&path, &filter, pin, asked);
        let scan = tokio::task::spawn_blocking(scan).await.map_err(ReadError::failed)??;
        let is_stale = |scanned: &Scanned| matches!(scanned, Scanned::Stale(_));
        let _permit = match scan.persons.iter().any(is_stale) {
            true => self.permit_to_fold().await,
            false => None,
        };
        let mut items = Vec::new();
        let mut last = asked.after;
        for scanned in scan.persons {
            let (person, found) = match scanned {
                Scanned::Items(person, found) => (person, found),
                Scanned::Stale(person) => {
                    let row = row::fold(&self.ledger, person, pin.known_at, pin.at).await?;
                    (person, row.map(|row| list.folded(row)).unwrap_or_default())
                }
            };
            for (number, body) in found {
                let key = ItemKey { person, number };
                if asked.after.is_some_and(|after| key <= after) {
                    continue;
                }
                if items.len() == asked.limit {
                    return Ok(ListPage { items, next: last, pin });
                }
                last = Some(key);
                items.push(body);
            }
            // A person without items is passed too: the next page begins after that person.
            let passed = ItemKey { person, number: i64::MAX };
            last = last.max(Some(passed).filter(|_| items.len() < asked.limit));
        }
        Ok(ListPage { items, next: last.filter(|_| !scan.is_last), pin })
    }

    /// The present, and how far the lists have read. If the lists have read nothing yet of a log
    /// with records, waits for the lists: an empty list would say that all is well.
    async fn pin(&self) -> Result<Pin, ListError> {
        let is_empty = self.ledger.tail() == Position::START;
        let first = Position::new(1);
        if !is_empty && !self.reached(first, FIRST_ROWS_WAIT_MAX).await {
            return Err(ListError::Behind(Position::START));
        }
        let path = self.path.clone();
        let read = move || state::reader(&path).and_then(|reader| state::committed(&reader));
        let read = tokio::task::spawn_blocking(read).await.map_err(ReadError::failed)??;
        let anchor = self.ledger.anchor(read.position).await?;
        let known_at =
            anchor.map_or(RecordedTime::from_micros(0), |anchor| anchor.latest_recorded_time);
        Ok(Pin { position: read.position, known_at, at: self.clock.now() })
    }
}

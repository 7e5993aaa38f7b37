//! The streams of a ledger, as histories.
//! Always: merged persons are one stream, under the pseudonym joined into; the streams come in the
//! order of the view `effective`.

use std::collections::{BTreeSet, HashSet};

use super::delivered::Delivered;
use super::in_force::in_force;
use crate::domain::history::{History, stream_turn};
use crate::domain::id::{PersonId, Position, RecordedTime};
use crate::domain::stream::StreamName;
use crate::domain::time::calendar::At;
use crate::domain::vocabulary::fact::Fact;
use crate::ledger::read::open::Reader;
use crate::ledger::{Ledger, ReadError};

/// The number of records whose streams are looked up at once.
const PAGE_RECORDS: usize = 10_000;

/// The history of one stream.
pub struct StreamHistory {
    /// The stream: of merged persons, that of the pseudonym joined into.
    pub name: StreamName,
    /// The other pseudonyms whose records are in the history.
    pub joined: Vec<PersonId>,
    /// All pseudonyms that a merge or an unmerge among the records names, in force or not.
    pub named: BTreeSet<PersonId>,
    history: History,
}

impl StreamHistory {
    fn new(name: StreamName, joined: Vec<PersonId>, history: History) -> Self {
        let merges = history.items.iter().filter(|item| item.kind().is_merge());
        let both = merges.flat_map(|item| {
            let other = match &item.fact {
                Some(Fact::Merged(merge)) => Some(merge.into),
                Some(Fact::Unmerged(unmerge)) => Some(unmerge.from),
                _ => None,
            };
            [item.event().subject.person(), other]
        });
        let named = both.flatten().collect();
        Self { name, joined, named, history }
    }

    /// The records in force: those that had happened by `at`, or all.
    pub fn in_force(&self, at: Option<At>) -> Vec<Delivered> {
        in_force(&self.history, &self.name, at)
    }

    /// Whether every record of the stream was erased.
    pub fn is_erased(&self) -> bool {
        self.history.items.is_empty()
    }

    /// How many records there are, in force or not.
    pub fn records(&self) -> u64 {
        (self.history.items.len() + self.history.erased.len()) as u64
    }
}

/// See the module.
pub struct StreamsInForce {
    /// The ledger.
    pub ledger: Ledger,
    /// The reader for whom records are opened.
    pub reader: Reader,
    /// Only what was recorded by then.
    pub known_at: RecordedTime,
}

impl StreamsInForce {
    /// The names of all streams with a record up to a position, in the order of the view. Of merged
    /// persons each pseudonym is among them.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn names(&self, end: Position) -> Result<Vec<StreamName>, ReadError> {
        let mut names: Vec<StreamName> = Vec::new();
        let mut known: HashSet<StreamName> = HashSet::new();
        let mut after = Position::START;
        while after < end {
            let found = streams_of_records(&self.ledger, &self.reader, after, end).await?;
            let Some((last, of_page)) = found else { break };
            after = last;
            names.extend(of_page.into_iter().filter(|name| known.insert(name.clone())));
        }
        names.sort_by_key(stream_turn);
        Ok(names)
    }

    /// The history in which the records of a stream are delivered. `None`: nothing is known of it.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn history(&self, name: &StreamName) -> Result<Option<StreamHistory>, ReadError> {
        let Some(person) = name.person() else {
            let history = self.ledger.organisation(&self.reader, name, self.known_at).await?;
            return Ok(Some(StreamHistory::new(name.clone(), Vec::new(), history)));
        };
        let of = |person| self.ledger.person(&self.reader, person, Some(self.known_at));
        let Some(mut found) = of(person).await? else { return Ok(None) };
        let mut into = person;
        if let Some(joined_into) = found.pseudonyms.merged_into
            && let Some(joined) = of(joined_into).await?
        {
            (into, found) = (joined_into, joined);
        }
        let joined = found.pseudonyms.merged_from;
        Ok(Some(StreamHistory::new(into.into(), joined, found.history)))
    }
}

/// The streams of the next records after a position and up to another, each as often as it has a
/// record there; and the position of the last of these records. `None`: there is no record.
///
/// # Errors
/// [`ReadError`] when the store fails.
pub async fn streams_of_records(
    ledger: &Ledger,
    reader: &Reader,
    after: Position,
    end: Position,
) -> Result<Option<(Position, Vec<StreamName>)>, ReadError> {
    let mut headers = ledger.record_headers(after, PAGE_RECORDS).await?;
    headers.retain(|header| header.position <= end);
    let Some(last) = headers.last().map(|header| header.position) else { return Ok(None) };
    let mut names = Vec::with_capacity(headers.len());
    for header in headers {
        match header.person {
            Some(person) => names.push(person.into()),
            None => {
                let record = ledger.record_at(reader, header.position).await?;
                names.extend(record.map(|record| record.stream.clone()));
            }
        }
    }
    Ok(Some((last, names)))
}

//! The only place that opens stored records.
//! Always: every record is opened for a [`Reader`]; an erased record has no content for any
//! reader; a record that the reader may not see is left out before any fold, without a
//! placeholder. Access control is not built yet: it will say what each reader may see.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::event::{Content, Event, Recorded};
use crate::domain::record::{self, View};
use crate::ledger::Ledger;
use crate::store::{ReadError, Stored};

/// The reader for whom records are opened.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    part: &'static str,
    /// Whether the reader may see an event; none: the reader may see all.
    sees: Option<fn(&Event) -> bool>,
    /// A stream with more records is not read.
    pub(in crate::ledger) stream_records_max: usize,
}

/// A person whose stream has more records gets no answer. So many records take about 150 MiB. Fifty
/// years of daily doses are only 18,000 records.
const STREAM_RECORDS_MAX: usize = 100_000;

impl Reader {
    /// A reader inside the ledger, which may see every record. `part` names the part that reads.
    pub const fn system(part: &'static str) -> Self {
        Self { part, sees: None, stream_records_max: STREAM_RECORDS_MAX }
    }

    /// The same reader, which waits for any stream: one that reads them one after the other, and
    /// has no question to answer in time.
    pub const fn of_long_streams(self) -> Self {
        Self { stream_records_max: usize::MAX, ..self }
    }

    /// A reader that may see only some events. The others are left out before any fold.
    pub const fn of_some(part: &'static str, sees: fn(&Event) -> bool) -> Self {
        Self { sees: Some(sees), ..Self::system(part) }
    }

    fn sees(&self, record: &Recorded) -> bool {
        self.sees.zip(record.event()).is_none_or(|(sees, event)| sees(event))
    }
}

impl Ledger {
    /// Opens records for a reader, in the order given, without those that the reader may not see.
    pub(in crate::ledger) fn open_all<'s>(
        &self,
        reader: &Reader,
        stored: impl IntoIterator<Item = &'s Stored>,
    ) -> Result<Vec<Arc<Recorded>>, ReadError> {
        let open = |stored| self.open_record(reader, stored).map(Arc::new);
        let is_hidden = |record: &Result<Arc<Recorded>, ReadError>| {
            record.as_ref().is_ok_and(|record| !reader.sees(record))
        };
        stored.into_iter().map(open).filter(|record| !is_hidden(record)).collect()
    }

    /// The event of a record as canonical JSON text, unparsed; or its erasure.
    pub(in crate::ledger) fn event_text(
        &self,
        reader: &Reader,
        stored: &Stored,
    ) -> Result<Content<Bytes>, ReadError> {
        let view = view(reader, stored)?;
        self.content(view, |canonical| Ok(stored.record.slice_ref(canonical)))
    }

    fn open_record(&self, reader: &Reader, stored: &Stored) -> Result<Recorded, ReadError> {
        let view = view(reader, stored)?;
        let event = |canonical: &_| {
            Event::from_canonical(canonical).map_err(|_| unreadable(reader, stored))
        };
        Ok(Recorded {
            stream: record::stream_name(view).map_err(|_| unreadable(reader, stored))?,
            revision: stored.revision,
            position: stored.position,
            recorded_at: view.recorded_at(),
            content: self.content(view, event)?,
        })
    }

    /// The content of a record: what `open` makes of its canonical JSON text, or its erasure.
    pub(in crate::ledger) fn content<'s, T>(
        &self,
        view: View<'s>,
        open: impl FnOnce(&'s [u8]) -> Result<T, ReadError>,
    ) -> Result<Content<T>, ReadError> {
        match self.erasures.of(view) {
            Some(erasure) => Ok(Content::Erased {
                class: view.class(),
                recorded_at: view.recorded_at(),
                erasure: erasure.clone(),
            }),
            None => open(view.canonical()).map(Content::Open),
        }
    }
}

/// The bytes of a record, for a reader.
pub(in crate::ledger) fn view<'s>(
    reader: &Reader,
    stored: &'s Stored,
) -> Result<View<'s>, ReadError> {
    View::new(&stored.record).map_err(|_| unreadable(reader, stored))
}

fn unreadable(reader: &Reader, stored: &Stored) -> ReadError {
    let position = stored.position;
    tracing::debug!(reader = reader.part, %position, "a record cannot be opened");
    ReadError::Unreadable(position)
}

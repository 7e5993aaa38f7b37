//! Records for pages of the log and for live readers: the text of each event, and the attributes
//! (type and source) that readers filter by.
//! Always: of an event only `type` and `source` are parsed; an erased record has neither, so only a
//! reader without a filter gets it.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;

use super::blocking::run_blocking_if_long;
use super::open::{self, Reader};
use crate::domain::event::{Content, Unreadable};
use crate::domain::id::{Position, RecordedTime, Revision};
use crate::domain::record;
use crate::domain::stream::StreamName;
use crate::domain::vocabulary::kind::Kind;
use crate::ledger::Ledger;
use crate::ledger::answer::RecordAnswer;
use crate::store::{ReadError, Stored};

/// A record of the feed.
pub struct FeedEvent {
    stream: StreamName,
    revision: Revision,
    position: Position,
    recorded_at: RecordedTime,
    content: Content<FeedText>,
}

/// The text of an event, and the attributes that readers filter by.
struct FeedText {
    kind: Kind,
    source: Arc<str>,
    text: Bytes,
}

/// The attributes that are parsed; all others are skipped.
#[derive(Deserialize)]
struct FilterAttributes<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
}

/// The events that a reader wants; `None` means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FeedFilter {
    /// Only this type.
    pub kind: Option<Kind>,
    /// Only this sender.
    pub source: Option<Arc<str>>,
}

impl FeedFilter {
    /// Whether the reader filters at all.
    pub fn is_filtered(&self) -> bool {
        self.kind.is_some() || self.source.is_some()
    }

    /// Whether the reader wants this event.
    pub fn matches(&self, event: &FeedEvent) -> bool {
        match &event.content {
            Content::Open(text) => {
                self.kind.is_none_or(|kind| kind == text.kind)
                    && self.source.as_ref().is_none_or(|source| *source == text.source)
            }
            Content::Erased { .. } => !self.is_filtered(),
        }
    }
}

impl Ledger {
    /// At most `limit` records after a position, in the order of the log. Returns fewer if records
    /// are large, and none only at the end of the log.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn feed_events(
        &self,
        reader: &Reader,
        after: Position,
        limit: usize,
    ) -> Result<Vec<FeedEvent>, ReadError> {
        let stored = self.store.read_all(after, limit).await?;
        let events = || stored.iter().map(|stored| self.feed_event(reader, stored)).collect();
        run_blocking_if_long(stored.len(), events)
    }

    fn feed_event(&self, reader: &Reader, stored: &Stored) -> Result<FeedEvent, ReadError> {
        let unreadable = |_| ReadError::Unreadable(stored.position);
        let view = open::view(reader, stored)?;
        let text = |canonical: &[u8]| {
            FeedText::new(stored.record.slice_ref(canonical)).map_err(unreadable)
        };
        Ok(FeedEvent {
            stream: record::stream_name(view).map_err(unreadable)?,
            revision: stored.revision,
            position: stored.position,
            recorded_at: view.recorded_at(),
            content: self.content(view, text)?,
        })
    }
}

impl FeedText {
    fn new(text: Bytes) -> Result<Self, Unreadable> {
        let canonical = std::str::from_utf8(&text).map_err(|_| Unreadable)?;
        // A derived `Deserialize` reads an array as well.
        if !canonical.starts_with('{') {
            return Err(Unreadable);
        }
        let attributes: FilterAttributes =
            serde_json::from_str(canonical).map_err(|_| Unreadable)?;
        let kind = attributes.kind.parse().map_err(|_| Unreadable)?;
        let source = (*attributes.source).into();
        Ok(Self { kind, source, text })
    }
}

impl FeedEvent {
    /// All filters that match this event: four, or one for an erased record.
    pub fn matching_filters(&self) -> impl Iterator<Item = FeedFilter> {
        let attributes = match &self.content {
            Content::Open(text) => Some((text.kind, text.source.clone())),
            Content::Erased { .. } => None,
        };
        let filtered = attributes.map(|(kind, source)| {
            [
                FeedFilter { kind: Some(kind), source: None },
                FeedFilter { kind: None, source: Some(source.clone()) },
                FeedFilter { kind: Some(kind), source: Some(source) },
            ]
        });
        std::iter::once(FeedFilter::default()).chain(filtered.into_iter().flatten())
    }

    /// The record's position in the log.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The record in the form of an answer.
    pub fn answer(&self) -> RecordAnswer<'_> {
        RecordAnswer {
            stream: self.stream.clone(),
            revision: self.revision,
            position: self.position,
            recorded_at: self.recorded_at,
            content: self.content.map_ref(|FeedText { text, .. }| {
                std::str::from_utf8(text).expect("checked by FeedText::new")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_is_the_text_of_an_event() {
        let object = br#"{"source":"urn:x","type":"death.recorded"}"#;
        assert!(FeedText::new(Bytes::from_static(object)).is_ok());
        let array = br#"["death.recorded","urn:x"]"#;
        assert!(FeedText::new(Bytes::from_static(array)).is_err());
    }
}

//! Events as JSON text, straight from the bytes of their records: for pages, live readers and
//! histories.
//! Always: the text is the JSON that [`crate::ledger::answer::event_json`] gives, member for
//! member; only this file makes JSON of an event without reading the whole event.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;

use serde::Deserialize;

use super::run_blocking_if_long;
use crate::domain::event::{Recorded, Unreadable};
use crate::domain::id::{PersonId, Position, RecordedTime, Revision};
use crate::domain::record::View;
use crate::domain::vocabulary::kind::Kind;
use crate::ledger::Ledger;
use crate::store::{ReadError, Stored};

/// An event as it was told, and what a reader may choose it by.
pub struct FeedEvent {
    /// Its type.
    pub kind: Kind,
    /// The system that says it.
    pub source: Arc<str>,
    stored: Stored,
}

/// The attributes that are looked at; the rest is passed over.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
}

/// What a reader has chosen; `None` is all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FeedFilter {
    /// Only this type.
    pub kind: Option<Kind>,
    /// Only this sender.
    pub source: Option<Arc<str>>,
}

impl FeedFilter {
    /// Whether the reader has chosen only some.
    pub fn is_filtered(&self) -> bool {
        self.kind.is_some() || self.source.is_some()
    }

    /// Whether the reader has chosen this one.
    pub fn takes(&self, told: &FeedEvent) -> bool {
        self.kind.is_none_or(|kind| kind == told.kind)
            && self.source.as_ref().is_none_or(|source| *source == told.source)
    }
}

impl Ledger {
    /// At most `limit` events after a position, in the order of the log; fewer where they are
    /// large, none only at its end.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn feed_events(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<FeedEvent>, ReadError> {
        let stored = self.store.read_all(after, limit).await?;
        let told = || stored.into_iter().map(FeedEvent::new).collect::<Result<_, _>>();
        run_blocking_if_long(limit, told).map_err(ReadError::failed)
    }
}

impl FeedEvent {
    fn new(stored: Stored) -> Result<Self, Unreadable> {
        let canonical = View::new(&stored.record)?.canonical();
        let is_object = canonical.starts_with(b"{") && canonical.ends_with(b"}");
        let head: Option<Head> = serde_json::from_slice(canonical).ok();
        let head = head.filter(|_| is_object).ok_or(Unreadable)?;
        let (kind, source) = (head.kind.parse().map_err(|_| Unreadable)?, (*head.source).into());
        Ok(Self { kind, source, stored })
    }

    /// The four choices that take this event.
    pub fn wanted(&self) -> [FeedFilter; 4] {
        let kind = Some(self.kind);
        let source = Some(self.source.clone());
        [
            FeedFilter { kind: None, source: None },
            FeedFilter { kind, source: None },
            FeedFilter { kind: None, source: source.clone() },
            FeedFilter { kind, source },
        ]
    }

    /// Its place in the log.
    pub fn position(&self) -> Position {
        self.stored.position
    }

    /// Appends the event as JSON text without a line break.
    pub fn write(&self, text: &mut Vec<u8>) {
        let Stored { position, revision, record, .. } = &self.stored;
        let view = View::new(record).expect("checked by Told::new");
        InPlace {
            canonical: view.canonical(),
            position: *position,
            revision: *revision,
            recorded: view.recorded(),
            stream: view.stream(),
        }
        .write(text);
    }
}

/// The bytes of an event, and what the ledger adds to them.
pub struct InPlace<'a> {
    canonical: &'a [u8],
    position: Position,
    revision: Revision,
    recorded: RecordedTime,
    stream: PersonId,
}

impl<'a> From<&'a Recorded> for InPlace<'a> {
    fn from(recorded: &'a Recorded) -> Self {
        let Recorded { stream, revision, position, recorded, event } = recorded;
        Self {
            canonical: event.text().as_bytes(),
            position: *position,
            revision: *revision,
            recorded: *recorded,
            stream: *stream,
        }
    }
}

impl InPlace<'_> {
    /// Appends the event as JSON text without a line break.
    pub fn write(&self, text: &mut Vec<u8>) {
        let Self { canonical, position, revision, recorded, stream } = self;
        // No sender may use these names: the envelope refuses them.
        let place = format_args!(
            ",\"position\":\"{position}\",\"recordedtime\":\"{recorded}\",\"revision\":{},\
             \"stream\":\"{}\"}}",
            revision.0,
            stream.stream()
        );
        text.extend_from_slice(&canonical[..canonical.len() - 1]);
        text.write_fmt(place).expect("writing into memory succeeds");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::domain::id::DedupKey;
    use crate::domain::record::Stamped;
    use crate::domain::vocabulary::json::JsonValue;
    use crate::domain::vocabulary::validate::validate;
    use crate::ledger::answer;

    fn example(kind: Kind, position: u64, revision: u64, recorded: i64) -> Option<Stored> {
        let raw: Value = serde_json::from_str(kind.newest().example).unwrap();
        let now = "2030-01-01T00:00:00Z".parse().unwrap();
        // The ledger's own type is no sender's.
        let draft = validate(&JsonValue::from(&raw), now).ok()?;
        let stamped = Stamped::new(&draft, draft.person, DedupKey([1; 32]), &[2; 32]);
        let record = stamped.at(RecordedTime::from_micros(recorded)).into();
        Some(Stored {
            position: Position::new(position),
            revision: Revision(revision),
            latest_recorded_time: RecordedTime::from_micros(recorded),
            is_cross_stream_duplicate: false,
            record,
        })
    }

    proptest! {
        // Every type each time.
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn the_text_is_what_the_answer_of_one_event_says(
            position in 1_u64..=i64::MAX as u64,
            revision in 0_u64..=i64::MAX as u64,
            recorded in 0_i64..4_000_000_000_000_000,
        ) {
            let mut count = 0;
            for kind in Kind::ALL {
                let Some(stored) = example(*kind, position, revision, recorded) else { continue };
                let view = View::new(&stored.record).unwrap();
                let opened = view.open(stored.position, stored.revision).unwrap();
                let told = FeedEvent::new(stored.clone()).unwrap();
                prop_assert_eq!((told.kind, &told.source), (*kind, &opened.event.key.source));
                let mut text = Vec::new();
                told.write(&mut text);
                let read: Value = serde_json::from_slice(&text).unwrap();
                prop_assert_eq!(&read, &answer::event_json(&opened));
                prop_assert!(!text.contains(&b'\n'));
                count += 1;
            }
            prop_assert_eq!(count, Kind::ALL.len() - 1);
        }
    }

    #[test]
    fn what_the_ledger_adds_no_sender_may_say() {
        for name in ["position", "recordedtime", "revision", "stream"] {
            let mut raw: Value =
                serde_json::from_str(Kind::DeathRecorded.newest().example).unwrap();
            raw[name] = "7".into();
            let refused = validate(&JsonValue::from(&raw), "2030-01-01T00:00:00Z".parse().unwrap());
            let names = refused.unwrap_err().into_iter().map(|violation| violation.name);
            assert_eq!(names.collect::<Vec<_>>(), [format!("/{name}")]);
        }
    }
}

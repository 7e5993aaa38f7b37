//! One record of a person with its corrections and annulments applied.
//! Always: an item keeps the record as it was sent next to what replaced it.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde_json::{Map, Value};

use crate::domain::event::{Event, OpenRecord};
use crate::domain::time::calendar::At;
use crate::domain::vocabulary::fact::Fact;
use crate::domain::vocabulary::kind::Kind;
use crate::domain::vocabulary::upcast;

/// A readable record with its corrections and annulments applied.
#[derive(Debug, Clone)]
pub struct Item {
    /// The record as it was sent.
    pub recorded: OpenRecord,
    /// When the event happened, after corrections.
    pub time: DateTime<FixedOffset>,
    /// The civil date of `time`.
    pub date: NaiveDate,
    /// The payload after corrections; `None`: no correction replaced the original payload.
    pub replaced: Option<Map<String, Value>>,
    /// The typed payload. `None`: the payload cannot be decoded, so the record has no effect.
    pub fact: Option<Fact>,
    /// The corrections in force, in the order in which they apply.
    pub corrected_by: Vec<OpenRecord>,
    /// The annulments in force.
    pub annulled_by: Vec<OpenRecord>,
}

impl Item {
    /// The event as it was sent.
    pub fn event(&self) -> &Event {
        self.recorded.event()
    }

    /// The payload after corrections.
    pub fn data(&self) -> Cow<'_, Map<String, Value>> {
        match &self.replaced {
            Some(data) => Cow::Borrowed(data),
            None => Cow::Owned(self.event().data()),
        }
    }

    /// The payload that a correction put in place of the payload as sent, in the newest version of
    /// its type: JSON text. `None`: no correction replaced it.
    pub fn newest_replaced(&self) -> Option<String> {
        let text = Value::Object(self.replaced.clone()?).to_string();
        match upcast::newest_form(self.kind(), None, &text) {
            Ok(Cow::Owned(newest)) => Some(newest),
            Ok(Cow::Borrowed(_)) | Err(_) => Some(text),
        }
    }

    /// The type of the event.
    pub fn kind(&self) -> Kind {
        self.event().kind
    }

    /// The sender's id of the event.
    pub fn id(&self) -> &str {
        &self.event().key.id
    }

    /// The instant at which the event happened, after corrections.
    pub fn instant(&self) -> DateTime<Utc> {
        self.time.to_utc()
    }

    /// Whether the record counts: no annulment is in force.
    pub fn in_force(&self) -> bool {
        self.annulled_by.is_empty()
    }

    /// Whether an answer for this moment includes the event: [`At::includes`] of its instant.
    pub fn has_come(&self, at: At) -> bool {
        match at {
            At::Instant(_) => at.includes(self.instant()),
            At::Date(date) => self.date <= date,
        }
    }

    /// The order of items: by instant; at one instant releases first and arrivals last; then by
    /// `source` and `id`.
    pub fn order(&self, other: &Self) -> Ordering {
        let rank = |item: &Self| match item.kind() {
            Kind::DetentionReleased => 0,
            Kind::DetentionArrived => 2,
            _ => 1,
        };
        let by_instant = self.instant().cmp(&other.instant());
        let by_rank = || rank(self).cmp(&rank(other));
        by_instant.then_with(by_rank).then_with(|| self.event().key.cmp(&other.event().key))
    }
}

//! The knowledge of the senders: every event ever sent, and the receipt of each acknowledged event.
//! Always: an event counts as acknowledged only when its receipt was read to the end.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use care_ledger::domain::id::{DedupKey, EventKey, PersonId};
use care_ledger::domain::record::{dedup_key, dedup_key_of_copy};
use care_ledger::domain::stream::{Stream, StreamId, StreamName};
use care_ledger::domain::vocabulary::canonical;
use care_ledger::vault::{HashKeys, LedgerKeys};
use serde_json::Value;

/// An event as it was sent.
pub type Event = Arc<Value>;

/// The source and id of an event.
pub type Key = (String, String);

/// A request, and the keys of its events that no other request carries, except a repetition of it.
#[derive(Clone)]
pub struct Request {
    pub mode: Mode,
    pub events: Vec<Event>,
    pub fresh: Vec<Key>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Single,
    Batch,
    Lines,
    /// Lines, with the receipts as they come.
    Stream,
}

/// The part of a receipt that never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub position: u64,
    pub revision: u64,
    pub recordedtime: String,
    pub commitment: String,
}

impl Receipt {
    pub fn read(receipt: &Value) -> Option<Self> {
        Some(Self {
            position: receipt["position"].as_str()?.parse().ok()?,
            revision: receipt["revision"].as_u64()?,
            recordedtime: receipt["recordedtime"].as_str()?.to_owned(),
            commitment: receipt["commitment"].as_str()?.to_owned(),
        })
    }
}

/// An event that was sent.
pub struct Sent {
    pub key: Key,
    pub stream: StreamId,
    /// BLAKE3 of the RFC 8785 bytes.
    pub content: [u8; 32],
    pub receipt: Option<Receipt>,
    /// The dedup key and stream of each record of the event: two for a merge, the copy last.
    pub copies: Vec<(DedupKey, StreamId)>,
}

/// The events and receipts of all senders.
#[derive(Default)]
pub struct Known {
    hash_keys: Option<HashKeys>,
    places: HashMap<Key, usize>,
    pub sent: Vec<Sent>,
    pub dedup_keys: HashMap<DedupKey, usize>,
}

pub fn key(event: &Value) -> Key {
    let text = |name: &str| event[name].as_str().unwrap().to_owned();
    (text("source"), text("id"))
}

impl Known {
    /// Reads the keys of the folder, which must be the same each time.
    pub fn unlock(&mut self, folder: &Path) {
        let keys = LedgerKeys::open(folder).unwrap().hash_keys();
        assert!(self.hash_keys.is_none_or(|known| known == keys), "the folder's keys have changed");
        self.hash_keys = Some(keys);
    }

    /// Notes that an event was sent.
    pub fn send(&mut self, event: &Value) -> usize {
        let key = key(event);
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = self.sent.len();
        let hash_keys = self.hash_keys.expect("unlocked after the first start");
        let subject = StreamName::of_subject(event["subject"].as_str().unwrap()).unwrap();
        let stream = Stream::named(subject, &hash_keys.stream).id();
        let name = EventKey::new(&key.0, &key.1);
        let mut copies = vec![(dedup_key(&hash_keys.dedup, &name), stream)];
        if event["type"] == "person.merged" {
            let other: PersonId = event["data"]["into"].as_str().unwrap().parse().unwrap();
            copies.push((dedup_key_of_copy(&hash_keys.dedup, &name, other), other.into()));
        }
        self.dedup_keys.extend(copies.iter().map(|(dedup_key, _)| (*dedup_key, place)));
        self.places.insert(key.clone(), place);
        let content = *blake3::hash(&canonical::bytes(event)).as_bytes();
        self.sent.push(Sent { key, stream, content, receipt: None, copies });
        place
    }

    /// Notes a receipt; returns what is wrong with it, if anything.
    pub fn acknowledge(&mut self, event: &Value, receipt: &Value) -> Option<String> {
        let place = self.send(event);
        let sent = &mut self.sent[place];
        let named = (receipt["source"].as_str(), receipt["id"].as_str());
        if named != (Some(&sent.key.0), Some(&sent.key.1)) {
            return Some(format!("{:?} got the receipt of another: {receipt}", sent.key));
        }
        let Some(read) = Receipt::read(receipt) else {
            return Some(format!("{:?} got a receipt that is none: {receipt}", sent.key));
        };
        match &sent.receipt {
            Some(first) if *first != read => {
                Some(format!("{:?} got {read:?} after {first:?}", sent.key))
            }
            Some(_) => None,
            None => {
                sent.receipt = Some(read);
                None
            }
        }
    }

    pub fn find(&self, key: &Key) -> Option<&Sent> {
        self.places.get(key).map(|place| &self.sent[*place])
    }
}

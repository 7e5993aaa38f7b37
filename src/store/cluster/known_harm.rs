//! What the cluster has shown of harm to its streams.
//! Always: it is as far as the place up to which the cluster was read, and is saved and restored
//! together with that place. A stream that is known to hold somebody else's event before the
//! records in front of that event were read would lose them.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::stream::StreamName;
use crate::store::harm::{HarmedStreams, LossMark, StreamHarm};

/// So many streams are remembered. Those of persons always are; those of facilities and projects
/// may be another program's, which may have any number.
const STREAMS_MAX: usize = 1_000;

/// See the module.
#[derive(Default)]
pub struct KnownHarm(watch::Sender<Arc<HarmedStreams>>);

impl KnownHarm {
    /// The harmed streams now, and at each change.
    pub fn subscribe(&self) -> watch::Receiver<Arc<HarmedStreams>> {
        self.0.subscribe()
    }

    /// The harmed streams now.
    pub fn now(&self) -> Arc<HarmedStreams> {
        self.0.borrow().clone()
    }

    /// Replaces the harmed streams.
    pub fn restore(&self, known: Arc<HarmedStreams>) {
        self.0.send_if_modified(|streams| {
            let is_changed = *streams != known;
            *streams = known;
            is_changed
        });
    }

    /// The streams that hold an event of somebody else.
    pub fn tampered(&self) -> HashSet<StreamName> {
        let streams = self.0.borrow();
        let tampered = streams.iter().filter(|(_, harm)| harm.is_tampered);
        tampered.map(|(name, _)| name.clone()).collect()
    }

    /// Whether a stream holds an event of somebody else.
    pub fn is_tampered(&self, stream: &StreamName) -> bool {
        self.0.borrow().get(stream).is_some_and(|harm| harm.is_tampered)
    }

    /// A stream holds an event of somebody else.
    pub fn tamper(&self, stream: StreamName) {
        self.change(stream, |harm| harm.is_tampered = true);
    }

    /// The metadata of a stream mark this now.
    pub fn mark(&self, stream: StreamName, mark: Option<LossMark>) {
        self.change(stream, |harm| harm.mark = mark);
    }

    fn change(&self, stream: StreamName, change: impl FnOnce(&mut StreamHarm)) {
        self.0.send_if_modified(|streams| {
            let before = streams.get(&stream).copied();
            let mut harm = before.unwrap_or_default();
            change(&mut harm);
            let has_room =
                before.is_some() || stream.person().is_some() || streams.len() < STREAMS_MAX;
            let is_changed = harm != before.unwrap_or_default() && has_room;
            if is_changed {
                let streams = Arc::make_mut(streams);
                match harm == StreamHarm::default() {
                    true => streams.remove(&stream),
                    false => streams.insert(stream, harm),
                };
            }
            is_changed
        });
    }
}

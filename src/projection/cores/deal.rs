//! Deals the records of batches to engines, by the hash of their streams' names.
//! Always: a stream goes to the same engine in every batch, and a sampled stream to every engine.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::stream::StreamName;
use crate::projection::script::definition::Selection;
use crate::projection::script::sample::NameHash;
use crate::projection::view::Delivered;

/// The engine or engines of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineTarget {
    /// This engine alone.
    One(usize),
    /// Every engine: the stream is sampled.
    All,
}

impl EngineTarget {
    /// The engines of the target, of so many.
    pub fn engines(self, engines: usize) -> std::ops::Range<usize> {
        match self {
            Self::One(engine) => engine..engine + 1,
            Self::All => 0..engines,
        }
    }
}

/// A record that an engine has to fold: its place in the batch, and that of its stream in the deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DealtRecord {
    /// The place of the record in the batch.
    pub place: usize,
    /// The place of its stream among [`Deal::streams`].
    pub stream: usize,
}

/// A batch as it is dealt.
#[derive(Debug)]
pub struct Deal {
    /// For each engine its records, in their order.
    pub records: Vec<Vec<DealtRecord>>,
    /// The streams of the batch.
    pub streams: Vec<DealtStream>,
}

/// A stream of a batch.
#[derive(Debug, Clone)]
pub struct DealtStream {
    /// Its name.
    pub name: Arc<str>,
    /// The engine or engines that fold its records.
    pub target: EngineTarget,
    /// Where it last had a record, if it had one.
    pub last: Option<DealtPlace>,
}

/// The place of a stream in an earlier batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DealtPlace {
    /// How many batches ago, at least 1.
    pub batches_ago: usize,
    /// The place among [`Deal::streams`] there.
    pub place: usize,
}

/// A stream that was dealt before.
struct KnownStream {
    name: Arc<str>,
    /// None: the program does not select the stream.
    target: Option<EngineTarget>,
    /// The number of the last batch with a record of the stream, and the stream's place there.
    batch: usize,
    place: usize,
}

/// See the module. It knows the streams of the batches before, so that the name of a stream is
/// written and hashed once.
pub struct Dealer {
    engines: usize,
    selection: Selection,
    batches: usize,
    streams: HashMap<StreamName, KnownStream>,
}

impl Dealer {
    /// A dealer for so many engines. A stream that is not selected goes to none.
    pub fn new(selection: Selection, engines: usize) -> Self {
        Self { engines, selection, batches: 0, streams: HashMap::new() }
    }

    /// Deals a batch.
    pub fn deal(&mut self, records: &[Delivered]) -> Deal {
        self.batches += 1;
        let mut deal = Deal { records: vec![Vec::new(); self.engines], streams: Vec::new() };
        for (place, record) in records.iter().enumerate() {
            let stream = self.streams.entry(record.stream().clone());
            let stream = stream.or_insert_with_key(|name| {
                let name: Arc<str> = name.to_string().into();
                let is_selected = self.selection.selects(&name);
                let target = is_selected.then(|| target(&name, self.engines));
                KnownStream { name, target, batch: 0, place: 0 }
            });
            let Some(target) = stream.target else { continue };
            if stream.batch != self.batches {
                let batches_ago = self.batches - stream.batch;
                let last = DealtPlace { batches_ago, place: stream.place };
                let last = (stream.batch > 0).then_some(last);
                (stream.batch, stream.place) = (self.batches, deal.streams.len());
                deal.streams.push(DealtStream { name: stream.name.clone(), target, last });
            }
            for engine in target.engines(self.engines) {
                deal.records[engine].push(DealtRecord { place, stream: stream.place });
            }
        }
        deal
    }
}

/// The engine or engines that a stream is dealt to.
pub fn target(name: &str, engines: usize) -> EngineTarget {
    let hash = NameHash::of(name);
    if hash.is_sampled() { EngineTarget::All } else { EngineTarget::One(hash.engine(engines)) }
}

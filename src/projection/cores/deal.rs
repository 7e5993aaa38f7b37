//! Deals the records of a batch to engines, by the hash of their streams' names.
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

/// A batch as it is dealt.
#[derive(Debug)]
pub struct Deal {
    /// For each engine the places of its records in the batch, in their order.
    pub places: Vec<Vec<usize>>,
    /// The streams of the batch, each with its engines.
    pub streams: Vec<(Arc<str>, EngineTarget)>,
}

impl Deal {
    /// Deals records to so many engines. A stream that is not selected goes to none.
    pub fn new(records: &[Delivered], selection: &Selection, engines: usize) -> Self {
        let mut deal = Self { places: vec![Vec::new(); engines], streams: Vec::new() };
        let mut targets: HashMap<&StreamName, Option<EngineTarget>> = HashMap::new();
        for (place, record) in records.iter().enumerate() {
            let target = *targets.entry(record.stream()).or_insert_with(|| {
                let name: Arc<str> = record.stream().to_string().into();
                let target = selection.selects(&name).then(|| target(&name, engines))?;
                deal.streams.push((name, target));
                Some(target)
            });
            let Some(target) = target else { continue };
            for engine in target.engines(engines) {
                deal.places[engine].push(place);
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

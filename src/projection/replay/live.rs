//! The live run of a replay: states stay values in engines on threads of their own, and are written
//! at the end.
//! Always: a stream stays with its engine; a sampled stream is folded live and exactly by every
//! engine, and all must agree.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::domain::id::Position;
use crate::projection::cores::{Dealer, target};
use crate::projection::script::care_event::CareEvent;
use crate::projection::script::definition::Selection;
use crate::projection::script::engine::Limits;
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::live::{LiveError, LiveFold};
use crate::projection::script::sample::NameHash;
use crate::projection::view::Delivered;

/// How many batches wait for an engine: one, so that the next is read while one is folded.
const BATCHES_AHEAD: usize = 1;

/// The texts of states by their partitions.
pub type LiveTexts = HashMap<Arc<str>, Arc<str>>;

/// Why a live run was given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LiveStop {
    /// The program threw or met a limit. States may be half changed: an exact run tells the fault.
    #[error("an event or a state faulted")]
    Faulted,
    /// A state differs from that of an exact fold.
    #[error("{} the state differs from the exact one at {path}", place(*.position))]
    Differs {
        /// The record after which it differed; none: at the end.
        position: Option<Position>,
        /// The place inside the state.
        path: String,
    },
    /// A stream alone had another state than in the run.
    #[error("the trial found a difference")]
    Trial,
    /// Two engines gave one stream different states.
    #[error("an engine gave another state")]
    Engines,
    /// An engine has ended, or the system gave none.
    #[error("the system gave no engine")]
    Lost,
}

fn place(position: Option<Position>) -> String {
    position.map_or("at the end".to_owned(), |at| format!("after the event at {}", at.number()))
}

impl LiveStop {
    fn of(error: LiveError, position: Option<Position>) -> Self {
        match error {
            LiveError::Program(_) => Self::Faulted,
            LiveError::Differs { path } => Self::Differs { position, path },
        }
    }
}

/// What one engine has to do.
enum LiveJob {
    /// Fold the records at these places of a batch.
    Fold(Arc<Vec<Delivered>>, Vec<usize>),
    /// Write all states. An engine that nobody gives jobs any more writes none.
    End,
}

/// An engine on a thread of its own, which ends when it can get no more jobs, or when it stops.
struct LiveThread {
    jobs: SyncSender<LiveJob>,
    thread: JoinHandle<Result<LiveTexts, LiveStop>>,
}

/// See the module.
pub struct LivePool {
    engines: Vec<LiveThread>,
    dealer: Dealer,
}

impl LivePool {
    /// So many engines, which begin with these states.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        program: &Arc<str>,
        limits: Limits,
        selection: &Selection,
        engines: usize,
        states: LiveTexts,
    ) -> Result<Self, LiveStop> {
        let mut dealt = vec![LiveTexts::new(); engines];
        for (name, state) in states {
            for engine in target(&name, engines).engines(engines) {
                dealt[engine].insert(name.clone(), state.clone());
            }
        }
        let threads = dealt.into_iter().map(|states| {
            let (jobs, to_do) = sync_channel(BATCHES_AHEAD);
            let program = program.clone();
            let work = move || work(&program, limits, states, &to_do);
            let thread = std::thread::Builder::new().name("ledger-live".to_owned()).spawn(work);
            thread.map(|thread| LiveThread { jobs, thread }).map_err(|_| LiveStop::Lost)
        });
        let dealer = Dealer::new(selection.clone(), engines);
        Ok(Self { engines: threads.collect::<Result<_, _>>()?, dealer })
    }

    /// The number of engines.
    pub fn engines(&self) -> usize {
        self.engines.len()
    }

    /// Gives a batch to the engines, which fold it while the next one is read.
    ///
    /// # Errors
    /// See [`LiveStop`]; the run is over.
    pub fn push(&mut self, records: Vec<Delivered>) -> Result<(), LiveStop> {
        let places = match self.engines.len() {
            // Partitions may be other than streams, so nothing is dealt.
            1 => vec![(0..records.len()).collect()],
            _ => {
                let dealt = self.dealer.deal(&records).records.into_iter();
                dealt.map(|records| records.iter().map(|record| record.place).collect()).collect()
            }
        };
        let records = Arc::new(records);
        for (at, places) in places.into_iter().enumerate() {
            let job = LiveJob::Fold(records.clone(), places);
            if self.engines[at].jobs.send(job).is_err() {
                return Err(self.engines.swap_remove(at).end().err().unwrap_or(LiveStop::Lost));
            }
        }
        Ok(())
    }

    /// Ends the run. Returns all states.
    ///
    /// # Errors
    /// See [`LiveStop`].
    pub fn end(self) -> Result<LiveTexts, LiveStop> {
        for engine in &self.engines {
            // An engine that has stopped takes no job; its thread says why it stopped.
            let _ = engine.jobs.send(LiveJob::End);
        }
        let ended = self.engines.into_iter().map(LiveThread::end);
        let ended: Vec<LiveTexts> = ended.collect::<Result<_, _>>()?;
        if !agree(&ended) {
            return Err(LiveStop::Engines);
        }
        Ok(ended.into_iter().flatten().collect())
    }
}

impl LiveThread {
    fn end(self) -> Result<LiveTexts, LiveStop> {
        drop(self.jobs);
        self.thread.join().unwrap_or(Err(LiveStop::Lost))
    }
}

/// Whether all engines gave the sampled streams the same states.
fn agree(ended: &[LiveTexts]) -> bool {
    let Some((first, others)) = ended.split_first() else { return true };
    if others.is_empty() {
        return true;
    }
    let sampled = |states: &LiveTexts| -> LiveTexts {
        let found = states.iter().filter(|(name, _)| NameHash::of(name).is_sampled());
        found.map(|(name, state)| (name.clone(), state.clone())).collect()
    };
    let first = sampled(first);
    others.iter().all(|other| sampled(other) == first)
}

/// The work of one engine.
fn work(
    program: &str,
    limits: Limits,
    states: LiveTexts,
    jobs: &Receiver<LiveJob>,
) -> Result<LiveTexts, LiveStop> {
    let mut fold = LiveFold::new(program, limits).map_err(|_| LiveStop::Lost)?;
    for (name, state) in states {
        fold.put(name, state);
    }
    for job in jobs {
        let LiveJob::Fold(records, places) = job else {
            let ended = fold.end().map_err(|error| LiveStop::of(error, None))?;
            return Ok(ended.partitions);
        };
        for place in places {
            let record = &records[place];
            let event: Rc<dyn ScriptEvent> = Rc::new(CareEvent::new(record.clone()));
            fold.push(&event)
                .map_err(|error| LiveStop::of(error, Some(record.record().position)))?;
        }
    }
    Err(LiveStop::Lost)
}

#[cfg(test)]
mod tests {
    use super::{LiveTexts, NameHash, agree};

    #[test]
    fn engines_agree_where_each_has_the_same_states_of_the_sampled_streams() {
        let name = |is_sampled| {
            let mut names = (0..).map(|number| format!("person-{number}"));
            names.find(|name| NameHash::of(name).is_sampled() == is_sampled).unwrap()
        };
        let ended = |name: String, state: &str| LiveTexts::from([(name.into(), state.into())]);
        assert!(agree(&[ended(name(true), "1"), ended(name(true), "1")]));
        assert!(!agree(&[ended(name(true), "1"), ended(name(true), "2")]));
        assert!(!agree(&[ended(name(true), "1"), LiveTexts::new()]));
        assert!(agree(&[ended(name(false), "1"), ended(name(false), "2")]));
    }
}

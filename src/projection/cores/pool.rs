//! Engines, each on a thread of its own, that fold a batch together.
//! Always: the engines keep no states between batches. They are given the present states of the
//! streams in a batch and give the new ones back, so any store of states will do.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::deal::{Deal, Dealer, DealtRecord};
use crate::projection::script::care_event::CareEvent;
use crate::projection::script::definition::Selection;
use crate::projection::script::engine::{
    Engine, FoundState, Limits, Notice, SharedState, UnreadState,
};
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::fold::{Fold, StateStore};
use crate::projection::view::Delivered;

/// The texts of states by the places of their streams in a deal.
type StateTexts = Vec<Option<Arc<str>>>;

/// What one engine has to do for a batch.
struct Job {
    batch: Arc<Vec<Delivered>>,
    records: Vec<DealtRecord>,
    /// The present states of their streams; a stream without one has not begun.
    states: StateTexts,
}

/// The states that one engine changed; none if the program faulted.
type PoolAnswer = Option<StateTexts>;

/// An engine on a thread of its own. The thread ends when nobody can give it a job any more.
struct PoolEngine {
    jobs: Sender<Job>,
    answers: Receiver<PoolAnswer>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooled {
    /// The new states are in the store.
    Folded,
    /// An engine faulted. The store is as before, and the fault is told by an engine that folds the
    /// batch in order.
    Faulted,
    /// A sampled stream has different states in two engines. The store is as before.
    Differed,
    /// An engine has ended. The store is as before.
    Lost,
}

/// See the module.
pub struct EnginePool {
    engines: Vec<PoolEngine>,
    dealer: Dealer,
}

impl EnginePool {
    /// So many engines with one program, which reads these streams.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        program: &Arc<str>,
        limits: Limits,
        selection: Selection,
        engines: usize,
    ) -> std::io::Result<Self> {
        let dealer = Dealer::new(selection, engines);
        let engines = (0..engines).map(|_| PoolEngine::start(program.clone(), limits));
        Ok(Self { engines: engines.collect::<Result<_, _>>()?, dealer })
    }

    /// The number of engines.
    pub fn engines(&self) -> usize {
        self.engines.len()
    }

    /// Folds a batch, and keeps the new states.
    ///
    /// # Errors
    /// A state cannot be read. The store is as before, and knows why.
    pub fn fold<S: StateStore>(
        &mut self,
        batch: &Arc<Vec<Delivered>>,
        states: &mut S,
    ) -> Result<Pooled, UnreadState> {
        let Deal { records, streams } = self.dealer.deal(batch);
        let mut given = vec![vec![None; streams.len()]; self.engines.len()];
        for (place, (name, target)) in streams.iter().enumerate() {
            let state = states.state(name)?;
            for engine in target.engines(self.engines.len()) {
                given[engine][place].clone_from(&state);
            }
        }
        let hands = records.into_iter().zip(given);
        for (engine, (records, states)) in self.engines.iter().zip(hands) {
            // An engine that has ended gives no answer either.
            let _ = engine.jobs.send(Job { batch: batch.clone(), records, states });
        }
        let answers: Result<Vec<PoolAnswer>, _> =
            self.engines.iter().map(|engine| engine.answers.recv()).collect();
        let Ok(answers) = answers else { return Ok(Pooled::Lost) };
        let answers: Option<Vec<StateTexts>> = answers.into_iter().collect();
        let Some(mut answers) = answers else { return Ok(Pooled::Faulted) };
        for (place, (_, target)) in streams.iter().enumerate() {
            let mut engines = target.engines(self.engines.len());
            let first = engines.next().map(|engine| &answers[engine][place]);
            if engines.any(|engine| first != Some(&answers[engine][place])) {
                return Ok(Pooled::Differed);
            }
        }
        for (place, (name, target)) in streams.into_iter().enumerate() {
            let engine = target.engines(self.engines.len()).start;
            if let Some(state) = answers[engine][place].take() {
                states.put(name, state);
            }
        }
        Ok(Pooled::Folded)
    }
}

impl PoolEngine {
    fn start(program: Arc<str>, limits: Limits) -> std::io::Result<Self> {
        let (jobs, to_do) = channel();
        let (done, answers) = channel();
        let work = move || work(&program, limits, &to_do, &done);
        std::thread::Builder::new().name("ledger-engine".to_owned()).spawn(work)?;
        Ok(Self { jobs, answers })
    }
}

/// The work of one engine, until no more jobs can come or nobody takes its answers.
fn work(program: &str, limits: Limits, jobs: &Receiver<Job>, answers: &Sender<PoolAnswer>) {
    let Ok(engine) = Engine::new(program, limits) else { return };
    let mut fold = Fold::new(engine, BatchStates::default());
    for Job { batch, records, states } in jobs {
        *fold.states_mut() = BatchStates::new(states);
        let is_folded = records.into_iter().all(|record| {
            fold.states_mut().stream = record.stream;
            let event: Rc<dyn ScriptEvent> = Rc::new(CareEvent::new(batch[record.place].clone()));
            fold.push(&event, Notice::Fact).is_ok()
        });
        drop(batch);
        if answers.send(is_folded.then(|| fold.states_mut().take())).is_err() {
            return;
        }
    }
}

/// The states of one engine during one batch. A program with a state for each stream asks for that
/// of the event's stream alone, so streams are known by their places in the deal.
#[derive(Default)]
struct BatchStates {
    /// The place of the stream whose event is folded.
    stream: usize,
    given: StateTexts,
    changed: StateTexts,
    /// A program with shared state is folded by one engine, so this stays as it is.
    shared: SharedState,
}

impl BatchStates {
    fn new(given: StateTexts) -> Self {
        let changed = vec![None; given.len()];
        Self { stream: 0, given, changed, shared: SharedState::default() }
    }

    /// The states that were changed.
    fn take(&mut self) -> StateTexts {
        std::mem::take(&mut self.changed)
    }
}

impl StateStore for BatchStates {
    fn state(&self, _: &Arc<str>) -> FoundState {
        let changed = self.changed[self.stream].as_ref();
        Ok(changed.or(self.given[self.stream].as_ref()).cloned())
    }

    fn put(&mut self, _: Arc<str>, state: Arc<str>) -> Option<Arc<str>> {
        self.changed[self.stream].replace(state)
    }

    fn shared(&self) -> &SharedState {
        &self.shared
    }

    fn put_shared(&mut self, shared: SharedState) {
        self.shared = shared;
    }
}

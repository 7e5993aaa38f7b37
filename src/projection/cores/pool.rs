//! Engines, each on a thread of its own, that fold a batch together.
//! Always: the engines keep no states between batches. They are given the present states of the
//! streams in a batch and give the new ones back, so any store of states will do.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::deal::{Deal, EngineTarget};
use crate::projection::script::care_event::CareEvent;
use crate::projection::script::definition::Selection;
use crate::projection::script::engine::{
    Engine, FoundState, Limits, Notice, SharedState, UnreadState,
};
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::fold::{Fold, StateStore};
use crate::projection::view::Delivered;

/// The texts of states by their streams.
type StateTexts = HashMap<Arc<str>, Arc<str>>;

/// What one engine has to do for a batch.
struct Job {
    records: Arc<Vec<Delivered>>,
    /// The places of the engine's records in the batch.
    places: Vec<usize>,
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
}

impl EnginePool {
    /// So many engines with one program.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(program: &Arc<str>, limits: Limits, engines: usize) -> std::io::Result<Self> {
        let engines = (0..engines).map(|_| PoolEngine::start(program.clone(), limits));
        Ok(Self { engines: engines.collect::<Result<_, _>>()? })
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
        &self,
        records: &Arc<Vec<Delivered>>,
        selection: &Selection,
        states: &mut S,
    ) -> Result<Pooled, UnreadState> {
        let deal = Deal::new(records, selection, self.engines.len());
        let sampled = deal.streams.iter().filter(|(_, target)| *target == EngineTarget::All);
        let sampled: HashSet<Arc<str>> = sampled.map(|(name, _)| name.clone()).collect();
        let mut given = vec![StateTexts::new(); self.engines.len()];
        for (name, target) in deal.streams {
            let Some(state) = states.state(&Rc::from(&*name))? else { continue };
            let state: Arc<str> = Arc::from(&*state);
            for engine in target.engines(self.engines.len()) {
                given[engine].insert(name.clone(), state.clone());
            }
        }
        let jobs = deal.places.into_iter().zip(given);
        for (engine, (places, states)) in self.engines.iter().zip(jobs) {
            let job = Job { records: records.clone(), places, states };
            // An engine that has ended gives no answer either.
            let _ = engine.jobs.send(job);
        }
        let answers: Result<Vec<PoolAnswer>, _> =
            self.engines.iter().map(|engine| engine.answers.recv()).collect();
        let Ok(answers) = answers else { return Ok(Pooled::Lost) };
        let answers: Option<Vec<StateTexts>> = answers.into_iter().collect();
        let Some(answers) = answers else { return Ok(Pooled::Faulted) };
        if !are_equal(&answers, &sampled) {
            return Ok(Pooled::Differed);
        }
        for (name, state) in answers.into_iter().flatten() {
            states.put(Rc::from(&*name), Rc::from(&*state));
        }
        Ok(Pooled::Folded)
    }
}

/// Whether all engines gave the sampled streams the same states.
fn are_equal(answers: &[StateTexts], sampled: &HashSet<Arc<str>>) -> bool {
    let mut of_sampled = answers.iter().map(|answer| -> BTreeMap<&str, &str> {
        let found = answer.iter().filter(|(name, _)| sampled.contains(*name));
        found.map(|(name, state)| (&**name, &**state)).collect()
    });
    let first = of_sampled.next();
    of_sampled.all(|other| Some(other) == first)
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
    for Job { records, places, states } in jobs {
        *fold.states_mut() = BatchStates { given: states, ..BatchStates::default() };
        let is_folded = places.into_iter().all(|place| {
            let event: Rc<dyn ScriptEvent> = Rc::new(CareEvent::new(records[place].clone()));
            fold.push(&event, Notice::Fact).is_ok()
        });
        drop(records);
        if answers.send(is_folded.then(|| fold.states_mut().take())).is_err() {
            return;
        }
    }
}

/// The states of one engine during one batch.
#[derive(Default)]
struct BatchStates {
    given: StateTexts,
    changed: HashMap<Rc<str>, Rc<str>>,
    /// A program with shared state is folded by one engine, so this stays as it is.
    shared: SharedState,
}

impl BatchStates {
    /// The states that were changed, in a form that may go to another thread.
    fn take(&mut self) -> StateTexts {
        let changed = self.changed.drain();
        changed.map(|(name, state)| (Arc::from(&*name), Arc::from(&*state))).collect()
    }
}

impl StateStore for BatchStates {
    fn state(&self, partition: &Rc<str>) -> FoundState {
        let changed = self.changed.get(partition).cloned();
        let given = || self.given.get(&**partition).map(|state| Rc::from(&**state));
        Ok(changed.or_else(given))
    }

    fn put(&mut self, partition: Rc<str>, state: Rc<str>) -> Option<Rc<str>> {
        self.changed.insert(partition, state)
    }

    fn shared(&self) -> &SharedState {
        &self.shared
    }

    fn put_shared(&mut self, shared: SharedState) {
        self.shared = shared;
    }
}

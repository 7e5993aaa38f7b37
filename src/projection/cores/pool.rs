//! Engines, each on a thread of its own, that fold a batch together.
//! Always: while batches are folded the next one is dealt, and what they changed is kept while the
//! next ones are folded. The engines hold no states but those of the last few batches, so any store
//! of states will do.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::deal::{Deal, Dealer, DealtPlace, DealtRecord, DealtStream};
use crate::projection::script::care_event::CareEvent;
use crate::projection::script::definition::Selection;
use crate::projection::script::engine::{
    Engine, FoundState, Limits, Notice, SharedState, UnreadState,
};
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::fold::{Fold, StateStore};
use crate::projection::view::Delivered;

/// The batches on their way at most. With fewer, an engine that has less to do in one of them waits
/// for the others.
const FLIGHTS_MAX: usize = 3;

/// What one engine has to do for a batch.
struct Job {
    batch: Arc<Vec<Delivered>>,
    records: Vec<DealtRecord>,
    /// The present states of the batch's streams by their places, if they are this engine's.
    given: Vec<GivenState>,
}

/// The present state of a stream.
#[derive(Clone)]
enum GivenState {
    /// This text. None: the stream has not begun.
    Text(Option<Arc<str>>),
    /// What the engine made of the stream in a batch that is on its way.
    OnItsWay(DealtPlace),
}

/// The states that one engine made; none if the program faulted.
type PoolAnswer = Option<Arc<BatchTexts>>;

/// An engine on a thread of its own. The thread ends when nobody can give it a job any more.
struct PoolEngine {
    jobs: Sender<Job>,
    answers: Receiver<PoolAnswer>,
}

/// A batch that the engines fold.
struct Flight<T> {
    batch: Arc<Vec<Delivered>>,
    streams: Vec<DealtStream>,
    then: T,
}

/// What became of the first batch on its way. `T` is what was given with it: how far the states are
/// after it.
#[derive(Debug)]
pub enum Pooled<T> {
    /// It is still on its way, or there is none.
    Pending,
    /// Its new states are in the store.
    Folded(T),
    /// An engine faulted. The store is as before the batch, and the fault is told by an engine that
    /// folds the batch in order. What was pushed after it is given up.
    Faulted(Arc<Vec<Delivered>>, T),
    /// A sampled stream has different states in two engines. The store is as before the batch.
    Differed,
    /// An engine has ended. The store is as before the batch.
    Lost,
}

/// See the module. After a fault or a difference it takes no more batches.
pub struct EnginePool<T> {
    engines: Vec<PoolEngine>,
    dealer: Dealer,
    /// The batches on their way, the first one first.
    flights: VecDeque<Flight<T>>,
}

impl<T> EnginePool<T> {
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
        Ok(Self { engines: engines.collect::<Result<_, _>>()?, dealer, flights: VecDeque::new() })
    }

    /// The number of engines.
    pub fn engines(&self) -> usize {
        self.engines.len()
    }

    /// How far the states will be after each batch on its way, the first one first.
    pub fn on_their_way(&self) -> impl ExactSizeIterator<Item = &T> + DoubleEndedIterator {
        self.flights.iter().map(|flight| &flight.then)
    }

    /// Gives the engines a batch, and keeps what the first one on its way changed, if there are
    /// many. `then`: how far the states are after the batch.
    ///
    /// # Errors
    /// A state cannot be read. The store knows why, and the pool takes no more batches.
    pub fn push<S: StateStore>(
        &mut self,
        batch: Vec<Delivered>,
        then: T,
        states: &mut S,
    ) -> Result<Pooled<T>, UnreadState> {
        let batch = Arc::new(batch);
        let Deal { records, streams } = self.dealer.deal(&batch);
        let nothing = vec![GivenState::Text(None); streams.len()];
        let mut given = vec![nothing; self.engines.len()];
        for (place, stream) in streams.iter().enumerate() {
            let state = match stream.last {
                Some(last) if last.batches_ago <= self.flights.len() => GivenState::OnItsWay(last),
                _ => GivenState::Text(states.state(&stream.name)?),
            };
            for engine in stream.target.engines(self.engines.len()) {
                given[engine][place].clone_from(&state);
            }
        }
        let hands = records.into_iter().zip(given);
        for (engine, (records, given)) in self.engines.iter().zip(hands) {
            // An engine that has ended gives no answer either.
            let _ = engine.jobs.send(Job { batch: batch.clone(), records, given });
        }
        self.flights.push_back(Flight { batch, streams, then });
        let is_many = self.flights.len() > FLIGHTS_MAX;
        Ok(if is_many { self.land_first(states) } else { Pooled::Pending })
    }

    /// Waits for the first batch on its way, and keeps what it changed.
    pub fn land_first<S: StateStore>(&mut self, states: &mut S) -> Pooled<T> {
        let flight = self.flights.pop_front();
        flight.map_or(Pooled::Pending, |flight| self.keep(flight, states))
    }

    fn keep<S: StateStore>(&self, flight: Flight<T>, states: &mut S) -> Pooled<T> {
        let answers: Result<Vec<PoolAnswer>, _> =
            self.engines.iter().map(|engine| engine.answers.recv()).collect();
        let Ok(answers) = answers else { return Pooled::Lost };
        let answers: Option<Vec<Arc<BatchTexts>>> = answers.into_iter().collect();
        let Some(answers) = answers else { return Pooled::Faulted(flight.batch, flight.then) };
        for (place, stream) in flight.streams.iter().enumerate() {
            let mut engines = stream.target.engines(self.engines.len());
            let first = engines.next().map(|engine| &answers[engine].changed[place]);
            if engines.any(|engine| first != Some(&answers[engine].changed[place])) {
                return Pooled::Differed;
            }
        }
        for (place, stream) in flight.streams.into_iter().enumerate() {
            let engine = stream.target.engines(self.engines.len()).start;
            if let Some(state) = &answers[engine].changed[place] {
                states.put(stream.name, state.clone());
            }
        }
        Pooled::Folded(flight.then)
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

/// The work of one engine, until it faults, no more jobs can come or nobody takes its answers.
fn work(program: &str, limits: Limits, jobs: &Receiver<Job>, answers: &Sender<PoolAnswer>) {
    let Ok(engine) = Engine::new(program, limits) else { return };
    let mut fold = Fold::new(engine, BatchStates::default());
    let mut made: VecDeque<Arc<BatchTexts>> = VecDeque::new();
    for Job { batch, records, given } in jobs {
        fold.states_mut().texts = BatchTexts::new(given, &made);
        let is_folded = records.into_iter().all(|record| {
            fold.states_mut().stream = record.stream;
            let event: Rc<dyn ScriptEvent> = Rc::new(CareEvent::new(batch[record.place].clone()));
            fold.push(&event, Notice::Fact).is_ok()
        });
        drop(batch);
        let texts = Arc::new(std::mem::take(&mut fold.states_mut().texts));
        made.push_front(texts.clone());
        made.truncate(FLIGHTS_MAX);
        let is_taken = answers.send(is_folded.then_some(texts)).is_ok();
        if !is_folded || !is_taken {
            return;
        }
    }
}

/// The texts of states by the places of their streams in a deal.
#[derive(Debug, Default)]
struct BatchTexts {
    given: Vec<Option<Arc<str>>>,
    changed: Vec<Option<Arc<str>>>,
}

impl BatchTexts {
    /// `made`: the texts of the batches before, the last one first.
    fn new(given: Vec<GivenState>, made: &VecDeque<Arc<Self>>) -> Self {
        let text = |given| match given {
            GivenState::Text(text) => text,
            GivenState::OnItsWay(last) => made[last.batches_ago - 1].present(last.place),
        };
        let given: Vec<_> = given.into_iter().map(text).collect();
        let changed = vec![None; given.len()];
        Self { given, changed }
    }

    fn present(&self, place: usize) -> Option<Arc<str>> {
        self.changed[place].as_ref().or(self.given[place].as_ref()).cloned()
    }
}

/// The states of one engine during one batch. A program with a state for each stream asks for that
/// of the event's stream alone, so streams are known by their places in the deal.
#[derive(Default)]
struct BatchStates {
    /// The place of the stream whose event is folded.
    stream: usize,
    texts: BatchTexts,
    /// A program with shared state is folded by one engine, so this stays as it is.
    shared: SharedState,
}

impl StateStore for BatchStates {
    fn state(&self, _: &Arc<str>) -> FoundState {
        Ok(self.texts.present(self.stream))
    }

    fn put(&mut self, _: Arc<str>, state: Arc<str>) -> Option<Arc<str>> {
        self.texts.changed[self.stream].replace(state)
    }

    fn shared(&self) -> &SharedState {
        &self.shared
    }

    fn put_shared(&mut self, shared: SharedState) {
        self.shared = shared;
    }
}

//! What every handler shares, and the bounds that keep the service in its memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Services;
use super::hub::Hub;
use super::metrics::Metrics;
use super::problem::Problem;
use crate::ledger::Ledger;
use crate::projection::Lists;
use crate::refusals::Refusals;
use crate::work::HealthProbe;

/// One event, or one line of NDJSON. CloudEvents asks that 64 KiB always pass; ours are 0.5 KiB.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// One batch. Source: the HTTP contract.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Events in one batch. Source: the HTTP contract.
pub const BATCH_EVENTS_MAX: usize = 10_000;

/// A sender that says nothing for so long has gone.
pub const SILENCE_MAX: Duration = Duration::from_secs(30);

/// All request bodies being read at once: sixteen of the largest batches.
const BODIES_BYTES_MAX: usize = 16 * BATCH_BYTES_MAX;

/// What every handler shares; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The ledger.
    pub ledger: Ledger,
    /// The lists over all persons, where they are kept.
    pub lists: Option<Lists>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// What is new, for live readers.
    pub live: Arc<Hub>,
    /// What was refused, for those who sent it.
    pub refusals: Refusals,
    bodies: Arc<Semaphore>,
}

/// The id of a refusal, for the log line of its request.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

impl App {
    /// Around an open ledger and what is kept beside it.
    pub fn new(ledger: Ledger, kept: Services) -> Self {
        let Services { lists, refusals } = kept;
        let bodies = Arc::new(Semaphore::new(BODIES_BYTES_MAX));
        let metrics = Arc::new(Metrics::new(&ledger, lists.as_ref()));
        let live = Arc::new(Hub::new(ledger.clone(), metrics.clone()));
        Self { ledger, lists, refusals, metrics, live, bodies }
    }

    /// The workers beside the requests, by whose health the service is degraded.
    pub fn workers(&self) -> Vec<HealthProbe> {
        self.lists.iter().map(Lists::probe).collect()
    }

    /// Room for a body of so many bytes; it is given back when the permit is dropped.
    ///
    /// # Errors
    /// A 503: too many bodies are being read.
    pub fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.bodies.clone().try_acquire_many_owned(bytes).map_err(|_| Problem::unavailable())
    }
}

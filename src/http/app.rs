//! The state that every handler shares.
//! Always: [`App`] is cheap to clone, and all clones share one state.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::feed::broadcaster::Broadcaster;
use crate::http::limits::{BODIES_BYTES_MAX, REPLAYS_MAX};
use crate::http::metrics::Metrics;
use crate::http::openapi::document::Contract;
use crate::http::problem::Problem;
use crate::http::request::served_hosts::ServedHosts;
use crate::ledger::{Ledger, clock};
use crate::projection::Lists;
use crate::projection::runner::Projections;
use crate::refusals::Refusals;
use crate::work::HealthProbe;

/// The parts of a service beside its ledger.
pub struct Services {
    /// The lists over all persons, if this service keeps lists.
    pub lists: Option<Lists>,
    /// The projections of analysts, if this service keeps them.
    pub projections: Option<Projections>,
    /// The refused events, kept for their senders.
    pub refusals: Refusals,
    /// The hosts that the service answers for.
    pub hosts: ServedHosts,
}

impl Services {
    /// These lists, for this machine alone, and refusals in memory, which are forgotten when the
    /// routes end.
    pub fn with_lists(lists: Lists) -> Self {
        Self { lists: Some(lists), ..Self::none() }
    }

    /// No lists, for this machine alone, and refusals in memory, which are forgotten when the
    /// routes end.
    pub fn none() -> Self {
        let hosts = ServedHosts::new(Ipv4Addr::LOCALHOST.into(), &[]);
        let refusals = Refusals::in_memory(clock::now);
        Self { lists: None, projections: None, refusals, hosts }
    }
}

/// The state that every handler shares; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The ledger.
    pub ledger: Ledger,
    /// The lists over all persons, if this service keeps lists.
    pub lists: Option<Lists>,
    /// The projections of analysts, if this service keeps them.
    pub projections: Option<Projections>,
    /// Gives leave for one replay at a time.
    pub replays: Arc<Semaphore>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// The source of new events for live readers.
    pub live: Arc<Broadcaster>,
    /// The refused events, kept for their senders.
    pub refusals: Refusals,
    /// The hosts that the service answers for.
    pub hosts: Arc<ServedHosts>,
    /// The contract at `/openapi.json`.
    pub contract: Arc<Contract>,
    bodies: Arc<Semaphore>,
}

impl App {
    /// The shared state over an open ledger and the services beside it.
    pub fn new(ledger: Ledger, services: Services, contract: Contract) -> Self {
        let Services { lists, projections, refusals, hosts } = services;
        let (contract, hosts) = (Arc::new(contract), Arc::new(hosts));
        let bodies = Arc::new(Semaphore::new(BODIES_BYTES_MAX));
        let replays = Arc::new(Semaphore::new(REPLAYS_MAX));
        let metrics = Arc::new(Metrics::new(&ledger, lists.as_ref(), projections.as_ref()));
        let live = Arc::new(Broadcaster::new(ledger.clone(), metrics.clone()));
        Self {
            ledger,
            lists,
            projections,
            replays,
            metrics,
            live,
            refusals,
            hosts,
            contract,
            bodies,
        }
    }

    /// The health of every background worker. One faulted worker makes the service DEGRADED.
    pub fn workers(&self) -> Vec<HealthProbe> {
        let store = self.ledger.workers().iter().cloned();
        let lists = self.lists.iter().map(Lists::probe);
        let projections = self.projections.iter().filter_map(Projections::probe);
        let lists = lists.chain(projections);
        store.chain(lists).chain([self.refusals.probe()]).chain(self.live.probe()).collect()
    }

    /// Reserves memory for this number of bytes of a body, until the permit is dropped.
    ///
    /// # Errors
    /// A 503: too many bodies are being read.
    pub fn reserve_body_bytes(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.bodies.clone().try_acquire_many_owned(bytes).map_err(|_| Problem::unavailable())
    }
}

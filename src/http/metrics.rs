//! Counters for Prometheus.
//! Always: labels are routes, statuses and codes of ours; never an id, a name or a number.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::domain::stream::StreamName;
use crate::ledger::record::{Receipt, ReceiptStatus, WriteMode};
use crate::ledger::{Condition, Ledger, StoreStatus, StreamHarm};
use crate::projection::Lists;
use crate::projection::runner::{Projections, ProjectionsLoad};
use crate::work::HealthProbe;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WorkerLabel {
    worker: &'static str,
}

/// The health of the background workers, by their names.
#[derive(Default)]
struct WorkerMetrics {
    up: Family<WorkerLabel, Gauge>,
    faults: Family<WorkerLabel, Counter>,
    last_fault: Family<WorkerLabel, Gauge<f64, AtomicU64>>,
}

impl WorkerMetrics {
    fn register(&self, registry: &mut Registry) {
        let words = "1 unless the worker stands still because of a fault";
        registry.register("work_up", words, self.up.clone());
        registry.register("work_faults", "Faults of the worker", self.faults.clone());
        let words = "The time of the worker's last fault, in seconds of Unix time";
        registry.register("work_last_fault_seconds", words, self.last_fault.clone());
    }

    fn set(&self, probe: &HealthProbe) {
        let (label, health) = (WorkerLabel { worker: probe.worker }, probe.health());
        self.up.get_or_create(&label).set((!probe.is_faulted()).into());
        raise_to(&self.faults.get_or_create(&label), health.faults);
        if let Some(time) = health.last_fault {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            self.last_fault.get_or_create(&label).set(since.as_secs_f64());
        }
    }
}

/// Raises a counter to a number that is counted elsewhere. Two requests for the metrics at once
/// raise it to the larger of their numbers; adding a difference could add it twice.
fn raise_to(counter: &Counter, number: u64) {
    counter.inner().fetch_max(number, Ordering::Relaxed);
}

/// How a live reader has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderEnd {
    /// The feed ended, or the reader closed the connection.
    Left,
    /// The service closed the connection, because the reader took nothing.
    CutOff,
}

/// Every counter of the service.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Histogram,
    events: Family<OutcomeLabels, Counter>,
    refusals: Family<OutcomeLabels, Counter>,
    position: Gauge<u64, AtomicU64>,
    writable: Gauge<u64, AtomicU64>,
    lists_position: Gauge<u64, AtomicU64>,
    cluster: Option<ClusterMetrics>,
    readers: Gauge,
    readers_cut_off: Counter,
    workers: WorkerMetrics,
    ledger: Ledger,
    lists: Option<Lists>,
    projections: Option<(Projections, ProjectionMetrics)>,
}

/// How a replica follows its cluster.
#[derive(Default)]
struct ClusterMetrics {
    following: Gauge<u64, AtomicU64>,
    reconnects: Counter,
    streams_marked: Gauge<u64, AtomicU64>,
    streams_tampered: Gauge<u64, AtomicU64>,
}

impl ClusterMetrics {
    fn register(&self, registry: &mut Registry) {
        let words = "1 while this replica follows its cluster";
        registry.register("following", words, self.following.clone());
        let words = "Times that this replica looked for its cluster anew";
        registry.register("reconnects", words, self.reconnects.clone());
        let words = "Streams of the cluster marked so that a scavenge would remove records";
        registry.register("streams_marked", words, self.streams_marked.clone());
        let words = "Streams of the cluster to which somebody else wrote";
        registry.register("streams_tampered", words, self.streams_tampered.clone());
    }

    fn set(&self, status: StoreStatus, harmed: &[(StreamName, StreamHarm)]) {
        let is_followed = matches!(status.condition, Condition::Writable | Condition::DiskFull);
        self.following.set(is_followed.into());
        raise_to(&self.reconnects, status.reconnects.unwrap_or_default());
        let count =
            |is: fn(&StreamHarm) -> bool| harmed.iter().filter(|(_, harm)| is(harm)).count() as u64;
        self.streams_marked.set(count(|harm| harm.mark.is_some()));
        self.streams_tampered.set(count(|harm| harm.is_tampered));
    }
}

/// The metrics of the projections.
#[derive(Default)]
struct ProjectionMetrics {
    lag: Family<ProjectionLabel, Gauge<u64, AtomicU64>>,
    events_per_second: Family<ProjectionLabel, Gauge<u64, AtomicU64>>,
    faulted: Family<ProjectionLabel, Gauge<u64, AtomicU64>>,
}

/// The label of all projections of analysts: their names tell what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProjectionLabel {
    projection: &'static str,
}

impl ProjectionMetrics {
    fn register(&self, registry: &mut Registry) {
        let words = "Records that the projection has not read";
        registry.register("projection_lag", words, self.lag.clone());
        let words = "Records that the projection reads a second";
        registry.register("projection_events_per_second", words, self.events_per_second.clone());
        let words = "Projections that stand still because of a fault of their program";
        registry.register("projection_faulted", words, self.faulted.clone());
    }

    fn set(&self, load: &ProjectionsLoad) {
        let label = ProjectionLabel { projection: "other" };
        self.lag.get_or_create(&label).set(load.lag);
        self.events_per_second.get_or_create(&label).set(load.events_per_second);
        self.faulted.get_or_create(&label).set(load.faulted.len() as u64);
    }
}

impl Metrics {
    /// Counters at zero.
    pub fn new(ledger: &Ledger, lists: Option<&Lists>, projections: Option<&Projections>) -> Self {
        let mut registry = Registry::with_prefix("care_ledger");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let seconds = Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        registry.register("http_request_seconds", "Time to the answer's head", seconds.clone());
        let events = Family::default();
        registry.register("events", "Events by what became of them", events.clone());
        let refusals = Family::default();
        let words = "Refused events by what their sender can read of them";
        registry.register("refusals", words, refusals.clone());
        let position = Gauge::default();
        registry.register("log_position", "The last position of the log", position.clone());
        let writable = Gauge::default();
        registry.register("writable", "1 while the store takes writes", writable.clone());
        let readers = Gauge::default();
        registry.register("live_readers", "Live readers of the log now", readers.clone());
        let readers_cut_off = Counter::default();
        let words = "Live readers cut off because they took nothing";
        registry.register("live_readers_cut_off", words, readers_cut_off.clone());
        let lists_position = Gauge::default();
        if lists.is_some() {
            let words = "The last position that the lists have read";
            registry.register("lists_position", words, lists_position.clone());
        }
        let cluster = ledger.status().borrow().reconnects.map(|_| ClusterMetrics::default());
        cluster.iter().for_each(|metrics| metrics.register(&mut registry));
        let workers = WorkerMetrics::default();
        workers.register(&mut registry);
        let projections = projections.map(|projections| {
            let metrics = ProjectionMetrics::default();
            metrics.register(&mut registry);
            (projections.clone(), metrics)
        });
        let (ledger, lists) = (ledger.clone(), lists.cloned());
        Self {
            registry,
            requests,
            seconds,
            events,
            refusals,
            position,
            writable,
            readers,
            readers_cut_off,
            workers,
            lists_position,
            cluster,
            ledger,
            lists,
            projections,
        }
    }

    /// Counts an answered request.
    pub fn answered(&self, method: &'static str, route: String, status: u16, took: Duration) {
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// Counts receipts; a dry run wrote nothing.
    pub fn recorded(&self, receipts: &[Receipt], write_mode: WriteMode) {
        if write_mode == WriteMode::DryRun {
            return;
        }
        let repeated = receipts.iter().filter(|r| r.status == ReceiptStatus::Duplicate).count();
        self.count("recorded", receipts.len() - repeated);
        self.count("duplicate", repeated);
    }

    /// Counts refused events: those kept for their senders, and those that name no sender.
    pub fn refused(&self, kept: usize, unattributed: usize) {
        self.count("refused", kept + unattributed);
        for (outcome, events) in [("kept", kept), ("unattributed", unattributed)] {
            self.refusals.get_or_create(&OutcomeLabels { outcome }).inc_by(events as u64);
        }
    }

    /// Counts a live reader that has come.
    pub fn reader_came(&self) {
        self.readers.inc();
    }

    /// Counts a live reader that has left.
    pub fn reader_left(&self, end: ReaderEnd) {
        self.readers.dec();
        self.readers_cut_off.inc_by((end == ReaderEnd::CutOff).into());
    }

    fn count(&self, outcome: &'static str, events: usize) {
        self.events.get_or_create(&OutcomeLabels { outcome }).inc_by(events as u64);
    }

    /// All counters as OpenMetrics text, with the gauges at what they are now.
    pub fn text(
        &self,
        workers: &[HealthProbe],
        refusals_dropped: u64,
        harmed: &[(StreamName, StreamHarm)],
    ) -> String {
        let dropped = OutcomeLabels { outcome: "dropped" };
        raise_to(&self.refusals.get_or_create(&dropped), refusals_dropped);
        let status = *self.ledger.status().borrow();
        self.position.set(status.tail.number());
        self.writable.set((status.condition == Condition::Writable).into());
        if let Some(cluster) = &self.cluster {
            cluster.set(status, harmed);
        }
        if let Some(lists) = &self.lists {
            self.lists_position.set(lists.subscribe().borrow().position.number());
        }
        if let Some((projections, metrics)) = &self.projections {
            metrics.set(&projections.load());
        }
        for probe in workers {
            self.workers.set(probe);
        }
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("text encodes into memory");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_at_once_raise_a_counter_to_its_number_and_no_further() {
        let counter = Counter::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..=100_000).for_each(|number| raise_to(&counter, number)));
            }
        });
        assert_eq!(counter.get(), 100_000);
    }
}

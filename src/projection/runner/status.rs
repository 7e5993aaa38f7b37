//! The status of a projection, as its owner reads it.

use serde::Serialize;
use serde_json::value::RawValue;

use super::keeper::Projections;
use super::versions::{Entry, Version};
use super::worker::VersionProgress;
use crate::domain::id::Position;
use crate::projection::cores::Cores;
use crate::projection::view::{RecordView, view_of};

/// The status of a projection. `lag` counts events; 0: it has caught up.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProjectionReport {
    /// Its name.
    pub name: String,
    /// `running` or `faulted`.
    pub state: &'static str,
    /// The records that it asks for.
    pub view: RecordView,
    /// How many engines fold it, and why so many.
    pub cores: Cores,
    /// How far it has read.
    pub position: Position,
    /// How many records it has not read.
    pub lag: u64,
    /// Records a second, when it last had some to read.
    pub events_per_second: u64,
    /// The hash of its parts.
    pub source_hash: String,
    /// Whether records came that it cannot take in, so that it will be built anew.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// The fault at which it stands still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Box<RawValue>>,
    /// The fault of its summary. States and results are there all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary_fault: Option<Box<RawValue>>,
    /// The version that is built beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<RebuildReport>,
}

/// The status of a version that is built beside the one that answers.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RebuildReport {
    /// The hash of its parts.
    pub source_hash: String,
    /// How far it has read.
    pub position: Position,
    /// How many records it has not read.
    pub lag: u64,
    /// How long it still takes at its present rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
    /// Whether nothing answers until it is done.
    pub withheld: bool,
    /// The fault at which it stands still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Box<RawValue>>,
}

impl Projections {
    /// The status of a projection.
    pub fn report(&self, name: &str) -> Option<ProjectionReport> {
        let kept = self.0.lock();
        let tail = self.0.ledger.tail();
        kept.entries.get(name).and_then(|entry| report(name, entry, tail))
    }

    /// The status of every projection, in the order of their names.
    pub fn reports(&self) -> Vec<ProjectionReport> {
        let kept = self.0.lock();
        let tail = self.0.ledger.tail();
        kept.entries.iter().filter_map(|(name, entry)| report(name, entry, tail)).collect()
    }
}

/// All projections together: names tell what an analyst asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectionsLoad {
    /// How many there are.
    pub count: usize,
    /// Those that stand still because of a fault of their program, by name.
    pub faulted: Vec<String>,
    /// How many records the one that is furthest behind has not read, faulted ones apart.
    pub lag: u64,
    /// Records a second, of all together.
    pub events_per_second: u64,
}

impl Projections {
    /// All projections together.
    pub fn load(&self) -> ProjectionsLoad {
        let mut load = ProjectionsLoad::default();
        for report in self.reports() {
            load.count += 1;
            if report.fault.is_some() {
                load.faulted.push(report.name);
            } else {
                load.lag = load.lag.max(report.lag);
                load.events_per_second += report.events_per_second;
            }
        }
        load
    }
}

fn report(name: &str, entry: &Entry, tail: Position) -> Option<ProjectionReport> {
    let current = entry.current.as_ref()?;
    let progress = current.progress.borrow().clone();
    Some(ProjectionReport {
        name: name.to_owned(),
        state: if progress.fault.is_some() { "faulted" } else { "running" },
        view: view_of(&current.parts.projection),
        cores: progress.cores,
        position: progress.position,
        lag: lag(&progress, tail),
        events_per_second: rate(&progress),
        source_hash: current.hash.clone(),
        stale: progress.is_stale,
        fault: fault(&progress),
        summary_fault: raw(progress.summary_fault.as_ref()),
        rebuild: entry.rebuild.as_ref().map(|version| rebuild(version, tail, entry.is_withheld)),
    })
}

fn rebuild(version: &Version, tail: Position, withheld: bool) -> RebuildReport {
    let progress = version.progress.borrow().clone();
    let (lag, rate) = (lag(&progress, tail), rate(&progress));
    RebuildReport {
        source_hash: version.hash.clone(),
        position: progress.position,
        lag,
        seconds_left: (rate > 0).then(|| lag.div_ceil(rate)),
        withheld,
        fault: fault(&progress),
    }
}

fn lag(progress: &VersionProgress, tail: Position) -> u64 {
    tail.number().saturating_sub(progress.read)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate for people")]
fn rate(progress: &VersionProgress) -> u64 {
    progress.events_per_second as u64
}

fn fault(progress: &VersionProgress) -> Option<Box<RawValue>> {
    raw(progress.fault.as_ref())
}

fn raw(text: Option<&String>) -> Option<Box<RawValue>> {
    text.and_then(|text| RawValue::from_string(text.clone()).ok())
}

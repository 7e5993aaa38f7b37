//! The counts of a load: a warm-up, then a window in which events count.
//! Always: an event is in the figures if its answer came within the window; every acknowledged
//! event, of any time, is in the count that is verified.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::machine::Cpu;

/// The lengths of the warm-up and of the window.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Window {
    /// Seconds of load before the clock starts
    #[arg(long, default_value_t = 2.0)]
    pub warm_up: f64,
    /// Seconds measured
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
}

/// A window in time.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    from: Instant,
    to: Instant,
}

impl Clock {
    /// Starts the warm-up.
    pub fn start(window: Window) -> Self {
        let from = Instant::now() + Duration::from_secs_f64(window.warm_up);
        Self { from, to: from + Duration::from_secs_f64(window.seconds) }
    }

    /// Whether to send no more.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.to
    }
}

/// The counts of one connection.
#[derive(Default)]
pub struct Tally {
    /// Events acknowledged in all.
    acknowledged: u64,
    /// Events acknowledged in the window.
    events: u64,
    /// The latency of each request answered in the window.
    latency_micros: Vec<u32>,
}

impl Tally {
    /// Counts a request sent at `sent` and acknowledged now.
    pub fn acknowledged(&mut self, clock: Clock, sent: Instant, events: u64) {
        let now = Instant::now();
        self.acknowledged += events;
        if now >= clock.from && now < clock.to {
            self.events += events;
            let micros = now.duration_since(sent).as_micros();
            self.latency_micros.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }
}

/// The figures of a client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Events acknowledged in all, which the store must hold.
    pub acknowledged: u64,
    /// Events acknowledged in the window.
    pub events: u64,
    /// The window.
    pub seconds: f64,
    /// The median latency of a request; 0 if there was no request.
    pub p50_micros: u32,
    /// Of a request.
    pub p99_micros: u32,
    /// Of a request.
    pub max_micros: u32,
    /// CPU time in the window.
    pub cpu: Cpu,
}

impl Report {
    /// Events a second.
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.seconds
    }
}

/// CPU time within the window, of the server's processes as `server` tells them.
pub async fn watch(clock: Clock, server: impl Fn() -> f64) -> Result<Cpu, Failure> {
    tokio::time::sleep_until(clock.from.into()).await;
    let before = Cpu::now(server())?;
    tokio::time::sleep_until(clock.to.into()).await;
    Ok(Cpu::now(server())?.since(before))
}

/// A store being read from end to end, as often as time allows.
pub struct Reading {
    started: Instant,
    before: Cpu,
}

impl Reading {
    /// Starts the clock, with what the server has used so far.
    pub fn start(server: f64) -> Result<Self, Failure> {
        Ok(Self { before: Cpu::now(server)?, started: Instant::now() })
    }

    /// The time since the start.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Stops the clock after this many records were read from a store that has this many.
    pub fn report(self, read: u64, has: u64, server: f64) -> Result<Report, Failure> {
        let seconds = self.seconds();
        let cpu = Cpu::now(server)?.since(self.before);
        let (p50_micros, p99_micros, max_micros) = (0, 0, 0);
        let (acknowledged, events) = (has, read);
        Ok(Report { acknowledged, events, seconds, p50_micros, p99_micros, max_micros, cpu })
    }
}

/// Adds up what all connections saw.
pub fn report(tallies: Vec<Tally>, window: Window, cpu: Cpu) -> Report {
    let mut latency: Vec<u32> =
        tallies.iter().flat_map(|tally| &tally.latency_micros).copied().collect();
    latency.sort_unstable();
    let at = |share: usize| latency.get((latency.len() * share / 100).min(latency.len() - 1));
    let at = |share| if latency.is_empty() { 0 } else { at(share).copied().unwrap_or(0) };
    Report {
        acknowledged: tallies.iter().map(|tally| tally.acknowledged).sum(),
        events: tallies.iter().map(|tally| tally.events).sum(),
        seconds: window.seconds,
        p50_micros: at(50),
        p99_micros: at(99),
        max_micros: latency.last().copied().unwrap_or(0),
        cpu,
    }
}

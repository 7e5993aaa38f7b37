//! The pace of a follower of the log, which rests so that recording does not wait for it.
//! Always: a rest is in proportion to the events that were recorded since the last rest.

use std::time::{Duration, Instant};

use crate::domain::id::Position;
use crate::ledger::Ledger;
use crate::work::Control;

/// The rest for each event recorded since the last rest. Recording one event takes about this long
/// (ops/bench, A); meanwhile recording has the processors, the caches and the disk.
const REST_AN_EVENT: Duration = Duration::from_micros(50);

/// The work between two rests: timers are no finer than a millisecond.
const WORK_BETWEEN_RESTS: Duration = Duration::from_millis(5);

/// The longest rest, however slow the disk is.
const REST_MAX: Duration = Duration::from_secs(1);

/// The pace of the follower: after some work it rests, so that recording is not held up.
pub(super) struct Pace {
    ledger: Ledger,
    /// The worker that the follower runs in.
    pub control: Control,
    /// The end of the last rest or wait.
    rested_at: Instant,
    /// The end of the log when the last rest began.
    log_end: Position,
    rest_factor_max: u32,
}

impl Pace {
    /// The pace of a follower that begins now. A rest is at most `rest_factor_max` times as long as
    /// the work before it; with a rest of one length, whatever was recorded, the lists were left a
    /// million records behind at 2,500 events a second (ops/decisions/0009).
    pub fn new(ledger: Ledger, control: Control, rest_factor_max: u32) -> Self {
        let (rested_at, log_end) = (Instant::now(), Position::START);
        Self { ledger, control, rested_at, log_end, rest_factor_max }
    }

    /// Rests after some work, where events were recorded since the last rest.
    pub async fn rest(&mut self) {
        let worked = self.rested_at.elapsed();
        if worked < WORK_BETWEEN_RESTS {
            return;
        }
        let end = self.ledger.tail();
        let recorded = end.number().saturating_sub(self.log_end.number());
        (self.rested_at, self.log_end) = (Instant::now(), end);
        let rest = REST_AN_EVENT * u32::try_from(recorded).unwrap_or(u32::MAX);
        self.pause(rest.min(worked * self.rest_factor_max).min(REST_MAX)).await;
    }

    /// Whether the worker must stop.
    pub fn is_stopping(&self) -> bool {
        self.control.is_stopping()
    }

    /// Says that the follower waited, with the log ending at a position.
    pub fn waited(&mut self, log_end: Position) {
        (self.rested_at, self.log_end) = (Instant::now(), log_end);
    }

    /// Pauses for a time, or until the worker must stop.
    pub async fn pause(&mut self, time: Duration) {
        if !time.is_zero() {
            self.control.pause(time).await;
            self.rested_at = Instant::now();
        }
    }
}

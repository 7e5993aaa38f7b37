//! The time limit of what an engine runs, in processor time of its own thread: how long the machine
//! makes the thread wait does not count.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// How old the start of a measurement may be. To read the clock of the thread is a call to the
/// kernel, which at each event would cost some hundredths of a simple program's time.
const START_AGE_MAX: Duration = Duration::from_millis(5);

/// The processor time that this thread has used.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Measures one run of a program at a time.
#[derive(Debug)]
pub struct TimeMeter {
    /// When the processor time was last read, and what it was.
    start: Cell<(Instant, Duration)>,
    limit: Cell<Duration>,
    is_exceeded: Cell<bool>,
}

impl TimeMeter {
    /// A meter that measures nothing yet.
    pub fn new() -> Rc<Self> {
        let start = Cell::new((Instant::now(), thread_time()));
        let (limit, is_exceeded) = (Cell::new(Duration::MAX), Cell::new(false));
        Rc::new(Self { start, limit, is_exceeded })
    }

    /// Begins to measure a run that may take this long.
    pub fn begin(&self, limit: Duration) {
        self.limit.set(limit);
        self.is_exceeded.set(false);
        let now = Instant::now();
        if now - self.start.get().0 > START_AGE_MAX {
            self.start.set((now, thread_time()));
        }
    }

    /// Whether the run has taken too long. Once it has, that stays so.
    pub fn check(&self) -> bool {
        let (at, used) = self.start.get();
        let limit = self.limit.get().saturating_add(START_AGE_MAX);
        // Processor time passes no faster than the clock on the wall.
        if !self.is_exceeded.get() && at.elapsed() > limit && thread_time() - used > limit {
            self.is_exceeded.set(true);
        }
        self.is_exceeded.get()
    }
}

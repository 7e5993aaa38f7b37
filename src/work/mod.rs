//! Workers: the one kind of loop that runs in the background, beside requests.
//! Always: a worker whose step fails or whose task panics says so in its health; a worker whose
//! handle is dropped is told to stop, and one with a thread of its own has then ended.
//!
//! ```text
//! spawn ──> Idle (waits) <──> Working (a step) ──> Ended: told to stop, or nothing left to do
//!                                  │  ^
//!                         a fault  v  │ the next success
//!                                Faulted ──> after a panic for good: only a restart helps
//! ```

mod causes;

use std::panic::AssertUnwindSafe;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use futures::FutureExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::causes::Causes;

/// The weakest claim to a processor that Linux knows, setpriority(2).
const NICENESS_LOWEST: i32 = 19;

/// What a worker does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It waits for something to do.
    Idle,
    /// It is in the middle of a step.
    Working,
    /// Its last step failed and is tried again by itself, or a panic ended it.
    Faulted,
    /// It has ended as it should.
    Ended,
}

/// The health of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// What it does at the moment.
    pub activity: Activity,
    /// The number of faults since it was started.
    pub faults: u64,
    /// The time of the last fault.
    pub last_fault: Option<SystemTime>,
}

/// Reads the health of one worker, also after that worker has ended.
#[derive(Debug, Clone)]
pub struct HealthProbe {
    /// The name of the worker.
    pub worker: &'static str,
    // A channel, because the worker writes on its own thread and any number of requests read.
    health: watch::Receiver<Health>,
}

impl HealthProbe {
    /// The health now.
    pub fn health(&self) -> Health {
        *self.health.borrow()
    }

    /// Whether the worker stands still because of a fault.
    pub fn is_faulted(&self) -> bool {
        self.health().activity == Activity::Faulted
    }
}

/// A started worker. Dropping it stops the worker and waits for the end of its thread.
pub struct Worker {
    probe: HealthProbe,
    stop: CancellationToken,
    /// `None` for a worker on the runtime of its caller, which cannot be waited for here.
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Reads the health of this worker.
    pub fn probe(&self) -> HealthProbe {
        self.probe.clone()
    }

    /// Stops the worker, and waits at most this long for the end of its thread. A thread that is
    /// stuck is left behind.
    pub fn stop_within(mut self, patience: Duration) {
        self.stop.cancel();
        let Some(thread) = self.thread.take() else { return };
        let until = Instant::now() + patience;
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // Panics of the task are caught on the thread itself, so `join` has nothing to tell.
            let _ = thread.join();
        }
    }
}

/// What the task of a worker is given: when to stop, how to pause, where to tell of faults.
pub struct Control {
    worker: &'static str,
    stop: CancellationToken,
    health: watch::Sender<Health>,
}

impl Control {
    /// Whether the worker was told to stop: end the current step as soon as its state is whole.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits until the worker is told to stop.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Waits for the next thing to do. `None`: the worker was told to stop. A fault stays a fault
    /// over the wait.
    pub async fn wait_for<T>(&self, next: impl Future<Output = T>) -> Option<T> {
        self.enter_unless_faulted(Activity::Idle);
        let found = self.stop.run_until_cancelled(next).await;
        if found.is_some() {
            self.enter_unless_faulted(Activity::Working);
        }
        found
    }

    /// Pauses for a time, or until the worker is told to stop.
    pub async fn pause(&self, time: Duration) {
        self.stop.run_until_cancelled(tokio::time::sleep(time)).await;
    }

    /// Whether the last step failed.
    pub fn is_faulted(&self) -> bool {
        self.health.borrow().activity == Activity::Faulted
    }

    /// Says that a step succeeded, which ends a fault.
    pub fn succeeded(&self) {
        self.enter(Activity::Working);
    }

    /// Says that a step failed. The caller logs why, pauses, and tries again.
    pub fn failed(&self) {
        self.health.send_modify(|health| {
            health.activity = Activity::Faulted;
            health.faults += 1;
            health.last_fault = Some(SystemTime::now());
        });
    }

    fn enter_unless_faulted(&self, activity: Activity) {
        if !self.is_faulted() {
            self.enter(activity);
        }
    }

    fn enter(&self, activity: Activity) {
        self.health.send_if_modified(|health| {
            std::mem::replace(&mut health.activity, activity) != activity
        });
    }
}

/// Starts a worker on a thread of its own, whose reads and timers run on that thread too: work that
/// takes long must not hold up the requests on the shared runtime.
///
/// # Errors
/// The system gives no thread.
pub fn spawn<F: Future<Output = ()>>(
    worker: &'static str,
    stop: CancellationToken,
    task: impl FnOnce(Control) -> F + Send + 'static,
) -> std::io::Result<Worker> {
    // Blocking reads get one more thread, which inherits the priority of the first.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()?;
    let (control, probe) = life(worker, stop.clone());
    let thread = std::thread::Builder::new().name(format!("ledger-{worker}"));
    let thread = thread.spawn(move || runtime.block_on(run(control, task)))?;
    Ok(Worker { probe, stop, thread: Some(thread) })
}

/// Starts a worker on the runtime of its caller: for short steps that wake many requests, which is
/// cheapest on the threads where those requests run.
pub fn spawn_on_runtime<F: Future<Output = ()> + Send + 'static>(
    worker: &'static str,
    stop: CancellationToken,
    task: impl FnOnce(Control) -> F + Send + 'static,
) -> Worker {
    let (control, probe) = life(worker, stop.clone());
    tokio::spawn(run(control, task));
    Worker { probe, stop, thread: None }
}

/// Gives the current thread, and all that it starts, the weakest claim to a processor.
pub fn lower_priority_of_this_thread() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICENESS_LOWEST) {
        tracing::warn!(error = %error, "a background thread runs at the priority of all else");
    }
}

/// The two ends of a worker's life: what its task holds, and what others read.
fn life(worker: &'static str, stop: CancellationToken) -> (Control, HealthProbe) {
    let start = Health { activity: Activity::Idle, faults: 0, last_fault: None };
    let (sender, health) = watch::channel(start);
    (Control { worker, stop, health: sender }, HealthProbe { worker, health })
}

/// Runs the task to its end. A panic becomes a fault that stays.
async fn run<F: Future<Output = ()>>(control: Control, task: impl FnOnce(Control) -> F) {
    let Control { worker, ref health, ref stop } = control;
    let (health, stop) = (health.clone(), stop.clone());
    let outside = Control { worker, stop, health };
    // `AssertUnwindSafe`: nothing of the task is used again after a panic. The task is called
    // inside, since it may panic before it gives its future.
    match AssertUnwindSafe(async { task(control).await }).catch_unwind().await {
        // A worker that is stopped during a fault leaves the fault behind.
        Ok(()) => outside.enter_unless_faulted(Activity::Ended),
        Err(_) => {
            outside.failed();
            // The panic hook has said where; its message may hold content and is not repeated.
            tracing::error!(worker, "a worker panicked and has ended; restart the process");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    async fn until(probe: &HealthProbe, is_there: impl FnMut(&Health) -> bool) -> Health {
        let mut health = probe.health.clone();
        *health.wait_for(is_there).await.unwrap()
    }

    #[tokio::test]
    async fn a_worker_that_is_dropped_has_ended() {
        let has_ended = Arc::new(AtomicBool::new(false));
        let ended = has_ended.clone();
        let worker = spawn("test", CancellationToken::new(), async move |control| {
            assert_eq!(control.wait_for(std::future::pending::<()>()).await, None);
            ended.store(true, Ordering::SeqCst);
        });
        drop(worker.unwrap());
        assert!(has_ended.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_fault_stays_until_the_next_success() {
        let (steps, mut next) = tokio::sync::mpsc::channel::<bool>(1);
        let worker = spawn_on_runtime("test", CancellationToken::new(), async move |control| {
            while let Some(Some(is_good)) = control.wait_for(next.recv()).await {
                if is_good { control.succeeded() } else { control.failed() }
            }
        });
        let probe = worker.probe();
        steps.send(false).await.unwrap();
        let faulted = until(&probe, |health| health.activity == Activity::Faulted).await;
        assert!(faulted.faults == 1 && faulted.last_fault.is_some() && probe.is_faulted());
        steps.send(false).await.unwrap();
        assert!(until(&probe, |health| health.faults == 2).await.activity == Activity::Faulted);
        steps.send(true).await.unwrap();
        until(&probe, |health| health.activity == Activity::Idle).await;
    }

    #[tokio::test]
    async fn a_panic_is_a_fault_that_stays() {
        async fn panics(_: Control) {
            panic!("planted");
        }
        fn panics_before_its_future(_: Control) -> std::future::Ready<()> {
            panic!("planted");
        }
        let early = spawn("test", CancellationToken::new(), panics_before_its_future).unwrap();
        let on_thread = spawn("test", CancellationToken::new(), panics).unwrap();
        let on_runtime = spawn_on_runtime("test", CancellationToken::new(), panics);
        for worker in [early, on_thread, on_runtime] {
            let probe = worker.probe();
            until(&probe, |health| health.activity == Activity::Faulted).await;
            drop(worker);
            assert!(probe.is_faulted());
        }
    }
}

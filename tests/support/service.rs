//! A ledger served in the test process, on a free port, with the lists and the refusals that
//! `care-ledger serve` keeps. A start costs milliseconds where a process costs a tenth of a second.

use std::ops::Deref;
use std::path::Path;
use std::time::{Duration, Instant};

use care_ledger::http::{self, Services, Timeouts};
use care_ledger::ledger::{Ledger, clock};
use care_ledger::projection::Lists;
use care_ledger::projection::runner::Projections;
use care_ledger::refusals::Refusals;
use care_ledger::store::open::StoreConfig;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::client::Client;

/// The time that open requests have to end when a test ends.
const LEFT_OPEN_MAX: Duration = Duration::from_secs(5);

/// A served ledger; it ends when dropped, and leaves the folder free.
pub struct Service {
    client: Client,
    store: StoreConfig,
    running: Option<(Runtime, oneshot::Sender<()>, JoinHandle<()>)>,
}

/// A ledger served on a new folder, which is removed with it.
pub fn fixture() -> (tempfile::TempDir, Service) {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path());
    (folder, service)
}

impl Deref for Service {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A projection that became stale is built anew at once, but not for every single event.
const EFFECTIVE_EVERY: Duration = Duration::from_millis(500);

impl Service {
    /// Serves a ledger on a data folder, and waits until it is UP.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, Timeouts::default())
    }

    /// Starts a service that cuts stalled readers off and sends signs of life after these times.
    pub fn start_with(data: &Path, timeouts: Timeouts) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let store = StoreConfig::Folder(data.to_owned());
        let ledger = runtime.block_on(opened(&store));
        ledger.first_start().succeed();
        let refusals = Refusals::open(data, clock::now);
        let refusals = refusals.unwrap_or_else(|_| Refusals::in_memory(clock::now));
        let lists = runtime.block_on(Lists::start(ledger.clone(), data, clock::now)).unwrap();
        let projections = Some(Projections::start(ledger.clone(), data, EFFECTIVE_EVERY).unwrap());
        let services = Services { refusals, projections, ..Services::with_lists(lists) };
        let router = http::router_with(ledger, services);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let client = Client::new(&listener.local_addr().unwrap().to_string());
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let served = runtime.spawn(http::serve_at(listener, router, stopped, timeouts));
        let service = Self { client, store, running: Some((runtime, stop, served)) };
        let started = Instant::now();
        while !service.is_up() {
            assert!(started.elapsed() < Duration::from_secs(60), "the service did not come up");
            std::thread::sleep(Duration::from_millis(2));
        }
        service
    }

    /// Stops as a signal does: requests under way are finished, live feeds are ended. Waits until
    /// the folder is free: what ends here with a thread ends there with the process.
    pub fn stop(mut self) {
        let (runtime, stop, served) = self.running.take().unwrap();
        stop.send(()).unwrap();
        runtime.block_on(served).unwrap();
        runtime.shutdown_timeout(LEFT_OPEN_MAX);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        drop(runtime.block_on(opened(&self.store)));
    }
}

/// Opens a ledger. A projection that was served on it a moment ago may still be ending: in a
/// process of its own it would have ended with that.
async fn opened(store: &StoreConfig) -> Ledger {
    let started = Instant::now();
    loop {
        match Ledger::open(store, &mut |_, _| ()).await {
            Err(error) if started.elapsed() < Duration::from_secs(10) => {
                assert!(format!("{error:?}").contains("InUse"), "{error:?}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            opened => return opened.unwrap(),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some((runtime, _, served)) = self.running.take() {
            served.abort();
            runtime.shutdown_timeout(LEFT_OPEN_MAX);
        }
    }
}

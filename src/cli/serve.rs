//! `care-ledger serve`: the ledger as a service.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use futures::FutureExt as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::failure::Failure;
use super::log::log_to_stderr;
use super::{cluster, progress, terminal};
use crate::config::{Config, ConfigError, ServeFlags};
use crate::http;
use crate::ledger::{Ledger, clock};
use crate::projection::runner::Projections;
use crate::projection::{LISTS_START_FILES, Lists};
use crate::refusals::{self, Refusals};
use crate::store::open::StoreConfig;
use crate::work::Causes;

/// The most files that may be open at once: a connection each, the log, the index and the readers.
const FILES_MAX: u64 = http::CONNECTIONS_MAX as u64 + 3_600;

/// The work of opening a folder.
const CATCHING_UP: &str = "catching the index up";

/// Run the ledger as a service.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger serve\n  \
    care-ledger serve --data /srv/ledger --listen 127.0.0.1:8080\n  \
    CARE_LEDGER_LOG_FORMAT=json care-ledger serve\n  \
    care-ledger serve --data /srv/replica --store-credentials /etc/care-ledger/login \\\n    \
    --store 'esdb://db1:2113,db2:2113,db3:2113?tlsCaFile=/etc/care-ledger/ca.crt'\n  \
    care-ledger serve --print-config > ledger.toml && care-ledger serve --config ledger.toml\n\n\
    Ready when GET /health answers 200. Stop with Ctrl-C or SIGTERM.")]
pub struct Serve {
    #[command(flatten)]
    flags: ServeFlags,
    /// Print the settings in force as a configuration file, and stop
    #[arg(long)]
    print_config: bool,
}

impl Serve {
    /// Serves until the process is asked to stop.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        let (file, flag) = (self.flags.config.clone(), self.flags.store.is_some());
        let config = Config::new(self.flags).map_err(|error| match error {
            ConfigError::Unreadable(..) => Failure::because("no settings", &error),
            _ => Failure::usage(error.to_string()),
        })?;
        if let Some(file) = file.filter(|_| !flag) {
            cluster::check_config_file(&file, config.store.as_deref())?;
        }
        if self.print_config {
            return terminal::print_lines(&config.print());
        }
        log_to_stderr(&config.log, config.log_format)?;
        allow_files();
        let store = store(&config)?;
        runtime.block_on(async {
            let not_listening = |error: std::io::Error| {
                Failure::because(&format!("could not listen on {}", config.listen), &error)
            };
            // Before the folder is made: a start that fails leaves no ledger behind. An address is
            // taken only once a socket listens there (socket(7), SO_REUSEADDR). Whoever connects
            // before the ledger is open waits for an answer.
            let listener = TcpListener::bind(config.listen).await.map_err(not_listening)?;
            // Before the folder is made, because a stop takes back what the start has made.
            let stop = stop()?.boxed().shared();
            let is_stopped = || stop.clone().now_or_never().is_some();
            let opened = tokio::select! {
                biased;
                () = stop.clone() => None,
                opened = open_until(&store, is_stopped) => Some(opened?),
            };
            let Some(ledger) = opened else {
                tracing::info!("stopped before the ledger was open");
                return Ok(());
            };
            // After opening the ledger, because that makes the folder.
            let services = services(&ledger, &config).await?;
            // The system chose the port if the settings name port 0.
            tracing::info!(address = %listener.local_addr()?, "listening");
            ledger.first_start().succeed();
            let router = http::router_with(ledger.clone(), services);
            let ended = cluster::ended(&ledger);
            tokio::select! {
                () = http::serve(listener, router, stop) => {}
                () = ended => return Err(Failure::unreachable(
                    "the cluster is no longer followed and only a restart helps: start it again",
                )),
            }
            tracing::info!("stopped");
            Ok(())
        })
    }
}

/// The parts that are served beside the ledger.
async fn services(ledger: &Ledger, config: &Config) -> Result<http::Services, Failure> {
    let refusals = Refusals::open(&config.data, clock::now).unwrap_or_else(|error| {
        tracing::warn!(error = %Causes(&error), "refusals are kept in memory only");
        Refusals::in_memory(clock::now)
    });
    let lists = Some(lists(ledger, &config.data).await?);
    let effective_every = Duration::from_secs(config.effective_every);
    let projections = Projections::start(ledger.clone(), &config.data, effective_every)
        .map_err(|error| Failure::because("the projections cannot be opened", &error))?;
    let projections = Some(projections);
    let hosts = http::ServedHosts::new(config.listen.ip(), &config.public_host);
    Ok(http::Services { lists, projections, refusals, hosts })
}

/// Raises the limit of open files as far as the system allows. Each connection is a file, and many
/// systems begin with a limit of 1,024.
fn allow_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or(FILES_MAX, |most| most.min(FILES_MAX));
    if limit.current.is_none_or(|current| current >= most) {
        return;
    }
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..limit });
    if let Err(error) = raised {
        tracing::warn!(error = %error, "the limit of open files could not be raised");
    }
    if most < FILES_MAX {
        tracing::warn!(
            files = most,
            "fewer connections than the service takes; raise the hard limit of open files"
        );
    }
}

/// The store that the configuration names.
fn store(config: &Config) -> Result<StoreConfig, Failure> {
    let folder = config.data.clone();
    let Some(store) = &config.store else { return Ok(StoreConfig::Folder(folder)) };
    let address = cluster::address(store, config.store_credentials.as_deref())?;
    Ok(StoreConfig::Cluster { address: Box::new(address), folder })
}

/// Opens a ledger, making one where there is none, with progress. A new ledger is taken back when
/// it is dropped without a record, unless the caller ends its first start.
pub async fn open(store: &StoreConfig) -> Result<Ledger, Failure> {
    open_until(store, || false).await
}

/// Opens a ledger as [`open`] does, and ends the process once `is_stopped` while the index catches
/// up. That takes long only where the ledger has many records, and never waits for anything, so no
/// `select!` could end it; the next start catches up from there, as after a kill.
async fn open_until(store: &StoreConfig, is_stopped: impl Fn() -> bool) -> Result<Ledger, Failure> {
    let (name, what) = match store {
        StoreConfig::Folder(folder) => (folder.display().to_string(), CATCHING_UP),
        StoreConfig::Cluster { address, .. } => (address.to_string(), "reading the cluster's log"),
    };
    let mut bar = progress::LateBar::new(what);
    let mut progress = |done, total| {
        bar.show(done, total);
        if is_stopped() {
            std::process::exit(0);
        }
    };
    let ledger = Ledger::open(store, &mut progress).await;
    let ledger = ledger.map_err(|error| Failure::because(&name, &error))?;
    ledger.first_start().note_missing(&LISTS_START_FILES);
    ledger.first_start().note_missing(&refusals::START_FILES);
    Ok(ledger)
}

/// Opens the ledger in a folder to read only, with progress.
pub fn open_to_read(folder: &Path) -> Result<Ledger, Failure> {
    let mut bar = progress::LateBar::new(CATCHING_UP);
    let ledger = Ledger::open_to_read(folder, &mut |done, total| bar.show(done, total));
    ledger.map_err(|error| Failure::because(&folder.display().to_string(), &error))
}

/// Starts the worker that keeps the lists of a ledger.
pub async fn lists(ledger: &Ledger, folder: &Path) -> Result<Lists, Failure> {
    let lists = Lists::start(ledger.clone(), folder, clock::now).await;
    lists.map_err(|error| Failure::because(&folder.display().to_string(), &error))
}

/// Ready when the process is asked to stop.
///
/// # Errors
/// When signals cannot be listened to.
pub fn stop() -> Result<impl Future<Output = ()>, Failure> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

//! `care-ledger serve`: the ledger as a service.

use std::path::Path;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::failure::Failure;
use super::{progress, wait};
use crate::config::{Config, ConfigError, Flags, LogFormat};
use crate::http;
use crate::ledger::{Ledger, clock};
use crate::refusals::Refusals;

/// Run the ledger as a service.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger serve\n  \
    care-ledger serve --data /srv/ledger --listen 127.0.0.1:8080\n  \
    CARE_LEDGER_LOG_FORMAT=json care-ledger serve\n  \
    care-ledger serve --print-config > ledger.toml && care-ledger serve --config ledger.toml\n\n\
    Ready when GET /health answers 200. Stop with Ctrl-C or SIGTERM.")]
pub struct Serve {
    #[command(flatten)]
    flags: Flags,
    /// Print the settings in force as a configuration file, and stop
    #[arg(long)]
    print_config: bool,
}

impl Serve {
    /// Serves until told to stop.
    pub fn run(self) -> Result<(), Failure> {
        let config = Config::new(self.flags).map_err(|error| match error {
            ConfigError::Unreadable(..) => Failure::because("no settings", &error),
            _ => Failure::usage(error.to_string()),
        })?;
        if self.print_config {
            return super::print(config.print());
        }
        log_to_stderr(&config.log, config.log_format)?;
        let ledger = open(&config.data)?;
        let refusals = Refusals::open(&config.data, clock::now).unwrap_or_else(|error| {
            tracing::warn!(error = %error, "refusals are kept in memory only");
            Refusals::in_memory(clock::now)
        });
        wait(async {
            let listener = TcpListener::bind(config.listen).await.map_err(|error| {
                Failure::because(&format!("could not listen on {}", config.listen), &error)
            })?;
            tracing::info!(address = %config.listen, "listening");
            let stop = stop()?;
            http::serve(listener, http::router_keeping(ledger, refusals), stop).await;
            tracing::info!("stopped");
            Ok(())
        })?
    }
}

/// Opens the ledger in a folder, making one where there is none, with progress.
pub fn open(folder: &Path) -> Result<Ledger, Failure> {
    let mut bar = None;
    let ledger = Ledger::open(folder, &mut |done, total| {
        bar.get_or_insert_with(|| progress::bar("catching the index up", total)).set_position(done);
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    ledger.map_err(|error| Failure::because(&folder.display().to_string(), &error))
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

/// Starts logging.
///
/// # Errors
/// Wrong usage, when the filter is none.
pub fn log_to_stderr(filter: &str, format: LogFormat) -> Result<(), Failure> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .map_err(|_| Failure::usage("--log takes error, warn, info, debug, or a filter"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}

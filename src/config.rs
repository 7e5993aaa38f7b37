//! Every setting of the service: its flag, its variable, its default and unit.
//! Always: a flag wins over a variable, a variable over the file, the file over the default.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// The data folder, unless a setting names another.
pub const DATA_DEFAULT: &str = "data/ledger";

/// The address to listen on, unless a setting names another.
pub const LISTEN_DEFAULT: &str = "127.0.0.1:8080";

/// The seconds between two builds of a projection that became stale, unless a setting says
/// otherwise.
pub const EFFECTIVE_EVERY_DEFAULT: u64 = 600;

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Plain text, for people.
    Text,
    /// One JSON object on each line, for machines.
    Json,
}

/// The settings as flags and variables; absent ones come from the file or the defaults.
#[derive(Debug, Clone, Default, Args)]
pub struct ServeFlags {
    /// The data folder [default: data/ledger]
    #[arg(long, value_name = "DIR", env = "CARE_LEDGER_DATA")]
    pub data: Option<PathBuf>,
    /// A cluster instead of the folder: esdb://HOST:PORT,HOST:PORT?tlsCaFile=…, or
    /// esdb+discover://NAME. The folder then holds this replica's key and its copy of the log
    #[arg(long, value_name = "ADDRESS", env = "CARE_LEDGER_STORE", hide_env_values = true)]
    pub store: Option<String>,
    /// A file with one line, user:password, for the cluster; it wins over a login in the address
    #[arg(long, value_name = "FILE", env = "CARE_LEDGER_STORE_CREDENTIALS")]
    pub store_credentials: Option<PathBuf>,
    /// The address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT", env = "CARE_LEDGER_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Allow an address that other machines reach. There is no access control yet: anyone who
    /// reaches the port reads and writes everything
    #[arg(
        long,
        value_name = "BOOL",
        env = "CARE_LEDGER_LISTEN_PUBLICLY",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub listen_publicly: Option<bool>,
    /// A name under which the service is reached, such as that of a proxy in front; may be
    /// repeated, or hold several with commas. Requests for other hosts are refused (421), except
    /// for localhost and the address listened on
    #[arg(long, value_name = "NAME", env = "CARE_LEDGER_PUBLIC_HOST", value_delimiter = ',')]
    pub public_host: Vec<String>,
    /// Seconds between two builds of a projection that reads the records in force and cannot take
    /// new ones in, at least [default: 600]
    #[arg(long, value_name = "SECONDS", env = "CARE_LEDGER_EFFECTIVE_EVERY")]
    pub effective_every: Option<u64>,
    /// The lowest level to log: error, warn, info or debug; or a filter such as care_ledger=debug
    /// [default: info]
    #[arg(long, value_name = "FILTER", env = "CARE_LEDGER_LOG")]
    pub log: Option<String>,
    /// The form of log lines [default: text]
    #[arg(long, value_name = "FORMAT", env = "CARE_LEDGER_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
    /// A TOML file with any of these settings, by the names that --print-config shows
    #[arg(long, value_name = "FILE", env = "CARE_LEDGER_CONFIG")]
    pub config: Option<PathBuf>,
}

/// The settings in the configuration file; absent ones come from the defaults.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct InFile {
    data: Option<PathBuf>,
    store: Option<String>,
    store_credentials: Option<PathBuf>,
    listen: Option<SocketAddr>,
    listen_publicly: Option<bool>,
    public_host: Option<Vec<String>>,
    effective_every: Option<u64>,
    log: Option<String>,
    log_format: Option<LogFormat>,
}

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// The address of the cluster, if a cluster holds the ledger instead of the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// The file with the credentials for the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_credentials: Option<PathBuf>,
    /// The address and port to listen on.
    pub listen: SocketAddr,
    /// Whether `listen` may be an address that other machines reach.
    pub listen_publicly: bool,
    /// Names under which the service is reached, beside localhost and the address listened on.
    pub public_host: Vec<String>,
    /// Seconds between two builds of a projection that became stale, at least.
    pub effective_every: u64,
    /// The filter of log lines: a level, or targets with levels.
    pub log: String,
    /// The form of log lines.
    pub log_format: LogFormat,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read: look at its path and its rights.
    #[error("the configuration file {} could not be read", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file is not TOML, or a setting in it is unknown or has a wrong value.
    #[error("the configuration file {} is not valid: {}", .0.display(), .1.message())]
    Invalid(PathBuf, Box<toml::de::Error>),
    /// Other machines would reach a service without access control.
    #[error(
        "{0} can be reached from other machines, and there is no access control yet: listen on \
         127.0.0.1, or say --listen-publicly if something in front of it keeps others out"
    )]
    Public(SocketAddr),
    /// A public host with a scheme, a port or a path: give the name alone.
    #[error(
        "{0:?} is no host: --public-host takes a name such as ledger.example.be, without a port"
    )]
    Host(String),
}

impl Config {
    /// Joins flags and variables, the file, and the defaults. Refuses an address that other
    /// machines reach, unless `listen_publicly` allows it.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn new(flags: ServeFlags) -> Result<Self, ConfigError> {
        let file = flags.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let listen = flags.listen.or(file.listen);
        let config = Self {
            data: flags.data.or(file.data).unwrap_or_else(|| DATA_DEFAULT.into()),
            store: flags.store.or(file.store),
            store_credentials: flags.store_credentials.or(file.store_credentials),
            listen: listen.unwrap_or_else(|| {
                LISTEN_DEFAULT.parse().expect("the default address is an address")
            }),
            listen_publicly: flags.listen_publicly.or(file.listen_publicly).unwrap_or(false),
            public_host: Some(flags.public_host)
                .filter(|names| !names.is_empty())
                .or(file.public_host)
                .unwrap_or_default(),
            effective_every: flags
                .effective_every
                .or(file.effective_every)
                .unwrap_or(EFFECTIVE_EVERY_DEFAULT),
            log: flags.log.or(file.log).unwrap_or_else(|| "info".to_owned()),
            log_format: flags.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
        };
        if !config.listen.ip().is_loopback() && !config.listen_publicly {
            return Err(ConfigError::Public(config.listen));
        }
        if let Some(name) = config.public_host.iter().find(|name| !is_host(name)) {
            return Err(ConfigError::Host(name.clone()));
        }
        Ok(config)
    }

    /// The settings as a configuration file that gives the same settings. A login in the address
    /// of the cluster is left out: a password belongs in the file of credentials.
    pub fn print(&self) -> String {
        let store = self.store.as_deref().map(without_login);
        toml::to_string(&Self { store, ..self.clone() }).expect("settings serialise into memory")
    }
}

/// A connection string without `user:password@`. The login ends at the last `@`, because a password
/// may hold `/`, `?` or `@`.
fn without_login(store: &str) -> String {
    let (scheme, rest) = store.split_once("://").unwrap_or(("esdb", store));
    let login_end = rest.rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[login_end..])
}

/// Whether a text is the name of a host, or an address.
fn is_host(text: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "-._".contains(sign);
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok() || (!text.is_empty() && text.chars().all(is_sign))
}

fn read(path: &Path) -> Result<InFile, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable(path.to_owned(), error))?;
    toml::from_str(&text).map_err(|error| ConfigError::Invalid(path.to_owned(), Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.toml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let (_folder, path) = file("listen = \"127.0.0.1:9000\"\ndata = \"/srv/ledger\"\n");
        let flags = ServeFlags {
            config: Some(path),
            listen: Some("127.0.0.1:9001".parse().unwrap()),
            ..ServeFlags::default()
        };
        let config = Config::new(flags).unwrap();
        assert_eq!(config.listen.port(), 9001);
        assert_eq!(config.data, PathBuf::from("/srv/ledger"));
        assert_eq!(config.log, "info");
    }

    #[test]
    fn printed_settings_read_back() {
        let config = Config::new(ServeFlags::default()).unwrap();
        let (_folder, path) = file(&config.print());
        let again =
            Config::new(ServeFlags { config: Some(path), ..ServeFlags::default() }).unwrap();
        assert_eq!(again, config);
    }

    #[test]
    fn a_password_is_not_printed() {
        let store = "esdb://ops:secret@db1:2113,db2:2113?tls=false".to_owned();
        let config =
            Config::new(ServeFlags { store: Some(store), ..ServeFlags::default() }).unwrap();
        let printed = config.print();
        assert!(printed.contains("store = \"esdb://db1:2113,db2:2113?tls=false\""), "{printed}");
        assert!(!printed.contains("secret"));
        for store in ["esdb://ops:a/secret@db1:2113", "esdb://ops:secret?x=1@db1", "secret@db1"] {
            assert!(!without_login(store).contains("secret"), "{store}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let (_folder, path) = file("lissen = 1\n");
        let refused =
            Config::new(ServeFlags { config: Some(path), ..ServeFlags::default() }).unwrap_err();
        assert!(refused.to_string().contains("lissen"), "{refused}");
    }

    #[test]
    fn other_machines_are_let_in_only_by_a_setting() {
        let listen = Some("0.0.0.0:8080".parse().unwrap());
        let refused = Config::new(ServeFlags { listen, ..ServeFlags::default() }).unwrap_err();
        assert!(refused.to_string().contains("--listen-publicly"));
        let public = |listen_publicly, config| {
            Config::new(ServeFlags { listen, listen_publicly, config, ..ServeFlags::default() })
        };
        assert!(public(Some(true), None).is_ok());
        let (_folder, path) = file("listenPublicly = true\n");
        assert!(public(None, Some(path.clone())).is_ok());
        assert!(public(Some(false), Some(path)).is_err(), "a flag or variable wins over the file");
    }
}

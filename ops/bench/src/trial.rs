//! One contender under one load: processes started, load applied, the count verified.
//! Always: a ledger starts empty, and is killed (SIGKILL) before what it kept is counted.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::ValueEnum;

use crate::measure::{Report, Window};
use crate::process::Server;
use crate::profile::Profile;
use crate::{Failure, connection, http, postgres, umadb};

/// The result of one trial.
pub struct Trial {
    /// The figures of the client.
    pub report: Report,
    /// The number of events that the contender has afterwards.
    pub counted: u64,
}

/// Where trials are held.
pub struct Ground {
    /// A folder on the disk that is to be measured.
    pub folder: PathBuf,
    /// How long each takes.
    pub window: Window,
    /// The folder for the output of `perf`; `None`: `perf` does not run.
    pub profile: Option<PathBuf>,
}

impl Ground {
    /// The folder of the ledger; the log of the last trial stays there.
    pub fn data(&self) -> PathBuf {
        self.folder.join("ledger")
    }

    /// The server over the embedded store. Its events are counted twice: by the running server, and
    /// from the log after the server was killed.
    pub fn ledger(&self, load: http::Load) -> Result<Trial, Failure> {
        let data = self.data();
        emptied(&data)?;
        let mut server = Server::ledger(&data)?;
        let report = self.load(&server, load)?;
        let acknowledged = connection::position(server.address)?;
        server.kill()?;
        let position = crate::ledger_in(&data)?.tail().number();
        if position != acknowledged {
            let why = format!("{acknowledged} events acknowledged, {position} after a kill");
            return Err(why.into());
        }
        Ok(Trial { report, counted: position })
    }

    /// The same server under `perf`; its ledger is removed afterwards.
    pub fn looked_at(&self, load: http::Load) -> Result<(Option<String>, Report), Failure> {
        let data = self.folder.join("looked-at");
        let server = Server::ledger(&data)?;
        let profile = Profile::start(server.id(), &self.folder);
        let report = send(&server, load, self.window)?;
        drop(server);
        let summary = profile.map(Profile::summary).transpose()?;
        emptied(&data)?;
        Ok((summary, report))
    }

    /// The same server over a store that keeps nothing.
    pub fn ceiling(&self, load: http::Load) -> Result<Trial, Failure> {
        let server = Server::ceiling()?;
        let report = self.load(&server, load)?;
        Ok(Trial { report, counted: connection::position(server.address)? })
    }

    /// The folder of UmaDB; the log of the last trial stays there.
    pub fn umadb_data(&self) -> PathBuf {
        self.folder.join("umadb")
    }

    /// UmaDB.
    pub fn umadb(&self, program: &Path, load: umadb::Load) -> Result<Trial, Failure> {
        let data = self.umadb_data();
        emptied(&data)?;
        let server = Server::umadb(program, &data)?;
        let report = client("umadb", self.window, |client| {
            client
                .args(["--address", &server.address.to_string()])
                .args(["--process", &server.id().to_string()])
                .args(["--way", &name(load.way)])
                .args(["--events", &load.events.to_string()])
                .args(["--connections", &load.connections.to_string()]);
        })?;
        Ok(Trial { report, counted: umadb::count(server.address)? })
    }

    /// PostgreSQL.
    pub fn postgres(
        &self,
        cluster: &postgres::Cluster,
        load: postgres::Load,
    ) -> Result<Trial, Failure> {
        let report = client("postgres", self.window, |client| {
            client
                .arg("--socket")
                .arg(&cluster.socket)
                .args(["--user", &cluster.user])
                .args(["--process", &cluster.process.to_string()])
                .args(["--way", &name(load.way)])
                .args(["--rows", &load.rows.to_string()])
                .args(["--connections", &load.connections.to_string()]);
        })?;
        Ok(Trial { report, counted: postgres::count(cluster)? })
    }

    fn load(&self, server: &Server, load: http::Load) -> Result<Report, Failure> {
        let profiler = self.profile.as_deref().map(|to| self.profiler(server, to)).transpose()?;
        let report = send(server, load, self.window);
        if let Some(mut profiler) = profiler {
            profiler.wait()?;
        }
        report
    }

    /// Looks at the server from about the end of the warm-up. Stacks are unwound afterwards, from
    /// 16 KiB copies, so that the server is the one that is released.
    fn profiler(&self, server: &Server, to: &Path) -> Result<Child, Failure> {
        let (process, to) = (server.id(), to.display());
        let (wait, look) = (self.window.warm_up + 1.0, self.window.seconds - 1.0);
        let script = format!(
            "sleep {wait}; exec perf record -q -F 499 -g --call-graph dwarf,16384 \
             -p {process} -o {to} -- sleep {look}"
        );
        Ok(Command::new("sh").args(["-c", &script]).spawn()?)
    }
}

/// Sends a load to a ledger from a separate process.
pub fn send(server: &Server, load: http::Load, window: Window) -> Result<Report, Failure> {
    client("http", window, |client| {
        client
            .args(["--address", &server.address.to_string()])
            .args(["--process", &server.id().to_string()])
            .args(["--form", &name(load.form)])
            .args(["--events", &load.events.to_string()])
            .args(["--connections", &load.connections.to_string()])
            .args(["--first", &load.first.to_string()]);
    })
}

/// Removes the files of an earlier trial.
fn emptied(folder: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Starts a client of this program and reads what it measured.
fn client(
    which: &str,
    window: Window,
    arguments: impl FnOnce(&mut Command),
) -> Result<Report, Failure> {
    let mut client = Command::new(std::env::current_exe()?);
    client
        .arg(which)
        .args(["--warm-up", &window.warm_up.to_string()])
        .args(["--seconds", &window.seconds.to_string()])
        .stderr(Stdio::inherit());
    arguments(&mut client);
    let output = client.output()?;
    if !output.status.success() {
        return Err(format!("the client ({which}) failed").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A choice, as the command line spells it.
pub fn name(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

//! A ledger in a separate process, for the tests that need a process: of a crash, a signal, the
//! command line, memory. Every other test serves its ledger in the test process (`service`).

use std::io::{BufRead as _, BufReader};
use std::ops::Deref;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use super::client::Client;
use super::command::binary;
use super::until;

/// An address at which the system chooses a free port.
pub const ANY_PORT: &str = "127.0.0.1:0";

/// The log of a server: its errors, the line that names its address, and when projections write.
const LOG: &str = "error,care_ledger::cli::serve=info,care_ledger::projection::runner=debug";

/// A served ledger; it is killed when dropped.
pub struct Server {
    pub child: Child,
    client: Client,
    /// Receives the address at which the server listens.
    listens: Receiver<String>,
    /// Receives what the server says while it works: the lines of its log at the level DEBUG.
    pub notes: Receiver<String>,
}

impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Server {
    /// Starts a ledger on a data folder, and waits until it is UP.
    pub fn start(data: &Path) -> Self {
        Self::spawn(data).up()
    }

    /// Starts a ledger at an address where clients expect the ledger again, and waits until it is
    /// UP.
    pub fn start_at(data: &Path, address: &str) -> Self {
        Self::spawn_with(Command::new(binary()), data, address, &[]).up()
    }

    /// Waits until the server listens. Before that it has no address.
    pub fn listening(mut self) -> Self {
        let address = self.listens.recv_timeout(Duration::from_secs(60));
        self.client = Client::new(&address.expect("the server listens, and did not stop before"));
        self
    }

    /// Whether the server has said that it listens.
    pub fn has_listened(&self) -> bool {
        self.listens.try_recv().is_ok()
    }

    /// Waits until the ledger is UP.
    pub fn up(self) -> Self {
        let mut server = self.listening();
        until("up", || {
            assert!(server.child.try_wait().unwrap().is_none(), "the server stopped at its start");
            server.client.is_up()
        });
        server
    }

    /// Starts a ledger on a data folder, and does not wait.
    pub fn spawn(data: &Path) -> Self {
        Self::spawn_with(Command::new(binary()), data, ANY_PORT, &[])
    }

    /// Starts a replica of a cluster at an address, and waits until it is UP.
    pub fn replica(data: &Path, address: &str, store: &str) -> Self {
        Self::spawn_with(Command::new(binary()), data, address, &["--store", store]).up()
    }

    /// Starts a ledger by a command that ends in the binary, and does not wait.
    pub fn spawn_with(mut by: Command, data: &Path, address: &str, more: &[&str]) -> Self {
        let mut child = by
            .args(["serve", "--listen", address, "--log", LOG, "--data"])
            .arg(data)
            .args(more)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (listens, address_later) = mpsc::channel();
        let log = child.stderr.take().unwrap();
        let (noted, notes) = mpsc::channel();
        std::thread::spawn(move || read_log(log, &listens, &noted));
        Self { child, client: Client::new(address), listens: address_later, notes }
    }

    /// Kills the process as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops the process as an operator does; returns whether it ended well.
    pub fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        self.child.wait().unwrap().success()
    }
}

/// Reads the log of a server: sends on the address at which it listens and its notes, and prints
/// errors.
fn read_log(log: ChildStderr, listens: &Sender<String>, noted: &Sender<String>) {
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        match line.split_once("listening address=") {
            // A test that kills its server at the start does not wait for the address.
            Some((_, address)) => drop(listens.send(address.to_owned())),
            None if line.contains(" INFO ") => {}
            // Most tests do not read these.
            None if line.contains(" DEBUG ") => drop(noted.send(line)),
            None => eprintln!("{line}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

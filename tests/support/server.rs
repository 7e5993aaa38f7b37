//! A ledger in a separate process, for the tests that need a process: of a crash, a signal, the
//! command line, memory. Every other test serves its ledger in the test process (`service`).

use std::ops::Deref;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::{Client, free_address};
use super::command::binary;

/// A served ledger; it is killed when dropped.
pub struct Server {
    pub child: Child,
    client: Client,
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

    /// Waits until the ledger is UP.
    pub fn up(mut self) -> Self {
        let started = Instant::now();
        while !self.is_up() {
            assert!(started.elapsed() < Duration::from_secs(60), "the server did not come up");
            assert!(self.child.try_wait().unwrap().is_none(), "the server stopped at its start");
            std::thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// Starts a ledger on a data folder, and does not wait.
    pub fn spawn(data: &Path) -> Self {
        Self::spawn_with(Command::new(binary()), data, &free_address(), &[])
    }

    /// Starts a replica of a cluster at an address, and waits until it is UP.
    pub fn replica(data: &Path, address: &str, store: &str) -> Self {
        Self::spawn_with(Command::new(binary()), data, address, &["--store", store]).up()
    }

    /// Starts a ledger by a command that ends in the binary, and does not wait.
    pub fn spawn_with(mut by: Command, data: &Path, address: &str, more: &[&str]) -> Self {
        let child = by
            .args(["serve", "--listen", address, "--log", "error", "--data"])
            .arg(data)
            .args(more)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, client: Client::new(address) }
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

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

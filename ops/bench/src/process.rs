//! The servers, each in a separate process.
//! Always: a server ends with its parent process (`setpriv --pdeathsig`), and is killed (SIGKILL)
//! rather than asked to stop.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::machine::{self, Memory};
use crate::{Failure, umadb};

/// A start that takes longer has failed: an index over 10 million records is rebuilt in 15 s.
const START_MAX: Duration = Duration::from_secs(600);

/// Between two looks whether a server answers.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A server, until it is dropped.
pub struct Server {
    process: Child,
    /// The address at which the server listens.
    pub address: SocketAddr,
    /// The time until the server answered.
    pub started_in: Duration,
}

impl Server {
    /// `care-ledger serve`, as it is released, over a data folder.
    pub fn ledger(data: &Path) -> Result<Self, Failure> {
        let address = free_address()?;
        let mut command = bound(&beside("care-ledger")?);
        command.arg("serve").arg("--data").arg(data).args(["--listen", &address.to_string()]);
        command.args(["--log", "warn"]);
        Self::start(command, address, answers_up)
    }

    /// The same over a store that keeps nothing.
    pub fn ceiling() -> Result<Self, Failure> {
        let address = free_address()?;
        let mut command = bound(&beside("bench")?);
        command.args(["ceiling", "--listen", &address.to_string()]);
        Self::start(command, address, answers_up)
    }

    /// UmaDB over a folder, with its log beside that.
    pub fn umadb(program: &Path, folder: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder)?;
        let address = free_address()?;
        let log = File::create(folder.with_extension("log"))?;
        let mut command = bound(program);
        command.args(["--listen", &address.to_string()]).arg("--db-path").arg(folder);
        command.stdout(log.try_clone()?).stderr(log);
        Self::start(command, address, umadb::answers)
    }

    fn start(
        mut command: Command,
        address: SocketAddr,
        answers: impl Fn(SocketAddr) -> bool,
    ) -> Result<Self, Failure> {
        let since = Instant::now();
        let process = command.stdin(Stdio::null()).spawn()?;
        let mut server = Self { process, address, started_in: Duration::ZERO };
        while !answers(address) {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("a server did not start: {status}").into());
            }
            if since.elapsed() > START_MAX {
                return Err("a server did not start in time".into());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        server.started_in = since.elapsed();
        Ok(server)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its memory.
    pub fn memory(&self) -> Memory {
        machine::memory(self.id())
    }

    /// Kills the server.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.kill();
    }
}

/// A program that ends when this thread does.
pub fn bound(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// A program that was built beside this one.
pub fn beside(name: &str) -> Result<std::path::PathBuf, Failure> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// An address that nobody listened at a moment ago.
fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn answers_up(address: SocketAddr) -> bool {
    let health = crate::alone(async { Connection::to(address).await?.get("/health").await });
    health.is_ok_and(|(status, _)| status == 200)
}

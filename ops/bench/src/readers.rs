//! Readers of the feed that stay connected: readers that read all text, and readers that stop
//! reading.
//! Always: each reader had a good answer before the process says that it is ready; the readers
//! leave when standard input closes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::{Failure, connection};

/// A small receive buffer: text that is not read waits in the server, not in the kernel.
const RECEIVE_BYTES: u32 = 4 * 1024;

/// Readers that connect at once.
const CONNECTING: usize = 64;

/// Requests that a reader of pages sends ahead.
const PAGES_AHEAD: usize = 100;

/// The longest wait for the head of an answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// How the answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Feed {
    /// In pages, many asked for ahead
    Pages,
    /// As it grows (`text/event-stream`)
    Live,
}

/// The habit of a reader after the head of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Habit {
    /// Reads what comes
    Reads,
    /// Reads the head of the answer and no more
    Stalls,
}

/// Readers, all of one kind.
#[derive(Debug, Clone, clap::Args)]
pub struct Readers {
    /// The server
    #[arg(long)]
    pub address: SocketAddr,
    /// How many
    #[arg(long)]
    pub count: usize,
    /// What they ask for
    #[arg(long)]
    pub path: String,
    /// How
    #[arg(long, value_enum)]
    pub feed: Feed,
    /// And then
    #[arg(long, value_enum)]
    pub habit: Habit,
}

/// A process of readers, until it is dropped.
pub struct Reading(Child);

impl Readers {
    /// Starts them in a process of their own, and waits until each is answered.
    pub fn start(&self) -> Result<Reading, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("readers")
            .args(["--address", &self.address.to_string()])
            .args(["--count", &self.count.to_string()])
            .args(["--path", &self.path])
            .args(["--feed", &crate::trial::name(self.feed)])
            .args(["--habit", &crate::trial::name(self.habit)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = process.stdout.as_mut().ok_or("the readers have no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let reading = Reading(process);
        if line.trim() == "ready" { Ok(reading) } else { Err("the readers did not start".into()) }
    }

    /// Reads until standard input closes, then says how many the server had closed.
    pub fn run(self) -> Result<(), Failure> {
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit })?;
        let closed = Arc::new(AtomicUsize::new(0));
        crate::alone(async {
            let opening = (0..self.count).map(|_| self.open());
            let open: Vec<TcpStream> =
                futures::stream::iter(opening).buffer_unordered(CONNECTING).try_collect().await?;
            let mut held = Vec::new();
            for stream in open {
                match self.habit {
                    Habit::Stalls => held.push(stream),
                    Habit::Reads => drop(tokio::spawn(read(stream, closed.clone()))),
                }
            }
            println!("ready");
            std::io::stdout().flush()?;
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
            Ok(())
        })?;
        println!("{}", closed.load(Relaxed));
        Ok(())
    }

    async fn open(&self) -> Result<TcpStream, Failure> {
        let socket = TcpSocket::new_v4()?;
        if self.habit == Habit::Stalls {
            socket.set_recv_buffer_size(RECEIVE_BYTES)?;
        }
        let mut stream = socket.connect(self.address).await?;
        let (accept, times) = match self.feed {
            Feed::Live => ("text/event-stream", 1),
            Feed::Pages => ("application/json", PAGES_AHEAD),
        };
        stream.write_all(&connection::get(&self.path, accept).repeat(times)).await?;
        let mut head = Vec::new();
        while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            let more = tokio::time::timeout(ANSWER_MAX, stream.read_buf(&mut head)).await?;
            if more? == 0 {
                return Err("a reader was sent away".into());
            }
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let good = head.starts_with("http/1.1 200") && head.contains(&format!("type: {accept}"));
        if good { Ok(stream) } else { Err("a reader was answered otherwise".into()) }
    }
}

/// Reads until the server closes.
async fn read(mut stream: TcpStream, closed: Arc<AtomicUsize>) {
    let mut ignored = vec![0; 1024];
    while let Ok(1..) = stream.read(&mut ignored).await {}
    closed.fetch_add(1, Relaxed);
}

impl Reading {
    /// Lets them go; says how many the server had closed.
    pub fn stop(mut self) -> Result<usize, Failure> {
        drop(self.0.stdin.take());
        let mut closed = String::new();
        let output = self.0.stdout.as_mut().ok_or("the readers have no output")?;
        output.read_to_string(&mut closed)?;
        self.0.wait()?;
        Ok(closed.trim().parse()?)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // They may have gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a server has a live feed.
pub fn has_live(address: SocketAddr) -> bool {
    let path = "/v1/events".to_owned();
    let (count, feed, habit) = (1, Feed::Live, Habit::Stalls);
    let reader = Readers { address, count, path, feed, habit };
    crate::alone(async { reader.open().await.map(drop) }).is_ok()
}

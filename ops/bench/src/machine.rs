//! A description of the machine, and the use of its processors.
//! Form: Linux, proc(5).

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Failure;

/// `USER_HZ`, which is 100 on every Linux of today's processors.
const TICKS_A_SECOND: f64 = 100.0;

/// Seconds of processor time.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Cpu {
    /// Processor time of the server's processes.
    pub server: f64,
    /// Processor time of the client.
    pub client: f64,
    /// Processor time of all other processes, and time that the host took.
    pub other: f64,
}

impl Cpu {
    /// The processor time used so far; the server's time is given.
    pub fn now(server: f64) -> Result<Self, Failure> {
        let client = of_process(std::process::id());
        Ok(Self { server, client, other: all()? - server - client })
    }

    /// The processor time used since an earlier moment.
    pub fn since(self, before: Self) -> Self {
        Self {
            server: self.server - before.server,
            client: self.client - before.client,
            other: (self.other - before.other).max(0.0),
        }
    }
}

/// All processor time that was not idle, and time that the host took.
fn all() -> Result<f64, Failure> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().ok_or("/proc/stat is empty")?;
    let ticks: Vec<f64> = line.split_whitespace().skip(1).flat_map(str::parse).collect();
    // user nice system idle iowait irq softirq steal; guest is in user.
    let busy = ticks.iter().take(8).enumerate().filter(|(place, _)| !matches!(place, 3 | 4));
    Ok(busy.map(|(_, ticks)| ticks).sum::<f64>() / TICKS_A_SECOND)
}

/// The processor time of a process; 0 once it has gone.
pub fn of_process(process: u32) -> f64 {
    stat(process).map_or(0.0, |(_, seconds)| seconds)
}

/// The processor time of a process and its children that live.
pub fn of_family(parent: u32) -> f64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let of =
        |process: u32| stat(process).map(|(its_parent, seconds)| (process, its_parent, seconds));
    processes
        .filter_map(of)
        .filter(|(process, its_parent, _)| *process == parent || *its_parent == parent)
        .map(|(_, _, seconds)| seconds)
        .sum()
}

/// Memory of a process, in MiB.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Now.
    pub resident: f64,
    /// At most, so far.
    pub peak: f64,
}

/// The memory of a process; 0 once it has gone.
pub fn memory(process: u32) -> Memory {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse::<f64>().ok()
    };
    let mebibytes = |name| of(name).unwrap_or(0.0) / 1024.0;
    Memory { resident: mebibytes("VmRSS:"), peak: mebibytes("VmHWM:") }
}

fn stat(process: u32) -> Option<(u32, f64)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    let parent = fields.get(1)?.parse().ok()?;
    Some((parent, (ticks(11)? + ticks(12)?) / TICKS_A_SECOND))
}

/// The length of a file, or of all files in a folder; 0 where there is none.
pub fn bytes_of(path: &Path) -> u64 {
    let Ok(found) = fs::metadata(path) else { return 0 };
    if !found.is_dir() {
        return found.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| bytes_of(&entry.path())).sum()
}

/// The machine, the time, and what is measured.
pub fn today(commit: &str) -> String {
    let now = chrono::Utc::now().format("%Y-%m-%d %H:%M UTC");
    format!("{}; {now}; commit {commit}.", describe())
}

/// One line: processor, cores, kernel, load.
fn describe() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, Linux {}", kernel.trim())
}

/// The load averages of 1, 5 and 15 minutes.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// How long an append of 4 KiB and its sync take on this disk: half of them less than this.
pub fn sync_median(folder: &Path) -> Result<Duration, Failure> {
    const SYNCS: usize = 200;
    let path = folder.join("sync-probe");
    let mut file = File::create(&path)?;
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let started = Instant::now();
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        took.push(started.elapsed());
    }
    fs::remove_file(path)?;
    took.sort_unstable();
    Ok(took[SYNCS / 2])
}

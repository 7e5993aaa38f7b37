//! Where a process spends its time, for a figure that falls short: `perf`, summed by whose code it
//! is.
//! Always: beside no measured line; without `perf` there is no sentence.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;

/// Shares below this are not printed.
const SHARE_MIN: f64 = 2.5;

/// The standard library's parts, which work for whoever called them.
const STANDARD: [&str; 4] = ["alloc", "core", "hashbrown", "std"];

/// A process being looked at.
pub struct Profile {
    perf: Child,
    file: PathBuf,
}

impl Profile {
    /// Starts to look. `None`: there is no `perf`.
    pub fn start(process: u32, folder: &Path) -> Option<Self> {
        let file = folder.join("profile.perf");
        let perf = Command::new("perf")
            .args(["record", "-q", "-F", "499", "-p", &process.to_string(), "-o"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        Some(Self { perf, file })
    }

    /// Stops, and says by whose code the time went.
    pub fn summary(mut self) -> Result<String, Failure> {
        let perf = Pid::from_raw(i32::try_from(self.perf.id())?).ok_or("perf has no process")?;
        kill_process(perf, Signal::INT)?;
        self.perf.wait()?;
        let mut shares: HashMap<String, f64> = HashMap::new();
        for (share, symbol) in self.rows("symbol")? {
            *shares.entry(owner(&symbol)).or_default() += share;
        }
        let threads: HashMap<String, f64> = self.rows("comm")?.into_iter().map(turned).collect();
        std::fs::remove_file(&self.file)?;
        Ok(format!("{}; by thread {}", listed(shares), listed(threads)))
    }

    /// The rows of a report: a share in percent and a name each.
    fn rows(&self, by: &str) -> Result<Vec<(f64, String)>, Failure> {
        let report = Command::new("perf")
            .args(["report", "-q", "--stdio", "--no-children", "--sort", by, "-i"])
            .arg(&self.file)
            .stderr(Stdio::null())
            .output()?;
        let text = String::from_utf8_lossy(&report.stdout);
        let row = |line: &str| {
            let (share, name) = line.trim().split_once('%')?;
            Some((share.parse().ok()?, name.trim().to_owned()))
        };
        Ok(text.lines().filter_map(row).collect())
    }
}

fn turned((share, name): (f64, String)) -> (String, f64) {
    (name, share)
}

/// The owner of a symbol: `[.] serde_json::de::…` belongs to serde_json.
fn owner(symbol: &str) -> String {
    let (place, name) = symbol.split_once("] ").unwrap_or(("", symbol));
    if place == "[k" {
        return "the kernel".to_owned();
    }
    let words = name.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    let paths: Vec<Vec<&str>> =
        words.filter(|word| word.contains("::")).map(|path| path.split("::").collect()).collect();
    let has_home = |path: &&Vec<&str>| !path[0].is_empty() && !STANDARD.contains(&path[0]);
    match paths.iter().find(has_home).or(paths.first()) {
        Some(path) if path[0] == "__rustc" => "the allocator".to_owned(),
        Some(path) if path[0] == "care_ledger" => path[..path.len().min(3)].join("::"),
        Some(path) if has_home(&path) => path[0].to_owned(),
        Some(path) => path[..2].join("::"),
        None => foreign(name).to_owned(),
    }
}

/// The owner of a symbol of C.
fn foreign(name: &str) -> &'static str {
    const NAMES: [(&str, &str); 7] = [
        ("alloc", "the allocator"),
        ("free", "the allocator"),
        ("je_", "the allocator"),
        ("mem", "copying and comparing"),
        ("blake3", "blake3"),
        ("sqlite", "sqlite"),
        ("pager", "sqlite"),
    ];
    NAMES.iter().find(|(part, _)| name.contains(part)).map_or("others", |(_, whose)| whose)
}

fn listed(shares: HashMap<String, f64>) -> String {
    let mut shares: Vec<_> = shares.into_iter().filter(|(_, share)| *share >= SHARE_MIN).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    let told: Vec<_> = shares.iter().map(|(name, share)| format!("{name} {share:.0} %")).collect();
    told.join(", ")
}

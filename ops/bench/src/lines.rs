//! The lines of a table, and the ratios between those of one section.

use crate::Failure;
use crate::measure::Report;
use crate::trial::Trial;

/// The contender of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The ledger as it is released.
    Ledger,
    /// The same, keeping nothing.
    Ceiling,
    /// PostgreSQL.
    Postgres,
    /// UmaDB.
    Umadb,
}

/// One line.
pub struct Line {
    /// The contender.
    pub who: Who,
    /// The load, in words.
    pub name: String,
    /// What was measured.
    pub report: Report,
    /// How many events were found afterwards.
    counted: u64,
}

impl Line {
    /// The line of a contender under a load.
    pub fn new(who: Who, name: &str, trial: Trial) -> Self {
        Self { who, name: name.to_owned(), report: trial.report, counted: trial.counted }
    }

    /// The line of a contender whose log was read.
    pub fn read(who: Who, name: &str, report: Report) -> Self {
        Self { who, name: name.to_owned(), counted: report.acknowledged, report }
    }
}

/// The best rate of a contender in a section; `None`: the contender was left out.
pub fn best(lines: &[Line], who: Who) -> Option<f64> {
    let rates = lines.iter().filter(|line| line.who == who).map(|line| line.report.rate());
    rates.reduce(f64::max)
}

/// Prints the columns' names.
pub fn print_head() {
    println!(
        "| | events/s | of the ceiling | of PostgreSQL | of UmaDB | p50 ms | p99 ms | max ms \
         | server µs/event | client µs/event | others' CPU |"
    );
    println!("|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
}

/// Prints the lines of a section, with their ratios to the best of each kind.
pub fn print_section(title: &str, lines: &[Line]) {
    println!("| **{title}** | | | | | | | | | | |");
    for Line { name, report, .. } in lines {
        let ratio = |who| {
            best(lines, who).map_or("–".to_owned(), |best| format!("{:.2}", report.rate() / best))
        };
        let micros = |seconds: f64| seconds * 1e6 / report.events.max(1) as f64;
        let cpu =
            report.seconds * std::thread::available_parallelism().map_or(1, usize::from) as f64;
        println!(
            "| {name} | {:.0} | {} | {} | {} | {} | {} | {} | {} | {:.1} | {:.0} % |",
            report.rate(),
            ratio(Who::Ceiling),
            ratio(Who::Postgres),
            ratio(Who::Umadb),
            millis(report.p50_micros, 2),
            millis(report.p99_micros, 2),
            millis(report.max_micros, 1),
            // A log that is read in process has no server.
            if report.cpu.server > 0.0 {
                format!("{:.1}", micros(report.cpu.server))
            } else {
                "–".to_owned()
            },
            micros(report.cpu.client),
            100.0 * report.cpu.other / cpu,
        );
    }
}

fn millis(micros: u32, digits: usize) -> String {
    let millis = f64::from(micros) / 1_000.0;
    if micros == 0 { "–".to_owned() } else { format!("{millis:.digits$}") }
}

/// How many events were acknowledged, if each contender has exactly those.
pub fn check(lines: &[Line]) -> Result<u64, Failure> {
    for Line { name, report: Report { acknowledged, .. }, counted, .. } in lines {
        if acknowledged != counted {
            return Err(format!("{name}: {acknowledged} acknowledged, {counted} found").into());
        }
    }
    Ok(lines.iter().map(|line| line.counted).sum())
}

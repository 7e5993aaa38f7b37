//! The table: every contender under every load, in one run.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::events::{self, Form};
use crate::lines::{Line, Who};
use crate::lives::Lives;
use crate::measure::Window;
use crate::postgres::{self, Way};
use crate::process::Server;
use crate::profile::Profile;
use crate::trial::Ground;
use crate::{Failure, aims, fold, http, lines, lives, machine, replay, umadb};

/// Connections that send one event a request.
pub const SINGLE_CONNECTIONS: usize = 64;

/// Connections that send many.
pub const BULK_CONNECTIONS: usize = 2;

/// Whole lives that are folded, for each second a line is measured: about 25 events a life and
/// year.
const LIVES_A_SECOND: f64 = 1_600.0;

/// The folder of the ledger that holds them.
const LIVES: &str = "lives";

/// Measure everything and print the table.
#[derive(clap::Args)]
pub struct Table {
    /// An empty folder on the disk that is to be measured
    #[arg(long)]
    folder: PathBuf,
    /// The folder of PostgreSQL's socket; without it PostgreSQL is left out
    #[arg(long, requires = "postgres_process")]
    postgres_socket: Option<PathBuf>,
    /// PostgreSQL's first process
    #[arg(long)]
    postgres_process: Option<u32>,
    /// UmaDB's server; without it UmaDB is left out
    #[arg(long)]
    umadb: Option<PathBuf>,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Only A and B over the embedded store, each with `perf` looking on, into this folder
    #[arg(long)]
    profile: Option<PathBuf>,
    #[command(flatten)]
    window: Window,
}

/// One kind of load.
struct Section {
    name: &'static str,
    title: &'static str,
    /// The name of a profile's file.
    file: &'static str,
    load: http::Load,
    ways: &'static [Way],
}

const SECTIONS: [Section; 3] = [
    Section {
        name: "A",
        title: "A. One event a request, 64 connections",
        file: "a-one",
        load: http::Load { form: Form::One, events: 1, connections: SINGLE_CONNECTIONS, first: 0 },
        ways: &[Way::Row],
    },
    Section {
        name: "B1",
        title: "B1. Batches of 1,000 events, 2 connections",
        file: "b-batch",
        load: http::Load {
            form: Form::Batch,
            events: 1_000,
            connections: BULK_CONNECTIONS,
            first: 0,
        },
        ways: &[Way::Copy, Way::Rows],
    },
    Section {
        name: "B2",
        title: "B2. NDJSON, 5,000 lines a request, 2 connections",
        file: "b-lines",
        load: http::Load {
            form: Form::Lines,
            events: 5_000,
            connections: BULK_CONNECTIONS,
            first: 0,
        },
        ways: &[Way::Copy, Way::Rows],
    },
];

impl Table {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        if let Some(folder) = &self.profile {
            return self.profile(folder);
        }
        let cluster =
            self.postgres_socket.clone().zip(self.postgres_process).map(|(socket, process)| {
                postgres::Cluster { socket, user: "bench".to_owned(), process }
            });
        self.head(cluster.as_ref())?;
        let ground = self.ground(None);
        let (mut verified, mut missed, mut reasons) = (0, Vec::new(), Vec::new());
        for section in &SECTIONS {
            eprintln!("bench: {}", section.title);
            let lines = self.section(section, &ground, cluster.as_ref())?;
            lines::print_section(section.title, &lines);
            verified += lines::check(&lines)?;
            let short = aims::missed(section.name, &lines);
            if !short.is_empty() {
                reasons.extend(self.reason_of_load(section, &ground)?);
            }
            missed.extend(short);
        }
        for (name, title, lines) in [
            ("C", "C. Full replay of what B2 wrote, one reader", self.replay(cluster.as_ref())?),
            ("D", "D. Opened, and folded into trajectories and credits", vec![self.fold()?]),
        ] {
            lines::print_section(title, &lines);
            let short = aims::missed(name, &lines);
            if !short.is_empty() {
                reasons.extend(self.reason_of_reading(name, &ground)?);
            }
            missed.extend(short);
        }
        println!();
        println!(
            "Counts: all {verified} acknowledged events were found afterwards, none more, in each \
             line: the ledger's in its log after its process was killed (SIGKILL), the others' as \
             their server tells it. Load average at the end: {}.",
            machine::load()
        );
        aims::print(&missed);
        reasons.iter().for_each(|reason| println!("- {reason}."));
        Ok(())
    }

    /// Where the server's time goes under a load, in a separate run.
    fn reason_of_load(
        &self,
        section: &Section,
        ground: &Ground,
    ) -> Result<Option<String>, Failure> {
        let (told, report) = ground.looked_at(section.load)?;
        let rate = report.rate();
        Ok(told.map(|told| format!("{}, the server's time (at {rate:.0}/s): {told}", section.name)))
    }

    /// Where this process's own time goes when it reads.
    fn reason_of_reading(&self, name: &str, ground: &Ground) -> Result<Option<String>, Failure> {
        let Some(profile) = Profile::start(std::process::id(), &self.folder) else {
            return Ok(None);
        };
        match name {
            "C" => replay::ledger(&ground.data(), self.window.seconds)?,
            _ => fold::run(&self.folder.join(LIVES), last_day()?)?.report,
        };
        Ok(Some(format!("{name}, where its time goes: {}", profile.summary()?)))
    }

    /// All contenders under one load. The log of the last of each kind stays for the replay.
    fn section(
        &self,
        section: &Section,
        ground: &Ground,
        cluster: Option<&postgres::Cluster>,
    ) -> Result<Vec<Line>, Failure> {
        let http::Load { events, connections, .. } = section.load;
        let mut lines = vec![
            Line::new(Who::Ledger, "care-ledger", ground.ledger(section.load)?),
            Line::new(Who::Ceiling, "the same, keeping nothing", ground.ceiling(section.load)?),
        ];
        if let Some(cluster) = cluster {
            for way in section.ways {
                let load = postgres::Load { way: *way, rows: events, connections };
                let trial = ground.postgres(cluster, load)?;
                lines.push(Line::new(Who::Postgres, &postgres_title(*way, events), trial));
            }
        }
        if let Some(program) = &self.umadb {
            for way in [umadb::Way::Plain, umadb::Way::Unique] {
                let load = umadb::Load { way, events, connections };
                let trial = ground.umadb(program, load)?;
                lines.push(Line::new(Who::Umadb, &umadb_title(way, events), trial));
            }
        }
        Ok(lines)
    }

    fn replay(&self, cluster: Option<&postgres::Cluster>) -> Result<Vec<Line>, Failure> {
        eprintln!("bench: C. Full replay");
        let (ground, seconds) = (self.ground(None), self.window.seconds);
        let ledger = replay::ledger(&ground.data(), seconds)?;
        let mut lines = vec![Line::read(Who::Ledger, "care-ledger, in process", ledger)];
        if let Some(cluster) = cluster {
            let report = postgres::read(cluster, seconds)?;
            lines.push(Line::read(Who::Postgres, "PostgreSQL, COPY in order", report));
        }
        if let Some(program) = &self.umadb {
            let server = Server::umadb(program, &ground.umadb_data())?;
            let report = umadb::read(server.address, server.id(), seconds)?;
            lines.push(Line::read(Who::Umadb, "UmaDB, Read of all", report));
        }
        Ok(lines)
    }

    /// Whole lives, sent to a ledger of their own.
    fn fold(&self) -> Result<Line, Failure> {
        eprintln!("bench: D. Folded");
        let from = NaiveDate::from_ymd_opt(2025, 1, 1).ok_or("no such day")?;
        let to = last_day()?;
        let persons = (LIVES_A_SECOND * self.window.seconds) as u64;
        let (file, data) = (self.folder.join("lives.ndjson"), self.folder.join(LIVES));
        Lives { persons, detained: 0, from, to, seed: 2026 }.write(&file)?;
        let mut server = Server::ledger(&data)?;
        let sent = lives::send(&file, &server)?;
        server.kill()?;
        let folded = fold::run(&data, to)?;
        if folded.report.events < sent.recorded {
            return Err("the log has fewer events than were recorded".into());
        }
        let name = format!(
            "care-ledger, a year of {} persons ({} of them asked one by one; {} compared)",
            folded.persons, folded.apart, folded.checked
        );
        Ok(Line::read(Who::Ledger, &name, folded.report))
    }

    fn head(&self, cluster: Option<&postgres::Cluster>) -> Result<(), Failure> {
        println!("{}", machine::today(&self.commit));
        println!(
            "Each line {} s after {} s of warm-up; events of {} bytes on average; an append of \
             4 KiB and its fdatasync take {} µs here (median). Load average at the start: {}.",
            self.window.seconds,
            self.window.warm_up,
            events::mean_bytes()?,
            machine::sync_median(&self.folder)?.as_micros(),
            machine::load()
        );
        if let Some(cluster) = cluster {
            println!("{}.", postgres::describe(cluster)?);
        }
        if let Some(program) = &self.umadb {
            println!("{}, with the settings it comes with.", umadb::version(program)?);
        }
        println!();
        lines::print_head();
        Ok(())
    }

    fn ground(&self, profile: Option<PathBuf>) -> Ground {
        Ground { folder: self.folder.clone(), window: self.window, profile }
    }

    fn profile(&self, folder: &Path) -> Result<(), Failure> {
        for section in &SECTIONS[..2] {
            let file = folder.join(section.file).with_extension("perf");
            let trial = self.ground(Some(file.clone())).ledger(section.load)?;
            let rate = trial.report.rate();
            println!("{}: {rate:.0} events/s, {}", section.title, file.display());
        }
        Ok(())
    }
}

/// The last day of the year that is folded.
fn last_day() -> Result<NaiveDate, Failure> {
    Ok(NaiveDate::from_ymd_opt(2025, 12, 31).ok_or("no such day")?)
}

fn postgres_title(way: Way, rows: usize) -> String {
    match way {
        Way::Row => "PostgreSQL, INSERT of one row a transaction".to_owned(),
        Way::Rows => format!("PostgreSQL, INSERT of {rows} rows a transaction"),
        Way::Copy => format!("PostgreSQL, COPY of {rows} rows a transaction"),
    }
}

fn umadb_title(way: umadb::Way, events: usize) -> String {
    match way {
        umadb::Way::Unique => format!("UmaDB, append of {events}, ids kept unique"),
        umadb::Way::Plain => format!("UmaDB, append of {events}, ids may repeat"),
    }
}

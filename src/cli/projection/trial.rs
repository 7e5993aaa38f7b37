//! `care-ledger projection new` and `test`: a first file, and the fixtures beside it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::files::{self, beside};
use super::pointed;
use crate::cli::failure::Failure;
use crate::cli::terminal::{print_page, tell};
use crate::projection::fixture::Fixture;
use crate::projection::script::engine::{Engine, Limits};
use crate::text::page::TextPage;

/// Write a first projection and its fixtures into this folder
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger projection new dosesPerPrison\n  \
    care-ledger projection test dosesPerPrison.js")]
pub struct New {
    /// Its name, which is also that of the files
    name: String,
}

/// Run the fixtures of a projection: FILE.fixtures.json beside FILE.js
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger projection test count.js")]
pub struct Test {
    /// The projection: a file of JavaScript
    file: PathBuf,
}

const PROGRAM: &str = "\
// Question: how many doses of substitution were given at each prison, and to how many milligrams do
// they add up?
// Reads: substitution.doseContinued. Units: doses; milligrams.
fromAll().partitionBy(event => event.data.facility).when({
  $init: () => ({ doses: 0, milligrams: 0 }),
  'substitution.doseContinued': (state, event) => {
    state.doses += 1;
    state.milligrams += event.data.doseMicrograms / 1000;
  },
});
";

const FIXTURES: &str = r#"[
  {
    "name": "two doses at one prison add up",
    "events": [
      {"eventType": "substitution.doseContinued", "streamId": "person-1", "sequenceNumber": 0,
       "data": {"facility": "gent", "doseMicrograms": 60000}},
      {"eventType": "substitution.doseContinued", "streamId": "person-2", "sequenceNumber": 0,
       "data": {"facility": "gent", "doseMicrograms": 20500}},
      {"eventType": "care.screened", "streamId": "person-2", "sequenceNumber": 1, "data": {}}
    ],
    "expected": {"gent": {"doses": 2, "milligrams": 80.5}},
    "skipped": {"2": "unhandled"}
  }
]
"#;

impl New {
    /// Writes the files. A file that is there already stays.
    pub fn run(self) -> Result<(), Failure> {
        let program = PathBuf::from(format!("{}.js", files::checked_name(&self.name)?));
        let fixtures = beside(&program, "fixtures.json");
        for (path, text) in [(&program, PROGRAM), (&fixtures, FIXTURES)] {
            write_new(path, text)?;
            tell(&format!("wrote {}", path.display()));
        }
        tell(&format!("next: care-ledger projection test {}", program.display()));
        Ok(())
    }
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let made = std::fs::File::options().write(true).create_new(true).open(path);
    let written = made.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(|error| Failure::because(&path.display().to_string(), &error))
}

impl Test {
    /// Runs each fixture, and prints a line for each that fails, then the counts.
    pub fn run(self) -> Result<(), Failure> {
        let parts = files::read(&self.file)?;
        let name = self.file.display().to_string();
        if let Err(fault) = Engine::new(&parts.projection, Limits::default()) {
            return Err(pointed(&name, &parts.projection, "", &fault));
        }
        let fixtures = beside(&self.file, "fixtures.json");
        let missing =
            || Failure::unreachable(format!("there are no fixtures: write {}", fixtures.display()));
        let text = parts.fixtures.ok_or_else(missing)?;
        let fixtures: Vec<Fixture> = serde_json::from_str(&text)
            .map_err(|error| Failure::because(&fixtures.display().to_string(), &error))?;
        print_outcomes(fixtures.into_iter().map(|fixture| {
            let name = fixture.case.name.clone();
            (name, fixture.differences(&parts.projection, parts.summary.as_deref()))
        }))
    }
}

/// Prints a line for each case with differences, then the counts.
pub fn print_outcomes(cases: impl Iterator<Item = (String, Vec<String>)>) -> Result<(), Failure> {
    let (mut page, mut passed, mut failed) = (TextPage::default(), 0, 0);
    for (name, differences) in cases {
        if differences.is_empty() {
            passed += 1;
        } else {
            failed += 1;
            page.row(&format!("{name}: {}", differences.join("; ")));
        }
    }
    page.row(&format!("{passed} passed, {failed} failed"));
    print_page(&page)?;
    match failed {
        0 => Ok(()),
        _ => Err(Failure::answer_no(format!("{failed} of {} cases fail", passed + failed))),
    }
}

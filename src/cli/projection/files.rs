//! The files of a projection: the program, and the parts that stand beside it.

use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::projection::runner::parts::{Parts, is_projection_name};

/// The endings of the parts beside `<name>.js`, in the order of [`Parts`].
const ENDINGS: [&str; 3] = ["summary.js", "vl.json", "fixtures.json"];

/// Reads a program and the parts that stand beside it.
///
/// # Errors
/// A file that is there cannot be read.
pub fn read(program: &Path) -> Result<Parts, Failure> {
    let text = |path: &Path| {
        let name = path.display().to_string();
        std::fs::read_to_string(path).map_err(|error| Failure::because(&name, &error))
    };
    let part = |ending: &str| {
        let path = beside(program, ending);
        path.exists().then(|| text(&path)).transpose()
    };
    let [summary, chart, fixtures] = ENDINGS.map(part);
    let projection = text(program)?;
    Ok(Parts { projection, summary: summary?, chart: chart?, fixtures: fixtures? })
}

/// The file of a part beside a program: `count.js` has `count.fixtures.json`.
pub fn beside(program: &Path, ending: &str) -> PathBuf {
    program.with_extension(ending)
}

/// The name of a projection, from its file.
///
/// # Errors
/// Wrong usage: the file has no name that a projection can have.
pub fn name_of(program: &Path) -> Result<String, Failure> {
    let stem = program.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    checked_name(stem).map(str::to_owned)
}

/// A name that a projection can have.
///
/// # Errors
/// Wrong usage: it is no such name.
pub fn checked_name(name: &str) -> Result<&str, Failure> {
    is_projection_name(name).then_some(name).ok_or_else(|| {
        Failure::usage(
            "a projection is named by a small letter, then at most 63 letters and digits: rename \
             the file, or give such a name",
        )
    })
}

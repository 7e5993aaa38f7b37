//! The aim of each figure, and a line for each figure that misses its aim.
//! Always: a figure is compared with the best way of each other contender; a contender that was
//! left out has no line.

use crate::lines::{Line, Who, best};

/// An aim in a section of the table.
struct Aim {
    section: &'static str,
    /// The contender that the rate is divided by; `None`: the aim is a rate.
    beside: Option<Who>,
    least: f64,
    what: &'static str,
}

const fn aim(section: &'static str, beside: Who, least: f64, what: &'static str) -> Aim {
    Aim { section, beside: Some(beside), least, what }
}

const fn rate(section: &'static str, least: f64, what: &'static str) -> Aim {
    Aim { section, beside: None, least, what }
}

const AIMS: [Aim; 11] = [
    aim("A", Who::Ceiling, 0.6, "of the ceiling"),
    aim("A", Who::Postgres, 2.0, "of PostgreSQL"),
    aim("A", Who::Umadb, 5.0, "of UmaDB"),
    rate("B1", 100_000.0, "events/s"),
    aim("B1", Who::Postgres, 1.2, "of PostgreSQL's faster bulk insert"),
    aim("B1", Who::Umadb, 8.0, "of UmaDB"),
    rate("B2", 100_000.0, "events/s"),
    aim("B2", Who::Postgres, 1.2, "of PostgreSQL's faster bulk insert"),
    aim("B2", Who::Umadb, 8.0, "of UmaDB"),
    rate("C", 2_000_000.0, "records/s"),
    rate("D", 300_000.0, "events/s on one core"),
];

/// A sentence for each aim of a section that was missed.
pub fn missed(section: &str, lines: &[Line]) -> Vec<String> {
    let Some(ours) = best(lines, Who::Ledger) else { return Vec::new() };
    let of_section = AIMS.iter().filter(|aim| aim.section == section);
    of_section
        .filter_map(|aim| {
            let figure = match aim.beside {
                Some(who) => ours / best(lines, who)?,
                None => ours,
            };
            short(section, figure, aim.least, aim.what)
        })
        .collect()
}

/// The sentence for a figure that should be at least this, if it is not.
pub fn short(section: &str, figure: f64, least: f64, what: &str) -> Option<String> {
    let digits = if least < 100.0 { 2 } else { 0 };
    (figure < least)
        .then(|| format!("short: {section}: {figure:.digits$} {what}, {least:.digits$} aimed at"))
}

/// The sentence for a figure that should be less than this, if it is not.
pub fn long(section: &str, figure: f64, most: f64, what: &str) -> Option<String> {
    (figure >= most)
        .then(|| format!("short: {section}: {figure:.2} {what}, less than {most:.2} aimed at"))
}

/// Prints what was missed.
pub fn print(missed: &[String]) {
    println!();
    if missed.is_empty() {
        println!("All that was aimed at here is reached.");
    }
    for sentence in missed {
        println!("- {sentence}.");
    }
}

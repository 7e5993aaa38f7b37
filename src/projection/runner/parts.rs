//! The parts of one version of a projection: the program, and what stands beside it.

use serde::Serialize;

use crate::projection::fixture::Fixture;
use crate::projection::script::engine::{Engine, Limits, check_summary};
use crate::projection::script::fault::ScriptFault;

/// The largest version, all parts together, in bytes. Source: the HTTP contract.
pub const PARTS_BYTES_MAX: usize = 1 << 20;

/// Whether a projection can have this name. Source: the HTTP contract.
pub fn is_projection_name(text: &str) -> bool {
    let mut signs = text.chars();
    let begins = signs.next().is_some_and(|first| first.is_ascii_lowercase());
    begins && signs.all(|sign| sign.is_ascii_alphanumeric()) && text.len() <= 64
}

/// The parts of a version. Each is text as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// The program.
    pub projection: String,
    /// Totals over all partitions.
    pub summary: Option<String>,
    /// A chart of the summary's table; JSON.
    pub chart: Option<String>,
    /// Cases that the program must pass; JSON.
    pub fixtures: Option<String>,
}

/// The name of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PartName {
    /// The program.
    Projection,
    /// Totals over all partitions.
    Summary,
    /// A chart.
    Chart,
    /// Cases.
    Fixtures,
}

/// Why a version is refused: a place in one of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartIssue {
    /// The part.
    pub part: PartName,
    /// What is wrong. It may carry text of the part.
    pub message: String,
    /// The line in the part, from 1.
    pub line: Option<u32>,
    /// The column in that line, from 1.
    pub column: Option<u32>,
}

impl Parts {
    /// A program alone.
    pub fn of_program(projection: String) -> Self {
        Self { projection, ..Self::default() }
    }

    /// The hex BLAKE3 of the parts in their order, each as its length in 8 bytes and its bytes.
    pub fn source_hash(&self) -> String {
        let mut hash = blake3::Hasher::new();
        for part in self.texts() {
            let text = part.unwrap_or_default();
            hash.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }

    fn texts(&self) -> [Option<&str>; 4] {
        let Self { projection, summary, chart, fixtures } = self;
        [Some(projection.as_str()), summary.as_deref(), chart.as_deref(), fixtures.as_deref()]
    }

    /// The parts as they are kept.
    pub fn to_kept(&self) -> [Option<String>; 4] {
        self.texts().map(|part| part.map(str::to_owned))
    }

    /// The parts as they were kept.
    pub fn from_kept([projection, summary, chart, fixtures]: [Option<String>; 4]) -> Self {
        Self { projection: projection.unwrap_or_default(), summary, chart, fixtures }
    }

    /// Whether the program has a state for each stream that rests on that stream alone.
    pub fn is_of_streams(&self) -> bool {
        let engine = Engine::new(&self.projection, Limits::default());
        engine.is_ok_and(|engine| engine.definition().is_of_streams())
    }

    /// Compiles the program and runs its fixtures. Returns every reason to refuse the version.
    pub fn issues(&self) -> Vec<PartIssue> {
        if let Err(fault) = Engine::new(&self.projection, Limits::default()) {
            return vec![PartIssue::of_fault(PartName::Projection, &fault)];
        }
        let mut issues = Vec::new();
        let summary = self.summary.as_deref().map(check_summary);
        if let Some(Err(fault)) = summary {
            issues.push(PartIssue::of_fault(PartName::Summary, &fault));
        }
        if self.chart.as_deref().is_some_and(|chart| json(chart).is_err()) {
            issues.push(PartIssue::whole(PartName::Chart, "the chart is no JSON"));
        }
        issues.extend(self.fixture_issues());
        issues
    }

    fn fixture_issues(&self) -> Vec<PartIssue> {
        let Some(fixtures) = &self.fixtures else { return Vec::new() };
        let cases: Vec<Fixture> = match serde_json::from_str(fixtures) {
            Ok(cases) => cases,
            Err(error) => {
                let place = |number: usize| u32::try_from(number).ok();
                return vec![PartIssue {
                    part: PartName::Fixtures,
                    message: "the fixtures are no array of cases".to_owned(),
                    line: place(error.line()),
                    column: place(error.column()),
                }];
            }
        };
        let failing = cases.into_iter().filter_map(|fixture| {
            let name = fixture.case.name.clone();
            let differences = fixture.differences(&self.projection, self.summary.as_deref());
            let message = || format!("{name}: {}", differences.join("; "));
            (!differences.is_empty()).then(|| PartIssue::whole(PartName::Fixtures, &message()))
        });
        failing.collect()
    }
}

impl PartIssue {
    fn whole(part: PartName, message: &str) -> Self {
        Self { part, message: message.to_owned(), line: None, column: None }
    }

    fn of_fault(part: PartName, fault: &ScriptFault) -> Self {
        Self { part, message: fault.message.clone(), line: fault.line, column: fault.column }
    }
}

fn json(text: &str) -> serde_json::Result<serde_json::Value> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_over_length_and_bytes_of_each_part() {
        let one = Parts::of_program("ab".to_owned());
        let other = Parts { summary: Some("b".to_owned()), ..Parts::of_program("a".to_owned()) };
        assert_ne!(one.source_hash(), other.source_hash());
        let absent = Parts { chart: None, ..one.clone() };
        let empty = Parts { chart: Some(String::new()), ..one.clone() };
        assert_eq!(absent.source_hash(), empty.source_hash());
        let mut bytes = 2_u64.to_be_bytes().to_vec();
        bytes.extend(b"ab");
        bytes.extend([0; 24]);
        assert_eq!(one.source_hash(), blake3::hash(&bytes).to_hex().to_string());
    }
}

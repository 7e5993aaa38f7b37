//! The runner: keeps the projections of analysts, and answers from their states.
//! Always: a new source is built beside the old one, which goes on answering until the new one has
//! caught up. A program that faults disturbs nothing but its own answers.

mod answers;
mod catching_up;
mod erasing;
mod keeper;
mod orders;
pub mod parts;
mod run;
mod status;
mod summing;
mod versions;
mod worker;

pub use self::answers::{
    PartitionPage, PartitionRow, StateAnswer, StateAnswerError, SummaryFound, SummaryMade,
};
pub use self::keeper::{Projections, Put};
pub use self::status::{ProjectionReport, ProjectionsLoad, RebuildReport};
pub use self::versions::RunnerError;

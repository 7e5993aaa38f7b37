//! The answers of the ledger as typed values, the same for the service and the command line.
//! Always: an answer names its moment (`at`) and the latest `recordedtime` it includes (`known`);
//! the same question with both gives the same answer, until content is erased. serde makes the
//! JSON; `http` and `cli` make tables and texts for people.

mod history;
mod person;
mod record;

pub use self::history::{HistoryAnswer, HistoryPage, history};
pub use self::person::{
    Answer, AnswerHead, PersonTrajectory, Question, credit, format_at, trajectory,
};
pub use self::record::RecordAnswer;

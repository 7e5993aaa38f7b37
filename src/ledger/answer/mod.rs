//! The answers of the ledger as typed values, the same for the service and the command line.
//! Always: an answer says of which moment it speaks (`at`) and up to which recorded time it knows
//! the log (`known`); asking again with both gives the same answer. JSON is made by serde; tables
//! and words for people are made by those who show them.

mod history;
mod person;
mod record;

pub use self::history::{HistoryAnswer, HistoryPage, history};
pub use self::person::{Answer, AnswerHead, Question, credit, moment, trajectory};
pub use self::record::RecordAnswer;

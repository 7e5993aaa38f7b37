//! Why an event is refused: every reason at once, each at its place, none with content.
//! Always: a violation names a place (JSON pointer, RFC 6901) and a rule, never a value.

use serde::Serialize;

/// Which rule is broken, as a stable code. In order of how much it says: of two at one place the
/// first is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ViolationCode {
    /// A required member is absent.
    Missing,
    /// A member that the schema does not have.
    UnknownMember,
    /// `type` is not in the vocabulary.
    UnknownType,
    /// `dataschema` names no schema of this type.
    UnknownSchema,
    /// An event or attribute that only the ledger writes.
    LedgerOnly,
    /// Another JSON type than the schema's.
    WrongType,
    /// Not one of a closed list.
    NotInList,
    /// Not of the required form (pattern, date, length).
    BadForm,
    /// A number or a count outside its bounds, or items that repeat.
    OutOfRange,
    /// A correction or annulment of a record that another system sent.
    OtherSource,
    /// `time` lies more than five minutes ahead.
    InFuture,
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    /// Where: a JSON pointer into the event.
    pub name: String,
    /// Which rule.
    pub code: ViolationCode,
    /// A sentence for the developer of the sending system.
    pub detail: String,
}

impl Violation {
    /// Builds a violation.
    pub fn new(name: impl Into<String>, code: ViolationCode, detail: impl Into<String>) -> Self {
        Self { name: name.into(), code, detail: detail.into() }
    }
}

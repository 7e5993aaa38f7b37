//! Why an event is refused: all reasons, each with its place in the event.
//! Always: a violation names a place (JSON pointer, RFC 6901) and a rule, never a value.

use serde::Serialize;

use crate::domain::choices::choices;

/// The longest member name that a stored pointer keeps; the longest name of the vocabulary has 17
/// letters.
const NAME_BYTES_MAX: usize = 40;

/// The most digits in a name that a stored pointer keeps: a national number, a telephone number
/// and a date have more.
const NAME_DIGITS_MAX: usize = 3;

choices! {
    /// The stable code of a broken rule. If one place breaks several rules, the first of their
    /// codes in this order is reported.
    ViolationCode:
        /// A required member is absent.
        Missing = "missing",
        /// A member that the schema does not have.
        UnknownMember = "unknownMember",
        /// `type` is not in the vocabulary.
        UnknownType = "unknownType",
        /// `dataschema` names no schema of this type.
        UnknownSchema = "unknownSchema",
        /// An event or attribute that only the ledger writes.
        LedgerOnly = "ledgerOnly",
        /// Another JSON type than the schema's.
        WrongType = "wrongType",
        /// Not one of a closed list.
        NotInList = "notInList",
        /// Not of the required form (pattern, date, length).
        BadForm = "badForm",
        /// A number or a count outside its bounds, or items that repeat.
        OutOfRange = "outOfRange",
        /// A correction or annulment of a record that another system sent.
        OtherSource = "otherSource",
        /// `time` lies more than five minutes ahead.
        InFuture = "inFuture",
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    /// The place: a JSON pointer into the event.
    pub name: String,
    /// The broken rule.
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

/// A pointer or a header's name, safe to store: each step that is neither a plain name nor an index
/// becomes an asterisk, because a sender may have put content into a name that it made up.
pub fn without_content(name: &str) -> String {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let is_index = |step: &str| step.len() <= 5 && step.as_bytes().iter().all(is_digit);
    let is_name = |step: &str| {
        step.len() <= NAME_BYTES_MAX
            && step.starts_with(|first: char| first.is_ascii_alphabetic())
            && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            && step.as_bytes().iter().filter(|byte| is_digit(byte)).count() <= NAME_DIGITS_MAX
    };
    let step = |step| if is_index(step) || is_name(step) { step } else { "*" };
    name.split('/').map(step).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_keeps_names_and_places_and_nothing_else() {
        for (pointer, stored) in [
            ("", ""),
            ("/data/needIdentified", "/data/needIdentified"),
            ("/data/roles/12", "/data/roles/12"),
            ("/data/dose_mg2", "/data/dose_mg2"),
            ("/data/85073003328", "/data/*"),
            ("/data/85.07.30-033.28", "/data/*"),
            ("/data/Jan Janssens", "/data/*"),
            ("/data/a~1b/c", "/data/*/c"),
            ("ce-time", "ce-time"),
            ("ce-x85073003328", "*"),
        ] {
            assert_eq!(without_content(pointer), stored, "{pointer}");
        }
    }
}

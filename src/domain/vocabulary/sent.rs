//! Events as they were sent, read as JSON: the same door for the ledger and for every check of a
//! sender's own file.
//! Always: a byte order mark at the very start of a body or file is skipped (RFC 8259, 8.1 allows
//! that); an attribute that is null counts as left out (CloudEvents JSON event format, 2.2).

use std::borrow::Cow;

use super::json::{self, BYTE_ORDER_MARK, JsonValue, ParseError};
use super::validate::without_null_attributes;

/// The events of a body or file that is one JSON value.
#[derive(Debug)]
pub enum SentValue<'a> {
    /// One event.
    One(JsonValue<'a>),
    /// An array of events.
    Many(Vec<JsonValue<'a>>),
}

/// A body or file without the byte order mark that it may begin with.
pub fn without_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// A line without the white space of JSON at its end (RFC 8259, 2).
pub fn trimmed(line: &[u8]) -> &[u8] {
    let last = line.iter().rposition(|byte| !b" \t\r\n".contains(byte));
    &line[..last.map_or(0, |last| last + 1)]
}

/// Lines of a file as a body of their own. A mark at the start of the first line is that line's, so
/// a second mark goes before it: the ledger skips one, and refuses the line for the other.
pub fn body_of_lines(lines: &[u8]) -> Cow<'_, [u8]> {
    if lines.starts_with(BYTE_ORDER_MARK) {
        Cow::Owned([BYTE_ORDER_MARK, lines].concat())
    } else {
        Cow::Borrowed(lines)
    }
}

/// Reads a body or file that is one JSON value: an event, or an array of events.
///
/// # Errors
/// See [`ParseError`].
pub fn value(bytes: &[u8]) -> Result<SentValue<'_>, ParseError> {
    Ok(match json::read(without_byte_order_mark(bytes))? {
        JsonValue::Array(events) => {
            SentValue::Many(events.into_iter().map(without_null_attributes).collect())
        }
        event => SentValue::One(without_null_attributes(event)),
    })
}

/// Reads a body that is one event.
///
/// # Errors
/// See [`ParseError`].
pub fn event(bytes: &[u8]) -> Result<JsonValue<'_>, ParseError> {
    line(without_byte_order_mark(bytes))
}

/// Reads one of many lines. A byte order mark belongs to the body or file, not to a line, so it is
/// refused here by name.
///
/// # Errors
/// See [`ParseError`].
pub fn line(bytes: &[u8]) -> Result<JsonValue<'_>, ParseError> {
    json::read(bytes).map(without_null_attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_skipped_once_and_at_the_start_only() {
        let one = "{\"a\":1,\"b\":null}";
        let marked = format!("\u{feff}{one}");
        let read = event(one.as_bytes()).unwrap();
        assert_eq!(event(marked.as_bytes()).unwrap(), read);
        assert!(read.get("b").is_none());
        let twice = format!("\u{feff}{marked}");
        assert_eq!(event(twice.as_bytes()), Err(ParseError::ByteOrderMark));
        assert_eq!(line(marked.as_bytes()), Err(ParseError::ByteOrderMark));
        let array = format!("\u{feff}[{one}, 3]");
        assert!(
            matches!(value(array.as_bytes()), Ok(SentValue::Many(events)) if events.len() == 2)
        );
    }
}

//! Tables as CSV (RFC 4180), for spreadsheets too.

/// A line of fields that are quoted where they must be.
pub fn line(fields: impl Iterator<Item = String>) -> String {
    let fields: Vec<String> = fields.collect();
    fields.join(",") + "\r\n"
}

/// A field of text. A text that a spreadsheet would take for a formula begins with an apostrophe.
pub fn field(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => quoted(&format!("'{text}")),
        _ => quoted(text),
    }
}

/// A field as it is, quoted where it must be.
pub fn quoted(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

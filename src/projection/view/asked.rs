//! The view that a program asks for.

use serde::Serialize;

/// The records that a program asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordView {
    /// Every record as it was told, in the order of the log.
    Recorded,
    /// The records in force, as histories.
    Effective,
}

/// The view that the first comment of a program asks for.
pub fn view_of(source: &str) -> RecordView {
    let text = source.trim_start();
    let comment = if let Some(line) = text.strip_prefix("//") {
        line.lines().next().unwrap_or_default()
    } else if let Some(block) = text.strip_prefix("/*") {
        block.split_once("*/").map_or(block, |(comment, _)| comment)
    } else {
        ""
    };
    let mut words = comment.split_whitespace();
    let asks = words.any(|word| word == "view:") && words.next() == Some("effective");
    if asks { RecordView::Effective } else { RecordView::Recorded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_comment_names_the_view() {
        let rows = [
            ("", RecordView::Recorded),
            ("// view: effective\nfromAll()", RecordView::Effective),
            ("\n  // How many? view: effective", RecordView::Effective),
            ("/* How many?\n   view: effective */", RecordView::Effective),
            ("// view: recorded", RecordView::Recorded),
            ("fromAll() // view: effective", RecordView::Recorded),
            ("// How many?\n// view: effective", RecordView::Recorded),
        ];
        for (source, view) in rows {
            assert_eq!(view_of(source), view, "{source}");
        }
    }
}

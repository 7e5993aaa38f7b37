//! A page of text: lines, fields and rows, written one after the other.
//! Always: whatever is written is escaped, so that no value adds, hides or reorders a line; a
//! wrapped line has at most [`COLUMNS_MAX`] columns; the note about the clock stands at most once.

use super::clock::CLOCK_NOTE;
use super::escape::escaped;

/// The length of the longest wrapped line.
pub const COLUMNS_MAX: usize = 100;

/// The width of the column of field names.
const NAME_COLUMNS: usize = 26;

/// A page of text that is being written.
#[derive(Debug, Default)]
pub struct TextPage {
    text: String,
    has_clock_note: bool,
}

impl TextPage {
    /// The page as it stands: lines that each end in a line break.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// The sentence that says by which clock times are shown, unless the page has it already.
    pub fn clock_note(&mut self) {
        if !std::mem::replace(&mut self.has_clock_note, true) {
            self.row(CLOCK_NOTE);
        }
    }

    /// One line of any length, such as a row of a list.
    pub fn row(&mut self, text: &str) {
        self.text.push_str(escaped(text).trim_end());
        self.text.push('\n');
    }

    /// A text, wrapped into lines behind an indent.
    pub fn line(&mut self, indent: usize, text: &str) {
        self.wrapped(indent, "", text);
    }

    /// A name, and beside it a text that is wrapped in a column of its own.
    pub fn field(&mut self, indent: usize, name: &str, text: &str) {
        let name = escaped(name);
        let lead = format!("{:indent$}{name:<NAME_COLUMNS$}", "");
        // A name that leaves no space before the text gets a separate line.
        if name.chars().count() >= NAME_COLUMNS {
            self.line(indent, &name);
            self.wrapped(indent + NAME_COLUMNS, "", text);
        } else {
            self.wrapped(indent + NAME_COLUMNS, &lead, text);
        }
    }

    /// A text, wrapped into lines that begin at a column; `lead` is printed before the first line.
    pub fn wrapped(&mut self, column: usize, lead: &str, text: &str) {
        let width = COLUMNS_MAX - column;
        let (lead, text) = (escaped(lead), escaped(text));
        let mut lines = vec![String::new()];
        // A line breaks at a single space; runs of spaces align columns and stay whole.
        for word in text.split_inclusive(' ') {
            let room = width - lines.last().map_or(0, |line| line.chars().count());
            if word.trim_end().chars().count() > room && room < width {
                lines.push(String::new());
            }
            for letter in word.chars() {
                if lines.last().is_some_and(|line| line.chars().count() == width) {
                    if letter == ' ' {
                        continue;
                    }
                    lines.push(String::new());
                }
                lines.last_mut().expect("there is always a line").push(letter);
            }
        }
        for (number, line) in lines.iter().enumerate() {
            let before = if number == 0 && !lead.is_empty() {
                lead.clone().into_owned()
            } else {
                " ".repeat(column)
            };
            self.text.push_str(format!("{before}{line}").trim_end());
            self.text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_adds_a_line_and_the_clock_is_named_once() {
        let mut page = TextPage::default();
        page.clock_note();
        page.row("a\nb\u{1b}");
        page.line(2, "c\u{2028}d");
        page.field(2, "e\nf", "g\r\nh");
        page.clock_note();
        assert_eq!(page.text().lines().count(), 4, "{}", page.text());
        assert_eq!(page.text().matches(CLOCK_NOTE).count(), 1);
        assert!(page.text().contains("a\\u{a}b\\u{1b}"), "{}", page.text());
    }
}

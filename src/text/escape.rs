//! Text from outside, made visible: a character that shows nothing, or that changes how its
//! neighbours are shown, is written as an escape.
//! Always: escaped text has no control character and no invisible or direction-changing character;
//! escaping it again changes nothing.
//! Characters: Unicode 16, the general categories Cc, Cf, Zl and Zp, and `Default_Ignorable`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The characters that are escaped, beside the control characters, in rising order.
const HIDDEN: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),       // soft hyphen
    ('\u{34f}', '\u{34f}'),     // combining grapheme joiner
    ('\u{600}', '\u{605}'),     // Arabic number signs
    ('\u{61c}', '\u{61c}'),     // Arabic letter mark
    ('\u{6dd}', '\u{6dd}'),     // Arabic end of ayah
    ('\u{70f}', '\u{70f}'),     // Syriac abbreviation mark
    ('\u{890}', '\u{891}'),     // Arabic currency marks above
    ('\u{8e2}', '\u{8e2}'),     // Arabic disputed end of ayah
    ('\u{115f}', '\u{1160}'),   // Hangul fillers
    ('\u{17b4}', '\u{17b5}'),   // Khmer inherent vowels
    ('\u{180b}', '\u{180f}'),   // Mongolian selectors and separator
    ('\u{200b}', '\u{200f}'),   // zero width, and direction marks
    ('\u{2028}', '\u{202e}'),   // line and paragraph separators, direction overrides
    ('\u{2060}', '\u{206f}'),   // word joiner, direction isolates
    ('\u{2800}', '\u{2800}'),   // blank Braille pattern
    ('\u{3164}', '\u{3164}'),   // Hangul filler
    ('\u{fe00}', '\u{fe0f}'),   // variation selectors
    ('\u{feff}', '\u{feff}'),   // byte order mark
    ('\u{ffa0}', '\u{ffa0}'),   // halfwidth Hangul filler
    ('\u{fff0}', '\u{fffb}'),   // interlinear annotation
    ('\u{110bd}', '\u{110bd}'), // Kaithi number sign
    ('\u{110cd}', '\u{110cd}'), // Kaithi number sign above
    ('\u{13430}', '\u{1343f}'), // Egyptian hieroglyph joiners
    ('\u{1bca0}', '\u{1bca3}'), // shorthand format controls
    ('\u{1d173}', '\u{1d17a}'), // musical format controls
    ('\u{e0000}', '\u{e0fff}'), // tags, more variation selectors
];

/// Whether a character must not reach a reader as it is.
pub fn is_hidden(sign: char) -> bool {
    if sign.is_ascii() {
        return sign.is_ascii_control();
    }
    let is_in = |(first, last): &&(char, char)| *first <= sign && sign <= *last;
    sign.is_control() || HIDDEN.iter().any(|range| is_in(&range))
}

/// One line of text: every hidden character, line breaks too, becomes `\u{…}`.
pub fn escaped(text: &str) -> Cow<'_, str> {
    replaced(text, is_hidden, |sign, out| {
        write!(out, "{}", sign.escape_unicode()).expect("writing into memory succeeds");
    })
}

/// Several lines of text, such as a page that a ledger sent: as [`escaped`], but line breaks stay.
pub fn escaped_lines(text: &str) -> Cow<'_, str> {
    replaced(
        text,
        |sign| sign != '\n' && is_hidden(sign),
        |sign, out| {
            write!(out, "{}", sign.escape_unicode()).expect("writing into memory succeeds");
        },
    )
}

/// JSON whose hidden characters are written as `\uXXXX`. A program reads the same value: outside
/// its strings, JSON has no hidden characters but line breaks and tabs, which stay.
pub fn escaped_json(text: &str) -> Cow<'_, str> {
    replaced(
        text,
        |sign| !matches!(sign, '\n' | '\r' | '\t') && is_hidden(sign),
        |sign, out| {
            for unit in sign.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("writing into memory succeeds");
            }
        },
    )
}

fn replaced(
    text: &str,
    is_replaced: impl Fn(char) -> bool,
    mut replace: impl FnMut(char, &mut String),
) -> Cow<'_, str> {
    if !text.contains(&is_replaced) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for sign in text.chars() {
        if is_replaced(sign) {
            replace(sign, &mut out);
        } else {
            out.push(sign);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_or_moves_its_neighbours_is_escaped() {
        let rows = [
            ("d1", "d1"),
            ("Zoë Lefèvre, 5 °C, 日本", "Zoë Lefèvre, 5 °C, 日本"),
            ("a\u{a0}b", "a\u{a0}b"), // a space that French puts before a colon
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("\u{7f}\0\u{7}", "\\u{7f}\\u{0}\\u{7}"),
            ("a\r\nb\tc", "a\\u{d}\\u{a}b\\u{9}c"),
            ("\u{202e}abc\u{2066}\u{200f}\u{61c}", "\\u{202e}abc\\u{2066}\\u{200f}\\u{61c}"),
            ("\u{200b}\u{feff}\u{ad}\u{3164}", "\\u{200b}\\u{feff}\\u{ad}\\u{3164}"),
            ("\u{2028}\u{2029}\u{85}", "\\u{2028}\\u{2029}\\u{85}"),
            ("\u{e0041}\u{e0100}", "\\u{e0041}\\u{e0100}"),
        ];
        for (text, expected) in rows {
            assert_eq!(escaped(text), expected);
            assert_eq!(escaped(&escaped(text)), expected, "once is enough");
        }
        assert_eq!(escaped_lines("a\n\u{1b}b\n"), "a\n\\u{1b}b\n");
    }

    #[test]
    fn escaped_json_is_the_same_value() {
        let value = serde_json::json!({"a\u{9b}": "\u{7f}\u{202e}\n\u{e0041}"});
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let escaped = escaped_json(&text);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
            assert!(!escaped.contains(|sign| sign != '\n' && is_hidden(sign)), "{escaped}");
        }
    }

    #[test]
    fn the_ranges_rise() {
        for pair in HIDDEN.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{pair:?}");
        }
    }
}

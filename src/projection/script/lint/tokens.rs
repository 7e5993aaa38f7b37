//! The tokens of a program, as far as warnings need them: words, texts, signs, and their places.
//! Source: ECMAScript, 12 (Lexical Grammar). The program has compiled, so what is here is one.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A name, keyword or number.
    Word,
    /// A text, without its quotes; a template as it stands.
    Text,
    /// A regular expression.
    Pattern,
    /// One sign.
    Sign,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'s> {
    /// What it is.
    pub kind: TokenKind,
    /// Its text.
    pub text: &'s str,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
}

/// Words after which a slash begins a regular expression.
const BEFORE_PATTERN: [&str; 12] = [
    "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "yield",
];

/// The tokens of a program; comments are left out.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(sign) = source[at..].chars().next() {
        let rest = &source[at..];
        let (kind, length) = if sign.is_whitespace() {
            (None, sign.len_utf8())
        } else if rest.starts_with("//") {
            (None, rest.find(['\n', '\r']).unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if matches!(sign, '\'' | '"') {
            (Some(TokenKind::Text), quoted(rest, sign))
        } else if sign == '`' {
            (Some(TokenKind::Text), template(rest))
        } else if is_of_a_word(sign) {
            (Some(TokenKind::Word), rest.find(|s| !is_of_a_word(s)).unwrap_or(rest.len()))
        } else if sign == '/' && begins_pattern(tokens.last()) {
            (Some(TokenKind::Pattern), pattern(rest))
        } else {
            (Some(TokenKind::Sign), sign.len_utf8())
        };
        if let Some(kind) = kind {
            let (line, column) = place(source, at);
            let whole = &rest[..length];
            let text = match (kind, sign) {
                (TokenKind::Text, '\'' | '"') => &whole[1..length.max(2) - 1],
                _ => whole,
            };
            tokens.push(Token { kind, text, line, column });
        }
        at += length.max(1);
    }
    tokens
}

fn is_of_a_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_' || sign == '$'
}

/// Whether a slash after this token begins a regular expression, rather than divides.
fn begins_pattern(last: Option<&Token<'_>>) -> bool {
    last.is_none_or(|last| match last.kind {
        TokenKind::Word => BEFORE_PATTERN.contains(&last.text),
        TokenKind::Sign => !matches!(last.text, ")" | "]" | "}"),
        TokenKind::Text | TokenKind::Pattern => false,
    })
}

/// The length of a text in quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut signs = text.char_indices().skip(1);
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => _ = signs.next(),
            _ if sign == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a template, with what it puts in.
fn template(text: &str) -> usize {
    let (mut signs, mut depth) = (text.char_indices().skip(1), 0_u32);
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => _ = signs.next(),
            '`' if depth == 0 => return at + 1,
            '{' if depth > 0 || text[..at].ends_with('$') => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// The length of a regular expression without its flags.
fn pattern(text: &str) -> usize {
    let (mut signs, mut is_in_class) = (text.char_indices().skip(1), false);
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => _ = signs.next(),
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            '/' if !is_in_class => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn place(source: &str, at: usize) -> (u32, u32) {
    let before = &source[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

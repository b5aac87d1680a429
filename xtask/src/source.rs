//! A reader of Rust and TypeScript sources that knows just enough to tell code, sentences and comments apart.

/// A piece of source text.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece<'a> {
    /// Anything that is neither a string nor a comment.
    Code(&'a str),
    /// What stands between the quotation marks, escapes left as they are.
    Text(&'a str),
}

/// A piece and the line on which it begins, from 1.
pub(crate) struct Placed<'a> {
    pub(crate) line: usize,
    pub(crate) piece: Piece<'a>,
}

/// Takes a source apart; comments are left out.
///
/// Single quotes begin a string only in TypeScript: in Rust they are characters and lifetimes.
pub(crate) fn pieces(source: &str, rust: bool) -> Vec<Placed<'_>> {
    let bytes = source.as_bytes();
    let mut pieces = Vec::new();
    let (mut start, mut at, mut line, mut start_line) = (0, 0, 1, 1);
    while at < bytes.len() {
        let rest = &source[at..];
        let (opening, text, whole) = if rest.starts_with("//") {
            (true, None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (true, None, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if let Some((text, whole)) = string(rest, rust, source[..at].chars().next_back()) {
            (true, Some(text), whole)
        } else if rust && rest.starts_with('\'') {
            (false, None, character(rest))
        } else {
            (false, None, rest.chars().next().map_or(1, char::len_utf8))
        };
        if opening {
            if start < at {
                pieces.push(Placed { line: start_line, piece: Piece::Code(&source[start..at]) });
            }
            if let Some(text) = text {
                pieces.push(Placed { line, piece: Piece::Text(text) });
            }
        }
        line += source[at..at + whole].matches('\n').count();
        at += whole;
        if opening {
            (start, start_line) = (at, line);
        }
    }
    if start < source.len() {
        pieces.push(Placed { line: start_line, piece: Piece::Code(&source[start..]) });
    }
    pieces
}

/// The string that begins here: what it holds, and its length with marks.
fn string(rest: &str, rust: bool, before: Option<char>) -> Option<(&str, usize)> {
    if rust && rest.starts_with('r') && !before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
        if rest.as_bytes().get(1 + hashes) == Some(&b'"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let from = hashes + 2;
            let length = rest[from..].find(&close)?;
            return Some((&rest[from..from + length], from + length + close.len()));
        }
    }
    let mark = rest.chars().next()?;
    if mark != '"' && (rust || (mark != '\'' && mark != '`')) {
        return None;
    }
    let mut escaped = false;
    for (index, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == mark => return Some((&rest[1..index], index + 1)),
            // A TypeScript string ends on its line; the mark belonged to a pattern or to plain page text.
            '\n' if !rust && mark != '`' => return None,
            _ => {}
        }
    }
    None
}

/// Length of a character literal or of a lifetime's first mark.
fn character(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => rest[2..].find('\'').map_or(1, |end| if rest[2..].starts_with('\'') { 4 } else { end + 3 }),
        Some(_) => match letters.next() {
            Some((close, '\'')) => close + 1,
            _ => 1,
        },
        None => 1,
    }
}

/// Whether a sentence holds Chinese.
pub(crate) fn chinese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}'))
}

/// Whether `word` stands in `code` as a word of its own (`rand` not in `operand`); `word` may hold `::` and `!`.
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || c == '_';
    let open_end = word.ends_with(inner);
    code.match_indices(word).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + word.len()..]);
        !(before.ends_with(inner) || open_end && after.starts_with(inner))
    })
}

#[cfg(test)]
mod tests {
    use super::{Piece, has_word, pieces};

    fn texts(source: &str) -> Vec<(usize, &str)> {
        let mut found = Vec::new();
        for placed in pieces(source, true) {
            if let Piece::Text(text) = placed.piece {
                found.push((placed.line, text));
            }
        }
        found
    }

    #[test]
    fn a_mark_in_a_comment_opens_nothing() {
        assert_eq!(texts("// it's \"so\"\nsay(\"one\"); /* \"no\" */ say(\"two\")"), [(2, "one"), (2, "two")]);
    }

    #[test]
    fn characters_and_lifetimes_are_no_strings() {
        let source = "fn f<'a>(x: &'a str) { let c = '\"'; let d = '\\''; say(\"here\") }";
        assert_eq!(texts(source), [(1, "here")]);
    }

    #[test]
    fn raw_strings_end_at_their_own_mark() {
        let source = "let a = r#\"say \"this\"\"#;\nlet b = \"x\";";
        assert_eq!(texts(source), [(1, "say \"this\""), (2, "x")]);
    }

    #[test]
    fn a_word_is_found_only_as_a_word() {
        assert!(has_word("use tokio::sync;", "tokio"));
        assert!(!has_word("let operand = 1;", "rand"));
        assert!(has_word("println!()", "println!"));
        assert!(!has_word("eprintln!()", "println!"));
    }
}

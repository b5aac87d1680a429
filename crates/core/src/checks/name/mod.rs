//! Names of people, made uniform without losing anything: separators, blanks, and characters of old encodings.
//!
//! Rules: 民委发〔2016〕33号 (separator U+00B7, at least 50 characters, all of GB 18030). Surname and given name are never
//! split: Uyghur and Tibetan names have no surname.

mod findings;
mod old_codes;

pub use findings::{NameFault, NameNotice};
pub use old_codes::{from_old_code, is_private};

use super::text;

/// Most characters (code points) of a name. Source: 民委发〔2016〕33号.
pub const LONGEST: usize = 50;

/// The separator between the parts of a name.
pub const SEPARATOR: char = '\u{B7}';

/// A name that has passed [`check`]; `Debug` is masked.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>);

impl Name {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as public lists show it: `张*三`.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.0)
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Name({})", self.masked())
    }
}

/// What was made of an entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Checked {
    /// The name to store.
    pub name: Name,
    /// What was entered, when anything was changed; kept beside the name.
    pub original: Option<Box<str>>,
    /// What the clerk should look at.
    pub notices: Vec<NameNotice>,
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checked").field("name", &self.name).field("notices", &self.notices).finish_non_exhaustive()
    }
}

/// First and last character, the rest masked; of two characters the first; of one none.
#[must_use]
pub fn masked(name: &str) -> String {
    match name.chars().count() {
        0 | 1 => "*".to_owned(),
        2 => name.chars().take(1).chain(['*']).collect(),
        _ => text::masked(name, 1, 1),
    }
}

/// Makes a name uniform and judges it.
///
/// Full-width letters become half-width; blanks between hanzi go, between Latin words one stays; any of the
/// signs people type for the separator between hanzi becomes U+00B7; private-use code points of old encodings
/// become the characters they stand for.
///
/// # Errors
/// [`NameFault`] for an empty name, a ditto mark, and one of more than [`LONGEST`] characters.
pub fn check(entered: &str) -> Result<Checked, NameFault> {
    // Apostrophes alone are an empty text cell, not a mark of anything.
    if text::is_ditto(entered) && !text::tight(entered).is_empty() {
        return Err(NameFault::Ditto);
    }
    let mut notices = Vec::new();
    let mut note = |when: bool, notice| {
        if when && !notices.contains(&notice) {
            notices.push(notice);
        }
    };
    let mut chars = Vec::with_capacity(entered.len() / 2);
    for c in entered.chars().filter(|c| !text::is_invisible(*c)) {
        let today = from_old_code(c);
        note(today.is_some(), NameNotice::OldCode);
        let c = today.unwrap_or_else(|| text::half_width(c));
        note(is_private(c), NameNotice::PrivateUse);
        note(matches!(c, '?' | '\u{FFFD}' | '□' | '■' | '〓'), NameNotice::LostCharacter);
        chars.push(c);
    }
    let spaced = trimmed(&chars);
    let (joined, doubtful) = without_blanks(spaced);
    note(doubtful, NameNotice::SeparatorDoubtful);
    let (separated, hidden) = with_separators(&joined);
    note(hidden, NameNotice::Masked);
    note(separated.iter().any(|c| is_unusual(*c)), NameNotice::Unusual);
    if separated.is_empty() {
        return Err(NameFault::Missing);
    }
    if separated.len() > LONGEST {
        return Err(NameFault::TooLong);
    }
    let name: String = separated.into_iter().collect();
    let original = (name != entered).then(|| entered.into());
    Ok(Checked { name: Name(name.into()), original, notices })
}

/// Without blanks, and without the apostrophe of a text cell, at both ends.
fn trimmed(chars: &[char]) -> &[char] {
    let mut rest = chars;
    while let [' ' | '\'' | '`' | '\u{2018}' | '\u{2019}', inner @ ..] | [inner @ .., ' '] = rest {
        rest = inner;
    }
    rest
}

/// Blanks beside a hanzi go, others become one. Also tells whether a blank may have been a
/// separator: at least two hanzi on both sides, and five together, is no Han name.
fn without_blanks(chars: &[char]) -> (Vec<char>, bool) {
    let words: Vec<&[char]> = chars.split(|c| *c == ' ').filter(|word| !word.is_empty()).collect();
    let mut joined: Vec<char> = Vec::with_capacity(chars.len());
    for (i, word) in words.iter().enumerate() {
        // What counts is the nearest letter: in "买买提 · 吐尔逊" and "J. Smith" a sign stands in between.
        let before = joined.iter().rev().find(|c| !is_separator(**c));
        let after = words[i..].iter().copied().flatten().find(|c| !is_separator(**c));
        let latin = |c: Option<&char>| c.is_some_and(|c| !is_hanzi(*c));
        if i > 0 && latin(before) && latin(after) {
            joined.push(' ');
        }
        joined.extend_from_slice(word);
    }
    let plain = joined.iter().all(|c| is_hanzi(*c));
    let doubtful = plain && words.len() == 2 && joined.len() >= 5 && words.iter().all(|w| w.len() >= 2);
    (joined, doubtful)
}

/// Every run of separator signs between two hanzi becomes one U+00B7. Also tells whether a `*` stays: with a
/// single hanzi on one side it is a masked name (张*三), not a separator.
fn with_separators(chars: &[char]) -> (Vec<char>, bool) {
    let mut separated = Vec::with_capacity(chars.len());
    let mut hidden = false;
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let run = chars[at..].iter().take_while(|c| is_separator(**c)).count();
        if run == 0 {
            separated.push(c);
            at += 1;
            continue;
        }
        let (before, after) = (&chars[..at], &chars[at + run..]);
        let between = before.last().is_some_and(|c| is_hanzi(*c)) && after.first().is_some_and(|c| is_hanzi(*c));
        let stars = chars[at..at + run].contains(&'*');
        let words = before.iter().rev().take_while(|c| is_hanzi(**c)).count().min(2)
            + after.iter().take_while(|c| is_hanzi(**c)).count().min(2);
        if between && !(stars && (words < 4 || run > 1)) {
            separated.push(SEPARATOR);
        } else {
            hidden |= stars;
            separated.extend_from_slice(&chars[at..at + run]);
        }
        at += run;
    }
    (separated, hidden)
}

/// The signs that are typed for the separator, after [`text::half_width`].
fn is_separator(c: char) -> bool {
    matches!(
        c,
        SEPARATOR
            | '\u{387}'
            | '\u{2022}'
            | '\u{2027}'
            | '\u{2024}'
            | '\u{2219}'
            | '\u{22C5}'
            | '\u{2E31}'
            | '\u{2E33}'
            | '\u{25CF}'
            | '\u{26AB}'
            | '\u{30FB}'
            | '\u{FF65}'
            | '\u{FE52}'
            | '\u{1427}'
            | '\u{A78F}'
            | '。'
            | '｡'
            | '、'
            | '､'
            | '.'
            | '*'
    )
}

/// Ideographs of the unified and compatibility blocks, 〇, radicals, and private-use code points (in a Chinese
/// name they are ideographs of some font).
fn is_hanzi(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{2FD5}' | '〇' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
        || is_private(c)
}

/// Digits and signs that stand in no name. Letters of any script, marks and the usual joining signs are fine;
/// what already has its own notice is left out.
fn is_unusual(c: char) -> bool {
    let joining = matches!(c, ' ' | '-' | '\'' | '\u{2019}' | '.' | SEPARATOR);
    let told = matches!(c, '?' | '*' | '\u{FFFD}' | '□' | '■' | '〓') || is_private(c);
    // Variation selectors choose the form of the ideograph before them.
    let selector = matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}');
    !(c.is_alphabetic() || is_hanzi(c) || joining || told || selector)
}

#[cfg(test)]
mod tests;

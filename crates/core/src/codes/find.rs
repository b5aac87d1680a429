//! Finding the entry a person meant: by code, official label or one of the known other spellings.

use super::{Code, CodeList};

/// The entry that `text` means, or `None` when it is not clear.
///
/// Blanks, brackets, pauses, letter case and full-width forms do not matter; a number that lost its leading
/// zeros in a spreadsheet (`1` for `01`) is understood. Nothing is guessed from a part of a word.
#[must_use]
pub fn find(list: &CodeList, text: &str) -> Option<&'static Code> {
    // Nearly every cell holds the official label: one comparison, no folding.
    let exact = list.entries.iter().find(|e| e.zh == text || e.code == text);
    if exact.is_some() {
        return exact;
    }
    let text = folded(text);
    if text.is_empty() {
        return None;
    }
    let entries = list.entries;
    let means = |spelling: &str| folded_chars(spelling).eq(text.chars());
    entries
        .iter()
        .find(|e| means(e.code) || same_number(e.code, &text))
        .or_else(|| entries.iter().find(|e| means(e.zh) || means(e.en)))
        .or_else(|| {
            let mut all = entries.iter();
            all.find(|e| e.also.iter().any(|spelling| means(spelling)))
        })
}

/// `text` without what people vary: blanks, brackets, pauses and dashes removed, full-width forms made
/// half-width, letters in lower case. Two spellings with the same folded form are the same to [`find`].
#[must_use]
pub fn folded(text: &str) -> String {
    folded_chars(text).collect()
}

fn folded_chars(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .map(crate::checks::text::half_width)
        .filter(|c| !c.is_whitespace() && !crate::checks::text::is_invisible(*c))
        .filter(|c| !"()[]{}<>〔〕【】《》、,，。./·-—–_:;'\"“”‘’".contains(*c))
        .map(|c| c.to_ascii_lowercase())
}

/// Whether both are numbers of equal value; spreadsheets drop leading zeros.
fn same_number(code: &str, text: &str) -> bool {
    let number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    number(code)
        && number(text)
        && text.len() <= code.len()
        && code.trim_start_matches('0') == text.trim_start_matches('0')
}

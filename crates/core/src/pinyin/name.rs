//! A name as a row of units: surname readings, word starts, and the signs that a query may leave out.

use super::table::{SKIP, Table, Unit, ascii_unit};

/// Full width to half width, letters to lower case, one character for one.
pub(crate) fn fold(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).map_or(c, |c| c.to_ascii_lowercase()),
        '\u{3000}' => ' ',
        _ if c.is_ascii() => c.to_ascii_lowercase(),
        _ if c.is_uppercase() => c.to_lowercase().next().unwrap_or(c),
        _ => c,
    }
}

/// A dot, blank, bracket or other sign: a query finds the name with it or without it.
/// Private-use characters count as characters: old police and bank fonts put rare hanzi there.
pub(crate) fn is_sign(c: char) -> bool {
    match c {
        '\0'..='\u{7f}' => !c.is_ascii_alphanumeric(),
        '\u{80}'..='\u{bf}' => !c.is_alphanumeric(),
        '\u{2000}'..='\u{206f}'
        | '\u{2219}'
        | '\u{22c5}'
        | '\u{3000}'..='\u{3004}'
        | '\u{3008}'..='\u{3020}'
        | '\u{3030}'
        | '\u{30fb}'
        | '\u{fe00}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff20}'
        | '\u{ff3b}'..='\u{ff40}'
        | '\u{ff5b}'..='\u{ff65}' => true,
        _ => false,
    }
}

/// Writes the units of a title, one for each character. `unknown` gives a unit to a character without pinyin.
/// Answers after how many units the given name begins; 0 when there is no surname.
pub(crate) fn units(
    table: &Table,
    title: &[char],
    person: bool,
    mut unknown: impl FnMut(char) -> Unit,
    out: &mut Vec<Unit>,
) -> usize {
    out.clear();
    out.extend(title.iter().map(|&c| {
        if is_sign(c) { SKIP } else { ascii_unit(c).or_else(|| table.unit(c)).unwrap_or_else(|| unknown(c)) }
    }));
    if !person || out.contains(&SKIP) || title.first().is_none_or(|first| table.unit(*first).is_none()) {
        return 0;
    }
    read_surname(table, title[0], title.get(1).copied(), out)
}

/// The same for a title that has nothing but hanzi with known pinyin, as nearly all names are: nothing to fold, no
/// sign, no stranger. `None` when it has anything else.
pub(crate) fn units_of_hanzi(table: &Table, title: &str, person: bool, out: &mut Vec<Unit>) -> Option<usize> {
    out.clear();
    for c in title.chars() {
        if !matches!(c, '\u{3400}'..='\u{9fff}') || out.len() == SHORT {
            return None;
        }
        out.push(table.unit(c)?);
    }
    let mut chars = title.chars();
    match chars.next() {
        Some(first) if person => Some(read_surname(table, first, chars.next(), out)),
        _ => Some(0),
    }
}

/// Longer titles are enterprises' and organisations', and may be longer than the index wants to know.
const SHORT: usize = 64;

/// Reads the units at the beginning of a name as its surname; answers after how many units the given name begins.
/// The name has no sign in it: a name with a dot has no surname that could be told apart.
fn read_surname(table: &Table, first: char, second: Option<char>, out: &mut [Unit]) -> usize {
    if !table.begins_surname(out[0]) {
        return 1;
    }
    // A name of two characters that looks like a compound surname (司马) is read like one, but 马 counts as the given name.
    if let Some((a, b)) = second.and_then(|second| table.compound(first, second)) {
        (out[0], out[1]) = (a, b);
        return if out.len() > 2 { 2 } else { 1 };
    }
    if let Some(unit) = table.surname(first) {
        out[0] = unit;
    }
    1
}

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

/// How many characters of a name are the surname; `None` when it has none that could be told apart (a dot in it,
/// no hanzi at the start).
pub(crate) fn surname_len(table: &Table, name: &[char]) -> Option<usize> {
    let (&first, rest) = name.split_first()?;
    table.unit(first)?;
    if name.iter().any(|c| is_sign(*c)) {
        return None;
    }
    match rest {
        [second, _, ..] if table.compound(first, *second).is_some() => Some(2),
        _ => Some(1),
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
    let surname = if person { surname_len(table, title) } else { None };
    let Some(length) = surname else { return 0 };
    // A name of two characters that looks like a compound surname (司马) is read like one, but 马 counts as the given name.
    if let Some((a, b)) = title.get(1).and_then(|second| table.compound(title[0], *second)) {
        (out[0], out[1]) = (a, b);
    } else if let Some(unit) = table.surname(title[0]) {
        out[0] = unit;
    }
    length
}

//! Pinyin of names: which readings a character has, how a name is read, shown and sorted.
//!
//! Readings come from the pinyin crate, the dictionary of the standard character table (`readings.txt`) and a
//! collection of surnames; strokes from Unihan (`strokes.txt`) and cnchar (`stroke_order.txt`). Nothing here knows a
//! record or a database.

mod name;
mod strokes;
mod surnames;
mod syllable;
mod table;

use std::{collections::HashMap, sync::OnceLock};

pub(crate) use name::{fold, is_sign, units, units_of_hanzi};
pub use strokes::{stroke_key, strokes};
pub(crate) use table::{NONE, SKIP, Table, Unit, ascii_unit, is_digit, table};

/// Sort key of a person's name in pinyin order, surname reading first (单 as shàn). Compare as bytes.
/// Characters without known pinyin come last, by code point; dots and blanks do not count.
#[must_use]
pub fn sort_key(name: &str) -> String {
    key(name, true)
}

/// Sort key of any other title (enterprise, organisation) in pinyin order. Compare as bytes.
#[must_use]
pub fn sort_key_of_text(text: &str) -> String {
    key(text, false)
}

fn key(title: &str, person: bool) -> String {
    let table = table();
    let chars: Vec<char> = title.chars().map(fold).collect();
    let mut row = Vec::with_capacity(chars.len());
    units(table, &chars, person, |_| NONE, &mut row);
    let mut key = String::with_capacity(chars.len() * 8);
    for (unit, c) in row.into_iter().zip(chars) {
        if unit == SKIP {
            continue;
        }
        // '!' before every letter: digits and Latin letters first; '~' behind them: unknown characters last.
        match table.reading(unit) {
            Some((c, plain, tone)) => {
                key.push_str(plain);
                key.push((b'0' + tone) as char);
                key.push(c);
            }
            None if unit == NONE => key.extend(['~', c]),
            None => key.extend(['!', c]),
        }
        key.push(' ');
    }
    key
}

/// A person's name in pinyin with tones, as passports order it: `Shàn Wěimíng`, `Ābǔdùlā·Màimàití`.
/// A character without known pinyin stands for itself.
#[must_use]
pub fn shown(name: &str) -> String {
    let table = table();
    let chars: Vec<char> = name.chars().map(fold).collect();
    let mut row = Vec::with_capacity(chars.len());
    let surname = units(table, &chars, true, |_| NONE, &mut row);
    let mut text = String::with_capacity(chars.len() * 6);
    let mut capital = true;
    for (at, (unit, c)) in row.into_iter().zip(name.chars()).enumerate() {
        if at == surname && at > 0 {
            text.push(' ');
            capital = true;
        }
        let Some((_, plain, tone)) = table.reading(unit) else {
            text.push(c);
            capital = unit == SKIP;
            continue;
        };
        let mut syllable = syllable::toned(plain, tone);
        if capital {
            let mut letters = syllable.chars();
            syllable = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
        } else if plain.starts_with(['a', 'e', 'o']) {
            text.push('\'');
        }
        text.push_str(&syllable);
        capital = false;
    }
    text
}

/// The plain spellings under which a character may be read, the most common first; as the first character of a name those that
/// are attested for a family. Empty for a character without known pinyin.
pub(crate) fn sounds(c: char, surname: bool) -> Vec<&'static str> {
    static FAMILIES: OnceLock<HashMap<char, Vec<String>>> = OnceLock::new();
    let families = FAMILIES.get_or_init(|| {
        let line = |line: &str| {
            let mut words = line.split(' ');
            let c = words.next()?.chars().next()?;
            Some((c, words.map(|toned| syllable::split(toned).0).collect()))
        };
        surnames::SINGLE.lines().filter_map(line).collect()
    });
    if let Some(attested) = families.get(&c).filter(|_| surname) {
        return attested.iter().map(String::as_str).collect();
    }
    let table = table();
    let Some(unit) = table.unit(c) else { return Vec::new() };
    let mut out: Vec<&'static str> = Vec::with_capacity(2);
    for unit in std::iter::once(unit).chain(table.others(unit)) {
        if let Some((_, plain, _)) = table.reading(unit)
            && !out.contains(&plain)
        {
            out.push(plain);
        }
    }
    out
}

/// Whether two plain spellings are taken for each other in the south and on the telephone: `zhang` and `zang`, `lin` and `ning`.
pub(crate) fn alike(one: &str, other: &str) -> bool {
    one == other || syllable::sound_alikes(one).iter().any(|form| form == other)
}

#[cfg(test)]
mod tests;

//! Secrets that people read out, write down and type again: Crockford base32 in groups of four, with check characters.

use thiserror::Error;
use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What is wrong with a code that somebody typed. Says where, never what stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Typo {
    #[error("{expected} characters are needed, {found} were typed")]
    Length { expected: usize, found: usize },
    /// Counted from 1, without blanks and dashes.
    #[error("character {0} is none that a code is written with")]
    Character(usize),
    /// Counted from 1; a code of one line has only line 1.
    #[error("line {0} was mistyped")]
    Line(usize),
    /// Every line is right in itself, but they do not belong together, or are no such code.
    #[error("this is another kind of code")]
    Kind,
}

/// The text of bits: `symbols` of 5 bits, then one check symbol.
pub(crate) fn line(symbols: &[u8]) -> Zeroizing<String> {
    // Room for all, so that no copy stays behind when a string grows.
    let mut text = Zeroizing::new(String::with_capacity(symbols.len() * 2 + 2));
    for (at, symbol) in symbols.iter().chain([&check(symbols)]).enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(*symbol & 31)]));
    }
    text
}

/// The symbols of `lines` lines of `each` symbols, tried against their check symbols, which are left out.
///
/// Case, blanks, dashes and full-width forms do not matter; O is 0, I and L are 1.
pub(crate) fn read(text: &str, lines: usize, each: usize) -> Result<Zeroizing<Vec<u8>>, Typo> {
    let expected = lines * (each + 1);
    let mut typed = Zeroizing::new(Vec::with_capacity(expected));
    let mut found = 0;
    for c in text.chars() {
        let Some(c) = letter(c) else { continue };
        found += 1;
        if found > expected {
            continue;
        }
        let place = ALPHABET.iter().position(|a| char::from(*a) == c);
        typed.push(place.ok_or(Typo::Character(found))? as u8);
    }
    if found != expected {
        return Err(Typo::Length { expected, found });
    }
    let mut symbols = Zeroizing::new(Vec::with_capacity(lines * each));
    for (at, line) in typed.chunks_exact(each + 1).enumerate() {
        let (data, last) = line.split_at(each);
        if last != [check(data)] {
            return Err(Typo::Line(at + 1));
        }
        symbols.extend_from_slice(data);
    }
    Ok(symbols)
}

/// What a typed character stands for; `None` for what only divides.
fn letter(c: char) -> Option<char> {
    // A Chinese input method left in full-width mode types these.
    let c = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    match c.to_ascii_uppercase() {
        '-' | '_' | '.' | '\u{2010}'..='\u{2015}' | '\u{b7}' => None,
        c if c.is_whitespace() => None,
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        c => Some(c),
    }
}

/// A check symbol over GF(32), x^5 + x^2 + 1: finds every single wrong symbol and every two that changed places, in
/// lines of up to 30.
fn check(symbols: &[u8]) -> u8 {
    let double = |n: u8| (n << 1 & 31) ^ if n & 16 == 0 { 0 } else { 0b00101 };
    symbols.iter().fold(0, |sum, symbol| double(sum ^ *symbol & 31))
}

/// Bytes as symbols of 5 bits, the last filled with zeros.
pub(crate) fn to_symbols(bytes: &[u8], symbols: usize) -> Zeroizing<Vec<u8>> {
    let bit = |n: usize| bytes.get(n / 8).map_or(0, |b| b >> (7 - n % 8) & 1);
    let mut out = Zeroizing::new(Vec::with_capacity(symbols));
    out.extend((0..symbols).map(|s| (0..5).fold(0, |sum, b| sum << 1 | bit(s * 5 + b))));
    out
}

/// The bytes of symbols; what fills the last one must be zeros.
pub(crate) fn to_bytes<const N: usize>(symbols: &[u8]) -> Option<Zeroizing<[u8; N]>> {
    let bit = |n: usize| symbols.get(n / 5).map_or(0, |s| s >> (4 - n % 5) & 1);
    let mut out = Zeroizing::new([0; N]);
    for (n, byte) in out.iter_mut().enumerate() {
        *byte = (0..8).fold(0, |sum, b| sum << 1 | bit(n * 8 + b));
    }
    (N * 8..symbols.len() * 5).all(|n| bit(n) == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slip_of_one_symbol_and_every_swap_is_found() {
        let symbols: Vec<u8> = (0..30).map(|n| n * 7 % 32).collect();
        let whole: Vec<char> = line(&symbols).chars().filter(|c| *c != '-').collect();
        let typed = |chars: &[char]| read(&chars.iter().collect::<String>(), 1, 30);
        assert_eq!(typed(&whole).unwrap().as_slice(), symbols);
        for at in 0..whole.len() {
            for other in ALPHABET.iter().map(|b| char::from(*b)).filter(|c| *c != whole[at]) {
                let mut wrong = whole.clone();
                wrong[at] = other;
                assert_eq!(typed(&wrong).unwrap_err(), Typo::Line(1));
            }
            for with in at + 1..whole.len() {
                let mut wrong = whole.clone();
                wrong.swap(at, with);
                assert_eq!(typed(&wrong).is_ok(), wrong == whole, "{at} and {with}");
            }
        }
    }

    #[test]
    fn bits_come_back_and_filling_is_zero() {
        let bytes: [u8; 16] = std::array::from_fn(|n| (n * 37) as u8);
        let symbols = to_symbols(&bytes, 27);
        assert_eq!(*to_bytes::<16>(&symbols).unwrap(), bytes);
        let mut filled = symbols.clone();
        filled[26] |= 1;
        assert!(to_bytes::<16>(&filled).is_none());
    }

    #[test]
    fn a_place_and_a_count_are_told() {
        assert_eq!(read("UUUU", 1, 3).unwrap_err(), Typo::Character(1));
        assert_eq!(read("0- 0-*", 1, 3).unwrap_err(), Typo::Character(3));
        assert_eq!(read("00", 1, 3).unwrap_err(), Typo::Length { expected: 4, found: 2 });
        assert_eq!(read("00000", 1, 3).unwrap_err(), Typo::Length { expected: 4, found: 5 });
        assert_eq!(read("０Ｏ—oO", 1, 3).unwrap().as_slice(), [0; 3]);
    }
}

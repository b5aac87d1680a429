//! Strokes: how many a character has, and names in the order of strokes of the surname (姓氏笔画), as congresses and
//! elections print them.

use std::collections::HashMap;
use std::sync::OnceLock;

/// A run of code points and one sign per character, see `strokes.txt`.
type Run = (u32, &'static [u8]);

fn runs() -> &'static [Run] {
    static RUNS: OnceLock<Vec<Run>> = OnceLock::new();
    RUNS.get_or_init(|| {
        include_str!("strokes.txt")
            .lines()
            .filter(|line| !line.starts_with("# "))
            .filter_map(|line| {
                let (first, signs) = line.split_once(' ')?;
                Some((u32::from_str_radix(first, 16).ok()?, signs.as_bytes()))
            })
            .collect()
    })
}

/// Places of common characters in the order of their strokes, see `stroke_order.txt`.
fn places() -> &'static HashMap<char, u16> {
    static PLACES: OnceLock<HashMap<char, u16>> = OnceLock::new();
    PLACES.get_or_init(|| {
        include_str!("stroke_order.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| Some(line.split_once(' ')?.1))
            .flat_map(str::chars)
            .zip(0..)
            .collect()
    })
}

/// Strokes of a character, when known.
#[must_use]
pub fn strokes(hanzi: char) -> Option<u8> {
    let code = hanzi as u32;
    let runs = runs();
    let (first, signs) = runs[..runs.partition_point(|(first, _)| *first <= code)].last()?;
    let sign = signs.get((code - first) as usize)?;
    Some(sign - b'!').filter(|n| *n > 0)
}

/// Sort key by strokes: of the first character, then of the second and so on. Compare as bytes.
///
/// Equally many strokes are told apart by the kind of the first stroke, then of the second (横竖撇点折, the order of
/// GF 3003-1999) for the 6,900 common characters; others follow behind them by code point, characters of unknown
/// strokes come last. A name that begins another one stands before it.
#[must_use]
pub fn stroke_key(name: &str) -> String {
    use std::fmt::Write;
    let mut key = String::with_capacity(name.len() * 4);
    for c in name.chars().map(super::fold).filter(|c| !super::is_sign(*c)) {
        let count = strokes(c).unwrap_or(99);
        let place = places().get(&c).copied().unwrap_or(u16::MAX);
        // Writing into a string cannot fail.
        let _ = write!(key, "{count:02}{place:05}{c}");
    }
    key
}

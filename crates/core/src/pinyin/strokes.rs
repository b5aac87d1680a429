//! Strokes: how many a character has, and names in the order of strokes of the surname (姓氏笔画).

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
/// Characters of unknown strokes come last.
#[must_use]
pub fn stroke_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len() * 3);
    for c in name.chars().map(super::fold).filter(|c| !super::is_sign(*c)) {
        let count = strokes(c).unwrap_or(99);
        key.extend([(b'0' + count / 10) as char, (b'0' + count % 10) as char, c]);
    }
    key
}

//! The one door to `rxing`: a grey picture becomes black and white, finder patterns are looked for, and what lies between
//! three of them is decoded.

use std::ops::Range;

use rxing::{
    Binarizer, Luma8Source,
    common::{BitMatrix, DetectorRXingResult, HybridBinarizer, cpp_essentials::ConcentricPattern},
    qrcode::cpp_port::{
        decoder::Decode,
        detector::{FindFinderPatterns, GenerateFinderPatternSets, SampleQR},
    },
};

use crate::grey::Luma;

/// The smallest side that is looked at, in points; below it the library falls back to one threshold for all, and no code
/// of ours has as few.
pub(crate) const LEAST_SIDE: u32 = 40;

/// The longest. The library counts runs of a row in 16 bits, adds them and doubles them.
pub(crate) const MOST_SIDE: u32 = 8_192;

/// Sides of the tiles in which finder patterns are looked for closely, in points, and what each sees of its neighbours:
/// half of a pattern of 18 points a module. Larger ones are found where the picture was halved.
const TILE: u32 = 512;
const MARGIN: u32 = 64;

/// How much of a picture is tried before it is given up: pictures can be made that are nothing but finder patterns.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// Finder patterns that are looked at, the largest first: chance makes small ones. The library makes up to 105 trios
    /// of each and keeps them all, which is some 8 kB a pattern.
    pub(crate) patterns: usize,
    /// Whether each third row is looked at. Otherwise so many are left out that a symbol of version 20 would still be
    /// found if it filled the picture's height; a card on a page of 3,000 rows is not.
    pub(crate) closely: bool,
    /// Trios that are decoded, the closest first.
    pub(crate) trios: usize,
    /// Texts that are wanted.
    pub(crate) texts: usize,
}

/// The texts of the codes in one picture, taken as it is.
pub(crate) fn find(picture: Luma<'_>, bounds: Bounds) -> Vec<String> {
    let sides = LEAST_SIDE..=MOST_SIDE;
    if !sides.contains(&picture.width()) || !sides.contains(&picture.height()) {
        return Vec::new();
    }
    let Ok(source) = Luma8Source::new_with_slice(picture.points(), picture.width(), picture.height()) else {
        return Vec::new();
    };
    let binarizer = HybridBinarizer::new(source);
    let Ok(bits) = binarizer.get_black_matrix() else { return Vec::new() };

    let mut patterns =
        if bounds.closely { patterns_closely(bits, bounds.patterns) } else { FindFinderPatterns(bits, false, 0) };
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.size));
    patterns.truncate(bounds.patterns);
    let mut texts = Vec::new();
    let mut used = Vec::new();
    for trio in GenerateFinderPatternSets(&mut patterns).into_iter().take(bounds.trios) {
        let corners = [trio.bl, trio.tl, trio.tr];
        if corners.iter().any(|corner| used.contains(corner)) {
            continue;
        }
        let Ok(sampled) = SampleQR(bits, &trio) else { continue };
        if let Some(text) = decoded(sampled.getBits()) {
            used.extend(corners);
            texts.push(text);
            if texts.len() == bounds.texts {
                break;
            }
        }
    }
    texts
}

/// The finder patterns of each third row, tile by tile, until there are so many that nobody meant them all.
// The library compares each candidate with all patterns it has found. Over a whole photograph that is nothing but
// patterns, looked at so closely, that takes minutes; over one tile a tenth of a second, and then it is known.
fn patterns_closely(bits: &BitMatrix, enough: usize) -> Vec<ConcentricPattern> {
    let mut patterns = Vec::new();
    for top in (0..bits.height()).step_by(TILE as usize) {
        for left in (0..bits.width()).step_by(TILE as usize) {
            if patterns.len() > enough {
                return patterns;
            }
            let (x, y) = (left.saturating_sub(MARGIN), top.saturating_sub(MARGIN));
            let (right, bottom) = ((left + TILE).min(bits.width()), (top + TILE).min(bits.height()));
            let Some(tile) = cut(bits, x..(right + MARGIN).min(bits.width()), y..(bottom + MARGIN).min(bits.height()))
            else {
                continue;
            };
            for mut pattern in FindFinderPatterns(&tile, true, 0) {
                pattern.p.x += x as f32;
                pattern.p.y += y as f32;
                // What lies in the margin is its neighbour's.
                let here = |at: f32, from: u32, to: u32| at >= from as f32 && at < to as f32;
                if here(pattern.p.x, left, right) && here(pattern.p.y, top, bottom) {
                    patterns.push(pattern);
                }
            }
        }
    }
    patterns
}

/// Some columns and rows of black and white.
fn cut(bits: &BitMatrix, columns: Range<u32>, rows: Range<u32>) -> Option<BitMatrix> {
    if columns.len() as u32 == bits.width() && rows.len() as u32 == bits.height() {
        return Some(bits.clone());
    }
    let mut tile = BitMatrix::new(columns.len() as u32, rows.len() as u32).ok()?;
    for (to, y) in (0..).zip(rows) {
        for (across, x) in (0..).zip(columns.clone()) {
            if bits.get(x, y) {
                tile.set(across, to);
            }
        }
    }
    Some(tile)
}

/// What a square of modules says, its errors corrected.
fn decoded(modules: &BitMatrix) -> Option<String> {
    // A micro code has one finder pattern; where three of them span as few modules, they belong to no code.
    if modules.width() < 21 || modules.width() != modules.height() {
        return None;
    }
    let result = Decode(modules).ok().filter(|result| result.isValid())?;
    // One of several symbols that make up a text together is not the text.
    if result.structuredAppend().count > 1 {
        return None;
    }
    // Where a code does not say what its bytes are, the library takes three Chinese characters of UTF-8 for Shift JIS.
    let said = result.content();
    match str::from_utf8(said.bytes()) {
        Ok(text) if !said.has_eci => Some(text.to_owned()),
        _ => Some(result.text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Modules by chance, with the format information of the mask and level at both places (ISO/IEC 18004, 7.9), so that
    /// the decoder goes on to the codewords.
    fn modules(size: u32, format: u32, mut seed: u64) -> BitMatrix {
        let mut modules = BitMatrix::new(size, size).unwrap();
        for at in 0..size * size {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            modules.set_bool(at % size, at / size, seed >> 63 == 1);
        }
        let around = (0..6).map(|x| (x, 8)).chain([(7, 8), (8, 8), (8, 7)]).chain((0..6).rev().map(|y| (8, y)));
        let apart = (0..7).map(|n| (8, size - 1 - n)).chain((0..8).map(|n| (size - 8 + n, 8)));
        for (bit, (x, y)) in (0..15).rev().zip(around).chain((0..15).rev().zip(apart)) {
            modules.set_bool(x, y, format >> bit & 1 == 1);
        }
        modules
    }

    #[test]
    fn modules_by_chance_are_borne_in_every_version_and_format() {
        for size in 1..=181 {
            for data in 0..32_u32 {
                // BCH (15, 5), then the mask of today's codes, none, and that of the first model.
                let check = (0..5).rev().fold(data << 10, |rest, bit| {
                    if rest >> (bit + 10) & 1 == 1 { rest ^ (0b101_0011_0111 << bit) } else { rest }
                });
                for mask in [0x5412, 0, 0x2825] {
                    if size >= 17 {
                        let modules = modules(size, (data << 10 | check) ^ mask, u64::from(size * 96 + data));
                        assert_eq!(decoded(&modules), None, "{size} modules, format {data}");
                    }
                }
            }
            assert_eq!(decoded(&BitMatrix::new(size, size).unwrap()), None, "{size} light modules");
        }
        assert_eq!(decoded(&BitMatrix::new(43, 7).unwrap()), None, "a code that is no square");
    }
}

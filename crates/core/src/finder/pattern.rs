//! A word of the query as steps over the units of a name: full pinyin, initials, a mixture, characters, unreadable ones.
//
// A position is how many signs of the word are eaten. Units stand in pinyin order, so everything that one character
// of a name can eat (a whole syllable, an initial, the beginning of a syllable, itself) is a range of units or a few.

use zeroize::{DefaultIsZeroes, Zeroize};

use super::query::{Sign, Word};
use crate::pinyin::{self, Table, Unit};

/// No way from here to the end of the word.
const NO_WAY: u8 = u8::MAX;

/// Units `first .. first + length`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: Unit,
    pub(super) length: u16,
}

impl DefaultIsZeroes for Span {}

impl Span {
    pub(super) fn has(self, unit: Unit) -> bool {
        unit.wrapping_sub(self.first) < self.length
    }

    pub(super) fn last(self) -> Unit {
        self.first + (self.length - 1)
    }
}

/// One character of a name, read in one of these ways, leads to a position.
pub(super) struct Step {
    pub(super) spans: Vec<Span>,
    pub(super) to: usize,
}

/// One word, ready to be compared with names.
pub(super) struct Pattern {
    /// Steps from each position; from the end there is none.
    pub(super) steps: Vec<Vec<Step>>,
    /// The fewest characters that lead from each position to the end.
    need: Vec<u8>,
}

impl Drop for Pattern {
    fn drop(&mut self) {
        for step in self.steps.iter_mut().flatten() {
            step.spans.zeroize();
        }
    }
}

impl Pattern {
    /// `stranger` knows the units of characters without pinyin; `alike`: also what sounds alike.
    pub(super) fn new(table: &Table, word: &Word, alike: bool, stranger: impl Fn(char) -> Option<Unit>) -> Self {
        let signs = &word.signs;
        let steps: Vec<Vec<Step>> = (0..signs.len())
            .map(|at| match signs[at] {
                Sign::Bound => Vec::new(),
                Sign::Any => {
                    let spans = vec![Span { first: pinyin::SKIP + 1, length: u16::MAX - pinyin::SKIP }];
                    vec![Step { spans, to: behind(signs, at + 1) }]
                }
                Sign::Char(c) => {
                    let units = table.units(c).chain(stranger(c)).map(|u| (u, u + 1));
                    one(spans(units.collect()), behind(signs, at + 1))
                }
                Sign::Ascii(letter) => sounds(table, signs, at, letter, alike),
            })
            .collect();
        let mut need = vec![NO_WAY; signs.len() + 1];
        need[signs.len()] = 0;
        for at in (0..signs.len()).rev() {
            let ways = steps[at].iter().map(|step| need[step.to].saturating_add(1));
            need[at] = ways.min().unwrap_or(NO_WAY);
        }
        Self { steps, need }
    }

    /// The position where the word is eaten.
    pub(super) fn end(&self) -> usize {
        self.steps.len()
    }

    /// Whether so many characters can lead from a position to the end.
    pub(super) fn reachable(&self, position: usize, characters: usize) -> bool {
        usize::from(self.need[position]) <= characters
    }

    /// Whether no name at all can have the word.
    pub(super) fn hopeless(&self) -> bool {
        self.need[0] == NO_WAY
    }

    /// Where one unit (with the other readings of its character) leads from each position, as sets of positions.
    pub(super) fn row(&self, table: &Table, unit: Unit) -> Vec<u64> {
        let has = |step: &Step, unit: Unit| step.spans.iter().any(|span| span.has(unit));
        self.steps
            .iter()
            .map(|steps| {
                let way = |step: &&Step| has(step, unit) || table.others(unit).any(|other| has(step, other));
                steps.iter().filter(way).fold(0, |set, step| set | 1 << step.to)
            })
            .collect()
    }
}

/// A position, or the one behind the apostrophe that stands there.
fn behind(signs: &[Sign], at: usize) -> usize {
    at + usize::from(signs.get(at) == Some(&Sign::Bound))
}

fn one(spans: Vec<Span>, to: usize) -> Vec<Step> {
    if spans.is_empty() { Vec::new() } else { vec![Step { spans, to }] }
}

/// What can be eaten from a letter or digit on: itself, and for a letter every beginning of a syllable that is the
/// whole syllable, its initial, or the last of the letters.
fn sounds(table: &Table, signs: &[Sign], at: usize, letter: u8, alike: bool) -> Vec<Step> {
    let itself = pinyin::ascii_unit(letter as char).map(|u| (u, u + 1));
    // By number of letters eaten; no syllable has more than seven.
    let mut eaten: [Vec<(Unit, Unit)>; 8] = Default::default();
    eaten[1].extend(itself);
    if letter.is_ascii_lowercase() {
        let forms = if alike { &table.alike } else { &table.spelled };
        let from = forms.partition_point(|(form, _)| form.as_bytes()[0] < letter);
        for (form, syllable) in forms[from..].iter().take_while(|(form, _)| form.as_bytes()[0] == letter) {
            let form = form.as_bytes();
            let same =
                form.iter().zip(&signs[at..]).take_while(|(letter, sign)| **sign == Sign::Ascii(**letter)).count();
            let initial = if form.get(1) == Some(&b'h') { 2 } else { 1 };
            let syllable = usize::from(*syllable);
            for (len, eaten) in eaten.iter_mut().enumerate().take(same + 1).skip(1) {
                let letters_go_on = matches!(signs.get(at + len), Some(Sign::Ascii(b'a'..=b'z')));
                if len == form.len() || len == 1 || len == initial || !letters_go_on {
                    eaten.push((table.first[syllable], table.first[syllable + 1]));
                }
            }
        }
    }
    let steps = eaten.into_iter().enumerate().filter(|(_, units)| !units.is_empty());
    steps.flat_map(|(len, units)| one(spans(units), behind(signs, at + len))).collect()
}

/// Joins ranges that touch.
fn spans(mut ranges: Vec<(Unit, Unit)>) -> Vec<Span> {
    ranges.sort_unstable();
    let mut joined: Vec<(Unit, Unit)> = Vec::new();
    for (from, to) in ranges.into_iter().filter(|(from, to)| from < to) {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    let span = |(first, end): (Unit, Unit)| Span { first, length: end - first };
    joined.into_iter().map(span).collect()
}

//! Names of up to four characters, stored across: the first units of 256 names side by side, then the second ones.
//
// A step of a pattern is a range of units, so it is one comparison for many names at once: a machine does eight or
// more of them with one instruction, without looking anything up. Where names stand in order, most blocks have no
// unit in the range at all and are passed over.

use super::pattern::{Pattern, Span};
use super::wiped::Wiped;
use crate::pinyin::{NONE, Unit};

/// Names side by side.
pub(super) const LANES: usize = 256;
type Column = [u16; LANES];
/// All ones where a name is meant, else zero.
type Mask = [i16; LANES];
/// Four columns of units and one that says how many units come before the given name.
type Block = [Column; 5];

/// How good a hit is: four less its rank; zero is none.
pub(super) type Goodness = [i16; LANES];

/// The names.
#[derive(Default)]
pub(super) struct Shorts {
    blocks: Wiped<Block>,
    /// Lowest and highest unit of each column of each block.
    limits: Vec<[(Unit, Unit); 4]>,
    len: usize,
}

impl Shorts {
    pub(super) fn with_capacity(names: usize) -> Self {
        let blocks = names.div_ceil(LANES);
        Self { blocks: Wiped::with_capacity(blocks), limits: Vec::with_capacity(blocks), len: 0 }
    }

    pub(super) fn bytes(&self) -> usize {
        self.blocks.bytes() + self.limits.capacity() * size_of::<[(Unit, Unit); 4]>()
    }

    pub(super) fn push(&mut self, units: [Unit; 4], given: usize) {
        let lane = self.len % LANES;
        if lane == 0 {
            self.blocks.push([[NONE; LANES]; 5]);
            self.limits.push([(Unit::MAX, NONE); 4]);
        }
        if let (Some(block), Some(limits)) = (self.blocks.last_mut(), self.limits.last_mut()) {
            for ((column, limit), unit) in block.iter_mut().zip(limits).zip(units) {
                column[lane] = unit;
                if unit != NONE {
                    *limit = (limit.0.min(unit), limit.1.max(unit));
                }
            }
            block[4][lane] = given as u16;
        }
        self.len += 1;
    }

    pub(super) fn get(&self, at: usize) -> [Unit; 4] {
        let (block, lane) = (&self.blocks[at / LANES], at % LANES);
        [block[0][lane], block[1][lane], block[2][lane], block[3][lane]]
    }

    /// A name with what says how many units come before the given name.
    pub(super) fn row(&self, at: usize) -> [u16; 5] {
        let [a, b, c, d] = self.get(at);
        [a, b, c, d, self.given(at)]
    }

    /// Copies of the names at these places.
    pub(super) fn rows(&self, places: impl ExactSizeIterator<Item = usize>) -> Wiped<[u16; 5]> {
        let mut rows = Wiped::with_capacity(places.len());
        places.for_each(|at| rows.push(self.row(at)));
        rows
    }

    /// Puts a name in the place of another one. Until [`Shorts::limit_anew`] nothing may be looked for.
    pub(super) fn put(&mut self, at: usize, row: [u16; 5]) {
        let (block, lane) = (&mut self.blocks[at / LANES], at % LANES);
        block.iter_mut().zip(row).for_each(|(column, unit)| column[lane] = unit);
    }

    /// Looks again at the blocks from a place on, whose names have changed.
    pub(super) fn limit_anew(&mut self, from: usize) {
        for (block, limits) in self.blocks.iter().zip(&mut self.limits).skip(from / LANES) {
            for (column, limit) in block.iter().zip(limits) {
                let units = column.iter().filter(|unit| **unit != NONE);
                *limit = units.fold((Unit::MAX, NONE), |(low, high), unit| (low.min(*unit), high.max(*unit)));
            }
        }
    }

    /// The same names in another order, given by their places here.
    pub(super) fn gathered(&self, places: impl Iterator<Item = usize>) -> Self {
        // Side by side each name first: a name taken from columns is a look at five places far from each other.
        let rows = self.rows(0..self.len);
        let mut other = Self::with_capacity(self.len);
        for place in places {
            let [a, b, c, d, given] = rows[place];
            other.push([a, b, c, d], usize::from(given));
        }
        other
    }

    /// Units before the given name.
    fn given(&self, at: usize) -> u16 {
        self.blocks[at / LANES][4][at % LANES]
    }

    /// Gives every block with hits in it, by its number.
    pub(super) fn sweep(&self, pattern: &Pattern, mut hits: impl FnMut(usize, &Goodness)) {
        let all = [-1; LANES];
        let mut best = [0; LANES];
        for (number, (block, limits)) in self.blocks.iter().zip(&self.limits).enumerate() {
            let mut any = false;
            let longest = limits.iter().take_while(|limit| limit.1 != NONE).count();
            for start in 0..longest {
                if pattern.reachable(0, longest - start) {
                    let walk = Walk { block, limits, longest, pattern, start };
                    any |= walk.on(start, 0, &all, &mut best);
                }
            }
            if any {
                hits(number, &best);
                best = [0; LANES];
            }
        }
    }
}

/// Looking for a pattern from one column on.
struct Walk<'a> {
    block: &'a Block,
    limits: &'a [(Unit, Unit); 4],
    /// Units of the longest name of the block.
    longest: usize,
    pattern: &'a Pattern,
    start: usize,
}

impl Walk<'_> {
    /// Goes on from a position at a column with the names of the mask; whether any name had all of it.
    fn on(&self, column: usize, position: usize, mask: &Mask, best: &mut Goodness) -> bool {
        let mut any = false;
        let (lowest, highest) = self.limits[column];
        for step in &self.pattern.steps[position] {
            let within = |span: &Span| span.first <= highest && span.last() >= lowest;
            if !self.pattern.reachable(step.to, self.longest - 1 - column) || !step.spans.iter().any(within) {
                continue;
            }
            let mut left = [0; LANES];
            if !keep(&self.block[column], &step.spans, mask, &mut left) {
                continue;
            }
            if step.to == self.pattern.end() {
                self.note(column + 1, &left, best);
                any = true;
            } else {
                any |= self.on(column + 1, step.to, &left, best);
            }
        }
        any
    }

    /// Notes a hit that ends before a column.
    fn note(&self, end: usize, found: &Mask, best: &mut Goodness) {
        let lanes = best.iter_mut().zip(found);
        if self.start > 0 {
            let word = self.start as u16;
            for ((best, found), given) in lanes.zip(&self.block[4]) {
                *best = (*best).max(found & (1 + i16::from(*given == word)));
            }
        } else if end < 4 {
            for ((best, found), next) in lanes.zip(&self.block[end]) {
                *best = (*best).max(found & (3 + i16::from(*next == NONE)));
            }
        } else {
            for (best, found) in lanes {
                *best = (*best).max(found & 4);
            }
        }
    }
}

/// The names of the mask whose unit is in one of the spans; whether there are any.
fn keep(column: &Column, spans: &[Span], mask: &Mask, left: &mut Mask) -> bool {
    let mut any = 0;
    if let [span] = spans {
        for ((left, unit), mask) in left.iter_mut().zip(column).zip(mask) {
            *left = -i16::from(span.has(*unit)) & mask;
            any |= *left;
        }
        return any != 0;
    }
    for span in spans {
        for (left, unit) in left.iter_mut().zip(column) {
            *left |= -i16::from(span.has(*unit));
        }
    }
    for (left, mask) in left.iter_mut().zip(mask) {
        *left &= mask;
        any |= *left;
    }
    any != 0
}

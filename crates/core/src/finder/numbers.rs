//! Numbers of all records, stored across: one mark of the first digit of 256 people side by side, then the next mark.
//
// Each digit is two marks out of five (as on old postal codes), X has a sixth one, the end of a number has none. To
// compare a digit of 64 people is then one AND of two words, and after three digits nearly nobody is left: a search
// inside 200,000 times three numbers takes less time than reading the text would, in less memory.

use super::wiped::Wiped;

/// Records side by side in one block.
const LANES: usize = 512;
type Lanes = [u64; LANES / 64];
/// Marks of one digit.
const COLUMN: usize = 6;
/// The marks of one digit of each record of the block.
type Column = [Lanes; COLUMN];

/// X of ID numbers.
pub(super) const X: u8 = 10;
/// Behind each number.
const END: u8 = 11;
/// Matches any digit in a search.
pub(super) const ANY: u8 = 255;
/// Digits of one record, ends included. What is beyond goes to the texts.
pub(super) const WIDEST: usize = 64;

/// The two marks of each digit; X has one, twice.
const MARKS: [[usize; 2]; 11] =
    [[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [1, 3], [1, 4], [2, 3], [2, 4], [3, 4], [5, 5]];

const ALL: Lanes = [u64::MAX; LANES / 64];

/// The numbers.
pub(super) struct Numbers {
    columns: Wiped<Column>,
    /// The first column of each block; the next block's start is its end.
    starts: Vec<u32>,
    len: usize,
}

impl Numbers {
    /// `records` with room for two numbers each (ID number and phone).
    pub(super) fn with_capacity(records: usize) -> Self {
        Self {
            columns: Wiped::with_capacity((records / LANES + 1) * 30),
            starts: Vec::with_capacity(records / LANES + 1),
            len: 0,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.columns.bytes() + self.starts.capacity() * 4
    }

    /// Stores the digits of the next slot: numbers with [`END`] between them, at most [`WIDEST`].
    pub(super) fn push(&mut self, digits: &[u8]) {
        let lane = self.len % LANES;
        if lane == 0 {
            self.starts.push(self.columns.len() as u32);
        }
        self.len += 1;
        let start = self.starts.last().map_or(0, |s| *s as usize);
        while self.columns.len() - start < digits.len() {
            self.columns.push(Column::default());
        }
        let (word, bit) = (lane / 64, 1 << (lane % 64));
        for (column, digit) in self.columns[start..].iter_mut().zip(digits) {
            if let Some([a, b]) = MARKS.get(usize::from(*digit)) {
                column[*a][word] |= bit;
                column[*b][word] |= bit;
            }
        }
    }

    /// The digits of a slot as they were pushed.
    pub(super) fn read(&self, slot: usize, digits: &mut Vec<u8>) {
        digits.clear();
        let lane = slot % LANES;
        for column in self.block(slot / LANES) {
            let marked = |mark: usize| column[mark][lane / 64] >> (lane % 64) & 1 == 1;
            let digit = MARKS.iter().position(|[a, b]| marked(*a) && marked(*b));
            digits.push(digit.map_or(END, |d| d as u8));
        }
        while digits.last() == Some(&END) {
            digits.pop();
        }
    }

    fn block(&self, block: usize) -> &[Column] {
        let start = self.starts[block] as usize;
        let end = self.starts.get(block + 1).map_or(self.columns.len(), |s| *s as usize);
        &self.columns[start..end]
    }

    /// Gives every slot that has `wanted` in a number, and its rank (see [`rank`]).
    pub(super) fn scan(&self, wanted: &[u8], mut hit: impl FnMut(usize, u8)) {
        let wanted = Wanted::new(wanted);
        let mut ends = Ends::new();
        for block in 0..self.starts.len() {
            let columns = self.block(block);
            if columns.len() >= wanted.digits
                && let Some(lines) = wanted.scan(columns, &mut ends)
            {
                lines.each(|lane, rank| hit(block * LANES + lane, rank));
            }
        }
    }

    /// Rank of `wanted` in the numbers of one slot.
    pub(super) fn rank_of(&self, slot: usize, wanted: &[u8]) -> Option<u8> {
        let (columns, lane) = (self.block(slot / LANES), slot % LANES);
        let marked = |at: usize, mark: usize| columns[at][mark][lane / 64] >> (lane % 64) & 1 == 1;
        let is_end = |at: usize| (0..COLUMN).all(|mark| !marked(at, mark));
        let is = |at: usize, digit: u8| match MARKS.get(usize::from(digit)) {
            Some([a, b]) => marked(at, *a) && marked(at, *b),
            None => !is_end(at),
        };
        (0..(columns.len() + 1).saturating_sub(wanted.len()))
            .filter(|start| wanted.iter().enumerate().all(|(n, digit)| is(start + n, *digit)))
            .map(|start| {
                let prefix = start == 0 || is_end(start - 1);
                let close = start + wanted.len();
                let tail = close == columns.len() || is_end(close);
                rank(prefix && tail, prefix, tail)
            })
            .min()
    }
}

/// Lanes where the number has it somewhere, at its start, at its end, as a whole.
#[derive(Default)]
struct Lines {
    inside: Lanes,
    prefix: Lanes,
    tail: Lanes,
    whole: Lanes,
}

impl Lines {
    fn each(&self, mut hit: impl FnMut(usize, u8)) {
        for word in 0..self.inside.len() {
            let (whole, prefix, tail) = (self.whole[word], self.prefix[word], self.tail[word]);
            let by_rank =
                [whole, prefix & !whole, tail & !prefix & !whole, self.inside[word] & !prefix & !tail & !whole];
            for (rank, mut left) in by_rank.into_iter().enumerate() {
                while left != 0 {
                    hit(word * 64 + left.trailing_zeros() as usize, rank as u8);
                    left &= left - 1;
                }
            }
        }
    }
}

/// Rank of a hit in a number: whole, start, end (the last four digits are a common question), inside.
pub(super) fn rank(whole: bool, prefix: bool, tail: bool) -> u8 {
    const RANKS: [u8; 8] = [3, 2, 1, 1, 0, 0, 0, 0];
    RANKS[usize::from(whole) << 2 | usize::from(prefix) << 1 | usize::from(tail)]
}

/// A number to look for, as the marks that must be there.
struct Wanted {
    digits: usize,
    /// The marks of the first three digits (of the last one again when there are fewer).
    head: [[usize; 3]; 2],
    /// Column and marks of the digits behind them.
    rest: Vec<(usize, [usize; 2])>,
    /// Columns of any digit.
    any: Vec<usize>,
}

impl Wanted {
    fn new(digits: &[u8]) -> Self {
        let known = |(at, digit): (usize, &u8)| Some((at, *MARKS.get(usize::from(*digit))?));
        let marks: Vec<(usize, [usize; 2])> = digits.iter().enumerate().filter_map(known).collect();
        let any = digits.iter().enumerate().filter(|(_, digit)| **digit == ANY);
        let plane = |n: usize, mark: usize| {
            marks.get(n.min(marks.len().wrapping_sub(1))).map_or(0, |m| m.0 * COLUMN + m.1[mark])
        };
        Self {
            digits: digits.len(),
            head: [[plane(0, 0), plane(1, 0), plane(2, 0)], [plane(0, 1), plane(1, 1), plane(2, 1)]],
            rest: marks.iter().skip(3).copied().collect(),
            any: any.map(|(at, _)| at).collect(),
        }
    }

    /// Lanes that have the number from a column on.
    fn at(&self, columns: &[Column], start: usize) -> Lanes {
        let planes = &columns.as_flattened()[start * COLUMN..];
        let [[a, b, c], [d, e, f]] = self.head.map(|marks| marks.map(|mark| &planes[mark]));
        let mut lanes = ALL;
        for w in 0..lanes.len() {
            lanes[w] = a[w] & b[w] & c[w] & d[w] & e[w] & f[w];
        }
        // After the third digit nearly nobody is left.
        for (column, [a, b]) in &self.rest {
            if nobody(&lanes) {
                return lanes;
            }
            let column = &columns[start + column];
            for w in 0..lanes.len() {
                lanes[w] &= column[*a][w] & column[*b][w];
            }
        }
        for at in &self.any {
            let end = ends(&columns[start + at]);
            for w in 0..lanes.len() {
                lanes[w] &= !end[w];
            }
        }
        lanes
    }

    fn scan(&self, columns: &[Column], ends: &mut Ends) -> Option<Lines> {
        let mut found: Option<Lines> = None;
        ends.known = 0;
        for start in 0..=columns.len() - self.digits {
            let lanes = self.at(columns, start);
            if nobody(&lanes) {
                continue;
            }
            let begins = start.checked_sub(1).map_or(ALL, |before| ends.at(columns, before));
            let closes = ends.at(columns, start + self.digits);
            let lines = found.get_or_insert_default();
            for w in 0..lanes.len() {
                lines.inside[w] |= lanes[w];
                lines.prefix[w] |= lanes[w] & begins[w];
                lines.tail[w] |= lanes[w] & closes[w];
                lines.whole[w] |= lanes[w] & begins[w] & closes[w];
            }
        }
        found
    }
}

/// Where numbers end in one block, worked out when asked.
struct Ends {
    lanes: [Lanes; WIDEST + 1],
    /// One bit for each column that has been worked out.
    known: u128,
}

impl Ends {
    fn new() -> Self {
        Self { lanes: [ALL; WIDEST + 1], known: 0 }
    }

    fn at(&mut self, columns: &[Column], column: usize) -> Lanes {
        if self.known >> column & 1 == 0 {
            self.known |= 1 << column;
            self.lanes[column] = columns.get(column).map_or(ALL, ends);
        }
        self.lanes[column]
    }
}

fn nobody(lanes: &Lanes) -> bool {
    lanes.iter().fold(0, |any, lanes| any | lanes) == 0
}

fn ends(column: &Column) -> Lanes {
    let mut end = ALL;
    for lanes in column {
        for w in 0..end.len() {
            end[w] &= !lanes[w];
        }
    }
    end
}

/// Puts a number behind those of a record; false when it has other signs than digits and X or no room is left.
pub(super) fn append(digits: &mut Vec<u8>, code: &[u8]) -> bool {
    let numeric = code.iter().fold(true, |numeric, c| numeric & matches!(c, b'0'..=b'9' | b'X' | b'x'));
    let fits = numeric && digits.len() + code.len() < WIDEST;
    if fits {
        if !digits.is_empty() {
            digits.push(END);
        }
        digits.extend(code.iter().map(|c| if c.is_ascii_digit() { c - b'0' } else { X }));
    }
    fits
}

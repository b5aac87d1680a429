//! One slot per record: its row id, its marks, and the way from a row id back to the slot.

use std::cmp::Ordering;

use super::wiped::Wiped;
use super::{Entry, Filter};

const EMPTY: u32 = 0;
const GONE: u32 = u32::MAX;
const FEWEST_CELLS: usize = 64;

/// Office (16 bits), flags (8), kind (5), units before the given name (2), dead (1).
#[derive(Clone, Copy)]
pub(super) struct Mark(u32);

impl Mark {
    const DEAD: u32 = 1 << 31;

    pub(super) fn new(entry: &Entry<'_>, given: usize) -> Self {
        let kind = u32::from(entry.kind & 31);
        Self(u32::from(entry.office) | u32::from(entry.flags) << 16 | kind << 24 | (given as u32 & 3) << 29)
    }
    pub(super) fn office(self) -> u16 {
        self.0 as u16
    }
    pub(super) fn kind(self) -> u8 {
        (self.0 >> 24) as u8 & 31
    }
    pub(super) fn given(self) -> usize {
        (self.0 >> 29) as usize & 3
    }
    pub(super) fn dead(self) -> bool {
        self.0 & Self::DEAD != 0
    }
}

/// The filter, made ready for millions of questions.
pub(super) struct Gate {
    /// Bits of a mark that are looked at, and what they must be.
    bits: u32,
    value: u32,
    /// When neither one kind nor all are wanted.
    kinds: Option<u32>,
    offices: Option<Vec<u64>>,
}

impl Gate {
    pub(super) fn new(filter: &Filter) -> Self {
        let offices = filter.offices.as_ref().map(|offices| {
            let mut bits = vec![0u64; 1 << 10];
            for office in offices {
                bits[usize::from(office >> 6)] |= 1 << (office & 63);
            }
            bits
        });
        let mut gate = Self {
            bits: Mark::DEAD | u32::from(filter.with_flags | filter.without_flags) << 16,
            value: u32::from(filter.with_flags) << 16,
            kinds: None,
            offices,
        };
        if filter.with_flags & filter.without_flags != 0 {
            // A flag that must be set and must not: nothing passes.
            gate.kinds = Some(0);
        } else if filter.kinds.is_power_of_two() {
            gate.bits |= 31 << 24;
            gate.value |= filter.kinds.trailing_zeros() << 24;
        } else if filter.kinds != u32::MAX {
            gate.kinds = Some(filter.kinds);
        }
        gate
    }

    /// Whether everything passes that is alive.
    pub(super) fn is_open(&self) -> bool {
        self.bits == Mark::DEAD && self.kinds.is_none() && self.offices.is_none()
    }

    pub(super) fn passes(&self, mark: Mark) -> bool {
        mark.0 & self.bits == self.value
            && self.kinds.is_none_or(|kinds| kinds >> mark.kind() & 1 == 1)
            && self.offices.as_ref().is_none_or(|bits| {
                let office = mark.office();
                bits[usize::from(office >> 6)] >> (office & 63) & 1 == 1
            })
    }
}

/// The slots.
pub(super) struct Rows {
    recs: Wiped<i64>,
    marks: Wiped<u32>,
    dead: usize,
    /// The highest kind and row id so far: whoever stands above it cannot be here yet, and at unlock everybody does.
    highest: (u8, i64),
    /// The first slots, which stand ascending by kind and row id, as they come at unlock: they are found by halving.
    ascending: usize,
    /// All others by open addressing: slot + 1, or EMPTY, or GONE. A power of two, at most four fifths full.
    cells: Vec<u32>,
    used: usize,
}

impl Rows {
    pub(super) fn with_capacity(records: usize) -> Self {
        Self {
            recs: Wiped::with_capacity(records),
            marks: Wiped::with_capacity(records),
            dead: 0,
            highest: (0, i64::MIN),
            ascending: 0,
            cells: vec![EMPTY; FEWEST_CELLS],
            used: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.recs.len()
    }
    pub(super) fn dead(&self) -> usize {
        self.dead
    }
    pub(super) fn rec(&self, slot: usize) -> i64 {
        self.recs[slot]
    }
    pub(super) fn mark(&self, slot: usize) -> Mark {
        Mark(self.marks[slot])
    }
    pub(super) fn bytes(&self) -> usize {
        self.recs.bytes() + self.marks.bytes() + self.cells.capacity() * 4
    }

    /// Takes the next slot for a record.
    pub(super) fn add(&mut self, rec: i64, mark: Mark) {
        let (slot, name) = (self.recs.len(), (mark.kind(), rec));
        let ascends = slot == self.ascending && (slot == 0 || name > self.highest);
        self.highest = self.highest.max(name);
        self.recs.push(rec);
        self.marks.push(mark.0);
        if ascends {
            self.ascending += 1;
            return;
        }
        if (self.used + 1) * 5 > self.cells.len() * 4 {
            self.rehash();
        } else {
            self.enter(slot);
        }
    }

    /// The living slot of a record.
    pub(super) fn find(&self, kind: u8, rec: i64) -> Option<usize> {
        if (kind, rec) > self.highest {
            return None;
        }
        self.halve(kind, rec).or_else(|| self.cell(kind, rec).map(|at| self.cells[at] as usize - 1))
    }

    /// Lets a record die; its slot stays until the next tidying.
    pub(super) fn remove(&mut self, kind: u8, rec: i64) -> bool {
        let Some(slot) = self.find(kind, rec) else {
            return false;
        };
        if let Some(at) = self.cell(kind, rec) {
            self.cells[at] = GONE;
        }
        self.marks[slot] |= Mark::DEAD;
        self.dead += 1;
        true
    }

    /// The living slot of a record among the ascending ones.
    fn halve(&self, kind: u8, rec: i64) -> Option<usize> {
        let (mut from, mut to) = (0, self.ascending);
        while from < to {
            let middle = from.midpoint(to);
            match (self.mark(middle).kind(), self.recs[middle]).cmp(&(kind, rec)) {
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
                Ordering::Equal => return (!self.mark(middle).dead()).then_some(middle),
            }
        }
        None
    }

    /// The cell of a living record that is not among the ascending ones.
    fn cell(&self, kind: u8, rec: i64) -> Option<usize> {
        let wrap = self.cells.len() - 1;
        let mut at = self.home(kind, rec);
        loop {
            match self.cells[at] {
                EMPTY => return None,
                GONE => {}
                cell => {
                    let slot = cell as usize - 1;
                    if self.recs[slot] == rec && self.mark(slot).kind() == kind {
                        return Some(at);
                    }
                }
            }
            at = (at + 1) & wrap;
        }
    }

    fn enter(&mut self, slot: usize) {
        let wrap = self.cells.len() - 1;
        let mut at = self.home(self.mark(slot).kind(), self.recs[slot]);
        while self.cells[at] != EMPTY {
            at = (at + 1) & wrap;
        }
        self.cells[at] = slot as u32 + 1;
        self.used += 1;
    }

    fn rehash(&mut self) {
        let later = self.ascending..self.recs.len();
        let living = later.clone().filter(|slot| !self.mark(*slot).dead()).count();
        self.cells = vec![EMPTY; ((living + 1) * 2).next_power_of_two().max(FEWEST_CELLS)];
        self.used = 0;
        for slot in later {
            if !self.mark(slot).dead() {
                self.enter(slot);
            }
        }
    }

    fn home(&self, kind: u8, rec: i64) -> usize {
        // Fibonacci hashing: row ids count up, any odd spread will do.
        let mixed = (rec as u64 ^ u64::from(kind) << 58).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> (64 - self.cells.len().trailing_zeros())) as usize
    }
}

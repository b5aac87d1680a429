//! The pinyin order: every slot has a place; up to `settled` the places are in order of names, behind it stand those
//! that came later, in order of their coming.

use std::cmp::Ordering;

use zeroize::Zeroize;

use super::names::Names;
use super::rows::Rows;
use crate::pinyin::Table;

/// Slots by place and places by slot.
#[derive(Default)]
pub(super) struct Order {
    pub(super) slots: Vec<u32>,
    pub(super) places: Vec<u32>,
    pub(super) settled: usize,
}

impl Order {
    pub(super) fn with_capacity(records: usize) -> Self {
        Self { slots: Vec::with_capacity(records), places: Vec::with_capacity(records), settled: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn bytes(&self) -> usize {
        (self.slots.capacity() + self.places.capacity()) * 4
    }

    /// Gives the next slot the last place.
    pub(super) fn append(&mut self) {
        let next = self.slots.len() as u32;
        self.slots.push(next);
        self.places.push(next);
    }

    /// Puts all slots in order of names; of equal titles the later row id first.
    pub(super) fn settle(table: &Table, names: &Names, rows: &Rows) -> Self {
        let slots = in_order(table, names, rows, (0..rows.len() as u32).rev().collect());
        let mut places = vec![0; slots.len()];
        for (place, slot) in slots.iter().enumerate() {
            places[*slot as usize] = place as u32;
        }
        Self { settled: slots.len(), slots, places }
    }

    /// Those that came later, in order of names, and before how many of the settled each of them does not come. Where few came, sorting
    /// all would need many times the memory of what is here.
    pub(super) fn latecomers(&self, table: &Table, names: &Names, rows: &Rows) -> Vec<(u32, usize)> {
        let late = in_order(table, names, rows, self.slots[self.settled..].iter().rev().copied().collect());
        let mut passed = 0;
        let behind = |slot: u32| {
            let ahead = |other: &u32| compare(table, names, rows, *other as usize, slot as usize).is_lt();
            let (rest, mut far) = (&self.slots[passed..self.settled], 1);
            while far < rest.len() && ahead(&rest[far]) {
                far *= 2;
            }
            passed += rest[..rest.len().min(far)].partition_point(ahead);
            (slot, passed)
        };
        late.into_iter().map(behind).collect()
    }

    /// Gives the latecomers their places; `carry` is told from where to where a place moves, from the last one down.
    pub(super) fn merge(&mut self, late: &[(u32, usize)], mut carry: impl FnMut(usize, usize)) {
        let mut end = self.settled;
        for (before, (slot, passed)) in late.iter().enumerate().rev() {
            for from in (*passed..end).rev() {
                self.slots[from + before + 1] = self.slots[from];
                carry(from, from + before + 1);
            }
            self.slots[passed + before] = *slot;
            end = *passed;
        }
        for place in end..self.slots.len() {
            self.places[self.slots[place] as usize] = place as u32;
        }
        self.settled = self.slots.len();
    }
}

/// Slots in order of names; they come with the later one first.
fn in_order(table: &Table, names: &Names, rows: &Rows, mut slots: Vec<u32>) -> Vec<u32> {
    // First in the order of what decides between equal names: their rank in it is part of what is sorted. Row ids
    // come ascending within each kind, so this is a look at each slot and, with several kinds, a merge.
    slots.sort_by(|a, b| later_first(rows, *a as usize, *b as usize));
    // One number for name, order between equal names, and slot: sorted in place, so that no copy of a name stays behind.
    let key = |(rank, slot): (usize, &u32)| {
        u128::from(names.sort_word(table, *slot as usize)) << 64 | (rank as u128) << 32 | u128::from(*slot)
    };
    let mut keyed: Vec<u128> = slots.iter().enumerate().map(key).collect();
    keyed.sort_unstable();
    for run in keyed.chunk_by_mut(|a, b| a >> 64 == b >> 64) {
        // Only a name of more than four units has more to compare.
        if run.len() > 1 && run[0] >> 64 & 0xffff != 0 {
            run.sort_by(|a, b| names.compare_rest(table, *a as u32 as usize, *b as u32 as usize));
        }
    }
    slots.iter_mut().zip(&keyed).for_each(|(slot, key)| *slot = *key as u32);
    // It has the names in it.
    keyed.zeroize();
    slots
}

/// Order of two slots by name, wherever they stand.
pub(super) fn compare(table: &Table, names: &Names, rows: &Rows, a: usize, b: usize) -> Ordering {
    let by_word = names.sort_word(table, a).cmp(&names.sort_word(table, b));
    by_word.then_with(|| ties(table, names, rows, a, b))
}

fn ties(table: &Table, names: &Names, rows: &Rows, a: usize, b: usize) -> Ordering {
    names.compare_rest(table, a, b).then_with(|| later_first(rows, a, b))
}

/// What decides between equal names: the later row id first.
fn later_first(rows: &Rows, a: usize, b: usize) -> Ordering {
    let by_rec = rows.rec(b).cmp(&rows.rec(a));
    by_rec.then_with(|| rows.mark(a).kind().cmp(&rows.mark(b).kind())).then_with(|| a.cmp(&b))
}

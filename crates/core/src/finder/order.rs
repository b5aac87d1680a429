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
        let mut keyed: Vec<(u64, u32)> =
            (0..rows.len()).map(|slot| (names.sort_word(table, slot), slot as u32)).collect();
        keyed.sort_unstable();
        for run in keyed.chunk_by_mut(|a, b| a.0 == b.0) {
            if run.len() > 1 {
                run.sort_unstable_by(|a, b| ties(table, names, rows, a.1 as usize, b.1 as usize));
            }
        }
        let slots: Vec<u32> = keyed.iter().map(|(_, slot)| *slot).collect();
        // It has the names in it.
        keyed.zeroize();
        let mut places = vec![0; slots.len()];
        for (place, slot) in slots.iter().enumerate() {
            places[*slot as usize] = place as u32;
        }
        Self { settled: slots.len(), slots, places }
    }
}

/// Order of two slots by name, wherever they stand.
pub(super) fn compare(table: &Table, names: &Names, rows: &Rows, a: usize, b: usize) -> Ordering {
    let by_word = names.sort_word(table, a).cmp(&names.sort_word(table, b));
    by_word.then_with(|| ties(table, names, rows, a, b))
}

fn ties(table: &Table, names: &Names, rows: &Rows, a: usize, b: usize) -> Ordering {
    names
        .compare_rest(table, a, b)
        .then_with(|| rows.rec(b).cmp(&rows.rec(a)))
        .then_with(|| rows.mark(a).kind().cmp(&rows.mark(b).kind()))
        .then_with(|| a.cmp(&b))
}

//! Long names: titles of more than four characters or with a sign in them, and further names of any length.

use super::pattern::Pattern;
use super::wiped::Wiped;
use crate::pinyin::{NONE, SKIP, Table, Unit};

/// Positions looked at together.
const LANES: usize = 256;
/// So many units from a position on are compared at once; what goes on further is for the automaton.
const DEEP: usize = 4;
/// In place of a second reading: there are more of them.
const MANY: Unit = Unit::MAX;

type Mask = [i16; LANES];

/// One long name.
#[derive(Clone, Copy)]
pub(super) struct Long {
    pub(super) slot: u32,
    start: u32,
    /// Where its units without signs begin in `readings`.
    head: u32,
    len: u16,
    /// Units before the given name.
    pub(super) given: u8,
    pub(super) title: bool,
}

/// All long names, ascending by slot, the title before the further names.
#[derive(Default)]
pub(super) struct Longs {
    names: Vec<Long>,
    units: Wiped<Unit>,
    /// The units without signs, NONE between names; then the second reading of each.
    readings: [Wiped<Unit>; 2],
}

impl Longs {
    pub(super) fn bytes(&self) -> usize {
        let readings: usize = self.readings.iter().map(Wiped::bytes).sum();
        self.names.capacity() * size_of::<Long>() + self.units.bytes() + readings
    }

    pub(super) fn push(&mut self, table: &Table, slot: u32, row: &[Unit], given: usize, title: bool) {
        self.names.push(Long {
            slot,
            start: self.units.len() as u32,
            head: self.readings[0].len() as u32,
            len: row.len() as u16,
            given: given as u8,
            title,
        });
        self.units.extend(row);
        for unit in row.iter().filter(|u| **u != SKIP) {
            let mut others = table.others(*unit);
            let second = others.next().unwrap_or(NONE);
            self.readings[0].push(*unit);
            self.readings[1].push(if others.next().is_some() { MANY } else { second });
        }
        for readings in &mut self.readings {
            readings.push(NONE);
        }
    }

    pub(super) fn row(&self, long: &Long) -> &[Unit] {
        let start = long.start as usize;
        &self.units[start..start + usize::from(long.len)]
    }

    /// The long names of a slot, the title first when it is long.
    pub(super) fn of(&self, slot: usize) -> &[Long] {
        let slot = slot as u32;
        let from = self.names.partition_point(|l| l.slot < slot);
        let count = self.names[from..].iter().take_while(|l| l.slot == slot).count();
        &self.names[from..from + count]
    }

    /// Gives each name that may have the pattern: its first characters from some place on do.
    pub(super) fn sweep<'a>(&'a self, pattern: &Pattern, mut candidate: impl FnMut(&'a Long, &'a [Unit])) {
        let mut name = 0;
        let mut given = usize::MAX;
        let length = self.readings[0].len();
        let mut window = [[NONE; LANES + DEEP]; 2];
        for from in (0..length).step_by(LANES) {
            let to = (from + LANES + DEEP).min(length);
            for (window, readings) in window.iter_mut().zip(&self.readings) {
                window.fill(NONE);
                window[..to - from].copy_from_slice(&readings[from..to]);
            }
            let mut heads = [0; LANES];
            on(&window, pattern, 0, 0, &[-1; LANES], &mut heads);
            if heads == [0; LANES] {
                continue;
            }
            for (lane, _) in heads.iter().enumerate().filter(|(_, head)| **head != 0) {
                let at = (from + lane) as u32;
                while self.names.get(name + 1).is_some_and(|next| next.head <= at) {
                    name += 1;
                }
                if given != name {
                    given = name;
                    let long = &self.names[name];
                    candidate(long, self.row(long));
                }
            }
        }
    }
}

/// Goes on from a position at the units `depth` behind those of the lanes.
fn on(
    window: &[[Unit; LANES + DEEP]; 2],
    pattern: &Pattern,
    depth: usize,
    position: usize,
    mask: &Mask,
    heads: &mut Mask,
) {
    for step in &pattern.steps[position] {
        let mut left = [0; LANES];
        let [first, second] = window.each_ref().map(|units| &units[depth..depth + LANES]);
        for span in &step.spans {
            for ((left, a), b) in left.iter_mut().zip(first).zip(second) {
                *left |= -i16::from(span.has(*a)) | -i16::from(span.has(*b));
            }
        }
        let mut any = 0;
        for ((left, mask), b) in left.iter_mut().zip(mask).zip(second) {
            *left = (*left | -i16::from(*b == MANY)) & mask;
            any |= *left;
        }
        if any == 0 {
            continue;
        }
        if step.to == pattern.end() || depth + 1 == DEEP {
            for (head, left) in heads.iter_mut().zip(&left) {
                *head |= left;
            }
        } else {
            on(window, pattern, depth + 1, step.to, &left, heads);
        }
    }
}

//! Names as units: four columns for nearly everybody, rows of their own for the long ones.

use super::longs::Longs;
use super::order::Order;
use super::rows::Rows;
use super::shorts::Shorts;
use super::wiped::Wiped;
use crate::pinyin::{self, NONE, SKIP, Table, Unit};

/// A short name that can be read in more ways than this is treated as a long one.
const MANY_READINGS: usize = 12;
/// Longer titles are indexed by this many characters.
const LONGEST: usize = 1_000;

/// Characters without pinyin, in order of their first appearance here; the first has the unit `Table::end`.
#[derive(Default)]
struct Strangers {
    chars: Vec<char>,
    /// The same, ascending, with their units.
    sorted: Vec<(char, Unit)>,
}

impl Strangers {
    fn known(&self, c: char) -> Option<Unit> {
        let at = self.sorted.binary_search_by_key(&c, |(c, _)| *c).ok()?;
        Some(self.sorted[at].1)
    }

    fn unit(&mut self, table: &Table, c: char) -> Unit {
        match self.sorted.binary_search_by_key(&c, |(c, _)| *c) {
            Ok(at) => self.sorted[at].1,
            Err(at) => {
                // Beyond 20,000 different ones (no register has them) the rest share the last unit.
                let unit = (usize::from(table.end()) + self.chars.len()).min(usize::from(Unit::MAX)) as Unit;
                if unit < Unit::MAX {
                    self.chars.push(c);
                    self.sorted.insert(at, (c, unit));
                }
                unit
            }
        }
    }

    /// Place by code point among the strangers, whatever the order of their appearance.
    fn place(&self, table: &Table, unit: Unit) -> Unit {
        let c = self.chars.get(usize::from(unit - table.end()));
        let at = c.and_then(|c| self.sorted.binary_search_by_key(c, |(c, _)| *c).ok());
        at.map_or(Unit::MAX, |at| table.end() + at as Unit)
    }
}

/// All names.
#[derive(Default)]
pub(super) struct Names {
    pub(super) order: Order,
    /// By place: the title when it has up to four units and no sign, else nothing.
    pub(super) short: Shorts,
    /// Short titles with a character read otherwise, one for each way to read the name.
    pub(super) others: Shorts,
    /// The slots of `others`.
    pub(super) others_of: Wiped<u32>,
    pub(super) long: Longs,
    strangers: Strangers,
    /// Whether any short title, any long name has a digit in it: only then numbers are looked for in them.
    pub(super) digits: [bool; 2],
}

impl Names {
    pub(super) fn with_capacity(records: usize) -> Self {
        Self { order: Order::with_capacity(records), short: Shorts::with_capacity(records), ..Self::default() }
    }

    pub(super) fn bytes(&self) -> usize {
        let others = self.others.bytes() + self.others_of.bytes();
        self.order.bytes() + self.short.bytes() + others + self.long.bytes()
    }

    /// Units of a text that is about to be stored, and the number of units before the given name.
    pub(super) fn units(&mut self, table: &Table, text: &str, person: bool, row: &mut Vec<Unit>) -> usize {
        if let Some(given) = pinyin::units_of_hanzi(table, text, person, row) {
            return given;
        }
        let mut chars: [char; 8] = ['\0'; 8];
        let mut many = Vec::new();
        let mut count = 0;
        for c in text.chars().take(LONGEST).map(pinyin::fold) {
            if count < 8 {
                chars[count] = c;
            } else {
                if count == 8 {
                    many.extend_from_slice(&chars);
                }
                many.push(c);
            }
            count += 1;
        }
        let chars = if count > 8 { &many[..] } else { &chars[..count] };
        pinyin::units(table, chars, person, |c| self.strangers.unit(table, c), row)
    }

    /// Stores the title of the next slot.
    pub(super) fn push_title(&mut self, table: &Table, row: &[Unit], given: usize) {
        let slot = self.order.len() as u32;
        self.order.append();
        let ways = if row.len() > 4 || row.contains(&SKIP) { usize::MAX } else { ways(table, row) };
        if ways > MANY_READINGS {
            self.short.push([NONE; 4], given);
            self.push_long(table, slot, row, given, true);
            return;
        }
        self.digits[0] |= row.iter().any(|u| pinyin::is_digit(*u));
        let title = first_four(row.iter().copied());
        self.short.push(title, given);
        for way in 1..ways {
            self.others.push(read_otherwise(table, title, way), given);
            self.others_of.push(slot);
        }
    }

    /// Stores a further name of the slot pushed last.
    pub(super) fn push_alias(&mut self, table: &Table, row: &[Unit], given: usize) {
        if let Some(slot) = self.order.len().checked_sub(1).filter(|_| !row.is_empty()) {
            self.push_long(table, slot as u32, row, given, false);
        }
    }

    fn push_long(&mut self, table: &Table, slot: u32, row: &[Unit], given: usize, title: bool) {
        self.digits[1] |= row.iter().any(|u| pinyin::is_digit(*u));
        self.long.push(table, slot, row, given, title);
    }

    /// The units of a title, one for each of its characters.
    pub(super) fn title<'a>(&'a self, slot: usize, buffer: &'a mut [Unit; 4]) -> &'a [Unit] {
        *buffer = self.short.get(self.order.places[slot] as usize);
        if buffer[0] == NONE
            && let Some(long) = self.long.of(slot).first().filter(|l| l.title)
        {
            return self.long.row(long);
        }
        let len = buffer.iter().position(|u| *u == NONE).unwrap_or(4);
        &buffer[..len]
    }

    /// Puts all titles in pinyin order.
    pub(super) fn settle(&mut self, table: &Table, rows: &Rows) {
        if self.order.len() - self.order.settled < self.order.settled {
            let late = self.order.latecomers(table, self, rows);
            let theirs = self.short.rows(late.iter().map(|(slot, _)| self.order.places[*slot as usize] as usize));
            let short = &mut self.short;
            self.order.merge(&late, |from, to| short.put(to, short.row(from)));
            for ((before, (_, passed)), row) in late.iter().enumerate().zip(theirs.iter()) {
                short.put(before + passed, *row);
            }
            short.limit_anew(late.first().map_or(0, |(_, passed)| *passed));
            return;
        }
        let order = Order::settle(table, self, rows);
        let places = order.slots.iter().map(|slot| self.order.places[*slot as usize] as usize);
        let short = self.short.gathered(places);
        self.short = short;
        self.order = order;
    }

    /// The unit of a character without pinyin, when a name has it.
    pub(super) fn stranger(&self, c: char) -> Option<Unit> {
        self.strangers.known(c)
    }

    /// The first four units as a number that compares like the name, with strangers in order of code points.
    pub(super) fn sort_word(&self, table: &Table, slot: usize) -> u64 {
        let end = table.end();
        let place = |u: Unit| if u < end { table.sorts_as(u) } else { self.strangers.place(table, u) };
        let mut buffer = self.short.get(self.order.places[slot] as usize);
        if buffer[0] != NONE {
            return word(buffer.map(place));
        }
        let title = self.title(slot, &mut buffer).iter().copied().filter(|u| *u != SKIP);
        word(first_four(title).map(place))
    }

    /// Compares what lies behind the first four units.
    pub(super) fn compare_rest(&self, table: &Table, a: usize, b: usize) -> std::cmp::Ordering {
        let end = table.end();
        let rest = |row: &[Unit]| -> Vec<Unit> {
            let place = |u: &Unit| if *u < end { table.sorts_as(*u) } else { self.strangers.place(table, *u) };
            row.iter().filter(|u| **u != SKIP).skip(4).map(place).collect()
        };
        let (mut one, mut other) = ([NONE; 4], [NONE; 4]);
        let (a, b) = (self.title(a, &mut one), self.title(b, &mut other));
        if a.len() <= 4 && b.len() <= 4 {
            return std::cmp::Ordering::Equal;
        }
        rest(a).cmp(&rest(b))
    }

    /// A new, empty store that knows the same strangers.
    pub(super) fn heir(&mut self, records: usize) -> Self {
        Self { strangers: std::mem::take(&mut self.strangers), ..Self::with_capacity(records) }
    }
}

/// In how many ways a row can be read.
fn ways(table: &Table, row: &[Unit]) -> usize {
    row.iter().map(|u| 1 + table.others(*u).count()).product()
}

/// Four units as a number that compares like them.
fn word(units: [Unit; 4]) -> u64 {
    units.into_iter().fold(0, |word, unit| word << 16 | u64::from(unit))
}

fn first_four(units: impl Iterator<Item = Unit>) -> [Unit; 4] {
    let mut four = [NONE; 4];
    four.iter_mut().zip(units).for_each(|(to, from)| *to = from);
    four
}

/// The name read in one of its other ways; way 0 is the name itself.
fn read_otherwise(table: &Table, row: [Unit; 4], mut way: usize) -> [Unit; 4] {
    row.map(|unit| {
        let readings = 1 + table.others(unit).count();
        let choice = way % readings;
        way /= readings;
        choice.checked_sub(1).and_then(|n| table.others(unit).nth(n)).unwrap_or(unit)
    })
}

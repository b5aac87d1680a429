//! The finder: an index in memory over names and numbers, asked at every keystroke.
//!
//! It keeps no text: names are units of character and reading, numbers are bits. It is built at unlock, mended on
//! each commit, wiped on drop and never written to disk. No clock, no database, no thread.

mod automaton;
mod entry;
mod longs;
mod names;
mod numbers;
mod order;
mod pattern;
mod query;
mod ranks;
mod rows;
mod search;
mod session;
mod shorts;
mod texts;
mod wiped;

use std::sync::atomic::{AtomicU64, Ordering};

pub use entry::{Entry, FEW, Filter, Found, Hit, Page, Rank};
use names::Names;
use numbers::Numbers;
use rows::{Mark, Rows};
pub use session::Session;
use texts::Texts;
use zeroize::Zeroize;

use crate::pinyin::{self, Table, Unit};

/// New records stand behind the pinyin order, where searching is slower; so many of them are sorted in.
const UNSETTLED: usize = 4_096;
/// Fewer dead slots than this are not worth a tidying.
const FEW_DEAD: usize = 256;

/// The index. See the module.
pub struct Finder {
    table: &'static Table,
    rows: Rows,
    names: Names,
    numbers: Numbers,
    texts: Texts,
    /// Records expected at the beginning: while they come, sorting them in would be work for nothing.
    expected: usize,
    scratch: Scratch,
    /// Never the same for two states of any finder: a session knows by it whether its memory still holds.
    version: u64,
}

/// Room for taking one record apart, kept from one to the next and wiped at the end.
#[derive(Default)]
struct Scratch {
    row: Vec<Unit>,
    digits: Vec<u8>,
    code: Vec<u8>,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.row.zeroize();
        self.digits.zeroize();
        self.code.zeroize();
    }
}

impl Finder {
    /// Room for `records` records; more may come. They are sorted in when so many are here: give the exact number, or
    /// call [`Finder::settle`] in the end.
    #[must_use]
    pub fn with_capacity(records: usize) -> Self {
        Self {
            table: pinyin::table(),
            rows: Rows::with_capacity(records),
            names: Names::with_capacity(records),
            numbers: Numbers::with_capacity(records),
            texts: Texts::default(),
            expected: records,
            scratch: Scratch::default(),
            version: next_version(),
        }
    }

    /// Number of living records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() - self.rows.dead()
    }

    /// Whether no record lives here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory held, in bytes, without the pinyin table (0.5 MB, shared) and the sessions.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.rows.bytes() + self.names.bytes() + self.numbers.bytes() + self.texts.bytes()
    }

    /// Whether a record is here.
    #[must_use]
    pub fn contains(&self, kind: u8, rec: i64) -> bool {
        self.rows.find(kind, rec).is_some()
    }

    /// Adds a record, or puts it in place of the one with the same kind and row id.
    pub fn push(&mut self, entry: &Entry<'_>) {
        self.rows.remove(entry.kind & 31, entry.rec);
        let row = &mut self.scratch.row;
        let given = self.names.units(self.table, entry.title, entry.person, row);
        self.rows.add(entry.rec, Mark::new(entry, given));
        self.names.push_title(self.table, row, given);
        for alias in entry.aliases {
            let given = self.names.units(self.table, alias, entry.person, row);
            self.names.push_alias(self.table, row, given);
        }
        self.push_codes(entry.codes);
        self.changed();
    }

    /// Stores the codes of the slot pushed last.
    fn push_codes(&mut self, codes: &[&str]) {
        let Scratch { row, digits, code } = &mut self.scratch;
        digits.clear();
        for text in codes {
            if !text.is_empty() && numbers::append(digits, text.as_bytes()) {
                continue;
            }
            code.clear();
            if text.bytes().fold(true, |plain, c| plain & c.is_ascii_alphanumeric()) {
                code.extend_from_slice(text.as_bytes());
                code.make_ascii_uppercase();
            } else {
                let chars = text.chars().map(pinyin::fold).filter(|c| !pinyin::is_sign(*c));
                let ascii = chars.map(|c| u8::try_from(c).ok().filter(u8::is_ascii).map(|c| c.to_ascii_uppercase()));
                match ascii.collect::<Option<Vec<u8>>>() {
                    Some(mut folded) => {
                        code.extend_from_slice(&folded);
                        folded.zeroize();
                    }
                    None => {
                        // 东工〔2026〕3号 is found like a name.
                        self.names.units(self.table, text, false, row);
                        self.names.push_alias(self.table, row, 0);
                    }
                }
            }
            if !code.is_empty() && !numbers::append(digits, code) {
                self.texts.push(self.rows.len() - 1, code);
            }
        }
        self.numbers.push(digits);
    }

    /// Takes a record out; false when it was not there.
    pub fn remove(&mut self, kind: u8, rec: i64) -> bool {
        let was = self.rows.remove(kind & 31, rec);
        if was {
            self.changed();
        }
        was
    }

    /// Sorts in what was pushed since the last time (some 30 ms for 200,000 records). To be called after the
    /// records are read at unlock and after an import; without it all answers are the same, only slower.
    pub fn settle(&mut self) {
        if self.names.order.settled < self.rows.len() {
            self.names.settle(self.table, &self.rows);
            self.version = next_version();
        }
    }

    fn changed(&mut self) {
        self.version = next_version();
        if self.rows.dead() > FEW_DEAD && self.rows.dead() * 4 > self.rows.len() {
            self.tidy();
            return;
        }
        let settled = self.names.order.settled;
        let mut bearable = UNSETTLED.max(settled / 16);
        if self.rows.len() < self.expected {
            bearable = bearable.max(self.expected);
        }
        if self.rows.len() - settled >= bearable {
            self.settle();
        }
    }

    /// Lets go of the slots of the dead.
    fn tidy(&mut self) {
        let records = self.len();
        let mut next = Self { names: self.names.heir(records), ..Self::with_capacity(records) };
        let mut digits = Vec::with_capacity(numbers::WIDEST);
        for slot in 0..self.rows.len() {
            let mark = self.rows.mark(slot);
            if mark.dead() {
                continue;
            }
            let new = next.rows.len();
            next.rows.add(self.rows.rec(slot), mark);
            let given = mark.given();
            next.names.push_title(self.table, self.names.title(slot, &mut [0; 4]), given);
            for alias in self.names.long.of(slot).iter().filter(|l| !l.title) {
                let row = self.names.long.row(alias);
                next.names.push_alias(self.table, row, usize::from(alias.given));
            }
            self.numbers.read(slot, &mut digits);
            next.numbers.push(&digits);
            for code in self.texts.of(slot) {
                next.texts.push(new, code);
            }
        }
        next.settle();
        *self = next;
    }
}

fn next_version() -> u64 {
    static VERSIONS: AtomicU64 = AtomicU64::new(1);
    VERSIONS.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

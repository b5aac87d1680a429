//! A pattern against long names, and what of a name to mark.
//
// One unit takes a set of positions to a set of positions, and units that do the same form a class, so a name is a
// walk through a small table of states. Classes and states are worked out when a name needs them. A state remembers
// how its positions began (at the start of the name, at the start of a word, elsewhere) and so how good the hit is.

use std::collections::HashMap;

use super::pattern::Pattern;
use crate::pinyin::{NONE, SKIP, Table, Unit};

/// No hit.
pub(super) const MISS: u8 = u8::MAX;
/// States are forgotten beyond this number and found again.
const MANY_STATES: usize = 2_000;
const UNKNOWN: u16 = u16::MAX;
/// Classes are numbered from here in the order of their appearance. Units that change nothing: no unit, and signs.
const PADDING: u16 = 0;
const SIGN: u16 = 1;
/// Room for classes in a row of the table of states; it grows by doubling.
const CLASSES: usize = 16;
/// No word begins further on.
const NEVER: u8 = u8::MAX;

/// Positions as bits.
type Set = u64;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    /// Positions of a match from the start of the name, from a word, from elsewhere.
    start: Set,
    word: Set,
    inside: Set,
    /// Units before the next word begins.
    until_word: u8,
    /// No unit has been read.
    fresh: bool,
    /// The last unit ended a match that began at the start.
    whole: bool,
    /// The best rank so far.
    best: u8,
}

/// The machine of one pattern.
pub(super) struct Automaton {
    pub(super) pattern: Pattern,
    table: &'static Table,
    /// Class + 1 of each unit seen so far, 0 for the others; empty until the first one is asked for.
    classes: Vec<u16>,
    /// For each class, where each position leads.
    rows: Vec<Vec<Set>>,
    class_of_row: HashMap<Vec<Set>, u16>,
    states: Vec<State>,
    numbers: HashMap<State, u16>,
    /// Next state, in rows of `width` classes.
    next: Vec<u16>,
    width: usize,
    /// Rank when a name ends in the state.
    ranks: Vec<u8>,
}

impl Automaton {
    pub(super) fn new(table: &'static Table, pattern: Pattern) -> Self {
        let mut new = Self {
            pattern,
            table,
            classes: Vec::new(),
            // Padding and signs keep every position; their rows are never asked.
            rows: vec![Vec::new(), Vec::new()],
            class_of_row: HashMap::new(),
            states: Vec::new(),
            numbers: HashMap::new(),
            next: Vec::new(),
            width: CLASSES,
            ranks: Vec::new(),
        };
        new.forget();
        new
    }

    fn class(&mut self, unit: Unit) -> u16 {
        match self.classes.get(usize::from(unit)) {
            Some(class) if *class != 0 => class - 1,
            _ => self.new_class(unit),
        }
    }

    fn new_class(&mut self, unit: Unit) -> u16 {
        let class = match unit {
            NONE => PADDING,
            SKIP => SIGN,
            _ => {
                let row = self.pattern.row(self.table, unit);
                let next = self.rows.len() as u16;
                let rows = &mut self.rows;
                *self.class_of_row.entry(row).or_insert_with_key(|row| {
                    rows.push(row.clone());
                    next
                })
            }
        };
        if self.classes.is_empty() {
            self.classes = vec![0; 1 << 16];
        }
        self.classes[usize::from(unit)] = class + 1;
        if self.rows.len() > self.width {
            self.width *= 2;
            self.forget();
        }
        class
    }

    /// Empties the table; the first three states are those in which names begin.
    fn forget(&mut self) {
        self.states.clear();
        self.numbers.clear();
        self.next.clear();
        self.ranks.clear();
        for given in 0..4 {
            self.number(State {
                start: 0,
                word: 0,
                inside: 0,
                until_word: if given == 0 { NEVER } else { given },
                fresh: true,
                whole: false,
                best: MISS,
            });
        }
    }

    fn number(&mut self, state: State) -> u16 {
        if let Some(number) = self.numbers.get(&state) {
            return *number;
        }
        let number = self.states.len() as u16;
        self.states.push(state);
        self.numbers.insert(state, number);
        self.ranks.push(if state.whole { 0 } else { state.best });
        self.next.resize(self.states.len() * self.width, UNKNOWN);
        number
    }

    fn step(&self, set: Set, class: u16) -> Set {
        let row = &self.rows[usize::from(class)];
        let mut left = set;
        let mut reached = 0;
        while left != 0 {
            reached |= row[left.trailing_zeros() as usize];
            left &= left - 1;
        }
        reached
    }

    fn advance(&self, state: State, class: u16) -> State {
        let mut next = state;
        match class {
            PADDING => return next,
            SIGN => {
                if !next.fresh {
                    next.until_word = 0;
                }
                return next;
            }
            _ => {}
        }
        if state.fresh {
            next.start |= 1;
        } else if state.until_word == 0 {
            next.word |= 1;
        } else {
            next.inside |= 1;
        }
        let done: Set = 1 << self.pattern.end();
        next.fresh = false;
        next.start = self.step(next.start, class);
        next.whole = next.start & done != 0;
        if next.whole {
            next.best = 1;
        }
        // What can no longer make the hit better need not be followed.
        next.word = if next.best > 2 { self.step(next.word, class) } else { 0 };
        if next.word & done != 0 {
            next.best = 2;
            next.word = 0;
        }
        next.inside = if next.best > 3 { self.step(next.inside, class) } else { 0 };
        if next.inside & done != 0 {
            next.best = 3;
            next.inside = 0;
        }
        if next.best <= 2 {
            next.inside = 0;
        }
        if next.best <= 1 {
            next.word = 0;
        }
        next.start &= !done;
        next.until_word = match state.until_word {
            0 | NEVER => NEVER,
            n => n - 1,
        };
        next
    }

    /// Rank of a name (0 whole, 1 start, 2 word, 3 inside) or [`MISS`].
    pub(super) fn rank(&mut self, row: &[Unit], given: usize) -> u8 {
        let mut state = given as u16;
        for unit in row {
            let known = self.states.len();
            let from = self.states[usize::from(state)];
            let class = self.class(*unit);
            if self.states.len() < known {
                // The table was widened and has forgotten the state.
                state = self.number(from);
            }
            state = self.follow(state, class);
        }
        self.ranks[usize::from(state)]
    }

    fn follow(&mut self, state: u16, class: u16) -> u16 {
        let at = usize::from(state) * self.width + usize::from(class);
        if self.next[at] != UNKNOWN {
            return self.next[at];
        }
        let to = self.advance(self.states[usize::from(state)], class);
        if self.states.len() >= MANY_STATES {
            self.forget();
            return self.number(to);
        }
        let number = self.number(to);
        self.next[at] = number;
        number
    }

    /// What of a name to mark: from the first place with the best rank to where the match ends.
    pub(super) fn mark(&mut self, row: &[Unit], given: usize) -> Option<(usize, usize)> {
        let mut best: Option<(u8, usize, usize)> = None;
        let mut fresh = true;
        let mut until_word = if given == 0 { NEVER } else { given as u8 };
        for from in 0..row.len() {
            if row[from] == SKIP {
                until_word = if fresh { until_word } else { 0 };
                continue;
            }
            let rank = match (fresh, until_word) {
                (true, _) => 1,
                (_, 0) => 2,
                _ => 3,
            };
            let ends = self.ends(&row[from..]);
            if let Some((first, last)) = ends {
                let tail = |u: &Unit| matches!(*u, SKIP | NONE);
                let found = if rank == 1 && row[from + last..].iter().all(tail) {
                    (0, from, from + last)
                } else {
                    (rank, from, from + first)
                };
                if best.is_none_or(|b| found.0 < b.0) {
                    best = Some(found);
                }
            }
            fresh = false;
            until_word = match until_word {
                0 | NEVER => NEVER,
                n => n - 1,
            };
        }
        best.map(|(_, from, to)| (from, to))
    }

    /// After how many units a match from the first one can end: first and last possibility.
    fn ends(&mut self, row: &[Unit]) -> Option<(usize, usize)> {
        let done: Set = 1 << self.pattern.end();
        let mut set: Set = 1;
        let mut ends = None;
        for (at, unit) in row.iter().enumerate() {
            if matches!(*unit, SKIP | NONE) {
                continue;
            }
            let class = self.class(*unit);
            set = self.step(set, class);
            if set & done != 0 {
                ends = Some((ends.map_or(at + 1, |(first, _)| first), at + 1));
                set &= !done;
            }
            if set == 0 {
                break;
            }
        }
        ends
    }
}

//! The search itself: which places answer, how many, which of them first.

use zeroize::Zeroize;

use super::automaton::{Automaton, MISS};
use super::names::Names;
use super::order::{self, Order};
use super::pattern::Pattern;
use super::query::{self, Codes, Word};
use super::ranks::{STRETCH, answers, answers_of, count, lowest, page_of, stretches};
use super::rows::Gate;
use super::session::{Last, Session};
use super::shorts::{Goodness, LANES};
use super::{Filter, Finder, Found, Hit, Page, Rank, texts};

/// Rank of a record that only sounds alike.
const NEAR: u8 = Rank::Near as u8;
/// Looking at one record costs about as much as scanning so many.
pub(super) const LOOK_COSTS: usize = 1_024;

/// A word made ready.
pub(super) struct Search {
    pub(super) word: Word,
    name: Automaton,
    digits: Option<Vec<u8>>,
    code: Option<Vec<u8>>,
}

impl Drop for Search {
    fn drop(&mut self) {
        self.digits.zeroize();
        self.code.zeroize();
    }
}

impl Search {
    fn new(finder: &Finder, word: &Word, near: bool) -> Self {
        let codes = word.codes == Codes::Yes || (near && word.codes == Codes::IfFew);
        let pattern = Pattern::new(finder.table, word, near, |c| finder.names.stranger(c));
        Self {
            word: word.clone(),
            name: Automaton::new(finder.table, pattern),
            digits: word.digits().filter(|_| codes),
            code: codes.then(|| word.code()),
        }
    }

    /// The rank of every place.
    fn scan(&mut self, finder: &Finder, ranks: &mut [u8]) {
        ranks.fill(MISS);
        let names = &finder.names;
        let places = &names.order.places;
        let number = self.word.is_number();
        if !self.name.pattern.hopeless() {
            if !number || names.digits[0] {
                self.scan_shorts(names, ranks);
            }
            if !number || names.digits[1] {
                self.scan_longs(names, ranks);
            }
        }
        let mut lower = |slot: usize, rank: u8| {
            let old = &mut ranks[places[slot] as usize];
            *old = rank.min(*old);
        };
        if let Some(digits) = &self.digits {
            finder.numbers.scan(digits, &mut lower);
        }
        if let Some(code) = &self.code {
            finder.texts.scan(code, &mut lower);
        }
    }

    fn scan_shorts(&self, names: &Names, ranks: &mut [u8]) {
        let pattern = &self.name.pattern;
        names.short.sweep(pattern, |block, best: &Goodness| {
            for (rank, good) in ranks[block * LANES..].iter_mut().zip(best) {
                *rank = if *good == 0 { MISS } else { 4 - *good as u8 };
            }
        });
        names.others.sweep(pattern, |block, best: &Goodness| {
            for (slot, good) in names.others_of[block * LANES..].iter().zip(best) {
                if *good != 0 {
                    let rank = &mut ranks[names.order.places[*slot as usize] as usize];
                    *rank = (4 - *good as u8).min(*rank);
                }
            }
        });
    }

    fn scan_longs(&mut self, names: &Names, ranks: &mut [u8]) {
        let mut candidates = Vec::new();
        names.long.sweep(&self.name.pattern, |long, row| {
            candidates.push((names.order.places[long.slot as usize], long.given, row));
        });
        for (place, given, row) in candidates {
            let rank = &mut ranks[place as usize];
            *rank = self.name.rank(row, usize::from(given)).min(*rank);
        }
    }

    /// The rank of one slot.
    fn look(&mut self, finder: &Finder, slot: usize) -> u8 {
        let names = &finder.names;
        let given = finder.rows.mark(slot).given();
        let mut rank = self.name.rank(names.title(slot, &mut [0; 4]), given);
        for alias in names.long.of(slot).iter().filter(|l| !l.title) {
            rank = rank.min(self.name.rank(names.long.row(alias), usize::from(alias.given)));
        }
        if let Some(digits) = &self.digits {
            rank = rank.min(finder.numbers.rank_of(slot, digits).unwrap_or(MISS));
        }
        if let Some(code) = &self.code {
            for text in finder.texts.of(slot) {
                rank = rank.min(texts::rank_in(text, code).unwrap_or(MISS));
            }
        }
        rank
    }
}

impl Finder {
    /// The best `limit` records and the exact number of all. An empty query finds everything.
    ///
    /// Words between blanks must all be found. A word is part of a name (characters, pinyin, initials or a
    /// mixture; `?` or `*` for one unreadable character) or part of a number or code.
    #[must_use]
    pub fn find(&self, session: &mut Session, query: &str, filter: &Filter, limit: usize) -> Found {
        let last = self.ask(session, query, filter);
        let (total, near) = (last.exact + last.near, last.near);
        let best = self.best(&last.ranks, limit);
        let hits = best.into_iter().map(|(rank, slot)| Hit {
            kind: self.rows.mark(slot).kind(),
            rec: self.rows.rec(slot),
            rank: shown(rank),
            marks: self.marks(last, slot),
        });
        Found { total, near, hits: hits.collect() }
    }

    /// One page of the records that answer `query` (all of them when it is empty), in pinyin order.
    #[must_use]
    pub fn page(
        &self,
        session: &mut Session,
        query: &str,
        filter: &Filter,
        descending: bool,
        offset: usize,
        limit: usize,
    ) -> Page {
        let last = self.ask(session, query, filter);
        let total = last.exact + last.near;
        // The last page from the front is the first one from the back.
        let (from, to) = (offset.min(total), offset.saturating_add(limit).min(total));
        let (from, to) = if descending { (total - to, total - from) } else { (from, to) };
        let mut rows = self.in_order(&last.ranks, from, to);
        if descending {
            rows.reverse();
        }
        let name = |slot: usize| (self.rows.mark(slot).kind(), self.rows.rec(slot));
        Page { total, rows: rows.into_iter().map(name).collect() }
    }

    /// Slots that answer, in pinyin order, from one position among them to another.
    fn in_order(&self, ranks: &[u8], from: usize, to: usize) -> Vec<usize> {
        let Order { slots, settled, .. } = &self.names.order;
        let slot = |(place, _): (usize, u8)| slots[place] as usize;
        // The stretch in which the unsettled ones begin is looked at from both sides.
        let (front, back) = (settled.next_multiple_of(STRETCH), settled / STRETCH * STRETCH);
        let late = answers(&ranks[back..]).map(|(place, rank)| (back + place, rank));
        let mut late: Vec<usize> = late.filter(|(place, _)| place >= settled).map(slot).collect();
        late.sort_unstable_by(|a, b| self.compare(*a, *b));
        if late.is_empty() {
            return page_of(ranks, from, to).into_iter().map(|place| slots[place] as usize).collect();
        }
        let mut late = late.into_iter().peekable();
        let sorted = answers(&ranks[..front]).take_while(|(place, _)| place < settled);
        let mut sorted = sorted.map(slot).peekable();
        let merged = std::iter::from_fn(|| match (sorted.peek(), late.peek()) {
            (Some(a), Some(b)) if self.compare(*a, *b).is_gt() => late.next(),
            (Some(_), _) => sorted.next(),
            (None, _) => late.next(),
        });
        merged.skip(from).take(to - from).collect()
    }

    fn compare(&self, a: usize, b: usize) -> std::cmp::Ordering {
        order::compare(self.table, &self.names, &self.rows, a, b)
    }

    /// Brings the session up to the query: the rank of every place, and the counts.
    fn ask<'s>(&self, session: &'s mut Session, query: &str, filter: &Filter) -> &'s mut Last {
        let words = query::words(query);
        let old = session.last.take().filter(|l| l.version == self.version && l.filter == *filter);
        let next = match old {
            Some(same) if same.words().eq(&words) => same,
            Some(old) if old.few(self.rows.len()) && old.narrowed_by(&words) => self.narrow(old, &words),
            old => {
                let ranks = old.map(|mut l| std::mem::take(&mut l.ranks));
                self.scan(ranks.unwrap_or_default(), &words, filter)
            }
        };
        session.last.insert(next)
    }

    fn searches(&self, words: &[Word], near: bool) -> Vec<Search> {
        words.iter().map(|word| Search::new(self, word, near)).collect()
    }

    /// Asks everybody.
    fn scan(&self, mut ranks: Vec<u8>, words: &[Word], filter: &Filter) -> Last {
        let gate = Gate::new(filter);
        let mut exact_words = self.searches(words, false);
        ranks.clear();
        ranks.resize(self.rows.len().next_multiple_of(STRETCH), MISS);
        let exact = self.all_words(&mut exact_words, &gate, &mut ranks);
        let mut last = Last {
            version: self.version,
            filter: filter.clone(),
            exact_words,
            near_words: Vec::new(),
            ranks,
            exact,
            near: 0,
        };
        if last.wants_near() {
            last.near_words = self.searches(words, true);
            let mut alike = vec![MISS; last.ranks.len()];
            self.all_words(&mut last.near_words, &gate, &mut alike);
            for (place, _) in answers(&alike) {
                if last.ranks[place] == MISS {
                    last.ranks[place] = NEAR;
                    last.near += 1;
                }
            }
        }
        last
    }

    /// The places that pass the gate and have every word, by their worst word; answers how many.
    fn all_words(&self, searches: &mut [Search], gate: &Gate, ranks: &mut [u8]) -> usize {
        let Some((first, more)) = searches.split_first_mut() else {
            ranks[..self.rows.len()].fill(Rank::Prefix as u8);
            return self.pass(gate, ranks);
        };
        first.scan(self, ranks);
        let mut left = self.pass(gate, ranks);
        let mut other = Vec::new();
        for search in more {
            if left * LOOK_COSTS < ranks.len() {
                let places: Vec<_> = answers(ranks).collect();
                for (place, rank) in places {
                    let slot = self.names.order.slots[place] as usize;
                    ranks[place] = worse(rank, search.look(self, slot));
                }
            } else {
                other.resize(ranks.len(), MISS);
                search.scan(self, &mut other);
                for (rank, more) in ranks.iter_mut().zip(&other) {
                    *rank = worse(*rank, *more);
                }
            }
            left = count(ranks);
        }
        left
    }

    /// Strikes out what the filter does not want; answers how many are left.
    fn pass(&self, gate: &Gate, ranks: &mut [u8]) -> usize {
        if gate.is_open() && self.rows.dead() == 0 {
            return count(ranks);
        }
        for (ranks, slots) in ranks.chunks_mut(STRETCH).zip(self.names.order.slots.chunks(STRETCH)) {
            if count(ranks) > 0 {
                for (rank, slot) in ranks.iter_mut().zip(slots) {
                    let passes = gate.passes(self.rows.mark(*slot as usize));
                    *rank |= if passes { 0 } else { MISS };
                }
            }
        }
        count(ranks)
    }

    /// Asks those who answered the shorter query.
    fn narrow(&self, mut last: Last, words: &[Word]) -> Last {
        let looked_near = !last.near_words.is_empty();
        let places: Vec<(usize, u8)> = answers(&last.ranks).collect();
        let all = |searches: &mut [Search], place: usize| {
            let slot = self.names.order.slots[place] as usize;
            searches.iter_mut().fold(0, |rank, search| worse(rank, search.look(self, slot)))
        };
        last.exact_words = self.searches(words, false);
        last.near_words.clear();
        (last.exact, last.near) = (0, 0);
        for (place, rank) in &places {
            last.ranks[*place] = if *rank == NEAR { MISS } else { all(&mut last.exact_words, *place) };
            last.exact += usize::from(last.ranks[*place] != MISS);
        }
        if !last.wants_near() {
            return last;
        }
        if !looked_near {
            let filter = last.filter.clone();
            return self.scan(std::mem::take(&mut last.ranks), words, &filter);
        }
        last.near_words = self.searches(words, true);
        for (place, _) in &places {
            if last.ranks[*place] == MISS && all(&mut last.near_words, *place) != MISS {
                last.ranks[*place] = NEAR;
                last.near += 1;
            }
        }
        last
    }

    /// The best slots in order: rank, then name.
    fn best(&self, ranks: &[u8], limit: usize) -> Vec<(u8, usize)> {
        let Order { slots, settled, .. } = &self.names.order;
        // Among the settled the first ones of each rank are the best ones: places are in order.
        let mut best: [Vec<usize>; 5] = Default::default();
        let mut late: [Vec<usize>; 5] = Default::default();
        // From this rank on there are enough.
        let mut enough = MISS;
        for (from, ranks) in stretches(ranks) {
            if lowest(ranks) >= enough && from + STRETCH <= *settled {
                continue;
            }
            for (place, rank) in answers_of(from, ranks) {
                let list = usize::from(rank.min(NEAR));
                if place >= *settled {
                    late[list].push(slots[place] as usize);
                } else if best[list].len() < limit {
                    best[list].push(slots[place] as usize);
                } else {
                    enough = enough.min(rank);
                }
            }
        }
        let mut all = Vec::with_capacity(limit.min(ranks.len()));
        for (rank, (mut best, late)) in best.into_iter().zip(late).enumerate() {
            if all.len() >= limit {
                break;
            }
            if !late.is_empty() {
                best.extend(late);
                best.sort_unstable_by(|a, b| self.compare(*a, *b));
            }
            all.extend(best.into_iter().map(|slot| (rank as u8, slot)));
        }
        all.truncate(limit);
        all
    }

    /// What to mark in a title: the best place of each word that is in it.
    fn marks(&self, last: &mut Last, slot: usize) -> Vec<(u32, u32)> {
        let mut buffer = [0; 4];
        let row = self.names.title(slot, &mut buffer);
        let given = self.rows.mark(slot).given();
        let mut marks: Vec<(u32, u32)> = (0..last.exact_words.len())
            .filter_map(|at| {
                let exact = last.exact_words[at].name.mark(row, given);
                let mut near = || last.near_words.get_mut(at)?.name.mark(row, given);
                let (from, to) = exact.or_else(&mut near)?;
                Some((from as u32, to as u32))
            })
            .collect();
        marks.sort_unstable();
        let mut apart: Vec<(u32, u32)> = Vec::with_capacity(marks.len());
        for (from, to) in marks {
            match apart.last_mut() {
                Some(before) if from <= before.1 => before.1 = before.1.max(to),
                _ => apart.push((from, to)),
            }
        }
        apart
    }
}

fn worse(a: u8, b: u8) -> u8 {
    a.max(b)
}

fn shown(rank: u8) -> Rank {
    [Rank::Whole, Rank::Prefix, Rank::Word, Rank::Inside].get(usize::from(rank)).copied().unwrap_or(Rank::Near)
}

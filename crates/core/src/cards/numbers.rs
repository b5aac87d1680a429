//! Card numbers: their shape and check digit, and which of them a PC may give out. Pure.
//!
//! There is no national numbering rule (domain rules §2.5), so the shape is the county's: it stands in each lease. What is
//! fixed is that a number is given out once: a range is leased to one incarnation of one PC's database, and only that
//! one spends it. Handing on subtracts in the giver's own record.

use std::collections::BTreeMap;

use niangjia_replication::{
    change::{Incarnation, RecordId},
    planted,
};

/// How numbers of one lease look: what stands in front, how many digits count, and whether a check digit follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Area of the office and year, as a rule; digits, capital letters, hyphens.
    pub prefix: String,
    /// Digits of the serial number, 1 to 9.
    pub width: u8,
    /// Whether a check digit (ISO/IEC 7064 MOD 11,10 over all digits) ends the number.
    pub check: bool,
}

impl Shape {
    /// How many serial numbers it has: those of `width` nines.
    #[must_use]
    pub fn most(&self) -> u64 {
        10_u64.pow(u32::from(self.width.clamp(1, 9))) - 1
    }

    /// The number of a serial.
    #[must_use]
    pub fn number(&self, serial: u64) -> String {
        let mut number = format!("{}{serial:0width$}", self.prefix, width = usize::from(self.width));
        if self.check {
            number.push(char::from(b'0' + check_digit(&number)));
        }
        number
    }

    /// The serial of a number of this shape; `None` for any other number.
    #[must_use]
    pub fn serial(&self, number: &str) -> Option<u64> {
        let rest = number.strip_prefix(self.prefix.as_str())?;
        let digits = rest.get(..usize::from(self.width)).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        let serial = digits.parse().ok()?;
        (self.number(serial) == number).then_some(serial)
    }
}

/// ISO/IEC 7064 MOD 11,10 over the digits of a text; letters and hyphens are passed over. It finds every single wrong
/// digit and almost every transposition.
#[must_use]
pub fn check_digit(text: &str) -> u8 {
    let mut carry = 10;
    for digit in text.bytes().filter(u8::is_ascii_digit) {
        let sum = (carry + (digit - b'0')) % 10;
        carry = if sum == 0 { 10 } else { sum } * 2 % 11;
    }
    (11 - carry) % 10
}

/// A lease as it was written: `count` numbers from `first` on, and as many places of the status list from `place` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its record.
    pub id: RecordId,
    /// To whom.
    pub holder: Incarnation,
    /// How its numbers look.
    pub shape: Shape,
    /// First serial.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Place of the first one in the county's status list. A lease that an office gave itself, before it belonged to a
    /// county, has none.
    pub place: Option<u64>,
    /// Who wrote it: another registrar knows nothing of what this one gave last.
    pub by: Incarnation,
    /// To which office; only its cards are covered by it.
    pub office: Option<RecordId>,
    /// The request that it answers.
    pub request: Option<RecordId>,
}

impl Lease {
    fn end(&self) -> u64 {
        self.first.saturating_add(self.count)
    }

    /// The place of one of its numbers in the county's status list; `None` for any other number.
    #[must_use]
    pub fn place_of(&self, number: &str) -> Option<u64> {
        let serial = self.shape.serial(number).filter(|n| (self.first..self.end()).contains(n))?;
        Some(self.place? + (serial - self.first))
    }
}

/// Part of a lease that its holder passed on to another PC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handing {
    /// Of which lease.
    pub lease: RecordId,
    /// First serial.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// To whom.
    pub to: Incarnation,
    /// Who wrote it, and so gave it away.
    pub by: Incarnation,
    /// When its giver wrote it, by its own count of changes.
    pub nth: i64,
}

/// Serials of one lease that one incarnation may give out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Of which lease.
    pub lease: RecordId,
    /// First serial.
    pub first: u64,
    /// How many.
    pub count: u64,
}

impl Range {
    fn end(&self) -> u64 {
        self.first.saturating_add(self.count)
    }
}

/// What an incarnation may give out: what was leased or handed to it, less what it handed on. A handing by somebody who
/// does not hold the range gives nothing, whatever it says.
///
/// Each giver's handings happen in the order in which it wrote them; one that passes on what its giver was handed waits for
/// that. So the outcome is that of the set, in whatever order it came.
#[must_use]
pub fn holdings(leases: &[Lease], handings: &[Handing], who: Incarnation) -> Vec<Range> {
    let mut out = Vec::new();
    for lease in leases {
        let mut held: Vec<(Incarnation, Range)> =
            vec![(lease.holder, Range { lease: lease.id, first: lease.first, count: lease.count })];
        let mut queues: BTreeMap<[u8; 16], Vec<&Handing>> = BTreeMap::new();
        for handing in handings.iter().filter(|h| h.lease == lease.id && h.count > 0) {
            queues.entry(handing.by.0).or_default().push(handing);
        }
        // The last one of each queue is the next.
        queues.values_mut().for_each(|queue| queue.sort_by_key(|h| std::cmp::Reverse(h.nth)));
        loop {
            let mut moved = false;
            for queue in queues.values_mut() {
                while queue.last().is_some_and(|next| pass_on(&mut held, next)) {
                    queue.pop();
                    moved = true;
                }
            }
            if moved {
                continue;
            }
            // What nobody held when its turn came gives nothing; what its giver wrote after it may.
            let Some(stuck) = queues.values_mut().find(|queue| !queue.is_empty()) else { break };
            stuck.pop();
        }
        out.extend(held.into_iter().filter(|(holder, range)| *holder == who && range.count > 0).map(|(_, r)| r));
    }
    out.sort_by_key(|r| (r.lease, r.first));
    out
}

fn pass_on(held: &mut Vec<(Incarnation, Range)>, handing: &Handing) -> bool {
    let end = handing.first.saturating_add(handing.count);
    let whole =
        |(holder, r): &(Incarnation, Range)| *holder == handing.by && r.first <= handing.first && end <= r.end();
    let Some(at) = held.iter().position(whole) else { return false };
    let (holder, range) = held[at].clone();
    let part = |first: u64, end: u64| Range { lease: range.lease, first, count: end - first };
    held[at].1 = part(range.first, handing.first);
    held.push((holder, part(end, range.end())));
    held.push((handing.to, part(handing.first, end)));
    true
}

/// What the next lease begins with: first serial and first place.
///
/// `from` is the first serial that the paper book leaves free. Another registrar's last leases may be unknown here (it burnt
/// before anybody heard of them): whoever is not the county's first registrar (`later`) leaves a gap behind what it knows, also
/// where it knows of nothing.
#[must_use]
pub fn next_lease(known: &[Lease], shape: &Shape, from: u64, by: Incarnation, later: bool) -> (u64, u64) {
    // An office's lease to itself was no registrar's.
    let after =
        |end: u64, last: &Lease| if last.by != by && last.place.is_some() { end.saturating_add(GAP) } else { end };
    let unheard = if later { GAP } else { 0 };
    let alike = known.iter().filter(|l| l.shape.prefix == shape.prefix && !planted!("a number is leased twice"));
    let last = alike.max_by_key(|l| (l.end(), l.by == by));
    let first = last.map_or(unheard + 1, |l| after(l.end(), l)).max(from).max(1);
    let behind = |l: &Lease| l.place.map(|place| place.saturating_add(l.count));
    let top = known.iter().filter(|l| l.place.is_some()).max_by_key(|l| (behind(l), l.by == by));
    let place = top.and_then(|l| behind(l).map(|end| after(end, l))).unwrap_or(unheard);
    (first, place)
}

/// How many numbers a new registrar passes over. One lease has at most [`MOST_AT_ONCE`].
pub const GAP: u64 = 10_000;

/// The largest lease.
pub const MOST_AT_ONCE: u64 = 5_000;

/// Leases that hold the same numbers or the same places: two registrars, or a clone of one, gave them. Pairs by record id.
#[must_use]
pub fn overlaps(leases: &[Lease]) -> Vec<(RecordId, RecordId)> {
    let meets = |a: u64, b: u64, c: u64, d: u64| a < d && c < b;
    let mut out = Vec::new();
    for (n, a) in leases.iter().enumerate() {
        for b in &leases[n + 1..] {
            let numbers = a.shape == b.shape && meets(a.first, a.end(), b.first, b.end());
            let places = match (a.place, b.place) {
                (Some(x), Some(y)) => meets(x, x.saturating_add(a.count), y, y.saturating_add(b.count)),
                _ => false,
            };
            if numbers || places {
                out.push((a.id.min(b.id), a.id.max(b.id)));
            }
        }
    }
    out.sort_unstable();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inc(n: u8) -> Incarnation {
        Incarnation([n; 16])
    }

    fn shape() -> Shape {
        Shape { prefix: "9901010012026".into(), width: 6, check: true }
    }

    fn lease(id: u8, holder: u8, first: u64, count: u64, place: u64) -> Lease {
        Lease {
            id: RecordId([id; 16]),
            holder: inc(holder),
            shape: shape(),
            first,
            count,
            place: Some(place),
            by: inc(200),
            office: None,
            request: None,
        }
    }

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        // ISO/IEC 7064, the example of MOD 11,10.
        assert_eq!(check_digit("0794"), 5);
        assert_eq!(shape().number(1).len(), 20);
        assert_eq!(shape().serial(&shape().number(42)), Some(42));
        assert_eq!(shape().serial("990101001202600004"), None);
        let plain = Shape { prefix: "PM-".into(), width: 4, check: false };
        assert_eq!((plain.number(7).as_str(), plain.serial("PM-0007"), plain.most()), ("PM-0007", Some(7), 9_999));
    }

    #[test]
    fn what_is_handed_on_is_no_longer_held() {
        let leases = [lease(1, 1, 100, 50, 0)];
        let hand =
            |first, count, by, to| Handing { lease: leases[0].id, first, count, to: inc(to), by: inc(by), nth: 1 };
        let range = |first, count| Range { lease: leases[0].id, first, count };
        assert_eq!(holdings(&leases, &[], inc(1)), [range(100, 50)]);
        let handings = [hand(115, 5, 2, 3), hand(110, 20, 1, 2)];
        assert_eq!(holdings(&leases, &handings, inc(1)), [range(100, 10), range(130, 20)]);
        assert_eq!(holdings(&leases, &handings, inc(2)), [range(110, 5), range(120, 10)]);
        assert_eq!(holdings(&leases, &handings, inc(3)), [range(115, 5)]);
        // Nobody gives what another holds, nor what lies outside.
        for stolen in [hand(100, 5, 9, 9), hand(140, 20, 1, 9), hand(u64::MAX, 5, 1, 9)] {
            assert_eq!(holdings(&leases, &[stolen], inc(9)), []);
        }
    }

    #[test]
    fn a_new_registrar_leaves_a_gap_and_an_old_one_none() {
        let known = [lease(1, 1, 1, 100, 0), lease(2, 2, 101, 100, 100)];
        assert_eq!(next_lease(&known, &shape(), 1, inc(200), false), (201, 200));
        assert_eq!(next_lease(&known, &shape(), 1, inc(201), true), (201 + GAP, 200 + GAP));
        assert_eq!(next_lease(&known, &shape(), 500, inc(200), false), (500, 200), "the paper book goes further");
        let other = Shape { prefix: "9901010022026".into(), ..shape() };
        assert_eq!(
            next_lease(&known, &other, 1, inc(200), false),
            (1, 200),
            "places are the county's, serials the office's"
        );
        assert_eq!(next_lease(&[], &shape(), 0, inc(1), false), (1, 0));
        assert_eq!(next_lease(&[], &shape(), 0, inc(1), true), (1 + GAP, GAP), "what burnt before anybody heard of it");
        let alone = [Lease { place: None, by: inc(7), ..lease(1, 7, 1, 100, 0) }];
        assert_eq!(
            next_lease(&alone, &shape(), 1, inc(200), false),
            (101, 0),
            "an office's own lease was no registrar's"
        );
    }

    #[test]
    fn handings_count_in_the_order_of_their_givers() {
        let leases = [lease(1, 1, 100, 50, 0)];
        let hand =
            |nth, first, count, by, to| Handing { lease: leases[0].id, first, count, to: inc(to), by: inc(by), nth };
        // To 2 and back, and then on to 3.
        let mut all = [hand(1, 110, 20, 1, 2), hand(1, 120, 10, 2, 1), hand(2, 120, 10, 1, 3)];
        for _ in 0..3 {
            all.rotate_left(1);
            for who in [1, 2, 3] {
                let held: u64 = holdings(&leases, &all, inc(who)).iter().map(|r| r.count).sum();
                assert_eq!(held, [0, 30, 10, 10][usize::from(who)], "{who}");
            }
        }
    }

    #[test]
    fn two_leases_of_the_same_numbers_are_told() {
        let known = [lease(1, 1, 1, 100, 0), lease(2, 2, 100, 100, 100), lease(3, 3, 500, 10, 150)];
        let pair = |a, b| (RecordId([a; 16]), RecordId([b; 16]));
        assert_eq!(overlaps(&known), [pair(1, 2), pair(2, 3)]);
    }

    proptest! {
        /// Registrars and PCs lease and hand on as they like: no serial is ever held by two, and none is lost.
        #[test]
        fn no_number_is_held_by_two(steps in proptest::collection::vec((0..6u8, 0..6u8, 0..400u64, 1..60u64), 0..40)) {
            let (mut leases, mut handings) = (Vec::new(), Vec::new());
            for (n, (by, to, first, count)) in steps.into_iter().enumerate() {
                if by == 0 {
                    let (first, place) = next_lease(&leases, &shape(), 1, inc(200), false);
                    leases.push(Lease { count, ..lease(n as u8 + 1, to, first, count, place) });
                } else if let Some(range) = holdings(&leases, &handings, inc(by)).first() {
                    let first = range.first + first % range.count;
                    handings.push(Handing { lease: range.lease, first, count: count.min(range.end() - first), to: inc(to), by: inc(by), nth: n as i64 });
                }
            }
            prop_assert_eq!(overlaps(&leases), vec![]);
            let mut all: Vec<u64> = Vec::new();
            for who in 0..6 {
                all.extend(holdings(&leases, &handings, inc(who)).iter().flat_map(|r| r.first..r.end()));
            }
            all.sort_unstable();
            let given: u64 = leases.iter().map(|l| l.count).sum();
            prop_assert_eq!(all.len() as u64, given);
            prop_assert!(all.windows(2).all(|w| w[0] < w[1]));
            let each = |handings: &[Handing]| (0..6).map(|who| holdings(&leases, handings, inc(who))).collect::<Vec<_>>();
            let before = each(&handings);
            handings.reverse();
            prop_assert_eq!(each(&handings), before, "in whatever order they came");
        }

        #[test]
        fn one_wrong_digit_is_found(serial in 1..999_999u64, at in 0..20usize, by in 1..10u8) {
            let mut number = shape().number(serial).into_bytes();
            number[at] = b'0' + (number[at] - b'0' + by) % 10;
            prop_assert_eq!(shape().serial(std::str::from_utf8(&number).unwrap()), None);
        }
    }
}

//! What two sides hold of a chain, to the byte: digests of spans, narrowed until what differs is a list of single segments. Needed
//! where frontiers agree and stores do not: a row was lost, or a disk changed bytes.

use serde::Serialize;

use super::Digest;
use crate::change::Incarnation;
use crate::stream::Stream;

/// Spans in one question.
pub const SPANS: usize = 1024;
/// Bytes of segments that a hub reads for one answer, as a rule; further spans are left to the next question.
pub const READ: u64 = 32 << 20;
/// A span that differs is parted into so many.
const PARTS: u64 = 16;
/// Up to so many segments are listed one by one.
const EACH: usize = 32;

/// A segment by its number and hash.
pub type Numbered = (u64, [u8; 32]);

/// A part of a chain, and what the asker holds of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Span {
    pub stream: Stream,
    pub chain: Incarnation,
    /// First and last number; both belong to it.
    pub from: u64,
    pub to: u64,
    pub digest: Digest,
}

/// `POST /v1/held`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct HeldAsk {
    pub spans: Vec<Span>,
}

/// The answer to [`HeldAsk`]: one for each span, in their order; perhaps not for all, but for one at least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct HeldAnswer {
    pub spans: Vec<Held>,
}

/// What the other side holds of a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Held {
    Same,
    /// Digests of its [`Span::parts`].
    Parts(Vec<Digest>),
    /// Its segments.
    Each(Vec<(u64, Digest)>),
}

/// What is known after an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// To be asked for next.
    pub spans: Vec<Span>,
    /// The other side lacks these.
    pub send: Vec<Numbered>,
    /// This side lacks these.
    pub fetch: Vec<Numbered>,
}

fn digest(held: &[Numbered]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("niangjia 2026-11 segments held of a span");
    for (seq, hash) in held {
        hasher.update(&seq.to_le_bytes()).update(hash);
    }
    Digest(*hasher.finalize().as_bytes())
}

/// Those of a span, of a list in the order of numbers.
fn within(held: &[Numbered], from: u64, to: u64) -> &[Numbered] {
    let first = held.partition_point(|(seq, _)| *seq < from);
    let last = held.partition_point(|(seq, _)| *seq <= to);
    held.get(first..last).unwrap_or_default()
}

impl Span {
    /// `held`: the segments of the chain that this side holds to the byte, in the order of numbers and hashes.
    #[must_use]
    pub fn of(stream: Stream, chain: Incarnation, (from, to): (u64, u64), held: &[Numbered]) -> Self {
        Self { stream, chain, from, to, digest: digest(within(held, from, to)) }
    }

    /// Whether its numbers are such as chains have.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        0 < self.from && self.from <= self.to && i64::try_from(self.to).is_ok()
    }

    /// The parts into which it is narrowed.
    pub fn parts(&self) -> impl Iterator<Item = (u64, u64)> {
        let (from, to) = (self.from, self.to);
        let width = (to.saturating_sub(from) / PARTS).saturating_add(1);
        (0..PARTS).filter_map(move |n| {
            let first = from.checked_add(n.checked_mul(width)?).filter(|first| *first <= to)?;
            Some((first, first.saturating_add(width - 1).min(to)))
        })
    }

    /// What the side that is asked says; `held` as in [`Span::of`].
    #[must_use]
    pub fn judge(&self, held: &[Numbered]) -> Held {
        let held = within(held, self.from, self.to);
        if digest(held) == self.digest {
            Held::Same
        } else if held.len() <= EACH || self.from == self.to {
            Held::Each(held.iter().map(|(seq, hash)| (*seq, Digest(*hash))).collect())
        } else {
            Held::Parts(self.parts().map(|(from, to)| digest(within(held, from, to))).collect())
        }
    }

    /// What the side that asked learns from it.
    #[must_use]
    pub fn narrow(&self, said: &Held, held: &[Numbered]) -> Narrowed {
        let mut narrowed = Narrowed::default();
        match said {
            Held::Same => {}
            Held::Parts(theirs) => {
                let mine = self.parts().map(|part| Self::of(self.stream, self.chain, part, held));
                narrowed
                    .spans
                    .extend(mine.zip(theirs).filter(|(mine, theirs)| mine.digest != **theirs).map(|(mine, _)| mine));
                // A span of one number is listed; who parts it all the same says nothing that could be narrowed.
                narrowed.spans.retain(|part| (part.from, part.to) != (self.from, self.to));
            }
            Held::Each(theirs) => {
                let mine = within(held, self.from, self.to);
                let theirs: Vec<Numbered> = theirs.iter().map(|(seq, hash)| (*seq, hash.0)).collect();
                narrowed.send.extend(mine.iter().filter(|one| !theirs.contains(one)));
                let inside = |one: &&Numbered| (self.from..=self.to).contains(&one.0);
                narrowed.fetch.extend(theirs.iter().filter(inside).filter(|one| !mine.contains(one)));
            }
        }
        narrowed
    }
}

/// Numbers of a span that are not among these.
#[must_use]
pub fn gaps(held: &[Numbered], from: u64, to: u64) -> Vec<u64> {
    let mut gaps = Vec::new();
    let mut next = from;
    for (seq, _) in within(held, from, to) {
        gaps.extend(next..*seq);
        next = seq + 1;
    }
    gaps.extend(next..=to);
    gaps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbered(seq: u64) -> Numbered {
        (seq, *blake3::hash(&seq.to_le_bytes()).as_bytes())
    }

    /// Asks until nothing is left to ask; counts the questions.
    fn differences(mine: &[Numbered], theirs: &[Numbered], to: u64) -> (Narrowed, u32) {
        let (mut found, mut asked) = (Narrowed::default(), 0);
        let mut spans = vec![Span::of(Stream::County, Incarnation([1; 16]), (1, to), mine)];
        while !spans.is_empty() {
            asked += 1;
            for span in std::mem::take(&mut spans) {
                let Narrowed { spans: next, send, fetch } = span.narrow(&span.judge(theirs), mine);
                spans.extend(next);
                found.send.extend(send);
                found.fetch.extend(fetch);
            }
        }
        (found, asked)
    }

    #[test]
    fn one_lost_segment_of_a_hundred_thousand_is_found_in_a_few_questions() {
        let mine: Vec<_> = (1..=100_000).map(numbered).collect();
        let mut theirs = mine.clone();
        let lost = theirs.remove(77_777);
        let (found, asked) = differences(&mine, &theirs, 100_000);
        assert_eq!((found.send.as_slice(), found.fetch.as_slice()), (&[lost][..], &[][..]));
        assert!(asked <= 5, "{asked}");
        assert_eq!(differences(&theirs, &mine, 100_000).0.fetch, [lost]);
        assert_eq!(differences(&mine, &mine, 100_000).1, 1);
        assert_eq!(gaps(&theirs, 1, 100_000), [77_778]);
        assert_eq!(gaps(&mine[..3], 1, 5), [4, 5]);
    }

    #[test]
    fn numbers_without_end_are_refused_and_an_answer_that_leads_nowhere_ends() {
        let span = |from, to| Span::of(Stream::County, Incarnation([1; 16]), (from, to), &[]);
        assert!(
            span(1, 1).is_sound() && !span(0, 1).is_sound() && !span(2, 1).is_sound() && !span(1, u64::MAX).is_sound()
        );
        assert_eq!(span(1, u64::MAX).parts().last().map(|(_, to)| to), Some(u64::MAX));
        // A hub that parts what cannot be parted, or lists what was not asked for.
        let (one, mine) = (span(5, 5), [numbered(5)]);
        assert_eq!(one.narrow(&Held::Parts(vec![Digest([9; 32]); 16]), &mine), Narrowed::default());
        assert_eq!(one.narrow(&Held::Each(vec![(6, Digest([9; 32]))]), &mine).fetch, []);
    }

    proptest! {
        #[test]
        fn whatever_either_side_lacks_is_found_and_nothing_else(
            to in 1..400_u64,
            lost in proptest::collection::vec((any::<bool>(), 1..400_u64), 0..12),
            forked in proptest::collection::vec(1..400_u64, 0..4),
        ) {
            let mut all: Vec<_> = (1..=to).map(numbered).collect();
            all.extend(forked.iter().filter(|seq| **seq <= to).map(|seq| (*seq, [7; 32])));
            all.sort_unstable();
            all.dedup();
            let side = |of: bool| -> Vec<Numbered> {
                all.iter().filter(|one| !lost.contains(&(of, one.0))).copied().collect()
            };
            let (mine, theirs) = (side(true), side(false));
            let (mut found, _) = differences(&mine, &theirs, to);
            found.send.sort_unstable();
            found.fetch.sort_unstable();
            let only = |one: &[Numbered], other: &[Numbered]| -> Vec<Numbered> {
                one.iter().filter(|n| !other.contains(n)).copied().collect()
            };
            prop_assert_eq!(found.send, only(&mine, &theirs));
            prop_assert_eq!(found.fetch, only(&theirs, &mine));
        }
    }
}

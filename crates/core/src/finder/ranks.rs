//! Ranks of all places, most of which do not answer: going through those that do.

use super::automaton::MISS;

/// Ranks are kept in full stretches of this many, the last one filled up with [`MISS`].
pub(super) const STRETCH: usize = 64;

/// Stretches with hits in them, by their first place. Most have none: no rank has the highest bit of [`MISS`].
pub(super) fn stretches(ranks: &[u8]) -> impl Iterator<Item = (usize, &[u8; STRETCH])> {
    let all = ranks.as_chunks().0.iter().enumerate();
    all.filter(|(_, ranks)| lowest(ranks) != MISS).map(|(at, ranks)| (at * STRETCH, ranks))
}

pub(super) fn lowest(ranks: &[u8; STRETCH]) -> u8 {
    ranks.iter().fold(MISS, |lowest, rank| lowest.min(*rank))
}

/// Places that answer, ascending, with their ranks.
pub(super) fn answers(ranks: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    stretches(ranks).flat_map(|(from, ranks)| answers_of(from, ranks))
}

pub(super) fn answers_of(from: usize, ranks: &[u8; STRETCH]) -> impl Iterator<Item = (usize, u8)> {
    let all = ranks.iter().enumerate().filter(|(_, rank)| **rank != MISS);
    all.map(move |(at, rank)| (from + at, *rank))
}

pub(super) fn count(ranks: &[u8]) -> usize {
    stretches(ranks).map(|(_, ranks)| count_of(ranks)).sum()
}

fn count_of(ranks: &[u8; STRETCH]) -> usize {
    usize::from(ranks.iter().map(|rank| u8::from(*rank != MISS)).sum::<u8>())
}

/// Places that answer, from one position among them to another.
pub(super) fn page_of(ranks: &[u8], from: usize, to: usize) -> Vec<usize> {
    let mut page = Vec::with_capacity(to - from);
    let mut before = 0;
    for (place, ranks) in stretches(ranks) {
        let hits = count_of(ranks);
        if before + hits > from {
            let here = answers_of(place, ranks).map(|(place, _)| place);
            page.extend(here.skip(from.saturating_sub(before)).take(to - from - page.len()));
        }
        before += hits;
        if before >= to {
            break;
        }
    }
    page
}

//! Codes with letters (credit codes, case numbers) and numbers that are too long: plain text, scanned as it is.

use memchr::memmem;

use super::numbers;
use super::wiped::Wiped;

/// Any letter or digit, in a search.
pub(super) const ANY: u8 = b'?';

/// The codes, upper case, each with a line end behind it.
#[derive(Default)]
pub(super) struct Texts {
    bytes: Wiped<u8>,
    /// (start, slot) of each code, ascending in both.
    codes: Vec<(u32, u32)>,
}

impl Texts {
    pub(super) fn bytes(&self) -> usize {
        self.bytes.bytes() + self.codes.capacity() * size_of::<(u32, u32)>()
    }

    /// Stores a code of a slot; slots come ascending.
    pub(super) fn push(&mut self, slot: usize, code: &[u8]) {
        self.codes.push((self.bytes.len() as u32, slot as u32));
        self.bytes.extend(code);
        self.bytes.push(b'\n');
    }

    fn code(&self, at: usize) -> &[u8] {
        let start = self.codes[at].0 as usize;
        let end = self.codes.get(at + 1).map_or(self.bytes.len(), |c| c.0 as usize);
        &self.bytes[start..end - 1]
    }

    /// The codes of a slot.
    pub(super) fn of(&self, slot: usize) -> impl Iterator<Item = &[u8]> {
        let from = self.codes.partition_point(|c| (c.1 as usize) < slot);
        (from..self.codes.len()).take_while(move |at| self.codes[*at].1 as usize == slot).map(|at| self.code(at))
    }

    /// Gives every slot that has `wanted` in a code, and the rank of that code.
    pub(super) fn scan(&self, wanted: &[u8], mut hit: impl FnMut(usize, u8)) {
        let mut look = |at: usize| {
            if let Some(rank) = rank_in(self.code(at), wanted) {
                hit(self.codes[at].1 as usize, rank);
            }
        };
        if wanted.contains(&ANY) {
            (0..self.codes.len()).for_each(look);
            return;
        }
        let search = memmem::Finder::new(wanted);
        let mut from = 0;
        while let Some(at) = self.bytes.get(from..).and_then(|rest| search.find(rest)) {
            let code = self.codes.partition_point(|c| c.0 as usize <= from + at) - 1;
            look(code);
            // One look is enough for a code: on to the next one.
            from = self.codes.get(code + 1).map_or(self.bytes.len(), |c| c.0 as usize);
        }
    }
}

/// Rank of `wanted` in one code.
pub(super) fn rank_in(code: &[u8], wanted: &[u8]) -> Option<u8> {
    let fits = |(have, want): (&u8, &u8)| *want == ANY || have == want;
    (0..(code.len() + 1).saturating_sub(wanted.len()))
        .filter(|at| code[*at..].iter().zip(wanted).all(fits))
        .map(|at| {
            let (prefix, tail) = (at == 0, at + wanted.len() == code.len());
            numbers::rank(prefix && tail, prefix, tail)
        })
        .min()
}

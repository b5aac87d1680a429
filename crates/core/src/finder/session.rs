//! One search box between two keystrokes.

use zeroize::Zeroize;

use super::query::Word;
use super::search::Search;
use super::{FEW, Filter};

/// What one search box remembers, so that a longer query looks only at what is left. About one byte per record.
/// Wiped when dropped, harmless with another finder, safe to drop at any time.
#[derive(Default)]
pub struct Session {
    pub(super) last: Option<Last>,
}

/// The last question and who answered it.
pub(super) struct Last {
    /// Which finder in which state.
    pub(super) version: u64,
    pub(super) filter: Filter,
    pub(super) exact_words: Vec<Search>,
    /// Empty when sound-alikes were not looked for.
    pub(super) near_words: Vec<Search>,
    /// Rank of each slot, `MISS` for those that do not answer.
    pub(super) ranks: Vec<u8>,
    pub(super) exact: usize,
    pub(super) near: usize,
}

impl Session {
    /// A fresh search box.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Last {
    pub(super) fn words(&self) -> impl Iterator<Item = &Word> {
        self.exact_words.iter().map(|s| &s.word)
    }

    /// Whether so few are left of `slots` that each can be asked.
    pub(super) fn few(&self, slots: usize) -> bool {
        (self.exact + self.near) * super::search::LOOK_COSTS < slots
    }

    /// Whether whoever answers `words` has answered this.
    pub(super) fn narrowed_by(&self, words: &[Word]) -> bool {
        let mut longer = words.iter();
        !self.exact_words.is_empty()
            && self.words().all(|shorter| longer.next().is_some_and(|word| word.narrows(shorter)))
    }

    /// Whether the exact hits are so few that sound-alikes are wanted.
    pub(super) fn wants_near(&self) -> bool {
        self.filter.near && self.exact < FEW && self.words().any(Word::is_sound)
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        self.ranks.zeroize();
    }
}

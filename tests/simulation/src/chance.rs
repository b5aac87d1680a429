//! Chance: everything that a history draws comes from its seed, in one order.

use niangjia_core::store::Moment;
use rand_chacha::{
    ChaCha8Rng, ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

/// The dice of one history.
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// From 0 up to, but not including, `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % end.max(1) as u64) as usize
    }

    /// From `from` up to and including `to`.
    pub(crate) fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from + 1)
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, of_hundred: usize) -> bool {
        self.below(100) < of_hundred
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.below(from.len())) }
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }

    /// Chance for the product: keys, ids, nonces.
    pub(crate) fn rng(&mut self) -> ChaCha20Rng {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        ChaCha20Rng::from_seed(seed)
    }

    pub(crate) fn moment(&mut self, wall: i64) -> Moment {
        Moment { wall, rng: self.rng() }
    }

    /// Chance for what is hardly ever wanted: the dice stay as they are.
    pub(crate) fn aside(&self, wall: i64) -> Moment {
        let mut aside = self.0.clone();
        aside.set_stream(1);
        Self(aside).moment(wall)
    }

    /// Dice of their own for one exchange, so that what they are used for does not move all that follows.
    pub(crate) fn branch(&mut self) -> Self {
        Self(ChaCha8Rng::seed_from_u64(self.0.next_u64()))
    }
}

//! What the trials look at, drawn by seeded dice: cards before a camera, and pictures that mean harm.
#![allow(dead_code, reason = "each test and each example takes its part")]

pub mod hostile;
pub mod scene;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A seeded source of numbers: same seed, same scene.
pub struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Evenly between the two.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.0.next_u32()) / f64::from(u32::MAX)
    }

    /// Evenly in `0..below`.
    pub fn below(&mut self, below: usize) -> usize {
        ((u64::from(self.0.next_u32()) * below as u64) >> 32) as usize
    }

    /// So many letters of the alphabet of base45.
    pub fn text(&mut self, letters: usize) -> String {
        (0..letters).map(|_| char::from(niangjia_qr::ALPHANUMERIC[self.below(45)])).collect()
    }

    /// About normal, with deviation 1: the sum of twelve.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.between(-0.5, 0.5)).sum()
    }
}

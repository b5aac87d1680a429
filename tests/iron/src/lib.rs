//! Real programs, real files, real sockets: killed at any instant, without power, without room, on a line that breaks.
//!
//! A clerk works in a process of its own ([`clerk`]) and says of each save that it was acknowledged; whoever watches
//! ([`desk`]) ends that process as roughly as a bad day does, and asks the next one for everything that was said.

pub mod clerk;
pub mod day;
pub mod desk;
pub mod hub;
pub mod kills;
pub mod line;
pub mod loss;
pub mod power;
pub mod town;

use std::path::PathBuf;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// All chance of a run, from its seed. What the machine does in between is its own chance.
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The chance of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `end`; 0 where that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end.max(1)
    }

    /// Whether one of so many in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Between these milliseconds.
    pub fn millis(&mut self, from: u64, to: u64) -> std::time::Duration {
        std::time::Duration::from_millis(from + self.below(to - from))
    }
}

/// A program of the same build, found beside this one.
///
/// # Panics
/// Where it was not built: `cargo build --workspace --bins` builds it, and so does `cargo nextest run --workspace`.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("this program lies somewhere");
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    // A test lies in `deps`, one below the programs.
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} lies not beside {own:?}: cargo build --workspace --bins"))
}

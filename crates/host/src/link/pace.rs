//! How much goes over the line at once.

use std::time::Duration;

use niangjia_replication::wire;

/// How much to move at once: about a quarter of a minute's worth, so that a line that breaks loses little.
pub(super) struct Pace {
    pub(super) bytes: usize,
    most: usize,
    least: usize,
    worth: f64,
}

impl Pace {
    const FIRST: usize = 128 << 10;
    const LEAST: usize = 32 << 10;
    const WORTH: f64 = 15.0;
    /// On the slow lane a change waits for one slice at the most, and a line that breaks every few seconds gets on.
    const SLICE: usize = 16 << 10;
    const LEAST_SLICE: usize = 4 << 10;
    const WORTH_SLICE: f64 = 2.0;

    pub(super) fn up() -> Self {
        Self { bytes: Self::FIRST, most: wire::BATCH, least: Self::LEAST, worth: Self::WORTH }
    }

    pub(super) fn down() -> Self {
        Self { bytes: 2 * Self::FIRST, most: wire::PAGE, least: Self::LEAST, worth: Self::WORTH }
    }

    pub(super) fn slow_lane() -> Self {
        Self {
            bytes: Self::SLICE,
            most: niangjia_replication::blob::PIECE,
            least: Self::LEAST_SLICE,
            worth: Self::WORTH_SLICE,
        }
    }

    pub(super) fn took(&mut self, bytes: usize, time: Duration) {
        let worth = bytes as f64 / time.as_secs_f64().max(0.001) * self.worth;
        // A small transfer is mostly waiting and says little about the line: it may slow down by half, no more.
        self.bytes = (worth as usize).clamp((self.bytes / 2).max(self.least), self.bytes * 4).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_line_gets_small_batches_and_a_fast_one_large() {
        let mut slow = Pace::up();
        for _ in 0..5 {
            slow.took(slow.bytes, Duration::from_secs_f64(slow.bytes as f64 / 8_000.0));
        }
        assert!((100_000..=125_000).contains(&slow.bytes), "{}", slow.bytes);
        let mut fast = Pace::down();
        for _ in 0..5 {
            fast.took(fast.bytes, Duration::from_millis(50));
        }
        assert_eq!(fast.bytes, wire::PAGE);
        fast.took(100, Duration::from_secs(2));
        assert_eq!(fast.bytes, wire::PAGE / 2);
    }
}

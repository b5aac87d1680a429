//! How much one device, one address and everybody together may ask at a time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests that one asker may make in a burst.
const BURST: f64 = 60.0;
/// Requests a second that one asker may keep up.
const STEADY: f64 = 10.0;
/// Askers remembered; beyond that the ones that have been quiet longest are forgotten.
const ASKERS: usize = 10_000;
/// Requests of one asker answered at once.
const PARALLEL: u8 = 4;
/// Requests answered at once: bounds the memory for bodies and pages (some 8 MiB each at most, as a rule far less).
const TOGETHER: usize = 128;

/// What came before the request may be answered; dropping it gives the place back.
pub(crate) struct Place<K: Hash + Eq + Clone> {
    askers: Arc<Mutex<HashMap<K, Asker>>>,
    who: K,
    _all: OwnedSemaphorePermit,
}

/// Come back after this many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Later(pub(crate) u64);

struct Asker {
    tokens: f64,
    at: Instant,
    busy: u8,
}

/// A token bucket and a count of open requests per asker, and one bound on all.
pub(crate) struct Limiter<K> {
    askers: Arc<Mutex<HashMap<K, Asker>>>,
    all: Arc<Semaphore>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    pub(crate) fn new() -> Self {
        Self { askers: Arc::default(), all: Arc::new(Semaphore::new(TOGETHER)) }
    }

    /// Lets `who` in at `now`, or says when to come back.
    pub(crate) fn enter(&self, who: K, now: Instant) -> Result<Place<K>, Later> {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if askers.len() >= ASKERS && !askers.contains_key(&who) {
            forget_quiet(&mut askers, now);
        }
        let asker = askers.entry(who.clone()).or_insert(Asker { tokens: BURST, at: now, busy: 0 });
        let passed = now.saturating_duration_since(asker.at).as_secs_f64();
        asker.tokens = (asker.tokens + passed * STEADY).min(BURST);
        asker.at = now;
        if asker.tokens < 1.0 || asker.busy >= PARALLEL {
            return Err(Later(1));
        }
        let Ok(all) = self.all.clone().try_acquire_owned() else {
            return Err(Later(5));
        };
        asker.tokens -= 1.0;
        asker.busy += 1;
        Ok(Place { askers: self.askers.clone(), who, _all: all })
    }
}

impl<K: Hash + Eq + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asker) = askers.get_mut(&self.who) {
            asker.busy = asker.busy.saturating_sub(1);
        }
    }
}

// An asker whose bucket is full again has nothing left that would need remembering.
fn forget_quiet<K: Hash + Eq>(askers: &mut HashMap<K, Asker>, now: Instant) {
    let full = Duration::from_secs_f64(BURST / STEADY);
    askers.retain(|_, asker| asker.busy > 0 || now.saturating_duration_since(asker.at) < full);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_a_steady_rate() {
        let (limiter, start) = (Limiter::new(), Instant::now());
        for _ in 0..60 {
            assert!(limiter.enter("a", start).is_ok());
        }
        assert_eq!(limiter.enter("a", start).err(), Some(Later(1)));
        assert!(limiter.enter("b", start).is_ok());
        let later = start + Duration::from_secs(1);
        let passed = (0..20).filter(|_| limiter.enter("a", later).is_ok()).count();
        assert_eq!(passed, 10);
    }

    #[test]
    fn one_device_holds_few_places_and_gives_them_back() {
        let (limiter, now) = (Limiter::new(), Instant::now());
        let held: Vec<_> = (0..4).map(|_| limiter.enter(1, now).ok().unwrap()).collect();
        assert!(limiter.enter(1, now).is_err());
        assert!(limiter.enter(2, now).is_ok());
        drop(held);
        assert!(limiter.enter(1, now).is_ok());
    }

    #[test]
    fn many_strangers_do_not_fill_the_memory() {
        let (limiter, start) = (Limiter::new(), Instant::now());
        for who in 0..25_000_u32 {
            let now = start + Duration::from_millis(u64::from(who));
            let _place = limiter.enter(who, now);
        }
        assert!(limiter.askers.lock().unwrap().len() <= ASKERS);
    }
}

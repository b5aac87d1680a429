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
/// Requests answered at once.
const TOGETHER: usize = 128;
/// A body or page up to this size needs no room of its own: [`TOGETHER`] of them are 16 MiB, held twice.
pub(crate) const LIGHT: usize = 64 << 10;
/// Up to this size it counts as an everyday one: some changes sent, some fetched.
const EVERYDAY: usize = 512 << 10;
/// KiB of everyday bodies and pages held at once, and of large ones. Apart, so that first loads never take the room of small ones.
const ROOM: (usize, usize) = (32 << 10, 64 << 10);
/// How long a request waits for its place or its room before it is sent away.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many wait for a place, their bodies unread, and how many for room.
const QUEUE: usize = 256;
const WAITING: usize = 32;

/// What came before the request may be answered; dropping it gives the place back.
pub(crate) struct Place<K: Hash + Eq + Clone> {
    _own: Own<K>,
    _all: OwnedSemaphorePermit,
}

/// One of the requests that an asker may have open.
struct Own<K: Hash + Eq + Clone> {
    askers: Arc<Mutex<HashMap<K, Asker>>>,
    who: K,
}

/// Why and for how long somebody is sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Later {
    /// The asker itself asks too often.
    Yours(u64),
    /// Everybody came at once.
    Crowd(u64),
}

impl Later {
    // Who was sent away together must not come back together.
    fn crowd() -> Self {
        let mut byte = [0];
        let spread = getrandom::fill(&mut byte).map_or(4, |()| u64::from(byte[0]) % 8);
        Self::Crowd(2 + spread)
    }
}

/// Memory that was kept free for one body or page; dropping it gives it back.
#[derive(Debug, Default)]
pub(crate) struct Room(Option<OwnedSemaphorePermit>);

impl Room {
    /// Gives back what `bytes` do not need.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let needed = bytes.div_ceil(1024);
        if let Some(held) = &mut self.0 {
            drop(held.split(held.num_permits().saturating_sub(needed)));
        }
    }
}

struct Asker {
    tokens: f64,
    at: Instant,
    busy: u8,
}

/// A token bucket and a count of open requests per asker, and one bound on all.
pub(crate) struct Limiter<K> {
    askers: Arc<Mutex<HashMap<K, Asker>>>,
    all: Arc<Semaphore>,
    everyday: Arc<Semaphore>,
    large: Arc<Semaphore>,
    queue: Semaphore,
    waiting: Semaphore,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    pub(crate) fn new() -> Self {
        let [all, everyday, large] = [TOGETHER, ROOM.0, ROOM.1].map(|places| Arc::new(Semaphore::new(places)));
        Self {
            askers: Arc::default(),
            all,
            everyday,
            large,
            queue: Semaphore::new(QUEUE),
            waiting: Semaphore::new(WAITING),
        }
    }

    /// Lets `who` in at `now`, after a little while if need be, or says when to come back.
    pub(crate) async fn enter(&self, who: K, now: Instant) -> Result<Place<K>, Later> {
        let own = self.own(who, now)?;
        if let Ok(all) = self.all.clone().try_acquire_owned() {
            return Ok(Place { _own: own, _all: all });
        }
        let Ok(_queued) = self.queue.try_acquire() else { return Err(Later::crowd()) };
        match tokio::time::timeout(PATIENCE, self.all.clone().acquire_owned()).await {
            Ok(Ok(all)) => Ok(Place { _own: own, _all: all }),
            Ok(Err(_)) | Err(_) => Err(Later::crowd()),
        }
    }

    fn own(&self, who: K, now: Instant) -> Result<Own<K>, Later> {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if askers.len() >= ASKERS && !askers.contains_key(&who) {
            forget_quiet(&mut askers, now);
        }
        let asker = askers.entry(who.clone()).or_insert(Asker { tokens: BURST, at: now, busy: 0 });
        let passed = now.saturating_duration_since(asker.at).as_secs_f64();
        asker.tokens = (asker.tokens + passed * STEADY).min(BURST);
        asker.at = now;
        if asker.tokens < 1.0 || asker.busy >= PARALLEL {
            return Err(Later::Yours(1));
        }
        asker.tokens -= 1.0;
        asker.busy += 1;
        Ok(Own { askers: self.askers.clone(), who })
    }

    /// Keeps memory free for a body or page of `bytes`, before any of it is read; waits a little for it.
    pub(crate) async fn room(&self, bytes: usize) -> Result<Room, Later> {
        if bytes <= LIGHT {
            return Ok(Room::default());
        }
        let (of, most) = if bytes <= EVERYDAY { (&self.everyday, ROOM.0) } else { (&self.large, ROOM.1) };
        let needed = u32::try_from(bytes.div_ceil(1024).min(most)).unwrap_or(u32::MAX);
        if let Ok(held) = of.clone().try_acquire_many_owned(needed) {
            return Ok(Room(Some(held)));
        }
        let Ok(_waiting) = self.waiting.try_acquire() else { return Err(Later::crowd()) };
        match tokio::time::timeout(PATIENCE, of.clone().acquire_many_owned(needed)).await {
            Ok(Ok(held)) => Ok(Room(Some(held))),
            Ok(Err(_)) | Err(_) => Err(Later::crowd()),
        }
    }
}

impl<K: Hash + Eq + Clone> Drop for Own<K> {
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
            assert!(limiter.own("a", start).is_ok());
        }
        assert_eq!(limiter.own("a", start).err(), Some(Later::Yours(1)));
        assert!(limiter.own("b", start).is_ok());
        let later = start + Duration::from_secs(1);
        let passed = (0..20).filter(|_| limiter.own("a", later).is_ok()).count();
        assert_eq!(passed, 10);
    }

    #[test]
    fn one_device_holds_few_places_and_gives_them_back() {
        let (limiter, now) = (Limiter::new(), Instant::now());
        let held: Vec<_> = (0..4).map(|_| limiter.own(1, now).ok().unwrap()).collect();
        assert!(limiter.own(1, now).is_err());
        assert!(limiter.own(2, now).is_ok());
        drop(held);
        assert!(limiter.own(1, now).is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn when_everybody_comes_at_once_some_wait_and_the_rest_comes_back_each_at_its_own_time() {
        let (limiter, now) = (Arc::new(Limiter::new()), Instant::now());
        let mut held = Vec::new();
        for who in 0..TOGETHER {
            held.push(limiter.enter(who, now).await.ok().unwrap());
        }
        let came: Vec<_> = (TOGETHER..TOGETHER + QUEUE + 100)
            .map(|who| {
                let limiter = limiter.clone();
                tokio::spawn(async move { limiter.enter(who, now).await.map(drop) })
            })
            .collect();
        tokio::time::sleep(PATIENCE / 4).await;
        // A quarter of the way the places are free, and those who queued walk through them.
        drop(held);
        let (mut let_in, mut later) = (0, Vec::new());
        for one in came {
            match one.await.unwrap() {
                Ok(()) => let_in += 1,
                Err(Later::Crowd(seconds)) => later.push(seconds),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((let_in, later.len()), (QUEUE, 100));
        let moments: std::collections::BTreeSet<_> = later.iter().collect();
        assert!(moments.len() > 4 && later.iter().all(|seconds| (2..10).contains(seconds)), "{later:?}");
        assert!(limiter.enter(0, now).await.is_ok());
    }

    #[tokio::test]
    async fn first_loads_fill_their_own_room_and_never_that_of_small_exchanges() {
        let limiter = Limiter::<u32>::new();
        let page = 4 << 20;
        let mut pages = Vec::new();
        while let Ok(room) = limiter.room(page).await {
            pages.push(room);
        }
        assert_eq!(pages.len() * page, ROOM.1 << 10, "bounded, whoever asks");
        assert!(limiter.room(LIGHT).await.is_ok());
        assert!(limiter.room(256 << 10).await.is_ok(), "a small exchange is let in beside them");
        // A page that turned out smaller gives the rest to the next.
        pages[0].shrink(1 << 20);
        assert!(limiter.room(3 << 20).await.is_ok());
        assert!(matches!(limiter.room(page).await, Err(Later::Crowd(_))));
        pages.clear();
        assert!(limiter.room(page).await.is_ok());
    }

    #[test]
    fn many_strangers_do_not_fill_the_memory() {
        let (limiter, start) = (Limiter::new(), Instant::now());
        for who in 0..25_000_u32 {
            let now = start + Duration::from_millis(u64::from(who));
            let _own = limiter.own(who, now);
        }
        assert!(limiter.askers.lock().unwrap().len() <= ASKERS);
    }
}

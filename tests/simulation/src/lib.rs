//! One seed, one history: a county, its townships and a hub live through drawn work and drawn mishaps, then faults stop and
//! what replication promises must hold. No clock, no threads, no chance but the seed: the same seed gives the same trace.
//!
//! The cores, their encrypted files, the link's exchange and the hub's store and judgement are the real ones; the line is
//! memory, and the oracle is a model of its own. docs/reliability.md says what runs and what is still missing.

mod alone;
mod attack;
mod cards;
mod chance;
mod check;
pub mod defects;
mod disks;
mod dump;
mod exchange;
mod follow;
mod hub;
mod kit;
mod line;
mod locked;
mod mishaps;
mod moving;
mod older;
mod oracle;
mod pc;
mod people;
mod photos;
mod prune;
mod same;
mod steps;
mod sticks;
mod thieves;
mod world;

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use niangjia_replication::planted;
use world::World;
pub use world::{CARDS, WIDE};

/// How a history ended.
#[derive(Debug)]
pub struct Verdict {
    pub seed: u64,
    /// Of everything that happened; equal for equal seeds.
    pub digest: String,
    /// What does not hold; empty when all is well.
    pub broken: Vec<String>,
    /// What happened, line by line, where it was asked for.
    pub told: Vec<String>,
    /// Records and values that the oracle kept.
    pub kept: usize,
    /// Somebody was taken in twice, an enterprise went, or a card was reported lost on the way.
    pub transit: bool,
}

thread_local! {
    static PANICKED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A history that panics is told with the others; the panic's own words would stand in between.
pub fn quiet() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        PANICKED.with_borrow_mut(|kept| *kept = place);
    }));
}

/// Lives one history, perhaps with a planted defect.
#[must_use]
pub fn history(seed: u64, defect: Option<&'static str>, told: bool) -> Verdict {
    history_of(seed, defect, told, None)
}

/// Lives one history, and tells after each step who holds what was saved under these words: a value, a record's id, the
/// address of a photo.
#[must_use]
pub fn following(seed: u64, what: &str) -> Verdict {
    history_of(seed, None, true, Some(what))
}

fn history_of(seed: u64, defect: Option<&'static str>, told: bool, follow: Option<&str>) -> Verdict {
    planted::plant(defect);
    let lived = catch_unwind(AssertUnwindSafe(|| live(seed, told, follow)));
    planted::cut_at(None);
    planted::plant(None);
    lived.unwrap_or_else(|cause| {
        let said =
            cause.downcast_ref::<String>().cloned().or_else(|| cause.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        let place = PANICKED.with_borrow(Clone::clone);
        let broken = vec![format!("panic: {} {place}", said.unwrap_or_default())];
        Verdict { seed, digest: String::new(), broken, told: Vec::new(), kept: 0, transit: false }
    })
}

fn live(seed: u64, told: bool, follow: Option<&str>) -> Verdict {
    let mut world = World::begin(seed, told);
    world.trace.follow = follow.map(|what| (what.to_owned(), String::new()));
    for _ in 0..world.plan.steps {
        if !world.broken.is_empty() {
            break;
        }
        world.step();
        world.followed();
    }
    if world.broken.is_empty() {
        // Some offices get the present version before the faults stop, others after all that went on.
        let late = world.chance.percent(50);
        if !late {
            world.upgrade_all();
        }
        world.followed();
        world.by_stick_alone();
        world.followed();
        world.liveness();
        world.followed();
        world.upgrade_all();
        world.check();
        world.shut_out();
    }
    let digest = world.trace.digest();
    Verdict {
        seed,
        digest,
        broken: world.broken,
        told: world.trace.lines.unwrap_or_default(),
        kept: world.serial,
        transit: world.transit,
    }
}

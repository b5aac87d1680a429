//! kill -9 at any instant: of offices that save and exchange, and of the hub that they exchange with.

use std::path::Path;

use crate::{Chance, town::Town};

/// Kills after which a fresh county is founded: a day that never ends would test size, not kills.
const DAY: u64 = 100;

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Killed {
    /// Offices killed while they worked.
    pub offices: u64,
    /// Hubs killed while offices were exchanging.
    pub hubs: u64,
    /// Saves acknowledged.
    pub saves: u64,
    /// Exchanges that ended in step.
    pub exchanges: u64,
    /// The slowest start, in milliseconds.
    pub slowest: u64,
}

/// Kills offices `times` times, in counties of a hundred kills each.
///
/// # Panics
/// Where anything acknowledged is gone, or somebody does not come into step.
pub async fn kills(iron: &Path, times: u64, seed: u64) -> Killed {
    let mut all = Killed::default();
    for county in 0..times.div_ceil(DAY) {
        let one = county_of_kills(iron, DAY.min(times - county * DAY), seed + county).await;
        all.offices += one.offices;
        all.hubs += one.hubs;
        all.saves += one.saves;
        all.exchanges += one.exchanges;
        all.slowest = all.slowest.max(one.slowest);
    }
    all
}

async fn county_of_kills(iron: &Path, times: u64, seed: u64) -> Killed {
    let mut chance = Chance::of(seed);
    let mut town = Town::found(2).await;
    let mut desks = town.desks(iron);
    let mut killed = Killed::default();
    while killed.offices < times {
        town.hub.serve();
        for desk in &mut desks {
            desk.start(chance.below(u64::MAX));
        }
        std::thread::sleep(chance.millis(0, 160));
        // Alone, or with the hub, or all at once as when a fuse goes.
        let victims = [chance.percent(70), chance.percent(70), chance.percent(35)];
        if victims[2] {
            town.hub.kill();
            killed.hubs += 1;
        }
        for (desk, _) in desks.iter_mut().zip(victims).filter(|(_, killed)| *killed) {
            desk.kill(true);
            killed.offices += 1;
        }
        desks.iter_mut().for_each(crate::desk::Desk::listen);
    }
    for desk in &mut desks {
        desk.kill(true);
        killed.saves += desk.counts.0;
        killed.exchanges += desk.counts.1;
        killed.slowest = killed.slowest.max(desk.slowest);
    }
    // Half of the runs: what the log of a killed program holds is asked of the second file alone.
    if seed % 2 == 1 {
        town.hub.serve();
        town.tail_brings_back(0, &desks[0]).await;
    }
    town.agree(&desks).await;
    killed
}

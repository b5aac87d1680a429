//! The slice of the simulation that every test run lives: 300 histories in six parts, so that each core has its own, 200 of them
//! wide, and the same seed twice. `cargo xtask simulate` lives more, `cargo xtask defects` proves that the suite can fail.

use simulation::{WIDE, history};

fn slice(from: u64) {
    let broken: Vec<_> =
        (from..from + 50).map(|seed| history(seed, None, false)).filter(|v| !v.broken.is_empty()).collect();
    for verdict in &broken {
        println!("seed {}: {:#?}", verdict.seed, verdict.broken);
    }
    assert!(broken.is_empty(), "{} histories broke; tell one: cargo xtask simulate --tell SEED", broken.len());
}

#[test]
fn seeds_from_0() {
    slice(0);
}

#[test]
fn seeds_from_50() {
    slice(50);
}

#[test]
fn wide_seeds_from_0() {
    slice(WIDE);
}

#[test]
fn wide_seeds_from_50() {
    slice(WIDE + 50);
}

#[test]
fn wide_seeds_from_100() {
    slice(WIDE + 100);
}

#[test]
fn wide_seeds_from_150() {
    slice(WIDE + 150);
}

#[test]
fn the_same_seed_lives_the_same_history() {
    for seed in [300, 301, 302, WIDE + 300, WIDE + 301, WIDE + 302] {
        let (once, again) = (history(seed, None, true), history(seed, None, true));
        let differs = once.told.iter().zip(&again.told).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(once.digest, again.digest, "seed {seed}");
        assert!(!once.digest.is_empty() && once.told.len() > 20, "seed {seed} lived no history");
    }
}

/// A few defects of different kinds; all of them are planted by `cargo xtask defects`.
#[test]
fn planted_defects_are_noticed() {
    for defect in ["last write wins", "winner by arrival", "rebuild skips events", "the outbox is not counted"] {
        assert!(simulation::defects::caught(defect, 0, 60).is_some(), "{defect} was not noticed");
    }
}

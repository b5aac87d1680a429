//! `simulation run --seeds N --from S`, `simulation tell --seed S [--defect NAME]`, `simulation defects`: behind `cargo xtask`.

use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use simulation::{defects, history};

/// Histories are made of small allocations, SQLite's too; this takes a tenth of the time that the system's takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "usage: cargo xtask simulate [--seeds N] [--from S]        live N histories
       cargo xtask simulate --tell S [--defect NAME]     tell one history line by line
       cargo xtask defects [--within N] [--only WORDS]               plant each defect; all must be caught";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| words.iter().position(|w| w == name).and_then(|at| words.get(at + 1));
    let number = |name: &str, usual: u64| after(name).map_or(Some(usual), |n| n.parse().ok());
    let (Some(seeds), Some(from), Some(within)) =
        (number("--seeds", 300), number("--from", 0), number("--within", 300))
    else {
        eprintln!("{HELP}");
        return ExitCode::from(2);
    };
    simulation::quiet();
    match words.first().map(String::as_str) {
        Some("simulate") => match after("--tell").map(|seed| seed.parse()) {
            Some(Ok(seed)) => tell(seed, after("--defect")),
            None => simulate(from, seeds),
            Some(Err(_)) => ExitCode::from(2),
        },
        Some("defects") => plant(from, within, after("--only")),
        _ => {
            eprintln!("{HELP}");
            ExitCode::from(2)
        }
    }
}

/// Runs what is numbered from `from` on, one thread a core: a history itself knows no threads.
fn all(from: u64, count: u64, each: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(from);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= from + count {
                        return;
                    }
                    each(number);
                }
            });
        }
    });
}

fn simulate(from: u64, seeds: u64) -> ExitCode {
    let began = Instant::now();
    // Digest of all histories, whatever their order: the sum of the digests' first words.
    let sum = Mutex::new((0_u64, 0_u64, 0_u64));
    all(from, seeds, |seed| {
        let verdict = history(seed, None, false);
        let mut sum = sum.lock().expect("no panic");
        sum.0 = sum.0.wrapping_add(u64::from_str_radix(&verdict.digest, 16).unwrap_or(verdict.seed));
        sum.1 += verdict.kept as u64;
        if !verdict.broken.is_empty() {
            sum.2 += 1;
            println!("seed {} ({}) broken:", verdict.seed, verdict.digest);
            verdict.broken.iter().take(4).for_each(|what| println!("  {what}"));
        }
    });
    let (digest, kept, failed) = *sum.lock().expect("no panic");
    let took = began.elapsed().as_secs_f64();
    println!(
        "{seeds} seeds from {from}, {kept} values, {failed} broken, {:.1} seeds/s, traces {digest:016x}",
        seeds as f64 / took
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(seed: u64, defect: Option<&String>) -> ExitCode {
    let defect = defect.and_then(|name| defects::all().find(|known| known == name));
    let verdict = history(seed, defect, true);
    verdict.told.iter().for_each(|line| println!("{line}"));
    println!("digest {}", verdict.digest);
    verdict.broken.iter().for_each(|what| println!("broken: {what}"));
    if verdict.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn plant(from: u64, within: u64, only: Option<&String>) -> ExitCode {
    let wanted: Vec<&'static str> =
        defects::all().filter(|name| only.is_none_or(|only| name.contains(only.as_str()))).collect();
    let missed = AtomicU64::new(0);
    all(0, wanted.len() as u64, |at| {
        let Some(defect) = usize::try_from(at).ok().and_then(|at| wanted.get(at)) else { return };
        match defects::caught(defect, from, within) {
            Some((seeds, verdict)) => {
                let said: String = verdict.broken[0].lines().next().unwrap_or_default().chars().take(110).collect();
                println!("{defect:45} caught within {seeds:3} seeds: {said}");
            }
            None => {
                missed.fetch_add(1, Ordering::Relaxed);
                println!("{defect:45} NOT CAUGHT within {within} seeds");
            }
        }
    });
    let missed = missed.into_inner();
    println!("{} defects, {missed} not caught", wanted.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

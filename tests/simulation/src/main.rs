//! `simulation run --seeds N --from S`, `simulation tell --seed S [--defect NAME]`, `simulation defects`: behind `cargo xtask`.

use std::{
    ops::Range,
    process::{Command, ExitCode, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use simulation::{defects, following, history};

/// Histories are made of small allocations, SQLite's too; this takes a tenth of the time that the system's takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Histories that one process lives before the next one is begun.
const SHARE: u64 = 50;

const HELP: &str = "usage: cargo xtask simulate [--seeds N] [--from S]        live N histories
       cargo xtask simulate --tell S [--defect NAME]     tell one history line by line
       cargo xtask simulate --tell S --follow WORDS      and who holds a value, record, photo, `audit:OFFICE`
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
            Some(Ok(seed)) => tell(seed, after("--defect"), after("--follow")),
            None if words.iter().any(|word| word == "--here") => simulate(from..from + seeds),
            None => shared_out(from, seeds),
            Some(Err(_)) => ExitCode::from(2),
        },
        Some("defects") => plant(from, within, after("--only")),
        _ => {
            eprintln!("{HELP}");
            ExitCode::from(2)
        }
    }
}

/// Runs what is numbered from `from` on, as many at a time as there are cores.
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

/// What histories came to.
#[derive(Default)]
struct Sum {
    /// Of all traces, whatever their order: the sum of the digests' first words.
    traces: u64,
    kept: u64,
    broken: u64,
    transit: u64,
}

impl Sum {
    fn line(&self, seeds: u64, from: u64) -> String {
        let Self { traces, kept, broken, transit } = self;
        format!("{seeds} seeds from {from}, {kept} values, {broken} broken, traces {traces:016x}, {transit} in transit")
    }

    /// Reads such a line of another process, and adds it.
    fn add(&mut self, line: &str) -> Option<()> {
        let mut parts = line.split(", ").skip(1);
        let mut word = |at: usize| parts.next()?.split(' ').nth(at);
        let (kept, broken) = (word(0)?.parse::<u64>().ok()?, word(0)?.parse::<u64>().ok()?);
        self.traces = self.traces.wrapping_add(u64::from_str_radix(word(1)?, 16).ok()?);
        (self.kept, self.broken) = (self.kept + kept, self.broken + broken);
        self.transit += word(0)?.parse::<u64>().ok()?;
        Some(())
    }
}

/// Lives histories in processes of their own, one a core: threads of one process get in each other's way in the database's library.
fn shared_out(from: u64, seeds: u64) -> ExitCode {
    let began = Instant::now();
    let sum = Mutex::new(Sum::default());
    let me = std::env::current_exe().expect("this program has a name");
    let lost = AtomicU64::new(0);
    all(0, seeds.div_ceil(SHARE), |share| {
        let begin = from + share * SHARE;
        let count = SHARE.min(from + seeds - begin);
        let (begin, count) = (begin.to_string(), count.to_string());
        let words = ["simulate", "--here", "--from", &begin, "--seeds", &count];
        let said = Command::new(&me).args(words).stderr(Stdio::inherit()).output().expect("a process begins");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let (told, last) = said.trim_end().rsplit_once('\n').unwrap_or(("", said.trim_end()));
        let mut sum = sum.lock().expect("no panic");
        if sum.add(last).is_none() {
            // Ended in the middle: what it said is all that is known.
            lost.fetch_add(1, Ordering::Relaxed);
            println!("{said}the process of {count} seeds from {begin} did not come to its end");
        } else if !told.is_empty() {
            println!("{told}");
        }
    });
    let sum = sum.into_inner().expect("no panic");
    println!("{}, {:.1} seeds/s", sum.line(seeds, from), seeds as f64 / began.elapsed().as_secs_f64());
    if sum.broken + lost.into_inner() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lives histories one after the other.
fn simulate(seeds: Range<u64>) -> ExitCode {
    let mut sum = Sum::default();
    for seed in seeds.clone() {
        let verdict = history(seed, None, false);
        sum.traces = sum.traces.wrapping_add(u64::from_str_radix(&verdict.digest, 16).unwrap_or(verdict.seed));
        sum.kept += verdict.kept as u64;
        sum.transit += u64::from(verdict.transit);
        if !verdict.broken.is_empty() {
            sum.broken += 1;
            println!("seed {} ({}) broken:", verdict.seed, verdict.digest);
            verdict.broken.iter().take(4).for_each(|what| println!("  {what}"));
        }
    }
    println!("{}", sum.line(seeds.end - seeds.start, seeds.start));
    if sum.broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(seed: u64, defect: Option<&String>, follow: Option<&String>) -> ExitCode {
    let defect = defect.and_then(|name| defects::all().find(|known| known == name));
    let verdict = follow.map_or_else(|| history(seed, defect, true), |what| following(seed, what));
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

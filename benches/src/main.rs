//! The bench: what the office does all day, each figure beside its floor from the same run.
//!
//! Everything is CPU time of the thread, the process or a window with all its processes, in milliseconds, median of several rounds in which floor and
//! product take turns; a busy PC then disturbs both alike. A bar is a ratio to the floor, never a time.

mod cards;
mod dump;
mod duplicates;
mod floor;
mod gauge;
mod import;
mod narrow;
mod office;
mod people;
mod pull;
mod queries;
mod rebuild;
mod search;
mod start;
mod step;
mod stick;
mod unlock;
mod wire;

use clap::Parser;
use gauge::{Line, Trouble};

/// Measures the office against its floors.
#[derive(Parser)]
struct Ask {
    /// Only works whose name holds this: search, import, rebuild, pull, push, edits, disk, checkpoint, memory,
    /// linear, unlock, cards, start.
    #[arg(default_value = "")]
    only: String,
    /// Members in the store that is searched and unlocked.
    #[arg(long, default_value_t = 200_000)]
    store: usize,
    /// Members on the roster that is imported, rebuilt and pulled.
    #[arg(long, default_value_t = 100_000)]
    roster: usize,
    /// Rounds of each work.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Start too: the desk and the bare window are built beside this program, and there is a display for them.
    #[arg(long)]
    windows: bool,
}

type Work = (&'static str, fn(&Ask) -> Result<Vec<Line>, Trouble>);

const WORKS: [Work; 15] = [
    ("search", |ask| search::run(ask.store, ask.rounds)),
    ("import", |ask| import::run(ask.roster, ask.rounds)),
    ("rebuild", |ask| rebuild::run(ask.roster, ask.rounds)),
    ("pull", |ask| pull::run(ask.roster, ask.rounds)),
    ("stick", |ask| stick::run(ask.roster, ask.rounds)),
    ("push", |ask| step::push(ask.roster, ask.rounds)),
    ("edits", |ask| step::edits(ask.roster)),
    ("disk", |ask| step::disk(ask.roster)),
    ("checkpoint", |ask| step::checkpoint(ask.roster)),
    ("memory", |ask| step::memory(ask.roster)),
    ("linear", |ask| rebuild::linear(ask.roster)),
    ("unlock", |ask| unlock::run(ask.store, ask.rounds)),
    ("duplicates", |ask| duplicates::run(ask.rounds)),
    ("cards", |ask| cards::run(ask.rounds)),
    ("start", |ask| start::run(ask.store, ask.rounds)),
];

fn main() -> Result<(), Trouble> {
    let ask = Ask::parse();
    let mut lines = Vec::new();
    let wanted = |name: &str| name.contains(&ask.only) && (ask.windows || name != "start");
    for (name, run) in WORKS.iter().filter(|(name, _)| wanted(name)) {
        eprintln!("{name} …");
        lines.extend(run(&ask)?);
    }
    gauge::print(&lines);
    Ok(())
}

//! Rebuild: all tables dropped and made again from the log.

use crate::{
    floor::Copied,
    gauge::{self, Line, Trouble},
    import,
    office::{Desk, said},
    people,
};

const FLOOR: &str = "the INSERT floor: the same rows and indices by prepared INSERTs";

/// Measures rebuilds of one office.
pub fn run(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    let dir = tempfile::tempdir()?;
    let rosters = people::rosters(dir.path(), count)?;
    let desk = Desk::found()?;
    desk.import_all(&rosters)?;
    let copied = Copied::from(&desk.path(), &desk.key)?;
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (time, changes) = gauge::process(|| desk.office.rebuild().map_err(said))?;
        if changes < count as u64 {
            return Err(format!("only {changes} changes were replayed").into());
        }
        ours.push(time);
        floors.push(import::insert(&copied, dir.path(), &desk)?);
    }
    let work = format!("rebuild the tables of {count} members from the log");
    Ok(vec![Line::ratio(work, FLOOR, gauge::median(&mut ours), gauge::median(&mut floors), 2.0)])
}

/// Rebuilds of one size and of three times as much: the cost of one member must not grow with their number.
pub fn linear(count: usize) -> Result<Vec<Line>, Trouble> {
    let (one, three) = (run(count, 1)?, run(3 * count, 1)?);
    let (Some(one), Some(three)) = (one.into_iter().next(), three.into_iter().next()) else { return Ok(Vec::new()) };
    let work = format!("rebuild of {} members, a third of it, beside that of {count}", 3 * count);
    let grown = Line::ratio(work, "a rebuild of a third of the members", three.ours / 3.0, one.ours, 1.15);
    Ok(vec![three, grown])
}

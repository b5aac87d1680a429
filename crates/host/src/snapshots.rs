//! Snapshots on this PC: where they lie, what they are called, which of them go (rule R5 of the reliability reference).

use std::path::{Path, PathBuf};

use niangjia_core::Fault;
use schemars::JsonSchema;
use serde::Serialize;

/// Snapshots kept.
const KEPT: usize = 10;
/// The newest ones, which stay whatever day they are of.
const NEWEST: usize = 4;
/// China has one time, eight hours before that of Greenwich.
const EAST_8: i64 = 8 * 3_600_000;

/// One snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SnapshotLine {
    /// Name of its file: year, month, day, hour and minute of UTC+8, as in `20261121-1402.db`.
    pub name: String,
    /// When it was made, milliseconds since 1970.
    pub at: i64,
    /// Size.
    pub bytes: u64,
    /// When a copy of it was opened and found the same as its log, milliseconds since 1970.
    pub tested: Option<i64>,
}

/// Snapshots, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SnapshotsAnswer {
    /// The snapshots.
    pub snapshots: Vec<SnapshotLine>,
}

pub(crate) fn folder(dir: &Path) -> PathBuf {
    dir.join("snapshots")
}

/// The snapshots of a data folder, newest first.
pub(crate) fn list(dir: &Path) -> Result<Vec<SnapshotLine>, Fault> {
    let entries = match std::fs::read_dir(folder(dir)) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut lines = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(ToOwned::to_owned) else { continue };
        let Some(at) = time_of(&name) else { continue };
        lines.push(SnapshotLine { bytes: entry.metadata()?.len(), name, at, tested: None });
    }
    // Of two in one minute the one with the higher number is the later one.
    lines.sort_by_key(|line| std::cmp::Reverse((line.at, turn(&line.name))));
    Ok(lines)
}

/// The name of a snapshot made now: `-2`, `-3` … where the minute has one already.
pub(crate) fn name(wall: i64, taken: &[SnapshotLine]) -> String {
    let base = stamp(wall);
    let last = taken.iter().filter(|line| line.name.starts_with(&base)).map(|line| turn(&line.name)).max();
    last.map_or_else(|| format!("{base}.db"), |last| format!("{base}-{}.db", last + 1))
}

/// Year, month, day, hour and minute of UTC+8.
pub(crate) fn stamp(wall: i64) -> String {
    chrono::DateTime::from_timestamp_millis(wall.saturating_add(EAST_8))
        .map_or_else(|| "19700101-0800".into(), |t| t.format("%Y%m%d-%H%M").to_string())
}

fn time_of(name: &str) -> Option<i64> {
    let stem = name.strip_suffix(".db")?;
    let (minute, turn) = (stem.get(..13)?, stem.get(13..)?);
    if !turn.is_empty() && turn.strip_prefix('-')?.parse::<u32>().is_err() {
        return None;
    }
    let time = chrono::NaiveDateTime::parse_from_str(minute, "%Y%m%d-%H%M").ok()?;
    Some(time.and_utc().timestamp_millis() - EAST_8)
}

fn turn(name: &str) -> u32 {
    name.get(13..).and_then(|rest| rest.strip_suffix(".db")?.strip_prefix('-')?.parse().ok()).unwrap_or(1)
}

/// Which go, of a list newest first. A busy morning must not push out last week: of the older ones the last of each day
/// stays first.
fn surplus(lines: &[SnapshotLine]) -> Vec<&SnapshotLine> {
    let mut kept: Vec<&SnapshotLine> = lines.iter().collect();
    let mut going = Vec::new();
    while kept.len() > KEPT {
        let day = |line: &SnapshotLine| (line.at + EAST_8).div_euclid(86_400_000);
        let crowded = (NEWEST..kept.len()).rev().find(|&at| day(kept[at]) == day(kept[at - 1]));
        going.push(kept.remove(crowded.unwrap_or(kept.len() - 1)));
    }
    going
}

/// Removes what is more than ten, and what an earlier run left unfinished.
pub(crate) fn prune(dir: &Path) -> Result<(), Fault> {
    for line in surplus(&list(dir)?) {
        std::fs::remove_file(folder(dir).join(&line.name))?;
    }
    for entry in std::fs::read_dir(folder(dir))?.flatten() {
        let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
        let unfinished = entry.path().extension().is_some_and(|e| e == "part");
        // A younger one may be another program's, still under way.
        if unfinished && age.is_some_and(|age| age.as_secs() > 3600) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 14:02 of UTC+8.
    const WALL: i64 = 1_795_240_979_000;

    fn line(at: i64) -> SnapshotLine {
        SnapshotLine { name: name(at, &[]), at: at - at.rem_euclid(60_000), bytes: 1, tested: None }
    }

    #[test]
    fn a_name_is_the_time_of_the_office() {
        assert_eq!(name(WALL, &[]), "20261121-1402.db");
        assert_eq!(time_of("20261121-1402.db"), Some(WALL - WALL.rem_euclid(60_000)));
        assert_eq!(name(WALL, &[line(WALL)]), "20261121-1402-2.db");
        assert_eq!(turn("20261121-1402-12.db"), 12);
        for other in ["20261121-1402.db.part", "20261121-1402x.db", "office.db", "20261399-1402.db", "二〇二六.db"]
        {
            assert_eq!(time_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_busy_morning_does_not_push_out_last_week() {
        let hour = 3_600_000;
        // Six days with one each, then twenty minutes with one a minute.
        let mut lines: Vec<_> = (0..20).map(|minute| line(WALL + 24 * hour + (20 - minute) * 60_000)).collect();
        lines.extend((0..6).map(|day| line(WALL - day * 24 * hour)));
        let going = surplus(&lines);
        assert_eq!(going.len(), 16);
        assert!(going.iter().all(|line| line.at > WALL), "only of the crowded morning");
        assert!(!going.iter().any(|gone| lines[..NEWEST].contains(gone)), "the newest stay");
    }

    #[test]
    fn where_every_day_has_one_the_oldest_goes() {
        let lines: Vec<_> = (0..12).map(|day| line(WALL - day * 86_400_000)).collect();
        let going: Vec<_> = surplus(&lines).into_iter().cloned().collect();
        assert_eq!(going, [lines[11].clone(), lines[10].clone()]);
    }
}

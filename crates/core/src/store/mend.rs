//! Segments that the log lost, or whose bytes the disk changed: the same segment, by whatever road it comes, takes its old place
//! again, and the tables are made anew.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::fault::Fault;

/// Where a segment stood that the log lost: its number in the order of the log, and whether this PC wrote it. `None` where nothing
/// that is held follows it. Of several in a row the last one comes first, so each is known by the one that follows it.
pub(super) fn old_place(
    conn: &Connection,
    (stream, chain, seq): (i64, i64, i64),
    hash: &[u8; 32],
) -> Result<Option<(i64, bool)>, Fault> {
    let (next, mine): (Option<i64>, Option<bool>) = conn
        .prepare_cached(
            "SELECT min(no), max(mine) FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 + 1 AND prev = ?4",
        )?
        .query_row(params![stream, chain, seq, hash], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let Some(next) = next else { return Ok(None) };
    let before: i64 = conn
        .prepare_cached(
            "SELECT coalesce(max(no), 0) FROM segment WHERE stream = ?1 AND chain = ?2 AND seq < ?3 AND no < ?4",
        )?
        .query_row(params![stream, chain, seq, next], |r| r.get(0))?;
    // The log is replayed in the order of its numbers, and what follows a segment counts its changes as known.
    let free: Option<i64> = conn
        .prepare_cached(
            "SELECT at + 1 FROM (SELECT ?1 AS at UNION ALL SELECT no FROM segment WHERE no > ?1 AND no < ?2) WHERE at + 1 < ?2
             AND NOT EXISTS (SELECT 1 FROM segment WHERE no = at + 1) ORDER BY at DESC LIMIT 1",
        )?
        .query_row([before, next], |r| r.get(0))
        .optional()?;
    let free = match free {
        Some(free) => free,
        None => {
            // Its number went to another segment: everything from the next one on moves up.
            conn.execute("UPDATE segment SET no = -no - 1 WHERE no >= ?1", [next])?;
            conn.execute("UPDATE segment SET no = -no WHERE no < 0", [])?;
            next
        }
    };
    Ok(Some((free, mine.unwrap_or(false))))
}

/// A segment of which the log has a row: put right where its bytes were changed. Returns whether they were.
pub(super) fn again(
    conn: &Connection,
    (stream, chain, seq): (i64, i64, i64),
    hash: &[u8; 32],
    bytes: &[u8],
) -> Result<bool, Fault> {
    let mended = conn
        .prepare_cached(
            "UPDATE segment SET bytes = ?5 WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash = ?4 AND bytes <> ?5",
        )?
        .execute(params![stream, chain, seq, hash, bytes])?;
    Ok(mended > 0)
}

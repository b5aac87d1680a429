//! The base of a log that does not go back to the first day: the checkpoint that stands for what is not here. Of each chain
//! that it covers the head is known, and a few bytes of every segment before it.

use niangjia_replication::checkpoint::TAG;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::fault::Fault;

/// Where a segment stands to the base of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Below {
    /// Not below it: the log's own business.
    Above,
    /// Its changes are in the checkpoint.
    Covered,
    /// Below it, and not one of those that the checkpoint stands for: another branch.
    Beside,
}

/// A chain of a base.
pub(super) struct Row {
    pub(super) chain: i64,
    pub(super) seq: i64,
    pub(super) hash: [u8; 32],
    /// The whole log is wanted: the checkpoint stands for segments only until they have come.
    pub(super) aside: bool,
}

/// The chains of a stream's base; none where the log is whole.
pub(super) fn rows(conn: &Connection, stream: i64) -> Result<Vec<Row>, Fault> {
    let mut statement = conn.prepare_cached("SELECT chain, seq, hash, aside FROM base WHERE stream = ?1")?;
    let rows = statement
        .query_map([stream], |r| Ok(Row { chain: r.get(0)?, seq: r.get(1)?, hash: r.get(2)?, aside: r.get(3)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where a segment stands.
pub(super) fn place(conn: &Connection, stream: i64, chain: i64, seq: i64, hash: &[u8; 32]) -> Result<Below, Fault> {
    let found: Option<(i64, Vec<u8>)> = conn
        .prepare_cached("SELECT seq, tags FROM base WHERE stream = ?1 AND chain = ?2")?
        .query_row([stream, chain], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let Some((top, tags)) = found.filter(|(top, _)| seq <= *top && seq > 0) else { return Ok(Below::Above) };
    let at = usize::try_from((seq - 1).min(top)).unwrap_or(usize::MAX).saturating_mul(TAG);
    Ok(if tags.get(at..at.saturating_add(TAG)) == Some(&hash[..TAG]) { Below::Covered } else { Below::Beside })
}

/// Whether the whole log of the stream is wanted.
pub(super) fn aside(conn: &Connection, stream: i64) -> Result<bool, Fault> {
    Ok(conn.prepare_cached("SELECT 1 FROM base WHERE stream = ?1 AND aside = 1")?.exists([stream])?)
}

/// A fork was found below the checkpoint, or an order shuts out what is in it: neither can be looked into without the segments,
/// so all of them are asked for.
pub(super) fn lay_aside(conn: &Connection, stream: i64) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE base SET aside = 1 WHERE stream = ?1")?.execute([stream])?;
    Ok(())
}

/// Lets go of a base whose every segment has come. Returns whether it did.
pub(super) fn let_go(conn: &Connection, stream: i64) -> Result<bool, Fault> {
    let lacking = conn
        .prepare_cached(
            "SELECT 1 FROM base b WHERE b.stream = ?1 AND b.seq > (
               SELECT count(*) FROM segment s WHERE s.stream = b.stream AND s.chain = b.chain AND s.seq <= b.seq)",
        )?
        .exists([stream])?;
    if lacking || !aside(conn, stream)? {
        return Ok(false);
    }
    // The log is replayed in the order of its numbers, and a chain in its own: what came while the checkpoint stood for its
    // causes goes behind them.
    conn.prepare_cached(
        "UPDATE segment SET no = no + (SELECT max(no) FROM segment) WHERE stream = ?1 AND NOT EXISTS (
           SELECT 1 FROM base b WHERE b.stream = segment.stream AND b.chain = segment.chain AND b.seq >= segment.seq)",
    )?
    .execute([stream])?;
    conn.prepare_cached("DELETE FROM base_count WHERE stream = ?1")?.execute([stream])?;
    conn.prepare_cached(
        "DELETE FROM checkpoint_part WHERE mine = 0 AND id IN (SELECT checkpoint FROM base WHERE stream = ?1)",
    )?
    .execute([stream])?;
    conn.prepare_cached("DELETE FROM base WHERE stream = ?1")?.execute([stream])?;
    Ok(true)
}

/// The last number in an unbroken row from 1, with its hash: all that counts as held while the whole log is wanted.
pub(super) fn unbroken(conn: &Connection, stream: i64, chain: i64) -> Result<Option<(i64, [u8; 32])>, Fault> {
    Ok(conn
        .prepare_cached(
            "SELECT s.seq, s.hash FROM segment s WHERE s.stream = ?1 AND s.chain = ?2
             AND EXISTS (SELECT 1 FROM segment f WHERE f.stream = s.stream AND f.chain = s.chain AND f.seq = 1)
             AND NOT EXISTS (SELECT 1 FROM segment n WHERE n.stream = s.stream AND n.chain = s.chain AND n.seq = s.seq + 1)
             ORDER BY s.seq LIMIT 1",
        )?
        .query_row(params![stream, chain], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?)
}

//! The base of a log that does not go back to the first day: the checkpoint that stands for what is not here. Of each chain
//! that it covers the head is known, and a few bytes of every segment before it.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{Head, checkpoint::TAG, keys::CertId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{checkpoint, memory::Memory, receipts::Counters, waiting};
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
    pub(super) signer: [u8; 32],
    /// The whole log is wanted: the checkpoint stands for segments only until they have come.
    pub(super) aside: bool,
}

/// The chains of a stream's base; none where the log is whole.
pub(super) fn rows(conn: &Connection, stream: i64) -> Result<Vec<Row>, Fault> {
    let mut statement = conn.prepare_cached("SELECT chain, seq, hash, signer, aside FROM base WHERE stream = ?1")?;
    let rows = statement.query_map([stream], |r| {
        Ok(Row { chain: r.get(0)?, seq: r.get(1)?, hash: r.get(2)?, signer: r.get(3)?, aside: r.get(4)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where the checkpoints end on which logs stand: stream, chain, head, and who signed it.
pub(crate) fn standing(conn: &Connection) -> Result<Vec<(i64, i64, Head, CertId)>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT stream, chain, seq, hash, signer FROM base ORDER BY stream, chain")?;
    let rows = statement.query_map([], |r| {
        let head = Head { seq: r.get::<_, i64>(2)?.unsigned_abs(), hash: r.get(3)? };
        Ok((r.get(0)?, r.get(1)?, head, CertId(r.get(4)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether the log holds every segment of a chain that is not forked, after one number up to another.
pub(super) fn holds_between(conn: &Connection, stream: i64, chain: i64, after: i64, upto: i64) -> Result<bool, Fault> {
    let held: i64 = conn
        .prepare_cached("SELECT count(*) FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3 AND seq <= ?4")?
        .query_row([stream, chain, after, upto], |r| r.get(0))?;
    Ok(held == upto - after)
}

/// Whether a checkpoint stands for the same branch of a chain, by what it says of each segment, as the one that the log stands on: as
/// far as both go.
pub(super) fn agrees(conn: &Connection, stream: i64, chain: i64, tags: &[u8]) -> Result<bool, Fault> {
    let known: Option<Vec<u8>> = conn
        .prepare_cached("SELECT tags FROM base WHERE stream = ?1 AND chain = ?2")?
        .query_row([stream, chain], |r| r.get(0))
        .optional()?;
    Ok(known.is_none_or(|known| known.iter().zip(tags).all(|(one, other)| one == other)))
}

/// Up to which counter of an incarnation the base counts what came on its own chain; 0 where the log is whole.
pub(super) fn count(conn: &Connection, stream: i64, inc: i64) -> Result<i64, Fault> {
    Ok(conn
        .prepare_cached("SELECT ctr FROM base_count WHERE stream = ?1 AND inc = ?2")?
        .query_row([stream, inc], |r| r.get(0))
        .optional()?
        .unwrap_or(0))
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
    Ok(conn.prepare_cached("SELECT 1 FROM base WHERE stream = ?1 AND aside <> 0")?.exists([stream])?)
}

/// Whether it is wanted for this reason.
pub(super) fn aside_for(conn: &Connection, stream: i64, why: Aside) -> Result<bool, Fault> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM base WHERE stream = ?1 AND aside = ?2")?
        .exists(params![stream, why as i64])?)
}

/// Why a log no longer leans on its checkpoint.
#[derive(Clone, Copy)]
pub(crate) enum Aside {
    /// A fork was found below it, or a number that means two changes.
    Log = 1,
    /// An order shuts out what is in it, or its maker; a later order may accept that.
    Order = 2,
}

/// Neither can be looked into without the segments, so all of them are asked for. What only the log can tell goes on being asked,
/// whatever orders say.
pub(super) fn lay_aside(conn: &Connection, stream: i64, why: Aside) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE base SET aside = CASE aside WHEN 0 THEN ?2 ELSE min(aside, ?2) END WHERE stream = ?1")?
        .execute([stream, why as i64])?;
    Ok(())
}

/// No order shuts out any more what the checkpoint stands for: it is stood on again, unless the log is wanted for another reason.
pub(super) fn take_up(conn: &Connection, stream: i64) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE base SET aside = 0 WHERE stream = ?1 AND aside = ?2")?
        .execute([stream, Aside::Order as i64])?;
    Ok(())
}

/// Lets go of a base whose every segment has come; of a chain of which an order accepts less, as far as that (`accepted`: the last
/// number, by chain), for nobody who has heard of the order holds more. Returns whether it did.
pub(super) fn let_go(conn: &Connection, stream: i64, accepted: &BTreeMap<i64, i64>) -> Result<bool, Fault> {
    let (bases, mut short) = (rows(conn, stream)?, Vec::new());
    for row in &bases {
        if whole_below(conn, stream, row)? {
            continue;
        }
        let here = unbroken(conn, stream, row.chain)?.map_or(0, |(seq, _)| seq);
        match accepted.get(&row.chain) {
            Some(last) if here >= *last => short.push((row.chain, here)),
            _ => return Ok(false),
        }
    }
    if bases.is_empty() {
        return Ok(false);
    }
    in_turn(conn, stream)?;
    conn.prepare_cached("DELETE FROM base_count WHERE stream = ?1")?.execute([stream])?;
    conn.prepare_cached(
        "DELETE FROM checkpoint_part WHERE mine = 0 AND id IN (SELECT checkpoint FROM base WHERE stream = ?1)",
    )?
    .execute([stream])?;
    conn.prepare_cached("DELETE FROM base WHERE stream = ?1")?.execute([stream])?;
    checkpoint::forget_what_was_said_again(conn, stream)?;
    for (chain, here) in short {
        waiting::behind(conn, stream, chain, here)?;
    }
    Ok(true)
}

/// Whether every segment of a chain is here from where its base ends down to the first one.
fn whole_below(conn: &Connection, stream: i64, row: &Row) -> Result<bool, Fault> {
    let count: i64 = conn
        .prepare_cached("SELECT count(*) FROM segment WHERE stream = ?1 AND chain = ?2 AND seq <= ?3")?
        .query_row([stream, row.chain, row.seq], |r| r.get(0))?;
    if count < row.seq {
        return Ok(false);
    }
    // A number may also be that of another branch.
    let held: i64 = conn
        .prepare_cached(
            "WITH RECURSIVE line (seq, prev) AS (
               SELECT seq, prev FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash = ?4
               UNION ALL SELECT s.seq, s.prev FROM line JOIN segment s
                 ON s.stream = ?1 AND s.chain = ?2 AND s.seq = line.seq - 1 AND s.hash = line.prev)
             SELECT count(*) FROM line",
        )?
        .query_row(params![stream, row.chain, row.seq, row.hash], |r| r.get(0))?;
    Ok(held == row.seq)
}

/// The log is replayed in the order of its numbers, and a chain in its own: what lay below a base came in any order, and what came
/// while the checkpoint stood for its causes goes behind them. Chains stay as they came among each other, so that few changes
/// wait for their causes.
pub(super) fn in_turn(conn: &Connection, stream: i64) -> Result<(), Fault> {
    let mut all = conn.prepare(
        "SELECT s.no, s.chain, s.seq, b.seq IS NULL FROM segment s
         LEFT JOIN base b ON b.stream = s.stream AND b.chain = s.chain AND b.seq >= s.seq WHERE s.stream = ?1 ORDER BY 4, s.no",
    )?;
    let all: Vec<(i64, i64, i64)> =
        all.query_map([stream], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect::<Result<_, _>>()?;
    let mut chains: BTreeMap<i64, BTreeSet<(i64, i64)>> = BTreeMap::new();
    for (no, chain, seq) in &all {
        chains.entry(*chain).or_default().insert((*seq, *no));
    }
    let last: i64 = conn.query_row("SELECT max(no) FROM segment", [], |r| r.get(0))?;
    let mut put = conn.prepare("UPDATE segment SET no = ?2 WHERE no = ?1")?;
    for ((_, chain, _), next) in all.iter().zip(last + 1..) {
        // Where any segment of the chain stood, the next one in its order stands.
        if let Some((_, no)) = chains.get_mut(chain).and_then(BTreeSet::pop_first) {
            put.execute([no, next])?;
        }
    }
    Ok(())
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

/// Up to which counters the registrar knows a stream's changes from a checkpoint only, for its next receipt; and whether its last one
/// said otherwise.
pub(super) fn kept_below(conn: &Connection, memory: &Memory, stream: i64) -> Result<(Counters, bool), Fault> {
    let mut counts = conn.prepare_cached("SELECT inc, ctr FROM base_count WHERE stream = ?1 ORDER BY inc")?;
    let mut rows = counts.query([stream])?;
    let mut below = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (inc, ctr): (i64, i64) = (row.get(0)?, row.get(1)?);
        // What other chains carried beyond that may stand in the checkpoint too.
        below.insert(inc, memory.carried_beyond(stream, inc).last().unwrap_or(ctr));
    }
    let mut said = conn.prepare_cached("SELECT inc, below FROM kept WHERE stream = ?1")?;
    let mut rows = said.query([stream])?;
    let mut otherwise = false;
    while let Some(row) = rows.next()? {
        otherwise |= below.get(&row.get(0)?).copied().unwrap_or(0) != row.get::<_, i64>(1)?;
    }
    let below = below.into_iter().map(|(inc, ctr)| Ok((memory.ident(inc)?, ctr))).collect::<Result<_, Fault>>()?;
    Ok((below, otherwise))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_branch_is_told_by_what_both_say_of_the_same_segments() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE base (stream INTEGER, chain INTEGER, tags BLOB)").unwrap();
        let tags = |segments: &[u8]| segments.iter().flat_map(|segment| [*segment; TAG]).collect::<Vec<u8>>();
        conn.execute("INSERT INTO base VALUES (1, 7, ?1)", [tags(&[1, 2, 3])]).unwrap();
        let agrees = |chain, segments: &[u8]| agrees(&conn, 1, chain, &tags(segments)).unwrap();
        assert!(agrees(7, &[1, 2, 3, 4]) && agrees(7, &[1, 2]) && agrees(7, &[]), "as far as both go");
        assert!(!agrees(7, &[1, 2, 4, 5]) && !agrees(7, &[2]));
        assert!(agrees(8, &[9]), "of a chain that is not below");
    }
}

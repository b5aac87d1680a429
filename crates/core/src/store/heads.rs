//! Heads: what is held of a stream's chains, and what another side lacks of them.

use std::collections::HashMap;

use niangjia_replication::{
    Frontier, Head, planted,
    wire::{Lacks, lacks},
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{base, forks, memory::Memory, versions::damaged};
use crate::fault::Fault;

/// The heads of a stream's chains.
pub(crate) fn frontier(conn: &Connection, memory: &Memory, stream: i64) -> Result<Frontier, Fault> {
    let mut frontier = Frontier::new();
    // A head is a segment that no held segment names as its predecessor; without a fork that is the last of its chain.
    let mut statement = conn.prepare_cached(
        "SELECT chain, max(seq), hash FROM segment WHERE stream = ?1 GROUP BY chain
         UNION
         SELECT s.chain, s.seq, s.hash FROM fork f JOIN segment s ON s.stream = f.stream AND s.chain = f.chain
         WHERE f.stream = ?1 AND NOT EXISTS (SELECT 1 FROM segment n WHERE n.stream = s.stream AND n.chain = s.chain AND n.seq = s.seq + 1 AND n.prev = s.hash)",
    )?;
    let rows =
        statement.query_map([stream], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, [u8; 32]>(2)?)))?;
    let base: HashMap<i64, base::Row> = base::rows(conn, stream)?.into_iter().map(|row| (row.chain, row)).collect();
    let mut held = Vec::new();
    for row in rows {
        let (chain, seq, hash) = row?;
        let ends = base.get(&chain).map(|row| row.seq);
        // What follows it may not be here: where a checkpoint stands for that, it is no head.
        if ends.is_some_and(|ends| seq < ends) && base::place(conn, stream, chain, seq, &hash)? == base::Below::Covered
        {
            continue;
        }
        held.push((chain, seq, hash));
    }
    for row in base.values() {
        let above = held.iter().any(|(chain, seq, _)| *chain == row.chain && *seq >= row.seq);
        if row.aside || !above {
            held.retain(|(chain, _, _)| *chain != row.chain);
            let known = if row.aside { base::unbroken(conn, stream, row.chain)? } else { Some((row.seq, row.hash)) };
            held.extend(known.map(|(seq, hash)| (row.chain, seq, hash)));
        }
    }
    for (chain, seq, hash) in held {
        frontier.add(memory.incarnation(chain)?, Head { seq: u64::try_from(seq).map_err(damaged)?, hash });
    }
    Ok(frontier)
}

/// Segments that the other side lacks, oldest first in each chain, up to `max_bytes` but at least one.
pub(crate) fn missing(
    conn: &Connection,
    memory: &Memory,
    stream: i64,
    theirs: &Frontier,
    max_bytes: usize,
) -> Result<Vec<Vec<u8>>, Fault> {
    let (mut out, mut bytes) = (Vec::new(), 0);
    for (chain, after) in lacking(conn, memory, stream, theirs)? {
        let mut statement = conn.prepare_cached(
            "SELECT bytes, seq FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3 ORDER BY seq, no",
        )?;
        let mut rows = statement.query(params![stream, chain, after])?;
        let mut last = after;
        while let Some(row) = rows.next()? {
            let (segment, seq): (Vec<u8>, i64) = (row.get(0)?, row.get(1)?);
            // Behind a hole that a checkpoint stands for nothing would be taken.
            if seq > last + 1 {
                break;
            }
            last = seq;
            if !out.is_empty() && bytes + segment.len() > max_bytes {
                return Ok(out);
            }
            bytes += segment.len();
            out.push(segment);
        }
    }
    Ok(out)
}

/// Chains of which the other side lacks something, and the number after which.
pub(super) fn lacking(
    conn: &Connection,
    memory: &Memory,
    stream: i64,
    theirs: &Frontier,
) -> Result<Vec<(i64, i64)>, Fault> {
    let mine = frontier(conn, memory, stream)?;
    let mut out = Vec::new();
    for (chain, heads) in mine.chains() {
        if planted!("only one's own is offered") && chain.0 != memory.ident(memory.own)? {
            continue;
        }
        let number = memory.known_number(chain.0).ok_or_else(|| damaged("chain"))?;
        let after = match lacks(heads, theirs.heads(chain), true, |head| holds(conn, stream, number, head))? {
            Lacks::Nothing => continue,
            Lacks::After(seq) => i64::try_from(seq).map_err(damaged)?,
            // The whole chain is offered, as far as it is here, and the other side keeps what is new.
            Lacks::Beside(_) => begins(conn, stream, number)?,
        };
        // What a checkpoint stands for here has to come from somebody who holds it.
        if !continues(conn, stream, number, after)? {
            continue;
        }
        out.push((number, after));
    }
    // What this PC carries on from its earlier incarnations comes behind what those brought themselves.
    out.sort_by_key(|(chain, _)| *chain == memory.own);
    Ok(out)
}

/// The number behind which a chain is here without a hole: 0, or where the checkpoint ends that stands for the rest.
fn begins(conn: &Connection, stream: i64, chain: i64) -> Result<i64, Fault> {
    let ends: Option<i64> = conn
        .prepare_cached("SELECT seq FROM base WHERE stream = ?1 AND chain = ?2")?
        .query_row([stream, chain], |r| r.get(0))
        .optional()?;
    let Some(ends) = ends else { return Ok(0) };
    let whole = base::unbroken(conn, stream, chain)?.is_some_and(|(last, _)| last >= ends);
    Ok(if whole { 0 } else { ends })
}

/// Whether the segment after this number is here, where a checkpoint stands for some of the chain.
fn continues(conn: &Connection, stream: i64, chain: i64, after: i64) -> Result<bool, Fault> {
    let below = conn
        .prepare_cached("SELECT 1 FROM base WHERE stream = ?1 AND chain = ?2 AND seq > ?3")?
        .exists([stream, chain, after])?;
    Ok(!below
        || conn
            .prepare_cached("SELECT 1 FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 + 1")?
            .exists([stream, chain, after])?)
}

/// Whether this segment of a chain is held, or covered by the checkpoint that the log stands on.
pub(crate) fn holds(conn: &Connection, stream: i64, chain: i64, head: &Head) -> Result<bool, Fault> {
    let Ok(seq) = i64::try_from(head.seq) else { return Ok(false) };
    let held = conn
        .prepare_cached("SELECT 1 FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash = ?4")?
        .exists(params![stream, chain, seq, head.hash])?;
    Ok(held || base::place(conn, stream, chain, seq, &head.hash)? == base::Below::Covered)
}

/// Notes what the hub holds of this PC's own chains.
pub(crate) fn hub_has(conn: &Connection, memory: &Memory, stream: i64, theirs: &Frontier) -> Result<bool, Fault> {
    let mut news = false;
    for own in memory.owns() {
        let chain = memory.incarnation(own)?;
        let known: Option<i64> = conn
            .prepare_cached("SELECT seq FROM hub_head WHERE stream = ?1 AND chain = ?2")?
            .query_row([stream, own], |r| r.get(0))
            .optional()?;
        let heads = theirs.heads(chain);
        let seq = if forks::is_forked(conn, stream, own)? {
            forks::own_part(conn, stream, own, heads)?
        } else {
            // What is there under this name and not here may be a clone's: of one's own it holds no more than was known.
            let (mut held, mut there) = (0, 0);
            for head in heads {
                let seq = i64::try_from(head.seq).map_err(damaged)?;
                there = there.max(seq);
                if holds(conn, stream, own, head)? {
                    held = held.max(seq);
                }
            }
            held.max(known.unwrap_or(0).min(there))
        };
        if known == Some(seq) || (known.is_none() && seq == 0) {
            continue;
        }
        conn.prepare_cached("INSERT INTO hub_head (stream, chain, seq) VALUES (?1, ?2, ?3) ON CONFLICT (stream, chain) DO UPDATE SET seq = ?3")?
            .execute([stream, own, seq])?;
        news = true;
    }
    Ok(news)
}

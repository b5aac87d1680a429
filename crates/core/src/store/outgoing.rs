//! What waits for the hub in sealed segments of this PC's own chains, and that it was handed over while the office was locked.

use niangjia_replication::{Head, Incarnation, Stream};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{forks, memory::Memory, versions::damaged};
use crate::{carry::Outgoing, fault::Fault};

/// Own segments that the hub is not known to hold, oldest first.
pub(crate) fn waiting(conn: &Connection, memory: &Memory) -> Result<Vec<Outgoing>, Fault> {
    let mut rows = conn.prepare_cached(
        "SELECT s.no, s.stream, s.seq, s.hash, s.prev, s.deeds, s.carried, s.last_ctr, length(s.bytes) FROM segment s
         LEFT JOIN hub_head h ON h.stream = s.stream AND h.chain = s.chain
         WHERE s.chain = ?1 AND s.mine = 1 AND s.seq > coalesce(h.seq, 0) ORDER BY s.no",
    )?;
    let mut waiting = Vec::new();
    for own in memory.owns() {
        let chain = memory.incarnation(own)?;
        let mut rows = rows.query([own])?;
        while let Some(row) = rows.next()? {
            let (stream, seq): (i64, i64) = (row.get(1)?, row.get(2)?);
            let (deeds, carried, last): (i64, i64, i64) = (row.get(5)?, row.get(6)?, row.get(7)?);
            let counts = memory.owns().any(|own| own == carried) && !memory.received(stream, carried, last);
            let outgoing = Outgoing {
                stream: *memory.stream_name(stream)?,
                chain,
                head: Head { seq: u64::try_from(seq).map_err(damaged)?, hash: row.get(3)? },
                prev: row.get(4)?,
                deeds: if counts { deeds.unsigned_abs() } else { 0 },
                bytes: row.get::<_, i64>(8)?.unsigned_abs(),
            };
            waiting.push((row.get::<_, i64>(0)?, outgoing));
        }
    }
    waiting.sort_by_key(|(no, _)| *no);
    Ok(waiting.into_iter().map(|(_, outgoing)| outgoing).collect())
}

/// Notes that the hub took a segment of this PC, and with it those before it. Never takes anything back: only an exchange of the
/// unlocked office knows that a hub holds less. Returns whether that was news.
pub(crate) fn note(
    conn: &Connection,
    memory: &Memory,
    stream: &Stream,
    chain: Incarnation,
    head: &Head,
) -> Result<bool, Fault> {
    let (Some(number), Some(own)) = (memory.known_stream(stream), memory.known_number(chain.0)) else {
        return Ok(false);
    };
    let seq = i64::try_from(head.seq).map_err(damaged)?;
    // Of a forked chain the next exchange finds out which branch is there.
    if !memory.owns().any(|one| one == own) || forks::is_forked(conn, number, own)? {
        return Ok(false);
    }
    let held: Option<i64> = conn
        .prepare_cached(
            "SELECT 1 FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash = ?4 AND mine = 1
             AND NOT EXISTS (SELECT 1 FROM hub_head h WHERE h.stream = ?1 AND h.chain = ?2 AND h.seq >= ?3)",
        )?
        .query_row(params![number, own, seq, head.hash], |row| row.get(0))
        .optional()?;
    if held.is_none() {
        return Ok(false);
    }
    conn.prepare_cached("INSERT INTO hub_head (stream, chain, seq) VALUES (?1, ?2, ?3) ON CONFLICT (stream, chain) DO UPDATE SET seq = ?3")?
        .execute(params![number, own, seq])?;
    Ok(true)
}

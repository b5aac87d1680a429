//! What another chain carries than that of its incarnation: after a restore the rest goes out on the chain of the next one.

use std::collections::BTreeMap;

use niangjia_replication::{Block, Incarnation, Limits, change::Change};
use rusqlite::{Connection, params};

use super::{apply::counter, log::LogKeys, memory::Memory, versions::damaged};
use crate::fault::Fault;

/// Changes of an incarnation that other chains carry, by carrier, in the order in which they stand there. What waits here goes
/// out on this PC's present chain.
pub(super) fn of(
    conn: &Connection,
    log: &LogKeys<'_>,
    memory: &Memory,
    stream: i64,
    inc: i64,
) -> Result<BTreeMap<Incarnation, Vec<Change>>, Fault> {
    let mut carried: BTreeMap<Incarnation, Vec<Change>> = BTreeMap::new();
    let mut segments = conn.prepare_cached(
        "SELECT chain, bytes FROM segment WHERE stream = ?1 AND carried = ?2 AND chain <> ?2 ORDER BY chain, seq, hash",
    )?;
    let mut rows = segments.query(params![stream, inc])?;
    while let Some(row) = rows.next()? {
        let changes = log.changes(conn, row.get_ref(1)?.as_blob().map_err(damaged)?)?;
        carried.entry(memory.incarnation(row.get(0)?)?).or_default().extend(changes);
    }
    if memory.own != inc {
        let waiting = waiting(conn, stream, inc)?;
        if !waiting.is_empty() {
            carried.entry(memory.incarnation(memory.own)?).or_default().extend(waiting);
        }
    }
    let name = memory.incarnation(inc)?;
    carried.values_mut().for_each(|changes| changes.retain(|change| change.dot.incarnation == name));
    Ok(carried)
}

/// Whether the log holds, under the number of one of these changes and on another chain, a change that is not this one.
pub(super) fn differs(
    conn: &Connection,
    log: &LogKeys<'_>,
    memory: &Memory,
    (stream, chain, inc): (i64, i64, i64),
    changes: &[Change],
) -> Result<bool, Fault> {
    let name = memory.incarnation(inc)?;
    let mut tags = BTreeMap::new();
    for change in changes.iter().filter(|change| change.dot.incarnation == name) {
        let at = counter(change.dot)?;
        if memory.held_on_any_branch(stream, inc, at) {
            tags.insert(at, change.id().tag);
        }
    }
    let (Some(first), Some(last)) = (tags.keys().next(), tags.keys().next_back()) else { return Ok(false) };
    // Within one chain a number is used once, and forks of it show by their segments.
    if chain == inc && !memory.carries(stream, inc) {
        return Ok(false);
    }
    let mut others = waiting(conn, stream, inc)?;
    let mut segments = conn.prepare_cached(
        "SELECT bytes FROM segment WHERE stream = ?1 AND carried = ?2 AND chain <> ?3 AND first_ctr <= ?5 AND last_ctr >= ?4",
    )?;
    let mut rows = segments.query(params![stream, inc, chain, first, last])?;
    while let Some(row) = rows.next()? {
        others.extend(log.changes(conn, row.get_ref(0)?.as_blob().map_err(damaged)?)?);
    }
    for other in others.iter().filter(|other| other.dot.incarnation == name) {
        if tags.get(&counter(other.dot)?).is_some_and(|tag| *tag != other.id().tag) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What waits in the outbox of an incarnation.
fn waiting(conn: &Connection, stream: i64, inc: i64) -> Result<Vec<Change>, Fault> {
    let mut out = Vec::new();
    let mut blocks = conn.prepare_cached("SELECT block FROM outbox WHERE stream = ?1 AND inc = ?2 ORDER BY no")?;
    let mut rows = blocks.query(params![stream, inc])?;
    while let Some(row) = rows.next()? {
        let block = Block::decode(row.get_ref(0)?.as_blob().map_err(damaged)?, &Limits::STANDARD).map_err(damaged)?;
        out.extend(block.changes().map(|change| change.to_owned()));
    }
    Ok(out)
}

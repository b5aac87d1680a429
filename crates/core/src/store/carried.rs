//! What another chain carries than that of its incarnation: after a restore the rest goes out on the chain of the next one.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{
    Block, Frontier, Incarnation, Limits,
    change::{Change, Value},
};
use rusqlite::{Connection, params};

use super::{
    apply::{RECEIPT, counter},
    base, checkpoint,
    log::LogKeys,
    memory::Memory,
    versions::damaged,
};
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

/// What the log says to the numbers under which a segment brings changes of an incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Each means one change.
    Fit,
    /// One counts as held here and is not, nor did its own chain pass it over: the log knows better than the tables.
    Again,
    /// Two databases went on under one name: a number means two changes, or the chain itself passed over one that another chain
    /// carries, because it gave that number to another stream.
    Parted,
    /// One lies below the checkpoint, where it is not what comes here: only the whole log can tell.
    Below,
}

/// Compares what a segment brings of an incarnation with what the log holds under the same numbers, on the chain itself and on others.
/// That a chain has been applied up to a number does not say that it holds every number below: counters are given out across streams,
/// and two databases of one name give them to different ones.
pub(super) fn numbers(
    conn: &Connection,
    log: &LogKeys<'_>,
    memory: &Memory,
    (stream, chain, inc): (i64, i64, i64),
    changes: &[Change],
) -> Result<Numbers, Fault> {
    // Within one chain a number is used once, and forks of it show by their segments.
    if chain == inc && !memory.carries(stream, inc) {
        return Ok(Numbers::Fit);
    }
    let name = memory.incarnation(inc)?;
    let mut brings = BTreeMap::new();
    for change in changes.iter().filter(|change| change.dot.incarnation == name) {
        brings.insert(counter(change.dot)?, change);
    }
    let (Some(first), Some(last)) = (brings.keys().next().copied(), brings.keys().next_back().copied()) else {
        return Ok(Numbers::Fit);
    };
    let below = base::count(conn, stream, inc)?;
    let (mut before, top): (i64, i64) = conn
        .prepare_cached(
            "SELECT coalesce(max(CASE WHEN last_ctr < ?3 THEN last_ctr END), 0), coalesce(max(last_ctr), 0)
             FROM segment WHERE stream = ?1 AND chain = ?2 AND carried = ?2",
        )?
        .query_row([stream, inc, first], |r| Ok((r.get(0)?, r.get(1)?)))?;
    before = before.max(below);
    let from = if chain == inc { before + 1 } else { first };
    let (mut there, mut own) = (BTreeSet::new(), BTreeSet::new());
    for (carrier, other) in under(conn, log, memory, (stream, inc), (from, last))? {
        let at = counter(other.dot)?;
        if carrier == chain || !memory.held_on_any_branch(stream, inc, at) {
            continue;
        }
        match brings.get(&at) {
            Some(change) if change.id().tag != other.id().tag => return Ok(Numbers::Parted),
            None if chain == inc => return Ok(Numbers::Parted),
            _ => {}
        }
        there.insert(at);
        if carrier == inc {
            own.insert(at);
        }
    }
    let held = |at: &i64| memory.held_on_any_branch(stream, inc, *at);
    if brings.keys().any(|at| chain != inc && (below + 1..top).contains(at) && held(at) && !own.contains(at)) {
        return Ok(Numbers::Parted);
    }
    // What counts as held and stands in no segment has to be in the checkpoint, as it comes here.
    let passed =
        memory.carried_within(stream, inc, from, last).any(|at| !there.contains(&at) && !brings.contains_key(&at));
    if chain == inc && passed {
        return Ok(Numbers::Below);
    }
    let asked: BTreeSet<i64> = brings.keys().copied().filter(|at| held(at) && !there.contains(at)).collect();
    if asked.is_empty() {
        return Ok(Numbers::Fit);
    }
    let (bases, mut told) = (checkpoint::stood_on(conn, stream)?, BTreeMap::new());
    for id in &bases {
        told.extend(checkpoint::told(conn, log, id, name, &asked)?);
    }
    let mut numbers = Numbers::Fit;
    for (at, change) in brings.iter().filter(|(at, _)| asked.contains(at)) {
        match told.get(at) {
            Some(told) if alike(told, change) => {}
            Some(_) => return Ok(Numbers::Below),
            // Receipts are left out of checkpoints.
            None if !bases.is_empty() && &*change.kind == RECEIPT => {}
            None if *at <= below => return Ok(Numbers::Below),
            None => numbers = Numbers::Again,
        }
    }
    Ok(numbers)
}

/// Whether a change is the one that a checkpoint tells, as far as checkpoints keep them.
pub(super) fn alike(told: &Change, change: &Change) -> bool {
    let (mut told, mut change) = (told.clone(), change.clone());
    change.hlc = told.hlc;
    for (one, other) in told.sets.iter_mut().zip(&mut change.sets) {
        if one.value.is_elided() || other.value.is_elided() {
            (one.value, other.value) = (Value::elided(), Value::elided());
        }
    }
    told == change
}

/// The changes of an incarnation between two numbers, and the chain that holds each, or will when what waits has gone out. What lies
/// below the checkpoint that the log stands on counts as the checkpoint tells it, also where its segments are here.
pub(super) fn under(
    conn: &Connection,
    log: &LogKeys<'_>,
    memory: &Memory,
    (stream, inc): (i64, i64),
    (first, last): (i64, i64),
) -> Result<Vec<(i64, Change)>, Fault> {
    let name = memory.incarnation(inc)?;
    let mut out: Vec<(i64, Change)> = waiting(conn, stream, inc)?.into_iter().map(|c| (memory.own, c)).collect();
    let mut segments = conn.prepare_cached(
        "SELECT chain, bytes FROM segment s WHERE stream = ?1 AND carried = ?2 AND first_ctr <= ?4 AND last_ctr >= ?3
         AND NOT EXISTS (SELECT 1 FROM base b WHERE b.stream = s.stream AND b.chain = s.chain AND b.seq >= s.seq)",
    )?;
    let mut rows = segments.query(params![stream, inc, first, last])?;
    while let Some(row) = rows.next()? {
        let chain = row.get(0)?;
        let changes = log.changes(conn, row.get_ref(1)?.as_blob().map_err(damaged)?)?;
        out.extend(changes.into_iter().map(|change| (chain, change)));
    }
    let within = |c: &Change| c.dot.incarnation == name && counter(c.dot).is_ok_and(|at| (first..=last).contains(&at));
    out.retain(|(_, change)| within(change));
    Ok(out)
}

/// The changes of an incarnation after a number that stand in the log, or wait here, and not in what a checkpoint stands for.
pub(super) fn beyond(
    conn: &Connection,
    log: &LogKeys<'_>,
    memory: &Memory,
    (stream, inc): (i64, i64),
    (after, cover): (i64, &Frontier),
) -> Result<Vec<Change>, Fault> {
    let name = memory.incarnation(inc)?;
    let mut out = waiting(conn, stream, inc)?;
    let mut segments = conn
        .prepare_cached("SELECT chain, seq, bytes FROM segment WHERE stream = ?1 AND carried = ?2 AND last_ctr > ?3")?;
    let mut rows = segments.query([stream, inc, after])?;
    while let Some(row) = rows.next()? {
        let (chain, seq): (_, i64) = (memory.incarnation(row.get(0)?)?, row.get(1)?);
        if cover.head(chain).is_none_or(|head| seq.unsigned_abs() > head.seq) {
            out.extend(log.changes(conn, row.get_ref(2)?.as_blob().map_err(damaged)?)?);
        }
    }
    out.retain(|change| change.dot.incarnation == name && counter(change.dot).is_ok_and(|at| at > after));
    Ok(out)
}

/// What is carried in a stream, by carrier and incarnation: what waits goes out on this PC's present chain.
pub(super) fn all(
    conn: &Connection,
    log: &LogKeys<'_>,
    memory: &Memory,
    stream: i64,
) -> Result<Vec<(i64, i64, Vec<Change>)>, Fault> {
    let mut segments = conn.prepare_cached(
        "SELECT chain, carried, bytes FROM segment WHERE stream = ?1 AND carried <> chain ORDER BY no",
    )?;
    let mut rows = segments.query([stream])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let changes = log.changes(conn, row.get_ref(2)?.as_blob().map_err(damaged)?)?;
        out.push((row.get(0)?, row.get(1)?, changes));
    }
    let mut waits = conn.prepare_cached("SELECT DISTINCT inc FROM outbox WHERE stream = ?1 AND inc <> ?2")?;
    let waits: Vec<i64> = waits.query_map([stream, memory.own], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for inc in waits {
        out.push((memory.own, inc, waiting(conn, stream, inc)?));
    }
    Ok(out)
}

/// What waits of an incarnation that this PC leaves goes out on its next chain: it is carried from here on, and its own chain has
/// been applied only as far as it was sealed.
pub(super) fn hand_on(conn: &Connection, memory: &mut Memory, inc: i64) -> Result<(), Fault> {
    let mut streams = conn.prepare_cached("SELECT DISTINCT stream FROM outbox WHERE inc = ?1")?;
    let streams: Vec<i64> = streams.query_map([inc], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for stream in streams {
        let sealed: i64 = conn
            .prepare_cached(
                "SELECT coalesce(max(last_ctr), 0) FROM segment WHERE stream = ?1 AND chain = ?2 AND carried = ?2",
            )?
            .query_row([stream, inc], |r| r.get(0))?;
        let sealed = sealed.max(base::count(conn, stream, inc)?);
        for change in waiting(conn, stream, inc)? {
            memory.carry(stream, inc, counter(change.dot)?);
        }
        let head = memory.head_mut(stream, inc);
        head.applied = head.applied.min(sealed);
    }
    Ok(())
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

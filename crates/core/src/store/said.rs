//! What an author saw of a forked chain, named by what it says. A branch bears the name of the segment that it begins with, and that
//! segment may be lost while its changes come back by another road, under another name. So no reference to them leaves this PC
//! under such a name: it gives the number on the chain and a hash of chain, number and the change itself, by which whoever
//! holds the change finds it under whatever name it has there.

use niangjia_replication::{
    Block, Incarnation, Limits,
    change::{Change, Dot, RecordId},
};
use rusqlite::{Connection, params};

use super::{
    apply::counter,
    forks::{Carrier, Forks},
    log::LogKeys,
    memory::Memory,
    versions::damaged,
};
use crate::fault::Fault;

/// Set in the counter of a reference by words. No incarnation counts as far as that.
const BY_WORDS: u64 = 1 << 62;

const PURPOSE: &str = "niangjia 2026-11 reference to a change by what it says";

/// A reference to the change of this dot whose words have this tag.
fn reference(dot: Dot, tag: &[u8]) -> Dot {
    let mut hasher = blake3::Hasher::new_derive_key(PURPOSE);
    hasher.update(&dot.incarnation.0).update(&dot.counter.to_be_bytes()).update(tag);
    let mut name = [0; 16];
    name.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Dot { incarnation: Incarnation(name), counter: dot.counter | BY_WORDS }
}

fn references(change: &mut Change) -> impl Iterator<Item = &mut Dot> {
    let event = change.event.as_mut();
    change.sets.iter_mut().flat_map(|set| &mut set.seen).chain(event.into_iter().flat_map(|event| &mut event.seen))
}

/// Notes under which name a change goes here that bears another one.
pub(super) fn note(conn: &Connection, stream: i64, inc: i64, saved: &Change) -> Result<(), Fault> {
    let (dot, tag) = (saved.dot, saved.id().tag);
    conn.prepare_cached("INSERT OR IGNORE INTO said (stream, inc, ctr, chain, tag) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![stream, inc, counter(dot)?, dot.incarnation.0, tag])?;
    Ok(())
}

/// A change as it goes into the log, where what its author saw has names that only this PC's segments give. `None` where it goes as
/// it is.
pub(super) fn outward(
    conn: &Connection,
    memory: &Memory,
    stream: i64,
    change: &Change,
) -> Result<Option<Change>, Fault> {
    if !memory.has_branches(stream) {
        return Ok(None);
    }
    let mut said = change.clone();
    let mut find = conn.prepare_cached("SELECT chain, tag FROM said WHERE stream = ?1 AND inc = ?2 AND ctr = ?3")?;
    for dot in references(&mut said) {
        let Some(inc) = memory.known_number(dot.incarnation.0) else { continue };
        let mut rows = find.query(params![stream, inc, counter(*dot)?])?;
        if let Some(row) = rows.next()? {
            let (chain, tag): ([u8; 16], [u8; 8]) = (row.get(0)?, row.get(1)?);
            *dot = reference(Dot { incarnation: Incarnation(chain), ..*dot }, &tag);
        }
    }
    Ok((said != *change).then_some(said))
}

/// Whether a change names by words what is not known here yet.
pub(super) fn open(change: &Change) -> bool {
    let event = change.event.as_ref();
    let mut seen = change.sets.iter().flat_map(|set| &set.seen).chain(event.into_iter().flat_map(|event| &event.seen));
    seen.any(|dot| dot.counter >= BY_WORDS)
}

/// The change with the names that what its author saw has here, as far as that is held; `None` where there is nothing to find.
pub(super) fn inward(
    conn: &Connection,
    log: &LogKeys<'_>,
    memory: &Memory,
    forks: &Forks,
    stream: i64,
    change: &Change,
) -> Result<Option<Change>, Fault> {
    if !open(change) {
        return Ok(None);
    }
    let mut named = change.clone();
    for dot in references(&mut named).filter(|dot| dot.counter >= BY_WORDS) {
        if let Some(known) = find(conn, log, memory, forks, (stream, change.record), *dot)? {
            *dot = known;
        }
    }
    Ok((named != *change).then_some(named))
}

fn find(
    conn: &Connection,
    log: &LogKeys<'_>,
    memory: &Memory,
    forks: &Forks,
    (stream, record): (i64, RecordId),
    wanted: Dot,
) -> Result<Option<Dot>, Fault> {
    let number = wanted.counter & !BY_WORDS;
    let at = i64::try_from(number).map_err(damaged)?;
    let mut noted = conn.prepare_cached("SELECT inc, chain, tag FROM said WHERE stream = ?1 AND ctr = ?2")?;
    let mut rows = noted.query([stream, at])?;
    while let Some(row) = rows.next()? {
        let (chain, tag): ([u8; 16], [u8; 8]) = (row.get(1)?, row.get(2)?);
        if reference(Dot { incarnation: Incarnation(chain), counter: number }, &tag) == wanted {
            return Ok(Some(Dot { incarnation: memory.incarnation(row.get(0)?)?, counter: number }));
        }
    }
    // Under its own name, or not applied yet.
    let found = |changes: Vec<Change>| {
        let mut changes = changes.into_iter();
        changes.find(|c| c.record == record && c.dot.counter == number && reference(c.dot, &c.id().tag) == wanted)
    };
    let mut segments = conn.prepare_cached(
        "SELECT chain, hash, bytes FROM segment WHERE stream = ?1 AND first_ctr <= ?2 AND last_ctr >= ?2",
    )?;
    let mut rows = segments.query([stream, at])?;
    while let Some(row) = rows.next()? {
        if let Some(change) = found(log.changes(conn, row.get_ref(2)?.as_blob().map_err(damaged)?)?) {
            let carrier = Carrier { stream, chain: memory.incarnation(row.get(0)?)?, hash: Some(row.get(1)?) };
            return Ok(Some(forks.dot(carrier, &change)?));
        }
    }
    let mut blocks =
        conn.prepare_cached("SELECT block FROM outbox WHERE stream = ?1 AND first_ctr <= ?2 AND last_ctr >= ?2")?;
    let mut rows = blocks.query([stream, at])?;
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        let block = Block::decode(&bytes, &Limits::STANDARD).map_err(damaged)?;
        if let Some(change) = found(block.changes().map(|change| change.to_owned()).collect()) {
            let carrier = Carrier { stream, chain: memory.incarnation(memory.own)?, hash: None };
            return Ok(Some(forks.dot(carrier, &change)?));
        }
    }
    Ok(None)
}

//! Checkpoints in the store: made from the log, taken in by a new PC, and what a log is rebuilt from that does not go back to
//! the first day.

mod counts;
mod disown;
mod make;
mod prune;
mod take;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{
    Frontier, Incarnation, Limits,
    change::Change,
    checkpoint::{Item, Part, Summary},
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{apply::counter, log::LogKeys, versions::damaged};
use crate::fault::Fault;

use make::owned;

pub(in crate::store) use disown::forget_what_was_said_again;
pub(crate) use disown::{SAID_AGAIN, disowned, of_the_lost, said_again, say_again, wants_another};
pub(crate) use make::{Maker, make};
pub(crate) use prune::{AtHub, Hold, Prospect};

/// The name of a checkpoint.
pub(crate) type Id = [u8; 16];

/// The newest whole checkpoint of a stream that was made here or that the log stands on.
pub(crate) fn newest(conn: &Connection, stream: i64) -> Result<Option<Id>, Fault> {
    Ok(conn
        .prepare_cached(
            "SELECT id FROM checkpoint_part WHERE stream = ?1 AND last = 1
             AND (mine = 1 OR id IN (SELECT checkpoint FROM base WHERE stream = ?1)) ORDER BY rowid DESC LIMIT 1",
        )?
        .query_row([stream], |r| r.get(0))
        .optional()?)
}

/// The whole checkpoints of a stream that were made here, what was said again of a lost registrar's included.
pub(crate) fn own(conn: &Connection, stream: i64) -> Result<Vec<Id>, Fault> {
    let mut ids = conn
        .prepare_cached("SELECT id FROM checkpoint_part WHERE stream = ?1 AND last = 1 AND mine <> 0 ORDER BY rowid")?;
    Ok(ids.query_map([stream], |r| r.get(0))?.collect::<Result<_, _>>()?)
}

/// Whether anything of a checkpoint is here.
pub(crate) fn kept(conn: &Connection, id: &Id) -> Result<bool, Fault> {
    Ok(conn.prepare_cached("SELECT 1 FROM checkpoint_part WHERE id = ?1")?.exists([id])?)
}

/// Its bytes in the log.
pub(crate) fn size(conn: &Connection, id: &Id) -> Result<i64, Fault> {
    Ok(conn
        .prepare_cached("SELECT coalesce(sum(length(bytes)), 0) FROM checkpoint_part WHERE id = ?1")?
        .query_row([id], |r| r.get(0))?)
}

/// Which segments a checkpoint stands for.
pub(crate) fn cover(conn: &Connection, id: &Id) -> Result<Frontier, Fault> {
    let bytes: Vec<u8> = conn
        .prepare_cached("SELECT bytes FROM checkpoint_part WHERE id = ?1 AND part = 1")?
        .query_row([id], |r| r.get(0))?;
    let part = Part::parse(&bytes, &Limits::STANDARD).map_err(damaged)?;
    Ok(part.header().cover.clone())
}

/// The checkpoints that a stream's log stands on, in the order in which they came: one, or several where each tells of some chain what
/// no other one does.
pub(crate) fn stood_on(conn: &Connection, stream: i64) -> Result<Vec<Id>, Fault> {
    let mut ids = conn.prepare_cached(
        "SELECT p.id FROM checkpoint_part p WHERE p.part = 1 AND p.id IN (SELECT checkpoint FROM base WHERE stream = ?1) ORDER BY p.rowid",
    )?;
    Ok(ids.query_map([stream], |r| r.get(0))?.collect::<Result<_, _>>()?)
}

/// The checkpoints that tell all that is summed up of a stream: one that was made here since, or those that the log stands on.
pub(crate) fn telling_all(conn: &Connection, stream: i64) -> Result<Vec<Id>, Fault> {
    let (newest, stood_on) = (newest(conn, stream)?, stood_on(conn, stream)?);
    Ok(match newest {
        Some(id) if !stood_on.contains(&id) => vec![id],
        _ => stood_on,
    })
}

/// What a checkpoint that is already believed tells of an incarnation under these numbers, as far as it kept it.
pub(in crate::store) fn told(
    conn: &Connection,
    log: &LogKeys<'_>,
    id: &Id,
    of: Incarnation,
    numbers: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, Change>, Fault> {
    let mut found = BTreeMap::new();
    for part in 1.. {
        let Some((items, _)) = items(conn, log, id, part)? else { break };
        for item in items {
            let (Item::Settled(block) | Item::Parked { block, .. }) = item else { continue };
            for change in owned(&block)?.into_iter().filter(|change| change.dot.incarnation == of) {
                let at = counter(change.dot)?;
                if numbers.contains(&at) {
                    found.insert(at, change);
                }
            }
        }
    }
    Ok(found)
}

/// The items of one part of a checkpoint that is already believed; `None` behind the last one. And whether a device of the
/// county made it.
fn items(conn: &Connection, log: &LogKeys<'_>, id: &Id, part: i64) -> Result<Option<(Vec<Item>, bool)>, Fault> {
    let bytes: Option<Vec<u8>> = conn
        .prepare_cached("SELECT bytes FROM checkpoint_part WHERE id = ?1 AND part = ?2")?
        .query_row(params![id, part], |r| r.get(0))
        .optional()?;
    let Some(bytes) = bytes else { return Ok(None) };
    let part = Part::parse(&bytes, &Limits::STANDARD).map_err(damaged)?;
    let root = log.keys.root.ok_or_else(|| damaged("root"))?;
    let key = (part.header().stream, part.header().epoch);
    let key = log.keys.streams.get(&key).ok_or_else(|| damaged("stream key of a checkpoint"))?;
    let verified = part.verify(&root).map_err(damaged)?;
    let items = verified.open(key, &Limits::STANDARD).map_err(damaged)?;
    Ok(Some((items, verified.who().county)))
}

/// The summary of a checkpoint that is already believed.
fn summary(conn: &Connection, log: &LogKeys<'_>, id: &Id) -> Result<(Summary, bool), Fault> {
    match items(conn, log, id, 1)? {
        Some((items, county)) => match items.into_iter().next() {
            Some(Item::Summary(summary)) => Ok((*summary, county)),
            _ => Err(damaged("summary")),
        },
        None => Err(damaged("checkpoint")),
    }
}

/// Whether every checkpoint that the logs stand on also says what the county has confirmed: the county made it, or this PC itself
/// from the county's receipts.
pub(crate) fn tell_confirmed(conn: &Connection, log: &LogKeys<'_>) -> Result<bool, Fault> {
    let mut others = conn.prepare_cached(
        "SELECT DISTINCT checkpoint FROM base b WHERE NOT EXISTS (SELECT 1 FROM checkpoint_part p WHERE p.id = b.checkpoint AND p.mine = 1)",
    )?;
    let ids: Vec<Id> = others.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for id in ids {
        if !summary(conn, log, &id)?.1 {
            return Ok(false);
        }
    }
    Ok(true)
}

//! The changes of one record as they were written, found again in the log by what its row knows of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use niangjia_replication::{
    Block, Incarnation, Limits,
    change::{Change, Dot},
};
use rusqlite::{Connection, params};

use super::{apply::counter, checkpoint, log::LogKeys, memory::Memory, moving::seen, rows::Stored, versions::damaged};
use crate::{fault::Fault, record::Layout};

/// Names of changes that stand in a row: its first one, those of its past, its events.
pub(crate) fn dots(conn: &Connection, layout: &Layout, row: &Stored) -> Result<BTreeSet<(i64, i64)>, Fault> {
    let mut dots = BTreeSet::from([row.versions.base]);
    for sql in [
        "SELECT inc, ctr FROM past WHERE kind = ?1 AND rec = ?2",
        "SELECT inc, ctr FROM event WHERE kind = ?1 AND rec = ?2",
    ] {
        let mut rows = conn.prepare_cached(sql)?;
        for dot in rows.query_map(params![layout.no, row.rec], |r| Ok((r.get(0)?, r.get(1)?)))? {
            dots.insert(dot?);
        }
    }
    Ok(dots)
}

/// What is looked for in one stream.
pub(crate) struct Gather<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) log: &'a LogKeys<'a>,
    pub(crate) memory: &'a Memory,
}

impl Gather<'_> {
    /// The changes of a row with these names, each behind those that it builds on.
    ///
    /// # Errors
    /// `moving_incomplete` where one is not found: it lies below a checkpoint of a chain that forked, or its segment was lost.
    pub(crate) fn changes(
        &self,
        layout: &Layout,
        row: &Stored,
        wanted: &BTreeSet<(i64, i64)>,
    ) -> Result<Vec<Change>, Fault> {
        let mut found: BTreeMap<(i64, i64), Change> = BTreeMap::new();
        // What came from another office lies in the adoption that brought it.
        let mut adoptions =
            self.conn.prepare_cached("SELECT changes FROM adoption WHERE record = ?1 AND stream = ?2")?;
        let blocks: Vec<Vec<u8>> =
            adoptions.query_map(params![row.id.0, row.stream], |r| r.get(0))?.collect::<Result<_, _>>()?;
        for block in blocks {
            self.pick(layout, row, wanted, &block, &mut found)?;
        }
        for dot in wanted {
            if !found.contains_key(dot) {
                self.look_up(layout, row, *dot, &mut found)?;
            }
        }
        if found.len() < wanted.len() {
            return Err(Fault::new(
                "moving_incomplete",
                "这份档案有几处修改在本机的记录里找不全，暂时不能转交，没有丢失任何内容。请先与县总工会联网同步，再试一次。",
                "Some changes of this file are not whole in the log here, so it cannot be handed on yet; nothing is lost. Come into step with the county and try again.",
            )
            .because(format!("{} of {}: {}", found.len(), wanted.len(), layout.ty.name)));
        }
        Ok(in_order(found.into_values().collect()))
    }

    fn look_up(
        &self,
        layout: &Layout,
        row: &Stored,
        (inc, ctr): (i64, i64),
        found: &mut BTreeMap<(i64, i64), Change>,
    ) -> Result<(), Fault> {
        let only = BTreeSet::from([(inc, ctr)]);
        let mut segments = self.conn.prepare_cached(
            "SELECT bytes FROM segment s WHERE stream = ?1 AND carried = ?2 AND first_ctr <= ?3 AND last_ctr >= ?3
             AND NOT EXISTS (SELECT 1 FROM aside a WHERE a.segment = s.no)",
        )?;
        let segments: Vec<Vec<u8>> =
            segments.query_map([row.stream, inc, ctr], |r| r.get(0))?.collect::<Result<_, _>>()?;
        for bytes in segments {
            for change in self.log.readable(self.conn, &bytes)?.unwrap_or_default() {
                self.put(layout, row, &only, change, found)?;
            }
        }
        let mut waiting = self.conn.prepare_cached(
            "SELECT block FROM outbox WHERE stream = ?1 AND inc = ?2 AND first_ctr <= ?3 AND last_ctr >= ?3",
        )?;
        let waiting: Vec<Vec<u8>> =
            waiting.query_map([row.stream, inc, ctr], |r| r.get(0))?.collect::<Result<_, _>>()?;
        for block in waiting {
            self.pick(layout, row, &only, &block, found)?;
        }
        if found.contains_key(&(inc, ctr)) {
            return Ok(());
        }
        let of: Incarnation = self.memory.incarnation(inc)?;
        for id in checkpoint::stood_on(self.conn, row.stream)? {
            for change in checkpoint::told(self.conn, self.log, &id, of, &BTreeSet::from([ctr]))?.into_values() {
                self.put(layout, row, &only, change, found)?;
            }
        }
        Ok(())
    }

    fn pick(
        &self,
        layout: &Layout,
        row: &Stored,
        wanted: &BTreeSet<(i64, i64)>,
        block: &[u8],
        found: &mut BTreeMap<(i64, i64), Change>,
    ) -> Result<(), Fault> {
        let block = Block::decode(block, &Limits::STANDARD).map_err(damaged)?;
        for change in block.changes().filter(|change| change.record() == row.id) {
            self.put(layout, row, wanted, change.to_owned(), found)?;
        }
        Ok(())
    }

    fn put(
        &self,
        layout: &Layout,
        row: &Stored,
        wanted: &BTreeSet<(i64, i64)>,
        change: Change,
        found: &mut BTreeMap<(i64, i64), Change>,
    ) -> Result<(), Fault> {
        let Some(inc) = self.memory.known_number(change.dot.incarnation.0) else { return Ok(()) };
        let dot = (inc, counter(change.dot)?);
        if change.record == row.id && *change.kind == *layout.ty.name && wanted.contains(&dot) {
            found.insert(dot, change);
        }
        Ok(())
    }
}

/// Each change behind those that it builds on.
fn in_order(mut rest: Vec<Change>) -> Vec<Change> {
    let mut open: HashSet<Dot> = rest.iter().map(|change| change.dot).collect();
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let before = rest.len();
        for change in std::mem::take(&mut rest) {
            if seen(&change).any(|dot| open.contains(dot) && *dot != change.dot) {
                rest.push(change);
            } else {
                open.remove(&change.dot);
                out.push(change);
            }
        }
        if rest.len() == before {
            out.append(&mut rest);
        }
    }
    out
}

/// The changes that stand in the block of an adoption or of a late edit.
pub(crate) fn unpacked(block: &[u8]) -> Result<Vec<Change>, Fault> {
    let block = Block::decode(block, &Limits::STANDARD).map_err(damaged)?;
    Ok(block.changes().map(|change| change.to_owned()).collect())
}

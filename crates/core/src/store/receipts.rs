//! Receipts: what the registrar signs into an office's stream about what it has applied, and what that confirms here.
//!
//! Of each incarnation a receipt says how far its own chain has been applied and with which segment that ends, and one by one what
//! other chains carried beyond. A number alone would also confirm what a clone wrote under it, and what the registrar has yet to
//! get of the chain itself where another one carries on. So a number counts once that very segment is here.

use std::collections::BTreeMap;

use niangjia_replication::{
    change::{Change, Set, Value},
    checkpoint::TAG,
    planted,
};
use rusqlite::{Connection, OptionalExtension as _};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    apply::{Applier, RECEIPT},
    base, forks,
    memory::Memory,
    versions::damaged,
};
use crate::fault::Fault;

/// Highest counters by incarnation.
pub(super) type Counters = Vec<([u8; 16], i64)>;
/// Number and tag of a segment; 0 where there is none.
type End = (i64, i64);

/// How far the own chain of each incarnation has been applied.
const FRONTIER: &str = "frontier";
/// With which segment that ends, in the order of the frontier.
const ENDS: &str = "ends";
/// What other chains carried beyond.
const CARRIED: &str = "carried";
/// Up to where the registrar knows it from a checkpoint only.
const BELOW: &str = "below";

/// What a receipt says.
#[derive(Default)]
pub(crate) struct Receipt {
    frontier: Counters,
    ends: Vec<End>,
    carried: Vec<([u8; 16], Vec<i64>)>,
    below: Counters,
}

impl Receipt {
    /// What the registrar has to sign of a stream; `None` where nothing has come since its last receipt.
    pub(crate) fn due(conn: &Connection, memory: &Memory, stream: i64) -> Result<Option<Self>, Fault> {
        let mut incs: Vec<i64> = memory.heads.keys().filter(|(of, _)| *of == stream).map(|(_, inc)| *inc).collect();
        incs.sort_unstable();
        let (below, otherwise) = base::kept_below(conn, memory, stream)?;
        // What waits behind a parked change asks for no receipt: it would be the same as the last one, for ever.
        let news = |inc: &i64| {
            memory.own_news(stream, *inc).min(memory.settled(stream, *inc)) > memory.heads[&(stream, *inc)].confirmed
                || memory.carried_settled(stream, *inc).any(|ctr| !memory.confirmed(stream, *inc, ctr))
        };
        if !otherwise && !incs.iter().any(news) {
            return Ok(None);
        }
        let mut receipt = Self { below, ..Self::default() };
        for inc in incs {
            let (ident, upto) = (memory.ident(inc)?, memory.settled(stream, inc));
            if planted!("confirmed before it came") {
                receipt.frontier.push((ident, memory.reach(stream, inc) + 20));
                continue;
            }
            receipt.frontier.push((ident, upto));
            receipt.ends.push(end(conn, stream, inc, upto)?.unwrap_or_default());
            let carried: Vec<i64> = memory.carried_settled(stream, inc).collect();
            if !carried.is_empty() {
                receipt.carried.push((ident, carried));
            }
        }
        Ok(Some(receipt))
    }

    /// As the fields of a change.
    pub(crate) fn sets(&self) -> Result<Vec<Set>, Fault> {
        let mut sets = vec![set(FRONTIER, &self.frontier)?, set(ENDS, &self.ends)?];
        if !self.carried.is_empty() {
            sets.push(set(CARRIED, &self.carried)?);
        }
        if !self.below.is_empty() {
            sets.push(set(BELOW, &self.below)?);
        }
        Ok(sets)
    }

    fn read(change: &Change) -> Self {
        Self {
            frontier: field(change, FRONTIER),
            ends: field(change, ENDS),
            carried: field(change, CARRIED),
            below: field(change, BELOW),
        }
    }
}

fn set(name: &str, value: &impl Serialize) -> Result<Set, Fault> {
    let mut blob = Vec::new();
    ciborium::into_writer(value, &mut blob).map_err(damaged)?;
    Ok(Set { field: name.into(), value: Value::Bytes(blob.into()), seen: Vec::new() })
}

/// A receipt that cannot be read confirms nothing; reading never refuses.
fn field<T: DeserializeOwned + Default>(change: &Change, name: &str) -> T {
    let set = change.sets.iter().find(|set| &*set.field == name);
    let Some(Value::Bytes(blob)) = set.map(|set| &set.value) else { return T::default() };
    ciborium::from_reader(&**blob).unwrap_or_default()
}

fn tag(hash: &[u8]) -> Option<i64> {
    hash.first_chunk::<TAG>().map(|tag| i64::from_be_bytes(*tag))
}

/// With which segment of its own chain an incarnation has come to a counter. A branch has a name that says whose it is.
fn end(conn: &Connection, stream: i64, inc: i64, upto: i64) -> Result<Option<End>, Fault> {
    if forks::is_forked(conn, stream, inc)? {
        return Ok(None);
    }
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?));
    let mut found = conn
        .prepare_cached(
            "SELECT seq, hash FROM segment WHERE stream = ?1 AND chain = ?2 AND carried = ?2 AND last_ctr > 0 AND first_ctr <= ?3
             ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([stream, inc, upto], read)
        .optional()?;
    if found.is_none() {
        found = conn
            .prepare_cached(
                "SELECT b.seq, b.hash FROM base b JOIN base_count c ON c.stream = b.stream AND c.inc = b.chain
                 WHERE b.stream = ?1 AND b.chain = ?2 AND c.ctr <= ?3",
            )?
            .query_row([stream, inc, upto], read)
            .optional()?;
    }
    Ok(found.and_then(|(seq, hash)| Some((seq, tag(&hash)?))))
}

/// Whether that segment is here, or a checkpoint stands for it.
fn here(conn: &Connection, stream: i64, chain: i64, (seq, wanted): End) -> Result<bool, Fault> {
    let mut held = conn.prepare_cached(
        "SELECT substr(hash, 1, ?4) FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3
         UNION ALL SELECT substr(tags, (?3 - 1) * ?4 + 1, ?4) FROM base WHERE stream = ?1 AND chain = ?2 AND seq >= ?3",
    )?;
    let mut rows = held.query([stream, chain, seq, TAG as i64])?;
    while let Some(row) = rows.next()? {
        if tag(row.get_ref(0)?.as_blob().map_err(damaged)?) == Some(wanted) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Confirms what receipts said of chains whose segments have come since.
pub(super) fn settle(conn: &Connection, memory: &mut Memory) -> Result<(), Fault> {
    let mut all = conn.prepare_cached("SELECT stream, inc, seq, tag, upto FROM claim")?;
    let all = all.query_map([], |r| Ok((r.get(0)?, r.get(1)?, (r.get(2)?, r.get(3)?), r.get(4)?)))?;
    for (stream, inc, end, upto) in all.collect::<Result<Vec<(i64, i64, End, i64)>, _>>()? {
        if here(conn, stream, inc, end)? {
            memory.confirm(stream, inc, upto);
            conn.prepare_cached("DELETE FROM claim WHERE stream = ?1 AND inc = ?2 AND seq = ?3 AND tag = ?4")?
                .execute([stream, inc, end.0, end.1])?;
        }
    }
    Ok(())
}

impl Applier<'_, '_> {
    /// The registrar has applied these changes.
    pub(super) fn receipt(&mut self, stream: i64, change: &Change) -> Result<(), Fault> {
        debug_assert_eq!(&*change.kind, RECEIPT);
        let said = Receipt::read(change);
        let below: BTreeMap<[u8; 16], i64> = said.below.into_iter().collect();
        let mut carried: BTreeMap<[u8; 16], Vec<i64>> = said.carried.into_iter().collect();
        // What the registrar says that it keeps it has said last in what came behind a checkpoint, where that is here already.
        let keeps = if self.reduced { "IGNORE" } else { "REPLACE" };
        for (at, (incarnation, upto)) in said.frontier.into_iter().enumerate() {
            let inc = self.memory.number(self.conn, incarnation)?;
            let end = said.ends.get(at).copied().unwrap_or_default();
            self.memory.head_mut(stream, inc);
            if end.0 == 0 || here(self.conn, stream, inc, end)? {
                self.memory.confirm(stream, inc, upto);
            } else {
                self.conn
                    .prepare_cached(
                        "INSERT INTO claim (stream, inc, seq, tag, upto) VALUES (?1, ?2, ?3, ?4, ?5)
                         ON CONFLICT DO UPDATE SET upto = max(upto, ?5)",
                    )?
                    .execute([stream, inc, end.0, end.1, upto])?;
            }
            let carried = carried.remove(&incarnation).unwrap_or_default();
            for ctr in &carried {
                self.memory.confirm_carried(stream, inc, *ctr);
            }
            let upto = carried.last().map_or(upto, |last| upto.max(*last));
            self.conn
                .prepare_cached(&format!(
                    "INSERT OR {keeps} INTO kept (stream, inc, below, upto) VALUES (?1, ?2, ?3, ?4)"
                ))?
                .execute([stream, inc, below.get(&incarnation).copied().unwrap_or(0), upto])?;
        }
        Ok(())
    }
}

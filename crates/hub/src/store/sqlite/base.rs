//! Chains whose first segments are not here: a hub that lost everything was given a checkpoint and what follows it. Whoever has the
//! segments below brings them, and then the chain is whole again.

use niangjia_replication::frontier::Head;
use niangjia_replication::wire::{Digest, Lack};
use niangjia_replication::{Frontier, Incarnation, Stream};
use rusqlite::{OptionalExtension, Transaction, params};

use super::rows::{heads, holds};
use crate::store::StoreFault;

/// Made where it is not there: a store of an earlier build gets it when it is opened. A checkpoint ends with `seq` and `hash`; the
/// segments from the first one to `filled` are here, and those above `until`, whose hash is `before`.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS base (
    chain  INTEGER PRIMARY KEY REFERENCES chain (id),
    seq    INTEGER NOT NULL CHECK (seq > 0),
    hash   BLOB NOT NULL CHECK (length(hash) = 32),
    filled INTEGER NOT NULL,
    until  INTEGER NOT NULL CHECK (until BETWEEN 0 AND seq),
    before BLOB NOT NULL CHECK (length(before) = 32)
) STRICT;
-- Followed a checkpoint that the chain stands on no more, and nothing that is here: told to nobody until what it follows comes.
CREATE TABLE IF NOT EXISTS adrift (
    chain     INTEGER NOT NULL REFERENCES chain (id),
    seq       INTEGER NOT NULL,
    hash      BLOB NOT NULL UNIQUE,
    prev      BLOB NOT NULL,
    stored_ms INTEGER NOT NULL,
    bytes     BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS adrift_by_place ON adrift (chain, prev);";

/// The key of nobody: of a chain that a checkpoint named and of which no segment has come.
pub(super) const NOBODY: [u8; 32] = [0; 32];

/// Where a checkpoint ends in a chain.
pub(super) fn of(ask: &Transaction<'_>, chain: i64) -> Result<Option<(i64, [u8; 32])>, StoreFault> {
    let mut base = ask.prepare_cached("SELECT seq, hash FROM base WHERE chain = ?1")?;
    Ok(base.query_row([chain], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// A checkpoint is here as a whole: chains that do not reach as far stand on it.
pub(super) fn stand_on(act: &Transaction<'_>, stream: &Stream, cover: &Frontier) -> Result<(), StoreFault> {
    for (chain, covered) in cover.chains() {
        let [head] = covered else { continue };
        let Ok(seq) = i64::try_from(head.seq) else { continue };
        let known: Option<i64> = act
            .prepare_cached("SELECT id FROM chain WHERE stream = ?1 AND incarnation = ?2")?
            .query_row(params![stream.to_string(), chain.0], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                act.prepare_cached("INSERT INTO chain (stream, incarnation, signer) VALUES (?1, ?2, ?3)")?
                    .execute(params![stream.to_string(), chain.0, NOBODY])?;
                act.last_insert_rowid()
            }
        };
        let here = heads(act, id)?;
        // A chain that is forked here, or goes further on another branch, is left to its segments.
        if holds(act, id, head)? || here.len() > 1 || here.iter().any(|top| top.seq >= head.seq) {
            continue;
        }
        // What is here of the chain is unbroken from its first segment on, unless it stands on a checkpoint already.
        let filled = here.first().map_or(Ok(0), |top| i64::try_from(top.seq));
        let filled = filled.map_err(|_| StoreFault::Unreadable("a segment's number"))?;
        act.prepare_cached(
            "INSERT INTO base (chain, seq, hash, filled, until, before) VALUES (?1, ?2, ?3, ?4, ?2, ?3)
             ON CONFLICT (chain) DO UPDATE SET seq = ?2, hash = ?3, until = ?2, before = ?3",
        )?
        .execute(params![id, seq, head.hash, filled])?;
        act.prepare_cached("DELETE FROM head WHERE chain = ?1")?.execute([id])?;
        act.prepare_cached("INSERT INTO head (chain, seq, hash) VALUES (?1, ?2, ?3)")?
            .execute(params![id, seq, head.hash])?;
        rise(act, id, head)?;
        land(act, id, head)?;
    }
    Ok(())
}

/// What was adrift and is what this checkpoint ends with, or what comes before that, takes its place.
fn rise(act: &Transaction<'_>, chain: i64, end: &Head) -> Result<(), StoreFault> {
    let came = act
        .prepare_cached(
            "WITH RECURSIVE before (hash, prev) AS (
               SELECT hash, prev FROM adrift WHERE chain = ?1 AND hash = ?2
               UNION SELECT a.hash, a.prev FROM before b JOIN adrift a ON a.chain = ?1 AND a.hash = b.prev)
             INSERT INTO segment (chain, seq, hash, prev, stored_ms, bytes)
             SELECT chain, seq, hash, prev, stored_ms, bytes FROM adrift
             WHERE hash IN (SELECT hash FROM before) AND hash NOT IN (SELECT hash FROM segment WHERE chain = ?1) ORDER BY seq",
        )?
        .execute(params![chain, end.hash])?;
    if came > 0 {
        act.prepare_cached("DELETE FROM adrift WHERE chain = ?1 AND hash IN (SELECT hash FROM segment)")?
            .execute([chain])?;
        filled(act, chain)?;
    }
    Ok(())
}

/// A segment below the checkpoint has come, at either end of what lacks. When none lacks any more the chain stands on nothing.
pub(super) fn filled(act: &Transaction<'_>, chain: i64) -> Result<(), StoreFault> {
    let (end, mut filled, mut until, mut before): (i64, i64, i64, [u8; 32]) = act
        .prepare_cached("SELECT seq, filled, until, before FROM base WHERE chain = ?1")?
        .query_row([chain], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let mut next = act.prepare_cached("SELECT 1 FROM segment WHERE chain = ?1 AND seq = ?2")?;
    while filled < end && next.exists([chain, filled + 1])? {
        filled += 1;
    }
    // A number may also be that of another branch; from the end down each names the one before it.
    let mut down = act.prepare_cached("SELECT prev FROM segment WHERE chain = ?1 AND seq = ?2 AND hash = ?3")?;
    while let Some(prev) = down.query_row(params![chain, until, before], |row| row.get(0)).optional()? {
        (until, before) = (until - 1, prev);
    }
    act.prepare_cached("UPDATE base SET filled = ?2, until = ?3, before = ?4 WHERE chain = ?1")?
        .execute(params![chain, filled, until, before])?;
    if until > 0 {
        return Ok(());
    }
    act.prepare_cached("DELETE FROM base WHERE chain = ?1")?.execute([chain])?;
    // Branches that came to light below it are told from now on.
    find_heads(act, chain)
}

/// The heads of a chain, which has segments above the checkpoint that it may stand on.
fn find_heads(act: &Transaction<'_>, chain: i64) -> Result<(), StoreFault> {
    act.prepare_cached("DELETE FROM head WHERE chain = ?1")?.execute([chain])?;
    act.prepare_cached(
        "INSERT INTO head (chain, seq, hash) SELECT chain, seq, hash FROM segment s WHERE chain = ?1
         AND s.seq > coalesce((SELECT seq FROM base WHERE chain = ?1), 0)
         AND NOT EXISTS (SELECT 1 FROM segment n WHERE n.chain = s.chain AND n.seq = s.seq + 1 AND n.prev = s.hash)",
    )?
    .execute([chain])?;
    Ok(())
}

/// Chains that stand on a checkpoint, and where it ends.
pub(super) fn all(ask: &Transaction<'_>) -> Result<Vec<(Stream, Incarnation, Head)>, StoreFault> {
    let mut bases = ask.prepare_cached(
        "SELECT c.stream, c.incarnation, b.seq, b.hash FROM base b JOIN chain c ON c.id = b.chain ORDER BY b.chain",
    )?;
    let mut rows = bases.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let stream: String = row.get(0)?;
        let stream = stream.parse().map_err(|_| StoreFault::Unreadable("a stream's name"))?;
        let seq = row.get::<_, i64>(2)?.unsigned_abs();
        all.push((stream, Incarnation(row.get(1)?), Head { seq, hash: row.get(3)? }));
    }
    Ok(all)
}

/// A chain stands on its checkpoint no more: it has what is here of it without a hole from its first segment on.
pub(super) fn stand_down(act: &Transaction<'_>, stream: &Stream, chain: Incarnation) -> Result<(), StoreFault> {
    let chain: i64 = act
        .prepare_cached("SELECT id FROM chain WHERE stream = ?1 AND incarnation = ?2")?
        .query_row(params![stream.to_string(), chain.0], |row| row.get(0))?;
    act.prepare_cached("DELETE FROM base WHERE chain = ?1")?.execute([chain])?;
    act.prepare_cached(
        "WITH RECURSIVE whole (id, seq, hash) AS (
           SELECT id, seq, hash FROM segment WHERE chain = ?1 AND seq = 1
           UNION SELECT s.id, s.seq, s.hash FROM whole w JOIN segment s ON s.chain = ?1 AND s.seq = w.seq + 1 AND s.prev = w.hash)
         INSERT OR IGNORE INTO adrift (chain, seq, hash, prev, stored_ms, bytes)
         SELECT chain, seq, hash, prev, stored_ms, bytes FROM segment WHERE chain = ?1 AND id NOT IN (SELECT id FROM whole)",
    )?
    .execute([chain])?;
    act.prepare_cached("DELETE FROM segment WHERE hash IN (SELECT hash FROM adrift WHERE chain = ?1)")?
        .execute([chain])?;
    find_heads(act, chain)
}

/// What was adrift and follows a segment that has come takes its place.
pub(super) fn land(act: &Transaction<'_>, chain: i64, here: &Head) -> Result<(), StoreFault> {
    if !act.prepare_cached("SELECT 1 FROM adrift WHERE chain = ?1 AND prev = ?2")?.exists(params![chain, here.hash])? {
        return Ok(());
    }
    act.prepare_cached(
        "WITH RECURSIVE follows (hash) AS (
           SELECT hash FROM adrift WHERE chain = ?1 AND prev = ?2
           UNION SELECT a.hash FROM follows f JOIN adrift a ON a.chain = ?1 AND a.prev = f.hash)
         INSERT INTO segment (chain, seq, hash, prev, stored_ms, bytes)
         SELECT chain, seq, hash, prev, stored_ms, bytes FROM adrift WHERE hash IN (SELECT hash FROM follows) ORDER BY seq",
    )?
    .execute(params![chain, here.hash])?;
    act.prepare_cached("DELETE FROM adrift WHERE chain = ?1 AND hash IN (SELECT hash FROM segment)")?
        .execute([chain])?;
    find_heads(act, chain)
}

/// A segment does not follow what is here of the beginning of a chain that stands on a checkpoint: that may be the beginning of
/// another branch, so all of it is asked for.
pub(super) fn begins_otherwise(act: &Transaction<'_>, chain: i64, seq: u64) -> Result<(), StoreFault> {
    let Ok(seq) = i64::try_from(seq) else { return Ok(()) };
    act.prepare_cached("UPDATE base SET filled = 0 WHERE chain = ?1 AND filled + 1 = ?2")?.execute([chain, seq])?;
    Ok(())
}

/// What is missing below checkpoints, of every stream.
pub(super) fn lacking(ask: &Transaction<'_>) -> Result<Vec<Lack>, StoreFault> {
    let mut bases = ask.prepare_cached(
        "SELECT c.stream, c.incarnation, iif(b.filled < b.until, b.filled, 0), b.until, b.before
         FROM base b JOIN chain c ON c.id = b.chain ORDER BY b.chain",
    )?;
    let mut rows = bases.query([])?;
    let mut lacking = Vec::new();
    while let Some(row) = rows.next()? {
        let stream: String = row.get(0)?;
        let number = |seq: i64| u64::try_from(seq).map_err(|_| StoreFault::Unreadable("a segment's number"));
        lacking.push(Lack {
            stream: stream.parse().map_err(|_| StoreFault::Unreadable("a stream's name"))?,
            chain: Incarnation(row.get(1)?),
            after: number(row.get(2)?)?,
            until: number(row.get(3)?)?,
            hash: Digest(row.get(4)?),
        });
    }
    Ok(lacking)
}

/// Whether a place in a chain is where a checkpoint ends that the chain stands on.
pub(super) fn ends_at(ask: &Transaction<'_>, chain: i64, head: &Head) -> Result<bool, StoreFault> {
    let Ok(seq) = i64::try_from(head.seq) else { return Ok(false) };
    Ok(of(ask, chain)? == Some((seq, head.hash)))
}

//! Segments whose predecessor has not come yet: a stick may bring the second packet before the first. They lie here as they
//! came, unopened, and are taken as soon as the one before them is held, by whatever road it came.

use niangjia_replication::{
    Limits, Segment,
    keys::{StreamKey, VerifyingKey},
    segment::Header,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{log::LogKeys, versions::damaged};
use crate::fault::Fault;

/// Segments that may wait, of all streams; beyond that they have to be brought again.
const MOST: i64 = 4096;

/// Keeps a segment until its predecessor comes.
pub(super) fn keep(
    conn: &Connection,
    stream: i64,
    chain: i64,
    header: &Header,
    hash: [u8; 32],
    bytes: &[u8],
) -> Result<(), Fault> {
    if count(conn)? >= MOST {
        return Ok(());
    }
    conn.prepare_cached(
        "INSERT OR IGNORE INTO waiting (stream, chain, seq, hash, prev, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![stream, chain, i64::try_from(header.seq).map_err(damaged)?, hash, header.prev, bytes])?;
    Ok(())
}

/// What stands in a chain behind a number, with a hole between, waits for what it follows.
pub(super) fn behind(conn: &Connection, stream: i64, chain: i64, seq: i64) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO waiting (stream, chain, seq, hash, prev, bytes)
         SELECT stream, chain, seq, hash, prev, bytes FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3",
    )?
    .execute([stream, chain, seq])?;
    for gone in [
        "DELETE FROM aside WHERE segment IN (SELECT no FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3)",
        "DELETE FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3",
    ] {
        conn.prepare_cached(gone)?.execute([stream, chain, seq])?;
    }
    Ok(())
}

/// A segment of the stream whose predecessor is held now; it waits no longer.
pub(super) fn next(conn: &Connection, stream: i64) -> Result<Option<Vec<u8>>, Fault> {
    let ready: Option<(i64, Vec<u8>)> = conn
        .prepare_cached(
            "SELECT w.no, w.bytes FROM waiting w WHERE w.stream = ?1 AND EXISTS (
               SELECT 1 FROM segment s WHERE s.stream = w.stream AND s.chain = w.chain AND s.seq = w.seq - 1 AND s.hash = w.prev
               UNION ALL
               SELECT 1 FROM base b WHERE b.stream = w.stream AND b.chain = w.chain AND b.seq = w.seq - 1 AND b.hash = w.prev
             ) AND NOT EXISTS (SELECT 1 FROM base b WHERE b.stream = w.stream AND b.chain = w.chain AND b.seq >= w.seq) ORDER BY w.chain, w.seq LIMIT 1",
        )?
        .query_row([stream], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let Some((no, bytes)) = ready else { return Ok(None) };
    conn.prepare_cached("DELETE FROM waiting WHERE no = ?1")?.execute([no])?;
    Ok(Some(bytes))
}

/// Whether a key opens a segment that waits, and whoever signed that is believed: what waits lies here unlooked at.
pub(crate) fn opens(
    conn: &Connection,
    log: &LogKeys<'_>,
    root: &VerifyingKey,
    stream: i64,
    key: &StreamKey,
) -> Result<bool, Fault> {
    let mut waiting = conn.prepare_cached("SELECT bytes FROM waiting WHERE stream = ?1")?;
    let mut rows = waiting.query([stream])?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(0)?.as_blob().map_err(damaged)?;
        let segment = Segment::parse(bytes, &Limits::STANDARD).map_err(damaged)?;
        if segment.header().epoch == key.epoch()
            && segment.unlocks(key)
            && let Ok(who) = log.signer(conn, &segment, root)?
            && segment.verify_from(&who).is_ok()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many wait.
pub(crate) fn count(conn: &Connection) -> Result<i64, Fault> {
    Ok(conn.prepare_cached("SELECT count(*) FROM waiting")?.query_row([], |r| r.get(0))?)
}

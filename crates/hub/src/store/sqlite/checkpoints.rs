//! Checkpoints in the SQLite store: sealed parts under a name, beside the segments.

use niangjia_replication::checkpoint::Part;
use niangjia_replication::frontier::Head;
use niangjia_replication::{Incarnation, Limits, Stream};
use rusqlite::{OptionalExtension, Transaction, params};

use super::base;
use crate::store::{ArrivedPart, Page, StoreFault, Whole};

/// Made where it is not there: a store of an earlier build gets it when it is opened.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS checkpoint_part (
    no     INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    id     BLOB NOT NULL CHECK (length(id) = 16),
    part   INTEGER NOT NULL CHECK (part > 0),
    last   INTEGER NOT NULL CHECK (last IN (0, 1)),
    bytes  BLOB NOT NULL,
    UNIQUE (id, part)
) STRICT;
CREATE INDEX IF NOT EXISTS checkpoint_by_stream ON checkpoint_part (stream, last, id);";

const IS_WHOLE: &str = "stream = ?1 AND last = 1 AND part = (SELECT count(*) FROM checkpoint_part a WHERE a.id = l.id)";

pub(super) fn keep(act: &Transaction<'_>, part: &ArrivedPart<'_>) -> Result<bool, StoreFault> {
    let stream = part.stream.to_string();
    let new = act
        .prepare_cached(
            "INSERT INTO checkpoint_part (stream, id, part, last, bytes) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id, part) DO NOTHING",
        )?
        .execute(params![stream, part.id, part.part, part.last, part.bytes])?;
    let whole = act
        .prepare_cached(&format!("SELECT 1 FROM checkpoint_part l WHERE {IS_WHOLE} AND id = ?2"))?
        .exists(params![stream, part.id])?;
    if new > 0 && whole {
        // Parts of any that never became whole, and to which nothing has come since this one began.
        act.prepare_cached(&format!(
            "DELETE FROM checkpoint_part WHERE stream = ?1 AND id NOT IN (SELECT id FROM checkpoint_part l WHERE {IS_WHOLE})
             AND id IN (SELECT id FROM checkpoint_part WHERE stream = ?1 GROUP BY id
               HAVING max(no) < (SELECT min(no) FROM checkpoint_part WHERE id = ?2))"
        ))?
        .execute(params![stream, part.id])?;
        let first: Vec<u8> = act
            .prepare_cached("SELECT bytes FROM checkpoint_part WHERE id = ?1 AND part = 1")?
            .query_row([part.id], |row| row.get(0))?;
        // What the store's own suite keeps are no parts; what the relay keeps has been read before.
        if let Ok(first) = Part::parse(&first, &Limits::STANDARD) {
            base::stand_on(act, &part.stream, &first.header().cover)?;
        }
    }
    Ok(new > 0)
}

pub(super) fn let_go(act: &Transaction<'_>, stream: &Stream, ids: &[[u8; 16]]) -> Result<(), StoreFault> {
    let mut parts = act.prepare_cached("DELETE FROM checkpoint_part WHERE stream = ?1 AND id = ?2")?;
    for id in ids {
        parts.execute(params![stream.to_string(), id])?;
    }
    Ok(())
}

pub(super) fn any(ask: &Transaction<'_>, stream: &Stream) -> Result<bool, StoreFault> {
    let mut whole = ask.prepare_cached(&format!("SELECT 1 FROM checkpoint_part l WHERE {IS_WHOLE}"))?;
    Ok(whole.exists([stream.to_string()])?)
}

pub(super) fn whole(ask: &Transaction<'_>, stream: &Stream) -> Result<Vec<Whole>, StoreFault> {
    let mut ids = ask.prepare_cached(&format!("SELECT id FROM checkpoint_part l WHERE {IS_WHOLE} ORDER BY no DESC"))?;
    let mut first = ask.prepare_cached("SELECT bytes FROM checkpoint_part WHERE id = ?1 AND part = 1")?;
    let rows = ids.query_map([stream.to_string()], |row| row.get::<_, [u8; 16]>(0))?;
    rows.map(|id| {
        let id = id?;
        let first = first.query_row([id], |row| row.get(0)).optional()?;
        Ok(Whole { id, first: first.ok_or(StoreFault::Unreadable("a checkpoint"))? })
    })
    .collect()
}

pub(super) fn page(ask: &Transaction<'_>, id: &[u8; 16], after: u32, max_bytes: usize) -> Result<Page, StoreFault> {
    let mut page = Page::default();
    let mut size = 0;
    let mut parts =
        ask.prepare_cached("SELECT bytes FROM checkpoint_part WHERE id = ?1 AND part > ?2 ORDER BY part")?;
    let mut rows = parts.query(params![id, after])?;
    while let Some(row) = rows.next()? {
        let part: Vec<u8> = row.get(0)?;
        size += part.len();
        if size > max_bytes && !page.segments.is_empty() {
            page.more = true;
            break;
        }
        page.segments.push(part);
    }
    Ok(page)
}

pub(super) fn holds_segment(
    ask: &Transaction<'_>,
    stream: &Stream,
    chain: Incarnation,
    head: &Head,
) -> Result<bool, StoreFault> {
    let Ok(seq) = i64::try_from(head.seq) else { return Ok(false) };
    let mut found = ask.prepare_cached(
        "SELECT 1 FROM segment s JOIN chain c ON c.id = s.chain WHERE c.stream = ?1 AND c.incarnation = ?2 AND s.seq = ?3 AND s.hash = ?4",
    )?;
    if found.exists(params![stream.to_string(), chain.0, seq, head.hash])? {
        return Ok(true);
    }
    let mut ends = ask.prepare_cached(
        "SELECT 1 FROM base b JOIN chain c ON c.id = b.chain WHERE c.stream = ?1 AND c.incarnation = ?2 AND b.seq = ?3 AND b.hash = ?4",
    )?;
    Ok(ends.exists(params![stream.to_string(), chain.0, seq, head.hash])?)
}

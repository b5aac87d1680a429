//! The statements of the SQLite store, each inside the caller's transaction.

use std::collections::{BTreeMap, HashSet};

use niangjia_replication::frontier::Head;
use niangjia_replication::keys::{CertId, VerifyingKey};
use niangjia_replication::wire::{Digest, Lacks, Placed, Refused};
use niangjia_replication::{Incarnation, RecordId, Stream};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{LOOKED_AT, base, mend};
use crate::store::{Arrived, Birth, Device, Page, StoreFault, View};

type Hash = [u8; 32];

fn key(bytes: Hash) -> Result<VerifyingKey, StoreFault> {
    VerifyingKey::from_bytes(&bytes).map_err(|_| StoreFault::Unreadable("a key"))
}

fn number(seq: i64) -> Result<u64, StoreFault> {
    u64::try_from(seq).map_err(|_| StoreFault::Unreadable("a segment's number"))
}

pub(super) fn born(ask: &Transaction<'_>) -> Result<Option<Birth>, StoreFault> {
    let row = ask.query_row("SELECT epoch, claim FROM hub", [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(row.map(|(epoch, claim)| Birth { epoch: Incarnation(epoch), claim }))
}

pub(super) fn pinned(ask: &Transaction<'_>) -> Result<Option<VerifyingKey>, StoreFault> {
    let root: Option<Option<Hash>> = ask.query_row("SELECT root FROM hub", [], |row| row.get(0)).optional()?;
    root.flatten().map(key).transpose()
}

pub(super) fn remember(act: &Transaction<'_>, device: &Device, now_ms: i64) -> Result<(), StoreFault> {
    act.prepare_cached(
        "INSERT INTO device (cert, key, office, county, chain, first_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (cert) DO NOTHING",
    )?
    .execute(params![
        device.cert.0,
        device.key.to_bytes(),
        device.office.0,
        device.county,
        device.chain,
        now_ms
    ])?;
    Ok(())
}

pub(super) fn device(row: &Row<'_>) -> Result<Device, StoreFault> {
    Ok(Device {
        cert: CertId(row.get(0)?),
        key: key(row.get(1)?)?,
        office: RecordId(row.get(2)?),
        county: row.get(3)?,
        chain: row.get(4)?,
    })
}

pub(super) fn counts(ask: &Transaction<'_>, cert: &CertId) -> Result<BTreeMap<String, u64>, StoreFault> {
    let mut counts = ask.prepare_cached("SELECT name, value FROM device_count WHERE cert = ?1")?;
    let rows = counts.query_map([cert.0], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    rows.map(|row| {
        let (name, value) = row?;
        Ok((name, u64::try_from(value).map_err(|_| StoreFault::Unreadable("a count below 0"))?))
    })
    .collect()
}

pub(super) fn place(act: &Transaction<'_>, segment: &Arrived<'_>, now_ms: i64) -> Result<Placed, StoreFault> {
    if act.prepare_cached("SELECT 1 FROM segment WHERE hash = ?1")?.exists([segment.hash])? {
        return Ok(if mend::again(act, segment)? { Placed::Stored } else { Placed::Known });
    }
    let chain = act
        .prepare_cached("SELECT id, signer FROM chain WHERE stream = ?1 AND incarnation = ?2")?
        .query_row(params![segment.stream.to_string(), segment.chain.0], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Hash>(1)?))
        })
        .optional()?;
    let first = segment.seq == 1 && segment.prev == [0; 32];
    let (id, signer) = match chain {
        Some(chain) => chain,
        None if first => begin(act, segment)?,
        None => return Ok(Placed::Refused(Refused::Gap { expected: Vec::new() })),
    };
    if signer == base::NOBODY {
        act.prepare_cached("UPDATE chain SET signer = ?2 WHERE id = ?1")?
            .execute(params![id, segment.signer.to_bytes()])?;
    } else if signer != segment.signer.to_bytes() {
        return Ok(Placed::Refused(Refused::OtherDevice));
    }
    let before = Head { seq: segment.seq.saturating_sub(1), hash: segment.prev };
    // A held segment that names one as the one before says that it is of this chain.
    let named = |head: &Head| match i64::try_from(head.seq) {
        Ok(seq) => mend::was_held(act, id, seq, &head.hash),
        Err(_) => Ok(None),
    };
    let here = Head { seq: segment.seq, hash: segment.hash };
    let lost = named(&here)?;
    // A checkpoint ends with the one before, or with this very segment.
    let based = base::ends_at(act, id, &before)? || base::ends_at(act, id, &here)?;
    let follows = first || lost.is_some() || based || holds(act, id, &before)? || named(&before)?.is_some();
    let (true, Ok(seq)) = (follows, i64::try_from(segment.seq)) else {
        base::begins_otherwise(act, id, segment.seq)?;
        let expected = heads(act, id)?.iter().map(|head| (head.seq, Digest(head.hash))).collect();
        return Ok(Placed::Refused(Refused::Gap { expected }));
    };
    let fork = act.prepare_cached("SELECT 1 FROM segment WHERE chain = ?1 AND seq = ?2")?.exists(params![id, seq])?;
    act.prepare_cached(
        "INSERT INTO segment (id, chain, seq, hash, prev, stored_ms, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![lost.flatten(), id, seq, segment.hash, segment.prev, now_ms, segment.bytes])?;
    if base::of(act, id)?.is_some_and(|(end, _)| seq <= end) {
        base::filled(act, id)?;
        return Ok(if fork && lost.is_none() { Placed::Fork } else { Placed::Stored });
    }
    if lost.is_some() {
        tracing::warn!(stream = %segment.stream, seq, "a segment that was lost is here again");
        return Ok(Placed::Stored);
    }
    act.prepare_cached("DELETE FROM head WHERE chain = ?1 AND seq = ?2 AND hash = ?3")?.execute(params![
        id,
        seq - 1,
        segment.prev
    ])?;
    act.prepare_cached("INSERT OR IGNORE INTO head (chain, seq, hash) VALUES (?1, ?2, ?3)")?.execute(params![
        id,
        seq,
        segment.hash
    ])?;
    base::land(act, id, &here)?;
    Ok(if fork { Placed::Fork } else { Placed::Stored })
}

fn begin(act: &Transaction<'_>, segment: &Arrived<'_>) -> Result<(i64, Hash), StoreFault> {
    let signer = segment.signer.to_bytes();
    act.prepare_cached("INSERT INTO chain (stream, incarnation, signer) VALUES (?1, ?2, ?3)")?.execute(params![
        segment.stream.to_string(),
        segment.chain.0,
        signer
    ])?;
    Ok((act.last_insert_rowid(), signer))
}

pub(super) fn holds(ask: &Transaction<'_>, chain: i64, head: &Head) -> Result<bool, StoreFault> {
    let Ok(seq) = i64::try_from(head.seq) else { return Ok(false) };
    let mut found = ask.prepare_cached("SELECT 1 FROM segment WHERE chain = ?1 AND seq = ?2 AND hash = ?3")?;
    Ok(found.exists(params![chain, seq, head.hash])?)
}

pub(super) fn heads(ask: &Transaction<'_>, chain: i64) -> Result<Vec<Head>, StoreFault> {
    let mut heads = ask.prepare_cached("SELECT seq, hash FROM head WHERE chain = ?1 ORDER BY seq, hash")?;
    let rows = heads.query_map([chain], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (seq, hash) = row?;
        Ok(Head { seq: number(seq)?, hash })
    })
    .collect()
}

pub(super) fn chains(
    ask: &Transaction<'_>,
    stream: &Stream,
    view: View,
) -> Result<Vec<(i64, Incarnation, Vec<Head>)>, StoreFault> {
    let own = match view {
        View::All => None,
        View::Own(device) => Some(device.to_bytes()),
    };
    let mut chains = ask.prepare_cached(
        "SELECT id, incarnation FROM chain WHERE stream = ?1 AND (?2 IS NULL OR signer = ?2) ORDER BY incarnation",
    )?;
    let rows = chains.query_map(params![stream.to_string(), own], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (id, incarnation) = row?;
        Ok((id, Incarnation(incarnation), heads(ask, id)?))
    })
    .collect()
}

pub(super) fn lacking_ids(ask: &Transaction<'_>, chain: i64, lacking: &Lacks) -> Result<Vec<i64>, StoreFault> {
    match lacking {
        Lacks::Nothing => Ok(Vec::new()),
        Lacks::After(seq) => {
            let Ok(seq) = i64::try_from(*seq) else { return Ok(Vec::new()) };
            let mut after =
                ask.prepare_cached("SELECT id FROM segment WHERE chain = ?1 AND seq > ?2 ORDER BY seq, hash LIMIT ?3")?;
            Ok(after.query_map(params![chain, seq, LOOKED_AT as i64], |row| row.get(0))?.collect::<Result<_, _>>()?)
        }
        Lacks::Beside(held) => beside(ask, chain, held),
    }
}

// Forks are rare and their chains short enough to be walked whole.
fn beside(ask: &Transaction<'_>, chain: i64, held: &HashSet<Hash>) -> Result<Vec<i64>, StoreFault> {
    let mut known = held.clone();
    let mut lacking = Vec::new();
    let mut walk = ask.prepare_cached("SELECT id, hash, prev FROM segment WHERE chain = ?1 ORDER BY seq DESC, hash")?;
    let mut rows = walk.query([chain])?;
    while let Some(row) = rows.next()? {
        let hash: Hash = row.get(1)?;
        if known.remove(&hash) {
            known.insert(row.get(2)?);
        } else {
            lacking.push(row.get(0)?);
        }
    }
    Ok(lacking)
}

pub(super) fn page(ask: &Transaction<'_>, wanted: &[i64], max_bytes: usize) -> Result<Page, StoreFault> {
    let mut page = Page::default();
    let mut size = 0;
    let mut bytes = ask.prepare_cached("SELECT bytes FROM segment WHERE id = ?1")?;
    for id in wanted {
        let segment: Vec<u8> = bytes.query_row([id], |row| row.get(0))?;
        size += segment.len();
        if size > max_bytes && !page.segments.is_empty() {
            page.more = true;
            break;
        }
        page.segments.push(segment);
    }
    Ok(page)
}

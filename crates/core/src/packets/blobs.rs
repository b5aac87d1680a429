//! Blobs in packets: which go in, and who is known to hold which. What the hub holds goes by the line, unless the addressee said
//! in its newest packet that it lacks it.

use std::collections::BTreeSet;

use niangjia_replication::{
    RecordId,
    blob::{Address, Blob, Outline},
    packet::{Header, MOST},
};
use rusqlite::{Connection, params};

use crate::{fault::Fault, store::versions::damaged};

/// Bytes of blobs that may go into a packet.
#[derive(Clone, Copy, Debug)]
pub struct Load(pub u64);

/// Blobs for an addressee, smallest first: of streams that it may read, and not known to be held there.
pub(super) fn going(conn: &Connection, streams: &[i64], office: RecordId, load: Load) -> Result<Vec<Outline>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT b.value, b.stream FROM blob b LEFT JOIN blob_peer p ON p.office = ?1 AND p.address = b.address
         WHERE b.held = 1 AND coalesce(p.holds, b.at_hub) = 0 ORDER BY b.length, b.address",
    )?;
    let mut rows = statement.query([office.0])?;
    let (mut out, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if !streams.contains(&row.get(1)?) {
            continue;
        }
        let blob = Blob::from_bytes(row.get_ref(0)?.as_blob().map_err(damaged)?).map_err(damaged)?;
        bytes += blob.outline().length() as u64;
        if bytes > load.0 {
            break;
        }
        out.push(blob.outline().clone());
    }
    Ok(out)
}

/// Blobs that are lacking here, for the head: those that a record names, and those that the addressee brought before any did.
pub(super) fn wants(conn: &Connection, streams: &[i64], office: RecordId) -> Result<Vec<Address>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT address, stream FROM blob WHERE held = 0 ORDER BY length, address")?;
    let mut rows = statement.query([])?;
    let mut out = Vec::new();
    while let (Some(row), true) = (rows.next()?, out.len() < MOST) {
        if streams.contains(&row.get(1)?) {
            out.push(Address(row.get(0)?));
        }
    }
    let mut early = conn.prepare_cached(
        "SELECT address FROM blob_peer p WHERE office = ?1 AND holds = ?2
         AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.address = p.address) ORDER BY address",
    )?;
    let mut rows = early.query(params![office.0, Holds::AndBroughtEarly as i64])?;
    while let (Some(row), true) = (rows.next()?, out.len() < MOST) {
        out.push(Address(row.get(0)?));
    }
    Ok(out)
}

/// Remembers what went into a packet, until its receipt comes.
pub(super) fn note_sent(
    conn: &Connection,
    packet: RecordId,
    blobs: impl Iterator<Item = Address>,
) -> Result<(), Fault> {
    let mut put = conn.prepare_cached("INSERT OR IGNORE INTO packet_blob (packet, address) VALUES (?1, ?2)")?;
    for address in blobs.collect::<BTreeSet<_>>() {
        put.execute(params![packet.0, address.0])?;
    }
    Ok(())
}

/// What the head of another office's packet tells: what came of ours has come, and what it lacks it lacks.
pub(super) fn note_head(conn: &Connection, header: &Header, newest: bool) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO blob_peer (office, address, holds)
         SELECT o.office, b.address, 1 FROM packet_out o JOIN packet_blob b ON b.packet = o.id
         WHERE o.office = ?1 AND o.acknowledged IS NOT NULL
         ON CONFLICT (office, address) DO UPDATE SET holds = 1",
    )?
    .execute([header.from.0])?;
    conn.prepare_cached(
        "DELETE FROM packet_blob WHERE packet IN (SELECT id FROM packet_out WHERE office = ?1 AND acknowledged IS NOT NULL)",
    )?
    .execute([header.from.0])?;
    // An older packet of the same PC that comes late knows less.
    if !newest {
        return Ok(());
    }
    conn.prepare_cached("DELETE FROM blob_peer WHERE office = ?1 AND holds = 0")?.execute([header.from.0])?;
    for address in &header.wants {
        peer(conn, header.from, *address, Holds::Not)?;
    }
    Ok(())
}

/// What is known of another office and a blob.
#[derive(Clone, Copy)]
pub(super) enum Holds {
    /// It said that it lacks it.
    Not = 0,
    Yes = 1,
    /// It brought it in a packet when nothing here named it yet, so it was passed over: it is asked for again.
    AndBroughtEarly = 2,
}

/// Notes whether an office holds a blob.
pub(super) fn peer(conn: &Connection, office: RecordId, address: Address, holds: Holds) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO blob_peer (office, address, holds) VALUES (?1, ?2, ?3)
         ON CONFLICT (office, address) DO UPDATE SET holds = ?3",
    )?
    .execute(params![office.0, address.0, holds as i64])?;
    Ok(())
}

/// Whether a record names it.
pub(super) fn known(conn: &Connection, address: Address) -> Result<bool, Fault> {
    Ok(conn.prepare_cached("SELECT 1 FROM blob WHERE address = ?1")?.exists([address.0])?)
}

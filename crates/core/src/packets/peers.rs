//! What other devices said that they hold, in their newest packet. It only makes the next packet smaller: where it is wrong,
//! such as after a restored backup, the other side's next packet says so and the one after is complete again.

use std::collections::BTreeMap;

use niangjia_replication::{Frontier, Head, RecordId, Stream, keys::Identity, packet::Header};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::signed;
use crate::{
    fault::Fault,
    store::{memory::Memory, versions::damaged},
};

/// Notes what a device holds, unless a later packet of it has said so already; returns whether it did. A number that came before
/// with another packet is counted anew: the device's backup was put back, and what it says now holds.
pub(super) fn note(
    conn: &Connection,
    memory: &mut Memory,
    who: &Identity,
    header: &Header,
    readable: &[Stream],
) -> Result<bool, Fault> {
    let inc = memory.number(conn, header.chain.0)?;
    let newest: Option<(i64, i64)> = conn
        .prepare_cached("SELECT inc, number FROM peer WHERE cert = ?1")?
        .query_row([who.cert.0], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let again = conn
        .prepare_cached("SELECT 1 FROM packet_in WHERE cert = ?1 AND inc = ?2 AND number = ?3 AND id <> ?4")?
        .exists(params![who.cert.0, inc, signed(header.number), header.id.0])?;
    if !again && newest.is_some_and(|(of, number)| of == inc && number > signed(header.number)) {
        return Ok(false);
    }
    conn.prepare_cached("INSERT OR REPLACE INTO peer (cert, office, county, inc, number) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![who.cert.0, who.office.0, who.county, inc, signed(header.number)])?;
    conn.prepare_cached("DELETE FROM peer_head WHERE cert = ?1")?.execute([who.cert.0])?;
    let mut put = conn.prepare_cached(
        "INSERT OR IGNORE INTO peer_head (cert, stream, chain, seq, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (stream, frontier) in header.holds.iter().filter(|(stream, _)| readable.contains(stream)) {
        let stream = memory.stream(conn, stream)?;
        for (chain, heads) in frontier.chains() {
            let chain = memory.number(conn, chain.0)?;
            for head in heads {
                // A number beyond all numbers names no segment of ours.
                let Ok(seq) = i64::try_from(head.seq) else { continue };
                put.execute(params![who.cert.0, stream, chain, seq, head.hash])?;
            }
        }
    }
    Ok(true)
}

/// What every device of an office certainly holds, by stream; `None` where none of its devices has sent a packet.
pub(super) fn common(
    conn: &Connection,
    memory: &Memory,
    office: RecordId,
) -> Result<Option<BTreeMap<i64, Frontier>>, Fault> {
    let mut statement = conn.prepare_cached("SELECT cert FROM peer WHERE office = ?1")?;
    let devices: Vec<[u8; 32]> = statement.query_map([office.0], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let mut common: Option<BTreeMap<i64, Frontier>> = None;
    for device in devices {
        let theirs = of_device(conn, memory, device)?;
        common = Some(match common {
            None => theirs,
            Some(mut common) => {
                for (stream, frontier) in &mut common {
                    *frontier = theirs.get(stream).map_or_else(Frontier::new, |other| frontier.meet(other));
                }
                common
            }
        });
    }
    Ok(common)
}

fn of_device(conn: &Connection, memory: &Memory, device: [u8; 32]) -> Result<BTreeMap<i64, Frontier>, Fault> {
    let mut out: BTreeMap<i64, Frontier> = BTreeMap::new();
    let mut statement = conn.prepare_cached("SELECT stream, chain, seq, hash FROM peer_head WHERE cert = ?1")?;
    let mut rows = statement.query([device])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(2)?;
        let head = Head { seq: seq.unsigned_abs(), hash: row.get(3)? };
        out.entry(row.get(0)?).or_default().add(memory.incarnation(row.get(1)?)?, head);
    }
    Ok(out)
}

/// What the registrar has confirmed of a stream: as long as no packet of the county has come, that much it holds.
pub(super) fn confirmed(conn: &Connection, memory: &Memory, stream: i64) -> Result<Frontier, Fault> {
    let mut frontier = Frontier::new();
    for ((_, inc), head) in memory.heads.iter().filter(|((of, _), head)| *of == stream && head.confirmed > 0) {
        // Beyond where branches part a receipt may have meant another one than is here.
        let upto = head.confirmed.min(head.applied);
        let last: Option<(i64, [u8; 32])> = conn
            .prepare_cached(
                "SELECT seq, hash FROM segment WHERE stream = ?1 AND chain = ?2 AND carried = ?2 AND last_ctr BETWEEN 1 AND ?3 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([stream, *inc, upto], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        if let Some((seq, hash)) = last {
            frontier.add(memory.incarnation(*inc)?, Head { seq: u64::try_from(seq).map_err(damaged)?, hash });
        }
    }
    Ok(frontier)
}

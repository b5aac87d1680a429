//! Pieces: the segments that another side lacks, counted before their bytes are read. A first load is never in the memory as
//! a whole.

use niangjia_replication::{Frontier, Head, Incarnation, Stream};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    base, checkpoint,
    heads::{holds, lacking},
    memory::Memory,
    versions::damaged,
};
use crate::fault::Fault;

/// A segment of the log, or a part of a checkpoint, without its bytes.
pub(crate) struct Piece {
    /// Its place in the log, or among the parts.
    no: i64,
    part: bool,
    pub(crate) bytes: u64,
    pub(crate) changes: u64,
}

/// All segments that the other side lacks, oldest first in each chain, to be read one by one with [`bytes`]. A side of which
/// nothing is known, or that lacks what is no longer in this log, is given the newest checkpoint and what follows it, unless it
/// wants the `whole` log: that is the county, which holds what it has confirmed.
pub(crate) fn pieces(
    conn: &Connection,
    memory: &Memory,
    stream: i64,
    theirs: &Frontier,
    whole: bool,
) -> Result<Vec<Piece>, Fault> {
    let mut out = Vec::new();
    let mut theirs = theirs.clone();
    // The county's papers bring keys: as segments they are open to whoever was ever enrolled, in a checkpoint only to those who
    // have the newest.
    let papers = *memory.stream_name(stream)? == Stream::County && base::rows(conn, stream)?.is_empty();
    let short = short_of(conn, memory, stream, &theirs)?;
    if whole {
        for (number, chain, head) in short {
            if confirmed(conn, memory, stream, number)? {
                theirs.add(chain, head);
            }
        }
    } else if (theirs.is_empty() && !papers) || !short.is_empty() {
        let mut statement =
            conn.prepare_cached("SELECT rowid, length(bytes) FROM checkpoint_part WHERE id = ?1 ORDER BY part")?;
        for id in checkpoint::telling_all(conn, stream)? {
            let rows = statement.query_map([id], |r| {
                Ok(Piece { no: r.get(0)?, part: true, bytes: r.get::<_, i64>(1)?.unsigned_abs(), changes: 0 })
            })?;
            for piece in rows {
                out.push(piece?);
            }
            for (chain, heads) in checkpoint::cover(conn, &id)?.chains() {
                heads.iter().for_each(|head| theirs.add(chain, *head));
            }
        }
    }
    for (chain, after) in lacking(conn, memory, stream, &theirs)? {
        let mut statement = conn.prepare_cached(
            "SELECT no, length(bytes), changes FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3 ORDER BY seq, no",
        )?;
        let rows = statement.query_map(params![stream, chain, after], |r| {
            let size = |n: i64| n.unsigned_abs();
            Ok(Piece { no: r.get(0)?, part: false, bytes: size(r.get(1)?), changes: size(r.get(2)?) })
        })?;
        for piece in rows {
            out.push(piece?);
        }
    }
    Ok(out)
}

/// Chains of which another side lacks segments that a checkpoint stands for here, and where it ends in them.
fn short_of(
    conn: &Connection,
    memory: &Memory,
    stream: i64,
    theirs: &Frontier,
) -> Result<Vec<(i64, Incarnation, Head)>, Fault> {
    let mut short = Vec::new();
    for row in base::rows(conn, stream)? {
        let (chain, seq) = (memory.incarnation(row.chain)?, u64::try_from(row.seq).map_err(damaged)?);
        let mut reaches = false;
        for head in theirs.heads(chain) {
            reaches |= head.seq >= seq && holds(conn, stream, row.chain, head)?;
        }
        if !reaches && !row.aside {
            short.push((row.chain, chain, Head { seq, hash: row.hash }));
        }
    }
    Ok(short)
}

/// Whether the registrar has confirmed what a checkpoint stands for in one chain.
fn confirmed(conn: &Connection, memory: &Memory, stream: i64, chain: i64) -> Result<bool, Fault> {
    let below: Option<i64> = conn
        .prepare_cached("SELECT ctr FROM base_count WHERE stream = ?1 AND inc = ?2")?
        .query_row([stream, chain], |r| r.get(0))
        .optional()?;
    let head = memory.heads.get(&(stream, chain));
    Ok(below.zip(head).is_some_and(|(ctr, head)| head.confirmed >= ctr.min(head.news)))
}

/// The bytes of one piece.
pub(crate) fn bytes(conn: &Connection, piece: &Piece) -> Result<Vec<u8>, Fault> {
    let sql = if piece.part {
        "SELECT bytes FROM checkpoint_part WHERE rowid = ?1"
    } else {
        "SELECT bytes FROM segment WHERE no = ?1"
    };
    Ok(conn.prepare_cached(sql)?.query_row([piece.no], |r| r.get(0))?)
}

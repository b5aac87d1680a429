//! Pieces: the segments that another side lacks, counted before their bytes are read. A first load is never in the memory as
//! a whole.

use niangjia_replication::{Frontier, Stream};
use rusqlite::{Connection, params};

use super::{base, checkpoint, heads::lacking, memory::Memory};
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
/// nothing is known is given the newest checkpoint and what follows it, unless it wants the `whole` log.
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
    if theirs.is_empty()
        && !whole
        && !papers
        && let Some(id) = checkpoint::newest(conn, stream)?
    {
        let mut statement =
            conn.prepare_cached("SELECT rowid, length(bytes) FROM checkpoint_part WHERE id = ?1 ORDER BY part")?;
        let rows = statement.query_map([id], |r| {
            Ok(Piece { no: r.get(0)?, part: true, bytes: r.get::<_, i64>(1)?.unsigned_abs(), changes: 0 })
        })?;
        out = rows.collect::<Result<_, _>>()?;
        theirs = checkpoint::cover(conn, &id)?;
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

/// The bytes of one piece.
pub(crate) fn bytes(conn: &Connection, piece: &Piece) -> Result<Vec<u8>, Fault> {
    let sql = if piece.part {
        "SELECT bytes FROM checkpoint_part WHERE rowid = ?1"
    } else {
        "SELECT bytes FROM segment WHERE no = ?1"
    };
    Ok(conn.prepare_cached(sql)?.query_row([piece.no], |r| r.get(0))?)
}

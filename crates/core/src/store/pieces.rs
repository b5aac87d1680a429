//! Pieces: the segments that another side lacks, counted before their bytes are read. A first load is never in the memory as
//! a whole.

use niangjia_replication::Frontier;
use rusqlite::{Connection, params};

use super::{heads::lacking, memory::Memory};
use crate::fault::Fault;

/// A segment of the log without its bytes.
pub(crate) struct Piece {
    /// Its place in the log.
    pub(crate) no: i64,
    pub(crate) bytes: u64,
    pub(crate) changes: u64,
}

/// All segments that the other side lacks, oldest first in each chain, to be read one by one with [`segment`].
pub(crate) fn pieces(conn: &Connection, memory: &Memory, stream: i64, theirs: &Frontier) -> Result<Vec<Piece>, Fault> {
    let mut out = Vec::new();
    for (chain, after) in lacking(conn, memory, stream, theirs)? {
        let mut statement = conn.prepare_cached(
            "SELECT no, length(bytes), changes FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3 ORDER BY seq, no",
        )?;
        let rows = statement.query_map(params![stream, chain, after], |r| {
            let size = |n: i64| n.unsigned_abs();
            Ok(Piece { no: r.get(0)?, bytes: size(r.get(1)?), changes: size(r.get(2)?) })
        })?;
        for piece in rows {
            out.push(piece?);
        }
    }
    Ok(out)
}

/// The bytes of one segment.
pub(crate) fn segment(conn: &Connection, no: i64) -> Result<Vec<u8>, Fault> {
    Ok(conn.prepare_cached("SELECT bytes FROM segment WHERE no = ?1")?.query_row([no], |r| r.get(0))?)
}

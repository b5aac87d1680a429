//! Standing: the three truths of a record. Saved on this PC, received by the hub, confirmed by the county.

use rusqlite::Connection;
use serde::Serialize;

use super::{memory::Memory, rows::Stored};
use crate::{fault::Fault, words::Say};

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A person must choose or mend something.
    NeedsYou,
    /// Only on this PC.
    Saved,
    /// The hub holds it, or the county has it from a packet.
    Received,
    /// A registrar of the county has applied it and signed for it.
    Confirmed,
}

/// Mark and sentence.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Standing {
    /// The dot.
    pub mark: Mark,
    /// Why, and what comes next.
    pub say: Say,
}

impl Standing {
    pub(crate) fn of(mark: Mark, alone: bool) -> Self {
        let say = match mark {
            Mark::NeedsYou => Say::new(
                "这条记录有两个不同的值，都保留着，请您选一个。",
                "Two different values stand here; both are kept. Please choose one.",
            ),
            Mark::Saved if alone => Say::new(
                "已保存在本机。本办公室单独使用，不上报。",
                "Saved on this PC. This office works alone and reports to nobody.",
            ),
            Mark::Saved => Say::new(
                "已保存在本机，还没有上报；有网络时会自动上报，也可以导出数据包。",
                "Saved on this PC and not yet sent; it is sent by itself when there is a line, or goes with a packet.",
            ),
            Mark::Received => Say::new(
                "已送达中转站或县总工会，等县总工会确认。",
                "Received by the hub or the county, waiting for the county to confirm.",
            ),
            Mark::Confirmed => Say::new("县总工会已确认。", "Confirmed by the county."),
        };
        Self { mark, say }
    }
}

/// Where one change stands. At the registrar itself whatever is applied is confirmed.
pub(crate) fn change_mark(memory: &Memory, registrar: bool, stream: i64, inc: i64, ctr: i64) -> Mark {
    if registrar || memory.confirmed(stream, inc, ctr) {
        Mark::Confirmed
    } else if memory.received(stream, inc, ctr) {
        Mark::Received
    } else {
        Mark::Saved
    }
}

/// Registers of which two versions differ. Two PCs may have written the same: then nobody has anything to choose.
pub(crate) const CONFLICTS: &str =
    "SELECT kind, rec FROM leaf GROUP BY kind, rec, register HAVING min(vals) <> max(vals)";

/// Whether a person has to choose between versions of a row.
pub(crate) fn in_conflict(conn: &Connection, kind: u8, row: &Stored) -> Result<bool, Fault> {
    if !row.versions.forked() {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM leaf WHERE kind = ?1 AND rec = ?2 GROUP BY register HAVING min(vals) <> max(vals)";
    Ok(conn.prepare_cached(sql)?.exists(rusqlite::params![kind, row.rec])?)
}

/// Where a row stands: as far as its least confirmed change.
pub(crate) fn row_mark(
    memory: &Memory,
    registrar: bool,
    row: &Stored,
    events: &[(i64, i64)],
    in_conflict: bool,
) -> Mark {
    if in_conflict {
        return Mark::NeedsYou;
    }
    row.versions
        .dots()
        .chain(events.iter().copied())
        .map(|(inc, ctr)| change_mark(memory, registrar, row.stream, inc, ctr))
        .min()
        .unwrap_or(Mark::Saved)
}

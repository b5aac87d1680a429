//! Repair: once a day this PC and the hub compare to the byte what they hold of each chain. What the log lost, or what its disk
//! changed, comes back; what nobody has is told until it does.

use niangjia_replication::wire::{Found, Kept, held::Numbered};
use rusqlite::{OptionalExtension as _, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::Fault,
    office::Office,
    store::{self, versions::damaged},
    words::Say,
};

/// Milliseconds between two comparisons: office hours of two days lie further apart.
const EVERY: u64 = 20 * 3_600_000;
const LAST: &str = "held_compared";
const FOUND: &str = "held_found";

/// What the last comparison to the byte found, in segments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Repair {
    /// When it was made, milliseconds since 1970.
    pub at: i64,
    /// They were missing on this PC, and came from the hub.
    pub fetched: u64,
    /// They were missing at the hub, and it has them again.
    pub sent: u64,
    /// Neither has them.
    pub lost: u64,
    /// What that means.
    pub say: Say,
}

#[derive(Serialize, Deserialize)]
struct Note {
    at: i64,
    found: Found,
}

impl Repair {
    fn of(note: &Note) -> Self {
        let Found { fetched, sent, lost } = note.found;
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        if fetched > 0 {
            zh.push(format!("本机有 {fetched} 段内容缺失或损坏，已从中转站取回"));
            en.push(format!("{fetched} parts were missing or damaged on this PC and came back from the hub"));
        }
        if sent > 0 {
            zh.push(format!("中转站有 {sent} 段内容缺失或损坏，已由本机补发"));
            en.push(format!("{sent} parts were missing or damaged at the hub and were sent again"));
        }
        if lost > 0 {
            zh.push(format!(
                "还有 {lost} 段内容本机和中转站都没有，请让存有这些内容的其他电脑联网，或用其数据包带来；仍不行请联系县总工会"
            ));
            en.push(format!(
                "{lost} parts are neither here nor at the hub: let the other PCs that have them come online or bring their packet, else call the county"
            ));
        }
        let end = if lost > 0 { ("", "") } else { ("，不需要您做什么", "; nothing is left for you to do") };
        let say = Say::owned(
            format!("每日核对：{}{}。", zh.join("；"), end.0),
            format!("Daily comparison: {}{}.", en.join("; "), end.1),
        );
        Self { at: note.at, fetched, sent, lost, say }
    }
}

/// What the last comparison found, where it found anything.
pub(crate) fn last(conn: &rusqlite::Connection) -> Result<Option<Repair>, Fault> {
    let note =
        store::local(conn, FOUND)?.map(|text| serde_json::from_str::<Note>(&text).map_err(damaged)).transpose()?;
    Ok(note.as_ref().map(Repair::of))
}

impl Office {
    /// Whether it is time to compare to the byte. The first time is a day after the first question.
    ///
    /// # Errors
    /// The store's own.
    pub fn compare_due(&self, wall: i64) -> Result<bool, Fault> {
        let conn = self.store.write();
        match store::local(&conn, LAST)? {
            // A clock that was set back by a day is a day like any other.
            Some(last) => Ok(last.parse::<i64>().map_err(damaged)?.abs_diff(wall) >= EVERY),
            None => store::set_local(&conn, LAST, &wall.to_string()).map(|()| false),
        }
    }

    /// Has the next exchange compare to the byte.
    ///
    /// # Errors
    /// The store's own.
    pub fn compare_soon(&self) -> Result<(), Fault> {
        store::set_local(&self.store.write(), LAST, &i64::MIN.to_string())
    }

    /// What the last comparison found, where it found anything.
    ///
    /// # Errors
    /// The store's own.
    pub fn last_repair(&self) -> Result<Option<Repair>, Fault> {
        self.store.read(last)
    }

    /// Notes what a comparison found.
    ///
    /// # Errors
    /// The store's own.
    pub fn compared(&self, wall: i64, found: Found) -> Result<(), Fault> {
        let conn = self.store.write();
        store::set_local(&conn, LAST, &wall.to_string())?;
        if found == Found::default() {
            conn.execute("DELETE FROM local WHERE name = ?1", [FOUND])?;
            return Ok(());
        }
        let note = serde_json::to_string(&Note { at: wall, found }).map_err(damaged)?;
        store::set_local(&conn, FOUND, &note)
    }

    /// The chains whose segments lie here, from behind the checkpoint that their stream stands on; at the registrar, which keeps every
    /// segment, from the first one that the hub may have again.
    ///
    /// # Errors
    /// The store's own.
    pub fn chains_kept(&self) -> Result<Vec<Kept>, Fault> {
        let memory = self.store.memory();
        self.store.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT c.stream, c.chain, iif(?1, 0, coalesce(b.seq, 0)) + 1, max(c.top, coalesce(b.seq, 0)), c.bytes, coalesce(b.seq, 0) FROM (
                   SELECT stream, chain, max(seq) AS top, sum(length(bytes)) AS bytes FROM segment GROUP BY stream, chain
                   UNION ALL
                   SELECT stream, chain, seq, 0 FROM base b WHERE ?1 AND NOT EXISTS (
                     SELECT 1 FROM segment s WHERE s.stream = b.stream AND s.chain = b.chain)
                 ) c LEFT JOIN base b ON b.stream = c.stream AND b.chain = c.chain
                 WHERE coalesce(b.aside, 0) = 0 AND (?1 OR c.top > coalesce(b.seq, 0))",
            )?;
            let mut rows = statement.query([self.registrar()])?;
            let mut kept = Vec::new();
            while let Some(row) = rows.next()? {
                let (stream, chain) = (*memory.stream_name(row.get(0)?)?, memory.incarnation(row.get(1)?)?);
                let number = |at| Ok::<_, Fault>(row.get::<_, i64>(at)?.unsigned_abs());
                if self.may_read(&stream) {
                    let (from, to, stands) = (number(2)?, number(3)?, number(5)?);
                    kept.push(Kept { stream, chain, from, to, stands, bytes: number(4)? });
                }
            }
            Ok(kept)
        })
    }

    /// The segments of a chain whose bytes are what their hashes say.
    ///
    /// # Errors
    /// The store's own.
    pub fn segments_held(&self, of: &Kept) -> Result<Vec<Numbered>, Fault> {
        let Some(place) = self.place_of(of) else { return Ok(Vec::new()) };
        self.store.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT seq, hash, bytes FROM segment WHERE stream = ?1 AND chain = ?2 AND seq BETWEEN ?3 AND ?4 ORDER BY seq, hash",
            )?;
            let bounds = (i64::try_from(of.from).map_err(damaged)?, i64::try_from(of.to).map_err(damaged)?);
            let mut rows = statement.query(params![place.0, place.1, bounds.0, bounds.1])?;
            let mut held = Vec::new();
            while let Some(row) = rows.next()? {
                let hash: [u8; 32] = row.get(1)?;
                if *blake3::hash(row.get_ref(2)?.as_blob().map_err(damaged)?).as_bytes() == hash {
                    held.push((row.get::<_, i64>(0)?.unsigned_abs(), hash));
                }
            }
            Ok(held)
        })
    }

    /// The bytes of one of these.
    ///
    /// # Errors
    /// The store's own.
    pub fn segment_bytes(&self, of: &Kept, (seq, hash): &Numbered) -> Result<Option<Vec<u8>>, Fault> {
        let Some(place) = self.place_of(of) else { return Ok(None) };
        let seq = i64::try_from(*seq).map_err(damaged)?;
        self.store.read(|conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT bytes FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash = ?4",
                )?
                .query_row(params![place.0, place.1, seq, hash], |row| row.get(0))
                .optional()?)
        })
    }

    fn place_of(&self, of: &Kept) -> Option<(i64, i64)> {
        let memory = self.store.memory();
        Some((memory.known_stream(&of.stream)?, memory.known_number(of.chain.0)?))
    }
}

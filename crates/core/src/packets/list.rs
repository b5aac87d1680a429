//! The list: packets sent and received with their numbers and receipts, and what waits for whom.

use niangjia_replication::{RecordId, keys::CertId};
use rusqlite::Connection;
use schemars::JsonSchema;
use serde::Serialize;

use super::{federation, name_of, send, send::Addressee, take::missing_numbers, unsigned};
use crate::{
    fault::Fault,
    office::View,
    people::{Page, Role},
    registry::Registry,
    store::{self, waiting},
    words::Say,
};

/// Packets and whom they can be made for.
#[derive(Serialize, JsonSchema)]
pub struct Packets {
    /// Packets in all.
    pub total: u64,
    /// Newest first.
    pub packets: Vec<PacketLine>,
    /// Whom a packet can be made for; the county first, another PC of this office last.
    pub addressees: Vec<AddresseeLine>,
    /// Segments that came before the one that they follow, and wait for it.
    pub waiting: u64,
}

/// One packet.
#[derive(Serialize, JsonSchema)]
pub struct PacketLine {
    /// Its id.
    pub id: String,
    /// Sent, otherwise received.
    pub sent: bool,
    /// Its number: counted by the PC that made it, for each addressee.
    pub number: u64,
    /// The other office: addressee or maker.
    pub office: String,
    /// Its name.
    pub name: Say,
    /// Parts of it.
    pub parts: u32,
    /// Parts that are here.
    pub present: u32,
    /// Segments in it; of a received one those that were new.
    pub segments: u64,
    /// Changes in it; of a received one those that were new.
    pub changes: u64,
    /// Bytes of its segments; of a received one of those that were new.
    pub bytes: u64,
    /// When it was made, by the maker's clock, milliseconds since 1970.
    pub made: i64,
    /// When its first part was taken in here, or its receipt came.
    pub came: Option<i64>,
    /// How it stands.
    pub state: PacketState,
}

/// How a packet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PacketState {
    /// Sent, no receipt yet.
    Underway,
    /// Sent, and the addressee's receipt came.
    Acknowledged,
    /// Sent, and a later one with the same content was acknowledged.
    Covered,
    /// Received whole.
    Whole,
    /// Received in part.
    Partial,
}

/// Somebody for whom a packet can be made.
#[derive(Serialize, JsonSchema)]
pub struct AddresseeLine {
    /// What `packets.export` takes as `to`.
    pub to: String,
    /// Name.
    pub name: Say,
    /// Changes that the next packet would bring, as far as is known here.
    pub changes: u64,
    /// About how many bytes it would have.
    pub bytes: u64,
    /// Numbers of packets from there that never came here.
    pub missing: Vec<u64>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("packets.list", Role::Viewer, list);
}

fn list(view: &View<'_>, page: Page) -> Result<Packets, Fault> {
    let limit = page.limit.unwrap_or(50).clamp(1, 100);
    let total: i64 = view.conn.query_row(
        "SELECT (SELECT count(*) FROM packet_out WHERE parts > 0) + (SELECT count(*) FROM packet_in)",
        [],
        |r| r.get(0),
    )?;
    let mut statement = view.conn.prepare_cached(
        "SELECT id, 1, number, office, parts, parts, segments, changes, bytes, made, acknowledged,
           EXISTS (SELECT 1 FROM packet_out l WHERE l.office = o.office AND l.inc = o.inc AND l.number > o.number AND l.acknowledged IS NOT NULL),
           made AS at, no FROM packet_out o WHERE parts > 0
         UNION ALL
         SELECT id, 0, number, office, parts, (SELECT count(*) FROM packet_part p WHERE p.packet = i.id), segments, changes, bytes, made, came,
           whole IS NOT NULL, came AS at, no FROM packet_in i
         ORDER BY at DESC, no DESC LIMIT ?1 OFFSET ?2",
    )?;
    let mut rows = statement.query([limit, page.offset.max(0)])?;
    let mut packets = Vec::new();
    while let Some(row) = rows.next()? {
        let (sent, settled): (bool, bool) = (row.get(1)?, row.get(11)?);
        let (office, came): (RecordId, Option<i64>) = (RecordId(row.get(3)?), row.get(10)?);
        packets.push(PacketLine {
            id: RecordId(row.get(0)?).to_string(),
            sent,
            number: unsigned(row.get(2)?),
            office: office.to_string(),
            name: name_of(view, office)?,
            parts: row.get(4)?,
            present: row.get(5)?,
            segments: unsigned(row.get(6)?),
            changes: unsigned(row.get(7)?),
            bytes: unsigned(row.get(8)?),
            made: row.get(9)?,
            came,
            state: match (sent, settled, came) {
                (true, _, Some(_)) => PacketState::Acknowledged,
                (true, true, None) => PacketState::Covered,
                (true, false, None) => PacketState::Underway,
                (false, true, _) => PacketState::Whole,
                (false, false, _) => PacketState::Partial,
            },
        });
    }
    Ok(Packets {
        total: unsigned(total),
        packets,
        addressees: addressees(view)?,
        waiting: unsigned(waiting::count(view.conn)?),
    })
}

fn addressees(view: &View<'_>) -> Result<Vec<AddresseeLine>, Fault> {
    let identity = view.office.identity();
    // Whoever works alone has nobody to send to.
    let Ok(county) = federation(identity) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    if county != identity.office {
        all.push((county, "county".to_owned(), name_of(view, county)?));
    }
    for (id, name, code) in crate::organisations::offices_named(view)? {
        if id != identity.office {
            all.push((id, code, Say::owned(name.clone(), name)));
        }
    }
    all.push((identity.office, "device".to_owned(), Say::new("本单位的另一台电脑", "Another PC of this office")));
    all.into_iter()
        .map(|(office, code, name)| {
            let to = if code == "county" || code == "device" { code.clone() } else { office.to_string() };
            let addressee = Addressee { office, name: name.clone(), code, whole: false };
            let (changes, bytes) = due(view, &addressee, county)?;
            Ok(AddresseeLine { to, name, changes, bytes, missing: missing(view.conn, office)? })
        })
        .collect()
}

/// Changes that the next packet would bring and about how many bytes they have: sealed ones that the addressee lacks, and
/// those that wait to be sealed.
fn due(view: &View<'_>, to: &Addressee, county: RecordId) -> Result<(u64, u64), Fault> {
    let (conn, memory) = (view.conn, view.memory);
    let theirs = send::held_by(conn, memory, to, county)?;
    let (mut changes, mut bytes) = (0, 0);
    for stream in view.office.streams().into_iter().filter(|stream| send::goes(stream, to, county)) {
        let Some(stream) = memory.known_stream(&stream) else { continue };
        let theirs = theirs.get(&stream).cloned().unwrap_or_default();
        for piece in store::pieces(conn, memory, stream, &theirs, to.office == county)? {
            changes += piece.changes;
            bytes += piece.bytes;
        }
        let (waiting, long): (i64, i64) = conn
            .prepare_cached(
                "SELECT coalesce(sum(changes), 0), coalesce(sum(length(block)), 0) FROM outbox WHERE stream = ?1",
            )?
            .query_row([stream], |r| Ok((r.get(0)?, r.get(1)?)))?;
        changes += unsigned(waiting);
        bytes += unsigned(long);
    }
    Ok((changes, bytes))
}

/// When the last packet was made or taken in, milliseconds since 1970.
pub(crate) fn last(conn: &Connection) -> Result<Option<i64>, Fault> {
    let mut newest = conn.prepare_cached(
        "SELECT max(at) FROM (SELECT max(made) AS at FROM packet_out WHERE parts > 0 UNION ALL SELECT max(came) FROM packet_in)",
    )?;
    Ok(newest.query_row([], |r| r.get(0))?)
}

fn missing(conn: &Connection, office: RecordId) -> Result<Vec<u64>, Fault> {
    let mut statement = conn.prepare_cached("SELECT DISTINCT cert, inc FROM packet_in WHERE office = ?1")?;
    let makers = statement
        .query_map([office.0], |r| Ok((r.get::<_, [u8; 32]>(0)?, r.get::<_, i64>(1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut numbers = Vec::new();
    for (cert, inc) in makers {
        numbers.extend(missing_numbers(conn, CertId(cert), Some(inc))?);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

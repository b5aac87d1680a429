//! Quarantine: what a PC wrote after the county had shut it out. Everybody sees who wrote how much and why it does not count,
//! and may look into it row by row; the county accepts it, up to where somebody has looked.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{Head, Incarnation, Limits, Segment, Stream, keys::CertId, orders::Revocation};
use rusqlite::Connection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    list,
    revoke::{caused, device, note, publish, registrar_only},
};
use crate::{
    fault::Fault,
    office::{Desk, View},
    people::{Nothing, Role},
    registry::Registry,
    store::{LogKeys, orders, versions::damaged},
    uncounted::{Reader, Uncounted},
    words::Say,
};

/// Accepting what a PC wrote that is shut out.
#[derive(Deserialize, JsonSchema)]
pub struct AcceptAsk {
    /// Its id.
    pub device: String,
    /// The last segment that is accepted, as `devices.quarantine` names it, with all before it in its chain; everything that
    /// has come where absent.
    #[serde(default)]
    pub up_to: Option<String>,
}

/// What stands in quarantine by an order of the county.
#[derive(Serialize, JsonSchema)]
pub struct Quarantine {
    /// By PC.
    pub lines: Vec<QuarantineLine>,
}

/// What one PC wrote into one stream after it was shut out.
#[derive(Serialize, JsonSchema)]
pub struct QuarantineLine {
    /// The PC.
    pub device: String,
    /// What it is called, where somebody said so.
    pub name: Option<String>,
    /// The stream.
    pub stream: String,
    /// Why: everybody sees it.
    pub say: Say,
    /// Segments.
    pub segments: u64,
    /// Changes in them.
    pub changes: u64,
    /// The last of them, for `devices.accept`.
    pub up_to: String,
}

/// Looking into what one PC wrote.
#[derive(Deserialize, JsonSchema)]
pub struct QuarantinedAsk {
    /// Its id.
    pub device: String,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("devices.quarantine", Role::Viewer, |view, _: Nothing| quarantine(view));
    registry.query("devices.quarantined", Role::Viewer, |view, ask: QuarantinedAsk| quarantined(view, &ask));
    registry.action("devices.accept", Role::SecurityAdmin, accept);
}

fn accept(desk: &mut Desk<'_>, ask: AcceptAsk) -> Result<Quarantine, Fault> {
    registrar_only(desk)?;
    let devices = list::all(&desk.view())?;
    let device = device(&devices, &ask.device)?;
    let root = desk.office().keys().root;
    let known = orders::load(desk.act.conn, root.as_ref())?;
    let aside = aside(&desk.view())?;
    let of_device: Vec<&Aside> = aside.iter().filter(|a| a.device == device.cert).collect();
    let (Some(order), false) = (known.shut_out(&device.certs), of_device.is_empty()) else {
        return Err(nothing_aside());
    };
    // One let in by a PC that is shut out has no order of its own yet.
    let mut order = if order.device == device.cert {
        order.clone()
    } else {
        Revocation { device: device.cert, revision: 0, heads: BTreeMap::new(), below: BTreeSet::new(), ..order.clone() }
    };
    order.revision += 1;
    match ask.up_to.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => order.heads = orders::chains_of(desk.act.conn, &desk.act.memory, &device.cert)?,
        Some(hash) => {
            let last = of_device.iter().find(|a| hex::encode(a.head.hash) == hash).ok_or_else(nothing_aside)?;
            order.heads.entry((last.stream, last.chain)).or_default().push(last.head);
        }
    }
    order.supersedes = None;
    publish(desk, &order)?;
    desk.reordered = true;
    note(desk, &device.cert, None);
    desk.note.count = Some(of_device.len());
    Ok(Quarantine { lines: Vec::new() })
}

fn nothing_aside() -> Fault {
    Fault::new(
        "quarantine_empty",
        "这台电脑没有单独保留、等待核对的内容，没有做任何改动。请刷新名单再试。",
        "Nothing of that PC stands in quarantine; nothing was changed. Look at the list again.",
    )
}

/// A segment that an order shuts out.
struct Aside {
    device: CertId,
    stream: Stream,
    chain: Incarnation,
    head: Head,
    changes: u64,
}

/// Every segment that an order shuts out, with its bytes, in the order of its chain.
fn each(conn: &Connection, mut take: impl FnMut(Aside, &[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT s.bytes, s.changes FROM aside a CROSS JOIN segment s ON s.no = a.segment WHERE a.why = 1 ORDER BY s.stream, s.chain, s.seq",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(0)?.as_blob().map_err(damaged)?;
        let segment = Segment::parse(bytes, &Limits::STANDARD).map_err(damaged)?;
        let header = segment.header();
        let one = Aside {
            device: segment.signer(),
            stream: header.stream,
            chain: header.chain,
            head: Head { seq: header.seq, hash: segment.hash() },
            changes: row.get::<_, i64>(1)?.unsigned_abs(),
        };
        take(one, bytes)?;
    }
    Ok(())
}

fn aside(view: &View<'_>) -> Result<Vec<Aside>, Fault> {
    let mut out = Vec::new();
    each(view.conn, |one, _| {
        out.push(one);
        Ok(())
    })?;
    Ok(out)
}

fn quarantine(view: &View<'_>) -> Result<Quarantine, Fault> {
    let devices = list::all(view)?;
    let orders = orders::load(view.conn, view.office.keys().root.as_ref())?;
    let mut lines: BTreeMap<(CertId, Stream, Incarnation), QuarantineLine> = BTreeMap::new();
    for one in aside(view)? {
        let known = devices.iter().find(|d| d.cert == one.device);
        let Some(order) = known.and_then(|d| orders.shut_out(&d.certs)) else { continue };
        let line = lines.entry((one.device, one.stream, one.chain)).or_insert(QuarantineLine {
            device: one.device.to_string(),
            name: list::name_of(view, &one.device)?,
            stream: one.stream.to_string(),
            say: caused(order.cause),
            segments: 0,
            changes: 0,
            up_to: String::new(),
        });
        line.segments += 1;
        line.changes += one.changes;
        line.up_to = hex::encode(one.head.hash);
    }
    Ok(Quarantine { lines: lines.into_values().collect() })
}

fn quarantined(view: &View<'_>, ask: &QuarantinedAsk) -> Result<Uncounted, Fault> {
    let devices = list::all(view)?;
    let device = device(&devices, &ask.device)?;
    let keys = view.office.keys();
    let log = LogKeys { keys: &keys };
    let mut reader = Reader::of(view);
    each(view.conn, |one, bytes| {
        if one.device != device.cert {
            return Ok(());
        }
        if reader.full() {
            reader.page.further += one.changes;
            return Ok(());
        }
        match log.readable(view.conn, bytes)? {
            Some(changes) => changes.iter().try_for_each(|change| reader.read(change)),
            None => {
                reader.page.unread += one.changes;
                Ok(())
            }
        }
    })?;
    Ok(reader.page)
}

//! Revocation: the county shuts out a PC. What it wrote before stands; what comes later is kept in quarantine; and the keys of all
//! that it could read are changed.

use std::collections::BTreeSet;

use niangjia_replication::{
    Stream,
    keys::{Cert, CertId, chain_from_cbor},
    orders::{Cause, Orders, Revocation},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Device, grants, list, record_of};
use crate::{
    fault::Fault,
    office::{Desk, Office, View},
    people::Role,
    record::{Record as _, RecordId},
    registry::Registry,
    store::{ORDER, local, orders, set_local, versions::damaged},
    words::Say,
};

/// Why a PC is shut out.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Stolen.
    Stolen,
    /// Lost, burnt or drowned.
    Lost,
    /// Whoever worked on it has left and did not hand it back.
    Left,
    /// Another PC has taken its place.
    Replaced,
    /// Anything else.
    Other,
}

impl From<Reason> for Cause {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Stolen => Self::Stolen,
            Reason::Lost => Self::Lost,
            Reason::Left => Self::Left,
            Reason::Replaced => Self::Replaced,
            Reason::Other => Self::Other,
        }
    }
}

/// Shutting out a PC.
#[derive(Deserialize, JsonSchema)]
pub struct RevokeAsk {
    /// Its id, as `devices.list` shows it.
    pub device: String,
    /// Why.
    pub reason: Reason,
    /// Told to nobody but the county's own audit.
    #[serde(default)]
    pub note: Option<String>,
}

/// Which keys are changed.
#[derive(Deserialize, JsonSchema)]
pub struct RotateAsk {
    /// Id, code or full name of an office; every stream of the county where absent.
    #[serde(default)]
    pub office: Option<String>,
}

/// How many streams have a new key.
#[derive(Serialize, JsonSchema)]
pub struct Rotated {
    /// Streams.
    pub streams: usize,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("devices.revoke", Role::SecurityAdmin, revoke);
    registry.action("keys.rotate", Role::SecurityAdmin, rotate);
}

/// Why a PC was shut out, and what that means.
pub(super) fn caused(cause: Cause) -> Say {
    let (zh, en) = match cause {
        Cause::Stolen => ("被盗", "stolen"),
        Cause::Lost => ("遗失或损毁", "lost or destroyed"),
        Cause::Left => ("使用人离岗未交回", "not handed back by somebody who left"),
        Cause::Replaced => ("已由新电脑替换", "replaced by another PC"),
        Cause::Other => ("其他原因", "for another reason"),
    };
    Say::owned(
        format!(
            "县总工会已停用这台电脑（{zh}）。停用以前县里收到的内容照常有效；以后才收到的单独保留，没有生效，由县总工会核对后决定是否采用。"
        ),
        format!(
            "The county has shut this PC out ({en}). What the county had received stands; what came later is kept apart and does not count until the county has looked at it and accepts it."
        ),
    )
}

/// The order against this very PC, said.
pub(crate) fn revoked_here(view: &View<'_>) -> Result<Option<Say>, Fault> {
    let keys = view.office.keys();
    let orders = orders::load(view.conn, keys.root.as_ref())?;
    if orders.is_empty() {
        return Ok(None);
    }
    let certs = chain_from_cbor(&keys.chain).map_err(damaged)?;
    let certs: Vec<CertId> = certs.iter().map(Cert::id).collect();
    Ok(orders.shut_out(&certs).map(|_| {
        Say::new(
            "县总工会已停用本机：不再收发数据，新写的内容其他电脑不会采用。内容都还在本机。如有疑问，请马上联系县总工会。",
            "The county has shut this PC out: nothing is sent or received any more, and other PCs do not take what is written here now. Everything is still on this PC. If that is a mistake, call the county at once.",
        )
    }))
}

pub(super) fn registrar_only(desk: &Desk<'_>) -> Result<(), Fault> {
    if desk.office().registrar() {
        return Ok(());
    }
    Err(Fault::new(
        "not_registrar",
        "停用电脑、更换密钥要在县总工会的登记机上办理：签发密钥只在那里。没有做任何改动。电脑丢失或被盗，请马上打电话告诉县总工会。",
        "PCs are shut out and keys are changed on the county's registrar, the only PC that has the issuing key. Nothing was changed. Where a PC is lost or stolen, call the county at once.",
    ))
}

pub(super) fn device<'d>(devices: &'d [list::Known], id: &str) -> Result<&'d list::Known, Fault> {
    devices.iter().find(|d| d.cert.to_string() == id).ok_or_else(|| {
        Fault::new(
            "device_unknown",
            "没有找到这台电脑，没有做任何改动。请刷新名单再试。",
            "That PC was not found and nothing was changed. Look at the list again.",
        )
    })
}

fn revoke(desk: &mut Desk<'_>, ask: RevokeAsk) -> Result<list::Devices, Fault> {
    registrar_only(desk)?;
    let devices = list::all(&desk.view())?;
    let device = device(&devices, &ask.device)?;
    if device.this {
        return Err(Fault::new(
            "device_this",
            "不能停用本机自己，没有做任何改动。登记机丢失时，请用应急密钥在新电脑上恢复县总工会，旧登记机随即停用。",
            "A PC cannot shut itself out; nothing was changed. Where the registrar is lost, found the county again on a new PC with its kit; that shuts the old one out.",
        ));
    }
    let keys = desk.office().keys();
    let known = orders::load(desk.act.conn, keys.root.as_ref())?;
    if known.against(&device.cert).is_some() {
        return Err(Fault::new(
            "device_revoked",
            "这台电脑已经停用，没有重复办理。",
            "That PC has been shut out already; nothing was changed.",
        ));
    }
    let order = Revocation {
        device: device.cert,
        revision: 1,
        cause: ask.reason.into(),
        below: below(&devices, device, &known),
        heads: orders::chains_of(desk.act.conn, &desk.act.memory, &device.cert)?,
        supersedes: None,
    };
    publish(desk, &order)?;
    let streams = keys.streams.keys().map(|(stream, _)| *stream);
    let mut streams: BTreeSet<Stream> = streams.filter(|s| s.read_by(device.office, device.county)).collect();
    // Also where this registrar has yet to hear of the key that the office has.
    streams.extend([Stream::Office(device.office), Stream::Audit(device.office)]);
    grants::rotate(desk, &streams)?;
    note(desk, &device.cert, ask.note);
    list::list(&desk.view())
}

/// PCs that it has let in and that are known: they go on.
fn below(devices: &[list::Known], device: &list::Known, orders: &Orders) -> BTreeSet<CertId> {
    let below = devices.iter().filter(|d| d.cert != device.cert && d.certs.contains(&device.cert));
    below.filter(|d| orders.shut_out(&d.certs).is_none()).map(|d| d.cert).collect()
}

pub(super) fn publish(desk: &mut Desk<'_>, order: &Revocation) -> Result<(), Fault> {
    let keys = desk.office().keys();
    let (Some((issuing, chain)), Some(root)) = (&keys.issuing, &keys.root) else {
        return Err(damaged("issuing key"));
    };
    let chain = chain_from_cbor(chain).map_err(damaged)?;
    let doc = order.sign(&chain, issuing).map_err(damaged)?;
    desk.act.publish(ORDER, &doc, root)
}

pub(super) fn note(desk: &mut Desk<'_>, device: &CertId, note: Option<String>) {
    desk.note.kind = Some(Device::TYPE.name);
    desk.note.record = Some(record_of(device));
    desk.note.reason = note;
}

fn rotate(desk: &mut Desk<'_>, ask: RotateAsk) -> Result<Rotated, Fault> {
    registrar_only(desk)?;
    let identity = desk.office().identity().clone();
    let office: Option<RecordId> = match ask.office.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(super::named_office(&desk.view(), &identity, text)?.id),
    };
    let all = desk.office().keys();
    let streams = all.streams.keys().map(|(stream, _)| *stream);
    let streams: BTreeSet<Stream> = streams.filter(|s| office.is_none_or(|id| s.office() == Some(id))).collect();
    grants::rotate(desk, &streams)?;
    desk.note.record = Some(office.unwrap_or(identity.office));
    desk.note.count = Some(streams.len());
    Ok(Rotated { streams: streams.len() })
}

/// Under which name this PC remembers which hub knows which orders.
const TOLD: &str = "orders_told";

impl Office {
    /// The orders that a hub, in this life of its store, was not told yet by this PC. A hub reads no stream, and whoever has an
    /// order may tell it.
    ///
    /// # Errors
    /// The store's own.
    pub fn orders_for(&self, hub: &str) -> Result<Vec<Vec<u8>>, Fault> {
        self.store.read(|conn| {
            let documents = orders::documents(conn)?;
            let told = local(conn, TOLD)?;
            Ok(if documents.is_empty() || told.as_deref() == Some(&*told_as(hub, &documents)) {
                Vec::new()
            } else {
                documents
            })
        })
    }

    /// Notes that the hub has taken these orders.
    ///
    /// # Errors
    /// The store's own.
    pub fn orders_told(&self, hub: &str, orders: &[Vec<u8>]) -> Result<(), Fault> {
        set_local(&self.store.write(), TOLD, &told_as(hub, orders))
    }
}

fn told_as(hub: &str, orders: &[Vec<u8>]) -> String {
    let mut hasher = blake3::Hasher::new();
    for order in orders {
        hasher.update(blake3::hash(order).as_bytes());
    }
    format!("{hub} {}", &hasher.finalize().to_hex()[..32])
}

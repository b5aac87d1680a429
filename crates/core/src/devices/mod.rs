//! PCs: those that work for an office, the packet by which a further one joins, and what a second county PC must be told.

mod accepted;
mod enrolment;
mod grants;
mod list;
mod quarantine;
mod revoke;
mod shared;
#[cfg(test)]
pub(crate) mod tests;
mod told;
mod withdraw;

use niangjia_derive::Record;
use niangjia_replication::{
    Stream,
    enrol::{Further, Invited},
    keys::{Cert, CertId, CertKind},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::{Fault, FieldFault},
    identity::Identity,
    office::{Desk, View},
    people::{Clerk, Nothing, Role},
    record::{Record as _, RecordId, Value},
    registry::Registry,
    store::rows,
    words::Say,
};

pub(crate) use enrolment::seal;
pub(crate) use grants::{grant_owed, rotate};
pub use list::Fetched;
pub(crate) use list::{Writers, at_a_living_pc, flagged, of_office, present, registrars, written_at};
pub(crate) use revoke::revoked_here;
pub(crate) use shared::{SharedKey, tell};
pub(crate) use withdraw::{unknown as invitation_unknown, withdraw};

/// The name of a PC, written by a person: of one that was invited, under the id of its delegation; of one that works
/// here, under the id of its certificate. Whoever names a PC says that it belongs to the office.
#[derive(Clone, Record)]
#[record(name = "device", plural = "devices", zh = "电脑", en = "PC", title = "name")]
pub struct Device {
    #[field(zh = "名称", en = "Name", required)]
    pub name: String,
    /// Of one that was invited: the id of the delegation in its packet, by which the invitation can be taken back.
    #[field(zh = "邀请凭据", en = "Delegation")]
    pub delegation: Option<String>,
}

/// Inviting a further PC.
#[derive(Deserialize, JsonSchema)]
pub struct DeviceAsk {
    /// What it is to be called, such as where it stands; counted where absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Id, code or full name of another office, of which the county lets in a PC; the own office where absent.
    #[serde(default)]
    pub office: Option<String>,
}

/// Naming a PC.
#[derive(Deserialize, JsonSchema)]
pub struct NameAsk {
    /// Its id, as `devices.list` shows it.
    pub id: String,
    /// What it is called from now on.
    pub name: String,
}

/// The packet of a further PC and the code that opens it.
#[derive(Serialize, JsonSchema)]
pub struct DeviceInvitation {
    /// To be told by telephone or face to face, never kept beside the packet.
    pub code: String,
    /// The packet, base64.
    pub packet: String,
    /// Suggested file name.
    pub file: String,
    /// What the PC is called.
    pub name: String,
}

pub(crate) fn register(registry: &mut Registry) {
    registry.query("devices.list", Role::Viewer, |view, _: Nothing| list::list(view));
    registry.action("devices.invite", Role::SystemAdmin, invite);
    registry.action("devices.name", Role::SystemAdmin, name);
    quarantine::register(registry);
    revoke::register(registry);
    withdraw::register(registry);
}

/// The record that bears a PC's name: the first half of the id of its certificate, or of its delegation.
fn record_of(cert: &CertId) -> RecordId {
    let mut id = [0; 16];
    id.copy_from_slice(&cert.0[..16]);
    RecordId(id)
}

fn invite(desk: &mut Desk<'_>, ask: DeviceAsk) -> Result<DeviceInvitation, Fault> {
    let identity = desk.office().identity().clone();
    let office = match ask.office.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => own(&identity),
        Some(text) => named_office(&desk.view(), &identity, text)?,
    };
    let stream = Stream::Office(office.id);
    let name = match ask.name.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(name) => fitting(name)?,
        None => format!("第 {} 台电脑", list::known(&desk.view(), office.id)?.len() + 1),
    };
    let further = further(desk, &identity, office.id)?;
    let (id, code) = (office.id, office.code.clone());
    let county = identity.federation == Some(id);
    let keys = desk.office().keys();
    // The one rule of who may read what: also the keys of a stream go to nobody else.
    let streams = keys.streams.iter().filter(|((s, _), _)| s.read_by(id, county)).map(|((s, _), k)| (*s, k.clone()));
    let made = seal(desk, office, streams.collect(), Some(further))?;
    let record = record_of(&made.delegation);
    desk.act.create_as(
        &stream,
        record,
        Device { name: name.clone(), delegation: Some(hex::encode(made.delegation.0)) },
        None,
    )?;
    desk.note.kind = Some(Device::TYPE.name);
    desk.note.record = Some(record);
    desk.note.reason = Some(name.clone());
    Ok(DeviceInvitation { code: made.code, packet: made.packet, file: format!("{code}-pc.njinvite"), name })
}

fn own(identity: &Identity) -> Invited {
    // The kind is asked only where the office's own record is written, and this one stands already.
    Invited { id: identity.office, name: identity.name.clone(), code: identity.code.clone(), kind: String::new() }
}

fn named_office(view: &View<'_>, identity: &Identity, text: &str) -> Result<Invited, Fault> {
    if text == identity.office.to_string() || text == identity.code || text == identity.name {
        return Ok(own(identity));
    }
    let known = crate::organisations::offices_named(view)?;
    let meant: Vec<_> =
        known.into_iter().filter(|(id, name, code)| id.to_string() == text || name == text || code == text).collect();
    match meant.as_slice() {
        [(id, name, code)] => Ok(Invited { id: *id, name: name.clone(), code: code.clone(), kind: String::new() }),
        _ => Err(Fault::new(
            "office_unknown",
            "没有找到这个办公室，没有生成数据包。请填对方的工会全称或行政区划代码；还没有邀请过的，请先邀请。",
            "That office was not found and no packet was made. Use its full name or code; invite it first if it never was.",
        )
        .because(meant.len())),
    }
}

/// Who joins gets no more than the one who invites has, and no name that another clerk bears.
fn further(desk: &Desk<'_>, identity: &Identity, office: RecordId) -> Result<Further, Fault> {
    let view = desk.view();
    let inviter = rows::by_id(view.conn, view.layout(Clerk::TYPE.name)?, view.clerk)?.ok_or_else(Fault::not_found)?;
    let roles = Clerk::from_values(&inviter.values)?.roles;
    let stream = if identity.federation == Some(office) { Stream::County } else { Stream::Office(office) };
    let stream = view.memory.known_stream(&stream);
    let clerks = view.select::<Clerk>("void = 0 AND stream = ?1 ORDER BY rec LIMIT 1000", &[&stream])?;
    Ok(Further { roles, clerks: clerks.into_iter().map(|(_, clerk)| clerk.name).collect() })
}

fn fitting(name: &str) -> Result<String, Fault> {
    if !name.is_empty() && name.chars().count() <= 30 {
        return Ok(name.to_owned());
    }
    Err(Fault::fields(vec![FieldFault {
        field: "name".into(),
        key: "device_name".into(),
        say: Say::new(
            "请给这台电脑起个名字（30 字以内），如“服务窗口”。",
            "Give this PC a name of 30 characters at the most, such as where it stands.",
        ),
    }]))
}

fn name(desk: &mut Desk<'_>, ask: NameAsk) -> Result<list::Devices, Fault> {
    let name = fitting(ask.name.trim())?;
    let known = list::all(&desk.view())?;
    let device = known.iter().find(|d| d.cert.to_string() == ask.id).ok_or_else(|| {
        Fault::new(
            "device_unknown",
            "没有找到这台电脑，没有改名。请刷新名单再试。",
            "That PC was not found and nothing was named. Look at the list again.",
        )
    })?;
    if !list::may_vouch(&known, device) {
        return Err(Fault::new(
            "device_doubtful",
            "本机和这台电脑用的是同一个入网数据包，不能由本机确认，没有改名。请在本单位别的电脑上起名，或请县总工会核对后起名。",
            "This PC and that one joined with the same packet, so this one cannot vouch for it; nothing was named. Name it on another PC of the office, or ask the county to check and name it.",
        ));
    }
    let (record, stream) = (record_of(&device.cert), Stream::Office(device.office));
    let layout = desk.act.layout(Device::TYPE.name)?;
    match rows::by_id(desk.act.conn, layout, record)? {
        Some(row) => {
            let seen = row.versions.clone();
            desk.act.change(layout, &row, &seen, &[(0, Value::Text(name.clone().into()))], None)?;
        }
        None => desk.act.create_as(&stream, record, Device { name: name.clone(), delegation: None }, None)?,
    }
    desk.note.kind = Some(Device::TYPE.name);
    desk.note.record = Some(record);
    desk.note.reason = Some(name);
    list::list(&desk.view())
}

/// The delegations in the certificates of a device, root side first.
fn delegations_of(chain: &[Cert]) -> Vec<CertId> {
    chain.iter().filter(|cert| cert.claims().kind == CertKind::Delegation).map(Cert::id).collect()
}

//! An invitation is taken back before anybody used it: an order of the county against its delegation. Whoever joins by it after all stands
//! below a certificate that is shut out, at the hub and by stick, and what it writes does not count.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{
    Stream,
    keys::CertId,
    orders::{Cause, Revocation},
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Device, grants, list, revoke};
use crate::{
    fault::Fault,
    office::Desk,
    people::Role,
    record::{Record as _, RecordId},
    registry::Registry,
    store::{orders, rows},
};

/// Whose invitation is taken back.
#[derive(Deserialize, JsonSchema)]
pub struct WithdrawAsk {
    /// The id of the invitation, as `devices.list` shows it.
    pub id: String,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("devices.withdraw", Role::SystemAdmin, device);
}

/// The PC that was invited and has not come.
fn device(desk: &mut Desk<'_>, ask: WithdrawAsk) -> Result<list::Devices, Fault> {
    revoke::registrar_only(desk)?;
    let id: RecordId = ask.id.parse().map_err(|_| unknown())?;
    let layout = desk.act.layout(Device::TYPE.name)?;
    let row = rows::by_id(desk.act.conn, layout, id)?.filter(|row| !row.void).ok_or_else(unknown)?;
    let made_out = Device::from_values(&row.values)?.delegation.ok_or_else(unknown)?;
    let office = desk.act.memory.stream_name(row.stream)?.office().ok_or_else(unknown)?;
    withdraw(desk, office, &[made_out])?;
    let seen = row.versions.clone();
    desk.act.void(layout, &row, &seen, true)?;
    desk.note.kind = Some(Device::TYPE.name);
    desk.note.record = Some(id);
    list::list(&desk.view())
}

/// Orders that nobody joins by these delegations any more, and changes the keys that their packets hold.
pub(crate) fn withdraw(desk: &mut Desk<'_>, office: RecordId, made_out: &[String]) -> Result<(), Fault> {
    revoke::registrar_only(desk)?;
    let devices = list::all(&desk.view())?;
    let keys = desk.office().keys();
    let known = orders::load(desk.act.conn, keys.root.as_ref())?;
    let county = desk.office().identity().federation == Some(office);
    for text in made_out {
        let delegation =
            hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok()).map(CertId).ok_or_else(unknown)?;
        if devices.iter().any(|device| device.certs.contains(&delegation)) {
            return Err(Fault::new(
                "invitation_used",
                "这份邀请已经用过：那台电脑已经加入。没有收回，也没有做任何改动。要让它退出，请在“设置 › 电脑”里停用它。",
                "That invitation was used: the PC has joined. It was not taken back and nothing was changed. To put the PC out, shut it out in Settings, under PCs.",
            ));
        }
        if known.against(&delegation).is_some() {
            continue;
        }
        let order = Revocation {
            device: delegation,
            revision: 1,
            cause: Cause::Other,
            below: BTreeSet::new(),
            heads: BTreeMap::new(),
            supersedes: None,
        };
        revoke::publish(desk, &order)?;
    }
    // The packet may lie anywhere, and its code may have been told.
    let streams = keys.streams.keys().map(|(stream, _)| *stream);
    let mut streams: BTreeSet<Stream> = streams.filter(|stream| stream.read_by(office, county)).collect();
    streams.extend([Stream::Office(office), Stream::Audit(office)]);
    grants::rotate(desk, &streams)
}

pub(crate) fn unknown() -> Fault {
    Fault::new(
        "invitation_unknown",
        "没有找到这份邀请：可能已经收回，或者是较早的版本做的。没有做任何改动。请刷新名单再看；对方已经加入的，请在“设置 › 电脑”里停用那台电脑。",
        "That invitation was not found: it was taken back already, or an earlier version made it. Nothing was changed. Look at the list again; where the PC has joined, shut it out in Settings, under PCs.",
    )
}

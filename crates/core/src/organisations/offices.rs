//! Offices of the county: who has been invited, and the enrolment packet.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_derive::Record;
use niangjia_replication::{Stream, enrol::Invited, keys::StreamKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Organisation;
use crate::{
    devices::{self, Device},
    fault::{Fault, FieldFault},
    identity::Keys,
    office::{Desk, View},
    people::{Nothing, Role},
    record::{Record as _, RecordId},
    registry::Registry,
    store::{rows, set_secret},
    successions::{closed, heir},
    words::Say,
};

/// An office of the county, published in the county's stream so that every office knows the others by name.
#[derive(Clone, Record)]
#[record(name = "office", plural = "offices", zh = "办公室", en = "Office", title = "name")]
pub struct OfficeEntry {
    #[field(zh = "名称", en = "Name", required, listed)]
    pub name: String,
    #[field(zh = "行政区划代码", en = "Code", kind = "area", required, listed)]
    pub code: String,
    #[field(zh = "类别", en = "Kind", codes = "org_kind", listed)]
    pub kind: Option<String>,
    /// The id of the delegation in its packet, by which the invitation can be taken back.
    #[field(zh = "邀请凭据", en = "Delegation")]
    pub delegation: Option<String>,
}

/// Who is invited.
#[derive(Deserialize, JsonSchema)]
pub struct InviteAsk {
    /// Official name.
    pub name: String,
    /// Administrative code.
    pub code: String,
    /// Code of `org_kind`; guessed from the name where absent.
    #[serde(default)]
    pub kind: Option<String>,
    /// Whether it is another office indeed, where one of that name stands in the list.
    #[serde(default)]
    pub same_name: bool,
    /// Whether it belongs to the county indeed, where its code does not begin with the county's, as that of some development zones.
    #[serde(default)]
    pub other_area: bool,
}

/// Whose invitation is taken back.
#[derive(Deserialize, JsonSchema)]
pub struct WithdrawOfficeAsk {
    /// The office's id.
    pub office: String,
}

/// The packet and the code that opens it.
#[derive(Serialize, JsonSchema)]
pub struct Invitation {
    /// To be told by telephone, never sent beside the packet.
    pub code: String,
    /// The packet, base64.
    pub packet: String,
    /// Suggested file name; bears the code of the area, no names of people.
    pub file: String,
    /// The office's id.
    pub office: String,
}

/// The offices of the county.
#[derive(Serialize, JsonSchema)]
pub struct Offices {
    /// By code.
    pub offices: Vec<OfficeLine>,
    /// After an invitation was taken back: what was fetched before that; filled in by the host.
    pub fetched: Option<devices::Fetched>,
}

/// One office of the county.
#[derive(Serialize, JsonSchema)]
pub struct OfficeLine {
    /// Its id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Administrative code.
    pub code: String,
    /// Name of the office that it went into, where it was given up.
    pub into: Option<String>,
    /// Whether something of it has arrived here.
    pub heard: bool,
    /// Whether its invitation can be taken back here: nobody is known to have used it, and this is the registrar.
    pub withdrawable: bool,
    /// When its last change here was written, milliseconds since 1970.
    pub last_change: Option<i64>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("offices.list", Role::Viewer, |view, _: Nothing| list(view));
    registry.action("offices.invite", Role::SystemAdmin, invite);
    registry.action("offices.withdraw", Role::SystemAdmin, withdraw);
}

fn list(view: &View<'_>) -> Result<Offices, Fault> {
    let mut out = Vec::new();
    let present = devices::present(view)?;
    let invited = view.select::<OfficeEntry>("void = 0 AND delegation IS NOT NULL", &[])?;
    let invited: BTreeSet<RecordId> = invited.into_iter().map(|(row, _)| row.id).collect();
    let closed = closed(view)?;
    let all = offices_named(view)?;
    let names: BTreeMap<RecordId, String> = all.iter().map(|(id, name, _)| (*id, name.clone())).collect();
    for (id, name, code) in all {
        let into = Some(heir(&closed, id)).filter(|heir| *heir != id).and_then(|heir| names.get(&heir).cloned());
        let stream = view.memory.known_stream(&Stream::Office(id));
        let last: Option<i64> = match stream {
            Some(stream) => view
                .conn
                .prepare_cached("SELECT max(made_at) FROM member WHERE stream = ?1")?
                .query_row([stream], |r| r.get(0))?,
            None => None,
        };
        let heard = stream.is_some_and(|s| view.memory.heads.keys().any(|(stream, _)| *stream == s));
        let withdrawable = view.office.registrar() && invited.contains(&id) && !present.contains(&id);
        out.push(OfficeLine {
            id: id.to_string(),
            name,
            code,
            into,
            heard: heard && (present.contains(&id) || !invited.contains(&id)),
            withdrawable,
            last_change: last,
        });
    }
    Ok(Offices { offices: out, fetched: None })
}

/// Every office that the county has invited, as far as this one has heard: id, name, administrative code; by code.
pub(crate) fn offices_named(view: &View<'_>) -> Result<Vec<(RecordId, String, String)>, Fault> {
    let listed = view.select::<OfficeEntry>("void = 0", &[])?.into_iter().map(|(row, office)| (row.id, office));
    let mut all: Vec<_> = listed.chain(unlisted(view)?).map(|(id, office)| (id, office.name, office.code)).collect();
    all.sort_by(|one, other| (&one.2, one.0).cmp(&(&other.2, other.0)));
    Ok(all)
}

/// Offices that are read here and stand in no list: a registrar before this one invited them, and burnt before anybody heard of it.
/// What each says of itself is what the list says. It is not written down: the old registrar's own entry may come yet, and one
/// record has one beginning.
fn unlisted(view: &View<'_>) -> Result<Vec<(RecordId, OfficeEntry)>, Fault> {
    let own = view.office.identity().office;
    let mut listed = view.conn.prepare_cached("SELECT 1 FROM office WHERE id = ?1")?;
    let mut out = Vec::new();
    for id in view.office.streams().iter().filter_map(Stream::office).collect::<BTreeSet<_>>() {
        let Some(stream) = view.memory.known_stream(&Stream::Office(id)).filter(|_| id != own) else { continue };
        if listed.exists([id.0])? {
            continue;
        }
        let said = view.select::<Organisation>("id = ?1 AND stream = ?2", &[&id.0, &stream])?;
        out.extend(said.into_iter().map(|(_, said)| {
            let entry = OfficeEntry {
                name: said.name,
                code: said.area.unwrap_or_else(|| id.to_string()),
                kind: said.kind,
                delegation: None,
            };
            (id, entry)
        }));
    }
    Ok(out)
}

fn invite(desk: &mut Desk<'_>, ask: InviteAsk) -> Result<Invitation, Fault> {
    let keys = desk.office().keys();
    if !desk.office().identity().county {
        return Err(Fault::new(
            "not_county",
            "只有县总工会能邀请新的办公室，没有做任何改动。",
            "Only the county federation can invite a new office; nothing was changed.",
        ));
    }
    let (name, code) = (ask.name.trim().to_owned(), ask.code.trim().to_owned());
    let county = desk.office().identity().clone();
    let mut faults = Vec::new();
    if name.is_empty() {
        faults.push(FieldFault {
            field: "name".into(),
            key: "office_name".into(),
            say: Say::new("请填写工会全称，如“平明镇总工会”。", "Enter the union's full name."),
        });
    }
    if !code.bytes().all(|b| b.is_ascii_digit()) || !(6..=12).contains(&code.len()) {
        faults.push(FieldFault {
            field: "code".into(),
            key: "office_code".into(),
            say: Say::new(
                "请填写 9 位乡镇代码，如 320722104。",
                "Enter the nine-digit township code, such as 320722104.",
            ),
        });
    }
    // GB/T 10114: the code of a township begins with the six digits of its county. A development zone may have one of its own.
    let area = county.code.get(..6).unwrap_or(&county.code);
    if faults.is_empty() && code == county.code {
        faults.push(FieldFault {
            field: "code".into(),
            key: "office_county".into(),
            say: Say::owned(
                format!("这是本县自己的代码。请填写乡镇的 9 位代码，如 {area}104。"),
                format!("That is the county's own code. Enter the township's nine digits, such as {area}104."),
            ),
        });
    } else if faults.is_empty() && !code.starts_with(area) && !ask.other_area {
        faults.push(FieldFault {
            field: "code".into(),
            key: "office_elsewhere".into(),
            say: Say::owned(
                format!("乡镇的代码以本县的 {area} 开头，如 {area}104。请核对；确实属于本县、只是代码不同的（如开发区），请在下面勾选后再生成。"),
                format!("The code of a township begins with this county's {area}, such as {area}104. Check it; where it belongs to this county indeed and only its code differs (a development zone), say so below."),
            ),
        });
    }
    let known = offices_named(&desk.view())?;
    let namesake = known.iter().find(|(_, known, code_of)| *known == name && *code_of != code);
    if let Some((_, _, code_of)) = namesake.filter(|_| !ask.same_name) {
        faults.push(FieldFault {
            field: "name".into(),
            key: "office_same_name".into(),
            say: Say::owned(
                format!("名单里已有同名的办公室（代码 {code_of}）。是同一个的，不要再邀请；确实是另一个单位的，请在下面勾选后再生成。"),
                format!("An office of that name is in the list (code {code_of}). Do not invite the same one twice; where it is another one indeed, say so below."),
            ),
        });
    }
    if known.iter().any(|(_, _, known)| *known == code) {
        faults.push(FieldFault {
            field: "code".into(),
            key: "office_exists".into(),
            say: Say::new(
                "这个代码的办公室已经邀请过。要给它添加电脑，请它在自己电脑的“设置”里办理；它的电脑用不了时，请点名单里的“添加电脑”。",
                "An office with this code has been invited already. A further PC of it is added in Settings there, or by “Add a PC” in the list where its own PC cannot.",
            ),
        });
    }
    if !faults.is_empty() {
        return Err(Fault::fields(faults));
    }
    let kind =
        ask.kind.unwrap_or_else(|| if name.contains("街道") { "sub_district".into() } else { "township".into() });
    let id = desk.act.new_id();
    desk.note.kind = Some(OfficeEntry::TYPE.name);
    desk.note.record = Some(id);

    let rng = &mut desk.act.moment.rng;
    let streams = [Stream::Office(id), Stream::Audit(id)].map(|stream| (stream, StreamKey::generate(1, rng)));
    let county_keys = keys.streams.iter().filter(|((s, _), _)| *s == Stream::County).map(|((s, _), k)| (*s, k.clone()));
    let all = streams.iter().cloned().chain(county_keys).collect();
    let invited = Invited { id, name: name.clone(), code: code.clone(), kind: kind.clone() };
    let made = devices::seal(desk, invited, all, None)?;
    let delegation = Some(hex::encode(made.delegation.0));
    desk.act.create_as(
        &Stream::County,
        id,
        OfficeEntry { name, code: code.clone(), kind: Some(kind), delegation },
        None,
    )?;
    // The county's other PCs read the new office too.
    devices::tell(desk, &streams)?;
    for (stream, key) in &streams {
        set_secret(desk.act.conn, &Keys::secret_name(stream, key.epoch()), key.secret())?;
        desk.new_keys.push((*stream, key.clone()));
    }
    // And whoever founds the county again from its kit.
    devices::grant_owed(desk)?;
    Ok(Invitation { code: made.code, packet: made.packet, file: format!("{code}.njinvite"), office: id.to_string() })
}

/// Takes an invitation back that nobody has used, with those of further PCs of that office.
fn withdraw(desk: &mut Desk<'_>, ask: WithdrawOfficeAsk) -> Result<Offices, Fault> {
    let id: RecordId = ask.office.parse().map_err(|_| devices::invitation_unknown())?;
    let layout = desk.act.layout(OfficeEntry::TYPE.name)?;
    let row =
        rows::by_id(desk.act.conn, layout, id)?.filter(|row| !row.void).ok_or_else(devices::invitation_unknown)?;
    let first = OfficeEntry::from_values(&row.values)?.delegation.ok_or_else(devices::invitation_unknown)?;
    let stream = desk.act.memory.known_stream(&Stream::Office(id));
    let further = desk.view().select::<Device>("void = 0 AND stream = ?1 AND delegation IS NOT NULL", &[&stream])?;
    let made_out: Vec<String> =
        std::iter::once(first).chain(further.into_iter().filter_map(|(_, device)| device.delegation)).collect();
    devices::withdraw(desk, id, &made_out)?;
    let seen = row.versions.clone();
    desk.act.void(layout, &row, &seen, true)?;
    desk.note.kind = Some(OfficeEntry::TYPE.name);
    desk.note.record = Some(id);
    list(&desk.view())
}

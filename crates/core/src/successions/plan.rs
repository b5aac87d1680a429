//! Entering a reorganisation: what is asked is checked as a whole, entered part by part, and done at once where its day has come.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use niangjia_replication::Stream;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    PLANNED, Succession,
    carry::carry_out,
    list::{self, Successions, closed},
};
use crate::{
    enterprises::Enterprise,
    fault::{Fault, FieldFault},
    office::{Desk, View},
    organisations::{Organisation, offices_named},
    people::Role,
    record::{Record as _, RecordId},
    registry::Registry,
    store::rows,
    words::Say,
};

/// A reorganisation.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct SuccessionAsk {
    /// Code of `succession_kind`.
    pub kind: String,
    /// Approval number.
    pub paper: String,
    /// From when; until then nothing changes.
    pub on: NaiveDate,
    /// What goes where.
    pub parts: Vec<PartAsk>,
    /// Note.
    #[serde(default)]
    pub note: Option<String>,
}

/// What goes from one office to another one.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct PartAsk {
    /// Id of the old office.
    pub from: String,
    /// Id of the new one.
    pub to: String,
    /// Ids of enterprises and unions that go, with all that belongs to them; none where the whole office goes.
    #[serde(default)]
    pub records: Option<Vec<String>>,
}

/// Which one is taken back.
#[derive(Deserialize, JsonSchema)]
pub struct SuccessionWithdrawAsk {
    /// Its id.
    pub id: String,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("successions.plan", Role::SystemAdmin, plan);
    registry.action("successions.withdraw", Role::SystemAdmin, withdraw);
}

fn fault(field: &str, key: &str, say: Say) -> FieldFault {
    FieldFault { field: field.into(), key: key.into(), say }
}

/// What is asked, as it would be entered.
///
/// # Errors
/// `not_registrar`; faults of fields, by part (`parts.0.to`).
pub(super) fn checked(view: &View<'_>, ask: &SuccessionAsk) -> Result<Vec<Succession>, Fault> {
    if !view.office.registrar() {
        return Err(Fault::new(
            "not_registrar",
            "机构调整由县总工会的第一台电脑办理，本机没有办理。",
            "The county's first PC reorganises offices; nothing was done here.",
        ));
    }
    let mut faults = Vec::new();
    if crate::codes::SUCCESSION_KIND.get(ask.kind.trim()).is_none() {
        faults.push(fault("kind", "kind_missing", Say::new("请选择调整方式。", "Choose the kind of reorganisation.")));
    }
    if ask.paper.trim().is_empty() {
        faults.push(fault("paper", "paper_missing", Say::new("请填写批复文号。", "Enter the number of the approval.")));
    }
    if ask.parts.is_empty() {
        faults.push(fault("parts", "parts_missing", Say::new("请至少填写一项划转。", "Say what goes where.")));
    }
    let offices: BTreeMap<String, RecordId> =
        offices_named(view)?.into_iter().map(|(id, ..)| (id.to_string(), id)).collect();
    let closed = closed(view)?;
    let (mut out, mut chosen, mut whole) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (n, part) in ask.parts.iter().enumerate() {
        let at = |field: &str| format!("parts.{n}.{field}");
        let mut office = |id: &str, field: &str| {
            let known = offices.get(id).copied().filter(|id| !closed.contains_key(id));
            if known.is_none() {
                faults.push(fault(
                    &at(field),
                    "office_unknown",
                    Say::new("请从名单里选一个还在的工会。", "Choose an office of the list that still stands."),
                ));
            }
            known
        };
        let (from, to) = (office(&part.from, "from"), office(&part.to, "to"));
        let (Some(from), Some(to)) = (from, to) else { continue };
        if from == to {
            faults.push(fault(
                &at("to"),
                "same_office",
                Say::new("原工会和接续工会不能是同一个。", "An office cannot succeed itself."),
            ));
        }
        let stream = view.memory.known_stream(&Stream::Office(to));
        if stream.is_none_or(|stream| !view.memory.heads.keys().any(|(of, _)| *of == stream)) {
            faults.push(fault(
                &at("to"),
                "office_unheard",
                Say::new(
                    "接续工会还没有加入过，本县没有收到它的任何内容。请先邀请它加入，等它上报一次再办。",
                    "Nothing of the new office has come here yet. Invite it first, and wait until it has reported once.",
                ),
            ));
        }
        let records = match &part.records {
            None => {
                if !whole.insert(from) {
                    faults.push(fault(
                        &at("from"),
                        "whole_twice",
                        Say::new(
                            "同一个工会的其余部分只能整体划给一个工会。",
                            "The rest of one office can go to one office only.",
                        ),
                    ));
                }
                None
            }
            Some(ids) => {
                let mut bytes = Vec::new();
                for id in ids {
                    let Some(id) = standing(view, id, from)?.filter(|id| chosen.insert(*id)) else {
                        faults.push(fault(
                            &at("records"),
                            "record_unknown",
                            Say::new(
                                "所选的单位或工会不在原工会名下，或者选了两次。请重新选择。",
                                "Something chosen does not stand with the old office, or was chosen twice. Choose again.",
                            ),
                        ));
                        continue;
                    };
                    bytes.extend_from_slice(&id.0);
                }
                if ids.is_empty() {
                    faults.push(fault(
                        &at("records"),
                        "records_missing",
                        Say::new("请选择要划转的单位或工会。", "Choose the enterprises or unions that go."),
                    ));
                }
                Some(bytes)
            }
        };
        out.push(Succession {
            paper: ask.paper.trim().to_owned(),
            kind: Some(ask.kind.trim().to_owned()),
            from_office: Some(from),
            to_office: Some(to),
            records,
            effective_on: Some(ask.on),
            note: ask.note.as_deref().map(str::trim).filter(|note| !note.is_empty()).map(ToOwned::to_owned),
        });
    }
    // Who is given up takes nothing in.
    for (n, part) in out.iter().enumerate() {
        if part.to_office.is_some_and(|to| whole.contains(&to)) {
            faults.push(fault(
                &format!("parts.{n}.to"),
                "heir_closed",
                Say::new(
                    "接续工会在这次调整中也被撤并，不能接收。",
                    "The new office is given up in the same reorganisation.",
                ),
            ));
        }
    }
    if !faults.is_empty() {
        return Err(Fault::fields(faults));
    }
    // What is named goes before the rest.
    out.sort_by_key(|part| part.records.is_none());
    Ok(out)
}

/// An enterprise or union that stands with an office.
fn standing(view: &View<'_>, id: &str, office: RecordId) -> Result<Option<RecordId>, Fault> {
    let Ok(id) = id.parse::<RecordId>() else { return Ok(None) };
    let Some(stream) = view.memory.known_stream(&Stream::Office(office)) else { return Ok(None) };
    if id == office {
        return Ok(None);
    }
    for kind in [Enterprise::TYPE.name, Organisation::TYPE.name] {
        let row = rows::in_stream(view.conn, view.layout(kind)?, id, stream)?;
        if row.is_some_and(|row| super::selection::held_here(&row)) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

fn plan(desk: &mut Desk<'_>, ask: SuccessionAsk) -> Result<Successions, Fault> {
    let parts = checked(&desk.view(), &ask)?;
    let keys = desk.office().keys();
    let (now, mut count) = (ask.on <= desk.act.moment.today(), 0);
    for part in parts {
        let id = desk.act.create(&Stream::County, part, None)?;
        if now {
            count += carry_out(desk, &keys, id)?;
        }
        desk.note.record = Some(id);
    }
    desk.note.kind = Some(Succession::TYPE.name);
    desk.note.count = Some(usize::try_from(count).unwrap_or(usize::MAX));
    desk.note.reason = Some(ask.paper.trim().to_owned());
    list::list(&desk.view())
}

fn withdraw(desk: &mut Desk<'_>, ask: SuccessionWithdrawAsk) -> Result<Successions, Fault> {
    let id: RecordId = ask.id.parse().map_err(|_| Fault::not_found())?;
    let layout = desk.act.layout(Succession::TYPE.name)?;
    let row = desk.act.row(layout, id)?;
    if row.void || row.state.as_deref() != Some(PLANNED) || !desk.office().registrar() {
        return Err(Fault::new(
            "succession_done",
            "这项调整已经办理，不能撤回，没有做任何改动。需要改回去的，请另办一次方向相反的调整。",
            "This was carried out and cannot be taken back; nothing was changed. To undo it, enter one in the other direction.",
        ));
    }
    let seen = row.versions.clone();
    desk.act.void(layout, &row, &seen, true)?;
    desk.note.kind = Some(Succession::TYPE.name);
    desk.note.record = Some(id);
    list::list(&desk.view())
}

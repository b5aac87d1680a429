//! The tray of late edits: what the old office still wrote on somebody who had gone. The new holder takes or refuses it, and
//! the old office hears which.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Adoption, LateEdit, shared};
use crate::{
    fault::Fault,
    office::{Desk, View},
    people::{Nothing, Role},
    record::{Record as _, RecordId},
    records::{self, FieldChange},
    registry::Registry,
    store::{
        NewEvent,
        gather::unpacked,
        rows::{self, Stored},
    },
    words::Say,
};

/// Late edits.
#[derive(Serialize, JsonSchema)]
pub struct LateEdits {
    /// Those that wait first, then the newest.
    pub rows: Vec<LateLine>,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
pub struct LateLine {
    /// Its id.
    pub id: String,
    /// Name of the member.
    pub name: String,
    /// Kind of the record.
    pub of: String,
    /// The record.
    pub record: String,
    /// The office that wrote it.
    pub from: String,
    /// `waiting`, `accepted`, `refused`.
    pub state: String,
    /// Whether this office takes or refuses it.
    pub own: bool,
    /// Why it was refused.
    pub reason: Option<String>,
    /// What was written, one entry for each change.
    pub changes: Vec<LateChange>,
}

/// One change.
#[derive(Serialize, JsonSchema)]
pub struct LateChange {
    /// When it was written, milliseconds since 1970.
    pub at: i64,
    /// Who wrote it.
    pub author: String,
    /// The event, if it is one.
    pub event: Option<String>,
    /// Fields: what stands here now, and what was written.
    pub fields: Vec<FieldChange>,
}

/// Which late edit.
#[derive(Deserialize, JsonSchema)]
pub struct TakeLateAsk {
    /// Its id.
    pub id: String,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("transfers.late", Role::Viewer, |view, _: Nothing| late(view));
    registry.action("transfers.take_late", Role::Clerk, take);
    registry.action("transfers.refuse_late", Role::Clerk, refuse);
}

fn late(view: &View<'_>) -> Result<LateEdits, Fault> {
    let own = view.memory.known_stream(&view.office.own_stream());
    let all = view
        .select::<LateEdit>("stream = ?1 AND void = 0 ORDER BY state <> 'waiting', made_at DESC LIMIT 200", &[&own])?;
    // One that cannot be read is of no use to a clerk, and hides no other.
    Ok(LateEdits { rows: all.iter().filter_map(|(row, edit)| line(view, row, edit).ok()).collect() })
}

fn line(view: &View<'_>, row: &Stored, edit: &LateEdit) -> Result<LateLine, Fault> {
    let own = view.office.identity().office;
    let layout = view.layout(LateEdit::TYPE.name)?;
    let events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
    let authors: std::collections::BTreeMap<String, String> =
        edit.authors.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let record = edit.record.ok_or_else(Fault::not_found)?;
    let of = view.layout(&edit.of)?;
    let stands = rows::by_id(view.conn, of, record)?;
    let mut changes = Vec::new();
    for change in unpacked(&edit.changes)? {
        let mut fields = Vec::new();
        for set in &change.sets {
            let Some(place) = of.place(&set.field) else { continue };
            let field = &of.ty.fields[place];
            let now = stands.as_ref().map_or(&crate::record::Value::Null, |row| &row.values[place]);
            fields.push(FieldChange {
                field: field.name.to_owned(),
                old: records::shown(view, field.kind, now, field.sensitive)?,
                new: records::shown(view, field.kind, &set.value, field.sensitive)?,
            });
        }
        changes.push(LateChange {
            at: change.wall,
            author: authors.get(&change.author.to_string()).cloned().unwrap_or_default(),
            event: change.event.as_ref().map(|event| event.name.to_string()),
            fields,
        });
    }
    Ok(LateLine {
        id: row.id.to_string(),
        name: edit.name.clone().unwrap_or_default(),
        of: edit.of.clone(),
        record: record.to_string(),
        from: shared::name_of(view, edit.from_office)?.unwrap_or_default(),
        state: row.state.clone().unwrap_or_default(),
        own: edit.from_office != Some(own),
        reason: events.iter().rev().find_map(|event| event.text("reason").map(ToOwned::to_owned)),
        changes,
    })
}

fn waiting(desk: &Desk<'_>, id: &str) -> Result<(Stored, LateEdit), Fault> {
    let id: RecordId = id.parse().map_err(|_| Fault::not_found())?;
    let view = desk.view();
    let own = view.memory.known_stream(&view.office.own_stream()).ok_or_else(Fault::not_found)?;
    let row = rows::in_stream(view.conn, view.layout(LateEdit::TYPE.name)?, id, own)?.ok_or_else(Fault::not_found)?;
    let edit = LateEdit::from_values(&row.values)?;
    let ours = edit.from_office != Some(view.office.identity().office);
    if row.state.as_deref() == Some("waiting") && ours {
        return Ok((row, edit));
    }
    Err(Fault::say(
        "late_edit_settled",
        Say::new(
            "这条修改已经处理过了，或应由会籍所在的工会处理，没有改动。请刷新看看。",
            "This edit has been settled already, or the union that holds the membership settles it; nothing was changed. Look again.",
        ),
    ))
}

fn take(desk: &mut Desk<'_>, ask: TakeLateAsk) -> Result<LateLine, Fault> {
    let (row, edit) = waiting(desk, &ask.id)?;
    let stream = desk.office().own_stream();
    let adoption = Adoption {
        of: edit.of.clone(),
        record: edit.record,
        changes: edit.changes.clone(),
        authors: edit.authors.clone(),
    };
    desk.act.create(&stream, adoption, None)?;
    settled(desk, &row, &edit, "accepted", None)
}

fn refuse(desk: &mut Desk<'_>, ask: super::release::WithReason) -> Result<LateLine, Fault> {
    let reason = shared::why(&ask.reason)?;
    let (row, edit) = waiting(desk, &ask.id)?;
    settled(desk, &row, &edit, "refused", Some(&reason))
}

fn settled(
    desk: &mut Desk<'_>,
    row: &Stored,
    edit: &LateEdit,
    name: &'static str,
    reason: Option<&str>,
) -> Result<LateLine, Fault> {
    let own = desk.office().identity().office;
    let detail = shared::detail(own, desk.act.moment.today(), reason);
    let layout = desk.act.layout(LateEdit::TYPE.name)?;
    let seen = row.versions.clone();
    desk.act.change(layout, row, &seen, &[], Some(NewEvent { name, detail }))?;
    desk.note.kind = Some(LateEdit::TYPE.name);
    desk.note.record = Some(row.id);
    desk.note.reason = reason.map(ToOwned::to_owned);
    let row = rows::in_stream(desk.act.conn, layout, row.id, row.stream)?.ok_or_else(Fault::not_found)?;
    line(&desk.view(), &row, edit)
}

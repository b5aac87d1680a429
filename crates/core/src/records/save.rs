//! Check and save: the form's fields become values, the rules judge the whole, the act writes what changed.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    Candidate, Ledger,
    ask::{Checked, SaveAsk, Saved, VoidAsk},
    get, shape, to_json,
};
use crate::{
    fault::{Fault, FieldFault},
    office::{Desk, View},
    record::{Layout, RecordId, Value},
    store::{NewEvent, moving::PROVISIONAL, rows, rows::Stored, versions::Versions},
    words::Say,
};
use niangjia_replication::planted;

/// Builds the record as it would stand after the save.
fn candidate<'a>(
    conn: &rusqlite::Connection,
    layout: &'a Layout,
    row: Option<&Stored>,
    fields: &BTreeMap<String, Json>,
) -> Result<Candidate<'a>, Fault> {
    let mut candidate = Candidate {
        layout,
        id: row.map(|r| r.id),
        values: row.map_or_else(|| vec![Value::Null; layout.ty.fields.len()], |r| r.values.clone()),
        given: vec![false; layout.ty.fields.len()],
        faults: Vec::new(),
        notices: Vec::new(),
    };
    for (name, json) in fields {
        let place = layout.place(name).ok_or_else(|| Fault::question(format!("field {name}")))?;
        candidate.given[place] = true;
        let field = &layout.ty.fields[place];
        // A page knows a picture by its address: one that stood here before, or one side of a conflict.
        if let (crate::record::Kind::Picture, Json::String(address)) = (field.kind, json)
            && let Some(value) = crate::blobs::by_address(conn, address)?
        {
            candidate.values[place] = value;
            continue;
        }
        match shape::from_json(field, json) {
            Ok(value) => candidate.values[place] = value,
            Err(fault) => candidate.faults.push(fault),
        }
    }
    Ok(candidate)
}

/// Judges a candidate: what is required, then the rules of the module.
fn judge(view: &View<'_>, ledger: Ledger, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    (ledger.rules)(view, candidate)?;
    for (place, field) in candidate.layout.ty.fields.iter().enumerate() {
        let told = candidate.faults.iter().any(|f| f.field == field.name);
        // A merged record may lack what the form requires; editing another field of it is still possible.
        let due = candidate.id.is_none() || candidate.given[place];
        if field.required && due && !told && crate::people::empty(&candidate.values[place]) {
            let key = if field.name == "name" { "name_missing".to_owned() } else { format!("{}_missing", field.name) };
            let say = Say::owned(format!("请填写“{}”。", field.zh), format!("Enter: {}.", field.en));
            candidate.faults.push(FieldFault { field: field.name.into(), key, say });
        }
    }
    Ok(())
}

/// Judges values that the store holds already as if a form gave them.
pub(super) fn accept(
    view: &View<'_>,
    ledger: Ledger,
    layout: &Layout,
    row: &Stored,
    fields: &[(usize, Value)],
) -> Result<Vec<super::Notice>, Fault> {
    let mut candidate = candidate(view.conn, layout, Some(row), &BTreeMap::new())?;
    for (place, value) in fields {
        candidate.values[*place] = value.clone();
        candidate.given[*place] = true;
    }
    judge(view, ledger, &mut candidate)?;
    if candidate.faults.is_empty() { Ok(candidate.notices) } else { Err(Fault::fields(candidate.faults)) }
}

fn seen_row(view: &View<'_>, layout: &Layout, id: Option<&String>) -> Result<Option<Stored>, Fault> {
    id.map(|text| rows::by_id(view.conn, layout, get::id(text)?)?.ok_or_else(Fault::not_found)).transpose()
}

pub(super) fn check(view: &View<'_>, ledger: Ledger, ask: &SaveAsk) -> Result<Checked, Fault> {
    let layout = view.layout(ledger.ty.name)?;
    let row = seen_row(view, layout, ask.id.as_ref())?;
    let mut candidate = candidate(view.conn, layout, row.as_ref(), &ask.fields)?;
    judge(view, ledger, &mut candidate)?;
    let mut filled = BTreeMap::new();
    for (place, field) in layout.ty.fields.iter().enumerate() {
        let stood = row.as_ref().map_or(&Value::Null, |r| &r.values[place]);
        if candidate.given[place] && !ask.fields.contains_key(field.name) && candidate.values[place] != *stood {
            filled.insert(field.name.to_owned(), to_json(field.kind, &candidate.values[place], false));
        }
    }
    // While a new record is typed, what is still empty is not yet wrong.
    let faults =
        candidate.faults.into_iter().filter(|f| ask.id.is_some() || ask.fields.contains_key(&f.field)).collect();
    Ok(Checked { faults, notices: candidate.notices, filled })
}

pub(super) fn save(desk: &mut Desk<'_>, ledger: Ledger, ask: &SaveAsk) -> Result<Saved, Fault> {
    save_with(desk, ledger, ask, None)
}

/// Saves a form, with an event where the command brings one.
pub(crate) fn save_with(
    desk: &mut Desk<'_>,
    ledger: Ledger,
    ask: &SaveAsk,
    event: Option<NewEvent>,
) -> Result<Saved, Fault> {
    save_given(desk, ledger, ask, event, None, &[])
}

/// The same for a record whose id is given, and where some faults are none.
pub(crate) fn save_given(
    desk: &mut Desk<'_>,
    ledger: Ledger,
    ask: &SaveAsk,
    event: Option<NewEvent>,
    id: Option<RecordId>,
    pardoned: &[&str],
) -> Result<Saved, Fault> {
    let layout = desk.act.layout(ledger.ty.name)?;
    let view = desk.view();
    let row = seen_row(&view, layout, ask.id.as_ref())?;
    let mut candidate = candidate(view.conn, layout, row.as_ref(), &ask.fields)?;
    judge(&view, ledger, &mut candidate)?;
    candidate.faults.retain(|fault| !pardoned.contains(&fault.key.as_str()));
    if !candidate.faults.is_empty() {
        return Err(Fault::fields(candidate.faults));
    }
    let Candidate { values, given, notices, .. } = candidate;
    desk.note.kind = Some(ledger.ty.name);
    match row {
        None => {
            let id = id.unwrap_or_else(|| desk.act.new_id());
            let stream = desk.office().own_stream();
            desk.act.create_values(&stream, layout, id, values, event)?;
            desk.note.record = Some(id);
            saved(desk, layout, id, Saw::All, notices)
        }
        Some(row) => {
            let token = ask.token.as_deref().ok_or_else(|| {
                Fault::new(
                    "token_missing",
                    "不知道您看到的是哪个版本，所以没有保存。请重新打开这条记录后再保存。",
                    "It is not known which version you saw, so nothing was saved. Open the record again and save.",
                )
            })?;
            let seen = if planted!("versions taken at save") {
                row.versions.clone()
            } else {
                Versions::from_token(token, layout)?
            };
            let fields: Vec<(usize, Value)> = values.into_iter().enumerate().filter(|(p, _)| given[*p]).collect();
            desk.act.change(layout, &row, &seen, &fields, event)?;
            desk.note.record = Some(row.id);
            saved(desk, layout, row.id, Saw::Form(&row.versions, &seen), notices)
        }
    }
}

/// What whoever saves has seen of the record.
#[derive(Clone, Copy)]
pub(crate) enum Saw<'a> {
    /// Nobody asked.
    Untold,
    /// All of it: it is new.
    All,
    /// The versions as they stood before the save, and those of the form.
    Form(&'a Versions, &'a Versions),
}

pub(crate) fn saved(
    desk: &mut Desk<'_>,
    layout: &Layout,
    id: RecordId,
    saw: Saw<'_>,
    notices: Vec<super::Notice>,
) -> Result<Saved, Fault> {
    let row = desk.act.row(layout, id)?;
    let view = desk.view();
    let token = match saw {
        Saw::Untold => None,
        Saw::All => Some(row.versions.token(layout)),
        Saw::Form(before, seen) => Some(row.versions.known_to(before, seen, layout).token(layout)),
    };
    Ok(Saved { id: id.to_string(), token, standing: get::standing(&view, layout, &row)?, notices })
}

pub(super) fn void(desk: &mut Desk<'_>, ledger: Ledger, ask: &VoidAsk) -> Result<Saved, Fault> {
    if ask.reason.trim().is_empty() {
        return Err(Fault::fields(vec![FieldFault {
            field: "reason".into(),
            key: "reason_missing".into(),
            say: Say::new("请写明作废的原因，以后查账时要用。", "Say why: it will be asked for later."),
        }]));
    }
    let layout = desk.act.layout(ledger.ty.name)?;
    let row = desk.act.row(layout, get::id(&ask.id)?)?;
    if row.state.as_deref() == Some(PROVISIONAL) {
        return Err(Fault::new(
            "taken_in_provisionally",
            "这位会员是暂接的，不能作废，没有改动。接错了的，请在“会籍接转”里撤回接收。",
            "This member was taken in provisionally and cannot be made void; nothing was changed. Where it was a mistake, take the taking in back under Transfers.",
        ));
    }
    let seen = Versions::from_token(&ask.token, layout)?;
    desk.act.void(layout, &row, &seen, ask.void)?;
    desk.note.kind = Some(ledger.ty.name);
    desk.note.record = Some(row.id);
    desk.note.reason = Some(ask.reason.trim().to_owned());
    saved(desk, layout, row.id, Saw::Form(&row.versions, &seen), Vec::new())
}

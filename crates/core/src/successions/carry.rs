//! Carrying out: each record that goes is brought into the stream of its new office and ruled to be held there. The same again behind
//! each exchange, for what the old office wrote before it had heard.

use std::{collections::BTreeSet, sync::PoisonError};

use niangjia_replication::{Stream, planted};

use super::{CARRIED_OUT, DONE, PLANNED, Succession, selection::Selection};
use crate::{
    fault::Fault,
    identity::Keys,
    members::Member,
    office::{Desk, View},
    organisations::Organisation,
    record::{Record as _, RecordId, Value},
    store::{
        NewEvent,
        rows::{self, Stored},
    },
    transfers::{self, Ground},
};

/// Successions of which something is to be done now: their day has come, or something came late of what they name.
pub(crate) fn due(view: &View<'_>) -> Result<Vec<RecordId>, Fault> {
    if !view.office.registrar() {
        return Ok(Vec::new());
    }
    let county = view.memory.known_stream(&Stream::County);
    let all = view.select::<Succession>("void = 0 AND stream = ?1 ORDER BY effective_on, id", &[&county])?;
    let mut out = Vec::new();
    for (row, succession) in all {
        let come = succession.effective_on.is_some_and(|day| day <= view.today());
        if row.state.as_deref() == Some(PLANNED) {
            if come {
                out.push(row.id);
            }
            continue;
        }
        let stream = succession.from_office.and_then(|from| view.memory.known_stream(&Stream::Office(from)));
        let grown = stream.is_some_and(|stream| {
            let swept = view.office.swept.lock().unwrap_or_else(PoisonError::into_inner);
            swept.get(&stream) != transfers::grown(view.memory).get(&stream)
        });
        if planted!("what is written late stays behind its enterprise") {
            continue;
        }
        if grown && !Selection::late(view, &succession)?.is_empty() {
            out.push(row.id);
        }
    }
    Ok(out)
}

/// Brings over what still stands with the old office. Returns how many records went; one that is not whole in the log here goes
/// with a later exchange.
pub(crate) fn carry_out(desk: &mut Desk<'_>, keys: &Keys, id: RecordId) -> Result<u64, Fault> {
    let layout = desk.act.layout(Succession::TYPE.name)?;
    let row = desk.act.row(layout, id)?;
    let succession = Succession::from_values(&row.values)?;
    let (Some(from), Some(to)) = (succession.from_office, succession.to_office) else { return Ok(0) };
    let selection = if row.state.as_deref() == Some(DONE) {
        Selection::late(&desk.view(), &succession)?
    } else {
        Selection::of(&desk.view(), &succession)?
    };
    let unions: BTreeSet<RecordId> = selection.organisations.iter().map(|row| row.id).collect();
    let into = Stream::Office(to);
    let ground = Ground { succession: Some(id), ..Ground::default() };
    let mut gone = 0;
    for (kind, one) in selection.all() {
        match transfers::bring(desk, keys, kind, one, &into) {
            Err(fault) if transfers::WAITS.contains(&fault.code.as_str()) => continue,
            other => other?,
        }
        transfers::hold(desk, one.id, to, &ground)?;
        let moved = Moved { from, to, succession: id };
        if kind == Member::TYPE.name {
            place_anew(desk, one, &moved, &unions)?;
        } else if kind == Organisation::TYPE.name {
            hang_anew(desk, one, &moved, &unions)?;
        }
        gone += 1;
    }
    if row.state.as_deref() != Some(DONE) {
        let detail = vec![
            ("on", Value::Text(desk.act.moment.today().to_string().into())),
            ("count", Value::Int(i64::try_from(gone).unwrap_or(i64::MAX))),
        ];
        let seen = row.versions.clone();
        desk.act.change(layout, &row, &seen, &[], Some(NewEvent { name: CARRIED_OUT, detail }))?;
    }
    Ok(gone)
}

/// From where to where, and by which succession.
struct Moved {
    from: RecordId,
    to: RecordId,
    succession: RecordId,
}

/// What says something of the place is not adopted; nobody changed their work, so it is said again, with the union as it is now.
fn place_anew(desk: &mut Desk<'_>, old: &Stored, moved: &Moved, unions: &BTreeSet<RecordId>) -> Result<(), Fault> {
    let layout = desk.act.layout(Member::TYPE.name)?;
    let Some(new) = in_new(desk, layout, old, moved.to)? else { return Ok(()) };
    let union = layout.place("organisation");
    let local = |place: &usize| layout.local.contains(&layout.register_of[*place]);
    let fields: Vec<(usize, Value)> = (0..old.values.len())
        .filter(local)
        .map(|place| match &old.values[place] {
            Value::Bytes(of) if Some(place) == union && !unions.iter().any(|union| of[..] == union.0) => {
                (place, Value::Bytes(moved.to.0.to_vec().into()))
            }
            value => (place, value.clone()),
        })
        .filter(|(place, value)| *value != new.values[*place])
        .collect();
    let bytes = |id: RecordId| Value::Bytes(id.0.to_vec().into());
    let detail = vec![
        ("office", bytes(moved.to)),
        ("from", bytes(moved.from)),
        ("succession", bytes(moved.succession)),
        ("on", Value::Text(desk.act.moment.today().to_string().into())),
    ];
    let seen = new.versions.clone();
    desk.act.change(layout, &new, &seen, &fields, Some(NewEvent { name: "succeeded", detail }))?;
    Ok(())
}

/// A union whose parent stays behind hangs below its new office.
fn hang_anew(desk: &mut Desk<'_>, old: &Stored, moved: &Moved, unions: &BTreeSet<RecordId>) -> Result<(), Fault> {
    let layout = desk.act.layout(Organisation::TYPE.name)?;
    let Some(new) = in_new(desk, layout, old, moved.to)? else { return Ok(()) };
    let Some(place) = layout.place("parent") else { return Ok(()) };
    let stays = |parent: &Value| match parent {
        Value::Bytes(parent) => !unions.iter().any(|union| parent[..] == union.0),
        _ => false,
    };
    if stays(&new.values[place]) {
        let seen = new.versions.clone();
        let parent = Value::Bytes(moved.to.0.to_vec().into());
        desk.act.change(layout, &new, &seen, &[(place, parent)], None)?;
    }
    Ok(())
}

fn in_new(
    desk: &Desk<'_>,
    layout: &crate::record::Layout,
    old: &Stored,
    to: RecordId,
) -> Result<Option<Stored>, Fault> {
    match desk.act.memory.known_stream(&Stream::Office(to)) {
        Some(stream) => rows::in_stream(desk.act.conn, layout, old.id, stream),
        None => Ok(None),
    }
}

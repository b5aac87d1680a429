//! Conflicts: two people wrote the same without knowing of each other. Both values stand side by side until somebody takes
//! one; a value that is shown masked is taken without being shown.

use std::collections::BTreeMap;

use super::{
    Ledger,
    ask::{ConflictSide, FieldConflict, Saved, SettleAsk},
    get, history, json_fields,
    save::{self, Saw},
    shown,
};
use crate::{
    fault::Fault,
    office::{Desk, View},
    record::{Layout, Value},
    store::{
        past,
        rows::{self, Stored},
        versions::{Leaf, Versions, damaged},
    },
    words::Say,
};

type Pairs = Vec<(String, Value)>;

/// Registers with several leaves whose values differ.
pub(super) fn conflicts(view: &View<'_>, layout: &Layout, row: &Stored) -> Result<Vec<FieldConflict>, Fault> {
    let mut out = Vec::new();
    for (index, leaves) in row.versions.own.iter().filter(|(_, l)| l.len() > 1) {
        let register = layout.registers.get(*index).ok_or_else(|| damaged("register"))?;
        let past = past(view.conn, layout.no, row.rec)?;
        let mut sides: Vec<(Pairs, ConflictSide)> = Vec::new();
        for (n, leaf) in leaves.iter().enumerate() {
            let (pairs, author, at) = written(view, layout, row, *index, leaf)?;
            let told = past.iter().find(|change| (change.inc, change.ctr) == (leaf.inc, leaf.ctr));
            let replaced = told.into_iter().flat_map(|change| &change.sets);
            let replaced = replaced.filter(|(name, _, _)| pairs.iter().any(|(of, _)| of == name));
            let (office, device) = crate::devices::written_at(view, row.stream, leaf.inc)?;
            let side = ConflictSide {
                version: version(view, leaf)?,
                values: json_fields(layout, &pairs),
                shown_values: texts(view, layout, pairs.iter().map(|(name, value)| (name, value)))?,
                author: view.author(author)?,
                at,
                office,
                device,
                saw: texts(view, layout, replaced.map(|(name, old, _)| (name, old)))?,
                shown: n == 0,
            };
            sides.push((pairs, side));
        }
        if sides.windows(2).any(|w| w[0].0 != w[1].0) {
            let fields = if register.fields.is_empty() {
                vec![register.name.to_owned()]
            } else {
                register.fields.iter().map(|p| layout.ty.fields[*p].name.to_owned()).collect()
            };
            out.push(FieldConflict { fields, sides: sides.into_iter().map(|(_, s)| s).collect() });
        }
    }
    Ok(out)
}

fn texts<'v>(
    view: &View<'_>,
    layout: &Layout,
    pairs: impl Iterator<Item = (&'v String, &'v Value)>,
) -> Result<BTreeMap<String, Say>, Fault> {
    pairs
        .map(|(name, value)| {
            let text = match layout.place(name).map(|place| &layout.ty.fields[place]) {
                Some(field) => shown(view, field.kind, value, field.sensitive)?,
                None => history::flag(value),
            };
            Ok((name.clone(), text))
        })
        .collect()
}

/// What one side says, who wrote it and when.
fn written(
    view: &View<'_>,
    layout: &Layout,
    row: &Stored,
    index: usize,
    leaf: &Leaf,
) -> Result<(Pairs, i64, i64), Fault> {
    let register = layout.registers.get(index).ok_or_else(|| damaged("register"))?;
    let (vals, author, wall): (Vec<u8>, i64, i64) = view
        .conn
        .prepare_cached(
            "SELECT vals, author, wall FROM leaf WHERE kind = ?1 AND rec = ?2 AND register = ?3 AND inc = ?4 AND ctr = ?5",
        )?
        .query_row(rusqlite::params![layout.no, row.rec, register.name, leaf.inc, leaf.ctr], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?))
        })?;
    Ok((rows::unpack_pairs(&vals)?, author, wall))
}

/// A version by a name that every PC gives it.
fn version(view: &View<'_>, leaf: &Leaf) -> Result<String, Fault> {
    Ok(format!("{}-{}", view.memory.incarnation(leaf.inc)?, leaf.ctr))
}

/// One side of the conflict to which a field belongs: its register, and what it says.
///
/// # Errors
/// `conflict_gone` where that side stands no more; `question` for a field that there is not.
pub(super) fn side(
    view: &View<'_>,
    layout: &Layout,
    row: &Stored,
    field: &str,
    wanted: &str,
) -> Result<(usize, Pairs), Fault> {
    let index = match layout.place(field) {
        Some(place) => layout.registers.iter().position(|register| register.fields.contains(&place)),
        None => layout.registers.iter().position(|register| register.fields.is_empty() && register.name == field),
    };
    let index = index.ok_or_else(|| Fault::question("field"))?;
    for leaf in row.versions.own.get(&index).map_or(&[][..], Vec::as_slice) {
        if version(view, leaf)? == wanted {
            return Ok((index, written(view, layout, row, index, leaf)?.0));
        }
    }
    Err(Fault::new(
        "conflict_gone",
        "这一项刚刚已由别人处理，没有再改动。请刷新后看现在的内容。",
        "Somebody has settled this in the meantime; nothing was changed. Refresh to see what stands now.",
    ))
}

/// Takes one side: it replaces all that the clerk saw beside it.
pub(super) fn settle(desk: &mut Desk<'_>, ledger: Ledger, ask: &SettleAsk) -> Result<Saved, Fault> {
    let layout = desk.act.layout(ledger.ty.name)?;
    let row = desk.act.row(layout, get::id(&ask.id)?)?;
    let seen = Versions::from_token(&ask.token, layout)?;
    let (index, said) = side(&desk.view(), layout, &row, &ask.field, &ask.version)?;
    let value = |name: &str| said.iter().find(|(n, _)| n == name).map_or(Value::Null, |(_, value)| value.clone());
    let register = &layout.registers[index];
    desk.note.kind = Some(ledger.ty.name);
    desk.note.record = Some(row.id);
    if register.fields.is_empty() {
        desk.act.void(layout, &row, &seen, value(register.name) == Value::Bool(true))?;
        return save::saved(desk, layout, row.id, Saw::Form(&row.versions, &seen), Vec::new());
    }
    let fields: Vec<(usize, Value)> =
        register.fields.iter().map(|place| (*place, value(layout.ty.fields[*place].name))).collect();
    let notices = save::accept(&desk.view(), ledger, layout, &row, &fields)?;
    desk.act.change(layout, &row, &seen, &fields, None)?;
    save::saved(desk, layout, row.id, Saw::Form(&row.versions, &seen), notices)
}

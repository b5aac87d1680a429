//! Late edits: what an office still wrote on somebody who had gone. What the PC that let go had written by then belongs to the
//! file; the rest waits with the new holder for a person.

use std::{collections::BTreeMap, sync::PoisonError};

use niangjia_replication::{Stream, planted};

use super::{
    Adoption, HolderRuling, LateEdit,
    common::{Dots, WAITS, authors, carry},
};
use crate::{
    cards::Card,
    fault::Fault,
    identity::Keys,
    members::Member,
    office::{Desk, View},
    organisations::offices_named,
    record::{Layout, Moves, Record as _, RecordId, Value},
    store::{
        EventRow, LogKeys,
        gather::{Gather, dots},
        memory::Memory,
        moving::pack,
        rows::{self, Stored},
    },
};

/// What an office wrote on a record that another one holds.
pub(super) struct Late {
    kind: &'static str,
    row: Stored,
    to: Stream,
    dots: Dots,
    /// The PC that let go had written it by then: it belongs to the file and waits for nobody.
    with_it: bool,
}

/// Late edits that nobody has been handed yet.
pub(super) fn late(view: &View<'_>) -> Result<Vec<Late>, Fault> {
    let mut out = Vec::new();
    if planted!("late edits stay where they were written") {
        return Ok(out);
    }
    for layout in view.office.store.schema.all() {
        let goes_with = match layout.ty.moves {
            Moves::Never | Moves::Shared => continue,
            Moves::Itself => None,
            Moves::With(field) => layout.place(field),
        };
        let kind = layout.ty.name;
        for row in strays(view, layout)? {
            let of = match goes_with.map(|place| &row.values[place]) {
                None => Some(row.id),
                Some(Value::Bytes(id)) => <[u8; 16]>::try_from(&**id).ok().map(RecordId),
                Some(_) => None,
            };
            let holder = of.map(|of| holder(view, of)).transpose()?.flatten();
            let Some(to) = holder.map(Stream::Office) else { continue };
            let Some(stream) = view.memory.known_stream(&to) else { continue };
            // A card that was ordered too late is not there at all.
            let there = match rows::in_stream(view.conn, layout, row.id, stream)? {
                Some(there) => dots(view.conn, layout, &there)?,
                None => Dots::new(),
            };
            let mut lacks: Dots = dots(view.conn, layout, &row)?.difference(&there).copied().collect();
            if !lacks.is_empty() {
                lacks = lacks.difference(&handed(view, row.id, stream)?).copied().collect();
            }
            let before = before_release(view, &row, of, &lacks)?;
            let after: Dots = lacks.difference(&before).copied().collect();
            for (dots, with_it) in [(before, true), (after, false)] {
                if !dots.is_empty() {
                    out.push(Late { kind, row: row.clone(), to, dots, with_it });
                }
            }
        }
    }
    Ok(out)
}

/// Rows of records that went elsewhere in which something stands that was not adopted from there, as far as their streams have
/// grown since the last look.
fn strays(view: &View<'_>, layout: &Layout) -> Result<Vec<Stored>, Fault> {
    let grown: Vec<String> = {
        let swept = view.office.swept.lock().unwrap_or_else(PoisonError::into_inner);
        let grown = grown(view.memory).into_iter().filter(|(stream, changes)| swept.get(stream) != Some(changes));
        grown.map(|(stream, _)| stream.to_string()).collect()
    };
    let condition = format!(
        "state IN ('transferred', 'provisional') AND state = 'transferred' AND stream IN ({0}) AND EXISTS (
           SELECT 1 FROM (SELECT inc, ctr FROM past p WHERE p.kind = {1} AND p.rec = \"{2}\".rec
             UNION ALL SELECT inc, ctr FROM event e WHERE e.kind = {1} AND e.rec = \"{2}\".rec) d
           WHERE NOT EXISTS (SELECT 1 FROM \"{2}\" o JOIN adopted a ON a.stream = o.stream
             WHERE o.id = \"{2}\".id AND o.rec <> \"{2}\".rec AND a.inc = d.inc AND a.ctr = d.ctr))",
        grown.join(","),
        layout.no,
        layout.ty.name
    );
    rows::select(view.conn, layout, &condition, &[])
}

/// How many changes each stream holds.
pub(crate) fn grown(memory: &Memory) -> BTreeMap<i64, i64> {
    let mut out = BTreeMap::new();
    for ((stream, _), head) in &memory.heads {
        *out.entry(*stream).or_insert(0) += head.changes;
    }
    out
}

/// What the PC that let somebody go had written on her until then. The county may have confirmed by the slip before it came.
fn before_release(view: &View<'_>, row: &Stored, of: Option<RecordId>, lacks: &Dots) -> Result<Dots, Fault> {
    let ruling = of.map(|of| ruling_of(view, of)).transpose()?.flatten();
    let Some(ruling) = ruling else { return Ok(Dots::new()) };
    // Nobody let anything go: the office was reorganised, and its clerk went on because nobody had heard of it. All of it belongs to
    // the file.
    if ruling.succession.is_some() {
        return Ok(lacks.clone());
    }
    let members = view.layout(Member::TYPE.name)?;
    let member = of.map(|of| rows::in_stream(view.conn, members, of, row.stream)).transpose()?.flatten();
    let Some(member) = member.filter(|_| !lacks.is_empty()) else { return Ok(Dots::new()) };
    let events = rows::events(view.conn, view.memory, members.no, member.rec)?;
    // The release by which the county let her go, and no other.
    let by = ruling.transfer;
    let released =
        |event: &&EventRow| event.name == "released" && event.bytes("transfer") == by.as_ref().map(|by| &by.0[..]);
    let mut releases = events.iter().rev().filter(released);
    let Some(release) = releases.next().map(|event| (event.leaf.inc, event.leaf.ctr)) else { return Ok(Dots::new()) };
    let out = lacks.iter().filter(|(inc, ctr)| *inc == release.0 && *ctr <= release.1);
    Ok(out.copied().collect())
}

/// The office that holds a record by the county's newest ruling.
fn holder(view: &View<'_>, member: RecordId) -> Result<Option<RecordId>, Fault> {
    Ok(ruling_of(view, member)?.and_then(|ruling| ruling.holder))
}

/// What the office that holds a record is called; empty where nothing was ruled, or the office is not known here.
pub(crate) fn holder_name(view: &View<'_>, record: RecordId) -> Result<String, Fault> {
    let Some(holder) = holder(view, record)? else { return Ok(String::new()) };
    let known = offices_named(view)?.into_iter().find(|(id, ..)| *id == holder);
    Ok(known.map(|(_, name, _)| name).unwrap_or_default())
}

/// The county's newest ruling of a record.
fn ruling_of(view: &View<'_>, member: RecordId) -> Result<Option<HolderRuling>, Fault> {
    let county = view.memory.known_stream(&Stream::County);
    let rulings = view.select::<HolderRuling>(
        "record = ?1 AND stream = ?2 AND void = 0 ORDER BY nth DESC, id DESC LIMIT 1",
        &[&member.0, &county],
    )?;
    Ok(rulings.into_iter().next().map(|(_, ruling)| ruling))
}

/// Changes of a record that stand in late edits already.
fn handed(view: &View<'_>, record: RecordId, to: i64) -> Result<Dots, Fault> {
    let mut out = Dots::new();
    for row in
        rows::select(view.conn, view.layout(LateEdit::TYPE.name)?, "record = ?1 AND stream = ?2", &[&record.0, &to])?
    {
        // One that cannot be read hands nothing on.
        let Ok(late) = LateEdit::from_values(&row.values) else { continue };
        for change in crate::store::gather::unpacked(&late.changes).unwrap_or_default() {
            if let Some(inc) = view.memory.known_number(change.dot.incarnation.0) {
                out.insert((inc, i64::try_from(change.dot.counter).unwrap_or(i64::MAX)));
            }
        }
    }
    Ok(out)
}

pub(super) fn hand_on_late(desk: &mut Desk<'_>, keys: &Keys, late: &Late) -> Result<usize, Fault> {
    let layout = desk.act.layout(late.kind)?;
    let log = LogKeys { keys };
    let gather = Gather { conn: desk.act.conn, log: &log, memory: &desk.act.memory };
    let changes = match gather.changes(layout, &late.row, &late.dots) {
        Ok(changes) => changes,
        Err(fault) if WAITS.contains(&fault.code.as_str()) => return Ok(0),
        Err(fault) => return Err(fault),
    };
    if late.with_it {
        let authors = authors(&desk.view(), &changes)?;
        let record = Some(late.row.id);
        let adoption = Adoption { of: late.kind.into(), record, changes: pack(&changes)?, authors: Some(authors) };
        return match desk.act.create(&late.to, adoption, None) {
            // It waits for what it builds on, and stops nothing else.
            Err(fault) if WAITS.contains(&fault.code.as_str()) => Ok(0),
            done => done.map(|_| 1),
        };
    }
    let view = desk.view();
    let member = match late.kind {
        kind if kind == Member::TYPE.name => Some(late.row.id),
        _ => Card::from_values(&late.row.values)?.member,
    };
    let name = match member {
        Some(member) => match rows::by_id(view.conn, view.layout(Member::TYPE.name)?, member)? {
            Some(row) => Some(Member::from_values(&row.values)?.name),
            None => None,
        },
        None => None,
    };
    let edit = LateEdit {
        name,
        of: late.kind.into(),
        record: Some(late.row.id),
        from_office: desk.act.memory.stream_name(late.row.stream)?.office(),
        changes: pack(&changes)?,
        authors: Some(authors(&view, &changes)?),
    };
    let id = desk.act.create(&late.to, edit, None)?;
    Ok(1 + carry(desk, keys, id)?)
}

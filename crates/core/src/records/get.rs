//! A record's page: values, standing, conflicts, events; and the reveal of a masked value.

use std::collections::BTreeMap;

use super::{
    Ledger,
    ask::{Detail, EventLine, GetAsk, RevealAsk, Revealed},
    settle::{conflicts, side},
    shown, to_json,
};
use crate::{
    fault::Fault,
    office::{Desk, View},
    record::{Layout, RecordId, Value},
    store::{
        Mark, Standing,
        moving::TRANSFERRED,
        rows::{self, Stored},
        standing::{in_conflict, row_mark},
    },
    transfers,
};

pub(super) fn id(text: &str) -> Result<RecordId, Fault> {
    text.parse().map_err(|_| Fault::not_found())
}

pub(super) fn get(view: &View<'_>, ledger: Ledger, ask: &GetAsk) -> Result<Detail, Fault> {
    let layout = view.layout(ledger.ty.name)?;
    let row = rows::by_id(view.conn, layout, id(&ask.id)?)?.ok_or_else(Fault::not_found)?;
    detail(view, ledger, layout, &row)
}

pub(crate) fn standing(view: &View<'_>, layout: &Layout, row: &Stored) -> Result<Standing, Fault> {
    let mut statement = view.conn.prepare_cached("SELECT inc, ctr FROM event WHERE kind = ?1 AND rec = ?2")?;
    let events: Vec<(i64, i64)> = statement
        .query_map(rusqlite::params![layout.no, row.rec], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(Standing::of(
        row_mark(view.memory, view.office.registrar(), row, &events, in_conflict(view.conn, layout.no, row)?),
        view.office.identity.federation.is_none(),
    ))
}

fn detail(view: &View<'_>, ledger: Ledger, layout: &Layout, row: &Stored) -> Result<Detail, Fault> {
    let (mut fields, mut texts) = (BTreeMap::new(), BTreeMap::new());
    for (field, value) in layout.ty.fields.iter().zip(&row.values) {
        if *value != Value::Null {
            fields.insert(field.name.to_owned(), to_json(field.kind, value, field.sensitive));
            texts.insert(field.name.to_owned(), shown(view, field.kind, value, field.sensitive)?);
        }
    }
    let mut events = Vec::new();
    for event in rows::events(view.conn, view.memory, layout.no, row.rec)? {
        events.push(EventLine {
            detail: event
                .detail
                .iter()
                .map(|(n, v)| (n.clone(), to_json(crate::record::Kind::Text, v, false)))
                .collect(),
            author: view.author(event.author)?,
            at: event.wall,
            name: event.name,
        });
    }
    let mut attention = Vec::new();
    let mut candidate = super::Candidate {
        layout,
        id: Some(row.id),
        values: row.values.clone(),
        given: vec![true; row.values.len()],
        faults: Vec::new(),
        notices: Vec::new(),
    };
    // Reading never refuses: what a rule would refuse today is shown as needing a look.
    (ledger.rules)(view, &mut candidate)?;
    attention.extend(candidate.faults.into_iter().map(|f| super::Notice { field: f.field, key: f.key, say: f.say }));
    attention.extend(candidate.notices);
    let office = if row.state.as_deref() == Some(TRANSFERRED) {
        transfers::holder_name(view, row.id)?
    } else {
        let office = view.memory.stream_name(row.stream)?.office().unwrap_or(view.office.identity.office);
        super::title_of(view, "organisation", &office.0)?
    };
    Ok(Detail {
        id: row.id.to_string(),
        kind: layout.ty.name.to_owned(),
        title: texts.get(layout.ty.fields[layout.ty.title].name).map_or_else(String::new, |s| s.zh.to_string()),
        token: row.versions.token(layout),
        standing: standing(view, layout, row)?,
        conflicts: conflicts(view, layout, row)?,
        attention,
        derived: (ledger.derived)(view, row.id, &row.values)?.into_iter().collect(),
        state: row.state.clone(),
        events,
        void: row.void,
        office,
        fields,
        shown: texts,
    })
}

/// Whether lists mark the row as needing a person.
pub(super) fn mark(view: &View<'_>, layout: &Layout, row: &Stored) -> Result<Mark, Fault> {
    Ok(standing(view, layout, row)?.mark)
}

pub(super) fn reveal(desk: &mut Desk<'_>, ledger: Ledger, ask: &RevealAsk) -> Result<Revealed, Fault> {
    let layout = desk.act.layout(ledger.ty.name)?;
    let row = desk.act.row(layout, id(&ask.id)?)?;
    let place = layout.place(&ask.field).ok_or_else(|| Fault::question("field"))?;
    // Looking at a masked value is an act: who, which record, why.
    desk.note.kind = Some(ledger.ty.name);
    desk.note.record = Some(row.id);
    desk.note.reason = ask.reason.clone();
    desk.note.count = Some(1);
    let value = match &ask.version {
        None => row.values[place].clone(),
        Some(version) => {
            let (_, values) = side(&desk.view(), layout, &row, &ask.field, version)?;
            values.into_iter().find(|(name, _)| *name == ask.field).map_or(Value::Null, |(_, value)| value)
        }
    };
    Ok(Revealed { value: to_json(layout.ty.fields[place].kind, &value, false) })
}

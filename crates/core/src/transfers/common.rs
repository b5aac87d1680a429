//! Common records: each office with a part in one has a row of its own, and the registrar carries to each what the others wrote.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{Stream, change::Change};

use super::{Adoption, LateEdit, Transfer, shared};
use crate::{
    exchange::PROGRAM,
    fault::Fault,
    identity::Keys,
    office::{Desk, View},
    people::Clerk,
    record::{Layout, Record as _, RecordId},
    store::{
        LogKeys,
        gather::{Gather, dots},
        moving::pack,
        rows::{self, Stored},
    },
};

/// Why something is carried later: it is not whole here, or what it builds on is not there. It stops nothing else.
pub(crate) const WAITS: [&str; 2] = ["moving_incomplete", "adoption_waits"];

/// A change as rows name it: incarnation and counter.
pub(super) type Dots = BTreeSet<(i64, i64)>;

/// Common records that are not closed, or of which one office has said more than another has heard. They are found in one walk
/// over the table: closed ones stay for good, and there will be many.
pub(super) fn unsettled(view: &View<'_>, kind: &str, closed: &str) -> Result<Vec<RecordId>, Fault> {
    let no = view.layout(kind)?.no;
    let mut statement = view.conn.prepare_cached(&format!(
        "SELECT t.id FROM {kind} t
         LEFT JOIN (SELECT rec, count(*) AS n FROM event WHERE kind = ?1 GROUP BY rec) e ON e.rec = t.rec
         WHERE t.void = 0 GROUP BY t.id
         HAVING max(coalesce(t.state, '') NOT IN ({closed})) = 1 OR min(coalesce(e.n, 0)) <> max(coalesce(e.n, 0))"
    ))?;
    Ok(statement.query_map([no], |r| r.get(0).map(RecordId))?.collect::<Result<_, _>>()?)
}

/// A common record in the streams of its offices.
pub(super) struct Told {
    pub(super) id: RecordId,
    kind: &'static str,
    pub(super) rows: Vec<(Stored, Dots)>,
    /// The offices that have a part in it.
    parties: BTreeSet<RecordId>,
}

impl Told {
    pub(super) fn of(view: &View<'_>, id: RecordId) -> Result<Self, Fault> {
        let mut told = Self::rows(view, Transfer::TYPE.name, id)?;
        for (row, _) in &told.rows {
            let transfer = Transfer::from_values(&row.values)?;
            told.parties.extend(transfer.from_office.into_iter().chain(transfer.to_office));
            let said = shared::said(view, row)?;
            told.parties.extend(said.takers.iter().filter_map(|id| Some(RecordId(id.as_slice().try_into().ok()?))));
            told.parties.extend(view.memory.stream_name(row.stream)?.office());
        }
        Ok(told)
    }

    pub(super) fn late(view: &View<'_>, id: RecordId) -> Result<Self, Fault> {
        let mut told = Self::rows(view, LateEdit::TYPE.name, id)?;
        for (row, _) in &told.rows {
            // The county alone hands late edits on; one that an office made itself goes nowhere.
            if view.memory.clerk(row.made_by)? != PROGRAM {
                return Err(Fault::not_found());
            }
            told.parties.extend(LateEdit::from_values(&row.values)?.from_office);
            told.parties.extend(view.memory.stream_name(row.stream)?.office());
        }
        Ok(told)
    }

    fn rows(view: &View<'_>, kind: &'static str, id: RecordId) -> Result<Self, Fault> {
        let layout = view.layout(kind)?;
        let mut rows = Vec::new();
        for row in rows::select(view.conn, layout, "id = ?1 ORDER BY stream", &[&id.0])? {
            let dots = dots(view.conn, layout, &row)?;
            rows.push((row, dots));
        }
        Ok(Self { id, kind, rows, parties: BTreeSet::new() })
    }

    /// For each office that lacks something of it: its stream, and what another office's row has that it lacks.
    pub(super) fn missing<'v>(&'v self, view: &'v View<'_>) -> impl Iterator<Item = (Stream, &'v Stored, Dots)> + 'v {
        self.parties.iter().filter_map(|office| {
            let stream = Stream::Office(*office);
            // Only streams that are read here can be written.
            let number = view.memory.known_stream(&stream)?;
            let held = self.rows.iter().find(|(row, _)| row.stream == number).map(|(_, dots)| dots);
            self.rows.iter().find_map(|(row, dots)| {
                let lacks: Dots =
                    dots.iter().filter(|dot| held.is_none_or(|held| !held.contains(dot))).copied().collect();
                (!lacks.is_empty()).then_some((stream, row, lacks))
            })
        })
    }
}

/// Brings changes of a row into another stream.
pub(super) fn adopt(
    desk: &mut Desk<'_>,
    keys: &Keys,
    layout: &Layout,
    row: &Stored,
    wanted: &Dots,
    into: &Stream,
) -> Result<(), Fault> {
    let log = LogKeys { keys };
    let changes = Gather { conn: desk.act.conn, log: &log, memory: &desk.act.memory }.changes(layout, row, wanted)?;
    let authors = authors(&desk.view(), &changes)?;
    let adoption =
        Adoption { of: layout.ty.name.into(), record: Some(row.id), changes: pack(&changes)?, authors: Some(authors) };
    desk.act.create(into, adoption, None).map(|_| ())
}

/// Names of those who wrote changes, as JSON: whoever reads them elsewhere has no record of these clerks.
pub(super) fn authors(view: &View<'_>, changes: &[Change]) -> Result<String, Fault> {
    let layout = view.layout(Clerk::TYPE.name)?;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for author in changes.iter().map(|change| change.author).collect::<BTreeSet<_>>() {
        if let Some(row) = rows::by_id(view.conn, layout, author)? {
            let office = view.memory.stream_name(row.stream)?.office();
            let office = shared::name_of(view, office)?.unwrap_or_default();
            names.insert(author.to_string(), format!("{}（{office}）", Clerk::from_values(&row.values)?.name));
        }
    }
    // A map of texts is always JSON.
    Ok(serde_json::to_string(&names).unwrap_or_default())
}

/// Carries to each office what the others wrote on a common record.
pub(super) fn carry(desk: &mut Desk<'_>, keys: &Keys, id: RecordId) -> Result<usize, Fault> {
    let mut done = 0;
    // Each step makes one office know what one other one wrote; one that makes nothing known is not done twice.
    let mut tried: BTreeSet<(Stream, Dots)> = BTreeSet::new();
    for _ in 0..64 {
        let view = desk.view();
        let mut told = Told::of(&view, id)?;
        if told.rows.is_empty() {
            told = Told::late(&view, id)?;
        }
        let Some((stream, row, lacks)) = told.missing(&view).next() else { break };
        if !tried.insert((stream, lacks.clone())) {
            break;
        }
        let (layout, row) = (desk.act.layout(told.kind)?, row.clone());
        match adopt(desk, keys, layout, &row, &lacks, &stream) {
            Ok(()) => done += 1,
            // It waits until the log is whole again, and stops nothing else.
            Err(fault) if WAITS.contains(&fault.code.as_str()) => break,
            Err(fault) => return Err(fault),
        }
    }
    Ok(done)
}

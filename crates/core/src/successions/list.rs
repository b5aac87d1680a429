//! What was planned and done, and which offices went into others.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use niangjia_replication::Stream;
use schemars::JsonSchema;
use serde::Serialize;

use super::{DONE, PLANNED, Succession};
use crate::{
    fault::Fault,
    office::View,
    organisations::offices_named,
    people::{Nothing, Role},
    record::RecordId,
    registry::Registry,
    store::rows,
    words::Say,
};

/// Reorganisations, the newest first.
#[derive(Serialize, JsonSchema)]
pub struct Successions {
    /// Each part for itself.
    pub rows: Vec<SuccessionLine>,
    /// Whether this PC can plan one: the county's first.
    pub registrar: bool,
}

/// What went from one office to another one.
#[derive(Serialize, JsonSchema)]
pub struct SuccessionLine {
    /// Its id.
    pub id: String,
    /// Approval number.
    pub paper: String,
    /// Code of `succession_kind`.
    pub kind: String,
    /// Name of the old office.
    pub from: String,
    /// Name of the new one.
    pub to: String,
    /// Whether the whole office goes.
    pub whole: bool,
    /// From when.
    pub on: Option<NaiveDate>,
    /// `planned` or `done`.
    pub state: String,
    /// What that means.
    pub say: Say,
    /// How many records went when it was carried out.
    pub count: Option<i64>,
    /// Note.
    pub note: Option<String>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("successions.list", Role::Viewer, |view, _: Nothing| list(view));
}

pub(super) fn list(view: &View<'_>) -> Result<Successions, Fault> {
    let county = view.memory.known_stream(&Stream::County);
    let layout = view.layout("succession")?;
    let names = names(view)?;
    let name = |id: Option<RecordId>| id.and_then(|id| names.get(&id).cloned()).unwrap_or_default();
    let mut out = Vec::new();
    for (row, one) in
        view.select::<Succession>("void = 0 AND stream = ?1 ORDER BY effective_on DESC, id DESC", &[&county])?
    {
        let events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
        let count = events.iter().rev().find_map(|event| event.int("count"));
        let state = row.state.as_deref().unwrap_or(PLANNED).to_owned();
        let say = if state == DONE {
            Say::new(
                "已办理。原工会后来补报的内容会自动跟过去。",
                "Done. What the old office still reports follows by itself.",
            )
        } else {
            Say::new(
                "已登记，到生效日期由县总工会的第一台电脑自动办理。在那之前可以撤回。",
                "Entered. The county's first PC does it by itself when the day has come; until then it can be taken back.",
            )
        };
        out.push(SuccessionLine {
            id: row.id.to_string(),
            whole: one.records.is_none(),
            from: name(one.from_office),
            to: name(one.to_office),
            paper: one.paper,
            kind: one.kind.unwrap_or_default(),
            on: one.effective_on,
            state,
            say,
            count,
            note: one.note,
        });
    }
    Ok(Successions { rows: out, registrar: view.office.registrar() })
}

pub(super) fn names(view: &View<'_>) -> Result<BTreeMap<RecordId, String>, Fault> {
    let own = view.office.identity();
    let mut names: BTreeMap<RecordId, String> =
        offices_named(view)?.into_iter().map(|(id, name, _)| (id, name)).collect();
    names.entry(own.office).or_insert_with(|| own.name.clone());
    Ok(names)
}

/// Offices that went into another one as a whole, each with the one that it went into. Of several successions of one office the one
/// with the greatest id counts, on every PC the same.
pub(crate) fn closed(view: &View<'_>) -> Result<BTreeMap<RecordId, RecordId>, Fault> {
    let county = view.memory.known_stream(&Stream::County);
    let condition = "void = 0 AND stream = ?1 AND records IS NULL AND state = 'done' ORDER BY id";
    let all = view.select::<Succession>(condition, &[&county])?;
    Ok(all.into_iter().filter_map(|(_, one)| Some((one.from_office?, one.to_office?))).collect())
}

/// The office that stands in an office's place today: itself, where it was never given up.
pub(crate) fn heir(closed: &BTreeMap<RecordId, RecordId>, office: RecordId) -> RecordId {
    let mut now = office;
    // A circle would need two successions against each other; then whoever is asked stands for itself.
    for _ in 0..=closed.len() {
        match closed.get(&now) {
            Some(next) => now = *next,
            None => return now,
        }
    }
    office
}

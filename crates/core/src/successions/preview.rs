//! First shown: who and what would go, what is open with them, which PCs may hold what has not come yet, and how much would travel.

use chrono::NaiveDate;
use niangjia_replication::Stream;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Succession, list,
    plan::{SuccessionAsk, checked},
    selection::Selection,
};
use crate::{
    cards::Card,
    devices,
    fault::Fault,
    members::Member,
    office::View,
    people::Role,
    record::{Record as _, RecordId},
    registry::Registry,
    store::{
        LogKeys,
        gather::{Gather, dots},
        moving::pack,
        rows::{self, Stored},
    },
    words::Say,
};

/// What would go.
#[derive(Serialize, JsonSchema)]
pub struct SuccessionPreview {
    /// Part by part.
    pub parts: Vec<PartPreview>,
    /// From when.
    pub on: NaiveDate,
    /// Whether it is done at once, because its day has come.
    pub now: bool,
}

/// What would go from one office to another one.
#[derive(Serialize, JsonSchema)]
pub struct PartPreview {
    /// Name of the old office.
    pub from: String,
    /// Name of the new one.
    pub to: String,
    /// Whether the whole office goes; then it is given up.
    pub whole: bool,
    /// Members who are counted.
    pub members: u64,
    /// Of these, those who were let go to a union and are not confirmed there.
    pub in_transit: u64,
    /// Members with retained membership.
    pub retained: u64,
    /// Entries of people who left, died or moved away: their files go too.
    pub others: u64,
    /// Cards of all of them that are out or ordered.
    pub cards: u64,
    /// Open applications.
    pub applications: u64,
    /// Unions.
    pub organisations: Vec<String>,
    /// Enterprises.
    pub enterprises: Vec<String>,
    /// The PCs of the old office.
    pub pcs: Vec<PcLine>,
    /// Changes of the old office that wait here for what they build on.
    pub waiting: u64,
    /// Bytes that the new office will fetch, about.
    pub bytes: u64,
}

/// A PC of the old office.
#[derive(Serialize, JsonSchema)]
pub struct PcLine {
    /// What it is called.
    pub name: String,
    /// When it was heard of last, milliseconds since 1970.
    pub heard: Option<i64>,
    /// What that means.
    pub say: Say,
}

/// Days of silence after which a PC may well hold something.
const SILENT: i64 = 3;
const DAY: i64 = 86_400_000;
/// Files that are weighed; of more the weight is reckoned from these.
const SAMPLE: usize = 60;
/// Bytes of a ruling, of the words said anew, and of what wraps an adoption.
const BESIDE: usize = 260;

pub(super) fn register(registry: &mut Registry) {
    registry.query("successions.preview", Role::SystemAdmin, preview);
}

fn preview(view: &View<'_>, ask: SuccessionAsk) -> Result<SuccessionPreview, Fault> {
    let parts = checked(view, &ask)?;
    let mut taken = std::collections::BTreeSet::new();
    let mut out = Vec::new();
    for part in &parts {
        let mut selection = Selection::of(view, part)?;
        // What an earlier part takes does not go with the rest.
        for rows in [
            &mut selection.organisations,
            &mut selection.enterprises,
            &mut selection.applications,
            &mut selection.members,
        ] {
            rows.retain(|row| taken.insert(row.id));
        }
        out.push(line(view, part, &selection)?);
    }
    Ok(SuccessionPreview { parts: out, on: ask.on, now: ask.on <= view.today() })
}

fn line(view: &View<'_>, part: &Succession, selection: &Selection) -> Result<PartPreview, Fault> {
    let names = list::names(view)?;
    let name = |id: Option<RecordId>| id.and_then(|id| names.get(&id).cloned()).unwrap_or_default();
    let from = part.from_office.ok_or_else(Fault::not_found)?;
    let stream = view.memory.known_stream(&Stream::Office(from));
    let state = |row: &&Stored, key: &str| row.state.as_deref() == Some(key);
    let count = |rows: &[Stored], keys: &[&str]| {
        rows.iter().filter(|row| keys.iter().any(|key| state(row, key))).count() as u64
    };
    let titles = |kind: &str, rows: &[Stored]| -> Result<Vec<String>, Fault> {
        rows.iter().map(|row| crate::records::title_of(view, kind, &row.id.0)).collect()
    };
    let members = count(&selection.members, &["active", "out_in_transit"]);
    let retained = count(&selection.members, &["retained"]);
    let mut cards = 0;
    let mut of = view.conn.prepare_cached(
        "SELECT count(*) FROM card WHERE \"member\" = ?1 AND stream = ?2 AND void = 0
         AND state NOT IN ('taken_back', 'spoiled', 'replaced', 'superseded')",
    )?;
    for row in &selection.members {
        cards += of.query_row(rusqlite::params![row.id.0, stream], |r| r.get::<_, i64>(0))?.unsigned_abs();
    }
    let waiting = view.memory.parked.iter().filter(|(of, ..)| Some(*of) == stream).count() as u64;
    Ok(PartPreview {
        from: name(Some(from)),
        to: name(part.to_office),
        whole: part.records.is_none(),
        members,
        in_transit: count(&selection.members, &["out_in_transit"]),
        retained,
        others: (selection.members.len() as u64).saturating_sub(members + retained),
        cards,
        applications: count(&selection.applications, &["submitted", "group_ok"]),
        organisations: titles("organisation", &selection.organisations)?,
        enterprises: titles("enterprise", &selection.enterprises)?,
        pcs: pcs(view, from)?,
        waiting,
        bytes: weight(view, selection)?,
    })
}

/// The PCs of an office, with what can be known here of work that has not come.
fn pcs(view: &View<'_>, office: RecordId) -> Result<Vec<PcLine>, Fault> {
    let now = view.wall;
    Ok(devices::of_office(view, office)?
        .into_iter()
        .map(|(name, heard)| {
            let silent = heard.is_none_or(|heard| now - heard > SILENT * DAY);
            let say = if silent {
                Say::new(
                    "好几天没有上报了，机内可能有没报的内容。请先请它联网或带U盘来一次；之后才报的也会自动跟过去。",
                    "Nothing has come for days; it may hold something. Ask it to exchange first. What comes later follows by itself.",
                )
            } else {
                Say::new("近日有上报。", "It reported lately.")
            };
            PcLine { name, heard, say }
        })
        .collect())
}

/// What the files of a sample weigh, reckoned up.
fn weight(view: &View<'_>, selection: &Selection) -> Result<u64, Fault> {
    let all: Vec<(&'static str, &Stored)> = selection.all().collect();
    if all.is_empty() {
        return Ok(0);
    }
    let keys = view.office.keys();
    let log = LogKeys { keys: &keys };
    let gather = Gather { conn: view.conn, log: &log, memory: view.memory };
    let step = all.len().div_ceil(SAMPLE);
    let (mut weighed, mut bytes) = (0, 0);
    for (kind, row) in all.iter().step_by(step) {
        let mut rows: Vec<(&str, Stored)> = vec![(*kind, (*row).clone())];
        if *kind == Member::TYPE.name {
            let cards = view.layout(Card::TYPE.name)?;
            let of = rows::select(view.conn, cards, "\"member\" = ?1 AND stream = ?2", &[&row.id.0, &row.stream])?;
            rows.extend(of.into_iter().map(|row| (Card::TYPE.name, row)));
        }
        for (kind, row) in rows {
            let layout = view.layout(kind)?;
            // What is not whole here travels later, and is weighed then.
            if let Ok(changes) = gather.changes(layout, &row, &dots(view.conn, layout, &row)?) {
                bytes += pack(&changes)?.len() + BESIDE;
            }
        }
        weighed += 1;
    }
    Ok((bytes as u64) * (all.len() as u64) / weighed)
}

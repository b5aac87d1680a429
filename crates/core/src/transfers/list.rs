//! Transfers as a clerk sees them: who waits for whom, since when, and what can be done here.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Transfer,
    rules::State,
    shared::{self, Party},
};
use crate::{
    cards,
    checks::id_number,
    fault::Fault,
    members::{Member, Membership},
    office::View,
    people::Role,
    record::{Record as _, RecordId},
    registry::Registry,
    store::rows::{self, Stored},
    words::Say,
};

/// Which transfers.
#[derive(Clone, Default, Deserialize, JsonSchema)]
pub struct TransfersAsk {
    /// Only those in which somebody is still waited for.
    #[serde(default)]
    pub open: bool,
    /// Part of a name, or a letter's or a card's number.
    #[serde(default)]
    pub text: Option<String>,
    /// Of this member.
    #[serde(default)]
    pub member: Option<String>,
    /// Only this one.
    #[serde(default)]
    pub id: Option<String>,
    /// First row.
    #[serde(default)]
    pub offset: u32,
}

/// Transfers, the newest first.
#[derive(Serialize, JsonSchema)]
pub struct Transfers {
    /// How many in all.
    pub total: u64,
    /// Fifty at the most.
    pub rows: Vec<TransferLine>,
    /// Unions of the county to which one can move, without this one.
    pub offices: Vec<OfficeName>,
}

/// A union by name.
#[derive(Serialize, JsonSchema)]
pub struct OfficeName {
    /// Its id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// One transfer.
#[derive(Serialize, JsonSchema)]
pub struct TransferLine {
    /// Its id.
    pub id: String,
    /// Number of the letter.
    pub number: Option<String>,
    /// Id of the member, as far as a record of hers is here.
    pub member: Option<String>,
    /// Name.
    pub name: String,
    /// ID number, masked.
    pub id_no: Option<String>,
    /// Card number.
    pub card_number: Option<String>,
    /// The union that lets go.
    pub from: String,
    /// The union that takes in; an open slip has none yet.
    pub to: Option<String>,
    /// Offices between which the county decides.
    pub takers: Vec<OfficeName>,
    /// Code of `transfer_state`.
    pub state: String,
    /// The same in words.
    pub said: Say,
    /// Which part this office has: `out`, `in`, or `other`.
    pub part: String,
    /// Nobody has answered within the days on the slip.
    pub overdue: bool,
    /// Code of `transfer_reason`.
    pub reason: Option<String>,
    /// Released on.
    pub released_on: Option<NaiveDate>,
    /// Expected to be answered until.
    pub valid_until: Option<NaiveDate>,
    /// Text of the slip's code, at the office that made it.
    pub slip: Option<String>,
    /// What can be done here: `release`, `refuse`, `withdraw`, `accept`, `receipt`, `decide`, `bundle`; and what can be printed:
    /// `letter`, `receipt_paper`.
    pub possible: Vec<&'static str>,
    /// What happened, the latest last.
    pub events: Vec<TransferEvent>,
}

/// What one office said.
#[derive(Serialize, JsonSchema)]
pub struct TransferEvent {
    /// Name of the event.
    pub name: String,
    /// Which office.
    pub office: Option<String>,
    /// The day of it.
    pub on: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When it was written, milliseconds since 1970.
    pub at: i64,
}

const WINDOW: usize = 50;

pub(super) fn register(registry: &mut Registry) {
    registry.query("transfers.list", Role::Viewer, list);
}

fn list(view: &View<'_>, ask: TransfersAsk) -> Result<Transfers, Fault> {
    let text = ask.text.as_deref().map(str::trim).filter(|t| !t.is_empty());
    let like = text.map(|t| format!("%{}%", t.replace(['%', '_'], "")));
    let id_of = |id: &Option<String>| -> Result<Option<RecordId>, Fault> {
        id.as_ref().map(|id| id.parse().map_err(|_| Fault::not_found())).transpose()
    };
    let (member, one) = (id_of(&ask.member)?, id_of(&ask.id)?);
    // Of a record that stands in several streams the own office's row; at the county, one of them.
    let own = view.memory.known_stream(&view.office.own_stream());
    let named = match member {
        Some(member) => named_by(view, member)?,
        None => "[]".into(),
    };
    let mut statement = view.conn.prepare_cached(
        "SELECT id FROM transfer t WHERE void = 0
         AND (?1 = 0 OR state NOT IN ('confirmed', 'refused', 'withdrawn'))
         AND (?2 IS NULL OR name LIKE ?2 OR number LIKE ?2 OR card_number LIKE ?2)
         AND (?3 IS NULL OR \"member\" = ?3 OR hex(id) IN (SELECT value FROM json_each(?6))) AND (?5 IS NULL OR id = ?5)
         AND NOT EXISTS (SELECT 1 FROM transfer o WHERE o.id = t.id AND o.rec <> t.rec
                         AND (o.stream IS ?4) * 1000000000 - o.rec > (t.stream IS ?4) * 1000000000 - t.rec)
         ORDER BY made_at DESC, id DESC",
    )?;
    let ids: Vec<RecordId> = statement
        .query_map(rusqlite::params![ask.open, like, member.map(|m| m.0), own, one.map(|id| id.0), named], |r| {
            r.get(0).map(RecordId)
        })?
        .collect::<Result<_, _>>()?;
    let offset = usize::try_from(ask.offset).unwrap_or(usize::MAX);
    let rows = ids.iter().skip(offset).take(WINDOW).map(|id| line(view, *id)).collect::<Result<_, _>>()?;
    let own = view.office.identity().office;
    let offices = shared::offices(view)?.into_iter().filter(|office| office.id != own);
    let offices = offices.map(|office| OfficeName { id: office.id.to_string(), name: office.name }).collect();
    Ok(Transfers { total: ids.len() as u64, rows, offices })
}

/// How many transfers wait.
pub(crate) struct Waiting {
    /// For this office: to let go, to take in, to decide; late edits to settle.
    pub(crate) here: i64,
    /// Let go here, and nobody has answered within the days on the slip.
    pub(crate) overdue: i64,
}

/// For the home page.
pub(crate) fn waiting(view: &View<'_>) -> Result<Waiting, Fault> {
    let (own, today) = (view.office.identity().office, view.today().to_string());
    let stream = view.memory.known_stream(&view.office.own_stream());
    let one = |sql: &str, params: &[&dyn rusqlite::ToSql]| -> Result<i64, Fault> {
        Ok(view.conn.prepare_cached(sql)?.query_row(params, |r| r.get(0))?)
    };
    let mut here = one(
        "SELECT count(*) FROM transfer WHERE void = 0 AND stream = ?1 AND (
           (from_office = ?2 AND state IN ('requested', 'unreleased')) OR (to_office = ?2 AND state = 'released'))",
        &[&stream, &own.0],
    )?;
    here += one(
        "SELECT count(*) FROM late_edit WHERE void = 0 AND stream = ?1 AND state = 'waiting' AND from_office <> ?2",
        &[&stream, &own.0],
    )?;
    if view.office.registrar() {
        here += one("SELECT count(DISTINCT id) FROM transfer WHERE void = 0 AND state = 'disputed'", &[])?;
    }
    let overdue = one(
        "SELECT count(*) FROM transfer WHERE void = 0 AND stream = ?1 AND from_office = ?2 AND state = 'released' AND valid_until < ?3",
        &[&stream, &own.0, &today],
    )?;
    Ok(Waiting { here, overdue })
}

pub(super) fn line(view: &View<'_>, id: RecordId) -> Result<TransferLine, Fault> {
    let (row, transfer) = shared::transfer(view, &id.to_string())?;
    let said = shared::said(view, &row)?;
    // The slip in the new office's hands is the old one's word, before the letter itself has come.
    let state = match shared::state(&row) {
        State::Unreleased if transfer.slip.is_some() => State::Provisional,
        state => state,
    };
    let own = view.office.identity().office;
    let party = shared::party(&transfer, &said, own);
    let slip = transfer.slip.as_deref().map(niangjia_credential::Slip::open).and_then(Result::ok).map(|(slip, _)| slip);
    let name_of = |id: Option<RecordId>| shared::name_of(view, id);
    let from = match (&transfer.from_outside, transfer.from_office) {
        (Some(outside), _) => Some(outside.clone()),
        (None, Some(office)) => name_of(Some(office))?,
        (None, None) => issuer(view, transfer.slip.as_deref())?,
    };
    let taker = |id: &Vec<u8>| id.as_slice().try_into().ok().map(RecordId);
    let takers: Vec<RecordId> = said.takers.iter().filter_map(taker).collect();
    let to = match (&transfer.to_outside, takers.first()) {
        (Some(outside), _) => Some(outside.clone()),
        (None, Some(taker)) => name_of(Some(*taker))?,
        (None, None) => name_of(transfer.to_office)?,
    };
    let mut between: Vec<RecordId> = takers.clone();
    between.extend(transfer.from_office);
    let label = crate::codes::list("transfer_state")
        .and_then(|l| l.get(state.key()))
        .map_or_else(|| Say::new("未知", "Unknown"), crate::codes::Code::label);
    let waits = matches!(state, State::Requested | State::Released | State::Unreleased);
    let until = transfer.valid_until.or(slip.as_ref().and_then(|slip| slip.until));
    let member = transfer.member.or(slip.as_ref().map(|slip| RecordId(slip.member)));
    let layout = view.layout(Member::TYPE.name)?;
    let member = match member {
        Some(member) => rows::by_id(view.conn, layout, member)?.map(|row| row.id.to_string()),
        None if party == Party::Old => held_under(view, transfer.id_no.as_deref())?,
        None => taken_as(view, &row, own)?,
    };
    Ok(TransferLine {
        id: row.id.to_string(),
        number: transfer.number.clone().or(slip.as_ref().map(|slip| slip.number.clone())),
        member,
        name: transfer.name.clone().or(slip.as_ref().map(|slip| slip.name.clone())).unwrap_or_default(),
        id_no: transfer.id_no.as_deref().map(id_number::masked),
        card_number: transfer.card_number.clone().or(slip.as_ref().and_then(|slip| slip.card.clone())),
        from: from.unwrap_or_default(),
        to,
        takers: if state == State::Disputed { named(view, &between)? } else { Vec::new() },
        state: state.key().into(),
        said: label,
        part: match party {
            Party::Old => "out",
            Party::New => "in",
            Party::Neither => "other",
        }
        .into(),
        overdue: waits && until.is_some_and(|until| until < view.today()),
        reason: transfer.reason.clone(),
        released_on: transfer.released_on.or(slip.as_ref().map(|slip| slip.released)),
        valid_until: until,
        slip: transfer.slip.clone().filter(|_| party == Party::Old),
        possible: possible(view, &transfer, state, party, &said),
        events: events(view, &row)?,
    })
}

/// The transfers that a member's own record names, as JSON: one on a slip says nothing of her before the county has carried it.
fn named_by(view: &View<'_>, member: RecordId) -> Result<String, Fault> {
    let Ok(row) = shared::member_here(view, &member.to_string()) else { return Ok("[]".into()) };
    let events = rows::events(view.conn, view.memory, view.layout(Member::TYPE.name)?.no, row.rec)?;
    let ids: Vec<String> = events
        .iter()
        .filter_map(|event| event.bytes("transfer"))
        .map(|id| format!("\"{}\"", hex::encode_upper(id)))
        .collect();
    Ok(format!("[{}]", ids.join(",")))
}

/// The record under which this office took somebody in.
pub(super) fn taken_as(view: &View<'_>, row: &Stored, own: RecordId) -> Result<Option<String>, Fault> {
    let events = rows::events(view.conn, view.memory, view.layout(Transfer::TYPE.name)?.no, row.rec)?;
    let taken = events.iter().rev().find(|e| e.name == "taken_in" && e.bytes("office") == Some(&own.0[..]));
    Ok(taken.and_then(|e| e.bytes("member")).and_then(|id| id.try_into().ok()).map(|id| RecordId(id).to_string()))
}

/// A request names nobody's record: whom it means is held here under her ID number.
fn held_under(view: &View<'_>, id_no: Option<&str>) -> Result<Option<String>, Fault> {
    let own = view.memory.known_stream(&view.office.own_stream());
    let all = view.select::<Member>("id_no = ?1 AND stream = ?2 AND void = 0 ORDER BY rec", &[&id_no, &own])?;
    let holds = |row: &Stored| Membership::from_key(row.state.as_deref().unwrap_or("")).holds();
    Ok(all.into_iter().map(|(row, _)| row).find(holds).map(|row| row.id.to_string()))
}

fn named(view: &View<'_>, ids: &[RecordId]) -> Result<Vec<OfficeName>, Fault> {
    let all = shared::offices(view)?.into_iter().filter(|office| ids.contains(&office.id));
    Ok(all.map(|office| OfficeName { id: office.id.to_string(), name: office.name }).collect())
}

/// The office that signed a slip, where its own letter has not come here.
fn issuer(view: &View<'_>, slip: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(slip) = slip else { return Ok(None) };
    Ok(niangjia_credential::Slip::believed(slip, &cards::trust(view)?).ok().map(|(_, issuer)| issuer.name))
}

fn possible(
    view: &View<'_>,
    transfer: &Transfer,
    state: State,
    party: Party,
    said: &super::rules::Said,
) -> Vec<&'static str> {
    let mut out = Vec::new();
    let own = view.office.identity().office;
    let taken = said.takers.iter().any(|taker| *taker == own.0);
    match (party, state) {
        (Party::Old, State::Requested | State::Unreleased) => out.extend(["release", "refuse"]),
        (Party::Old, State::Released) if transfer.to_outside.is_some() => out.extend(["receipt", "withdraw"]),
        (Party::Old, State::Released) => out.extend(["bundle", "withdraw"]),
        (Party::Old, State::Provisional) => out.push("bundle"),
        (Party::New, State::Requested) if !taken => out.extend(["accept", "withdraw"]),
        (Party::New, State::Released) if !taken => out.push("accept"),
        (Party::New, State::Unreleased | State::Provisional | State::Disputed) if taken => out.push("withdraw"),
        _ => {}
    }
    if super::paper::has_letter(transfer, state, party) {
        out.push("letter");
    }
    if taken {
        out.push("receipt_paper");
    }
    if state == State::Disputed && view.office.registrar() {
        out.push("decide");
    }
    out
}

fn events(view: &View<'_>, row: &Stored) -> Result<Vec<TransferEvent>, Fault> {
    let layout = view.layout(Transfer::TYPE.name)?;
    let offices = shared::offices(view)?;
    let all = rows::events(view.conn, view.memory, layout.no, row.rec)?;
    Ok(all
        .into_iter()
        .map(|event| {
            let office = event.bytes("office").and_then(|id| id.try_into().ok().map(RecordId));
            TransferEvent {
                office: offices.iter().find(|o| Some(o.id) == office).map(|o| o.name.clone()),
                on: event.text("on").map(ToOwned::to_owned),
                reason: event.text("reason").map(ToOwned::to_owned),
                at: event.wall,
                name: event.name,
            }
        })
        .collect())
}

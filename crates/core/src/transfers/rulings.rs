//! The county's word: who holds a membership once the old office has let go and one new one has taken in; and what a person
//! decides where they do not agree.

use niangjia_replication::Stream;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    HolderRuling, Transfer,
    common::{Dots, Told, WAITS, adopt, carry},
    rules::{self, Said, State},
    shared,
};
use crate::{
    cards,
    fault::Fault,
    identity::Keys,
    members::{self, Member},
    office::{Desk, View},
    people::Role,
    record::{Kind, Layout, Moves, Record as _, RecordId, Value},
    registry::Registry,
    store::{
        NewEvent,
        gather::dots,
        moving::PROVISIONAL,
        rows::{self, Stored},
    },
    successions::Succession,
};

/// What the county decides.
#[derive(Deserialize, JsonSchema)]
pub struct DecideAsk {
    /// Id of the transfer.
    pub id: String,
    /// Id, code or name of the office that holds the membership from now on.
    pub office: String,
    /// Why.
    pub reason: String,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("transfers.decide", Role::Clerk, decide);
}

/// What can be confirmed: whose membership, for which office.
pub(super) struct Confirmable {
    member: RecordId,
    row: Stored,
    to: RecordId,
    taken_as: Option<RecordId>,
}

pub(super) fn confirmable(view: &View<'_>, told: &Told) -> Result<Option<Confirmable>, Fault> {
    let Some((row, _)) = told.rows.first() else { return Ok(None) };
    let (transfer, said) = common(view, told)?;
    if said.confirmed.is_some() {
        return Ok(None);
    }
    let [taker] = said.takers.as_slice() else { return Ok(None) };
    let Some(to) = office_id(taker) else { return Ok(None) };
    if !(said.released || slip_proves(view, told, &transfer)?) || said.taken_back || said.refused {
        return Ok(None);
    }
    let (Some(member), Some(from)) = (transfer.member, transfer.from_office) else { return Ok(None) };
    let Some(held) = held_by(view, member, from)? else { return Ok(None) };
    let taken_as = taken_as(view, row, taker)?;
    // Whoever voided the entry meanwhile has not got her.
    if !has_entry(view, taken_as.unwrap_or(member), to)? {
        return Ok(None);
    }
    Ok(Some(Confirmable { member, row: held, to, taken_as }))
}

/// What all rows of a transfer say together, as far as each office says it for itself: an event counts where it was written in
/// the stream of the office that it names, letting go is the old office's to say, and what the county said stands in a ruling.
/// Of the old office's release the slip in the new office's hands says as much.
fn common(view: &View<'_>, told: &Told) -> Result<(Transfer, Said), Fault> {
    let mut transfer = Transfer::blank();
    for (row, _) in &told.rows {
        let one = Transfer::from_values(&row.values)?;
        transfer = Transfer {
            member: transfer.member.or(one.member),
            from_office: transfer.from_office.or(one.from_office),
            slip: transfer.slip.or(one.slip),
            ..transfer
        };
    }
    if let Some(text) = &transfer.slip
        && (transfer.member.is_none() || transfer.from_office.is_none())
        && let Ok((slip, issuer)) = niangjia_credential::Slip::believed(text, &cards::trust(view)?)
        && RecordId(slip.transfer) == told.id
    {
        let from = shared::offices(view)?.into_iter().find(|office| office.code == issuer.code);
        transfer.member = transfer.member.or(Some(RecordId(slip.member)));
        transfer.from_office = transfer.from_office.or(from.map(|from| from.id));
    }
    let layout = view.layout(Transfer::TYPE.name)?;
    let ruled = ruled(view, told.id)?;
    let mut events = Vec::new();
    for (row, _) in &told.rows {
        let office = view.memory.stream_name(row.stream)?.office();
        for event in rows::events(view.conn, view.memory, layout.no, row.rec)? {
            let own = !view.memory.adopted(row.stream, event.leaf.inc, event.leaf.ctr);
            let for_itself = own && office.is_some() && event.bytes("office").and_then(office_id) == office;
            let counts = match event.name.as_str() {
                "confirmed" | "decided" => ruled,
                "released" | "release_withdrawn" | "refused" | "receipted" => {
                    for_itself && office == transfer.from_office
                }
                _ => for_itself,
            };
            if counts {
                events.push(event);
            }
        }
    }
    Ok((transfer, rules::said(&events)))
}

/// Whether the county has ruled by a transfer.
fn ruled(view: &View<'_>, transfer: RecordId) -> Result<bool, Fault> {
    let county = view.memory.known_stream(&Stream::County);
    let mut any = view.conn.prepare_cached("SELECT 1 FROM ruling WHERE transfer = ?1 AND stream = ?2 AND void = 0")?;
    Ok(any.exists(rusqlite::params![transfer.0, county])?)
}

/// Whether the slip was signed by the office that holds the member, for this transfer.
fn slip_proves(view: &View<'_>, told: &Told, transfer: &Transfer) -> Result<bool, Fault> {
    let Some(text) = &transfer.slip else { return Ok(false) };
    let Ok((slip, issuer)) = niangjia_credential::Slip::believed(text, &cards::trust(view)?) else { return Ok(false) };
    let from = shared::offices(view)?.into_iter().find(|office| office.code == issuer.code).map(|office| office.id);
    let this = RecordId(slip.transfer) == told.id && transfer.member == Some(RecordId(slip.member));
    Ok(this && transfer.from_office == from && from.is_some())
}

fn office_id(bytes: &[u8]) -> Option<RecordId> {
    bytes.try_into().ok().map(RecordId)
}

/// The record under which an office took somebody in.
fn taken_as(view: &View<'_>, row: &Stored, taker: &[u8]) -> Result<Option<RecordId>, Fault> {
    let layout = view.layout(Transfer::TYPE.name)?;
    let events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
    let mut theirs =
        events.iter().rev().filter(|event| event.name == "taken_in" && event.bytes("office") == Some(taker));
    Ok(theirs.next().and_then(|event| event.bytes("member")).and_then(office_id))
}

/// The member's row at the office that is to hold her now, or at the one that it went into; `None` where the county has ruled otherwise,
/// or has not heard of her.
fn held_by(view: &View<'_>, member: RecordId, office: RecordId) -> Result<Option<Stored>, Fault> {
    let Some(stream) = view.memory.known_stream(&Stream::Office(succeeded(view, member, office)?)) else {
        return Ok(None);
    };
    let row = rows::in_stream(view.conn, view.layout(Member::TYPE.name)?, member, stream)?;
    let holds = |row: &Stored| members::Membership::from_key(row.state.as_deref().unwrap_or("")).holds();
    Ok(row.filter(|row| !row.void && holds(row)))
}

/// The office to which somebody went from this one with successions alone.
fn succeeded(view: &View<'_>, member: RecordId, office: RecordId) -> Result<RecordId, Fault> {
    let county = view.memory.known_stream(&Stream::County);
    let condition = "record = ?1 AND stream = ?2 AND void = 0 ORDER BY nth, id";
    let rulings = view.select::<HolderRuling>(condition, &[&member.0, &county])?;
    // Behind the last one that brought her here.
    let mut since: Vec<HolderRuling> = Vec::new();
    for (_, ruling) in rulings {
        if ruling.holder == Some(office) {
            since.clear();
        } else {
            since.push(ruling);
        }
    }
    let begins = since.first().and_then(|ruling| ruling.succession);
    let begins_here = match begins {
        Some(id) => view.select::<Succession>("id = ?1", &[&id.0])?.iter().any(|(_, s)| s.from_office == Some(office)),
        None => false,
    };
    let by_successions = begins_here && since.iter().all(|ruling| ruling.succession.is_some());
    let last = since.last().and_then(|ruling| ruling.holder).filter(|_| by_successions);
    Ok(last.unwrap_or(office))
}

/// Whether an office that took somebody in has an entry of her that stands.
fn has_entry(view: &View<'_>, member: RecordId, office: RecordId) -> Result<bool, Fault> {
    let Some(stream) = view.memory.known_stream(&Stream::Office(office)) else { return Ok(false) };
    let row = rows::in_stream(view.conn, view.layout(Member::TYPE.name)?, member, stream)?;
    Ok(row.is_some_and(|row| !row.void && row.state.as_deref() == Some(PROVISIONAL)))
}

pub(super) fn confirm(desk: &mut Desk<'_>, keys: &Keys, id: RecordId) -> Result<usize, Fault> {
    let view = desk.view();
    let told = Told::of(&view, id)?;
    let Some(can) = confirmable(&view, &told)? else { return Ok(0) };
    rule(desk, keys, &told, can, None)
}

/// Says who holds a membership, and brings the whole file there.
fn rule(desk: &mut Desk<'_>, keys: &Keys, told: &Told, can: Confirmable, reason: Option<&str>) -> Result<usize, Fault> {
    let into = Stream::Office(can.to);
    match bring(desk, keys, Member::TYPE.name, &can.row, &into) {
        Err(fault) if WAITS.contains(&fault.code.as_str()) && reason.is_none() => return Ok(0),
        other => other?,
    }
    let (on, office) = (desk.act.moment.today(), can.to);
    let ground = Ground { transfer: Some(told.id), decided: reason, succession: None };
    hold(desk, can.member, office, &ground)?;
    let name = if reason.is_some() { "decided" } else { "confirmed" };
    if let Some((row, _)) = told.rows.first() {
        let layout = desk.act.layout(Transfer::TYPE.name)?;
        let row = rows::in_stream(desk.act.conn, layout, row.id, row.stream)?.ok_or_else(Fault::not_found)?;
        let seen = row.versions.clone();
        desk.act.change(
            layout,
            &row,
            &seen,
            &[],
            Some(NewEvent { name, detail: shared::detail(office, on, reason) }),
        )?;
    }
    let layout = desk.act.layout(Member::TYPE.name)?;
    let stream = desk.act.memory.known_stream(&into).ok_or_else(Fault::not_found)?;
    let came = rows::in_stream(desk.act.conn, layout, can.member, stream)?;
    // Where she stays with the office that let her go, or comes back to it, the slip is answered.
    let waits = |row: &&Stored| row.state.as_deref() == Some(members::Membership::InTransit.key());
    if let Some(came) = came.as_ref().filter(waits) {
        let event =
            NewEvent { name: "release_withdrawn", detail: of_transfer(shared::detail(office, on, reason), told.id) };
        desk.act.change(layout, came, &came.versions, &[], Some(event))?;
    }
    if let Some(taken_as) = can.taken_as.filter(|taken_as| *taken_as != can.member) {
        let here = rows::in_stream(desk.act.conn, layout, taken_as, stream)?;
        if let (Some(here), Some(came)) = (here, came) {
            // What the new office said of the place is said of the record that came, and the two are one person.
            let local = |place: &usize| layout.local.contains(&layout.register_of[*place]);
            let fields: Vec<(usize, Value)> =
                (0..here.values.len()).filter(local).map(|place| (place, here.values[place].clone())).collect();
            let event = NewEvent { name: "taken_in", detail: of_transfer(shared::detail(office, on, None), told.id) };
            desk.act.change(layout, &came, &came.versions, &fields, Some(event))?;
            members::link(desk, &here, can.member, shared::ONE_PERSON)?;
        }
    }
    Ok(2)
}

/// The detail of an event on a member, with the transfer that it belongs to.
fn of_transfer(mut detail: Vec<(&'static str, Value)>, transfer: RecordId) -> Vec<(&'static str, Value)> {
    detail.push(("transfer", Value::Bytes(transfer.0.to_vec().into())));
    detail
}

/// On what grounds the county rules.
#[derive(Default)]
pub(crate) struct Ground<'a> {
    /// The transfer that it answers.
    pub(crate) transfer: Option<RecordId>,
    /// Why a person of the county decided so.
    pub(crate) decided: Option<&'a str>,
    /// The succession with which it goes.
    pub(crate) succession: Option<RecordId>,
}

/// Says which office holds a record from now on.
pub(crate) fn hold(desk: &mut Desk<'_>, record: RecordId, holder: RecordId, ground: &Ground<'_>) -> Result<(), Fault> {
    let county = desk.act.memory.known_stream(&Stream::County);
    let nth: i64 = desk
        .act
        .conn
        .prepare_cached("SELECT coalesce(max(nth), 0) + 1 FROM ruling WHERE record = ?1 AND stream = ?2")?
        .query_row(rusqlite::params![record.0, county], |r| r.get(0))?;
    let ruling = HolderRuling {
        note: ground.decided.map(ToOwned::to_owned),
        record: Some(record),
        holder: Some(holder),
        transfer: ground.transfer,
        succession: ground.succession,
        nth: Some(nth),
        decided: ground.decided.is_some().then_some(true),
    };
    desk.act.create(&Stream::County, ruling, None).map(|_| ())
}

/// A record and all that goes with it, as far as the new office lacks it.
pub(crate) fn bring(desk: &mut Desk<'_>, keys: &Keys, kind: &str, row: &Stored, into: &Stream) -> Result<(), Fault> {
    let mut all: Vec<(&Layout, Stored)> = vec![(desk.act.layout(kind)?, row.clone())];
    for layout in desk.office().store.schema.all() {
        let Moves::With(field) = layout.ty.moves else { continue };
        let of = layout.place(field).map(|place| layout.ty.fields[place].kind);
        if of == Some(Kind::Link(all[0].0.ty.name)) {
            let condition = format!("\"{field}\" = ?1 AND stream = ?2");
            let with = rows::select(desk.act.conn, layout, &condition, &[&row.id.0, &row.stream])?;
            all.extend(with.into_iter().map(|row| (layout, row)));
        }
    }
    for (layout, row) in all {
        let lacks = lacking(desk, layout, &row, into)?;
        if !lacks.is_empty() {
            adopt(desk, keys, layout, &row, &lacks, into)?;
        }
    }
    Ok(())
}

/// What a row of one stream has that the record's row in another one lacks.
fn lacking(desk: &Desk<'_>, layout: &Layout, row: &Stored, into: &Stream) -> Result<Dots, Fault> {
    let there = match desk.act.memory.known_stream(into) {
        Some(stream) => rows::in_stream(desk.act.conn, layout, row.id, stream)?,
        None => None,
    };
    let held = match there {
        Some(there) => dots(desk.act.conn, layout, &there)?,
        None => Dots::new(),
    };
    Ok(dots(desk.act.conn, layout, row)?.difference(&held).copied().collect())
}

fn decide(desk: &mut Desk<'_>, ask: DecideAsk) -> Result<super::list::TransferLine, Fault> {
    let reason = shared::why(&ask.reason)?;
    let view = desk.view();
    if !view.office.registrar() {
        return Err(Fault::new(
            "not_registrar",
            "争议由县总工会的第一台电脑裁定，本机没有办理。",
            "The county's first PC decides disputes; nothing was done here.",
        ));
    }
    let to = shared::office(&view, &ask.office, "office")?;
    let (row, _) = shared::transfer(&view, &ask.id)?;
    let told = Told::of(&view, row.id)?;
    let (transfer, said) = common(&view, &told)?;
    let mut candidates: Vec<RecordId> = said.takers.iter().filter_map(|taker| office_id(taker)).collect();
    candidates.extend(transfer.from_office);
    let disputed = shared::state(&row) == State::Disputed;
    let Some(member) = transfer.member.filter(|_| disputed && candidates.contains(&to.id)) else {
        return Err(shared::cannot(shared::state(&row)));
    };
    // Her file is where she is held now.
    let layout = view.layout(Member::TYPE.name)?;
    let held = rows::by_id(view.conn, layout, member)?.ok_or_else(Fault::not_found)?;
    let taken_as = taken_as(&view, &row, &to.id.0)?;
    let keys = desk.office().keys();
    carry(desk, &keys, row.id)?;
    let told = Told::of(&desk.view(), row.id)?;
    let can = Confirmable { member, row: held, to: to.id, taken_as };
    rule(desk, &keys, &told, can, Some(&reason))?;
    carry(desk, &keys, row.id)?;
    shared::told(desk, row.id, Some(reason));
    super::list::line(&desk.view(), row.id)
}

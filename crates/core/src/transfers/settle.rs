//! The county's part: the registrar carries what one office wrote on a transfer to the others, says who holds a membership once
//! the old office has let go and one new one has taken in, brings the file after, and hands late edits to the new holder.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
};

use niangjia_replication::{Stream, change::Change, planted};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Adoption, LateEdit, MembershipRuling, Transfer, bundle,
    rules::{self, Said, State},
    shared,
};
use crate::{
    cards::{self, Card},
    exchange::PROGRAM,
    fault::Fault,
    identity::Keys,
    members::{self, Member},
    office::{Caller, Desk, Office, View},
    people::{Clerk, Role},
    record::{Layout, Record as _, RecordId, Value},
    registry::Registry,
    store::{
        EventRow, LogKeys, Moment, NewEvent,
        gather::{Gather, dots},
        memory::Memory,
        moving::{PROVISIONAL, pack},
        rows::{self, Stored},
    },
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

/// Why something is carried later: it is not whole here, or what it builds on is not there. It stops nothing else.
const WAITS: [&str; 2] = ["moving_incomplete", "adoption_waits"];

/// A change as rows name it: incarnation and counter.
type Dots = BTreeSet<(i64, i64)>;

impl Office {
    /// The registrar brings transfers on. Returns how many records it wrote.
    ///
    /// # Errors
    /// The store's own.
    pub(crate) fn settle_transfers(&self, moment: Moment) -> Result<usize, Fault> {
        let keys = self.keys();
        let (ids, strays, sealing) = {
            let memory = self.store.memory();
            self.store.read(|conn| {
                let view = View { office: self, conn, memory: &memory, clerk: PROGRAM, wall: moment.wall };
                Ok((due(&view)?, !late(&view)?.is_empty(), bundle::keys_due(&view, &keys)?))
            })?
        };
        if ids.is_empty() && !strays && sealing.is_empty() {
            *self.swept.lock().unwrap_or_else(PoisonError::into_inner) = grown(&self.store.memory());
            return Ok(0);
        }
        let caller = Caller { clerk: PROGRAM, roles: Vec::new(), moment };
        // A ruling makes rows of streams that have not grown stand elsewhere.
        self.swept.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let (count, _) = self.act("transfers.confirm", caller, |desk| {
            let mut done = sealing.len();
            for key in sealing {
                desk.act.create(&Stream::County, key, None)?;
            }
            for id in &ids {
                done += carry(desk, &keys, *id)?;
                done += confirm(desk, &keys, *id)?;
                // What the confirming said goes to the others at once.
                done += carry(desk, &keys, *id)?;
            }
            let late = late(&desk.view())?;
            for one in &late {
                done += hand_on_late(desk, &keys, one)?;
            }
            desk.note.kind = Some(Transfer::TYPE.name);
            desk.note.count = Some(done);
            Ok(done)
        })?;
        Ok(count)
    }
}

/// Transfers of which not every office has heard all, or that can be confirmed.
fn due(view: &View<'_>) -> Result<Vec<RecordId>, Fault> {
    let mut out = Vec::new();
    for id in unsettled(view, Transfer::TYPE.name, "'confirmed', 'refused', 'withdrawn'")? {
        // One that cannot be read stops nobody else's.
        let Ok(told) = Told::of(view, id) else { continue };
        if told.missing(view).next().is_some() || confirmable(view, &told)?.is_some() {
            out.push(id);
        }
    }
    // Late edits are common records too.
    for id in unsettled(view, LateEdit::TYPE.name, "'accepted', 'refused'")? {
        if Told::late(view, id).is_ok_and(|told| told.missing(view).next().is_some()) {
            out.push(id);
        }
    }
    Ok(out)
}

/// Common records that are not closed, or of which one office has said more than another has heard. They are found in one walk
/// over the table: closed ones stay for good, and there will be many.
fn unsettled(view: &View<'_>, kind: &str, closed: &str) -> Result<Vec<RecordId>, Fault> {
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
struct Told {
    id: RecordId,
    kind: &'static str,
    rows: Vec<(Stored, Dots)>,
    /// The offices that have a part in it.
    parties: BTreeSet<RecordId>,
}

impl Told {
    fn of(view: &View<'_>, id: RecordId) -> Result<Self, Fault> {
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

    fn late(view: &View<'_>, id: RecordId) -> Result<Self, Fault> {
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
    fn missing<'v>(&'v self, view: &'v View<'_>) -> impl Iterator<Item = (Stream, &'v Stored, Dots)> + 'v {
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
fn adopt(
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
fn carry(desk: &mut Desk<'_>, keys: &Keys, id: RecordId) -> Result<usize, Fault> {
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

/// What can be confirmed: whose membership, for which office.
struct Confirmable {
    member: RecordId,
    row: Stored,
    to: RecordId,
    taken_as: Option<RecordId>,
}

fn confirmable(view: &View<'_>, told: &Told) -> Result<Option<Confirmable>, Fault> {
    let Some((row, _)) = told.rows.first() else { return Ok(None) };
    let (transfer, said) = common(view, told)?;
    if shared::state(row) == State::Confirmed || said.confirmed.is_some() {
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

/// The member's row at the office that is to hold her now; `None` where the county has ruled otherwise, or has not heard of her.
fn held_by(view: &View<'_>, member: RecordId, office: RecordId) -> Result<Option<Stored>, Fault> {
    let Some(stream) = view.memory.known_stream(&Stream::Office(office)) else { return Ok(None) };
    let row = rows::in_stream(view.conn, view.layout(Member::TYPE.name)?, member, stream)?;
    let holds = |row: &Stored| members::Membership::from_key(row.state.as_deref().unwrap_or("")).holds();
    Ok(row.filter(|row| !row.void && holds(row)))
}

/// Whether an office that took somebody in has an entry of her that stands.
fn has_entry(view: &View<'_>, member: RecordId, office: RecordId) -> Result<bool, Fault> {
    let Some(stream) = view.memory.known_stream(&Stream::Office(office)) else { return Ok(false) };
    let row = rows::in_stream(view.conn, view.layout(Member::TYPE.name)?, member, stream)?;
    Ok(row.is_some_and(|row| !row.void && row.state.as_deref() == Some(PROVISIONAL)))
}

fn confirm(desk: &mut Desk<'_>, keys: &Keys, id: RecordId) -> Result<usize, Fault> {
    let view = desk.view();
    let told = Told::of(&view, id)?;
    let Some(can) = confirmable(&view, &told)? else { return Ok(0) };
    rule(desk, keys, &told, can, None)
}

/// Says who holds a membership, and brings the whole file there.
fn rule(desk: &mut Desk<'_>, keys: &Keys, told: &Told, can: Confirmable, reason: Option<&str>) -> Result<usize, Fault> {
    let into = Stream::Office(can.to);
    match bring(desk, keys, &can, &into) {
        Err(fault) if WAITS.contains(&fault.code.as_str()) && reason.is_none() => return Ok(0),
        other => other?,
    }
    let (on, office) = (desk.act.moment.today(), can.to);
    let county = desk.act.memory.known_stream(&Stream::County);
    let nth: i64 = desk
        .act
        .conn
        .prepare_cached("SELECT coalesce(max(nth), 0) + 1 FROM ruling WHERE \"member\" = ?1 AND stream = ?2")?
        .query_row(rusqlite::params![can.member.0, county], |r| r.get(0))?;
    let ruling = MembershipRuling {
        note: reason.map(ToOwned::to_owned),
        member: Some(can.member),
        holder: Some(office),
        transfer: Some(told.id),
        nth: Some(nth),
        decided: reason.is_some().then_some(true),
    };
    if !planted!("the county confirms and says so to nobody") {
        desk.act.create(&Stream::County, ruling, None)?;
    }
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
    // Where she stays with the office that let her go, the slip is answered.
    if *desk.act.memory.stream_name(can.row.stream)? == into {
        let layout = desk.act.layout(Member::TYPE.name)?;
        let mut detail = shared::detail(office, on, reason);
        detail.push(("transfer", Value::Bytes(told.id.0.to_vec().into())));
        let seen = can.row.versions.clone();
        let event = NewEvent { name: "release_withdrawn", detail };
        desk.act.change(layout, &can.row, &seen, &[], Some(event))?;
    }
    if let Some(taken_as) = can.taken_as.filter(|taken_as| *taken_as != can.member) {
        let layout = desk.act.layout(Member::TYPE.name)?;
        let stream = desk.act.memory.known_stream(&into).ok_or_else(Fault::not_found)?;
        let here = rows::in_stream(desk.act.conn, layout, taken_as, stream)?;
        let came = rows::in_stream(desk.act.conn, layout, can.member, stream)?;
        if let (Some(here), Some(came)) = (here, came) {
            // What the new office said of the place is said of the record that came, and the two are one person.
            let local = |place: &usize| layout.local.contains(&layout.register_of[*place]);
            let fields: Vec<(usize, Value)> =
                (0..here.values.len()).filter(local).map(|place| (place, here.values[place].clone())).collect();
            let mut detail = shared::detail(office, on, None);
            detail.push(("transfer", Value::Bytes(told.id.0.to_vec().into())));
            let seen = came.versions.clone();
            desk.act.change(layout, &came, &seen, &fields, Some(NewEvent { name: "taken_in", detail }))?;
            members::link(desk, &here, can.member, "transfers.confirm")?;
        }
    }
    Ok(2)
}

/// The member's record and her cards, as far as the new office lacks them.
fn bring(desk: &mut Desk<'_>, keys: &Keys, can: &Confirmable, into: &Stream) -> Result<(), Fault> {
    let mut all: Vec<(&'static str, Stored)> = vec![(Member::TYPE.name, can.row.clone())];
    let cards = desk.act.layout(Card::TYPE.name)?;
    let held =
        rows::select(desk.act.conn, cards, "\"member\" = ?1 AND stream = ?2", &[&can.member.0, &can.row.stream])?;
    all.extend(held.into_iter().map(|row| (Card::TYPE.name, row)));
    for (kind, row) in all {
        let layout = desk.act.layout(kind)?;
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

/// What an office wrote on a record that another one holds.
struct Late {
    kind: &'static str,
    row: Stored,
    to: Stream,
    dots: Dots,
    /// The PC that let go had written it by then: it belongs to the file and waits for nobody.
    with_it: bool,
}

/// Late edits that nobody has been handed yet.
fn late(view: &View<'_>) -> Result<Vec<Late>, Fault> {
    let mut out = Vec::new();
    for (kind, of) in [(Member::TYPE.name, "id"), (Card::TYPE.name, "member")] {
        let layout = view.layout(kind)?;
        for row in strays(view, layout)? {
            let of = if of == "id" { Some(row.id) } else { Card::from_values(&row.values)?.member };
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
fn grown(memory: &Memory) -> BTreeMap<i64, i64> {
    let mut out = BTreeMap::new();
    for ((stream, _), head) in &memory.heads {
        *out.entry(*stream).or_insert(0) += head.changes;
    }
    out
}

/// What the PC that let somebody go had written on her until then. The county may have confirmed by the slip before it came.
fn before_release(view: &View<'_>, row: &Stored, of: Option<RecordId>, lacks: &Dots) -> Result<Dots, Fault> {
    let members = view.layout(Member::TYPE.name)?;
    let member = of.map(|of| rows::in_stream(view.conn, members, of, row.stream)).transpose()?.flatten();
    let Some(member) = member.filter(|_| !lacks.is_empty()) else { return Ok(Dots::new()) };
    let events = rows::events(view.conn, view.memory, members.no, member.rec)?;
    // The release by which the county let her go, and no other.
    let by = match of {
        Some(of) => ruling_of(view, of)?.and_then(|ruling| ruling.transfer),
        None => None,
    };
    let released =
        |event: &&EventRow| event.name == "released" && event.bytes("transfer") == by.as_ref().map(|by| &by.0[..]);
    let mut releases = events.iter().rev().filter(released);
    let Some(release) = releases.next().map(|event| (event.leaf.inc, event.leaf.ctr)) else { return Ok(Dots::new()) };
    let out = lacks.iter().filter(|(inc, ctr)| *inc == release.0 && *ctr <= release.1);
    Ok(out.copied().collect())
}

/// The office that holds a record by the county's newest ruling.
pub(super) fn holder(view: &View<'_>, member: RecordId) -> Result<Option<RecordId>, Fault> {
    Ok(ruling_of(view, member)?.and_then(|ruling| ruling.holder))
}

/// The county's newest ruling of a membership.
fn ruling_of(view: &View<'_>, member: RecordId) -> Result<Option<MembershipRuling>, Fault> {
    let county = view.memory.known_stream(&Stream::County);
    let rulings = view.select::<MembershipRuling>(
        "\"member\" = ?1 AND stream = ?2 AND void = 0 ORDER BY nth DESC, id DESC LIMIT 1",
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

fn hand_on_late(desk: &mut Desk<'_>, keys: &Keys, late: &Late) -> Result<usize, Fault> {
    if planted!("late edits are dropped") {
        return Ok(0);
    }
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
        return desk.act.create(&late.to, adoption, None).map(|_| 1);
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

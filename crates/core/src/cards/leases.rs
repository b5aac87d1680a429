//! Leasing numbers: a PC asks, the county's registrar grants, a colleague's PC hands on. Each of them a record that is
//! written once.

use niangjia_credential::status::MOST_CARDS;
use niangjia_replication::{Stream, change::Incarnation};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    NumberHanding, NumberLease, NumberRequest,
    numbers::{self, MOST_AT_ONCE, Shape},
    stock,
};
use crate::{
    devices,
    exchange::PROGRAM,
    fault::{Fault, FieldFault},
    office::{Caller, Desk, Office, View},
    people::Role,
    record::{Record as _, RecordId},
    records::{self, Saved},
    registry::Registry,
    store::{Moment, rows},
    words::Say,
};

/// A PC asks for numbers.
#[derive(Deserialize, JsonSchema)]
pub struct RequestAsk {
    /// How many, 5,000 at the most.
    pub count: u64,
    /// First serial that the paper book leaves free, where there is a paper book.
    #[serde(default)]
    pub from: Option<u64>,
    /// What it is for.
    #[serde(default)]
    pub note: Option<String>,
}

/// Which request is answered.
#[derive(Deserialize, JsonSchema)]
pub struct AnswerAsk {
    /// Id of the request.
    pub request: String,
    /// How many instead of what was asked for.
    #[serde(default)]
    pub count: Option<u64>,
}

/// Which request is taken back.
#[derive(Deserialize, JsonSchema)]
pub struct WithdrawRequestAsk {
    /// Id of the request.
    pub request: String,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("cards.ask_numbers", Role::Clerk, ask);
    registry.action("cards.grant_numbers", Role::Clerk, grant);
    registry.action("cards.hand_on_numbers", Role::Clerk, hand_on);
    registry.action("cards.withdraw_request", Role::Clerk, withdraw);
}

/// Serials of an office in a year.
const SERIALS: u64 = 1_000_000;

fn count_fault(key: &str, say: Say) -> Fault {
    Fault::fields(vec![FieldFault { field: "count".into(), key: key.into(), say }])
}

fn checked(count: u64) -> Result<i64, Fault> {
    if (1..=MOST_AT_ONCE).contains(&count) {
        return Ok(i64::try_from(count).unwrap_or(i64::MAX));
    }
    Err(count_fault(
        "lease_count",
        Say::new("一次请填 1 到 5000 个号码。", "Ask for between 1 and 5,000 numbers at a time."),
    ))
}

fn ask(desk: &mut Desk<'_>, ask: RequestAsk) -> Result<Saved, Fault> {
    let count = checked(ask.count)?;
    // Six digits count; whoever types a whole card number here means its serial.
    if ask.from.is_some_and(|from| from == 0 || from + ask.count > SERIALS) {
        return Err(Fault::fields(vec![FieldFault {
            field: "from".into(),
            key: "lease_from".into(),
            say: Say::new(
                "请填流水号（1 到 999999，不是整个证号），并留出要申请的个数；没有纸质登记簿的不填。",
                "Enter a serial (1 to 999,999, not the whole card number) that leaves room for as many as are asked for; leave it empty without a paper book.",
            ),
        }]));
    }
    let holder = RecordId(stock::own(&desk.view())?.0);
    let request = NumberRequest {
        note: ask.note.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()),
        count: Some(count),
        from: ask.from.and_then(|n| i64::try_from(n).ok()),
        holder: Some(holder),
    };
    let stream = desk.office().own_stream();
    let id = desk.act.create(&stream, request, None)?;
    desk.note.kind = Some(NumberRequest::TYPE.name);
    desk.note.record = Some(id);
    // Who leases numbers does not wait for an answer of its own.
    if stock::gives(&desk.view()) {
        lease(desk, id, None)?;
    }
    let layout = desk.act.layout(NumberRequest::TYPE.name)?;
    records::saved(desk, layout, id, records::Saw::Untold, Vec::new())
}

fn grant(desk: &mut Desk<'_>, ask: AnswerAsk) -> Result<Saved, Fault> {
    if !stock::gives(&desk.view()) {
        return Err(Fault::new(
            "not_registrar",
            "号段只能在县总工会的主电脑上分配，没有做任何改动。",
            "Numbers are leased on the county's main PC only; nothing was changed.",
        ));
    }
    let request = ask.request.parse().map_err(|_| Fault::not_found())?;
    let count = ask.count.map(checked).transpose()?;
    let id = lease(desk, request, count)?;
    desk.note.kind = Some(NumberLease::TYPE.name);
    desk.note.record = Some(id);
    let layout = desk.act.layout(NumberLease::TYPE.name)?;
    records::saved(desk, layout, id, records::Saw::Untold, Vec::new())
}

/// Writes the lease that answers a request.
pub(super) fn lease(desk: &mut Desk<'_>, request: RecordId, count: Option<i64>) -> Result<RecordId, Fault> {
    let view = desk.view();
    let (row, asked) = still_open(&view, request)?;
    let office = view.memory.stream_name(row.stream)?.office();
    let alone = view.office.identity().federation.is_none();
    let code = stock::digits_of(&view, office)?.ok_or_else(|| {
        Fault::new(
            "office_unknown",
            "没有这个办公室的登记，没有分配号段。请先核对乡镇工会名单。",
            "That office stands in no list here; no numbers were leased. Look at the list of offices first.",
        )
    })?;
    let year = chrono::Datelike::year(&view.today());
    let shape = Shape { prefix: format!("{code}{year}"), width: 6, check: true };
    let from = asked.from.and_then(|n| u64::try_from(n).ok()).unwrap_or(1);
    let by = stock::own(&view)?;
    // A registrar in another one's place does not know what that one leased last.
    let later = !alone && !devices::registrars(&view)?.is_empty();
    let (first, place) = numbers::next_lease(&stock::leases(&view)?, &shape, from, by, later);
    let last = first.saturating_add(u64::try_from(count.or(asked.count).unwrap_or(0)).unwrap_or(0));
    let count = count.or(asked.count).unwrap_or(0);
    let places = place.saturating_add(u64::try_from(count).unwrap_or(0));
    if last > shape.most() + 1 || places > MOST_CARDS as u64 {
        return Err(count_fault(
            "lease_exhausted",
            Say::new(
                "这个办公室今年的流水号不够这么多了，没有分配。请减少个数。",
                "Not that many serials are left for this office this year; nothing was leased. Ask for fewer.",
            ),
        ));
    }
    let signed = |n: u64| i64::try_from(n).ok();
    let lease = NumberLease {
        prefix: shape.prefix,
        width: Some(i64::from(shape.width)),
        check: Some(shape.check),
        first: signed(first),
        count: Some(count),
        place: signed(place).filter(|_| !alone),
        office,
        holder: asked.holder,
        request: Some(request),
    };
    let stream = if alone { desk.office().own_stream() } else { Stream::County };
    desk.act.create(&stream, lease, None)
}

fn still_open(view: &View<'_>, id: RecordId) -> Result<(rows::Stored, NumberRequest), Fault> {
    stock::open(view)?.into_iter().find(|(row, _)| row.id == id).ok_or_else(|| {
        Fault::new(
            "request_answered",
            "这个申请已经办过了，或者已作废，没有再分配。请刷新看看。",
            "That request has been answered already or was voided; nothing more was leased. Look again.",
        )
    })
}

/// Takes a request back, or refuses it: who asked, a colleague, or the county.
fn withdraw(desk: &mut Desk<'_>, ask: WithdrawRequestAsk) -> Result<Saved, Fault> {
    let view = desk.view();
    let (row, _) = still_open(&view, ask.request.parse().map_err(|_| Fault::not_found())?)?;
    let same = view.memory.stream_name(row.stream)?.office() == Some(view.office.identity().office);
    if !same && !stock::gives(&view) {
        return Err(Fault::not_found());
    }
    let layout = desk.act.layout(NumberRequest::TYPE.name)?;
    let seen = row.versions.clone();
    desk.act.void(layout, &row, &seen, true)?;
    desk.note.kind = Some(NumberRequest::TYPE.name);
    desk.note.record = Some(row.id);
    records::saved(desk, layout, row.id, records::Saw::Untold, Vec::new())
}

fn hand_on(desk: &mut Desk<'_>, ask: AnswerAsk) -> Result<Saved, Fault> {
    let view = desk.view();
    let (row, asked) = still_open(&view, ask.request.parse().map_err(|_| Fault::not_found())?)?;
    let same = view.memory.stream_name(row.stream)?.office() == Some(view.office.identity().office);
    let own = stock::own(&view)?;
    let to = asked.holder.filter(|holder| same && Incarnation(holder.0) != own).ok_or_else(|| {
        Fault::new(
            "hand_on_whom",
            "号码只能转给本单位的另一台电脑，没有转交。",
            "Numbers are handed on to another PC of this office only; nothing was handed on.",
        )
    })?;
    let count = match ask.count {
        Some(count) => checked(count)?,
        None => asked.count.unwrap_or(0),
    };
    let wanted = u64::try_from(count).unwrap_or(0);
    let Some((lease, first)) = stock::Left::of(&view)?.end_of_a_range(wanted).filter(|_| wanted > 0) else {
        return Err(count_fault(
            "stock_short",
            Say::new(
                "本机没有这么多连续的号码可转，没有转交。请减少个数，或请县总工会分配。",
                "This PC has no run of that many numbers; nothing was handed on. Hand on fewer, or let the county lease more.",
            ),
        ));
    };
    let handing = NumberHanding {
        note: None,
        lease: Some(lease),
        first: i64::try_from(first).ok(),
        count: Some(count),
        to: Some(to),
        request: Some(row.id),
    };
    let stream = desk.office().own_stream();
    let id = desk.act.create(&stream, handing, None)?;
    desk.note.kind = Some(NumberHanding::TYPE.name);
    desk.note.record = Some(id);
    let layout = desk.act.layout(NumberHanding::TYPE.name)?;
    records::saved(desk, layout, id, records::Saw::Untold, Vec::new())
}

/// Why a request is left to a person: a field of it, or an office that stands in no list.
const UNGRANTABLE: [&str; 3] = ["fields", "office_unknown", "request_answered"];

/// How many unspent numbers a PC may have after a request that the registrar answers by itself.
const BY_ITSELF: i64 = 1_000;

impl Office {
    /// The registrar answers what a person asked for, as far as it is little; more waits for a clerk of the county. Returns how many
    /// leases were written.
    pub(crate) fn grant_numbers(&self, moment: Moment) -> Result<usize, Fault> {
        let waiting = {
            let memory = self.store.memory();
            self.store.read(|conn| {
                let view = View { office: self, conn, memory: &memory, clerk: PROGRAM, wall: moment.wall };
                due_by_itself(&view)
            })?
        };
        if waiting.is_empty() {
            return Ok(0);
        }
        let caller = Caller { clerk: PROGRAM, roles: Vec::new(), moment };
        let (count, _) = self.act("cards.grant_numbers", caller, |desk| {
            let mut granted = 0;
            for request in &waiting {
                match lease(desk, *request, None) {
                    Ok(_) => granted += 1,
                    // It waits for a person, and stops nobody else's: nothing was written for it.
                    Err(fault) if UNGRANTABLE.contains(&fault.code.as_str()) => {}
                    Err(fault) => return Err(fault),
                }
            }
            desk.note.kind = Some(NumberLease::TYPE.name);
            desk.note.count = Some(granted);
            Ok(granted)
        })?;
        Ok(count)
    }
}

fn due_by_itself(view: &View<'_>) -> Result<Vec<RecordId>, Fault> {
    let open = stock::open(view)?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let leases = stock::leases(view)?;
    let mut due: Vec<(RecordId, RecordId, i64)> = Vec::new();
    for (row, request) in open {
        let (Some(holder), Some(count)) = (request.holder, request.count) else { continue };
        // What waits for a person is not counted again behind every exchange.
        if count > BY_ITSELF {
            continue;
        }
        let spent: i64 = view
            .conn
            .prepare_cached("SELECT count(*) FROM card WHERE lease IN (SELECT id FROM number_lease WHERE holder = ?1)")?
            .query_row([holder.0], |r| r.get(0))?;
        let leased =
            leases.iter().filter(|l| l.holder.0 == holder.0).map(|l| i64::try_from(l.count).unwrap_or(i64::MAX));
        let now: i64 = due.iter().filter(|(_, to, _)| *to == holder).map(|(.., count)| *count).sum();
        if leased.sum::<i64>().saturating_add(now).saturating_add(count) - spent <= BY_ITSELF {
            due.push((row.id, holder, count));
        }
    }
    Ok(due.into_iter().map(|(request, ..)| request).collect())
}

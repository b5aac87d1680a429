//! The letter on paper: 工会会员组织关系介绍信 with stub and receipt as the old office makes it out, and the receipt alone as the new
//! one signs it (domain rules §2.6). The letter bears the whole ID number, so drawing it is noted like showing it.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{
    Transfer,
    rules::State,
    shared::{self, Party},
};
use crate::{
    cards,
    checks::day::in_chinese,
    fault::Fault,
    members::Member,
    office::{Desk, View},
    paper::{self, Fields, OnPaper, Paper, label},
    people::Role,
    record::{Record as _, RecordId},
    registry::Registry,
    store::{
        EventRow,
        rows::{self, Stored},
    },
};

/// Which letter.
#[derive(Deserialize, JsonSchema)]
pub struct LetterAsk {
    /// Id of the transfer.
    pub id: String,
    /// Why it is printed again, where it is.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Whose receipt.
#[derive(Deserialize, JsonSchema)]
pub struct ReceiptPaperAsk {
    /// Id of the transfer on which this office took in.
    #[serde(default)]
    pub id: Option<String>,
    /// Or of a member who came with a letter from outside the county.
    #[serde(default)]
    pub member: Option<String>,
    /// Why it is printed again, where it is.
    #[serde(default)]
    pub reason: Option<String>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("transfers.letter", Role::Clerk, letter);
    registry.query("transfers.receipt_paper", Role::Clerk, receipt);
}

/// Whether the letter of a transfer can be printed here.
pub(super) fn has_letter(transfer: &Transfer, state: State, party: Party) -> bool {
    party == Party::Old && transfer.number.is_some() && !matches!(state, State::Withdrawn | State::Requested)
}

fn letter(desk: &mut Desk<'_>, ask: LetterAsk) -> Result<Paper, Fault> {
    let (paper, id) = drawn(&desk.view(), &ask)?;
    desk.note.kind = Some(Transfer::TYPE.name);
    desk.note.record = Some(id);
    desk.note.count = Some(1);
    Ok(paper)
}

fn drawn(view: &View<'_>, ask: &LetterAsk) -> Result<(Paper, RecordId), Fault> {
    let own = view.office.identity().office;
    let (row, transfer) = shared::transfer(view, &ask.id)?;
    let said = shared::said(view, &row)?;
    let state = shared::state(&row);
    if !has_letter(&transfer, state, shared::party(&transfer, &said, own)) {
        return Err(shared::cannot(state));
    }
    let mut item = Fields::default();
    let number = transfer.number.clone().unwrap_or_default();
    item.put("number", &number, 40);
    item.put("name", transfer.name.as_deref().unwrap_or(""), 50);
    item.put("id_number", transfer.id_no.as_deref().unwrap_or(""), 30);
    item.put("card_number", transfer.card_number.as_deref().unwrap_or(""), 30);
    if let Some(member) = transfer.member
        && let Ok(held) = shared::member_here(view, &member.to_string())
    {
        let member = Member::from_values(&held.values)?;
        item.put("sex", &label("sex", member.sex.as_deref()), 4);
        item.put("ethnicity", &label("ethnicity", member.ethnicity.as_deref()), 20);
        item.put("joined_on", &cards::since(view, &held)?.map(in_chinese).unwrap_or_default(), 20);
    }
    item.put("from_union", &shared::name_of(view, transfer.from_office)?.unwrap_or_default(), 60);
    let to = match &transfer.to_outside {
        Some(outside) => outside.clone(),
        None => shared::name_of(view, transfer.to_office)?.unwrap_or_default(),
    };
    item.put("to_union", &to, 60);
    item.put("reason", &label("transfer_reason", transfer.reason.as_deref()), 60);
    let month = |day: chrono::NaiveDate| day.format("%Y年%-m月").to_string();
    item.put("dues_until", &transfer.dues_paid_to.map(month).unwrap_or_default(), 20);
    if let Some((on, until)) = transfer.released_on.zip(transfer.valid_until) {
        item.set("valid_days", json!((until - on).num_days().clamp(0, 999)));
    }
    item.put("date", &transfer.released_on.map(in_chinese).unwrap_or_default(), 20);
    if let Some(event) = event(view, &row, "released", own)? {
        item.put("clerk", &view.author(event.author)?, 50);
    }
    if let Some(slip) = &transfer.slip {
        item.set("qr", json!(slip));
    }
    // The name of a file says no name of a person.
    let mut paper = Paper::new("slip", format!("介绍信 {number}"), Transfer::TYPE.name, vec![item]);
    paper.records = vec![OnPaper { id: row.id.to_string(), title: transfer.name.unwrap_or_default() }];
    Ok((paper.again(paper::before(view, "slip", row.id)?, ask.reason.as_deref())?, row.id))
}

/// The last event of that name that an office wrote on a transfer.
fn event(view: &View<'_>, row: &Stored, name: &str, office: RecordId) -> Result<Option<EventRow>, Fault> {
    let all = rows::events(view.conn, view.memory, view.layout(Transfer::TYPE.name)?.no, row.rec)?;
    Ok(all.into_iter().rev().find(|event| event.name == name && event.bytes("office") == Some(&office.0[..])))
}

fn receipt(view: &View<'_>, ask: ReceiptPaperAsk) -> Result<Paper, Fault> {
    let own = view.office.identity();
    let mut item = Fields::default();
    let (kind, id, name, taken) = match (&ask.id, &ask.member) {
        (Some(id), _) => {
            let (row, _) = shared::transfer(view, id)?;
            let line = super::list::line(view, row.id)?;
            let Some(taken) = event(view, &row, "taken_in", own.office)? else {
                return Err(shared::cannot(shared::state(&row)));
            };
            item.put("number", line.number.as_deref().unwrap_or(""), 40);
            item.put("from_union", &line.from, 60);
            (Transfer::TYPE.name, row.id, line.name, taken)
        }
        (None, Some(member)) => {
            let row = shared::member_here(view, member)?;
            let events = rows::events(view.conn, view.memory, view.layout(Member::TYPE.name)?.no, row.rec)?;
            let came = events.into_iter().rev().find(|event| event.name == "moved_in" && event.text("from").is_some());
            let taken = came.ok_or_else(Fault::not_found)?;
            item.put("number", taken.text("document").unwrap_or(""), 40);
            item.put("from_union", taken.text("from").unwrap_or(""), 60);
            (Member::TYPE.name, row.id, Member::from_values(&row.values)?.name, taken)
        }
        (None, None) => return Err(Fault::question("id or member")),
    };
    item.put("name", &name, 50);
    let on = taken.text("on").and_then(|on| on.parse().ok()).map(in_chinese).unwrap_or_default();
    item.set("receipt", json!({ "union": own.name, "date": on, "clerk": view.author(taken.author)? }));
    let mut paper = Paper::new("receipt", format!("介绍信回执 {}", view.today()), kind, vec![item]);
    paper.records = vec![OnPaper { id: id.to_string(), title: name }];
    paper.again(paper::before(view, "receipt", id)?, ask.reason.as_deref())
}

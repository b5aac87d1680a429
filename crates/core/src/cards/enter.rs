//! Cards of the paper book: typed in with the number that they have, so that they are found, counted and taken back like
//! all others.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Card, change, order, twice};
use crate::{
    fault::{Fault, FieldFault},
    office::Desk,
    people::Role,
    record::Record as _,
    records::{self, Saved},
    registry::Registry,
    store::NewEvent,
    words::Say,
};

/// A card that its member has already.
#[derive(Deserialize, JsonSchema)]
pub struct EnterAsk {
    /// Id of the member.
    pub member: String,
    /// The number on the card.
    pub number: String,
    /// Code of `card_kind`; the paper one where absent.
    #[serde(default)]
    pub kind: Option<String>,
    /// Day of issue, as it stands on the card.
    #[serde(default)]
    pub issued_on: Option<NaiveDate>,
    /// Whether it is entered although another card bears the number: two were given out under it.
    #[serde(default)]
    pub twice: bool,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("cards.enter", Role::Clerk, enter);
}

fn enter(desk: &mut Desk<'_>, ask: EnterAsk) -> Result<Saved, Fault> {
    let number = folded(&ask.number);
    if number.is_empty() || number.chars().count() > 32 || number.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(number_fault(
            "card_number",
            Say::new(
                "请填写证上的号码（32 个字以内，中间不空格）。",
                "Enter the number on the card, at most 32 characters without spaces.",
            ),
        ));
    }
    let today = desk.act.moment.today();
    if ask.issued_on.is_some_and(|day| day > today) {
        return Err(Fault::fields(vec![FieldFault {
            field: "issued_on".into(),
            key: "event_day_future".into(),
            say: Say::new("发证日期在今天之后，请核对。", "The day of issue lies in the future; check it."),
        }]));
    }
    let view = desk.view();
    let (row, _) = order::member(&view, ask.member.parse().map_err(|_| Fault::not_found())?)?;
    if *view.memory.stream_name(row.stream)? != view.office.own_stream() {
        return Err(Fault::new(
            "card_elsewhere",
            "会籍不在本单位，没有保存。请由会籍所在的工会登记这张证。",
            "The membership is held by another office; nothing was saved. That office enters the card.",
        ));
    }
    if !ask.twice && !twice::bearing(&view, &number)?.is_empty() {
        return Err(number_fault(
            "card_number_taken",
            Say::new(
                "这个证号已经登记在另一张会员证上，没有保存。请先核对号码；确实发重了的，请勾选“确有重号”再保存，重号会列入待办。",
                "Another card bears this number already; nothing was saved. Check the number. If two cards were given out under it indeed, say so and save; it is then listed under what needs you.",
            ),
        ));
    }
    let card = Card {
        number: number.clone(),
        kind: Some(order::kind(ask.kind.or_else(|| Some("paper".into())))?),
        issued_on: ask.issued_on,
        ..order::blank(row.id, today)
    };
    let detail = change::detail(ask.issued_on.unwrap_or(today), None, None);
    let stream = desk.office().own_stream();
    let id = desk.act.create(&stream, card, Some(NewEvent { name: "entered", detail }))?;
    order::number_member(desk, &row, &number)?;
    desk.note.kind = Some(Card::TYPE.name);
    desk.note.record = Some(id);
    let layout = desk.act.layout(Card::TYPE.name)?;
    records::saved(desk, layout, id, records::Saw::All, Vec::new())
}

fn number_fault(key: &str, say: Say) -> Fault {
    Fault::fields(vec![FieldFault { field: "number".into(), key: key.into(), say }])
}

/// As it is stored: full-width digits and letters in their plain form, nothing around it.
pub(super) fn folded(number: &str) -> String {
    let plain = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    };
    number.trim().chars().map(plain).collect()
}

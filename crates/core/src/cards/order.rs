//! Ordering cards: numbers are given out, one to each member, in one act.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Card, MOST, Standing,
    stock::Left,
    wanting::{self, WantingAsk},
};
use crate::{
    checks::day::in_chinese,
    fault::{Fault, FieldFault},
    members::{Member, Membership},
    office::{Desk, View},
    people::Role,
    record::{Record as _, RecordId, Value},
    registry::Registry,
    store::{NewEvent, rows::Stored},
    words::Say,
};

/// For whom cards are ordered.
#[derive(Deserialize, JsonSchema)]
pub struct OrderAsk {
    /// Ids of the members, 5,000 at the most.
    #[serde(default)]
    pub members: Vec<String>,
    /// Instead of them: all who have none yet, as far as they are asked for.
    #[serde(default)]
    pub wanting: Option<WantingAsk>,
    /// Code of `card_kind`; the plastic card where absent.
    #[serde(default)]
    pub kind: Option<String>,
    /// Name of the batch; the day and its number where absent.
    #[serde(default)]
    pub batch: Option<String>,
}

/// Which card is replaced.
#[derive(Deserialize, JsonSchema)]
pub struct ReplaceAsk {
    /// Id of the card.
    pub id: String,
    /// Why.
    pub reason: String,
    /// Document, such as the member's application.
    #[serde(default)]
    pub document: Option<String>,
}

/// What came of an order.
#[derive(Serialize, JsonSchema)]
pub struct Ordered {
    /// Name of the batch.
    pub batch: String,
    /// The cards, in the order of the members asked for.
    pub cards: Vec<OrderedCard>,
    /// Members for whom none was ordered, and why.
    pub refused: Vec<NotOrdered>,
}

/// One card.
#[derive(Serialize, JsonSchema)]
pub struct OrderedCard {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: String,
    /// Its member.
    pub member: String,
    /// Name of the member.
    pub name: String,
}

/// A member without a new card.
#[derive(Serialize, JsonSchema)]
pub struct NotOrdered {
    /// Id of the member.
    pub member: String,
    /// Name of the member.
    pub name: String,
    /// Why.
    pub say: Say,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("cards.order", Role::Clerk, order);
    registry.action("cards.replace", Role::Clerk, replace);
}

fn order(desk: &mut Desk<'_>, ask: OrderAsk) -> Result<Ordered, Fault> {
    let mut chosen = Vec::with_capacity(ask.members.len());
    for id in &ask.members {
        chosen.push(id.parse().map_err(|_| Fault::not_found())?);
    }
    if let Some(wanting) = &ask.wanting {
        chosen.extend(wanting::all(&desk.view(), wanting)?);
    }
    if chosen.is_empty() || chosen.len() > MOST {
        return Err(Fault::fields(vec![FieldFault {
            field: "members".into(),
            key: "order_size".into(),
            say: Say::new("请选 1 到 5000 名会员。", "Choose between 1 and 5,000 members."),
        }]));
    }
    let kind = kind(ask.kind)?;
    let batch = match ask.batch.map(|b| b.trim().to_owned()).filter(|b| !b.is_empty()) {
        Some(name) => name,
        None => next_batch(&desk.view())?,
    };
    let (mut fit, mut refused, mut seen) = (Vec::new(), Vec::new(), std::collections::BTreeSet::new());
    for id in chosen {
        // Chosen twice, meant once.
        if !seen.insert(id) {
            continue;
        }
        let view = desk.view();
        let (row, member) = member(&view, id)?;
        match may_have_one(&view, &row)? {
            None => fit.push((row, member)),
            Some(say) => refused.push(NotOrdered { member: id.to_string(), name: member.name, say }),
        }
    }
    let mut left = Left::to_spend(&desk.view())?;
    let today = desk.act.moment.today();
    let wanted = fit.len();
    let mut cards = Vec::with_capacity(wanted);
    for (row, member) in fit {
        let card = Card { kind: Some(kind.clone()), batch: Some(batch.clone()), ..blank(row.id, today) };
        let made = give_out(desk, &mut left, &row, member.name, card)?;
        cards.push(made.ok_or_else(|| short(wanted))?);
    }
    desk.note.kind = Some(Card::TYPE.name);
    desk.note.reason = Some(batch.clone());
    desk.note.count = Some(cards.len());
    Ok(Ordered { batch, cards, refused })
}

fn replace(desk: &mut Desk<'_>, ask: ReplaceAsk) -> Result<OrderedCard, Fault> {
    let reason = super::change::reason(Some(&ask.reason))?;
    let layout = desk.act.layout(Card::TYPE.name)?;
    let old = desk.act.row(layout, ask.id.parse().map_err(|_| Fault::not_found())?)?;
    super::change::follows(&old, "replaced")?;
    let card = Card::from_values(&old.values)?;
    let view = desk.view();
    let (row, member) = member(&view, card.member.ok_or_else(Fault::not_found)?)?;
    if let Some(say) = membership(&view, &row)? {
        return Err(Fault::say("card_no_member", say));
    }
    let (mut left, batch) = (Left::to_spend(&view)?, next_batch(&view)?);
    let fresh = Card {
        kind: card.kind,
        batch: Some(batch),
        replaces: Some(old.id),
        bank_card_no: card.bank_card_no,
        bank_branch: card.bank_branch,
        ..blank(row.id, desk.act.moment.today())
    };
    let made = give_out(desk, &mut left, &row, member.name, fresh)?.ok_or_else(|| short(1))?;
    let on = desk.act.moment.today();
    let mut detail = super::change::detail(on, Some(&reason), ask.document.as_deref());
    detail.push(("by", Value::Text(made.number.as_str().into())));
    let seen = old.versions.clone();
    desk.act.change(layout, &old, &seen, &[], Some(NewEvent { name: "replaced", detail }))?;
    desk.note.kind = Some(Card::TYPE.name);
    desk.note.record = Some(old.id);
    desk.note.reason = Some(reason);
    Ok(made)
}

fn short(wanted: usize) -> Fault {
    Fault::say(
        "stock_empty",
        Say::owned(
            format!(
                "本机的证号不够（需要 {wanted} 个），一张也没有办。请到“会员证 → 号段”申请号码，或者少选几名会员。"
            ),
            format!(
                "This PC has too few numbers ({wanted} are needed), and no card was ordered. Ask for numbers under Cards, or choose fewer members."
            ),
        ),
    )
}

pub(super) fn blank(member: RecordId, today: NaiveDate) -> Card {
    Card {
        number: String::new(),
        member: Some(member),
        kind: None,
        issued_on: Some(today),
        batch: None,
        bank_card_no: None,
        bank_branch: None,
        note: None,
        lease: None,
        place: None,
        replaces: None,
    }
}

/// Writes a card under the next number, and the number on its member where there is none yet.
fn give_out(
    desk: &mut Desk<'_>,
    left: &mut Left,
    member: &Stored,
    name: String,
    card: Card,
) -> Result<Option<OrderedCard>, Fault> {
    let Some(numbered) = left.take() else { return Ok(None) };
    let on = desk.act.moment.today();
    let card = Card { number: numbered.number.clone(), lease: Some(numbered.lease), place: numbered.place, ..card };
    let event = NewEvent { name: "ordered", detail: super::change::detail(on, None, None) };
    let stream = desk.office().own_stream();
    let id = desk.act.create(&stream, card, Some(event))?;
    number_member(desk, member, &numbered.number)?;
    Ok(Some(OrderedCard { id: id.to_string(), number: numbered.number, member: member.id.to_string(), name }))
}

/// A member without a number bears that of the card; one that has one keeps it, and both are found.
pub(super) fn number_member(desk: &mut Desk<'_>, member: &Stored, number: &str) -> Result<(), Fault> {
    let layout = desk.act.layout(Member::TYPE.name)?;
    let place = layout.place("member_no").ok_or_else(Fault::not_found)?;
    if member.values[place] == Value::Null {
        let seen = member.versions.clone();
        desk.act.change(layout, member, &seen, &[(place, Value::Text(number.into()))], None)?;
    }
    Ok(())
}

pub(super) fn member(view: &View<'_>, id: RecordId) -> Result<(Stored, Member), Fault> {
    let mut found = view.select::<Member>("id = ?1 AND void = 0", &[&id.0])?;
    found.pop().ok_or_else(Fault::not_found)
}

/// Whether a card may be made out for a member: who is one, is ours, and has none.
fn may_have_one(view: &View<'_>, row: &Stored) -> Result<Option<Say>, Fault> {
    if let Some(say) = membership(view, row)? {
        return Ok(Some(say));
    }
    let held = view.select::<Card>("member = ?1 AND void = 0", &[&row.id.0])?;
    let held = held.iter().find(|(card, _)| Standing::from_key(card.state.as_deref().unwrap_or("")).counts());
    Ok(held.map(|(_, card)| {
        Say::owned(
            format!("已有会员证 {}。要换新证请在这张证上办“换发”。", card.number),
            format!("Has card {} already; replace that one if a new one is needed.", card.number),
        )
    }))
}

fn membership(view: &View<'_>, row: &Stored) -> Result<Option<Say>, Fault> {
    if *view.memory.stream_name(row.stream)? != view.office.own_stream() {
        return Ok(Some(Say::new(
            "会籍不在本单位，请由会籍所在的工会办证。",
            "The membership is held by another office, which issues the card.",
        )));
    }
    let state = Membership::from_key(row.state.as_deref().unwrap_or(""));
    Ok((!matches!(state, Membership::Active | Membership::Retained)).then(|| {
        Say::new("还没有入会，或者已不在册，不能办证。", "Not admitted yet, or a member no longer; no card is issued.")
    }))
}

pub(super) fn kind(asked: Option<String>) -> Result<String, Fault> {
    let kind = asked.unwrap_or_else(|| "card".into());
    if crate::codes::list("card_kind").is_some_and(|l| l.get(&kind).is_some()) {
        return Ok(kind);
    }
    Err(Fault::question("kind"))
}

/// The day, and which batch of the day it is.
fn next_batch(view: &View<'_>) -> Result<String, Fault> {
    let day = in_chinese(view.today());
    let before: i64 = view
        .conn
        .prepare_cached("SELECT count(DISTINCT batch) FROM card WHERE issued_on = ?1")?
        .query_row([view.today().to_string()], |r| r.get(0))?;
    Ok(format!("{day} 第{}批", before + 1))
}

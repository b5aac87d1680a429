//! Cards: the numbers that a PC may give out, the cards with what happened to them, and the code by which another office
//! believes them.

mod change;
mod enter;
mod issue;
mod leases;
mod lists;
pub mod numbers;
mod order;
mod paper;
mod rules;
mod stock;
#[cfg(test)]
mod tests;
mod twice;
mod verify;
mod wanting;

pub use issue::IssuingKeyEntry;
pub(crate) use issue::{own_key, publish as publish_key, since, tail};
pub use lists::CardList;
pub(crate) use lists::trust;
pub(crate) use rules::fold;
pub use rules::{Standing, status};
pub(crate) use twice::{leases_overlapping, numbers_twice};
pub(crate) use verify::verify as verified;

use niangjia_derive::Record;
use serde_json::{Map, Value as Json, json};

use crate::{
    fault::Fault,
    members::Member,
    office::View,
    record::{Record as _, RecordId, Value},
    records::{self, Candidate, Ledger},
    registry::Registry,
    store::rows,
    words::Say,
};

/// A card of a member: the paper 会员证 or the plastic 会员卡. Its number is never used again (domain rules §2.5).
#[derive(Clone, Record)]
#[record(name = "card", plural = "cards", zh = "会员证（卡）", en = "Card", title = "number", moves = "member")]
pub struct Card {
    #[field(zh = "会员证号", en = "Card number", section = "basic", required, search, listed, keyed)]
    pub number: String,
    #[field(zh = "会员", en = "Member", section = "basic", link = "member", required, listed)]
    pub member: Option<RecordId>,
    #[field(zh = "类别", en = "Kind", section = "basic", codes = "card_kind", listed)]
    pub kind: Option<String>,
    #[field(zh = "发证日期", en = "Issued on", section = "basic", listed)]
    pub issued_on: Option<chrono::NaiveDate>,
    /// Cards ordered together are printed, checked and handed out together.
    #[field(zh = "批次", en = "Batch", section = "basic", listed)]
    pub batch: Option<String>,
    #[field(zh = "银行卡号", en = "Bank card no.", section = "bank", kind = "bank_card", register = "bank", sensitive)]
    pub bank_card_no: Option<String>,
    #[field(zh = "开户行", en = "Bank", section = "bank", register = "bank")]
    pub bank_branch: Option<String>,
    #[field(zh = "备注", en = "Note", section = "more", kind = "note")]
    pub note: Option<String>,
    /// The lease of its number; cards of the paper book have none.
    #[field(zh = "号段", en = "Lease", kind = "bytes")]
    pub lease: Option<RecordId>,
    /// Its place in the county's status list.
    #[field(zh = "状态表序号", en = "Place in the status list", section = "more", keyed)]
    pub place: Option<i64>,
    /// The card in whose place it came.
    #[field(zh = "换发自", en = "Replaces", section = "more", link = "card")]
    pub replaces: Option<RecordId>,
}

/// A range of numbers that the county leases to one incarnation of one PC; in the county's stream, so that every office can
/// tell whose number it sees. An office that works alone leases to itself, in its own stream.
#[derive(Clone, Record)]
#[record(name = "number_lease", plural = "number_leases", zh = "证号号段", en = "Lease of numbers", title = "prefix")]
pub struct NumberLease {
    #[field(zh = "号码前缀", en = "Prefix", required)]
    pub prefix: String,
    #[field(zh = "流水位数", en = "Digits of the serial", required)]
    pub width: Option<i64>,
    #[field(zh = "有校验位", en = "With a check digit")]
    pub check: Option<bool>,
    #[field(zh = "起始流水号", en = "First serial", required)]
    pub first: Option<i64>,
    #[field(zh = "个数", en = "How many", required)]
    pub count: Option<i64>,
    #[field(zh = "状态表起始序号", en = "First place in the status list")]
    pub place: Option<i64>,
    #[field(zh = "办公室", en = "Office")]
    pub office: Option<RecordId>,
    #[field(zh = "领用电脑", en = "Incarnation", kind = "bytes", required)]
    pub holder: Option<RecordId>,
    #[field(zh = "申请", en = "Request", kind = "bytes")]
    pub request: Option<RecordId>,
}

/// A PC asks for numbers.
#[derive(Clone, Record)]
#[record(
    name = "number_request",
    plural = "number_requests",
    zh = "号段申请",
    en = "Request for numbers",
    title = "note"
)]
pub struct NumberRequest {
    #[field(zh = "说明", en = "Note")]
    pub note: Option<String>,
    #[field(zh = "申请个数", en = "How many", required)]
    pub count: Option<i64>,
    /// First serial that the paper book leaves free.
    #[field(zh = "纸质登记簿已用至下一号", en = "First serial free after the paper book")]
    pub from: Option<i64>,
    #[field(zh = "申请电脑", en = "Incarnation", kind = "bytes", required)]
    pub holder: Option<RecordId>,
}

/// Numbers that one PC hands on to another of its office.
#[derive(Clone, Record)]
#[record(
    name = "number_handing",
    plural = "number_handings",
    zh = "号段转交",
    en = "Numbers handed on",
    title = "note"
)]
pub struct NumberHanding {
    #[field(zh = "说明", en = "Note")]
    pub note: Option<String>,
    #[field(zh = "号段", en = "Lease", kind = "bytes", required)]
    pub lease: Option<RecordId>,
    #[field(zh = "起始流水号", en = "First serial", required)]
    pub first: Option<i64>,
    #[field(zh = "个数", en = "How many", required)]
    pub count: Option<i64>,
    #[field(zh = "接收电脑", en = "Incarnation", kind = "bytes", required)]
    pub to: Option<RecordId>,
    #[field(zh = "申请", en = "Request", kind = "bytes")]
    pub request: Option<RecordId>,
}

/// How many cards one act orders, changes or signs.
const MOST: usize = 5_000;

pub(crate) const LEDGER: Ledger = Ledger { ty: Card::TYPE, rules: fields, derived, detail, further: &[] };

pub(crate) fn register(registry: &mut Registry) {
    records::register(registry, LEDGER);
    stock::register(registry);
    leases::register(registry);
    order::register(registry);
    enter::register(registry);
    change::register(registry);
    twice::register(registry);
    issue::register(registry);
    paper::register(registry);
    verify::register(registry);
    wanting::register(registry);
}

/// A card comes from an order or from the paper book, and its number and holder stay what they are. On the form stand the
/// bank's number and a note.
fn fields(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    const FIXED: [&str; 7] = ["number", "member", "kind", "issued_on", "batch", "place", "replaces"];
    let stood = match candidate.id {
        Some(id) => rows::by_id(view.conn, candidate.layout, id)?,
        None => None,
    };
    for field in FIXED {
        let Some(place) = candidate.layout.place(field) else { continue };
        if stood.as_ref().is_none_or(|row| row.values[place] != candidate.values[place]) {
            candidate.fault(
                field,
                "card_fixed",
                Say::new(
                    "证号和持证人不能在表单里改，没有保存。写错了的请作废这张证，重新办证或登记。",
                    "Number and holder of a card are not changed on a form; nothing was saved. Void a card that is wrong, and order or enter it again.",
                ),
            );
        }
    }
    Ok(())
}

/// Which events may follow, the label of the state, and the other card of its number.
fn derived(view: &View<'_>, id: RecordId, values: &[Value]) -> Result<Map<String, Json>, Fault> {
    let row = rows::by_id(view.conn, view.layout(Card::TYPE.name)?, id)?.ok_or_else(Fault::not_found)?;
    let now = Standing::from_key(row.state.as_deref().unwrap_or(""));
    let possible: Vec<&str> = change::EVENTS.into_iter().filter(|e| now.after(e).is_some()).collect();
    let label = crate::codes::list("card_state")
        .and_then(|l| l.get(now.key()))
        .map_or_else(|| Say::new("未知", "Unknown"), crate::codes::Code::label);
    let card = Card::from_values(values)?;
    let mut out = Map::new();
    out.insert("possible".into(), json!(possible));
    out.insert("state_said".into(), json!({ "zh": label.zh, "en": label.en }));
    if now == Standing::Superseded {
        let recall = twice::recall();
        out.insert("recall".into(), json!({ "zh": recall.zh, "en": recall.en }));
    }
    out.insert("twice".into(), json!(twice::others(view, id, &card.number)?));
    Ok(out)
}

/// Whose card it is.
fn detail(view: &View<'_>, values: &[Value]) -> Result<String, Fault> {
    let Some(member) = Card::from_values(values)?.member else { return Ok(String::new()) };
    let row = rows::by_id(view.conn, view.layout(Member::TYPE.name)?, member)?;
    row.map_or_else(|| Ok(String::new()), |row| Ok(Member::from_values(&row.values)?.name))
}

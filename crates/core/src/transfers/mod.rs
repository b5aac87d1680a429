//! Transfers: a member moves; the old office lets go, the new one takes in. Both may be offline.
//!
//! A transfer is one record that stands in the stream of every office with a part in it; the registrar carries what one of
//! them wrote to the others. The membership itself stands with its new office as *provisional* until the county's *ruling*
//! says who holds it, and with its old one it is counted until then: always exactly once.
// An unanswered transfer never lapses by itself here: the other office may be cut off for weeks.

mod accept;
mod bundle;
mod common;
mod late;
mod list;
mod paper;
mod release;
mod rules;
mod rulings;
mod settle;
mod shared;
#[cfg(test)]
pub(crate) mod tests;
mod tray;

pub use bundle::OfficeKey;
pub(crate) use common::WAITS;
pub(crate) use late::{grown, holder_name};
pub(crate) use list::waiting;
pub(crate) use rules::{fold, fold_late, never, stands};
pub(crate) use rulings::{Ground, bring, hold};

use chrono::NaiveDate;
use niangjia_derive::Record;

use crate::{record::RecordId, registry::Registry};

/// A transfer of a membership (会籍接转): the letter with its stub and receipt.
#[derive(Clone, Record)]
#[record(name = "transfer", plural = "transfers", zh = "会籍接转", en = "Transfer", title = "number", moves = "shared")]
pub struct Transfer {
    #[field(zh = "介绍信编号", en = "Letter no.", listed, keyed)]
    pub number: Option<String>,
    #[field(zh = "会员", en = "Member", link = "member")]
    pub member: Option<RecordId>,
    #[field(zh = "姓名", en = "Name", kind = "name", listed)]
    pub name: Option<String>,
    #[field(zh = "证件号码", en = "ID number", kind = "id_number", sensitive)]
    pub id_no: Option<String>,
    #[field(zh = "会员证号", en = "Card number", listed)]
    pub card_number: Option<String>,
    #[field(zh = "原工会", en = "From", kind = "bytes")]
    pub from_office: Option<RecordId>,
    /// Where the letter is for a union outside the county, or comes from one: what stands on it.
    #[field(zh = "县外原工会", en = "Union outside that lets go")]
    pub from_outside: Option<String>,
    #[field(zh = "去往工会", en = "To", kind = "bytes")]
    pub to_office: Option<RecordId>,
    #[field(zh = "县外去往工会", en = "Union outside that takes in")]
    pub to_outside: Option<String>,
    #[field(zh = "转移原因", en = "Reason", codes = "transfer_reason", listed)]
    pub reason: Option<String>,
    #[field(zh = "会费交至", en = "Dues paid to")]
    pub dues_paid_to: Option<NaiveDate>,
    #[field(zh = "转出日期", en = "Released on", listed)]
    pub released_on: Option<NaiveDate>,
    #[field(zh = "有效期至", en = "Valid until", listed, due)]
    pub valid_until: Option<NaiveDate>,
    #[field(zh = "备注", en = "Note", kind = "note")]
    pub note: Option<String>,
    /// The text of the slip, as the old office signed it.
    #[field(zh = "介绍信二维码", en = "Slip")]
    pub slip: Option<String>,
}

/// The county's word on which office holds a record, and all that goes with it. Of several the one with the highest
/// number counts. It stands in the county's stream, so every office hears the same.
#[derive(Clone, Record)]
#[record(name = "ruling", plural = "rulings", zh = "归属", en = "Ruling", title = "note")]
pub struct HolderRuling {
    #[field(zh = "说明", en = "Note")]
    pub note: Option<String>,
    /// The member; or what goes to another office with a succession.
    #[field(zh = "记录", en = "Record", kind = "bytes", required, keyed)]
    pub record: Option<RecordId>,
    #[field(zh = "归属办公室", en = "Holder", kind = "bytes", required)]
    pub holder: Option<RecordId>,
    #[field(zh = "接转", en = "Transfer", kind = "bytes")]
    pub transfer: Option<RecordId>,
    #[field(zh = "机构调整", en = "Succession", kind = "bytes")]
    pub succession: Option<RecordId>,
    #[field(zh = "次序", en = "Number", required)]
    pub nth: Option<i64>,
    /// A person of the county has decided; otherwise the program has confirmed what both offices said.
    #[field(zh = "经人裁定", en = "Decided by a person")]
    pub decided: Option<bool>,
}

/// Changes of one record that were written in the stream of one office and brought into that of another one, under their own
/// names.
#[derive(Clone, Record)]
#[record(name = "adoption", plural = "adoptions", zh = "档案接收", en = "Adoption", title = "of")]
pub struct Adoption {
    #[field(zh = "类别", en = "Kind", required)]
    pub of: String,
    #[field(zh = "记录", en = "Record", kind = "bytes", required, keyed)]
    pub record: Option<RecordId>,
    #[field(zh = "内容", en = "Changes", kind = "bytes", required)]
    pub changes: Vec<u8>,
    /// Names of the clerks who wrote them, as JSON: id and name. Their records stand with their own office.
    #[field(zh = "经办人", en = "Authors")]
    pub authors: Option<String>,
}

/// What an office still wrote on a record after it had gone: it waits with the new holder for a person.
#[derive(Clone, Record)]
#[record(
    name = "late_edit",
    plural = "late_edits",
    zh = "迟到的修改",
    en = "Late edit",
    title = "name",
    moves = "shared"
)]
pub struct LateEdit {
    #[field(zh = "姓名", en = "Name", kind = "name", listed)]
    pub name: Option<String>,
    #[field(zh = "类别", en = "Kind", required)]
    pub of: String,
    #[field(zh = "记录", en = "Record", kind = "bytes", required)]
    pub record: Option<RecordId>,
    #[field(zh = "原工会", en = "From", kind = "bytes", required)]
    pub from_office: Option<RecordId>,
    #[field(zh = "内容", en = "Changes", kind = "bytes", required)]
    pub changes: Vec<u8>,
    #[field(zh = "经办人", en = "Authors")]
    pub authors: Option<String>,
}

pub(crate) fn register(registry: &mut Registry) {
    release::register(registry);
    accept::register(registry);
    list::register(registry);
    rulings::register(registry);
    tray::register(registry);
    bundle::register(registry);
    paper::register(registry);
}

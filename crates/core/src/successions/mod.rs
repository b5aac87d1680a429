//! Successions (机构调整): an enterprise goes to another office with its members, an office is split, merged or abolished. The county
//! looks at what would go, says so with a day, and it is done in one step.
//!
//! Each record that goes is brought into its new office's stream by an adoption and ruled to be held there, like a member who moves
//! ([`crate::transfers`]); nobody has to release or take in. What the old office still wrote, because it had not heard, follows by
//! itself: it did not do so against anybody.

mod carry;
mod list;
mod plan;
mod preview;
mod selection;
#[cfg(test)]
mod tests;

pub(crate) use carry::{carry_out, due};
pub(crate) use list::{closed, heir};
pub(crate) use selection::HELD;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use niangjia_derive::Record;

use crate::{record::RecordId, registry::Registry, store::EventRow};

/// One part of a reorganisation: what goes from one office to another one. It stands in the county's stream, so every office hears
/// the same.
#[derive(Clone, Record)]
#[record(name = "succession", plural = "successions", zh = "机构调整", en = "Succession", title = "paper")]
pub struct Succession {
    #[field(zh = "批复文号", en = "Approval no.", required, listed)]
    pub paper: String,
    #[field(zh = "调整方式", en = "Kind", codes = "succession_kind", required, listed)]
    pub kind: Option<String>,
    #[field(zh = "原工会", en = "From", kind = "bytes", required)]
    pub from_office: Option<RecordId>,
    #[field(zh = "接续工会", en = "To", kind = "bytes", required)]
    pub to_office: Option<RecordId>,
    /// Ids of the enterprises and organisations that go, 16 bytes each; none where the whole office does.
    #[field(zh = "划转范围", en = "What goes", kind = "bytes")]
    pub records: Option<Vec<u8>>,
    #[field(zh = "生效日期", en = "From", required, listed)]
    pub effective_on: Option<NaiveDate>,
    #[field(zh = "说明", en = "Note", kind = "note")]
    pub note: Option<String>,
}

impl Succession {
    /// The enterprises and organisations that go; `None` where the whole office does.
    fn named(&self) -> Option<BTreeSet<RecordId>> {
        let ids = self.records.as_ref()?.chunks_exact(16);
        Some(ids.filter_map(|id| Some(RecordId(id.try_into().ok()?))).collect())
    }
}

/// Said of it: it was done.
const CARRIED_OUT: &str = "carried_out";
/// Its state before its day, and where a PC of the county has not done it yet.
const PLANNED: &str = "planned";
/// And after.
const DONE: &str = "done";

/// Where a succession stands.
pub(crate) fn fold(events: &[EventRow]) -> String {
    if events.iter().any(|event| event.name == CARRIED_OUT) { DONE.into() } else { PLANNED.into() }
}

pub(crate) fn register(registry: &mut Registry) {
    list::register(registry);
    preview::register(registry);
    plan::register(registry);
}

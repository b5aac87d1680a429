//! Duplicates: entries that may be one person. The program proposes and says why; a person decides, and what was decided is
//! remembered. Within one office its clerks decide; across offices the county, whose answer both offices read.

pub(crate) mod answers;
mod commands;
mod find;
mod likeness;
mod list;
mod names;
mod variants;

pub use answers::DuplicateAnswer;
pub(crate) use answers::Verdict;
pub(crate) use commands::{remember, said_apart, take_back};
pub(crate) use find::Kept;
pub(crate) use list::{answers_unheard, derived, open, typed};

use niangjia_derive::Record;

use crate::{record::RecordId, registry::Registry};

/// Says that somebody has looked at two entries and found two persons. It stands in the stream of the office that has both; of
/// entries of two offices the county says so in an answer.
#[derive(Clone, Record)]
#[record(name = "not_same", plural = "not_same", zh = "不是同一人", en = "Not the same person", title = "reason")]
pub struct NotSame {
    #[field(zh = "条目", en = "Entry", link = "member", required)]
    pub one: Option<RecordId>,
    #[field(zh = "另一条目", en = "Other entry", link = "member", required)]
    pub other: Option<RecordId>,
    #[field(zh = "依据", en = "Grounds", required)]
    pub reason: String,
}

/// Says that an office has read an answer of the county.
#[derive(Clone, Record)]
#[record(name = "answer_heard", plural = "answers_heard", zh = "答复知悉", en = "Answer read", title = "answer")]
pub struct AnswerHeard {
    #[field(zh = "答复", en = "Answer", link = "duplicate_answer", required)]
    pub answer: Option<RecordId>,
}

pub(crate) fn register(registry: &mut Registry) {
    list::register(registry);
    commands::register(registry);
}

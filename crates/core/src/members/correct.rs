//! A change of membership that was entered by mistake is put right: what stood before stands again, and both the slip and the
//! correction stay in the history.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Member,
    commands::text,
    rules::{self, Membership},
};
use crate::{
    fault::{Fault, FieldFault},
    office::Desk,
    people::Role,
    record::{Record as _, Value},
    records::{self, Saved},
    registry::Registry,
    store::{EventRow, NewEvent},
    words::Say,
};

/// Whose last change was a slip.
#[derive(Deserialize, JsonSchema)]
pub struct CorrectAsk {
    /// The member.
    pub id: String,
    /// The change as the clerk saw it, so that another one that came meanwhile is not taken for it.
    pub event: String,
    /// What was wrong.
    pub reason: String,
    /// Document.
    #[serde(default)]
    pub document: Option<String>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("members.correct", Role::Clerk, correct);
}

/// The last event that changed the membership, and how it stood before.
pub(super) fn last(events: &[EventRow]) -> Option<(&str, Membership)> {
    let (mut now, mut last) = (Membership::None, None);
    for event in events {
        if let Some(next) = rules::step(now, event).filter(|next| *next != now) {
            last = Some((event.name.as_str(), now));
            now = next;
        }
    }
    last
}

fn correct(desk: &mut Desk<'_>, ask: CorrectAsk) -> Result<Saved, Fault> {
    if ask.reason.trim().is_empty() {
        return Err(Fault::fields(vec![FieldFault {
            field: "reason".into(),
            key: "reason_missing".into(),
            say: Say::new("请写明错在哪里，以后查账时要用。", "Say what was wrong: it will be asked for later."),
        }]));
    }
    let layout = desk.act.layout(Member::TYPE.name)?;
    let row = desk.act.row(layout, ask.id.parse().map_err(|_| Fault::not_found())?)?;
    let events = desk.act.events(layout, row.rec)?;
    if row.state.as_deref() == Some("provisional") || ask.event == "taken_in" {
        return Err(Fault::new(
            "taken_in_provisionally",
            "这位会员是从别的工会接来的，接收不能在这里更正，没有改动。接错了的，请在“会籍接转”里撤回接收。",
            "This member came from another union; the taking in is not put right here and nothing was changed. Take it back under Transfers.",
        ));
    }
    let Some((_, before)) = last(&events).filter(|(event, _)| *event == ask.event) else {
        return Err(Fault::new(
            "correct_gone",
            "这一项之后又有了新的变更，没有做任何改动。请刷新后核对会籍历史。",
            "Another change has come after this one; nothing was changed. Refresh and check the history.",
        ));
    };
    let detail = vec![
        ("on", Value::Text(desk.act.moment.today().to_string().into())),
        ("of", Value::Text(ask.event.as_str().into())),
        ("to", Value::Text(before.key().into())),
        ("reason", text(Some(&ask.reason))),
        ("document", text(ask.document.as_ref())),
    ];
    let seen = row.versions.clone();
    desk.act.change(layout, &row, &seen, &[], Some(NewEvent { name: "corrected", detail }))?;
    desk.note.kind = Some(Member::TYPE.name);
    desk.note.record = Some(row.id);
    desk.note.reason = Some(ask.reason.trim().to_owned());
    records::saved(desk, layout, row.id, records::Saw::Untold, Vec::new())
}

//! Union life: who took part in what, and to which day dues are paid. One member or a whole list in one act.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Member,
    commands::{follows, text},
    rules,
};
use crate::{
    fault::Fault,
    office::Desk,
    people::Role,
    record::{Record as _, Value},
    registry::Registry,
    store::NewEvent,
    words::Say,
};

/// Who took part.
#[derive(Deserialize, JsonSchema)]
pub struct SeenAsk {
    /// Ids of the members, 5,000 at the most.
    pub ids: Vec<String>,
    /// The day.
    pub on: NaiveDate,
    /// In what: a meeting, a training, a payment of dues.
    #[serde(default)]
    pub what: Option<String>,
    /// Dues are paid to this day; what is paid farther already stays.
    #[serde(default)]
    pub dues_to: Option<NaiveDate>,
}

/// What came of it.
#[derive(Serialize, JsonSchema)]
pub struct SeenAnswer {
    /// Of how many it was recorded.
    pub recorded: u64,
    /// Members of whom it was not, and why.
    pub refused: Vec<NotRecorded>,
}

/// A member of whom nothing was recorded.
#[derive(Serialize, JsonSchema)]
pub struct NotRecorded {
    /// Id of the member.
    pub id: String,
    /// Name.
    pub name: String,
    /// Why.
    pub say: Say,
}

/// How many one act records.
pub(super) const MOST: usize = 5_000;

pub(super) fn register(registry: &mut Registry) {
    registry.action("members.seen", Role::Clerk, seen);
}

fn seen(desk: &mut Desk<'_>, ask: SeenAsk) -> Result<SeenAnswer, Fault> {
    if ask.ids.is_empty() || ask.ids.len() > MOST {
        return Err(Fault::question("ids"));
    }
    rules::day_of_event(ask.on, desk.act.moment.today())?;
    let layout = desk.act.layout(Member::TYPE.name)?;
    let place = layout.place("dues_paid_to").ok_or_else(Fault::not_found)?;
    let (mut recorded, mut refused, mut met) = (0, Vec::new(), std::collections::BTreeSet::new());
    for id in &ask.ids {
        // Chosen twice, meant once.
        if !met.insert(id) {
            continue;
        }
        let row = desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)?;
        let member = Member::from_values(&row.values)?;
        if let Err(fault) = follows(row.state.as_deref(), "seen") {
            if ask.ids.len() == 1 {
                return Err(fault);
            }
            refused.push(NotRecorded { id: row.id.to_string(), name: member.name, say: fault.say });
            continue;
        }
        let dues = ask.dues_to.filter(|to| member.dues_paid_to.is_none_or(|paid| paid < *to));
        let fields: Vec<_> = dues.into_iter().map(|to| (place, Value::Text(to.to_string().into()))).collect();
        let detail = vec![("on", Value::Text(ask.on.to_string().into())), ("what", text(ask.what.as_ref()))];
        let seen = row.versions.clone();
        desk.act.change(layout, &row, &seen, &fields, Some(NewEvent { name: "seen", detail }))?;
        desk.note.record = Some(row.id);
        recorded += 1;
    }
    desk.note.kind = Some(Member::TYPE.name);
    desk.note.record = desk.note.record.filter(|_| recorded == 1);
    desk.note.count = usize::try_from(recorded).ok();
    desk.note.reason = ask.what.map(|what| what.trim().to_owned()).filter(|what| !what.is_empty());
    Ok(SeenAnswer { recorded, refused })
}

//! Union life: who took part in what, and to which day dues are paid; and who was met otherwise. One member or a whole list in one
//! act.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Member,
    commands::{follows, text},
    rules,
};
use crate::{
    fault::{Fault, FieldFault},
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

/// Who was met.
#[derive(Deserialize, JsonSchema)]
pub struct MetAsk {
    /// Ids of the members, 5,000 at the most.
    pub ids: Vec<String>,
    /// The day.
    pub on: NaiveDate,
    /// How, a code of `met_how`.
    pub how: String,
    /// What was heard.
    #[serde(default)]
    pub note: Option<String>,
}

/// How many one act records.
pub(super) const MOST: usize = 5_000;

pub(super) fn register(registry: &mut Registry) {
    registry.action("members.seen", Role::Clerk, seen);
    registry.action("members.met", Role::Clerk, met);
}

fn seen(desk: &mut Desk<'_>, ask: SeenAsk) -> Result<SeenAnswer, Fault> {
    let layout = desk.act.layout(Member::TYPE.name)?;
    let place = layout.place("dues_paid_to").ok_or_else(Fault::not_found)?;
    let answer = each(desk, &ask.ids, ask.on, "seen", |member| {
        let dues = ask.dues_to.filter(|to| member.dues_paid_to.is_none_or(|paid| paid < *to));
        let fields = dues.into_iter().map(|to| (place, Value::Text(to.to_string().into()))).collect();
        (fields, vec![("what", text(ask.what.as_ref()))])
    })?;
    desk.note.reason = ask.what.map(|what| what.trim().to_owned()).filter(|what| !what.is_empty());
    Ok(answer)
}

/// Being met is being seen, and no union life: somebody who is called every month and never comes may still be deemed to have left.
fn met(desk: &mut Desk<'_>, ask: MetAsk) -> Result<SeenAnswer, Fault> {
    let Some(how) = crate::codes::MET_HOW.get(ask.how.trim()) else {
        return Err(Fault::fields(vec![FieldFault {
            field: "how".into(),
            key: "how_missing".into(),
            say: Say::new("请选怎么联系上的。", "Say how the member was met."),
        }]));
    };
    let answer = each(desk, &ask.ids, ask.on, "met", |_| {
        (Vec::new(), vec![("how", Value::Text(how.code.into())), ("note", text(ask.note.as_ref()))])
    })?;
    desk.note.reason = Some(how.zh.to_owned());
    Ok(answer)
}

/// Fields to be set, and what is entered with the event.
type Written = (Vec<(usize, Value)>, Vec<(&'static str, Value)>);

/// Writes one event on each of the members; whom it cannot be written on is named, and where it is a single one refused.
fn each(
    desk: &mut Desk<'_>,
    ids: &[String],
    on: NaiveDate,
    event: &'static str,
    says: impl Fn(&Member) -> Written,
) -> Result<SeenAnswer, Fault> {
    if ids.is_empty() || ids.len() > MOST {
        return Err(Fault::question("ids"));
    }
    rules::day_of_event(on, desk.act.moment.today())?;
    let layout = desk.act.layout(Member::TYPE.name)?;
    let (mut recorded, mut refused, mut met) = (0, Vec::new(), std::collections::BTreeSet::new());
    for id in ids {
        // Chosen twice, meant once.
        if !met.insert(id) {
            continue;
        }
        let row = desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)?;
        let member = Member::from_values(&row.values)?;
        if let Err(fault) = follows(row.state.as_deref(), event) {
            if ids.len() == 1 {
                return Err(fault);
            }
            refused.push(NotRecorded { id: row.id.to_string(), name: member.name, say: fault.say });
            continue;
        }
        let (fields, further) = says(&member);
        let mut detail = vec![("on", Value::Text(on.to_string().into()))];
        detail.extend(further);
        let seen = row.versions.clone();
        desk.act.change(layout, &row, &seen, &fields, Some(NewEvent { name: event, detail }))?;
        desk.note.record = Some(row.id);
        recorded += 1;
    }
    desk.note.kind = Some(Member::TYPE.name);
    desk.note.record = desk.note.record.filter(|_| recorded == 1);
    desk.note.count = usize::try_from(recorded).ok();
    Ok(SeenAnswer { recorded, refused })
}

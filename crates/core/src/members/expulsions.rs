//! Expulsions are reported up: the county reads them in the township's stream and takes them on record there, which the township
//! sees after the next exchange. Source: Trade Union constitution article 7; domain rules §2.8.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Member,
    commands::{detail, text},
    rules,
};
use crate::{
    fault::Fault,
    office::{Desk, View},
    people::{Nothing, Role},
    record::{Record as _, Value},
    records,
    registry::Registry,
    store::{
        EventRow, NewEvent,
        rows::{self, Stored},
    },
    words::Say,
};

/// Expulsions that were decided here or, at the county, anywhere in it.
#[derive(Serialize, JsonSchema)]
pub struct Expulsions {
    /// Those that the county has not taken on record, oldest first.
    pub waiting: Vec<ExpulsionRow>,
    /// Those that it has, latest first; 200 at the most.
    pub taken: Vec<ExpulsionRow>,
    /// Whether it is this office that takes them on record.
    pub takes: bool,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
pub struct ExpulsionRow {
    /// Id of the member.
    pub id: String,
    /// Name.
    pub name: String,
    /// What tells two of one name apart.
    pub detail: String,
    /// The office that decided.
    pub office: String,
    /// Day of the decision.
    pub on: String,
    /// Why.
    pub reason: String,
    /// The decision.
    pub document: String,
    /// Day on which the county took it on record.
    pub taken_on: Option<String>,
}

/// What is taken on record.
#[derive(Deserialize, JsonSchema)]
pub struct TakeAsk {
    /// Ids of the members.
    pub ids: Vec<String>,
    /// The day.
    pub on: NaiveDate,
    /// Number under which it is kept.
    #[serde(default)]
    pub document: Option<String>,
}

/// What came of it.
#[derive(Serialize, JsonSchema)]
pub struct Taken {
    /// How many were taken on record.
    pub taken: u64,
}

const SHOWN: usize = 200;

pub(super) fn register(registry: &mut Registry) {
    registry.query("members.expulsions", Role::Viewer, |view, _: Nothing| list(view));
    registry.action("members.take_on_record", Role::Clerk, take);
}

/// The expulsion that stands, and what took it on record. One of which a roster told bears no decision and is nobody's to take.
fn decided(events: &[EventRow]) -> Option<(&EventRow, Option<&EventRow>)> {
    let at = events.iter().rposition(|event| event.name == "expelled")?;
    let decision = events.get(at).filter(|event| event.text("document").is_some())?;
    Some((decision, events[at..].iter().find(|event| event.name == "on_record")))
}

/// How an expulsion stands, for the member's page.
pub(super) fn standing(view: &View<'_>, events: &[EventRow]) -> Option<Say> {
    let (_, taken) = decided(events)?;
    let own = view.office.identity();
    Some(match taken {
        Some(event) => {
            let on = event.text("on").unwrap_or("");
            Say::owned(format!("县总工会已于 {on} 备案。"), format!("Taken on record by the county on {on}."))
        }
        None if own.county => Say::new(
            "还没有备案，请到首页的“开除备案”办理。",
            "Not on record yet; take it on record from the home page.",
        ),
        None if own.federation.is_none() => Say::new(
            "单独使用，还没有上级工会；加入县总工会后随资料一起上报备案。",
            "This office works alone; once it joins a county the decision is reported with everything else.",
        ),
        None => Say::new(
            "随下次上报送县总工会备案，备案后这里会显示日期。",
            "Goes to the county with the next exchange; the day on which it is taken on record will stand here.",
        ),
    })
}

fn expelled(view: &View<'_>) -> Result<Vec<Stored>, Fault> {
    Ok(view.select::<Member>("state = 'expelled' AND void = 0", &[])?.into_iter().map(|(row, _)| row).collect())
}

/// How many the county has still to take; nothing elsewhere.
pub(crate) fn to_take(view: &View<'_>) -> Result<i64, Fault> {
    if !view.office.identity().county {
        return Ok(0);
    }
    let layout = view.layout(Member::TYPE.name)?;
    let mut waiting = 0;
    for row in expelled(view)? {
        let events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
        waiting += i64::from(decided(&events).is_some_and(|(_, taken)| taken.is_none()));
    }
    Ok(waiting)
}

fn list(view: &View<'_>) -> Result<Expulsions, Fault> {
    let layout = view.layout(Member::TYPE.name)?;
    let (mut waiting, mut taken) = (Vec::new(), Vec::new());
    for row in expelled(view)? {
        let events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
        let Some((decision, on_record)) = decided(&events) else { continue };
        let office = view.memory.stream_name(row.stream)?.office().unwrap_or(view.office.identity().office);
        let said = |name: &str| decision.text(name).unwrap_or("").to_owned();
        let line = ExpulsionRow {
            id: row.id.to_string(),
            name: Member::from_values(&row.values)?.name,
            detail: detail(view, &row.values)?,
            office: records::title_of(view, "organisation", &office.0)?,
            on: said("on"),
            reason: said("reason"),
            document: said("document"),
            taken_on: on_record.map(|event| event.text("on").unwrap_or("").to_owned()),
        };
        if line.taken_on.is_some() { taken.push(line) } else { waiting.push(line) }
    }
    waiting.sort_by(|a: &ExpulsionRow, b| a.on.cmp(&b.on));
    taken.sort_by(|a: &ExpulsionRow, b| b.taken_on.cmp(&a.taken_on));
    taken.truncate(SHOWN);
    Ok(Expulsions { waiting, taken, takes: view.office.identity().county })
}

fn take(desk: &mut Desk<'_>, ask: TakeAsk) -> Result<Taken, Fault> {
    if !desk.office().identity().county {
        return Err(Fault::new(
            "on_record_elsewhere",
            "开除会籍由上级工会（县总工会）备案，本单位不能自己备案，没有做任何改动。",
            "An expulsion is taken on record by the county federation, not here; nothing was changed.",
        ));
    }
    rules::day_of_event(ask.on, desk.act.moment.today())?;
    let layout = desk.act.layout(Member::TYPE.name)?;
    let (mut taken, mut last) = (0, None);
    for id in &ask.ids {
        let row = desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)?;
        super::follows(row.state.as_deref(), "on_record")?;
        // A colleague was quicker: once is enough.
        if decided(&desk.act.events(layout, row.rec)?).is_none_or(|(_, taken)| taken.is_some()) {
            continue;
        }
        let detail = vec![("on", Value::Text(ask.on.to_string().into())), ("document", text(ask.document.as_ref()))];
        let seen = row.versions.clone();
        desk.act.change(layout, &row, &seen, &[], Some(NewEvent { name: "on_record", detail }))?;
        (taken, last) = (taken + 1, Some(row.id));
    }
    desk.note.kind = Some(Member::TYPE.name);
    desk.note.record = last.filter(|_| taken == 1);
    desk.note.count = usize::try_from(taken).ok();
    Ok(Taken { taken })
}

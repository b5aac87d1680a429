//! The end of a stay: left again, back again, or taken in as a member; and an end that was recorded by mistake.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Stay, rules, state};
use crate::{
    fault::{Fault, FieldFault},
    members::{self, Member},
    office::Desk,
    people::Role,
    record::{Record as _, RecordId, Value},
    records::{self, Saved, Saw},
    registry::Registry,
    store::{NewEvent, rows, rows::Stored},
    words::Say,
};

/// Who has gone, or is back.
#[derive(Deserialize, JsonSchema)]
pub struct StayEndAsk {
    /// The line of the register.
    pub id: String,
    /// The day.
    pub on: NaiveDate,
    /// Where to, how it is known.
    #[serde(default)]
    pub note: Option<String>,
}

/// An end that was a slip.
#[derive(Deserialize, JsonSchema)]
pub struct StayResumeAsk {
    /// The line of the register.
    pub id: String,
    /// What was wrong.
    pub reason: String,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("stays.end", Role::Clerk, end);
    registry.action("stays.resume", Role::Clerk, resume);
}

fn text(value: Option<&str>) -> Value {
    value.map(str::trim).filter(|t| !t.is_empty()).map_or(Value::Null, |t| Value::Text(t.into()))
}

fn end(desk: &mut Desk<'_>, ask: StayEndAsk) -> Result<Saved, Fault> {
    members::day_of_event(ask.on, desk.act.moment.today())?;
    let row = possible(desk, &ask.id, "end")?;
    let stay = Stay::from_values(&row.values)?;
    if stay.since.is_some_and(|since| ask.on < since) {
        return Err(Fault::fields(vec![FieldFault {
            field: "on".into(),
            key: "days_reversed".into(),
            say: Say::new(
                "早于来（去）的日期，请核对。",
                "It lies before the day of coming or going; check the dates.",
            ),
        }]));
    }
    let detail = vec![("on", Value::Text(ask.on.to_string().into())), ("note", text(ask.note.as_deref()))];
    write(desk, &row, NewEvent { name: rules::ENDED, detail })?;
    saved(desk, &row, ask.note)
}

fn resume(desk: &mut Desk<'_>, ask: StayResumeAsk) -> Result<Saved, Fault> {
    if ask.reason.trim().is_empty() {
        return Err(Fault::fields(vec![FieldFault {
            field: "reason".into(),
            key: "reason_missing".into(),
            say: Say::new("请写明错在哪里，以后查账时要用。", "Say what was wrong: it will be asked for later."),
        }]));
    }
    let row = possible(desk, &ask.id, "resume")?;
    let undone = rules::standing_ends(&super::events(&desk.view(), &row)?);
    let on = desk.act.moment.today().to_string();
    let detail = vec![
        ("on", Value::Text(on.as_str().into())),
        ("undone", Value::Text(undone.as_str().into())),
        ("reason", text(Some(&ask.reason))),
    ];
    write(desk, &row, NewEvent { name: rules::RESUMED, detail })?;
    saved(desk, &row, Some(ask.reason))
}

/// # Errors
/// `stay_elsewhere`, `stay_cannot` naming how it stands.
fn possible(desk: &Desk<'_>, id: &str, deed: &str) -> Result<Stored, Fault> {
    let layout = desk.act.layout(Stay::TYPE.name)?;
    let row = desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)?;
    if *desk.act.memory.stream_name(row.stream)? != desk.office().own_stream() {
        return Err(Fault::new(
            "stay_elsewhere",
            "这一条是另一个工会登记的，由那个工会办理，没有改动。",
            "Another union has entered this line and goes on with it; nothing was changed.",
        ));
    }
    let stay = Stay::from_values(&row.values)?;
    if !row.void && rules::possible(stay.direction(), state(&row)).contains(&deed) {
        return Ok(row);
    }
    let said = rules::said(stay.direction(), state(&row));
    Err(Fault::say(
        "stay_cannot",
        Say::owned(
            format!("这一条现在是“{}”，不能办理这一项，没有改动。请刷新看看同事有没有办过。", said.zh),
            format!("This line is “{}”, after which this cannot be done; nothing was changed. Look again.", said.en),
        ),
    ))
}

fn write(desk: &mut Desk<'_>, row: &Stored, event: NewEvent) -> Result<(), Fault> {
    let layout = desk.act.layout(Stay::TYPE.name)?;
    let seen = row.versions.clone();
    desk.act.change(layout, row, &seen, &[], Some(event))?;
    desk.note.kind = Some(Stay::TYPE.name);
    desk.note.record = Some(row.id);
    Ok(())
}

fn saved(desk: &mut Desk<'_>, row: &Stored, reason: Option<String>) -> Result<Saved, Fault> {
    desk.note.reason = reason.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    records::saved(desk, desk.act.layout(Stay::TYPE.name)?, row.id, Saw::Untold, Vec::new())
}

/// Somebody was taken in: the stay of that person ends with it, the one that the clerk came from, or one that is open here under
/// the same card or ID number. Nothing where there is none.
///
/// # Errors
/// The store's own.
pub(crate) fn became(desk: &mut Desk<'_>, stay: Option<&str>, member: &str, on: NaiveDate) -> Result<(), Fault> {
    let id: RecordId = member.parse().map_err(|_| Fault::not_found())?;
    let own = desk.office().own_stream();
    let Some(stream) = desk.act.memory.known_stream(&own) else { return Ok(()) };
    let Some(row) = rows::in_stream(desk.act.conn, desk.act.layout(Member::TYPE.name)?, id, stream)? else {
        return Ok(());
    };
    let member = Member::from_values(&row.values)?;
    let open = desk.view().select::<Stay>(
        "direction = 'in' AND void = 0 AND state <> 'settled' AND stream = ?1 AND (id = ?2 OR (state = 'open'
         AND ((?3 IS NOT NULL AND id_no = ?3) OR (?4 IS NOT NULL AND card_number = ?4))))",
        &[&stream, &stay.and_then(|id| id.parse::<RecordId>().ok()).map(|id| id.0), &member.id_no, &member.member_no],
    )?;
    let note = (desk.note.kind, desk.note.record);
    for (row, _) in open {
        let detail = vec![("on", Value::Text(on.to_string().into())), ("member", Value::Bytes(id.0.to_vec().into()))];
        write(desk, &row, NewEvent { name: rules::SETTLED, detail })?;
    }
    // The act is the taking in; the stay goes with it.
    (desk.note.kind, desk.note.record) = note;
    Ok(())
}

//! Applying, and what happens to an application before the decision or instead of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Application, LEDGER, MOST, rules};
use crate::{
    fault::{Fault, FieldFault},
    members,
    office::Desk,
    people::Role,
    record::{Record as _, Value},
    records::{self, SaveAsk, Saved},
    registry::Registry,
    store::{NewEvent, rows::Stored},
    words::Say,
};

/// Who applies.
#[derive(Deserialize, JsonSchema)]
pub struct ApplyAsk {
    /// A draft of before.
    #[serde(default)]
    pub id: Option<String>,
    /// Token of the read, with `id`.
    #[serde(default)]
    pub token: Option<String>,
    /// The form's fields.
    #[serde(default)]
    pub fields: BTreeMap<String, Json>,
}

/// What happened to which applications.
#[derive(Deserialize, JsonSchema)]
pub struct ApplicationsChangeAsk {
    /// Their ids, 5,000 at the most.
    pub ids: Vec<String>,
    /// `group_ok`, `rejected`, `withdrawn`.
    pub event: String,
    /// When.
    pub on: NaiveDate,
    /// The group's opinion; why it was rejected or taken back, which has to be said.
    #[serde(default)]
    pub reason: Option<String>,
    /// Document.
    #[serde(default)]
    pub document: Option<String>,
}

/// What came of it.
#[derive(Serialize, JsonSchema)]
pub struct ApplicationsChanged {
    /// To how many it happened.
    pub changed: u64,
    /// Those to which it cannot have happened, and why.
    pub refused: Vec<NotDecided>,
}

/// One that stays as it is.
#[derive(Serialize, JsonSchema)]
pub struct NotDecided {
    /// Its id.
    pub id: String,
    /// Name of the applicant.
    pub name: String,
    /// Why.
    pub say: Say,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("applications.apply", Role::Clerk, apply);
    registry.action("applications.change", Role::Clerk, change);
}

fn apply(desk: &mut Desk<'_>, ask: ApplyAsk) -> Result<Saved, Fault> {
    let layout = desk.act.layout(Application::TYPE.name)?;
    let mut fields = ask.fields;
    let today = desk.act.moment.today();
    let stood = match &ask.id {
        Some(id) => {
            let row = desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)?;
            follows(desk, &row, "submitted")?;
            Application::from_values(&row.values)?.applied_on
        }
        None => None,
    };
    if stood.is_none() && fields.get("applied_on").is_none_or(|day| day.as_str().is_none_or(str::is_empty)) {
        fields.insert("applied_on".into(), Json::String(today.to_string()));
    }
    let on = fields.get("applied_on").and_then(Json::as_str).map(ToOwned::to_owned);
    let on = on.or_else(|| stood.map(|day| day.to_string())).unwrap_or_else(|| today.to_string());
    let event = NewEvent { name: "submitted", detail: vec![("on", Value::Text(on.as_str().into()))] };
    records::save_with(desk, LEDGER, &SaveAsk { id: ask.id, token: ask.token, fields }, Some(event))
}

fn change(desk: &mut Desk<'_>, ask: ApplicationsChangeAsk) -> Result<ApplicationsChanged, Fault> {
    let event = ["group_ok", "rejected", "withdrawn"].into_iter().find(|event| *event == ask.event);
    let Some(event) = event else { return Err(Fault::question("event")) };
    members::day_of_event(ask.on, desk.act.moment.today())?;
    let reason = ask.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_none() && event != "group_ok" {
        return Err(Fault::fields(vec![FieldFault {
            field: "reason".into(),
            key: "reason_missing".into(),
            say: Say::new("请填写原因，要告诉申请人的。", "Enter the reason; the applicant is told it."),
        }]));
    }
    let layout = desk.act.layout(Application::TYPE.name)?;
    let (mut changed, mut refused, mut last) = (0, Vec::new(), None);
    for row in chosen(desk, &ask.ids)? {
        match follows(desk, &row, event) {
            Ok(()) => {
                let detail = detail(ask.on, reason, ask.document.as_deref());
                let seen = row.versions.clone();
                desk.act.change(layout, &row, &seen, &[], Some(NewEvent { name: event, detail }))?;
                (changed, last) = (changed + 1, Some(row.id));
            }
            Err(fault) if ask.ids.len() > 1 => refused.push(not_decided(&row, fault)?),
            Err(fault) => return Err(fault),
        }
    }
    desk.note.kind = Some(Application::TYPE.name);
    desk.note.record = last.filter(|_| changed == 1);
    desk.note.count = usize::try_from(changed).ok();
    desk.note.reason = reason.map(ToOwned::to_owned);
    Ok(ApplicationsChanged { changed, refused })
}

/// The applications chosen, each once.
pub(super) fn chosen(desk: &Desk<'_>, ids: &[String]) -> Result<Vec<Stored>, Fault> {
    if ids.is_empty() || ids.len() > MOST {
        return Err(Fault::question("ids"));
    }
    let layout = desk.act.layout(Application::TYPE.name)?;
    let once: BTreeSet<&String> = ids.iter().collect();
    once.into_iter().map(|id| desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)).collect()
}

pub(super) fn not_decided(row: &Stored, fault: Fault) -> Result<NotDecided, Fault> {
    let name = Application::from_values(&row.values)?.name;
    Ok(NotDecided { id: row.id.to_string(), name, say: sentence(fault) })
}

/// The sentence of a fault; where fields are the matter, what is said beside them.
pub(super) fn sentence(fault: Fault) -> Say {
    fault.fields.into_iter().next().map_or(fault.say, |field| field.say)
}

/// # Errors
/// `event_cannot_follow`, naming how the application stands; `application_elsewhere`.
pub(super) fn follows(desk: &Desk<'_>, row: &Stored, event: &str) -> Result<(), Fault> {
    if *desk.act.memory.stream_name(row.stream)? != desk.office().own_stream() {
        return Err(Fault::new(
            "application_elsewhere",
            "这份申请是另一个工会收的，由那个工会审批，没有做任何改动。",
            "Another union has received this application and decides on it; nothing was changed.",
        ));
    }
    let now = rules::State::from_key(row.state.as_deref().unwrap_or(""));
    if now.after(event).is_some() && !row.void {
        return Ok(());
    }
    let said = super::label(now);
    Err(Fault::say(
        "event_cannot_follow",
        Say::owned(
            format!("这份申请现在是“{}”，不能办理这一项，没有改动。", said.zh),
            format!("This application is “{}”, after which this cannot follow; nothing was changed.", said.en),
        ),
    ))
}

pub(super) fn detail(on: NaiveDate, reason: Option<&str>, document: Option<&str>) -> Vec<(&'static str, Value)> {
    let text =
        |t: Option<&str>| t.map(str::trim).filter(|t| !t.is_empty()).map_or(Value::Null, |t| Value::Text(t.into()));
    vec![("on", Value::Text(on.to_string().into())), ("reason", text(reason)), ("document", text(document))]
}

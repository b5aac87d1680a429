//! Joining and the changes of a membership, and what a member's page shows beside the fields.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{Member, leaving, rules};
use crate::{
    checks::id_number,
    fault::{Fault, FieldFault},
    office::{Desk, View},
    people::Role,
    record::{Record as _, RecordId, Value},
    records::{self, Saved},
    registry::Registry,
    store::{NewEvent, versions::Versions},
    words::Say,
};

/// Who joins.
#[derive(Deserialize, JsonSchema)]
pub struct JoinAsk {
    /// A person who is here already, such as one who left and comes back.
    #[serde(default)]
    pub id: Option<String>,
    /// Token of the read, with `id`.
    #[serde(default)]
    pub token: Option<String>,
    /// The form's fields.
    #[serde(default)]
    pub fields: BTreeMap<String, Json>,
    /// Day of approval; from here dues run.
    pub on: NaiveDate,
    /// Why, a code of `membership_change_reason` or words.
    #[serde(default)]
    pub reason: Option<String>,
    /// Document: number of the resolution, kind of application.
    #[serde(default)]
    pub document: Option<String>,
}

/// What changes in a membership.
#[derive(Deserialize, JsonSchema)]
pub struct ChangeAsk {
    /// The member.
    pub id: String,
    /// `retained`, `restored`, `left`, `expelled`, `deceased`, `moved_out`; `talked`, which changes nothing but is told of.
    pub event: String,
    /// Day of the decision.
    pub on: NaiveDate,
    /// Why, a code or words.
    pub reason: String,
    /// Document; an expulsion and a deemed leaving need the decision.
    #[serde(default)]
    pub document: Option<String>,
    /// Of `left`, a code of `left_kind` (`voluntary` where absent); of `retained`, a code of `retained_reason`.
    #[serde(default)]
    pub kind: Option<String>,
    /// First month without dues, `YYYY-MM`; the one after the day where absent.
    #[serde(default)]
    pub dues_stop: Option<String>,
}

pub(super) const EVENTS: [&str; 6] = ["retained", "restored", "left", "expelled", "deceased", "moved_out"];

pub(super) fn register(registry: &mut Registry) {
    registry.action("members.join", Role::Clerk, join);
    registry.action("members.change", Role::Clerk, change);
}

pub(super) fn text(value: Option<&String>) -> Value {
    value.map(|t| t.trim()).filter(|t| !t.is_empty()).map_or(Value::Null, |t| Value::Text(t.into()))
}

fn join(desk: &mut Desk<'_>, ask: JoinAsk) -> Result<Saved, Fault> {
    rules::day_of_event(ask.on, desk.act.moment.today())?;
    if let Some(id) = &ask.id {
        let layout = desk.act.layout(Member::TYPE.name)?;
        let row = desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)?;
        follows(row.state.as_deref(), "joined")?;
    }
    let mut fields = ask.fields.clone();
    if ask.id.is_none() && !fields.contains_key("organisation") {
        fields.insert("organisation".into(), Json::String(desk.office().identity().office.to_string()));
    }
    let event = NewEvent {
        name: "joined",
        detail: vec![
            ("on", Value::Text(ask.on.to_string().into())),
            ("reason", text(ask.reason.as_ref())),
            ("document", text(ask.document.as_ref())),
            ("dues_from", Value::Text(leaving::month(ask.on).as_str().into())),
        ],
    };
    let save = records_ask(ask.id, ask.token, fields);
    records::save_with(desk, super::LEDGER, &save, Some(event))
}

fn records_ask(id: Option<String>, token: Option<String>, fields: BTreeMap<String, Json>) -> records::SaveAsk {
    records::SaveAsk { id, token, fields }
}

pub(crate) fn follows(state: Option<&str>, event: &str) -> Result<(), Fault> {
    let now = rules::Membership::from_key(state.unwrap_or(""));
    if now.after(event).is_some() {
        return Ok(());
    }
    let label = |key: &str| {
        crate::codes::list("membership_state")
            .and_then(|l| l.get(key))
            .map_or_else(|| Say::new("未入会", "not admitted"), crate::codes::Code::label)
    };
    let said = label(now.key());
    Err(Fault::say(
        "event_cannot_follow",
        Say::owned(
            format!("这位会员现在是“{}”，不能办理这一项，没有做任何改动。请先核对会籍历史。", said.zh),
            format!(
                "This member's standing is “{}”, after which this cannot follow; nothing was changed. Check the history first.",
                said.en
            ),
        ),
    ))
}

fn change(desk: &mut Desk<'_>, ask: ChangeAsk) -> Result<Saved, Fault> {
    let known = EVENTS.into_iter().chain(["talked"]).find(|e| *e == ask.event);
    let Some(event) = known else { return Err(Fault::question("event")) };
    rules::day_of_event(ask.on, desk.act.moment.today())?;
    if ask.reason.trim().is_empty() {
        return Err(Fault::fields(vec![FieldFault {
            field: "reason".into(),
            key: "reason_missing".into(),
            say: Say::new("请填写原因。", "Enter the reason."),
        }]));
    }
    let layout = desk.act.layout(Member::TYPE.name)?;
    let row = desk.act.row(layout, ask.id.parse().map_err(|_| Fault::not_found())?)?;
    follows(row.state.as_deref(), event)?;
    let mut detail = vec![
        ("on", Value::Text(ask.on.to_string().into())),
        ("reason", text(Some(&ask.reason))),
        ("document", text(ask.document.as_ref())),
    ];
    detail.extend(leaving::further(&desk.view(), &row, &ask, event)?);
    let seen: Versions = row.versions.clone();
    desk.act.change(layout, &row, &seen, &[], Some(NewEvent { name: event, detail }))?;
    desk.note.kind = Some(layout.ty.name);
    desk.note.record = Some(row.id);
    desk.note.reason = Some(ask.reason.trim().to_owned());
    records::saved(desk, layout, row.id, records::Saw::Untold, Vec::new())
}

/// Which changes may follow now, and the label of the state.
pub(super) fn derived(view: &View<'_>, id: RecordId, values: &[Value]) -> Result<Map<String, Json>, Fault> {
    // Of several rows of one member, at the county, the one whose page this is.
    let row =
        crate::store::rows::by_id(view.conn, view.layout(Member::TYPE.name)?, id)?.ok_or_else(Fault::not_found)?;
    let now = rules::Membership::from_key(row.state.as_deref().unwrap_or(""));
    let possible: Vec<Json> =
        std::iter::once("joined").chain(EVENTS).filter(|e| now.after(e).is_some()).map(Json::from).collect();
    let label = crate::codes::list("membership_state")
        .and_then(|l| l.get(now.key()))
        .map_or_else(|| Say::new("未入会", "Not admitted"), crate::codes::Code::label);
    let mut out = Map::new();
    out.insert("possible".into(), possible.into());
    out.insert("state_said".into(), serde_json::json!({ "zh": label.zh, "en": label.en }));
    leaving::derived(view, id, now, &mut out)?;
    super::same::derived(view, id, &mut out)?;
    crate::duplicates::derived(view, id, values, &mut out)?;
    super::unseen::derived(view, &row, now, &mut out)?;
    Ok(out)
}

/// Employer, birth year and the tail of the ID number: what tells two of one name apart.
pub(crate) fn detail(_: &View<'_>, values: &[Value]) -> Result<String, Fault> {
    let get = |field: &str| match Member::TYPE.field(field).map(|p| &values[p]) {
        Some(Value::Text(t)) => Some(&**t),
        _ => None,
    };
    let mut parts: Vec<String> = Vec::new();
    parts.extend(get("employer").map(ToOwned::to_owned));
    parts.extend(get("birth_date").and_then(|d| d.get(..4)).map(|y| format!("{y}年生")));
    parts.extend(get("id_no").map(id_number::masked));
    Ok(parts.join(" · "))
}

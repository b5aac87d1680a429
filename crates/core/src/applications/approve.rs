//! Approval: applications become members, one or a thousand in one act, with one day and one document. So do persons who were
//! entered of an enterprise and never admitted: a union is founded, and all join together.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Application, MOST,
    change::{self, NotDecided},
    member_of,
    waiting::{self, WaitingAsk},
};
use crate::{
    fault::{Fault, FieldFault},
    members::{self, Member, Membership},
    office::Desk,
    people::Role,
    record::{Layout, Record as _, RecordId, Value},
    records::Candidate,
    registry::Registry,
    store::{
        NewEvent,
        rows::{self, Stored},
    },
    words::Say,
};

/// Who is admitted.
#[derive(Deserialize, JsonSchema)]
pub struct ApproveAsk {
    /// Ids of applications.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Ids of persons who were entered and not admitted.
    #[serde(default)]
    pub members: Vec<String>,
    /// Instead of both: all who wait, as far as they are asked for.
    #[serde(default)]
    pub waiting: Option<WaitingAsk>,
    /// Day of approval; from its month dues run.
    pub on: NaiveDate,
    /// Examined: may join.
    #[serde(default)]
    pub eligible: bool,
    /// Examined: wants to.
    #[serde(default)]
    pub voluntary: bool,
    /// Examined: the papers are in order.
    #[serde(default)]
    pub papers: bool,
    /// Resolution, minutes.
    #[serde(default)]
    pub document: Option<String>,
    /// Remark, such as the ceremony at which they joined.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What came of it.
#[derive(Serialize, JsonSchema)]
pub struct Approved {
    /// How many were admitted.
    pub approved: u64,
    /// The members, 50 at the most.
    pub members: Vec<Admitted>,
    /// Those who were not, and why.
    pub refused: Vec<NotDecided>,
    /// First month of dues, `YYYY-MM`: to be told to them.
    pub dues_from: String,
}

/// A member now.
#[derive(Serialize, JsonSchema)]
pub struct Admitted {
    /// Id of the member.
    pub id: String,
    /// Name.
    pub name: String,
}

const SHOWN: usize = 50;

pub(super) fn register(registry: &mut Registry) {
    registry.action("applications.approve", Role::Clerk, approve);
}

fn approve(desk: &mut Desk<'_>, ask: ApproveAsk) -> Result<Approved, Fault> {
    examined(&ask)?;
    members::day_of_event(ask.on, desk.act.moment.today())?;
    let (mut ids, mut persons) = (ask.ids.clone(), ask.members.clone());
    if let Some(waiting) = &ask.waiting {
        (ids, persons) = waiting::all(&desk.view(), waiting)?;
    }
    let many = ids.len() + persons.len();
    if many == 0 || many > MOST {
        return Err(Fault::fields(vec![FieldFault {
            field: "ids".into(),
            key: "approve_size".into(),
            say: Say::new("请选 1 到 5000 人。", "Choose between 1 and 5,000 people."),
        }]));
    }
    let (mut made, mut refused) = (Vec::new(), Vec::new());
    let applications = if ids.is_empty() { Vec::new() } else { change::chosen(desk, &ids)? };
    for row in applications {
        match admit(desk, &row, &ask) {
            Ok(member) => made.push(member),
            Err(fault) if many > 1 && refusal(&fault) => refused.push(change::not_decided(&row, fault)?),
            Err(fault) => return Err(fault),
        }
    }
    let layout = desk.act.layout(Member::TYPE.name)?;
    for id in &persons {
        let row = desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)?;
        let name = Member::from_values(&row.values)?.name;
        match admit_entered(desk, layout, &row, &ask) {
            Ok(()) => made.push((row.id, name)),
            Err(fault) if many > 1 && refusal(&fault) => {
                refused.push(NotDecided { id: row.id.to_string(), name, say: change::sentence(fault) });
            }
            Err(fault) => return Err(fault),
        }
    }
    desk.note.kind = Some(Application::TYPE.name);
    desk.note.count = Some(made.len());
    desk.note.record = made.first().map(|(id, _)| *id).filter(|_| made.len() == 1);
    if desk.note.record.is_some() {
        desk.note.kind = Some(Member::TYPE.name);
    }
    desk.note.reason = [&ask.document, &ask.reason].into_iter().flatten().next().map(|text| text.trim().to_owned());
    Ok(Approved {
        approved: made.len() as u64,
        members: made.into_iter().take(SHOWN).map(|(id, name)| Admitted { id: id.to_string(), name }).collect(),
        refused,
        dues_from: members::month(ask.on),
    })
}

/// Whether it is this one who is refused; anything else stops the whole.
fn refusal(fault: &Fault) -> bool {
    matches!(fault.code.as_str(), "fields" | "event_cannot_follow" | "application_elsewhere")
}

/// What a union examines before it admits somebody.
fn examined(ask: &ApproveAsk) -> Result<(), Fault> {
    let missing = |field: &str| FieldFault {
        field: field.into(),
        key: "not_examined".into(),
        say: Say::new(
            "批准前要审查这一项，请核对后勾选；不符合的请办“不批准”。",
            "This is examined before an approval: tick it when it is so, and reject the application when it is not.",
        ),
    };
    let parts = [("eligible", ask.eligible), ("voluntary", ask.voluntary), ("papers", ask.papers)];
    let faults: Vec<_> = parts.into_iter().filter(|(_, done)| !done).map(|(field, _)| missing(field)).collect();
    if faults.is_empty() { Ok(()) } else { Err(Fault::fields(faults)) }
}

fn joined(ask: &ApproveAsk, application: Option<RecordId>) -> NewEvent {
    let mut detail = change::detail(ask.on, ask.reason.as_deref(), ask.document.as_deref());
    detail.push(("dues_from", Value::Text(members::month(ask.on).as_str().into())));
    if let Some(id) = application {
        detail.push(("application", Value::Bytes(id.0.to_vec().into())));
    }
    NewEvent { name: "joined", detail }
}

/// Makes the member of an application, or lets the membership of one who was here begin again.
fn admit(desk: &mut Desk<'_>, row: &Stored, ask: &ApproveAsk) -> Result<(RecordId, String), Fault> {
    change::follows(desk, row, "approved")?;
    let application = Application::from_values(&row.values)?;
    signed(&application)?;
    if application.applied_on.is_some_and(|applied| ask.on < applied) {
        return Err(on_fault());
    }
    let layout = desk.act.layout(Member::TYPE.name)?;
    let id = application.member.unwrap_or_else(|| member_of(row.id));
    let known = rows::by_id(desk.act.conn, layout, id)?;
    if known.as_ref().is_some_and(|member| member.void) {
        return Err(Fault::new(
            "event_cannot_follow",
            "这个人原来的会员档案已经作废，没有改动。请先打开那份档案恢复，再批准。",
            "The member's entry of before is void; nothing was changed. Take the void back first, and approve then.",
        ));
    }
    let event = joined(ask, Some(row.id));
    // A colleague's approval that came without its decision on the application: the member stands already.
    let stands = |row: &Stored| Membership::from_key(row.state.as_deref().unwrap_or("")) == Membership::Active;
    if !known.as_ref().is_some_and(|row| application.member.is_none() && stands(row)) {
        let fields = values(desk, layout, row, &application, known.as_ref())?;
        match &known {
            None => {
                let mut whole = vec![Value::Null; layout.ty.fields.len()];
                for (place, value) in fields {
                    whole[place] = value;
                }
                let stream = desk.office().own_stream();
                desk.act.create_shared(&stream, layout, id, &whole, event)?;
            }
            Some(member) => {
                members::follows(member.state.as_deref(), "joined")?;
                let seen = member.versions.clone();
                desk.act.change(layout, member, &seen, &fields, Some(event))?;
            }
        }
    }
    let mut detail = change::detail(ask.on, ask.reason.as_deref(), ask.document.as_deref());
    detail.push(("member", Value::Bytes(id.0.to_vec().into())));
    let seen = row.versions.clone();
    let own = desk.act.layout(Application::TYPE.name)?;
    desk.act.change(own, row, &seen, &[], Some(NewEvent { name: "approved", detail }))?;
    Ok((id, application.name))
}

/// The pledge is signed, or the application was made by word of mouth.
fn signed(application: &Application) -> Result<(), Fault> {
    if application.pledged_on.is_some() || application.way.as_deref() == Some("oral") {
        return Ok(());
    }
    Err(Fault::fields(vec![FieldFault {
        field: "pledged_on".into(),
        key: "pledge_missing".into(),
        say: Say::new(
            "申请书还没有签字日期，手续不齐。请本人签字后填上“申请书签字日期”，再批准。",
            "The pledge has not been signed, so the papers are not in order. Have it signed, enter the day, and approve then.",
        ),
    }]))
}

fn on_fault() -> Fault {
    Fault::fields(vec![FieldFault {
        field: "on".into(),
        key: "approved_before_applied".into(),
        say: Say::new("批准日期早于申请日期，请核对。", "The approval lies before the application; check the days."),
    }])
}

/// The member's fields as the application says them, judged as a form would be.
fn values(
    desk: &Desk<'_>,
    layout: &Layout,
    row: &Stored,
    application: &Application,
    known: Option<&Stored>,
) -> Result<Vec<(usize, Value)>, Fault> {
    let own = desk.act.layout(Application::TYPE.name)?;
    let mut candidate = Candidate {
        layout,
        id: known.map(|member| member.id),
        values: known.map_or_else(|| vec![Value::Null; layout.ty.fields.len()], |member| member.values.clone()),
        given: vec![false; layout.ty.fields.len()],
        faults: Vec::new(),
        notices: Vec::new(),
    };
    let mut take = |place: Option<usize>, value: &Value| {
        if let (Some(place), true) = (place, *value != Value::Null) {
            candidate.values[place] = value.clone();
            candidate.given[place] = true;
        }
    };
    for (field, value) in own.ty.fields.iter().zip(&row.values) {
        take(layout.place(field.name), value);
    }
    let kind = application.kind.as_deref().unwrap_or("ordinary");
    let sort = if matches!(kind, "dispatched" | "platform") { kind } else { "ordinary" };
    take(layout.place("member_kind"), &Value::Text(sort.into()));
    if kind == "dispatched" {
        take(layout.place("is_dispatched"), &Value::Bool(true));
    }
    if application.way.as_deref() == Some("online") {
        take(layout.place("collected_by"), &Value::Text("online".into()));
    }
    if application.pledged_on.is_some() {
        take(layout.place("confirmed_by"), &Value::Text("signature".into()));
    }
    members::member_rules(&desk.view(), &mut candidate)?;
    if !candidate.faults.is_empty() {
        return Err(Fault::fields(candidate.faults));
    }
    let Candidate { values, given, .. } = candidate;
    Ok(values.into_iter().enumerate().filter(|(place, _)| given[*place]).collect())
}

/// A person who was entered and not admitted joins as entered.
fn admit_entered(desk: &mut Desk<'_>, layout: &Layout, row: &Stored, ask: &ApproveAsk) -> Result<(), Fault> {
    if *desk.act.memory.stream_name(row.stream)? != desk.office().own_stream() {
        return Err(Fault::new(
            "application_elsewhere",
            "这个人是另一个工会登记的，由那个工会办理，没有做任何改动。",
            "Another union has entered this person and admits them; nothing was changed.",
        ));
    }
    // Who left before applies again; only who never joined joins with the others.
    if row.void || Membership::from_key(row.state.as_deref().unwrap_or("")) != Membership::None {
        return Err(Fault::new(
            "event_cannot_follow",
            "这个人不是“尚未入会”的登记，没有改动。以前退会的，请另填入会申请。",
            "This person is not one who was entered and never admitted; nothing was changed. Who left before applies again.",
        ));
    }
    let seen = row.versions.clone();
    desk.act.change(layout, row, &seen, &[], Some(joined(ask, None)))?;
    Ok(())
}

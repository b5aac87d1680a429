//! What the commands of transfers have in common: finding, naming and refusing.

use chrono::NaiveDate;

use super::{
    Transfer,
    rules::{self, Said, State},
};
use crate::{
    checks::{
        Finding as _,
        id_number::{self, IdKind},
    },
    fault::{Fault, FieldFault},
    members::Member,
    office::{Desk, View},
    organisations::offices_named,
    record::{Record as _, RecordId, Value},
    store::{
        NewEvent,
        rows::{self, Stored},
    },
    successions,
    words::Say,
};

/// An office by id, with name and code.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) id: RecordId,
    pub(super) name: String,
    pub(super) code: String,
}

/// Which part this office has in a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Party {
    /// It lets go.
    Old,
    /// It takes in, or asked to.
    New,
    /// Neither: the county.
    Neither,
}

impl Transfer {
    /// One that says nothing yet.
    pub(super) fn blank() -> Self {
        Self {
            number: None,
            member: None,
            name: None,
            id_no: None,
            card_number: None,
            from_office: None,
            from_outside: None,
            to_office: None,
            to_outside: None,
            reason: None,
            dues_paid_to: None,
            released_on: None,
            valid_until: None,
            note: None,
            slip: None,
        }
    }
}

/// On what grounds two entries are linked that a transfer shows to be one person; a clerk reads it on the member's page.
pub(super) const ONE_PERSON: &str = "会籍接转：证件号码相同";

fn fault(field: &str, key: &str, say: Say) -> Fault {
    Fault::fields(vec![FieldFault { field: field.into(), key: key.into(), say }])
}

/// Every office that takes part: those of the county, this one, and the county itself.
pub(super) fn offices(view: &View<'_>) -> Result<Vec<Named>, Fault> {
    let own = view.office.identity();
    let mut all: Vec<Named> =
        offices_named(view)?.into_iter().map(|(id, name, code)| Named { id, name, code }).collect();
    if !all.iter().any(|office| office.id == own.office) {
        all.push(Named { id: own.office, name: own.name.clone(), code: own.code.clone() });
    }
    Ok(all)
}

pub(super) fn office(view: &View<'_>, text: &str, field: &str) -> Result<Named, Fault> {
    let text = text.trim();
    let all = offices(view)?;
    let mut meant = all.into_iter().filter(|o| o.id.to_string() == text || o.name == text || o.code == text);
    match (meant.next(), meant.next()) {
        (Some(office), None) => Ok(office),
        _ => Err(fault(
            field,
            "office_unknown",
            Say::new(
                "没有找到这个工会。请从名单里选；县外的工会请填在“县外工会”里。",
                "That union was not found. Choose from the list; one outside the county goes into its own field.",
            ),
        )),
    }
}

/// An office that was not given up.
pub(super) fn standing(view: &View<'_>, text: &str, field: &str) -> Result<Named, Fault> {
    let office = office(view, text, field)?;
    let closed = successions::closed(view)?;
    let heir = successions::heir(&closed, office.id);
    if heir == office.id {
        return Ok(office);
    }
    let into = name_of(view, Some(heir))?.unwrap_or_default();
    Err(fault(
        field,
        "office_closed",
        Say::owned(
            format!("这个工会已经撤并到{into}，请选{into}。"),
            format!("That union was given up and went into {into}. Choose {into}."),
        ),
    ))
}

pub(super) fn name_of(view: &View<'_>, id: Option<RecordId>) -> Result<Option<String>, Fault> {
    let Some(id) = id else { return Ok(None) };
    Ok(offices(view)?.into_iter().find(|office| office.id == id).map(|office| office.name))
}

/// The member's row in this office's own stream.
pub(super) fn member_here(view: &View<'_>, id: &str) -> Result<Stored, Fault> {
    let id: RecordId = id.parse().map_err(|_| Fault::not_found())?;
    let own = view.memory.known_stream(&view.office.own_stream()).ok_or_else(Fault::not_found)?;
    rows::in_stream(view.conn, view.layout(Member::TYPE.name)?, id, own)?.ok_or_else(|| {
        Fault::new(
            "membership_elsewhere",
            "会籍不在本单位，请由会籍所在的工会办理。",
            "The membership is held by another office, which has to do this.",
        )
    })
}

/// A transfer in which this office has a part: its row in the own stream; at the county, that of any of its offices.
pub(super) fn transfer(view: &View<'_>, id: &str) -> Result<(Stored, Transfer), Fault> {
    let id: RecordId = id.parse().map_err(|_| Fault::not_found())?;
    let layout = view.layout(Transfer::TYPE.name)?;
    let own = view.memory.known_stream(&view.office.own_stream());
    let here = own.map(|own| rows::in_stream(view.conn, layout, id, own)).transpose()?.flatten();
    let row = match here {
        Some(row) => row,
        None => rows::by_id(view.conn, layout, id)?.ok_or_else(Fault::not_found)?,
    };
    let transfer = Transfer::from_values(&row.values)?;
    Ok((row, transfer))
}

pub(super) fn state(row: &Stored) -> State {
    State::from_key(row.state.as_deref().unwrap_or(""))
}

pub(super) fn said(view: &View<'_>, row: &Stored) -> Result<Said, Fault> {
    let layout = view.layout(Transfer::TYPE.name)?;
    Ok(rules::said(&rows::events(view.conn, view.memory, layout.no, row.rec)?))
}

pub(super) fn party(transfer: &Transfer, said: &Said, own: RecordId) -> Party {
    if transfer.from_office == Some(own) {
        Party::Old
    } else if transfer.to_office == Some(own) || said.takers.iter().any(|taker| *taker == own.0) {
        Party::New
    } else {
        Party::Neither
    }
}

pub(super) fn cannot(state: State) -> Fault {
    let label = crate::codes::list("transfer_state")
        .and_then(|l| l.get(state.key()))
        .map_or_else(|| Say::new("未知", "unknown"), crate::codes::Code::label);
    Fault::say(
        "transfer_cannot",
        Say::owned(
            format!("这笔接转现在是“{}”，不能办理这一项，没有改动。请刷新看看对方有没有办过。", label.zh),
            format!(
                "This transfer is “{}”, after which this cannot be done; nothing was changed. Look again.",
                label.en
            ),
        ),
    )
}

pub(super) fn from_own() -> Fault {
    fault(
        "from",
        "transfer_from_own",
        Say::new("会籍就在本单位，不用接转。", "The membership is held here; no transfer is needed."),
    )
}

/// # Errors
/// `event_day_future`.
pub(super) fn day(on: NaiveDate, today: NaiveDate) -> Result<NaiveDate, Fault> {
    if on <= today {
        return Ok(on);
    }
    Err(fault("on", "event_day_future", Say::new("日期在今天之后，请核对。", "The date lies in the future; check it.")))
}

pub(super) fn reason(code: &str) -> Result<String, Fault> {
    if crate::codes::TRANSFER_REASON.get(code.trim()).is_some() {
        return Ok(code.trim().to_owned());
    }
    Err(fault("reason", "reason_missing", Say::new("请选择转移原因。", "Choose the reason of the transfer.")))
}

pub(super) fn why(reason: &str) -> Result<String, Fault> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(fault("reason", "reason_missing", Say::new("请填写原因。", "Enter the reason.")));
    }
    Ok(reason.to_owned())
}

pub(super) fn text(text: &str, field: &str) -> Result<String, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(fault(field, "name_missing", Say::new("请填写姓名。", "Enter the name.")));
    }
    Ok(text.to_owned())
}

/// An ID number as it is kept.
pub(super) fn id_no(number: &str, today: NaiveDate) -> Result<String, Fault> {
    match id_number::check(IdKind::ResidentId, number, today) {
        Ok(parsed) => Ok(parsed.number.as_str().to_owned()),
        Err(wrong) => Err(fault("id_no", wrong.key(), wrong.say())),
    }
}

pub(super) fn detail(office: RecordId, on: NaiveDate, reason: Option<&str>) -> Vec<(&'static str, Value)> {
    let mut out = vec![("office", Value::Bytes(office.0.to_vec().into())), ("on", Value::Text(on.to_string().into()))];
    out.extend(reason.map(|reason| ("reason", Value::Text(reason.into()))));
    out
}

/// Writes an event, and what a transfer says besides; what it said before and this does not say stays.
pub(super) fn write(desk: &mut Desk<'_>, row: &Stored, says: Transfer, event: NewEvent) -> Result<(), Fault> {
    let layout = desk.act.layout(Transfer::TYPE.name)?;
    let fields: Vec<(usize, Value)> =
        says.into_values().into_iter().enumerate().filter(|(_, value)| *value != Value::Null).collect();
    let seen = row.versions.clone();
    desk.act.change(layout, row, &seen, &fields, Some(event))?;
    Ok(())
}

pub(super) fn told(desk: &mut Desk<'_>, id: RecordId, reason: Option<String>) {
    desk.note.kind = Some(Transfer::TYPE.name);
    desk.note.record = Some(id);
    desk.note.reason = reason;
}

//! What the form of an application must say, and whom its ID number names already.

use chrono::NaiveDate;

use super::{Application, rules};
use crate::{
    fault::Fault,
    members::{self, Member, Membership},
    office::View,
    practice::{self, Practice},
    record::Value,
    records::{self, Candidate},
    store::rows::{self, Stored},
    words::Say,
};

pub(super) fn judge(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    let stood = match candidate.id {
        Some(id) => rows::by_id(view.conn, candidate.layout, id)?,
        None => None,
    };
    if let Some(row) = &stood
        && !rules::State::from_key(row.state.as_deref().unwrap_or("")).open()
    {
        decided(candidate, row);
        return Ok(());
    }
    members::check_fields(candidate, view.today());
    if candidate.text("kind") == Some("platform") && candidate.text("platform_kind").is_none() {
        candidate.fault(
            "platform_kind",
            "platform_kind_missing",
            Say::new(
                "新就业形态劳动者请选类别：货车司机、网约车司机、快递员、外卖配送员或其他。",
                "Say which platform work it is.",
            ),
        );
    }
    days(view, candidate, stood.as_ref())?;
    employer(view, candidate)?;
    union_of_this_office(view, candidate);
    whose_number(view, candidate)
}

/// What was decided stays as it was decided on.
fn decided(candidate: &mut Candidate<'_>, row: &Stored) {
    for (place, field) in candidate.layout.ty.fields.iter().enumerate() {
        if row.values[place] != candidate.values[place] {
            candidate.fault(
                field.name,
                "application_decided",
                Say::new(
                    "这份申请已经办结，内容不再改动，没有保存。会员资料有变化的，请在会员页上修改。",
                    "This application has been decided and stays as it is; nothing was saved. Change the member instead.",
                ),
            );
        }
    }
}

fn days(view: &View<'_>, candidate: &mut Candidate<'_>, stood: Option<&Stored>) -> Result<(), Fault> {
    let today = view.today();
    for field in ["applied_on", "pledged_on"] {
        if candidate.text(field).and_then(|day| day.parse::<NaiveDate>().ok()).is_some_and(|day| day > today) {
            candidate.fault(
                field,
                "event_day_future",
                Say::new("日期在今天之后，请核对。", "The date lies in the future; check it."),
            );
        }
    }
    let (Some(applied), Some(due)) = (candidate.layout.place("applied_on"), candidate.layout.place("due_on")) else {
        return Ok(());
    };
    let moved = stood.is_none_or(|row| row.values[applied] != candidate.values[applied]);
    let set = candidate.given[due] && stood.is_none_or(|row| row.values[due] != candidate.values[due]);
    if let Some(day) = candidate.text("applied_on").and_then(|day| day.parse().ok())
        && moved
        && !set
    {
        let by = rules::working_days_after(day, practice::of(view, Practice::ApprovalDays)?);
        candidate.values[due] = Value::Text(by.to_string().into());
        candidate.given[due] = true;
    }
    Ok(())
}

/// The employer of the ledger by its name.
fn employer(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    if let Value::Bytes(id) = candidate.get("enterprise") {
        let name = records::title_of(view, "enterprise", id)?;
        if !name.is_empty() {
            candidate.fill("employer", Value::Text(name.as_str().into()));
        }
    }
    Ok(())
}

/// Whose employer has no union applies to this one (the territorial principle); the membership moves once there is one.
fn union_of_this_office(view: &View<'_>, candidate: &mut Candidate<'_>) {
    if candidate.id.is_none() {
        let own = view.office.identity().office;
        candidate.fill("organisation", Value::Bytes(own.0.to_vec().into()));
    }
}

/// A number that is known: of a member, of one who comes back, or of another application.
fn whose_number(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    let Some(number) = candidate.text("id_no").map(ToOwned::to_owned) else { return Ok(()) };
    let others = view
        .select::<Application>("id_no = ?1 AND void = 0 AND state IN ('draft', 'submitted', 'group_ok')", &[&number])?;
    if others.iter().any(|(row, _)| Some(row.id) != candidate.id) {
        candidate.fault(
            "id_no",
            "applied_already",
            Say::new(
                "这个证件号码已经有一份没有办结的入会申请，请打开那一份办理，不要重复登记。",
                "There is an application with this ID number that has not been decided; open that one instead of making a second.",
            ),
        );
        return Ok(());
    }
    let known = view.select::<Member>(&format!("id_no = ?1 AND void = 0{}", members::counted(view)), &[&number])?;
    let Some((row, _)) = known.first() else {
        // The number was mended, and with it goes whom the wrong one had named.
        if matches!(candidate.get("member"), Value::Bytes(_))
            && let Some(place) = candidate.layout.place("member")
        {
            candidate.values[place] = Value::Null;
            candidate.given[place] = true;
        }
        return Ok(());
    };
    if *view.memory.stream_name(row.stream)? != view.office.own_stream() {
        candidate.fault(
            "id_no",
            "id_elsewhere",
            Say::new(
                "这个证件号码是另一个工会的会员，请办理会员关系接转，不用重新申请入会。",
                "This is a member of another union; transfer the membership instead of applying again.",
            ),
        );
        return Ok(());
    }
    match Membership::from_key(row.state.as_deref().unwrap_or("")) {
        Membership::Deceased => candidate.fault(
            "id_no",
            "id_deceased",
            Say::new(
                "这个证件号码的会员登记为去世。登记错了的，请先到会员页上更正。",
                "The member with this ID number is recorded as deceased. If that is a mistake, put it right on the member's page first.",
            ),
        ),
        state if state.after("joined").is_none() => candidate.fault(
            "id_no",
            "id_taken",
            Say::new(
                "这个证件号码已经是会员，不用再申请。请先搜索这个号码，打开那条记录办理。",
                "There is a member with this ID number already. Search for the number and work on that record.",
            ),
        ),
        _ => {
            if let Some(place) = candidate.layout.place("member") {
                candidate.values[place] = Value::Bytes(row.id.0.to_vec().into());
                candidate.given[place] = true;
            }
            candidate.notice(
                "id_no",
                "comes_back",
                Say::new(
                    "本单位已有这个人的档案，批准后在原档案上入会，不另建一份。",
                    "There is an entry of this person here; on approval the membership begins on it, and no second one is made.",
                ),
            );
        }
    }
    Ok(())
}

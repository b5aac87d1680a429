//! Letting go: the slip, taking it back, saying no; and asking another office to let go.

use chrono::{Days, NaiveDate};
use niangjia_credential::Slip;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Transfer,
    rules::State,
    shared::{self, Party},
};
use crate::{
    cards::{self, Card},
    fault::{Fault, FieldFault},
    members::{Member, Membership},
    office::{Desk, View},
    people::Role,
    record::{Record as _, RecordId, Value},
    registry::Registry,
    store::{NewEvent, rows::Stored},
    words::Say,
};

/// Who is let go, and where to.
#[derive(Deserialize, JsonSchema)]
pub struct ReleaseAsk {
    /// The member.
    pub member: String,
    /// Id, code or full name of the office that takes in; an open slip is for whichever union of the county does.
    #[serde(default)]
    pub to: Option<String>,
    /// Name of a union outside the county.
    #[serde(default)]
    pub to_outside: Option<String>,
    /// Why, a code of `transfer_reason`.
    pub reason: String,
    /// When; today where absent.
    #[serde(default)]
    pub on: Option<NaiveDate>,
    /// How many days the slip is to be answered in; 30 where absent. After them it is shown as overdue and stays valid.
    #[serde(default)]
    pub days: Option<u16>,
    /// Dues paid to.
    #[serde(default)]
    pub dues_paid_to: Option<NaiveDate>,
    /// What else stands on the letter.
    #[serde(default)]
    pub note: Option<String>,
    /// The request that it answers.
    #[serde(default)]
    pub transfer: Option<String>,
}

/// The slip.
#[derive(Serialize, JsonSchema)]
pub struct Released {
    /// Id of the transfer.
    pub id: String,
    /// Number of the letter.
    pub number: String,
    /// Text of the slip's code; a letter to outside the county, or of an office that works alone, has none.
    pub slip: Option<String>,
}

/// A transfer, with why something is done about it.
#[derive(Deserialize, JsonSchema)]
pub struct WithReason {
    /// Id of the transfer.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// Somebody is asked for.
#[derive(Deserialize, JsonSchema)]
pub struct AskAsk {
    /// Id, code or full name of the office that is to let go.
    pub from: String,
    /// Name of the member.
    pub name: String,
    /// ID number.
    pub id_no: String,
    /// Card number.
    #[serde(default)]
    pub card_number: Option<String>,
    /// Why, a code of `transfer_reason`.
    pub reason: String,
    /// What else there is to say.
    #[serde(default)]
    pub note: Option<String>,
}

/// The receipt of a letter to outside the county has come.
#[derive(Deserialize, JsonSchema)]
pub struct ReceiptAsk {
    /// Id of the transfer.
    pub id: String,
    /// The day on it.
    pub on: NaiveDate,
    /// Its number, and who signed.
    #[serde(default)]
    pub document: Option<String>,
}

/// Days within which an answer is expected (domain rules §2.6: no national one; office practice).
const DAYS: u16 = 30;

pub(super) fn register(registry: &mut Registry) {
    registry.action("transfers.release", Role::Clerk, release);
    registry.action("transfers.withdraw", Role::Clerk, withdraw);
    registry.action("transfers.refuse", Role::Clerk, refuse);
    registry.action("transfers.ask", Role::Clerk, ask);
    registry.action("transfers.receipt", Role::Clerk, receipt);
}

fn release(desk: &mut Desk<'_>, ask: ReleaseAsk) -> Result<Released, Fault> {
    let today = desk.act.moment.today();
    let on = shared::day(ask.on.unwrap_or(today), today)?;
    let reason = shared::reason(&ask.reason)?;
    let view = desk.view();
    let own = view.office.identity().office;
    let layout = desk.act.layout(Member::TYPE.name)?;
    let row = shared::member_here(&view, &ask.member)?;
    releasable(&row)?;
    let member = Member::from_values(&row.values)?;
    let outside = ask.to_outside.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(ToOwned::to_owned);
    let to = match ask.to.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
        Some(to) if outside.is_none() => Some(shared::standing(&view, to, "to")?),
        Some(_) => return Err(Fault::question("to and to_outside")),
        None => None,
    };
    if to.as_ref().is_some_and(|to| to.id == own) {
        return Err(Fault::fields(vec![FieldFault {
            field: "to".into(),
            key: "transfer_to_own".into(),
            say: Say::new(
                "会籍就在本单位，不用接转。换了单位的，改“工作单位”就可以。",
                "The membership is held here; no transfer is needed. Where only the employer has changed, change that.",
            ),
        }]));
    }
    let asked = match &ask.transfer {
        Some(id) => Some(shared::transfer(&view, id)?),
        None => None,
    };
    if let Some((asked, _)) = &asked
        && !matches!(shared::state(asked), State::Requested | State::Unreleased | State::Refused)
    {
        return Err(shared::cannot(shared::state(asked)));
    }
    if let Some((_, asked)) = &asked
        && (asked.from_office != Some(own) || (asked.id_no.is_some() && asked.id_no != member.id_no))
    {
        return Err(Fault::new(
            "transfer_of_another",
            "对方请求的不是这位会员（证件号码不同），没有办理。请核对后从请求里点“办理转出”。",
            "The request is not for this member: the ID numbers differ. Nothing was released. Check, and release from the request itself.",
        ));
    }
    let card = held_card(&view, row.id)?;
    let since = cards::since(&view, &row)?;
    let id = match &asked {
        Some((asked, _)) => asked.id,
        None => desk.act.new_id(),
    };
    let number = next_number(desk)?;
    let until = on.checked_add_days(Days::new(u64::from(ask.days.unwrap_or(DAYS))));
    let dues_paid_to = ask.dues_paid_to.or(member.dues_paid_to);
    let mut slip = Slip {
        transfer: id.0,
        member: row.id.0,
        number: number.clone(),
        name: member.name.clone(),
        tail: cards::tail(member.id_no.as_deref()),
        born: member.birth_date.and_then(|day| u16::try_from(chrono::Datelike::year(&day)).ok()),
        since,
        card: card.clone(),
        to: to.as_ref().map(|to| to.code.clone()),
        dues_to: dues_paid_to,
        released: on,
        until,
    };
    let slip = match desk.office().identity().federation {
        Some(_) if outside.is_none() => Some(signed(desk, &mut slip)?),
        _ => None,
    };
    let letter = Transfer {
        number: Some(number.clone()),
        member: Some(row.id),
        name: Some(member.name.clone()),
        id_no: member.id_no.clone(),
        card_number: card,
        from_office: Some(own),
        from_outside: None,
        to_office: to.as_ref().map(|to| to.id),
        to_outside: outside.clone(),
        reason: Some(reason),
        dues_paid_to,
        released_on: Some(on),
        valid_until: until,
        note: ask.note,
        slip: slip.clone(),
    };
    let said = |office: RecordId| shared::detail(office, on, None);
    let released = NewEvent { name: "released", detail: said(own) };
    match asked {
        Some((asked, before)) => {
            // Who asked stays the one who is meant, unless the letter names another.
            let letter = Transfer { to_office: letter.to_office.or(before.to_office), ..letter };
            shared::write(desk, &asked, letter, released)?;
        }
        None => {
            let stream = desk.office().own_stream();
            desk.act.create_as(&stream, id, letter, Some(released))?;
        }
    }
    let name = if outside.is_some() { "moved_out" } else { "released" };
    let mut detail = said(own);
    detail.push(("transfer", Value::Bytes(id.0.to_vec().into())));
    detail.extend(to.map(|to| ("to", Value::Text(to.name.into()))));
    detail.extend(outside.map(|to| ("to", Value::Text(to.into()))));
    let seen = row.versions.clone();
    desk.act.change(layout, &row, &seen, &[], Some(NewEvent { name, detail }))?;
    desk.note.kind = Some(Transfer::TYPE.name);
    desk.note.record = Some(id);
    Ok(Released { id: id.to_string(), number, slip })
}

fn releasable(row: &Stored) -> Result<(), Fault> {
    let state = Membership::from_key(row.state.as_deref().unwrap_or(""));
    if matches!(state, Membership::Active | Membership::Retained) && !row.void {
        return Ok(());
    }
    Err(match state {
        Membership::InTransit => Fault::new(
            "already_released",
            "这位会员已经开过介绍信，正在转出途中，没有重复办理。要改去向，请先撤回原来的介绍信。",
            "A slip was made out already and is on its way; nothing was done. To change where it goes, take that slip back first.",
        ),
        Membership::Provisional => Fault::new(
            "not_confirmed_yet",
            "这位会员是暂接的，县总工会还没有确认，不能再转出。请等确认后办理。",
            "This member was taken in and the county has not confirmed it yet, so nothing can be released. Wait for the confirmation.",
        ),
        _ => Fault::new(
            "not_a_member",
            "这位现在不是本单位的在册会员，不能转出，没有办理。请先核对会籍。",
            "This person is not a member here now, so nothing was released. Check the membership first.",
        ),
    })
}

/// The card that the member has.
fn held_card(view: &View<'_>, member: RecordId) -> Result<Option<String>, Fault> {
    let own = view.memory.known_stream(&view.office.own_stream());
    let all = view.select::<Card>("member = ?1 AND stream = ?2 AND void = 0", &[&member.0, &own])?;
    let counts = |row: &Stored| cards::Standing::from_key(row.state.as_deref().unwrap_or("")).counts();
    Ok(all.into_iter().find(|(row, _)| counts(row)).map(|(_, card)| card.number))
}

/// Code of the office, year, how many before it; and two characters of this PC, for another one of the office counts too.
fn next_number(desk: &Desk<'_>) -> Result<String, Fault> {
    let view = desk.view();
    let stream = view.memory.known_stream(&view.office.own_stream());
    let before: i64 = view
        .conn
        .prepare_cached("SELECT count(*) FROM transfer WHERE stream = ?1 AND released_on >= ?2")?
        .query_row(rusqlite::params![stream, view.today().format("%Y-01-01").to_string()], |r| r.get(0))?;
    let pc = hex::encode_upper(&view.memory.incarnation(view.memory.own)?.0[..1]);
    let code = &view.office.identity().code;
    Ok(format!("{code}-{}-{:04}-{pc}", view.today().format("%Y"), before + 1))
}

fn signed(desk: &mut Desk<'_>, slip: &mut Slip) -> Result<String, Fault> {
    // A slip of a day before this PC signed its first is as old as its key.
    slip.released = slip.released.max(cards::publish_key(desk)?);
    let key = cards::own_key(&desk.office().keys());
    slip.issue(&key).map_err(|unfit| {
        Fault::new(
            "slip_unfit",
            "介绍信上的内容写不进二维码，没有办理。请核对会员的姓名、证件号码和证号。",
            "What stands on this slip cannot be put into its code; nothing was released. Check name, ID number and card number.",
        )
        .because(unfit)
    })
}

/// Takes back what this office said: the release, the request, or the taking in.
fn withdraw(desk: &mut Desk<'_>, ask: WithReason) -> Result<super::list::TransferLine, Fault> {
    let reason = shared::why(&ask.reason)?;
    let view = desk.view();
    let own = view.office.identity().office;
    let (row, transfer) = shared::transfer(&view, &ask.id)?;
    let said = shared::said(&view, &row)?;
    let state = shared::state(&row);
    let on = desk.act.moment.today();
    let name = match shared::party(&transfer, &said, own) {
        Party::Old if said.released && said.takers.is_empty() && state == State::Released => "release_withdrawn",
        Party::New if said.takers.iter().any(|taker| *taker == own.0) && said.confirmed.is_none() => "given_back",
        Party::New if state == State::Requested => "withdrawn",
        _ => return Err(shared::cannot(state)),
    };
    let detail = || shared::detail(own, on, Some(&reason));
    let seen = row.versions.clone();
    let layout = desk.act.layout(Transfer::TYPE.name)?;
    desk.act.change(layout, &row, &seen, &[], Some(NewEvent { name, detail: detail() }))?;
    if name == "release_withdrawn"
        && let Some(member) = transfer.member
    {
        let member = shared::member_here(&desk.view(), &member.to_string())?;
        let mut detail = detail();
        detail.push(("transfer", Value::Bytes(row.id.0.to_vec().into())));
        // One that went out of the county comes back by joining what it was.
        let name = if transfer.to_outside.is_some() { "moved_in" } else { name };
        let (layout, seen) = (desk.act.layout(Member::TYPE.name)?, member.versions.clone());
        desk.act.change(layout, &member, &seen, &[], Some(NewEvent { name, detail }))?;
    }
    if name == "given_back"
        && let Some(member) = super::list::taken_as(&desk.view(), &row, own)?
    {
        let member = shared::member_here(&desk.view(), &member)?;
        let mut detail = detail();
        detail.push(("transfer", Value::Bytes(row.id.0.to_vec().into())));
        let (layout, seen) = (desk.act.layout(Member::TYPE.name)?, member.versions.clone());
        desk.act.change(layout, &member, &seen, &[], Some(NewEvent { name, detail }))?;
    }
    shared::told(desk, row.id, Some(reason));
    super::list::line(&desk.view(), row.id)
}

fn refuse(desk: &mut Desk<'_>, ask: WithReason) -> Result<super::list::TransferLine, Fault> {
    let reason = shared::why(&ask.reason)?;
    let view = desk.view();
    let own = view.office.identity().office;
    let (row, transfer) = shared::transfer(&view, &ask.id)?;
    let said = shared::said(&view, &row)?;
    let state = shared::state(&row);
    let may = shared::party(&transfer, &said, own) == Party::Old && !said.released && !said.refused;
    if !may || !state.open() {
        return Err(shared::cannot(state));
    }
    let detail = shared::detail(own, desk.act.moment.today(), Some(&reason));
    let (layout, seen) = (desk.act.layout(Transfer::TYPE.name)?, row.versions.clone());
    desk.act.change(layout, &row, &seen, &[], Some(NewEvent { name: "refused", detail }))?;
    shared::told(desk, row.id, Some(reason));
    super::list::line(&desk.view(), row.id)
}

fn ask(desk: &mut Desk<'_>, ask: AskAsk) -> Result<super::list::TransferLine, Fault> {
    let (view, today) = (desk.view(), desk.act.moment.today());
    let own = view.office.identity().office;
    let from = shared::standing(&view, &ask.from, "from")?;
    if from.id == own {
        return Err(shared::from_own());
    }
    let transfer = Transfer {
        name: Some(shared::text(&ask.name, "name")?),
        id_no: Some(shared::id_no(&ask.id_no, today)?),
        card_number: ask.card_number.filter(|t| !t.trim().is_empty()),
        from_office: Some(from.id),
        to_office: Some(own),
        reason: Some(shared::reason(&ask.reason)?),
        note: ask.note,
        ..Transfer::blank()
    };
    let open = view.select::<Transfer>("id_no = ?1 AND void = 0", &[&transfer.id_no])?;
    if let Some((row, _)) = open.iter().find(|(row, _)| shared::state(row) == State::Requested) {
        return super::list::line(&view, row.id);
    }
    let event = NewEvent { name: "requested", detail: shared::detail(own, today, None) };
    let stream = desk.office().own_stream();
    let id = desk.act.create(&stream, transfer, Some(event))?;
    shared::told(desk, id, None);
    super::list::line(&desk.view(), id)
}

fn receipt(desk: &mut Desk<'_>, ask: ReceiptAsk) -> Result<super::list::TransferLine, Fault> {
    let on = shared::day(ask.on, desk.act.moment.today())?;
    let view = desk.view();
    let own = view.office.identity().office;
    let (row, transfer) = shared::transfer(&view, &ask.id)?;
    if transfer.to_outside.is_none() || shared::state(&row) != State::Released {
        return Err(shared::cannot(shared::state(&row)));
    }
    let mut detail = shared::detail(own, on, None);
    detail.extend(ask.document.map(|text| ("document", Value::Text(text.into()))));
    let (layout, seen) = (desk.act.layout(Transfer::TYPE.name)?, row.versions.clone());
    desk.act.change(layout, &row, &seen, &[], Some(NewEvent { name: "receipted", detail }))?;
    shared::told(desk, row.id, None);
    super::list::line(&desk.view(), row.id)
}

//! What a line of the register must say, and whom it may not be about: nobody is a visitor at their own union, and nobody is
//! here, or away, twice at a time.

use chrono::NaiveDate;

use super::{Stay, rules::Direction};
use crate::{
    cards,
    checks::{
        Finding as _,
        id_number::{self, IdKind},
    },
    fault::Fault,
    known,
    members::{Member, Membership},
    office::View,
    organisations::offices_named,
    record::{Record as _, RecordId, Value},
    records::Candidate,
    store::rows::{self, Stored},
    words::Say,
};

/// The fault of a check that says "card scanned" where no card was; what is entered with a scanned card is pardoned it.
pub(super) const UNSCANNED: &str = "stay_card_unscanned";

pub(super) fn judge(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    let stood = match candidate.id {
        Some(id) => rows::by_id(view.conn, candidate.layout, id)?,
        None => None,
    };
    let direction = Direction::from_key(candidate.text("direction").unwrap_or(""));
    number(candidate, view.today());
    days(candidate, view.today());
    scanned(candidate, stood.as_ref());
    unmoved(candidate, stood.as_ref());
    match direction {
        Direction::In => {
            home(view, candidate)?;
            if candidate.id.is_none() {
                visitor(view, candidate)?;
            }
        }
        Direction::Out if candidate.id.is_none() => own_member(view, candidate)?,
        Direction::Out => {}
    }
    Ok(())
}

fn number(candidate: &mut Candidate<'_>, today: NaiveDate) {
    let Some(number) = candidate.text("id_no") else { return };
    match id_number::check(IdKind::ResidentId, number, today) {
        Ok(parsed) => {
            let tail = cards::tail(Some(parsed.number.as_str()));
            let differs = candidate.text("id_tail").is_some_and(|shown| shown != tail);
            if differs {
                candidate.fault(
                    "id_no",
                    "tail_differs",
                    Say::new(
                        "证件号码的后四位和会员证上的不一样，没有保存。请核对是不是本人的证件和会员证。",
                        "The last four characters differ from those on the card; nothing was saved. Check document and card.",
                    ),
                );
            }
        }
        Err(fault) => candidate.fault("id_no", fault.key(), fault.say()),
    }
}

fn days(candidate: &mut Candidate<'_>, today: NaiveDate) {
    let day = |field: &str| candidate.text(field).and_then(|day| day.parse::<NaiveDate>().ok());
    let (since, until) = (day("since"), day("until"));
    if since.is_some_and(|since| since > today) {
        candidate.fault(
            "since",
            "event_day_future",
            Say::new("日期在今天之后，请到时再登记。", "The date lies in the future; record it when it has happened."),
        );
    }
    if since.zip(until).is_some_and(|(since, until)| until < since) {
        candidate.fault(
            "until",
            "days_reversed",
            Say::new(
                "预计日期早于来（去）的日期，请核对。",
                "The expected day lies before the first; check the dates.",
            ),
        );
    }
}

/// What a card said is written when it is scanned, and never typed.
fn scanned(candidate: &mut Candidate<'_>, stood: Option<&Stored>) {
    let Some(place) = candidate.layout.place("checked_by") else { return };
    let was = stood.is_some_and(|row| row.values[place] == candidate.values[place]);
    if candidate.text("checked_by") == Some("card") && !was {
        candidate.fault(
            "checked_by",
            UNSCANNED,
            Say::new(
                "“扫会员证”只有真的扫了才能选。请重新扫证登记，或选“看证件原件”。",
                "“Card scanned” is only so when it was scanned. Scan it, or choose “paper card or ID looked at”.",
            ),
        );
    }
    if candidate.text("checked_by") != Some("card") {
        for field in ["answer", "list_of"] {
            if let Some(place) = candidate.layout.place(field)
                && candidate.values[place] != Value::Null
            {
                candidate.values[place] = Value::Null;
                candidate.given[place] = true;
            }
        }
    }
}

/// Whom a line is about stays: another person is another line.
fn unmoved(candidate: &mut Candidate<'_>, stood: Option<&Stored>) {
    let Some(row) = stood else { return };
    for field in ["direction", "member"] {
        let Some(place) = candidate.layout.place(field) else { continue };
        if row.values[place] != Value::Null && row.values[place] != candidate.values[place] {
            candidate.fault(
                field,
                "stay_moved",
                Say::new(
                    "登记的是谁、来还是去，不能改，没有保存。登记错了的，请把这一条作废后另登记。",
                    "Whom a line is about and which way they went stays; nothing was saved. Make this line void and enter another.",
                ),
            );
        }
    }
}

/// Where the membership is held: as typed, or as the index of ID numbers knows it.
fn home(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    let offices = offices_named(view)?;
    if let Some(number) = candidate.text("id_no").map(ToOwned::to_owned)
        && let Some(known) = known::elsewhere(view, &number)?.into_iter().next()
    {
        let typed = candidate.text("home_union").map(ToOwned::to_owned);
        if typed.is_none() {
            candidate.fill("home_union", Value::Text(known.name.as_str().into()));
        } else if typed.as_deref() != Some(known.name.as_str()) {
            candidate.notice(
                "home_union",
                "known_elsewhere",
                Say::owned(
                    format!("县里的名单上，这个证件号码是{}的会员，请核对。", known.name),
                    format!("By the county's index this person is a member at {}; check it.", known.name),
                ),
            );
        }
    }
    let named = candidate.text("home_union").map(|name| name.trim().to_owned());
    let office = offices.into_iter().find(|(_, name, _)| Some(name) == named.as_ref()).map(|(id, ..)| id);
    if let (Some(union), Some(place)) = (candidate.layout.place("home_union"), candidate.layout.place("home_office"))
        && candidate.given[union]
    {
        candidate.values[place] = office.map_or(Value::Null, |id| Value::Bytes(id.0.to_vec().into()));
        candidate.given[place] = true;
    }
    if named.is_none() {
        candidate.fault(
            "home_union",
            "home_union_missing",
            Say::new(
                "请填会籍在哪个工会（看会员证，或问本人）。还不是会员的，请登记入会申请。",
                "Say which union holds the membership. Somebody who is no member yet applies to join.",
            ),
        );
    }
    Ok(())
}

/// A visitor is somebody else's member, can be told from others, and is not here already.
fn visitor(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    let known = ["card_number", "id_no", "mobile"].into_iter().any(|field| candidate.text(field).is_some());
    if !known {
        candidate.fault(
            "card_number",
            "stay_unfindable",
            Say::new(
                "会员证号、证件号码、电话至少填一项，下次来了才认得出、找得到。",
                "Enter a card number, an ID number or a phone, so that the person is found again.",
            ),
        );
    }
    let number = candidate.text("card_number").map(ToOwned::to_owned);
    let id_no = candidate.text("id_no").map(ToOwned::to_owned);
    if let Some((field, member)) = member_here(view, number.as_deref(), id_no.as_deref())? {
        candidate.fault(
            field,
            "stay_own_member",
            Say::owned(
                format!("{member}就是本单位的会员，不用登记来访；直接办理服务就可以。外出回来的，请在会员页上登记“返回”。"),
                format!("{member} is a member of this union and no visitor. Somebody who was away is recorded as back on the member's page."),
            ),
        );
    }
    let own = view.memory.known_stream(&view.office.own_stream());
    let here = view.select::<Stay>(
        "direction = 'in' AND void = 0 AND state = 'open' AND stream = ?3
         AND ((?1 IS NOT NULL AND card_number = ?1) OR (?2 IS NOT NULL AND id_no = ?2))",
        &[&number, &id_no, &own],
    )?;
    if let Some((_, stay)) = here.first() {
        let since = stay.since.map(|day| day.to_string()).unwrap_or_default();
        candidate.fault(
            if stay.card_number.is_some() && stay.card_number == number { "card_number" } else { "id_no" },
            "stay_twice",
            Say::owned(
                format!("这个人 {since} 已经登记在本地，没有重复登记。请打开那一条办理。"),
                format!("This person has been registered as here since {since}; nothing was saved. Open that line."),
            ),
        );
    }
    Ok(())
}

/// Whose card, or number, is that of a member held here: the field that says so, and the name.
fn member_here(
    view: &View<'_>,
    card: Option<&str>,
    id_no: Option<&str>,
) -> Result<Option<(&'static str, String)>, Fault> {
    let own = view.memory.known_stream(&view.office.own_stream());
    let by_id = view.select::<Member>("id_no = ?1 AND void = 0 AND stream = ?2", &[&id_no, &own])?;
    let by_card = view.select::<Member>(
        "rec IN (SELECT m.rec FROM card c JOIN member m ON m.id = c.\"member\" WHERE c.number = ?1 AND c.void = 0)
         AND void = 0 AND stream = ?2",
        &[&card, &own],
    )?;
    let holds = |row: &Stored| {
        let state = row.state.as_deref().unwrap_or("");
        Membership::from_key(state).holds() || state == Membership::Provisional.key()
    };
    let found = by_id.into_iter().map(|found| ("id_no", found)).chain(by_card.into_iter().map(|f| ("card_number", f)));
    Ok(found.into_iter().find(|(_, (row, _))| holds(row)).map(|(field, (_, member))| (field, member.name)))
}

/// Only a member of this union goes away from here, and only once at a time.
fn own_member(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    let id = match candidate.get("member") {
        Value::Bytes(id) => <[u8; 16]>::try_from(&**id).ok().map(RecordId),
        _ => None,
    };
    let Some(id) = id else {
        candidate.fault("member", "member_missing", Say::new("请选择外出的会员。", "Choose the member who goes away."));
        return Ok(());
    };
    if candidate.text("place").is_none() {
        candidate.fault(
            "place",
            "place_missing",
            Say::new("请填去往哪里（地区、单位）。", "Say where to: the region, or the employer."),
        );
    }
    let own = view.memory.known_stream(&view.office.own_stream());
    let row = match own {
        Some(own) => rows::in_stream(view.conn, view.layout(Member::TYPE.name)?, id, own)?,
        None => None,
    };
    let Some(row) = row.filter(|row| !row.void && Membership::from_key(row.state.as_deref().unwrap_or("")).holds())
    else {
        candidate.fault(
            "member",
            "not_a_member",
            Say::new(
                "这位现在不是本单位的在册会员，没有登记。请先核对会籍。",
                "This person is not a member here now; nothing was recorded. Check the membership first.",
            ),
        );
        return Ok(());
    };
    candidate.fill("name", Value::Text(Member::from_values(&row.values)?.name.as_str().into()));
    if super::away(view, id)?.is_some() {
        candidate.fault(
            "member",
            "stay_away_already",
            Say::new(
                "这位会员已经登记外出、还没有登记返回，没有重复登记。",
                "This member is recorded as away already, and not as back; nothing was recorded again.",
            ),
        );
    }
    Ok(())
}

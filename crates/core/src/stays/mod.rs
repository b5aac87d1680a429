//! Floating members (流动会员, domain rules §2.7): the register of who comes to work here with the card of another union, and of
//! which of our own members are away. A stay changes no membership: whoever is here for a while is counted at home (§2.10).

mod book;
mod end;
mod enter;
mod judge;
mod rules;

pub(crate) use book::overdue_count;
pub(crate) use end::became;
pub(crate) use rules::{day_back, fold};

use chrono::NaiveDate;
use niangjia_derive::Record;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::{
    checks::id_number,
    fault::Fault,
    members::Member,
    office::View,
    record::{Record as _, RecordId, Value},
    records::{self, Ledger},
    registry::Registry,
    store::{
        EventRow,
        rows::{self, Stored},
    },
    words::Say,
};
use rules::{Direction, State};

/// One line of the register of who comes and goes (进出登记).
#[derive(Clone, Record)]
#[record(name = "stay", plural = "stays", zh = "进出登记", en = "Stay", title = "name")]
pub struct Stay {
    #[field(zh = "进出", en = "Direction", section = "basic", codes = "stay_direction", required, listed)]
    pub direction: Option<String>,
    #[field(zh = "姓名", en = "Name", section = "basic", kind = "name", required, search, listed)]
    pub name: String,
    /// Of somebody who went away: our own member.
    #[field(zh = "本单位会员", en = "Own member", section = "basic", link = "member")]
    pub member: Option<RecordId>,
    #[field(zh = "会员证号", en = "Card number", section = "basic", search, listed, keyed)]
    pub card_number: Option<String>,
    #[field(zh = "证件号码", en = "ID number", section = "basic", kind = "id_number", sensitive, search)]
    pub id_no: Option<String>,
    /// As a card says it; where the whole number is known it stands there.
    #[field(zh = "证件号码后四位", en = "End of the ID number", section = "basic")]
    pub id_tail: Option<String>,
    #[field(zh = "出生年份", en = "Year of birth", section = "basic")]
    pub born: Option<i64>,
    #[field(zh = "联系电话", en = "Phone", section = "basic", kind = "phone", sensitive, search)]
    pub mobile: Option<String>,
    /// Where the membership is held: a union of the county, or the name of one outside it.
    #[field(zh = "会籍所在工会", en = "Union that holds the membership", section = "basic", register = "home", listed)]
    pub home_union: Option<String>,
    #[field(zh = "会籍所在办公室", en = "Office that holds the membership", kind = "bytes", register = "home")]
    pub home_office: Option<RecordId>,
    #[field(zh = "来自／去往", en = "From or to", section = "basic", listed)]
    pub place: Option<String>,
    #[field(zh = "用工单位", en = "Employer there", section = "work", listed)]
    pub employer: Option<String>,
    #[field(zh = "来／去日期", en = "Since", section = "basic", required, listed)]
    pub since: Option<NaiveDate>,
    #[field(zh = "预计离开／返回", en = "Expected until", section = "basic", listed, due)]
    pub until: Option<NaiveDate>,
    #[field(
        zh = "核验方式",
        en = "How it was checked",
        section = "basic",
        codes = "stay_check",
        register = "check",
        required
    )]
    pub checked_by: Option<String>,
    #[field(zh = "核验结果", en = "What the card said", section = "basic", codes = "stay_answer", register = "check")]
    pub answer: Option<String>,
    /// The day of the county's list against which the card was verified: how old the answer was.
    #[field(zh = "县名单日期", en = "Day of the county's list", section = "basic", register = "check")]
    pub list_of: Option<NaiveDate>,
    #[field(zh = "备注", en = "Note", section = "basic", kind = "note")]
    pub note: Option<String>,
}

pub(crate) const LEDGER: Ledger = Ledger { ty: Stay::TYPE, rules: judge::judge, derived, detail, further: &[] };

pub(crate) fn register(registry: &mut Registry) {
    records::register(registry, LEDGER);
    enter::register(registry);
    end::register(registry);
    book::register(registry);
}

impl Stay {
    fn direction(&self) -> Direction {
        Direction::from_key(self.direction.as_deref().unwrap_or(""))
    }

    /// The end of the ID number, whether the whole of it is known or not.
    fn tail(&self) -> Option<String> {
        match &self.id_no {
            Some(number) => Some(crate::cards::tail(Some(number))),
            None => self.id_tail.clone(),
        }
    }
}

fn state(row: &Stored) -> State {
    State::from_key(row.state.as_deref().unwrap_or(""))
}

fn events(view: &View<'_>, row: &Stored) -> Result<Vec<EventRow>, Fault> {
    rows::events(view.conn, view.memory, view.layout(Stay::TYPE.name)?.no, row.rec)
}

/// How it stands in words, what may be done, whether the day has passed, and what came of it.
fn derived(view: &View<'_>, id: RecordId, values: &[Value]) -> Result<Map<String, Json>, Fault> {
    let row = rows::by_id(view.conn, view.layout(Stay::TYPE.name)?, id)?.ok_or_else(Fault::not_found)?;
    let stay = Stay::from_values(values)?;
    let (now, events) = (state(&row), events(view, &row)?);
    let say = rules::said(stay.direction(), now);
    let mut out = Map::new();
    out.insert("state_said".into(), json!({ "zh": say.zh, "en": say.en }));
    let own = *view.memory.stream_name(row.stream)? == view.office.own_stream();
    let possible = if own && !row.void { rules::possible(stay.direction(), now) } else { Vec::new() };
    out.insert("possible".into(), json!(possible));
    out.insert("overdue_days".into(), json!(rules::overdue(now, stay.until, view.today())));
    let checked = book::checked(&stay);
    out.insert("checked".into(), json!({ "zh": checked.zh, "en": checked.en }));
    out.insert("ended_on".into(), json!(rules::ended(&events).last_day));
    if rules::ended(&events).differently {
        let say = differently();
        out.insert("contested".into(), json!({ "zh": say.zh, "en": say.en }));
    }
    if let Some((member, name)) = member_of(view, &stay, &events)? {
        out.insert("member".into(), json!({ "id": member.to_string(), "title": name }));
    }
    Ok(out)
}

fn differently() -> Say {
    Say::new(
        "两台电脑上登记的结束日期或结果不一样，都留在经过里；按较晚的日期、已接收的优先显示。登记错了的，请撤销结束后重新登记。",
        "Two PCs recorded different ends; both stand in what happened. The later day is shown, and having been taken in before having left. Where that is wrong, undo the end and record it again.",
    )
}

/// The member whom a line of the register speaks of: our own who went away, or the one who was taken in.
fn member_of(view: &View<'_>, stay: &Stay, events: &[EventRow]) -> Result<Option<(RecordId, String)>, Fault> {
    let taken = events.iter().rev().find(|event| event.name == rules::SETTLED).and_then(|event| event.bytes("member"));
    let id = stay.member.or_else(|| taken.and_then(|id| id.try_into().ok()).map(RecordId));
    let Some(id) = id else { return Ok(None) };
    let row = rows::by_id(view.conn, view.layout(Member::TYPE.name)?, id)?;
    row.map(|row| Ok((id, Member::from_values(&row.values)?.name))).transpose()
}

/// Where from or to, since when, and the tail of the ID number: in a list of hits it is told from the member of that name.
fn detail(_: &View<'_>, values: &[Value]) -> Result<String, Fault> {
    let stay = Stay::from_values(values)?;
    let mut parts = vec![match stay.direction() {
        Direction::In => "流动会员，来".to_owned(),
        Direction::Out => "外出".to_owned(),
    }];
    parts.extend(stay.since.map(|day| format!("{day} 起")));
    parts.extend(stay.home_union.clone().filter(|_| stay.direction() == Direction::In));
    parts.extend(stay.place.clone().filter(|_| stay.direction() == Direction::Out));
    parts.extend(stay.id_no.as_deref().map(id_number::masked).or_else(|| stay.id_tail.map(|tail| format!("…{tail}"))));
    Ok(parts.join(" · "))
}

/// A stay away that goes on.
#[derive(Serialize)]
pub(crate) struct Away {
    /// The line of the register.
    id: String,
    since: Option<NaiveDate>,
    until: Option<NaiveDate>,
    /// Where to.
    pub(crate) place: Option<String>,
    overdue_days: Option<i64>,
}

/// Whether a member is away.
pub(crate) fn away(view: &View<'_>, member: RecordId) -> Result<Option<Away>, Fault> {
    let own = view.memory.known_stream(&view.office.own_stream());
    let all = view.select::<Stay>(
        "\"member\" = ?1 AND direction = 'out' AND void = 0 AND state = 'open' AND stream = ?2 ORDER BY since DESC, id",
        &[&member.0, &own],
    )?;
    let today = view.today();
    Ok(all.into_iter().next().map(|(row, stay)| Away {
        id: row.id.to_string(),
        since: stay.since,
        until: stay.until,
        place: stay.place,
        overdue_days: rules::overdue(State::Open, stay.until, today),
    }))
}

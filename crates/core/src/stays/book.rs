//! The register as a clerk reads it: who is here, who is away, who should be back; and how many came and went in each month.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Months, NaiveDate};
use rusqlite::types::ToSql;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Stay,
    rules::{self, Direction, State},
};
use crate::{
    checks::{id_number, phone},
    codes,
    fault::Fault,
    office::View,
    people::{Nothing, Role},
    record::{Record as _, RecordId},
    registry::Registry,
    store::rows::{self, Stored},
    words::Say,
};

/// Which lines.
#[derive(Clone, Default, Deserialize, JsonSchema)]
pub struct BookAsk {
    /// `here`, `away`, `overdue`, `over`, or all.
    #[serde(default)]
    pub which: Option<String>,
    /// Part of a name, a place, an employer, or a number.
    #[serde(default)]
    pub text: Option<String>,
    /// Only this one.
    #[serde(default)]
    pub id: Option<String>,
    /// First row.
    #[serde(default)]
    pub offset: u32,
}

/// A window of the register.
#[derive(Serialize, JsonSchema)]
pub struct Book {
    /// How many in all.
    pub total: u64,
    /// Fifty at the most: those first who should be gone or back, then the latest.
    pub rows: Vec<BookLine>,
    /// Here now, whatever was asked.
    pub here: u64,
    /// Of our own members away now.
    pub away: u64,
    /// Of both, whose expected day has passed.
    pub overdue: u64,
    /// Unions of the county, for whoever enters by hand.
    pub unions: Vec<String>,
}

/// One line.
#[derive(Serialize, JsonSchema)]
pub struct BookLine {
    /// Its id.
    pub id: String,
    /// `in` or `out`.
    pub direction: String,
    /// Name.
    pub name: String,
    /// ID number, masked, or its end.
    pub id_no: Option<String>,
    /// Card number.
    pub card_number: Option<String>,
    /// Phone, masked.
    pub mobile: Option<String>,
    /// The union that holds the membership.
    pub home_union: Option<String>,
    /// Whether that is a union of this county, which can be asked to let go: its id.
    pub home_office: Option<String>,
    /// From or to.
    pub place: Option<String>,
    /// Employer there.
    pub employer: Option<String>,
    /// Since.
    pub since: Option<NaiveDate>,
    /// Expected until.
    pub until: Option<NaiveDate>,
    /// Days since that day passed.
    pub overdue_days: Option<i64>,
    /// The day on which it ended.
    pub ended_on: Option<NaiveDate>,
    /// Code of `stay_state`.
    pub state: String,
    /// The same in words, as one says it of somebody who came, or went.
    pub said: Say,
    /// How it was checked, and what the card said, with the day of the list.
    pub checked: Say,
    /// What the card said is in doubt.
    pub doubtful: bool,
    /// Two PCs recorded different ends.
    pub contested: bool,
    /// Somebody of that card or ID number is entered as here on another line too.
    pub twice: bool,
    /// The member: our own, or who was taken in.
    pub member: Option<String>,
    /// Which union entered it, where that is another one.
    pub office: Option<String>,
    /// Who entered it.
    pub clerk: String,
    /// What can be done: `end`, `take_in`, `resume`, `again`.
    pub possible: Vec<&'static str>,
}

/// Who came and went, month by month.
#[derive(Serialize, JsonSchema)]
pub struct StayMonths {
    /// The last twelve, the running one first.
    pub months: Vec<StayMonth>,
}

/// One month.
#[derive(Default, Serialize, JsonSchema)]
pub struct StayMonth {
    /// `YYYY-MM`.
    pub month: String,
    /// Came here.
    pub came: u64,
    /// Left again, or were taken in.
    pub left: u64,
    /// Here at its end, or now.
    pub here: u64,
    /// Of our own, went away.
    pub went: u64,
    /// Came back.
    pub back: u64,
    /// Away at its end, or now.
    pub away: u64,
}

const WINDOW: usize = 50;

/// Months that are shown.
const MONTHS: u32 = 12;

const OVERDUE: &str = "state = 'open' AND until IS NOT NULL AND until < ?1";

pub(super) fn register(registry: &mut Registry) {
    registry.query("stays.book", Role::Viewer, |view, ask: BookAsk| book(view, &ask));
    registry.query("stays.months", Role::Viewer, |view, _: Nothing| months(view));
}

/// The own register; the county reads those of all its unions.
fn whose(view: &View<'_>) -> Option<i64> {
    let own = view.memory.known_stream(&view.office.own_stream());
    if view.office.identity().county { None } else { Some(own.unwrap_or(-1)) }
}

fn book(view: &View<'_>, ask: &BookAsk) -> Result<Book, Fault> {
    let today = view.today().to_string();
    let stream = whose(view);
    let text = ask.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let like = text.map(|text| format!("%{}%", text.replace(['%', '_'], "")));
    let one = ask.id.as_deref().map(|id| id.parse::<RecordId>().map_err(|_| Fault::not_found())).transpose()?;
    let which = match ask.which.as_deref() {
        Some("here") => "direction = 'in' AND state = 'open'",
        Some("away") => "direction = 'out' AND state = 'open'",
        Some("overdue") => OVERDUE,
        Some("over") => "state <> 'open'",
        _ => "1",
    };
    let sql = format!(
        "SELECT rec FROM stay WHERE void = 0 AND {which} AND ?1 IS NOT NULL AND (?2 IS NULL OR stream = ?2)
         AND (?3 IS NULL OR name LIKE ?3 OR place LIKE ?3 OR employer LIKE ?3 OR home_union LIKE ?3 OR card_number LIKE ?3)
         AND (?4 IS NULL OR id = ?4)
         ORDER BY ({OVERDUE}) DESC, CASE WHEN {OVERDUE} THEN until END, since DESC, rec DESC"
    );
    let params: [&dyn ToSql; 4] = [&today, &stream, &like, &one.map(|id| id.0)];
    let mut statement = view.conn.prepare_cached(&sql)?;
    let recs: Vec<i64> = statement.query_map(&params[..], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let layout = view.layout(Stay::TYPE.name)?;
    let mut rows = Vec::new();
    for rec in recs.iter().skip(ask.offset as usize).take(WINDOW) {
        if let Some(row) = rows::by_rec(view.conn, layout, *rec)? {
            rows.push(line(view, &row)?);
        }
    }
    let count = |condition: &str| -> Result<u64, Fault> {
        let sql = format!(
            "SELECT count(*) FROM stay WHERE void = 0 AND {condition} AND ?1 IS NOT NULL AND (?2 IS NULL OR stream = ?2)"
        );
        let n: i64 = view.conn.prepare_cached(&sql)?.query_row(rusqlite::params![today, stream], |r| r.get(0))?;
        Ok(n.unsigned_abs())
    };
    let own = view.office.identity().office;
    let unions = crate::organisations::offices_named(view)?.into_iter().filter(|(id, ..)| *id != own);
    Ok(Book {
        total: recs.len() as u64,
        rows,
        here: count("direction = 'in' AND state = 'open'")?,
        away: count("direction = 'out' AND state = 'open'")?,
        overdue: count(OVERDUE)?,
        unions: unions.map(|(_, name, _)| name).collect(),
    })
}

fn line(view: &View<'_>, row: &Stored) -> Result<BookLine, Fault> {
    let stay = Stay::from_values(&row.values)?;
    let (direction, now) = (stay.direction(), super::state(row));
    let events = super::events(view, row)?;
    let ended = rules::ended(&events);
    let stream = *view.memory.stream_name(row.stream)?;
    let own = stream == view.office.own_stream();
    let office = stream.office().filter(|_| !own);
    let offices = if office.is_some() { crate::organisations::offices_named(view)? } else { Vec::new() };
    let tail = stay.tail().map(|tail| format!("…{tail}"));
    Ok(BookLine {
        id: row.id.to_string(),
        direction: direction.key().into(),
        id_no: stay.id_no.as_deref().map(id_number::masked).or(tail),
        mobile: stay.mobile.as_deref().map(phone::masked),
        home_office: stay.home_office.map(|id| id.to_string()),
        overdue_days: rules::overdue(now, stay.until, view.today()),
        ended_on: ended.last_day,
        state: now.key().into(),
        said: rules::said(direction, now),
        checked: checked(&stay),
        doubtful: matches!(stay.answer.as_deref(), Some("suspended" | "transferred")),
        contested: ended.differently,
        twice: now == State::Open && twice(view, row, &stay)?,
        member: super::member_of(view, &stay, &events)?.map(|(id, _)| id.to_string()),
        office: office.and_then(|id| offices.into_iter().find(|(one, ..)| *one == id).map(|(_, name, _)| name)),
        clerk: view.author(row.made_by)?,
        possible: if own { rules::possible(direction, now) } else { Vec::new() },
        name: stay.name,
        card_number: stay.card_number,
        home_union: stay.home_union,
        place: stay.place,
        employer: stay.employer,
        since: stay.since,
        until: stay.until,
    })
}

/// How it was checked, and of a scanned card what it said and how old the answer was.
pub(super) fn checked(stay: &Stay) -> Say {
    let label =
        |list: &codes::CodeList, code: Option<&str>| code.and_then(|code| list.get(code)).map(codes::Code::label);
    let Some(by) = label(&codes::STAY_CHECK, stay.checked_by.as_deref()) else { return Say::new("", "") };
    let Some(answer) = label(&codes::STAY_ANSWER, stay.answer.as_deref()) else { return by };
    match stay.list_of {
        Some(day) => Say::owned(
            format!("{}：{}（县名单 {day}）", by.zh, answer.zh),
            format!("{}: {} (county's list of {day})", by.en, answer.en),
        ),
        None => Say::owned(format!("{}：{}", by.zh, answer.zh), format!("{}: {}", by.en, answer.en)),
    }
}

/// Two PCs may register one person without having heard of each other; one of the lines is made void.
fn twice(view: &View<'_>, row: &Stored, stay: &Stay) -> Result<bool, Fault> {
    let others = view.select::<Stay>(
        "void = 0 AND state = 'open' AND stream = ?1 AND id <> ?2 AND direction = ?3 AND (
           (?4 IS NOT NULL AND card_number = ?4) OR (?5 IS NOT NULL AND id_no = ?5) OR (?6 IS NOT NULL AND \"member\" = ?6))",
        &[&row.stream, &row.id.0, &stay.direction, &stay.card_number, &stay.id_no, &stay.member.map(|id| id.0)],
    )?;
    Ok(!others.is_empty())
}

/// For the home page: own lines whose expected day has passed.
pub(crate) fn overdue_count(view: &View<'_>) -> Result<i64, Fault> {
    let Some(stream) = view.memory.known_stream(&view.office.own_stream()) else { return Ok(0) };
    let sql = format!("SELECT count(*) FROM stay WHERE void = 0 AND {OVERDUE} AND stream = ?2");
    Ok(view.conn.prepare_cached(&sql)?.query_row(rusqlite::params![view.today().to_string(), stream], |r| r.get(0))?)
}

/// First day of a month, as a number that counts months.
fn number(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month0())
}

fn months(view: &View<'_>) -> Result<StayMonths, Fault> {
    let today = view.today();
    let all = match whose(view) {
        Some(stream) => view.select::<Stay>("void = 0 AND stream = ?1", &[&stream])?,
        None => view.select::<Stay>("void = 0", &[])?,
    };
    let mut lines = Vec::with_capacity(all.len());
    for (row, stay) in all {
        let Some(since) = stay.since else { continue };
        let over = super::state(&row) != State::Open;
        let ended = if over { rules::ended(&super::events(view, &row)?).last_day } else { None };
        lines.push((stay.direction(), since, ended));
    }
    Ok(StayMonths { months: counted(&lines, today) })
}

/// Counts lines by month: direction, first day, day of the end.
fn counted(lines: &[(Direction, NaiveDate, Option<NaiveDate>)], today: NaiveDate) -> Vec<StayMonth> {
    let first = today.with_day(1).unwrap_or(today);
    let shown = (0..MONTHS).filter_map(|back| first.checked_sub_months(Months::new(back)));
    let mut months: BTreeMap<i64, StayMonth> = shown
        .map(|day| (number(day), StayMonth { month: day.format("%Y-%m").to_string(), ..StayMonth::default() }))
        .collect();
    for (direction, since, ended) in lines {
        let (began, over) = (number(*since), ended.map(number));
        for (month, count) in &mut months {
            let there = began <= *month && over.is_none_or(|over| over > *month);
            let (came, left, at_end) = match direction {
                Direction::In => (&mut count.came, &mut count.left, &mut count.here),
                Direction::Out => (&mut count.went, &mut count.back, &mut count.away),
            };
            *came += u64::from(began == *month);
            *left += u64::from(over == Some(*month));
            *at_end += u64::from(there);
        }
    }
    months.into_values().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_counts_who_came_who_left_and_who_was_there_at_its_end() {
        let lines = [
            (Direction::In, day("2026-09-30"), Some(day("2026-10-01"))),
            (Direction::In, day("2026-10-05"), None),
            (Direction::In, day("2026-10-06"), Some(day("2026-10-20"))),
            (Direction::In, day("2020-01-01"), None),
            (Direction::Out, day("2026-09-01"), Some(day("2026-11-02"))),
        ];
        let months = counted(&lines, day("2026-11-23"));
        assert_eq!((months.len(), months[0].month.as_str(), months[11].month.as_str()), (12, "2026-11", "2025-12"));
        let of = |at: usize| {
            let m = &months[at];
            [m.came, m.left, m.here, m.went, m.back, m.away]
        };
        assert_eq!(of(0), [0, 0, 2, 0, 1, 0], "November");
        assert_eq!(of(1), [2, 2, 2, 0, 0, 1], "October");
        assert_eq!(of(2), [1, 0, 2, 1, 0, 1], "September");
        assert_eq!(of(3), [0, 0, 1, 0, 0, 0], "August: who came years ago is still here");
    }
}

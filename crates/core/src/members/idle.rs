//! Members of whom nothing has been seen for months: neither dues nor union life. They are warned of; what becomes of them a
//! person decides. Sources: Trade Union constitution article 6 (six consecutive months, after talking to the member in vain);
//! the warnings before are office practice.

use chrono::{Datelike as _, Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Member, commands, rules::Membership};
use crate::{
    fault::Fault,
    office::View,
    people::Role,
    practice::{self, Practice},
    record::Record as _,
    registry::Registry,
    store::{EventRow, rows},
};

/// The last that is known of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// Day up to which dues are paid.
    pub(super) dues_to: Option<NaiveDate>,
    /// Day on which the membership began, or began again.
    pub(super) began: Option<NaiveDate>,
    /// Last day on which the member took part in union life.
    pub(super) seen: Option<NaiveDate>,
    /// Last day on which somebody talked to the member about it.
    pub(super) talked: Option<NaiveDate>,
}

/// Whole months without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Idle {
    /// Without dues.
    pub(super) dues: i64,
    /// Without union life.
    pub(super) seen: i64,
}

/// The months after which something is said or may be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) first: i64,
    pub(super) second: i64,
    pub(super) deemed: i64,
}

impl Limits {
    pub(super) fn of(view: &View<'_>) -> Result<Self, Fault> {
        Ok(Self {
            first: practice::of(view, Practice::IdleFirst)?,
            second: practice::of(view, Practice::IdleSecond)?,
            deemed: practice::of(view, Practice::IdleDeemed)?,
        })
    }
}

fn number(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month0())
}

/// Whole calendar months between the month of a day and the month of another, neither of them counted: the running month is not
/// over, and who has paid or come in a month was there in it.
fn between(since: i64, today: NaiveDate) -> i64 {
    (number(today) - since - 1).max(0)
}

impl Signs {
    /// How long nothing has been seen; `None` where no dues are recorded at all: from silence of the books nothing follows.
    pub(super) fn idle(self, today: NaiveDate) -> Option<Idle> {
        let paid = number(self.dues_to?);
        // Dues run from the month in which the membership began: the month before it counts as paid.
        let paid = self.began.map_or(paid, |began| paid.max(number(began) - 1));
        Some(Idle { dues: between(paid, today), seen: between(number(self.last()?), today) })
    }

    /// The last day on which the member was there for the union; paying dues is being there.
    pub(super) fn last(self) -> Option<NaiveDate> {
        self.dues_to.max(self.began).max(self.seen)
    }

    /// Whether somebody talked to the member after nothing more was seen.
    pub(super) fn talked_since(self) -> bool {
        self.talked > self.last()
    }
}

impl Idle {
    /// Both must be missing: the shorter of the two counts.
    pub(super) fn months(self) -> i64 {
        self.dues.min(self.seen)
    }

    /// How far it has come: `first`, `second`, `deemed`; nothing before the first warning.
    pub(super) fn level(self, limits: Limits) -> Option<&'static str> {
        let months = self.months();
        [(limits.deemed, "deemed"), (limits.second, "second"), (limits.first, "first")]
            .into_iter()
            .find(|(limit, _)| months >= *limit)
            .map(|(_, level)| level)
    }
}

/// What is known of a member by fields and events.
pub(super) fn signs(view: &View<'_>, rec: i64, dues_to: Option<NaiveDate>) -> Result<Signs, Fault> {
    let kind = view.layout(Member::TYPE.name)?.no;
    Ok(signs_of(&rows::events(view.conn, view.memory, kind, rec)?, dues_to))
}

/// The same, of events in their order. A beginning that was put right afterwards was none.
pub(super) fn signs_of(events: &[EventRow], dues_to: Option<NaiveDate>) -> Signs {
    let (mut signs, mut began) = (Signs { dues_to, ..Signs::default() }, Vec::new());
    for event in events {
        let on = event.text("on").and_then(|day| day.parse().ok());
        match event.name.as_str() {
            "seen" => signs.seen = signs.seen.max(on),
            "talked" => signs.talked = signs.talked.max(on),
            "joined" | "moved_in" | "restored" => began.push((event.name.as_str(), on)),
            "corrected" if began.last().is_some_and(|(name, _)| Some(*name) == event.text("of")) => {
                began.pop();
            }
            _ => {}
        }
    }
    signs.began = began.into_iter().filter_map(|(_, on)| on).max();
    signs
}

/// Which of the warned members.
#[derive(Clone, Default, Deserialize, JsonSchema)]
pub struct WarnedAsk {
    /// First row.
    #[serde(default)]
    pub offset: u32,
}

/// Members who are warned of, longest first.
#[derive(Serialize, JsonSchema)]
pub struct Warned {
    /// How many in all.
    pub total: u64,
    /// Fifty at the most.
    pub rows: Vec<WarnedRow>,
    /// Months before the first warning.
    pub first: i64,
    /// Months after which they may be deemed to have left.
    pub deemed: i64,
    /// Members here of whom no dues are recorded: of them nothing is said.
    pub unknown: u64,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
pub struct WarnedRow {
    /// Id of the member.
    pub id: String,
    /// Name.
    pub name: String,
    /// What tells two of one name apart.
    pub detail: String,
    /// Whole months without dues.
    pub dues: i64,
    /// Whole months without union life.
    pub seen: i64,
    /// `first`, `second` or `deemed`.
    pub level: String,
    /// Dues are paid to this day.
    pub dues_to: Option<NaiveDate>,
    /// Last day of union life that was recorded.
    pub seen_on: Option<NaiveDate>,
    /// Day on which somebody talked to the member since.
    pub talked_on: Option<NaiveDate>,
}

const WINDOW: usize = 50;

/// The home page, which is asked for all day, looks at so many rows at the most, longest without dues first. What it leaves out where
/// an office has not entered dues for years stands on the page of the warned.
const LOOKS: usize = 2_000;

pub(super) fn register(registry: &mut Registry) {
    registry.query("members.warned", Role::Viewer, warned);
}

/// Members of one office whose dues end before a day.
const PAID: &str = "SELECT rec, dues_paid_to FROM member
    WHERE stream = ?2 AND state = 'active' AND void = 0 AND dues_paid_to IS NOT NULL AND dues_paid_to < ?1";

type Found = (i64, Signs, Idle);

/// Warned members of this office, those first whose dues end earliest.
fn all(view: &View<'_>, limits: Limits, looks: Option<usize>) -> Result<Vec<Found>, Fault> {
    let today = view.today();
    let Some(stream) = view.memory.known_stream(&view.office.own_stream()) else { return Ok(Vec::new()) };
    let months = u32::try_from(limits.first).unwrap_or(u32::MAX);
    // Whoever has paid for a later month is not warned of whatever else is known: the index of paid dues ends here.
    let Some(until) = today.with_day(1).and_then(|first| first.checked_sub_months(Months::new(months))) else {
        return Ok(Vec::new());
    };
    let counted = super::counted(view);
    let looks = looks.map_or(String::new(), |looks| format!(" LIMIT {looks}"));
    let mut statement = view.conn.prepare_cached(&format!("{PAID}{counted} ORDER BY dues_paid_to{looks}"))?;
    let mut found = statement.query(rusqlite::params![until.to_string(), stream])?;
    let mut out = Vec::new();
    while let Some(row) = found.next()? {
        let (rec, paid): (i64, String) = (row.get(0)?, row.get(1)?);
        let signs = signs(view, rec, paid.parse().ok())?;
        let Some(idle) = signs.idle(today) else { continue };
        if idle.level(limits).is_some() {
            out.push((rec, signs, idle));
        }
    }
    Ok(out)
}

/// How many wait; nobody needs to know more exactly than that they are very many.
pub(crate) fn count(view: &View<'_>) -> Result<i64, Fault> {
    let found = all(view, Limits::of(view)?, Some(LOOKS))?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

fn warned(view: &View<'_>, ask: WarnedAsk) -> Result<Warned, Fault> {
    let limits = Limits::of(view)?;
    let mut found = all(view, limits, None)?;
    found.sort_by_key(|(rec, _, idle)| (-idle.months(), *rec));
    let layout = view.layout(Member::TYPE.name)?;
    let mut out = Vec::new();
    for (rec, signs, idle) in found.iter().skip(ask.offset as usize).take(WINDOW) {
        let (Some(row), Some(level)) = (rows::by_rec(view.conn, layout, *rec)?, idle.level(limits)) else { continue };
        out.push(WarnedRow {
            id: row.id.to_string(),
            name: Member::from_values(&row.values)?.name,
            detail: commands::detail(view, &row.values)?,
            dues: idle.dues,
            seen: idle.seen,
            level: level.to_owned(),
            dues_to: signs.dues_to,
            seen_on: signs.seen,
            talked_on: signs.talked.filter(|_| signs.talked_since()),
        });
    }
    let unknown: i64 = view
        .conn
        .prepare_cached(
            "SELECT count(*) FROM member WHERE dues_paid_to IS NULL AND void = 0 AND state = 'active' AND stream = ?1",
        )?
        .query_row([view.memory.known_stream(&view.office.own_stream())], |r| r.get(0))?;
    Ok(Warned {
        total: found.len() as u64,
        rows: out,
        first: limits.first,
        deemed: limits.deemed,
        unknown: u64::try_from(unknown).unwrap_or(0),
    })
}

/// For a member's page, where there is something to say.
pub(super) fn of(
    view: &View<'_>,
    rec: i64,
    member: &Member,
    now: Membership,
) -> Result<Option<(Signs, Idle, &'static str)>, Fault> {
    if now != Membership::Active || member.dues_paid_to.is_none() {
        return Ok(None);
    }
    let limits = Limits::of(view)?;
    let signs = signs(view, rec, member.dues_paid_to)?;
    Ok(signs.idle(view.today()).and_then(|idle| Some((signs, idle, idle.level(limits)?))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{record::Value, store::versions::Leaf};

    const LIMITS: Limits = Limits { first: 4, second: 5, deemed: 6 };

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn paid(text: &str) -> Signs {
        Signs { dues_to: Some(day(text)), ..Signs::default() }
    }

    fn level(signs: Signs, today: &str) -> Option<&'static str> {
        signs.idle(day(today)).and_then(|idle| idle.level(LIMITS))
    }

    #[test]
    fn a_month_counts_when_it_is_over() {
        for (today, says) in [
            ("2026-09-30", None),
            ("2026-10-01", Some("first")),
            ("2026-10-31", Some("first")),
            ("2026-11-01", Some("second")),
            ("2026-11-30", Some("second")),
            ("2026-12-01", Some("deemed")),
            ("2027-06-01", Some("deemed")),
        ] {
            assert_eq!(level(paid("2026-05-31"), today), says, "{today}");
            assert_eq!(level(paid("2026-05-01"), today), says, "paid to the first of the month is paid for it");
        }
        assert_eq!(level(paid("2025-11-30"), "2026-03-31"), None, "over the turn of the year");
        assert_eq!(level(paid("2025-11-30"), "2026-04-01"), Some("first"));
        assert_eq!(level(paid("2027-01-31"), "2026-04-01"), None, "paid ahead");
    }

    #[test]
    fn dues_and_union_life_must_both_be_missing() {
        let came = |on: &str| Signs { seen: Some(day(on)), ..paid("2026-01-31") };
        assert_eq!(came("2026-08-01").idle(day("2026-11-01")), Some(Idle { dues: 9, seen: 2 }));
        assert_eq!(level(came("2026-08-01"), "2026-11-01"), None);
        assert_eq!(level(came("2026-06-30"), "2026-11-01"), Some("first"));
        let pays = Signs { dues_to: Some(day("2026-09-30")), seen: Some(day("2025-01-05")), ..Signs::default() };
        assert_eq!(level(pays, "2026-11-01"), None, "who pays is there");
    }

    #[test]
    fn where_no_dues_are_recorded_nothing_is_said() {
        assert_eq!(level(Signs { seen: Some(day("2019-01-01")), ..Signs::default() }, "2026-11-01"), None);
        assert_eq!(level(Signs::default(), "2026-11-01"), None);
    }

    #[test]
    fn whoever_came_back_begins_anew() {
        let back = |on: &str| Signs { began: Some(day(on)), ..paid("2020-03-31") };
        assert_eq!(back("2026-05-20").idle(day("2026-10-01")), Some(Idle { dues: 5, seen: 4 }));
        assert_eq!(level(back("2026-06-01"), "2026-10-01"), None);
    }

    fn event(name: &str, details: &[(&str, &str)]) -> EventRow {
        let detail = details.iter().map(|(key, text)| ((*key).to_owned(), Value::Text((*text).into()))).collect();
        EventRow { name: name.into(), detail, leaf: Leaf { inc: 1, ctr: 1, depth: 1 }, author: 1, wall: 0 }
    }

    #[test]
    fn a_beginning_that_was_a_slip_is_none() {
        let joined = event("joined", &[("on", "2026-10-20")]);
        let slip = event("corrected", &[("on", "2026-10-21"), ("of", "joined"), ("to", "none")]);
        let again = event("joined", &[("on", "2020-03-01")]);
        let came = event("seen", &[("on", "2026-05-03")]);
        let began = |events: &[EventRow]| signs_of(events, None).began;
        assert_eq!(began(std::slice::from_ref(&joined)), Some(day("2026-10-20")));
        assert_eq!(began(&[joined.clone(), slip.clone()]), None);
        assert_eq!(began(&[joined.clone(), came.clone(), slip.clone(), again]), Some(day("2020-03-01")));
        let other = event("corrected", &[("of", "left"), ("to", "active")]);
        assert_eq!(began(&[joined, came, other]), Some(day("2026-10-20")), "another slip");
    }

    #[test]
    fn an_office_looks_at_its_own_members_in_order_without_sorting() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        for layout in crate::record::Schema::new(&[Member::TYPE]).all() {
            conn.execute_batch(&(layout.create() + &layout.create_indices())).unwrap();
        }
        let sql = format!("EXPLAIN QUERY PLAN {PAID} ORDER BY dues_paid_to LIMIT 9");
        let mut statement = conn.prepare(&sql).unwrap();
        let plan: Vec<String> =
            statement.query_map(["2026-01-01", "1"], |r| r.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(plan.len() == 1 && plan[0].contains("COVERING INDEX member_of_office_dues_paid_to"), "{plan:?}");
    }

    #[test]
    fn a_talk_counts_until_the_member_is_seen_again() {
        let talked = Signs { talked: Some(day("2026-10-20")), ..paid("2026-05-31") };
        assert!(talked.talked_since());
        assert!(!Signs { seen: Some(day("2026-10-21")), ..talked }.talked_since());
        assert!(!Signs { dues_to: Some(day("2026-10-31")), ..talked }.talked_since());
        assert!(!paid("2026-05-31").talked_since());
    }
}

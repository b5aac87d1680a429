//! Members whom nobody has seen for months: all, or those who are on the move. They are looked for and called; what follows from a
//! long silence is the procedure of `idle`, which asks for dues and union life and not for this.

use chrono::{Days, Months, NaiveDate};
use rusqlite::params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::{
    Member, commands, idle,
    rules::Membership,
    sightings::{self, How, Sighting},
};
use crate::{
    cards::Card,
    codes,
    fault::Fault,
    office::View,
    people::Role,
    practice::{self, Practice},
    record::{Record as _, RecordId},
    registry::Registry,
    stays::{self, Stay},
    store::{
        self,
        rows::{self, Stored},
    },
    words::Say,
};

/// Which of them.
#[derive(Clone, Default, Deserialize, JsonSchema)]
pub struct UnseenAsk {
    /// Only migrant workers, and who is recorded as away.
    #[serde(default)]
    pub floating: bool,
    /// Part of a name or an employer.
    #[serde(default)]
    pub text: Option<String>,
    /// First row.
    #[serde(default)]
    pub offset: u32,
}

/// Members whom nobody has seen, those first of whom it is longest ago.
#[derive(Serialize, JsonSchema)]
pub struct Unseen {
    /// How many in all.
    pub total: u64,
    /// Fifty at the most.
    pub rows: Vec<UnseenRow>,
    /// The months after which somebody stands here.
    pub months: i64,
    /// How many of all are warned of because of dues and union life, and stand on the page of those.
    pub warned: u64,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
pub struct UnseenRow {
    /// Id of the member.
    pub id: String,
    /// Name.
    pub name: String,
    /// What tells two of one name apart.
    pub detail: String,
    /// Last seen on.
    pub on: Option<NaiveDate>,
    /// By what.
    pub how: Say,
    /// Whole months since.
    pub months: Option<i64>,
    /// Recorded as away, and where.
    pub away: bool,
    /// Where to, of somebody who is away.
    pub place: Option<String>,
    /// `first`, `second` or `deemed`, where dues and union life are missing as well.
    pub level: Option<String>,
}

const WINDOW: usize = 50;

/// The home page looks at so many floating members at the most; the page itself at all.
const LOOKS: usize = 2_000;

/// What a member does about the card in person.
const CARD_EVENTS: [&str; 5] = ["handed_out", "lost", "found", "replaced", "taken_back"];

pub(super) fn register(registry: &mut Registry) {
    registry.query("members.unseen", Role::Viewer, unseen);
}

/// Members of this office of whom neither the entry nor the dues say that they were there in time: the others need no look at
/// what happened to them.
const LOOKED_FOR: &str = "void = 0 AND state = 'active' AND stream = ?1 AND made_at < ?2
    AND (dues_paid_to IS NULL OR dues_paid_to <= ?3)
    AND (?4 IS NULL OR name LIKE ?4 OR employer LIKE ?4)";

const FLOATING: &str = "(is_migrant = 1 OR id IN (
    SELECT s.\"member\" FROM stay s WHERE s.direction = 'out' AND s.state = 'open' AND s.void = 0 AND s.\"member\" IS NOT NULL))";

/// Who was not seen, in the order of the table.
fn all(
    view: &View<'_>,
    months: i64,
    ask: &UnseenAsk,
    looks: Option<usize>,
) -> Result<Vec<(i64, Option<Sighting>)>, Fault> {
    let today = view.today();
    let Some(stream) = view.memory.known_stream(&view.office.own_stream()) else { return Ok(Vec::new()) };
    let ago = u32::try_from(months).ok().and_then(|months| today.checked_sub_months(Months::new(months)));
    // Months have different lengths: a few days more are looked at, and the rule says which of them count.
    let Some(until) = ago.and_then(|day| day.checked_add_days(Days::new(4))) else { return Ok(Vec::new()) };
    let like = ask.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let like = like.map(|text| format!("%{}%", text.replace(['%', '_'], "")));
    let counted = super::counted(view);
    let floating = if ask.floating { format!(" AND {FLOATING}") } else { String::new() };
    let looks = looks.map_or(String::new(), |looks| format!(" LIMIT {looks}"));
    let sql = format!("SELECT rec, id, dues_paid_to, made_at FROM member WHERE {LOOKED_FOR}{floating}{counted}{looks}");
    let mut statement = view.conn.prepare_cached(&sql)?;
    let mut found = statement.query(params![stream, store::begins(until), until.to_string(), like])?;
    let mut out = Vec::new();
    while let Some(row) = found.next()? {
        let (rec, id): (i64, [u8; 16]) = (row.get(0)?, row.get(1)?);
        let paid = row.get::<_, Option<String>>(2)?.and_then(|day| day.parse().ok());
        let last = last(view, rec, RecordId(id), paid, row.get(3)?)?;
        if sightings::unseen(last, months, today) {
            out.push((rec, last));
        }
    }
    Ok(out)
}

/// All that is known of when a member was seen.
fn last(
    view: &View<'_>,
    rec: i64,
    id: RecordId,
    paid: Option<NaiveDate>,
    made_at: i64,
) -> Result<Option<Sighting>, Fault> {
    let events = rows::events(view.conn, view.memory, view.layout(Member::TYPE.name)?.no, rec)?;
    let signs = idle::signs_of(&events, paid);
    let day = |event: &store::EventRow| event.text("on").and_then(|day| day.parse().ok());
    let mut all = vec![
        (How::Entered, Some(store::today(made_at))),
        (How::Dues, paid),
        (How::Joined, signs.began),
        (How::Talked, signs.talked),
        (How::Life, signs.seen),
    ];
    all.extend(events.iter().filter(|event| event.name == "met").map(|event| (How::Met, day(event))));
    // One who came from another union was here on the day of it.
    all.extend(events.iter().filter(|event| event.name == "taken_in").map(|event| (How::Joined, day(event))));
    let cards = view.layout(Card::TYPE.name)?;
    for card in rows::select(view.conn, cards, "\"member\" = ?1 AND void = 0", &[&id.0])? {
        let events = rows::events(view.conn, view.memory, cards.no, card.rec)?;
        let came = events.iter().filter(|event| CARD_EVENTS.contains(&event.name.as_str()));
        all.extend(came.map(|event| (How::Card, day(event))));
    }
    let register = view.layout(Stay::TYPE.name)?;
    for line in rows::select(view.conn, register, "\"member\" = ?1 AND direction = 'out' AND void = 0", &[&id.0])? {
        let events = rows::events(view.conn, view.memory, register.no, line.rec)?;
        all.push((How::Went, Stay::from_values(&line.values)?.since));
        all.push((How::Back, stays::day_back(&events)));
    }
    Ok(sightings::last(all, view.today()))
}

/// For the home page: floating members whom nobody has seen.
pub(crate) fn count(view: &View<'_>) -> Result<i64, Fault> {
    let ask = UnseenAsk { floating: true, ..UnseenAsk::default() };
    let found = all(view, practice::of(view, Practice::Unseen)?, &ask, Some(LOOKS))?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

fn label(last: Option<Sighting>) -> Say {
    last.and_then(|last| codes::SIGHTING.get(last.how.key()))
        .map_or_else(|| Say::new("没有记录", "No record"), codes::Code::label)
}

fn unseen(view: &View<'_>, ask: UnseenAsk) -> Result<Unseen, Fault> {
    let (months, today) = (practice::of(view, Practice::Unseen)?, view.today());
    let mut found = all(view, months, &ask, None)?;
    found.sort_by_key(|(rec, last)| (last.map(|last| last.on), *rec));
    let layout = view.layout(Member::TYPE.name)?;
    let mut out = Vec::new();
    for (rec, last) in found.iter().skip(ask.offset as usize).take(WINDOW) {
        let Some(row) = rows::by_rec(view.conn, layout, *rec)? else { continue };
        let member = Member::from_values(&row.values)?;
        let away = stays::away(view, row.id)?;
        out.push(UnseenRow {
            id: row.id.to_string(),
            detail: commands::detail(view, &row.values)?,
            on: last.map(|last| last.on),
            how: label(*last),
            months: last.map(|last| sightings::months_since(last.on, today)),
            place: away.as_ref().and_then(|away| away.place.clone()),
            away: away.is_some(),
            level: idle::of(view, *rec, &member, Membership::Active)?.map(|(_, _, level)| level.to_owned()),
            name: member.name,
        });
    }
    let warned = idle::count(view)?.unsigned_abs();
    Ok(Unseen { total: found.len() as u64, rows: out, months, warned })
}

/// For a member's page: when she was last seen, whether that is too long ago, and whether she is away.
pub(super) fn derived(
    view: &View<'_>,
    row: &Stored,
    now: Membership,
    out: &mut Map<String, Json>,
) -> Result<(), Fault> {
    if now.after("met").is_none() {
        return Ok(());
    }
    if let Some(away) = stays::away(view, row.id)? {
        out.insert("away".into(), json!(away));
    }
    let member = Member::from_values(&row.values)?;
    let Some(last) = last(view, row.rec, row.id, member.dues_paid_to, row.made_at)? else { return Ok(()) };
    let say = label(Some(last));
    let late =
        now == Membership::Active && sightings::unseen(Some(last), practice::of(view, Practice::Unseen)?, view.today());
    out.insert(
        "last_seen".into(),
        json!({
            "on": last.on, "how": { "zh": say.zh, "en": say.en }, "late": late,
            "months": sightings::months_since(last.on, view.today()),
        }),
    );
    Ok(())
}

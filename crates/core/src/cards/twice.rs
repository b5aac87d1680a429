//! Two cards of one number: a clone of a PC gave it out again, or two offices did on paper. Both stay findable under it; a
//! person decides which one keeps it, and both offices read it in the history.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, change, numbers, stock};
use crate::{
    fault::Fault,
    office::{Desk, View},
    organisations::offices_named,
    people::{Nothing, Role},
    record::{Record as _, RecordId, Value},
    records::{self, Saved},
    registry::Registry,
    store::{NewEvent, rows::Stored},
    words::Say,
};

/// Numbers that more than one card bears.
#[derive(Serialize, JsonSchema)]
pub struct Twice {
    /// By number.
    pub numbers: Vec<TwiceNumber>,
    /// Leases that hold the same numbers: more cards of one number may come of them.
    pub leases: u64,
}

/// One number.
#[derive(Serialize, JsonSchema)]
pub struct TwiceNumber {
    /// The number.
    pub number: String,
    /// The cards that bear it and still count.
    pub cards: Vec<TwiceCard>,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
pub struct TwiceCard {
    /// Its id.
    pub id: String,
    /// Id of its member.
    pub member: Option<String>,
    /// Name of its member.
    pub name: String,
    /// Name of the office.
    pub office: String,
    /// Standing of the card.
    pub state: String,
    /// Day of issue.
    pub issued_on: Option<chrono::NaiveDate>,
}

/// Which card keeps the number.
#[derive(Deserialize, JsonSchema)]
pub struct SupersedeAsk {
    /// Id of the card that keeps it; every other card of the number steps back.
    pub keep: String,
    /// On what grounds.
    pub reason: String,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("cards.twice", Role::Viewer, |view, _: Nothing| twice(view));
    registry.action("cards.supersede", Role::Clerk, supersede);
}

/// Cards of a number that still count.
pub(super) fn bearing(view: &View<'_>, number: &str) -> Result<Vec<(Stored, Card)>, Fault> {
    let all = view.select::<Card>("number = ?1 AND void = 0 ORDER BY id", &[&number])?;
    Ok(all.into_iter().filter(|(row, _)| change::standing(row).counts()).collect())
}

/// Whether two cards of one number cannot both be right. The paper books of two offices may both have counted from 1.
fn clash((a, card_a): &(Stored, Card), (b, card_b): &(Stored, Card)) -> bool {
    a.id != b.id && (a.stream == b.stream || card_a.lease.is_some() || card_b.lease.is_some())
}

/// The cards of a number of which each clashes with another one.
pub(super) fn clashing(view: &View<'_>, number: &str) -> Result<Vec<(Stored, Card)>, Fault> {
    let all = bearing(view, number)?;
    Ok(all.iter().filter(|one| all.iter().any(|other| clash(one, other))).cloned().collect())
}

/// Ids of the other cards of a number.
pub(super) fn others(view: &View<'_>, id: RecordId, number: &str) -> Result<Vec<String>, Fault> {
    let bearing = bearing(view, number)?;
    let Some(this) = bearing.iter().find(|(row, _)| row.id == id) else { return Ok(Vec::new()) };
    Ok(bearing.iter().filter(|other| clash(this, other)).map(|(row, _)| row.id.to_string()).collect())
}

/// Numbers of which more than one card counts, as many as one looks at.
pub(crate) fn numbers_twice(view: &View<'_>) -> Result<Vec<String>, Fault> {
    // From the index alone, for the home page counts it at every start. Two rows of a number are looked at one by one: how a
    // card stands is the fold's to say.
    let mut statement = view
        .conn
        .prepare_cached("SELECT number FROM card WHERE number IS NOT NULL GROUP BY number HAVING count(*) > 1")?;
    let candidates: Vec<String> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let mut out = Vec::new();
    for number in candidates {
        if !clashing(view, &number)?.is_empty() {
            out.push(number);
        }
    }
    Ok(out)
}

/// How many leases hold numbers of another one.
pub(crate) fn leases_overlapping(view: &View<'_>) -> Result<usize, Fault> {
    Ok(numbers::overlaps(&stock::leases(view)?).len())
}

fn twice(view: &View<'_>) -> Result<Twice, Fault> {
    let offices = offices_named(view)?;
    let own = view.office.identity();
    let mut found = Vec::new();
    for number in numbers_twice(view)? {
        let mut cards = Vec::new();
        for (row, card) in clashing(view, &number)? {
            let office = view.memory.stream_name(row.stream)?.office();
            let named = offices.iter().find(|(id, ..)| Some(*id) == office).map(|(_, name, _)| name.clone());
            cards.push(TwiceCard {
                id: row.id.to_string(),
                member: card.member.map(|m| m.to_string()),
                name: super::detail(view, &row.values)?,
                office: named
                    .unwrap_or_else(|| if office == Some(own.office) { own.name.clone() } else { String::new() }),
                state: change::standing(&row).key().into(),
                issued_on: card.issued_on,
            });
        }
        found.push(TwiceNumber { number, cards });
    }
    let leases = leases_overlapping(view)? as u64;
    Ok(Twice { numbers: found, leases })
}

fn supersede(desk: &mut Desk<'_>, ask: SupersedeAsk) -> Result<Saved, Fault> {
    let reason = change::reason(Some(&ask.reason))?;
    let layout = desk.act.layout(Card::TYPE.name)?;
    let keep = desk.act.row(layout, ask.keep.parse().map_err(|_| Fault::not_found())?)?;
    let number = Card::from_values(&keep.values)?.number;
    let all = clashing(&desk.view(), &number)?;
    let (kept, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(row, _)| row.id == keep.id);
    // A page that stood open may name one that counts no longer.
    if others.is_empty() || kept.is_empty() {
        return Err(Fault::new(
            "card_not_twice",
            "这个证号现在只有一张有效的证，不需要处理，没有改动。请刷新看看。",
            "Only one card bears this number now; there is nothing to decide and nothing was changed. Look again.",
        ));
    }
    let on = desk.act.moment.today();
    for (row, _) in &others {
        let mut detail = change::detail(on, Some(&reason), None);
        detail.push(("kept", Value::Text(keep.id.to_string().into())));
        let seen = row.versions.clone();
        desk.act.change(layout, row, &seen, &[], Some(NewEvent { name: "superseded", detail }))?;
    }
    let detail = change::detail(on, Some(&reason), None);
    let seen = keep.versions.clone();
    desk.act.change(layout, &keep, &seen, &[], Some(NewEvent { name: "kept_number", detail }))?;
    desk.note.kind = Some(Card::TYPE.name);
    desk.note.record = Some(keep.id);
    desk.note.reason = Some(reason);
    records::saved(desk, layout, keep.id, records::Saw::Untold, Vec::new())
}

/// What the office of a card that stepped back has to do.
#[must_use]
pub fn recall() -> Say {
    Say::new(
        "此证与另一张证重号，已裁定由另一张保留。请收回此证，另办新证；旧号仍可查到。",
        "Another card bears this number and keeps it. Take this card back and order a new one; the old number is still found.",
    )
}

//! What a clerk decides of two entries besides that they are one person: that they are two, and that this has to be looked at again.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    AnswerHeard, NotSame, Verdict,
    answers::{self, Said, ordered},
};
use crate::{
    drafts::Done,
    fault::Fault,
    members::{self, Member, Reader},
    office::{Desk, View},
    people::Role,
    record::{Record as _, RecordId},
    registry::Registry,
    store::rows::{self, Stored},
    words::Say,
};

/// Two entries, and what is said of them.
#[derive(Deserialize, JsonSchema)]
pub struct PairAsk {
    /// An entry.
    pub one: String,
    /// The other one.
    pub other: String,
    /// On what grounds.
    pub reason: String,
    /// Although somebody has said that they are one person; that is taken back then.
    #[serde(default)]
    pub despite: Option<bool>,
}

/// Which answer was read.
#[derive(Deserialize, JsonSchema)]
pub struct HeardAsk {
    /// Its id.
    pub id: String,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("members.not_same", Role::Clerk, not_same);
    registry.action("members.look_again", Role::Clerk, look_again);
    registry.action("members.answer_heard", Role::Clerk, heard);
}

fn entry(desk: &Desk<'_>, id: &str) -> Result<Stored, Fault> {
    let layout = desk.act.layout(Member::TYPE.name)?;
    desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)
}

fn told(desk: &mut Desk<'_>, record: RecordId, reason: &str) {
    desk.note.kind = Some(Member::TYPE.name);
    desk.note.record = Some(record);
    desk.note.reason = Some(reason.to_owned());
}

fn not_same(desk: &mut Desk<'_>, ask: PairAsk) -> Result<Done, Fault> {
    let reason = members::grounds(&ask.reason)?.to_owned();
    let (one, other) = (entry(desk, &ask.one)?, entry(desk, &ask.other)?);
    if one.id == other.id {
        return Err(Fault::question("one entry twice"));
    }
    let linked = |desk: &Desk<'_>| -> Result<members::Links, Fault> {
        Ok(members::links(desk.act.conn, Reader::of(&desk.view()))?.raw())
    };
    let mut raw = linked(desk)?;
    if raw.person(one.id).contains(&other.id) {
        if !ask.despite.unwrap_or(false) {
            return Err(Fault::new(
                "same_stands",
                "这两条已经并为同一人，没有做任何改动。确实不是同一人的，请先在会员页面上拆分。",
                "These two were merged into one person; nothing was changed. If they are two, unmerge them on the member's page first.",
            ));
        }
        // Whoever stepped back is taken out; where the other one stepped back behind it, that one as well.
        for entry in [one.id, other.id, one.id] {
            if raw.person(one.id).contains(&other.id) && raw.head(entry) != entry {
                members::part(desk, entry, &reason)?;
                raw = linked(desk)?;
            }
        }
    }
    remember(desk, one.id, other.id, &reason)?;
    told(desk, one.id, &reason);
    Ok(Done { done: true })
}

/// Remembers that two entries are two persons; where it is remembered already, nothing is written.
pub(crate) fn remember(desk: &mut Desk<'_>, one: RecordId, other: RecordId, reason: &str) -> Result<(), Fault> {
    let layout = desk.act.layout(Member::TYPE.name)?;
    let rows = (rows::by_id(desk.act.conn, layout, one)?, rows::by_id(desk.act.conn, layout, other)?);
    // Of another office's entry nothing is here, and nothing is proposed.
    let (Some(a), Some(b)) = rows else { return Ok(()) };
    if said_apart(&desk.view(), one, other)?.is_some() {
        return Ok(());
    }
    if a.stream != b.stream && desk.office().identity().county {
        let said = Said { verdict: Verdict::Different, stays: None, reason };
        return answers::answer(desk, (one, a.stream), (other, b.stream), &said);
    }
    let stream = *desk.act.memory.stream_name(a.stream)?;
    let (one, other) = ordered(one, other);
    desk.act.create(&stream, NotSame { one: Some(one), other: Some(other), reason: reason.to_owned() }, None)?;
    Ok(())
}

/// Records that say that two entries are two persons.
fn records(view: &View<'_>, one: RecordId, other: RecordId) -> Result<Vec<(Stored, NotSame)>, Fault> {
    view.select::<NotSame>(
        "void = 0 AND ((one = ?1 AND other = ?2) OR (one = ?2 AND other = ?1)) ORDER BY made_at, id",
        &[&one.0, &other.0],
    )
}

/// Who has said that two entries are two persons, on which day and on what grounds.
pub(crate) fn said_apart(
    view: &View<'_>,
    one: RecordId,
    other: RecordId,
) -> Result<Option<(Say, String, String)>, Fault> {
    if let Some((row, said)) = records(view, one, other)?.pop() {
        let by = view.author(row.made_by)?;
        return Ok(Some((Say::owned(by.clone(), by), crate::store::today(row.made_at).to_string(), said.reason)));
    }
    let answer = answers::of(view)?.into_iter().find(|answer| answer.pair() == ordered(one, other));
    Ok(answer
        .filter(|answer| answer.verdict == Verdict::Different)
        .map(|answer| (super::list::the_county(), crate::store::today(answer.made_at).to_string(), answer.reason)))
}

/// Takes back that two entries are two persons; false where nobody has said so.
///
/// # Errors
/// `county_answered` where only the county can.
pub(crate) fn take_back(desk: &mut Desk<'_>, one: RecordId, other: RecordId, reason: &str) -> Result<bool, Fault> {
    let (view, mut done) = (desk.view(), false);
    let pair = ordered(one, other);
    let answered = answers::of(&view)?.iter().any(|a| a.pair() == pair && a.verdict == Verdict::Different);
    if answered {
        if !view.office.identity().county {
            return Err(answers::county_answered());
        }
        done = answers::take_back(desk, pair, reason)?;
    }
    let layout = desk.act.layout(NotSame::TYPE.name)?;
    for (row, _) in records(&desk.view(), one, other)? {
        desk.act.void(layout, &row, &row.versions, true)?;
        done = true;
    }
    Ok(done)
}

fn look_again(desk: &mut Desk<'_>, ask: PairAsk) -> Result<Done, Fault> {
    let reason = members::grounds(&ask.reason)?.to_owned();
    let (one, other) = (entry(desk, &ask.one)?, entry(desk, &ask.other)?);
    if !take_back(desk, one.id, other.id, &reason)? {
        return Err(Fault::new(
            "not_same_none",
            "没有人认定过这两条不是同一人，没有做任何改动。请刷新看看。",
            "Nobody has said that these two are two persons; nothing was changed. Look again.",
        ));
    }
    told(desk, one.id, &reason);
    Ok(Done { done: true })
}

fn heard(desk: &mut Desk<'_>, ask: HeardAsk) -> Result<Done, Fault> {
    let id: RecordId = ask.id.parse().map_err(|_| Fault::not_found())?;
    let view = desk.view();
    let answer = answers::of(&view)?.into_iter().find(|answer| answer.id == id).ok_or_else(Fault::not_found)?;
    let read = view.select::<AnswerHeard>("answer = ?1 AND void = 0", &[&id.0])?;
    if read.is_empty() {
        let own = desk.office().own_stream();
        desk.act.create(&own, AnswerHeard { answer: Some(answer.id) }, None)?;
    }
    desk.note.kind = Some(super::DuplicateAnswer::TYPE.name);
    desk.note.record = Some(answer.id);
    Ok(Done { done: read.is_empty() })
}

//! One person, two entries: a link says that they are the same, and taking the link away makes them two again. Nothing is
//! copied and nothing goes: the entry that steps back keeps its values, events and numbers, and is still found.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_derive::Record;
use niangjia_replication::{Stream, planted};
use rusqlite::{Connection, OptionalExtension as _, params};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{
    Member,
    links::{Links, Pair},
};
use crate::{
    duplicates::{
        Verdict,
        answers::{self, Said},
    },
    fault::{Fault, FieldFault},
    office::{Desk, View},
    people::Role,
    record::{Kind, Record as _, RecordId, Schema},
    records::{Saved, Saw, saved},
    registry::Registry,
    store::rows::{self, Stored},
    words::Say,
};

/// Says that two entries of an office are one person, in that office's stream. Of entries of two offices the county says so, in an
/// answer that both read (`duplicates`).
#[derive(Clone, Record)]
#[record(name = "same_person", plural = "same_persons", zh = "同一人", en = "Same person", title = "reason")]
pub struct SamePerson {
    #[field(zh = "并入的条目", en = "Entry that steps back", link = "member", required)]
    pub member: Option<RecordId>,
    #[field(zh = "保留的条目", en = "Entry that stays", link = "member", required)]
    pub into: Option<RecordId>,
    #[field(zh = "依据", en = "Grounds", required)]
    pub reason: String,
}

/// Two entries that are one person.
#[derive(Deserialize, JsonSchema)]
pub struct MergeAsk {
    /// The entry that steps back.
    pub id: String,
    /// The entry that stays.
    pub into: String,
    /// How it is known that they are one person.
    pub reason: String,
    /// Although somebody has said that they are two; that is taken back then.
    #[serde(default)]
    pub despite: Option<bool>,
}

/// An entry that is a person of its own after all.
#[derive(Deserialize, JsonSchema)]
pub struct UnmergeAsk {
    /// The entry that stepped back.
    pub id: String,
    /// Why.
    pub reason: String,
    /// Remembers besides that these are two persons, so that they are proposed no more.
    #[serde(default)]
    pub not_same: Option<bool>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("members.merge", Role::Clerk, merge);
    registry.action("members.unmerge", Role::Clerk, unmerge);
}

/// Entries that another one stands for, by row.
pub(crate) type Merged = BTreeSet<i64>;

/// Who reads what was said of entries.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    /// The number of the county's stream here, from which alone its answers are believed.
    pub(crate) answers: Option<i64>,
    /// A PC of the county, which reads every office: whose entry is not here has not come yet.
    pub(crate) county: bool,
    /// Only what the office of this stream sees.
    pub(crate) only: Option<i64>,
}

impl Reader {
    pub(crate) fn of(view: &View<'_>) -> Self {
        let answers = view.memory.known_stream(&Stream::County);
        Self { answers, county: view.office.identity().county, only: None }
    }
}

/// Reads all that was said: it is little.
pub(crate) fn links(conn: &Connection, reader: Reader) -> Result<Links, Fault> {
    let mut links = Links::default();
    let pairs = |sql: &str| -> Result<Vec<(RecordId, RecordId)>, Fault> {
        let mut statement = conn.prepare_cached(sql)?;
        let pair = |r: &rusqlite::Row<'_>| Ok((RecordId(r.get(0)?), RecordId(r.get(1)?)));
        Ok(statement.query_map([reader.only], pair)?.collect::<Result<_, _>>()?)
    };
    let linked = pairs(
        "SELECT \"member\", \"into\" FROM same_person
         WHERE void = 0 AND \"member\" IS NOT NULL AND \"into\" IS NOT NULL AND stream = ifnull(?1, stream)",
    )?;
    links.pairs.extend(linked.into_iter().map(|(back, stays)| Pair { back, stays, county: false }));
    // An office speaks of its own entries.
    let apart = pairs(
        "SELECT n.one, n.other FROM not_same n
         WHERE n.void = 0 AND n.one IS NOT NULL AND n.other IS NOT NULL AND n.stream = ifnull(?1, n.stream)
         AND EXISTS (SELECT 1 FROM member m WHERE m.id IN (n.one, n.other) AND m.stream = n.stream)",
    )?;
    links.apart.extend(apart.into_iter().map(|(one, other)| (one, other, false)));
    let mut chosen = BTreeSet::new();
    for answer in answers::answers(conn, reader.answers)? {
        let (one, other) = answer.pair();
        if let (Some(back), Some(stays)) = (answer.back(), answer.stays) {
            links.pairs.push(Pair { back, stays, county: true });
            chosen.insert(stays);
        } else if answer.verdict == Verdict::Different {
            links.apart.push((one, other, true));
        }
    }
    let mut here = conn.prepare_cached(
        "SELECT min(void) FROM member WHERE id = ?1 AND stream = ifnull(?2, stream) HAVING count(*) > 0",
    )?;
    let entries: BTreeSet<RecordId> = links.pairs.iter().flat_map(|pair| [pair.back, pair.stays]).collect();
    for entry in entries {
        match here.query_row(params![entry.0, reader.only], |r| r.get::<_, bool>(0)).optional()? {
            Some(void) if !void || planted!("who stays may be void") => {
                links.standing.insert(entry);
            }
            // An office hears what the county answered, and reads nothing of the other office: there somebody stands.
            None if chosen.contains(&entry) && !reader.county => {
                links.standing.insert(entry);
                links.elsewhere.insert(entry);
            }
            Some(_) | None => {}
        }
    }
    Ok(links)
}

/// The rows that lists and statistics leave out.
pub(crate) fn merged(conn: &Connection, schema: &Schema, reader: Reader) -> Result<Merged, Fault> {
    let mut out = Merged::new();
    // An index that is built before the tables are made has none to leave out.
    if schema.kind(SamePerson::TYPE.name).is_none() {
        return Ok(out);
    }
    let mut rec = conn.prepare_cached("SELECT rec FROM member WHERE id = ?1")?;
    // Of a member who stands with several offices one row is shown.
    let mut away = conn.prepare_cached(
        "SELECT m.rec FROM member m WHERE m.state IN ('transferred', 'provisional') AND EXISTS (
           SELECT 1 FROM member o WHERE o.id = m.id AND o.rec <> m.rec AND o.void = 0 AND (
             coalesce(o.state, '') NOT IN ('transferred', 'provisional') OR (o.state = 'provisional' AND m.state = 'transferred')
             OR (o.state = m.state AND o.stream < m.stream)))",
    )?;
    out.extend(away.query_map([], |r| r.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?);
    let links = links(conn, reader)?;
    for (entry, head) in links.heads() {
        let mut rows = |id: RecordId| -> Result<Vec<i64>, Fault> {
            Ok(rec.query_map([id.0], |r| r.get(0))?.collect::<Result<_, _>>()?)
        };
        // Where the one that stays has not come here yet, the other goes on standing for itself.
        if links.elsewhere.contains(&head) || !rows(head)?.is_empty() {
            out.extend(rows(entry)?);
        }
    }
    Ok(out)
}

/// A condition on rows of `member` that leaves those out; empty where there are none.
pub(crate) fn counted(view: &View<'_>) -> String {
    let merged = view.office.merged();
    if merged.is_empty() {
        return String::new();
    }
    let list = merged.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    format!(" AND rec NOT IN (SELECT value FROM json_each('[{list}]'))")
}

pub(crate) fn grounds(reason: &str) -> Result<&str, Fault> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Fault::fields(vec![FieldFault {
            field: "reason".into(),
            key: "reason_missing".into(),
            say: Say::new("请写明依据，以后查账时要用。", "Say on what grounds: it will be asked for later."),
        }]));
    }
    Ok(reason)
}

fn member(desk: &Desk<'_>, id: &str) -> Result<Stored, Fault> {
    let layout = desk.act.layout(Member::TYPE.name)?;
    desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)
}

fn merge(desk: &mut Desk<'_>, ask: MergeAsk) -> Result<Saved, Fault> {
    let reason = grounds(&ask.reason)?.to_owned();
    let (back, stays) = (member(desk, &ask.id)?, member(desk, &ask.into)?);
    let against = links(desk.act.conn, Reader::of(&desk.view()))?.against(back.id, stays.id);
    if let Some((one, other, _)) = against.first() {
        if !ask.despite.unwrap_or(false) {
            return Err(stands_against(&desk.view(), *one, *other)?);
        }
        for (one, other, _) in &against {
            crate::duplicates::take_back(desk, *one, *other, &reason)?;
        }
    }
    let mut missing = missing(&desk.view(), &back, &stays)?;
    // The county may say of one person that the other entry counts after all.
    let pair = answers::ordered(back.id, stays.id);
    let other = |answer: &answers::Answer| answer.disputed || answer.stays != Some(stays.id);
    if missing.is_empty()
        && desk.office().identity().county
        && answers::of(&desk.view())?.iter().any(|answer| answer.pair() == pair && other(answer))
    {
        missing.push(Wanted { back: (back.id, back.stream), stays: (stays.id, stays.stream), answer: true });
    }
    if missing.is_empty() && against.is_empty() {
        return Err(Fault::new(
            "same_already",
            "这两条已经是同一个人，没有做任何改动。",
            "These two are one person already; nothing was changed.",
        ));
    }
    if back.void || stays.void {
        return Err(Fault::new(
            "merge_void",
            "其中一条已经作废，不能合并，没有做任何改动。需要时请先恢复。",
            "One of the two is void and cannot be merged; nothing was changed. Take the void back first where it is needed.",
        ));
    }
    for new in missing {
        if new.answer && desk.office().identity().county {
            let said = Said { verdict: Verdict::Same, stays: Some(new.stays.0), reason: &reason };
            answers::answer(desk, new.back, new.stays, &said)?;
            continue;
        }
        let stream = *desk.act.memory.stream_name(new.back.1)?;
        let link = SamePerson { member: Some(new.back.0), into: Some(new.stays.0), reason: reason.clone() };
        desk.act.create(&stream, link, None)?;
    }
    let stands = links(desk.act.conn, Reader::of(&desk.view()))?.head(stays.id);
    told(desk, back.id, reason);
    let layout = desk.act.layout(Member::TYPE.name)?;
    saved(desk, layout, stands, Saw::Untold, Vec::new())
}

/// Somebody has said that these are two persons; who wants to say otherwise has to have read that.
fn stands_against(view: &View<'_>, one: RecordId, other: RecordId) -> Result<Fault, Fault> {
    let said = crate::duplicates::said_apart(view, one, other)?;
    let (by, on, reason) = said.unwrap_or_else(|| (Say::new("", ""), String::new(), String::new()));
    Ok(Fault::say(
        "not_same_stands",
        Say::owned(
            format!(
                "{} {on} 核对过，认定不是同一人：{reason}。没有做任何改动。确实是同一人的，请到“疑似重复”里看过这条认定再办。",
                by.zh
            ),
            format!(
                "On {on} {} looked at them and found two persons: {reason}. Nothing was changed. If they are one person after all, do this on the page of duplicates, where that stands beside them.",
                by.en
            ),
        ),
    ))
}

/// A link that is wanted: entries, each with the stream that it stands in.
struct Wanted {
    back: (RecordId, i64),
    stays: (RecordId, i64),
    /// They stand with two offices: the county says it in an answer.
    answer: bool,
}

/// The links by which two entries become one person.
///
/// The entries that stand for the two are linked, so that one step is enough from anywhere, in the stream of the one that steps
/// back; where another office has the one that stays it is an answer of the county, which both read. An office that has entries of
/// both and does not read what joins its own to it gets a link of its own.
fn missing(view: &View<'_>, back: &Stored, stays: &Stored) -> Result<Vec<Wanted>, Fault> {
    let reader = Reader::of(view);
    let all = links(view.conn, reader)?;
    let layout = view.layout(Member::TYPE.name)?;
    let home = |entry: RecordId| Ok::<_, Fault>(rows::by_id(view.conn, layout, entry)?.map(|row| row.stream));
    let homes = |chosen: RecordId| -> Result<BTreeMap<i64, RecordId>, Fault> {
        let mut out = BTreeMap::new();
        for entry in all.person(chosen) {
            if let Some(home) = home(entry)? {
                let of = out.entry(home).or_insert(entry);
                if entry == chosen {
                    *of = chosen;
                }
            }
        }
        Ok(out)
    };
    let (one, other) = (homes(back.id)?, homes(stays.id)?);
    let mut out = Vec::new();
    let (steps_back, stands) = (all.head(back.id), all.head(stays.id));
    if steps_back != stands {
        let (from, to) = (home(steps_back)?.unwrap_or(back.stream), home(stands)?.unwrap_or(stays.stream));
        out.push(Wanted { back: (steps_back, from), stays: (stands, to), answer: from != to });
    }
    for (home, mine) in one {
        let Some(also) = other.get(&home) else { continue };
        let mut seen = links(view.conn, Reader { county: false, only: Some(home), ..reader })?;
        let reads = |new: &&Wanted| new.back.1 == home || new.answer;
        let linked = |new: &Wanted| Pair { back: new.back.0, stays: new.stays.0, county: new.answer };
        seen.pairs.extend(out.iter().filter(reads).map(linked));
        let (mine, also) = (seen.head(mine), seen.head(*also));
        if mine != also {
            out.push(Wanted { back: (mine, home), stays: (also, home), answer: false });
        }
    }
    Ok(out)
}

/// Links an entry of this office behind another one of the same person.
pub(crate) fn link(desk: &mut Desk<'_>, back: &Stored, stays: RecordId, grounds: &str) -> Result<(), Fault> {
    let stream = *desk.act.memory.stream_name(back.stream)?;
    let link = SamePerson { member: Some(back.id), into: Some(stays), reason: grounds.to_owned() };
    desk.act.create(&stream, link, None).map(|_| ())
}

fn unmerge(desk: &mut Desk<'_>, ask: UnmergeAsk) -> Result<Saved, Fault> {
    let reason = grounds(&ask.reason)?.to_owned();
    let back = member(desk, &ask.id)?;
    let head = links(desk.act.conn, Reader::of(&desk.view()))?.raw().head(back.id);
    if !part(desk, back.id, &reason)? {
        return Err(Fault::new(
            "same_not",
            "这一条没有并入别的条目，没有做任何改动。",
            "This entry has not been merged into another; nothing was changed.",
        ));
    }
    if ask.not_same.unwrap_or(false) {
        crate::duplicates::remember(desk, back.id, head, &reason)?;
    }
    told(desk, back.id, reason);
    let layout = desk.act.layout(Member::TYPE.name)?;
    saved(desk, layout, back.id, Saw::Untold, Vec::new())
}

/// Takes an entry out of its person; false where it stands for itself.
///
/// # Errors
/// `county_answered` where only the county can.
pub(crate) fn part(desk: &mut Desk<'_>, entry: RecordId, reason: &str) -> Result<bool, Fault> {
    let all = links(desk.act.conn, Reader::of(&desk.view()))?;
    let gone: Vec<Pair> = all.parting(entry).into_iter().map(|place| all.pairs[place]).collect();
    if gone.iter().any(|pair| pair.county) && !desk.office().identity().county {
        return Err(answers::county_answered());
    }
    let layout = desk.act.layout(SamePerson::TYPE.name)?;
    for (link, said) in desk.view().select::<SamePerson>("void = 0", &[])? {
        let pair = said.member.zip(said.into);
        if gone.iter().any(|gone| !gone.county && pair == Some((gone.back, gone.stays))) {
            desk.act.void(layout, &link, &link.versions, true)?;
        }
    }
    for pair in gone.iter().filter(|pair| pair.county) {
        answers::take_back(desk, answers::ordered(pair.back, pair.stays), reason)?;
    }
    Ok(!gone.is_empty())
}

fn told(desk: &mut Desk<'_>, record: RecordId, reason: String) {
    desk.note.kind = Some(Member::TYPE.name);
    desk.note.record = Some(record);
    desk.note.reason = Some(reason);
}

/// For the member's page: who stands for this entry, and for which ones it stands.
pub(super) fn derived(view: &View<'_>, id: RecordId, out: &mut Map<String, Json>) -> Result<(), Fault> {
    let links = links(view.conn, Reader::of(view))?;
    if !links.pairs.iter().any(|pair| pair.back == id || pair.stays == id) {
        return Ok(());
    }
    if links.elsewhere.contains(&links.head(id)) {
        out.insert("counted_elsewhere".into(), true.into());
    }
    // Of another office's entry nothing is here, and the county's answer names that office: who stands for the entry among those
    // that are here is somebody to go to.
    let here = Links { standing: links.standing.difference(&links.elsewhere).copied().collect(), ..links };
    let heads = here.heads();
    let layout = view.layout(Member::TYPE.name)?;
    let line = |entry: &RecordId| -> Result<Option<Json>, Fault> {
        let Some(row) = rows::by_id(view.conn, layout, *entry)? else { return Ok(None) };
        let title = crate::records::shown(view, Kind::Text, &row.values[layout.ty.title], false)?.zh;
        Ok(Some(json!({ "id": entry.to_string(), "title": title })))
    };
    if let Some(head) = heads.get(&id).map(line).transpose()?.flatten() {
        out.insert("merged_into".into(), head);
    }
    let others = heads.iter().filter(|(_, head)| **head == id).map(|(entry, _)| line(entry));
    let others: Vec<Json> = others.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    if !others.is_empty() {
        out.insert("merged".into(), others.into());
    }
    Ok(())
}

//! One person, two entries: a link says that they are the same, and taking the link away makes them two again. Nothing is
//! copied and nothing goes: the entry that steps back keeps its values, events and numbers, and is still found.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_derive::Record;
use niangjia_replication::planted;
use rusqlite::{Connection, OptionalExtension as _};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::Member;
use crate::{
    fault::{Fault, FieldFault},
    office::{Desk, View},
    people::Role,
    record::{Record as _, RecordId, Schema},
    records::{Saved, Saw, saved},
    registry::Registry,
    store::rows::Stored,
    words::Say,
};

/// Says that two entries are one person. It stands in the stream of the entry that steps back; where another office has entries of
/// that person on both sides, it has a link of its own in its stream.
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
}

/// An entry that is a person of its own after all.
#[derive(Deserialize, JsonSchema)]
pub struct UnmergeAsk {
    /// The entry that stepped back.
    pub id: String,
    /// Why.
    pub reason: String,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("members.merge", Role::Clerk, merge);
    registry.action("members.unmerge", Role::Clerk, unmerge);
}

/// Which entries are one person, and which of them somebody can still be shown.
#[derive(Default)]
struct Links {
    /// Who steps back, and who stays.
    pairs: Vec<(RecordId, RecordId)>,
    /// Entries that are here and not void.
    standing: BTreeSet<RecordId>,
}

impl Links {
    /// All entries that are one person with this one.
    fn person(&self, entry: RecordId) -> BTreeSet<RecordId> {
        reached(entry, &self.joined())
    }

    fn joined(&self) -> Steps {
        let mut joined = Steps::new();
        for (back, stays) in &self.pairs {
            joined.entry(*back).or_default().insert(*stays);
            joined.entry(*stays).or_default().insert(*back);
        }
        joined
    }

    /// Which entry stands for the person, for every entry that does not stand for itself.
    ///
    /// Entries that links join are one person. The one that stays is one that steps back behind nobody who can be shown, not
    /// by way of others either; where clerks in different places linked them in a circle or to several, the least id of those.
    /// An entry that was voided, or has not come here yet, stands for nobody as long as there is another. The answer depends
    /// on the set of links and of entries, and on nothing else.
    fn heads(&self) -> BTreeMap<RecordId, RecordId> {
        let (mut ahead, joined) = (Steps::new(), self.joined());
        for (back, stays) in &self.pairs {
            ahead.entry(*back).or_default().insert(*stays);
        }
        let (mut out, mut done) = (BTreeMap::new(), BTreeSet::new());
        for start in joined.keys() {
            if done.contains(start) {
                continue;
            }
            let person = reached(*start, &joined);
            let shown: Vec<RecordId> = person.intersection(&self.standing).copied().collect();
            let stays = |entry: &&RecordId| {
                let before = reached(**entry, &ahead);
                !before.iter().any(|other| other != *entry && self.standing.contains(other))
            };
            let head = shown.iter().find(stays).or_else(|| shown.first()).or_else(|| person.first()).copied();
            let others = person.iter().filter(|entry| Some(**entry) != head);
            out.extend(others.filter_map(|entry| Some((*entry, head?))));
            done.extend(person);
        }
        out
    }

    /// The entry that stands for the person of this one.
    fn head(&self, entry: RecordId) -> RecordId {
        self.heads().get(&entry).copied().unwrap_or(entry)
    }

    /// Which links have to go so that an entry is a person of its own, by place in the list: its own, and those by which others
    /// would still join it to the person. Entries that stepped back behind it alone stay with it.
    fn parting(&self, entry: RecordId) -> Vec<usize> {
        let elsewhere = self.pairs.iter().copied().filter(|(back, stays)| *back != entry && *stays != entry).collect();
        let rest = Links { pairs: elsewhere, standing: self.standing.clone() }.heads();
        let Some(head) = self.heads().get(&entry).copied() else { return Vec::new() };
        let of = |one: RecordId| rest.get(&one).copied().unwrap_or(one);
        let goes = |(back, stays): &(RecordId, RecordId)| *back == entry || *stays == entry && of(*back) == of(head);
        self.pairs.iter().enumerate().filter(|(_, link)| goes(link)).map(|(place, _)| place).collect()
    }
}

/// From an entry to those that links lead to.
type Steps = BTreeMap<RecordId, BTreeSet<RecordId>>;

/// An entry and all that steps lead to from it.
fn reached(start: RecordId, steps: &Steps) -> BTreeSet<RecordId> {
    let (mut out, mut next) = (BTreeSet::new(), vec![start]);
    while let Some(entry) = next.pop() {
        if out.insert(entry) {
            next.extend(steps.get(&entry).into_iter().flatten());
        }
    }
    out
}

/// Entries that another one stands for, by row.
pub(crate) type Merged = BTreeSet<i64>;

/// Reads all links: they are few. Those of one stream, and the entries of that stream, are what its office sees.
fn links(conn: &Connection, stream: Option<i64>) -> Result<Links, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT s.\"member\", s.\"into\", b.void, i.void FROM same_person s
         LEFT JOIN member b ON b.id = s.\"member\" AND b.stream = ifnull(?1, b.stream)
         LEFT JOIN member i ON i.id = s.\"into\" AND i.stream = ifnull(?1, i.stream)
         WHERE s.void = 0 AND s.\"member\" IS NOT NULL AND s.\"into\" IS NOT NULL AND s.stream = ifnull(?1, s.stream)",
    )?;
    let mut rows = statement.query([stream])?;
    let mut links = Links::default();
    while let Some(row) = rows.next()? {
        let (back, stays) = (RecordId(row.get(0)?), RecordId(row.get(1)?));
        for (entry, column) in [(back, 2), (stays, 3)] {
            if row.get::<_, Option<bool>>(column)? == Some(false) || planted!("who stays may be void") {
                links.standing.insert(entry);
            }
        }
        links.pairs.push((back, stays));
    }
    Ok(links)
}

/// The rows that lists and statistics leave out.
pub(crate) fn merged(conn: &Connection, schema: &Schema) -> Result<Merged, Fault> {
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
    for (entry, head) in links(conn, None)?.heads() {
        let mut rows = |id: RecordId| -> Result<Vec<i64>, Fault> {
            Ok(rec.query_map([id.0], |r| r.get(0))?.collect::<Result<_, _>>()?)
        };
        // Where the one that stays has not come here yet, the other goes on standing for itself.
        if !rows(head)?.is_empty() {
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

fn grounds(reason: &str) -> Result<&str, Fault> {
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
    let links = missing(desk.act.conn, &back, &stays)?;
    if links.is_empty() {
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
    for (stream, back, stays) in links {
        let stream = *desk.act.memory.stream_name(stream)?;
        let link = SamePerson { member: Some(back), into: Some(stays), reason: reason.clone() };
        desk.act.create(&stream, link, None)?;
    }
    let stands = self::links(desk.act.conn, None)?.head(stays.id);
    told(desk, back.id, reason);
    let layout = desk.act.layout(Member::TYPE.name)?;
    saved(desk, layout, stands, Saw::Untold, Vec::new())
}

/// The links by which two entries become one person, each with the stream that it is to stand in.
///
/// The entries that stand for the two are linked, so that one step is enough from anywhere, in the stream of the one that steps
/// back. An office that has entries of both and does not read that stream, or not what joins its own to it, gets a link of its own.
fn missing(conn: &Connection, back: &Stored, stays: &Stored) -> Result<Vec<(i64, RecordId, RecordId)>, Fault> {
    let all = links(conn, None)?;
    let mut stream = conn.prepare_cached("SELECT stream FROM member WHERE id = ?1")?;
    let mut homes = |chosen: RecordId| -> Result<BTreeMap<i64, RecordId>, Fault> {
        let mut out = BTreeMap::new();
        for entry in all.person(chosen) {
            if let Some(home) = stream.query_row([entry.0], |row| row.get(0)).optional()? {
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
        let home = stream.query_row([steps_back.0], |row| row.get(0)).optional()?;
        out.push((home.unwrap_or(back.stream), steps_back, stands));
    }
    for (home, mine) in one {
        let Some(also) = other.get(&home) else { continue };
        let mut seen = links(conn, Some(home))?;
        seen.pairs.extend(out.iter().filter(|link| link.0 == home).map(|(_, back, stays)| (*back, *stays)));
        let (mine, also) = (seen.head(mine), seen.head(*also));
        if mine != also {
            out.push((home, mine, also));
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
    let layout = desk.act.layout(SamePerson::TYPE.name)?;
    let standing = desk.view().select::<SamePerson>("void = 0", &[])?;
    let links = links(desk.act.conn, None)?;
    let gone = links.parting(back.id);
    if gone.is_empty() {
        return Err(Fault::new(
            "same_not",
            "这一条没有并入别的条目，没有做任何改动。",
            "This entry has not been merged into another; nothing was changed.",
        ));
    }
    for (link, said) in &standing {
        let pair = said.member.zip(said.into);
        if gone.iter().any(|place| Some(links.pairs[*place]) == pair) {
            desk.act.void(layout, link, &link.versions, true)?;
        }
    }
    told(desk, back.id, reason);
    let layout = desk.act.layout(Member::TYPE.name)?;
    saved(desk, layout, back.id, Saw::Untold, Vec::new())
}

fn told(desk: &mut Desk<'_>, record: RecordId, reason: String) {
    desk.note.kind = Some(Member::TYPE.name);
    desk.note.record = Some(record);
    desk.note.reason = Some(reason);
}

/// For the member's page: who stands for this entry, and for which ones it stands.
pub(super) fn derived(view: &View<'_>, id: RecordId, out: &mut Map<String, Json>) -> Result<(), Fault> {
    let links = links(view.conn, None)?;
    if !links.pairs.iter().any(|(back, stays)| *back == id || *stays == id) {
        return Ok(());
    }
    let heads = links.heads();
    let line = |entry: &RecordId| -> Result<Json, Fault> {
        let title = crate::records::title_of(view, Member::TYPE.name, &entry.0)?;
        Ok(json!({ "id": entry.to_string(), "title": title }))
    };
    if let Some(head) = heads.get(&id) {
        out.insert("merged_into".into(), line(head)?);
    }
    let others: Vec<Json> =
        heads.iter().filter(|(_, head)| **head == id).map(|(entry, _)| line(entry)).collect::<Result<_, _>>()?;
    if !others.is_empty() {
        out.insert("merged".into(), others.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> RecordId {
        RecordId([n; 16])
    }

    /// Links between entries, of which these are void or not here.
    fn links(pairs: &[(u8, u8)], gone: &[u8]) -> Links {
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| (id(*a), id(*b))).collect();
        let all = pairs.iter().flat_map(|(a, b)| [*a, *b]);
        let standing = all.filter(|entry| !gone.contains(&entry.0[0])).collect();
        Links { pairs, standing }
    }

    fn without(pairs: &[(u8, u8)], gone: &[u8]) -> Vec<(u8, u8)> {
        links(pairs, gone).heads().into_iter().map(|(entry, head)| (entry.0[0], head.0[0])).collect()
    }

    fn pairs(pairs: &[(u8, u8)]) -> Vec<(u8, u8)> {
        without(pairs, &[])
    }

    #[test]
    fn an_entry_stands_for_all_that_step_back_behind_it() {
        assert_eq!(pairs(&[]), []);
        assert_eq!(pairs(&[(1, 2)]), [(1, 2)]);
        assert_eq!(pairs(&[(1, 2), (2, 3), (4, 3)]), [(1, 3), (2, 3), (4, 3)]);
        assert_eq!(pairs(&[(1, 2), (8, 7)]), [(1, 2), (8, 7)]);
    }

    #[test]
    fn whoever_is_taken_out_is_a_person_of_its_own_and_the_others_stay_together() {
        let after = |entry: u8, all: &[(u8, u8)]| {
            let gone = links(all, &[]).parting(id(entry));
            let left: Vec<_> = all.iter().enumerate().filter(|(n, _)| !gone.contains(n)).map(|(_, l)| *l).collect();
            pairs(&left)
        };
        assert_eq!(after(1, &[(1, 2)]), []);
        assert_eq!(after(1, &[(1, 2), (3, 2)]), [(3, 2)]);
        assert_eq!(after(2, &[(1, 2), (2, 1)]), [], "a circle");
        assert_eq!(after(2, &[(1, 2), (2, 3), (3, 1)]), [(3, 1)], "a circle of three");
        assert_eq!(after(2, &[(3, 1), (3, 2)]), [(3, 1)], "one that never stepped back itself");
        assert_eq!(after(2, &[(4, 2), (2, 1)]), [(4, 2)], "whoever stepped back behind it alone goes with it");
        assert_eq!(after(1, &[(2, 1)]), [(2, 1)], "who stands for itself is not taken out");
    }

    #[test]
    fn a_void_entry_stands_for_nobody_who_can_still_be_shown() {
        assert_eq!(without(&[(1, 2)], &[2]), [(2, 1)], "who stepped back stands for the person again");
        assert_eq!(without(&[(1, 2)], &[1]), [(1, 2)]);
        assert_eq!(without(&[(1, 2), (2, 3)], &[3]), [(1, 2), (3, 2)], "who was chosen before the third came");
        assert_eq!(without(&[(1, 2), (2, 3)], &[2]), [(1, 3), (2, 3)], "still one person");
        assert_eq!(without(&[(2, 3), (1, 3)], &[3]), [(2, 1), (3, 1)]);
        assert_eq!(without(&[(1, 2), (2, 1)], &[1]), [(1, 2)]);
        assert_eq!(without(&[(1, 2)], &[1, 2]), [(2, 1)], "one answer, though nobody is shown");
        assert_eq!(links(&[(1, 2)], &[2]).parting(id(2)), [0], "the void one can be taken out");
        assert_eq!(links(&[(1, 2)], &[2]).parting(id(1)), Vec::<usize>::new());
    }

    #[test]
    fn a_circle_and_a_choice_of_two_have_one_answer_in_any_order() {
        assert_eq!(pairs(&[(2, 1), (1, 2)]), [(2, 1)]);
        assert_eq!(pairs(&[(1, 2), (2, 1)]), [(2, 1)]);
        assert_eq!(pairs(&[(3, 2), (3, 1)]), [(2, 1), (3, 1)]);
        assert_eq!(pairs(&[(3, 1), (3, 2)]), [(2, 1), (3, 1)]);
        assert_eq!(pairs(&[(1, 1)]), [], "an entry that is merged into itself stands for itself");
    }
}

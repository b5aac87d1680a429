//! The known-ID index: five bytes for each member of the county, by which an office that is offline learns while an ID number
//! is typed that this person is a member elsewhere. The registrar publishes it in the county's stream, part by part.
//!
//! What it gives away is written in docs/security.md: whoever is enrolled can confirm a guess of an ID number.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
};

use ciborium::Value as Cbor;
use niangjia_derive::Record;
use niangjia_replication::{Stream, keys::StreamKey};
use rusqlite::OptionalExtension as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    checks::id_number,
    exchange::PROGRAM,
    fault::Fault,
    identity::Keys,
    office::{Caller, Office, View},
    organisations::offices_named,
    people::Role,
    record::{Record as _, RecordId},
    registry::Registry,
    store::{Moment, versions::damaged},
};

/// A part of the index: tags that came and tags that went, by office.
#[derive(Clone, Record)]
#[record(name = "known_ids", plural = "known_ids", zh = "证件号码索引", en = "Known-ID index", title = "note")]
pub struct KnownIds {
    #[field(zh = "说明", en = "Note")]
    pub note: Option<String>,
    #[field(zh = "次序", en = "Number", required)]
    pub nth: Option<i64>,
    #[field(zh = "密钥期次", en = "Key epoch", required)]
    pub epoch: Option<i64>,
    /// Seconds since 1970.
    #[field(zh = "编制时间", en = "Made")]
    pub made: Option<i64>,
    #[field(zh = "内容", en = "Tags", kind = "bytes", required)]
    pub tags: Vec<u8>,
}

/// A number that is typed.
#[derive(Deserialize, JsonSchema)]
pub struct KnownAsk {
    /// ID number.
    pub id_no: String,
}

/// Where it is known.
#[derive(Serialize, JsonSchema)]
pub struct KnownAt {
    /// Other unions of the county at which somebody with this number is a member; as a rule none or one.
    pub offices: Vec<KnownOffice>,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
pub struct KnownOffice {
    /// Its id, for `transfers.ask`.
    pub id: String,
    /// Name.
    pub name: String,
}

/// Bytes of a tag. Of 300,000 members a number that is nobody's meets one in 3.7 million.
const TAG: usize = 5;
const KEY: &str = "niangjia 2026-11 tags of ID numbers";
/// Tags in one part: half a megabyte of a segment.
const PART: usize = 100_000;
/// Parts are published at most so often, in seconds; the first at once.
const PATIENCE: i64 = 12 * 3600;

type Tag = [u8; TAG];

pub(crate) fn register(registry: &mut Registry) {
    registry.query("members.known", Role::Clerk, |view, ask: KnownAsk| {
        Ok(KnownAt { offices: elsewhere(view, &ask.id_no)? })
    });
}

/// The key of the tags of one epoch of the county's stream, which every enrolled PC reads.
fn key_of(key: &StreamKey) -> [u8; 32] {
    blake3::derive_key(KEY, key.secret())
}

fn tag(key: &[u8; 32], number: &str) -> Tag {
    let mut tag = [0; TAG];
    tag.copy_from_slice(&blake3::keyed_hash(key, id_number::mend(number).as_bytes()).as_bytes()[..TAG]);
    tag
}

/// The index as it stands in memory: tags in order, each with its office; by epoch of the key.
#[derive(Default)]
pub(crate) struct Index {
    /// What of the tables it was made from: how many parts, and the last.
    of: (i64, i64),
    offices: Vec<RecordId>,
    tags: BTreeMap<u32, Vec<(Tag, u16)>>,
    nth: i64,
    made: i64,
}

impl Index {
    fn read(view: &View<'_>, of: (i64, i64)) -> Result<Self, Fault> {
        let county = view.memory.known_stream(&Stream::County);
        let parts = view.select::<KnownIds>("void = 0 AND stream = ?1 ORDER BY nth, id", &[&county])?;
        let mut out = Self { of, ..Self::default() };
        let mut standing: BTreeMap<u32, BTreeSet<(Tag, u16)>> = BTreeMap::new();
        for (_, part) in parts {
            out.nth = out.nth.max(part.nth.unwrap_or(0));
            out.made = out.made.max(part.made.unwrap_or(0));
            let Some(epoch) = part.epoch.and_then(|epoch| u32::try_from(epoch).ok()) else { continue };
            let of = standing.entry(epoch).or_default();
            // What a newer version packs otherwise says nothing here.
            for (office, came, went) in unpack(&part.tags).unwrap_or_default() {
                let at = match out.offices.iter().position(|known| *known == office) {
                    Some(at) => at,
                    None => {
                        out.offices.push(office);
                        out.offices.len() - 1
                    }
                };
                let Ok(at) = u16::try_from(at) else { continue };
                for tag in went {
                    of.remove(&(tag, at));
                }
                of.extend(came.into_iter().map(|tag| (tag, at)));
            }
        }
        out.tags = standing.into_iter().map(|(epoch, tags)| (epoch, tags.into_iter().collect())).collect();
        Ok(out)
    }

    /// Offices at which a number is known.
    fn at(&self, keys: &Keys, number: &str) -> Vec<RecordId> {
        let mut out = Vec::new();
        for (epoch, tags) in &self.tags {
            let Some(key) = keys.streams.get(&(Stream::County, *epoch)) else { continue };
            let tag = tag(&key_of(key), number);
            let from = tags.partition_point(|(one, _)| *one < tag);
            let same = tags[from..].iter().take_while(|(one, _)| *one == tag);
            out.extend(same.filter_map(|(_, at)| self.offices.get(usize::from(*at)).copied()));
        }
        out
    }
}

/// The index of what has come; read again where parts have come since.
fn index(view: &View<'_>) -> Result<Arc<Index>, Fault> {
    let of: (i64, i64) = view
        .conn
        .prepare_cached("SELECT count(*), coalesce(max(rec), 0) FROM known_ids")?
        .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut kept = view.office.known.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.of != of {
        *kept = Arc::new(Index::read(view, of)?);
    }
    Ok(kept.clone())
}

/// Other offices of the county at which somebody with this number is a member.
pub(crate) fn elsewhere(view: &View<'_>, number: &str) -> Result<Vec<KnownOffice>, Fault> {
    let own = view.office.identity().office;
    let found = index(view)?.at(&view.office.keys(), number);
    if found.iter().all(|office| *office == own) {
        return Ok(Vec::new());
    }
    let offices = offices_named(view)?.into_iter();
    let known = offices.filter(|(id, ..)| *id != own && found.contains(id));
    Ok(known.map(|(id, name, _)| KnownOffice { id: id.to_string(), name }).collect())
}

/// Office, tags that came, tags that went.
type Part = (RecordId, Vec<Tag>, Vec<Tag>);

fn pack(parts: &[Part]) -> Result<Vec<u8>, Fault> {
    let bytes = |tags: &[Tag]| Cbor::Bytes(tags.concat());
    let whole: Vec<Cbor> = parts
        .iter()
        .map(|(office, came, went)| Cbor::Array(vec![Cbor::Bytes(office.0.to_vec()), bytes(came), bytes(went)]))
        .collect();
    let mut out = Vec::new();
    ciborium::into_writer(&Cbor::Array(whole), &mut out).map_err(damaged)?;
    Ok(out)
}

fn unpack(bytes: &[u8]) -> Option<Vec<Part>> {
    let Ok(Cbor::Array(parts)) = ciborium::from_reader(bytes) else { return None };
    let tags = |bytes: &[u8]| -> Vec<Tag> { bytes.as_chunks::<TAG>().0.to_vec() };
    parts
        .into_iter()
        .map(|part| {
            let Cbor::Array(part) = part else { return None };
            let [Cbor::Bytes(office), Cbor::Bytes(came), Cbor::Bytes(went)] = part.as_slice() else { return None };
            Some((RecordId(office.as_slice().try_into().ok()?), tags(came), tags(went)))
        })
        .collect()
}

/// The tags of all who are members somewhere, as far as the registrar has heard.
fn wanted(view: &View<'_>, key: &[u8; 32]) -> Result<BTreeMap<RecordId, BTreeSet<Tag>>, Fault> {
    let mut out: BTreeMap<RecordId, BTreeSet<Tag>> = BTreeMap::new();
    let mut statement = view.conn.prepare_cached(
        "SELECT id_no, stream FROM member WHERE void = 0 AND id_no IS NOT NULL AND state IN ('active', 'retained', 'out_in_transit')",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Some(office) = view.memory.stream_name(row.get(1)?)?.office() else { continue };
        out.entry(office).or_default().insert(tag(key, row.get_ref(0)?.as_str().map_err(damaged)?));
    }
    Ok(out)
}

/// Parts that are due: what has come and gone since those that were published, as much as fits in each.
fn due(view: &View<'_>, keys: &Keys) -> Result<Vec<KnownIds>, Fault> {
    let Some(key) = keys.newest(&Stream::County) else { return Ok(Vec::new()) };
    let any: Option<i64> =
        view.conn.prepare_cached("SELECT 1 FROM member LIMIT 1")?.query_row([], |r| r.get(0)).optional()?;
    let (now, published) = (view.wall / 1000, index(view)?);
    // A clock that stood in the future for a day does not stop the index.
    let rests = published.nth > 0 && (0..PATIENCE).contains(&(now - published.made));
    if any.is_none() || rests {
        return Ok(Vec::new());
    }
    let mut stands: BTreeMap<RecordId, BTreeSet<Tag>> = BTreeMap::new();
    for (tag, at) in published.tags.get(&key.epoch()).into_iter().flatten() {
        stands.entry(published.offices[usize::from(*at)]).or_default().insert(*tag);
    }
    let wanted = wanted(view, &key_of(key))?;
    let nothing = BTreeSet::new();
    let offices: BTreeSet<RecordId> = stands.keys().chain(wanted.keys()).copied().collect();
    let (mut out, mut open, mut count) = (Vec::new(), Vec::<Part>::new(), 0);
    let close = |open: &mut Vec<Part>, out: &mut Vec<KnownIds>| -> Result<(), Fault> {
        if !open.is_empty() {
            out.push(KnownIds {
                note: None,
                nth: Some(published.nth + 1 + i64::try_from(out.len()).unwrap_or(0)),
                epoch: Some(i64::from(key.epoch())),
                made: Some(now),
                tags: pack(open)?,
            });
            open.clear();
        }
        Ok(())
    };
    for office in offices {
        let (is, was) = (wanted.get(&office).unwrap_or(&nothing), stands.get(&office).unwrap_or(&nothing));
        let (came, went): (Vec<Tag>, Vec<Tag>) =
            (is.difference(was).copied().collect(), was.difference(is).copied().collect());
        let mut both = came.chunks(PART).map(|tags| (tags.to_vec(), Vec::new())).collect::<Vec<_>>();
        both.extend(went.chunks(PART).map(|tags| (Vec::new(), tags.to_vec())));
        for (came, went) in both {
            count += came.len() + went.len();
            open.push((office, came, went));
            if count >= PART {
                close(&mut open, &mut out)?;
                count = 0;
            }
        }
    }
    close(&mut open, &mut out)?;
    Ok(out)
}

impl Office {
    /// The registrar publishes what has changed of the index. Returns how many parts were written.
    pub(crate) fn publish_known(&self, moment: Moment) -> Result<usize, Fault> {
        let (keys, memory) = (self.keys(), self.store.memory());
        let parts = self.store.read(|conn| {
            due(&View { office: self, conn, memory: &memory, clerk: PROGRAM, wall: moment.wall }, &keys)
        })?;
        if parts.is_empty() {
            return Ok(0);
        }
        let count = parts.len();
        let caller = Caller { clerk: PROGRAM, roles: Vec::new(), moment };
        self.act("members.index", caller, |desk| {
            for part in parts {
                desk.act.create(&Stream::County, part, None)?;
            }
            desk.note.kind = Some(KnownIds::TYPE.name);
            desk.note.count = Some(count);
            Ok(())
        })?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of 18 digits, as far as the tags care.
    fn numbers(from: u64, count: u64) -> impl Iterator<Item = String> {
        (from..from + count).map(|n| format!("9901{n:014}"))
    }

    #[test]
    fn of_300_000_members_the_index_takes_five_bytes_each_and_meets_no_stranger() {
        let (key, office) = ([7; 32], RecordId([1; 16]));
        let tags: BTreeSet<Tag> = numbers(0, 300_000).map(|number| tag(&key, &number)).collect();
        let parts: Vec<Vec<u8>> = tags
            .iter()
            .copied()
            .collect::<Vec<Tag>>()
            .chunks(PART)
            .map(|part| pack(&[(office, part.to_vec(), Vec::new())]).unwrap())
            .collect();
        let bytes: usize = parts.iter().map(Vec::len).sum();
        assert!(bytes <= 300_000 * 5 + 200, "{bytes}");
        let back: BTreeSet<Tag> =
            parts.iter().flat_map(|part| unpack(part).unwrap()).flat_map(|(_, came, _)| came).collect();
        assert_eq!(back, tags);
        // One in 3.7 million: of as many strangers as there are members hardly one.
        let met = numbers(1_000_000, 300_000).filter(|number| tags.contains(&tag(&key, number))).count();
        assert!(met <= 2, "{met}");
        assert_ne!(tag(&[8; 32], "99010119900615007X"), tag(&key, "99010119900615007X"), "another epoch, another tag");
        assert_eq!(tag(&key, "99010119900615007x"), tag(&key, "99010119900615007X"));
    }

    #[test]
    fn a_part_that_a_newer_version_packs_otherwise_says_nothing() {
        assert!(unpack(b"").is_none() && unpack(&[0x80]).is_some_and(|parts| parts.is_empty()));
        assert!(unpack(&[0x81, 0x01]).is_none());
    }
}

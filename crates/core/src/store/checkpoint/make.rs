//! Making a checkpoint: the log is read twice, what has been replaced is left out, and the rest is sealed part by part.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use niangjia_replication::{
    Block, Frontier, Head, Limits, Segment, block,
    change::{Change, Dot, Hlc, Incarnation, RecordId, Value},
    checkpoint::{Covered, Item, Signed, Standing, Summary, TAG},
    frontier::SetHash,
    keys::{Cert, CertId, chain_from_cbor, verify_chain},
    planted,
};
use rand_chacha::ChaCha20Rng;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    super::{
        apply::{RECEIPT, counter, first_of_a_record},
        base,
        forks::{self, Forks},
        heads,
        log::{LogKeys, Opened},
        memory::Memory,
        moving::{ADOPTION, brought, seen},
        said,
        versions::damaged,
    },
    Id, items, stood_on,
    write::{LARGEST, Writer},
};
use crate::{
    fault::Fault,
    record::{Layout, Schema},
};

/// What a checkpoint is made from.
pub(crate) struct Maker<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) memory: &'a Memory,
    pub(crate) forks: &'a Forks,
    pub(crate) schema: &'a Schema,
    pub(crate) log: &'a LogKeys<'a>,
    /// Shown only.
    pub(crate) wall: i64,
}

/// A change on its way into the checkpoint, and what carried it.
struct Later {
    change: Change,
    /// As it was written, where it names by words what goes under another name here. In reduced form nobody finds anything by its
    /// words, so what is settled names it as it stands in the checkpoint.
    written: Option<Change>,
    chain: Incarnation,
    county: bool,
    waits: bool,
}

/// Makes a checkpoint of everything sealed that is held of a stream. `None` where nothing is held, or where what is held cannot
/// be told apart from a forked chain.
pub(crate) fn make(maker: &Maker<'_>, stream: i64, rng: &mut ChaCha20Rng) -> Result<Option<Id>, Fault> {
    let conn = maker.conn;
    if conn.prepare_cached("SELECT 1 FROM outbox WHERE stream = ?1")?.exists([stream])? || base::aside(conn, stream)? {
        return Ok(None);
    }
    // A registrar that only heard of a stream's key begins one of its own with its next exchange.
    if maker.log.keys.newest(maker.memory.stream_name(stream)?).is_none() {
        return Ok(None);
    }
    let Some(plan) = Plan::of(maker, stream)? else { return Ok(None) };
    if plan.cover.is_empty() {
        return Ok(None);
    }
    let mut later = plan.later(maker)?;
    let waiting = settle_order(&mut later, &plan, maker, stream)?;
    let replaced = replaced(maker.schema, &later);
    let summary = plan.summary(maker, stream)?;
    let mut writer = Writer::begin(maker, stream, &plan, signed(&summary)?, rng)?;
    writer.put(Item::Summary(Box::new(summary)))?;
    let mut receipts: Vec<(Incarnation, Vec<u8>)> = Vec::new();
    plan.each(maker, |carried| {
        if let Some(segment) = carried.receipt {
            receipts.retain(|(chain, _)| *chain != carried.chain);
            receipts.push((carried.chain, segment));
        }
        for mut change in carried.changes {
            if first_of_a_record(&change) && &*change.kind != RECEIPT && &*change.kind != ADOPTION {
                elide(maker.schema, &replaced, &mut change);
                writer.change(change)?;
            }
        }
        Ok(())
    })?;
    for one in later {
        let mut change = one.change;
        elide(maker.schema, &replaced, &mut change);
        writer.change(change)?;
    }
    writer.block()?;
    for one in waiting {
        let block = block::encode([one.written.as_ref().unwrap_or(&one.change)]).map_err(damaged)?;
        writer.put(Item::Parked { chain: one.chain, county: one.county, block })?;
    }
    // One that no part can hold has a whole first load beside it; the next receipt says the same again.
    for (_, segment) in receipts.into_iter().filter(|(_, segment)| segment.len() < LARGEST) {
        writer.put(Item::Receipt(segment))?;
    }
    writer.finish().map(Some)
}

/// Who signed the covered chains: a relay that has none of their segments judges by it what an order accepts.
fn signed(summary: &Summary) -> Result<Vec<Signed>, Fault> {
    let mut devices: BTreeMap<Vec<CertId>, BTreeSet<Incarnation>> = BTreeMap::new();
    for chain in &summary.certs {
        let certs: Vec<CertId> = chain_from_cbor(chain).map_err(damaged)?.iter().map(Cert::id).collect();
        let of = summary.chains.iter().filter(|covered| certs.last().is_some_and(|own| own.0 == covered.signer));
        let chains: BTreeSet<Incarnation> = of.map(|covered| covered.chain).collect();
        if !chains.is_empty() {
            devices.insert(certs, chains);
        }
    }
    Ok(devices.into_iter().map(|(certs, chains)| Signed { certs, chains: chains.into_iter().collect() }).collect())
}

/// Brings later changes into an order in which each follows its causes, record by record, and takes out those whose causes are
/// not covered.
fn settle_order(later: &mut Vec<Later>, plan: &Plan, maker: &Maker<'_>, stream: i64) -> Result<Vec<Later>, Fault> {
    let mut subjects = Vec::with_capacity(later.len());
    for mut one in later.drain(..) {
        one.waits = match maker.memory.known_number(one.change.dot.incarnation.0) {
            Some(inc) => maker.memory.parked.contains(&(stream, inc, counter(one.change.dot)?)),
            None => true,
        };
        subjects.push((Subject::of(&one.change)?, one));
    }
    // A stable sort: within a record the order of the log stays.
    subjects.sort_by(|(a, _), (b, _)| a.of.cmp(&b.of));
    let (mut settled, mut waiting) = (Vec::with_capacity(subjects.len()), Vec::new());
    let mut rest = subjects.into_iter().peekable();
    while let Some(first) = rest.next() {
        let of = first.0.of.clone();
        let mut group = vec![first];
        while let Some(next) = rest.next_if(|(subject, _)| subject.of == of) {
            group.push(next);
        }
        // What an adoption brings may have come by another one too: it is known as soon as one of them is.
        let mut open: HashSet<Dot> = HashSet::new();
        for dot in group.iter().flat_map(|(subject, _)| &subject.makes) {
            open.insert(*dot);
        }
        loop {
            let before = group.len();
            for (subject, one) in std::mem::take(&mut group) {
                let follows = |d: &Dot| open.contains(d) || plan.forked.contains(&d.incarnation);
                if !one.waits && !subject.causes.iter().any(follows) {
                    for dot in &subject.makes {
                        open.remove(dot);
                    }
                    settled.push(one);
                } else {
                    group.push((subject, one));
                }
            }
            if group.len() == before {
                break;
            }
        }
        if planted!("a checkpoint keeps no order") {
            let from = settled.len() - settled.iter().rev().take_while(|l: &&Later| l.change.record == of.1).count();
            settled[from..].reverse();
        }
        waiting.extend(group.into_iter().map(|(_, one)| one));
    }
    *later = settled;
    Ok(waiting)
}

/// The record that a change is about: of an adoption the one whose changes it brings. And what it makes known and builds on.
struct Subject {
    of: (Arc<str>, RecordId),
    makes: Vec<Dot>,
    causes: Vec<Dot>,
}

impl Subject {
    fn of(change: &Change) -> Result<Self, Fault> {
        let brought = brought(change)?;
        let Some(first) = brought.first() else {
            let of = (change.kind.clone(), change.record);
            return Ok(Self { of, makes: vec![change.dot], causes: seen(change).copied().collect() });
        };
        let makes: Vec<Dot> = brought.iter().map(|one| one.dot).chain([change.dot]).collect();
        let causes = brought.iter().flat_map(seen).copied().filter(|dot| !makes.contains(dot)).collect();
        Ok(Self { of: (first.kind.clone(), first.record), makes, causes })
    }
}

/// Which fields of which changes were replaced by others in the checkpoint.
fn replaced(schema: &Schema, later: &[Later]) -> HashMap<Dot, Vec<Arc<str>>> {
    let mut replaced: HashMap<Dot, Vec<Arc<str>>> = HashMap::new();
    for Later { change, .. } in later {
        let Some(layout) = schema.kind(&change.kind) else { continue };
        for set in &change.sets {
            let Some(register) = register_of(layout, &set.field) else { continue };
            // As merging does it: the versions that count as seen are those of the register's first field.
            let first = change.sets.iter().find(|s| register_of(layout, &s.field) == Some(register));
            for dot in set.seen.iter().filter(|d| first.is_some_and(|f| f.seen.contains(d))) {
                let fields = replaced.entry(*dot).or_default();
                if !fields.contains(&set.field) {
                    fields.push(set.field.clone());
                }
            }
        }
    }
    replaced
}

/// The register of a field that this version knows; what it does not know is carried as it is.
fn register_of(layout: &Layout, field: &str) -> Option<usize> {
    match layout.place(field) {
        Some(place) => layout.register_of.get(place).copied(),
        None => layout.register(field).filter(|r| layout.registers[*r].fields.is_empty()),
    }
}

fn elide(schema: &Schema, replaced: &HashMap<Dot, Vec<Arc<str>>>, change: &mut Change) {
    let forgets = planted!("a checkpoint drops what it does not know");
    let Some(layout) = schema.kind(&change.kind) else {
        change.sets.retain(|_| !forgets);
        return;
    };
    change.sets.retain(|set| !forgets || register_of(layout, &set.field).is_some());
    // Its id is not that of the log any more, and the stamps of all are in the summary.
    change.hlc = Hlc { millis: 0, count: 0 };
    let fields = replaced.get(&change.dot).map_or(&[][..], Vec::as_slice);
    for (at, set) in change.sets.iter_mut().enumerate() {
        let gone = fields.contains(&set.field) && register_of(layout, &set.field).is_some();
        let forgotten = planted!("a checkpoint forgets one side") && at == 0 && !set.seen.is_empty();
        // That nothing was said stays known: a record that begins twice asks which fields a beginning left out.
        if (gone || forgotten) && set.value != Value::Null {
            set.value = Value::elided();
        }
    }
}

/// The first segment of a chain that is set aside, and whether any behind it is not.
fn first_aside(conn: &Connection, stream: i64, chain: i64) -> Result<(Option<i64>, bool), Fault> {
    let mut first = conn.prepare_cached(
        "SELECT min(s.seq) FROM aside a CROSS JOIN segment s ON s.no = a.segment WHERE s.stream = ?1 AND s.chain = ?2",
    )?;
    let Some(first) = first.query_row([stream, chain], |r| r.get::<_, Option<i64>>(0))? else {
        return Ok((None, false));
    };
    let mut on = conn.prepare_cached(
        "SELECT 1 FROM segment s WHERE s.stream = ?1 AND s.chain = ?2 AND s.seq > ?3
         AND NOT EXISTS (SELECT 1 FROM aside a WHERE a.segment = s.no)",
    )?;
    Ok((Some(first), on.exists([stream, chain, first])?))
}

/// The hash of a segment that is held, or with which a checkpoint ends.
fn hash_at(conn: &Connection, stream: i64, chain: i64, seq: i64) -> Result<Option<[u8; 32]>, Fault> {
    let mut at = conn.prepare_cached(
        "SELECT hash FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3
         UNION SELECT hash FROM base WHERE stream = ?1 AND chain = ?2 AND seq = ?3",
    )?;
    Ok(at.query_row([stream, chain, seq], |r| r.get(0)).optional()?)
}

/// What is covered, and how it is read.
pub(super) struct Plan {
    pub(super) stream: i64,
    pub(super) cover: Frontier,
    /// Chains with several heads and their branches, and chains that go on behind a segment that cannot be read: left to the
    /// segments, and so is what follows from them.
    forked: HashSet<Incarnation>,
    /// The checkpoints below.
    bases: Vec<Id>,
    /// Incarnations whose changes were carried by another chain too, after a restore: the same change counts once.
    carried: HashSet<Incarnation>,
}

/// What one segment, or one block of the checkpoint below, brings.
struct Carried {
    chain: Incarnation,
    county: bool,
    changes: Vec<Change>,
    /// The segment itself, where it holds a receipt of the registrar.
    receipt: Option<Vec<u8>>,
}

impl Plan {
    fn of(maker: &Maker<'_>, stream: i64) -> Result<Option<Self>, Fault> {
        let conn = maker.conn;
        let (mut cover, mut forked) = (Frontier::new(), HashSet::new());
        for (chain, seen) in heads::frontier(conn, maker.memory, stream)?.chains() {
            let number = maker.memory.known_number(chain.0).ok_or_else(|| damaged("chain"))?;
            let (aside, on) = first_aside(conn, stream, number)?;
            if on || forks::is_forked(conn, stream, number)? {
                forked.insert(chain);
                let below = "SELECT 1 FROM base WHERE stream = ?1 AND chain = ?2";
                let carries = "SELECT 1 FROM segment WHERE stream = ?1 AND ((chain = ?2) <> (carried = ?2))";
                for apart in [below, carries] {
                    if conn.prepare_cached(apart)?.exists([stream, number])? {
                        return Ok(None);
                    }
                }
            } else if let Some(aside) = aside {
                // What is set aside is no part of the sum: it is left to the segments, and so is the rest of its chain.
                if let Some(hash) = hash_at(conn, stream, number, aside - 1)? {
                    cover.add(chain, Head { seq: u64::try_from(aside - 1).map_err(damaged)?, hash });
                }
            } else {
                for head in seen {
                    cover.add(chain, *head);
                }
            }
        }
        // Whoever knew of the fork named their branches.
        for inc in maker.memory.apart(stream, &forked) {
            forked.insert(maker.memory.incarnation(inc)?);
        }
        let bases = stood_on(conn, stream)?;
        let mut statement =
            conn.prepare_cached("SELECT DISTINCT carried FROM segment WHERE stream = ?1 AND carried <> chain")?;
        let mut carried = statement
            .query_map([stream], |r| r.get(0))?
            .map(|inc| maker.memory.incarnation(inc?))
            .collect::<Result<HashSet<_>, Fault>>()?;
        // What carried them may be below the checkpoint, and what their own chain brought once more above it.
        for (_, inc) in
            maker.memory.heads.keys().filter(|(of, inc)| *of == stream && maker.memory.carries(stream, *inc))
        {
            carried.insert(maker.memory.incarnation(*inc)?);
        }
        Ok(Some(Self { stream, cover, forked, bases, carried }))
    }

    /// Everything covered, each change once: the checkpoints below, then segments in the order in which they came.
    fn each(&self, maker: &Maker<'_>, mut run: impl FnMut(Carried) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut there = HashSet::new();
        let mut run = |mut carried: Carried| {
            let twice = |c: &Change| self.bases.len() > 1 || self.carried.contains(&c.dot.incarnation);
            carried.changes.retain(|c| !twice(c) || there.insert(c.dot));
            run(carried)
        };
        // What waits in one checkpoint may be settled in another.
        let (mut waiting, mut receipts) = (Vec::new(), Vec::new());
        for id in &self.bases {
            for part in 1.. {
                let Some((items, _)) = items(maker.conn, maker.log, id, part)? else { break };
                for item in items {
                    let (chain, county, block) = match item {
                        Item::Summary(_) => continue,
                        Item::Settled(block) => (Incarnation([0; 16]), false, block),
                        Item::Parked { chain, county, block } => {
                            waiting.push(Carried { chain, county, changes: owned(&block)?, receipt: None });
                            continue;
                        }
                        Item::Receipt(segment) => {
                            let of = *Segment::parse(&segment, &Limits::STANDARD).map_err(damaged)?.header();
                            receipts.push((of.seq, of.chain, segment));
                            continue;
                        }
                    };
                    run(Carried { chain, county, changes: owned(&block)?, receipt: None })?;
                }
            }
        }
        waiting.into_iter().try_for_each(&mut run)?;
        receipts.sort_by_key(|(seq, ..)| *seq);
        for (_, chain, segment) in receipts {
            run(Carried { chain, county: true, changes: Vec::new(), receipt: Some(segment) })?;
        }
        let mut statement = maker.conn.prepare(
            "SELECT chain, bytes FROM segment s WHERE stream = ?1 AND NOT EXISTS (
               SELECT 1 FROM base b WHERE b.stream = s.stream AND b.chain = s.chain AND b.seq >= s.seq)
             AND NOT EXISTS (SELECT 1 FROM aside a WHERE a.segment = s.no) ORDER BY no",
        )?;
        let mut rows = statement.query([self.stream])?;
        while let Some(row) = rows.next()? {
            let chain = maker.memory.incarnation(row.get(0)?)?;
            if self.forked.contains(&chain) {
                continue;
            }
            let bytes = row.get_ref(1)?.as_blob().map_err(damaged)?;
            let (_, opened) = maker.log.reopen(maker.conn, bytes)?;
            let Opened::Changes(changes, county) = opened else { return Err(damaged("segment")) };
            let receipt = (county && changes.iter().any(|change| &*change.kind == RECEIPT)).then(|| bytes.to_vec());
            run(Carried { chain, county, changes, receipt })?;
        }
        Ok(())
    }

    fn later(&self, maker: &Maker<'_>) -> Result<Vec<Later>, Fault> {
        let mut later = Vec::new();
        self.each(maker, |carried| {
            let Carried { chain, county, changes, .. } = carried;
            for change in changes {
                if (first_of_a_record(&change) && &*change.kind != ADOPTION) || &*change.kind == RECEIPT {
                    continue;
                }
                let named = said::inward(maker.conn, maker.log, maker.memory, maker.forks, self.stream, &change)?;
                let (change, written) = match named {
                    Some(named) => (named, Some(change)),
                    None => (change, None),
                };
                later.push(Later { change, written, chain, county, waits: false });
            }
            Ok(())
        })?;
        Ok(later)
    }

    fn summary(&self, maker: &Maker<'_>, stream: i64) -> Result<Summary, Fault> {
        let mut summary = Summary { made: maker.wall, hlc: maker.memory.hlc, ..Summary::default() };
        let apart = maker.memory.apart(stream, &self.forked);
        let unsigned = |n: i64| u64::try_from(n).map_err(damaged);
        let mut heads: Vec<_> =
            maker.memory.heads.iter().filter(|((s, inc), _)| *s == stream && !apart.contains(inc)).collect();
        heads.sort_by_key(|((_, inc), _)| *inc);
        for ((_, inc), head) in heads {
            summary.standings.push(Standing {
                incarnation: maker.memory.incarnation(*inc)?,
                applied: if planted!("a checkpoint makes known what others carried past") {
                    unsigned(maker.memory.reach(stream, *inc))?
                } else {
                    unsigned(head.applied)?
                },
                carried: maker.memory.carried_beyond(stream, *inc).map(unsigned).collect::<Result<_, _>>()?,
                changes: unsigned(head.changes)?,
                digest: head.digest,
                confirmed: unsigned(head.confirmed)?,
                news: unsigned(head.news)?,
            });
        }
        // What stands apart comes from its own segments, but that the county confirmed it is said by receipts that may be below.
        let confirmed =
            maker.memory.heads.iter().filter(|((s, inc), h)| *s == stream && apart.contains(inc) && h.confirmed > 0);
        let mut confirmed: Vec<_> = confirmed.collect();
        confirmed.sort_by_key(|((_, inc), _)| *inc);
        for ((_, inc), head) in confirmed {
            summary.standings.push(Standing {
                incarnation: maker.memory.incarnation(*inc)?,
                applied: 0,
                carried: Vec::new(),
                changes: 0,
                digest: SetHash::new(),
                confirmed: unsigned(head.confirmed)?,
                news: 0,
            });
        }
        let mut below = Vec::new();
        for id in &self.bases {
            below.extend(super::summary(maker.conn, maker.log, id)?.0.chains);
        }
        for (chain, heads) in self.cover.chains() {
            let number = maker.memory.known_number(chain.0).ok_or_else(|| damaged("chain"))?;
            let known = below.iter().filter(|c| c.chain == chain).max_by_key(|c| c.tags.len()).cloned();
            let mut covered = known.unwrap_or(Covered { chain, signer: [0; 32], tags: Vec::new() });
            let mut statement = maker.conn.prepare_cached(
                "SELECT hash, bytes FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3 AND seq <= ?4 ORDER BY seq",
            )?;
            let last = i64::try_from(heads.first().map_or(0, |head| head.seq)).map_err(damaged)?;
            let from = i64::try_from(covered.tags.len() / TAG).map_err(damaged)?;
            let mut rows = statement.query(params![stream, number, from, last])?;
            while let Some(row) = rows.next()? {
                if covered.tags.is_empty() {
                    let first = row.get_ref(1)?.as_blob().map_err(damaged)?;
                    covered.signer = Segment::parse(first, &Limits::STANDARD).map_err(damaged)?.signer().to_bytes();
                }
                covered.tags.extend_from_slice(&row.get::<_, [u8; 32]>(0)?[..TAG]);
            }
            summary.chains.push(covered);
        }
        summary.certs = self.certs(maker)?;
        Ok(summary)
    }

    /// Of those who may write this stream.
    fn certs(&self, maker: &Maker<'_>) -> Result<Vec<Vec<u8>>, Fault> {
        let stream = *maker.memory.stream_name(self.stream)?;
        let root = maker.log.keys.root.ok_or_else(|| damaged("root"))?;
        let mut statement = maker.conn.prepare_cached("SELECT chain FROM cert ORDER BY id")?;
        let mut chains: Vec<Vec<u8>> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
        if !chains.contains(&maker.log.keys.chain) {
            chains.push(maker.log.keys.chain.clone());
        }
        chains.retain(|chain| {
            let who = chain_from_cbor(chain).and_then(|certs| verify_chain(&certs, &root));
            who.is_ok_and(|who| who.may_write(&stream))
        });
        Ok(chains)
    }
}

pub(super) fn owned(block: &[u8]) -> Result<Vec<Change>, Fault> {
    let block = Block::decode(block, &Limits::STANDARD).map_err(damaged)?;
    Ok(block.changes().map(|c| c.to_owned()).collect())
}

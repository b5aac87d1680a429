//! What the store keeps in memory beside the file: the small numbers of incarnations, clerks and streams, and how far
//! each incarnation has been applied, received and confirmed. Copied when an act begins, swapped in when it commits.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    str::FromStr,
    sync::Arc,
};

use niangjia_replication::planted;
use niangjia_replication::{
    change::{Hlc, Incarnation, RecordId},
    frontier::SetHash,
    stream::Stream,
};
use rusqlite::{Connection, params};

use super::{
    carried,
    moving::{Counts, Wording},
    versions::damaged,
};
use crate::fault::Fault;

/// How far one incarnation stands in one stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    /// Highest counter held here (parked ones included) of what its own chain brought; see [`Memory::carry`] for the others.
    pub(crate) applied: i64,
    /// Number of changes held.
    pub(crate) changes: i64,
    /// Set hash of the ids held; equal on replicas in step.
    pub(crate) digest: SetHash,
    /// Highest counter of its own chain that a registrar's receipt covers; see [`Memory::confirmed`].
    pub(crate) confirmed: i64,
    /// Highest counter of a change that is not itself a receipt; receipts are never receipted.
    pub(crate) news: i64,
}

/// What the hub or the county holds of an incarnation in a stream.
#[derive(Clone, Default)]
struct Received {
    /// All counters up to this one.
    upto: i64,
    /// First and last counter of each segment in which another chain carries some: it says nothing of those before.
    carried: Vec<(i64, i64)>,
}

/// The copy in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    numbers: HashMap<[u8; 16], i64>,
    idents: HashMap<i64, [u8; 16]>,
    streams: HashMap<Stream, i64>,
    stream_names: HashMap<i64, Stream>,
    pub(crate) heads: HashMap<(i64, i64), Head>,
    dirty: HashSet<(i64, i64)>,
    /// Counters that another chain carried, by stream and incarnation.
    carried: HashMap<(i64, i64), Arc<BTreeSet<i64>>>,
    /// Those that are still to be written.
    fresh: Vec<(i64, i64, i64)>,
    /// Counters of changes that were written in another stream and adopted into this one, by stream and incarnation.
    adopted: HashMap<(i64, i64), Arc<BTreeMap<i64, Wording>>>,
    /// Those that are still to be written.
    fresh_adopted: Vec<(i64, i64, i64, Wording)>,
    /// Of changes that came into a stream twice, which one counts; known while the tables are made again.
    chosen: HashMap<(i64, i64, i64), Counts>,
    /// What came shows that another one counts than the one that became rows: the tables have to be made again.
    pub(crate) contested: bool,
    /// The county has ruled of some record which office holds it.
    pub(crate) ruled: bool,
    /// Of such counters, those that the registrar has confirmed.
    confirmed: HashMap<(i64, i64), Arc<BTreeSet<i64>>>,
    /// Those that are still to be written.
    fresh_confirmed: Vec<(i64, i64, i64)>,
    pub(crate) parked: HashSet<(i64, i64, i64)>,
    /// Own counters that the hub, or the county by what its packets say, holds; by stream and incarnation.
    received: HashMap<(i64, i64), Received>,
    pub(crate) counter: i64,
    pub(crate) hlc: Hlc,
    pub(crate) own: i64,
    /// Every incarnation that this PC has had, the present one included.
    owns: HashSet<i64>,
    /// Branches of forked chains, by stream and incarnation.
    branches: HashMap<(i64, i64), Vec<i64>>,
}

impl Memory {
    pub(crate) fn load(conn: &Connection) -> Result<Self, Fault> {
        let mut memory = Self::default();
        let mut rows = conn.prepare("SELECT no, id FROM ident")?;
        for row in rows.query_map([], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, [u8; 16]>(1)?)))? {
            let (no, id) = row?;
            memory.numbers.insert(id, no);
            memory.idents.insert(no, id);
        }
        let mut rows = conn.prepare("SELECT no, name FROM stream")?;
        for row in rows.query_map([], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)))? {
            let (no, name) = row?;
            let stream = Stream::from_str(&name).map_err(|_| damaged("stream name"))?;
            memory.streams.insert(stream, no);
            memory.stream_names.insert(no, stream);
        }
        let mut rows = conn.prepare("SELECT stream, inc, applied, changes, digest, confirmed, news FROM head")?;
        let heads = rows.query_map([], |r| {
            let head = Head {
                applied: r.get(2)?,
                changes: r.get(3)?,
                digest: SetHash::from_bytes(&r.get::<_, [u8; 32]>(4)?),
                confirmed: r.get(5)?,
                news: r.get(6)?,
            };
            Ok(((r.get(0)?, r.get(1)?), head))
        })?;
        for head in heads {
            let (key, head) = head?;
            memory.heads.insert(key, head);
        }
        for (table, set) in [("carried", &mut memory.carried), ("confirmed", &mut memory.confirmed)] {
            let mut rows = conn.prepare(&format!("SELECT stream, inc, ctr FROM {table}"))?;
            for row in rows.query_map([], |r| Ok(((r.get(0)?, r.get(1)?), r.get::<_, i64>(2)?)))? {
                let (of, ctr) = row?;
                Arc::make_mut(set.entry(of).or_default()).insert(ctr);
            }
        }
        let mut rows = conn.prepare("SELECT stream, inc, ctr, wording FROM adopted")?;
        for row in rows.query_map([], |r| Ok(((r.get(0)?, r.get(1)?), r.get(2)?, r.get(3)?)))? {
            let (of, ctr, wording) = row?;
            Arc::make_mut(memory.adopted.entry(of).or_default()).insert(ctr, wording);
        }
        let mut rows = conn.prepare("SELECT stream, inc, ctr FROM parked")?;
        for row in rows.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))? {
            memory.parked.insert(row?);
        }
        if let Some(own) = meta(conn, "incarnation")? {
            let bytes = hex::decode(own)
                .ok()
                .and_then(|b| <[u8; 16]>::try_from(b).ok())
                .ok_or_else(|| damaged("incarnation"))?;
            memory.own = memory.number(conn, bytes)?;
            memory.owns.insert(memory.own);
        }
        let mut rows = conn.prepare("SELECT inc FROM incarnation")?;
        for row in rows.query_map([], |r| r.get(0))? {
            memory.owns.insert(row?);
        }
        let mut rows = conn.prepare("SELECT stream, inc, branch FROM branch")?;
        for row in rows.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))? {
            let (stream, inc, branch) = row?;
            memory.note_branch(stream, inc, branch);
        }
        let outbox = if planted!("the outbox is not counted") {
            "SELECT 0"
        } else {
            "SELECT max(last_ctr) FROM outbox WHERE inc = ?1"
        };
        memory.counter = conn.query_row(
            &format!(
                "SELECT max(coalesce((SELECT max(last_ctr) FROM segment WHERE carried = ?1), 0), coalesce(({outbox}), 0),
                 coalesce((SELECT max(ctr) FROM base_count WHERE inc = ?1), 0))"
            ),
            [memory.own],
            |r| r.get(0),
        )?;
        if let Some(hlc) = meta(conn, "hlc")? {
            let (millis, count) = hlc.split_once('.').ok_or_else(|| damaged("hlc"))?;
            memory.hlc = Hlc { millis: millis.parse().map_err(damaged)?, count: count.parse().map_err(damaged)? };
        }
        memory.load_received(conn)?;
        // A file of an older version has no such table until its tables are made again.
        memory.ruled = conn.prepare("SELECT 1 FROM ruling").is_ok_and(|mut any| any.exists([]).unwrap_or(false));
        Ok(memory)
    }

    /// Reads again which own counters the hub or the county holds.
    pub(crate) fn load_received(&mut self, conn: &Connection) -> Result<(), Fault> {
        let mut rows = conn.prepare_cached(
            "SELECT h.stream, s.carried, max(s.last_ctr), CASE WHEN s.carried = s.chain THEN NULL ELSE s.first_ctr END FROM (
               SELECT stream, chain, seq FROM hub_head
               UNION ALL
               SELECT p.stream, p.chain, p.seq FROM peer_head p JOIN peer USING (cert)
               JOIN segment x ON x.stream = p.stream AND x.chain = p.chain AND x.seq = p.seq AND x.hash = p.hash
               WHERE (p.chain = ?1 OR p.chain IN (SELECT inc FROM incarnation)) AND peer.county = 1
             ) h JOIN segment s ON s.stream = h.stream AND s.chain = h.chain AND s.seq <= h.seq
             WHERE s.mine = 1 OR NOT EXISTS (SELECT 1 FROM fork f WHERE f.stream = s.stream AND f.chain = s.chain)
             GROUP BY h.stream, s.carried, CASE WHEN s.carried = s.chain THEN 0 ELSE s.no END",
        )?;
        self.received.clear();
        for row in rows.query_map([self.own], |r| Ok(((r.get(0)?, r.get(1)?), r.get::<_, i64>(2)?, r.get(3)?)))? {
            let (of, last, first): (_, i64, Option<i64>) = row?;
            let received = self.received.entry(of).or_default();
            match first {
                None => received.upto = last.max(received.upto),
                Some(first) => received.carried.push((first, last)),
            }
        }
        // What lies below a checkpoint came from the hub, or was there before it was pruned here; where the checkpoint is laid aside,
        // nobody believes that any more.
        let mut rows = conn.prepare_cached(
            "SELECT stream, inc, ctr FROM base_count c
             WHERE NOT EXISTS (SELECT 1 FROM base b WHERE b.stream = c.stream AND b.aside <> 0)",
        )?;
        for row in rows.query_map([], |r| Ok(((r.get(0)?, r.get(1)?), r.get::<_, i64>(2)?)))? {
            let (of, ctr) = row?;
            let received = self.received.entry(of).or_default();
            received.upto = ctr.max(received.upto);
        }
        Ok(())
    }

    /// Whether the hub holds a change, as far as this PC knows; another PC's came from there.
    pub(crate) fn received(&self, stream: i64, inc: i64, ctr: i64) -> bool {
        let holds =
            |r: &Received| ctr <= r.upto || r.carried.iter().any(|(first, last)| (*first..=*last).contains(&ctr));
        !self.owns.contains(&inc) || self.received.get(&(stream, inc)).is_some_and(holds)
    }

    /// The incarnations of this PC, by number.
    pub(crate) fn owns(&self) -> impl Iterator<Item = i64> {
        self.owns.iter().copied()
    }

    /// Takes another incarnation: this database is an old copy, and the later changes of the one before may have gone out.
    pub(crate) fn renew(&mut self, conn: &Connection, incarnation: Incarnation) -> Result<(), Fault> {
        carried::hand_on(conn, self, self.own)?;
        conn.execute("INSERT OR IGNORE INTO incarnation (inc) VALUES (?1)", [self.own])?;
        set_meta(conn, "incarnation", &hex::encode(incarnation.0))?;
        self.own = self.number(conn, incarnation.0)?;
        self.owns.insert(self.own);
        self.counter = 0;
        Ok(())
    }

    /// The small number of an incarnation or clerk, given out on first sight.
    pub(crate) fn number(&mut self, conn: &Connection, id: [u8; 16]) -> Result<i64, Fault> {
        if let Some(no) = self.numbers.get(&id) {
            return Ok(*no);
        }
        conn.prepare_cached("INSERT INTO ident (id) VALUES (?1)")?.execute([id])?;
        let no = conn.last_insert_rowid();
        self.numbers.insert(id, no);
        self.idents.insert(no, id);
        Ok(no)
    }

    /// The number, where it has been given out.
    pub(crate) fn known_number(&self, id: [u8; 16]) -> Option<i64> {
        self.numbers.get(&id).copied()
    }

    pub(crate) fn ident(&self, no: i64) -> Result<[u8; 16], Fault> {
        self.idents.get(&no).copied().ok_or_else(|| damaged("ident"))
    }

    pub(crate) fn incarnation(&self, no: i64) -> Result<Incarnation, Fault> {
        self.ident(no).map(Incarnation)
    }

    pub(crate) fn clerk(&self, no: i64) -> Result<RecordId, Fault> {
        self.ident(no).map(RecordId)
    }

    /// The small number of a stream, given out on first sight.
    pub(crate) fn stream(&mut self, conn: &Connection, stream: &Stream) -> Result<i64, Fault> {
        if let Some(no) = self.streams.get(stream) {
            return Ok(*no);
        }
        conn.execute("INSERT INTO stream (name) VALUES (?1)", [stream.to_string()])?;
        let no = conn.last_insert_rowid();
        self.streams.insert(*stream, no);
        self.stream_names.insert(no, *stream);
        Ok(no)
    }

    pub(crate) fn known_stream(&self, stream: &Stream) -> Option<i64> {
        self.streams.get(stream).copied()
    }

    /// The streams of which something is here.
    pub(crate) fn stream_names(&self) -> impl Iterator<Item = Stream> {
        self.streams.keys().copied()
    }

    pub(crate) fn stream_name(&self, no: i64) -> Result<&Stream, Fault> {
        self.stream_names.get(&no).ok_or_else(|| damaged("stream"))
    }

    /// Whether this store holds and has applied the change.
    pub(crate) fn applied(&self, stream: i64, inc: i64, ctr: i64) -> bool {
        self.held(stream, inc, ctr) && !self.parked.contains(&(stream, inc, ctr))
    }

    /// Whether this store holds the change, applied or parked.
    pub(crate) fn held(&self, stream: i64, inc: i64, ctr: i64) -> bool {
        self.heads.get(&(stream, inc)).is_some_and(|h| ctr <= h.applied)
            || self.carried.get(&(stream, inc)).is_some_and(|carried| carried.contains(&ctr))
    }

    /// Notes a change that another chain carries than that of its incarnation: what was restored is sent again so. It may come
    /// before what stands below it on its own chain, and must not make that known.
    pub(crate) fn carry(&mut self, stream: i64, inc: i64, ctr: i64) {
        if Arc::make_mut(self.carried.entry((stream, inc)).or_default()).insert(ctr) {
            self.fresh.push((stream, inc, ctr));
        }
    }

    /// Notes a change of another stream that was adopted into this one: what was written on it here finds it.
    pub(crate) fn adopt(&mut self, stream: i64, inc: i64, ctr: i64, wording: Wording) {
        if Arc::make_mut(self.adopted.entry((stream, inc)).or_default()).insert(ctr, wording).is_none() {
            self.fresh_adopted.push((stream, inc, ctr, wording));
        }
    }

    /// Whether a change of another stream was adopted into this one.
    pub(crate) fn adopted(&self, stream: i64, inc: i64, ctr: i64) -> bool {
        self.wording(stream, inc, ctr).is_some()
    }

    /// The wording of the adopted change that became rows.
    pub(super) fn wording(&self, stream: i64, inc: i64, ctr: i64) -> Option<Wording> {
        self.adopted.get(&(stream, inc)).and_then(|adopted| adopted.get(&ctr)).copied()
    }

    /// Whether an adoption brings this change, and not another one of its name that counts instead.
    pub(super) fn admits(&self, stream: i64, inc: i64, ctr: i64, wording: Wording) -> bool {
        match self.chosen.get(&(stream, inc, ctr)) {
            None => true,
            Some(Counts::Native) => false,
            Some(Counts::Brought(chosen)) => wording <= *chosen,
        }
    }

    /// Notes that of the changes of one name this one counts, and not the one that became rows.
    pub(super) fn contest(&mut self, stream: i64, inc: i64, ctr: i64, counts: Counts) {
        let chosen = self.chosen.entry((stream, inc, ctr)).or_insert(counts);
        *chosen = counts.min(*chosen);
        self.contested = true;
    }

    /// Before the tables are made again: what counts is found out anew, for an order may have taken away what counted.
    pub(crate) fn forget_choices(&mut self) {
        self.chosen.clear();
        self.contested = false;
    }

    /// Whether other chains carry changes of an incarnation.
    pub(crate) fn carries(&self, stream: i64, inc: i64) -> bool {
        self.carried.get(&(stream, inc)).is_some_and(|carried| !carried.is_empty())
    }

    /// Highest counter held of an incarnation, by whatever chain it came.
    pub(crate) fn reach(&self, stream: i64, inc: i64) -> i64 {
        let applied = self.heads.get(&(stream, inc)).map_or(0, |h| h.applied);
        self.carried.get(&(stream, inc)).and_then(|carried| carried.last()).map_or(applied, |last| applied.max(*last))
    }

    /// Counters that other chains carried, beyond what its own chain brought, rising.
    pub(crate) fn carried_beyond(&self, stream: i64, inc: i64) -> impl Iterator<Item = i64> + '_ {
        let applied = self.heads.get(&(stream, inc)).map_or(0, |h| h.applied);
        self.carried.get(&(stream, inc)).into_iter().flat_map(move |carried| carried.range(applied + 1..).copied())
    }

    /// Those of them that have been applied.
    pub(crate) fn carried_settled(&self, stream: i64, inc: i64) -> impl Iterator<Item = i64> + '_ {
        self.carried_beyond(stream, inc).filter(move |ctr| !self.parked.contains(&(stream, inc, *ctr)))
    }

    /// How far its own chain has been applied: nothing up to there is parked.
    pub(crate) fn settled(&self, stream: i64, inc: i64) -> i64 {
        let applied = self.heads.get(&(stream, inc)).map_or(0, |h| h.applied);
        let parked = self.parked.iter().filter(|(s, i, ctr)| (*s, *i) == (stream, inc) && *ctr <= applied);
        parked.map(|(_, _, ctr)| ctr - 1).min().unwrap_or(applied)
    }

    /// Highest counter of its own chain that asks for a receipt.
    pub(crate) fn own_news(&self, stream: i64, inc: i64) -> i64 {
        self.heads.get(&(stream, inc)).map_or(0, |h| h.news.min(h.applied))
    }

    /// Whether the registrar has confirmed a change. What a receipt said of a chain before anybody knew that it forks goes beyond where
    /// the branches part, and nothing there bears the chain's own name.
    pub(crate) fn confirmed(&self, stream: i64, inc: i64, ctr: i64) -> bool {
        self.heads.get(&(stream, inc)).is_some_and(|h| ctr <= h.confirmed.min(h.applied))
            || self.confirmed.get(&(stream, inc)).is_some_and(|confirmed| confirmed.contains(&ctr))
    }

    /// How many changes of an incarnation wait for the registrar's word.
    pub(crate) fn unconfirmed(&self, stream: i64, inc: i64) -> u64 {
        let confirmed = self.heads.get(&(stream, inc)).map_or(0, |h| h.confirmed);
        let own = u64::try_from(self.own_news(stream, inc) - confirmed).unwrap_or(0);
        own + self.carried_beyond(stream, inc).filter(|ctr| !self.confirmed(stream, inc, *ctr)).count() as u64
    }

    /// The registrar has applied the own chain of an incarnation up to there.
    pub(crate) fn confirm(&mut self, stream: i64, inc: i64, upto: i64) {
        let head = self.head_mut(stream, inc);
        head.confirmed = head.confirmed.max(upto);
    }

    /// The registrar has applied a change that another chain carried.
    pub(crate) fn confirm_carried(&mut self, stream: i64, inc: i64, ctr: i64) {
        if Arc::make_mut(self.confirmed.entry((stream, inc)).or_default()).insert(ctr) {
            self.fresh_confirmed.push((stream, inc, ctr));
        }
    }

    /// Counters within bounds that other chains carried, rising.
    pub(crate) fn carried_within(&self, stream: i64, inc: i64, from: i64, to: i64) -> impl Iterator<Item = i64> + '_ {
        let carried = self.carried.get(&(stream, inc)).filter(|_| from <= to);
        carried.into_iter().flat_map(move |carried| carried.range(from..=to).copied())
    }

    /// Whether this store holds the change, on whichever branch where its chain is forked.
    pub(crate) fn held_on_any_branch(&self, stream: i64, inc: i64, ctr: i64) -> bool {
        let branches = self.branches(stream, inc);
        self.held(stream, inc, ctr) || branches.iter().any(|branch| self.held(stream, *branch, ctr))
    }

    /// The branches of a forked chain.
    pub(crate) fn branches(&self, stream: i64, inc: i64) -> &[i64] {
        self.branches.get(&(stream, inc)).map_or(&[][..], Vec::as_slice)
    }

    /// Whether any chain of a stream is forked.
    pub(crate) fn has_branches(&self, stream: i64) -> bool {
        self.branches.keys().any(|(of, _)| *of == stream)
    }

    pub(crate) fn note_branch(&mut self, stream: i64, inc: i64, branch: i64) {
        let branches = self.branches.entry((stream, inc)).or_default();
        if !branches.contains(&branch) {
            branches.push(branch);
        }
    }

    /// The incarnations of these chains and of their branches.
    pub(crate) fn apart(&self, stream: i64, chains: &HashSet<Incarnation>) -> HashSet<i64> {
        let mut apart = HashSet::new();
        for number in chains.iter().filter_map(|chain| self.known_number(chain.0)) {
            apart.insert(number);
            apart.extend(self.branches.get(&(stream, number)).into_iter().flatten());
        }
        apart
    }

    /// What follows from the log, before it is replayed. Also what was to be written of it: under the names that a replay finds,
    /// what stood so far may have no head any more.
    pub(crate) fn forget_rows(&mut self) {
        self.heads.clear();
        self.dirty.clear();
        self.carried.clear();
        self.fresh.clear();
        self.adopted.clear();
        self.fresh_adopted.clear();
        self.ruled = false;
        self.confirmed.clear();
        self.fresh_confirmed.clear();
        self.parked.clear();
        self.branches.clear();
    }

    pub(crate) fn head_mut(&mut self, stream: i64, inc: i64) -> &mut Head {
        self.dirty.insert((stream, inc));
        self.heads.entry((stream, inc)).or_default()
    }

    /// Writes what changed; part of the act's transaction.
    pub(crate) fn persist(&mut self, conn: &Connection) -> Result<(), Fault> {
        let mut put = conn.prepare_cached(
            "INSERT INTO head (stream, inc, applied, changes, digest, confirmed, news) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (stream, inc) DO UPDATE SET applied = ?3, changes = ?4, digest = ?5, confirmed = ?6, news = ?7",
        )?;
        for key in std::mem::take(&mut self.dirty) {
            let head = &self.heads[&key];
            put.execute(params![
                key.0,
                key.1,
                head.applied,
                head.changes,
                head.digest.to_bytes(),
                head.confirmed,
                head.news
            ])?;
        }
        for (table, fresh) in [("carried", &mut self.fresh), ("confirmed", &mut self.fresh_confirmed)] {
            let sql = format!("INSERT OR IGNORE INTO {table} (stream, inc, ctr) VALUES (?1, ?2, ?3)");
            for (stream, inc, ctr) in std::mem::take(fresh) {
                conn.prepare_cached(&sql)?.execute([stream, inc, ctr])?;
            }
        }
        for (stream, inc, ctr, wording) in std::mem::take(&mut self.fresh_adopted) {
            conn.prepare_cached("INSERT OR IGNORE INTO adopted (stream, inc, ctr, wording) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![stream, inc, ctr, wording])?;
        }
        for ((stream, inc), branches) in &self.branches {
            for branch in branches {
                conn.prepare_cached("INSERT OR IGNORE INTO branch (stream, inc, branch) VALUES (?1, ?2, ?3)")?
                    .execute([stream, inc, branch])?;
            }
        }
        set_meta(conn, "hlc", &format!("{}.{}", self.hlc.millis, self.hlc.count))
    }
}

pub(crate) fn meta(conn: &Connection, name: &str) -> Result<Option<String>, Fault> {
    use rusqlite::OptionalExtension as _;
    Ok(conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?.query_row([name], |r| r.get(0)).optional()?)
}

pub(crate) fn set_meta(conn: &Connection, name: &str, value: &str) -> Result<(), Fault> {
    conn.prepare_cached("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")?
        .execute([name, value])?;
    Ok(())
}

//! Intake: segments and blocks from elsewhere become changes, and the log becomes rows again.

use std::collections::BTreeMap;

use niangjia_replication::{
    Bad, Block, Incarnation, Limits, Segment, Stream, block,
    change::{Change, Hlc},
    cut, planted,
};
use rusqlite::{Connection, params};
use serde::Serialize;

use super::{
    Store,
    act::Moment,
    apply::{Applier, Fate, Fold, Pens, Touched, counter},
    forks::{self, Carrier, Forks},
    log::{Fresh, LogKeys, put_out},
    memory::Memory,
    versions::damaged,
    waiting,
};
use crate::{fault::Fault, record::Schema};

/// What was taken from a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Received {
    /// Segments that were new.
    pub segments: u64,
    /// Changes that were new.
    pub changes: u64,
    /// Bytes of the new segments.
    pub bytes: u64,
    /// Segments kept aside because they cannot be used.
    pub quarantined: u64,
    /// Segments that follow one which has not come yet; they wait for it.
    pub gaps: u64,
    /// Segments that were held already.
    pub known: u64,
}

/// A transaction that brings in what came from elsewhere.
pub(crate) struct Intake<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) schema: &'a Schema,
    pub(crate) folds: &'a BTreeMap<&'static str, Fold>,
    pub(crate) log: LogKeys<'a>,
    pub(crate) memory: Memory,
    pub(crate) touched: Touched,
    pub(crate) pens: Pens<'a>,
    pub(crate) moment: Moment,
    /// Read when the first change comes that may need them.
    pub(crate) forks: Option<Forks>,
    /// A segment of a forked chain came: the tables have to be made again.
    pub(crate) forked: bool,
    /// A segment came that this PC wrote itself, in another life of its database.
    pub(crate) own_came: bool,
}

impl<'a> Intake<'a> {
    pub(crate) fn new(
        conn: &'a Connection,
        store: &'a Store,
        log: LogKeys<'a>,
        memory: Memory,
        moment: Moment,
    ) -> Self {
        Self {
            conn,
            schema: &store.schema,
            folds: &store.folds,
            log,
            memory,
            touched: Touched::new(),
            pens: Pens::default(),
            moment,
            forks: None,
            forked: false,
            own_came: false,
        }
    }

    /// Gives back what the transaction's owner commits and makes known.
    pub(crate) fn finish(self) -> (Memory, Touched) {
        (self.memory, self.touched)
    }

    /// Takes segments of one stream; what cannot be used is kept aside with its reason and blocks nothing.
    pub(crate) fn take(&mut self, stream: &Stream, segments: &[Vec<u8>]) -> Result<Received, Fault> {
        let mut received = Received::default();
        let number = self.memory.stream(self.conn, stream)?;
        for bytes in segments {
            self.take_and_count(stream, number, bytes, &mut received)?;
        }
        while let Some(bytes) = waiting::next(self.conn, number)? {
            self.take_and_count(stream, number, &bytes, &mut received)?;
        }
        self.unpark()?;
        Ok(received)
    }

    fn take_and_count(
        &mut self,
        stream: &Stream,
        number: i64,
        bytes: &[u8],
        received: &mut Received,
    ) -> Result<(), Fault> {
        match self.take_one(stream, number, bytes)? {
            Taken::New(changes) => {
                received.segments += 1;
                received.changes += changes;
                received.bytes += bytes.len() as u64;
            }
            Taken::Known => received.known += 1,
            Taken::Gap => received.gaps += 1,
            Taken::Aside(reason) => {
                received.quarantined += 1;
                if planted!("quarantine drops") {
                    return Ok(());
                }
                let hash = *blake3::hash(bytes).as_bytes();
                self.conn
                    .prepare_cached(
                        "INSERT OR IGNORE INTO quarantine (stream, hash, reason, bytes) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![number, hash, reason.to_string(), bytes])?;
            }
        }
        Ok(())
    }

    fn take_one(&mut self, stream: &Stream, number: i64, bytes: &[u8]) -> Result<Taken, Fault> {
        let Some(root) = self.log.keys.root else {
            return Ok(Taken::Aside(Bad::Untrusted("this office follows no county")));
        };
        let segment = match Segment::parse(bytes, &Limits::STANDARD) {
            Ok(segment) => segment,
            Err(bad) => return Ok(Taken::Aside(bad)),
        };
        let header = *segment.header();
        if header.stream != *stream {
            return Ok(Taken::Aside(Bad::Mismatch("stream")));
        }
        let hash = segment.hash();
        let chain = self.memory.number(self.conn, header.chain.0)?;
        let seq = i64::try_from(header.seq).map_err(damaged)?;
        let held = |hash: &[u8; 32], seq: i64| -> Result<bool, Fault> {
            Ok(self
                .conn
                .prepare_cached("SELECT 1 FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash = ?4")?
                .exists(params![number, chain, seq, hash])?)
        };
        if held(&hash, seq)? && !planted!("no dedupe") {
            return Ok(Taken::Known);
        }
        if seq > 1 && !held(&header.prev, seq - 1)? {
            waiting::keep(self.conn, number, chain, &header, hash, bytes)?;
            return Ok(Taken::Gap);
        }
        let who = match self.log.signer(self.conn, &segment, &root)? {
            Ok(who) => who,
            Err(bad) => return Ok(Taken::Aside(bad)),
        };
        let Some(key) = self.log.keys.streams.get(&(header.stream, header.epoch)) else {
            return Ok(Taken::Aside(Bad::Untrusted("no key of this epoch")));
        };
        let blocks = match segment.verify_from(&who).and_then(|s| s.open(key, &Limits::STANDARD)) {
            Ok(blocks) => blocks,
            Err(bad) => return Ok(Taken::Aside(bad)),
        };
        let mut changes = Vec::new();
        for block in &blocks {
            match Block::decode(block, &Limits::STANDARD) {
                Ok(block) => changes.extend(block.changes().map(|c| c.to_owned())),
                Err(bad) => return Ok(Taken::Aside(bad)),
            }
        }
        let carried = changes.first().map_or(header.chain, |c| c.dot.incarnation);
        let own: Vec<i64> = changes
            .iter()
            .filter(|c| c.dot.incarnation == carried)
            .map(|c| counter(c.dot))
            .collect::<Result<_, _>>()?;
        let (first, last) = (own.first().copied().unwrap_or(0), own.last().copied().unwrap_or(0));
        let carried = self.memory.number(self.conn, carried.0)?;
        self.own_came |= self.memory.owns().any(|own| own == chain);
        if chain == self.memory.own && !planted!("an old copy counts from its own end") {
            self.part()?;
        }
        self.conn
            .prepare_cached("INSERT INTO segment (stream, chain, seq, hash, prev, mine, changes, carried, first_ctr, last_ctr, bytes) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9, ?10)")?
            .execute(params![number, chain, seq, hash, header.prev, header.changes, carried, first, last, bytes])?;
        let sibling = self
            .conn
            .prepare_cached("SELECT 1 FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash <> ?4")?
            .exists(params![number, chain, seq, hash])?;
        if sibling {
            forks::note(self.conn, number, chain)?;
        }
        if sibling || forks::is_forked(self.conn, number, chain)? {
            self.forked = true;
            return Ok(Taken::New(u64::from(header.changes)));
        }
        if planted!("cursor before data") {
            self.conn.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
        }
        cut!("receive");
        let carrier = Carrier { stream: number, chain: header.chain, hash: Some(hash) };
        let new = self.apply(carrier, &changes, who.county)?;
        Ok(Taken::New(new))
    }

    /// Somebody else goes on under this PC's name: a clone, or the later life of this very database. What waits is sealed
    /// where it was written, on this PC's own branch; from here on it writes under a new incarnation.
    fn part(&mut self) -> Result<(), Fault> {
        self.log.pack(self.conn, &self.memory, &mut self.moment.rng)?;
        self.memory.renew(self.conn, Incarnation::new(&mut self.moment.rng))
    }

    /// Applies changes in the order in which they came; counts the new ones.
    fn apply(&mut self, carrier: Carrier, changes: &[Change], county: bool) -> Result<u64, Fault> {
        let wall = u64::try_from(self.moment.wall).unwrap_or(0);
        let stream = carrier.stream;
        let mut new = 0;
        let forks = match self.forks.take() {
            Some(forks) => forks,
            None => Forks::load(self.conn, &mut self.memory, &self.log)?,
        };
        let mut applier = Applier {
            conn: self.conn,
            schema: self.schema,
            folds: self.folds,
            memory: &mut self.memory,
            pens: &mut self.pens,
            touched: std::mem::take(&mut self.touched),
        };
        for change in changes {
            if planted!("a stamp ahead is refused") && change.hlc.millis > wall.saturating_add(Hlc::AHEAD) {
                continue;
            }
            applier.memory.hlc = Hlc::observe(applier.memory.hlc, change.hlc, wall);
            let named = forks.resolve(carrier, change)?;
            let fate = applier.apply(stream, change, named.as_ref(), county)?;
            new += u64::from(fate != Fate::Known);
            if fate == Fate::Parked {
                let change = named.as_ref().unwrap_or(change);
                let block = block::encode([change]).map_err(damaged)?;
                let inc = applier.memory.number(self.conn, change.dot.incarnation.0)?;
                self.conn
                    .prepare_cached("INSERT INTO parked (stream, inc, ctr, county, block) VALUES (?1, ?2, ?3, ?4, ?5)")?
                    .execute(params![stream, inc, counter(change.dot)?, county, block])?;
            }
        }
        self.touched = applier.touched;
        self.forks = Some(forks);
        Ok(new)
    }

    /// Applies parked changes whose causes have come, until none is left that can.
    fn unpark(&mut self) -> Result<(), Fault> {
        while !self.memory.parked.is_empty() {
            let mut statement = self.conn.prepare_cached("SELECT no, stream, county, block FROM parked ORDER BY no")?;
            let waiting: Vec<(i64, i64, bool, Vec<u8>)> = statement
                .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
                .collect::<Result<_, _>>()?;
            let mut settled = false;
            for (no, stream, county, bytes) in waiting {
                let block = Block::decode(&bytes, &Limits::STANDARD).map_err(damaged)?;
                let Some(change) = block.changes().next().map(|c| c.to_owned()) else { continue };
                let mut applier = Applier {
                    conn: self.conn,
                    schema: self.schema,
                    folds: self.folds,
                    memory: &mut self.memory,
                    pens: &mut self.pens,
                    touched: std::mem::take(&mut self.touched),
                };
                let done = applier.unpark(stream, &change, county)?;
                self.touched = applier.touched;
                if done {
                    self.conn.prepare_cached("DELETE FROM parked WHERE no = ?1")?.execute([no])?;
                    settled = true;
                }
            }
            if !settled {
                break;
            }
        }
        Ok(())
    }

    /// Takes back a block of this PC that the database does not hold: applied, and to be sent again under its own ids.
    pub(crate) fn take_back(&mut self, entry: &super::TailBlock) -> Result<u64, Fault> {
        let stream = self.memory.stream(self.conn, &entry.stream)?;
        let inc = self.memory.number(self.conn, entry.incarnation)?;
        if self.memory.held_on_any_branch(stream, inc, entry.last) {
            return Ok(0);
        }
        let county = self.log.keys.issuing.is_some();
        let carrier = self.waiting_in(stream)?;
        let count = self.replay_block(carrier, &entry.block, county)?;
        self.unpark()?;
        put_out(
            self.conn,
            &[Fresh {
                stream,
                inc,
                changes: entry.changes,
                first: entry.first,
                last: entry.last,
                block: entry.block.clone(),
            }],
        )?;
        Ok(count)
    }

    /// Replays the whole log: segments in the order in which they came, then what waits in the outbox.
    pub(crate) fn replay(&mut self) -> Result<u64, Fault> {
        let mut count = 0;
        let mut rows = self.conn.prepare("SELECT stream, chain, hash, bytes FROM segment ORDER BY no")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let chain = self.memory.incarnation(row.get(1)?)?;
            let carrier = Carrier { stream: row.get(0)?, chain, hash: Some(row.get(2)?) };
            let (blocks, county) = self.log.blocks(self.conn, row.get_ref(3)?.as_blob().map_err(damaged)?)?;
            for block in blocks {
                count += self.replay_block(carrier, &block, county)?;
            }
        }
        let county = self.log.keys.issuing.is_some();
        let mut rows = self.conn.prepare("SELECT stream, block FROM outbox ORDER BY no")?;
        let mut rows = rows.query([])?;
        while let (Some(row), false) = (rows.next()?, planted!("rebuild skips the outbox")) {
            let carrier = self.waiting_in(row.get(0)?)?;
            count += self.replay_block(carrier, row.get_ref(1)?.as_blob().map_err(damaged)?, county)?;
        }
        self.unpark()?;
        Ok(count)
    }

    /// What waits in the outbox will go out on this PC's own chain.
    fn waiting_in(&self, stream: i64) -> Result<Carrier, Fault> {
        Ok(Carrier { stream, chain: self.memory.incarnation(self.memory.own)?, hash: None })
    }

    fn replay_block(&mut self, carrier: Carrier, bytes: &[u8], county: bool) -> Result<u64, Fault> {
        let block = Block::decode(bytes, &Limits::STANDARD).map_err(damaged)?;
        let mut changes: Vec<Change> = block.changes().map(|c| c.to_owned()).collect();
        if planted!("rebuild skips events") {
            changes.iter_mut().for_each(|c| c.event = None);
        }
        self.apply(carrier, &changes, county)
    }
}

enum Taken {
    New(u64),
    Known,
    Gap,
    Aside(Bad),
}

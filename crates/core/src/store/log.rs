//! The log: blocks waiting to be sealed, own segments, segments of others. The log is the truth; the tables follow it.

use std::collections::BTreeMap;

use niangjia_replication::{
    Bad, Block, Draft, Frontier, Head, Limits, Segment, Stream, block,
    change::{Change, Hlc},
    keys::{Cert, Identity as Signed, Signer, VerifyingKey, chain_from_cbor, chain_to_cbor, verify_chain},
    seal,
    wire::{Lacks, lacks},
};
use rand_core::CryptoRng;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

use super::{
    apply::{Applier, Fate, Fold, Pens, Touched, counter},
    memory::Memory,
    versions::damaged,
    waiting,
};
use crate::{fault::Fault, identity::Keys, record::Schema};

/// Plain bytes of blocks in one segment; about a third of it after compression.
const SEGMENT_PLAIN: usize = 1_500_000;
/// Once this much waits, an act seals by itself; smaller work waits for the exchange, where it packs better.
const EAGER: i64 = 64 << 10;

/// A block on its way into the log.
pub(crate) struct Fresh {
    pub(crate) stream: i64,
    /// The incarnation whose changes they are; another than the present one after a restore.
    pub(crate) inc: i64,
    pub(crate) changes: i64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) block: Vec<u8>,
}

/// Puts blocks into the outbox, where they wait to be sealed.
pub(crate) fn put_out(conn: &Connection, fresh: &[Fresh]) -> Result<(), Fault> {
    let mut put = conn.prepare_cached(
        "INSERT INTO outbox (stream, inc, changes, first_ctr, last_ctr, block) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for one in fresh {
        put.execute(params![one.stream, one.inc, one.changes, one.first, one.last, one.block])?;
    }
    Ok(())
}

/// What sealing and opening need.
pub(crate) struct LogKeys<'a> {
    pub(crate) keys: &'a Keys,
}

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

impl LogKeys<'_> {
    fn certs(&self) -> Result<Vec<Cert>, Fault> {
        chain_from_cbor(&self.keys.chain).map_err(damaged)
    }

    /// Keeps what an act wrote: sealed at once with what waits in the outbox where that is enough for a segment (an
    /// import never lies in the outbox), else in the outbox. Returns whether anything was sealed.
    pub(crate) fn keep(
        &self,
        conn: &Connection,
        memory: &Memory,
        rng: &mut (impl CryptoRng + ?Sized),
        fresh: Vec<Fresh>,
    ) -> Result<bool, Fault> {
        let mut by_stream: BTreeMap<i64, Vec<Fresh>> = BTreeMap::new();
        for one in fresh {
            by_stream.entry(one.stream).or_default().push(one);
        }
        let mut sealed = false;
        for (stream, fresh) in by_stream {
            let waiting: i64 = conn
                .prepare_cached("SELECT coalesce(sum(length(block)), 0) FROM outbox WHERE stream = ?1")?
                .query_row([stream], |r| r.get(0))?;
            let bytes = fresh.iter().map(|f| i64::try_from(f.block.len()).unwrap_or(i64::MAX)).sum::<i64>();
            if waiting + bytes >= EAGER && self.can_seal(memory, stream)? {
                self.pack_stream(conn, memory, rng, stream, fresh)?;
                sealed = true;
            } else {
                put_out(conn, &fresh)?;
            }
        }
        Ok(sealed)
    }

    /// Seals everything that waits in the outbox into segments of this PC's chains. Does nothing while the office works
    /// alone. Returns whether anything was sealed.
    pub(crate) fn pack(
        &self,
        conn: &Connection,
        memory: &Memory,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<bool, Fault> {
        let mut statement = conn.prepare_cached("SELECT DISTINCT stream FROM outbox")?;
        let waiting: Vec<i64> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
        let mut sealed = false;
        for stream in waiting {
            if self.can_seal(memory, stream)? {
                self.pack_stream(conn, memory, rng, stream, Vec::new())?;
                sealed = true;
            }
        }
        Ok(sealed)
    }

    fn can_seal(&self, memory: &Memory, stream: i64) -> Result<bool, Fault> {
        Ok(!self.keys.chain.is_empty() && self.keys.newest(memory.stream_name(stream)?).is_some())
    }

    fn pack_stream(
        &self,
        conn: &Connection,
        memory: &Memory,
        rng: &mut (impl CryptoRng + ?Sized),
        number: i64,
        fresh: Vec<Fresh>,
    ) -> Result<(), Fault> {
        let stream = *memory.stream_name(number)?;
        let key = self.keys.newest(&stream).ok_or_else(|| damaged("stream key"))?;
        let certs = self.certs()?;
        let signer =
            Signer { key: self.keys.device.clone(), cert: certs.last().ok_or_else(|| damaged("certificates"))?.id() };
        let mut rows = conn.prepare_cached(
            "SELECT inc, changes, first_ctr, last_ctr, block FROM outbox WHERE stream = ?1 ORDER BY no",
        )?;
        let mut blocks: Vec<Fresh> = rows
            .query_map([number], |r| {
                Ok(Fresh {
                    stream: number,
                    inc: r.get(0)?,
                    changes: r.get(1)?,
                    first: r.get(2)?,
                    last: r.get(3)?,
                    block: r.get(4)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        if !blocks.is_empty() {
            conn.prepare_cached("DELETE FROM outbox WHERE stream = ?1")?.execute([number])?;
        }
        blocks.extend(fresh);
        let mut rest = &blocks[..];
        while !rest.is_empty() {
            let (mut bytes, mut take) = (0, 0);
            for one in rest {
                // One segment carries changes of one incarnation, so that their counters say what the hub has.
                if take > 0 && (bytes + one.block.len() > SEGMENT_PLAIN || one.inc != rest[0].inc) {
                    break;
                }
                bytes += one.block.len();
                take += 1;
            }
            let (part, more) = rest.split_at(take);
            let (seq, prev) = self.head(conn, number, memory.own)?;
            let draft = Draft {
                stream,
                chain: memory.incarnation(memory.own)?,
                seq,
                prev,
                certs: if seq == 1 { &certs } else { &[] },
            };
            let borrowed: Vec<&[u8]> = part.iter().map(|one| &one.block[..]).collect();
            let sealed = seal(&draft, &borrowed, key, &signer, rng).map_err(damaged)?;
            conn.prepare_cached("INSERT INTO segment (stream, chain, seq, hash, changes, carried, first_ctr, last_ctr, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?.execute(
                params![number, memory.own, i64::try_from(seq).map_err(damaged)?, sealed.hash, sealed.header.changes, part[0].inc, part[0].first, part[part.len() - 1].last, sealed.bytes],
            )?;
            rest = more;
        }
        Ok(())
    }

    /// Number and predecessor of the next segment of a chain.
    fn head(&self, conn: &Connection, stream: i64, chain: i64) -> Result<(u64, [u8; 32]), Fault> {
        let last: Option<(i64, [u8; 32])> = conn
            .prepare_cached("SELECT seq, hash FROM segment WHERE stream = ?1 AND chain = ?2 ORDER BY seq DESC LIMIT 1")?
            .query_row([stream, chain], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        Ok(last.map_or((1, [0; 32]), |(seq, hash)| (u64::try_from(seq).unwrap_or(0) + 1, hash)))
    }

    /// Who signed: by a certificate known here, or by the one that the segment brings.
    fn signer(
        &self,
        conn: &Connection,
        segment: &Segment<'_>,
        root: &VerifyingKey,
    ) -> Result<Result<Signed, Bad>, Fault> {
        let id = segment.signer().to_bytes();
        let known: Option<Vec<u8>> =
            conn.prepare_cached("SELECT chain FROM cert WHERE id = ?1")?.query_row([id], |r| r.get(0)).optional()?;
        if let Some(chain) = known {
            return Ok(chain_from_cbor(&chain).and_then(|certs| verify_chain(&certs, root)));
        }
        // This PC's own, which come back to an old copy of its database.
        let own = self.certs()?;
        if own.last().is_some_and(|cert| cert.id().to_bytes() == id) {
            return Ok(verify_chain(&own, root));
        }
        match segment.introduces(root) {
            Ok(Some(who)) => {
                conn.prepare_cached("INSERT OR IGNORE INTO cert (id, chain) VALUES (?1, ?2)")?
                    .execute(params![id, chain_to_cbor(segment.certs())])?;
                Ok(Ok(who))
            }
            Ok(None) => Ok(Err(Bad::Untrusted("a signer who was never introduced"))),
            Err(bad) => Ok(Err(bad)),
        }
    }

    /// Opens a segment that is already believed.
    fn blocks(&self, conn: &Connection, bytes: &[u8]) -> Result<(Vec<Vec<u8>>, bool), Fault> {
        let root = self.keys.root.ok_or_else(|| damaged("root"))?;
        let segment = Segment::parse(bytes, &Limits::STANDARD).map_err(damaged)?;
        let header = *segment.header();
        let who = self.signer(conn, &segment, &root)?.map_err(damaged)?;
        let key = self.keys.streams.get(&(header.stream, header.epoch)).ok_or_else(|| damaged("stream key"))?;
        let open = segment.verify_from(&who).and_then(|s| s.open(key, &Limits::STANDARD)).map_err(damaged)?;
        Ok((open, who.county))
    }
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
    pub(crate) wall: i64,
}

impl Intake<'_> {
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
        if held(&hash, seq)? {
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
        self.conn
            .prepare_cached("INSERT INTO segment (stream, chain, seq, hash, changes, carried, first_ctr, last_ctr, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
            .execute(params![number, chain, seq, hash, header.changes, carried, first, last, bytes])?;
        let new = self.apply(number, &changes, who.county)?;
        Ok(Taken::New(new))
    }

    /// Applies changes in the order in which they came; counts the new ones.
    fn apply(&mut self, stream: i64, changes: &[Change], county: bool) -> Result<u64, Fault> {
        let wall = u64::try_from(self.wall).unwrap_or(0);
        let mut new = 0;
        let mut applier = Applier {
            conn: self.conn,
            schema: self.schema,
            folds: self.folds,
            memory: &mut self.memory,
            pens: &mut self.pens,
            touched: std::mem::take(&mut self.touched),
        };
        for change in changes {
            applier.memory.hlc = Hlc::observe(applier.memory.hlc, change.hlc, wall);
            let fate = applier.apply(stream, change, county)?;
            new += u64::from(fate != Fate::Known);
            if fate == Fate::Parked {
                let block = block::encode([change]).map_err(damaged)?;
                let inc = applier.memory.number(self.conn, change.dot.incarnation.0)?;
                self.conn
                    .prepare_cached("INSERT INTO parked (stream, inc, ctr, county, block) VALUES (?1, ?2, ?3, ?4, ?5)")?
                    .execute(params![stream, inc, counter(change.dot)?, county, block])?;
            }
        }
        self.touched = applier.touched;
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
        if self.memory.held(stream, inc, entry.last) {
            return Ok(0);
        }
        let county = self.log.keys.issuing.is_some();
        let count = self.replay_block(stream, &entry.block, county)?;
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
        let mut rows = self.conn.prepare("SELECT stream, bytes FROM segment ORDER BY no")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let stream: i64 = row.get(0)?;
            let (blocks, county) = self.log.blocks(self.conn, row.get_ref(1)?.as_blob().map_err(damaged)?)?;
            for block in blocks {
                count += self.replay_block(stream, &block, county)?;
            }
        }
        let county = self.log.keys.issuing.is_some();
        let mut rows = self.conn.prepare("SELECT stream, block FROM outbox ORDER BY no")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            count += self.replay_block(row.get(0)?, row.get_ref(1)?.as_blob().map_err(damaged)?, county)?;
        }
        self.unpark()?;
        Ok(count)
    }

    fn replay_block(&mut self, stream: i64, bytes: &[u8], county: bool) -> Result<u64, Fault> {
        let block = Block::decode(bytes, &Limits::STANDARD).map_err(damaged)?;
        let changes: Vec<Change> = block.changes().map(|c| c.to_owned()).collect();
        self.apply(stream, &changes, county)
    }
}

enum Taken {
    New(u64),
    Known,
    Gap,
    Aside(Bad),
}

/// The heads of a stream's chains.
pub(crate) fn frontier(conn: &Connection, memory: &Memory, stream: i64) -> Result<Frontier, Fault> {
    let mut frontier = Frontier::new();
    // A head is a segment that no held segment names as its predecessor; without forks that is the last of its chain.
    let mut statement =
        conn.prepare_cached("SELECT chain, max(seq), hash FROM segment WHERE stream = ?1 GROUP BY chain")?;
    let rows =
        statement.query_map([stream], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, [u8; 32]>(2)?)))?;
    for row in rows {
        let (chain, seq, hash) = row?;
        frontier.add(memory.incarnation(chain)?, Head { seq: u64::try_from(seq).map_err(damaged)?, hash });
    }
    Ok(frontier)
}

/// Segments that the other side lacks, oldest first in each chain, up to `max_bytes` but at least one.
pub(crate) fn missing(
    conn: &Connection,
    memory: &Memory,
    stream: i64,
    theirs: &Frontier,
    max_bytes: usize,
) -> Result<Vec<Vec<u8>>, Fault> {
    let (mut out, mut bytes) = (Vec::new(), 0);
    for (chain, after) in lacking(conn, memory, stream, theirs)? {
        let mut statement = conn.prepare_cached(
            "SELECT bytes FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3 ORDER BY seq, no",
        )?;
        let mut rows = statement.query(params![stream, chain, after])?;
        while let Some(row) = rows.next()? {
            let segment: Vec<u8> = row.get(0)?;
            if !out.is_empty() && bytes + segment.len() > max_bytes {
                return Ok(out);
            }
            bytes += segment.len();
            out.push(segment);
        }
    }
    Ok(out)
}

/// Chains of which the other side lacks something, and the number after which.
pub(super) fn lacking(
    conn: &Connection,
    memory: &Memory,
    stream: i64,
    theirs: &Frontier,
) -> Result<Vec<(i64, i64)>, Fault> {
    let mine = frontier(conn, memory, stream)?;
    let mut out = Vec::new();
    for (chain, heads) in mine.chains() {
        let number = memory.known_number(chain.0).ok_or_else(|| damaged("chain"))?;
        let after = match lacks(heads, theirs.heads(chain), true, |head| holds(conn, stream, number, head))? {
            Lacks::Nothing => continue,
            Lacks::After(seq) => i64::try_from(seq).map_err(damaged)?,
            // Forked chains are the next step; until then the whole chain is offered and the other side keeps what is new.
            Lacks::Beside(_) => 0,
        };
        out.push((number, after));
    }
    Ok(out)
}

/// Whether this segment of a chain is held.
pub(crate) fn holds(conn: &Connection, stream: i64, chain: i64, head: &Head) -> Result<bool, Fault> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash = ?4")?
        .exists(params![stream, chain, i64::try_from(head.seq).map_err(damaged)?, head.hash])?)
}

/// Notes what the hub holds of this PC's own chains.
pub(crate) fn hub_has(conn: &Connection, memory: &Memory, stream: i64, theirs: &Frontier) -> Result<bool, Fault> {
    let mut news = false;
    for own in memory.owns() {
        let seq = theirs.head(memory.incarnation(own)?).map_or(0, |h| h.seq);
        let seq = i64::try_from(seq).map_err(damaged)?;
        let known: Option<i64> = conn
            .prepare_cached("SELECT seq FROM hub_head WHERE stream = ?1 AND chain = ?2")?
            .query_row([stream, own], |r| r.get(0))
            .optional()?;
        if known == Some(seq) || (known.is_none() && seq == 0) {
            continue;
        }
        conn.prepare_cached("INSERT INTO hub_head (stream, chain, seq) VALUES (?1, ?2, ?3) ON CONFLICT (stream, chain) DO UPDATE SET seq = ?3")?
            .execute([stream, own, seq])?;
        news = true;
    }
    Ok(news)
}

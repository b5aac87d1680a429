//! Intake: segments and blocks from elsewhere become changes, and the log becomes rows again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use niangjia_replication::{
    Bad, Block, Head, Incarnation, Limits, Segment, Stream, block,
    change::{Change, Hlc},
    checkpoint::Part,
    cut,
    keys::{CertId, VerifyingKey},
    orders::{Orders, Place, Ruling},
    planted,
};
use rusqlite::{Connection, params};
use serde::Serialize;

use super::{
    Store,
    act::Moment,
    apply::{Applier, Fate, Fold, Pens, Touched, counter},
    base::{self, Below},
    deeds,
    forks::{Carrier, Forks},
    log::{LogKeys, Opened},
    memory::Memory,
    mend,
    orders::{self, News, Why},
    receipts, said,
    versions::damaged,
    waiting,
};
use crate::{fault::Fault, identity::TOLD, pruning::IN_STEP, record::Schema};

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
    /// Segments that are held unopened until the county's grant of their key comes.
    pub keyless: u64,
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
    /// A segment of a forked chain came, or one that was lost: the tables have to be made again.
    pub(crate) forked: bool,
    /// A segment came that this PC wrote itself, in another life of its database.
    pub(crate) own_came: bool,
    /// Read when the first segment comes that may need them.
    orders: Option<Orders>,
    certs: HashMap<CertId, Vec<CertId>>,
    /// What came that is more than rows: orders, by which every table has to be made again, and keys.
    pub(crate) news: News,
    /// A checkpoint came whole and was taken in.
    pub(crate) loaded: bool,
    /// The checkpoints of which parts came, and could be used as far as their signatures go.
    pub(crate) summed: BTreeSet<[u8; 16]>,
    /// Anything else came.
    pub(crate) others: bool,
    /// The hub has the beginning of this stream as a checkpoint only: then the registrar takes it too.
    pub(crate) only_summed_up: bool,
    /// A checkpoint of a PC that is shut out is taken too.
    pub(crate) takes_anything: bool,
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
            orders: None,
            certs: HashMap::new(),
            news: News::default(),
            loaded: false,
            summed: BTreeSet::new(),
            others: false,
            only_summed_up: false,
            takes_anything: false,
        }
    }

    /// Gives back what the transaction's owner commits and makes known.
    pub(crate) fn finish(self) -> (Memory, Touched) {
        (self.memory, self.touched)
    }

    /// Whether what came asks for the tables to be made again.
    pub(crate) fn again(&self) -> bool {
        self.forked || self.news.orders || self.memory.contested
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
        if self.let_go(number, self.log.keys.issuing.is_some())? {
            // What the checkpoint stood for has come: the log speaks for itself again, and tells what it could not.
            self.forked = true;
            while let Some(bytes) = waiting::next(self.conn, number)? {
                self.take_and_count(stream, number, &bytes, &mut received)?;
            }
        }
        self.unpark()?;
        receipts::settle(self.conn, &mut self.memory)?;
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
            Taken::Held(why) => {
                received.segments += 1;
                received.bytes += bytes.len() as u64;
                match why {
                    Why::Key => received.keyless += 1,
                    Why::Order | Why::Unreadable => received.quarantined += 1,
                }
            }
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
            Err(bad) => {
                return match Part::parse(bytes, &Limits::STANDARD) {
                    Ok(part) if part.header().stream == *stream => self.take_part(number, part, bytes),
                    Ok(_) => Ok(Taken::Aside(Bad::Mismatch("stream"))),
                    Err(_) => Ok(Taken::Aside(bad)),
                };
            }
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
        let known = held(&hash, seq)?;
        self.others |= !known;
        if known && !planted!("no dedupe") {
            if mend::again(self.conn, (number, chain, seq), &hash, bytes)? {
                self.forked = true;
            }
            return Ok(Taken::Known);
        }
        let place = base::place(self.conn, number, chain, seq, &hash)?;
        let whole = base::aside(self.conn, number)?;
        match place {
            // The registrar keeps every segment, also where it had to begin with a checkpoint.
            Below::Covered if !whole && self.log.keys.issuing.is_none() => return Ok(Taken::Known),
            Below::Covered | Below::Above => {}
            Below::Beside => {
                base::lay_aside(self.conn, number, base::Aside::Log)?;
                waiting::keep(self.conn, number, chain, &header, hash, bytes)?;
                return Ok(Taken::Gap);
            }
        }
        let lost = if place == Below::Above && !planted!("a segment that was lost goes to the end") {
            mend::old_place(self.conn, (number, chain, seq), &hash)?
        } else {
            None
        };
        let below = base::place(self.conn, number, chain, seq - 1, &header.prev)?;
        if seq > 1 && lost.is_none() && below != Below::Covered && !held(&header.prev, seq - 1)? {
            self.overhear(stream, segment, &root)?;
            waiting::keep(self.conn, number, chain, &header, hash, bytes)?;
            return Ok(Taken::Gap);
        }
        let who = match self.log.signer(self.conn, &segment, &root)? {
            Ok(who) => who,
            Err(bad) => return Ok(Taken::Aside(bad)),
        };
        let signer = segment.signer();
        let (changes, county, mut why) = match self.log.open(segment, &who) {
            Opened::Bad(bad) => return Ok(Taken::Aside(bad)),
            Opened::Keyless => (Vec::new(), who.county, Some(Why::Key)),
            Opened::Changes(changes, county) => (changes, county, None),
        };
        self.collect(stream, &changes)?;
        if self.beyond(&signer, number, chain, &header.chain, &Head { seq: header.seq, hash })? {
            why = Some(Why::Order);
        } else if why.is_none() && orders::keyless(self.conn, number, chain)? {
            why = Some(Why::Key);
        }
        let (carried, first, last) = self.span(&header.chain, &changes)?;
        // Counted of this PC's own chains alone; whose keys it lacks it did not write.
        let by_hand = if self.memory.owns().any(|own| own == chain) { deeds(stream, &changes) } else { 0 };
        if let Some((no, mine)) = lost {
            self.conn
                .prepare_cached("INSERT INTO segment (no, stream, chain, seq, hash, prev, mine, changes, carried, first_ctr, last_ctr, bytes, deeds) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")?
                .execute(params![no, number, chain, seq, hash, header.prev, mine, header.changes, carried, first, last, bytes, by_hand])?;
            // What it says may have been rows, or never: the whole log knows. And it has a number below which the hub was seen to
            // hold everything, which it need not hold of this one.
            self.conn.execute("DELETE FROM local WHERE name = ?1", [IN_STEP])?;
            self.forked = true;
            return Ok(Taken::New(u64::from(header.changes)));
        }
        self.own_came |= self.memory.owns().any(|own| own == chain);
        // What this PC let go of itself comes back under its own name; anything else under it is another life of this database.
        let own_again = place == Below::Covered && self.memory.owns().any(|own| own == chain);
        let own = Incarnation(self.memory.ident(self.memory.own)?);
        // On this PC's own chain, or carried on by the chain that its later life or its clone took.
        let others = chain == self.memory.own || changes.iter().any(|change| change.dot.incarnation == own);
        if others && place != Below::Covered && !planted!("an old copy counts from its own end") {
            self.part()?;
        }
        self.conn
            .prepare_cached("INSERT INTO segment (stream, chain, seq, hash, prev, mine, changes, carried, first_ctr, last_ctr, bytes, deeds) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?
            .execute(params![number, chain, seq, hash, header.prev, own_again, header.changes, carried, first, last, bytes, by_hand])?;
        let no = self.conn.last_insert_rowid();
        let sibling = self
            .conn
            .prepare_cached("SELECT 1 FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash <> ?4")?
            .exists(params![number, chain, seq, hash])?;
        if place == Below::Covered {
            return Ok(Taken::New(0));
        }
        if sibling {
            self.fork(number, chain)?;
        }
        // What waits for a key before it on its chain says nothing yet of the numbers there.
        let readable = if why == Some(Why::Key) { &[][..] } else { &changes };
        if self.parts((number, chain, carried), readable)? {
            self.forked = true;
            self.expect((number, chain, carried), readable)?;
            return Ok(Taken::New(u64::from(header.changes)));
        }
        if let Some(why) = why {
            orders::set_aside(self.conn, no, why)?;
            return Ok(Taken::Held(why));
        }
        if planted!("cursor before data") {
            self.conn.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
        }
        cut!("receive");
        let carrier = Carrier { stream: number, chain: header.chain, hash: Some(hash) };
        let new = self.apply(carrier, &changes, county)?;
        Ok(Taken::New(new))
    }

    /// The incarnation whose changes a segment carries, as a rule that of its chain; its first and last counter.
    pub(super) fn span(&mut self, chain: &Incarnation, changes: &[Change]) -> Result<(i64, i64, i64), Fault> {
        let carried = changes.first().map_or(*chain, |c| c.dot.incarnation);
        let own = changes.iter().filter(|c| c.dot.incarnation == carried);
        let own: Vec<i64> = own.map(|c| counter(c.dot)).collect::<Result<_, _>>()?;
        let (first, last) = (own.first().copied().unwrap_or(0), own.last().copied().unwrap_or(0));
        Ok((self.memory.number(self.conn, carried.0)?, first, last))
    }

    /// Takes up orders and grants among changes.
    pub(super) fn collect(&mut self, stream: &Stream, changes: &[Change]) -> Result<(), Fault> {
        let news = orders::collect(self.conn, self.log.keys.root.as_ref(), stream, changes)?;
        if news.orders {
            self.orders = None;
        }
        self.news.orders |= news.orders;
        self.news.grants |= news.grants;
        Ok(())
    }

    /// Takes a key that is told in a segment whose place has not come: what it follows may be a checkpoint that opens with that
    /// very key, and would be waited for without end.
    fn overhear(&mut self, stream: &Stream, segment: Segment<'_>, root: &VerifyingKey) -> Result<(), Fault> {
        if segment.header().epoch != TOLD || self.log.keys.issuing.is_none() {
            return Ok(());
        }
        let Ok(who) = self.log.signer(self.conn, &segment, root)? else { return Ok(()) };
        let Opened::Changes(changes, _) = self.log.open(segment, &who) else { return Ok(()) };
        self.collect(stream, &changes)
    }

    /// Whether an order of the county shuts out a segment.
    pub(super) fn beyond(
        &mut self,
        signer: &CertId,
        stream: i64,
        chain: i64,
        name: &Incarnation,
        at: &Head,
    ) -> Result<bool, Fault> {
        let heads = self.accepts(signer, stream, name)?;
        Ok(match heads {
            Some(heads) => !orders::accepted(self.conn, stream, chain, at, &heads)?,
            None => false,
        })
    }

    /// The last segments that orders accept of a chain; `None` where none speaks of its signer.
    pub(super) fn accepts(
        &mut self,
        signer: &CertId,
        stream: i64,
        name: &Incarnation,
    ) -> Result<Option<Vec<Head>>, Fault> {
        let orders = match self.orders.take() {
            Some(orders) => orders,
            None => orders::load(self.conn, self.log.keys.root.as_ref())?,
        };
        let mut accepted = None;
        if !orders.is_empty() {
            if !self.certs.contains_key(signer) {
                self.certs.insert(*signer, self.log.cert_ids(self.conn, signer)?);
            }
            let certs = self.certs.get(signer).map_or(&[][..], Vec::as_slice);
            let place = Place { stream: self.memory.stream_name(stream)?, chain: name };
            if let Ruling::UpTo(heads, _) = orders.ruling(certs, place) {
                accepted = Some(heads.to_vec());
            }
        }
        self.orders = Some(orders);
        Ok(accepted)
    }

    /// Makes rows of changes; `reduced` when they come from a checkpoint.
    pub(super) fn applier(&mut self, reduced: bool) -> Applier<'_, 'a> {
        Applier {
            conn: self.conn,
            schema: self.schema,
            folds: self.folds,
            memory: &mut self.memory,
            pens: &mut self.pens,
            touched: &mut self.touched,
            reduced,
            carried: false,
            adopting: false,
        }
    }

    /// Applies changes in the order in which they came; counts the new ones.
    pub(super) fn apply(&mut self, carrier: Carrier, changes: &[Change], county: bool) -> Result<u64, Fault> {
        let wall = u64::try_from(self.moment.wall).unwrap_or(0);
        let stream = carrier.stream;
        let mut new = 0;
        let forks = self.forks()?;
        for change in changes {
            if planted!("a stamp ahead is refused") && change.hlc.millis > wall.saturating_add(Hlc::AHEAD) {
                continue;
            }
            self.memory.hlc = Hlc::observe(self.memory.hlc, change.hlc, wall);
            let named = forks.resolve(carrier, change)?;
            let known = named.as_ref().unwrap_or(change);
            let named = said::inward(self.conn, &self.log, &self.memory, &forks, stream, known)?.or(named);
            let mut applier = self.applier(false);
            applier.carried = change.dot.incarnation != carrier.chain;
            let fate = applier.apply(stream, change, named.as_ref(), county)?;
            new += u64::from(fate != Fate::Known);
            if fate == Fate::Parked {
                let change = named.as_ref().unwrap_or(change);
                park(self.conn, &mut self.memory, stream, change, county)?;
            }
        }
        self.forks = Some(forks);
        Ok(new)
    }

    /// The forked chains; to be put back.
    fn forks(&mut self) -> Result<Forks, Fault> {
        match self.forks.take() {
            Some(forks) => Ok(forks),
            None => Forks::load(self.conn, &mut self.memory, &self.log),
        }
    }

    /// Applies parked changes whose causes have come, until none is left that can.
    pub(super) fn unpark(&mut self) -> Result<(), Fault> {
        while !self.memory.parked.is_empty() {
            let mut statement = self.conn.prepare_cached("SELECT no, stream, county, block FROM parked ORDER BY no")?;
            let waiting: Vec<(i64, i64, bool, Vec<u8>)> = statement
                .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
                .collect::<Result<_, _>>()?;
            let mut settled = false;
            for (no, stream, county, bytes) in waiting {
                let block = Block::decode(&bytes, &Limits::STANDARD).map_err(damaged)?;
                let Some(mut change) = block.changes().next().map(|c| c.to_owned()) else { continue };
                if said::open(&change) {
                    let forks = self.forks()?;
                    let known = said::inward(self.conn, &self.log, &self.memory, &forks, stream, &change)?;
                    self.forks = Some(forks);
                    change = known.unwrap_or(change);
                }
                if self.applier(false).unpark(stream, &change, county)? {
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
}

/// Keeps a change until its causes have come.
pub(super) fn park(
    conn: &Connection,
    memory: &mut Memory,
    stream: i64,
    change: &Change,
    county: bool,
) -> Result<(), Fault> {
    let block = block::encode([change]).map_err(damaged)?;
    let inc = memory.number(conn, change.dot.incarnation.0)?;
    conn.prepare_cached("INSERT INTO parked (stream, inc, ctr, county, block) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![stream, inc, counter(change.dot)?, county, block])?;
    Ok(())
}

/// Every change that waits for its causes, in the order in which it came.
pub(crate) fn parked(conn: &Connection) -> Result<Vec<Change>, Fault> {
    let mut statement = conn.prepare_cached("SELECT block FROM parked ORDER BY no")?;
    let blocks: Vec<Vec<u8>> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let mut out = Vec::with_capacity(blocks.len());
    for bytes in blocks {
        let block = Block::decode(&bytes, &Limits::STANDARD).map_err(damaged)?;
        out.extend(block.changes().map(|change| change.to_owned()));
    }
    Ok(out)
}

pub(super) enum Taken {
    New(u64),
    Known,
    Gap,
    /// In the log, and not applied.
    Held(Why),
    Aside(Bad),
}

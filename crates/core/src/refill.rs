//! Refilling a hub: what it lacks below a checkpoint is brought by whoever still has it; what nobody has, the checkpoint stands for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{MutexGuard, PoisonError},
};

use niangjia_replication::{Frontier, Head, Incarnation, Limits, Segment, Stream, wire::Lack};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    fault::Fault,
    office::Office,
    store::{self, LogKeys, base::Aside, checkpoint, memory::Memory, versions::damaged},
};

/// What the exchange under way has shown of the hub. It is found out again by the next one.
#[derive(Default)]
pub(crate) struct HubNow {
    /// Streams of which it lacks what a checkpoint stands for here.
    pub(crate) short: BTreeSet<Stream>,
    /// Streams whose beginning it has as a checkpoint only, which this PC does not hold.
    pub(crate) only_summed_up: BTreeSet<Stream>,
    /// Streams whose beginning it has as a checkpoint only, whoever holds it.
    stands: BTreeSet<Stream>,
    /// What it told of registrars that were lost, stream, chain and number, and how often that was asked for.
    asked: BTreeMap<(Stream, Incarnation, u64), u8>,
    /// Where the chains end that it told of last.
    told: BTreeMap<Stream, Frontier>,
    /// Whether a checkpoint of a PC that is shut out is taken too, where nobody else tells what that stands for.
    pub(crate) takes_anything: bool,
    /// The life of its store, where the exchange ended in step.
    pub(crate) in_step: Option<Incarnation>,
}

/// How often a checkpoint that tells more of a lost registrar is fetched while the office is open: one that is of no use here would
/// come again with every exchange.
const ASKED: u8 = 3;

impl HubNow {
    /// Whether it lacks the beginning of a stream, or all of it.
    pub(crate) fn lacks(&self, stream: &Stream) -> bool {
        self.short.contains(stream) || self.stands.contains(stream)
    }

    /// The life of the hub's store, where it is in step and has the beginning of a stream as a checkpoint only.
    pub(crate) fn stands_on_a_checkpoint(&self, stream: &Stream) -> Option<Incarnation> {
        self.in_step.filter(|_| self.stands.contains(stream))
    }
}

/// A page of segments, up to so many bytes but at least one.
struct Page {
    segments: Vec<Vec<u8>>,
    left: usize,
}

impl Page {
    /// Whether there was room for it.
    fn put(&mut self, segment: Vec<u8>) -> bool {
        if !self.segments.is_empty() && segment.len() > self.left {
            return false;
        }
        self.left = self.left.saturating_sub(segment.len());
        self.segments.push(segment);
        true
    }
}

/// Stream and chain by their numbers, and the numbers between which segments lack.
#[derive(Clone, Copy)]
struct Gap {
    stream: i64,
    chain: i64,
    after: i64,
    until: i64,
}

impl Gap {
    /// The segments behind its lower end, rising; branches of a fork side by side.
    fn rising(self, conn: &Connection, page: &mut Page) -> Result<(), Fault> {
        let mut statement = conn.prepare_cached(
            "SELECT seq, bytes FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3 AND seq <= ?4 ORDER BY seq, no",
        )?;
        let mut rows = statement.query([self.stream, self.chain, self.after, self.until])?;
        let mut last = self.after;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            if seq > last + 1 || !page.put(row.get(1)?) {
                break;
            }
            last = seq;
        }
        Ok(())
    }

    /// The segments from its upper end on, falling: each names the one before it.
    fn falling(self, conn: &Connection, hash: [u8; 32], page: &mut Page) -> Result<(), Fault> {
        let mut find = conn.prepare_cached(
            "SELECT prev, bytes FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash = ?4",
        )?;
        let mut next = hash;
        for seq in (self.after + 1..=self.until).rev() {
            let found: Option<([u8; 32], Vec<u8>)> = find
                .query_row(params![self.stream, self.chain, seq, next], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()?;
            let Some((prev, bytes)) = found else { break };
            if !page.put(bytes) {
                break;
            }
            next = prev;
        }
        Ok(())
    }
}

impl Office {
    fn gap(&self, lack: &Lack) -> Result<Option<Gap>, Fault> {
        let memory = self.store.memory();
        let place = memory.known_stream(&lack.stream).zip(memory.known_number(lack.chain.0));
        let number = |n: u64| i64::try_from(n).map_err(damaged);
        let (after, until) = (number(lack.after)?, number(lack.until)?);
        Ok(place.map(|(stream, chain)| Gap { stream, chain, after, until }))
    }

    /// Whether anything is here of what the hub lacks.
    ///
    /// # Errors
    /// The store's own.
    pub fn holds_below(&self, lack: &Lack) -> Result<bool, Fault> {
        self.hub_now().stands.insert(lack.stream);
        let Some(gap) = self.gap(lack)? else { return Ok(false) };
        self.store.read(|conn| {
            Ok(conn
                .prepare_cached("SELECT 1 FROM segment WHERE stream = ?1 AND chain = ?2 AND seq > ?3 AND seq <= ?4")?
                .exists([gap.stream, gap.chain, gap.after, gap.until])?)
        })
    }

    /// Segments of the days before a checkpoint that the hub lacks, from one end of the gap on: those behind its lower end, rising,
    /// or else those from its upper end on, falling. Where the upper end is not even covered by a checkpoint here, the hub's own
    /// is what there is.
    ///
    /// # Errors
    /// The store's own.
    pub fn segments_below(&self, lack: &Lack, max_bytes: usize) -> Result<Vec<Vec<u8>>, Fault> {
        let mut page = Page { segments: Vec::new(), left: max_bytes };
        let (gap, keys) = (self.gap(lack)?, self.keys());
        let held = self.store.read(|conn| {
            let Some(gap) = gap else { return Ok(false) };
            gap.rising(conn, &mut page)?;
            if page.segments.is_empty() {
                gap.falling(conn, lack.hash.0, &mut page)?;
            }
            Ok(store::holds(conn, gap.stream, gap.chain, &Head { seq: lack.until, hash: lack.hash.0 })?
                && !checkpoint::wants_another(conn, &LogKeys { keys: &keys }, gap.stream)?)
        })?;
        if !held {
            self.hub_now().only_summed_up.insert(lack.stream);
        }
        Ok(page.segments)
    }

    /// Whether the registrar asks for the checkpoint that tells this of the one before it, beyond what its order accepts: it is not
    /// here, and whoever stands on that checkpoint comes into step only once the order is raised.
    ///
    /// # Errors
    /// The store's own.
    pub fn hears_of_the_lost(&self, told: &Lack) -> Result<bool, Fault> {
        // A number that no log can hold is somebody's invention.
        if !self.registrar() || i64::try_from(told.until.max(told.after)).is_err() {
            return Ok(false);
        }
        let head = Head { seq: told.until, hash: told.hash.0 };
        let here = match self.gap(told)? {
            Some(gap) => self.store.read(|conn| store::holds(conn, gap.stream, gap.chain, &head))?,
            None => false,
        };
        let mut now = self.hub_now();
        if here || now.asked.get(&(told.stream, told.chain, told.until)).is_some_and(|asked| *asked >= ASKED) {
            return Ok(false);
        }
        now.only_summed_up.insert(told.stream);
        Ok(true)
    }

    /// That was asked for, and answered.
    pub fn heard_of_the_lost(&self, told: &Lack) {
        *self.hub_now().asked.entry((told.stream, told.chain, told.until)).or_default() += 1;
    }

    /// The certificates of the PC that signed a segment, where they are known here.
    ///
    /// # Errors
    /// The store's own.
    pub fn certificates_of(&self, segment: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let signer = Segment::parse(segment, &Limits::STANDARD).map_err(damaged)?.signer();
        let keys = self.keys();
        let own = niangjia_replication::keys::chain_from_cbor(&keys.chain).map_err(damaged)?;
        if own.last().is_some_and(|cert| cert.id() == signer) {
            return Ok(Some(keys.chain));
        }
        self.store.read(|conn| {
            let mut known = conn.prepare_cached("SELECT chain FROM cert WHERE id = ?1")?;
            Ok(known.query_row([signer.0], |r| r.get(0)).optional()?)
        })
    }

    /// Whether the hub has the beginning of a stream as a checkpoint only, and not even that is here.
    #[must_use]
    pub fn only_summed_up(&self, stream: &Stream) -> bool {
        self.hub_now().only_summed_up.contains(stream)
    }

    /// A comparison with the hub begins: what it can give only as a checkpoint, and whether it is in step, is found out again.
    pub fn compare_anew(&self) {
        let mut now = self.hub_now();
        now.only_summed_up.clear();
        now.stands.clear();
        now.told.clear();
        now.in_step = None;
    }

    /// Whether this is a county that is founded again, and takes what a PC summed up that is shut out ([`crate::recovery::Returning`]).
    #[must_use]
    pub fn takes_anything(&self) -> bool {
        self.hub_now().takes_anything
    }

    /// Takes down what the hub tells of a stream.
    pub(crate) fn note_told(&self, stream: &Stream, theirs: &Frontier) {
        self.hub_now().told.insert(*stream, theirs.clone());
    }

    /// Whether everything is here of which the hub told in the last exchange of these streams. It may hold less than is here.
    pub(crate) fn holds_what_the_hub_told(&self, of: impl Fn(&Stream) -> bool) -> Result<bool, Fault> {
        let (memory, told) = (self.store.memory(), self.hub_now().told.clone());
        self.store.read(|conn| {
            for (stream, theirs) in told.iter().filter(|(stream, _)| of(stream)) {
                for (chain, heads) in theirs.chains() {
                    let place = memory.known_stream(stream).zip(memory.known_number(chain.0));
                    for head in heads {
                        match place {
                            Some((stream, chain)) if store::holds(conn, stream, chain, head)? => {}
                            _ => return Ok(false),
                        }
                    }
                }
            }
            Ok(true)
        })
    }

    pub(crate) fn hub_now(&self) -> MutexGuard<'_, HubNow> {
        self.hub_now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes down whether the hub reaches as far as the checkpoints that a stream's log stands on.
    pub(crate) fn note_short(
        &self,
        conn: &Connection,
        memory: &Memory,
        stream: &Stream,
        theirs: &Frontier,
    ) -> Result<(), Fault> {
        let mut short = false;
        if let Some(number) = memory.known_stream(stream) {
            // What an order laid aside the registrar may still accept, once it hears of it.
            let mut bases = conn.prepare_cached("SELECT chain, seq FROM base WHERE stream = ?1 AND aside <> ?2")?;
            let mut rows = bases.query(params![number, Aside::Log as i64])?;
            while let Some(row) = rows.next()? {
                let (chain, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
                let top = theirs.head(memory.incarnation(chain)?).map_or(0, |head| head.seq);
                short |= top < seq.unsigned_abs();
            }
        }
        let mut now = self.hub_now();
        if short {
            now.short.insert(*stream)
        } else {
            now.short.remove(stream)
        };
        Ok(())
    }
}

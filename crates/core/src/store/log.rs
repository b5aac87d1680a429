//! The log: blocks waiting to be sealed, own segments, segments of others. The log is the truth; the tables follow it.

use std::collections::BTreeMap;

use niangjia_replication::{
    Bad, Block, Draft, Limits, Segment, Stream,
    change::Change,
    keys::{Cert, CertId, Identity as Signed, Signer, VerifyingKey, chain_from_cbor, chain_to_cbor},
    seal,
};
use rand_core::CryptoRng;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{memory::Memory, orders, versions::damaged};
use crate::{fault::Fault, identity::Keys};

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
    /// How many of them a clerk would count ([`super::deeds`]).
    pub(crate) deeds: i64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) block: Vec<u8>,
}

impl Fresh {
    /// What waits in the outbox of an incarnation after a counter, oldest first.
    pub(crate) fn waiting_after(conn: &Connection, inc: i64, counter: i64) -> Result<Vec<Self>, Fault> {
        let mut rows = conn.prepare_cached(
            "SELECT stream, inc, changes, first_ctr, last_ctr, block, deeds FROM outbox WHERE inc = ?1 AND last_ctr > ?2 ORDER BY no",
        )?;
        let rows = rows.query_map([inc, counter], |r| {
            Ok(Self {
                stream: r.get(0)?,
                inc: r.get(1)?,
                changes: r.get(2)?,
                first: r.get(3)?,
                last: r.get(4)?,
                block: r.get(5)?,
                deeds: r.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Puts blocks into the outbox, where they wait to be sealed.
pub(crate) fn put_out(conn: &Connection, fresh: &[Fresh]) -> Result<(), Fault> {
    let mut put = conn.prepare_cached(
        "INSERT INTO outbox (stream, inc, changes, first_ctr, last_ctr, block, deeds) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for one in fresh {
        put.execute(params![one.stream, one.inc, one.changes, one.first, one.last, one.block, one.deeds])?;
    }
    Ok(())
}

/// What sealing and opening need.
pub(crate) struct LogKeys<'a> {
    pub(crate) keys: &'a Keys,
}

impl LogKeys<'_> {
    pub(super) fn certs(&self) -> Result<Vec<Cert>, Fault> {
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
        let certs = self.certs()?;
        let signer =
            Signer { key: self.keys.device.clone(), cert: certs.last().ok_or_else(|| damaged("certificates"))?.id() };
        let mut rows = conn.prepare_cached(
            "SELECT inc, changes, first_ctr, last_ctr, block, deeds FROM outbox WHERE stream = ?1 ORDER BY no",
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
                    deeds: r.get(5)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        if !blocks.is_empty() {
            conn.prepare_cached("DELETE FROM outbox WHERE stream = ?1")?.execute([number])?;
        }
        blocks.extend(fresh);
        let papers = blocks.iter().map(|one| orders::is_papers(&stream, one)).collect::<Result<Vec<_>, _>>()?;
        let (mut rest, mut papers) = (&blocks[..], &papers[..]);
        while !rest.is_empty() {
            let (mut bytes, mut take) = (0, 0);
            for (one, paper) in rest.iter().zip(papers) {
                // One segment carries changes of one incarnation, so that their counters say what the hub has; and papers go
                // into segments of their own, under another key.
                if take > 0
                    && (bytes + one.block.len() > SEGMENT_PLAIN || one.inc != rest[0].inc || *paper != papers[0])
                {
                    break;
                }
                bytes += one.block.len();
                take += 1;
            }
            let (part, more) = rest.split_at(take);
            let key = match (papers[0], stream) {
                (true, Stream::County) => self.keys.oldest(&stream).cloned(),
                (true, _) => self.keys.for_all(),
                (false, _) => self.keys.newest(&stream).cloned(),
            };
            let key = key.ok_or_else(|| damaged("stream key to seal under"))?;
            let (seq, prev) = self.head(conn, number, memory.own)?;
            let draft = Draft {
                stream,
                chain: memory.incarnation(memory.own)?,
                seq,
                prev,
                certs: if seq == 1 { &certs } else { &[] },
            };
            let borrowed: Vec<&[u8]> = part.iter().map(|one| &one.block[..]).collect();
            let sealed = seal(&draft, &borrowed, &key, &signer, rng).map_err(damaged)?;
            conn.prepare_cached("INSERT INTO segment (stream, chain, seq, hash, prev, mine, changes, carried, first_ctr, last_ctr, bytes, deeds) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11)")?.execute(
                params![number, memory.own, i64::try_from(seq).map_err(damaged)?, sealed.hash, prev, sealed.header.changes, part[0].inc, part[0].first, part[part.len() - 1].last, sealed.bytes, part.iter().map(|one| one.deeds).sum::<i64>()],
            )?;
            (rest, papers) = (more, &papers[take..]);
        }
        Ok(())
    }

    /// Number and predecessor of the next segment of a chain.
    fn head(&self, conn: &Connection, stream: i64, chain: i64) -> Result<(u64, [u8; 32]), Fault> {
        let last: Option<(i64, [u8; 32])> = conn
            .prepare_cached("SELECT seq, hash FROM segment WHERE stream = ?1 AND chain = ?2 ORDER BY seq DESC LIMIT 1")?
            .query_row([stream, chain], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        let below: Option<(i64, [u8; 32])> = conn
            .prepare_cached("SELECT seq, hash FROM base WHERE stream = ?1 AND chain = ?2")?
            .query_row([stream, chain], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        let last = last.max(below);
        Ok(last.map_or((1, [0; 32]), |(seq, hash)| (u64::try_from(seq).unwrap_or(0) + 1, hash)))
    }

    /// Who signed: by a certificate known here, or by the one that the segment brings.
    pub(super) fn signer(
        &self,
        conn: &Connection,
        segment: &Segment<'_>,
        root: &VerifyingKey,
    ) -> Result<Result<Signed, Bad>, Fault> {
        let (signer, believed) = (segment.signer(), &self.keys.believed);
        let id = signer.to_bytes();
        let known: Option<Vec<u8>> =
            conn.prepare_cached("SELECT chain FROM cert WHERE id = ?1")?.query_row([id], |r| r.get(0)).optional()?;
        if let Some(chain) = known {
            return Ok(believed.who(signer, root, || chain_from_cbor(&chain)));
        }
        // This PC's own, which come back to an old copy of its database.
        let own = self.certs()?;
        if own.last().is_some_and(|cert| cert.id() == signer) {
            return Ok(believed.who(signer, root, || Ok(own)));
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

    /// Who signed, and who vouches for whom up to the root; by their ids, root side first.
    pub(crate) fn cert_ids(&self, conn: &Connection, signer: &CertId) -> Result<Vec<CertId>, Fault> {
        let known: Option<Vec<u8>> = conn
            .prepare_cached("SELECT chain FROM cert WHERE id = ?1")?
            .query_row([signer.0], |r| r.get(0))
            .optional()?;
        let certs = match known {
            Some(chain) => chain_from_cbor(&chain).map_err(damaged)?,
            None => self.certs()?,
        };
        Ok(certs.iter().map(Cert::id).collect())
    }

    /// The changes of a segment of the log, as far as this PC can read them.
    pub(super) fn changes(&self, conn: &Connection, bytes: &[u8]) -> Result<Vec<Change>, Fault> {
        Ok(self.readable(conn, bytes)?.unwrap_or_default())
    }

    /// The same; `None` where this PC cannot read the segment.
    pub(crate) fn readable(&self, conn: &Connection, bytes: &[u8]) -> Result<Option<Vec<Change>>, Fault> {
        Ok(match self.reopen(conn, bytes)? {
            (_, Opened::Changes(changes, _)) => Some(changes),
            (_, Opened::Keyless | Opened::Bad(_)) => None,
        })
    }

    /// Opens a segment of the log again; says besides who signed it, where that can be read.
    pub(super) fn reopen(&self, conn: &Connection, bytes: &[u8]) -> Result<(Option<CertId>, Opened), Fault> {
        let root = self.keys.root.ok_or_else(|| damaged("root"))?;
        // Bytes that the disk changed are set aside until the segment comes again.
        let segment = match Segment::parse(bytes, &Limits::STANDARD) {
            Ok(segment) => segment,
            Err(bad) => return Ok((None, Opened::Bad(bad))),
        };
        Ok(match self.signer(conn, &segment, &root)? {
            Ok(who) => (Some(segment.signer()), self.open(segment, &who)),
            Err(bad) => (None, Opened::Bad(bad)),
        })
    }

    /// Checks the signature of a segment and opens it, where its key is here.
    pub(super) fn open(&self, segment: Segment<'_>, who: &Signed) -> Opened {
        let place = (segment.header().stream, segment.header().epoch);
        let segment = match segment.verify_from(who) {
            Ok(segment) => segment,
            Err(bad) => return Opened::Bad(bad),
        };
        let Some(key) = self.keys.opens(&place.0, place.1) else { return Opened::Keyless };
        let read = || {
            let mut changes = Vec::new();
            for block in segment.open(&key, &Limits::STANDARD)? {
                changes.extend(Block::decode(&block, &Limits::STANDARD)?.changes().map(|c| c.to_owned()));
            }
            Ok(changes)
        };
        read().map_or_else(Opened::Bad, |changes| Opened::Changes(changes, who.county))
    }
}

/// What came out of a segment.
pub(super) enum Opened {
    /// Its changes, and whether a PC of the county signed it.
    Changes(Vec<Change>, bool),
    /// Its key has not come yet.
    Keyless,
    Bad(Bad),
}

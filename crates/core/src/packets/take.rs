//! Taking in: whether a packet is for this office, what its head tells, and its segments, which go the same way as those of
//! the line.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{
    Limits, RecordId, Segment, Stream,
    checkpoint::Part,
    keys::{CertId, Identity, chain_from_cbor},
    packet::{BlobPiece, End, Head, Header},
    planted,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{blobs, federation, gaps, name_of, numbers, peers, signed};
use crate::{
    fault::Fault,
    office::{Caller, Changed, Office, View},
    store::{self, Moment, Received, memory::Memory, versions::damaged},
    words::Say,
};

/// A packet that this office takes in.
pub struct Incoming {
    /// What its head says; believed.
    pub header: Header,
    /// Name of the office that made it.
    pub name: Say,
    maker: Identity,
}

impl Incoming {
    /// Whether an end was written by the maker of the head.
    #[must_use]
    pub fn ends(&self, end: &End) -> bool {
        end.verify(&self.maker).is_ok()
    }
}

/// A packet that lies somewhere and that this office could take in.
pub struct Seen {
    /// Name of the office that made it.
    pub name: Say,
    /// Whether this part of it has come already.
    pub here: bool,
}

/// What a packet brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Came {
    /// Segments that were new.
    pub segments: u64,
    /// Changes that were new.
    pub changes: u64,
    /// Segments that were here already.
    pub had: u64,
    /// Segments kept aside because they cannot be used.
    pub quarantined: u64,
    /// Segments that wait for an earlier one.
    pub waiting: u64,
    /// Pictures that are whole now.
    pub blobs: u64,
}

/// How a packet stands after it was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Parts that have come, now or before.
    pub present: Vec<u32>,
    /// Parts that have not.
    pub missing: Vec<u32>,
    /// New changes that all its parts have brought so far.
    pub changes: u64,
    /// Earlier packets of the same PC that never came and are not covered by a receipt; at most a hundred are named.
    pub missing_numbers: Vec<u64>,
    /// Whether everything is here now that the maker held and this office may read.
    pub complete: bool,
}

impl Office {
    /// Looks at the head of a packet and notes what it tells: what the maker holds, and which packets of this PC have come.
    ///
    /// # Errors
    /// `alone`, `packet_stranger`, `packet_not_for_us`, `packet_own`, `packet_damaged`, or the store's own.
    pub fn packet_open(&self, head: &Head, wall: i64) -> Result<Incoming, Fault> {
        let (incoming, own) = self.believed(head)?;
        self.note(&incoming, own, wall)?;
        Ok(incoming)
    }

    /// Whether this office could take in a packet, and whether it has; `None` for what is not for it. Nothing is noted.
    ///
    /// # Errors
    /// The store's own.
    pub fn packet_seen(&self, head: &Head) -> Result<Option<Seen>, Fault> {
        let incoming = match self.believed(head) {
            Ok((incoming, _)) => incoming,
            Err(refused) if refused.code == "alone" || refused.code.starts_with("packet_") => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let Incoming { header, name, .. } = incoming;
        let here = self.store.read(|conn| {
            let mut part = conn.prepare_cached("SELECT 1 FROM packet_part WHERE packet = ?1 AND part = ?2")?;
            Ok(part.exists(params![header.id.0, header.part])?)
        })?;
        Ok(Some(Seen { name, here }))
    }

    /// What a head says, once it is known to come from this county and to be for this office; and this PC's certificate.
    fn believed(&self, head: &Head) -> Result<(Incoming, Option<CertId>), Fault> {
        let claims = head.claims();
        let county = federation(self.identity())?;
        let keys = self.keys();
        let root = keys.root.ok_or_else(|| damaged("root"))?;
        if claims.county != county {
            return Err(stranger());
        }
        let maker = head.verify(&root).map_err(|bad| stranger().because(bad))?;
        let own = chain_from_cbor(&keys.chain).map_err(damaged)?.last().map(niangjia_replication::keys::Cert::id);
        if own == Some(maker.cert) {
            return Err(Fault::new(
                "packet_own",
                "这个数据包是本机自己导出的，不用在本机接收，没有做任何改动。请把它带给收件的办公室。",
                "This packet was made on this very PC; nothing was changed. Take it to its addressee.",
            ));
        }
        if claims.to != self.identity().office {
            let whom = self.named(claims.to)?;
            return Err(Fault::say(
                "packet_not_for_us",
                Say::owned(
                    format!("这个数据包是给{}的，不是给本办公室的，没有接收。请交给{}。", whom.zh, whom.zh),
                    format!(
                        "This packet is for {}, not for this office, and was not taken in. Please hand it on.",
                        whom.en
                    ),
                ),
            ));
        }
        Ok((Incoming { header: claims.clone(), name: self.named(claims.from)?, maker }, own))
    }

    fn named(&self, office: RecordId) -> Result<Say, Fault> {
        let memory = self.store.memory();
        self.store.read(|conn| {
            let view = View { office: self, conn, memory: &memory, clerk: office, wall: 0 };
            name_of(&view, office)
        })
    }

    /// Head, receipts and what the maker holds, in one transaction.
    fn note(&self, incoming: &Incoming, own: Option<CertId>, wall: i64) -> Result<(), Fault> {
        let Incoming { header, maker, .. } = incoming;
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let mut memory = (*self.store.memory()).clone();
        let inc = memory.number(&tx, header.chain.0)?;
        tx.prepare_cached(
            "INSERT OR IGNORE INTO packet_in (id, office, cert, inc, number, since, parts, made, came, segments, changes, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 0)",
        )?
        .execute(params![
            header.id.0,
            header.from.0,
            maker.cert.0,
            inc,
            signed(header.number),
            signed(header.since),
            header.of,
            header.made,
            wall
        ])?;
        let newest = peers::note(&tx, &mut memory, maker, header, &self.streams())?;
        for receipt in header.receipts.iter().filter(|receipt| Some(receipt.device) == own) {
            let Some(inc) = memory.known_number(receipt.chain.0) else { continue };
            for (first, last) in &receipt.numbers {
                tx.prepare_cached(
                    "UPDATE packet_out SET acknowledged = ?5 WHERE office = ?1 AND inc = ?2 AND number BETWEEN ?3 AND ?4 AND acknowledged IS NULL",
                )?
                .execute(params![header.from.0, inc, signed(*first), signed(*last), wall])?;
            }
        }
        blobs::note_head(&tx, header, newest)?;
        memory.load_received(&tx)?;
        tx.commit()?;
        self.store.swap(memory);
        Ok(())
    }

    /// Takes segments of a packet, each on the same way as one that came over the line. What this office may not read is
    /// passed over. What came is added to `came`, and to the packet's line in the list.
    ///
    /// # Errors
    /// The store's own; then nothing of these was taken.
    pub fn packet_take(
        &self,
        incoming: &Incoming,
        segments: Vec<Vec<u8>>,
        mut moment: Moment,
        came: &mut Came,
    ) -> Result<Changed, Fault> {
        let mut by_stream: BTreeMap<Stream, Vec<Vec<u8>>> = BTreeMap::new();
        for bytes in segments {
            // One of a newer version cannot be looked into; it is kept aside with the office's own until the upgrade.
            let stream = Segment::parse(&bytes, &Limits::STANDARD)
                .map(|s| s.header().stream)
                .or_else(|_| Part::parse(&bytes, &Limits::STANDARD).map(|p| p.header().stream))
                .unwrap_or(self.own_stream());
            by_stream.entry(stream).or_default().push(bytes);
        }
        let mut changed = Changed::default();
        // The streams first in which keys of others are told.
        let mut by_stream: Vec<_> = by_stream.into_iter().collect();
        by_stream.sort_by_key(|(stream, _)| (*stream != Stream::County, *stream != self.own_stream()));
        for (stream, segments) in by_stream {
            // Asked for each: what came before may have told a county PC of a new office.
            if !self.may_read(&stream) {
                continue;
            }
            let (Received { segments, changes, bytes, quarantined, gaps, known, keyless: _ }, more) =
                self.receive(&stream, &segments, moment.part())?;
            came.segments += segments;
            came.changes += changes;
            came.had += known;
            came.quarantined += quarantined;
            came.waiting += gaps;
            for kind in more.kinds {
                if !changed.kinds.contains(&kind) {
                    changed.kinds.push(kind);
                }
            }
            self.store.write().execute(
                "UPDATE packet_in SET segments = segments + ?2, changes = changes + ?3, bytes = bytes + ?4 WHERE id = ?1",
                params![incoming.header.id.0, signed(segments), signed(changes), signed(bytes)],
            )?;
        }
        Ok(changed)
    }

    /// Takes a piece of a blob. One that no record names is passed over, and asked for in the next packet that goes back: what
    /// names it may wait for something that came in no packet yet.
    ///
    /// # Errors
    /// The store's own.
    pub fn packet_blob(&self, incoming: &Incoming, piece: &BlobPiece, came: &mut Came) -> Result<(), Fault> {
        let (address, range) = (piece.outline.address(), piece.outline.range(piece.at));
        let last = range.end == piece.outline.length();
        let note = |holds| blobs::peer(&self.store.write(), incoming.header.from, address, holds);
        if !self.store.read(|conn| blobs::known(conn, address))? {
            return if last { note(blobs::Holds::AndBroughtEarly) } else { Ok(()) };
        }
        let begun = self.blob_begun(&piece.outline)?;
        let had = self.blob_file(address).is_file();
        // The line may have brought a part of it before.
        if !had && range.contains(&begun) {
            let put = self.blob_put(&piece.outline, begun, &piece.bytes[begun - range.start..])?;
            came.blobs += u64::from(put.whole);
        }
        if last { note(blobs::Holds::Yes) } else { Ok(()) }
    }

    /// Notes that a part came whole; with the last one the packet did, and the next packet to its maker carries the receipt.
    ///
    /// # Errors
    /// The store's own.
    pub fn packet_part(&self, incoming: &Incoming, part: u32, wall: i64) -> Result<(), Fault> {
        let (conn, id) = (self.store.write(), incoming.header.id.0);
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        tx.execute("INSERT OR IGNORE INTO packet_part (packet, part) VALUES (?1, ?2)", params![id, part])?;
        tx.execute(
            "UPDATE packet_in SET whole = ?2 WHERE id = ?1 AND whole IS NULL
             AND (parts = (SELECT count(*) FROM packet_part WHERE packet = ?1) OR ?3)",
            params![id, wall, planted!("a packet is receipted with its first part")],
        )?;
        tx.commit()?;
        Ok(())
    }

    /// Writes the act into the audit and says how the packet stands.
    ///
    /// # Errors
    /// The store's own.
    pub fn packet_taken(&self, incoming: &Incoming, came: &Came, caller: Caller) -> Result<(Summary, Changed), Fault> {
        let header = &incoming.header;
        let (_, changed) = self.act("packets.import", caller, |desk| {
            desk.note.record = Some(header.id);
            desk.note.count = Some(usize::try_from(came.changes).unwrap_or(usize::MAX));
            desk.note.reason = Some(format!("{} ← {}", header.number, incoming.name.zh));
            Ok(())
        })?;
        let memory = self.store.memory();
        let summary = self.store.read(|conn| {
            let mut parts = conn.prepare_cached("SELECT part FROM packet_part WHERE packet = ?1 ORDER BY part")?;
            let present: Vec<u32> = parts.query_map([header.id.0], |r| r.get(0))?.collect::<Result<_, _>>()?;
            let missing = (1..=header.of).filter(|part| !present.contains(part)).collect();
            let changes: i64 = conn
                .prepare_cached("SELECT changes FROM packet_in WHERE id = ?1")?
                .query_row([header.id.0], |r| r.get(0))?;
            Ok(Summary {
                present,
                missing,
                changes: changes.unsigned_abs(),
                missing_numbers: missing_numbers(conn, incoming.maker.cert, memory.known_number(header.chain.0))?,
                complete: self.has_all(conn, &memory, header)?,
            })
        })?;
        Ok((summary, changed))
    }

    /// Whether every head that the maker holds of a stream that this office reads is held here.
    fn has_all(&self, conn: &Connection, memory: &Memory, header: &Header) -> Result<bool, Fault> {
        let readable = self.streams();
        for (stream, frontier) in header.holds.iter().filter(|(stream, _)| readable.contains(stream)) {
            let stream = memory.known_stream(stream);
            for (chain, heads) in frontier.chains() {
                let (Some(stream), Some(chain)) = (stream, memory.known_number(chain.0)) else { return Ok(false) };
                for head in heads {
                    if !store::holds(conn, stream, chain, head)? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

/// Numbers of one PC's packets that never came here: above those of which it has had a receipt, below the newest.
pub(super) fn missing_numbers(conn: &Connection, maker: CertId, inc: Option<i64>) -> Result<Vec<u64>, Fault> {
    let newest: Option<(i64, i64)> = conn
        .prepare_cached(
            "SELECT number, since FROM packet_in WHERE cert = ?1 AND inc = ?2 ORDER BY number DESC LIMIT 1",
        )?
        .query_row(params![maker.0, inc], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let Some((last, since)) = newest else { return Ok(Vec::new()) };
    let there: BTreeSet<u64> = numbers(
        conn,
        "SELECT number FROM packet_in WHERE cert = ?1 AND inc = ?2 AND number >= ?3",
        &[&maker.0, &inc, &since],
    )?
    .into_iter()
    .collect();
    Ok(gaps(since.unsigned_abs(), last.unsigned_abs(), &there))
}

fn stranger() -> Fault {
    Fault::new(
        "packet_stranger",
        "这个数据包不是本县总工会系统里的电脑导出的，没有接收，本机没有任何改动。请核对U盘和来源；入网数据包（.njinvite）请在新装的电脑上使用。",
        "This packet was not made by a PC of this county; it was not taken in and nothing was changed. Check the stick and where it came from.",
    )
}

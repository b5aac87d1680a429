//! Sending: for whom a packet is, what goes in, its number and its head.

use std::collections::BTreeMap;

use niangjia_replication::{
    Frontier, Incarnation, RecordId, Stream,
    blob::Outline,
    keys::{Cert, CertId, Signer, chain_from_cbor},
    packet::{self, BlobPiece, Header, Receipt},
    planted,
};
use rand_chacha::ChaCha20Rng;
use rusqlite::{Connection, params};

use super::{Load, blobs, federation, name_of, numbers, peers, runs, signed, unsigned};
use crate::{
    fault::Fault,
    office::{Caller, Changed, Office, View},
    store::{self, Piece, memory::Memory, versions::damaged},
    words::Say,
};

/// For whom a packet is: any PC of this office; of the maker's own office any other PC.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// The office.
    pub office: RecordId,
    /// Its name.
    pub name: Say,
    /// Administrative code, `county` or `device`: for the suggested name of the file.
    pub code: String,
    /// It gets also what it is known to have.
    pub whole: bool,
}

/// A packet on its way into files.
pub struct Outgoing {
    /// For whom.
    pub to: Addressee,
    /// Its number.
    pub number: u64,
    /// Changes in it.
    pub changes: u64,
    header: Header,
    pieces: Vec<Piece>,
    /// Pieces of blobs, behind the segments.
    blobs: Vec<(Outline, usize)>,
    signer: Signer,
    certs: Vec<Cert>,
}

impl Outgoing {
    /// Bytes of each segment and then of each piece of a blob that goes in, in their order.
    #[must_use]
    pub fn sizes(&self) -> Vec<u64> {
        let blobs = self.blobs.iter().map(|(outline, at)| BlobPiece::size(outline, *at) as u64);
        self.pieces.iter().map(|piece| piece.bytes).chain(blobs).collect()
    }

    /// How many segments and pieces go into each part of at most `most` bytes. A blob goes into one part as a whole: its pieces
    /// are put down one behind the other, and parts come in any order.
    #[must_use]
    pub fn plan(&self, most: u64) -> Vec<usize> {
        let blobs = self.blobs.chunk_by(|(one, _), (next, _)| one.address() == next.address());
        let blobs =
            blobs.map(|all| (all.len(), all.iter().map(|(outline, at)| BlobPiece::size(outline, *at) as u64).sum()));
        let whole: Vec<(usize, u64)> = self.pieces.iter().map(|piece| (1, piece.bytes)).chain(blobs).collect();
        let sizes: Vec<u64> = whole.iter().map(|(_, bytes)| *bytes).collect();
        let mut rest = whole.into_iter();
        let parts = packet::split(&sizes, most).into_iter();
        parts.map(|count| rest.by_ref().take(count).map(|(pieces, _)| pieces).sum()).collect()
    }

    /// Blobs that go in.
    #[must_use]
    pub fn blobs(&self) -> u64 {
        self.blobs.iter().filter(|(_, at)| *at == 0).count() as u64
    }

    /// Segments that go in.
    #[must_use]
    pub fn segments(&self) -> u64 {
        self.pieces.len() as u64
    }

    /// With what the parts are signed.
    #[must_use]
    pub fn signer(&self) -> (&Signer, &[Cert]) {
        (&self.signer, &self.certs)
    }

    /// The head of one part (from 1) that holds the segments and pieces in `range`.
    #[must_use]
    pub fn head(&self, part: u32, of: u32, range: std::ops::Range<usize>) -> Header {
        let sizes = self.sizes();
        let segments = range.end.min(self.pieces.len()).saturating_sub(range.start);
        Header {
            part,
            of,
            segments: u32::try_from(segments).unwrap_or(u32::MAX),
            pieces: u32::try_from(range.len() - segments).unwrap_or(u32::MAX),
            bytes: sizes[range].iter().sum(),
            ..self.header.clone()
        }
    }
}

impl Office {
    /// Finds out who is meant: `county`, `device` (another PC of this office), or an office by id, code or name.
    ///
    /// # Errors
    /// `alone`, `addressee_unknown`.
    pub fn addressee(&self, to: &str) -> Result<Addressee, Fault> {
        let (to, own) = (to.trim(), self.identity().office);
        let federation = federation(self.identity())?;
        let memory = self.store.memory();
        self.store.read(|conn| {
            let view = View { office: self, conn, memory: &memory, clerk: own, wall: 0 };
            let addressee = |office: RecordId, code: &str| {
                let code = if office == own { "device" } else { code };
                Ok(Addressee { office, name: name_of(&view, office)?, code: code.to_owned(), whole: false })
            };
            match to {
                "device" => return addressee(own, "device"),
                "county" => return addressee(federation, "county"),
                _ => {}
            }
            if to == federation.to_string() {
                return addressee(federation, "county");
            }
            let meant: Vec<_> = crate::organisations::offices_named(&view)?
                .into_iter()
                .filter(|(id, name, code)| id.to_string() == to || name == to || code == to)
                .collect();
            match meant.as_slice() {
                [(id, _, code)] => addressee(*id, code),
                _ => Err(Fault::new(
                    "addressee_unknown",
                    "没有找到收件的办公室，没有导出。可以填“county”（县总工会）、“device”（本单位另一台电脑），或对方的全称、行政区划代码。",
                    "The addressee was not found and nothing was written. Use `county`, `device` (another PC of this office), or the full name or code of an office.",
                )
                .because(meant.len())),
            }
        })
    }

    /// Gives a packet its number, writes the act into the audit, seals what waits, and finds what goes in.
    ///
    /// # Errors
    /// The store's own; then there is no such packet.
    pub fn packet(
        &self,
        to: Addressee,
        load: Load,
        caller: Caller,
        rng: &mut ChaCha20Rng,
    ) -> Result<(Outgoing, Changed), Fault> {
        let county = federation(self.identity())?;
        let made = caller.moment.wall;
        let ((id, number, chain), changed) = self.act("packets.export", caller, |desk| {
            let own = desk.act.memory.own;
            // A packet whose files were never finished was seen by nobody: its number is free again.
            desk.act.conn.execute("DELETE FROM packet_out WHERE parts = 0", [])?;
            let number: i64 = desk.act.conn.query_row(
                "SELECT coalesce(max(number), 0) + 1 FROM packet_out WHERE office = ?1 AND inc = ?2",
                params![to.office.0, own],
                |r| r.get(0),
            )?;
            let id = desk.act.new_id();
            desk.act.conn.execute(
                "INSERT INTO packet_out (id, office, inc, number, parts, segments, changes, bytes, made) VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, ?5)",
                params![id.0, to.office.0, own, number, made],
            )?;
            desk.note.record = Some(id);
            desk.note.reason = Some(format!("{number} → {}", to.name.zh));
            Ok((id, unsigned(number), desk.act.memory.incarnation(own)?))
        })?;
        self.seal(rng)?;
        let keys = self.keys();
        let certs = chain_from_cbor(&keys.chain).map_err(damaged)?;
        let cert = certs.last().ok_or_else(|| damaged("certificates"))?.id();
        let holds: Vec<(Stream, Frontier)> =
            self.frontiers()?.into_iter().filter(|(s, _)| goes(s, &to, county)).collect();
        let memory = self.store.memory();
        let (pieces, blobs, wants, since, receipts) = self.store.read(|conn| {
            let mut pieces = Vec::new();
            let theirs = held_by(conn, &memory, &to, county)?;
            for (stream, _) in &holds {
                let Some(stream) = memory.known_stream(stream) else { continue };
                let theirs = theirs.get(&stream).cloned().unwrap_or_default();
                pieces.extend(store::pieces(conn, &memory, stream, &theirs, to.office == county)?);
            }
            let streams: Vec<i64> = holds.iter().filter_map(|(stream, _)| memory.known_stream(stream)).collect();
            let going = blobs::going(conn, &streams, to.office, load)?;
            let wants = blobs::wants(conn, &streams, to.office)?;
            let since = numbers(
                conn,
                "SELECT coalesce(max(number), 0) FROM packet_out WHERE office = ?1 AND inc = ?2 AND acknowledged IS NOT NULL",
                &[&to.office.0, &memory.own],
            )?;
            Ok((pieces, going, wants, since.into_iter().max().unwrap_or(0), receipts(conn, &memory, to.office)?))
        })?;
        let header = Header {
            id,
            county,
            from: self.identity().office,
            chain,
            to: to.office,
            number,
            since,
            part: 1,
            of: 1,
            made,
            segments: 0,
            pieces: 0,
            bytes: 0,
            holds,
            receipts,
            wants,
        };
        let changes = pieces.iter().map(|piece| piece.changes).sum();
        let signer = Signer { key: keys.device, cert };
        let blobs = blobs
            .into_iter()
            .filter(|outline| self.blob_file(outline.address()).is_file())
            .flat_map(|outline| (0..outline.pieces()).map(move |at| (outline.clone(), at)))
            .collect();
        Ok((Outgoing { to, number, changes, header, pieces, blobs, signer, certs }, changed))
    }

    /// The bytes of one segment of a packet.
    ///
    /// # Errors
    /// The store's own.
    pub fn packet_segment(&self, packet: &Outgoing, at: usize) -> Result<Vec<u8>, Fault> {
        let piece = packet.pieces.get(at).ok_or_else(|| damaged("segment of a packet"))?;
        self.store.read(|conn| store::bytes(conn, piece))
    }

    /// One piece of a blob of a packet, by its place behind the segments.
    ///
    /// # Errors
    /// The disk's own.
    pub fn packet_piece(&self, packet: &Outgoing, at: usize) -> Result<BlobPiece, Fault> {
        let (outline, piece) = packet.blobs.get(at).ok_or_else(|| damaged("piece of a packet"))?;
        let range = outline.range(*piece);
        let bytes = self.blob_slice(outline.address(), range.start, range.len())?;
        // Bytes that went bad on this disk would spoil the whole packet for its addressee.
        outline.verify(*piece, &bytes).map_err(|bad| crate::blobs::spoilt().because(bad))?;
        Ok(BlobPiece { outline: outline.clone(), at: *piece, bytes })
    }

    /// Notes that the files of a packet are written.
    ///
    /// # Errors
    /// The store's own.
    pub fn packet_made(&self, packet: &Outgoing, parts: u32) -> Result<(), Fault> {
        let conn = self.store.write();
        self.catch_up(&conn)?;
        let bytes: u64 = packet.sizes().iter().sum();
        blobs::note_sent(&conn, packet.header.id, packet.blobs.iter().map(|(outline, _)| outline.address()))?;
        conn.execute(
            "UPDATE packet_out SET parts = ?2, segments = ?3, changes = ?4, bytes = ?5 WHERE id = ?1",
            params![
                packet.header.id.0,
                parts,
                signed(packet.pieces.len() as u64),
                signed(packet.changes),
                signed(bytes)
            ],
        )?;
        Ok(())
    }
}

/// Whether a stream goes into packets for this addressee: never what its devices may not read.
pub(super) fn goes(stream: &Stream, to: &Addressee, county: RecordId) -> bool {
    stream.read_by(to.office, to.office == county)
}

/// What the addressee holds, by stream, as far as is known.
pub(super) fn held_by(
    conn: &Connection,
    memory: &Memory,
    to: &Addressee,
    county: RecordId,
) -> Result<BTreeMap<i64, Frontier>, Fault> {
    if to.whole {
        return Ok(BTreeMap::new());
    }
    if planted!("a packet that left has arrived")
        && conn.prepare_cached("SELECT 1 FROM packet_out WHERE office = ?1 AND parts > 0")?.exists([to.office.0])?
    {
        return memory.heads.keys().map(|(of, _)| Ok((*of, store::frontier(conn, memory, *of)?))).collect();
    }
    if let Some(theirs) = peers::common(conn, memory, to.office)? {
        return Ok(theirs);
    }
    let mut theirs = BTreeMap::new();
    if to.office == county && to.code == "county" {
        let streams: std::collections::BTreeSet<i64> = memory.heads.keys().map(|(stream, _)| *stream).collect();
        for stream in streams {
            theirs.insert(stream, peers::confirmed(conn, memory, stream)?);
        }
    }
    Ok(theirs)
}

/// Which packets of the addressee's devices have come whole.
fn receipts(conn: &Connection, memory: &Memory, office: RecordId) -> Result<Vec<Receipt>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT cert, inc, number FROM packet_in WHERE office = ?1 AND whole IS NOT NULL ORDER BY cert, inc, number",
    )?;
    let mut by_device: BTreeMap<([u8; 32], i64), Vec<u64>> = BTreeMap::new();
    let mut rows = statement.query([office.0])?;
    while let Some(row) = rows.next()? {
        by_device.entry((row.get(0)?, row.get(1)?)).or_default().push(unsigned(row.get(2)?));
    }
    by_device
        .into_iter()
        .map(|((cert, inc), numbers)| {
            let chain: Incarnation = memory.incarnation(inc)?;
            Ok(Receipt { device: CertId(cert), chain, numbers: runs(numbers) })
        })
        .collect()
}

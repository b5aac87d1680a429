//! Packets (`.njpack`): the frames of the wire in a file, for a stick. One head that is signed, frames, one end that is signed.
//!
//! A packet is one part or several. Bytes of a part: `"njpacket" ‖ frame(head) ‖ frame(segment)… ‖ frame(piece)… ‖ 00000000 ‖ frame(end)`,
//! a frame being what [`crate::wire::put_frame`] writes. Segments are the same bytes as on the line, so whatever a packet
//! brings may have come by another road already. The head names offices by their ids and holds no name and no person; who
//! finds a stick learns what a hub knows. Every part stands for itself: it has the whole head, and an end with the digest
//! of all that goes before, so what came whole is usable without the others.

use crate::bad::{Bad, Limits, within};
use crate::blob::Address;
use crate::cert::{Cert, CertId, Identity, verify_chain};
use crate::change::{Incarnation, RecordId};
use crate::cose::{Signed, cose_sign};
use crate::frontier::Frontier;
use crate::keys::{Signer, VerifyingKey};
use crate::stream::Stream;

mod blob;
mod head;
mod reader;

pub use blob::BlobPiece;
pub use reader::{Item, Reader};

/// How every part begins.
pub const MAGIC: [u8; 8] = *b"njpacket";
/// Bytes of a part unless the clerk wishes otherwise; a larger single segment still goes whole.
pub const PART: u64 = 64 << 20;
/// The smallest and the largest size of a part that may be asked for: a FAT32 stick takes no file of 4 GiB.
pub const PART_RANGE: (u64, u64) = (4 << 10, (4 << 30) - 1);
/// Parts of one packet.
pub const PARTS: u32 = 10_000;

const VERSION: u64 = crate::FORMAT as u64;
pub(crate) const HEAD: &[u8] = b"niangjia packet head";
const END: &[u8] = b"niangjia packet end";
/// Bytes of a head and of an end that are read.
const LARGEST_HEAD: usize = 1 << 20;
const LARGEST_END: usize = 1 << 10;
/// Streams of one head, blobs wanted, devices whose packets are receipted, and runs of numbers of each.
pub const MOST: usize = 4096;

/// What a packet says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Random; the same in all its parts.
    pub id: RecordId,
    /// The county federation of both sides.
    pub county: RecordId,
    /// The office of the device that made it.
    pub from: RecordId,
    /// The incarnation that made it: `number` counts for it and the addressee.
    pub chain: Incarnation,
    /// The office that it is for, any of its PCs; the maker's own office means another of its PCs.
    pub to: RecordId,
    /// From 1.
    pub number: u64,
    /// The highest number of which the maker has the addressee's receipt, 0 for none. What came before is needed no more.
    pub since: u64,
    /// Which part this is, from 1, and of how many.
    pub part: u32,
    pub of: u32,
    /// The maker's clock, milliseconds since 1970; for display only.
    pub made: i64,
    /// Segments of this part, pieces of blobs behind them, and bytes of both.
    pub segments: u32,
    pub pieces: u32,
    pub bytes: u64,
    /// What the maker holds of every stream that the addressee may read too.
    pub holds: Vec<(Stream, Frontier)>,
    /// Packets of the addressee that have come whole.
    pub receipts: Vec<Receipt>,
    /// Blobs that records name and that the maker lacks; the first some thousand of them.
    pub wants: Vec<Address>,
}

/// Which packets of one device have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The device that made them, and its incarnation.
    pub device: CertId,
    pub chain: Incarnation,
    /// Runs of numbers, first and last, in order and apart from one another.
    pub numbers: Vec<(u64, u64)>,
}

/// A head as it was read: whole, because its signature fits the key that it brings, but not believed yet.
#[derive(Debug, Clone)]
pub struct Head {
    header: Header,
    signer: CertId,
    certs: Vec<Cert>,
}

impl Head {
    /// What it claims, for a kind refusal; not to be acted on before [`Head::verify`].
    #[must_use]
    pub fn claims(&self) -> &Header {
        &self.header
    }

    /// Who made the packet, by the certificates that it brings.
    ///
    /// # Errors
    /// [`Bad::Untrusted`] and [`Bad::Signature`] when they do not lead from this root to a device of the office that it names.
    pub fn verify(&self, root: &VerifyingKey) -> Result<Identity, Bad> {
        let who = verify_chain(&self.certs, root)?;
        if who.cert != self.signer || who.office != self.header.from {
            return Err(Bad::Untrusted("another device than the maker"));
        }
        Ok(who)
    }
}

/// The end of a part: all of it came, if the maker's signature holds.
#[derive(Debug, Clone)]
pub struct End {
    signer: CertId,
    signed: Vec<u8>,
    signature: [u8; 64],
}

impl End {
    /// # Errors
    /// [`Bad::Signature`] when another than the maker of the head wrote it.
    pub fn verify(&self, maker: &Identity) -> Result<(), Bad> {
        if self.signer != maker.cert {
            return Err(Bad::Untrusted("another device than the maker"));
        }
        maker.device_key.verify(&self.signed, &self.signature)
    }
}

/// How many pieces of these sizes go into each part of at most `most` bytes, in their order. One piece always goes, so
/// none is empty but the only one of a packet without pieces.
#[must_use]
pub fn split(sizes: &[u64], most: u64) -> Vec<usize> {
    // Any two neighbours are together larger than one part may be, so this keeps them below `PARTS`: rather larger ones
    // than wished for than more than a head can count.
    let most = most.max(sizes.iter().sum::<u64>() / u64::from(PARTS / 2 - 1));
    let (mut parts, mut count, mut bytes) = (Vec::new(), 0, 0);
    for size in sizes {
        if count > 0 && bytes + size > most {
            parts.push(count);
            (count, bytes) = (0, 0);
        }
        (count, bytes) = (count + 1, bytes + size);
    }
    if count > 0 || parts.is_empty() {
        parts.push(count);
    }
    parts
}

/// Writes one part: its beginning, its segments, its end, each into a buffer that the caller carries to the file.
pub struct Writer<'s> {
    signer: &'s Signer,
    header: Header,
    hash: blake3::Hasher,
    segments: u32,
    pieces: u32,
    bytes: u64,
}

impl<'s> Writer<'s> {
    /// `certs`: those of the signer, root side first.
    ///
    /// # Errors
    /// What a [`Reader`] would refuse.
    pub fn begin(header: Header, certs: &[Cert], signer: &'s Signer, out: &mut Vec<u8>) -> Result<Self, Bad> {
        header.check()?;
        let head = cose_sign(HEAD, Some(signer.cert), header.to_cbor(certs), &signer.key)?;
        within("head", head.len(), LARGEST_HEAD)?;
        let mut writer = Self { signer, header, hash: blake3::Hasher::new(), segments: 0, pieces: 0, bytes: 0 };
        let from = out.len();
        out.extend_from_slice(&MAGIC);
        crate::wire::put_frame(out, &head)?;
        writer.hash.update(&out[from..]);
        Ok(writer)
    }

    /// # Errors
    /// For more than a segment may be, or an empty one.
    pub fn segment(&mut self, segment: &[u8], out: &mut Vec<u8>) -> Result<(), Bad> {
        within("segment", segment.len(), Limits::STANDARD.segment())?;
        if segment.is_empty() {
            return Err(Bad::Truncated);
        }
        let from = out.len();
        crate::wire::put_frame(out, segment)?;
        self.hash.update(&out[from..]);
        self.segments += 1;
        self.bytes += segment.len() as u64;
        Ok(())
    }

    /// Behind all segments.
    ///
    /// # Errors
    /// For a frame of 4 GiB or more.
    pub fn piece(&mut self, piece: &BlobPiece, out: &mut Vec<u8>) -> Result<(), Bad> {
        let (from, frame) = (out.len(), piece.to_bytes());
        crate::wire::put_frame(out, &frame)?;
        self.hash.update(&out[from..]);
        self.pieces += 1;
        self.bytes += frame.len() as u64;
        Ok(())
    }

    /// # Errors
    /// [`Bad::Mismatch`] when other segments were written than the head declares.
    pub fn end(mut self, out: &mut Vec<u8>) -> Result<(), Bad> {
        let declared = (self.header.segments, self.header.pieces, self.header.bytes);
        if (self.segments, self.pieces, self.bytes) != declared {
            return Err(Bad::Mismatch("number of segments"));
        }
        out.extend_from_slice(&[0; 4]);
        self.hash.update(&[0; 4]);
        let payload = head::end_to_cbor(self.header.id, self.header.part, self.hash.finalize().as_bytes());
        crate::wire::put_frame(out, &cose_sign(END, Some(self.signer.cert), payload, &self.signer.key)?)
    }
}

#[cfg(test)]
mod tests;

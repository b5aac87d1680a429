//! Segments: a batch of changes of one device for one stream, signed and sealed. Never altered once made.
//!
//! Bytes: an envelope (`envelope.rs`) whose body holds blocks of changes. Relays check everything but the inside of the body.

use std::fmt;

use rand_core::CryptoRng;

use crate::bad::{Bad, Limits, within};
use crate::block;
use crate::cbor::{Reader, Writer};
use crate::cert::{Cert, CertId, Identity, verify_chain};
use crate::change::Incarnation;
use crate::envelope::{self, Envelope, Heading};
use crate::keys::{Signer, StreamKey, VerifyingKey};
use crate::planted;
use crate::stream::Stream;

pub use crate::envelope::{SUITE, VERSION};

pub(crate) const LEVEL: i32 = 3;
/// What a segment's byte strings are called.
const BLOCKS: &str = "blocks";

/// What everybody may read of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub stream: Stream,
    /// The device incarnation that wrote it.
    pub chain: Incarnation,
    /// Its number in the chain, from 1.
    pub seq: u64,
    /// The hash of number `seq - 1`; zeros for the first.
    pub prev: [u8; 32],
    /// Of the stream key that seals it.
    pub epoch: u32,
    /// How many changes it holds.
    pub changes: u32,
    /// Bytes of the sealed body.
    pub body_len: u32,
}

/// What a segment to be made is.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    pub stream: Stream,
    pub chain: Incarnation,
    pub seq: u64,
    pub prev: [u8; 32],
    /// The chain of certificates of the signer, root side first: carried by the first segment of a chain and by the
    /// first under a new certificate, so that whoever follows the chain can check it without asking. Else empty.
    pub certs: &'a [Cert],
}

/// A finished segment.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    pub bytes: Vec<u8>,
    /// BLAKE3 of `bytes`.
    pub hash: [u8; 32],
    pub header: Header,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} {} of {})", self.header.seq, self.header.stream, self.header.chain)
    }
}

impl Heading for Header {
    const PURPOSE: &'static [u8] = b"niangjia segment";
    const WHAT: &'static str = "segment";

    fn to_cbor(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(160);
        let w = &mut Writer(&mut out);
        w.array(9);
        w.uint(VERSION);
        w.uint(SUITE);
        w.text(&self.stream.to_string());
        w.bytes(&self.chain.0);
        w.uint(self.seq);
        w.bytes(&self.prev);
        w.uint(u64::from(self.epoch));
        w.uint(u64::from(self.changes));
        w.uint(u64::from(self.body_len));
        out
    }

    fn read(r: &mut Reader<'_>, limits: &Limits) -> Result<Self, Bad> {
        envelope::begin_header(r, 9..=9, "segment version", "a header has 9 parts")?;
        let header = Self {
            stream: r.text_within("stream", limits.name)?.parse()?,
            chain: Incarnation(r.bytes_of()?),
            seq: r.uint()?,
            prev: r.bytes_of()?,
            epoch: envelope::read_epoch(r)?,
            changes: r.uint_below("changes", u64::from(limits.changes) + 1)? as u32,
            body_len: envelope::read_body_len(r, limits)?,
        };
        header.check()?;
        Ok(header)
    }

    fn body_len(&self) -> u32 {
        self.body_len
    }

    fn epoch(&self) -> u32 {
        self.epoch
    }
}

impl Header {
    fn check(&self) -> Result<(), Bad> {
        match (self.seq, self.prev == [0; 32]) {
            (0, _) => Err(Bad::Form("segments count from 1")),
            (1, false) => Err(Bad::Form("the first segment follows none")),
            (2.., true) => Err(Bad::Form("a later segment names the one before")),
            _ => Ok(()),
        }
    }
}

/// Seals blocks into a segment under [`Limits::STANDARD`].
///
/// # Errors
/// What [`Segment::parse`] and [`Verified::open`] would refuse; [`Bad::TooBig`] asks for fewer changes.
pub fn seal(
    draft: &Draft<'_>,
    blocks: &[&[u8]],
    key: &StreamKey,
    signer: &Signer,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Sealed, Bad> {
    let limits = &Limits::STANDARD;
    let packed = envelope::pack(BLOCKS, blocks, LEVEL, limits)?;
    let header = Header {
        stream: draft.stream,
        chain: draft.chain,
        seq: draft.seq,
        prev: draft.prev,
        epoch: key.epoch(),
        changes: count(blocks, limits)?,
        body_len: envelope::body_len(&packed, limits)?,
    };
    header.check()?;
    let bytes = envelope::seal(&header, &packed, draft.certs, key, signer, rng)?;
    let hash = *blake3::hash(&bytes).as_bytes();
    Ok(Sealed { bytes, hash, header })
}

fn count<'b>(
    blocks: impl IntoIterator<Item = &'b (impl AsRef<[u8]> + 'b + ?Sized)>,
    limits: &Limits,
) -> Result<u32, Bad> {
    let mut changes = 0_usize;
    for block in blocks {
        changes = changes.saturating_add(block::declared(block.as_ref())? as usize);
        within("changes", changes, limits.changes as usize)?;
    }
    Ok(changes as u32)
}

/// A segment that was read but not yet believed.
pub struct Segment<'a> {
    bytes: &'a [u8],
    hash: [u8; 32],
    inner: Envelope<'a, Header>,
}

impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header { seq, stream, chain, .. } = self.header();
        write!(f, "Segment({seq} {stream} of {chain})")
    }
}

impl<'a> Segment<'a> {
    /// Reads a segment without opening it. Checks form, sizes, and that the body is the one signed for.
    ///
    /// # Errors
    /// Any other form or more than `limits`; [`Bad::Unknown`] for one of a newer version, which is to be kept.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, Bad> {
        Ok(Self { bytes, inner: Envelope::parse(bytes, limits)?, hash: *blake3::hash(bytes).as_bytes() })
    }

    #[must_use]
    pub fn header(&self) -> &Header {
        &self.inner.header
    }

    /// BLAKE3 of all its bytes: its name, and what the next of its chain names as `prev`.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The certificate of the device that signed it.
    #[must_use]
    pub fn signer(&self) -> CertId {
        self.inner.signer
    }

    /// The certificates that it carries, root side first; empty for most.
    #[must_use]
    pub fn certs(&self) -> &[Cert] {
        &self.inner.certs
    }

    /// Who signed, by the certificates that it carries itself. `None` when it carries none.
    ///
    /// # Errors
    /// [`Bad::Untrusted`] when they do not lead from this root to its signer.
    pub fn introduces(&self, root: &VerifyingKey) -> Result<Option<Identity>, Bad> {
        if self.certs().is_empty() {
            return Ok(None);
        }
        let identity = verify_chain(self.certs(), root)?;
        if identity.cert != self.signer() {
            return Err(Bad::Untrusted("another device than the signer"));
        }
        Ok(Some(identity))
    }

    /// Whether a key fits the body, whoever signed it.
    #[must_use]
    pub fn unlocks(&self, key: &StreamKey) -> bool {
        self.inner.unlocks(key)
    }

    /// Checks the signature. Only what this returns can be opened.
    ///
    /// # Errors
    /// [`Bad::Signature`].
    pub fn verify(self, key: &VerifyingKey) -> Result<Verified<'a>, Bad> {
        if !planted!("signature unchecked") {
            self.inner.check(key)?;
        }
        Ok(Verified(self))
    }

    /// Checks the signature, that the signer is `who`, and that it may write this stream.
    ///
    /// # Errors
    /// [`Bad::Signature`], [`Bad::Untrusted`].
    pub fn verify_from(self, who: &Identity) -> Result<Verified<'a>, Bad> {
        if self.signer() != who.cert {
            return Err(Bad::Untrusted("another device than the signer"));
        }
        if !who.may_write(&self.header().stream) && !planted!("anybody writes anywhere") {
            return Err(Bad::Untrusted("not a writer of this stream"));
        }
        self.verify(&who.device_key)
    }
}

/// A segment whose signature holds.
#[derive(Debug)]
pub struct Verified<'a>(Segment<'a>);

impl<'a> std::ops::Deref for Verified<'a> {
    type Target = Segment<'a>;

    fn deref(&self) -> &Segment<'a> {
        &self.0
    }
}

impl Verified<'_> {
    /// Opens the body: its blocks, to be read with [`crate::Block::decode`].
    ///
    /// # Errors
    /// [`Bad::Mismatch`] for a key of another epoch, [`Bad::Sealed`] for a wrong key, [`Bad::Unknown`] when a newer
    /// version wrote a block, and any other form or more than `limits`.
    pub fn open(&self, key: &StreamKey, limits: &Limits) -> Result<Vec<Vec<u8>>, Bad> {
        let plain = self.inner.open(key, limits)?;
        let blocks = envelope::strings(BLOCKS, &plain, limits)?;
        if count(&blocks, limits)? != self.header().changes {
            return Err(Bad::Mismatch("number of changes"));
        }
        Ok(blocks.into_iter().map(<[u8]>::to_vec).collect())
    }
}

#[cfg(test)]
mod tests;

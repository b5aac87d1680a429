//! Segments: a batch of changes of one device for one stream, signed and sealed. Never altered once made.
//!
//! Bytes: CBOR `[COSE_Sign1, body]`. The signed payload is `[header, BLAKE3 of the body, certificates]`, the protected
//! header names the signer's certificate. The body is `nonce (24) ‖ XChaCha20-Poly1305(zstd(CBOR [block…]))` with the
//! header as associated data. Relays check everything but the inside of the body.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;

use crate::bad::{Bad, Limits, within};
use crate::block;
use crate::cbor::{self, Reader, Writer};
use crate::cert::{Cert, CertId, Identity, read_chain, verify_chain};
use crate::change::Incarnation;
use crate::cose::{Signed, cose_sign};
use crate::keys::{Signer, StreamKey, VerifyingKey};
use crate::planted;
use crate::stream::Stream;

/// Of the format. 0 until cards and transfers stand, then frozen.
pub const VERSION: u64 = 0;
/// The one suite that is built: Ed25519, BLAKE3, zstd, XChaCha20-Poly1305.
pub const SUITE: u64 = 1;

const PURPOSE: &[u8] = b"niangjia segment";
pub(crate) const NONCE: usize = 24;
pub(crate) const LEVEL: i32 = 3;
/// zstd's window, as a power of two: what a frame may make its reader hold. 8 MiB, as the plain body.
const WINDOW: u32 = 23;

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

impl Header {
    fn to_cbor(self) -> Vec<u8> {
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
        let parts = r.array()?;
        match r.uint()? {
            VERSION if parts == 9 => {}
            VERSION => return Err(Bad::Form("a header has 9 parts")),
            number => return Err(Bad::Unknown { what: "segment version", number }),
        }
        match r.uint()? {
            SUITE => {}
            number => return Err(Bad::Unknown { what: "suite", number }),
        }
        let epoch_end = u64::from(u32::MAX) + 1;
        let header = Self {
            stream: r.text_within("stream", limits.name)?.parse()?,
            chain: Incarnation(r.bytes_of()?),
            seq: r.uint()?,
            prev: r.bytes_of()?,
            epoch: r.uint_below("epoch", epoch_end)? as u32,
            changes: r.uint_below("changes", u64::from(limits.changes) + 1)? as u32,
            body_len: r.uint_below("body", (limits.body as u64).min(u64::from(u32::MAX)) + 1)? as u32,
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), Bad> {
        match (self.seq, self.prev == [0; 32]) {
            (0, _) => Err(Bad::Form("segments count from 1")),
            (1, false) => Err(Bad::Form("the first segment follows none")),
            (2.., true) => Err(Bad::Form("a later segment names the one before")),
            _ => Ok(()),
        }
    }
}

impl Header {
    fn encrypt(&self, packed: &[u8], key: &StreamKey, nonce: [u8; NONCE]) -> Result<Vec<u8>, Bad> {
        let mut body = nonce.to_vec();
        let sealed = cipher(key)
            .encrypt(&XNonce::from(nonce), Payload { msg: packed, aad: &self.to_cbor() })
            .map_err(|_| Bad::Sealed)?;
        body.extend_from_slice(&sealed);
        Ok(body)
    }

    fn sign(&self, body: &[u8], certs: &[Cert], signer: &Signer, limits: &Limits) -> Result<Vec<u8>, Bad> {
        let mut payload = Vec::new();
        let w = &mut Writer(&mut payload);
        w.array(3);
        w.raw(&self.to_cbor());
        w.bytes(blake3::hash(body).as_bytes());
        w.array(certs.len());
        for cert in certs {
            w.bytes(cert.to_bytes());
        }
        let cose = cose_sign(PURPOSE, Some(signer.cert), payload, &signer.key)?;
        within("envelope", cose.len(), limits.envelope)?;
        let mut bytes = Vec::with_capacity(cose.len() + body.len() + 16);
        let w = &mut Writer(&mut bytes);
        w.array(2);
        w.raw(&cose);
        w.bytes(body);
        // The frame around both takes a few bytes more.
        within("segment", bytes.len(), limits.segment())?;
        Ok(bytes)
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
    let packed = pack(blocks, LEVEL, limits)?;
    let body_len = NONCE + packed.len() + 16;
    within("body", body_len, limits.body)?;
    let header = Header {
        stream: draft.stream,
        chain: draft.chain,
        seq: draft.seq,
        prev: draft.prev,
        epoch: key.epoch(),
        changes: count(blocks, limits)?,
        body_len: body_len as u32,
    };
    header.check()?;
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    let body = header.encrypt(&packed, key, nonce)?;
    let bytes = header.sign(&body, draft.certs, signer, limits)?;
    let hash = *blake3::hash(&bytes).as_bytes();
    Ok(Sealed { bytes, hash, header })
}

pub(crate) fn cipher(key: &StreamKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.secret().into())
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

pub(crate) fn pack(blocks: &[&[u8]], level: i32, limits: &Limits) -> Result<Vec<u8>, Bad> {
    within("blocks", blocks.len(), limits.changes as usize)?;
    let mut plain = Vec::with_capacity(blocks.iter().map(|b| b.len() + 9).sum::<usize>() + 9);
    let w = &mut Writer(&mut plain);
    w.array(blocks.len());
    for block in blocks {
        w.bytes(block);
    }
    within("plain body", plain.len(), limits.plain)?;
    zstd::bulk::compress(&plain, level).map_err(|_| Bad::Compressed)
}

pub(crate) fn unpack(packed: &[u8], limits: &Limits) -> Result<Vec<u8>, Bad> {
    // One frame that says how large it is, and nothing after it: what will be allocated is known before.
    let declared = zstd::zstd_safe::get_frame_content_size(packed).map_err(|_| Bad::Compressed)?;
    let size = usize::try_from(declared.ok_or(Bad::Compressed)?).unwrap_or(usize::MAX);
    within("plain body", size, limits.plain)?;
    if zstd::zstd_safe::find_frame_compressed_size(packed) != Ok(packed.len()) {
        return Err(Bad::Compressed);
    }
    let mut decompressor = zstd::bulk::Decompressor::new().map_err(|_| Bad::Compressed)?;
    decompressor.set_parameter(zstd::zstd_safe::DParameter::WindowLogMax(WINDOW)).map_err(|_| Bad::Compressed)?;
    let mut plain = Vec::with_capacity(size);
    decompressor.decompress_to_buffer(packed, &mut plain).map_err(|_| Bad::Compressed)?;
    if plain.len() == size { Ok(plain) } else { Err(Bad::Compressed) }
}

/// A segment that was read but not yet believed.
pub struct Segment<'a> {
    bytes: &'a [u8],
    header: Header,
    head: Vec<u8>,
    body: &'a [u8],
    hash: [u8; 32],
    signer: CertId,
    certs: Vec<Cert>,
    signed: Vec<u8>,
    signature: [u8; 64],
}

impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({} {} of {})", self.header.seq, self.header.stream, self.header.chain)
    }
}

impl<'a> Segment<'a> {
    /// Reads a segment without opening it. Checks form, sizes, and that the body is the one signed for.
    ///
    /// # Errors
    /// Any other form or more than `limits`; [`Bad::Unknown`] for one of a newer version, which is to be kept.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, Bad> {
        within("segment", bytes.len(), limits.segment())?;
        let r = &mut Reader::new(bytes);
        r.array_of(2)?;
        let cose = r.item(limits.depth)?;
        within("envelope", cose.len(), limits.envelope)?;
        let body = r.bytes()?;
        r.end()?;
        within("body", body.len(), limits.body)?;

        let cose = Signed::parse(PURPOSE, cose)?;
        let signer = cose.signer.ok_or(Bad::Form("no signer is named"))?;
        let r = &mut Reader::new(&cose.payload);
        r.array_of(3)?;
        let from = r.position();
        let header = Header::read(r, limits)?;
        let head = r.since(from).to_vec();
        let body_hash: [u8; 32] = r.bytes_of()?;
        let certs = read_chain(r)?;
        r.end()?;
        if header.body_len as usize != body.len() {
            return Err(Bad::Mismatch("length of the body"));
        }
        if blake3::hash(body) != body_hash {
            return Err(Bad::Mismatch("hash of the body"));
        }
        let hash = *blake3::hash(bytes).as_bytes();
        Ok(Self { bytes, header, head, body, hash, signer, certs, signed: cose.signed, signature: cose.signature })
    }

    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
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
        self.signer
    }

    /// The certificates that it carries, root side first; empty for most.
    #[must_use]
    pub fn certs(&self) -> &[Cert] {
        &self.certs
    }

    /// Who signed, by the certificates that it carries itself. `None` when it carries none.
    ///
    /// # Errors
    /// [`Bad::Untrusted`] when they do not lead from this root to its signer.
    pub fn introduces(&self, root: &VerifyingKey) -> Result<Option<Identity>, Bad> {
        if self.certs.is_empty() {
            return Ok(None);
        }
        let identity = verify_chain(&self.certs, root)?;
        if identity.cert != self.signer {
            return Err(Bad::Untrusted("another device than the signer"));
        }
        Ok(Some(identity))
    }

    /// Whether a key fits the body, whoever signed it.
    #[must_use]
    pub fn unlocks(&self, key: &StreamKey) -> bool {
        let Some((nonce, sealed)) = self.body.split_first_chunk::<NONCE>() else { return false };
        cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &self.head }).is_ok()
    }

    /// Checks the signature. Only what this returns can be opened.
    ///
    /// # Errors
    /// [`Bad::Signature`].
    pub fn verify(self, key: &VerifyingKey) -> Result<Verified<'a>, Bad> {
        if !planted!("signature unchecked") {
            key.verify(&self.signed, &self.signature)?;
        }
        Ok(Verified(self))
    }

    /// Checks the signature, that the signer is `who`, and that it may write this stream.
    ///
    /// # Errors
    /// [`Bad::Signature`], [`Bad::Untrusted`].
    pub fn verify_from(self, who: &Identity) -> Result<Verified<'a>, Bad> {
        if self.signer != who.cert {
            return Err(Bad::Untrusted("another device than the signer"));
        }
        if !who.may_write(&self.header.stream) && !planted!("anybody writes anywhere") {
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
        let segment = &self.0;
        if key.epoch() != segment.header.epoch {
            return Err(Bad::Mismatch("epoch of the key"));
        }
        let (nonce, sealed) = segment.body.split_first_chunk::<NONCE>().ok_or(Bad::Truncated)?;
        let packed = cipher(key)
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &segment.head })
            .map_err(|_| Bad::Sealed)?;
        let plain = unpack(&packed, limits)?;
        let r = &mut Reader::new(&plain);
        let n = r.array()?;
        within("blocks", n, limits.changes as usize)?;
        let mut blocks = Vec::with_capacity(n);
        for _ in 0..n {
            if r.major()? != cbor::BYTES {
                return Err(Bad::Form("a block is a byte string"));
            }
            blocks.push(r.bytes()?.to_vec());
        }
        r.end()?;
        if count(&blocks, limits)? != segment.header.changes {
            return Err(Bad::Mismatch("number of changes"));
        }
        Ok(blocks)
    }
}

#[cfg(test)]
mod tests;

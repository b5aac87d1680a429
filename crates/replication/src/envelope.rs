//! The envelope: a header that everybody may read and a sealed body, under one signature. Segments and parts of checkpoints
//! are such envelopes, each with a header of its own.
//!
//! Bytes: CBOR `[COSE_Sign1, body]`. The signed payload is `[header, BLAKE3 of the body, certificates]`, the protected header
//! names the signer's certificate. The body is `nonce (24) ‖ XChaCha20-Poly1305(zstd(CBOR [byte string…]))` with the header as
//! associated data.

use std::ops::RangeInclusive;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;

use crate::bad::{Bad, Limits, within};
use crate::cbor::{self, Reader, Writer};
use crate::cert::{Cert, CertId, read_chain};
use crate::cose::{Signed, cose_sign};
use crate::keys::{Signer, StreamKey, VerifyingKey};

const NONCE: usize = 24;
const TAG: usize = 16;
/// zstd's window, as a power of two: what a frame may make its reader hold. 8 MiB, as the plain body.
const WINDOW: u32 = 23;

/// The header of one kind of envelope.
pub(crate) trait Heading: Sized {
    /// What the signature is for; no other kind has the same.
    const PURPOSE: &'static [u8];
    /// What it is called when it is too large.
    const WHAT: &'static str;

    fn to_cbor(&self) -> Vec<u8>;

    /// # Errors
    /// Any other form, a number of a newer version, or more than `limits`.
    fn read(r: &mut Reader<'_>, limits: &Limits) -> Result<Self, Bad>;

    /// Bytes of the sealed body.
    fn body_len(&self) -> u32;

    /// Of the stream key that seals it.
    fn epoch(&self) -> u32;
}

/// Of segments and checkpoints.
pub const VERSION: u64 = crate::FORMAT as u64;
/// The one suite that is built: Ed25519, BLAKE3, zstd, XChaCha20-Poly1305.
pub const SUITE: u64 = 1;

/// The beginning of every header: how many parts, version, suite. Returns the number of parts.
///
/// # Errors
/// Another number of parts; [`Bad::Unknown`] for a newer version or another suite. `version` is what that is called then.
pub(crate) fn begin_header(
    r: &mut Reader<'_>,
    parts: RangeInclusive<usize>,
    version: &'static str,
    wrong: &'static str,
) -> Result<usize, Bad> {
    let there = r.array()?;
    match r.uint()? {
        VERSION if parts.contains(&there) => {}
        VERSION => return Err(Bad::Form(wrong)),
        number => return Err(Bad::Unknown { what: version, number }),
    }
    match r.uint()? {
        SUITE => Ok(there),
        number => Err(Bad::Unknown { what: "suite", number }),
    }
}

/// The epoch of a header.
pub(crate) fn read_epoch(r: &mut Reader<'_>) -> Result<u32, Bad> {
    Ok(r.uint_below("epoch", u64::from(u32::MAX) + 1)? as u32)
}

/// The length of a header's body.
pub(crate) fn read_body_len(r: &mut Reader<'_>, limits: &Limits) -> Result<u32, Bad> {
    Ok(r.uint_below("body", (limits.body as u64).min(u64::from(u32::MAX)) + 1)? as u32)
}

/// Bytes of the body that a packed plain text will have; the header names them.
///
/// # Errors
/// [`Bad::TooBig`].
pub(crate) fn body_len(packed: &[u8], limits: &Limits) -> Result<u32, Bad> {
    let length = NONCE + packed.len() + TAG;
    within("body", length, limits.body)?;
    u32::try_from(length).map_err(|_| Bad::Form("a body without a length"))
}

/// Seals and signs.
///
/// # Errors
/// What [`Envelope::parse`] would refuse.
pub(crate) fn seal<H: Heading>(
    header: &H,
    packed: &[u8],
    certs: &[Cert],
    key: &StreamKey,
    signer: &Signer,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, Bad> {
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    let head = header.to_cbor();
    let sealed =
        cipher(key).encrypt(&XNonce::from(nonce), Payload { msg: packed, aad: &head }).map_err(|_| Bad::Sealed)?;
    let mut body = nonce.to_vec();
    body.extend_from_slice(&sealed);
    signed::<H>(&head, &body, certs, signer)
}

/// Signs a header and its sealed body.
///
/// # Errors
/// [`Bad::TooBig`].
pub(crate) fn signed<H: Heading>(head: &[u8], body: &[u8], certs: &[Cert], signer: &Signer) -> Result<Vec<u8>, Bad> {
    let limits = &Limits::STANDARD;
    let mut payload = Vec::new();
    let w = &mut Writer(&mut payload);
    w.array(3);
    w.raw(head);
    w.bytes(blake3::hash(body).as_bytes());
    w.array(certs.len());
    for cert in certs {
        w.bytes(cert.to_bytes());
    }
    let cose = cose_sign(H::PURPOSE, Some(signer.cert), payload, &signer.key)?;
    within("envelope", cose.len(), limits.envelope)?;
    let mut bytes = Vec::with_capacity(cose.len() + body.len() + 16);
    let w = &mut Writer(&mut bytes);
    w.array(2);
    w.raw(&cose);
    w.bytes(body);
    // The frame around both takes a few bytes more.
    within(H::WHAT, bytes.len(), limits.segment())?;
    Ok(bytes)
}

/// An envelope that was read but not yet believed.
pub(crate) struct Envelope<'a, H> {
    pub(crate) header: H,
    head: Vec<u8>,
    body: &'a [u8],
    pub(crate) signer: CertId,
    pub(crate) certs: Vec<Cert>,
    signed: Vec<u8>,
    signature: [u8; 64],
}

impl<'a, H: Heading> Envelope<'a, H> {
    /// Checks form, sizes, and that the body is the one signed for.
    ///
    /// # Errors
    /// Any other form or more than `limits`; [`Bad::Unknown`] for one of a newer version.
    pub(crate) fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, Bad> {
        within(H::WHAT, bytes.len(), limits.segment())?;
        let r = &mut Reader::new(bytes);
        r.array_of(2)?;
        let cose = r.item(limits.depth)?;
        within("envelope", cose.len(), limits.envelope)?;
        let body = r.bytes()?;
        r.end()?;
        within("body", body.len(), limits.body)?;

        let cose = Signed::parse(H::PURPOSE, cose)?;
        let signer = cose.signer.ok_or(Bad::Form("no signer is named"))?;
        let r = &mut Reader::new(&cose.payload);
        r.array_of(3)?;
        let from = r.position();
        let header = H::read(r, limits)?;
        let head = r.since(from).to_vec();
        let body_hash: [u8; 32] = r.bytes_of()?;
        let certs = read_chain(r)?;
        r.end()?;
        if header.body_len() as usize != body.len() {
            return Err(Bad::Mismatch("length of the body"));
        }
        if blake3::hash(body) != body_hash {
            return Err(Bad::Mismatch("hash of the body"));
        }
        Ok(Self { header, head, body, signer, certs, signed: cose.signed, signature: cose.signature })
    }

    /// # Errors
    /// [`Bad::Signature`].
    pub(crate) fn check(&self, key: &VerifyingKey) -> Result<(), Bad> {
        key.verify(&self.signed, &self.signature)
    }

    /// Whether a key fits the body, whoever signed it.
    pub(crate) fn unlocks(&self, key: &StreamKey) -> bool {
        self.decrypted(key).is_ok()
    }

    /// The plain body, to be read with [`strings`].
    ///
    /// # Errors
    /// [`Bad::Mismatch`] for a key of another epoch, [`Bad::Sealed`] for a wrong key, more than `limits`.
    pub(crate) fn open(&self, key: &StreamKey, limits: &Limits) -> Result<Vec<u8>, Bad> {
        if key.epoch() != self.header.epoch() {
            return Err(Bad::Mismatch("epoch of the key"));
        }
        unpack(&self.decrypted(key)?, limits)
    }

    fn decrypted(&self, key: &StreamKey) -> Result<Vec<u8>, Bad> {
        let (nonce, msg) = self.body.split_first_chunk::<NONCE>().ok_or(Bad::Truncated)?;
        cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg, aad: &self.head }).map_err(|_| Bad::Sealed)
    }
}

fn cipher(key: &StreamKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.secret().into())
}

/// Byte strings as one compressed plain body. `what` they are called when there are too many.
///
/// # Errors
/// [`Bad::TooBig`].
pub(crate) fn pack(what: &'static str, strings: &[&[u8]], level: i32, limits: &Limits) -> Result<Vec<u8>, Bad> {
    within(what, strings.len(), limits.changes as usize)?;
    let mut plain = Vec::with_capacity(strings.iter().map(|s| s.len() + 9).sum::<usize>() + 9);
    let w = &mut Writer(&mut plain);
    w.array(strings.len());
    for string in strings {
        w.bytes(string);
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

/// The byte strings of a plain body.
///
/// # Errors
/// Any other form, or more than `limits`.
pub(crate) fn strings<'p>(what: &'static str, plain: &'p [u8], limits: &Limits) -> Result<Vec<&'p [u8]>, Bad> {
    let r = &mut Reader::new(plain);
    let n = r.array()?;
    within(what, n, limits.changes as usize)?;
    let mut strings = Vec::with_capacity(n);
    for _ in 0..n {
        if r.major()? != cbor::BYTES {
            return Err(Bad::Form("a body holds byte strings"));
        }
        strings.push(r.bytes()?);
    }
    r.end()?;
    Ok(strings)
}

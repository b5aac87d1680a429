//! Stream keys for their holders, each sealed to one: what the county grants, and what others tell it.

use rand_core::CryptoRng;

use super::{By, GRANT, LARGEST, VERSION, believed, put_chain, signed};
use crate::bad::{Bad, within};
use crate::cbor::{Reader, Writer};
use crate::cert::{Cert, CertId, read_chain};
use crate::keys::{OpeningKey, SealingKey, SigningKey, StreamKey, VerifyingKey};
use crate::stream::Stream;

const KEY: &[u8] = b"niangjia stream key";
/// Keys of one grant; a rotation that needs more makes several.
pub const MOST_KEYS: usize = 1024;

/// One stream key for one holder, still sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct Granted {
    pub stream: Stream,
    pub epoch: u32,
    /// A device's certificate; the root's for what the kit opens.
    pub to: CertId,
    pub sealed: Vec<u8>,
}

impl std::fmt::Debug for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Granted({} {} to {})", self.stream, self.epoch, self.to)
    }
}

impl Granted {
    /// Seals a key to its holder.
    ///
    /// # Errors
    /// A key of small order.
    pub fn seal(
        stream: Stream,
        key: &StreamKey,
        to: CertId,
        sealing: &SealingKey,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Self, Bad> {
        let sealed = sealing.seal(KEY, &context(&stream, key.epoch(), &to), key.secret(), rng)?;
        Ok(Self { stream, epoch: key.epoch(), to, sealed })
    }

    /// The key, for its holder.
    ///
    /// # Errors
    /// [`Bad::Sealed`] for anybody else.
    pub fn open(&self, opening: &OpeningKey) -> Result<StreamKey, Bad> {
        let plain = opening.open(KEY, &context(&self.stream, self.epoch, &self.to), &self.sealed)?;
        let key: &[u8; 32] = plain.as_slice().try_into().map_err(|_| Bad::Form("a stream key has 32 bytes"))?;
        Ok(StreamKey::from_bytes(self.epoch, key))
    }
}

fn context(stream: &Stream, epoch: u32, to: &CertId) -> Vec<u8> {
    let mut out = Vec::with_capacity(112);
    let w = &mut Writer(&mut out);
    w.array(3);
    w.text(&stream.to_string());
    w.uint(u64::from(epoch));
    w.bytes(&to.0);
    out
}

/// Signs keys for their holders, at most [`MOST_KEYS`].
///
/// # Errors
/// As [`Revocation::sign`].
pub fn grant(keys: &[Granted], chain: &[Cert], key: &SigningKey) -> Result<Vec<u8>, Bad> {
    within("keys", keys.len(), MOST_KEYS)?;
    let mut out = Vec::new();
    let w = &mut Writer(&mut out);
    w.array(3);
    w.uint(VERSION);
    put_chain(w, chain);
    put_keys(w, keys);
    signed(GRANT, out, chain, key)
}

fn put_keys(w: &mut Writer<'_>, keys: &[Granted]) {
    w.array(keys.len());
    for one in keys {
        w.array(4);
        w.text(&one.stream.to_string());
        w.uint(u64::from(one.epoch));
        w.bytes(&one.to.0);
        w.bytes(&one.sealed);
    }
}

/// Keys for their holders, at most [`MOST_KEYS`], from one who may sign nothing for the county: the reader sees for itself whether
/// they are the right ones.
///
/// # Errors
/// [`Bad::TooBig`].
pub fn tell(keys: &[Granted]) -> Result<Vec<u8>, Bad> {
    within("keys", keys.len(), MOST_KEYS)?;
    let mut out = Vec::new();
    let w = &mut Writer(&mut out);
    w.array(2);
    w.uint(VERSION);
    put_keys(w, keys);
    within("keys", out.len(), LARGEST)?;
    Ok(out)
}

/// Reads what [`tell`] wrote.
///
/// # Errors
/// [`Bad::Form`], [`Bad::TooBig`], and [`Bad::Unknown`] for a newer version.
pub fn told(bytes: &[u8]) -> Result<Vec<Granted>, Bad> {
    within("keys", bytes.len(), LARGEST)?;
    let r = &mut Reader::new(bytes);
    r.array_of(2)?;
    match r.uint()? {
        VERSION => {}
        number => return Err(Bad::Unknown { what: "version of told keys", number }),
    }
    let keys = read_keys(r)?;
    r.end()?;
    Ok(keys)
}

/// Reads and believes a grant.
///
/// # Errors
/// As [`Revocation::read`].
pub fn granted(bytes: &[u8], root: &VerifyingKey) -> Result<(Vec<Granted>, By), Bad> {
    let (payload, by) = believed(GRANT, bytes, root)?;
    let r = &mut Reader::new(&payload);
    r.array_of(3)?;
    r.uint()?;
    read_chain(r)?;
    let keys = read_keys(r)?;
    r.end()?;
    Ok((keys, by))
}

fn read_keys(r: &mut Reader<'_>) -> Result<Vec<Granted>, Bad> {
    let n = r.array()?;
    within("keys", n, MOST_KEYS)?;
    let mut keys = Vec::with_capacity(n);
    for _ in 0..n {
        r.array_of(4)?;
        let stream = r.text_within("stream", 64)?.parse()?;
        let epoch = u32::try_from(r.uint()?).map_err(|_| Bad::Form("number out of range"))?;
        let to = CertId(r.bytes_of()?);
        let sealed = r.bytes()?;
        within("a sealed key", sealed.len(), 128)?;
        keys.push(Granted { stream, epoch, to, sealed: sealed.to_vec() });
    }
    Ok(keys)
}

//! Blobs: pictures and scans, sealed and addressed by what they are. The hub and a stick carry pieces that they cannot read.
//!
//! The *address* of a blob is the BLAKE3 of its sealed bytes. BLAKE3 is a tree, and a piece of 256 KiB is a whole branch of
//! it: the *outline*, the hash of each branch, leads to the address and tells of every single piece whether it is right, so
//! a bad piece is found at once and nothing else has to come again. Key, outline and kind travel inside the change that
//! names the blob, which is sealed itself; who has only the address can neither read the blob nor guess it.

use blake3::hazmat::{ChainingValue, HasherExt as _, Mode, merge_subtrees_non_root, merge_subtrees_root};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::bad::{Bad, within};
use crate::keys::{masked, public32};

/// Sealed bytes of a piece; the last one may be shorter.
pub const PIECE: usize = 256 << 10;
/// Sealed bytes of a blob.
pub const LARGEST: usize = 8 << 20;
const TAG: usize = 16;
const PURPOSE: &[u8] = b"niangjia blob";
const VERSION: u8 = crate::FORMAT;
const FIXED: usize = 2 + 4 + 32 + 32;

/// The BLAKE3 of a blob's sealed bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 32]);

public32!(Address);

impl Address {
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// # Errors
    /// None; any 32 bytes may be an address.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Bad> {
        Ok(Self(*bytes))
    }
}

/// What a blob is when it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    Jpeg,
}

impl Media {
    /// As a header of HTTP names it.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// Opens one blob and nothing else.
#[derive(Clone, PartialEq, Eq)]
struct BlobKey(Zeroizing<[u8; 32]>);

masked!(BlobKey);

/// How a blob is cut and by what each piece is known: all that a carrier needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    address: Address,
    length: usize,
    /// Of each piece; empty for a blob of one piece, whose hash is the address.
    hashes: Vec<[u8; 32]>,
}

impl Outline {
    /// # Errors
    /// A size that no blob has, or hashes that do not lead to the address.
    pub fn new(address: Address, length: u64, hashes: Vec<[u8; 32]>) -> Result<Self, Bad> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        within("blob", length, LARGEST)?;
        if length <= TAG {
            return Err(Bad::Truncated);
        }
        let count = length.div_ceil(PIECE);
        if hashes.len() != if count == 1 { 0 } else { count } {
            return Err(Bad::Mismatch("number of pieces"));
        }
        if count > 1 && root(&hashes) != address.0 {
            return Err(Bad::Mismatch("pieces of a blob"));
        }
        Ok(Self { address, length, hashes })
    }

    fn of(sealed: &[u8]) -> Result<Self, Bad> {
        let hashes: Vec<_> = if sealed.len() > PIECE {
            sealed.chunks(PIECE).enumerate().map(|(at, piece)| branch(at, piece)).collect()
        } else {
            Vec::new()
        };
        let address = if hashes.is_empty() { *blake3::hash(sealed).as_bytes() } else { root(&hashes) };
        Self::new(Address(address), sealed.len() as u64, hashes)
    }

    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// Sealed bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    #[must_use]
    pub fn hashes(&self) -> &[[u8; 32]] {
        &self.hashes
    }

    #[must_use]
    pub fn pieces(&self) -> usize {
        self.length.div_ceil(PIECE)
    }

    /// Where a piece lies among the sealed bytes; empty for one that there is not.
    #[must_use]
    pub fn range(&self, piece: usize) -> std::ops::Range<usize> {
        let from = piece.saturating_mul(PIECE).min(self.length);
        from..(from + PIECE).min(self.length)
    }

    /// # Errors
    /// [`Bad::Mismatch`] for any other bytes than this piece.
    pub fn verify(&self, piece: usize, bytes: &[u8]) -> Result<(), Bad> {
        let right = bytes.len() == self.range(piece).len()
            && match self.hashes.get(piece) {
                Some(hash) => branch(piece, bytes) == *hash,
                None => piece == 0 && self.hashes.is_empty() && *blake3::hash(bytes).as_bytes() == self.address.0,
            };
        if right { Ok(()) } else { Err(Bad::Mismatch("piece of a blob")) }
    }
}

/// The hash of the branch that a piece is.
fn branch(piece: usize, bytes: &[u8]) -> ChainingValue {
    blake3::Hasher::new().set_input_offset((piece * PIECE) as u64).update(bytes).finalize_non_root()
}

/// BLAKE3 puts the largest power of two of whole branches to the left.
fn joined(hashes: &[ChainingValue]) -> ChainingValue {
    match hashes {
        [one] => *one,
        _ => {
            let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
            merge_subtrees_non_root(&joined(left), &joined(right), Mode::Hash)
        }
    }
}

fn root(hashes: &[ChainingValue]) -> [u8; 32] {
    let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
    *merge_subtrees_root(&joined(left), &joined(right), Mode::Hash).as_bytes()
}

/// A blob as a change names it: the value of a field. Whoever holds this can open the blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    outline: Outline,
    key: BlobKey,
    media: Media,
}

impl Blob {
    /// Seals bytes under a key of their own. Returns the reference and the sealed bytes.
    ///
    /// # Errors
    /// For nothing at all, or more than a blob may be.
    pub fn seal(plain: &[u8], media: Media, rng: &mut (impl CryptoRng + ?Sized)) -> Result<(Self, Vec<u8>), Bad> {
        if plain.is_empty() {
            return Err(Bad::Truncated);
        }
        within("blob", plain.len(), LARGEST)?;
        let count = plain.len().div_ceil(PIECE - TAG);
        within("blob", plain.len() + count * TAG, LARGEST)?;
        let mut key = BlobKey(Zeroizing::new([0; 32]));
        rng.fill_bytes(&mut key.0[..]);
        let mut sealed = Vec::with_capacity(plain.len() + count * TAG);
        for (at, piece) in plain.chunks(PIECE - TAG).enumerate() {
            let msg = Payload { msg: piece, aad: &aad(media) };
            sealed.extend(cipher(&key).encrypt(&nonce(at, count), msg).map_err(|_| Bad::Sealed)?);
        }
        Ok((Self { outline: Outline::of(&sealed)?, key, media }, sealed))
    }

    /// Opens the whole blob, every piece verified.
    ///
    /// # Errors
    /// [`Bad::Mismatch`] for other bytes than these, [`Bad::Sealed`] for another key.
    pub fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Bad> {
        if sealed.len() != self.outline.length {
            return Err(Bad::Mismatch("piece of a blob"));
        }
        let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
        let count = self.outline.pieces();
        for (at, piece) in sealed.chunks(PIECE).enumerate() {
            self.outline.verify(at, piece)?;
            let msg = Payload { msg: piece, aad: &aad(self.media) };
            let open = cipher(&self.key).decrypt(&nonce(at, count), msg).map_err(|_| Bad::Sealed)?;
            plain.extend_from_slice(&Zeroizing::new(open));
        }
        Ok(plain)
    }

    #[must_use]
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    #[must_use]
    pub fn media(&self) -> Media {
        self.media
    }

    /// What goes into a change: `version ‖ media ‖ length ‖ address ‖ key ‖ outline`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, media_number(self.media)];
        // A blob is at most 8 MiB.
        out.extend_from_slice(&u32::try_from(self.outline.length).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(&self.outline.address.0);
        out.extend_from_slice(&self.key.0[..]);
        self.outline.hashes.iter().for_each(|hash| out.extend_from_slice(hash));
        out
    }

    /// # Errors
    /// [`Bad::Unknown`] for what a newer version wrote; anything that [`Blob::to_bytes`] does not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Bad> {
        within("reference of a blob", bytes.len(), FIXED + 32 * LARGEST.div_ceil(PIECE))?;
        match bytes.first() {
            None => return Err(Bad::Truncated),
            Some(&VERSION) => {}
            Some(&newer) => return Err(Bad::Unknown { what: "version of a blob", number: newer.into() }),
        }
        let (fixed, hashes) = bytes.split_at_checked(FIXED).ok_or(Bad::Truncated)?;
        let media = match fixed[1] {
            1 => Media::Jpeg,
            newer => return Err(Bad::Unknown { what: "kind of blob", number: newer.into() }),
        };
        let take = |from: usize| {
            let mut out = [0; 32];
            out.copy_from_slice(&fixed[from..from + 32]);
            out
        };
        let length = u32::from_be_bytes([fixed[2], fixed[3], fixed[4], fixed[5]]);
        let (hashes, rest) = hashes.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(Bad::Trailing);
        }
        let outline = Outline::new(Address(take(6)), length.into(), hashes.to_vec())?;
        Ok(Self { outline, key: BlobKey(Zeroizing::new(take(38))), media })
    }
}

const fn media_number(media: Media) -> u8 {
    match media {
        Media::Jpeg => 1,
    }
}

fn cipher(key: &BlobKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&(*key.0).into())
}

/// The key seals one blob only, so the place of a piece is nonce enough; the last one says so, and none can be left off.
fn nonce(at: usize, count: usize) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&(at as u64).to_be_bytes());
    nonce[8] = u8::from(at + 1 == count);
    Nonce::from(nonce)
}

fn aad(media: Media) -> Vec<u8> {
    [PURPOSE, &[VERSION, media_number(media)]].concat()
}

#[cfg(test)]
mod tests;

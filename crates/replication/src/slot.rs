//! Slots: a secret kept under something that a person knows, made costly to guess by Argon2id.

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::bad::{Bad, within};
use crate::cbor::{Reader, Writer};

// A key derivation for tests must not reach an office.
#[cfg(all(feature = "cheap-kdf", not(debug_assertions)))]
compile_error!("the feature cheap-kdf is for tests; a release build must not contain it");

const VERSION: u64 = crate::FORMAT as u64;
const LARGEST: usize = 8 << 20;
const PURPOSE: &[u8] = b"niangjia slot";

/// The cost of one guess.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// KiB.
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Argon2id(m={} KiB, t={}, p={})", self.memory, self.passes, self.lanes)
    }
}

impl Params {
    /// 64 MiB, three passes, one lane: about a quarter of a second of an office PC, and the floor that is accepted.
    #[must_use]
    pub const fn standard() -> Self {
        Self { memory: 64 << 10, passes: 3, lanes: 1 }
    }

    /// Costs nothing and protects nothing.
    #[cfg(any(test, feature = "cheap-kdf"))]
    #[must_use]
    pub const fn cheap() -> Self {
        Self { memory: 32, passes: 1, lanes: 1 }
    }

    /// Dearer than the standard, for a strong PC.
    ///
    /// # Errors
    /// [`Bad::Derivation`] below the standard, above 256 MiB or above 16 passes.
    pub fn new(memory_kib: u32, passes: u32) -> Result<Self, Bad> {
        let params = Self { memory: memory_kib, passes, lanes: 1 };
        params.check().map(|()| params)
    }

    /// Written params are anybody's bytes: not so cheap that an edited slot is guessed, not so dear that a PC stops.
    fn check(self) -> Result<(), Bad> {
        #[cfg(any(test, feature = "cheap-kdf"))]
        if self == Self::cheap() {
            return Ok(());
        }
        let floor = Self::standard();
        let fits = (floor.memory..=256 << 10).contains(&self.memory)
            && (floor.passes..=16).contains(&self.passes)
            && self.lanes == floor.lanes;
        if fits { Ok(()) } else { Err(Bad::Derivation) }
    }

    fn derive(self, secret: &[u8], salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, Bad> {
        let params =
            argon2::Params::new(self.memory, self.passes, self.lanes, Some(32)).map_err(|_| Bad::Derivation)?;
        // Our own memory, so that a PC with too little says so instead of ending, and so that it is wiped afterwards.
        let mut memory = Vec::new();
        memory.try_reserve_exact(params.block_count()).map_err(|_| Bad::Derivation)?;
        memory.resize(params.block_count(), Block::default());
        let mut key = Zeroizing::new([0; 32]);
        let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
            secret,
            salt,
            &mut *key,
            &mut memory,
        );
        memory.zeroize();
        done.map_err(|_| Bad::Derivation).map(|()| key)
    }
}

/// Puts `payload` under a passphrase. `holder` (say, the clerk's id) is bound in: a slot opens for no other.
///
/// Bytes: CBOR `[header, sealed]`, the header CBOR `[version, salt, memory, passes, lanes, nonce]`; the header, the
/// purpose and the holder are associated data.
///
/// # Errors
/// [`Bad::Derivation`] when there is not the memory for it.
pub fn lock(
    passphrase: &str,
    holder: &[u8],
    payload: &[u8],
    params: Params,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, Bad> {
    lock_for(PURPOSE, passphrase.as_bytes(), holder, payload, params, rng)
}

/// Opens what [`lock`] made.
///
/// # Errors
/// [`Bad::Sealed`] for another passphrase or holder or an altered byte; [`Bad::Foreign`] for params below the floor or above
/// what a PC bears, [`Bad::Derivation`] when there is not the memory for it.
pub fn unlock(passphrase: &str, holder: &[u8], slot: &[u8]) -> Result<Zeroizing<Vec<u8>>, Bad> {
    unlock_for(PURPOSE, passphrase.as_bytes(), holder, slot)
}

pub(crate) fn lock_for(
    purpose: &[u8],
    secret: &[u8],
    holder: &[u8],
    payload: &[u8],
    params: Params,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, Bad> {
    within("payload", payload.len(), LARGEST - 1024)?;
    params.check()?;
    let (mut salt, mut nonce) = ([0; 16], [0; 24]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut nonce);
    let mut header = Vec::with_capacity(64);
    let w = &mut Writer(&mut header);
    w.array(6);
    w.uint(VERSION);
    w.bytes(&salt);
    w.uint(u64::from(params.memory));
    w.uint(u64::from(params.passes));
    w.uint(u64::from(params.lanes));
    w.bytes(&nonce);

    let key = params.derive(secret, &salt)?;
    let aad = associated(purpose, holder, &header);
    let sealed = XChaCha20Poly1305::new((&*key).into())
        .encrypt(&XNonce::from(nonce), Payload { msg: payload, aad: &aad })
        .map_err(|_| Bad::TooBig { what: "payload", limit: LARGEST as u64 })?;
    let mut out = Vec::with_capacity(header.len() + sealed.len() + 16);
    let w = &mut Writer(&mut out);
    w.array(2);
    w.bytes(&header);
    w.bytes(&sealed);
    Ok(out)
}

pub(crate) fn unlock_for(purpose: &[u8], secret: &[u8], holder: &[u8], slot: &[u8]) -> Result<Zeroizing<Vec<u8>>, Bad> {
    within("slot", slot.len(), LARGEST)?;
    let r = &mut Reader::new(slot);
    r.array_of(2)?;
    let (header, sealed) = (r.bytes()?, r.bytes()?);
    r.end()?;
    let r = &mut Reader::new(header);
    let parts = r.array()?;
    match r.uint()? {
        VERSION if parts == 6 => {}
        VERSION => return Err(Bad::Form("a slot header has 6 parts")),
        number => return Err(Bad::Unknown { what: "slot version", number }),
    }
    let salt: [u8; 16] = r.bytes_of()?;
    let mut number = || u32::try_from(r.uint()?).map_err(|_| Bad::Foreign);
    let params = Params { memory: number()?, passes: number()?, lanes: number()? };
    let nonce: [u8; 24] = r.bytes_of()?;
    r.end()?;
    params.check().map_err(|_| Bad::Foreign)?;

    let key = params.derive(secret, &salt)?;
    let aad = associated(purpose, holder, header);
    XChaCha20Poly1305::new((&*key).into())
        .decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: &aad })
        .map(Zeroizing::new)
        .map_err(|_| Bad::Sealed)
}

fn associated(purpose: &[u8], holder: &[u8], header: &[u8]) -> Vec<u8> {
    let mut aad = Vec::new();
    let w = &mut Writer(&mut aad);
    w.array(3);
    w.bytes(purpose);
    w.bytes(holder);
    w.bytes(header);
    aad
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::rng;

    #[test]
    fn opens_for_its_holder_and_passphrase_only() {
        let slot = lock("王芳的口令 2026", b"clerk", b"database key", Params::cheap(), &mut rng(1)).unwrap();
        assert_eq!(*unlock("王芳的口令 2026", b"clerk", &slot).unwrap(), b"database key");
        assert_eq!(unlock("王芳的口令 2025", b"clerk", &slot).unwrap_err(), Bad::Sealed);
        assert_eq!(unlock("王芳的口令 2026", b"other", &slot).unwrap_err(), Bad::Sealed);
        assert_eq!(unlock_for(b"other", "王芳的口令 2026".as_bytes(), b"clerk", &slot).unwrap_err(), Bad::Sealed);
    }

    #[test]
    fn no_altered_or_cut_slot_opens() {
        let slot = lock("passphrase", b"", b"key", Params::cheap(), &mut rng(2)).unwrap();
        for at in 0..slot.len() {
            assert!(unlock("passphrase", b"", &slot[..at]).is_err());
            for bit in 0..8 {
                let mut wrong = slot.clone();
                wrong[at] ^= 1 << bit;
                assert!(unlock("passphrase", b"", &wrong).is_err(), "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn neither_cheaper_nor_endless_guesses_are_accepted() {
        assert_eq!(Params::new(64 << 10, 3), Ok(Params::standard()));
        for (memory, passes) in [(1024, 3), (64 << 10, 2), (257 << 10, 3), (64 << 10, 17), (u32::MAX, u32::MAX)] {
            assert_eq!(Params::new(memory, passes), Err(Bad::Derivation));
        }
    }

    #[test]
    fn the_standard_works() {
        let slot = lock("passphrase", b"", b"key", Params::standard(), &mut rng(3)).unwrap();
        assert_eq!(*unlock("passphrase", b"", &slot).unwrap(), b"key");
    }
}

//! Issuing keys: Ed25519 pairs that sign cards and lists and nothing else, and the short names by which a card names one.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// The name of an issuing key: the first 8 bytes of the SHA-256 of its 32 public bytes.
///
/// It only says where to look. Two keys of one name would both be tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid(pub [u8; 8]);

impl Kid {
    /// The name of a public key.
    #[must_use]
    pub fn of(public: &[u8; 32]) -> Self {
        let hash = Sha256::digest(public);
        let mut kid = [0; 8];
        kid.copy_from_slice(&hash[..8]);
        Self(kid)
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// The secret half of an issuing key. It cannot be printed and is wiped when dropped.
pub struct IssuingKey(SigningKey);

impl IssuingKey {
    /// The key of a seed of 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Its name.
    #[must_use]
    pub fn kid(&self) -> Kid {
        Kid::of(&self.public())
    }

    /// Signs that the key belongs to somebody; never the bytes of a card or a list, which begin otherwise.
    #[must_use]
    pub fn vouch(&self, claim: &[u8]) -> Vec<u8> {
        self.sign(claim)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).to_bytes().to_vec()
    }
}

impl fmt::Debug for IssuingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuingKey({:?})", self.kid())
    }
}

/// Whether an Ed25519 signature holds. Keys of small order and signatures with a second form are refused (RFC 8032
/// §8.4 leaves that open).
#[must_use]
pub fn holds(public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_bytes(public), ed25519_dalek::Signature::from_slice(signature))
    else {
        return false;
    };
    key.verify_strict(message, &signature).is_ok()
}

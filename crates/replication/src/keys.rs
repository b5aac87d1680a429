//! Keys: to sign, to seal to somebody, to seal a stream. No secret prints itself or outlives its use in memory.

use ed25519_dalek::Signer as _;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{bad::Bad, memo};

pub use crate::cert::{
    Asking, Cert, CertId, CertKind, Claims, Identity, chain_from_cbor, chain_to_cbor, verify_asker, verify_chain,
};

macro_rules! masked {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

/// A 32-byte public key or name shown as hex.
macro_rules! public32 {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&hex::encode(self.to_bytes()))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = Bad;

            /// 64 hex digits.
            fn from_str(s: &str) -> Result<Self, Bad> {
                let mut b = [0; 32];
                hex::decode_to_slice(s, &mut b).map_err(|_| Bad::Form("64 hex digits"))?;
                Self::from_bytes(&b)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if s.is_human_readable() { s.collect_str(self) } else { s.serialize_bytes(&self.to_bytes()) }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                if d.is_human_readable() {
                    crate::serial::text(d)
                } else {
                    crate::serial::bytes(d, |b| Self::from_bytes(b.try_into().ok()?).ok())
                }
            }
        }
    };
}
pub(crate) use {masked, public32};

/// An Ed25519 secret key.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

masked!(SigningKey);

// The inner key wipes itself when dropped (feature `zeroize`).
impl ZeroizeOnDrop for SigningKey {}

impl SigningKey {
    #[must_use]
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        Self::from_bytes(&seed)
    }

    /// From its 32-byte seed.
    #[must_use]
    pub fn from_bytes(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The 32-byte seed, to be kept only under another key.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    #[must_use]
    pub fn public(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().to_bytes())
    }

    /// Signs bytes that name their own purpose (see [`VerifyingKey::verify`]).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// An Ed25519 public key that is no weak point of the curve.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey([u8; 32]);

public32!(VerifyingKey);

impl VerifyingKey {
    /// # Errors
    /// Bytes that are no point, or one of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Bad> {
        memo::once(&[bytes], || {
            let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| Bad::Form("no signature key"))?;
            if key.is_weak() { Err(Bad::Form("a weak signature key")) } else { Ok(()) }
        })?;
        Ok(Self(*bytes))
    }

    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Strict verification (RFC 8032 with canonical encodings only).
    ///
    /// # Errors
    /// [`Bad::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Bad> {
        memo::once(&[&self.0, signature, message], || {
            let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0).map_err(|_| Bad::Signature)?;
            let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| Bad::Signature)?;
            key.verify_strict(message, &signature).map_err(|_| Bad::Signature)
        })
    }
}

type Secret = <X25519HkdfSha256 as Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as Kem>::PublicKey;
type Encapped = <X25519HkdfSha256 as Kem>::EncappedKey;

/// An X25519 secret key: opens what was sealed to its public half (HPKE, RFC 9180).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct OpeningKey([u8; 32]);

masked!(OpeningKey);

impl OpeningKey {
    #[must_use]
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut key = Self([0; 32]);
        rng.fill_bytes(&mut key.0);
        key
    }

    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(*bytes)
    }

    /// To be kept only under another key.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0)
    }

    fn secret(&self) -> Result<Secret, Bad> {
        Secret::from_bytes(&self.0).map_err(|_| Bad::Form("no key to open with"))
    }

    #[must_use]
    pub fn public(&self) -> SealingKey {
        // Every 32 bytes are an X25519 secret, so the failing branch is never taken; its result opens nothing.
        SealingKey(self.secret().map_or([0; 32], |s| X25519HkdfSha256::sk_to_pk(&s).to_bytes().into()))
    }

    /// Opens what [`SealingKey::seal`] made with the same `purpose` and `aad`.
    ///
    /// # Errors
    /// [`Bad::Sealed`] for another key, purpose or `aad`, or an altered byte.
    pub fn open(&self, purpose: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Bad> {
        let Some((encapped, body)) = sealed.split_at_checked(32) else { return Err(Bad::Truncated) };
        let encapped = Encapped::from_bytes(encapped).map_err(|_| Bad::Sealed)?;
        let mode = OpModeR::Base;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &mode,
            &self.secret()?,
            &encapped,
            purpose,
            body,
            aad,
        )
        .map(Zeroizing::new)
        .map_err(|_| Bad::Sealed)
    }
}

/// An X25519 public key: seals to its owner.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealingKey([u8; 32]);

public32!(SealingKey);

impl SealingKey {
    /// # Errors
    /// Bytes that are no key of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Bad> {
        Public::from_bytes(bytes).map_err(|_| Bad::Form("no key to seal to"))?;
        Ok(Self(*bytes))
    }

    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// HPKE base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305: encapsulated key, then ciphertext.
    ///
    /// `purpose` says what it is for, so that a thing sealed for one is never opened as another.
    ///
    /// # Errors
    /// A key of small order.
    pub fn seal(
        &self,
        purpose: &[u8],
        aad: &[u8],
        plain: &[u8],
        mut rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Vec<u8>, Bad> {
        let to = Public::from_bytes(&self.0).map_err(|_| Bad::Form("no key to seal to"))?;
        let (encapped, body) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &to,
            purpose,
            plain,
            aad,
            &mut rng,
        )
        .map_err(|_| Bad::Form("no key to seal to"))?;
        let mut out = encapped.to_bytes().to_vec();
        out.extend_from_slice(&body);
        Ok(out)
    }
}

/// The key of one stream in one epoch (epochs count from 1; a revocation begins a new one).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct StreamKey {
    epoch: u32,
    key: [u8; 32],
}

masked!(StreamKey);

impl PartialEq for StreamKey {
    fn eq(&self, other: &Self) -> bool {
        // In the same time whatever the bytes.
        let differ = self.key.iter().zip(&other.key).fold(0, |d, (a, b)| d | (a ^ b));
        self.epoch == other.epoch && differ == 0
    }
}

impl Eq for StreamKey {}

impl StreamKey {
    #[must_use]
    pub fn generate(epoch: u32, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut key = Self { epoch, key: [0; 32] };
        rng.fill_bytes(&mut key.key);
        key
    }

    #[must_use]
    pub fn from_bytes(epoch: u32, key: &[u8; 32]) -> Self {
        Self { epoch, key: *key }
    }

    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// To be kept only under another key.
    #[must_use]
    pub fn secret(&self) -> &[u8; 32] {
        &self.key
    }
}

/// What a device signs segments with: its key, and the certificate that vouches for it.
#[derive(Debug, Clone)]
pub struct Signer {
    pub key: SigningKey,
    pub cert: CertId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::rng;

    #[test]
    fn a_letter_opens_for_its_addressee_purpose_and_context_only() {
        let key = OpeningKey::generate(&mut rng(1));
        let sealed = key.public().seal(b"epoch", b"aad", b"stream key", &mut rng(2)).unwrap();
        assert_eq!(**key.open(b"epoch", b"aad", &sealed).unwrap(), *b"stream key");
        let other = OpeningKey::generate(&mut rng(3));
        assert_eq!(other.open(b"epoch", b"aad", &sealed).unwrap_err(), Bad::Sealed);
        assert_eq!(key.open(b"grant", b"aad", &sealed).unwrap_err(), Bad::Sealed);
        assert_eq!(key.open(b"epoch", b"", &sealed).unwrap_err(), Bad::Sealed);
        for at in 0..sealed.len() {
            assert!(key.open(b"epoch", b"aad", &sealed[..at]).is_err());
            let mut wrong = sealed.clone();
            wrong[at] ^= 1;
            assert!(key.open(b"epoch", b"aad", &wrong).is_err(), "byte {at}");
        }
        let again = OpeningKey::from_bytes(&key.to_bytes());
        assert_eq!(again.public(), key.public());
    }

    #[test]
    fn weak_keys_are_no_keys() {
        assert!(VerifyingKey::from_bytes(&[0; 32]).is_err());
        let mut one = [0; 32];
        one[0] = 1;
        assert!(VerifyingKey::from_bytes(&one).is_err());
        assert!(SealingKey::from_bytes(&[0; 32]).map_or(true, |k| { k.seal(b"", b"", b"", &mut rng(1)).is_err() }));
        let key = SigningKey::generate(&mut rng(1)).public();
        assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn secrets_show_only_what_they_are() {
        let rng = &mut rng(1);
        let key = SigningKey::generate(rng);
        assert_eq!(format!("{key:?}"), "SigningKey");
        assert_eq!(format!("{:?}", OpeningKey::generate(rng)), "OpeningKey");
        assert_eq!(format!("{:?}", StreamKey::generate(1, rng)), "StreamKey");
        assert_eq!(format!("{:?}", crate::enrol::Code::new(rng)), "Code");
        assert_eq!(format!("{:?}", crate::enrol::Claim::new(rng)), "Claim");
        assert_eq!(format!("{:?}", crate::kit::split(&key, rng)[0]), "Share");
        let hex = hex::encode(*key.to_bytes());
        let signer = Signer { key, cert: CertId([0; 32]) };
        assert!(!format!("{signer:?}").contains(&hex));
    }

    #[test]
    fn a_changed_message_or_signature_does_not_verify() {
        let key = SigningKey::generate(&mut rng(1));
        let signature = key.sign(b"message");
        assert_eq!(key.public().verify(b"message", &signature), Ok(()));
        assert_eq!(key.public().verify(b"massage", &signature), Err(Bad::Signature));
        assert_eq!(key.public().verify(b"message", &signature[1..]), Err(Bad::Signature));
        for at in 0..64 {
            let mut wrong = signature;
            wrong[at] ^= 0x80;
            assert_eq!(key.public().verify(b"message", &wrong), Err(Bad::Signature));
        }
    }
}

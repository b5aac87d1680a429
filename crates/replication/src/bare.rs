//! Doors for the fuzzers: what lies behind a signature or a seal, as one who may sign and seal could send it. Chance never
//! finds a signature; whoever has a key may sign anything.

use zeroize::Zeroizing;

use crate::bad::{Bad, Limits};
use crate::cert::Cert;
use crate::cose::{Signed, cose_sign};
use crate::enrol::Enrolment;
use crate::keys::SigningKey;
use crate::packet::{self, Header};
use crate::{envelope, orders, segment};

#[cfg(not(debug_assertions))]
compile_error!("the feature bare is for fuzzing; a release build must not contain it");

/// A kind of signed document.
#[derive(Debug, Clone, Copy)]
pub enum Paper {
    Revocation,
    Grant,
    PacketHead,
}

impl Paper {
    fn purpose(self) -> &'static [u8] {
        match self {
            Self::Revocation => orders::REVOCATION,
            Self::Grant => orders::GRANT,
            Self::PacketHead => packet::HEAD,
        }
    }

    /// Signs whatever it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn sign(self, payload: &[u8], cert: &Cert, key: &SigningKey) -> Result<Vec<u8>, Bad> {
        cose_sign(self.purpose(), Some(cert.id()), payload.to_vec(), key)
    }

    /// What a signature is about.
    ///
    /// # Errors
    /// For another paper.
    pub fn payload(self, bytes: &[u8]) -> Result<Vec<u8>, Bad> {
        Signed::parse(self.purpose(), bytes).map(|signed| signed.payload)
    }
}

/// The payload of a packet's head.
#[must_use]
pub fn head(header: &Header, certs: &[Cert]) -> Vec<u8> {
    header.to_cbor(certs)
}

/// An enrolment without its code.
///
/// # Errors
/// As [`crate::enrol::open`].
pub fn enrolment(plain: &[u8]) -> Result<Enrolment, Bad> {
    Enrolment::from_cbor(plain)
}

/// The bytes that [`enrolment`] reads.
#[must_use]
pub fn enrolment_bytes(enrolment: &Enrolment) -> Zeroizing<Vec<u8>> {
    enrolment.to_cbor()
}

/// A segment's body as it is before it is sealed.
///
/// # Errors
/// As [`crate::seal`].
pub fn packed(blocks: &[&[u8]]) -> Result<Vec<u8>, Bad> {
    envelope::pack("blocks", blocks, segment::LEVEL, &Limits::STANDARD)
}

/// Opens what [`packed`] made, of anybody's bytes.
///
/// # Errors
/// As [`crate::Verified::open`].
pub fn unpacked(packed: &[u8]) -> Result<Vec<u8>, Bad> {
    envelope::unpack(packed, &Limits::STANDARD)
}

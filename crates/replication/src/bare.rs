//! Doors for the fuzzers: what lies behind a signature or a seal, as one who may sign and seal could send it. Chance never
//! finds a signature; whoever has a key may sign anything.

use zeroize::Zeroizing;

use crate::bad::{Bad, Limits};
use crate::cert::Cert;
use crate::checkpoint::{self, Item, Summary};
use crate::cose::{Signed, cose_sign};
use crate::enrol::Enrolment;
use crate::envelope::{self, Heading as _};
use crate::keys::{Signer, SigningKey};
use crate::packet::{self, Header};
use crate::{orders, segment};

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

/// A segment whose header is anything, signed with the right hash of its body.
///
/// # Errors
/// [`Bad::TooBig`].
pub fn segment(head: &[u8], body: &[u8], certs: &[Cert], signer: &Signer) -> Result<Vec<u8>, Bad> {
    envelope::signed::<segment::Header>(head, body, certs, signer)
}

/// The header that [`segment`] signs.
#[must_use]
pub fn segment_head(header: &segment::Header) -> Vec<u8> {
    header.to_cbor()
}

/// A part of a checkpoint whose header is anything, signed with the right hash of its body.
///
/// # Errors
/// [`Bad::TooBig`].
pub fn part(head: &[u8], body: &[u8], certs: &[Cert], signer: &Signer) -> Result<Vec<u8>, Bad> {
    envelope::signed::<checkpoint::Header>(head, body, certs, signer)
}

/// The header that [`part`] signs.
#[must_use]
pub fn part_head(header: &checkpoint::Header) -> Vec<u8> {
    header.to_cbor()
}

/// The plain body of a part.
///
/// # Errors
/// As [`checkpoint::seal`].
pub fn items_bytes(items: &[Item]) -> Result<Vec<u8>, Bad> {
    checkpoint::pack_items(items, &Limits::STANDARD).and_then(|packed| unpacked(&packed))
}

/// Reads what [`items_bytes`] made, of anybody's bytes.
///
/// # Errors
/// As [`checkpoint::Verified::open`].
pub fn items(plain: &[u8], first: bool) -> Result<Vec<Item>, Bad> {
    checkpoint::read_items(plain, first, &Limits::STANDARD)
}

/// What stands in the item that sums a checkpoint up.
#[must_use]
pub fn summary_bytes(summary: &Summary) -> Vec<u8> {
    summary.to_cbor()
}

/// Reads what [`summary_bytes`] made, of anybody's bytes.
///
/// # Errors
/// As [`items`].
pub fn summary(bytes: &[u8]) -> Result<Summary, Bad> {
    Summary::from_cbor(bytes)
}

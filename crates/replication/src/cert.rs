//! Certificates: who vouches for whom, from a device up to the root of its county, and what that lets it do.

use std::fmt;

use crate::bad::{Bad, within};
use crate::cbor::{Reader, Writer};
use crate::change::RecordId;
use crate::cose::{Signed, cose_sign};
use crate::keys::{SealingKey, SigningKey, VerifyingKey, public32};
use crate::stream::Stream;

const VERSION: u64 = crate::FORMAT as u64;
/// What such a signature is for (COSE external data), so that none is taken for another.
const PURPOSE: &[u8] = b"niangjia certificate";
/// Bytes of one certificate that are read, and certificates of one chain.
const LARGEST: usize = 1024;
pub(crate) const LONGEST: usize = 8;

/// BLAKE3 of a certificate's bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertId(pub [u8; 32]);

public32!(CertId);

impl CertId {
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// # Errors
    /// None; any 32 bytes may name a certificate.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Bad> {
        Ok(Self(*bytes))
    }
}

/// What a certified key is for, and by which key it may be certified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertKind {
    /// The county's root; certifies itself and issuing keys. Lives on three printed shares.
    Root = 0,
    /// The key of daily signing; certified by the root.
    Issuing = 1,
    /// A county PC; certified by an issuing key, or by a delegation made out to the county itself.
    CountyDevice = 2,
    /// Lets the holder of one enrolment packet certify a PC of one office; certified by an issuing key, or by a PC of that
    /// very office that the county itself let in.
    Delegation = 3,
    /// A PC of an office; certified by a delegation of that office.
    Device = 4,
    /// The transport key of a locked PC; certified by that PC. It asks a hub in the PC's name and signs nothing that lasts: only
    /// [`verify_asker`] knows it, everywhere else a chain with it is refused.
    Carrier = 5,
}

impl CertKind {
    fn from_number(n: u64) -> Result<Self, Bad> {
        Ok(match n {
            0 => Self::Root,
            1 => Self::Issuing,
            2 => Self::CountyDevice,
            3 => Self::Delegation,
            4 => Self::Device,
            5 => Self::Carrier,
            number => return Err(Bad::Unknown { what: "certificate kind", number }),
        })
    }
}

/// What a certificate says. It holds no name of a person or office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    pub kind: CertKind,
    pub subject: VerifyingKey,
    /// Where new stream keys are sealed to; devices have one.
    pub sealing: Option<SealingKey>,
    /// The office that the subject belongs to; of a root and an issuing key the county federation itself.
    pub office: RecordId,
    /// Tells certificates of one issuer apart; random.
    pub serial: [u8; 16],
    /// The certificate that vouches for this one; none for a root.
    pub issuer: Option<CertId>,
}

/// A certificate: COSE_Sign1 (Ed25519) over its claims.
#[derive(Clone, PartialEq, Eq)]
pub struct Cert {
    bytes: Box<[u8]>,
    claims: Claims,
    signed: Box<[u8]>,
    signature: [u8; 64],
}

impl fmt::Debug for Cert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cert({:?} {})", self.claims.kind, self.id())
    }
}

impl Cert {
    /// Makes out a certificate. A root is signed with its own key.
    ///
    /// # Errors
    /// None for claims of this version; the form is fixed.
    pub fn issue(claims: &Claims, issuer: &SigningKey) -> Result<Self, Bad> {
        Self::from_bytes(&cose_sign(PURPOSE, None, claims.to_cbor(), issuer)?)
    }

    /// The certificate by which a county begins. `county` is its own id as an office; `serial` is random.
    ///
    /// # Errors
    /// As [`Cert::issue`].
    pub fn root(key: &SigningKey, county: RecordId, serial: [u8; 16]) -> Result<Self, Bad> {
        let claims =
            Claims { kind: CertKind::Root, subject: key.public(), sealing: None, office: county, serial, issuer: None };
        Self::issue(&claims, key)
    }

    /// Makes out a certificate under this one; `key` is the secret of its subject.
    ///
    /// # Errors
    /// [`Bad::Untrusted`] for another's key. Whether the kinds may follow each other is for [`verify_chain`].
    pub fn certify(
        &self,
        key: &SigningKey,
        kind: CertKind,
        subject: VerifyingKey,
        sealing: Option<SealingKey>,
        office: RecordId,
        serial: [u8; 16],
    ) -> Result<Self, Bad> {
        if key.public() != self.claims.subject {
            return Err(Bad::Untrusted("not the key of this certificate"));
        }
        let claims = Claims { kind, subject, sealing, office, serial, issuer: Some(self.id()) };
        Self::issue(&claims, key)
    }

    /// Reads a certificate without believing it; see [`verify_chain`].
    ///
    /// # Errors
    /// Anything but the one encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Bad> {
        within("certificate", bytes.len(), LARGEST)?;
        let cose = Signed::parse(PURPOSE, bytes)?;
        if cose.signer.is_some() {
            return Err(Bad::Form("a certificate names its issuer in its claims"));
        }
        let claims = Claims::from_cbor(&cose.payload)?;
        Ok(Self { bytes: bytes.into(), claims, signed: cose.signed.into(), signature: cose.signature })
    }

    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[must_use]
    pub fn id(&self) -> CertId {
        CertId(*blake3::hash(&self.bytes).as_bytes())
    }

    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// # Errors
    /// [`Bad::Signature`] when another key signed it.
    pub fn verify(&self, issuer: &VerifyingKey) -> Result<(), Bad> {
        issuer.verify(&self.signed, &self.signature)
    }
}

impl Claims {
    fn to_cbor(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(192);
        let w = &mut Writer(&mut out);
        w.array(7);
        w.uint(VERSION);
        w.uint(self.kind as u64);
        w.bytes(&self.subject.to_bytes());
        match self.sealing {
            Some(key) => w.bytes(&key.to_bytes()),
            None => w.null(),
        }
        w.bytes(&self.office.0);
        w.bytes(&self.serial);
        match self.issuer {
            Some(id) => w.bytes(&id.0),
            None => w.null(),
        }
        out
    }

    fn from_cbor(bytes: &[u8]) -> Result<Self, Bad> {
        let r = &mut Reader::new(bytes);
        let n = r.array()?;
        match r.uint()? {
            VERSION if n == 7 => {}
            VERSION => return Err(Bad::Form("an array of another length stands here")),
            number => return Err(Bad::Unknown { what: "certificate version", number }),
        }
        let claims = Self {
            kind: CertKind::from_number(r.uint()?)?,
            subject: VerifyingKey::from_bytes(&r.bytes_of()?)?,
            sealing: if r.null()? { None } else { Some(SealingKey::from_bytes(&r.bytes_of()?)?) },
            office: RecordId(r.bytes_of()?),
            serial: r.bytes_of()?,
            issuer: if r.null()? { None } else { Some(CertId(r.bytes_of()?)) },
        };
        r.end()?;
        Ok(claims)
    }
}

/// Who a verified chain speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The office of the device; of a county device the county federation.
    pub office: RecordId,
    pub county: bool,
    pub device_key: VerifyingKey,
    pub sealing: Option<SealingKey>,
    pub cert: CertId,
    /// The delegation by which it was certified. Two devices under one delegation: somebody used a packet twice.
    pub delegation: Option<CertId>,
}

impl Identity {
    /// Whether its segments are taken into this stream.
    #[must_use]
    pub fn may_write(&self, stream: &Stream) -> bool {
        match stream {
            Stream::Office(id) | Stream::Audit(id) => self.county || *id == self.office,
            Stream::County => self.county,
            Stream::Registry | Stream::Mail(_) => true,
        }
    }

    /// Whether it is given this stream. (A sender of mail besides sees its own chain; that is the hub's matter.)
    #[must_use]
    pub fn may_read(&self, stream: &Stream) -> bool {
        stream.read_by(self.office, self.county)
    }
}

/// Checks a chain of certificates, root side first, against the pinned root of the county.
///
/// The root's own certificate may lead the chain or be left out. The last must be a device.
///
/// # Errors
/// [`Bad::Untrusted`] with what is wrong, [`Bad::Signature`] for a forged link.
pub fn verify_chain(certs: &[Cert], root: &VerifyingKey) -> Result<Identity, Bad> {
    let walked = walk(certs, root)?;
    let claims = &walked.last.claims;
    match claims.kind {
        CertKind::CountyDevice | CertKind::Device => Ok(Identity {
            office: claims.office,
            county: claims.kind == CertKind::CountyDevice,
            device_key: claims.subject,
            sealing: claims.sealing,
            cert: walked.last.id(),
            delegation: walked.delegation,
        }),
        _ => Err(Bad::Untrusted("no device")),
    }
}

/// As [`verify_chain`] for a chain that ends in a delegation: its key, the office that it is made out to, the county.
pub(crate) fn verify_delegation(
    certs: &[Cert],
    root: &VerifyingKey,
) -> Result<(VerifyingKey, RecordId, RecordId), Bad> {
    let walked = walk(certs, root)?;
    let claims = &walked.last.claims;
    if claims.kind != CertKind::Delegation {
        return Err(Bad::Untrusted("no delegation"));
    }
    Ok((claims.subject, claims.office, walked.county))
}

struct Walked<'c> {
    last: &'c Cert,
    county: RecordId,
    delegation: Option<CertId>,
}

/// Follows a chain from the root down; every step must be permitted, named and signed.
fn walk<'c>(certs: &'c [Cert], root: &VerifyingKey) -> Result<Walked<'c>, Bad> {
    within("certificate chain", certs.len(), LONGEST)?;
    let (lead, rest) = match certs.split_first() {
        Some((first, rest)) if first.claims.kind == CertKind::Root => (Some(first), rest),
        _ => (None, certs),
    };
    if let Some(first) = lead {
        if first.claims.subject != *root || first.claims.issuer.is_some() {
            return Err(Bad::Untrusted("another county's root"));
        }
        first.verify(root)?;
    }
    let Some((issuing, mut rest)) = rest.split_first() else {
        return Err(Bad::Untrusted("nothing under the root"));
    };
    if issuing.claims.kind != CertKind::Issuing {
        return Err(Bad::Untrusted("no issuing key under the root"));
    }
    issuing.verify(root)?;
    if let Some(first) = lead
        && (issuing.claims.issuer != Some(first.id()) || issuing.claims.office != first.claims.office)
    {
        return Err(Bad::Untrusted("an issuing key of another root"));
    }
    let county = issuing.claims.office;
    let (mut last, mut delegation, mut delegations) = (issuing, None, 0);
    while let Some((cert, more)) = rest.split_first() {
        let (above, claims) = (&last.claims, &cert.claims);
        let permitted = match (above.kind, claims.kind) {
            (CertKind::Issuing, CertKind::CountyDevice) => claims.office == county,
            (CertKind::Issuing, CertKind::Delegation) => true,
            // A delegation made out to the county certifies county PCs only, one to an office never does.
            (CertKind::Delegation, CertKind::CountyDevice) => above.office == county && claims.office == county,
            (CertKind::Delegation, CertKind::Device) => above.office != county && claims.office == above.office,
            // A PC of an office lets in a further one of the same office. One so let in lets in nobody: whoever is to be
            // shut out later stands at most one step below a PC that the county knows.
            (CertKind::Device, CertKind::Delegation) => delegations == 1 && claims.office == above.office,
            _ => false,
        };
        if !permitted {
            return Err(Bad::Untrusted("a key may not certify this"));
        }
        if claims.issuer != Some(last.id()) {
            return Err(Bad::Untrusted("certified by another than the chain shows"));
        }
        cert.verify(&above.subject)?;
        if claims.kind == CertKind::Delegation {
            delegation = Some(cert.id());
            delegations += 1;
        }
        (last, rest) = (cert, more);
    }
    Ok(Walked { last, county, delegation })
}

/// Certificates as one CBOR array of byte strings.
#[must_use]
pub fn chain_to_cbor(certs: &[Cert]) -> Vec<u8> {
    let mut out = Vec::new();
    let w = &mut Writer(&mut out);
    w.array(certs.len());
    for c in certs {
        w.bytes(&c.bytes);
    }
    out
}

/// # Errors
/// Anything but what [`chain_to_cbor`] writes, or more than 8 certificates.
pub fn chain_from_cbor(bytes: &[u8]) -> Result<Vec<Cert>, Bad> {
    within("certificate chain", bytes.len(), LONGEST * (LARGEST + 4))?;
    let r = &mut Reader::new(bytes);
    let certs = read_chain(r)?;
    r.end()?;
    Ok(certs)
}

pub(crate) fn read_chain(r: &mut Reader<'_>) -> Result<Vec<Cert>, Bad> {
    let n = r.array()?;
    within("certificate chain", n, LONGEST)?;
    (0..n).map(|_| Cert::from_bytes(r.bytes()?)).collect()
}

#[cfg(test)]
mod tests;

mod carrier;

pub use carrier::{Asking, verify_asker};

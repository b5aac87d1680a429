//! COSE_Sign1 in the one form that certificates and segments use.

use coset::{CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, iana};

use crate::bad::{Bad, Limits};
use crate::cbor::Reader;
use crate::cert::CertId;
use crate::keys::SigningKey;

/// A COSE_Sign1 in its one form: Ed25519 and at most a signer's name in the protected header, nothing unprotected.
pub(crate) struct Signed {
    pub(crate) signer: Option<CertId>,
    pub(crate) payload: Vec<u8>,
    /// The bytes that the signature covers.
    pub(crate) signed: Vec<u8>,
    pub(crate) signature: [u8; 64],
}

fn header(signer: Option<CertId>) -> coset::Header {
    let mut header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA);
    if let Some(id) = signer {
        header = header.key_id(id.0.to_vec());
    }
    header.build()
}

pub(crate) fn cose_sign(
    purpose: &[u8],
    signer: Option<CertId>,
    payload: Vec<u8>,
    key: &SigningKey,
) -> Result<Vec<u8>, Bad> {
    CoseSign1Builder::new()
        .protected(header(signer))
        .payload(payload)
        .create_signature(purpose, |message| key.sign(message).to_vec())
        .build()
        .to_vec()
        .map_err(|_| Bad::Form("not signable"))
}

impl Signed {
    /// The caller has bounded the size.
    pub(crate) fn parse(purpose: &[u8], bytes: &[u8]) -> Result<Self, Bad> {
        // The nesting of foreign bytes is bounded before a recursive parser sees them.
        let r = &mut Reader::new(bytes);
        r.item(Limits::STANDARD.depth)?;
        r.end()?;
        let cose = CoseSign1::from_slice(bytes).map_err(|_| Bad::Form("no COSE_Sign1"))?;
        let signed = cose.tbs_data(purpose);
        let (Some(payload), Ok(signature)) = (cose.payload, <[u8; 64]>::try_from(cose.signature)) else {
            return Err(Bad::Form("no COSE_Sign1 of ours"));
        };
        let signer = match cose.protected.header.key_id.as_slice() {
            [] => None,
            id => Some(CertId(id.try_into().map_err(|_| Bad::Form("no certificate is named so"))?)),
        };
        // Whatever else coset understands (other algorithms, headers, encodings) would not come out the same again.
        let again = CoseSign1Builder::new()
            .protected(header(signer))
            .payload(payload.clone())
            .signature(signature.to_vec())
            .build()
            .to_vec();
        if again.as_deref().ok() != Some(bytes) {
            return Err(Bad::Form("no COSE_Sign1 of ours"));
        }
        Ok(Self { signer, payload, signed, signature })
    }
}

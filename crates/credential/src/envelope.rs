//! The envelope of a card: prefix, base45, COSE_Sign1. Reading is tolerant of what keyboards and scanners do to a text,
//! and bounded; writing has one form.

use std::borrow::Cow;

use coset::{AsCborValue, CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable, iana};
use thiserror::Error;

use crate::key::IssuingKey;

/// Why a text is no card. Carries nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// Something else was scanned.
    #[error("the text does not begin like a card")]
    Foreign,
    /// `NJ2:` and later: the program is older than the card.
    #[error("of version {0}, which this program does not know")]
    Newer(u8),
    /// Longer than any card.
    #[error("longer than {0} characters")]
    TooLong(usize),
    /// A character was lost or altered.
    #[error("not base45")]
    Base45,
    /// Not compressed as the profile says, or larger than permitted.
    #[error("not compressed as it must be")]
    Compressed,
    /// Not CBOR, or nested too deep, or something follows it.
    #[error("not CBOR")]
    Cbor,
    /// Not signed in the form of the profile.
    #[error("no COSE_Sign1")]
    Cose,
    /// Signed, but a claim is missing or of another shape.
    #[error("a claim is missing or has another shape")]
    Claims,
}

/// What cards of one kind look like around their claims.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Begins every text.
    pub prefix: &'static str,
    /// Between base45 and COSE stands a zlib stream.
    pub packed: bool,
    /// The longest text that is looked at, in characters.
    pub longest: usize,
    /// The external data that every signature covers.
    pub aad: &'static [u8],
}

/// Our own profile, version 1.
pub const NJ1: Profile = Profile { prefix: "NJ1:", packed: false, longest: 1_000, aad: b"NJ1:" };

/// How long a card that we issue may be, in characters: QR version 10-M holds 311 of its alphabet.
pub const MOST: usize = 300;

/// How much a zlib stream of a profile may become, in bytes.
const MOST_PLAIN: usize = 64 * 1024;

/// A COSE_Sign1 that has been taken apart and not been checked.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The algorithm that is named, by the protected header or else by the other; `None` where it is named by text.
    pub alg: Option<i64>,
    /// The key that is named: by the protected header, or by the other one where that is silent.
    pub kid: Vec<u8>,
    /// The media type in the protected header.
    pub typ: Option<String>,
    /// What is signed for.
    pub payload: Vec<u8>,
    /// What the signature covers (`Sig_structure` of RFC 9052 §4.4).
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// COSE header `typ` (RFC 9596).
const TYP: i64 = 16;

impl Signed {
    /// Reads a COSE_Sign1, with tag 18 or without. The caller has bounded the size.
    ///
    /// # Errors
    /// `Unreadable::Cbor`, `Unreadable::Cose`.
    pub fn read(bytes: &[u8], aad: &[u8]) -> Result<Self, Unreadable> {
        let value = crate::cbor::read(bytes)?;
        // Some issuers put the tag of a CWT (61) around it.
        let value = match value {
            ciborium::Value::Tag(61, inner) => *inner,
            other => other,
        };
        let value = match value {
            ciborium::Value::Tag(tag, inner) if tag == CoseSign1::TAG => *inner,
            other => other,
        };
        let cose = CoseSign1::from_cbor_value(value).map_err(|_| Unreadable::Cose)?;
        let message = cose.tbs_data(aad);
        let protected = &cose.protected.header;
        // Whoever marks a header as critical wants whoever does not know it to stop (RFC 9052 §3.1); we know of none.
        if !protected.crit.is_empty() || !cose.unprotected.crit.is_empty() {
            return Err(Unreadable::Cose);
        }
        // Which key may have signed is not for the header to say, so it does not matter who could have written it there.
        let alg = match protected.alg.as_ref().or(cose.unprotected.alg.as_ref()) {
            Some(coset::RegisteredLabelWithPrivate::Assigned(alg)) => Some(iana::EnumI64::to_i64(alg)),
            Some(coset::RegisteredLabelWithPrivate::PrivateUse(alg)) => Some(*alg),
            _ => None,
        };
        let typ = protected.rest.iter().find_map(|(label, value)| match (label, value) {
            (coset::Label::Int(TYP), ciborium::Value::Text(typ)) => Some(typ.clone()),
            _ => None,
        });
        // What is protected goes before what anybody could have put there.
        let kid = if protected.key_id.is_empty() { cose.unprotected.key_id } else { protected.key_id.clone() };
        let payload = cose.payload.ok_or(Unreadable::Cose)?;
        Ok(Self { alg, kid, typ, payload, message, signature: cose.signature })
    }

    /// The payload of a list: a token of that type, at most so long, that one of the keys has signed.
    pub(crate) fn list(token: &[u8], typ: &str, most: usize, keys: &[[u8; 32]]) -> Result<Option<Vec<u8>>, Unreadable> {
        if token.len() > most {
            return Err(Unreadable::TooLong(most));
        }
        let signed = Self::read(token, &[])?;
        if signed.typ.as_deref() != Some(typ) {
            return Err(Unreadable::Cose);
        }
        Ok(keys.iter().any(|key| signed.by(key)).then_some(signed.payload))
    }

    /// Whether it is signed by Ed25519 with this key, under either of the two numbers that the algorithm has (RFC 9864).
    #[must_use]
    pub fn by(&self, public: &[u8; 32]) -> bool {
        matches!(self.alg, Some(-8 | -19)) && crate::key::holds(public, &self.message, &self.signature)
    }
}

/// Signs a payload: tag 18, algorithm, type and key in the protected header, nothing in the other.
pub(crate) fn sign(payload: Vec<u8>, typ: Option<&str>, aad: &[u8], key: &IssuingKey) -> Vec<u8> {
    let mut header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(key.kid().0.to_vec());
    if let Some(typ) = typ {
        header = header.value(TYP, ciborium::Value::Text(typ.to_owned()));
    }
    let cose = CoseSign1Builder::new()
        .protected(header.build())
        .payload(payload)
        .create_signature(aad, |message| key.sign(message))
        .build();
    // The header is our own and has no key twice, which is all that could be refused.
    cose.to_tagged_vec().expect("a header of ours")
}

/// The text of a signed card.
pub(crate) fn text(profile: &Profile, cose: &[u8]) -> String {
    format!("{}{}", profile.prefix, base45::encode(cose))
}

/// Takes a text apart: prefix, base45, the zlib stream where the profile has one, COSE_Sign1.
///
/// # Errors
/// [`Unreadable`], which says how far it came.
pub fn open(text: &str, profile: &Profile) -> Result<Signed, Unreadable> {
    let text = as_scanned(text, profile.longest)?;
    let Some(rest) = text.strip_prefix(profile.prefix) else { return Err(version(&text, profile)) };
    // The library lets a pair above 255 pass; what is not written so again was not base45 (RFC 9285 §6).
    let bytes = base45::decode(rest).map_err(|_| Unreadable::Base45)?;
    if base45::encode(&bytes) != rest {
        return Err(Unreadable::Base45);
    }
    let bytes = if profile.packed { inflate(&bytes, MOST_PLAIN).ok_or(Unreadable::Compressed)? } else { bytes };
    Signed::read(&bytes, profile.aad)
}

/// What a keyboard, an input method or a scanner may have done to a text is undone: full-width forms, small letters,
/// white space around it. A space within it is one of the 45 characters; at the end none can stand, because the last
/// character of a group is at most the 33rd.
fn as_scanned(text: &str, longest: usize) -> Result<Cow<'_, str>, Unreadable> {
    // A character has at most four bytes; whatever is longer is not even looked through.
    if text.len() > longest * 4 {
        return Err(Unreadable::TooLong(longest));
    }
    let text = text.trim();
    if text.chars().count() > longest {
        return Err(Unreadable::TooLong(longest));
    }
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_lowercase()) {
        return Ok(Cow::Borrowed(text));
    }
    let plain = |c: char| match c {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '￥' | '¥' => '$',
        other => other,
    };
    Ok(Cow::Owned(text.chars().map(|c| plain(c).to_ascii_uppercase()).collect()))
}

/// A zlib stream, if it is whole and becomes no more than `most` bytes.
pub(crate) fn inflate(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let mut plain = Vec::new();
    let mut from = flate2::read::ZlibDecoder::new(bytes).take(most as u64 + 1);
    from.read_to_end(&mut plain).ok()?;
    (plain.len() <= most).then_some(plain)
}

/// Why a text with another prefix is refused: it is a card of a later version, or none.
fn version(text: &str, profile: &Profile) -> Unreadable {
    let ours = &profile.prefix[..profile.prefix.len() - 2];
    match text.strip_prefix(ours).map(str::as_bytes) {
        Some([n @ b'0'..=b'9', b':', ..]) => Unreadable::Newer(n - b'0'),
        _ => Unreadable::Foreign,
    }
}

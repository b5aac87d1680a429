//! The status list: two bits a card, for all cards of the county, signed by the county and carried with every exchange.
//!
//! Form: a Status List Token in CWT form (IETF Token Status List, draft-ietf-oauth-status-list, §5.2).

use ciborium::Value;

use crate::{
    cbor::{self, Fields},
    day,
    envelope::{self, Signed, Unreadable},
    key::IssuingKey,
};

/// What the list says of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// Nothing against it.
    Valid = 0,
    /// For good: expelled, deceased, left, or a card that was replaced.
    Revoked = 1,
    /// For the time being: lost, or disputed.
    Suspended = 2,
    /// Its holder has moved out of the county (`APPLICATION_SPECIFIC` of the draft).
    Transferred = 3,
}

impl Status {
    fn of(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Valid,
            1 => Self::Revoked,
            2 => Self::Suspended,
            _ => Self::Transferred,
        }
    }
}

/// The largest list that is read, in cards: four million, a megabyte.
pub const MOST_CARDS: usize = 4 << 20;

/// The largest token that is looked at, in bytes.
pub const MOST_BYTES: usize = 2 << 20;

const TYPE: &str = "application/statuslist+cwt";
const SUB: i64 = 2;
const IAT: i64 = 6;
const STATUS_LIST: i64 = 65_533;

/// The list, unpacked.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    /// Of which county, as a URI: `urn:uuid:…` of its record.
    pub subject: String,
    /// When it was made, seconds since 1970.
    pub made: i64,
    /// Four cards a byte, the lowest bits first.
    bits: Vec<u8>,
}

impl std::fmt::Debug for StatusList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusList").field("made", &self.made).field("cards", &self.len()).finish_non_exhaustive()
    }
}

impl StatusList {
    /// A list of `cards` cards with nothing against any of them.
    #[must_use]
    pub fn new(subject: &str, made: i64, cards: usize) -> Self {
        Self { subject: subject.to_owned(), made, bits: vec![0; cards.min(MOST_CARDS).div_ceil(4)] }
    }

    /// How many cards have a place. A multiple of four.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bits.len() * 4
    }

    /// Whether nobody has a place.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// What it says of a place; `None` beyond its end: the card is younger than the list.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<Status> {
        let byte = self.bits.get(index as usize / 4)?;
        Some(Status::of(byte >> (index % 4 * 2)))
    }

    /// Sets a place, and makes the list long enough for it. Places beyond [`MOST_CARDS`] are not kept.
    pub fn set(&mut self, index: u32, status: Status) {
        let (byte, shift) = (index as usize / 4, index % 4 * 2);
        if byte >= MOST_CARDS / 4 {
            return;
        }
        if byte >= self.bits.len() {
            self.bits.resize(byte + 1, 0);
        }
        self.bits[byte] = self.bits[byte] & !(3 << shift) | (status as u8) << shift;
    }

    /// The signed token.
    #[must_use]
    pub fn sign(&self, key: &IssuingKey) -> Vec<u8> {
        let list = Value::Map(vec![("bits".into(), 2.into()), ("lst".into(), Value::Bytes(deflate(&self.bits)))]);
        let claims = Value::Map(vec![
            (SUB.into(), self.subject.as_str().into()),
            (IAT.into(), self.made.into()),
            (STATUS_LIST.into(), list),
        ]);
        envelope::sign(cbor::write(&claims), Some(TYPE), &[], key)
    }

    /// Reads a token that one of these keys has signed.
    ///
    /// # Errors
    /// `None` in the place of a list where no key fits; [`Unreadable`] where it is none.
    pub fn open(token: &[u8], keys: &[[u8; 32]]) -> Result<Option<Self>, Unreadable> {
        Signed::list(token, TYPE, MOST_BYTES, keys)?.map(|payload| Self::read(&payload)).transpose()
    }

    /// Reads the claims without asking who signed them.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(payload: &[u8]) -> Result<Self, Unreadable> {
        let mut fields = Fields::read(cbor::read(payload)?)?;
        let subject = fields.text(SUB, 200)?.ok_or(Unreadable::Claims)?;
        let made = fields.int(IAT)?.and_then(day::moment).ok_or(Unreadable::Claims)?;
        let Some(Value::Map(list)) = fields.take(STATUS_LIST) else { return Err(Unreadable::Claims) };
        let (mut two, mut packed) = (false, None);
        for (key, value) in list {
            match (key, value) {
                (Value::Text(k), Value::Integer(n)) if k == "bits" => two = n == 2.into(),
                (Value::Text(k), Value::Bytes(b)) if k == "lst" => packed = Some(b),
                _ => {}
            }
        }
        let (true, Some(packed)) = (two, packed) else { return Err(Unreadable::Claims) };
        let bits = envelope::inflate(&packed, MOST_CARDS / 4).ok_or(Unreadable::Compressed)?;
        Ok(Self { subject, made, bits })
    }
}

fn deflate(bits: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    // Written to memory, which takes every byte.
    out.write_all(bits).and_then(|()| out.finish()).expect("written to memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> IssuingKey {
        IssuingKey::from_seed(&[1; 32])
    }

    #[test]
    fn bits_lie_as_the_draft_says() {
        // draft-ietf-oauth-status-list §4.1, the example of two bits.
        let mut list = StatusList::new("", 0, 0);
        for (index, status) in [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3].into_iter().enumerate() {
            list.set(index as u32, Status::of(status));
        }
        assert_eq!(list.bits, [0xc9, 0x44, 0xf9]);
        assert_eq!(envelope::inflate(&hex::decode("78da3be9f2130003df0207").unwrap(), 100).unwrap(), list.bits);
        assert_eq!((list.get(3), list.get(4), list.get(12)), (Some(Status::Transferred), Some(Status::Valid), None));
    }

    #[test]
    fn a_list_comes_back_to_who_holds_the_key() {
        let mut list = StatusList::new("urn:uuid:1", 1_700_000_000, 1_000);
        list.set(17, Status::Suspended);
        list.set(17, Status::Revoked);
        let token = list.sign(&key());
        let other = IssuingKey::from_seed(&[2; 32]).public();
        assert_eq!(StatusList::open(&token, &[other, key().public()]), Ok(Some(list)));
        assert_eq!(StatusList::open(&token, &[other]), Ok(None));
    }

    #[test]
    fn three_hundred_thousand_cards_fit_into_eight_kilobytes() {
        let mut list = StatusList::new("urn:uuid:0190c0de-0000-7000-8000-000000000001", 0, 300_000);
        let mut n = 1_u64;
        for _ in 0..3_000 {
            // An even spread without pattern is the worst case for the compression.
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            list.set(((n >> 33) % 300_000) as u32, Status::Revoked);
        }
        let token = list.sign(&key());
        assert!(token.len() <= 8_000, "{}", token.len());
    }

    #[test]
    fn a_bomb_and_a_list_of_another_kind_are_refused() {
        let bomb = Value::Map(vec![
            (SUB.into(), "x".into()),
            (IAT.into(), 0.into()),
            (
                STATUS_LIST.into(),
                Value::Map(vec![("bits".into(), 2.into()), ("lst".into(), Value::Bytes(deflate(&vec![0; 64 << 20])))]),
            ),
        ]);
        let token = envelope::sign(cbor::write(&bomb), Some(TYPE), &[], &key());
        assert_eq!(StatusList::open(&token, &[key().public()]), Err(Unreadable::Compressed));
        let other = envelope::sign(cbor::write(&bomb), Some("application/other"), &[], &key());
        assert_eq!(StatusList::open(&other, &[key().public()]), Err(Unreadable::Cose));
        assert_eq!(StatusList::open(&vec![0; MOST_BYTES + 1], &[]), Err(Unreadable::TooLong(MOST_BYTES)));
    }
}

//! The trust list: the issuing keys of the county's offices, signed by the county.

use chrono::NaiveDate;
use ciborium::Value;

use crate::{
    cbor::{self, Fields},
    day,
    envelope::{self, Signed, Unreadable},
    key::{IssuingKey, Kid},
};

/// One issuing key of an office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The public key.
    pub public: [u8; 32],
    /// Code of the office.
    pub code: String,
    /// Name of the office.
    pub name: String,
    /// The first day on which it may have issued.
    pub from: NaiveDate,
    /// The last one: the PC was given up, stolen, or had its key changed. Cards of up to that day stand.
    pub until: Option<NaiveDate>,
}

/// The largest list that is looked at, in bytes: some 8,000 keys.
pub const MOST_BYTES: usize = 1 << 20;

const TYPE: &str = "application/niangjia-trust-list+cbor";
const SUB: i64 = 2;
const IAT: i64 = 6;
const ENTRIES: i64 = 1;

/// The keys by which a card may be signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustList {
    /// Of which county, as a URI: `urn:uuid:…` of its record.
    pub subject: String,
    /// When it was made, seconds since 1970; `None` for a list that a PC has put together from what it knows itself.
    pub made: Option<i64>,
    /// The keys.
    pub entries: Vec<Entry>,
}

impl TrustList {
    /// The keys of a name. Usually one; two of one name would both be tried.
    pub fn named(&self, kid: &[u8]) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| Kid::of(&entry.public).0 == kid)
    }

    /// The signed list.
    #[must_use]
    pub fn sign(&self, key: &IssuingKey) -> Vec<u8> {
        let entry = |e: &Entry| {
            let mut items: Vec<Value> = vec![
                Value::Bytes(e.public.to_vec()),
                e.code.as_str().into(),
                e.name.as_str().into(),
                day::number(e.from).into(),
            ];
            items.extend(e.until.map(|end| Value::from(day::number(end))));
            Value::Array(items)
        };
        let claims = Value::Map(vec![
            (ENTRIES.into(), Value::Array(self.entries.iter().map(entry).collect())),
            (SUB.into(), self.subject.as_str().into()),
            (IAT.into(), self.made.unwrap_or(0).into()),
        ]);
        envelope::sign(cbor::write(&claims), Some(TYPE), &[], key)
    }

    /// Reads a list that one of these keys has signed.
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
        let Some(Value::Array(items)) = fields.take(ENTRIES) else { return Err(Unreadable::Claims) };
        let entries = items.into_iter().map(entry).collect::<Option<_>>().ok_or(Unreadable::Claims)?;
        Ok(Self { subject, made: Some(made), entries })
    }
}

/// Items that a later version adds at the end are passed over.
fn entry(item: Value) -> Option<Entry> {
    let Value::Array(items) = item else { return None };
    let a_day = |value: &Value| match value {
        Value::Integer(n) => day::day(i64::try_from(*n).ok()?),
        _ => None,
    };
    let [Value::Bytes(public), Value::Text(code), Value::Text(name), from, rest @ ..] = items.as_slice() else {
        return None;
    };
    let until = match rest.first() {
        None | Some(Value::Null) => None,
        Some(value) => Some(a_day(value)?),
    };
    let public = public.as_slice().try_into().ok()?;
    Some(Entry { public, code: code.clone(), name: name.clone(), from: a_day(from)?, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_and_names_its_keys() {
        let county = IssuingKey::from_seed(&[9; 32]);
        let at = |n| day::day(n).unwrap();
        let entry = |n: u8, until| Entry {
            public: IssuingKey::from_seed(&[n; 32]).public(),
            code: format!("99010100{n}"),
            name: "平明镇总工会".into(),
            from: at(20_000),
            until,
        };
        let list = TrustList {
            subject: "urn:uuid:1".into(),
            made: Some(1_700_000_000),
            entries: vec![entry(1, None), entry(2, Some(at(20_100)))],
        };
        let token = list.sign(&county);
        assert_eq!(TrustList::open(&token, &[county.public()]), Ok(Some(list.clone())));
        assert_eq!(TrustList::open(&token, &[[0; 32]]), Ok(None));
        let kid = IssuingKey::from_seed(&[2; 32]).kid();
        assert_eq!(list.named(&kid.0).collect::<Vec<_>>(), [&list.entries[1]]);
        assert_eq!(list.named(&[]).count(), 0);
        assert!(TrustList::open(b"", &[]).is_err());
    }
}

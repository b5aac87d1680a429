//! The slip with which a member goes from one union to another: who she is, from when on a member, where from and where to,
//! signed by the office that lets go. Never the full ID number.

use chrono::NaiveDate;
use ciborium::Value;

use crate::{
    card::Unfit,
    cbor::{self, Fields},
    day,
    envelope::{self, Profile, Signed, Unreadable},
    key::IssuingKey,
    trust::{Entry, TrustList},
};

/// The profile of slips, version 1.
pub const NJT1: Profile = Profile { prefix: "NJT1:", packed: false, longest: 1_500, aad: b"NJT1:" };

/// What a slip says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// The transfer, a UUID.
    pub transfer: [u8; 16],
    /// The member's record, a UUID: at the new office it keeps its name.
    pub member: [u8; 16],
    /// Number of the letter.
    pub number: String,
    /// Name of the member; at most 60 characters are kept.
    pub name: String,
    /// The last four characters of the ID number.
    pub tail: String,
    /// Year of birth.
    pub born: Option<u16>,
    /// Member since.
    pub since: Option<NaiveDate>,
    /// Number of the card.
    pub card: Option<String>,
    /// Administrative code of the office that the slip is for; an open slip has none.
    pub to: Option<String>,
    /// Dues paid up to.
    pub dues_to: Option<NaiveDate>,
    /// Day of release.
    pub released: NaiveDate,
    /// Day after which the office that let go asks what became of it.
    pub until: Option<NaiveDate>,
}

const TRANSFER: i64 = 1;
const MEMBER: i64 = 2;
const NUMBER: i64 = 3;
const NAME: i64 = 4;
const TAIL: i64 = 5;
const RELEASED: i64 = 6;
const BORN: i64 = 7;
const SINCE: i64 = 8;
const CARD: i64 = 9;
const TO: i64 = 10;
const DUES_TO: i64 = 11;
const UNTIL: i64 = 12;

/// Why a slip is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// No slip, or damaged.
    NotOurs(Unreadable),
    /// Signed by a key that the list does not name for that day.
    UnknownIssuer,
    /// Forged or altered.
    BadSignature,
}

impl Slip {
    /// Signs the slip: the text of its code.
    ///
    /// # Errors
    /// [`Unfit`], naming what cannot stand on a slip.
    pub fn issue(&self, key: &IssuingKey) -> Result<String, Unfit> {
        if self.name.trim().is_empty() || self.name.chars().any(char::is_control) {
            return Err(Unfit::Name);
        }
        if self.number.is_empty() || self.number.len() > 40 || self.card.as_ref().is_some_and(|c| c.len() > 40) {
            return Err(Unfit::Number);
        }
        if self.tail.is_empty() || self.tail.len() > 4 {
            return Err(Unfit::Tail);
        }
        let days = [Some(self.released), self.since, self.dues_to, self.until];
        if !days.into_iter().flatten().all(|d| day::day(day::number(d)) == Some(d)) {
            return Err(Unfit::Days);
        }
        let payload = cbor::write(&self.claims());
        Ok(envelope::text(&NJT1, &envelope::sign(payload, None, NJT1.aad, key)))
    }

    fn claims(&self) -> Value {
        let name: String = self.name.chars().take(60).collect();
        let mut claims: Vec<(Value, Value)> = vec![
            (TRANSFER.into(), Value::Bytes(self.transfer.to_vec())),
            (MEMBER.into(), Value::Bytes(self.member.to_vec())),
            (NUMBER.into(), self.number.as_str().into()),
            (NAME.into(), name.into()),
            (TAIL.into(), self.tail.as_str().into()),
            (RELEASED.into(), day::number(self.released).into()),
        ];
        let mut put = |key: i64, value: Option<Value>| claims.extend(value.map(|value| (key.into(), value)));
        put(BORN, self.born.map(Into::into));
        put(SINCE, self.since.map(|d| day::number(d).into()));
        put(CARD, self.card.as_deref().map(Into::into));
        put(TO, self.to.as_deref().map(Into::into));
        put(DUES_TO, self.dues_to.map(|d| day::number(d).into()));
        put(UNTIL, self.until.map(|d| day::number(d).into()));
        Value::Map(claims)
    }

    /// Reads a text without asking who signed it.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn open(text: &str) -> Result<(Self, Signed), Unreadable> {
        let signed = envelope::open(text, &NJT1)?;
        Ok((Self::read(&signed.payload)?, signed))
    }

    /// Claims that this version does not know are passed over.
    fn read(payload: &[u8]) -> Result<Self, Unreadable> {
        let mut fields = Fields::read(cbor::read(payload)?)?;
        let id = |value: Option<Value>| match value {
            Some(Value::Bytes(b)) => <[u8; 16]>::try_from(b).map_err(|_| Unreadable::Claims),
            _ => Err(Unreadable::Claims),
        };
        let a_day = |n: Option<i64>| n.map(|n| day::day(n).ok_or(Unreadable::Claims)).transpose();
        let transfer = id(fields.take(TRANSFER))?;
        let member = id(fields.take(MEMBER))?;
        let born = fields.int(BORN)?.map(|n| n.try_into().map_err(|_| Unreadable::Claims)).transpose()?;
        Ok(Self {
            transfer,
            member,
            number: fields.text(NUMBER, 40)?.ok_or(Unreadable::Claims)?,
            name: fields.text(NAME, 400)?.ok_or(Unreadable::Claims)?,
            tail: fields.text(TAIL, 16)?.ok_or(Unreadable::Claims)?,
            born,
            since: a_day(fields.int(SINCE)?)?,
            card: fields.text(CARD, 40)?,
            to: fields.text(TO, 20)?,
            dues_to: a_day(fields.int(DUES_TO)?)?,
            released: a_day(fields.int(RELEASED)?)?.ok_or(Unreadable::Claims)?,
            until: a_day(fields.int(UNTIL)?)?,
        })
    }

    /// Reads a text and finds the office whose key signed it, by a list that held on the day of release.
    ///
    /// # Errors
    /// [`Doubt`].
    pub fn believed(text: &str, trust: &TrustList) -> Result<(Self, Entry), Doubt> {
        let (slip, signed) = Self::open(text).map_err(Doubt::NotOurs)?;
        let mut named = trust.named(&signed.kid).peekable();
        if named.peek().is_none() {
            return Err(Doubt::UnknownIssuer);
        }
        let signers: Vec<&Entry> = named.filter(|entry| signed.by(&entry.public)).collect();
        if signers.is_empty() {
            return Err(Doubt::BadSignature);
        }
        let held = |e: &&&Entry| e.from <= slip.released && e.until.is_none_or(|end| slip.released <= end);
        let issuer = signers.iter().find(held).ok_or(Doubt::UnknownIssuer)?;
        Ok((slip.clone(), (*issuer).clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, m, d).unwrap()
    }

    fn slip() -> Slip {
        Slip {
            transfer: [1; 16],
            member: [2; 16],
            number: "990101001-2026-0007".into(),
            name: "王芳".into(),
            tail: "002X".into(),
            born: Some(1980),
            since: Some(at(1, 2)),
            card: Some("99010100120260000018".into()),
            to: Some("990101002".into()),
            dues_to: Some(at(10, 31)),
            released: at(11, 23),
            until: Some(at(12, 23)),
        }
    }

    fn trust(key: &IssuingKey) -> TrustList {
        let entry = Entry {
            public: key.public(),
            code: "990101001".into(),
            name: "平明镇总工会".into(),
            from: at(1, 1),
            until: None,
        };
        TrustList { subject: String::new(), made: Some(0), entries: vec![entry] }
    }

    #[test]
    fn a_slip_says_what_was_put_on_it_and_who_lets_go() {
        let key = IssuingKey::from_seed(&[7; 32]);
        let text = slip().issue(&key).unwrap();
        // Version 13-M of a QR code beside a letter holds 483 of its alphabet.
        assert!(text.starts_with("NJT1:") && text.len() <= 483, "{}", text.len());
        let (read, issuer) = Slip::believed(&text, &trust(&key)).unwrap();
        assert_eq!((read, issuer.code.as_str()), (slip(), "990101001"));
        let open = Slip { to: None, since: None, card: None, dues_to: None, until: None, born: None, ..slip() };
        assert_eq!(Slip::open(&open.issue(&key).unwrap()).unwrap().0, open);
    }

    #[test]
    fn nobody_else_lets_her_go() {
        let (key, other) = (IssuingKey::from_seed(&[7; 32]), IssuingKey::from_seed(&[8; 32]));
        let text = slip().issue(&key).unwrap();
        assert_eq!(Slip::believed(&text, &trust(&other)), Err(Doubt::UnknownIssuer));
        let mut ended = trust(&key);
        ended.entries[0].until = Some(at(11, 22));
        assert_eq!(Slip::believed(&text, &ended), Err(Doubt::UnknownIssuer), "its PC was shut out before");
        let elsewhere = Slip { to: Some("990101003".into()), ..slip() }.issue(&key).unwrap();
        let bytes = |t: &str| base45::decode(&t[5..]).unwrap();
        let (a, b) = (bytes(&text), bytes(&elsewhere));
        let mixed = [&a[..a.len() - 64], &b[b.len() - 64..]].concat();
        let mixed = format!("NJT1:{}", base45::encode(&mixed));
        assert_eq!(Slip::believed(&mixed, &trust(&key)), Err(Doubt::BadSignature));
        assert_eq!(Slip::believed("NJ1:ABC", &trust(&key)), Err(Doubt::NotOurs(Unreadable::Foreign)));
        assert_eq!(Slip::believed("NJT2:ABC", &trust(&key)), Err(Doubt::NotOurs(Unreadable::Newer(2))));
    }

    #[test]
    fn what_no_slip_may_say_is_not_signed() {
        let key = IssuingKey::from_seed(&[7; 32]);
        assert_eq!(Slip { tail: "99010119800229002X".into(), ..slip() }.issue(&key), Err(Unfit::Tail));
        assert_eq!(Slip { name: " ".into(), ..slip() }.issue(&key), Err(Unfit::Name));
        assert_eq!(Slip { number: String::new(), ..slip() }.issue(&key), Err(Unfit::Number));
    }

    proptest! {
        #[test]
        fn no_text_whatever_brings_the_reader_down(text in "(NJT1:)?[ -Z]{0,600}") {
            let _ = Slip::open(&text);
        }
    }
}

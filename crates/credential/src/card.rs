//! What a card says: number, name, the end of the holder's ID number, since when a member, when issued, and where it stands
//! in the status list. Never the full ID number.

use chrono::NaiveDate;
use ciborium::Value;
use thiserror::Error;

use crate::{
    cbor::{self, Fields},
    day,
    envelope::{self, MOST, NJ1, Signed, Unreadable},
    key::IssuingKey,
};

/// The claims of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Card number, as printed without grouping: digits, capital letters, hyphens; at most 32.
    pub number: String,
    /// Name of the holder. One that is too long for the code ends in `…`.
    pub name: String,
    /// The last four characters of the holder's ID number, for comparing with the document that is shown.
    pub tail: String,
    /// Year of birth.
    pub born: Option<u16>,
    /// Member since.
    pub since: NaiveDate,
    /// Day of issue.
    pub issued: NaiveDate,
    /// Last day on which it holds; cards of unlimited validity have none.
    pub expires: Option<NaiveDate>,
    /// Place in the county's status list.
    pub index: u32,
}

/// Why a card is not issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// Empty, too long, or of characters that no card number has.
    #[error("the number of the card")]
    Number,
    /// Empty.
    #[error("the name on the card")]
    Name,
    /// Not one to four digits or capital letters.
    #[error("the end of the ID number")]
    Tail,
    /// A member since after the day of issue, expired before it, or a day outside 1900 to 2199.
    #[error("the days on the card")]
    Days,
}

const NUMBER: i64 = 1;
const NAME: i64 = 2;
const TAIL: i64 = 3;
const SINCE: i64 = 4;
const ISSUED: i64 = 5;
const INDEX: i64 = 6;
const BORN: i64 = 7;
const EXPIRES: i64 = 8;

/// The longest card number, in characters.
const LONGEST_NUMBER: usize = 32;

impl Card {
    /// Signs the card: the text of its code, at most 300 characters of the alphabet of base45.
    ///
    /// Where a long name leaves no room, the year of birth goes first and then the end of the name.
    ///
    /// # Errors
    /// [`Unfit`], naming what cannot stand on a card.
    pub fn issue(&self, key: &IssuingKey) -> Result<String, Unfit> {
        self.check()?;
        let whole = self.sign(key);
        if whole.len() <= MOST {
            return Ok(whole);
        }
        let mut shorter = Self { born: None, ..self.clone() };
        let mut text = shorter.sign(key);
        let mut name = self.name.as_str();
        while text.len() > MOST {
            let Some((last, _)) = name.char_indices().next_back() else { return Err(Unfit::Name) };
            name = &name[..last];
            shorter.name = format!("{name}…");
            text = shorter.sign(key);
        }
        Ok(text)
    }

    fn sign(&self, key: &IssuingKey) -> String {
        let payload = cbor::write(&self.claims());
        envelope::text(&NJ1, &envelope::sign(payload, None, NJ1.aad, key))
    }

    fn check(&self) -> Result<(), Unfit> {
        let plain = |t: &str| t.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'-');
        if self.number.is_empty() || self.number.len() > LONGEST_NUMBER || !plain(&self.number) {
            return Err(Unfit::Number);
        }
        if self.name.trim().is_empty() || self.name.chars().any(char::is_control) {
            return Err(Unfit::Name);
        }
        if self.tail.is_empty() || self.tail.len() > 4 || !plain(&self.tail) {
            return Err(Unfit::Tail);
        }
        let days = [Some(self.since), Some(self.issued), self.expires];
        let known = days.into_iter().flatten().all(|d| day::day(day::number(d)) == Some(d));
        if !known || self.since > self.issued || self.expires.is_some_and(|end| end < self.issued) {
            return Err(Unfit::Days);
        }
        Ok(())
    }

    fn claims(&self) -> Value {
        let mut claims: Vec<(Value, Value)> = vec![
            (NUMBER.into(), number_value(&self.number)),
            (NAME.into(), self.name.as_str().into()),
            (TAIL.into(), self.tail.as_str().into()),
            (SINCE.into(), day::number(self.since).into()),
            (ISSUED.into(), day::number(self.issued).into()),
            (INDEX.into(), self.index.into()),
        ];
        if let Some(year) = self.born {
            claims.push((BORN.into(), year.into()));
        }
        if let Some(end) = self.expires {
            claims.push((EXPIRES.into(), day::number(end).into()));
        }
        Value::Map(claims)
    }

    /// Reads a text without asking who signed it.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn open(text: &str) -> Result<(Self, Signed), Unreadable> {
        let signed = envelope::open(text, &NJ1)?;
        Ok((Self::read(&signed.payload)?, signed))
    }

    /// Claims that this version does not know are passed over.
    fn read(payload: &[u8]) -> Result<Self, Unreadable> {
        let mut fields = Fields::read(cbor::read(payload)?)?;
        let text = |fields: &mut Fields, key, most| fields.text(key, most)?.ok_or(Unreadable::Claims);
        let number = fields.take(NUMBER).and_then(number_text).ok_or(Unreadable::Claims)?;
        let name = text(&mut fields, NAME, 400)?;
        let tail = text(&mut fields, TAIL, 16)?;
        let a_day = |n: Option<i64>| n.map(|n| day::day(n).ok_or(Unreadable::Claims)).transpose();
        let since = a_day(fields.int(SINCE)?)?.ok_or(Unreadable::Claims)?;
        let issued = a_day(fields.int(ISSUED)?)?.ok_or(Unreadable::Claims)?;
        let expires = a_day(fields.int(EXPIRES)?)?;
        let index = fields.int(INDEX)?.and_then(|n| n.try_into().ok()).ok_or(Unreadable::Claims)?;
        let born = fields.int(BORN)?.map(|n| n.try_into().map_err(|_| Unreadable::Claims)).transpose()?;
        Ok(Self { number, name, tail, born, since, issued, expires, index })
    }
}

/// A number of digits goes as a whole number, 11 bytes instead of 21; what begins with a zero or has letters, as text.
fn number_value(number: &str) -> Value {
    let whole = !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
    match number.parse::<u128>() {
        Ok(n) if whole => match u64::try_from(n) {
            Ok(n) => n.into(),
            Err(_) => {
                let bytes = n.to_be_bytes();
                let first = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
                // RFC 8949 §3.4.3: an unsigned bignum.
                Value::Tag(2, Box::new(Value::Bytes(bytes[first..].to_vec())))
            }
        },
        _ => number.into(),
    }
}

fn number_text(value: Value) -> Option<String> {
    match value {
        Value::Text(t) if (1..=LONGEST_NUMBER).contains(&t.len()) => Some(t),
        Value::Integer(n) => u64::try_from(n).ok().map(|n| n.to_string()),
        Value::Tag(2, inner) => match *inner {
            Value::Bytes(b) if b.len() <= 16 => Some(b.iter().fold(0_u128, |n, b| n << 8 | u128::from(*b)).to_string()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> IssuingKey {
        IssuingKey::from_seed(&[7; 32])
    }

    fn at(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    fn wang_fang() -> Card {
        Card {
            number: "99010100120260000018".into(),
            name: "王芳".into(),
            tail: "002X".into(),
            born: Some(1980),
            since: at(2019, 3, 1),
            issued: at(2026, 11, 23),
            expires: None,
            index: 4_711,
        }
    }

    #[test]
    fn a_card_says_what_was_put_on_it() {
        let text = wang_fang().issue(&key()).unwrap();
        assert!(text.starts_with("NJ1:") && text.len() < 220, "{}", text.len());
        assert!(text.bytes().all(|b| b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".contains(&b)));
        let (card, signed) = Card::open(&text).unwrap();
        assert_eq!(card, wang_fang());
        assert!(signed.by(&key().public()));
        assert!(!signed.by(&IssuingKey::from_seed(&[8; 32]).public()));
    }

    #[test]
    fn twenty_five_hanzi_fit_and_lose_nothing_but_the_year() {
        let long = Card {
            name: "阿卜杜热合曼买买提吐尔逊艾则孜江努尔艾力江玉山别克".into(),
            number: "9".repeat(20),
            index: u32::MAX,
            ..wang_fang()
        };
        let text = long.issue(&key()).unwrap();
        assert!(text.len() <= MOST, "{}", text.len());
        let (read, _) = Card::open(&text).unwrap();
        assert_eq!(read, Card { born: None, ..long });
    }

    #[test]
    fn a_name_without_end_is_cut_where_a_character_ends() {
        let long = Card { name: "𬱖".repeat(50), ..wang_fang() };
        let text = long.issue(&key()).unwrap();
        assert!(text.len() <= MOST);
        let (read, signed) = Card::open(&text).unwrap();
        assert!(signed.by(&key().public()));
        assert!(read.name.ends_with("𬱖…") && read.name.chars().count() > 15, "{}", read.name);
    }

    #[test]
    fn what_no_card_may_say_is_not_signed() {
        let unfit = |change: fn(&mut Card)| {
            let mut card = wang_fang();
            change(&mut card);
            card.issue(&key()).unwrap_err()
        };
        assert_eq!(unfit(|c| c.number.clear()), Unfit::Number);
        assert_eq!(unfit(|c| c.number = "12 34".into()), Unfit::Number);
        assert_eq!(unfit(|c| c.number = "1".repeat(33)), Unfit::Number);
        assert_eq!(unfit(|c| c.name = " ".into()), Unfit::Name);
        assert_eq!(unfit(|c| c.name = "王\n芳".into()), Unfit::Name);
        // Never the whole ID number, not even by mistake.
        assert_eq!(unfit(|c| c.tail = "99010119800229002X".into()), Unfit::Tail);
        assert_eq!(unfit(|c| c.since = c.issued.succ_opt().unwrap()), Unfit::Days);
        assert_eq!(unfit(|c| c.expires = c.issued.pred_opt()), Unfit::Days);
        assert_eq!(unfit(|c| c.since = at(1899, 12, 31)), Unfit::Days);
    }

    #[test]
    fn numbers_of_every_kind_come_back() {
        for number in [
            "1",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999",
            "007",
            "A-12",
            &"9".repeat(32),
        ] {
            let card = Card { number: number.into(), ..wang_fang() };
            assert_eq!(Card::open(&card.issue(&key()).unwrap()).unwrap().0.number, number);
        }
    }

    #[test]
    fn a_later_version_may_say_more() {
        let Value::Map(mut claims) = wang_fang().claims() else { panic!("no map") };
        claims.push((99.into(), "new".into()));
        claims.push(("x".into(), Value::Null));
        assert_eq!(Card::read(&cbor::write(&Value::Map(claims))).unwrap(), wang_fang());
    }

    proptest! {
        #[test]
        fn any_card_comes_back(name in "[\u{4e00}-\u{9fa5}·]{1,25}", number in "[1-9][0-9]{0,19}", index: u32, since in 0..20_000i64, on in 0..500i64, year in 1900..2100u16) {
            let card = Card {
                number, name, tail: "1234".into(), born: Some(year),
                since: day::day(since).unwrap(), issued: day::day(since + on).unwrap(), expires: None, index,
            };
            let text = card.issue(&key()).unwrap();
            prop_assert!(text.len() <= MOST);
            let read = Card::open(&text).unwrap().0;
            prop_assert_eq!(Card { born: read.born, ..card.clone() }, read);
        }

        #[test]
        fn no_text_whatever_brings_the_reader_down(text in "(NJ1:)?[ -Z]{0,400}", other in ".{0,300}") {
            let _ = Card::open(&text);
            let _ = Card::open(&other);
        }

        #[test]
        fn one_altered_character_never_passes(at in 4..200usize, by in 1..45usize) {
            const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
            let mut text = wang_fang().issue(&key()).unwrap().into_bytes();
            let at = at % text.len();
            prop_assume!(at >= 4);
            let was = ALPHABET.iter().position(|b| *b == text[at]).unwrap();
            text[at] = ALPHABET[(was + by) % 45];
            let text = String::from_utf8(text).unwrap();
            prop_assert!(Card::open(&text).map_or(true, |(_, signed)| !signed.by(&key().public())));
        }
    }
}

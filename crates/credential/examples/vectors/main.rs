//! Writes the test vectors of the card, `tests/fixtures/credentials/v1.json`: `cargo run -p niangjia-credential --example
//! vectors > tests/fixtures/credentials/v1.json`. All people are made up. The answers that it writes down are said here by
//! hand, case by case, and not asked of the verifier.

mod cases;

use chrono::{Days, NaiveDate};
use ciborium::Value;
use coset::{CborSerializable as _, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable as _, iana};
use ed25519_dalek::{Signer as _, SigningKey};
use niangjia_credential::{Card, Entry, IssuingKey, Status, StatusList, TrustList, cbor, day};
use serde_json::{Map, Value as Json, json};

const NAMES: [&str; 12] = [
    "王芳",
    "李强",
    "阿卜杜拉·麦麦提",
    "欧阳娜娜",
    "𬱖𫖯",
    "张䶮",
    "O'Brien Li",
    "单雄信",
    "次仁卓玛",
    "王㛃",
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔",
    "刘-test",
];
const NUMBERS: [&str; 8] = [
    "99010100120260000018",
    "99010100220260000026",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999",
    "007",
    "PM-2026-0042",
    "1",
];
const TAILS: [&str; 4] = ["002X", "0014", "1239", "X"];

struct Book {
    offices: [u8; 3],
    vectors: Vec<Json>,
    n: u32,
}

fn at(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).expect("a day")
}

/// Noon in China.
fn noon(day: NaiveDate) -> i64 {
    day::number(day) * 86_400 + 4 * 3600
}

const LISTS: (i32, u32, u32) = (2026, 11, 20);

fn list_day() -> NaiveDate {
    at(LISTS.0, LISTS.1, LISTS.2)
}

fn today() -> NaiveDate {
    at(2026, 11, 23)
}

/// A card signed piece by piece, so that each piece can be made wrong.
#[derive(Clone)]
struct Odd {
    prefix: String,
    alg: iana::Algorithm,
    kid: Option<Vec<u8>>,
    kid_open: Option<Vec<u8>>,
    aad: Vec<u8>,
    payload: Vec<u8>,
    signer: u8,
    tagged: bool,
}

impl Odd {
    fn of(card: &Card, office: u8) -> Self {
        Self {
            prefix: "NJ1:".into(),
            alg: iana::Algorithm::EdDSA,
            kid: Some(IssuingKey::from_seed(&[office; 32]).kid().0.to_vec()),
            kid_open: None,
            aad: b"NJ1:".to_vec(),
            payload: cbor::write(&Value::Map(claims(card))),
            signer: office,
            tagged: true,
        }
    }

    fn cose(&self) -> Vec<u8> {
        let mut protected = HeaderBuilder::new().algorithm(self.alg);
        if let Some(kid) = &self.kid {
            protected = protected.key_id(kid.clone());
        }
        let mut open = HeaderBuilder::new();
        if let Some(kid) = &self.kid_open {
            open = open.key_id(kid.clone());
        }
        let key = SigningKey::from_bytes(&[self.signer; 32]);
        let cose = CoseSign1Builder::new()
            .protected(protected.build())
            .unprotected(open.build())
            .payload(self.payload.clone())
            .create_signature(&self.aad, |m| key.sign(m).to_bytes().to_vec())
            .build();
        if self.tagged { cose.to_tagged_vec().expect("COSE") } else { cose.to_vec().expect("COSE") }
    }

    fn text(&self) -> String {
        format!("{}{}", self.prefix, base45::encode(self.cose()))
    }
}

type Claims = Vec<(Value, Value)>;

fn claims(card: &Card) -> Claims {
    let number = match card.number.parse::<u128>() {
        Ok(n) if !card.number.starts_with('0') => match u64::try_from(n) {
            Ok(n) => n.into(),
            Err(_) => {
                Value::Tag(2, Box::new(Value::Bytes(n.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect())))
            }
        },
        _ => card.number.as_str().into(),
    };
    let mut all: Claims = vec![
        (1.into(), number),
        (2.into(), card.name.as_str().into()),
        (3.into(), card.tail.as_str().into()),
        (4.into(), day::number(card.since).into()),
        (5.into(), day::number(card.issued).into()),
        (6.into(), card.index.into()),
    ];
    all.extend(card.born.map(|y| (7.into(), y.into())));
    all.extend(card.expires.map(|d| (8.into(), day::number(d).into())));
    all
}

impl Book {
    fn card(&mut self) -> Card {
        self.n += 1;
        let n = self.n as usize;
        let since = at(1966 + (n as i32 * 7) % 60, 1 + self.n % 12, 1 + self.n % 28);
        Card {
            number: NUMBERS[n % NUMBERS.len()].into(),
            name: NAMES[n % NAMES.len()].into(),
            tail: TAILS[n % TAILS.len()].into(),
            born: (!n.is_multiple_of(3)).then(|| 1950 + (n as u16 * 13) % 55),
            since,
            issued: list_day() - Days::new(u64::from(self.n) % 300 + 1),
            expires: None,
            index: self.n % 1_000,
        }
    }

    fn put(&mut self, name: &str, at: NaiveDate, text: &str, answer: Json) {
        self.put_at(name, noon(at), text, answer);
    }

    fn put_at(&mut self, name: &str, now: i64, text: &str, answer: Json) {
        self.scene("full", name, now, text, answer);
    }

    fn scene(&mut self, scene: &str, name: &str, now: i64, text: &str, answer: Json) {
        let mut vector = Map::new();
        vector.insert("name".into(), name.into());
        vector.insert("scene".into(), scene.into());
        vector.insert("now".into(), now.into());
        vector.insert("text".into(), text.into());
        let Json::Object(answer) = answer else { unreachable!() };
        vector.extend(answer);
        self.vectors.push(vector.into());
    }
}

fn shown(card: &Card, office: u8) -> Json {
    let mut json = json!({
        "number": card.number, "name": card.name, "tail": card.tail, "since": card.since.to_string(),
        "issued": card.issued.to_string(), "index": card.index,
    });
    if let Some(year) = card.born {
        json["born"] = year.into();
    }
    if let Some(end) = card.expires {
        json["expires"] = end.to_string().into();
    }
    json!({"card": json, "issuer": format!("99010100{office}")})
}

fn say(answer: &str, card: &Card, office: u8) -> Json {
    let mut said = shown(card, office);
    said["answer"] = answer.into();
    said
}

fn say_day(answer: &str, day: NaiveDate, card: &Card, office: u8) -> Json {
    let mut said = say(answer, card, office);
    said["day"] = day.to_string().into();
    said
}

fn lists() -> (TrustList, StatusList) {
    let entry = |n: u8, until| Entry {
        public: IssuingKey::from_seed(&[n; 32]).public(),
        code: format!("99010100{n}"),
        name: ["", "平明镇总工会", "安峰镇总工会", "白塔埠镇总工会"][usize::from(n)].into(),
        from: at(2020, 1, 1),
        until,
    };
    let trust = TrustList {
        subject: "urn:uuid:019a0000-0000-7000-8000-000000000001".into(),
        made: Some(noon(list_day())),
        entries: vec![entry(1, None), entry(2, None), entry(3, Some(at(2026, 6, 30)))],
    };
    let mut status = StatusList::new(&trust.subject, noon(list_day()), 1_000);
    for index in 0..45 {
        status.set(900 + index, [Status::Revoked, Status::Suspended, Status::Transferred][index as usize % 3]);
    }
    (trust, status)
}

fn main() {
    let mut book = Book { offices: [1, 2, 3], vectors: Vec::new(), n: 0 };
    cases::in_order(&mut book);
    cases::against(&mut book);
    cases::by_the_clock(&mut book);
    cases::not_believed(&mut book);
    cases::tolerated(&mut book);
    cases::not_ours(&mut book);
    let county = IssuingKey::from_seed(&[100; 32]);
    let (trust, status) = lists();
    let hex = |b: &[u8]| Json::from(hex::encode(b));
    let file = json!({
        "what": "Vectors of docs/credential.md, version 1. Every person is made up.",
        "county_key": hex(&county.public()),
        "office_seeds": book.offices.map(|n| hex::encode([n; 32])),
        "fresh_days": 7,
        "scenes": {
            "full": {"trust": hex(&trust.sign(&county)), "status": hex(&status.sign(&county))},
            "no_status": {"trust": hex(&trust.sign(&county)), "status": null},
            "foreign_lists": {
                "trust": hex(&trust.sign(&IssuingKey::from_seed(&[101; 32]))),
                "status": hex(&status.sign(&IssuingKey::from_seed(&[101; 32]))),
            },
        },
        "vectors": book.vectors,
    });
    println!("{}", serde_json::to_string_pretty(&file).expect("JSON"));
}

//! Verifying a card as the office does it: both lists are opened from their tokens each time, then the card is judged.

use niangjia_credential::{Answer, Card, Entry, IssuingKey, Status, StatusList, TrustList, Verifier, day, key};

use crate::gauge::{self, Line, Trouble};

const FLOOR: &str = "three Ed25519 signatures verified, and nothing else";

/// A list of so many cards of which one in a hundred is revoked, spread without a pattern.
fn list(cards: u32) -> StatusList {
    let mut list = StatusList::new("urn:uuid:019a0000-0000-7000-8000-000000000001", 1_790_000_000, cards as usize);
    let mut n = 1_u64;
    for _ in 0..cards / 100 {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        list.set(u32::try_from((n >> 33) % u64::from(cards)).unwrap_or(0), Status::Revoked);
    }
    list
}

/// Measures verifying one card, and how long the list of a county is.
pub fn run(rounds: usize) -> Result<Vec<Line>, Trouble> {
    let (county, office) = (IssuingKey::from_seed(&[1; 32]), IssuingKey::from_seed(&[2; 32]));
    let date = |n| day::day(n).ok_or("a day");
    let entry = |n: u8| -> Result<Entry, Trouble> {
        Ok(Entry {
            public: IssuingKey::from_seed(&[n; 32]).public(),
            code: format!("990101{n:03}"),
            name: "平明镇总工会".into(),
            from: date(20_000)?,
            until: None,
        })
    };
    let entries = (2..62).map(entry).collect::<Result<Vec<_>, _>>()?;
    let trust = TrustList { subject: "urn:uuid:1".into(), made: Some(1_790_000_000), entries }.sign(&county);
    let status = list(1_000_000);
    let index = (0..).find(|n| status.get(*n) == Some(Status::Valid)).ok_or("a place")?;
    let status = status.sign(&county);
    let card = Card {
        number: "99010100120260000018".into(),
        name: "王芳".into(),
        tail: "002X".into(),
        born: Some(1980),
        since: date(17_000)?,
        issued: date(20_700)?,
        expires: None,
        index,
    };
    let (text, keys) = (card.issue(&office)?, [county.public()]);
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..rounds * 20 + 1 {
        let (time, answer) = gauge::thread(|| -> Result<Answer, Trouble> {
            let trust = TrustList::open(&trust, &keys)?.ok_or("a list")?;
            let status = StatusList::open(&status, &keys)?.ok_or("a list")?;
            Ok(Verifier { trust: &trust, status: Some(&status), now: 1_790_000_000, fresh_days: 7 }
                .verify(&text)
                .answer)
        });
        let answer = answer?;
        if answer != Answer::Valid {
            return Err(format!("the card is {answer:?}").into());
        }
        ours.push(time);
        let (_, signed) = Card::open(&text)?;
        let (time, held) =
            gauge::thread(|| (0..3).all(|_| key::holds(&office.public(), &signed.message, &signed.signature)));
        if !held {
            return Err("the signature does not hold".into());
        }
        floors.push(time);
    }
    let (ours, floor) = (gauge::median(&mut ours), gauge::median(&mut floors));
    Ok(vec![
        Line::told("verify one card, status list of 1,000,000 opened for it", ours, "ms", Some(5.0)),
        Line { bar: None, ..Line::ratio("the same beside its signatures", FLOOR, ours, floor, 0.0) },
        Line::told(
            "status list of 300,000 cards, 1 % revoked",
            gauge::megabytes(list(300_000).sign(&county).len()) * 1e3,
            "kB",
            Some(8.0),
        ),
    ])
}

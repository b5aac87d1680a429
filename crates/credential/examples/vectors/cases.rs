//! The cases, by what the verifier has to answer.

use chrono::Days;
use ciborium::Value;
use coset::iana;
use niangjia_credential::{Card, IssuingKey, cbor, day};
use serde_json::{Value as Json, json};

use super::{Book, Claims, NUMBERS, Odd, at, claims, list_day, noon, say, say_day, today};

/// Cards with nothing against them; `issued` ones must be made again to the letter.
pub(crate) fn in_order(book: &mut Book) {
    for n in 0..60 {
        let card = book.card();
        let office = [1, 2][n % 2];
        let text = card.issue(&IssuingKey::from_seed(&[office; 32])).expect("a card");
        let mut said = say("valid", &card, office);
        if text != Odd::of(&card, office).text() {
            // Too long as a whole: the year goes.
            assert_eq!(text, Odd::of(&Card { born: None, ..card.clone() }, office).text());
            said["card"].as_object_mut().expect("a card").remove("born");
        }
        said["reissue"] = true.into();
        book.put("in order", today(), &text, said);
    }
    for (n, name) in ["𬱖".repeat(40), "王".repeat(60), "吐".repeat(30), "·".repeat(200)].into_iter().enumerate() {
        let card = Card { name, number: NUMBERS[4].into(), index: 990 + n as u32, ..book.card() };
        let text = card.issue(&IssuingKey::from_seed(&[1; 32])).expect("a card");
        let (read, _) = Card::open(&text).expect("a card of ours");
        assert!(read.name.ends_with('…') && card.name.starts_with(read.name.trim_end_matches('…')));
        let mut said = say("valid", &Card { born: None, name: read.name, ..card.clone() }, 1);
        said["name_issued"] = card.name.into();
        book.put("a name too long for the code is cut", today(), &text, said);
    }
    for n in 0..8 {
        let card = book.card();
        let text = Odd::of(&card, 1).text();
        let when = list_day() + Days::new(6 + n);
        let said = if n <= 1 { say("valid", &card, 1) } else { say_day("valid_as_of", list_day(), &card, 1) };
        book.put("the list grows old", when, &text, said);
    }
    for n in 0..6 {
        let card = Card { index: 1_000 + n * n * 1_000, issued: list_day() - Days::new(n.into()), ..book.card() };
        let text = Odd::of(&card, 2).text();
        book.put("younger than the status list", today(), &text, say_day("valid_as_of", card.issued, &card, 2));
    }
    for n in 0..6 {
        let card = Card { issued: list_day() + Days::new(n / 2 + 1), ..book.card() };
        let text = Odd::of(&card, 2).text();
        let when = list_day() + Days::new(20);
        let said = say_day("valid_as_of", card.issued, &card, 2);
        book.put("issued after the list, with a place in it", when, &text, said);
    }
    for _ in 0..6 {
        let card = book.card();
        let text = Odd::of(&card, 2).text();
        let said = say_day("valid_as_of", card.issued, &card, 2);
        book.scene("no_status", "no status list has come", noon(today()), &text, said);
    }
    let card = Card { issued: at(2026, 6, 30), ..book.card() };
    book.put("issued on the last day of a key", today(), &Odd::of(&card, 3).text(), say("valid", &card, 3));
}

/// What the list holds against a card, whatever the clock shows.
pub(crate) fn against(book: &mut Book) {
    for index in 0..45 {
        let mut card = Card { index: 900 + index, ..book.card() };
        let mut when = noon(today());
        if index >= 36 {
            card.expires = Some(card.issued);
        } else if index >= 30 {
            when = 0;
        }
        let answer = ["revoked", "suspended", "transferred"][index as usize % 3];
        book.put_at("against a card", when, &Odd::of(&card, 1).text(), say(answer, &card, 1));
    }
}

pub(crate) fn by_the_clock(book: &mut Book) {
    for n in 0..20 {
        let mut card = book.card();
        let end = list_day() + Days::new(n % 5);
        card.expires = Some(end);
        let text = Odd::of(&card, 1).text();
        let when = end + Days::new(n / 10);
        let said = if n < 10 { say("valid", &card, 1) } else { say_day("expired", end, &card, 1) };
        book.put("with a last day", when, &text, said);
    }
    for n in 0..12 {
        let card = book.card();
        let when = list_day() - Days::new(2 + n * 30);
        book.put("before the lists", when, &Odd::of(&card, 1).text(), say("clock_suspicious", &card, 1));
    }
    let card = book.card();
    let when = list_day() - Days::new(1);
    book.put("a day before the lists is forgiven", when, &Odd::of(&card, 1).text(), say("valid", &card, 1));
    // Eight days after the lists, so that only the card can be from the future.
    let when = list_day() + Days::new(8);
    for n in 0..6 {
        let card = Card { issued: when + Days::new(n), ..book.card() };
        let said = match n {
            0 | 1 => say_day("valid_as_of", card.issued, &card, 1),
            _ => say("clock_suspicious", &card, 1),
        };
        book.put("issued in the future", when, &Odd::of(&card, 1).text(), said);
    }
    // Midnight in China is 16:00 UTC of the day before.
    let card = Card { expires: Some(list_day()), ..book.card() };
    let midnight = day::number(list_day()) * 86_400 + 16 * 3600;
    let text = Odd::of(&card, 1).text();
    book.put_at("the last second of a last day", midnight - 1, &text, say("valid", &card, 1));
    book.put_at("the first second after", midnight, &text, say_day("expired", list_day(), &card, 1));
}

fn unknown() -> Json {
    json!({"answer": "unknown_issuer", "day": list_day().to_string()})
}

pub(crate) fn not_believed(book: &mut Book) {
    for n in 0..8 {
        let odd = Odd::of(&book.card(), 50 + n);
        book.put("signed by a key that no list names", today(), &odd.text(), unknown());
    }
    for n in 0..4 {
        let card = Card { issued: at(2026, 7, 1) + Days::new(n), ..book.card() };
        book.put("issued after the last day of a key", today(), &Odd::of(&card, 3).text(), unknown());
    }
    for n in 0..3 {
        let card = Card { since: at(2010, 1, 1), issued: at(2019, 12, 31) - Days::new(n), ..book.card() };
        book.put("issued before the first day of a key", today(), &Odd::of(&card, 1).text(), unknown());
    }
    for kid in [None, Some(vec![]), Some(vec![1, 2, 3]), Some(vec![0; 8])] {
        let odd = Odd { kid, ..Odd::of(&book.card(), 1) };
        book.put("names no key, or none that is known", today(), &odd.text(), unknown());
    }
    for _ in 0..3 {
        let text = Odd::of(&book.card(), 1).text();
        let said = json!({"answer": "unknown_issuer"});
        book.scene("foreign_lists", "the lists are signed by somebody else", noon(today()), &text, said);
    }
    let bad = || json!({"answer": "bad_signature"});
    for signer in [2, 3, 50, 51] {
        let odd = Odd { signer, ..Odd::of(&book.card(), 1) };
        book.put("signed by another than it names", today(), &odd.text(), bad());
    }
    for aad in [&b""[..], b"NJ2:", b"HC1:"] {
        let odd = Odd { aad: aad.to_vec(), ..Odd::of(&book.card(), 1) };
        book.put("a signature for another purpose", today(), &odd.text(), bad());
    }
    for alg in [iana::Algorithm::ES256, iana::Algorithm::PS256] {
        let odd = Odd { alg, ..Odd::of(&book.card(), 1) };
        book.put("another algorithm is named", today(), &odd.text(), bad());
    }
    for n in 0..8_usize {
        let mut cose = Odd::of(&book.card(), 1).cose();
        let last = cose.len() - 1;
        cose[last - n * 8] ^= 1 << (n % 8);
        book.put("one bit of the signature", today(), &nj1(&cose), bad());
    }
    for n in 0..8 {
        let card = book.card();
        let (good, mut other) = (Odd::of(&card, 1).cose(), card);
        match n % 4 {
            0 => other.name.push('甲'),
            1 => other.index += 1,
            2 => other.since = other.since - Days::new(365),
            _ => other.tail = "0000".into(),
        }
        let mut cose = Odd::of(&other, 1).cose();
        let at = cose.len() - 64;
        cose.truncate(at);
        cose.extend_from_slice(&good[good.len() - 64..]);
        book.put("altered claims under a signature that was good", today(), &nj1(&cose), bad());
    }
    // A signature with the group order added to its second half: the same for a lax verifier.
    let mut cose = Odd::of(&book.card(), 1).cose();
    let at = cose.len() - 32;
    add_order(&mut cose[at..]);
    book.put("the other form of a good signature", today(), &nj1(&cose), bad());
}

fn add_order(s: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (s, o) in s.iter_mut().zip(ORDER) {
        let sum = u16::from(*s) + u16::from(o) + carry;
        *s = sum as u8;
        carry = sum >> 8;
    }
}

fn nj1(cose: &[u8]) -> String {
    format!("NJ1:{}", base45::encode(cose))
}

pub(crate) fn tolerated(book: &mut Book) {
    type Way = fn(&str) -> String;
    let wide = |t: &str| -> String {
        t.chars()
            .map(|c| if c == ' ' { '\u{3000}' } else { char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c) })
            .collect()
    };
    let ways: [(&str, Way); 6] = [
        ("a line end follows", |t| format!("{t}\r\n")),
        ("white space around", |t| format!(" \t{t}  ")),
        ("in small letters", str::to_lowercase),
        ("half in small letters", |t| t.replace('A', "a").replace('E', "e")),
        ("a no-break space is white space", |t| format!("{t}\u{a0}")),
        ("in full-width forms", wide),
    ];
    for (name, way) in ways {
        for _ in 0..3 {
            let card = book.card();
            book.put(name, today(), &way(&Odd::of(&card, 1).text()), say("valid", &card, 1));
        }
    }
    let kid = Some(IssuingKey::from_seed(&[1; 32]).kid().0.to_vec());
    let card = book.card();
    let card = |book: &mut Book| {
        book.n += 1;
        Card { index: book.n % 900, ..card.clone() }
    };
    let c = card(book);
    let odd = Odd { tagged: false, ..Odd::of(&c, 1) };
    book.put("without tag 18", today(), &odd.text(), say("valid", &c, 1));
    let c = card(book);
    let odd = Odd { kid: None, kid_open: kid.clone(), ..Odd::of(&c, 1) };
    book.put("the key named in the unprotected header alone", today(), &odd.text(), say("valid", &c, 1));
    let c = card(book);
    let odd = Odd { kid_open: Some(vec![9; 8]), ..Odd::of(&c, 1) };
    book.put("another key in the unprotected header", today(), &odd.text(), say("valid", &c, 1));
    let c = card(book);
    let odd = Odd { kid: Some(vec![9; 8]), kid_open: kid, ..Odd::of(&c, 1) };
    book.put("the protected header goes before", today(), &odd.text(), unknown());
    let c = card(book);
    let odd = Odd { alg: iana::Algorithm::Ed25519, ..Odd::of(&c, 1) };
    book.put("Ed25519 by its newer number", today(), &odd.text(), say("valid", &c, 1));
    for more in
        [(Value::from(9), Value::from("later")), (Value::from("x"), Value::Null), (Value::from(-1), Value::from(0))]
    {
        let c = card(book);
        let mut claims = claims(&c);
        claims.push(more);
        let odd = Odd { payload: cbor::write(&Value::Map(claims)), ..Odd::of(&c, 1) };
        book.put("a claim that is not known", today(), &odd.text(), say("valid", &c, 1));
    }
    let c = card(book);
    let mut turned = claims(&c);
    turned.reverse();
    let mut payload = Vec::new();
    ciborium::into_writer(&Value::Map(turned), &mut payload).expect("CBOR");
    let odd = Odd { payload, ..Odd::of(&c, 1) };
    book.put("claims in another order", today(), &odd.text(), say("valid", &c, 1));
    let c = card(book);
    let mut payload = cbor::write(&Value::Map(claims(&c)));
    payload[0] = 0xbf;
    payload.push(0xff);
    let odd = Odd { payload, ..Odd::of(&c, 1) };
    book.put("a map without a length", today(), &odd.text(), say("valid", &c, 1));
    let c = Card { number: "42".into(), ..card(book) };
    let mut claims = claims(&c);
    claims[0].1 = Value::Tag(2, Box::new(Value::Bytes(vec![0, 0, 42])));
    let odd = Odd { payload: cbor::write(&Value::Map(claims)), ..Odd::of(&c, 1) };
    book.put("a number longer than needed", today(), &odd.text(), say("valid", &c, 1));
}

pub(crate) fn not_ours(book: &mut Book) {
    let no = |why: &str| json!({"answer": "not_ours", "why": why});
    let good = Odd::of(&book.card(), 1);
    for text in [
        "",
        " ",
        "99010100120260000018",
        "https://example.org/NJ1:",
        "NJ",
        "NJ1",
        "王芳",
        "HC1:6BF+70",
        "NJX:A",
        "N J1:ABC",
    ] {
        book.put("something else", today(), text, no("foreign"));
    }
    for prefix in ["NJ2:", "NJ0:", "NJ9:"] {
        let text = Odd { prefix: prefix.into(), ..good.clone() }.text();
        book.put("of another version", today(), &text, no("newer"));
    }
    let text = good.text();
    book.put("far too long", today(), &format!("{text}{}", "A".repeat(1_000)), no("too_long"));
    for bad in ["NJ1::::", "NJ1:GGX", "NJ1:A", "NJ1:AB_", "NJ1:王芳王芳王"] {
        book.put("not base45", today(), bad, no("base45"));
    }
    let cut = |n: usize| nj1(&good.cose()[..good.cose().len() - n]);
    for n in [1, 2, 10, 64, 65, 100] {
        book.put("the end is missing", today(), &cut(n), no("cbor"));
    }
    book.put("something follows", today(), &nj1(&[good.cose(), vec![0]].concat()), no("cbor"));
    for cose in [vec![0xf6], vec![0x84, 0, 0, 0, 0], vec![0xd2, 0x80], vec![0xa0], vec![0x83, 0x40, 0xa0, 0x40]] {
        book.put("no COSE_Sign1", today(), &nj1(&cose), no("cose"));
    }
    book.put("nested without end", today(), &nj1(&[0x81; 300]), no("cbor"));
    let wrong = |change: fn(&mut Claims)| {
        let mut claims =
            claims(&Card { number: "42".into(), ..Book { offices: [1; 3], vectors: vec![], n: 7 }.card() });
        change(&mut claims);
        Odd { payload: cbor::write(&Value::Map(claims)), ..good.clone() }.text()
    };
    let changes: [fn(&mut Claims); 12] = [
        |c| drop(c.remove(0)),
        |c| drop(c.remove(1)),
        |c| drop(c.remove(2)),
        |c| drop(c.remove(3)),
        |c| drop(c.remove(4)),
        |c| drop(c.remove(5)),
        |c| c[0].1 = (-42).into(),
        |c| c[1].1 = 5.into(),
        |c| c[3].1 = "2020-01-01".into(),
        |c| c[4].1 = 90_000.into(),
        |c| c[5].1 = 4_294_967_296_i64.into(),
        |c| c[5].1 = (-1).into(),
    ];
    for change in changes {
        book.put("a claim is missing or has another shape", today(), &wrong(change), no("claims"));
    }
    let odd = Odd { payload: vec![0x80], ..good.clone() };
    book.put("claims that are no map", today(), &odd.text(), no("cbor"));
    let mut twice = cbor::write(&Value::Map(claims(&book.card())));
    twice[0] += 1;
    twice.extend([6, 1]);
    let odd = Odd { payload: twice, ..good };
    book.put("a claim that stands twice", today(), &odd.text(), no("cbor"));
}

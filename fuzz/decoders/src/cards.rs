//! What a camera, a keyboard or another county may hand to the verifier of cards.

use niangjia_credential::{Card, Entry, IssuingKey, Status, StatusList, TrustList, Verifier, day, envelope::Signed};

fn key() -> IssuingKey {
    IssuingKey::from_seed(&[7; 32])
}

/// Any text, as it may come out of a code; whatever it is, the verifier answers.
pub(crate) fn card(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let entry = Entry {
        public: key().public(),
        code: "990101001".into(),
        name: "平明镇总工会".into(),
        from: day::day(0).expect("a day"),
        until: None,
    };
    let trust = TrustList { subject: String::new(), made: Some(0), entries: vec![entry] };
    let status = StatusList::new("", 0, 8);
    let now = i64::from(u8::from(bytes.len() > 200)) * 2_000_000_000;
    let said = Verifier { trust: &trust, status: Some(&status), now, fresh_days: 7 }.verify(&text);
    let opened = Card::open(&text);
    assert_eq!(opened.is_err(), said.answer.key() == "not_ours");
    opened.is_ok()
}

/// A token of either list, and what it would say if it were well signed.
pub(crate) fn lists(bytes: &[u8]) -> bool {
    let keys = [key().public()];
    let opened = StatusList::open(bytes, &keys).is_ok_and(|list| list.is_some())
        || TrustList::open(bytes, &keys).is_ok_and(|list| list.is_some());
    let payload = Signed::read(bytes, &[]).map_or_else(|_| bytes.to_vec(), |signed| signed.payload);
    if let Ok(list) = StatusList::read(&payload) {
        assert!(list.len() <= niangjia_credential::status::MOST_CARDS);
    }
    let _ = TrustList::read(&payload);
    opened
}

/// A card and both lists, well made.
pub(crate) fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let day = |n| day::day(n).expect("a day");
    let card = Card {
        number: "99010100120260000018".into(),
        name: "王芳".into(),
        tail: "002X".into(),
        born: Some(1980),
        since: day(17_000),
        issued: day(20_000),
        expires: Some(day(30_000)),
        index: 3,
    };
    let entry = Entry {
        public: key().public(),
        code: "990101001".into(),
        name: "平明镇总工会".into(),
        from: day(20_000),
        until: Some(day(20_100)),
    };
    let trust = TrustList { subject: "urn:uuid:1".into(), made: Some(1_700_000_000), entries: vec![entry] };
    let mut status = StatusList::new("urn:uuid:1", 1_700_000_000, 40);
    status.set(3, Status::Suspended);
    let text = card.issue(&key()).expect("a card").into_bytes();
    let lower = String::from_utf8_lossy(&text).to_lowercase().into_bytes();
    vec![
        ("card", "whole", text),
        ("card", "small", lower),
        ("card_lists", "trust", trust.sign(&key())),
        ("card_lists", "status", status.sign(&key())),
    ]
}

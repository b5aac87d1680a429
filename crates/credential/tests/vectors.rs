//! The vectors of `tests/fixtures/credentials/v1.json`: every one is answered as it is written down there, and what was
//! issued is issued again to the letter.

use chrono::NaiveDate;
use niangjia_credential::{Answer, Card, IssuingKey, StatusList, TrustList, Unreadable, Verifier};
use serde_json::{Value as Json, json};

const FILE: &str = include_str!("../../../tests/fixtures/credentials/v1.json");
const EDGES: &str = include_str!("../../../tests/fixtures/credentials/v1-edges.json");

fn file() -> Json {
    serde_json::from_str(FILE).expect("the vectors")
}

fn bytes(json: &Json) -> Vec<u8> {
    hex::decode(json.as_str().expect("hex")).expect("hex")
}

fn why(unreadable: Unreadable) -> &'static str {
    match unreadable {
        Unreadable::Foreign => "foreign",
        Unreadable::Newer(_) => "newer",
        Unreadable::TooLong(_) => "too_long",
        Unreadable::Base45 => "base45",
        Unreadable::Compressed => "compressed",
        Unreadable::Cbor => "cbor",
        Unreadable::Cose => "cose",
        Unreadable::Claims => "claims",
    }
}

fn card(card: &Card) -> Json {
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
    json
}

#[test]
fn every_vector_is_answered_as_it_is_written_down() {
    assert!(answered(&file()) >= 300);
}

/// What the second verifier first read otherwise from the page, which says it now.
#[test]
fn the_edges_are_read_as_the_page_says() {
    assert!(answered(&serde_json::from_str(EDGES).expect("the vectors")) >= 250);
}

/// Asks every vector of a file; how many there were.
fn answered(file: &Json) -> usize {
    let county = [<[u8; 32]>::try_from(bytes(&file["county_key"])).expect("a key")];
    let vectors = file["vectors"].as_array().expect("vectors");
    for (n, vector) in vectors.iter().enumerate() {
        let scene = &file["scenes"][vector["scene"].as_str().expect("a scene")];
        // A list that cannot be read counts as none.
        let trust = TrustList::open(&bytes(&scene["trust"]), &county).ok().flatten().unwrap_or_default();
        let status = match &scene["status"] {
            Json::Null => None,
            token => StatusList::open(&bytes(token), &county).ok().flatten(),
        };
        let fresh_days = file["fresh_days"].as_u64().expect("days") as u16;
        let now = vector["now"].as_i64().expect("seconds");
        let verifier = Verifier { trust: &trust, status: status.as_ref(), now, fresh_days };
        let said = verifier.verify(vector["text"].as_str().expect("a text"));
        let mut told = json!({"answer": said.answer.key()});
        match said.answer {
            Answer::ValidAsOf(day) | Answer::Expired(day) | Answer::UnknownIssuer(Some(day)) => {
                told["day"] = day.to_string().into();
            }
            Answer::NotOurs(unreadable) => told["why"] = why(unreadable).into(),
            _ => {}
        }
        if let Some(shown) = &said.card {
            told["card"] = card(shown);
        }
        if let Some(issuer) = &said.issuer {
            told["issuer"] = issuer.code.as_str().into();
        }
        let mut expected = vector.as_object().expect("a vector").clone();
        for about in ["name", "scene", "now", "text", "reissue", "name_issued"] {
            expected.remove(about);
        }
        assert_eq!(told, Json::Object(expected), "vector {n}: {}", vector["name"]);
    }
    vectors.len()
}

/// Each of the ten answers is asked for often enough that a verifier which cannot give it would be found.
#[test]
fn no_answer_is_left_out() {
    let file = file();
    let answers = file["vectors"].as_array().expect("vectors").iter().map(|v| v["answer"].as_str().expect("an answer"));
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    answers.for_each(|answer| *counts.entry(answer).or_default() += 1);
    assert_eq!(counts.len(), 10);
    assert!(counts.values().all(|n| *n >= 10), "{counts:?}");
}

/// The format is frozen: what was issued once is issued the same by every later version.
#[test]
fn what_was_issued_is_issued_again_to_the_letter() {
    let file = file();
    let day = |json: &Json| json.as_str().map(|t| t.parse::<NaiveDate>().expect("a day"));
    let mut issued = 0;
    for vector in file["vectors"].as_array().expect("vectors") {
        let (name, said) = (&vector["name_issued"], &vector["card"]);
        if vector["reissue"] != true && name.is_null() {
            continue;
        }
        issued += 1;
        let text = |key: &str| said[key].as_str().expect("a text").to_owned();
        let card = Card {
            number: text("number"),
            name: name.as_str().map_or_else(|| text("name"), Into::into),
            tail: text("tail"),
            born: said["born"].as_u64().map(|y| y as u16),
            since: day(&said["since"]).expect("a day"),
            issued: day(&said["issued"]).expect("a day"),
            expires: day(&said["expires"]),
            index: said["index"].as_u64().expect("a place") as u32,
        };
        let office = vector["issuer"].as_str().and_then(|code| code.bytes().last()).expect("an office") - b'0';
        let again = card.issue(&IssuingKey::from_seed(&[office; 32])).expect("a card");
        assert_eq!(again, vector["text"].as_str().expect("a text"), "{}", vector["name"]);
    }
    assert!(issued >= 60, "{issued}");
}

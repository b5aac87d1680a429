//! The public test data of the European certificates, read by the same envelope behind a profile of this test: prefix `HC1:`,
//! a zlib stream, ES256 and PS256. Every expected result is compared, except those named in [`left_out`].
//!
//! The data: `tests/fixtures/credentials/dgc/` (Apache-2.0), copied as published.

use std::path::{Path, PathBuf};

use ciborium::Value;
use niangjia_credential::envelope::{self, Profile, Signed, Unreadable};
use ring::signature::{self, UnparsedPublicKey};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};

const HC1: Profile = Profile { prefix: "HC1:", packed: true, longest: 8_000, aad: b"" };

fn files() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "json") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/credentials/dgc"), &mut found);
    found.sort();
    found
}

/// Which expectations are not ours to meet, and why.
fn left_out(expectation: &str) -> Option<&'static str> {
    match expectation {
        "EXPECTEDSCHEMAVALIDATION" => Some("a schema of medical facts; a card has claims of its own"),
        "EXPECTEDPICTUREDECODE" => Some("the picture is read by niangjia-qr, whose tests hold it"),
        "EXPECTEDENCODE" => Some("asks an issuer to make the same text; we issue no such certificates"),
        _ => None,
    }
}

struct Certificate {
    der: Vec<u8>,
}

impl Certificate {
    fn kid(&self) -> Vec<u8> {
        Sha256::digest(&self.der)[..8].to_vec()
    }

    fn parsed(&self) -> X509Certificate<'_> {
        X509Certificate::from_der(&self.der).expect("a certificate").1
    }

    fn holds(&self, signed: &Signed) -> bool {
        let certificate = self.parsed();
        let key = &certificate.public_key().subject_public_key.data;
        let algorithm: &dyn signature::VerificationAlgorithm = match signed.alg {
            Some(-7) => &signature::ECDSA_P256_SHA256_FIXED,
            Some(-37) => &signature::RSA_PSS_2048_8192_SHA256,
            _ => return false,
        };
        UnparsedPublicKey::new(algorithm, key).verify(&signed.message, &signed.signature).is_ok()
    }

    /// Which kinds of certificate the key may sign: none named means all.
    fn uses(&self) -> Vec<String> {
        let certificate = self.parsed();
        let Ok(Some(usage)) = certificate.extended_key_usage() else { return Vec::new() };
        let last = |oid: &x509_parser::der_parser::oid::Oid<'_>| {
            let text = oid.to_id_string();
            text.contains("1847.2021.1").then(|| text.rsplit('.').next().unwrap_or_default().to_owned())
        };
        usage.value.other.iter().filter_map(last).collect()
    }
}

/// What our reading gives for each expectation.
struct Found {
    opened: Result<Signed, Unreadable>,
    certificate: Option<Certificate>,
    claims: Option<Value>,
    clock: Option<i64>,
}

impl Found {
    fn of(json: &Json) -> Self {
        // Some files have their text from the step after the prefix on.
        let text = json["PREFIX"].as_str().map(ToOwned::to_owned);
        let text = text.or_else(|| json["BASE45"].as_str().map(|t| format!("HC1:{t}")));
        let opened = match (text, json["COSE"].as_str(), json["CBOR"].as_str()) {
            (Some(text), ..) => envelope::open(&text, &HC1),
            (None, Some(cose), _) => Signed::read(&hex::decode(cose).expect("hex"), HC1.aad),
            (None, None, Some(cbor)) => Err(match niangjia_credential::cbor::read(&hex::decode(cbor).expect("hex")) {
                Ok(_) => Unreadable::Cose,
                Err(why) => why,
            }),
            (None, None, None) => Err(Unreadable::Foreign),
        };
        let context = &json["TESTCTX"];
        let certificate = context["CERTIFICATE"].as_str().filter(|t| !t.is_empty()).map(|pem| {
            use base64::Engine as _;
            Certificate { der: base64::engine::general_purpose::STANDARD.decode(pem).expect("base64") }
        });
        let claims = opened.as_ref().ok().and_then(|s| niangjia_credential::cbor::read(&s.payload).ok());
        let clock = context["VALIDATIONCLOCK"]
            .as_str()
            // Some files leave out the zone, and mean UTC.
            .and_then(|t| {
                let zoned = chrono::DateTime::parse_from_rfc3339(t).map(|t| t.timestamp());
                zoned.or_else(|_| t.parse::<chrono::NaiveDateTime>().map(|t| t.and_utc().timestamp())).ok()
            });
        Self { opened, certificate, claims, clock }
    }

    fn claim(&self, key: i64) -> Option<&Value> {
        let entries = self.claims.as_ref()?.as_map()?;
        entries.iter().find(|(k, _)| *k == Value::from(key)).map(|(_, v)| v)
    }

    /// The certificate itself: claim -260, of it entry 1.
    fn health(&self) -> Option<&Value> {
        let entries = self.claim(-260)?.as_map()?;
        entries.iter().find(|(k, _)| *k == Value::from(1)).map(|(_, v)| v)
    }

    fn verified(&self) -> bool {
        let (Ok(signed), Some(certificate)) = (&self.opened, &self.certificate) else { return false };
        signed.kid == certificate.kid() && certificate.holds(signed) && self.health().is_some()
    }

    fn answer(&self, expectation: &str, json: &Json) -> bool {
        let beyond = |steps: &[Unreadable]| self.opened.as_ref().err().is_none_or(|why| !steps.contains(why));
        match expectation {
            "EXPECTEDUNPREFIX" => beyond(&[Unreadable::Foreign]) && !matches!(self.opened, Err(Unreadable::Newer(_))),
            "EXPECTEDB45DECODE" => beyond(&[Unreadable::Foreign, Unreadable::Base45]),
            "EXPECTEDCOMPRESSION" => beyond(&[Unreadable::Foreign, Unreadable::Base45, Unreadable::Compressed]),
            "EXPECTEDDECODE" => self.opened.is_ok() && self.health().is_some(),
            "EXPECTEDVERIFY" => self.verified(),
            "EXPECTEDVALIDOBJECT" | "EXPECTEDVALIDJSON" => {
                self.health().is_some_and(|health| same(health, &json["JSON"]))
            }
            "EXPECTEDEXPIRATIONCHECK" | "EXPTECTEDEXPIRED" => {
                let at = |key| self.claim(key).and_then(seconds);
                let (Some(clock), Some(from), Some(until)) = (self.clock, at(6), at(4)) else { return false };
                (from..=until).contains(&clock)
            }
            "EXPECTEDKEYUSAGE" => {
                let uses = self.certificate.as_ref().map(Certificate::uses).unwrap_or_default();
                let kind = ["t", "v", "r"].iter().position(|kind| {
                    let entries = self.health().and_then(Value::as_map);
                    entries.is_some_and(|e| {
                        e.iter().any(|(k, v)| k.as_text() == Some(kind) && v.as_array().is_some_and(|a| !a.is_empty()))
                    })
                });
                uses.is_empty() || kind.is_some_and(|n| uses.contains(&(n + 1).to_string()))
            }
            other => panic!("{other} is new"),
        }
    }
}

fn seconds(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(n) => i64::try_from(*n).ok(),
        #[allow(clippy::cast_possible_truncation)]
        Value::Float(n) => Some(*n as i64),
        _ => None,
    }
}

/// Whether CBOR says what the JSON beside it says; a tagged moment is its text.
fn same(cbor: &Value, json: &Json) -> bool {
    match (cbor, json) {
        (Value::Tag(0, inner), json) => same(inner, json),
        (Value::Map(entries), Json::Object(fields)) => {
            entries.len() == fields.len()
                && entries.iter().all(|(k, v)| k.as_text().and_then(|k| fields.get(k)).is_some_and(|j| same(v, j)))
        }
        (Value::Array(items), Json::Array(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(a, b)| same(a, b))
        }
        (Value::Text(t), Json::String(s)) => t == s,
        (Value::Integer(n), Json::Number(m)) => i64::try_from(*n).ok() == m.as_i64(),
        (Value::Bool(a), Json::Bool(b)) => a == b,
        (Value::Null, Json::Null) => true,
        _ => false,
    }
}

/// Where the data contradicts itself: file, expectation, and what is wrong with it.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "IS/2DCode/raw/3.json",
        "EXPECTEDKEYUSAGE",
        "a certificate without any usage permits all; files 4 and 5 beside it expect just that",
    ),
    (
        "common/2DCode/raw/CBO1.json",
        "EXPECTEDDECODE",
        "the text holds a certificate that is whole; what is broken stands beside it, and is refused (below)",
    ),
];

#[test]
fn the_broken_bytes_that_stand_beside_their_text_are_refused() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/credentials/dgc/common/2DCode/raw/CBO1.json");
    let json: Json = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
    let bytes = hex::decode(json["CBOR"].as_str().expect("hex")).expect("hex");
    assert_eq!(niangjia_credential::cbor::read(&bytes), Err(Unreadable::Cbor));
}

#[test]
fn the_european_test_data_is_read_as_it_expects() {
    let (mut compared, mut wrong, mut unused) = (0, Vec::new(), EXCEPTIONS.to_vec());
    let files = files();
    assert_eq!(files.len(), 76);
    for path in files {
        let json: Json = serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
        let found = Found::of(&json);
        let name = path.to_string_lossy();
        let name = name.split("dgc/").last().expect("a name");
        for (expectation, expected) in json["EXPECTEDRESULTS"].as_object().expect("expectations") {
            if left_out(expectation).is_some() {
                continue;
            }
            compared += 1;
            if Some(found.answer(expectation, &json)) != expected.as_bool() {
                let known = unused.iter().position(|(file, what, _)| *file == name && what == expectation);
                match known {
                    Some(at) => drop(unused.swap_remove(at)),
                    None => {
                        wrong.push(format!("{name} {expectation} is {expected} ({:?})", found.opened.as_ref().err()))
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(unused.is_empty(), "exceptions that are none any more: {unused:?}");
    assert!(compared > 300, "{compared}");
}

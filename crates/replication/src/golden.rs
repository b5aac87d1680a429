//! Golden files of format version 1: what was written when it was frozen is read by every later version, and where nothing is compressed,
//! sealed by chance or dated it is written again byte for byte. The file also gives the keys and what must come out, so that a second
//! implementation can be tried with it (`docs/replication.md`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::{
    Bad, Frontier, Head, Limits, SetHash, Stream,
    blob::{Blob, Media},
    block::{self, Block},
    cert::{Cert, CertId, chain_from_cbor, chain_to_cbor, verify_chain},
    change::{Change, Hlc, Incarnation},
    checkpoint::{self, Item, Part, Signed, Standing, Summary},
    keys::{Signer, StreamKey, VerifyingKey},
    orders::{Cause, Revocation},
    segment::{self, Draft, Segment},
    test::{County, id, rng, two_changes},
};

const FILE: &str = include_str!("../../../tests/fixtures/format-v1.json");
const STANDARD: &Limits = &Limits::STANDARD;

fn county() -> County {
    County::new(1, id(1), id(2))
}

fn key() -> StreamKey {
    StreamKey::generate(3, &mut rng(9))
}

fn cover() -> Frontier {
    let mut cover = Frontier::new();
    cover.add(Incarnation([7; 16]), Head { seq: 2, hash: [9; 32] });
    cover
}

fn items() -> Vec<Item> {
    let summary = Summary {
        made: 1_790_000_000_000,
        hlc: Hlc { millis: 5, count: 6 },
        standings: vec![Standing {
            incarnation: Incarnation([7; 16]),
            applied: 8,
            carried: vec![9, 300],
            changes: 2,
            digest: SetHash::from_bytes(&[3; 32]),
            confirmed: 7,
            news: 8,
        }],
        chains: Vec::new(),
        certs: vec![vec![1, 2, 3]],
    };
    let block = block::encode(&two_changes()).unwrap();
    vec![
        Item::Summary(Box::new(summary)),
        Item::Settled(block.clone()),
        Item::Parked { chain: Incarnation([8; 16]), county: true, block },
        Item::Receipt(vec![1, 2, 3]),
    ]
}

fn order() -> Revocation {
    let place = (Stream::Office(id(2)), Incarnation([8; 16]));
    Revocation {
        device: CertId([5; 32]),
        revision: 2,
        cause: Cause::Stolen,
        below: BTreeSet::from([CertId([9; 32])]),
        heads: BTreeMap::from([(place, vec![Head { seq: 4, hash: [3; 32] }])]),
        supersedes: None,
    }
}

const PICTURE: &[u8] = b"not a picture, but sealed like one";

/// All of it, as the present version writes it.
fn written() -> Map<String, Json> {
    let county = county();
    let signer = Signer { key: county.device.clone(), cert: county.certs[3].id() };
    let block = block::encode(&two_changes()).unwrap();
    let draft = Draft {
        stream: Stream::Office(county.office),
        chain: Incarnation([7; 16]),
        seq: 1,
        prev: [0; 32],
        certs: &county.certs,
    };
    let sealed = segment::seal(&draft, &[&block], &key(), &signer, &mut rng(5)).unwrap();
    let certs = county.certs.iter().map(Cert::id).collect();
    let signed = vec![Signed { certs, chains: vec![Incarnation([7; 16])] }];
    let draft = checkpoint::Draft {
        stream: Stream::Office(county.office),
        maker: Incarnation([7; 16]),
        id: [5; 16],
        part: 1,
        last: true,
        cover: &cover(),
        signed: &signed,
        certs: &county.certs,
    };
    let part = checkpoint::seal(&draft, &items(), &key(), &signer, &mut rng(5)).unwrap();
    let law = [county.certs[0].clone(), county.certs[1].clone()];
    let order = order().sign(&law, &county.issuing).unwrap();
    let (blob, picture) = Blob::seal(PICTURE, Media::Jpeg, &mut rng(6)).unwrap();
    let ids: Vec<Json> = two_changes().iter().map(|change| json!(hex::encode(change.id().tag))).collect();
    let words: Vec<Json> = two_changes().iter().map(|change| json!(format!("{change:?}"))).collect();
    let pairs = [
        ("root_public", hex::encode(county.pinned().to_bytes())),
        ("stream_key", hex::encode(key().secret())),
        ("certificates", hex::encode(chain_to_cbor(&county.certs))),
        ("block", hex::encode(&block)),
        ("segment", hex::encode(&sealed.bytes)),
        ("segment_hash", hex::encode(sealed.hash)),
        ("checkpoint", hex::encode(&part)),
        ("order", hex::encode(&order)),
        ("blob", hex::encode(blob.to_bytes())),
        ("blob_sealed", hex::encode(&picture)),
        ("blob_plain", hex::encode(PICTURE)),
    ];
    let mut all: Map<String, Json> = pairs.into_iter().map(|(name, hex)| (name.to_owned(), json!(hex))).collect();
    all.insert("stream_key_epoch".into(), json!(3));
    all.insert("change_tags".into(), json!(ids));
    all.insert("changes".into(), json!(words));
    all
}

fn file() -> Map<String, Json> {
    serde_json::from_str(FILE).expect("the golden file is JSON")
}

fn bytes(file: &Map<String, Json>, name: &str) -> Vec<u8> {
    hex::decode(file[name].as_str().expect(name)).expect(name)
}

#[test]
fn what_was_written_when_the_format_was_frozen_is_read() {
    let file = file();
    let root = VerifyingKey::from_bytes(&bytes(&file, "root_public").try_into().unwrap()).unwrap();
    let key = StreamKey::from_bytes(3, &bytes(&file, "stream_key").try_into().unwrap());
    let certs = chain_from_cbor(&bytes(&file, "certificates")).unwrap();
    let who = verify_chain(&certs, &root).unwrap();
    assert_eq!(who.office, id(2));

    let changes = |block: &[u8]| -> Vec<Change> {
        Block::decode(block, STANDARD).unwrap().changes().map(|change| change.to_owned()).collect()
    };
    assert_eq!(changes(&bytes(&file, "block")), two_changes());
    let tags: Vec<Json> = two_changes().iter().map(|change| json!(hex::encode(change.id().tag))).collect();
    assert_eq!(file["change_tags"], json!(tags));

    let segment = bytes(&file, "segment");
    let parsed = Segment::parse(&segment, STANDARD).unwrap();
    assert_eq!(hex::encode(parsed.hash()), file["segment_hash"]);
    let blocks = parsed.verify_from(&who).unwrap().open(&key, STANDARD).unwrap();
    assert_eq!(blocks.iter().flat_map(|block| changes(block)).collect::<Vec<_>>(), two_changes());

    let part = bytes(&file, "checkpoint");
    let part = Part::parse(&part, STANDARD).unwrap().verify(&root).unwrap();
    assert_eq!(part.header().cover, cover());
    assert_eq!(part.open(&key, STANDARD), Ok(items()));

    let (read, _) = Revocation::read(&bytes(&file, "order"), &root).unwrap();
    assert_eq!(read, order());

    let blob = Blob::from_bytes(&bytes(&file, "blob")).unwrap();
    assert_eq!(*blob.open(&bytes(&file, "blob_sealed")).unwrap(), PICTURE);
}

#[test]
fn what_is_not_compressed_is_written_as_it_was_then() {
    let (then, now) = (file(), written());
    // Compressed bodies may come out otherwise with another version of the library; they are read all the same.
    for name in ["root_public", "stream_key", "certificates", "block", "order", "blob", "blob_sealed", "change_tags"] {
        assert_eq!(now[name], then[name], "{name}");
    }
    assert_eq!(now.keys().collect::<Vec<_>>(), then.keys().collect::<Vec<_>>());
}

#[test]
fn another_version_is_told_apart_from_damage() {
    let file = file();
    let mut block = bytes(&file, "block");
    // The first part of the array is the version.
    assert_eq!(block[1], crate::FORMAT);
    block[1] = 2;
    assert!(matches!(Block::decode(&block, STANDARD), Err(Bad::Unknown { number: 2, .. })));
}

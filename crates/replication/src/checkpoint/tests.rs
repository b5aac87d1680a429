//! A checkpoint opens for those who hold the key, as its maker signed it, or not at all.

use super::*;
use crate::block::encode;
use crate::cert::CertId;
use crate::frontier::Head;
use crate::test::{County, id, rng, two_changes};
use crate::{Segment, Value};

const STANDARD: &Limits = &Limits::STANDARD;

struct Desk {
    county: County,
    key: StreamKey,
    signer: Signer,
    cover: Frontier,
    signed: Vec<Signed>,
}

fn desk() -> Desk {
    let county = County::new(1, id(1), id(2));
    let signer = Signer { key: county.device.clone(), cert: county.certs[3].id() };
    let mut cover = Frontier::new();
    cover.add(Incarnation([7; 16]), Head { seq: 2, hash: [9; 32] });
    let certs = county.certs.iter().map(Cert::id).collect();
    let signed = vec![Signed { certs, chains: vec![Incarnation([7; 16])] }];
    Desk { key: StreamKey::generate(3, &mut rng(9)), signer, county, cover, signed }
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
        chains: vec![Covered { chain: Incarnation([7; 16]), signer: [4; 32], tags: vec![1; 16] }],
        certs: vec![vec![1, 2, 3]],
    };
    let block = encode(&two_changes()).unwrap();
    vec![
        Item::Summary(Box::new(summary)),
        Item::Settled(block.clone()),
        Item::Parked { chain: Incarnation([8; 16]), county: true, block },
        Item::Receipt(vec![1, 2, 3]),
    ]
}

impl Desk {
    fn draft(&self, stream: Stream) -> Draft<'_> {
        Draft {
            stream,
            maker: Incarnation([7; 16]),
            id: [5; 16],
            part: 1,
            last: true,
            cover: &self.cover,
            signed: &self.signed,
            certs: &self.county.certs,
        }
    }

    fn sealed(&self) -> Vec<u8> {
        let draft = self.draft(Stream::Office(self.county.office));
        seal(&draft, &items(), &self.key, &self.signer, &mut rng(5)).unwrap()
    }

    fn open(&self, bytes: &[u8]) -> Result<Vec<Item>, Bad> {
        Part::parse(bytes, STANDARD)?.verify(&self.county.pinned())?.open(&self.key, STANDARD)
    }
}

#[test]
fn what_was_sealed_opens_and_a_relay_reads_what_is_covered() {
    let desk = desk();
    let bytes = desk.sealed();
    assert_eq!(desk.open(&bytes), Ok(items()));
    let part = Part::parse(&bytes, STANDARD).unwrap();
    assert_eq!(part.header().cover, desk.cover);
    assert_eq!((part.header().part, part.header().last, part.header().epoch), (1, true, 3));
    assert!(!bytes.windows(6).any(|w| w == "王芳".as_bytes()), "nothing of the content shows");
    // It is no segment, and a segment is no part of a checkpoint.
    assert!(Segment::parse(&bytes, STANDARD).is_err());
}

#[test]
fn a_checkpoint_that_a_carrier_signed_is_not_believed() {
    let desk = desk();
    let (key, chain) = desk.county.carrier();
    for (certs, cert) in [(&chain[..], chain[4].id()), (&desk.county.certs, desk.county.certs[3].id())] {
        let draft = Draft { certs, ..desk.draft(Stream::Office(desk.county.office)) };
        let signer = Signer { key: key.clone(), cert };
        assert!(desk.open(&seal(&draft, &items(), &desk.key, &signer, &mut rng(5)).unwrap()).is_err());
    }
    assert!(desk.open(&desk.sealed()).is_ok());
}

#[test]
fn a_changed_bit_or_a_cut_is_never_believed() {
    let desk = desk();
    let bytes = desk.sealed();
    for at in 0..bytes.len() {
        assert!(desk.open(&bytes[..at]).is_err());
        let mut wrong = bytes.clone();
        wrong[at] ^= 1 << (at % 8);
        assert!(desk.open(&wrong).is_err(), "byte {at}");
    }
}

#[test]
fn only_who_writes_a_stream_alone_or_for_all_says_what_it_comes_to() {
    let desk = desk();
    for (stream, believed) in [
        (Stream::Office(desk.county.office), true),
        (Stream::Audit(desk.county.office), true),
        (Stream::Office(id(3)), false),
        (Stream::County, false),
        (Stream::Registry, false),
        (Stream::Mail(desk.county.office), false),
    ] {
        let bytes = seal(&desk.draft(stream), &items(), &desk.key, &desk.signer, &mut rng(5)).unwrap();
        assert_eq!(desk.open(&bytes).is_ok(), believed, "{stream}");
    }
    let stranger = County::new(2, id(1), id(2));
    assert!(matches!(
        Part::parse(&desk.sealed(), STANDARD).unwrap().verify(&stranger.pinned()),
        Err(Bad::Untrusted(_) | Bad::Signature)
    ));
}

#[test]
fn only_the_first_part_tells_what_is_covered_and_a_forked_chain_never_is() {
    let mut desk = desk();
    let (none, stream) = (Frontier::new(), Stream::Office(desk.county.office));
    let first = Draft { cover: &none, ..desk.draft(stream) };
    assert!(seal(&first, &items(), &desk.key, &desk.signer, &mut rng(5)).is_err());
    let second = Draft { part: 2, ..desk.draft(stream) };
    let bytes = seal(&second, &items()[1..], &desk.key, &desk.signer, &mut rng(5)).unwrap();
    assert!(Part::parse(&bytes, STANDARD).unwrap().header().cover.is_empty());
    assert_eq!(desk.open(&bytes), Ok(items()[1..].to_vec()));
    let bytes = seal(&second, &items(), &desk.key, &desk.signer, &mut rng(5)).unwrap();
    assert!(desk.open(&bytes).is_err(), "a summary in the second part");
    desk.cover.add(Incarnation([7; 16]), Head { seq: 2, hash: [8; 32] });
    assert!(seal(&desk.draft(stream), &items(), &desk.key, &desk.signer, &mut rng(5)).is_err());
}

#[test]
fn a_relay_reads_who_signed_what_is_covered_and_an_earlier_build_did_not_say() {
    let mut desk = desk();
    let stream = Stream::Office(desk.county.office);
    let chain = |n: u8| Incarnation([n; 16]);
    desk.cover.add(chain(8), Head { seq: 1, hash: [6; 32] });
    let certs: Vec<CertId> = desk.county.certs.iter().map(Cert::id).collect();
    let read = |desk: &Desk| {
        let bytes = seal(&desk.draft(stream), &items(), &desk.key, &desk.signer, &mut rng(5))?;
        Part::parse(&bytes, STANDARD).map(|part| part.header().clone())
    };
    let header = read(&desk).unwrap();
    assert_eq!((header.signer(chain(7)), header.signer(chain(8))), (Some(&certs[..]), None), "one is not known");
    desk.signed = Vec::new();
    assert_eq!(read(&desk).unwrap().signer(chain(7)), None);

    let of = |certs: &[CertId], chains: &[u8]| Signed {
        certs: certs.to_vec(),
        chains: chains.iter().map(|n| chain(*n)).collect(),
    };
    desk.signed = vec![of(&certs, &[7, 8])];
    assert_eq!(read(&desk).unwrap().signed, desk.signed);
    for wrong in [
        vec![of(&certs, &[8, 7])],
        vec![of(&certs, &[7, 7])],
        vec![of(&certs, &[7, 9])],
        vec![of(&certs, &[])],
        vec![of(&[], &[7])],
        vec![of(&certs, &[7]), of(&certs, &[8])],
        vec![of(&certs[..2], &[7]), of(&certs, &[7])],
    ] {
        desk.signed = wrong;
        assert!(read(&desk).is_err(), "{:?}", desk.signed);
    }
}

#[test]
fn an_elided_value_is_no_value_that_anybody_types() {
    let elided = Value::elided();
    assert!(elided.is_elided() && !Value::Null.is_elided());
    assert_eq!(Value::from_cbor(&elided.to_cbor(), STANDARD), Ok(elided));
}

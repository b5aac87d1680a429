//! A segment opens for those who hold the key, as it was signed, or not at all.

use proptest::prelude::*;

use super::*;
use crate::block::encode;
use crate::change::Change;
use crate::test::{County, id, rng, two_changes};

const STANDARD: &Limits = &Limits::STANDARD;

struct Desk {
    county: County,
    key: StreamKey,
    signer: Signer,
}

fn desk() -> Desk {
    let county = County::new(1, id(1), id(2));
    let signer = Signer { key: county.device.clone(), cert: county.certs[3].id() };
    Desk { key: StreamKey::generate(3, &mut rng(9)), signer, county }
}

impl Desk {
    fn draft(&self) -> Draft<'_> {
        Draft {
            stream: Stream::Office(self.county.office),
            chain: Incarnation([7; 16]),
            seq: 1,
            prev: [0; 32],
            certs: &[],
        }
    }

    fn seal(&self, draft: &Draft<'_>, changes: &[Change]) -> Sealed {
        let block = encode(changes).unwrap();
        seal(draft, &[&block], &self.key, &self.signer, &mut rng(5)).unwrap()
    }

    fn open(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Bad> {
        let segment = Segment::parse(bytes, STANDARD)?;
        segment.verify(&self.county.device.public())?.open(&self.key, STANDARD)
    }
}

#[test]
fn what_was_sealed_opens_and_the_same_input_gives_the_same_bytes() {
    let desk = desk();
    let sealed = desk.seal(&desk.draft(), &two_changes());
    assert_eq!(desk.open(&sealed.bytes), Ok(vec![encode(&two_changes()).unwrap()]));
    assert_eq!(desk.seal(&desk.draft(), &two_changes()), sealed);
    let segment = Segment::parse(&sealed.bytes, STANDARD).unwrap();
    assert_eq!(segment.header(), &sealed.header);
    assert_eq!(segment.hash(), sealed.hash);
    assert_eq!(segment.signer(), desk.county.certs[3].id());
    assert_eq!((segment.header().changes, segment.header().epoch), (2, 3));
    assert_eq!(segment.introduces(&desk.county.pinned()), Ok(None));
    // Nothing of the content shows.
    assert!(!sealed.bytes.windows(6).any(|w| w == "王芳".as_bytes()));
}

#[test]
fn a_chain_introduces_its_signer() {
    let desk = desk();
    let draft = Draft { certs: &desk.county.certs, ..desk.draft() };
    let first = desk.seal(&draft, &two_changes());
    let parsed = || Segment::parse(&first.bytes, STANDARD).unwrap();
    let who = parsed().introduces(&desk.county.pinned()).unwrap().unwrap();
    assert_eq!(who.office, desk.county.office);
    assert!(parsed().verify_from(&who).is_ok());
    let foreign = County::new(2, id(1), id(2));
    assert!(parsed().introduces(&foreign.pinned()).is_err());

    // Signed by a device, but for the stream of another office; and with the certificate of another device.
    let elsewhere = Draft { stream: Stream::Office(id(8)), ..draft };
    let bytes = desk.seal(&elsewhere, &[]).bytes;
    let refused = Segment::parse(&bytes, STANDARD).unwrap().verify_from(&who).unwrap_err();
    assert_eq!(refused, Bad::Untrusted("not a writer of this stream"));
    let other = Signer { cert: desk.county.certs[2].id(), ..desk.signer.clone() };
    let bytes = seal(&draft, &[], &desk.key, &other, &mut rng(5)).unwrap().bytes;
    assert!(Segment::parse(&bytes, STANDARD).unwrap().introduces(&desk.county.pinned()).is_err());
    assert!(Segment::parse(&bytes, STANDARD).unwrap().verify_from(&who).is_err());
}

#[test]
fn what_a_carrier_signs_is_no_segment_of_anybody() {
    let desk = desk();
    let (key, chain) = desk.county.carrier();
    let who = verify_chain(&desk.county.certs, &desk.county.pinned()).unwrap();
    let signed = |certs: &[Cert], cert| {
        let draft = Draft { certs, ..desk.draft() };
        seal(&draft, &[], &desk.key, &Signer { key: key.clone(), cert }, &mut rng(5)).unwrap().bytes
    };
    // With its own certificates, or in the name of its PC.
    let own = signed(&chain, chain[4].id());
    assert!(Segment::parse(&own, STANDARD).unwrap().introduces(&desk.county.pinned()).is_err());
    assert!(Segment::parse(&own, STANDARD).unwrap().verify_from(&who).is_err());
    let posed = signed(&desk.county.certs, who.cert);
    assert_eq!(Segment::parse(&posed, STANDARD).unwrap().verify_from(&who).unwrap_err(), Bad::Signature);
}

#[test]
fn other_keys_open_nothing() {
    let desk = desk();
    let sealed = desk.seal(&desk.draft(), &two_changes());
    let parsed = || Segment::parse(&sealed.bytes, STANDARD).unwrap();
    assert_eq!(parsed().verify(&desk.county.issuing.public()).unwrap_err(), Bad::Signature);
    let verified = parsed().verify(&desk.county.device.public()).unwrap();
    let other = StreamKey::generate(3, &mut rng(8));
    assert_eq!(verified.open(&other, STANDARD), Err(Bad::Sealed));
    let later = StreamKey::from_bytes(4, desk.key.secret());
    assert!(matches!(verified.open(&later, STANDARD), Err(Bad::Mismatch(_))));
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let desk = desk();
    let draft = Draft { certs: &desk.county.certs[3..], ..desk.draft() };
    let bytes = desk.seal(&draft, &two_changes()[1..]).bytes;
    assert!(desk.open(&bytes).is_ok());
    for at in 0..bytes.len() {
        assert!(desk.open(&bytes[..at]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1 << bit;
            assert!(desk.open(&wrong).is_err(), "byte {at} bit {bit}");
        }
    }
    let mut more = bytes.clone();
    more.push(0xf6);
    assert!(desk.open(&more).is_err());
}

#[test]
fn a_chain_has_a_beginning_and_each_segment_a_place() {
    let desk = desk();
    let place = |seq, prev| {
        let draft = Draft { seq, prev, ..desk.draft() };
        seal(&draft, &[], &desk.key, &desk.signer, &mut rng(1)).map(drop)
    };
    assert_eq!(place(1, [0; 32]), Ok(()));
    assert_eq!(place(2, [1; 32]), Ok(()));
    assert!(place(0, [0; 32]).is_err());
    assert!(place(1, [1; 32]).is_err());
    assert!(place(2, [0; 32]).is_err());
}

/// A segment by a member who writes what ours never would: any packed body, any declared count.
fn forged(desk: &Desk, packed: &[u8], changes: u32) -> Vec<u8> {
    let header = Header {
        stream: Stream::Office(desk.county.office),
        chain: Incarnation([7; 16]),
        seq: 1,
        prev: [0; 32],
        epoch: 3,
        changes,
        body_len: envelope::body_len(packed, STANDARD).unwrap(),
    };
    envelope::seal(&header, packed, &[], &desk.key, &desk.signer, &mut rng(1)).unwrap()
}

#[test]
fn bombs_and_lies_inside_a_body_are_refused() {
    let desk = desk();
    let pack = |plain: &[u8]| zstd::bulk::compress(plain, 19).unwrap();
    let block = encode(&two_changes()).unwrap();
    let good = pack_blocks(&[&block]);
    assert!(desk.open(&forged(&desk, &pack(&good), 2)).is_ok());
    let open = |packed: &[u8], n| desk.open(&forged(&desk, packed, n)).unwrap_err();

    assert_eq!(open(&pack(&good), 3), Bad::Mismatch("number of changes"));
    // 64 MiB of zeros in a few kilobytes.
    assert!(matches!(open(&pack(&vec![0; 64 << 20]), 2), Bad::TooBig { what: "plain body", .. }));
    // A frame that does not say how large it is, one with more behind it, an empty one that is skipped, no frame.
    assert_eq!(open(&zstd::stream::encode_all(&good[..], 3).unwrap(), 2), Bad::Compressed);
    assert_eq!(open(&[pack(&good), pack(&good)].concat(), 2), Bad::Compressed);
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4][..], &pack(&good)].concat();
    assert_eq!(open(&skipped, 2), Bad::Compressed);
    assert_eq!(open(b"not packed", 2), Bad::Compressed);
    assert_eq!(open(&[], 0), Bad::Compressed);
    // Blocks that are none, too many, of a later version.
    assert!(desk.open(&forged(&desk, &pack(&[0x9a, 0xff, 0xff, 0xff, 0xff]), 0)).is_err());
    assert!(desk.open(&forged(&desk, &pack(&[0x81, 0x40]), 0)).is_err());
    let later = open(&pack(&pack_blocks(&[&[0x83, 0x05, 0x00, 0x00]])), 0);
    assert_eq!(later, Bad::Unknown { what: "block version", number: 5 });
    // Millions of empty blocks in a few bytes.
    let mut empty = vec![0x9a, 0, 0x7f, 0xff, 0xf0];
    empty.resize(5 + 0x7f_fff0, 0x40);
    assert!(matches!(open(&pack(&empty), 0), Bad::TooBig { what: "blocks", .. }));
    // More changes than a segment may declare.
    assert!(desk.open(&forged(&desk, &pack(&good), 65_537)).is_err());
}

fn pack_blocks(blocks: &[&[u8]]) -> Vec<u8> {
    let mut plain = Vec::new();
    let w = &mut Writer(&mut plain);
    w.array(blocks.len());
    blocks.iter().for_each(|b| w.bytes(b));
    plain
}

#[test]
fn sizes_are_refused_before_work() {
    let desk = desk();
    let bytes = desk.seal(&desk.draft(), &two_changes()).bytes;
    let parse = |limits: Limits| Segment::parse(&bytes, &limits).map(drop).unwrap_err();
    assert!(matches!(parse(Limits { body: 50, ..*STANDARD }), Bad::TooBig { .. }));
    assert!(matches!(parse(Limits { envelope: 50, ..*STANDARD }), Bad::TooBig { .. }));
    assert!(matches!(parse(Limits { changes: 1, ..*STANDARD }), Bad::TooBig { .. }));
    assert!(Segment::parse(&vec![0; STANDARD.segment() + 1], STANDARD).is_err());
    // What does not pack is refused when it is made, not when it is read.
    let mut noise = vec![0; 700_000];
    rng(3).fill_bytes(&mut noise);
    let mut change = two_changes().remove(1);
    change.sets[0].value = crate::Value::Bytes(noise.into());
    let block = encode([&change]).unwrap();
    let made = seal(&desk.draft(), &[&block, &block], &desk.key, &desk.signer, &mut rng(1));
    assert!(made.is_ok(), "the same twice packs");
    let mut other = vec![0; 700_000];
    rng(4).fill_bytes(&mut other);
    change.sets[0].value = crate::Value::Bytes(other.into());
    let second = encode([&change]).unwrap();
    let made = seal(&desk.draft(), &[&block, &second], &desk.key, &desk.signer, &mut rng(1));
    assert!(matches!(made, Err(Bad::TooBig { what: "body", .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_blocks_come_back(
        texts in proptest::collection::vec("[a-z王芳]{0,40}", 0..6),
        seq in 1..u64::MAX,
        stream in prop_oneof![Just(Stream::County), Just(Stream::Registry), Just(Stream::Mail(id(4)))],
        seed: u64,
    ) {
        let desk = desk();
        let blocks: Vec<Vec<u8>> = texts
            .iter()
            .map(|text| {
                let mut change = two_changes().remove(1);
                change.sets[0].value = text.as_str().into();
                encode([&change]).unwrap()
            })
            .collect();
        let prev = if seq == 1 { [0; 32] } else { [3; 32] };
        let draft = Draft { stream, seq, prev, ..desk.draft() };
        let slices: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
        let sealed = seal(&draft, &slices, &desk.key, &desk.signer, &mut rng(seed)).unwrap();
        prop_assert_eq!(desk.open(&sealed.bytes), Ok(blocks));
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Segment::parse(&bytes, STANDARD).is_err());
        prop_assert!(Cert::from_bytes(&bytes).is_err());
    }
}

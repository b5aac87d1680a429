//! A packet comes back as it was written, or as far as it came whole; no byte of a stick makes the reader fall.

use proptest::prelude::*;

use super::*;
use crate::block::encode;
use crate::frontier::Head as ChainHead;
use crate::keys::StreamKey;
use crate::segment::{Draft, seal};
use crate::test::{County, id, rng, two_changes};

fn county() -> County {
    County::new(1, id(1), id(2))
}

fn signer(county: &County) -> Signer {
    Signer { key: county.device.clone(), cert: county.certs[3].id() }
}

fn segments(county: &County, count: u64) -> Vec<Vec<u8>> {
    let (signer, key) = (signer(county), StreamKey::generate(1, &mut rng(9)));
    let block = encode(&two_changes()).unwrap();
    let mut prev = [0; 32];
    let stream = Stream::Office(county.office);
    (1..=count)
        .map(|seq| {
            let draft = Draft { stream, chain: Incarnation([7; 16]), seq, prev, certs: &[] };
            let sealed = seal(&draft, &[&block], &key, &signer, &mut rng(seq)).unwrap();
            prev = sealed.hash;
            sealed.bytes
        })
        .collect()
}

fn header(county: &County, segments: &[Vec<u8>]) -> Header {
    let mut frontier = Frontier::new();
    frontier.add(Incarnation([7; 16]), ChainHead { seq: 3, hash: [5; 32] });
    Header {
        id: id(40),
        county: county.id,
        from: county.office,
        chain: Incarnation([7; 16]),
        to: county.id,
        number: 9,
        since: 4,
        part: 2,
        of: 3,
        made: 1_790_000_000_000,
        segments: segments.len() as u32,
        pieces: 0,
        wants: Vec::new(),
        bytes: segments.iter().map(|s| s.len() as u64).sum(),
        holds: vec![(Stream::County, Frontier::new()), (Stream::Office(county.office), frontier)],
        receipts: vec![Receipt { device: CertId([3; 32]), chain: Incarnation([8; 16]), numbers: vec![(1, 4), (6, 6)] }],
    }
}

fn written(county: &County, header: Header, segments: &[Vec<u8>]) -> Vec<u8> {
    let (signer, mut out) = (signer(county), Vec::new());
    let mut writer = Writer::begin(header, &county.certs, &signer, &mut out).unwrap();
    for segment in segments {
        writer.segment(segment, &mut out).unwrap();
    }
    writer.end(&mut out).unwrap();
    out
}

/// Heads, segments and ends that come out of the bytes, and how it ended.
type Read = (Option<Head>, Vec<Vec<u8>>, Option<End>, Result<(), Bad>);

fn read(bytes: &[u8], step: usize) -> Read {
    let (mut reader, mut head, mut segments, mut end) = (Reader::default(), None, Vec::new(), None);
    for piece in bytes.chunks(step.max(1)) {
        reader.push(piece);
        loop {
            match reader.take() {
                Ok(Some(Item::Head(one))) => head = Some(*one),
                Ok(Some(Item::Segment(one))) => segments.push(one),
                Ok(Some(Item::Piece(_))) => unreachable!("none was written"),
                Ok(Some(Item::End(one))) => end = Some(one),
                Ok(None) => break,
                Err(bad) => return (head, segments, end, Err(bad)),
            }
        }
    }
    let finished = reader.finish();
    (head, segments, end, finished)
}

#[test]
fn a_packet_comes_back_however_it_is_cut_into_pieces() {
    let county = county();
    let segments = segments(&county, 3);
    let bytes = written(&county, header(&county, &segments), &segments);
    for step in [1, 7, 1000, bytes.len()] {
        let (head, got, end, finished) = read(&bytes, step);
        assert_eq!((got, finished), (segments.clone(), Ok(())));
        let head = head.unwrap();
        assert_eq!(head.claims(), &header(&county, &segments));
        let maker = head.verify(&county.pinned()).unwrap();
        assert_eq!((maker.office, maker.county), (county.office, false));
        assert_eq!(end.unwrap().verify(&maker), Ok(()));
    }
    // A receipt travels without a segment.
    let bare = written(&county, header(&county, &[]), &[]);
    assert!(matches!(read(&bare, 50), (Some(_), none, Some(_), Ok(())) if none.is_empty()));
}

#[test]
fn wherever_it_breaks_off_what_came_whole_is_there() {
    let county = county();
    let segments = segments(&county, 2);
    let bytes = written(&county, header(&county, &segments), &segments);
    for at in 0..bytes.len() {
        let (_, got, end, finished) = read(&bytes[..at], 4096);
        assert!(end.is_none() && finished.is_err(), "byte {at}");
        assert_eq!(got, segments[..got.len()]);
    }
    let mut longer = bytes;
    longer.push(0);
    assert_eq!(read(&longer, 4096).3, Err(Bad::Trailing));
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let county = county();
    let segments = segments(&county, 2);
    let bytes = written(&county, header(&county, &segments), &segments);
    let maker = verify_chain(&county.certs, &county.pinned()).unwrap();
    for at in 0..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[at] ^= 1 << (at % 8);
        let (head, _, end, finished) = read(&wrong, 4096);
        // Who signed a segment is for the store to check, but the digest in the end covers its signature too.
        let sound = finished.is_ok() && end.is_some_and(|end| end.verify(&maker).is_ok());
        assert!(!sound, "byte {at}");
        assert!(head.is_none_or(|head| head.claims() == &header(&county, &segments)), "byte {at}");
    }
}

#[test]
fn a_strangers_packet_is_whole_but_not_believed() {
    let (ours, theirs) = (county(), County::new(2, id(11), id(12)));
    let bytes = written(&theirs, header(&theirs, &[]), &[]);
    let (head, _, end, finished) = read(&bytes, 4096);
    assert_eq!(finished, Ok(()));
    assert!(matches!(head.unwrap().verify(&ours.pinned()), Err(Bad::Untrusted(_) | Bad::Signature)));
    let us = verify_chain(&ours.certs, &ours.pinned()).unwrap();
    assert!(end.unwrap().verify(&us).is_err());
    // A device may not speak for another office.
    let bytes = written(&ours, Header { from: id(77), ..header(&ours, &[]) }, &[]);
    assert!(matches!(read(&bytes, 4096).0.unwrap().verify(&ours.pinned()), Err(Bad::Untrusted(_))));
}

#[test]
fn a_packet_that_a_carrier_signed_is_not_believed() {
    let county = county();
    let (key, chain) = county.carrier();
    let signed = |certs: &[Cert], cert| {
        let (signer, mut out) = (Signer { key: key.clone(), cert }, Vec::new());
        Writer::begin(header(&county, &[]), certs, &signer, &mut out).unwrap().end(&mut out).unwrap();
        read(&out, 4096)
    };
    let own = signed(&chain, chain[4].id()).0.unwrap();
    assert!(matches!(own.verify(&county.pinned()), Err(Bad::Untrusted(_))));
    let (posed, .., finished) = signed(&county.certs, county.certs[3].id());
    assert!(posed.is_none() && finished.is_err(), "in the name of its PC");
}

#[test]
fn a_head_that_cannot_be_is_not_written_and_counts_are_kept() {
    let county = county();
    let segments = segments(&county, 1);
    let signer = signer(&county);
    let good = header(&county, &segments);
    for wrong in [
        Header { number: 0, ..good.clone() },
        Header { since: 9, ..good.clone() },
        Header { part: 0, ..good.clone() },
        Header { part: 4, ..good.clone() },
        Header { of: PARTS + 1, ..good.clone() },
        Header { receipts: vec![Receipt { numbers: vec![(3, 2)], ..good.receipts[0].clone() }], ..good.clone() },
        Header {
            receipts: vec![Receipt { numbers: vec![(1, 2), (3, 4)], ..good.receipts[0].clone() }],
            ..good.clone()
        },
    ] {
        assert!(Writer::begin(wrong, &county.certs, &signer, &mut Vec::new()).is_err());
    }
    let mut out = Vec::new();
    let writer = Writer::begin(good.clone(), &county.certs, &signer, &mut out).unwrap();
    assert_eq!(writer.end(&mut out).unwrap_err(), Bad::Mismatch("number of segments"));
    let mut writer = Writer::begin(good, &county.certs, &signer, &mut out).unwrap();
    assert!(writer.segment(&[], &mut out).is_err());
}

#[test]
fn a_frame_that_declares_too_much_is_refused_at_its_length() {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&u32::MAX.to_be_bytes());
    assert!(matches!(read(&bytes, 5).3, Err(Bad::TooBig { .. })));
    assert_eq!(read(b"PK\x03\x04", 1).3, Err(Bad::Form("not a packet")));
}

#[test]
fn pieces_fill_parts_and_none_is_lost() {
    assert_eq!(split(&[], 100), [0]);
    assert_eq!(split(&[10, 10, 10], 20), [2, 1]);
    assert_eq!(split(&[500, 10, 10, 500], 20), [1, 2, 1]);
    // A single large piece goes whole, and there are never more parts than a head can count.
    assert_eq!(split(&[50, 50], 20), [1, 1]);
    let many = vec![1000; 60_000];
    let parts = split(&many, 1);
    assert!(parts.len() <= PARTS as usize && parts.iter().sum::<usize>() == many.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Cut, flipped, repeated: never a panic, and never a segment that was not written.
    #[test]
    fn no_bytes_make_the_reader_fall(seed in any::<u64>(), cut in any::<prop::sample::Index>(), flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 0..4), step in 1_usize..5000) {
        let county = county();
        let segments = segments(&county, seed % 4);
        let mut bytes = written(&county, header(&county, &segments), &segments);
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let (_, got, _, _) = read(&bytes, step);
        prop_assert!(got.len() <= segments.len());
    }

    #[test]
    fn chance_is_no_packet(bytes in prop::collection::vec(any::<u8>(), 0..600), lead in any::<bool>()) {
        let bytes = if lead { [&MAGIC[..], &bytes].concat() } else { bytes };
        let (head, _, _, finished) = read(&bytes, 64);
        prop_assert!(head.is_none() && finished.is_err());
    }
}

#[test]
fn a_piece_of_a_blob_travels_whole_and_a_changed_one_is_damage() {
    use crate::blob::{Blob, Media, PIECE};
    let county = county();
    let (one, signer) = (segments(&county, 1), signer(&county));
    let mut rng = crate::test::rng(9);
    let (blob, sealed) = Blob::seal(&vec![3; PIECE + 100], Media::Jpeg, &mut rng).unwrap();
    let outline = blob.outline().clone();
    let pieces: Vec<BlobPiece> = (0..2)
        .map(|at| BlobPiece { outline: outline.clone(), at, bytes: sealed[outline.range(at)].to_vec() })
        .collect();
    let frames: usize = (0..2).map(|at| BlobPiece::size(&outline, at)).sum();
    assert_eq!(frames, pieces.iter().map(|piece| piece.to_bytes().len()).sum::<usize>());
    let head = Header { pieces: 2, wants: vec![outline.address()], ..header(&county, &one) };
    let head = Header { bytes: head.bytes + frames as u64, ..head };
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(head, &county.certs, &signer, &mut bytes).unwrap();
    writer.segment(&one[0], &mut bytes).unwrap();
    let from = bytes.len();
    pieces.iter().for_each(|piece| writer.piece(piece, &mut bytes).unwrap());
    writer.end(&mut bytes).unwrap();

    let items = |bytes: &[u8]| {
        let (mut reader, mut got) = (Reader::default(), Vec::new());
        reader.push(bytes);
        let bad = loop {
            match reader.take() {
                Ok(Some(Item::Piece(piece))) => got.push(*piece),
                Ok(Some(_)) => {}
                Ok(None) => break reader.finish(),
                Err(bad) => break Err(bad),
            }
        };
        (got, bad)
    };
    assert_eq!(items(&bytes), (pieces.clone(), Ok(())));
    let mut changed = bytes.clone();
    changed[from + PIECE + 300] ^= 1;
    assert_eq!(items(&changed), (pieces[..1].to_vec(), Err(Bad::Mismatch("piece of a blob"))));
    for cut in (0..200).chain([PIECE]) {
        assert!(BlobPiece::parse(&pieces[1].to_bytes()[..cut.min(150)]).is_err());
    }
}

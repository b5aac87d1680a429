//! Every decoder as a function of any bytes. Each answers whether it took them; none may panic, hang, or take more memory
//! than its limits say.

mod cards;
mod seeds;
#[cfg(feature = "sheets")]
mod sheets;

use std::path::{Path, PathBuf};

use niangjia_replication::{
    Block, Frontier, Limits, RecordId, Segment, Value,
    bare::{self, Paper},
    blob::{Address, Blob, Outline},
    checkpoint::{self, Item as Kept},
    enrol::{self, Code},
    keys::{self, Cert},
    kit::Share,
    orders::{self, Revocation},
    packet::{self, BlobPiece, Item},
    slot,
    wire::{self, Begun, BlobSlice, Changed, ChangedAsk, ClaimAsk, Frames, MissingAsk, Status, Taken},
};

pub use seeds::{Seeds, seeds};

const LIMITS: &Limits = &Limits::STANDARD;

/// A decoder; the answer is whether it took the bytes.
pub type Decoder = fn(&[u8]) -> bool;

/// All of them by name; the corpus of each lies in `fuzz/corpus/NAME`.
pub const TARGETS: &[(&str, Decoder)] = &[
    ("frame", frame),
    ("message", message),
    ("frontier", frontier),
    ("segment", segment),
    ("segment_head", segment_head),
    ("segment_body", segment_body),
    ("block", block),
    ("value", value),
    ("checkpoint", checkpoint),
    ("checkpoint_head", checkpoint_head),
    ("checkpoint_items", checkpoint_items),
    ("checkpoint_summary", checkpoint_summary),
    ("packet", packet_file),
    ("packet_head", packet_head),
    ("enrolment", enrolment),
    ("key_slot", key_slot),
    ("blob_piece", blob_piece),
    ("certificates", certificates),
    ("revocation", revocation),
    ("grant", grant),
    ("card", cards::card),
    ("card_lists", cards::lists),
    #[cfg(feature = "sheets")]
    ("workbook", sheets::workbook),
    #[cfg(feature = "sheets")]
    ("workbook_part", sheets::workbook_part),
];

/// Runs a decoder by its name.
///
/// # Panics
/// Where there is none of that name, or the decoder is at fault.
pub fn run(name: &str, bytes: &[u8]) -> bool {
    named(name).expect("a decoder of that name")(bytes)
}

/// A decoder by its name.
#[must_use]
pub fn named(name: &str) -> Option<Decoder> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, decoder)| *decoder)
}

/// Where the committed corpora lie.
#[must_use]
pub fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("fuzz").join("corpus").join(name)
}

fn frame(bytes: &[u8]) -> bool {
    // In one piece and byte by byte it must come out as the same frames.
    let (mut whole, mut slow) = (Frames::new(), Frames::new());
    whole.push(bytes);
    let taken = whole.take(LIMITS);
    let mut pieces = Vec::new();
    for piece in bytes.chunks(7) {
        slow.push(piece);
        match slow.take(LIMITS) {
            Ok(frames) => pieces.extend(frames),
            Err(_) => {
                assert!(taken.is_err(), "refused in pieces only");
                return false;
            }
        }
    }
    taken.is_ok_and(|frames| {
        assert_eq!(frames, pieces);
        !frames.is_empty() && whole.is_empty()
    })
}

fn message(bytes: &[u8]) -> bool {
    let begun = Begun::of(bytes);
    assert!(begun.fits(bytes) <= bytes.len());
    wire::decode::<ChangedAsk>(bytes).is_ok()
        | wire::decode::<Changed>(bytes).is_ok()
        | wire::decode::<MissingAsk>(bytes).is_ok()
        | wire::decode::<ClaimAsk>(bytes).is_ok()
        | wire::decode::<Status>(bytes).is_ok()
        | wire::decode::<Taken>(bytes).is_ok()
        | wire::decode::<BlobSlice>(bytes).is_ok_and(|slice| slice.outline(Address([0; 32])).is_ok())
}

fn frontier(bytes: &[u8]) -> bool {
    // One encoding only: what is read is written the same.
    Frontier::from_cbor(bytes).map(|read| assert_eq!(read.to_cbor(), bytes)).is_ok()
}

fn segment(bytes: &[u8]) -> bool {
    let county = Seeds::known();
    let Ok(segment) = Segment::parse(bytes, LIMITS) else { return false };
    let introduced = segment.introduces(&county.root.public());
    assert!(segment.certs().is_empty() == matches!(introduced, Ok(None)) || introduced.is_err());
    segment.verify(&county.device.public()).is_ok_and(|verified| verified.open(&county.key, LIMITS).is_ok())
}

fn segment_head(bytes: &[u8]) -> bool {
    let county = Seeds::known();
    let Ok(segment) = bare::segment(bytes, &seeds::BODY, &county.certs, &county.signer()) else { return false };
    Segment::parse(&segment, LIMITS).is_ok_and(|read| {
        assert_eq!(bare::segment_head(read.header()), bytes, "one encoding only");
        read.introduces(&county.root.public()).is_ok()
    })
}

fn checkpoint(bytes: &[u8]) -> bool {
    let county = Seeds::known();
    checkpoint::Part::parse(bytes, LIMITS)
        .and_then(|part| part.verify(&county.root.public()))
        .is_ok_and(|verified| verified.open(&county.key, LIMITS).is_ok())
}

fn checkpoint_head(bytes: &[u8]) -> bool {
    let county = Seeds::known();
    let Ok(part) = bare::part(bytes, &seeds::BODY, &county.certs, &county.signer()) else { return false };
    checkpoint::Part::parse(&part, LIMITS).is_ok_and(|read| {
        assert_eq!(bare::part_head(read.header()), bytes, "one encoding only");
        read.verify(&county.root.public()).is_ok()
    })
}

fn checkpoint_items(bytes: &[u8]) -> bool {
    let first = bare::items(bytes, true);
    assert!(first.is_err() || bare::items(bytes, false).is_err(), "the first part is none of the others");
    first.or_else(|_| bare::items(bytes, false)).is_ok_and(|items| {
        items.iter().all(|item| match item {
            Kept::Summary(_) => true,
            Kept::Settled(block) | Kept::Parked { block, .. } => Block::decode(block, LIMITS).is_ok(),
            Kept::Receipt(segment) => Segment::parse(segment, LIMITS).is_ok(),
        })
    })
}

fn checkpoint_summary(bytes: &[u8]) -> bool {
    bare::summary(bytes).is_ok_and(|read| {
        assert_eq!(bare::summary_bytes(&read), bytes, "one encoding only");
        let root = Seeds::known().root.public();
        read.certs.iter().all(|chain| keys::chain_from_cbor(chain).is_ok_and(|c| keys::verify_chain(&c, &root).is_ok()))
    })
}

fn segment_body(bytes: &[u8]) -> bool {
    bare::unpacked(bytes).is_ok_and(|plain| {
        assert!(plain.len() <= LIMITS.plain);
        true
    })
}

fn block(bytes: &[u8]) -> bool {
    Block::decode(bytes, LIMITS).is_ok_and(|block| {
        // Iterating over what was decoded cannot fail.
        block.changes().map(|change| change.sets().count()).sum::<usize>() <= LIMITS.cells as usize
    })
}

fn value(bytes: &[u8]) -> bool {
    Value::from_cbor(bytes, LIMITS).is_ok()
}

fn packet_file(bytes: &[u8]) -> bool {
    let county = Seeds::known();
    let mut reader = packet::Reader::new(Limits::STANDARD);
    let mut maker = None;
    for piece in bytes.chunks(999) {
        reader.push(piece);
        loop {
            match reader.take() {
                Ok(Some(Item::Head(head))) => maker = head.verify(&county.root.public()).ok(),
                Ok(Some(Item::End(end))) => {
                    let maker = maker.as_ref();
                    return maker.is_some_and(|maker| end.verify(maker).is_ok()) && reader.finish().is_ok();
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => {
                    assert!(reader.finish().is_err());
                    return false;
                }
            }
        }
    }
    false
}

fn packet_head(bytes: &[u8]) -> bool {
    let county = Seeds::known();
    let Ok(head) = Paper::PacketHead.sign(bytes, &county.certs[3], &county.device) else { return false };
    let mut file = packet::MAGIC.to_vec();
    if wire::put_frame(&mut file, &head).is_err() {
        return false;
    }
    let mut reader = packet::Reader::new(Limits::STANDARD);
    reader.push(&file);
    match reader.take() {
        Ok(Some(Item::Head(head))) => head.verify(&county.root.public()).is_ok(),
        _ => false,
    }
}

fn enrolment(bytes: &[u8]) -> bool {
    // Sealed by a stranger, and as one who knows the code could make it.
    let code = Code::parse(std::str::from_utf8(bytes).unwrap_or_default());
    assert!(code.is_err() || enrol::open(bytes, &code.expect("a code")).is_err());
    bare::enrolment(bytes).is_ok()
}

fn key_slot(bytes: &[u8]) -> bool {
    slot::unlock(seeds::PASSPHRASE, &[], bytes).is_ok() || Share::parse(&String::from_utf8_lossy(bytes)).is_ok()
}

fn blob_piece(bytes: &[u8]) -> bool {
    let _ = Blob::from_bytes(bytes);
    BlobPiece::parse(bytes).is_ok_and(|piece| {
        assert_eq!(piece.to_bytes(), bytes, "one encoding only");
        true
    }) || bytes.split_first_chunk::<32>().is_some_and(|(address, rest)| {
        let hashes: Vec<[u8; 32]> = rest.chunks_exact(32).map(|c| c.try_into().expect("32")).collect();
        Outline::new(Address(*address), rest.len() as u64, hashes).is_ok()
    })
}

fn certificates(bytes: &[u8]) -> bool {
    let root = Seeds::known().root.public();
    let _ = Cert::from_bytes(bytes).map(|cert| cert.verify(&root));
    keys::chain_from_cbor(bytes).is_ok_and(|chain| {
        let device = keys::verify_chain(&chain, &root).is_ok();
        assert!(keys::verify_asker(&chain, &root).is_ok() || !device, "whoever is a device may ask");
        device
    })
}

fn revocation(bytes: &[u8]) -> bool {
    let county = Seeds::known();
    let root = county.root.public();
    assert!(Revocation::read(bytes, &root).is_err(), "no signature is guessed");
    Paper::Revocation.sign(bytes, &county.certs[1], &county.issuing).is_ok_and(|b| Revocation::read(&b, &root).is_ok())
}

fn grant(bytes: &[u8]) -> bool {
    let county = Seeds::known();
    let root = county.root.public();
    assert!(orders::granted(bytes, &root).is_err(), "no signature is guessed");
    // What is told rather than granted is read without a signature.
    let told = orders::told(bytes);
    if let Ok(keys) = &told {
        assert_eq!(orders::tell(keys).as_deref(), Ok(bytes), "one form");
    }
    let granted = Paper::Grant.sign(bytes, &county.certs[1], &county.issuing);
    told.is_ok() || granted.is_ok_and(|b| orders::granted(&b, &root).is_ok())
}

fn id(n: u8) -> RecordId {
    RecordId([n; 16])
}

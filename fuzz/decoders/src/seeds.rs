//! Made-up papers of a county that does not exist: where fuzzing begins, and what a decoder takes.

use std::sync::LazyLock;

use niangjia_replication::enrol::{Enrolment, Further, HubAddress, Invited};
use niangjia_replication::{
    Change, Dot, Draft, Event, Frontier, Head, Hlc, Incarnation, Set, SetHash, Stream, Value,
    bare::{self, Paper},
    blob::{Blob, Media},
    block,
    checkpoint::{self, Covered, Item, Standing, Summary},
    keys::{Cert, CertId, CertKind, OpeningKey, Signer, SigningKey, StreamKey, chain_to_cbor},
    orders::{self, Cause, Granted, Revocation},
    packet::{self, BlobPiece, Header, Receipt},
    seal, segment, slot,
    wire::{self, About, ChangedAsk, Digest, MissingAsk, put_frame},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::id;

/// Of the slots of the seeds.
pub(crate) const PASSPHRASE: &str = "只有我知道的口令";

/// The county: its keys come from one seed and open nothing anywhere.
pub struct Seeds {
    pub(crate) root: SigningKey,
    pub(crate) issuing: SigningKey,
    pub(crate) delegation: SigningKey,
    pub(crate) device: SigningKey,
    opening: OpeningKey,
    pub(crate) key: StreamKey,
    pub(crate) certs: [Cert; 4],
    rng: ChaCha20Rng,
}

/// The body of every envelope whose header is tried: sealed for no header at all.
pub(crate) const BODY: [u8; 64] = [7; 64];

impl Seeds {
    /// The county as decoders know it; made once, as its keys cost more than what they read.
    pub(crate) fn known() -> &'static Self {
        static KNOWN: LazyLock<Seeds> = LazyLock::new(Seeds::new);
        &KNOWN
    }

    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let [root, issuing, delegation, device] = std::array::from_fn(|_| SigningKey::generate(&mut rng));
        let (county, office) = (id(1), id(2));
        let certified = "the keys of one seed";
        let first = Cert::root(&root, county, [0; 16]).expect(certified);
        let second = first.certify(&root, CertKind::Issuing, issuing.public(), None, county, [1; 16]).expect(certified);
        let third = second
            .certify(&issuing, CertKind::Delegation, delegation.public(), None, office, [2; 16])
            .expect(certified);
        let opening = OpeningKey::generate(&mut rng);
        let fourth = third
            .certify(&delegation, CertKind::Device, device.public(), Some(opening.public()), office, [3; 16])
            .expect(certified);
        let key = StreamKey::generate(3, &mut rng);
        Self { root, issuing, delegation, device, opening, key, certs: [first, second, third, fourth], rng }
    }

    pub(crate) fn signer(&self) -> Signer {
        Signer { key: self.device.clone(), cert: self.certs[3].id() }
    }

    fn segments(&mut self, many: u64) -> Vec<Vec<u8>> {
        let (signer, mut prev) = (self.signer(), [0; 32]);
        let block = block::encode(&changes(many)).expect("a block");
        let mut all = Vec::new();
        for seq in 1..=many {
            let certs: &[Cert] = if seq == 1 { &self.certs } else { &[] };
            let draft = Draft { stream: Stream::Office(id(2)), chain: Incarnation([7; 16]), seq, prev, certs };
            let sealed = seal(&draft, &[&block], &self.key, &signer, &mut self.rng).expect("a segment");
            prev = sealed.hash;
            all.push(sealed.bytes);
        }
        all
    }

    fn piece(&mut self) -> BlobPiece {
        let mut plain = vec![0; 300];
        self.rng.fill_bytes(&mut plain);
        let (blob, sealed) = Blob::seal(&plain, Media::Jpeg, &mut self.rng).expect("a blob");
        BlobPiece { outline: blob.outline().clone(), at: 0, bytes: sealed }
    }

    fn header(&self, segments: &[Vec<u8>], pieces: u32, bytes: u64) -> Header {
        Header {
            id: id(40),
            county: id(1),
            from: id(2),
            chain: Incarnation([7; 16]),
            to: id(1),
            number: 9,
            since: 4,
            part: 1,
            of: 1,
            made: 1_790_000_000_000,
            segments: u32::try_from(segments.len()).expect("few"),
            pieces,
            wants: Vec::new(),
            bytes,
            holds: vec![(Stream::County, Frontier::new()), (Stream::Office(id(2)), frontier(3))],
            receipts: vec![Receipt {
                device: CertId([3; 32]),
                chain: Incarnation([8; 16]),
                numbers: vec![(1, 4), (6, 6)],
            }],
        }
    }

    fn enrolment(&self, further: bool) -> Enrolment {
        Enrolment {
            root: self.root.public(),
            county: id(1),
            office: Invited {
                id: id(2), name: "平明镇总工会".into(), code: "990104".into(), kind: "township".into()
            },
            hub: further.then(|| HubAddress { url: "https://127.0.0.1:7443".into(), key: self.device.public() }),
            keys: vec![(Stream::County, self.key.clone()), (Stream::Office(id(2)), self.key.clone())],
            chain: self.certs[..3].to_vec(),
            delegation: self.delegation.clone(),
            further: further.then(|| Further { roles: "clerk".into(), clerks: vec!["李强".into()] }),
        }
    }
}

fn frontier(chains: u8) -> Frontier {
    let mut frontier = Frontier::new();
    for n in 0..chains {
        frontier.add(Incarnation([n; 16]), Head { seq: u64::from(n) * 300 + 1, hash: [n; 32] });
    }
    frontier
}

fn changes(many: u64) -> Vec<Change> {
    let dot = |n: u8, counter| Dot { incarnation: Incarnation([n; 16]), counter };
    (0..many)
        .map(|n| Change {
            dot: dot(1, n + 1),
            kind: "member".into(),
            record: id(u8::try_from(n % 3).expect("small")),
            author: id(3),
            hlc: Hlc { millis: 1_790_000_000_000 + n, count: 2 },
            wall: 1_790_000_000_005,
            sets: vec![
                Set {
                    field: "name".into(),
                    value: "王芳".into(),
                    seen: if n > 2 { vec![dot(1, n - 2)] } else { vec![] },
                },
                Set { field: "post".into(), value: Value::Null, seen: vec![] },
                Set { field: "birth_year".into(), value: Value::Int(-1988), seen: vec![] },
            ],
            event: (n == 0).then(|| Event {
                name: "joined".into(),
                detail: vec![("on".into(), "2026-03-08".into()), ("photo".into(), Value::Bytes([1, 2].into()))],
                seen: vec![dot(2, 1)],
            }),
        })
        .collect()
}

fn checkpoint(county: &mut Seeds, all: &mut Vec<(&'static str, &'static str, Vec<u8>)>) {
    let summary = Summary {
        made: 1_790_000_000_000,
        hlc: Hlc { millis: 1_790_000_000_000, count: 3 },
        standings: vec![Standing {
            incarnation: Incarnation([1; 16]),
            applied: 40,
            carried: vec![42, 70_000],
            changes: 40,
            digest: SetHash::from_bytes(&[1; 32]),
            confirmed: 30,
            news: 38,
        }],
        chains: vec![Covered { chain: Incarnation([7; 16]), signer: [3; 32], tags: vec![5; 3 * checkpoint::TAG] }],
        certs: vec![chain_to_cbor(&county.certs)],
    };
    let block = block::encode(&changes(3)).expect("a block");
    let parked = Item::Parked { chain: Incarnation([8; 16]), county: true, block: block.clone() };
    // By a hand of its own, so that what follows is what it was.
    let receipt = Item::Receipt(Seeds::new().segments(1).remove(0));
    let rest = [Item::Settled(block.clone()), parked, receipt];
    let first = [Item::Summary(Box::new(summary.clone())), Item::Settled(block)];
    let (signer, cover) = (county.signer(), frontier(2));
    let chains = cover.chains().map(|(chain, _)| chain).collect();
    let signed = vec![checkpoint::Signed { certs: county.certs.iter().map(Cert::id).collect(), chains }];
    for (name, part, items) in [("first", 1, &first[..]), ("second", 2, &rest)] {
        let draft = checkpoint::Draft {
            signed: &signed,
            stream: Stream::Office(id(2)),
            maker: Incarnation([7; 16]),
            id: [6; 16],
            part,
            last: part == 2,
            cover: &cover,
            certs: &county.certs,
        };
        let bytes = checkpoint::seal(&draft, items, &county.key, &signer, &mut county.rng).expect("a part");
        all.push(("checkpoint", name, bytes));
        all.push(("checkpoint_items", name, bare::items_bytes(items).expect("items")));
        let head = checkpoint::Header {
            stream: draft.stream,
            maker: draft.maker,
            id: draft.id,
            part,
            last: draft.last,
            epoch: 3,
            body_len: BODY.len() as u32,
            cover: if part == 1 { cover.clone() } else { Frontier::new() },
            signed: if part == 1 { signed.clone() } else { Vec::new() },
        };
        all.push(("checkpoint_head", name, bare::part_head(&head)));
    }
    all.push(("checkpoint_summary", "one", bare::summary_bytes(&summary)));
}

/// Every seed: target, name, bytes. The same at each call.
///
/// # Panics
/// Where a seed cannot be made.
#[must_use]
pub fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut county = Seeds::new();
    let mut all = crate::cards::seeds();
    let segments = county.segments(3);
    let mut frames = Vec::new();
    segments.iter().for_each(|segment| put_frame(&mut frames, segment).expect("a frame"));
    all.push(("frame", "three", frames));
    all.push(("frame", "empty", Vec::new()));
    all.push(("segment", "first", segments[0].clone()));
    all.push(("segment", "second", segments[1].clone()));
    for (name, many) in [("one", 1), ("many", 40)] {
        let block = block::encode(&changes(many)).expect("a block");
        all.push(("segment_body", name, bare::packed(&[&block]).expect("a body")));
        all.push(("block", name, block));
    }
    all.push((
        "segment_head",
        "second",
        bare::segment_head(&segment::Header {
            stream: Stream::Office(id(2)),
            chain: Incarnation([7; 16]),
            seq: 2,
            prev: [9; 32],
            epoch: 3,
            changes: 2,
            body_len: BODY.len() as u32,
        }),
    ));
    checkpoint(&mut county, &mut all);
    all.push(("value", "text", b"\x66\xe7\x8e\x8b\xe8\x8a\xb3".to_vec()));
    all.push(("value", "further", b"\x82\x01\xa1\x61a\xf6".to_vec()));
    all.push(("frontier", "one", frontier(1).to_cbor()));
    all.push(("frontier", "many", frontier(20).to_cbor()));

    let about = Some(About::default());
    let asks = ChangedAsk {
        streams: vec![(Stream::County, Digest::of(&frontier(2)))],
        counts: [("office".to_owned(), 3)].into(),
        about,
    };
    all.push(("message", "changed_ask", wire::encode(&asks)));
    let missing = MissingAsk { have: frontier(2), max_bytes: 1 << 20, begun: None };
    all.push(("message", "missing_ask", wire::encode(&missing)));

    let piece = county.piece();
    all.push(("blob_piece", "one", piece.to_bytes()));
    let frame_bytes = segments.iter().map(|s| s.len() as u64).sum::<u64>() + piece.to_bytes().len() as u64;
    let header = county.header(&segments, 1, frame_bytes);
    all.push(("packet_head", "one", bare::head(&header, &county.certs)));
    let (signer, mut file) = (county.signer(), Vec::new());
    let mut writer = packet::Writer::begin(header, &county.certs, &signer, &mut file).expect("a packet");
    segments.iter().for_each(|segment| writer.segment(segment, &mut file).expect("a segment"));
    writer.piece(&piece, &mut file).expect("a piece");
    writer.end(&mut file).expect("an end");
    all.push(("packet", "whole", file));

    all.push(("enrolment", "office", bare::enrolment_bytes(&county.enrolment(false)).to_vec()));
    all.push(("enrolment", "further", bare::enrolment_bytes(&county.enrolment(true)).to_vec()));
    let cheap = slot::Params::cheap();
    all.push(("key_slot", "slot", slot::lock(PASSPHRASE, &[], &[5; 96], cheap, &mut county.rng).expect("a slot")));
    all.push(("certificates", "chain", chain_to_cbor(&county.certs)));

    let chain = &county.certs[..2];
    let revocation = Revocation {
        device: county.certs[3].id(),
        revision: 2,
        cause: Cause::Stolen,
        below: [CertId([9; 32])].into(),
        heads: [((Stream::Office(id(2)), Incarnation([7; 16])), vec![Head { seq: 3, hash: [4; 32] }])].into(),
        supersedes: None,
    };
    let order = revocation.sign(chain, &county.issuing).expect("an order");
    all.push(("revocation", "stolen", Paper::Revocation.payload(&order).expect("its payload")));
    let (holder, sealing) = (county.certs[3].id(), county.opening.public());
    let granted = Granted::seal(Stream::County, &county.key, holder, &sealing, &mut county.rng).expect("a grant");
    all.push(("grant", "told", orders::tell(std::slice::from_ref(&granted)).expect("keys")));
    let paper = orders::grant(&[granted], chain, &county.issuing).expect("a grant");
    all.push(("grant", "one", Paper::Grant.payload(&paper).expect("its payload")));

    #[cfg(feature = "sheets")]
    crate::sheets::seeds(&mut all);
    all
}

//! A county that does not exist, its certificates, and replicas in memory: what the tests of hub and link share.

#![allow(dead_code, reason = "each test program uses a part")]

use std::collections::{BTreeMap, HashSet};

use niangjia_replication::block;
use niangjia_replication::checkpoint;
use niangjia_replication::keys::{
    Cert, CertId, CertKind, Identity, OpeningKey, Signer, SigningKey, StreamKey, VerifyingKey,
};
use niangjia_replication::keys::{chain_to_cbor, verify_chain};
use niangjia_replication::orders::{Cause, Revocation};
use niangjia_replication::wire::{About, Lacks, Received, Replica, ReplicaFault, lacks};
use niangjia_replication::{
    Change, Dot, Draft, Frontier, Head, Hlc, Incarnation, Limits, RecordId, Segment, Set, Stream, seal,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub(crate) struct County {
    pub(crate) id: RecordId,
    root: SigningKey,
    issuing: SigningKey,
    certs: [Cert; 2],
    rng: ChaCha20Rng,
}

impl County {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let [root, issuing] = std::array::from_fn(|_| SigningKey::generate(&mut rng));
        let id = RecordId::new(seed, &mut rng);
        let first = Cert::root(&root, id, [0; 16]).unwrap();
        let second = first.certify(&root, CertKind::Issuing, issuing.public(), None, id, [1; 16]).unwrap();
        Self { id, root, issuing, certs: [first, second], rng }
    }

    pub(crate) fn root(&self) -> VerifyingKey {
        self.root.public()
    }

    /// A PC of the county federation itself.
    pub(crate) fn pc(&mut self) -> Office {
        let id = self.id;
        self.enrol(CertKind::CountyDevice, id)
    }

    /// The PC with which the county began.
    pub(crate) fn registrar(&mut self) -> Office {
        let (mut one, [_, second]) = (self.pc(), &self.certs);
        let device = one.key.public();
        let cert = second.certify(&self.issuing, CertKind::CountyDevice, device, None, self.id, [5; 16]).unwrap();
        one.certs = [&self.certs[..], &[cert]].concat();
        one
    }

    /// A registrar takes the place of one that was lost, of which it had heard nothing; and the order that says so.
    pub(crate) fn founded_again(&mut self, lost: &Office) -> (Office, Vec<u8>) {
        let (issuing, [first, second]) = (SigningKey::generate(&mut self.rng), self.certs.clone());
        let order = Revocation { cause: Cause::Lost, supersedes: Some(second.id()), ..Self::order_of(lost) };
        let order = order.sign(std::slice::from_ref(&first), &self.root).unwrap();
        let next = first.certify(&self.root, CertKind::Issuing, issuing.public(), None, self.id, [6; 16]).unwrap();
        (self.issuing, self.certs) = (issuing, [first, next]);
        (self.registrar(), order)
    }

    /// A later order that accepts what there is of a lost PC in a stream.
    pub(crate) fn accepted(&self, lost: &Office, stream: Stream) -> Vec<u8> {
        let head = lost.frontier(&stream).head(lost.chain).unwrap();
        let heads = BTreeMap::from([((stream, lost.chain), vec![head])]);
        let order = Revocation { revision: 2, cause: Cause::Lost, heads, ..Self::order_of(lost) };
        order.sign(&self.certs, &self.issuing).unwrap()
    }

    /// A new township office with one PC.
    pub(crate) fn office(&mut self) -> Office {
        let id = RecordId::new(7, &mut self.rng);
        self.further_pc(id)
    }

    /// An order of the county that shuts out a PC.
    pub(crate) fn order(&self, shut_out: &Office) -> Vec<u8> {
        Self::order_of(shut_out).sign(&self.certs, &self.issuing).unwrap()
    }

    fn order_of(shut_out: &Office) -> Revocation {
        Revocation {
            device: shut_out.certs.last().unwrap().id(),
            revision: 1,
            cause: Cause::Stolen,
            below: Default::default(),
            heads: BTreeMap::new(),
            supersedes: None,
        }
    }

    /// A PC of an office.
    pub(crate) fn further_pc(&mut self, office: RecordId) -> Office {
        self.enrol(CertKind::Device, office)
    }

    fn enrol(&mut self, kind: CertKind, office: RecordId) -> Office {
        let rng = &mut self.rng;
        let [delegation, device] = std::array::from_fn(|_| SigningKey::generate(rng));
        let [first, second] = &self.certs;
        let third =
            second.certify(&self.issuing, CertKind::Delegation, delegation.public(), None, office, [2; 16]).unwrap();
        let sealing = OpeningKey::generate(rng).public();
        let fourth = third.certify(&delegation, kind, device.public(), Some(sealing), office, [3; 16]).unwrap();
        let certs = vec![first.clone(), second.clone(), third, fourth];
        let mut fork = ChaCha20Rng::seed_from_u64(0);
        std::mem::swap(&mut fork, rng);
        *rng = ChaCha20Rng::from_rng(&mut fork);
        Office {
            office,
            name: "平明镇总工会".to_owned(),
            certs,
            key: device,
            chain: Incarnation::new(&mut fork),
            rng: fork,
            held: BTreeMap::new(),
            told: BTreeMap::new(),
            saved: 0,
            receives: 0,
            begun: Vec::new(),
        }
    }
}

/// One PC with a replica in memory.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) office: RecordId,
    pub(crate) name: String,
    pub(crate) certs: Vec<Cert>,
    pub(crate) key: SigningKey,
    pub(crate) chain: Incarnation,
    rng: ChaCha20Rng,
    held: BTreeMap<Stream, Vec<Kept>>,
    /// What the hub holds, as it was told last.
    pub(crate) told: BTreeMap<Stream, Frontier>,
    saved: u64,
    /// The beginning of a frame that a broken line left.
    pub(crate) begun: Vec<u8>,
    /// How often a page or a part of one was kept.
    pub(crate) receives: usize,
}

#[derive(Clone, PartialEq, Eq)]
struct Kept {
    chain: Incarnation,
    head: Head,
    prev: [u8; 32],
    bytes: Vec<u8>,
}

impl Office {
    pub(crate) fn stream(&self) -> Stream {
        Stream::Office(self.office)
    }

    pub(crate) fn chain_cbor(&self) -> Vec<u8> {
        chain_to_cbor(&self.certs)
    }

    /// Whoever asks with the carrier of this PC, and signs with it whatever he writes.
    pub(crate) fn carrier(&self) -> Self {
        let key = SigningKey::from_bytes(&[6; 32]);
        let above = self.certs.last().unwrap();
        let cert = above.certify(&self.key, CertKind::Carrier, key.public(), None, self.office, [4; 16]).unwrap();
        let certs = [&self.certs[..], &[cert]].concat();
        Self { certs, key, name: "别的名称".to_owned(), ..self.clone() }
    }

    pub(crate) fn identity(&self, root: &VerifyingKey) -> Identity {
        verify_chain(&self.certs, root).unwrap()
    }

    /// Saves one change of `size` random bytes in a stream, as one segment; returns its bytes.
    pub(crate) fn save(&mut self, stream: Stream, size: usize) -> Vec<u8> {
        let last = self.frontier(&stream).head(self.chain).unwrap_or(Head { seq: 0, hash: [0; 32] });
        let mut noise = vec![0; size];
        rand_core::Rng::fill_bytes(&mut self.rng, &mut noise);
        self.saved += 1;
        let change = Change {
            dot: Dot { incarnation: self.chain, counter: self.saved },
            kind: "note".into(),
            record: RecordId::new(self.saved, &mut self.rng),
            author: self.office,
            hlc: Hlc { millis: self.saved, count: 0 },
            wall: 0,
            sets: vec![Set {
                field: "noise".into(),
                value: niangjia_replication::Value::Bytes(noise.into()),
                seen: vec![],
            }],
            event: None,
        };
        let block = block::encode([&change]).unwrap();
        let draft = Draft {
            stream,
            chain: self.chain,
            seq: last.seq + 1,
            prev: last.hash,
            certs: if last.seq == 0 { &self.certs } else { &[] },
        };
        let signer = Signer { key: self.key.clone(), cert: self.certs.last().unwrap().id() };
        let key = StreamKey::from_bytes(1, &[9; 32]);
        let sealed = seal(&draft, &[&block], &key, &signer, &mut self.rng).unwrap();
        self.keep(stream, sealed.bytes.clone());
        sealed.bytes
    }

    /// A checkpoint in one part of what is held of a stream.
    pub(crate) fn sum(&mut self, stream: Stream) -> Vec<u8> {
        let signer = Signer { key: self.key.clone(), cert: self.certs.last().unwrap().id() };
        let cover = self.frontier(&stream);
        let mut id = [0; 16];
        rand_core::Rng::fill_bytes(&mut self.rng, &mut id);
        let signed = self.signed(&stream);
        let draft = checkpoint::Draft {
            stream,
            maker: self.chain,
            id,
            part: 1,
            last: true,
            cover: &cover,
            signed: &signed,
            certs: &self.certs,
        };
        let items = [checkpoint::Item::Summary(Box::default())];
        checkpoint::seal(&draft, &items, &StreamKey::from_bytes(1, &[9; 32]), &signer, &mut self.rng).unwrap()
    }

    /// Who signed the chains of a stream, as their first segments say.
    fn signed(&self, stream: &Stream) -> Vec<checkpoint::Signed> {
        let mut devices: BTreeMap<Vec<CertId>, Vec<Incarnation>> = BTreeMap::new();
        for kept in self.held.get(stream).into_iter().flatten().filter(|kept| kept.head.seq == 1) {
            let first = Segment::parse(&kept.bytes, &Limits::STANDARD).unwrap();
            devices.entry(first.certs().iter().map(Cert::id).collect()).or_default().push(kept.chain);
        }
        devices.into_iter().map(|(certs, chains)| checkpoint::Signed { certs, chains }).collect()
    }

    fn keep(&mut self, stream: Stream, bytes: Vec<u8>) -> bool {
        let segment = Segment::parse(&bytes, &Limits::STANDARD).unwrap();
        let header = *segment.header();
        let head = Head { seq: header.seq, hash: segment.hash() };
        let held = self.held.entry(stream).or_default();
        if held.iter().any(|kept| kept.head == head) {
            return false;
        }
        assert!(
            header.seq == 1 || held.iter().any(|kept| kept.head.hash == header.prev),
            "a segment came before the one that it continues"
        );
        held.push(Kept { chain: header.chain, head, prev: header.prev, bytes });
        true
    }

    pub(crate) fn frontier(&self, stream: &Stream) -> Frontier {
        let mut frontier = Frontier::new();
        for kept in self.held.get(stream).into_iter().flatten() {
            frontier.advance(kept.chain, &kept.prev, kept.head);
        }
        frontier
    }

    /// The hashes of everything held of a stream.
    pub(crate) fn holds(&self, stream: &Stream) -> HashSet<[u8; 32]> {
        self.held.get(stream).into_iter().flatten().map(|kept| kept.head.hash).collect()
    }
}

impl Replica for Office {
    fn frontiers(&mut self) -> Result<Vec<(Stream, Frontier)>, ReplicaFault> {
        let streams: Vec<_> = self.held.keys().copied().collect();
        Ok(streams.into_iter().map(|stream| (stream, self.frontier(&stream))).collect())
    }

    fn segments_after(
        &mut self,
        stream: &Stream,
        hub: &Frontier,
        max_bytes: usize,
    ) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        let held = self.held.get(stream).cloned().unwrap_or_default();
        let mut out: Vec<Vec<u8>> = Vec::new();
        let mut size = 0;
        for (chain, heads) in self.frontier(stream).chains() {
            let mut mine: Vec<_> = held.iter().filter(|kept| kept.chain == chain).collect();
            mine.sort_by_key(|kept| kept.head);
            let holds = |head: &Head| Ok::<_, ReplicaFault>(mine.iter().any(|kept| kept.head == *head));
            let lacking: Vec<_> = match lacks(heads, hub.heads(chain), true, holds)? {
                Lacks::Nothing => Vec::new(),
                Lacks::After(seq) => mine.into_iter().filter(|kept| kept.head.seq > seq).collect(),
                Lacks::Beside(mut known) => {
                    let mut beside = Vec::new();
                    for kept in mine.into_iter().rev() {
                        if known.contains(&kept.head.hash) {
                            known.insert(kept.prev);
                        } else {
                            beside.push(kept);
                        }
                    }
                    beside.reverse();
                    beside
                }
            };
            for kept in lacking {
                size += kept.bytes.len();
                if size > max_bytes && !out.is_empty() {
                    return Ok(out);
                }
                out.push(kept.bytes.clone());
            }
        }
        Ok(out)
    }

    fn receive(&mut self, stream: &Stream, segments: Vec<Vec<u8>>) -> Result<Received, ReplicaFault> {
        self.receives += 1;
        let mut received = Received::default();
        for bytes in segments {
            let size = bytes.len() as u64;
            if self.keep(*stream, bytes) {
                received.segments += 1;
                received.changes += 1;
                received.bytes += size;
            }
        }
        Ok(received)
    }

    fn hub_has(&mut self, stream: &Stream, frontier: &Frontier) -> Result<(), ReplicaFault> {
        self.told.insert(*stream, frontier.clone());
        Ok(())
    }

    fn counts(&mut self) -> Result<BTreeMap<String, u64>, ReplicaFault> {
        Ok(BTreeMap::from([("members".to_owned(), self.saved)]))
    }

    fn begun(&mut self, _: &Stream) -> Vec<u8> {
        self.begun.clone()
    }

    fn keep_begun(&mut self, _: &Stream, bytes: &[u8]) {
        self.begun = bytes.to_vec();
    }

    fn about(&self) -> Option<About> {
        Some(About { name: self.name.clone(), code: "990101001".to_owned(), version: "0.1.0".to_owned() })
    }
}

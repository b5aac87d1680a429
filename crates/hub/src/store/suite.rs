//! What every `SegmentStore` must do, whatever the database. `reopen` closes the store and opens the same data again.

use std::collections::BTreeMap;

use niangjia_replication::frontier::Head;
use niangjia_replication::keys::{CertId, SigningKey, VerifyingKey};
use niangjia_replication::wire::{About, Digest, Placed, Refused};
use niangjia_replication::{Frontier, Incarnation, RecordId, Stream};

use super::{Arrived, Birth, Device, SegmentStore, Told, View};

mod blobs;
mod sums;

type Reopen<'r> = &'r mut dyn FnMut(Option<Box<dyn SegmentStore>>) -> Box<dyn SegmentStore>;

/// Runs the suite against an empty store.
pub(super) fn every_store(reopen: Reopen<'_>) {
    let store = reopen(None);
    birth_and_root(store.as_ref());
    devices(store.as_ref());
    chains(store.as_ref());
    forks(store.as_ref());
    pages(store.as_ref());
    views(store.as_ref());
    orders(store.as_ref());
    sums::every_store(store.as_ref());
    blobs::every_store(store.as_ref());
    let before = everything(store.as_ref());
    let store = reopen(Some(store));
    assert_eq!(store.orders().unwrap().len(), 2, "a restart keeps the county's orders");
    assert_eq!(everything(store.as_ref()), before, "a restart keeps everything");
    blobs::after_a_restart(store.as_ref());
}

/// What the county has ordered is kept once, as it was signed.
fn orders(store: &dyn SegmentStore) {
    assert!(store.orders().unwrap().is_empty());
    for order in [b"one".as_slice(), b"two", b"one"] {
        store.keep_order(order).unwrap();
    }
    let mut kept = store.orders().unwrap();
    kept.sort();
    assert_eq!(kept, [b"one".to_vec(), b"two".to_vec()]);
}

fn key(n: u8) -> VerifyingKey {
    SigningKey::from_bytes(&[n; 32]).public()
}

fn office(n: u8) -> Stream {
    Stream::Office(RecordId([n; 16]))
}

/// A made-up segment; the store looks at its place only.
#[derive(Clone)]
struct Paper {
    stream: Stream,
    chain: u8,
    seq: u64,
    prev: [u8; 32],
    signer: u8,
    bytes: Vec<u8>,
}

impl Paper {
    fn first(stream: Stream, chain: u8, text: &str) -> Self {
        Self { stream, chain, seq: 1, prev: [0; 32], signer: chain, bytes: format!("{chain} {text}").into_bytes() }
    }

    fn next(&self, text: &str) -> Self {
        let bytes = [self.hash().as_slice(), text.as_bytes()].concat();
        Self { seq: self.seq + 1, prev: self.hash(), bytes, ..self.clone() }
    }

    fn hash(&self) -> [u8; 32] {
        *blake3::hash(&self.bytes).as_bytes()
    }

    fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash() }
    }

    fn arrived(&self) -> Arrived<'_> {
        Arrived {
            stream: self.stream,
            chain: Incarnation([self.chain; 16]),
            seq: self.seq,
            prev: self.prev,
            hash: self.hash(),
            signer: key(self.signer),
            bytes: &self.bytes,
        }
    }
}

fn place(store: &dyn SegmentStore, papers: &[&Paper]) -> Vec<Placed> {
    let arrived: Vec<_> = papers.iter().map(|paper| paper.arrived()).collect();
    store.place(&arrived, &[], 1000).unwrap()
}

fn frontier(heads: &[(u8, Head)]) -> Frontier {
    let mut frontier = Frontier::new();
    heads.iter().for_each(|(chain, head)| frontier.add(Incarnation([*chain; 16]), *head));
    frontier
}

fn missing(store: &dyn SegmentStore, stream: &Stream, have: &[(u8, Head)]) -> Vec<Vec<u8>> {
    let page = store.missing(stream, &frontier(have), View::All, usize::MAX).unwrap();
    assert!(!page.more);
    page.segments
}

fn everything(store: &dyn SegmentStore) -> Vec<String> {
    let mut all = vec![format!("{:?} {:?} {:?}", store.birth(), store.root(), store.seen())];
    for stream in store.streams().unwrap() {
        let page = store.missing(&stream, &Frontier::new(), View::All, usize::MAX).unwrap();
        all.push(format!("{stream} {:?} {page:?}", store.frontier(&stream, View::All)));
    }
    all
}

fn birth_and_root(store: &dyn SegmentStore) {
    assert_eq!(store.birth().unwrap(), None);
    let birth = Birth { epoch: Incarnation([1; 16]), claim: [2; 32] };
    assert_eq!(store.be_born(&birth).unwrap(), birth);
    let other = Birth { epoch: Incarnation([3; 16]), claim: [4; 32] };
    assert_eq!(store.be_born(&other).unwrap(), birth, "a hub is born once");
    assert_eq!(store.birth().unwrap(), Some(birth));

    assert_eq!(store.root().unwrap(), None);
    assert_eq!(store.pin(&key(1)).unwrap(), key(1));
    assert_eq!(store.pin(&key(1)).unwrap(), key(1), "pinning again is harmless");
    assert_eq!(store.pin(&key(2)).unwrap(), key(1), "the first county stays");
    assert_eq!(store.root().unwrap(), Some(key(1)));
}

fn devices(store: &dyn SegmentStore) {
    let device = |n: u8| Device {
        cert: CertId([n; 32]),
        key: key(n),
        office: RecordId([n; 16]),
        county: n == 1,
        chain: vec![n; 10],
    };
    store.place(&[], &[device(2)], 5).unwrap();
    let counts = BTreeMap::from([("members".to_owned(), u64::MAX), ("organisations".to_owned(), 0)]);
    let about = About { name: "平明镇总工会".into(), code: "990101001".into(), version: "0.1.0".into() };
    store.note(&device(1), 10, Some(&Told { counts, about: Some(about.clone()) })).unwrap();
    store.note(&device(1), 20, None).unwrap();
    assert_eq!(store.device(&CertId([2; 32])).unwrap(), Some(device(2)));
    assert_eq!(store.device(&CertId([3; 32])).unwrap(), None);
    let seen = store.seen().unwrap();
    assert_eq!(seen.iter().map(|seen| (seen.first_ms, seen.last_ms)).collect::<Vec<_>>(), [(10, Some(20)), (5, None)]);
    assert_eq!(seen[0].counts["organisations"], 0);
    assert_eq!(seen[0].counts["members"], i64::MAX as u64, "what no column holds is told as the most that it holds");
    assert_eq!((&seen[0].about, &seen[1].about), (&about, &About::default()));
    let later = Told { counts: BTreeMap::from([("members".to_owned(), 7)]), about: None };
    store.note(&device(1), 30, Some(&later)).unwrap();
    assert_eq!(store.seen().unwrap()[0].about, about, "who says nothing of itself is still the same");
    assert_eq!(store.seen().unwrap()[0].counts, BTreeMap::from([("members".to_owned(), 7)]), "told anew as a whole");
}

fn chains(store: &dyn SegmentStore) {
    let stream = office(10);
    let one = Paper::first(stream, 10, "one");
    let (two, strange) = (one.next("two"), Paper { signer: 99, ..one.next("two by another") });
    let three = two.next("three");

    assert_eq!(place(store, &[&two]), [Placed::Refused(Refused::Gap { expected: vec![] })]);
    assert!(!store.streams().unwrap().contains(&stream), "a refused segment leaves nothing");
    assert_eq!(
        place(store, &[&one, &three, &two, &three]),
        [
            Placed::Stored,
            Placed::Refused(Refused::Gap { expected: vec![(1, Digest(one.hash()))] }),
            Placed::Stored,
            Placed::Stored,
        ]
    );
    assert_eq!(place(store, &[&one, &two, &three]), [Placed::Known, Placed::Known, Placed::Known]);
    assert_eq!(place(store, &[&strange]), [Placed::Refused(Refused::OtherDevice)]);
    let wrong_number = Paper { seq: 9, ..three.next("nine after three") };
    let far = Paper { seq: u64::MAX, ..three.next("the last there can be") };
    let expected = vec![(3, Digest(three.hash()))];
    for gap in [wrong_number, far] {
        assert_eq!(place(store, &[&gap]), [Placed::Refused(Refused::Gap { expected: expected.clone() })]);
    }
    assert_eq!(store.frontier(&stream, View::All).unwrap(), frontier(&[(10, three.head())]));
    // The same incarnation writes other streams too; each is a chain of its own.
    assert_eq!(place(store, &[&Paper::first(Stream::Registry, 10, "tags")]), [Placed::Stored]);
    assert_eq!(store.frontier(&office(77), View::All).unwrap(), Frontier::new());
}

fn forks(store: &dyn SegmentStore) {
    let stream = office(20);
    let one = Paper::first(stream, 20, "one");
    let (left, right) = (one.next("left"), one.next("right"));
    let (further, other_first) = (right.next("further right"), Paper::first(stream, 20, "another beginning"));
    assert_eq!(
        place(store, &[&one, &left, &right, &further, &other_first]),
        [Placed::Stored, Placed::Stored, Placed::Fork, Placed::Stored, Placed::Fork,]
    );
    assert_eq!(place(store, &[&right]), [Placed::Known]);
    let all = [(20, other_first.head()), (20, left.head()), (20, further.head())];
    assert_eq!(store.frontier(&stream, View::All).unwrap(), frontier(&all), "no head is forgotten");
    assert_eq!(missing(store, &stream, &all), Vec::<Vec<u8>>::new());
    assert_eq!(
        missing(store, &stream, &[(20, left.head())]),
        [right.bytes.clone(), further.bytes.clone(), other_first.bytes.clone()]
    );
    assert_eq!(
        missing(store, &stream, &[(20, right.head()), (20, other_first.head())]),
        [left.bytes.clone(), further.bytes.clone()]
    );
    assert_eq!(store.stream_of(&left.hash()).unwrap(), Some(stream));
    assert_eq!(store.stream_of(&[7; 32]).unwrap(), None);
    let extent = store.extent().unwrap();
    assert_eq!(extent.forked, [(stream, Incarnation([20; 16]))]);
    assert!(extent.segments >= 5);
    let unknown = Head { seq: 7, hash: [7; 32] };
    assert_eq!(missing(store, &stream, &[(20, unknown)]).len(), 5, "who stands elsewhere is given all");
}

fn pages(store: &dyn SegmentStore) {
    let stream = office(30);
    let (mut a, mut b) = (Paper::first(stream, 30, "a"), Paper::first(stream, 31, "b"));
    let mut order = Vec::new();
    for n in 0..10 {
        assert_eq!(place(store, &[&a, &b]), [Placed::Stored, Placed::Stored]);
        order.extend([a.clone(), b.clone()]);
        (a, b) = (a.next(&"x".repeat(100 * n)), b.next(&"y".repeat(50 * n)));
    }
    // However small the page, fetching page after page brings everything, causes first.
    for max_bytes in [1, 300, 1000, usize::MAX] {
        let (mut have, mut got, mut more) = (Frontier::new(), Vec::new(), true);
        while more {
            let page = store.missing(&stream, &have, View::All, max_bytes).unwrap();
            assert!(!page.segments.is_empty());
            assert!(page.segments.len() == 1 || page.segments.iter().map(Vec::len).sum::<usize>() <= max_bytes);
            for bytes in page.segments {
                let paper = order.iter().find(|paper| paper.bytes == bytes).unwrap();
                have.advance(Incarnation([paper.chain; 16]), &paper.prev, paper.head());
                got.push(bytes);
            }
            more = page.more;
        }
        assert!(got.iter().eq(order.iter().map(|paper| &paper.bytes)), "pages of {max_bytes}");
        assert_eq!(have, store.frontier(&stream, View::All).unwrap());
    }
    // A chain longer than what is looked at for one page.
    let stream = office(32);
    let mut long = vec![Paper::first(stream, 32, "")];
    for n in 1..5000 {
        long.push(long[n - 1].next(""));
    }
    place(store, &long.iter().collect::<Vec<_>>());
    let page = store.missing(&stream, &Frontier::new(), View::All, usize::MAX).unwrap();
    assert!(page.more);
    let have = [(32, long[page.segments.len() - 1].head())];
    assert_eq!(page.segments.len() + missing(store, &stream, &have).len(), 5000);
}

fn views(store: &dyn SegmentStore) {
    let stream = Stream::Mail(RecordId([40; 16]));
    let (mine, other) = (Paper::first(stream, 40, "mine"), Paper::first(stream, 41, "another's"));
    place(store, &[&mine, &other]);
    let own = View::Own(key(40));
    assert_eq!(store.frontier(&stream, own).unwrap(), frontier(&[(40, mine.head())]));
    assert_eq!(store.missing(&stream, &Frontier::new(), own, usize::MAX).unwrap().segments, [mine.bytes]);
    assert_eq!(store.frontier(&stream, View::Own(key(42))).unwrap(), Frontier::new());
    assert_eq!(missing(store, &stream, &[]).len(), 2);
}

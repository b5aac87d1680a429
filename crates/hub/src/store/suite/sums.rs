//! Checkpoints: kept part by part and handed out whole; what a chain stands on, what lacks below, and what becomes of both.

use niangjia_replication::checkpoint::Part;
use niangjia_replication::wire::{Lack, Placed};
use niangjia_replication::{Frontier, Head, Limits, Segment, Stream};

use crate::checkpoints::ArrivedPart;
use crate::county::{County, Office};
use crate::store::{Arrived, SegmentStore, View};

pub(super) fn every_store(store: &dyn SegmentStore) {
    parts(store);
    whatever_is_brought_first(store, 10);
    from_where_it_ends(store, 20);
    a_branch_where_it_ends(store, 30);
    another_branch_at_the_beginning(store, 40);
    no_longer_stood_on(store, 50);
}

/// A checkpoint is handed out once it is whole, and gone when it is let go of.
fn parts(store: &dyn SegmentStore) {
    let stream = Stream::Registry;
    let part = |id: u8, part: u32, last: bool| ArrivedPart { stream, id: [id; 16], part, last, bytes: b"part" };
    assert!(store.keep_part(&part(1, 2, true)).unwrap());
    assert!(store.checkpoints(&stream).unwrap().is_empty(), "its first part has not come");
    assert!(!store.has_checkpoint(&stream).unwrap());
    assert!(store.keep_part(&part(1, 1, false)).unwrap());
    assert!(!store.keep_part(&part(1, 1, false)).unwrap());
    assert_eq!(store.checkpoints(&stream).unwrap().len(), 1);
    assert!(store.has_checkpoint(&stream).unwrap() && !store.has_checkpoint(&Stream::County).unwrap());
    assert!(store.checkpoints(&Stream::County).unwrap().is_empty());
    let (first, rest) = (store.parts(&[1; 16], 0, 1).unwrap(), store.parts(&[1; 16], 1, 1).unwrap());
    assert_eq!((first.segments.len(), first.more, rest.segments.len(), rest.more), (1, true, 1, false));
    let ids = || store.checkpoints(&stream).unwrap().iter().map(|whole| whole.id[0]).collect::<Vec<u8>>();
    store.keep_part(&part(2, 1, false)).unwrap();
    store.keep_part(&part(3, 1, true)).unwrap();
    assert!(store.keep_part(&part(2, 1, false)).unwrap(), "what never became whole went with the next");
    store.keep_part(&part(4, 1, true)).unwrap();
    assert_eq!(ids(), [4, 3, 1]);
    store.let_go(&stream, &[[3; 16], [9; 16]]).unwrap();
    store.let_go(&Stream::County, &[[4; 16]]).unwrap();
    assert_eq!(ids(), [4, 1]);
}

/// Six days of an office, the checkpoint of the first four, and a clone that parted after some of them.
struct Days {
    office: Office,
    days: Vec<Vec<u8>>,
    sum: Vec<u8>,
    branch: Vec<u8>,
}

impl Days {
    fn parting_after(before: usize, seed: u64) -> Self {
        let mut office = County::new(seed).office();
        let (stream, mut days, mut clone, mut sum) = (office.stream(), Vec::new(), office.clone(), Vec::new());
        for day in 0..6 {
            if day == before {
                clone = office.clone();
            }
            if day == 4 {
                sum = office.sum(stream);
            }
            days.push(office.save(stream, 10));
        }
        Self { days, sum, branch: clone.save(stream, 12), office }
    }

    fn day(&self, n: u64) -> &[u8] {
        &self.days[usize::try_from(n).unwrap() - 1]
    }

    fn head(&self, n: u64) -> Head {
        Head { seq: n, hash: *blake3::hash(self.day(n)).as_bytes() }
    }

    fn place(&self, store: &dyn SegmentStore, bytes: &[u8]) -> Placed {
        let segment = Segment::parse(bytes, &Limits::STANDARD).unwrap();
        self.place_behind(store, bytes, segment.header().prev)
    }

    fn place_behind(&self, store: &dyn SegmentStore, bytes: &[u8], prev: [u8; 32]) -> Placed {
        let segment = Segment::parse(bytes, &Limits::STANDARD).unwrap();
        let (header, hash, signer) = (*segment.header(), segment.hash(), self.office.key.public());
        let (stream, chain, seq) = (header.stream, header.chain, header.seq);
        store.place(&[Arrived { stream, chain, seq, prev, hash, signer, bytes }], &[], 0).unwrap().remove(0)
    }

    fn put(&self, store: &dyn SegmentStore, n: u64) -> Placed {
        self.place(store, self.day(n))
    }

    /// The store is given the checkpoint.
    fn summed_up(&self, store: &dyn SegmentStore) {
        let part = Part::parse(&self.sum, &Limits::STANDARD).unwrap();
        let (header, bytes) = (part.header(), self.sum.as_slice());
        let arrived = ArrivedPart { stream: header.stream, id: header.id, part: 1, last: true, bytes };
        assert!(store.keep_part(&arrived).unwrap());
    }

    /// A store that holds days 5 and 6 behind the checkpoint.
    fn refilled(&self, store: &dyn SegmentStore) {
        self.summed_up(store);
        assert!(matches!(self.put(store, 6), Placed::Refused(_)), "not behind a gap");
        assert_eq!([5, 6].map(|n| self.put(store, n)), [Placed::Stored, Placed::Stored]);
    }

    fn heads(&self, store: &dyn SegmentStore) -> Vec<Head> {
        store.frontier(&self.office.stream(), View::All).unwrap().heads(self.office.chain).to_vec()
    }

    fn lacking(&self, store: &dyn SegmentStore) -> Vec<Lack> {
        let mut lacking = store.lacking().unwrap();
        lacking.retain(|lack| lack.stream == self.office.stream());
        lacking
    }

    fn given(&self, store: &dyn SegmentStore) -> Vec<Vec<u8>> {
        store.missing(&self.office.stream(), &Frontier::new(), View::All, usize::MAX).unwrap().segments
    }
}

/// The chain is whole with the last one that lacked, and given in order.
fn whatever_is_brought_first(store: &dyn SegmentStore, seed: u64) {
    // From the first one, as a PC is asked to; from the last one, as repair brings it.
    for (turn, seed) in [[1, 2, 3, 4], [4, 3, 2, 1]].into_iter().zip(seed..) {
        let days = Days::parting_after(0, seed);
        days.refilled(store);
        for n in turn {
            assert_eq!(days.lacking(store).len(), 1, "before {n} of {turn:?}");
            assert_eq!(days.heads(store), [days.head(6)]);
            assert_eq!(days.put(store, n), Placed::Stored);
        }
        assert!(days.lacking(store).is_empty(), "{turn:?}");
        assert_eq!(days.heads(store), [days.head(6)]);
        // Whoever has nothing goes on from page to page, and a page that begins with a gap would be the last.
        let most = days.day(1).len() + days.day(2).len();
        let page = store.missing(&days.office.stream(), &Frontier::new(), View::All, most).unwrap();
        assert_eq!((page.segments.as_slice(), page.more), (&days.days[..2], true), "{turn:?}");
        assert_eq!(days.given(store), days.days, "{turn:?}");
    }
}

/// Repair brings what there is from where a checkpoint ends.
fn from_where_it_ends(store: &dyn SegmentStore, seed: u64) {
    let days = Days::parting_after(0, seed);
    days.summed_up(store);
    // Nothing follows it, and whoever brings it has let go of the first two itself.
    assert!(matches!(days.put(store, 3), Placed::Refused(_)), "nothing names it yet");
    assert_eq!([4, 3].map(|n| days.put(store, n)), [Placed::Stored, Placed::Stored]);
    assert_eq!(days.heads(store), [days.head(4)]);
    let lacking = days.lacking(store);
    assert_eq!((lacking[0].after, lacking[0].until), (0, 2), "of both ends of the gap it has what there is");
    assert_eq!(lacking[0].hash.0, days.head(2).hash);
}

/// A branch that parts where a checkpoint ends is taken though nobody has what it follows.
fn a_branch_where_it_ends(store: &dyn SegmentStore, seed: u64) {
    let days = Days::parting_after(3, seed);
    days.refilled(store);
    assert!(matches!(days.place(store, &days.branch), Placed::Refused(_)), "nothing says yet what stood before");
    assert_eq!(days.put(store, 4), Placed::Stored);
    let other = days.place_behind(store, &days.branch, days.head(2).hash);
    assert!(matches!(other, Placed::Refused(_)), "what another one follows");
    assert_eq!(days.place(store, &days.branch), Placed::Fork);
    for n in [3, 2, 1] {
        assert_eq!(days.put(store, n), Placed::Stored);
    }
    let branch = Head { seq: 4, hash: *blake3::hash(&days.branch).as_bytes() };
    assert_eq!(days.heads(store), [branch, days.head(6)], "and it is told once the chain is whole");
}

/// What is here of the beginning may be another branch's.
fn another_branch_at_the_beginning(store: &dyn SegmentStore, seed: u64) {
    let days = Days::parting_after(0, seed);
    // A clone's first segment came to a new hub before the checkpoint did.
    assert_eq!(days.place(store, &days.branch), Placed::Stored);
    days.summed_up(store);
    assert_eq!(days.lacking(store)[0].after, 1);
    assert!(matches!(days.put(store, 2), Placed::Refused(_)), "it follows another one");
    assert_eq!(days.lacking(store)[0].after, 0);
    assert_eq!(days.put(store, 1), Placed::Fork);
    assert!([2, 3, 4].into_iter().all(|n| days.put(store, n) == Placed::Stored));
    assert!(days.lacking(store).is_empty());
    assert_eq!(days.heads(store).len(), 2, "both are told");
}

/// What followed a checkpoint that no longer counts takes its place again behind what it follows.
fn no_longer_stood_on(store: &dyn SegmentStore, seed: u64) {
    for begun in [0, 2] {
        let days = Days::parting_after(0, seed + begun);
        let (stream, chain) = (days.office.stream(), days.office.chain);
        let stands = || store.stands().unwrap().contains(&(stream, chain, days.head(4)));
        days.refilled(store);
        for n in 1..=begun {
            assert_eq!(days.put(store, n), Placed::Stored);
        }
        assert_eq!((stands(), days.heads(store)), (true, vec![days.head(6)]));
        store.stand_down(&stream, chain).unwrap();
        assert!(!stands() && days.lacking(store).is_empty());
        assert_eq!(days.heads(store), if begun == 0 { vec![] } else { vec![days.head(begun)] });
        let there = usize::try_from(begun).unwrap();
        assert_eq!(days.given(store), days.days[..there], "what hangs in the air is given to nobody");
        assert!(matches!(days.put(store, 6), Placed::Refused(_)), "not behind a gap");
        for n in begun + 1..=3 {
            assert_eq!(days.put(store, n), Placed::Stored);
            assert_eq!(days.heads(store), [days.head(n)]);
        }
        assert_eq!(days.put(store, 4), Placed::Stored);
        assert_eq!(days.heads(store), [days.head(6)], "nothing was thrown away");
        assert_eq!(days.given(store), days.days);
    }
}

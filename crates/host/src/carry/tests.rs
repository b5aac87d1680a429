//! A locked office and its folder, without a line: what is offered, what is kept, and what is left to the unlocked office.

use niangjia_core::{carry::Outgoing, identity::Hub};
use niangjia_replication::{
    Frontier, Head, Limits, Segment, Stream,
    keys::SigningKey,
    wire::{Digest, Replica},
};

use super::{
    file::{CarryFault, CarryFile, Papers},
    state::state_say,
    *,
};
use crate::carry::county::{County, Office};

const MOST: u64 = 1 << 20;

struct LockedPc {
    dir: tempfile::TempDir,
    office: Office,
    county: Office,
    /// Own segments: the hub has the first two.
    own: Vec<Vec<u8>>,
}

fn place(bytes: &[u8]) -> (Segment<'_>, Head) {
    let segment = Segment::parse(bytes, &Limits::STANDARD).unwrap();
    let head = Head { seq: segment.header().seq, hash: segment.hash() };
    (segment, head)
}

impl LockedPc {
    /// Five segments were saved, the last three without a line.
    fn new() -> Self {
        let mut all = County::new(1);
        let (mut office, county) = (all.office(), all.pc());
        let stream = office.stream();
        let own: Vec<_> = (0..5).map(|_| office.save(stream, 100)).collect();
        let locked = Self { dir: tempfile::tempdir().unwrap(), office, county, own };
        locked.fill(2, "first");
        locked
    }

    fn fill(&self, handed: usize, mark: &str) {
        let file = CarryFile::make(self.dir.path()).unwrap();
        let papers = Papers {
            hub: Hub { url: "https://hub.example".to_owned(), key: String::new() },
            chain: String::new(),
            unsent: 4,
            counts: [("parked".to_owned(), 7)].into(),
            fetch: true,
        };
        let outgoing = |bytes: &Vec<u8>| {
            let (segment, head) = place(bytes);
            let header = segment.header();
            Outgoing {
                stream: header.stream,
                chain: header.chain,
                head,
                prev: header.prev,
                deeds: 1,
                bytes: bytes.len() as u64,
            }
        };
        let outbox: Vec<_> = self.own[handed..].iter().map(outgoing).collect();
        let frontiers = [(self.office.stream(), self.office.frontier(&self.office.stream()))];
        let bytes = |one: &Outgoing| -> Result<_, CarryFault> {
            Ok(self.own.iter().find(|bytes| place(bytes).1 == one.head).cloned())
        };
        file.fill((&papers, mark), &frontiers, &outbox, bytes).unwrap();
    }

    fn spool(&self, most: u64) -> Spool {
        let file = CarryFile::open(self.dir.path()).unwrap().unwrap();
        Spool::new(file, most, Begins::of(self.dir.path())).unwrap().unwrap()
    }

    /// What a hub says that has so many of the own segments.
    fn hub(&self, holds: usize) -> Frontier {
        let mut frontier = Frontier::new();
        for bytes in &self.own[..holds] {
            let (segment, head) = place(bytes);
            frontier.advance(segment.header().chain, &segment.header().prev, head);
        }
        frontier
    }

    fn stream(&self) -> Stream {
        self.office.stream()
    }
}

fn shown(spool: &mut Spool, stream: &Stream) -> Frontier {
    spool.frontiers().unwrap().into_iter().find(|(of, _)| of == stream).unwrap().1
}

#[test]
fn only_what_fits_on_what_the_hub_holds_is_offered() {
    let locked = LockedPc::new();
    let stream = locked.stream();
    let offered = |hub: &Frontier| locked.spool(MOST).segments_after(&stream, hub, usize::MAX).unwrap();
    assert_eq!(offered(&locked.hub(2)), locked.own[2..]);
    assert_eq!(offered(&locked.hub(4)), locked.own[4..]);
    assert_eq!(offered(&locked.hub(5)), Vec::<Vec<u8>>::new());
    // It came back older, or lost everything: the first two are not here to be sent.
    assert_eq!(offered(&locked.hub(1)), Vec::<Vec<u8>>::new());
    assert_eq!(offered(&Frontier::new()), Vec::<Vec<u8>>::new());
    // Somebody else wrote on under this name.
    let mut beside = Frontier::new();
    beside.add(locked.office.chain, Head { seq: 2, hash: [9; 32] });
    assert_eq!(offered(&beside), Vec::<Vec<u8>>::new());
    // What the exchange marks as refused is left alone; a small line takes one at a time.
    let mut refused = locked.hub(2);
    refused.add(locked.office.chain, Head { seq: u64::MAX, hash: [9; 32] });
    assert_eq!(offered(&refused), Vec::<Vec<u8>>::new());
    assert_eq!(locked.spool(MOST).segments_after(&stream, &locked.hub(2), 1).unwrap(), locked.own[2..3]);
    // A PC whose first segment waits.
    locked.fill(0, "second");
    let offered = |hub: &Frontier| locked.spool(MOST).segments_after(&stream, hub, usize::MAX).unwrap();
    assert_eq!(offered(&Frontier::new()), locked.own);
}

#[test]
fn what_the_hub_took_is_told_and_what_it_lost_is_told_too() {
    let locked = LockedPc::new();
    let stream = locked.stream();
    let mut spool = locked.spool(MOST);
    let unsent = |spool: &mut Spool| spool.counts().unwrap()["unsent"];
    assert_eq!((unsent(&mut spool), spool.counts().unwrap()["parked"]), (4, 7), "one of them could not be sealed");
    spool.hub_has(&stream, &locked.hub(4)).unwrap();
    assert_eq!(unsent(&mut spool), 2);
    assert_eq!(
        unsent(&mut locked.spool(MOST)),
        4 - CarryFile::open(locked.dir.path()).unwrap().unwrap().sums().unwrap().handed
    );
    spool.hub_has(&stream, &locked.hub(1)).unwrap();
    assert_eq!(unsent(&mut spool), 4, "its disk was replaced");
    // A new filling forgets nothing of what lies here and nothing of what is true.
    spool.hub_has(&stream, &locked.hub(5)).unwrap();
    locked.fill(4, "second");
    assert_eq!(unsent(&mut locked.spool(MOST)), 4);
    assert!(spool.hub_has(&stream, &locked.hub(4)).is_err(), "an exchange of before the unlocking notes nothing");
    assert_eq!(locked.spool(MOST).segments_after(&stream, &locked.hub(4), usize::MAX).unwrap(), locked.own[4..]);
}

#[test]
fn a_line_that_broke_is_gone_on_with_and_a_refusal_is_not() {
    let locked = LockedPc::new();
    let stream = locked.stream();
    let mut spool = locked.spool(MOST);
    let ours = shown(&mut spool, &stream);
    spool.hub_has(&stream, &locked.hub(2)).unwrap();
    assert_eq!(shown(&mut spool, &stream), ours, "there is something to send");
    assert_eq!(spool.segments_after(&stream, &locked.hub(2), usize::MAX).unwrap().len(), 3);
    // No answer: the next call begins with a comparison, and they go again.
    assert_eq!(shown(&mut spool, &stream), ours);
    spool.hub_has(&stream, &locked.hub(2)).unwrap();
    assert_eq!(spool.segments_after(&stream, &locked.hub(2), usize::MAX).unwrap().len(), 3);
    // An answer, and it has none of them: not again, and it is not asked for the whole chain either.
    spool.hub_has(&stream, &locked.hub(2)).unwrap();
    assert_eq!(spool.segments_after(&stream, &locked.hub(2), usize::MAX).unwrap().len(), 0);
    assert_eq!(Digest::of(&shown(&mut spool, &stream)), Digest::of(&locked.hub(2)));
}

#[test]
fn what_comes_is_kept_once_and_survives_a_restart() {
    let mut locked = LockedPc::new();
    let stream = locked.stream();
    let answers: Vec<_> = (0..3).map(|_| locked.county.save(stream, 200)).collect();
    let before = shown(&mut locked.spool(MOST), &stream);
    let mut spool = locked.spool(MOST);
    assert_eq!(spool.receive(&stream, answers[..2].to_vec()).unwrap().segments, 2);
    assert_eq!(spool.receive(&stream, answers[..2].to_vec()).unwrap().segments, 0);
    assert_ne!(shown(&mut spool, &stream), before);
    let mut again = locked.spool(MOST);
    assert_eq!(shown(&mut again, &stream), shown(&mut spool, &stream));
    assert_eq!(again.receive(&stream, answers.clone()).unwrap().segments, 1);
    let file = CarryFile::open(locked.dir.path()).unwrap().unwrap();
    let inbox = file.inbox().unwrap();
    assert_eq!(inbox.iter().map(|laid| file.bytes(true, laid).unwrap().unwrap()).collect::<Vec<_>>(), answers);
    assert_eq!(file.sums().unwrap().came, 3);
    // An unlocked office writes the folder anew: what was under way ends, and what lies here stays.
    locked.fill(5, "second");
    let late = locked.county.save(stream, 200);
    assert!(spool.receive(&stream, vec![late]).is_err());
    assert_eq!(file.inbox().unwrap().len(), 3);
    file.applied(&inbox).unwrap();
    assert_eq!(file.inbox().unwrap().len(), 0);
}

#[test]
fn a_full_inbox_and_a_frame_that_cannot_be_laid_here_end_the_asking_and_not_the_sending() {
    let mut locked = LockedPc::new();
    let stream = locked.stream();
    let answers: Vec<_> = (0..3).map(|_| locked.county.save(stream, 300)).collect();
    let room = answers[0].len() as u64 + 10;
    let mut hub = locked.hub(2);
    for bytes in &answers {
        let (segment, head) = place(bytes);
        hub.advance(segment.header().chain, &segment.header().prev, head);
    }
    let mut spool = locked.spool(room);
    spool.hub_has(&stream, &hub).unwrap();
    assert_eq!(spool.receive(&stream, answers.clone()).unwrap().segments, 1);
    assert!(spool.full);
    assert_eq!(spool.segments_after(&stream, &hub, usize::MAX).unwrap().len(), 3);
    let mut after = hub.clone();
    after.add(locked.office.chain, locked.hub(5).head(locked.office.chain).unwrap());
    spool.hub_has(&stream, &after).unwrap();
    assert_eq!(shown(&mut spool, &stream), after, "nothing more is asked for");

    for strange in [vec![7; 50], locked.county.save(Stream::County, 50)] {
        let mut spool = locked.spool(MOST);
        spool.hub_has(&stream, &after).unwrap();
        assert_eq!(spool.receive(&stream, vec![strange]).unwrap().segments, 0);
        assert_eq!(shown(&mut spool, &stream), after);
    }
}

#[test]
fn bytes_that_the_disk_changed_are_not_sent_and_another_version_is_no_folder() {
    let locked = LockedPc::new();
    let stream = locked.stream();
    let conn = rusqlite::Connection::open(file::folder(locked.dir.path()).join("carry.db")).unwrap();
    conn.execute("UPDATE outbox SET bytes = zeroblob(9) WHERE seq = 4", []).unwrap();
    assert_eq!(
        locked.spool(MOST).segments_after(&stream, &locked.hub(2), usize::MAX).unwrap(),
        locked.own[2..3],
        "and what follows it does not fit"
    );
    conn.pragma_update(None, "user_version", 77).unwrap();
    // Windows removes no file that somebody has open.
    drop(conn);
    assert!(matches!(CarryFile::open(locked.dir.path()), Err(CarryFault::Damaged)));
    assert!(opened(locked.dir.path()).unwrap().is_none(), "it is taken away");
    assert!(!file::folder(locked.dir.path()).exists());
}

#[test]
fn a_key_of_half_a_file_is_none() {
    let locked = LockedPc::new();
    let file = CarryFile::open(locked.dir.path()).unwrap().unwrap();
    assert!(file.key().is_none());
    file.new_key(&SigningKey::from_bytes(&[3; 32])).unwrap();
    file.new_key(&SigningKey::from_bytes(&[4; 32])).unwrap();
    assert_eq!(file.key().unwrap().public(), SigningKey::from_bytes(&[4; 32]).public());
    std::fs::write(file::folder(locked.dir.path()).join("key"), [1; 7]).unwrap();
    assert!(file.key().is_none());
}

#[test]
fn the_sentence_says_what_is_so() {
    let zh = |unsent, came, full, shut| state_say(unsent, came, full, shut).zh.to_string();
    assert_eq!(zh((3, 0), 0, None, false), "已锁定：未上报 3 条会继续上送；收到的数据解锁后生效。");
    assert_eq!(
        zh((3, 1), 5, None, false),
        "已锁定：未上报 2 条会继续上送，另有 1 条解锁后上送；已收到 5 条，解锁后生效。"
    );
    assert_eq!(zh((1, 1), 0, None, false), "已锁定：未上报 1 条，解锁后上送；收到的数据解锁后生效。");
    assert_eq!(
        zh((0, 0), 5, Some(256 << 20), false),
        "已锁定：内容已全部上报；已收 5 条（满 256 MB），其余的解锁后再收。"
    );
    assert!(zh((0, 0), 5, Some(0), false).contains("磁盘已满"));
    assert!(zh((3, 0), 5, None, true).contains("已停用本机"));
}

//! The line between a PC and the hub, with the faults drawn for one exchange; and the office as the link sees it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use niangjia_core::{Fault, office::Office};
use niangjia_host::link::{Answer, Line, LinkFault};
use niangjia_hub::{
    relay::{self, Doubts},
    store::Device,
};
use niangjia_replication::{
    Frontier, Head, Incarnation, Limits, RecordId, Segment, Stream,
    keys::{Identity, VerifyingKey, chain_from_cbor, verify_chain},
    wire::{
        self, Changed, ChangedAsk, CheckpointAsk, Found, Frames, Kept, Lack, MissingAsk, OrdersTaken, Received,
        RefusalCode, Replica, ReplicaFault, Taken,
        held::{HeldAnswer, HeldAsk, Numbered},
    },
};

use crate::{chance::Chance, hub::Hub};

/// What goes wrong on the line during one exchange.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    /// The line breaks after so many frames, in either direction.
    pub(crate) cut: Option<usize>,
    /// The hub commits the n-th request that brings frames, and its answer is lost.
    pub(crate) answer_lost: Option<usize>,
    /// Every request that brings frames arrives twice.
    pub(crate) twice: bool,
    /// Frames of a page arrive in any order.
    pub(crate) shuffled: bool,
    /// Frames of earlier days arrive again among the new ones.
    pub(crate) late: Vec<(Stream, Vec<u8>)>,
    /// Some frames come a second time with a byte changed.
    pub(crate) tampered: bool,
    /// A stranger's segments, offered as if the hub held them.
    pub(crate) forged: Vec<(Stream, Vec<u8>)>,
}

impl Faults {
    /// Nothing goes wrong.
    pub(crate) fn calm(&self) -> bool {
        self.cut.is_none()
            && self.answer_lost.is_none()
            && !(self.twice || self.shuffled || self.tampered)
            && self.late.is_empty()
            && self.forged.is_empty()
    }
}

/// What the line saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) frames: Vec<(Stream, Vec<u8>)>,
    /// Hashes of what was tampered with or forged.
    pub(crate) bad: BTreeSet<[u8; 32]>,
}

pub(crate) struct Wire<'a> {
    hub: &'a Hub,
    who: Identity,
    device: Device,
    /// The hub was told that the county has shut out this PC.
    shut_out: bool,
    now: i64,
    state: Mutex<State>,
}

struct State {
    chance: Chance,
    faults: Faults,
    left: usize,
    brought: usize,
    seen: Seen,
}

fn broken() -> LinkFault {
    LinkFault::NoLine("the line breaks".to_owned())
}

fn failed(_: impl std::fmt::Debug) -> LinkFault {
    LinkFault::Garbled
}

impl<'a> Wire<'a> {
    pub(crate) fn new(hub: &'a Hub, office: &Office, faults: Faults, now: i64, chance: Chance) -> Self {
        let chain = office.device_auth().0;
        let root = VerifyingKey::from_bytes(&office.root_key().expect("a root")).expect("a key");
        let who = verify_chain(&chain_from_cbor(&chain).expect("a chain"), &root).expect("an identity");
        let left = faults.cut.unwrap_or(usize::MAX);
        let state = State { chance, faults, left, brought: 0, seen: Seen::default() };
        let shut_out = relay::shut_out(&hub.relay().orders().expect("the hub's store"), &chain);
        Self { hub, who, device: relay::device(&who, chain), shut_out, now, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("one thread")
    }

    pub(crate) fn seen(self) -> Seen {
        self.state.into_inner().expect("one thread").seen
    }
}

impl Line for Wire<'_> {
    type Answer = Page;

    async fn changed(&self, ask: &ChangedAsk) -> Result<(Changed, Option<Incarnation>), LinkFault> {
        if self.shut_out {
            return Err(LinkFault::Refused(RefusalCode::Revoked));
        }
        let differ = self.hub.relay().changed(&self.device, &self.who, ask, self.now).map_err(failed)?;
        let mut differ = differ;
        // A hub that lies: it says that it holds something new.
        for (stream, forged) in &self.state().faults.forged {
            let head = Head { seq: 1, hash: *blake3::hash(forged).as_bytes() };
            match differ.iter_mut().find(|(of, _)| of == stream) {
                Some((_, frontier)) => frontier.add(self.hub.epoch, head),
                None => {
                    let mut frontier = self.hub.frontier(stream);
                    frontier.add(self.hub.epoch, head);
                    differ.push((*stream, frontier));
                }
            }
        }
        let summed = self.hub.relay().summed(&differ).map_err(failed)?;
        let lacking = self.hub.relay().lacking(&self.who).map_err(failed)?;
        let orders = self.hub.relay().orders().map_err(failed)?;
        let doubted =
            self.hub.relay().doubted(&self.who, || Some(Arc::new(orders)), &Doubts::default()).map_err(failed)?;
        Ok((Changed { time_ms: self.now, differ, begun: Vec::new(), summed, lacking, doubted }, Some(self.hub.epoch)))
    }

    async fn bring(&self, stream: &Stream, frames: Vec<u8>) -> Result<Taken, LinkFault> {
        let mut reader = Frames::new();
        reader.push(&frames);
        let frames = reader.take(&Limits::STANDARD).map_err(failed)?;
        let mut state = self.state();
        if state.left < frames.len() {
            // A request that is cut is no request.
            return Err(broken());
        }
        state.left -= frames.len();
        // Certificates are shown to a hub, and it hands none out.
        let handed_on = frames.iter().filter(|frame| chain_from_cbor(frame).is_err());
        state.seen.frames.extend(handed_on.map(|frame| (*stream, frame.clone())));
        let take = || self.hub.relay().take(&self.who, *stream, &frames, self.now).map_err(failed);
        let taken = take()?;
        let taken = if state.faults.twice { take()? } else { taken };
        state.brought += 1;
        if state.faults.answer_lost == Some(state.brought - 1) {
            return Err(broken());
        }
        taken.ok_or(LinkFault::Garbled)
    }

    async fn missing(&self, stream: &Stream, ask: &MissingAsk) -> Result<Page, LinkFault> {
        let page = self.hub.relay().missing(&self.who, stream, ask).map_err(failed)?.ok_or(LinkFault::Garbled)?;
        self.page(stream, page)
    }

    async fn checkpoint(&self, stream: &Stream, ask: &CheckpointAsk) -> Result<Page, LinkFault> {
        let page = self.hub.relay().checkpoint(&self.who, stream, ask).map_err(failed)?.ok_or(LinkFault::Garbled)?;
        self.page(stream, page)
    }

    async fn tell(&self, orders: Vec<u8>) -> Result<OrdersTaken, LinkFault> {
        let mut reader = Frames::new();
        reader.push(&orders);
        self.hub.relay().tell(&reader.take(&Limits::STANDARD).map_err(failed)?).map_err(failed)
    }

    async fn held(&self, ask: &HeldAsk) -> Result<HeldAnswer, LinkFault> {
        self.hub.relay().held(&self.who, ask).map_err(failed)?.ok_or(LinkFault::Garbled)
    }

    async fn segment(&self, hash: &[u8; 32]) -> Result<Vec<u8>, LinkFault> {
        let segment = self.hub.relay().segment(&self.who, hash).map_err(failed)?;
        segment.ok_or(LinkFault::Refused(RefusalCode::NotFound))
    }

    fn clock(&self) -> Duration {
        // A line of always the same speed.
        Duration::ZERO
    }
}

impl Wire<'_> {
    /// A page of the hub's on its way through the faults of this line.
    fn page(&self, stream: &Stream, page: niangjia_hub::store::Page) -> Result<Page, LinkFault> {
        let mut state = self.state();
        let state = &mut *state;
        let mut frames = page.segments;
        state.seen.frames.extend(frames.iter().map(|frame| (*stream, frame.clone())));
        if state.faults.tampered
            && let Some(genuine) = state.chance.pick(&frames).cloned()
        {
            let mut bad = genuine;
            // Within the sealed body, so that the header still reads.
            let at = bad.len() - 1 - state.chance.below(16);
            bad[at] ^= 1 << state.chance.below(8);
            state.seen.bad.insert(*blake3::hash(&bad).as_bytes());
            frames.insert(state.chance.below(frames.len() + 1), bad);
        }
        for (_, forged) in state.faults.forged.iter().filter(|(of, _)| of == stream) {
            state.seen.bad.insert(*blake3::hash(forged).as_bytes());
            frames.insert(0, forged.clone());
        }
        for (_, late) in state.faults.late.iter().filter(|(of, _)| of == stream) {
            frames.insert(state.chance.below(frames.len() + 1), late.clone());
        }
        if state.faults.shuffled {
            if state.chance.percent(50) {
                frames = last_chain_first(frames);
            } else {
                state.chance.shuffle(&mut frames);
            }
            if state.chance.percent(40) {
                state.left = state.left.min(state.chance.below(frames.len() + 1));
            }
        }
        let cut = state.left < frames.len();
        frames.truncate(state.left);
        state.left -= frames.len();
        let mut pieces: VecDeque<Vec<u8>> = VecDeque::new();
        for frame in &frames {
            let mut bytes = Vec::new();
            wire::put_frame(&mut bytes, frame).map_err(failed)?;
            let rest = bytes.split_off(state.chance.below(bytes.len()));
            pieces.extend([bytes, rest]);
        }
        Ok(Page { pieces, more: page.more, cut })
    }
}

/// What builds on others' work before that work: each chain in its own order, and the chain that began last comes first.
fn last_chain_first(frames: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut chains: Vec<(Option<Incarnation>, Vec<Vec<u8>>)> = Vec::new();
    for frame in frames {
        let chain = Segment::parse(&frame, &Limits::STANDARD).ok().map(|segment| segment.header().chain);
        match chains.iter_mut().find(|(of, _)| *of == chain) {
            Some((_, of_chain)) => of_chain.push(frame),
            None => chains.push((chain, vec![frame])),
        }
    }
    chains.into_iter().rev().flat_map(|(_, of_chain)| of_chain).collect()
}

/// A page on its way.
pub(crate) struct Page {
    pieces: VecDeque<Vec<u8>>,
    more: bool,
    cut: bool,
}

impl Answer for Page {
    fn more(&self) -> bool {
        self.more
    }

    async fn piece(&mut self) -> Result<Option<Vec<u8>>, LinkFault> {
        match self.pieces.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None if self.cut => Err(broken()),
            None => Ok(None),
        }
    }
}

/// The office as the link sees it, with the clock of this history.
pub(crate) struct Keeper<'o> {
    office: &'o Office,
    wall: i64,
    chance: Chance,
    /// Hashes of the segments that were handed over and committed.
    pub(crate) taken: BTreeSet<[u8; 32]>,
    /// The end of the log when the frontiers were asked for last.
    pub(crate) end: i64,
    /// The life of the hub's store that answered.
    pub(crate) met: Option<Incarnation>,
}

impl<'o> Keeper<'o> {
    pub(crate) fn new(office: &'o Office, wall: i64, chance: Chance) -> Self {
        Self { office, wall, chance, taken: BTreeSet::new(), end: 0, met: None }
    }
}

fn own(fault: Fault) -> ReplicaFault {
    ReplicaFault::new(fault)
}

impl Replica for Keeper<'_> {
    fn compare_anew(&mut self) {
        self.office.compare_anew();
    }

    fn meets(&mut self, epoch: &Incarnation) -> Result<(), ReplicaFault> {
        self.met = Some(*epoch);
        self.office.meets(epoch).map_err(own)
    }

    fn frontiers(&mut self) -> Result<Vec<(Stream, Frontier)>, ReplicaFault> {
        self.end = self.office.log_end().map_err(own)?;
        self.office.frontiers().map_err(own)
    }

    fn segments_after(&mut self, stream: &Stream, hub: &Frontier, most: usize) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        self.office.segments_after(stream, hub, most).map_err(own)
    }

    fn certificates_of(&mut self, segment: &[u8]) -> Result<Option<Vec<u8>>, ReplicaFault> {
        self.office.certificates_of(segment).map_err(own)
    }

    fn segments_below(&mut self, lack: &Lack, most: usize) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        self.office.segments_below(lack, most).map_err(own)
    }

    fn holds_below(&mut self, lack: &Lack) -> Result<bool, ReplicaFault> {
        self.office.holds_below(lack).map_err(own)
    }

    fn hears_of_the_lost(&mut self, told: &Lack) -> Result<bool, ReplicaFault> {
        self.office.hears_of_the_lost(told).map_err(own)
    }

    fn heard_of_the_lost(&mut self, told: &Lack) {
        self.office.heard_of_the_lost(told);
    }

    fn receive(&mut self, stream: &Stream, segments: Vec<Vec<u8>>) -> Result<Received, ReplicaFault> {
        let (received, _) = self.office.receive(stream, &segments, self.chance.moment(self.wall)).map_err(own)?;
        self.taken.extend(segments.iter().map(|segment| *blake3::hash(segment).as_bytes()));
        Ok(Received { segments: received.segments, changes: received.changes, bytes: received.bytes })
    }

    fn hub_has(&mut self, stream: &Stream, frontier: &Frontier) -> Result<(), ReplicaFault> {
        self.office.hub_has(stream, frontier).map(drop).map_err(own)
    }

    fn orders(&mut self, epoch: &Incarnation) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        self.office.orders_for(&epoch.to_string()).map_err(own)
    }

    fn orders_told(&mut self, epoch: &Incarnation, orders: &[Vec<u8>]) -> Result<(), ReplicaFault> {
        self.office.orders_told(&epoch.to_string(), orders).map_err(own)
    }

    fn wants_checkpoint(&mut self, stream: &Stream) -> Result<Option<Option<(RecordId, u32)>>, ReplicaFault> {
        self.office.wants_checkpoint(stream).map_err(own)
    }

    fn stands_on(&mut self, stream: &Stream) -> Result<Vec<RecordId>, ReplicaFault> {
        self.office.stands_on(stream).map_err(own)
    }

    fn tried(&mut self, stream: &Stream) -> Result<Vec<RecordId>, ReplicaFault> {
        self.office.tried(stream, self.wall).map_err(own)
    }

    fn takes_anything(&self) -> bool {
        self.office.takes_anything()
    }

    fn checkpoint_for(&mut self, hub: &Incarnation) -> Result<Option<(Stream, Vec<u8>)>, ReplicaFault> {
        self.office.checkpoint_for(hub).map_err(own)
    }

    fn checkpoint_sent(&mut self, hub: &Incarnation, part: &[u8]) -> Result<(), ReplicaFault> {
        self.office.checkpoint_sent(hub, part).map_err(own)
    }

    fn due(&mut self) -> Result<bool, ReplicaFault> {
        self.office.compare_due(self.wall).map_err(own)
    }

    fn chains(&mut self) -> Result<Vec<Kept>, ReplicaFault> {
        self.office.chains_kept().map_err(own)
    }

    fn held(&mut self, of: &Kept) -> Result<Vec<Numbered>, ReplicaFault> {
        self.office.segments_held(of).map_err(own)
    }

    fn segment(&mut self, of: &Kept, segment: &Numbered) -> Result<Option<Vec<u8>>, ReplicaFault> {
        self.office.segment_bytes(of, segment).map_err(own)
    }

    fn checked(&mut self, found: Found) -> Result<(), ReplicaFault> {
        self.office.compared(self.wall, found).map_err(own)
    }

    fn counts(&mut self) -> Result<BTreeMap<String, u64>, ReplicaFault> {
        Ok(BTreeMap::new())
    }
}

/// Runs a future that waits for nothing: a line in memory answers at once.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match work.as_mut().poll(&mut context) {
        std::task::Poll::Ready(done) => done,
        std::task::Poll::Pending => unreachable!("nothing here waits"),
    }
}

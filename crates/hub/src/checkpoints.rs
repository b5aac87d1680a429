//! Checkpoints at the hub: parts are kept as they come, sealed; who asks for one is given a whole one that stands for nothing but
//! what the hub holds, so that the tail follows without a gap: the one that says most of what the hub itself lacks, and then of
//! everything. Where each leaves a gap that only another one fills, they are given one after the other. Few are kept, but always what
//! says what the hub lacks. The hub itself throws no segment away.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use niangjia_replication::checkpoint::Part;
use niangjia_replication::keys::{Cert, CertId, Identity, VerifyingKey, chain_from_cbor};
use niangjia_replication::orders::{Orders, Place, Ruling, within};
use niangjia_replication::wire::{self, CheckpointAsk, Digest, Lack, Placed, Refused};
use niangjia_replication::{Frontier, Head, Incarnation, Limits, Stream};

use crate::relay::{Differ, Relay, view};
use crate::store::{Page, SegmentStore, StoreFault, View};

/// A part that has passed every check.
#[derive(Debug, Clone)]
pub struct ArrivedPart<'a> {
    pub stream: Stream,
    pub id: [u8; 16],
    /// From 1.
    pub part: u32,
    pub last: bool,
    pub bytes: &'a [u8],
}

/// A whole checkpoint that a store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    pub id: [u8; 16],
    /// Its first part, which says what is covered.
    pub first: Vec<u8>,
}

pub(crate) fn take(
    store: &dyn SegmentStore,
    (root, orders): (&VerifyingKey, &Orders),
    stream: Stream,
    part: Part<'_>,
    bytes: &[u8],
) -> Result<Placed, StoreFault> {
    if part.header().stream != stream {
        return Ok(Placed::Refused(Refused::OtherStream));
    }
    // A PC that is shut out may not say what the others wrote; the segments that it brings are another thing.
    if !orders.is_empty() && orders.shut_out(&ids(part.certs())).is_some() {
        return Ok(Placed::Refused(Refused::MayNot));
    }
    let Ok(part) = part.verify(root) else { return Ok(Placed::Refused(Refused::MayNot)) };
    let header = part.header();
    let arrived = ArrivedPart { stream, id: header.id, part: header.part, last: header.last, bytes };
    if !store.keep_part(&arrived)? {
        return Ok(Placed::Known);
    }
    // It may have been made before an order that is here already.
    stand_down(store, orders)?;
    let read = read(store, orders, &stream)?;
    if read.len() > KEPT {
        let mut wanted = gaps(store, &stream)?;
        wanted.extend(doubted(&read, &store.frontier(&stream, View::All)?, &stream));
        store.let_go(&stream, &superseded(&read, &wanted))?;
    }
    Ok(Placed::Stored)
}

/// Whole checkpoints kept of a stream, beside the newest: who is fetching one is not left without its end when the next one comes.
const KEPT: usize = 2;

/// A whole checkpoint as far as a hub can read it.
struct Read {
    id: [u8; 16],
    cover: Frontier,
    belief: Belief,
    /// Whether it reaches beyond what the hub lacks of a chain that is forked here: then it stands for one branch only, and who
    /// takes it and meets the other one asks for all the segments, which the hub cannot give.
    one_branch: bool,
}

/// How far a checkpoint is believed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Belief {
    /// No order shuts out its maker, or anything that it stands for.
    Whole,
    /// Of these chains it stands for more than the order accepts of a registrar that was lost. The one that took its place may
    /// accept that too, and nobody else is given it before.
    ButFor(Vec<Incarnation>),
    /// As the one before, and whoever made it is shut out. A county that is founded again may ask for it where nothing else tells what
    /// lacks here.
    OfShutOut(Vec<Incarnation>),
    None,
}

impl Read {
    /// How many segments it stands for.
    fn reach(&self) -> u64 {
        self.cover.chains().flat_map(|(_, heads)| heads).fold(0, |sum, head| sum.saturating_add(head.seq))
    }

    /// Of which chains it is doubted what it stands for.
    fn doubted(&self) -> &[Incarnation] {
        match &self.belief {
            Belief::ButFor(chains) | Belief::OfShutOut(chains) => chains,
            Belief::Whole | Belief::None => &[],
        }
    }

    fn believed(&self) -> bool {
        self.belief == Belief::Whole
    }

    /// Whether it tells of some chain what none of these does.
    fn tells_beyond(&self, others: &[Self]) -> bool {
        let told =
            |chain: Incarnation| others.iter().filter_map(|one| one.cover.head(chain)).map(|head| head.seq).max();
        self.cover.chains().any(|(chain, heads)| heads.iter().any(|head| Some(head.seq) > told(chain)))
    }

    fn of_shut_out(&self) -> bool {
        matches!(self.belief, Belief::OfShutOut(_))
    }

    fn covers(&self, gap: &Lack) -> bool {
        self.cover.head(gap.chain).is_some_and(|head| head.seq >= gap.until)
    }
}

/// The whole checkpoints of a stream, newest first.
fn read(store: &dyn SegmentStore, orders: &Orders, stream: &Stream) -> Result<Vec<Read>, StoreFault> {
    let (here, gaps) = (store.frontier(stream, View::All)?, gaps(store, stream)?);
    let below = |chain: Incarnation, head: &Head| gaps.iter().any(|gap| gap.chain == chain && head.seq <= gap.until);
    let mut all = Vec::new();
    for Whole { id, first } in store.checkpoints(stream)? {
        let part = Part::parse(&first, &Limits::STANDARD).map_err(|_| StoreFault::Unreadable("a checkpoint"))?;
        let belief = belief(store, orders, stream, &part)?;
        let cover = part.header().cover.clone();
        let one_branch = cover
            .chains()
            .any(|(chain, heads)| here.heads(chain).len() > 1 && !heads.iter().all(|head| below(chain, head)));
        all.push(Read { id, cover, belief, one_branch });
    }
    Ok(all)
}

/// What the hub lacks of a stream: only a checkpoint says what stood there, until somebody brings the segments.
fn gaps(store: &dyn SegmentStore, stream: &Stream) -> Result<Vec<Lack>, StoreFault> {
    let mut gaps = store.lacking()?;
    gaps.retain(|gap| gap.stream == *stream);
    Ok(gaps)
}

/// What was found of [`Relay::doubted`], by stream: the first parts of all checkpoints are too much to be read at every poll.
#[derive(Default)]
pub struct Doubts(Mutex<BTreeMap<Stream, Vec<Lack>>>);

impl Doubts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Stream, Vec<Lack>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A checkpoint of this stream has come.
    pub(crate) fn forget(&self, stream: &Stream) {
        self.lock().remove(stream);
    }

    /// An order has come.
    pub(crate) fn forget_all(&self) {
        self.lock().clear();
    }
}

/// What checkpoints tell of registrars that were lost, beyond what is believed of them: of each chain the farthest. A number that no
/// log can hold is somebody's invention.
fn doubted(all: &[Read], here: &Frontier, stream: &Stream) -> Vec<Lack> {
    let mut told: BTreeMap<Incarnation, Lack> = BTreeMap::new();
    for one in all.iter().filter(|one| matches!(one.belief, Belief::ButFor(_))) {
        for chain in one.doubted() {
            let (Some(head), after) = (one.cover.head(*chain), here.head(*chain).map_or(0, |head| head.seq)) else {
                continue;
            };
            if head.seq > told.get(chain).map_or(after, |known| known.until) && i64::try_from(head.seq).is_ok() {
                let lack = Lack { stream: *stream, chain: *chain, after, until: head.seq, hash: Digest(head.hash) };
                told.insert(*chain, lack);
            }
        }
    }
    told.into_values().collect()
}

/// Which of these, newest first, are of no use any more: the newest one, those that reach farthest, and for each thing that only a
/// checkpoint tells one that does stay, so that a PC that lags behind does not push out what others need.
fn superseded(all: &[Read], wanted: &[Lack]) -> Vec<[u8; 16]> {
    let mut ranked: Vec<&Read> = all.iter().collect();
    ranked.sort_by_key(|one| (&one.belief, Reverse(one.reach())));
    let mut kept: Vec<&Read> = ranked.iter().copied().filter(|one| one.believed()).take(KEPT).collect();
    kept.extend(all.iter().find(|one| one.believed()));
    for one in &ranked {
        let serves = |kept: &&Read, gap: &Lack| kept.covers(gap) && (one.one_branch || !kept.one_branch);
        if wanted.iter().any(|gap| one.covers(gap) && !kept.iter().any(|kept| serves(kept, gap))) {
            kept.push(one);
        }
    }
    all.iter().map(|one| one.id).filter(|id| kept.iter().all(|kept| kept.id != *id)).collect()
}

impl Relay<'_> {
    /// The streams among these of which there is a whole checkpoint; whether it is of use is seen when it is asked for.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn summed(&self, differ: &Differ) -> Result<Vec<Stream>, StoreFault> {
        let mut summed = Vec::new();
        for (stream, _) in differ {
            if self.store.has_checkpoint(stream)? {
                summed.push(*stream);
            }
        }
        Ok(summed)
    }

    /// What checkpoints tell of registrars that were lost, beyond what the orders accept of them; nothing for anybody but the
    /// registrar.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn doubted(
        &self,
        who: &Identity,
        orders: impl FnOnce() -> Option<Arc<Orders>>,
        doubts: &Doubts,
    ) -> Result<Vec<Lack>, StoreFault> {
        let mut told = Vec::new();
        if !registers(who) {
            return Ok(told);
        }
        // Held while it is looked up, orders included, so that nothing that was read before something came is kept after it.
        let mut known = doubts.lock();
        let Some(orders) = orders().filter(|orders| orders.any_replaced()) else { return Ok(told) };
        for stream in self.store.streams()? {
            let of_stream = match known.entry(stream) {
                Entry::Occupied(found) => found.into_mut(),
                Entry::Vacant(place) => {
                    let here = self.store.frontier(&stream, View::All)?;
                    place.insert(doubted(&read(self.store, &orders, &stream)?, &here, &stream))
                }
            };
            told.extend_from_slice(of_stream);
        }
        Ok(told)
    }

    /// A page of the checkpoint of a stream that is of most use, empty where there is none; `None` where the asker may not read it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn checkpoint(&self, who: &Identity, stream: &Stream, ask: &CheckpointAsk) -> Result<Option<Page>, StoreFault> {
        // Its maker sums up what all wrote; who may know only a part of that is given segments.
        let Some(View::All) = view(who, stream) else { return Ok(None) };
        let here = self.store.frontier(stream, View::All)?;
        let most = usize::try_from(ask.max_bytes).unwrap_or(wire::PAGE).min(wire::PAGE);
        let (mut all, gaps) = (read(self.store, &self.orders()?, stream)?, gaps(self.store, stream)?);
        let stands: Vec<Read> = all.extract_if(.., |one| ask.stands.iter().any(|on| on.0 == one.id)).collect();
        let registrar = registers(who);
        let doubted = if registrar { doubted(&all, &here, stream) } else { Vec::new() };
        let fills = |one: &Read, gap: &Lack| one.covers(gap) && !stands.iter().any(|on| on.covers(gap));
        all.retain(|one| {
            let may = match one.belief {
                Belief::Whole => true,
                Belief::ButFor(_) => registrar,
                Belief::OfShutOut(_) => registrar && ask.anything && gaps.iter().any(|gap| fills(one, gap)),
                Belief::None => false,
            };
            may && one.tells_beyond(&stands) && !ask.tried.iter().any(|id| id.0 == one.id)
        });
        all.sort_by_cached_key(|one| {
            let filled = |wanted: &[Lack]| Reverse(wanted.iter().filter(|gap| fills(one, gap)).count());
            let (of_gaps, of_doubted) = (filled(&gaps), filled(&doubted));
            // One that is believed fills a gap first: what is doubted may be of no use to anybody, and come again and again.
            let later = of_gaps.0 > 0 && !one.believed();
            (one.of_shut_out(), of_gaps, one.one_branch, later, of_doubted, one.belief.clone(), Reverse(one.reach()))
        });
        let mut given: Option<&Read> = None;
        for one in &all {
            if given.is_some_and(|given| one.of_shut_out() && !given.of_shut_out()) {
                break;
            }
            match self.tail_of(stream, &here, &gaps, one)? {
                Tail::Here => {
                    given = Some(one);
                    break;
                }
                Tail::WithAnother => given = given.or(Some(one)),
                Tail::Lacks => {}
            }
        }
        let Some(Read { id, .. }) = given else { return Ok(Some(Page::default())) };
        let after = ask.have.filter(|(have, _)| have.0 == *id).map_or(0, |(_, parts)| parts);
        self.store.parts(id, after, most).map(Some)
    }

    /// Whether what follows a checkpoint is here: chains that are doubted do not count.
    fn tail_of(&self, stream: &Stream, here: &Frontier, gaps: &[Lack], one: &Read) -> Result<Tail, StoreFault> {
        let named = |gap: &Lack, head: &Head| gap.until == head.seq && gap.hash.0 == head.hash;
        let mut tail = Tail::Here;
        for (chain, heads) in one.cover.chains().filter(|(chain, _)| !one.doubted().contains(chain)) {
            for head in heads {
                let mut of = gaps.iter().filter(|gap| gap.chain == chain);
                if head.seq > here.head(chain).map_or(0, |top| top.seq) {
                    return Ok(Tail::Lacks);
                }
                if here.heads(chain).contains(head)
                    || of.clone().any(|gap| named(gap, head))
                    || self.store.holds(stream, chain, head)?
                {
                    continue;
                }
                if !of.any(|gap| (gap.after + 1..gap.until).contains(&head.seq)) {
                    return Ok(Tail::Lacks);
                }
                tail = Tail::WithAnother;
            }
        }
        Ok(tail)
    }
}

/// Whether somebody keeps the county's register.
fn registers(who: &Identity) -> bool {
    who.county && who.delegation.is_none()
}

fn ids(certs: &[Cert]) -> Vec<CertId> {
    certs.iter().map(Cert::id).collect()
}

/// What the county's orders leave of a checkpoint: where they shut out whoever made it, or something that it stands for, it is not
/// given any more, and the log is, until a newer one comes.
fn belief(store: &dyn SegmentStore, orders: &Orders, stream: &Stream, part: &Part<'_>) -> Result<Belief, StoreFault> {
    if orders.is_empty() {
        return Ok(Belief::Whole);
    }
    let mut doubted = Vec::new();
    for (chain, heads) in part.header().cover.chains() {
        match beyond(store, orders, (stream, chain), heads, || Ok(signer_of(part, chain)))? {
            Beyond::Not => {}
            Beyond::OfReplaced => doubted.push(chain),
            Beyond::Is => return Ok(Belief::None),
        }
    }
    Ok(match orders.shut_out(&ids(part.certs())) {
        Some(_) => Belief::OfShutOut(doubted),
        None if doubted.is_empty() => Belief::Whole,
        None => Belief::ButFor(doubted),
    })
}

/// Whether something lies beyond what an order accepts.
#[derive(PartialEq, Eq)]
enum Beyond {
    Not,
    /// A registrar wrote it that was lost.
    OfReplaced,
    Is,
}

/// Who signed a covered chain, as the maker of a checkpoint says.
fn signer_of(part: &Part<'_>, chain: Incarnation) -> Vec<CertId> {
    part.header().signer(chain).map_or_else(Vec::new, <[CertId]>::to_vec)
}

/// Whether one of these heads lies beyond what an order accepts of its chain. Of a chain without any segment here nobody knows who
/// wrote it but those who summed it up, and `told` says what they say.
fn beyond(
    store: &dyn SegmentStore,
    orders: &Orders,
    (stream, chain): (&Stream, Incarnation),
    heads: &[Head],
    told: impl FnOnce() -> Result<Vec<CertId>, StoreFault>,
) -> Result<Beyond, StoreFault> {
    let mut writers = Vec::new();
    for device in store.writers(stream, chain)? {
        let certs = chain_from_cbor(&device.chain).map_err(|_| StoreFault::Unreadable("certificates"))?;
        writers.push(ids(&certs));
    }
    if writers.is_empty() {
        writers.push(told()?);
    }
    writers.retain(|certs| match orders.ruling(certs, Place { stream, chain: &chain }) {
        Ruling::UpTo(accepted, _) => !heads.iter().all(|head| within(accepted, head)),
        Ruling::Free => false,
    });
    Ok(match &writers[..] {
        [] => Beyond::Not,
        some if some.iter().all(|certs| orders.replaced(certs)) => Beyond::OfReplaced,
        _ => Beyond::Is,
    })
}

/// Where an order accepts less of a chain than the checkpoint that it stands on, nobody who has heard of the order holds what the
/// checkpoint ends with, and nobody would ever come into step: the chain goes back to its segments, or to
/// a checkpoint that stands for no more than is accepted.
pub(crate) fn stand_down(store: &dyn SegmentStore, orders: &Orders) -> Result<(), StoreFault> {
    if orders.is_empty() {
        return Ok(());
    }
    let mut less_now = BTreeSet::new();
    for (stream, chain, head) in store.stands()? {
        // An order says which chains are its PC's, as far as its maker had heard of them.
        let mut named = orders.all().filter_map(|order| order.heads.get(&(stream, chain)));
        let told = || summed_up_by(store, &stream, chain);
        let less = named.any(|accepted| !within(accepted, &head));
        if less || beyond(store, orders, (&stream, chain), &[head], told)? != Beyond::Not {
            store.stand_down(&stream, chain)?;
            less_now.insert(stream);
        }
    }
    less_now.iter().try_for_each(|stream| stand_on_believed(store, orders, stream))
}

/// An order may accept more than the one before it: chains stand again on checkpoints that are believed from now on.
pub(crate) fn stand_up(store: &dyn SegmentStore, orders: &Orders) -> Result<(), StoreFault> {
    store.streams()?.iter().try_for_each(|stream| stand_on_believed(store, orders, stream))
}

fn stand_on_believed(store: &dyn SegmentStore, orders: &Orders, stream: &Stream) -> Result<(), StoreFault> {
    // An order names chains of its PC also where a checkpoint does not say whose they are.
    let accepted = |chain: Incarnation, head: &Head| {
        let mut named = orders.all().filter_map(|order| order.heads.get(&(*stream, chain)));
        named.all(|accepted| within(accepted, head))
    };
    for one in read(store, orders, stream)?.iter().filter(|one| one.believed()) {
        let mut cover = Frontier::new();
        for (chain, heads) in one.cover.chains() {
            heads.iter().filter(|head| accepted(chain, head)).for_each(|head| cover.add(chain, *head));
        }
        store.stand_on(stream, &cover)?;
    }
    Ok(())
}

/// Who signed a chain, as the checkpoints that are here say.
fn summed_up_by(store: &dyn SegmentStore, stream: &Stream, chain: Incarnation) -> Result<Vec<CertId>, StoreFault> {
    for Whole { first, .. } in store.checkpoints(stream)? {
        let part = Part::parse(&first, &Limits::STANDARD).map_err(|_| StoreFault::Unreadable("a checkpoint"))?;
        let certs = signer_of(&part, chain);
        if !certs.is_empty() {
            return Ok(certs);
        }
    }
    Ok(Vec::new())
}

/// Whether what follows a checkpoint is here.
enum Tail {
    /// Every covered segment is here, or is what the first one behind a gap follows.
    Here,
    /// Of some chain it ends within a gap: only another checkpoint tells what lies between. Whether both are of one branch whoever
    /// asks sees, who can open them.
    WithAnother,
    Lacks,
}

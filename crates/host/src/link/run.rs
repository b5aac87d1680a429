//! One exchange: compare, send, fetch, until both sides hold the same. Over any line.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use niangjia_replication::frontier::Head;
use niangjia_replication::wire::{
    self, Begun, ChangedAsk, Digest, Frames, Lack, MissingAsk, Placed, Received, Replica,
};
use niangjia_replication::{Frontier, Incarnation, Limits, Segment, Stream};

use super::pace::Pace;
use super::{Answer, Line, LinkFault, Outcome, Step};

mod checkpoint;
mod refill;
mod repair;

/// Send, receive, send what that produced, and one to see that it is so.
const ROUNDS: usize = 4;
/// Frames that have come are handed to the replica in parts of at least so many bytes, unless the page ends before.
const PART: usize = 512 << 10;

/// One exchange over any line: what [`Link::exchange`] does over TLS, the simulation does in memory.
///
/// # Errors
/// The fault that ended it.
pub async fn exchange<L: Line>(
    line: &L,
    replica: &mut dyn Replica,
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<Outcome, LinkFault> {
    let mut trail = Trail::default();
    run(line, replica, progress, &mut trail).await?;
    Ok(trail.outcome)
}

/// What an exchange has done so far, also where its line broke in between.
#[derive(Default)]
pub(super) struct Trail {
    pub(super) outcome: Outcome,
    /// Bytes of pages that came.
    pub(super) came: u64,
    /// Brought, and not answered yet.
    unanswered: Vec<Brought>,
}

/// A segment on its way.
struct Brought {
    stream: Stream,
    chain: Incarnation,
    head: Head,
    changes: u64,
    bytes: u64,
}

impl Brought {
    fn of(stream: Stream, bytes: &[u8]) -> Result<Self, LinkFault> {
        let segment = Segment::parse(bytes, &Limits::STANDARD).map_err(|_| LinkFault::Garbled)?;
        let header = segment.header();
        let head = Head { seq: header.seq, hash: segment.hash() };
        Ok(Self { stream, chain: header.chain, head, changes: u64::from(header.changes), bytes: bytes.len() as u64 })
    }

    fn count(&self, sent: &mut Received) {
        sent.segments += 1;
        sent.changes += self.changes;
        sent.bytes += self.bytes;
    }
}

/// One exchange, or the rest of one that broke.
pub(super) async fn run<L: Line>(
    line: &L,
    replica: &mut dyn Replica,
    progress: &mut (dyn FnMut(Step) + Send),
    trail: &mut Trail,
) -> Result<(), LinkFault> {
    let (up, down) = (Pace::up(), Pace::down());
    let mut run = Run {
        line,
        replica,
        progress,
        trail,
        summed: Vec::new(),
        short: false,
        doubted: Vec::new(),
        told: None,
        asked: line.clock(),
        up,
        down,
    };
    run.rounds().await?;
    if run.offer().await? && !run.trail.outcome.in_step {
        // A hub that has lost what the checkpoint stands for takes what follows it from here on, also what it has just refused.
        run.trail.outcome.refused.clear();
        run.rounds().await?;
    }
    if run.trail.outcome.in_step {
        run.repair().await?;
    }
    run.trail.outcome.hub_time_age = line.clock().saturating_sub(run.asked);
    Ok(())
}

/// One exchange under way.
struct Run<'a, L> {
    line: &'a L,
    replica: &'a mut dyn Replica,
    progress: &'a mut (dyn FnMut(Step) + Send),
    trail: &'a mut Trail,
    /// Streams of which the hub has a checkpoint.
    summed: Vec<Stream>,
    /// When it was last compared, the hub lacked something below a checkpoint that the replica holds.
    short: bool,
    /// What checkpoints at the hub tell of registrars that were lost, beyond what the orders accept.
    doubted: Vec<Lack>,
    /// The counts that the hub was told last.
    told: Option<BTreeMap<String, u64>>,
    /// When the hub told its time last, by the line's clock.
    asked: Duration,
    up: Pace,
    down: Pace,
}

impl<L: Line> Run<'_, L> {
    /// Sends and fetches until nothing differs, or nothing moves any more.
    async fn rounds(&mut self) -> Result<(), LinkFault> {
        (self.trail.outcome.in_step, self.trail.outcome.hub_whole) = (false, false);
        for _ in 0..ROUNDS {
            let before = self.moved();
            let differ = self.compare().await?;
            if differ.is_empty() {
                (self.trail.outcome.in_step, self.trail.outcome.hub_whole) = (true, !self.short);
                let heard = self.hear_of_the_lost().await?;
                // What it was brought just now it need not have kept all of.
                if (self.short || heard) && before != self.moved() {
                    continue;
                }
                break;
            }
            self.trail.outcome.in_step = false;
            for (stream, hub) in differ {
                let hub = self.send(stream, hub).await?;
                self.fetch(stream, &hub).await?;
            }
            if before == self.moved() {
                break;
            }
        }
        self.tell().await
    }

    fn moved(&self) -> (u64, u64, u64) {
        let Outcome { sent, received, forks, .. } = &self.trail.outcome;
        (sent.segments, *forks, received.segments)
    }

    /// Asks what differs. For all else the replica learns that the hub has it.
    async fn compare(&mut self) -> Result<Vec<(Stream, Frontier)>, LinkFault> {
        (self.progress)(Step::Comparing);
        self.replica.compare_anew();
        let mine = waiting(|| self.replica.frontiers())?;
        let ask = ChangedAsk {
            streams: mine.iter().map(|(stream, frontier)| (*stream, Digest::of(frontier))).collect(),
            counts: waiting(|| self.replica.counts())?,
            about: None,
        };
        // Told first, and again when it is otherwise: what was unsent at the beginning is not at the end.
        let ask = if self.told.as_ref() == Some(&ask.counts) {
            ChangedAsk { counts: BTreeMap::new(), ..ask }
        } else {
            self.told = Some(ask.counts.clone());
            ChangedAsk { about: self.replica.about(), ..ask }
        };
        let (changed, epoch) = self.line.changed(&ask).await?;
        self.trail.outcome.hub_time_ms = changed.time_ms;
        self.asked = self.line.clock();
        self.trail.outcome.epoch = epoch;
        if let Some(epoch) = &epoch {
            waiting(|| self.replica.meets(epoch))?;
        }
        self.summed = changed.summed;
        self.arrived_after_all(&changed.differ);
        let differ: BTreeSet<Stream> = changed.differ.iter().map(|(stream, _)| *stream).collect();
        waiting(|| {
            for (stream, frontier) in &mine {
                if !differ.contains(stream) {
                    self.replica.hub_has(stream, frontier)?;
                }
            }
            changed.differ.iter().try_for_each(|(stream, frontier)| self.replica.hub_has(stream, frontier))
        })?;
        self.short = false;
        for lack in changed.lacking {
            self.fill(lack).await?;
        }
        self.doubted = changed.doubted;
        Ok(changed.differ)
    }

    /// What was brought when the line broke, and the hub holds all the same, has been sent.
    fn arrived_after_all(&mut self, differ: &[(Stream, Frontier)]) {
        for brought in std::mem::take(&mut self.trail.unanswered) {
            let there = differ.iter().find(|(of, _)| *of == brought.stream);
            if there.is_none_or(|(_, hub)| hub.head(brought.chain).is_some_and(|top| top.seq >= brought.head.seq)) {
                brought.count(&mut self.trail.outcome.sent);
            }
        }
    }

    /// Sends what the hub lacks of a stream; returns what it holds then.
    async fn send(&mut self, stream: Stream, mut hub: Frontier) -> Result<Frontier, LinkFault> {
        // Beside its heads, what the hub said that it holds; so the replica goes on behind it.
        let mut told = hub.clone();
        loop {
            let most = self.up.bytes;
            let mut batch = waiting(|| self.replica.segments_after(&stream, &told, most))?;
            batch.truncate(fitting(&batch));
            if batch.is_empty() {
                return Ok(hub);
            }
            let mut body = Vec::with_capacity(batch.iter().map(|segment| segment.len() + 4).sum());
            for segment in &batch {
                wire::put_frame(&mut body, segment).map_err(|_| LinkFault::Garbled)?;
                self.trail.unanswered.push(Brought::of(stream, segment)?);
            }
            let (size, began) = (body.len(), self.line.clock());
            let again = body.clone();
            let mut taken = self.line.bring(&stream, body).await?;
            if self.introduce(stream, &batch, &taken.placed).await? {
                taken = self.line.bring(&stream, again).await?;
            }
            let brought = std::mem::take(&mut self.trail.unanswered);
            self.up.took(size, self.line.clock().saturating_sub(began));
            if taken.placed.len() != batch.len() {
                return Err(LinkFault::Garbled);
            }
            let before = told.clone();
            hub = taken.frontier;
            for (chain, heads) in hub.chains() {
                heads.iter().for_each(|head| told.add(chain, *head));
            }
            for (segment, placed) in brought.iter().zip(&taken.placed) {
                self.note(segment, placed, &mut told);
            }
            waiting(|| self.replica.hub_has(&stream, &hub))?;
            let Received { segments, bytes, .. } = self.trail.outcome.sent;
            (self.progress)(Step::Sending { segments, bytes });
            if told == before {
                // Nothing was learnt, so the next batch would be the same again.
                return Ok(hub);
            }
        }
    }

    /// Tells the hub what the county has ordered and it does not know: it reads no stream.
    async fn tell(&mut self) -> Result<(), LinkFault> {
        let Some(epoch) = self.trail.outcome.epoch else { return Ok(()) };
        let orders = waiting(|| self.replica.orders(&epoch))?;
        if orders.is_empty() {
            return Ok(());
        }
        let mut rest = &orders[..];
        while !rest.is_empty() {
            let (part, more) = rest.split_at(fitting(rest));
            let mut body = Vec::new();
            for order in part {
                wire::put_frame(&mut body, order).map_err(|_| LinkFault::Garbled)?;
            }
            self.line.tell(body).await?;
            rest = more;
        }
        Ok(waiting(|| self.replica.orders_told(&epoch, &orders))?)
    }

    fn note(&mut self, segment: &Brought, placed: &Placed, told: &mut Frontier) {
        let outcome = &mut self.trail.outcome;
        match placed {
            Placed::Refused(why) => {
                // As if the hub were far ahead on this chain: it is left alone until the next exchange, the others go on.
                told.add(segment.chain, Head { seq: u64::MAX, ..segment.head });
                if !outcome.refused.iter().any(|(of, known)| *of == segment.stream && known == why) {
                    outcome.refused.push((segment.stream, why.clone()));
                }
                return;
            }
            Placed::Known => {}
            Placed::Stored | Placed::Fork => {
                outcome.forks += u64::from(*placed == Placed::Fork);
                segment.count(&mut outcome.sent);
            }
        }
        told.add(segment.chain, segment.head);
    }

    /// Fetches what the replica lacks of a stream, page by page, each kept as it comes.
    async fn fetch(&mut self, stream: Stream, hub: &Frontier) -> Result<(), LinkFault> {
        let mut have = self.have(&stream)?;
        if have != *hub && self.summed.contains(&stream) {
            self.checkpoint(stream).await?;
            have = self.have(&stream)?;
        }
        while have != *hub {
            let begun = waiting(|| self.replica.begun(&stream));
            let ask = MissingAsk {
                have: have.clone(),
                max_bytes: self.down.bytes as u64,
                begun: (!begun.is_empty()).then(|| Begun::of(&begun)),
            };
            let more = self.page(stream, &ask, &begun).await?;
            let now = self.have(&stream)?;
            // A page that changed nothing would come again for ever.
            if !more || now == have {
                break;
            }
            have = now;
        }
        Ok(())
    }

    fn have(&mut self, stream: &Stream) -> Result<Frontier, LinkFault> {
        let mut all = waiting(|| self.replica.frontiers())?;
        let at = all.iter().position(|(of, _)| of == stream);
        Ok(at.map(|at| all.swap_remove(at).1).unwrap_or_default())
    }

    /// One page; whether more follows. Whole frames are kept even if the line breaks after them.
    async fn page(&mut self, stream: Stream, ask: &MissingAsk, begun: &[u8]) -> Result<bool, LinkFault> {
        let began = self.line.clock();
        let answer = self.line.missing(&stream, ask).await?;
        self.keep_page(stream, answer, began, begun).await
    }

    async fn keep_page(
        &mut self,
        stream: Stream,
        mut answer: L::Answer,
        began: Duration,
        begun: &[u8],
    ) -> Result<bool, LinkFault> {
        let more = answer.more();
        let (mut frames, mut part, mut bytes) = (Frames::new(), Vec::new(), 0);
        if answer.from() > 0 {
            frames.push(begun.get(..answer.from()).ok_or(LinkFault::Garbled)?);
        }
        loop {
            let piece = answer.piece().await;
            if let Ok(Some(piece)) = &piece {
                bytes += piece.len();
                self.trail.came += piece.len() as u64;
                frames.push(piece);
                part.extend(frames.take(&Limits::STANDARD).map_err(|_| LinkFault::Garbled)?);
            }
            let on = matches!(piece, Ok(Some(_)));
            if !part.is_empty() && (!on || part.iter().map(Vec::len).sum::<usize>() >= PART) {
                self.keep(stream, std::mem::take(&mut part))?;
            }
            if !on {
                if !begun.is_empty() || !frames.is_empty() {
                    // What a break leaves of a frame is gone on with, so that one larger than the line ever carries comes too.
                    let left = if piece.is_err() { frames.rest() } else { &[] };
                    waiting(|| self.replica.keep_begun(&stream, left));
                }
                piece?;
                break;
            }
        }
        if !frames.is_empty() {
            return Err(LinkFault::Garbled);
        }
        self.down.took(bytes, self.line.clock().saturating_sub(began));
        Ok(more)
    }

    fn keep(&mut self, stream: Stream, segments: Vec<Vec<u8>>) -> Result<(), LinkFault> {
        let kept = waiting(|| self.replica.receive(&stream, segments))?;
        let sum = &mut self.trail.outcome.received;
        sum.segments += kept.segments;
        sum.changes += kept.changes;
        sum.bytes += kept.bytes;
        let Received { segments, changes, bytes } = *sum;
        (self.progress)(Step::Receiving { segments, changes, bytes });
        Ok(())
    }
}

/// How many of a batch go into one request.
fn fitting(batch: &[Vec<u8>]) -> usize {
    let mut size = 0;
    let fit = batch.iter().take(wire::FRAMES).take_while(|segment| {
        size += segment.len() + 4;
        size <= wire::BATCH
    });
    fit.count().max(1).min(batch.len())
}

/// Runs what waits for a disk without holding up other tasks.
pub(super) fn waiting<T>(act: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(act),
        _ => act(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_cut_where_a_request_ends_but_never_empty() {
        assert_eq!(fitting(&[]), 0);
        assert_eq!(fitting(&vec![vec![0; 300 << 10]; 9]), 3);
        assert_eq!(fitting(&[vec![0; 2 << 20], vec![0]]), 1);
        assert_eq!(fitting(&vec![vec![0; 10]; 5000]), wire::FRAMES);
    }
}

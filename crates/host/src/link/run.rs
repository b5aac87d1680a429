//! One exchange: compare, send, fetch, until both sides hold the same. Over any line.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use niangjia_replication::frontier::Head;
use niangjia_replication::wire::{self, Begun, ChangedAsk, Digest, Frames, MissingAsk, Placed, Received, Replica};
use niangjia_replication::{Frontier, Limits, Segment, Stream};

use super::pace::Pace;
use super::{Answer, Line, LinkFault, Outcome, Step};

mod checkpoint;

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
    let (outcome, up, down) = (Outcome::default(), Pace::up(), Pace::down());
    let mut run = Run { line, replica, progress, outcome, told: None, asked: line.clock(), up, down };
    for _ in 0..ROUNDS {
        let differ = run.compare().await?;
        if differ.is_empty() {
            run.outcome.in_step = true;
            run.tell().await?;
            break;
        }
        let before = (run.outcome.sent.segments, run.outcome.forks, run.outcome.received.segments);
        for (stream, hub) in differ {
            let hub = run.send(stream, hub).await?;
            run.fetch(stream, &hub).await?;
        }
        if before == (run.outcome.sent.segments, run.outcome.forks, run.outcome.received.segments) {
            break;
        }
    }
    if !run.outcome.in_step {
        run.tell().await?;
    }
    run.offer().await?;
    run.outcome.hub_time_age = line.clock().saturating_sub(run.asked);
    Ok(run.outcome)
}

/// One exchange under way.
struct Run<'a, L> {
    line: &'a L,
    replica: &'a mut dyn Replica,
    progress: &'a mut (dyn FnMut(Step) + Send),
    outcome: Outcome,
    /// The counts that the hub was told last.
    told: Option<BTreeMap<String, u64>>,
    /// When the hub told its time last, by the line's clock.
    asked: Duration,
    up: Pace,
    down: Pace,
}

impl<L: Line> Run<'_, L> {
    /// Asks what differs. For all else the replica learns that the hub has it.
    async fn compare(&mut self) -> Result<Vec<(Stream, Frontier)>, LinkFault> {
        (self.progress)(Step::Comparing);
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
        self.outcome.hub_time_ms = changed.time_ms;
        self.asked = self.line.clock();
        self.outcome.epoch = epoch;
        let differ: BTreeSet<Stream> = changed.differ.iter().map(|(stream, _)| *stream).collect();
        waiting(|| {
            for (stream, frontier) in &mine {
                if !differ.contains(stream) {
                    self.replica.hub_has(stream, frontier)?;
                }
            }
            changed.differ.iter().try_for_each(|(stream, frontier)| self.replica.hub_has(stream, frontier))
        })?;
        Ok(changed.differ)
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
            }
            let (size, began) = (body.len(), self.line.clock());
            let taken = self.line.bring(&stream, body).await?;
            self.up.took(size, self.line.clock().saturating_sub(began));
            if taken.placed.len() != batch.len() {
                return Err(LinkFault::Garbled);
            }
            let before = told.clone();
            hub = taken.frontier;
            for (chain, heads) in hub.chains() {
                heads.iter().for_each(|head| told.add(chain, *head));
            }
            for (segment, placed) in batch.iter().zip(&taken.placed) {
                self.note(stream, segment, placed, &mut told)?;
            }
            waiting(|| self.replica.hub_has(&stream, &hub))?;
            let Received { segments, bytes, .. } = self.outcome.sent;
            (self.progress)(Step::Sending { segments, bytes });
            if told == before {
                // Nothing was learnt, so the next batch would be the same again.
                return Ok(hub);
            }
        }
    }

    /// Tells the hub what the county has ordered and it does not know: it reads no stream.
    async fn tell(&mut self) -> Result<(), LinkFault> {
        let Some(epoch) = self.outcome.epoch else { return Ok(()) };
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

    fn note(&mut self, stream: Stream, bytes: &[u8], placed: &Placed, told: &mut Frontier) -> Result<(), LinkFault> {
        let segment = Segment::parse(bytes, &Limits::STANDARD).map_err(|_| LinkFault::Garbled)?;
        let header = segment.header();
        let head = Head { seq: header.seq, hash: segment.hash() };
        match placed {
            Placed::Refused(why) => {
                // As if the hub were far ahead on this chain: it is left alone until the next exchange, the others go on.
                told.add(header.chain, Head { seq: u64::MAX, ..head });
                if !self.outcome.refused.iter().any(|(of, known)| *of == stream && known == why) {
                    self.outcome.refused.push((stream, why.clone()));
                }
                return Ok(());
            }
            Placed::Known => {}
            Placed::Stored | Placed::Fork => {
                self.outcome.forks += u64::from(*placed == Placed::Fork);
                self.outcome.sent.segments += 1;
                self.outcome.sent.changes += u64::from(header.changes);
                self.outcome.sent.bytes += bytes.len() as u64;
            }
        }
        told.add(header.chain, head);
        Ok(())
    }

    /// Fetches what the replica lacks of a stream, page by page, each kept as it comes.
    async fn fetch(&mut self, stream: Stream, hub: &Frontier) -> Result<(), LinkFault> {
        if !hub.is_empty() {
            self.checkpoint(stream).await?;
        }
        let mut have = self.have(&stream)?;
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
        let sum = &mut self.outcome.received;
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

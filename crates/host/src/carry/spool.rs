//! The spool: what a locked PC exchanges from. It hands over own segments that are sealed and signed already, and lays what comes
//! beside the office until somebody unlocks it. It opens nothing, and offers nothing of which it does not know that it fits.

use std::collections::{BTreeMap, HashSet};

use niangjia_core::replication::{
    Frontier, Head, Incarnation, Limits, Segment, Stream,
    wire::{Received, Replica, ReplicaFault},
};

use super::file::{CarryFault, CarryFile, Laid, Papers};
use crate::replica::Begins;

/// A locked PC, as the link sees it.
pub struct Spool {
    file: CarryFile,
    mark: String,
    papers: Papers,
    streams: BTreeMap<Stream, Side>,
    out: Vec<Out>,
    /// Hashes of what lies in the inbox.
    came: HashSet<[u8; 32]>,
    used: u64,
    most: u64,
    pub(crate) full: bool,
    line: Begins,
}

/// Both sides of a stream.
#[derive(Default)]
struct Side {
    /// What the office held when it was locked, and what came since.
    have: Frontier,
    /// What the hub holds, once it said so in this exchange.
    told: Option<Frontier>,
    /// Something came that cannot be laid here; the unlocked office looks at it.
    left: bool,
}

struct Out {
    laid: Laid,
    /// On its way to the hub.
    sent: bool,
    /// The hub answered and does not hold it.
    refused: bool,
}

fn failed(fault: CarryFault) -> ReplicaFault {
    ReplicaFault::new(fault)
}

impl Spool {
    /// What lies in the folder; `most` bytes may lie in its inbox.
    pub(crate) fn new(file: CarryFile, most: u64, line: Begins) -> Result<Option<Self>, CarryFault> {
        let (Some(papers), Some(mark)) = (file.papers()?, file.mark()?) else { return Ok(None) };
        let held = |have| Side { have, ..Side::default() };
        let mut streams: BTreeMap<_, _> =
            file.frontiers()?.into_iter().map(|(stream, have)| (stream, held(have))).collect();
        let mut came = HashSet::new();
        for laid in file.inbox()? {
            streams.entry(laid.stream).or_default().have.advance(laid.chain, &laid.prev, laid.head);
            came.insert(laid.head.hash);
        }
        let out = file.outbox()?.into_iter().map(|laid| Out { laid, sent: false, refused: false }).collect();
        let used = file.sums()?.bytes;
        Ok(Some(Self { file, mark, papers, streams, out, came, used, most, full: false, line }))
    }

    pub(crate) fn file(&self) -> (&CarryFile, &str) {
        (&self.file, &self.mark)
    }

    /// Own segments of a stream that the hub lacks and that fit on what it holds, oldest first.
    fn fitting(&self, stream: &Stream, hub: &Frontier) -> Vec<usize> {
        let mut fitting = Vec::new();
        // The last of each chain that the hub holds or is about to.
        let mut behind: BTreeMap<Incarnation, Head> = BTreeMap::new();
        for (at, Out { laid, refused, .. }) in self.out.iter().enumerate().filter(|(_, out)| out.laid.stream == *stream)
        {
            let heads = hub.heads(laid.chain);
            // Shown as far ahead: the hub has refused the chain in this exchange.
            if covered(&self.out, laid, heads) || heads.iter().any(|head| head.seq == u64::MAX) {
                continue;
            }
            let before = Head { seq: laid.head.seq.saturating_sub(1), hash: laid.prev };
            let first = laid.head.seq == 1 && heads.is_empty();
            let follows = heads.contains(&before) || behind.get(&laid.chain) == Some(&before);
            if *refused || !(first || follows) {
                continue;
            }
            behind.insert(laid.chain, laid.head);
            fitting.push(at);
        }
        fitting
    }

    /// What is said to be held of a stream.
    fn shown(&self, stream: &Stream, side: &Side) -> Frontier {
        let Some(told) = &side.told else { return side.have.clone() };
        if !self.fitting(stream, told).is_empty() {
            return side.have.clone();
        }
        if self.full || side.left || !self.papers.fetch {
            // Nothing more can be taken: the hub is not asked for it.
            return told.clone();
        }
        // Where the hub holds less it would send the whole chain again. That it lacks something is for the unlocked office.
        let mut shown = Frontier::new();
        for (chain, mine) in side.have.chains() {
            let theirs = told.heads(chain);
            let behind = match mine {
                [top] => !theirs.contains(top) && theirs.last().is_none_or(|head| head.seq < top.seq),
                _ => false,
            };
            for head in if behind { theirs } else { mine } {
                shown.add(chain, *head);
            }
        }
        shown
    }

    /// Whether a frame is to be laid in the inbox, on top of `used` bytes.
    fn judged(&mut self, stream: &Stream, bytes: &[u8], used: u64) -> Option<Laid> {
        let side = self.streams.entry(*stream).or_default();
        let segment = match Segment::parse(bytes, &Limits::STANDARD) {
            Ok(segment) if segment.header().stream == *stream => segment,
            _ => {
                side.left = true;
                return None;
            }
        };
        let (header, head) = (*segment.header(), Head { seq: segment.header().seq, hash: segment.hash() });
        if side.have.heads(header.chain).contains(&head) || self.came.contains(&head.hash) {
            return None;
        }
        if used.saturating_add(bytes.len() as u64) > self.most {
            self.full = true;
            return None;
        }
        let (chain, prev, changes) = (header.chain, header.prev, u64::from(header.changes));
        Some(Laid { no: 0, stream: *stream, chain, head, prev, changes, there: false })
    }
}

/// Whether the hub with these heads holds a segment of the outbox, or one that follows it there.
fn covered(out: &[Out], laid: &Laid, heads: &[Head]) -> bool {
    let on = |one: &Laid| one.stream == laid.stream && one.chain == laid.chain && one.head.seq >= laid.head.seq;
    heads.contains(&laid.head) || out.iter().any(|one| on(&one.laid) && heads.contains(&one.laid.head))
}

impl Replica for Spool {
    fn frontiers(&mut self) -> Result<Vec<(Stream, Frontier)>, ReplicaFault> {
        // What was on its way when a line broke goes again.
        self.out.iter_mut().for_each(|out| out.sent = false);
        Ok(self.streams.iter().map(|(stream, side)| (*stream, self.shown(stream, side))).collect())
    }

    fn segments_after(
        &mut self,
        stream: &Stream,
        hub: &Frontier,
        max_bytes: usize,
    ) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        let (mut batch, mut size) = (Vec::new(), 0);
        for at in self.fitting(stream, hub) {
            let out = &mut self.out[at];
            let Some(bytes) = self.file.bytes(false, &out.laid).map_err(failed)? else {
                // The disk changed it; the office has it.
                out.refused = true;
                break;
            };
            size += bytes.len();
            if size > max_bytes && !batch.is_empty() {
                break;
            }
            out.sent = true;
            batch.push(bytes);
        }
        Ok(batch)
    }

    fn receive(&mut self, stream: &Stream, segments: Vec<Vec<u8>>) -> Result<Received, ReplicaFault> {
        let (mut received, mut kept) = (Received::default(), Vec::new());
        for bytes in &segments {
            let laid = self.judged(stream, bytes, self.used + received.bytes);
            if self.full {
                break;
            }
            if let Some(laid) = laid {
                received.segments += 1;
                received.changes += laid.changes;
                received.bytes += bytes.len() as u64;
                kept.push((laid, bytes));
            }
        }
        self.file
            .act(&self.mark, |file| kept.iter().try_for_each(|(laid, bytes)| file.keep(laid, bytes)))
            .map_err(failed)?;
        self.used += received.bytes;
        for (laid, _) in kept {
            self.came.insert(laid.head.hash);
            let side = self.streams.entry(*stream).or_default();
            side.have.advance(laid.chain, &laid.prev, laid.head);
        }
        Ok(received)
    }

    fn hub_has(&mut self, stream: &Stream, frontier: &Frontier) -> Result<(), ReplicaFault> {
        let mut news = Vec::new();
        for at in 0..self.out.len() {
            if self.out[at].laid.stream != *stream {
                continue;
            }
            let there = covered(&self.out, &self.out[at].laid, frontier.heads(self.out[at].laid.chain));
            let out = &mut self.out[at];
            out.refused |= out.sent && !there;
            out.sent = false;
            if out.laid.there != there {
                out.laid.there = there;
                news.push(at);
            }
        }
        if !news.is_empty() {
            let noted =
                self.file.act(&self.mark, |file| news.iter().try_for_each(|at| file.set_there(&self.out[*at].laid)));
            noted.map_err(failed)?;
        }
        self.streams.entry(*stream).or_default().told = Some(frontier.clone());
        Ok(())
    }

    fn counts(&mut self) -> Result<BTreeMap<String, u64>, ReplicaFault> {
        let handed: u64 = self.out.iter().filter(|out| out.laid.there).map(|out| out.laid.changes).sum();
        let mut counts = self.papers.counts.clone();
        counts.insert("unsent".to_owned(), self.papers.unsent.saturating_sub(handed));
        Ok(counts)
    }

    fn begun(&mut self, stream: &Stream) -> Vec<u8> {
        self.line.begun(stream)
    }

    fn keep_begun(&mut self, stream: &Stream, bytes: &[u8]) {
        self.line.keep(stream, bytes);
    }
}

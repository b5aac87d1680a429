//! Repair: where both sides say that they hold the same, and one of them lost a segment or its disk changed one. What differs is
//! narrowed down and sent or fetched again, by itself; what nobody has is told.

use std::collections::BTreeMap;

use niangjia_replication::Incarnation;
use niangjia_replication::wire::held::{HeldAsk, Narrowed, Numbered, SPANS, Span, gaps};
use niangjia_replication::wire::{self, Found, Kept, Placed, RefusalCode};
use niangjia_replication::{Stream, planted};

use super::{Line, LinkFault, Run, waiting};

/// Bytes of segments that both sides read for one question.
const READ: u64 = 16 << 20;
/// Segments fetched one by one in one exchange; the next comparison goes on.
const MOST: usize = 256;

impl<L: Line> Run<'_, L> {
    /// Compares to the byte, where it is time to, and puts right what can be.
    pub(super) async fn repair(&mut self) -> Result<(), LinkFault> {
        if planted!("repair is skipped") || !waiting(|| self.replica.due())? {
            return Ok(());
        }
        let mut found = Found::default();
        let mut rest = &waiting(|| self.replica.chains())?[..];
        while !rest.is_empty() {
            let mut read = 0;
            let fit = rest.iter().take(SPANS).take_while(|of| {
                let first = read == 0;
                read += of.bytes;
                first || read <= READ
            });
            let (part, more) = rest.split_at(fit.count());
            match self.repair_part(part, &mut found).await {
                // A hub of an earlier version.
                Err(LinkFault::Refused(RefusalCode::NotFound)) => break,
                done => done?,
            }
            rest = more;
        }
        Ok(waiting(|| self.replica.checked(found))?)
    }

    async fn repair_part(&mut self, chains: &[Kept], found: &mut Found) -> Result<(), LinkFault> {
        let mut held = BTreeMap::new();
        for of in chains {
            held.insert((of.stream, of.chain), (*of, waiting(|| self.replica.held(of))?));
        }
        let (send, fetch) = self.differences(&held).await?;
        for (name, missing) in fetch {
            if let Some((of, before)) = held.get_mut(&name) {
                let now = self.fetch_again(of, &missing).await?;
                found.fetched += now.iter().filter(|one| !before.contains(one)).count() as u64;
                *before = now;
            }
        }
        for (name, missing) in send {
            if let Some((of, _)) = held.get(&name) {
                found.sent += self.send_again(of, &missing).await?;
            }
        }
        for (of, held) in held.values() {
            found.lost += gaps(held, of.from.max(of.stands + 1), of.to).len() as u64;
        }
        Ok(())
    }

    /// What the hub lacks, and what lacks here, by chain.
    async fn differences(
        &mut self,
        held: &BTreeMap<(Stream, Incarnation), (Kept, Vec<Numbered>)>,
    ) -> Result<(ByChain, ByChain), LinkFault> {
        let (mut send, mut fetch) = (ByChain::new(), ByChain::new());
        let all = held.values().map(|(of, held)| Span::of(of.stream, of.chain, (of.from, of.to), held));
        let mut spans: Vec<Span> = all.collect();
        while !spans.is_empty() {
            let later = spans.split_off(spans.len().min(SPANS));
            let ask = HeldAsk { spans };
            let said = self.line.held(&ask).await?.spans;
            if said.is_empty() || said.len() > ask.spans.len() {
                return Err(LinkFault::Garbled);
            }
            spans = ask.spans.get(said.len()..).unwrap_or_default().to_vec();
            spans.extend(later);
            for (span, said) in ask.spans.iter().zip(&said) {
                let name = (span.stream, span.chain);
                let mine = held.get(&name).map_or(&[][..], |(_, held)| held);
                let narrowed = span.narrow(said, mine);
                let Narrowed { spans: next, send: lacks_there, fetch: lacks_here } = narrowed;
                spans.extend(next);
                send.entry(name).or_default().extend(lacks_there);
                fetch.entry(name).or_default().extend(lacks_here);
            }
        }
        for found in [&mut send, &mut fetch] {
            found.retain(|_, segments| !segments.is_empty());
            // The last one first: what follows a segment says that it was here.
            found.values_mut().for_each(|segments| segments.sort_unstable_by(|one, other| other.cmp(one)));
        }
        Ok((send, fetch))
    }

    /// Fetches segments; what is held of the chain then.
    async fn fetch_again(&mut self, of: &Kept, missing: &[Numbered]) -> Result<Vec<Numbered>, LinkFault> {
        for (_, hash) in missing.iter().take(MOST) {
            let segment = match self.line.segment(hash).await {
                Err(LinkFault::Refused(RefusalCode::NotFound)) => continue,
                segment => segment?,
            };
            if blake3::hash(&segment).as_bytes() == hash {
                self.keep(of.stream, vec![segment])?;
            }
        }
        Ok(waiting(|| self.replica.held(of))?)
    }

    /// Sends segments; how many of them the hub did not have.
    async fn send_again(&mut self, of: &Kept, missing: &[Numbered]) -> Result<u64, LinkFault> {
        let mut sent = 0;
        for one in missing {
            let Some(segment) = waiting(|| self.replica.segment(of, one))? else { continue };
            let mut body = Vec::with_capacity(segment.len() + 4);
            wire::put_frame(&mut body, &segment).map_err(|_| LinkFault::Garbled)?;
            let taken = self.line.bring(&of.stream, body).await?;
            sent += taken.placed.iter().filter(|placed| matches!(placed, Placed::Stored | Placed::Fork)).count() as u64;
        }
        Ok(sent)
    }
}

type ByChain = BTreeMap<(Stream, Incarnation), Vec<Numbered>>;

//! Refilling a hub that has lost its disk and was given a checkpoint: what lies below it is brought by whoever has it, from both
//! ends of each gap.

use std::collections::BTreeSet;

use niangjia_replication::wire::{self, Digest, Lack, Placed, Refused};
use niangjia_replication::{Frontier, Limits, Segment, Stream, planted};

use super::{Brought, Line, LinkFault, Run, fitting, waiting};

impl<L: Line> Run<'_, L> {
    /// Brings the hub what it lacks below a checkpoint, as far as the replica has it.
    pub(super) async fn fill(&mut self, mut lack: Lack) -> Result<(), LinkFault> {
        self.short |= waiting(|| self.replica.holds_below(&lack))?;
        if planted!("what lies below a checkpoint is not brought") {
            return Ok(());
        }
        while lack.after < lack.until {
            let most = self.up.bytes;
            let mut batch = waiting(|| self.replica.segments_below(&lack, most))?;
            batch.truncate(fitting(&batch));
            let (Some(first), Some(last)) = (batch.first(), batch.last()) else { break };
            let number = |bytes| Segment::parse(bytes, &Limits::STANDARD).map_err(|_| LinkFault::Garbled);
            let (first, last) = (*number(first)?.header(), *number(last)?.header());
            let mut body = Vec::with_capacity(batch.iter().map(|segment| segment.len() + 4).sum());
            for segment in &batch {
                wire::put_frame(&mut body, segment).map_err(|_| LinkFault::Garbled)?;
            }
            let again = body.clone();
            let mut taken = self.line.bring(&lack.stream, body).await?;
            if self.introduce(lack.stream, &batch, &taken.placed).await? {
                taken = self.line.bring(&lack.stream, again).await?;
            }
            if taken.placed.len() != batch.len() {
                return Err(LinkFault::Garbled);
            }
            for (segment, placed) in batch.iter().zip(&taken.placed) {
                // What the hub has of the beginning may be another branch's: it asks otherwise the next time.
                if !matches!(placed, Placed::Refused(Refused::Gap { .. })) {
                    self.note(&Brought::of(lack.stream, segment)?, placed, &mut Frontier::new());
                }
            }
            if taken.placed.iter().any(|placed| matches!(placed, Placed::Refused(_))) {
                break;
            }
            if first.seq == lack.after + 1 {
                lack.after = last.seq;
            } else if first.seq == lack.until && last.seq > lack.after {
                (lack.until, lack.hash) = (last.seq - 1, Digest(last.prev));
            } else {
                return Err(LinkFault::Garbled);
            }
        }
        Ok(())
    }

    /// Shows the hub the certificates of devices that it does not know: of a chain that it was given from a checkpoint on it has not
    /// met the first segment. Returns whether there were any.
    pub(super) async fn introduce(
        &mut self,
        stream: Stream,
        batch: &[Vec<u8>],
        placed: &[Placed],
    ) -> Result<bool, LinkFault> {
        let mut shown: BTreeSet<Vec<u8>> = BTreeSet::new();
        for (segment, placed) in batch.iter().zip(placed) {
            if *placed == Placed::Refused(Refused::Foreign) {
                shown.extend(waiting(|| self.replica.certificates_of(segment))?);
            }
        }
        let mut body = Vec::new();
        for certs in &shown {
            wire::put_frame(&mut body, certs).map_err(|_| LinkFault::Garbled)?;
        }
        if shown.is_empty() {
            return Ok(false);
        }
        let taken = self.line.bring(&stream, body).await?;
        Ok(taken.placed.contains(&Placed::Known))
    }
}

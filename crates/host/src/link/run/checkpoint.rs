//! Checkpoints on the line: fetched by a replica that has nothing of a stream yet, offered by the one that made them.

use niangjia_replication::wire::{Begun, CheckpointAsk, Placed, RefusalCode};
use niangjia_replication::{Stream, wire};

use super::{Line, LinkFault, Run, waiting};

/// Most pages of checkpoints that are asked for of one stream in one exchange; the next one goes on.
const ROUNDS: usize = 4096;

impl<L: Line> Run<'_, L> {
    /// Fetches the checkpoint of a stream where the replica has nothing of others, and where the hub itself has the rest only as
    /// checkpoints, one after the other; else, or where the hub has none, everything comes as segments.
    pub(super) async fn checkpoint(&mut self, stream: Stream) -> Result<(), LinkFault> {
        let mut last = None;
        // A hub that answers anything may give one after the other without end.
        for _ in 0..ROUNDS {
            let Some(have) = waiting(|| self.replica.wants_checkpoint(&stream))? else { break };
            let stands = waiting(|| self.replica.stands_on(&stream))?;
            let tried = waiting(|| self.replica.tried(&stream))?;
            // A page that changed nothing would come again for ever; a checkpoint that was laid away is one more that was tried.
            if last.as_ref().is_some_and(|(before, on, vain): &(_, _, Vec<_>)| {
                *on == stands && *vain == tried && (*before == have || have.is_none())
            }) {
                break;
            }
            last = Some((have, stands.clone(), tried.clone()));
            let begun = waiting(|| self.replica.begun(&stream));
            let ask = CheckpointAsk {
                have,
                stands,
                tried,
                anything: self.replica.takes_anything(),
                max_bytes: self.down.bytes as u64,
                begun: (!begun.is_empty()).then(|| Begun::of(&begun)),
            };
            let began = self.line.clock();
            let answer = match self.line.checkpoint(&stream, &ask).await {
                // A hub of an earlier version knows no checkpoints.
                Err(LinkFault::Refused(RefusalCode::NotFound)) => break,
                answer => answer?,
            };
            if !self.keep_page(stream, answer, began, &begun).await? {
                break;
            }
        }
        Ok(())
    }

    /// Fetches what only checkpoints tell of registrars that were lost. Returns whether any was asked for.
    pub(super) async fn hear_of_the_lost(&mut self) -> Result<bool, LinkFault> {
        let mut asked = false;
        for told in std::mem::take(&mut self.doubted) {
            if waiting(|| self.replica.hears_of_the_lost(&told))? {
                asked = true;
                self.checkpoint(told.stream).await?;
                // Not before it is over: a line that breaks has brought a part of it, and the rest is asked for.
                self.replica.heard_of_the_lost(&told);
            }
        }
        Ok(asked)
    }

    /// Brings the hub the checkpoints made here that this life of its store has not taken yet, and those that stand for what it has
    /// lost. Returns whether there were any.
    pub(super) async fn offer(&mut self) -> Result<bool, LinkFault> {
        let Some(epoch) = self.trail.outcome.epoch else { return Ok(false) };
        let mut any = false;
        while let Some((stream, part)) = waiting(|| self.replica.checkpoint_for(&epoch))? {
            let mut body = Vec::with_capacity(part.len() + 4);
            wire::put_frame(&mut body, &part).map_err(|_| LinkFault::Garbled)?;
            let taken = self.line.bring(&stream, body).await?;
            match taken.placed.as_slice() {
                [Placed::Stored | Placed::Known | Placed::Fork] => {
                    waiting(|| self.replica.checkpoint_sent(&epoch, &part))?;
                    any = true;
                }
                // A hub of an earlier version; it is offered again another time.
                _ => break,
            }
        }
        Ok(any)
    }
}

//! Bringing frames over a line that may break: the hub keeps what came of them and says so with its next answer, and what follows
//! goes behind it.

use std::sync::PoisonError;
use std::time::Duration;

use niangjia_replication::Stream;
use niangjia_replication::wire::{self, Begun, RefusalCode, Replica, Taken};
use reqwest::Method;

use super::run::{Trail, run};
use super::{Link, LinkFault, Outcome, Step, call};

/// Breaks in a row that nothing came through between, after which the line counts as gone.
const VAIN: u32 = 3;

impl Link {
    /// As [`Link::exchange`], but a line that breaks is called again at once for as long as something comes through it: only a
    /// line that is gone is the timer's matter.
    ///
    /// # Errors
    /// The fault that ended it.
    pub async fn through(
        &self,
        replica: &mut dyn Replica,
        progress: &mut (dyn FnMut(Step) + Send),
    ) -> Result<Outcome, LinkFault> {
        let mut trail = Trail::default();
        let (mut before, mut vain) = (None, 0);
        loop {
            match run(self, replica, progress, &mut trail).await {
                Ok(()) => return Ok(trail.outcome),
                // Where nothing was ever answered there is no line.
                Err(LinkFault::NoLine(cause)) if trail.outcome.epoch.is_some() => {
                    let now = (trail.came, trail.outcome.sent.bytes, self.begun_there());
                    vain = if before == Some(now) { vain + 1 } else { 0 };
                    if vain >= VAIN {
                        return Err(LinkFault::NoLine(cause));
                    }
                    before = Some(now);
                    tracing::debug!(%cause, vain, "the line broke, and is called again");
                    tokio::time::sleep(call::spread(Duration::from_millis(100 << vain))).await;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Notes what the hub has of frames that were on their way.
    pub(super) fn note_begun(&self, begun: &[(Stream, Begun)]) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = begun.iter().copied().collect();
    }

    fn begun_there(&self) -> u64 {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).values().map(|begun| begun.bytes).sum()
    }

    /// Brings frames, from where the hub has some of them already.
    pub(super) async fn carry(&self, stream: &Stream, frames: &[u8]) -> Result<Taken, LinkFault> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).get(stream).copied();
        let begun = begun.filter(|begun| begun.fits(frames) > 0);
        let taken = match self.behind(stream, frames, begun).await {
            // It let go of it in the meantime.
            Err(LinkFault::Refused(RefusalCode::NotFound)) if begun.is_some() => {
                self.behind(stream, frames, None).await
            }
            taken => taken,
        };
        if taken.is_ok() {
            self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(stream);
        }
        taken
    }

    async fn behind(&self, stream: &Stream, frames: &[u8], begun: Option<Begun>) -> Result<Taken, LinkFault> {
        let path = format!("/v1/streams/{stream}/segments");
        let rest = frames.get(begun.map_or(0, |begun| begun.fits(frames))..).unwrap_or_default();
        let answer = self.patiently(rest.len(), || {
            // Signed without its body: the hub knows who brings it before it has come whole.
            let request = self.signed_short(Method::POST, &path, &[])?.body(rest.to_vec());
            Ok(match &begun {
                Some(begun) => request.header(wire::BEGUN, begun.header()),
                None => request,
            })
        });
        Ok(call::whole(answer.await?).await?.0)
    }
}

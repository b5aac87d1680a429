//! The slow lane: pictures go when all changes have gone, a small slice at a time, and stand aside whenever a change waits. What
//! has come of a blob stays, here and at the hub, and the next time goes on behind it.

use std::time::Duration;

use niangjia_core::{Fault, office::Office};
use niangjia_replication::Incarnation;
use niangjia_replication::blob::{Outline, PIECE};
use niangjia_replication::wire::{self, ASKED, BlobHeld, BlobSlice, BlobsAsk, BlobsHeld, ReplicaFault};
use reqwest::Method;

use super::{Link, LinkFault, call, pace::Pace, run::waiting};

/// Blobs looked at in one run of the lane, in each direction.
const RUN: usize = 4096;
/// How often a blob whose pieces come wrong is tried in one run.
const TRIES: u32 = 2;
/// The longest that the lane waits for a busy hub before it leaves the rest to the next exchange.
const BUSY: u64 = 5;

/// What went over the slow lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lane {
    /// Blobs that are whole at the hub now.
    pub sent: u64,
    /// Blobs that are whole here now.
    pub received: u64,
    /// Sealed bytes in both directions.
    pub bytes: u64,
    /// It stood aside before it was done.
    pub aside: bool,
}

fn own<T>(done: Result<T, Fault>) -> Result<T, LinkFault> {
    done.map_err(|fault| LinkFault::Replica(ReplicaFault::new(fault)))
}

impl Link {
    /// Sends and fetches blobs as long as `on` allows; it is asked between two slices. `lane` says what was done also where a
    /// fault ends it.
    ///
    /// # Errors
    /// The fault that ended it; nothing that went over is lost by it.
    pub async fn blobs(
        &self,
        office: &Office,
        epoch: Option<Incarnation>,
        on: &(dyn Fn(&Lane) -> bool + Sync),
        lane: &mut Lane,
    ) -> Result<(), LinkFault> {
        if let Some(epoch) = epoch {
            own(waiting(|| office.blobs_meet(epoch)))?;
        }
        let (ours, wanted) = own(waiting(|| Ok((office.blobs_to_send(RUN)?, office.blobs_wanted(RUN)?))))?;
        let mut up = Pace::slow_lane();
        for (outline, there) in self.held(&ours).await? {
            if !on(lane) {
                lane.aside = true;
                return Ok(());
            }
            self.send_blob(office, outline, there, on, lane, &mut up).await?;
        }
        let mut down = Pace::slow_lane();
        for (outline, there) in self.held(&wanted).await?.into_iter().filter(|(_, there)| there.whole) {
            if !on(lane) {
                lane.aside = true;
                return Ok(());
            }
            debug_assert!(there.whole);
            self.fetch_blob(office, outline, on, lane, &mut down).await?;
        }
        Ok(())
    }

    /// How much the hub holds of each.
    async fn held<'o>(&self, outlines: &'o [Outline]) -> Result<Vec<(&'o Outline, BlobHeld)>, LinkFault> {
        let mut out = Vec::with_capacity(outlines.len());
        for part in outlines.chunks(ASKED) {
            let ask = BlobsAsk { addresses: part.iter().map(Outline::address).collect() };
            let (BlobsHeld { held }, _) = self.ask("/v1/blobs", &ask).await?;
            if held.len() != part.len() {
                return Err(LinkFault::Garbled);
            }
            out.extend(part.iter().zip(held));
        }
        Ok(out)
    }

    async fn send_blob(
        &self,
        office: &Office,
        outline: &Outline,
        mut there: BlobHeld,
        on: &(dyn Fn(&Lane) -> bool + Sync),
        lane: &mut Lane,
        pace: &mut Pace,
    ) -> Result<(), LinkFault> {
        let address = outline.address();
        let (path, mut bad) = (format!("/v1/blobs/{address}"), 0);
        if there.whole {
            return own(waiting(|| office.blob_at_hub(address)));
        }
        // A hub that was restored may say more than there can be.
        let mut from = usize::try_from(there.bytes).unwrap_or(0).min(outline.length() - 1);
        loop {
            let most = pace.bytes.min(PIECE - from % PIECE);
            let bytes = own(waiting(|| office.blob_slice(address, from, most)))?;
            if bytes.is_empty() {
                // The file went short: looking at it will say so, and it comes again.
                return Ok(());
            }
            let sent = bytes.len();
            let body = wire::encode(&BlobSlice::new(outline, from, bytes));
            let (size, began) = (body.len(), self.began.elapsed());
            there = match self.patient(Method::PUT, &path, body, size).await? {
                Some(held) => held,
                None => return Ok(()),
            };
            pace.took(size, self.began.elapsed().saturating_sub(began));
            lane.bytes += sent as u64;
            if there.whole {
                lane.sent += 1;
                return own(waiting(|| office.blob_at_hub(address)));
            }
            let next = usize::try_from(there.bytes).map_err(|_| LinkFault::Garbled)?;
            bad += u32::from(there.bad || next <= from);
            if bad >= TRIES || next >= outline.length() {
                return Ok(());
            }
            from = next;
            if !on(lane) {
                lane.aside = true;
                return Ok(());
            }
        }
    }

    /// A request on the lane; a busy hub is waited for once.
    async fn patient(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        size: usize,
    ) -> Result<Option<BlobHeld>, LinkFault> {
        match self.told_held(method.clone(), path, body.clone(), size).await {
            Err(LinkFault::TooBusy { retry_after_s }) => {
                tokio::time::sleep(Duration::from_secs(retry_after_s.min(BUSY))).await;
                Ok(Some(self.told_held(method, path, body, size).await?))
            }
            other => Ok(Some(other?)),
        }
    }

    async fn told_held(&self, method: Method, path: &str, body: Vec<u8>, size: usize) -> Result<BlobHeld, LinkFault> {
        Ok(call::whole(call::answer(self.signed(method, path, &body)?.body(body), size).await?).await?.0)
    }

    async fn fetch_blob(
        &self,
        office: &Office,
        outline: &Outline,
        on: &(dyn Fn(&Lane) -> bool + Sync),
        lane: &mut Lane,
        pace: &mut Pace,
    ) -> Result<(), LinkFault> {
        let address = outline.address();
        let mut from = own(waiting(|| office.blob_begun(outline)))?;
        let mut bad = 0;
        loop {
            // What came whole just before the program was ended only wants its name.
            let to = (from + pace.bytes).min(outline.range(from / PIECE).end).max(from);
            let path = format!("/v1/blobs/{address}?from={from}&to={to}");
            let began = self.began.elapsed();
            let mut got = 0;
            let mut here = from;
            if to > from {
                let mut answer = call::answer(self.signed(Method::GET, &path, &[])?, 0).await?;
                loop {
                    // Each piece of the answer is kept as it comes: a line that breaks costs nothing that has come.
                    let piece = call::piece(&mut answer).await;
                    let Some(bytes) = piece? else { break };
                    got += bytes.len();
                    let put = own(waiting(|| office.blob_put(outline, here, &bytes)))?;
                    here = put.bytes;
                    if put.whole {
                        lane.received += 1;
                        lane.bytes += got as u64;
                        return own(waiting(|| office.blob_at_hub(address)));
                    }
                    bad += u32::from(put.bad);
                    if put.bad {
                        break;
                    }
                }
            } else if own(waiting(|| office.blob_put(outline, from, &[])))?.whole {
                lane.received += 1;
                return own(waiting(|| office.blob_at_hub(address)));
            } else {
                here = own(waiting(|| office.blob_begun(outline)))?;
                bad += 1;
            }
            pace.took(got, self.began.elapsed().saturating_sub(began));
            lane.bytes += got as u64;
            bad += u32::from(here <= from && got == 0);
            if bad >= TRIES {
                tracing::warn!("a blob came wrong more than once");
                return Ok(());
            }
            from = here;
            if !on(lane) {
                lane.aside = true;
                return Ok(());
            }
        }
    }
}

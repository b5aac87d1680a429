//! What an exchange asks of the way to the hub: questions and a clock. Over TLS here; in memory, with faults drawn from a
//! seed, in the simulation.

use std::{future::Future, time::Duration};

use niangjia_replication::wire::held::{HeldAnswer, HeldAsk};
use niangjia_replication::wire::{self, Changed, ChangedAsk, CheckpointAsk, MissingAsk, OrdersTaken, Taken};
use niangjia_replication::{Incarnation, Stream};
use reqwest::{Method, Response};

use super::{Link, LinkFault, call};

/// A way to the hub.
pub trait Line: Sync {
    /// A page of frames on its way.
    type Answer: Answer;

    /// What differs there; and the life of the hub's store.
    fn changed(
        &self,
        ask: &ChangedAsk,
    ) -> impl Future<Output = Result<(Changed, Option<Incarnation>), LinkFault>> + Send;

    /// Brings frames of a stream.
    fn bring(&self, stream: &Stream, frames: Vec<u8>) -> impl Future<Output = Result<Taken, LinkFault>> + Send;

    /// Asks for a page of what is missing here.
    fn missing(
        &self,
        stream: &Stream,
        ask: &MissingAsk,
    ) -> impl Future<Output = Result<Self::Answer, LinkFault>> + Send;

    /// Tells the hub orders of the county.
    fn tell(&self, orders: Vec<u8>) -> impl Future<Output = Result<OrdersTaken, LinkFault>> + Send;

    /// Asks for a page of a checkpoint.
    fn checkpoint(
        &self,
        stream: &Stream,
        ask: &CheckpointAsk,
    ) -> impl Future<Output = Result<Self::Answer, LinkFault>> + Send;

    /// What the hub holds of spans, to the byte.
    fn held(&self, ask: &HeldAsk) -> impl Future<Output = Result<HeldAnswer, LinkFault>> + Send;

    /// One segment by its hash.
    fn segment(&self, hash: &[u8; 32]) -> impl Future<Output = Result<Vec<u8>, LinkFault>> + Send;

    /// Time since some moment; only differences count, to find how much fits the line.
    fn clock(&self) -> Duration;
}

/// A page of frames, piece by piece as the line brings it.
pub trait Answer: Send {
    /// Whether more follows this page.
    fn more(&self) -> bool;

    /// How many of the page's first bytes were left out because they had come before.
    fn from(&self) -> usize {
        0
    }

    /// The next piece, `None` at the end.
    fn piece(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, LinkFault>> + Send;
}

impl Line for Link {
    type Answer = Response;

    async fn changed(&self, ask: &ChangedAsk) -> Result<(Changed, Option<Incarnation>), LinkFault> {
        let (changed, epoch): (Changed, _) = self.ask("/v1/changed", ask).await?;
        self.note_begun(&changed.begun);
        Ok((changed, epoch))
    }

    async fn bring(&self, stream: &Stream, frames: Vec<u8>) -> Result<Taken, LinkFault> {
        self.carry(stream, &frames).await
    }

    async fn missing(&self, stream: &Stream, ask: &MissingAsk) -> Result<Response, LinkFault> {
        self.answer(&format!("/v1/streams/{stream}/missing"), wire::encode(ask)).await
    }

    async fn tell(&self, orders: Vec<u8>) -> Result<OrdersTaken, LinkFault> {
        Ok(call::whole(self.answer("/v1/orders", orders).await?).await?.0)
    }

    async fn checkpoint(&self, stream: &Stream, ask: &CheckpointAsk) -> Result<Response, LinkFault> {
        self.answer(&format!("/v1/streams/{stream}/checkpoint"), wire::encode(ask)).await
    }

    async fn held(&self, ask: &HeldAsk) -> Result<HeldAnswer, LinkFault> {
        Ok(self.ask("/v1/held", ask).await?.0)
    }

    async fn segment(&self, hash: &[u8; 32]) -> Result<Vec<u8>, LinkFault> {
        let path = format!("/v1/segments/{}", wire::Digest(*hash));
        call::bytes(self.patiently(0, || self.signed_short(Method::GET, &path, &[])).await?).await
    }

    fn clock(&self) -> Duration {
        self.began.elapsed()
    }
}

impl Answer for Response {
    fn more(&self) -> bool {
        self.headers().get(wire::MORE).is_some_and(|more| more.as_bytes() == b"1")
    }

    fn from(&self) -> usize {
        self.headers().get(wire::FROM).and_then(|from| from.to_str().ok()?.parse().ok()).unwrap_or(0)
    }

    async fn piece(&mut self) -> Result<Option<Vec<u8>>, LinkFault> {
        call::piece(self).await
    }
}

//! One request and its answer, with patience for a line of a few kilobytes a second.

use std::time::Duration;

use niangjia_replication::Incarnation;
use niangjia_replication::wire::{self, Refusal};
use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;

use super::LinkFault;

/// Connecting, hand-shake and waiting for the answer, sending not counted.
const ANSWER: Duration = Duration::from_secs(90);
/// The slowest line that is waited for while sending, bytes a second.
const SLOWEST: u64 = 1_000;
/// Between two pieces of an answer.
const PIECE: Duration = Duration::from_secs(60);
/// An answer that is read whole; frontiers of a county of some thousand chains take a few hundred KiB.
const WHOLE: usize = 16 << 20;

/// Sends a request with a body of `size` bytes; its answer up to the head. Refusals become faults here.
pub(super) async fn answer(request: RequestBuilder, size: usize) -> Result<Response, LinkFault> {
    let patience = ANSWER + Duration::from_secs(size as u64 / SLOWEST);
    let sent = tokio::time::timeout(patience, request.send()).await;
    let mut answer = sent.map_err(|_| LinkFault::NoLine("no answer in time".to_owned()))??;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let crowded = matches!(answer.status().as_u16(), 429 | 503);
    let told = answer.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.trim().parse().ok());
    let body = read(&mut answer).await?;
    Err(match wire::decode::<Refusal>(&body) {
        Ok(refusal) => refusal.into(),
        // A proxy before the hub says it in its own words.
        Err(_) if crowded => LinkFault::busy(told),
        Err(_) => LinkFault::Garbled,
    })
}

/// At least `pause`, and up to half as much again: who was sent away together must not come back together.
pub(crate) fn spread(pause: Duration) -> Duration {
    let mut byte = [0];
    if getrandom::fill(&mut byte).is_err() {
        return pause;
    }
    pause.mul_f64(1.0 + f64::from(byte[0]) / 512.0)
}

/// A request whose answer is one message, and the life of the store that gave it.
pub(super) async fn whole<T: DeserializeOwned>(mut answer: Response) -> Result<(T, Option<Incarnation>), LinkFault> {
    let epoch = answer.headers().get(wire::EPOCH).and_then(|epoch| epoch.to_str().ok()?.parse().ok());
    let body = read(&mut answer).await?;
    let message = wire::decode(&body).map_err(|_| LinkFault::Garbled)?;
    Ok((message, epoch))
}

/// The bytes of an answer that is no message.
pub(super) async fn bytes(mut answer: Response) -> Result<Vec<u8>, LinkFault> {
    read(&mut answer).await
}

/// The next piece of an answer, `None` at its end.
pub(super) async fn piece(answer: &mut Response) -> Result<Option<Vec<u8>>, LinkFault> {
    let piece = tokio::time::timeout(PIECE, answer.chunk()).await;
    let piece = piece.map_err(|_| LinkFault::NoLine("the answer stopped in the middle".to_owned()))??;
    Ok(piece.map(|bytes| bytes.to_vec()))
}

async fn read(answer: &mut Response) -> Result<Vec<u8>, LinkFault> {
    let mut body = Vec::new();
    while let Some(bytes) = piece(answer).await? {
        if body.len() + bytes.len() > WHOLE {
            return Err(LinkFault::Garbled);
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body)
}

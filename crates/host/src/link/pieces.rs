//! Sending over a line that breaks before a whole request is through: segments in pieces, each kept by the hub as it comes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use niangjia_replication::wire::{Frames, PIECE, Pieced, Placed, Taken};
use niangjia_replication::{Limits, Stream};
use reqwest::Method;
use reqwest::header::CONTENT_RANGE;

use super::{Link, LinkFault, call};

/// A request up to this size passes any line that passes anything.
const SMALL: usize = 2 * PIECE;
/// Breaks in a row, without a single piece between them, after which the line counts as gone.
const BREAKS: u32 = 4;
/// Pieces shrink with every break and grow with every one that came, between these.
const LEAST: usize = 2 << 10;
const MOST: usize = 32 << 10;

impl Link {
    /// Brings frames, whole if the line lets them through, else in pieces.
    pub(super) async fn carry(&self, stream: &Stream, frames: Vec<u8>) -> Result<Taken, LinkFault> {
        let path = format!("/v1/streams/{stream}/segments");
        if frames.len() > SMALL && self.brittle.load(Ordering::Relaxed) {
            return self.in_pieces(&frames).await;
        }
        let sent = async { call::whole::<Taken>(self.answer(&path, frames.clone()).await?).await };
        match sent.await {
            Ok((taken, _)) => Ok(taken),
            Err(LinkFault::NoLine(_)) if frames.len() > SMALL => {
                self.brittle.store(true, Ordering::Relaxed);
                self.in_pieces(&frames).await
            }
            Err(fault) => Err(fault),
        }
    }

    async fn in_pieces(&self, frames: &[u8]) -> Result<Taken, LinkFault> {
        let mut reader = Frames::new();
        reader.push(frames);
        let segments = reader.take(&Limits::STANDARD).map_err(|_| LinkFault::Garbled)?;
        let (mut placed, mut frontier) = (Vec::<Placed>::new(), None);
        for segment in &segments {
            let taken = self.segment(segment).await?;
            placed.extend(taken.placed);
            frontier = Some(taken.frontier);
        }
        frontier.map(|frontier| Taken { placed, frontier }).ok_or(LinkFault::Garbled)
    }

    async fn segment(&self, bytes: &[u8]) -> Result<Taken, LinkFault> {
        let path = format!("/v1/segments/{}", blake3::hash(bytes).to_hex());
        // Where the hub stands is learnt from its first answer: perhaps an earlier link brought a part.
        let (mut held, mut broken, mut useless, mut size) = (None, 0, 0, PIECE);
        loop {
            match self.piece(&path, bytes, held, size).await {
                Ok(Pieced { taken: Some(taken), .. }) => return Ok(taken),
                Ok(Pieced { held: now, .. }) => {
                    let now = usize::try_from(now).ok().filter(|now| *now < bytes.len()).ok_or(LinkFault::Garbled)?;
                    // A hub that lets go of what it held begins anew; one that always does is none.
                    useless = if held.is_some_and(|held| now <= held) { useless + 1 } else { 0 };
                    if useless > BREAKS {
                        return Err(LinkFault::Garbled);
                    }
                    (held, broken, size) = (Some(now), 0, (size + 512).min(MOST));
                }
                Err(LinkFault::NoLine(cause)) => {
                    broken += 1;
                    if broken >= BREAKS {
                        return Err(LinkFault::NoLine(cause));
                    }
                    // If the piece came and only its answer was lost, the hub says so when it is offered again.
                    size = (size / 4 * 3).max(LEAST);
                    tokio::time::sleep(call::spread(Duration::from_millis(50 << broken))).await;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// One piece from `held` on, or the question how much the hub has.
    async fn piece(&self, path: &str, bytes: &[u8], held: Option<usize>, size: usize) -> Result<Pieced, LinkFault> {
        let (piece, range) = match held {
            None => (&[][..], format!("bytes */{}", bytes.len())),
            Some(from) => {
                let to = (from + size).min(bytes.len());
                (bytes.get(from..to).unwrap_or_default(), format!("bytes {from}-{}/{}", to - 1, bytes.len()))
            }
        };
        let request = self.signed(Method::PUT, path, piece.to_vec())?.header(CONTENT_RANGE, range);
        Ok(call::whole(call::answer(request, piece.len()).await?).await?.0)
    }
}

//! Bodies: read within a size and a patience, given while their asker's place is held.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt, Full};
use niangjia_replication::wire::RefusalCode;
use tokio::time::Instant;

use super::Refuse;

/// Between two pieces of a body. A line that brings nothing for so long is dead, however slow it was.
const PIECE: Duration = Duration::from_secs(60);
/// The whole body: 2 MiB at 16 kbit/s take 18 minutes.
const WHOLE: Duration = Duration::from_secs(20 * 60);

/// What a request says that its body has, in bytes.
pub(super) fn declared(request: &Request) -> Option<usize> {
    match request.headers().get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok()?.parse().ok(),
        None => request.body().size_hint().exact().and_then(|size| usize::try_from(size).ok()),
    }
}

/// A request's body of at most `most` bytes.
pub(super) async fn read(request: Request, most: usize) -> Result<Vec<u8>, Refuse> {
    if declared(&request).is_some_and(|length| length > most) {
        return Err(RefusalCode::TooLarge.into());
    }
    let mut coming = Coming::new(request.into_body(), Vec::new(), most);
    loop {
        match coming.more().await {
            More::Some => {}
            More::End => return Ok(coming.bytes),
            More::Broken => return Err(RefusalCode::Malformed.into()),
            More::TooLarge => return Err(RefusalCode::TooLarge.into()),
        }
    }
}

/// A body on its way, piece by piece.
pub(super) struct Coming {
    body: Body,
    most: usize,
    until: Instant,
    /// What has come, behind what was there before.
    pub(super) bytes: Vec<u8>,
}

/// What became of the next piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    Some,
    End,
    /// The line broke, or brought nothing for too long.
    Broken,
    TooLarge,
}

impl Coming {
    pub(super) fn new(body: Body, bytes: Vec<u8>, most: usize) -> Self {
        Self { body, most, until: Instant::now() + WHOLE, bytes }
    }

    pub(super) async fn more(&mut self) -> More {
        let until = self.until.min(Instant::now() + PIECE);
        let piece = match tokio::time::timeout_at(until, self.body.frame()).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => return More::End,
            Ok(Some(Err(_))) | Err(_) => return More::Broken,
        };
        let Ok(piece) = piece.into_data() else { return More::Some };
        if self.bytes.len() + piece.len() > self.most {
            return More::TooLarge;
        }
        self.bytes.extend_from_slice(&piece);
        More::Some
    }
}

/// A body that keeps `held` until it was sent or its line is gone.
pub(super) fn keeping<T: Send + Sync + 'static>(bytes: Vec<u8>, held: T) -> Body {
    Body::new(Full::new(Bytes::from(bytes)).map_frame(move |frame| {
        let _still_held = &held;
        frame
    }))
}

//! Bodies: read within a size and a patience, given while their asker's place is held.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt, Full};
use niangjia_replication::wire::RefusalCode;

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
    let pieces = pieces(request.into_body(), most);
    tokio::time::timeout(WHOLE, pieces).await.map_err(|_| RefusalCode::Malformed)?
}

async fn pieces(mut body: Body, most: usize) -> Result<Vec<u8>, Refuse> {
    let mut read = Vec::new();
    while let Some(piece) = tokio::time::timeout(PIECE, body.frame()).await.map_err(|_| RefusalCode::Malformed)? {
        let piece = piece.map_err(|_| RefusalCode::Malformed)?;
        let Ok(piece) = piece.into_data() else { continue };
        if read.len() + piece.len() > most {
            return Err(RefusalCode::TooLarge.into());
        }
        read.extend_from_slice(&piece);
    }
    Ok(read)
}

/// A body that keeps `held` until it was sent or its line is gone.
pub(super) fn keeping<T: Send + Sync + 'static>(bytes: Vec<u8>, held: T) -> Body {
    Body::new(Full::new(Bytes::from(bytes)).map_frame(move |frame| {
        let _still_held = &held;
        frame
    }))
}

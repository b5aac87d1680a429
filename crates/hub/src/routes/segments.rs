//! Requests that bring segments: frames, taken as they come. What a break leaves of them is kept, so nothing goes twice but what
//! was on its way.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use niangjia_replication::checkpoint::Part;
use niangjia_replication::keys::VerifyingKey;
use niangjia_replication::wire::held::{self, HeldAsk, Span};
use niangjia_replication::wire::{self, Begun, Digest, Frames, RefusalCode, Taken};
use niangjia_replication::{Limits, Stream};

use super::body::{self, Coming, More};
use super::{Admitted, Asked, Desk, Refuse, cbor};
use crate::auth::Asker;
use crate::beginnings::Arriving;
use crate::now_ms;
use crate::relay::{Relay, view};

/// The frames of a request; they must fill it to the end.
pub(super) fn frames(body: &[u8]) -> Result<Vec<Vec<u8>>, Refuse> {
    let mut frames = Frames::new();
    frames.push(body);
    let segments = frames.take(&Limits::STANDARD).map_err(|_| RefusalCode::TooLarge)?;
    if !frames.is_empty() {
        return Err(RefusalCode::Malformed.into());
    }
    if segments.len() > wire::FRAMES {
        return Err(RefusalCode::TooLarge.into());
    }
    Ok(segments)
}

/// `POST /v1/streams/{stream}/segments`.
pub(super) async fn take(desk: Arc<Desk>, stream: Stream, request: Request) -> Result<Response, Refuse> {
    let begun = match request.headers().get(wire::BEGUN) {
        None => None,
        Some(header) => {
            let begun = header.to_str().ok().and_then(Begun::parse).ok_or(RefusalCode::Malformed)?;
            if begun.bytes > wire::REQUEST as u64 {
                return Err(RefusalCode::TooLarge.into());
            }
            Some(begun)
        }
    };
    let before = begun.map_or(0, |begun| usize::try_from(begun.bytes).unwrap_or(wire::REQUEST));
    let Asked { asker, root, place, room, body } = desk.admit_unsigned_body(request, before).await?;
    view(&asker.identity, &stream).ok_or(RefusalCode::MayNot)?;
    // A task of its own: when the line breaks, whoever answers on it is gone at once.
    let arriving = tokio::spawn(async move {
        let taken = arrive(&desk, asker, root, stream, begun, body).await;
        drop((place, room));
        taken
    });
    let taken = arriving.await.map_err(|_| RefusalCode::Failed)??;
    Ok(cbor(&taken))
}

async fn arrive(
    desk: &Arc<Desk>,
    asker: Asker,
    root: VerifyingKey,
    stream: Stream,
    begun: Option<Begun>,
    body: Body,
) -> Result<Taken, Refuse> {
    let (all, device) = (desk.beginnings.clone(), asker.identity.device_key);
    let (bytes, mut arriving) = waiting(move || all.arrive(&device, &stream, begun.as_ref())).await??;
    let mut coming = Coming::new(body, bytes, wire::REQUEST);
    let ended = loop {
        match coming.more().await {
            More::Some if arriving.due(&coming.bytes) => {
                let ((back, bytes), still) = waiting(move || {
                    let still = arriving.note(&coming.bytes);
                    ((arriving, coming), still)
                })
                .await?;
                (arriving, coming) = (back, bytes);
                if !still {
                    return Err(RefusalCode::Malformed.into());
                }
            }
            More::Some => {}
            ended => break ended,
        }
    };
    let Coming { bytes, .. } = coming;
    match ended {
        More::Broken => {
            broken(desk, asker, root, stream, bytes, arriving).await?;
            Err(RefusalCode::Malformed.into())
        }
        More::TooLarge => {
            waiting(move || arriving.done()).await?;
            Err(RefusalCode::TooLarge.into())
        }
        More::Some | More::End => {
            let taken = match frames(&bytes) {
                Ok(frames) => place(desk, asker, root, stream, frames).await,
                Err(refuse) => Err(refuse),
            };
            // A disk that was full may have room when it comes again.
            waiting(move || arriving.done()).await?;
            taken
        }
    }
}

/// Whole frames count; the beginning of the next one is kept.
async fn broken(
    desk: &Arc<Desk>,
    asker: Asker,
    root: VerifyingKey,
    stream: Stream,
    bytes: Vec<u8>,
    mut arriving: Arriving,
) -> Result<(), Refuse> {
    let mut reader = Frames::new();
    reader.push(&bytes);
    let whole = match reader.take(&Limits::STANDARD) {
        Ok(whole) if whole.len() <= wire::FRAMES => whole,
        _ => return waiting(move || arriving.done()).await,
    };
    tracing::debug!(%stream, whole = whole.len(), rest = reader.rest().len(), "a line broke");
    if !whole.is_empty() {
        place(desk, asker, root, stream, whole).await?;
    }
    waiting(move || arriving.left(reader.rest())).await
}

async fn place(
    desk: &Arc<Desk>,
    asker: Asker,
    root: VerifyingKey,
    stream: Stream,
    frames: Vec<Vec<u8>>,
) -> Result<Taken, Refuse> {
    let device = asker.identity.cert;
    let at_hand = desk.clone();
    let take = move |relay: &Relay<'_>| {
        let taken = relay.take(&asker.identity, stream, &frames, now_ms());
        if frames.iter().any(|frame| Part::parse(frame, &Limits::STANDARD).is_ok()) {
            at_hand.doubts.forget(&stream);
        }
        taken
    };
    let taken = desk.judge(root, take).await?;
    let taken = taken.ok_or(RefusalCode::MayNot)?;
    let held = taken.placed.iter().filter(|placed| placed.held()).count();
    let forks = taken.placed.iter().filter(|placed| **placed == wire::Placed::Fork).count();
    tracing::debug!(%device, %stream, held, refused = taken.placed.len() - held, "taken");
    if forks > 0 {
        tracing::warn!(%device, %stream, forks, "two write with one identity");
    }
    Ok(taken)
}

/// `POST /v1/held`: what is here of some spans, to the byte.
pub(super) async fn held(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Refuse> {
    let Admitted { asker, root, body, place: _place, room: _room } = desk.admit(request).await?;
    let ask: HeldAsk = wire::decode(&body).map_err(|_| RefusalCode::Malformed)?;
    if ask.spans.is_empty() || ask.spans.len() > held::SPANS || !ask.spans.iter().all(Span::is_sound) {
        return Err(RefusalCode::Malformed.into());
    }
    let answer = desk.judge(root, move |relay| relay.held(&asker.identity, &ask)).await?;
    Ok(cbor(&answer.ok_or(RefusalCode::MayNot)?))
}

/// `GET /v1/segments/{hash}`: one segment.
pub(super) async fn give(
    State(desk): State<Arc<Desk>>,
    Path(hash): Path<Digest>,
    request: Request,
) -> Result<Response, Refuse> {
    let Admitted { asker, root, place, .. } = desk.admit(request).await?;
    let room = desk.limiter.room(Limits::STANDARD.segment()).await?;
    let segment = desk.judge(root, move |relay| relay.segment(&asker.identity, &hash.0)).await?;
    let segment = segment.ok_or(RefusalCode::NotFound)?;
    let mut answer = Response::new(body::keeping(segment, (place, room)));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    Ok(answer)
}

/// On a thread that may wait for the disk.
async fn waiting<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> Result<T, Refuse> {
    tokio::task::spawn_blocking(act).await.map_err(|_| RefusalCode::Failed.into())
}

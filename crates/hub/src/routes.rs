//! What may be asked of a hub. Reads like the table in `wire`: one function a question.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use niangjia_replication::enrol::Claim;
use niangjia_replication::keys::VerifyingKey;
use niangjia_replication::wire::{
    self, Begun, Changed, ChangedAsk, CheckpointAsk, ClaimAsk, Claimed, MissingAsk, Refusal, RefusalCode, Status,
    Window,
};
use niangjia_replication::{Limits, Stream};
use serde::Serialize;

use crate::auth::{Asker, Known, Signed};
use crate::beginnings::Beginnings;
use crate::checkpoints::Doubts;
use crate::limits::{Later, Limiter, Place, Room};
use crate::now_ms;
use crate::relay::{Relay, view};
use crate::serve::{Crowd, Peer};
use crate::store::{Birth, Page, SegmentStore, StoreFault};
use orders::CountyOrders;

mod blobs;
mod body;
mod orders;
mod segments;
#[cfg(test)]
mod tests;

/// What every route has at hand.
pub(crate) struct Desk {
    store: Arc<dyn SegmentStore>,
    key: VerifyingKey,
    birth: Birth,
    /// The pinned root: read once, it never changes.
    root: OnceLock<VerifyingKey>,
    known: Known,
    orders: CountyOrders,
    doubts: Doubts,
    limiter: Limiter<Who>,
    beginnings: Arc<Beginnings>,
}

/// Whom a limit counts: a device by its key, everyone who names none by address.
// A place is taken before the signature can be checked, and certificates are no secret; so the address counts too, or
// one PC could use up what is another's.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Who {
    Device([u8; 32], Option<IpAddr>),
    Address(IpAddr),
}

impl Desk {
    pub(crate) fn new(
        store: Arc<dyn SegmentStore>,
        key: VerifyingKey,
        birth: Birth,
        beginnings: Arc<Beginnings>,
    ) -> Arc<Self> {
        let (known, orders, limiter) = (Known::default(), CountyOrders::default(), Limiter::new());
        let doubts = Doubts::default();
        Arc::new(Self { store, key, birth, root: OnceLock::new(), known, orders, doubts, limiter, beginnings })
    }

    /// Does something with the store on a thread that may wait for the disk.
    async fn with_store<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&dyn SegmentStore) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, Refuse> {
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || act(store.as_ref())).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(StoreFault::Full)) => {
                tracing::error!("the disk is full");
                Err(RefusalCode::Full.into())
            }
            Ok(Err(cause)) => {
                tracing::error!(%cause, "the store failed");
                Err(RefusalCode::Failed.into())
            }
            Err(cause) => {
                tracing::error!(%cause, "a call of the store did not end");
                Err(RefusalCode::Failed.into())
            }
        }
    }

    /// Asks the relay's judgement, likewise.
    async fn judge<T: Send + 'static>(
        self: &Arc<Self>,
        root: VerifyingKey,
        ask: impl FnOnce(&Relay<'_>) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, Refuse> {
        self.with_store(move |store| ask(&Relay { store, root })).await
    }

    async fn root(self: &Arc<Self>) -> Result<Option<VerifyingKey>, Refuse> {
        if let Some(root) = self.root.get() {
            return Ok(Some(*root));
        }
        let root = self.with_store(|store| store.root()).await?;
        Ok(root.map(|root| *self.root.get_or_init(|| root)))
    }

    /// Who asks, what was asked, and the place that the asker holds while it is answered.
    async fn admit(self: &Arc<Self>, request: Request) -> Result<Admitted, Refuse> {
        let (signed, asker, root, place) = self.asker(Heading::of(&request)).await?;
        let room = self.limiter.room(2 * body::declared(&request).unwrap_or(wire::REQUEST)).await?;
        let body = self.signed_body(request, &signed, &asker).await?;
        orders::admit(self, root, &asker).await?;
        Ok(Admitted { asker, root, body, place, room })
    }

    /// The same for a request whose body is taken as it comes, behind `before` bytes that came earlier: it is signed without it.
    async fn admit_unsigned_body(self: &Arc<Self>, request: Request, before: usize) -> Result<Asked, Refuse> {
        let (signed, asker, root, place) = self.asker(Heading::of(&request)).await?;
        signed.check(&asker, &self.key, request.method().as_str(), &path_of(&request), &[])?;
        orders::admit(self, root, &asker).await?;
        let most = wire::REQUEST.saturating_sub(before);
        let declared = body::declared(&request).unwrap_or(most);
        if declared > most {
            return Err(RefusalCode::TooLarge.into());
        }
        let room = self.limiter.room(2 * (before + declared)).await?;
        Ok(Asked { asker, root, place, room, body: request.into_body() })
    }

    async fn asker(self: &Arc<Self>, heading: Heading) -> Result<(Signed, Asker, VerifyingKey, Place<Who>), Refuse> {
        let root = self.root().await?.ok_or(RefusalCode::NotClaimed)?;
        let Heading { signed, address } = heading;
        let signed = signed?;
        let asker = self.known.asker(&signed, &root)?;
        let place = self.enter(Who::Device(asker.identity.device_key.to_bytes(), address)).await?;
        Ok((signed, asker, root, place))
    }

    /// The body, once its signature holds.
    async fn signed_body(&self, request: Request, signed: &Signed, asker: &Asker) -> Result<Vec<u8>, Refuse> {
        let method = request.method().to_string();
        let path = path_of(&request);
        let body = body::read(request, wire::REQUEST).await?;
        signed.check(asker, &self.key, &method, &path, &body)?;
        Ok(body)
    }

    async fn enter(&self, who: Who) -> Result<Place<Who>, Refuse> {
        self.limiter.enter(who, Instant::now()).await.map_err(Refuse::from)
    }
}

fn path_of(request: &Request) -> String {
    request.uri().path_and_query().map_or("", |path| path.as_str()).to_owned()
}

/// What a request says of its asker.
struct Heading {
    signed: Result<Signed, RefusalCode>,
    address: Option<IpAddr>,
}

impl Heading {
    fn of(request: &Request) -> Self {
        let address = request.extensions().get::<Peer>().map(|peer| peer.0);
        Self { signed: Signed::read(request.headers()), address }
    }
}

/// Who asks, and a body that has not been read.
struct Asked {
    asker: Asker,
    root: VerifyingKey,
    place: Place<Who>,
    room: Room,
    body: Body,
}

struct Admitted {
    asker: Asker,
    root: VerifyingKey,
    body: Vec<u8>,
    place: Place<Who>,
    room: Room,
}

pub(crate) fn app(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/claim", post(claim))
        .route("/v1/changed", post(changed))
        .route("/v1/held", post(segments::held))
        .route("/v1/segments/{hash}", get(segments::give))
        .route("/v1/orders", post(orders::tell))
        .route("/v1/streams/{*path}", post(stream))
        .merge(blobs::routes())
        .fallback(async || Refuse::from(RefusalCode::NotFound))
        .method_not_allowed_fallback(async || Refuse::from(RefusalCode::NotFound))
        .layer(middleware::from_fn_with_state(desk.clone(), every_answer))
        .with_state(desk)
}

/// Refuses protocols outside the window, and puts the life of the store on every answer.
async fn every_answer(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let crowded = request.extensions().get::<Crowd>().is_some_and(Crowd::is_one);
    let mut answer = match window(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refuse) => refuse.into_response(),
    };
    if let Ok(epoch) = HeaderValue::from_str(&desk.birth.epoch.to_string()) {
        answer.headers_mut().insert(wire::EPOCH, epoch);
    }
    if crowded {
        // Whoever waits outside is let in sooner than whoever may ask again in a minute.
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn window(headers: &HeaderMap) -> Result<(), Refuse> {
    let Some(version) = headers.get(wire::VERSION) else { return Ok(()) };
    let version = version.to_str().ok().and_then(|text| text.parse().ok());
    if version.is_some_and(|version| wire::PROTOCOL.holds(version)) {
        Ok(())
    } else {
        Err(RefusalCode::Protocol.into())
    }
}

async fn status(State(desk): State<Arc<Desk>>, Extension(peer): Extension<Peer>) -> Result<Response, Refuse> {
    let _place = desk.enter(Who::Address(peer.0)).await?;
    let claimed = desk.root().await?.is_some();
    let Window { min, max } = wire::PROTOCOL;
    Ok(cbor(&Status {
        hub: wire::hub_id(&desk.key),
        epoch: desk.birth.epoch,
        time_ms: now_ms(),
        protocol: Window { min, max },
        segment: Limits::STANDARD.segment() as u64,
        request: wire::REQUEST as u64,
        page: wire::PAGE as u64,
        claimed,
    }))
}

/// Pins a county's root, once. Repeating it with the same root gives the same answer: the first may have been lost.
async fn claim(
    State(desk): State<Arc<Desk>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Result<Response, Refuse> {
    let _place = desk.enter(Who::Address(peer.0)).await?;
    let signed = Signed::read(request.headers())?;
    let path = request.uri().path().to_owned();
    let body = body::read(request, 16 << 10).await?;
    let ask: ClaimAsk = wire::decode(&body).map_err(|_| RefusalCode::Malformed)?;
    let asker = Asker::of(&signed, &ask.root)?;
    signed.check(&asker, &desk.key, "POST", &path, &body)?;
    let right = Claim::parse(&ask.claim).is_ok_and(|claim| claim.matches(&desk.birth.claim));
    if !right || !asker.identity.county || asker.carried() {
        tracing::warn!(device = %asker.identity.cert, "a wrong claim");
        return Err(RefusalCode::ClaimWrong.into());
    }
    let root = desk.with_store(move |store| store.pin(&ask.root)).await?;
    if root != ask.root {
        return Err(RefusalCode::ClaimSpent.into());
    }
    tracing::info!(%root, "claimed");
    Ok(cbor(&Claimed { root, epoch: desk.birth.epoch }))
}

async fn changed(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Refuse> {
    let Admitted { asker, root, body, place: _place, room: _room } = desk.admit(request).await?;
    let ask: ChangedAsk = wire::decode(&body).map_err(|_| RefusalCode::Malformed)?;
    if ask.counts.len() > wire::COUNTS || ask.counts.keys().any(|name| name.len() > 32) {
        return Err(RefusalCode::Malformed.into());
    }
    if ask.about.iter().flat_map(|said| [&said.name, &said.code, &said.version]).any(|text| text.len() > wire::ABOUT) {
        return Err(RefusalCode::Malformed.into());
    }
    // What an office is called is said by whoever works in it.
    let ask = if asker.carried() { ChangedAsk { about: None, ..ask } } else { ask };
    let now = now_ms();
    let (beginnings, at_hand) = (desk.beginnings.clone(), desk.clone());
    let changed = desk.judge(root, move |relay| {
        let differ = relay.changed(&asker.device, &asker.identity, &ask, now)?;
        let key = asker.identity.device_key;
        let begun = differ.iter().filter_map(|(stream, _)| Some((*stream, beginnings.begun(&key, stream)?))).collect();
        let (summed, lacking) = (relay.summed(&differ)?, relay.lacking(&asker.identity)?);
        // Whoever carries for a locked registrar takes no checkpoints.
        let doubted = if asker.carried() {
            Vec::new()
        } else {
            relay.doubted(&asker.identity, || at_hand.orders.known(), &at_hand.doubts)?
        };
        Ok(Changed { time_ms: now, differ, begun, summed, lacking, doubted })
    });
    Ok(cbor(&changed.await?))
}

/// `…/missing` and `…/segments` of one stream, whose name may hold a slash.
async fn stream(State(desk): State<Arc<Desk>>, Path(path): Path<String>, request: Request) -> Result<Response, Refuse> {
    let (stream, question) = path.rsplit_once('/').ok_or(RefusalCode::NotFound)?;
    let stream: Stream = stream.parse().map_err(|_| RefusalCode::NotFound)?;
    match question {
        "missing" => missing(desk, stream, request).await,
        "checkpoint" => checkpoint(desk, stream, request).await,
        "segments" => segments::take(desk, stream, request).await,
        _ => Err(RefusalCode::NotFound.into()),
    }
}

async fn missing(desk: Arc<Desk>, stream: Stream, request: Request) -> Result<Response, Refuse> {
    let Admitted { asker, root, body, place, room } = desk.admit(request).await?;
    let device = asker.identity.cert;
    view(&asker.identity, &stream).ok_or(RefusalCode::MayNot)?;
    let ask: MissingAsk = wire::decode(&body).map_err(|_| RefusalCode::Malformed)?;
    drop((body, room));
    let most = usize::try_from(ask.max_bytes).unwrap_or(wire::PAGE).min(wire::PAGE);
    let room = desk.limiter.room(most).await?;
    let begun = ask.begun;
    let page = desk.judge(root, move |relay| relay.missing(&asker.identity, &stream, &ask)).await?;
    let page = page.ok_or(RefusalCode::MayNot)?;
    tracing::debug!(%device, %stream, segments = page.segments.len(), "given");
    frames(page, begun.as_ref(), (place, room))
}

/// A page as it goes over the line, from where what the asker holds already ends; its place and room are held until it is sent.
fn frames(page: Page, begun: Option<&Begun>, (place, mut room): (Place<Who>, Room)) -> Result<Response, Refuse> {
    let length = page.segments.iter().map(|segment| segment.len() + 4).sum();
    let mut frames = Vec::with_capacity(length);
    // One by one, so that a page is not held twice.
    for segment in page.segments {
        wire::put_frame(&mut frames, &segment).map_err(|_| RefusalCode::Failed)?;
    }
    let from = begun.map_or(0, |begun| begun.fits(&frames));
    let frames = frames.split_off(from);
    room.shrink(length);
    let mut answer = Response::new(body::keeping(frames, (place, room)));
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length - from));
    answer.headers_mut().insert(wire::FROM, HeaderValue::from(from));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    answer.headers_mut().insert(wire::MORE, HeaderValue::from_static(if page.more { "1" } else { "0" }));
    Ok(answer)
}

async fn checkpoint(desk: Arc<Desk>, stream: Stream, request: Request) -> Result<Response, Refuse> {
    let Admitted { asker, root, body, place, room } = desk.admit(request).await?;
    let device = asker.identity.cert;
    view(&asker.identity, &stream).ok_or(RefusalCode::MayNot)?;
    let ask: CheckpointAsk = wire::decode(&body).map_err(|_| RefusalCode::Malformed)?;
    drop((body, room));
    let most = usize::try_from(ask.max_bytes).unwrap_or(wire::PAGE).min(wire::PAGE);
    let room = desk.limiter.room(most).await?;
    let begun = ask.begun;
    let page = desk.judge(root, move |relay| relay.checkpoint(&asker.identity, &stream, &ask)).await?;
    let page = page.ok_or(RefusalCode::MayNot)?;
    tracing::debug!(%device, %stream, parts = page.segments.len(), "a checkpoint given");
    frames(page, begun.as_ref(), (place, room))
}

fn cbor<T: Serialize>(message: &T) -> Response {
    let mut answer = Response::new(Body::from(wire::encode(message)));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/cbor"));
    answer
}

/// An answer that refuses the whole request.
struct Refuse(Refusal, Option<StatusCode>);

impl From<RefusalCode> for Refuse {
    fn from(code: RefusalCode) -> Self {
        Self(Refusal { code, retry_after_s: None }, None)
    }
}

impl From<Later> for Refuse {
    fn from(later: Later) -> Self {
        let (seconds, status) = match later {
            Later::Yours(seconds) => (seconds, StatusCode::TOO_MANY_REQUESTS),
            Later::Crowd(seconds) => (seconds, StatusCode::SERVICE_UNAVAILABLE),
        };
        Self(Refusal { code: RefusalCode::TooBusy, retry_after_s: Some(seconds) }, Some(status))
    }
}

impl IntoResponse for Refuse {
    fn into_response(self) -> Response {
        let status = self.1.unwrap_or(match self.0.code {
            RefusalCode::Malformed => StatusCode::BAD_REQUEST,
            RefusalCode::Unsigned => StatusCode::UNAUTHORIZED,
            RefusalCode::Foreign | RefusalCode::Revoked | RefusalCode::MayNot | RefusalCode::ClaimWrong => {
                StatusCode::FORBIDDEN
            }
            RefusalCode::NotFound => StatusCode::NOT_FOUND,
            RefusalCode::NotClaimed | RefusalCode::ClaimSpent => StatusCode::CONFLICT,
            RefusalCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RefusalCode::Protocol => StatusCode::UPGRADE_REQUIRED,
            RefusalCode::TooBusy => StatusCode::TOO_MANY_REQUESTS,
            RefusalCode::Full => StatusCode::INSUFFICIENT_STORAGE,
            RefusalCode::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        });
        let mut answer = cbor(&self.0);
        *answer.status_mut() = status;
        if let Some(seconds) = self.0.retry_after_s {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

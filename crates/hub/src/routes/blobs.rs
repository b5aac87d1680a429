//! Blobs: what is here, bringing and fetching. Any certified device of the county; see `wire::BlobsAsk` for why that is enough.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::Response;
use axum::routing::{get, post};
use niangjia_replication::blob::{Address, PIECE};
use niangjia_replication::wire::{self, ASKED, BlobSlice, BlobsAsk, BlobsHeld, RefusalCode};
use serde::Deserialize;

use super::{Admitted, Desk, Refuse, body, cbor, now_ms};
use crate::blobs;

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/v1/blobs", post(held)).route("/v1/blobs/{address}", get(give).put(take))
}

/// Which bytes; `to` is not among them.
#[derive(Deserialize)]
struct Bytes {
    from: usize,
    to: usize,
}

fn address(text: &str) -> Result<Address, Refuse> {
    Ok(text.parse().map_err(|_| RefusalCode::NotFound)?)
}

async fn held(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Refuse> {
    let Admitted { body, place: _place, .. } = desk.admit(request).await?;
    let ask: BlobsAsk = wire::decode(&body).map_err(|_| RefusalCode::Malformed)?;
    if ask.addresses.len() > ASKED {
        return Err(RefusalCode::TooLarge.into());
    }
    let held = desk.with_store(move |store| blobs::held(store, &ask.addresses)).await?;
    Ok(cbor(&BlobsHeld { held }))
}

async fn take(State(desk): State<Arc<Desk>>, Path(path): Path<String>, request: Request) -> Result<Response, Refuse> {
    let Admitted { asker, body, place: _place, .. } = desk.admit(request).await?;
    let address = address(&path)?;
    let slice: BlobSlice = wire::decode(&body).map_err(|_| RefusalCode::Malformed)?;
    let device = asker.identity.cert;
    let put = desk
        .with_store(move |store| blobs::put(store, &asker.identity, address, &slice, blobs::QUOTA, now_ms()))
        .await??;
    if put.bad {
        tracing::warn!(%device, "a piece of a blob that is not right");
    }
    Ok(cbor(&put))
}

async fn give(
    State(desk): State<Arc<Desk>>,
    Path(path): Path<String>,
    Query(Bytes { from, to }): Query<Bytes>,
    request: Request,
) -> Result<Response, Refuse> {
    let Admitted { place, .. } = desk.admit(request).await?;
    let address = address(&path)?;
    let most = to.saturating_sub(from).min(PIECE);
    let bytes = desk.with_store(move |store| store.blob_bytes(&address.0, from, most)).await?;
    if bytes.is_empty() {
        return Err(RefusalCode::NotFound.into());
    }
    let length = bytes.len();
    let mut answer = Response::new(body::keeping(bytes, place));
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    Ok(answer)
}

//! The technician's page: plain HTML in both languages, on this machine only, without a script and without a foreign address.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY, REFRESH};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::overview::{Overview, Source};
use crate::{HubFault, now_ms};

mod html;

const STYLE: &str = include_str!("page/style.css");
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Shows the page at `at` until the hub stops; where it is shown.
pub(crate) async fn serve(
    at: SocketAddr,
    source: Source,
    mut stopped: watch::Receiver<bool>,
) -> Result<SocketAddr, HubFault> {
    let listener = TcpListener::bind(at).await.map_err(HubFault::Address)?;
    let at = listener.local_addr().map_err(HubFault::Address)?;
    tokio::spawn(async move {
        let told_to_stop = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        // A browser that keeps its connection open must not hold the hub up: the page ends when it is told to.
        tokio::select! {
            served = axum::serve(listener, app(source)).into_future() => {
                if let Err(cause) = served {
                    tracing::error!(%cause, "the status page ended");
                }
            }
            () = told_to_stop => {}
        }
    });
    Ok(at)
}

pub(crate) fn app(source: Source) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/status", get(page))
        .route("/v1/overview", get(overview))
        .route("/style.css", get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
        .layer(middleware::from_fn(guarded))
        .with_state(source)
}

async fn look(source: Source) -> Result<Overview, Response> {
    let looked = tokio::task::spawn_blocking(move || source.look(now_ms())).await;
    match looked {
        Ok(Ok(overview)) => Ok(overview),
        Ok(Err(cause)) => Err(failed(&cause)),
        Err(cause) => Err(failed(&cause)),
    }
}

fn failed(cause: &impl std::fmt::Display) -> Response {
    tracing::error!(%cause, "the store could not be looked at");
    let said = "中转站的数据库读不出来，请查看日志。 The hub's database cannot be read; see its log.";
    (StatusCode::INTERNAL_SERVER_ERROR, said).into_response()
}

async fn page(State(source): State<Source>) -> Response {
    match look(source).await {
        Ok(overview) => {
            ([(CONTENT_TYPE, "text/html; charset=utf-8"), (REFRESH, "60")], html::page(&overview)).into_response()
        }
        Err(failed) => failed,
    }
}

async fn overview(State(source): State<Source>) -> Response {
    match look(source).await {
        Ok(overview) => axum::Json(overview).into_response(),
        Err(failed) => failed,
    }
}

/// Answers only who asks this machine by its own name: a page elsewhere may point its own name here, and read along.
async fn guarded(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    let mut answer = if matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "只能在中转站本机上查看。 To be looked at on the hub's own machine.").into_response()
    };
    let headers = answer.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

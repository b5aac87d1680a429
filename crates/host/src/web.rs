//! The loopback web server: the same window in a browser of this PC, for those whose WebView is too old and for headless
//! machines. It answers loopback addresses only, and only to the browser that brought the one-time token.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response, Sse, sse::Event},
    routing::{get, post},
};
use niangjia_core::Fault;
use rust_embed::Embed;
use serde_json::Value;

use crate::Station;

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../../ui/dist"]
#[allow_missing = true]
struct Pages;

struct Door {
    station: Arc<Station>,
    /// Brought once by the browser that was given the address; then spent.
    token: Mutex<Option<String>>,
    cookie: String,
    port: u16,
}

/// Name of the session cookie before the port: two offices on one PC share the address but not the port.
const COOKIE: &str = "niangjia-";
/// Nothing from elsewhere, no eval; Element Plus sets inline styles.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

fn secret() -> Result<String, Fault> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|e| Fault::question(format!("{e}")))?;
    Ok(hex::encode(bytes))
}

/// Serves until the program is told to stop.
///
/// # Errors
/// `listen_not_loopback`, or the address cannot be taken.
pub async fn serve(station: Arc<Station>, listen: SocketAddr) -> Result<(), Fault> {
    if !listen.ip().is_loopback() {
        return Err(Fault::new(
            "listen_not_loopback",
            "只能在本机地址 127.0.0.1 上打开，别的电脑连不进来。",
            "Only an address of this PC (127.0.0.1) can be served; other computers must not reach it.",
        ));
    }
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let token = secret()?;
    let door = Arc::new(Door {
        station: station.clone(),
        token: Mutex::new(Some(token.clone())),
        cookie: secret()?,
        port: address.port(),
    });
    station.keep_in_step();
    println!(
        "{}",
        serde_json::json!({ "listening": address.to_string(), "open": format!("http://{address}/#/?t={token}") })
    );
    axum::serve(listener, router(door)).with_graceful_shutdown(stopped()).await?;
    station.close().await;
    Ok(())
}

async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! { _ = interrupt => {}, _ = term.recv() => {} }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupt.await;
    }
}

fn router(door: Arc<Door>) -> Router {
    let inside = Router::new()
        .route("/call/{name}", post(call))
        .route("/upload", post(upload).layer(DefaultBodyLimit::max(101 << 20)))
        .route("/events", get(events))
        .route("/download/{name}", get(download))
        .route("/picture/{address}", get(picture))
        .layer(middleware::from_fn_with_state(door.clone(), known));
    Router::new()
        .merge(inside)
        .route("/session", post(session))
        .fallback(page)
        .layer(middleware::from_fn_with_state(door.clone(), same_origin))
        .with_state(door)
}

/// Refuses what another site's page could send: a foreign Host (DNS rebinding) or a foreign Origin.
async fn same_origin(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let own = [format!("127.0.0.1:{}", door.port), format!("localhost:{}", door.port), format!("[::1]:{}", door.port)];
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("");
    let origin =
        headers.get(header::ORIGIN).and_then(|h| h.to_str().ok()).map(|o| o.trim_start_matches("http://").to_owned());
    if !own.iter().any(|o| o == host) || origin.is_some_and(|o| !own.contains(&o)) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets in the browser with the session cookie; writing calls must besides bear a header that no foreign form can set.
async fn known(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let name = format!("{COOKIE}{}=", door.port);
    let cookies = headers.get(header::COOKIE).and_then(|c| c.to_str().ok()).unwrap_or("");
    let with_cookie = cookies.split(';').filter_map(|c| c.trim().strip_prefix(&*name)).any(|c| same(c, &door.cookie));
    if !with_cookie || (request.method() == "POST" && !headers.contains_key("x-niangjia")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

fn same(a: &str, b: &str) -> bool {
    blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes())
}

async fn session(State(door): State<Arc<Door>>, body: Bytes) -> Response {
    let brought: Option<String> =
        serde_json::from_slice::<Value>(&body).ok().and_then(|v| v.get("token")?.as_str().map(ToOwned::to_owned));
    let mut token = door.token.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = matches!((&*token, &brought), (Some(token), Some(brought)) if same(token, brought));
    if !fits {
        return StatusCode::FORBIDDEN.into_response();
    }
    *token = None;
    let cookie = format!("{COOKIE}{}={}; Path=/; HttpOnly; SameSite=Strict", door.port, door.cookie);
    ([(header::SET_COOKIE, cookie)], axum::Json(serde_json::json!({}))).into_response()
}

fn refusal(fault: Fault) -> Response {
    let status = match fault.code.as_str() {
        "not_found" | "command_unknown" => StatusCode::NOT_FOUND,
        "role_missing" => StatusCode::FORBIDDEN,
        "store_failed" | "store_damaged" | "store_unreachable" | "program_failed" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, axum::Json(fault)).into_response()
}

async fn call(State(door): State<Arc<Door>>, Path(name): Path<String>, body: Bytes) -> Response {
    let question: Value = match serde_json::from_slice(&body) {
        Ok(question) => question,
        Err(e) => return refusal(Fault::question(format!("line {} column {}", e.line(), e.column()))),
    };
    match door.station.call(&name, question).await {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], axum::Json(answer)).into_response(),
        Err(fault) => refusal(fault),
    }
}

async fn upload(State(door): State<Arc<Door>>, headers: HeaderMap, body: Bytes) -> Response {
    // The name only lends its ending; the browser writes it percent-encoded.
    let name = headers.get("x-file-name").and_then(|n| n.to_str().ok()).unwrap_or("upload").to_owned();
    match door.station.upload(&name, body.to_vec()).await {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(fault) => refusal(fault),
    }
}

async fn download(State(door): State<Arc<Door>>, Path(name): Path<String>) -> Response {
    let read = door.station.report(&name).and_then(|path| std::fs::read(path).map_err(Fault::from));
    match read {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")], bytes)
            .into_response(),
        Err(fault) => refusal(fault),
    }
}

/// A picture by its address, which tells nothing about anybody.
async fn picture(State(door): State<Arc<Door>>, Path(address): Path<String>) -> Response {
    let station = door.station.clone();
    let read = tokio::task::spawn_blocking(move || station.picture(&address)).await;
    match read.map_err(Fault::question).and_then(|read| read) {
        Ok(picture) => (
            [(header::CONTENT_TYPE, picture.media.mime()), (header::CACHE_CONTROL, "no-store")],
            picture.bytes.to_vec(),
        )
            .into_response(),
        Err(fault) => refusal(fault),
    }
}

async fn events(State(door): State<Arc<Door>>) -> Response {
    let changes = door.station.subscribe();
    let stream = futures_stream(changes);
    Sse::new(stream).keep_alive(axum::response::sse::KeepAlive::default()).into_response()
}

fn futures_stream(
    changes: tokio::sync::broadcast::Receiver<Value>,
) -> impl futures_core::Stream<Item = Result<Event, Infallible>> {
    use tokio::sync::broadcast::error::RecvError;
    futures_util::stream::unfold(changes, |mut changes| async move {
        let event = match changes.recv().await {
            Ok(event) => event,
            // The page missed some and asks everything again.
            Err(RecvError::Lagged(_)) => serde_json::json!({ "touched": ["*"] }),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(Event::default().event("changed").data(event.to_string())), changes))
    })
}

async fn page(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let Some(file) = Pages::get(path) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = match path.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], file.data).into_response()
}

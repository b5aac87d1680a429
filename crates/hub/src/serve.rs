//! The door: TLS 1.3 with the hub's own key, one task a connection, and an end that lets answers finish.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::HubFault;
use crate::identity::HubKey;

/// Connections open at once; the next ones wait in the system's queue.
const CONNECTIONS: usize = 1024;
/// A hand-shake takes three flights: at two seconds a flight and some loss still well inside this.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// From an idle connection's first byte to the end of the request's head. Also ends idle connections.
const HEAD: Duration = Duration::from_secs(120);
/// After so long a connection is ended at the next answer, and after twice as long in the middle of one: whoever reads
/// that slowly holds a place that others need. A page is made to take a quarter of a minute.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// Bytes of one TLS record towards offices: what fits a packet, so that what came of an answer counts to the last packet.
const RECORD: usize = 1400;
/// How long answers under way may take once the hub is told to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// Who is at the other end of the wire; only to slow down those who never sign.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// How many connections are open, for whoever answers on one of them.
#[derive(Clone)]
pub(crate) struct Crowd(Arc<AtomicUsize>);

impl Crowd {
    /// Whether there are so many that an idle one is in somebody's way.
    pub(crate) fn is_one(&self) -> bool {
        self.0.load(Ordering::Relaxed) > CONNECTIONS / 4 * 3
    }
}

/// TLS as this hub speaks it: version 1.3, its own certificate, no client certificate
/// (devices sign their requests, so that the same signature works through a proxy).
pub(crate) fn tls(key: &HubKey) -> Result<TlsAcceptor, HubFault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8().to_vec()));
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|builder| {
            builder.with_no_client_auth().with_single_cert(vec![CertificateDer::from(key.certificate()?)], private)
        })
        .map_err(|cause| HubFault::Tls(cause.to_string()))?;
    // A record counts once it has come whole; of one of 16 KiB a bad line would often bring nothing.
    config.max_fragment_size = Some(RECORD);
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves until `stop` turns true (or its sender is gone), then lets answers under way finish.
pub(crate) async fn serve(listener: TcpListener, tls: TlsAcceptor, app: Router, mut stop: watch::Receiver<bool>) {
    let mut open = JoinSet::new();
    let crowd = Crowd(Arc::default());
    loop {
        let room = open.len() < CONNECTIONS;
        crowd.0.store(open.len(), Ordering::Relaxed);
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = open.join_next() => continue,
            accepted = listener.accept(), if room => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                let app = app.clone().layer(axum::Extension(Peer(peer.ip()))).layer(axum::Extension(crowd.clone()));
                open.spawn(connection(socket, tls.clone(), app, stop.clone()));
            }
            Err(cause) => {
                // Out of file handles, or the peer left at once: neither ends the hub.
                tracing::warn!(%cause, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let all_ended = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all_ended).await.is_err() {
        tracing::warn!(connections = open.len(), "answers under way were cut");
    }
    open.shutdown().await;
}

async fn connection(socket: TcpStream, tls: TlsAcceptor, app: Router, mut stop: watch::Receiver<bool>) {
    // Answers are written whole; waiting for more to send would only cost a round trip.
    if let Err(cause) = socket.set_nodelay(true) {
        tracing::debug!(%cause, "no-delay was refused");
    }
    let handshake = tokio::select! {
        handshake = tokio::time::timeout(HANDSHAKE, tls.accept(socket)) => handshake,
        _ = stop.wait_for(|stop| *stop) => return,
    };
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(cause)) => return tracing::debug!(%cause, "a hand-shake failed"),
        Err(_) => return tracing::debug!("a hand-shake took too long"),
    };
    let mut http = pin!(
        hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_headers(32)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
    );
    let ended = tokio::select! {
        ended = http.as_mut() => Some(ended),
        _ = stop.wait_for(|stop| *stop) => None,
        () = tokio::time::sleep(LIFE) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            http.as_mut().graceful_shutdown();
            match tokio::time::timeout(LIFE, http).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("a connection that took nothing was cut"),
            }
        }
    };
    if let Err(cause) = ended {
        tracing::debug!(%cause, "a connection broke");
    }
}

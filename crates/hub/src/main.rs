//! The command line of the relay: make a hub, serve it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use niangjia_hub::{Hub, HubFault};
use serde_json::json;

/// A blind relay between township union offices and their county federation.
#[derive(Parser)]
#[command(version)]
struct Line {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a hub in an empty folder; prints its key and the claim for the county, once.
    Init {
        #[arg(long)]
        data: PathBuf,
    },
    /// Serve the hub of a folder until SIGTERM or ctrl-c.
    Serve {
        #[arg(long)]
        data: PathBuf,
        /// For example 0.0.0.0:7443; port 0 takes any free one.
        #[arg(long)]
        listen: SocketAddr,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let level =
        if std::env::var_os("NIANGJIA_HUB_DEBUG").is_some() { tracing::Level::DEBUG } else { tracing::Level::INFO };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_ansi(false).init();
    let done = match Line::parse().what {
        What::Init { data } => {
            Hub::init(&data).map(|made| println!("{}", json!({"hub": made.hub, "key": made.key, "claim": made.claim})))
        }
        What::Serve { data, listen } => serve(data, listen).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("niangjia-hub: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(data: PathBuf, listen: SocketAddr) -> Result<(), HubFault> {
    // Listened for before anyone is told that the hub is ready, so that no word to stop is missed.
    let told_to_stop = told_to_stop();
    let running = Hub::open(&data)?.serve(listen).await?;
    println!("{}", json!({"listening": running.addr}));
    tracing::info!(listening = %running.addr, "serving");
    told_to_stop.await;
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

/// Resolves at SIGTERM or ctrl-c; both are caught from the call on.
#[cfg(unix)]
fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let caught = [SignalKind::terminate(), SignalKind::interrupt()].map(|kind| {
        signal(kind).inspect_err(|cause| tracing::warn!(%cause, "a signal cannot be heard; the hub ends without it"))
    });
    async move {
        match caught {
            [Ok(mut terminate), Ok(mut interrupt)] => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            [Ok(mut one), Err(_)] | [Err(_), Ok(mut one)] => {
                one.recv().await;
            }
            [Err(_), Err(_)] => std::future::pending().await,
        }
    }
}

#[cfg(windows)]
fn told_to_stop() -> impl Future<Output = ()> {
    let caught = tokio::signal::windows::ctrl_c();
    async move {
        match caught {
            Ok(mut ctrl_c) => {
                ctrl_c.recv().await;
            }
            Err(cause) => {
                tracing::warn!(%cause, "ctrl-c cannot be heard; the hub ends without it");
                std::future::pending().await
            }
        }
    }
}

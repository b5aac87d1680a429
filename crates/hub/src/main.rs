//! The command line of the relay: make a hub, serve it, copy it, put it back.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use niangjia_hub::{Hub, HubFault, backup};
use serde::Serialize;
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
        /// Where to show the technician's page, on this machine only; for example 127.0.0.1:7480. Without it there is none.
        #[arg(long)]
        page: Option<SocketAddr>,
    },
    /// Tell how things stand, as JSON: offices, last contact, what they have not sent yet, forks, room, backups.
    Status {
        #[arg(long)]
        data: PathBuf,
    },
    /// Copy a hub, serving or not, into one new private file that holds its key too.
    Backup {
        #[arg(long)]
        data: PathBuf,
        /// The new file. Whoever has it can pose as this hub (but read no body): keep it as you keep the hub.
        #[arg(long)]
        out: PathBuf,
    },
    /// Read a backup through: database, hashes, signatures, chains, counts. Exit code 1 when anything is wrong.
    Verify {
        #[arg(long)]
        backup: PathBuf,
        /// The hub's folder, to note there for the status page that its backup was read through.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Make the hub of a backup in an empty folder, with the same key and a new epoch: offices fill in the rest.
    Restore {
        #[arg(long)]
        backup: PathBuf,
        #[arg(long)]
        data: PathBuf,
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
        What::Serve { data, listen, page } => serve(data, listen, page).await,
        What::Status { data } => niangjia_hub::status(&data).map(|now| told(&now)),
        What::Backup { data, out } => backup::backup(&data, &out).map(|made| told(&made)),
        What::Restore { backup, data } => backup::restore(&backup, &data).map(|restored| told(&restored)),
        What::Verify { backup, data } => match verify(&backup, data.as_deref()) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::FAILURE,
            Err(fault) => Err(fault),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("niangjia-hub: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what was found; whether all is well.
fn verify(file: &Path, data: Option<&Path>) -> Result<bool, HubFault> {
    let checked = backup::verify(file)?;
    if let Some(dir) = data {
        backup::verified(dir, &checked);
    }
    told(&checked);
    Ok(checked.good)
}

/// One line to whoever reads; nobody may be reading any more (`| head`), and what was done stands all the same.
fn told(answer: &impl Serialize) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{}", json!(answer));
}

async fn serve(data: PathBuf, listen: SocketAddr, page: Option<SocketAddr>) -> Result<(), HubFault> {
    // Listened for before anyone is told that the hub is ready, so that no word to stop is missed.
    let told_to_stop = told_to_stop();
    let hub = Hub::open(&data)?;
    let hub = match page {
        Some(at) => hub.with_page(at)?,
        None => hub,
    };
    let running = hub.serve(listen).await?;
    println!("{}", json!({"listening": running.addr, "page": running.page}));
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

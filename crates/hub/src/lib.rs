//! niangjia-hub: a blind relay. It stores sealed segments, hands them on, and checks who may write and read which stream.
//!
//! What is absent: a key that opens a body, a table of members, a name in a log.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use niangjia_replication::enrol::Claim;
use niangjia_replication::keys::VerifyingKey;
use niangjia_replication::{Incarnation, RecordId, wire};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

mod auth;
pub mod backup;
mod beginnings;
pub mod blobs;
mod checkpoints;
#[cfg(test)]
#[path = "../tests/county/mod.rs"]
mod county;
mod identity;
mod limits;
pub mod overview;
mod page;
pub mod relay;
mod routes;
mod serve;
pub mod store;

pub use identity::HubKey;
use store::{Birth, SegmentStore, Sqlite, StoreFault};

const DATABASE: &str = "hub.db";
const LOCK: &str = "hub.lock";

/// Why a hub cannot be made or started.
#[derive(Debug, Error)]
pub enum HubFault {
    #[error("the hub's folder: {0}")]
    Disk(#[source] std::io::Error),
    #[error("another hub runs on this folder")]
    Running,
    #[error("this folder is a hub's already")]
    Exists,
    #[error("this folder is no hub's; run `niangjia-hub init` first")]
    NoHub,
    #[error("hub.key is damaged: restore it from a backup; offices trust no other key")]
    Key,
    #[error("there is a file of that name already; a backup never replaces one")]
    Target,
    #[error("the file's name cannot be written as text")]
    Name,
    #[error("this folder is not empty; a hub is restored into an empty one")]
    NotEmpty,
    #[error("the backup is not whole, and nothing was restored: {0}")]
    BadBackup(String),
    #[error("the status page is shown on this machine only: give it a loopback address such as 127.0.0.1:7480")]
    NotLoopback,
    #[error("the address: {0}")]
    Address(#[source] std::io::Error),
    #[error("TLS: {0}")]
    Tls(String),
    #[error("the system gives no random numbers")]
    Random,
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// What a new hub tells the person who made it, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub hub: RecordId,
    /// What offices pin.
    pub key: VerifyingKey,
    /// Lets a county claim this hub, once. Kept nowhere.
    pub claim: String,
}

/// A hub's folder, held by this process.
pub struct Hub {
    key: HubKey,
    public: VerifyingKey,
    birth: Birth,
    store: Arc<dyn SegmentStore>,
    dir: PathBuf,
    page: Option<SocketAddr>,
    // Two hubs on one folder would each believe to be the only writer.
    _lock: File,
}

impl Hub {
    /// Makes a new hub in `dir`, which is created where it does not exist.
    ///
    /// # Errors
    /// [`HubFault::Exists`] for a folder that is a hub's, others when the disk refuses.
    pub fn init(dir: &Path) -> Result<Made, HubFault> {
        fs::create_dir_all(dir).map_err(HubFault::Disk)?;
        let _lock = lock(dir)?;
        let store = Sqlite::open(&dir.join(DATABASE))?;
        if store.birth()?.is_some() {
            return Err(HubFault::Exists);
        }
        // A key without a birth is what a start that was cut in the middle left behind: nobody pinned it yet.
        let key = match HubKey::open(dir)? {
            Some(key) => key,
            None => HubKey::create(dir)?,
        };
        let mut epoch = [0; 16];
        random(&mut epoch)?;
        // The system gave random numbers a moment ago, so it does now.
        let claim = Claim::new(&mut UnwrapErr(SysRng));
        store.be_born(&Birth { epoch: Incarnation(epoch), claim: claim.digest() })?;
        let public = public(&key)?;
        Ok(Made { hub: wire::hub_id(&public), key: public, claim: claim.text().to_string() })
    }

    /// Opens a hub that was made before.
    ///
    /// # Errors
    /// [`HubFault::NoHub`] for any other folder, [`HubFault::Running`] when it is served already.
    pub fn open(dir: &Path) -> Result<Self, HubFault> {
        if !dir.join(DATABASE).exists() {
            return Err(HubFault::NoHub);
        }
        let lock = lock(dir)?;
        let store = Sqlite::open(&dir.join(DATABASE))?;
        let birth = store.birth()?.ok_or(HubFault::NoHub)?;
        let key = HubKey::open(dir)?.ok_or(HubFault::Key)?;
        let (public, dir) = (public(&key)?, dir.to_owned());
        Ok(Self { public, key, birth, store: Arc::new(store), dir, page: None, _lock: lock })
    }

    /// Shows the technician's page at an address of this machine while the hub is served.
    ///
    /// # Errors
    /// [`HubFault::NotLoopback`]: the page names offices, and has no lock of its own.
    pub fn with_page(self, at: SocketAddr) -> Result<Self, HubFault> {
        if at.ip().is_loopback() { Ok(Self { page: Some(at), ..self }) } else { Err(HubFault::NotLoopback) }
    }

    /// Serves this hub in the current tokio runtime until [`RunningHub::stop`].
    ///
    /// # Errors
    /// When the address is taken or TLS cannot be set up.
    pub async fn serve(self, listen: SocketAddr) -> Result<RunningHub, HubFault> {
        let listener = TcpListener::bind(listen).await.map_err(HubFault::Address)?;
        let addr = listener.local_addr().map_err(HubFault::Address)?;
        let tls = serve::tls(&self.key)?;
        let app = routes::app(routes::Desk::new(
            self.store.clone(),
            self.public,
            self.birth,
            beginnings::Beginnings::new(&self.dir),
        ));
        let (stop, stopped) = watch::channel(false);
        let source = overview::Source { store: self.store.clone(), dir: self.dir.clone(), key: self.public };
        let page = match self.page {
            Some(at) => Some(page::serve(at, source, stopped.clone()).await?),
            None => None,
        };
        let key_hex = self.public.to_string();
        let task = tokio::spawn(async move {
            serve::serve(listener, tls, app, stopped).await;
            drop(self);
        });
        Ok(RunningHub { addr, page, key_hex, claim: None, stop, task })
    }

    /// Makes the hub if need be, opens and serves it: for tests and small programs.
    ///
    /// # Errors
    /// Those of [`Hub::init`], [`Hub::open`] and [`Hub::serve`].
    pub async fn start(data_dir: impl Into<PathBuf>, listen: SocketAddr) -> Result<RunningHub, HubFault> {
        let dir = data_dir.into();
        let opened = tokio::task::spawn_blocking(move || {
            let claim = match Self::init(&dir) {
                Ok(made) => Some(made.claim),
                Err(HubFault::Exists) => None,
                Err(fault) => return Err(fault),
            };
            Ok((Self::open(&dir)?, claim))
        });
        let (hub, claim) = opened.await.map_err(|cause| HubFault::Disk(std::io::Error::other(cause)))??;
        Ok(RunningHub { claim, ..hub.serve(listen).await? })
    }
}

/// How things stand at the hub in `dir`, whether it serves or not.
///
/// # Errors
/// [`HubFault::NoHub`] for any other folder.
pub fn status(dir: &Path) -> Result<overview::Overview, HubFault> {
    if !dir.join(DATABASE).exists() {
        return Err(HubFault::NoHub);
    }
    let key = public(&HubKey::open(dir)?.ok_or(HubFault::Key)?)?;
    let store = Arc::new(Sqlite::open(&dir.join(DATABASE))?);
    Ok(overview::Source { store, dir: dir.to_owned(), key }.look(now_ms())?)
}

/// A hub that answers.
pub struct RunningHub {
    pub addr: SocketAddr,
    /// Where the technician's page is shown, if it is.
    pub page: Option<SocketAddr>,
    /// The hub's public key, 64 hex digits.
    pub key_hex: String,
    /// The claim, when this start made the hub; nobody can ask for it later.
    pub claim: Option<String>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl RunningHub {
    /// `https://` and the address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.addr)
    }

    /// Takes no more requests, lets answers under way finish, and gives the folder free.
    pub async fn stop(self) {
        // The receiver lives in the task; when it is gone the hub has stopped already.
        let _ = self.stop.send(true);
        if let Err(cause) = self.task.await {
            tracing::error!(%cause, "the hub ended badly");
        }
    }
}

fn public(key: &HubKey) -> Result<VerifyingKey, HubFault> {
    VerifyingKey::from_bytes(&key.public()).map_err(|_| HubFault::Key)
}

fn lock(dir: &Path) -> Result<File, HubFault> {
    let file = File::create(dir.join(LOCK)).map_err(HubFault::Disk)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(HubFault::Running),
        Err(fs::TryLockError::Error(cause)) => Err(HubFault::Disk(cause)),
    }
}

/// The hub's clock, milliseconds since 1970. Told to devices; decides nothing.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn random(bytes: &mut [u8]) -> Result<(), HubFault> {
    getrandom::fill(bytes).map_err(|_| HubFault::Random)
}

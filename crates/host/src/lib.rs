//! niangjia-host: runs a core on a PC: folder, clock, chance, unlocking, the link to the hub, the loopback web server.

mod brake;
pub mod carry;
pub mod cli;
mod codes;
mod demo;
mod disk;
mod keep;
pub mod link;
pub mod packets;
mod paper;
mod pictures;
mod place;
mod replica;
mod schema;
mod snapshots;
mod space;
mod station;
mod sync;
mod testing;
mod trouble;
mod typescript;
pub mod web;

use std::path::PathBuf;

use niangjia_core::store::Moment;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

pub use schema::commands;
pub use space::Keeping;
pub use station::Station;
pub use typescript::typescript;

/// Where an office lies when nothing else is said: `NIANGJIA_DATA`, else the user's data folder.
#[must_use]
pub fn data_dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("NIANGJIA_DATA") {
        return dir.into();
    }
    users_own("LOCALAPPDATA", "XDG_DATA_HOME", ".local/share").unwrap_or_else(std::env::temp_dir).join("niangjia")
}

/// Where it stands how far this PC was, outside every data folder and in the user's own: `NIANGJIA_FENCES`, else the folder for what
/// programs remember. A backup of the data folder does not bring it back.
#[must_use]
pub fn fences_dir() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os("NIANGJIA_FENCES") {
        return Some(dir.into());
    }
    Some(users_own("APPDATA", "XDG_STATE_HOME", ".local/state")?.join("niangjia").join("fences"))
}

/// A folder of the user's: what Windows calls so, what another desktop calls so, or where it lies at home there.
fn users_own(windows: &str, elsewhere: &str, at_home: &str) -> Option<PathBuf> {
    let named = std::env::var_os(if cfg!(windows) { windows } else { elsewhere }).map(PathBuf::from);
    let home = || std::env::var_os("HOME").filter(|_| !cfg!(windows)).map(|home| PathBuf::from(home).join(at_home));
    named.or_else(home)
}

/// The clock and the chance of this PC, for one act. The only place where either is read.
#[must_use]
pub fn moment() -> Moment {
    let wall = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
    let mut seed = [0; 32];
    // Without the system's random numbers no key may be made: there is nothing sensible to go on with.
    getrandom::fill(&mut seed).expect("the operating system gives random numbers");
    Moment { wall, rng: ChaCha20Rng::from_seed(seed) }
}

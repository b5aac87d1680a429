//! Room on the disk: how much is left, what that means for work, and the ballast that is thrown overboard when a write
//! meets a full disk (rule R3 of the reliability reference).

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use niangjia_core::{Fault, replication::files};
use rand_chacha::rand_core::Rng as _;
use schemars::JsonSchema;
use serde::Serialize;

use crate::moment;

const MIB: u64 = 1 << 20;
/// Size of the ballast in bytes.
const BALLAST: u64 = 64 * MIB;

/// How this PC's folder is kept: when the disk counts as low and as full, whether there is ballast, and how often a
/// snapshot is made. The rule's own numbers unless the environment says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Below this many free bytes the clerk is warned.
    pub low: u64,
    /// Below this many free bytes nothing new is written.
    pub full: u64,
    /// Whether 64 MiB are kept as ballast.
    pub ballast: bool,
    /// Use between two snapshots.
    pub every: Duration,
    /// Bytes of what comes while the office is locked that are laid beside it.
    pub inbox: u64,
}

impl Default for Keeping {
    fn default() -> Self {
        Self { low: 500 * MIB, full: 200 * MIB, ballast: true, every: Duration::from_secs(4 * 3600), inbox: 256 * MIB }
    }
}

impl Keeping {
    /// `NIANGJIA_DISK_FLOOR_MIB` is the two limits, as `500,200` or as one number for both; `NIANGJIA_BALLAST=0` keeps none.
    #[must_use]
    pub fn from_env() -> Self {
        let floor = std::env::var("NIANGJIA_DISK_FLOOR_MIB").ok();
        let none = std::env::var("NIANGJIA_BALLAST").is_ok_and(|v| v == "0");
        let usual = Self::default();
        let (low, full) = floor.as_deref().and_then(floors).unwrap_or((usual.low, usual.full));
        Self { low, full, ballast: !none, ..usual }
    }

    /// What that many free bytes mean. Where the system does not say how many there are, work goes on.
    #[must_use]
    pub fn judge(&self, free: Option<u64>) -> Space {
        match free {
            Some(free) if free < self.full => Space::Full,
            Some(free) if free < self.low => Space::Low,
            _ => Space::Enough,
        }
    }
}

fn floors(text: &str) -> Option<(u64, u64)> {
    let (low, full) = text.split_once(',').unwrap_or((text, text));
    let bytes = |t: &str| t.trim().parse::<u64>().ok().and_then(|mib| mib.checked_mul(MIB));
    Some((bytes(low)?, bytes(full)?))
}

/// Room on the disk of the data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Space {
    /// Work as usual.
    Enough,
    /// Work goes on; the window warns.
    Low,
    /// Nothing new is written; reading, locking, drafts and what arrives from others go on.
    Full,
}

/// Room on the disk, for the window.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct DiskState {
    /// Free bytes; absent where the system does not say.
    pub free_bytes: Option<u64>,
    /// What that means.
    pub state: Space,
}

/// Free bytes for this user on the disk that holds the folder.
pub(crate) fn free(dir: &Path) -> Option<u64> {
    fs4::available_space(dir).ok()
}

pub(crate) fn refused() -> Fault {
    Fault::new(
        "disk_low",
        "磁盘快满了，这一步没有做，以前的内容都完好，仍可查看。请先腾出空间（清空回收站、把大文件移到别处），再做一次。",
        "The disk is almost full: this step was not done; everything before it is intact and can be looked at. Free some space (empty the bin, move large files elsewhere), then do it again.",
    )
}

/// The ballast file of one data folder.
pub(crate) struct Ballast {
    path: PathBuf,
    making: Mutex<Option<JoinHandle<()>>>,
}

impl Ballast {
    pub(crate) fn of(dir: &Path) -> Self {
        Self { path: dir.join("ballast"), making: Mutex::default() }
    }

    /// Makes it in the background where it is missing and the disk stays above `low` with it.
    pub(crate) fn settle(&self, low: u64) {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = making.as_ref().is_some_and(|thread| !thread.is_finished());
        let room = || self.path.parent().and_then(free).is_some_and(|free| free >= low.saturating_add(BALLAST));
        if under_way || self.path.exists() || !room() {
            return;
        }
        let path = self.path.clone();
        *making = Some(std::thread::spawn(move || {
            if let Err(fault) = write(&path) {
                // Work does not depend on it; the next quiet minute tries again.
                tracing::info!(cause = %fault, "no ballast");
                drop_part(&path);
            }
        }));
    }

    /// Waits until what [`Ballast::settle`] began is done.
    pub(crate) fn wait(&self) {
        let making = self.making.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(making) = making {
            // It can fail only by a panic, and that has been told already.
            let _ = making.join();
        }
    }

    /// Throws it overboard. Returns whether there was any.
    pub(crate) fn release(&self) -> bool {
        drop_part(&self.path);
        std::fs::remove_file(&self.path).is_ok()
    }
}

fn part(path: &Path) -> PathBuf {
    path.with_extension("part")
}

fn drop_part(path: &Path) {
    // Mostly there is none.
    let _ = std::fs::remove_file(part(path));
}

/// Chance, not zeros: some disks pack zeros into nothing, and such ballast frees nothing.
fn write(path: &Path) -> std::io::Result<()> {
    let mut rng = moment().rng;
    let mut file = std::fs::File::create(part(path))?;
    let mut page = vec![0; 1 << 20];
    for _ in 0..BALLAST / MIB {
        rng.fill_bytes(&mut page);
        file.write_all(&page)?;
    }
    file.sync_all()?;
    drop(file);
    files::renamed(&part(path), path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_those_of_the_rule() {
        let usual = Keeping::default();
        assert_eq!(usual.judge(Some(500 * MIB)), Space::Enough);
        assert_eq!(usual.judge(Some(500 * MIB - 1)), Space::Low);
        assert_eq!(usual.judge(Some(200 * MIB - 1)), Space::Full);
        assert_eq!(usual.judge(None), Space::Enough);
    }

    #[test]
    fn the_environment_may_set_one_limit_or_both() {
        assert_eq!(floors("90, 40"), Some((90 * MIB, 40 * MIB)));
        assert_eq!(floors("7"), Some((7 * MIB, 7 * MIB)));
        assert_eq!(floors("much"), None);
    }

    #[test]
    fn ballast_takes_real_room_and_gives_it_back() {
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::of(dir.path());
        ballast.settle(0);
        ballast.wait();
        assert_eq!(std::fs::metadata(&ballast.path).unwrap().len(), BALLAST);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            assert!(std::fs::metadata(&ballast.path).unwrap().blocks() * 512 >= BALLAST, "a sparse file holds nothing");
        }
        assert!(ballast.release());
        assert!(!ballast.release());
    }
}

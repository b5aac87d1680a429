//! Trouble: the data file was found damaged. From then on this program writes nothing to it; the finding outlives the
//! program in a file of its own, so that the next start looks before it opens (rule R4 of the reliability reference).

use std::path::{Path, PathBuf};

use niangjia_core::{Fault, words::Say};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is wrong with the data file, for the window.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Trouble {
    /// `store_damaged`.
    pub code: String,
    /// What happened and what to do.
    pub say: Say,
    /// Snapshots of this office that lie on this PC.
    pub snapshots: u32,
}

/// The finding as it lies on the disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) code: String,
    pub(crate) say: Say,
}

/// The fault after which nothing more is written.
pub(crate) const DAMAGED: &str = "store_damaged";

impl Finding {
    pub(crate) fn of(fault: &Fault) -> Self {
        Self { code: fault.code.clone(), say: fault.say.clone() }
    }

    pub(crate) fn fault(&self) -> Fault {
        Fault::say(&self.code, self.say.clone())
    }

    /// What an earlier run found.
    pub(crate) fn load(dir: &Path) -> Option<Self> {
        let bytes = std::fs::read(file(dir)).ok()?;
        // Whatever the file says, that it lies there says enough.
        Some(serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            Self::of(&Fault::new(
                DAMAGED,
                "本机数据文件上次被发现损坏，打开前会先检查。",
                "The data file of this PC was found damaged; it is examined before it is opened.",
            ))
        }))
    }

    /// Kept as well as the disk allows: a disk that damages one file may refuse another.
    pub(crate) fn save(&self, dir: &Path) {
        let saved =
            serde_json::to_vec_pretty(self).map_err(std::io::Error::other).and_then(|b| std::fs::write(file(dir), b));
        if let Err(e) = saved {
            tracing::warn!(cause = %e.kind(), "the finding could not be kept");
        }
    }

    pub(crate) fn forget(dir: &Path) {
        let _ = std::fs::remove_file(file(dir));
    }
}

fn file(dir: &Path) -> PathBuf {
    dir.join("trouble.json")
}

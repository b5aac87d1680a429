//! When this hub was last copied, and when such a copy was last read through: for the technician's page.

use std::path::Path;
use std::{fs, io};

use niangjia_replication::files;
use serde::{Deserialize, Serialize};

use super::{Checked, Manifest};
use crate::now_ms;

/// The file in the hub's folder.
const FILE: &str = "last-backup.json";

/// The newest backup that this folder knows of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    /// The file's name, without its folder.
    pub name: String,
    pub made_ms: i64,
    pub bytes: u64,
    pub segments: u64,
    /// When it was read through; `None`: never.
    pub verified_ms: Option<i64>,
    /// What that found; a backup that is not good is as good as none.
    pub good: Option<bool>,
}

/// What is noted in a hub's folder; `None` where there is nothing, or nothing legible.
#[must_use]
pub fn last(dir: &Path) -> Option<LastBackup> {
    serde_json::from_slice(&fs::read(dir.join(FILE)).ok()?).ok()
}

pub(super) fn made(dir: &Path, out: &Path, manifest: &Manifest) {
    let note = LastBackup {
        name: out.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        made_ms: manifest.made_ms,
        bytes: fs::metadata(out).map_or(0, |file| file.len()),
        segments: manifest.segments(),
        verified_ms: None,
        good: None,
    };
    write(dir, &note);
}

/// Notes in a hub's folder that a backup of it was read through, if it is the newest one.
pub fn verified(dir: &Path, checked: &Checked) {
    if let Some(note) = last(dir).filter(|note| checked.made_ms == Some(note.made_ms) || checked.made_ms.is_none()) {
        write(dir, &LastBackup { verified_ms: Some(now_ms()), good: Some(checked.good), ..note });
    }
}

// A backup stands whether or not it could be noted.
fn write(dir: &Path, note: &LastBackup) {
    let part = dir.join(format!("{FILE}.part"));
    let written = serde_json::to_vec(note)
        .map_err(io::Error::other)
        .and_then(|bytes| fs::write(&part, bytes))
        .and_then(|()| files::renamed(&part, &dir.join(FILE)));
    if let Err(cause) = written {
        tracing::warn!(%cause, "the backup could not be noted in the hub's folder");
    }
}

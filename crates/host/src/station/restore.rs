//! Putting a snapshot in the place of a data file that was found damaged, and bringing back what was written since (rules
//! R4 and R5 of the reliability reference). The damaged file is kept; nothing is ever removed here.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use niangjia_core::{
    Fault,
    office::{Caller, Office},
    replication::files,
    store,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Station;
use crate::{
    disk::{Unlocked, database},
    moment, snapshots,
};

/// Whose passphrase opens the snapshot, and which one is wanted.
#[derive(Deserialize, JsonSchema)]
pub struct RestoreAsk {
    /// Id or name of the clerk.
    pub clerk: String,
    /// The clerk's passphrase.
    pub passphrase: String,
    /// Name of the snapshot; the newest one that is whole where it is not said.
    #[serde(default)]
    pub name: Option<String>,
}

/// What was put back.
#[derive(Serialize, JsonSchema)]
pub struct RestoreAnswer {
    /// Name of the snapshot.
    pub name: String,
    /// When it was made, milliseconds since 1970.
    pub at: i64,
    /// Changes written after it that were brought back from the second file.
    pub brought_back: u64,
    /// Folder in which the damaged file is kept.
    pub kept_in: String,
}

/// A snapshot that is ready to take the place of the database.
pub(super) const READY: &str = "office.db.restored";
const DAMAGED: &str = "damaged";
/// The database and what SQLite keeps beside it, in the order in which they move away: a write-ahead log must never meet
/// another database.
const FILES: [&str; 3] = ["office.db-wal", "office.db-shm", "office.db"];

impl Station {
    /// Puts a snapshot in the place of a damaged or missing data file, brings back what the tail knows beyond it, and
    /// unlocks. What has been sent before comes back with the next exchange.
    ///
    /// # Errors
    /// `restore_needless` where the data file is whole, `snapshot_missing` where no snapshot can be used, those of
    /// [`Station::unlock`]; then nothing has changed.
    pub(super) fn restore(self: &Arc<Self>, ask: &RestoreAsk) -> Result<RestoreAnswer, Fault> {
        let Unlocked { key, keys } = self.slot_opened(&ask.clerk, &ask.passphrase)?;
        let path = database(self.dir());
        if path.exists() && store::diagnose(&path, &key).is_ok() {
            return Err(Fault::new(
                "restore_needless",
                "本机数据文件是好的，不需要用备份恢复，没有改动任何内容。请直接打开。",
                "The data file of this PC is whole and needs no restoring; nothing was changed. Simply unlock.",
            ));
        }
        let folder = snapshots::folder(self.dir());
        let wanted = |line: &snapshots::SnapshotLine| ask.name.as_ref().is_none_or(|name| *name == line.name);
        let sound = |line: &snapshots::SnapshotLine| store::diagnose(&folder.join(&line.name), &key).is_ok();
        let line = snapshots::list(self.dir())?.into_iter().filter(wanted).find(sound).ok_or_else(|| {
            Fault::new(
                "snapshot_missing",
                "没有找到可用的备份，没有改动任何内容，损坏的文件原样保留。请联系县总工会：已上报的内容都在县里，可以重新入网取回。",
                "No usable snapshot was found; nothing was changed and the damaged file is kept. Call the county federation: what was sent is there, and a new enrolment brings it back.",
            )
        })?;
        let ready = self.dir().join(READY);
        let part = self.dir().join(format!("{READY}.part"));
        std::fs::copy(folder.join(&line.name), &part)?;
        File::options().write(true).open(&part)?.sync_all()?;
        files::renamed(&part, &ready)?;
        let kept_in = take_place(self.dir(), DAMAGED, &snapshots::stamp(moment().wall))?;
        let office = Office::open(&path, &key)?;
        self.fence(&office);
        let back = office.take_back(true, moment())?;
        let (_, roles) = office.clerk(keys.id)?;
        let caller = Caller { clerk: keys.id, roles, moment: moment() };
        office.note_restored(&line.name, back.changes, caller)?;
        self.enter(office, &keys, key)?;
        self.carry_in();
        Ok(RestoreAnswer {
            name: line.name,
            at: line.at,
            brought_back: back.changes,
            kept_in: kept_in.display().to_string(),
        })
    }
}

/// Moves what stands in the place of the database into a folder of its own, and the ready snapshot into that place.
/// Returns the folder. Cut short at any point, [`finish`] goes on at the next start.
pub(super) fn take_place(dir: &Path, kept: &str, stamp: &str) -> Result<PathBuf, Fault> {
    let aside = dir.join(kept).join(stamp);
    std::fs::create_dir_all(&aside)?;
    for name in FILES {
        match files::renamed(&dir.join(name), &aside.join(name)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
            _ => {}
        }
    }
    #[cfg(unix)]
    File::open(&aside)?.sync_all()?;
    files::named(&dir.join(READY), &database(dir))?;
    Ok(aside)
}

/// Goes on with a restore that was cut short after the damaged file had moved away.
///
/// # Errors
/// `file_failed`.
pub(super) fn finish(dir: &Path) -> Result<(), Fault> {
    if dir.join(READY).exists() && !dir.join("office.db").exists() {
        take_place(dir, DAMAGED, &snapshots::stamp(moment().wall))?;
    }
    Ok(())
}

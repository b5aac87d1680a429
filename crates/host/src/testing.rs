//! Testing snapshots: a copy of one is opened in a folder of its own, as it would be after a loss, and compared with its own log.
//! The keeper does it by itself after each snapshot, and then prunes what such a one covers.

use std::{
    fs::File,
    io::{ErrorKind, Read, Write as _},
    path::Path,
    sync::PoisonError,
};

use niangjia_core::{Fault, backups::TestedBackup, office::Office};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    moment,
    snapshots::{self, SnapshotLine, SnapshotsAnswer},
    space::{self, Space},
    station::{Session, Station},
};

/// The folder in which copies are opened.
const SCRATCH: &str = "testing";

/// Which snapshot.
#[derive(Deserialize, JsonSchema)]
pub struct TestAsk {
    /// Its name; the newest one where it is not said.
    #[serde(default)]
    pub name: Option<String>,
}

impl Station {
    /// Opens a copy of a snapshot, makes its tables again from its log and compares; notes it where all was the same.
    ///
    /// # Errors
    /// `snapshot_missing`, `backup_unsound`, `disk_low`; then it does not count as tested.
    pub(crate) fn test_snapshot(&self, session: &Session, name: Option<&str>) -> Result<(), Fault> {
        let _turn = self.keeper.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let line = snapshots::list(self.dir())?.into_iter().find(|line| name.is_none_or(|name| line.name == name));
        let line = line.ok_or_else(|| {
            Fault::new(
                "snapshot_missing",
                "没有找到要核对的备份，没有改变任何内容。请先做一个备份。",
                "The snapshot to be tested was not found; nothing was changed. Make one first.",
            )
        })?;
        // The copy, and what is written beside it while its tables are made again.
        let left = space::free(self.dir()).map(|free| free.saturating_sub(line.bytes.saturating_mul(3)));
        if self.keeper.keeping.judge(left) == Space::Full {
            return Err(space::refused());
        }
        let scratch = self.dir().join(SCRATCH);
        clear(&scratch)?;
        std::fs::create_dir_all(&scratch)?;
        let tested = self.test(session, &line, &scratch.join("office.db"));
        let cleared = clear(&scratch);
        if tested.is_err() {
            session.office.forget_tested(&line.name)?;
        }
        tested.and(cleared)
    }

    fn test(&self, session: &Session, line: &SnapshotLine, copy: &Path) -> Result<(), Fault> {
        let file = copied(&snapshots::folder(self.dir()).join(&line.name), copy)?;
        let proof = Office::test_backup(copy, &session.key)?;
        session.office.note_tested(&line.name, TestedBackup { at: moment().wall, file }, &proof)
    }

    /// Forgets the tests of snapshots that are not there any more, or whose files are not those that passed.
    pub(crate) fn forget_other_files(&self, session: &Session) -> Result<(), Fault> {
        for (name, tested) in session.office.tested_backups()? {
            // What cannot be read counts for nothing.
            if digest(&snapshots::folder(self.dir()).join(&name)).ok() != Some(tested.file) {
                session.office.forget_tested(&name)?;
            }
        }
        Ok(())
    }

    /// Snapshots, and when each of them passed its test.
    pub(crate) fn list_snapshots(&self, session: &Session) -> Result<SnapshotsAnswer, Fault> {
        let tested = session.office.tested_backups()?;
        let mut snapshots = snapshots::list(self.dir())?;
        for line in &mut snapshots {
            line.tested = tested.get(&line.name).map(|tested| tested.at);
        }
        Ok(SnapshotsAnswer { snapshots })
    }

    /// The keeper's round behind the snapshot: the newest one is tested; while nobody has written since, the log is summed up where
    /// it has grown, and what has stood below a checkpoint for long enough goes, one step a round.
    ///
    /// # Errors
    /// What [`Station::test_snapshot`] and pruning say; then nothing has changed.
    pub(crate) fn look_after_log(&self, session: &Session) -> Result<(), Fault> {
        let there = self.list_snapshots(session)?.snapshots;
        let Some(newest) = there.first() else { return Ok(()) };
        if newest.tested.is_none() {
            return self.test_snapshot(session, Some(&newest.name));
        }
        if !self.known(session, &there)? {
            return Ok(());
        }
        session.office.sum_up_for_pruning(moment())?;
        self.forget_other_files(session)?;
        let gone = session.office.prune_by_itself(moment())?;
        if gone > 0 {
            tracing::info!(segments = gone, "the log was pruned");
            self.tell(&["sync".to_owned()]);
        }
        Ok(())
    }
}

fn clear(folder: &Path) -> Result<(), Fault> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e.into()),
        _ => Ok(()),
    }
}

/// Copies a file. Returns its BLAKE3.
fn copied(from: &Path, to: &Path) -> Result<[u8; 32], Fault> {
    let mut out = File::create(to)?;
    let hash = read_through(from, |bytes| out.write_all(bytes))?;
    out.sync_all()?;
    Ok(hash)
}

fn digest(file: &Path) -> Result<[u8; 32], Fault> {
    Ok(read_through(file, |_| Ok(()))?)
}

fn read_through(file: &Path, mut piece: impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<[u8; 32]> {
    let (mut file, mut hash, mut buffer) = (File::open(file)?, blake3::Hasher::new(), vec![0; 256 << 10]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(*hash.finalize().as_bytes()),
            read => {
                hash.update(&buffer[..read]);
                piece(&buffer[..read])?;
            }
        }
    }
}

//! Putting a backup back: a hub with the old key and a new epoch, so that offices look and fill in what it lacks.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use niangjia_replication::keys::VerifyingKey;
use niangjia_replication::{Incarnation, RecordId, files, wire};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{Checked, beside, connect, private, remove, verify};
use crate::identity::HubKey;
use crate::store::StoreFault;
use crate::{DATABASE, HubFault, LOCK, lock, public, random};

/// A hub that was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    pub hub: RecordId,
    /// What offices have pinned: the same as before.
    pub key: VerifyingKey,
    /// Another than before.
    pub epoch: Incarnation,
    pub segments: u64,
    /// When the backup was made; what came later is with the offices.
    pub made_ms: Option<i64>,
}

/// Makes the hub of a backup in `dir`, which must be empty or absent. The folder is a hub's only once everything is on disk;
/// a restore that was cut short is begun again by the next one.
///
/// # Errors
/// [`HubFault::NotEmpty`], [`HubFault::BadBackup`] with the first thing that is wrong, others when the disk refuses.
pub fn restore(file: &Path, dir: &Path) -> Result<Restored, HubFault> {
    fs::create_dir_all(dir).map_err(HubFault::Disk)?;
    let part = dir.join(format!("{DATABASE}.restoring"));
    empty(dir, &part)?;
    let _lock = lock(dir)?;
    // Its presence says that a key beside it comes from a restore that did not end, and not from a hub.
    for left in [beside(&part, "-journal"), dir.join(HubKey::FILE), part.clone()] {
        remove(&left)?;
    }
    let mut copy = private(&part)?;
    io::copy(&mut fs::File::open(file).map_err(HubFault::Disk)?, &mut copy).map_err(HubFault::Disk)?;
    copy.sync_all().map_err(HubFault::Disk)?;
    drop(copy);
    // The copy is what will be served, so the copy is what is read through.
    let checked = verify(&part)?;
    if !checked.good {
        remove(&part)?;
        return Err(HubFault::BadBackup(checked.told.first().cloned().unwrap_or_default()));
    }
    let restored = settle(&part, dir, &checked)?;
    files::named(&part, &dir.join(DATABASE)).map_err(HubFault::Disk)?;
    Ok(restored)
}

fn empty(dir: &Path, part: &Path) -> Result<(), HubFault> {
    let begun = part.exists();
    for entry in fs::read_dir(dir).map_err(HubFault::Disk)? {
        let name = entry.map_err(HubFault::Disk)?.file_name();
        let name = name.to_string_lossy();
        let own = begun && (name == HubKey::FILE || name.starts_with("hub.db.restoring"));
        if name != LOCK && !own {
            return Err(HubFault::NotEmpty);
        }
    }
    Ok(())
}

fn settle(part: &Path, dir: &Path, checked: &Checked) -> Result<Restored, HubFault> {
    let mut epoch = [0; 16];
    random(&mut epoch)?;
    let copy = connect(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let seed = rewrite(&copy, &epoch).map_err(StoreFault::from)?;
    drop(copy);
    fs::File::options().write(true).open(part).and_then(|file| file.sync_all()).map_err(HubFault::Disk)?;
    let key = HubKey::read(&seed)?;
    let mut file = private(&dir.join(HubKey::FILE))?;
    file.write_all(key.text().as_bytes()).and_then(|()| file.sync_all()).map_err(HubFault::Disk)?;
    files::name_kept(part).map_err(HubFault::Disk)?;
    let key = public(&key)?;
    Ok(Restored {
        hub: wire::hub_id(&key),
        key,
        epoch: Incarnation(epoch),
        segments: checked.segments,
        made_ms: checked.made_ms,
    })
}

fn rewrite(copy: &Connection, epoch: &[u8; 16]) -> rusqlite::Result<Zeroizing<String>> {
    let act = copy.unchecked_transaction()?;
    let seed = Zeroizing::new(act.query_row("SELECT seed FROM backup_key", [], |row| row.get::<_, String>(0))?);
    act.execute("UPDATE hub SET epoch = ?1", [epoch])?;
    act.execute_batch("DROP TABLE backup_key; DROP TABLE backup_manifest;")?;
    act.commit()?;
    Ok(seed)
}

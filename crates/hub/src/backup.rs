//! Backups: one private file that holds all that a hub is, its key included, so that it can live again on another machine.
//!
//! Made beside a hub that serves; read through to the last segment before anyone relies on it; put back under another epoch.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use niangjia_replication::keys::VerifyingKey;
use niangjia_replication::{Incarnation, RecordId, files, wire};
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};

use crate::identity::HubKey;
use crate::store::StoreFault;
use crate::{DATABASE, HubFault, now_ms, public};

mod check;
mod marks;
mod note;
mod restore;
#[cfg(test)]
mod tests;

pub use check::{Checked, verify};
pub use note::{LastBackup, last, verified};
pub use restore::{Restored, restore};

/// What this build writes, and the only thing that it reads.
const FORMAT: u32 = 1;
/// What a backup holds beside the hub's own tables.
const TABLES: &str = "
    CREATE TABLE backup_key (one INTEGER PRIMARY KEY CHECK (one = 1), seed TEXT NOT NULL) STRICT;
    CREATE TABLE backup_manifest (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL) STRICT;";

/// What a backup says about itself; compared with what it holds when it is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub hub: RecordId,
    pub key: VerifyingKey,
    /// The epoch of the hub that was copied; a restored one gets another.
    pub epoch: Incarnation,
    /// The hub's clock, milliseconds since 1970.
    pub made_ms: i64,
    /// The version of the program that made it.
    pub program: String,
    pub tables: Vec<TableMark>,
    pub streams: Vec<StreamMark>,
}

/// Rows of a table, and one hash over every value in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableMark {
    pub table: String,
    pub rows: u64,
    pub digest: wire::Digest,
}

/// Segments of a stream, and one hash over theirs in the order of chain and number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamMark {
    pub stream: String,
    pub segments: u64,
    pub digest: wire::Digest,
}

impl Manifest {
    /// Segments of all streams.
    #[must_use]
    pub fn segments(&self) -> u64 {
        self.streams.iter().map(|stream| stream.segments).sum()
    }
}

/// Copies the hub in `dir`, whether it serves or not, into the new file `out`. The file has its name only when it is whole.
///
/// # Errors
/// [`HubFault::Target`] when there is such a file already, [`HubFault::NoHub`] for any other folder.
pub fn backup(dir: &Path, out: &Path) -> Result<Manifest, HubFault> {
    if !dir.join(DATABASE).exists() {
        return Err(HubFault::NoHub);
    }
    if out.exists() {
        return Err(HubFault::Target);
    }
    let key = HubKey::open(dir)?.ok_or(HubFault::Key)?;
    let part = beside(out, ".part");
    remove(&part)?;
    let made = write(dir, &part, &key).inspect_err(|_| {
        // What is left is half a copy with the hub's key in it.
        let _ = fs::remove_file(&part);
    })?;
    files::named(&part, out).map_err(HubFault::Disk)?;
    note::made(dir, out, &made);
    Ok(made)
}

fn write(dir: &Path, part: &Path, key: &HubKey) -> Result<Manifest, HubFault> {
    // Made first, and empty, so that nobody else may read it for even a moment.
    drop(private(part)?);
    let hub = connect(&dir.join(DATABASE), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // One read transaction: the copy is of one instant, and the hub writes on meanwhile.
    let name = part.to_str().ok_or(HubFault::Name)?;
    hub.execute("VACUUM INTO ?1", [name]).map_err(StoreFault::from)?;
    drop(hub);
    let copy = connect(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let made = finish(&copy, key)?;
    drop(copy);
    File::options().write(true).open(part).and_then(|file| file.sync_all()).map_err(HubFault::Disk)?;
    Ok(made)
}

fn finish(copy: &Connection, key: &HubKey) -> Result<Manifest, HubFault> {
    let sql = |cause| HubFault::from(StoreFault::from(cause));
    let act = copy.unchecked_transaction().map_err(sql)?;
    let epoch = act.query_row("SELECT epoch FROM hub", [], |row| row.get(0)).map_err(sql)?;
    let key_public = public(key)?;
    let manifest = Manifest {
        format: FORMAT,
        hub: wire::hub_id(&key_public),
        key: key_public,
        epoch: Incarnation(epoch),
        made_ms: now_ms(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        tables: marks::tables(&act).map_err(sql)?,
        streams: marks::streams(&act).map_err(sql)?,
    };
    let json = serde_json::to_string(&manifest).map_err(|cause| HubFault::Disk(io::Error::other(cause)))?;
    act.execute_batch(TABLES).map_err(sql)?;
    act.execute("INSERT INTO backup_key (one, seed) VALUES (1, ?1)", [key.text().as_str()]).map_err(sql)?;
    act.execute("INSERT INTO backup_manifest (one, json) VALUES (1, ?1)", [&json]).map_err(sql)?;
    act.commit().map_err(sql)?;
    Ok(manifest)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreFault> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    // What is dropped from a copy that held the key is blanked, not only unlinked.
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON;",
    )?;
    Ok(connection)
}

/// A new file that only the hub's account may read.
fn private(path: &Path) -> Result<File, HubFault> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map_err(HubFault::Disk)
}

fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    name.into()
}

fn remove(path: &Path) -> Result<(), HubFault> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(HubFault::Disk(cause)),
        _ => Ok(()),
    }
}

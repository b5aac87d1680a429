//! Second copies: a whole, encrypted and proven copy of the database, and the diagnosis of a file in a connection of its
//! own (rules R4 and R5 of the reliability reference).

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    sync::{PoisonError, atomic::Ordering},
};

use niangjia_replication::files;
use rusqlite::{Connection, config::DbConfig, types::ValueRef};

use super::{DatabaseKey, Store, open};
use crate::fault::Fault;

/// What an office knows, in 32 bytes: two stores with one imprint need no second snapshot. It never leaves the memory.
pub type Imprint = [u8; 32];

/// What an imprint is made from, in an order that a copy keeps. Left out: the tables that follow from the log, and how far
/// the hub is, which the next exchange finds out again.
const MARKED: [&str; 6] = [
    "SELECT stream, inc, applied, changes, digest, confirmed FROM head ORDER BY stream, inc",
    "SELECT max(no), count(*) FROM segment",
    "SELECT max(no), count(*) FROM quarantine",
    "SELECT key, at FROM draft ORDER BY key",
    "SELECT no, undone FROM batch ORDER BY no",
    "SELECT name, value FROM secret ORDER BY name",
];

fn imprint(conn: &Connection) -> Result<Imprint, Fault> {
    let mut hash = blake3::Hasher::new();
    for (no, sql) in MARKED.iter().enumerate() {
        hash.update(&no.to_le_bytes());
        let mut statement = conn.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                mark(&mut hash, row.get_ref(column)?);
            }
        }
    }
    Ok(*hash.finalize().as_bytes())
}

/// Takes one value into a hash, so that no two rows of values look alike.
pub(super) fn mark(hash: &mut blake3::Hasher, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => hash.update(b"n"),
        ValueRef::Integer(i) => hash.update(b"i").update(&i.to_le_bytes()),
        ValueRef::Real(r) => hash.update(b"r").update(&r.to_le_bytes()),
        ValueRef::Text(b) | ValueRef::Blob(b) => hash.update(b"b").update(&b.len().to_le_bytes()).update(b),
    };
}

/// Reads every page of a file that nobody may write to, in a connection of its own: one bad page poisons a connection,
/// so the one that met it can say nothing about the rest.
///
/// # Errors
/// `store_damaged`, `store_not_encrypted`.
pub fn diagnose(path: &Path, key: &DatabaseKey) -> Result<(), Fault> {
    open::prove_encrypted(path)?;
    open::check_whole(&open::still(path, key)?)
}

/// The imprint of a snapshot.
///
/// # Errors
/// `store_damaged` where the file is not whole or belongs to another office.
pub fn imprint_of(path: &Path, key: &DatabaseKey) -> Result<Imprint, Fault> {
    imprint(&open::still(path, key)?)
}

impl Store {
    pub(crate) fn imprint(&self) -> Result<Imprint, Fault> {
        self.read(imprint)
    }

    /// Writes a copy of what is committed to `to`, under the same key. The copy bears its name only once it has been read
    /// back whole and lies on the disk; until then, and after a fault, there is nothing under that name.
    ///
    /// # Errors
    /// `store_damaged` where this store cannot be read, `snapshot_unsound` where the copy is not whole, `disk_full`.
    pub(crate) fn snapshot(&self, to: &Path) -> Result<Imprint, Fault> {
        let part = beside(to, ".part");
        remove(&part)?;
        let made = self.copy(&part).and_then(|()| {
            proven(&part, &self.key).map_err(|cause| {
                Fault::new(
                    "snapshot_unsound",
                    "刚做的备份读回来不完整，已经丢弃；本机数据没有改变，以前的备份都在。请检查磁盘后再备份一次。",
                    "The snapshot just made did not read back whole and was thrown away; the data of this PC are unchanged and earlier snapshots stand. Check the disk and make one again.",
                )
                .because(cause)
            })
        });
        let named = made.and_then(|imprint| {
            File::options().write(true).open(&part)?.sync_all()?;
            files::named(&part, to)?;
            Ok(imprint)
        });
        if named.is_err() {
            // The fault at hand says more than one of clearing up.
            let _ = remove(&part);
        }
        named
    }

    fn copy(&self, to: &Path) -> Result<(), Fault> {
        let name = to.to_str().ok_or_else(|| Fault::from(std::io::Error::from(std::io::ErrorKind::InvalidFilename)))?;
        // A connection of its own: readers may not write, and the writer stays free for the clerk.
        let conn = open::writer(&self.path, &self.key)?;
        conn.execute("VACUUM INTO ?1", [name])?;
        Ok(())
    }

    /// Lets go of a damaged file without one more write: closing does not carry the write-ahead log over into it.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
        for conn in self.readers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            leave_alone(conn, true);
        }
        let writer = self.write();
        leave_alone(&writer, true);
        // Whoever waits for the writer just now is refused too.
        let _ = writer.pragma_update(None, "query_only", true);
    }
}

/// Closing this connection carries nothing from the write-ahead log into the file.
pub(super) fn leave_alone(conn: &Connection, alone: bool) {
    // SQLite refuses only an option that it does not know.
    let _ = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, alone);
}

fn proven(part: &Path, key: &DatabaseKey) -> Result<Imprint, Fault> {
    diagnose(part, key)?;
    imprint_of(part, key)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn remove(path: &Path) -> Result<(), Fault> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
        _ => Ok(()),
    }
}

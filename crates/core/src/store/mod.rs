//! The store: one encrypted database that holds the log and the tables seen through it.

mod act;
mod apply;
pub(crate) mod base;
mod carried;
pub(crate) mod checkpoint;
mod deeds;
pub(crate) mod forks;
pub(crate) mod gather;
mod heads;
mod intake;
mod likeness;
mod log;
pub(crate) mod memory;
mod mend;
pub(crate) mod merge;
pub(crate) mod moving;
mod open;
pub(crate) mod orders;
pub(crate) mod outgoing;
mod outside;
mod parting;
mod pieces;
mod rebuild;
mod receipts;
mod replay;
pub(crate) mod rows;
mod said;
mod snapshot;
pub(crate) mod standing;
mod tail;
mod upgrade;
pub(crate) mod versions;
pub(crate) mod waiting;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

pub(crate) use act::Done;
pub(crate) use act::begins;
pub use act::{Act, Moment, NewEvent, today};
pub use apply::Fold;
pub(crate) use apply::{RECEIPT, Touched, first_of_a_record};
pub(crate) use checkpoint::{AtHub, Hold, Prospect};
pub(crate) use deeds::{deeds, deeds_of};
pub(crate) use heads::{frontier, holds, hub_has, missing};
pub use intake::Received;
pub(crate) use intake::{Intake, parked};
pub(crate) use likeness::{Also, likeness};
pub(crate) use log::{Fresh, LogKeys, put_out};
pub(crate) use merge::past;
pub use open::DatabaseKey;
pub(crate) use open::{narrow, widen};
pub(crate) use orders::{GRANT, ORDER};
pub(crate) use outside::Outside;
pub(crate) use pieces::{Piece, bytes, pieces};
pub(crate) use rebuild::{Blanking, drop_tables, make_indices};
pub(crate) use receipts::Receipt;
pub use rows::EventRow;
#[cfg(test)]
pub(crate) use rows::event_of_test;
pub use snapshot::{Imprint, diagnose, imprint_of};
pub use standing::{Mark, Standing};
pub(crate) use tail::{Block as TailBlock, Entry, Fence, Tail};

use niangjia_replication::planted;
use rusqlite::Connection;

use crate::{fault::Fault, record::Schema};
use memory::{Memory, meta, set_meta};

/// One writer and a few readers on one file.
pub(crate) struct Store {
    path: PathBuf,
    key: DatabaseKey,
    pub(crate) schema: Schema,
    pub(crate) folds: BTreeMap<&'static str, Fold>,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    memory: RwLock<Arc<Memory>>,
    /// What `data_version` was when the memory was last taken from the file; another process that writes raises it.
    seen: AtomicI64,
    /// The file is damaged: no connection writes to it any more, not even by closing.
    abandoned: AtomicBool,
    pub(crate) tail: Tail,
}

impl Store {
    /// Makes a new file with an incarnation of its own.
    ///
    /// # Errors
    /// `store_exists` where the file is there already, or the database's own.
    pub(crate) fn create(
        path: &Path,
        key: &DatabaseKey,
        schema: Schema,
        folds: BTreeMap<&'static str, Fold>,
        incarnation: [u8; 16],
    ) -> Result<Self, Fault> {
        if path.exists() {
            return Err(Fault::new(
                "store_exists",
                "这个文件夹里已有一个办公室的数据，没有覆盖。请换一个空文件夹，或直接打开已有的办公室。",
                "This folder already holds an office; nothing was overwritten. Choose an empty folder or open the office that is there.",
            ));
        }
        let conn = open::maker(path, key)?;
        let tx = conn.unchecked_transaction()?;
        tx.execute_batch(open::TABLES)?;
        upgrade::begin(&tx)?;
        rebuild::make_tables(&tx, &schema)?;
        set_meta(&tx, "incarnation", &hex::encode(incarnation))?;
        set_meta(&tx, "schema", &schema.fingerprint())?;
        tx.commit()?;
        open::prove_encrypted(path)?;
        Self::with(path, key, schema, folds, conn)
    }

    /// Opens a file that exists; rebuilds the tables where this version sees the records differently.
    ///
    /// # Errors
    /// `store_damaged` where the file is not whole or the key does not fit it.
    pub(crate) fn open(
        path: &Path,
        key: &DatabaseKey,
        schema: Schema,
        folds: BTreeMap<&'static str, Fold>,
    ) -> Result<Self, Fault> {
        if !path.exists() {
            return Err(Fault::new(
                "store_missing",
                "没有找到本机数据文件。请检查数据文件夹是否被移动，不要新建办公室，先联系县总工会。",
                "The data file of this PC was not found. Check whether the folder was moved; do not start a new office, call the county federation first.",
            ));
        }
        open::prove_encrypted(path)?;
        let conn = open::writer(path, key)?;
        Self::with(path, key, schema, folds, conn)
    }

    fn with(
        path: &Path,
        key: &DatabaseKey,
        schema: Schema,
        folds: BTreeMap<&'static str, Fold>,
        conn: Connection,
    ) -> Result<Self, Fault> {
        // A page behind the first one may be bad: closing writes nothing until the memory could be read.
        snapshot::leave_alone(&conn, true);
        upgrade::run(&conn, path, key, upgrade::STEPS)?;
        let memory = Memory::load(&conn)?;
        let seen = data_version(&conn)?;
        snapshot::leave_alone(&conn, false);
        Ok(Self {
            path: path.to_owned(),
            key: key.clone(),
            schema,
            folds,
            writer: Mutex::new(conn),
            readers: Mutex::new(Vec::new()),
            memory: RwLock::new(Arc::new(memory)),
            seen: AtomicI64::new(seen),
            abandoned: AtomicBool::new(false),
            tail: Tail::of(path, key),
        })
    }

    /// The folder of the database, for files that belong to the office.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Whether the tables were made by a version that sees the records differently.
    pub(crate) fn stale(&self) -> Result<bool, Fault> {
        if planted!("unknown fields dropped") {
            return Ok(false);
        }
        Ok(meta(&self.write(), "schema")?.as_deref() != Some(&self.schema.fingerprint()))
    }

    /// The one writer.
    pub(crate) fn write(&self) -> MutexGuard<'_, Connection> {
        // A panic in an act rolled its transaction back when the guard fell; the connection itself is sound.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer, where nobody is writing just now.
    pub(crate) fn try_write(&self) -> Option<MutexGuard<'_, Connection>> {
        self.writer.try_lock().ok()
    }

    /// Takes the memory from the file again where another process has written since. Returns whether it had.
    pub(crate) fn refresh(&self, conn: &Connection) -> Result<bool, Fault> {
        let now = data_version(conn)?;
        if self.seen.swap(now, Ordering::AcqRel) == now {
            return Ok(false);
        }
        self.swap(Memory::load(conn)?);
        Ok(true)
    }

    /// The memory as of the last commit.
    pub(crate) fn memory(&self) -> Arc<Memory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn swap(&self, memory: Memory) {
        *self.memory.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(memory);
    }

    /// Runs a query on a connection that cannot write.
    pub(crate) fn read<T>(&self, run: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let waiting = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match waiting {
            Some(conn) => conn,
            None => open::reader(&self.path, &self.key)?,
        };
        let out = run(&conn);
        if self.abandoned.load(Ordering::Acquire) {
            snapshot::leave_alone(&conn, true);
        }
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(conn);
        }
        out
    }

    /// Reads every page of the file.
    ///
    /// # Errors
    /// `store_damaged`.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        self.read(open::check_whole)
    }
}

fn data_version(conn: &Connection) -> Result<i64, Fault> {
    Ok(conn.query_row("PRAGMA data_version", [], |r| r.get(0))?)
}

/// Readers kept open between queries.
const READERS: usize = 3;

pub(crate) fn secret(conn: &Connection, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    use rusqlite::OptionalExtension as _;
    Ok(conn.prepare_cached("SELECT value FROM secret WHERE name = ?1")?.query_row([name], |r| r.get(0)).optional()?)
}

pub(crate) fn set_secret(conn: &Connection, name: &str, value: &[u8]) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO secret (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
    )?
    .execute(rusqlite::params![name, value])?;
    Ok(())
}

pub(crate) fn local(conn: &Connection, name: &str) -> Result<Option<String>, Fault> {
    use rusqlite::OptionalExtension as _;
    Ok(conn.prepare_cached("SELECT value FROM local WHERE name = ?1")?.query_row([name], |r| r.get(0)).optional()?)
}

pub(crate) fn set_local(conn: &Connection, name: &str, value: &str) -> Result<(), Fault> {
    conn.prepare_cached("INSERT INTO local (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")?
        .execute([name, value])?;
    Ok(())
}

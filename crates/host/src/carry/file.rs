//! The folder that a locked PC works from: a transport key that opens nothing, and one small file with sealed segments on their way
//! out and in. Neither is encrypted, for neither says more than the hub is told.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use niangjia_core::{
    carry::Outgoing,
    identity::Hub,
    replication::{Frontier, Head, Incarnation, RecordId, Stream, keys::SigningKey},
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

const FOLDER: &str = "carry";
const FILE: &str = "carry.db";
const VERSION: i64 = 1;
/// Bytes of sealed segments that are laid out to be sent; what is more goes once the office is unlocked.
const OUTBOX: u64 = 64 << 20;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- What the office held when it was locked.
CREATE TABLE IF NOT EXISTS stream (name TEXT PRIMARY KEY, frontier BLOB NOT NULL) STRICT, WITHOUT ROWID;
-- Own segments, sealed and signed; there: the hub said that it holds it.
CREATE TABLE IF NOT EXISTS outbox (no INTEGER PRIMARY KEY, stream TEXT NOT NULL, chain BLOB NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,
    prev BLOB NOT NULL, changes INTEGER NOT NULL, there INTEGER NOT NULL DEFAULT 0, bytes BLOB NOT NULL) STRICT;
-- Segments as they came.
CREATE TABLE IF NOT EXISTS inbox (no INTEGER PRIMARY KEY, stream TEXT NOT NULL, chain BLOB NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,
    prev BLOB NOT NULL, changes INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
";

/// What can be wrong with the folder. None of it touches the office: it is made anew at the next unlocking.
#[derive(Debug, Error)]
pub(crate) enum CarryFault {
    #[error("the folder is damaged, or of another version")]
    Damaged,
    /// An unlocked office has written it anew; what was under way on the old one ends.
    #[error("the office was unlocked in the meantime")]
    Unlocked,
    #[error("the folder: {0}")]
    Sqlite(rusqlite::Error),
    #[error("the folder: {0}")]
    Disk(#[from] io::Error),
}

impl From<rusqlite::Error> for CarryFault {
    fn from(cause: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match &cause {
            rusqlite::Error::SqliteFailure(failure, _) if matches!(failure.code, DatabaseCorrupt | NotADatabase) => {
                Self::Damaged
            }
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => Self::Damaged,
            _ => Self::Sqlite(cause),
        }
    }
}

/// Where the hub is, whose carrier asks it, and how the office stood when it was locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Papers {
    pub(crate) hub: Hub,
    /// The certificates of the PC and of its carrier, hexadecimal.
    pub(crate) chain: String,
    /// Changes that the hub did not hold.
    pub(crate) unsent: u64,
    /// What the hub was told of the office last.
    pub(crate) counts: BTreeMap<String, u64>,
    /// Whether what others wrote is fetched.
    pub(crate) fetch: bool,
}

/// What has become of it since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Since {
    /// When the last exchange ended well, milliseconds since 1970.
    #[serde(default)]
    pub(crate) last: Option<i64>,
    /// The hub said that the county has shut out this PC.
    #[serde(default)]
    pub(crate) shut_out: bool,
    /// The inbox had no room for what came.
    #[serde(default)]
    pub(crate) full: bool,
}

/// A sealed segment and its place.
pub(crate) struct Laid {
    pub(crate) no: i64,
    pub(crate) stream: Stream,
    pub(crate) chain: Incarnation,
    pub(crate) head: Head,
    pub(crate) prev: [u8; 32],
    pub(crate) changes: u64,
    pub(crate) there: bool,
}

/// How much lies in the folder.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    /// Changes in the outbox.
    pub(crate) laid: u64,
    /// Those of them that the hub has taken.
    pub(crate) handed: u64,
    /// Changes that came.
    pub(crate) came: u64,
    /// Bytes of them.
    pub(crate) bytes: u64,
}

/// The open folder.
pub(crate) struct CarryFile {
    conn: Connection,
    pub(super) dir: PathBuf,
}

pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

/// Takes the folder away: there is nothing to carry, or it cannot be read.
pub(crate) fn remove(data: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder(data)) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

impl CarryFile {
    /// Opens the folder, if there is one.
    pub(crate) fn open(data: &Path) -> Result<Option<Self>, CarryFault> {
        let dir = folder(data);
        if !dir.join(FILE).exists() {
            return Ok(None);
        }
        Self::opened(dir).map(Some)
    }

    /// Opens the folder, and makes it where it is missing.
    pub(crate) fn make(data: &Path) -> Result<Self, CarryFault> {
        let dir = folder(data);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.recursive(true).create(&dir)?;
        Self::opened(dir)
    }

    fn opened(dir: PathBuf) -> Result<Self, CarryFault> {
        let conn = Connection::open(dir.join(FILE))?;
        conn.busy_timeout(Duration::from_secs(5))?;
        conn.pragma_update(None, "journal_mode", "DELETE")?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        match conn.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
            VERSION => {}
            0 => {
                let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
                tx.execute_batch(TABLES)?;
                tx.pragma_update(None, "user_version", VERSION)?;
                tx.commit()?;
            }
            _ => return Err(CarryFault::Damaged),
        }
        Ok(Self { conn, dir })
    }

    fn note<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, CarryFault> {
        let mut statement = self.conn.prepare_cached("SELECT value FROM note WHERE name = ?1")?;
        let text: Option<String> = statement.query_row([name], |row| row.get(0)).optional()?;
        text.map(|text| serde_json::from_str(&text).map_err(|_| CarryFault::Damaged)).transpose()
    }

    fn put_note(&self, name: &str, value: &impl Serialize) -> Result<(), CarryFault> {
        let text = serde_json::to_string(value).map_err(|_| CarryFault::Damaged)?;
        self.conn
            .prepare_cached(
                "INSERT INTO note (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            )?
            .execute([name, &text])?;
        Ok(())
    }

    pub(crate) fn papers(&self) -> Result<Option<Papers>, CarryFault> {
        self.note("papers")
    }

    /// Tells one filling of the folder from another.
    pub(crate) fn mark(&self) -> Result<Option<String>, CarryFault> {
        self.note("mark")
    }

    pub(crate) fn since(&self) -> Result<Since, CarryFault> {
        Ok(self.note("since")?.unwrap_or_default())
    }

    /// Notes what became of an exchange; of a filling that an unlocked office has replaced nothing is noted.
    pub(crate) fn put_since(&self, mark: &str, since: &Since) -> Result<(), CarryFault> {
        self.act(mark, |file| file.put_note("since", since))
    }

    /// Writes in one transaction, as long as the filling is still the one that was read.
    pub(crate) fn act<T>(&self, mark: &str, act: impl FnOnce(&Self) -> Result<T, CarryFault>) -> Result<T, CarryFault> {
        let tx = Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate)?;
        if self.mark()?.as_deref() != Some(mark) {
            return Err(CarryFault::Unlocked);
        }
        let done = act(self)?;
        tx.commit()?;
        Ok(done)
    }

    /// Fills the folder with how the unlocked office stands. What came stays until it is applied.
    pub(crate) fn fill<E: From<CarryFault>>(
        &self,
        (papers, mark): (&Papers, &str),
        frontiers: &[(Stream, Frontier)],
        outbox: &[Outgoing],
        mut bytes: impl FnMut(&Outgoing) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<(), E> {
        let own = CarryFault::from;
        let tx = Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate).map_err(own)?;
        self.put_note("papers", papers)?;
        self.put_note("mark", &mark)?;
        self.put_note("since", &Since { last: self.since()?.last, ..Since::default() })?;
        tx.execute("DELETE FROM stream", []).map_err(own)?;
        for (stream, frontier) in frontiers {
            tx.execute(
                "INSERT INTO stream (name, frontier) VALUES (?1, ?2)",
                params![stream.to_string(), frontier.to_cbor()],
            )
            .map_err(own)?;
        }
        let before: Vec<i64> = self.outbox()?.iter().map(|laid| laid.no).collect();
        let mut kept = Vec::with_capacity(outbox.len());
        let mut room = OUTBOX;
        for one in outbox {
            let Some(left) = room.checked_sub(one.bytes) else { break };
            room = left;
            let there: Option<i64> = tx
                .query_row("SELECT no FROM outbox WHERE hash = ?1", [one.head.hash], |row| row.get(0))
                .optional()
                .map_err(own)?;
            if let Some(no) = there {
                kept.push(no);
                tx.execute("UPDATE outbox SET there = 0, changes = ?2 WHERE no = ?1", params![no, signed(one.deeds)])
                    .map_err(own)?;
            } else if let Some(bytes) = bytes(one)? {
                let seq = i64::try_from(one.head.seq).map_err(|_| CarryFault::Damaged)?;
                tx.execute(
                    "INSERT INTO outbox (stream, chain, seq, hash, prev, changes, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![one.stream.to_string(), one.chain.0, seq, one.head.hash, one.prev, signed(one.deeds), bytes],
                )
                .map_err(own)?;
            } else {
                break;
            }
        }
        for no in before.iter().filter(|no| !kept.contains(no)) {
            tx.execute("DELETE FROM outbox WHERE no = ?1", [no]).map_err(own)?;
        }
        tx.commit().map_err(own)?;
        Ok(())
    }

    pub(crate) fn frontiers(&self) -> Result<BTreeMap<Stream, Frontier>, CarryFault> {
        let mut statement = self.conn.prepare_cached("SELECT name, frontier FROM stream")?;
        let mut rows = statement.query([])?;
        let mut all = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let stream = row.get::<_, String>(0)?.parse().map_err(|_| CarryFault::Damaged)?;
            let frontier = Frontier::from_cbor(&row.get::<_, Vec<u8>>(1)?).map_err(|_| CarryFault::Damaged)?;
            all.insert(stream, frontier);
        }
        Ok(all)
    }

    /// Each chain in its order.
    pub(crate) fn outbox(&self) -> Result<Vec<Laid>, CarryFault> {
        self.laid("SELECT no, stream, chain, seq, hash, prev, changes, there FROM outbox ORDER BY stream, chain, seq")
    }

    /// As it came: causes first.
    pub(crate) fn inbox(&self) -> Result<Vec<Laid>, CarryFault> {
        self.laid("SELECT no, stream, chain, seq, hash, prev, changes, 0 FROM inbox ORDER BY no")
    }

    fn laid(&self, sql: &str) -> Result<Vec<Laid>, CarryFault> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(Laid {
                no: row.get(0)?,
                stream: row.get::<_, String>(1)?.parse().map_err(|_| CarryFault::Damaged)?,
                chain: Incarnation(row.get(2)?),
                head: Head { seq: row.get::<_, i64>(3)?.unsigned_abs(), hash: row.get(4)? },
                prev: row.get(5)?,
                changes: row.get::<_, i64>(6)?.unsigned_abs(),
                there: row.get::<_, i64>(7)? != 0,
            });
        }
        Ok(all)
    }

    /// A segment that lies here, to the byte; `None` where the disk changed it.
    pub(crate) fn bytes(&self, inbox: bool, laid: &Laid) -> Result<Option<Vec<u8>>, CarryFault> {
        let sql =
            if inbox { "SELECT bytes FROM inbox WHERE no = ?1" } else { "SELECT bytes FROM outbox WHERE no = ?1" };
        let bytes: Option<Vec<u8>> =
            self.conn.prepare_cached(sql)?.query_row([laid.no], |row| row.get(0)).optional()?;
        Ok(bytes.filter(|bytes| *blake3::hash(bytes).as_bytes() == laid.head.hash))
    }

    /// Keeps a segment as it came; to be called within [`CarryFile::act`].
    pub(crate) fn keep(&self, laid: &Laid, bytes: &[u8]) -> Result<(), CarryFault> {
        let seq = i64::try_from(laid.head.seq).map_err(|_| CarryFault::Damaged)?;
        self.conn
            .prepare_cached(
                "INSERT OR IGNORE INTO inbox (stream, chain, seq, hash, prev, changes, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                laid.stream.to_string(),
                laid.chain.0,
                seq,
                laid.head.hash,
                laid.prev,
                signed(laid.changes),
                bytes
            ])?;
        Ok(())
    }

    /// Notes whether the hub holds a segment of the outbox; to be called within [`CarryFile::act`].
    pub(crate) fn set_there(&self, laid: &Laid) -> Result<(), CarryFault> {
        self.conn
            .prepare_cached("UPDATE outbox SET there = ?2 WHERE no = ?1")?
            .execute(params![laid.no, laid.there])?;
        Ok(())
    }

    /// Lets go of what was applied.
    pub(crate) fn applied(&self, applied: &[Laid]) -> Result<(), CarryFault> {
        let tx = Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate)?;
        for laid in applied {
            tx.prepare_cached("DELETE FROM inbox WHERE no = ?1")?.execute([laid.no])?;
        }
        tx.commit()?;
        Ok(())
    }

    pub(crate) fn sums(&self) -> Result<Sums, CarryFault> {
        let sums = self.conn.query_row(
            "SELECT (SELECT coalesce(sum(changes), 0) FROM outbox), (SELECT coalesce(sum(changes), 0) FROM outbox WHERE there = 1),
                    (SELECT coalesce(sum(changes), 0) FROM inbox), (SELECT coalesce(sum(length(bytes)), 0) FROM inbox)",
            [],
            |row| {
                Ok(Sums {
                    laid: row.get::<_, i64>(0)?.unsigned_abs(),
                    handed: row.get::<_, i64>(1)?.unsigned_abs(),
                    came: row.get::<_, i64>(2)?.unsigned_abs(),
                    bytes: row.get::<_, i64>(3)?.unsigned_abs(),
                })
            },
        )?;
        Ok(sums)
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The mark of a filling: equal where nothing is otherwise.
pub(crate) fn mark(papers: &Papers, frontiers: &[(Stream, Frontier)], outbox: &[Outgoing], key: &SigningKey) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("niangjia 2026-11 what a locked office carries");
    hasher.update(&serde_json::to_vec(papers).unwrap_or_default()).update(&key.public().to_bytes());
    for (stream, frontier) in frontiers {
        hasher.update(stream.to_string().as_bytes()).update(&frontier.digest());
    }
    for one in outbox {
        hasher.update(&one.head.hash).update(&one.deeds.to_le_bytes());
    }
    RecordId(hasher.finalize().as_bytes()[..16].try_into().unwrap_or_default()).to_string()
}

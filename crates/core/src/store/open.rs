//! Opening the database: one SQLCipher file with a raw key, write-ahead log, full synchronisation, and the checks that
//! must hold before the first statement (rules R1 and R4 of the reliability reference).

use std::{io::Read, path::Path};

use rusqlite::{Connection, OpenFlags};
use zeroize::Zeroizing;

use super::snapshot::leave_alone;
use crate::fault::Fault;

/// The raw key of the database, 256 bits; never derived inside SQLite.
#[derive(Clone)]
pub struct DatabaseKey(pub Zeroizing<[u8; 32]>);

impl std::fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseKey")
    }
}

/// Oldest SQLite whose write-ahead log is free of the reset defect.
const OLDEST_SQLITE: i32 = 3_051_003;

const SETTINGS: &str = "
PRAGMA cipher_memory_security = OFF;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA secure_delete = ON;
PRAGMA mmap_size = 0;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA wal_autocheckpoint = 4000;
";

/// Pages that a connection keeps, in KiB. An import or a rebuild touches all tables at once.
const WIDE: i64 = 48 << 10;
/// While segments are taken in, whatever their number: an exchange goes on behind the clerk's work, and a weak PC has little memory.
const NARROW: i64 = 8 << 10;

/// Makes the file of a new store.
///
/// # Errors
/// `store_not_encrypted` where it would lie open on the disk.
pub(super) fn maker(path: &Path, key: &DatabaseKey) -> Result<Connection, Fault> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    turn(&conn, key)?;
    prepare(&conn)?;
    Ok(conn)
}

/// Opens the file for the one writer.
///
/// # Errors
/// `store_damaged` where the file is not whole or the key does not fit.
pub(super) fn writer(path: &Path, key: &DatabaseKey) -> Result<Connection, Fault> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    fit(&conn, key)?;
    prepare(&conn)?;
    Ok(conn)
}

/// Opens a reader that cannot write.
pub(super) fn reader(path: &Path, key: &DatabaseKey) -> Result<Connection, Fault> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    fit(&conn, key)?;
    prepare(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

/// Opens a file that nobody may write to, with its key and nothing else: for snapshots and for diagnosis.
///
/// # Errors
/// `store_damaged` where the key does not fit or the first page is not whole.
pub(super) fn still(path: &Path, key: &DatabaseKey) -> Result<Connection, Fault> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    fit(&conn, key)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    Ok(conn)
}

/// Turns the key and reads the first page with it. A file that was emptied would open with any key, as a new store.
fn fit(conn: &Connection, key: &DatabaseKey) -> Result<(), Fault> {
    turn(conn, key)?;
    // The first read decides whether the key fits.
    match conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)) {
        Ok(0) => Err(not_whole("no table")),
        Ok(_) => Ok(()),
        Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => Err(not_whole(e)),
        Err(e) => Err(e.into()),
    }
}

fn turn(conn: &Connection, key: &DatabaseKey) -> Result<(), Fault> {
    // What lies in the write-ahead log stays there until the file has proved to be whole.
    leave_alone(conn, true);
    // The fault that follows says it to the clerk; SQLCipher would say it a hundred times to the terminal.
    conn.pragma_update(None, "cipher_log_level", "NONE")?;
    let spelled = Zeroizing::new(format!("x'{}'", hex::encode(&key.0[..])));
    conn.pragma_update(None, "key", spelled.as_str())?;
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    Ok(())
}

fn not_whole(cause: impl ToString) -> Fault {
    Fault::new(
        "store_damaged",
        "本机数据文件打不开：文件损坏，或不是这个办公室的。程序没有写入任何内容，文件原样保留。请用备份恢复或联系县总工会。",
        "The data file cannot be opened: it is damaged or does not belong to this office. Nothing was written and the file is kept as it is. Restore a backup or call the county federation.",
    )
    .because(cause)
}

fn prepare(conn: &Connection) -> Result<(), Fault> {
    conn.execute_batch(SETTINGS)?;
    widen(conn)?;
    conn.set_prepared_statement_cache_capacity(256);
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Fault::new(
            "store_engine_old",
            "数据库引擎版本过旧，为防止数据损坏没有打开。请更新程序。",
            "The database engine is too old to be safe and was not started. Update the program.",
        ));
    }
    let cipher: Option<String> = conn.query_row("PRAGMA cipher_version", [], |row| row.get(0)).ok();
    if cipher.is_none_or(|v| v.is_empty()) {
        return Err(Fault::new(
            "store_not_encrypted",
            "数据库没有加密功能，为保护个人信息没有打开。请重新安装程序。",
            "The database engine cannot encrypt; to protect personal data it was not opened. Install the program again.",
        ));
    }
    leave_alone(conn, false);
    Ok(())
}

/// Lets go of pages beyond those that an exchange may keep.
pub(crate) fn narrow(conn: &Connection) -> Result<(), Fault> {
    Ok(conn.pragma_update(None, "cache_size", -NARROW)?)
}

/// A connection may keep as many pages again as any work.
pub(crate) fn widen(conn: &Connection) -> Result<(), Fault> {
    Ok(conn.pragma_update(None, "cache_size", -WIDE)?)
}

/// Proves that the file on disk does not begin like an open SQLite database.
pub(super) fn prove_encrypted(path: &Path) -> Result<(), Fault> {
    let mut head = [0u8; 16];
    let read = std::fs::File::open(path)?.read(&mut head)?;
    if read == 16 && &head == b"SQLite format 3\0" {
        return Err(Fault::new(
            "store_not_encrypted",
            "数据文件没有加密，程序已停止。请联系县总工会。",
            "The data file is not encrypted; the program has stopped. Call the county federation.",
        ));
    }
    Ok(())
}

/// Reads every page and every authentication tag.
///
/// # Errors
/// `store_damaged` with the number of findings; the findings themselves stay out, they may quote content.
pub(super) fn check_whole(conn: &Connection) -> Result<(), Fault> {
    let mut findings = 0usize;
    for pragma in ["PRAGMA cipher_integrity_check", "PRAGMA integrity_check"] {
        let mut statement = conn.prepare(pragma)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        for row in rows {
            if row? != "ok" {
                findings += 1;
            }
        }
    }
    if findings == 0 {
        return Ok(());
    }
    Err(Fault::new(
        "store_damaged",
        "本机数据文件有损坏，程序已停止写入，损坏的文件原样保留。请用最近的备份恢复或联系县总工会。",
        "The data file of this PC is damaged; nothing more is written and the file is kept. Restore the latest backup or call the county federation.",
    )
    .because(format!("{findings} findings")))
}

/// The tables that no record type makes.
pub(super) const TABLES: &str = "
-- Truth: never dropped.
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE ident (no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE stream (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE segment (
  no INTEGER PRIMARY KEY, stream INTEGER NOT NULL, chain INTEGER NOT NULL, seq INTEGER NOT NULL,
  hash BLOB NOT NULL, prev BLOB NOT NULL, mine INTEGER NOT NULL, changes INTEGER NOT NULL, carried INTEGER NOT NULL, first_ctr INTEGER NOT NULL, last_ctr INTEGER NOT NULL,
  bytes BLOB NOT NULL, UNIQUE (stream, chain, seq, hash)
) STRICT;
CREATE TABLE outbox (
  no INTEGER PRIMARY KEY, stream INTEGER NOT NULL, inc INTEGER NOT NULL, changes INTEGER NOT NULL,
  first_ctr INTEGER NOT NULL, last_ctr INTEGER NOT NULL, block BLOB NOT NULL
) STRICT;
CREATE TABLE quarantine (no INTEGER PRIMARY KEY, stream INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE, reason TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
-- Chains with more than one head: two databases went on under one name.
CREATE TABLE fork (stream INTEGER NOT NULL, chain INTEGER NOT NULL, PRIMARY KEY (stream, chain)) STRICT, WITHOUT ROWID;
-- Incarnations that this PC had before the present one.
CREATE TABLE incarnation (inc INTEGER PRIMARY KEY) STRICT;
CREATE TABLE cert (id BLOB PRIMARY KEY, chain BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE hub_head (stream INTEGER NOT NULL, chain INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (stream, chain)) STRICT, WITHOUT ROWID;
-- Local: backed up, never logged.
CREATE TABLE local (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE draft (key TEXT PRIMARY KEY, kind TEXT NOT NULL, id BLOB, token TEXT, fields TEXT NOT NULL, author BLOB NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE batch (
  no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, stream INTEGER NOT NULL, inc INTEGER NOT NULL,
  first_ctr INTEGER NOT NULL, last_ctr INTEGER NOT NULL, sheet TEXT NOT NULL, accepted INTEGER NOT NULL, author BLOB NOT NULL, at INTEGER NOT NULL, undone INTEGER NOT NULL DEFAULT 0
) STRICT;
";

/// What came and went by stick. Local: backed up, never logged.
pub(super) const PACKET_TABLES: &str = "
CREATE TABLE IF NOT EXISTS waiting (
  no INTEGER PRIMARY KEY, stream INTEGER NOT NULL, chain INTEGER NOT NULL, seq INTEGER NOT NULL,
  hash BLOB NOT NULL, prev BLOB NOT NULL, bytes BLOB NOT NULL, UNIQUE (stream, chain, seq, hash)
) STRICT;
CREATE TABLE IF NOT EXISTS packet_out (
  no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, office BLOB NOT NULL, inc INTEGER NOT NULL, number INTEGER NOT NULL,
  parts INTEGER NOT NULL, segments INTEGER NOT NULL, changes INTEGER NOT NULL, bytes INTEGER NOT NULL, made INTEGER NOT NULL,
  acknowledged INTEGER, UNIQUE (office, inc, number)
) STRICT;
CREATE TABLE IF NOT EXISTS packet_in (
  no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, office BLOB NOT NULL, cert BLOB NOT NULL, inc INTEGER NOT NULL,
  number INTEGER NOT NULL, since INTEGER NOT NULL, parts INTEGER NOT NULL, made INTEGER NOT NULL, came INTEGER NOT NULL,
  whole INTEGER, segments INTEGER NOT NULL, changes INTEGER NOT NULL, bytes INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS packet_part (packet BLOB NOT NULL, part INTEGER NOT NULL, PRIMARY KEY (packet, part)) STRICT, WITHOUT ROWID;
-- What other devices said in their newest packet that they hold.
CREATE TABLE IF NOT EXISTS peer (
  cert BLOB PRIMARY KEY, office BLOB NOT NULL, county INTEGER NOT NULL, inc INTEGER NOT NULL, number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS peer_head (
  cert BLOB NOT NULL, stream INTEGER NOT NULL, chain INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (cert, stream, chain, seq, hash)
) STRICT, WITHOUT ROWID;
-- Checkpoints made here or come from elsewhere, whole or still on their way. `hub` is the life of the hub's store that has taken
-- a part; `mine` is 2 where it says again what a lost registrar had summed up.
CREATE TABLE IF NOT EXISTS checkpoint_part (
  id BLOB NOT NULL, part INTEGER NOT NULL, stream INTEGER NOT NULL, last INTEGER NOT NULL, mine INTEGER NOT NULL,
  hub BLOB, bytes BLOB NOT NULL, PRIMARY KEY (id, part)
) STRICT;
-- The checkpoint that stands for the segments that the log does not hold: how far it goes in each chain, and the counters in it.
CREATE TABLE IF NOT EXISTS base (
  stream INTEGER NOT NULL, chain INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, tags BLOB NOT NULL, signer BLOB NOT NULL,
  checkpoint BLOB NOT NULL, aside INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (stream, chain)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS base_count (stream INTEGER NOT NULL, inc INTEGER NOT NULL, ctr INTEGER NOT NULL, PRIMARY KEY (stream, inc)) STRICT, WITHOUT ROWID;
";

/// Previews of sheets that wait for a clerk's word. Local: backed up, never logged.
pub(super) const PREVIEWS: &str = "
CREATE TABLE IF NOT EXISTS preview (
  no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, author BLOB NOT NULL, at INTEGER NOT NULL, path TEXT NOT NULL, sheet BLOB NOT NULL, seen TEXT NOT NULL
) STRICT;
";

/// Orders and grants that stand in the county's stream, as they were signed. Found by every segment that is opened, also one
/// whose changes are not applied, and never dropped.
pub(super) const ORDER_TABLES: &str = "
CREATE TABLE IF NOT EXISTS county_order (hash BLOB PRIMARY KEY, doc BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS key_grant (
  stream TEXT NOT NULL, epoch INTEGER NOT NULL, holder BLOB NOT NULL, signer BLOB NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (stream, epoch, holder, signer, sealed)
) STRICT, WITHOUT ROWID;
";

/// Keys that somebody has told the county's PCs, sealed to each; `here` where it was this PC. Found and kept like orders.
pub(super) const TOLD_KEYS: &str = "
CREATE TABLE IF NOT EXISTS key_told (
  stream TEXT NOT NULL, epoch INTEGER NOT NULL, holder BLOB NOT NULL, sealed BLOB NOT NULL, here INTEGER NOT NULL,
  PRIMARY KEY (stream, epoch, holder, sealed)
) STRICT, WITHOUT ROWID;
";

/// Segments of the log whose changes are not applied, and why; derived.
pub(super) const ASIDE: &str =
    "CREATE TABLE IF NOT EXISTS aside (segment INTEGER PRIMARY KEY, why INTEGER NOT NULL) STRICT;";

/// Changes that another chain carried than that of their incarnation; derived.
pub(super) const CARRIED: &str = "CREATE TABLE IF NOT EXISTS carried (stream INTEGER NOT NULL, inc INTEGER NOT NULL, ctr INTEGER NOT NULL, PRIMARY KEY (stream, inc, ctr)) STRICT, WITHOUT ROWID;";

/// Changes of another stream that were adopted into one, each with its wording (`moving.rs`); derived.
pub(super) const ADOPTED: &str = "CREATE TABLE IF NOT EXISTS adopted (stream INTEGER NOT NULL, inc INTEGER NOT NULL, ctr INTEGER NOT NULL, wording BLOB NOT NULL, PRIMARY KEY (stream, inc, ctr)) STRICT, WITHOUT ROWID;";

/// Which changes of an incarnation the registrar keeps as segments, by its newest receipt: those behind `below`, up to `upto`; derived.
pub(super) const KEPT: &str = "CREATE TABLE IF NOT EXISTS kept (stream INTEGER NOT NULL, inc INTEGER NOT NULL, below INTEGER NOT NULL, upto INTEGER NOT NULL, PRIMARY KEY (stream, inc)) STRICT, WITHOUT ROWID;";

/// What receipts confirm of changes that other chains carried, and what they say of chains whose segment has not come yet; derived.
pub(super) const RECEIPTS: &str = "
CREATE TABLE IF NOT EXISTS confirmed (stream INTEGER NOT NULL, inc INTEGER NOT NULL, ctr INTEGER NOT NULL, PRIMARY KEY (stream, inc, ctr)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claim (
  stream INTEGER NOT NULL, inc INTEGER NOT NULL, seq INTEGER NOT NULL, tag INTEGER NOT NULL, upto INTEGER NOT NULL, PRIMARY KEY (stream, inc, seq, tag)
) STRICT, WITHOUT ROWID;
";

/// Changes that go under another name here than the one they bear: the chain that it is, and a hash of what the change says; derived.
pub(super) const SAID: &str = "
CREATE TABLE IF NOT EXISTS said (stream INTEGER NOT NULL, inc INTEGER NOT NULL, ctr INTEGER NOT NULL, chain BLOB NOT NULL, tag BLOB NOT NULL, PRIMARY KEY (stream, inc, ctr)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS said_number ON said (stream, ctr);
";

/// Pictures and scans. Local: backed up, never logged. The bytes lie in the folder `blobs` (`blobs.rs`).
pub(super) const BLOB_TABLES: &str = "
CREATE TABLE IF NOT EXISTS blob (
  address BLOB PRIMARY KEY, value BLOB NOT NULL, stream INTEGER NOT NULL, length INTEGER NOT NULL, held INTEGER NOT NULL, at_hub INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS blob_due ON blob (held, at_hub) WHERE held = 0 OR at_hub = 0;
-- What other offices are known to hold (1), said that they lack (0), or brought before anything here named it (2).
CREATE TABLE IF NOT EXISTS blob_peer (
  office BLOB NOT NULL, address BLOB NOT NULL, holds INTEGER NOT NULL, PRIMARY KEY (office, address)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS packet_blob (packet BLOB NOT NULL, address BLOB NOT NULL, PRIMARY KEY (packet, address)) STRICT, WITHOUT ROWID;
";

/// Backups that were opened and compared, and the segments up to which they hold every chain. Local: backed up, never logged.
pub(super) const BACKUP_TABLES: &str = "
CREATE TABLE IF NOT EXISTS tested_backup (name TEXT PRIMARY KEY, at INTEGER NOT NULL, file BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tested_head (
  name TEXT NOT NULL, stream INTEGER NOT NULL, chain INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (name, stream, chain, seq, hash)
) STRICT, WITHOUT ROWID;
";

/// Derived tables: dropped and made again by a rebuild.
pub(super) const DERIVED: &str = "
CREATE TABLE head (
  stream INTEGER NOT NULL, inc INTEGER NOT NULL, applied INTEGER NOT NULL, changes INTEGER NOT NULL, digest BLOB NOT NULL,
  confirmed INTEGER NOT NULL, news INTEGER NOT NULL, PRIMARY KEY (stream, inc)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  kind INTEGER NOT NULL, rec INTEGER NOT NULL, n INTEGER NOT NULL, name TEXT NOT NULL, detail BLOB NOT NULL,
  inc INTEGER NOT NULL, ctr INTEGER NOT NULL, depth INTEGER NOT NULL, author INTEGER NOT NULL, wall INTEGER NOT NULL,
  PRIMARY KEY (kind, rec, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE leaf (
  kind INTEGER NOT NULL, rec INTEGER NOT NULL, register TEXT NOT NULL, inc INTEGER NOT NULL, ctr INTEGER NOT NULL,
  depth INTEGER NOT NULL, vals BLOB NOT NULL, author INTEGER NOT NULL, wall INTEGER NOT NULL,
  PRIMARY KEY (kind, rec, register, inc, ctr)
) STRICT, WITHOUT ROWID;
CREATE TABLE past (
  kind INTEGER NOT NULL, rec INTEGER NOT NULL, inc INTEGER NOT NULL, ctr INTEGER NOT NULL, author INTEGER NOT NULL,
  wall INTEGER NOT NULL, sets BLOB NOT NULL, depths BLOB NOT NULL, PRIMARY KEY (kind, rec, inc, ctr)
) STRICT, WITHOUT ROWID;
-- The branches of forked chains, by their small numbers.
CREATE TABLE branch (stream INTEGER NOT NULL, inc INTEGER NOT NULL, branch INTEGER NOT NULL, PRIMARY KEY (stream, inc, branch)) STRICT, WITHOUT ROWID;
CREATE TABLE lookup (kind INTEGER NOT NULL, rec INTEGER NOT NULL, name TEXT NOT NULL, digits TEXT NOT NULL, PRIMARY KEY (kind, rec)) STRICT, WITHOUT ROWID;
CREATE TABLE parked (no INTEGER PRIMARY KEY, stream INTEGER NOT NULL, inc INTEGER NOT NULL, ctr INTEGER NOT NULL, county INTEGER NOT NULL, block BLOB NOT NULL) STRICT;
";

/// The derived tables by name, for the rebuild.
pub(super) const DERIVED_NAMES: [&str; 14] = [
    "adopted",
    "aside",
    "branch",
    "carried",
    "claim",
    "confirmed",
    "head",
    "event",
    "kept",
    "leaf",
    "past",
    "lookup",
    "parked",
    "said",
];

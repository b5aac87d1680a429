//! The floor of reading: the database opened with its raw key, and its narrow table read row by row.
//! The bare window of `benches/window` reads with this file too.

use std::path::Path;

use rusqlite::{Connection, Result};

/// As the store sets them.
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
PRAGMA cache_size = -49152;
PRAGMA wal_autocheckpoint = 4000;
";

/// Opens a SQLCipher database with a raw key, given as hexadecimal digits.
pub fn open(path: &Path, key: &str) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.pragma_update(None, "key", format!("x'{key}'"))?;
    conn.execute_batch(SETTINGS)?;
    Ok(conn)
}

/// Reads the table that searching needs; answers how many bytes of text it holds.
pub fn read(conn: &Connection) -> Result<usize> {
    let mut statement = conn.prepare("SELECT kind, rec, name, digits FROM lookup ORDER BY kind, rec")?;
    let mut rows = statement.query([])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        std::hint::black_box((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        bytes += row.get_ref(2)?.as_str()?.len() + row.get_ref(3)?.as_str()?.len();
    }
    Ok(bytes)
}

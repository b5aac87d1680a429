//! What a manifest says about a hub's tables and streams, read from the database itself.

use niangjia_replication::wire::Digest;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};

use super::{StreamMark, TableMark};

/// A mark of every table but the backup's own, by name.
pub(super) fn tables(ask: &Connection) -> Result<Vec<TableMark>> {
    let mut names = ask.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'backup_%'
         ORDER BY name",
    )?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>>>()?;
    names.into_iter().map(|table| mark(ask, table)).collect()
}

fn mark(ask: &Connection, table: String) -> Result<TableMark> {
    let quoted = quoted(&table);
    let mut keys = ask.prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk")?;
    let keys = keys.query_map([&table], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>>>()?;
    let order = if keys.is_empty() {
        "rowid".to_owned()
    } else {
        keys.iter().map(|key| self::quoted(key)).collect::<Vec<_>>().join(", ")
    };
    let mut all = ask.prepare(&format!("SELECT * FROM {quoted} ORDER BY {order}"))?;
    let columns = all.column_count();
    let (mut rows, mut hash, mut count) = (all.query([])?, blake3::Hasher::new(), 0);
    while let Some(row) = rows.next()? {
        count += 1;
        for column in 0..columns {
            value(&mut hash, row.get_ref(column)?);
        }
    }
    Ok(TableMark { table, rows: count, digest: Digest(*hash.finalize().as_bytes()) })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn value(hash: &mut blake3::Hasher, value: ValueRef<'_>) {
    let mut put = |kind: u8, bytes: &[u8]| {
        hash.update(&[kind]);
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    match value {
        ValueRef::Null => put(0, &[]),
        ValueRef::Integer(number) => put(1, &number.to_le_bytes()),
        ValueRef::Real(number) => put(2, &number.to_le_bytes()),
        ValueRef::Text(text) => put(3, text),
        ValueRef::Blob(bytes) => put(4, bytes),
    }
}

/// A mark of every stream that holds anything, by name.
pub(super) fn streams(ask: &Connection) -> Result<Vec<StreamMark>> {
    let mut all = ask.prepare(
        "SELECT chain.stream, segment.hash FROM chain JOIN segment ON segment.chain = chain.id
         ORDER BY chain.stream, chain.incarnation, segment.seq, segment.hash",
    )?;
    let mut rows = all.query([])?;
    let mut marks: Vec<StreamMark> = Vec::new();
    let mut hash = blake3::Hasher::new();
    while let Some(row) = rows.next()? {
        let stream: String = row.get(0)?;
        if marks.last().is_none_or(|mark| mark.stream != stream) {
            hash = blake3::Hasher::new();
            marks.push(StreamMark { stream, segments: 0, digest: Digest([0; 32]) });
        }
        hash.update(row.get_ref(1)?.as_blob()?);
        if let Some(mark) = marks.last_mut() {
            mark.segments += 1;
            mark.digest = Digest(*hash.finalize().as_bytes());
        }
    }
    Ok(marks)
}

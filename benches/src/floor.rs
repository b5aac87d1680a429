//! The floor of writing: prepared INSERTs of the very rows that an import leaves behind, into the same tables with the
//! same indices, in a database with the same settings, in one transaction. No log, no rule, no search.

use std::path::Path;

use niangjia_core::store::DatabaseKey;
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use crate::{gauge::Trouble, narrow};

/// What an import writes besides the log.
pub const TABLES: [&str; 3] = ["member", "event", "lookup"];

/// Opens a SQLCipher database with a raw key.
pub fn open(path: &Path, key: &DatabaseKey) -> Result<Connection, Trouble> {
    Ok(narrow::open(path, &hex::encode(&key.0[..]))?)
}

/// Rows of one table: for each row the filled columns and what stands in them.
pub struct Rows {
    insert: String,
    /// The rows.
    pub rows: Vec<Vec<(usize, Value)>>,
}

/// The rows of members with all that belongs to them, as an office holds them.
pub struct Copied {
    schema: Vec<String>,
    /// Table by table, in the order of [`TABLES`].
    pub tables: Vec<Rows>,
}

impl Copied {
    /// Copies them out of an office's database.
    pub fn from(path: &Path, key: &DatabaseKey) -> Result<Self, Trouble> {
        let conn = open(path, key)?;
        let (mut schema, mut tables) = (Vec::new(), Vec::new());
        for table in TABLES {
            let mut statement =
                conn.prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY rowid")?;
            for sql in statement.query_map([table], |r| r.get::<_, String>(0))? {
                schema.push(sql?);
            }
            // Members are the first record type; what belongs to other records is left where it is.
            let of_members = if table == "member" { "" } else { "WHERE kind = 1" };
            let mut statement = conn.prepare(&format!("SELECT * FROM {table} {of_members}"))?;
            let columns = statement.column_names().collect::<Vec<_>>().join(", ");
            let count = statement.column_count();
            let holes = vec!["?"; count].join(", ");
            let mut rows = Vec::new();
            let mut query = statement.query([])?;
            while let Some(row) = query.next()? {
                let mut filled = Vec::new();
                for column in 0..count {
                    let value = row.get_ref(column)?;
                    if value != ValueRef::Null {
                        filled.push((column, Value::try_from(value)?));
                    }
                }
                rows.push(filled);
            }
            tables.push(Rows { insert: format!("INSERT INTO {table} ({columns}) VALUES ({holes})"), rows });
        }
        Ok(Self { schema, tables })
    }

    /// Makes the empty tables.
    pub fn prepare(&self, conn: &Connection) -> Result<(), Trouble> {
        for sql in &self.schema {
            conn.execute_batch(sql)?;
        }
        Ok(())
    }

    /// Writes all rows in one transaction.
    pub fn insert(&self, conn: &Connection) -> Result<(), Trouble> {
        let tx = conn.unchecked_transaction()?;
        let mut statements = self.tables.iter().map(|t| tx.prepare(&t.insert)).collect::<Result<Vec<_>, _>>()?;
        // Row by row as an import comes, not table by table.
        for at in 0..self.tables[0].rows.len() {
            for (table, statement) in self.tables.iter().zip(&mut statements) {
                let Some(row) = table.rows.get(at) else { continue };
                statement.clear_bindings();
                for (column, value) in row {
                    statement.raw_bind_parameter(column + 1, value)?;
                }
                statement.raw_execute()?;
            }
        }
        drop(statements);
        tx.commit()?;
        Ok(())
    }
}

//! Rebuild: the tables are a view of the log and can be dropped and replayed from it at any time.

use rusqlite::Connection;

use super::{open, upgrade};
use crate::{fault::Fault, record::Schema};

/// While it lives, freed pages are not blanked before they are used again; rows deleted for good always are.
pub(crate) struct Blanking<'a>(&'a Connection);

impl<'a> Blanking<'a> {
    pub(crate) fn off(conn: &'a Connection) -> Result<Self, Fault> {
        conn.pragma_update(None, "secure_delete", "FAST")?;
        Ok(Self(conn))
    }
}

impl Drop for Blanking<'_> {
    fn drop(&mut self) {
        // The next opening sets it in any case.
        let _ = self.0.pragma_update(None, "secure_delete", true);
    }
}

/// Makes every derived table with its indices.
pub(super) fn make_tables(conn: &Connection, schema: &Schema) -> Result<(), Fault> {
    make_bare_tables(conn, schema)?;
    make_indices(conn, schema)
}

/// Makes the indices of the tables of records.
pub(crate) fn make_indices(conn: &Connection, schema: &Schema) -> Result<(), Fault> {
    for layout in schema.all() {
        conn.execute_batch(&layout.create_indices())?;
    }
    Ok(())
}

fn make_bare_tables(conn: &Connection, schema: &Schema) -> Result<(), Fault> {
    conn.execute_batch(open::DERIVED)?;
    conn.execute_batch(open::ASIDE)?;
    conn.execute_batch(open::CARRIED)?;
    conn.execute_batch(open::KEPT)?;
    conn.execute_batch(open::RECEIPTS)?;
    conn.execute_batch(open::SAID)?;
    conn.execute_batch(open::ADOPTED)?;
    for layout in schema.all() {
        conn.execute_batch(&layout.create())?;
    }
    Ok(())
}

/// Drops every derived table, also those that an older version made under names that this one does not know, and makes them empty.
/// Their indices are made once they are full ([`make_indices`]).
pub(crate) fn drop_tables(conn: &Connection, schema: &Schema) -> Result<(), Fault> {
    let mut kept: Vec<String> = Vec::new();
    let truth = std::iter::once(open::TABLES)
        .chain(upgrade::STEPS.iter().copied().filter(|step| !upgrade::DERIVED.contains(step)));
    for line in truth.flat_map(str::lines).filter_map(|l| l.strip_prefix("CREATE TABLE ")) {
        let name = line.strip_prefix("IF NOT EXISTS ").unwrap_or(line);
        kept.extend(name.split_whitespace().next().map(ToOwned::to_owned));
    }
    let mut statement =
        conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
    let names: Vec<String> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    drop(statement);
    for name in names.into_iter().filter(|n| !kept.contains(n)) {
        conn.execute_batch(&format!("DROP TABLE \"{}\"", name.replace('"', "\"\"")))?;
    }
    debug_assert!(
        open::DERIVED_NAMES.iter().all(|n| !kept.iter().any(|k| k == n)),
        "a derived table stands among the kept ones"
    );
    make_bare_tables(conn, schema)
}

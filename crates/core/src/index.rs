//! The search index of an office: built at unlock from a narrow table, mended on each commit.

use std::sync::PoisonError;

use rusqlite::Connection;

use crate::{
    fault::Fault,
    finder::{Entry, Finder},
    office::Office,
    store::{self, Touched},
};

impl Office {
    /// What the search index must learn, read inside the transaction.
    pub(crate) fn gather(&self, conn: &Connection, touched: &Touched) -> Result<Vec<Line>, Fault> {
        let mut lines = Vec::new();
        let mut statement = conn.prepare_cached("SELECT name, digits FROM lookup WHERE kind = ?1 AND rec = ?2")?;
        for (kind, recs) in touched {
            let Some(layout) = self.store.schema.number(*kind) else { continue };
            if !layout.ty.fields.iter().any(|f| f.search) {
                continue;
            }
            let mut void = conn.prepare_cached(&format!("SELECT void FROM \"{}\" WHERE rec = ?1", layout.ty.name))?;
            for rec in recs {
                let gone: bool = void.query_row([rec], |r| r.get(0))?;
                let line = statement.query_row(rusqlite::params![kind, rec], |r| {
                    Ok(Line { kind: *kind, rec: *rec, name: r.get(0)?, digits: r.get(1)?, gone })
                })?;
                lines.push(line);
            }
        }
        Ok(lines)
    }

    /// Mends the search index after a commit.
    pub(crate) fn mend(&self, touched: &Touched, lines: Vec<Line>) {
        if touched.is_empty() {
            return;
        }
        let mut finder = self.finder.write().unwrap_or_else(PoisonError::into_inner);
        let many = lines.len() >= MANY;
        for line in lines {
            if line.gone {
                finder.remove(line.kind, line.rec);
            } else {
                push(&mut finder, &self.store.schema, line.kind, line.rec, &line.name, &line.digits);
            }
        }
        if many {
            finder.settle();
        }
    }

    /// Builds the search index from the narrow table.
    ///
    /// # Errors
    /// The store's own.
    pub fn index(&self) -> Result<(), Fault> {
        let finder = self.store.read(|conn| {
            let count: i64 = conn.query_row("SELECT count(*) FROM lookup", [], |r| r.get(0))?;
            let mut finder = Finder::with_capacity(usize::try_from(count).unwrap_or(0));
            let mut statement = conn.prepare("SELECT kind, rec, name, digits FROM lookup ORDER BY kind, rec")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (name, digits) = (
                    row.get_ref(2)?.as_str().map_err(store::versions::damaged)?,
                    row.get_ref(3)?.as_str().map_err(store::versions::damaged)?,
                );
                push(&mut finder, &self.store.schema, row.get(0)?, row.get(1)?, name, digits);
            }
            // Void records are few; they leave after the build, so that the build reads one narrow table only.
            for layout in self.store.schema.all().filter(|l| l.ty.fields.iter().any(|f| f.search)) {
                let mut statement = conn.prepare(&format!("SELECT rec FROM \"{}\" WHERE void = 1", layout.ty.name))?;
                let recs = statement.query_map([], |r| r.get::<_, i64>(0))?;
                for rec in recs {
                    finder.remove(layout.no, rec?);
                }
            }
            finder.settle();
            Ok(finder)
        })?;
        *self.finder.write().unwrap_or_else(PoisonError::into_inner) = finder;
        Ok(())
    }

    /// Memory that the search index uses, in bytes.
    #[must_use]
    pub fn index_bytes(&self) -> usize {
        self.finder().bytes()
    }
}

/// From this many new entries on, the index sorts them in at once instead of at the next keystroke.
const MANY: usize = 1_000;

/// One line for the search index.
pub(crate) struct Line {
    kind: u8,
    rec: i64,
    name: String,
    digits: String,
    gone: bool,
}

fn push(finder: &mut Finder, schema: &crate::record::Schema, kind: u8, rec: i64, name: &str, digits: &str) {
    let person = schema.number(kind).is_some_and(|l| l.ty.fields[l.ty.title].kind == crate::record::Kind::Name);
    let mut names = name.split('\u{1f}');
    let title = names.next().unwrap_or("");
    let aliases: Vec<&str> = names.collect();
    let codes: Vec<&str> = digits.split('\t').filter(|c| !c.is_empty()).collect();
    finder.push(&Entry { kind, rec, title, person, aliases: &aliases, codes: &codes, office: 0, flags: 0 });
}

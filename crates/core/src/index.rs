//! The search index of an office: built at unlock from a narrow table, mended on each commit.

use std::sync::PoisonError;

use crate::{
    fault::Fault,
    finder::{Entry, Finder},
    office::Office,
    store::{self, Touched},
};

impl Office {
    /// Mends the search index after a commit.
    pub(crate) fn mend(&self, touched: Touched) {
        if touched.is_empty() {
            return;
        }
        let mut finder = self.finder.write().unwrap_or_else(PoisonError::into_inner);
        let mut pushed = 0;
        for (kind, recs) in touched {
            let person = is_person(&self.store.schema, kind);
            for (rec, found) in recs {
                match found {
                    Some(found) => {
                        push(&mut finder, kind, rec, person, &found.name, &found.digits);
                        pushed += 1;
                    }
                    None => {
                        finder.remove(kind, rec);
                    }
                }
            }
        }
        if pushed >= MANY {
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
            let (mut kind, mut person) = (0, false);
            while let Some(row) = rows.next()? {
                let (name, digits) = (
                    row.get_ref(2)?.as_str().map_err(store::versions::damaged)?,
                    row.get_ref(3)?.as_str().map_err(store::versions::damaged)?,
                );
                let this = row.get(0)?;
                if this != kind {
                    (kind, person) = (this, is_person(&self.store.schema, this));
                }
                push(&mut finder, kind, row.get(1)?, person, name, digits);
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

/// Whether records of that type are found by a person's name.
fn is_person(schema: &crate::record::Schema, kind: u8) -> bool {
    schema.number(kind).is_some_and(|l| l.ty.fields[l.ty.title].kind == crate::record::Kind::Name)
}

/// Puts one line of the narrow table into the search index.
fn push(finder: &mut Finder, kind: u8, rec: i64, person: bool, name: &str, digits: &str) {
    let mut names = name.split('\u{1f}');
    let title = names.next().unwrap_or("");
    let (mut room, mut aliases) = ([""; FEW], [""; FEW]);
    let (mut many, mut further) = (Vec::new(), Vec::new());
    let codes = split(digits.split('\t').filter(|c| !c.is_empty()), &mut room, &mut many);
    let aliases = split(names, &mut aliases, &mut further);
    finder.push(&Entry { kind, rec, title, person, aliases, codes, office: 0, flags: 0 });
}

/// More names or numbers than this are rare, and cost an allocation.
const FEW: usize = 6;

fn split<'t, 'r>(
    mut parts: impl Iterator<Item = &'t str>,
    room: &'r mut [&'t str; FEW],
    many: &'r mut Vec<&'t str>,
) -> &'r [&'t str] {
    let mut count = 0;
    while count < FEW {
        let Some(part) = parts.next() else { return &room[..count] };
        room[count] = part;
        count += 1;
    }
    many.extend_from_slice(room);
    many.extend(parts);
    many
}

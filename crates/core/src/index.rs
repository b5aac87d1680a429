//! The search index of an office: built at unlock from a narrow table, mended on each commit.

use std::sync::{Arc, PoisonError};

use niangjia_replication::Stream;

use crate::{
    duplicates::{DuplicateAnswer, NotSame},
    fault::Fault,
    finder::{Entry, Finder},
    members::{self, Member, Merged, SamePerson},
    office::Office,
    record::Record as _,
    store::{self, Touched},
};

/// Marks an entry of the index for whose person another entry stands: search finds it, lists leave it out.
pub(crate) const MERGED: u8 = 1;

impl Office {
    /// Mends the search index after a commit.
    pub(crate) fn mend(&self, touched: Touched) {
        if touched.is_empty() {
            return;
        }
        self.set_merged(&touched);
        let (merged, member) = (self.merged(), self.store.schema.kind(Member::TYPE.name).map(|l| l.no));
        let mut finder = self.finder.write().unwrap_or_else(PoisonError::into_inner);
        let mut pushed = 0;
        for (kind, recs) in touched {
            let person = is_person(&self.store.schema, kind);
            for (rec, found) in recs {
                match found {
                    Some(found) => {
                        let flags = if member == Some(kind) && merged.contains(&rec) { MERGED } else { 0 };
                        push(&mut finder, (kind, rec, flags), person, &found.name, &found.digits);
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

    /// Entries that another one stands for.
    pub(crate) fn merged(&self) -> Arc<Merged> {
        self.merged.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn reader(&self) -> members::Reader {
        let answers = self.store.memory().known_stream(&Stream::County);
        members::Reader { answers, county: self.identity.county, only: None }
    }

    /// After a link between two entries, or a member that one speaks of, was written: marks anew who is left out.
    fn set_merged(&self, touched: &Touched) {
        let schema = &self.store.schema;
        let number = |kind: &str| schema.kind(kind).map(|l| l.no);
        const SAID: [&str; 3] = [SamePerson::TYPE.name, NotSame::TYPE.name, DuplicateAnswer::TYPE.name];
        let linked = SAID.into_iter().filter_map(number).any(|no| touched.contains_key(&no));
        let (Some(member), before) = (number(Member::TYPE.name), self.merged()) else { return };
        // A link may come before the entries that it names.
        if !linked && !touched.contains_key(&member) {
            return;
        }
        self.duplicates.stale();
        // A reader that fails leaves the marks as they were; the next unlocking makes them from the tables.
        let reader = self.reader();
        let Ok(after) = self.store.read(|conn| members::merged(conn, schema, reader)) else { return };
        let changed: Vec<i64> = before.symmetric_difference(&after).copied().collect();
        *self.merged.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after.clone());
        let mut finder = self.finder.write().unwrap_or_else(PoisonError::into_inner);
        for rec in changed {
            let line = self.store.read(|conn| {
                let sql = "SELECT name, digits FROM lookup WHERE kind = ?1 AND rec = ?2";
                let line = |r: &rusqlite::Row<'_>| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?));
                Ok(conn.prepare_cached(sql)?.query_row(rusqlite::params![member, rec], line)?)
            });
            if let Ok((name, digits)) = line {
                let flags = if after.contains(&rec) { MERGED } else { 0 };
                push(&mut finder, (member, rec, flags), true, &name, &digits);
            }
        }
    }

    /// Builds the search index from the narrow table.
    ///
    /// # Errors
    /// The store's own.
    pub fn index(&self) -> Result<(), Fault> {
        let (finder, merged) = self.store.read(|conn| {
            let merged = members::merged(conn, &self.store.schema, self.reader())?;
            let member = self.store.schema.kind(Member::TYPE.name).map_or(0, |l| l.no);
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
                let rec = row.get(1)?;
                let flags = if kind == member && merged.contains(&rec) { MERGED } else { 0 };
                push(&mut finder, (kind, rec, flags), person, name, digits);
            }
            finder.settle();
            Ok((finder, merged))
        })?;
        self.duplicates.stale();
        *self.merged.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(merged);
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
fn push(finder: &mut Finder, (kind, rec, flags): (u8, i64, u8), person: bool, name: &str, digits: &str) {
    let mut names = pieces(name, 0x1f);
    let title = names.next().unwrap_or("");
    let (mut room, mut aliases) = ([""; FEW], [""; FEW]);
    let (mut many, mut further) = (Vec::new(), Vec::new());
    let codes = split(pieces(digits, b'\t').filter(|c| !c.is_empty()), &mut room, &mut many);
    let aliases = split(names, &mut aliases, &mut further);
    finder.push(&Entry { kind, rec, title, person, aliases, codes, office: 0, flags });
}

/// A text between signs. For short texts `str::split` takes several times as long, and this is done for each record.
fn pieces(text: &str, sign: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = memchr::memchr(sign, text.as_bytes());
        rest = at.and_then(|at| text.get(at + 1..));
        text.get(..at.unwrap_or(text.len()))
    })
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

//! Applying changes: the one place where a change, one's own or another's, becomes rows.
//!
//! Every register of a row is a multi-value register: a change replaces the versions that its author saw and stands
//! beside the others. What a register shows and what a fold gives are pure functions of the set of changes.

use std::collections::BTreeMap;

use niangjia_replication::change::{Change, Dot};
use rusqlite::{CachedStatement, Connection, params};

use super::{
    memory::Memory,
    rows::{self, Bind, EventRow, Stored, fits, pack_pairs, unpack_pairs},
    versions::Leaf,
};
use crate::{
    fault::Fault,
    record::{Layout, Register, Schema, Value},
};

/// How the state of a record follows from its events; pure.
pub type Fold = fn(&[EventRow]) -> String;

/// What happened to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Applied,
    /// Held already; the same id applies once.
    Known,
    /// Kept until the changes that its author saw have come.
    Parked,
    /// Of a type that this version does not know: kept in the log, shown after the upgrade.
    Unknown,
}

/// Rows touched, by type, and how each is found now; drives what the screen asks again and what the search index mends.
pub(crate) type Touched = BTreeMap<u8, BTreeMap<i64, Option<Searched>>>;

/// Name and digits under which a record is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Searched {
    pub(crate) name: String,
    pub(crate) digits: String,
}

/// The statements of a new record, kept at hand: looking them up by their text would cost as much as a small row.
#[derive(Default)]
pub(crate) struct Pens<'c> {
    records: BTreeMap<u8, CachedStatement<'c>>,
    event: Option<CachedStatement<'c>>,
    lookup: Option<CachedStatement<'c>>,
}

/// The statement, prepared on first use.
fn pen<'p, 'c>(
    place: &'p mut Option<CachedStatement<'c>>,
    conn: &'c Connection,
    sql: &str,
) -> Result<&'p mut CachedStatement<'c>, Fault> {
    match place {
        Some(statement) => Ok(statement),
        None => Ok(place.insert(conn.prepare_cached(sql)?)),
    }
}

/// A transaction in which changes become rows.
pub(crate) struct Applier<'a, 'c> {
    pub(crate) conn: &'c Connection,
    pub(crate) pens: &'a mut Pens<'c>,
    pub(crate) schema: &'a Schema,
    pub(crate) folds: &'a BTreeMap<&'static str, Fold>,
    pub(crate) memory: &'a mut Memory,
    pub(crate) touched: Touched,
}

/// The type of the registrar's receipts.
pub(crate) const RECEIPT: &str = "receipt";

impl Applier<'_, '_> {
    /// Applies one change of a stream. `county` says that a device of the county signed its segment.
    pub(crate) fn apply(&mut self, stream: i64, change: &Change, county: bool) -> Result<Fate, Fault> {
        let inc = self.memory.number(self.conn, change.dot.incarnation.0)?;
        let ctr = counter(change.dot)?;
        if self.memory.held(stream, inc, ctr) {
            return Ok(Fate::Known);
        }
        let head = self.memory.head_mut(stream, inc);
        head.applied = ctr;
        head.changes += 1;
        head.digest.add(&change.id());
        if &*change.kind != RECEIPT {
            head.news = ctr;
        }
        if !self.causes_known(stream, change)? {
            self.memory.parked.insert((stream, inc, ctr));
            return Ok(Fate::Parked);
        }
        self.settle(stream, change, county)
    }

    /// Applies a parked change once its causes have come.
    pub(crate) fn unpark(&mut self, stream: i64, change: &Change, county: bool) -> Result<bool, Fault> {
        if !self.causes_known(stream, change)? {
            return Ok(false);
        }
        let inc = self.memory.number(self.conn, change.dot.incarnation.0)?;
        self.memory.parked.remove(&(stream, inc, counter(change.dot)?));
        self.settle(stream, change, county)?;
        Ok(true)
    }

    fn causes_known(&self, stream: i64, change: &Change) -> Result<bool, Fault> {
        let mut last: Option<Dot> = None;
        for dot in change.sets.iter().flat_map(|s| &s.seen).chain(change.event.iter().flat_map(|e| &e.seen)) {
            if last == Some(*dot) {
                continue;
            }
            let Some(inc) = self.memory.known_number(dot.incarnation.0) else { return Ok(false) };
            if !self.memory.applied(stream, inc, counter(*dot)?) {
                return Ok(false);
            }
            last = Some(*dot);
        }
        Ok(true)
    }

    fn settle(&mut self, stream: i64, change: &Change, county: bool) -> Result<Fate, Fault> {
        if &*change.kind == RECEIPT {
            if county {
                self.receipt(stream, change)?;
            }
            return Ok(Fate::Applied);
        }
        let Some(layout) = self.schema.kind(&change.kind) else { return Ok(Fate::Unknown) };
        let new =
            change.sets.iter().all(|s| s.seen.is_empty()) && change.event.as_ref().is_none_or(|e| e.seen.is_empty());
        let (rec, found) = if new && let Some(fresh) = self.insert(layout, stream, change)? {
            fresh
        } else {
            let Some(row) = rows::by_id(self.conn, layout, change.record)? else { return Ok(Fate::Unknown) };
            (row.rec, self.merge(layout, row, change)?)
        };
        self.touched.entry(layout.no).or_default().insert(rec, found);
        Ok(Fate::Applied)
    }

    /// The registrar has applied these changes: they are confirmed.
    fn receipt(&mut self, stream: i64, change: &Change) -> Result<(), Fault> {
        for set in &change.sets {
            let Value::Bytes(blob) = &set.value else { continue };
            // A receipt that cannot be read confirms nothing; reading never refuses.
            let Ok(covered) = ciborium::from_reader::<Vec<([u8; 16], i64)>, _>(&**blob) else { continue };
            for (incarnation, ctr) in covered {
                let inc = self.memory.number(self.conn, incarnation)?;
                let head = self.memory.head_mut(stream, inc);
                head.confirmed = head.confirmed.max(ctr);
            }
        }
        Ok(())
    }

    /// A record's first change; `None` where the record stands already.
    fn insert(
        &mut self,
        layout: &Layout,
        stream: i64,
        change: &Change,
    ) -> Result<Option<(i64, Option<Searched>)>, Fault> {
        let mut values: Vec<&Value> = vec![&Value::Null; layout.ty.fields.len()];
        let mut void = false;
        // Fields come in the order of the form as a rule: the next one is looked for from there on, by name otherwise.
        let mut next = 0;
        for set in &change.sets {
            let ahead = layout.ty.fields[next..].iter().position(|f| f.name == &*set.field).map(|ahead| next + ahead);
            next = ahead.map_or(next, |place| place + 1);
            match ahead.or_else(|| layout.place(&set.field)) {
                Some(place) if fits(layout.ty.fields[place].kind, &set.value) => values[place] = &set.value,
                None if &*set.field == "void" => void = set.value == Value::Bool(true),
                _ => {}
            }
        }
        let (inc, ctr) = (self.memory.number(self.conn, change.dot.incarnation.0)?, counter(change.dot)?);
        let author = self.memory.number(self.conn, change.author.0)?;
        let event = change.event.as_ref().map(|e| EventRow {
            name: e.name.to_string(),
            detail: e.detail.iter().map(|(n, v)| (n.to_string(), v.clone())).collect(),
            leaf: Leaf { inc, ctr, depth: 1 },
            author,
            wall: change.wall,
        });
        let state = self.folds.get(layout.ty.name).map(|fold| fold(event.as_slice()));
        let statement = match self.pens.records.entry(layout.no) {
            std::collections::btree_map::Entry::Occupied(kept) => kept.into_mut(),
            std::collections::btree_map::Entry::Vacant(none) => none.insert(self.conn.prepare_cached(&layout.insert)?),
        };
        statement.raw_bind_parameter(1, change.record.0)?;
        statement.raw_bind_parameter(2, stream)?;
        statement.raw_bind_parameter(3, inc)?;
        statement.raw_bind_parameter(4, ctr)?;
        statement.raw_bind_parameter(5, author)?;
        statement.raw_bind_parameter(6, change.wall)?;
        statement.raw_bind_parameter(7, state)?;
        for (i, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(i + 8, Bind(value))?;
        }
        if statement.raw_execute()? == 0 {
            return Ok(None);
        }
        let rec = self.conn.last_insert_rowid();
        if void {
            self.conn.execute(&format!("UPDATE \"{}\" SET void = 1 WHERE rec = ?1", layout.ty.name), [rec])?;
        }
        if let Some(event) = event {
            self.put_event(layout.no, rec, 0, &event)?;
        }
        let found = self.index(layout, rec, &values, void)?;
        Ok(Some((rec, found)))
    }

    fn put_event(&mut self, kind: u8, rec: i64, n: i64, event: &EventRow) -> Result<(), Fault> {
        let detail = pack_pairs(event.detail.iter().map(|(n, v)| (n.as_str(), v)));
        pen(&mut self.pens.event, self.conn, "INSERT INTO event (kind, rec, n, name, detail, inc, ctr, depth, author, wall) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
            .execute(params![kind, rec, n, event.name, detail, event.leaf.inc, event.leaf.ctr, event.leaf.depth, event.author, event.wall])?;
        Ok(())
    }

    /// A later change meets the row.
    fn merge(&mut self, layout: &Layout, mut row: Stored, change: &Change) -> Result<Option<Searched>, Fault> {
        let (inc, ctr) = (self.memory.number(self.conn, change.dot.incarnation.0)?, counter(change.dot)?);
        let author = self.memory.number(self.conn, change.author.0)?;
        let mut past: Vec<(String, Value, Value)> = Vec::new();
        let mut depths: Vec<(usize, i64)> = Vec::new();
        for (index, register) in layout.registers.iter().enumerate() {
            let sets: Vec<_> = change.sets.iter().filter(|s| belongs(layout, register, &s.field)).collect();
            let Some(first) = sets.first() else { continue };
            let seen: Vec<(i64, i64)> = first
                .seen
                .iter()
                .map(|d| Ok((self.memory.number(self.conn, d.incarnation.0)?, counter(*d)?)))
                .collect::<Result<_, Fault>>()?;
            let before = row.versions.leaves(index);
            // What the author had before the eyes: of several leaves seen, the one that every replica shows.
            let mut shown: Option<(i64, [u8; 16], (i64, i64))> = None;
            for dot in &seen {
                let key = (self.depth(layout.no, &row, index, *dot, &before)?, self.memory.ident(dot.0)?, *dot);
                let ahead = |a: &(i64, [u8; 16], (i64, i64)), b: &(i64, [u8; 16], (i64, i64))| {
                    (a.0, a.1, a.2.1) > (b.0, b.1, b.2.1)
                };
                if shown.as_ref().is_none_or(|s| ahead(&key, s)) {
                    shown = Some(key);
                }
            }
            // The values that the author replaced, for the record's history and for undo.
            for set in &sets {
                let old = match shown {
                    Some((_, _, dot)) => self.value_of(layout, &row, register, &before, dot, &set.field)?,
                    None => Value::Null,
                };
                past.push((set.field.to_string(), old, set.value.clone()));
            }
            if before.iter().any(|l| (l.inc, l.ctr) == row.versions.base) && seen.contains(&row.versions.base) {
                self.keep_first(layout, &row, register, &before)?;
            }
            let depth = 1 + shown.map_or(0, |(depth, _, _)| depth);
            depths.push((index, depth));
            let fresh = Leaf { inc, ctr, depth };
            let mut leaves: Vec<Leaf> = before.iter().copied().filter(|l| !seen.contains(&(l.inc, l.ctr))).collect();
            leaves.push(fresh);
            if leaves.len() > 1 {
                if before.len() == 1 {
                    self.put_leaf(layout, register, &row, before[0], None)?;
                }
                self.put_leaf(layout, register, &row, fresh, Some((change, author)))?;
            }
            for gone in before.iter().filter(|l| !leaves.contains(l)) {
                self.conn
                    .prepare_cached(
                        "DELETE FROM leaf WHERE kind = ?1 AND rec = ?2 AND register = ?3 AND inc = ?4 AND ctr = ?5",
                    )?
                    .execute(params![layout.no, row.rec, register.name, gone.inc, gone.ctr])?;
            }
            if leaves.len() == 1 {
                self.conn
                    .prepare_cached("DELETE FROM leaf WHERE kind = ?1 AND rec = ?2 AND register = ?3")?
                    .execute(params![layout.no, row.rec, register.name])?;
            }
            self.order(&mut leaves)?;
            if leaves[0] == fresh {
                show(layout, &mut row, register, change);
            } else if leaves[0] != before[0] {
                // The shown version was replaced by somebody who had not seen the other leaf, which now shows.
                self.show_leaf(layout, &mut row, register, leaves[0])?;
            }
            row.versions.own.insert(index, leaves);
        }
        if let Some(event) = &change.event {
            self.append(layout, &mut row, event, Leaf { inc, ctr, depth: 0 }, author, change.wall)?;
        }
        if !past.is_empty() {
            self.put_past(layout.no, row.rec, (inc, ctr), author, change.wall, &past, &depths)?;
        }
        self.update(layout, &row)
    }

    /// Orders leaves so that the shown one stands first: deepest, then the greatest id; the same on every replica.
    fn order(&self, leaves: &mut [Leaf]) -> Result<(), Fault> {
        let mut keyed: Vec<(i64, [u8; 16], i64, Leaf)> =
            leaves.iter().map(|l| Ok((l.depth, self.memory.ident(l.inc)?, l.ctr, *l))).collect::<Result<_, Fault>>()?;
        keyed.sort_by_key(|(depth, inc, ctr, _)| std::cmp::Reverse((*depth, *inc, *ctr)));
        for (slot, (_, _, _, leaf)) in leaves.iter_mut().zip(keyed) {
            *slot = leaf;
        }
        Ok(())
    }

    /// Depth of a version; one replaced meanwhile by another is found in the record's past.
    fn depth(&self, kind: u8, row: &Stored, register: usize, dot: (i64, i64), before: &[Leaf]) -> Result<i64, Fault> {
        match before.iter().find(|l| (l.inc, l.ctr) == dot) {
            Some(leaf) => Ok(leaf.depth),
            None if dot == row.versions.base => Ok(1),
            None => self.past_depth(kind, row, register, dot),
        }
    }

    fn past_depth(&self, kind: u8, row: &Stored, register: usize, dot: (i64, i64)) -> Result<i64, Fault> {
        use rusqlite::OptionalExtension as _;
        let blob: Option<Vec<u8>> = self
            .conn
            .prepare_cached("SELECT depths FROM past WHERE kind = ?1 AND rec = ?2 AND inc = ?3 AND ctr = ?4")?
            .query_row(params![kind, row.rec, dot.0, dot.1], |r| r.get(0))
            .optional()?;
        let Some(blob) = blob else { return Ok(1) };
        let depths: Vec<(usize, i64)> = ciborium::from_reader(&blob[..]).map_err(super::versions::damaged)?;
        Ok(depths.into_iter().find(|(r, _)| *r == register).map_or(1, |(_, d)| d))
    }

    /// What a field held in a version: of a leaf, or of one that was replaced and stands in the record's past.
    fn value_of(
        &self,
        layout: &Layout,
        row: &Stored,
        register: &Register,
        before: &[Leaf],
        dot: (i64, i64),
        field: &str,
    ) -> Result<Value, Fault> {
        if before.first().is_some_and(|l| (l.inc, l.ctr) == dot) {
            return Ok(layout.place(field).map_or(Value::Bool(row.void), |p| row.values[p].clone()));
        }
        let sets = match before.iter().find(|l| (l.inc, l.ctr) == dot) {
            Some(leaf) => self.leaf_values(layout.no, row.rec, register.name, *leaf)?,
            None => {
                let entry = past(self.conn, layout.no, row.rec)?.into_iter().find(|e| (e.inc, e.ctr) == dot);
                entry.map_or_else(Vec::new, |e| e.sets.into_iter().map(|(f, _, new)| (f, new)).collect())
            }
        };
        Ok(sets.into_iter().find(|(n, _)| n == field).map_or(Value::Null, |(_, v)| v))
    }

    /// Writes down what the record's first change held in a register, before that version is replaced: whoever saw it
    /// and comes late must find it, in whatever order the changes come.
    fn keep_first(&self, layout: &Layout, row: &Stored, register: &Register, before: &[Leaf]) -> Result<(), Fault> {
        let base = row.versions.base;
        let names: Vec<&str> = if register.fields.is_empty() {
            vec![register.name]
        } else {
            register.fields.iter().map(|p| layout.ty.fields[*p].name).collect()
        };
        let known = past(self.conn, layout.no, row.rec)?.into_iter().find(|e| (e.inc, e.ctr) == base);
        let mut sets = known.map_or_else(Vec::new, |e| e.sets);
        for name in names {
            let held = self.value_of(layout, row, register, before, base, name)?;
            sets.push((name.to_owned(), Value::Null, held));
        }
        self.put_past(layout.no, row.rec, base, row.made_by, row.made_at, &sets, &[])
    }

    #[allow(clippy::too_many_arguments)]
    fn put_past(
        &self,
        kind: u8,
        rec: i64,
        dot: (i64, i64),
        author: i64,
        wall: i64,
        sets: &[(String, Value, Value)],
        depths: &[(usize, i64)],
    ) -> Result<(), Fault> {
        let items: Vec<(&str, ciborium::Value, ciborium::Value)> =
            sets.iter().map(|(f, o, n)| (f.as_str(), rows::to_cbor(o), rows::to_cbor(n))).collect();
        let (mut blob, mut depth_blob) = (Vec::new(), Vec::new());
        ciborium::into_writer(&items, &mut blob).map_err(super::versions::damaged)?;
        ciborium::into_writer(depths, &mut depth_blob).map_err(super::versions::damaged)?;
        self.conn
            .prepare_cached(
                "INSERT INTO past (kind, rec, inc, ctr, author, wall, sets, depths) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (kind, rec, inc, ctr) DO UPDATE SET sets = ?7, depths = ?8",
            )?
            .execute(params![kind, rec, dot.0, dot.1, author, wall, blob, depth_blob])?;
        Ok(())
    }

    fn put_leaf(
        &self,
        layout: &Layout,
        register: &Register,
        row: &Stored,
        leaf: Leaf,
        change: Option<(&Change, i64)>,
    ) -> Result<(), Fault> {
        let (vals, author, wall) = match change {
            Some((change, author)) => {
                let sets = change.sets.iter().filter(|s| belongs(layout, register, &s.field));
                (pack_pairs(sets.map(|s| (&*s.field, &s.value))), author, change.wall)
            }
            None => {
                let void = Value::Bool(row.void);
                let vals = if register.fields.is_empty() {
                    pack_pairs(std::iter::once((register.name, &void)))
                } else {
                    pack_pairs(register.fields.iter().map(|p| (layout.ty.fields[*p].name, &row.values[*p])))
                };
                let (author, wall) = self.author_of(layout.no, row, leaf)?;
                (vals, author, wall)
            }
        };
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO leaf (kind, rec, register, inc, ctr, depth, vals, author, wall) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
            .execute(params![layout.no, row.rec, register.name, leaf.inc, leaf.ctr, leaf.depth, vals, author, wall])?;
        Ok(())
    }

    fn author_of(&self, kind: u8, row: &Stored, leaf: Leaf) -> Result<(i64, i64), Fault> {
        let entry = past(self.conn, kind, row.rec)?.into_iter().find(|e| (e.inc, e.ctr) == (leaf.inc, leaf.ctr));
        Ok(entry.map_or((row.made_by, row.made_at), |e| (e.author, e.wall)))
    }

    fn leaf_values(&self, kind: u8, rec: i64, register: &str, leaf: Leaf) -> Result<Vec<(String, Value)>, Fault> {
        let blob: Vec<u8> = self
            .conn
            .prepare_cached(
                "SELECT vals FROM leaf WHERE kind = ?1 AND rec = ?2 AND register = ?3 AND inc = ?4 AND ctr = ?5",
            )?
            .query_row(params![kind, rec, register, leaf.inc, leaf.ctr], |r| r.get(0))?;
        unpack_pairs(&blob)
    }

    fn show_leaf(&self, layout: &Layout, row: &mut Stored, register: &Register, leaf: Leaf) -> Result<(), Fault> {
        for (field, value) in self.leaf_values(layout.no, row.rec, register.name, leaf)? {
            match layout.place(&field) {
                Some(place) => row.values[place] = value,
                None => row.void = value == Value::Bool(true),
            }
        }
        Ok(())
    }

    fn append(
        &mut self,
        layout: &Layout,
        row: &mut Stored,
        event: &niangjia_replication::change::Event,
        mut leaf: Leaf,
        author: i64,
        wall: i64,
    ) -> Result<(), Fault> {
        let mut events = self.events(layout, row.rec)?;
        let mut deepest = 0;
        for dot in &event.seen {
            let inc = self.memory.known_number(dot.incarnation.0);
            let ctr = counter(*dot)?;
            let found = events.iter().find(|e| Some(e.leaf.inc) == inc && e.leaf.ctr == ctr);
            deepest = deepest.max(found.map_or(1, |e| e.leaf.depth));
        }
        leaf.depth = deepest + 1;
        let entry = EventRow {
            name: event.name.to_string(),
            detail: event.detail.iter().map(|(n, v)| (n.to_string(), v.clone())).collect(),
            leaf,
            author,
            wall,
        };
        self.put_event(layout.no, row.rec, i64::try_from(events.len()).unwrap_or(i64::MAX), &entry)?;
        events.push(entry);
        events.sort_by_cached_key(|e| (e.leaf.depth, self.memory.ident(e.leaf.inc).unwrap_or_default(), e.leaf.ctr));
        row.state = self.folds.get(layout.ty.name).map(|fold| fold(&events));
        Ok(())
    }

    fn events(&self, layout: &Layout, rec: i64) -> Result<Vec<EventRow>, Fault> {
        rows::events(self.conn, layout.no, rec, |l| (self.memory.ident(l.inc).unwrap_or_default(), l.ctr))
    }

    fn update(&mut self, layout: &Layout, row: &Stored) -> Result<Option<Searched>, Fault> {
        let columns = layout
            .ty
            .fields
            .iter()
            .enumerate()
            .map(|(i, f)| format!("\"{}\" = ?{}", f.name, i + 5))
            .collect::<Vec<_>>()
            .join(", ");
        let mut statement = self.conn.prepare_cached(&format!(
            "UPDATE \"{}\" SET vers = ?2, void = ?3, state = ?4, {columns} WHERE rec = ?1",
            layout.ty.name
        ))?;
        statement.raw_bind_parameter(1, row.rec)?;
        statement.raw_bind_parameter(2, row.versions.pack())?;
        statement.raw_bind_parameter(3, row.void)?;
        statement.raw_bind_parameter(4, row.state.as_deref())?;
        for (i, value) in row.values.iter().enumerate() {
            statement.raw_bind_parameter(i + 5, Bind(value))?;
        }
        statement.raw_execute()?;
        let values: Vec<&Value> = row.values.iter().collect();
        self.index(layout, row.rec, &values, row.void)
    }

    /// The narrow table from which the search index is built at unlock. Void records are not in it: nobody finds them.
    fn index(&mut self, layout: &Layout, rec: i64, values: &[&Value], void: bool) -> Result<Option<Searched>, Fault> {
        let Some(found) = searched(layout, values) else { return Ok(None) };
        if void {
            self.conn
                .prepare_cached("DELETE FROM lookup WHERE kind = ?1 AND rec = ?2")?
                .execute(params![layout.no, rec])?;
            return Ok(None);
        }
        pen(&mut self.pens.lookup, self.conn, "INSERT INTO lookup (kind, rec, name, digits) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (kind, rec) DO UPDATE SET name = ?3, digits = ?4")?
            .execute(params![layout.no, rec, found.name, found.digits])?;
        Ok(Some(found))
    }
}

/// One entry of a record's past.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) inc: i64,
    pub(crate) ctr: i64,
    pub(crate) author: i64,
    pub(crate) wall: i64,
    /// Field, what its author replaced, what was written.
    pub(crate) sets: Vec<(String, Value, Value)>,
}

/// The later changes of a record.
pub(crate) fn past(conn: &Connection, kind: u8, rec: i64) -> Result<Vec<Past>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT inc, ctr, author, wall, sets FROM past WHERE kind = ?1 AND rec = ?2 ORDER BY wall, inc, ctr",
    )?;
    let rows = statement
        .query_map(params![kind, rec], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get::<_, Vec<u8>>(4)?)))?;
    let mut out = Vec::new();
    for row in rows {
        let (inc, ctr, author, wall, blob) = row?;
        let sets: Vec<(String, ciborium::Value, ciborium::Value)> =
            ciborium::from_reader(&blob[..]).map_err(super::versions::damaged)?;
        let sets = sets.into_iter().map(|(f, o, n)| (f, rows::from_cbor(o), rows::from_cbor(n))).collect();
        out.push(Past { inc, ctr, author, wall, sets });
    }
    Ok(out)
}

/// Name and digits under which a record is found; `None` for types that nobody searches.
pub(crate) fn searched(layout: &Layout, values: &[&Value]) -> Option<Searched> {
    if !layout.ty.fields.iter().any(|f| f.search) {
        return None;
    }
    let (mut name, mut digits) = (String::new(), String::new());
    for (field, value) in layout.ty.fields.iter().zip(values) {
        let (true, Value::Text(text)) = (field.search, value) else { continue };
        let is_name = matches!(field.kind, crate::record::Kind::Name | crate::record::Kind::Text);
        let slot = if is_name { &mut name } else { &mut digits };
        if !slot.is_empty() {
            slot.push(if is_name { '\u{1f}' } else { '\t' });
        }
        slot.push_str(text);
    }
    Some(Searched { name, digits })
}

fn belongs(layout: &Layout, register: &Register, field: &str) -> bool {
    match layout.place(field) {
        Some(place) => register.fields.contains(&place),
        None => register.fields.is_empty() && field == register.name,
    }
}

fn show(layout: &Layout, row: &mut Stored, register: &Register, change: &Change) {
    for set in change.sets.iter().filter(|s| belongs(layout, register, &s.field)) {
        match layout.place(&set.field) {
            Some(place) if fits(layout.ty.fields[place].kind, &set.value) => row.values[place] = set.value.clone(),
            Some(_) => {}
            None => row.void = set.value == Value::Bool(true),
        }
    }
}

pub(crate) fn counter(dot: Dot) -> Result<i64, Fault> {
    i64::try_from(dot.counter).map_err(|_| super::versions::damaged("counter"))
}

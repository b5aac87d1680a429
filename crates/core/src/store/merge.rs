//! Merging: a later change meets a row. Every register is a multi-value register; what it shows, what stands beside it and
//! what its history says are functions of the set of changes, in whatever order they came.

use std::fmt::Write as _;

use niangjia_replication::change::{Change, Event};
use niangjia_replication::planted;
use rusqlite::{Connection, params};

use super::{
    apply::{Applier, Searched, counter, first_of_a_record, searched},
    moving::unlisted,
    rows::{self, Bind, EventRow, Stored, fits, pack_pairs, unpack_pairs},
    versions::{Leaf, damaged},
};
use crate::{
    fault::Fault,
    record::{Layout, Moves, Register, Value},
};

impl Applier<'_, '_> {
    /// A later change meets the row.
    pub(super) fn merge(
        &mut self,
        layout: &Layout,
        mut row: Stored,
        change: &Change,
    ) -> Result<Option<Searched>, Fault> {
        let (inc, ctr) = (self.memory.number(self.conn, change.dot.incarnation.0)?, counter(change.dot)?);
        let author = self.memory.number(self.conn, change.author.0)?;
        let stood = row.clone();
        let begins = layout.ty.moves != Moves::Never && first_of_a_record(change);
        if begins {
            self.begin_with(layout, &mut row, change, (inc, ctr), author)?;
        }
        let mut past: Vec<(String, Value, Value)> = Vec::new();
        let mut depths: Vec<(usize, i64)> = Vec::new();
        for (index, register) in layout.registers.iter().enumerate() {
            let sets: Vec<_> = change.sets.iter().filter(|s| belongs(layout, register, &s.field)).collect();
            let Some(first) = sets.first() else { continue };
            if self.adopting && layout.local.contains(&index) {
                past.extend(sets.iter().map(|set| (set.field.to_string(), Value::Null, set.value.clone())));
                continue;
            }
            let seen: Vec<(i64, i64)> = first
                .seen
                .iter()
                .map(|d| Ok((self.memory.number(self.conn, d.incarnation.0)?, counter(*d)?)))
                .collect::<Result<_, Fault>>()?;
            let mut before = row.versions.leaves(index);
            // A first change that left a register out is no version of it, where a record may have several.
            let unset = |leaf: &Leaf| {
                (leaf.inc, leaf.ctr) == row.versions.base && (leaf.inc, leaf.ctr) != (inc, ctr) && empty(&row, register)
            };
            if layout.ty.moves != Moves::Never && before.len() == 1 && !row.versions.own.contains_key(&index) {
                before.retain(|leaf| !unset(leaf) || seen.contains(&(leaf.inc, leaf.ctr)));
            }
            before.retain(|leaf| (leaf.inc, leaf.ctr) != (inc, ctr));
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
                    Some(_) if self.reduced => Value::elided(),
                    Some((_, _, dot)) => self.value_of(layout, &row, register, &before, dot, &set.field)?,
                    None => Value::Null,
                };
                past.push((set.field.to_string(), old, set.value.clone()));
            }
            if before.iter().any(|l| (l.inc, l.ctr) == row.versions.base) && seen.contains(&row.versions.base) {
                self.keep_first(layout, &row, register, &before)?;
            }
            let mut depth = 1 + shown.map_or(0, |(depth, _, _)| depth);
            if planted!("depth from what stands") {
                depth = 1 + before.iter().map(|l| l.depth).max().unwrap_or(0);
            }
            depths.push((index, depth));
            let fresh = Leaf { inc, ctr, depth };
            let mut leaves: Vec<Leaf> = before.iter().copied().filter(|l| !seen.contains(&(l.inc, l.ctr))).collect();
            if planted!("last write wins") {
                leaves.clear();
            }
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
                if begins {
                    register.fields.iter().for_each(|place| row.values[*place] = Value::Null);
                }
                show(layout, &mut row, register, change);
            } else if before.first() != Some(&leaves[0]) {
                // The shown version was replaced by somebody who had not seen the other leaf, which now shows.
                self.show_leaf(layout, &mut row, register, leaves[0])?;
            }
            if leaves == [Leaf { inc: row.versions.base.0, ctr: row.versions.base.1, depth: 1 }] {
                row.versions.own.remove(&index);
            } else {
                row.versions.own.insert(index, leaves);
            }
        }
        if begins {
            past.retain(|(field, _, new)| says(layout, field, new));
            depths.clear();
        }
        if let Some(event) = &change.event {
            self.append(layout, &mut row, event, Leaf { inc, ctr, depth: 0 }, author, change.wall)?;
        }
        // What sets nothing that this version knows still stands in the row, for what builds on it.
        let silent =
            layout.ty.moves != Moves::Never && change.event.is_none() && (begins || (inc, ctr) != row.versions.base);
        if !past.is_empty() || silent {
            self.put_past(layout.no, row.rec, (inc, ctr), author, change.wall, &past, &depths)?;
        }
        let with = match layout.ty.moves {
            Moves::With(field) => layout.place(field).is_some_and(|place| row.values[place] != stood.values[place]),
            _ => false,
        };
        if (row.versions.base != stood.versions.base || with) && change.event.is_none() {
            let events = self.events(layout, row.rec)?;
            let values: Vec<&Value> = row.values.iter().collect();
            row.state = self.state(layout, (row.id, &values), row.stream, row.versions.base, &events)?;
        }
        self.update(layout, &stood, &row)
    }

    /// A further first change of a record: the one that its incarnation and number put first is the base, in whatever order they
    /// came. What the other one said has from then on a version of its own.
    fn begin_with(
        &mut self,
        layout: &Layout,
        row: &mut Stored,
        change: &Change,
        dot: (i64, i64),
        author: i64,
    ) -> Result<(), Fault> {
        let old = row.versions.base;
        self.write_out(layout, row)?;
        let later = (self.memory.ident(dot.0)?, dot.1) > (self.memory.ident(old.0)?, old.1);
        if later || planted!("whichever came first is the base") {
            return Ok(());
        }
        for (index, register) in layout.registers.iter().enumerate() {
            if !row.versions.own.contains_key(&index) && !empty(row, register) {
                row.versions.own.insert(index, vec![Leaf { inc: old.0, ctr: old.1, depth: 1 }]);
            }
        }
        row.versions.base = dot;
        (row.made_by, row.made_at) = (author, change.wall);
        self.conn
            .prepare_cached(&format!(
                "UPDATE \"{}\" SET ver_inc = ?2, ver_ctr = ?3, made_by = ?4, made_at = ?5 WHERE rec = ?1",
                layout.ty.name
            ))?
            .execute(params![row.rec, dot.0, dot.1, author, change.wall])?;
        Ok(())
    }

    /// Writes down all that the record's first change says. Where a record began several times this stands in its past of each
    /// beginning, so that the past does not tell which of them came first.
    fn write_out(&self, layout: &Layout, row: &Stored) -> Result<(), Fault> {
        let base = row.versions.base;
        let known = past(self.conn, layout.no, row.rec)?.into_iter().find(|e| (e.inc, e.ctr) == base);
        let mut sets = known.map_or_else(Vec::new, |e| e.sets);
        for (index, register) in layout.registers.iter().enumerate() {
            let leaves = row.versions.leaves(index);
            // What was replaced by somebody who saw it was written down then.
            if leaves.iter().any(|leaf| (leaf.inc, leaf.ctr) == base) {
                self.said_first(layout, row, register, &leaves, &mut sets)?;
            }
        }
        let event = self.events(layout, row.rec)?.into_iter().any(|e| (e.leaf.inc, e.leaf.ctr) == base);
        if !sets.is_empty() || !event {
            self.put_past(layout.no, row.rec, base, row.made_by, row.made_at, &sets, &[])?;
        }
        Ok(())
    }

    /// What the record's first change says in a register, added to what is known of it.
    fn said_first(
        &self,
        layout: &Layout,
        row: &Stored,
        register: &Register,
        leaves: &[Leaf],
        sets: &mut Vec<(String, Value, Value)>,
    ) -> Result<(), Fault> {
        let names: Vec<&str> = if register.fields.is_empty() {
            vec![register.name]
        } else {
            register.fields.iter().map(|p| layout.ty.fields[*p].name).collect()
        };
        let moves = layout.ty.moves != Moves::Never;
        for name in names {
            if moves && sets.iter().any(|(known, ..)| known == name) {
                continue;
            }
            let mut held = if self.reduced && !moves {
                Value::elided()
            } else {
                self.value_of(layout, row, register, leaves, row.versions.base, name)?
            };
            // A field that a beginning left out is none of its versions.
            if moves && !says(layout, name, &held) {
                continue;
            }
            if self.reduced {
                held = Value::elided();
            }
            sets.push((name.to_owned(), Value::Null, held));
        }
        Ok(())
    }

    /// Orders leaves so that the shown one stands first: deepest, then the greatest id; the same on every replica.
    fn order(&self, leaves: &mut [Leaf]) -> Result<(), Fault> {
        if planted!("winner by arrival") {
            return Ok(());
        }
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
        let Some(blob) = blob.filter(|_| !planted!("replaced versions forget their depth")) else { return Ok(1) };
        let depths: Vec<(usize, i64)> = ciborium::from_reader(&blob[..]).map_err(damaged)?;
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
        // What a first change left out was empty, and its record not void.
        let unsaid = || if layout.place(field).is_some() { Value::Null } else { Value::Bool(false) };
        Ok(sets.into_iter().find(|(n, _)| n == field).map_or_else(unsaid, |(_, v)| v))
    }

    /// Writes down what the record's first change held in a register, before that version is replaced: whoever saw it
    /// and comes late must find it, in whatever order the changes come.
    fn keep_first(&self, layout: &Layout, row: &Stored, register: &Register, before: &[Leaf]) -> Result<(), Fault> {
        let base = row.versions.base;
        let known = past(self.conn, layout.no, row.rec)?.into_iter().find(|e| (e.inc, e.ctr) == base);
        let mut sets = known.map_or_else(Vec::new, |e| e.sets);
        let stood = sets.len();
        self.said_first(layout, row, register, before, &mut sets)?;
        if layout.ty.moves != Moves::Never && sets.len() == stood {
            return Ok(());
        }
        self.put_past(layout.no, row.rec, base, row.made_by, row.made_at, &sets, &[])
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn put_past(
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
        ciborium::into_writer(&items, &mut blob).map_err(damaged)?;
        ciborium::into_writer(depths, &mut depth_blob).map_err(damaged)?;
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
                let sets = || change.sets.iter().filter(|s| belongs(layout, register, &s.field));
                // A first change leaves out what is empty; its version of a group has all fields of it, whichever beginning
                // came first.
                let whole = layout.ty.moves != Moves::Never && first_of_a_record(change) && !register.fields.is_empty();
                let vals = if whole {
                    let said =
                        |name: &str| sets().find(|set| &*set.field == name).map_or(&Value::Null, |set| &set.value);
                    let names = register.fields.iter().map(|p| layout.ty.fields[*p].name);
                    pack_pairs(names.map(|name| (name, said(name))))
                } else {
                    pack_pairs(sets().map(|s| (&*s.field, &s.value)))
                };
                (vals, author, change.wall)
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
                Some(place) if fits(layout.ty.fields[place].kind, &value) => row.values[place] = value,
                Some(_) => {}
                None => row.void = value == Value::Bool(true),
            }
        }
        Ok(())
    }

    fn append(
        &mut self,
        layout: &Layout,
        row: &mut Stored,
        event: &Event,
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
        if !planted!("events fold as they come") {
            events = rows::in_order(self.memory, events)?;
        }
        let values: Vec<&Value> = row.values.iter().collect();
        row.state = self.state(layout, (row.id, &values), row.stream, row.versions.base, &events)?;
        Ok(())
    }

    fn events(&self, layout: &Layout, rec: i64) -> Result<Vec<EventRow>, Fault> {
        rows::events(self.conn, self.memory, layout.no, rec)
    }

    /// Writes what has changed of the row, and nothing else: a column that is written writes every index that names it.
    fn update(&mut self, layout: &Layout, stood: &Stored, row: &Stored) -> Result<Option<Searched>, Fault> {
        let versions = row.versions.pack();
        let mut sql = format!("UPDATE \"{}\" SET vers = ?2", layout.ty.name);
        let fields: Vec<usize> =
            (0..row.values.len()).filter(|place| stood.values[*place] != row.values[*place]).collect();
        let (void, state) = (stood.void != row.void, stood.state != row.state);
        sql.push_str(if void { ", void = ?3" } else { "" });
        sql.push_str(if state { ", state = ?4" } else { "" });
        for place in &fields {
            let _ = write!(sql, ", \"{}\" = ?{}", layout.ty.fields[*place].name, place + 5);
        }
        sql.push_str(" WHERE rec = ?1");
        let mut statement = self.conn.prepare_cached(&sql)?;
        statement.raw_bind_parameter(1, row.rec)?;
        statement.raw_bind_parameter(2, versions)?;
        if void {
            statement.raw_bind_parameter(3, row.void)?;
        }
        if state {
            statement.raw_bind_parameter(4, row.state.as_deref())?;
        }
        for place in fields {
            statement.raw_bind_parameter(place + 5, Bind(&row.values[place]))?;
        }
        statement.raw_execute()?;
        let found = searched(layout, row.values.iter());
        let hidden = row.void || unlisted(self.folds, layout, row.state.as_deref());
        if !void && !state && found == searched(layout, stood.values.iter()) {
            return Ok(found.filter(|_| !hidden));
        }
        self.index(layout, row.rec, found, hidden)
    }
}

/// Whether a first change says anything with this: what it leaves out is none of its versions.
fn says(layout: &Layout, field: &str, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(false) => layout.place(field).is_some(),
        _ => true,
    }
}

/// Whether a register shows nothing.
fn empty(row: &Stored, register: &Register) -> bool {
    match register.fields.as_slice() {
        [] => !row.void,
        fields => fields.iter().all(|place| row.values[*place] == Value::Null),
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
            ciborium::from_reader(&blob[..]).map_err(damaged)?;
        let sets = sets.into_iter().map(|(f, o, n)| (f, rows::from_cbor(o), rows::from_cbor(n))).collect();
        out.push(Past { inc, ctr, author, wall, sets });
    }
    Ok(out)
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

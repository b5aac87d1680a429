//! Applying changes: the one place where a change, one's own or another's, becomes rows.
//!
//! Every register of a row is a multi-value register: a change replaces the versions that its author saw and stands
//! beside the others. What a register shows and what a fold gives are pure functions of the set of changes.

use std::collections::BTreeMap;

use niangjia_replication::change::{Change, Dot};
use niangjia_replication::planted;
use rusqlite::{CachedStatement, Connection, params};

use super::{
    memory::Memory,
    moving::{ADOPTION, RULING, unlisted},
    rows::{self, Bind, EventRow, fits, pack_pairs},
    said,
    versions::Leaf,
};
use crate::{
    fault::Fault,
    record::{Layout, Moves, Schema, Value},
};

/// How the state of a record follows from its events; pure.
#[derive(Clone, Copy)]
pub struct Fold {
    /// The state.
    pub state: fn(&[EventRow]) -> String,
    /// Whether a record in this state counts where it stands, so that of a newcomer the county's word is awaited.
    pub stands: fn(&str) -> bool,
}

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
pub(super) fn pen<'p, 'c>(
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
    pub(crate) touched: &'a mut Touched,
    /// What is applied comes from a checkpoint: the values that its changes replaced are not here.
    pub(crate) reduced: bool,
    /// What is applied next was carried by another chain than that of its incarnation.
    pub(crate) carried: bool,
    /// What is applied next was written in another stream.
    pub(crate) adopting: bool,
}

/// The type of the registrar's receipts.
pub(crate) const RECEIPT: &str = "receipt";

impl Applier<'_, '_> {
    /// Applies one change of a stream. `named` is the same change under the names of branches, where a chain is forked.
    /// `county` says that a device of the county signed its segment.
    pub(crate) fn apply(
        &mut self,
        stream: i64,
        saved: &Change,
        named: Option<&Change>,
        county: bool,
    ) -> Result<Fate, Fault> {
        let change = named.unwrap_or(saved);
        let inc = self.memory.number(self.conn, change.dot.incarnation.0)?;
        let ctr = counter(change.dot)?;
        if self.memory.held(stream, inc, ctr) && !planted!("no dedupe") {
            // Whichever came first, what its own chain brings counts as brought by it.
            if !self.carried && self.memory.heads.get(&(stream, inc)).is_none_or(|head| head.applied < ctr) {
                self.memory.head_mut(stream, inc).applied = ctr;
            }
            return Ok(Fate::Known);
        }
        if change.dot != saved.dot {
            said::note(self.conn, stream, inc, saved)?;
        }
        if self.carried && !planted!("what is carried makes known what it left out") {
            self.memory.carry(stream, inc, ctr);
        }
        let head = self.memory.head_mut(stream, inc);
        if !self.carried || planted!("what is carried makes known what it left out") {
            head.applied = head.applied.max(ctr);
        }
        head.changes += 1;
        head.digest.add(&saved.id());
        if &*change.kind != RECEIPT || planted!("receipts are receipted") {
            head.news = head.news.max(ctr);
        }
        // What its author saw may have been one of several, and then none of them counts; the record that it was written on was there
        // all the same.
        let on_a_record = named.is_some_and(first_of_a_record) && !first_of_a_record(saved);
        if (on_a_record && !self.stands(change)?) || !self.causes_known(stream, change)? {
            if planted!("parked dropped") {
                return Ok(Fate::Unknown);
            }
            self.memory.parked.insert((stream, inc, ctr));
            return Ok(Fate::Parked);
        }
        self.settle(stream, change, county)
    }

    /// Applies a parked change once its causes have come.
    pub(crate) fn unpark(&mut self, stream: i64, change: &Change, county: bool) -> Result<bool, Fault> {
        let first = first_of_a_record(change) && &*change.kind != ADOPTION;
        if (first && !self.stands(change)?) || !self.causes_known(stream, change)? {
            return Ok(false);
        }
        let inc = self.memory.number(self.conn, change.dot.incarnation.0)?;
        self.memory.parked.remove(&(stream, inc, counter(change.dot)?));
        self.settle(stream, change, county)?;
        Ok(true)
    }

    /// Whether the record of a change is here, as far as this version knows its type.
    fn stands(&self, change: &Change) -> Result<bool, Fault> {
        let Some(layout) = self.schema.kind(&change.kind) else { return Ok(true) };
        Ok(rows::by_id(self.conn, layout, change.record)?.is_some())
    }

    fn causes_known(&mut self, stream: i64, change: &Change) -> Result<bool, Fault> {
        if planted!("nothing is parked") {
            return Ok(true);
        }
        if &*change.kind == ADOPTION {
            return self.adoptable(stream, change);
        }
        if let Some(layout) = self.schema.kind(&change.kind).filter(|layout| layout.ty.moves != Moves::Never) {
            return self.traced(stream, layout, change);
        }
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

    pub(super) fn settle(&mut self, stream: i64, change: &Change, county: bool) -> Result<Fate, Fault> {
        if &*change.kind == RECEIPT {
            if county {
                self.receipt(stream, change)?;
            }
            return Ok(Fate::Applied);
        }
        let Some(layout) = self.schema.kind(&change.kind) else { return Ok(Fate::Unknown) };
        if layout.ty.moves != Moves::Never && self.brought_before(stream, change)? {
            return Ok(Fate::Applied);
        }
        let (rec, found) = if first_of_a_record(change)
            && let Some(fresh) = self.insert(layout, stream, change)?
        {
            fresh
        } else {
            let row = match layout.ty.moves {
                Moves::Never => rows::by_id(self.conn, layout, change.record)?,
                _ => rows::in_stream(self.conn, layout, change.record, stream)?,
            };
            let Some(row) = row else { return Ok(Fate::Unknown) };
            // A record belongs to its stream: whoever may write another one does not change it from there. The change stays in
            // the log, and no row says what it says.
            if row.stream != stream {
                return Ok(Fate::Unknown);
            }
            (row.rec, self.merge(layout, row, change)?)
        };
        for set in change.sets.iter().filter(|set| layout.pictures.contains(&&*set.field)) {
            crate::blobs::note(self.conn, stream, &set.value)?;
        }
        self.touched.entry(layout.no).or_default().insert(rec, found);
        match &*change.kind {
            ADOPTION => self.adopt(stream, change)?,
            RULING => self.rule(stream, change)?,
            _ => {}
        }
        Ok(Fate::Applied)
    }

    /// A record's first change; `None` where the record stands already.
    pub(super) fn insert(
        &mut self,
        layout: &Layout,
        stream: i64,
        change: &Change,
    ) -> Result<Option<(i64, Option<Searched>)>, Fault> {
        let mut values: Vec<&Value> = vec![&Value::Null; layout.ty.fields.len()];
        let mut void = false;
        let mut elsewhere: Vec<(String, Value, Value)> = Vec::new();
        // Fields come in the order of the form as a rule: the next one is looked for from there on, by name otherwise.
        let mut next = 0;
        for set in &change.sets {
            let ahead = layout.ty.fields[next..].iter().position(|f| f.name == &*set.field).map(|ahead| next + ahead);
            next = ahead.map_or(next, |place| place + 1);
            match ahead.or_else(|| layout.place(&set.field)) {
                Some(place) if self.adopting && layout.local.contains(&layout.register_of[place]) => {
                    let said = (set.value != Value::Null).then(|| set.value.clone());
                    elsewhere.extend(said.map(|said| (set.field.to_string(), Value::Null, said)));
                }
                // What was said here first, and is gone from a checkpoint because it was replaced: that it was said is known.
                Some(_) if layout.ty.moves != Moves::Never && set.value.is_elided() => {
                    elsewhere.push((set.field.to_string(), Value::Null, Value::elided()));
                }
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
        let state = self.state(layout, (change.record, &values), stream, (inc, ctr), event.as_slice())?;
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
        statement.raw_bind_parameter(7, state.as_deref())?;
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
        if !elsewhere.is_empty() {
            self.put_past(layout.no, rec, (inc, ctr), author, change.wall, &elsewhere, &[])?;
        }
        let hidden = void || unlisted(self.folds, layout, state.as_deref());
        let found = self.index(layout, rec, searched(layout, values.iter().copied()), hidden)?;
        Ok(Some((rec, found)))
    }

    pub(super) fn put_event(&mut self, kind: u8, rec: i64, n: i64, event: &EventRow) -> Result<(), Fault> {
        let detail = pack_pairs(event.detail.iter().map(|(n, v)| (n.as_str(), v)));
        pen(&mut self.pens.event, self.conn, "INSERT INTO event (kind, rec, n, name, detail, inc, ctr, depth, author, wall) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
            .execute(params![kind, rec, n, event.name, detail, event.leaf.inc, event.leaf.ctr, event.leaf.depth, event.author, event.wall])?;
        Ok(())
    }

    /// The narrow table from which the search index is built at unlock. Void records are not in it: nobody finds them.
    pub(super) fn index(
        &mut self,
        layout: &Layout,
        rec: i64,
        found: Option<Searched>,
        void: bool,
    ) -> Result<Option<Searched>, Fault> {
        let Some(found) = found else { return Ok(None) };
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

/// Name and digits under which a record is found; `None` for types that nobody searches.
pub(crate) fn searched<'v>(layout: &Layout, values: impl Iterator<Item = &'v Value>) -> Option<Searched> {
    if !layout.ty.fields.iter().any(|f| f.search) {
        return None;
    }
    let (mut name, mut digits) = (String::new(), String::new());
    for (place, (field, value)) in layout.ty.fields.iter().zip(values).enumerate() {
        let (true, Value::Text(text)) = (field.search, value) else { continue };
        let is_name = match field.kind {
            crate::record::Kind::Name => true,
            // A member number is text, but is looked for like any number; among the names it would double the index.
            crate::record::Kind::Text => place == layout.ty.title || !is_number(text),
            _ => false,
        };
        let slot = if is_name { &mut name } else { &mut digits };
        if !slot.is_empty() {
            slot.push(if is_name { '\u{1f}' } else { '\t' });
        }
        slot.push_str(text);
    }
    Some(Searched { name, digits })
}

fn is_number(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b' '))
}

/// Whether a change makes its record: its author saw nothing that stood there.
pub(crate) fn first_of_a_record(change: &Change) -> bool {
    change.sets.iter().all(|s| s.seen.is_empty()) && change.event.as_ref().is_none_or(|e| e.seen.is_empty())
}

pub(crate) fn counter(dot: Dot) -> Result<i64, Fault> {
    i64::try_from(dot.counter).map_err(|_| super::versions::damaged("counter"))
}

//! Acts: the only write path. An act collects what a command decided, writes change, row, search entry and audit
//! entry in one transaction, and either all of it stands or none.

use std::{collections::BTreeMap, sync::Arc};

use niangjia_replication::{
    block,
    change::{Change, Dot, Event, Hlc, Incarnation, RecordId, Set, Value},
    stream::Stream,
};
use rand_chacha::ChaCha20Rng;
use rusqlite::{Connection, params};

use super::{
    apply::{Applier, Fold, Touched, counter},
    memory::Memory,
    rows::{self, Stored},
    versions::{Versions, damaged},
};
use crate::{
    fault::Fault,
    record::{Layout, Record, Schema},
};

/// The moment and the chance of one act, handed in by the host: core has neither clock nor randomness.
pub struct Moment {
    /// Milliseconds since 1970, as this PC's clock says.
    pub wall: i64,
    /// Random numbers of this act.
    pub rng: ChaCha20Rng,
}

impl Moment {
    /// Today as a civil day of UTC+8, whatever the PC's zone.
    #[must_use]
    pub fn today(&self) -> chrono::NaiveDate {
        today(self.wall)
    }
}

/// The civil day of UTC+8 of a moment in milliseconds since 1970.
#[must_use]
pub fn today(wall: i64) -> chrono::NaiveDate {
    chrono::DateTime::from_timestamp_millis(wall.saturating_add(8 * 3_600_000))
        .map_or(chrono::NaiveDate::MIN, |t| t.date_naive())
}

/// An act in progress.
pub struct Act<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) schema: &'a Schema,
    pub(crate) folds: &'a BTreeMap<&'static str, Fold>,
    pub(crate) memory: Memory,
    pub(crate) touched: Touched,
    pub(crate) author: RecordId,
    pub(crate) moment: Moment,
    pub(crate) county: bool,
    written: BTreeMap<i64, Vec<Change>>,
    names: Names,
    stamp: Option<Hlc>,
}

/// Field names as the log spells them, shared instead of copied.
#[derive(Default)]
struct Names(std::collections::HashMap<String, Arc<str>>);

impl Names {
    fn get(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let fresh: Arc<str> = name.into();
        self.0.insert(name.to_owned(), fresh.clone());
        fresh
    }
}

/// An event to be written with a change.
pub struct NewEvent {
    /// Name, such as `joined`.
    pub name: &'static str,
    /// What was entered with it.
    pub detail: Vec<(&'static str, Value)>,
}

impl<'a> Act<'a> {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn begin(
        conn: &'a Connection,
        schema: &'a Schema,
        folds: &'a BTreeMap<&'static str, Fold>,
        memory: Memory,
        author: RecordId,
        moment: Moment,
        county: bool,
    ) -> Self {
        Self {
            conn,
            schema,
            folds,
            memory,
            touched: Touched::new(),
            author,
            moment,
            county,
            written: BTreeMap::new(),
            names: Names::default(),
            stamp: None,
        }
    }

    /// A fresh record id.
    pub fn new_id(&mut self) -> RecordId {
        RecordId::new(self.moment.wall.try_into().unwrap_or(0), &mut self.moment.rng)
    }

    pub(crate) fn layout(&self, kind: &str) -> Result<&'a Layout, Fault> {
        self.schema.kind(kind).ok_or_else(|| damaged(format!("kind {kind}")))
    }

    /// Writes a new record into a stream.
    ///
    /// # Errors
    /// The store's own.
    pub fn create<R: Record>(
        &mut self,
        stream: &Stream,
        record: R,
        event: Option<NewEvent>,
    ) -> Result<RecordId, Fault> {
        let id = self.new_id();
        self.create_as(stream, id, record, event)?;
        Ok(id)
    }

    /// Writes a new record whose id is given.
    ///
    /// # Errors
    /// The store's own.
    pub fn create_as<R: Record>(
        &mut self,
        stream: &Stream,
        id: RecordId,
        record: R,
        event: Option<NewEvent>,
    ) -> Result<(), Fault> {
        let layout = self.layout(R::TYPE.name)?;
        self.create_values(stream, layout, id, record.into_values(), event)
    }

    pub(crate) fn create_values(
        &mut self,
        stream: &Stream,
        layout: &Layout,
        id: RecordId,
        values: Vec<Value>,
        event: Option<NewEvent>,
    ) -> Result<(), Fault> {
        let mut sets = Vec::with_capacity(values.len());
        for (field, value) in layout.ty.fields.iter().zip(values) {
            if value != Value::Null {
                sets.push(Set { field: self.names.get(field.name), value, seen: Vec::new() });
            }
        }
        let event = event.map(|e| self.event(e, Vec::new()));
        self.write(stream, layout.ty.name, id, sets, event)
    }

    fn event(&mut self, event: NewEvent, seen: Vec<Dot>) -> Event {
        let detail =
            event.detail.into_iter().filter(|(_, v)| *v != Value::Null).map(|(n, v)| (self.names.get(n), v)).collect();
        Event { name: self.names.get(event.name), detail, seen }
    }

    /// Writes the fields that a person changed, naming the versions that this person *saw*.
    ///
    /// A register is replaced as a whole: fields of the group that were not touched keep what the row shows. Nothing
    /// is written where nothing differs. Returns whether something was.
    ///
    /// # Errors
    /// `not_found`, or the store's own.
    pub(crate) fn change(
        &mut self,
        layout: &Layout,
        row: &Stored,
        seen: &Versions,
        fields: &[(usize, Value)],
        event: Option<NewEvent>,
    ) -> Result<bool, Fault> {
        let mut sets = Vec::new();
        for (index, register) in layout.registers.iter().enumerate() {
            let touched =
                fields.iter().any(|(place, value)| register.fields.contains(place) && row.values[*place] != *value);
            // A conflict is settled by choosing, even where the choice is the value that shows.
            let settles =
                seen.leaves(index).len() > 1 && fields.iter().any(|(place, _)| register.fields.contains(place));
            if !touched && !settles {
                continue;
            }
            let dots = self.dots(seen, index)?;
            for place in &register.fields {
                let value = fields
                    .iter()
                    .find(|(p, _)| p == place)
                    .map_or_else(|| row.values[*place].clone(), |(_, v)| v.clone());
                sets.push(Set { field: self.names.get(layout.ty.fields[*place].name), value, seen: dots.clone() });
            }
        }
        let event = match event {
            Some(event) => {
                let seen = self.event_heads(layout, row)?;
                Some(self.event(event, seen))
            }
            None => None,
        };
        if sets.is_empty() && event.is_none() {
            return Ok(false);
        }
        let stream = *self.memory.stream_name(row.stream)?;
        self.write(&stream, layout.ty.name, row.id, sets, event)?;
        Ok(true)
    }

    /// Voids a record (or takes the void back), naming the version seen.
    ///
    /// # Errors
    /// The store's own.
    pub(crate) fn void(&mut self, layout: &Layout, row: &Stored, seen: &Versions, void: bool) -> Result<(), Fault> {
        let dots = self.dots(seen, layout.void_register())?;
        let set = Set { field: self.names.get("void"), value: Value::Bool(void), seen: dots };
        let stream = *self.memory.stream_name(row.stream)?;
        self.write(&stream, layout.ty.name, row.id, vec![set], None)
    }

    fn dots(&self, seen: &Versions, register: usize) -> Result<Vec<Dot>, Fault> {
        seen.leaves(register)
            .iter()
            .map(|l| {
                Ok(Dot {
                    incarnation: self.memory.incarnation(l.inc)?,
                    counter: u64::try_from(l.ctr).map_err(damaged)?,
                })
            })
            .collect()
    }

    /// The last events of a record: those that a new event follows.
    fn event_heads(&self, layout: &Layout, row: &Stored) -> Result<Vec<Dot>, Fault> {
        let events = self.events(layout, row.rec)?;
        let deepest = events.iter().map(|e| e.leaf.depth).max();
        events
            .iter()
            .filter(|e| Some(e.leaf.depth) == deepest)
            .map(|e| {
                Ok(Dot {
                    incarnation: self.memory.incarnation(e.leaf.inc)?,
                    counter: u64::try_from(e.leaf.ctr).map_err(damaged)?,
                })
            })
            .collect()
    }

    pub(crate) fn events(&self, layout: &Layout, rec: i64) -> Result<Vec<rows::EventRow>, Fault> {
        rows::events(self.conn, layout.no, rec, |l| (self.memory.ident(l.inc).unwrap_or_default(), l.ctr))
    }

    /// The row as it stands, this act's own writes included.
    pub(crate) fn row(&self, layout: &Layout, id: RecordId) -> Result<Stored, Fault> {
        rows::by_id(self.conn, layout, id)?.ok_or_else(Fault::not_found)
    }

    /// Writes one change and applies it at once.
    pub(crate) fn write(
        &mut self,
        stream: &Stream,
        kind: &str,
        record: RecordId,
        sets: Vec<Set>,
        event: Option<Event>,
    ) -> Result<(), Fault> {
        let stream = self.memory.stream(self.conn, stream)?;
        self.memory.counter += 1;
        let wall = u64::try_from(self.moment.wall).unwrap_or(0);
        // One act is one moment: its changes share a stamp, so that a batch packs small.
        let hlc = *self.stamp.get_or_insert_with(|| Hlc::tick(self.memory.hlc, wall));
        self.memory.hlc = hlc;
        let change = Change {
            dot: Dot {
                incarnation: Incarnation(self.memory.ident(self.memory.own)?),
                counter: u64::try_from(self.memory.counter).map_err(damaged)?,
            },
            kind: self.names.get(kind),
            record,
            author: self.author,
            hlc,
            wall: self.moment.wall,
            sets,
            event,
        };
        let mut applier = Applier {
            conn: self.conn,
            schema: self.schema,
            folds: self.folds,
            memory: &mut self.memory,
            touched: std::mem::take(&mut self.touched),
        };
        applier.apply(stream, &change, self.county)?;
        self.touched = applier.touched;
        self.written.entry(stream).or_default().push(change);
        Ok(())
    }

    /// The counters that this act has written so far in a stream, first and last.
    pub(crate) fn span(&self, stream: &Stream) -> Option<(i64, i64)> {
        let changes = self.written.get(&self.memory.known_stream(stream)?)?;
        Some((counter(changes.first()?.dot).ok()?, counter(changes.last()?.dot).ok()?))
    }

    /// How many changes this act has written.
    pub(crate) fn count(&self) -> usize {
        self.written.values().map(Vec::len).sum()
    }

    /// Puts what was written into the outbox and the memory into the file; the caller commits.
    pub(crate) fn finish(mut self) -> Result<(Memory, Touched, ChaCha20Rng), Fault> {
        let mut put = self.conn.prepare_cached(
            "INSERT INTO outbox (stream, changes, first_ctr, last_ctr, block) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (stream, changes) in std::mem::take(&mut self.written) {
            for part in changes.chunks(BLOCK_CHANGES) {
                let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
                let block = block::encode(part).map_err(damaged)?;
                put.execute(params![
                    stream,
                    i64::try_from(part.len()).unwrap_or(i64::MAX),
                    counter(first.dot)?,
                    counter(last.dot)?,
                    block
                ])?;
            }
        }
        drop(put);
        self.memory.persist(self.conn)?;
        Ok((self.memory, self.touched, self.moment.rng))
    }
}

/// Changes in one block: small enough that a block of wide rows stays below the size of a segment.
pub(crate) const BLOCK_CHANGES: usize = 1_000;

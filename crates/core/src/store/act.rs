//! Acts: the only write path. An act collects what a command decided, writes change, row, search entry and audit
//! entry in one transaction, and either all of it stands or none.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use niangjia_replication::planted;
use niangjia_replication::{
    block,
    change::{Change, Dot, Event, Hlc, Incarnation, RecordId, Set, Value},
    stream::Stream,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use rand_core::Rng as _;
use rusqlite::Connection;

use super::{
    apply::{Applier, Fold, Pens, Touched, counter},
    deeds,
    log::Fresh,
    memory::Memory,
    merge,
    moving::{ADOPTION, GIVEN_BACK, MOVED_ON, TAKEN_IN, TRANSFERRED},
    orders::is_paper,
    rows::{self, Stored},
    said,
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
    /// The same moment with chance of its own, for a part of the work.
    #[must_use]
    pub fn part(&mut self) -> Self {
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        Self { wall: self.wall, rng: ChaCha20Rng::from_seed(seed) }
    }

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

/// The moment at which a civil day of UTC+8 begins, in milliseconds since 1970.
#[must_use]
pub(crate) fn begins(day: chrono::NaiveDate) -> i64 {
    day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis().saturating_sub(8 * 3_600_000)
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
    written: BTreeMap<i64, Written>,
    pens: Pens<'a>,
    names: Names,
    stamp: Option<Hlc>,
}

/// What an act has written into one stream: whole blocks, and the changes that do not fill one yet.
#[derive(Default)]
struct Written {
    blocks: Vec<Fresh>,
    open: Vec<Change>,
}

impl Written {
    fn close(&mut self, name: &Stream, stream: i64, inc: i64) -> Result<(), Fault> {
        let (Some(first), Some(last)) = (self.open.first(), self.open.last()) else { return Ok(()) };
        self.blocks.push(Fresh {
            stream,
            inc,
            changes: i64::try_from(self.open.len()).unwrap_or(i64::MAX),
            deeds: deeds(name, &self.open),
            first: counter(first.dot)?,
            last: counter(last.dot)?,
            block: block::encode(&self.open).map_err(damaged)?,
        });
        self.open.clear();
        Ok(())
    }
}

/// What is left of an act when it is done.
pub(crate) struct Done {
    pub(crate) memory: Memory,
    pub(crate) touched: Touched,
    pub(crate) rng: ChaCha20Rng,
    /// Not in the file yet: the log seals it or puts it into the outbox.
    pub(crate) fresh: Vec<Fresh>,
}

/// Field names as the log spells them, shared instead of copied.
#[derive(Default)]
struct Names {
    all: std::collections::HashMap<String, Arc<str>>,
    /// The fields of a record type, by place: a roster asks for them row by row.
    fields: BTreeMap<u8, Arc<[Arc<str>]>>,
}

impl Names {
    fn get(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.all.get(name) {
            return known.clone();
        }
        let fresh: Arc<str> = name.into();
        self.all.insert(name.to_owned(), fresh.clone());
        fresh
    }

    fn fields(&mut self, layout: &Layout) -> Arc<[Arc<str>]> {
        if let Some(known) = self.fields.get(&layout.no) {
            return known.clone();
        }
        let fresh: Arc<[Arc<str>]> = layout.ty.fields.iter().map(|f| self.get(f.name)).collect();
        self.fields.insert(layout.no, fresh.clone());
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
            pens: Pens::default(),
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
        let names = self.names.fields(layout);
        let mut sets = Vec::with_capacity(values.iter().filter(|v| **v != Value::Null).count());
        for (name, value) in names.iter().zip(values) {
            if value != Value::Null {
                sets.push(Set { field: name.clone(), value, seen: Vec::new() });
            }
        }
        let event = event.map(|e| self.event(e, Vec::new()));
        self.write(stream, layout.ty.name, id, sets, event)
    }

    /// Writes a new record whose id another PC may give as well, such as the member of an application. Groups of fields are
    /// written whole, with what is empty in them: two that say the same are then the same, and of two that differ all is known.
    pub(crate) fn create_shared(
        &mut self,
        stream: &Stream,
        layout: &Layout,
        id: RecordId,
        values: &[Value],
        event: NewEvent,
    ) -> Result<(), Fault> {
        let mut sets = Vec::new();
        for register in layout.registers.iter().filter(|r| r.fields.iter().any(|place| values[*place] != Value::Null)) {
            for place in &register.fields {
                let field = self.names.get(layout.ty.fields[*place].name);
                sets.push(Set { field, value: values[*place].clone(), seen: Vec::new() });
            }
        }
        let event = self.event(event, Vec::new());
        self.write(stream, layout.ty.name, id, sets, Some(event))
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
        let name = event.as_ref().map_or("", |event| event.name);
        if ![TAKEN_IN, GIVEN_BACK, "release_withdrawn"].contains(&name) {
            held_here(row)?;
        }
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
            let dots = self.dots(layout, row, seen, index)?;
            for place in &register.fields {
                if planted!("a group is torn apart") && !fields.iter().any(|(p, _)| p == place) {
                    continue;
                }
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
        held_here(row)?;
        let dots = self.dots(layout, row, seen, layout.void_register())?;
        let set = Set { field: self.names.get("void"), value: Value::Bool(void), seen: dots };
        let stream = *self.memory.stream_name(row.stream)?;
        self.write(&stream, layout.ty.name, row.id, vec![set], None)
    }

    fn dots(&self, layout: &Layout, row: &Stored, seen: &Versions, register: usize) -> Result<Vec<Dot>, Fault> {
        let mut dots = Vec::new();
        let most = if planted!("a choice replaces one side") { 1 } else { usize::MAX };
        for leaf in seen.leaves(register).iter().take(most) {
            if let Some(inc) = self.known_as(layout, row, (leaf.inc, leaf.ctr))? {
                let counter = u64::try_from(leaf.ctr).map_err(damaged)?;
                dots.push(Dot { incarnation: self.memory.incarnation(inc)?, counter });
            }
        }
        Ok(dots)
    }

    /// The incarnation under which a version goes that was read before its chain was known to be forked: the branch on which
    /// this record has it. Nothing where several branches do: then none counts as seen, and a person chooses.
    fn known_as(&self, layout: &Layout, row: &Stored, (inc, ctr): (i64, i64)) -> Result<Option<i64>, Fault> {
        let branches = self.memory.branches(row.stream, inc);
        if branches.is_empty() {
            return Ok(Some(inc));
        }
        let mut dots: BTreeSet<(i64, i64)> = row.versions.dots().collect();
        dots.extend(merge::past(self.conn, layout.no, row.rec)?.iter().map(|past| (past.inc, past.ctr)));
        if dots.contains(&(inc, ctr)) {
            return Ok(Some(inc));
        }
        let mut there = branches.iter().copied().filter(|branch| dots.contains(&(*branch, ctr)));
        Ok(match (there.next(), there.next()) {
            (Some(_), Some(_)) => None,
            (one, _) => Some(one.unwrap_or(inc)),
        })
    }

    /// What a new event follows: the last events of the record, or the change that made it. An event that named nothing
    /// could arrive before its record and would be taken for the first change of an empty one.
    fn event_heads(&self, layout: &Layout, row: &Stored) -> Result<Vec<Dot>, Fault> {
        let events = self.events(layout, row.rec)?;
        let deepest = events.iter().map(|e| e.leaf.depth).max();
        let mut heads: Vec<_> =
            events.iter().filter(|e| Some(e.leaf.depth) == deepest).map(|e| (e.leaf.inc, e.leaf.ctr)).collect();
        if heads.is_empty() && !planted!("the first event follows nothing") {
            heads.push(row.versions.base);
        }
        let dot = |(inc, ctr)| -> Result<Dot, Fault> {
            Ok(Dot { incarnation: self.memory.incarnation(inc)?, counter: u64::try_from(ctr).map_err(damaged)? })
        };
        heads.into_iter().map(dot).collect()
    }

    pub(crate) fn events(&self, layout: &Layout, rec: i64) -> Result<Vec<rows::EventRow>, Fault> {
        rows::events(self.conn, &self.memory, layout.no, rec)
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
        let (name, stream) = (*stream, self.memory.stream(self.conn, stream)?);
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
        let said = said::outward(self.conn, &self.memory, stream, &change)?;
        let county = self.county;
        let mut applier = Applier {
            conn: self.conn,
            schema: self.schema,
            folds: self.folds,
            memory: &mut self.memory,
            pens: &mut self.pens,
            touched: &mut self.touched,
            reduced: false,
            carried: false,
            adopting: false,
        };
        // What comes from elsewhere may wait; what is written here and would wait was never whole. It is asked before anything
        // counts: whoever catches this goes on in the same act.
        if kind == ADOPTION && !applier.adoptable(stream, &change)? {
            self.memory.counter -= 1;
            return Err(Fault::new(
                "adoption_waits",
                "这份内容建立在本单位没有的修改之上（可能是先前没有采纳的），现在接收不了，没有做任何改动。请先核对，或请对方把现在的内容告诉您，直接填写。",
                "This builds on something that is not here, perhaps on what was refused before, so it cannot be taken in; nothing was changed. Check it, or enter what the other office tells you.",
            ));
        }
        applier.apply(stream, said.as_ref().unwrap_or(&change), said.is_some().then_some(&change), county)?;
        let change = said.unwrap_or(change);
        let written = self.written.entry(stream).or_default();
        // Orders and grants go into segments of their own, so they never share a block.
        if written.open.last().is_some_and(|last| is_paper(&last.kind) != is_paper(&change.kind)) {
            written.close(&name, stream, self.memory.own)?;
        }
        written.open.push(change);
        if written.open.len() >= BLOCK_CHANGES { written.close(&name, stream, self.memory.own) } else { Ok(()) }
    }

    /// The counters that this act has written so far in a stream, first and last.
    pub(crate) fn span(&self, stream: &Stream) -> Option<(i64, i64)> {
        let written = self.written.get(&self.memory.known_stream(stream)?)?;
        let (open, ends) = (&written.open, |change: &Change| counter(change.dot).ok());
        let first = written.blocks.first().map(|b| b.first).or_else(|| ends(open.first()?))?;
        let last = open.last().and_then(ends).or_else(|| Some(written.blocks.last()?.last))?;
        Some((first, last))
    }

    /// How many changes this act has written, and how many records of them a person would count.
    pub(crate) fn count(&self) -> Result<(usize, usize), Fault> {
        let (mut changes, mut counted) = (0, 0);
        for (stream, written) in &self.written {
            let closed = |of: fn(&Fresh) -> i64| written.blocks.iter().map(of).sum::<i64>().unsigned_abs();
            let open = deeds(self.memory.stream_name(*stream)?, &written.open).unsigned_abs();
            changes += closed(|block| block.changes) + written.open.len() as u64;
            counted += closed(|block| block.deeds) + open;
        }
        let most = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Ok((most(changes), most(counted)))
    }

    /// Closes what was written and puts the memory into the file; the caller keeps the blocks and commits.
    pub(crate) fn finish(mut self) -> Result<Done, Fault> {
        let mut fresh = Vec::new();
        for (stream, mut written) in std::mem::take(&mut self.written) {
            written.close(self.memory.stream_name(stream)?, stream, self.memory.own)?;
            fresh.append(&mut written.blocks);
        }
        self.memory.persist(self.conn)?;
        Ok(Done { memory: self.memory, touched: self.touched, rng: self.moment.rng, fresh })
    }
}

/// What another office holds is read here and not written, by whatever command.
fn held_here(row: &Stored) -> Result<(), Fault> {
    if row.state.as_deref() != Some(TRANSFERRED) {
        return Ok(());
    }
    Err(Fault::new(
        MOVED_ON,
        "会籍已经转到本县其他工会，本单位保留的是存档，没有保存。需要更正的，请联系现在的工会。",
        "The membership is held by another union of the county; what stands here is kept for reference and was not saved. For a correction call the union that holds it.",
    ))
}

/// Changes in one block: small enough that a block of wide rows stays below the size of a segment.
pub(crate) const BLOCK_CHANGES: usize = 1_000;

//! Blocks: a batch of changes laid out by shape and column, so that it packs well and reads without copying.
//!
//! Deterministic CBOR `[version, count, names, incarnations, clerks, shapes, order, dots, counters, records, authors,
//! millis, counts, walls, columns]`. Names are listed once, in order of first use; a *shape* is a kind with its fields
//! and event; every field of a shape is a column. Inside a column numbers are LEB128, and those that grow are differences.

mod column;
mod read;
mod write;

use std::sync::Arc;

use crate::bad::{Bad, Limits};
use crate::cbor::{Reader, Writer};
use crate::change::{self, Change, ChangeId, ClerkId, Dot, Event, Hlc, RecordId, Set, ValueRef};

use column::{Column, Seen};

pub(crate) const VERSION: u64 = crate::FORMAT as u64;

/// Encodes changes, in their order, as one block. The same changes give the same bytes.
///
/// # Errors
/// What [`Block::decode`] would refuse under [`Limits::STANDARD`]: too many or too large, a field named twice in one
/// change, a [`crate::Value::Other`] that is not one further CBOR item. Nothing unreadable is ever written.
pub fn encode<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Result<Vec<u8>, Bad> {
    write::encode(changes, &Limits::STANDARD)
}

/// [`encode`] under other limits.
///
/// # Errors
/// As [`encode`].
pub fn encode_within<'c>(changes: impl IntoIterator<Item = &'c Change>, limits: &Limits) -> Result<Vec<u8>, Bad> {
    write::encode(changes, limits)
}

/// Decodes a block, checking everything, so that iterating over it cannot fail.
///
/// # Errors
/// Any other form, or more than `limits`.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Block<'a>, Bad> {
    read::decode(bytes, limits)
}

/// How many changes a block declares, read from its first bytes.
///
/// # Errors
/// [`Bad::Unknown`] for a block of a newer version.
pub fn declared(bytes: &[u8]) -> Result<u32, Bad> {
    read::declared(&mut Reader::new(bytes))
}

/// A decoded block; values borrow from the bytes it was decoded from.
pub struct Block<'a> {
    names: Vec<Arc<str>>,
    shapes: Vec<Shape<'a>>,
    rows: Vec<Row>,
}

/// Changes with the same kind, fields, event and details.
struct Shape<'a> {
    kind: usize,
    fields: Vec<(usize, Column<'a>, Seen)>,
    event: Option<EventShape<'a>>,
}

struct EventShape<'a> {
    name: usize,
    details: Vec<(usize, Column<'a>)>,
    seen: Seen,
}

/// What every change has, and where the rest of it stands.
struct Row {
    shape: u32,
    /// Its place in the columns of its shape.
    at: u32,
    dot: Dot,
    record: RecordId,
    author: ClerkId,
    hlc: Hlc,
    wall: i64,
}

impl<'a> Block<'a> {
    /// As [`decode`].
    ///
    /// # Errors
    /// Any other form, or more than `limits`.
    pub fn decode(bytes: &'a [u8], limits: &Limits) -> Result<Self, Bad> {
        decode(bytes, limits)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The changes in the order in which they were encoded.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = ChangeRef<'_>> + DoubleEndedIterator {
        self.rows.iter().map(|row| ChangeRef { names: &self.names, shape: &self.shapes[row.shape as usize], row })
    }
}

impl std::fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block({} changes of {} shapes)", self.rows.len(), self.shapes.len())
    }
}

/// One change of a block.
#[derive(Clone, Copy)]
pub struct ChangeRef<'b> {
    names: &'b [Arc<str>],
    shape: &'b Shape<'b>,
    row: &'b Row,
}

/// One field set by a change of a block.
#[derive(Debug, Clone, Copy)]
pub struct SetRef<'b> {
    pub field: &'b Arc<str>,
    pub value: ValueRef<'b>,
    pub seen: &'b [Dot],
}

/// The event of a change of a block.
#[derive(Clone, Copy)]
pub struct EventRef<'b> {
    names: &'b [Arc<str>],
    shape: &'b EventShape<'b>,
    at: usize,
}

impl<'b> ChangeRef<'b> {
    #[must_use]
    pub fn dot(&self) -> Dot {
        self.row.dot
    }

    #[must_use]
    pub fn kind(&self) -> &'b Arc<str> {
        &self.names[self.shape.kind]
    }

    #[must_use]
    pub fn record(&self) -> RecordId {
        self.row.record
    }

    #[must_use]
    pub fn author(&self) -> ClerkId {
        self.row.author
    }

    #[must_use]
    pub fn hlc(&self) -> Hlc {
        self.row.hlc
    }

    /// The device's wall clock, milliseconds since 1970.
    #[must_use]
    pub fn wall(&self) -> i64 {
        self.row.wall
    }

    pub fn sets(&self) -> impl ExactSizeIterator<Item = SetRef<'b>> + use<'b> {
        let (names, at) = (self.names, self.row.at as usize);
        self.shape.fields.iter().map(move |(field, values, seen)| SetRef {
            field: &names[*field],
            value: values.get(at),
            seen: seen.get(at),
        })
    }

    #[must_use]
    pub fn event(&self) -> Option<EventRef<'b>> {
        let shape = self.shape.event.as_ref()?;
        Some(EventRef { names: self.names, shape, at: self.row.at as usize })
    }

    /// Its name, computed from its canonical form.
    #[must_use]
    pub fn id(&self) -> ChangeId {
        self.id_with(&mut Vec::with_capacity(512))
    }

    /// As [`ChangeRef::id`]; `scratch` is overwritten and may be used for the next.
    pub fn id_with(&self, scratch: &mut Vec<u8>) -> ChangeId {
        scratch.clear();
        self.canonical(scratch);
        change::name(self.row.dot, scratch)
    }

    /// Appends the canonical form, as [`Change::canonical`].
    pub fn canonical(&self, out: &mut Vec<u8>) {
        let (w, row) = (&mut Writer(out), self.row);
        change::head(w, row.dot, self.kind(), row.record, row.author, row.hlc, row.wall);
        w.array(self.shape.fields.len());
        for s in self.sets() {
            change::set(w, s.field, s.value, s.seen);
        }
        match self.event() {
            None => w.null(),
            Some(e) => {
                w.array(3);
                w.text(e.name());
                w.array(e.shape.details.len());
                for (key, value) in e.detail() {
                    change::detail(w, key, value);
                }
                change::dots(w, e.seen());
            }
        }
    }

    #[must_use]
    pub fn to_owned(&self) -> Change {
        let sets =
            self.sets().map(|s| Set { field: s.field.clone(), value: s.value.to_owned(), seen: s.seen.to_vec() });
        Change {
            dot: self.row.dot,
            kind: self.kind().clone(),
            record: self.row.record,
            author: self.row.author,
            hlc: self.row.hlc,
            wall: self.row.wall,
            sets: sets.collect(),
            event: self.event().map(|e| e.to_owned()),
        }
    }
}

impl<'b> EventRef<'b> {
    #[must_use]
    pub fn name(&self) -> &'b Arc<str> {
        &self.names[self.shape.name]
    }

    pub fn detail(&self) -> impl ExactSizeIterator<Item = (&'b Arc<str>, ValueRef<'b>)> + use<'b> {
        let (names, at) = (self.names, self.at);
        self.shape.details.iter().map(move |(key, values)| (&names[*key], values.get(at)))
    }

    #[must_use]
    pub fn seen(&self) -> &'b [Dot] {
        self.shape.seen.get(self.at)
    }

    #[must_use]
    pub fn to_owned(&self) -> Event {
        Event {
            name: self.name().clone(),
            detail: self.detail().map(|(key, value)| (key.clone(), value.to_owned())).collect(),
            seen: self.seen().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests;

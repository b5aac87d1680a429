//! Reading a block: every column is checked against the number of its rows before anything is handed out.

use std::sync::Arc;

use super::column::{Column, Seen};
use super::{Block, EventShape, Row, Shape, VERSION};
use crate::bad::{Bad, Limits, within};
use crate::cbor::{Reader, unzigzag, varint};
use crate::change::{ClerkId, Dot, Hlc, Incarnation, RecordId};

pub(super) fn declared(r: &mut Reader<'_>) -> Result<u32, Bad> {
    let parts = r.array()?;
    match r.uint()? {
        VERSION if parts == 15 => {}
        VERSION => return Err(Bad::Form("a block has 15 parts")),
        number => return Err(Bad::Unknown { what: "block version", number }),
    }
    u32::try_from(r.uint()?).map_err(|_| Bad::TooBig { what: "changes", limit: u64::from(u32::MAX) })
}

pub(super) fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Block<'a>, Bad> {
    within("block", bytes.len(), limits.plain)?;
    let r = &mut Reader::new(bytes);
    let count = declared(r)? as usize;
    within("changes", count, limits.changes as usize)?;
    let names = names(r, limits)?;
    let incarnations: Vec<Incarnation> = ids(r)?.map(Incarnation).collect();
    let clerks: Vec<ClerkId> = ids(r)?.map(RecordId).collect();
    let keys = keys(r, names.len(), count)?;

    let order = r.bytes()?;
    let mut dots = Numbers::new(r, count)?;
    let mut counters = Numbers::new(r, count)?;
    let records = r.bytes()?;
    let mut authors = Numbers::new(r, count)?;
    let mut millis = Numbers::new(r, count)?;
    let mut counts = Numbers::new(r, count)?;
    let mut walls = Numbers::new(r, count)?;
    let mut order = Numbers::of(order, count)?;
    if !records.is_empty() && records.len() != count.saturating_mul(16) {
        return Err(Bad::Mismatch("records"));
    }

    let mut filled = vec![0_u32; keys.len()];
    let mut rows = Vec::with_capacity(count);
    let (mut counter, mut milli) = (0_i64, 0_i64);
    for row in 0..count {
        let shape = order.place()?;
        let at = filled.get_mut(shape).ok_or(Bad::Mismatch("shapes"))?;
        counter = counter.wrapping_add(unzigzag(counters.next()?));
        milli = milli.wrapping_add(unzigzag(millis.next()?));
        let mut record = [0; 16];
        if !records.is_empty() {
            for (byte, to) in record.iter_mut().enumerate() {
                *to = records[byte * count + row];
            }
        }
        rows.push(Row {
            shape: u32::try_from(shape).map_err(|_| Bad::Mismatch("shapes"))?,
            at: *at,
            dot: Dot {
                incarnation: *incarnations.get(dots.place()?).ok_or(Bad::Mismatch("incarnations"))?,
                counter: counter as u64,
            },
            record: RecordId(record),
            author: *clerks.get(authors.place()?).ok_or(Bad::Mismatch("clerks"))?,
            hlc: Hlc {
                millis: milli as u64,
                count: u32::try_from(counts.next()?).map_err(|_| Bad::Form("number out of range"))?,
            },
            wall: milli.wrapping_add(unzigzag(walls.next()?)),
        });
        *at += 1;
    }
    for column in [order, dots, counters, authors, millis, counts, walls] {
        column.end()?;
    }

    r.array_of(keys.len())?;
    let mut cells = 0_u64;
    let mut shapes = Vec::with_capacity(keys.len());
    for (key, rows) in keys.into_iter().zip(filled) {
        cells = cells.saturating_add(u64::from(rows).saturating_mul(key.width()));
        if cells > u64::from(limits.cells) {
            return Err(Bad::TooBig { what: "values", limit: u64::from(limits.cells) });
        }
        if rows == 0 {
            return Err(Bad::Form("a shape that nothing has"));
        }
        shapes.push(key.columns(r, rows as usize, &incarnations, limits)?);
    }
    r.end()?;
    Ok(Block { names, shapes, rows })
}

fn names(r: &mut Reader<'_>, limits: &Limits) -> Result<Vec<Arc<str>>, Bad> {
    let n = r.array()?;
    within("names", n, limits.changes as usize)?;
    (0..n).map(|_| r.text_within("name", limits.name).map(Arc::from)).collect()
}

fn ids<'a>(r: &mut Reader<'a>) -> Result<impl Iterator<Item = [u8; 16]> + use<'a>, Bad> {
    let (ids, []) = r.bytes()?.as_chunks::<16>() else {
        return Err(Bad::Form("an id has 16 bytes"));
    };
    Ok(ids.iter().copied())
}

/// A shape as declared, before its columns are read.
struct Key {
    kind: usize,
    fields: Vec<usize>,
    event: Option<(usize, Vec<usize>)>,
}

fn keys(r: &mut Reader<'_>, names: usize, count: usize) -> Result<Vec<Key>, Bad> {
    let name = |r: &mut Reader<'_>| -> Result<usize, Bad> {
        usize::try_from(r.uint()?).ok().filter(|n| *n < names).ok_or(Bad::Mismatch("names"))
    };
    let list = |r: &mut Reader<'_>| -> Result<Vec<usize>, Bad> {
        let n = r.array()?;
        let list = (0..n).map(|_| name(r)).collect::<Result<Vec<_>, _>>()?;
        once(&list)?;
        Ok(list)
    };
    let n = r.array()?;
    within("shapes", n, count)?;
    let mut keys = Vec::new();
    for _ in 0..n {
        r.array_of(3)?;
        let (kind, fields) = (name(r)?, list(r)?);
        let event = if r.null()? {
            None
        } else {
            r.array_of(2)?;
            Some((name(r)?, list(r)?))
        };
        keys.push(Key { kind, fields, event });
    }
    Ok(keys)
}

/// A field set twice in one change would have no one value.
pub(super) fn once(places: &[usize]) -> Result<(), Bad> {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) { Err(Bad::Form("a field stands twice")) } else { Ok(()) }
}

impl Key {
    fn width(&self) -> u64 {
        (self.fields.len() + self.event.as_ref().map_or(0, |(_, details)| details.len())) as u64
    }

    fn columns<'a>(
        self,
        r: &mut Reader<'a>,
        rows: usize,
        incarnations: &[Incarnation],
        limits: &Limits,
    ) -> Result<Shape<'a>, Bad> {
        r.array_of(3)?;
        r.array_of(self.fields.len())?;
        let mut fields = Vec::with_capacity(self.fields.len());
        for name in self.fields {
            r.array_of(2)?;
            fields.push((name, Column::read(r, rows, limits)?, Seen::read(r, rows, incarnations)?));
        }
        let (name, names) = match self.event {
            None => (None, Vec::new()),
            Some((name, details)) => (Some(name), details),
        };
        r.array_of(names.len())?;
        let mut details = Vec::with_capacity(names.len());
        for name in names {
            details.push((name, Column::read(r, rows, limits)?));
        }
        let seen = Seen::read(r, rows, incarnations)?;
        let event = match name {
            None if seen.is_empty() => None,
            None => return Err(Bad::Form("versions seen by no event")),
            Some(name) => Some(EventShape { name, details, seen }),
        };
        Ok(Shape { kind: self.kind, fields, event })
    }
}

/// A packed column of numbers; an empty one is all zeros.
struct Numbers<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Numbers<'a> {
    fn new(r: &mut Reader<'a>, rows: usize) -> Result<Self, Bad> {
        Self::of(r.bytes()?, rows)
    }

    fn of(data: &'a [u8], rows: usize) -> Result<Self, Bad> {
        if !data.is_empty() && data.len() < rows { Err(Bad::Truncated) } else { Ok(Self { data, at: 0 }) }
    }

    #[inline]
    fn next(&mut self) -> Result<u64, Bad> {
        if self.data.is_empty() { Ok(0) } else { varint(self.data, &mut self.at) }
    }

    fn place(&mut self) -> Result<usize, Bad> {
        self.next().map(|n| usize::try_from(n).unwrap_or(usize::MAX))
    }

    fn end(&self) -> Result<(), Bad> {
        if self.at == self.data.len() { Ok(()) } else { Err(Bad::Trailing) }
    }
}

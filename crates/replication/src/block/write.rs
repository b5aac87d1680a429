//! Writing a block: changes are sorted into shapes, their values into columns.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::VERSION;
use super::column::{SeenValues, Values};
use crate::bad::{Bad, Limits, within};
use crate::cbor::{Writer, put_varint, zigzag};
use crate::change::{Change, ClerkId, Incarnation};

/// A list in which each entry stands once, in order of first use.
struct Listed<T> {
    list: Vec<T>,
    places: HashMap<T, usize>,
    last: usize,
}

impl<T: Clone + Eq + Hash> Listed<T> {
    fn new() -> Self {
        Self { list: Vec::new(), places: HashMap::new(), last: 0 }
    }

    fn place(&mut self, entry: &T) -> usize {
        // Neighbours are mostly alike.
        if self.list.get(self.last) != Some(entry) {
            self.last = *self.places.entry(entry.clone()).or_insert_with(|| {
                self.list.push(entry.clone());
                self.list.len() - 1
            });
        }
        self.last
    }
}

/// Kind, fields, event, details: places in the list of names.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    kind: usize,
    fields: Vec<usize>,
    event: Option<(usize, Vec<usize>)>,
}

struct Shape<'c> {
    model: &'c Change,
    values: Vec<(Values, SeenValues)>,
    details: Vec<Values>,
    seen: SeenValues,
}

impl Shape<'_> {
    /// Whether a change has this shape, without looking names up: shared names are the same allocation.
    fn fits(&self, change: &Change) -> bool {
        fn same(a: &Arc<str>, b: &Arc<str>) -> bool {
            Arc::ptr_eq(a, b) || a == b
        }
        let model = self.model;
        let events = match (&model.event, &change.event) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                same(&a.name, &b.name)
                    && a.detail.len() == b.detail.len()
                    && a.detail.iter().zip(&b.detail).all(|((a, _), (b, _))| same(a, b))
            }
            _ => false,
        };
        events
            && same(&model.kind, &change.kind)
            && model.sets.len() == change.sets.len()
            && model.sets.iter().zip(&change.sets).all(|(a, b)| same(&a.field, &b.field))
    }
}

struct Block<'c> {
    names: Listed<Arc<str>>,
    incarnations: Listed<Incarnation>,
    clerks: Listed<ClerkId>,
    shapes: Vec<Shape<'c>>,
    keys: HashMap<Key, usize>,
    key_list: Vec<Key>,
    last: usize,
    cells: u64,
}

pub(super) fn encode<'c>(changes: impl IntoIterator<Item = &'c Change>, limits: &Limits) -> Result<Vec<u8>, Bad> {
    let mut block = Block {
        names: Listed::new(),
        incarnations: Listed::new(),
        clerks: Listed::new(),
        shapes: Vec::new(),
        keys: HashMap::new(),
        key_list: Vec::new(),
        last: 0,
        cells: 0,
    };
    let mut count = 0_usize;
    let [mut order, mut dots, mut counters, mut authors, mut millis, mut counts, mut walls] = <[Vec<u8>; 7]>::default();
    let mut records = Vec::new();
    let (mut counter, mut milli) = (0_i64, 0_i64);
    for change in changes {
        count += 1;
        within("changes", count, limits.changes as usize)?;
        put_varint(&mut dots, block.incarnations.place(&change.dot.incarnation) as u64);
        put_varint(&mut order, block.take(change, limits)? as u64);
        put_varint(&mut counters, zigzag((change.dot.counter as i64).wrapping_sub(counter)));
        counter = change.dot.counter as i64;
        records.push(change.record.0);
        put_varint(&mut authors, block.clerks.place(&change.author) as u64);
        put_varint(&mut millis, zigzag((change.hlc.millis as i64).wrapping_sub(milli)));
        milli = change.hlc.millis as i64;
        put_varint(&mut counts, u64::from(change.hlc.count));
        put_varint(&mut walls, zigzag(change.wall.wrapping_sub(milli)));
    }

    let mut out = Vec::with_capacity(64 + count * 24 + block.weight());
    let w = &mut Writer(&mut out);
    w.array(15);
    w.uint(VERSION);
    w.uint(count as u64);
    w.array(block.names.list.len());
    for name in &block.names.list {
        w.text(name);
    }
    w.bytes(&block.incarnations.list.iter().flat_map(|i| i.0).collect::<Vec<_>>());
    w.bytes(&block.clerks.list.iter().flat_map(|c| c.0).collect::<Vec<_>>());
    w.array(block.key_list.len());
    for key in &block.key_list {
        key.write(w);
    }
    for column in [&order, &dots, &counters, &planes(&records), &authors, &millis, &counts, &walls] {
        // A column of zeros says nothing and is left empty.
        w.bytes(if column.iter().any(|b| *b != 0) { column } else { &[] });
    }
    w.array(block.shapes.len());
    for shape in &block.shapes {
        shape.write(w);
    }
    within("block", out.len(), limits.plain)?;
    Ok(out)
}

/// Byte 0 of all records, then byte 1, …: the bytes of time in UUIDv7 are alike, so they pack to almost nothing.
fn planes(records: &[[u8; 16]]) -> Vec<u8> {
    (0..16).flat_map(|byte| records.iter().map(move |r| r[byte])).collect()
}

impl<'c> Block<'c> {
    /// Puts the values of a change into the columns of its shape.
    fn take(&mut self, change: &'c Change, limits: &Limits) -> Result<usize, Bad> {
        let place = match self.shapes.get(self.last) {
            Some(shape) if shape.fits(change) => self.last,
            _ => self.place(change, limits)?,
        };
        self.last = place;
        let details = change.event.as_ref().map_or(0, |e| e.detail.len());
        self.cells += (change.sets.len() + details) as u64;
        if self.cells > u64::from(limits.cells) {
            return Err(Bad::TooBig { what: "values", limit: u64::from(limits.cells) });
        }
        let shape = &mut self.shapes[place];
        let incarnations = &mut self.incarnations;
        let mut index = |i: Incarnation| incarnations.place(&i) as u64;
        for (set, (values, seen)) in change.sets.iter().zip(&mut shape.values) {
            let value = set.value.as_ref();
            value.check(limits)?;
            values.push(value);
            seen.push(&set.seen, &mut index);
        }
        if let Some(event) = &change.event {
            for ((_, value), values) in event.detail.iter().zip(&mut shape.details) {
                let value = value.as_ref();
                value.check(limits)?;
                values.push(value);
            }
            shape.seen.push(&event.seen, &mut index);
        }
        Ok(place)
    }

    /// Bytes gathered in columns so far.
    fn weight(&self) -> usize {
        let of = |s: &Shape<'_>| -> usize {
            s.values.iter().map(|(v, s)| v.weight() + s.weight()).chain(s.details.iter().map(Values::weight)).sum()
        };
        self.shapes.iter().map(of).sum()
    }

    fn place(&mut self, change: &'c Change, limits: &Limits) -> Result<usize, Bad> {
        let mut name = |n: &Arc<str>| {
            within("name", n.len(), limits.name)?;
            Ok(self.names.place(n))
        };
        let key = Key {
            kind: name(&change.kind)?,
            fields: change.sets.iter().map(|s| name(&s.field)).collect::<Result<_, Bad>>()?,
            event: match &change.event {
                None => None,
                Some(e) => {
                    Some((name(&e.name)?, e.detail.iter().map(|(key, _)| name(key)).collect::<Result<_, Bad>>()?))
                }
            },
        };
        if let Some(place) = self.keys.get(&key) {
            return Ok(*place);
        }
        key.check()?;
        self.shapes.push(Shape {
            model: change,
            values: key.fields.iter().map(|_| Default::default()).collect(),
            details: key.event.iter().flat_map(|(_, d)| d).map(|_| Values::default()).collect(),
            seen: SeenValues::default(),
        });
        self.key_list.push(key.clone());
        self.keys.insert(key, self.shapes.len() - 1);
        Ok(self.shapes.len() - 1)
    }
}

impl Key {
    fn check(&self) -> Result<(), Bad> {
        super::read::once(&self.fields)?;
        self.event.as_ref().map_or(Ok(()), |(_, details)| super::read::once(details))
    }

    fn write(&self, w: &mut Writer<'_>) {
        let list = |w: &mut Writer<'_>, places: &[usize]| {
            w.array(places.len());
            for place in places {
                w.uint(*place as u64);
            }
        };
        w.array(3);
        w.uint(self.kind as u64);
        list(w, &self.fields);
        match &self.event {
            None => w.null(),
            Some((name, details)) => {
                w.array(2);
                w.uint(*name as u64);
                list(w, details);
            }
        }
    }
}

impl Shape<'_> {
    fn write(&self, w: &mut Writer<'_>) {
        w.array(3);
        w.array(self.values.len());
        for (values, seen) in &self.values {
            w.array(2);
            values.write(w);
            seen.write(w);
        }
        w.array(self.details.len());
        for values in &self.details {
            values.write(w);
        }
        self.seen.write(w);
    }
}

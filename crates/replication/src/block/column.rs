//! Columns: the values of one field over all changes of a shape, and the versions which their authors saw.
//!
//! A value column is `[tags, ints, lengths, text, bytes]`: `tags` one number when all rows are of one kind, else a byte
//! a row; the other parts hold only what rows of their kind need, in the order of the rows.

use crate::bad::{Bad, Limits, within};
use crate::cbor::{self, Reader, Writer, put_varint, unzigzag, varint, zigzag};
use crate::change::{Dot, Incarnation, ValueRef};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const TEXT: u8 = 4;
const BYTES: u8 = 5;
const OTHER: u8 = 6;

/// A decoded column. The kinds that fill whole columns take 4 or 8 bytes a row, a mixed one a reference each.
pub(super) enum Column<'a> {
    Null,
    Bool(bool),
    Ints(Vec<i64>),
    /// Where each text ends, with a leading 0.
    Texts(Vec<u32>, &'a str),
    Bytes(Vec<u32>, &'a [u8]),
    Mixed(Vec<ValueRef<'a>>),
}

impl<'a> Column<'a> {
    /// The value of a row; rows were counted at decoding.
    #[inline]
    pub(super) fn get(&self, at: usize) -> ValueRef<'a> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(b) => ValueRef::Bool(*b),
            Self::Ints(n) => ValueRef::Int(n[at]),
            Self::Texts(ends, text) => ValueRef::Text(&text[ends[at] as usize..ends[at + 1] as usize]),
            Self::Bytes(ends, bytes) => ValueRef::Bytes(&bytes[ends[at] as usize..ends[at + 1] as usize]),
            Self::Mixed(values) => values[at],
        }
    }

    pub(super) fn read(r: &mut Reader<'a>, rows: usize, limits: &Limits) -> Result<Self, Bad> {
        r.array_of(5)?;
        let one = if r.major()? == cbor::UINT { Some(r.uint()?) } else { None };
        let tags = if one.is_none() { r.bytes()? } else { &[] };
        let (ints, lengths, text, bytes) = (r.bytes()?, r.bytes()?, r.text()?, r.bytes()?);
        let parts = Parts { ints, lengths, text, bytes, int: 0, length: 0, text_at: 0, byte_at: 0 };
        match one {
            Some(tag) => parts.uniform(tag, rows, limits),
            None if tags.len() == rows => parts.mixed(tags, limits),
            None => Err(Bad::Mismatch("rows of a column")),
        }
    }
}

/// Every row takes a byte at least; so columns cannot make us reserve more than they hold.
fn enough(rows: usize, bytes: usize) -> Result<(), Bad> {
    if rows > bytes { Err(Bad::Truncated) } else { Ok(()) }
}

struct Parts<'a> {
    ints: &'a [u8],
    lengths: &'a [u8],
    text: &'a str,
    bytes: &'a [u8],
    int: usize,
    length: usize,
    text_at: usize,
    byte_at: usize,
}

impl<'a> Parts<'a> {
    fn uniform(mut self, tag: u64, rows: usize, limits: &Limits) -> Result<Column<'a>, Bad> {
        let column = match u8::try_from(tag) {
            Ok(NULL) => Column::Null,
            Ok(FALSE) => Column::Bool(false),
            Ok(TRUE) => Column::Bool(true),
            Ok(INT) => {
                enough(rows, self.ints.len())?;
                let mut ints = Vec::with_capacity(rows);
                for _ in 0..rows {
                    ints.push(self.int()?);
                }
                Column::Ints(ints)
            }
            Ok(TEXT) => {
                let ends = self.ends(rows, self.text.len(), limits)?;
                if !ends.iter().all(|end| self.text.is_char_boundary(*end as usize)) {
                    return Err(Bad::Form("a text ends within a character"));
                }
                self.text_at = self.text.len();
                Column::Texts(ends, self.text)
            }
            Ok(BYTES) => {
                let ends = self.ends(rows, self.bytes.len(), limits)?;
                self.byte_at = self.bytes.len();
                Column::Bytes(ends, self.bytes)
            }
            Ok(OTHER) => {
                enough(rows, self.lengths.len())?;
                let mut values = Vec::with_capacity(rows);
                for _ in 0..rows {
                    values.push(self.value(OTHER, limits)?);
                }
                Column::Mixed(values)
            }
            _ => return Err(Bad::Unknown { what: "value kind", number: tag }),
        };
        self.end()?;
        Ok(column)
    }

    fn mixed(mut self, tags: &[u8], limits: &Limits) -> Result<Column<'a>, Bad> {
        let mut values = Vec::with_capacity(tags.len());
        for tag in tags {
            values.push(self.value(*tag, limits)?);
        }
        self.end()?;
        Ok(Column::Mixed(values))
    }

    fn int(&mut self) -> Result<i64, Bad> {
        varint(self.ints, &mut self.int).map(unzigzag)
    }

    fn length(&mut self, limits: &Limits) -> Result<usize, Bad> {
        let n = varint(self.lengths, &mut self.length)?;
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        within("text", n, limits.text)?;
        Ok(n)
    }

    fn ends(&mut self, rows: usize, total: usize, limits: &Limits) -> Result<Vec<u32>, Bad> {
        enough(rows, self.lengths.len())?;
        let mut ends = Vec::with_capacity(rows + 1);
        let mut end = 0;
        ends.push(0);
        for _ in 0..rows {
            end += self.length(limits)?;
            if end > total {
                return Err(Bad::Truncated);
            }
            ends.push(u32::try_from(end).map_err(|_| Bad::TooBig { what: "column", limit: u64::from(u32::MAX) })?);
        }
        if end == total { Ok(ends) } else { Err(Bad::Trailing) }
    }

    fn value(&mut self, tag: u8, limits: &Limits) -> Result<ValueRef<'a>, Bad> {
        Ok(match tag {
            NULL => ValueRef::Null,
            FALSE => ValueRef::Bool(false),
            TRUE => ValueRef::Bool(true),
            INT => ValueRef::Int(self.int()?),
            TEXT => {
                let end = self.text_at + self.length(limits)?;
                let text = self.text.get(self.text_at..end).ok_or(Bad::Form("a text ends within a character"))?;
                self.text_at = end;
                ValueRef::Text(text)
            }
            BYTES | OTHER => {
                let end = self.byte_at + self.length(limits)?;
                let bytes = self.bytes.get(self.byte_at..end).ok_or(Bad::Truncated)?;
                self.byte_at = end;
                let value = if tag == BYTES { ValueRef::Bytes(bytes) } else { ValueRef::Other(bytes) };
                value.check(limits)?;
                value
            }
            _ => return Err(Bad::Unknown { what: "value kind", number: u64::from(tag) }),
        })
    }

    fn end(&self) -> Result<(), Bad> {
        let read = self.int == self.ints.len()
            && self.length == self.lengths.len()
            && self.text_at == self.text.len()
            && self.byte_at == self.bytes.len();
        if read { Ok(()) } else { Err(Bad::Trailing) }
    }
}

/// A column being written.
#[derive(Default)]
pub(super) struct Values {
    rows: usize,
    /// The tag of all rows, until one differs; then `tags` holds one a row.
    first: u8,
    tags: Vec<u8>,
    ints: Vec<u8>,
    lengths: Vec<u8>,
    text: String,
    bytes: Vec<u8>,
}

impl Values {
    #[inline]
    pub(super) fn push(&mut self, value: ValueRef<'_>) {
        let tag = match value {
            ValueRef::Null => NULL,
            ValueRef::Bool(false) => FALSE,
            ValueRef::Bool(true) => TRUE,
            ValueRef::Int(n) => {
                put_varint(&mut self.ints, zigzag(n));
                INT
            }
            ValueRef::Text(t) => {
                put_varint(&mut self.lengths, t.len() as u64);
                self.text.push_str(t);
                TEXT
            }
            ValueRef::Bytes(b) | ValueRef::Other(b) => {
                put_varint(&mut self.lengths, b.len() as u64);
                self.bytes.extend_from_slice(b);
                if matches!(value, ValueRef::Bytes(_)) { BYTES } else { OTHER }
            }
        };
        if self.rows == 0 {
            self.first = tag;
        }
        if !self.tags.is_empty() {
            self.tags.push(tag);
        } else if tag != self.first {
            self.tags.resize(self.rows, self.first);
            self.tags.push(tag);
        }
        self.rows += 1;
    }

    pub(super) fn weight(&self) -> usize {
        self.tags.len() + self.ints.len() + self.lengths.len() + self.text.len() + self.bytes.len() + 32
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.array(5);
        if self.tags.is_empty() {
            w.uint(u64::from(self.first));
        } else {
            w.bytes(&self.tags);
        }
        w.bytes(&self.ints);
        w.bytes(&self.lengths);
        w.text(&self.text);
        w.bytes(&self.bytes);
    }
}

/// Versions seen, row by row. On the wire a count a row, then each dot as (index of incarnation, difference to the
/// counter before it in the column); nothing at all when no row saw any.
#[derive(Default)]
pub(super) struct Seen {
    ends: Vec<u32>,
    dots: Vec<Dot>,
}

impl Seen {
    pub(super) fn is_empty(&self) -> bool {
        self.dots.is_empty()
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> &[Dot] {
        match self.ends.get(at..at + 2) {
            Some(&[from, to]) => &self.dots[from as usize..to as usize],
            _ => &[],
        }
    }

    pub(super) fn read(r: &mut Reader<'_>, rows: usize, incarnations: &[Incarnation]) -> Result<Self, Bad> {
        let data = r.bytes()?;
        if data.is_empty() {
            return Ok(Self::default());
        }
        enough(rows, data.len())?;
        let (mut at, mut counter) = (0, 0_i64);
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        let mut dots = Vec::new();
        for _ in 0..rows {
            for _ in 0..varint(data, &mut at)? {
                let index = usize::try_from(varint(data, &mut at)?).unwrap_or(usize::MAX);
                let incarnation = *incarnations.get(index).ok_or(Bad::Mismatch("incarnations"))?;
                counter = counter.wrapping_add(unzigzag(varint(data, &mut at)?));
                dots.push(Dot { incarnation, counter: counter as u64 });
            }
            ends.push(u32::try_from(dots.len()).map_err(|_| Bad::Truncated)?);
        }
        match (at == data.len(), dots.is_empty()) {
            (false, _) => Err(Bad::Trailing),
            (true, true) => Err(Bad::Form("a column without content")),
            (true, false) => Ok(Self { ends, dots }),
        }
    }
}

/// A column of versions being written.
#[derive(Default)]
pub(super) struct SeenValues {
    data: Vec<u8>,
    counter: i64,
    any: bool,
}

impl SeenValues {
    #[inline]
    pub(super) fn push(&mut self, dots: &[Dot], mut index: impl FnMut(Incarnation) -> u64) {
        put_varint(&mut self.data, dots.len() as u64);
        for dot in dots {
            self.any = true;
            put_varint(&mut self.data, index(dot.incarnation));
            let counter = dot.counter as i64;
            put_varint(&mut self.data, zigzag(counter.wrapping_sub(self.counter)));
            self.counter = counter;
        }
    }

    pub(super) fn weight(&self) -> usize {
        if self.any { self.data.len() + 9 } else { 1 }
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.bytes(if self.any { &self.data } else { &[] });
    }
}

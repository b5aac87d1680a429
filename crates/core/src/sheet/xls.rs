//! Rows of an .xls (BIFF8: Excel 97–2003, WPS .et). Read from MS-XLS; the stream is in memory, at most the file's size.

use std::borrow::Cow;
use std::ops::Range;

use super::Limits;
use super::cell::{Cell, Row, is_builtin_day_format, is_day_format};
use super::fault::{Bound, Looks, SheetFault};
use super::ole::{Container, u16_at, u32_at};
use super::text::Texts;
use super::xls_strings::{Segments, rk, short_string};

const BOF: u16 = 0x0809;
const EOF: u16 = 0x000A;
const CONTINUE: u16 = 0x003C;
const FORMULA: u16 = 0x0006;
const STRING: u16 = 0x0207;
const LABEL_SST: u16 = 0x00FD;
const LABEL: u16 = 0x0204;
const RICH_LABEL: u16 = 0x00D6;
const NUMBER: u16 = 0x0203;
const RK: u16 = 0x027E;
const MULTIPLE_RK: u16 = 0x00BD;
const BOOL_OR_ERROR: u16 = 0x0205;

const TORN: SheetFault = SheetFault::Damaged("workbook stream", "a record is torn");

pub(super) struct XlsSheet {
    pub(super) name: String,
    pub(super) visible: bool,
    at: usize,
}

/// The workbook stream of an .xls and what its cells refer to.
pub(super) struct XlsBook {
    stream: Vec<u8>,
    pub(super) sheets: Vec<XlsSheet>,
    texts: Texts,
    day_styles: Vec<bool>,
    since_1904: bool,
    limits: Limits,
}

/// One record: its kind and where its data lies.
struct Record {
    kind: u16,
    data: Range<usize>,
}

/// The record at a place; `None` at the end of the stream.
fn record_at(stream: &[u8], at: usize) -> Result<Option<Record>, SheetFault> {
    let (Some(kind), Some(length)) = (u16_at(stream, at), u16_at(stream, at + 2)) else {
        return Ok(None);
    };
    let data = at + 4..at + 4 + usize::from(length);
    if data.end > stream.len() {
        return Err(TORN);
    }
    Ok(Some(Record { kind, data }))
}

/// The data of a record and of the CONTINUE records behind it.
fn segments(stream: &[u8], first: Range<usize>) -> Result<Segments<'_>, SheetFault> {
    let mut at = first.end;
    let mut parts = vec![&stream[first]];
    while let Some(record) = record_at(stream, at)?.filter(|r| r.kind == CONTINUE) {
        at = record.data.end;
        parts.push(&stream[record.data]);
    }
    Ok(Segments::new(parts))
}

impl XlsBook {
    pub(super) fn open(mut container: Container, limits: &Limits) -> Result<Self, SheetFault> {
        if container.has("EncryptedPackage") || container.has("EncryptionInfo") {
            return Err(SheetFault::Protected);
        }
        if !container.has("Workbook") {
            return Err(SheetFault::NotAWorkbook(if container.has("Book") {
                Looks::Excel95
            } else if container.has("WordDocument") {
                Looks::Word
            } else {
                Looks::Unknown
            }));
        }
        let mut book = Self {
            stream: container.stream("Workbook")?,
            sheets: Vec::new(),
            texts: Texts::default(),
            day_styles: Vec::new(),
            since_1904: false,
            limits: *limits,
        };
        book.read_globals()?;
        Ok(book)
    }

    fn read_globals(&mut self) -> Result<(), SheetFault> {
        let stream = &self.stream;
        let mut own_formats: Vec<(u16, bool)> = Vec::new();
        let mut styles = Vec::new();
        let mut at = 0;
        let mut first = true;
        while let Some(record) = record_at(stream, at)? {
            at = record.data.end;
            let data = &stream[record.data.clone()];
            if first {
                first = false;
                match (record.kind, u16_at(data, 0)) {
                    (BOF, Some(0x0600)) => {}
                    (BOF, Some(_)) => return Err(SheetFault::NotAWorkbook(Looks::Excel95)),
                    _ => return Err(TORN),
                }
            }
            match record.kind {
                EOF => {
                    self.day_styles = styles
                        .into_iter()
                        .map(|id: u16| {
                            let own = own_formats.iter().rev().find(|(own, _)| *own == id);
                            own.map_or_else(|| is_builtin_day_format(u32::from(id)), |(_, day)| *day)
                        })
                        .collect();
                    return Ok(());
                }
                // FILEPASS: whatever the method, the cells behind it are not readable.
                0x002F => return Err(SheetFault::Protected),
                0x0022 => self.since_1904 = u16_at(data, 0) == Some(1),
                0x041E => {
                    let id = u16_at(data, 0).ok_or(TORN)?;
                    let mut code = String::new();
                    segments(stream, record.data.start + 2..record.data.end)?.string(&mut code)?;
                    own_formats.push((id, is_day_format(&code)));
                }
                0x00E0 => styles.push(u16_at(data, 2).ok_or(TORN)?),
                // 0 is a worksheet; charts and macro sheets have no rows for us.
                0x0085 if data.get(5) == Some(&0) => self.sheets.push(XlsSheet {
                    name: data.get(6..).and_then(short_string).ok_or(TORN)?,
                    visible: data[4] & 3 == 0,
                    at: u32_at(data, 0).ok_or(TORN)? as usize,
                }),
                0x00FC => self.texts = segments(stream, record.data)?.table(self.limits.held_bytes)?,
                _ => {}
            }
        }
        Err(SheetFault::Damaged("workbook stream", "it ends inside the workbook"))
    }

    /// The rows of one sheet.
    pub(super) fn rows(&self, sheet: usize) -> Result<XlsRows<'_>, SheetFault> {
        let mut at = self.sheets.get(sheet).ok_or(TORN)?.at;
        let mut cells: Vec<(u16, u32)> = Vec::new();
        // A chart inside the sheet is a stream of its own between BOF and EOF.
        let mut depth = 0_u32;
        loop {
            let record =
                record_at(&self.stream, at)?.ok_or(SheetFault::Damaged("sheet", "it ends before its last row"))?;
            match record.kind {
                BOF => depth += 1,
                _ if depth == 0 => return Err(TORN),
                EOF => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                LABEL_SST | LABEL | RICH_LABEL | NUMBER | RK | MULTIPLE_RK | BOOL_OR_ERROR | FORMULA if depth == 1 => {
                    let row = u16_at(&self.stream[record.data.clone()], 0).ok_or(TORN)?;
                    cells.push((row, u32::try_from(at).map_err(|_| TORN)?));
                }
                _ => {}
            }
            at = record.data.end;
        }
        // Writers keep the order of rows but need not: the sort costs nothing when they do.
        cells.sort_by_key(|(row, _)| *row);
        Ok(XlsRows { book: self, cells, next: 0, yielded: 0 })
    }
}

/// The rows of one sheet: the places of its cell records, by row.
pub(super) struct XlsRows<'a> {
    book: &'a XlsBook,
    cells: Vec<(u16, u32)>,
    next: usize,
    yielded: u32,
}

impl<'a> XlsRows<'a> {
    /// The last row.
    pub(super) fn last_row(&self) -> Option<u32> {
        self.cells.last().map(|(row, _)| u32::from(*row) + 1)
    }

    /// The next row with a filled cell.
    pub(super) fn next(&mut self) -> Result<Option<Row<'a>>, SheetFault> {
        while let Some(&(number, _)) = self.cells.get(self.next) {
            let mut row = Row { number: u32::from(number) + 1, cells: Vec::new() };
            while let Some(&(same, at)) = self.cells.get(self.next)
                && same == number
            {
                self.next += 1;
                self.read(at as usize, &mut row)?;
            }
            if !row.cells.is_empty() {
                self.yielded += 1;
                if self.yielded > self.book.limits.rows {
                    return Err(SheetFault::TooLarge(Bound::Rows(self.book.limits.rows)));
                }
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn read(&self, at: usize, row: &mut Row<'a>) -> Result<(), SheetFault> {
        let book = self.book;
        let record = record_at(&book.stream, at)?.ok_or(TORN)?;
        let data = &book.stream[record.data.clone()];
        let column = u16_at(data, 2).ok_or(TORN)?;
        let style = u16_at(data, 4).ok_or(TORN)?;
        let number = |style: u16, value: f64| {
            if !value.is_finite() {
                Cell::Error
            } else if book.day_styles.get(usize::from(style)) == Some(&true) {
                Cell::from_serial(value, book.since_1904)
            } else {
                Cell::number(value)
            }
        };
        let text = |range: Range<usize>| -> Result<Cell<'a>, SheetFault> {
            let mut text = String::new();
            segments(&book.stream, range)?.string(&mut text)?;
            Ok(Cell::Text(Cow::Owned(text)))
        };
        let cell = match record.kind {
            LABEL_SST => {
                let text = u32_at(data, 6).and_then(|at| book.texts.get(at));
                Cell::from(text.ok_or(SheetFault::Damaged("sheet", "a shared text is missing"))?)
            }
            LABEL | RICH_LABEL => text(record.data.start + 6..record.data.end)?,
            NUMBER => number(style, f64_at(data, 6).ok_or(TORN)?),
            RK => number(style, rk(data, 6).ok_or(TORN)?),
            MULTIPLE_RK => {
                let pairs = data.get(4..data.len() - 2).ok_or(TORN)?;
                for (column, pair) in (u32::from(column)..).zip(pairs.chunks_exact(6)) {
                    let style = u16_at(pair, 0).ok_or(TORN)?;
                    self.put(row, column, number(style, rk(pair, 2).ok_or(TORN)?))?;
                }
                return Ok(());
            }
            BOOL_OR_ERROR => match data.get(6..8) {
                Some([value, 0]) => Cell::Bool(*value != 0),
                Some(_) => Cell::Error,
                None => return Err(TORN),
            },
            FORMULA => match data.get(6..14).ok_or(TORN)? {
                [kind, _, value, _, _, _, 0xFF, 0xFF] => match kind {
                    0 => match self.formula_text(record.data.end)? {
                        Some(range) => text(range)?,
                        None => Cell::Empty,
                    },
                    1 => Cell::Bool(*value != 0),
                    2 => Cell::Error,
                    _ => Cell::Empty,
                },
                _ => number(style, f64_at(data, 6).ok_or(TORN)?),
            },
            _ => Cell::Empty,
        };
        self.put(row, u32::from(column), cell)
    }

    /// The text of a formula stands in the record behind it, perhaps after one that describes a shared formula.
    fn formula_text(&self, mut at: usize) -> Result<Option<Range<usize>>, SheetFault> {
        while let Some(record) = record_at(&self.book.stream, at)? {
            match record.kind {
                STRING => return Ok(Some(record.data)),
                // SHRFMLA, ARRAY, TABLE
                0x04BC | 0x0221 | 0x0236 | CONTINUE => at = record.data.end,
                _ => break,
            }
        }
        Ok(None)
    }

    fn put(&self, row: &mut Row<'a>, column: u32, cell: Cell<'a>) -> Result<(), SheetFault> {
        if matches!(&cell, Cell::Empty) || matches!(&cell, Cell::Text(text) if text.is_empty()) {
            return Ok(());
        }
        if column >= self.book.limits.columns {
            return Err(SheetFault::TooLarge(Bound::Columns { row: row.number, column }));
        }
        let at = column as usize;
        if at >= row.cells.len() {
            row.cells.resize(at + 1, Cell::Empty);
        }
        row.cells[at] = cell;
        Ok(())
    }
}

fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    bytes.get(at..at + 8)?.try_into().ok().map(f64::from_le_bytes)
}

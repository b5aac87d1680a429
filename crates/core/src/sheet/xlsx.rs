//! Rows of an .xlsx sheet, streamed: at any time one row and one buffer are in memory.

use std::borrow::Cow;
use std::io::Read;

use chrono::NaiveDate;

use super::cell::{Cell, MAX_ROW, Row, parse_reference};
use super::fault::{Bound, SheetFault};
use super::text::{TextParts, Texts, resolve_x_escapes};
use super::xml::{Piece, Tag, Xml, local, parse_u32, unescape};
use super::{Limits, package::Part};

/// What the type attribute of a cell says.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Shared,
    Formula,
    Inline,
    Bool,
    Error,
    Iso,
}

/// The rows of one sheet.
pub(super) struct XlsxRows<'a, R = Part<'a>> {
    xml: Xml<R>,
    texts: &'a Texts,
    day_styles: &'a [bool],
    since_1904: bool,
    limits: Limits,
    row: u32,
    yielded: u32,
    value: Vec<u8>,
    inline: TextParts,
    done: bool,
    /// The last row as the sheet declares it.
    pub(super) last_row: Option<u32>,
}

impl<'a, R: Read> XlsxRows<'a, R> {
    pub(super) fn new(
        mut xml: Xml<R>,
        texts: &'a Texts,
        day_styles: &'a [bool],
        since_1904: bool,
        limits: Limits,
    ) -> Result<Self, SheetFault> {
        let mut last_row = None;
        let done = loop {
            match xml.next()? {
                Piece::Start(tag) => match tag.local() {
                    b"sheetData" => break tag.empty,
                    b"dimension" => {
                        let area = tag.attribute(b"ref").unwrap_or_default();
                        let last = area.rsplit(|&b| b == b':').next().unwrap_or_default();
                        last_row = parse_reference(last).and_then(|(_, row)| row);
                    }
                    _ => {}
                },
                Piece::Eof => return Err(xml.damaged("there is no sheet data")),
                _ => {}
            }
        };
        Ok(Self {
            xml,
            texts,
            day_styles,
            since_1904,
            limits,
            row: 0,
            yielded: 0,
            value: Vec::with_capacity(64),
            inline: TextParts::default(),
            done,
            last_row,
        })
    }

    /// The next row with a filled cell.
    pub(super) fn next(&mut self) -> Result<Option<Row<'a>>, SheetFault> {
        if self.done {
            return Ok(None);
        }
        let mut cells = Vec::new();
        let mut column = 0_u32;
        loop {
            match self.xml.next()? {
                Piece::Start(tag) => match tag.local() {
                    b"c" => {
                        let head = CellHead::of(&tag);
                        let empty = tag.empty;
                        self.cell(head, empty, &mut column, &mut cells)?;
                    }
                    b"row" => {
                        let number = match tag.attribute(b"r") {
                            Some(digits) => parse_u32(digits),
                            None => self.row.checked_add(1),
                        };
                        self.row = number
                            .filter(|n| (1..=MAX_ROW).contains(n))
                            .ok_or_else(|| self.xml.damaged("a row number is out of bounds"))?;
                        column = 0;
                    }
                    _ => {}
                },
                Piece::End(b"row") if !cells.is_empty() => {
                    self.yielded += 1;
                    if self.yielded > self.limits.rows {
                        return Err(SheetFault::TooLarge(Bound::Rows(self.limits.rows)));
                    }
                    return Ok(Some(Row { number: self.row, cells }));
                }
                Piece::End(b"sheetData") => {
                    self.done = true;
                    // To the end of the part: only there its check sum is compared.
                    self.xml.drain()?;
                    return Ok(None);
                }
                Piece::Eof => return Err(self.xml.damaged("it ends before its last row")),
                _ => {}
            }
        }
    }

    fn cell(
        &mut self,
        head: CellHead,
        empty: bool,
        column: &mut u32,
        cells: &mut Vec<Cell<'a>>,
    ) -> Result<(), SheetFault> {
        let at = match head.column {
            Ok(at) => at.unwrap_or(*column),
            Err(()) => return Err(self.xml.damaged("a cell reference is out of bounds")),
        };
        *column = at + 1;
        if empty {
            return Ok(());
        }
        let cell = self.value(&head)?;
        if matches!(cell, Cell::Empty) {
            return Ok(());
        }
        if at >= self.limits.columns {
            // Blanks far to the right are left behind by careless copying; only something written counts.
            if cell.is_empty() {
                return Ok(());
            }
            return Err(SheetFault::TooLarge(Bound::Columns { row: self.row, column: at }));
        }
        let at = at as usize;
        match at.cmp(&cells.len()) {
            std::cmp::Ordering::Equal => {
                if cells.capacity() == 0 {
                    cells.reserve(24);
                }
                cells.push(cell);
            }
            std::cmp::Ordering::Greater => {
                cells.resize(at, Cell::Empty);
                cells.push(cell);
            }
            std::cmp::Ordering::Less => cells[at] = cell,
        }
        Ok(())
    }

    /// Reads to the end of the cell and makes its value.
    fn value(&mut self, head: &CellHead) -> Result<Cell<'a>, SheetFault> {
        self.value.clear();
        let mut in_value = false;
        let mut inline = false;
        let mut inline_text = None;
        loop {
            match self.xml.next()? {
                Piece::Text(raw) => {
                    if in_value {
                        unescape(raw, &mut self.value);
                    } else if inline {
                        self.inline.text(raw);
                    }
                }
                Piece::CData(raw) => {
                    if in_value {
                        self.value.extend_from_slice(raw);
                    } else if inline {
                        self.inline.plain(raw);
                    }
                }
                Piece::Start(tag) => match tag.local() {
                    b"v" => in_value = !tag.empty,
                    b"is" => {
                        inline = !tag.empty;
                        self.inline.clear();
                    }
                    _ if inline => self.inline.start(&tag),
                    _ => {}
                },
                Piece::End(b"v") => in_value = false,
                Piece::End(b"c") => break,
                Piece::End(b"is") => {
                    inline = false;
                    let text = self.inline.finish().ok_or_else(|| self.xml.damaged("a text is not UTF-8"))?;
                    inline_text = Some(text.to_owned()).filter(|text| !text.is_empty());
                }
                Piece::End(name) if inline => self.inline.end(name),
                Piece::Eof => return Err(self.xml.damaged("it ends inside a cell")),
                _ => {}
            }
        }
        // A value beside an inline text only repeats it.
        inline_text.map_or_else(|| self.make(head), |text| Ok(Cell::from(text)))
    }

    fn make(&self, head: &CellHead) -> Result<Cell<'a>, SheetFault> {
        let value = self.value.as_slice();
        if value.is_empty() {
            return Ok(Cell::Empty);
        }
        Ok(match head.kind {
            Kind::Shared => {
                let text = parse_u32(value.trim_ascii()).and_then(|at| self.texts.get(at));
                match text {
                    Some("") => Cell::Empty,
                    Some(text) => Cell::Text(Cow::Borrowed(text)),
                    None => return Err(self.xml.damaged("a shared text is missing")),
                }
            }
            Kind::Inline => Cell::Text(Cow::Owned(self.own_text(value)?.to_owned())),
            Kind::Formula => {
                let text = self.own_text(value)?;
                Cell::from(resolve_x_escapes(text).unwrap_or_else(|| text.to_owned()))
            }
            Kind::Bool => Cell::Bool(matches!(value.trim_ascii(), b"1" | b"true" | b"TRUE")),
            Kind::Error => Cell::Error,
            Kind::Iso => {
                let text = self.own_text(value)?;
                let day = text.get(..10).and_then(|d| NaiveDate::parse_from_str(d, "%Y-%m-%d").ok());
                day.map_or_else(|| Cell::from(text.to_owned()), Cell::Day)
            }
            Kind::Number => {
                let text = self.own_text(value.trim_ascii())?;
                let Some(number) = Cell::from_number_text(text) else {
                    // Some writers leave out the type of a text.
                    return Ok(Cell::from(text.to_owned()));
                };
                match number {
                    Cell::Number { value, .. } if self.day_styles.get(head.style as usize) == Some(&true) => {
                        Cell::from_serial(value, self.since_1904)
                    }
                    number => number,
                }
            }
        })
    }

    fn own_text<'v>(&self, value: &'v [u8]) -> Result<&'v str, SheetFault> {
        std::str::from_utf8(value).map_err(|_| self.xml.damaged("a text is not UTF-8"))
    }
}

/// The attributes of `<c>`.
struct CellHead {
    /// The 0-based column, if the cell says it; `Err` if it says nonsense.
    column: Result<Option<u32>, ()>,
    style: u32,
    kind: Kind,
}

impl CellHead {
    fn of(tag: &Tag<'_>) -> Self {
        let mut head = Self { column: Ok(None), style: 0, kind: Kind::Number };
        for (name, value) in tag.attributes() {
            match local(name) {
                b"r" => head.column = parse_reference(value).map(|(column, _)| column).ok_or(()),
                b"s" => head.style = parse_u32(value).unwrap_or(0),
                b"t" => {
                    head.kind = match value {
                        b"s" => Kind::Shared,
                        b"str" => Kind::Formula,
                        b"inlineStr" | b"is" => Kind::Inline,
                        b"b" => Kind::Bool,
                        b"e" => Kind::Error,
                        b"d" => Kind::Iso,
                        _ => Kind::Number,
                    }
                }
                _ => {}
            }
        }
        head
    }
}

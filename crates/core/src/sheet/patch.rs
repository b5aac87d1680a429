//! Patching a sheet in place: one column more, everything else byte for byte as it came.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use super::cell::{column_letters, parse_reference};
use super::fault::SheetFault;
use super::marks::{Marks, stand_before};
use super::xml::{Piece, Tag, Xml, escape, local, parse_u32, unescape};

/// What is written into the sheet.
pub(super) struct Plan {
    /// 0-based column of the answers.
    pub(super) column: u32,
    /// The column already holds answers of an earlier report, which are replaced.
    pub(super) replace: bool,
    /// 1-based row to text and style.
    pub(super) cells: BTreeMap<u32, (String, Option<u32>)>,
    /// Marks for whole rows.
    pub(super) marks: Option<Marks>,
}

/// How patching ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Patched {
    /// The sheet is written.
    Done,
    /// Something stands in or behind the column; the furthest 0-based column that is used.
    Used(u32),
}

/// The width of the column of answers, in characters.
const WIDTH: &str = "46";

fn not_written(error: std::io::Error) -> SheetFault {
    SheetFault::NotWritten(error)
}

/// Copies the sheet with the plan worked in.
pub(super) fn patch_sheet<R: Read, W: Write>(
    xml: &mut Xml<R>,
    out: &mut W,
    plan: &Plan,
) -> Result<Patched, SheetFault> {
    let mut patcher = Patcher { out, plan, prefix: String::new(), cols_written: false, used: None };
    let formulas = plan.marks.as_ref().map(|marks| marks.formulas(plan.column)).unwrap_or_default();
    let mut marked = plan.marks.is_none();
    let mut last_priority = 0;
    let mut formula = Vec::new();
    let mut depth = 0_u32;
    let mut behind_rows = false;
    loop {
        let mut changed = None;
        match xml.next()? {
            Piece::Start(tag) => {
                let name = tag.local();
                if depth == 0 {
                    patcher.prefix = prefix_of(&tag)?;
                }
                if behind_rows && depth == 1 && !marked && stand_before(name) {
                    marked = true;
                    patcher.marks(last_priority)?;
                }
                match name {
                    b"dimension" if depth == 1 => changed = patcher.dimension(&tag)?,
                    b"col" if depth == 2 => changed = patcher.col(&tag)?,
                    b"cfRule" => last_priority = last_priority.max(tag.number_attribute(b"priority").unwrap_or(0)),
                    b"formula" => formula.clear(),
                    b"sheetData" if depth == 1 && !behind_rows => {
                        behind_rows = true;
                        if !tag.empty {
                            patcher.begin_rows()?;
                            patcher.write(xml.raw())?;
                            patcher.rows(xml)?;
                            continue;
                        }
                    }
                    _ => {}
                }
                depth += u32::from(!tag.empty);
            }
            Piece::Text(raw) => unescape(raw, &mut formula),
            Piece::End(name) => {
                depth = depth.saturating_sub(1);
                match name {
                    b"cols" if !patcher.cols_written => {
                        let col = patcher.new_col();
                        patcher.write(&col)?;
                    }
                    // An earlier report has left its marks; they go on working.
                    b"formula" if formulas.iter().any(|own| own.as_bytes() == formula) => marked = true,
                    b"worksheet" if !marked => {
                        marked = true;
                        patcher.marks(last_priority)?;
                    }
                    _ => {}
                }
            }
            Piece::Eof => break,
            Piece::CData(_) | Piece::Other => {}
        }
        match changed {
            Some(changed) => patcher.write(&changed)?,
            None => patcher.write(xml.raw())?,
        }
    }
    Ok(patcher.used.map_or(Patched::Done, Patched::Used))
}

/// The prefix of the tags, taken from the root: what is added must belong to the same names.
pub(super) fn prefix_of(root: &Tag<'_>) -> Result<String, SheetFault> {
    let name = root.name();
    if !name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'-' | b'.')) {
        return Err(SheetFault::Damaged("sheet", "the root is torn"));
    }
    Ok(String::from_utf8_lossy(&name[..name.len() - local(name).len()]).into_owned())
}

/// A tag with some attributes set anew (`Some`) or left out (`None`); the others stay.
pub(super) fn retag(tag: &Tag<'_>, changes: &[(&str, Option<String>)]) -> Result<Vec<u8>, SheetFault> {
    let mut out = vec![b'<'];
    out.extend_from_slice(tag.name());
    let mut put = |name: &[u8], value: &[u8]| {
        out.push(b' ');
        out.extend_from_slice(name);
        out.extend_from_slice(b"=\"");
        // Values keep their escapes; only the quote may have been the other one.
        for &b in value {
            match b {
                b'"' => out.extend_from_slice(b"&quot;"),
                b => out.push(b),
            }
        }
        out.push(b'"');
    };
    let mut attributes = tag.attributes();
    for (name, value) in attributes.by_ref() {
        if !changes.iter().any(|(changed, _)| changed.as_bytes() == name) {
            put(name, value);
        }
    }
    if !attributes.all_read() {
        return Err(SheetFault::Damaged("sheet", "a tag is torn"));
    }
    for (name, value) in changes {
        if let Some(value) = value {
            put(name.as_bytes(), value.as_bytes());
        }
    }
    out.extend_from_slice(if tag.empty { b"/>" } else { b">" });
    Ok(out)
}

struct Patcher<'a, W> {
    out: &'a mut W,
    plan: &'a Plan,
    prefix: String,
    cols_written: bool,
    used: Option<u32>,
}

impl<W: Write> Patcher<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SheetFault> {
        // Once the column turns out to be taken, the rest is only looked at.
        if self.used.is_some() {
            return Ok(());
        }
        self.out.write_all(bytes).map_err(not_written)
    }

    fn marks(&mut self, last_priority: u32) -> Result<(), SheetFault> {
        let plan = self.plan;
        let Some(marks) = &plan.marks else {
            return Ok(());
        };
        let element = marks.element(plan.column, &self.prefix, last_priority);
        self.write(&element)
    }

    /// The used area, with the answers in it. `None`: it stays as it is.
    fn dimension(&self, tag: &Tag<'_>) -> Result<Option<Vec<u8>>, SheetFault> {
        let reference = tag.attribute(b"ref").unwrap_or_default();
        let (from, to) = match reference.iter().position(|&b| b == b':') {
            Some(colon) => (&reference[..colon], &reference[colon + 1..]),
            None => (reference, reference),
        };
        let (Some((Some(_), Some(_))), Some((Some(column), Some(row)))) = (parse_reference(from), parse_reference(to))
        else {
            return Ok(None);
        };
        let last_row = self.plan.cells.last_key_value().map_or(row, |(last, _)| row.max(*last));
        let to = format!("{}{last_row}", column_letters(column.max(self.plan.column)));
        let from = String::from_utf8_lossy(from);
        retag(tag, &[("ref", Some(format!("{from}:{to}")))]).map(Some)
    }

    fn new_col(&mut self) -> Vec<u8> {
        self.cols_written = true;
        let number = self.plan.column + 1;
        let prefix = &self.prefix;
        format!("<{prefix}col min=\"{number}\" max=\"{number}\" width=\"{WIDTH}\" customWidth=\"1\"/>").into_bytes()
    }

    /// A sheet without a list of columns gets one just before its rows.
    fn begin_rows(&mut self) -> Result<(), SheetFault> {
        if self.cols_written {
            return Ok(());
        }
        let prefix = self.prefix.clone();
        let mut cols = format!("<{prefix}cols>").into_bytes();
        cols.extend_from_slice(&self.new_col());
        cols.extend_from_slice(format!("</{prefix}cols>").as_bytes());
        self.write(&cols)
    }

    /// A range of columns; the one with the answers gets its own width out of the middle. `None`: it stays as it is.
    fn col(&mut self, tag: &Tag<'_>) -> Result<Option<Vec<u8>>, SheetFault> {
        let number = self.plan.column + 1;
        let (Some(min), Some(max)) = (tag.number_attribute(b"min"), tag.number_attribute(b"max")) else {
            return Ok(None);
        };
        if self.cols_written || max < number {
            return Ok(None);
        }
        if !tag.empty {
            // Nobody writes them with an end tag of their own; then the width is left as it is.
            self.cols_written = true;
            return Ok(None);
        }
        let mut out = Vec::new();
        if min < number {
            out.extend_from_slice(&retag(tag, &[("max", Some((number - 1).to_string()))])?);
        }
        out.extend_from_slice(&self.new_col());
        if min > number {
            out.extend_from_slice(&retag(tag, &[])?);
        } else if max > number {
            out.extend_from_slice(&retag(tag, &[("min", Some((number + 1).to_string()))])?);
        }
        Ok(Some(out))
    }

    fn answer(&self, row: u32) -> Vec<u8> {
        let Some((text, style)) = self.plan.cells.get(&row) else {
            return Vec::new();
        };
        let prefix = &self.prefix;
        let letters = column_letters(self.plan.column);
        let style = style.map_or_else(String::new, |style| format!(" s=\"{style}\""));
        let mut cell = format!(
            "<{prefix}c r=\"{letters}{row}\"{style} t=\"inlineStr\"><{prefix}is><{prefix}t xml:space=\"preserve\">"
        )
        .into_bytes();
        escape(text, &mut cell);
        cell.extend_from_slice(format!("</{prefix}t></{prefix}is></{prefix}c>").as_bytes());
        cell
    }

    /// Rows that have an answer but do not stand in the file.
    fn missing_rows(&mut self, after: u32, before: Option<u32>) -> Result<(), SheetFault> {
        let plan = self.plan;
        let upto = before.unwrap_or(u32::MAX);
        if after + 1 >= upto {
            return Ok(());
        }
        for &row in plan.cells.range(after + 1..upto).map(|(row, _)| row) {
            let prefix = self.prefix.clone();
            let mut whole = format!("<{prefix}row r=\"{row}\">").into_bytes();
            whole.extend_from_slice(&self.answer(row));
            whole.extend_from_slice(format!("</{prefix}row>").as_bytes());
            self.write(&whole)?;
        }
        Ok(())
    }

    /// Everything inside the sheet data, up to and with its end tag.
    fn rows<R: Read>(&mut self, xml: &mut Xml<R>) -> Result<(), SheetFault> {
        let mut last = 0;
        loop {
            match xml.next()? {
                Piece::Start(tag) if tag.local() == b"row" => {
                    let number = tag.attribute(b"r").map_or(Some(last + 1), parse_u32);
                    let number = number.ok_or(SheetFault::Damaged("sheet", "a row number is out of bounds"))?;
                    // The hint of used columns would be wrong now; it may be left out.
                    let mut head = retag(&tag, &[("spans", None)])?;
                    let empty = tag.empty;
                    self.missing_rows(last, Some(number))?;
                    last = last.max(number);
                    if empty {
                        let answer = self.answer(number);
                        if !answer.is_empty() {
                            head.truncate(head.len() - 2);
                            head.push(b'>');
                            head.extend_from_slice(&answer);
                            head.extend_from_slice(format!("</{}row>", self.prefix).as_bytes());
                        }
                        self.write(&head)?;
                    } else {
                        self.write(&head)?;
                        self.cells(xml, number)?;
                    }
                }
                Piece::End(b"sheetData") => {
                    self.missing_rows(last, None)?;
                    return self.write(xml.raw());
                }
                Piece::Eof => return Err(SheetFault::Damaged("sheet", "it ends before its last row")),
                _ => self.write(xml.raw())?,
            }
        }
    }

    /// The cells of one row, up to and with the end of the row.
    fn cells<R: Read>(&mut self, xml: &mut Xml<R>, row: u32) -> Result<(), SheetFault> {
        let own = self.plan.column;
        let mut written = false;
        let mut next = 0;
        loop {
            match xml.next()? {
                Piece::Start(tag) if tag.local() == b"c" => {
                    let column = match tag.attribute(b"r") {
                        Some(reference) => parse_reference(reference).and_then(|(column, _)| column),
                        None => Some(next),
                    };
                    let column = column.ok_or(SheetFault::Damaged("sheet", "a cell reference is out of bounds"))?;
                    next = column + 1;
                    let empty = tag.empty;
                    if column >= own && !written {
                        written = true;
                        // The answer comes before this cell; a cell in its own place gives way.
                        let head = xml.raw().to_vec();
                        let answer = self.answer(row);
                        self.write(&answer)?;
                        if column > own {
                            self.write(&head)?;
                        }
                    } else if column != own {
                        self.write(xml.raw())?;
                    }
                    if !empty {
                        self.cell(xml, column)?;
                    }
                }
                Piece::End(b"row") => {
                    if !written {
                        let answer = self.answer(row);
                        self.write(&answer)?;
                    }
                    return self.write(xml.raw());
                }
                Piece::Eof => return Err(SheetFault::Damaged("sheet", "it ends before its last row")),
                _ => self.write(xml.raw())?,
            }
        }
    }

    /// The inside of a cell; copied unless the cell gives way to the answer.
    fn cell<R: Read>(&mut self, xml: &mut Xml<R>, column: u32) -> Result<(), SheetFault> {
        let own = self.plan.column;
        loop {
            let piece = xml.next()?;
            let end = matches!(piece, Piece::End(b"c"));
            if let Piece::Start(tag) = piece {
                let holds = matches!(tag.local(), b"v" | b"is" | b"f");
                if holds && column >= own && !self.plan.replace {
                    self.used = self.used.max(Some(column));
                }
            } else if piece == Piece::Eof {
                return Err(SheetFault::Damaged("sheet", "it ends inside a cell"));
            }
            if column != own {
                self.write(xml.raw())?;
            }
            if end {
                return Ok(());
            }
        }
    }
}

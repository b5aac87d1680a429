//! Tables that leave the house: the blank collection form, exported lists, and reports on old formats.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use chrono::{Datelike, NaiveDate};
use niangjia_replication::files;
use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook,
    Worksheet, XlsxError,
};

use super::book::Book;
use super::cell::{Cell, MAX_ROW, column_letters};
use super::fault::{Bound, SheetFault};
use super::header::Found;
use super::report::{Outcome, Remark, ReportWords, part_beside};

/// A table to be written.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// Name of the sheet, at most 31 characters.
    pub sheet: &'a str,
    /// A title above the header; none if empty.
    pub title: &'a str,
    /// A line of instructions between title and header.
    pub note: Option<&'a str>,
    /// Which template this is, kept among the properties of the document.
    pub stamp: Option<&'a str>,
    /// The columns from left to right.
    pub columns: &'a [TableColumn<'a>],
    /// The day the document carries as its day of making.
    pub written_on: NaiveDate,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct TableColumn<'a> {
    /// The text of its header.
    pub header: &'a str,
    /// Width in characters.
    pub width: f64,
    /// What may be chosen; any text if empty.
    pub choices: &'a [String],
    /// Formatted as text, so that an ID number typed by hand keeps all its digits.
    pub text: bool,
}

/// The hidden sheet with the choices.
const CHOICES: &str = "选项";

fn fault(error: XlsxError) -> SheetFault {
    SheetFault::NotWritten(match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other),
    })
}

/// Writes a table as an .xlsx, row by row: memory does not grow with the rows. Returns how many rows were written.
///
/// The file at `out` is only there when it is whole. Texts stay texts; days are written as `yyyy/mm/dd` days.
///
/// # Errors
/// What the rows bring, and [`SheetFault::NotWritten`]. More rows than a sheet holds (1,048,576) are refused.
pub fn write_table<'c, E: From<SheetFault>>(
    out: &Path,
    table: &Table<'_>,
    rows: impl IntoIterator<Item = Result<Vec<Cell<'c>>, E>>,
) -> Result<u32, E> {
    let (mut workbook, formats) = begin(out, table.written_on, table.stamp)?;
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(fault)?;
    let first = head(sheet, table, &formats).map_err(fault)?;
    let mut at = first;
    for row in rows {
        let row = row?;
        if at >= MAX_ROW {
            return Err(SheetFault::TooLarge(Bound::Rows(MAX_ROW)).into());
        }
        for (column, cell) in (0_u16..).zip(&row) {
            let text = table.columns.get(usize::from(column)).is_some_and(|c| c.text);
            put(sheet, at, column, cell, text, &formats).map_err(fault)?;
        }
        at += 1;
    }
    if table.columns.iter().any(|c| !c.choices.is_empty()) {
        let choices = workbook.add_worksheet_with_constant_memory().map_err(fault)?;
        write_choices(choices, table).map_err(fault)?;
    }
    save(workbook, out)?;
    Ok(at - first)
}

struct Formats {
    title: Format,
    note: Format,
    header: Format,
    text: Format,
    day: Format,
    refused: Format,
    noticed: Format,
}

fn begin(out: &Path, written_on: NaiveDate, stamp: Option<&str>) -> Result<(Workbook, Formats), SheetFault> {
    let mut workbook = Workbook::new();
    // Rows wait in a file without a name while the workbook is made. It lies beside the target, not in a shared
    // folder for temporary files: it holds people.
    let beside = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    workbook.set_tempdir(beside.unwrap_or(Path::new("."))).map_err(fault)?;
    let year = u16::try_from(written_on.year()).unwrap_or(1900);
    let made = ExcelDateTime::from_ymd(year, written_on.month() as u8, written_on.day() as u8).map_err(fault)?;
    let mut properties = DocProperties::new().set_creation_datetime(&made);
    if let Some(stamp) = stamp {
        properties = properties.set_custom_property("template", stamp);
    }
    workbook.set_properties(&properties);
    let text = Format::new().set_num_format("@");
    Ok((
        workbook,
        Formats {
            title: Format::new().set_bold().set_font_size(16).set_align(FormatAlign::Center),
            note: Format::new().set_text_wrap().set_align(FormatAlign::Top),
            header: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter)
                .set_border(FormatBorder::Thin)
                .set_background_color(Color::RGB(0x00F2_F2F2)),
            refused: text.clone().set_background_color(Color::RGB(0x00FF_C7CE)),
            noticed: text.clone().set_background_color(Color::RGB(0x00FF_F2CC)),
            day: Format::new().set_num_format("yyyy/mm/dd"),
            text,
        },
    ))
}

/// Saves beside the target and moves it there when it is whole.
fn save(mut workbook: Workbook, out: &Path) -> Result<(), SheetFault> {
    let part = part_beside(out);
    let written = File::create(&part)
        .map_err(SheetFault::NotWritten)
        .and_then(|file| workbook.save_to_writer(io::BufWriter::new(file)).map_err(fault))
        .and_then(|()| files::renamed(&part, out).map_err(SheetFault::NotWritten));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// Title, note, header, widths, choices. Returns the first row for data, 0-based.
fn head(sheet: &mut Worksheet, table: &Table<'_>, formats: &Formats) -> Result<u32, XlsxError> {
    sheet.set_name(table.sheet)?;
    let last = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let mut row = 0;
    for (column, spec) in (0_u16..).zip(table.columns) {
        sheet.set_column_width(column, spec.width)?;
        if spec.text {
            sheet.set_column_format(column, &formats.text)?;
        }
    }
    for (text, format, height) in [(Some(table.title), &formats.title, 30.0), (table.note, &formats.note, 48.0)] {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            continue;
        };
        sheet.set_row_height(row, height)?;
        if last > 0 {
            sheet.merge_range(row, 0, row, last, text, format)?;
        } else {
            sheet.write_string_with_format(row, 0, text, format)?;
        }
        row += 1;
    }
    sheet.set_row_height(row, 36.0)?;
    for (column, spec) in (0_u16..).zip(table.columns) {
        sheet.write_string_with_format(row, column, spec.header, &formats.header)?;
    }
    let first = row + 1;
    sheet.set_freeze_panes(first, 0)?;
    sheet.set_repeat_rows(row, row)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    for (column, spec) in (0_u16..).zip(table.columns) {
        if spec.choices.is_empty() {
            continue;
        }
        let letters = column_letters(u32::from(column));
        let list = format!("={CHOICES}!${letters}$2:${letters}${}", spec.choices.len() + 1);
        let choice = DataValidation::new()
            .allow_list_formula(Formula::new(list))
            .set_error_title("请从列表中选择")?
            .set_error_message("这里只能填写下拉列表中的内容。")?;
        sheet.add_data_validation(first, column, MAX_ROW - 1, column, &choice)?;
    }
    Ok(first)
}

/// The choices stand under their column's letter, the header above them.
fn write_choices(sheet: &mut Worksheet, table: &Table<'_>) -> Result<(), XlsxError> {
    sheet.set_name(CHOICES)?;
    sheet.set_hidden(true);
    let longest = table.columns.iter().map(|c| c.choices.len()).max().unwrap_or(0);
    for row in 0..=longest {
        let at = u32::try_from(row).unwrap_or(u32::MAX);
        for (column, spec) in (0_u16..).zip(table.columns) {
            let text = match row {
                0 if spec.choices.is_empty() => None,
                0 => Some(spec.header),
                row => spec.choices.get(row - 1).map(String::as_str),
            };
            if let Some(text) = text {
                sheet.write_string(at, column, text)?;
            }
        }
    }
    Ok(())
}

fn put(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell<'_>,
    text: bool,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty | Cell::Error => {}
        Cell::Text(value) if value.is_empty() => {}
        Cell::Text(value) if text => {
            sheet.write_string_with_format(row, column, fitting(value), &formats.text)?;
        }
        Cell::Text(value) => {
            sheet.write_string(row, column, fitting(value))?;
        }
        Cell::Number { .. } | Cell::Day(_) if text => {
            sheet.write_string_with_format(row, column, cell.text(), &formats.text)?;
        }
        // Digits beyond the fifteenth would be lost once more: such a number is written as the text it shows.
        Cell::Number { lost: true, .. } => {
            sheet.write_string_with_format(row, column, cell.text(), &formats.text)?;
        }
        Cell::Number { value, .. } => {
            sheet.write_number(row, column, *value)?;
        }
        Cell::Day(day) => match excel_day(*day) {
            Some(day) => {
                sheet.write_datetime_with_format(row, column, &day, &formats.day)?;
            }
            None => {
                sheet.write_string(row, column, cell.text())?;
            }
        },
        Cell::Bool(is) => {
            sheet.write_boolean(row, column, *is)?;
        }
    }
    Ok(())
}

/// A cell holds 32,767 units of UTF-16; what is longer is cut, as a spreadsheet program would refuse the file.
fn fitting(text: &str) -> &str {
    if text.len() <= 32_767 {
        return text;
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > 32_767
    });
    end.map_or(text, |(at, _)| &text[..at])
}

fn excel_day(day: NaiveDate) -> Option<ExcelDateTime> {
    let year = u16::try_from(day.year()).ok().filter(|year| *year >= 1900)?;
    ExcelDateTime::from_ymd(year, day.month() as u8, day.day() as u8).ok()
}

/// The report on an .xls: the sheet as texts in the same rows and columns, and the answers behind.
pub(super) fn write_answers(
    book: &mut Book,
    part: &Path,
    found: &Found,
    by_row: &BTreeMap<u32, &Remark<'_>>,
    words: &ReportWords,
    earlier: Option<usize>,
    written_on: NaiveDate,
) -> Result<(), SheetFault> {
    let mut width = found.header.columns.last().map_or(0, |c| c.index + 1);
    for row in book.rows(found.sheet)? {
        width = width.max(row?.cells.len());
    }
    let own = u16::try_from(earlier.unwrap_or(width)).unwrap_or(u16::MAX);
    let (mut workbook, formats) = begin(part, written_on, None)?;
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(fault)?;
    let name = if found.name.is_empty() { "Sheet1" } else { &found.name };
    prepare_answers(sheet, name, own, found.header.row, &formats).map_err(fault)?;
    let mut answered = 0;
    for row in book.rows(found.sheet)? {
        let row = row?;
        // Answers about rows that hold nothing stand there all the same.
        for remark in by_row.range(answered..row.number).map(|(_, remark)| remark) {
            let answer = words.answer(remark);
            sheet.write_string_with_format(remark.row - 1, own, answer, &formats.text).map_err(fault)?;
        }
        answered = row.number + 1;
        let remark = by_row.get(&row.number);
        let format = match remark.map(|r| r.outcome) {
            Some(Outcome::Refused) => &formats.refused,
            Some(Outcome::Noticed | Outcome::Kept) => &formats.noticed,
            _ => &formats.text,
        };
        let at = row.number - 1;
        for (column, cell) in (0_u16..).zip(&row.cells) {
            let text = cell.text();
            if column != own && !text.is_empty() {
                sheet.write_string_with_format(at, column, fitting(&text), format).map_err(fault)?;
            }
        }
        let answer = if row.number == found.header.row {
            Some(words.title.to_owned())
        } else {
            remark.map(|remark| words.answer(remark))
        };
        if let Some(answer) = answer {
            sheet.write_string_with_format(at, own, answer, format).map_err(fault)?;
        }
    }
    for remark in by_row.range(answered..).map(|(_, remark)| remark) {
        let answer = words.answer(remark);
        sheet.write_string_with_format(remark.row - 1, own, answer, &formats.text).map_err(fault)?;
    }
    let file = File::create(part).map_err(SheetFault::NotWritten)?;
    workbook.save_to_writer(io::BufWriter::new(file)).map_err(fault)
}

fn prepare_answers(
    sheet: &mut Worksheet,
    name: &str,
    own: u16,
    header_row: u32,
    formats: &Formats,
) -> Result<(), XlsxError> {
    sheet.set_name(name)?;
    for column in 0..own {
        sheet.set_column_width(column, 14)?;
        sheet.set_column_format(column, &formats.text)?;
    }
    sheet.set_column_width(own, 46)?;
    sheet.set_freeze_panes(header_row, 0)?;
    Ok(())
}

//! The report: the clerk gets her own sheet back, with one more column that says what became of each row.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use niangjia_replication::files;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::book::{Format, open};
use super::cell::MAX_ROW;
use super::fault::{Bound, SheetFault};
use super::header::{Found, plain};
use super::marks::Marks;
use super::package::{Package, from_zip};
use super::patch::{Patched, Plan, patch_sheet};
use super::styles::{Added, add_styles};
use super::{Limits, lines, table};

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Taken in, nothing to say.
    Taken,
    /// Here already, and equal.
    There,
    /// Here already; what differs was taken from the sheet.
    Updated,
    /// Taken in, but somebody should look at it.
    Noticed,
    /// Here already and different; left as it was.
    Kept,
    /// Not taken in.
    Refused,
}

/// What is said about one row.
#[derive(Clone, Debug)]
pub struct Remark<'a> {
    /// 1-based row of the sheet.
    pub row: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, and what to do; may be empty.
    pub text: Cow<'a, str>,
}

/// The words of a report in one language.
#[derive(Clone, Copy, Debug)]
pub struct ReportWords {
    /// The header of the column. A column with this header is replaced, so that a corrected sheet can come again.
    pub title: &'static str,
    /// For [`Outcome::Taken`].
    pub taken: &'static str,
    /// For [`Outcome::There`].
    pub there: &'static str,
    /// For [`Outcome::Updated`].
    pub updated: &'static str,
    /// For [`Outcome::Noticed`].
    pub noticed: &'static str,
    /// For [`Outcome::Kept`].
    pub kept: &'static str,
    /// For [`Outcome::Refused`].
    pub refused: &'static str,
}

impl ReportWords {
    /// Chinese.
    pub const ZH: Self = Self {
        title: "导入结果/原因",
        taken: "已导入",
        there: "库里已有，内容相同",
        updated: "已更新",
        noticed: "请核对",
        kept: "没有改动",
        refused: "未导入",
    };
    /// English.
    pub const EN: Self = Self {
        title: "Import result / reason",
        taken: "Imported",
        there: "Here already, the same",
        updated: "Updated",
        noticed: "Please check",
        kept: "Not changed",
        refused: "Not imported",
    };

    const fn word(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Taken => self.taken,
            Outcome::There => self.there,
            Outcome::Updated => self.updated,
            Outcome::Noticed => self.noticed,
            Outcome::Kept => self.kept,
            Outcome::Refused => self.refused,
        }
    }

    /// The text of a cell; a cell holds at most 32,767 characters.
    pub(super) fn answer(&self, remark: &Remark<'_>) -> String {
        let word = self.word(remark.outcome);
        if remark.text.is_empty() {
            return word.to_owned();
        }
        let text = remark.text.chars().take(32_000);
        format!("{word}：{}", text.collect::<String>())
    }
}

/// Writes the report. From an .xlsx everything is kept as it is: other sheets, styles, merges, lists of choices; a text table
/// stays one, in its encoding, each line as it came. From an .xls a new .xlsx is made with every cell as text.
///
/// `remarks` need not be in order; of two for one row the graver stands. `written_on` is the day the new workbook carries.
///
/// # Errors
/// Faults of reading the source; [`SheetFault::NotWritten`]. The file at `out` is only there when it is whole.
pub fn write_report(
    source: &Path,
    out: &Path,
    found: &Found,
    remarks: &[Remark<'_>],
    words: &ReportWords,
    written_on: NaiveDate,
    limits: &Limits,
) -> Result<(), SheetFault> {
    let mut by_row: BTreeMap<u32, &Remark<'_>> = BTreeMap::new();
    // Rows count from 1; nothing can be said about others.
    for remark in remarks.iter().filter(|r| (1..=MAX_ROW).contains(&r.row)) {
        let slot = by_row.entry(remark.row).or_insert(remark);
        if remark.outcome > slot.outcome {
            *slot = remark;
        }
    }
    let earlier = found.header.columns.iter().find(|c| plain(&c.text) == plain(words.title)).map(|c| c.index);
    let part = part_beside(out);
    // Whatever reads the source is closed before the report is moved: it may take the source's own place.
    let written = {
        let mut book = open(source, limits)?;
        match book.format() {
            Format::Xlsx => {
                let file = File::open(source).map_err(SheetFault::Unreadable)?;
                let job = Job { found, by_row: &by_row, words, limits };
                job.patch(Package::open(file, limits)?, &part, earlier)
            }
            Format::Csv => lines::write_answers(&mut book, &part, found, &by_row, words, earlier),
            Format::Xls => table::write_answers(&mut book, &part, found, &by_row, words, earlier, written_on),
        }
    };
    let moved = written.and_then(|()| files::renamed(&part, out).map_err(SheetFault::NotWritten));
    if moved.is_err() {
        // What was begun is of no use; if even that cannot be removed, the first fault is the one to tell.
        let _ = fs::remove_file(&part);
    }
    moved
}

/// The file is written beside its place and moved when it is whole.
pub(super) fn part_beside(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    out.with_file_name(name)
}

struct Job<'a> {
    found: &'a Found,
    by_row: &'a BTreeMap<u32, &'a Remark<'a>>,
    words: &'a ReportWords,
    limits: &'a Limits,
}

impl Job<'_> {
    fn patch(&self, mut package: Package, out: &Path, earlier: Option<usize>) -> Result<(), SheetFault> {
        let sheet = package.sheets.get(self.found.sheet).map(|s| s.path.clone());
        let sheet = sheet.ok_or(SheetFault::Damaged("workbook", "the sheet is gone"))?;
        let styles_path = package.styles.clone().filter(|path| package.place(path).is_some());
        let (styles, added) = match &styles_path {
            Some(path) => {
                let mut bytes = Vec::new();
                read_part(&mut package, path, self.limits.held_bytes, &mut bytes)?;
                add_styles(&bytes)?
            }
            None => (Vec::new(), None),
        };
        let header = &self.found.header;
        let behind_header = header.columns.last().map_or(0, |c| c.index + 1);
        let mut column = u32::try_from(earlier.unwrap_or(behind_header)).unwrap_or(u32::MAX);
        // Notes behind the last header push the answers further right; the second try knows how far.
        for _ in 0..3 {
            let plan = self.plan(column, earlier.is_some(), added.as_ref());
            match self.copy(&mut package, out, &sheet, styles_path.as_deref(), &styles, &plan)? {
                Patched::Done => return Ok(()),
                Patched::Used(last) => column = last + 1,
            }
        }
        Err(SheetFault::TooLarge(Bound::Columns { row: header.row, column }))
    }

    fn plan(&self, column: u32, replace: bool, added: Option<&Added>) -> Plan {
        let words = self.words;
        let mut cells: BTreeMap<u32, (String, Option<u32>)> = BTreeMap::new();
        for (&row, remark) in self.by_row {
            let style = added.map(|a| a.cell(remark.outcome));
            cells.insert(row, (words.answer(remark), style));
        }
        let title = added.map(|a| a.title);
        cells.insert(self.found.header.row, (words.title.to_owned(), title));
        Plan {
            column,
            replace,
            cells,
            marks: added.map(|added| Marks {
                first_row: self.found.header.row + 1,
                words: vec![
                    (words.refused.to_owned(), added.refused_mark),
                    (words.noticed.to_owned(), added.noticed_mark),
                    (words.kept.to_owned(), added.noticed_mark),
                ],
            }),
        }
    }

    fn copy(
        &self,
        package: &mut Package,
        out: &Path,
        sheet: &str,
        styles_path: Option<&str>,
        styles: &[u8],
        plan: &Plan,
    ) -> Result<Patched, SheetFault> {
        let file = File::create(out).map_err(SheetFault::NotWritten)?;
        let mut zip = ZipWriter::new(BufWriter::new(file));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(4))
            .large_file(true);
        let (sheet_at, styles_at) = (package.place(sheet), styles_path.and_then(|path| package.place(path)));
        for at in 0..package.zip().len() {
            if Some(at) == sheet_at || Some(at) == styles_at {
                let name = package.zip().name_for_index(at);
                let name = name.and_then(Result::ok).map(Cow::into_owned).unwrap_or_default();
                zip.start_file(name, options).map_err(to_written)?;
                if Some(at) == styles_at {
                    zip.write_all(styles).map_err(SheetFault::NotWritten)?;
                } else {
                    let mut buffered = BufWriter::with_capacity(64 << 10, &mut zip);
                    let patched = patch_sheet(&mut package.part(sheet, "sheet")?, &mut buffered, plan)?;
                    buffered.flush().map_err(SheetFault::NotWritten)?;
                    if patched != Patched::Done {
                        return Ok(patched);
                    }
                }
            } else {
                let part = package.zip().by_index_raw(at).map_err(|e| from_zip(e, "package"))?;
                zip.raw_copy_file(part).map_err(to_written)?;
            }
        }
        let file = zip.finish().map_err(to_written)?;
        file.into_inner().map_err(|e| SheetFault::NotWritten(e.into_error()))?;
        Ok(Patched::Done)
    }
}

fn to_written(error: zip::result::ZipError) -> SheetFault {
    SheetFault::NotWritten(match error {
        zip::result::ZipError::Io(error) => error,
        other => io::Error::other(other),
    })
}

/// A small part, whole.
fn read_part(package: &mut Package, path: &str, held_bytes: u64, out: &mut Vec<u8>) -> Result<(), SheetFault> {
    let part = package.part(path, "styles")?.into_reader();
    part.take(held_bytes + 1).read_to_end(out).map_err(|e| super::package::from_io(e, "styles"))?;
    if out.len() as u64 > held_bytes {
        return Err(SheetFault::TooLarge(Bound::Unpacked));
    }
    Ok(())
}

//! Stories about sheets: made in the test, or the real forms and rosters, read back with a reader of another hand.

mod answers;
mod hostile;
mod pieces;
mod reading;
mod text_tables;

use std::path::{Path, PathBuf};

use calamine::{Data as Theirs, Reader as _, open_workbook_auto};
use chrono::NaiveDate;
use rust_xlsxwriter::Workbook;

use super::*;

/// The columns of the national collection form that these stories need.
const COLUMNS: &[Column<'static>] = &[
    Column { field: "name", names: &["姓名", "会员姓名"], key: true },
    Column { field: "sex", names: &["性别"], key: false },
    Column { field: "born", names: &["出生日期", "出生年月"], key: false },
    Column { field: "ethnicity", names: &["民族"], key: false },
    Column { field: "employment", names: &["就业状况"], key: false },
    Column { field: "id_kind", names: &["有效证件类别", "证件类别"], key: false },
    Column { field: "id_number", names: &["证件号码", "身份证号", "身份证号码"], key: true },
    Column { field: "education", names: &["学历"], key: false },
    Column { field: "skill", names: &["技术等级"], key: false },
    Column { field: "phone", names: &["移动电话", "手机号", "联系电话"], key: false },
    Column { field: "hukou_kind", names: &["户籍类型"], key: false },
    Column { field: "hukou_place", names: &["户籍所在地"], key: false },
    Column { field: "change", names: &["会籍变化类型"], key: false },
    Column { field: "changed_on", names: &["会籍变化日期"], key: false },
    Column { field: "change_reason", names: &["会籍变化原因"], key: false },
    Column { field: "politics", names: &["政治面貌"], key: false },
    Column { field: "employer", names: &["工作单位"], key: false },
    Column { field: "native_place", names: &["籍贯"], key: false },
    Column { field: "migrant", names: &["是否农民工会员"], key: false },
];

fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.join("../../tests/fixtures/rosters").join(name);
    assert!(beside.is_file(), "the fixture {name} is missing");
    beside
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn open_default(path: &Path) -> Result<Book, SheetFault> {
    open(path, &Limits::default())
}

fn all_rows(path: &Path, sheet: usize) -> Result<Vec<Row<'static>>, SheetFault> {
    let mut book = open_default(path)?;
    let rows = book.rows(sheet)?;
    rows.map(|row| row.map(Row::into_owned)).collect()
}

/// Reads everything a file gives, whatever it is. The fault, if there is one.
fn read_through(path: &Path) -> Result<usize, SheetFault> {
    let mut book = open_default(path)?;
    let mut count = 0;
    for sheet in 0..book.sheets().len() {
        for row in book.rows(sheet)? {
            row?;
            count += 1;
        }
    }
    Ok(count)
}

/// Every filled cell of a sheet as (row, column, text) by the other reader.
fn theirs(path: &Path, sheet: &str) -> Vec<(u32, usize, String)> {
    let mut book = open_workbook_auto(path).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    let (top, left) = range.start().unwrap_or((0, 0));
    let mut cells = Vec::new();
    for (row, column, cell) in range.used_cells() {
        let text = match cell {
            Theirs::Empty => continue,
            Theirs::String(text) if text.is_empty() => continue,
            Theirs::String(text) | Theirs::DateTimeIso(text) | Theirs::DurationIso(text) => text.clone(),
            Theirs::Float(value) => Cell::number(*value).text().into_owned(),
            Theirs::Int(value) => value.to_string(),
            Theirs::Bool(value) => value.to_string().to_uppercase(),
            Theirs::DateTime(at) => {
                let (y, m, d, ..) = at.to_ymd_hms_milli();
                day(y.into(), m.into(), d.into()).format("%Y-%m-%d").to_string()
            }
            Theirs::Error(_) => "#".to_owned(),
        };
        cells.push((top + row as u32 + 1, left as usize + column, text));
    }
    cells
}

/// The same from our rows.
fn ours(path: &Path, sheet: usize) -> Vec<(u32, usize, String)> {
    let mut cells = Vec::new();
    for row in all_rows(path, sheet).unwrap() {
        for (column, cell) in row.cells.iter().enumerate() {
            match cell {
                Cell::Empty => {}
                Cell::Error => cells.push((row.number, column, "#".to_owned())),
                cell => cells.push((row.number, column, cell.text().into_owned())),
            }
        }
    }
    cells
}

/// A workbook with the given rows as texts, from the first row on.
fn workbook(path: &Path, rows: &[&[&str]]) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in (0_u32..).zip(rows) {
        for (column, text) in (0_u16..).zip(*cells) {
            if !text.is_empty() {
                sheet.write_string(row, column, *text).unwrap();
            }
        }
    }
    book.save(path).unwrap();
}

#[test]
fn every_fault_speaks_both_languages_and_says_what_to_do() {
    let io = || std::io::Error::other("stick");
    let faults = [
        SheetFault::Unreadable(io()),
        SheetFault::Unreadable(std::io::ErrorKind::NotFound.into()),
        SheetFault::Unreadable(std::io::ErrorKind::PermissionDenied.into()),
        SheetFault::TooLarge(Bound::File { is: 1, may_be: 2 }),
        SheetFault::TooLarge(Bound::Rows(1)),
        SheetFault::TooLarge(Bound::Columns { row: 3, column: 27 }),
        SheetFault::TooLarge(Bound::Unpacked),
        SheetFault::FileEmpty,
        SheetFault::SheetEmpty,
        SheetFault::Protected,
        SheetFault::Damaged("sheet", "torn"),
        SheetFault::NotAWorkbook(Looks::WebPage),
        SheetFault::NotAWorkbook(Looks::Archive),
        SheetFault::NotAWorkbook(Looks::Pdf),
        SheetFault::TextUnreadable,
        SheetFault::NoKnownColumn(Seen(vec!["甲".into()])),
        SheetFault::NotWritten(io()),
        SheetFault::NotWritten(std::io::ErrorKind::StorageFull.into()),
    ];
    for fault in faults {
        let say = fault.say();
        assert!(say.zh.chars().count() > 15 && say.zh.ends_with('。'), "{}", say.zh);
        assert!(say.en.len() > 30 && say.en.ends_with('.'), "{}", say.en);
        assert!(!fault.key().is_empty());
    }
    let say = SheetFault::TooLarge(Bound::Columns { row: 3, column: 27 }).say();
    assert!(say.zh.contains("AB3"));
    let seen = SheetFault::NoKnownColumn(Seen(vec!["王芳".into()]));
    assert!(!format!("{seen:?} {seen}").contains("王芳"));
}

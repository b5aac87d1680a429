//! Reports and exports: what was there stays, what is added can be read by others.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;

use tempfile::tempdir;

use super::*;

const ON: fn() -> NaiveDate = || day(2026, 11, 20);

fn report(source: &Path, out: &Path, remarks: &[Remark<'_>]) -> Found {
    let found = open_default(source).unwrap().find(COLUMNS).unwrap();
    write_report(source, out, &found, remarks, &ReportWords::ZH, ON(), &Limits::default()).unwrap();
    found
}

fn remark(row: u32, outcome: Outcome, text: &str) -> Remark<'_> {
    Remark { row, outcome, text: text.into() }
}

fn parts(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut parts = BTreeMap::new();
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        parts.insert(file.name().unwrap().into_owned(), bytes);
    }
    parts
}

#[test]
fn the_report_is_the_same_workbook_with_one_column_more() {
    let folder = tempdir().unwrap();
    for (name, last_row) in [("anfeng-members.xlsx", 410), ("pingming-members.xlsx", 1213)] {
        let (source, out) = (fixture(name), folder.path().join(name));
        let remarks = [
            remark(20, Outcome::Refused, "证件号码中的出生日期不存在：<请核对>"),
            remark(8, Outcome::Noticed, "移动电话不是 11 位"),
            remark(5, Outcome::Taken, ""),
            remark(last_row, Outcome::Refused, "重复"),
            remark(last_row, Outcome::Taken, ""),
        ];
        let found = report(&source, &out, &remarks);
        for (at, sheet) in ["会员信息", "下拉菜单表"].iter().enumerate() {
            let mut expected = theirs(&source, sheet);
            if at == 0 {
                let row = found.header.row;
                expected.push((row, 20, "导入结果/原因".into()));
                expected.push((20, 20, "未导入：证件号码中的出生日期不存在：<请核对>".into()));
                expected.push((8, 20, "请核对：移动电话不是 11 位".into()));
                expected.push((5, 20, "已导入".into()));
                expected.push((last_row, 20, "未导入：重复".into()));
            }
            expected.sort();
            let mut read = theirs(&out, sheet);
            read.sort();
            assert_eq!(read, expected, "{name} {sheet}");
            let mut read = ours(&out, at);
            read.sort();
            assert_eq!(read, expected, "{name} {sheet}");
        }
        let (before, after) = (parts(&source), parts(&out));
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        for (name, bytes) in &before {
            if !name.ends_with("sheet1.xml") && !name.ends_with("styles.xml") {
                assert_eq!(Some(bytes), after.get(name), "{name}");
            }
        }
        let sheet = String::from_utf8(after["xl/worksheets/sheet1.xml"].clone()).unwrap();
        let was = String::from_utf8(before["xl/worksheets/sheet1.xml"].clone()).unwrap();
        for kept in ["<mergeCells", "<dataValidations", "<pageSetup"] {
            assert_eq!(was.matches(kept).count(), sheet.matches(kept).count(), "{kept}");
        }
        assert!(sheet.contains("A5:U1048576") && sheet.contains("LEFT($U5,3)"));
        // Behind the merges, before the lists of choices: elsewhere Excel would call the file damaged.
        let marks = sheet.find("<conditionalFormatting").unwrap();
        assert!(sheet.find("</mergeCells>").unwrap() < marks && marks < sheet.find("<dataValidations").unwrap());
        assert!(
            sheet.contains("<col width=\"9\" customWidth=\"1\" style=\"5\" max=\"16384\" min=\"22\"/>"),
            "{}",
            &sheet[..3000]
        );
    }
}

#[test]
fn a_corrected_report_can_come_again() {
    let folder = tempdir().unwrap();
    let (first, second) = (folder.path().join("1.xlsx"), folder.path().join("2.xlsx"));
    report(
        &fixture("anfeng-members.xlsx"),
        &first,
        &[remark(20, Outcome::Refused, "甲"), remark(21, Outcome::Refused, "乙")],
    );
    let found = report(&first, &second, &[remark(21, Outcome::Taken, "")]);
    assert_eq!(found.header.score, COLUMNS.len());
    let answers: Vec<_> = ours(&second, 0).into_iter().filter(|(_, column, _)| *column >= 20).collect();
    assert_eq!(answers, [(4, 20, "导入结果/原因".into()), (21, 20, "已导入".into())]);
    let sheet = String::from_utf8(parts(&second)["xl/worksheets/sheet1.xml"].clone()).unwrap();
    assert_eq!(sheet.matches("<conditionalFormatting").count(), 1, "the marks of the first report go on working");
}

#[test]
fn the_report_may_take_the_place_of_its_source() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("名册.xlsx");
    workbook(&path, &[&["姓名", "证件号码"], &["王芳", "990113196503170015"]]);
    for text in ["甲", "乙"] {
        report(&path, &path, &[remark(2, Outcome::Refused, text)]);
        assert_eq!(ours(&path, 0).last().unwrap().2, format!("未导入：{text}"));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn notes_behind_the_roster_push_the_answers_aside() {
    let folder = tempdir().unwrap();
    let (source, out) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
    workbook(
        &source,
        &[&["姓名", "证件号码"], &["王芳", "990113196503170015", "", "核对过"], &[], &["李明", "990113196503170023"]],
    );
    report(
        &source,
        &out,
        &[remark(2, Outcome::Taken, ""), remark(3, Outcome::Noticed, "空行"), remark(9, Outcome::Refused, "无")],
    );
    let mut expected = theirs(&source, "Sheet1");
    expected.extend([
        (1, 4, "导入结果/原因".into()),
        (2, 4, "已导入".into()),
        (3, 4, "请核对：空行".into()),
        (9, 4, "未导入：无".into()),
    ]);
    expected.sort();
    let mut read = theirs(&out, "Sheet1");
    read.sort();
    assert_eq!(read, expected);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half-written is left");
}

/// Prefixed tags, cells without references, empty rows, styled blanks where the answers go, no styles at all.
#[test]
fn unusual_sheets_are_patched_too() {
    let sheet = r#"<?xml version="1.0"?><x:worksheet xmlns:x="m"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>姓名</x:t></x:is></x:c><x:c t="inlineStr"><x:is><x:t>证件号码</x:t></x:is></x:c><x:c s="0"/><x:c s="0"/></x:row><x:row r="3" spans="1:2"/><x:row r="4"><x:c r="A4"><x:v>1</x:v></x:c><x:c r="F4" s="0"/></x:row></x:sheetData></x:worksheet>"#;
    let folder = tempdir().unwrap();
    let (source, out) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
    hostile::package(&source, sheet, "<sst/>");
    report(&source, &out, &[remark(3, Outcome::Refused, "x"), remark(4, Outcome::Taken, "")]);
    let written = String::from_utf8(parts(&out)["xl/worksheets/sheet1.xml"].clone()).unwrap();
    assert_eq!(
        written,
        r#"<?xml version="1.0"?><x:worksheet xmlns:x="m"><x:cols><x:col min="3" max="3" width="46" customWidth="1"/></x:cols><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>姓名</x:t></x:is></x:c><x:c t="inlineStr"><x:is><x:t>证件号码</x:t></x:is></x:c><x:c r="C1" t="inlineStr"><x:is><x:t xml:space="preserve">导入结果/原因</x:t></x:is></x:c><x:c s="0"/></x:row><x:row r="3"><x:c r="C3" t="inlineStr"><x:is><x:t xml:space="preserve">未导入：x</x:t></x:is></x:c></x:row><x:row r="4"><x:c r="A4"><x:v>1</x:v></x:c><x:c r="C4" t="inlineStr"><x:is><x:t xml:space="preserve">已导入</x:t></x:is></x:c><x:c r="F4" s="0"/></x:row></x:sheetData></x:worksheet>"#
    );
}

#[test]
fn old_formats_come_back_as_a_workbook_of_texts() {
    let folder = tempdir().unwrap();
    let (source, row) = (fixture("made-up-members.xls"), 21);
    let out = folder.path().join("report.xlsx");
    let found = report(&source, &out, &[remark(row, Outcome::Refused, "证件号码后几位已丢失")]);
    let own = found.header.columns.last().unwrap().index + 1;
    let mut expected = ours(&source, 0);
    expected.push((found.header.row, own, "导入结果/原因".into()));
    expected.push((row, own, "未导入：证件号码后几位已丢失".into()));
    expected.sort();
    let mut read = ours(&out, 0);
    read.sort();
    assert_eq!(read, expected);
    let sheet = open_default(&out).unwrap().sheets()[0].name.clone();
    assert_eq!(ours(&out, 0), theirs(&out, &sheet));
}

#[test]
fn a_template_can_be_filled_and_read_back() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("模板.xlsx");
    let choices: Vec<String> = ["男", "女"].map(String::from).to_vec();
    let columns = [
        TableColumn { header: "姓名", width: 12.0, choices: &[], text: true },
        TableColumn { header: "性别", width: 6.0, choices: &choices, text: true },
        TableColumn { header: "证件号码\n(填写18位身份证)", width: 22.0, choices: &[], text: true },
        TableColumn { header: "出生日期", width: 12.0, choices: &[], text: false },
        TableColumn { header: "人数", width: 8.0, choices: &[], text: false },
    ];
    let table = Table {
        sheet: "会员信息",
        title: "工会会员信息采集表",
        note: Some("填表说明：所列项目均为必填项。"),
        stamp: Some("members-1"),
        columns: &columns,
        written_on: ON(),
    };
    let rows = [
        vec![
            Cell::from("阿卜杜拉·麦麦提"),
            Cell::from("男"),
            Cell::from("990113196503170015"),
            Cell::Day(day(1965, 3, 17)),
            Cell::number(3.0),
        ],
        vec![
            Cell::from("𬱖明"),
            Cell::Empty,
            Cell::number(990_113_196_503_170_000.0),
            Cell::Day(day(1899, 1, 1)),
            Cell::number(1e17),
        ],
    ];
    let written: Result<u32, SheetFault> = write_table(&out, &table, rows.into_iter().map(Ok));
    assert_eq!(written.unwrap(), 2);

    let mut book = open_default(&out).unwrap();
    assert_eq!(book.sheets()[1], SheetInfo { name: "选项".into(), visible: false });
    let found = book.find(COLUMNS).unwrap();
    assert_eq!((found.header.row, found.header.score), (3, 4));
    let rows: Vec<_> = book.data(&found).unwrap().map(|row| row.unwrap().into_owned()).collect();
    assert_eq!(rows[0].cells[2], Cell::from("990113196503170015"));
    assert_eq!(rows[0].cells[3], Cell::Day(day(1965, 3, 17)));
    assert_eq!(rows[1].cells[0], Cell::from("𬱖明"));
    assert_eq!(rows[1].cells[2], Cell::from("990113196503170000"));
    assert_eq!(rows[1].cells[4], Cell::from("100000000000000000"));
    assert_eq!(ours(&out, 0), theirs(&out, "会员信息"));
    let parts = parts(&out);
    let text = |part: &str| String::from_utf8(parts[part].clone()).unwrap();
    assert!(text("xl/worksheets/sheet1.xml").contains("选项!$B$2:$B$3"));
    assert!(text("docProps/core.xml").contains("2026-11-20T00:00:00Z"), "no clock is read");
    assert!(text("docProps/custom.xml").contains("members-1"));
}

#[test]
fn what_cannot_be_written_is_said_and_nothing_is_left() {
    let folder = tempdir().unwrap();
    let source = folder.path().join("a.xlsx");
    workbook(&source, &[&["姓名", "证件号码"], &["王芳", "1"]]);
    let found = open_default(&source).unwrap().find(COLUMNS).unwrap();
    let nowhere = folder.path().join("no such folder/b.xlsx");
    let fault = write_report(&source, &nowhere, &found, &[], &ReportWords::EN, ON(), &Limits::default()).unwrap_err();
    assert_eq!(fault.key(), "file_not_written");
    let table = Table { sheet: "a", title: "", note: None, stamp: None, columns: &[], written_on: ON() };
    // A fault in the middle of the rows leaves no file.
    let out = folder.path().join("c.xlsx");
    let rows = [Ok(vec![Cell::from("a")]), Err(SheetFault::SheetEmpty)];
    assert!(write_table(&out, &table, rows).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_text_table_comes_back_line_by_line_in_its_encoding() {
    let folder = tempdir().unwrap();
    let (source, out) = (folder.path().join("a.csv"), folder.path().join("b.csv"));
    // Quotes, a line break in a cell, an empty line, blanks, a wrapped number, cells behind the roster, no end of the last line.
    let table = "姓名,证件号码,备注\r\n\"王芳\",=\"\"990113196503170015\"\",\"一\n二\"\r\n\r\n𬱖明 ,990113196503170023,,,\r\n李明";
    let expected = "姓名,证件号码,备注,导入结果/原因\r\n\"王芳\",=\"\"990113196503170015\"\",\"一\n二\",已导入\r\n\r\n𬱖明 ,990113196503170023,,\"未导入：a,\"\"b\"\"\",\r\n李明,,,请核对\r\n";
    let wide =
        |text: &str| -> Vec<u8> { format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let gb = |text: &str| encoding_rs::GB18030.encode(text).0.into_owned();
    let plain = |text: &str| text.as_bytes().to_vec();
    let marked = |text: &str| format!("\u{feff}{text}").into_bytes();
    let encodings: [fn(&str) -> Vec<u8>; 4] = [plain, marked, gb, wide];
    for encode in encodings {
        fs::write(&source, encode(table)).unwrap();
        let remarks =
            [remark(2, Outcome::Taken, ""), remark(4, Outcome::Refused, "a,\"b\""), remark(5, Outcome::Noticed, "")];
        report(&source, &out, &remarks);
        assert_eq!(fs::read(&out).unwrap(), encode(expected));
        // Corrected and sent again: the column is replaced, and what was said before is gone.
        report(&out, &out, &[remark(4, Outcome::Taken, "")]);
        let again =
            expected.replace("\"未导入：a,\"\"b\"\"\"", "已导入").replace("二\",已导入", "二\",").replace("请核对", "");
        assert_eq!(fs::read(&out).unwrap(), encode(&again));
    }
}

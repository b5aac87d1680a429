//! Rows come out of workbooks as they went in, and the header is found wherever a county has put it.

use rust_xlsxwriter::{Format as XlsxFormat, Formula};
use tempfile::tempdir;

use super::*;

#[test]
fn the_provincial_form_and_the_rosters_read_the_same_by_another_reader() {
    for name in ["provincial-member-collection-form.xlsx", "anfeng-members.xlsx", "pingming-members.xlsx"] {
        let path = fixture(name);
        for (at, sheet) in ["会员信息", "下拉菜单表"].iter().enumerate() {
            assert_eq!(ours(&path, at), theirs(&path, sheet), "{name} {sheet}");
        }
    }
}

#[test]
fn an_xls_reads_the_same_by_another_reader() {
    let path = fixture("made-up-members.xls");
    let book = open_default(&path).unwrap();
    assert_eq!(book.format(), Format::Xls);
    let visible: Vec<_> = book.sheets().iter().map(|s| (s.name.as_str(), s.visible)).collect();
    assert_eq!(visible, [("会员信息", true), ("下拉菜单表", false)]);
    assert_eq!(ours(&path, 0), theirs(&path, "会员信息"));
    assert_eq!(ours(&path, 1), theirs(&path, "下拉菜单表"));

    let mut book = open_default(&path).unwrap();
    let found = book.find(COLUMNS).unwrap();
    assert_eq!((found.header.row, found.name.as_str()), (2, "会员信息"));
    let born = found.header.column("born").unwrap();
    let id = found.header.column("id_number").unwrap();
    let rows: Vec<_> = book.data(&found).unwrap().map(|row| row.unwrap().into_owned()).collect();
    // 60 people; the instruction row and the sum are none.
    assert_eq!(rows.len(), 60);
    assert_eq!(rows[0].cell(born), &Cell::Day(day(1965, 1, 1)));
    assert!(rows.iter().any(|row| row.cell(id).digits_lost()));
}

/// Row numbers of the roster as the county's own list of expected results has them.
#[test]
fn the_roster_gives_exactly_the_rows_that_are_expected() {
    for name in ["anfeng-members", "pingming-members"] {
        let expected: serde_json::Value =
            serde_json::from_slice(&std::fs::read(fixture(&format!("{name}.expected.json"))).unwrap()).unwrap();
        let expected: Vec<u64> =
            expected["rows"].as_array().unwrap().iter().map(|r| r["row"].as_u64().unwrap()).collect();
        let mut book = open_default(&fixture(&format!("{name}.xlsx"))).unwrap();
        let found = book.find(COLUMNS).unwrap();
        assert_eq!((found.header.row, found.header.score), (4, COLUMNS.len()));
        let mut data = book.data(&found).unwrap();
        assert_eq!(data.last_row(), expected.last().and_then(|row| u32::try_from(*row).ok()));
        let numbers: Vec<u64> = data.by_ref().map(|row| row.unwrap().number.into()).collect();
        assert_eq!(numbers, expected, "{name}");
        assert_eq!(data.skipped(), [(14, Skipped::Instruction)]);
    }
}

#[test]
fn the_blank_form_has_a_header_and_nobody_below() {
    let mut book = open_default(&fixture("provincial-member-collection-form.xlsx")).unwrap();
    let found = book.find(COLUMNS).unwrap();
    assert_eq!((found.header.first_row, found.header.row, found.header.score), (4, 4, COLUMNS.len()));
    assert_eq!(found.header.column("migrant"), Some(19));
    assert_eq!(found.header.columns[0].text, "序号");
    assert_eq!(found.header.columns[0].field, None);
    assert_eq!(book.data(&found).unwrap().count(), 0);
}

#[test]
fn every_kind_of_cell_is_told_apart() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("kinds.xlsx");
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let date = XlsxFormat::new().set_num_format("yyyy/m/d");
    let clock = XlsxFormat::new().set_num_format("h:mm:ss");
    sheet.write_string(1, 0, " 王·芳 &<\"\n ").unwrap();
    sheet.write_number(1, 2, 990_113_196_503_170_000.0).unwrap();
    sheet.write_number_with_format(1, 3, 37_516.0, &date).unwrap();
    sheet.write_number_with_format(1, 4, 0.5, &clock).unwrap();
    sheet.write_boolean(1, 5, true).unwrap();
    sheet.write_formula(1, 6, Formula::new("1/0").set_result("#DIV/0!")).unwrap();
    sheet.write_formula(1, 7, Formula::new("\"a\"&\"b\"").set_result("ab")).unwrap();
    sheet.write_string(1, 8, "_x0041_ _x41_").unwrap();
    sheet.write_number(1, 9, 13_900_000_001.0).unwrap();
    sheet.write_blank(1, 10, &date).unwrap();
    sheet.write_number_with_format(3, 0, 990_113_196_503_170_000.0, &date).unwrap();
    book.save(&path).unwrap();

    let rows = all_rows(&path, 0).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].number, rows[1].number), (2, 4));
    let cells = &rows[0].cells;
    assert_eq!(cells[0], Cell::from(" 王·芳 &<\"\n "));
    assert_eq!(cells[1], Cell::Empty);
    assert_eq!(cells[2], Cell::Number { value: 990_113_196_503_170_000.0, lost: true });
    assert_eq!(cells[3], Cell::Day(day(2002, 9, 17)));
    assert_eq!(cells[4], Cell::number(0.5));
    assert_eq!(cells[5], Cell::Bool(true));
    assert!(matches!(&cells[6], Cell::Error) || cells[6].text() == "#DIV/0!");
    assert_eq!(cells[7], Cell::from("ab"));
    assert_eq!(cells[8].text(), "_x0041_ _x41_");
    assert_eq!(cells[9].text(), "13900000001");
    assert_eq!(cells.len(), 10, "a blank with a format is nothing");
    assert!(rows[1].cells[0].digits_lost());
    assert_eq!(ours(&path, 0)[0], theirs(&path, "Sheet1")[0]);
}

/// A sheet written by hand: no references, prefixes, rich text with readings, CDATA, entities, ISO days.
#[test]
fn unusual_writers_are_understood() {
    let sheet = r#"<?xml version="1.0"?><x:worksheet xmlns:x="m"><x:sheetData>
        <x:row><x:c t="inlineStr"><x:is><x:r><x:t>王</x:t></x:r><x:r><x:t xml:space="preserve"> 芳</x:t></x:r><x:rPh sb="0" eb="1"><x:t>wang</x:t></x:rPh></x:is></x:c><x:c t="s"><x:v>1</x:v></x:c><x:c t="d"><x:v>1988-03-25T00:00:00Z</x:v></x:c></x:row>
        <x:row/><x:row r="7"><x:c r="C7" t='str'><x:f>A1</x:f><x:v><![CDATA[a<b]]>&amp;</x:v></x:c><x:c r="A7"><x:v>990113196503170017</x:v></x:c></x:row>
        </x:sheetData></x:worksheet>"#;
    let folder = tempdir().unwrap();
    let path = folder.path().join("by-hand.xlsx");
    hostile::package(&path, sheet, "<sst><si><t>甲</t></si><si><t> 李&#183;明 </t></si><si/></sst>");
    let rows = all_rows(&path, 0).unwrap();
    assert_eq!((rows[0].number, rows[1].number), (1, 7));
    assert_eq!(rows[0].cells, [Cell::from("王 芳"), Cell::from("李·明"), Cell::Day(day(1988, 3, 25))]);
    assert_eq!(rows[1].cells, [Cell::from("990113196503170017"), Cell::Empty, Cell::from("a<b&")]);
}

#[test]
fn headers_are_found_in_all_their_dresses() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("headers.xlsx");
    for (row, expected) in [
        (vec!["*姓　名", "１.性别（必填）", "身份证号：", "手机号\n(11位)"], 4),
        (vec!["★姓名", "出生\n日期", "【证件号码】".trim_matches(['【', '】']), "籍 贯"], 4),
        (vec!["姓名（必填）", "是否农民工会员\n填写“是”或“否”", "会籍变化日期（格式：yyyy/MM/dd）", "备注"], 3),
    ] {
        workbook(&path, &[&["附件四"], &["会员名册"], &row, &["王芳", "女", "990113196503170015", ""]]);
        let mut book = open_default(&path).unwrap();
        let found = book.find(COLUMNS).unwrap();
        assert_eq!((found.header.row, found.header.score), (3, expected), "{row:?}");
    }
}

#[test]
fn a_header_of_two_rows_is_one() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("two.xlsx");
    workbook(
        &path,
        &[
            &["某县总工会会员名册"],
            &["序号", "姓名", "证件", "", "联系", "", "工作单位"],
            &["", "", "类别", "号码", "移动电话", "邮箱", ""],
            &["1", "王芳", "居民身份证", "990113196503170015", "13900000001", "", "平明镇石英厂"],
        ],
    );
    let mut book = open_default(&path).unwrap();
    let found = book.find(COLUMNS).unwrap();
    assert_eq!((found.header.first_row, found.header.row), (2, 3));
    let header = &found.header;
    assert_eq!(
        ["name", "id_kind", "id_number", "phone", "employer"].map(|field| header.column(field)),
        [Some(1), Some(2), Some(3), Some(4), Some(6)]
    );
    let rows: Vec<_> = book.data(&found).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].cell(1).text(), "王芳");
}

#[test]
fn the_first_visible_sheet_with_people_is_taken() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("sheets.xlsx");
    let mut book = Workbook::new();
    let hidden = book.add_worksheet().set_name("旧表").unwrap();
    hidden.set_hidden(true);
    for (column, text) in (0_u16..).zip(["姓名", "证件号码"]) {
        hidden.write_string(0, column, text).unwrap();
    }
    let lists = book.add_worksheet().set_name("下拉菜单表").unwrap();
    for (column, text) in (0_u16..).zip(["民族", "学历", "政治面貌"]) {
        lists.write_string(0, column, text).unwrap();
    }
    book.add_worksheet().set_name("空表").unwrap();
    let people = book.add_worksheet().set_name("名册").unwrap();
    people.set_active(true);
    for (column, text) in (0_u16..).zip(["姓名", "身份证号码"]) {
        people.write_string(4, column, text).unwrap();
    }
    book.save(&path).unwrap();
    let found = open_default(&path).unwrap().find(COLUMNS).unwrap();
    assert_eq!((found.sheet, found.name.as_str(), found.header.row), (3, "名册", 5));
}

#[test]
fn a_sheet_without_a_header_names_what_was_seen() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("none.xlsx");
    workbook(&path, &[&["货号", "数量", "单价", "990113196503170015"], &["a", "1"]]);
    let fault = open_default(&path).unwrap().find(COLUMNS).unwrap_err();
    assert_eq!(fault.key(), "no_known_column");
    let zh = fault.say().zh;
    assert!(zh.contains("货号、数量、单价") && !zh.contains("990113"), "{zh}");
    // One known column is not enough, and without a person's name or number it is no roster.
    for (header, key) in [(&["姓名", "货号"][..], "column_missing"), (&["民族", "学历"], "no_known_column")] {
        workbook(&path, &[header]);
        assert_eq!(open_default(&path).unwrap().find(COLUMNS).unwrap_err().key(), key);
    }
}

#[test]
fn rows_that_are_not_people_are_left_out_and_said() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("rows.xlsx");
    workbook(
        &path,
        &[
            &["序号", "姓名", "性别", "证件号码"],
            &["示例", "张三", "男", "990113196503170015"],
            &["1", "王芳", "女", "990113196503170015"],
            &["填表说明：请逐项填写"],
            &["序号", "姓名", "性别", "证件号码"],
            &["2"],
            &["", "李明", "男", ""],
            &["", "何合计"],
            &["合计", "", "3"],
            &["注：以上人员均已签字"],
            &["填表人：赵", "", "审核人：钱"],
            &["这一行是写在名册中间的很长的一段文字，没有别的单元格填写，所以它不可能是一个人"],
        ],
    );
    let mut book = open_default(&path).unwrap();
    let found = book.find(COLUMNS).unwrap();
    let mut data = book.data(&found).unwrap();
    let names: Vec<String> = data.by_ref().map(|row| row.unwrap().cell(1).text().into_owned()).collect();
    assert_eq!(names, ["王芳", "李明", "何合计"]);
    let why: Vec<_> = data.skipped().to_vec();
    assert_eq!(
        why,
        [
            (2, Skipped::Sample),
            (4, Skipped::Instruction),
            (5, Skipped::Header),
            (6, Skipped::Unfilled),
            (9, Skipped::Total),
            (10, Skipped::Instruction),
            (11, Skipped::Instruction),
            (12, Skipped::Instruction),
        ]
    );
}

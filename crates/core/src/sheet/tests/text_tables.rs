//! Text tables in the encodings and dialects met in offices.

use encoding_rs::GB18030;
use tempfile::tempdir;

use super::*;

const TABLE: &str = "姓名,证件号码,工作单位\r\n王芳,990113196503170015,\"平明镇,石英厂\"\r\n\r\n𬱖明,\"=\"\"990113196503170023\"\"\",\"第一行\n第二行 \"\"引号\"\"\"\r\n赵䶮,'990113196503170031,\r\n";

fn rows_of(bytes: &[u8]) -> Result<Vec<Row<'static>>, SheetFault> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("名册.csv");
    std::fs::write(&path, bytes).unwrap();
    all_rows(&path, 0)
}

fn expect_table(rows: &[Row<'_>]) {
    // The empty line is row 3 of the sheet; the line break in the quotes is none.
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2, 4, 5]);
    assert_eq!(rows[0].cells[0], Cell::from("姓名"));
    assert_eq!(rows[1].cells[2], Cell::from("平明镇,石英厂"));
    assert_eq!(rows[2].cells[0], Cell::from("𬱖明"));
    assert_eq!(rows[2].cells[1], Cell::from("990113196503170023"));
    assert_eq!(rows[2].cells[2], Cell::from("第一行\n第二行 \"引号\""));
    assert_eq!(rows[3].cells[0], Cell::from("赵䶮"));
    assert_eq!(rows[3].cells.len(), 2);
}

#[test]
fn utf8_gb18030_and_utf16_are_recognised() {
    expect_table(&rows_of(TABLE.as_bytes()).unwrap());
    expect_table(&rows_of(format!("\u{feff}{TABLE}").as_bytes()).unwrap());
    let (gb, _, lost) = GB18030.encode(TABLE);
    assert!(!lost);
    expect_table(&rows_of(&gb).unwrap());
    let mut wide = vec![0xFF, 0xFE];
    wide.extend(TABLE.encode_utf16().flat_map(u16::to_le_bytes));
    expect_table(&rows_of(&wide).unwrap());
    let mut wide = vec![0xFE, 0xFF];
    wide.extend(TABLE.encode_utf16().flat_map(u16::to_be_bytes));
    expect_table(&rows_of(&wide).unwrap());
}

#[test]
fn long_tables_cross_every_border_of_the_buffers() {
    let mut table = String::from("姓名;证件号码\n");
    for n in 0..20_000 {
        table.push_str(&format!("王{}芳𬱖;99011319650317{n:04}\n", "很长".repeat(n % 7)));
    }
    let (gb, ..) = GB18030.encode(&table);
    for bytes in [table.as_bytes(), &gb] {
        let rows = rows_of(bytes).unwrap();
        assert_eq!(rows.len(), 20_001);
        assert_eq!(rows[19_999].cells[0].text(), format!("王{}芳𬱖", "很长".repeat(19_998 % 7)));
        assert_eq!(rows[20_000].number, 20_001);
    }
}

#[test]
fn separators_are_recognised() {
    for (separator, text) in
        [("\t", "姓名\t证件号码\n王,芳\t1\n"), (";", "姓名;证件号码\n王芳;1\n"), (",", "姓名,证件号码\n王芳\t,1\n")]
    {
        let rows = rows_of(text.as_bytes()).unwrap();
        assert_eq!(rows[1].cells.len(), 2, "{separator:?}");
        assert_eq!(rows[0].cells[1], Cell::from("证件号码"));
    }
}

#[test]
fn text_that_would_be_garbled_is_refused() {
    let utf8 = TABLE.repeat(30);
    let mut torn = utf8.clone().into_bytes();
    let cut = utf8.find('芳').unwrap();
    torn[cut + 1] = b'?';
    assert_eq!(rows_of(&torn).unwrap_err().key(), "file_damaged");
    // The file ends inside a character.
    let end = TABLE.find('芳').unwrap() + 2;
    assert_eq!(rows_of(&TABLE.as_bytes()[..end]).unwrap_err().key(), "file_damaged");
    // Neither UTF-8 nor GB 18030.
    assert_eq!(rows_of(b"\xC0\xC1\xFF,\xFF\xFE\xFF\n").unwrap_err().key(), "text_unreadable");
    assert_eq!(rows_of(b"a,b\n\0\0\0").unwrap_err().key(), "not_a_workbook");
}

#[test]
fn a_number_that_excel_has_shortened_is_flagged() {
    let rows = rows_of("姓名,证件号码\n王芳,9.90113E+17\n李明,990113196503170015\n".as_bytes()).unwrap();
    assert!(rows[1].cells[1].digits_lost());
    assert!(!rows[2].cells[1].digits_lost());
}

#[test]
fn a_text_table_with_a_header_gives_its_people() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("名册.txt");
    let (gb, ..) = GB18030.encode(TABLE);
    std::fs::write(&path, &gb).unwrap();
    let mut book = open_default(&path).unwrap();
    assert_eq!(book.format(), Format::Csv);
    let found = book.find(COLUMNS).unwrap();
    assert_eq!(found.header.score, 3);
    assert_eq!(book.data(&found).unwrap().count(), 3);
    // Once more: every call begins anew.
    assert_eq!(book.data(&found).unwrap().count(), 3);
}

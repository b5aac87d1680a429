//! Files that are torn, locked, far too large or made to harm: always a fault that says so, never a panic.

use std::fs::{self, File};
use std::io::Write;

use tempfile::tempdir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

/// A package with one sheet and shared texts, written by hand.
pub(super) fn package(path: &Path, sheet: &str, texts: &str) {
    let parts: [(&str, &[u8]); 5] = [
        ("_rels/.rels", br#"<Relationships><Relationship Id="rId1" Type="http://x/officeDocument" Target="/xl/workbook.xml"/></Relationships>"#),
        ("xl/workbook.xml", br#"<workbook><sheets><sheet name="&#20250;&#21592;" sheetId="1" r:id="a"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", br#"<Relationships><Relationship Id="a" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" Type="http://x/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/sharedStrings.xml", texts.as_bytes()),
    ];
    zip_of(path, &parts);
}

fn zip_of(path: &Path, parts: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// Whatever happens, it is a fault with words.
fn survives(path: &Path) -> Option<&'static str> {
    match read_through(path) {
        Ok(_) => None,
        Err(fault) => {
            assert!(!fault.say().zh.is_empty());
            Some(fault.key())
        }
    }
}

#[test]
fn a_file_torn_at_any_length_is_a_fault() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("torn");
    for name in
        ["provincial-member-collection-form.xlsx", "anfeng-members.xlsx", "made-up-members.xls", "password.xlsx"]
    {
        let whole = fs::read(fixture(name)).unwrap();
        for step in 0..160 {
            let length = whole.len() * step / 160 + step % 7;
            fs::write(&path, &whole[..length.min(whole.len() - 1)]).unwrap();
            let key = survives(&path);
            // An .xls ends with a summary that holds no people; all else must be there.
            assert!(key.is_some() || name.ends_with(".xls"), "{name} at {length}");
        }
    }
}

#[test]
fn a_file_with_changed_bytes_never_panics() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("changed");
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for (name, rounds) in [("made-up-members.xls", 1500), ("provincial-member-collection-form.xlsx", 300)] {
        let whole = fs::read(fixture(name)).unwrap();
        for _ in 0..rounds {
            let mut bytes = whole.clone();
            // Mostly in the head, where the lengths and the chains stand.
            for _ in 0..=next() % 6 {
                let reach = if next() % 2 == 0 { 4096 } else { bytes.len() };
                let at = (next() % reach as u64) as usize;
                bytes[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF, next() as u8][(next() % 7) as usize];
            }
            fs::write(&path, &bytes).unwrap();
            survives(&path);
        }
    }
}

#[test]
fn xml_cut_at_every_byte_is_a_fault() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("cut.xlsx");
    let sheet = r#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>王&amp;芳</t></is></c></row></sheetData></worksheet>"#;
    let end = sheet.find("</sheetData>").unwrap() + "</sheetData>".len();
    for length in (0..end).filter(|at| sheet.is_char_boundary(*at)) {
        package(&path, &sheet[..length], "<sst><si><t>a</t></si></sst>");
        assert_eq!(survives(&path), Some("file_damaged"), "{}", &sheet[..length]);
    }
    for (sheet, key) in [
        (r#"<worksheet><sheetData><row r="0"/></sheetData>"#, "file_damaged"),
        (r#"<worksheet><sheetData><row r="4294967296"/></sheetData>"#, "file_damaged"),
        (r#"<worksheet><sheetData><row r="1"><c r="ZZZZ1"/></row></sheetData>"#, "file_damaged"),
        (r#"<worksheet><sheetData><row r="1"><c t="s"><v>9</v></c></row></sheetData>"#, "file_damaged"),
        (r#"<worksheet><sheetData><row r="1"><c r="XFD1"><v>9</v></c></row></sheetData>"#, "too_wide"),
        ("<!DOCTYPE w [<!ENTITY a 'b'>]><worksheet><sheetData/></worksheet>", "file_damaged"),
        ("<worksheet><nothing/></worksheet>", "file_damaged"),
    ] {
        package(&path, sheet, "<sst/>");
        assert_eq!(survives(&path), Some(key), "{sheet}");
    }
}

#[test]
fn a_password_is_recognised() {
    assert_eq!(survives(&fixture("password.xlsx")), Some("file_protected"));
    // In an .xls the record FILEPASS says it; here it takes the place of the writer's name (WRITEACCESS).
    let mut bytes = fs::read(fixture("made-up-members.xls")).unwrap();
    let at = bytes.windows(4).position(|four| four == [0x5C, 0, 0x70, 0]).unwrap();
    bytes[at] = 0x2F;
    let folder = tempdir().unwrap();
    let path = folder.path().join("locked.xls");
    fs::write(&path, &bytes).unwrap();
    assert_eq!(survives(&path), Some("file_protected"));
}

#[test]
fn files_that_are_no_sheets_are_told_by_their_content() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("会员名册.xlsx");
    assert_eq!(survives(&path), Some("file_unreadable"));
    assert_eq!(survives(folder.path()), Some("not_a_workbook"));
    for (bytes, key, word) in [
        (&b""[..], "file_empty", "0 字节"),
        (b"%PDF-1.7", "not_a_workbook", "PDF"),
        (b"\x89PNG\r\n", "not_a_workbook", "图片"),
        (b"<html><table><tr><td>1</td></tr></table>", "not_a_workbook", "网页"),
        (
            b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
            "not_a_workbook",
            "2003",
        ),
        (b"Rar!\x1a\x07", "not_a_workbook", "解压"),
        (b"\x09\x08\x08\x00\x00\x05\x05\x00", "not_a_workbook", "Excel 95"),
        (b"PK\x03\x04", "file_damaged", "损坏"),
        (&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "file_damaged", "损坏"),
    ] {
        fs::write(&path, bytes).unwrap();
        let fault = open_default(&path).map(|_| ()).unwrap_err();
        assert_eq!(fault.key(), key);
        assert!(fault.say().zh.contains(word), "{}", fault.say().zh);
    }
    zip_of(&path, &[("照片/1.jpg", b"x")]);
    assert!(open_default(&path).map(|_| ()).unwrap_err().say().zh.contains("解压"));
    zip_of(&path, &[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")]);
    assert!(open_default(&path).map(|_| ()).unwrap_err().say().zh.contains("OpenDocument"));
    zip_of(&path, &[("word/document.xml", b"<w/>")]);
    assert!(open_default(&path).map(|_| ()).unwrap_err().say().zh.contains("Word"));
}

#[test]
fn empty_sheets_are_said_to_be_empty() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("empty.xlsx");
    workbook(&path, &[]);
    assert_eq!(open_default(&path).unwrap().find(COLUMNS).unwrap_err().key(), "sheet_empty");
    fs::write(&path, "\r\n\r\n").unwrap();
    assert_eq!(open_default(&path).unwrap().find(COLUMNS).unwrap_err().key(), "sheet_empty");
}

#[test]
fn two_hundred_megabytes_are_refused_before_anything_is_read() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("huge.xlsx");
    let file = File::create(&path).unwrap();
    file.set_len(200 << 20).unwrap();
    let fault = open_default(&path).map(|_| ()).unwrap_err();
    assert_eq!(fault.key(), "file_too_large");
    assert!(fault.say().zh.contains("200 MB") && fault.say().zh.contains("100 MB"));
}

#[test]
fn a_sheet_that_unpacks_without_end_is_stopped() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("bomb.xlsx");
    // 40 MiB of blanks in 40 KiB: over the ratio.
    let blanks = " ".repeat(40 << 20);
    package(&path, &format!("<worksheet><sheetData>{blanks}</sheetData></worksheet>"), "<sst/>");
    assert_eq!(survives(&path), Some("file_damaged"), "one text longer than any cell");
    let rows = format!("<row></row>{}", &blanks[..1 << 20]).repeat(60);
    package(&path, &format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"), "<sst/>");
    assert_eq!(survives(&path), Some("unpacks_too_large"));
    // The same through the shared texts, by what may be held.
    let texts = "<si><t>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</t></si>".repeat(30_000);
    package(&path, "<worksheet><sheetData/></worksheet>", &format!("<sst>{texts}</sst>"));
    let limits = Limits { held_bytes: 1 << 20, ..Limits::default() };
    let fault = open(&path, &limits).unwrap().rows(0).map(|_| ()).unwrap_err();
    assert_eq!(fault.key(), "unpacks_too_large");
}

#[test]
fn too_many_rows_are_refused() {
    let folder = tempdir().unwrap();
    let limits = Limits { rows: 99, ..Limits::default() };
    let rows: Vec<&[&str]> = vec![&["a"]; 100];
    let path = folder.path().join("rows.xlsx");
    workbook(&path, &rows);
    let text = folder.path().join("rows.csv");
    fs::write(&text, "a\n".repeat(100)).unwrap();
    for path in [path, text] {
        let mut book = open(&path, &limits).unwrap();
        let last = book.rows(0).unwrap().last().unwrap().unwrap_err();
        assert_eq!(last.key(), "too_many_rows");
        // After the fault nothing more comes.
        assert_eq!(book.rows(0).unwrap().count(), 100);
    }
}

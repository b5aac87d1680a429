//! Workbooks: the core's readers, and what is made up for them.

use std::sync::LazyLock;

use niangjia_core::sheet::{Limits, open};

/// How many rows a made-up workbook may have before reading it is only slow.
const ROWS: u32 = 20_000;

pub(crate) fn workbook(bytes: &[u8]) -> bool {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a-file");
    std::fs::write(&path, bytes).expect("a file");
    let limits =
        Limits { file_bytes: 1 << 20, part_bytes: 8 << 20, held_bytes: 4 << 20, rows: ROWS, ..Limits::default() };
    let Ok(mut book) = open(&path, &limits) else { return false };
    (0..book.sheets().len()).all(|at| book.rows(at).is_ok_and(|mut rows| rows.all(|row| row.is_ok())))
}

/// One part of an honest workbook made of these bytes: chance does not pack a zip. The first byte says which.
pub(crate) fn workbook_part(bytes: &[u8]) -> bool {
    let Some((which, bytes)) = bytes.split_first() else { return false };
    let part = PARTS[usize::from(*which) % PARTS.len()];
    workbook(&with_part(part, bytes))
}

/// Workbooks where fuzzing begins.
pub(crate) fn seeds(all: &mut Vec<(&'static str, &'static str, Vec<u8>)>) {
    all.push(("workbook", "xlsx", sheet(3)));
    for (at, part) in (0..).zip(PARTS) {
        let name = part.rsplit('/').next().expect("a name");
        all.push(("workbook_part", name, [&[at][..], &part_of(&sheet(3), part)].concat()));
    }
    all.push(("workbook", "csv", "姓名,身份证号,手机号码\n王芳,99010119900615007X,13900000001\n".into()));
}

fn sheet(rows: u32) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, title) in (0..).zip(["姓名", "身份证号", "手机号码", "入会日期"]) {
        sheet.write(0, column, title).expect("a cell");
    }
    for row in 1..=rows {
        sheet.write(row, 0, "王芳").expect("a cell");
        sheet.write(row, 1, "99010119900615007X").expect("a cell");
        sheet.write(row, 2, 13_900_000_001_u64).expect("a cell");
        sheet.write_formula(row, 3, "=TODAY()").expect("a cell");
    }
    book.save_to_buffer().expect("a workbook")
}

/// Parts of a workbook that say what it is and what it holds.
pub(crate) const PARTS: [&str; 6] = [
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/styles.xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "_rels/.rels",
];

fn part_of(book: &[u8], name: &str) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(book)).expect("a zip");
    let (mut part, mut bytes) = (zip.by_name(name).expect("a part"), Vec::new());
    std::io::Read::read_to_end(&mut part, &mut bytes).expect("its bytes");
    bytes
}

/// An honest workbook with one part in another's place.
pub(crate) fn with_part(name: &str, bytes: &[u8]) -> Vec<u8> {
    static HONEST: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
        let book = sheet(3);
        PARTS.map(|part| (part, part_of(&book, part))).to_vec()
    });
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (part, honest) in &*HONEST {
        let bytes: &[u8] = if *part == name { bytes } else { honest };
        zip.start_file(*part, plain).and_then(|()| Ok(std::io::Write::write_all(&mut zip, bytes)?)).expect("memory");
    }
    zip.finish().expect("memory").into_inner()
}

//! Opening a file: what it is by its content, which sheets it has, and its rows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::delimited::{TextRows, TextTable, inspect};
use super::fault::{Bound, Looks, SheetFault};
use super::header::{self, Column, Found, find_header};
use super::ole::{self, Container};
use super::package::Package;
use super::text::Texts;
use super::xls::{XlsBook, XlsRows};
use super::xlsx::XlsxRows;
use super::{Data, Limits, Row};

/// What kind of file was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Office Open XML: Excel 2007 and later, WPS.
    Xlsx,
    /// BIFF8: Excel 97–2003, and WPS .et.
    Xls,
    /// A text table.
    Csv,
}

/// A sheet of a workbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetInfo {
    /// The name on its tab; empty for a text table.
    pub name: String,
    /// Hidden sheets are never chosen by themselves.
    pub visible: bool,
}

/// An opened workbook.
pub struct Book {
    inside: Inside,
    sheets: Vec<SheetInfo>,
    limits: Limits,
}

enum Inside {
    Xlsx { package: Package, texts: Option<Texts>, day_styles: Vec<bool> },
    Xls(XlsBook),
    Csv(File, TextTable),
}

/// Opens a file and says what it is. The name of the file plays no part: half of all `.xls` are something else.
///
/// # Errors
/// Every [`SheetFault`] except those of writing and of headers.
pub fn open(path: &Path, limits: &Limits) -> Result<Book, SheetFault> {
    // Windows opens no folder, and would say that it may not be read.
    if path.is_dir() {
        return Err(SheetFault::NotAWorkbook(Looks::Unknown));
    }
    let mut file = File::open(path).map_err(SheetFault::Unreadable)?;
    let meta = file.metadata().map_err(SheetFault::Unreadable)?;
    if !meta.is_file() {
        return Err(SheetFault::NotAWorkbook(Looks::Unknown));
    }
    let size = meta.len();
    if size == 0 {
        return Err(SheetFault::FileEmpty);
    }
    if size > limits.file_bytes {
        return Err(SheetFault::TooLarge(Bound::File { is: size, may_be: limits.file_bytes }));
    }
    let mut head = Vec::with_capacity(1024);
    (&mut file).take(1024).read_to_end(&mut head).map_err(SheetFault::Unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(SheetFault::Unreadable)?;

    if head.starts_with(&ole::MAGIC) {
        let book = XlsBook::open(Container::open(file, size)?, limits)?;
        let sheets = book.sheets.iter();
        let sheets = sheets.map(|s| SheetInfo { name: s.name.clone(), visible: s.visible }).collect();
        return Ok(Book { inside: Inside::Xls(book), sheets, limits: *limits });
    }
    if head.starts_with(b"PK") {
        let package = Package::open(file, limits)?;
        let sheets = package.sheets.iter();
        let sheets = sheets.map(|s| SheetInfo { name: s.name.clone(), visible: s.visible }).collect();
        return Ok(Book {
            inside: Inside::Xlsx { package, texts: None, day_styles: Vec::new() },
            sheets,
            limits: *limits,
        });
    }
    if let Some(looks) = looks(&head) {
        return Err(SheetFault::NotAWorkbook(looks));
    }
    let table = inspect(&mut file)?;
    Ok(Book {
        inside: Inside::Csv(file, table),
        sheets: vec![SheetInfo { name: String::new(), visible: true }],
        limits: *limits,
    })
}

/// Files that are chosen by mistake, by their first bytes.
fn looks(head: &[u8]) -> Option<Looks> {
    const MARKS: [(&[u8], Looks); 12] = [
        (b"%PDF", Looks::Pdf),
        (b"\xFF\xD8\xFF", Looks::Picture),
        (b"\x89PNG", Looks::Picture),
        (b"GIF8", Looks::Picture),
        (b"BM", Looks::Picture),
        (b"II*\0", Looks::Picture),
        (b"MM\0*", Looks::Picture),
        (b"Rar!", Looks::Archive),
        (b"7z\xBC\xAF", Looks::Archive),
        (b"\x1F\x8B", Looks::Archive),
        (b"{\\rtf", Looks::Word),
        (b"\x09\x08", Looks::Excel95),
    ];
    for (mark, looks) in MARKS {
        // "BM" alone could begin a text; a picture has zeros soon after.
        if head.starts_with(mark) && (mark != b"BM" || head.contains(&0)) {
            return Some(looks);
        }
    }
    if head.len() > 3 && matches!(head, [9, 0 | 2 | 4, ..]) && head.contains(&0) {
        return Some(Looks::Excel95);
    }
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let text = text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
    if text.starts_with("<?xml") || text.starts_with('<') {
        return Some(if text.contains("urn:schemas-microsoft-com:office:spreadsheet") && !text.contains("<html") {
            Looks::Xml2003
        } else {
            Looks::WebPage
        });
    }
    None
}

/// The rows of a sheet, one after another. After an error nothing more follows.
pub struct Rows<'a> {
    inside: RowsInside<'a>,
    over: bool,
}

enum RowsInside<'a> {
    Xlsx(Box<XlsxRows<'a>>),
    Xls(XlsRows<'a>),
    Csv(Box<TextRows>),
}

impl Rows<'_> {
    /// The last row as the file declares it, to show how far the reading has come. It may be wrong, and a text table
    /// declares nothing.
    #[must_use]
    pub fn last_row(&self) -> Option<u32> {
        match &self.inside {
            RowsInside::Xlsx(rows) => rows.last_row,
            RowsInside::Xls(rows) => rows.last_row(),
            RowsInside::Csv(_) => None,
        }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Result<Row<'a>, SheetFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let row = match &mut self.inside {
            RowsInside::Xlsx(rows) => rows.next(),
            RowsInside::Xls(rows) => rows.next(),
            RowsInside::Csv(rows) => rows.next(),
        };
        self.over = !matches!(row, Ok(Some(_)));
        row.transpose()
    }
}

impl Book {
    /// What kind of file it is.
    #[must_use]
    pub const fn format(&self) -> Format {
        match self.inside {
            Inside::Xlsx { .. } => Format::Xlsx,
            Inside::Xls(_) => Format::Xls,
            Inside::Csv(..) => Format::Csv,
        }
    }

    /// The sheets in the order of their tabs.
    #[must_use]
    pub fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    /// All rows of a sheet that have a filled cell, from the first, streamed. Each call begins anew.
    ///
    /// # Errors
    /// The sheet is damaged or cannot be read; later rows may bring further faults.
    pub fn rows(&mut self, sheet: usize) -> Result<Rows<'_>, SheetFault> {
        let limits = self.limits;
        let inside = match &mut self.inside {
            Inside::Xls(book) => RowsInside::Xls(book.rows(sheet)?),
            Inside::Csv(file, table) => RowsInside::Csv(Box::new(TextRows::new(file, *table, limits)?)),
            Inside::Xlsx { package, texts, day_styles } => {
                let texts = match texts {
                    Some(texts) => texts,
                    None => {
                        *day_styles = package.read_day_styles()?;
                        texts.insert(package.read_texts()?)
                    }
                };
                let part = package.sheets.get(sheet);
                let path = part.map(|part| part.path.clone()).unwrap_or_default();
                let since_1904 = package.since_1904;
                let xml = package.part(&path, "sheet")?;
                RowsInside::Xlsx(Box::new(XlsxRows::new(xml, texts, day_styles, since_1904, limits)?))
            }
        };
        Ok(Rows { inside, over: false })
    }

    /// The lines of a text table as they came; none for a workbook.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn lines(&self) -> Result<Option<(TextRows, TextTable)>, SheetFault> {
        match &self.inside {
            Inside::Csv(file, table) => Ok(Some((TextRows::new(file, *table, self.limits)?.with_lines(), *table))),
            _ => Ok(None),
        }
    }

    /// The first visible sheet with a header, and that header. Sheets of choices have no key column and are passed over.
    ///
    /// # Errors
    /// [`SheetFault::NoKnownColumn`] with the headers seen; [`SheetFault::SheetEmpty`]; faults of reading.
    pub fn find(&mut self, columns: &[Column<'_>]) -> Result<Found, SheetFault> {
        let mut seen = None;
        for sheet in 0..self.sheets.len() {
            if !self.sheets[sheet].visible {
                continue;
            }
            let mut top = Vec::new();
            for row in self.rows(sheet)? {
                let row = row?;
                if row.number > header::LOOKED_AT {
                    break;
                }
                top.push(row.into_owned());
            }
            if top.is_empty() {
                continue;
            }
            match find_header(&top, columns) {
                Ok(header) => {
                    return Ok(Found { sheet, name: self.sheets[sheet].name.clone(), header });
                }
                // A sheet that names some of the columns is nearer to a roster than one that names none.
                Err(fault @ SheetFault::ColumnMissing { .. }) => seen = Some(fault),
                Err(fault) => seen = seen.or(Some(fault)),
            }
        }
        Err(seen.unwrap_or(SheetFault::SheetEmpty))
    }

    /// The rows of people below the header: instructions, sums, samples and repeated headers are left out.
    ///
    /// # Errors
    /// As [`Book::rows`].
    pub fn data(&mut self, found: &Found) -> Result<Data<'_>, SheetFault> {
        let header = found.header.clone();
        Ok(Data::new(self.rows(found.sheet)?, header))
    }
}

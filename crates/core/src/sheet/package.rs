//! The package of an .xlsx: a zip with parts; which parts there are, and reading one without being flooded.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::fault::{Bound, Looks, SheetFault};
use super::xml::{Piece, Xml};
use super::{Limits, cell};

pub(super) type ZipSource = BufReader<File>;

/// A part of a package while it is unpacked.
pub(super) type Part<'a> = Bounded<ZipFile<'a, ZipSource>>;

/// Parts beyond this are no workbook: Excel itself stays below a few hundred.
const MOST_PARTS: usize = 20_000;
/// Below this a high ratio is harmless.
const RATIO_FROM: u64 = 32 << 20;

/// A sheet of the workbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SheetPart {
    pub(super) name: String,
    pub(super) visible: bool,
    pub(super) path: String,
}

/// An opened package.
pub(super) struct Package {
    zip: ZipArchive<ZipSource>,
    /// Part name in lower case with forward slashes: some writers use neither.
    index: HashMap<String, usize>,
    limits: Limits,
    pub(super) sheets: Vec<SheetPart>,
    pub(super) since_1904: bool,
    shared_strings: Option<String>,
    pub(super) styles: Option<String>,
}

impl Package {
    pub(super) fn open(file: File, limits: &Limits) -> Result<Self, SheetFault> {
        let zip = ZipArchive::new(BufReader::with_capacity(64 << 10, file)).map_err(|e| from_zip(e, "package"))?;
        if zip.len() > MOST_PARTS {
            return Err(SheetFault::TooLarge(Bound::Unpacked));
        }
        let mut index = HashMap::with_capacity(zip.len());
        for at in 0..zip.len() {
            if let Some(Ok(name)) = zip.name_for_index(at) {
                index.entry(part_key(&name)).or_insert(at);
            }
        }
        let mut package = Self {
            zip,
            index,
            limits: *limits,
            sheets: Vec::new(),
            since_1904: false,
            shared_strings: None,
            styles: None,
        };
        package.read_workbook()?;
        Ok(package)
    }

    /// The place of a part in the zip.
    pub(super) fn place(&self, path: &str) -> Option<usize> {
        self.index.get(&part_key(path)).copied()
    }

    /// The zip, to copy parts as they are.
    pub(super) fn zip(&mut self) -> &mut ZipArchive<ZipSource> {
        &mut self.zip
    }

    /// Unpacks a part, at most as many bytes as the limits allow.
    pub(super) fn part(&mut self, path: &str, name: &'static str) -> Result<Xml<Part<'_>>, SheetFault> {
        let limits = self.limits;
        let at = self.place(path).ok_or(SheetFault::Damaged(name, "the part is not in the package"))?;
        let file = self.zip.by_index(at).map_err(|e| from_zip(e, name))?;
        let packed = file.compressed_size().max(1);
        Ok(Xml::new(
            Bounded {
                inner: file,
                read: 0,
                most: limits.part_bytes,
                most_by_ratio: packed.saturating_mul(limits.ratio).max(RATIO_FROM),
            },
            name,
        ))
    }

    fn read_workbook(&mut self) -> Result<(), SheetFault> {
        let Some(workbook) = self.main_part()? else {
            return Err(SheetFault::NotAWorkbook(self.looks()));
        };
        if workbook.ends_with(".bin") {
            return Err(SheetFault::NotAWorkbook(Looks::BinaryWorkbook));
        }
        let base = folder(&workbook).to_owned();
        let mut sheets = Vec::new();
        let mut xml = self.part(&workbook, "workbook")?;
        let mut since_1904 = false;
        loop {
            match xml.next()? {
                Piece::Start(tag) => match tag.local() {
                    b"sheet" => {
                        let visible = !matches!(tag.attribute(b"state"), Some(b"hidden" | b"veryHidden"));
                        let name = tag.text_attribute(b"name").unwrap_or_default();
                        let link = tag.attributes().find(|(key, _)| key.ends_with(b":id") || *key == b"id");
                        let link = link.map(|(_, value)| value.to_vec()).unwrap_or_default();
                        sheets.push((name, visible, link));
                    }
                    b"workbookPr" => {
                        // The extension list repeats this tag without the attribute.
                        if let Some(value) = tag.attribute(b"date1904") {
                            since_1904 = matches!(value, b"1" | b"true");
                        }
                    }
                    _ => {}
                },
                Piece::Eof => break,
                _ => {}
            }
        }
        drop(xml);
        self.since_1904 = since_1904;
        let links = self.relations(&workbook)?;
        for (id, link) in &links {
            let path = resolve(&base, &link.target);
            match link.kind.as_str() {
                "sharedStrings" => self.shared_strings = Some(path),
                "styles" => self.styles = Some(path),
                "worksheet" => {
                    if let Some((name, visible, _)) = sheets.iter().find(|(_, _, link)| link == id.as_bytes()) {
                        self.sheets.push(SheetPart { name: name.clone(), visible: *visible, path });
                    }
                }
                _ => {}
            }
        }
        // In the order of the tabs, not of the relations; chart sheets have no rows and are left out.
        let order: HashMap<&str, usize> = sheets.iter().enumerate().map(|(at, s)| (s.0.as_str(), at)).collect();
        self.sheets.sort_by_key(|sheet| order.get(sheet.name.as_str()).copied());
        Ok(())
    }

    /// The workbook part as the package names it.
    fn main_part(&mut self) -> Result<Option<String>, SheetFault> {
        if self.place("_rels/.rels").is_some() {
            let links = self.relations("")?;
            if let Some((_, link)) = links.iter().find(|(_, link)| link.kind == "officeDocument") {
                let path = resolve("", &link.target);
                let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
                return Ok((name.contains("workbook") || self.is_workbook(&path)).then_some(path));
            }
        }
        Ok(self.place("xl/workbook.xml").map(|_| "xl/workbook.xml".to_owned()))
    }

    /// A main part of an unusual name: its root tells.
    fn is_workbook(&mut self, path: &str) -> bool {
        let Ok(mut xml) = self.part(path, "workbook") else {
            return false;
        };
        loop {
            match xml.next() {
                Ok(Piece::Start(tag)) => return tag.local() == b"workbook",
                Ok(Piece::Eof) | Err(_) => return false,
                Ok(_) => {}
            }
        }
    }

    /// What a zip without a workbook is.
    fn looks(&self) -> Looks {
        if self.place("word/document.xml").is_some() {
            Looks::Word
        } else if self.place("mimetype").is_some() {
            Looks::OpenDocument
        } else {
            Looks::Archive
        }
    }

    fn relations(&mut self, of: &str) -> Result<Vec<(String, Link)>, SheetFault> {
        let (base, name) = of.rsplit_once('/').map_or(("", of), |(base, name)| (base, name));
        let slash = if base.is_empty() { "" } else { "/" };
        let path = format!("{base}{slash}_rels/{name}.rels");
        let mut links = Vec::new();
        let mut xml = self.part(&path, "relations")?;
        loop {
            match xml.next()? {
                Piece::Start(tag) if tag.local() == b"Relationship" => {
                    let kind = tag.text_attribute(b"Type").unwrap_or_default();
                    links.push((
                        tag.text_attribute(b"Id").unwrap_or_default(),
                        Link {
                            kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                            target: tag.text_attribute(b"Target").unwrap_or_default(),
                        },
                    ));
                }
                Piece::Eof => return Ok(links),
                _ => {}
            }
        }
    }

    /// The shared texts of the workbook.
    pub(super) fn read_texts(&mut self) -> Result<super::text::Texts, SheetFault> {
        let held = self.limits.held_bytes;
        match self.shared_strings.clone() {
            // A link without its part happens with some exporters; a cell that needs it will be refused.
            Some(path) if self.place(&path).is_some() => {
                super::text::read(&mut self.part(&path, "shared texts")?, held)
            }
            _ => Ok(super::text::Texts::default()),
        }
    }

    /// For each cell style, whether it shows a day.
    pub(super) fn read_day_styles(&mut self) -> Result<Vec<bool>, SheetFault> {
        let path = match self.styles.clone() {
            Some(path) if self.place(&path).is_some() => path,
            _ => return Ok(Vec::new()),
        };
        let mut xml = self.part(&path, "styles")?;
        let mut own: HashMap<u32, bool> = HashMap::new();
        let mut days = Vec::new();
        let mut inside = false;
        loop {
            match xml.next()? {
                Piece::Start(tag) => match tag.local() {
                    b"numFmt" => {
                        if let (Some(id), Some(code)) =
                            (tag.number_attribute(b"numFmtId"), tag.text_attribute(b"formatCode"))
                        {
                            own.insert(id, cell::is_day_format(&code));
                        }
                    }
                    b"cellXfs" => inside = !tag.empty,
                    b"xf" if inside => {
                        let id = tag.number_attribute(b"numFmtId").unwrap_or(0);
                        let day = own.get(&id).copied();
                        days.push(day.unwrap_or_else(|| cell::is_builtin_day_format(id)));
                    }
                    _ => {}
                },
                Piece::End(b"cellXfs") => inside = false,
                Piece::Eof => return Ok(days),
                _ => {}
            }
        }
    }
}

struct Link {
    kind: String,
    target: String,
}

fn part_key(name: &str) -> String {
    name.trim_start_matches(['/', '\\']).replace('\\', "/").to_ascii_lowercase()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A target of a relation: absolute, or relative to the folder of the part.
fn resolve(base: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    if !target.starts_with('/') {
        parts.extend(base.split('/').filter(|p| !p.is_empty()));
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A reader that stops when a part grows beyond any honest size. What the zip declares is not believed.
pub(super) struct Bounded<R> {
    inner: R,
    read: u64,
    most: u64,
    most_by_ratio: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.read += n as u64;
        if self.read > self.most || self.read > self.most_by_ratio {
            return Err(io::Error::other(Flood));
        }
        Ok(n)
    }
}

/// Carried through `io::Error`, so that a flood is told from a torn file.
#[derive(Debug)]
struct Flood;
impl std::fmt::Display for Flood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the part unpacks beyond its bound")
    }
}
impl std::error::Error for Flood {}

/// What a failed read means.
pub(super) fn from_io(error: io::Error, part: &'static str) -> SheetFault {
    if error.get_ref().is_some_and(|e| e.is::<Flood>()) {
        return SheetFault::TooLarge(Bound::Unpacked);
    }
    match error.kind() {
        // The unpacker reports torn data with these; a failing disk has a code of the system.
        io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::Other
            if error.raw_os_error().is_none() =>
        {
            SheetFault::Damaged(part, "the packed data is torn")
        }
        _ => SheetFault::Unreadable(error),
    }
}

pub(super) fn from_zip(error: ZipError, part: &'static str) -> SheetFault {
    match error {
        ZipError::Io(error) => from_io(error, part),
        ZipError::UnsupportedArchive(text) if text == ZipError::PASSWORD_REQUIRED => SheetFault::Protected,
        ZipError::InvalidPassword => SheetFault::Protected,
        _ => SheetFault::Damaged(part, "the zip is torn"),
    }
}

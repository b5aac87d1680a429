//! Texts of a workbook: the shared ones in one block, and the rules for the text of a cell.

use std::io::Read;

use memchr::memchr;

use super::fault::{Bound, SheetFault};
use super::xml::{Piece, Xml, unescape};

/// The shared texts: one block of UTF-8 and where each text ends. A hundred thousand strings of their own would cost
/// twice the memory and most of the time.
#[derive(Default)]
pub(super) struct Texts {
    block: String,
    ends: Vec<u32>,
}

impl Texts {
    /// The text with this number.
    pub(super) fn get(&self, at: u32) -> Option<&str> {
        let at = at as usize;
        let end = *self.ends.get(at)? as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        self.block.get(start..end)
    }

    /// Adds one text.
    pub(super) fn push(&mut self, text: &str, held_bytes: u64) -> Result<(), SheetFault> {
        self.block.push_str(text);
        // Each text costs its bytes and its end; many empty ones are a flood too.
        let held = self.block.len() as u64 + self.ends.len() as u64 * 4;
        let end = u32::try_from(self.block.len());
        match end {
            Ok(end) if held <= held_bytes => self.ends.push(end),
            _ => return Err(SheetFault::TooLarge(Bound::Unpacked)),
        }
        Ok(())
    }
}

/// Reads the part of the shared texts: `<si>` with `<t>`, or with runs `<r><t>`; readings `<rPh>` are left out.
pub(super) fn read<R: Read>(xml: &mut Xml<R>, held_bytes: u64) -> Result<Texts, SheetFault> {
    let mut texts = Texts::default();
    let mut text = TextParts::default();
    loop {
        match xml.next()? {
            Piece::Start(tag) => match tag.local() {
                b"si" if tag.empty => texts.push("", held_bytes)?,
                b"si" => text.clear(),
                b"sst" => {}
                _ => text.start(&tag),
            },
            Piece::End(b"si") => {
                let whole = text.finish();
                let whole = whole.ok_or(SheetFault::Damaged("shared texts", "a text is not UTF-8"))?;
                texts.push(whole, held_bytes)?;
            }
            Piece::End(name) => text.end(name),
            Piece::Text(raw) => text.text(raw),
            Piece::CData(raw) => text.plain(raw),
            Piece::Other => {}
            Piece::Eof => return Ok(texts),
        }
    }
}

/// Gathers the text of one `<si>` or `<is>`.
#[derive(Default)]
pub(super) struct TextParts {
    bytes: Vec<u8>,
    unescaped: String,
    /// Where the `<t>` now open began, and whether its blanks stand.
    open: Option<(usize, bool)>,
    reading: bool,
}

impl TextParts {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.open = None;
        self.reading = false;
    }

    pub(super) fn start(&mut self, tag: &super::xml::Tag<'_>) {
        match tag.local() {
            b"t" if !tag.empty => {
                let keep = tag.attribute(b"space") == Some(b"preserve");
                self.open = Some((self.bytes.len(), keep));
            }
            b"rPh" => self.reading = !tag.empty,
            _ => {}
        }
    }

    pub(super) fn end(&mut self, name: &[u8]) {
        match name {
            b"t" => {
                let Some((from, keep)) = self.open.take() else {
                    return;
                };
                // Without xml:space="preserve" the blanks at the ends belong to the file, not to the text.
                if !keep {
                    let part = &self.bytes[from..];
                    let lead = part.len() - part.trim_ascii_start().len();
                    let len = part.trim_ascii().len();
                    self.bytes.copy_within(from + lead..from + lead + len, from);
                    self.bytes.truncate(from + len);
                }
            }
            b"rPh" => self.reading = false,
            _ => {}
        }
    }

    pub(super) fn text(&mut self, raw: &[u8]) {
        if self.open.is_some() && !self.reading {
            unescape(raw, &mut self.bytes);
        }
    }

    pub(super) fn plain(&mut self, raw: &[u8]) {
        if self.open.is_some() && !self.reading {
            self.bytes.extend_from_slice(raw);
        }
    }

    /// The whole text; `None` if it is not UTF-8.
    pub(super) fn finish(&mut self) -> Option<&str> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        match resolve_x_escapes(text) {
            None => Some(text),
            Some(resolved) => {
                self.unescaped = resolved;
                Some(&self.unescaped)
            }
        }
    }
}

/// `_x000D_` stands for a character that XML cannot carry (ECMA-376 22.9.2.19). `None` when there is none.
pub(super) fn resolve_x_escapes(text: &str) -> Option<String> {
    // Runs for every text; underscores are rare and one byte is found faster than two.
    memchr(b'_', text.as_bytes())?;
    if !text.contains("_x") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 7).and_then(|code| code.strip_suffix('_'));
        let code = code.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let c = code.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        match c {
            Some(c) => {
                out.push_str(&rest[..at]);
                out.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    Some(out)
}

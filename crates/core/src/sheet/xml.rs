//! XML as spreadsheet programs write it: one pass, one buffer, every piece bounded.
//!
//! A sheet of 100,000 people is more than 100 MB of XML, nearly all of it short tags, so pieces are handed out where
//! they lie in the buffer. A document type (the door for entity bombs) is refused; encodings other than UTF-8 too.

use std::io::{ErrorKind, Read};

use memchr::{memchr, memchr2, memmem};

use super::fault::SheetFault;
use super::package::from_io;

/// The longest single tag or text in bytes. A cell holds at most 32,767 characters; escaped they stay far below.
pub(super) const LONGEST: usize = 4 << 20;
const CHUNK: usize = 128 << 10;

/// One piece of the document, borrowed from the buffer until the next one is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece<'b> {
    /// `<name …>` or `<name …/>`
    Start(Tag<'b>),
    /// `</name>`: the local name.
    End(&'b [u8]),
    /// Text between tags, still escaped.
    Text(&'b [u8]),
    /// The inside of a CDATA section: text as it is.
    CData(&'b [u8]),
    /// A comment or a processing instruction.
    Other,
    /// The document ends here.
    Eof,
}

/// A start tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tag<'b> {
    /// What stands between `<` and `>` (or `/>`).
    inside: &'b [u8],
    /// `<name/>`: no end tag follows.
    pub(super) empty: bool,
}

impl<'b> Tag<'b> {
    /// The name as written, with its prefix.
    pub(super) fn name(&self) -> &'b [u8] {
        let end = self.inside.iter().position(|b| b.is_ascii_whitespace()).unwrap_or(self.inside.len());
        &self.inside[..end]
    }

    /// The name without its prefix.
    pub(super) fn local(&self) -> &'b [u8] {
        local(self.name())
    }

    /// Attributes: (name as written, value still escaped). Ends at the first thing that is none.
    pub(super) fn attributes(&self) -> Attributes<'b> {
        Attributes { rest: &self.inside[self.name().len()..] }
    }

    /// The value of the attribute with this local name, still escaped.
    pub(super) fn attribute(&self, name: &[u8]) -> Option<&'b [u8]> {
        self.attributes().find(|(key, _)| local(key) == name).map(|(_, value)| value)
    }

    /// The value of an attribute as text.
    pub(super) fn text_attribute(&self, name: &[u8]) -> Option<String> {
        let raw = self.attribute(name)?;
        let mut text = Vec::with_capacity(raw.len());
        unescape(raw, &mut text);
        String::from_utf8(text).ok()
    }

    /// The value of an attribute as a number.
    pub(super) fn number_attribute(&self, name: &[u8]) -> Option<u32> {
        parse_u32(self.attribute(name)?)
    }
}

/// See [`Tag::attributes`].
pub(super) struct Attributes<'b> {
    rest: &'b [u8],
}

impl Attributes<'_> {
    /// Whether every attribute was understood, once there are no more.
    pub(super) fn all_read(&self) -> bool {
        self.rest.trim_ascii().is_empty()
    }
}

impl<'b> Iterator for Attributes<'b> {
    type Item = (&'b [u8], &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.trim_ascii_start();
        let equals = memchr(b'=', rest)?;
        let name = rest[..equals].trim_ascii_end();
        if name.is_empty() || name.iter().any(|b| matches!(b, b'"' | b'\'' | b'<') || b.is_ascii_whitespace()) {
            return None;
        }
        let value = rest[equals + 1..].trim_ascii_start();
        let quote = *value.first().filter(|b| matches!(b, b'"' | b'\''))?;
        let end = memchr(quote, &value[1..])?;
        self.rest = &value[end + 2..];
        Some((name, &value[1..=end]))
    }
}

/// The part of a name after its prefix.
pub(super) fn local(name: &[u8]) -> &[u8] {
    memchr(b':', name).map_or(name, |colon| &name[colon + 1..])
}

/// A whole number in plain digits.
pub(super) fn parse_u32(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 10 {
        return None;
    }
    let mut value = 0_u32;
    for &b in digits {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u32::from(digit))?;
    }
    Some(value)
}

/// Reads pieces from a stream.
pub(super) struct Xml<R> {
    reader: R,
    /// Which part of the workbook this is, for the fault.
    part: &'static str,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    ended: bool,
    started: bool,
    /// Where the last piece begins, with its brackets.
    from: usize,
}

impl<R: Read> Xml<R> {
    pub(super) fn new(reader: R, part: &'static str) -> Self {
        Self { reader, part, buffer: vec![0; CHUNK], at: 0, filled: 0, ended: false, started: false, from: 0 }
    }

    /// The reader, for a part that is small enough to be read whole. Only before the first piece.
    pub(super) fn into_reader(self) -> R {
        self.reader
    }

    /// Damage in this part.
    pub(super) const fn damaged(&self, what: &'static str) -> SheetFault {
        SheetFault::Damaged(self.part, what)
    }

    /// The bytes of the piece handed out last, exactly as they stand in the document.
    pub(super) fn raw(&self) -> &[u8] {
        &self.buffer[self.from..self.at]
    }

    /// Reads on to the end, so that the check sum of the packed part is looked at.
    pub(super) fn drain(&mut self) -> Result<(), SheetFault> {
        while !self.ended {
            self.at = self.filled;
            self.fill()?;
        }
        Ok(())
    }

    /// More bytes behind those already there. Says whether any came.
    fn fill(&mut self) -> Result<bool, SheetFault> {
        if self.ended {
            return Ok(false);
        }
        if self.at > 0 {
            self.buffer.copy_within(self.at..self.filled, 0);
            self.filled -= self.at;
            self.at = 0;
        }
        if self.filled == self.buffer.len() {
            if self.buffer.len() >= LONGEST {
                return Err(self.damaged("one piece is longer than any cell can be"));
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        // Fill the buffer whole: a packed part gives small helpings, and every helping moves what is left over.
        let before = self.filled;
        while self.filled < self.buffer.len() {
            match self.reader.read(&mut self.buffer[self.filled..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(n) => self.filled += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(from_io(e, self.part)),
            }
        }
        Ok(self.filled > before)
    }

    fn start(&mut self) -> Result<(), SheetFault> {
        self.started = true;
        self.fill()?;
        let head = &self.buffer[..self.filled.min(3)];
        if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
            return Err(self.damaged("the XML is not UTF-8"));
        }
        if head == [0xEF, 0xBB, 0xBF] {
            self.at = 3;
        }
        Ok(())
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Result<Piece<'_>, SheetFault> {
        if !self.started {
            self.start()?;
        }
        if self.at == self.filled && !self.fill()? {
            self.from = self.at;
            return Ok(Piece::Eof);
        }
        if self.buffer[self.at] == b'<' {
            self.markup()
        } else {
            let end = self.find_text_end()?;
            self.from = self.at;
            self.at += end;
            Ok(Piece::Text(&self.buffer[self.from..self.at]))
        }
    }

    fn find_text_end(&mut self) -> Result<usize, SheetFault> {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr(b'<', &self.buffer[self.at + searched..self.filled]) {
                return Ok(searched + at);
            }
            searched = self.filled - self.at;
            if !self.fill()? {
                return Ok(searched);
            }
        }
    }

    fn markup(&mut self) -> Result<Piece<'_>, SheetFault> {
        while self.filled - self.at < 9 && self.fill()? {}
        let here = &self.buffer[self.at..self.filled];
        match here.get(1) {
            Some(b'!') if here.starts_with(b"<!--") => {
                self.until(4, b"-->")?;
                Ok(Piece::Other)
            }
            Some(b'!') if here.starts_with(b"<![CDATA[") => {
                self.until(9, b"]]>")?;
                Ok(Piece::CData(&self.buffer[self.from + 9..self.at - 3]))
            }
            Some(b'!') => Err(self.damaged("a document type is not allowed here")),
            Some(b'?') => {
                self.until(2, b"?>")?;
                Ok(Piece::Other)
            }
            Some(_) => self.tag(),
            None => Err(self.damaged("it ends inside a tag")),
        }
    }

    /// Moves behind the end mark, which is looked for from `skip` bytes on.
    fn until(&mut self, skip: usize, mark: &[u8]) -> Result<(), SheetFault> {
        loop {
            let here = &self.buffer[self.at..self.filled];
            if let Some(end) = here.get(skip..).and_then(|rest| memmem::find(rest, mark)) {
                self.from = self.at;
                self.at += skip + end + mark.len();
                return Ok(());
            }
            if !self.fill()? {
                return Err(self.damaged("it ends inside a tag"));
            }
        }
    }

    fn tag(&mut self) -> Result<Piece<'_>, SheetFault> {
        let mut searched = 1;
        let mut quote = 0_u8;
        let length = 'found: loop {
            for (i, &b) in self.buffer[self.at + searched..self.filled].iter().enumerate() {
                if quote != 0 {
                    if b == quote {
                        quote = 0;
                    }
                } else if b == b'>' {
                    break 'found searched + i + 1;
                } else if b == b'"' || b == b'\'' {
                    quote = b;
                }
            }
            searched = self.filled - self.at;
            if !self.fill()? {
                return Err(self.damaged("it ends inside a tag"));
            }
        };
        self.from = self.at;
        self.at += length;
        let inside = &self.buffer[self.from + 1..self.at - 1];
        Ok(match inside {
            [b'/', name @ ..] => Piece::End(local(name.trim_ascii_end())),
            [inside @ .., b'/'] => Piece::Start(Tag { inside, empty: true }),
            inside => Piece::Start(Tag { inside, empty: false }),
        })
    }
}

/// Appends text with its entities resolved and its line ends made one (XML 1.0, 2.11). Unknown entities stay as they are.
pub(super) fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr2(b'&', b'\r', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        if rest[0] == b'\r' {
            if rest.get(1) != Some(&b'\n') {
                out.push(b'\n');
            }
            rest = &rest[1..];
            continue;
        }
        // The longest entity worth looking at is &#x10FFFF; with leading zeros.
        let end = memchr(b';', &rest[..rest.len().min(16)]);
        let Some(end) = end else {
            out.push(b'&');
            rest = &rest[1..];
            continue;
        };
        let entity = &rest[1..end];
        let known = match entity {
            b"amp" => Some('&'),
            b"lt" => Some('<'),
            b"gt" => Some('>'),
            b"quot" => Some('"'),
            b"apos" => Some('\''),
            [b'#', b'x' | b'X', hex @ ..] => code_point(hex, 16),
            [b'#', digits @ ..] => code_point(digits, 10),
            _ => None,
        };
        if let Some(c) = known {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[end + 1..];
        } else {
            out.push(b'&');
            rest = &rest[1..];
        }
    }
    out.extend_from_slice(rest);
}

fn code_point(digits: &[u8], radix: u32) -> Option<char> {
    let text = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(text, radix).ok().and_then(char::from_u32)
}

/// Appends text so that it can stand in an element or in a quoted attribute; characters XML 1.0 forbids become blanks.
pub(super) fn escape(text: &str, out: &mut Vec<u8>) {
    for c in text.chars() {
        match c {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {
                out.push(b' ');
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

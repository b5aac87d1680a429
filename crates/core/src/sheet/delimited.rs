//! Text tables: CSV as Excel, WPS and the county's systems write them, in the encodings met in offices.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

use encoding_rs::{Decoder, Encoding, GB18030, UTF_8};

use super::Limits;
use super::cell::{Cell, Row};
use super::fault::{Bound, Looks, SheetFault};

const CHUNK: usize = 64 << 10;
/// Longer than any row of people; an unclosed quote would otherwise swallow the rest of the table unnoticed.
const LONGEST_ROW: usize = 4 << 20;

/// What was found out about a text table before its rows are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextTable {
    pub(super) encoding: &'static Encoding,
    /// Whether it begins with a byte-order mark.
    pub(super) marked: bool,
    pub(super) separator: u8,
    pub(super) line_end: &'static str,
}

/// Looks at the whole file once: which encoding, which separator.
pub(super) fn inspect(file: &mut File) -> Result<TextTable, SheetFault> {
    let (encoding, marked) = find_encoding(file)?;
    let (separator, line_end) = find_separator(file, encoding)?;
    Ok(TextTable { encoding, marked, separator, line_end })
}

/// Strict UTF-8 decides first: text in GB 18030 practically never is valid UTF-8 by chance.
fn find_encoding(file: &mut File) -> Result<(&'static Encoding, bool), SheetFault> {
    file.seek(SeekFrom::Start(0)).map_err(SheetFault::Unreadable)?;
    let mut buffer = vec![0; CHUNK];
    let mut first = true;
    let mut utf8 = Utf8Check::default();
    let mut zeros = false;
    let mut bom = false;
    loop {
        let filled = read_full(file, &mut buffer)?;
        let chunk = &buffer[..filled];
        if first {
            first = false;
            if let Some((encoding, _)) = Encoding::for_bom(chunk) {
                if encoding != UTF_8 {
                    return Ok((encoding, true));
                }
                bom = true;
            }
        }
        zeros |= memchr::memchr(0, chunk).is_some();
        utf8.push(chunk);
        if filled < buffer.len() {
            break;
        }
    }
    if zeros {
        return Err(SheetFault::NotAWorkbook(Looks::Unknown));
    }
    if utf8.bad == 0 {
        return if utf8.open() {
            Err(SheetFault::Damaged("text", "it ends inside a character"))
        } else {
            Ok((UTF_8, bom))
        };
    }
    // Mostly sound multi-byte UTF-8 with a few torn bytes is damaged UTF-8, not another encoding.
    if bom || utf8.good > utf8.bad * 16 {
        return Err(SheetFault::Damaged("text", "some bytes are not UTF-8"));
    }
    file.seek(SeekFrom::Start(0)).map_err(SheetFault::Unreadable)?;
    let mut gb = GB18030.new_decoder_without_bom_handling();
    let mut gb_text = vec![0_u8; CHUNK * 3 + 64];
    loop {
        let filled = read_full(file, &mut buffer)?;
        let last = filled < buffer.len();
        let (_, _, _, errors) = gb.decode_to_utf8(&buffer[..filled], &mut gb_text, last);
        if errors {
            return Err(SheetFault::TextUnreadable);
        }
        if last {
            return Ok((GB18030, false));
        }
    }
}

/// Counts sound multi-byte sequences and bad bytes of UTF-8, over the borders of chunks.
#[derive(Default)]
struct Utf8Check {
    good: u64,
    bad: u64,
    carry: Vec<u8>,
}

impl Utf8Check {
    fn push(&mut self, chunk: &[u8]) {
        let joined;
        let mut rest = if self.carry.is_empty() {
            chunk
        } else {
            joined = [self.carry.as_slice(), chunk].concat();
            joined.as_slice()
        };
        let mut carry = Vec::new();
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.good += multi_byte(text.as_bytes());
                    break;
                }
                Err(error) => {
                    let (sound, torn) = rest.split_at(error.valid_up_to());
                    self.good += multi_byte(sound);
                    match error.error_len() {
                        Some(length) => {
                            self.bad += 1;
                            rest = &torn[length..];
                        }
                        None => {
                            carry = torn.to_vec();
                            break;
                        }
                    }
                }
            }
        }
        self.carry = carry;
    }

    /// Whether the last character is not whole.
    fn open(&self) -> bool {
        !self.carry.is_empty()
    }
}

/// Lead bytes of multi-byte sequences.
fn multi_byte(sound: &[u8]) -> u64 {
    sound.iter().filter(|&&b| b >= 0xC0).count() as u64
}

/// The separator that the first lines agree on, and what the first of them ends with.
fn find_separator(file: &mut File, encoding: &'static Encoding) -> Result<(u8, &'static str), SheetFault> {
    file.seek(SeekFrom::Start(0)).map_err(SheetFault::Unreadable)?;
    let mut head = vec![0; CHUNK];
    let filled = read_full(file, &mut head)?;
    let (text, ..) = encoding.decode(&head[..filled]);
    let mut counts = [(b',', 0_u32), (b'\t', 0), (b';', 0)];
    let mut quoted = false;
    let mut lines = 0;
    let (mut line_end, mut before) = (None, 0);
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => {
                line_end = line_end.or(Some(if before == b'\r' { "\r\n" } else { "\n" }));
                lines += 1;
                if lines > 40 {
                    break;
                }
            }
            _ if !quoted => {
                for (separator, count) in &mut counts {
                    if byte == *separator {
                        *count += 1;
                    }
                }
            }
            _ => {}
        }
        before = byte;
    }
    // At a draw the comma wins; a tab beside commas is usually stuck to an ID so that Excel keeps it as text.
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let alone = if text.contains('\r') { "\r" } else { "\r\n" };
    Ok((counts[0].0, line_end.unwrap_or(alone)))
}

fn read_full(file: &mut File, buffer: &mut [u8]) -> Result<usize, SheetFault> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(SheetFault::Unreadable(e)),
        }
    }
    Ok(filled)
}

/// Turns a file of any encoding into UTF-8, piece by piece.
struct Utf8Source {
    file: File,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    filled: usize,
    done: bool,
}

impl Utf8Source {
    /// Text not yet used; empty at the end.
    fn piece(&mut self) -> Result<&[u8], SheetFault> {
        while self.at == self.filled && !self.done {
            let filled = read_full(&mut self.file, &mut self.raw)?;
            self.done = filled < self.raw.len();
            let (_, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..filled], &mut self.text, self.done);
            (self.at, self.filled) = (0, written);
        }
        Ok(&self.text[self.at..self.filled])
    }
}

/// Where the reader stands in a row.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// At the beginning of a cell.
    Start,
    /// In a cell without quotes, or behind a closed quote.
    Bare,
    /// Between quotes, where separators and line ends are text.
    Quoted,
    /// Behind a quote between quotes: the end, or the first half of a doubled one.
    MaybeEnd,
}

/// The rows of a text table, numbered as a spreadsheet program numbers them: empty lines count, line ends in quotes do not.
pub(super) struct TextRows {
    source: Utf8Source,
    separator: u8,
    limits: Limits,
    row: u32,
    yielded: u32,
    /// The last row ended with CR: an LF behind it belongs to the same end.
    after_return: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// The row as it came, where somebody wants that.
    line: Option<Line>,
}

/// A row as it stands in the file, without its end.
#[derive(Default)]
pub(super) struct Line {
    pub(super) raw: Vec<u8>,
    /// Where the separators are.
    pub(super) cuts: Vec<usize>,
}

impl TextRows {
    pub(super) fn new(file: &File, table: TextTable, limits: Limits) -> Result<Self, SheetFault> {
        let mut file = file.try_clone().map_err(SheetFault::Unreadable)?;
        file.seek(SeekFrom::Start(0)).map_err(SheetFault::Unreadable)?;
        Ok(Self {
            source: Utf8Source {
                file,
                decoder: table.encoding.new_decoder(),
                raw: vec![0; CHUNK],
                // Three bytes of UTF-8 for one byte at the very most.
                text: vec![0; CHUNK * 3 + 64],
                at: 0,
                filled: 0,
                done: false,
            },
            separator: table.separator,
            limits,
            row: 0,
            yielded: 0,
            after_return: false,
            text: Vec::new(),
            ends: Vec::new(),
            line: None,
        })
    }

    pub(super) fn with_lines(mut self) -> Self {
        self.line = Some(Line::default());
        self
    }

    /// The next row as it came, also an empty one, with its number.
    pub(super) fn next_line(&mut self) -> Result<Option<(u32, &Line)>, SheetFault> {
        if !self.record()? {
            return Ok(None);
        }
        self.row += 1;
        Ok(self.line.as_ref().map(|line| (self.row, line)))
    }

    /// The next row with a filled cell.
    pub(super) fn next(&mut self) -> Result<Option<Row<'static>>, SheetFault> {
        while self.record()? {
            self.row += 1;
            if self.row > super::cell::MAX_ROW {
                return Err(SheetFault::TooLarge(Bound::Rows(super::cell::MAX_ROW)));
            }
            let cells = self.cells()?;
            if cells.is_empty() {
                continue;
            }
            self.yielded += 1;
            if self.yielded > self.limits.rows {
                return Err(SheetFault::TooLarge(Bound::Rows(self.limits.rows)));
            }
            return Ok(Some(Row { number: self.row, cells }));
        }
        Ok(None)
    }

    /// Reads one row into `text` and `ends`. False at the end of the file.
    fn record(&mut self) -> Result<bool, SheetFault> {
        self.text.clear();
        self.ends.clear();
        if let Some(line) = &mut self.line {
            line.raw.clear();
            line.cuts.clear();
        }
        let mut place = Place::Start;
        let mut begun = false;
        let separator = self.separator;
        loop {
            let piece = self.source.piece()?;
            if piece.is_empty() {
                if place == Place::Quoted {
                    return Err(SheetFault::Damaged("text", "a quote is not closed"));
                }
                self.ends.push(self.text.len());
                return Ok(begun);
            }
            let mut used = 0;
            let mut over = false;
            while used < piece.len() {
                let rest = &piece[used..];
                if place == Place::Quoted {
                    let run = memchr::memchr(b'"', rest).unwrap_or(rest.len());
                    self.text.extend_from_slice(&rest[..run]);
                    if let Some(line) = &mut self.line {
                        line.raw.extend_from_slice(&rest[..rest.len().min(run + 1)]);
                    }
                    used += run;
                    if run < rest.len() {
                        used += 1;
                        place = Place::MaybeEnd;
                    }
                    continue;
                }
                let byte = rest[0];
                used += 1;
                if std::mem::take(&mut self.after_return) && byte == b'\n' {
                    continue;
                }
                begun = true;
                if let Some(line) = self.line.as_mut().filter(|_| byte != b'\n' && byte != b'\r') {
                    if byte == separator {
                        line.cuts.push(line.raw.len());
                    }
                    line.raw.push(byte);
                }
                match byte {
                    b'"' if place == Place::Start => place = Place::Quoted,
                    b'"' if place == Place::MaybeEnd => {
                        self.text.push(b'"');
                        place = Place::Quoted;
                    }
                    b'\n' | b'\r' => {
                        self.after_return = byte == b'\r';
                        over = true;
                        break;
                    }
                    _ if byte == separator => {
                        self.ends.push(self.text.len());
                        place = Place::Start;
                    }
                    _ => {
                        self.text.push(byte);
                        place = Place::Bare;
                    }
                }
            }
            self.source.at += used;
            if self.text.len() + self.ends.len() > LONGEST_ROW {
                return Err(SheetFault::Damaged("text", "a quote is not closed"));
            }
            if over {
                self.ends.push(self.text.len());
                return Ok(true);
            }
        }
    }

    fn cells(&self) -> Result<Vec<Cell<'static>>, SheetFault> {
        let mut cells = Vec::with_capacity(self.ends.len().min(64));
        let mut from = 0;
        for (column, &end) in (0_u32..).zip(&self.ends) {
            let field = std::str::from_utf8(&self.text[from..end]);
            let field = field.map_err(|_| SheetFault::Damaged("text", "a row is torn"))?;
            from = end;
            if field.is_empty() {
                continue;
            }
            if column >= self.limits.columns {
                if field.trim().is_empty() {
                    continue;
                }
                let row = self.row;
                return Err(SheetFault::TooLarge(Bound::Columns { row, column }));
            }
            cells.resize(column as usize, Cell::Empty);
            cells.push(Cell::Text(Cow::Owned(bare(field).to_owned())));
        }
        Ok(cells)
    }
}

/// `="0123"` is how exporters keep Excel from turning an ID into a number.
fn bare(field: &str) -> &str {
    let inner = field.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(field)
}

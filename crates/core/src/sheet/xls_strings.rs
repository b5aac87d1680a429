//! Strings of an .xls: they run over the borders of records, and change their width there. Read from MS-XLS 2.5.293.

use super::fault::SheetFault;
use super::ole::{u16_at, u32_at};
use super::text::Texts;

const TORN: SheetFault = SheetFault::Damaged("workbook stream", "a text is torn");

/// The data of one record and of the CONTINUE records behind it.
pub(super) struct Segments<'b> {
    parts: Vec<&'b [u8]>,
    part: usize,
    at: usize,
}

impl<'b> Segments<'b> {
    pub(super) const fn new(parts: Vec<&'b [u8]>) -> Self {
        Self { parts, part: 0, at: 0 }
    }

    /// What is left of the current segment; moves on when nothing is.
    fn rest(&mut self) -> &'b [u8] {
        while let Some(part) = self.parts.get(self.part) {
            if self.at < part.len() {
                return &part[self.at..];
            }
            self.part += 1;
            self.at = 0;
        }
        &[]
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = *self.rest().first()?;
            self.at += 1;
        }
        Some(bytes)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[b]| b)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn skip(&mut self, mut bytes: usize) {
        while bytes > 0 {
            let here = self.rest().len().min(bytes);
            if here == 0 {
                return;
            }
            self.at += here;
            bytes -= here;
        }
    }

    /// Characters; each further segment begins with its own width.
    fn characters(&mut self, mut count: usize, mut wide: bool, out: &mut String) -> Option<()> {
        let mut units: Vec<u16> = Vec::with_capacity(count.min(1 << 15));
        while count > 0 {
            let part_before = self.part;
            let mut here = self.rest();
            if here.is_empty() {
                return None;
            }
            if self.part != part_before {
                wide = here[0] & 1 == 1;
                self.at += 1;
                here = &here[1..];
            }
            let width = if wide { 2 } else { 1 };
            let fit = (here.len() / width).min(count);
            if fit == 0 {
                // Half a character at the end of a segment; an empty segment only moves on.
                if here.is_empty() {
                    continue;
                }
                return None;
            }
            if wide {
                units.extend(here[..fit * 2].chunks_exact(2).filter_map(|two| u16_at(two, 0)));
            } else {
                units.extend(here[..fit].iter().map(|&b| u16::from(b)));
            }
            self.at += fit * width;
            count -= fit;
        }
        out.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        Some(())
    }

    /// A string with its count of characters in 16 bits, perhaps with runs and readings.
    pub(super) fn string(&mut self, out: &mut String) -> Result<(), SheetFault> {
        self.string_inner(out).ok_or(TORN)
    }

    fn string_inner(&mut self, out: &mut String) -> Option<()> {
        let count = usize::from(self.u16()?);
        if count == 0 && self.rest().is_empty() {
            return Some(());
        }
        let flags = self.u8()?;
        let runs = if flags & 8 != 0 { usize::from(self.u16()?) } else { 0 };
        let readings = if flags & 4 != 0 { self.u32()? as usize } else { 0 };
        self.characters(count, flags & 1 == 1, out)?;
        self.skip(runs * 4);
        self.skip(readings);
        Some(())
    }

    /// The table of shared texts.
    pub(super) fn table(mut self, held_bytes: u64) -> Result<Texts, SheetFault> {
        let mut texts = Texts::default();
        self.u32().ok_or(TORN)?;
        let count = self.u32().ok_or(TORN)?;
        let mut text = String::new();
        for _ in 0..count {
            // Some writers count one too many; a cell that needs a missing text is refused later.
            if self.rest().is_empty() {
                break;
            }
            text.clear();
            self.string(&mut text)?;
            texts.push(&text, held_bytes)?;
        }
        Ok(texts)
    }
}

/// A string with its count of characters in 8 bits: the names of sheets.
pub(super) fn short_string(bytes: &[u8]) -> Option<String> {
    let count = usize::from(*bytes.first()?);
    let wide = bytes.get(1)? & 1 == 1;
    let mut out = String::new();
    Segments::new(vec![bytes.get(2..)?]).characters(count, wide, &mut out)?;
    Some(out)
}

/// The number kinds of an .xls: 30 bits and two flags.
pub(super) fn rk(bytes: &[u8], at: usize) -> Option<f64> {
    let raw = u32_at(bytes, at)?;
    let value = if raw & 2 != 0 { f64::from((raw as i32) >> 2) } else { f64::from_bits(u64::from(raw & !3) << 32) };
    Some(if raw & 1 != 0 { value / 100.0 } else { value })
}

//! Deterministic CBOR (RFC 8949 §4.2.1): a writer, and a reader that accepts no other form.
//!
//! Small and own, because the column path moves millions of cells and a value tree per cell is too slow there.

use crate::bad::{Bad, within};

pub(crate) const UINT: u8 = 0;
const NINT: u8 = 1;
pub(crate) const BYTES: u8 = 2;
pub(crate) const TEXT: u8 = 3;
pub(crate) const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;

/// Appends items to a buffer; the caller keeps counts and items in step.
pub(crate) struct Writer<'b>(pub &'b mut Vec<u8>);

impl Writer<'_> {
    fn head(&mut self, major: u8, n: u64) {
        let m = major << 5;
        match n {
            0..=23 => self.0.push(m | n as u8),
            24..=0xff => self.0.extend_from_slice(&[m | 24, n as u8]),
            0x100..=0xffff => {
                self.0.push(m | 25);
                self.0.extend_from_slice(&(n as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.0.push(m | 26);
                self.0.extend_from_slice(&(n as u32).to_be_bytes());
            }
            _ => {
                self.0.push(m | 27);
                self.0.extend_from_slice(&n.to_be_bytes());
            }
        }
    }

    pub(crate) fn uint(&mut self, n: u64) {
        self.head(UINT, n);
    }

    pub(crate) fn int(&mut self, n: i64) {
        if n < 0 {
            self.head(NINT, !(n as u64));
        } else {
            self.head(UINT, n as u64);
        }
    }

    pub(crate) fn bytes(&mut self, b: &[u8]) {
        self.head(BYTES, b.len() as u64);
        self.0.extend_from_slice(b);
    }

    pub(crate) fn text(&mut self, t: &str) {
        self.head(TEXT, t.len() as u64);
        self.0.extend_from_slice(t.as_bytes());
    }

    pub(crate) fn array(&mut self, n: usize) {
        self.head(ARRAY, n as u64);
    }

    pub(crate) fn null(&mut self) {
        self.0.push(NULL);
    }

    pub(crate) fn bool(&mut self, b: bool) {
        self.0.push(if b { TRUE } else { FALSE });
    }

    /// An item that is already encoded.
    pub(crate) fn raw(&mut self, item: &[u8]) {
        self.0.extend_from_slice(item);
    }
}

/// Reads items in place; every length is checked against what is left before it is used.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    pub(crate) fn left(&self) -> usize {
        self.data.len() - self.at
    }

    pub(crate) fn end(&self) -> Result<(), Bad> {
        if self.left() == 0 { Ok(()) } else { Err(Bad::Trailing) }
    }

    /// What was read since `from`, a former [`Reader::position`].
    pub(crate) fn since(&self, from: usize) -> &'a [u8] {
        &self.data[from..self.at]
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], Bad> {
        if n > self.left() {
            return Err(Bad::Truncated);
        }
        let s = &self.data[self.at..self.at + n];
        self.at += n;
        Ok(s)
    }

    fn peek(&self) -> Result<u8, Bad> {
        self.data.get(self.at).copied().ok_or(Bad::Truncated)
    }

    /// Major type and argument; only the shortest form of the argument is accepted.
    fn head(&mut self) -> Result<(u8, u64), Bad> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 31);
        let (n, least) = match info {
            0..=23 => return Ok((major, u64::from(info))),
            24 => (u64::from(self.take(1)?[0]), if major == SIMPLE { 32 } else { 24 }),
            25 => (self.number::<2>()?, 0x100),
            26 => (self.number::<4>()?, 0x1_0000),
            27 => (self.number::<8>()?, 0x1_0000_0000),
            _ => return Err(Bad::Form("indefinite length")),
        };
        // The argument of a float is its bits, not a number with a shortest form.
        if n < least && !(major == SIMPLE && info > 24) {
            return Err(Bad::Form("number longer than needed"));
        }
        Ok((major, n))
    }

    fn number<const N: usize>(&mut self) -> Result<u64, Bad> {
        let mut n = 0;
        for &b in self.take(N)? {
            n = n << 8 | u64::from(b);
        }
        Ok(n)
    }

    fn expect(&mut self, major: u8) -> Result<u64, Bad> {
        match self.head()? {
            (m, n) if m == major => Ok(n),
            _ => Err(Bad::Form("another kind of item stands here")),
        }
    }

    pub(crate) fn uint(&mut self) -> Result<u64, Bad> {
        self.expect(UINT)
    }

    pub(crate) fn uint_below(&mut self, what: &'static str, limit: u64) -> Result<u64, Bad> {
        let n = self.uint()?;
        if n >= limit { Err(Bad::TooBig { what, limit }) } else { Ok(n) }
    }

    pub(crate) fn int(&mut self) -> Result<i64, Bad> {
        let (major, n) = self.head()?;
        let n = i64::try_from(n).map_err(|_| Bad::Form("number out of range"))?;
        match major {
            UINT => Ok(n),
            NINT => Ok(!n),
            _ => Err(Bad::Form("another kind of item stands here")),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Bad> {
        let n = self.expect(BYTES)?;
        self.take(usize::try_from(n).map_err(|_| Bad::Truncated)?)
    }

    pub(crate) fn bytes_of<const N: usize>(&mut self) -> Result<[u8; N], Bad> {
        self.bytes()?.try_into().map_err(|_| Bad::Form("a fixed length is missed"))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Bad> {
        let n = self.expect(TEXT)?;
        let b = self.take(usize::try_from(n).map_err(|_| Bad::Truncated)?)?;
        std::str::from_utf8(b).map_err(|_| Bad::Form("text is not UTF-8"))
    }

    pub(crate) fn text_within(&mut self, what: &'static str, limit: usize) -> Result<&'a str, Bad> {
        let t = self.text()?;
        within(what, t.len(), limit)?;
        Ok(t)
    }

    /// The count of an array, at most what could stand in the bytes that are left.
    pub(crate) fn array(&mut self) -> Result<usize, Bad> {
        let n = usize::try_from(self.expect(ARRAY)?).map_err(|_| Bad::Truncated)?;
        if n > self.left() { Err(Bad::Truncated) } else { Ok(n) }
    }

    pub(crate) fn array_of(&mut self, n: usize) -> Result<(), Bad> {
        if self.array()? == n { Ok(()) } else { Err(Bad::Form("an array of another length stands here")) }
    }

    /// True, and the item passed, when null stands here.
    pub(crate) fn null(&mut self) -> Result<bool, Bad> {
        let is = self.peek()? == NULL;
        if is {
            self.at += 1;
        }
        Ok(is)
    }

    pub(crate) fn major(&self) -> Result<u8, Bad> {
        Ok(self.peek()? >> 5)
    }

    /// One whole item of any kind, verbatim. Floats are kept as they came; all else must be deterministic.
    pub(crate) fn item(&mut self, depth: u8) -> Result<&'a [u8], Bad> {
        let from = self.at;
        self.skip(depth)?;
        Ok(self.since(from))
    }

    fn skip(&mut self, depth: u8) -> Result<(), Bad> {
        let Some(depth) = depth.checked_sub(1) else { return Err(Bad::Depth) };
        let start = self.at;
        let (major, n) = self.head()?;
        match major {
            UINT | NINT => {}
            BYTES | TEXT => {
                self.at = start;
                if major == TEXT { self.text().map(drop)? } else { self.bytes().map(drop)? }
            }
            ARRAY => {
                for _ in 0..n {
                    self.skip(depth)?;
                }
            }
            MAP => {
                let mut last: Option<&[u8]> = None;
                for _ in 0..n {
                    let key = self.at;
                    self.skip(depth)?;
                    let key = self.since(key);
                    if last.is_some_and(|l| l >= key) {
                        return Err(Bad::Form("keys out of order"));
                    }
                    last = Some(key);
                    self.skip(depth)?;
                }
            }
            TAG => self.skip(depth)?,
            _ => {}
        }
        Ok(())
    }
}

/// LEB128, shortest form: the numbers inside a packed column.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// The next number of a packed column.
#[inline]
pub(crate) fn varint(data: &[u8], at: &mut usize) -> Result<u64, Bad> {
    let first = *data.get(*at).ok_or(Bad::Truncated)?;
    *at += 1;
    if first < 0x80 {
        return Ok(u64::from(first));
    }
    let mut n = u64::from(first & 0x7f);
    let mut shift = 7;
    loop {
        let b = *data.get(*at).ok_or(Bad::Truncated)?;
        *at += 1;
        let bits = u64::from(b & 0x7f);
        if shift == 63 && bits > 1 || shift > 63 {
            return Err(Bad::Form("number out of range"));
        }
        n |= bits << shift;
        if b < 0x80 {
            return if b == 0 { Err(Bad::Form("number longer than needed")) } else { Ok(n) };
        }
        shift += 7;
    }
}

/// Small numbers of either sign as small numbers without one.
pub(crate) fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)) as u64
}

pub(crate) fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_shortest_form_as_rfc_8949_shows_it() {
        let written = |write: &dyn Fn(&mut Writer<'_>)| {
            let mut out = Vec::new();
            write(&mut Writer(&mut out));
            hex::encode(out)
        };
        // Appendix A.
        for (n, hex) in [
            (0, "00"),
            (23, "17"),
            (24, "1818"),
            (1000, "1903e8"),
            (1_000_000, "1a000f4240"),
            (1_000_000_000_000, "1b000000e8d4a51000"),
            (-1, "20"),
            (-1000, "3903e7"),
            (i64::MIN, "3b7fffffffffffffff"),
        ] {
            assert_eq!(written(&|w| w.int(n)), hex);
            assert_eq!(Reader::new(&hex::decode(hex).unwrap()).int(), Ok(n));
        }
        assert_eq!(written(&|w| w.text("水")), "63e6b0b4");
        assert_eq!(written(&|w| w.bytes(&[1, 2])), "420102");
        assert_eq!(written(&|w| w.bool(true)), "f5");
    }

    #[test]
    fn reads_no_other_form() {
        for hex in [
            "1817", // 23 in two bytes
            "190017",
            "1a00000017",
            "1b0000000000000017",
            "5f420102ff", // indefinite bytes
            "9f01ff",
            "bf0102ff",   // indefinite array, map
            "a201000100", // a key twice
            "a202000100", // keys out of order
            "f818",       // simple value in two bytes
            "61ff",       // no UTF-8
            "1c",
            "fc",
            "ff", // reserved, break
            "",
            "18",
            "61",
            "81",
            "a101",
            "c1",
            "f9",
            "5b7fffffffffffffff",
            "9bffffffffffffffff",
            "bbffffffffffffffff",
        ] {
            let bytes = hex::decode(hex).unwrap();
            assert!(Reader::new(&bytes).item(16).is_err(), "{hex}");
        }
        for hex in ["f93c00", "fa47c35000", "f7", "f8ff", "c074", "a201000200"] {
            let bytes = hex::decode(hex).unwrap();
            let read = Reader::new(&bytes).item(16).is_ok();
            assert_eq!(read, hex != "c074", "{hex}");
        }
    }

    #[test]
    fn nesting_ends() {
        let deep = |n| [vec![0x81; n], vec![0x00]].concat();
        assert!(Reader::new(&deep(15)).item(16).is_ok());
        assert_eq!(Reader::new(&deep(16)).item(16).map(drop), Err(Bad::Depth));
        assert_eq!(Reader::new(&vec![0xc1; 1 << 20]).item(16).map(drop), Err(Bad::Depth));
    }

    #[test]
    fn packed_numbers_come_back() {
        for n in [0, 1, 127, 128, 300, u64::from(u32::MAX), i64::MAX as u64, u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, n);
            assert_eq!(varint(&out, &mut 0), Ok(n));
            assert!(varint(&out[..out.len() - 1], &mut 0).is_err());
            let n = n as i64;
            assert_eq!(unzigzag(zigzag(n)), n);
        }
        assert!(varint(&[0x80, 0x00], &mut 0).is_err(), "zero in two bytes");
        assert!(varint(&[0xff; 11], &mut 0).is_err());
        let mut past = [0xff; 10];
        past[9] = 2;
        assert!(varint(&past, &mut 0).is_err());
    }
}

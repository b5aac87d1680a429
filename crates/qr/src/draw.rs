//! Drawing: a text becomes a QR symbol, and the symbol becomes SVG for print or PNG for a file.

use std::{fmt::Write, io::Cursor};

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use qrcode::{
    EcLevel, QrCode, Version,
    bits::Bits,
    types::{Color, QrResult},
};

/// White modules around a symbol. ISO/IEC 18004 asks for four; readers look for them.
pub const QUIET: u32 = 4;

/// All that alphanumeric mode can say: the alphabet of base45 (RFC 9285).
pub const ALPHANUMERIC: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// What says that bytes are UTF-8 (AIM ECI 26); without it they are Latin 1 by the standard, and readers guess.
const UTF_8: u32 = 26;

/// The text does not fit the largest symbol (version 40 at level M).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a text of {bytes} bytes does not fit a QR code")]
pub struct TooLong {
    /// Length of the text in bytes of UTF-8.
    pub bytes: usize,
}

/// A drawn symbol: a square of dark and light modules, without its quiet zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Symbol {
    version: u8,
    size: u32,
    dark: Vec<bool>,
}

/// Draws a text at error correction M in the smallest version that holds it, as one segment: alphanumeric where
/// [`ALPHANUMERIC`] has all its letters (5.5 bits a letter: 300 letters fit version 10), else the bytes of UTF-8.
///
/// # Errors
/// [`TooLong`] above 3,391 alphanumeric letters or 2,331 bytes (2,330 where they are not all ASCII).
pub fn draw(text: &str) -> Result<Symbol, TooLong> {
    let too_long = TooLong { bytes: text.len() };
    let bits = (1..=40).find_map(|number| bits(text, Version::Normal(number)).ok()).ok_or(too_long)?;
    let version = match bits.version() {
        Version::Normal(number) | Version::Micro(number) => number as u8,
    };
    let code = QrCode::with_bits(bits, EcLevel::M).map_err(|_| too_long)?;
    let size = code.width() as u32;
    Ok(Symbol { version, size, dark: code.into_colors().into_iter().map(|module| module == Color::Dark).collect() })
}

/// The bits of the one segment in this version.
// The library's own search for the shortest mixture of modes is not asked: how long a text may be for version 10 would
// hang on what it says, and a card has to know before. Worse, it takes pairs of UTF-8's bytes for Shift JIS and writes
// them in kanji mode, which every reader then shows as kanji.
fn bits(text: &str, version: Version) -> QrResult<Bits> {
    let mut bits = Bits::new(version);
    if !text.is_empty() && text.bytes().all(|letter| ALPHANUMERIC.contains(&letter)) {
        bits.push_alphanumeric_data(text.as_bytes())?;
    } else {
        if !text.is_ascii() {
            bits.push_eci_designator(UTF_8)?;
        }
        bits.push_byte_data(text.as_bytes())?;
    }
    bits.push_terminator(EcLevel::M)?;
    Ok(bits)
}

impl Symbol {
    /// Modules along one side, without the quiet zone: 17 + 4 × version.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The version, 1 to 40.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// Whether the module in column `x` and row `y`, counted from the upper left, is dark. Outside it is light.
    pub fn dark(&self, x: u32, y: u32) -> bool {
        x < self.size && y < self.size && self.dark[(y * self.size + x) as usize]
    }

    /// The symbol with its quiet zone as an SVG document: one white square and one path, a module `module_mm`
    /// millimetres wide. Each row's runs of dark modules are one rectangle, so that no printer leaves hairlines within.
    pub fn svg(&self, module_mm: f64) -> String {
        let units = self.size + 2 * QUIET;
        let mm = f64::from(units) * module_mm;
        let mut path = String::new();
        for y in 0..self.size {
            let mut x = 0;
            while x < self.size {
                let run = (x..self.size).take_while(|&x| self.dark(x, y)).count() as u32;
                if run > 0 {
                    // Writing into a string cannot fail.
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
                }
                x += run.max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{mm}mm\" height=\"{mm}mm\" viewBox=\"0 0 {units} {units}\" \
             shape-rendering=\"crispEdges\"><rect width=\"{units}\" height=\"{units}\" fill=\"#fff\"/>\
             <path d=\"{path}\" fill=\"#000\"/></svg>"
        )
    }

    /// The symbol with its quiet zone as 8-bit grey points, row by row, a module `scale` points wide (at least one, at
    /// most 32), and the length of one side in points.
    pub fn points(&self, scale: u32) -> (u32, Vec<u8>) {
        let scale = scale.clamp(1, 32);
        let side = (self.size + 2 * QUIET) * scale;
        // Left of the quiet zone's end the subtraction wraps round to a column that is outside, hence light.
        let module = |at: u32| (at / scale).wrapping_sub(QUIET);
        let points = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
        (side, points.map(|(x, y)| if self.dark(module(x), module(y)) { 0 } else { 255 }).collect())
    }

    /// The same as a PNG file.
    pub fn png(&self, scale: u32) -> Vec<u8> {
        let (side, points) = self.points(scale);
        let mut file = Cursor::new(Vec::new());
        PngEncoder::new(&mut file)
            .write_image(&points, side, side, ExtendedColorType::L8)
            .expect("a square of grey points is written into memory");
        file.into_inner()
    }
}

impl std::fmt::Debug for Symbol {
    // The modules are the text, and what a card says is private.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Symbol(version {})", self.version)
    }
}

//! Texts of a job: bounded when they are read, without characters that would not print or would turn a line around.

use std::fmt;

use base64::Engine as _;
use serde::{Deserialize, Serialize};

/// Why a value of a job was not taken. Its words are fixed, so that they can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// More characters than the field takes.
    Long,
    /// Not base64 of a JPEG or PNG within the bounds.
    Photo,
    /// A number outside its range.
    Range,
}

impl Refused {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Long, "text longer than the field takes"),
        (Self::Photo, "photo is no JPEG or PNG of at most 400 kB and 4000 points a side"),
        (Self::Range, "number out of range"),
    ];

    /// Finds our own words at the beginning of what serde says.
    pub(crate) fn within(said: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, words)| said.starts_with(words)).map(|(refused, _)| *refused)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Self::ALL.iter().find(|(refused, _)| refused == self).map_or("", |(_, words)| words);
        to.write_str(words)
    }
}

/// One line of at most `MAX` characters; breaks and tabs inside become spaces. May be empty: the form then has a blank.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Line<const MAX: usize>(String);

/// Several lines of at most `MAX` characters together, parted by `\n`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> TryFrom<String> for Line<MAX> {
    type Error = Refused;
    fn try_from(given: String) -> Result<Self, Refused> {
        let line: String = printable(&given).map(|c| if c.is_control() { ' ' } else { c }).collect();
        if line.chars().count() > MAX { Err(Refused::Long) } else { Ok(Self(line.trim().to_owned())) }
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = Refused;
    fn try_from(given: String) -> Result<Self, Refused> {
        let text: String = printable(&given.replace("\r\n", "\n")).map(line_break).collect();
        if text.chars().count() > MAX { Err(Refused::Long) } else { Ok(Self(text.trim_end().to_owned())) }
    }
}

impl<const MAX: usize> Line<MAX> {
    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// A name must not come out by way of a debug line.
impl<const MAX: usize> fmt::Debug for Line<MAX> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Line({} chars)", self.0.chars().count())
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Text({} chars)", self.0.chars().count())
    }
}

/// Without control characters (other than breaks and tabs) and without marks that turn the reading direction around:
/// what stands on paper reads in the order in which it is stored.
fn printable(given: &str) -> impl Iterator<Item = char> {
    given.chars().filter(|c| {
        let turns =
            matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
        !turns && (!c.is_control() || matches!(c, '\n' | '\r' | '\t'))
    })
}

fn line_break(c: char) -> char {
    match c {
        '\r' => '\n',
        '\t' => ' ',
        c => c,
    }
}

/// Largest photo, in bytes. Pictures of the house are 480 × 640 JPEG of some 40 kB.
const PHOTO_BYTES: usize = 400 * 1024;
/// Longest side of a photo, in points.
const PHOTO_SIDE: u32 = 4000;

/// A passport photo: base64 of a JPEG or PNG in the job, its bytes here.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Photo {
    bytes: Vec<u8>,
    points: u64,
}

impl TryFrom<String> for Photo {
    type Error = Refused;
    fn try_from(given: String) -> Result<Self, Refused> {
        if given.len() > PHOTO_BYTES.div_ceil(3) * 4 {
            return Err(Refused::Photo);
        }
        let bytes = base64::engine::general_purpose::STANDARD.decode(given).map_err(|_| Refused::Photo)?;
        if !bytes.starts_with(b"\xFF\xD8\xFF") && !bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
            return Err(Refused::Photo);
        }
        // The head tells the size; so a small file cannot ask for gigabytes of points.
        let reader = image::ImageReader::new(std::io::Cursor::new(&bytes)).with_guessed_format();
        let size = reader.map_err(|_| Refused::Photo)?.into_dimensions().map_err(|_| Refused::Photo)?;
        if size.0.max(size.1) > PHOTO_SIDE || size.0.min(size.1) == 0 {
            return Err(Refused::Photo);
        }
        Ok(Self { bytes, points: u64::from(size.0) * u64::from(size.1) })
    }
}

impl Photo {
    /// The file as it was given.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its points: width times height.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.points
    }

    /// Whether the whole picture can be decoded; only asked when drawing failed, for it takes milliseconds.
    pub(crate) fn whole(&self) -> bool {
        image::load_from_memory(&self.bytes).is_ok()
    }
}

impl fmt::Debug for Photo {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Photo({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Refused, Text};

    #[test]
    fn a_line_stays_one_line_and_in_its_order() {
        let line = Line::<8>::try_from("王\u{202E}芳\n甲\u{0}".to_owned()).unwrap();
        assert_eq!(line.as_str(), "王芳 甲");
        assert_eq!(Line::<3>::try_from("阿卜杜拉".to_owned()), Err(Refused::Long));
        assert_eq!(format!("{line:?}"), "Line(4 chars)");
    }

    #[test]
    fn a_text_keeps_its_lines() {
        let text = Text::<20>::try_from("一\r\n二\r三\t四\n".to_owned()).unwrap();
        assert_eq!(serde_json::to_string(&text).unwrap(), "\"一\\n二\\n三 四\"");
    }
}

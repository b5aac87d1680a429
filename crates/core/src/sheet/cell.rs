//! Cells and rows: what stands in a sheet, whichever kind of file it came from.

use std::borrow::Cow;

use chrono::{Days, NaiveDate};

/// One cell as it was found. Texts are not trimmed or changed: cleaning is the business of the field that takes it.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Cell<'a> {
    /// Nothing filled in.
    #[default]
    Empty,
    /// Text, or a number that the file keeps digit by digit (see [`Cell::from_number_text`]).
    Text(Cow<'a, str>),
    /// A number. `lost`: an integer beyond 15 digits, whose last digits the spreadsheet program has already replaced.
    Number {
        /// The number as the file has it.
        value: f64,
        /// Digits beyond the fifteenth are not to be trusted.
        lost: bool,
    },
    /// A cell formatted as a date (its time of day is left out).
    Day(NaiveDate),
    /// TRUE or FALSE.
    Bool(bool),
    /// A formula that failed, such as `#N/A`.
    Error,
}

impl<'a> Cell<'a> {
    /// A number cell.
    #[must_use]
    pub fn number(value: f64) -> Self {
        // Spreadsheet programs keep 15 significant digits; an 18-digit ID typed as a number ends in wrong zeros.
        let lost = value.abs() >= 1e15 && value.fract() == 0.0;
        Self::Number { value, lost }
    }

    /// A number from the text in the file. An integer of more than 15 digits that no binary number equals cannot have
    /// gone through a spreadsheet program: some exporters write an ID digit by digit into a number cell. It is kept as text.
    pub(super) fn from_number_text(text: &str) -> Option<Self> {
        let value: f64 = text.parse().ok()?;
        if !value.is_finite() {
            return None;
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if (16..=30).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && digits.parse::<i128>().ok() != Some(value.abs() as i128)
            && !digits.ends_with("000")
        {
            return Some(Self::Text(Cow::Owned(text.to_owned())));
        }
        Some(Self::number(value))
    }

    /// A cell formatted as a date: a day if the serial number is one, else the number.
    pub(super) fn from_serial(value: f64, since_1904: bool) -> Self {
        serial_day(value, since_1904).map_or_else(|| Self::number(value), Self::Day)
    }

    /// Whether nothing is filled in; blanks alone count as nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.chars().all(char::is_whitespace),
            _ => false,
        }
    }

    /// The text of the cell: the shortest for a number, `yyyy-mm-dd` for a day, empty for an error.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Empty | Self::Error => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number { value, .. } => Cow::Owned(number_text(*value)),
            Self::Day(day) => Cow::Owned(day.format("%Y-%m-%d").to_string()),
            Self::Bool(true) => Cow::Borrowed("TRUE"),
            Self::Bool(false) => Cow::Borrowed("FALSE"),
        }
    }

    /// Whether digits were lost before the file came here: a number beyond 15 digits, or a text such as `9.9E+17` that
    /// a spreadsheet program has left in a CSV.
    #[must_use]
    pub fn digits_lost(&self) -> bool {
        match self {
            Self::Number { lost, .. } => *lost,
            Self::Text(text) => {
                let text = text.trim();
                text.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
                    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
                    mantissa.starts_with(|c: char| c.is_ascii_digit())
                        && mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                        && exponent.parse::<u32>().is_ok_and(|e| (10..=40).contains(&e))
                })
            }
            _ => false,
        }
    }

    /// The same cell, holding its own text.
    #[must_use]
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Empty => Cell::Empty,
            Self::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Self::Number { value, lost } => Cell::Number { value, lost },
            Self::Day(day) => Cell::Day(day),
            Self::Bool(is) => Cell::Bool(is),
            Self::Error => Cell::Error,
        }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// One row with at least one filled cell.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Row<'a> {
    /// 1-based row of the sheet, as the spreadsheet program shows it.
    pub number: u32,
    /// From the first column to the last filled one.
    pub cells: Vec<Cell<'a>>,
}

impl<'a> Row<'a> {
    /// The cell of a 0-based column; empty beyond the end.
    #[must_use]
    pub fn cell(&self, column: usize) -> &Cell<'a> {
        const EMPTY: &Cell<'static> = &Cell::Empty;
        self.cells.get(column).unwrap_or(EMPTY)
    }

    /// The filled cells with their 0-based columns.
    pub fn filled(&self) -> impl Iterator<Item = (usize, &Cell<'a>)> {
        self.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty())
    }

    /// The same row, holding its own texts.
    #[must_use]
    pub fn into_owned(self) -> Row<'static> {
        Row { number: self.number, cells: self.cells.into_iter().map(Cell::into_owned).collect() }
    }
}

/// `0` is `A`, `26` is `AA`.
pub(super) fn column_letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(column) + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(b'A' + (rest % 26) as u8);
        rest /= 26;
    }
    letters.iter().rev().map(|&b| char::from(b)).collect()
}

/// `AB12` is column 27 and row 12; either part may be missing.
pub(super) fn parse_reference(reference: &[u8]) -> Option<(Option<u32>, Option<u32>)> {
    let mut column = 0_u32;
    let mut row = 0_u32;
    let mut digits = false;
    for &b in reference {
        match b {
            b'$' => {}
            b'A'..=b'Z' | b'a'..=b'z' if !digits => {
                column = column * 26 + u32::from(b.to_ascii_uppercase() - b'A') + 1;
                // Sheets end at XFD, 16,384; everything beyond is damage.
                if column > 16_384 {
                    return None;
                }
            }
            b'0'..=b'9' => {
                digits = true;
                row = row * 10 + u32::from(b - b'0');
                if row > MAX_ROW {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some((column.checked_sub(1), (row > 0).then_some(row)))
}

/// The last row a workbook can have.
pub(super) const MAX_ROW: u32 = 1_048_576;

fn number_text(value: f64) -> String {
    if value.abs() < 1e21 { format!("{value}") } else { format!("{value:e}") }
}

/// The day of a serial number; `None` outside 1900–9999 and for the 29 February 1900 that never was.
fn serial_day(value: f64, since_1904: bool) -> Option<NaiveDate> {
    if !(0.0..2_958_466.0).contains(&value) {
        return None;
    }
    let days = value.trunc() as u64;
    let start = match (since_1904, days) {
        (true, _) => NaiveDate::from_ymd_opt(1904, 1, 1)?,
        (false, 0 | 60) => return None,
        (false, 1..60) => NaiveDate::from_ymd_opt(1899, 12, 31)?,
        (false, _) => NaiveDate::from_ymd_opt(1899, 12, 30)?,
    };
    start.checked_add_days(Days::new(days))
}

/// Whether a number format shows a day (a clock time alone is none).
pub(super) fn is_day_format(code: &str) -> bool {
    let mut day = false;
    let mut month = false;
    let mut clock = false;
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                // Quoted words are shown as they are.
                for quoted in chars.by_ref() {
                    if quoted == '"' {
                        break;
                    }
                }
            }
            '[' => {
                // Colours, locales and conditions; `[h]`, `[mm]`, `[ss]` count a span of time.
                let mut span = true;
                for inside in chars.by_ref() {
                    if inside == ']' {
                        break;
                    }
                    span &= matches!(inside, 'h' | 'H' | 'm' | 'M' | 's' | 'S');
                }
                clock |= span;
            }
            '\\' | '_' | '*' => {
                chars.next();
            }
            ';' => break,
            'y' | 'Y' | 'd' | 'D' => day = true,
            'm' | 'M' => month = true,
            'h' | 'H' | 's' | 'S' => clock = true,
            _ => {}
        }
    }
    // "General" and "Standard" hold letters of the date codes in other languages.
    let word = code.trim();
    if word.eq_ignore_ascii_case("general") || word.eq_ignore_ascii_case("standard") {
        return false;
    }
    day || (month && !clock)
}

/// Whether a built-in number format shows a day: ECMA-376 18.8.30, with the Chinese columns of its table.
pub(super) const fn is_builtin_day_format(id: u32) -> bool {
    matches!(id, 14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57 | 58)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_typed_as_a_number_is_flagged_and_never_guessed() {
        let cell = Cell::from_number_text("990113196503170000").unwrap();
        assert!(cell.digits_lost());
        assert_eq!(cell.text(), "990113196503170000");
        let cell = Cell::from_number_text("9.9011319650317E+17").unwrap();
        assert!(cell.digits_lost());
        assert!(Cell::from("9.90113E+17").digits_lost());
        assert!(!Cell::from("990113196503170017").digits_lost());
        assert!(!Cell::number(19_680_714.0).digits_lost());
    }

    #[test]
    fn digits_that_no_binary_number_equals_came_whole() {
        // 990113196503170017 is odd, so no double equals it: the exporter wrote the ID itself.
        let cell = Cell::from_number_text("990113196503170017").unwrap();
        assert_eq!(cell, Cell::from("990113196503170017"));
        // A double printed in full: its digits were lost before it was printed.
        let printed = format!("{:.0}", 990_113_196_503_170_017_f64);
        assert!(Cell::from_number_text(&printed).unwrap().digits_lost());
        assert_eq!(Cell::from_number_text("1e999"), None);
        assert_eq!(Cell::from_number_text("NaN"), None);
    }

    #[test]
    fn serial_numbers_become_days() {
        let day = |y, m, d| Cell::Day(NaiveDate::from_ymd_opt(y, m, d).unwrap());
        assert_eq!(Cell::from_serial(1.0, false), day(1900, 1, 1));
        assert_eq!(Cell::from_serial(59.0, false), day(1900, 2, 28));
        assert_eq!(Cell::from_serial(61.0, false), day(1900, 3, 1));
        assert_eq!(Cell::from_serial(37516.75, false), day(2002, 9, 17));
        assert_eq!(Cell::from_serial(36054.0, true), day(2002, 9, 17));
        assert_eq!(Cell::from_serial(60.0, false), Cell::number(60.0));
        assert_eq!(Cell::from_serial(-3.0, false), Cell::number(-3.0));
        assert!(Cell::from_serial(9.9e17, false).digits_lost());
    }

    #[test]
    fn date_formats_are_told_from_numbers_and_clocks() {
        for code in
            ["yyyy/m/d", "[$-804]yyyy\"年\"m\"月\"d\"日\"", "mm-dd-yy", "mmm", "m\"月\"d\"日\"", "yyyy\\-mm\\-dd h:mm"]
        {
            assert!(is_day_format(code), "{code}");
        }
        for code in ["General", "0.00_ ", "@", "h:mm:ss", "[h]:mm", "#,##0\"days\"", "[Red]0", "mm:ss", "0*d", "¥0\\d"]
        {
            assert!(!is_day_format(code), "{code}");
        }
    }

    #[test]
    fn references_are_read_and_written() {
        assert_eq!(parse_reference(b"A1"), Some((Some(0), Some(1))));
        assert_eq!(parse_reference(b"$XFD$1048576"), Some((Some(16_383), Some(1_048_576))));
        for bad in [&b"XFE1"[..], b"A1048577", b"1A", b"A-1", b"AAAAAAAAAAAAAAAAAAAAAA1", b"A99999999999"] {
            assert_eq!(parse_reference(bad), None, "{bad:?}");
        }
        for column in [0, 25, 26, 701, 702, 16_383] {
            let letters = column_letters(column);
            assert_eq!(parse_reference(letters.as_bytes()), Some((Some(column), None)));
        }
    }
}

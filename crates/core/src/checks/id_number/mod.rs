//! Identity document numbers: mended, judged, read for birth date, sex and area, and never printed in full.
//!
//! Rules: GB 11643-1999 (resident identity number, check character after ISO 7064 MOD 11-2), the residence
//! permit for Hong Kong, Macau and Taiwan residents (area 810000, 820000 or 830000), the foreign permanent
//! resident card of 2023 (first digit 9) and before (three letters, twelve digits).

mod countries;
mod findings;
mod kind;

pub use findings::{IdFault, IdNotice};
pub use kind::{IdKind, Sex};

use chrono::{Datelike, NaiveDate};

use super::text;

/// A number that has passed [`check`]. `Debug` and `Display` are masked and there is no `Serialize`: whoever
/// needs the number says so with [`IdNumber::as_str`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdNumber(Box<str>);

impl IdNumber {
    /// The whole number. Sensitive personal data: for the store, the sealed block and an audited view only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as lists show it: `990101********0014`.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.0)
    }
}

impl std::fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdNumber({})", self.masked())
    }
}

impl std::fmt::Display for IdNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Any document number as lists show it: area and last four of an 18- or 15-character number, the outer two
/// characters of a shorter one.
#[must_use]
pub fn masked(number: &str) -> String {
    if number.chars().count() >= 15 { text::masked(number, 6, 4) } else { text::masked(number, 2, 2) }
}

/// What a number says.
#[derive(Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The number, 18 characters where the kind has them.
    pub number: IdNumber,
    /// The document.
    pub kind: IdKind,
    /// Birth date, where the number carries one.
    pub birth: Option<NaiveDate>,
    /// Sex, where the number carries it.
    pub sex: Option<Sex>,
    /// The six digits of the area (county) that first issued the number; historic, may no longer exist.
    pub area: Option<Box<str>>,
    /// What the clerk should look at; nothing here refuses the number.
    pub warnings: Vec<IdNotice>,
}

impl std::fmt::Debug for Parsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The birth date is part of the number: left out as well.
        f.debug_struct("Parsed")
            .field("number", &self.number)
            .field("kind", &self.kind)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

impl Parsed {
    /// What differs between the number and the fields of the form. A warning, never a refusal: there are real
    /// cards issued with a wrong sex or birth date.
    #[must_use]
    pub fn compare(&self, sex: Option<Sex>, birth: Option<NaiveDate>) -> Vec<IdNotice> {
        let differs = |a: bool, notice| a.then_some(notice);
        let sex = matches!((self.sex, sex), (Some(a), Some(b)) if a != b);
        let birth = matches!((self.birth, birth), (Some(a), Some(b)) if a != b);
        [differs(sex, IdNotice::SexDiffers), differs(birth, IdNotice::BirthDiffers)].into_iter().flatten().collect()
    }
}

/// What typing and spreadsheets do to a number, undone: full-width characters, blanks, apostrophes, invisible
/// marks, small letters, and whatever stands for the X at the end (Cyrillic or Greek letter, ×, *).
#[must_use]
pub fn mend(number: &str) -> String {
    let mut number: String = text::tight(number)
        .chars()
        .map(|c| match c {
            'Х' | 'х' | 'Χ' | 'χ' | '×' | '✕' | '✖' | '╳' | '⨯' => 'X',
            c => c.to_ascii_uppercase(),
        })
        .collect();
    if number.ends_with('*') {
        number.pop();
        number.push('X');
    }
    number
}

/// Judges a number of the given kind on the given day.
///
/// # Errors
/// [`IdFault`]. When both check character and birth date are wrong the check character is named: a number
/// with a slip of the pen in it says nothing reliable about a birth date.
pub fn check(kind: IdKind, number: &str, today: NaiveDate) -> Result<Parsed, IdFault> {
    let number = mend(number);
    if number.is_empty() || ["无", "没有", "不详", "/", "-", "—"].contains(&number.as_str()) {
        return Err(IdFault::Missing);
    }
    match kind {
        IdKind::ResidentId => resident(&number, today),
        IdKind::HkMacauTaiwanResidence => residence_permit(&number, today),
        IdKind::PermanentResident => permanent_resident(number, today),
        IdKind::Passport => free(kind, number, 5..=20),
        IdKind::HkMacauPass => free(kind, number, 9..=11),
        IdKind::TaiwanPass => free(kind, number, 8..=12),
        IdKind::Other => Ok(bare(kind, number)),
    }
}

/// The check character that belongs to 17 digits (GB 11643-1999, 4.3); `None` when they are not 17 digits.
#[must_use]
pub fn check_character(digits: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    if digits.len() != 17 || !text::is_digits(digits) {
        return None;
    }
    let weighted = digits.bytes().zip(WEIGHTS);
    let sum: u32 = weighted.map(|(d, w)| u32::from(d - b'0') * w).sum();
    "10X98765432".chars().nth(sum as usize % 11)
}

fn resident(number: &str, today: NaiveDate) -> Result<Parsed, IdFault> {
    let old = number.len() == 15 && text::is_digits(number);
    let number = if old { from_fifteen(number)? } else { number.to_owned() };
    let mut parsed = eighteen(IdKind::ResidentId, &number, today)?;
    let area = &number[..6];
    if ["810000", "820000", "830000"].contains(&area) {
        parsed.warnings.push(IdNotice::KindDoubtful);
    } else if !known_province(area) {
        parsed.warnings.push(IdNotice::UnknownArea);
    }
    if old {
        parsed.warnings.push(IdNotice::FromFifteen);
    }
    parsed.area = Some(area.into());
    Ok(parsed)
}

fn residence_permit(number: &str, today: NaiveDate) -> Result<Parsed, IdFault> {
    let mut parsed = eighteen(IdKind::HkMacauTaiwanResidence, number, today)?;
    let area = &number[..6];
    if !["810000", "820000", "830000"].contains(&area) {
        return Err(IdFault::Form);
    }
    parsed.area = Some(area.into());
    Ok(parsed)
}

fn permanent_resident(number: String, today: NaiveDate) -> Result<Parsed, IdFault> {
    let kind = IdKind::PermanentResident;
    // Cards before December 2023; their inner layout was never published, so nothing is read from it.
    let old = number.len() == 15 && number.is_ascii();
    if old {
        let (country, digits) = number.split_at(3);
        let form = country.bytes().all(|b| b.is_ascii_uppercase()) && text::is_digits(digits);
        return if form { Ok(bare(kind, number)) } else { Err(IdFault::Form) };
    }
    let mut parsed = eighteen(kind, &number, today)?;
    if !number.starts_with('9') {
        return Err(IdFault::Form);
    }
    // 9, two digits of the place, three of the country.
    let known = number[3..6].parse().is_ok_and(countries::is_assigned);
    if !known {
        parsed.warnings.push(IdNotice::UnknownCountry);
    }
    Ok(parsed)
}

/// The common frame of all 18-character numbers: 6 digits, birth date, sequence, check character.
fn eighteen(kind: IdKind, number: &str, today: NaiveDate) -> Result<Parsed, IdFault> {
    if number.chars().count() != 18 {
        return Err(IdFault::Length);
    }
    let (body, last) = number.split_at_checked(17).ok_or(IdFault::Form)?;
    let expected = check_character(body).ok_or(IdFault::Form)?;
    if !last.bytes().all(|b| b.is_ascii_digit() || b == b'X') {
        return Err(IdFault::Form);
    }
    if !last.starts_with(expected) {
        return Err(IdFault::CheckDigit);
    }
    let birth = birth(&body[6..14], today).ok_or(IdFault::BirthDate)?;
    let odd = body.ends_with(['1', '3', '5', '7', '9']);
    Ok(Parsed {
        number: IdNumber(number.into()),
        kind,
        birth: Some(birth),
        sex: Some(if odd { Sex::Male } else { Sex::Female }),
        area: None,
        warnings: Vec::new(),
    })
}

/// Fifteen digits of before 1999 made eighteen. Sequences 996 to 999 were kept for people over a hundred.
fn from_fifteen(number: &str) -> Result<String, IdFault> {
    let century = if matches!(&number[12..], "996" | "997" | "998" | "999") { "18" } else { "19" };
    let body = format!("{}{century}{}", &number[..6], &number[6..]);
    let last = check_character(&body).ok_or(IdFault::Form)?;
    Ok(format!("{body}{last}"))
}

fn birth(digits: &str, today: NaiveDate) -> Option<NaiveDate> {
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
    let year = i32::try_from(part(0..4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, part(4..6)?, part(6..8)?)?;
    // Nobody born before 1800 ever had a number; an earlier year is a slip.
    (day.year() >= 1800 && day <= today).then_some(day)
}

/// Whether the first two digits are a province of GB/T 2260. Counties come and go: they are not judged.
fn known_province(area: &str) -> bool {
    let province = area[..2].parse::<u8>().unwrap_or(0);
    matches!(province, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
}

/// Documents without a public structure: letters and digits, and a plausible length.
fn free(kind: IdKind, number: String, length: std::ops::RangeInclusive<usize>) -> Result<Parsed, IdFault> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '(' | ')' | '-');
    if !number.chars().all(plain) {
        return Err(IdFault::Form);
    }
    if !length.contains(&number.chars().filter(char::is_ascii_alphanumeric).count()) {
        return Err(IdFault::Length);
    }
    Ok(bare(kind, number))
}

fn bare(kind: IdKind, number: String) -> Parsed {
    Parsed { number: IdNumber(number.into()), kind, birth: None, sex: None, area: None, warnings: Vec::new() }
}

#[cfg(test)]
mod tests;

//! Telephone numbers: mobile, land line, the union hotline, or honestly none.

use crate::checks::{Finding, text};
use crate::words::Say;

/// A number that has passed [`check`]; `Debug` and `Display` are masked.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(Box<str>);

impl Phone {
    /// The whole number. Personal data: for the store and an audited view only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as lists show it: `139****4567`, `0518****678`.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.0)
    }
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

impl std::fmt::Display for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Any telephone number as lists show it; the hotline is public and stays.
#[must_use]
pub fn masked(number: &str) -> String {
    if number == HOTLINE { number.to_owned() } else { text::masked(number, 3, 4) }
}

/// How a person can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// Mobile telephone, 11 digits.
    Mobile(Phone),
    /// Land line: area code, dash, number, optional dash and extension.
    LandLine(Phone),
    /// The union hotline 12351.
    Hotline(Phone),
    /// There is none; why, as the clerk wrote it.
    None(Reason),
}

impl Contact {
    /// The number to store; `None` when there is none.
    #[must_use]
    pub fn phone(&self) -> Option<&Phone> {
        match self {
            Self::Mobile(phone) | Self::LandLine(phone) | Self::Hotline(phone) => Some(phone),
            Self::None(_) => None,
        }
    }
}

/// Why somebody has no telephone. May say things about the person, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Reason(Box<str>);

impl Reason {
    /// The reason.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reason(…)")
    }
}

/// Why a number was refused (an import keeps the row and warns).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.say().en)]
pub enum PhoneFault {
    /// Nothing was entered.
    Missing,
    /// Neither a mobile nor a land line.
    Invalid,
    /// A local number without its area code.
    AreaCode,
    /// 无 without a reason.
    NoReason,
}

const HOTLINE: &str = "12351";

/// Half-width, without blanks and invisible marks, any dash made `-`, `(0518)` and 转 made dashes, the country
/// code of China removed, a mobile number without dashes.
#[must_use]
pub fn mend(number: &str) -> String {
    let mut mended = String::new();
    for c in text::tight(number).chars() {
        match c {
            c if text::is_dash(c) => mended.push('-'),
            ')' | '转' => mended.push('-'),
            '(' | '+' => {}
            c => mended.push(c),
        }
    }
    let mended = mended.trim_matches('-').replace("--", "-");
    let bare = mended.replace('-', "");
    // Only a country code when a mobile number or an area code follows.
    let home = ["0086", "86"].iter().find_map(|code| {
        let rest = bare.strip_prefix(code)?;
        (is_mobile(rest) || (rest.starts_with('0') && number.contains('+'))).then_some(rest)
    });
    match home {
        Some(rest) => rest.to_owned(),
        None if is_mobile(&bare) => bare,
        None => mended,
    }
}

/// Judges a number.
///
/// # Errors
/// [`PhoneFault`].
pub fn check(number: &str) -> Result<Contact, PhoneFault> {
    // Before mending, which would take the blanks out of the reason.
    if let Some(reason) = number.trim_start().strip_prefix('无') {
        return none(reason);
    }
    let number = mend(number);
    if number.is_empty() {
        return Err(PhoneFault::Missing);
    }
    if number == HOTLINE {
        return Ok(Contact::Hotline(Phone(number.into())));
    }
    if is_mobile(&number) {
        return Ok(Contact::Mobile(Phone(number.into())));
    }
    if let Some(line) = land_line(&number) {
        return Ok(Contact::LandLine(Phone(line.into())));
    }
    let local = number.split('-').next().unwrap_or_default();
    if matches!(local.len(), 7 | 8) && text::is_digits(local) && !local.starts_with(['0', '1']) {
        return Err(PhoneFault::AreaCode);
    }
    Err(PhoneFault::Invalid)
}

/// "Has no telephone", with the reason the form asks for.
///
/// # Errors
/// [`PhoneFault::NoReason`] when the reason is empty.
pub fn none(reason: &str) -> Result<Contact, PhoneFault> {
    let sign = |c: char| c.is_whitespace() || "-()（）:：,，;；/.。".contains(c);
    let reason = reason.trim_matches(sign);
    if reason.is_empty() {
        return Err(PhoneFault::NoReason);
    }
    Ok(Contact::None(Reason(reason.into())))
}

/// `1[3-9]` and nine digits.
fn is_mobile(number: &str) -> bool {
    let second = number.as_bytes().get(1);
    number.len() == 11 && text::is_digits(number) && number.starts_with('1') && matches!(second, Some(b'3'..=b'9'))
}

/// `0` and 2 or 3 digits, a dash where one belongs, 7 or 8 digits, optional extension of 1 to 6 digits.
fn land_line(number: &str) -> Option<String> {
    let mut parts = number.split('-');
    let first = parts.next()?;
    // 010 and 02x have three digits, every other area four.
    let area_len = if first.starts_with("010") || first.starts_with("02") { 3 } else { 4 };
    let (area, line) = if first.len() > 4 { first.split_at_checked(area_len)? } else { (first, parts.next()?) };
    let extension = parts.next();
    let fits =
        |part: &str, lengths: std::ops::RangeInclusive<usize>| text::is_digits(part) && lengths.contains(&part.len());
    let good = area.starts_with('0')
        && fits(area, 3..=4)
        && fits(line, 7..=8)
        && extension.is_none_or(|e| fits(e, 1..=6))
        && parts.next().is_none();
    let tail = extension.map(|e| format!("-{e}")).unwrap_or_default();
    good.then(|| format!("{area}-{line}{tail}"))
}

impl PhoneFault {
    /// The key of an import report: everything that is there but no number is `phone_invalid`.
    #[must_use]
    pub fn import_key(self) -> &'static str {
        match self {
            Self::Missing => self.key(),
            _ => Self::Invalid.key(),
        }
    }
}

impl Finding for PhoneFault {
    fn key(&self) -> &'static str {
        match self {
            Self::Missing => "phone_missing",
            Self::Invalid => "phone_invalid",
            Self::AreaCode => "phone_area_code",
            Self::NoReason => "phone_no_reason",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::Missing => Say::new(
                "没有填写电话，有事联系不上本人。请补填；确实没有的，填“无”并写明原因。",
                "No telephone was entered, so the person cannot be reached. Add one; if there is none, write 无 and why.",
            ),
            Self::Invalid => Say::new(
                "这不是完整的电话号码。手机应为 11 位，座机应带区号（如 0518-87212345）。请核对后重填。",
                "This is no complete telephone number. A mobile has 11 digits; a land line needs its area code (such as 0518-87212345). Please check it.",
            ),
            Self::AreaCode => Say::new(
                "座机缺少区号，外地打不通。请在前面加上区号，例如 0518-87212345。",
                "The area code is missing, so the number does not work from elsewhere. Put it in front, for example 0518-87212345.",
            ),
            Self::NoReason => Say::new(
                "填了“无”但没有写原因。请写明，例如：无（家中无电话）。",
                "It says 无 (none) without a reason. Add it, for example: 无（家中无电话）.",
            ),
        }
    }

    fn source(&self) -> &'static str {
        match self {
            Self::Missing | Self::NoReason => "会员信息采集表: 移动电话 is mandatory; office practice",
            Self::Invalid | Self::AreaCode => "numbering plan of the public telephone network",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mobile(number: &str) -> Contact {
        Contact::Mobile(Phone(number.into()))
    }

    fn line(number: &str) -> Contact {
        Contact::LandLine(Phone(number.into()))
    }

    #[test]
    fn mobiles_are_mended() {
        for typed in [
            "19527601895",
            "+86 19527601895",
            "+8619527601895",
            "0086-195-2760-1895",
            "86 19527601895",
            "195-2760-1895",
            "195 2760 1895",
            "１９５２７６０１８９５",
            "'19527601895",
            "195－2760—1895",
            "\u{202D}19527601895\u{202C}",
        ] {
            assert_eq!(check(typed), Ok(mobile("19527601895")), "{typed:?}");
        }
    }

    #[test]
    fn land_lines_get_their_dashes() {
        let expected = [
            ("0518-87212345", "0518-87212345"),
            ("051887212345", "0518-87212345"),
            ("0518 87212345", "0518-87212345"),
            ("(0518)87212345", "0518-87212345"),
            ("（0518）8721234", "0518-8721234"),
            ("01062512345", "010-62512345"),
            ("02583212345", "025-83212345"),
            ("0518-87212345-801", "0518-87212345-801"),
            ("0518-87212345转801", "0518-87212345-801"),
            ("+86 0518 87212345", "0518-87212345"),
        ];
        for (typed, stored) in expected {
            assert_eq!(check(typed), Ok(line(stored)), "{typed}");
        }
    }

    #[test]
    fn the_hotline_and_none_with_a_reason() {
        assert!(matches!(check("12351"), Ok(Contact::Hotline(_))));
        assert_eq!(check("无"), Err(PhoneFault::NoReason));
        assert_eq!(check("无（）"), Err(PhoneFault::NoReason));
        let Ok(Contact::None(reason)) = check("无（家中无电话）") else {
            panic!("a reason was given");
        };
        assert_eq!(reason.as_str(), "家中无电话");
        let Ok(Contact::None(reason)) = check(" 无：转业 在外") else {
            panic!("a reason was given");
        };
        assert_eq!(reason.as_str(), "转业 在外");
        assert!(check("无").is_err_and(|fault| fault.import_key() == "phone_invalid"));
    }

    #[test]
    fn wrong_numbers_say_what_is_wrong() {
        let expected = [
            ("1763269766", PhoneFault::Invalid),
            ("123456789012", PhoneFault::Invalid),
            ("12012345678", PhoneFault::Invalid),
            ("87212345", PhoneFault::AreaCode),
            ("8721234-801", PhoneFault::AreaCode),
            ("0518-872123", PhoneFault::Invalid),
            ("0518-87212345-8012345", PhoneFault::Invalid),
            ("0518-87212345-8-1", PhoneFault::Invalid),
            ("13912345678/13812345678", PhoneFault::Invalid),
            ("不知道", PhoneFault::Invalid),
            ("零五一八八七二一", PhoneFault::Invalid),
            (" ", PhoneFault::Missing),
        ];
        for (typed, fault) in expected {
            assert_eq!(check(typed), Err(fault), "{typed}");
        }
    }

    #[test]
    fn nothing_printable_shows_a_number() {
        let contact = check("13912345678").unwrap();
        assert_eq!(contact.phone().unwrap().to_string(), "139****5678");
        assert!(!format!("{contact:?}").contains("1234"));
        assert_eq!(masked("12351"), "12351");
        assert_eq!(masked("8721234"), "*******");
        assert!(!format!("{:?}", check("无：病重")).contains("病重"));
    }
}

//! Bank card numbers: 16 to 19 digits; a failing Luhn check is only a notice.

use crate::checks::{Finding, text};
use crate::words::Say;

/// A card number that has passed [`check`]; `Debug` and `Display` are masked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BankCard(Box<str>);

impl BankCard {
    /// The whole number. Financial data: for the store, payouts and an audited view only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as lists show it: first and last four digits.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.0)
    }
}

/// A stored number as lists show it: first and last four digits.
#[must_use]
pub fn masked(number: &str) -> String {
    text::masked(number, 4, 4)
}

impl std::fmt::Debug for BankCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BankCard({})", self.masked())
    }
}

impl std::fmt::Display for BankCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Why a number was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.say().en)]
pub enum CardFault {
    /// Nothing was entered.
    Missing,
    /// Not 16 to 19 digits.
    Length,
    /// Something other than digits.
    Form,
}

/// What is only worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardNotice {
    /// The Luhn check fails; some old cards and passbook accounts never satisfy it.
    Luhn,
}

/// Half-width, without blanks, dashes and apostrophes.
#[must_use]
pub fn mend(number: &str) -> String {
    let mut number = text::tight(number);
    number.retain(|c| !text::is_dash(c));
    number
}

/// Judges a card number; the notice, if any, does not refuse it.
///
/// # Errors
/// [`CardFault`].
pub fn check(number: &str) -> Result<(BankCard, Option<CardNotice>), CardFault> {
    let number = mend(number);
    if number.is_empty() {
        return Err(CardFault::Missing);
    }
    if !text::is_digits(&number) {
        return Err(CardFault::Form);
    }
    if !(16..=19).contains(&number.len()) {
        return Err(CardFault::Length);
    }
    let notice = (!luhn(&number)).then_some(CardNotice::Luhn);
    Ok((BankCard(number.into()), notice))
}

/// Luhn check (ISO/IEC 7812-1) over digits.
#[must_use]
pub fn luhn(digits: &str) -> bool {
    let doubled = |(i, b): (usize, u8)| {
        let digit = u32::from(b.saturating_sub(b'0'));
        if i % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(doubled).sum();
    text::is_digits(digits) && sum.is_multiple_of(10)
}

impl Finding for CardFault {
    fn key(&self) -> &'static str {
        match self {
            Self::Missing => "bank_card_missing",
            Self::Length => "bank_card_length",
            Self::Form => "bank_card_form",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::Missing => Say::new(
                "没有填写银行卡号，款项发不到本人。请照银行卡补填。",
                "No bank card number was entered, so nothing can be paid to the person. Copy it from the card.",
            ),
            Self::Length => Say::new(
                "银行卡号应为 16 到 19 位数字，现在的位数不对。请照银行卡核对。",
                "A bank card number has 16 to 19 digits; this has more or fewer. Compare it with the card.",
            ),
            Self::Form => Say::new(
                "银行卡号里有数字以外的字符。请照银行卡核对，只填数字。",
                "There is something other than digits in the bank card number. Compare it with the card and enter digits only.",
            ),
        }
    }

    fn source(&self) -> &'static str {
        "ISO/IEC 7812-1; cards issued in China have 16 to 19 digits"
    }
}

impl Finding for CardNotice {
    fn key(&self) -> &'static str {
        "bank_card_luhn"
    }

    fn say(&self) -> Say {
        Say::new(
            "银行卡号的校验位不符，可能抄错。少数老卡和存折账号确实如此，号码照常保存；发放前请核对。",
            "The check digit of the bank card number does not fit; it may be miscopied. Some old cards and passbooks are like that, so it is kept; check it before paying.",
        )
    }

    fn source(&self) -> &'static str {
        "ISO/IEC 7812-1 (Luhn), advisory"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_cards_pass() {
        for number in ["9999990000000006", "999999000000000006", "9999990000000000014", "9999991234567890124"] {
            let (card, notice) = check(number).unwrap();
            assert_eq!(card.as_str(), number);
            assert_eq!(notice, None, "{number}");
        }
        let (card, _) = check("’９９９９ ９９００-0000-0006").unwrap();
        assert_eq!(card.as_str(), "9999990000000006");
    }

    #[test]
    fn a_failing_luhn_is_a_notice_and_never_a_refusal() {
        let (card, notice) = check("9999990000000007").unwrap();
        assert_eq!(notice, Some(CardNotice::Luhn));
        assert_eq!(card.masked(), "9999********0007");
        assert!(!luhn("999999000000000X"));
    }

    #[test]
    fn the_rest_is_refused() {
        assert_eq!(check("").unwrap_err(), CardFault::Missing);
        assert_eq!(check("999999000000000").unwrap_err(), CardFault::Length);
        assert_eq!(check("99999900000000000144").unwrap_err(), CardFault::Length);
        assert_eq!(check("9999990000000O06").unwrap_err(), CardFault::Form);
    }

    #[test]
    fn nothing_printable_shows_a_number() {
        let shown = format!("{:?}", check("9999991234567890124").unwrap());
        assert!(!shown.contains("1234567"));
    }
}

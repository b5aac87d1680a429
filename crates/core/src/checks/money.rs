//! Money in fen, read and written as offices do, in figures and in words.

use crate::checks::{Finding, text};
use crate::words::Say;

/// An amount of money in fen (1/100 yuan). Never a floating-point number.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Fen(pub i64);

/// Why an amount was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.say().en)]
pub enum MoneyFault {
    /// Nothing was entered.
    Missing,
    /// Not a number.
    Form,
    /// More than two decimals.
    Decimals,
    /// Beyond what can be counted.
    TooLarge,
    /// Below zero where that cannot be.
    Negative,
}

impl Fen {
    /// Reads 1234, 1,234.5, ￥1234.56 and 1234.56元, with full-width digits.
    ///
    /// # Errors
    /// [`MoneyFault`]; a third decimal is refused, not rounded.
    pub fn parse(amount: &str) -> Result<Self, MoneyFault> {
        let amount = text::tight(amount);
        let amount = amount.trim_start_matches(['¥', '￥']).trim_end_matches('元');
        let (negative, amount) = match amount.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, amount),
        };
        if amount.is_empty() {
            return Err(MoneyFault::Missing);
        }
        let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
        let whole = without_group_marks(whole).ok_or(MoneyFault::Form)?;
        if !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(MoneyFault::Form);
        }
        if part.len() > 2 {
            return Err(MoneyFault::Decimals);
        }
        // "5" after the point are five jiao, that is fifty fen.
        let digits = format!("{whole}{part:0<2}");
        let fen: i64 = digits.parse().map_err(|_| MoneyFault::TooLarge)?;
        Ok(Self(if negative { -fen } else { fen }))
    }

    /// Refuses an amount below zero.
    ///
    /// # Errors
    /// [`MoneyFault::Negative`].
    pub fn not_negative(self) -> Result<Self, MoneyFault> {
        if self.0 < 0 { Err(MoneyFault::Negative) } else { Ok(self) }
    }

    /// The sum, or `None` when it cannot be counted any more.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The amount in words as receipts want it: 壹仟零贰拾元伍角整.
    ///
    /// Rules: 中国人民银行《支付结算办法》 annex 1 (正确填写票据和结算凭证的基本规定). Where the annex leaves it free, 整 is
    /// written after 角, and no 零 between a zero 元 (or 万) digit and a following figure that is not zero.
    #[must_use]
    pub fn in_words(self) -> String {
        let fen = self.0.unsigned_abs();
        let (yuan, jiao, cent) = (fen / 100, (fen / 10 % 10) as usize, (fen % 10) as usize);
        let mut words = String::from(if self.0 < 0 { "负" } else { "" });
        if fen == 0 {
            return "零元整".to_owned();
        }
        if yuan > 0 {
            words.push_str(&whole_in_words(yuan));
            words.push('元');
        }
        if jiao > 0 {
            words.push_str(FIGURES[jiao]);
            words.push('角');
        } else if cent > 0 && yuan > 0 {
            words.push('零');
        }
        if cent > 0 {
            words.push_str(FIGURES[cent]);
            words.push('分');
        } else {
            words.push('整');
        }
        words
    }
}

/// Figures with two decimals and no grouping: `1234.50`.
impl std::fmt::Display for Fen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

const FIGURES: [&str; 10] = ["零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"];

/// A whole number in words: split at the largest unit, a 零 where the unit below it is skipped.
fn whole_in_words(number: u64) -> String {
    const UNITS: [(u64, &str); 5] = [(100_000_000, "亿"), (10_000, "万"), (1000, "仟"), (100, "佰"), (10, "拾")];
    let Some((unit, name)) = UNITS.into_iter().find(|(unit, _)| number >= *unit) else {
        return FIGURES[number as usize].to_owned();
    };
    let (head, rest) = (whole_in_words(number / unit), number % unit);
    match rest {
        0 => format!("{head}{name}"),
        rest if rest < unit / 10 => format!("{head}{name}零{}", whole_in_words(rest)),
        rest => format!("{head}{name}{}", whole_in_words(rest)),
    }
}

/// Digits without their thousands commas; `None` when the commas stand in odd places or something else is there.
fn without_group_marks(whole: &str) -> Option<String> {
    let groups: Vec<&str> = whole.split([',', '，']).collect();
    let (first, rest) = groups.split_first()?;
    let plain = rest.is_empty() || (!first.is_empty() && first.len() <= 3);
    let good = text::is_digits(first) && plain && rest.iter().all(|g| g.len() == 3 && text::is_digits(g));
    good.then(|| groups.concat())
}

impl Finding for MoneyFault {
    fn key(&self) -> &'static str {
        match self {
            Self::Missing => "amount_missing",
            Self::Form => "amount_form",
            Self::Decimals => "amount_decimals",
            Self::TooLarge => "amount_too_large",
            Self::Negative => "amount_negative",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::Missing => Say::new(
                "没有填写金额。请填写数字，例如 1200.50。",
                "No amount was entered. Enter figures, for example 1200.50.",
            ),
            Self::Form => Say::new(
                "这不是一个金额。请只填数字和小数点，例如 1200.50。",
                "This is not an amount. Enter only figures and a decimal point, for example 1200.50.",
            ),
            Self::Decimals => Say::new(
                "金额最多到分（两位小数）。程序不替您四舍五入，请改成两位小数。",
                "Amounts go down to the fen (two decimals). Nothing is rounded for you; please enter two decimals.",
            ),
            Self::TooLarge => Say::new(
                "金额太大，多半是多打了几位。请核对。",
                "The amount is too large; a few digits too many were probably typed. Please check it.",
            ),
            Self::Negative => {
                Say::new("这里的金额不能小于零。请核对后重填。", "This amount cannot be below zero. Please check it.")
            }
        }
    }

    fn source(&self) -> &'static str {
        "office practice"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_exactly() {
        let expected = [
            ("1234", 123_400),
            ("1,234.5", 123_450),
            ("￥1234.56", 123_456),
            ("１２３４．５６元", 123_456),
            ("0.05", 5),
            ("-250", -25_000),
            ("12，345，678.9", 1_234_567_890),
        ];
        for (typed, fen) in expected {
            assert_eq!(Fen::parse(typed), Ok(Fen(fen)), "{typed}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let expected = [
            ("", MoneyFault::Missing),
            ("元", MoneyFault::Missing),
            ("-", MoneyFault::Missing),
            ("1,23", MoneyFault::Form),
            (",123", MoneyFault::Form),
            ("1.2.3", MoneyFault::Form),
            ("一千", MoneyFault::Form),
            (".5", MoneyFault::Form),
            ("1.234", MoneyFault::Decimals),
            ("99999999999999999999", MoneyFault::TooLarge),
        ];
        for (typed, fault) in expected {
            assert_eq!(Fen::parse(typed), Err(fault), "{typed}");
        }
        assert_eq!(Fen(-1).not_negative(), Err(MoneyFault::Negative));
        assert_eq!(Fen(i64::MAX).plus(Fen(1)), None);
        assert_eq!(Fen(1).plus(Fen(2)), Some(Fen(3)));
    }

    #[test]
    fn shown_with_two_decimals() {
        let shown = [0, 5, -5, 2280, -123_456].map(|fen| Fen(fen).to_string());
        assert_eq!(shown, ["0.00", "0.05", "-0.05", "22.80", "-1234.56"]);
    }

    #[test]
    fn amounts_in_words() {
        let expected = [
            ("0", "零元整"),
            ("0.05", "伍分"),
            ("0.5", "伍角整"),
            ("0.15", "壹角伍分"),
            ("10", "壹拾元整"),
            ("15.00", "壹拾伍元整"),
            ("100", "壹佰元整"),
            ("101", "壹佰零壹元整"),
            ("1010", "壹仟零壹拾元整"),
            // Examples of the annex.
            ("1409.50", "壹仟肆佰零玖元伍角整"),
            ("6007.14", "陆仟零柒元壹角肆分"),
            ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
            ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
            ("325.04", "叁佰贰拾伍元零肆分"),
            ("107000.53", "壹拾万柒仟元伍角叁分"),
            ("10000", "壹万元整"),
            ("10001", "壹万零壹元整"),
            ("10010", "壹万零壹拾元整"),
            ("100000001", "壹亿零壹元整"),
            ("100010000", "壹亿零壹万元整"),
            ("101000000", "壹亿零壹佰万元整"),
            ("120000000", "壹亿贰仟万元整"),
            ("100001000", "壹亿零壹仟元整"),
            ("20500300.40", "贰仟零伍拾万零叁佰元肆角整"),
            ("1000000000000", "壹万亿元整"),
            ("12345678901234.56", "壹拾贰万叁仟肆佰伍拾陆亿柒仟捌佰玖拾万壹仟贰佰叁拾肆元伍角陆分"),
            ("-250", "负贰佰伍拾元整"),
        ];
        for (figures, words) in expected {
            assert_eq!(Fen::parse(figures).unwrap().in_words(), words, "{figures}");
        }
    }
}

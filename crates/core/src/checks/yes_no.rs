//! Yes and no, in the signs that forms are really filled in with.

use crate::checks::{Finding, text};
use crate::words::Say;

/// Why an answer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.say().en)]
pub enum YesNoFault {
    /// Nothing was entered. Not the same as no.
    Missing,
    /// Neither yes nor no.
    Unclear,
}

/// Reads 是/否, √/×, Y/N, 1/0 and their usual variants.
///
/// # Errors
/// [`YesNoFault`].
pub fn check(answer: &str) -> Result<bool, YesNoFault> {
    let answer = text::tight(answer).to_lowercase();
    match answer.as_str() {
        "" => Err(YesNoFault::Missing),
        "是" | "√" | "✓" | "✔" | "☑" | "✅" | "有" | "对" | "y" | "yes" | "t" | "true" | "1" => Ok(true),
        "否" | "不是" | "×" | "✗" | "✘" | "✕" | "✖" | "❌" | "x" | "х" | "无" | "没有" | "n" | "no" | "f" | "false"
        | "0" => Ok(false),
        _ => Err(YesNoFault::Unclear),
    }
}

impl Finding for YesNoFault {
    fn key(&self) -> &'static str {
        match self {
            Self::Missing => "yes_no_missing",
            Self::Unclear => "yes_no_unclear",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::Missing => Say::new(
                "这里没有填“是”或“否”。空着不算“否”，请选一项。",
                "Neither yes nor no was entered. Empty does not mean no; please choose.",
            ),
            Self::Unclear => Say::new(
                "看不出这里是“是”还是“否”。请填“是”或“否”。",
                "It is not clear whether this means yes or no. Enter 是 (yes) or 否 (no).",
            ),
        }
    }

    fn source(&self) -> &'static str {
        "会员信息采集表: 填写“是”或“否”"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_the_rosters() {
        for yes in ["是", "√", " 是 ", "Y", "ｙ", "1", "１", "✓", "TRUE"] {
            assert_eq!(check(yes), Ok(true), "{yes}");
        }
        for no in ["否", "×", "x", "N", "0", "０", "✗", "false", "不是"] {
            assert_eq!(check(no), Ok(false), "{no}");
        }
        assert_eq!(check("　"), Err(YesNoFault::Missing));
        assert_eq!(check("同上"), Err(YesNoFault::Unclear));
        assert_eq!(check("2"), Err(YesNoFault::Unclear));
    }
}

//! What the clerk typed, taken apart: words between blanks, each to be found in names, in codes, or in both.

use zeroize::{DefaultIsZeroes, Zeroize, Zeroizing};

use super::{numbers, texts};
use crate::pinyin;

/// Longer words are cut: what is typed beyond this many signs narrows nothing further.
pub(super) const LONGEST: usize = 63;

/// One sign of a word.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Sign {
    /// A letter a–z (pinyin, or itself in a Latin name) or a digit.
    Ascii(u8),
    /// Any other character: itself.
    Char(char),
    /// One character that cannot be read.
    #[default]
    Any,
    /// The apostrophe of `xi'an`: here a syllable begins.
    Bound,
}

impl DefaultIsZeroes for Sign {}

/// Where codes are looked at for a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codes {
    /// Not at all: it has characters that no code has.
    No,
    /// Only when names give few: one or two letters, which are somebody's initials nearly always.
    IfFew,
    /// Always.
    Yes,
}

/// One word of the query; every word must be found. Wiped when dropped, and never printed: it may be an ID number.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Word {
    pub(super) signs: Vec<Sign>,
    pub(super) codes: Codes,
}

impl Drop for Word {
    fn drop(&mut self) {
        self.signs.zeroize();
    }
}

impl Word {
    fn new(text: &str) -> Option<Self> {
        let mut signs: Vec<Sign> = Vec::new();
        for c in text.chars() {
            let sign = match c {
                '?' | '*' => Sign::Any,
                'a'..='z' | '0'..='9' => Sign::Ascii(c as u8),
                // Where the keyboard has ü.
                'ü' => Sign::Ascii(b'v'),
                '\'' | '’' if matches!(signs.last(), Some(Sign::Ascii(_))) => Sign::Bound,
                c if pinyin::is_sign(c) => continue,
                c => Sign::Char(c),
            };
            signs.push(sign);
            if signs.len() == LONGEST {
                break;
            }
        }
        while signs.last() == Some(&Sign::Bound) {
            signs.pop();
        }
        if signs.is_empty() {
            return None;
        }
        let codes = codes(&signs);
        Some(Self { signs, codes })
    }

    /// Whether a name may be meant by its sound: it has letters and is not the end of an ID number (123X).
    pub(super) fn is_sound(&self) -> bool {
        let letter = |s: &Sign| matches!(s, Sign::Ascii(b'a'..=b'z'));
        self.signs.iter().any(letter) && !(self.has_digit() && self.digits().is_some())
    }

    /// Only digits and signs for one: names have them rarely.
    pub(super) fn is_number(&self) -> bool {
        self.signs.iter().all(|s| matches!(s, Sign::Ascii(b'0'..=b'9') | Sign::Any)) && self.has_digit()
    }

    fn has_digit(&self) -> bool {
        self.signs.iter().any(|s| matches!(s, Sign::Ascii(b'0'..=b'9')))
    }

    /// Whether everything that `self` finds is also found by `shorter`.
    pub(super) fn narrows(&self, shorter: &Self) -> bool {
        self.signs.starts_with(&shorter.signs) && (self.codes == shorter.codes || self.codes == Codes::No)
    }

    /// The word as digits, when numbers can have it.
    pub(super) fn digits(&self) -> Option<Vec<u8>> {
        self.signs
            .iter()
            .map(|sign| match sign {
                Sign::Ascii(c @ b'0'..=b'9') => Some(c - b'0'),
                Sign::Ascii(b'x') => Some(numbers::X),
                Sign::Any => Some(numbers::ANY),
                _ => None,
            })
            .collect()
    }

    /// The word as a code would have it.
    pub(super) fn code(&self) -> Vec<u8> {
        self.signs
            .iter()
            .filter_map(|sign| match sign {
                Sign::Ascii(c) => Some(c.to_ascii_uppercase()),
                Sign::Any => Some(texts::ANY),
                Sign::Char(_) | Sign::Bound => None,
            })
            .collect()
    }
}

fn codes(signs: &[Sign]) -> Codes {
    let foreign = |s: &Sign| matches!(s, Sign::Char(_) | Sign::Bound);
    if signs.iter().any(foreign) || signs.iter().all(|s| *s == Sign::Any) {
        return Codes::No;
    }
    let digit = |s: &Sign| matches!(s, Sign::Ascii(b'0'..=b'9'));
    let x = |s: &Sign| matches!(s, Sign::Ascii(b'x') | Sign::Any);
    if signs.iter().any(digit) || signs.len() > 2 {
        Codes::Yes
    } else if signs.iter().all(x) {
        // A lone x is an initial, not the X of every eleventh ID number.
        Codes::No
    } else {
        Codes::IfFew
    }
}

/// The words of a query. Full width, upper case and the many dots and hyphens do not matter.
pub(super) fn words(query: &str) -> Vec<Word> {
    let folded: Zeroizing<String> = Zeroizing::new(query.chars().map(pinyin::fold).collect());
    folded.split_whitespace().filter_map(Word::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(query: &str) -> Word {
        words(query).remove(0)
    }

    #[test]
    fn signs_are_folded() {
        assert_eq!(one("ＷａｎｇＦ"), one("wangf"));
        assert_eq!(one("１３８-00１3").digits(), Some(vec![1, 3, 8, 0, 0, 1, 3]));
        assert_eq!(one("王？＊").signs, [Sign::Char('王'), Sign::Any, Sign::Any]);
        assert_eq!(one("阿·卜"), one("阿卜"));
        assert_eq!(one("lü"), one("lv"));
        assert_eq!(one("xi'"), one("xi"));
        assert_eq!(words(" 王\u{3000}芳 ").len(), 2);
        assert!(words("·  -").is_empty());
    }

    #[test]
    fn codes_are_looked_at_when_it_can_be_one() {
        for (query, codes) in [
            ("ma", Codes::IfFew),
            ("ma0", Codes::Yes),
            ("mac", Codes::Yes),
            ("x", Codes::No),
            ("1x", Codes::Yes),
            ("1", Codes::Yes),
            ("王1", Codes::No),
            ("xi'an", Codes::No),
            ("??", Codes::No),
            ("?1", Codes::Yes),
        ] {
            assert_eq!(one(query).codes, codes, "{query}");
        }
        assert!(one("王f").narrows(&one("王")));
        assert!(one("1234").narrows(&one("12")));
        assert!(!one("mac").narrows(&one("ma")), "codes come into view");
        assert!(!one("zhang").narrows(&one("zhong")));
    }
}

//! How near two names are, and why. Pure, and about writing and sound alone: whether two entries are one person is decided by a
//! person, and proposed only where something else agrees as well (`likeness`).

use super::{likeness::Reason, variants};
use crate::{
    checks::name::{self, SEPARATOR},
    pinyin,
};

/// How near two names are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    /// So many have names like these that both birth date and telephone must agree.
    Faint,
    /// A slip of the pen or of the ear apart.
    Near,
    /// The same name, however it is written.
    Same,
}

/// A name ready to be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// Its characters without dots and blanks, folded.
    written: Vec<char>,
    /// The same, each in its common form.
    common: Vec<char>,
    /// Characters before the first dot; nothing where there is none.
    first: usize,
}

/// One spelling for all syllables that are taken for each other.
fn heard_as(plain: &str) -> String {
    let plain = plain.strip_suffix('g').unwrap_or(plain);
    match plain.as_bytes() {
        [b'z' | b'c' | b's', b'h', ..] => format!("{}{}", &plain[..1], &plain[2..]),
        [b'l', ..] => format!("n{}", &plain[1..]),
        _ => plain.to_owned(),
    }
    .replace('v', "u")
}

/// What stands in lists where a character could not be read or was hidden.
fn lost(c: char) -> bool {
    matches!(c, '?' | '*' | '\u{FFFD}' | '□' | '■' | '〓')
}

impl Form {
    pub(super) fn of(entered: &str) -> Self {
        // What the check would refuse is compared as it stands.
        let name = name::check(entered).map_or_else(|_| entered.to_owned(), |checked| checked.name.as_str().to_owned());
        let first = name.split(SEPARATOR).next().filter(|part| part.len() < name.len());
        let first = first.map_or(0, |part| part.chars().count());
        let kept = |c: &char| lost(*c) || !pinyin::is_sign(*c);
        // A variation selector chooses the look of the ideograph before it, and is none of its own.
        let selects = |c: &char| matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}');
        let written: Vec<char> = name.chars().map(pinyin::fold).filter(kept).filter(|c| !selects(c)).collect();
        let common = written.iter().map(|c| variants::common(*c)).collect();
        Self { written, common, first }
    }

    fn len(&self) -> usize {
        self.common.len()
    }

    /// Under which of these two near names are found together: near names share one of them.
    pub(super) fn keys(&self) -> Vec<String> {
        let sound = |at: Option<usize>| -> String {
            let Some(at) = at else { return String::new() };
            let c = self.common[at];
            pinyin::sounds(c, at == 0).first().map_or_else(|| c.to_string(), |plain| heard_as(plain))
        };
        let (first, last) = (0, self.len().checked_sub(1));
        let mut keys = vec![format!("<{}", sound(last.map(|_| first))), format!(">{}", sound(last))];
        let mut chars = self.common.clone();
        chars.sort_unstable();
        keys.push(chars.into_iter().collect());
        keys
    }
}

/// How near two names are; nothing where they are names of different people as far as names tell.
pub(super) fn near(one: &Form, other: &Form) -> Option<(Nearness, Reason)> {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    if short.len() < 2 {
        return None;
    }
    if one.written == other.written {
        return Some((Nearness::Same, Reason::SameName));
    }
    if one.common == other.common {
        return Some((Nearness::Same, Reason::VariantName));
    }
    if short.len() < long.len() {
        return shorter(short, long);
    }
    let differ: Vec<usize> = (0..short.len()).filter(|at| one.common[*at] != other.common[*at]).collect();
    if differ.iter().all(|at| lost(one.common[*at]) || lost(other.common[*at])) && differ.len() < short.len() {
        return Some((Nearness::Near, Reason::LostCharacter));
    }
    match heard(one, other, &differ) {
        Some(true) => return Some((Nearness::Near, Reason::SameSound)),
        Some(false) => return Some((Nearness::Near, Reason::NearSound)),
        None => {}
    }
    match differ.as_slice() {
        [a, b] if one.common[*a] == other.common[*b] && one.common[*b] == other.common[*a] => {
            Some((Nearness::Near, Reason::Swapped))
        }
        // Of two characters one is half the name: 王芳 and 王丽 are as a rule two people.
        [_] if short.len() == 2 => Some((Nearness::Faint, Reason::OneCharacter)),
        [_] => Some((Nearness::Near, Reason::OneCharacter)),
        // Names of many characters are transliterated now this way, now that.
        [_, _] if short.len() >= LONG => Some((Nearness::Near, Reason::OneCharacter)),
        _ => None,
    }
}

/// From this many characters on two may differ.
const LONG: usize = 6;

/// A name that has fewer characters: one was left out, or the part behind the dot.
fn shorter(short: &Form, long: &Form) -> Option<(Nearness, Reason)> {
    if long.first == short.len() && long.common[..long.first] == short.common[..] {
        return Some((Nearness::Near, Reason::PartOfName));
    }
    if long.len() != short.len() + 1 {
        return None;
    }
    let same = short.common.iter().zip(&long.common).take_while(|(a, b)| a == b).count();
    (long.common[same + 1..] == short.common[same..]).then_some((Nearness::Near, Reason::LeftOut))
}

/// Whether the characters that differ are read alike: true for the same sound, false for one that is easily misheard.
fn heard(one: &Form, other: &Form, differ: &[usize]) -> Option<bool> {
    let mut exact = true;
    for at in differ {
        let (a, b) = (pinyin::sounds(one.common[*at], *at == 0), pinyin::sounds(other.common[*at], *at == 0));
        if a.iter().any(|sound| b.contains(sound)) {
            continue;
        }
        exact = false;
        if !a.iter().any(|sound| b.iter().any(|other| pinyin::alike(sound, other))) {
            return None;
        }
    }
    Some(exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(one: &str, other: &str) -> Option<(Nearness, Reason)> {
        let (a, b) = (Form::of(one), Form::of(other));
        let there = near(&a, &b);
        assert_eq!(there, near(&b, &a), "{one} and {other}: it does not matter who is asked first");
        if there.is_some() {
            let (a, b) = (a.keys(), b.keys());
            assert!(a.iter().any(|key| b.contains(key)), "{one} and {other} are near and never meet");
        }
        there
    }

    #[test]
    fn names_that_are_taken_for_each_other_in_an_office() {
        use Nearness::{Faint, Near, Same};
        use Reason::{
            LeftOut, LostCharacter, NearSound, OneCharacter, PartOfName, SameName, SameSound, Swapped, VariantName,
        };
        let table: &[(&str, &str, Nearness, Reason)] = &[
            ("王芳", "王芳", Same, SameName),
            ("王芳", " 王　芳 ", Same, SameName),
            ("阿卜杜拉·麦麦提", "阿卜杜拉•麦麦提", Same, SameName),
            ("阿卜杜拉·麦麦提", "阿卜杜拉.麦麦提", Same, SameName),
            ("阿卜杜拉·麦麦提", "阿卜杜拉麦麦提", Same, SameName),
            ("Ｊｏｈｎ　Ｓｍｉｔｈ", "john smith", Same, SameName),
            // Written in several ways.
            ("張偉", "张伟", Same, VariantName),
            ("劉國強", "刘国强", Same, VariantName),
            ("王喆", "王哲", Same, VariantName),
            ("李淼", "李渺", Same, VariantName),
            ("陳昇", "陈升", Same, VariantName),
            ("甯小红", "宁小红", Same, VariantName),
            ("赵堃", "赵坤", Same, VariantName),
            // Heard and not read.
            ("李静", "李净", Near, SameSound),
            ("张莉", "张丽", Near, SameSound),
            ("单红", "善红", Near, SameSound),
            ("仇小燕", "邱小燕", Near, SameSound),
            ("覃明", "秦明", Near, SameSound),
            ("覃明", "谭明", Near, SameSound),
            ("买买提·吐尔逊", "麦麦提·吐尔逊", Near, SameSound),
            ("阿布都拉·艾力", "阿卜杜拉·艾力", Near, SameSound),
            ("陈静", "程静", Near, NearSound),
            ("章伟", "臧伟", Near, NearSound),
            ("林萍", "宁萍", Near, NearSound),
            // Seen and not heard: rare characters that look like another one.
            ("李玥彤", "李钥彤", Near, SameSound),
            ("王䶮之", "王龚之", Near, OneCharacter),
            ("陈𬱖之", "陈颐之", Near, OneCharacter),
            ("周建国", "周建军", Near, OneCharacter),
            ("周国建", "周建国", Near, Swapped),
            ("芳王", "王芳", Near, Swapped),
            ("王小芳", "王芳", Near, LeftOut),
            ("欧阳修文", "欧阳文", Near, LeftOut),
            ("阿卜杜拉·麦麦提", "阿卜杜拉", Near, PartOfName),
            ("帕提古丽·吐尔逊", "帕提古力·吐尔荪", Near, OneCharacter),
            ("王?芳", "王小芳", Near, LostCharacter),
            ("张*三", "张小三", Near, LostCharacter),
            ("张□", "张赟", Near, LostCharacter),
            ("王芳", "王兰", Faint, OneCharacter),
        ];
        for (one, other, nearness, reason) in table {
            assert_eq!(told(one, other), Some((*nearness, *reason)), "{one} and {other}");
        }
    }

    #[test]
    fn names_of_two_people() {
        for (one, other) in [
            ("王芳", "李娜"),
            ("单红", "丹红兰"),
            ("王芳", "王"),
            ("", ""),
            ("张伟民", "张国强"),
            ("麦麦提·艾力", "吐尔逊·艾力"),
            ("王芳", "王小芳芳"),
            ("?", "?"),
            ("??", "王芳"),
        ] {
            assert_eq!(told(one, other), None, "{one} and {other}");
        }
        // 单 of a family is shàn: a 丹 is another family, and one character of two.
        assert_eq!(told("单红", "丹红").map(|(nearness, _)| nearness), Some(Nearness::Faint));
    }
}

//! How alike two entries are, and why. A pure rule: the program proposes and gives its reasons, a person decides.
//!
//! Proposed are two entries with one ID number, and two with near names that share birth date or telephone. Two sound ID numbers
//! that differ speak against it: near names then are brothers, twins, a couple on one telephone, and are not shown at all. Only
//! where the *name is the same* such a pair is shown, and last: as a rule these are two people; now and then somebody's number
//! was taken down from another card of the household.

use chrono::{Datelike as _, NaiveDate};
use schemars::JsonSchema;
use serde::Serialize;

use super::names::{self, Form, Nearness};
use crate::words::Say;

/// One reason for or against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    SameId,
    SameName,
    VariantName,
    FormerName,
    SameSound,
    NearSound,
    OneCharacter,
    Swapped,
    LeftOut,
    PartOfName,
    LostCharacter,
    SameBirth,
    DayAndMonth,
    OneDigit,
    SamePhone,
    OtherName,
    OtherId,
    OtherSex,
}

/// How strongly a pair is proposed; those first that are surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// One ID number: one person, or a number that was typed wrongly.
    SameId,
    Likely,
    Possible,
}

/// A reason as a clerk reads it.
#[derive(Clone, Serialize, JsonSchema)]
pub struct ReasonLine {
    /// Identifier.
    pub code: String,
    /// In words.
    pub say: Say,
    /// Speaks against it.
    pub against: bool,
}

impl Reason {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::SameId => "same_id",
            Self::SameName => "same_name",
            Self::VariantName => "variant_name",
            Self::FormerName => "former_name",
            Self::SameSound => "same_sound",
            Self::NearSound => "near_sound",
            Self::OneCharacter => "one_character",
            Self::Swapped => "swapped",
            Self::LeftOut => "left_out",
            Self::PartOfName => "part_of_name",
            Self::LostCharacter => "lost_character",
            Self::SameBirth => "same_birth",
            Self::DayAndMonth => "day_and_month",
            Self::OneDigit => "one_digit",
            Self::SamePhone => "same_phone",
            Self::OtherName => "other_name",
            Self::OtherId => "other_id",
            Self::OtherSex => "other_sex",
        }
    }

    pub(crate) const fn against(self) -> bool {
        matches!(self, Self::OtherName | Self::OtherId | Self::OtherSex)
    }

    pub(crate) const fn say(self) -> Say {
        match self {
            Self::SameId => Say::new("证件号码相同", "same ID number"),
            Self::SameName => Say::new("姓名相同", "same name"),
            Self::VariantName => Say::new("姓名相同，写法不同", "same name, written otherwise"),
            Self::FormerName => Say::new("与曾用名相同", "same as a former name"),
            Self::SameSound => Say::new("姓名同音", "names sound the same"),
            Self::NearSound => Say::new("姓名读音相近", "names sound nearly the same"),
            Self::OneCharacter => Say::new("姓名差一个字", "names differ in one character"),
            Self::Swapped => Say::new("姓名两个字颠倒", "two characters of the name exchanged"),
            Self::LeftOut => Say::new("姓名少一个字", "one character of the name left out"),
            Self::PartOfName => Say::new("姓名只写了前一部分", "only the first part of the name"),
            Self::LostCharacter => Say::new("姓名有字没认出", "a character of the name is unreadable"),
            Self::SameBirth => Say::new("出生日期相同", "same birth date"),
            Self::DayAndMonth => Say::new("出生的月和日颠倒", "day and month of birth exchanged"),
            Self::OneDigit => Say::new("出生日期差一位数字", "birth dates differ in one digit"),
            Self::SamePhone => Say::new("电话相同", "same telephone"),
            Self::OtherName => Say::new("姓名不同", "different names"),
            Self::OtherId => Say::new("证件号码不同，都有效", "two ID numbers, both sound"),
            Self::OtherSex => Say::new("性别不同", "different sex"),
        }
    }

    pub(crate) fn line(self) -> ReasonLine {
        ReasonLine { code: self.code().into(), say: self.say(), against: self.against() }
    }
}

impl Level {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::SameId => "same_id",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }

    /// The number by which the local practice names how much is shown.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::SameId => 1,
            Self::Likely => 2,
            Self::Possible => 3,
        }
    }
}

/// What is compared of an entry.
#[derive(Clone, Default)]
pub(crate) struct Face {
    pub(super) name: Form,
    pub(super) former: Option<Form>,
    /// The number in its one form: 15 digits made 18.
    pub(super) id: Option<String>,
    /// The number is of a kind whose check character shows a slip, and it shows none.
    pub(super) sound: bool,
    pub(super) birth: Option<NaiveDate>,
    pub(super) phone: Option<String>,
    pub(super) sex: Option<String>,
    /// It is a membership now, so it counts.
    pub(super) holds: bool,
}

/// What was found of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alike {
    pub(crate) level: Level,
    pub(crate) reasons: Vec<Reason>,
}

/// How alike two entries are; nothing where they are not proposed. `shared` says that their telephone is that of so many that it
/// tells nothing.
pub(crate) fn alike(one: &Face, other: &Face, shared: bool) -> Option<Alike> {
    let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    let (same_id, name, birth) = (same(&one.id, &other.id), name(one, other), birth(one.birth, other.birth));
    let phone = same(&one.phone, &other.phone) && !shared;
    let other_id = !same_id && one.sound && other.sound;
    let other_sex = matches!((&one.sex, &other.sex), (Some(a), Some(b)) if a != b);
    let level = if same_id {
        Level::SameId
    } else {
        let born = birth == Some(Reason::SameBirth);
        let level = match name?.0 {
            Nearness::Same if born || phone => Level::Likely,
            Nearness::Same if birth.is_some() => Level::Possible,
            Nearness::Near if born && phone => Level::Likely,
            Nearness::Near if born || phone => Level::Possible,
            Nearness::Faint if born && phone => Level::Possible,
            _ => return None,
        };
        // What speaks against it leaves only the same name, and that last.
        match (other_id || other_sex, name?.0) {
            (false, _) => level,
            (true, Nearness::Same) if born || phone => Level::Possible,
            (true, _) => return None,
        }
    };
    let mut reasons: Vec<Reason> = Vec::with_capacity(4);
    reasons.extend(same_id.then_some(Reason::SameId));
    reasons.extend(name.map(|(_, reason)| reason));
    reasons.extend(birth);
    reasons.extend(phone.then_some(Reason::SamePhone));
    reasons.extend(name.is_none().then_some(Reason::OtherName));
    reasons.extend(other_id.then_some(Reason::OtherId));
    reasons.extend(other_sex.then_some(Reason::OtherSex));
    Some(Alike { level, reasons })
}

fn name(one: &Face, other: &Face) -> Option<(Nearness, Reason)> {
    let now = names::near(&one.name, &other.name);
    let was = |former: &Option<Form>, name: &Form| {
        former.as_ref().and_then(|former| names::near(former, name)).is_some_and(|(near, _)| near == Nearness::Same)
    };
    if now.is_none_or(|(near, _)| near < Nearness::Same)
        && (was(&one.former, &other.name) || was(&other.former, &one.name))
    {
        return Some((Nearness::Same, Reason::FormerName));
    }
    now
}

/// What two birth dates have in common.
fn birth(one: Option<NaiveDate>, other: Option<NaiveDate>) -> Option<Reason> {
    let (one, other) = (one?, other?);
    if one == other {
        return Some(Reason::SameBirth);
    }
    if one.year() == other.year() && (one.month(), one.day()) == (other.day(), other.month()) {
        return Some(Reason::DayAndMonth);
    }
    let digits = |day: NaiveDate| day.format("%Y%m%d").to_string();
    let (a, b) = (digits(one), digits(other));
    (a.len() == b.len() && a.bytes().zip(b.bytes()).filter(|(a, b)| a != b).count() == 1).then_some(Reason::OneDigit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry as `姓名 证件 出生 电话 性别`; `-` stands for nothing, and a number with `!` behind it is not sound.
    fn face(line: &str) -> Face {
        let mut parts = line.split(' ').map(|part| (part != "-").then_some(part));
        let mut next = || parts.next().flatten();
        let (name, id, birth, phone, sex) = (next().unwrap_or(""), next(), next(), next(), next());
        Face {
            name: Form::of(name),
            former: None,
            sound: id.is_some_and(|id| !id.ends_with('!')),
            id: id.map(ToOwned::to_owned),
            birth: birth.map(|day| day.parse().unwrap()),
            phone: phone.map(ToOwned::to_owned),
            sex: sex.map(ToOwned::to_owned),
            holds: true,
        }
    }

    fn told(one: &str, other: &str) -> Option<(Level, Vec<Reason>)> {
        let (a, b) = (face(one), face(other));
        assert_eq!(alike(&a, &b, false), alike(&b, &a, false), "it does not matter who is asked first");
        alike(&a, &b, false).map(|alike| (alike.level, alike.reasons))
    }

    #[test]
    fn what_is_proposed_and_how_surely() {
        use Level::{Likely, Possible, SameId};
        use Reason as R;
        let table: &[(&str, &str, Level, &[Reason])] = &[
            (
                "王芳 A 1990-06-15 1",
                "王芳 A 1990-06-15 1",
                SameId,
                &[R::SameId, R::SameName, R::SameBirth, R::SamePhone],
            ),
            ("王芳 A", "李娜 A", SameId, &[R::SameId, R::OtherName]),
            ("王芳 - 1990-06-15", "王芳 A 1990-06-15", Likely, &[R::SameName, R::SameBirth]),
            ("王芳 - - 1", "王芳 A - 1", Likely, &[R::SameName, R::SamePhone]),
            ("张莉 - 1990-06-15 1", "张丽 A 1990-06-15 1", Likely, &[R::SameSound, R::SameBirth, R::SamePhone]),
            ("张莉 - 1990-06-15", "张丽 A 1990-06-15", Possible, &[R::SameSound, R::SameBirth]),
            ("张莉 - - 1", "张丽 A - 1", Possible, &[R::SameSound, R::SamePhone]),
            // A birth date that was taken down carelessly is a weak reason, and the same name has to carry it.
            ("王芳 - 1990-06-05", "王芳 A 1990-05-06", Possible, &[R::SameName, R::DayAndMonth]),
            ("王芳 - 1990-06-15", "王芳 A 1990-06-16", Possible, &[R::SameName, R::OneDigit]),
            ("王芳 - 1990-06-15 1", "王兰 A 1990-06-15 1", Possible, &[R::OneCharacter, R::SameBirth, R::SamePhone]),
            // Two sound numbers: the same name alone is shown, and last.
            ("王芳 A 1990-06-15", "王芳 B 1990-06-15", Possible, &[R::SameName, R::SameBirth, R::OtherId]),
            ("王芳 A - 1", "王芳 B - 1", Possible, &[R::SameName, R::SamePhone, R::OtherId]),
            ("王芳 A! 1990-06-15", "王芳 B 1990-06-15", Likely, &[R::SameName, R::SameBirth]),
            ("王芳 - 1990-06-15 - 2", "王芳 A 1990-06-15 - 1", Possible, &[R::SameName, R::SameBirth, R::OtherSex]),
        ];
        for (one, other, level, reasons) in table {
            assert_eq!(told(one, other), Some((*level, reasons.to_vec())), "{one} | {other}");
        }
    }

    #[test]
    fn what_is_not_proposed() {
        for (one, other) in [
            ("王芳 A 1990-06-15", "王芳 B 1988-01-01"),
            ("王芳 - 1990-06-15", "李娜 - 1990-06-15"),
            ("王芳 - - -", "王芳 - - -"),
            // Brothers on one telephone, twins, a couple.
            ("周建国 A 1970-01-01 1", "周建军 B 1972-01-01 1"),
            ("王大双 A 1990-06-15 1", "王小双 B 1990-06-15 1"),
            ("王芳 A 1990-06-15", "王芳 B 1990-06-16"),
            ("张莉 - 1990-06-15 1 2", "张力 - 1990-06-15 1 1"),
            ("王芳 - 1990-06-15", "王兰 - 1990-06-15"),
            ("王芳 - - 1", "王兰 - - 1"),
        ] {
            assert_eq!(told(one, other), None, "{one} | {other}");
        }
    }

    #[test]
    fn a_former_name_is_her_name_and_a_telephone_of_many_tells_nothing() {
        let (mut one, other) = (face("王芳 - 1990-06-15"), face("王小兰 A 1990-06-15"));
        assert_eq!(alike(&one, &other, false), None);
        one.former = Some(Form::of("王小蘭"));
        let found = alike(&one, &other, false).unwrap();
        assert_eq!((found.level, found.reasons), (Level::Likely, vec![Reason::FormerName, Reason::SameBirth]));
        let (one, other) = (face("王芳 - - 1"), face("王芳 - - 1"));
        assert!(alike(&one, &other, false).is_some());
        assert_eq!(alike(&one, &other, true), None);
    }
}

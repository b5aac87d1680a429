//! What can be wrong with a name, and what is only worth a look.

use crate::checks::Finding;
use crate::words::Say;

/// Why a name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.say().en)]
pub enum NameFault {
    /// Nothing was entered.
    Missing,
    /// A ditto mark instead of a name.
    Ditto,
    /// More than fifty characters.
    TooLong,
}

/// What a clerk should look at; the name is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameNotice {
    /// A code point of an old encoding, or a radical, was replaced by the character it stands for.
    OldCode,
    /// A private-use code point nobody but the sender's computer can show.
    PrivateUse,
    /// A question mark or box where a character got lost.
    LostCharacter,
    /// A blank was removed that may have been meant as the separator.
    SeparatorDoubtful,
    /// The name seems to be masked (张*三).
    Masked,
    /// Digits or signs that stand in no name.
    Unusual,
}

impl Finding for NameFault {
    fn key(&self) -> &'static str {
        match self {
            Self::Missing => "name_missing",
            Self::Ditto => "name_ditto",
            Self::TooLong => "name_too_long",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::Missing => Say::new(
                "没有填写姓名，无法建立这个人的记录。请照证件补填。",
                "No name was entered, so no record can be made. Copy it from the identity document.",
            ),
            Self::Ditto => Say::new(
                "姓名一栏写的是“同上”一类的记号，不是姓名，无法建立这个人的记录。请照证件填写姓名。",
                "Where the name should be there is a ditto mark, so no record can be made. Copy the name from the identity document.",
            ),
            Self::TooLong => Say::new(
                "姓名超过 50 个字，多半是把别的内容填到了这里。请照证件核对。",
                "The name has more than 50 characters; something else was probably entered here. Compare it with the identity document.",
            ),
        }
    }

    fn source(&self) -> &'static str {
        match self {
            Self::Missing | Self::Ditto => "会员信息采集表: 姓名 is mandatory",
            Self::TooLong => "民委发〔2016〕33号",
        }
    }
}

impl Finding for NameNotice {
    fn key(&self) -> &'static str {
        match self {
            Self::OldCode => "name_old_code",
            Self::PrivateUse => "name_private_character",
            Self::LostCharacter => "name_lost_character",
            Self::SeparatorDoubtful => "name_separator_doubtful",
            Self::Masked => "name_masked",
            Self::Unusual => "name_unusual_sign",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::OldCode => Say::new(
                "姓名里有不标准的编码（旧系统的自造字或部首符号），已换成标准汉字。请对照证件核对。",
                "The name contained a code of an old system or a radical sign; it was replaced by the standard character. Compare it with the identity document.",
            ),
            Self::PrivateUse => Say::new(
                "姓名里有一个自造字，别的电脑上显示不出来，已原样保留。请照证件改成标准汉字。",
                "The name contains a home-made character that other computers cannot show; it is kept as it is. Replace it with the standard character from the identity document.",
            ),
            Self::LostCharacter => Say::new(
                "姓名里有问号或方框，原来的生僻字可能丢了。请照证件补上。",
                "There is a question mark or a box in the name: a rare character was probably lost. Enter it from the identity document.",
            ),
            Self::SeparatorDoubtful => Say::new(
                "姓名中间的空格已去掉。如果那里原来是间隔号“·”，请补上。",
                "The blank inside the name was removed. If it stood for the separator “·”, please put that in.",
            ),
            Self::Masked => Say::new(
                "姓名里有星号，像是打了码的名单。请照证件填写全名。",
                "There is an asterisk in the name, as in masked lists. Enter the full name from the identity document.",
            ),
            Self::Unusual => Say::new(
                "姓名里有数字或符号。请照证件核对。",
                "There are digits or signs in the name. Compare it with the identity document.",
            ),
        }
    }

    fn source(&self) -> &'static str {
        match self {
            Self::OldCode => "GB 18030-2022, changed code points; Unicode, Kangxi radicals",
            Self::PrivateUse => "GB 18030-2022; office practice",
            Self::SeparatorDoubtful => "民委发〔2016〕33号; office practice",
            Self::LostCharacter | Self::Masked | Self::Unusual => "office practice",
        }
    }
}

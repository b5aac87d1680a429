//! What can be wrong with an identity number, and what is only worth a look.

use crate::checks::Finding;
use crate::words::Say;

/// Why a number was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.say().en)]
pub enum IdFault {
    /// Nothing was entered.
    Missing,
    /// The last character does not belong to the other seventeen.
    CheckDigit,
    /// The birth date inside is not a day of the calendar or lies in the future.
    BirthDate,
    /// Too many or too few characters for the document.
    Length,
    /// Characters or a beginning that this document never has.
    Form,
    /// A spreadsheet kept it as a number and the last digits are gone for good.
    PrecisionLost,
}

impl IdFault {
    /// The four keys an import report knows: length and form count as `id_check_digit` there.
    #[must_use]
    pub fn import_key(self) -> &'static str {
        match self {
            Self::Length | Self::Form => Self::CheckDigit.key(),
            other => other.key(),
        }
    }
}

impl Finding for IdFault {
    fn key(&self) -> &'static str {
        match self {
            Self::Missing => "id_missing",
            Self::CheckDigit => "id_check_digit",
            Self::BirthDate => "id_birth_date_invalid",
            Self::Length => "id_length",
            Self::Form => "id_form",
            Self::PrecisionLost => "id_precision_lost",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::Missing => Say::new(
                "没有填写证件号码。没有号码就认不准是哪一位，也查不出重复。请对照证件补填。",
                "No document number was entered. Without it the person cannot be told from others of the same name. Copy it from the document.",
            ),
            Self::CheckDigit => Say::new(
                "证件号码的最后一位与前面的数字对不上，多半是抄错或漏了一位。请对照证件逐位核对后重填。",
                "The last character does not fit the others: a digit was probably misread or left out. Compare it with the document, character by character.",
            ),
            Self::BirthDate => Say::new(
                "证件号码里的出生日期不存在，或者晚于今天。请核对第 7 到 14 位。",
                "The birth date inside the number does not exist or lies in the future. Check characters 7 to 14.",
            ),
            Self::Length => Say::new(
                "证件号码的位数不对（居民身份证是 18 位，旧证 15 位）。请检查是否漏填、多填，或证件类别选错。",
                "The number has the wrong length (a resident identity card has 18 characters, an old one 15). Check for missing or extra characters and for the kind of document.",
            ),
            Self::Form => Say::new(
                "证件号码的写法与所选证件类别不符。请检查证件类别，并对照证件核对号码。",
                "The number does not look like one of this kind of document. Check the kind and compare the number with the document.",
            ),
            Self::PrecisionLost => Say::new(
                "表格把证件号码当成了数字，后几位已经丢失，无法恢复。请把该列设为“文本”格式，对照证件重新填写。",
                "The spreadsheet kept the document number as a number and the last digits are lost for good. Format the column as text and enter it again from the document.",
            ),
        }
    }

    fn source(&self) -> &'static str {
        match self {
            Self::Missing => "会员信息采集表: 证件号码 is mandatory",
            Self::CheckDigit => "GB 11643-1999, check character (ISO 7064 MOD 11-2)",
            Self::BirthDate => "GB 11643-1999, birth date code",
            Self::Length | Self::Form => "GB 11643-1999; rules of the document concerned",
            Self::PrecisionLost => "spreadsheet numbers keep 15 digits (IEEE 754)",
        }
    }
}

/// What a clerk should look at; the number is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdNotice {
    /// No province has these first digits.
    UnknownArea,
    /// No country has this number.
    UnknownCountry,
    /// A resident identity card with the area of a residence permit.
    KindDoubtful,
    /// Fifteen digits were made eighteen.
    FromFifteen,
    /// The sex on the form is not the one in the number.
    SexDiffers,
    /// The birth date on the form is not the one in the number.
    BirthDiffers,
}

impl Finding for IdNotice {
    fn key(&self) -> &'static str {
        match self {
            Self::UnknownArea => "unknown_area",
            Self::UnknownCountry => "unknown_country",
            Self::KindDoubtful => "id_kind_doubtful",
            Self::FromFifteen => "id_from_15_digits",
            Self::SexDiffers => "sex_differs_from_id",
            Self::BirthDiffers => "birth_differs_from_id",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::UnknownArea => Say::new(
                "号码前 6 位不在现行行政区划里。早年的区划常有变更，号码照常保存；有疑问请核对证件。",
                "The first six digits are no area in use today. Areas have changed over the years, so the number is kept; check the document if in doubt.",
            ),
            Self::UnknownCountry => Say::new(
                "号码中的国家代码没有查到。号码照常保存，请核对证件。",
                "The country number inside is not known. The number is kept; please check the document.",
            ),
            Self::KindDoubtful => Say::new(
                "这个号码像是港澳台居民居住证的号码。请核对证件类别。",
                "This looks like the number of a residence permit for Hong Kong, Macau and Taiwan residents. Check the kind of document.",
            ),
            Self::FromFifteen => Say::new(
                "填的是 15 位旧号码，已换算成 18 位。请对照现用证件核对。",
                "An old 15-digit number was entered and made 18 characters long. Compare it with the present card.",
            ),
            Self::SexDiffers => Say::new(
                "填写的性别与证件号码不一致。请核对；证件本身有误时可以照证件保存并注明原因。",
                "The sex entered differs from the document number. Please check; if the document itself is wrong, keep it and note why.",
            ),
            Self::BirthDiffers => Say::new(
                "填写的出生日期与证件号码不一致。请核对；证件本身有误时可以照证件保存并注明原因。",
                "The birth date entered differs from the document number. Please check; if the document itself is wrong, keep it and note why.",
            ),
        }
    }

    fn source(&self) -> &'static str {
        match self {
            Self::UnknownArea => "GB/T 2260, provinces",
            Self::UnknownCountry => "GB/T 2659 (ISO 3166-1 numeric)",
            Self::KindDoubtful => "港澳台居民居住证申领发放办法",
            Self::FromFifteen => "GB 11643-1999",
            Self::SexDiffers | Self::BirthDiffers => "GB 11643-1999; office practice",
        }
    }
}

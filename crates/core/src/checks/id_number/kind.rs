//! Kinds of identity document, and the sex a number carries.

use crate::codes;
use crate::words::Say;

/// The document a number belongs to; the codes are those of the list `id_kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdKind {
    /// 居民身份证
    ResidentId,
    /// 港澳台居民居住证
    HkMacauTaiwanResidence,
    /// 外国人永久居留身份证
    PermanentResident,
    /// 护照
    Passport,
    /// 港澳居民来往内地通行证
    HkMacauPass,
    /// 台湾居民来往大陆通行证
    TaiwanPass,
    /// 其他
    Other,
}

impl IdKind {
    /// Every kind, in the order of the form.
    pub const ALL: [Self; 7] = [
        Self::ResidentId,
        Self::HkMacauTaiwanResidence,
        Self::PermanentResident,
        Self::Passport,
        Self::HkMacauPass,
        Self::TaiwanPass,
        Self::Other,
    ];

    /// The code that records keep.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ResidentId => "resident_id",
            Self::HkMacauTaiwanResidence => "residence_permit",
            Self::PermanentResident => "permanent_resident",
            Self::Passport => "passport",
            Self::HkMacauPass => "hk_macau_pass",
            Self::TaiwanPass => "taiwan_pass",
            Self::Other => "other",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The kind that a form means: code, official label or a usual short form such as 身份证.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::from_code(codes::find(&codes::ID_KIND, text)?.code)
    }

    /// Official label.
    #[must_use]
    pub fn label(self) -> Say {
        codes::ID_KIND.get(self.code()).map_or_else(|| Say::new("其他", "Other"), codes::Code::label)
    }
}

/// Sex as an identity number carries it; the codes are those of GB/T 2261.1 (list `sex`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sex {
    /// 男
    Male,
    /// 女
    Female,
}

impl Sex {
    /// The code that records keep.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Male => "1",
            Self::Female => "2",
        }
    }

    /// The sex with this code; `None` for unknown and not stated.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Male, Self::Female].into_iter().find(|sex| sex.code() == code)
    }
}

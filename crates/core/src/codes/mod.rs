//! Code lists: what a field may hold, with official labels, English labels and the spellings people really write.
//!
//! A record keeps the `code` of an entry and nothing else; labels are looked up when shown. A code is never
//! re-used and never changes its meaning after a release. Lists marked "local" in their source are office
//! practice: a county may bring its own.

mod card;
mod enterprise;
mod ethnicity;
mod find;
mod industry;
mod joining;
mod membership;
mod organisation;
mod person;
mod standing;
mod stay;
mod transfer;

pub use card::{CARD_KIND, CARD_STATE};
pub use enterprise::{ECONOMY, ORGANISING_REASON, ORGANISING_STATE, UNIT_NATURE};
pub use ethnicity::ETHNICITY;
pub use find::{find, folded};
pub use industry::INDUSTRY;
pub use joining::{APPLICANT_KIND, APPLICATION_WAY};
pub use membership::{
    CHECKED_AGAINST, COLLECTED_BY, CONFIRMED_BY, MEMBER_KIND, MEMBERSHIP_CHANGE, MEMBERSHIP_CHANGE_REASON, MODEL_KIND,
    PLATFORM_KIND,
};
pub use organisation::{BASE_UNION_TYPE, COMMITTEE_KIND, ORG_KIND, POST_KIND, POST_TIME};
pub use person::{
    DEGREE, EDUCATION, EMPLOYMENT, FAMILY_RELATION, HUKOU_KIND, ID_KIND, MARITAL, POLITICS, SEX, SKILL_LEVEL,
};
pub use standing::{JOINING_STATE, LEFT_KIND, MEMBERSHIP_STATE, RETAINED_REASON};
pub use stay::{MET_HOW, SIGHTING, STAY_ANSWER, STAY_CHECK, STAY_DIRECTION, STAY_STATE};
pub use transfer::{LATE_EDIT_STATE, SUCCESSION_KIND, SUCCESSION_STATE, TRANSFER_REASON, TRANSFER_STATE};

use serde::Serialize;

use crate::words::Say;

/// One permitted value of a list.
#[derive(Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Code {
    /// What is stored: the number of the standard where one exists, otherwise an English word.
    pub code: &'static str,
    /// Official Chinese label, as printed on forms and written by exports.
    pub zh: &'static str,
    /// English label.
    pub en: &'static str,
    /// Other spellings that mean this entry: old labels, short forms, codes of related standards.
    #[serde(skip)]
    pub also: &'static [&'static str],
}

/// A list of permitted values, in the order of the form.
#[derive(Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct CodeList {
    /// Identifier of the list, used in the catalogue and by record fields.
    pub name: &'static str,
    /// What the list is called on a form.
    pub zh: &'static str,
    /// What the list is called in English.
    pub en: &'static str,
    /// Law, standard or form it comes from; "local" where a county may change it.
    pub source: &'static str,
    /// The values.
    pub entries: &'static [Code],
}

impl Code {
    /// The label in both languages.
    #[must_use]
    pub const fn label(&self) -> Say {
        Say::new(self.zh, self.en)
    }
}

impl CodeList {
    /// The entry with exactly this code; `None` when the code is not of this list.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&'static Code> {
        self.entries.iter().find(|entry| entry.code == code)
    }
}

/// Writes a list as a table: code, official label, English label, other spellings.
macro_rules! code_list {
    (
        $(#[$note:meta])*
        $list:ident $name:literal $zh:literal $en:literal, source $source:literal;
        $( $code:literal $label:literal $english:literal $([$($also:literal)*])? )*
    ) => {
        $(#[$note])*
        pub static $list: $crate::codes::CodeList = $crate::codes::CodeList {
            name: $name,
            zh: $zh,
            en: $en,
            source: $source,
            entries: &[$( $crate::codes::Code {
                code: $code,
                zh: $label,
                en: $english,
                also: &[$($($also),*)?],
            } ),*],
        };
    };
}
use code_list;

static ALL: [&CodeList; 48] = [
    &SEX,
    &ETHNICITY,
    &EMPLOYMENT,
    &ID_KIND,
    &EDUCATION,
    &DEGREE,
    &SKILL_LEVEL,
    &HUKOU_KIND,
    &POLITICS,
    &MARITAL,
    &FAMILY_RELATION,
    &MEMBERSHIP_CHANGE,
    &MEMBERSHIP_CHANGE_REASON,
    &MEMBERSHIP_STATE,
    &RETAINED_REASON,
    &LEFT_KIND,
    &JOINING_STATE,
    &APPLICATION_WAY,
    &APPLICANT_KIND,
    &CARD_STATE,
    &TRANSFER_STATE,
    &TRANSFER_REASON,
    &SUCCESSION_KIND,
    &SUCCESSION_STATE,
    &LATE_EDIT_STATE,
    &STAY_DIRECTION,
    &STAY_STATE,
    &STAY_CHECK,
    &STAY_ANSWER,
    &MET_HOW,
    &SIGHTING,
    &CARD_KIND,
    &MEMBER_KIND,
    &MODEL_KIND,
    &PLATFORM_KIND,
    &COLLECTED_BY,
    &CONFIRMED_BY,
    &CHECKED_AGAINST,
    &UNIT_NATURE,
    &ECONOMY,
    &INDUSTRY,
    &ORGANISING_STATE,
    &ORGANISING_REASON,
    &ORG_KIND,
    &BASE_UNION_TYPE,
    &COMMITTEE_KIND,
    &POST_KIND,
    &POST_TIME,
];

/// Every list, for the catalogue.
#[must_use]
pub fn all() -> &'static [&'static CodeList] {
    &ALL
}

/// The list with this identifier.
#[must_use]
pub fn list(name: &str) -> Option<&'static CodeList> {
    ALL.iter().copied().find(|list| list.name == name)
}

#[cfg(test)]
mod tests;

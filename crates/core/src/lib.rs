//! niangjia-core: what an office knows and does. No window, no socket, no clock, no chance, no async.
//!
//! Everything goes through [`office::Office::call`]: a name of the [`registry`], a question, an answer. Rules are pure,
//! `Act` is the only write path, the log is the truth and the tables are a view of it.

// The derive names the crate by its public path, also inside it.
extern crate self as niangjia_core;

pub mod audit;
mod automatic;
pub mod backups;
pub mod blobs;
pub mod carry;
pub mod checkpoints;
pub mod checks;
pub mod codes;
pub mod devices;
pub mod exchange;
pub mod fault;
pub mod finder;
mod first_load;
pub mod founding;
pub mod identity;
pub mod joining;
pub mod kept_shares;
pub mod office;
pub mod packets;
pub mod paper;
pub mod people;
pub mod pinyin;
pub mod record;
pub mod records;
pub mod recovery;
pub mod registry;
pub mod repair;
pub mod sheet;
pub mod store;
pub mod words;

pub mod applications;
pub mod cards;
pub mod duplicates;
pub mod enterprises;
pub mod members;
pub mod organisations;
pub mod stays;
pub mod transfers;

mod catalogue;
mod drafts;
mod home;
mod index;
mod keeping;
mod known;
mod parked;
pub mod practice;
mod prefs;
mod pruning;
mod receipts;
mod refill;
mod said_again;
mod search;
mod settling;
mod successions;
mod tried;
mod uncounted;

use std::collections::BTreeMap;

use niangjia_replication::slot::Params;
use record::{Record as _, RecordType, Schema};
use records::Ledger;
use registry::Registry;
use store::Fold;

pub use fault::Fault;
pub use niangjia_replication as replication;

/// Every record type. A new ledger adds its line here and one to [`registry`].
const TYPES: &[&RecordType] = &[
    members::Member::TYPE,
    enterprises::Enterprise::TYPE,
    organisations::Organisation::TYPE,
    organisations::Post::TYPE,
    organisations::Committee::TYPE,
    organisations::Coverage::TYPE,
    organisations::OfficeEntry::TYPE,
    people::Clerk::TYPE,
    people::AuditEntry::TYPE,
    devices::Device::TYPE,
    devices::SharedKey::TYPE,
    members::SamePerson::TYPE,
    cards::Card::TYPE,
    cards::NumberLease::TYPE,
    cards::NumberRequest::TYPE,
    cards::NumberHanding::TYPE,
    cards::IssuingKeyEntry::TYPE,
    cards::CardList::TYPE,
    transfers::Transfer::TYPE,
    transfers::HolderRuling::TYPE,
    transfers::Adoption::TYPE,
    transfers::LateEdit::TYPE,
    transfers::OfficeKey::TYPE,
    known::KnownIds::TYPE,
    applications::Application::TYPE,
    practice::PracticeEntry::TYPE,
    successions::Succession::TYPE,
    duplicates::NotSame::TYPE,
    duplicates::DuplicateAnswer::TYPE,
    duplicates::AnswerHeard::TYPE,
    stays::Stay::TYPE,
];

pub(crate) fn schema() -> Schema {
    Schema::new(TYPES)
}

/// The record types by name, each with its number in the tables of a store.
pub fn kinds() -> impl Iterator<Item = (&'static str, u8)> {
    TYPES.iter().map(|ty| ty.name).zip(1..)
}

/// The states that follow from events.
pub(crate) fn folds() -> BTreeMap<&'static str, Fold> {
    let fold = |state, stands| Fold { state, stands };
    BTreeMap::from([
        (members::Member::TYPE.name, fold(members::fold, transfers::stands)),
        (cards::Card::TYPE.name, fold(cards::fold, transfers::stands)),
        (transfers::Transfer::TYPE.name, fold(transfers::fold, transfers::never)),
        (transfers::LateEdit::TYPE.name, fold(transfers::fold_late, transfers::never)),
        (applications::Application::TYPE.name, fold(applications::fold, transfers::never)),
        (successions::Succession::TYPE.name, fold(successions::fold, transfers::never)),
        (stays::Stay::TYPE.name, fold(stays::fold, transfers::never)),
    ])
}

/// The command list of an unlocked office.
#[must_use]
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    members::register(&mut registry);
    duplicates::register(&mut registry);
    applications::register(&mut registry);
    cards::register(&mut registry);
    transfers::register(&mut registry);
    successions::register(&mut registry);
    stays::register(&mut registry);
    known::register(&mut registry);
    enterprises::register(&mut registry);
    organisations::register(&mut registry);
    people::register(&mut registry);
    search::register(&mut registry);
    drafts::register(&mut registry);
    home::register(&mut registry);
    prefs::register(&mut registry);
    practice::register(&mut registry);
    catalogue::register(&mut registry);
    exchange::register(&mut registry);
    parked::register(&mut registry);
    checkpoints::register(&mut registry);
    pruning::register(&mut registry);
    packets::register(&mut registry);
    devices::register(&mut registry);
    registry
}

/// The ledger whose records the search box finds.
pub(crate) fn ledger(kind: &str) -> Option<Ledger> {
    [members::LEDGER, enterprises::LEDGER, organisations::LEDGER, cards::LEDGER, applications::LEDGER, stays::LEDGER]
        .into_iter()
        .find(|l| l.ty.name == kind)
}

/// The ledger by the prefix of its commands.
pub(crate) fn ledger_named(plural: &str) -> Option<Ledger> {
    TYPES.iter().find(|ty| ty.plural == plural).and_then(|ty| ledger(ty.name))
}

/// Cost of the key derivation. Release builds know only the standard one.
#[must_use]
pub fn kdf() -> Params {
    #[cfg(feature = "cheap-kdf")]
    {
        Params::cheap()
    }
    #[cfg(not(feature = "cheap-kdf"))]
    {
        Params::standard()
    }
}

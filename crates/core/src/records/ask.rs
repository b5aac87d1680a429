//! Questions and answers of the common record commands.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    fault::FieldFault,
    store::{Mark, Standing},
    words::Say,
};

/// Which rows of a list.
#[derive(Deserialize, JsonSchema)]
pub struct ListAsk {
    /// Text as in the search box.
    #[serde(default)]
    pub text: Option<String>,
    /// Fields that must hold exactly this value (code, id, yes or no). Besides: `state`; `standing` (`needs_you`); `due`, the
    /// days ahead within which something comes due; `office`, the id of the office with which it stands.
    #[serde(default)]
    pub filter: BTreeMap<String, Json>,
    /// `pinyin`, or a field name.
    #[serde(default)]
    pub sort: Option<String>,
    /// Last first.
    #[serde(default)]
    pub descending: bool,
    /// First row.
    #[serde(default)]
    pub offset: u32,
    /// Rows, 100 at the most.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A window of a list.
#[derive(Serialize, JsonSchema)]
pub struct Listing {
    /// Rows in all.
    pub total: u64,
    /// The window.
    pub rows: Vec<Row>,
}

/// One row of a list.
#[derive(Serialize, JsonSchema)]
pub struct Row {
    /// Record id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Shown texts by field.
    pub cells: BTreeMap<String, Say>,
    /// State that follows from the events, where there are any.
    pub state: Option<String>,
    /// The dot.
    pub standing: Mark,
}

/// Which record.
#[derive(Deserialize, JsonSchema)]
pub struct GetAsk {
    /// Record id.
    pub id: String,
}

/// A record's page.
#[derive(Serialize, JsonSchema)]
pub struct Detail {
    /// Record id.
    pub id: String,
    /// Record type.
    pub kind: String,
    /// Title.
    pub title: String,
    /// To be handed back on save.
    pub token: String,
    /// Values; sensitive ones masked.
    pub fields: BTreeMap<String, Json>,
    /// Shown texts.
    pub shown: BTreeMap<String, Say>,
    /// Where it stands.
    pub standing: Standing,
    /// Fields with several values.
    pub conflicts: Vec<FieldConflict>,
    /// What needs a look.
    pub attention: Vec<Notice>,
    /// What follows from it.
    pub derived: BTreeMap<String, Json>,
    /// State that follows from the events.
    pub state: Option<String>,
    /// Its events in order.
    pub events: Vec<EventLine>,
    /// Whether it is void.
    pub void: bool,
    /// Office that holds it; of what went elsewhere the one that the county said, or nothing where that office is not known here.
    pub office: String,
}

/// Several values of one register.
#[derive(Serialize, JsonSchema)]
pub struct FieldConflict {
    /// The fields of the register.
    pub fields: Vec<String>,
    /// The values beside each other; the shown one first.
    pub sides: Vec<ConflictSide>,
}

/// One of several values.
#[derive(Serialize, JsonSchema)]
pub struct ConflictSide {
    /// Names it to `settle` and `reveal`; the same on every PC.
    pub version: String,
    /// Values by field.
    pub values: BTreeMap<String, Json>,
    /// Shown texts by field.
    pub shown_values: BTreeMap<String, Say>,
    /// Who wrote it.
    pub author: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// The office at which it was written, where it is known here.
    pub office: Option<Say>,
    /// What the PC is called at which it was written, where somebody named it.
    pub device: Option<String>,
    /// What stood there when it was written, as text; nothing for the first entry.
    pub saw: BTreeMap<String, Say>,
    /// Whether lists show this one.
    pub shown: bool,
}

/// Something to tell about a field that does not refuse a save.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Notice {
    /// Field.
    pub field: String,
    /// Stable key.
    pub key: String,
    /// Sentence.
    pub say: Say,
}

/// One event of a record.
#[derive(Serialize, JsonSchema)]
pub struct EventLine {
    /// Name.
    pub name: String,
    /// What was entered with it.
    pub detail: BTreeMap<String, Json>,
    /// Who.
    pub author: String,
    /// When, milliseconds since 1970.
    pub at: i64,
}

/// What the form wants to save.
#[derive(Deserialize, JsonSchema)]
pub struct SaveAsk {
    /// The record; absent for a new one.
    #[serde(default)]
    pub id: Option<String>,
    /// The token of the read on which the form was filled.
    #[serde(default)]
    pub token: Option<String>,
    /// Only the fields that were changed.
    pub fields: BTreeMap<String, Json>,
}

/// What came of a save.
#[derive(Serialize, JsonSchema)]
pub struct Saved {
    /// Record id.
    pub id: String,
    /// For the next save without another read: it names what this save wrote and, of all else, what was seen before it. Absent
    /// where the command asked for no token.
    pub token: Option<String>,
    /// Where it stands.
    pub standing: Standing,
    /// What was let through and should be known.
    pub notices: Vec<Notice>,
}

/// What a check found.
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// What would refuse the save.
    pub faults: Vec<FieldFault>,
    /// What would be told.
    pub notices: Vec<Notice>,
    /// Fields filled from others, such as the birth date from the ID number.
    pub filled: BTreeMap<String, Json>,
}

/// What shall be void.
#[derive(Deserialize, JsonSchema)]
pub struct VoidAsk {
    /// Record id.
    pub id: String,
    /// The token of the read.
    pub token: String,
    /// Why.
    pub reason: String,
    /// False takes the void back.
    #[serde(default = "yes")]
    pub void: bool,
}

fn yes() -> bool {
    true
}

/// Which masked value is needed.
#[derive(Deserialize, JsonSchema)]
pub struct RevealAsk {
    /// Record id.
    pub id: String,
    /// Field.
    pub field: String,
    /// One side of a conflict; the shown one where it is absent.
    #[serde(default)]
    pub version: Option<String>,
    /// Why; goes into the audit.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Which side of a conflict is taken.
#[derive(Deserialize, JsonSchema)]
pub struct SettleAsk {
    /// Record id.
    pub id: String,
    /// The token of the read that showed the sides.
    pub token: String,
    /// A field of the conflict.
    pub field: String,
    /// The side.
    pub version: String,
}

/// A value in full.
#[derive(Serialize, JsonSchema)]
pub struct Revealed {
    /// The value.
    pub value: Json,
}

/// A record's history, newest first.
#[derive(Serialize, JsonSchema)]
pub struct HistoryPage {
    /// Entries.
    pub entries: Vec<Entry>,
    /// Where values of before are not on this PC: what is shown in their place.
    pub note: Option<Say>,
}

/// One entry of a history.
#[derive(Serialize, JsonSchema)]
pub struct Entry {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub author: String,
    /// Where the change stands.
    pub standing: Mark,
    /// What changed.
    pub changes: Vec<FieldChange>,
    /// The event, where it was one.
    pub event: Option<String>,
    /// Whether this made the record.
    pub made: bool,
}

/// One field of a history entry.
#[derive(Serialize, JsonSchema)]
pub struct FieldChange {
    /// Field.
    pub field: String,
    /// What stood there.
    pub old: Say,
    /// What was written.
    pub new: Say,
}

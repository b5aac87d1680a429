//! Records: what every ledger can do without a rule of its own: list, open, check, save, history, reveal, void.

mod ask;
mod get;
mod history;
mod list;
mod save;
mod settle;
pub(crate) mod shape;
mod template;

pub(crate) use ask::SaveAsk;
pub use ask::{
    Checked, ConflictSide, Detail, Entry, EventLine, FieldChange, FieldConflict, HistoryPage, Listing, Notice, Row,
    Saved,
};
pub(crate) use history::flag;
pub(crate) use list::line as list_line;
pub(crate) use save::{Saw, save_given, save_with, saved};

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    fault::{Fault, FieldFault},
    office::View,
    people::Role,
    record::{Kind, Layout, Record, RecordId, RecordType, Value},
    registry::Registry,
    words::Say,
};

/// Derives what a record's page shows beside its fields.
pub type Derive = fn(&View<'_>, RecordId, &[Value]) -> Result<serde_json::Map<String, Json>, Fault>;

/// What a module adds to the common commands of its record type.
#[derive(Clone, Copy)]
pub struct Ledger {
    /// The type.
    pub ty: &'static RecordType,
    /// Rules over several fields; pure apart from looking up neighbours through the view.
    pub rules: fn(&View<'_>, &mut Candidate<'_>) -> Result<(), Fault>,
    /// What is derived for the record's page.
    pub derived: Derive,
    /// A line under the title in lists and hits, made of shown texts.
    pub detail: fn(&View<'_>, &[Value]) -> Result<String, Fault>,
    /// Columns of its sheets that are no fields: heading, and code list where it has one.
    pub further: &'static [(&'static str, Option<&'static str>)],
}

/// A record as it would stand after the save, with what the rules have to say about it.
pub struct Candidate<'a> {
    /// Layout of the type.
    pub(crate) layout: &'a Layout,
    /// The record's id where it exists already.
    pub id: Option<RecordId>,
    /// All values, the new ones in place.
    pub values: Vec<Value>,
    /// Which fields the form or the sheet gave.
    pub given: Vec<bool>,
    /// Refuses the save.
    pub faults: Vec<FieldFault>,
    /// Lets the save through and is told.
    pub notices: Vec<Notice>,
}

impl Candidate<'_> {
    /// A value by field name.
    #[must_use]
    pub fn get(&self, field: &str) -> &Value {
        self.layout.place(field).map_or(&Value::Null, |p| &self.values[p])
    }

    /// A text by field name.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        match self.get(field) {
            Value::Text(t) => Some(t),
            _ => None,
        }
    }

    /// Fills a field that the form left empty.
    pub fn fill(&mut self, field: &str, value: Value) {
        if let Some(place) = self.layout.place(field)
            && crate::people::empty(&self.values[place])
        {
            self.values[place] = value;
            self.given[place] = true;
        }
    }

    /// Refuses the save because of a field.
    pub fn fault(&mut self, field: &str, key: &str, say: Say) {
        self.faults.push(FieldFault { field: field.into(), key: key.into(), say });
    }

    /// Tells something about a field without refusing.
    pub fn notice(&mut self, field: &str, key: &str, say: Say) {
        self.notices.push(Notice { field: field.into(), key: key.into(), say });
    }
}

impl Ledger {
    /// A ledger without rules of its own.
    #[must_use]
    pub fn plain<R: Record>() -> Self {
        Self {
            ty: R::TYPE,
            rules: |_, _| Ok(()),
            derived: |_, _, _| Ok(serde_json::Map::new()),
            detail: |_, _| Ok(String::new()),
            further: &[],
        }
    }
}

/// Lists the common commands of a ledger.
pub(crate) fn register(registry: &mut Registry, ledger: Ledger) {
    let p = ledger.ty.plural;
    registry.query(format!("{p}.list"), Role::Viewer, move |view, ask| list::list(view, ledger, &ask));
    registry.query(format!("{p}.get"), Role::Viewer, move |view, ask| get::get(view, ledger, &ask));
    registry.query(format!("{p}.history"), Role::Viewer, move |view, ask| history::history(view, ledger, &ask));
    registry.query(format!("{p}.template"), Role::Clerk, move |view, ask| template::template(view, ledger, &ask));
    registry.query(format!("{p}.check"), Role::Clerk, move |view, ask| save::check(view, ledger, &ask));
    registry.action(format!("{p}.save"), Role::Clerk, move |desk, ask| save::save(desk, ledger, &ask));
    registry.action(format!("{p}.void"), Role::Clerk, move |desk, ask| save::void(desk, ledger, &ask));
    registry.action(format!("{p}.settle"), Role::Clerk, move |desk, ask| settle::settle(desk, ledger, &ask));
    registry.action(format!("{p}.reveal"), Role::Clerk, move |desk, ask| get::reveal(desk, ledger, &ask));
}

/// The shown text of a value, in both languages: labels instead of codes, titles instead of links, masks where asked.
pub(crate) fn shown(view: &View<'_>, kind: Kind, value: &Value, masked: bool) -> Result<Say, Fault> {
    let same = |text: String| Say::owned(text.clone(), text);
    Ok(match (kind, value) {
        (_, value) if value.is_elided() && view.office.identity().county => {
            Say::new("（较早的内容，不在本机）", "(an earlier value; not on this PC)")
        }
        (_, value) if value.is_elided() => {
            Say::new("（较早的内容不在本机，县总工会有）", "(an earlier value; not on this PC, the county has it)")
        }
        (_, Value::Null | Value::Other(_)) | (Kind::Bytes, _) => Say::new("", ""),
        // Where two are to be told apart they are shown, not described.
        (Kind::Picture, Value::Bytes(_)) => Say::new("图片", "a picture"),
        (Kind::Code(list), Value::Text(code)) => match crate::codes::list(list).and_then(|l| l.get(code)) {
            Some(code) => code.label(),
            // A code of a newer list is shown as it is.
            None => same(code.to_string()),
        },
        (Kind::Link(target), Value::Bytes(id)) => same(title_of(view, target, id)?),
        (Kind::Bool, Value::Bool(b)) => {
            if *b {
                Say::new("是", "Yes")
            } else {
                Say::new("否", "No")
            }
        }
        (Kind::Money, Value::Int(fen)) => same(format!("{}.{:02}", fen / 100, (fen % 100).abs())),
        (_, Value::Int(n)) => same(n.to_string()),
        (_, Value::Text(text)) if masked => same(mask(kind, text)),
        (_, Value::Text(text)) => same(text.to_string()),
        (_, Value::Bool(b)) => same(b.to_string()),
        (_, Value::Bytes(_)) => Say::new("", ""),
    })
}

/// Masks a sensitive value as §9 of the domain rules shows it.
pub(crate) fn mask(kind: Kind, text: &str) -> String {
    match kind {
        Kind::IdNumber => crate::checks::id_number::masked(text),
        Kind::Phone => crate::checks::phone::masked(text),
        Kind::BankCard => crate::checks::bank_card::masked(text),
        _ => crate::checks::name::masked(text),
    }
}

/// The title of another record.
pub(crate) fn title_of(view: &View<'_>, kind: &str, id: &[u8]) -> Result<String, Fault> {
    let (layout, Ok(id)) = (view.layout(kind)?, <[u8; 16]>::try_from(id)) else { return Ok(String::new()) };
    let title = layout.ty.fields[layout.ty.title].name;
    use rusqlite::OptionalExtension as _;
    let mut statement = view.conn.prepare_cached(&format!("SELECT \"{title}\" FROM \"{kind}\" WHERE id = ?1"))?;
    Ok(statement.query_row([id], |r| r.get::<_, Option<String>>(0)).optional()?.flatten().unwrap_or_else(String::new))
}

/// A value as JSON: codes and texts as they are, days as `YYYY-MM-DD`, links as ids.
pub(crate) fn to_json(kind: Kind, value: &Value, masked: bool) -> Json {
    match value {
        Value::Null | Value::Other(_) => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(n) => Json::from(*n),
        Value::Text(t) if masked => Json::String(mask(kind, t)),
        Value::Text(t) => Json::String(t.to_string()),
        // The key stays here: a page knows a picture by its address.
        Value::Bytes(b) if kind == Kind::Picture => {
            crate::blobs::named(b).map_or(Json::Null, |blob| Json::String(blob.outline().address().to_string()))
        }
        Value::Bytes(b) => <[u8; 16]>::try_from(&**b).map_or(Json::Null, |id| Json::String(RecordId(id).to_string())),
    }
}

/// Named values as JSON.
pub(crate) fn json_fields(layout: &Layout, pairs: &[(String, Value)]) -> BTreeMap<String, Json> {
    pairs
        .iter()
        .map(|(name, value)| {
            let field = layout.place(name).map(|p| &layout.ty.fields[p]);
            let json = field.map_or(Json::Null, |f| to_json(f.kind, value, f.sensitive));
            (name.clone(), json)
        })
        .collect()
}

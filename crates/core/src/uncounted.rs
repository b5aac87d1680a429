//! What was written and does not count: read row by row, with what stands now and what it says. That may be what a PC wrote after it
//! was shut out, or what waits for something that has not come.

use std::collections::HashMap;

use niangjia_replication::change::Change;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    fault::Fault,
    office::View,
    people::{AuditEntry, Clerk},
    record::{Kind, Layout, Record as _, RecordId, Value},
    records::{self, FieldChange},
    store::{first_of_a_record, rows},
    words::Say,
};

/// How many rows are read for one look; a thief may have written any number.
const SHOWN: usize = 200;

/// Changes that do not count, row by row.
#[derive(Default, Serialize, JsonSchema)]
pub struct Uncounted {
    /// In the order in which they were written or came, chain by chain; no entries of the audit.
    pub rows: Vec<UncountedRow>,
    /// Changes behind these that are not listed.
    pub further: u64,
    /// Changes that cannot be shown here: their key has not come, or a newer version wrote them.
    pub unread: u64,
    /// Entries of the audit that go with them.
    pub audit: u64,
}

/// One change as it would count.
#[derive(Serialize, JsonSchema)]
pub struct UncountedRow {
    /// Which kind of record.
    pub kind: String,
    /// The record, where it stands here.
    pub id: Option<String>,
    /// What it is called.
    pub title: String,
    /// When, by the writing PC's clock, milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub author: String,
    /// Whether it made the record.
    pub made: bool,
    /// The event, where it was one.
    pub event: Option<String>,
    /// What it would change: what stands now, or was written before it among these, and what it says.
    pub changes: Vec<FieldChange>,
}

/// Reads changes as if they counted, one after the other.
pub(crate) struct Reader<'v> {
    view: &'v View<'v>,
    /// What would stand, of records and fields that were read before.
    values: HashMap<(RecordId, String), Value>,
    pub(crate) page: Uncounted,
}

impl<'v> Reader<'v> {
    pub(crate) fn of(view: &'v View<'v>) -> Self {
        Self { view, values: HashMap::new(), page: Uncounted::default() }
    }

    /// Whether no more rows are shown.
    pub(crate) fn full(&self) -> bool {
        self.page.rows.len() >= SHOWN
    }

    pub(crate) fn read(&mut self, change: &Change) -> Result<(), Fault> {
        if &*change.kind == AuditEntry::TYPE.name {
            self.page.audit += 1;
            return Ok(());
        }
        let Ok(layout) = self.view.layout(&change.kind) else {
            self.page.unread += 1;
            return Ok(());
        };
        if self.full() {
            self.page.further += 1;
            return Ok(());
        }
        let row = rows::by_id(self.view.conn, layout, change.record)?;
        let made = row.is_none() && first_of_a_record(change);
        let mut changes = Vec::new();
        for set in &change.sets {
            let place = layout.place(&set.field);
            let stood = match (self.values.get(&(change.record, set.field.to_string())), &row, place) {
                (Some(written), _, _) => written.clone(),
                (None, Some(row), Some(place)) => row.values[place].clone(),
                (None, Some(row), None) => Value::Bool(row.void),
                (None, None, _) => Value::Null,
            };
            let (old, new) = match place {
                Some(place) => {
                    let field = &layout.ty.fields[place];
                    (
                        self.shown(field.kind, &stood, field.sensitive)?,
                        self.shown(field.kind, &set.value, field.sensitive)?,
                    )
                }
                None => (records::flag(&stood), records::flag(&set.value)),
            };
            self.values.insert((change.record, set.field.to_string()), set.value.clone());
            changes.push(FieldChange { field: set.field.to_string(), old, new });
        }
        let title = match self.written(layout, change.record) {
            Some(title) => title,
            None => records::title_of(self.view, layout.ty.name, &change.record.0)?,
        };
        self.page.rows.push(UncountedRow {
            kind: change.kind.to_string(),
            id: row.is_some().then(|| change.record.to_string()),
            title,
            at: change.wall,
            author: self.author(change.author)?,
            made,
            event: change.event.as_ref().map(|event| event.name.to_string()),
            changes,
        });
        Ok(())
    }

    fn shown(&self, kind: Kind, value: &Value, masked: bool) -> Result<Say, Fault> {
        if let (Kind::Link(target), Value::Bytes(id)) = (kind, value)
            && let Ok(id) = <[u8; 16]>::try_from(&**id)
            && let Some(title) = self.written(self.view.layout(target)?, RecordId(id))
        {
            return Ok(Say::owned(title.clone(), title));
        }
        records::shown(self.view, kind, value, masked)
    }

    /// What a record is called by what was read before.
    fn written(&self, layout: &Layout, id: RecordId) -> Option<String> {
        let title = layout.ty.fields[layout.ty.title].name;
        match self.values.get(&(id, title.to_owned())) {
            Some(Value::Text(title)) => Some(title.to_string()),
            _ => None,
        }
    }

    /// Somebody may have been entered among these too.
    fn author(&self, id: RecordId) -> Result<String, Fault> {
        let layout = self.view.layout(Clerk::TYPE.name)?;
        if let Some(name) = self.written(layout, id) {
            return Ok(name);
        }
        let row = rows::by_id(self.view.conn, layout, id)?;
        row.map_or_else(|| Ok(String::new()), |row| Ok(Clerk::from_values(&row.values)?.name))
    }
}

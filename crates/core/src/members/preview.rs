//! Looking at a sheet before anything is written: judged row by row, told apart by what the store already holds, shown in pages.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use rusqlite::{OptionalExtension as _, Statement};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    import::ColumnLine,
    judge::{COUNTED, Judge, Judged, columns, names},
    waiting::recall,
};
use crate::{
    fault::Fault,
    office::View,
    record::{Layout, Record as _, RecordId, Value},
    records::{mask, shown},
    sheet::{self, Limits},
    store::{
        rows,
        versions::{Versions, damaged},
    },
    successions::HELD,
    words::Say,
};

/// Rows of a sheet by class.
#[derive(Clone, Copy, Default, Serialize, JsonSchema)]
pub struct Classes {
    /// Not in the store.
    pub new: u64,
    /// In the store, and equal.
    pub same: u64,
    /// In the store, and different.
    pub differs: u64,
    /// Cannot be taken.
    pub rejected: u64,
    /// Are taken, but should be looked at.
    pub warned: u64,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Not in the store.
    New,
    /// In the store, and equal.
    Same,
    /// In the store, and different.
    Differs,
    /// Cannot be taken.
    Rejected,
    /// Of the accepted ones, those to be looked at; only asked for, a row bears its first class.
    Warned,
}

pub(super) struct Planned {
    pub(super) judged: Judged,
    pub(super) class: Class,
    pub(super) existing: Option<(RecordId, Versions)>,
    /// Fields in which sheet and store differ.
    pub(super) differs: Vec<usize>,
    /// It came to differ after the clerk had looked.
    pub(super) unseen: bool,
}

/// A sheet that was judged and waits for the clerk's word.
pub(crate) struct Preview {
    pub(super) source: PathBuf,
    pub(super) format: sheet::Format,
    /// Of the file, once a clerk is to decide about it.
    pub(super) digest: Option<[u8; 32]>,
    pub(super) found: sheet::Found,
    pub(super) planned: Vec<Planned>,
    pub(super) columns: Vec<ColumnLine>,
    pub(super) counts: Classes,
    pub(super) rejected_by: BTreeMap<String, u64>,
    pub(super) warned_by: BTreeMap<String, u64>,
    pub(super) at: i64,
}

/// Which rows of a preview.
#[derive(Deserialize, JsonSchema)]
pub struct RowsAsk {
    /// The preview.
    pub preview: String,
    /// All where absent.
    #[serde(default)]
    pub class: Option<Class>,
    /// First row.
    #[serde(default)]
    pub offset: u32,
    /// Rows, 100 at the most.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Rows of a preview.
#[derive(Serialize, JsonSchema)]
pub struct RowsAnswer {
    /// In all.
    pub total: u64,
    /// The window.
    pub rows: Vec<RowLine>,
}

/// One row of a preview.
#[derive(Serialize, JsonSchema)]
pub struct RowLine {
    /// Row of the sheet.
    pub row: u32,
    /// Class.
    pub class: Class,
    /// Name.
    pub title: String,
    /// Shown texts by field, sensitive ones masked.
    pub values: BTreeMap<String, Say>,
    /// What is wrong or should be looked at.
    pub reasons: Vec<ReasonLine>,
    /// What differs from the store.
    pub differs: Vec<Difference>,
}

/// A reason.
#[derive(Serialize, JsonSchema)]
pub struct ReasonLine {
    /// Stable key.
    pub key: String,
    /// Sentence.
    pub say: Say,
    /// Whether the row is refused for it.
    pub refused: bool,
}

/// A field in which sheet and store differ.
#[derive(Serialize, JsonSchema)]
pub struct Difference {
    /// Field.
    pub field: String,
    /// What the store has.
    pub old: Say,
    /// What the sheet has.
    pub new: Say,
}

pub(super) fn fault(fault: &sheet::SheetFault) -> Fault {
    Fault::say(fault.key(), fault.say())
}

/// Reads and judges a sheet without writing anything.
pub(super) fn look(view: &View<'_>, path: &Path) -> Result<Preview, Fault> {
    let layout = view.layout(super::Member::TYPE.name)?;
    let mut book = sheet::open(path, &Limits::default()).map_err(|e| fault(&e))?;
    let known = names(layout.ty);
    let found = book.find(&columns(&known)).map_err(|e| fault(&e))?;
    let ids = |sql: &str| -> Result<HashMap<String, RecordId>, Fault> {
        let mut statement = view.conn.prepare(sql)?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, RecordId(r.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let organisations = ids(&format!("SELECT name, id FROM organisation WHERE {HELD} AND name IS NOT NULL"))?;
    let enterprises = ids(&format!("SELECT name, id FROM enterprise WHERE {HELD} AND name IS NOT NULL"))?;
    let mut judge =
        Judge::new(layout, &found.header, view.today(), view.office.identity.office, organisations, enterprises)
            .ok_or_else(|| damaged("member fields"))?;
    let mut preview = Preview {
        source: path.to_owned(),
        format: book.format(),
        digest: None,
        columns: found
            .header
            .columns
            .iter()
            .map(|c| ColumnLine { header: c.text.clone(), field: c.field.clone() })
            .collect(),
        found: found.clone(),
        planned: Vec::new(),
        counts: Classes::default(),
        rejected_by: BTreeMap::new(),
        warned_by: BTreeMap::new(),
        at: view.wall,
    };
    let id_no = layout.place("id_no").ok_or_else(|| damaged("id_no"))?;
    // Asked for each row, and mostly answered by nobody: only who is known is read in full.
    // Of several entries with one number the sheet speaks to the one that stands for the person.
    let counted = super::counted(view);
    let mut known = view.conn.prepare(&format!("{KNOWN}{counted} LIMIT 1"))?;
    for row in book.data(&found).map_err(|e| fault(&e))? {
        let judged = judge.judge(&row.map_err(|e| fault(&e))?);
        let (class, existing, differs) = class_of(view, &mut known, layout, &judged, id_no)?;
        match class {
            Class::New => preview.counts.new += 1,
            Class::Same => preview.counts.same += 1,
            Class::Differs => preview.counts.differs += 1,
            Class::Rejected | Class::Warned => preview.counts.rejected += 1,
        }
        if class == Class::Rejected {
            for reason in &judged.rejected {
                *preview.rejected_by.entry(reason.key.to_owned()).or_default() += 1;
            }
        } else {
            preview.counts.warned += u64::from(judged.warned.iter().any(|r| COUNTED.contains(&r.key)));
            for reason in judged.warned.iter().filter(|r| COUNTED.contains(&r.key)) {
                *preview.warned_by.entry(reason.key.to_owned()).or_default() += 1;
            }
        }
        preview.planned.push(Planned { judged, class, existing, differs, unseen: false });
    }
    Ok(preview)
}

type Known = Option<(RecordId, Versions)>;

/// Who has a number, among the rows that stand.
pub(super) const KNOWN: &str = "SELECT rec FROM member WHERE id_no = ?1 AND void = 0";

fn class_of(
    view: &View<'_>,
    known: &mut Statement<'_>,
    layout: &Layout,
    judged: &Judged,
    id_no: usize,
) -> Result<(Class, Known, Vec<usize>), Fault> {
    if !judged.rejected.is_empty() {
        return Ok((Class::Rejected, None, Vec::new()));
    }
    let Value::Text(number) = judged.value(id_no) else { return Ok((Class::New, None, Vec::new())) };
    let rec: Option<i64> = known.query_row([&**number], |r| r.get(0)).optional()?;
    let row = rec.map(|rec| rows::by_rec(view.conn, layout, rec)).transpose()?.flatten();
    Ok(match row {
        None => (Class::New, None, Vec::new()),
        Some(row) => {
            let other = |(place, value): &(usize, Value)| {
                (!set_by_import(layout, *place) && row.values[*place] != *value).then_some(*place)
            };
            let differs: Vec<usize> = judged.values.iter().filter_map(other).collect();
            let class = if differs.is_empty() { Class::Same } else { Class::Differs };
            (class, Some((row.id, row.versions)), differs)
        }
    })
}

/// Fields that the import itself fills in; they make no difference between sheet and store.
fn set_by_import(layout: &Layout, place: usize) -> bool {
    matches!(layout.ty.fields[place].name, "organisation" | "enterprise" | "collected_by")
}

pub(super) fn preview_rows(view: &View<'_>, ask: RowsAsk) -> Result<RowsAnswer, Fault> {
    let preview = recall(view, &ask.preview)?;
    let layout = view.layout(super::Member::TYPE.name)?;
    let in_class = |p: &Planned| match ask.class {
        None => true,
        Some(Class::Warned) => p.class != Class::Rejected && p.judged.warned.iter().any(|r| COUNTED.contains(&r.key)),
        Some(class) => class == p.class,
    };
    let wanted: Vec<&Planned> = preview.planned.iter().filter(|p| in_class(p)).collect();
    let mut out = Vec::new();
    for line in wanted.iter().skip(ask.offset as usize).take(ask.limit.unwrap_or(50).clamp(1, 100) as usize) {
        let mut values = BTreeMap::new();
        for (place, value) in &line.judged.values {
            let field = &layout.ty.fields[*place];
            let said = match value {
                Value::Text(t) if field.sensitive => {
                    let masked = mask(field.kind, t);
                    Say::owned(masked.clone(), masked)
                }
                value => shown(view, field.kind, value, false)?,
            };
            values.insert(field.name.to_owned(), said);
        }
        let mut differs = Vec::new();
        if let (Class::Differs, Some((id, _))) = (line.class, &line.existing)
            && let Some(row) = rows::by_id(view.conn, layout, *id)?
        {
            for (place, value) in &line.judged.values {
                let field = &layout.ty.fields[*place];
                if !set_by_import(layout, *place) && row.values[*place] != *value {
                    differs.push(Difference {
                        field: field.name.to_owned(),
                        old: shown(view, field.kind, &row.values[*place], field.sensitive)?,
                        new: shown(view, field.kind, value, field.sensitive)?,
                    });
                }
            }
        }
        let reasons =
            line.judged.rejected.iter().map(|r| (r, true)).chain(line.judged.warned.iter().map(|r| (r, false)));
        out.push(RowLine {
            row: line.judged.row,
            class: line.class,
            title: values.get("name").map_or_else(String::new, |s| s.zh.to_string()),
            reasons: reasons
                .map(|(r, refused)| ReasonLine { key: r.key.to_owned(), say: r.say.clone(), refused })
                .collect(),
            differs,
            values,
        });
    }
    Ok(RowsAnswer { total: wanted.len() as u64, rows: out })
}

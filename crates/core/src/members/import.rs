//! Import: a workbook is looked at, judged row by row, shown, and taken in as one batch that can be undone.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::{OptionalExtension as _, Statement};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::judge::{COUNTED, Judge, Judged, columns, names};
use crate::{
    fault::Fault,
    office::{Desk, View},
    people::Role,
    record::{Layout, Record as _, RecordId, Value},
    records::{mask, shown},
    registry::Registry,
    sheet::{self, Limits, Outcome, Remark, ReportWords},
    store::{
        NewEvent, rows,
        versions::{Versions, damaged},
    },
    words::Say,
};

/// What to take in.
#[derive(Deserialize, JsonSchema)]
pub struct ImportAsk {
    /// A file of this PC.
    #[serde(default)]
    pub path: Option<String>,
    /// A file just uploaded; the host puts its path in the place of this.
    #[serde(default)]
    pub upload: Option<String>,
    /// A preview made before.
    #[serde(default)]
    pub preview: Option<String>,
    /// Takes it in; otherwise only looks.
    #[serde(default)]
    pub commit: bool,
    /// Also writes what differs from the store; otherwise people who are here already stay as they are.
    #[serde(default)]
    pub take_differs: bool,
}

/// What was found, and on commit what was done.
#[derive(Serialize, JsonSchema)]
pub struct ImportAnswer {
    /// To be handed back for the commit; absent after it.
    pub preview: Option<String>,
    /// Columns of the sheet and the field that each fills.
    pub columns: Vec<ColumnLine>,
    /// Rows by class.
    pub counts: Classes,
    /// Rows that are taken in or stand in the store already.
    pub accepted: u64,
    /// Rows that are not.
    pub rejected: u64,
    /// Rejected rows by reason.
    pub rejected_by: BTreeMap<String, u64>,
    /// Accepted rows that should be looked at, by reason.
    pub warned_by: BTreeMap<String, u64>,
    /// The same workbook with a column of reasons, where there is something to say.
    pub report: Option<String>,
    /// The batch, for undo; after a commit that wrote something.
    pub batch: Option<String>,
}

/// A column of the sheet.
#[derive(Clone, Serialize, JsonSchema)]
pub struct ColumnLine {
    /// Heading.
    pub header: String,
    /// Field that it fills; absent where it is not known.
    pub field: Option<String>,
}

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

struct Planned {
    judged: Judged,
    class: Class,
    existing: Option<(RecordId, Versions)>,
}

/// A sheet that was judged and waits for the clerk's word.
pub(crate) struct Preview {
    source: PathBuf,
    found: sheet::Found,
    planned: Vec<Planned>,
    columns: Vec<ColumnLine>,
    counts: Classes,
    rejected_by: BTreeMap<String, u64>,
    warned_by: BTreeMap<String, u64>,
    at: i64,
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

const WORDS: ReportWords =
    ReportWords { title: "导入结果", taken: "已导入", noticed: "已导入，请核对", refused: "未导入" };
/// Previews kept; an older one goes when a further sheet is looked at.
const KEPT: usize = 3;

pub(super) fn register(registry: &mut Registry) {
    registry.action("members.import", Role::Clerk, import);
    registry.query("members.import_rows", Role::Clerk, preview_rows);
}

fn fault(fault: &sheet::SheetFault) -> Fault {
    Fault::say(fault.key(), fault.say())
}

fn import(desk: &mut Desk<'_>, ask: ImportAsk) -> Result<ImportAnswer, Fault> {
    if ask.upload.is_some() {
        // Uploads belong to the host; the core reads files by their path only.
        return Err(Fault::question("an upload came without its path"));
    }
    let preview = match (&ask.preview, &ask.path) {
        (Some(id), _) => {
            let previews = desk.office().previews.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            previews.get(id).cloned().ok_or_else(|| {
                Fault::new(
                    "preview_gone",
                    "这次预览已经过期，没有导入任何内容。请重新选择文件。",
                    "This preview is gone; nothing was taken in. Choose the file again.",
                )
            })?
        }
        (None, Some(path)) => Arc::new(look(&desk.view(), Path::new(path))?),
        (None, None) => return Err(Fault::question("path or preview")),
    };
    if !ask.commit {
        let id = desk.act.new_id().to_string();
        let answer = answer(&preview, Some(id.clone()), None, None);
        let mut previews = desk.office().previews.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while previews.len() >= KEPT {
            let Some(oldest) = previews.iter().min_by_key(|(_, p)| p.at).map(|(k, _)| k.clone()) else { break };
            previews.remove(&oldest);
        }
        previews.insert(id, preview);
        return Ok(answer);
    }
    let layout = desk.act.layout(super::Member::TYPE.name)?;
    let stream = desk.office().own_stream();
    let mut source = preview;
    // The preview itself stays as it is until the act commits: after a full disk the clerk presses the same button again.
    desk.spent = ask.preview;
    for at in 0..source.planned.len() {
        let line = &source.planned[at];
        match line.class {
            Class::New => {
                let event = line.judged.event.clone();
                // A sheet that nobody looked at first belongs to this act alone, and its values need no copy.
                let values = match Arc::get_mut(&mut source) {
                    Some(own) => std::mem::take(&mut own.planned[at].judged.values),
                    None => source.planned[at].judged.values.clone(),
                };
                create(desk, layout, &stream, values, event)?;
            }
            Class::Differs if ask.take_differs => {
                if let Some((id, seen)) = &line.existing {
                    let row = desk.act.row(layout, *id)?;
                    desk.act.change(layout, &row, seen, &line.judged.values, None)?;
                }
            }
            _ => {}
        }
    }
    let batch_id = desk.act.new_id();
    let batch = match desk.act.span(&stream) {
        Some((first, last)) => {
            let sheet = source.source.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            let accepted = source.counts.new + if ask.take_differs { source.counts.differs } else { 0 };
            let number = desk.act.memory.stream(desk.act.conn, &stream)?;
            desk.act.conn.execute(
                "INSERT INTO batch (id, kind, stream, inc, first_ctr, last_ctr, sheet, accepted, author, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                rusqlite::params![batch_id.0, layout.ty.name, number, desk.act.memory.own, first, last, sheet, i64::try_from(accepted).unwrap_or(i64::MAX), desk.act.author.0, desk.act.moment.wall],
            )?;
            Some(batch_id.to_string())
        }
        None => None,
    };
    desk.note.kind = Some(layout.ty.name);
    desk.note.record = Some(batch_id);
    let report = report(desk, &source, batch_id)?;
    Ok(answer(&source, None, report, batch))
}

fn create(
    desk: &mut Desk<'_>,
    layout: &Layout,
    stream: &crate::replication::Stream,
    given: Vec<(usize, Value)>,
    event: Option<(&'static str, Option<String>, Option<String>)>,
) -> Result<(), Fault> {
    let mut values = vec![Value::Null; layout.ty.fields.len()];
    for (place, value) in given {
        values[place] = value;
    }
    let text = |t: Option<String>| t.map_or(Value::Null, |t| Value::Text(t.into()));
    let event =
        event.map(|(name, on, reason)| NewEvent { name, detail: vec![("on", text(on)), ("reason", text(reason))] });
    let id = desk.act.new_id();
    desk.act.create_values(stream, layout, id, values, event)
}

fn answer(preview: &Preview, id: Option<String>, report: Option<String>, batch: Option<String>) -> ImportAnswer {
    let counts = preview.counts;
    ImportAnswer {
        preview: id,
        columns: preview.columns.clone(),
        accepted: counts.new + counts.same + counts.differs,
        rejected: counts.rejected,
        counts,
        rejected_by: preview.rejected_by.clone(),
        warned_by: preview.warned_by.clone(),
        report,
        batch,
    }
}

/// Reads and judges a sheet without writing anything.
fn look(view: &View<'_>, path: &Path) -> Result<Preview, Fault> {
    let layout = view.layout(super::Member::TYPE.name)?;
    let mut book = sheet::open(path, &Limits::default()).map_err(|e| fault(&e))?;
    let known = names(layout.ty);
    let found = book.find(&columns(&known)).map_err(|e| fault(&e))?;
    let ids = |sql: &str| -> Result<HashMap<String, RecordId>, Fault> {
        let mut statement = view.conn.prepare(sql)?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, RecordId(r.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let organisations = ids("SELECT name, id FROM organisation WHERE void = 0 AND name IS NOT NULL")?;
    let enterprises = ids("SELECT name, id FROM enterprise WHERE void = 0 AND name IS NOT NULL")?;
    let mut judge =
        Judge::new(layout, &found.header, view.today(), view.office.identity.office, organisations, enterprises)
            .ok_or_else(|| damaged("member fields"))?;
    let mut preview = Preview {
        source: path.to_owned(),
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
    let mut known = view.conn.prepare("SELECT rec FROM member WHERE id_no = ?1 AND void = 0 LIMIT 1")?;
    for row in book.data(&found).map_err(|e| fault(&e))? {
        let judged = judge.judge(&row.map_err(|e| fault(&e))?);
        let (class, existing) = class_of(view, &mut known, layout, &judged, id_no)?;
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
        preview.planned.push(Planned { judged, class, existing });
    }
    Ok(preview)
}

type Known = Option<(RecordId, Versions)>;

fn class_of(
    view: &View<'_>,
    known: &mut Statement<'_>,
    layout: &Layout,
    judged: &Judged,
    id_no: usize,
) -> Result<(Class, Known), Fault> {
    if !judged.rejected.is_empty() {
        return Ok((Class::Rejected, None));
    }
    let Value::Text(number) = judged.value(id_no) else { return Ok((Class::New, None)) };
    let rec: Option<i64> = known.query_row([&**number], |r| r.get(0)).optional()?;
    let row = rec.map(|rec| rows::by_rec(view.conn, layout, rec)).transpose()?.flatten();
    Ok(match row {
        None => (Class::New, None),
        Some(row) => {
            let differs = judged
                .values
                .iter()
                .any(|(place, value)| !set_by_import(layout, *place) && row.values[*place] != *value);
            (if differs { Class::Differs } else { Class::Same }, Some((row.id, row.versions)))
        }
    })
}

/// Fields that the import itself fills in; they make no difference between sheet and store.
fn set_by_import(layout: &Layout, place: usize) -> bool {
    matches!(layout.ty.fields[place].name, "organisation" | "enterprise" | "collected_by")
}

/// The same workbook with a column of reasons, where a row was refused or should be looked at.
fn report(desk: &mut Desk<'_>, preview: &Preview, batch: RecordId) -> Result<Option<String>, Fault> {
    if preview.rejected_by.is_empty() && preview.warned_by.is_empty() {
        return Ok(None);
    }
    let folder = desk.office().store.folder().join("reports");
    std::fs::create_dir_all(&folder)?;
    let ending = preview
        .source
        .extension()
        .and_then(|e| e.to_str())
        .filter(|e| e.eq_ignore_ascii_case("csv"))
        .map_or("xlsx", |_| "csv");
    let out = folder.join(format!("{batch}.{ending}"));
    let remarks: Vec<Remark<'_>> = preview
        .planned
        .iter()
        .map(|Planned { judged: Judged { row, rejected, warned, .. }, .. }| {
            let outcome = if !rejected.is_empty() {
                Outcome::Refused
            } else if warned.iter().any(|w| COUNTED.contains(&w.key)) {
                Outcome::Noticed
            } else {
                Outcome::Taken
            };
            let said: Vec<&str> =
                rejected.iter().chain(warned.iter().filter(|w| COUNTED.contains(&w.key))).map(|r| &*r.say.zh).collect();
            Remark { row: *row, outcome, text: said.join(" ").into() }
        })
        .collect();
    sheet::write_report(
        &preview.source,
        &out,
        &preview.found,
        &remarks,
        &WORDS,
        desk.act.moment.today(),
        &Limits::default(),
    )
    .map_err(|e| match e {
        sheet::SheetFault::NotWritten(e) if e.kind() == std::io::ErrorKind::StorageFull => e.into(),
        e => fault(&e),
    })?;
    desk.papers.add(out.clone());
    Ok(Some(out.to_string_lossy().into_owned()))
}

fn preview_rows(view: &View<'_>, ask: RowsAsk) -> Result<RowsAnswer, Fault> {
    let previews = view.office.previews.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let preview = previews.get(&ask.preview).ok_or_else(|| {
        Fault::new("preview_gone", "这次预览已经过期。请重新选择文件。", "This preview is gone. Choose the file again.")
    })?;
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

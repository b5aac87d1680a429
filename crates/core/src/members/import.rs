//! Import: a workbook is looked at, judged row by row, shown, and taken in as one batch that can be undone.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    judge::{COUNTED, Judged},
    preview::{Class, Classes, Planned, Preview, fault, look, preview_rows},
};
use crate::{
    fault::Fault,
    office::Desk,
    people::Role,
    record::{Layout, Record as _, RecordId, Value},
    registry::Registry,
    sheet::{self, Limits, Outcome, Remark, ReportWords},
    store::NewEvent,
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

const WORDS: ReportWords =
    ReportWords { title: "导入结果", taken: "已导入", noticed: "已导入，请核对", refused: "未导入" };
/// Previews kept; an older one goes when a further sheet is looked at.
const KEPT: usize = 3;

pub(super) fn register(registry: &mut Registry) {
    registry.action("members.import", Role::Clerk, import);
    registry.query("members.import_rows", Role::Clerk, preview_rows);
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

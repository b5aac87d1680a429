//! Import: a workbook is looked at, judged row by row, shown, and taken in as one batch that can be undone.

use std::{borrow::Cow, collections::BTreeMap, path::Path, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    judge::{COUNTED, Judged},
    preview::{Class, Classes, KNOWN, Planned, Preview, fault, look, preview_rows},
    waiting::{self, recall},
};
use crate::{
    fault::Fault,
    office::Desk,
    people::Role,
    record::{Layout, Record as _, RecordId, Value},
    registry::Registry,
    sheet::{self, Limits, Outcome, Remark, ReportWords},
    store::{NewEvent, moving::TRANSFERRED, versions::damaged},
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
    /// Rows that are taken in or stand in the store already, and equal.
    pub accepted: u64,
    /// Rows that make or change a person; what an undo takes back.
    pub written: u64,
    /// Rows of people who are here already with other values, which stay as they are.
    pub not_taken: u64,
    /// Rows that cannot be taken.
    pub rejected: u64,
    /// Rejected rows by reason.
    pub rejected_by: BTreeMap<String, u64>,
    /// Accepted rows that should be looked at, by reason.
    pub warned_by: BTreeMap<String, u64>,
    /// The same sheet with a column of reasons, where a row was not taken or should be looked at.
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

const WORDS: ReportWords = ReportWords { title: "导入结果", noticed: "已导入，请核对", ..ReportWords::ZH };

pub(super) fn register(registry: &mut Registry) {
    registry.action("members.import", Role::Clerk, import);
    registry.query("members.import_rows", Role::Clerk, preview_rows);
}

fn import(desk: &mut Desk<'_>, ask: ImportAsk) -> Result<ImportAnswer, Fault> {
    if ask.upload.is_some() {
        // Uploads belong to the host; the core reads files by their path only.
        return Err(Fault::question("an upload came without its path"));
    }
    if !ask.commit {
        let (id, preview) = match (&ask.preview, &ask.path) {
            (Some(id), _) => (id.clone(), recall(&desk.view(), id)?),
            (None, Some(path)) => {
                let preview = look(&desk.view(), Path::new(path))?;
                let (id, preview) = waiting::keep(desk, preview)?;
                (id.to_string(), preview)
            }
            (None, None) => return Err(Fault::question("path or preview")),
        };
        let fates = preview.planned.iter().map(|line| fate_of(line, ask.take_differs)).collect::<Vec<_>>();
        return Ok(answer(&preview, &fates, Some(id), None, None));
    }
    let mut source = match (&ask.preview, &ask.path) {
        (Some(id), _) => waiting::take(desk, id)?,
        (None, Some(path)) => Arc::new(look(&desk.view(), Path::new(path))?),
        (None, None) => return Err(Fault::question("path or preview")),
    };
    let layout = desk.act.layout(super::Member::TYPE.name)?;
    let id_no = layout.place("id_no").ok_or_else(|| damaged("id_no"))?;
    let stream = desk.office().own_stream();
    if let Some(id) = &ask.preview {
        waiting::forget(desk, id)?;
    }
    let mut fates = Vec::with_capacity(source.planned.len());
    for at in 0..source.planned.len() {
        let line = &source.planned[at];
        let mut fate = fate_of(line, ask.take_differs);
        match (fate, &line.existing) {
            // Between the look and the word somebody may have taken the same person in by the form.
            (Outcome::Taken | Outcome::Noticed, _)
                if ask.preview.is_some() && known(desk, line.judged.value(id_no))? =>
            {
                fate = Outcome::Kept;
            }
            (Outcome::Taken | Outcome::Noticed, _) => {
                let event = line.judged.event.clone();
                // A sheet that nobody looked at first belongs to this act alone, and its values need no copy.
                let values = match Arc::get_mut(&mut source) {
                    Some(own) => std::mem::take(&mut own.planned[at].judged.values),
                    None => source.planned[at].judged.values.clone(),
                };
                create(desk, layout, &stream, values, event)?;
            }
            (Outcome::Updated, Some((id, seen))) => {
                let row = desk.act.row(layout, *id)?;
                // Whoever is held by another union by now is written on there; the roster may be of last year.
                if row.state.as_deref() == Some(TRANSFERRED) {
                    fate = Outcome::Kept;
                } else {
                    desk.act.change(layout, &row, seen, &line.judged.values, None)?;
                }
            }
            _ => {}
        }
        fates.push(fate);
    }
    let written = written(&fates);
    let batch_id = desk.act.new_id();
    let batch = match desk.act.span(&stream) {
        Some((first, last)) => {
            let sheet = source.source.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            let number = desk.act.memory.stream(desk.act.conn, &stream)?;
            desk.act.conn.execute(
                "INSERT INTO batch (id, kind, stream, inc, first_ctr, last_ctr, sheet, accepted, author, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                rusqlite::params![batch_id.0, layout.ty.name, number, desk.act.memory.own, first, last, sheet, i64::try_from(written).unwrap_or(i64::MAX), desk.act.author.0, desk.act.moment.wall],
            )?;
            Some(batch_id.to_string())
        }
        None => None,
    };
    desk.note.kind = Some(layout.ty.name);
    desk.note.record = Some(batch_id);
    let report = report(desk, layout, &source, &fates, batch_id)?;
    Ok(answer(&source, &fates, None, report, batch))
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

/// What becomes of a row.
fn fate_of(line: &Planned, take_differs: bool) -> Outcome {
    match line.class {
        Class::Rejected | Class::Warned => Outcome::Refused,
        Class::Same => Outcome::There,
        Class::Differs if take_differs && !line.unseen => Outcome::Updated,
        Class::Differs => Outcome::Kept,
        Class::New if line.judged.warned.iter().any(|w| COUNTED.contains(&w.key)) => Outcome::Noticed,
        Class::New => Outcome::Taken,
    }
}

fn known(desk: &Desk<'_>, number: &Value) -> Result<bool, Fault> {
    let Value::Text(number) = number else { return Ok(false) };
    Ok(desk.act.conn.prepare_cached(KNOWN)?.exists([&**number])?)
}

fn written(fates: &[Outcome]) -> u64 {
    fates.iter().filter(|fate| matches!(fate, Outcome::Taken | Outcome::Noticed | Outcome::Updated)).count() as u64
}

fn answer(
    preview: &Preview,
    fates: &[Outcome],
    id: Option<String>,
    report: Option<String>,
    batch: Option<String>,
) -> ImportAnswer {
    let many = |one: Outcome| fates.iter().filter(|fate| **fate == one).count() as u64;
    let written = written(fates);
    // What stays as it is brings nothing that would have to be looked at.
    let mut warned_by = BTreeMap::new();
    for (line, _) in preview.planned.iter().zip(fates).filter(|(_, f)| !matches!(f, Outcome::Kept | Outcome::Refused)) {
        for reason in line.judged.warned.iter().filter(|reason| COUNTED.contains(&reason.key)) {
            *warned_by.entry(reason.key.to_owned()).or_default() += 1;
        }
    }
    ImportAnswer {
        preview: id,
        columns: preview.columns.clone(),
        accepted: written + many(Outcome::There),
        written,
        not_taken: many(Outcome::Kept),
        rejected: many(Outcome::Refused),
        counts: preview.counts,
        rejected_by: preview.rejected_by.clone(),
        warned_by,
        report,
        batch,
    }
}

/// The same sheet with a column of reasons, where a row was not taken or should be looked at.
fn report(
    desk: &mut Desk<'_>,
    layout: &Layout,
    preview: &Preview,
    fates: &[Outcome],
    batch: RecordId,
) -> Result<Option<String>, Fault> {
    if preview.rejected_by.is_empty() && preview.warned_by.is_empty() && !fates.contains(&Outcome::Kept) {
        return Ok(None);
    }
    let folder = desk.office().store.folder().join("reports");
    std::fs::create_dir_all(&folder)?;
    let ending = if preview.format == sheet::Format::Csv { "csv" } else { "xlsx" };
    let out = folder.join(format!("{batch}.{ending}"));
    let remarks: Vec<Remark<'_>> =
        preview.planned.iter().zip(fates).map(|(line, fate)| remark(layout, line, *fate)).collect();
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

/// What the report says about a row. No value of the store is told: the sheet may have come from elsewhere and goes back there.
fn remark<'p>(layout: &Layout, line: &'p Planned, outcome: Outcome) -> Remark<'p> {
    let Judged { row, rejected, warned, .. } = &line.judged;
    let fields = || line.differs.iter().map(|place| layout.ty.fields[*place].zh).collect::<Vec<_>>().join("、");
    let first: Cow<'p, str> = match outcome {
        Outcome::Updated => fields().into(),
        Outcome::Kept if line.unseen || line.class == Class::New => {
            "核对之后，库里有人登记或改过这个人，没有按本表写入。请重新导入一次，核对后再决定。".into()
        }
        Outcome::Kept => {
            format!("库里已有这个人，“{}”与本表不同。要按本表更新，请重新导入，勾选“同时用表中的内容更新”。", fields())
                .into()
        }
        _ => "".into(),
    };
    let reasons = rejected.iter().chain(warned.iter().filter(|w| COUNTED.contains(&w.key))).map(|r| &*r.say.zh);
    let said: Vec<&str> = std::iter::once(&*first).filter(|text| !text.is_empty()).chain(reasons).collect();
    let text = if said.len() == 1 && !first.is_empty() { first } else { said.join(" ").into() };
    Remark { row: *row, outcome, text }
}

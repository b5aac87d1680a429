//! Undo of an import: new changes that take back what the batch did, where nothing has been built on it since.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::Fault,
    office::{Desk, View},
    people::{Nothing, Role},
    record::{Kind, Layout, Record as _, RecordId, Value},
    registry::Registry,
    store::{
        past,
        rows::{self, Stored},
    },
    words::Say,
};
use niangjia_replication::planted;

/// An import that was taken in.
#[derive(Serialize, JsonSchema)]
pub struct BatchLine {
    /// Its id.
    pub id: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Who took it in.
    pub author: String,
    /// Name of the file.
    pub sheet: String,
    /// People that it made or changed.
    pub accepted: u64,
    /// Whether it was undone.
    pub undone: bool,
}

/// Imports, newest first.
#[derive(Serialize, JsonSchema)]
pub struct Batches {
    /// The imports.
    pub batches: Vec<BatchLine>,
}

/// Which batch.
#[derive(Deserialize, JsonSchema)]
pub struct UndoAsk {
    /// Its id.
    pub batch: String,
}

/// What the undo did.
#[derive(Serialize, JsonSchema)]
pub struct Undone {
    /// Records voided or restored.
    pub undone: u64,
    /// Records that stay, and why.
    pub not_undone: Vec<Kept>,
}

/// A record that an undo left alone.
#[derive(Serialize, JsonSchema)]
pub struct Kept {
    /// Record id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Why.
    pub why: Say,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("members.batches", Role::Clerk, |view, _: Nothing| batches(view));
    registry.action("members.undo", Role::Clerk, undo);
}

fn batches(view: &View<'_>) -> Result<Batches, Fault> {
    let mut statement = view
        .conn
        .prepare_cached("SELECT id, at, author, sheet, accepted, undone FROM batch ORDER BY no DESC LIMIT 100")?;
    let rows = statement.query_map([], |r| {
        Ok((r.get::<_, [u8; 16]>(0)?, r.get(1)?, r.get::<_, [u8; 16]>(2)?, r.get(3)?, r.get::<_, i64>(4)?, r.get(5)?))
    })?;
    let mut batches = Vec::new();
    for row in rows {
        let (id, at, author, sheet, accepted, undone) = row?;
        let author = match view.memory.known_number(author) {
            Some(no) => view.author(no)?,
            None => String::new(),
        };
        batches.push(BatchLine {
            id: RecordId(id).to_string(),
            at,
            author,
            sheet,
            accepted: accepted.unsigned_abs(),
            undone,
        });
    }
    Ok(Batches { batches })
}

fn undo(desk: &mut Desk<'_>, ask: UndoAsk) -> Result<Undone, Fault> {
    use rusqlite::OptionalExtension as _;
    let id: RecordId = ask.batch.parse().map_err(|_| Fault::not_found())?;
    let (inc, first, last, done): (i64, i64, i64, bool) = desk
        .act
        .conn
        .query_row("SELECT inc, first_ctr, last_ctr, undone FROM batch WHERE id = ?1", [id.0], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
        })
        .optional()?
        .ok_or_else(Fault::not_found)?;
    if done {
        return Err(Fault::new("batch_undone", "这次导入已经撤销过了。", "This import has been undone already."));
    }
    let layout = desk.act.layout(super::Member::TYPE.name)?;
    let mut out = Undone { undone: 0, not_undone: Vec::new() };
    let title = |row: &Stored| match &row.values[layout.ty.title] {
        Value::Text(t) => t.to_string(),
        _ => String::new(),
    };
    let made =
        rows::select(desk.act.conn, layout, "ver_inc = ?1 AND ver_ctr BETWEEN ?2 AND ?3", &[&inc, &first, &last])?;
    for row in made {
        let why = kept_because(desk, layout, &row)?;
        match why {
            None if row.void => {}
            None => {
                desk.act.void(layout, &row, &row.versions, true)?;
                out.undone += 1;
            }
            Some(why) => out.not_undone.push(Kept { id: row.id.to_string(), title: title(&row), why }),
        }
    }
    let mut statement = desk
        .act
        .conn
        .prepare("SELECT DISTINCT rec FROM past WHERE kind = ?1 AND inc = ?2 AND ctr BETWEEN ?3 AND ?4")?;
    let changed: Vec<i64> =
        statement.query_map(rusqlite::params![layout.no, inc, first, last], |r| r.get(0))?.collect::<Result<_, _>>()?;
    drop(statement);
    for rec in changed {
        let Some(row) = rows::by_rec(desk.act.conn, layout, rec)? else { continue };
        let mut restore: Vec<(usize, Value)> = Vec::new();
        let base = row.versions.base;
        let (mut held, mut elsewhere) = (false, false);
        for entry in past(desk.act.conn, layout.no, rec)?
            .iter()
            .filter(|e| e.inc == inc && (first..=last).contains(&e.ctr) && (e.inc, e.ctr) != base)
        {
            for (field, old, _) in &entry.sets {
                let Some(place) = layout.place(field) else { continue };
                // Only where the batch's version is still the sole leaf.
                let leaves = row.versions.leaves(layout.register_of[place]);
                match &leaves[..] {
                    [leaf] if (leaf.inc, leaf.ctr) == (entry.inc, entry.ctr) && old.is_elided() => elsewhere = true,
                    [leaf] if (leaf.inc, leaf.ctr) == (entry.inc, entry.ctr) => restore.push((place, old.clone())),
                    _ => held = true,
                }
            }
        }
        if !restore.is_empty() {
            desk.act.change(layout, &row, &row.versions, &restore, None)?;
            out.undone += 1;
        }
        if held {
            out.not_undone.push(Kept { id: row.id.to_string(), title: title(&row), why: touched() });
        } else if elsewhere {
            out.not_undone.push(Kept { id: row.id.to_string(), title: title(&row), why: below() });
        }
    }
    desk.act.conn.execute("UPDATE batch SET undone = 1 WHERE id = ?1", [id.0])?;
    desk.note.kind = Some(layout.ty.name);
    desk.note.record = Some(id);
    Ok(out)
}

fn below() -> Say {
    Say::new(
        "导入之前的内容已不在本机（检查点之前），保留现在的内容。县总工会有原来的内容，需要时请县里更正。",
        "What stood there before the import is no longer on this PC (it lies before the checkpoint), so the record stays as it is. The county has the earlier values and can correct it.",
    )
}

fn touched() -> Say {
    Say::new(
        "导入之后又有人改过这条记录，保留现在的内容。",
        "Somebody has changed this record since the import; it stays as it is.",
    )
}

/// Why a record that the batch made must stay: something was built on it.
fn kept_because(desk: &Desk<'_>, layout: &Layout, row: &Stored) -> Result<Option<Say>, Fault> {
    if planted!("undo over later work") {
        return Ok(None);
    }
    if !row.versions.own.is_empty() || desk.act.events(layout, row.rec)?.len() > 1 {
        return Ok(if row.void { None } else { Some(touched()) });
    }
    for other in desk.act.schema.all() {
        for field in other.ty.fields.iter().filter(|f| f.kind == Kind::Link("member")) {
            let sql = format!("SELECT 1 FROM \"{}\" WHERE \"{}\" = ?1 AND void = 0", other.ty.name, field.name);
            if desk.act.conn.prepare_cached(&sql)?.exists([row.id.0])? {
                return Ok(Some(Say::new(
                    "别的记录已经引用了这个人，保留。",
                    "Another record refers to this person; it stays.",
                )));
            }
        }
    }
    Ok(None)
}

//! A record's history: who changed what, when, from what, to what.

use super::{
    Ledger,
    ask::{Entry, FieldChange, GetAsk, HistoryPage},
    get::id,
    shown,
};
use crate::{
    fault::Fault,
    office::View,
    record::{Kind, Value},
    store::{past, rows, standing::change_mark},
    words::Say,
};

pub(super) fn history(view: &View<'_>, ledger: Ledger, ask: &GetAsk) -> Result<HistoryPage, Fault> {
    let layout = view.layout(ledger.ty.name)?;
    let row = rows::by_id(view.conn, layout, id(&ask.id)?)?.ok_or_else(Fault::not_found)?;
    let registrar = view.office.registrar();
    let mut events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
    let (mut entries, mut less) = (Vec::new(), false);
    let base = row.versions.base;
    // What the first change held stands in the past once it was replaced; as an entry it is the making of the record.
    for change in past(view.conn, layout.no, row.rec)?.into_iter().filter(|e| (e.inc, e.ctr) != base) {
        let mut changes = Vec::new();
        for (name, old, new) in &change.sets {
            less |= old.is_elided() || new.is_elided();
            let (old, new) = match layout.place(name) {
                Some(place) if layout.ty.fields[place].kind == Kind::Picture => replaced(old, new),
                Some(place) => {
                    let field = &layout.ty.fields[place];
                    (shown(view, field.kind, old, field.sensitive)?, shown(view, field.kind, new, field.sensitive)?)
                }
                None => (flag(old), flag(new)),
            };
            changes.push(FieldChange { field: name.clone(), old, new });
        }
        let event = events
            .iter()
            .position(|e| (e.leaf.inc, e.leaf.ctr) == (change.inc, change.ctr))
            .map(|at| events.remove(at).name);
        let entry = Entry {
            at: change.wall,
            author: view.author(change.author)?,
            standing: change_mark(view.memory, registrar, row.stream, change.inc, change.ctr),
            changes,
            event,
            made: false,
        };
        entries.push(((change.inc, change.ctr), entry));
    }
    let first = events.iter().position(|e| (e.leaf.inc, e.leaf.ctr) == base).map(|at| events.remove(at).name);
    let made = Entry {
        at: row.made_at,
        author: view.author(row.made_by)?,
        standing: change_mark(view.memory, registrar, row.stream, base.0, base.1),
        changes: Vec::new(),
        event: first,
        made: true,
    };
    entries.push((base, made));
    for event in events {
        let entry = Entry {
            at: event.wall,
            author: view.author(event.author)?,
            standing: change_mark(view.memory, registrar, row.stream, event.leaf.inc, event.leaf.ctr),
            changes: Vec::new(),
            event: Some(event.name),
            made: false,
        };
        entries.push(((event.leaf.inc, event.leaf.ctr), entry));
    }
    // Newest first; at the same moment by the order of ids, which every replica shares.
    let mut placed = Vec::with_capacity(entries.len());
    for ((inc, ctr), entry) in entries {
        placed.push(((entry.at, !entry.made, view.memory.ident(inc)?, ctr), entry));
    }
    placed.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    Ok(HistoryPage {
        entries: placed.into_iter().map(|(_, entry)| entry).collect(),
        note: less.then(|| note(view.office.identity().county)),
    })
}

/// What became of a picture: it has no text, and its address says nothing to anybody.
fn replaced(old: &Value, new: &Value) -> (Say, Say) {
    let none = || Say::new("", "");
    match (old, new) {
        (_, new) if new.is_elided() => (none(), Say::new("换过图片", "another picture")),
        (Value::Null, Value::Null) => (none(), none()),
        (Value::Null, _) => (none(), Say::new("放上图片", "a picture")),
        (_, Value::Null) => (Say::new("原来的图片", "the picture before"), Say::new("取下", "taken away")),
        _ => (Say::new("原来的图片", "the picture before"), Say::new("换了一张", "another picture")),
    }
}

fn note(county: bool) -> Say {
    if county {
        return Say::new(
            "较早的改动只列出谁、什么时候、改了哪一项；当时的内容已不在本机。登记机上或较早的副本里可能还有。",
            "Of earlier changes only who, when and which field is shown; what stood there is no longer on this PC. The registrar or an earlier copy may have it.",
        );
    }
    Say::new(
        "较早的改动只列出谁、什么时候、改了哪一项；当时的内容已不在本机，县总工会有，需要时可以向县里查。",
        "Of earlier changes only who, when and which field is shown; what stood there is no longer on this PC. The county has it and can look it up.",
    )
}

/// The void of a record, spoken.
pub(crate) fn flag(value: &Value) -> Say {
    if *value == Value::Bool(true) { Say::new("已作废", "void") } else { Say::new("有效", "in force") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Value;

    #[test]
    fn the_county_is_not_sent_to_the_county() {
        assert!(note(false).zh.contains("县总工会有"));
        assert!(!note(true).zh.contains("县总工会"), "it is that itself");
    }

    #[test]
    fn a_picture_is_spoken_of_without_its_address() {
        let picture = || Value::Bytes(vec![7; 40].into());
        let zh = |old: &Value, new: &Value| {
            let (old, new) = replaced(old, new);
            (old.zh.to_string(), new.zh.to_string())
        };
        assert_eq!(zh(&Value::Null, &picture()), (String::new(), "放上图片".to_owned()));
        assert_eq!(zh(&picture(), &Value::Null), ("原来的图片".to_owned(), "取下".to_owned()));
    }
}

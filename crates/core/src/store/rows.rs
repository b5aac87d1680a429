//! Rows as they stand: reading one, its events, its leaves and its past.

use niangjia_replication::change::RecordId;
use rusqlite::{
    Connection, OptionalExtension as _, Row as SqlRow, ToSql, params,
    types::{ToSqlOutput, ValueRef as SqlRef},
};

use super::{
    memory::Memory,
    versions::{Leaf, Versions, damaged},
};
use crate::{
    fault::Fault,
    record::{Kind, Layout, Moves, Value},
};

/// A row as it stands in its table.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) rec: i64,
    pub(crate) id: RecordId,
    pub(crate) stream: i64,
    pub(crate) versions: Versions,
    pub(crate) void: bool,
    pub(crate) made_by: i64,
    pub(crate) made_at: i64,
    pub(crate) state: Option<String>,
    pub(crate) values: Vec<Value>,
}

/// An event of a record, in causal order.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Name, such as `joined`.
    pub name: String,
    /// What was entered with it.
    pub detail: Vec<(String, Value)>,
    pub(crate) leaf: Leaf,
    pub(crate) author: i64,
    pub(crate) wall: i64,
}

impl EventRow {
    /// One entry of the detail as bytes.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.detail.iter().find(|(n, _)| n == name).and_then(|(_, v)| match v {
            Value::Bytes(b) => Some(&**b),
            _ => None,
        })
    }

    /// One entry of the detail as a whole number.
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        self.detail.iter().find(|(n, _)| n == name).and_then(|(_, v)| match v {
            Value::Int(n) => Some(*n),
            _ => None,
        })
    }

    /// One entry of the detail as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.detail.iter().find(|(n, _)| n == name).and_then(|(_, v)| match v {
            Value::Text(t) => Some(&**t),
            _ => None,
        })
    }
}

/// A value on its way into a column.
pub(crate) struct Bind<'a>(pub(crate) &'a Value);

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => SqlRef::Null,
            Value::Bool(b) => SqlRef::Integer(i64::from(*b)),
            Value::Int(n) => SqlRef::Integer(*n),
            Value::Text(t) => SqlRef::Text(t.as_bytes()),
            Value::Bytes(b) => SqlRef::Blob(b),
            // A shape of a newer version stays in the log; the column is filled by the replay after the upgrade.
            Value::Other(_) => SqlRef::Null,
        }))
    }
}

/// Whether a value of the wire fits the column; what does not fit stays in the log and is shown as empty.
pub(crate) fn fits(kind: Kind, value: &Value) -> bool {
    matches!(
        (kind.column(), value),
        (_, Value::Null)
            | ("INTEGER", Value::Int(_) | Value::Bool(_))
            | ("TEXT", Value::Text(_))
            | ("BLOB", Value::Bytes(_))
    )
}

pub(crate) fn value(kind: Kind, row: &SqlRow<'_>, at: usize) -> rusqlite::Result<Value> {
    Ok(match row.get_ref(at)? {
        SqlRef::Integer(n) if kind == Kind::Bool => Value::Bool(n != 0),
        SqlRef::Integer(n) => Value::Int(n),
        SqlRef::Text(t) => Value::Text(std::str::from_utf8(t)?.into()),
        SqlRef::Blob(b) => Value::Bytes(b.into()),
        SqlRef::Null | SqlRef::Real(_) => Value::Null,
    })
}

fn stored(layout: &Layout, row: &SqlRow<'_>) -> rusqlite::Result<(Stored, Option<Vec<u8>>)> {
    let values =
        layout.ty.fields.iter().enumerate().map(|(i, f)| value(f.kind, row, 10 + i)).collect::<Result<_, _>>()?;
    let vers: Option<Vec<u8>> = row.get(5)?;
    let stored = Stored {
        rec: row.get(0)?,
        id: RecordId(row.get(1)?),
        stream: row.get(2)?,
        versions: Versions::new(row.get(3)?, row.get(4)?),
        void: row.get(6)?,
        made_by: row.get(7)?,
        made_at: row.get(8)?,
        state: row.get(9)?,
        values,
    };
    Ok((stored, vers))
}

fn unpacked((mut stored, vers): (Stored, Option<Vec<u8>>)) -> Result<Stored, Fault> {
    if vers.is_some() {
        stored.versions = Versions::unpack(stored.versions.base, vers.as_deref())?;
    }
    Ok(stored)
}

/// The row with that id. Of a record that stands in several streams, the row of the office that holds it, as far as that is
/// known here.
pub(crate) fn by_id(conn: &Connection, layout: &Layout, id: RecordId) -> Result<Option<Stored>, Fault> {
    let order = if layout.ty.moves == Moves::Never { "" } else { BEST_FIRST };
    let mut statement = conn.prepare_cached(&format!("{} WHERE id = ?1{order}", layout.select))?;
    statement.query_row([id.0], |row| stored(layout, row)).optional()?.map(unpacked).transpose()
}

/// The row of a record in one stream.
pub(crate) fn in_stream(
    conn: &Connection,
    layout: &Layout,
    id: RecordId,
    stream: i64,
) -> Result<Option<Stored>, Fault> {
    let mut statement = conn.prepare_cached(&format!("{} WHERE id = ?1 AND stream = ?2", layout.select))?;
    statement.query_row(params![id.0, stream], |row| stored(layout, row)).optional()?.map(unpacked).transpose()
}

/// Which of the rows of one record is shown: one that stands before one that is provisional, and both before one that went
/// elsewhere.
const BEST_FIRST: &str =
    " ORDER BY CASE coalesce(state, '') WHEN 'transferred' THEN 2 WHEN 'provisional' THEN 1 ELSE 0 END, stream LIMIT 1";

/// The row with that local number.
pub(crate) fn by_rec(conn: &Connection, layout: &Layout, rec: i64) -> Result<Option<Stored>, Fault> {
    let mut statement = conn.prepare_cached(&format!("{} WHERE rec = ?1", layout.select))?;
    statement.query_row([rec], |row| stored(layout, row)).optional()?.map(unpacked).transpose()
}

/// Rows by a condition written in the module, such as `id_no = ?1 AND void = 0`.
pub(crate) fn select(
    conn: &Connection,
    layout: &Layout,
    condition: &str,
    params: &[&dyn ToSql],
) -> Result<Vec<Stored>, Fault> {
    let mut statement = conn.prepare_cached(&format!("{} WHERE {condition}", layout.select))?;
    let rows = statement.query_map(params, |row| stored(layout, row))?;
    let mut out = Vec::new();
    for row in rows {
        out.push(unpacked(row?)?);
    }
    Ok(out)
}

/// The events of a record in causal order.
pub(crate) fn events(conn: &Connection, memory: &Memory, kind: u8, rec: i64) -> Result<Vec<EventRow>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT name, detail, inc, ctr, depth, author, wall FROM event WHERE kind = ?1 AND rec = ?2 ORDER BY n",
    )?;
    let rows = statement.query_map([i64::from(kind), rec], |r| {
        let leaf = Leaf { inc: r.get(2)?, ctr: r.get(3)?, depth: r.get(4)? };
        Ok((r.get::<_, String>(0)?, r.get::<_, Vec<u8>>(1)?, leaf, r.get(5)?, r.get(6)?))
    })?;
    let mut out = Vec::new();
    for row in rows {
        let (name, detail, leaf, author, wall) = row?;
        out.push(EventRow { name, detail: unpack_pairs(&detail)?, leaf, author, wall });
    }
    in_order(memory, out)
}

/// Depth first, then the order of ids that every replica shares.
pub(crate) fn in_order(memory: &Memory, events: Vec<EventRow>) -> Result<Vec<EventRow>, Fault> {
    if events.len() < 2 {
        return Ok(events);
    }
    let mut placed = Vec::with_capacity(events.len());
    for event in events {
        placed.push(((event.leaf.depth, memory.ident(event.leaf.inc)?, event.leaf.ctr), event));
    }
    placed.sort_by_key(|(place, _)| *place);
    Ok(placed.into_iter().map(|(_, event)| event).collect())
}

/// Named values as a blob of a derived table.
pub(crate) fn pack_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a Value)>) -> Vec<u8> {
    let items: Vec<(&str, Written<'_>)> = pairs.map(|(n, v)| (n, Written(v))).collect();
    let mut out = Vec::with_capacity(64);
    // Writing into memory cannot fail.
    let _ = ciborium::into_writer(&items, &mut out);
    out
}

/// A value on its way into such a blob, not copied.
struct Written<'a>(&'a Value);

impl serde::Serialize for Written<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => to.serialize_unit(),
            Value::Bool(b) => to.serialize_bool(*b),
            Value::Int(n) => to.serialize_i64(*n),
            Value::Text(t) => to.serialize_str(t),
            Value::Bytes(b) => to.serialize_bytes(b),
            Value::Other(_) => to_cbor(self.0).serialize(to),
        }
    }
}

pub(crate) fn unpack_pairs(blob: &[u8]) -> Result<Vec<(String, Value)>, Fault> {
    let items: Vec<(String, ciborium::Value)> = ciborium::from_reader(blob).map_err(damaged)?;
    Ok(items.into_iter().map(|(n, v)| (n, from_cbor(v))).collect())
}

pub(crate) fn to_cbor(value: &Value) -> ciborium::Value {
    match value {
        Value::Null => ciborium::Value::Null,
        Value::Bool(b) => ciborium::Value::Bool(*b),
        Value::Int(n) => ciborium::Value::Integer((*n).into()),
        Value::Text(t) => ciborium::Value::Text(t.to_string()),
        Value::Bytes(b) => ciborium::Value::Bytes(b.to_vec()),
        Value::Other(raw) => ciborium::from_reader(&**raw).unwrap_or(ciborium::Value::Null),
    }
}

pub(crate) fn from_cbor(value: ciborium::Value) -> Value {
    match value {
        ciborium::Value::Bool(b) => Value::Bool(b),
        ciborium::Value::Integer(n) => i64::try_from(n).map_or(Value::Null, Value::Int),
        ciborium::Value::Text(t) => Value::Text(t.into()),
        ciborium::Value::Bytes(b) => Value::Bytes(b.into()),
        ciborium::Value::Tag(..) if to_cbor(&Value::elided()) == value => Value::elided(),
        _ => Value::Null,
    }
}

/// An event by name and detail, for the tests of folds.
#[cfg(test)]
pub(crate) fn event_of_test(name: &str, detail: Vec<(String, Value)>) -> EventRow {
    EventRow { name: name.into(), detail, leaf: Leaf { inc: 0, ctr: 0, depth: 0 }, author: 0, wall: 0 }
}

//! The rows of a PC as everybody must see them: record tables, events, leaves, past and search entries of one stream, without
//! the numbers that each store gives out for itself.

use std::collections::BTreeMap;

use niangjia_replication::Stream;
use rusqlite::{Connection, types::ValueRef};

/// Register and its leaves (incarnation, counter, depth), as they lie in a row.
type Packed = Vec<(usize, Vec<(i64, i64, i64)>)>;

struct Dump<'c> {
    conn: &'c Connection,
    idents: BTreeMap<i64, String>,
    stream: i64,
    /// What stands, and what the past held besides.
    lines: Vec<(String, String)>,
}

/// The rows of a stream.
#[derive(Clone, Default)]
pub(crate) struct Rows(Vec<(String, String)>);

impl Rows {
    /// Equal where the rows are. Without `history` what the past held is left out, and who wrote when stays.
    pub(crate) fn digest(&self, history: bool) -> String {
        let mut hash = blake3::Hasher::new();
        for (line, past) in &self.0 {
            hash.update(line.as_bytes()).update(if history { past.as_bytes() } else { &[] }).update(b"\n");
        }
        hash.finalize().to_hex()[..16].to_owned()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// A row that the other one does not have.
    pub(crate) fn beyond(&self, other: &Self, history: bool) -> Option<String> {
        let same = |a: &(String, String), b: &(String, String)| a.0 == b.0 && (!history || a.1 == b.1);
        let row = self.0.iter().find(|row| !other.0.iter().any(|there| same(row, there)))?;
        Some(format!("{}{}", row.0, row.1))
    }
}

/// Every row of a stream as a line of text, in an order that does not depend on arrival. `left_out` is the record that each
/// PC of an office makes for itself (docs/reliability.md says why).
pub(crate) fn dump(conn: &Connection, stream: &Stream, left_out: Option<[u8; 16]>) -> Rows {
    let number = conn.query_row("SELECT no FROM stream WHERE name = ?1", [stream.to_string()], |row| row.get(0));
    let Ok(stream) = number else { return Rows::default() };
    let mut idents = conn.prepare_cached("SELECT no, id FROM ident").expect("idents");
    let rows = idents.query_map([], |r| Ok((r.get(0)?, hex::encode(r.get::<_, [u8; 16]>(1)?))));
    let idents = rows.expect("idents").collect::<Result<_, _>>().expect("idents");
    let mut dump = Dump { conn, idents, stream, lines: Vec::new() };
    for (kind, no) in niangjia_core::kinds() {
        let mut records = BTreeMap::new();
        dump.records(kind, &mut records);
        records.retain(|_, id| left_out.is_none_or(|out| *id != hex::encode(out)));
        if let Some(out) = left_out {
            let begins = format!("{kind} {}", hex::encode(out));
            dump.lines.retain(|(line, _)| !line.starts_with(&begins));
        }
        dump.derived(no, &records);
    }
    dump.lines.sort();
    Rows(dump.lines)
}

impl Dump<'_> {
    fn ident(&self, no: i64) -> &str {
        self.idents.get(&no).map_or("?", |id| id)
    }

    fn dot(&self, inc: i64, ctr: i64) -> String {
        format!("{}:{ctr}", self.ident(inc))
    }

    fn records(&mut self, kind: &str, records: &mut BTreeMap<i64, String>) {
        let mut statement =
            self.conn.prepare_cached(&format!("SELECT * FROM \"{kind}\" WHERE stream = ?1")).expect("a table");
        let names: Vec<String> = statement.column_names().map(ToOwned::to_owned).collect();
        let mut rows = statement.query([self.stream]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let id = hex::encode(row.get::<_, [u8; 16]>("id").expect("an id"));
            records.insert(row.get("rec").expect("a number"), id.clone());
            let base = self.dot(row.get("ver_inc").expect("a number"), row.get("ver_ctr").expect("a number"));
            let mut line = format!("{kind} {id} {base}");
            for (at, name) in names.iter().enumerate() {
                match (&**name, row.get_ref(at).expect("a value")) {
                    ("rec" | "id" | "stream" | "ver_inc" | "ver_ctr", _) => {}
                    ("vers", ValueRef::Blob(blob)) => line.push_str(&format!(" vers={}", self.versions(blob))),
                    ("made_by", ValueRef::Integer(no)) => line.push_str(&format!(" by={}", self.ident(no))),
                    (_, value) => line.push_str(&format!(" {name}={}", text(value))),
                }
            }
            self.lines.push((line, String::new()));
        }
    }

    fn versions(&self, blob: &[u8]) -> String {
        let packed: Packed = ciborium::from_reader(blob).expect("versions");
        let leaf = |l: &(i64, i64, i64)| format!("{}/{}", self.dot(l.0, l.1), l.2);
        let register = |(no, leaves): &(usize, Vec<_>)| {
            format!("{no}:[{}]", leaves.iter().map(leaf).collect::<Vec<_>>().join(","))
        };
        packed.iter().map(register).collect()
    }

    fn derived(&mut self, kind: u8, records: &BTreeMap<i64, String>) {
        for (table, columns) in [
            ("event", "rec, inc, ctr, depth, name, detail, author, wall"),
            ("leaf", "rec, inc, ctr, depth, register, vals, author, wall"),
            ("past", "rec, inc, ctr, 0, author, wall, sets, depths"),
            ("lookup", "rec, 0, 0, 0, name, digits"),
        ] {
            let sql = format!("SELECT {columns} FROM {table} WHERE kind = ?1");
            let mut statement = self.conn.prepare_cached(&sql).expect("a table");
            let names: Vec<String> = statement.column_names().map(ToOwned::to_owned).collect();
            let mut rows = statement.query([kind]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                let Some(id) = records.get(&row.get(0).expect("a number")) else { continue };
                let number = |at: usize| row.get::<_, i64>(at).expect("a number");
                let mut past = String::new();
                let mut line = format!("{table} {id} {}/{}", self.dot(number(1), number(2)), number(3));
                for (at, name) in names.iter().enumerate().skip(4) {
                    let value = match (&**name, row.get_ref(at).expect("a value")) {
                        ("author", ValueRef::Integer(no)) => self.ident(no).to_owned(),
                        ("sets", ValueRef::Blob(blob)) => {
                            past = format!(" sets={}", sorted(blob));
                            continue;
                        }
                        // Entries of the past are written down as versions are replaced: their order is that of arrival.
                        ("depths", ValueRef::Blob(blob)) => sorted(blob),
                        (_, value) => text(value),
                    };
                    line.push_str(&format!(" {name}={value}"));
                }
                self.lines.push((line, past));
            }
        }
    }
}

/// Whether the log of a stream does not go back to the first day.
pub(crate) fn stands_on_checkpoint(conn: &Connection, stream: &Stream) -> bool {
    let sql = "SELECT 1 FROM base b JOIN stream s ON s.no = b.stream WHERE s.name = ?1";
    conn.prepare_cached(sql).and_then(|mut found| found.exists([stream.to_string()])).expect("a base")
}

fn sorted(blob: &[u8]) -> String {
    let items: Vec<ciborium::Value> = ciborium::from_reader(blob).expect("a list");
    let mut items: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
    items.sort();
    items.join(",")
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "-".to_owned(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(r) => r.to_string(),
        ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
        ValueRef::Blob(b) => hex::encode(b),
    }
}

//! Likeness: what all tables say, in 32 bytes that depend neither on the numbers which a store gives out for itself nor on the order
//! in which its rows came. Two databases with one likeness show the same; so must one before and after its tables were made again.

use std::collections::BTreeMap;

use niangjia_replication::{Stream, frontier::SetHash};
use rusqlite::{Connection, Row, types::ValueRef};

use super::{memory::Memory, snapshot::mark, versions::damaged};
use crate::{
    fault::Fault,
    record::{Layout, Schema},
};

/// The tables beside those of the record types: each row belongs to a record. The record's own id comes first.
const BESIDE: [(&str, &str); 4] = [
    ("events", "SELECT r.id, r.stream, x.inc, x.ctr, x.depth, x.name, x.detail, x.author, x.wall FROM event x"),
    ("leaves", "SELECT r.id, r.stream, x.inc, x.ctr, x.depth, x.register, x.vals, x.author, x.wall FROM leaf x"),
    ("past", "SELECT r.id, r.stream, x.inc, x.ctr, x.sets, x.depths, x.author, x.wall FROM past x"),
    ("search entries", "SELECT r.id, r.stream, x.name, x.digits FROM lookup x"),
];

/// Register and its leaves (incarnation, counter, depth), as they lie in a row.
type Packed = Vec<(usize, Vec<(i64, i64, i64)>)>;
/// Field, what was replaced, what was written, as they lie in a record's past.
type Sets = Vec<(String, ciborium::Value, ciborium::Value)>;

/// What the tables say, each for itself.
#[derive(PartialEq, Eq)]
pub(crate) struct Likeness(BTreeMap<String, [u8; 32]>);

impl Likeness {
    /// The first table that says something else there; its name tells nothing of its rows.
    pub(crate) fn differs(&self, other: &Self) -> Option<String> {
        let names = self.0.keys().chain(other.0.keys());
        names.filter(|name| self.0.get(*name) != other.0.get(*name)).min().cloned()
    }
}

/// What is compared beside what the tables of today say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Also {
    /// The values that a record held before. A checkpoint does without them; who changed which field when it keeps.
    pub(crate) history: bool,
    /// How far the county has confirmed. What receipts said below a checkpoint of another PC of the office stays known to whoever
    /// read them, and a rebuild does without it: only the county's word counts as the county's.
    pub(crate) confirmed: bool,
}

/// What the tables of a database say.
pub(crate) fn likeness(conn: &Connection, memory: &Memory, schema: &Schema, with: Also) -> Result<Likeness, Fault> {
    let mut all = BTreeMap::new();
    let mut sum = Sum { memory, with, of: SetHash::new() };
    for layout in schema.all() {
        sum.records(conn, layout)?;
        all.insert(layout.ty.name.to_owned(), sum.take());
        for (table, select) in BESIDE {
            let sql = format!("{select} JOIN \"{}\" r ON r.rec = x.rec WHERE x.kind = ?1", layout.ty.name);
            let mut statement = conn.prepare(&sql)?;
            let names: Vec<String> = statement.column_names().map(ToOwned::to_owned).collect();
            let mut rows = statement.query([layout.no])?;
            while let Some(row) = rows.next()? {
                sum.row(&names, row)?;
            }
            all.insert(format!("{table} of {}", layout.ty.name), sum.take());
        }
    }
    sum.counts()?;
    all.insert("counts".to_owned(), sum.take());
    Ok(Likeness(all))
}

struct Sum<'m> {
    memory: &'m Memory,
    with: Also,
    of: SetHash,
}

impl Sum<'_> {
    fn add(&mut self, line: &blake3::Hasher) {
        self.of.merge(&SetHash::from_bytes(line.finalize().as_bytes()));
    }

    fn take(&mut self) -> [u8; 32] {
        std::mem::take(&mut self.of).digest()
    }

    fn records(&mut self, conn: &Connection, layout: &Layout) -> Result<(), Fault> {
        let mut statement = conn.prepare(&format!("SELECT * FROM \"{}\"", layout.ty.name))?;
        let names: Vec<String> = statement.column_names().map(ToOwned::to_owned).collect();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.row(&names, row)?;
        }
        Ok(())
    }

    fn row(&mut self, names: &[String], row: &Row<'_>) -> Result<(), Fault> {
        let (id, stream): (Vec<u8>, i64) = (row.get("id")?, row.get("stream")?);
        // The record of an office itself, which each of its first PCs makes when it joins: which of several beginnings counts as the
        // first one depends on arrival (docs/reliability.md).
        if matches!(self.memory.stream_name(stream)?, Stream::Office(office) if office.0[..] == id[..]) {
            return Ok(());
        }
        let mut line = blake3::Hasher::new();
        for (at, name) in names.iter().enumerate() {
            match (&**name, row.get_ref(at)?) {
                ("rec", _) => {}
                ("stream", _) => {
                    line.update(self.memory.stream_name(stream)?.to_string().as_bytes());
                }
                ("ver_inc" | "inc" | "made_by" | "author", value) => {
                    line.update(&self.memory.ident(value.as_i64().map_err(damaged)?)?);
                }
                ("vers", ValueRef::Blob(blob)) => self.versions(&mut line, blob)?,
                ("sets", ValueRef::Blob(blob)) => self.sets(&mut line, blob)?,
                ("depths", ValueRef::Blob(blob)) => {
                    let mut depths: Vec<(usize, i64)> = ciborium::from_reader(blob).map_err(damaged)?;
                    depths.sort_unstable();
                    line.update(format!("{depths:?}").as_bytes());
                }
                (_, value) => mark(&mut line, value),
            }
        }
        self.add(&line);
        Ok(())
    }

    fn versions(&self, line: &mut blake3::Hasher, blob: &[u8]) -> Result<(), Fault> {
        let packed: Packed = ciborium::from_reader(blob).map_err(damaged)?;
        for (register, leaves) in packed {
            line.update(&register.to_le_bytes()).update(&leaves.len().to_le_bytes());
            for (inc, ctr, depth) in leaves {
                line.update(&self.memory.ident(inc)?).update(&ctr.to_le_bytes()).update(&depth.to_le_bytes());
            }
        }
        Ok(())
    }

    /// Fields of the past are written down as versions are replaced: their order is that of arrival.
    fn sets(&self, line: &mut blake3::Hasher, blob: &[u8]) -> Result<(), Fault> {
        let sets: Sets = ciborium::from_reader(blob).map_err(damaged)?;
        let said = |(field, old, new): &(String, ciborium::Value, ciborium::Value)| {
            if self.with.history { format!("{field} {old:?} {new:?}") } else { field.clone() }
        };
        let mut sets: Vec<String> = sets.iter().map(said).collect();
        sets.sort_unstable();
        line.update(format!("{sets:?}").as_bytes());
        Ok(())
    }

    /// How far each incarnation stands, and what waits for its causes.
    fn counts(&mut self) -> Result<(), Fault> {
        for ((stream, inc), head) in &self.memory.heads {
            let mut line = blake3::Hasher::new();
            line.update(self.memory.stream_name(*stream)?.to_string().as_bytes()).update(&self.memory.ident(*inc)?);
            // How far by its own chain and what by another one depends on what waited when a database was restored.
            // A receipt from before a fork was known says more of the chain than stands under its name.
            let confirmed = if self.with.confirmed { head.confirmed.min(head.applied) } else { 0 };
            for number in [self.memory.reach(*stream, *inc), head.changes, confirmed, head.news] {
                line.update(&number.to_le_bytes());
            }
            line.update(&head.digest.to_bytes());
            self.add(&line);
        }
        for (stream, inc, ctr) in &self.memory.parked {
            let mut line = blake3::Hasher::new();
            line.update(b"parked").update(self.memory.stream_name(*stream)?.to_string().as_bytes());
            line.update(&self.memory.ident(*inc)?).update(&ctr.to_le_bytes());
            self.add(&line);
        }
        Ok(())
    }
}

//! Changes that wait for what their authors saw: saved here, carried everywhere, and counted once that comes. Where nobody has it any
//! more they would wait unseen; so whoever wonders reads them, and writes anew what matters.

use niangjia_replication::{Block, Limits};

use crate::{
    fault::Fault,
    office::View,
    people::{Nothing, Role},
    registry::Registry,
    store::versions::damaged,
    uncounted::{Reader, Uncounted},
};

pub(crate) fn register(registry: &mut Registry) {
    registry.query("sync.parked", Role::Viewer, |view, _: Nothing| parked(view));
}

fn parked(view: &View<'_>) -> Result<Uncounted, Fault> {
    let mut statement = view.conn.prepare_cached("SELECT block FROM parked ORDER BY no")?;
    let mut rows = statement.query([])?;
    let mut reader = Reader::of(view);
    while let Some(row) = rows.next()? {
        let block: Vec<u8> = row.get(0)?;
        let block = Block::decode(&block, &Limits::STANDARD).map_err(damaged)?;
        for change in block.changes() {
            reader.read(&change.to_owned())?;
        }
    }
    Ok(reader.page)
}

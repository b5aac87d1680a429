//! Changes that wait for what their authors saw: saved here, carried everywhere, and counted once that comes. Where nobody has it any
//! more they would wait unseen; so whoever wonders reads them, and writes anew what matters.

use crate::{
    fault::Fault,
    office::View,
    people::{Nothing, Role},
    registry::Registry,
    store,
    uncounted::{Reader, Uncounted},
};

pub(crate) fn register(registry: &mut Registry) {
    registry.query("sync.parked", Role::Viewer, |view, _: Nothing| parked(view));
}

fn parked(view: &View<'_>) -> Result<Uncounted, Fault> {
    let mut reader = Reader::of(view);
    store::parked(view.conn)?.iter().try_for_each(|change| reader.read(change))?;
    Ok(reader.page)
}

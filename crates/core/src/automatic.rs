//! What the program writes by itself behind an exchange: receipts, grants, told keys. Never answered by a receipt, so it ends.

use rusqlite::Transaction;

use crate::{
    exchange::PROGRAM,
    fault::Fault,
    keeping,
    office::Office,
    store::{self, Act, Done, Moment, memory::Memory},
};

impl Office {
    /// Writes in a transaction that was begun, and commits it.
    pub(crate) fn by_itself(
        &self,
        tx: Transaction<'_>,
        memory: Memory,
        moment: Moment,
        write: impl FnOnce(&mut Act<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut act = Act::begin(&tx, &self.store.schema, &self.store.folds, memory, PROGRAM, moment, true);
        write(&mut act)?;
        let Done { memory, fresh, mut rng, .. } = act.finish()?;
        store::put_out(&tx, &fresh)?;
        let tail = keeping::tail_of(&memory, &fresh)?;
        tx.commit()?;
        self.store.tail.append(&tail, &mut rng);
        self.store.swap(memory);
        Ok(())
    }
}

//! What the program writes by itself behind an exchange: receipts, grants, told keys. Never answered by a receipt, so it ends.

use std::sync::PoisonError;

use niangjia_replication::{Stream, keys::StreamKey};
use rusqlite::Transaction;

use crate::{
    exchange::PROGRAM,
    fault::Fault,
    identity::Keys,
    keeping,
    office::Office,
    store::{self, Act, Done, Moment, memory::Memory},
};

impl Office {
    /// Writes in a transaction that was begun, and commits it with keys that were made for it.
    pub(crate) fn by_itself(
        &self,
        tx: Transaction<'_>,
        memory: Memory,
        moment: Moment,
        new_keys: &[(Stream, StreamKey)],
        write: impl FnOnce(&mut Act<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut act = Act::begin(&tx, &self.store.schema, &self.store.folds, memory, PROGRAM, moment, true);
        write(&mut act)?;
        let Done { memory, fresh, mut rng, .. } = act.finish()?;
        store::put_out(&tx, &fresh)?;
        let mut tail = keeping::tail_of(&memory, &fresh)?;
        for (stream, key) in new_keys {
            store::set_secret(&tx, &Keys::secret_name(stream, key.epoch()), key.secret())?;
            tail.push(keeping::tail_of_key(stream, key));
        }
        tx.commit()?;
        self.store.tail.append(&tail, &mut rng);
        self.store.swap(memory);
        if !new_keys.is_empty() {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            keys.streams.extend(new_keys.iter().map(|(stream, key)| ((*stream, key.epoch()), key.clone())));
        }
        Ok(())
    }
}

//! Settling what came: keys are taken up, what waited for them is opened, and every table is made again where an order or a fork
//! asks for it.

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use rusqlite::{Transaction, TransactionBehavior};

use crate::{
    fault::Fault,
    identity::Keys,
    office::Office,
    store::{
        self, Intake, LogKeys, Moment, Touched, drop_tables, make_indices,
        memory::{Memory, set_meta},
    },
};

/// What has been taken in and is not committed yet.
pub(crate) struct Settling {
    pub(crate) memory: Memory,
    pub(crate) touched: Touched,
    /// Every table was made again.
    pub(crate) again: bool,
    /// Keys may have come.
    pub(crate) look: bool,
    pub(crate) changes: u64,
    /// What waited was sealed.
    pub(crate) sealed: bool,
}

/// What is replayed has been seen: no stamp of it may move the clock again. Nothing new is written at such a moment.
pub(crate) fn still() -> Moment {
    Moment { wall: i64::MAX, rng: ChaCha20Rng::from_seed([0; 32]) }
}

impl Office {
    /// Takes up keys that have come and opens what waited for them, until nothing more is learnt; makes every table again
    /// where an order or a fork asks for it: a branch that was the whole chain so far has a name of its own from now on, and
    /// what was applied beyond an accepted head is applied no more.
    pub(crate) fn settle(
        &self,
        tx: &Transaction<'_>,
        keys: &mut Keys,
        settling: &mut Settling,
        mut moment: Moment,
    ) -> Result<(), Fault> {
        let mut due = settling.again;
        loop {
            let learnt = settling.look && self.learnt(tx, &settling.memory, keys)?;
            if !learnt && !due {
                return Ok(());
            }
            settling.look = true;
            let memory = std::mem::take(&mut settling.memory);
            if due {
                settling.again = true;
                if moment.wall != i64::MAX {
                    settling.sealed |= self.sum_up_what_the_lost_made(tx, &memory, keys, &mut moment)?;
                }
                (settling.memory, _) = self.replayed(tx, memory, keys)?;
                due = false;
                continue;
            }
            let mut intake = Intake::new(tx, &self.store, LogKeys { keys }, memory, moment.part());
            intake.touched = std::mem::take(&mut settling.touched);
            settling.changes += intake.open_keyless()?;
            due = intake.again();
            (settling.memory, settling.touched) = intake.finish();
        }
    }

    /// Drops every table and replays the log. Returns the number of changes replayed.
    ///
    /// # Errors
    /// The store's own; then the old tables stand.
    pub fn rebuild(&self) -> Result<u64, Fault> {
        let conn = self.store.write();
        // The same rows come back into the same pages: blanking the pages of the dropped tables first would write
        // everything twice.
        let blanking = store::Blanking::off(&conn)?;
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let memory = (*self.store.memory()).clone();
        let mut keys = self.keys();
        let (memory, count) = self.replayed(&tx, memory, &keys)?;
        // An older version may have kept what it could not read yet.
        let mut settling =
            Settling { memory, touched: Touched::new(), again: false, look: true, changes: 0, sealed: false };
        self.settle(&tx, &mut keys, &mut settling, still())?;
        let Settling { mut memory, .. } = settling;
        memory.persist(&tx)?;
        tx.commit()?;
        *self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner) = keys;
        self.store.swap(memory);
        drop(blanking);
        drop(conn);
        self.index()?;
        Ok(count)
    }

    /// Drops every table and makes it again from the log, in a transaction that the caller commits.
    pub(crate) fn replayed(
        &self,
        tx: &Transaction<'_>,
        mut memory: Memory,
        keys: &Keys,
    ) -> Result<(Memory, u64), Fault> {
        memory.forget_choices();
        let count = loop {
            drop_tables(tx, &self.store.schema)?;
            memory.forget_rows();
            let mut intake = Intake::new(tx, &self.store, LogKeys { keys }, memory, still());
            let count = intake.replay()?;
            (memory, _) = intake.finish();
            // Of several changes of one name each round finds one that counts before those that it knew, or none.
            if !std::mem::take(&mut memory.contested) {
                break count;
            }
        };
        make_indices(tx, &self.store.schema)?;
        memory.persist(tx)?;
        set_meta(tx, "schema", &self.store.schema.fingerprint())?;
        Ok((memory, count))
    }
}

//! The registrar's receipts: written behind each exchange and each packet that brought something.

use niangjia_replication::Stream;
use rusqlite::{Transaction, TransactionBehavior};

use crate::{
    exchange::PROGRAM,
    fault::Fault,
    keeping,
    office::Office,
    store::{self, Act, Done, Moment, RECEIPT, Receipt},
};

impl Office {
    /// The registrar signs, into each office's stream, what it has applied since its last receipt. Receipts are never
    /// receipted, so this ends. Does nothing at an office that is not the registrar. Returns how many were written.
    ///
    /// # Errors
    /// The store's own.
    pub fn receipts(&self, moment: Moment) -> Result<usize, Fault> {
        if !self.registrar() {
            return Ok(0);
        }
        let mut moment = moment;
        let granted = self.grant_owed(moment.part())?;
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let memory = (*self.store.memory()).clone();
        let mut due: Vec<(Stream, Receipt)> = Vec::new();
        for stream in self.streams().into_iter().filter(|s| matches!(s, Stream::Office(_))) {
            let Some(number) = memory.known_stream(&stream) else { continue };
            due.extend(Receipt::due(&tx, &memory, number)?.map(|receipt| (stream, receipt)));
        }
        if due.is_empty() {
            return Ok(granted);
        }
        let count = due.len() + granted;
        let mut act = Act::begin(&tx, &self.store.schema, &self.store.folds, memory, PROGRAM, moment, true);
        for (stream, receipt) in due {
            let id = act.new_id();
            act.write(&stream, RECEIPT, id, receipt.sets()?, None)?;
        }
        let Done { memory, fresh, mut rng, .. } = act.finish()?;
        store::put_out(&tx, &fresh)?;
        let tail = keeping::tail_of(&memory, &fresh)?;
        tx.commit()?;
        self.store.tail.append(&tail, &mut rng);
        self.store.swap(memory);
        Ok(count)
    }
}

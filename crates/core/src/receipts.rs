//! The registrar's receipts: written behind each exchange and each packet that brought something.

use niangjia_replication::Stream;
use rusqlite::{Transaction, TransactionBehavior};

use crate::{
    exchange::PROGRAM,
    fault::Fault,
    keeping,
    office::{Office, View},
    organisations,
    store::{self, Act, Done, Moment, RECEIPT, Receipt},
};

impl Office {
    /// The registrar lists who was not listed, and signs, into each office's stream, what it has applied since its last receipt. Receipts are never
    /// receipted, so this ends. Any other PC tells the county here what keys it lacks. Returns how many were written.
    ///
    /// # Errors
    /// The store's own.
    pub fn receipts(&self, moment: Moment) -> Result<usize, Fault> {
        if !self.registrar() {
            return self.tell_owed(moment);
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
        let view = View { office: self, conn: &tx, memory: &memory, clerk: PROGRAM, wall: moment.wall };
        let unlisted = organisations::unlisted(&view)?;
        if due.is_empty() && unlisted.is_empty() {
            return Ok(granted);
        }
        let count = due.len() + unlisted.len() + granted;
        let mut act = Act::begin(&tx, &self.store.schema, &self.store.folds, memory, PROGRAM, moment, true);
        for (id, office) in unlisted {
            act.create_as(&Stream::County, id, office, None)?;
        }
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

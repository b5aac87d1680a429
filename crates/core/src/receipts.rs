//! The registrar's receipts: written behind each exchange and each packet that brought something.

use niangjia_replication::Stream;
use rusqlite::{Transaction, TransactionBehavior};

use crate::{
    fault::Fault,
    office::Office,
    store::{Moment, RECEIPT, Receipt, versions::UNREADABLE},
};

impl Office {
    /// The registrar signs, into each office's stream, what it has applied since its last receipt. Receipts are never
    /// receipted, so this ends. Any other PC tells the county here what keys it lacks. Returns how many were written.
    ///
    /// # Errors
    /// The store's own.
    pub fn receipts(&self, moment: Moment) -> Result<usize, Fault> {
        let mut moment = moment;
        let told = self.tell_issuing_key(moment.part())?;
        if !self.registrar() {
            return Ok(told + self.tell_owed(moment)?);
        }
        let mut granted = told + self.grant_owed(moment.part())? + self.accept_lost(moment.part())?;
        let done = [
            self.settle_transfers(moment.part()),
            self.grant_numbers(moment.part()),
            self.publish_lists(moment.part()),
            self.publish_known(moment.part()),
        ];
        for one in done {
            granted += match one {
                // What an office wrote and nobody here can read stops nobody's receipts: it stands where it stood.
                Err(fault) if [UNREADABLE, "not_found"].contains(&fault.code.as_str()) => 0,
                other => other?,
            };
        }
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
        self.by_itself(tx, memory, moment, &[], |act| {
            for (stream, receipt) in due {
                let id = act.new_id();
                act.write(&stream, RECEIPT, id, receipt.sets()?, None)?;
            }
            Ok(())
        })?;
        Ok(count)
    }
}

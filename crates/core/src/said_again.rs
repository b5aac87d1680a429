//! What a registrar had summed up that was lost: the PC that stands on it says it again in its own name, where nobody else may have it.

use niangjia_replication::Stream;
use rusqlite::{Transaction, TransactionBehavior};

use crate::{
    fault::Fault,
    identity::Keys,
    office::Office,
    settling::still,
    store::{
        Intake, LogKeys, Moment,
        checkpoint::{self, Maker},
        forks::Forks,
        memory::Memory,
    },
};

impl Office {
    /// An order came. Where a log stands on what a registrar summed up that was lost, nobody believes that any more, and nobody else may
    /// have what it stands for: before it is laid aside, this PC says it in its own name. Returns whether anything was sealed for
    /// that. What cannot be summed up keeps no order from being heard.
    pub(crate) fn sum_up_what_the_lost_made(
        &self,
        tx: &Transaction<'_>,
        memory: &Memory,
        keys: &Keys,
        moment: &mut Moment,
    ) -> Result<bool, Fault> {
        let mut sealed = false;
        for (_, number) in self.said_by_this_office(memory)? {
            if !checkpoint::of_the_lost(tx, &LogKeys { keys }, number)? {
                continue;
            }
            tx.execute_batch("SAVEPOINT said_again")?;
            match self.say_again(tx, number, memory, keys, moment) {
                Ok(packed) => sealed |= packed,
                // The page says that the log is waited for; what is damaged in it the daily comparison finds.
                Err(_) => tx.execute_batch("ROLLBACK TO said_again")?,
            }
            tx.execute_batch("RELEASE said_again")?;
        }
        Ok(sealed)
    }

    fn say_again(
        &self,
        tx: &Transaction<'_>,
        stream: i64,
        memory: &Memory,
        keys: &Keys,
        moment: &mut Moment,
    ) -> Result<bool, Fault> {
        let (log, mut rng, mut memory) = (LogKeys { keys }, moment.part().rng, memory.clone());
        let sealed = log.pack(tx, &memory, &mut rng)?;
        let forks = Forks::load(tx, &mut memory, &log)?;
        let schema = &self.store.schema;
        let maker = Maker { conn: tx, memory: &memory, forks: &forks, schema, log: &log, wall: moment.wall };
        if let Some(id) = checkpoint::make(&maker, stream, &mut rng)? {
            checkpoint::say_again(tx, stream, &id)?;
        }
        Ok(sealed)
    }

    /// The streams in which this PC may speak for a lost registrar.
    fn said_by_this_office(&self, memory: &Memory) -> Result<Vec<(Stream, i64)>, Fault> {
        let mut said = Vec::new();
        for stream in self.streams() {
            let of_an_office = matches!(stream, Stream::Office(_) | Stream::Audit(_));
            let Some(number) = memory.known_stream(&stream).filter(|_| of_an_office) else { continue };
            if !self.registrar() && self.may_make(&stream)? {
                said.push((stream, number));
            }
        }
        Ok(said)
    }

    /// What this PC said again of a lost registrar's checkpoint takes that one's place, where the county accepts it by now and nobody
    /// has brought the log to the hub.
    pub(crate) fn take_the_lost_ones_place(&self) -> Result<(), Fault> {
        for (stream, number) in self.said_by_this_office(&self.store.memory())? {
            let said = self.store.read(|conn| checkpoint::said_again(conn, number))?;
            if said.is_some() && self.hub_now().lacks(&stream) {
                self.stand_on_what_was_said_again(number)?;
            }
        }
        Ok(())
    }

    fn stand_on_what_was_said_again(&self, stream: i64) -> Result<(), Fault> {
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let (memory, keys) = ((*self.store.memory()).clone(), self.keys());
        let mut intake = Intake::new(&tx, &self.store, LogKeys { keys: &keys }, memory, still());
        if !intake.take_its_place(stream)? {
            return Ok(());
        }
        let (memory, _) = intake.finish();
        let (mut memory, _) = self.replayed(&tx, memory, &keys)?;
        memory.load_received(&tx)?;
        memory.persist(&tx)?;
        tx.commit()?;
        self.store.swap(memory);
        self.other_base();
        drop(conn);
        self.index()
    }
}

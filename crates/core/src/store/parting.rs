//! Parting: what comes shows that two databases went on under one name, or that this one is not the only one of its name.

use std::collections::BTreeMap;

use niangjia_replication::{Head, Incarnation, change::Change, keys::CertId, planted};

use super::{
    apply::counter,
    base,
    carried::{self, Numbers},
    checkpoint, forks,
    intake::Intake,
    orders,
    versions::damaged,
};
use crate::fault::Fault;

impl Intake<'_> {
    /// Notes that a chain is forked. What the checkpoint below tells under its name may have another one by now, so the whole log is
    /// asked for.
    pub(super) fn fork(&self, stream: i64, chain: i64) -> Result<(), Fault> {
        if !forks::note(self.conn, stream, chain)? {
            return Ok(());
        }
        for id in checkpoint::stood_on(self.conn, stream)? {
            if self.told_twice(stream, chain, &id)? {
                base::lay_aside(self.conn, stream, base::Aside::Log)?;
            }
        }
        Ok(())
    }

    /// Whether a checkpoint tells changes of a forked chain that the log says too: branches have names of their own, so they would
    /// stand twice. They lie on both sides where one chain carried what waited on another.
    pub(super) fn told_twice(&self, stream: i64, chain: i64, id: &checkpoint::Id) -> Result<bool, Fault> {
        let all = carried::under(self.conn, &self.log, &self.memory, (stream, chain), (1, i64::MAX))?;
        let said = all.iter().map(|(_, change)| counter(change.dot)).collect::<Result<_, _>>()?;
        let name = self.memory.incarnation(chain)?;
        Ok(!checkpoint::told(self.conn, &self.log, id, name, &said)?.is_empty())
    }

    /// Whether what a segment carries stands on a forked chain, or shows that one is: other changes bear these numbers. Then, and where
    /// only the log can tell, the tables have to be made again.
    pub(super) fn parts(&self, (stream, chain, carried): (i64, i64, i64), changes: &[Change]) -> Result<bool, Fault> {
        let numbers = carried::numbers(self.conn, &self.log, &self.memory, (stream, chain, carried), changes)?;
        match numbers {
            Numbers::Fit | Numbers::Again => {}
            Numbers::Parted => self.fork(stream, carried)?,
            Numbers::Below => base::lay_aside(self.conn, stream, base::Aside::Log)?,
        }
        Ok(numbers == Numbers::Again
            || forks::is_forked(self.conn, stream, chain)?
            || (carried != chain && forks::is_forked(self.conn, stream, carried)?))
    }

    /// Notes numbers of a segment that the tables will hold when they have been made again: what comes in the same page is compared with
    /// them.
    pub(super) fn expect(
        &mut self,
        (stream, chain, carried): (i64, i64, i64),
        changes: &[Change],
    ) -> Result<(), Fault> {
        let name = self.memory.incarnation(carried)?;
        for change in changes.iter().filter(|change| change.dot.incarnation == name) {
            let at = counter(change.dot)?;
            if carried == chain {
                let head = self.memory.head_mut(stream, carried);
                head.applied = head.applied.max(at);
            } else {
                self.memory.carry(stream, carried, at);
            }
        }
        Ok(())
    }

    /// Lets go of a base whose every segment has come, where the whole log is wanted: because it is laid aside, or at the `registrar`
    /// always; what it could not tell of what other chains
    /// carry is looked into now. Returns whether it did, so that the tables have to be made again.
    pub(super) fn let_go(&mut self, stream: i64, registrar: bool) -> Result<bool, Fault> {
        if !(registrar || base::aside(self.conn, stream)?) {
            return Ok(false);
        }
        let mut accepted = BTreeMap::new();
        for row in base::rows(self.conn, stream)? {
            let (name, end) =
                (self.memory.incarnation(row.chain)?, Head { seq: row.seq.unsigned_abs(), hash: row.hash });
            if let Some(heads) = self.accepts(&CertId(row.signer), stream, &name)?
                && !orders::accepted(self.conn, stream, row.chain, &end, &heads)?
            {
                let last = heads.iter().map(|head| head.seq).max().unwrap_or(0);
                accepted.insert(row.chain, i64::try_from(last).map_err(damaged)?);
            }
        }
        if !base::let_go(self.conn, stream, &accepted)? {
            return Ok(false);
        }
        for (chain, inc, changes) in carried::all(self.conn, &self.log, &self.memory, stream)? {
            self.parts((stream, chain, inc), &changes)?;
        }
        Ok(true)
    }

    /// Somebody else goes on under this PC's name: a clone, or the later life of this very database. What waits is sealed
    /// where it was written, on this PC's own branch; from here on it writes under a new incarnation.
    pub(super) fn part(&mut self) -> Result<(), Fault> {
        self.log.pack(self.conn, &self.memory, &mut self.moment.rng)?;
        if planted!("a clone keeps its incarnation") {
            return Ok(());
        }
        self.memory.renew(self.conn, Incarnation::new(&mut self.moment.rng))
    }
}

//! What a checkpoint counts of an incarnation, against what is held here.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{
    Frontier,
    change::ChangeId,
    checkpoint::{Standing, Summary},
    frontier::SetHash,
};

use super::{
    super::{
        apply::{RECEIPT, counter},
        carried,
        intake::Intake,
        versions::damaged,
    },
    Id,
};
use crate::fault::Fault;

impl Intake<'_> {
    /// Whether everything that a checkpoint counts of an incarnation is held.
    pub(super) fn holds_all_of(&self, stream: i64, inc: i64, told: &Standing) -> Result<bool, Fault> {
        let applied = i64::try_from(told.applied).map_err(damaged)?;
        let mut carried = Vec::new();
        for counter in &told.carried {
            carried.push(i64::try_from(*counter).map_err(damaged)?);
        }
        if applied <= self.memory.heads.get(&(stream, inc)).map_or(0, |head| head.applied) {
            return Ok(carried.iter().all(|at| self.memory.held(stream, inc, *at)));
        }
        if !self.memory.carries(stream, inc) {
            return Ok(false);
        }
        // After a restore the rest is held one by one, and which numbers went to other streams only the sum can tell.
        let (mut sum, mut summed) = (SetHash::new(), BTreeSet::new());
        for (_, change) in carried::under(self.conn, &self.log, &self.memory, (stream, inc), (1, i64::MAX))? {
            let at = counter(change.dot)?;
            let counted = (at <= applied || carried.contains(&at)) && self.memory.held(stream, inc, at);
            // Its own chain and others may hold the same change.
            if counted && summed.insert(at) {
                sum.add(&change.id());
            }
        }
        Ok(sum == told.digest)
    }

    /// What is held of an incarnation and a checkpoint does not count: it goes on standing in segments of this log. `None` where
    /// some of it stands in none that the checkpoint leaves, and would be forgotten.
    pub(super) fn beside(
        &self,
        stream: i64,
        inc: i64,
        told: &Standing,
        cover: &Frontier,
    ) -> Result<Option<BTreeMap<i64, ChangeId>>, Fault> {
        let after = i64::try_from(told.applied).map_err(damaged)?;
        let counted = |n: &i64| u64::try_from(*n).is_ok_and(|n| n <= told.applied || told.carried.contains(&n));
        let applied = self.memory.heads.get(&(stream, inc)).map_or(0, |head| head.applied);
        let others: BTreeSet<i64> = self.memory.carried_beyond(stream, inc).filter(|at| !counted(at)).collect();
        let mut beside = BTreeMap::new();
        if applied > after || !others.is_empty() {
            for change in carried::beyond(self.conn, &self.log, &self.memory, (stream, inc), (after, cover))? {
                let at = counter(change.dot)?;
                if !counted(&at) && self.memory.held(stream, inc, at) {
                    beside.insert(at, change.id());
                }
            }
        }
        Ok(others.iter().all(|at| beside.contains_key(at)).then_some(beside))
    }

    /// Whether the numbers of an incarnation that chains other than its own carried, here or below the checkpoint, mean the same changes
    /// there and here: two databases of one name may have given them to different ones.
    pub(super) fn means_the_same(&self, stream: i64, inc: i64, id: &Id, told: &Standing) -> Result<bool, Fault> {
        let mut numbers = BTreeSet::new();
        for counter in &told.carried {
            numbers.insert(i64::try_from(*counter).map_err(damaged)?);
        }
        numbers.retain(|at| self.memory.held(stream, inc, *at));
        let applied = i64::try_from(told.applied).map_err(damaged)?;
        let counted = |at: &i64| *at <= applied || u64::try_from(*at).is_ok_and(|at| told.carried.contains(&at));
        numbers.extend(self.memory.carried_within(stream, inc, 1, i64::MAX).filter(counted));
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return Ok(true) };
        let (there, mut here) = (super::told(self.conn, &self.log, id, told.incarnation, &numbers)?, numbers.clone());
        for (_, change) in carried::under(self.conn, &self.log, &self.memory, (stream, inc), (*first, *last))? {
            let at = counter(change.dot)?;
            // Receipts are left out of checkpoints.
            let same = &*change.kind == RECEIPT || there.get(&at).is_some_and(|told| carried::alike(told, &change));
            if numbers.contains(&at) && !same {
                return Ok(false);
            }
            here.remove(&at);
        }
        // The rest lies below the checkpoint that the log stands on so far, or was passed over here.
        let mut below = BTreeMap::new();
        for base in super::stood_on(self.conn, stream)? {
            below.extend(super::told(self.conn, &self.log, &base, told.incarnation, &here)?);
        }
        let same = |at| match (below.get(at), there.get(at)) {
            (Some(below), Some(there)) => carried::alike(below, there),
            // A receipt, left out of both.
            (below, there) => below.is_none() && there.is_none(),
        };
        Ok(here.iter().all(same))
    }
}

/// Whether of each incarnation one of two checkpoints counts all that the other does. Else the sum over both could not be told.
pub(super) fn nested(one: &Summary, other: &Summary) -> bool {
    let within = |a: &Standing, b: &Standing| {
        a.applied <= b.applied && a.carried.iter().all(|at| *at <= b.applied || b.carried.contains(at))
    };
    one.standings.iter().all(|a| {
        let b = other.standings.iter().find(|b| b.incarnation == a.incarnation);
        b.is_none_or(|b| within(a, b) || within(b, a))
    })
}

//! Mishaps: what befalls PCs, the line and the hub.

use niangjia_replication::{Stream, planted::cut_at, wire::Placed};
use serde_json::json;

use crate::{
    disks::Behind,
    line::Faults,
    world::{World, YEAR},
};

/// PCs that a history may come to have by newcomers.
pub(crate) const MOST: usize = 9;

impl World {
    /// Perhaps something befalls a PC or the hub. Returns whether it did.
    pub(crate) fn mishap(&mut self, pc: usize) -> bool {
        // While the registrar is locked nobody invites, shuts out or founds anything there.
        let open = !self.pcs[0].locked;
        if self.chance.percent(self.plan.killed) {
            self.trace.note(format!("PC {pc} is killed"));
            self.kill(pc);
        } else if self.chance.percent(self.plan.clock) {
            let wrong = [0, -self.now + 86_400_000, 5 * YEAR, -2 * YEAR, 40 * YEAR];
            self.pcs[pc].offset = *self.chance.pick(&wrong).expect("clocks");
            self.trace.note(format!("PC {pc}: the clock is wrong by {}", self.pcs[pc].offset));
        } else if self.chance.percent(self.plan.hub_backup) {
            self.trace.note("the hub is backed up");
            self.hub.back_up();
        } else if self.chance.percent(self.plan.hub_lost) {
            self.trace.note("the hub's disk is lost");
            self.hub.lost(&mut self.chance);
            self.oracle.hub_lost();
        } else if self.chance.percent(self.plan.pc_gone) && pc != 0 && self.alive().len() > 1 {
            self.trace.note(format!("PC {pc} is gone"));
            self.pcs[pc].gone = true;
            self.oracle.gone(pc);
            self.keys_gone();
        } else if self.chance.percent(self.plan.rebuilt) {
            self.make_tables_anew(pc);
        } else if self.chance.percent(self.plan.checkpoint) {
            self.checkpoint(pc);
        } else if self.chance.percent(self.plan.newcomer) && self.pcs.len() < MOST && open {
            if self.plan.county > 0 && self.chance.percent(30) { self.county_pc() } else { self.newcomer() }
        } else if self.chance.percent(self.plan.older) {
            self.upgrade(pc);
        } else if self.plan.kit > 0 && self.chance.percent(self.plan.kit) && open {
            self.registrar_burns();
        } else if self.plan.locked > 0 && self.chance.percent(self.plan.locked) && self.alive().len() > 1 {
            self.locked(pc);
        } else if self.disk(pc) {
            // That was all for today.
        } else if self.plan.pruned > 0 && self.chance.percent(self.plan.pruned) && pc != 0 {
            self.prune(pc);
        } else {
            return self.chance.percent(self.plan.stolen) && open && self.steal(pc);
        }
        true
    }

    pub(crate) fn make_tables_anew(&mut self, pc: usize) {
        self.trace.note(format!("PC {pc} makes its tables anew"));
        if let Err(fault) = self.pcs[pc].office().rebuild() {
            self.breaks(format!("PC {pc}: the tables cannot be made anew: {fault} {:?}", fault.cause));
        }
    }

    /// A PC sums up a stream that it may sum up.
    fn checkpoint(&mut self, pc: usize) {
        let own = self.streams[self.pcs[pc].office_no];
        let stream = if pc == 0 { *self.chance.pick(&self.streams).expect("streams") } else { own };
        let stream = match stream {
            Stream::Office(_) if pc == 0 && self.chance.percent(35) => Stream::County,
            Stream::Office(office) if self.chance.percent(30) => Stream::Audit(office),
            stream => stream,
        };
        if self.ask(pc, "checkpoints.make", json!({ "stream": stream })).is_some() {
            self.oracle.act(self.pcs[pc].office_no, pc);
        }
    }

    /// The program ends at once and is started again on what lies on the disk.
    pub(crate) fn kill(&mut self, pc: usize) {
        let moment = self.chance.moment(self.wall(pc));
        if let Err(fault) = self.pcs[pc].killed(moment) {
            self.breaks(format!("PC {pc} does not start again: {fault} {:?}", fault.cause));
        }
    }

    /// An exchange with whatever befalls it.
    pub(crate) fn exchange_step(&mut self, pc: usize) {
        let faults = self.faults(pc);
        let power = self.chance.percent(3 * self.plan.power);
        if power {
            cut_at(Some(("receive", u32::try_from(self.chance.below(3)).unwrap_or(0))));
        }
        self.trace.note(format!("PC {pc} exchanges"));
        let ended = self.exchange(pc, &faults);
        cut_at(None);
        if power && !ended {
            self.kill(pc);
        }
        let copied = self.plan.old_copy + self.plan.put_back > 0 && pc != 0;
        // A copy of a disk from which all has gone out, or of one that still holds what nobody else has.
        if copied && (ended || self.plan.worked > 0) && self.chance.percent(30) {
            self.image(pc);
        }
        if ended && self.chance.percent(20) {
            self.counts_agree(pc);
        }
        if self.chance.percent(40) {
            self.confirmed_is_confirmed(pc);
        }
        if self.plan.forged > 0 && self.chance.percent(25) {
            self.trespass();
        }
    }

    /// What a township sees as confirmed the county has.
    pub(crate) fn confirmed_is_confirmed(&mut self, pc: usize) {
        let office = self.pcs[pc].office_no;
        if pc == 0 || self.pcs[pc].gone || self.behind != Behind::Not {
            return;
        }
        let latest: Vec<String> = self
            .oracle
            .order
            .iter()
            .filter(|id| office == 0 || self.oracle.papers[*id].office == office)
            .filter(|id| self.knows(0, self.oracle.papers[*id].kind))
            .rev()
            .take(6)
            .cloned()
            .collect();
        for id in latest {
            let Some(mut page) = self.page(pc, &id).filter(|page| page.confirmed) else { continue };
            page.seen.retain(|field, _| self.knows_field(0, page.kind, field));
            let county = self.page(0, &id);
            if !county.is_some_and(|county| self.oracle.papers[&id].holds(&page, &county)) {
                self.breaks(format!("PC {pc}: {id} is shown as confirmed, and the county does not have it"));
            }
        }
    }

    /// A township's PC writes into the stream of another office, and somebody who may brings it to the hub.
    fn trespass(&mut self) {
        let Some((stream, frame)) = self.trespassing() else { return };
        let trespasser = self.pcs.iter().position(|pc| pc.office_no == 1);
        let known = trespasser.and_then(|pc| self.introduced(pc));
        let placed = known.and_then(|()| self.as_county(&stream, &frame));
        self.trace.note(format!("a trespasser's segment: {placed:?}"));
        if placed.is_some_and(|placed| placed.iter().any(Placed::held)) {
            self.breaks("the hub took a segment from one who may not write the stream");
        }
    }

    /// Faults stop: three rounds, in each every PC exchanges once. One more where the registrar was founded again: what it lacks others
    /// can tell it only once they have heard of it; one for each further time, three at most, for whoever tells may first have to hear
    /// of it from what an earlier registrar left. And one more where the hub had burnt and stands on a checkpoint, then or
    /// once somebody has brought one in the first round: what a clone wrote beside that has a place only once somebody has brought
    /// what it follows.
    pub(crate) fn liveness(&mut self) {
        let (mut round, mut last) = (1, 3 + self.burnt.min(3));
        let mut more = 1;
        while round <= last {
            let mut pcs = self.alive();
            self.chance.shuffle(&mut pcs);
            for pc in pcs {
                self.trace.note(format!("round {round}, PC {pc}"));
                if round == 1 && self.hub.stands_on_a_checkpoint() {
                    last += std::mem::take(&mut more);
                }
                if !self.exchange(pc, &Faults::default()) && round == last {
                    self.breaks(format!("PC {pc}: no exchange in the last round"));
                }
            }
            round += 1;
        }
    }
}

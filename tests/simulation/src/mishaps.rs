//! Mishaps: what befalls PCs, the line and the hub.

use niangjia_replication::{Stream, planted::cut_at, wire::Placed};
use serde_json::json;

use crate::{
    line::Faults,
    world::{World, YEAR},
};

/// PCs that a history may come to have by newcomers.
const MOST: usize = 9;

impl World {
    /// Perhaps something befalls a PC or the hub. Returns whether it did.
    pub(crate) fn mishap(&mut self, pc: usize) -> bool {
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
            let gone: Vec<bool> = self.pcs.iter().map(|pc| pc.gone).collect();
            self.oracle.hub_lost(|pc| !gone[pc]);
        } else if self.chance.percent(self.plan.pc_gone) && pc != 0 {
            self.trace.note(format!("PC {pc} is gone"));
            self.pcs[pc].gone = true;
            self.oracle.gone(pc);
        } else if self.chance.percent(self.plan.rebuilt) {
            self.trace.note(format!("PC {pc} makes its tables anew"));
            if let Err(fault) = self.pcs[pc].office().rebuild() {
                self.breaks(format!("PC {pc}: the tables cannot be made anew: {fault} {:?}", fault.cause));
            }
        } else if self.chance.percent(self.plan.checkpoint) {
            self.checkpoint(pc);
        } else if self.chance.percent(self.plan.newcomer) && self.pcs.len() < MOST {
            self.newcomer();
        } else if self.chance.percent(self.plan.old_copy) && pc != 0 {
            self.set_back(pc);
        } else {
            return self.chance.percent(self.plan.stolen) && self.steal(pc);
        }
        true
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

    /// An old copy of the disk comes back, and the PC comes to the hub before anybody works on it.
    fn set_back(&mut self, pc: usize) {
        match self.pcs[pc].set_back() {
            Ok(false) => return,
            Ok(true) => self.trace.note(format!("PC {pc} is set back to an old copy")),
            Err(fault) => {
                return self.breaks(format!("PC {pc}: its old copy does not start: {fault} {:?}", fault.cause));
            }
        }
        // What was saved since the copy and had not left the PC is lost with the disk.
        self.oracle.gone(pc);
        if !self.exchange(pc, &Faults::default()) {
            self.breaks(format!("PC {pc}: an old copy does not come into step"));
        }
    }

    /// The program ends at once and is started again on what lies on the disk.
    pub(crate) fn kill(&mut self, pc: usize) {
        if let Err(fault) = self.pcs[pc].killed() {
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
        if ended && self.plan.old_copy > 0 && pc != 0 && self.chance.percent(30) {
            self.trace.note(format!("PC {pc}: the disk is copied"));
            if let Err(fault) = self.pcs[pc].imaged() {
                self.breaks(format!("PC {pc}: its disk cannot be copied: {fault}"));
            }
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
        if office == 0 || self.pcs[pc].gone {
            return;
        }
        let latest: Vec<String> = self
            .oracle
            .order
            .iter()
            .filter(|id| self.oracle.papers[*id].office == office)
            .rev()
            .take(6)
            .cloned()
            .collect();
        for id in latest {
            let Some(page) = self.page(pc, &id).filter(|page| page.confirmed) else { continue };
            let county = self.page(0, &id);
            if !county.is_some_and(|county| self.oracle.papers[&id].holds(&page, &county)) {
                self.breaks(format!("PC {pc}: {id} is shown as confirmed, and the county does not have it"));
            }
        }
    }

    /// A township's PC writes into the stream of another office, and somebody who may brings it to the hub.
    fn trespass(&mut self) {
        let Some((stream, frame)) = self.trespassing() else { return };
        let placed = self.as_county(&stream, &frame);
        self.trace.note(format!("a trespasser's segment: {placed:?}"));
        if placed.is_some_and(|placed| placed.iter().any(Placed::held)) {
            self.breaks("the hub took a segment from one who may not write the stream");
        }
    }

    /// Faults stop: three rounds, in each every PC exchanges once.
    pub(crate) fn liveness(&mut self) {
        for round in 1..=3 {
            let mut pcs = self.alive();
            self.chance.shuffle(&mut pcs);
            for pc in pcs {
                self.trace.note(format!("round {round}, PC {pc}"));
                if !self.exchange(pc, &Faults::default()) && round == 3 {
                    self.breaks(format!("PC {pc}: no exchange in the last round"));
                }
            }
        }
    }
}

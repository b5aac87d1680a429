//! The registrar burns. Whoever holds two of the three printed shares founds the county again from what the hub has.

use niangjia_core::recovery::{self, Known, Returning};
use niangjia_host::link::{self, LinkFault};
use niangjia_replication::{Frontier, kit};

use crate::{
    disks::Behind,
    line::{Faults, Keeper, Wire, at_once},
    pc::Pc,
    people::name,
    world::{COUNTY, World},
};

/// How often the hub is asked before the county is founded.
const TRIES: usize = 3;

impl World {
    /// The registrar's PC is gone for good; another one takes its place under the same root.
    pub(crate) fn registrar_burns(&mut self) {
        self.trace.note("the registrar burns, and the county is founded again");
        match self.founded_again() {
            Ok(true) => {}
            Ok(false) => return self.breaks("the county cannot fetch what the hub has"),
            Err(why) => return self.breaks(format!("the county is not founded again: {why}")),
        }
        self.oracle.registrar_burnt(self.pcs[0].holds_segments());
        self.oracle.act(0, 0);
        self.orders_remembered();
        self.keys_gone();
        // What a stick brought to the old one, or the hub lost, nobody may have any more.
        if self.plan.hub_lost + self.plan.stick > 0 {
            self.behind = Behind::ForGood;
        }
    }

    /// Finds the offices of which something is closed for ever: only PCs that are gone, and a registrar that burnt before, had the
    /// key. A clone may have sealed with it what its twin had not.
    pub(crate) fn keys_gone(&mut self) {
        for pc in (1..self.pcs.len()).filter(|pc| self.burnt > 0 && self.pcs[*pc].gone).collect::<Vec<_>>() {
            let (office, stream) = (self.pcs[pc].office(), self.streams[self.pcs[pc].office_no]);
            let written = office.segments_after(&stream, &Frontier::default(), usize::MAX).expect("segments");
            let alive = self.alive();
            let open = |bytes: &Vec<u8>| alive.iter().any(|other| self.pcs[*other].office().opens(bytes));
            if !written.iter().all(open) {
                self.oracle.closed_for_good(self.pcs[pc].office_no);
            }
        }
    }

    fn founded_again(&mut self) -> Result<bool, String> {
        let told = |fault: niangjia_core::Fault| format!("{fault} {:?}", fault.cause);
        let shares = [&self.kit[self.burnt % 3], &self.kit[(self.burnt + 1) % 3]].map(Clone::clone);
        let root = kit::combine(&shares).map_err(|fault| fault.to_string())?;
        self.burnt += 1;
        let place = self.folder.join(format!("pc-0-{}", self.burnt));
        let file = Pc::file(&place, 0);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        let (wall, hub) = (self.now, self.pcs[0].office().hub());
        let returning = recovery::begin(&file, root, hub, self.chance.moment(wall)).map_err(told)?;
        let mut in_step = self.fetched(&returning, wall)?;
        if !in_step && self.hub.stands_on_a_checkpoint() {
            // Two PCs may have brought a checkpoint each, of which neither tells all: the county is asked to try again once the PCs of
            // the offices have been there, which bring what they hold between.
            for pc in self.alive().into_iter().filter(|pc| *pc != 0) {
                if !self.pcs[pc].locked {
                    self.exchange(pc, &Faults::default());
                }
            }
            in_step = self.fetched(&returning, wall)?;
        }
        if !in_step {
            // Whoever has the shares decides to take what there is.
            returning.take_anything();
            in_step = self.fetched(&returning, wall)?;
        }
        if !in_step {
            return Ok(false);
        }
        let clerk = format!("{}（新{}）", name(&mut self.chance), self.burnt);
        let known = Known { name: COUNTY.0, code: COUNTY.1 };
        let founded =
            recovery::finish(&file, returning, Some(known), &clerk, self.chance.moment(wall)).map_err(told)?;
        let burnt = std::mem::replace(&mut self.pcs[0], Pc::new(place, 0, founded, &[]));
        burnt.removed();
        Ok(true)
    }

    /// Whether everything has come that the hub has.
    fn fetched(&mut self, returning: &Returning, wall: i64) -> Result<bool, String> {
        for _ in 0..TRIES {
            let wire = Wire::new(&self.hub, &returning.office, Faults::default(), self.now, self.chance.branch());
            let mut keeper = Keeper::new(&returning.office, wall, self.chance.branch());
            match at_once(link::exchange(&wire, &mut keeper, &mut |_| {})) {
                Ok(outcome) if outcome.in_step || returning.whole().map_err(|fault| fault.to_string())? => {
                    return Ok(true);
                }
                Ok(_) => {}
                Err(LinkFault::Replica(cause)) => return Err(format!("its own store failed: {cause}")),
                Err(fault) => return Err(fault.to_string()),
            }
        }
        Ok(false)
    }
}

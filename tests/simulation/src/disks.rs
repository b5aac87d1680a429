//! Disks: old copies put back, databases put back beside their second file, snapshots and restores, and PCs that two people
//! work on under one identity because a disk was copied.

use crate::{line::Faults, mishaps::MOST, pc::Pc, world::World};

/// Whether the registrar lacks what it once confirmed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    Not,
    UntilItComes,
    ForGood,
}

impl World {
    /// Perhaps something befalls a disk. Returns whether it did.
    pub(crate) fn disk(&mut self, pc: usize) -> bool {
        if self.chance.percent(self.plan.restored) {
            return if self.chance.percent(60) { self.snapshot(pc) } else { self.restore(pc) };
        }
        if pc == 0 {
            // The registrar's identity is no identity to be copied: its key is the county's.
            return false;
        }
        if self.chance.percent(self.plan.old_copy) {
            self.set_back(pc)
        } else if self.chance.percent(self.plan.put_back) {
            self.put_back(pc)
        } else {
            self.chance.percent(self.plan.cloned) && self.clone_of(pc)
        }
    }

    /// Somebody copies the disk, as it is.
    pub(crate) fn image(&mut self, pc: usize) {
        self.trace.note(format!("PC {pc}: the disk is copied"));
        let shelf = self.oracle.shelf(pc);
        if let Err(fault) = self.pcs[pc].imaged(shelf) {
            self.breaks(format!("PC {pc}: its disk cannot be copied: {fault}"));
        }
    }

    /// The copy comes back as the whole disk. Sometimes the PC comes to the hub before anybody works on it; where nobody does,
    /// it goes on under the name of its later life.
    fn set_back(&mut self, pc: usize) -> bool {
        let Some(image) = self.pcs[pc].image.take() else { return false };
        let worked = self.plan.worked > 0 && self.chance.percent(60);
        self.trace.note(format!("PC {pc} is set back to an old copy"));
        let moment = self.chance.moment(self.wall(pc));
        if let Err(fault) = self.pcs[pc].set_back(&image, false, moment) {
            self.breaks(format!("PC {pc}: its old copy does not start: {fault} {:?}", fault.cause));
            return true;
        }
        self.oracle.set_back(pc, &image.shelf, false);
        self.forked = true;
        self.oracle.twofold(pc);
        // A hub that has lost its disk may have only a checkpoint of what this PC lacks, and one that the PC cannot stand on beside
        // its own: then it waits for whoever brings the segments.
        let whole = !self.hub.stands_on_a_checkpoint();
        if !worked && !self.exchange(pc, &Faults::default()) && whole && self.broken.is_empty() {
            self.breaks(format!("PC {pc}: an old copy does not come into step"));
        }
        true
    }

    /// The database alone is put back; the second file beside it tells what it lacks.
    pub(crate) fn put_back(&mut self, pc: usize) -> bool {
        let Some(image) = self.pcs[pc].image.take() else { return false };
        self.trace.note(format!("PC {pc}: its database is put back"));
        let moment = self.chance.moment(self.wall(pc));
        match self.pcs[pc].set_back(&image, true, moment) {
            Ok(back) => self.trace.note(format!("  {} changes came back, renewed {}", back.changes, back.renewed)),
            Err(fault) => {
                self.breaks(format!("PC {pc}: its old database does not start: {fault} {:?}", fault.cause));
                return true;
            }
        }
        self.oracle.set_back(pc, &image.shelf, true);
        true
    }

    fn snapshot(&mut self, pc: usize) -> bool {
        self.trace.note(format!("PC {pc} makes a snapshot"));
        // What the second file held before the last two snapshots is gone from it: an older copy of the disk cannot lean on it.
        self.pcs[pc].image = None;
        let shelf = self.oracle.shelf(pc);
        let moment = self.chance.moment(self.wall(pc));
        if let Err(fault) = self.pcs[pc].snapshot(shelf, moment) {
            self.breaks(format!("PC {pc}: no snapshot: {fault} {:?}", fault.cause));
        }
        true
    }

    /// The database is damaged; one of the last two snapshots and the second file bring back all that was saved on this PC.
    fn restore(&mut self, pc: usize) -> bool {
        let Some(image) = self.chance.pick(&self.pcs[pc].snapshots).cloned() else { return false };
        self.trace.note(format!("PC {pc} is restored from a snapshot"));
        let moment = self.chance.moment(self.wall(pc));
        match self.pcs[pc].restored(&image, moment) {
            Ok(back) => self.trace.note(format!("  {} changes came back", back.changes)),
            Err(fault) => {
                self.breaks(format!("PC {pc}: no restore: {fault} {:?}", fault.cause));
                return true;
            }
        }
        self.oracle.set_back(pc, &image.shelf, true);
        self.oracle.act(self.pcs[pc].office_no, pc);
        if pc == 0 {
            // Until it has fetched again what came since, what others were told is confirmed may be at the hub alone; and where
            // the hub loses its disk too, or a stick brought it, nowhere.
            self.behind = if self.plan.hub_lost + self.plan.stick > 0 { Behind::ForGood } else { Behind::UntilItComes };
        }
        true
    }

    /// The disk is copied into another PC, and both go on.
    fn clone_of(&mut self, pc: usize) -> bool {
        let clone = self.pcs.len();
        if clone >= MOST {
            return false;
        }
        self.trace.note(format!("PC {clone} is a clone of PC {pc}"));
        let folder = self.folder.join(format!("pc-{clone}"));
        let moment = self.chance.moment(self.wall(pc));
        match Pc::cloned(&self.pcs[pc], folder, moment) {
            Ok(made) => {
                self.pcs[pc].twin = true;
                self.pcs.push(made);
                self.oracle.cloned(pc, clone);
                self.forked = true;
            }
            Err(fault) => self.breaks(format!("a clone of PC {pc} does not start: {fault} {:?}", fault.cause)),
        }
        true
    }
}

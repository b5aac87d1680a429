//! An office that works alone for a while and then joins the county with all that it has saved.

use niangjia_core::founding;

use crate::{people::TOWNSHIPS, world::World};

impl World {
    /// The first PC of a township begins alone; its clerk works, and the PC has its bad days.
    pub(crate) fn begins_alone(&mut self, office: usize) {
        let ((title, code), pc) = (TOWNSHIPS[office - 1], self.pcs.len());
        self.begins(office, |file, clerk, moment| founding::alone(file, title, code, clerk, moment));
        self.trace.note(format!("PC {pc} begins alone"));
        for _ in 0..self.chance.between(3, 40) {
            self.now += 1 + self.chance.below(3_600_000) as i64;
            match self.chance.below(100) {
                0..=3 => self.kill(pc),
                4 => self.make_tables_anew(pc),
                5 => self.upgrade(pc),
                6..=12 if self.plan.photo > 0 => self.give_photo(pc),
                13..=18 if self.plan.merged > 0 => self.same_person(pc),
                _ => self.work(pc),
            }
        }
    }

    /// The county has invited the office; the one PC that it has joins with all that it has.
    pub(crate) fn joins_after_all(&mut self, pc: usize) {
        let office = self.pcs[pc].office_no;
        let enrolment = self.enrolments[office - 1].clone();
        // Whoever joins finishes or drops what stands half typed.
        while !self.pcs[pc].drafts.is_empty() && self.broken.is_empty() {
            self.drop_drafts(pc);
        }
        let moment = self.chance.moment(self.wall(pc));
        self.trace.note(format!("PC {pc} joins with what it has"));
        match self.pcs[pc].enrolled(enrolment, moment) {
            Ok(()) => self.oracle.act(office, pc),
            Err(fault) => self.breaks(format!("PC {pc} does not join: {fault} {:?}", fault.cause)),
        }
    }
}

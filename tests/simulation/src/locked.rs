//! A PC is locked for a while: what is sealed goes out, what comes lies beside the office until somebody unlocks it. The others work
//! on meanwhile.

use niangjia_core::identity::Hub;
use niangjia_host::{
    carry::{Locked, spool},
    link::{self, LinkFault},
};

use crate::{
    line::{Wire, at_once},
    world::World,
};

impl World {
    /// A PC is locked, exchanges as it is, perhaps is switched off and on again or has an old database put back, and is unlocked.
    pub(crate) fn locked(&mut self, pc: usize) {
        self.trace.note(format!("PC {pc} is locked"));
        self.lays_out(pc, true);
        self.pcs[pc].locked = true;
        for _ in 0..self.chance.between(2, 6) {
            if !self.broken.is_empty() {
                return;
            }
            match self.chance.below(10) {
                0 => self.kill(pc),
                1..=5 => self.carries(pc),
                _ => self.step(),
            }
        }
        // Somebody puts an old database back before it is unlocked: what it sealed on its later days lies in the folder.
        if self.plan.put_back > 0 && self.chance.percent(30) {
            self.put_back(pc);
        }
        self.pcs[pc].locked = false;
        self.trace.note(format!("PC {pc} is unlocked"));
        self.takes_in(pc);
        self.counts_suffice(pc);
        self.lays_out(pc, false);
    }

    fn lays_out(&mut self, pc: usize, parting: bool) {
        let (office, data, mut rng) = (self.pcs[pc].office(), self.pcs[pc].folder.clone(), self.chance.rng());
        // The line of this history has no address.
        let hub = Hub { url: "https://127.0.0.1:1".to_owned(), key: "00".repeat(32) };
        if let Err(fault) = (Locked { data: &data, office: &office }).fill(hub, &mut rng, parting) {
            self.breaks(format!("PC {pc}: nothing is laid out: {fault} {:?}", fault.cause));
        }
    }

    /// One exchange of the locked PC, with the faults of any other.
    fn carries(&mut self, pc: usize) {
        let (office, data) = (self.pcs[pc].office(), self.pcs[pc].folder.clone());
        let most = if self.chance.percent(20) { 4 << 10 } else { 1 << 20 };
        let mut spool = match spool(&data, most) {
            Ok(Some(spool)) => spool,
            Ok(None) => return,
            Err(fault) => return self.breaks(format!("PC {pc}: what is carried cannot be read: {fault}")),
        };
        let faults = self.faults(pc);
        // A carrier is asked as its PC is: the hub judges by the certificate above it.
        let wire = Wire::new(&self.hub, &office, faults, self.now, self.chance.branch());
        let outcome = at_once(link::exchange(&wire, &mut spool, &mut |_| {}));
        let seen = wire.seen();
        self.pool.extend(seen.frames);
        // It opens nothing, so it cannot see what is spoilt; that is looked at once it is unlocked.
        self.pcs[pc].perhaps.extend(seen.bad);
        match outcome {
            Ok(outcome) => {
                let (sent, received) = (outcome.sent, outcome.received);
                self.trace.note(format!("PC {pc}, locked: {} out, {} in", sent.segments, received.segments));
            }
            Err(LinkFault::Replica(cause)) => self.breaks(format!("PC {pc}, locked: its folder failed: {cause}")),
            Err(fault) => self.trace.note(format!("PC {pc}, locked: {fault}")),
        }
    }

    fn takes_in(&mut self, pc: usize) {
        let (office, data, wall) = (self.pcs[pc].office(), self.pcs[pc].folder.clone(), self.wall(pc));
        let chance = &mut self.chance;
        let mut segments = 0;
        let receive = |stream: &_, part: &[Vec<u8>]| {
            segments += part.len();
            office.receive(stream, part, chance.moment(wall)).map(drop)
        };
        let taken = Locked { data: &data, office: &office }.take_in(&|| true, receive);
        self.trace.note(format!("  {segments} segments lay there"));
        match taken {
            Ok(true) => {}
            Ok(false) => self.breaks(format!("PC {pc}: what lay there is not taken in")),
            Err(fault) => self.breaks(format!("PC {pc}: what lay there cannot be taken in: {fault} {:?}", fault.cause)),
        }
    }
}

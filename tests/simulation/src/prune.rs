//! Pruning: PCs let go of the old part of their logs, mostly when all that has to be there before was seen to, and nothing may go
//! that the hub and the county do not hold.

use std::collections::BTreeSet;

use niangjia_replication::wire::Lack;
use rusqlite::params;
use serde_json::json;

use crate::{disks::Behind, line::Faults, world::World};

type Hash = [u8; 32];

impl World {
    /// A PC lets go of what lies below its checkpoint, where the program lets it.
    pub(crate) fn prune(&mut self, pc: usize) {
        let office = self.pcs[pc].office_no;
        if self.chance.percent(70) {
            if self.ask(pc, "checkpoints.make", json!({})).is_some() {
                self.oracle.act(office, pc);
            }
            for at in [pc, 0, pc] {
                if !self.pcs[at].gone {
                    self.exchange(at, &Faults::default());
                }
            }
        }
        if self.plan.hub_lost > 0 && self.chance.percent(35) {
            self.hub_burns();
            if self.chance.percent(60) {
                let cut = Some(self.chance.below(4));
                self.exchange(pc, &Faults { cut, ..Faults::default() });
            }
        }
        if let Err(fault) = self.pcs[pc].tested(self.wall(pc)) {
            return self.breaks(format!("PC {pc}: a copy of its disk does not hold: {fault} {:?}", fault.cause));
        }
        let before = self.segments(pc);
        if self.ask(pc, "log.prune", json!({ "commit": true })).is_some_and(|said| said["done"] == true) {
            self.oracle.act(office, pc);
        }
        let after = self.segments(pc);
        let (gone, county) = (before.difference(&after).collect::<Vec<_>>(), self.segments(0));
        self.trace.note(format!("  {} segments are gone, {} stay", gone.len(), after.len()));
        // That the hub has lost its disk a PC knows from the first answer on.
        let met = self.pcs[pc].met == Some(self.hub.epoch);
        for hash in gone {
            if met && !self.hub.holds(hash) {
                return self.breaks(format!("PC {pc} let go of a segment that the hub does not hold"));
            }
            // A registrar that was set back has lost what it had; the others cannot know.
            if self.behind == Behind::Not && !county.contains(hash) {
                return self.breaks(format!("PC {pc} let go of a segment that the county does not hold"));
            }
        }
        if before != after && self.plan.hub_lost > 0 && self.chance.percent(35) {
            // It is the first to come: the hub is given the checkpoint and what follows it.
            self.hub_burns();
            self.exchange(pc, &Faults::default());
        }
    }

    fn hub_burns(&mut self) {
        self.trace.note("the hub's disk is lost, and nobody knows it yet");
        self.hub.lost(&mut self.chance);
        self.oracle.hub_lost();
    }

    fn segments(&self, pc: usize) -> BTreeSet<Hash> {
        let conn = self.pcs[pc].peek();
        let mut hashes = conn.prepare("SELECT hash FROM segment").expect("segments");
        let hashes = hashes.query_map([], |row| row.get(0)).expect("hashes");
        hashes.collect::<Result<_, _>>().expect("hashes")
    }

    /// What any PC holds the hub holds, also below the checkpoints that it was given, unless it lies in the middle of what nobody
    /// can bring: a gap is filled from both ends, because each segment names the one before it.
    pub(crate) fn hub_is_whole(&mut self) {
        let mut closed = BTreeSet::new();
        for gap in self.hub.relay().store.lacking().expect("the hub's gaps") {
            let inside: Vec<_> = self.alive().into_iter().flat_map(|pc| self.inside(pc, &gap)).collect();
            if !inside.iter().any(|(seq, hash)| *seq == gap.after + 1 || *hash == gap.hash.0) {
                closed.extend(inside.iter().map(|(_, hash)| *hash));
            }
        }
        for pc in self.alive() {
            if let Some(hash) = self.segments(pc).iter().find(|hash| !self.hub.holds(hash) && !closed.contains(*hash)) {
                self.breaks(format!("PC {pc} holds segment {}, and the hub does not", hex::encode(&hash[..4])));
            }
        }
    }

    /// What a PC holds of what the hub lacks.
    fn inside(&self, pc: usize, gap: &Lack) -> Vec<(u64, Hash)> {
        let conn = self.pcs[pc].peek();
        let mut found = conn
            .prepare(
                "SELECT g.seq, g.hash FROM segment g JOIN stream s ON s.no = g.stream JOIN ident i ON i.no = g.chain
                 WHERE s.name = ?1 AND i.id = ?2 AND g.seq > ?3 AND g.seq <= ?4",
            )
            .expect("segments");
        let ends = [gap.after, gap.until].map(|seq| i64::try_from(seq).expect("a number"));
        let found = found.query_map(params![gap.stream.to_string(), gap.chain.0, ends[0], ends[1]], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
        });
        found.expect("segments").collect::<Result<_, _>>().expect("segments")
    }
}

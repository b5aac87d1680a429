//! Exchanges: the real link over a line with faults, as the host runs it.

use niangjia_host::link::{self, LinkFault};
use niangjia_replication::{Incarnation, planted};

use crate::{
    disks::Behind,
    line::{Faults, Keeper, Wire, at_once},
    photos::Lane,
    world::World,
};

impl World {
    /// Faults for one exchange of a PC, drawn by the plan.
    pub(crate) fn faults(&mut self, pc: usize) -> Faults {
        let chance = &mut self.chance;
        let mut faults = Faults {
            cut: chance.percent(self.plan.cut).then(|| chance.below(6)),
            answer_lost: chance.percent(self.plan.answer_lost).then(|| chance.below(3)),
            twice: chance.percent(self.plan.twice),
            shuffled: chance.percent(self.plan.shuffled),
            tampered: chance.percent(self.plan.tampered),
            ..Faults::default()
        };
        if chance.percent(self.plan.late) {
            let streams = self.pcs[pc].office().streams();
            for _ in 0..3 {
                // Only what the PC may read: a hub hands out nothing else.
                let late = chance.pick(&self.pool).filter(|(stream, _)| streams.contains(stream));
                faults.late.extend(late.cloned());
            }
        }
        if chance.percent(self.plan.forged) {
            faults.forged.extend(self.forged());
        }
        faults
    }

    /// One exchange as the host runs it: seal, exchange, receipts, and once more for these. Returns whether all went well.
    pub(crate) fn exchange(&mut self, pc: usize, faults: &Faults) -> bool {
        match self.passes(pc, faults) {
            Ok(in_step) => {
                if in_step {
                    let office = self.pcs[pc].office_no;
                    if pc == 0 && self.behind == Behind::UntilItComes {
                        self.behind = Behind::Not;
                    }
                    let whole = self.pcs[pc].looked_at();
                    self.oracle.handed_on(pc, office, (pc == 0, whole));
                }
                let lane = if faults.calm() { Lane::calm() } else { self.lane() };
                let lane = self.blobs(pc, lane);
                // Photos are asked for by what names them, and a version that knows none asks for none.
                if in_step && lane && self.knows_field(pc, "member", "photo") {
                    self.oracle.photos_handed_on(pc, self.pcs[pc].office_no);
                }
                in_step && (lane || !faults.calm())
            }
            Err(why) => {
                self.trace.note(format!("  no exchange: {why}"));
                false
            }
        }
    }

    fn passes(&mut self, pc: usize, faults: &Faults) -> Result<bool, String> {
        let office = self.pcs[pc].office();
        let wall = self.wall(pc);
        let (power, mut in_step) = (planted::armed(), false);
        for pass in 0..2 {
            office.seal(&mut self.chance.rng()).map_err(|fault| fault.to_string())?;
            let wire = Wire::new(&self.hub, &office, faults.clone(), self.now, self.chance.branch());
            let mut keeper = Keeper::new(&office, wall, self.chance.branch());
            let outcome = at_once(link::exchange(&wire, &mut keeper, &mut |_| {}));
            let seen = wire.seen();
            self.pcs[pc].met = keeper.met.or(self.pcs[pc].met);
            self.pool.extend(seen.frames);
            self.pcs[pc].aside.extend(seen.bad.intersection(&keeper.taken));
            if let Err(LinkFault::Replica(cause)) = &outcome
                && (!power || planted::armed())
            {
                self.breaks(format!("PC {pc}: its own store failed: {cause}"));
            }
            let outcome = outcome.map_err(|fault| fault.to_string())?;
            in_step = outcome.in_step;
            if let (true, Some(hub)) = (in_step, outcome.epoch) {
                office.in_step_with(&hub, keeper.end, outcome.hub_whole).map_err(|fault| fault.to_string())?;
            }
            let (sent, received) = (outcome.sent, outcome.received);
            self.trace.note(format!(
                "  sent {}/{} received {}/{}",
                sent.segments, sent.changes, received.segments, received.changes
            ));
            if (outcome.forks > 0 && !self.forked) || !outcome.refused.is_empty() {
                self.breaks(format!("PC {pc}: {} forks, refused {:?}", outcome.forks, outcome.refused));
            }
            let aside = self.chance.aside(wall);
            let written = office.receipts(self.chance.moment(wall)).map_err(|fault| fault.to_string())?;
            office.make_checkpoints(aside).map_err(|fault| fault.to_string())?;
            if written == 0 || pass == 1 {
                break;
            }
        }
        office.contacted(wall).map_err(|fault| fault.to_string())?;
        Ok(in_step)
    }

    /// What the status line says is unsent is what the hub does not hold, counted past the program.
    pub(crate) fn counts_agree(&mut self, pc: usize) {
        let (said, lacked) = self.unsent(pc);
        if said != lacked {
            self.breaks(format!("PC {pc} says {said} unsent, but the hub lacks {lacked}"));
        }
    }

    /// Before it asked the hub again a PC may count too much as unsent: an answer was lost. Never too little, as long as the hub keeps
    /// what it has. Where a PC bore another name before, the same change can lie in two segments, of which the hub needs one.
    pub(crate) fn counts_suffice(&mut self, pc: usize) {
        let renamed = self.pcs[pc].has("SELECT 1 FROM incarnation");
        let (said, lacked) = self.unsent(pc);
        if said < lacked && self.plan.hub_lost == 0 && !renamed {
            self.breaks(format!("PC {pc} says {said} unsent, but the hub lacks {lacked}"));
        }
    }

    /// How many changes a PC says are unsent, and how many the hub does not hold.
    fn unsent(&mut self, pc: usize) -> (i64, i64) {
        let moment = self.chance.moment(self.wall(pc));
        let said = self.pcs[pc].call(0, "sync.status", serde_json::json!({}), moment).expect("a status");
        let conn = self.pcs[pc].peek();
        let number = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).expect("a number") };
        let mut unsent = number("SELECT coalesce(sum(changes), 0) FROM outbox");
        let own: String =
            conn.query_row("SELECT value FROM meta WHERE name = 'incarnation'", [], |r| r.get(0)).expect("one");
        let own: Incarnation = own.parse().expect("an incarnation");
        let mut segments = conn
            .prepare(
                "SELECT g.hash, g.changes, t.name, i.id, g.seq FROM segment g JOIN ident i ON i.no = g.chain JOIN stream t ON t.no = g.stream
                 WHERE (i.id = ?1 OR i.no IN (SELECT inc FROM incarnation))
                 AND (g.mine = 1 OR NOT EXISTS (SELECT 1 FROM fork f WHERE f.stream = g.stream AND f.chain = g.chain))",
            )
            .expect("segments");
        let mut rows = segments.query([own.0]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let (hash, changes): ([u8; 32], i64) = (row.get(0).expect("a hash"), row.get(1).expect("a number"));
            let (stream, chain): (String, [u8; 16]) = (row.get(2).expect("a stream"), row.get(3).expect("a chain"));
            let seq = row.get::<_, i64>(4).expect("a number").unsigned_abs();
            let sql = "SELECT 1 FROM segment g JOIN ident i ON i.no = g.chain JOIN stream t ON t.no = g.stream
                 WHERE t.name = ?1 AND i.id = ?2 AND g.seq = ?3";
            let held = |seq: u64| {
                let place = (&stream, chain, i64::try_from(seq).expect("a number"));
                conn.prepare_cached(sql).and_then(|mut at| at.exists(place)).expect("an answer")
            };
            if !self.hub.holds(&hash) && !self.hub.in_a_gap((&stream, Incarnation(chain), seq), held) {
                unsent += changes;
            }
        }
        (said["unsent"].as_i64().expect("a number"), unsent)
    }
}

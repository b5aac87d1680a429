//! A PC is stolen: the county shuts it out and changes the keys; the thief goes on writing, and somebody carries that to the
//! hub before or after the order comes there.

use niangjia_replication::Stream;
use serde_json::{Value as Json, json};

use crate::{line::Faults, people::id_no, people::name, world::World};

impl World {
    /// One PC of an office that has others is stolen, where the county has heard of it. Returns whether it was.
    pub(crate) fn steal(&mut self, pc: usize) -> bool {
        let office = self.pcs[pc].office_no;
        let others = self.alive().into_iter().any(|other| other != pc && self.pcs[other].office_no == office);
        let twins = self.pcs.iter().any(|other| other.twin && other.office_no == office);
        // An order shuts out an identity, with every PC that bears it.
        if office == 0 || !others || twins {
            return false;
        }
        let own = self.device(pc);
        let moment = self.chance.moment(self.wall(0));
        let known = self.pcs[0].call(0, "devices.list", json!({}), moment).expect("a list");
        if !known["devices"].as_array().expect("devices").iter().any(|device| device["id"] == own) {
            return false;
        }
        self.trace.note(format!("PC {pc} is stolen"));
        let ask = json!({ "device": own, "reason": "stolen" });
        if self.act(0, "devices.revoke", ask).is_none() {
            return true;
        }
        self.oracle.stolen(pc);
        self.pcs[pc].gone = true;
        self.thieves.push(pc);
        for _ in 0..self.chance.between(1, 2) {
            self.loot(pc);
        }
        true
    }

    /// How a PC is named in the list of PCs.
    fn device(&mut self, pc: usize) -> Json {
        let moment = self.chance.moment(self.wall(pc));
        self.pcs[pc].call(0, "devices.list", json!({}), moment).expect("a list")["devices"][0]["id"].clone()
    }

    /// A registrar that was founded again orders anew what it heard of; what comes later, nobody stands behind any more.
    pub(crate) fn orders_remembered(&mut self) {
        for thief in self.thieves.clone() {
            let (own, moment) = (self.device(thief), self.chance.moment(self.now));
            let known = self.pcs[0].call(0, "devices.list", json!({}), moment).expect("a list");
            let mut devices = known["devices"].as_array().expect("devices").iter();
            self.order_forgotten |= !devices.any(|device| device["id"] == own && !device["revoked"].is_null());
        }
    }

    /// The thief writes, and perhaps somebody carries it to the hub.
    pub(crate) fn loot(&mut self, pc: usize) {
        let (text, id_no, person) = (self.fresh("赃物"), id_no(self.serial), name(&mut self.chance));
        let moment = self.chance.moment(self.wall(pc));
        let fields = json!({ "name": person, "id_no": id_no, "post": text });
        // A thief cannot be told anything: what is refused is no loot.
        let _ = self.pcs[pc].call(0, "members.join", json!({ "fields": fields, "on": "2025-03-01" }), moment);
        if self.chance.percent(40) {
            return;
        }
        let office = self.pcs[pc].office();
        office.seal(&mut self.chance.rng()).expect("sealed");
        self.introduced(pc).expect("a PC of the county");
        for stream in office.streams() {
            let frames = office.segments_after(&stream, &self.hub.frontier(&stream), 1 << 20).expect("segments");
            let placed: Vec<_> = frames.iter().filter_map(|frame| self.as_county(&stream, frame)).flatten().collect();
            self.trace.note(format!("  loot in {stream}: {placed:?}"));
            if placed.iter().any(|placed| !placed.held()) {
                self.breaks("the hub does not keep what others bring of a PC that is shut out");
            }
        }
    }

    /// What must hold of those shut out once everybody has heard.
    pub(crate) fn shut_out(&mut self) {
        if self.order_forgotten {
            return;
        }
        for thief in self.thieves.clone() {
            self.nothing_of_it_counts();
            if self.exchange(thief, &Faults::default()) {
                self.breaks(format!("PC {thief} is shut out, and the hub answers it"));
            }
            self.closed_to(thief);
        }
    }

    fn nothing_of_it_counts(&mut self) {
        for pc in self.alive() {
            let conn = self.pcs[pc].peek();
            let shown: i64 = conn
                .query_row("SELECT count(*) FROM member WHERE post LIKE '赃物%'", [], |row| row.get(0))
                .expect("a count");
            if shown > 0 {
                self.breaks(format!("PC {pc}: {shown} records of a PC that is shut out count"));
            }
        }
    }

    /// What the office writes now the thief cannot open with all the keys that it has.
    fn closed_to(&mut self, thief: usize) {
        let office = self.pcs[thief].office_no;
        let Some(pc) = self.alive().into_iter().find(|pc| self.pcs[*pc].office_no == office) else { return };
        let stream = self.streams[office];
        let before = self.frontier_of(pc, &stream);
        let (id_no, person) = (id_no(self.serial + 1), name(&mut self.chance));
        self.serial += 1;
        let moment = self.chance.moment(self.wall(pc));
        let fields = json!({ "name": person, "id_no": id_no });
        if self.pcs[pc].call(0, "members.join", json!({ "fields": fields, "on": "2025-03-01" }), moment).is_err() {
            return;
        }
        let writer = self.pcs[pc].office();
        writer.seal(&mut self.chance.rng()).expect("sealed");
        let written = writer.segments_after(&stream, &before, 1 << 20).expect("segments");
        let open = written.iter().filter(|bytes| self.pcs[thief].office().opens(bytes)).count();
        self.trace.note(format!("{} segments of PC {pc} since, {open} open to PC {thief}", written.len()));
        if open > 0 || written.is_empty() {
            self.breaks(format!("PC {thief} is shut out and opens what PC {pc} writes"));
        }
    }

    fn frontier_of(&self, pc: usize, stream: &Stream) -> niangjia_replication::Frontier {
        let all = self.pcs[pc].office().frontiers().expect("frontiers");
        all.into_iter().find(|(of, _)| of == stream).map(|(_, frontier)| frontier).unwrap_or_default()
    }

    /// Segments that a PC keeps in quarantine by an order.
    pub(crate) fn in_quarantine(&mut self, pc: usize) -> usize {
        let moment = self.chance.moment(self.wall(pc));
        let listed = self.pcs[pc].call(0, "devices.quarantine", json!({}), moment).expect("a list");
        let lines = listed["lines"].as_array().expect("lines").iter();
        lines.filter_map(|line| line["segments"].as_u64()).sum::<u64>() as usize
    }
}

//! Members who move between offices, with slips that are lost, copied and used twice: whatever happens, the county counts each
//! of them once, and what the old office wrote stands with the new one or waits there for a person.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::{
    people::{TOWNSHIPS, id_no, name},
    world::World,
};

/// Somebody who moves; nobody else of the history works on her.
pub(crate) struct Mover {
    pub(crate) id: String,
    id_no: String,
}

/// A slip in somebody's hands, and in as many others' as have copied it.
pub(crate) struct Slip {
    text: Json,
    id_no: String,
}

/// Refusals that a clerk may read: somebody else was first, or the other one's word has not come.
pub(crate) const REFUSALS: [&str; 9] = [
    "moving_incomplete",
    "already_released",
    "not_confirmed_yet",
    "not_a_member",
    "transfer_cannot",
    "slip_doubtful",
    "moved_on",
    "membership_elsewhere",
    "late_edit_settled",
];

impl World {
    /// What clerks do about those who move.
    pub(crate) fn moving(&mut self, pc: usize) {
        if self.pcs[pc].office_no == 0 {
            return self.decide(pc);
        }
        match self.chance.below(20) {
            0..=3 => self.mover(pc, None),
            4..=8 => self.let_go(pc),
            9..=14 => self.take_in(pc),
            15..=16 => self.write_on(pc),
            17 => self.take_back(pc),
            _ => self.late(pc),
        }
    }

    /// Somebody new, of an enterprise where one is named (id, name).
    pub(crate) fn mover(&mut self, pc: usize, mill: Option<(&str, &str)>) {
        if !self.knows(pc, "transfer") {
            return;
        }
        let (who, document) = (name(&mut self.chance), self.fresh("决议"));
        let number = id_no(self.serial);
        let mut fields = json!({ "name": who, "id_no": number });
        if self.knows_field(pc, "member", "trade") {
            fields["trade"] = self.fresh("初").into();
        }
        if let Some((id, name)) = mill {
            (fields["enterprise"], fields["employer"]) = (id.into(), name.into());
        }
        let ask = json!({ "fields": fields, "on": "1969-06-01", "document": document });
        if let Some(saved) = self.act(pc, "members.join", ask) {
            let id = saved["id"].as_str().expect("an id").to_owned();
            self.movers.push(Mover { id, id_no: number });
        }
    }

    /// One of those who move; mostly one of the latest.
    pub(crate) fn one(&mut self) -> Option<(String, String)> {
        let from = if self.chance.percent(70) { self.movers.len().saturating_sub(3) } else { 0 };
        let latest: Vec<(String, String)> =
            self.movers[from..].iter().map(|mover| (mover.id.clone(), mover.id_no.clone())).collect();
        self.chance.pick(&latest).cloned()
    }

    fn let_go(&mut self, pc: usize) {
        let Some((id, _)) = self.one() else { return };
        if !self.knows(pc, "transfer") {
            return;
        }
        // An open slip, or one for an office of the county.
        let offices = self.streams.len() - 1;
        let to = self.chance.below(offices * 2);
        let to = TOWNSHIPS.get(to).filter(|_| to < offices).map(|(_, code)| *code);
        let own = self.pcs[pc].office_no;
        if to.is_some() && to == TOWNSHIPS.get(own - 1).map(|(_, code)| *code) {
            return;
        }
        let known = self.peeked(pc, "SELECT count(*) FROM office WHERE code = ?1", to.unwrap_or(""));
        let to = to.filter(|_| known > 0);
        self.release(pc, &id, to);
    }

    /// Lets somebody go on a slip, open or for the office of this code.
    pub(crate) fn release(&mut self, pc: usize, id: &str, to: Option<&str>) {
        let id_no =
            self.movers.iter().find(|mover| mover.id == id).map_or_else(String::new, |mover| mover.id_no.clone());
        let ask = json!({ "member": id, "to": to, "reason": "employment" });
        if let Some(released) = self.act(pc, "transfers.release", ask) {
            self.slips.push(Slip { text: released["slip"].clone(), id_no });
        }
    }

    fn take_in(&mut self, pc: usize) {
        if self.slips.is_empty() || !self.knows(pc, "transfer") {
            return;
        }
        let from = if self.chance.percent(80) { self.slips.len().saturating_sub(3) } else { 0 };
        let at = from + self.chance.below(self.slips.len() - from);
        self.take_in_on(pc, at);
    }

    /// Takes somebody in on one of the slips.
    pub(crate) fn take_in_on(&mut self, pc: usize, at: usize) {
        if !self.knows(pc, "transfer") {
            return;
        }
        let (text, number) = (self.slips[at].text.clone(), self.slips[at].id_no.clone());
        let mut fields = json!({ "employer": self.fresh("新厂") });
        if self.knows_field(pc, "member", "trade") {
            fields["trade"] = self.fresh("接").into();
        }
        self.act(pc, "transfers.accept", json!({ "slip": text, "id_no": number, "fields": fields }));
    }

    /// The old office goes on writing, or the new one begins to.
    fn write_on(&mut self, pc: usize) {
        let Some((id, _)) = self.one() else { return };
        let moment = self.chance.moment(self.wall(pc));
        let Ok(page) = self.pcs[pc].call(0, "members.get", json!({ "id": id }), moment) else { return };
        if !self.knows_field(pc, "member", "residence") {
            return;
        }
        let fields = json!({ "residence": self.fresh("住") });
        self.act(pc, "members.save", json!({ "id": id, "token": page["token"], "fields": fields }));
    }

    fn transfers(&mut self, pc: usize, able: &str) -> Vec<String> {
        let moment = self.chance.moment(self.wall(pc));
        let list = self.pcs[pc].call(0, "transfers.list", json!({ "open": true }), moment).unwrap_or_default();
        let rows = list["rows"].as_array().cloned().unwrap_or_default();
        let can = |row: &&Json| row["possible"].as_array().is_some_and(|can| can.contains(&json!(able)));
        rows.iter().filter(can).filter_map(|row| row["id"].as_str().map(ToOwned::to_owned)).collect()
    }

    fn take_back(&mut self, pc: usize) {
        if !self.knows(pc, "transfer") {
            return;
        }
        let able = self.transfers(pc, "withdraw");
        if let Some(id) = self.chance.pick(&able).cloned() {
            self.act(pc, "transfers.withdraw", json!({ "id": id, "reason": "开错了" }));
        }
    }

    fn late(&mut self, pc: usize) {
        if !self.knows(pc, "late_edit") {
            return;
        }
        let moment = self.chance.moment(self.wall(pc));
        let late = self.pcs[pc].call(0, "transfers.late", json!({}), moment).unwrap_or_default();
        let rows = late["rows"].as_array().cloned().unwrap_or_default();
        let waits = |row: &&Json| row["own"] == true && row["state"] == "waiting";
        let waiting: Vec<Json> = rows.iter().filter(waits).map(|row| row["id"].clone()).collect();
        let Some(id) = self.chance.pick(&waiting).cloned() else { return };
        if self.chance.percent(60) {
            self.act(pc, "transfers.take_late", json!({ "id": id }));
        } else {
            self.act(pc, "transfers.refuse_late", json!({ "id": id, "reason": "本人说不对" }));
        }
    }

    /// The county decides what is disputed.
    fn decide(&mut self, pc: usize) {
        if !self.knows(pc, "transfer") {
            return;
        }
        let able = self.transfers(pc, "decide");
        let Some(id) = self.chance.pick(&able).cloned() else { return };
        let moment = self.chance.moment(self.wall(pc));
        let list = self.pcs[pc].call(0, "transfers.list", json!({}), moment).unwrap_or_default();
        let row = list["rows"].as_array().into_iter().flatten().find(|row| row["id"] == *id).cloned();
        let takers = row.map_or_else(Vec::new, |row| row["takers"].as_array().cloned().unwrap_or_default());
        if let Some(taker) = self.chance.pick(&takers).cloned() {
            self.act(pc, "transfers.decide", json!({ "id": id, "office": taker["id"], "reason": "已核对劳动合同" }));
        }
    }

    pub(crate) fn peeked(&self, pc: usize, sql: &str, of: &str) -> i64 {
        self.pcs[pc].peek().query_row(sql, [of], |row| row.get(0)).expect("a count")
    }

    /// Every one of them is counted once, at every PC of the county; and nothing that an office wrote stands nowhere.
    pub(crate) fn movers_stand(&mut self) {
        for pc in self.alive().into_iter().filter(|pc| self.pcs[*pc].office_no == 0).collect::<Vec<_>>() {
            for id in self.movers.iter().map(|mover| mover.id.clone()).collect::<Vec<_>>() {
                self.counted(pc, &id);
            }
        }
        self.moved_whole();
    }

    fn counted(&mut self, pc: usize, id: &str) {
        let mut states: BTreeMap<String, i64> = BTreeMap::new();
        {
            let conn = self.pcs[pc].peek();
            let sql = "SELECT coalesce(state, ''), count(*) FROM member WHERE id = unhex(?1) AND void = 0 GROUP BY 1";
            let mut rows = conn.prepare(sql).expect("states");
            let rows = rows.query_map([id], |row| Ok((row.get(0)?, row.get(1)?))).expect("states");
            states.extend(rows.map(|row| row.expect("a state")));
        }
        let counts: i64 = ["active", "out_in_transit"].iter().filter_map(|state| states.get(*state)).sum();
        // Of whom the old office's PC was lost with all it had, there is only what the new one typed.
        let only_taken_in = states.keys().all(|state| state == "provisional");
        if counts != 1 && !states.is_empty() && !only_taken_in {
            self.breaks(format!("PC {pc}: {id} is counted {counts} times: {states:?}"));
        }
    }

    /// Where the county has ruled, everything that the other offices wrote stands with the holder or waits there.
    fn moved_whole(&mut self) {
        let sql = "SELECT hex(p.sets), lower(hex(m.id)) FROM past p JOIN member m ON m.rec = p.rec
             WHERE p.kind = ?1 AND m.state = 'transferred'
             AND NOT EXISTS (SELECT 1 FROM member o JOIN past q ON q.kind = ?1 AND q.rec = o.rec AND q.inc = p.inc AND q.ctr = p.ctr
                             WHERE o.id = m.id AND o.rec <> m.rec AND o.state <> 'transferred')
             AND NOT EXISTS (SELECT 1 FROM member o WHERE o.id = m.id AND o.rec <> m.rec AND o.state <> 'transferred'
                             AND o.ver_inc = p.inc AND o.ver_ctr = p.ctr)
             AND NOT EXISTS (SELECT 1 FROM event e JOIN member o ON e.rec = o.rec WHERE e.kind = ?1 AND o.id = m.id AND o.rec <> m.rec
                             AND e.inc = p.inc AND e.ctr = p.ctr AND o.state <> 'transferred')";
        let Some((_, no)) = niangjia_core::kinds().find(|(kind, _)| *kind == "member") else { return };
        if self.pcs[0].gone || self.pcs[0].locked {
            return;
        }
        let left: Vec<(String, String)> = {
            let conn = self.pcs[0].peek();
            let mut rows = conn.prepare(sql).expect("what is left");
            let rows = rows.query_map([no], |row| Ok((row.get(0)?, row.get(1)?))).expect("what is left");
            rows.map(|row| row.expect("a row")).collect()
        };
        for (sets, id) in left {
            let text = String::from_utf8_lossy(&hex::decode(&sets).expect("hex")).into_owned();
            let mut words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
            words.retain(|word| ["住", "接", "初", "新厂"].iter().any(|made| word.starts_with(made)));
            for word in words {
                let waits = {
                    let conn = self.pcs[0].peek();
                    let sql = "SELECT count(*) FROM late_edit WHERE instr(changes, CAST(?1 AS BLOB)) > 0";
                    conn.query_row(sql, [word], |row| row.get::<_, i64>(0)).expect("a count")
                };
                if waits == 0 {
                    self.breaks(format!("PC 0: {word}, written on {id}, stands with nobody who holds her"));
                }
            }
        }
    }
}

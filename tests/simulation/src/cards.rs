//! Cards of those who move, with numbers that the county leases: no number twice without a word, one standing of each card, and it
//! stands where its member does. And enterprises that go to another office with their people.

use serde_json::json;

use crate::world::World;

/// Refusals that a clerk may read: no numbers, or the card is not what it was.
pub(crate) const REFUSALS: [&str; 6] =
    ["stock_empty", "card_counts_no_more", "card_elsewhere", "card_no_member", "card_unfit", "request_answered"];

impl World {
    /// What clerks do about cards and enterprises.
    pub(crate) fn cards(&mut self, pc: usize) {
        if self.pcs[pc].office_no == 0 {
            if pc == 0 {
                self.succeed();
            }
            return;
        }
        if !["succession", "card", "enterprise", "transfer"].iter().all(|kind| self.knows(pc, kind)) {
            return;
        }
        match self.chance.below(20) {
            0..=2 => drop(self.act(pc, "cards.ask_numbers", json!({ "count": 12 }))),
            3..=6 => self.order(pc),
            7..=10 => self.card_event(pc),
            11..=14 => self.mill(pc),
            _ => self.copied(pc),
        }
    }

    fn order(&mut self, pc: usize) {
        let Some((id, _)) = self.one() else { return };
        // None is ordered for whom there is one already; then nothing was done.
        let office = self.pcs[pc].office_no;
        if let Some(answer) = self.ask(pc, "cards.order", json!({ "members": [id] }))
            && answer["cards"].as_array().is_some_and(|cards| !cards.is_empty())
        {
            self.oracle.act(office, pc);
        }
    }

    fn card_event(&mut self, pc: usize) {
        let ids: Vec<String> = {
            let conn = self.pcs[pc].peek();
            let sql =
                "SELECT lower(hex(id)) FROM card WHERE void = 0 AND coalesce(state, '') <> 'transferred' ORDER BY id";
            let mut rows = conn.prepare(sql).expect("cards");
            let rows = rows.query_map([], |row| row.get(0)).expect("cards");
            rows.map(|row| row.expect("a card")).collect()
        };
        let Some(id) = self.chance.pick(&ids).cloned() else { return };
        let event = ["printed", "handed_out", "lost", "found", "taken_back"][self.chance.below(5)];
        let done = self.ask(pc, "cards.change", json!({ "ids": [id], "event": event, "reason": "本人申请" }));
        let done = done.filter(|answer| answer["changed"].as_u64() > Some(0));
        if done.is_some() {
            let office = self.pcs[pc].office_no;
            self.oracle.act(office, pc);
        }
        if done.is_some() && matches!(event, "lost" | "taken_back") {
            let sql = "SELECT count(*) FROM card c JOIN member m ON m.id = c.\"member\"
                 WHERE lower(hex(c.id)) = ?1 AND m.state IN ('out_in_transit', 'provisional')";
            self.transit |= self.peeked(pc, sql, &id) > 0;
        }
    }

    /// Somebody is let go on an open slip, and two offices take her in on it.
    fn copied(&mut self, pc: usize) {
        self.mover(pc, None);
        let Some(id) = self.movers.last().map(|mover| mover.id.clone()) else { return };
        let before = self.slips.len();
        self.release(pc, &id, None);
        if self.slips.len() == before {
            return;
        }
        let own = self.pcs[pc].office_no;
        let others: Vec<usize> =
            self.alive().into_iter().filter(|at| ![0, own].contains(&self.pcs[*at].office_no)).collect();
        let mut taken = std::collections::BTreeSet::new();
        for at in others {
            if taken.len() < 2 && !self.pcs[at].locked && !taken.contains(&self.pcs[at].office_no) {
                self.take_in_on(at, before);
                taken.insert(self.pcs[at].office_no);
            }
        }
    }

    /// An enterprise of which some of those who move are.
    fn mill(&mut self, pc: usize) {
        let name = self.fresh("厂");
        let ask = json!({ "fields": { "name": name } });
        let Some(saved) = self.act(pc, "enterprises.save", ask) else { return };
        let mill = saved["id"].as_str().expect("an id").to_owned();
        for _ in 0..self.chance.between(1, 3) {
            self.mover(pc, Some((&mill, &name)));
        }
        self.mills.push(mill);
    }

    /// The county gives an enterprise to another office.
    fn succeed(&mut self) {
        if self.pcs[0].gone || self.pcs[0].locked || !self.knows(0, "succession") {
            return;
        }
        let Some(mill) = self.chance.pick(&self.mills).cloned() else { return };
        let from: Option<String> = {
            let conn = self.pcs[0].peek();
            let sql = "SELECT s.name FROM enterprise e JOIN stream s ON s.no = e.stream
                 WHERE lower(hex(e.id)) = ?1 AND e.void = 0 AND e.state IS NULL";
            conn.query_row(sql, [&mill], |row| row.get::<_, String>(0)).ok()
        };
        let Some(from) = from.and_then(|name| name.strip_prefix("office/").map(ToOwned::to_owned)) else { return };
        let offices: Vec<String> = self.streams[1..].iter().map(|s| s.to_string()).collect();
        let others: Vec<String> = offices
            .iter()
            .filter_map(|name| name.strip_prefix("office/").map(ToOwned::to_owned))
            .filter(|id| *id != from)
            .collect();
        let Some(to) = self.chance.pick(&others).cloned() else { return };
        let ask = json!({ "kind": "enterprise", "paper": "海工发〔2026〕3号", "on": "2020-01-01",
                          "parts": [{ "from": from, "to": to, "records": [mill] }] });
        if self.act(0, "successions.plan", ask).is_some() {
            self.transit = true;
        }
    }

    /// No number twice unless the county says so, one standing of each card, and nobody stays behind their enterprise.
    pub(crate) fn cards_stand(&mut self) {
        for pc in self.alive().into_iter().filter(|pc| self.pcs[*pc].office_no == 0).collect::<Vec<_>>() {
            let standing = "coalesce(state, '') NOT IN ('transferred', 'provisional')";
            let several = self.texts(
                pc,
                &format!("SELECT lower(hex(id)) FROM card WHERE {standing} GROUP BY id HAVING count(*) > 1"),
            );
            for id in several {
                self.breaks(format!("PC {pc}: card {id} stands at several offices"));
            }
            let doubled = self.texts(
                pc,
                "SELECT number FROM card WHERE void = 0 AND number IS NOT NULL GROUP BY number HAVING count(DISTINCT id) > 1",
            );
            if !doubled.is_empty() {
                let moment = self.chance.moment(self.wall(pc));
                let said = self.pcs[pc].call(0, "cards.twice", json!({}), moment).unwrap_or_default().to_string();
                for number in doubled.iter().filter(|number| !said.contains(number.as_str())) {
                    self.breaks(format!("PC {pc}: the number {number} stands on two cards, and nobody is told"));
                }
                if self.plan.cloned == 0
                    && self.plan.old_copy == 0
                    && self.plan.restored == 0
                    && self.plan.put_back == 0
                {
                    self.breaks(format!("PC {pc}: {doubled:?} were given out twice, and no PC was cloned or set back"));
                }
            }
            let apart = self.texts(
                pc,
                "SELECT lower(hex(c.id)) FROM card c JOIN member m ON m.id = c.\"member\" AND m.stream = c.stream
                 WHERE c.void = 0 AND m.void = 0 AND m.state = 'transferred' AND c.state NOT IN ('transferred', 'provisional')",
            );
            for id in apart {
                self.breaks(format!("PC {pc}: card {id} stands where its member does not"));
            }
        }
        if self.pcs[0].gone || self.pcs[0].locked {
            return;
        }
        let behind = self.texts(
            0,
            "SELECT lower(hex(m.id)) FROM member m JOIN enterprise e ON e.id = m.enterprise AND e.stream = m.stream
             WHERE m.void = 0 AND e.void = 0 AND e.state = 'transferred' AND m.state NOT IN ('transferred', 'provisional')",
        );
        for id in behind {
            self.breaks(format!("PC 0: {id} stays behind the enterprise"));
        }
        let twice = "SELECT count(*) FROM (SELECT t.id FROM transfer t JOIN event e ON e.rec = t.rec
             WHERE e.kind = ?1 AND e.name = 'taken_in' GROUP BY t.id HAVING count(DISTINCT hex(e.detail)) > 1)";
        let no = niangjia_core::kinds().find(|(kind, _)| *kind == "transfer").map_or(0, |(_, no)| no);
        self.transit |= self.peeked(0, twice, &no.to_string()) > 0;
    }

    fn texts(&self, pc: usize, sql: &str) -> Vec<String> {
        let conn = self.pcs[pc].peek();
        let mut rows = conn.prepare(sql).expect("texts");
        let rows = rows.query_map([], |row| row.get(0)).expect("texts");
        rows.map(|row| row.expect("a text")).collect()
    }
}

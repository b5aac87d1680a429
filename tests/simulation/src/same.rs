//! Two entries that clerks take for one person, and take apart again.

use serde_json::json;

use crate::world::World;

impl World {
    /// Somebody says that two entries are one person, or that one of them is a person of its own after all.
    pub(crate) fn same_person(&mut self, pc: usize) {
        if self.chance.percent(30) { self.apart(pc) } else { self.merge(pc) }
    }

    /// One of the latest members that this PC reads.
    fn latest_member(&mut self, pc: usize) -> Option<String> {
        let office = self.pcs[pc].office_no;
        let papers = &self.oracle.papers;
        let member = |id: &&String| papers[*id].kind == "member" && (office == 0 || papers[*id].office == office);
        let latest: Vec<&String> = self.oracle.order.iter().rev().filter(member).take(6).collect();
        self.chance.pick(&latest).map(|id| (*id).clone())
    }

    fn merge(&mut self, pc: usize) {
        let (Some(back), Some(stays)) = (self.latest_member(pc), self.latest_member(pc)) else { return };
        let (Some(one), Some(other)) = (self.page(pc, &back), self.page(pc, &stays)) else { return };
        let ask = json!({ "id": back, "into": stays, "reason": "本人来电，两次登记" });
        if self.act(pc, "members.merge", ask).is_none() {
            return;
        }
        // What is linked is who stands for each of the two, as the clerk saw it.
        let heads = (one.head().to_owned(), other.head().to_owned());
        self.oracle.linked(&heads.0, &heads.1, self.oracle.papers[&heads.0].office, pc);
        self.one_of_two(pc, &back, &stays);
    }

    fn one_of_two(&mut self, pc: usize, back: &str, stays: &str) {
        let (one, other) = (self.page(pc, back), self.page(pc, stays));
        if one.map(|page| page.head().to_owned()) != other.map(|page| page.head().to_owned()) {
            self.breaks(format!("PC {pc}: {back} and {stays} are one person, and their pages do not say so"));
        }
    }

    fn apart(&mut self, pc: usize) {
        let Some(id) = self.latest_member(pc) else { return };
        let Some(before) = self.page(pc, &id) else { return };
        let ask = json!({ "id": id, "reason": "同名，不是同一个人" });
        if self.act(pc, "members.unmerge", ask).is_none() {
            return;
        }
        self.oracle.parted(&id);
        let Some(after) = self.page(pc, &id) else { return };
        let stood = self.page(pc, before.head());
        // One that is void stands for nobody while others stand behind it, who go with it.
        if after.head() != id && !after.is_void || stood.is_none_or(|stood| stood.head() == after.head()) {
            self.breaks(format!("PC {pc}: {id} was taken out, and is not a person of its own"));
        }
    }

    /// Who was said to be one person is, nobody else is, and whoever stands for the others can be shown.
    pub(crate) fn persons(&mut self) {
        for pc in self.alive() {
            let office = self.pcs[pc].office_no;
            for (back, stays) in self.oracle.links_that_stand(office) {
                self.one_of_two(pc, &back, &stays);
            }
            let mut left_out = 0_i64;
            for (id, person) in self.oracle.persons() {
                let Some(page) = self.page(pc, &id).filter(|page| page.id == id) else { continue };
                let head = page.head().to_owned();
                if head == id {
                    // Of another office's entry nothing is here but the county's word.
                    let across =
                        person.iter().any(|other| self.oracle.papers[other].office != self.oracle.papers[&id].office);
                    if page.counted_elsewhere && (office == 0 || !across) {
                        self.breaks(format!("PC {pc}: {id} does not count, and nobody said so"));
                    }
                    left_out += i64::from(page.counted_elsewhere && !page.is_void);
                    continue;
                }
                if !person.contains(&head) {
                    self.breaks(format!("PC {pc}: {id} stands behind {head}, and nobody said so"));
                }
                if !page.is_void {
                    left_out += 1;
                    if self.page(pc, &head).is_none_or(|head| head.is_void) {
                        self.breaks(format!("PC {pc}: {id} stands behind {head}, which nobody is shown"));
                    }
                }
            }
            self.counted_once(pc, left_out);
        }
    }

    /// Lists leave out who stands behind another entry, and nobody else.
    fn counted_once(&mut self, pc: usize, left_out: i64) {
        let moment = self.chance.aside(self.wall(pc));
        let list = self.pcs[pc].call(0, "members.list", json!({}), moment).expect("a list");
        let sql = "SELECT count(DISTINCT id) FROM member WHERE void = 0";
        let all: i64 = self.pcs[pc].peek().query_row(sql, [], |row| row.get(0)).expect("a count");
        if list["total"] != all - left_out {
            self.breaks(format!(
                "PC {pc}: of {all} entries {left_out} stand behind others; {} are listed",
                list["total"]
            ));
        }
    }
}

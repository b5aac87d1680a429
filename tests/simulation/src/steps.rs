//! What clerks do, through the same door as the window; each answer goes into the oracle.

use std::collections::BTreeSet;

use niangjia_core::Fault;
use niangjia_replication::planted::cut_at;
use serde_json::{Value as Json, json};

use crate::{
    oracle::{Form, fields, plural},
    people::{id_no, name},
    world::World,
};

impl World {
    /// One day's work or one mishap, drawn by chance.
    pub(crate) fn step(&mut self) {
        self.now += 1 + self.chance.below(3_600_000) as i64;
        let alive = self.alive();
        let pc = *self.chance.pick(&alive).expect("the last one is never locked");
        if self.chance.percent(self.plan.exchanges) {
            // Some PCs seldom have a line; others meanwhile build on each other's work.
            let lazy = self.pcs[pc].lazy && !self.chance.percent(12);
            let pc = if lazy && !self.pcs[0].locked { 0 } else { pc };
            return self.exchange_step(pc);
        }
        if self.mishap(pc) {
            return;
        }
        if self.chance.percent(self.plan.stick) {
            return self.stick(pc);
        }
        if self.chance.percent(self.plan.photo) {
            return self.give_photo(pc);
        }
        if self.plan.merged > 0 && self.chance.percent(self.plan.merged) {
            return self.same_person(pc);
        }
        if self.plan.moving > 0 && self.chance.percent(self.plan.moving) {
            return self.moving(pc);
        }
        if self.plan.cards > 0 && self.chance.percent(self.plan.cards) {
            return self.cards(pc);
        }
        self.work(pc);
    }

    /// What clerks do at their PC, whatever line there is.
    pub(crate) fn work(&mut self, pc: usize) {
        match self.chance.below(100) {
            0..=19 => self.open(pc),
            20..=45 => self.save(pc),
            46..=60 => self.make(pc),
            61..=72 => self.event(pc),
            73..=78 => self.void(pc),
            79..=88 => self.choose(pc),
            89..=91 => self.import(pc),
            92..=93 => self.undo(pc),
            94..=96 => self.draft(pc),
            _ => self.look(pc),
        }
    }

    /// A command at a PC; the power may be cut in the middle of it, and then it was never acknowledged.
    pub(crate) fn ask(&mut self, pc: usize, name: &str, ask: Json) -> Option<Json> {
        let clerk = self.chance.below(2);
        self.ask_as(pc, clerk, name, ask)
    }

    /// As one of the PC's clerks.
    fn ask_as(&mut self, pc: usize, clerk: usize, name: &str, ask: Json) -> Option<Json> {
        let cut = self.chance.percent(self.plan.power);
        if cut {
            cut_at(Some(("act", 0)));
        }
        let wall = self.wall(pc);
        let moment = self.chance.moment(wall);
        let answer = self.pcs[pc].call(clerk, name, ask, moment);
        cut_at(None);
        let said = answer.as_ref().map_or_else(|fault| fault.code.clone(), |_| "ok".to_owned());
        self.trace.note(format!("PC {pc}: {name} {said}, {}", self.serial));
        match answer {
            Ok(answer) => Some(answer),
            Err(_) if cut => {
                self.kill(pc);
                None
            }
            Err(fault) => {
                self.refused(pc, name, &fault);
                None
            }
        }
    }

    /// A clerk may be told that something cannot be; anything else is a failure of the program.
    pub(crate) fn refused(&mut self, pc: usize, name: &str, fault: &Fault) {
        const KIND: [&str; 10] = [
            "fields",
            "not_found",
            "event_cannot_follow",
            "batch_undone",
            "sheet_empty",
            "checkpoint_not_made",
            "same_already",
            "same_not",
            "merge_void",
            "county_answered",
        ];
        if !KIND.contains(&&*fault.code)
            && !crate::moving::REFUSALS.contains(&&*fault.code)
            && !crate::cards::REFUSALS.contains(&&*fault.code)
        {
            self.breaks(format!("PC {pc}: {name} failed: {} {:?}", fault.code, fault.cause));
        }
    }

    /// A command that writes one thing, and therefore stands in the audit.
    pub(crate) fn act(&mut self, pc: usize, name: &str, ask: Json) -> Option<Json> {
        let answer = self.ask(pc, name, ask)?;
        self.oracle.act(self.pcs[pc].office_no, pc);
        Some(answer)
    }

    /// The page of a record, where it has arrived.
    pub(crate) fn page(&mut self, pc: usize, id: &str) -> Option<Form> {
        let kind = self.oracle.papers[id].kind;
        let moment = self.chance.moment(self.wall(pc));
        let page = self.pcs[pc].call(0, &format!("{}.get", plural(kind)), json!({ "id": id }), moment);
        match page {
            Ok(page) => Some(Form::of(kind, &page)),
            Err(fault) => {
                if fault.code != "not_found" {
                    self.breaks(format!("PC {pc}: a page cannot be read: {} {:?}", fault.code, fault.cause));
                }
                None
            }
        }
    }

    /// A record that this PC reads; mostly one of the latest, so that several people meet on it.
    fn paper(&mut self, pc: usize) -> Option<String> {
        let office = self.pcs[pc].office_no;
        let mine = |id: &&String| office == 0 || self.oracle.papers[*id].office == office;
        let known: Vec<&String> = self.oracle.order.iter().filter(mine).collect();
        let from = if self.chance.percent(70) { known.len().saturating_sub(4) } else { 0 };
        self.chance.pick(&known[from..]).map(|id| (*id).clone())
    }

    fn open(&mut self, pc: usize) {
        let Some(id) = self.paper(pc) else { return };
        if let Some(form) = self.page(pc, &id) {
            self.pcs[pc].forms.push(form);
        }
    }

    /// A form that stood open for a while, or one opened just now.
    fn form(&mut self, pc: usize) -> Option<Form> {
        let open = self.pcs[pc].forms.len();
        if open > 0 && self.chance.percent(60) {
            let at = self.chance.below(open);
            return Some(self.pcs[pc].forms.swap_remove(at));
        }
        let id = self.paper(pc)?;
        self.page(pc, &id)
    }

    fn save(&mut self, pc: usize) {
        let Some(form) = self.form(pc) else { return };
        let mut changed = serde_json::Map::new();
        for _ in 0..self.chance.between(1, 2) {
            let field = *self.chance.pick(fields(form.kind)).expect("fields");
            if field == "photo" || !self.knows_field(pc, form.kind, field) {
                continue;
            }
            let text = self.fresh("值");
            changed.insert(field.to_owned(), text.into());
        }
        if !changed.is_empty() {
            self.saves(pc, &form, changed);
        }
    }

    /// A member of whom there is a photo now, or another one.
    pub(crate) fn give_photo(&mut self, pc: usize) {
        let Some(form) = self.form(pc).filter(|form| form.kind == "member") else { return };
        if self.knows_field(pc, "member", "photo") {
            self.photo(pc, &form);
        }
    }

    fn saves(&mut self, pc: usize, form: &Form, mut changed: serde_json::Map<String, Json>) {
        let written = changed.clone();
        if changed.contains_key("hukou_place") && self.chance.percent(50) {
            let kind = *self.chance.pick(&["rural", "urban", "resident"]).expect("codes");
            changed.insert("hukou_kind".into(), kind.into());
        }
        let command = format!("{}.save", plural(form.kind));
        let ask = json!({ "id": form.id, "token": form.token, "fields": changed });
        if self.act(pc, &command, ask).is_none() {
            return;
        }
        for field in fields(form.kind).iter().copied() {
            if let Some(text) = written.get(field).and_then(Json::as_str) {
                self.oracle.saved(&form.id, field, text, &form.seen[field], pc);
            }
        }
    }

    /// Somebody settles a conflict: with one of the values, or with a third.
    fn choose(&mut self, pc: usize) {
        let office = self.pcs[pc].office_no;
        let mine = |id: &&String| office == 0 || self.oracle.papers[*id].office == office;
        let latest: Vec<String> = self.oracle.order.iter().filter(mine).rev().take(5).cloned().collect();
        for id in latest {
            let Some(form) = self.page(pc, &id) else { continue };
            let Some(field) = self.chance.pick(&form.conflicts()).copied() else { continue };
            let sides: Vec<String> = form.seen[field].iter().cloned().collect();
            let text = if field == "photo" || self.chance.percent(50) {
                self.chance.pick(&sides).expect("sides").clone()
            } else {
                self.fresh("定")
            };
            return self.saves(pc, &form, serde_json::Map::from_iter([(field.to_owned(), text.into())]));
        }
    }

    fn make(&mut self, pc: usize) {
        let office = self.pcs[pc].office_no;
        let own = self.pcs[pc].office().identity().office.to_string();
        let (who, text) = (name(&mut self.chance), self.fresh("初"));
        let number = id_no(self.serial);
        let (kind, command, field, ask, joined) = match self.chance.below(10) {
            0..=3 => {
                let document = self.fresh("决议");
                let fields = json!({ "name": who, "id_no": number, "post": text });
                let ask = json!({ "fields": fields, "on": "1969-06-01", "document": document });
                ("member", "members.join", "post", ask, Some(document))
            }
            4..=6 => {
                let ask = json!({ "fields": { "name": who, "id_no": number, "post": text } });
                ("member", "members.save", "post", ask, None)
            }
            7 | 8 if self.knows(pc, "enterprise") => {
                let ask = json!({ "fields": { "name": format!("{who}纺织厂"), "village": text } });
                ("enterprise", "enterprises.save", "village", ask, None)
            }
            _ => {
                let ask = json!({ "fields": { "name": format!("{who}村工会"), "kind": "village", "parent": own, "note": text } });
                ("organisation", "organisations.save", "note", ask, None)
            }
        };
        let Some(saved) = self.act(pc, command, ask) else { return };
        let id = saved["id"].as_str().expect("an id").to_owned();
        self.oracle.made(&id, kind, office, pc);
        self.oracle.saved(&id, field, &text, &BTreeSet::new(), pc);
        if let Some(document) = joined {
            self.oracle.happened(&id, &document, pc);
        }
    }

    fn event(&mut self, pc: usize) {
        // Mostly the newest member, so that several offices decide on one membership at a time.
        let office = self.pcs[pc].office_no;
        let newest = self.oracle.order.iter().rev().find(|id| {
            let paper = &self.oracle.papers[*id];
            paper.kind == "member" && (office == 0 || paper.office == office)
        });
        let id = if self.chance.percent(60) { newest.cloned() } else { self.paper(pc) };
        let Some(id) = id.filter(|id| self.oracle.papers[id].kind == "member") else { return };
        let Some(form) = self.page(pc, &id) else { return };
        let Some(event) = self.chance.pick(&form.possible).cloned() else { return };
        let document = self.fresh("决定");
        let done = if event == "joined" {
            let ask = json!({ "id": id, "token": form.token, "fields": {}, "on": "1969-07-01", "document": document });
            self.act(pc, "members.join", ask)
        } else {
            let ask =
                json!({ "id": id, "event": event, "on": "1969-08-01", "reason": "own_wish", "document": document });
            self.act(pc, "members.change", ask)
        };
        if done.is_some() {
            self.oracle.happened(&id, &document, pc);
        }
    }

    fn void(&mut self, pc: usize) {
        let Some(form) = self.form(pc) else { return };
        let void = !(form.void.contains("true") && self.chance.percent(60));
        let command = format!("{}.void", plural(form.kind));
        let ask = json!({ "id": form.id, "token": form.token, "reason": "重复登记", "void": void });
        if self.act(pc, &command, ask).is_some() {
            self.oracle.voided(&form.id, void, &form.void, pc);
        }
    }

    fn import(&mut self, pc: usize) {
        let mut sheet = String::from("\u{feff}姓名,有效证件类别,证件号码,职务\n");
        let mut posts = Vec::new();
        for _ in 0..self.chance.between(2, 6) {
            let (who, post) = (name(&mut self.chance), self.fresh("册"));
            let number = id_no(self.serial);
            sheet.push_str(&format!("{who},居民身份证,{number},{post}\n"));
            posts.push(post);
        }
        let path = self.folder.join("roster.csv");
        std::fs::write(&path, sheet).expect("a sheet");
        let mut ask = json!({ "path": path, "commit": true });
        // Who looked at the sheet takes it in.
        let clerk = self.chance.below(2);
        if self.chance.percent(50) {
            let Some(seen) = self.ask_as(pc, clerk, "members.import", json!({ "path": path })) else { return };
            ask = json!({ "preview": seen["preview"], "commit": true });
        }
        let Some(done) = self.ask_as(pc, clerk, "members.import", ask) else { return };
        self.oracle.act(self.pcs[pc].office_no, pc);
        let mut made = Vec::new();
        for post in &posts {
            let moment = self.chance.moment(self.wall(pc));
            let found = self.pcs[pc].call(0, "members.list", json!({ "filter": { "post": post } }), moment);
            let id = found.ok().and_then(|list| list["rows"][0]["id"].as_str().map(ToOwned::to_owned));
            let Some(id) = id else {
                self.breaks(format!("PC {pc}: of an import, {post} is not there; {done}"));
                return;
            };
            self.oracle.made(&id, "member", self.pcs[pc].office_no, pc);
            self.oracle.saved(&id, "post", post, &BTreeSet::new(), pc);
            made.push(id);
        }
        if let Some(batch) = done["batch"].as_str() {
            self.pcs[pc].batches.push((batch.to_owned(), made));
        }
    }

    /// An import is taken back; what somebody has worked on since must stay.
    fn undo(&mut self, pc: usize) {
        let Some((batch, made)) = self.pcs[pc].batches.pop() else { return };
        let before: Vec<Option<Form>> = made.iter().map(|id| self.page(pc, id)).collect();
        if self.act(pc, "members.undo", json!({ "batch": batch })).is_none() {
            return;
        }
        for form in before.into_iter().flatten() {
            let Some(after) = self.page(pc, &form.id) else { continue };
            if form.void.contains("true") || !after.void.contains("true") {
                continue;
            }
            let worked_on = form.seen.iter().any(|(field, texts)| *field != "post" && !texts.is_empty());
            if worked_on || !form.events.is_empty() || form.merged || form.head() != form.id {
                self.breaks(format!("PC {pc}: the undo of an import made void what somebody had worked on"));
            }
            self.oracle.voided(&form.id, true, &form.void, pc);
        }
    }

    /// Whatever a clerk has typed and not saved is given up.
    pub(crate) fn drop_drafts(&mut self, pc: usize) {
        for key in self.pcs[pc].drafts.keys().cloned().collect::<Vec<_>>() {
            self.drop_draft(pc, 0, &key);
        }
    }

    /// A draft belongs to who typed it: another clerk drops nothing.
    fn drop_draft(&mut self, pc: usize, clerk: usize, key: &str) {
        if self.ask_as(pc, clerk, "drafts.drop", json!({ "key": key })).is_some_and(|answer| answer["done"] == true) {
            self.pcs[pc].drafts.remove(key);
        }
    }

    fn draft(&mut self, pc: usize) {
        let key = format!("form-{}", self.chance.below(3));
        if self.chance.percent(30) {
            let clerk = self.chance.below(2);
            return self.drop_draft(pc, clerk, &key);
        }
        let text = self.fresh("草稿");
        let ask = json!({ "key": key, "kind": "member", "fields": { "post": text } });
        if self.ask(pc, "drafts.put", ask).is_some() {
            self.pcs[pc].drafts.insert(key, text);
        }
    }

    /// A masked value is shown, which stands in the audit.
    fn look(&mut self, pc: usize) {
        let Some(id) = self.paper(pc).filter(|id| self.oracle.papers[id].kind == "member") else { return };
        self.act(pc, "members.reveal", json!({ "id": id, "field": "id_no", "reason": "核对" }));
    }
}

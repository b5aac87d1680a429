//! The oracle of promise 1: what clerks were told is saved, kept in a model of its own that is fed from the answers at the
//! door and shares no code with the store.
//!
//! Every value written is written once in the whole history, so what a page shows tells which writes its reader saw.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

/// The fields that clerks of the histories write, by kind; `hukou_place` and `address` stand for their whole group.
pub(crate) const FIELDS: [(&str, &[&str]); 3] = [
    ("member", &["post", "department", "trade", "residence", "note", "hukou_place"]),
    ("enterprise", &["village", "note", "plan", "address"]),
    ("organisation", &["short_name", "note", "approval_no"]),
];

/// The fields written of a kind.
pub(crate) fn fields(kind: &str) -> &'static [&'static str] {
    FIELDS.iter().find(|(k, _)| *k == kind).map_or(&[], |(_, f)| f)
}

/// Commands of a kind begin with its plural.
pub(crate) fn plural(kind: &str) -> String {
    format!("{kind}s")
}

/// One value that somebody was told is saved.
struct Write {
    text: String,
    /// Writes of the same field that its author saw.
    over: Vec<usize>,
    pc: usize,
    /// Who else holds it for certain.
    at: Held,
    /// False once the only machine that held it is gone: it may be lost.
    sure: bool,
}

/// Who holds something besides the PC on which it was saved.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    Nobody,
    Hub,
    County,
}

/// What was saved of one record.
pub(crate) struct Paper {
    pub(crate) kind: &'static str,
    /// The office in whose stream it stands.
    pub(crate) office: usize,
    fields: BTreeMap<&'static str, Vec<Write>>,
    void: Vec<Write>,
    events: Vec<Write>,
    made: Write,
    /// A PC that was shut out wrote on it and the county may not have had it: what builds on that waits in quarantine with it.
    doubtful: bool,
}

/// What a page shows, field by field, and the token that it handed out.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) token: String,
    pub(crate) seen: BTreeMap<&'static str, BTreeSet<String>>,
    pub(crate) void: BTreeSet<String>,
    pub(crate) events: Vec<String>,
    pub(crate) possible: Vec<String>,
    pub(crate) confirmed: bool,
}

impl Form {
    /// Reads a page as a clerk does: the values, and both sides of every conflict.
    pub(crate) fn of(kind: &'static str, page: &Json) -> Self {
        let text = |json: &Json| json.as_str().map(ToOwned::to_owned);
        let mut seen: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for field in fields(kind) {
            seen.entry(*field).or_default().extend(text(&page["fields"][*field]));
        }
        let mut void = BTreeSet::from([page["void"].to_string()]);
        for side in page["conflicts"].as_array().into_iter().flatten().flat_map(|c| c["sides"].as_array()).flatten() {
            for field in fields(kind) {
                seen.entry(*field).or_default().extend(text(&side["values"][*field]));
            }
        }
        let about_void = |c: &&Json| c["fields"].as_array().is_some_and(|f| f.contains(&"void".into()));
        if page["conflicts"].as_array().into_iter().flatten().any(|c| about_void(&c)) {
            void.extend(["true".to_owned(), "false".to_owned()]);
        }
        let list = |json: &Json| -> Vec<String> { json.as_array().into_iter().flatten().filter_map(text).collect() };
        let events = page["events"].as_array().into_iter().flatten();
        Self {
            id: text(&page["id"]).unwrap_or_default(),
            kind,
            token: text(&page["token"]).unwrap_or_default(),
            seen,
            void,
            events: events.filter_map(|e| text(&e["detail"]["document"])).collect(),
            possible: list(&page["derived"]["possible"]),
            confirmed: page["standing"]["mark"] == "confirmed",
        }
    }

    /// Fields of which several values stand beside each other.
    pub(crate) fn conflicts(&self) -> Vec<&'static str> {
        self.seen.iter().filter(|(_, texts)| texts.len() > 1).map(|(field, _)| *field).collect()
    }
}

/// All papers of a history.
#[derive(Default)]
pub(crate) struct Oracle {
    pub(crate) papers: BTreeMap<String, Paper>,
    /// In the order in which they were made.
    pub(crate) order: Vec<String>,
    /// Acts that were acknowledged and must stand in the audit, by office.
    acts: Vec<(usize, Write)>,
}

fn write(text: String, over: Vec<usize>, pc: usize) -> Write {
    Write { text, over, pc, at: Held::Nobody, sure: true }
}

impl Oracle {
    /// An act was acknowledged at a PC of an office.
    pub(crate) fn act(&mut self, office: usize, pc: usize) {
        self.acts.push((office, write(String::new(), Vec::new(), pc)));
    }

    /// A new record was acknowledged.
    pub(crate) fn made(&mut self, id: &str, kind: &'static str, office: usize, pc: usize) {
        let paper = Paper {
            kind,
            office,
            fields: BTreeMap::new(),
            void: Vec::new(),
            events: Vec::new(),
            made: write(String::new(), Vec::new(), pc),
            doubtful: false,
        };
        self.papers.insert(id.to_owned(), paper);
        self.order.push(id.to_owned());
    }

    /// A value was acknowledged by somebody who saw `seen` in that field.
    pub(crate) fn saved(&mut self, id: &str, field: &'static str, text: &str, seen: &BTreeSet<String>, pc: usize) {
        let paper = self.papers.get_mut(id).expect("a known paper");
        let writes = paper.fields.entry(field).or_default();
        let over = (0..writes.len()).filter(|n| seen.contains(&writes[*n].text)).collect();
        writes.push(Write { sure: !paper.doubtful, ..write(text.to_owned(), over, pc) });
    }

    /// A record was made void, or valid again.
    pub(crate) fn voided(&mut self, id: &str, void: bool, seen: &BTreeSet<String>, pc: usize) {
        let paper = self.papers.get_mut(id).expect("a known paper");
        let over = (0..paper.void.len()).filter(|n| seen.contains(&paper.void[*n].text)).collect();
        paper.void.push(Write { sure: !paper.doubtful, ..write(void.to_string(), over, pc) });
    }

    /// Something happened to a membership.
    pub(crate) fn happened(&mut self, id: &str, document: &str, pc: usize) {
        let paper = self.papers.get_mut(id).expect("a known paper");
        paper.events.push(Write { sure: !paper.doubtful, ..write(document.to_owned(), Vec::new(), pc) });
    }

    fn writes(&mut self) -> impl Iterator<Item = &mut Write> {
        let papers = self.papers.values_mut().flat_map(|p| {
            let all = p.fields.values_mut().flatten().chain(&mut p.void).chain(&mut p.events);
            all.chain(std::iter::once(&mut p.made))
        });
        papers.chain(self.acts.iter_mut().map(|(_, act)| act))
    }

    /// An exchange of this PC ended well: the hub holds what was saved there, and the county what the hub holds.
    pub(crate) fn handed_on(&mut self, pc: usize, county: bool) {
        self.writes().filter(|w| w.pc == pc).for_each(|w| w.at = w.at.max(Held::Hub));
        if county {
            self.writes().filter(|w| w.at == Held::Hub).for_each(|w| w.at = Held::County);
        }
    }

    /// The hub lost its disk; `alive` tells which PCs can still bring what they saved.
    pub(crate) fn hub_lost(&mut self, alive: impl Fn(usize) -> bool) {
        for write in self.writes().filter(|w| w.at == Held::Hub) {
            write.at = Held::Nobody;
            write.sure &= alive(write.pc);
        }
    }

    /// The PC is gone: what only it held may be lost.
    pub(crate) fn gone(&mut self, pc: usize) {
        self.writes().filter(|w| w.pc == pc && w.at == Held::Nobody).for_each(|w| w.sure = false);
    }

    /// The PC is stolen and shut out: only what the county has of it counts, and of others what does not build on the rest.
    pub(crate) fn stolen(&mut self, pc: usize) {
        self.gone(pc);
        self.writes().filter(|w| w.pc == pc && w.at < Held::County).for_each(|w| w.sure = false);
        for paper in self.papers.values_mut() {
            let all = || paper.fields.values().flatten().chain(&paper.void).chain(&paper.events);
            if all().chain([&paper.made]).any(|w| w.pc == pc && w.at < Held::County) {
                paper.doubtful = true;
                let all = paper.fields.values_mut().flatten().chain(&mut paper.void).chain(&mut paper.events);
                all.filter(|w| w.at < Held::County).for_each(|w| w.sure = false);
            }
        }
    }

    /// Whether something may wait for what stands in quarantine.
    pub(crate) fn doubtful(&self) -> bool {
        self.papers.values().any(|paper| paper.doubtful)
    }

    /// Acts of an office that must stand in the audit, and those that may.
    pub(crate) fn acts(&self, office: usize) -> (usize, usize) {
        let of = |sure: bool| self.acts.iter().filter(|(of, act)| *of == office && act.sure == sure).count();
        (of(true), of(false))
    }
}

impl Paper {
    /// Whether the record must be there at the end.
    pub(crate) fn sure(&self) -> bool {
        self.made.sure
    }

    /// What is wrong with a page of this record on a PC that holds everything.
    pub(crate) fn judge(&self, page: &Form) -> Vec<String> {
        let mut wrong = Vec::new();
        let nothing = BTreeSet::new();
        for (field, writes) in &self.fields {
            let shown = page.seen.get(field).unwrap_or(&nothing);
            field_stands(field, writes, shown, &mut wrong);
            for text in shown.iter().filter(|text| !writes.iter().any(|w| w.text == **text)) {
                wrong.push(format!("{field} shows {text}, which nobody was told is saved"));
            }
        }
        let standing = |n: &usize| !self.void.iter().any(|w| w.over.contains(n));
        let last: BTreeSet<&str> = (0..self.void.len()).filter(standing).map(|n| &*self.void[n].text).collect();
        if self.void.iter().all(|w| w.sure) && last.iter().any(|text| !page.void.contains(*text)) {
            wrong.push(format!("void was last written as {last:?}, the page shows {:?}", page.void));
        }
        for event in self.events.iter().filter(|e| e.sure && !page.events.contains(&e.text)) {
            wrong.push(format!("the event {} is not in the history", event.text));
        }
        if page.events.len() > self.events.len() {
            wrong.push(format!("{} events for {} that were saved", page.events.len(), self.events.len()));
        }
        wrong
    }

    /// Whether a PC that shows `other` holds everything that `page` shows: as a value, or replaced by one who saw it.
    pub(crate) fn holds(&self, page: &Form, other: &Form) -> bool {
        self.fields.iter().all(|(field, writes)| {
            let held = accounted(writes, other.seen.get(field).unwrap_or(&BTreeSet::new()));
            let of_page = page.seen.get(field);
            writes.iter().zip(held).all(|(w, held)| held || of_page.is_none_or(|shown| !shown.contains(&w.text)))
        }) && page.events.iter().all(|event| other.events.contains(event))
    }
}

/// For each write, whether it is shown or was replaced, step by step by people who saw it, by one that is.
fn accounted(writes: &[Write], shown: &BTreeSet<String>) -> Vec<bool> {
    let mut held = vec![false; writes.len()];
    for n in (0..writes.len()).rev() {
        held[n] = shown.contains(&writes[n].text)
            || (n + 1..writes.len()).any(|later| held[later] && writes[later].over.contains(&n));
    }
    held
}

fn field_stands(field: &str, writes: &[Write], shown: &BTreeSet<String>, wrong: &mut Vec<String>) {
    for (write, held) in writes.iter().zip(accounted(writes, shown)) {
        if write.sure && !held {
            wrong.push(format!("{field} {} is lost: it is not shown, and nobody who saw it replaced it", write.text));
        }
    }
    for text in shown {
        let mut same = (0..writes.len()).filter(|n| writes[*n].text == *text);
        let (Some(only), None) = (same.next(), same.next()) else { continue };
        if writes.iter().any(|w| w.sure && w.over.contains(&only)) {
            wrong.push(format!("{field} {text} still stands, though somebody who saw it replaced it"));
        }
    }
}

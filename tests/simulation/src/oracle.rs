//! The oracle of promise 1: what clerks were told is saved, kept in a model of its own that is fed from the answers at the
//! door and shares no code with the store.
//!
//! Every value written is written once in the whole history, so what a page shows tells which writes its reader saw.

use std::collections::{BTreeMap, BTreeSet};

mod follow;
mod holdings;
mod pages;
mod same;

pub(crate) use pages::{Form, fields, plural};

/// One value that somebody was told is saved.
struct Write {
    text: String,
    /// Writes of the same field that its author saw.
    over: Vec<usize>,
    pc: usize,
    /// PCs whose disks hold it for certain, one bit each.
    on: Disks,
    /// Who has it for certain that is nearest to the county.
    at: Held,
    /// Whether the hub holds it for certain: it can lose its disk after the county has it, and a stick goes past it.
    at_hub: bool,
    /// False once the only machine that held it is gone: it may be lost.
    sure: bool,
    /// Whether it stands in the second file of the PC on which it was saved. What an old copy of the whole disk fetches again
    /// of its later days does not.
    filed: bool,
    /// Written under an identity that another PC bore at the same time: which of two changes of one number somebody saw may
    /// be impossible to tell, and then neither counts as seen.
    twofold: bool,
    /// Counts all writes of a history.
    no: usize,
}

/// PCs, one bit each.
type Disks = u64;

/// What one disk held at some moment.
pub(crate) type Shelf = BTreeSet<usize>;

/// Who holds something besides the PC on which it was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// All papers of a history.
#[derive(Default)]
pub(crate) struct Oracle {
    pub(crate) papers: BTreeMap<String, Paper>,
    /// In the order in which they were made.
    pub(crate) order: Vec<String>,
    /// Acts that were acknowledged and must stand in the audit, by office.
    acts: Vec<(usize, Write)>,
    /// Photos that were given, by address.
    pub(crate) photos: BTreeMap<String, Photo>,
    links: Vec<same::Link>,
    /// PCs that bear one identity with another.
    twins: Disks,
    count: usize,
}

impl Oracle {
    fn write(&mut self, text: impl Into<String>, over: Vec<usize>, pc: usize) -> Write {
        self.count += 1;
        let twofold = self.twins & bit(pc) != 0;
        Write {
            text: text.into(),
            over,
            pc,
            on: bit(pc),
            at: Held::Nobody,
            at_hub: false,
            sure: true,
            filed: true,
            twofold,
            no: self.count,
        }
    }

    /// An act was acknowledged at a PC of an office.
    pub(crate) fn act(&mut self, office: usize, pc: usize) {
        let act = self.write("", Vec::new(), pc);
        self.acts.push((office, act));
    }

    /// A new record was acknowledged.
    pub(crate) fn made(&mut self, id: &str, kind: &'static str, office: usize, pc: usize) {
        let paper = Paper {
            kind,
            office,
            fields: BTreeMap::new(),
            void: Vec::new(),
            events: Vec::new(),
            made: self.write("", Vec::new(), pc),
            doubtful: false,
        };
        self.papers.insert(id.to_owned(), paper);
        self.order.push(id.to_owned());
    }

    /// A value was acknowledged by somebody who saw `seen` in that field.
    pub(crate) fn saved(&mut self, id: &str, field: &'static str, text: &str, seen: &BTreeSet<String>, pc: usize) {
        let write = self.write(text, Vec::new(), pc);
        let paper = self.papers.get_mut(id).expect("a known paper");
        let writes = paper.fields.entry(field).or_default();
        let over = (0..writes.len()).filter(|n| seen.contains(&writes[*n].text)).collect();
        writes.push(Write { sure: !paper.doubtful, over, ..write });
    }

    /// A photo was given to a member.
    pub(crate) fn photo(&mut self, id: &str, address: &str, plain: [u8; 32], pc: usize) {
        self.count += 1;
        let (of, office) = (id.to_owned(), self.papers[id].office);
        let photo = Photo { of, plain, office, by: pc, on: bit(pc), at_hub: false, no: self.count };
        self.photos.insert(address.to_owned(), photo);
    }

    /// A record was made void, or valid again.
    pub(crate) fn voided(&mut self, id: &str, void: bool, seen: &BTreeSet<String>, pc: usize) {
        let write = self.write(void.to_string(), Vec::new(), pc);
        let paper = self.papers.get_mut(id).expect("a known paper");
        let over = (0..paper.void.len()).filter(|n| seen.contains(&paper.void[*n].text)).collect();
        paper.void.push(Write { sure: !paper.doubtful, over, ..write });
    }

    /// Something happened to a membership.
    pub(crate) fn happened(&mut self, id: &str, document: &str, pc: usize) {
        let write = self.write(document, Vec::new(), pc);
        let paper = self.papers.get_mut(id).expect("a known paper");
        paper.events.push(Write { sure: !paper.doubtful, ..write });
    }

    fn writes(&mut self) -> impl Iterator<Item = &mut Write> {
        self.placed().map(|(_, write)| write)
    }

    /// Whether something may wait for what stands in quarantine.
    pub(crate) fn doubtful(&self) -> bool {
        self.papers.values().any(|paper| paper.doubtful)
    }

    /// Whether something that was saved in an office may be lost with the last disk that held it: what builds on it and came
    /// by another road, a stick of which parts were lost for one, waits for it.
    pub(crate) fn perhaps_lost(&mut self, reads: impl Fn(usize) -> bool) -> bool {
        self.placed().any(|(office, write)| reads(office) && !write.sure)
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
            self.field_stands(field, shown, &mut wrong);
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

    fn field_stands(&self, field: &str, shown: &BTreeSet<String>, wrong: &mut Vec<String>) {
        let writes = &self.fields[field];
        for (n, held) in accounted(writes, shown).into_iter().enumerate() {
            if !held && self.firm(writes, n) {
                let text = &writes[n].text;
                wrong.push(format!("{field} {text} is lost: it is not shown, and nobody who saw it replaced it"));
            }
        }
        for text in shown {
            let mut same = (0..writes.len()).filter(|n| writes[*n].text == *text);
            let (Some(only), None) = (same.next(), same.next()) else { continue };
            if writes[only].twofold {
                continue;
            }
            if (0..writes.len()).any(|n| writes[n].over.contains(&only) && self.firm(writes, n)) {
                wrong.push(format!("{field} {text} still stands, though somebody who saw it replaced it"));
            }
        }
    }

    /// Whether a write must be there, and all that it builds on: what its author saw and nobody has any more, it waits for.
    fn firm(&self, writes: &[Write], n: usize) -> bool {
        let write = &writes[n];
        write.sure && self.made.sure && write.over.iter().all(|seen| self.firm(writes, *seen))
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

/// A photo that somebody was told is saved.
pub(crate) struct Photo {
    /// The member.
    of: String,
    /// Hash of what was given.
    pub(crate) plain: [u8; 32],
    office: usize,
    /// The PC on which it was given.
    by: usize,
    /// PCs whose disks hold it for certain.
    on: Disks,
    at_hub: bool,
    no: usize,
}

fn bit(pc: usize) -> Disks {
    1 << (pc % 64)
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

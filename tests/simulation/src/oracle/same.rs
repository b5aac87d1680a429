//! Which entries clerks said are one person.

use std::collections::BTreeSet;

use super::{Oracle, Write};

/// Two entries that somebody was told are one person from now on.
pub(super) struct Link {
    /// The office in whose stream it stands.
    pub(super) office: usize,
    back: String,
    stays: String,
    pub(super) made: Write,
    /// Somebody has taken the person apart since, and may have seen this link.
    parted: bool,
}

impl Oracle {
    /// A link was acknowledged.
    pub(crate) fn linked(&mut self, back: &str, stays: &str, office: usize, pc: usize) {
        let doubtful = [back, stays].iter().any(|id| self.papers[*id].doubtful);
        let made = Write { sure: !doubtful, ..self.write("", Vec::new(), pc) };
        self.links.push(Link { office, back: back.to_owned(), stays: stays.to_owned(), made, parted: false });
    }

    /// An entry was taken out of its person.
    pub(crate) fn parted(&mut self, id: &str) {
        let person = self.person(id);
        for link in self.links.iter_mut().filter(|link| person.contains(&link.back)) {
            link.parted = true;
        }
    }

    /// All entries that anybody ever said are one person with this one.
    fn person(&self, id: &str) -> BTreeSet<String> {
        let mut person = BTreeSet::from([id.to_owned()]);
        loop {
            let size = person.len();
            for Link { back, stays, .. } in &self.links {
                if person.contains(back) || person.contains(stays) {
                    person.extend([back.clone(), stays.clone()]);
                }
            }
            if person.len() == size {
                return person;
            }
        }
    }

    /// Every entry that was ever linked, with those that may be one person with it.
    pub(crate) fn persons(&self) -> Vec<(String, BTreeSet<String>)> {
        let linked: BTreeSet<&String> = self.links.iter().flat_map(|link| [&link.back, &link.stays]).collect();
        linked.into_iter().map(|id| (id.clone(), self.person(id))).collect()
    }

    /// Links that must stand at everybody who reads both entries, as an office sees them.
    pub(crate) fn links_that_stand(&self, office: usize) -> Vec<(String, String)> {
        let there = |id: &String| self.papers[id].sure() && (office == 0 || self.papers[id].office == office);
        let stands = |link: &&Link| link.made.sure && !link.parted && there(&link.back) && there(&link.stays);
        self.links.iter().filter(stands).map(|link| (link.back.clone(), link.stays.clone())).collect()
    }
}

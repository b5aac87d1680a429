//! Who holds one value, record or photo: for somebody who looks into a history that broke.

use std::collections::BTreeMap;

use super::{Disks, Oracle, Write, bit};

impl Oracle {
    /// The record, and who holds for certain what was saved under these words.
    pub(crate) fn stands(&self, what: &str) -> Option<(String, String)> {
        let photo = self.photos.get(what).map(|p| format!("; the photo on {:?}, at the hub: {}", list(p.on), p.at_hub));
        self.papers.iter().find_map(|(id, paper)| {
            let mut texts = paper.fields.values().flatten().chain(&paper.events);
            let write = texts.find(|w| w.text == what).or_else(|| (id == what).then_some(&paper.made))?;
            let Write { pc, on, at, sure, .. } = write;
            let photo = photo.as_deref().unwrap_or_default();
            Some((id.clone(), format!("of PC {pc}, on {:?}, {at:?}, sure: {sure}{photo}", list(*on))))
        })
    }

    /// The acts of an office that must be in the audit, by who holds them.
    pub(crate) fn acts_held(&self, office: usize) -> BTreeMap<String, usize> {
        let mut held = BTreeMap::new();
        for (_, Write { pc, on, at, .. }) in self.acts.iter().filter(|(of, act)| *of == office && act.sure) {
            *held.entry(format!("of {pc} on {:?} {at:?}", list(*on))).or_default() += 1;
        }
        held
    }
}

fn list(on: Disks) -> Vec<usize> {
    (0..64).filter(|pc| on & bit(*pc) != 0).collect()
}

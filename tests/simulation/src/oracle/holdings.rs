//! Who holds what was saved: which disks, the hub, the county; and what is lost with a disk.

use super::{Held, Oracle, Photo, Shelf, Write, bit};

impl Oracle {
    /// Every write with the office in whose stream it stands.
    pub(super) fn placed(&mut self) -> impl Iterator<Item = (usize, &mut Write)> {
        let papers = self.papers.values_mut().flat_map(|p| {
            let office = p.office;
            let all = p.fields.values_mut().flatten().chain(&mut p.void).chain(&mut p.events);
            all.chain(std::iter::once(&mut p.made)).map(move |write| (office, write))
        });
        let links = self.links.iter_mut().map(|link| (link.office, &mut link.made));
        papers.chain(self.acts.iter_mut().map(|(office, act)| (*office, act))).chain(links)
    }

    /// An exchange of this PC ended well: the hub holds what it had, and it has what the hub holds of what it reads. `registrar`
    /// says that the county has it from now on; `whole`, that the PC's log goes back to the first day.
    pub(crate) fn handed_on(&mut self, pc: usize, office: usize, (registrar, whole): (bool, bool)) {
        for write in self.writes().filter(|w| w.on & bit(pc) != 0) {
            (write.at, write.at_hub) = (write.at.max(Held::Hub), true);
        }
        if registrar {
            self.writes().filter(|w| w.at == Held::Hub).for_each(|w| w.at = Held::County);
        }
        if whole {
            let reads = |of: usize| office == 0 || of == office;
            // What the county has need not be at a hub: it lost its disk since, or a stick brought it.
            self.placed().filter(|(of, w)| reads(*of) && w.at_hub).for_each(|(_, w)| w.on |= bit(pc));
        }
    }

    /// What a disk holds now.
    pub(crate) fn shelf(&mut self, pc: usize) -> Shelf {
        let photos: Shelf = self.photos.values().filter(|p| p.on & bit(pc) != 0).map(|p| p.no).collect();
        self.writes().filter(|w| w.on & bit(pc) != 0).map(|w| w.no).chain(photos).collect()
    }

    /// A PC has all that stood on a shelf, as far as its office reads it.
    pub(crate) fn holds(&mut self, pc: usize, office: usize, shelf: &Shelf, registrar: bool) {
        let reads = |of: usize| office == 0 || of == office;
        for (_, write) in self.placed().filter(|(of, w)| reads(*of) && shelf.contains(&w.no)) {
            write.on |= bit(pc);
            if registrar {
                write.at = Held::County;
            }
        }
    }

    /// The disk of a PC is replaced by one that holds what stood on this shelf, and what `own` says: all that was written on it.
    pub(crate) fn set_back(&mut self, pc: usize, shelf: &Shelf, own: bool) {
        // Where the database alone is put back, the files beside it stay.
        for photo in self.photos.values_mut().filter(|p| !own && p.on & bit(pc) != 0 && !shelf.contains(&p.no)) {
            photo.on &= !bit(pc);
        }
        // What the county has need not be known to lie on its disk as a segment.
        let there = |w: &Write| w.on & bit(pc) != 0 || shelf.contains(&w.no) || pc == 0 && w.at == Held::County;
        for write in self.writes().filter(|w| there(w)) {
            if shelf.contains(&write.no) || (own && write.pc == pc && write.filed) {
                write.on |= bit(pc);
            } else {
                write.filed &= write.pc != pc;
                write.on &= !bit(pc);
                if pc == 0 {
                    write.at = if write.at_hub { Held::Hub } else { Held::Nobody };
                }
                write.sure &= write.on != 0 || write.at != Held::Nobody;
            }
        }
    }

    /// A copy of a PC's disk goes on beside it, under the same identity.
    pub(crate) fn cloned(&mut self, pc: usize, clone: usize) {
        self.writes().filter(|w| w.on & bit(pc) != 0).for_each(|w| w.on |= bit(clone));
        self.photos.values_mut().filter(|p| p.on & bit(pc) != 0).for_each(|p| p.on |= bit(clone));
        self.writes().filter(|w| w.pc == pc).for_each(|w| w.twofold = true);
        self.twins |= bit(pc) | bit(clone);
    }

    /// An old copy of the PC's disk goes on under the name of its later life.
    pub(crate) fn twofold(&mut self, pc: usize) {
        self.writes().filter(|w| w.pc == pc).for_each(|w| w.twofold = true);
        self.twins |= bit(pc);
    }

    /// The hub lost its disk: whatever lies on a PC that is still there can be brought again.
    pub(crate) fn hub_lost(&mut self) {
        self.photos.values_mut().for_each(|p| p.at_hub = false);
        for write in self.writes() {
            write.at_hub = false;
            if write.at == Held::Hub {
                write.at = Held::Nobody;
                write.sure &= write.on != 0;
            }
        }
    }

    /// The PC is gone: what only it held may be lost.
    pub(crate) fn gone(&mut self, pc: usize) {
        self.photos.values_mut().for_each(|p| p.on &= !bit(pc));
        for write in self.writes().filter(|w| w.on & bit(pc) != 0) {
            write.on &= !bit(pc);
            write.sure &= write.on != 0 || write.at != Held::Nobody;
        }
    }

    /// The last keys of an office's stream are gone: what anybody else holds of it may be closed for ever.
    pub(crate) fn closed_for_good(&mut self, office: usize) {
        self.placed().filter(|(of, _)| *of == office).for_each(|(_, w)| w.sure = false);
        self.papers.values_mut().filter(|paper| paper.office == office).for_each(|paper| paper.doubtful = true);
    }

    /// The registrar is burnt, and another one has all that the hub has, as segments where the log there is `whole`. What the hub had
    /// not heard of the old one counts no more, nor of others what builds on that.
    pub(crate) fn registrar_burnt(&mut self, whole: bool) {
        self.photos.values_mut().for_each(|p| p.on &= !bit(0));
        for write in self.writes() {
            write.on &= !bit(0);
            write.at = if write.at_hub { Held::Hub } else { Held::Nobody };
            write.sure &= write.on != 0 || write.at != Held::Nobody;
        }
        self.counts_no_more(0, Held::Hub);
        for write in self.writes().filter(|w| w.at == Held::Hub) {
            write.at = Held::County;
            write.on |= if whole { bit(0) } else { 0 };
        }
    }

    /// The PC is stolen and shut out: only what the county has of it counts, and of others what does not build on the rest.
    pub(crate) fn stolen(&mut self, pc: usize) {
        self.gone(pc);
        self.counts_no_more(pc, Held::County);
    }

    /// Of what a PC wrote only what somebody had at least who is as near to the county as `at` counts, and of others what does not
    /// build on the rest.
    fn counts_no_more(&mut self, pc: usize, at: Held) {
        self.writes().filter(|w| w.pc == pc && w.at < at).for_each(|w| w.sure = false);
        for paper in self.papers.values_mut() {
            let all = || paper.fields.values().flatten().chain(&paper.void).chain(&paper.events);
            if all().chain([&paper.made]).any(|w| w.pc == pc && w.at < at) {
                paper.doubtful = true;
                let all = paper.fields.values_mut().flatten().chain(&mut paper.void).chain(&mut paper.events);
                all.filter(|w| w.at < at).for_each(|w| w.sure = false);
            }
        }
    }

    /// The slow lane of this PC came to its end: the hub has what the PC had, and the PC what the hub has.
    pub(crate) fn photos_handed_on(&mut self, pc: usize, office: usize) {
        for photo in self.photos.values_mut() {
            photo.at_hub |= photo.on & bit(pc) != 0;
            if photo.at_hub && (office == 0 || office == photo.office) {
                photo.on |= bit(pc);
            }
        }
    }

    /// Address and office of each photo, and whether it lies somewhere for certain.
    pub(crate) fn safe_photos(&self, thieves: &[usize]) -> Vec<(String, usize, bool)> {
        // What a thief's PC had not told before it was shut out lies in quarantine, and its photo with it.
        let told = self.photos.iter().filter(|(_, p)| !thieves.contains(&p.by) && !self.papers[&p.of].doubtful);
        // Where what names it is lost, nobody asks for it.
        let named = |address: &str, p: &Photo| {
            let paper = &self.papers[&p.of];
            let writes = paper.fields.get("photo").map_or(&[][..], Vec::as_slice);
            (0..writes.len()).any(|n| writes[n].text == *address && paper.firm(writes, n))
        };
        told.map(|(address, p)| (address.clone(), p.office, (p.at_hub || p.on != 0) && named(address, p))).collect()
    }

    /// Whether somebody who saw a photo has put another one in its place: a checkpoint keeps only that one.
    pub(crate) fn replaced_photo(&self, address: &str) -> bool {
        let Some(writes) = self.photos.get(address).and_then(|p| self.papers[&p.of].fields.get("photo")) else {
            return false;
        };
        (0..writes.len()).any(|n| writes[n].text == *address && writes.iter().any(|later| later.over.contains(&n)))
    }

    /// Photos that lie on a disk for certain, and that nothing in quarantine holds back elsewhere.
    pub(crate) fn photos_on(&self, pc: usize) -> Vec<String> {
        let on = |p: &Photo| p.on & bit(pc) != 0 && !self.papers[&p.of].doubtful;
        self.photos.iter().filter(|(_, photo)| on(photo)).map(|(address, _)| address.clone()).collect()
    }
}

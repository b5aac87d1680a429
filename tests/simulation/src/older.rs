//! PCs on which an older version of the program runs: some fields and types came later, and it does not know them.

use niangjia_replication::planted;

use crate::{chance::Chance, photos::Lane, world::World};

/// What a version lacks: types by name, fields by type and name.
const VERSIONS: [&[&str]; 3] = [
    &["member.trade", "enterprise.plan", "organisation.approval_no"],
    &["enterprise"],
    &["member.photo", "member.residence"],
];

/// What one of the versions lacks.
pub(crate) fn version(chance: &mut Chance) -> &'static [&'static str] {
    chance.pick(&VERSIONS).copied().expect("versions")
}

/// Runs what opens an office as a version that lacks these.
pub(crate) fn with<T>(unknown: &'static [&'static str], run: impl FnOnce() -> T) -> T {
    planted::older(unknown);
    let out = run();
    planted::older(&[]);
    out
}

impl World {
    /// Whether the program of a PC knows a type.
    pub(crate) fn knows(&self, pc: usize, kind: &str) -> bool {
        !self.pcs[pc].unknown.contains(&kind)
    }

    /// Whether it knows a field.
    pub(crate) fn knows_field(&self, pc: usize, kind: &str, field: &str) -> bool {
        !self.pcs[pc].unknown.iter().any(|name| name.split_once('.') == Some((kind, field)))
    }

    /// The program of a PC is replaced by the present one.
    pub(crate) fn upgrade(&mut self, pc: usize) {
        if self.pcs[pc].unknown.is_empty() {
            return;
        }
        self.trace.note(format!("PC {pc} is upgraded"));
        let moment = self.chance.moment(self.wall(pc));
        if let Err(fault) = self.pcs[pc].upgraded(moment) {
            self.breaks(format!("PC {pc} does not start after its upgrade: {fault} {:?}", fault.cause));
        }
    }

    /// Everybody who is left gets the present version.
    pub(crate) fn upgrade_all(&mut self) {
        for pc in self.alive() {
            let blind = !self.knows_field(pc, "member", "photo");
            self.upgrade(pc);
            if blind {
                // Only now it knows which photos it lacks.
                self.blobs(pc, Lane::calm());
            }
        }
    }
}

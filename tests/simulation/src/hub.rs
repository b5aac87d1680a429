//! The hub of a history: the real store and the real judgement, without a socket.

use std::path::PathBuf;

use niangjia_hub::relay::Relay;
use niangjia_hub::store::{Birth, SegmentStore, Sqlite, View};
use niangjia_replication::{Frontier, Incarnation, Stream, keys::VerifyingKey};

use crate::{chance::Chance, pc::copy};

/// A hub on its folder.
pub(crate) struct Hub {
    folder: PathBuf,
    lives: u32,
    root: VerifyingKey,
    store: Sqlite,
    pub(crate) epoch: Incarnation,
}

impl Hub {
    /// A new hub that the county with this root has claimed.
    pub(crate) fn new(folder: PathBuf, root: VerifyingKey, chance: &mut Chance) -> Self {
        let (store, epoch) = born(&folder, 0, &root, chance);
        Self { folder, lives: 0, root, store, epoch }
    }

    pub(crate) fn relay(&self) -> Relay<'_> {
        Relay { store: &self.store, root: self.root }
    }

    pub(crate) fn frontier(&self, stream: &Stream) -> Frontier {
        self.store.frontier(stream, View::All).expect("the hub's store")
    }

    /// Whether a segment is held.
    pub(crate) fn holds(&self, hash: &[u8; 32]) -> bool {
        self.store.stream_of(hash).expect("the hub's store").is_some()
    }

    /// Whether a segment lies in a gap below a checkpoint, of which `held` has neither end: nobody could bring it by the rule, and the
    /// checkpoint stands for it.
    pub(crate) fn in_a_gap(&self, place: (&str, Incarnation, u64), mut held: impl FnMut(u64) -> bool) -> bool {
        let (stream, chain, seq) = place;
        let gaps = self.store.lacking().expect("the hub's store");
        let mut of = gaps.iter().filter(|gap| gap.stream.to_string() == stream && gap.chain == chain);
        of.any(|gap| (gap.after + 1..=gap.until).contains(&seq) && !held(gap.after + 1) && !held(gap.until))
    }

    /// Whether it lacks the segments that a checkpoint stands for.
    pub(crate) fn stands_on_a_checkpoint(&self) -> bool {
        !self.store.lacking().expect("the hub's store").is_empty()
    }

    fn path(&self, life: u32) -> PathBuf {
        self.folder.join(format!("life-{life}")).join("hub.db")
    }

    /// A backup is made while the hub runs.
    pub(crate) fn back_up(&self) {
        let kept = self.folder.join("backup").join("hub.db");
        if let Some(old) = kept.parent().filter(|f| f.exists()) {
            std::fs::remove_dir_all(old).expect("the old backup");
        }
        copy(&self.path(self.lives), &kept).expect("a backup");
    }

    /// The disk is lost; the last backup is put in its place, or an empty hub where there is none. The store begins a new life.
    pub(crate) fn lost(&mut self, chance: &mut Chance) {
        let kept = self.folder.join("backup").join("hub.db");
        let old = self.path(self.lives);
        self.lives += 1;
        let new = self.path(self.lives);
        if kept.exists() {
            copy(&kept, &new).expect("the backup");
            self.store = Sqlite::open(&new).expect("the restored store");
            self.epoch = Incarnation::new(&mut chance.rng());
        } else {
            (self.store, self.epoch) = born(&self.folder, self.lives, &self.root, chance);
        }
        std::fs::remove_dir_all(old.parent().expect("a folder")).expect("the lost disk");
    }
}

fn born(folder: &std::path::Path, life: u32, root: &VerifyingKey, chance: &mut Chance) -> (Sqlite, Incarnation) {
    let home = folder.join(format!("life-{life}"));
    std::fs::create_dir_all(&home).expect("a folder");
    let store = Sqlite::open(&home.join("hub.db")).expect("a store");
    let epoch = Incarnation::new(&mut chance.rng());
    store.be_born(&Birth { epoch, claim: [0; 32] }).expect("a birth");
    store.pin(root).expect("a root");
    (store, epoch)
}

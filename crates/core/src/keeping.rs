//! Keeping what an office knows: snapshots, letting go of a damaged file, and files that belong to an act.

use std::path::{Path, PathBuf};

use crate::{fault::Fault, office::Office, store::Imprint};

impl Office {
    /// What this office knows, in 32 bytes, to tell whether a further snapshot would say anything new.
    ///
    /// # Errors
    /// The store's own.
    pub fn imprint(&self) -> Result<Imprint, Fault> {
        self.store.imprint()
    }

    /// Writes a snapshot: encrypted with the same key, read back whole, on the disk before it bears its name. Clerks go on
    /// working meanwhile.
    ///
    /// # Errors
    /// `store_damaged` where this office cannot be read, `snapshot_unsound` where the copy is not whole, `disk_full`.
    pub fn snapshot(&self, to: &Path) -> Result<Imprint, Fault> {
        self.store.snapshot(to)
    }

    /// Lets go of a damaged file: from here on closing writes nothing to it. To be followed by dropping the office.
    pub fn abandon(&self) {
        self.store.abandon();
    }
}

/// Files that an act wrote beside the database; they go again where the act does not commit.
#[derive(Default)]
pub(crate) struct Papers(Vec<PathBuf>);

impl Papers {
    pub(crate) fn add(&mut self, path: PathBuf) {
        self.0.push(path);
    }

    /// The act stands, and so do its files.
    pub(crate) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Papers {
    fn drop(&mut self) {
        for path in &self.0 {
            // The act's own fault is the one to tell.
            let _ = std::fs::remove_file(path);
        }
    }
}

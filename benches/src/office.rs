//! An office without a host: a county, so that what it writes is sealed and signed at once.

use std::path::{Path, PathBuf};

use niangjia_core::{
    founding,
    office::{Caller, Office},
    people::Role,
    replication::RecordId,
    store::{DatabaseKey, Moment},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::gauge::Trouble;

/// 2026-01-05 09:00 UTC+8, in milliseconds since 1970.
const NOW: i64 = 1_767_574_800_000;

/// An unlocked office in a folder of its own.
pub struct Desk {
    /// The office.
    pub office: Office,
    /// Its key.
    pub key: DatabaseKey,
    clerk: RecordId,
    dir: TempDir,
}

fn moment(seed: u8) -> Moment {
    Moment { wall: NOW, rng: ChaCha20Rng::from_seed([seed; 32]) }
}

/// The database in a data folder.
pub fn database(dir: &Path) -> PathBuf {
    dir.join("office.db")
}

impl Desk {
    /// A new office.
    pub fn found() -> Result<Self, Trouble> {
        let dir = tempfile::tempdir()?;
        let founded =
            founding::county(&database(dir.path()), "东海县总工会", "320722", "周敏", moment(1)).map_err(said)?;
        Ok(Self { office: founded.office, key: founded.key, clerk: founded.clerk.id, dir })
    }

    /// Runs a command as the clerk.
    pub fn ask(&self, name: &str, question: Value, seed: u8) -> Result<Value, Trouble> {
        let caller = Caller { clerk: self.clerk, roles: Role::ALL.to_vec(), moment: moment(seed) };
        Ok(self.office.call(name, question, caller).map_err(said)?.0)
    }

    /// Takes rosters in, one after the other.
    pub fn import_all(&self, rosters: &[(PathBuf, usize)]) -> Result<(), Trouble> {
        rosters.iter().zip(2..).try_for_each(|((file, count), seed)| self.import(file, *count, seed))
    }

    /// Takes a roster in. Every row must be taken, and none with a remark: a report would be other work.
    pub fn import(&self, roster: &Path, count: usize, seed: u8) -> Result<(), Trouble> {
        let done = self.ask("members.import", json!({ "path": roster, "commit": true }), seed)?;
        if done["counts"]["new"] != count || done["counts"]["warned"] != 0 {
            return Err(format!("the roster was not taken as it stands: {done}").into());
        }
        Ok(())
    }

    /// The database file.
    pub fn path(&self) -> PathBuf {
        database(self.dir.path())
    }
}

/// A fault as the bench tells it.
pub fn said(fault: niangjia_core::Fault) -> Trouble {
    format!("{fault} {:?}", fault.cause).into()
}

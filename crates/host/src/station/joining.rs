//! An office that worked alone joins a county: its database is made anew beside the old one and takes its place; the old file,
//! its second file and its snapshots are kept.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use niangjia_core::{
    Fault, joining,
    office::{Caller, Office},
    people::Role,
    replication::{enrol::Enrolment, files},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Session, Station,
    asks::{OfficeRole, PacketAsk},
    founding::opened,
    restore::{READY, take_place},
};
use crate::{
    disk::{OfficeLine, database},
    moment, snapshots,
};

/// Where the database of the office that worked alone is kept.
const ALONE: &str = "alone";

/// How long a snapshot under way is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Joining a county with everything that was saved alone.
#[derive(Deserialize, JsonSchema)]
pub struct JoinWithAsk {
    /// The enrolment packet.
    pub packet: PacketAsk,
    /// The code told by telephone.
    pub code: String,
}

/// An office that has joined.
#[derive(Serialize, JsonSchema)]
pub struct Joined {
    /// Its id in the county.
    pub office: String,
    /// Fingerprint of the county root, to be compared by telephone.
    pub fingerprint: String,
    /// Folder in which the file of before is kept.
    pub kept_in: String,
}

impl Station {
    /// Joins a county. Clerks and their passphrases stay as they are.
    ///
    /// # Errors
    /// `locked`, `role_missing`, `joined_already`, `drafts_open`, `fields` for packet and code; then nothing has changed.
    pub(super) fn join_with(&self, ask: &JoinWithAsk) -> Result<Joined, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::SystemAdmin)?;
        let enrolment = opened(&ask.packet, &ask.code)?;
        let fresh = self.dir.join("joining.db");
        let made = self.made_anew(&session, &fresh, enrolment);
        if let Err(fault) = made {
            remove(&fresh);
            return Err(fault);
        }
        // The old database is closed before the new one takes its place; whoever looks meanwhile finds the office locked.
        let (clerk, key) = (session.clerk, session.key.clone());
        drop(session);
        self.alone_closed().inspect_err(|_| remove(&fresh))?;
        let kept_in = self.keep_alone(&fresh)?;
        let office = Office::open(&database(&self.dir), &key)?;
        let identity = office.identity().clone();
        self.change_folder(|folder| {
            folder.office = Some(OfficeLine {
                id: identity.office.to_string(),
                name: identity.name.clone(),
                code: identity.code.clone(),
                role: OfficeRole::Township,
            });
        })?;
        let fingerprint = office.root_key().map(|key| hex::encode(&blake3::hash(&key).as_bytes()[..8]));
        self.enter_as(office, clerk, key)?;
        self.keeper.settle();
        self.timer.wake();
        Ok(Joined {
            office: identity.office.to_string(),
            fingerprint: fingerprint.unwrap_or_default(),
            kept_in: kept_in.display().to_string(),
        })
    }

    /// Waits until nobody works with the database any more.
    fn alone_closed(&self) -> Result<(), Fault> {
        let Some(session) = self.leave() else { return Ok(()) };
        let waiting = Instant::now();
        while Arc::strong_count(&session.office) > 1 {
            if waiting.elapsed() > PATIENCE {
                *self.session.write().unwrap_or_else(PoisonError::into_inner) = Some(session);
                return Err(Fault::new(
                    "office_busy",
                    "程序正在备份或处理别的工作，没有加入，没有做任何改动。请稍等再试。",
                    "The program is making a snapshot or doing other work; nothing was changed. Try again in a moment.",
                ));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Moves what belongs to the office that worked alone into a folder of its own, and the new database into its place. The
    /// second file and the snapshots go first: they speak of the old database only.
    fn keep_alone(&self, fresh: &Path) -> Result<PathBuf, Fault> {
        let stamp = snapshots::stamp(moment().wall);
        let aside = self.dir.join(ALONE).join(&stamp);
        std::fs::create_dir_all(&aside)?;
        for name in ["office.tail", "office.tail.1", "snapshots"] {
            match files::renamed(&self.dir.join(name), &aside.join(name)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
                _ => {}
            }
        }
        files::renamed(fresh, &self.dir.join(READY))?;
        // What the new one wrote beside itself while it was made stands in it.
        let _ = std::fs::remove_file(fresh.with_extension("tail"));
        take_place(&self.dir, ALONE, &stamp)
    }

    fn made_anew(&self, session: &Session, fresh: &Path, enrolment: Enrolment) -> Result<(), Fault> {
        // What a try that was cut short has left.
        remove(fresh);
        let caller = Caller { clerk: session.clerk, roles: session.roles.clone(), moment: moment() };
        drop(joining::enrol(&session.office, fresh, &session.key, enrolment, caller)?);
        Ok(std::fs::File::options().write(true).open(fresh)?.sync_all()?)
    }
}

fn remove(database: &Path) {
    let _ = std::fs::remove_file(database.with_extension("tail"));
    for ending in ["", "-wal", "-shm"] {
        let mut file = database.to_owned().into_os_string();
        file.push(ending);
        let _ = std::fs::remove_file(file);
    }
}

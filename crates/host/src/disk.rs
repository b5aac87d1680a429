//! What lies in the data folder outside the database: who may unlock it, and how the window is set.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_core::{
    Fault,
    founding::ClerkKeys,
    replication::{
        RecordId,
        keys::{OpeningKey, SigningKey},
        slot,
    },
    store::DatabaseKey,
};
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::station::{Language, OfficeRole};

/// The file beside the database.
const FILE: &str = "office.json";

/// Settings and key slots of one PC. No secret lies here in the open; names of clerks do, the unlock page lists them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Folder {
    /// Absent until the office is founded.
    #[serde(default)]
    pub(crate) office: Option<OfficeLine>,
    /// Clerks who can unlock.
    #[serde(default)]
    pub(crate) clerks: Vec<Slot>,
    /// Of the window.
    #[serde(default)]
    pub(crate) language: Language,
    /// Large type.
    #[serde(default)]
    pub(crate) large_type: bool,
}

/// The office as the unlock page shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OfficeLine {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) role: OfficeRole,
}

/// A clerk's key slot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) id: RecordId,
    pub(crate) name: String,
    slot: String,
}

/// What a slot gives back to the one who knows the passphrase.
pub(crate) struct Unlocked {
    pub(crate) key: DatabaseKey,
    /// The clerk's own keys; approvals and case keys need them.
    pub(crate) keys: ClerkKeys,
}

impl Folder {
    /// Reads the file; a folder without one is fresh.
    pub(crate) fn load(dir: &Path) -> Result<Self, Fault> {
        let path = dir.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| {
                Fault::new(
                    "folder_damaged",
                    "数据文件夹里的 office.json 读不懂，程序没有改动任何内容。请从备份恢复这个文件，或联系县总工会。",
                    "The file office.json in the data folder cannot be read; nothing was changed. Restore it from a backup or call the county federation.",
                )
                .because(e)
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(e.into()),
        }
    }

    /// Writes the file as a whole: the old one stands until the new one is on the disk.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), Fault> {
        let bytes = serde_json::to_vec_pretty(self).map_err(Fault::question)?;
        let fresh = dir.join(format!("{FILE}.new"));
        let mut file = std::fs::File::create(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&fresh, dir.join(FILE))?;
        #[cfg(unix)]
        std::fs::File::open(dir)?.sync_all()?;
        Ok(())
    }

    pub(crate) fn clerk(&self, who: &str) -> Option<&Slot> {
        self.clerks.iter().find(|c| c.id.to_string() == who).or_else(|| self.clerks.iter().find(|c| c.name == who))
    }
}

pub(crate) fn database(dir: &Path) -> PathBuf {
    dir.join("office.db")
}

impl Slot {
    /// Wraps the database key and the clerk's keys under the passphrase.
    pub(crate) fn lock(
        name: &str,
        passphrase: &str,
        key: &DatabaseKey,
        keys: &ClerkKeys,
        rng: &mut ChaCha20Rng,
    ) -> Result<Self, Fault> {
        let mut payload = Zeroizing::new(Vec::with_capacity(96));
        payload.extend_from_slice(&key.0[..]);
        payload.extend_from_slice(&keys.sign.to_bytes()[..]);
        payload.extend_from_slice(&keys.open.to_bytes()[..]);
        let slot = slot::lock(passphrase, &keys.id.0, &payload, niangjia_core::kdf(), rng).map_err(Fault::question)?;
        Ok(Self { id: keys.id, name: name.to_owned(), slot: STANDARD.encode(slot) })
    }

    /// Opens the slot; takes the time of one key derivation.
    pub(crate) fn unlock(&self, passphrase: &str) -> Result<Unlocked, Fault> {
        let wrong = || {
            Fault::new(
                "passphrase_wrong",
                "口令不对，没有打开。请检查大小写和输入法后再试；忘记口令请找本办公室的安全管理员或县总工会。",
                "The passphrase is not right. Check capitals and the input method and try again; if it is forgotten, ask the security administrator of this office or the county.",
            )
        };
        let bytes = STANDARD.decode(&self.slot).map_err(|_| wrong())?;
        let payload = slot::unlock(passphrase, &self.id.0, &bytes).map_err(|_| wrong())?;
        let part = |from: usize| {
            payload
                .get(from..from + 32)
                .and_then(|b| <[u8; 32]>::try_from(b).ok())
                .map(Zeroizing::new)
                .ok_or_else(wrong)
        };
        Ok(Unlocked {
            key: DatabaseKey(part(0)?),
            keys: ClerkKeys {
                id: self.id,
                sign: SigningKey::from_bytes(&*part(32)?),
                open: OpeningKey::from_bytes(&*part(64)?),
            },
        })
    }
}

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
        Bad, RecordId, files,
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
/// The one fault that is a guess.
pub(crate) const PASSPHRASE_WRONG: &str = "passphrase_wrong";

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
    /// Nothing is exchanged while the office is locked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) carry_off: bool,
    /// Where the script door wrote the shares of the county root, until somebody says that they were put away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kit: Option<PathBuf>,
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
        Ok(files::named(&fresh, &dir.join(FILE))?)
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
    ///
    /// # Errors
    /// [`PASSPHRASE_WRONG`]; `slot_foreign` where this program does not take the slot's key derivation, `slot_memory` where
    /// there is no memory for it, `slot_damaged` for bytes that are no slot.
    pub(crate) fn unlock(&self, passphrase: &str) -> Result<Unlocked, Fault> {
        let wrong = || {
            Fault::new(
                PASSPHRASE_WRONG,
                "口令不对，没有打开。请检查大小写和输入法后再试；忘记口令请找本办公室的安全管理员或县总工会。",
                "The passphrase is not right. Check capitals and the input method and try again; if it is forgotten, ask the security administrator of this office or the county.",
            )
        };
        let bytes = STANDARD.decode(&self.slot).map_err(slot_damaged)?;
        let payload = slot::unlock(passphrase, &self.id.0, &bytes).map_err(|bad| match bad {
            Bad::Sealed => wrong(),
            Bad::Foreign | Bad::Unknown { .. } => slot_foreign(),
            Bad::Derivation => slot_memory(),
            other => slot_damaged(other),
        })?;
        let part = |from: usize| {
            payload
                .get(from..from + 32)
                .and_then(|b| <[u8; 32]>::try_from(b).ok())
                .map(Zeroizing::new)
                .ok_or_else(|| slot_damaged("too short"))
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

fn slot_foreign() -> Fault {
    Fault::new(
        "slot_foreign",
        "这个办公室的口令锁不是这个程序能用的：它由试验版建立（保护太弱），或来自更新的版本。口令没有被判断对错，数据没有改动。试验用的数据请用原来的试验版打开；正式使用请更新程序，或新建办公室后重新录入。",
        "The lock of this office is not one that this program opens: it was made by a test build (too weak), or by a newer version. The passphrase was not judged and nothing was changed. Open test data with the test build that made them; for real work update the program, or found the office anew.",
    )
}

fn slot_memory() -> Fault {
    Fault::new(
        "slot_memory",
        "这台电脑现在空闲内存不够，没法核对口令，数据没有改动。请关闭几个程序后再试。",
        "This PC has too little free memory to check the passphrase; nothing was changed. Close some programs and try again.",
    )
}

fn slot_damaged(cause: impl ToString) -> Fault {
    Fault::new(
        "slot_damaged",
        "office.json 里这位经办人的口令锁已损坏，不是口令不对。数据没有改动。请让本办公室的另一位经办人打开，或从备份恢复这个文件。",
        "The clerk's lock in office.json is damaged; the passphrase is not to blame. Nothing was changed. Let another clerk of this office open it, or restore that file from a backup.",
    )
    .because(cause)
}

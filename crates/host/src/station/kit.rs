//! The county's recovery kit between founding and paper: sealed beside the database, or written as files by the script door. Home
//! says so until somebody says that it is printed and put away.

use std::path::{Path, PathBuf};

use niangjia_core::{Fault, kept_shares, office::Caller, people::Role, recovery};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Station;
use crate::{disk::database, moment};

/// Shares of a kit.
const SHARES: u32 = 3;

/// Where shares of the county root lie in the open.
#[derive(Serialize, JsonSchema)]
pub struct KitPlace {
    /// The folder; absent where none is known.
    pub folder: Option<String>,
    /// How many shares lie there; after putting them away, how many were erased.
    pub files: u32,
    /// Whether they wait, sealed, to be put on paper; after putting them away, whether they did.
    pub waiting: bool,
}

/// Showing the shares that wait. Whoever has two of them is the county, so the passphrase is asked for once more.
#[derive(Deserialize, JsonSchema)]
pub struct KitAsk {
    /// The passphrase of the clerk who works here.
    pub passphrase: String,
}

/// Where the hub is and by which key it is known.
#[derive(Serialize, JsonSchema)]
pub struct HubLine {
    /// `https://HOST:PORT`.
    pub url: String,
    /// Its public key, hexadecimal.
    pub key: String,
}

/// The shares, for paper.
#[derive(Serialize, JsonSchema)]
pub struct KitSheets {
    /// Full name of the county.
    pub office: String,
    /// Fingerprint of the county root.
    pub fingerprint: String,
    /// The hub, once there is one: whoever founds the county again has to bring its address and key.
    pub hub: Option<HubLine>,
    /// Three shares, any two of which rebuild the root.
    pub shares: Vec<String>,
}

/// Where the shares of a kit are written.
pub(crate) fn share_paths(folder: &Path) -> impl Iterator<Item = PathBuf> {
    (1..=SHARES).map(|n| folder.join(format!("share-{n}.txt")))
}

/// Writes the shares where nobody else on this PC reads them, and never over the kit of another county.
pub(crate) fn put_shares<'s>(folder: &Path, shares: impl Iterator<Item = &'s str>) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.recursive(true).create(folder)?;
    share_paths(folder).zip(shares).try_for_each(|(path, share)| put_share(&path, share))
}

fn put_share(path: &Path, share: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(share.as_bytes())?;
    file.sync_all()
}

impl Station {
    /// Remembers where the shares were written.
    pub(crate) fn kit_lies_at(&self, folder: &Path) -> Result<(), Fault> {
        let whole = std::path::absolute(folder)?;
        self.change_folder(|folder| folder.kit = Some(whole))
    }

    /// The shares lie as files now and wait no more.
    pub(crate) fn kit_is_written(&self) -> Result<(), Fault> {
        kept_shares::destroy(&database(&self.dir)).map(drop)
    }

    fn shares_here(&self) -> (Option<PathBuf>, Vec<PathBuf>) {
        let Some(folder) = self.folder().kit else { return (None, Vec::new()) };
        let there = share_paths(&folder).filter(|path| path.is_file()).collect();
        (Some(folder), there)
    }

    pub(super) fn find_kit(&self) -> KitPlace {
        let (folder, there) = self.shares_here();
        let shown = folder.filter(|_| !there.is_empty()).map(|folder| folder.to_string_lossy().into_owned());
        let waiting = kept_shares::wait_here(&database(&self.dir));
        KitPlace { folder: shown, files: u32::try_from(there.len()).unwrap_or(SHARES), waiting }
    }

    /// The shares once more, until they are put away. Who looked is recorded.
    ///
    /// # Errors
    /// `locked`, `role_missing`, `passphrase_wrong`, `passphrase_wait`, `kit_away`, `shares_unreadable`.
    pub(super) fn show_kit(&self, ask: &KitAsk) -> Result<KitSheets, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::SystemAdmin)?;
        self.slot_opened(&session.clerk.to_string(), &ask.passphrase)?;
        let shares = kept_shares::read(&database(&self.dir), &session.key)?.ok_or_else(|| {
            Fault::new(
                "kit_away",
                "应急密钥已经收好，这台电脑上不再保存，不能再显示。请使用打印件。",
                "The recovery kit was put away; this PC keeps it no more and cannot show it again. Use the printed sheets.",
            )
        })?;
        let caller = Caller { clerk: session.clerk, roles: session.roles.clone(), moment: moment() };
        session.office.act("kit.show", caller, |desk| {
            recovery::about_the_kit(desk, shares.len());
            Ok(())
        })?;
        let root = session.office.root_key().ok_or_else(Fault::not_found)?;
        Ok(KitSheets {
            office: session.office.identity().name.clone(),
            fingerprint: super::founding::fingerprint(&root),
            hub: session.office.hub().map(|hub| HubLine { url: hub.url, key: hub.key }),
            shares: shares.to_vec(),
        })
    }

    /// Destroys the shares: somebody says that they are on paper, and kept apart.
    ///
    /// # Errors
    /// `locked`, `role_missing`, `file_failed`; what was erased before that stays erased.
    pub(super) fn put_kit_away(&self) -> Result<KitPlace, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::SystemAdmin)?;
        let place = self.find_kit();
        let (_, there) = self.shares_here();
        if there.is_empty() && !place.waiting {
            return Ok(place);
        }
        there.iter().try_for_each(|path| kept_shares::erase(path))?;
        kept_shares::destroy(&database(&self.dir))?;
        self.change_folder(|folder| folder.kit = None)?;
        let caller = Caller { clerk: session.clerk, roles: session.roles.clone(), moment: moment() };
        let (_, changed) = session.office.act("kit.put_away", caller, |desk| {
            recovery::about_the_kit(desk, if place.waiting { SHARES as usize } else { there.len() });
            Ok(())
        })?;
        self.tell(&changed.kinds);
        Ok(place)
    }

    /// Puts what has to be done first among the tiles.
    pub(super) fn remind_of_kit(&self, home: &mut Value) {
        let tile = match self.find_kit() {
            KitPlace { files: 0, waiting: false, .. } => return,
            KitPlace { files: 0, .. } => {
                json!({ "key": "kit_waits", "zh": "应急密钥还没有收好", "en": "Recovery kit not put away yet", "count": SHARES, "tone": "late" })
            }
            KitPlace { files, .. } => {
                json!({ "key": "kit", "zh": "应急密钥还在电脑上", "en": "Recovery kit still on a PC", "count": files, "tone": "late" })
            }
        };
        if let Some(tiles) = home.get_mut("tiles").and_then(Value::as_array_mut) {
            tiles.insert(0, tile);
        }
    }
}

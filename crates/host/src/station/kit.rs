//! The county's recovery kit where it was written as files: home says so until it is printed and put away.

use std::path::{Path, PathBuf};

use niangjia_core::{Fault, office::Caller, people::Role, recovery};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::Station;
use crate::moment;

/// Shares of a kit.
const SHARES: u32 = 3;

/// Where shares of the county root lie in the open.
#[derive(Serialize, JsonSchema)]
pub struct KitPlace {
    /// The folder; absent where none is known.
    pub folder: Option<String>,
    /// How many shares lie there; after putting them away, how many were erased.
    pub files: u32,
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

/// Overwrites a share before it goes. Where the disk keeps old blocks (flash), that is all a program can do.
fn erase(path: &Path) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0).min(1 << 16);
    file.write_all(&vec![b'0'; length])?;
    file.sync_all()?;
    drop(file);
    std::fs::remove_file(path)
}

impl Station {
    /// Remembers where the shares were written.
    pub(crate) fn kit_lies_at(&self, folder: &Path) -> Result<(), Fault> {
        let whole = std::path::absolute(folder)?;
        self.change_folder(|folder| folder.kit = Some(whole))
    }

    fn shares_here(&self) -> (Option<PathBuf>, Vec<PathBuf>) {
        let Some(folder) = self.folder().kit else { return (None, Vec::new()) };
        let there = share_paths(&folder).filter(|path| path.is_file()).collect();
        (Some(folder), there)
    }

    pub(super) fn find_kit(&self) -> KitPlace {
        let (folder, there) = self.shares_here();
        let shown = folder.filter(|_| !there.is_empty()).map(|folder| folder.to_string_lossy().into_owned());
        KitPlace { folder: shown, files: u32::try_from(there.len()).unwrap_or(SHARES) }
    }

    /// Erases the shares: somebody says that they are on paper, and kept apart.
    ///
    /// # Errors
    /// `locked`, `role_missing`, `file_failed`; what was erased before that stays erased.
    pub(super) fn put_kit_away(&self) -> Result<KitPlace, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::SystemAdmin)?;
        let place = self.find_kit();
        let (_, there) = self.shares_here();
        if there.is_empty() {
            return Ok(place);
        }
        there.iter().try_for_each(|path| erase(path))?;
        self.change_folder(|folder| folder.kit = None)?;
        let caller = Caller { clerk: session.clerk, roles: session.roles.clone(), moment: moment() };
        let (_, changed) = session.office.act("kit.put_away", caller, |desk| {
            recovery::kit_put_away(desk, there.len());
            Ok(())
        })?;
        self.tell(&changed.kinds);
        Ok(place)
    }

    /// Puts what has to be done first among the tiles.
    pub(super) fn remind_of_kit(&self, home: &mut Value) {
        let files = self.find_kit().files;
        if files == 0 {
            return;
        }
        let tile = json!({ "key": "kit", "zh": "应急密钥还在电脑上", "en": "Recovery kit still on a PC", "count": files, "tone": "late" });
        if let Some(tiles) = home.get_mut("tiles").and_then(Value::as_array_mut) {
            tiles.insert(0, tile);
        }
    }
}

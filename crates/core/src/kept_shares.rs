//! The three shares of a county's root between founding and paper: sealed under a key that follows from the database's, in a file
//! beside it. Not in the database itself: whatever stood there once would lie in every snapshot that is made meanwhile.

use std::{
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use niangjia_replication::files;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    fault::Fault,
    store::{DatabaseKey, versions::damaged},
};

const PURPOSE: &str = "niangjia 2026-11 shares of a county root until they are on paper";
const NONCE: usize = 24;

fn file_of(database: &Path) -> PathBuf {
    database.with_extension("shares")
}

fn unnamed(database: &Path) -> PathBuf {
    database.with_extension("shares.new")
}

fn cipher(key: &DatabaseKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*Zeroizing::new(blake3::derive_key(PURPOSE, &key.0[..]))).into())
}

/// Seals the shares; what stood there of an earlier try is replaced.
///
/// # Errors
/// `file_failed`, `disk_full`.
pub fn keep(
    database: &Path,
    key: &DatabaseKey,
    shares: &[String],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<(), Fault> {
    let msg = Zeroizing::new(serde_json::to_vec(shares).map_err(damaged)?);
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    let payload = Payload { msg: &msg, aad: PURPOSE.as_bytes() };
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(damaged)?;
    let (name, part) = (file_of(database), unnamed(database));
    let mut file = std::fs::File::create(&part)?;
    file.write_all(&nonce)?;
    file.write_all(&sealed)?;
    file.sync_all()?;
    drop(file);
    Ok(files::named(&part, &name)?)
}

/// Whether shares still wait here.
#[must_use]
pub fn wait_here(database: &Path) -> bool {
    file_of(database).is_file()
}

/// The shares that wait to be put on paper; `None` where they are put away.
///
/// # Errors
/// `shares_unreadable` where the file is not what was written.
pub fn read(database: &Path, key: &DatabaseKey) -> Result<Option<Zeroizing<Vec<String>>>, Fault> {
    let bytes = match std::fs::read(file_of(database)) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    let (nonce, msg) = bytes.split_first_chunk::<NONCE>().ok_or_else(|| unreadable("too short"))?;
    let plain = cipher(key)
        .decrypt(&XNonce::from(*nonce), Payload { msg, aad: PURPOSE.as_bytes() })
        .map(Zeroizing::new)
        .map_err(unreadable)?;
    serde_json::from_slice(&plain).map(Zeroizing::new).map(Some).map_err(unreadable)
}

/// Destroys them. Whether there were any.
///
/// # Errors
/// `file_failed`.
pub fn destroy(database: &Path) -> Result<bool, Fault> {
    let there = wait_here(database);
    // Also what a power cut left half-named.
    for file in [file_of(database), unnamed(database)].iter().filter(|file| file.is_file()) {
        erase(file)?;
    }
    Ok(there)
}

/// Overwrites a file before it goes. Where the disk keeps old blocks (flash), that is all a program can do.
///
/// # Errors
/// The disk's own.
pub fn erase(path: &Path) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0).min(1 << 16);
    file.write_all(&vec![b'0'; length])?;
    file.sync_all()?;
    drop(file);
    std::fs::remove_file(path)
}

fn unreadable(cause: impl ToString) -> Fault {
    Fault::new(
        "shares_unreadable",
        "封存在本机的应急密钥读不出来（文件已损坏），办公室的其他数据不受影响。已经打印的仍然有效；三份都没有打印的，请联系技术支持，不要删除任何文件。",
        "The recovery kit that waits on this PC cannot be read (its file is damaged); everything else is unharmed. What was printed stays valid. If nothing was printed, call support and delete no file.",
    )
    .because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    #[test]
    fn nobody_reads_them_without_the_key_and_what_was_changed_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("office.db");
        let (key, other) = (DatabaseKey(Zeroizing::new([1; 32])), DatabaseKey(Zeroizing::new([2; 32])));
        let shares: Vec<String> = ["AAAA", "BBBB", "CCCC"].map(str::to_owned).into();
        assert!(read(&database, &key).unwrap().is_none() && !wait_here(&database));
        keep(&database, &key, &shares, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        assert_eq!(*read(&database, &key).unwrap().unwrap(), shares);
        assert_eq!(read(&database, &other).unwrap_err().code, "shares_unreadable");
        let file = file_of(&database);
        let mut bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(4).any(|four| four == b"AAAA"), "sealed");
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(read(&database, &key).unwrap_err().code, "shares_unreadable");
        assert!(destroy(&database).unwrap() && !destroy(&database).unwrap());
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing of them is left");
    }
}

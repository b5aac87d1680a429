//! The transport key of a locked PC: a file that its user alone may read. It opens nothing, and signs requests to the hub only.

use std::{
    fs,
    io::{self, Write as _},
};

use niangjia_core::replication::{files, keys::SigningKey};
use zeroize::Zeroizing;

use super::file::{CarryFault, CarryFile};

const KEY: &str = "key";

impl CarryFile {
    /// The transport key, if there is a whole one.
    pub(crate) fn key(&self) -> Option<SigningKey> {
        let bytes = Zeroizing::new(fs::read(self.dir.join(KEY)).ok()?);
        Some(SigningKey::from_bytes(bytes.as_slice().try_into().ok()?))
    }

    /// A new transport key in the place of any other.
    pub(crate) fn new_key(&self, key: &SigningKey) -> Result<(), CarryFault> {
        let part = self.dir.join("key.new");
        match fs::remove_file(&part) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause.into()),
            _ => {}
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&part)?;
        file.write_all(&key.to_bytes()[..])?;
        file.sync_all()?;
        drop(file);
        Ok(files::named(&part, &self.dir.join(KEY))?)
    }
}

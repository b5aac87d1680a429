//! The fence outside the data folder: how far this PC was when something last left it. A folder that is put back as a whole, database
//! and second file, is known by it before the first write, and not only when others tell of its later days.
//!
//! One line of text under the name of the device: incarnation, highest counter, segments sealed. Nothing of it is secret, and a
//! false one does no more than begin a new incarnation.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::tail::Fence;

/// The file of one device.
#[derive(Debug)]
pub(crate) struct Outside(PathBuf);

impl Outside {
    /// In this folder, for the device with that public key.
    pub(crate) fn of(folder: &Path, device: &[u8; 32]) -> Self {
        Self(folder.join(hex::encode(&blake3::hash(device).as_bytes()[..16])).with_extension("fence"))
    }

    /// What it says; nothing where there is none, or it cannot be read.
    pub(crate) fn read(&self) -> Option<Fence> {
        let text = fs::read_to_string(&self.0).ok()?;
        let mut words = text.split_whitespace();
        let incarnation = hex::decode(words.next()?).ok()?.try_into().ok()?;
        let (counter, segments) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Fence { incarnation, counter, segments })
    }

    /// Writes how far this PC is. A fence that stays behind knows fewer old copies, and never a false one, so what cannot be
    /// written fails nothing.
    pub(crate) fn write(&self, fence: &Fence) {
        let text = format!("{} {} {}\n", hex::encode(fence.incarnation), fence.counter, fence.segments);
        let part = self.0.with_extension("part");
        let folder = self.0.parent().map_or(Ok(()), fs::create_dir_all);
        let _ = folder.and_then(|()| fs::write(&part, text)).and_then(|()| fs::rename(&part, &self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_written_last_and_nothing_where_it_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let outside = Outside::of(&folder.path().join("state"), &[1; 32]);
        assert_eq!(outside.read(), None);
        for counter in [3, 12] {
            let fence = Fence { incarnation: [7; 16], counter, segments: 2 };
            outside.write(&fence);
            assert_eq!(outside.read(), Some(fence));
        }
        assert_eq!(Outside::of(&folder.path().join("state"), &[2; 32]).read(), None, "each device has its own");
        for torn in ["", "07", "0707 1 2", "zz 1 2", "07070707070707070707070707070707 twelve 2"] {
            fs::write(&outside.0, torn).unwrap();
            assert_eq!(outside.read(), None, "{torn}");
        }
        // Where no file can be, nothing fails.
        Outside(folder.path().join("state")).write(&Fence { incarnation: [7; 16], counter: 1, segments: 1 });
    }
}

//! The files of a packet: their names, how they come to be, and which of a folder belong together.

use std::{
    ffi::OsString,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use niangjia_core::{
    Fault,
    replication::{
        Bad,
        files::{name_kept, renamed},
        packet::{Head, Header, Reader},
    },
};

use super::{PIECE, faults, head_of};
use crate::space::free;

/// Ending of a file that is still being written.
const UNFINISHED: &str = ".part";
/// Files of one folder that are looked into for parts of a packet; a stick may hold thousands of others.
pub(super) const LOOKED_INTO: usize = 4096;

/// The files of a packet that is being written. Until [`Parts::keep`] they bear the ending `.part`; what is left behind when
/// a stick is pulled is removed by the next export into the folder.
pub(super) struct Parts {
    names: Vec<PathBuf>,
    begun: Vec<PathBuf>,
    kept: bool,
}

impl Parts {
    /// For `of` parts at `target`: `FILE.njpack`, or `FILE.1of3.njpack` and so on.
    ///
    /// # Errors
    /// `packet_exists`, `packet_not_written`.
    pub(super) fn at(target: &Path, of: u32) -> Result<Self, Fault> {
        let names: Vec<PathBuf> =
            if of == 1 { vec![target.to_owned()] } else { (1..=of).map(|part| numbered(target, part, of)).collect() };
        if names.iter().any(|name| name.exists()) {
            return Err(faults::taken_name());
        }
        for left in std::fs::read_dir(folder(target)).map_err(faults::not_written)?.flatten() {
            let name = left.file_name();
            let ours = name.to_string_lossy().ends_with(".njpack.part")
                || names.iter().any(|whole| with(whole, UNFINISHED) == left.path());
            if ours {
                // Where it cannot be removed, writing will say why.
                let _ = std::fs::remove_file(left.path());
            }
        }
        Ok(Self { names, begun: Vec::new(), kept: false })
    }

    /// For `of` parts in a folder, under the first free name of `STEM.njpack`, `STEM-2.njpack` and so on: two PCs of one
    /// office count for themselves.
    ///
    /// # Errors
    /// As [`Parts::at`].
    pub(super) fn within(folder: &Path, stem: &str, of: u32) -> Result<Self, Fault> {
        let mut tries = 2..1000;
        let mut target = folder.join(format!("{stem}.njpack"));
        loop {
            match (Self::at(&target, of), tries.next()) {
                (Err(taken), Some(n)) if taken.code == faults::taken_name().code => {
                    target = folder.join(format!("{stem}-{n}.njpack"));
                }
                (tried, _) => return tried,
            }
        }
    }

    /// Refuses where there is too little room for so many bytes.
    ///
    /// # Errors
    /// `stick_full`.
    pub(super) fn room(&self, need: u64) -> Result<(), Fault> {
        match self.names.first().and_then(|name| free(folder(name))) {
            Some(free) if free < need => Err(faults::no_room(need, free)),
            _ => Ok(()),
        }
    }

    /// Begins the file of a part.
    ///
    /// # Errors
    /// `packet_not_written`, `stick_full`.
    pub(super) fn begin(&mut self, part: u32) -> Result<File, Fault> {
        let name =
            part.checked_sub(1).and_then(|at| self.names.get(at as usize)).ok_or_else(|| Fault::question(part))?;
        let unfinished = with(name, UNFINISHED);
        let file = File::create(&unfinished).map_err(faults::not_written)?;
        self.begun.push(unfinished);
        Ok(file)
    }

    /// Reads the last part as its addressee will.
    ///
    /// # Errors
    /// `packet_not_written` where it does not come back whole.
    pub(super) fn read_back(&self) -> Result<(), Fault> {
        let Some(path) = self.begun.last() else { return Ok(()) };
        let mut file = File::open(path).map_err(faults::not_written)?;
        let (mut reader, mut piece) = (Reader::default(), vec![0; PIECE]);
        let sound = loop {
            let read = file.read(&mut piece).map_err(faults::not_written)?;
            if read == 0 {
                break reader.finish();
            }
            reader.push(&piece[..read]);
            while let Ok(Some(_)) = reader.take() {}
        };
        sound.map_err(|bad| faults::not_written(std::io::Error::from(std::io::ErrorKind::InvalidData)).because(bad))
    }

    /// Gives every file its name. Returns them and the sum of their bytes.
    ///
    /// # Errors
    /// `packet_not_written`; then none of them bears its name.
    pub(super) fn keep(mut self) -> Result<(Vec<PathBuf>, u64), Fault> {
        let mut bytes = 0;
        for (at, (unfinished, name)) in self.begun.iter().zip(&self.names).enumerate() {
            let named = std::fs::metadata(unfinished).and_then(|meta| {
                bytes += meta.len();
                renamed(unfinished, name)
            });
            if let Err(cause) = named {
                for name in &self.names[..at] {
                    let _ = std::fs::remove_file(name);
                }
                return Err(faults::not_written(cause));
            }
        }
        self.kept = true;
        self.names.iter().try_for_each(|name| name_kept(name)).map_err(faults::not_written)?;
        Ok((std::mem::take(&mut self.names), bytes))
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if !self.kept {
            for unfinished in &self.begun {
                // Without the stick there is nothing to remove; the next export does it.
                let _ = std::fs::remove_file(unfinished);
            }
        }
    }
}

/// The head of the file that was chosen.
///
/// # Errors
/// `packet_unreadable`, `packet_unknown`, `packet_newer`, `packet_damaged`.
pub(super) fn part_of(path: &Path) -> Result<Box<Head>, Fault> {
    head_of(path).map_err(faults::not_read)?.map_err(|bad| {
        let fault = match bad {
            Bad::Form("not a packet") => faults::no_packet(),
            Bad::Unknown { .. } => faults::newer(),
            _ => faults::head_damaged(),
        };
        fault.because(bad)
    })
}

/// The chosen file and whatever else of its folder is a part of the same packet, by what the files say and not by their
/// names: a stick's owner may have renamed them. In the order of the parts, the chosen one before its copies.
pub(super) fn siblings(chosen: &Path, header: &Header) -> Vec<(u32, PathBuf)> {
    let mut found = vec![(header.part, chosen.to_owned())];
    if header.of > 1 {
        let entries = std::fs::read_dir(folder(chosen)).into_iter().flatten().flatten();
        let packets = entries.map(|entry| entry.path()).filter(|path| path != chosen && is_packet(path));
        for path in packets.take(LOOKED_INTO) {
            // What cannot be read is no part that can be taken in.
            let Ok(Ok(head)) = head_of(&path) else { continue };
            if head.claims().id == header.id {
                found.push((head.claims().part, path));
            }
        }
    }
    found.sort_by_key(|(part, path)| (*part, path != chosen, path.clone()));
    found
}

/// Whether a file bears the ending of packets.
pub(super) fn is_packet(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("njpack")) && path.is_file()
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn numbered(target: &Path, part: u32, of: u32) -> PathBuf {
    let stem = target.file_stem().unwrap_or_default().to_string_lossy();
    // `1of3` sorts before `10of12` only when the numbers are of one width.
    let width = of.to_string().len();
    let mut name = format!("{stem}.{part:0width$}of{of}");
    if let Some(ending) = target.extension() {
        name.push('.');
        name.push_str(&ending.to_string_lossy());
    }
    target.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_numbered_so_that_they_sort() {
        let name = |part, of| numbered(Path::new("/media/u/平明 3.njpack"), part, of);
        assert_eq!(name(1, 3), Path::new("/media/u/平明 3.1of3.njpack"));
        assert_eq!(name(2, 12), Path::new("/media/u/平明 3.02of12.njpack"));
        assert_eq!(numbered(Path::new("packet"), 2, 2), Path::new("packet.2of2"));
    }

    #[test]
    fn a_name_is_never_taken_twice_and_what_a_pulled_stick_left_goes() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join("320722-0001.njpack.part");
        std::fs::write(&left, b"half").unwrap();
        let target = dir.path().join("a.njpack");
        drop(Parts::at(&target, 1).unwrap());
        assert!(!left.exists());
        std::fs::write(&target, b"mine").unwrap();
        assert_eq!(Parts::at(&target, 1).err().unwrap().code, "packet_exists");
        assert!(Parts::at(&target, 2).is_ok());
        let parts = Parts::within(dir.path(), "a", 1).unwrap();
        assert_eq!(parts.names, [dir.path().join("a-2.njpack")]);
    }

    #[test]
    fn what_was_not_kept_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let mut parts = Parts::at(&dir.path().join("a.njpack"), 2).unwrap();
        drop(parts.begin(1).unwrap());
        drop(parts.begin(2).unwrap());
        assert_eq!(parts.read_back().unwrap_err().code, "packet_not_written");
        drop(parts);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        assert_eq!(Parts::at(&dir.path().join("gone/a.njpack"), 1).err().unwrap().code, "packet_not_written");
    }
}

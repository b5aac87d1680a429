//! Files that get their name only when they are whole, as offices and hubs write them: on Windows too, where a virus scanner
//! may hold a file for a moment and a folder cannot be synced.

use std::io;
use std::path::Path;

/// Gives a file or a folder another name, in the place of whatever bears it. On Windows what another program is just looking
/// at cannot be moved; that is tried again for about two seconds.
///
/// # Errors
/// The disk's own.
pub fn renamed(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(windows)]
    for _ in 0..100 {
        // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION
        match std::fs::rename(from, to) {
            Err(held) if matches!(held.raw_os_error(), Some(5 | 32)) => {}
            done => return done,
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::fs::rename(from, to)
}

/// Gives a file that is whole and on the disk its name, and the name to the disk.
///
/// # Errors
/// The disk's own.
pub fn named(part: &Path, name: &Path) -> io::Result<()> {
    renamed(part, name)?;
    name_kept(name)
}

/// Makes the name of a file last through a power cut.
///
/// # Errors
/// The disk's own.
pub fn name_kept(name: &Path) -> io::Result<()> {
    // Windows opens no folder as a file; flushing the file there brings its entry in the folder to the disk too.
    #[cfg(windows)]
    std::fs::File::options().write(true).open(name)?.sync_all()?;
    #[cfg(not(windows))]
    {
        let folder = name.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::time::Duration;

    use super::*;

    /// Opens a file as a virus scanner does: nobody else may do anything with it.
    fn held(path: &Path) -> fs::File {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0);
        options.open(path).unwrap()
    }

    #[test]
    fn a_whole_file_gets_its_name_although_somebody_looks_at_it_or_at_the_old_one_for_a_moment() {
        let dir = std::env::temp_dir().join(format!("niangjia-files-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let (part, name) = (dir.join("office.json.new"), dir.join("office.json"));
        for looked_at in [&name, &part] {
            fs::write(&name, "old").unwrap();
            fs::write(&part, "new").unwrap();
            let scanner = held(looked_at);
            let gone = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(200));
                drop(scanner);
            });
            named(&part, &name).unwrap();
            assert_eq!(fs::read_to_string(&name).unwrap(), "new");
            assert!(!part.exists());
            gone.join().unwrap();
        }
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn what_is_not_there_is_said_at_once() {
        let nowhere = std::env::temp_dir().join("niangjia-files-nowhere");
        assert_eq!(renamed(&nowhere, &nowhere.join("name")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}

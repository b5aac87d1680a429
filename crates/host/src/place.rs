//! Where an office may lie: on a disk of this PC, not on a share, not in a folder that another program keeps in step, not
//! on a stick's file system (rule R2 of the reliability reference). Told by names and mounts, as far as these can tell.

use std::path::Path;

use niangjia_core::Fault;

/// Why a folder is no place for an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsafe {
    /// Another program copies single files of it elsewhere, at moments of its own.
    Synced,
    /// Locks and write order of a share are not those of a disk.
    Network,
    /// FAT: no journal; a pulled stick leaves half a file.
    Fat,
}

/// First words of folders that sync programs make, in lower case.
const SYNCED: [&str; 10] = [
    "onedrive",
    "wps cloud",
    "wpscloud",
    "wpsdrive",
    "baidunetdisk",
    "baidusyncdisk",
    "nutstore",
    "my nutstore",
    "dropbox",
    "icloud",
];
/// Names that no other folder bears by chance.
const SYNCED_ANYWHERE: [&str; 4] = ["wps云盘", "百度网盘", "坚果云", "com~apple~clouddocs"];
const NETWORK: [&str; 11] =
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "fuse.rclone", "davfs", "fuse.davfs2", "ncpfs", "afs"];
const FAT: [&str; 3] = ["vfat", "exfat", "msdos"];

/// Judges a full path; `mounts` is the text of `/proc/mounts` where there is one.
pub(crate) fn judge(path: &str, mounts: &str) -> Option<Unsafe> {
    if network_path(path) {
        return Some(Unsafe::Network);
    }
    let synced = path.split(['/', '\\']).map(str::to_lowercase).any(|part| {
        SYNCED.iter().any(|name| part.starts_with(name)) || SYNCED_ANYWHERE.iter().any(|name| part.contains(name))
    });
    if synced {
        return Some(Unsafe::Synced);
    }
    let kind = mounted(path, mounts)?;
    if NETWORK.contains(&kind) {
        Some(Unsafe::Network)
    } else if FAT.contains(&kind) {
        Some(Unsafe::Fat)
    } else {
        None
    }
}

/// `\\server\share`, also in its long spelling; `\\?\C:\` is a disk of this PC.
fn network_path(path: &str) -> bool {
    match path.strip_prefix(r"\\?\").or_else(|| path.strip_prefix(r"\\.\")) {
        Some(rest) => rest.get(..4).is_some_and(|unc| unc.eq_ignore_ascii_case(r"UNC\")),
        None => path.starts_with(r"\\"),
    }
}

/// File system of the innermost mount that holds the path. Of two mounts at one place the later one is seen.
fn mounted<'a>(path: &str, mounts: &'a str) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        let (Some(place), Some(kind)) = (words.next(), words.next()) else { continue };
        let place = unescaped(place);
        let holds =
            place == "/" || path.strip_prefix(&*place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if holds && best.is_none_or(|(length, _)| place.len() >= length) {
            best = Some((place.len(), kind));
        }
    }
    best.map(|(_, kind)| kind)
}

/// The kernel writes a blank in a mount's path as `\040`.
pub(crate) fn unescaped(place: &str) -> String {
    place.replace(r"\040", " ").replace(r"\011", "\t").replace(r"\012", "\n").replace(r"\134", r"\")
}

/// Refuses a data folder that is no place for an office.
///
/// # Errors
/// `folder_unsafe`.
pub(crate) fn check(dir: &Path) -> Result<(), Fault> {
    let mounts = if cfg!(target_os = "linux") {
        std::fs::read_to_string("/proc/mounts").unwrap_or_default()
    } else {
        String::new()
    };
    // A link may lead to the share, and a sync program may have made the link: both spellings are looked at.
    let real = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let found = judge(&real.to_string_lossy(), &mounts).or_else(|| judge(&dir.to_string_lossy(), ""));
    let Some(found) = found else { return Ok(()) };
    Err(match found {
        Unsafe::Synced => Fault::new(
            "folder_unsafe",
            "数据文件夹在网盘同步目录里（如 OneDrive、WPS 云盘、百度网盘、坚果云）。同步软件会单独搬动数据文件，可能损坏全部数据，所以没有打开，也没有改动任何内容。请关闭程序，把整个文件夹移到本机硬盘的普通目录（不要放在网盘里），再重新打开。",
            "The data folder lies in a folder that a sync program keeps in step (OneDrive, WPS, Baidu, Nutstore, Dropbox or iCloud). Such a program moves single files of the office and can damage all of it, so nothing was opened or changed. Close the program, move the whole folder to an ordinary folder of this PC's disk, and open it again.",
        ),
        Unsafe::Network => Fault::new(
            "folder_unsafe",
            "数据文件夹在网络共享盘上。断网或两台电脑同时打开会损坏数据，所以没有打开，也没有改动任何内容。请把整个文件夹移到本机硬盘上；几台电脑之间用程序的同步功能。",
            "The data folder lies on a network share. A broken line, or two PCs at once, can damage the data, so nothing was opened or changed. Move the whole folder to the disk of this PC; between PCs the program itself keeps in step.",
        ),
        Unsafe::Fat => Fault::new(
            "folder_unsafe",
            "数据文件夹在 U 盘格式（FAT／exFAT）的磁盘上，突然拔出或断电会损坏数据，所以没有打开，也没有改动任何内容。请把整个文件夹移到本机硬盘上。",
            "The data folder lies on a disk with a stick's file system (FAT or exFAT); pulling it out or a power cut can damage the data, so nothing was opened or changed. Move the whole folder to the disk of this PC.",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "/dev/sda2 / ext4 rw 0 0\nsrv:/home /home nfs4 rw 0 0\n/dev/sdb1 /media/li\\040qiang/KINGSTON exfat rw 0 0\n/dev/sda3 /home/local btrfs rw 0 0\n//nas/office /mnt/nas cifs rw 0 0\nsshfs#x /mnt/far fuse.sshfs rw 0 0\n";

    #[test]
    fn a_folder_that_a_sync_program_keeps_is_told_by_its_name() {
        for path in [
            r"C:\Users\李强\OneDrive - 平明镇\niangjia",
            r"C:\Users\李强\WPS Cloud Files\1\niangjia",
            r"D:\WPS云盘\niangjia",
            r"D:\WPSDrive\niangjia",
            r"D:\百度网盘同步空间\niangjia",
            r"D:\BaiduNetdiskWorkspace\niangjia",
            r"D:\BaiduSyncdisk\niangjia",
            r"D:\我的坚果云\niangjia",
            "/opt/Nutstore Files/niangjia",
            "/opt/Dropbox (办公室)/niangjia",
            r"C:\Users\李强\iCloudDrive\niangjia",
        ] {
            assert_eq!(judge(path, MOUNTS), Some(Unsafe::Synced), "{path}");
        }
        for path in [r"C:\Users\李强\AppData\Local\niangjia", "/opt/copy-from-onedrive/niangjia", "/opt/wps/niangjia"]
        {
            assert_eq!(judge(path, MOUNTS), None, "{path}");
        }
    }

    #[test]
    fn a_share_and_a_stick_are_told_by_their_mount() {
        assert_eq!(judge("/home/li/niangjia", MOUNTS), Some(Unsafe::Network));
        assert_eq!(judge("/home/local/niangjia", MOUNTS), None, "the innermost mount decides");
        assert_eq!(judge("/homestead/niangjia", MOUNTS), None, "a name that begins alike is another folder");
        assert_eq!(judge("/media/li qiang/KINGSTON/niangjia", MOUNTS), Some(Unsafe::Fat));
        assert_eq!(judge("/mnt/nas/niangjia", MOUNTS), Some(Unsafe::Network));
        assert_eq!(judge("/mnt/far", MOUNTS), Some(Unsafe::Network));
        assert_eq!(judge("/var/lib/niangjia", ""), None, "where nothing is known nothing is refused");
    }

    #[test]
    fn a_share_of_windows_is_told_by_its_path() {
        assert_eq!(judge(r"\\nas\office\niangjia", ""), Some(Unsafe::Network));
        assert_eq!(judge(r"\\?\UNC\nas\office\niangjia", ""), Some(Unsafe::Network));
        assert_eq!(judge(r"\\?\C:\niangjia", ""), None);
    }
}

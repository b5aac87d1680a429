//! The places of this PC where packets come and go: sticks and the folder of downloads, and what lies there for this office.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use niangjia_core::{Fault, office::Office, people::Role, replication::RecordId, words::Say};
use schemars::JsonSchema;
use serde::Serialize;

use super::{files::LOOKED_INTO, files::is_packet, head_of};
use crate::{
    place::unescaped,
    space::free,
    station::{Station, downloads},
};

/// Places for packets, and the packets in them.
#[derive(Serialize, JsonSchema)]
pub struct SticksAnswer {
    /// Sticks first, the folder of downloads last.
    pub places: Vec<Place>,
    /// Packets for this office that have not been taken in, oldest first.
    pub found: Vec<Found>,
}

/// A stick, or the folder of downloads.
#[derive(Serialize, JsonSchema)]
pub struct Place {
    /// The folder.
    pub path: String,
    /// What it is called.
    pub name: Say,
    /// A stick; otherwise the folder of downloads.
    pub stick: bool,
    /// Free bytes; absent where the system does not say.
    pub free_bytes: Option<u64>,
}

/// A packet that lies there.
#[derive(Serialize, JsonSchema)]
pub struct Found {
    /// One of its files; what `packets.import` takes as `path`.
    pub path: String,
    /// The place in which it lies.
    pub place: Say,
    /// Name of the office that made it.
    pub from: Say,
    /// Its number.
    pub number: u64,
    /// When it was made, by the maker's clock, milliseconds since 1970.
    pub made: i64,
    /// Of how many parts it is.
    pub parts: u32,
    /// How many of them lie there and have not come yet.
    pub new_parts: u32,
    /// Bytes of those.
    pub bytes: u64,
}

impl Station {
    /// Where packets can be written, and what lies there for this office.
    pub(crate) fn sticks(&self) -> Result<SticksAnswer, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::Clerk)?;
        let mut places: Vec<Place> = sticks().into_iter().map(|path| place(path, true)).collect();
        places.extend(downloads().map(|path| place(path, false)));
        let mut found = Vec::new();
        for place in &places {
            found.extend(packets_in(place, &session.office)?);
        }
        found.sort_by_key(|packet| (packet.made, packet.number));
        Ok(SticksAnswer { places, found })
    }
}

fn place(path: PathBuf, stick: bool) -> Place {
    let label = path.file_name().map_or_else(|| path.to_string_lossy(), std::ffi::OsStr::to_string_lossy);
    let name = if stick {
        Say::owned(format!("U盘 {label}"), format!("Stick {label}"))
    } else {
        Say::new("下载文件夹", "Downloads folder")
    };
    // What has been pulled meanwhile has no room, whatever the system says.
    let free_bytes = if path.is_dir() { free(&path) } else { None };
    Place { free_bytes, path: path.to_string_lossy().into_owned(), name, stick }
}

/// Packets that lie in a place, not deeper; each once, by what its files say.
fn packets_in(place: &Place, office: &Office) -> Result<Vec<Found>, Fault> {
    let mut found: BTreeMap<RecordId, (Found, Vec<u32>)> = BTreeMap::new();
    // A stick that has just been pulled holds nothing.
    let entries = std::fs::read_dir(&place.path).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|path| is_packet(path)).take(LOOKED_INTO) {
        let Ok(Ok(head)) = head_of(&path) else { continue };
        let Some(seen) = office.packet_seen(&head)? else { continue };
        if seen.here {
            continue;
        }
        let claims = head.claims();
        let (packet, parts) = found.entry(claims.id).or_insert_with(|| {
            let packet = Found {
                path: path.to_string_lossy().into_owned(),
                place: place.name.clone(),
                from: seen.name,
                number: claims.number,
                made: claims.made,
                parts: claims.of,
                new_parts: 0,
                bytes: 0,
            };
            (packet, Vec::new())
        });
        if !parts.contains(&claims.part) {
            parts.push(claims.part);
            packet.new_parts += 1;
            packet.bytes += std::fs::metadata(&path).map_or(0, |meta| meta.len());
        }
    }
    Ok(found.into_values().map(|(packet, _)| packet).collect())
}

/// Whether a folder is a stick that is plugged in now.
pub(crate) fn is_stick(path: &Path) -> bool {
    sticks().iter().any(|stick| stick == path)
}

/// Sticks and other disks that come and go; `NIANGJIA_STICKS` names a folder in which each folder is one.
fn sticks() -> Vec<PathBuf> {
    let mut sticks = if let Some(folder) = std::env::var_os("NIANGJIA_STICKS") {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    } else if cfg!(windows) {
        ('D'..='Z').map(|letter| PathBuf::from(format!(r"{letter}:\"))).filter(|disk| disk.is_dir()).collect()
    } else {
        mounted(&std::fs::read_to_string("/proc/mounts").unwrap_or_default())
    };
    sticks.sort();
    sticks
}

/// Where desktops of Linux mount what is plugged in.
fn mounted(mounts: &str) -> Vec<PathBuf> {
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(unescaped);
    places.map(PathBuf::from).filter(|path| ["/media", "/run/media"].iter().any(|top| is_within(path, top))).collect()
}

fn is_within(path: &Path, top: &str) -> bool {
    path.starts_with(top) && path != Path::new(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stick_is_told_by_where_it_is_mounted() {
        let mounts = "/dev/sda2 / ext4 rw 0 0\n/dev/sdb1 /media/li\\040qiang/KINGSTON exfat rw 0 0\ntmpfs /media tmpfs rw 0 0\n/dev/sdc1 /run/media/li/工会 vfat rw 0 0\n";
        assert_eq!(mounted(mounts), [Path::new("/media/li qiang/KINGSTON"), Path::new("/run/media/li/工会")]);
        let stick = place("/run/media/li/工会".into(), true);
        assert_eq!((stick.name.zh.as_ref(), stick.free_bytes), ("U盘 工会", None));
    }
}

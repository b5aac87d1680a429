//! Packets on the disk: writing one whole or not at all, and taking in what lies there as far as it is sound.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use niangjia_core::{
    Fault,
    office::{Caller, Office},
    packets::{Came, Incoming, Load, Outgoing, Summary},
    people::Role,
    replication::{
        Bad,
        packet::{Head, Item, PART, PART_RANGE, Reader, Writer},
    },
    words::Say,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    keep::FULL,
    moment,
    station::{Session, Station, downloads},
};

mod faults;
mod files;
mod parts;
mod sticks;

use files::{Parts, part_of, siblings};
pub use parts::{take_part, write_part};
pub(crate) use sticks::{SticksAnswer, is_stick};

/// Bytes read from a file at a time.
const PIECE: usize = 256 << 10;
/// How long a packet is kept for the browser to fetch.
const FETCHED: Duration = Duration::from_secs(24 * 3600);

/// A packet to be made.
#[derive(Deserialize, JsonSchema)]
pub struct ExportAsk {
    /// `county`, `device` (another PC of this office), or an office by id, code or full name.
    pub to: String,
    /// A file that does not exist yet, or a folder, where the packet gets a name of its own. Where it is absent, the
    /// folder in which this person keeps downloads.
    #[serde(default)]
    pub path: Option<String>,
    /// Bytes after which a further part begins, 4 KiB to 4 GiB less one; 64 MiB where it is absent.
    #[serde(default)]
    pub part_bytes: Option<u64>,
    /// Instead of `path`: the files are kept where a browser fetches them by the last part of their names.
    #[serde(default)]
    pub download: bool,
    /// Everything that the addressee may read, also what it is known to have: for a county that is founded again.
    #[serde(default)]
    pub whole: bool,
    /// Leaves pictures out; they wait for the line or for another packet.
    #[serde(default)]
    pub without_pictures: bool,
    /// Bytes of pictures at the most, the smallest first; all of them where it is absent.
    #[serde(default)]
    pub picture_bytes: Option<u64>,
}

/// A packet that was made.
#[derive(Serialize, JsonSchema)]
pub struct ExportAnswer {
    /// Its number; counts for each addressee.
    pub number: u64,
    /// Name of the addressee.
    pub to: Say,
    /// Its files, in the order of its parts.
    pub files: Vec<String>,
    /// Segments in it; none in one that only carries receipts.
    pub segments: u64,
    /// Changes in it.
    pub changes: u64,
    /// Pictures in it.
    pub pictures: u64,
    /// Bytes of its files.
    pub bytes: u64,
}

/// A packet to be taken in.
#[derive(Deserialize, JsonSchema)]
pub struct ImportAsk {
    /// Any of its parts; the others are looked for in the same folder.
    #[serde(default)]
    pub path: Option<String>,
    /// A file just uploaded; the station puts its path in the place of this.
    #[serde(default)]
    pub upload: Option<String>,
}

/// What was taken in.
#[derive(Serialize, JsonSchema)]
pub struct ImportAnswer {
    /// Name of the office that made it.
    pub from: Say,
    /// Id of that office.
    pub office: String,
    /// Its number.
    pub number: u64,
    /// When it was made, by the maker's clock, milliseconds since 1970.
    pub made: i64,
    /// Of how many parts it is.
    pub parts: u32,
    /// What it brought now.
    pub received: Came,
    /// How it stands.
    #[serde(flatten)]
    pub summary: Summary,
    /// The same in one sentence.
    pub say: Say,
}

impl Station {
    /// Makes a packet: everything that the addressee lacks as far as is known here. Files bear their names only once all
    /// of them are on the disk and have been read back.
    pub(crate) fn export_packet(&self, ask: &ExportAsk) -> Result<ExportAnswer, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::Clerk)?;
        let _turn = self.packets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let office = &session.office;
        let mut to = office.addressee(&ask.to)?;
        to.whole = ask.whole;
        let code = to.code.clone();
        let place = if ask.download { self.fetched()? } else { place(ask.path.as_deref(), self.dir())? };
        let most = ask.part_bytes.unwrap_or(PART).clamp(PART_RANGE.0, PART_RANGE.1);
        let load = if ask.without_pictures { Load(0) } else { Load(ask.picture_bytes.unwrap_or(u64::MAX)) };
        // What the county has applied is confirmed in the same packet.
        office.receipts(moment())?;
        let numbered = || {
            let made = office.packet(to.clone(), load, self.caller(&session), &mut moment().rng);
            made.map_err(|fault| self.keeper.spoken(self.dir(), fault))
        };
        let (packet, changed) = match numbered() {
            // With the ballast overboard there is room for the one line that an export writes.
            Err(fault) if fault.code == FULL && self.keeper.lighten() => numbered(),
            made => made,
        }?;
        self.tell(&changed.kinds);
        let plan = packet.plan(most);
        let of = u32::try_from(plan.len()).map_err(Fault::question)?;
        let suggested = format!("{}-{}-{:04}", office.identity().code, code, packet.number);
        let mut parts = if place.is_dir() { Parts::within(&place, &suggested, of)? } else { Parts::at(&place, of)? };
        let (head, end) = overhead(&packet, of)?;
        parts.room(packet.sizes().iter().map(|size| size + 4).sum::<u64>() + u64::from(of) * (head + end))?;
        let mut from = 0;
        for (at, count) in (1..).zip(plan) {
            let range = from..from + count;
            from += count;
            let mut file = parts.begin(at)?;
            write_part(office, &packet, packet.head(at, of, range.clone()), range, &mut file)?;
            file.sync_all().map_err(faults::not_written)?;
            drop(file);
            parts.read_back()?;
        }
        let (files, bytes) = parts.keep()?;
        office.packet_made(&packet, of)?;
        self.tell(&["packets".to_owned(), "sync".to_owned()]);
        Ok(ExportAnswer {
            number: packet.number,
            to: packet.to.name.clone(),
            files: files.iter().map(|file| file.to_string_lossy().into_owned()).collect(),
            segments: packet.segments(),
            pictures: packet.blobs(),
            changes: packet.changes,
            bytes,
        })
    }

    /// Takes in a packet: every part of it that lies in the same folder, and of a damaged one what is sound.
    pub(crate) fn import_packet(self: &Arc<Self>, ask: &ImportAsk) -> Result<ImportAnswer, Fault> {
        let taken = self.take_packet(ask);
        // An upload has been read, whole or not; the parts of a first load would otherwise lie on the disk twice.
        if let Some(path) = &ask.path {
            self.drop_upload(Path::new(path));
        }
        taken
    }

    fn take_packet(self: &Arc<Self>, ask: &ImportAsk) -> Result<ImportAnswer, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::Clerk)?;
        if ask.upload.is_some() {
            // The station has put its path in the place of every upload by now.
            return Err(Fault::question("upload"));
        }
        let path = Path::new(ask.path.as_deref().ok_or_else(|| Fault::question("path"))?);
        let head = part_of(path)?;
        let incoming = session.office.packet_open(&head, moment().wall)?;
        let (mut came, mut damaged) = (Came::default(), Vec::new());
        let mut done: Vec<u32> = Vec::new();
        for (part, file) in siblings(path, head.claims()) {
            // A second copy of a part is looked at only where the first was not sound.
            if done.contains(&part) {
                continue;
            }
            let taken = self.import_part(&session.office, &incoming, &file, &mut came);
            match taken.map_err(|fault| self.keeper.spoken(self.dir(), fault)) {
                Ok(None) => {
                    session.office.packet_part(&incoming, part, moment().wall)?;
                    done.push(part);
                }
                Ok(Some(bad)) => damaged.push((part, bad)),
                Err(fault) => {
                    if fault.code == FULL {
                        // The next time takes in what this one had no room for.
                        self.keeper.lighten();
                    }
                    return Err(fault);
                }
            }
        }
        damaged.retain(|(part, _)| !done.contains(part));
        if came.blobs > 0 {
            self.tell(&session.office.kinds_with_pictures());
        }
        let (summary, changed) = session.office.packet_taken(&incoming, &came, self.caller(&session))?;
        self.tell(&changed.kinds);
        self.tell(&["packets".to_owned(), "sync".to_owned()]);
        self.timer.wake();
        if let Some((part, bad)) = damaged.first() {
            return Err(faults::damaged(*part, head.claims().of, came.segments).because(bad));
        }
        let header = &incoming.header;
        Ok(ImportAnswer {
            say: faults::taken(&incoming, &came, &summary),
            from: incoming.name.clone(),
            office: header.from.to_string(),
            number: header.number,
            made: header.made,
            parts: header.of,
            received: came,
            summary,
        })
    }

    /// Takes in one part of a file; see [`take_part`].
    pub(crate) fn import_part(
        &self,
        office: &Office,
        incoming: &Incoming,
        path: &Path,
        came: &mut Came,
    ) -> Result<Option<Bad>, Fault> {
        let mut file = std::fs::File::open(path).map_err(faults::not_read)?;
        take_part(office, incoming, &mut file, &mut moment, &mut |kinds| self.tell(kinds), came)
    }

    /// The folder from which a browser fetches; packets that were fetched a day ago go.
    fn fetched(&self) -> Result<PathBuf, Fault> {
        let folder = self.dir().join("reports");
        std::fs::create_dir_all(&folder)?;
        for old in std::fs::read_dir(&folder)?.flatten() {
            let age = old.metadata().and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok());
            if files::is_packet(&old.path()) && age.is_some_and(|age| age > FETCHED) {
                // What cannot be removed today can be tomorrow.
                let _ = std::fs::remove_file(old.path());
            }
        }
        Ok(folder)
    }

    fn caller(&self, session: &Session) -> Caller {
        Caller { clerk: session.clerk, roles: session.roles.clone(), moment: moment() }
    }
}

/// Where a packet is written to: a new file, or a folder.
///
/// # Errors
/// `packet_exists`, `packet_not_written` where there is no such folder.
fn place(path: Option<&str>, dir: &Path) -> Result<PathBuf, Fault> {
    let Some(path) = path.map(str::trim).filter(|path| !path.is_empty()) else {
        let folder = downloads().unwrap_or_else(|| dir.join("files"));
        std::fs::create_dir_all(&folder)?;
        return Ok(folder);
    };
    let path = PathBuf::from(path);
    if path.is_file() {
        return Err(faults::taken_name());
    }
    if !path.is_dir() && !files::folder(&path).is_dir() {
        return Err(faults::not_written(std::io::ErrorKind::NotFound.into()));
    }
    Ok(path)
}

/// Bytes of a part besides its frames: of its beginning, and of its end.
fn overhead(packet: &Outgoing, of: u32) -> Result<(u64, u64), Fault> {
    let (signer, certs) = packet.signer();
    let mut out = Vec::new();
    let head = packet.head(of, of, 0..0);
    let writer = Writer::begin(head, certs, signer, &mut out).map_err(Fault::question)?;
    let head = out.len() as u64;
    writer.end(&mut out).map_err(Fault::question)?;
    // Counts and sizes of a part with segments take a few bytes more.
    Ok((head + 16, out.len() as u64 - head))
}

/// Reads no more of a file than its head.
/// A packet for an office that nobody has unlocked yet, and its parts.
pub(crate) fn opened(office: &Office, path: &Path) -> Result<(Incoming, Vec<(u32, PathBuf)>), Fault> {
    let head = part_of(path)?;
    let incoming = office.packet_open(&head, moment().wall)?;
    Ok((incoming, siblings(path, head.claims())))
}

/// A part of such a packet is not sound.
pub(crate) fn part_damaged(part: u32, incoming: &Incoming, segments: u64) -> Fault {
    faults::damaged(part, incoming.header.of, segments)
}

fn head_of(path: &Path) -> Result<Result<Box<Head>, Bad>, std::io::Error> {
    let mut file = std::fs::File::open(path)?;
    let (mut reader, mut piece) = (Reader::default(), vec![0; 16 << 10]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(Err(Bad::Truncated));
        }
        reader.push(&piece[..read]);
        match reader.take() {
            Ok(Some(Item::Head(head))) => return Ok(Ok(head)),
            Ok(_) => {}
            Err(bad) => return Ok(Err(bad)),
        }
    }
}

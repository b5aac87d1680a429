//! What a break left of frames on their way here: kept on disk, few for each device, not for ever. The device is told how much
//! there is and goes on behind it; nothing of it is believed before the segment is whole.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use niangjia_replication::Stream;
use niangjia_replication::keys::VerifyingKey;
use niangjia_replication::wire::{Begun, RefusalCode};

/// Streams of which one device may have begun something.
const EACH: usize = 8;
/// Beginnings of all devices together, and their bytes.
const ALL: usize = 512;
const BYTES: u64 = 256 << 20;
/// How long a beginning is kept that nobody goes on with.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// What has come is written down so often while a line is slow: a hub that is killed loses no more.
const EVERY: Duration = Duration::from_millis(250);
const LEAST: usize = 512;

/// The folder of what has begun to come: one file for a device and a stream.
pub(crate) struct Beginnings {
    dir: PathBuf,
    /// Who writes which file now: the last one who came. A line that is gone without a word may still hold another.
    turns: Mutex<HashMap<String, u64>>,
}

/// Frames that are coming.
pub(crate) struct Arriving {
    all: Arc<Beginnings>,
    device: VerifyingKey,
    name: String,
    turn: u64,
    /// Bytes of the body that stand in the file.
    written: usize,
    at: Instant,
}

impl Beginnings {
    pub(crate) fn new(hub: &Path) -> Arc<Self> {
        Arc::new(Self { dir: hub.join("pieces"), turns: Mutex::default() })
    }

    /// What is here of a stream from a device.
    pub(crate) fn begun(&self, device: &VerifyingKey, stream: &Stream) -> Option<Begun> {
        let _still = self.turns();
        let bytes = fs::read(self.dir.join(name(device, stream))).ok()?;
        (!bytes.is_empty()).then(|| Begun::of(&bytes))
    }

    /// Begins to take frames, behind `begun` where some have come; these bytes come first then.
    ///
    /// # Errors
    /// [`RefusalCode::NotFound`] where that is not what is here.
    pub(crate) fn arrive(
        self: &Arc<Self>,
        device: &VerifyingKey,
        stream: &Stream,
        begun: Option<&Begun>,
    ) -> Result<(Vec<u8>, Arriving), RefusalCode> {
        let name = name(device, stream);
        let mut turns = self.turns();
        let mut bytes = Vec::new();
        if let Some(begun) = begun {
            bytes = fs::read(self.dir.join(&name)).unwrap_or_default();
            if bytes.is_empty() || begun.fits(&bytes) != bytes.len() {
                return Err(RefusalCode::NotFound);
            }
        }
        let turn = turns.entry(name.clone()).or_default();
        *turn += 1;
        let arriving = Arriving {
            all: self.clone(),
            device: *device,
            turn: *turn,
            name,
            written: bytes.len(),
            at: Instant::now(),
        };
        drop(turns);
        Ok((bytes, arriving))
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Old beginnings leave; then the oldest of the device's own, then the oldest of all.
    fn make_room(&self, device: &VerifyingKey) -> std::io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let now = SystemTime::now();
        let own = of(device);
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let about = entry.metadata()?;
            let begun = about.modified()?;
            if now.duration_since(begun).is_ok_and(|age| age > KEPT) {
                fs::remove_file(entry.path())?;
            } else {
                let mine = entry.file_name().to_string_lossy().starts_with(&own);
                all.push((begun, mine, entry.path(), about.len()));
            }
        }
        all.sort();
        let mut mine = all.iter().filter(|(_, mine, ..)| *mine).count();
        let (mut files, mut bytes) = (all.len(), all.iter().map(|(.., bytes)| bytes).sum::<u64>());
        for (_, own, path, size) in all {
            if (own && mine >= EACH) || files >= ALL || bytes >= BYTES {
                fs::remove_file(path)?;
                (files, bytes) = (files - 1, bytes - size);
                mine -= usize::from(own);
            }
        }
        Ok(())
    }
}

impl Arriving {
    /// Whether it is time to write down what has come.
    pub(crate) fn due(&self, body: &[u8]) -> bool {
        body.len() >= self.written + LEAST && self.at.elapsed() >= EVERY
    }

    /// Writes down what has come so far of the body. Returns whether there is still a use: a second one of the same device may
    /// have come.
    pub(crate) fn note(&mut self, body: &[u8]) -> bool {
        let all = self.all.clone();
        let turns = all.turns();
        if turns.get(&self.name) != Some(&self.turn) {
            return false;
        }
        if let Err(cause) = self.put(body) {
            // What was written of it may be torn: then it is known by its digest for nothing that anyone has.
            tracing::warn!(%cause, "the beginning of a segment is not kept");
        }
        self.at = Instant::now();
        true
    }

    fn put(&mut self, body: &[u8]) -> std::io::Result<()> {
        let path = self.all.dir.join(&self.name);
        let behind = self.written > 0;
        if !behind {
            self.all.make_room(&self.device)?;
        }
        let mut file = OpenOptions::new().create(true).write(true).append(behind).truncate(!behind).open(path)?;
        file.write_all(body.get(self.written..).unwrap_or_default())?;
        // Not synchronised: a power cut may cost a few seconds of a slow line, and what it leaves is known by its digest.
        self.written = body.len();
        Ok(())
    }

    /// It came whole, or is of no use: nothing of it is kept.
    pub(crate) fn done(mut self) {
        self.left(&[]);
    }

    /// A break left this of a frame.
    pub(crate) fn left(&mut self, rest: &[u8]) {
        let all = self.all.clone();
        let mut turns = all.turns();
        if turns.get(&self.name) != Some(&self.turn) {
            return;
        }
        turns.remove(&self.name);
        if rest.is_empty() {
            let _ = fs::remove_file(self.all.dir.join(&self.name));
            return;
        }
        self.written = 0;
        if let Err(cause) = self.put(rest) {
            tracing::warn!(%cause, "the beginning of a segment is not kept");
        }
    }
}

fn of(device: &VerifyingKey) -> String {
    device.to_string()[..32].to_owned()
}

fn name(device: &VerifyingKey, stream: &Stream) -> String {
    let stream = blake3::hash(stream.to_string().as_bytes()).to_hex();
    format!("{}-{}.part", of(device), &stream[..32])
}

#[cfg(test)]
mod tests {
    use niangjia_replication::RecordId;
    use niangjia_replication::keys::SigningKey;

    use super::*;

    fn key(n: u8) -> VerifyingKey {
        SigningKey::from_bytes(&[n; 32]).public()
    }

    fn mail(n: u8) -> Stream {
        Stream::Mail(RecordId([n; 16]))
    }

    /// Something came of a body, and the line broke.
    fn broken(all: &Arc<Beginnings>, device: u8, stream: u8, rest: &[u8]) {
        all.arrive(&key(device), &mail(stream), None).unwrap().1.left(rest);
    }

    #[test]
    fn what_came_is_gone_on_with_over_restarts_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let all = || Beginnings::new(dir.path());
        let body: Vec<u8> = (0..100).collect();
        assert_eq!(all().begun(&key(1), &mail(1)), None);
        broken(&all(), 1, 1, &body[..40]);
        let begun = all().begun(&key(1), &mail(1)).unwrap();
        assert_eq!(begun, Begun::of(&body[..40]));
        assert_eq!(all().begun(&key(2), &mail(1)), None, "each device has its own");
        assert_eq!(all().begun(&key(1), &mail(2)), None);

        // A hub that is killed in the middle of the next part has what was written down.
        let (mut bytes, mut arriving) = all().arrive(&key(1), &mail(1), Some(&begun)).ok().unwrap();
        bytes.extend_from_slice(&body[40..90]);
        assert!(arriving.note(&bytes));
        drop(arriving);
        assert_eq!(all().begun(&key(1), &mail(1)), Some(Begun::of(&body[..90])));
        let other = Begun::of(&body[1..41]);
        for wrong in [Begun::of(&body[..40]), other, Begun::of(&body), Begun::of(b"")] {
            assert_eq!(all().arrive(&key(1), &mail(1), Some(&wrong)).err(), Some(RefusalCode::NotFound));
        }
        let (bytes, arriving) = all().arrive(&key(1), &mail(1), Some(&Begun::of(&body[..90]))).ok().unwrap();
        assert_eq!(bytes, body[..90]);
        arriving.done();
        assert_eq!(all().begun(&key(1), &mail(1)), None, "what is whole is not kept twice");
        let gone = all().arrive(&key(1), &mail(1), Some(&Begun::of(&body[..90]))).err();
        assert_eq!(gone, Some(RefusalCode::NotFound), "and nothing is behind it");
    }

    #[test]
    fn who_came_last_writes_and_a_line_that_hangs_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let all = Beginnings::new(dir.path());
        let (_, mut hanging) = all.arrive(&key(1), &mail(1), None).ok().unwrap();
        assert!(hanging.note(b"some"));
        let begun = all.begun(&key(1), &mail(1)).unwrap();
        let (_, mut second) = all.arrive(&key(1), &mail(1), Some(&begun)).ok().unwrap();
        assert!(second.note(b"some more"));
        assert!(!hanging.note(b"some other"), "it is told to stop");
        hanging.left(b"some other");
        assert_eq!(all.begun(&key(1), &mail(1)), Some(Begun::of(b"some more")));
    }

    #[test]
    fn beginnings_are_few_and_old_ones_leave() {
        let dir = tempfile::tempdir().unwrap();
        let all = Beginnings::new(dir.path());
        let files = || fs::read_dir(dir.path().join("pieces")).unwrap().map(|file| file.unwrap().path());
        for n in 0..20 {
            broken(&all, 1, n, b"some");
        }
        assert_eq!(files().count(), EACH);
        assert!(all.begun(&key(1), &mail(19)).is_some(), "the newest stays");
        broken(&all, 2, 1, b"some");
        assert_eq!(files().count(), EACH + 1, "another device has its own");
        let last_month = SystemTime::now() - Duration::from_secs(30 * 86_400);
        for path in files() {
            OpenOptions::new().write(true).open(path).unwrap().set_modified(last_month).unwrap();
        }
        broken(&all, 3, 1, b"some");
        assert_eq!(files().count(), 1);
    }
}

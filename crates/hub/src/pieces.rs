//! Segments that come in pieces: kept on disk from their beginning on until they are whole, few for each device, not for ever.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;
use axum::http::header::CONTENT_RANGE;
use niangjia_replication::Limits;
use niangjia_replication::keys::VerifyingKey;
use niangjia_replication::wire::RefusalCode;

/// Segments that one device may have begun.
const EACH: usize = 4;
/// Segments begun by all devices together: some 512 KiB each.
const ALL: usize = 512;
/// How long a beginning is kept that nobody goes on with.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Where a piece belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    /// `None`: nothing is brought, only asked where the hub stands.
    from: Option<u64>,
    whole: u64,
}

impl Range {
    /// From `Content-Range: bytes FROM-TO/WHOLE` or `bytes */WHOLE`.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let (range, whole) = headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?.split_once('/')?;
        let whole = whole.parse().ok().filter(|whole| (1..=Limits::STANDARD.segment() as u64).contains(whole))?;
        let from = if range == "*" { None } else { Some(range.split_once('-')?.0.parse().ok()?) };
        Some(Self { from, whole })
    }
}

/// The folder of what has begun to come.
pub(crate) struct Pieces {
    dir: PathBuf,
    /// One at a time: pieces are small, and two of one segment must not mix.
    turn: Mutex<()>,
}

impl Pieces {
    pub(crate) fn new(hub: &Path) -> Self {
        Self { dir: hub.join("pieces"), turn: Mutex::default() }
    }

    /// Adds a piece; the whole segment once it is there, until then how many bytes are. A piece that does not begin where the
    /// last one ended changes nothing.
    pub(crate) fn add(
        &self,
        device: &VerifyingKey,
        hash: &[u8; 32],
        range: Range,
        piece: &[u8],
        now_ms: i64,
    ) -> Result<Result<Vec<u8>, u64>, RefusalCode> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(device, hash);
        let held = fs::metadata(&path).map_or(0, |file| file.len());
        if range.from != Some(held) || piece.is_empty() {
            return Ok(Err(held));
        }
        let now = held + piece.len() as u64;
        if now > range.whole {
            return Err(RefusalCode::Malformed);
        }
        if held == 0 {
            self.make_room(device, now_ms).map_err(failed)?;
        }
        let written = OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| {
            file.write_all(piece)?;
            file.sync_data()
        });
        if let Err(cause) = written {
            // What was written of it is no beginning that anyone knows of.
            let _ = fs::remove_file(&path);
            return Err(failed(cause));
        }
        if now < range.whole {
            return Ok(Err(now));
        }
        let whole = fs::read(&path).map_err(failed)?;
        if blake3::hash(&whole).as_bytes() == hash {
            return Ok(Ok(whole));
        }
        let _ = fs::remove_file(&path);
        Ok(Err(0))
    }

    /// Lets go of a segment that was judged.
    pub(crate) fn forget(&self, device: &VerifyingKey, hash: &[u8; 32]) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = fs::remove_file(self.path(device, hash));
    }

    fn path(&self, device: &VerifyingKey, hash: &[u8; 32]) -> PathBuf {
        self.dir.join(format!("{}-{}.part", &device.to_string()[..32], hex::encode(hash)))
    }

    /// Old beginnings leave; then the oldest of the device's own, then the oldest of all.
    fn make_room(&self, device: &VerifyingKey, now_ms: i64) -> std::io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms.unsigned_abs());
        let own = device.to_string()[..32].to_owned();
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let begun = entry.metadata()?.modified()?;
            if now.duration_since(begun).is_ok_and(|age| age > KEPT) {
                fs::remove_file(entry.path())?;
            } else {
                all.push((begun, entry.file_name().to_string_lossy().starts_with(&own), entry.path()));
            }
        }
        all.sort();
        let too_many_own = (all.iter().filter(|(_, own, _)| *own).count() + 1).saturating_sub(EACH);
        let too_many = (all.len() + 1).saturating_sub(ALL).saturating_sub(too_many_own);
        let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, own, _)| *own);
        for (_, _, path) in own.into_iter().take(too_many_own).chain(others.into_iter().take(too_many)) {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

fn failed(cause: std::io::Error) -> RefusalCode {
    tracing::error!(%cause, "a piece could not be kept");
    if cause.kind() == std::io::ErrorKind::StorageFull { RefusalCode::Full } else { RefusalCode::Failed }
}

#[cfg(test)]
mod tests {
    use niangjia_replication::keys::SigningKey;

    use super::*;

    fn key(n: u8) -> VerifyingKey {
        SigningKey::from_bytes(&[n; 32]).public()
    }

    fn at(from: u64, whole: u64) -> Range {
        Range { from: Some(from), whole }
    }

    #[test]
    fn a_segment_comes_in_pieces_over_restarts_and_nothing_out_of_place_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..25_u8).collect();
        let hash = *blake3::hash(&bytes).as_bytes();
        let add = |range, piece: &[u8]| Pieces::new(dir.path()).add(&key(1), &hash, range, piece, 0);
        assert_eq!(add(Range { from: None, whole: 25 }, b""), Ok(Err(0)));
        assert_eq!(add(at(0, 25), &bytes[..10]), Ok(Err(10)));
        assert_eq!(add(at(0, 25), &bytes[..10]), Ok(Err(10)), "its answer was lost; it is not taken twice");
        assert_eq!(add(at(20, 25), &bytes[20..]), Ok(Err(10)), "a gap");
        assert_eq!(add(at(10, 25), &[0; 99]), Err(RefusalCode::Malformed), "more than was declared");
        assert_eq!(add(at(10, 25), &bytes[10..]), Ok(Ok(bytes.clone())));
        Pieces::new(dir.path()).forget(&key(1), &hash);
        assert_eq!(add(Range { from: None, whole: 25 }, b""), Ok(Err(0)));
        // What is whole and is not what it was called is let go of.
        assert_eq!(add(at(0, 25), &[7; 25]), Ok(Err(0)));
        assert_eq!(add(Range { from: None, whole: 25 }, b""), Ok(Err(0)));
    }

    #[test]
    fn beginnings_are_few_and_old_ones_leave() {
        let dir = tempfile::tempdir().unwrap();
        let pieces = Pieces::new(dir.path());
        let count = || fs::read_dir(dir.path().join("pieces")).unwrap().count();
        for n in 0..20 {
            assert_eq!(pieces.add(&key(1), &[n; 32], at(0, 99), b"some", 0), Ok(Err(4)));
        }
        assert_eq!(count(), EACH);
        assert_eq!(pieces.add(&key(2), &[1; 32], at(0, 99), b"some", 0), Ok(Err(4)));
        assert_eq!(count(), EACH + 1, "another device has its own");
        let next_month = crate::now_ms() + 30 * 86_400_000;
        assert_eq!(pieces.add(&key(3), &[1; 32], at(0, 99), b"some", next_month), Ok(Err(4)));
        assert_eq!(count(), 1);
    }

    #[test]
    fn ranges_are_read_or_refused() {
        let read = |text: &'static str| Range::read(&HeaderMap::from_iter([(CONTENT_RANGE, text.parse().unwrap())]));
        assert_eq!(read("bytes 5-9/20"), Some(at(5, 20)));
        assert_eq!(read("bytes */20"), Some(Range { from: None, whole: 20 }));
        for bad in ["bytes 5-9/*", "bytes 5/20", "items 5-9/20", "bytes -1-9/20", "bytes 0-1/999999999999", "bytes */0"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}

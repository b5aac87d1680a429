//! The tail: a second file beside the database with what this PC wrote since the last two snapshots. It brings back the
//! newest work after the main file has gone bad, and it is the fence that knows an old copy of the database when one is put
//! back (rule R5 of the reliability reference; "Old copies, clones, loss" of the replication design).
//
// A record is `length of the head | length of the body (u32, little endian) | head | body`, each of these two a nonce of 24
// bytes and XChaCha20-Poly1305: what the entry says of itself, and what it holds. Each unlocking reads the heads alone; they
// are small however much was taken in. A record is written after the commit it belongs to and is on the disk before the
// clerk is told: what stands here has been saved, what is missing here has at worst been saved in the database only.

use std::{
    fs::{File, OpenOptions},
    io::{BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use niangjia_replication::{files, stream::Stream};
use rand_core::CryptoRng;
use zeroize::{Zeroize as _, Zeroizing};

use super::{DatabaseKey, outside::Outside};

const PURPOSE: &str = "niangjia 2026-11 tail of the log in two parts";
const NONCE: usize = 24;
/// The two lengths before a record.
const LENGTHS: usize = 8;

/// One entry.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A block of changes that an act of this PC wrote.
    Block(Block),
    /// A secret that came with an act and stands nowhere else, such as the key of a new stream.
    Secret { name: String, value: Vec<u8> },
    /// How far this PC was: an open database that is not as far is an old copy.
    Fence(Fence),
}

/// Changes of this PC, as they stood in its outbox.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) stream: Stream,
    pub(crate) incarnation: [u8; 16],
    pub(crate) changes: i64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) block: Vec<u8>,
}

/// Incarnation, highest counter given out, segments sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fence {
    pub(crate) incarnation: [u8; 16],
    pub(crate) counter: i64,
    pub(crate) segments: i64,
}

/// The file of one database.
pub(crate) struct Tail {
    path: PathBuf,
    key: Zeroizing<[u8; 32]>,
    /// An append failed: what was saved since stands in the database only, until a snapshot is made.
    behind: AtomicBool,
    /// The fence outside the data folder, where there is one.
    outside: OnceLock<Outside>,
}

impl Tail {
    pub(crate) fn of(database: &Path, key: &DatabaseKey) -> Self {
        Self {
            path: database.with_extension("tail"),
            key: Zeroizing::new(blake3::derive_key(PURPOSE, &key.0[..])),
            behind: AtomicBool::new(false),
            outside: OnceLock::new(),
        }
    }

    /// There is a fence outside the data folder too.
    pub(crate) fn fence_outside(&self, outside: Outside) {
        // The first one stays: a file has one device.
        let _ = self.outside.set(outside);
    }

    /// What the fence outside the data folder says.
    pub(crate) fn outside(&self) -> Option<Fence> {
        self.outside.get()?.read()
    }

    /// Something may leave this PC now: how far it is, here and outside the data folder.
    pub(crate) fn note(&self, fence: Fence, rng: &mut (impl CryptoRng + ?Sized)) {
        self.append(&[Entry::Fence(fence)], rng);
        if let Some(outside) = self.outside.get() {
            outside.write(&fence);
        }
    }

    fn older(&self) -> PathBuf {
        self.path.with_extension("tail.1")
    }

    /// Whether something that was saved is missing here.
    pub(crate) fn behind(&self) -> bool {
        self.behind.load(Ordering::Acquire)
    }

    /// Something that was saved is missing here and cannot be written any more.
    pub(crate) fn fall_behind(&self) {
        self.behind.store(true, Ordering::Release);
    }

    /// Writes entries behind the others. What cannot be written is remembered ([`Tail::behind`]) and never fails the act,
    /// which stands in the database already.
    pub(crate) fn append(&self, entries: &[Entry], rng: &mut (impl CryptoRng + ?Sized)) {
        if !entries.is_empty() && self.write(entries, rng).is_err() {
            self.behind.store(true, Ordering::Release);
        }
    }

    fn write(&self, entries: &[Entry], rng: &mut (impl CryptoRng + ?Sized)) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        for entry in entries {
            let (head, body) = entry.parts();
            let head = self.seal(&head, PURPOSE.as_bytes(), rng)?;
            // A body goes with its own head and with no other.
            let body = self.seal(body, &head, rng)?;
            for part in [&head, &body] {
                let length = u32::try_from(part.len()).map_err(|_| ErrorKind::InvalidData)?;
                bytes.extend_from_slice(&length.to_le_bytes());
            }
            bytes.extend_from_slice(&head);
            bytes.extend_from_slice(&body);
        }
        // Opened each time: a snapshot made by another program on this folder may have put a fresh file here.
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        let before = file.metadata()?.len();
        let written = file.write_all(&bytes).and_then(|()| file.sync_data());
        if written.is_err() {
            // Half a record would hide all that come after it. Where that fails too, reading lays the torn end aside.
            let _ = cut_back(&self.path, before);
        }
        written
    }

    /// Everything that both files hold, oldest first. A record that was damaged is passed over and stays where it is; an
    /// end that a power cut left half written is laid aside, so that the next entry can be found.
    pub(crate) fn read(&self) -> std::io::Result<Vec<Entry>> {
        self.walk(true)
    }

    /// The same entries without what they hold: blocks and secrets come empty. Costs what their number costs, not their size.
    pub(crate) fn marks(&self) -> std::io::Result<Vec<Entry>> {
        self.walk(false)
    }

    fn walk(&self, bodies: bool) -> std::io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for path in [self.older(), self.path.clone()] {
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(e) if e.kind() == ErrorKind::NotFound => continue,
                Err(e) => return Err(e),
            };
            let (mut left, mut file) = (file.metadata()?.len(), BufReader::new(file));
            while let Some(record) = next(&mut file, &mut left, bodies)? {
                entries.extend(self.open(&record));
            }
            if left > 0 {
                let whole = file.get_ref().metadata()?.len() - left;
                let mut torn = Vec::new();
                file.seek(SeekFrom::Start(whole))?;
                file.read_to_end(&mut torn)?;
                std::fs::write(path.with_extension("torn"), torn)?;
                OpenOptions::new().write(true).open(&path)?.set_len(whole)?;
            }
        }
        Ok(entries)
    }

    fn open(&self, record: &Record) -> Option<Entry> {
        let mut plain = self.unseal(&record.head, PURPOSE.as_bytes())?;
        if let Some(body) = &record.body {
            plain.extend_from_slice(&self.unseal(body, &record.head)?);
        }
        Entry::from_bytes(&plain)
    }

    fn seal(&self, msg: &[u8], aad: &[u8], rng: &mut (impl CryptoRng + ?Sized)) -> std::io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let sealed =
            self.cipher().encrypt(&XNonce::from(nonce), Payload { msg, aad }).map_err(|_| ErrorKind::InvalidData)?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn unseal(&self, part: &[u8], aad: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, msg) = part.split_first_chunk::<NONCE>()?;
        Some(Zeroizing::new(self.cipher().decrypt(&XNonce::from(*nonce), Payload { msg, aad }).ok()?))
    }

    /// After a snapshot: what it knows is needed for the one before it only, and what that one knows is not needed any more.
    pub(crate) fn turn(&self, fence: Fence, rng: &mut (impl CryptoRng + ?Sized)) -> std::io::Result<()> {
        match files::renamed(&self.path, &self.older()) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        self.behind.store(false, Ordering::Release);
        self.append(&[Entry::Fence(fence)], rng);
        Ok(())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key).into())
    }
}

/// Makes a file as long as it was. Through a handle of its own: Windows cuts nothing through one that only appends.
fn cut_back(path: &Path, to: u64) -> std::io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    // A snapshot may have put a fresh file in its place meanwhile, and that is not made longer.
    if file.metadata()?.len() > to { file.set_len(to) } else { Ok(()) }
}

impl Entry {
    /// What it says of itself, and what it holds. Behind one another they are what [`Entry::from_bytes`] reads.
    fn parts(&self) -> (Vec<u8>, &[u8]) {
        let mut head = Vec::new();
        match self {
            Self::Block(b) => {
                head.push(0);
                put_text(&mut head, &b.stream.to_string());
                head.extend_from_slice(&b.incarnation);
                for number in [b.changes, b.first, b.last] {
                    head.extend_from_slice(&number.to_le_bytes());
                }
                (head, &b.block)
            }
            Self::Secret { name, value } => {
                head.push(1);
                put_text(&mut head, name);
                (head, value)
            }
            Self::Fence(f) => {
                head.push(2);
                head.extend_from_slice(&f.incarnation);
                head.extend_from_slice(&f.counter.to_le_bytes());
                head.extend_from_slice(&f.segments.to_le_bytes());
                (head, &[])
            }
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, mut rest) = bytes.split_first()?;
        Some(match kind {
            0 => Self::Block(Block {
                stream: text(&mut rest)?.parse().ok()?,
                incarnation: chunk(&mut rest)?,
                changes: i64::from_le_bytes(chunk(&mut rest)?),
                first: i64::from_le_bytes(chunk(&mut rest)?),
                last: i64::from_le_bytes(chunk(&mut rest)?),
                block: rest.to_vec(),
            }),
            1 => Self::Secret { name: text(&mut rest)?.to_owned(), value: rest.to_vec() },
            2 => Self::Fence(Fence {
                incarnation: chunk(&mut rest)?,
                counter: i64::from_le_bytes(chunk(&mut rest)?),
                segments: i64::from_le_bytes(chunk(&mut rest)?),
            }),
            _ => return None,
        })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        match self {
            Self::Block(b) => b.block.zeroize(),
            Self::Secret { value, .. } => value.zeroize(),
            Self::Fence(_) => {}
        }
    }
}

/// A record as it lies in the file.
struct Record {
    head: Vec<u8>,
    /// Where it was wanted.
    body: Option<Vec<u8>>,
}

/// The next record; `None` where what is left is no whole one.
fn next(file: &mut BufReader<File>, left: &mut u64, bodies: bool) -> std::io::Result<Option<Record>> {
    let Some(rest) = left.checked_sub(LENGTHS as u64) else { return Ok(None) };
    let mut lengths = [0; LENGTHS];
    file.read_exact(&mut lengths)?;
    let lengths = u64::from_le_bytes(lengths);
    let (head, body) = (lengths & u64::from(u32::MAX), lengths >> 32);
    let Some(rest) = rest.checked_sub(head + body) else { return Ok(None) };
    *left = rest;
    let mut part = |length: u64| {
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| ErrorKind::InvalidData)?];
        file.read_exact(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    let head = part(head)?;
    let body = if bodies { Some(part(body)?) } else { None };
    if body.is_none() {
        let length = i64::try_from(lengths >> 32).map_err(|_| ErrorKind::InvalidData)?;
        file.seek_relative(length)?;
    }
    Ok(Some(Record { head, body }))
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    // Names of streams and secrets are short; a longer one would be cut and then not be found, so it is not written.
    out.push(u8::try_from(text.len()).unwrap_or(0));
    out.extend_from_slice(text.as_bytes());
}

fn text<'b>(rest: &mut &'b [u8]) -> Option<&'b str> {
    let (length, after) = rest.split_first()?;
    let (text, after) = after.split_at_checked(usize::from(*length))?;
    *rest = after;
    std::str::from_utf8(text).ok()
}

fn chunk<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*chunk)
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    use super::*;

    fn tail(dir: &Path) -> Tail {
        Tail::of(&dir.join("office.db"), &DatabaseKey(Zeroizing::new([7; 32])))
    }

    fn secret(name: &str) -> Entry {
        Entry::Secret { name: name.into(), value: vec![1, 2, 3] }
    }

    fn block() -> Entry {
        spanning(vec![9; 300])
    }

    fn spanning(block: Vec<u8>) -> Entry {
        Entry::Block(Block { stream: Stream::County, incarnation: [3; 16], changes: 2, first: 4, last: 5, block })
    }

    #[test]
    fn what_is_written_is_read_again_across_a_snapshot() {
        let (dir, mut rng) = (tempfile::tempdir().unwrap(), ChaCha20Rng::from_seed([1; 32]));
        let tail = tail(dir.path());
        let fence = Fence { incarnation: [3; 16], counter: 5, segments: 1 };
        tail.append(&[block(), secret("stream:county:2")], &mut rng);
        tail.turn(fence, &mut rng).unwrap();
        tail.append(&[secret("hub")], &mut rng);
        let all = [block(), secret("stream:county:2"), Entry::Fence(fence), secret("hub")];
        assert!(tail.read().unwrap() == all);
        let name = |name: &str| Entry::Secret { name: name.into(), value: Vec::new() };
        let marks = [spanning(Vec::new()), name("stream:county:2"), Entry::Fence(fence), name("hub")];
        assert!(tail.marks().unwrap() == marks, "the same without what they hold");
        // A second snapshot: what the first one knows goes.
        tail.turn(fence, &mut rng).unwrap();
        assert!(tail.read().unwrap() == [Entry::Fence(fence), secret("hub"), Entry::Fence(fence)]);
    }

    #[test]
    fn half_an_entry_is_taken_back_while_the_file_is_still_held_for_appending() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("office.tail");
        let mut held = OpenOptions::new().append(true).create(true).open(&path).unwrap();
        held.write_all(b"whole and half").unwrap();
        cut_back(&path, 5).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        cut_back(&path, 9).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole", "and nothing is made longer");
    }

    #[test]
    fn cut_at_any_byte_the_whole_entries_before_stay_and_the_next_one_is_found() {
        let (dir, mut rng) = (tempfile::tempdir().unwrap(), ChaCha20Rng::from_seed([2; 32]));
        let tail = tail(dir.path());
        tail.append(&[secret("a")], &mut rng);
        let first = std::fs::metadata(&tail.path).unwrap().len() as usize;
        tail.append(&[block()], &mut rng);
        let bytes = std::fs::read(&tail.path).unwrap();
        for cut in 0..bytes.len() {
            std::fs::write(&tail.path, &bytes[..cut]).unwrap();
            let before = usize::from(cut >= first);
            assert_eq!(tail.read().unwrap().len(), before, "cut at {cut}");
            tail.append(&[secret("b")], &mut rng);
            assert_eq!(tail.read().unwrap().len(), before + 1, "cut at {cut}");
        }
    }

    #[test]
    fn what_was_changed_or_is_under_another_key_is_passed_over() {
        let (dir, mut rng) = (tempfile::tempdir().unwrap(), ChaCha20Rng::from_seed([3; 32]));
        let tail = tail(dir.path());
        tail.append(&[block()], &mut rng);
        let bytes = std::fs::read(&tail.path).unwrap();
        assert!(!bytes.windows(8).any(|w| w == [9; 8]), "nothing lies there in the open");
        let other = Tail::of(&dir.path().join("office.db"), &DatabaseKey(Zeroizing::new([8; 32])));
        assert!(other.read().unwrap().is_empty());
        assert_eq!(std::fs::read(&tail.path).unwrap(), bytes, "and it is left alone");
        tail.append(&[secret("after")], &mut rng);
        let both = std::fs::read(&tail.path).unwrap();
        for at in LENGTHS..bytes.len() {
            let mut changed = both.clone();
            changed[at] ^= 1;
            std::fs::write(&tail.path, &changed).unwrap();
            assert!(tail.read().unwrap() == [secret("after")], "byte {at}");
        }
    }
}

//! The shelf: what the link and packets take blobs from and put their pieces on. Bytes that have come stay, whatever happens to
//! the line; a piece that is not right is thrown away when its last byte is here, and nothing else.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use niangjia_replication::{
    Incarnation,
    blob::{Address, Blob, Outline, PIECE},
    planted,
};
use rusqlite::Connection;

use super::named_whole;
use crate::{
    fault::Fault,
    office::Office,
    store::{local, set_local, versions::damaged},
};

/// How a blob stands after bytes of it were put on the shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shelved {
    /// Bytes that are here, from the first on.
    pub bytes: usize,
    /// All pieces are here and right.
    pub whole: bool,
    /// A piece was not right and has to come again.
    pub bad: bool,
}

fn outlines(conn: &Connection, sql: &str, most: usize) -> Result<Vec<Outline>, Fault> {
    let mut statement = conn.prepare_cached(sql)?;
    let values = statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], |r| r.get::<_, Vec<u8>>(0))?;
    let mut out = Vec::new();
    for value in values {
        out.push(Blob::from_bytes(&value?).map_err(damaged)?.outline().clone());
    }
    Ok(out)
}

impl Office {
    /// Blobs that are here and not known to be at the hub, smallest first.
    ///
    /// # Errors
    /// The store's own.
    pub fn blobs_to_send(&self, most: usize) -> Result<Vec<Outline>, Fault> {
        self.store.read(|conn| {
            outlines(
                conn,
                "SELECT value FROM blob WHERE held = 1 AND at_hub = 0 ORDER BY length, address LIMIT ?1",
                most,
            )
        })
    }

    /// Blobs that a record names and that are not here, smallest first.
    ///
    /// # Errors
    /// The store's own.
    pub fn blobs_wanted(&self, most: usize) -> Result<Vec<Outline>, Fault> {
        self.store.read(|conn| {
            outlines(conn, "SELECT value FROM blob WHERE held = 0 ORDER BY length, address LIMIT ?1", most)
        })
    }

    /// How many blobs wait.
    ///
    /// # Errors
    /// The store's own.
    pub fn blobs_waiting(&self) -> Result<super::BlobsWaiting, Fault> {
        self.store.read(|conn| self.waiting_blobs(conn))
    }

    /// Whether a small change waits that must not be kept waiting by a picture.
    ///
    /// # Errors
    /// The store's own.
    pub fn changes_wait(&self) -> Result<bool, Fault> {
        self.store.read(|conn| Ok(conn.prepare_cached("SELECT 1 FROM outbox LIMIT 1")?.exists([])?))
    }

    /// Sealed bytes of a blob that is here.
    ///
    /// # Errors
    /// The disk's own.
    pub fn blob_slice(&self, address: Address, from: usize, most: usize) -> Result<Vec<u8>, Fault> {
        let mut file = std::fs::File::open(self.blob_file(address))?;
        file.seek(SeekFrom::Start(from as u64))?;
        let mut out = Vec::with_capacity(most.min(PIECE));
        file.take(most.min(PIECE) as u64).read_to_end(&mut out)?;
        Ok(out)
    }

    /// The hub holds it whole.
    ///
    /// # Errors
    /// The store's own.
    pub fn blob_at_hub(&self, address: Address) -> Result<(), Fault> {
        self.store.write().prepare_cached("UPDATE blob SET at_hub = 1 WHERE address = ?1")?.execute([address.0])?;
        Ok(())
    }

    /// The life of the hub's store. In another one it may have lost what it had, so everything is offered again.
    ///
    /// # Errors
    /// The store's own.
    pub fn blobs_meet(&self, epoch: Incarnation) -> Result<(), Fault> {
        let (conn, epoch) = (self.store.write(), epoch.to_string());
        if local(&conn, "blob_hub")?.as_deref() == Some(&epoch) {
            return Ok(());
        }
        conn.execute("UPDATE blob SET at_hub = 0 WHERE at_hub = 1", [])?;
        set_local(&conn, "blob_hub", &epoch)
    }

    /// Bytes of a blob that have come already, from the first on.
    ///
    /// # Errors
    /// The disk's own.
    pub fn blob_begun(&self, outline: &Outline) -> Result<usize, Fault> {
        match std::fs::metadata(self.blob_file(outline.address()).with_extension("part")) {
            Ok(about) => Ok(usize::try_from(about.len()).unwrap_or(0).min(outline.length())),
            Err(none) if none.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(other) => Err(other.into()),
        }
    }

    /// Puts bytes behind those that have come. Each piece is looked at when its last byte is here.
    ///
    /// # Errors
    /// The disk's own; what was put before stays.
    pub fn blob_put(&self, outline: &Outline, from: usize, bytes: &[u8]) -> Result<Shelved, Fault> {
        let path = self.blob_file(outline.address());
        if path.is_file() {
            self.mark_held(&self.store.write(), outline.address(), true)?;
            return Ok(Shelved { bytes: outline.length(), whole: true, bad: false });
        }
        std::fs::create_dir_all(self.blob_folder())?;
        let part = path.with_extension("part");
        let mut file = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&part)?;
        let begun = usize::try_from(file.metadata()?.len()).map_err(damaged)?;
        if begun > outline.length() {
            // No earlier run wrote that.
            file.set_len(0)?;
            return Ok(Shelved { bytes: 0, whole: false, bad: true });
        }
        if from != begun || bytes.len() > outline.length() - begun {
            return Ok(Shelved { bytes: begun, whole: false, bad: false });
        }
        file.seek(SeekFrom::End(0))?;
        file.write_all(bytes)?;
        let here = begun + bytes.len();
        // At the end every piece is looked at once more: a power cut may have taken from the disk what was right before.
        let first = if here == outline.length() { 0 } else { begun / PIECE };
        let mut piece = Vec::with_capacity(PIECE);
        for at in (first..outline.pieces()).take_while(|at| outline.range(*at).end <= here) {
            let range = outline.range(at);
            piece.clear();
            file.seek(SeekFrom::Start(range.start as u64))?;
            (&mut file).take(range.len() as u64).read_to_end(&mut piece)?;
            if outline.verify(at, &piece).is_err() {
                file.set_len(range.start as u64)?;
                return Ok(Shelved { bytes: range.start, whole: false, bad: true });
            }
        }
        if here < outline.length() && !planted!("a blob is whole before all of it came") {
            return Ok(Shelved { bytes: here, whole: false, bad: false });
        }
        file.sync_all()?;
        drop(file);
        named_whole(&part, &path)?;
        self.mark_held(&self.store.write(), outline.address(), true)?;
        Ok(Shelved { bytes: here, whole: true, bad: false })
    }

    /// Record types that have pictures, for the window to ask again when one has come.
    #[must_use]
    pub fn kinds_with_pictures(&self) -> Vec<String> {
        self.store.schema.all().filter(|l| !l.pictures.is_empty()).map(|l| l.ty.name.to_owned()).collect()
    }
}

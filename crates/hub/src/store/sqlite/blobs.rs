//! Blobs in the SQLite store.

use niangjia_replication::RecordId;
use niangjia_replication::blob::{Address, Outline};
use rusqlite::{OptionalExtension, Transaction, params};

use super::Sqlite;
use crate::store::{BlobStore, StoreFault, StoredBlob};

pub(super) const SCHEMA: &str = include_str!("blobs.sql");

const UNREADABLE: StoreFault = StoreFault::Unreadable("a blob");

fn stored(size: usize) -> Result<i64, StoreFault> {
    i64::try_from(size).map_err(|_| UNREADABLE)
}

fn size(stored: i64) -> Result<usize, StoreFault> {
    usize::try_from(stored).map_err(|_| UNREADABLE)
}

/// Number, bytes that are here, and whether it is whole.
fn row(ask: &Transaction<'_>, address: &[u8; 32]) -> Result<Option<(i64, usize, bool)>, StoreFault> {
    let row: Option<(i64, i64, bool)> = ask
        .prepare_cached("SELECT id, bytes, whole FROM blob WHERE address = ?1")?
        .query_row([address], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    row.map(|(id, bytes, whole)| Ok((id, size(bytes)?, whole))).transpose()
}

fn whole_blob(ask: &Transaction<'_>, address: &[u8; 32]) -> Result<Option<StoredBlob>, StoreFault> {
    let row: Option<(i64, Vec<u8>, i64, bool)> = ask
        .prepare_cached("SELECT length, hashes, bytes, whole FROM blob WHERE address = ?1")?
        .query_row([address], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((length, hashes, bytes, whole)) = row else { return Ok(None) };
    let (hashes, rest) = hashes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(UNREADABLE);
    }
    let outline = Outline::new(Address(*address), length.unsigned_abs(), hashes.to_vec()).map_err(|_| UNREADABLE)?;
    Ok(Some(StoredBlob { outline, bytes: size(bytes)?, whole }))
}

impl BlobStore for Sqlite {
    fn blob(&self, address: &[u8; 32]) -> Result<Option<StoredBlob>, StoreFault> {
        self.read(|ask| whole_blob(ask, address))
    }

    fn begin_blob(&self, outline: &Outline, office: &RecordId, now_ms: i64) -> Result<(), StoreFault> {
        let address = outline.address().0;
        self.write(|act| {
            match whole_blob(act, &address)? {
                Some(there) if there.whole || there.outline == *outline => return Ok(()),
                Some(_) => {
                    act.execute(
                        "DELETE FROM blob_part WHERE blob = (SELECT id FROM blob WHERE address = ?1)",
                        [address],
                    )?;
                    act.execute("DELETE FROM blob WHERE address = ?1", [address])?;
                }
                None => {}
            }
            act.execute(
                "INSERT INTO blob (address, length, hashes, bytes, whole, office, begun_ms) VALUES (?1, ?2, ?3, 0, 0, ?4, ?5)",
                params![address, stored(outline.length())?, outline.hashes().concat(), office.0, now_ms],
            )?;
            Ok(())
        })
    }

    fn put_blob(&self, address: &[u8; 32], from: usize, bytes: &[u8], whole: bool) -> Result<(), StoreFault> {
        self.write(|act| {
            let Some((id, here, done)) = row(act, address)? else { return Ok(()) };
            if done || here != from || bytes.is_empty() {
                return Ok(());
            }
            act.prepare_cached("INSERT INTO blob_part (blob, at, bytes) VALUES (?1, ?2, ?3)")?.execute(params![
                id,
                stored(from)?,
                bytes
            ])?;
            act.prepare_cached("UPDATE blob SET bytes = ?2, whole = ?3 WHERE id = ?1")?.execute(params![
                id,
                stored(from + bytes.len())?,
                whole
            ])?;
            Ok(())
        })
    }

    fn cut_blob(&self, address: &[u8; 32], from: usize) -> Result<(), StoreFault> {
        self.write(|act| {
            let Some((id, here, false)) = row(act, address)? else { return Ok(()) };
            if from >= here {
                return Ok(());
            }
            // A part that reaches over the cut goes as well; what is before it is sent again.
            let parts: Option<i64> = act
                .prepare_cached("SELECT min(at) FROM blob_part WHERE blob = ?1 AND at + length(bytes) > ?2")?
                .query_row(params![id, stored(from)?], |row| row.get(0))?;
            let cut = parts.unwrap_or(0);
            act.prepare_cached("DELETE FROM blob_part WHERE blob = ?1 AND at >= ?2")?.execute([id, cut])?;
            act.prepare_cached("UPDATE blob SET bytes = ?2 WHERE id = ?1")?.execute([id, cut])?;
            Ok(())
        })
    }

    fn blob_bytes(&self, address: &[u8; 32], from: usize, most: usize) -> Result<Vec<u8>, StoreFault> {
        self.read(|ask| {
            let Some((id, here, _)) = row(ask, address)? else { return Ok(Vec::new()) };
            let end = from.saturating_add(most).min(here);
            if from >= end {
                return Ok(Vec::new());
            }
            let mut out = Vec::with_capacity(end - from);
            // The last part that begins at or before `from`, and all up to the end.
            let mut parts = ask.prepare_cached(
                "SELECT at, bytes FROM blob_part WHERE blob = ?1 AND at < ?3
                 AND at >= (SELECT max(at) FROM blob_part WHERE blob = ?1 AND at <= ?2) ORDER BY at",
            )?;
            let mut rows = parts.query(params![id, stored(from)?, stored(end)?])?;
            while let Some(part) = rows.next()? {
                let at = size(part.get(0)?)?;
                let bytes = part.get_ref(1)?.as_blob().map_err(|_| UNREADABLE)?;
                let (first, last) = (from.saturating_sub(at), bytes.len().min(end - at));
                out.extend_from_slice(bytes.get(first..last).ok_or(UNREADABLE)?);
            }
            Ok(out)
        })
    }

    fn blob_usage(&self, office: &RecordId) -> Result<u64, StoreFault> {
        self.read(|ask| {
            let sum: i64 = ask
                .prepare_cached("SELECT coalesce(sum(length), 0) FROM blob WHERE office = ?1")?
                .query_row([office.0], |row| row.get(0))?;
            Ok(sum.unsigned_abs())
        })
    }
}

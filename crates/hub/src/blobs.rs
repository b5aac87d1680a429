//! The relay's judgement on blobs: functions of the store, like `relay`. The hub cannot read a blob; it sees to it that what it
//! stores under an address is what has that address.

use niangjia_replication::blob::{Address, PIECE};
use niangjia_replication::keys::Identity;
use niangjia_replication::planted;
use niangjia_replication::wire::{BlobHeld, BlobSlice, RefusalCode};

use crate::store::{SegmentStore, StoreFault};

/// Bytes of blobs that the devices of one office may bring: some 200,000 photos.
pub const QUOTA: u64 = 16 << 30;

/// How much is here of each.
///
/// # Errors
/// When the store cannot be read.
pub fn held(store: &dyn SegmentStore, addresses: &[Address]) -> Result<Vec<BlobHeld>, StoreFault> {
    let held = |address: &Address| {
        let stored = store.blob(&address.0)?;
        Ok(stored.map_or_else(BlobHeld::default, |blob| BlobHeld {
            bytes: blob.bytes as u64,
            whole: blob.whole,
            bad: false,
        }))
    };
    addresses.iter().map(held).collect()
}

/// Puts a slice behind what is here. Each piece is looked at when its last byte comes; a bad one is thrown away.
///
/// # Errors
/// When the store cannot be written; the inner one is the answer to the asker.
pub fn put(
    store: &dyn SegmentStore,
    who: &Identity,
    address: Address,
    slice: &BlobSlice,
    quota: u64,
    now_ms: i64,
) -> Result<Result<BlobHeld, RefusalCode>, StoreFault> {
    let Ok(outline) = slice.outline(address) else { return Ok(Err(RefusalCode::Malformed)) };
    let from = usize::try_from(slice.from).unwrap_or(usize::MAX);
    let range = outline.range(from / PIECE);
    let end = from.saturating_add(slice.bytes.len());
    if slice.bytes.is_empty() || end > range.end {
        // A slice stays within its piece.
        return Ok(Err(RefusalCode::Malformed));
    }
    let there = store.blob(&address.0)?;
    if there.is_none() && store.blob_usage(&who.office)?.saturating_add(slice.length) > quota {
        return Ok(Err(RefusalCode::Full));
    }
    if there.is_none_or(|blob| blob.outline != outline) {
        store.begin_blob(&outline, &who.office, now_ms)?;
    }
    let answer = |bad: bool| -> Result<Result<BlobHeld, RefusalCode>, StoreFault> {
        let mut held = held(store, &[address])?;
        Ok(Ok(BlobHeld { bad, ..held.pop().unwrap_or_default() }))
    };
    let Some(here) = store.blob(&address.0)? else { return answer(false) };
    if here.whole || here.bytes != from {
        return answer(false);
    }
    if end == range.end {
        let mut piece = store.blob_bytes(&address.0, range.start, from - range.start)?;
        piece.extend_from_slice(&slice.bytes);
        if outline.verify(range.start / PIECE, &piece).is_err() {
            store.cut_blob(&address.0, range.start)?;
            return answer(true);
        }
    }
    let whole = end == outline.length() || planted!("the hub acknowledges a blob too early");
    store.put_blob(&address.0, from, &slice.bytes, whole)?;
    answer(false)
}

#[cfg(test)]
mod tests {
    use niangjia_replication::blob::{Blob, Media, Outline};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    use super::*;
    use crate::county::County;
    use crate::store::{BlobStore as _, Sqlite};

    fn sealed(size: usize) -> (Outline, Vec<u8>) {
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        let (blob, sealed) = Blob::seal(&vec![5; size], Media::Jpeg, &mut rng).unwrap();
        (blob.outline().clone(), sealed)
    }

    #[test]
    fn a_tampered_piece_is_refused_and_only_it_comes_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&dir.path().join("hub.db")).unwrap();
        let mut county = County::new(1);
        let who = county.pc().identity(&county.root());
        let (outline, bytes) = sealed(PIECE + 9000);
        let put = |from: usize, bytes: &[u8]| {
            let slice = BlobSlice::new(&outline, from, bytes.to_vec());
            put(&store, &who, outline.address(), &slice, QUOTA, 0).unwrap()
        };
        assert_eq!(put(0, &bytes[..PIECE]), Ok(BlobHeld { bytes: PIECE as u64, whole: false, bad: false }));
        let mut bad = bytes[PIECE..].to_vec();
        bad[77] ^= 1;
        assert_eq!(put(PIECE, &bad[..100]), Ok(BlobHeld { bytes: PIECE as u64 + 100, whole: false, bad: false }));
        assert_eq!(put(PIECE + 100, &bad[100..]), Ok(BlobHeld { bytes: PIECE as u64, whole: false, bad: true }));
        let whole = BlobHeld { bytes: bytes.len() as u64, whole: true, bad: false };
        assert_eq!(put(PIECE, &bytes[PIECE..]), Ok(whole));
        assert_eq!(put(0, &bytes[..10]), Ok(whole), "and whole it stays");
        assert_eq!(store.blob_bytes(&outline.address().0, 0, usize::MAX).unwrap(), bytes);
    }

    #[test]
    fn lies_about_sizes_and_places_are_refused_before_anything_is_stored() {
        let dir = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&dir.path().join("hub.db")).unwrap();
        let mut county = County::new(1);
        let who = county.pc().identity(&county.root());
        let (outline, bytes) = sealed(PIECE + 9000);
        let address = outline.address();
        let good = BlobSlice::new(&outline, 0, bytes[..10].to_vec());
        let slices = [
            BlobSlice { length: u64::MAX, ..good.clone() },
            BlobSlice { hashes: Vec::new(), ..good.clone() },
            BlobSlice { hashes: good.hashes.iter().rev().copied().collect(), ..good.clone() },
            BlobSlice { from: u64::MAX, ..good.clone() },
            BlobSlice { bytes: Vec::new(), ..good.clone() },
            BlobSlice { bytes: bytes.clone(), ..good.clone() },
        ];
        for slice in slices {
            assert_eq!(put(&store, &who, address, &slice, QUOTA, 0).unwrap(), Err(RefusalCode::Malformed));
        }
        assert_eq!(put(&store, &who, address, &good, 1000, 0).unwrap(), Err(RefusalCode::Full));
        assert_eq!(store.blob(&address.0).unwrap(), None);
    }
}

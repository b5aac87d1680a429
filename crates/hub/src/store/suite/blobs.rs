//! What every store must do with blobs. It looks at places and sizes; whether pieces are right is the relay's to see.

use niangjia_replication::RecordId;
use niangjia_replication::blob::{Blob, Media, Outline, PIECE};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use super::SegmentStore;

const OFFICE: RecordId = RecordId([1; 16]);

fn sealed(size: usize, seed: u8) -> (Outline, Vec<u8>) {
    let (blob, sealed) = Blob::seal(&vec![seed; size], Media::Jpeg, &mut ChaCha20Rng::from_seed([seed; 32])).unwrap();
    (blob.outline().clone(), sealed)
}

fn here(store: &dyn SegmentStore, outline: &Outline) -> Option<(usize, bool)> {
    store.blob(&outline.address().0).unwrap().map(|blob| (blob.bytes, blob.whole))
}

pub(super) fn every_store(store: &dyn SegmentStore) {
    let (outline, bytes) = sealed(PIECE + 5000, 1);
    let address = outline.address().0;
    assert_eq!(here(store, &outline), None);
    store.put_blob(&address, 0, &bytes[..10], false).unwrap();
    assert_eq!(here(store, &outline), None, "nothing is put where nothing was begun");
    assert_eq!(store.blob_bytes(&address, 0, 10).unwrap(), [0; 0]);

    store.begin_blob(&outline, &OFFICE, 5).unwrap();
    store.begin_blob(&outline, &RecordId([2; 16]), 6).unwrap();
    assert_eq!(store.blob_usage(&OFFICE).unwrap(), bytes.len() as u64);
    assert_eq!(store.blob_usage(&RecordId([2; 16])).unwrap(), 0, "whoever came first brought it");
    store.put_blob(&address, 0, &bytes[..1000], false).unwrap();
    store.put_blob(&address, 0, &bytes[..1000], false).unwrap();
    store.put_blob(&address, 3000, &bytes[3000..4000], false).unwrap();
    assert_eq!(here(store, &outline), Some((1000, false)), "repeated and out of place: nothing happens");
    store.put_blob(&address, 1000, &bytes[1000..5000], false).unwrap();
    for (from, most) in [(0, 5000), (999, 2), (1000, 4000), (4999, 100), (1500, 10)] {
        assert_eq!(store.blob_bytes(&address, from, most).unwrap(), bytes[from..(from + most).min(5000)]);
    }
    assert_eq!(store.blob_bytes(&address, 5000, 1).unwrap(), [0; 0]);
    assert_eq!(store.blob_bytes(&address, usize::MAX, usize::MAX).unwrap(), [0; 0]);

    store.cut_blob(&address, 2000).unwrap();
    assert_eq!(here(store, &outline), Some((1000, false)), "the part that reached over the cut is sent again");
    store.put_blob(&address, 1000, &bytes[1000..PIECE], false).unwrap();
    store.put_blob(&address, PIECE, &bytes[PIECE..], true).unwrap();
    assert_eq!(here(store, &outline), Some((bytes.len(), true)));
    store.cut_blob(&address, 0).unwrap();
    store.begin_blob(&outline, &OFFICE, 7).unwrap();
    assert_eq!(here(store, &outline), Some((bytes.len(), true)), "what is whole stays");
    assert_eq!(store.blob_bytes(&address, 0, usize::MAX).unwrap(), bytes);

    // Begun with a length that it has not: the true one begins anew.
    let (other, bytes) = sealed(600, 2);
    let lie = Outline::new(other.address(), 700, Vec::new()).unwrap();
    store.begin_blob(&lie, &OFFICE, 8).unwrap();
    store.put_blob(&other.address().0, 0, &[9; 50], false).unwrap();
    store.begin_blob(&other, &OFFICE, 9).unwrap();
    assert_eq!(here(store, &other), Some((0, false)));
    store.put_blob(&other.address().0, 0, &bytes[..300], false).unwrap();
}

pub(super) fn after_a_restart(store: &dyn SegmentStore) {
    let (outline, bytes) = sealed(PIECE + 5000, 1);
    assert_eq!(store.blob_bytes(&outline.address().0, 0, usize::MAX).unwrap(), bytes);
    assert_eq!(here(store, &sealed(600, 2).0), Some((300, false)), "half a blob survives");
}

//! A blob comes out as it went in, and nothing that is not its own bytes is ever taken for it.

use std::sync::LazyLock;

use proptest::prelude::*;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use super::*;

fn sealed(size: usize) -> (Vec<u8>, Blob, Vec<u8>) {
    let plain: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
    let (blob, sealed) = Blob::seal(&plain, Media::Jpeg, &mut ChaCha20Rng::from_seed([7; 32])).unwrap();
    (plain, blob, sealed)
}

#[test]
fn the_address_is_the_blake3_of_the_sealed_bytes_whatever_the_size() {
    for size in [1, 1000, PIECE - TAG, PIECE - TAG + 1, 2 * (PIECE - TAG), 4 * PIECE + 7] {
        let (plain, blob, sealed) = sealed(size);
        assert_eq!(blob.outline().address().0, *blake3::hash(&sealed).as_bytes(), "{size}");
        assert_eq!(*blob.open(&sealed).unwrap(), plain, "{size}");
        assert_eq!(Blob::from_bytes(&blob.to_bytes()).unwrap(), blob, "{size}");
        let pieces = blob.outline().pieces();
        assert!((0..pieces).all(|at| blob.outline().verify(at, &sealed[blob.outline().range(at)]).is_ok()));
    }
}

#[test]
fn a_changed_byte_is_found_in_its_own_piece_and_nowhere_else() {
    let (_, blob, mut sealed) = sealed(3 * PIECE);
    sealed[PIECE + 99] ^= 1;
    let right: Vec<bool> = (0..blob.outline().pieces())
        .map(|at| blob.outline().verify(at, &sealed[blob.outline().range(at)]).is_ok())
        .collect();
    assert_eq!(right, [true, false, true, true]);
    assert_eq!(blob.open(&sealed), Err(Bad::Mismatch("piece of a blob")));
}

#[test]
fn pieces_cannot_change_places_and_none_can_be_left_off() {
    let (_, blob, sealed) = sealed(2 * PIECE);
    let outline = blob.outline();
    assert!(outline.verify(0, &sealed[outline.range(1)]).is_err());
    assert!(outline.verify(3, &[]).is_err() && outline.verify(usize::MAX, &[]).is_err());
    assert!(blob.open(&sealed[..PIECE]).is_err());
}

#[test]
fn another_key_opens_nothing() {
    let (_, blob, sealed) = sealed(100);
    let mut bytes = blob.to_bytes();
    bytes[40] ^= 1;
    assert_eq!(Blob::from_bytes(&bytes).unwrap().open(&sealed), Err(Bad::Sealed));
}

#[test]
fn sizes_are_looked_at_before_any_work() {
    let rng = &mut ChaCha20Rng::from_seed([7; 32]);
    assert_eq!(Blob::seal(&[], Media::Jpeg, rng).unwrap_err(), Bad::Truncated);
    assert!(matches!(Blob::seal(&vec![0; LARGEST], Media::Jpeg, rng), Err(Bad::TooBig { .. })));
    let address = Address([1; 32]);
    assert!(matches!(Outline::new(address, u64::MAX, Vec::new()), Err(Bad::TooBig { .. })));
    assert!(Outline::new(address, TAG as u64, Vec::new()).is_err());
    assert!(Outline::new(address, 2 * PIECE as u64, Vec::new()).is_err());
    assert!(Outline::new(address, 2 * PIECE as u64, vec![[0; 32]; 2]).is_err());
}

#[test]
fn what_a_newer_version_wrote_is_known_as_such() {
    let (_, blob, _) = sealed(100);
    for place in [0, 1] {
        let mut bytes = blob.to_bytes();
        bytes[place] = 9;
        assert!(matches!(Blob::from_bytes(&bytes), Err(Bad::Unknown { number: 9, .. })));
    }
}

#[test]
fn a_reference_does_not_print_its_key() {
    let (_, blob, _) = sealed(100);
    let key = hex::encode(&blob.to_bytes()[38..70]);
    assert!(!format!("{blob:?}").contains(&key[..16]) && format!("{blob:?}").contains("BlobKey"));
}

proptest! {
    #[test]
    fn any_bytes_whatever_are_a_reference_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(blob) = Blob::from_bytes(&bytes) {
            prop_assert_eq!(blob.to_bytes(), bytes);
        }
    }

    #[test]
    fn a_reference_cut_or_lengthened_is_refused(cut in 0usize..198, more in 1usize..64) {
        static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| sealed(3 * PIECE).1.to_bytes());
        let mut bytes = WHOLE.clone();
        prop_assert!(Blob::from_bytes(&bytes[..cut]).is_err());
        bytes.extend(vec![0; more]);
        prop_assert!(Blob::from_bytes(&bytes).is_err());
    }
}

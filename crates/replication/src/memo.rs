//! What was reckoned and found good once, for the simulation only: in it a dozen PCs of one process look at the same signatures
//! over and over. Without the feature `memo` everything is reckoned each time; a build without debug assertions refuses to
//! contain it.

use crate::bad::Bad;

#[cfg(all(feature = "memo", not(debug_assertions)))]
compile_error!("the feature memo is for the simulation; a release build must not contain it");

/// Reckons whether these parts, all of them and in this order, are good, unless they were found good before. What is bad is
/// reckoned each time.
#[cfg(not(feature = "memo"))]
pub(crate) fn once(_: &[&[u8]], reckon: impl FnOnce() -> Result<(), Bad>) -> Result<(), Bad> {
    reckon()
}

/// Reckons whether these parts, all of them and in this order, are good, unless they were found good before. What is bad is
/// reckoned each time.
#[cfg(feature = "memo")]
pub(crate) fn once(parts: &[&[u8]], reckon: impl FnOnce() -> Result<(), Bad>) -> Result<(), Bad> {
    use std::{cell::RefCell, collections::HashSet};

    /// More than a history has; some 4 MB a thread.
    const MOST: usize = 1 << 16;
    thread_local! {
        static GOOD: RefCell<HashSet<[u8; 32]>> = RefCell::default();
    }

    let mut hash = blake3::Hasher::new();
    for part in parts {
        hash.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    let name = *hash.finalize().as_bytes();
    if GOOD.with_borrow(|good| good.contains(&name)) {
        return Ok(());
    }
    reckon()?;
    GOOD.with_borrow_mut(|good| {
        if good.len() >= MOST {
            good.clear();
        }
        good.insert(name);
    });
    Ok(())
}

#[cfg(all(test, feature = "memo"))]
mod tests {
    use super::once;
    use crate::bad::Bad;

    #[test]
    fn what_was_found_good_is_reckoned_once_and_what_is_bad_each_time() {
        let bad = || Err(Bad::Signature);
        assert!(once(&[b"key", b"signature"], bad).is_err());
        assert!(once(&[b"key", b"signature"], || Ok(())).is_ok());
        assert!(once(&[b"key", b"signature"], bad).is_ok(), "it was good");
        assert!(once(&[b"keysig", b"nature"], bad).is_err(), "the same bytes, parted elsewhere, are another thing");
        assert!(once(&[b"key", b"signature", b""], bad).is_err(), "and so are more parts");
    }
}

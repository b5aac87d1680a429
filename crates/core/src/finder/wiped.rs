//! Memory that leaves nothing behind: wiped when it grows out of its place and when it is dropped.

use std::ops::{Deref, DerefMut};

use zeroize::Zeroize;

/// A vector of personal data. Growing copies into a new place and wipes the old one.
pub(super) struct Wiped<T: Copy + Zeroize>(Vec<T>);

impl<T: Copy + Zeroize> Wiped<T> {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(super) fn push(&mut self, value: T) {
        self.room(1);
        self.0.push(value);
    }

    pub(super) fn extend(&mut self, values: &[T]) {
        self.room(values.len());
        self.0.extend_from_slice(values);
    }

    /// Memory held, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<T>()
    }

    #[inline]
    fn room(&mut self, more: usize) {
        let needed = self.0.len() + more;
        if needed > self.0.capacity() {
            self.grow(needed);
        }
    }

    #[cold]
    fn grow(&mut self, needed: usize) {
        // A quarter of slack: the index shall be small, and a commit adds few records.
        let mut grown = Vec::with_capacity(needed.max(self.0.capacity() / 4 * 5).max(16));
        grown.extend_from_slice(&self.0);
        self.0.zeroize();
        self.0 = grown;
    }
}

impl<T: Copy + Zeroize> Default for Wiped<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Zeroize> Deref for Wiped<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Copy + Zeroize> DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Copy + Zeroize> Drop for Wiped<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

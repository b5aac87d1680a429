//! What a hub remembers of blobs: sealed bytes from the first on, as far as they have come.

use niangjia_replication::RecordId;
use niangjia_replication::blob::Outline;

use super::StoreFault;

/// A blob as far as it is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    pub outline: Outline,
    /// Bytes that are here, from the first on.
    pub bytes: usize,
    /// All of them are here and were found right.
    pub whole: bool,
}

/// The part of the store that holds blobs. As with segments: a writing call is one transaction, and any may be repeated.
pub trait BlobStore: Send + Sync {
    /// # Errors
    /// When the store cannot be read.
    fn blob(&self, address: &[u8; 32]) -> Result<Option<StoredBlob>, StoreFault>;

    /// Begins a blob, brought by a device of this office; one that was begun otherwise begins anew, a whole one stays.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn begin_blob(&self, outline: &Outline, office: &RecordId, now_ms: i64) -> Result<(), StoreFault>;

    /// Puts bytes behind those that are here; nothing where they do not begin there. `whole` says that with them it is.
    ///
    /// # Errors
    /// When the store cannot be written; nothing is stored then.
    fn put_blob(&self, address: &[u8; 32], from: usize, bytes: &[u8], whole: bool) -> Result<(), StoreFault>;

    /// Throws away what lies from there on, in a blob that is not whole.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn cut_blob(&self, address: &[u8; 32], from: usize) -> Result<(), StoreFault>;

    /// Bytes of a blob from there on, at most so many; fewer where no more are here.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn blob_bytes(&self, address: &[u8; 32], from: usize, most: usize) -> Result<Vec<u8>, StoreFault>;

    /// Bytes of all blobs that devices of an office have brought, those included that are still to come.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn blob_usage(&self, office: &RecordId) -> Result<u64, StoreFault>;
}

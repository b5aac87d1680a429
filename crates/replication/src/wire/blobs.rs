//! What is said about blobs. Any certified device of the county may ask and bring: the hub sees sealed bytes only, an address is
//! told in sealed changes only, and nobody can guess one.

use serde::Serialize;

use crate::bad::Bad;
use crate::blob::{Address, Outline};

/// Addresses in one question.
pub const ASKED: usize = 256;

/// `POST /v1/blobs`: how much of these is there?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct BlobsAsk {
    pub addresses: Vec<Address>,
}

/// The answer, in the order of the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct BlobsHeld {
    pub held: Vec<BlobHeld>,
}

/// How much of a blob the hub holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct BlobHeld {
    /// Sealed bytes, from the first on.
    pub bytes: u64,
    /// All pieces are there and right.
    pub whole: bool,
    /// Of a [`BlobSlice`]: a piece was not right and has to come again.
    pub bad: bool,
}

/// `PUT /v1/blobs/{address}`: bytes to be put behind those that are there. What does not begin there is not taken; the
/// answer, a [`BlobHeld`], says where to go on. `GET /v1/blobs/{address}?from=…&to=…` answers such bytes as they are.
#[derive(Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct BlobSlice {
    /// Sealed bytes of the whole blob.
    pub length: u64,
    /// [`Outline::hashes`].
    pub hashes: Vec<super::Digest>,
    pub from: u64,
    /// At most one piece.
    #[serde(with = "crate::serial::blob")]
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for BlobSlice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BlobSlice({} of {}, {} bytes)", self.from, self.length, self.bytes.len())
    }
}

impl BlobSlice {
    #[must_use]
    pub fn new(outline: &Outline, from: usize, bytes: Vec<u8>) -> Self {
        let hashes = outline.hashes().iter().map(|hash| super::Digest(*hash)).collect();
        Self { length: outline.length() as u64, hashes, from: from as u64, bytes }
    }

    /// # Errors
    /// As [`Outline::new`].
    pub fn outline(&self, address: Address) -> Result<Outline, Bad> {
        Outline::new(address, self.length, self.hashes.iter().map(|hash| hash.0).collect())
    }
}

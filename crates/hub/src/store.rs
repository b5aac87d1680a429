//! What a hub remembers, whatever the database: sealed segments in chains, the pinned root, the devices seen.

use std::collections::BTreeMap;

use niangjia_replication::keys::{CertId, VerifyingKey};
use niangjia_replication::wire::{About, Lack, Placed, held::Numbered};
use niangjia_replication::{Frontier, Head, Incarnation, RecordId, Stream};
use thiserror::Error;

pub use crate::checkpoints::{ArrivedPart, Whole};

mod blobs;
mod sqlite;
#[cfg(test)]
mod suite;

pub use blobs::{BlobStore, StoredBlob};
pub use sqlite::Sqlite;

/// Why the store did not do it.
#[derive(Debug, Error)]
pub enum StoreFault {
    /// No room on the disk: nothing of the request was stored.
    #[error("the disk is full")]
    Full,
    #[error("the store: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// Something stands in the store that no version of the hub writes.
    #[error("the store holds what it cannot read: {0}")]
    Unreadable(&'static str),
}

/// What is fixed when a hub is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    /// The life of this store; a restored copy gets another one.
    pub epoch: Incarnation,
    /// `Claim::digest`; the claim itself is kept nowhere.
    pub claim: [u8; 32],
}

/// A segment that has passed every check but its place in the chain.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    pub stream: Stream,
    pub chain: Incarnation,
    /// From 1.
    pub seq: u64,
    /// Zeros for the first.
    pub prev: [u8; 32],
    pub hash: [u8; 32],
    /// The device whose key signed it; a chain has one.
    pub signer: VerifyingKey,
    pub bytes: &'a [u8],
}

/// Which chains of a stream an asker may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    All,
    /// Only those that this device signed: the sender of mail.
    Own(VerifyingKey),
}

/// A page of segments, oldest first in each chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub segments: Vec<Vec<u8>>,
    /// Whether the asker lacks more than this.
    pub more: bool,
}

/// A device as the hub knows it: by number, not by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub cert: CertId,
    pub key: VerifyingKey,
    pub office: RecordId,
    pub county: bool,
    /// Its certificates up to the root, as `chain_to_cbor` writes them.
    pub chain: Vec<u8>,
}

/// When a device was seen and what it told about its office last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub device: Device,
    /// The hub's clock, milliseconds since 1970.
    pub first_ms: i64,
    /// `None` while others only carried its segments here.
    pub last_ms: Option<i64>,
    pub counts: BTreeMap<String, u64>,
    /// What it said of its office last; empty where it never did.
    pub about: About,
}

/// What a device tells about its office.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    pub counts: BTreeMap<String, u64>,
    pub about: Option<About>,
}

/// How much a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extent {
    pub segments: u64,
    /// Chains with more than one last segment: something writes twice under one identity.
    pub forked: Vec<(Stream, Incarnation)>,
}

/// The hub's store. Calls wait for the disk; every writing call is one transaction that is on disk when it returns,
/// and every call may be repeated.
pub trait SegmentStore: BlobStore + Send + Sync {
    /// # Errors
    /// When the store cannot be read.
    fn birth(&self) -> Result<Option<Birth>, StoreFault>;

    /// Makes the store a hub's; the first call wins. Returns what stands now.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn be_born(&self, birth: &Birth) -> Result<Birth, StoreFault>;

    /// The county's root, once claimed.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn root(&self) -> Result<Option<VerifyingKey>, StoreFault>;

    /// Pins the county's root; the first one wins for good. Returns what stands now.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn pin(&self, root: &VerifyingKey) -> Result<VerifyingKey, StoreFault>;

    /// Notes that a device was here, and what it told, if anything.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn note(&self, device: &Device, now_ms: i64, told: Option<&Told>) -> Result<(), StoreFault>;

    /// # Errors
    /// When the store cannot be read.
    fn device(&self, cert: &CertId) -> Result<Option<Device>, StoreFault>;

    /// # Errors
    /// When the store cannot be read.
    fn seen(&self) -> Result<Vec<Seen>, StoreFault>;

    /// Keeps an order of the county, once.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn keep_order(&self, order: &[u8]) -> Result<(), StoreFault>;

    /// Every order that was told.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn orders(&self) -> Result<Vec<Vec<u8>>, StoreFault>;

    /// Gives each segment its place and remembers the devices that they introduced: all in one transaction, in this
    /// order. One that was held and is lost, or whose bytes were changed by the disk, takes its old place again.
    ///
    /// # Errors
    /// When the store cannot be written; nothing is stored then.
    fn place(&self, segments: &[Arrived<'_>], introduced: &[Device], now_ms: i64) -> Result<Vec<Placed>, StoreFault>;

    /// How much there is, and which chains have several ends.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn extent(&self) -> Result<Extent, StoreFault>;

    /// Streams that hold anything.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn streams(&self) -> Result<Vec<Stream>, StoreFault>;

    /// The stream of the segment with this hash, if it is here.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn stream_of(&self, hash: &[u8; 32]) -> Result<Option<Stream>, StoreFault>;

    /// # Errors
    /// When the store cannot be read.
    fn frontier(&self, stream: &Stream, view: View) -> Result<Frontier, StoreFault>;

    /// Keeps one part of a checkpoint, and when it makes it whole lets go of older ones that never became whole; chains that do not
    /// reach as far as it covers stand on it from then on ([`SegmentStore::lacking`]). Returns whether the part is new.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn keep_part(&self, part: &ArrivedPart<'_>) -> Result<bool, StoreFault>;

    /// Lets go of these checkpoints of a stream.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn let_go(&self, stream: &Stream, ids: &[[u8; 16]]) -> Result<(), StoreFault>;

    /// Whether there is a whole checkpoint of a stream.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn has_checkpoint(&self, stream: &Stream) -> Result<bool, StoreFault>;

    /// The whole checkpoints of a stream, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn checkpoints(&self, stream: &Stream) -> Result<Vec<Whole>, StoreFault>;

    /// The parts of a checkpoint behind the first `after`, in their order, up to `max_bytes` but at least one if there is one.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn parts(&self, id: &[u8; 16], after: u32, max_bytes: usize) -> Result<Page, StoreFault>;

    /// Whether it holds that segment of a chain, or stands on a checkpoint that ends with it.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn holds(&self, stream: &Stream, chain: Incarnation, head: &Head) -> Result<bool, StoreFault>;

    /// The segments of a part of a chain, in the order of numbers and hashes, and how many bytes were read for it. Each is read:
    /// one whose bytes are not what its hash says any more is not held.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn held(
        &self,
        stream: &Stream,
        chain: Incarnation,
        from: u64,
        to: u64,
        view: View,
    ) -> Result<(Vec<Numbered>, u64), StoreFault>;

    /// The segment with this hash; `None` also where its bytes are not what its hash says any more.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn segment(&self, hash: &[u8; 32], view: View) -> Result<Option<Vec<u8>>, StoreFault>;

    /// What is missing below the checkpoints that chains stand on.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn lacking(&self) -> Result<Vec<Lack>, StoreFault>;

    /// The chains that stand on a checkpoint, and where it ends.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn stands(&self) -> Result<Vec<(Stream, Incarnation, Head)>, StoreFault>;

    /// Lets chains stand on a whole checkpoint that covers this, as far as they do not reach so far themselves. What was adrift and
    /// follows it takes its place.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn stand_on(&self, stream: &Stream, cover: &Frontier) -> Result<(), StoreFault>;

    /// Takes away the checkpoint that a chain stands on: it has what is here of it without a hole from its first segment on. What
    /// followed the checkpoint is kept, told to nobody, and takes its place again behind what it follows.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn stand_down(&self, stream: &Stream, chain: Incarnation) -> Result<(), StoreFault>;

    /// The devices that may have written a chain: those with the key of its first segment.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn writers(&self, stream: &Stream, chain: Incarnation) -> Result<Vec<Device>, StoreFault>;

    /// What a holder of `have` lacks: in the order in which it came here, so causes first, up to `max_bytes` but at
    /// least one segment if there is one.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn missing(&self, stream: &Stream, have: &Frontier, view: View, max_bytes: usize) -> Result<Page, StoreFault>;
}

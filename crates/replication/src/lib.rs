//! niangjia-replication: signed, sealed, chained segments, and who may write and read them.
//!
//! Knows no member and no SQL, reads no clock and draws no randomness: callers hand both in. Every
//! decoder takes any bytes whatever, checks sizes before it allocates, accepts one encoding only,
//! and answers [`Bad`] instead of panicking.

mod bad;
#[cfg(feature = "bare")]
pub mod bare;
mod cbor;
mod cert;
mod cose;
mod envelope;
#[cfg(test)]
mod golden;
mod memo;
mod serial;
mod spoken;
#[cfg(test)]
mod test;
mod value;

pub mod blob;
pub mod block;
pub mod change;
pub mod checkpoint;
pub mod enrol;
pub mod files;
pub mod frontier;
pub mod keys;
pub mod kit;
pub mod orders;
pub mod packet;
pub mod planted;
pub mod root;
pub mod segment;
pub mod slot;
pub mod stream;
pub mod wire;

/// Version of every format of this crate, frozen with cards and transfers: golden files in `tests/fixtures/format-v1.json` hold what was
/// written then, and every later version reads it. Kinds and fields of records are no part of it: what a version does not know it
/// keeps and passes on.
pub const FORMAT: u8 = 1;

pub use bad::{Bad, Limits};
pub use block::Block;
pub use change::{Change, ChangeId, ClerkId, Dot, Event, Hlc, Incarnation, RecordId, Set, Value, ValueRef};
pub use frontier::{Frontier, Head, SetHash};
pub use segment::{Draft, Header, Sealed, Segment, Verified, seal};
pub use spoken::Typo;
pub use stream::Stream;

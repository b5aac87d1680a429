//! What is asked first: which streams stand otherwise at the hub, and what it lacks or doubts below checkpoints.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Begun, Digest};
use crate::change::Incarnation;
use crate::frontier::Frontier;
use crate::stream::Stream;

/// `POST /v1/changed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct ChangedAsk {
    /// What the asker holds; a stream is left out or named with the digest of an empty frontier when it holds nothing of it.
    pub streams: Vec<(Stream, Digest)>,
    /// What the office tells about itself for the county's status page, such as `members`; at most [`COUNTS`] names of at most 32 bytes.
    pub counts: BTreeMap<String, u64>,
    /// Which office it is, for the same page; told together with counts.
    #[serde(default)]
    pub about: Option<About>,
}

/// What an office says of itself to the hub, in the open: no names of persons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
pub struct About {
    /// Official name, such as 平明镇总工会; at most [`ABOUT`] bytes, like the others.
    pub name: String,
    /// Administrative code.
    pub code: String,
    /// The version of its program.
    pub version: String,
}

/// Bytes of each text in [`About`].
pub const ABOUT: usize = 200;

/// Self-reported counts that a hub keeps of one device.
pub const COUNTS: usize = 16;

/// The answer to [`ChangedAsk`]: the hub's frontier of every stream that differs, those included that the asker may
/// read and did not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Changed {
    pub time_ms: i64,
    pub differ: Vec<(Stream, Frontier)>,
    /// What a break left at the hub of frames that this device was bringing; it may go on behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begun: Vec<(Stream, Begun)>,
    /// Those of `differ` of which the hub has a checkpoint, for whoever holds nothing of them yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summed: Vec<Stream>,
    /// What a hub lacks that was given a checkpoint and what follows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<Lack>,
    /// What checkpoints here tell of registrars that were lost beyond what the orders accept of them: for the registrar, which alone
    /// may accept it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubted: Vec<Lack>,
}

/// Segments of a chain that a hub lacks below a checkpoint: those behind `after` up to the one that the checkpoint ends with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Lack {
    pub stream: Stream,
    pub chain: Incarnation,
    /// The last number that it has from the first one on; 0 where it has none.
    pub after: u64,
    pub until: u64,
    /// Of the segment with the number `until`.
    pub hash: Digest,
}

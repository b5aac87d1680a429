//! What a hub and an office say to each other: questions, answers, frames and the signed request.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bad::{Bad, Limits, within};
use crate::change::{Incarnation, RecordId};
use crate::frontier::Frontier;
use crate::keys::{VerifyingKey, public32};

mod begun;
mod blobs;
mod changed;
mod exchange;
pub mod held;

pub use begun::Begun;
pub use blobs::{ASKED, BlobHeld, BlobSlice, BlobsAsk, BlobsHeld};
pub use changed::{ABOUT, About, COUNTS, Changed, ChangedAsk, Lack};
pub use exchange::{Found, Kept, Lacks, Received, Replica, ReplicaFault, lacks};

/// What this build speaks. The hub answers every version of its window for at least a year after the next one.
pub const PROTOCOL: Window = Window { min: 1, max: 1 };
/// Bytes of frames that a link sends in one request (a larger single segment goes alone).
pub const BATCH: usize = 1 << 20;
/// Bytes of frames that a hub sends in one answer (a larger single segment goes alone).
pub const PAGE: usize = 1 << 20;
/// Bytes of any request: a batch, or one largest segment, with room for their frame heads.
pub const REQUEST: usize = (2 << 20) + (64 << 10);
/// Segments in one request.
pub const FRAMES: usize = 1024;

/// `Niangjia <certificate chain>.<signature>`, both base64 (URL alphabet, no padding).
pub const SCHEME: &str = "Niangjia ";
/// Before the BLAKE3 of the certificate chain (base64), which may stand for a chain that the hub has seen; one that does not know
/// it answers [`RefusalCode::Unsigned`], and is shown the chain.
pub const NAMED: &str = "~";
/// 32 hex digits that make two equal requests differ.
pub const NONCE: &str = "niangjia-nonce";
/// The protocol version that the asker speaks; a decimal number.
pub const VERSION: &str = "niangjia-protocol";
/// On every answer: the hub's [`Status::epoch`].
pub const EPOCH: &str = "niangjia-epoch";
/// On a request that brings frames: what of them the hub has from before the line broke; only what follows is in the body ([`Begun::header`]).
pub const BEGUN: &str = "niangjia-begun";
/// On a page of frames: how many of its first bytes were left out because the asker has them ([`Begun`]).
pub const FROM: &str = "niangjia-from";
/// On a page of frames: `1` when more follows.
pub const MORE: &str = "niangjia-more";

/// Protocol versions from `min` to `max`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Window {
    pub min: u16,
    pub max: u16,
}

impl Window {
    #[must_use]
    pub const fn holds(&self, version: u16) -> bool {
        self.min <= version && version <= self.max
    }

    /// The highest version that both speak.
    #[must_use]
    pub fn common(&self, other: &Self) -> Option<u16> {
        let highest = self.max.min(other.max);
        (highest >= self.min.max(other.min)).then_some(highest)
    }
}

/// 32 bytes that stand for something longer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

public32!(Digest);

impl Digest {
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// # Errors
    /// None; any 32 bytes may be a digest.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Bad> {
        Ok(Self(*bytes))
    }

    #[must_use]
    pub fn of(frontier: &Frontier) -> Self {
        Self(frontier.digest())
    }
}

/// The short name of a hub: the first 16 bytes of the BLAKE3 of its key.
#[must_use]
pub fn hub_id(key: &VerifyingKey) -> RecordId {
    let mut id = [0; 16];
    id.copy_from_slice(&blake3::hash(&key.to_bytes()).as_bytes()[..16]);
    RecordId(id)
}

/// `GET /v1/status`, for anyone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Status {
    /// See [`hub_id`].
    pub hub: RecordId,
    /// The life of the hub's store: another one after a loss or a restore.
    pub epoch: Incarnation,
    /// The hub's clock, milliseconds since 1970.
    pub time_ms: i64,
    pub protocol: Window,
    /// Bytes of one segment, of one request, of one page.
    pub segment: u64,
    pub request: u64,
    pub page: u64,
    /// Whether a county has pinned its root here.
    pub claimed: bool,
}

/// `POST /v1/claim`, signed by a device of the county whose root it brings.
#[derive(Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct ClaimAsk {
    /// The text that `niangjia-hub init` printed.
    pub claim: String,
    pub root: VerifyingKey,
}

impl fmt::Debug for ClaimAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClaimAsk({})", self.root)
    }
}

/// The answer to [`ClaimAsk`]: the root that is pinned from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Claimed {
    pub root: VerifyingKey,
    pub epoch: Incarnation,
}

/// `POST /v1/streams/{stream}/missing`. The answer is frames ([`put_frame`]), oldest first in each chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct MissingAsk {
    pub have: Frontier,
    /// Frames beyond so many bytes are left to the next page; one frame comes always.
    pub max_bytes: u64,
    /// The beginning of the page as far as it came before the line broke; the hub sends what follows it.
    #[serde(default)]
    pub begun: Option<Begun>,
}

/// The answer to `POST /v1/orders`, whose body is frames with the county's revocations ([`crate::orders::Revocation`]).
/// Whoever has one may tell the hub: the signature decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct OrdersTaken {
    /// Orders that the hub holds now.
    pub orders: u64,
}

/// `POST /v1/streams/{stream}/checkpoint`: the parts of the checkpoint that is of most use to the asker, as frames in their order;
/// nothing where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct CheckpointAsk {
    /// The checkpoint of which the asker has the first parts already, and how many.
    pub have: Option<(RecordId, u32)>,
    /// The checkpoints that the asker stands on already: another one is wanted, which tells more of some chain.
    #[serde(default)]
    pub stands: Vec<RecordId>,
    /// Checkpoints that the asker made itself, or that came before and could not be taken: the next best is wanted.
    #[serde(default)]
    pub tried: Vec<RecordId>,
    /// A county that is founded again takes what a PC summed up that is shut out, where nobody else tells it.
    #[serde(default)]
    pub anything: bool,
    /// As in [`MissingAsk`].
    pub max_bytes: u64,
    /// As in [`MissingAsk`].
    #[serde(default)]
    pub begun: Option<Begun>,
}

/// The answer to `POST /v1/streams/{stream}/segments`, whose body is frames. The request is signed without its body
/// ([`request_digest`]): so the hub knows who brings it before it has come whole, and keeps what a break leaves of it. Each
/// segment is signed by its maker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Taken {
    /// One for each frame, in their order.
    pub placed: Vec<Placed>,
    /// What the hub holds of the stream now, as far as the asker may know.
    pub frontier: Frontier,
}

/// What became of one segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Placed {
    Stored,
    /// It stood there already, to the byte.
    Known,
    /// Stored; another segment has the same chain and number. Two PCs, or an old copy, write with one identity.
    Fork,
    Refused(Refused),
}

impl Placed {
    /// Whether the hub holds the segment now.
    #[must_use]
    pub const fn held(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// Why a segment was not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Refused {
    /// The segment before it is not here; these are the heads that the hub holds of the chain (none: begin at 1).
    Gap { expected: Vec<(u64, Digest)> },
    /// Its signature does not hold, or its signer's certificates do not lead to this county's root.
    Foreign,
    /// Its signer may not write the stream.
    MayNot,
    /// It belongs to another stream than the one asked for.
    OtherStream,
    /// Its chain was begun by another device.
    OtherDevice,
    /// Not a segment, or larger than permitted.
    Malformed,
    /// Written in a format that this hub is too old for; keep it and offer it again.
    Newer,
}

/// The body of every answer that is not 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Refusal {
    pub code: RefusalCode,
    /// When it is worth asking again.
    pub retry_after_s: Option<u64>,
}

/// Why a request was refused as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// No signature, or one that does not hold.
    Unsigned,
    /// Signed by a device of another county.
    Foreign,
    /// No county has claimed this hub yet.
    NotClaimed,
    /// Claimed already by another county.
    ClaimSpent,
    /// The claim is not the one that this hub printed, or no county device brought it.
    ClaimWrong,
    /// The county has shut out the device.
    Revoked,
    /// The device may not read or write this stream.
    MayNot,
    Malformed,
    TooLarge,
    TooBusy,
    /// The hub's disk is full; what was sent was not stored.
    Full,
    /// The asker speaks a protocol outside the hub's window.
    Protocol,
    NotFound,
    /// The hub's own fault; its log says more.
    Failed,
}

/// CBOR of a message.
#[must_use]
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory cannot fail, and these messages hold nothing that CBOR cannot say.
    if ciborium::into_writer(message, &mut out).is_err() {
        out.clear();
    }
    out
}

/// # Errors
/// When the bytes are not this message. Unknown fields are passed over: a newer side may say more.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Bad> {
    ciborium::de::from_reader_with_recursion_limit(bytes, 16).map_err(|_| Bad::Form("no such message"))
}

/// Appends one frame: its length (4 bytes, most significant first), then the segment.
///
/// # Errors
/// For a segment of 4 GiB or more.
pub fn put_frame(out: &mut Vec<u8>, segment: &[u8]) -> Result<(), Bad> {
    let len = u32::try_from(segment.len()).map_err(|_| Bad::Mismatch("length of a frame"))?;
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(segment);
    Ok(())
}

/// Takes frames out of bytes that arrive in pieces; what came whole is usable though the line breaks in the next.
#[derive(Default)]
pub struct Frames {
    pending: Vec<u8>,
}

impl Frames {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&mut self, piece: &[u8]) {
        self.pending.extend_from_slice(piece);
    }

    /// Every whole frame so far.
    ///
    /// # Errors
    /// When a frame declares more bytes than a segment may have.
    pub fn take(&mut self, limits: &Limits) -> Result<Vec<Vec<u8>>, Bad> {
        let mut whole = Vec::new();
        let mut rest = self.pending.as_slice();
        while let Some((head, body)) = rest.split_first_chunk::<4>() {
            let len = usize::try_from(u32::from_be_bytes(*head)).map_err(|_| Bad::Truncated)?;
            within("segment", len, limits.segment())?;
            let Some((frame, after)) = body.split_at_checked(len) else { break };
            whole.push(frame.to_vec());
            rest = after;
        }
        let used = self.pending.len() - rest.len();
        self.pending.drain(..used);
        Ok(whole)
    }

    /// What has come of a further frame.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.pending
    }

    /// Whether nothing of a further frame has come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }
}

/// What a device signs to make a request its own: for which hub, what is asked, and the body to the byte (nothing for frames
/// that it brings, see [`Taken`]).
#[must_use]
pub fn request_digest(
    hub: &VerifyingKey,
    method: &str,
    path_and_query: &str,
    body: &[u8],
    nonce: &[u8; 16],
) -> [u8; 32] {
    let mut hash = blake3::Hasher::new_derive_key("niangjia 2026 request to a hub v1");
    hash.update(&hub.to_bytes());
    for part in [method.as_bytes(), path_and_query.as_bytes()] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(blake3::hash(body).as_bytes());
    hash.update(nonce);
    *hash.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::stream::Stream;

    #[test]
    fn frames_come_whole_however_the_line_cuts_them() {
        let segments: Vec<Vec<u8>> = [0, 1, 300, 70_000].iter().map(|n| vec![7; *n]).collect();
        let mut bytes = Vec::new();
        for segment in &segments {
            put_frame(&mut bytes, segment).unwrap();
        }
        for step in [1, 3, 1024, bytes.len()] {
            let (mut frames, mut got) = (Frames::new(), Vec::new());
            for piece in bytes.chunks(step) {
                frames.push(piece);
                got.extend(frames.take(&Limits::STANDARD).unwrap());
            }
            assert_eq!(got, segments);
            assert!(frames.is_empty());
        }
        let mut cut = Frames::new();
        cut.push(&bytes[..bytes.len() - 1]);
        assert_eq!(cut.take(&Limits::STANDARD).unwrap().len(), 3);
        assert!(!cut.is_empty());
    }

    #[test]
    fn a_frame_that_declares_too_much_is_refused_at_its_head() {
        let mut frames = Frames::new();
        frames.push(&u32::MAX.to_be_bytes());
        assert!(matches!(frames.take(&Limits::STANDARD), Err(Bad::TooBig { .. })));
    }

    #[test]
    fn messages_come_back() {
        let ask = ChangedAsk {
            streams: vec![(Stream::County, Digest([3; 32])), (Stream::Mail(RecordId([9; 16])), Digest([0; 32]))],
            counts: BTreeMap::from([("members".to_owned(), 1 << 40)]),
            about: Some(About { name: "平明镇总工会".into(), code: "990101001".into(), version: "1.0.0".into() }),
        };
        assert_eq!(decode(&encode(&ask)), Ok(ask));
        let taken = Taken {
            placed: vec![
                Placed::Stored,
                Placed::Refused(Refused::Gap { expected: vec![(u64::MAX, Digest([1; 32]))] }),
                Placed::Refused(Refused::MayNot),
            ],
            frontier: Frontier::new(),
        };
        assert_eq!(decode(&encode(&taken)), Ok(taken));
        assert!(decode::<Taken>(&[0x9f; 4000]).is_err());
    }

    #[test]
    fn a_signature_is_for_one_hub_one_path_and_one_body() {
        let (hub, other) = (
            crate::keys::SigningKey::from_bytes(&[1; 32]).public(),
            crate::keys::SigningKey::from_bytes(&[2; 32]).public(),
        );
        let one = request_digest(&hub, "POST", "/v1/changed", b"body", &[0; 16]);
        assert_ne!(one, request_digest(&other, "POST", "/v1/changed", b"body", &[0; 16]));
        assert_ne!(one, request_digest(&hub, "POST/", "v1/changed", b"body", &[0; 16]));
        assert_ne!(one, request_digest(&hub, "POST", "/v1/changed", b"bode", &[0; 16]));
        assert_ne!(one, request_digest(&hub, "POST", "/v1/changed", b"body", &[1; 16]));
    }

    #[test]
    fn windows_meet_or_do_not() {
        let (old, new) = (Window { min: 1, max: 2 }, Window { min: 2, max: 4 });
        assert_eq!(old.common(&new), Some(2));
        assert_eq!(Window { min: 1, max: 1 }.common(&new), None);
        assert!(new.holds(4) && !new.holds(5));
    }
}

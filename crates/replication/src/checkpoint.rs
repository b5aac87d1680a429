//! Checkpoints: what a stream's changes come to at a frontier, signed by one device, so that a new PC needs the state and the
//! tail instead of every segment since the first day.
//!
//! A checkpoint comes in numbered parts of the size of segments; each is a frame of its own on the line and in a packet. Bytes of
//! a part: an envelope (`envelope.rs`) whose body holds items. A relay reads which frontier is covered, by whose chains, and nothing else.

mod header;

use std::fmt;

use rand_core::CryptoRng;

use crate::bad::{Bad, Limits, within};
use crate::cbor::{Reader, Writer};
use crate::cert::{Cert, Identity, verify_chain};
use crate::change::{Hlc, Incarnation};
use crate::envelope::{self, Envelope};
use crate::frontier::{Frontier, SetHash};
use crate::keys::{Signer, StreamKey, VerifyingKey};
use crate::planted;
use crate::stream::Stream;

pub use header::{Header, Signed};

/// Harder than for segments: a checkpoint is made once in a while and fetched by many.
const LEVEL: i32 = 9;
/// What a part's byte strings are called.
const ITEMS: &str = "items";
/// Incarnations and chains of one summary.
const MOST: usize = 65_536;
/// Bytes kept of the hash of each covered segment.
pub const TAG: usize = 8;

/// What a part to be made is.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    pub stream: Stream,
    pub maker: Incarnation,
    pub id: [u8; 16],
    pub part: u32,
    pub last: bool,
    /// Taken into the first part only.
    pub cover: &'a Frontier,
    /// Taken into the first part only.
    pub signed: &'a [Signed],
    /// The certificates of the signer, root side first.
    pub certs: &'a [Cert],
}

/// Whether a device's checkpoint of this stream is believed. Who makes one says what others wrote, so it is left to the county
/// and, for what only one office writes, to that office's own PCs.
#[must_use]
pub fn may_make(who: &Identity, stream: &Stream) -> bool {
    matches!(stream, Stream::County | Stream::Office(_) | Stream::Audit(_)) && who.may_write(stream)
}

/// Seals one part under [`Limits::STANDARD`].
///
/// # Errors
/// What [`Part::parse`] and [`Verified::open`] would refuse; [`Bad::TooBig`] asks for smaller parts.
pub fn seal(
    draft: &Draft<'_>,
    items: &[Item],
    key: &StreamKey,
    signer: &Signer,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, Bad> {
    let limits = &Limits::STANDARD;
    let packed = pack_items(items, limits)?;
    let header = Header {
        stream: draft.stream,
        maker: draft.maker,
        id: draft.id,
        part: draft.part,
        last: draft.last,
        epoch: key.epoch(),
        body_len: envelope::body_len(&packed, limits)?,
        cover: if draft.part == 1 { draft.cover.clone() } else { Frontier::new() },
        signed: if draft.part == 1 { draft.signed.to_vec() } else { Vec::new() },
    };
    header.check()?;
    envelope::seal(&header, &packed, draft.certs, key, signer, rng)
}

/// # Errors
/// [`Bad::TooBig`].
pub(crate) fn pack_items(items: &[Item], limits: &Limits) -> Result<Vec<u8>, Bad> {
    let items: Vec<Vec<u8>> = items.iter().map(Item::to_bytes).collect();
    let borrowed: Vec<&[u8]> = items.iter().map(|item| &item[..]).collect();
    envelope::pack(ITEMS, &borrowed, LEVEL, limits)
}

/// A part that was read but not yet believed.
pub struct Part<'a>(Envelope<'a, Header>);

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} of a checkpoint of {})", self.header().part, self.header().stream)
    }
}

impl<'a> Part<'a> {
    /// Reads a part without opening it. Checks form, sizes, and that the body is the one signed for.
    ///
    /// # Errors
    /// Any other form or more than `limits`; a segment is of another form.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, Bad> {
        Envelope::parse(bytes, limits).map(Self)
    }

    #[must_use]
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// Whether a key is the one that it was sealed with; says nothing about who made it.
    #[must_use]
    pub fn unlocks(&self, key: &StreamKey) -> bool {
        key.epoch() == self.header().epoch && self.0.unlocks(key)
    }

    /// The certificates of the device that made it, root side first.
    #[must_use]
    pub fn certs(&self) -> &[Cert] {
        &self.0.certs
    }

    /// Checks, by the certificates that it carries, that a device signed it whose checkpoints of this stream are believed.
    ///
    /// # Errors
    /// [`Bad::Signature`], [`Bad::Untrusted`].
    pub fn verify(self, root: &VerifyingKey) -> Result<Verified<'a>, Bad> {
        let who = verify_chain(self.certs(), root)?;
        if who.cert != self.0.signer {
            return Err(Bad::Untrusted("another device than the signer"));
        }
        if !may_make(&who, &self.header().stream) && !planted!("anybody makes checkpoints") {
            return Err(Bad::Untrusted("its checkpoints of this stream are not believed"));
        }
        self.0.check(&who.device_key)?;
        Ok(Verified { part: self, who })
    }
}

/// A part whose signature holds.
#[derive(Debug)]
pub struct Verified<'a> {
    part: Part<'a>,
    who: Identity,
}

impl Verified<'_> {
    #[must_use]
    pub fn header(&self) -> &Header {
        self.part.header()
    }

    /// The device that made it.
    #[must_use]
    pub fn who(&self) -> &Identity {
        &self.who
    }

    /// Opens the body.
    ///
    /// # Errors
    /// [`Bad::Mismatch`] for a key of another epoch, [`Bad::Sealed`] for a wrong key, and any other form or more than `limits`.
    pub fn open(&self, key: &StreamKey, limits: &Limits) -> Result<Vec<Item>, Bad> {
        read_items(&self.part.0.open(key, limits)?, self.header().part == 1, limits)
    }
}

/// The items of a part's plain body.
///
/// # Errors
/// Any other form or more than `limits`.
pub(crate) fn read_items(plain: &[u8], first: bool, limits: &Limits) -> Result<Vec<Item>, Bad> {
    let items: Vec<Item> =
        envelope::strings(ITEMS, plain, limits)?.into_iter().map(Item::read).collect::<Result<_, _>>()?;
    if items.iter().enumerate().any(|(at, item)| matches!(item, Item::Summary(_)) != (first && at == 0)) {
        return Err(Bad::Form("the summary comes first, once"));
    }
    if first && items.is_empty() {
        return Err(Bad::Form("no summary"));
    }
    Ok(items)
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Summary(Box<Summary>),
    /// A block of changes in an order in which each follows its causes. Values that others of them replaced are
    /// [`Value::elided`](crate::Value::elided); stamps are left out; so their ids are not those of the log.
    Settled(Vec<u8>),
    /// A block of changes as they stood in a segment of this chain, whose causes are not covered.
    Parked {
        chain: Incarnation,
        /// Whether a device of the county signed that segment.
        county: bool,
        block: Vec<u8>,
    },
    /// A covered segment with the newest receipt of its chain, as the registrar signed it: that the county has confirmed something
    /// is believed of nobody else, and whoever begins with a checkpoint never meets the segment itself.
    Receipt(Vec<u8>),
}

impl Item {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Summary(summary) => [&[0][..], &summary.to_cbor()].concat(),
            Self::Settled(block) => [&[1][..], block].concat(),
            Self::Parked { chain, county, block } => [&[2][..], &chain.0, &[u8::from(*county)], block].concat(),
            Self::Receipt(segment) => [&[3][..], segment].concat(),
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, Bad> {
        let (kind, rest) = bytes.split_first().ok_or(Bad::Truncated)?;
        match kind {
            0 => Ok(Self::Summary(Box::new(Summary::from_cbor(rest)?))),
            1 => Ok(Self::Settled(rest.to_vec())),
            2 => {
                let (chain, rest) = rest.split_first_chunk().ok_or(Bad::Truncated)?;
                let (county, block) = rest.split_first().ok_or(Bad::Truncated)?;
                let county = match county {
                    0 => false,
                    1 => true,
                    _ => return Err(Bad::Form("county is yes or no")),
                };
                Ok(Self::Parked { chain: Incarnation(*chain), county, block: block.to_vec() })
            }
            3 => Ok(Self::Receipt(rest.to_vec())),
            number => Err(Bad::Unknown { what: "item of a checkpoint", number: u64::from(*number) }),
        }
    }
}

/// How far one incarnation stands, as every replica with the covered segments counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub incarnation: Incarnation,
    /// Highest counter of what its own chain brought.
    pub applied: u64,
    /// Counters beyond it that another chain carried, rising.
    pub carried: Vec<u64>,
    /// Number of changes covered.
    pub changes: u64,
    /// Of their ids.
    pub digest: SetHash,
    /// Highest counter that a receipt covers.
    pub confirmed: u64,
    /// Highest counter of a change that is not itself a receipt.
    pub news: u64,
}

/// A chain whose segments are covered from the first on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    pub chain: Incarnation,
    /// The certificate of the device that signed its first segment.
    pub signer: [u8; 32],
    /// The first [`TAG`] bytes of the hash of every covered segment, from number 1 on: whoever meets one of them later knows it
    /// from one of another branch.
    pub tags: Vec<u8>,
}

/// What a checkpoint says of what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// When it was made, milliseconds since 1970 by its maker's clock; shown only.
    pub made: i64,
    /// Highest stamp covered.
    pub hlc: Hlc,
    pub standings: Vec<Standing>,
    pub chains: Vec<Covered>,
    /// The certificates of the devices that signed covered chains: whoever follows them from here on has not met their first
    /// segments.
    pub certs: Vec<Vec<u8>>,
}

impl Summary {
    pub(crate) fn to_cbor(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let w = &mut Writer(&mut out);
        w.array(6);
        w.int(self.made);
        w.uint(self.hlc.millis);
        w.uint(u64::from(self.hlc.count));
        w.array(self.standings.len());
        for s in &self.standings {
            w.array(7);
            w.bytes(&s.incarnation.0);
            w.uint(s.applied);
            w.array(s.carried.len());
            s.carried.iter().for_each(|counter| w.uint(*counter));
            w.uint(s.changes);
            w.bytes(&s.digest.to_bytes());
            w.uint(s.confirmed);
            w.uint(s.news);
        }
        w.array(self.chains.len());
        for covered in &self.chains {
            w.array(3);
            w.bytes(&covered.chain.0);
            w.bytes(&covered.signer);
            w.bytes(&covered.tags);
        }
        w.array(self.certs.len());
        for chain in &self.certs {
            w.bytes(chain);
        }
        out
    }

    pub(crate) fn from_cbor(bytes: &[u8]) -> Result<Self, Bad> {
        let r = &mut Reader::new(bytes);
        r.array_of(6)?;
        let made = r.int()?;
        let hlc = Hlc { millis: r.uint()?, count: r.uint_below("count", u64::from(u32::MAX) + 1)? as u32 };
        let mut summary = Self { made, hlc, ..Self::default() };
        let n = r.array()?;
        within("standings", n, MOST)?;
        for _ in 0..n {
            r.array_of(7)?;
            summary.standings.push(Standing {
                incarnation: Incarnation(r.bytes_of()?),
                applied: r.uint()?,
                carried: {
                    let n = r.array()?;
                    within("carried changes", n, MOST)?;
                    (0..n).map(|_| r.uint()).collect::<Result<_, _>>()?
                },
                changes: r.uint()?,
                digest: SetHash::from_bytes(&r.bytes_of()?),
                confirmed: r.uint()?,
                news: r.uint()?,
            });
        }
        let n = r.array()?;
        within("chains", n, MOST)?;
        for _ in 0..n {
            r.array_of(3)?;
            let (chain, signer, tags) = (Incarnation(r.bytes_of()?), r.bytes_of()?, r.bytes()?.to_vec());
            if tags.len() % TAG != 0 {
                return Err(Bad::Form("a tag has 8 bytes"));
            }
            summary.chains.push(Covered { chain, signer, tags });
        }
        let n = r.array()?;
        within("certificates", n, MOST)?;
        for _ in 0..n {
            summary.certs.push(r.bytes()?.to_vec());
        }
        r.end()?;
        Ok(summary)
    }
}

#[cfg(test)]
mod tests;

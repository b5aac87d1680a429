//! Orders: what the county's issuing key signs beside certificates. A revocation names the last accepted segment of each
//! chain of a PC; a grant hands stream keys to those who may read on. Both prove themselves, so it does not matter who
//! carries them, and a relay that opens nothing can read a revocation.

use std::collections::{BTreeMap, BTreeSet};

use crate::bad::{self, Bad};
use crate::cbor::{Reader, Writer};
use crate::cert::{Cert, CertId, CertKind, read_chain};
use crate::change::Incarnation;
use crate::cose::{Signed, cose_sign};
use crate::frontier::Head;
use crate::keys::{SigningKey, VerifyingKey};
use crate::planted;
use crate::stream::Stream;

mod granted;
#[cfg(test)]
mod tests;

pub use granted::{Granted, MOST_KEYS, grant, granted, tell, told};

const VERSION: u64 = crate::FORMAT as u64;
pub(crate) const REVOCATION: &[u8] = b"niangjia revocation";
pub(crate) const GRANT: &[u8] = b"niangjia grant";
/// Bytes of one document: a county PC has written to every office.
pub const LARGEST: usize = 512 << 10;
const MOST_HEADS: usize = 8192;
const MOST_BELOW: usize = 1024;

/// Why a PC is shut out. No name of a person stands in an order: whoever was ever enrolled can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    Other = 0,
    Stolen = 1,
    Lost = 2,
    /// Whoever worked on it has left and did not hand it back.
    Left = 3,
    /// Another PC has taken its place.
    Replaced = 4,
}

impl Cause {
    fn from_number(n: u64) -> Self {
        match n {
            1 => Self::Stolen,
            2 => Self::Lost,
            3 => Self::Left,
            4 => Self::Replaced,
            // A cause that a newer version knows shuts out all the same.
            _ => Self::Other,
        }
    }
}

/// A PC is shut out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    pub device: CertId,
    /// Of several for one PC the highest counts; a later one may accept more.
    pub revision: u64,
    pub cause: Cause,
    /// PCs that this one has let in and that go on; whatever else it certifies is shut out with it.
    pub below: BTreeSet<CertId>,
    /// The last accepted segments of each of its chains. A chain that is not named has none.
    pub heads: BTreeMap<(Stream, Incarnation), Vec<Head>>,
    /// The issuing key that is worth nothing any more. Only the root says so.
    pub supersedes: Option<CertId>,
}

/// Who signed a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    Root,
    Issuing(CertId),
}

impl Revocation {
    /// Signs it. `chain`: the root's certificate alone, or root and issuing key; `key` is that of its last.
    ///
    /// # Errors
    /// What [`Revocation::read`] would refuse.
    pub fn sign(&self, chain: &[Cert], key: &SigningKey) -> Result<Vec<u8>, Bad> {
        let mut out = Vec::new();
        let w = &mut Writer(&mut out);
        w.array(8);
        w.uint(VERSION);
        put_chain(w, chain);
        w.bytes(&self.device.0);
        w.uint(self.revision);
        w.uint(self.cause as u64);
        w.array(self.below.len());
        self.below.iter().for_each(|cert| w.bytes(&cert.0));
        w.array(self.heads.values().map(Vec::len).sum());
        for ((stream, chain), heads) in &self.heads {
            for head in heads {
                w.array(4);
                w.text(&stream.to_string());
                w.bytes(&chain.0);
                w.uint(head.seq);
                w.bytes(&head.hash);
            }
        }
        match self.supersedes {
            Some(cert) => w.bytes(&cert.0),
            None => w.null(),
        }
        signed(REVOCATION, out, chain, key)
    }

    /// Reads and believes one.
    ///
    /// # Errors
    /// [`Bad::Untrusted`], [`Bad::Signature`] for one that this county's root does not stand behind, or another form.
    pub fn read(bytes: &[u8], root: &VerifyingKey) -> Result<(Self, By), Bad> {
        let (payload, by) = believed(REVOCATION, bytes, root)?;
        let r = &mut Reader::new(&payload);
        r.array_of(8)?;
        r.uint()?;
        read_chain(r)?;
        let device = CertId(r.bytes_of()?);
        let revision = r.uint()?;
        let cause = Cause::from_number(r.uint()?);
        let n = r.array()?;
        bad::within("PCs below", n, MOST_BELOW)?;
        let below = (0..n).map(|_| Ok(CertId(r.bytes_of()?))).collect::<Result<_, Bad>>()?;
        let n = r.array()?;
        bad::within("heads", n, MOST_HEADS)?;
        let mut heads: BTreeMap<(Stream, Incarnation), Vec<Head>> = BTreeMap::new();
        for _ in 0..n {
            r.array_of(4)?;
            let place = (r.text_within("stream", 64)?.parse()?, Incarnation(r.bytes_of()?));
            heads.entry(place).or_default().push(Head { seq: r.uint()?, hash: r.bytes_of()? });
        }
        let supersedes = if r.null()? { None } else { Some(CertId(r.bytes_of()?)) };
        r.end()?;
        if supersedes.is_some() && by != By::Root {
            return Err(Bad::Untrusted("only the root replaces an issuing key"));
        }
        Ok((Self { device, revision, cause, below, heads, supersedes }, by))
    }
}

fn put_chain(w: &mut Writer<'_>, chain: &[Cert]) {
    w.array(chain.len());
    chain.iter().for_each(|cert| w.bytes(cert.to_bytes()));
}

fn signed(purpose: &[u8], payload: Vec<u8>, chain: &[Cert], key: &SigningKey) -> Result<Vec<u8>, Bad> {
    let last = chain.last().ok_or(Bad::Untrusted("nobody signs"))?;
    if last.claims().subject != key.public() {
        return Err(Bad::Untrusted("not the key of this certificate"));
    }
    let bytes = cose_sign(purpose, Some(last.id()), payload, key)?;
    bad::within("order", bytes.len(), LARGEST)?;
    Ok(bytes)
}

/// The payload of a document whose signer is the root itself or an issuing key under it.
fn believed(purpose: &[u8], bytes: &[u8], root: &VerifyingKey) -> Result<(Vec<u8>, By), Bad> {
    bad::within("order", bytes.len(), LARGEST)?;
    let cose = Signed::parse(purpose, bytes)?;
    let r = &mut Reader::new(&cose.payload);
    r.array()?;
    match r.uint()? {
        VERSION => {}
        number => return Err(Bad::Unknown { what: "order version", number }),
    }
    let chain = read_chain(r)?;
    let Some(first) = chain.first().filter(|c| c.claims().kind == CertKind::Root && c.claims().subject == *root) else {
        return Err(Bad::Untrusted("another county's root"));
    };
    first.verify(root)?;
    let (key, by) = match &chain[1..] {
        [] => (*root, By::Root),
        [issuing] if issuing.claims().kind == CertKind::Issuing && issuing.claims().issuer == Some(first.id()) => {
            issuing.verify(root)?;
            (issuing.claims().subject, By::Issuing(issuing.id()))
        }
        _ => return Err(Bad::Untrusted("no issuing key under the root")),
    };
    if cose.signer != chain.last().map(Cert::id) {
        return Err(Bad::Untrusted("another than the signer"));
    }
    key.verify(&cose.signed, &cose.signature)?;
    Ok((cose.payload, by))
}

/// A segment's place, as far as an order speaks of it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    pub stream: &'p Stream,
    pub chain: &'p Incarnation,
}

/// What an order says of a segment's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling<'o> {
    /// No order speaks of its signer.
    Free,
    /// Accepted up to these heads; none: nothing.
    UpTo(&'o [Head], &'o Revocation),
}

/// Whether a segment is one of the accepted heads or stands before one, where the chain is not forked.
#[must_use]
pub fn within(accepted: &[Head], head: &Head) -> bool {
    accepted.iter().any(|last| last.seq > head.seq || last == head)
}

/// All revocations that are known here. What they say together depends on the set alone.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    by_device: BTreeMap<CertId, Revocation>,
    superseded: BTreeSet<CertId>,
}

impl Orders {
    /// Of documents in any order; what this county's root does not stand behind is passed over.
    #[must_use]
    pub fn of<'d>(documents: impl IntoIterator<Item = &'d [u8]>, root: &VerifyingKey) -> Self {
        let read: Vec<_> = documents
            .into_iter()
            .filter_map(|bytes| Revocation::read(bytes, root).ok().map(|(order, by)| (order, by, blake3::hash(bytes))))
            .collect();
        let mut orders = Self::default();
        if planted!("the order is ignored") {
            return orders;
        }
        orders.superseded = read.iter().filter_map(|(order, ..)| order.supersedes).collect();
        let mut best: BTreeMap<CertId, (u64, [u8; 32], Revocation)> = BTreeMap::new();
        for (order, by, hash) in read {
            if !orders.stands(&by) {
                continue;
            }
            let rank = (order.revision, *hash.as_bytes());
            if best.get(&order.device).is_none_or(|(revision, hash, _)| (*revision, *hash) < rank) {
                best.insert(order.device, (rank.0, rank.1, order));
            }
        }
        orders.by_device = best.into_iter().map(|(device, (_, _, order))| (device, order)).collect();
        orders
    }

    /// Whether what a key has signed counts: the root's always, an issuing key's until another takes its place.
    #[must_use]
    pub fn stands(&self, by: &By) -> bool {
        match by {
            By::Root => true,
            By::Issuing(cert) => !self.superseded.contains(cert),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_device.is_empty()
    }

    /// The order against this very PC.
    #[must_use]
    pub fn against(&self, device: &CertId) -> Option<&Revocation> {
        self.by_device.get(device)
    }

    /// The PCs that orders name.
    pub fn all(&self) -> impl Iterator<Item = &Revocation> {
        self.by_device.values()
    }

    /// The order that shuts out a PC with these certificates, root side first: one against itself, or against a PC that let
    /// it in and is not known to have done so before.
    #[must_use]
    pub fn shut_out(&self, certs: &[CertId]) -> Option<&Revocation> {
        let device = certs.last()?;
        self.against(device).or_else(|| {
            let above = &certs[..certs.len() - 1];
            above.iter().filter_map(|cert| self.against(cert)).find(|order| !order.below.contains(device))
        })
    }

    /// Whether any registrar was replaced by another.
    #[must_use]
    pub fn any_replaced(&self) -> bool {
        !self.superseded.is_empty()
    }

    /// Whether these are the certificates of a registrar that was lost with its issuing key, so that another took its place.
    #[must_use]
    pub fn replaced(&self, certs: &[CertId]) -> bool {
        let [_, issuing, device] = certs else { return false };
        self.superseded.contains(issuing) && self.against(device).is_some_and(|order| order.cause == Cause::Lost)
    }

    /// What is accepted of a chain whose signer has these certificates.
    #[must_use]
    pub fn ruling(&self, certs: &[CertId], place: Place<'_>) -> Ruling<'_> {
        let Some(order) = self.shut_out(certs) else { return Ruling::Free };
        // Of a PC that was let in by one shut out nothing is accepted: the order was made without knowing of it.
        let named = certs.last() == Some(&order.device);
        let heads = order.heads.get(&(*place.stream, *place.chain)).filter(|_| named);
        Ruling::UpTo(heads.map_or(&[], Vec::as_slice), order)
    }
}

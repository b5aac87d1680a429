//! What a locked PC carries: the certificate of its transport key, and its own sealed segments. No key of a stream and no body that
//! can be read leaves the office by this way.

use std::collections::BTreeMap;

use niangjia_replication::{
    Frontier, Head, Incarnation, Stream,
    keys::{CertKind, VerifyingKey, chain_from_cbor, chain_to_cbor},
    wire::Kept,
};

use crate::{
    fault::Fault,
    office::Office,
    store::{self, outgoing, versions::damaged},
};

/// A sealed segment of this PC that the hub is not known to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its place.
    pub stream: Stream,
    /// Its chain, one of this PC's own.
    pub chain: Incarnation,
    /// Number and hash.
    pub head: Head,
    /// Hash of the one before; zeros for the first.
    pub prev: [u8; 32],
    /// How many deeds of people in it count as not sent.
    pub deeds: u64,
    /// Its size.
    pub bytes: u64,
}

impl Outgoing {
    /// The part of the chain that it is, for [`Office::segment_bytes`].
    #[must_use]
    pub fn kept(&self) -> Kept {
        let seq = self.head.seq;
        Kept { stream: self.stream, chain: self.chain, from: seq, to: seq, stands: 0, bytes: self.bytes }
    }
}

/// What an office leaves beside itself when it is locked.
#[derive(Debug)]
pub struct Carried {
    /// What it holds of every stream that it reads, as a hub sees it anyway.
    pub frontiers: Vec<(Stream, Frontier)>,
    /// Oldest first.
    pub outbox: Vec<Outgoing>,
    /// Changes that the hub does not hold, those included that could not be sealed.
    pub unsent: u64,
    /// What the hub is told of this office.
    pub counts: BTreeMap<String, u64>,
    /// An exchange has ended well before. A PC that was never in step begins with a checkpoint, unlocked.
    pub met: bool,
}

impl Office {
    /// Certifies a transport key: it may ask the hub in this PC's name, and nothing else. `None` while the office follows no
    /// county.
    ///
    /// # Errors
    /// The store's own.
    pub fn certify_carrier(&self, key: VerifyingKey, serial: [u8; 16]) -> Result<Option<Vec<u8>>, Fault> {
        let keys = self.keys();
        if keys.chain.is_empty() {
            return Ok(None);
        }
        let mut certs = chain_from_cbor(&keys.chain).map_err(damaged)?;
        let device = certs.last().ok_or_else(|| damaged("certificates"))?;
        let office = device.claims().office;
        let cert = device.certify(&keys.device, CertKind::Carrier, key, None, office, serial).map_err(damaged)?;
        certs.push(cert);
        Ok(Some(chain_to_cbor(&certs)))
    }

    /// What is to be carried. [`Office::seal`] comes before it.
    ///
    /// # Errors
    /// The store's own.
    pub fn carried(&self) -> Result<Carried, Fault> {
        let frontiers = self.frontiers()?;
        let memory = self.store.memory();
        let (outbox, met) = self
            .store
            .read(|conn| Ok((outgoing::waiting(conn, &memory)?, store::local(conn, "last_contact")?.is_some())))?;
        let counts = self.told_to_hub()?;
        let unsent = counts.get("unsent").copied().unwrap_or(0);
        Ok(Carried { frontiers, outbox, unsent, counts, met })
    }

    /// Notes that the hub took a segment of this PC while the office was locked. A head that this PC did not write changes
    /// nothing, and neither does one that is known. Returns whether it was news.
    ///
    /// # Errors
    /// The store's own.
    pub fn handed_over(&self, stream: &Stream, chain: Incarnation, head: &Head) -> Result<bool, Fault> {
        let conn = self.store.write();
        self.catch_up(&conn)?;
        let mut memory = (*self.store.memory()).clone();
        if !outgoing::note(&conn, &memory, stream, chain, head)? {
            return Ok(false);
        }
        memory.load_received(&conn)?;
        self.store.swap(memory);
        Ok(true)
    }
}

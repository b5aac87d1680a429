//! What everybody may read of a part of a checkpoint.

use std::collections::BTreeSet;

use super::MOST;
use crate::bad::{Bad, Limits, within};
use crate::cbor::{Reader, Writer};
use crate::cert::{CertId, LONGEST};
use crate::change::Incarnation;
use crate::envelope::{self, Heading, SUITE, VERSION};
use crate::frontier::Frontier;
use crate::stream::Stream;

/// Parts of one checkpoint: some 16 GiB.
const PARTS: u64 = 1 << 14;

/// What everybody may read of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub stream: Stream,
    /// The device incarnation that made it.
    pub maker: Incarnation,
    /// Random; the same on all parts of one checkpoint.
    pub id: [u8; 16],
    /// From 1.
    pub part: u32,
    pub last: bool,
    /// Of the stream key that seals it.
    pub epoch: u32,
    /// Bytes of the sealed body.
    pub body_len: u32,
    /// The segments whose changes it stands for; on the first part only, else empty.
    pub cover: Frontier,
    /// Who signed the covered chains, as far as its maker knows: a relay that lost them judges by it what an order accepts. Devices
    /// in the order of their certificates; empty where [`Header::cover`] is, and on what earlier builds made.
    pub signed: Vec<Signed>,
}

/// A device and the covered chains that it signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its certificates, root side first, its own last.
    pub certs: Vec<CertId>,
    /// In ascending order.
    pub chains: Vec<Incarnation>,
}

impl Heading for Header {
    const PURPOSE: &'static [u8] = b"niangjia checkpoint";
    const WHAT: &'static str = "part";

    fn to_cbor(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        let w = &mut Writer(&mut out);
        w.array(if self.signed.is_empty() { 10 } else { 11 });
        w.uint(VERSION);
        w.uint(SUITE);
        w.text(&self.stream.to_string());
        w.bytes(&self.maker.0);
        w.bytes(&self.id);
        w.uint(u64::from(self.part));
        w.bool(self.last);
        w.uint(u64::from(self.epoch));
        w.uint(u64::from(self.body_len));
        w.bytes(&self.cover.to_cbor());
        if !self.signed.is_empty() {
            w.array(self.signed.len());
        }
        for Signed { certs, chains } in &self.signed {
            w.array(2);
            w.array(certs.len());
            certs.iter().for_each(|cert| w.bytes(&cert.0));
            w.array(chains.len());
            chains.iter().for_each(|chain| w.bytes(&chain.0));
        }
        out
    }

    fn read(r: &mut Reader<'_>, limits: &Limits) -> Result<Self, Bad> {
        let parts =
            envelope::begin_header(r, 10..=11, "checkpoint version", "a checkpoint's header has 10 or 11 parts")?;
        let stream = r.text_within("stream", limits.name)?.parse()?;
        let (maker, id) = (Incarnation(r.bytes_of()?), r.bytes_of()?);
        let part = r.uint_below("part", PARTS)? as u32;
        let last = match r.item(1)? {
            [0xf4] => false,
            [0xf5] => true,
            _ => return Err(Bad::Form("last is yes or no")),
        };
        let epoch = envelope::read_epoch(r)?;
        let body_len = envelope::read_body_len(r, limits)?;
        let cover = Frontier::from_cbor(r.bytes()?)?;
        let signed = if parts == 11 { read_signed(r)? } else { Vec::new() };
        let header = Self { stream, maker, id, part, last, epoch, body_len, cover, signed };
        header.check()?;
        Ok(header)
    }

    fn body_len(&self) -> u32 {
        self.body_len
    }

    fn epoch(&self) -> u32 {
        self.epoch
    }
}

fn read_signed(r: &mut Reader<'_>) -> Result<Vec<Signed>, Bad> {
    let (devices, mut signed) = (r.array()?, Vec::new());
    within("devices of a checkpoint", devices, MOST)?;
    for _ in 0..devices {
        r.array_of(2)?;
        let (above, mut certs) = (r.array()?, Vec::new());
        within("certificates", above, LONGEST)?;
        for _ in 0..above {
            certs.push(CertId(r.bytes_of()?));
        }
        let (many, mut chains) = (r.array()?, Vec::new());
        within("chains of a device", many, MOST)?;
        for _ in 0..many {
            chains.push(Incarnation(r.bytes_of()?));
        }
        signed.push(Signed { certs, chains });
    }
    if signed.is_empty() { Err(Bad::Form("nobody signed what is covered")) } else { Ok(signed) }
}

impl Header {
    /// The certificates of the device that signed a covered chain, its own last, as far as the maker knew them.
    #[must_use]
    pub fn signer(&self, chain: Incarnation) -> Option<&[CertId]> {
        let of = self.signed.iter().find(|signed| signed.chains.binary_search(&chain).is_ok());
        of.map(|signed| &signed.certs[..])
    }

    pub(super) fn check(&self) -> Result<(), Bad> {
        let mut chains = BTreeSet::new();
        for Signed { certs, chains: own } in &self.signed {
            if certs.is_empty() || own.is_empty() || !own.is_sorted() {
                return Err(Bad::Form("a device with its certificates and chains in order"));
            }
            if own.iter().any(|chain| self.cover.heads(*chain).is_empty() || !chains.insert(*chain)) {
                return Err(Bad::Form("each covered chain has one signer"));
            }
        }
        if !self.signed.is_sorted_by(|one, next| one.certs < next.certs) {
            return Err(Bad::Form("devices in the order of their certificates"));
        }
        match (self.part, self.cover.is_empty()) {
            (0, _) => Err(Bad::Form("parts count from 1")),
            (1, true) => Err(Bad::Form("the first part says what is covered")),
            (2.., false) => Err(Bad::Form("only the first part says what is covered")),
            _ if self.cover.chains().any(|(_, heads)| heads.len() != 1) => {
                Err(Bad::Form("a forked chain is not covered"))
            }
            _ => Ok(()),
        }
    }
}

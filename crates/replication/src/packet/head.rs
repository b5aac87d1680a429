//! The head and the end of a part as CBOR.

use super::{END, End, HEAD, Head, Header, LARGEST_END, LARGEST_HEAD, MOST, PARTS, Receipt, Signed, VERSION};
use crate::bad::{Bad, within};
use crate::blob::Address;
use crate::cbor::{Reader, Writer};
use crate::cert::{Cert, CertId, read_chain};
use crate::change::{Incarnation, RecordId};
use crate::frontier::Frontier;
use crate::stream::Stream;

const FIELDS: usize = 17;

impl Header {
    /// What every head must be, whoever made it.
    pub(super) fn check(&self) -> Result<(), Bad> {
        if self.number == 0 || self.since >= self.number {
            return Err(Bad::Form("packets count from 1"));
        }
        if self.part == 0 || self.part > self.of || self.of > PARTS {
            return Err(Bad::Form("parts count from 1"));
        }
        within("streams", self.holds.len(), MOST)?;
        within("receipts", self.receipts.len(), MOST)?;
        within("blobs wanted", self.wants.len(), MOST)?;
        for receipt in &self.receipts {
            within("receipts", receipt.numbers.len(), MOST)?;
            let mut last = 0;
            for (first, end) in &receipt.numbers {
                // Runs that touch would be one run: there is one way to write a set of numbers.
                if *first == 0 || first > end || (last > 0 && *first <= last + 1) {
                    return Err(Bad::Form("runs of numbers out of order"));
                }
                last = *end;
            }
        }
        Ok(())
    }

    pub(crate) fn to_cbor(&self, certs: &[Cert]) -> Vec<u8> {
        let mut out = Vec::with_capacity(4096);
        let w = &mut Writer(&mut out);
        w.array(FIELDS);
        w.uint(VERSION);
        w.bytes(&self.id.0);
        w.bytes(&self.county.0);
        w.bytes(&self.from.0);
        w.bytes(&self.chain.0);
        w.bytes(&self.to.0);
        w.uint(self.number);
        w.uint(self.since);
        w.array(2);
        w.uint(u64::from(self.part));
        w.uint(u64::from(self.of));
        w.int(self.made);
        w.uint(u64::from(self.segments));
        w.uint(u64::from(self.pieces));
        w.uint(self.bytes);
        w.array(self.holds.len());
        for (stream, frontier) in &self.holds {
            w.array(2);
            w.text(&stream.to_string());
            w.bytes(&frontier.to_cbor());
        }
        w.array(self.receipts.len());
        for receipt in &self.receipts {
            w.array(3);
            w.bytes(&receipt.device.0);
            w.bytes(&receipt.chain.0);
            w.array(receipt.numbers.len());
            for (first, last) in &receipt.numbers {
                w.array(2);
                w.uint(*first);
                w.uint(*last);
            }
        }
        w.array(self.wants.len());
        for address in &self.wants {
            w.bytes(&address.0);
        }
        w.array(certs.len());
        for cert in certs {
            w.bytes(cert.to_bytes());
        }
        out
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Bad> {
        let parts = r.array()?;
        match r.uint()? {
            VERSION if parts == FIELDS => {}
            VERSION => return Err(Bad::Form("a head of another length")),
            number => return Err(Bad::Unknown { what: "packet version", number }),
        }
        let (id, county, from) = (RecordId(r.bytes_of()?), RecordId(r.bytes_of()?), RecordId(r.bytes_of()?));
        let (chain, to) = (Incarnation(r.bytes_of()?), RecordId(r.bytes_of()?));
        let (number, since) = (r.uint()?, r.uint()?);
        r.array_of(2)?;
        let (part, of) = (small(r)?, small(r)?);
        let header = Self {
            id,
            county,
            from,
            chain,
            to,
            number,
            since,
            part,
            of,
            made: r.int()?,
            segments: small(r)?,
            pieces: small(r)?,
            bytes: r.uint()?,
            holds: read_holds(r)?,
            receipts: read_receipts(r)?,
            wants: read_wants(r)?,
        };
        header.check()?;
        Ok(header)
    }
}

fn small(r: &mut Reader<'_>) -> Result<u32, Bad> {
    u32::try_from(r.uint()?).map_err(|_| Bad::Form("number out of range"))
}

fn read_holds(r: &mut Reader<'_>) -> Result<Vec<(Stream, Frontier)>, Bad> {
    let n = r.array()?;
    within("streams", n, MOST)?;
    let mut holds: Vec<(Stream, Frontier)> = Vec::new();
    for _ in 0..n {
        r.array_of(2)?;
        let stream = r.text_within("stream", 64)?.parse()?;
        if holds.last().is_some_and(|(last, _)| *last >= stream) {
            return Err(Bad::Form("streams out of order"));
        }
        holds.push((stream, Frontier::from_cbor(r.bytes()?)?));
    }
    Ok(holds)
}

fn read_wants(r: &mut Reader<'_>) -> Result<Vec<Address>, Bad> {
    let n = r.array()?;
    within("blobs wanted", n, MOST)?;
    (0..n).map(|_| Ok(Address(r.bytes_of()?))).collect()
}

fn read_receipts(r: &mut Reader<'_>) -> Result<Vec<Receipt>, Bad> {
    let n = r.array()?;
    within("receipts", n, MOST)?;
    let mut receipts = Vec::new();
    for _ in 0..n {
        r.array_of(3)?;
        let (device, chain) = (CertId(r.bytes_of()?), Incarnation(r.bytes_of()?));
        let n = r.array()?;
        within("receipts", n, MOST)?;
        let mut numbers = Vec::new();
        for _ in 0..n {
            r.array_of(2)?;
            numbers.push((r.uint()?, r.uint()?));
        }
        receipts.push(Receipt { device, chain, numbers });
    }
    Ok(receipts)
}

impl Head {
    /// Reads a head and checks its signature by the key that it brings itself, so that a damaged one is told from a
    /// stranger's.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Bad> {
        within("head", bytes.len(), LARGEST_HEAD)?;
        let cose = Signed::parse(HEAD, bytes)?;
        let r = &mut Reader::new(&cose.payload);
        let header = Header::read(r)?;
        let certs = read_chain(r)?;
        r.end()?;
        let (Some(signer), Some(last)) = (cose.signer, certs.last()) else {
            return Err(Bad::Untrusted("no signer is named"));
        };
        if last.id() != signer {
            return Err(Bad::Untrusted("another device than the signer"));
        }
        last.claims().subject.verify(&cose.signed, &cose.signature)?;
        Ok(Self { header, signer, certs })
    }
}

pub(super) fn end_to_cbor(id: RecordId, part: u32, digest: &[u8; 32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    let w = &mut Writer(&mut out);
    w.array(4);
    w.uint(VERSION);
    w.bytes(&id.0);
    w.uint(u64::from(part));
    w.bytes(digest);
    out
}

impl End {
    /// Reads an end; its digest must be that of what came before it.
    pub(super) fn parse(bytes: &[u8], id: RecordId, part: u32, digest: &[u8; 32]) -> Result<Self, Bad> {
        within("end", bytes.len(), LARGEST_END)?;
        let cose = Signed::parse(END, bytes)?;
        let signer = cose.signer.ok_or(Bad::Untrusted("no signer is named"))?;
        if cose.payload != end_to_cbor(id, part, digest) {
            return Err(Bad::Mismatch("digest of the part"));
        }
        Ok(Self { signer, signed: cose.signed, signature: cose.signature })
    }
}

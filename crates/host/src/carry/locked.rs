//! The folder and the office that it is about: filled before the office is locked, taken in when it is unlocked.

use std::path::Path;

use niangjia_core::{
    Fault,
    identity::Hub,
    office::Office,
    replication::{
        Stream,
        keys::{Cert, SigningKey, chain_from_cbor},
        planted,
        wire::Kept,
    },
};
use rand_chacha::{ChaCha20Rng, rand_core::Rng as _};

use super::{
    file::{self, CarryFault, CarryFile, Laid, Papers},
    spool::Spool,
};
use crate::replica::Begins;

/// Bytes that are applied in one transaction.
const PART: usize = 512 << 10;

/// The open folder and what it is about; what cannot be read is taken away.
pub(super) fn opened(data: &Path) -> Result<Option<CarryFile>, Fault> {
    match CarryFile::open(data) {
        Err(CarryFault::Damaged) => {
            tracing::warn!("what was carried cannot be read; it is made anew after the next unlocking");
            file::remove(data)?;
            Ok(None)
        }
        file => Ok(file?),
    }
}

/// What a locked PC exchanges from: the folder as it was filled last, of which `most` bytes may lie in the inbox. Nothing where nothing
/// was laid out.
///
/// # Errors
/// `carry_failed`.
pub fn spool(data: &Path, most: u64) -> Result<Option<Spool>, Fault> {
    let Some(file) = opened(data)? else { return Ok(None) };
    Ok(Spool::new(file, most, Begins::of(data))?)
}

/// An office and the folder from which its PC comes into step while it is locked.
#[derive(Clone, Copy)]
pub struct Locked<'a> {
    /// The data folder.
    pub data: &'a Path,
    /// The office, unlocked.
    pub office: &'a Office,
}

impl Locked<'_> {
    /// Takes in what came while the office was locked, for as long as `on` says so, and marks what the hub took. Returns whether nothing
    /// is left to do.
    ///
    /// # Errors
    /// The store's own; what is not taken in stays where it is.
    pub fn take_in(
        &self,
        on: &dyn Fn() -> bool,
        mut receive: impl FnMut(&Stream, &[Vec<u8>]) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        let Some(file) = opened(self.data)? else { return Ok(true) };
        let office = self.office;
        let ours = file.papers()?.zip(file.key()).and_then(|(papers, key)| certs_of(&papers, &key));
        let device = chain_from_cbor(&office.device_auth().0).map_err(Fault::question)?;
        if ours.is_none_or(|certs| certs.split_last().is_none_or(|(_, above)| above != device)) {
            // Another PC's, or of another life of this one.
            drop(file);
            file::remove(self.data)?;
            return Ok(true);
        }
        for laid in file.outbox()? {
            if laid.there || planted!("what a locked PC laid out counts as sent") {
                office.handed_over(&laid.stream, laid.chain, &laid.head)?;
            }
            let seq = laid.head.seq;
            let place = Kept { stream: laid.stream, chain: laid.chain, from: seq, to: seq, stands: 0, bytes: 0 };
            if office.segment_bytes(&place, &(seq, laid.head.hash))?.is_none()
                && let Some(segment) = file.bytes(false, &laid)?
            {
                // An older copy of the data file stands here now: what it sealed on its later days is taken in again.
                receive(&laid.stream, &[segment])?;
            }
        }
        let mut inbox = file.inbox()?.into_iter().peekable();
        while inbox.peek().is_some() {
            if !on() {
                return Ok(false);
            }
            let (mut part, mut bytes) = (Vec::<Laid>::new(), Vec::new());
            let mut size = 0;
            while let Some(laid) =
                inbox.next_if(|laid| size < PART && part.first().is_none_or(|first| first.stream == laid.stream))
            {
                // What the disk changed is not what came: it is let go of, and comes again.
                if let Some(segment) = file.bytes(true, &laid)? {
                    size += segment.len();
                    bytes.push(segment);
                }
                part.push(laid);
            }
            let Some(stream) = part.first().map(|laid| laid.stream) else { break };
            receive(&stream, &bytes)?;
            file.applied(&part)?;
        }
        Ok(true)
    }

    /// Fills the folder with how the office stands. At parting what waits is sealed first.
    ///
    /// # Errors
    /// `carry_failed` where the folder cannot be written, or the store's own.
    pub fn fill(&self, hub: Hub, rng: &mut ChaCha20Rng, parting: bool) -> Result<(), Fault> {
        let office = self.office;
        let device = chain_from_cbor(&office.device_auth().0).map_err(Fault::question)?;
        if device.is_empty() {
            return Ok(file::remove(self.data)?);
        }
        if parting {
            office.seal(rng)?;
        }
        let file = CarryFile::make(self.data)?;
        let before = file.papers()?;
        let key = file.key();
        let known = before.as_ref().zip(key).filter(|(papers, key)| {
            certs_of(papers, key).is_some_and(|certs| certs.split_last().is_some_and(|(_, above)| above == device))
        });
        let (chain, key) = match known {
            Some((papers, key)) => (papers.chain.clone(), key),
            None => {
                let key = SigningKey::generate(rng);
                let mut serial = [0; 16];
                rng.fill_bytes(&mut serial);
                let Some(chain) = office.certify_carrier(key.public(), serial)? else { return Ok(()) };
                file.new_key(&key)?;
                (hex::encode(chain), key)
            }
        };
        let carried = office.carried()?;
        let papers = Papers { hub, chain, unsent: carried.unsent, counts: carried.counts, fetch: carried.met };
        let mark = file::mark(&papers, &carried.frontiers, &carried.outbox, &key);
        if file.mark()?.as_ref() == Some(&mark) && !file.since()?.shut_out {
            return Ok(());
        }
        let bytes = |one: &niangjia_core::carry::Outgoing| -> Result<_, Fault> {
            office.segment_bytes(&one.kept(), &(one.head.seq, one.head.hash))
        };
        file.fill((&papers, &mark), &carried.frontiers, &carried.outbox, bytes)
    }
}

/// The certificates of a PC and of this carrier.
pub(super) fn certs_of(papers: &Papers, key: &SigningKey) -> Option<Vec<Cert>> {
    let certs = chain_from_cbor(&hex::decode(&papers.chain).ok()?).ok()?;
    (certs.last()?.claims().subject == key.public()).then_some(certs)
}

//! Enrolment: the packet with which an office or a further PC joins, the code told by phone, the claim of a hub.

use std::fmt;

use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::bad::{Bad, within};
use crate::cbor::{Reader, Writer};
use crate::cert::{Cert, CertKind, chain_from_cbor, chain_to_cbor, verify_delegation};
use crate::change::RecordId;
use crate::keys::{SealingKey, SigningKey, StreamKey, VerifyingKey, masked};
use crate::slot::{Params, lock_for, unlock_for};
use crate::spoken::{self, Typo};
use crate::stream::Stream;

const VERSION: u64 = crate::FORMAT as u64;
const PURPOSE: &[u8] = b"niangjia enrolment";
/// Bytes of a name, a code, an address; stream keys of one packet.
const LONGEST: usize = 1024;
const MOST_KEYS: usize = 65_536;
const MOST_CLERKS: usize = 1024;

/// 95 random bits as 19 characters and a check character, in five groups of four. Told by phone, never sent along.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Code([u8; 19]);

masked!(Code);

impl Code {
    #[must_use]
    pub fn new(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut code = Self([0; 19]);
        rng.fill_bytes(&mut code.0);
        code.0.iter_mut().for_each(|symbol| *symbol &= 31);
        code
    }

    /// As it is read out: `XXXX-XXXX-XXXX-XXXX-XXXX`.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        spoken::line(&self.0)
    }

    /// As it was typed: case, blanks and dashes do not matter, O is 0, I and L are 1.
    ///
    /// # Errors
    /// [`Typo`]: every single wrong character and every two that changed places are found.
    pub fn parse(text: &str) -> Result<Self, Typo> {
        let symbols = spoken::read(text, 1, 19)?;
        let mut code = Self([0; 19]);
        code.0.copy_from_slice(&symbols);
        Ok(code)
    }
}

/// What a new hub prints once: who shows it may pin the county's root. 128 random bits, 28 characters in groups of four.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Claim([u8; 16]);

masked!(Claim);

impl Claim {
    #[must_use]
    pub fn new(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut claim = Self([0; 16]);
        rng.fill_bytes(&mut claim.0);
        claim
    }

    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        spoken::line(&spoken::to_symbols(&self.0, 27))
    }

    /// As it was typed, with the same tolerance as [`Code::parse`].
    ///
    /// # Errors
    /// [`Typo`].
    pub fn parse(text: &str) -> Result<Self, Typo> {
        let symbols = spoken::read(text, 1, 27)?;
        spoken::to_bytes(&symbols).map(|bytes| Self(*bytes)).ok_or(Typo::Kind)
    }

    /// What the hub keeps of it: a hash, so that its database does not tell the claim.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        blake3::derive_key("niangjia 2026 hub claim", &self.0)
    }

    /// Compares in constant time with what [`Claim::digest`] gave.
    #[must_use]
    pub fn matches(&self, digest: &[u8; 32]) -> bool {
        blake3::Hash::from(self.digest()) == blake3::Hash::from(*digest)
    }
}

/// Where the hub is, and the key by which it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubAddress {
    pub url: String,
    pub key: VerifyingKey,
}

/// The office that is invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    pub id: RecordId,
    pub name: String,
    pub code: String,
    /// A code of the list of office kinds, as the core knows it.
    pub kind: String,
}

/// What a packet says besides when it is for a further PC of an office that works already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Further {
    /// What the clerk who joins with it may do: never more than the one who made it. Codes, as the core knows them.
    pub roles: String,
    /// Names that clerks of the office bear already.
    pub clerks: Vec<String>,
}

/// All that an office needs to join without a network: nothing has to be answered.
#[derive(Clone)]
pub struct Enrolment {
    pub root: VerifyingKey,
    /// The county federation; of a packet for a further county PC also `office.id`.
    pub county: RecordId,
    pub office: Invited,
    pub hub: Option<HubAddress>,
    /// Keys of all epochs of the streams that the office may read or write.
    pub keys: Vec<(Stream, StreamKey)>,
    /// Root, issuing key, delegation; of a further PC that another one of the office lets in, the certificates of that one
    /// before the delegation.
    pub chain: Vec<Cert>,
    /// The key that the last certificate of `chain` is made out to.
    pub delegation: SigningKey,
    /// The office works already, and this is a further PC of it.
    pub further: Option<Further>,
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Enrolment({})", self.office.id)
    }
}

/// Seals a packet with its code.
///
/// # Errors
/// [`Bad::Untrusted`] when the chain, the delegation and the office do not belong together.
pub fn seal(
    enrolment: &Enrolment,
    code: &Code,
    params: Params,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, Bad> {
    enrolment.check()?;
    lock_for(PURPOSE, code.text().as_bytes(), &[], &enrolment.to_cbor(), params, rng)
}

/// Opens a packet and checks all that it says about itself.
///
/// # Errors
/// [`Bad::Sealed`] for another code or an altered byte, [`Bad::Untrusted`] for a packet that contradicts itself.
pub fn open(packet: &[u8], code: &Code) -> Result<Enrolment, Bad> {
    let plain = unlock_for(PURPOSE, code.text().as_bytes(), &[], packet)?;
    let enrolment = Enrolment::from_cbor(&plain)?;
    enrolment.check()?;
    Ok(enrolment)
}

impl Enrolment {
    /// The chain of a device that the joiner made the keys of. `serial` is random.
    ///
    /// # Errors
    /// [`Bad::Untrusted`] without a delegation in the packet.
    pub fn certify(&self, device: VerifyingKey, sealing: SealingKey, serial: [u8; 16]) -> Result<Vec<Cert>, Bad> {
        let delegation = self.chain.last().ok_or(Bad::Untrusted("no delegation"))?;
        let kind = if self.office.id == self.county { CertKind::CountyDevice } else { CertKind::Device };
        let cert = delegation.certify(&self.delegation, kind, device, Some(sealing), self.office.id, serial)?;
        let mut chain = self.chain.clone();
        chain.push(cert);
        Ok(chain)
    }

    fn check(&self) -> Result<(), Bad> {
        let (subject, office, county) = verify_delegation(&self.chain, &self.root)?;
        if subject != self.delegation.public() {
            return Err(Bad::Untrusted("a delegation to another key"));
        }
        if office != self.office.id || county != self.county {
            return Err(Bad::Untrusted("a delegation for another office"));
        }
        Ok(())
    }

    pub(crate) fn to_cbor(&self) -> Zeroizing<Vec<u8>> {
        // Room for all, so that no copy of the keys stays behind when it grows.
        let names: usize = self.further.iter().flat_map(|f| &f.clerks).map(|name| name.len() + 8).sum();
        let size = (16 << 10) + self.keys.len() * 128 + names;
        let mut out = Zeroizing::new(Vec::with_capacity(size));
        let w = &mut Writer(&mut out);
        w.array(9);
        w.uint(VERSION);
        w.bytes(&self.root.to_bytes());
        w.bytes(&self.county.0);
        w.array(4);
        w.bytes(&self.office.id.0);
        w.text(&self.office.name);
        w.text(&self.office.code);
        w.text(&self.office.kind);
        match &self.hub {
            None => w.null(),
            Some(hub) => {
                w.array(2);
                w.text(&hub.url);
                w.bytes(&hub.key.to_bytes());
            }
        }
        w.array(self.keys.len());
        for (stream, key) in &self.keys {
            w.array(3);
            w.text(&stream.to_string());
            w.uint(u64::from(key.epoch()));
            w.bytes(key.secret());
        }
        w.bytes(&chain_to_cbor(&self.chain));
        w.bytes(&*self.delegation.to_bytes());
        match &self.further {
            None => w.null(),
            Some(further) => {
                w.array(2);
                w.text(&further.roles);
                w.array(further.clerks.len());
                further.clerks.iter().for_each(|name| w.text(name));
            }
        }
        out
    }

    pub(crate) fn from_cbor(bytes: &[u8]) -> Result<Self, Bad> {
        let r = &mut Reader::new(bytes);
        let parts = r.array()?;
        match r.uint()? {
            VERSION if parts == 9 => {}
            VERSION => return Err(Bad::Form("an enrolment has 9 parts")),
            number => return Err(Bad::Unknown { what: "enrolment version", number }),
        }
        let root = VerifyingKey::from_bytes(&r.bytes_of()?)?;
        let county = RecordId(r.bytes_of()?);
        r.array_of(4)?;
        let office = Invited {
            id: RecordId(r.bytes_of()?),
            name: r.text_within("name", LONGEST)?.into(),
            code: r.text_within("code", LONGEST)?.into(),
            kind: r.text_within("kind", LONGEST)?.into(),
        };
        let hub = if r.null()? {
            None
        } else {
            r.array_of(2)?;
            let url = r.text_within("address", LONGEST)?.into();
            Some(HubAddress { url, key: VerifyingKey::from_bytes(&r.bytes_of()?)? })
        };
        let n = r.array()?;
        within("keys", n, MOST_KEYS)?;
        let mut keys = Vec::with_capacity(n);
        for _ in 0..n {
            r.array_of(3)?;
            let stream = r.text_within("stream", 64)?.parse()?;
            let epoch = u32::try_from(r.uint()?).map_err(|_| Bad::Form("number out of range"))?;
            let key = Zeroizing::new(r.bytes_of()?);
            keys.push((stream, StreamKey::from_bytes(epoch, &key)));
        }
        let chain = chain_from_cbor(r.bytes()?)?;
        let seed = Zeroizing::new(r.bytes_of()?);
        let further = if r.null()? {
            None
        } else {
            r.array_of(2)?;
            let roles = r.text_within("roles", LONGEST)?.into();
            let n = r.array()?;
            within("clerks", n, MOST_CLERKS)?;
            let clerks = (0..n).map(|_| Ok(r.text_within("name", LONGEST)?.into())).collect::<Result<_, Bad>>()?;
            Some(Further { roles, clerks })
        };
        r.end()?;
        Ok(Self { root, county, office, hub, keys, chain, delegation: SigningKey::from_bytes(&seed), further })
    }
}

#[cfg(test)]
mod tests;

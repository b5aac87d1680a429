//! Identity and keys of this PC: which office it belongs to, what it may sign and which streams it can open.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use niangjia_replication::{
    Bad,
    change::RecordId,
    keys::{Cert, CertId, Identity as Signed, OpeningKey, SigningKey, StreamKey, VerifyingKey, verify_chain},
    planted,
    stream::Stream,
};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::{
    fault::Fault,
    store::{memory, secret, set_secret, versions::damaged},
};

/// Which office this is.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Identity {
    /// The office's id; its own organisation record bears the same.
    pub office: RecordId,
    /// Official name, such as 平明镇总工会.
    pub name: String,
    /// Administrative code: six digits of a county, nine of a township.
    pub code: String,
    /// Whether this is the county federation, which reads every office.
    pub county: bool,
    /// The federation's id; `None` while the office works alone.
    pub federation: Option<RecordId>,
}

impl Identity {
    pub(crate) fn store(&self, conn: &Connection) -> Result<(), Fault> {
        memory::set_meta(conn, "identity", &serde_json::to_string(self).map_err(damaged)?)
    }

    pub(crate) fn load(conn: &Connection) -> Result<Self, Fault> {
        let text = memory::meta(conn, "identity")?.ok_or_else(|| damaged("identity"))?;
        serde_json::from_str(&text).map_err(damaged)
    }
}

/// Where the hub is and by which key it is known.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Hub {
    /// `https://HOST:PORT`.
    pub url: String,
    /// The hub's public key, hexadecimal; another key is another hub.
    pub key: String,
}

/// The secrets of this PC; kept inside the encrypted database only.
#[derive(Clone)]
pub struct Keys {
    /// Signs this PC's segments.
    pub device: SigningKey,
    /// Opens the stream keys that the county grants to this PC; its public half stands in the certificate.
    pub opening: Option<OpeningKey>,
    /// Opens what was granted to the county's kit; only while a county is founded again from its shares, and kept nowhere.
    pub kit: Option<OpeningKey>,
    /// Vouches for the device up to the county root; empty while the office works alone.
    pub chain: Vec<u8>,
    /// The county root, once there is one.
    pub root: Option<VerifyingKey>,
    /// The county's issuing key and its certificate; only at the county.
    pub issuing: Option<(SigningKey, Vec<u8>)>,
    /// Keys of the streams that this PC may open, by stream and epoch.
    pub streams: BTreeMap<(Stream, u32), StreamKey>,
    /// Those among them that somebody told this PC and nobody signed: they open, and nothing is written under them.
    pub(crate) heard: BTreeSet<(Stream, u32)>,
    /// The hub, once one is claimed or named by the county.
    pub hub: Option<Hub>,
    /// Whose certificates held since the program started.
    pub(crate) believed: Believed,
}

/// Signers whose certificates held up to a root. A certificate names the one above it by its hash, so its id stands for the
/// whole chain; to check one again costs as much as four segments.
#[derive(Clone, Default)]
pub(crate) struct Believed(Arc<Mutex<HashMap<(VerifyingKey, CertId), Signed>>>);

impl Believed {
    /// Whom this certificate speaks for; its chain is read and checked at the first time only.
    ///
    /// # Errors
    /// Those of [`verify_chain`]; a chain that does not hold is checked each time.
    pub(crate) fn who(
        &self,
        id: CertId,
        root: &VerifyingKey,
        chain: impl FnOnce() -> Result<Vec<Cert>, Bad>,
    ) -> Result<Signed, Bad> {
        if let Some(who) = self.lock().get(&(*root, id)) {
            return Ok(*who);
        }
        let who = verify_chain(&chain()?, root)?;
        if who.cert != id {
            return Err(Bad::Untrusted("another device than the signer"));
        }
        self.lock().insert((*root, id), who);
        Ok(who)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(VerifyingKey, CertId), Signed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// The epoch of segments that stand under no key of their stream. Keys count from 1.
pub(crate) const TOLD: u32 = 0;

impl Keys {
    /// The newest key of a stream, under which this PC writes.
    #[must_use]
    pub fn newest(&self, stream: &Stream) -> Option<&StreamKey> {
        if planted!("rotation leaves the key as it was") {
            return self.oldest(stream);
        }
        self.own(stream).next_back()
    }

    /// The first key of a stream, which every PC has that was ever enrolled.
    #[must_use]
    pub fn oldest(&self, stream: &Stream) -> Option<&StreamKey> {
        self.own(stream).next()
    }

    /// The highest epoch of a stream of which a key is here, also one that was only told; 0 where none is.
    pub(crate) fn highest(&self, stream: &Stream) -> u32 {
        self.of(stream).next_back().map_or(0, |((_, epoch), _)| *epoch)
    }

    fn of(&self, stream: &Stream) -> impl DoubleEndedIterator<Item = (&(Stream, u32), &StreamKey)> {
        self.streams.range((*stream, 0)..=(*stream, u32::MAX))
    }

    fn own(&self, stream: &Stream) -> impl DoubleEndedIterator<Item = &StreamKey> {
        self.of(stream).filter(|(place, _)| !self.heard.contains(place)).map(|(_, key)| key)
    }

    /// Streams of which the newest key was only told: nothing can be written there until a new one is begun.
    pub(crate) fn only_heard(&self) -> BTreeSet<Stream> {
        let newest = |stream: &Stream| self.newest(stream).map_or(0, StreamKey::epoch);
        self.heard.iter().filter(|(stream, epoch)| *epoch > newest(stream)).map(|(stream, _)| *stream).collect()
    }

    /// The key with which a segment opens that names this epoch. Where keys of a stream are told to somebody who has none, the
    /// segment stands under the first key of the county's stream and says so by the epoch [`TOLD`].
    #[must_use]
    pub fn opens(&self, stream: &Stream, epoch: u32) -> Option<StreamKey> {
        if epoch == TOLD { self.for_all() } else { self.streams.get(&(*stream, epoch)).cloned() }
    }

    /// The key that every PC has that was ever enrolled.
    pub(crate) fn for_all(&self) -> Option<StreamKey> {
        let first = self.streams.get(&(Stream::County, 1))?;
        Some(StreamKey::from_bytes(TOLD, first.secret()))
    }

    /// Under which name the key of a stream lies in the database.
    pub(crate) fn secret_name(stream: &Stream, epoch: u32) -> String {
        format!("stream:{stream}:{epoch}")
    }

    /// The same of one that was told to this PC.
    pub(crate) fn heard_name(stream: &Stream, epoch: u32) -> String {
        format!("heard:{stream}:{epoch}")
    }

    pub(crate) fn store(&self, conn: &Connection) -> Result<(), Fault> {
        set_secret(conn, "device", &self.device.to_bytes()[..])?;
        set_secret(conn, "chain", &self.chain)?;
        if let Some(opening) = &self.opening {
            set_secret(conn, "opening", &opening.to_bytes()[..])?;
        }
        if let Some(root) = &self.root {
            set_secret(conn, "root", &root.to_bytes())?;
        }
        if let Some((key, cert)) = &self.issuing {
            set_secret(conn, "issuing", &key.to_bytes()[..])?;
            set_secret(conn, "issuing_cert", cert)?;
        }
        for ((stream, epoch), key) in &self.streams {
            let heard = self.heard.contains(&(*stream, *epoch));
            let name = if heard { Self::heard_name(stream, *epoch) } else { Self::secret_name(stream, *epoch) };
            set_secret(conn, &name, key.secret())?;
        }
        if let Some(hub) = &self.hub {
            set_secret(conn, "hub", serde_json::to_string(hub).map_err(damaged)?.as_bytes())?;
        }
        Ok(())
    }

    pub(crate) fn load(conn: &Connection) -> Result<Self, Fault> {
        let key32 = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| damaged("key"));
        let device = SigningKey::from_bytes(&key32(secret(conn, "device")?.ok_or_else(|| damaged("device key"))?)?);
        let opening = secret(conn, "opening")?.map(key32).transpose()?.map(|key| OpeningKey::from_bytes(&key));
        let root = secret(conn, "root")?
            .map(key32)
            .transpose()?
            .map(|b| VerifyingKey::from_bytes(&b))
            .transpose()
            .map_err(damaged)?;
        let issuing = match (secret(conn, "issuing")?, secret(conn, "issuing_cert")?) {
            (Some(key), Some(cert)) => Some((SigningKey::from_bytes(&key32(key)?), cert)),
            _ => None,
        };
        let (mut streams, mut heard) = (BTreeMap::new(), BTreeSet::new());
        let mut statement =
            conn.prepare("SELECT name, value FROM secret WHERE name LIKE 'stream:%' OR name LIKE 'heard:%'")?;
        for row in statement.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, Vec<u8>>(1)?)))? {
            let (name, value) = row?;
            let mut parts = name.splitn(3, ':');
            let told = parts.next() == Some("heard");
            let stream = parts.next().and_then(|s| Stream::from_str(s).ok()).ok_or_else(|| damaged("stream key"))?;
            let epoch: u32 = parts.next().and_then(|e| e.parse().ok()).ok_or_else(|| damaged("stream key"))?;
            if told {
                heard.insert((stream, epoch));
            }
            streams.insert((stream, epoch), StreamKey::from_bytes(epoch, &key32(value)?));
        }
        let hub = secret(conn, "hub")?.map(|b| serde_json::from_slice(&b)).transpose().map_err(damaged)?;
        let chain = secret(conn, "chain")?.unwrap_or_else(Vec::new);
        Ok(Self {
            device,
            opening,
            kit: None,
            chain,
            root,
            issuing,
            streams,
            heard,
            hub,
            believed: Believed::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use niangjia_replication::keys::CertKind;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    #[test]
    fn a_chain_is_checked_once_and_believed_under_its_own_root_alone() {
        let rng = &mut ChaCha20Rng::seed_from_u64(7);
        let (root, other, issuing, device) = (
            SigningKey::generate(rng),
            SigningKey::generate(rng),
            SigningKey::generate(rng),
            SigningKey::generate(rng),
        );
        let county = RecordId([1; 16]);
        let lead = Cert::root(&root, county, [1; 16]).unwrap();
        let issued = lead.certify(&root, CertKind::Issuing, issuing.public(), None, county, [2; 16]).unwrap();
        let cert = issued.certify(&issuing, CertKind::CountyDevice, device.public(), None, county, [3; 16]).unwrap();
        let chain = [lead, issued, cert.clone()];
        let (believed, forgotten) = (Believed::default(), || Err(Bad::Untrusted("asked again")));
        assert_eq!(believed.who(cert.id(), &root.public(), forgotten), Err(Bad::Untrusted("asked again")));
        let who = believed.who(cert.id(), &root.public(), || Ok(chain.to_vec())).unwrap();
        assert_eq!((who.device_key, who.county), (device.public(), true));
        assert_eq!(
            believed.clone().who(cert.id(), &root.public(), forgotten),
            Ok(who),
            "clones share what was checked"
        );
        assert!(believed.who(cert.id(), &other.public(), || Ok(chain.to_vec())).is_err(), "another county's root");
        assert!(believed.who(chain[1].id(), &root.public(), || Ok(chain.to_vec())).is_err(), "another signer's chain");
    }
}
